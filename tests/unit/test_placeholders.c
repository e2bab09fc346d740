/* Place-holders become $1, $2, ... Expected texts follow from the rules in placeholders.h, and from the grammars: of literals and comments those of
 * Postgres, which DuckDB has taken over; of place-holders those of psycopg2, sqlite3, SQLAlchemy and DuckDB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "destination/sql/placeholders.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `names`: with blanks; NULL: the parameters are `count` values in order. `order`: digits, as in the translation. */
static const struct {
    const char *names;
    size_t count;
    const char *sql, *translated, *order;
} cases[] = {
    /* in order */
    { NULL, 1, "SELECT %s", "SELECT $1", "0" },
    { NULL, 2, "VALUES (%s, %s)", "VALUES ($1, $2)", "01" },
    { NULL, 2, "VALUES (%s,%s)", "VALUES ($1,$2)", "01" },
    { NULL, 2, "VALUES (?, ?)", "VALUES ($1, $2)", "01" },
    { NULL, 2, "SELECT $2, $1", "SELECT $1, $2", "10" },
    { NULL, 2, "SELECT $1, $2, $1", "SELECT $1, $2, $1", "01" },
    { NULL, 2, "SELECT ?2, ?1", "SELECT $1, $2", "10" },
    { NULL, 11, "? ? ? ? ? ? ? ? ? ? ?", "$1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $11", "0123456789:" },
    { NULL, 1, "SELECT x=%s;", "SELECT x=$1;", "0" },
    { NULL, 1, "x=1 AND?", "x=1 AND $1", "0" },    /* AND$1 would be a name */
    { NULL, 2, "?AND ?", "$1 AND $2", "01" },
    { NULL, 1, "SELECT?+1", "SELECT $1+1", "0" },
    { NULL, 1, "a ?", "a $1", "0" },
    /* without parameters all stays */
    { NULL, 0, "SELECT 5 % 2, '%s', %s, ?, $1, :a, 'a%%', 5 %% 2, ??", "SELECT 5 % 2, '%s', %s, ?, $1, :a, 'a%%', 5 %% 2, ??", "" },
    /* by name */
    { "a b", 2, "SELECT %(b)s, %(a)s", "SELECT $1, $2", "10" },
    { "a b", 2, "SELECT :b, :a, :b", "SELECT $1, $2, $1", "10" },
    { "a b", 2, "SELECT $b,$a", "SELECT $1,$2", "10" },
    { "a b", 2, "x=%(a)s AND y=:b AND z=$a", "x=$1 AND y=$2 AND z=$1", "01" },
    { "\xC3\xA9t\xC3\xA9", 1, ":\xC3\xA9t\xC3\xA9", "$1", "0" },
    { "a_1", 1, "(:a_1)", "($1)", "0" },
    /* the percent sign */
    { NULL, 1, "%s %% 2", "$1 % 2", "0" },
    { NULL, 1, "%s % 2", "$1 % 2", "0" },
    { NULL, 1, "? %% 2", "$1 %% 2", "0" },
    { NULL, 1, "5 %size, %s", "5 %size, $1", "0" },
    { "a", 1, ":a % b", "$1 % b", "0" },
    { "a", 1, "%(a)s %% b", "$1 % b", "0" },
    { "a", 1, ":a %% b", "$1 %% b", "0" },
    { "a", 1, ":a + 5 %(b)", "$1 + 5 %(b)", "0" },
    /* literals, quoted names, comments */
    { NULL, 1, "'%s' ?", "'%s' $1", "0" },
    { NULL, 1, "'it''s ?' || ?", "'it''s ?' || $1", "0" },
    { NULL, 1, "LIKE 'a%%' AND %s", "LIKE 'a%%' AND $1", "0" },
    { NULL, 1, "'\\' || ?", "'\\' || $1", "0" },             /* a backslash is nothing special */
    { NULL, 1, "E'\\'?' || ?", "E'\\'?' || $1", "0" },       /* but here */
    { NULL, 1, "e'\\\\' || ?", "e'\\\\' || $1", "0" },
    { NULL, 1, "be'\\' || ?", "be'\\' || $1", "0" },
    { NULL, 1, "\"a?\"\"%s\" = ?", "\"a?\"\"%s\" = $1", "0" },
    { NULL, 1, "`a?` = ?", "`a?` = $1", "0" },
    { NULL, 1, "-- ? %s\n?", "-- ? %s\n$1", "0" },
    { NULL, 1, "--?\r?", "--?\r$1", "0" },
    { NULL, 1, "/* ? /* ? */ ? */ ?", "/* ? /* ? */ ? */ $1", "0" },
    { NULL, 1, "/*/ ? */ ?", "/*/ ? */ $1", "0" },
    { NULL, 1, "5 - ? / 2 * 3", "5 - $1 / 2 * 3", "0" },
    { NULL, 1, "$$ ? $a $$ || ?", "$$ ? $a $$ || $1", "0" },
    { NULL, 1, "$a$ ? $$ $b$ $a$ || ?", "$a$ ? $$ $b$ $a$ || $1", "0" },
    { "a", 1, "$x$ :a $x$ || $a", "$x$ :a $x$ || $1", "0" },
    { NULL, 1, "? || 'open ?", "$1 || 'open ?", "0" },
    { NULL, 1, "? /* open ?", "$1 /* open ?", "0" },
    { NULL, 1, "? $x$ open ?", "$1 $x$ open ?", "0" },
    /* names with a dollar sign */
    { "b", 1, "a$b + $b", "a$b + $1", "0" },
    { "a$b", 1, ":a$b", "$1", "0" },
    { NULL, 1, "a$1 + $1", "a$1 + $1", "0" },
    /* casts, slices, structs, arguments */
    { "text", 1, ":text::text", "$1 ::text", "0" },
    { NULL, 1, "?::text", "$1 ::text", "0" },
    { "n", 1, "x[1:n] + :n", "x[1:n] + $1", "0" },
    { "n", 1, "x[:n]", "x[$1]", "0" },
    { "e", 1, "x[:e'1'] + :e", "x[:e'1'] + $1", "0" },
    { "b", 1, "{'a':b, \"c\":b, 'd':'e'} = :b", "{'a':b, \"c\":b, 'd':'e'} = $1", "0" },
    { "x", 1, "f(x := :x)", "f(x := $1)", "0" },
    { NULL, 1, "f(:a, $b, %s)", "f(:a, $b, $1)", "0" },
    /* operators of JSON */
    { NULL, 1, "j ?? 'a' AND x = ?", "j ? 'a' AND x = $1", "0" },
    { NULL, 1, "j ??1 AND x = ?", "j ? 1 AND x = $1", "0" },
    { NULL, 1, "j ? 'a' AND x = %s", "j ? 'a' AND x = $1", "0" },
    { NULL, 1, "j ? 'a' AND x = $1", "j ? 'a' AND x = $1", "0" },
    { NULL, 1, "j ?| a AND j ?& a AND j @? p AND x = ?", "j ?| a AND j ?& a AND j @? p AND x = $1", "0" },
    { NULL, 1, "?||'a'", "$1||'a'", "0" },
    { "a", 1, "j ? :a", "j ? $1", "0" },
};

/* And what is wrong: the whole message, where, and what is in the hint. */
static const struct {
    const char *names;
    size_t count;
    const char *sql, *message, *where, *hint;
} failures[] = {
    { NULL, 1, "SELECT %s, %s", "place-holder %s has no value: 1 is given", "line 1, column 12 of the statement", "" },
    { NULL, 2, "SELECT\n  '\xC3\xA9', ?, ?,\n ?", "place-holder ? has no value: 2 are given", "line 3, column 2 of the statement", "" },
    { NULL, 2, "'\xC3\xA9' $3", "place-holder $3 has no value: 2 are given", "line 1, column 5 of the statement", "" },
    { NULL, 1, "$0", "place-holder $0 has no value: 1 is given", "line 1, column 1 of the statement", "" },
    { NULL, 1, "$18446744073709551617", "place-holder $18446744073709551617 has no value: 1 is given", "line 1, column 1 of the statement", "" },
    { NULL, 2, "SELECT ?", "parameter 2 is not used: 2 are given, and the statement takes 1", "", "$2 where its value belongs" },
    { NULL, 1, "SELECT '?'", "parameter 1 is not used: 1 is given, and the statement takes 0", "", "leave it out" },
    { NULL, 2, "SELECT $2", "parameter 1 is not used: 2 are given, and the statement takes 1", "", "$1 where its value belongs" },
    { NULL, 1, "SELECT %(a)s", "place-holder %(a)s has a name, but the parameters have none", "line 1, column 8 of the statement", "" },
    { NULL, 1, "SELECT :a", "parameter 1 is not used: 1 is given, and the statement takes 0", "", "" },
    { NULL, 1, "SELECT %s, $1", "place-holder $1 has a number, but others are %s", "line 1, column 12 of the statement", "" },
    { "a", 1, "SELECT %s", "place-holder %s has no name, but the parameters have", "line 1, column 8 of the statement", "" },
    { "a", 1, "SELECT $1", "place-holder $1 has no name, but the parameters have", "line 1, column 8 of the statement", "" },
    { "a b", 2, "SELECT :a, :c", "place-holder :c has no value", "line 1, column 12 of the statement", "the parameters are: a, b" },
    { "a", 1, "SELECT %(A)s", "place-holder %(A)s has no value", "line 1, column 8 of the statement", "the parameters are: a" },
    { "a b", 2, "SELECT :a", "parameter \"b\" is not used in the statement", "", ":name" },
};

/* Splits at blanks. NULL stays. */
static const struct slice *names_of(const char *names, struct slice slices[8])
{
    struct slice rest = slice_of(names ? names : "");

    for (size_t i = 0; names && text_next(&rest, ' ', &slices[i]); i++)
        ;
    return names ? slices : NULL;
}

static void statements_are_translated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena arena = { 0 };
        struct slice slices[8];
        struct placeholders got;
        struct spile_error err = { 0 };

        if (placeholders_translate(&got, cases[i].sql, names_of(cases[i].names, slices), cases[i].count, &arena, &err))
            fail_msg("%s: %s", cases[i].sql, err.message);
        if (strcmp(got.sql, cases[i].translated) || got.count != strlen(cases[i].order))
            fail_msg("%s:\n%s, %zu values, not\n%s", cases[i].sql, got.sql, got.count, cases[i].translated);
        for (size_t j = 0; j < got.count; j++)
            assert_int_equal(got.order[j], cases[i].order[j] - '0');
        arena_release(&arena);
    }
}

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct arena arena = { 0 };
        struct slice slices[8];
        struct placeholders got;
        struct spile_error err = { 0 };

        assert_int_equal(placeholders_translate(&got, failures[i].sql, names_of(failures[i].names, slices), failures[i].count, &arena, &err), SPILE_USAGE);
        assert_string_equal(err.message, failures[i].message);
        assert_string_equal(err.where, failures[i].where);
        if (!strstr(err.hint, failures[i].hint))
            fail_msg("%s: the hint is \"%s\"", failures[i].sql, err.hint);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_are_translated),
        cmocka_unit_test(what_does_not_fit_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
