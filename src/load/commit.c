#include "load/commit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "load/plan.h"

/* ---- what is there -------------------------------------------------------------------------------------------------------------- */

static enum spile_status read_records(const struct load_target *target, const struct record_query *query, const struct catalog *catalog,
                                      struct arena *arena, struct records *records, struct spile_error *err)
{
    return target->ops->read_records(target->destination, target->dataset, catalog, query, arena, records, err);
}

static struct state_identity state_identity(const struct load_target *target, const char *schema_name, const char *sources)
{
    return (struct state_identity){ target->pipeline, target->dataset, target->ops->caps.dlt_type, schema_name, sources };
}

/* The state names the schema. */
static enum spile_status find_schema_name(const struct load_target *target, struct arena *arena, struct stored *stored, struct spile_error *err)
{
    struct state_identity identity = state_identity(target, NULL, NULL);
    struct state state;
    enum spile_status status = state_prepare(&state, &identity, stored->state, arena, err);

    stored->schema_name = state.schema_name;
    return status;
}

enum spile_status load_read_stored(const struct load_target *target, const char *schema_name, const char *load_id, struct arena *arena,
                                   struct stored *stored, struct spile_error *err)
{
    struct record_query query = { .pipeline = target->pipeline, .schema_name = schema_name, .load_id = load_id };
    struct records records = { 0 };
    enum spile_status status;

    *stored = (struct stored){ .schema_name = schema_name, .schema_hash = "" };
    status = target->ops->read_catalog(target->destination, target->dataset, arena, &stored->catalog, err);
    if (!status)
        status = read_records(target, &query, &stored->catalog, arena, &records, err);
    stored->state = records.state;
    stored->has_load = records.has_load;
    if (!status && !schema_name) {
        status = find_schema_name(target, arena, stored, err);
        query = (struct record_query){ .schema_name = stored->schema_name };
        if (!status)
            status = read_records(target, &query, &stored->catalog, arena, &records, err);
    }
    stored->schema = records.schema;
    if (records.schema_hash)
        stored->schema_hash = records.schema_hash;
    return status;
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

static enum spile_status check_cancelled(const struct load_job *job, struct spile_error *err)
{
    return atomic_load(job->cancelled) ? spile_fail(err, SPILE_CANCELLED, "cancelled") : SPILE_OK;
}

/* The load id is the same in every row that brings none. */
static bool list_columns(struct ingest *ingest, const struct package_table *entry, const char *load_id, struct arena *arena)
{
    const struct table *table = entry->table;
    struct ingest_column *columns = arena_alloc(arena, (table->column_count + 1) * sizeof(*columns));

    ingest->columns = columns;
    for (uint32_t i = 0; columns && i < table->column_count; i++) {
        const struct column *column = table->columns[i];
        const bool in_stream = package_has_column(entry, column);

        if (in_stream || column == table->load_id)
            columns[ingest->column_count++] = (struct ingest_column){ column, in_stream, column == table->load_id ? load_id : NULL };
    }
    return columns;
}

static enum spile_status insert_table(const struct load_target *target, const struct load_job *job, const struct package_table *entry,
                                      const struct plan *plan, struct arena *arena, struct spile_error *err)
{
    struct ingest ingest = { .dataset = target->dataset, .table = entry->table, .rows = entry->rows,
                             .staged = merging_stages(&plan->merging, entry->table), .fresh = plan_fresh_name(plan, entry->table) };
    struct ArrowArrayStream stream;
    struct spile_error failure = { 0 };
    uint64_t rows;
    enum spile_status status = list_columns(&ingest, entry, job->package->load_id, arena) ? SPILE_OK : spile_fail_nomem(err);

    if (!status)
        status = package_stream(job->package, entry, target->ops->caps.batch_rows, job->batch_bytes_max, &stream, job->progress, &failure, err);
    if (!status)
        status = target->ops->ingest(target->destination, &ingest, &stream, &rows, err);
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

static enum spile_status load_rows(const struct load_target *target, const struct load_job *job, const struct plan *plan, struct arena *arena,
                                   struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < job->package->table_count; i++) {
        status = check_cancelled(job, err);
        if (status || !job->package->tables[i]->rows)
            continue;
        job->changes[i].began = clock_micros();
        status = insert_table(target, job, job->package->tables[i], plan, arena, err);
        job->changes[i].ended = clock_micros();
    }
    for (size_t i = 0; !status && i < plan->merging.count; i++) {
        status = check_cancelled(job, err);
        if (!status)
            status = target->ops->merge(target->destination, &plan->merging.merges[i], err);
    }
    return status ? status : plan_finish(plan, target, err);
}

/* ---- bookkeeping ---------------------------------------------------------------------------------------------------------------- */

static enum spile_status insert_row(const struct load_target *target, const char *table, const struct named_datum *values, size_t count,
                                    struct spile_error *err)
{
    return target->ops->insert_row(target->destination, target->dataset, table, values, count, err);
}

static enum spile_status book_schema(const struct load_target *target, const struct load_job *job, struct spile_error *err)
{
    size_t length;
    char *text = schema_write(job->schema, &length);
    const struct named_datum row[] = {
        { "version", datum_integer(schema_version_number(job->schema)) },
        { "engine_version", datum_integer(SCHEMA_ENGINE_VERSION) },
        { "inserted_at", datum_timestamp(clock_micros()) },
        { "schema_name", datum_text(job->schema->name) },
        { "version_hash", datum_text(schema_hash(job->schema)) },
        { "schema", { .kind = DATUM_TEXT, .text = { text, text ? length : 0 } } },
    };
    enum spile_status status =
        text ? insert_row(target, DLT_VERSION_TABLE, row, sizeof(row) / sizeof(*row), err) : spile_fail_nomem(err);

    free(text);
    return status;
}

static enum spile_status book_state(const struct load_target *target, const struct load_job *job, const struct state *state, struct arena *arena,
                                    struct spile_error *err)
{
    const char *key = arena_printf(arena, "%s_%s", job->package->load_id, DLT_STATE_TABLE);
    char id[ROW_ID_CHARS + 1] = "";
    struct slice input;

    if (!key)
        return spile_fail_nomem(err);
    input = slice_of(key);
    row_ids_hash(&input, 1, (char(*)[ROW_ID_CHARS])id);
    {
        const struct named_datum row[] = {
            { "version", datum_integer(state->version) },
            { "engine_version", datum_integer(4) },
            { "pipeline_name", datum_text(target->pipeline) },
            { "state", datum_text(state->encoded) },
            { "created_at", datum_timestamp(clock_micros()) },
            { "version_hash", datum_text(state->hash) },
            { DLT_LOAD_ID, datum_text(job->package->load_id) },
            { DLT_ID, datum_text(id) },
        };

        return insert_row(target, DLT_STATE_TABLE, row, sizeof(row) / sizeof(*row), err);
    }
}

static enum spile_status book_load(const struct load_target *target, const struct load_job *job, struct spile_error *err)
{
    const struct named_datum row[] = {
        { "load_id", datum_text(job->package->load_id) },
        { "schema_name", datum_text(job->schema->name) },
        { "status", datum_integer(0) },
        { "inserted_at", datum_timestamp(clock_micros()) },
        { "schema_version_hash", datum_text(schema_hash(job->schema)) },
    };

    return insert_row(target, DLT_LOADS_TABLE, row, sizeof(row) / sizeof(*row), err);
}

/* ---- the transaction ------------------------------------------------------------------------------------------------------------ */

static enum spile_status fail_fence(const struct load_target *target, const char *what, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "another run has changed the %s dataset \"%s\" since this package was made", what, target->dataset);
    return spile_hint(err, SPILE_DESTINATION, "load the data again");
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
    if (!status)
        status = schema_seal(job->schema, &schema_is_new, err);
    if (!status)
        status = plan_read_columns(target, job, &stored.catalog, arena, err);
    if (!status)
        status = plan_make(&plan, target, job, &stored.catalog, state.changed, arena, err);
    if (!status)
        status = plan_carry_out(&plan, target, err);
    if (!status)
        status = load_rows(target, job, &plan, arena, err);
    if (!status && (job->package->dropped_count || strcmp(stored.schema_hash, schema_hash(job->schema))))
        status = book_schema(target, job, err);
    if (!status && state.changed)
        status = book_state(target, job, &state, arena, err);
    if (!status && !job->schema_only)
        status = book_load(target, job, err);
    return status ? status : check_cancelled(job, err);
}

/* A failed COMMIT may have come through all the same: the dataset knows. But not while the transaction is open, since it sees its own load. */
static enum spile_status commit(const struct load_target *target, struct load_job *job, struct arena *arena, struct spile_error *err)
{
    struct stored stored;
    enum spile_status status;

    atomic_store(&job->committing, true);
    status = target->ops->commit(target->destination, err);
    if (!status || !target->ops->rollback(target->destination))
        return status;
    if (!load_read_stored(target, job->schema->name, job->package->load_id, arena, &stored, NULL) && stored.has_load)
        return SPILE_OK;
    return status;
}

enum spile_status load_commit(const struct load_target *target, struct load_job *job, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = target->ops->begin(target->destination, target->dataset, target->pipeline, err);

    if (status)
        return status;
    status = in_transaction(target, job, arena, err);
    if (!status && !job->already_loaded)
        status = commit(target, job, arena, err);
    if (status || job->already_loaded)
        target->ops->rollback(target->destination);
    return status;
}

/* ---- without a load ------------------------------------------------------------------------------------------------------------- */

enum spile_status load_read_columns(const struct load_target *target, const struct load_job *job, const struct stored *stored, struct arena *arena,
                                    struct spile_error *err)
{
    return plan_read_columns(target, job, &stored->catalog, arena, err);
}

enum spile_status load_plan(const struct load_target *target, struct load_job *job, const struct stored *stored, struct plan *plan,
                            struct arena *arena, struct spile_error *err)
{
    struct state_identity identity = state_identity(target, job->schema->name, job->package->sources);
    struct state state;
    enum spile_status status = state_prepare(&state, &identity, stored->state, arena, err);

    if (!status && state.changed && !schema_add_state_table(job->schema))
        status = spile_fail_nomem(err);
    return status ? status : plan_make(plan, target, job, &stored->catalog, state.changed, arena, err);
}

enum spile_status load_read_version(const struct load_target *target, const char *schema_name, const char *version, const struct catalog *catalog,
                                    struct arena *arena, const char **schema, struct spile_error *err)
{
    struct record_query query = { .schema_name = schema_name, .version = version };
    struct records records = { 0 };
    enum spile_status status = read_records(target, &query, catalog, arena, &records, err);

    *schema = records.schema;
    return status;
}
