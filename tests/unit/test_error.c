/* Expected texts follow the contract in base/error.h; the text of an errno is the C library's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void where_is_innermost_first(void **state)
{
    struct spile_error err = { 0 };

    (void)state;
    assert_int_equal(spile_fail(&err, SPILE_SOURCE, "cannot read \"%s\"", "x.json"), SPILE_SOURCE);
    assert_int_equal(spile_within(&err, SPILE_SOURCE, "row %d", 7), SPILE_SOURCE);
    assert_int_equal(spile_within(&err, SPILE_SOURCE, "table \"%s\"", "orders"), SPILE_SOURCE);
    assert_int_equal(spile_hint(&err, SPILE_SOURCE, "nearer"), SPILE_SOURCE);
    assert_int_equal(spile_hint(&err, SPILE_SOURCE, "farther"), SPILE_SOURCE);
    assert_int_equal(err.status, SPILE_SOURCE);
    assert_string_equal(err.message, "cannot read \"x.json\"");
    assert_string_equal(err.where, "row 7, table \"orders\"");
    assert_string_equal(err.hint, "nearer");
    assert_int_equal(spile_hint_also(&err, SPILE_SOURCE, "or this"), SPILE_SOURCE);
    assert_string_equal(err.hint, "nearer; or this");
}

static void a_new_failure_forgets_the_old(void **state)
{
    struct spile_error err = { .retriable = true, .where = "old", .hint = "old" };

    (void)state;
    spile_fail(&err, SPILE_USAGE, "new");
    assert_string_equal(err.message, "new");
    assert_string_equal(err.where, "");
    assert_string_equal(err.hint, "");
    assert_false(err.retriable);
}

static void success_and_null_are_left_alone(void **state)
{
    struct spile_error err = { .message = "kept" };

    (void)state;
    assert_int_equal(spile_fail(&err, SPILE_OK, "x"), SPILE_OK);
    assert_int_equal(spile_fail_errno(&err, SPILE_OK, ENOENT, "x"), SPILE_OK);
    assert_int_equal(spile_within(&err, SPILE_OK, "x"), SPILE_OK);
    assert_int_equal(spile_hint(&err, SPILE_OK, "x"), SPILE_OK);
    assert_string_equal(err.message, "kept");
    assert_string_equal(err.where, "");
    assert_string_equal(err.hint, "");
    assert_int_equal(spile_fail(NULL, SPILE_FAILED, "x"), SPILE_FAILED);
    assert_int_equal(spile_fail_errno(NULL, SPILE_FAILED, ENOENT, "x"), SPILE_FAILED);
    assert_int_equal(spile_fail_nomem(NULL), SPILE_NOMEM);
    assert_int_equal(spile_within(NULL, SPILE_FAILED, "x"), SPILE_FAILED);
    assert_int_equal(spile_hint(NULL, SPILE_FAILED, "x"), SPILE_FAILED);
}

static void errno_says_why(void **state)
{
    struct spile_error err = { 0 };

    (void)state;
    assert_int_equal(spile_fail_errno(&err, SPILE_FAILED, ENOENT, "cannot open \"%s\"", "a"), SPILE_FAILED);
    assert_string_equal(err.message, "cannot open \"a\": No such file or directory");
    assert_int_equal(spile_fail_nomem(&err), SPILE_NOMEM);
    assert_string_equal(err.message, "out of memory");
    assert_int_equal(err.status, SPILE_NOMEM);
}

/* 510 letters and a character of two bytes make 512: one too many with the terminator. */
static void long_texts_end_at_a_border(void **state)
{
    struct spile_error err = { 0 };
    char text[513];

    (void)state;
    memset(text, 'a', 510);
    memcpy(text + 510, "\xC3\xA9", 3);
    spile_fail(&err, SPILE_FAILED, "%s", text);
    assert_int_equal(strlen(err.message), 510);
    spile_fail(&err, SPILE_FAILED, "%s", text + 1);
    assert_int_equal(strlen(err.message), 511);
    spile_fail(&err, SPILE_FAILED, "%s%s%s", text, text, text);
    assert_int_equal(strlen(err.message), 510);
    for (int i = 0; i < 300; i++)
        spile_within(&err, SPILE_FAILED, "\xC3\xA9");
    assert_int_equal(strlen(err.where), 510);
    assert_memory_equal(err.where, "\xC3\xA9, \xC3\xA9", 6);
}

static void arguments_may_lie_in_the_error(void **state)
{
    struct spile_error err = { 0 };

    (void)state;
    spile_fail(&err, SPILE_FAILED, "inner");
    spile_within(&err, SPILE_FAILED, "here");
    spile_fail(&err, SPILE_SOURCE, "outer: %s at %s", err.message, err.where);
    assert_string_equal(err.message, "outer: inner at here");
    spile_within(&err, SPILE_SOURCE, "a");
    spile_within(&err, SPILE_SOURCE, "%s", err.where);
    assert_string_equal(err.where, "a, a");
}

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void data_is_shortened(void **state)
{
    static const struct {
        const char *what;
        struct { const char *text; size_t length; } in;
        const char *want;
    } cases[] = {
        { "plain", { "12,50", 5 }, "12,50" },
        { "empty", { NULL, 0 }, "" },
        { "64 bytes are whole", { A60 "bcde", 64 }, A60 "bcde" },
        { "65 are not", { A60 "bcdef", 65 }, A60 "bcde..." },
        { "border", { A60 "bcd\xC3\xA9", 65 }, A60 "bcd..." },
        { "letters beyond ASCII stay", { "na\xC3\xAFve \xF0\x9F\x98\x80", 11 }, "na\xC3\xAFve \xF0\x9F\x98\x80" },
        { "control characters", { "a\n\t\0b\x7F", 6 }, "a\\x0A\\x09\\x00b\\x7F" },
        { "control character of two bytes", { "a\xC2\x85" "b", 4 }, "a\\xC2\\x85b" },
        { "bad UTF-8", { "a\xFF\xC3", 3 }, "a\\xFF\\xC3" },
    };
    char buffer[SHORTEN_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = shorten(buffer, cases[i].in.text, cases[i].in.length);

        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", cases[i].what, got, cases[i].want);
    }
}

static void the_worst_data_fits(void **state)
{
    char data[100], buffer[SHORTEN_BYTES];

    (void)state;
    memset(data, 1, sizeof(data));
    assert_int_equal(strlen(shorten(buffer, data, sizeof(data))), 64 * 4 + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_is_innermost_first),   cmocka_unit_test(a_new_failure_forgets_the_old),
        cmocka_unit_test(success_and_null_are_left_alone), cmocka_unit_test(errno_says_why),
        cmocka_unit_test(long_texts_end_at_a_border), cmocka_unit_test(arguments_may_lie_in_the_error),
        cmocka_unit_test(data_is_shortened),          cmocka_unit_test(the_worst_data_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
