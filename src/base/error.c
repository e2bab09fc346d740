/* Fills the caller's error object. Texts that do not fit its fields are cut at a character's border. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define FIELD_BYTES sizeof(((struct spile_error *)0)->message)

_Static_assert(sizeof(((struct spile_error *)0)->where) == FIELD_BYTES, "where is as large as message");
_Static_assert(sizeof(((struct spile_error *)0)->hint) == FIELD_BYTES, "hint is as large as message");

/* Puts the text at `used` of a field, as much of it as fits. */
static void field_append(char *field, size_t used, const char *text)
{
    size_t fits = utf8_prefix(text, strlen(text), FIELD_BYTES - 1 - used);

    memmove(field + used, text, fits);
    field[used + fits] = '\0';
}

/* Puts separator and text behind the first `keep` bytes of a field. The format's arguments may lie in the very error that is
 * filled, so the text is made here first. The spare bytes show whether the last character that fits the field is whole. */
PRINTF_LIKE(4, 0)
static void field_print(char *field, size_t keep, const char *separator, const char *format, va_list arguments)
{
    char text[FIELD_BYTES + 4];

    if (vsnprintf(text, sizeof(text), format, arguments) < 0)
        text[0] = '\0';
    if (keep + strlen(separator) >= FIELD_BYTES - 1)
        return; /* full: a separator with nothing behind it would only mislead */
    field_append(field, keep, separator);
    field_append(field, strlen(field), text);
}

static void error_start(struct spile_error *err, enum spile_status status)
{
    err->status = status;
    err->retriable = false;
    err->where[0] = '\0';
    err->hint[0] = '\0';
}

enum spile_status spile_fail(struct spile_error *err, enum spile_status status, const char *format, ...)
{
    va_list arguments;

    if (!err || status == SPILE_OK)
        return status;
    va_start(arguments, format);
    field_print(err->message, 0, "", format, arguments);
    va_end(arguments);
    error_start(err, status);
    return status;
}

enum spile_status spile_fail_errno(struct spile_error *err, enum spile_status status, int error_number, const char *format, ...)
{
    char buffer[128];
    const char *reason;
    va_list arguments;

    if (!err || status == SPILE_OK)
        return status;
    va_start(arguments, format);
    field_print(err->message, 0, "", format, arguments);
    va_end(arguments);
    error_start(err, status);
    reason = strerror_r(error_number, buffer, sizeof(buffer));
    field_append(err->message, strlen(err->message), ": ");
    field_append(err->message, strlen(err->message), reason);
    return status;
}

enum spile_status spile_fail_nomem(struct spile_error *err)
{
    return spile_fail(err, SPILE_NOMEM, "out of memory");
}

enum spile_status spile_within(struct spile_error *err, enum spile_status status, const char *format, ...)
{
    va_list arguments;

    if (!err || status == SPILE_OK)
        return status;
    va_start(arguments, format);
    field_print(err->where, strlen(err->where), err->where[0] ? ", " : "", format, arguments);
    va_end(arguments);
    return status;
}

enum spile_status spile_hint(struct spile_error *err, enum spile_status status, const char *format, ...)
{
    va_list arguments;

    if (!err || status == SPILE_OK || err->hint[0])
        return status;
    va_start(arguments, format);
    field_print(err->hint, 0, "", format, arguments);
    va_end(arguments);
    return status;
}

enum spile_status spile_hint_also(struct spile_error *err, enum spile_status status, const char *format, ...)
{
    va_list arguments;

    if (!err || status == SPILE_OK)
        return status;
    va_start(arguments, format);
    field_print(err->hint, strlen(err->hint), err->hint[0] ? "; " : "", format, arguments);
    va_end(arguments);
    return status;
}

static bool is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character < 0xA0);
}

#define SHORTEN_DATA_BYTES 64
#define ESCAPE_BYTES 4

_Static_assert(SHORTEN_DATA_BYTES * ESCAPE_BYTES + sizeof("...") <= SHORTEN_BYTES, "the worst case fits");

const char *shorten(char buffer[SHORTEN_BYTES], const void *text, size_t length)
{
    const char *bytes = text;
    size_t shown = utf8_prefix(bytes, length, SHORTEN_DATA_BYTES), used = 0, step;
    uint32_t character;

    for (size_t i = 0; i < shown; i += step) {
        step = utf8_decode(bytes + i, shown - i, &character);
        if (step > 0 && !is_control(character)) {
            memcpy(buffer + used, bytes + i, step);
            used += step;
            continue;
        }
        step = 1; /* of a control character beyond ASCII the second byte is then bad by itself, and escaped as well */
        used += (size_t)snprintf(buffer + used, ESCAPE_BYTES + 1, "\\x%02X", (unsigned)(unsigned char)bytes[i]);
    }
    memcpy(buffer + used, shown < length ? "..." : "", shown < length ? sizeof("...") : 1);
    return buffer;
}
