/* Paths of cursors. Expected values: the first match of the Python package jsonpath-ng 1.16, as dlt 1.31 calls it (dlt.common.jsonpath.find_values). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "extract/jsonpath.h"
#include "json_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char document[] = "{'a':{'b':[{'c':5},{'c':6}],'x':1},'ts':3,'l':[1,[2,3],{'k':4}],'n':null,'a.b':7,'a b':8,'*':9}";

/* A path, its first match (NULL: none), and whether it is but a key. */
static const struct {
    const char *path, *want;
    bool simple;
} paths[] = {
    { "ts", "3", true },
    { "['a.b']", "7", true },
    { "\"a.b\"", "7", true },
    { "'a b'", "8", true },
    { "'*'", "9", true },
    { "['*']", "9", true },
    { "n", "null", true },
    { "a-b", NULL, true },
    { "1", NULL, true },
    { "_dlt", NULL, true },
    { "$.ts", "3", false },
    { "@.ts", "3", false },
    { "a.b[0].c", "5", false },
    { "a.b.[0].c", "5", false },
    { "a. b", "[{'c':5},{'c':6}]", false },
    { "a.b[*].c", "5", false },
    { "a.b[-1].c", "6", false },
    { "a.b[5].c", NULL, false },
    { "a.b[0,1].c", "5", false },
    { "a.b[5,1].c", "6", false },
    { "a.b[0:1]['c']", "5", false },
    { "a.b[1:]['c']", "6", false },
    { "a.*", "[{'c':5},{'c':6}]", false },
    { "a.b.*", "{'c':5}", false },
    { "*", "{'b':[{'c':5},{'c':6}],'x':1}", false },
    { "l[1][0]", "2", false },
    { "l[1:]", "[2,3]", false },
    { "l[::-1]", "{'k':4}", false },
    { "l[-2:]", "[2,3]", false },
    { "l[*].k", "4", false },
    { "l.*", "1", false },
    { "$..c", "5", false },
    { "a..c", "5", false },
    { "$..b[0].c", "5", false },
    { "$..k", "4", false },
    { "$..*", "{'b':[{'c':5},{'c':6}],'x':1}", false },
    { "['none','n','ts']", "null", false },
    { "$['a b']", "8", false },
    { "a['x']", "1", false },
    { "a[0]", NULL, false }, /* an index is of lists only */
    { "a.x[0]", NULL, false },
    { "a.x[*]", NULL, false },
    { "x.y", NULL, false },
    { "$", document, false },
};

static void first_matches(void **state)
{
    char *text = quoted(document);
    yyjson_doc *doc = json_text_parse(text, strlen(text));

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct jsonpath *path;
        struct document found;
        struct spile_error err = { 0 };
        struct text got = { 0 };
        char *want = paths[i].want ? quoted(paths[i].want) : strdup("nothing");

        if (jsonpath_compile(&path, paths[i].path, &err))
            fail_msg("\"%s\": %s", paths[i].path, err.message);
        if (jsonpath_first(path, (struct document){ yyjson_doc_get_root(doc) }, &found))
            json_write(&got, found);
        else
            text_puts(&got, "nothing");
        if (strcmp(got.text, want) || !!jsonpath_simple_key(path) != paths[i].simple)
            fail_msg("\"%s\": got %s%s, want %s", paths[i].path, got.text, jsonpath_simple_key(path) ? " (simple)" : "", want);
        text_release(&got);
        jsonpath_free(path);
        free(want);
    }
    yyjson_doc_free(doc);
    free(text);
}

/* No paths, and a piece of the reason. jsonpath-ng refuses the first ones, too; filters, functions and unions are not for cursors. */
static const struct {
    const char *path, *words;
} bad[] = {
    { "", "a key is expected, character 1" },
    { "$.", "a key is expected, character 3" },
    { "a..", "a key is expected" },
    { "..c", "a key is expected" },
    { "a[", "is expected" },
    { "a b", "a dot or a bracket is expected, character 3" },
    { "a.b[0]c", "a dot or a bracket is expected" },
    { "$ts", "a dot or a bracket is expected" },
    { "a['x", "a quote is not closed" },
    { "a['x'", "a ] is expected" },
    { "a[1", "a ] is expected" },
    { "a[x]", "an index, a slice, * or a key in quotes" },
    { "a[1,x]", "an index is expected" },
    { "a.b[?(@.c>5)].c", "filters can't be used here" },
    { "a|ts", "a dot or a bracket is expected" },
    { "$.a.`len`", "a key is expected" },
};

static void bad_paths(void **state)
{
    char long_path[1024] = "a";

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct jsonpath *path;
        struct spile_error err = { 0 };

        if (jsonpath_compile(&path, bad[i].path, &err) != SPILE_USAGE || path || !strstr(err.message, bad[i].words))
            fail_msg("\"%s\": got \"%s\", want \"%s\"", bad[i].path, err.message, bad[i].words);
    }
    for (int i = 0; i < 100; i++)
        strcat(long_path, ".a");
    assert_int_equal(jsonpath_compile(&(struct jsonpath *){ NULL }, long_path, NULL), SPILE_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(first_matches), cmocka_unit_test(bad_paths) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
