#include "load/merging.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "data/timestamp.h"
#include "schema/write.h"

struct planner {
    const struct package *package;
    const struct schema *schema;
    const struct catalog *catalog;
    struct arena *arena;
    const char *dataset;
};

/* ---- hints ---------------------------------------------------------------------------------------------------------------------- */

/* Count of the columns with that hint, which are put into *out. */
static bool all_with(const struct table *table, const char *hint, const struct column *const **out, size_t *count, struct arena *arena)
{
    const struct column **columns = arena_alloc(arena, (table->column_count + 1) * sizeof(*columns));

    *out = columns;
    *count = 0;
    for (uint32_t i = 0; columns && i < table->column_count; i++)
        if (table_has_hint(table, table->columns[i], hint))
            columns[(*count)++] = table->columns[i];
    return columns;
}

static bool is_descending(const struct table *table, const struct column *column)
{
    yyjson_mut_val *order = yyjson_mut_obj_get(yyjson_mut_obj_get(table->columns_json, column->name), "dedup_sort");

    return yyjson_mut_equals_str(order, "desc");
}

/* What tells its rows apart, and is the root's id in rows below: as dlt, but a table that has ids needs nothing else. */
static const struct column *row_key_of(const struct table *table, const struct merge *merge)
{
    const struct column *key = table_first_with(table, "row_key");

    if (!key)
        key = table->row_id;
    if (!key)
        key = table_first_with(table, "unique");
    return !key && !table->parent && merge->primary_key_count == 1 ? merge->primary_key[0] : key;
}

/* ---- tables --------------------------------------------------------------------------------------------------------------------- */

static bool is_there(const struct planner *p, const struct table *table)
{
    return package_has_table(p->package, table) || catalog_find_table(p->catalog, table->name);
}

static enum spile_status fail_key(const struct table *table, const char *what, struct spile_error *err)
{
    spile_fail(err, SPILE_CONFIG, "table \"%s\" can't be merged: it has no column with the hint %s", table->name, what);
    return spile_hint(err, SPILE_CONFIG, "give a column the hint, or have root ids in nested tables with --root-key");
}

/* Strategies that only add rows need not know which root they belong to. */
static bool needs_root_key(enum merge_strategy strategy)
{
    return strategy != MERGE_SCD2 && strategy != MERGE_INSERT_ONLY;
}

static enum spile_status describe_table(struct merge_table *out, const struct table *table, size_t parent, const struct merge *merge,
                                        struct spile_error *err)
{
    *out = (struct merge_table){ .table = table, .parent = parent, .row_key = row_key_of(table, merge),
                                 .columns = (const struct column *const *)table->columns, .column_count = table->column_count };
    if (!table->parent)
        return SPILE_OK;
    out->parent_key = table->parent_id ? table->parent_id : table_first_with(table, "parent_key");
    out->root_key = table_first_with(table, "root_key");
    if (!out->root_key && !table->parent->parent)
        out->root_key = out->parent_key;
    if (!out->row_key)
        return fail_key(table, "row_key", err);
    if (!out->parent_key)
        return fail_key(table, "parent_key", err);
    return out->root_key || !needs_root_key(merge->strategy) ? SPILE_OK : fail_key(table, "root_key", err);
}

/* The index of the table among those found so far; their count: it is none of them. */
static size_t index_of(const struct merge_table *tables, size_t count, const struct table *table)
{
    size_t i = 0;

    while (i < count && tables[i].table != table)
        i++;
    return i;
}

static bool are_there(const struct planner *p, const struct merge *merge)
{
    for (size_t i = 0; i < merge->table_count; i++)
        if (catalog_find_table(p->catalog, merge->tables[i].table->name))
            return true;
    return false;
}

static bool is_in_place(const struct planner *p, const struct merge *merge)
{
    return merge->strategy != MERGE_SCD2 && !are_there(p, merge);
}

/* The root and what is nested in it, parents first. Tables between that have no rows of their own are in the schema only: theirs are looked at all the same. */
static enum spile_status list_tables(const struct planner *p, const struct table *root, struct merge *merge, struct spile_error *err)
{
    struct merge_table *tables = arena_alloc(p->arena, p->schema->table_count * sizeof(*tables));
    size_t before = 0, count = 1;
    enum spile_status status = tables ? describe_table(tables, root, 0, merge, err) : spile_fail_nomem(err);

    while (!status && before < count) {
        before = count;
        for (uint32_t i = 0; !status && i < p->schema->table_count; i++) {
            const struct table *table = p->schema->tables[i];
            size_t parent = table->parent ? index_of(tables, count, table->parent) : count;

            if (parent == count || index_of(tables, count, table) < count || !is_there(p, table))
                continue;
            status = describe_table(&tables[count], table, parent, merge, err);
            count++;
        }
    }
    merge->tables = tables;
    merge->table_count = count;
    merge->in_place = !status && is_in_place(p, merge);
    if (!status && count > 1 && !tables[0].row_key)
        status = fail_key(root, "row_key", err);
    return status;
}

/* ---- one merge ------------------------------------------------------------------------------------------------------------------ */

static bool read_time(const char *text, int64_t *micros)
{
    struct timestamp timestamp;

    if (!text || !timestamp_read(text, strlen(text), &timestamp))
        return false;
    *micros = timestamp_utc(&timestamp);
    return true;
}

/* When versions end and begin: what was said, or the time that the load id tells, as in dlt; of another load id now. */
static int64_t boundary_of(const struct table_write *write, const char *load_id)
{
    char *end;
    double seconds = strtod(load_id, &end);
    int64_t micros;

    if (read_time(write->boundary_timestamp, &micros) || (!*end && timestamp_from_double(seconds, &micros)))
        return micros;
    return clock_micros();
}

static bool describe_versions(const struct table *root, const struct table_write *write, const char *load_id, struct merge *merge)
{
    merge->row_version = table_first_with(root, "x-row-version");
    if (merge->strategy != MERGE_SCD2)
        return true;
    merge->valid_from = table_find_column(root, write->valid_from);
    merge->valid_to = table_find_column(root, write->valid_to);
    merge->boundary = boundary_of(write, load_id);
    merge->has_active = read_time(write->active_timestamp, &merge->active);
    if (!merge->row_version)
        merge->row_version = root->row_id;
    return merge->valid_from && merge->valid_to && merge->row_version;
}

/* False as well when nobody has read its columns. */
static bool is_whole(const struct catalog_table *there, const struct table *root)
{
    for (size_t i = 0; there && i < there->column_count; i++)
        if (!table_find_column(root, there->columns[i].name))
            return false;
    return there && there->columns;
}

static enum spile_status describe_merge(const struct planner *p, const struct table *root, const struct table_write *write, struct merge *merge,
                                        struct spile_error *err)
{
    const struct column *const *key;

    *merge = (struct merge){
        .dataset = p->dataset,
        .strategy = write->strategy ? write->strategy : MERGE_DELETE_INSERT,
        .is_new = !catalog_find_table(p->catalog, root->name),
        .is_whole = is_whole(catalog_find_table(p->catalog, root->name), root),
        .deduplicate = !write->deduplicated,
        .source_filter = write->source_filter,
        .destination_scope = write->destination_scope,
        .skip_unchanged = write->skip_unchanged,
        .hard_delete = table_first_with(root, "hard_delete"),
        .dedup_sort = table_first_with(root, "dedup_sort"),
    };
    if (!all_with(root, "primary_key", &key, &merge->primary_key_count, p->arena))
        return spile_fail_nomem(err);
    merge->primary_key = key;
    if (!all_with(root, "merge_key", &key, &merge->merge_key_count, p->arena))
        return spile_fail_nomem(err);
    merge->merge_key = key;
    merge->dedup_descending = merge->dedup_sort && is_descending(root, merge->dedup_sort);
    if (!describe_versions(root, write, p->package->load_id, merge))
        return spile_fail(err, SPILE_CONFIG, "table \"%s\" lacks the columns of its versions", root->name);
    return list_tables(p, root, merge, err);
}

/* Without keys, and with nothing to be left out, a merge appends. */
static bool only_appends(const struct merge *merge)
{
    return merge->strategy == MERGE_DELETE_INSERT && !merge->primary_key_count && !merge->merge_key_count && !merge->hard_delete &&
           !merge->source_filter && !merge->destination_scope;
}

/* Rows have come for the root, or what is absent goes and nothing has come. */
static bool is_merged(const struct package *package, const struct table *root, struct table_write *write)
{
    if (name_is_own(root->name) || (!package_has_root(package, root) && !package_is_complete(package, root)))
        return false;
    table_write_read(write, root);
    return write->disposition == WRITE_MERGE;
}

bool merging_touches(const struct package *package, const struct table *table)
{
    struct table_write write;

    return is_merged(package, table_root(table), &write);
}

bool merging_needs_root_key(const struct package *package, const struct table *table)
{
    struct table_write write;

    return table->parent && table->parent->parent && table->parent_id && !table_root_key(table) && is_merged(package, table_root(table), &write) &&
           needs_root_key(write.strategy);
}

enum spile_status merging_plan(struct merging *merging, const struct package *package, const struct schema *schema, const char *dataset,
                               const struct catalog *catalog, struct arena *arena, struct spile_error *err)
{
    const struct planner p = { package, schema, catalog, arena, dataset };
    enum spile_status status = SPILE_OK;

    *merging = (struct merging){ .merges = arena_alloc(arena, (schema->table_count + 1) * sizeof(*merging->merges)) };
    if (!merging->merges)
        return spile_fail_nomem(err);
    for (uint32_t i = 0; !status && i < schema->table_count; i++) {
        const struct table *root = schema->tables[i];
        struct merge *merge = &merging->merges[merging->count];
        struct table_write write;

        if (root->parent || !is_merged(package, root, &write) || !is_there(&p, root))
            continue;
        status = describe_merge(&p, root, &write, merge, err);
        merging->count += !status && !only_appends(merge);
    }
    return status;
}

bool merging_stages(const struct merging *merging, const struct table *table)
{
    for (size_t i = 0; i < merging->count; i++)
        if (index_of(merging->merges[i].tables, merging->merges[i].table_count, table) < merging->merges[i].table_count)
            return !merging->merges[i].in_place;
    return false;
}
