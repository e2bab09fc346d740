#include "schema/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "data/json_text.h"
#include "schema/schema.h"
#include "schema/template.h"
#include "schema/value.h"

#define REGEX_PREFIX "re:"
#define JSON_MODULES "dlt.common.normalizers.json."

/* ---- helpers -------------------------------------------------------------------------------------------------------------------- */

/* Sets a member where it stands, else at the end. A NULL value is one that there was no memory for. */
static bool put(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, yyjson_mut_val *value)
{
    return json_put(object, yyjson_mut_str(doc, key), value);
}

/* The member, added with this value at the end if it is not there; NULL: out of memory. */
static yyjson_mut_val *get_or_add(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, yyjson_mut_val *fresh)
{
    yyjson_mut_val *there = yyjson_mut_obj_get(object, key);

    return there ? there : put(doc, object, key, fresh) ? fresh : NULL;
}

/* As Python's `if value`. */
static bool is_truthy(yyjson_mut_val *value)
{
    switch (yyjson_mut_get_type(value)) {
    case YYJSON_TYPE_BOOL:
        return yyjson_mut_get_bool(value);
    case YYJSON_TYPE_NUM:
        return yyjson_mut_get_num(value) < 0 || yyjson_mut_get_num(value) > 0;
    case YYJSON_TYPE_STR:
    case YYJSON_TYPE_ARR:
    case YYJSON_TYPE_OBJ:
        return yyjson_mut_get_len(value) > 0;
    default:
        return yyjson_mut_is_raw(value);
    }
}

static enum spile_status ok_or_nomem(bool ok, struct spile_error *err)
{
    return ok ? SPILE_OK : spile_fail_nomem(err);
}

/* ---- 1 -> 2, 2 -> 3: settings ------------------------------------------------------------------------------------------------- */

static enum spile_status add_filters(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    return ok_or_nomem(put(doc, root, "includes", yyjson_mut_arr(doc)) && put(doc, root, "excludes", yyjson_mut_arr(doc)), err);
}

/* Puts "re:" before a text (a value or a key) where it stands. */
static bool mark_as_regex(yyjson_mut_doc *doc, yyjson_mut_val *value)
{
    struct slice old = json_text_of(value);
    struct text marked = { 0 };
    yyjson_mut_val *copy;

    if (!yyjson_mut_is_str(value))
        return true;
    text_puts(&marked, REGEX_PREFIX);
    text_append(&marked, old.text, old.length);
    copy = marked.failed ? NULL : yyjson_mut_strncpy(doc, marked.text, marked.length);
    text_release(&marked);
    return copy && yyjson_mut_set_strn(value, yyjson_mut_get_str(copy), yyjson_mut_get_len(copy));
}

static bool mark_hints(yyjson_mut_doc *doc, yyjson_mut_val *hints)
{
    yyjson_mut_val *key, *list, *regex;
    size_t i, j, count, length;

    yyjson_mut_obj_foreach(hints, i, count, key, list)
        yyjson_mut_arr_foreach(list, j, length, regex)
            if (!mark_as_regex(doc, regex))
                return false;
    return true;
}

static bool mark_preferred_types(yyjson_mut_doc *doc, yyjson_mut_val *types)
{
    yyjson_mut_val *key, *type;
    size_t i, count;

    yyjson_mut_obj_foreach(types, i, count, key, type)
        if (!mark_as_regex(doc, key))
            return false;
    return true;
}

/* Takes a member out; an empty object in place of none. */
static yyjson_mut_val *take_object(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key)
{
    yyjson_mut_val *taken = yyjson_mut_obj_remove_key(object, key);

    return taken ? taken : yyjson_mut_obj(doc);
}

static bool move_settings(yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    yyjson_mut_val *hints = take_object(doc, root, "hints"), *types = take_object(doc, root, "preferred_types");
    yyjson_mut_val *settings = yyjson_mut_obj(doc);

    return mark_hints(doc, hints) && mark_preferred_types(doc, types) && put(doc, settings, "default_hints", hints) &&
           put(doc, settings, "preferred_types", types) && put(doc, root, "settings", settings);
}

static bool put_normalizers(yyjson_mut_doc *doc, yyjson_mut_val *root)
{
    static const char text[] = "{\"names\":\"snake_case\",\"json\":{\"module\":\"" JSON_MODULES "relational\","
                               "\"config\":{\"propagation\":{\"root\":{\"_dlt_id\":\"_dlt_root_id\"}}}}}";
    yyjson_doc *parsed = json_text_parse(text, sizeof(text) - 1);
    yyjson_mut_val *normalizers = yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed));

    yyjson_doc_free(parsed);
    return put(doc, root, "normalizers", normalizers);
}

/* ---- 2 -> 3: tables, which were columns by table name ------------------------------------------------------------------------- */

struct old_table {
    yyjson_mut_val *key, *columns;
    const struct old_table *beginning; /* the longest other name that this one begins with */
};

static int compare_names(const void *a, const void *b)
{
    struct slice x = json_text_of((*(const struct old_table *const *)a)->key), y = json_text_of((*(const struct old_table *const *)b)->key);
    int order = memcmp(x.text, y.text, x.length < y.length ? x.length : y.length);

    return order ? order : (x.length > y.length) - (x.length < y.length);
}

static bool begins_with(struct slice name, struct slice beginning)
{
    return name.length > beginning.length && !memcmp(name.text, beginning.text, beginning.length);
}

/* Of sorted names, those that a name begins with are among the one before it and that one's beginnings. Each is left behind once, so that
 * the names are looked at once altogether, however long they are. */
static void link_beginnings(struct old_table **sorted, size_t count)
{
    qsort(sorted, count, sizeof(*sorted), compare_names);
    for (size_t i = 1; i < count; i++) {
        const struct old_table *candidate = sorted[i - 1];

        while (candidate && !begins_with(json_text_of(sorted[i]->key), json_text_of(candidate->key)))
            candidate = candidate->beginning;
        sorted[i]->beginning = candidate;
    }
}

/* Where the last "__" of the text's first `length` bytes begins. 0: nowhere, or at the very beginning. */
static size_t last_separator(const char *text, size_t length)
{
    while (length >= 2) {
        if (text[length - 1] == '_' && text[length - 2] == '_')
            return length - 2;
        length--;
    }
    return 0;
}

/* The name is shortened at its last separator until what is left is a table. NULL: a root table. */
static yyjson_mut_val *find_parent(const struct old_table *table)
{
    const struct old_table *candidate = table->beginning;
    struct slice name = json_text_of(table->key);

    while (candidate && (name.length = last_separator(name.text, name.length)) > 0) {
        while (candidate && yyjson_mut_get_len(candidate->key) > name.length)
            candidate = candidate->beginning;
        if (candidate && yyjson_mut_get_len(candidate->key) == name.length)
            return candidate->key;
    }
    return NULL;
}

/* Another string value with the same text, which belongs to the document already. */
static yyjson_mut_val *same_text(yyjson_mut_doc *doc, yyjson_mut_val *text)
{
    return yyjson_mut_strn(doc, yyjson_mut_get_str(text), yyjson_mut_get_len(text));
}

static yyjson_mut_val *make_table(yyjson_mut_doc *doc, yyjson_mut_val *name, yyjson_mut_val *columns, yyjson_mut_val *parent)
{
    yyjson_mut_val *table = yyjson_mut_obj(doc);
    bool ok = put(doc, table, "name", same_text(doc, name)) && put(doc, table, "columns", columns);

    if (parent)
        ok = ok && put(doc, table, "parent", same_text(doc, parent));
    else
        ok = ok && put(doc, table, "write_disposition", yyjson_mut_str(doc, "append")) && put(doc, table, "resource", same_text(doc, name));
    return ok ? table : NULL;
}

/* Adds a table to the document and to the map. */
static yyjson_mut_val *add_table(yyjson_mut_doc *doc, yyjson_mut_val *tables, struct name_map *map, yyjson_mut_val *name,
                                 yyjson_mut_val *columns, yyjson_mut_val *parent)
{
    yyjson_mut_val *table = make_table(doc, name, columns, parent);

    return table && yyjson_mut_obj_add(tables, name, table) &&
                   name_map_put(map, yyjson_mut_get_str(name), yyjson_mut_get_len(name), table)
               ? table : NULL;
}

static bool rebuild_tables(yyjson_mut_doc *doc, yyjson_mut_val *old, yyjson_mut_val *tables, struct name_map *map)
{
    size_t count = yyjson_mut_obj_size(old), i, size;
    struct old_table *list = calloc(count + 1, sizeof(*list)), **sorted = calloc(count + 1, sizeof(*sorted));
    yyjson_mut_val *key, *columns;
    bool ok = list && sorted && tables;

    if (ok) {
        yyjson_mut_obj_foreach(old, i, size, key, columns)
        {
            list[i] = (struct old_table){ key, columns, NULL };
            sorted[i] = &list[i];
        }
        link_beginnings(sorted, count);
    }
    for (i = 0; ok && i < count; i++)
        ok = add_table(doc, tables, map, list[i].key, list[i].columns, find_parent(&list[i]));
    free(sorted);
    free(list);
    return ok;
}

/* ---- 2 -> 3: filters, which were texts "^table__path" ------------------------------------------------------------------------- */

/* Where the first "__" is; the text's length when there is none. */
static size_t first_separator(struct slice text)
{
    size_t at = 0;

    while (at + 1 < text.length && (text.text[at] != '_' || text.text[at + 1] != '_'))
        at++;
    return at + 1 < text.length ? at : text.length;
}

/* Where the last character begins. */
static size_t last_character(struct slice text)
{
    size_t at = text.length ? text.length - 1 : 0;

    while (at && ((unsigned char)text.text[at] & 0xC0) == 0x80)
        at--;
    return at;
}

/* Table and path of a filter, as dlt cuts it: without a separator, the table lacks the last character and the path has all but the first. */
static void cut_filter(struct slice filter, struct slice *table, struct slice *path)
{
    uint32_t ignored;
    size_t first = utf8_decode(filter.text, filter.length, &ignored), end = first_separator(filter), path_at = end + 2;

    if (end == filter.length) {
        end = last_character(filter);
        path_at = first;
    }
    *table = (struct slice){ filter.text + first, end > first ? end - first : 0 };
    *path = (struct slice){ filter.text + path_at, filter.length - path_at };
}

static bool add_filter(yyjson_mut_doc *doc, yyjson_mut_val *table, const char *group, struct slice path)
{
    yyjson_mut_val *filters = get_or_add(doc, table, "filters", yyjson_mut_obj(doc));
    yyjson_mut_val *list = get_or_add(doc, filters, group, yyjson_mut_arr(doc));
    struct text regex = { 0 };
    bool ok;

    text_puts(&regex, REGEX_PREFIX "^");
    text_append(&regex, path.text, path.length);
    ok = !regex.failed && yyjson_mut_arr_append(list, yyjson_mut_strncpy(doc, regex.text, regex.length));
    text_release(&regex);
    return ok;
}

/* Moves the root's list of filters to the tables that they are for; a table that is not there is made. */
static enum spile_status move_filters(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *group, yyjson_mut_val *tables,
                                      struct name_map *map, struct spile_error *err)
{
    yyjson_mut_val *list = yyjson_mut_obj_remove_key(root, group), *filter;
    char shown[VALUE_BYTES];
    size_t i, count;

    if (list && !yyjson_mut_is_arr(list))
        return spile_fail(err, SPILE_CONFIG, "\"%s\" must be a list, not %s", group, value_show(shown, list));
    yyjson_mut_arr_foreach(list, i, count, filter)
    {
        struct slice name, path;
        yyjson_mut_val *table;

        if (!yyjson_mut_is_str(filter))
            return spile_fail(err, SPILE_CONFIG, "entry %zu of \"%s\" must be a text, not %s", i + 1, group, value_show(shown, filter));
        cut_filter(json_text_of(filter), &name, &path);
        table = name_map_find(map, name.text, name.length);
        if (!table)
            table = add_table(doc, tables, map, yyjson_mut_strncpy(doc, name.text, name.length), yyjson_mut_obj(doc), NULL);
        if (!table || !add_filter(doc, table, group, path))
            return spile_fail_nomem(err);
    }
    return SPILE_OK;
}

static enum spile_status move_tables(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    yyjson_mut_val *old = yyjson_mut_obj_get(root, "tables"), *tables = yyjson_mut_obj(doc);
    struct name_map *map = name_map_new(false);
    enum spile_status status = ok_or_nomem(map, err);

    if (!status && yyjson_mut_is_obj(old)) {
        yyjson_mut_obj_remove_key(root, "tables");
        status = ok_or_nomem(rebuild_tables(doc, old, tables, map) && put(doc, root, "tables", tables), err);
    }
    if (!status)
        status = move_filters(doc, root, "excludes", tables, map, err);
    if (!status)
        status = move_filters(doc, root, "includes", tables, map, err);
    name_map_free(map);
    return status;
}

static enum spile_status move_to_settings(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    enum spile_status status = ok_or_nomem(put_normalizers(doc, root) && move_settings(doc, root), err);

    return status ? status : move_tables(doc, root, err);
}

/* ---- 3 -> 9 --------------------------------------------------------------------------------------------------------------------- */

static enum spile_status add_hash(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    return ok_or_nomem(get_or_add(doc, root, "version_hash", yyjson_mut_str(doc, "")), err);
}

static bool put_template(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name)
{
    yyjson_mut_val *tables = yyjson_mut_obj_get(root, "tables");

    return !yyjson_mut_is_obj(tables) || put(doc, tables, name, template_table(doc, name));
}

static enum spile_status replace_loads(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    return ok_or_nomem(put_template(doc, root, DLT_LOADS_TABLE), err);
}

static enum spile_status replace_versions_and_loads(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    return put_template(doc, root, DLT_VERSION_TABLE) ? replace_loads(doc, root, err) : spile_fail_nomem(err);
}

static enum spile_status unseal(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    yyjson_mut_val *key, *table;
    size_t i, count;

    (void)doc;
    (void)err;
    yyjson_mut_obj_remove_key(yyjson_mut_obj_get(root, "settings"), "schema_sealed");
    yyjson_mut_obj_foreach(yyjson_mut_obj_get(root, "tables"), i, count, key, table)
        yyjson_mut_obj_remove_key(table, "table_sealed");
    return SPILE_OK;
}

static enum spile_status add_previous_hashes(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    return ok_or_nomem(put(doc, root, "previous_hashes", yyjson_mut_arr(doc)), err);
}

static enum spile_status mark_seen_data(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    yyjson_mut_val *key, *table;
    size_t i, count;

    yyjson_mut_obj_foreach(yyjson_mut_obj_get(root, "tables"), i, count, key, table)
    {
        yyjson_mut_val *hints;

        if (!yyjson_mut_obj_get(yyjson_mut_obj_get(table, "columns"), DLT_ID))
            continue;
        hints = get_or_add(doc, table, "x-normalizer", yyjson_mut_obj(doc));
        if (!hints || (yyjson_mut_is_obj(hints) && !put(doc, hints, "seen-data", yyjson_mut_bool(doc, true))))
            return spile_fail_nomem(err);
    }
    return SPILE_OK;
}

/* ---- 9 -> 10 -------------------------------------------------------------------------------------------------------------------- */

/* The hint gets the value of the one that stood for it, else false. Columns without properties get nothing. */
static bool put_key_hint(yyjson_mut_doc *doc, yyjson_mut_val *column, const char *hint, const char *former)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(column, former);
    bool is_scalar = value && !yyjson_mut_is_ctn(value);

    if (!yyjson_mut_is_obj(column) || !is_truthy(column))
        return true;
    return put(doc, column, hint, is_scalar ? yyjson_mut_val_mut_copy(doc, value) : yyjson_mut_bool(doc, false));
}

/* The type json was once called so. */
static void rename_complex(yyjson_mut_val *type)
{
    if (yyjson_mut_equals_str(type, "complex"))
        yyjson_mut_set_str(type, "json");
}

static bool convert_keys_of_table(yyjson_mut_doc *doc, yyjson_mut_val *table)
{
    yyjson_mut_val *columns = yyjson_mut_obj_get(table, "columns"), *key, *column;
    size_t i, count;

    if (!put_key_hint(doc, yyjson_mut_obj_get(columns, DLT_ID), "row_key", "unique") ||
        !put_key_hint(doc, yyjson_mut_obj_get(columns, DLT_PARENT_ID), "parent_key", "foreign_key"))
        return false;
    yyjson_mut_obj_foreach(columns, i, count, key, column)
    {
        rename_complex(yyjson_mut_obj_get(column, "data_type"));
        yyjson_mut_obj_remove_key(column, "foreign_key");
    }
    return true;
}

static bool put_name_list(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *name)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    return yyjson_mut_arr_add_str(doc, list, name) && put(doc, object, key, list);
}

static bool convert_settings(yyjson_mut_doc *doc, yyjson_mut_val *settings)
{
    yyjson_mut_val *hints = yyjson_mut_obj_get(settings, "default_hints"), *key, *type;
    size_t i, count;

    yyjson_mut_obj_foreach(yyjson_mut_obj_get(settings, "preferred_types"), i, count, key, type)
        rename_complex(type);
    if (!yyjson_mut_is_obj(hints) || !is_truthy(hints))
        return true;
    yyjson_mut_obj_remove_key(hints, "foreign_key");
    return put_name_list(doc, hints, "row_key", DLT_ID) && put_name_list(doc, hints, "parent_key", DLT_PARENT_ID);
}

/* A module of dlt's may be given without its folder. */
static bool complete_module(yyjson_mut_doc *doc, yyjson_mut_val *json)
{
    yyjson_mut_val *module = get_or_add(doc, json, "module", yyjson_mut_str(doc, "relational"));
    struct slice name = json_text_of(module);
    struct text path = { 0 };
    bool ok;

    if (!module || !yyjson_mut_is_str(module) || memchr(name.text, '.', name.length))
        return module;
    text_puts(&path, JSON_MODULES);
    text_append(&path, name.text, name.length);
    ok = !path.failed && put(doc, json, "module", yyjson_mut_strncpy(doc, path.text, path.length));
    text_release(&path);
    return ok;
}

/* dlt loads the normalizers for this step, which writes the defaults into the document. */
static bool complete_normalizers(yyjson_mut_doc *doc, yyjson_mut_val *normalizers)
{
    yyjson_mut_val *names = yyjson_mut_obj_get(normalizers, "names"), *json = yyjson_mut_obj_get(normalizers, "json");

    if ((!names || yyjson_mut_is_null(names)) && !put(doc, normalizers, "names", yyjson_mut_str(doc, naming_name(NAMING_SNAKE_CASE))))
        return false;
    if (!is_truthy(json)) {
        json = yyjson_mut_obj(doc);
        if (!put(doc, normalizers, "json", json))
            return false;
    }
    yyjson_mut_obj_remove_key(yyjson_mut_obj_get(json, "config"), "generate_dlt_id");
    return !yyjson_mut_is_obj(json) || complete_module(doc, json);
}

/* The names of dlt's columns are the same in all conventions that we know; of others we cannot say. */
static enum spile_status check_naming(yyjson_mut_val *normalizers, struct spile_error *err)
{
    yyjson_mut_val *names = yyjson_mut_obj_get(normalizers, "names");
    struct slice name = yyjson_mut_is_str(names) ? json_text_of(names) : slice_of("");
    enum naming_convention ignored;

    if (!names || naming_find(name, &ignored))
        return SPILE_OK;
    return spile_within(err, naming_fail_unknown(name, err), "names, normalizers");
}

static enum spile_status convert_keys(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    yyjson_mut_val *normalizers = get_or_add(doc, root, "normalizers", yyjson_mut_obj(doc)), *key, *table;
    bool ok = normalizers && (!yyjson_mut_is_obj(normalizers) || complete_normalizers(doc, normalizers));
    enum spile_status status = ok ? check_naming(normalizers, err) : spile_fail_nomem(err);
    size_t i, count;

    if (status)
        return status;
    yyjson_mut_obj_foreach(yyjson_mut_obj_get(root, "tables"), i, count, key, table)
        if (!convert_keys_of_table(doc, table))
            return spile_fail_nomem(err);
    return ok_or_nomem(convert_settings(doc, yyjson_mut_obj_get(root, "settings")), err);
}

/* ---- 10 -> 11, and always ----------------------------------------------------------------------------------------------------- */

static enum spile_status keep_whole_names(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err)
{
    yyjson_mut_val *normalizers = get_or_add(doc, root, "normalizers", yyjson_mut_obj(doc));

    if (normalizers && !yyjson_mut_is_obj(normalizers))
        return SPILE_OK;
    return ok_or_nomem(put(doc, normalizers, "use_break_path_on_normalize", yyjson_mut_bool(doc, false)), err);
}

/* Columns that had only been null were once remembered: without a type they go, with one they lose the mark. */
static void forget_nulls(yyjson_mut_val *columns)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(columns);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        yyjson_mut_val *column = yyjson_mut_obj_iter_get_val(key), *hints = yyjson_mut_obj_get(column, "x-normalizer");

        if (!is_truthy(yyjson_mut_obj_get(hints, "seen-null-first")))
            continue;
        if (!yyjson_mut_obj_get(column, "data_type")) {
            yyjson_mut_obj_iter_remove(&iter);
            continue;
        }
        yyjson_mut_obj_remove_key(hints, "seen-null-first");
        if (!yyjson_mut_obj_size(hints))
            yyjson_mut_obj_remove_key(column, "x-normalizer");
    }
}

/* ---- all steps ------------------------------------------------------------------------------------------------------------------ */

/* steps[n] makes version n + 1 of version n. */
static enum spile_status (*const steps[])(yyjson_mut_doc *doc, yyjson_mut_val *root, struct spile_error *err) = {
    [1] = add_filters, [2] = move_to_settings, [3] = add_hash, [4] = replace_versions_and_loads, [5] = replace_loads,
    [6] = unseal, [7] = add_previous_hashes, [8] = mark_seen_data, [9] = convert_keys, [10] = keep_whole_names,
};

_Static_assert(sizeof(steps) / sizeof(*steps) == SCHEMA_ENGINE_VERSION, "the last step leads to today's version");

static enum spile_status read_version(yyjson_mut_val *root, int *version, struct spile_error *err)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(root, "engine_version");
    char shown[VALUE_BYTES];

    if (!yyjson_mut_is_obj(root))
        return spile_fail(err, SPILE_CONFIG, "a schema must be an object, not %s", value_show(shown, root));
    if (!value) {
        spile_fail(err, SPILE_CONFIG, "the schema has no \"engine_version\"");
        return spile_hint(err, SPILE_CONFIG, "that of a schema of today is %d", SCHEMA_ENGINE_VERSION);
    }
    value_show(shown, value);
    if (!yyjson_mut_is_int(value)) {
        spile_fail(err, SPILE_CONFIG, "\"engine_version\" must be a whole number, not %s", shown);
        return spile_hint(err, SPILE_CONFIG, "write digits, without quotes");
    }
    if (yyjson_mut_is_sint(value) ? yyjson_mut_get_sint(value) < 1 : yyjson_mut_get_uint(value) < 1) {
        spile_fail(err, SPILE_CONFIG, "there is no engine version %s, the first is 1", shown);
        return spile_hint(err, SPILE_CONFIG, "leave it out of a file written by hand");
    }
    if (yyjson_mut_get_uint(value) > SCHEMA_ENGINE_VERSION) {
        spile_fail(err, SPILE_CONFIG, "the schema was written by a newer engine: its version is %s, this program knows %d", shown,
                   SCHEMA_ENGINE_VERSION);
        return spile_hint(err, SPILE_CONFIG, "use a newer spile");
    }
    *version = yyjson_mut_get_int(value);
    return SPILE_OK;
}

enum spile_status schema_migrate(yyjson_mut_doc *doc, struct spile_error *err)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *key, *table;
    int version = 0;
    enum spile_status status = read_version(root, &version, err);
    size_t i, count;

    if (status)
        return status;
    for (; !status && version < SCHEMA_ENGINE_VERSION; version++)
        status = steps[version](doc, root, err);
    if (status)
        return status;
    yyjson_mut_obj_foreach(yyjson_mut_obj_get(root, "tables"), i, count, key, table)
        forget_nulls(yyjson_mut_obj_get(table, "columns"));
    return ok_or_nomem(put(doc, root, "engine_version", yyjson_mut_int(doc, SCHEMA_ENGINE_VERSION)), err);
}
