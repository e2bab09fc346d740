/* Loads what stdin describes: items with values of kinds that JSON has not.
 *
 *   {"destination": "x.duckdb", "dataset": "d", "data_dir": "...", "table": "t", "columns": "a:decimal", "items": [{"a": {"$decimal": "1.5"}}, ...]}
 *
 * Their marks are those of typed_script.h. "primary_key", "write", "merge" and "incremental" are the resource's, if given. Prints the load info as JSON, or the error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spile/spile.h>

#include "extract/item.h"
#include "script.h"
#include "typed_script.h"

/* ---- loading -------------------------------------------------------------------------------------------------------------------- */

struct items {
    yyjson_mut_val *list;
    size_t next;
};

static enum spile_status give_item(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct items *items = user;
    yyjson_mut_val *value = yyjson_mut_arr_get(items->list, items->next++);
    struct spile_item *item = NULL;
    enum spile_status status = value ? spile_item_new(&item, err) : SPILE_OK;

    if (!status && value)
        status = item_load_value(item, value) ? spile_emit_item(out, item, err) : SPILE_NOMEM;
    if (!status && value)
        spile_again(out);
    spile_item_free(item);
    return status;
}

static enum spile_status run(yyjson_mut_val *script, yyjson_val *plain, struct spile_error *err)
{
    struct items items = { .list = yyjson_mut_obj_get(script, "items") };
    struct spile_pipeline *pipeline = NULL;
    struct spile_source *source = NULL;
    struct spile_load_info *info = NULL;
    const char *words[5], *const names[] = { "destination", "dataset", "data_dir", "table", "columns" };
    enum spile_status status;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        words[i] = yyjson_mut_get_str(yyjson_mut_obj_get(script, names[i]));
    make_all_typed(items.list);
    status = spile_source_new(&source, "g", NULL, err);
    if (!status)
        status = spile_source_add(source, words[3], SPILE_RESOURCE(.generate = give_item, .user = &items, .columns = words[4], .primary_key = text_of(plain, "primary_key"),
                                                                    .write = write_of(plain), .merge = merge_of(plain),
                                                                    .incremental = incremental_of(yyjson_obj_get(plain, "incremental"))), err);
    if (!status)
        status = spile_pipeline_open(&pipeline, "g", SPILE_PIPELINE_OPTIONS(.destination = words[0], .dataset = words[1], .data_dir = words[2]), err);
    if (!status)
        status = run_data(pipeline, spile_from(source), NULL, &info, err);
    if (!status)
        puts(spile_load_info_json(info));
    spile_load_info_free(info);
    spile_pipeline_close(pipeline);
    spile_source_free(source);
    return status;
}

int main(void)
{
    yyjson_doc *read = yyjson_read_fp(stdin, YYJSON_READ_NOFLAG, NULL, NULL);
    yyjson_mut_doc *script = read ? yyjson_doc_mut_copy(read, NULL) : NULL;
    struct spile_error err = { 0 };
    enum spile_status status;

    if (!script)
        return 99;
    status = run(yyjson_mut_doc_get_root(script), yyjson_doc_get_root(read), &err);
    if (status)
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    yyjson_mut_doc_free(script);
    yyjson_doc_free(read);
    return (int)status;
}
