#include "load/commit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "load/plan.h"

/* ---- statements ----------------------------------------------------------------------------------------------------------------- */

static enum spile_status execute(const struct load_target *target, const char *sql, const struct sql_value *values, size_t count,
                                 struct arena *arena, struct sql_rows *rows, struct spile_error *err)
{
    return target->ops->execute(target->destination, sql, values, count, arena, rows, err);
}

static struct sql_value sql_text(const char *text)
{
    return (struct sql_value){ .kind = SQL_TEXT, .text = slice_of(text) };
}

static struct sql_value sql_integer(int64_t number)
{
    return (struct sql_value){ .kind = SQL_INTEGER, .number = number };
}

static struct sql_value sql_timestamp(int64_t micros)
{
    return (struct sql_value){ .kind = SQL_TIMESTAMP, .number = micros };
}

/* ---- what is there -------------------------------------------------------------------------------------------------------------- */

static enum spile_status query_text(const struct load_target *target, const char *sql, const struct sql_value *values, size_t count,
                                    struct arena *arena, struct sql_rows *rows, struct spile_error *err)
{
    return sql ? execute(target, sql, values, count, arena, rows, err) : spile_fail_nomem(err);
}

static enum spile_status read_state(const struct load_target *target, struct arena *arena, struct stored *stored, struct spile_error *err)
{
    struct sql_value values[] = { sql_text(target->pipeline) };
    struct sql_rows rows;
    enum spile_status status;

    if (!catalog_find_table(&stored->catalog, DLT_STATE_TABLE) || !catalog_find_table(&stored->catalog, DLT_LOADS_TABLE))
        return SPILE_OK;
    status = query_text(target, sql_select_state(target->dataset_sql, arena), values, 1, arena, &rows, err);
    if (!status && rows.count)
        stored->state = rows.cells[0];
    return status;
}

static struct state_identity state_identity(const struct load_target *target, const char *schema_name, const char *sources)
{
    return (struct state_identity){ target->pipeline, target->dataset, target->ops->caps.dlt_type, schema_name, sources };
}

static enum spile_status read_schema(const struct load_target *target, const char *schema_name, struct arena *arena, struct stored *stored,
                                     struct spile_error *err)
{
    struct sql_value values[] = { sql_text(schema_name) };
    struct sql_rows rows;
    enum spile_status status;

    stored->schema_hash = "";
    if (!catalog_find_table(&stored->catalog, DLT_VERSION_TABLE))
        return SPILE_OK;
    status = query_text(target, sql_select_schema(target->dataset_sql, arena), values, 1, arena, &rows, err);
    if (!status && rows.count && rows.cells[0] && rows.cells[1]) {
        stored->schema = rows.cells[0];
        stored->schema_hash = rows.cells[1];
    }
    return status;
}

static enum spile_status read_load(const struct load_target *target, const char *load_id, struct arena *arena, struct stored *stored,
                                   struct spile_error *err)
{
    struct sql_value values[] = { sql_text(load_id) };
    struct sql_rows rows;
    enum spile_status status;

    if (!catalog_find_table(&stored->catalog, DLT_LOADS_TABLE))
        return SPILE_OK;
    status = query_text(target, sql_select_load(target->dataset_sql, arena), values, 1, arena, &rows, err);
    stored->has_load = !status && rows.count;
    return status;
}

enum spile_status load_read_stored(const struct load_target *target, const char *schema_name, const char *load_id, struct arena *arena,
                                   struct stored *stored, struct spile_error *err)
{
    enum spile_status status;

    *stored = (struct stored){ .schema_hash = "" };
    status = target->ops->read_catalog(target->destination, target->dataset, arena, &stored->catalog, err);
    if (!status)
        status = read_state(target, arena, stored, err);
    if (!status && !schema_name) {
        struct state_identity identity = state_identity(target, NULL, NULL);
        struct state state;

        status = state_prepare(&state, &identity, stored->state, arena, err);
        schema_name = state.schema_name;
    }
    stored->schema_name = schema_name;
    if (!status)
        status = read_schema(target, schema_name, arena, stored, err);
    return status ? status : read_load(target, load_id, arena, stored, err);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

static enum spile_status check_cancelled(const struct load_job *job, struct spile_error *err)
{
    return atomic_load(job->cancelled) ? spile_fail(err, SPILE_CANCELLED, "cancelled") : SPILE_OK;
}

static enum spile_status insert_table(const struct load_target *target, const struct load_job *job, const struct package_table *entry,
                                      struct arena *arena, struct spile_error *err)
{
    const char *sql = sql_insert_stream(target->dataset_sql, entry, job->package->load_id, arena);
    struct ArrowArrayStream stream;
    struct spile_error failure = { 0 };
    uint64_t rows;
    enum spile_status status = sql ? SPILE_OK : spile_fail_nomem(err);

    if (!status)
        status = package_stream(job->package, entry, target->ops->caps.batch_rows, job->batch_bytes_max, &stream, job->progress, &failure, err);
    if (!status)
        status = target->ops->ingest(target->destination, sql, &stream, entry->rows, &rows, err);
    if (failure.status) { /* the rows could not be read: the database knows less of it than we */
        status = failure.status;
        if (err)
            *err = failure;
    }
    if (!status && rows != entry->rows)
        status = spile_fail(err, SPILE_DESTINATION, "the database took %llu rows of %llu", (unsigned long long)rows,
                            (unsigned long long)entry->rows);
    return spile_within(err, status, "table \"%s\"", entry->table->name);
}

/* The lists have room for all. */
static bool prepare_names(struct load_job *job, struct arena *arena)
{
    job->dropped.names = arena_alloc(arena, (job->package->dropped_count + 1) * sizeof(*job->dropped.names));
    job->emptied.names = arena_alloc(arena, (job->schema->table_count + 1) * sizeof(*job->emptied.names));
    return job->dropped.names && job->emptied.names;
}

static enum spile_status empty_replaced(const struct load_target *target, struct load_job *job, const struct catalog *catalog,
                                        struct arena *arena, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < job->schema->table_count; i++) {
        const struct table *table = job->schema->tables[i];

        if (!package_replaces(job->package, table) || !catalog_find_table(catalog, table->name))
            continue;
        status = query_text(target, sql_delete_all(target->dataset_sql, table->name, arena), NULL, 0, arena, NULL, err);
        job->emptied.names[job->emptied.count++] = table->name;
    }
    return status;
}

/* Of the schema's versions none is left that knows of the tables. */
static enum spile_status drop_tables(const struct load_target *target, struct load_job *job, struct catalog *catalog, struct arena *arena,
                                     struct spile_error *err)
{
    const struct sql_value name = sql_text(job->schema->name);
    enum spile_status status = SPILE_OK;

    if (!job->package->dropped_count)
        return SPILE_OK;
    for (uint32_t i = 0; !status && i < job->package->dropped_count; i++) {
        const char *table = job->package->dropped[i];

        if (catalog_find_table(catalog, table)) {
            status = query_text(target, sql_drop_table(target->dataset_sql, table, arena), NULL, 0, arena, NULL, err);
            job->dropped.names[job->dropped.count++] = table;
        }
        catalog_remove(catalog, table);
    }
    if (!status && catalog_find_table(catalog, DLT_VERSION_TABLE))
        status = query_text(target, sql_delete_versions(target->dataset_sql, arena), &name, 1, arena, NULL, err);
    return status;
}

static enum spile_status load_rows(const struct load_target *target, const struct load_job *job, struct arena *arena,
                                   struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < job->package->table_count; i++) {
        status = check_cancelled(job, err);
        if (status || !job->package->tables[i]->rows)
            continue;
        job->changes[i].began = clock_micros();
        status = insert_table(target, job, job->package->tables[i], arena, err);
        job->changes[i].ended = clock_micros();
    }
    return status;
}

/* ---- bookkeeping ---------------------------------------------------------------------------------------------------------------- */

static enum spile_status book_schema(const struct load_target *target, const struct load_job *job, struct arena *arena,
                                     struct spile_error *err)
{
    size_t length;
    char *text = schema_write(job->schema, &length);
    struct sql_value values[] = {
        sql_integer(schema_version_number(job->schema)), sql_integer(SCHEMA_ENGINE_VERSION), sql_timestamp(clock_micros()),
        sql_text(job->schema->name), sql_text(schema_hash(job->schema)), { .kind = SQL_TEXT, .text = { text, text ? length : 0 } },
    };
    enum spile_status status =
        text ? query_text(target, sql_insert_version(target->dataset_sql, arena), values, 6, arena, NULL, err) : spile_fail_nomem(err);

    free(text);
    return status;
}

static enum spile_status book_state(const struct load_target *target, const struct load_job *job, const struct state *state,
                                    struct arena *arena, struct spile_error *err)
{
    struct text key = { 0 };
    char id[ROW_ID_CHARS + 1] = "";
    struct slice input;
    enum spile_status status;

    text_printf(&key, "%s_%s", job->package->load_id, DLT_STATE_TABLE);
    if (key.failed)
        return spile_fail_nomem(err);
    input = text_slice(&key);
    row_ids_hash(&input, 1, (char(*)[ROW_ID_CHARS])id);
    text_release(&key);
    {
        struct sql_value values[] = {
            sql_integer(state->version), sql_integer(4), sql_text(target->pipeline), sql_text(state->encoded),
            sql_timestamp(clock_micros()), sql_text(state->hash), sql_text(job->package->load_id), sql_text(id),
        };

        status = query_text(target, sql_insert_state(target->dataset_sql, arena), values, 8, arena, NULL, err);
    }
    return status;
}

static enum spile_status book_load(const struct load_target *target, const struct load_job *job, struct arena *arena, struct spile_error *err)
{
    struct sql_value values[] = {
        sql_text(job->package->load_id), sql_text(job->schema->name), sql_integer(0), sql_timestamp(clock_micros()),
        sql_text(schema_hash(job->schema)),
    };

    return query_text(target, sql_insert_load(target->dataset_sql, arena), values, 5, arena, NULL, err);
}

/* ---- the transaction ------------------------------------------------------------------------------------------------------------ */

static enum spile_status fail_fence(const struct load_target *target, const char *what, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "another run has changed the %s dataset \"%s\" since this package was made", what, target->dataset);
    return spile_hint(err, SPILE_DESTINATION, "load the data again");
}

static enum spile_status run_plan(const struct load_target *target, const struct plan *plan, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < plan->statement_count; i++)
        status = execute(target, plan->statements[i], NULL, 0, arena, NULL, err);
    return status;
}

static enum spile_status in_transaction(const struct load_target *target, struct load_job *job, struct arena *arena, struct spile_error *err)
{
    struct state_identity identity = state_identity(target, job->schema->name, job->package->sources);
    struct stored stored;
    struct state state;
    struct plan plan = { 0 };
    bool schema_is_new = false;
    enum spile_status status = load_read_stored(target, job->schema->name, job->package->load_id, arena, &stored, err);

    if (status)
        return status;
    job->already_loaded = stored.has_load;
    if (stored.has_load)
        return SPILE_OK;
    job->outdated = strcmp(stored.schema_hash, job->base_hash);
    if (job->outdated)
        return fail_fence(target, "schema of", err);
    status = state_prepare(&state, &identity, stored.state, arena, err);
    if (!status && job->package->sources && strcmp(state.stored_sources_hash, job->package->base_sources_hash))
        return fail_fence(target, "state of the pipeline in", err);
    state.changed &= !job->schema_only; /* its row is found by the load it belongs to */
    if (!status && state.changed && !schema_add_state_table(job->schema))
        status = spile_fail_nomem(err);
    if (!status && !prepare_names(job, arena))
        status = spile_fail_nomem(err);
    if (!status)
        status = drop_tables(target, job, &stored.catalog, arena, err);
    if (!status)
        status = schema_seal(job->schema, &schema_is_new, err);
    if (!status)
        status = plan_read_columns(target, job, &stored.catalog, arena, err);
    if (!status)
        status = plan_make(&plan, target, job, &stored.catalog, state.changed, arena, err);
    if (!status)
        status = run_plan(target, &plan, arena, err);
    if (!status)
        status = empty_replaced(target, job, &stored.catalog, arena, err);
    if (!status)
        status = load_rows(target, job, arena, err);
    if (!status && (job->package->dropped_count || strcmp(stored.schema_hash, schema_hash(job->schema))))
        status = book_schema(target, job, arena, err);
    if (!status && state.changed)
        status = book_state(target, job, &state, arena, err);
    if (!status && !job->schema_only)
        status = book_load(target, job, arena, err);
    return status ? status : check_cancelled(job, err);
}

/* A failed COMMIT may have come through all the same: the dataset knows. But not while the transaction is open, since it sees its own load. */
static enum spile_status commit(const struct load_target *target, struct load_job *job, struct arena *arena, struct spile_error *err)
{
    struct stored stored;
    enum spile_status status;

    atomic_store(&job->committing, true);
    status = target->ops->commit(target->destination, err);
    if (!status || !execute(target, "ROLLBACK", NULL, 0, arena, NULL, NULL))
        return status;
    if (!load_read_stored(target, job->schema->name, job->package->load_id, arena, &stored, NULL) && stored.has_load)
        return SPILE_OK;
    return status;
}

enum spile_status load_commit(const struct load_target *target, struct load_job *job, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = execute(target, "BEGIN TRANSACTION", NULL, 0, arena, NULL, err);

    if (status)
        return status;
    status = in_transaction(target, job, arena, err);
    if (!status && !job->already_loaded)
        status = commit(target, job, arena, err);
    if (status || job->already_loaded)
        execute(target, "ROLLBACK", NULL, 0, arena, NULL, NULL);
    return status;
}

/* ---- without a load ------------------------------------------------------------------------------------------------------------- */

enum spile_status load_read_columns(const struct load_target *target, const struct load_job *job, const struct stored *stored, struct arena *arena,
                                    struct spile_error *err)
{
    return plan_read_columns(target, job, &stored->catalog, arena, err);
}

/* Tables that are dropped come first, and are then made anew. */
static enum spile_status plan_with_drops(struct plan *plan, const struct load_target *target, struct load_job *job, const struct catalog *found,
                                         bool with_state, struct arena *arena, struct spile_error *err)
{
    const struct package *package = job->package;
    struct catalog catalog = *found;
    struct plan rest = { 0 };
    const char **statements;
    enum spile_status status;

    catalog.tables = arena_alloc(arena, (found->table_count + 1) * sizeof(*catalog.tables));
    if (!catalog.tables)
        return spile_fail_nomem(err);
    if (found->table_count)
        memcpy(catalog.tables, found->tables, found->table_count * sizeof(*catalog.tables));
    for (uint32_t i = 0; i < package->dropped_count; i++)
        catalog_remove(&catalog, package->dropped[i]);
    status = plan_make(&rest, target, job, &catalog, with_state, arena, err);
    statements = status ? NULL : arena_alloc(arena, (package->dropped_count + rest.statement_count + 1) * sizeof(*statements));
    if (!status && !statements)
        return spile_fail_nomem(err);
    *plan = (struct plan){ .statements = statements };
    for (uint32_t i = 0; !status && i < package->dropped_count; i++)
        if (catalog_find_table(found, package->dropped[i]) &&
            !(statements[plan->statement_count++] = sql_drop_table(target->dataset_sql, package->dropped[i], arena)))
            status = spile_fail_nomem(err);
    for (size_t i = 0; !status && i < rest.statement_count; i++)
        statements[plan->statement_count++] = rest.statements[i];
    return status;
}

enum spile_status load_plan(const struct load_target *target, struct load_job *job, const struct stored *stored, struct plan *plan,
                            struct arena *arena, struct spile_error *err)
{
    struct state_identity identity = state_identity(target, job->schema->name, job->package->sources);
    struct state state;
    enum spile_status status = state_prepare(&state, &identity, stored->state, arena, err);

    if (!status && state.changed && !schema_add_state_table(job->schema))
        status = spile_fail_nomem(err);
    return status ? status : plan_with_drops(plan, target, job, &stored->catalog, state.changed, arena, err);
}

enum spile_status load_read_version(const struct load_target *target, const char *schema_name, const char *version, const struct catalog *catalog,
                                    struct arena *arena, const char **schema, struct spile_error *err)
{
    struct sql_value values[] = { sql_text(schema_name), sql_text(version) };
    struct sql_rows rows;
    enum spile_status status;

    *schema = NULL;
    if (!catalog_find_table(catalog, DLT_VERSION_TABLE))
        return SPILE_OK;
    status = query_text(target, sql_select_version(target->dataset_sql, arena), values, 2, arena, &rows, err);
    if (!status && rows.count)
        *schema = rows.cells[0];
    return status;
}
