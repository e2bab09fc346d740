/* Text that grows (doubling, always terminated), and the little UTF-8 the engine needs: input is validated by the JSON reader, so
 * these only find borders and never trust them further than the length given. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_FIRST_BYTES 64

struct slice slice_of(const char *terminated)
{
    return (struct slice){ terminated, terminated ? strlen(terminated) : 0 };
}

struct slice text_slice(const struct text *text)
{
    return (struct slice){ text->text ? text->text : "", text->length };
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.text, b.text, a.length) == 0);
}

static size_t capacity_for(size_t capacity, size_t needed)
{
    if (capacity < TEXT_FIRST_BYTES)
        capacity = TEXT_FIRST_BYTES;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    return capacity;
}

size_t text_count(struct slice text, char separator)
{
    size_t count = text.text ? 1 : 0;

    for (size_t i = 0; i < text.length; i++)
        count += text.text[i] == separator;
    return count;
}

bool text_next(struct slice *rest, char separator, struct slice *piece)
{
    const char *end = rest->length ? memchr(rest->text, separator, rest->length) : NULL;
    size_t length = end ? (size_t)(end - rest->text) : rest->length;

    if (!rest->text)
        return false;
    *piece = slice_strip((struct slice){ rest->text, length });
    *rest = end ? (struct slice){ end + 1, rest->length - length - 1 } : (struct slice){ NULL, 0 };
    return true;
}

bool text_reserve(struct text *text, size_t more)
{
    size_t needed;
    char *grown;

    if (text->failed || more >= SIZE_MAX - text->length) {
        text->failed = true;
        return false;
    }
    needed = text->length + more + 1;
    if (needed <= text->capacity)
        return true;
    needed = capacity_for(text->capacity, needed);
    grown = realloc(text->text, needed);
    if (!grown) {
        text->failed = true;
        return false;
    }
    text->text = grown;
    text->capacity = needed;
    text->text[text->length] = '\0';
    return true;
}

void text_append(struct text *text, const void *bytes, size_t length)
{
    if (!text_reserve(text, length))
        return;
    if (length)
        memcpy(text->text + text->length, bytes, length);
    text->length += length;
    text->text[text->length] = '\0';
}

void text_puts(struct text *text, const char *terminated)
{
    text_append(text, terminated, strlen(terminated));
}

void text_putc(struct text *text, char c)
{
    text_append(text, &c, 1);
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text->failed = true;
        return;
    }
    if (!text_reserve(text, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(text->text + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void text_shorten(struct text *text, size_t length)
{
    if (length >= text->length)
        return;
    text->length = length;
    text->text[length] = '\0';
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->text)
        text->text[0] = '\0';
}

void text_release(struct text *text)
{
    free(text->text);
    *text = (struct text){ 0 };
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t utf8_prefix(const char *text, size_t length, size_t limit)
{
    if (limit >= length)
        return length;
    while (limit > 0 && is_continuation(text[limit]))
        limit--;
    return limit;
}

/* Bytes of the character that starts with this byte; 0 for a byte that starts none. */
static size_t utf8_bytes(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC2)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
}

size_t utf8_decode(const char *text, size_t length, uint32_t *character)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t bytes = length ? utf8_bytes((unsigned char)text[0]) : 0;
    uint32_t value;

    if (bytes == 0 || bytes > length)
        return 0;
    value = bytes == 1 ? (unsigned char)text[0] : (unsigned char)text[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if (!is_continuation(text[i]))
            return 0;
        value = value << 6 | ((unsigned char)text[i] & 0x3F);
    }
    if (value < smallest[bytes] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return 0;
    *character = value;
    return bytes;
}

bool utf8_is_valid(const char *text, size_t length)
{
    uint32_t character;
    size_t bytes = 1;

    for (size_t at = 0; bytes && at < length; at += bytes)
        bytes = (unsigned char)text[at] < 0x80 ? 1 : utf8_decode(text + at, length - at, &character);
    return bytes;
}

size_t utf8_count(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += !is_continuation(text[i]);
    return count;
}

/* What Python's str.strip() takes for white space. */
static bool is_space(uint32_t character)
{
    return (character >= 0x09 && character <= 0x0D) || (character >= 0x1C && character <= 0x20) || character == 0x85 ||
           character == 0xA0 || character == 0x1680 || (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
           character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

/* Bytes of the white space at the start of the text; 0 when it starts with something else. */
static size_t space_at(const char *text, size_t length)
{
    uint32_t character;
    size_t step = utf8_decode(text, length, &character);

    return step && is_space(character) ? step : 0;
}

struct slice slice_strip(struct slice slice)
{
    size_t step, begin;

    while ((step = space_at(slice.text, slice.length)) > 0)
        slice = (struct slice){ slice.text + step, slice.length - step };
    while (slice.length > 0) {
        begin = utf8_prefix(slice.text, slice.length, slice.length - 1);
        if (space_at(slice.text + begin, slice.length - begin) == 0)
            break;
        slice.length = begin;
    }
    return slice;
}
