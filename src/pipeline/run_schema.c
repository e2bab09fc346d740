/* The schema of a run: what the dataset has, what the import folder, a schema and hints make of it, and what is left to do after the data. */
#include "pipeline/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/number.h"
#include "load/merging.h"
#include "schema/file/file.h"
#include "schema/hints.h"
#include "schema/merge.h"

/* ---- the dataset's schema ------------------------------------------------------------------------------------------------------- */

enum spile_status run_read_schema(struct run *run, const struct stored *stored, struct spile_error *err)
{
    const struct naming *naming = &run->pipeline->naming;

    run->base_hash = strdup(stored->schema_hash);
    if (!run->base_hash)
        return spile_fail_nomem(err);
    if (stored->schema)
        return schema_read(&run->schema, stored->schema, strlen(stored->schema), naming, err);
    return schema_new(&run->schema, stored->schema_name, naming, err);
}

/* ---- import folder -------------------------------------------------------------------------------------------------------------- */

/* dlt's YAML, or its JSON when there is no YAML. */
static const char *const file_endings[] = { "yaml", "json" };

static char *schema_path(struct run *run, const char *folder, const char *ending)
{
    return arena_printf(&run->arena, "%s/%s.schema.%s", folder, run->schema->name, ending);
}

static enum spile_status read_import(struct run *run, struct schema **imported, const char **path, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    bool found = false;

    *imported = NULL;
    for (size_t i = 0; !status && !found && i < sizeof(file_endings) / sizeof(*file_endings); i++) {
        struct text text = { 0 };

        *path = schema_path(run, run->pipeline->import_folder, file_endings[i]);
        status = *path ? file_read_named(*path, &text, &found, err) : spile_fail_nomem(err);
        if (!status && found)
            status = spile_within(err, schema_from_text(imported, NULL, text_slice(&text), &run->schema->naming, err),
                                  "import file \"%s\"", *path);
        text_release(&text);
    }
    return status;
}

/* An edited file wins over what the dataset has, as in dlt. Which file that was is remembered in the schema. */
static enum spile_status import_schema(struct run *run, struct spile_error *err)
{
    struct schema *imported = NULL;
    const char *path;
    enum spile_status status = read_import(run, &imported, &path, err);

    run->writes_import = !status && !imported;
    if (!status && imported && strcmp(schema_imported_hash(run->schema), schema_hash(imported)))
        status = spile_within(err, schema_replace(&run->schema, imported, true, err), "import file \"%s\"", path);
    schema_free(imported);
    return status;
}

/* A copy, with the tables of the run and of the state that the data would add: as dlt has it before the data. */
static enum spile_status copy_with_tables(struct run *run, struct schema **out, struct spile_error *err)
{
    size_t length;
    char *text = schema_write(run->schema, &length);
    enum spile_status status = text ? schema_read(out, text, length, &run->schema->naming, err) : spile_fail_nomem(err);

    free(text);
    for (uint32_t i = 0; !status && i < run->part_count; i++)
        if (!schema_find_table(*out, run->parts[i].table) && !normalize_root_table(*out, &run->normalize_parts[i]))
            status = spile_fail_nomem(err);
    if (!status && !schema_declare_state_table(*out))
        status = spile_fail_nomem(err);
    return status;
}

/* The schema as it is before any data, for a person to edit: the next run looks at it. Written with the load, not before: the file of a run that has
 * failed would be an edited one to the next. */
static enum spile_status make_import(struct run *run, struct spile_error *err)
{
    struct text text = { 0 };
    struct schema *written = NULL, *whole = NULL;
    enum spile_status status = copy_with_tables(run, &whole, err);

    if (!status)
        status = folder_make(run->pipeline->import_folder, err);
    if (!status && !schema_to_text(whole, SCHEMA_YAML, false, &text))
        status = spile_fail_nomem(err);
    if (!status)
        status = schema_from_text(&written, NULL, text_slice(&text), &run->schema->naming, err);
    if (!status && !schema_set_imported_hash(run->schema, schema_hash(written)))
        status = spile_fail_nomem(err);
    if (!status && !(run->import_text = arena_copy(&run->arena, text.text, text.length)))
        status = spile_fail_nomem(err);
    schema_free(written);
    schema_free(whole);
    text_release(&text);
    return status;
}

enum spile_status run_write_import(struct run *run, struct spile_error *err)
{
    const char *path = run->import_text ? schema_path(run, run->pipeline->import_folder, file_endings[0]) : NULL;

    if (!run->import_text)
        return SPILE_OK;
    return path ? file_replace(path, run->import_text, strlen(run->import_text), false, err) : spile_fail_nomem(err);
}

enum spile_status run_export_schema(struct run *run, struct spile_error *err)
{
    const char *folder = run->pipeline->export_folder, *import = run->pipeline->import_folder;
    const char *path = folder ? schema_path(run, folder, file_endings[0]) : NULL;
    struct text text = { 0 };
    enum spile_status status = folder ? folder_make(folder, err) : SPILE_OK;

    if (!folder)
        return SPILE_OK;
    if (!status && (!path || !schema_to_text(run->schema, SCHEMA_YAML, !import || strcmp(folder, import), &text)))
        status = spile_fail_nomem(err);
    if (!status)
        status = file_replace(path, text.text, text.length, false, err);
    text_release(&text);
    return status;
}

/* ---- hints ---------------------------------------------------------------------------------------------------------------------- */

static enum spile_status merge_given(struct run *run, struct spile_error *err)
{
    static const struct merge_options options = { .replaces_keys = false };

    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < sizeof(run->schema_parts) / sizeof(*run->schema_parts); i++)
        if (run->schema_parts[i])
            status = schema_merge(&run->schema, run->schema_parts[i], &options, err);
    return status;
}

static bool has_hints(const struct run *run)
{
    bool given = run->columns;

    for (uint32_t i = 0; i < run->part_count; i++)
        given |= run->parts[i].columns || run->parts[i].primary_key || run->parts[i].merge_key || run->parts[i].cursor;
    return given;
}

static enum spile_status add_part_hints(struct hints *hints, const struct run_part *part, struct spile_error *err)
{
    enum spile_status status = hints_add_columns(hints, part->given, part->columns, err);

    if (!status)
        status = hints_add_key(hints, part->given, part->primary_key, "primary_key", err);
    if (!status)
        status = hints_add_key(hints, part->given, part->merge_key, "merge_key", err);
    return status ? status : hints_add_key(hints, part->given, part->cursor, "incremental", err);
}

static enum spile_status collect_hints(struct run *run, struct hints *hints, struct spile_error *err)
{
    struct hint_root *roots = arena_alloc(&run->arena, (run->part_count + 1) * sizeof(*roots));
    enum spile_status status = roots && hints_init(hints) ? SPILE_OK : spile_fail_nomem(err);

    for (uint32_t i = 0; !status && i < run->part_count; i++)
        status = hints_add_table(hints, run->parts[i].given) ? SPILE_OK : spile_fail_nomem(err);
    if (!status)
        status = hints_add_columns(hints, NULL, run->columns, err);
    for (uint32_t i = 0; !status && i < run->part_count; i++) {
        roots[i] = (struct hint_root){ run->parts[i].table, run->normalize_parts[i].resource };
        status = add_part_hints(hints, &run->parts[i], err);
    }
    return status ? status : hints_find_parents(hints, run->schema, roots, run->part_count, err);
}

static enum spile_status merge_hints(struct run *run, struct spile_error *err)
{
    static const struct merge_options options = { .replaces_keys = true, .obeys_contract = true };
    struct hints hints = { 0 };
    enum spile_status status = has_hints(run) ? collect_hints(run, &hints, err) : SPILE_OK;

    if (!status && has_hints(run))
        status = schema_merge(&run->schema, hints.root, &options, err);
    hints_release(&hints);
    return status;
}

/* Hints name types that the destination may not have. */
static enum spile_status check_types(const struct run *run, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < run->schema->table_count; i++) {
        const struct table *table = run->schema->tables[i];

        for (uint32_t j = 0; !status && j < table->column_count; j++)
            status = spile_within(err, destination_check_type(run->pipeline->ops, &table->columns[j]->type, err), "column \"%s\", table \"%s\"",
                                  table->columns[j]->name, table->name);
    }
    return status;
}

/* ---- paths that stay JSON ------------------------------------------------------------------------------------------------------- */

/* "items.meta" of table orders: the path as the walk sees it, "orders__items__meta". `table` "": it begins with the table. */
static const char *whole_path(struct run *run, const char *table, struct slice path)
{
    struct naming naming = run->schema->naming;
    const char *joined = table;

    naming.length_max = naming.bytes_max = 0; /* the walk compares paths before it shortens them */
    while (joined && path.length) {
        const char *dot = memchr(path.text, '.', path.length);
        struct slice part = { path.text, dot ? (size_t)(dot - path.text) : path.length };
        char *name = naming_path(&run->arena, &naming, part);
        struct slice parts[] = { slice_of(joined), slice_of(name ? name : "") };

        joined = name ? naming_join(&run->arena, &naming, parts, 2) : NULL;
        path = dot ? (struct slice){ dot + 1, path.length - part.length - 1 } : (struct slice){ "", 0 };
    }
    return joined;
}

static enum spile_status add_whole_paths(struct run *run, const char *table, const char *paths, struct spile_error *err)
{
    struct slice rest = slice_of(paths), path;

    while (text_next(&rest, ',', &path)) {
        if (!path.length)
            return spile_fail(err, SPILE_USAGE, "an empty path among the paths that stay JSON"),
                   spile_hint(err, SPILE_USAGE, "write payload,items.meta");
        run->whole[run->whole_count] = whole_path(run, table, path);
        if (!run->whole[run->whole_count++])
            return spile_fail_nomem(err);
    }
    return SPILE_OK;
}

static enum spile_status read_whole_paths(struct run *run, struct spile_error *err)
{
    size_t count = text_count(slice_of(run->json_columns), ',');
    enum spile_status status;

    for (uint32_t i = 0; i < run->part_count; i++)
        count += text_count(slice_of(run->parts[i].json_columns), ',');
    run->whole = arena_alloc(&run->arena, count * sizeof(*run->whole));
    status = run->whole ? add_whole_paths(run, "", run->json_columns, err) : spile_fail_nomem(err);
    for (uint32_t i = 0; !status && i < run->part_count; i++)
        status = add_whole_paths(run, run->parts[i].table, run->parts[i].json_columns, err);
    return status;
}

/* ---- tables of the run ---------------------------------------------------------------------------------------------------------- */

static enum spile_status check_table(const char *table, const char *given, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    if (!name_is_own(table))
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "\"%s\" can't be the name of a table: names with " DLT_PREFIX " are the bookkeeping's",
               shorten(extract, given, strlen(given)));
    return spile_hint(err, SPILE_USAGE, "choose another name");
}

/* Names that are in use can't be made anew. */
static enum spile_status check_naming(const struct run *run, struct spile_error *err)
{
    enum naming_convention stored = run->schema->naming.convention, wanted = run->pipeline->naming.convention;

    if (!run->pipeline->naming_given || stored == wanted)
        return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "the dataset's names were made by the convention %s, not %s", naming_name(stored), naming_name(wanted));
    return spile_hint(err, SPILE_CONFIG, "leave the naming convention out, or load into another dataset");
}

static enum spile_status name_part(struct run *run, uint32_t index, struct spile_error *err)
{
    struct run_part *part = &run->parts[index];
    const struct table *table;
    enum spile_status status;

    part->table = naming_path(&run->arena, &run->schema->naming, slice_of(part->given));
    run->normalize_parts[index].table = part->table;
    status = part->table ? check_table(part->table, part->given, err) : spile_fail_nomem(err);
    table = status ? NULL : schema_find_table(run->schema, part->table);
    part->is_new = !table || table_is_new(table);
    return status;
}

static enum spile_status name_tables(struct run *run, struct spile_error *err)
{
    enum spile_status status = check_naming(run, err);

    for (uint32_t i = 0; !status && i < run->part_count; i++)
        status = name_part(run, i, err);
    return status;
}

/* A table that is there already takes this run's disposition, nesting and contract. */
static enum spile_status prepare_table(struct run *run, struct normalize_part *part, struct table *table, struct spile_error *err)
{
    if (table->parent) {
        spile_fail(err, SPILE_USAGE, "table \"%s\" is a nested table of \"%s\"", table->name, table->parent->name);
        return spile_hint(err, SPILE_USAGE, "load into another table");
    }
    if (!table_write_set(run->schema, table, &part->write) ||
        (part->max_nesting_given && !table_set_max_nesting(run->schema, table, part->max_nesting)))
        return spile_fail_nomem(err);
    if (!part->max_nesting_given && table->max_nesting >= 0)
        part->max_nesting = table->max_nesting;
    if (!schema_extend_table(run->schema, table))
        return spile_fail_nomem(err);
    return part->contract_given ? contract_set_table(run->schema, table, part->contract_given, err) : SPILE_OK;
}

/* New tables get all that when they are made. */
static enum spile_status prepare_part(struct run *run, uint32_t index, struct spile_error *err)
{
    struct normalize_part *part = &run->normalize_parts[index];
    struct table *table = schema_find_table(run->schema, part->table);
    enum spile_status status = destination_check_write(run->pipeline->ops, &part->write, err);

    if (!status)
        status = table_write_fits(run->schema, table, part->table, &part->write, err);
    part->contract_given = contract_is_given(&run->parts[index].contract) ? &run->parts[index].contract : NULL;
    if (!part->max_nesting_given && schema_max_nesting(run->schema) >= 0)
        part->max_nesting = schema_max_nesting(run->schema);
    if (!status && table)
        status = prepare_table(run, part, table, err);
    if (table)
        table->evolves_once = run->parts[index].is_new;
    return status ? status : contract_of(&part->contract, run->schema, table, err);
}

static enum spile_status prepare_tables(struct run *run, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < run->part_count; i++)
        status = prepare_part(run, i, err);
    return status;
}

enum spile_status run_add_part(struct run *run, uint32_t index, struct spile_error *err)
{
    enum spile_status status = name_part(run, index, err);

    return status ? status : prepare_part(run, index, err);
}

/* ---- before and after the data -------------------------------------------------------------------------------------------------- */

/* The contract of the run comes first, since it holds for hints as well. */
static enum spile_status set_contract(struct run *run, struct spile_error *err)
{
    enum spile_status status = contract_is_given(&run->contract) ? contract_set_schema(run->schema, &run->contract, err) : SPILE_OK;

    for (uint32_t i = 0; !status && i < run->part_count; i++) {
        struct table *table = schema_find_table(run->schema, run->parts[i].table);

        if (table && contract_is_given(&run->parts[i].contract))
            status = contract_set_table(run->schema, table, &run->parts[i].contract, err);
    }
    return status;
}

#define YEAR_2001 1e9 /* in seconds; what is less is a count and no time */

/* "Now" is when the load id says it is, so that the same id finds the same types. An id that is no time leaves the clock's. */
static void set_now(struct run *run)
{
    double seconds;

    if (double_from_text(run->load_id, strlen(run->load_id), &seconds) && seconds >= YEAR_2001)
        run->schema->settings.now = seconds;
}

enum spile_status run_begin_schema(struct run *run, const struct stored *stored, struct spile_error *err)
{
    enum spile_status status = run_read_schema(run, stored, err);

    if (!status)
        status = run_refresh(run, err);
    if (!status && run->pipeline->import_folder)
        status = import_schema(run, err);
    if (!status)
        status = merge_given(run, err);
    if (!status)
        status = name_tables(run, err);
    if (!status)
        status = set_contract(run, err);
    if (!status)
        status = merge_hints(run, err);
    if (!status && run->root_key && !schema_want_root_key(run->schema))
        status = spile_fail_nomem(err);
    if (!status)
        status = check_types(run, err);
    if (!status)
        status = read_whole_paths(run, err);
    if (!status)
        status = prepare_tables(run, err);
    if (!status)
        set_now(run);
    if (!status && run->writes_import && !run->plans)
        status = make_import(run, err);
    return status;
}

/* A column that must not be null and for which no row had a value to tell its type. */
static enum spile_status check_declared(const struct table *table, struct spile_error *err)
{
    yyjson_mut_val *key, *column;
    size_t i, count;

    yyjson_mut_obj_foreach(table->columns_json, i, count, key, column)
    {
        const char *name = yyjson_mut_get_str(key);

        if (!name || yyjson_mut_obj_get(column, "data_type") || !yyjson_mut_is_false(yyjson_mut_obj_get(column, "nullable")))
            continue;
        spile_fail(err, SPILE_CONTRACT, "no row has a value for column \"%s\" of table \"%s\", which must not be null", name, table->name);
        return spile_hint(err, SPILE_CONTRACT, "is the name of the key right? Give it a type if rows without it are fine: --columns %s.%s:text:null",
                          table->name, name);
    }
    return SPILE_OK;
}

/* As one that rows come for in this load has got it. */
static enum spile_status want_root_ids(struct run *run, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < run->schema->table_count; i++) {
        struct table *table = run->schema->tables[i];

        if (merging_needs_root_key(&run->package, table) && !table_add_column(run->schema, table, DLT_ROOT_ID, TYPE_TEXT, false))
            status = spile_fail_nomem(err);
    }
    return status;
}

static enum spile_status put_ids_last(struct package_table *entry, struct schema *schema, struct spile_error *err)
{
    struct table *table = entry->table;

    if (!table->ids_come_last)
        return SPILE_OK;
    table->ids_come_last = false;
    return package_move_last(entry, table->row_id->index) && table_move_last(schema, table, table->row_id) ? SPILE_OK : spile_fail_nomem(err);
}

/* After all rows are known. */
enum spile_status run_finish_schema(struct run *run, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < run->package.table_count; i++) {
        struct table *table = run->package.tables[i]->table;

        status = table_set_seen_data(run->schema, table) ? check_declared(table, err) : spile_fail_nomem(err);
        if (!status && !table->parent && !schema_extend_table(run->schema, table)) /* a table below may have got a root key */
            status = spile_fail_nomem(err);
        if (!status)
            status = put_ids_last(run->package.tables[i], run->schema, err);
    }
    for (uint32_t i = 0; !status && i < run->part_count; i++) {
        const struct table *table = schema_find_table(run->schema, run->parts[i].table);
        const struct table_write *write = &run->normalize_parts[i].write;

        if (table && write->disposition == WRITE_REPLACE && !package_replaces(&run->package, table))
            status = package_replace(&run->package, table, err);
        if (table && table_write_is_complete(write) && !package_is_complete(&run->package, table))
            status = package_complete(&run->package, table, err);
    }
    return status ? status : want_root_ids(run, err);
}
