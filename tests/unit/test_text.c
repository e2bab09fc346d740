/* Expected values are by counting bytes and by the UTF-8 definition (RFC 3629). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void text_grows(void **state)
{
    struct text text = { 0 };

    (void)state;
    for (int i = 0; i < 1000; i++)
        text_printf(&text, "%03d,", i);
    assert_int_equal(text.length, 4000);
    assert_int_equal(strlen(text.text), 4000);
    assert_memory_equal(text.text + 3992, "998,999,", 9);
    text_clear(&text);
    assert_int_equal(text.length, 0);
    text_puts(&text, "ab");
    text_putc(&text, 'c');
    text_append(&text, "", 0);
    text_append(&text, "de\0f", 4);
    assert_int_equal(text.length, 7);
    assert_memory_equal(text.text, "abcde\0f", 8);
    text_release(&text);
    assert_null(text.text);
    text_release(&text);
}

static void reserved_text_is_terminated(void **state)
{
    struct text text = { 0 };

    (void)state;
    assert_true(text_reserve(&text, 0));
    assert_string_equal(text.text, "");
    text_release(&text);
}

static void text_is_shortened(void **state)
{
    struct text text = { 0 };

    (void)state;
    text_shorten(&text, 0);
    text_puts(&text, "abcdef");
    text_shorten(&text, 6);
    assert_string_equal(text.text, "abcdef");
    text_shorten(&text, 2);
    text_puts(&text, "x");
    assert_string_equal(text.text, "abx");
    text_shorten(&text, 0);
    assert_string_equal(text.text, "");
    text_release(&text);
}

static void failure_stays(void **state)
{
    struct text text = { 0 };

    (void)state;
    text_puts(&text, "kept");
    assert_false(text_reserve(&text, SIZE_MAX));
    assert_false(text_reserve(&text, SIZE_MAX - 4));
    text_puts(&text, "lost");
    assert_true(text.failed);
    assert_string_equal(text.text, "kept");
    text_clear(&text);
    assert_false(text.failed);
    text_release(&text);
}

static void slices(void **state)
{
    (void)state;
    assert_true(slice_equal(slice_of("ab"), (struct slice){ "abc", 2 }));
    assert_false(slice_equal(slice_of("ab"), slice_of("ac")));
    assert_false(slice_equal(slice_of("ab"), slice_of("abc")));
    assert_true(slice_equal(slice_of(NULL), slice_of("")));
}

/* Expected by Python's str.strip(). */
static void strips(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "", "" },
        { "a", "a" },
        { " \t\n\v\f\r\x1C\x1D\x1E\x1F" "a b\x1F ", "a b" },
        { " \n ", "" },
        { "\xC2\xA0\xE3\x80\x80" "a\xC2\x85\xE1\x9A\x80\xE2\x80\x83", "a" },
        { "\xE2\x80\x8B" "a", "\xE2\x80\x8B" "a" }, /* U+200B is no white space */
        { "\x1B" "a\x7F", "\x1B" "a\x7F" },
        { "\xA0" "a\xA0", "\xA0" "a\xA0" }, /* bad UTF-8 is no white space */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slice got = slice_strip(slice_of(cases[i].in));

        if (!slice_equal(got, slice_of(cases[i].want)))
            fail_msg("\"%s\": got \"%.*s\", want \"%s\"", cases[i].in, (int)got.length, got.text, cases[i].want);
    }
}

static void prefixes(void **state)
{
    static const struct {
        const char *what, *in;
        size_t limit, want;
    } cases[] = {
        { "all fits", "abc", 3, 3 },
        { "room to spare", "abc", 9, 3 },
        { "ASCII is cut anywhere", "abc", 2, 2 },
        { "two bytes stay together", "a\xC3\xA9", 2, 1 },
        { "border after two bytes", "a\xC3\xA9z", 3, 3 },
        { "four bytes stay together", "\xF0\x9F\x98\x80", 3, 0 },
        { "nothing", "", 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t got = utf8_prefix(cases[i].in, strlen(cases[i].in), cases[i].limit);

        if (got != cases[i].want)
            fail_msg("%s: \"%s\" limit %zu: got %zu, want %zu", cases[i].what, cases[i].in, cases[i].limit, got, cases[i].want);
    }
}

static void characters(void **state)
{
    static const struct {
        const char *what, *in;
        size_t want;
        uint32_t character;
    } cases[] = {
        { "ASCII", "a", 1, 'a' },
        { "two bytes", "\xC3\xA9", 2, 0xE9 },
        { "three bytes", "\xE2\x82\xAC", 3, 0x20AC },
        { "four bytes", "\xF0\x9F\x98\x80", 4, 0x1F600 },
        { "last character", "\xF4\x8F\xBF\xBF", 4, 0x10FFFF },
        { "beyond the last", "\xF4\x90\x80\x80", 0, 0 },
        { "overlong two", "\xC1\xBF", 0, 0 },
        { "overlong three", "\xE0\x9F\xBF", 0, 0 },
        { "overlong four", "\xF0\x8F\xBF\xBF", 0, 0 },
        { "surrogate", "\xED\xA0\x80", 0, 0 },
        { "below the surrogates", "\xED\x9F\xBF", 3, 0xD7FF },
        { "cut off", "\xE2\x82", 0, 0 },
        { "continuation first", "\x80", 0, 0 },
        { "continuation lacks", "\xC3(", 0, 0 },
        { "no lead byte", "\xFF", 0, 0 },
        { "no text", "", 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t character = 0;
        size_t got = utf8_decode(cases[i].in, strlen(cases[i].in), &character);

        if (got != cases[i].want || character != cases[i].character)
            fail_msg("%s: got %zu bytes, U+%04X; want %zu, U+%04X", cases[i].what, got, (unsigned)character, cases[i].want,
                     (unsigned)cases[i].character);
    }
}

static void counts(void **state)
{
    (void)state;
    assert_int_equal(utf8_count("", 0), 0);
    assert_int_equal(utf8_count("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10), 4);
}

/* As many as are taken. */
static void pieces_are_counted(void **state)
{
    static const struct {
        const char *text;
        size_t want;
    } cases[] = { { NULL, 0 }, { "", 1 }, { "a", 1 }, { ",", 2 }, { "a,b", 2 }, { " a , ,b,", 4 } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slice rest = slice_of(cases[i].text), piece;
        size_t taken = 0;

        assert_int_equal(text_count(rest, ','), cases[i].want);
        while (text_next(&rest, ',', &piece))
            taken++;
        assert_int_equal(taken, cases[i].want);
    }
    assert_int_equal(text_count((struct slice){ "a,b,c", 3 }, ','), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows), cmocka_unit_test(reserved_text_is_terminated), cmocka_unit_test(text_is_shortened), cmocka_unit_test(failure_stays),
        cmocka_unit_test(slices),     cmocka_unit_test(prefixes),                    cmocka_unit_test(characters),
        cmocka_unit_test(counts),     cmocka_unit_test(strips),     cmocka_unit_test(pieces_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
