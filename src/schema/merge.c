#include "schema/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "data/json_text.h"
#include "schema/contract.h"
#include "schema/value.h"

struct merger {
    struct schema *schema;
    yyjson_mut_doc *doc;
    const struct merge_options *options;
    struct arena arena; /* normalized names */
    struct spile_error *err;
};

bool document_merge(yyjson_mut_doc *doc, yyjson_mut_val *target, yyjson_mut_val *part, int depth)
{
    yyjson_mut_val *key, *value;
    size_t i, count;
    bool ok = true;

    yyjson_mut_obj_foreach(part, i, count, key, value)
    {
        yyjson_mut_val *there = yyjson_mut_obj_get(target, yyjson_mut_get_str(key));

        if (depth > 0 && yyjson_mut_is_obj(there) && yyjson_mut_is_obj(value))
            ok = ok && document_merge(doc, there, value, depth - 1);
        else
            ok = ok && json_put(target, yyjson_mut_val_mut_copy(doc, key), yyjson_mut_val_mut_copy(doc, value));
    }
    return ok;
}

bool table_has_data(const struct table *table)
{
    return yyjson_mut_get_bool(yyjson_mut_obj_get(yyjson_mut_obj_get(table->json, "x-normalizer"), "seen-data"));
}

bool table_is_new(const struct table *table)
{
    return table->column_count == 0;
}

static const char *text_in(yyjson_mut_val *object, const char *key)
{
    return yyjson_mut_get_str(yyjson_mut_obj_get(object, key));
}

/* A copy in the schema's own document. */
static yyjson_mut_val *copy(struct merger *m, yyjson_mut_val *value)
{
    return yyjson_mut_val_mut_copy(m->doc, value);
}

static bool put_copy(struct merger *m, yyjson_mut_val *object, const char *key, yyjson_mut_val *value)
{
    return json_put(object, yyjson_mut_strcpy(m->doc, key), copy(m, value));
}

static bool is_complete(yyjson_mut_val *column)
{
    return text_in(column, "data_type") != NULL;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------------- */

static char *normal_name(struct merger *m, const char *name)
{
    return naming_path(&m->arena, &m->schema->naming, slice_of(name));
}

/* Characters that may mean more than themselves in an expression. */
static const char special[] = "()[]{}?*+-|^$\\.&~# \t\n\r\v\f";

/* Names in patterns are normalized, too: plain ones, and expressions that are nothing but a name ("re:Name", "re:^Name$"), as in dlt. */
static const char *normal_pattern(struct merger *m, const char *pattern)
{
    const char *begin = strncmp(pattern, "re:", 3) ? pattern : pattern + 3;
    size_t length = strlen(begin);
    bool is_exact = length >= 2 && begin[0] == '^' && begin[length - 1] == '$';
    size_t plain = strcspn(begin + is_exact, special);
    const char *anchors[] = { is_exact ? "^" : "", is_exact ? "$" : "" };
    char *name;

    if (begin == pattern)
        return normal_name(m, pattern);
    if (!plain || plain != length - 2 * (size_t)is_exact)
        return pattern;
    name = naming_path(&m->arena, &m->schema->naming, (struct slice){ begin + is_exact, plain });
    return name ? arena_printf(&m->arena, "re:%s%s%s", anchors[0], name, anchors[1]) : NULL;
}

/* ---- settings ------------------------------------------------------------------------------------------------------------------- */

static bool has_pattern(yyjson_mut_val *list, const char *pattern)
{
    yyjson_mut_val *element;
    size_t i, count;

    yyjson_mut_arr_foreach(list, i, count, element)
        if (yyjson_mut_equals_str(element, pattern))
            return true;
    return false;
}

static bool merge_hint(struct merger *m, yyjson_mut_val *hints, const char *name, yyjson_mut_val *patterns)
{
    yyjson_mut_val *list = yyjson_mut_obj_get(hints, name), *pattern;
    size_t i, count;

    if (!list) {
        list = yyjson_mut_arr(m->doc);
        if (!json_put(hints, yyjson_mut_strcpy(m->doc, name), list))
            return false;
    }
    yyjson_mut_arr_foreach(patterns, i, count, pattern)
    {
        const char *text = yyjson_mut_is_str(pattern) ? normal_pattern(m, yyjson_mut_get_str(pattern)) : NULL;

        if (!text || (!has_pattern(list, text) && !yyjson_mut_arr_add_strcpy(m->doc, list, text)))
            return false;
    }
    return true;
}

static bool merge_setting(struct merger *m, yyjson_mut_val *settings, const char *name, yyjson_mut_val *value)
{
    bool is_hints = !strcmp(name, "default_hints"), ok = true;
    yyjson_mut_val *target, *key, *member;
    size_t i, count;

    if (!is_hints && strcmp(name, "preferred_types"))
        return put_copy(m, settings, name, value);
    target = value_object_at(m->doc, settings, slice_of(name));
    yyjson_mut_obj_foreach(value, i, count, key, member)
    {
        const char *pattern = is_hints ? yyjson_mut_get_str(key) : normal_pattern(m, yyjson_mut_get_str(key));

        ok = ok && target && pattern && (is_hints ? merge_hint(m, target, pattern, member) : put_copy(m, target, pattern, member));
    }
    return ok && target;
}

static bool merge_settings(struct merger *m, yyjson_mut_val *part)
{
    yyjson_mut_val *settings = part ? value_object_at(m->doc, m->schema->root, slice_of("settings")) : NULL, *key, *value;
    size_t i, count;
    bool ok = !part || settings;

    yyjson_mut_obj_foreach(part, i, count, key, value)
        ok = ok && merge_setting(m, settings, yyjson_mut_get_str(key), value);
    return ok;
}

/* ---- normalizers ---------------------------------------------------------------------------------------------------------------- */

static bool any_data(const struct schema *schema)
{
    for (uint32_t i = 0; i < schema->table_count; i++)
        if (!name_is_own(schema->tables[i]->name) && table_has_data(schema->tables[i]))
            return true;
    return false;
}

/* The convention of names can be chosen as long as there are none. */
static enum spile_status merge_normalizers(struct merger *m, yyjson_mut_val *part)
{
    struct schema *schema = m->schema;
    yyjson_mut_val *normalizers = part ? value_object_at(m->doc, schema->root, slice_of("normalizers")) : NULL;
    const char *wanted = text_in(part, "names"), *stored = text_in(normalizers, "names");
    enum naming_convention convention;

    if (!part)
        return SPILE_OK;
    if (wanted && !naming_find(slice_of(wanted), &convention))
        return naming_fail_unknown(slice_of(wanted), m->err);
    if (wanted && convention != schema->naming.convention && any_data(schema)) {
        spile_fail(m->err, SPILE_CONFIG, "the schema's names were made by the convention %s, not %s", stored ? stored : "snake_case", wanted);
        return spile_hint(m->err, SPILE_CONFIG, "leave \"names\" out of the normalizers, or load into another dataset");
    }
    if (wanted)
        schema->naming.convention = convention;
    return normalizers && document_merge(m->doc, normalizers, part, 8) ? SPILE_OK : spile_fail_nomem(m->err);
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

/* Properties of which a table has one set of columns: dlt calls them compound. */
static const char *const key_properties[] = { "partition", "cluster", "primary_key", "merge_key", "incremental" };

/* Keys that the part gives take the place of all that are there. */
static void remove_replaced_keys(yyjson_mut_val *columns, yyjson_mut_val *part)
{
    for (size_t i = 0; i < sizeof(key_properties) / sizeof(*key_properties); i++) {
        yyjson_mut_val *key, *column;
        size_t at, count;
        bool given = false;

        yyjson_mut_obj_foreach(part, at, count, key, column)
            given |= yyjson_mut_is_true(yyjson_mut_obj_get(column, key_properties[i]));
        yyjson_mut_obj_foreach(columns, at, count, key, column)
            if (given)
                yyjson_mut_obj_remove_key(column, key_properties[i]);
    }
}

/* Of a table with rows the type is what the database has: it can't become another by saying so. */
static enum spile_status check_type(const struct table *table, const char *name, yyjson_mut_val *there, yyjson_mut_val *part,
                                    struct spile_error *err)
{
    static const char *const properties[] = { "data_type", "precision", "scale", "timezone" };

    if (!table_has_data(table) || !is_complete(there))
        return SPILE_OK;
    for (size_t i = 0; i < sizeof(properties) / sizeof(*properties); i++) {
        yyjson_mut_val *was = yyjson_mut_obj_get(there, properties[i]), *is = yyjson_mut_obj_get(part, properties[i]);
        char *has, *says;

        if (!is || yyjson_mut_is_null(is) || yyjson_mut_equals(was, is) || (i == 3 && !was && yyjson_mut_is_true(is)))
            continue;
        has = was ? yyjson_mut_val_write(was, 0, NULL) : NULL;
        says = yyjson_mut_val_write(is, 0, NULL);
        spile_fail(err, SPILE_CONFIG, "column \"%s\" of table \"%s\" has %s %s in the dataset, the new one says %s", name, table->name, properties[i],
                   has ? has : "(none)", says ? says : "?");
        free(has);
        free(says);
        return spile_hint(err, SPILE_CONFIG, "leave that out, or load into another table: a column that has rows keeps its type");
    }
    return SPILE_OK;
}

/* *take is false when the contract keeps the new column out. */
static enum spile_status check_contract(struct merger *m, const struct table *table, const char *name, yyjson_mut_val *there, bool *take)
{
    struct contract contract;
    enum spile_status status;

    *take = true;
    if (!m->options->obeys_contract || is_complete(there) || table_is_new(table) || name_is_own(name))
        return SPILE_OK;
    status = contract_of(&contract, m->schema, table, m->err);
    *take = contract.modes[CONTRACT_COLUMNS] == CONTRACT_EVOLVE;
    if (status || contract.modes[CONTRACT_COLUMNS] != CONTRACT_FREEZE)
        return status;
    spile_fail(m->err, SPILE_CONTRACT, "the contract freezes columns, a hint wants a new column \"%s\" of table \"%s\"", name, table->name);
    spile_within(m->err, SPILE_CONTRACT, "contract \"columns: freeze\" of %s", contract.set_by);
    return spile_hint(m->err, SPILE_CONTRACT, "leave the hint out, or let the schema follow with --contract columns=evolve");
}

/* A column that gets its type now moves to the end, as in dlt. */
static bool put_column(struct merger *m, yyjson_mut_val *columns, const char *name, yyjson_mut_val *part)
{
    yyjson_mut_val *column = yyjson_mut_obj_get(columns, name);
    bool moves = column && is_complete(part) && !is_complete(column), is_new = !column;

    if (moves)
        column = yyjson_mut_obj_remove_key(columns, name);
    else if (is_new)
        column = yyjson_mut_obj(m->doc);
    if (!column || !document_merge(m->doc, column, part, 0) ||
        !json_put(column, yyjson_mut_str(m->doc, "name"), yyjson_mut_strcpy(m->doc, name)))
        return false;
    return (!moves && !is_new) || yyjson_mut_obj_add(columns, yyjson_mut_strcpy(m->doc, name), column);
}

static enum spile_status merge_column(struct merger *m, struct table *table, yyjson_mut_val *columns, yyjson_mut_val *key, yyjson_mut_val *part)
{
    const char *name = normal_name(m, yyjson_mut_get_str(key));
    enum spile_status status = SPILE_OK;
    bool take = true;

    if (!name)
        return spile_fail_nomem(m->err);
    if (table) {
        yyjson_mut_val *there = yyjson_mut_obj_get(columns, name);

        status = check_type(table, name, there, part, m->err);
        if (!status)
            status = check_contract(m, table, name, there, &take);
    }
    if (status || !take)
        return status;
    return put_column(m, columns, name, part) ? SPILE_OK : spile_fail_nomem(m->err);
}

static enum spile_status merge_columns(struct merger *m, struct table *table, yyjson_mut_val *columns, yyjson_mut_val *part)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *key, *column;
    size_t i, count;

    if (m->options->replaces_keys)
        remove_replaced_keys(columns, part);
    yyjson_mut_obj_foreach(part, i, count, key, column)
        if (!status)
            status = merge_column(m, table, columns, key, column);
    return status;
}

/* ---- tables --------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_parent(struct merger *m, const char *table, const char *parent, const char *there)
{
    if (there)
        spile_fail(m->err, SPILE_CONFIG, "table \"%s\" is nested in \"%s\", and can't become nested in \"%s\"", table, there, parent);
    else
        spile_fail(m->err, SPILE_CONFIG, "table \"%s\" is a root table, and can't become nested in \"%s\"", table, parent);
    return spile_hint(m->err, SPILE_CONFIG, "leave \"parent\" as it is");
}

/* A list of names of columns, normalized. */
static bool normalize_list(struct merger *m, yyjson_mut_val *object, const char *key)
{
    yyjson_mut_val *names = yyjson_mut_arr(m->doc), *name;
    size_t i, count;
    bool ok = names;

    yyjson_mut_arr_foreach(yyjson_mut_obj_get(object, key), i, count, name)
    {
        const char *normal = normal_name(m, yyjson_mut_get_str(name));

        ok = ok && normal && yyjson_mut_arr_add_strcpy(m->doc, names, normal);
    }
    return ok && json_put(object, yyjson_mut_strcpy(m->doc, key), names);
}

/* The reference takes the place of one to the same table, or comes to the end. */
static bool put_reference(struct merger *m, yyjson_mut_val *list, yyjson_mut_val *part)
{
    yyjson_mut_val *reference = copy(m, part), *there;
    const char *table = reference ? normal_name(m, text_in(reference, "referenced_table")) : NULL;
    size_t i, count, at = yyjson_mut_arr_size(list);

    if (!table || !json_put(reference, yyjson_mut_str(m->doc, "referenced_table"), yyjson_mut_strcpy(m->doc, table)) ||
        !normalize_list(m, reference, "columns") || !normalize_list(m, reference, "referenced_columns"))
        return false;
    yyjson_mut_arr_foreach(list, i, count, there)
        if (yyjson_mut_equals_str(yyjson_mut_obj_get(there, "referenced_table"), table))
            at = i;
    return at < yyjson_mut_arr_size(list) ? yyjson_mut_arr_replace(list, at, reference) != NULL : yyjson_mut_arr_append(list, reference);
}

static bool merge_references(struct merger *m, yyjson_mut_val *table, yyjson_mut_val *part)
{
    yyjson_mut_val *list = yyjson_mut_obj_get(table, "references"), *reference;
    size_t i, count;
    bool ok = true;

    if (!yyjson_mut_is_arr(list)) {
        list = yyjson_mut_arr(m->doc);
        ok = json_put(table, yyjson_mut_str(m->doc, "references"), list);
    }
    yyjson_mut_arr_foreach(part, i, count, reference)
        ok = ok && put_reference(m, list, reference);
    return ok;
}

/* Properties of the table but its columns; names are normalized. */
static bool put_properties(struct merger *m, yyjson_mut_val *table, yyjson_mut_val *part, const char *name, const char *parent)
{
    yyjson_mut_val *key, *value;
    size_t i, count;
    bool ok = true;

    yyjson_mut_obj_foreach(part, i, count, key, value)
    {
        const char *property = yyjson_mut_get_str(key);

        if (!strcmp(property, "references") && yyjson_mut_is_arr(value))
            ok = ok && merge_references(m, table, value);
        else if (strcmp(property, "columns") && strcmp(property, "name") && strcmp(property, "parent"))
            ok = ok && put_copy(m, table, property, value);
    }
    if (parent)
        ok = ok && json_put(table, yyjson_mut_str(m->doc, "parent"), yyjson_mut_strcpy(m->doc, parent));
    return ok && json_put(table, yyjson_mut_str(m->doc, "name"), yyjson_mut_strcpy(m->doc, name));
}

/* In the order in which dlt puts a declared table's members. */
static yyjson_mut_val *new_table(struct merger *m, const char *name, const char *parent, const char *resource)
{
    yyjson_mut_val *json = yyjson_mut_obj(m->doc), *key = yyjson_mut_strcpy(m->doc, name);
    bool ok = parent ? yyjson_mut_obj_add_strcpy(m->doc, json, "name", name) : true;

    ok = ok && yyjson_mut_obj_add_obj(m->doc, json, "columns");
    if (!parent)
        ok = ok && yyjson_mut_obj_add_str(m->doc, json, "write_disposition", "append") && yyjson_mut_obj_add_strcpy(m->doc, json, "name", name) &&
             yyjson_mut_obj_add_strcpy(m->doc, json, "resource", resource);
    return ok && key && yyjson_mut_obj_add(m->schema->tables_json, key, json) ? json : NULL;
}

/* *take is false when the contract keeps the new table out. */
static enum spile_status check_new_table(struct merger *m, const char *name, bool *take)
{
    struct contract contract;
    enum spile_status status = contract_of(&contract, m->schema, NULL, m->err);

    *take = !m->options->obeys_contract || contract.modes[CONTRACT_TABLES] == CONTRACT_EVOLVE;
    if (status || !m->options->obeys_contract || contract.modes[CONTRACT_TABLES] != CONTRACT_FREEZE)
        return status;
    spile_fail(m->err, SPILE_CONTRACT, "the contract freezes tables, a hint wants a new table \"%s\"", name);
    spile_within(m->err, SPILE_CONTRACT, "contract \"tables: freeze\" of %s", contract.set_by);
    return spile_hint(m->err, SPILE_CONTRACT, "leave the hint out, or let the schema follow with --contract tables=evolve");
}

static enum spile_status merge_table(struct merger *m, yyjson_mut_val *key, yyjson_mut_val *part)
{
    const char *wish = text_in(part, "parent"), *resource = text_in(part, "resource");
    const char *name = normal_name(m, yyjson_mut_get_str(key)), *parent = wish && *wish ? normal_name(m, wish) : NULL;
    struct table *table = name ? schema_find_table(m->schema, name) : NULL;
    yyjson_mut_val *json = name ? yyjson_mut_obj_get(m->schema->tables_json, name) : NULL;
    enum spile_status status = SPILE_OK;
    bool take = true;

    if (!name || (wish && *wish && !parent))
        return spile_fail_nomem(m->err);
    if (json && parent && strcmp(text_in(json, "parent") ? text_in(json, "parent") : "", parent))
        return fail_parent(m, name, parent, text_in(json, "parent"));
    if (!json)
        status = check_new_table(m, name, &take);
    if (status || !take)
        return status;
    if (!json && !(json = new_table(m, name, parent, resource ? resource : yyjson_mut_get_str(key))))
        return spile_fail_nomem(m->err);
    status = merge_columns(m, table, yyjson_mut_obj_get(json, "columns"), yyjson_mut_obj_get(part, "columns"));
    if (!status && !put_properties(m, json, part, name, parent))
        status = spile_fail_nomem(m->err);
    return status;
}

/* Whether parents are there is looked at when the whole is read anew: they may come later in the part. */
static enum spile_status merge_tables(struct merger *m, yyjson_mut_val *part)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *key, *table;
    size_t i, count;

    yyjson_mut_obj_foreach(part, i, count, key, table)
        if (!status)
            status = merge_table(m, key, table);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------ */

static enum spile_status renew(struct schema **schema, struct spile_error *err)
{
    struct schema *old = *schema;
    struct naming naming = old->naming;
    size_t length;
    char *text = schema_write(old, &length);
    enum spile_status status = text ? schema_read(schema, text, length, &naming, err) : spile_fail_nomem(err);

    free(text);
    if (status)
        *schema = old;
    else
        schema_free(old);
    return status;
}

static bool extend_tables(struct schema *schema)
{
    for (uint32_t i = 0; i < schema->table_count; i++)
        if (!schema->tables[i]->parent && !schema_extend_table(schema, schema->tables[i]))
            return false;
    return true;
}

enum spile_status schema_merge(struct schema **schema, yyjson_mut_val *part, const struct merge_options *options, struct spile_error *err)
{
    struct merger m = { .schema = *schema, .doc = (*schema)->doc, .options = options, .err = err };
    enum spile_status status = merge_normalizers(&m, yyjson_mut_obj_get(part, "normalizers"));

    if (!status && !merge_settings(&m, yyjson_mut_obj_get(part, "settings")))
        status = spile_fail_nomem(err);
    if (!status)
        status = merge_tables(&m, yyjson_mut_obj_get(part, "tables"));
    arena_release(&m.arena);
    if (!status)
        status = renew(schema, err);
    return !status && !extend_tables(*schema) ? spile_fail_nomem(err) : status;
}

/* ---- another schema's content --------------------------------------------------------------------------------------------------- */

static enum spile_status check_columns(const struct table *table, const struct table *incoming, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *key, *column;
    size_t i, count;

    yyjson_mut_obj_foreach(table->columns_json, i, count, key, column)
    {
        const char *name = yyjson_mut_get_str(key);
        yyjson_mut_val *other = yyjson_mut_obj_get(incoming->columns_json, name);

        if (!status && other)
            status = check_type(table, name, column, other, err);
    }
    return status;
}

static enum spile_status check_replacement(const struct schema *schema, const struct schema *incoming, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (incoming->naming.convention != schema->naming.convention && any_data(schema)) {
        spile_fail(err, SPILE_CONFIG, "the dataset's names were made by the convention %s, not %s", naming_name(schema->naming.convention),
                   naming_name(incoming->naming.convention));
        return spile_hint(err, SPILE_CONFIG, "correct \"names\" in the normalizers, or use another dataset");
    }
    for (uint32_t i = 0; !status && i < schema->table_count; i++) {
        const struct table *table = schema->tables[i], *other = schema_find_table(incoming, table->name);

        if (!other || !table_has_data(table))
            continue;
        if (!table->parent != !other->parent) {
            spile_fail(err, SPILE_CONFIG, "table \"%s\" is %s in the dataset, the new schema says otherwise", table->name,
                       table->parent ? "a nested table" : "a root table");
            return spile_hint(err, SPILE_CONFIG, "leave \"parent\" as it is: the table has rows");
        }
        status = check_columns(table, other, err);
    }
    return status;
}

/* What makes the document the next one in the schema's line. */
static bool continue_line(yyjson_mut_doc *doc, const struct schema *schema, const char *imported_hash)
{
    static const char *const kept[] = { "version", "version_hash", "name", "previous_hashes" };
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    bool ok = true;

    for (size_t i = 0; ok && i < sizeof(kept) / sizeof(*kept); i++) {
        yyjson_mut_val *value = yyjson_mut_obj_get(schema->root, kept[i]);

        ok = !value || json_put(root, yyjson_mut_str(doc, kept[i]), yyjson_mut_val_mut_copy(doc, value));
    }
    if (ok && imported_hash)
        ok = json_put(root, yyjson_mut_str(doc, "imported_version_hash"), yyjson_mut_strcpy(doc, imported_hash));
    return ok;
}

enum spile_status schema_replace(struct schema **schema, const struct schema *incoming, bool linked, struct spile_error *err)
{
    enum spile_status status = check_replacement(*schema, incoming, err);
    yyjson_mut_doc *doc = status ? NULL : yyjson_mut_doc_mut_copy(incoming->doc, NULL);
    struct schema *replaced;

    if (status)
        return status;
    if (!doc || !continue_line(doc, *schema, linked ? schema_hash(incoming) : NULL)) {
        yyjson_mut_doc_free(doc);
        return spile_fail_nomem(err);
    }
    status = schema_from_document(&replaced, doc, &(*schema)->naming, err);
    if (status)
        return status;
    schema_free(*schema);
    *schema = replaced;
    return SPILE_OK;
}
