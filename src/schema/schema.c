#include "schema/schema.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/text.h"
#include "data/json_text.h"
#include "schema/migrate.h"
#include "schema/template.h"
#include "schema/value.h"

#define PREVIOUS_HASHES_MAX 10

/* ---- index over the document --------------------------------------------------------------------------------------------------- */

static void *grow_array(void *array, uint32_t count, uint32_t *capacity, size_t width)
{
    uint32_t wanted = *capacity ? *capacity * 2 : 16;
    void *grown = count < *capacity ? array : realloc(array, wanted * width);

    if (grown && count >= *capacity)
        *capacity = wanted;
    return grown;
}

static void note_links(struct table *table, struct column *column)
{
    if (!strcmp(column->name, DLT_ID))
        table->row_id = column;
    else if (!table->parent && !strcmp(column->name, DLT_LOAD_ID))
        table->load_id = column;
    else if (table->parent && !strcmp(column->name, DLT_PARENT_ID))
        table->parent_id = column;
    else if (table->parent && !strcmp(column->name, DLT_LIST_INDEX))
        table->list_index = column;
}

static void read_column(struct column *column, yyjson_mut_val *json)
{
    column->type = (struct column_type){
        .type = data_type_of(json_text_of(yyjson_mut_obj_get(json, "data_type"))),
        .precision = value_int(json, "precision", -1),
        .scale = value_int(json, "scale", -1),
        .timezone = value_bool(json, "timezone", true),
    };
    column->nullable = value_bool(json, "nullable", true);
}

/* Adds the struct for a complete column of the document. */
static struct column *index_column(struct schema *schema, struct table *table, yyjson_mut_val *json)
{
    yyjson_mut_val *name = yyjson_mut_obj_get(json, "name");
    struct column **columns = grow_array(table->columns, table->column_count, &table->column_capacity, sizeof(*columns));
    struct column *column = columns ? arena_zalloc(&schema->arena, sizeof(*column)) : NULL;

    if (columns)
        table->columns = columns;
    if (!column || !name_map_put(table->column_map, yyjson_mut_get_str(name), yyjson_mut_get_len(name), column))
        return NULL;
    column->name = yyjson_mut_get_str(name);
    read_column(column, json);
    column->index = table->column_count;
    table->columns[table->column_count++] = column;
    schema->json_columns += column->type.type == TYPE_JSON;
    note_links(table, column);
    return column;
}

/* Adds the struct for a table of the document; its columns come later (index_columns), its parent is set by the caller. */
static struct table *index_table(struct schema *schema, const char *name, size_t length, yyjson_mut_val *json)
{
    struct table **tables = grow_array(schema->tables, schema->table_count, &schema->table_capacity, sizeof(*tables));
    struct table *table = tables ? arena_zalloc(&schema->arena, sizeof(*table)) : NULL;

    if (tables)
        schema->tables = tables;
    if (!table || !(table->column_map = name_map_new(naming_collides(&schema->naming))))
        return NULL;
    table->name = name;
    table->json = json;
    table->columns_json = yyjson_mut_obj_get(json, "columns");
    table->max_nesting = value_int(yyjson_mut_obj_get(json, "x-normalizer"), "max_nesting", -1);
    table->index = schema->table_count;
    schema->tables[schema->table_count++] = table; /* owned from here on, whatever follows */
    return name_map_put(schema->table_map, name, length, table) ? table : NULL;
}

/* "name" is left out of exported schemas; the rest of the code relies on it. */
static bool ensure_name(yyjson_mut_doc *doc, yyjson_mut_val *json, yyjson_mut_val *key)
{
    return yyjson_mut_obj_get(json, "name") ||
           yyjson_mut_obj_add_strn(doc, json, "name", yyjson_mut_get_str(key), yyjson_mut_get_len(key));
}

static enum spile_status index_columns(struct schema *schema, struct table *table, struct spile_error *err)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(table->columns_json);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        yyjson_mut_val *json = yyjson_mut_obj_iter_get_val(key);

        if (!yyjson_mut_is_obj(json))
            return spile_fail(err, SPILE_CONFIG, "stored schema: a column of table \"%s\" is no object", table->name);
        if (!ensure_name(schema->doc, json, key))
            return spile_fail_nomem(err);
        if (yyjson_mut_get_str(yyjson_mut_obj_get(json, "data_type")) && !index_column(schema, table, json))
            return spile_fail_nomem(err);
    }
    return SPILE_OK;
}

/* Is the table below itself? Each table is passed once by all walks together. */
static bool is_circular(struct table *table, uint32_t walk)
{
    while (table && !table->walk) {
        table->walk = walk;
        table = table->parent;
    }
    return table && table->walk == walk;
}

static enum spile_status index_tables(struct schema *schema, struct spile_error *err)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(schema->tables_json);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        yyjson_mut_val *json = yyjson_mut_obj_iter_get_val(key);

        if (!yyjson_mut_is_obj(json) || !yyjson_mut_is_obj(yyjson_mut_obj_get(json, "columns")))
            return spile_fail(err, SPILE_CONFIG, "stored schema: table \"%s\" has no columns", yyjson_mut_get_str(key));
        if (!index_table(schema, yyjson_mut_get_str(key), yyjson_mut_get_len(key), json))
            return spile_fail_nomem(err);
    }
    for (uint32_t i = 0; i < schema->table_count; i++) {
        struct table *table = schema->tables[i];
        const char *parent = yyjson_mut_get_str(yyjson_mut_obj_get(table->json, "parent"));
        enum spile_status status;

        if (parent && !(table->parent = schema_find_table(schema, parent)))
            return spile_fail(err, SPILE_CONFIG, "stored schema: table \"%s\" has a parent \"%s\" that is not there", table->name, parent);
        status = index_columns(schema, table, err);
        if (status)
            return status;
    }
    for (uint32_t i = 0; i < schema->table_count; i++)
        if (is_circular(schema->tables[i], i + 1))
            return spile_fail(err, SPILE_CONFIG, "stored schema: table \"%s\" is nested in itself", schema->tables[i]->name);
    return SPILE_OK;
}

/* dlt writes a convention's short name; without one it is the default. */
static enum spile_status read_naming(struct schema *schema, struct spile_error *err)
{
    yyjson_mut_val *normalizers = yyjson_mut_obj_get(schema->root, "normalizers"), *names = yyjson_mut_obj_get(normalizers, "names");
    struct slice name = json_text_of(names);

    if (!names)
        schema->naming.convention = NAMING_SNAKE_CASE;
    else if (!naming_find(name, &schema->naming.convention))
        return spile_within(err, naming_fail_unknown(name, err), "names, normalizers, stored schema \"%s\"", schema->name);
    schema->naming.whole_keys = !value_bool(normalizers, "use_break_path_on_normalize", true);
    schema->table_map = name_map_new(naming_collides(&schema->naming));
    return schema->table_map ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status read_root(struct schema *schema, struct spile_error *err)
{
    enum spile_status status;

    schema->root = yyjson_mut_doc_get_root(schema->doc);
    schema->name = yyjson_mut_get_str(yyjson_mut_obj_get(schema->root, "name"));
    schema->tables_json = yyjson_mut_obj_get(schema->root, "tables");
    if (!schema->name || !yyjson_mut_is_obj(schema->tables_json))
        return spile_fail(err, SPILE_CONFIG, "stored schema: no name or no tables");
    status = read_naming(schema, err);
    if (!status)
        status = settings_compile(&schema->settings, yyjson_mut_obj_get(schema->root, "settings"), &schema->arena, err);
    if (!status)
        status = filters_compile(&schema->filters, schema->tables_json, &schema->arena, err);
    return status ? status : index_tables(schema, err);
}

enum spile_status schema_from_document(struct schema **out, yyjson_mut_doc *doc, const struct naming *naming, struct spile_error *err)
{
    struct schema *schema = doc ? calloc(1, sizeof(*schema)) : NULL;
    enum spile_status status;

    *out = NULL;
    if (!schema) {
        yyjson_mut_doc_free(doc);
        return spile_fail_nomem(err);
    }
    schema->doc = doc;
    schema->naming = *naming;
    status = read_root(schema, err);
    if (status)
        schema_free(schema);
    else
        *out = schema;
    return status;
}

enum spile_status schema_read(struct schema **out, const char *text, size_t length, const struct naming *naming, struct spile_error *err)
{
    bool nomem;
    yyjson_doc *doc = json_text_read(text, length, &nomem);
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(doc, NULL);
    enum spile_status status;

    *out = NULL;
    yyjson_doc_free(doc);
    if (!doc)
        return nomem ? spile_fail_nomem(err) : spile_fail(err, SPILE_CONFIG, "stored schema is not JSON");
    status = copy ? schema_migrate(copy, err) : spile_fail_nomem(err);
    if (!status)
        return schema_from_document(out, copy, naming, err);
    yyjson_mut_doc_free(copy);
    return spile_within(err, status, "stored schema");
}

enum spile_status schema_new(struct schema **out, const char *name, const struct naming *naming, struct spile_error *err)
{
    yyjson_mut_doc *doc = template_schema();
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);

    if (doc && json_put(root, yyjson_mut_str(doc, "name"), yyjson_mut_strcpy(doc, name)) &&
        json_put(yyjson_mut_obj_get(root, "normalizers"), yyjson_mut_str(doc, "names"),
                           yyjson_mut_str(doc, naming_name(naming->convention))))
        return schema_from_document(out, doc, naming, err);
    yyjson_mut_doc_free(doc);
    *out = NULL;
    return spile_fail_nomem(err);
}

void schema_free(struct schema *schema)
{
    if (!schema)
        return;
    for (uint32_t i = 0; i < schema->table_count; i++) {
        name_map_free(schema->tables[i]->column_map);
        name_map_free(schema->tables[i]->refused);
        free(schema->tables[i]->columns);
    }
    free(schema->tables);
    name_map_free(schema->table_map);
    settings_release(&schema->settings);
    filters_release(&schema->filters);
    yyjson_mut_doc_free(schema->doc);
    arena_release(&schema->arena);
    free(schema);
}

struct table *schema_find_table(const struct schema *schema, const char *name)
{
    return name_map_find(schema->table_map, name, strlen(name));
}

struct column *table_find_column(const struct table *table, const char *name)
{
    return name_map_find(table->column_map, name, strlen(name));
}

bool table_refuse_column(struct schema *schema, struct table *table, const char *name)
{
    char *key = arena_copy(&schema->arena, name, strlen(name));

    if (!table->refused)
        table->refused = name_map_new(naming_collides(&schema->naming));
    return key && table->refused && name_map_put(table->refused, key, strlen(key), key);
}

/* ---- changes -------------------------------------------------------------------------------------------------------------------- */

static struct table *add_table(struct schema *schema, yyjson_mut_val *json, const char *name)
{
    yyjson_mut_val *key = yyjson_mut_strcpy(schema->doc, name);

    if (!json || !key || !yyjson_mut_obj_add(schema->tables_json, key, json))
        return NULL;
    schema->version++;
    return index_table(schema, yyjson_mut_get_str(key), yyjson_mut_get_len(key), json);
}

struct table *schema_add_root_table(struct schema *schema, const char *name, const char *resource)
{
    yyjson_mut_doc *doc = schema->doc;
    yyjson_mut_val *json = yyjson_mut_obj(doc);

    if (!yyjson_mut_obj_add_obj(doc, json, "columns") || !yyjson_mut_obj_add_str(doc, json, "write_disposition", "append") ||
        !yyjson_mut_obj_add_strcpy(doc, json, "name", name) || !yyjson_mut_obj_add_strcpy(doc, json, "resource", resource))
        return NULL;
    return add_table(schema, json, name);
}

struct table *schema_add_nested_table(struct schema *schema, const char *name, struct table *parent)
{
    yyjson_mut_doc *doc = schema->doc;
    yyjson_mut_val *json = yyjson_mut_obj(doc);
    struct table *table;

    if (!yyjson_mut_obj_add_strcpy(doc, json, "name", name) || !yyjson_mut_obj_add_obj(doc, json, "columns") ||
        !yyjson_mut_obj_add_strcpy(doc, json, "parent", parent->name))
        return NULL;
    table = add_table(schema, json, name);
    if (table)
        table->parent = parent;
    return table;
}

/* What the settings say of a column of that name. */
static bool add_default_hints(struct schema *schema, yyjson_mut_val *json, const char *name)
{
    bool nullable = true, ok = true;

    for (size_t i = 0; i < schema->settings.hint_count; i++)
        if (!strcmp(schema->settings.hints[i].name, "not_null"))
            nullable &= !default_hint_matches(&schema->settings.hints[i], slice_of(name));
    ok = yyjson_mut_obj_add_bool(schema->doc, json, "nullable", nullable);
    for (size_t i = 0; ok && i < schema->settings.hint_count; i++) {
        const struct default_hint *hint = &schema->settings.hints[i];

        if (strcmp(hint->name, "not_null") && default_hint_matches(hint, slice_of(name)))
            ok = yyjson_mut_obj_add_bool(schema->doc, json, hint->name, true);
    }
    return ok;
}

static bool add_variant_hints(yyjson_mut_doc *doc, yyjson_mut_val *json, const char *name)
{
    struct text description = { 0 };
    bool ok;

    text_printf(&description, "Variant of column %s generated by dlt", name);
    ok = !description.failed && yyjson_mut_obj_add_bool(doc, json, "variant", true) &&
         yyjson_mut_obj_add_strncpy(doc, json, "description", description.text, description.length);
    text_release(&description);
    return ok;
}

/* Properties that a declared column brings override the inferred ones. */
static bool merge_declared(yyjson_mut_doc *doc, yyjson_mut_val *json, yyjson_mut_val *declared)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(declared);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter)))
        if (!json_put(json, yyjson_mut_val_mut_copy(doc, key), yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_iter_get_val(key))))
            return false;
    return true;
}

/* A column's description as the data give it. NULL: out of memory. */
static yyjson_mut_val *new_column(struct schema *schema, const char *name, enum data_type type)
{
    yyjson_mut_val *json = yyjson_mut_obj(schema->doc);
    bool ok = yyjson_mut_obj_add_strcpy(schema->doc, json, "name", name) && yyjson_mut_obj_add_str(schema->doc, json, "data_type", data_type_name(type));

    return ok ? json : NULL;
}

/* Adds it to the table, with what was declared of it before. */
static struct column *add_column(struct schema *schema, struct table *table, const char *name, yyjson_mut_val *json)
{
    yyjson_mut_val *key = yyjson_mut_strcpy(schema->doc, name), *declared = yyjson_mut_obj_remove_key(table->columns_json, name);

    if (!key || !merge_declared(schema->doc, json, declared) || !yyjson_mut_obj_add(table->columns_json, key, json))
        return NULL;
    schema->version++;
    return index_column(schema, table, json);
}

struct column *table_add_column(struct schema *schema, struct table *table, const char *name, enum data_type type, bool variant)
{
    yyjson_mut_val *json = new_column(schema, name, type);

    if (!json || !add_default_hints(schema, json, name) || (variant && !add_variant_hints(schema->doc, json, name)))
        return NULL;
    return add_column(schema, table, name, json);
}

struct column *table_add_typed_column(struct schema *schema, struct table *table, const char *name, const struct column_type *type, bool nullable)
{
    yyjson_mut_doc *doc = schema->doc;
    yyjson_mut_val *json = new_column(schema, name, type->type);
    bool ok = json && yyjson_mut_obj_add_bool(doc, json, "nullable", nullable);

    ok = ok && (type->precision < 0 || yyjson_mut_obj_add_int(doc, json, "precision", type->precision));
    ok = ok && (type->scale < 0 || yyjson_mut_obj_add_int(doc, json, "scale", type->scale));
    return ok ? add_column(schema, table, name, json) : NULL;
}

/* The index of a column that has changed. */
static void update_column(struct schema *schema, struct column *column, yyjson_mut_val *json)
{
    schema->json_columns -= column->type.type == TYPE_JSON;
    read_column(column, json);
    schema->json_columns += column->type.type == TYPE_JSON;
}

bool table_declare_column(struct schema *schema, struct table *table, const char *name, yyjson_mut_val *declared)
{
    yyjson_mut_val *json = yyjson_mut_obj_get(table->columns_json, name), *key = yyjson_mut_strcpy(schema->doc, name);
    struct column *column = json ? table_find_column(table, name) : NULL;
    bool completes = !column && yyjson_mut_obj_get(declared, "data_type");

    schema->version++;
    if (json && completes)
        yyjson_mut_obj_remove_key(table->columns_json, name);
    if (!key || (json && !merge_declared(schema->doc, json, declared)))
        return false;
    if ((!json || completes) && !yyjson_mut_obj_add(table->columns_json, key, json ? json : declared))
        return false;
    if (column)
        update_column(schema, column, json);
    return !completes || index_column(schema, table, json ? json : declared);
}

bool table_add_links(struct schema *schema, struct table *table)
{
    if (table->parent && !table->parent_id && !table_add_column(schema, table, DLT_PARENT_ID, TYPE_TEXT, false))
        return false;
    if (table->parent && !table->list_index && !table_add_column(schema, table, DLT_LIST_INDEX, TYPE_BIGINT, false))
        return false;
    if (!table->parent && !table->load_id && !table_add_column(schema, table, DLT_LOAD_ID, TYPE_TEXT, false))
        return false;
    return table->row_id || table_add_column(schema, table, DLT_ID, TYPE_TEXT, false);
}

bool table_has_asked(const struct table *table, const char *name)
{
    const struct column *column = table_find_column(table, name);
    yyjson_mut_val *json = column ? yyjson_mut_obj_get(table->columns_json, column->name) : NULL;

    return column && !column->nullable && yyjson_mut_obj_get(json, "precision") && yyjson_mut_obj_get(json, "description");
}

/* What a column has already stays, but for being null. */
static bool complete_asked(struct schema *schema, struct column *column, yyjson_mut_val *json, yyjson_mut_val *asked)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(asked);
    yyjson_mut_val *key;
    bool ok = json_put(json, yyjson_mut_str(schema->doc, "nullable"), yyjson_mut_bool(schema->doc, false));

    while (ok && (key = yyjson_mut_obj_iter_next(&iter)))
        if (!yyjson_mut_obj_getn(json, yyjson_mut_get_str(key), yyjson_mut_get_len(key)))
            ok = json_put(json, yyjson_mut_val_mut_copy(schema->doc, key), yyjson_mut_val_mut_copy(schema->doc, yyjson_mut_obj_iter_get_val(key)));
    column->nullable = false;
    column->type.precision = value_int(json, "precision", -1);
    schema->version++;
    return ok;
}

bool table_ask_column(struct schema *schema, struct table *table, const char *name)
{
    yyjson_mut_val *asked = template_column(schema->doc, name);
    struct column *column = table_find_column(table, name);

    if (!asked)
        return false;
    if (!column)
        return add_column(schema, table, name, asked);
    return complete_asked(schema, column, yyjson_mut_obj_get(table->columns_json, column->name), asked);
}

bool table_move_last(struct schema *schema, struct table *table, struct column *column)
{
    yyjson_mut_val *key = yyjson_mut_strcpy(schema->doc, column->name), *json = yyjson_mut_obj_remove_key(table->columns_json, column->name);

    if (!key || !yyjson_mut_obj_add(table->columns_json, key, json))
        return false;
    for (uint32_t i = column->index; i + 1 < table->column_count; i++) {
        table->columns[i] = table->columns[i + 1];
        table->columns[i]->index = i;
    }
    column->index = table->column_count - 1;
    table->columns[column->index] = column;
    schema->version++;
    return true;
}

bool table_has_hint(const struct table *table, const struct column *column, const char *hint)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(yyjson_mut_obj_get(table->columns_json, column->name), hint);

    return value && !yyjson_mut_is_false(value) && !yyjson_mut_is_null(value);
}

const struct column *table_first_with(const struct table *table, const char *hint)
{
    for (uint32_t i = 0; i < table->column_count; i++)
        if (table_has_hint(table, table->columns[i], hint))
            return table->columns[i];
    return NULL;
}

/* ---- properties of a table ------------------------------------------------------------------------------------------------------- */

static yyjson_mut_val *normalizer_hints(struct schema *schema, struct table *table)
{
    yyjson_mut_val *hints = yyjson_mut_obj_get(table->json, "x-normalizer");

    return hints ? hints : yyjson_mut_obj_add_obj(schema->doc, table->json, "x-normalizer");
}

bool table_set_max_nesting(struct schema *schema, struct table *table, int max_nesting)
{
    yyjson_mut_val *hints = normalizer_hints(schema, table);

    if (table->max_nesting == max_nesting)
        return hints;
    table->max_nesting = max_nesting;
    schema->version++;
    return hints && json_put(hints, yyjson_mut_str(schema->doc, "max_nesting"), yyjson_mut_int(schema->doc, max_nesting));
}

bool table_set_seen_data(struct schema *schema, struct table *table)
{
    yyjson_mut_val *hints = normalizer_hints(schema, table);

    if (value_bool(hints, "seen-data", false))
        return true;
    return hints && json_put(hints, yyjson_mut_str(schema->doc, "seen-data"), yyjson_mut_bool(schema->doc, true));
}

struct table *schema_add_state_table(struct schema *schema)
{
    struct table *table = schema_find_table(schema, DLT_STATE_TABLE);

    if (table)
        return table_add_links(schema, table) && table_set_seen_data(schema, table) ? table : NULL;
    table = add_table(schema, template_table(schema->doc, DLT_STATE_TABLE), DLT_STATE_TABLE);
    return table && !index_columns(schema, table, NULL) ? table : NULL;
}

bool schema_declare_state_table(struct schema *schema)
{
    yyjson_mut_val *json = yyjson_mut_obj_get(schema->tables_json, DLT_STATE_TABLE);

    if (json)
        return true;
    json = template_table(schema->doc, DLT_STATE_TABLE);
    yyjson_mut_obj_remove_key(yyjson_mut_obj_get(json, "columns"), DLT_ID);
    yyjson_mut_obj_remove_key(json, "x-normalizer");
    return add_table(schema, json, DLT_STATE_TABLE);
}

/* ---- hash and text -------------------------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const char *x = yyjson_mut_get_str(*(yyjson_mut_val *const *)a), *y = yyjson_mut_get_str(*(yyjson_mut_val *const *)b);

    return strcmp(x, y);
}

/* The members' keys in sorted order; malloc. */
static yyjson_mut_val **sorted_keys(yyjson_mut_val *object, size_t *count)
{
    yyjson_mut_val **keys = malloc((yyjson_mut_obj_size(object) + 1) * sizeof(*keys)), *key;
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);

    *count = 0;
    while (keys && (key = yyjson_mut_obj_iter_next(&iter)))
        keys[(*count)++] = key;
    if (keys)
        qsort(keys, *count, sizeof(*keys), compare_keys);
    return keys;
}

static bool is_outside_hash(const char *key)
{
    return !strcmp(key, "version") || !strcmp(key, "version_hash") || !strcmp(key, "imported_version_hash") ||
           !strcmp(key, "previous_hashes");
}

/* Compact JSON with sorted keys: what dlt hashes. The depth of a schema is small, so this may recurse. */
static void write_sorted(struct text *out, yyjson_mut_val *value, bool root)
{
    if (yyjson_mut_is_obj(value)) {
        size_t count, written = 0;
        yyjson_mut_val **keys = sorted_keys(value, &count);

        out->failed |= !keys;
        text_putc(out, '{');
        for (size_t i = 0; i < count; i++) {
            if (root && is_outside_hash(yyjson_mut_get_str(keys[i])))
                continue;
            if (written++)
                text_putc(out, ',');
            json_text_append(out, keys[i], false);
            text_putc(out, ':');
            write_sorted(out, yyjson_mut_obj_iter_get_val(keys[i]), false);
        }
        text_putc(out, '}');
        free(keys);
    } else if (yyjson_mut_is_arr(value)) {
        yyjson_mut_val *element;
        size_t i, count;

        text_putc(out, '[');
        yyjson_mut_arr_foreach(value, i, count, element)
        {
            if (i)
                text_putc(out, ',');
            write_sorted(out, element, false);
        }
        text_putc(out, ']');
    } else {
        json_text_append(out, value, false);
    }
}

/* Beside the content, names of tables (sorted) and of their columns (in order) count. */
static void append_names(struct text *out, yyjson_mut_val *tables)
{
    size_t count;
    yyjson_mut_val **keys = sorted_keys(tables, &count), *key;

    out->failed |= !keys;
    for (size_t i = 0; i < count; i++) {
        yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(yyjson_mut_obj_get(yyjson_mut_obj_iter_get_val(keys[i]), "columns"));

        text_append(out, yyjson_mut_get_str(keys[i]), yyjson_mut_get_len(keys[i]));
        while ((key = yyjson_mut_obj_iter_next(&iter)))
            text_append(out, yyjson_mut_get_str(key), yyjson_mut_get_len(key));
    }
    free(keys);
}

static bool compute_hash(const struct schema *schema, char hash[base64_size(32)])
{
    struct text content = { 0 };
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    bool ok;

    write_sorted(&content, schema->root, true);
    append_names(&content, schema->tables_json);
    ok = !content.failed && EVP_Digest(content.text, content.length, digest, &length, EVP_sha3_256(), NULL);
    if (ok)
        base64_encode(digest, length, hash);
    text_release(&content);
    return ok;
}

const char *schema_hash(const struct schema *schema)
{
    const char *hash = yyjson_mut_get_str(yyjson_mut_obj_get(schema->root, "version_hash"));

    return hash ? hash : "";
}

const char *schema_imported_hash(const struct schema *schema)
{
    const char *hash = yyjson_mut_get_str(yyjson_mut_obj_get(schema->root, "imported_version_hash"));

    return hash ? hash : "";
}

bool schema_set_imported_hash(struct schema *schema, const char *hash)
{
    return json_put(schema->root, yyjson_mut_str(schema->doc, "imported_version_hash"), yyjson_mut_strcpy(schema->doc, hash));
}

int64_t schema_version_number(const struct schema *schema)
{
    return yyjson_mut_get_sint(yyjson_mut_obj_get(schema->root, "version"));
}

/* The replaced hash goes to the front of previous_hashes, which keeps the newest ten. */
static bool push_previous_hash(struct schema *schema, const char *hash)
{
    yyjson_mut_val *list = yyjson_mut_obj_get(schema->root, "previous_hashes"), *element;
    size_t i, count;

    if (!yyjson_mut_is_arr(list)) {
        list = yyjson_mut_arr(schema->doc);
        if (!json_put(schema->root, yyjson_mut_str(schema->doc, "previous_hashes"), list))
            return false;
    }
    yyjson_mut_arr_foreach(list, i, count, element)
        if (yyjson_mut_equals_str(element, hash))
            return true;
    if (!yyjson_mut_arr_prepend(list, yyjson_mut_strcpy(schema->doc, hash)))
        return false;
    while (yyjson_mut_arr_size(list) > PREVIOUS_HASHES_MAX)
        yyjson_mut_arr_remove_last(list);
    return true;
}

enum spile_status schema_seal(struct schema *schema, bool *changed, struct spile_error *err)
{
    yyjson_mut_doc *doc = schema->doc;
    const char *old = schema_hash(schema);
    char hash[base64_size(32)];
    bool ok = compute_hash(schema, hash), is_new = ok && strcmp(old, hash);

    if (is_new && *old)
        ok = push_previous_hash(schema, old) && json_put(schema->root, yyjson_mut_str(doc, "version"),
                                                                   yyjson_mut_sint(doc, schema_version_number(schema) + 1));
    if (ok && is_new)
        ok = json_put(schema->root, yyjson_mut_str(doc, "version_hash"), yyjson_mut_strcpy(doc, hash));
    if (changed)
        *changed = is_new;
    return ok ? SPILE_OK : spile_fail_nomem(err);
}

char *schema_write(const struct schema *schema, size_t *length)
{
    return json_text_write(schema->root, length);
}
