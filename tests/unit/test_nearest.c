/* Which word is meant. The distances are counted by hand: of a word of n letters 1 + n / 4 may be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/nearest.h"

#define LONG "allow_identifier_change_on_table_with_data"

static const char *const words[] = { "text", "double", "bigint", "bool", "date", "a", LONG, NULL };

static const struct {
    const char *typed, *nearest;
} cases[] = {
    { "text", "text" },
    { "texxt", "text" },             /* one added */
    { "txt", "text" },               /* one dropped */
    { "tect", "text" },              /* one changed */
    { "tetx", "text" },              /* two swapped count as one */
    { "tex", "text" },
    { "teaab", NULL },               /* three of four */
    { "te", "text" },                /* 2 of 4: as many as may be wrong */
    { "t", NULL },                   /* 3 of 4 */
    { "BIGINT", "bigint" },          /* case does not count */
    { "Bgiint", "bigint" },
    { "bigintt", "bigint" },
    { "bi", NULL },                  /* 4 of 6 */
    { "dat", "date" },
    { "bate", "date" },              /* 1 from date, 3 from bool */
    { "dool", "bool" },              /* 1 from bool, 3 from double */
    { "b", NULL },                   /* all letters of "a" are wrong */
    { "", NULL },
    { "allow_identifier_change_on_tables_with_data", LONG },
    { "something else", NULL },
    { "b\xC3\xB6ol", "bool" },       /* bytes count: two for the letter */
};

static void nearest_is_the_word_that_was_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *nearest = nearest_of(slice_of(cases[i].typed), words);

        if (!nearest != !cases[i].nearest || (nearest && strcmp(nearest, cases[i].nearest)))
            fail_msg("\"%s\": %s, not %s", cases[i].typed, nearest ? nearest : "none", cases[i].nearest ? cases[i].nearest : "none");
    }
}

/* Nothing is near to a word longer than any that is known; a known word that is too long is passed over. */
static void long_words_are_near_to_nothing(void **state)
{
    char typed[1000], known[65];
    const char *const list[] = { known, "text", NULL };

    (void)state;
    memset(typed, 'x', sizeof(typed));
    memset(known, 'x', sizeof(known));
    known[64] = '\0';
    assert_null(nearest_of((struct slice){ typed, sizeof(typed) }, list));
    assert_null(nearest_of((struct slice){ typed, 64 }, list));
    assert_null(nearest_of((struct slice){ typed, 63 }, list));
    known[63] = '\0';
    assert_ptr_equal(nearest_of((struct slice){ typed, 63 }, list), known);
    assert_ptr_equal(nearest_of((struct slice){ typed, 50 }, list), known); /* 13 of 63 are missing, 16 may be wrong */
}

/* The first of two that are equally near. */
static void earlier_word_wins(void **state)
{
    const char *const list[] = { "bat", "cat", NULL };

    (void)state;
    assert_string_equal(nearest_of(slice_of("rat"), list), "bat");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_is_the_word_that_was_meant),
        cmocka_unit_test(long_words_are_near_to_nothing),
        cmocka_unit_test(earlier_word_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
