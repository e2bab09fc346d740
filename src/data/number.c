/* Numbers from text and to text by Python's rules, without the C library's locale: a decimal point never reaches strtod, which is
 * given whole digits and an exponent. */
#include "data/number.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "base/text.h"

/* ---- whole numbers --------------------------------------------------------------------------------------------------------- */

/* (negative ? -1 : 1) * value * base^dropped; `inexact` when a digit that was dropped is not 0. */
struct whole {
    bool negative, inexact;
    uint128 value;
    size_t dropped;
};

/* Value of a digit of at most 16, or 99. */
static unsigned digit_value(char c)
{
    if (ascii_is_digit(c))
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 99;
}

static struct slice slice_from(struct slice slice, size_t offset)
{
    return (struct slice){ slice.text + offset, slice.length - offset };
}

static bool starts_with(struct slice slice, const char *prefix)
{
    return slice.length >= strlen(prefix) && memcmp(slice.text, prefix, strlen(prefix)) == 0;
}

/* Takes the sign off. */
static bool sign_skip(struct slice *text)
{
    bool negative = starts_with(*text, "-");

    if (negative || starts_with(*text, "+"))
        *text = slice_from(*text, 1);
    return negative;
}

static void whole_add(struct whole *whole, unsigned base, unsigned digit)
{
    if (whole->dropped > 0 || whole->value > (~(uint128)0 - digit) / base) {
        whole->dropped++;
        whole->inexact |= digit != 0;
    } else {
        whole->value = whole->value * base + digit;
    }
}

/* Python's int(text, base) for ASCII digits: single underscores between digits; base 16 may have a prefix, and one behind
 * that. */
static bool whole_read(struct slice text, unsigned base, struct whole *whole)
{
    bool digit_before = false;

    text = slice_strip(text);
    *whole = (struct whole){ .negative = sign_skip(&text) };
    if (base == 16 && (starts_with(text, "0x") || starts_with(text, "0X"))) {
        text = slice_from(text, 2);
        if (starts_with(text, "_"))
            text = slice_from(text, 1);
    }
    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = digit_value(text.text[i]);

        if (digit < base)
            whole_add(whole, base, digit);
        else if (text.text[i] != '_' || !digit_before)
            return false;
        digit_before = digit < base;
    }
    return digit_before;
}

/* Is it "0x..", which dlt's coercions give to int(.., 16)? `text` loses white space and the first prefix. */
static bool hexadecimal_skip(struct slice *text)
{
    *text = slice_strip(*text);
    if (!starts_with(*text, "0x"))
        return false;
    *text = slice_from(*text, 2);
    return true;
}

bool integer_from_text(const char *text, size_t length, int64_t *value)
{
    struct slice slice = { text, length };
    unsigned base = hexadecimal_skip(&slice) ? 16 : 10;
    struct whole whole;

    if (!whole_read(slice, base, &whole) || whole.dropped > 0 || whole.value > (uint128)INT64_MAX + whole.negative)
        return false;
    *value = whole.negative ? (int64_t)-(int128)whole.value : (int64_t)whole.value;
    return true;
}

/* ---- numbers with point and exponent --------------------------------------------------------------------------------------- */

/* The middle between two doubles has at most 767 digits. Of those behind it matters only whether all are 0. */
#define DIGITS_MOST 768
#define EXPONENT_MOST INT64_C(1000000000000000)

/* digits * 10^exponent. Digits have no zeros at either end; zero has no digits. */
struct numeral {
    bool negative, inexact;
    size_t count;
    int64_t exponent;
    char digits[DIGITS_MOST + 1];
};

static void numeral_add(struct numeral *numeral, char digit, bool fraction)
{
    bool leading_zero = digit == '0' && numeral->count == 0;

    if (!leading_zero && numeral->count == DIGITS_MOST) {
        numeral->inexact |= digit != '0';
        numeral->exponent += !fraction;
        return;
    }
    if (!leading_zero)
        numeral->digits[numeral->count++] = digit;
    numeral->exponent -= fraction;
}

static void numeral_finish(struct numeral *numeral)
{
    if (numeral->inexact) {
        numeral->digits[numeral->count++] = '1';
        numeral->exponent--;
    }
    for (; numeral->count > 0 && numeral->digits[numeral->count - 1] == '0'; numeral->count--)
        numeral->exponent++;
}

/* An exponent to the end of the text. What is too large for any use is held at EXPONENT_MOST. */
static bool exponent_read(struct slice text, int64_t *exponent)
{
    bool negative, any = false;

    *exponent = 0;
    while (starts_with(text, "_"))
        text = slice_from(text, 1);
    negative = sign_skip(&text);
    for (size_t i = 0; i < text.length; i++) {
        if (text.text[i] == '_')
            continue;
        if (!ascii_is_digit(text.text[i]))
            return false;
        any = true;
        if (*exponent < EXPONENT_MOST)
            *exponent = *exponent * 10 + (text.text[i] - '0');
    }
    *exponent = negative ? -*exponent : *exponent;
    return any;
}

/* Sign, digits with a point anywhere or nowhere, exponent. Underscores are passed over, as Decimal() does. */
static bool numeral_read(struct slice text, struct numeral *numeral)
{
    bool point = false, any = false;
    int64_t exponent = 0;
    size_t i = 0;

    numeral->inexact = false;
    numeral->count = 0;
    numeral->exponent = 0;
    while (starts_with(text, "_"))
        text = slice_from(text, 1);
    numeral->negative = sign_skip(&text);
    for (; i < text.length; i++) {
        if (ascii_is_digit(text.text[i])) {
            numeral_add(numeral, text.text[i], point);
            any = true;
        } else if (text.text[i] == '.' && !point) {
            point = true;
        } else if (text.text[i] != '_') {
            break;
        }
    }
    if (!any)
        return false;
    if (i < text.length) {
        if ((text.text[i] != 'e' && text.text[i] != 'E') || !exponent_read(slice_from(text, i + 1), &exponent))
            return false;
    }
    numeral_finish(numeral);
    numeral->exponent += exponent;
    return true;
}

/* float() wants a digit on both sides of each underscore. */
static bool underscores_valid(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.text[i] == '_' && (i == 0 || i + 1 == text.length || !ascii_is_digit(text.text[i - 1]) || !ascii_is_digit(text.text[i + 1])))
            return false;
    }
    return true;
}

/* ---- doubles --------------------------------------------------------------------------------------------------------------- */

static bool double_from_whole(const struct whole *whole, double *value)
{
    *value = (double)(whole->value | (uint128)whole->inexact);
    for (size_t i = 0; i < whole->dropped && *value <= DBL_MAX; i++)
        *value *= 16;
    if (whole->negative && whole->value > 0) /* whole numbers have no negative zero */
        *value = -*value;
    return *value >= -DBL_MAX && *value <= DBL_MAX;
}

static bool double_from_numeral(const struct numeral *numeral, double *value)
{
    char text[DIGITS_MOST + 16];
    int64_t exponent = numeral->exponent;
    int length;

    exponent = exponent > 9999 ? 9999 : exponent < -9999 ? -9999 : exponent; /* beyond either end of the doubles all the same */
    length = snprintf(text, sizeof(text), "%.*se%d", (int)numeral->count, numeral->digits, (int)exponent);
    *value = numeral->count > 0 && length > 0 ? strtod(text, NULL) : 0.0;
    if (numeral->negative)
        *value = -*value;
    return *value >= -DBL_MAX && *value <= DBL_MAX;
}

bool double_from_text(const char *text, size_t length, double *value)
{
    struct slice slice = { text, length };
    struct numeral numeral;
    struct whole whole;

    if (hexadecimal_skip(&slice))
        return whole_read(slice, 16, &whole) && double_from_whole(&whole, value);
    return underscores_valid(slice) && numeral_read(slice, &numeral) && double_from_numeral(&numeral, value);
}

/* The shortest digits, as a numeral. yyjson writes "-1.5", "1e300", "1.0"; the little memory it wants is on the stack. */
static void numeral_from_double(double value, struct numeral *numeral)
{
    yyjson_val number = { 0 };
    yyjson_alc memory;
    char pool[512];
    size_t length = 0;
    const char *text;

    unsafe_yyjson_set_real(&number, value);
    yyjson_alc_pool_init(&memory, pool, sizeof(pool));
    text = yyjson_val_write_opts(&number, YYJSON_WRITE_NOFLAG, &memory, &length, NULL);
    numeral_read((struct slice){ text, text ? length : 0 }, numeral);
}

static size_t put_zeros(char *out, int64_t count)
{
    memset(out, '0', count > 0 ? (size_t)count : 0);
    return count > 0 ? (size_t)count : 0;
}

/* "123.4", "0.00123", "100000.0" for 0.DIGITS * 10^point. */
static size_t fixed_format(const struct numeral *numeral, int64_t point, char *out)
{
    size_t used = 0, whole = point <= 0 ? 0 : (size_t)point < numeral->count ? (size_t)point : numeral->count;

    if (whole == 0)
        out[used++] = '0';
    memcpy(out + used, numeral->digits, whole);
    used += whole;
    used += put_zeros(out + used, point - (int64_t)whole);
    out[used++] = '.';
    used += put_zeros(out + used, -point);
    memcpy(out + used, numeral->digits + whole, numeral->count - whole);
    used += numeral->count - whole;
    if (whole == numeral->count)
        out[used++] = '0';
    return used;
}

/* "1.5e-07": one digit before the point, at least `least` in the exponent. */
static size_t exponent_format(const struct numeral *numeral, int64_t point, int least, char *out)
{
    size_t used = 0;

    out[used++] = numeral->digits[0];
    if (numeral->count > 1) {
        out[used++] = '.';
        memcpy(out + used, numeral->digits + 1, numeral->count - 1);
        used += numeral->count - 1;
    }
    return used + (size_t)snprintf(out + used, DOUBLE_CHARS - 1 - used, "e%c%0*d", point < 1 ? '-' : '+', least, abs((int)point - 1));
}

/* Numbers that begin further behind the point than `lowest` have an exponent, which has at least `exponent_least` digits. */
static size_t finite_format(double value, int lowest, int exponent_least, char out[DOUBLE_CHARS])
{
    struct numeral numeral;
    size_t used = 0;
    int64_t point;

    numeral_from_double(value, &numeral);
    point = numeral.count > 0 ? (int64_t)numeral.count + numeral.exponent : 0;
    if (numeral.negative)
        out[used++] = '-';
    if (point > lowest && point <= 16)
        used += fixed_format(&numeral, point, out + used);
    else
        used += exponent_format(&numeral, point, exponent_least, out + used);
    out[used] = '\0';
    return used;
}

static bool is_finite(double value)
{
    return value >= -DBL_MAX && value <= DBL_MAX;
}

size_t double_format(double value, char out[DOUBLE_CHARS])
{
    if (!is_finite(value)) /* repr() of what no column holds */
        return (size_t)snprintf(out, DOUBLE_CHARS, "%s", value > 0 ? "inf" : value < 0 ? "-inf" : "nan");
    return finite_format(value, -4, 2, out);
}

size_t double_format_json(double value, char out[DOUBLE_CHARS])
{
    return is_finite(value) ? finite_format(value, -5, 1, out) : (size_t)snprintf(out, DOUBLE_CHARS, "null");
}

/* ---- decimals -------------------------------------------------------------------------------------------------------------- */

#define PRECISION_MOST 38 /* what fits 128 bits */

static uint128 power_of_ten(int exponent)
{
    uint128 power = 1;

    while (exponent-- > 0)
        power *= 10;
    return power;
}

static bool decimal_type_valid(int precision, int scale)
{
    return precision >= 1 && precision <= PRECISION_MOST && scale >= 0 && scale <= precision;
}

static int128 with_sign(bool negative, uint128 value)
{
    return negative ? -(int128)value : (int128)value;
}

static bool decimal_from_whole(const struct whole *whole, int precision, int scale, int128 *value)
{
    if (!decimal_type_valid(precision, scale) || whole->dropped > 0 || whole->value >= power_of_ten(precision - scale))
        return false;
    *value = with_sign(whole->negative, whole->value * power_of_ten(scale));
    return true;
}

/* The last digit is not 0, so it must not lie behind the last place. */
static bool decimal_from_numeral(const struct numeral *numeral, int precision, int scale, int128 *value)
{
    int64_t zeros = numeral->exponent + scale;
    uint128 number = 0;

    if (!decimal_type_valid(precision, scale))
        return false;
    if (numeral->count > 0 && (zeros < 0 || zeros > precision || (int64_t)numeral->count + zeros > precision))
        return false;
    for (size_t i = 0; i < numeral->count; i++)
        number = number * 10 + (unsigned)(numeral->digits[i] - '0');
    *value = with_sign(numeral->negative, numeral->count > 0 ? number * power_of_ten((int)zeros) : 0);
    return true;
}

/* Cuts digits behind the last place; a half goes away from zero. */
static void numeral_round(struct numeral *numeral, int scale)
{
    int64_t point = (int64_t)numeral->count + numeral->exponent + scale; /* digits that stay */
    size_t kept = point > 0 ? (size_t)point : 0;
    bool up;

    if (numeral->count == 0 || numeral->exponent + scale >= 0)
        return;
    up = point >= 0 && numeral->digits[kept] >= '5';
    numeral->inexact = false;
    numeral->count = kept;
    numeral->exponent = -scale;
    while (up && kept > 0 && numeral->digits[kept - 1] == '9')
        kept--;
    if (up && kept == 0) { /* 9.99 -> 10.0 */
        numeral->digits[0] = '1';
        numeral->exponent += (int64_t)numeral->count;
        numeral->count = 1;
    } else if (up) {
        numeral->exponent += (int64_t)(numeral->count - kept);
        numeral->digits[kept - 1]++;
        numeral->count = kept;
    }
    numeral_finish(numeral);
}

static bool decimal_read(const char *text, size_t length, int precision, int scale, bool rounds, int128 *value)
{
    struct slice slice = { text, length };
    struct numeral numeral;
    struct whole whole;

    if (hexadecimal_skip(&slice))
        return whole_read(slice, 16, &whole) && decimal_from_whole(&whole, precision, scale, value);
    if (!numeral_read(slice, &numeral))
        return false;
    if (rounds)
        numeral_round(&numeral, scale);
    return decimal_from_numeral(&numeral, precision, scale, value);
}

bool decimal_from_text(const char *text, size_t length, int precision, int scale, int128 *value)
{
    return decimal_read(text, length, precision, scale, false, value);
}

bool decimal_round_text(const char *text, size_t length, int precision, int scale, int128 *value)
{
    return decimal_read(text, length, precision, scale, true, value);
}

bool decimal_from_integer(int64_t number, int precision, int scale, int128 *value)
{
    struct whole whole = { .negative = number < 0, .value = number < 0 ? (uint128)-(int128)number : (uint128)number };

    return decimal_from_whole(&whole, precision, scale, value);
}

static bool double_to_decimal(double number, int precision, int scale, bool rounds, int128 *value)
{
    struct numeral numeral;

    if (!(number >= -DBL_MAX && number <= DBL_MAX))
        return false;
    numeral_from_double(number, &numeral);
    if (rounds)
        numeral_round(&numeral, scale);
    return decimal_from_numeral(&numeral, precision, scale, value);
}

bool decimal_from_double(double number, int precision, int scale, int128 *value)
{
    return double_to_decimal(number, precision, scale, false, value);
}

bool decimal_round_double(double number, int precision, int scale, int128 *value)
{
    return double_to_decimal(number, precision, scale, true, value);
}

size_t decimal_format(int128 value, int scale, char out[DECIMAL_CHARS])
{
    uint128 rest = value < 0 ? -(uint128)value : (uint128)value;
    char reversed[DECIMAL_CHARS];
    size_t count = 0;

    for (int digits = 0; digits <= scale || rest > 0; digits++, rest /= 10) {
        if (digits == scale && scale > 0)
            reversed[count++] = '.';
        reversed[count++] = (char)('0' + (int)(rest % 10));
    }
    if (value < 0)
        reversed[count++] = '-';
    for (size_t i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    out[count] = '\0';
    return count;
}

/* ---- truth words ----------------------------------------------------------------------------------------------------------- */

static bool same_word(const char *text, size_t length, const char *word)
{
    if (length != strlen(word))
        return false;
    for (size_t i = 0; i < length; i++) {
        char lower = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + ('a' - 'A')) : text[i];

        if (lower != word[i])
            return false;
    }
    return true;
}

bool bool_from_text(const char *text, size_t length, bool *value)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        { "yes", true }, { "true", true },   { "t", true },  { "y", true },  { "1", true },
        { "no", false }, { "false", false }, { "f", false }, { "n", false }, { "0", false },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (same_word(text, length, words[i].word)) {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}
