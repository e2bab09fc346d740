#include "load/plan.h"

#include <string.h>

struct planner {
    struct plan *plan;
    const struct load_target *target;
    struct load_job *job;
    const struct catalog *found; /* as it is, */
    struct catalog catalog;      /* and when what is dropped has gone */
    const struct table **rootless; /* tables that are there and get the column for their root's id, the nearer to the root the earlier */
    size_t rootless_count;
    struct arena *arena;
};

static enum spile_status add_change(struct planner *planner, const struct alteration *change, struct spile_error *err)
{
    struct plan *plan = planner->plan;

    if (plan->count == plan->capacity) {
        size_t capacity = plan->capacity ? plan->capacity * 2 : 16;
        struct alteration *changes = arena_alloc(planner->arena, capacity * sizeof(*changes));

        if (!changes)
            return spile_fail_nomem(err);
        if (plan->count)
            memcpy(changes, plan->changes, plan->count * sizeof(*changes));
        plan->changes = changes;
        plan->capacity = capacity;
    }
    plan->changes[plan->count++] = *change;
    return SPILE_OK;
}

static enum spile_status add_for_name(struct planner *planner, enum alter_kind kind, const char *name, struct spile_error *err)
{
    return add_change(planner, &(struct alteration){ .kind = kind, .name = name }, err);
}

/* ---- tables and columns --------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_too_wide(const struct planner *planner, const struct table *table, size_t columns, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "table \"%s\" would have %zu columns; %s takes %u", table->name, columns, planner->target->ops->scheme,
               planner->target->ops->caps.columns_max);
    return spile_hint(err, SPILE_DESTINATION, "keep objects whole with --json-column or --max-nesting, or leave out fields");
}

static enum spile_status check_type(struct planner *planner, const struct table *table, const struct column *column,
                                    const struct catalog_column *there, struct spile_error *err)
{
    const char *wanted = planner->target->ops->type_name(column, planner->arena);

    if (!wanted)
        return spile_fail_nomem(err);
    if (planner->target->ops->type_fits(column, wanted, there->type))
        return SPILE_OK;
    spile_fail(err, SPILE_DESTINATION, "column \"%s\" of table \"%s\" is %s in the database but the data needs %s", column->name,
               table->name, there->type, wanted);
    return spile_hint(err, SPILE_DESTINATION, "load into another table with --table or another dataset with --dataset, or change the "
                                              "column with ALTER TABLE ... ALTER COLUMN ... TYPE %s", wanted);
}

static enum spile_status fail_view(const struct planner *planner, const struct table *table, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "\"%s\" is a view in dataset \"%s\"", table->name, planner->target->dataset);
    return spile_hint(err, SPILE_DESTINATION, "drop or rename the view, or load into another table with --table");
}

static void constrain_later(struct planner *planner, const struct alteration *made)
{
    struct plan *plan = planner->plan;

    if (!planner->job->unique)
        return;
    plan->finish[plan->finish_count] = *made;
    plan->finish[plan->finish_count++].kind = ALTER_CONSTRAIN_TABLE;
}

/* A new table that takes the old one's place: no row needs to be deleted, and readers wait for the swap only. */
static enum spile_status plan_fresh(struct planner *planner, const struct table *table, struct spile_error *err)
{
    struct plan *plan = planner->plan;
    struct alteration change = { .kind = ALTER_CREATE_TABLE, .name = table->name, .table = table, .columns = (const struct column *const *)table->columns,
                                 .column_count = table->column_count };
    enum spile_status status;

    change.fresh = arena_printf(planner->arena, DLT_PREFIX "_new_%u", table->index); /* another load waits here until this one is through */
    if (!change.fresh)
        return spile_fail_nomem(err);
    status = add_change(planner, &change, err);
    constrain_later(planner, &change);
    change.kind = ALTER_SWAP_TABLE;
    plan->finish[plan->finish_count++] = change;
    return status;
}

static bool is_swapped(const struct planner *planner, const struct table *table)
{
    return planner->job->replace_strategy == REPLACE_STAGING_OPTIMIZED && package_replaces(planner->job->package, table) &&
           package_has_table(planner->job->package, table) && catalog_find_table(&planner->catalog, table->name);
}

static size_t depth_of(const struct table *table)
{
    size_t depth = 0;

    while ((table = table->parent))
        depth++;
    return depth;
}

static bool is_rootless(const struct planner *planner, const struct table *table)
{
    for (size_t i = 0; i < planner->rootless_count; i++)
        if (planner->rootless[i] == table)
            return true;
    return false;
}

static void note_rootless(struct planner *planner, const struct table *table)
{
    size_t at = planner->rootless_count;

    if (is_rootless(planner, table))
        return;
    for (; at && depth_of(planner->rootless[at - 1]) > depth_of(table); at--)
        planner->rootless[at] = planner->rootless[at - 1];
    planner->rootless[at] = table;
    planner->rootless_count++;
}

/* What the table lacks. `entry` tells which columns the load fills: only their types matter. */
static enum spile_status plan_table(struct planner *planner, const struct table *table, const struct package_table *entry,
                                    struct table_change *done, struct spile_error *err)
{
    const struct catalog_table *present = catalog_find_table(&planner->catalog, table->name);
    const uint32_t columns_max = planner->target->ops->caps.columns_max;
    const struct column **missing = arena_alloc(planner->arena, (table->column_count + 1) * sizeof(*missing));
    struct alteration change = { .kind = present ? ALTER_ADD_COLUMNS : ALTER_CREATE_TABLE, .table = table, .columns = missing,
                                 .unique = planner->job->unique };
    const bool swapped = is_swapped(planner, table);
    enum spile_status status = SPILE_OK;
    size_t width;

    *done = (struct table_change){ .table = (struct table *)(uintptr_t)table, .created = !present };
    done->new_columns = arena_alloc(planner->arena, (table->column_count + 1) * sizeof(*done->new_columns));
    if (!done->new_columns || !missing)
        return spile_fail_nomem(err);
    if (present && present->view)
        return fail_view(planner, table, err);
    for (uint32_t i = 0; !status && i < table->column_count; i++) {
        const struct column *column = table->columns[i];
        const struct catalog_column *there = present ? catalog_find_column(present, column->name) : NULL;

        if (there && entry && package_has_column(entry, column) && !swapped)
            status = check_type(planner, table, column, there, err);
        if (there)
            continue;
        missing[change.column_count++] = column;
        done->new_columns[done->new_column_count++] = column->name;
        if (present && !swapped && table->parent && column == table_root_key(table))
            note_rootless(planner, table);
    }
    if (status || (present && !swapped && !change.column_count))
        return status;
    width = swapped ? table->column_count : (present ? present->column_count : 0) + change.column_count;
    if (columns_max && width > columns_max)
        return fail_too_wide(planner, table, width, err);
    if (swapped)
        return plan_fresh(planner, table, err);
    if (!present)
        constrain_later(planner, &change);
    return add_change(planner, &change, err);
}

static const char *const system_tables[BOOKKEEPING_TABLES] = { DLT_VERSION_TABLE, DLT_LOADS_TABLE, DLT_STATE_TABLE };

/* A schema that is stored without a load: tables that are there get its columns at once, since dlt makes none for a schema that it finds stored. */
static enum spile_status plan_present(struct planner *planner, const struct load_job *job, struct spile_error *err)
{
    struct table_change ignored;
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < job->schema->table_count; i++) {
        const struct table *table = job->schema->tables[i];
        const struct catalog_table *present = catalog_find_table(&planner->catalog, table->name);

        if (present && !present->view && !name_is_own(table->name))
            status = plan_table(planner, table, NULL, &ignored, err);
    }
    return status;
}

static enum spile_status plan_tables(struct planner *planner, bool with_state, struct spile_error *err)
{
    struct load_job *job = planner->job;
    enum spile_status status = SPILE_OK;

    if (!planner->catalog.has_dataset)
        status = add_for_name(planner, ALTER_CREATE_DATASET, planner->target->dataset, err);
    for (size_t i = 0; !status && i < BOOKKEEPING_TABLES - !with_state; i++)
        status = plan_table(planner, schema_find_table(job->schema, system_tables[i]), NULL, &job->bookkeeping[i], err);
    for (uint32_t i = 0; !status && i < job->package->table_count; i++)
        status = plan_table(planner, job->package->tables[i]->table, job->package->tables[i], &job->changes[i], err);
    if (!status && job->schema_only)
        status = plan_present(planner, job, err);
    return status;
}

/* ---- what goes ------------------------------------------------------------------------------------------------------------------ */

/* Of the schema's versions none is left that knows of the tables. */
static enum spile_status plan_drops(struct planner *planner, struct spile_error *err)
{
    const struct package *package = planner->job->package;
    struct table_names *dropped = &planner->job->dropped;
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < package->dropped_count; i++) {
        const char *table = package->dropped[i];

        if (!catalog_find_table(&planner->catalog, table))
            continue;
        status = add_for_name(planner, ALTER_DROP_TABLE, table, err);
        dropped->names[dropped->count++] = table;
        catalog_remove(&planner->catalog, table);
    }
    if (!status && package->dropped_count && catalog_find_table(&planner->catalog, DLT_VERSION_TABLE))
        status = add_for_name(planner, ALTER_FORGET_VERSIONS, planner->job->schema->name, err);
    return status;
}

static enum spile_status plan_replaced(struct planner *planner, struct spile_error *err)
{
    const struct load_job *job = planner->job;
    struct table_names *emptied = &planner->job->emptied;
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < job->schema->table_count; i++) {
        const struct table *table = job->schema->tables[i];

        if (!package_replaces(job->package, table) || !catalog_find_table(&planner->catalog, table->name))
            continue;
        if (!is_swapped(planner, table))
            status = add_for_name(planner, ALTER_EMPTY_TABLE, table->name, err);
        emptied->names[emptied->count++] = table->name;
    }
    return status;
}

/* ---- what is merged ------------------------------------------------------------------------------------------------------------- */

/* Does the merge look whether two values of it are equal? */
static bool is_compared(const struct merge *merge, const struct merge_table *table, const struct column *column)
{
    if (column == table->row_key || column == table->parent_key || column == table->root_key)
        return true;
    if (table != merge->tables)
        return false;
    return (merge->skip_unchanged && !merge->row_version) || column == merge->row_version ||
           column_is_among(column, merge->primary_key, merge->primary_key_count) || column_is_among(column, merge->merge_key, merge->merge_key_count);
}

static enum spile_status check_compared(struct planner *planner, const struct table *table, const struct column *column, const struct catalog_column *there,
                                        struct spile_error *err)
{
    const struct destination_ops *ops = planner->target->ops;
    const char *ours = ops->type_name(column, planner->arena);
    enum spile_status status = ours ? check_type(planner, table, column, there, err) : spile_fail_nomem(err);

    if (status || !ops->type_compares || ops->type_compares(there->type))
        return status;
    spile_fail(err, SPILE_DESTINATION, "column \"%s\" of table \"%s\" is %s in the database, a type without a way to compare values, and the merge has to",
               column->name, table->name, there->type);
    return spile_hint(err, SPILE_DESTINATION, "change the column with ALTER TABLE ... ALTER COLUMN ... TYPE %s, or merge by another key and without "
                                              "skip_unchanged_rows", ours);
}

static enum spile_status check_merge_table(struct planner *planner, const struct merge *merge, const struct merge_table *table, struct spile_error *err)
{
    const struct catalog_table *present = catalog_find_table(&planner->catalog, table->table->name);
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && present && i < table->column_count; i++) {
        const struct catalog_column *there = catalog_find_column(present, table->columns[i]->name);

        if (there && is_compared(merge, table, table->columns[i]))
            status = check_compared(planner, table->table, table->columns[i], there, err);
    }
    return status;
}

static enum spile_status plan_staged(struct planner *planner, const struct merge_table *table, struct spile_error *err)
{
    const struct catalog_table *present = catalog_find_table(&planner->catalog, table->table->name);
    const char **types = arena_zalloc(planner->arena, (table->column_count + 1) * sizeof(*types));

    if (!types)
        return spile_fail_nomem(err);
    for (size_t i = 0; present && i < table->column_count; i++) {
        const struct catalog_column *there = catalog_find_column(present, table->columns[i]->name);

        types[i] = there ? there->type : NULL;
    }
    return add_change(planner, &(struct alteration){ .kind = ALTER_STAGE_TABLE, .table = table->table, .columns = table->columns,
                                                     .column_count = table->column_count, .there = types }, err);
}

/* Tables of which no rows come may have to get their root's id. */
static enum spile_status plan_merge(struct planner *planner, const struct merge *merge, struct spile_error *err)
{
    struct table_change ignored;
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < merge->table_count; i++) {
        const struct merge_table *table = &merge->tables[i];

        status = check_merge_table(planner, merge, table, err);
        if (!status && !package_has_table(planner->job->package, table->table))
            status = plan_table(planner, table->table, NULL, &ignored, err);
        if (!status && !merge->in_place)
            status = plan_staged(planner, table, err);
    }
    return status;
}

static enum spile_status plan_merges(struct planner *planner, struct spile_error *err)
{
    struct merging *merging = &planner->plan->merging;
    enum spile_status status = merging_plan(merging, planner->job->package, planner->job->schema, planner->target->dataset, &planner->catalog,
                                            planner->arena, err);

    for (size_t i = 0; !status && i < merging->count; i++)
        status = plan_merge(planner, &merging->merges[i], err);
    return status;
}

/* ---- rows that are there get their root's id --------------------------------------------------------------------------------------- */

/* Can rows of it say which their root is? */
static bool tells_root(const struct planner *planner, const struct table *table)
{
    const struct catalog_table *present = catalog_find_table(&planner->catalog, table->name);
    const struct column *const key = table_root_key(table);

    return present && table->row_id && key && (!table->parent || is_rootless(planner, table) || catalog_find_column(present, key->name));
}

/* A merge finds by it what is nested in a row. The row above is in one of the tables above: a list may be found in an object of the root once, and once
 * in a list. */
static enum spile_status plan_root_ids(struct planner *planner, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; planner->target->ops->caps.merges && i < planner->rootless_count; i++) {
        const struct table *const table = planner->rootless[i];

        for (const struct table *above = table->parent; !status && table->parent_id && above; above = above->parent)
            if (tells_root(planner, above))
                status = add_change(planner, &(struct alteration){ .kind = ALTER_FILL_ROOT_IDS, .table = table, .above = above }, err);
    }
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------ */

/* The lists have room for all. */
static bool prepare(struct planner *planner)
{
    struct load_job *job = planner->job;
    const struct catalog *found = planner->found;

    job->change_count = job->package->table_count;
    job->changes = arena_zalloc(planner->arena, (job->change_count + 1) * sizeof(*job->changes));
    job->dropped = (struct table_names){ .names = arena_alloc(planner->arena, (job->package->dropped_count + 1) * sizeof(*job->dropped.names)) };
    job->emptied = (struct table_names){ .names = arena_alloc(planner->arena, (job->schema->table_count + 1) * sizeof(*job->emptied.names)) };
    planner->plan->finish = arena_alloc(planner->arena, (2 * job->schema->table_count + BOOKKEEPING_TABLES) * sizeof(*planner->plan->finish));
    planner->rootless = arena_alloc(planner->arena, (job->schema->table_count + 1) * sizeof(*planner->rootless));
    planner->catalog = *found;
    planner->catalog.tables = arena_alloc(planner->arena, (found->table_count + 1) * sizeof(*found->tables));
    if (!job->changes || !job->dropped.names || !job->emptied.names || !planner->catalog.tables || !planner->plan->finish || !planner->rootless)
        return false;
    if (found->table_count)
        memcpy(planner->catalog.tables, found->tables, found->table_count * sizeof(*found->tables));
    return true;
}

enum spile_status plan_make(struct plan *plan, const struct load_target *target, struct load_job *job, const struct catalog *catalog,
                            bool with_state, struct arena *arena, struct spile_error *err)
{
    struct planner planner = { .plan = plan, .target = target, .job = job, .found = catalog, .arena = arena };
    enum spile_status status;

    *plan = (struct plan){ 0 };
    if (!prepare(&planner))
        return spile_fail_nomem(err);
    status = plan_drops(&planner, err);
    if (!status)
        status = plan_tables(&planner, with_state, err);
    if (!status)
        status = plan_replaced(&planner, err);
    if (!status)
        status = plan_merges(&planner, err);
    return status ? status : plan_root_ids(&planner, err);
}

static enum spile_status alter_all(const struct load_target *target, const struct alteration *alterations, size_t count, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < count; i++)
        status = target->ops->alter(target->destination, target->dataset, &alterations[i], err);
    return status;
}

enum spile_status plan_carry_out(const struct plan *plan, const struct load_target *target, struct spile_error *err)
{
    return alter_all(target, plan->changes, plan->count, err);
}

enum spile_status plan_finish(const struct plan *plan, const struct load_target *target, struct spile_error *err)
{
    return alter_all(target, plan->finish, plan->finish_count, err);
}

const char *plan_fresh_name(const struct plan *plan, const struct table *table)
{
    for (size_t i = 0; i < plan->finish_count; i++)
        if (plan->finish[i].kind == ALTER_SWAP_TABLE && plan->finish[i].table == table)
            return plan->finish[i].fresh;
    return NULL;
}

/* ---- the columns that are compared ---------------------------------------------------------------------------------------------- */

struct wanted_tables {
    struct catalog_table **tables;
    size_t count;
};

static void want(struct wanted_tables *wanted, const struct catalog *catalog, const char *name)
{
    struct catalog_table *table = catalog_find_table(catalog, name);

    if (!table || table->view || table->columns)
        return;
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->tables[i] == table)
            return;
    wanted->tables[wanted->count++] = table;
}

enum spile_status plan_read_columns(const struct load_target *target, const struct load_job *job, const struct catalog *catalog,
                                    struct arena *arena, struct spile_error *err)
{
    struct wanted_tables wanted = { .tables = arena_alloc(arena, (catalog->table_count + 1) * sizeof(*wanted.tables)) };

    if (!wanted.tables)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < BOOKKEEPING_TABLES; i++)
        want(&wanted, catalog, system_tables[i]);
    for (uint32_t i = 0; i < job->package->table_count; i++)
        want(&wanted, catalog, job->package->tables[i]->table->name);
    for (uint32_t i = 0; i < job->schema->table_count; i++)
        if (job->schema_only || merging_touches(job->package, job->schema->tables[i]))
            want(&wanted, catalog, job->schema->tables[i]->name);
    return target->ops->read_columns(target->destination, target->dataset, wanted.tables, wanted.count, arena, err);
}
