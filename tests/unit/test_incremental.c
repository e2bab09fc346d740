/* Expected runs, states and hashes are those of dlt 1.31: its Incremental, bound to a state of ours, has decided about the same items;
 * orders of numbers are Python's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <spile/spile.h>

#include "data/document.h"
#include "extract/cursor.h"
#include "extract/incremental.h"
#include "extract/lag.h"
#include "extract/row_hash.h"
#include "../conformance/typed_script.h"
#include "json_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

/* dlt's marks of types in a state. */
#define DECIMAL "\xEF\x80\xA6"
#define DATETIME "\xEF\x80\xA7"
#define DATE "\xEF\x80\xA8"
#define UUID_MARK "\xEF\x80\xA9"
#define HEX_MARK "\xEF\x80\xAA"
#define BYTES "\xEF\x80\xAB"
#define WEI "\xEF\x80\xAC"
#define TIME "\xEF\x80\xAD"

/* Options, the resource's key, runs of pages of items; the ids of the items that pass, runs apart by /; the state after the last run, NULL:
 * none. */
static const struct {
    const char *name;
    struct spile_incremental options;
    const char *key, *runs, *passed, *state;
} cases[] = {
    { "first and second run", { .cursor = "ts", .initial = "1" }, "id",
      "[[[{'id':1,'ts':1},{'id':2,'ts':2},{'id':3,'ts':2}]],[[{'id':2,'ts':2},{'id':4,'ts':2},{'id':5,'ts':1}]]]",
      "1,2,3/4",
      "{'initial_value':1,'last_value':2,'unique_hashes':['9ydaHrzwo9f8','Cn/dwi436vBb','Tp44cKMYfAuJ'],'start_value':2}" },
    { "lag", { .cursor = "ts", .initial = "1", .lag = 2 }, NULL,
      "[[[{'id':1,'ts':5},{'id':2,'ts':1}]],[[{'id':3,'ts':3},{'id':4,'ts':2},{'id':1,'ts':5}]],[[{'id':5,'ts':4}]],[]]",
      "1,2/3,1/5/",
      "{'initial_value':1,'last_value':5,'unique_hashes':[],'start_value':5}" },
    { "lag of times", { .cursor = "ts", .initial = "2024-01-01T00:00:00Z", .lag = 3600 }, NULL,
      "[[[{'id':1,'ts':'2024-01-02T10:00:00Z'}]],[[{'id':2,'ts':'2024-01-02T09:30:00Z'},{'id':3,'ts':'2024-01-02T08:30:00Z'}]]]",
      "1/2",
      "{'initial_value':'2024-01-01T00:00:00Z','last_value':'2024-01-02T10:00:00Z','unique_hashes':[],"
      "'start_value':'2024-01-02T10:00:00Z'}" },
    { "lag of dates", { .cursor = "ts", .initial = "2024-01-01", .lag = 1 }, NULL,
      "[[[{'id':1,'ts':'2024-01-05'}]],[[{'id':2,'ts':'2024-01-04'},{'id':3,'ts':'2024-01-03'}]]]",
      "1/2",
      "{'initial_value':'2024-01-01','last_value':'2024-01-05','unique_hashes':[],'start_value':'2024-01-05'}" },
    { "lag not beyond initial", { .cursor = "ts", .initial = "4", .lag = 10 }, NULL,
      "[[[{'id':1,'ts':5}]],[[{'id':2,'ts':4},{'id':3,'ts':3}]]]",
      "1/2",
      "{'initial_value':4,'last_value':5,'unique_hashes':[],'start_value':5}" },
    { "lag of the least", { .cursor = "ts", .initial = "9", .lag = 2, .last_value = SPILE_MIN }, NULL,
      "[[[{'id':1,'ts':5}]],[[{'id':2,'ts':7},{'id':3,'ts':8}]]]",
      "1/2",
      "{'initial_value':9,'last_value':5,'unique_hashes':[],'start_value':5}" },
    { "least", { .cursor = "ts", .initial = "10", .last_value = SPILE_MIN }, NULL,
      "[[[{'id':1,'ts':5},{'id':2,'ts':11},{'id':9,'ts':10}]],[[{'id':3,'ts':3},{'id':4,'ts':7}]]]",
      "1,9/3",
      "{'initial_value':10,'last_value':3,'unique_hashes':['9kc7nDXXEizC'],'start_value':5}" },
    { "end", { .cursor = "ts", .initial = "1", .end = "5" }, NULL,
      "[[[{'id':1,'ts':5},{'id':2,'ts':1},{'id':3,'ts':4}]]]",
      "2,3",
      NULL },
    { "end, open start, closed end", { .cursor = "ts", .initial = "1", .end = "5", .open_start = true, .closed_end = true }, NULL,
      "[[[{'id':1,'ts':5},{'id':2,'ts':1},{'id':3,'ts':4}]]]",
      "1,3",
      NULL },
    { "missing are included", { .cursor = "ts", .missing = SPILE_INCLUDE }, NULL,
      "[[[{'id':1,'ts':null},{'id':2},{'id':3,'ts':4}]],[[{'id':1,'ts':null},{'id':2},{'id':3,'ts':4}]]]",
      "1,2,3/1,2",
      "{'initial_value':null,'last_value':4,'unique_hashes':['v3JcIghcOp83'],'start_value':4}" },
    { "missing are excluded", { .cursor = "ts", .missing = SPILE_EXCLUDE }, NULL,
      "[[[{'id':1,'ts':null},{'id':2},{'id':3,'ts':4}]],[[{'id':1,'ts':null},{'id':2},{'id':3,'ts':4}]]]",
      "3/",
      "{'initial_value':null,'last_value':4,'unique_hashes':['v3JcIghcOp83'],'start_value':null}" },
    { "the same item twice", { .cursor = "ts" }, NULL,
      "[[[{'id':1,'ts':5},{'id':1,'ts':5}]],[[{'id':1,'ts':5},{'id':2,'ts':5}]]]",
      "1,1/2",
      "{'initial_value':null,'last_value':5,'unique_hashes':['/E+R7QIQbfCe','AsQda3p3Pe2H'],'start_value':5}" },
    { "texts", { .cursor = "ts" }, NULL,
      "[[[{'id':1,'ts':'2024-01-05'}]],[[{'id':2,'ts':'2024-01-06T00:00:00Z'}]]]",
      "1/2",
      "{'initial_value':null,'last_value':'2024-01-06T00:00:00Z','unique_hashes':['I6CJnHrtbfCb'],'start_value':'2024-01-05'}" },
    { "nested cursor", { .cursor = "a.b[0].c" }, NULL,
      "[[[{'id':1,'a':{'b':[{'c':5}]}}]],[[{'id':2,'a':{'b':[{'c':4}]}},{'id':3,'a':{'b':[{'c':6}]}}]]]",
      "1/3",
      "{'initial_value':null,'last_value':6,'unique_hashes':['QwPAXX6x1AWU'],'start_value':5}" },
    { "open start", { .cursor = "ts", .open_start = true }, NULL,
      "[[[{'id':1,'ts':5}]],[[{'id':1,'ts':5},{'id':2,'ts':5},{'id':3,'ts':6}]]]",
      "1/3",
      "{'initial_value':null,'last_value':6,'unique_hashes':[],'start_value':5}" },
    { "several keys", { .cursor = "ts" }, "id,ts",
      "[[[{'id':1,'ts':5},{'id':2,'ts':5}]],[[{'id':2,'ts':5},{'id':3,'ts':5}]]]",
      "1,2/3",
      "{'initial_value':null,'last_value':5,'unique_hashes':['PtFdsx6B36az','Vf7vAYkvLemk','qWyQY/iollR5'],'start_value':5}" },
    { "a key of its own", { .cursor = "ts", .primary_key = "ts" }, "id",
      "[[[{'id':1,'ts':5}]],[[{'id':2,'ts':5},{'id':3,'ts':6}]]]",
      "1/3",
      "{'initial_value':null,'last_value':6,'unique_hashes':['Idkwk/6E20TE'],'start_value':5}" },
    { "no key", { .cursor = "ts", .primary_key = "" }, "id",
      "[[[{'id':1,'ts':5}]],[[{'id':1,'ts':5}]]]",
      "1/1",
      "{'initial_value':null,'last_value':5,'unique_hashes':[],'start_value':5}" },
    { "pages", { .cursor = "ts" }, "id",
      "[[[{'id':1,'ts':5}],[{'id':2,'ts':5},{'id':3,'ts':4}],[{'id':4,'ts':6}],[{'id':5,'ts':6}]]]",
      "1,2,3,4,5",
      "{'initial_value':null,'last_value':6,'unique_hashes':['9ydaHrzwo9f8','tIXXf9wiHssy'],'start_value':null}" },
    { "bools are numbers", { .cursor = "ts" }, "id",
      "[[[{'id':1,'ts':true},{'id':2,'ts':1},{'id':3,'ts':1.0},{'id':4,'ts':0}]],[[{'id':5,'ts':1.5}]]]",
      "1,2,3,4/5",
      "{'initial_value':null,'last_value':1.5,'unique_hashes':['tIXXf9wiHssy'],'start_value':true}" },
    { "beyond 64 bits", { .cursor = "ts" }, "id",
      "[[[{'id':1,'ts':9223372036854775808},{'id':2,'ts':9.223372036854776e+18},{'id':3,'ts':9223372036854775809},{'id':4,"
      "'ts':9223372036854775807}]],[[{'id':5,'ts':1e+19},{'id':6,'ts':9223372036854775809}]]]",
      "1,2,3,4/5,6",
      "{'initial_value':null,'last_value':1e+19,'unique_hashes':['tIXXf9wiHssy'],'start_value':9223372036854775809}" },
    { "code points", { .cursor = "ts" }, "id",
      "[[[{'id':1,'ts':'\xF0\x9F\x98\x80" "'},{'id':2,'ts':'\xEF\xBF\xBF" "'},{'id':3,'ts':'\xC3\xA4" "'}]],[[{'id':4,"
      "'ts':'\xF0\x9F\x98\x81" "'},{'id':5,'ts':'z'}]]]",
      "1,2,3/4",
      "{'initial_value':null,'last_value':'\xF0\x9F\x98\x81" "','unique_hashes':['9ydaHrzwo9f8'],'start_value':'\xF0\x9F\x98\x80" "'}" },
    { "timestamps", { .cursor = "ts", .initial = "2024-01-01T00:00:00Z", .kind = SPILE_TIMESTAMP }, "id",
      "[[[{'id':1,'ts':{'$timestamp':'2024-01-01T00:00:00+02:00'}},{'id':2,'ts':{'$timestamp':'2024-01-01T02:00:00+02:00'}}]],"
      "[[{'id':2,'ts':{'$timestamp':'2024-01-01T00:00:00+00:00'}},{'id':3,'ts':{'$timestamp':'2024-01-01T00:00:00.000001+00:00'}}]]]",
      "2/3",
      "{'initial_value':'" DATETIME "2024-01-01T00:00:00+00:00','last_value':'" DATETIME "2024-01-01T00:00:00.000001+00:00','unique_hashes':['Cn/dwi436vBb'],"
      "'start_value':'" DATETIME "2024-01-01T00:00:00+00:00'}" },
    { "lag of timestamps", { .cursor = "ts", .lag = 3600 }, NULL,
      "[[[{'id':1,'ts':{'$timestamp':'2024-01-02T10:00:00+01:00'}}]],[[{'id':2,'ts':{'$timestamp':'2024-01-02T08:00:00+00:00'}},"
      "{'id':3,'ts':{'$timestamp':'2024-01-02T07:59:59+00:00'}}]]]",
      "1/2",
      "{'initial_value':null,'last_value':'" DATETIME "2024-01-02T10:00:00+01:00','unique_hashes':[],'start_value':'" DATETIME "2024-01-02T10:00:00+01:00'}" },
    { "typed dates", { .cursor = "ts", .initial = "2024-03-01", .kind = SPILE_DATE, .last_value = SPILE_MIN, .lag = 1.5 }, NULL,
      "[[[{'id':1,'ts':{'$date':'2024-02-28'}}]],[[{'id':2,'ts':{'$date':'2024-02-29'}},{'id':3,'ts':{'$date':'2024-03-01'}}]]]",
      "1/2",
      "{'initial_value':'" DATE "2024-03-01','last_value':'" DATE "2024-02-28','unique_hashes':[],'start_value':'" DATE "2024-02-28'}" },
    { "times", { .cursor = "ts", .initial = "10:00", .end = "12:00:00", .kind = SPILE_TIME }, NULL,
      "[[[{'id':1,'ts':{'$time':'09:59:59.999999'}},{'id':2,'ts':{'$time':'10:00:00'}},{'id':3,'ts':{'$time':'12:00:00'}}]]]",
      "2",
      NULL },
    { "decimals and numbers", { .cursor = "ts", .initial = "1", .kind = SPILE_DECIMAL }, NULL,
      "[[[{'id':1,'ts':{'$decimal':'0.99'}},{'id':2,'ts':1.5},{'id':3,'ts':{'$decimal':'1.50'}}]],[[{'id':4,'ts':{'$decimal':'1.4'}},{'id':5,'ts':2}]]]",
      "2,3/5",
      "{'initial_value':'" DECIMAL "1','last_value':2,'unique_hashes':['a3fzxTeoNXJd'],'start_value':1.5}" },
    { "nothing comes", { .cursor = "ts", .initial = "3" }, NULL,
      "[[],[]]",
      "/",
      "{'initial_value':3,'last_value':3,'unique_hashes':[],'start_value':3}" },
    { "nothing is new", { .cursor = "ts", .initial = "3" }, NULL,
      "[[[{'id':1,'ts':2}]]]",
      "",
      "{'initial_value':3,'last_value':3,'unique_hashes':[],'start_value':3}" },
};

/* With typed values. */
static yyjson_doc *document_of(const char *json)
{
    char *text = quoted(json);
    yyjson_mut_doc *typed = parse(text, strlen(text));
    yyjson_doc *doc;

    make_all_typed(yyjson_mut_doc_get_root(typed));
    doc = yyjson_mut_doc_imut_copy(typed, NULL);
    assert_non_null(doc);
    yyjson_mut_doc_free(typed);
    free(text);
    return doc;
}

/* One page; the ids of what passes go to `passed`. */
static enum spile_status take_page(struct incremental *inc, yyjson_val *page, struct text *passed, bool *enough, struct spile_error *err)
{
    yyjson_val *item;
    size_t i, count;

    yyjson_arr_foreach(page, i, count, item)
    {
        enum incremental_verdict verdict;
        enum spile_status status = incremental_take(inc, (struct document){ item }, &verdict, err);

        if (status)
            return status;
        if (verdict == INCREMENTAL_PASS)
            text_printf(passed, "%s%d", passed->length && passed->text[passed->length - 1] != '/' ? "," : "",
                        yyjson_get_int(yyjson_obj_get(item, "id")));
    }
    return incremental_end_page(inc, enough, err);
}

static enum spile_status take_run(struct incremental *inc, yyjson_val *pages, struct text *passed, struct spile_error *err)
{
    yyjson_val *page;
    size_t i, count;
    bool enough;
    enum spile_status status = SPILE_OK;

    yyjson_arr_foreach(pages, i, count, page)
    {
        status = take_page(inc, page, passed, &enough, err);
        if (status)
            break;
    }
    return status;
}

static void check_state(const char *name, yyjson_mut_val *state, const char *want)
{
    size_t length;
    char *got = state ? json_text_write(state, &length) : NULL, *wanted = want ? quoted(want) : NULL;

    if (!got != !wanted || (got && strcmp(got, wanted)))
        fail_msg("%s: got the state %s, want %s", name, got ? got : "none", wanted ? wanted : "none");
    free(got);
    free(wanted);
}

static void check_runs(const char *name, struct incremental *inc, const char *runs, const char *passed, const char *state_json,
                       const char *want)
{
    yyjson_doc *script = document_of(runs), *before = state_json ? document_of(state_json) : NULL;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *state = before ? yyjson_val_mut_copy(doc, yyjson_doc_get_root(before)) : NULL;
    struct text got = { 0 };
    struct spile_error err = { 0 };
    yyjson_val *pages;
    size_t i, count;
    bool failed = false;

    yyjson_arr_foreach(yyjson_doc_get_root(script), i, count, pages)
    {
        if (i)
            text_putc(&got, '/');
        if (incremental_begin(inc, state, &err) || take_run(inc, pages, &got, &err))
            fail_msg("%s: %s", name, err.message);
        state = incremental_state(inc, doc, &failed);
        assert_false(failed);
    }
    if (strcmp(text_slice(&got).text, passed))
        fail_msg("%s: got \"%s\", want \"%s\"", name, text_slice(&got).text, passed);
    check_state(name, state, want);
    text_release(&got);
    yyjson_mut_doc_free(doc);
    yyjson_doc_free(before);
    yyjson_doc_free(script);
}

static struct incremental *incremental_with(const struct spile_incremental *options, const char *key)
{
    struct incremental *inc;
    struct spile_error err = { 0 };

    if (incremental_new(&inc, "r", options, key, &err))
        fail_msg("%s", err.message);
    return inc;
}

static void runs_one_after_the_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct incremental *inc = incremental_with(&cases[i].options, cases[i].key);

        check_runs(cases[i].name, inc, cases[i].runs, cases[i].passed, NULL, cases[i].state);
        incremental_free(inc);
    }
}

/* States that others have left: hashes of dlt before 1.29 go on in their form until a value beyond the last one comes; values of types that
 * items can't have stay as long as nothing comes. */
static const struct {
    const char *name, *before, *runs, *passed, *after;
} states[] = {
    { "legacy hashes go on", "{'initial_value':null,'last_value':5,'unique_hashes':['Tp44cKMYfAuJiBfxLAqu'],'start_value':null}",
      "[[[{'id':2,'ts':5},{'id':1,'ts':5}]]]", "1",
      "{'initial_value':null,'last_value':5,'unique_hashes':['669czW83KR00ut4bv/U5','Tp44cKMYfAuJiBfxLAqu'],'start_value':5}" },
    { "legacy hashes end", "{'initial_value':null,'last_value':5,'unique_hashes':['Tp44cKMYfAuJiBfxLAqu'],'start_value':null}",
      "[[[{'id':2,'ts':5},{'id':2,'ts':6}]]]", "2",
      "{'initial_value':null,'last_value':6,'unique_hashes':['Tp44cKMYfAuJ'],'start_value':5}" },
    { "a state without all of its members", "{'last_value':5}", "[[[{'id':1,'ts':4},{'id':2,'ts':5}]]]", "2",
      "{'initial_value':null,'last_value':5,'unique_hashes':['Tp44cKMYfAuJ'],'start_value':5}" },
    { "an empty state", "{}", "[[[{'id':2,'ts':5}]]]", "2",
      "{'initial_value':null,'last_value':5,'unique_hashes':['Tp44cKMYfAuJ'],'start_value':null}" },
    { "a timestamp as dlt once had it",
      "{'initial_value':null,'last_value':'" DATETIME "2024-01-01T00:00:00Z','unique_hashes':['x'],'start_value':null}", "[[]]", "",
      "{'initial_value':null,'last_value':'" DATETIME "2024-01-01T00:00:00+00:00','unique_hashes':['x'],'start_value':null}" },
    { "types that items can't have stay", "{'initial_value':'" UUID_MARK "x','last_value':'" UUID_MARK "00','unique_hashes':[],'start_value':'" HEX_MARK "ff'}", "[[]]", "",
      "{'initial_value':'" UUID_MARK "x','last_value':'" UUID_MARK "00','unique_hashes':[],'start_value':'" HEX_MARK "ff'}" },
    { "an offset of before there were zones", "{'last_value':'" DATETIME "1893-04-01T00:00:00+00:53:28'}",
      "[[[{'id':1,'ts':{'$timestamp':'1893-03-31T23:06:31+00:00'}},{'id':2,'ts':{'$timestamp':'1893-03-31T23:06:32+00:00'}}]]]", "2",
      "{'initial_value':null,'last_value':'" DATETIME "1893-04-01T00:00:00+00:53:28','unique_hashes':['Tp44cKMYfAuJ'],'start_value':'" DATETIME
      "1893-04-01T00:00:00+00:53:28'}" },
    { "wei is a decimal", "{'last_value':'" WEI "5'}", "[[[{'id':1,'ts':{'$decimal':'4.9'}},{'id':2,'ts':5},{'id':3,'ts':{'$decimal':'5.0'}}]]]", "2,3",
      "{'initial_value':null,'last_value':'" WEI "5','unique_hashes':['Cn/dwi436vBb','Tp44cKMYfAuJ'],'start_value':'" WEI "5'}" },
    { "naive ones follow", "{'last_value':'" DATETIME "2024-01-01T10:00:00'}",
      "[[[{'id':1,'ts':{'$timestamp':'2024-01-01T10:59:59+01:00'}},{'id':2,'ts':{'$timestamp':'2024-01-01T10:00:00+00:00'}}]]]", "2",
      "{'initial_value':null,'last_value':'" DATETIME "2024-01-01T11:00:00+01:00','unique_hashes':['Tp44cKMYfAuJ'],'start_value':'" DATETIME
      "2024-01-01T10:00:00'}" },
    { "bytes", "{'last_value':'" BYTES "/w=='}", "[[[{'id':1,'ts':{'$binary':'fe'}},{'id':2,'ts':{'$binary':'ff00'}}]]]", "2",
      "{'initial_value':null,'last_value':'" BYTES "/wA=','unique_hashes':['Tp44cKMYfAuJ'],'start_value':'" BYTES "/w=='}" },
};

static void states_of_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(states); i++) {
        struct incremental *inc = incremental_with(&(struct spile_incremental){ .cursor = "ts" }, "id");

        check_runs(states[i].name, inc, states[i].runs, states[i].passed, states[i].before, states[i].after);
        incremental_free(inc);
    }
}

/* A null as `end` is none: the state is kept. */
static void an_end_that_is_null(void **state)
{
    struct incremental *inc = incremental_with(&(struct spile_incremental){ .cursor = "ts", .end = "null" }, "id");

    (void)state;
    check_runs("null", inc, "[[[{'id':2,'ts':5}],[{'id':2,'ts':5}]]]", "2,2", NULL,
               "{'initial_value':null,'last_value':5,'unique_hashes':['Tp44cKMYfAuJ'],'start_value':null}");
    assert_null(incremental_end(inc));
    incremental_free(inc);
}

/* ---- where drawing begins and ends ------------------------------------------------------------------------------------------------- */

/* The bounds that the first run is told of, with a state whose last value is `last`; NULL: none. */
static const struct {
    struct spile_incremental options;
    const char *last, *start, *end;
} bounds[] = {
    { { .cursor = "ts" }, NULL, NULL, NULL },
    { { .cursor = "ts", .initial = "5" }, NULL, "5", NULL },
    { { .cursor = "ts", .initial = "2024-01-01" }, NULL, "'2024-01-01'", NULL },
    { { .cursor = "ts", .initial = "'5'" }, NULL, "'5'", NULL },
    { { .cursor = "ts", .initial = "5" }, "7", "7", NULL },
    { { .cursor = "ts", .initial = "5", .end = "9" }, "7", "5", "9" },
    { { .cursor = "ts", .initial = "5", .lag = 1 }, "7", "6", NULL },
    { { .cursor = "ts", .initial = "5", .lag = 3 }, "7", "5", NULL },
    { { .cursor = "ts", .lag = 3 }, "7.5", "4.5", NULL },
    { { .cursor = "ts", .lag = 0.5 }, "7", "6", NULL }, /* Python's int() */
    { { .cursor = "ts", .lag = 3, .last_value = SPILE_MIN }, "7", "10", NULL },
    { { .cursor = "ts", .lag = 3600 }, "'2024-01-02T10:00:00+01:00'", "'2024-01-02T09:00:00+01:00'", NULL },
    { { .cursor = "ts", .lag = 1.5 }, "'2024-03-01T00:00:00.250000Z'", "'2024-02-29T23:59:58.750000Z'", NULL },
    { { .cursor = "ts", .lag = 1 }, "'20240301'", "'20240229'", NULL },
    { { .cursor = "ts", .initial = "5", .lag = 20 }, "9", "5", NULL },
    { { .cursor = "ts", .initial = "50", .lag = 2, .last_value = SPILE_MIN }, "9", "11", NULL },
    { { .cursor = "ts", .lag = 1 }, "'2024-03-01'", "'2024-02-29'", NULL },
    { { .cursor = "ts", .lag = 1 }, "'2024-01-01T00:00:00+02:00'", "'2023-12-31T23:59:59+02:00'", NULL },
    { { .cursor = "ts", .lag = 0.5 }, "'2024-01-01T00:00:00.250Z'", "'2023-12-31T23:59:59.750000Z'", NULL },
    { { .cursor = "ts", .initial = "2024-01-01", .lag = 1 }, "'2024-03-01T12:30:00Z'", "'2024-02-29T00:00:00Z'", NULL },
    { { .cursor = "ts", .initial = "2024-01-01T00:00:00Z", .lag = 86400 }, "'2024-03-01'", "'2024-02-29'", NULL },
    { { .cursor = "ts", .initial = "2024-01-01", .kind = SPILE_TIMESTAMP }, NULL, "'2024-01-01T00:00:00'", NULL },
    { { .cursor = "ts", .initial = "'2024-01-01 10:00:00.5Z'", .kind = SPILE_TIMESTAMP }, NULL, "'2024-01-01T10:00:00.500000+00:00'", NULL },
    { { .cursor = "ts", .initial = "12.50", .end = "1E+2", .kind = SPILE_DECIMAL }, "7", "'12.50'", "'1E+2'" },
    { { .cursor = "ts", .initial = "AP8=", .end = "AP//", .kind = SPILE_BINARY }, NULL, "'AP8='", "'AP//'" },
    { { .cursor = "ts", .initial = "null", .kind = SPILE_DATE }, NULL, NULL, NULL },
    { { .cursor = "ts", .lag = 86400.5 }, "'" DATETIME "2024-03-01T00:00:00+01:00'", "'2024-02-28T23:59:59.500000+01:00'", NULL },
    { { .cursor = "ts", .lag = 1.4e-6 }, "'" DATETIME "2024-03-01T00:00:00'", "'2024-02-29T23:59:59.999999'", NULL },
    { { .cursor = "ts", .lag = 1 }, "'" DATETIME "0001-01-01T01:00:01+01:00'", "'0001-01-01T01:00:00+01:00'", NULL },
    { { .cursor = "ts", .initial = "2024-02-29T12:00:00Z", .kind = SPILE_TIMESTAMP, .lag = 86400 }, "'" DATETIME "2024-03-01T00:00:00+01:00'",
      "'2024-02-29T12:00:00+00:00'", NULL },
    { { .cursor = "ts", .initial = "2024-01-01", .kind = SPILE_TIMESTAMP, .lag = 2 }, "'" DATE "2024-03-01'", "'2024-02-29T23:59:58'", NULL },
    { { .cursor = "ts", .lag = 0.5 }, "'" DATE "2024-03-01'", "'2024-02-29'", NULL },
    { { .cursor = "ts", .lag = 0.5, .last_value = SPILE_MIN }, "'" DATE "2024-03-01'", "'2024-03-01'", NULL },
    { { .cursor = "ts", .lag = 1e-13 }, "'" DATE "2024-03-01'", "'2024-03-01'", NULL },
};

static void check_bound(const char *got, const char *want)
{
    char *wanted = want ? quoted(want) : NULL;

    if (!got != !wanted || (got && strcmp(got, wanted)))
        fail_msg("got %s, want %s", got ? got : "none", wanted ? wanted : "none");
    free(wanted);
}

static struct incremental *incremental_quoted(struct spile_incremental options, const char *key)
{
    char *initial = options.initial ? quoted(options.initial) : NULL;
    struct incremental *inc;

    options.initial = initial;
    inc = incremental_with(&options, key);
    free(initial);
    return inc;
}

/* {"last_value": ...}; NULL: none. The caller frees the document. */
static yyjson_mut_doc *state_with(const char *last)
{
    char json[256];
    char *text;
    yyjson_mut_doc *doc;

    snprintf(json, sizeof(json), "{'last_value':%s}", last);
    text = quoted(json);
    doc = parse(text, strlen(text));
    free(text);
    return doc;
}

static void bounds_of_drawing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bounds); i++) {
        struct incremental *inc = incremental_quoted(bounds[i].options, NULL);
        yyjson_mut_doc *doc = bounds[i].last ? state_with(bounds[i].last) : NULL;
        struct spile_error err = { 0 };

        if (incremental_begin(inc, doc ? yyjson_mut_doc_get_root(doc) : NULL, &err))
            fail_msg("%s", err.message);
        check_bound(incremental_start(inc), bounds[i].start);
        check_bound(incremental_end(inc), bounds[i].end);
        assert_string_equal(incremental_key(inc), "ts");
        yyjson_mut_doc_free(doc);
        incremental_free(inc);
    }
}

/* Items in an order, and at which page there is enough; 0: at none. */
static const struct {
    struct spile_incremental options;
    const char *last, *pages;
    size_t enough;
} orders[] = {
    { { .cursor = "ts", .initial = "1", .end = "3", .order = SPILE_ASCENDING }, NULL, "[[{'ts':1}],[{'ts':2},{'ts':3}],[{'ts':4}]]", 2 },
    { { .cursor = "ts", .initial = "1", .end = "3", .order = SPILE_DESCENDING }, NULL, "[[{'ts':4}],[{'ts':1}],[{'ts':0}]]", 3 },
    { { .cursor = "ts", .order = SPILE_DESCENDING }, "2", "[[{'ts':4}],[{'ts':2}],[{'ts':1},{'ts':5}]]", 3 },
    { { .cursor = "ts", .order = SPILE_DESCENDING, .open_start = true }, "2", "[[{'ts':4}],[{'ts':2}]]", 2 },
    { { .cursor = "ts", .order = SPILE_ASCENDING }, "2", "[[{'ts':1}],[{'ts':2}],[{'ts':5}]]", 0 },
    { { .cursor = "ts", .initial = "1", .end = "3" }, NULL, "[[{'ts':5}],[{'ts':0}]]", 0 },
};

static void an_order_ends_the_drawing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct incremental *inc = incremental_with(&orders[i].options, NULL);
        yyjson_mut_doc *before = orders[i].last ? state_with(orders[i].last) : NULL;
        yyjson_doc *pages = document_of(orders[i].pages);
        struct text passed = { 0 };
        yyjson_val *page;
        size_t at, count, first = 0;

        assert_int_equal(incremental_begin(inc, before ? yyjson_mut_doc_get_root(before) : NULL, NULL), SPILE_OK);
        yyjson_arr_foreach(yyjson_doc_get_root(pages), at, count, page)
        {
            bool enough;

            assert_int_equal(take_page(inc, page, &passed, &enough, NULL), SPILE_OK);
            if (enough && !first)
                first = at + 1;
        }
        if (first != orders[i].enough)
            fail_msg("order %zu: enough at page %zu, want %zu", i, first, orders[i].enough);
        text_release(&passed);
        yyjson_doc_free(pages);
        yyjson_mut_doc_free(before);
        incremental_free(inc);
    }
}

/* ---- a last value of one's own --------------------------------------------------------------------------------------------------- */

/* The longer JSON takes the place; counts how often it is asked. */
static bool is_longer(const char *value, const char *last, void *user)
{
    ++*(int *)user;
    return strlen(value) > strlen(last);
}

static void a_last_value_of_ones_own(void **state)
{
    int asked = 0;
    struct incremental *inc = incremental_with(&(struct spile_incremental){ .cursor = "ts", .replaces = is_longer, .user = &asked }, "id");

    (void)state;
    check_runs("longest", inc,
               "[[[{'id':1,'ts':9},{'id':2,'ts':'ab'},{'id':3,'ts':10}]],[[{'id':2,'ts':'ab'},{'id':4,'ts':'ab'},{'id':5,'ts':12345}]]]",
               "1,2,3/4,5", NULL, "{'initial_value':null,'last_value':12345,'unique_hashes':['tIXXf9wiHssy'],'start_value':'ab'}");
    assert_true(asked > 0);
    check_runs("longest, shorter ones later", inc, /* shorter; had; the same value but another item; longer; shorter than the start */
               "[[[{'id':1,'ts':'a'},{'id':2,'ts':'bbb'},{'id':3,'ts':'cc'},{'id':4,'ts':100000}]],"
               "[[{'id':5,'ts':'zz'},{'id':4,'ts':100000},{'id':6,'ts':100000},{'id':7,'ts':'dddddd'},{'id':8,'ts':'ee'}]]]",
               "1,2,3,4/6,7", NULL, "{'initial_value':null,'last_value':'dddddd','unique_hashes':['+ZB5qOrG8FH6'],'start_value':100000}");
    incremental_free(inc);
}

/* ---- failures -------------------------------------------------------------------------------------------------------------------- */

static const struct {
    struct spile_incremental options;
    const char *message, *hint;
} bad_options[] = {
    { { .cursor = "ts", .end = "5" }, "cursor \"ts\": an end without a begin", "give `initial`, too" },
    { { .cursor = "ts", .initial = "5", .end = "4" }, "cursor \"ts\": the end is before the begin", "`end` has to be beyond `initial`" },
    { { .cursor = "ts", .initial = "4", .end = "5", .last_value = SPILE_MIN }, "the end is before the begin",
      "`end` has to be less than `initial`" },
    { { .cursor = "ts", .initial = "2024-01-01", .end = "5" }, "can't be compared with", "the same type" },
    { { .cursor = "ts", .lag = -1 }, "a lag that is negative", "give a positive one" },
    { { .cursor = "ts", .lag = (double)NAN }, "not finite", "give a positive one" },
    { { .cursor = "ts", .lag = (double)INFINITY }, "not finite", "give a positive one" },
    { { .cursor = "ts", .lag = 1, .replaces = is_longer }, "a lag for a last value of your own", "only the greatest and the least" },
    { { .cursor = "ts", .initial = "[1]" }, "an object or a list can't be a last value", "a number or a text" },
    { { .cursor = "ts", .initial = "1", .end = "{}" }, "an object or a list can't be a last value", "a number or a text" },
    { { .cursor = "ts", .initial = "x", .kind = SPILE_TIMESTAMP }, "cursor \"ts\": `initial` is no timestamp: \"x\"", "write \"2026-01-31T10:00:00Z\"" },
    { { .cursor = "ts", .initial = "2024-02-30", .kind = SPILE_DATE }, "`initial` is no date", "write \"2026-01-31\"" },
    { { .cursor = "ts", .initial = "1", .end = "NaN", .kind = SPILE_DECIMAL }, "`end` is no decimal: \"NaN\"", "write \"12.50\"" },
    { { .cursor = "ts", .initial = "10:00+01:00", .kind = SPILE_TIME }, "`initial` is no time", "write \"10:00:00\"" },
    { { .cursor = "ts", .initial = "", .kind = SPILE_TIME }, "`initial` is no time: \"\"", "write \"10:00:00\"" },
    { { .cursor = "ts", .initial = "A", .kind = SPILE_BINARY }, "`initial` is no binary", "write \"AP8=\"" },
    { { .cursor = "ts", .initial = "1", .kind = SPILE_INTEGER }, "a `kind` that JSON has", "leave it out" },
    { { .cursor = "ts", .initial = "2024-01-02", .end = "2024-01-01T23:00:00", .kind = SPILE_TIMESTAMP }, "the end is before the begin", "beyond" },
    { { .cursor = "ts", .initial = "2024-01-01T00:00:00Z", .end = "2024-01-02", .kind = SPILE_TIMESTAMP },
      "value timestamp \"2024-01-02T00:00:00\" of cursor \"ts\" can't be compared with timestamp \"2024-01-01T00:00:00+00:00\"", "`kind` says it" },
    { { .cursor = "a..[" }, "is no path", "write key, a.b" },
};

static void bad_options_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_options); i++) {
        struct incremental *inc;
        struct spile_error err = { 0 };

        assert_int_not_equal(incremental_new(&inc, "r", &bad_options[i].options, NULL, &err), SPILE_OK);
        assert_null(inc);
        if (!strstr(err.message, bad_options[i].message) || !strstr(err.hint, bad_options[i].hint))
            fail_msg("options %zu: got \"%s\" (%s), want \"%s\" (%s)", i, err.message, err.hint, bad_options[i].message,
                     bad_options[i].hint);
    }
    incremental_free(NULL);
}

/* Options, a last value in the state, items, and the words of the failure: SPILE_SOURCE. */
static const struct {
    struct spile_incremental options;
    const char *last, *items, *message, *hint;
} failures[] = {
    { { .cursor = "ts" }, NULL, "[{'ts':5},{'ts':'6'}]", "value \"6\" of cursor \"ts\" can't be compared with 5", "reset-cursor r" },
    { { .cursor = "ts" }, "'6'", "[{'ts':5}]", "value 5 of cursor \"ts\" can't be compared with \"6\"", "reset-cursor r" },
    { { .cursor = "ts", .initial = "1", .end = "9" }, NULL, "[{'ts':'6'}]", "can't be compared with 9", "the same type" },
    { { .cursor = "ts" }, "'\xEF\x80\xA7" "2024-01-01T00:00:00Z'", "[{'ts':'2024-01-02T00:00:00Z'}]",
      "value \"2024-01-02T00:00:00Z\" of cursor \"ts\" can't be compared with timestamp \"2024-01-01T00:00:00+00:00\"", "reset-cursor r" },
    { { .cursor = "ts", .initial = "2024-01-01" }, NULL, "[{'ts':{'$date':'2024-01-02'}}]",
      "value date \"2024-01-02\" of cursor \"ts\" can't be compared with \"2024-01-01\"", "`kind` says it" },
    { { .cursor = "ts" }, NULL, "[{'ts':{'$date':'2024-01-02'}},{'ts':{'$timestamp':'2024-01-02T00:00:00'}}]", "can't be compared with date", "the same type" },
    { { .cursor = "ts" }, NULL, "[{'ts':{'$timestamp':'2024-01-02T00:00:00'}},{'ts':{'$timestamp':'2024-01-02T00:00:00+00:00'}}]",
      "value timestamp \"2024-01-02T00:00:00+00:00\" of cursor \"ts\" can't be compared with timestamp \"2024-01-02T00:00:00\"", "the same type" },
    { { .cursor = "ts", .lag = 1 }, "'" DATETIME "2024-01-01T00:00:00'", "[{'ts':{'$timestamp':'2024-01-02T00:00:00+00:00'}}]", /* as with dlt */
      "can't be compared with timestamp \"2024-01-01T00:00:00\"", "reset-cursor r" },
    { { .cursor = "ts" }, "'" DATETIME "0001-01-01T00:00:00+02:00'", "[{'ts':{'$timestamp':'2024-01-02T00:00:00'}}]", "can't be compared with", "reset-cursor r" },
    { { .cursor = "ts" }, NULL, "[{'ts':{'$decimal':'NaN'}}]", "value decimal \"NaN\" of cursor \"ts\" can't be compared", "the same type" },
    { { .cursor = "ts" }, "'" UUID_MARK "x'", "[{'ts':'x'}]", "value \"x\" of cursor \"ts\" can't be compared with UUID \"x\"", "reset-cursor r" },
    { { .cursor = "ts" }, "'" TIME "03:04:05+01:00'", "[{'ts':{'$time':'03:04:05'}}]", "can't be compared with time \"03:04:05+01:00\"", "reset-cursor r" },
    { { .cursor = "ts" }, "'" BYTES "x'", "[{'ts':{'$binary':'00'}}]", "value binary \"AA==\" of cursor \"ts\" can't be compared with binary \"x\"", "reset-cursor r" },
    { { .cursor = "ts" }, NULL, "[{'ts':'" DATE "2024-01-01'}]", "value date \"2024-01-01\" of cursor \"ts\" can't be compared", "the same type" },
    { { .cursor = "ts" }, "'\xEF\x80\xA8" "2024-01-01'", "[{'ts':'2024-01-02'}]", "can't be compared with date \"2024-01-01\"",
      "reset-cursor r" },
    { { .cursor = "ts" }, "'\xEF\x80\xA6" "1.5'", "[{'ts':'2'}]",
      "value \"2\" of cursor \"ts\" can't be compared with decimal \"1.5\"", "reset-cursor r" },
    { { .cursor = "ts" }, "[5]", "[]", "an earlier run has left an object or a list as the last value of cursor \"ts\"", "reset-cursor r" },
    { { .cursor = "ts" }, NULL, "[{'ts':{}}]", "value an object or a list of cursor \"ts\" can't be compared", "the same type" },
    { { .cursor = "ts", .replaces = is_longer }, NULL, "[{'ts':5},{'ts':[1]}]", "value an object or a list", "the same type" },
    { { .cursor = "ts" }, NULL, "[{'ts':null}]", "null at cursor \"ts\" of item {\"ts\":null}", "include or exclude them" },
    { { .cursor = "a.b" }, NULL, "[{'a':1}]", "nothing at cursor \"a.b\" of item {\"a\":1}", "include or exclude them" },
    { { .cursor = "ts", .primary_key = "id, k" }, NULL, "[{'ts':5,'id':1}]", "an item without \"k\"", "correct the key of resource \"r\"" },
    { { .cursor = "ts", .keys_max = 2 }, NULL, "[{'ts':5,'i':1},{'ts':5,'i':2},{'ts':5,'i':3}]",
      "more than 2 items have the last value 5 of cursor \"ts\"", "raise `keys_max`" },
};

static enum spile_status take_items(struct incremental *inc, yyjson_mut_val *state, yyjson_val *items, struct spile_error *err)
{
    struct text passed = { 0 };
    bool enough;
    enum spile_status status = incremental_begin(inc, state, err);

    if (!status)
        status = take_page(inc, items, &passed, &enough, err);
    text_release(&passed);
    return status;
}

static void failures_say_what_to_do(void **state)
{
    int asked = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct spile_incremental options = failures[i].options;
        struct incremental *inc;
        yyjson_mut_doc *before = failures[i].last ? state_with(failures[i].last) : NULL;
        yyjson_doc *items = document_of(failures[i].items);
        struct spile_error err = { 0 };

        options.user = &asked;
        inc = incremental_with(&options, NULL);
        if (take_items(inc, before ? yyjson_mut_doc_get_root(before) : NULL, yyjson_doc_get_root(items), &err) != SPILE_SOURCE ||
            !strstr(err.message, failures[i].message) || !strstr(err.hint, failures[i].hint))
            fail_msg("failure %zu: got \"%s\" (%s), want \"%s\" (%s)", i, err.message, err.hint, failures[i].message, failures[i].hint);
        yyjson_doc_free(items);
        yyjson_mut_doc_free(before);
        incremental_free(inc);
    }
    assert_int_equal(asked, 0); /* not about what is no JSON */
}

/* As many as are allowed can be kept; equal ones count once. */
static void keys_up_to_the_limit(void **state)
{
    struct incremental *inc = incremental_with(&(struct spile_incremental){ .cursor = "ts", .keys_max = 2 }, NULL);
    yyjson_doc *items = document_of("[{'ts':5,'i':1},{'ts':5,'i':2},{'ts':5,'i':1}]");
    struct spile_error err = { 0 };

    (void)state;
    assert_int_equal(take_items(inc, NULL, yyjson_doc_get_root(items), &err), SPILE_OK);
    yyjson_doc_free(items);
    incremental_free(inc);
}

/* Last values that can't have a lag: SPILE_USAGE. */
static const struct {
    double lag;
    const char *last, *words;
} bad_lags[] = {
    { 1, "'abc'", "the last value \"abc\" can't have a lag: it is no date or time" },
    { 1, "'2024-02-30'", "it is no date or time" },
    { 1, "'2024-01-01 10:00:00'", "it is no date or time" },
    { 1, "'0001-01-01'", "it would be beyond the years 1 to 9999" },
    { 1e15, "'2024-01-01'", "the lag is too long" },
    { 1e300, "'2024-01-01T00:00:00Z'", "the lag is too long" },
    { 1e300, "5", "it would be too large" },
    { 1e308, "-1e308", "it would be too large" },
    { 1, "9999999999999999999999999999999999999999", "it is too large" },
    { 1, "'" TIME "10:00:00'", "the last value time \"10:00:00\" can't have a lag: its type has none" },
    { 1, "'" DECIMAL "1.5'", "the last value decimal \"1.5\" can't have a lag: its type has none" },
    { 1, "'" UUID_MARK "x'", "the last value UUID \"x\" can't have a lag: its type has none" },
    { 1, "'" DATE "0001-01-01'", "it would be beyond the years 1 to 9999" },
    { 1e15, "'" DATE "2024-01-01'", "the lag is too long" },
    { 1, "'" DATETIME "0001-01-01T00:00:00'", "it would be beyond the years 1 to 9999" },
    { 1, "'" DATETIME "0001-01-01T00:00:00-01:00'", "it would be beyond the years 1 to 9999" },
    { 2, "'" DATETIME "0001-01-01T01:00:01+01:00'", "it would be beyond the years 1 to 9999" },
    { 1e300, "'" DATETIME "2024-01-01T00:00:00'", "the lag is too long" },
};

static void what_can_have_no_lag(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_lags); i++) {
        struct incremental *inc = incremental_with(&(struct spile_incremental){ .cursor = "ts", .lag = bad_lags[i].lag }, NULL);
        yyjson_mut_doc *before = state_with(bad_lags[i].last);
        struct spile_error err = { 0 };

        assert_int_equal(incremental_begin(inc, yyjson_mut_doc_get_root(before), &err), SPILE_USAGE);
        if (!strstr(err.message, bad_lags[i].words) || !strstr(err.hint, "a lag is for numbers"))
            fail_msg("lag %zu: got \"%s\" (%s), want \"%s\"", i, err.message, err.hint, bad_lags[i].words);
        yyjson_mut_doc_free(before);
        incremental_free(inc);
    }
}

/* Python can't bring such a moment to UTC, wherever the lag would take it. */
static void a_moment_before_the_first_year(void **state)
{
    struct incremental *inc = incremental_with(&(struct spile_incremental){ .cursor = "ts", .lag = 7200, .last_value = SPILE_MIN }, NULL);
    yyjson_mut_doc *before = state_with("'" DATETIME "0001-01-01T00:00:00+02:00'");
    struct spile_error err = { 0 };

    (void)state;
    assert_int_equal(incremental_begin(inc, yyjson_mut_doc_get_root(before), &err), SPILE_USAGE);
    assert_non_null(strstr(err.message, "it would be beyond the years 1 to 9999"));
    yyjson_mut_doc_free(before);
    incremental_free(inc);
}

/* ---- values ---------------------------------------------------------------------------------------------------------------------- */

#define ZEROS_20 "00000000000000000000"
#define ZEROS_100 ZEROS_20 ZEROS_20 ZEROS_20 ZEROS_20 ZEROS_20
#define NO_ORDER 9
#define D(digits) "{'$decimal':'" digits "'}"

/* Two values, and how Python orders them. */
static const struct {
    const char *a, *b;
    int order;
} pairs[] = {
    { "9007199254740993", "9007199254740992.0", 1 },
    { "9007199254740992", "9007199254740992.0", 0 },
    { "1" ZEROS_20 "000", "1e23", 1 }, /* the double is 99999999999999991611392 */
    { "1" ZEROS_20 "00", "1e22", 0 },
    { "1" ZEROS_20, "1" ZEROS_20 "0", -1 },
    { "1" ZEROS_20 "0", "1" ZEROS_20 "1", -1 },
    { "-1" ZEROS_20 "0", "-1" ZEROS_20 "1", 1 },
    { "-1" ZEROS_20, "1" ZEROS_20, -1 },
    { "-1" ZEROS_20, "-1e20", 0 },
    { "18446744073709551616", "18446744073709551616.0", 0 },
    { "18446744073709551617", "18446744073709551616.0", 1 },
    { "18446744073709551615", "18446744073709551616.0", -1 },
    { "18446744073709551615", "18446744073709551614", 1 },
    { "-9223372036854775808", "-9223372036854775808.0", 0 },
    { "-9223372036854775809", "-9223372036854775808.0", -1 },
    { "-9223372036854775809", "-9223372036854775808", -1 },
    { "1" ZEROS_100 ZEROS_100 ZEROS_100 "000000000", "1.7e308", 1 },
    { "1e308", "1" ZEROS_100 ZEROS_100 ZEROS_100 "00000000", 1 },
    { "0.5", "0", 1 },
    { "-0.5", "0", -1 },
    { "1.5", "1", 1 },
    { "-1.5", "-1", -1 },
    { "-0.0", "0", 0 },
    { "1", "true", 0 },
    { "false", "0.0", 0 },
    { "true", "1.5", -1 },
    { "1e300", "5", 1 },
    { "-1e300", "18446744073709551615", -1 },
    { "1e400", "1e300", 1 }, /* beyond a double, each by its digits */
    { "10e399", "1e400", 0 },
    { "-1e400", "-2e400", 1 },
    { "1e99999999999999999999", "1e400", 1 },
    { "-1e99999999999999999999", "99999999999999999999", -1 },
    { "'a'", "'b'", -1 },
    { "'B'", "'a'", -1 },
    { "'a'", "'aa'", -1 },
    { "''", "'a'", -1 },
    { "'\\u0000'", "''", 1 },
    { "'z'", "'\xC3\xA4'", -1 },
    { "'\xEF\xBF\xBF'", "'\xF0\x9F\x98\x80'", -1 }, /* by code points, not by units of UTF-16 */
    { "'5'", "5", NO_ORDER },
    { "null", "5", NO_ORDER },
    { "null", "null", NO_ORDER },
    { "[1]", "[1]", NO_ORDER },
    { "{}", "'a'", NO_ORDER },
    { "'\xEF\x80\xA7" "2024-01-01'", "'2024-01-01'", NO_ORDER },
    { D("0.1"), "0.1", -1 }, /* the double is 0.1000000000000000055... */
    { D("0.1000000000000000055511151231257827021181583404541015625"), "0.1", 0 },
    { D("0.1000000000000000055511151231257827021181583404541015626"), "0.1", 1 },
    { D("-0.5"), "-0.5", 0 },
    { D("1.50"), D("1.5"), 0 },
    { D("1E+2"), "100", 0 },
    { D("1E-7"), "0", 1 },
    { D("0E-7"), D("-0"), 0 },
    { D("9"), D("10"), -1 },
    { D("0.09"), D("0.1"), -1 },
    { D("1"), "true", 0 },
    { D("5e-324"), "5e-324", NO_ORDER }, /* not Python's spelling */
    { D("5E-324"), "5e-324", 1 },
    { D("4E-324"), "5e-324", -1 },
    { D("Infinity"), "1e308", 1 },
    { D("-Infinity"), "-1e400", -1 },
    { D("Infinity"), D("Infinity"), 0 },
    { D("Infinity"), D("-Infinity"), 1 },
    { D("NaN"), "1", NO_ORDER },
    { D("1"), "'1'", NO_ORDER },
    { "{'$timestamp':'2024-01-01T00:00:00+01:00'}", "{'$timestamp':'2023-12-31T23:00:00+00:00'}", 0 },
    { "{'$timestamp':'2024-01-01T00:00:00-23:59'}", "{'$timestamp':'2024-01-01T23:59:00.000001+00:00'}", -1 },
    { "{'$timestamp':'0001-01-01T00:00:00+02:00'}", "{'$timestamp':'0001-01-01T00:00:00+00:00'}", -1 },
    { "{'$timestamp':'2024-01-01T00:00:00'}", "{'$timestamp':'2024-01-01T00:00:00.5'}", -1 },
    { "{'$timestamp':'2024-01-01T00:00:00'}", "{'$timestamp':'2024-01-01T00:00:00+00:00'}", NO_ORDER },
    { "{'$timestamp':'2024-01-01T00:00:00'}", "{'$date':'2024-01-01'}", NO_ORDER },
    { "{'$timestamp':'2024-01-01T00:00:00'}", "'2024-01-01T00:00:00'", NO_ORDER },
    { "{'$date':'0999-12-31'}", "{'$date':'1000-01-01'}", -1 },
    { "{'$date':'2024-01-01'}", "{'$date':'2024-01-01'}", 0 },
    { "{'$time':'10:00:00'}", "{'$time':'10:00:00.000001'}", -1 },
    { "{'$time':'09:59:59.999999'}", "{'$time':'10:00:00'}", -1 },
    { "{'$binary':'00'}", "{'$binary':''}", 1 },
    { "{'$binary':'7f'}", "{'$binary':'80'}", -1 },
    { "{'$binary':'61'}", "'a'", NO_ORDER },
};

static int order_of(const struct cursor *a, const struct cursor *b)
{
    int order;

    return cursor_compare(a, b, &order) ? order : NO_ORDER;
}

static void values_are_compared_as_in_python(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        yyjson_doc *left = document_of(pairs[i].a), *right = document_of(pairs[i].b);
        struct cursor a = cursor_of((struct document){ yyjson_doc_get_root(left) });
        struct cursor b = cursor_of((struct document){ yyjson_doc_get_root(right) });
        int back = pairs[i].order == NO_ORDER ? NO_ORDER : -pairs[i].order;

        if (order_of(&a, &b) != pairs[i].order || order_of(&b, &a) != back)
            fail_msg("%s and %s: got %d and %d, want %d", pairs[i].a, pairs[i].b, order_of(&a, &b), order_of(&b, &a), pairs[i].order);
        yyjson_doc_free(left);
        yyjson_doc_free(right);
    }
}

/* What is kept of a value, in a state, is that value. */
static void values_come_back_from_a_state(void **state)
{
    static const char *const values[] = {
        "null", "true", "false", "0", "-5", "18446744073709551615", "-9223372036854775808", "2.5", "-0.0", "1e300", "99999999999999999999",
        "-1e400", "'text'", "''", "'a\\u0000b'", "'\\uf02b'", D("1E+5"),
        D("-Infinity"), D("NaN"), "{'$timestamp':'2024-01-01T00:00:00'}", "{'$timestamp':'2024-01-01T00:00:00.000001-05:30'}", "{'$date':'0001-01-01'}",
        "{'$time':'10:00:00'}", "{'$binary':'00ff'}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        yyjson_doc *in = document_of(values[i]);
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        struct cursor before = cursor_of((struct document){ yyjson_doc_get_root(in) }), after;
        struct text memory = { 0 }, first = { 0 }, second = { 0 };

        assert_true(cursor_copy_state(&after, &memory, cursor_to_state(&before, doc)));
        assert_int_equal(after.kind, before.kind);
        cursor_write(&first, &before);
        cursor_write(&second, &after);
        assert_string_equal(first.text, second.text);
        text_release(&first);
        text_release(&second);
        text_release(&memory);
        yyjson_mut_doc_free(doc);
        yyjson_doc_free(in);
    }
}

/* ---- hashes ---------------------------------------------------------------------------------------------------------------------- */

/* What is hashed, its hash, and that of dlt before 1.29. */
static const struct {
    const char *json, *hash, *legacy;
} hashes[] = {
    { "2", "Tp44cKMYfAuJ", "Tp44cKMYfAuJiBfxLAqu" },
    { "[2,2]", "uXtbMN9EOGQ2", "uXtbMN9EOGQ2j3aGeRIE" },
    { "{'id':2,'ts':2}", "yliF2Z7Gtzo3", "yliF2Z7Gtzo3XKxfGDpC" },
    { "{'ts':2,'id':2}", "yliF2Z7Gtzo3", "yliF2Z7Gtzo3XKxfGDpC" },
    { "{'id':7,'ts':2,'id':2}", "yliF2Z7Gtzo3", "yliF2Z7Gtzo3XKxfGDpC" }, /* the last one counts */
    { "{'id':2,'ts':1704067200000000}", "0dYrwvlb7zRO", NULL },
    { "{'b':{'z':1,'a':[1,null,true,2.0]},'a':'\xC3\xA4\\'\\n'}", "g4FsNXvVfdyV", "g4FsNXvVfdyVddio+5UA" },
    { "{'x':[1e+16,1e-07,1e-05,1.5e+300,-0.0,1e+22]}", "1MH2pClnEV5q", "1MH2pClnEV5qb345nabe" },
    { "{'\xC3\xA4':1,'z':2,'A':3,'':4}", "yv+1PxajPiqN", "yv+1PxajPiqNY26C1X4d" },
    { "''", "bd0H2eAFLX4Z", "bd0H2eAFLX4ZcalQ9Ip/" },
    { "null", "KtLhiM3tliLb", "KtLhiM3tliLbJ+hWaj3s" },
    { "[]", "wyM70eXPE/Vq", "wyM70eXPE/VqGMKFEwfz" },
    { "{}", "RoBn8+L4hTHb", "RoBn8+L4hTHbJUyclrDj" },
    { "18446744073709551615", "HkghWDc89eAl", "HkghWDc89eAlufHXolF3" },
    { "-9223372036854775808", "8TGCyl2kIfF9", "8TGCyl2kIfF9QTLSgCR+" },
    { "{'id':2,'ts':{'$timestamp':'2024-01-01T01:00:00+01:00'}}", "0dYrwvlb7zRO", "+QHv2/cfIesPxPBGQR0x" },
    { "{'id':2,'ts':{'$timestamp':'0001-01-01T00:00:00+02:00'}}", "og/yUFgV0VpJ", "8JAatOugqgzmcBpncdbl" },
    { "{'d':{'$date':'2024-01-02'},'t':{'$time':'03:04:05.006000'},'c':{'$decimal':'1.50'},'b':{'$binary':'00ff'},"
      "'n':{'$timestamp':'2024-01-01T00:00:00'}}", "IXAizLyPms4B", "xeqxWvEeDJnS7T/ebmaC" },
    { "{'$timestamp':'2024-01-01T00:00:00+00:00'}", "h/U5EKOHERSH", "Ls2rKmgN2G3606kizSU3" },
    { "'\\u0001\x7F/\xF0\x9F\x98\x80'", "IKHseZSlqx3Z", "IKHseZSlqx3ZQRaW8Ijv" },
};

static void hashes_of_items(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hashes); i++) {
        yyjson_doc *doc = document_of(hashes[i].json);
        struct text json = { 0 }, old = { 0 };
        char hash[ROW_HASH_LEGACY_CHARS + 1], legacy[ROW_HASH_LEGACY_CHARS + 1];

        row_hash_write(&json, (struct document){ yyjson_doc_get_root(doc) }, false);
        row_hash(text_slice(&json), false, hash);
        row_hash_write(&old, (struct document){ yyjson_doc_get_root(doc) }, true);
        row_hash(text_slice(&old), true, legacy);
        if (strcmp(hash, hashes[i].hash) || (hashes[i].legacy && strcmp(legacy, hashes[i].legacy)))
            fail_msg("%s: got %s and %s, want %s and %s", json.text, hash, legacy, hashes[i].hash,
                     hashes[i].legacy ? hashes[i].legacy : "any");
        text_release(&json);
        text_release(&old);
        yyjson_doc_free(doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_one_after_the_other),
        cmocka_unit_test(states_of_others),
        cmocka_unit_test(an_end_that_is_null),
        cmocka_unit_test(bounds_of_drawing),
        cmocka_unit_test(an_order_ends_the_drawing),
        cmocka_unit_test(a_last_value_of_ones_own),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(failures_say_what_to_do),
        cmocka_unit_test(keys_up_to_the_limit),
        cmocka_unit_test(what_can_have_no_lag),
        cmocka_unit_test(a_moment_before_the_first_year),
        cmocka_unit_test(values_are_compared_as_in_python),
        cmocka_unit_test(values_come_back_from_a_state),
        cmocka_unit_test(hashes_of_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
