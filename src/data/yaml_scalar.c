#include "data/yaml_scalar.h"

#include <math.h>
#include <string.h>

#include "data/number.h"

#define DIGITS "0123456789"
#define DIGITS_ "0123456789_"

/* ---- patterns: each takes what it matches off the front ------------------------------------------------------------------------- */

static bool take_one(struct slice *text, const char *set)
{
    if (text->length == 0 || text->text[0] == '\0' || !strchr(set, text->text[0]))
        return false;
    text->text++;
    text->length--;
    return true;
}

static size_t take_all(struct slice *text, const char *set)
{
    size_t count = 0;

    while (take_one(text, set))
        count++;
    return count;
}

static bool take_count(struct slice *text, const char *set, size_t least, size_t most)
{
    size_t count = 0;

    while (count < most && take_one(text, set))
        count++;
    return count >= least;
}

static bool is_one_of(struct slice text, const char *const *words)
{
    for (; *words; words++)
        if (slice_equal(text, slice_of(*words)))
            return true;
    return false;
}

/* One or more of ":59", the digits of a number with base 60. */
static bool take_sixties(struct slice *text)
{
    size_t count = 0;

    for (; take_one(text, ":"); count++) {
        bool two_allowed = text->length > 0 && text->text[0] <= '5';

        if (!take_count(text, DIGITS, 1, two_allowed ? 2 : 1))
            return false;
    }
    return count > 0;
}

static bool is_int(struct slice text)
{
    take_one(&text, "+-");
    if (take_one(&text, "0")) {
        if (text.length == 0)
            return true;
        if (take_one(&text, "b"))
            return take_all(&text, "01_") > 0 && text.length == 0;
        if (take_one(&text, "x"))
            return take_all(&text, DIGITS_ "abcdefABCDEF") > 0 && text.length == 0;
        return take_all(&text, "01234567_") > 0 && text.length == 0;
    }
    if (!take_one(&text, DIGITS))
        return false;
    take_all(&text, DIGITS_);
    return text.length == 0 || (take_sixties(&text) && text.length == 0);
}

/* The exponent, if there is one, to the end. */
static bool take_exponent(struct slice text)
{
    if (take_one(&text, "eE") && !(take_one(&text, "+-") && take_all(&text, DIGITS) > 0))
        return false;
    return text.length == 0;
}

static bool is_float(struct slice text)
{
    static const char *const infinite[] = { "inf", "Inf", "INF", NULL }, *const nan[] = { "nan", "NaN", "NAN", NULL };
    bool sign = take_one(&text, "+-");

    if (take_one(&text, ".")) {
        if (is_one_of(text, infinite) || (!sign && is_one_of(text, nan)))
            return true;
        if (sign || !take_one(&text, DIGITS))
            return false;
        take_all(&text, DIGITS_);
        return take_exponent(text);
    }
    if (!take_one(&text, DIGITS))
        return false;
    take_all(&text, DIGITS_);
    if (take_one(&text, ".")) {
        take_all(&text, DIGITS_);
        return take_exponent(text);
    }
    if (!take_sixties(&text) || !take_one(&text, "."))
        return false;
    take_all(&text, DIGITS_);
    return text.length == 0;
}

/* ":MM:SS", fraction, zone. */
static bool is_rest_of_time(struct slice text)
{
    if (!take_one(&text, ":") || !take_count(&text, DIGITS, 2, 2) || !take_one(&text, ":") || !take_count(&text, DIGITS, 2, 2))
        return false;
    if (take_one(&text, "."))
        take_all(&text, DIGITS);
    if (text.length == 0)
        return true;
    take_all(&text, " \t");
    if (take_one(&text, "Z"))
        return text.length == 0;
    if (!take_one(&text, "+-") || !take_count(&text, DIGITS, 1, 2))
        return false;
    return text.length == 0 || (take_one(&text, ":") && take_count(&text, DIGITS, 2, 2) && text.length == 0);
}

static bool is_timestamp(struct slice text)
{
    size_t month, day;

    if (!take_count(&text, DIGITS, 4, 4) || !take_one(&text, "-"))
        return false;
    month = text.length;
    if (!take_count(&text, DIGITS, 1, 2) || !take_one(&text, "-"))
        return false;
    month -= text.length + 1;
    day = text.length;
    if (!take_count(&text, DIGITS, 1, 2))
        return false;
    day -= text.length;
    if (text.length == 0) /* a date alone has all its digits */
        return month == 2 && day == 2;
    if (!take_one(&text, "Tt") && take_all(&text, " \t") == 0)
        return false;
    return take_count(&text, DIGITS, 1, 2) && is_rest_of_time(text);
}

enum yaml_type yaml_type_of(struct slice text)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
    static const char *const bools[] = { "yes",  "Yes",  "YES",   "no",    "No",    "NO", "true", "True", "TRUE", "false", "False",
                                         "FALSE", "on", "On", "ON", "off", "Off", "OFF", NULL };

    if (is_one_of(text, nulls))
        return YAML_NULL;
    if (is_one_of(text, bools))
        return YAML_BOOL;
    if (is_float(text))
        return YAML_FLOAT;
    if (is_int(text))
        return YAML_INT;
    if (is_timestamp(text))
        return YAML_TIMESTAMP;
    if (slice_equal(text, slice_of("<<")))
        return YAML_MERGE;
    return slice_equal(text, slice_of("=")) ? YAML_VALUE : YAML_STR;
}

/* ---- values --------------------------------------------------------------------------------------------------------------------- */

bool yaml_bool_value(struct slice text, bool *value)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };
    char lower[6];

    if (text.length >= sizeof(lower))
        return false;
    for (size_t i = 0; i < text.length; i++)
        lower[i] = ascii_lower(text.text[i]);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (slice_equal((struct slice){ lower, text.length }, slice_of(words[i]))) {
            *value = i % 2;
            return true;
        }
    return false;
}

static unsigned base_of(struct slice *digits)
{
    if (!take_one(digits, "0"))
        return 10;
    return take_one(digits, "b") ? 2 : take_one(digits, "x") ? 16 : 8;
}

static unsigned digit_of(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(ascii_lower(c) - 'a') + 10;
}

bool yaml_int_value(struct slice text, bool *negative, uint64_t *magnitude)
{
    uint128 sum = 0, part = 0; /* sum: of the parts before, in base 60 */
    unsigned base;
    bool any;

    *negative = text.length > 0 && text.text[0] == '-';
    take_one(&text, "+-");
    base = base_of(&text);
    any = base == 10 || base == 8; /* the leading 0 is one of the octal digits */
    for (size_t i = 0; i < text.length; i++) {
        if (text.text[i] == ':') {
            sum = (sum + part) * 60;
            part = 0;
        } else if (text.text[i] != '_') {
            part = part * base + digit_of(text.text[i]);
            any = true;
        }
        if (sum + part > UINT64_MAX)
            return false;
    }
    *magnitude = (uint64_t)(sum + part);
    return any && (!*negative || *magnitude <= (uint64_t)INT64_MAX + 1);
}

/* The parts between colons are digits in base 60; the last may have a fraction. */
static bool sixties_value(struct slice text, double *value)
{
    double sum = 0.0, base = 1.0, part;

    for (size_t end = text.length, start = end;; end = start - 1, start = end) {
        while (start > 0 && text.text[start - 1] != ':')
            start--;
        if (!double_from_text(text.text + start, end - start, &part))
            return false;
        sum += part * base;
        base *= 60;
        if (start == 0)
            break;
    }
    *value = sum;
    return isfinite(sum);
}

bool yaml_float_value(struct slice text, double *value)
{
    struct text digits = { 0 };
    bool negative = text.length > 0 && text.text[0] == '-', ok;

    if (text.length > 0 && memchr(text.text, 'x', text.length)) /* hexadecimal to double_from_text */
        return false;
    take_one(&text, "+-");
    for (size_t i = 0; i < text.length; i++)
        if (text.text[i] != '_')
            text_putc(&digits, text.text[i]);
    ok = !digits.failed && digits.length > 0 && sixties_value((struct slice){ digits.text, digits.length }, value);
    if (ok && negative)
        *value = -*value;
    text_release(&digits);
    return ok;
}
