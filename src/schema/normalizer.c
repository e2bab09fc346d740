/* What the schema says of the normalizer, and of the ids of root rows that it hands down. */
#include "data/json_text.h"
#include "schema/schema.h"
#include "schema/value.h"

/* ---- configuration -------------------------------------------------------------------------------------------------------------- */

static yyjson_mut_val *normalizer_config(const struct schema *schema)
{
    return yyjson_mut_obj_get(yyjson_mut_obj_get(yyjson_mut_obj_get(schema->root, "normalizers"), "json"), "config");
}

yyjson_mut_val *schema_propagation(const struct schema *schema)
{
    return yyjson_mut_obj_get(normalizer_config(schema), "propagation");
}

int schema_max_nesting(const struct schema *schema)
{
    return value_int(normalizer_config(schema), "max_nesting", -1);
}

/* ---- root ids ------------------------------------------------------------------------------------------------------------------- */

/* The first column with the flag, also one without a type yet. */
static yyjson_mut_val *column_flagged(const struct table *table, const char *flag)
{
    yyjson_mut_val *key, *column;
    size_t i, count;

    yyjson_mut_obj_foreach(table->columns_json, i, count, key, column)
        if (value_bool(column, flag, false))
            return column;
    return NULL;
}

static const struct column *key_below(const struct table *table)
{
    const struct column *key = table_first_with(table, "row_key");

    return key ? key : table->row_id;
}

/* Right below the root the parent's id is the root's. */
const struct column *table_root_key(const struct table *table)
{
    const struct column *key = table->parent ? table_first_with(table, "root_key") : key_below(table);

    if (key || !table->parent || table->parent->parent)
        return key;
    return key_below(table->parent) == table->parent->row_id ? table->parent_id : NULL;
}

/* As dlt decides: scd2 finds its rows by other means. */
static bool is_merged(const struct table *root)
{
    return value_is_text(root->json, "write_disposition", "merge") && !value_is_text(root->json, "x-merge-strategy", "scd2");
}

static bool wants_root_key(const struct schema *schema, const struct table *root)
{
    yyjson_mut_val *wish = yyjson_mut_obj_get(normalizer_config(schema), "root_key_propagation");

    if (name_is_own(root->name))
        return false;
    if (yyjson_mut_is_bool(wish) ? yyjson_mut_get_bool(wish) : is_merged(root))
        return true;
    for (uint32_t i = 0; i < schema->table_count; i++)
        if (schema->tables[i]->parent && table_root(schema->tables[i]) == root && column_flagged(schema->tables[i], "root_key"))
            return true;
    return false;
}

bool schema_extend_table(struct schema *schema, const struct table *root)
{
    yyjson_mut_doc *doc = schema->doc;
    yyjson_mut_val *object, *key = column_flagged(root, "row_key");
    const char *name = key ? yyjson_mut_get_str(yyjson_mut_obj_get(key, "name")) : DLT_ID;
    static const char *const path[] = { "normalizers", "json", "config", "propagation", "tables" };

    if (!wants_root_key(schema, root))
        return true;
    object = schema->root;
    for (size_t i = 0; object && i < sizeof(path) / sizeof(*path); i++)
        object = value_object_at(doc, object, slice_of(path[i]));
    object = object ? value_object_at(doc, object, slice_of(root->name)) : NULL;
    return object && json_put(object, yyjson_mut_strcpy(doc, name ? name : DLT_ID), yyjson_mut_str(doc, DLT_ROOT_ID));
}

bool schema_want_root_key(struct schema *schema)
{
    yyjson_mut_doc *doc = schema->doc;
    yyjson_mut_val *normalizers = value_object_at(doc, schema->root, slice_of("normalizers"));
    yyjson_mut_val *json = normalizers ? value_object_at(doc, normalizers, slice_of("json")) : NULL;
    yyjson_mut_val *config = json ? value_object_at(doc, json, slice_of("config")) : NULL;
    bool ok = config && json_put(config, yyjson_mut_str(doc, "root_key_propagation"), yyjson_mut_bool(doc, true));

    for (uint32_t i = 0; ok && i < schema->table_count; i++)
        ok = schema->tables[i]->parent || schema_extend_table(schema, schema->tables[i]);
    return ok;
}
