/* bytes -> placeholders_translate: what is in quotes and comments comes out as it went in, and in the same order; every number in the result stands for a
 * value, and every value has one. The first byte says how many parameters there are, and whether they have names. */
#include <stdlib.h>
#include <string.h>

#include "destination/sql/placeholders.h"
#include "check.h"

#define NAMES 4

static bool next_of_kind(const char *sql, const char **at, enum sql_token_kind kind, struct sql_token *token)
{
    while (sql_token_next(sql, *at, token)) {
        check(token->text.text == *at && token->text.length, "a token of nothing");
        *at += token->text.length;
        if (token->kind == kind)
            return true;
    }
    return false;
}

static void check_quoted(const char *before, const char *after)
{
    const char *a = before, *b = after;
    struct sql_token wanted, got;

    while (next_of_kind(before, &a, SQL_QUOTED, &wanted))
        check(next_of_kind(after, &b, SQL_QUOTED, &got) && slice_equal(wanted.text, got.text), "what is quoted has changed");
    check(!next_of_kind(after, &b, SQL_QUOTED, &got), "something is quoted that was not");
}

static void check_numbers(const struct placeholders *result, size_t count)
{
    const char *at = result->sql;
    struct sql_token token;
    size_t highest = 0;

    while (next_of_kind(result->sql, &at, SQL_NUMBER, &token)) {
        size_t number = strtoul(token.name.text, NULL, 10);

        check(token.text.text[0] == '$' && number >= 1 && number <= highest + 1, "a number that is not the next one");
        highest = number > highest ? number : highest;
    }
    check(highest == result->count && result->count == count, "a value without place-holder, or the other way round");
    for (size_t i = 0; i < count; i++)
        check(result->order[i] < count, "a value that there is not");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slice names[NAMES] = { { "a", 1 }, { "b", 1 }, { "name", 4 }, { "s", 1 } };
    struct arena arena = { 0 };
    struct spile_error err = { 0 };
    struct placeholders result;
    char *sql;
    size_t count;

    if (!size)
        return 0;
    sql = malloc(size); /* not strndup: ASan would have it look behind the end */
    check(sql, "out of memory");
    memcpy(sql, data + 1, size - 1);
    sql[size - 1] = '\0';
    count = data[0] % (NAMES + 1);
    if (placeholders_translate(&result, sql, data[0] & 0x80 ? names : NULL, count, &arena, &err)) {
        check(err.status == SPILE_USAGE && err.message[0], "an error that says too little");
    } else if (count) {
        check_quoted(sql, result.sql);
        check_numbers(&result, count);
    } else {
        check(strcmp(sql, result.sql) == 0, "changed, though there are no parameters");
    }
    arena_release(&arena);
    free(sql);
    return 0;
}
