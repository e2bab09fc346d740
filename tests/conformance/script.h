/* What the programs that run scripts of tests have in common: members of JSON objects. */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include <spile/spile.h>

static inline const char *text_of(yyjson_val *object, const char *key)
{
    return yyjson_get_str(yyjson_obj_get(object, key));
}

static inline bool flag_of(yyjson_val *object, const char *key)
{
    return yyjson_get_bool(yyjson_obj_get(object, key));
}

/* The place of the member among the words; 0 for none of them. */
static inline int number_of(yyjson_val *object, const char *key, const char *const *words)
{
    const char *word = text_of(object, key);

    for (int i = 0; word && words[i]; i++)
        if (!strcmp(words[i], word))
            return i;
    return 0;
}

/* Of "kind"; none: JSON. */
static inline enum spile_kind kind_of(yyjson_val *object)
{
    static const char *const words[] = { "decimal", "timestamp", "date", "time", "binary", NULL };

    return text_of(object, "kind") ? (enum spile_kind)(SPILE_DECIMAL + number_of(object, "kind", words)) : SPILE_ABSENT;
}

static inline struct spile_incremental incremental_of(yyjson_val *object)
{
    return (struct spile_incremental){
        .cursor = text_of(object, "cursor"),
        .initial = text_of(object, "initial"),
        .end = text_of(object, "end"),
        .last_value = (enum spile_last_value)number_of(object, "last_value", (const char *const[]){ "max", "min", NULL }),
        .lag = yyjson_get_num(yyjson_obj_get(object, "lag")),
        .order = (enum spile_row_order)number_of(object, "order", (const char *const[]){ "none", "asc", "desc", NULL }),
        .missing = (enum spile_missing_cursor)number_of(object, "missing", (const char *const[]){ "raise", "include", "exclude", NULL }),
        .open_start = flag_of(object, "open_start"),
        .closed_end = flag_of(object, "closed_end"),
        .primary_key = text_of(object, "primary_key"),
        .keys_max = (uint32_t)yyjson_get_uint(yyjson_obj_get(object, "keys_max")),
        .kind = kind_of(object),
    };
}

/* "write": a word; "merge": an object with the names of struct spile_merge, and "strategy" a word. */
static inline enum spile_write write_of(yyjson_val *object)
{
    return (enum spile_write)number_of(object, "write", (const char *const[]){ "append", "replace", "merge", NULL });
}

static inline struct spile_merge merge_of(yyjson_val *object)
{
    yyjson_val *merge = yyjson_obj_get(object, "merge");

    return (struct spile_merge){
        .strategy = (enum spile_merge_strategy)number_of(merge, "strategy", (const char *const[]){ "", "delete-insert", "upsert", "insert-only", "scd2", "cdc", NULL }),
        .deduplicated = flag_of(merge, "deduplicated"),
        .skip_unchanged_rows = flag_of(merge, "skip_unchanged_rows"),
        .source_filter = text_of(merge, "source_filter"),
        .destination_scope = text_of(merge, "destination_scope"),
        .row_version = text_of(merge, "row_version"),
        .valid_from = text_of(merge, "valid_from"),
        .valid_to = text_of(merge, "valid_to"),
        .active_record_timestamp = text_of(merge, "active_record_timestamp"),
        .boundary_timestamp = text_of(merge, "boundary_timestamp"),
    };
}

/* A run; with STAGES in the environment its three stages one by one, each by a pipeline that knows no more than the work folder and the database. The info is
 * the extract's then. */
static inline enum spile_status run_data(struct spile_pipeline *pipeline, struct spile_data data, const struct spile_run_options *options,
                                         struct spile_load_info **info, struct spile_error *err)
{
    size_t normalized, loaded;
    enum spile_status status;

    if (!getenv("STAGES"))
        return spile_run(pipeline, data, options, info, err);
    status = spile_extract(pipeline, data, options, info, err);
    if (!status)
        status = spile_normalize(pipeline, NULL, &normalized, err);
    if (status)
        spile_pipeline_discard(pipeline, NULL, NULL, NULL);
    if (!status)
        status = spile_load_pending(pipeline, &loaded, err);
    if (!status && loaded > normalized)
        status = spile_fail(err, SPILE_FAILED, "%d packages loaded of %d", (int)loaded, (int)normalized);
    if (status && info) {
        spile_load_info_free(*info);
        *info = NULL;
    }
    return status;
}

#endif
