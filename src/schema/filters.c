#include "schema/filters.h"

#include <string.h>

#include "data/json_text.h"

static enum spile_status compile_list(struct pattern_list *out, yyjson_mut_val *list, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *pattern;
    size_t i, count;

    out->patterns = arena_zalloc(arena, (yyjson_mut_arr_size(list) + 1) * sizeof(*out->patterns));
    if (!out->patterns)
        return spile_fail_nomem(err);
    yyjson_mut_arr_foreach(list, i, count, pattern)
        if (!status && yyjson_mut_is_str(pattern))
            status = pattern_compile(&out->patterns[out->count++], json_text_of(pattern), err);
    return status;
}

enum spile_status filters_compile(struct filters *out, yyjson_mut_val *tables, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *key, *table;
    size_t i, count, filtered = 0;

    *out = (struct filters){ 0 };
    yyjson_mut_obj_foreach(tables, i, count, key, table)
        filtered += yyjson_mut_obj_get(table, "filters") != NULL;
    if (!filtered)
        return SPILE_OK;
    out->tables = arena_zalloc(arena, filtered * sizeof(*out->tables));
    if (!out->tables)
        return spile_fail_nomem(err);
    yyjson_mut_obj_foreach(tables, i, count, key, table)
    {
        yyjson_mut_val *filter = yyjson_mut_obj_get(table, "filters");
        struct table_filter *added = &out->tables[out->count];

        if (!filter || status)
            continue;
        out->count++;
        added->table = json_text_of(key);
        status = compile_list(&added->excludes, yyjson_mut_obj_get(filter, "excludes"), arena, err);
        if (!status)
            status = compile_list(&added->includes, yyjson_mut_obj_get(filter, "includes"), arena, err);
        spile_within(err, status, "filters of table \"%s\"", yyjson_mut_get_str(key));
    }
    return status;
}

static void release_list(struct pattern_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        pattern_release(&list->patterns[i]);
}

void filters_release(struct filters *filters)
{
    for (size_t i = 0; i < filters->count; i++) {
        release_list(&filters->tables[i].excludes);
        release_list(&filters->tables[i].includes);
    }
    *filters = (struct filters){ 0 };
}

static bool matches_any(const struct pattern_list *list, struct slice path)
{
    for (size_t i = 0; i < list->count; i++)
        if (pattern_matches(&list->patterns[i], path))
            return true;
    return false;
}

/* *rest is what stands behind the filter's table in `table`: "" for the table itself. */
static bool is_above(const struct table_filter *filter, const char *separator, const char *table, const char **rest)
{
    size_t length = filter->table.length;

    if (strncmp(table, filter->table.text, length))
        return false;
    *rest = table + length;
    if (!**rest)
        return true;
    if (strncmp(*rest, separator, strlen(separator)))
        return false;
    *rest += strlen(separator);
    return true;
}

bool filters_exclude(const struct filters *filters, const struct naming *naming, const char *table, const char *field)
{
    bool excluded = false;

    for (size_t i = 0; !excluded && i < filters->count; i++) {
        const struct table_filter *filter = &filters->tables[i];
        struct arena arena = { 0 };
        const char *rest, *path;

        if (!is_above(filter, naming_separator(naming), table, &rest))
            continue;
        path = *rest ? arena_printf(&arena, "%s%s%s", rest, naming_separator(naming), field) : field;
        excluded = path && matches_any(&filter->excludes, slice_of(path)) && !matches_any(&filter->includes, slice_of(path));
        arena_release(&arena);
    }
    return excluded;
}
