/* Text that grows, and small questions about text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of text somebody else owns; need not be terminated. */
struct slice {
    const char *text;
    size_t length;
};

struct slice slice_of(const char *terminated);

/* Of ASCII only; of the machine's locale nothing may depend. */
static inline char ascii_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static inline char ascii_upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
}

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool slice_equal(struct slice a, struct slice b);

/* Without the white space at both ends, as Python's str.strip() understands it (Unicode). */
struct slice slice_strip(struct slice slice);

/* Takes the piece before the next separator off *rest, which is set behind it; without the white space around. False: *rest is at its end. */
bool text_next(struct slice *rest, char separator, struct slice *piece);

/* How many pieces text_next will take: of an empty text one, of none (NULL) none. */
size_t text_count(struct slice text, char separator);

/* A growing text. Zero is empty. `text` is terminated whenever length > 0 or after text_reserve. After an allocation failure `failed`
 * stays set and further appends do nothing, so that a caller may check once at the end. */
struct text {
    char *text;
    size_t length, capacity;
    bool failed;
};

/* Makes room for `more` bytes behind the text (and the terminator). False when memory is out, now or earlier. */
bool text_reserve(struct text *text, size_t more);

void text_append(struct text *text, const void *bytes, size_t length);
void text_puts(struct text *text, const char *terminated);
void text_putc(struct text *text, char c);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_shorten(struct text *text, size_t length); /* to its first `length` bytes */
void text_clear(struct text *text);
void text_release(struct text *text);

/* The whole text; an empty one has a pointer, too. Lives until the text is changed. */
struct slice text_slice(const struct text *text);

/* Length of the longest prefix of at most `limit` bytes that ends at a character's border. */
size_t utf8_prefix(const char *text, size_t length, size_t limit);

/* Reads the character at the start of `text`. Returns its bytes (1 to 4), or 0 when there is none: no text, or bad UTF-8 (overlong,
 * surrogate, beyond U+10FFFF, cut off). */
size_t utf8_decode(const char *text, size_t length, uint32_t *character);

bool utf8_is_valid(const char *text, size_t length);

/* Characters (code points) in valid UTF-8. */
size_t utf8_count(const char *text, size_t length);

#endif
