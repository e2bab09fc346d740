/* What dlt can't be asked beside us (tests/conformance/test_incremental.py does that): a last value of one's own, and what is told of where to begin.
 * Expected values follow from what the calls say they do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "extract/incremental.h"
#include "json_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Takes a page of {"v": value} items and tells which passed: "1.1" of three. */
static void take(struct incremental *inc, const char *values, char *passed)
{
    char *text = quoted(values);
    yyjson_doc *doc = json_text_parse(text, strlen(text));
    yyjson_val *item;
    size_t i, count;
    bool enough;

    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, count, item)
    {
        enum incremental_verdict verdict;
        struct spile_error err = { 0 };

        if (incremental_take(inc, (struct document){ item }, &verdict, &err))
            fail_msg("%s: %s", values, err.message);
        passed[i] = verdict == INCREMENTAL_PASS ? '1' : '.';
    }
    passed[i] = '\0';
    assert_int_equal(incremental_end_page(inc, &enough, NULL), SPILE_OK);
    yyjson_doc_free(doc);
    free(text);
}

/* The longer JSON wins. */
static bool is_longer(const char *value, const char *last, void *user)
{
    ++*(int *)user;
    return strlen(value) > strlen(last);
}

static void a_last_value_of_ones_own(void **state)
{
    int asked = 0;
    struct spile_incremental options = { .cursor = "v", .replaces = is_longer, .user = &asked };
    struct incremental *inc;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *kept;
    char passed[16];
    bool failed = false;

    (void)state;
    assert_int_equal(incremental_new(&inc, "r", &options, NULL, NULL), SPILE_OK);
    assert_int_equal(incremental_begin(inc, NULL, NULL), SPILE_OK);
    take(inc, "[{'v':'a'},{'v':'bbb'},{'v':'cc'},{'v':100000}]", passed);
    assert_string_equal(passed, "1111"); /* at first all are new */
    assert_true(asked > 0);
    kept = incremental_state(inc, doc, &failed);
    assert_int_equal(yyjson_mut_get_int(yyjson_mut_obj_get(kept, "last_value")), 100000); /* six characters; "bbb" has five */
    assert_int_equal(incremental_begin(inc, kept, NULL), SPILE_OK);
    assert_string_equal(incremental_start(inc), "100000");
    take(inc, "[{'v':'zz'},{'v':100000},{'v':100000,'x':1},{'v':'dddddd'},{'v':'ee'}]", passed);
    assert_string_equal(passed, "..11."); /* shorter; had; the same value but another item; longer; shorter than the start */
    incremental_free(inc);
    yyjson_mut_doc_free(doc);
}

/* Options, a state, and where drawing begins and ends. */
static const struct {
    struct spile_incremental options;
    const char *last, *start, *end;
} bounds[] = {
    { { .cursor = "v" }, NULL, NULL, NULL },
    { { .cursor = "v", .initial = "5" }, NULL, "5", NULL },
    { { .cursor = "v", .initial = "5" }, "9", "9", NULL },
    { { .cursor = "v", .initial = "2026-01-01" }, NULL, "'2026-01-01'", NULL },
    { { .cursor = "v", .initial = "\"5\"" }, NULL, "'5'", NULL },
    { { .cursor = "v", .initial = "5", .end = "7" }, "9", "5", "7" }, /* a backfill looks at no state */
    { { .cursor = "v", .initial = "5", .lag = 2 }, "9", "7", NULL },
    { { .cursor = "v", .initial = "5", .lag = 20 }, "9", "5", NULL }, /* not before the begin */
    { { .cursor = "v", .initial = "50", .lag = 2, .last_value = SPILE_MIN }, "9", "11", NULL },
    { { .cursor = "v", .lag = 1 }, "'2024-03-01'", "'2024-02-29'", NULL },
    { { .cursor = "v", .lag = 1 }, "'2024-01-01T00:00:00+02:00'", "'2023-12-31T23:59:59+02:00'", NULL },
    { { .cursor = "v", .lag = 0.5 }, "'2024-01-01T00:00:00.250Z'", "'2023-12-31T23:59:59.750000Z'", NULL },
};

static void begins_and_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bounds); i++) {
        struct incremental *inc;
        struct spile_error err = { 0 };
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *kept = bounds[i].last ? yyjson_mut_obj(doc) : NULL;
        char *last = quoted(bounds[i].last ? bounds[i].last : ""), *start = quoted(bounds[i].start ? bounds[i].start : ""), *end = quoted(bounds[i].end ? bounds[i].end : "");

        if (kept) {
            yyjson_doc *parsed = json_text_parse(last, strlen(last));

            yyjson_mut_obj_add_val(doc, kept, "last_value", yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed)));
            yyjson_doc_free(parsed);
        }
        if (incremental_new(&inc, "r", &bounds[i].options, NULL, &err) || incremental_begin(inc, kept, &err))
            fail_msg("case %zu: %s", i, err.message);
        if (strcmp(incremental_start(inc) ? incremental_start(inc) : "", start) || strcmp(incremental_end(inc) ? incremental_end(inc) : "", end))
            fail_msg("case %zu: got %s to %s, want %s to %s", i, incremental_start(inc), incremental_end(inc), start, end);
        incremental_free(inc);
        yyjson_mut_doc_free(doc);
        free(last);
        free(start);
        free(end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_last_value_of_ones_own), cmocka_unit_test(begins_and_ends) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
