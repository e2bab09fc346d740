/* Expected matches are those of dlt 1.31 (dlt.common.jsonpath, with jsonpath-ng): find_values, of which the first counts; a path that is
 * but a key looks it up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "data/json.h"
#include "extract/jsonpath.h"
#include "json_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ORDER "{'a':{'b':1,'c':[{'d':2},{'d':3,'b':9}]},'b':4}"
#define LISTS "{'l':[1,2,[3,4],{'x':5}],'a':[]}"
#define KEYS                                                                                                         \
    "{'a.b':7,'a':{'b':8,'*':1},'null':5,'true':6,'0':9,'x-y':1,'@t':2,'*':11,'$':12,'a b':13,'it\\u0027s':14," \
    "'\\u00e9':15,'where':16,'2024_sum':17}"
#define NULLS "{'a':null,'b':{'a':null,'c':false},'d':''}"

#define MIXED "{'a':{'b':[{'c':5},{'c':6}],'x':1},'ts':3,'l':[1,[2,3],{'k':4}],'n':null,'a.b':7,'a b':8,'*':9}"

/* A path, a document, and the first match; NULL: there is none. */
static const struct {
    const char *path, *document, *found;
} matches[] = {
    { "a", ORDER, "{'b':1,'c':[{'d':2},{'d':3,'b':9}]}" },
    { "b", ORDER, "4" },
    { "c", ORDER, NULL },
    { "a.b", ORDER, "1" },
    { "$.a.b", ORDER, "1" },
    { "@.a.b", ORDER, "1" },
    { "a.@.b", ORDER, "1" },
    { "$", "{'a':1}", "{'a':1}" },
    { "@", "{'a':1}", "{'a':1}" },
    { "a", "[{'a':1}]", NULL },
    { "a", "'a'", NULL },
    { "a.b.c", ORDER, NULL },
    { "a.c.d", ORDER, NULL },
    { "a.c[0].d", ORDER, "2" },
    { "a.c[1].d", ORDER, "3" },
    { "a.c[-1].d", ORDER, "3" },
    { "a.c[2].d", ORDER, NULL },
    { "a.c[-3].d", ORDER, NULL },
    { "a.c[*].d", ORDER, "2" },
    { "a.c[*].b", ORDER, "9" },
    { "a.c.*.d", ORDER, "2" },
    { "a.*", ORDER, "1" },
    { "*", ORDER, "{'b':1,'c':[{'d':2},{'d':3,'b':9}]}" },
    { "$.*.c[0]", ORDER, "{'d':2}" },
    { "$..d", ORDER, "2" },
    { "$..b", ORDER, "4" },
    { "a..b", ORDER, "1" },
    { "a..c..b", ORDER, "9" },
    { "$..c[1].d", ORDER, "3" },
    { "$..*.d", ORDER, "2" },
    { "$..*", ORDER, "{'b':1,'c':[{'d':2},{'d':3,'b':9}]}" },
    { "$..[1].b", ORDER, "9" },
    { "$..['z','d']", ORDER, "2" },
    { "a..@", ORDER, "{'b':1,'c':[{'d':2},{'d':3,'b':9}]}" },
    { "$..z", ORDER, NULL },
    { "l[0]", LISTS, "1" },
    { "l[-1].x", LISTS, "5" },
    { "l[2][1]", LISTS, "4" },
    { "l[9]", LISTS, NULL },
    { "l[0:2]", LISTS, "1" },
    { "l[1:]", LISTS, "2" },
    { "l[:1]", LISTS, "1" },
    { "l[::-1]", LISTS, "{'x':5}" },
    { "l[-2:-1]", LISTS, "[3,4]" },
    { "l[3:0:-2]", LISTS, "{'x':5}" },
    { "l[5:]", LISTS, NULL },
    { "l[1:0]", LISTS, NULL },
    { "l[::0]", LISTS, NULL },
    { "l[9,1]", LISTS, "2" },
    { "l[1, 0]", LISTS, "2" },
    { "l[ 0 ]", LISTS, "1" },
    { "l.[1]", LISTS, "2" },
    { "l.*", LISTS, "1" },
    { "l.0", LISTS, NULL },
    { "[0]", LISTS, NULL },
    { "[0]", "[7,8]", "7" },
    { "[*]", "[7,8]", "7" },
    { "[*]", "{'a':7}", "7" },
    { "[1:]", "[7,8]", "8" },
    { "[1:]", "{'a':7}", NULL },
    { "a[0]", LISTS, NULL },
    { "a[*]", LISTS, NULL },
    { "l[3]", LISTS, "{'x':5}" },
    { "l[0].x", LISTS, NULL },
    { "l[*].x", LISTS, "5" },
    { "l[99999999999999999999]", LISTS, NULL },
    { "a.b", KEYS, "8" },
    { "'a.b'", KEYS, "7" },
    { "\"a.b\"", KEYS, "7" },
    { "['a.b']", KEYS, "7" },
    { "$[\"a.b\"]", KEYS, "7" },
    { "a['b']", KEYS, "8" },
    { "a[b]", KEYS, "8" },
    { "[a]", KEYS, "{'b':8,'*':1}" },
    { "['a']['b']", KEYS, "8" },
    { "['a'].b", KEYS, "8" },
    { "a.'b'", KEYS, "8" },
    { "a.'*'", KEYS, "1" },
    { "'*'", KEYS, "11" },
    { "['*']", KEYS, "11" },
    { "'$'", KEYS, "12" },
    { "null", KEYS, "5" },
    { "$.true", KEYS, "6" },
    { "0", KEYS, "9" },
    { "$.0", KEYS, "9" },
    { "x-y", KEYS, "1" },
    { "@t", KEYS, "2" },
    { "$.@t", KEYS, "2" },
    { "'a b'", KEYS, "13" },
    { "'it\\'s'", KEYS, "14" },
    { "\"it's\"", KEYS, "14" },
    { "'\xC3\xA9'", KEYS, "15" },
    { " a . b ", KEYS, "8" },
    { "a\n.b", KEYS, "8" },
    { "a.z,b", KEYS, "8" },
    { "['z', 'null']", KEYS, "5" },
    { "[z, null]", KEYS, "5" },
    { "null,z", KEYS, "5" },
    { "a,z.b", KEYS, "8" },
    { "''", "{'':1}", "1" },
    { "['']", "{'':1}", "1" },
    { "a", NULLS, "null" },
    { "b.a", NULLS, "null" },
    { "a.b", NULLS, NULL },
    { "b.c", NULLS, "false" },
    { "d", NULLS, "''" },
    { "$..a", NULLS, "null" },
    { "['z','a']", NULLS, "null" },
    { "ts", MIXED, "3" },
    { "['a.b']", MIXED, "7" },
    { "'a b'", MIXED, "8" },
    { "n", MIXED, "null" },
    { "a-b", MIXED, NULL },
    { "1", MIXED, NULL },
    { "_dlt", MIXED, NULL },
    { "$.ts", MIXED, "3" },
    { "a.b[0].c", MIXED, "5" },
    { "a.b.[0].c", MIXED, "5" },
    { "a. b", MIXED, "[{'c':5},{'c':6}]" },
    { "a.b[-1].c", MIXED, "6" },
    { "a.b[5].c", MIXED, NULL },
    { "a.b[0,1].c", MIXED, "5" },
    { "a.b[5,1].c", MIXED, "6" },
    { "a.b[0:1]['c']", MIXED, "5" },
    { "a.b[1:]['c']", MIXED, "6" },
    { "a.b.*", MIXED, "{'c':5}" },
    { "*", MIXED, "{'b':[{'c':5},{'c':6}],'x':1}" },
    { "l[1][0]", MIXED, "2" },
    { "l[::-1]", MIXED, "{'k':4}" },
    { "l[-2:]", MIXED, "[2,3]" },
    { "l[*].k", MIXED, "4" },
    { "$..b[0].c", MIXED, "5" },
    { "$..*", MIXED, "{'b':[{'c':5},{'c':6}],'x':1}" },
    { "['none','n','ts']", MIXED, "null" },
    { "$['a b']", MIXED, "8" },
    { "a['x']", MIXED, "1" },
    { "a[0]", MIXED, NULL }, /* an index is of lists only */
    { "a.x[0]", MIXED, NULL },
    { "a.x[*]", MIXED, NULL },
    { "x.y", MIXED, NULL },
    { "$", MIXED, MIXED },
};

/* What jsonpath-ng refuses, and would mean nothing else. */
static const struct {
    const char *path, *document, *found;
} more_matches[] = {
    { "\xC3\xA9", KEYS, "15" },
    { "$.\xC3\xA9", KEYS, "15" },
    { "where", KEYS, "16" },
    { "2024_sum", KEYS, "17" },
};

static void check_match(const char *path, const char *json, const char *want)
{
    char *text = quoted(json), *wanted = want ? quoted(want) : NULL;
    yyjson_doc *doc = json_text_parse(text, strlen(text));
    struct jsonpath *compiled;
    struct document found;
    struct text got = { 0 };
    struct spile_error err = { 0 };

    assert_non_null(doc);
    if (jsonpath_compile(&compiled, path, &err))
        fail_msg("%s: %s", path, err.message);
    if (jsonpath_first(compiled, (struct document){ yyjson_doc_get_root(doc) }, &found))
        json_write(&got, found);
    if (!got.text != !wanted || (wanted && strcmp(got.text, wanted)))
        fail_msg("%s in %s: got %s, want %s", path, text, got.text ? got.text : "nothing", wanted ? wanted : "nothing");
    text_release(&got);
    jsonpath_free(compiled);
    yyjson_doc_free(doc);
    free(wanted);
    free(text);
}

static void first_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(matches); i++)
        check_match(matches[i].path, matches[i].document, matches[i].found);
    for (size_t i = 0; i < COUNT(more_matches); i++)
        check_match(more_matches[i].path, more_matches[i].document, more_matches[i].found);
}

/* All matches, in dlt's order. */
static const struct {
    const char *path, *document, *found;
} all_matches[] = {
    { "a", ORDER, "{'b':1,'c':[{'d':2},{'d':3,'b':9}]}" },
    { "z", ORDER, "" },
    { "$", "{'a':1}", "{'a':1}" },
    { "*", NULLS, "null {'a':null,'c':false} ''" },
    { "b,a", NULLS, "{'a':null,'c':false} null" },
    { "a.c[*].d", ORDER, "2 3" },
    { "a.c[*].b", ORDER, "9" },
    { "$..b", ORDER, "4 1 9" },
    { "$..['d','b']", ORDER, "4 1 2 3 9" },
    { "l[0:2]", LISTS, "1 2" },
    { "l[::-2]", LISTS, "{'x':5} 2" },
    { "l[-1,0,9]", LISTS, "{'x':5} 1" },
    { "$..[0]", LISTS, "1 3" },
};

static bool tell(void *user, struct document match)
{
    struct text *told = user;

    if (told->length)
        text_putc(told, ' ');
    json_write(told, match);
    return false;
}

static void every_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all_matches); i++) {
        char *text = quoted(all_matches[i].document), *wanted = quoted(all_matches[i].found);
        yyjson_doc *doc = json_text_parse(text, strlen(text));
        struct jsonpath *path;
        struct text told = { 0 };

        assert_int_equal(jsonpath_compile(&path, all_matches[i].path, NULL), SPILE_OK);
        jsonpath_each(path, (struct document){ yyjson_doc_get_root(doc) }, tell, &told);
        if (strcmp(text_slice(&told).text, wanted))
            fail_msg("%s in %s: got %s, want %s", all_matches[i].path, text, text_slice(&told).text, wanted);
        text_release(&told);
        jsonpath_free(path);
        yyjson_doc_free(doc);
        free(wanted);
        free(text);
    }
}

/* Lists with commas, and the paths in them, each in angles. */
static const struct {
    const char *list, *paths;
} lists[] = {
    { "a", "<a>" },
    { "a, b.c ,$..d", "<a><b.c><$..d>" },
    { "", "<>" },
    { "a,,b,", "<a><><b><>" },
    { "a[b,c],d", "<a[b,c]><d>" },
    { "l[0,1], l[2]", "<l[0,1]><l[2]>" },
    { "'a,b',c", "<'a,b'><c>" },
    { "['a,]',\"b'\"],c", "<['a,]',\"b'\"]><c>" },
    { "'a\\',b',c", "<'a\\',b'><c>" },
    { "a],b", "<a]><b>" },
    { "a[b,c", "<a[b,c>" },
    { "'a,b", "<'a,b>" },
    { "'a\\", "<'a\\>" },
};

static void lists_of_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct slice rest = slice_of(lists[i].list), path;
        struct text told = { 0 };

        while (jsonpath_next(&rest, &path))
            text_printf(&told, "<%.*s>", (int)path.length, path.text);
        if (strcmp(told.text, lists[i].paths))
            fail_msg("%s: got %s, want %s", lists[i].list, told.text, lists[i].paths);
        text_release(&told);
    }
}

/* What is no path, or none here, and the words of the failure. Where jsonpath-ng takes it, it means something that is not supported. */
static const struct {
    const char *path, *words;
} bad_paths[] = {
    { "", "a key is expected, character 1" },
    { ".a", "a key is expected, character 1" },
    { "..d", "a key is expected, character 1" },
    { "a.", "a key is expected, character 3" },
    { "a..", "a key is expected, character 4" },
    { "a...b", "a key is expected, character 4" },
    { "$.", "a key is expected, character 3" },
    { "$a", "a dot or a bracket is expected, character 2" },
    { "$$", "a dot or a bracket is expected, character 2" },
    { "a.$", "a key is expected, character 3" },
    { "a b", "a dot or a bracket is expected, character 3" },
    { "a]", "a dot or a bracket is expected, character 2" },
    { "a,", "a key is expected, character 3" },
    { "a.@@", "a key is expected, character 3" },
    { "a.b#", "a dot or a bracket is expected, character 4" },
    { "\xC3\xA9#", "a dot or a bracket is expected, character 2" }, /* of characters, not of bytes */
    { "a[", "an index, a slice, * or a key is expected, character 3" },
    { "a[]", "an index, a slice, * or a key is expected, character 3" },
    { "a[+1]", "an index, a slice, * or a key is expected, character 3" },
    { "a[0", "a ] is expected, character 4" },
    { "a[1.5]", "a ] is expected, character 4" },
    { "a[0x]", "a ] is expected, character 4" },
    { "a[0,]", "an index is expected, character 5" },
    { "a[0,b]", "an index is expected, character 5" },
    { "a[b", "a ] is expected, character 4" },
    { "a['b", "a quote is not closed" },
    { "a['x'", "a ] is expected, character 6" },
    { "a.b[0]c", "a dot or a bracket is expected, character 7" },
    { "a['b']c", "a dot or a bracket is expected, character 7" },
    { "\"a", "a quote is not closed" },
    { "a[?(@.b)]", "filters can't be used here, character 3" },
    { "a[?b == 1]", "filters can't be used here, character 3" },
    { "`this`", "functions and groups can't be used here, character 1" },
    { "a.`parent`", "functions and groups can't be used here, character 3" },
    { "$.a.`len`", "functions and groups can't be used here, character 5" },
    { "(a).b", "functions and groups can't be used here, character 1" },
    { "a|b", "a dot or a bracket is expected, character 2" },
    { "a+b", "a dot or a bracket is expected, character 2" }, /* "ab" there */
    { "a where b", "a dot or a bracket is expected, character 3" },
};

static void bad_paths_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_paths); i++) {
        struct jsonpath *path;
        struct spile_error err = { 0 };

        assert_int_equal(jsonpath_compile(&path, bad_paths[i].path, &err), SPILE_USAGE);
        assert_null(path);
        assert_non_null(strstr(err.hint, "write key, a.b"));
        if (!strstr(err.message, "is no path: ") || !strstr(err.message, bad_paths[i].words))
            fail_msg("%s: got \"%s\", want \"%s\"", bad_paths[i].path, err.message, bad_paths[i].words);
    }
    jsonpath_free(NULL);
}

/* Paths, and the key that they are; NULL: they are more than one. */
static const struct {
    const char *path, *key;
} simple[] = {
    { "id", "id" }, { "'na.me'", "na.me" }, { "\"na$me\"", "na$me" }, { "['id']", "id" }, { "0", "0" },
    { "a-b", "a-b" }, { "_dlt", "_dlt" }, { "'*'", "*" },
    { "$.id", NULL }, { "@.id", NULL }, { "*", NULL }, { "a.b", NULL }, { "a[0]", NULL }, { "a,b", NULL }, { "$", NULL }, { "$..id", NULL },
};

static void simple_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(simple); i++) {
        struct jsonpath *path;
        const char *key;

        assert_int_equal(jsonpath_compile(&path, simple[i].path, NULL), SPILE_OK);
        key = jsonpath_simple_key(path);
        if (!key != !simple[i].key || (key && strcmp(key, simple[i].key)))
            fail_msg("%s: got %s, want %s", simple[i].path, key ? key : "none", simple[i].key ? simple[i].key : "none");
        jsonpath_free(path);
    }
}

/* A path of as many parts as there can be, in a document that nests as deep as one can; one part more is refused. */
static void as_long_and_as_deep_as_can_be(void **state)
{
    char json[2 * JSON_DEPTH_MAX + 3], text[64 * 4 + 8] = "";
    yyjson_doc *doc;
    struct jsonpath *path;
    struct document found;
    struct spile_error err = { 0 };

    (void)state;
    memset(json, '[', JSON_DEPTH_MAX);
    json[JSON_DEPTH_MAX] = '5';
    memset(json + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX);
    doc = json_text_parse(json, 2 * JSON_DEPTH_MAX + 1);
    assert_non_null(doc);
    for (int i = 0; i < 64; i++)
        strcat(text, "[0]");
    assert_int_equal(jsonpath_compile(&path, text, &err), SPILE_OK);
    assert_true(jsonpath_first(path, (struct document){ yyjson_doc_get_root(doc) }, &found));
    assert_int_equal(document_kind(found), DOCUMENT_LIST);
    jsonpath_free(path);
    assert_int_equal(jsonpath_compile(&path, strcat(text, "[0]"), &err), SPILE_USAGE);
    assert_non_null(strstr(err.message, "it has too many parts"));
    assert_int_equal(jsonpath_compile(&path, "$..none", &err), SPILE_OK);
    assert_false(jsonpath_first(path, (struct document){ yyjson_doc_get_root(doc) }, &found));
    jsonpath_free(path);
    yyjson_doc_free(doc);
}

/* Of a key that comes twice the last one counts, as json.loads has it. */
static void keys_that_come_twice(void **state)
{
    (void)state;
    check_match("a", "{'a':1,'a':2}", "2");
    check_match("$.a", "{'a':1,'a':2}", "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_matches), cmocka_unit_test(bad_paths_are_refused),         cmocka_unit_test(simple_keys),
        cmocka_unit_test(as_long_and_as_deep_as_can_be), cmocka_unit_test(keys_that_come_twice),
        cmocka_unit_test(every_match), cmocka_unit_test(lists_of_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
