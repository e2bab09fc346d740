/* Incremental loading of what stdin says, a script of JSON per line:
 *
 *   {"options": {"cursor": "ts", "initial": "1", ...}, "key": "id", "runs": [[[item, ...] page, ...] run, ...]}
 *
 * Items may have typed values (typed_script.h). The state goes from run to run, and is "state" before the first one; from the second run on the options are those of "later". last_value
 * "longest" is a function of the user's. For each script a line:
 *
 *   {"runs": [{"passed": [[index, ...], ...], "enough": [bool, ...], "state": ..., "error": ...}]},
 *
 * or {"error": ...} when the options are refused. */
#include <stdio.h>
#include <stdlib.h>

#include "data/json_text.h"
#include "extract/incremental.h"
#include "script.h"
#include "typed_script.h"

static enum spile_status take_page(struct incremental *inc, yyjson_val *page, yyjson_mut_doc *doc, yyjson_mut_val *passed, bool *enough,
                                   struct spile_error *err)
{
    yyjson_val *item;
    size_t i, count;
    enum spile_status status = SPILE_OK;

    yyjson_arr_foreach(page, i, count, item)
    {
        enum incremental_verdict verdict;

        status = incremental_take(inc, (struct document){ item }, &verdict, err);
        if (status)
            return status;
        if (verdict == INCREMENTAL_PASS)
            yyjson_mut_arr_add_uint(doc, passed, i);
    }
    return incremental_end_page(inc, enough, err);
}

static bool take_run(struct incremental *inc, yyjson_val *pages, yyjson_mut_doc *doc, yyjson_mut_val *report)
{
    yyjson_mut_val *all = yyjson_mut_obj_add_arr(doc, report, "passed"), *enoughs = yyjson_mut_obj_add_arr(doc, report, "enough");
    struct spile_error err = { 0 };
    yyjson_val *page;
    size_t i, count;

    yyjson_arr_foreach(pages, i, count, page)
    {
        bool enough = false;

        if (take_page(inc, page, doc, yyjson_mut_arr_add_arr(doc, all), &enough, &err)) {
            yyjson_mut_obj_add_strcpy(doc, report, "error", err.message);
            return false;
        }
        yyjson_mut_arr_add_bool(doc, enoughs, enough);
    }
    return true;
}

/* The longer JSON takes the place of the shorter. */
static bool is_longer(const char *value, const char *last, void *user)
{
    (void)user;
    return strlen(value) > strlen(last);
}

static enum spile_status make(struct incremental **inc, yyjson_val *script, const char *member, struct spile_error *err)
{
    yyjson_val *object = yyjson_obj_get(script, member);
    struct spile_incremental options = incremental_of(object);
    const char *last_value = text_of(object, "last_value");

    if (last_value && !strcmp(last_value, "longest"))
        options.replaces = is_longer;
    return incremental_new(inc, "t", &options, text_of(script, "key"), err);
}

/* One run after the other, to the first that fails. */
static void run_all(struct incremental **inc, yyjson_val *script, yyjson_mut_doc *doc, yyjson_mut_val *runs)
{
    struct spile_error err = { 0 };
    yyjson_mut_val *state = yyjson_val_mut_copy(doc, yyjson_obj_get(script, "state"));
    yyjson_val *pages;
    size_t i, count;

    yyjson_arr_foreach(yyjson_obj_get(script, "runs"), i, count, pages)
    {
        yyjson_mut_val *run = yyjson_mut_arr_add_obj(doc, runs), *next;
        bool failed = false;
        enum spile_status status = SPILE_OK;

        if (i == 1 && yyjson_obj_get(script, "later")) {
            incremental_free(*inc);
            status = make(inc, script, "later", &err);
        }
        if (status || incremental_begin(*inc, state, &err)) {
            yyjson_mut_obj_add_strcpy(doc, run, "error", err.message);
            return;
        }
        if (!take_run(*inc, pages, doc, run))
            return;
        next = incremental_state(*inc, doc, &failed);
        state = next ? next : state;
        if (state)
            yyjson_mut_obj_add_val(doc, run, "state", yyjson_mut_val_mut_copy(doc, state));
    }
}

static void run_script(yyjson_val *script, yyjson_mut_doc *doc, yyjson_mut_val *report)
{
    struct incremental *inc;
    struct spile_error err = { 0 };

    if (make(&inc, script, "options", &err)) {
        yyjson_mut_obj_add_strcpy(doc, report, "error", err.message);
        return;
    }
    run_all(&inc, script, doc, yyjson_mut_obj_add_arr(doc, report, "runs"));
    incremental_free(inc);
}

/* NULL: no JSON. */
static yyjson_doc *read_script(const char *line, size_t length)
{
    yyjson_doc *plain = json_text_parse(line, length), *script;
    yyjson_mut_doc *doc = plain ? yyjson_doc_mut_copy(plain, NULL) : NULL;

    yyjson_doc_free(plain);
    if (!doc)
        return NULL;
    make_all_typed(yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "runs"));
    script = yyjson_mut_doc_imut_copy(doc, NULL);
    yyjson_mut_doc_free(doc);
    return script;
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;

    while ((length = getline(&line, &capacity, stdin)) > 0) {
        yyjson_doc *script = read_script(line, (size_t)length);
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *report = yyjson_mut_obj(doc);
        size_t size;
        char *text;

        if (!script) {
            fprintf(stderr, "no JSON: %s", line);
            return 1;
        }
        run_script(yyjson_doc_get_root(script), doc, report);
        text = json_text_write(report, &size);
        puts(text ? text : "");
        free(text);
        yyjson_mut_doc_free(doc);
        yyjson_doc_free(script);
    }
    free(line);
    return 0;
}
