#include "schema/file/file.h"

#include <stdlib.h>
#include <string.h>

#include "data/json_text.h"
#include "data/yaml.h"
#include "schema/file/validate.h"
#include "schema/migrate.h"
#include "schema/template.h"

#define NAME_DEFAULT "schema"

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

static enum spile_status read_json(yyjson_mut_doc **out, struct slice text, struct spile_error *err)
{
    yyjson_read_err reason;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)text.text, text.length, YYJSON_READ_BIGNUM_AS_RAW, NULL, &reason);
    size_t line = 1, begin = 0;

    if (doc) {
        *out = yyjson_doc_mut_copy(doc, NULL);
        yyjson_doc_free(doc);
        return *out ? SPILE_OK : spile_fail_nomem(err);
    }
    if (reason.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < reason.pos && i < text.length; i++)
        if (text.text[i] == '\n') {
            line++;
            begin = i + 1;
        }
    spile_fail(err, SPILE_CONFIG, "not JSON: %s", reason.msg);
    spile_within(err, SPILE_CONFIG, "line %zu, column %zu", line, reason.pos - begin + 1);
    return spile_hint(err, SPILE_CONFIG, "correct the text there");
}

/* A JSON object begins with a brace; a YAML file that does is JSON in all likelihood, and errors about it are clearer then. */
static bool is_json(struct slice text)
{
    text = slice_strip(text);
    return text.length && text.text[0] == '{';
}

static enum spile_status read_document(yyjson_mut_doc **out, struct slice text, struct spile_error *err)
{
    enum spile_status status = is_json(text) ? read_json(out, text, err) : yaml_read(out, text.text, text.length, err);

    if (!status && !yyjson_mut_is_obj(yyjson_mut_doc_get_root(*out))) {
        yyjson_mut_doc_free(*out);
        *out = NULL;
        spile_fail(err, SPILE_CONFIG, "a schema is an object with tables, not a list or a single value");
        status = spile_hint(err, SPILE_CONFIG, "\"spile schema export\" writes an example");
    }
    return status;
}

/* ---- filling in ----------------------------------------------------------------------------------------------------------------- */

/* Members of the root in dlt's order. */
static const char *const root_order[] = { "version",  "version_hash", "engine_version",  "name",
                                          "tables",   "settings",     "normalizers",     "previous_hashes",
                                          "imported_version_hash", "description" };

/* The root anew: the members in that order, what is missing from the template, anything else behind. */
static bool arrange(yyjson_mut_doc *doc, yyjson_mut_val *template)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *arranged = yyjson_mut_obj(doc), *key, *value;
    bool ok = arranged;
    size_t i, count;

    for (i = 0; ok && i < sizeof(root_order) / sizeof(*root_order); i++) {
        value = yyjson_mut_obj_remove_key(root, root_order[i]);
        if (!value || yyjson_mut_is_null(value))
            value = yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_get(template, root_order[i]));
        if (value)
            ok = yyjson_mut_obj_add(arranged, yyjson_mut_str(doc, root_order[i]), value);
    }
    yyjson_mut_obj_foreach(root, i, count, key, value)
        ok = ok && yyjson_mut_obj_add(arranged, yyjson_mut_val_mut_copy(doc, key), yyjson_mut_val_mut_copy(doc, value));
    yyjson_mut_doc_set_root(doc, arranged);
    return ok;
}

/* dlt's own tables come first, as in the template. */
static bool add_system_tables(yyjson_mut_doc *doc, yyjson_mut_val *template)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *tables = yyjson_mut_obj_get(root, "tables"), *key, *table;
    size_t i, count;
    bool ok = true;

    yyjson_mut_obj_foreach(yyjson_mut_obj_get(template, "tables"), i, count, key, table)
        if (!yyjson_mut_obj_get(tables, yyjson_mut_get_str(key)))
            ok = ok && yyjson_mut_obj_insert(tables, yyjson_mut_val_mut_copy(doc, key), yyjson_mut_val_mut_copy(doc, table), i);
    return ok;
}

/* The members that dlt wants in every table and column. */
static bool complete_table(yyjson_mut_doc *doc, yyjson_mut_val *key, yyjson_mut_val *table)
{
    yyjson_mut_val *columns = yyjson_mut_obj_get(table, "columns"), *name, *column, *parent = yyjson_mut_obj_get(table, "parent");
    bool nested = yyjson_mut_is_str(parent) && yyjson_mut_get_len(parent), ok = true;
    size_t i, count;

    if (!columns)
        ok = yyjson_mut_obj_add_obj(doc, table, "columns");
    ok = ok && json_put(table, yyjson_mut_str(doc, "name"), yyjson_mut_val_mut_copy(doc, key));
    yyjson_mut_obj_foreach(columns, i, count, name, column)
        ok = ok && json_put(column, yyjson_mut_str(doc, "name"), yyjson_mut_val_mut_copy(doc, name));
    if (!nested && !yyjson_mut_is_str(yyjson_mut_obj_get(table, "write_disposition")))
        ok = ok && json_put(table, yyjson_mut_str(doc, "write_disposition"), yyjson_mut_str(doc, "append"));
    if (!nested && !yyjson_mut_is_str(yyjson_mut_obj_get(table, "resource")))
        ok = ok && json_put(table, yyjson_mut_str(doc, "resource"), yyjson_mut_val_mut_copy(doc, key));
    return ok;
}

/* A person who sets one thing does not mean to unset the others; dlt's own files say all. */
static bool complete_settings(yyjson_mut_doc *doc, yyjson_mut_val *settings, yyjson_mut_val *template)
{
    yyjson_mut_val *key, *value;
    size_t i, count;
    bool ok = true;

    yyjson_mut_obj_foreach(template, i, count, key, value)
        if (!yyjson_mut_obj_get(settings, yyjson_mut_get_str(key)))
            ok = ok && yyjson_mut_obj_add(settings, yyjson_mut_val_mut_copy(doc, key), yyjson_mut_val_mut_copy(doc, value));
    return ok;
}

static bool fill_in(yyjson_mut_doc *doc, bool by_hand)
{
    yyjson_mut_doc *template = template_schema();
    yyjson_mut_val *model = yyjson_mut_doc_get_root(template), *root, *key, *table;
    size_t i, count;
    bool ok = template && json_put(model, yyjson_mut_str(template, "name"), yyjson_mut_str(template, NAME_DEFAULT)) &&
              arrange(doc, model) && add_system_tables(doc, model);

    root = yyjson_mut_doc_get_root(doc);
    if (by_hand)
        ok = ok && complete_settings(doc, yyjson_mut_obj_get(root, "settings"), yyjson_mut_obj_get(model, "settings")) &&
             complete_settings(doc, yyjson_mut_obj_get(root, "normalizers"), yyjson_mut_obj_get(model, "normalizers"));
    yyjson_mut_obj_foreach(yyjson_mut_obj_get(root, "tables"), i, count, key, table)
        ok = ok && complete_table(doc, key, table);
    yyjson_mut_doc_free(template);
    return ok;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------ */

/* To today's form, checked. */
static enum spile_status admit(yyjson_mut_doc *doc, bool by_hand, struct spile_error *err)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    enum spile_status status;

    if (by_hand && !yyjson_mut_obj_add_int(doc, root, "engine_version", SCHEMA_ENGINE_VERSION))
        return spile_fail_nomem(err);
    status = schema_migrate(doc, err);
    return status ? status : schema_validate(root, err);
}

enum spile_status schema_from_text(struct schema **out, yyjson_mut_doc **part, struct slice text, const struct naming *naming, struct spile_error *err)
{
    yyjson_mut_doc *doc = NULL;
    enum spile_status status = read_document(&doc, text, err);
    bool by_hand = !yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "engine_version");

    *out = NULL;
    if (part)
        *part = NULL;
    if (!status)
        status = admit(doc, by_hand, err);
    if (!status && part && !(*part = yyjson_mut_doc_mut_copy(doc, NULL)))
        status = spile_fail_nomem(err);
    if (!status && !fill_in(doc, by_hand))
        status = spile_fail_nomem(err);
    if (status)
        yyjson_mut_doc_free(doc);
    else
        status = schema_from_document(out, doc, naming, err);
    if (!status)
        status = schema_seal(*out, NULL, err);
    if (status && part) {
        yyjson_mut_doc_free(*part);
        *part = NULL;
    }
    if (status) {
        schema_free(*out);
        *out = NULL;
    }
    return status;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

/* Marks that the stages of a load leave in a schema; they mean nothing for another dataset. */
static const char *const processing_hints[] = { "x-normalizer", "x-loader", "x-extractor" };

static void strip_table(yyjson_mut_val *table, bool names, bool processing)
{
    yyjson_mut_val *key, *column;
    size_t i, count;

    if (names)
        yyjson_mut_obj_remove_key(table, "name");
    for (i = 0; processing && i < sizeof(processing_hints) / sizeof(*processing_hints); i++)
        yyjson_mut_obj_remove_key(table, processing_hints[i]);
    yyjson_mut_obj_foreach(yyjson_mut_obj_get(table, "columns"), i, count, key, column)
    {
        if (names)
            yyjson_mut_obj_remove_key(column, "name");
        if (processing)
            yyjson_mut_obj_remove_key(column, processing_hints[0]);
    }
}

static void strip(yyjson_mut_val *root, bool names, bool processing)
{
    yyjson_mut_val *key, *table;
    size_t i, count;

    yyjson_mut_obj_foreach(yyjson_mut_obj_get(root, "tables"), i, count, key, table)
        strip_table(table, names, processing);
}

/* Without the marks it is another content, with another hash. */
static yyjson_mut_doc *without_processing(const struct schema *schema)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_mut_copy(schema->doc, NULL), *copy = NULL;
    struct schema *stripped = NULL;

    strip(yyjson_mut_doc_get_root(doc), false, true);
    if (doc && !schema_from_document(&stripped, doc, &schema->naming, NULL) && !schema_seal(stripped, NULL, NULL))
        copy = yyjson_mut_doc_mut_copy(stripped->doc, NULL);
    schema_free(stripped);
    return copy;
}

bool schema_to_text(const struct schema *schema, enum schema_format format, bool processing, struct text *out)
{
    yyjson_mut_doc *doc = processing ? yyjson_mut_doc_mut_copy(schema->doc, NULL) : without_processing(schema);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    bool ok = doc;

    yyjson_mut_obj_remove_key(root, "imported_version_hash");
    strip(root, true, false);
    if (ok && format == SCHEMA_YAML)
        ok = yaml_write(out, root);
    else if (ok)
        json_text_append(out, root, true);
    yyjson_mut_doc_free(doc);
    return ok && !out->failed;
}
