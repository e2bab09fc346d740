#include "destination/postgres/postgres.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "destination/postgres/failure.h"
#include "destination/postgres/ingest.h"
#include "destination/postgres/query.h"
#include "destination/postgres/session.h"
#include "destination/postgres/settings.h"
#include "destination/postgres/types.h"

#define RECONNECT_SECONDS 20 /* after a connection that was lost at COMMIT: as long as a server may need to start again */
#define RECONNECT_PAUSE_MS 200
#define LEASE_WAIT "10s"     /* for the lost transaction to come to its end */

struct postgres {
    struct sql_database sql;
    struct pg_session session;
    int64_t lease;   /* of the transaction */
    bool committing; /* COMMIT was sent and not answered */
};

static struct pg_session *session_of(struct destination *destination)
{
    return &((struct postgres *)destination)->session;
}

/* ---- the lease ------------------------------------------------------------------------------------------------------------------ */

/* An advisory lock's key: locks belong to a database, and end with their transaction, however that ends. */
static enum spile_status lease_key(const char *dataset, const char *lease, int64_t *key, struct spile_error *err)
{
    struct text text = { 0 };
    enum spile_status status = SPILE_OK;

    text_append(&text, dataset, strlen(dataset) + 1);
    text_puts(&text, lease);
    if (text.failed)
        status = spile_fail_nomem(err);
    else
        shake128(text.text, text.length, (uint8_t *)key, sizeof(*key));
    text_release(&text);
    return status;
}

/* What the server lets us see of other users' sessions may be little. */
static const char holder_sql[] =
    "SELECT a.pid, a.application_name, pg_catalog.host(a.client_addr), pg_catalog.to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS') "
    "FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.datname = pg_catalog.current_database() "
    "AND ((CAST(CAST(l.classid AS bigint) AS bit(64)) << 32) | CAST(CAST(l.objid AS bigint) AS bit(64))) = CAST($1 AS bit(64)) LIMIT 1";

static enum spile_status fail_held(struct postgres *p, const char *dataset, const char *lease, struct spile_error *err)
{
    struct datum values[] = { datum_integer(p->lease) };
    struct arena arena = { 0 };
    struct sql_rows rows = { 0 };

    if (!pg_execute(&p->session, holder_sql, values, 1, &arena, &rows, NULL) && rows.count) {
        char **cells = rows.cells;

        spile_fail(err, SPILE_LOCKED, "another session loads pipeline \"%s\" into dataset \"%s\": process %s of the server%s%s, from %s%s%s%s", lease, dataset,
                   cells[0], cells[1] && *cells[1] ? ", program " : "", cells[1] ? cells[1] : "", cells[2] ? cells[2] : "the same machine",
                   cells[3] ? ", since " : "", cells[3] ? cells[3] : "", cells[3] ? " UTC" : "");
    } else {
        spile_fail(err, SPILE_LOCKED, "another session loads pipeline \"%s\" into dataset \"%s\"", lease, dataset);
    }
    arena_release(&arena);
    spile_hint(err, SPILE_LOCKED, "wait until it is done, then run the same command again");
    if (err)
        err->retriable = true;
    return pg_within(&p->session, SPILE_LOCKED, err);
}

static enum spile_status take_lease(struct postgres *p, const char *dataset, const char *lease, struct spile_error *err)
{
    struct datum values[] = { { .kind = DATUM_INTEGER } };
    struct arena arena = { 0 };
    struct sql_rows rows = { 0 };
    enum spile_status status = lease_key(dataset, lease, &p->lease, err);

    values[0].number = p->lease;
    if (!status)
        status = pg_execute(&p->session, "SELECT pg_catalog.pg_try_advisory_xact_lock($1)", values, 1, &arena, &rows, err);
    if (!status && strcmp(rows.cells[0], "t"))
        status = fail_held(p, dataset, lease, err);
    arena_release(&arena);
    return status;
}

/* ---- the transaction ------------------------------------------------------------------------------------------------------------ */

static enum spile_status run(struct postgres *p, const char *sql, struct spile_error *err)
{
    return pg_execute(&p->session, sql, NULL, 0, NULL, NULL, err);
}

static bool in_transaction(const struct pg_session *session)
{
    return pg_is_connected(session) && session->api.transactionStatus(session->connection) != PQTRANS_IDLE;
}

static enum spile_status postgres_begin(struct destination *destination, const char *dataset, const char *lease, struct spile_error *err)
{
    struct postgres *p = (struct postgres *)destination;
    enum spile_status status = SPILE_OK;

    pg_resume(&p->session);
    p->committing = false;
    if (!pg_is_connected(&p->session))
        status = pg_connect(&p->session, err);
    if (!status)
        status = run(p, "BEGIN ISOLATION LEVEL READ COMMITTED", err);
    if (!status)
        status = take_lease(p, dataset, lease, err);
    if (status && in_transaction(&p->session))
        run(p, "ROLLBACK", NULL);
    return status;
}

/* COMMIT of a transaction in which a statement failed is a rollback, and no error to Postgres. */
static enum spile_status postgres_commit(struct destination *destination, struct spile_error *err)
{
    struct postgres *p = (struct postgres *)destination;
    PGresult *result;
    enum spile_status status;

    p->committing = true;
    status = pg_run(&p->session, "COMMIT", NULL, 0, &result, err);
    if (!status && strcmp(p->session.api.cmdStatus(result), "COMMIT"))
        status = pg_within(&p->session, spile_fail(err, SPILE_DESTINATION, "the server rolled the transaction back instead of committing it"), err);
    p->session.api.clear(result);
    if (!status || pg_is_connected(&p->session))
        p->committing = false;
    return status;
}

/* The transaction whose COMMIT got no answer may still be at work in the server. It holds the lease, so whoever gets that knows that it has ended. */
static void outwait_lost_commit(struct postgres *p)
{
    struct datum values[] = { datum_integer(p->lease) };

    if (!run(p, "BEGIN", NULL) && !run(p, "SET LOCAL lock_timeout = '" LEASE_WAIT "'", NULL))
        pg_execute(&p->session, "SELECT pg_catalog.pg_advisory_xact_lock($1)", values, 1, NULL, NULL, NULL);
    run(p, "ROLLBACK", NULL);
}

static void reconnect(struct postgres *p)
{
    const struct timespec pause = { .tv_nsec = RECONNECT_PAUSE_MS * 1000000L };
    int64_t deadline = clock_micros() + RECONNECT_SECONDS * INT64_C(1000000);

    while (pg_connect(&p->session, NULL) && clock_micros() < deadline && !pg_check_interrupted(&p->session, NULL))
        nanosleep(&pause, NULL);
}

/* With the connection the transaction is gone, one way or the other. After a lost COMMIT the caller wants to ask which. */
static enum spile_status postgres_rollback(struct destination *destination)
{
    struct postgres *p = (struct postgres *)destination;

    pg_resume(&p->session);
    if (in_transaction(&p->session))
        return run(p, "ROLLBACK", NULL);
    if (!pg_is_connected(&p->session) && p->committing) {
        reconnect(p);
        if (pg_is_connected(&p->session))
            outwait_lost_commit(p);
    }
    p->committing = false;
    return SPILE_DESTINATION;
}

/* ---- catalog -------------------------------------------------------------------------------------------------------------------- */

static const char catalog_sql[] =
    "SELECT CASE WHEN c.relkind IN ('r', 'p', 'f') THEN 'table' ELSE 'view' END, c.relname FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm') "
    "UNION ALL SELECT 'dataset', nspname FROM pg_catalog.pg_namespace WHERE nspname = $1";

static enum spile_status postgres_read_catalog(struct destination *destination, const char *dataset, struct arena *arena, struct catalog *catalog,
                                               struct spile_error *err)
{
    struct datum values[] = { datum_text(dataset) };
    struct sql_rows rows;
    enum spile_status status = pg_execute(session_of(destination), catalog_sql, values, 1, arena, &rows, err);

    *catalog = (struct catalog){ .exact_names = true };
    return status ? status : sql_fill_catalog(catalog, &rows, arena, err);
}

static enum spile_status fill_columns(struct catalog_table *table, const struct pg_columns *there, struct arena *arena, struct spile_error *err)
{
    struct catalog_column *columns = arena_alloc(arena, there->count * sizeof(*columns));

    if (!columns)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < there->count; i++)
        columns[i] = (struct catalog_column){ there->columns[i].name, there->columns[i].type, there->columns[i].nullable };
    catalog_sort_columns(columns, there->count);
    table->columns = columns;
    table->column_count = there->count;
    return SPILE_OK;
}

static enum spile_status postgres_read_columns(struct destination *destination, const char *dataset, struct catalog_table *const *tables, size_t count,
                                               struct arena *arena, struct spile_error *err)
{
    const char **names = arena_alloc(arena, count * sizeof(*names));
    struct pg_columns *there;
    enum spile_status status = names ? SPILE_OK : spile_fail_nomem(err);

    for (size_t i = 0; !status && i < count; i++) {
        names[i] = sql_table((struct sql_database *)destination, dataset, tables[i]->name, false, arena);
        status = names[i] ? SPILE_OK : spile_fail_nomem(err);
    }
    if (!status && count)
        status = pg_read_columns(session_of(destination), names, count, arena, &there, err);
    for (size_t i = 0; !status && i < count; i++)
        status = fill_columns(tables[i], &there[i], arena, err);
    return status;
}

/* ---- SQL ------------------------------------------------------------------------------------------------------------------------ */

static enum spile_status postgres_execute(struct sql_database *database, const char *sql, const struct datum *values, size_t count, struct arena *arena,
                                          struct sql_rows *rows, struct spile_error *err)
{
    return pg_execute(session_of(&database->base), sql, values, count, arena, rows, err);
}

static const char *postgres_dataset_sql(struct sql_database *database, const char *dataset, struct arena *arena)
{
    struct text sql = { 0 };

    (void)database;
    sql_put_name(&sql, dataset);
    return sql_take(&sql, arena);
}

/* That of the table's own column, which a user may have made: uuid takes no text but from COPY, and is equal to none. json can't be compared, so it is staged
 * as what can. */
static const char *staged_type(const struct column *column, const char *there, struct arena *arena)
{
    return !there ? pg_type_name(column, arena) : pg_type_compares(there) ? there : "jsonb";
}

/* Nobody else gathers statistics of temporary tables, and without them the planner takes a merge for a small one. Those of the keys do: to gather them of
 * all columns takes as long as the COPY. */
static enum spile_status postgres_after_staging(struct sql_database *database, const char *table, const char *keys, struct spile_error *err)
{
    struct text sql = { 0 };
    enum spile_status status;

    text_printf(&sql, "ANALYZE %s (%s)", table, keys);
    status = sql.failed ? spile_fail_nomem(err) : run((struct postgres *)database, sql.text, err);
    text_release(&sql);
    return status;
}

static enum spile_status postgres_ingest(struct destination *destination, const struct ingest *ingest, struct ArrowArrayStream *stream, uint64_t *inserted,
                                         struct spile_error *err)
{
    struct arena arena = { 0 };
    const char *table = sql_ingest_table((struct sql_database *)destination, ingest, &arena);
    enum spile_status status = table ? pg_ingest(session_of(destination), table, ingest, stream, inserted, err) : spile_fail_nomem(err);

    stream->release(stream);
    arena_release(&arena);
    return status;
}

/* ---- open and close ------------------------------------------------------------------------------------------------------------- */

static enum spile_status postgres_close(struct destination *destination, struct spile_error *err)
{
    struct postgres *p = (struct postgres *)destination;

    (void)err;
    if (p)
        pg_session_close(&p->session);
    free(p);
    return SPILE_OK;
}

static const struct sql_dialect postgres_dialect = {
    .temporary = "pg_temp",
    .text_type = "VARCHAR",
    .row_order = "ctid",
    .updates_well = true, /* and a row that goes may take others with it: foreign keys, triggers */
    .adds_columns_at_once = true,
    .adds_unique = true,
    .execute = postgres_execute,
    .dataset_sql = postgres_dataset_sql,
    .type_name = pg_type_name,
    .staged_type = staged_type,
    .after_staging = postgres_after_staging,
};

static enum spile_status postgres_open(struct destination **out, const struct destination_options *options, struct spile_error *err)
{
    struct postgres *p = calloc(1, sizeof(*p));
    enum spile_status status;

    *out = NULL;
    if (!p)
        return spile_fail_nomem(err);
    p->sql = (struct sql_database){ { &postgres_destination }, &postgres_dialect };
    status = pg_session_open(&p->session, options->location, options->read_only, err);
    if (status)
        postgres_close(&p->sql.base, NULL);
    else
        *out = &p->sql.base;
    return status;
}

static void postgres_interrupt(struct destination *destination)
{
    pg_interrupt(session_of(destination));
}

static enum spile_status postgres_query(struct destination *destination, const char *dataset, const char *sql, const struct datum *values, size_t count,
                                        struct ArrowArrayStream *out, uint64_t *changed, struct spile_error *err)
{
    return pg_query(session_of(destination), dataset, sql, values, count, out, changed, err);
}

static const char *const schemes[] = { "postgresql", "postgres", NULL };
static const char *const extensions[] = { NULL };

const struct destination_ops postgres_destination = {
    .scheme = "postgres",
    .schemes = schemes,
    .summary = "a Postgres database: postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    .extensions = extensions,
    .caps = {
        .dlt_type = "dlt.destinations.postgres",
        .name_length_max = 63,
        .name_bytes_max = 63,
        .is_server = true,
        .unique = UNIQUE_ALWAYS,
        .batch_rows = 65536,
        .decimal_digits_max = 38,
        .columns_max = 1600,
        .replaces = 1u << REPLACE_TRUNCATE_AND_INSERT | 1u << REPLACE_INSERT_FROM_STAGING | 1u << REPLACE_STAGING_OPTIMIZED,
        .merges = 1u << MERGE_DELETE_INSERT | 1u << MERGE_UPSERT | 1u << MERGE_INSERT_ONLY | 1u << MERGE_SCD2 | 1u << MERGE_CDC,
    },
    .locate = pq_library_locate,
    .configure = pg_settings_configure,
    .open = postgres_open,
    .close = postgres_close,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .read_catalog = postgres_read_catalog,
    .read_columns = postgres_read_columns,
    .type_name = pg_type_name,
    .type_fits = pg_type_fits,
    .type_compares = pg_type_compares,
    .read_records = sql_read_records,
    .alter = sql_alter,
    .describe = sql_describe,
    .ingest = postgres_ingest,
    .merge = sql_merge,
    .insert_row = sql_insert_row,
    .query = postgres_query,
    .interrupt = postgres_interrupt,
};
