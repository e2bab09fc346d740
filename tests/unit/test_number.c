/* Expected values are Python's: int, float, Decimal and repr, as dlt's coercions use them; what does not fit the column
 * is our contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/number.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *in;
    bool taken;
    int64_t want;
} integers[] = {
    { "5", true, 5 },
    { " +5 ", true, 5 },
    { "-5", true, -5 },
    { "1_000", true, 1000 },
    { "0x10", true, 16 },
    { " 0xFF ", true, 255 },
    { "0xff", true, 255 },
    { "0x1_0", true, 16 },
    { "0x_1", false, 0 },
    { "0x", false, 0 },
    { "0x ", false, 0 },
    { "0x-5", true, -5 },
    { "0x0x10", true, 16 },
    { "0X10", false, 0 },
    { "-0x10", false, 0 },
    { "1__0", false, 0 },
    { "_1", false, 0 },
    { "1_", false, 0 },
    { "1_a", false, 0 },
    { "", false, 0 },
    { "  ", false, 0 },
    { "+", false, 0 },
    { "-", false, 0 },
    { "--1", false, 0 },
    { "+-1", false, 0 },
    { "1.0", false, 0 },
    { "1e5", false, 0 },
    { "5 5", false, 0 },
    { "5\x0A", true, 5 },
    { "\x09" "5", true, 5 },
    { "\xC2\xA0" "5\xE3\x80\x80", true, 5 },
    { "0", true, 0 },
    { "-0", true, 0 },
    { "007", true, 7 },
    { "9223372036854775807", true, 9223372036854775807 },
    { "9223372036854775808", false, 0 },
    { "-9223372036854775808", true, INT64_MIN },
    { "-9223372036854775809", false, 0 },
    { "0x7fffffffffffffff", true, 9223372036854775807 },
    { "0x8000000000000000", false, 0 },
    { "0x-8000000000000000", true, INT64_MIN },
    { "340282366920938463463374607431768211456", false, 0 },
    { "-340282366920938463463374607431768211455", false, 0 },
    { "0000000000000000000000000000000000000000000000000001", true, 1 },
    { "1000000000000000000000000000000000000000000000000000000000000", false, 0 },
    { "0xg", false, 0 },
    { "12a", false, 0 },
    { "a", false, 0 },
    { "\xC2\xBD", false, 0 },
    { "0x1__0", false, 0 },
    { "0x1_", false, 0 },
    { "0x 10", true, 16 },
};

static const struct {
    const char *in;
    bool taken;
    double want;
} doubles[] = {
    { "1e5", true, 100000.0 },
    { "1_0.5", true, 10.5 },
    { ".5", true, 0.5 },
    { "5.", true, 5.0 },
    { "5", true, 5.0 },
    { "-5", true, -5.0 },
    { "+.5", true, 0.5 },
    { "-.5e-3", true, -0.0005 },
    { " 1.5 ", true, 1.5 },
    { "1E5", true, 100000.0 },
    { "1e+5", true, 100000.0 },
    { "1e-5", true, 1e-05 },
    { "1e1_0", true, 10000000000.0 },
    { "0", true, 0.0 },
    { "-0", true, -0.0 },
    { "-0.0", true, -0.0 },
    { "0e5", true, 0.0 },
    { "00.100", true, 0.1 },
    { "1.7976931348623157e308", true, 1.7976931348623157e+308 },
    { "1.7976931348623158e308", true, 1.7976931348623157e+308 },
    { "1.7976931348623159e308", false, 0 },
    { "-1e309", false, 0 },
    { "1e400", false, 0 },
    { "0.1e-400", true, 0.0 },
    { "2.2250738585072014e-308", true, 2.2250738585072014e-308 },
    { "2.2250738585072011e-308", true, 2.225073858507201e-308 },
    { "4.9e-324", true, 5e-324 },
    { "5e-324", true, 5e-324 },
    { "2.4703282292062327e-324", true, 0.0 },
    { "2.4703282292062328e-324", true, 5e-324 },
    { "9007199254740993", true, 9007199254740992.0 },
    { "9007199254740992.9999999999999999999", true, 9007199254740992.0 },
    { "9007199254740993.0000000000000000001", true, 9007199254740994.0 },
    { "0.1", true, 0.1 },
    { "0.30000000000000004", true, 0.30000000000000004 },
    { "123456789012345678901234567890", true, 1.2345678901234568e+29 },
    { "0x10", true, 16.0 },
    { "0xFFFFFFFFFFFFFFFF", true, 1.8446744073709552e+19 },
    { "0x20000000000001", true, 9007199254740992.0 },
    { "0x200000000000010000000000000000000000000000000000000000", true, 1.3164036458569648e+64 },
    { "0x2000000000000100000000000000000000000000000000000000001", true, 2.106245833371144e+65 },
    { "0x-10", true, -16.0 },
    { "0x-0", true, 0.0 },
    { "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false, 0 },
    { "0x1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
      "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
      "000000000000000000000000000000000000", true, 1.1235582092889474e+307 },
    { "0x1p3", false, 0 },
    { "0x1.8", false, 0 },
    { "nan", false, 0 },
    { "inf", false, 0 },
    { "-inf", false, 0 },
    { "infinity", false, 0 },
    { "NaN", false, 0 },
    { "", false, 0 },
    { ".", false, 0 },
    { " ", false, 0 },
    { "e5", false, 0 },
    { ".e5", false, 0 },
    { "1e", false, 0 },
    { "1e+", false, 0 },
    { "1e1.5", false, 0 },
    { "1_", false, 0 },
    { "_1", false, 0 },
    { "1__0", false, 0 },
    { "1_.5", false, 0 },
    { "1._5", false, 0 },
    { "1_e5", false, 0 },
    { "1e_5", false, 0 },
    { "1 5", false, 0 },
    { "1,5", false, 0 },
    { "1.5.5", false, 0 },
    { "--1", false, 0 },
    { "1f", false, 0 },
    { "0X10", false, 0 },
    { "1.5\x0A", true, 1.5 },
    { "\xC2\xA0" "1.5", true, 1.5 },
    { "\xC2\xBD", false, 0 },
    { "1e-99999999999999999999", true, 0.0 },
    { "1e99999999999999999999", false, 0 },
    { "0e99999999999999999999", true, 0.0 },
    { "0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001e101", true, 1.0 },
    { "10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000e-100", true, 1.0 },
};

static const struct {
    const char *in;
    int precision, scale;
    bool taken;
    const char *want;
} decimals[] = {
    { "12.50", 38, 9, true, "12.500000000" },
    { "12.50", 5, 2, true, "12.50" },
    { "12.50", 4, 2, true, "12.50" },
    { "12.50", 3, 1, true, "12.5" },
    { "12.50", 3, 2, false, NULL },
    { "12.505", 10, 2, false, NULL },
    { "1E+5", 38, 9, true, "100000.000000000" },
    { "1e5", 6, 0, true, "100000" },
    { "1e5", 5, 0, false, NULL },
    { " 3 ", 5, 2, true, "3.00" },
    { "-0.5", 5, 1, true, "-0.5" },
    { "-0.50", 1, 1, true, "-0.5" },
    { "0", 1, 0, true, "0" },
    { "-0", 1, 1, true, "0.0" },
    { "0.000", 1, 0, true, "0" },
    { "0e5", 1, 0, true, "0" },
    { "0x10", 38, 9, true, "16.000000000" },
    { "0xff", 4, 1, true, "255.0" },
    { "0xff", 3, 1, false, NULL },
    { "0x-1", 3, 1, true, "-1.0" },
    { "1_000", 10, 0, true, "1000" },
    { "_1_", 10, 0, true, "1" },
    { "1__0.5", 10, 1, true, "10.5" },
    { "1_e_5", 10, 0, true, "100000" },
    { ".5", 5, 1, true, "0.5" },
    { "5.", 5, 0, true, "5" },
    { "+5", 5, 0, true, "5" },
    { "99999999999999999999999999999999999999", 38, 0, true, "99999999999999999999999999999999999999" },
    { "100000000000000000000000000000000000000", 38, 0, false, NULL },
    { "-99999999999999999999999999999.999999999", 38, 9, true, "-99999999999999999999999999999.999999999" },
    { "0.00000000000000000000000000000000000001", 38, 38, true, "0.00000000000000000000000000000000000001" },
    { "1e-38", 38, 38, true, "0.00000000000000000000000000000000000001" },
    { "1e-39", 38, 38, false, NULL },
    { "10e-39", 38, 38, true, "0.00000000000000000000000000000000000001" },
    { "99999", 5, 0, true, "99999" },
    { "99999.9", 5, 0, false, NULL },
    { "1e37", 38, 0, true, "10000000000000000000000000000000000000" },
    { "1e38", 38, 0, false, NULL },
    { "1e29", 38, 9, false, NULL },
    { "1e28", 38, 9, true, "10000000000000000000000000000.000000000" },
    { "100e-2", 3, 0, true, "1" },
    { "0xfffffffffffffffffffffffffffffff", 38, 0, true, "21267647932558653966460912964485513215" },
    { "0xffffffffffffffffffffffffffffffff", 38, 0, false, NULL },
    { "0x100000000000000000000000000000000", 38, 0, false, NULL },
    { "nan", 38, 9, false, NULL },
    { "inf", 38, 9, false, NULL },
    { "-Infinity", 38, 9, false, NULL },
    { "sNaN", 38, 9, false, NULL },
    { "", 38, 9, false, NULL },
    { ".", 38, 9, false, NULL },
    { "1e", 38, 9, false, NULL },
    { "e5", 38, 9, false, NULL },
    { "1 2", 38, 9, false, NULL },
    { "1,5", 38, 9, false, NULL },
    { "abc", 38, 9, false, NULL },
    { "1e99999999999999999999", 38, 9, false, NULL },
    { "1e-99999999999999999999", 38, 9, false, NULL },
    { "0.000000000000000000000000000000000000000000000000000000000000e70", 5, 0, true, "0" },
    { "1000000000000000000000000000000000000000000000000000000000000e-60", 5, 0, true, "1" },
};

static const struct {
    double in;
    const char *want;
} formats[] = {
    { 0.0, "0.0" },
    { -0.0, "-0.0" },
    { 1.0, "1.0" },
    { -1.0, "-1.0" },
    { 1.5, "1.5" },
    { 0.1, "0.1" },
    { 0.3, "0.3" },
    { 0.30000000000000004, "0.30000000000000004" },
    { 100000.0, "100000.0" },
    { 123456.789, "123456.789" },
    { 1000000000000000.0, "1000000000000000.0" },
    { 1e+16, "1e+16" },
    { 9999999999999998.0, "9999999999999998.0" },
    { 1.2345678901234568e+16, "1.2345678901234568e+16" },
    { 1e+17, "1e+17" },
    { 1e+22, "1e+22" },
    { 1e+23, "1e+23" },
    { 1e+300, "1e+300" },
    { 1.7976931348623157e+308, "1.7976931348623157e+308" },
    { 0.0001, "0.0001" },
    { 0.00012345, "0.00012345" },
    { 1e-05, "1e-05" },
    { 1e-05, "1e-05" },
    { 1.5e-07, "1.5e-07" },
    { 1e-10, "1e-10" },
    { 5e-324, "5e-324" },
    { 1.5e-323, "1.5e-323" },
    { 2.2250738585072014e-308, "2.2250738585072014e-308" },
    { 2.225073858507201e-308, "2.225073858507201e-308" },
    { 5.684341886080802e-14, "5.684341886080802e-14" },
    { 5.960464477539063e-08, "5.960464477539063e-08" },
    { 9007199254740992.0, "9007199254740992.0" },
    { 9.223372036854776e+18, "9.223372036854776e+18" },
    { 1.1805916207174113e+21, "1.1805916207174113e+21" },
    { -5e-324, "-5e-324" },
    { 0.3333333333333333, "0.3333333333333333" },
    { 0.6666666666666666, "0.6666666666666666" },
    { -123.456, "-123.456" },
    { 9007199254740992.0, "9007199254740992.0" },
    { 4.35, "4.35" },
    { 0.00012345678901234567, "0.00012345678901234567" },
    { 12345678901234.5, "12345678901234.5" },
    { 0.0001, "0.0001" },
    { 9.999e-05, "9.999e-05" },
    { 5.684341886080802e-14, "5.684341886080802e-14" },
    { 8.98846567431158e+307, "8.98846567431158e+307" },
};

/* orjson 3.13's. */
static const struct {
    double in;
    const char *want;
} json_formats[] = {
    { -0.0, "-0.0" },
    { 1.0, "1.0" },
    { 1234567.891, "1234567.891" },
    { 1000000000000000.0, "1000000000000000.0" },
    { 1e+16, "1e+16" },
    { 1.2345678901234568e+17, "1.2345678901234568e+17" },
    { 1.5e+300, "1.5e+300" },
    { 0.00001234, "0.00001234" },
    { 0.00001, "0.00001" },
    { 0.000001, "1e-6" },
    { 1.5e-07, "1.5e-7" },
    { -5e-324, "-5e-324" },
    { INFINITY, "null" },
    { NAN, "null" },
};

static const struct {
    double in;
    int precision, scale;
    bool taken;
    const char *want;
} decimals_of_doubles[] = {
    { 1.5, 38, 9, true, "1.500000000" },
    { 0.1, 38, 9, true, "0.100000000" },
    { 0.1, 5, 0, false, NULL },
    { 1e+20, 38, 9, true, "100000000000000000000.000000000" },
    { 1e+22, 38, 0, true, "10000000000000000000000" },
    { 1e+300, 38, 0, false, NULL },
    { -2.5, 2, 1, true, "-2.5" },
    { 1e-09, 38, 9, true, "0.000000001" },
    { 1e-10, 38, 9, false, NULL },
    { 0.0, 1, 0, true, "0" },
    { -0.0, 5, 2, true, "0.00" },
    { 123.456, 6, 3, true, "123.456" },
    { 123.456, 5, 3, false, NULL },
    { 123.456, 6, 2, false, NULL },
    { 0.30000000000000004, 38, 17, true, "0.30000000000000004" },
    { 0.30000000000000004, 38, 16, false, NULL },
};

static const struct {
    int64_t in;
    int precision, scale;
    bool taken;
    const char *want;
} decimals_of_integers[] = {
    { 5, 5, 2, true, "5.00" },
    { -5, 5, 2, true, "-5.00" },
    { 0, 1, 1, true, "0.0" },
    { 999, 5, 2, true, "999.00" },
    { 1000, 5, 2, false, NULL },
    { -1000, 5, 2, false, NULL },
    { 9223372036854775807, 38, 9, true, "9223372036854775807.000000000" },
    { INT64_MIN, 38, 9, true, "-9223372036854775808.000000000" },
    { 9223372036854775807, 38, 19, true, "9223372036854775807.0000000000000000000" },
    { 9223372036854775807, 38, 20, false, NULL },
    { 9223372036854775807, 19, 0, true, "9223372036854775807" },
    { 9223372036854775807, 18, 0, false, NULL },
    { 1, 38, 38, false, NULL },
    { 0, 38, 38, true, "0.00000000000000000000000000000000000000" },
};

/* A copy that ends where the text ends, so that the sanitizer sees a read behind it. */
static char *exact_copy(const char *text)
{
    size_t length = strlen(text);
    char *copy = malloc(length ? length : 1);

    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

static void integers_from_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(integers); i++) {
        char *copy = exact_copy(integers[i].in);
        int64_t got = 0;
        bool taken = integer_from_text(copy, strlen(integers[i].in), &got);

        if (taken != integers[i].taken || (taken && got != integers[i].want))
            fail_msg("\"%s\": got %d %" PRId64 ", want %d %" PRId64, integers[i].in, taken, got, integers[i].taken,
                     integers[i].want);
        free(copy);
    }
    assert_false(integer_from_text("5\0", 2, &(int64_t){ 0 }));
}

static void doubles_from_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(doubles); i++) {
        char *copy = exact_copy(doubles[i].in);
        double got = 0;
        bool taken = double_from_text(copy, strlen(doubles[i].in), &got);

        if (taken != doubles[i].taken || (taken && memcmp(&got, &doubles[i].want, sizeof(got)) != 0))
            fail_msg("\"%s\": got %d %.17g, want %d %.17g", doubles[i].in, taken, got, doubles[i].taken, doubles[i].want);
        free(copy);
    }
    assert_false(double_from_text("1.5\0", 4, &(double){ 0 }));
}

/* 2^53 + 1 lies in the middle of two doubles and goes to the even one; a digit a thousand places behind tips it. */
static void doubles_of_many_digits(void **state)
{
    char text[1100];
    double got;

    (void)state;
    memset(text, '0', sizeof(text));
    memcpy(text, "9007199254740993.", 17);
    assert_true(double_from_text(text, sizeof(text), &got));
    assert_true(got == 9007199254740992.0);
    text[sizeof(text) - 1] = '1';
    assert_true(double_from_text(text, sizeof(text), &got));
    assert_true(got == 9007199254740994.0);
    text[16] = '0'; /* now it has no point: 1100 digits */
    assert_false(double_from_text(text, sizeof(text), &got));
    memcpy(text + sizeof(text) - 5, "e-999", 5);
    text[1094] = '1';
    assert_true(double_from_text(text, sizeof(text), &got));
    assert_true(got == 9.007199254740993e+95);
}

static void check_decimal(const char *in, bool taken, int128 value, int scale, bool want_taken, const char *want)
{
    char got[DECIMAL_CHARS] = "";
    size_t length = taken ? decimal_format(value, scale, got) : 0;

    if (taken != want_taken || length != strlen(got) || (taken && strcmp(got, want) != 0))
        fail_msg("\"%s\", scale %d: got %d \"%s\", want %d \"%s\"", in, scale, taken, got, want_taken, want ? want : "");
}

static void decimals_from_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(decimals); i++) {
        char *copy = exact_copy(decimals[i].in);
        int128 value = 0;
        bool taken = decimal_from_text(copy, strlen(decimals[i].in), decimals[i].precision, decimals[i].scale, &value);

        check_decimal(decimals[i].in, taken, value, decimals[i].scale, decimals[i].taken, decimals[i].want);
        free(copy);
    }
    assert_false(decimal_from_text("1\0", 2, 38, 9, &(int128){ 0 }));
}

static void decimals_from_doubles(void **state)
{
    char in[64];
    int128 value;

    (void)state;
    for (size_t i = 0; i < COUNT(decimals_of_doubles); i++) {
        int scale = decimals_of_doubles[i].scale;
        bool taken;

        value = 0;
        taken = decimal_from_double(decimals_of_doubles[i].in, decimals_of_doubles[i].precision, scale, &value);
        snprintf(in, sizeof(in), "%.17g", decimals_of_doubles[i].in);
        check_decimal(in, taken, value, scale, decimals_of_doubles[i].taken, decimals_of_doubles[i].want);
    }
    assert_false(decimal_from_double((double)NAN, 38, 9, &value));
    assert_false(decimal_from_double((double)INFINITY, 38, 9, &value));
}

static void decimals_from_integers(void **state)
{
    char in[64];

    (void)state;
    for (size_t i = 0; i < COUNT(decimals_of_integers); i++) {
        int scale = decimals_of_integers[i].scale;
        int128 value = 0;
        bool taken = decimal_from_integer(decimals_of_integers[i].in, decimals_of_integers[i].precision, scale, &value);

        snprintf(in, sizeof(in), "%" PRId64, decimals_of_integers[i].in);
        check_decimal(in, taken, value, scale, decimals_of_integers[i].taken, decimals_of_integers[i].want);
    }
}

/* DuckDB 1.5's CAST of the text; of a double's, which is what dlt sends. */
static void decimals_are_rounded(void **state)
{
    static const struct {
        const char *in;
        int precision, scale;
        bool taken;
        const char *want;
    } rounded[] = {
        { "1.005", 10, 2, true, "1.01" },
        { "1.004", 10, 2, true, "1.00" },
        { "-1.005", 10, 2, true, "-1.01" },
        { "0.995", 10, 2, true, "1.00" },
        { "9.995", 3, 2, false, NULL },
        { "9.994", 3, 2, true, "9.99" },
        { "-9.995", 3, 2, false, NULL },
        { "99.5", 2, 0, false, NULL },
        { "99.4", 2, 0, true, "99" },
        { "0.5", 1, 0, true, "1" },
        { "0.4", 1, 0, true, "0" },
        { "-0.5", 1, 0, true, "-1" },
        { "-0.4", 1, 0, true, "0" },
        { "0.05", 1, 1, true, "0.1" },
        { "0.049", 1, 1, true, "0.0" },
        { "0.0049", 2, 2, true, "0.00" },
        { "0.005", 2, 2, true, "0.01" },
        { "0.995", 2, 2, false, NULL },
        { "1e-3", 5, 2, true, "0.00" },
        { "5e-3", 5, 2, true, "0.01" },
        { "4.9e-3", 5, 2, true, "0.00" },
        { "1.5e2", 3, 0, true, "150" },
        { "12.3456", 38, 9, true, "12.345600000" },
        { "0.0000000005", 38, 9, true, "0.000000001" },
        { "0.00000000049999999999", 38, 9, true, "0.000000000" },
        { "99999999999999999999999999999.9999999994", 38, 9, true, "99999999999999999999999999999.999999999" },
        { "99999999999999999999999999999.9999999995", 38, 9, false, NULL },
        { "0.449999999999999999999999999999999999999999999", 5, 1, true, "0.4" },
        { "0.45", 5, 1, true, "0.5" },
        { "2.5", 5, 0, true, "3" },
        { "3.5", 5, 0, true, "4" },
        { "1999.9996", 8, 3, true, "2000.000" },
        { "0", 1, 0, true, "0" },
        { "0.0", 2, 1, true, "0.0" },
        { "1e-400", 5, 2, true, "0.00" },
        { "100", 2, 0, false, NULL },
        { "1.0049999999999999999", 10, 2, true, "1.00" },
        { "199.5", 3, 0, true, "200" },
        { "0.19995", 4, 4, true, "0.2000" },
        { "10.05", 4, 1, true, "10.1" },
        { "999.949", 4, 1, true, "999.9" },
        { "999.95", 4, 1, false, NULL },
        { "12.5", 38, 9, true, "12.500000000" },
        { "x", 5, 2, false, NULL },
        { "", 5, 2, false, NULL },
    };
    static const struct {
        double in;
        int precision, scale;
        bool taken;
        const char *want;
    } rounded_doubles[] = {
        { 1.005, 10, 2, true, "1.01" },
        { 0.1, 5, 0, true, "0" },
        { 2.5, 5, 0, true, "3" },
        { -2.5, 5, 0, true, "-3" },
        { 123.456, 5, 2, true, "123.46" },
        { 123.455, 5, 2, true, "123.46" },
        { 999.995, 5, 2, false, NULL },
        { 999.994, 5, 2, true, "999.99" },
        { 1e-09, 5, 2, true, "0.00" },
        { 0.30000000000000004, 38, 16, true, "0.3000000000000000" },
        { 1e+22, 38, 0, true, "10000000000000000000000" },
        { 1e+300, 38, 0, false, NULL },
        { 0.0, 3, 2, true, "0.00" },
        { -0.004, 3, 2, true, "0.00" },
        { -0.005, 3, 2, true, "-0.01" },
        { 1.7976931348623157e+308, 38, 9, false, NULL },
    };
    char in[64];
    int128 value;

    (void)state;
    for (size_t i = 0; i < COUNT(rounded); i++) {
        char *copy = exact_copy(rounded[i].in);
        int scale = rounded[i].scale;
        bool taken;

        value = 0;
        taken = decimal_round_text(copy, strlen(rounded[i].in), rounded[i].precision, scale, &value);
        check_decimal(rounded[i].in, taken, value, scale, rounded[i].taken, rounded[i].want);
        free(copy);
    }
    for (size_t i = 0; i < COUNT(rounded_doubles); i++) {
        int scale = rounded_doubles[i].scale;
        bool taken;

        value = 0;
        taken = decimal_round_double(rounded_doubles[i].in, rounded_doubles[i].precision, scale, &value);
        snprintf(in, sizeof(in), "%.17g", rounded_doubles[i].in);
        check_decimal(in, taken, value, scale, rounded_doubles[i].taken, rounded_doubles[i].want);
    }
    assert_false(decimal_round_double((double)NAN, 38, 9, &value));
    assert_false(decimal_round_double((double)INFINITY, 38, 9, &value));
    assert_false(decimal_round_text("1.55", 4, 39, 1, &value));
}

/* A type that 128 bits do not hold takes nothing. */
static void impossible_decimal_types(void **state)
{
    int128 value;

    (void)state;
    assert_false(decimal_from_text("1", 1, 39, 0, &value));
    assert_false(decimal_from_text("1", 1, 0, 0, &value));
    assert_false(decimal_from_text("0x1", 3, 5, 6, &value));
    assert_false(decimal_from_integer(1, 5, -1, &value));
    assert_false(decimal_from_double(1, 77, 38, &value));
}

static void decimals_to_text(void **state)
{
    char out[DECIMAL_CHARS];
    const int128 smallest = (int128)1 << 126;

    (void)state;
    assert_int_equal(decimal_format(0, 0, out), 1);
    assert_string_equal(out, "0");
    assert_int_equal(decimal_format(0, 3, out), 5);
    assert_string_equal(out, "0.000");
    assert_int_equal(decimal_format(-5, 2, out), 5);
    assert_string_equal(out, "-0.05");
    assert_int_equal(decimal_format(12345, 2, out), 6);
    assert_string_equal(out, "123.45");
    decimal_format(-smallest - smallest, 38, out);
    assert_string_equal(out, "-1.70141183460469231731687303715884105728"); /* -2^127 */
}

static void doubles_to_text(void **state)
{
    char out[DOUBLE_CHARS];

    (void)state;
    for (size_t i = 0; i < COUNT(formats); i++) {
        size_t length = double_format(formats[i].in, out);

        if (strcmp(out, formats[i].want) != 0 || length != strlen(out))
            fail_msg("%a: got \"%s\", want \"%s\"", formats[i].in, out, formats[i].want);
    }
}

static void doubles_to_json(void **state)
{
    char out[DOUBLE_CHARS];

    (void)state;
    for (size_t i = 0; i < COUNT(json_formats); i++) {
        size_t length = double_format_json(json_formats[i].in, out);

        if (strcmp(out, json_formats[i].want) != 0 || length != strlen(out))
            fail_msg("%a: got \"%s\", want \"%s\"", json_formats[i].in, out, json_formats[i].want);
    }
}

/* Doubles of all sizes read back as themselves; the bits come from a linear congruence. */
static void doubles_read_back(void **state)
{
    uint64_t bits = 1;
    char out[DOUBLE_CHARS];
    double value, got;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        if (!double_from_text(out, double_format(value, out), &got) || memcmp(&got, &value, sizeof(got)) != 0)
            fail_msg("%a: wrote \"%s\"", value, out);
    }
}

static void truth_words(void **state)
{
    static const struct {
        const char *in;
        bool taken, want;
    } cases[] = {
        { "yes", true, true },       { "true", true, true },      { "t", true, true },         { "y", true, true },
        { "1", true, true },         { "no", true, false },       { "false", true, false },    { "f", true, false },
        { "n", true, false },        { "0", true, false },        { "YES", true, true },       { "True", true, true },
        { "fALSE", true, false },    { "N", true, false },        { "", false, false },        { " true", false, false },
        { "on", false, false },      { "truee", false, false },   { "ye", false, false },      { "2", false, false },
        { "1.0", false, false },     { "off", false, false },     { "01", false, false },      { "\xEF\xBD\x94", false, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool got = false, taken = bool_from_text(cases[i].in, strlen(cases[i].in), &got);

        if (taken != cases[i].taken || got != cases[i].want)
            fail_msg("\"%s\": got %d %d, want %d %d", cases[i].in, taken, got, cases[i].taken, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_from_text),       cmocka_unit_test(doubles_from_text),
        cmocka_unit_test(doubles_of_many_digits),   cmocka_unit_test(decimals_from_text),
        cmocka_unit_test(decimals_from_doubles),    cmocka_unit_test(decimals_from_integers),
        cmocka_unit_test(decimals_are_rounded),     cmocka_unit_test(impossible_decimal_types),
        cmocka_unit_test(decimals_to_text),         cmocka_unit_test(doubles_to_text),
        cmocka_unit_test(doubles_read_back),        cmocka_unit_test(doubles_to_json),
        cmocka_unit_test(truth_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
