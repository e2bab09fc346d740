#include "destination/duckdb/duckdb.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "destination/duckdb/nanoseconds.h"
#include "destination/duckdb/session.h"
#include "destination/sql/answer.h"

/* Batches of exactly this size become row groups as they are; of others DuckDB makes them by joining and writing anew. */
#define ROW_GROUP_ROWS 122880u

/* What a thread takes of DuckDB's memory for each column of the table that it fills: blocks that are written and compressed at the same
 * time. Measured with 114 columns: with 1 MiB inserts begin to spill to the disk, with half of that they fail for want of memory. */
#define THREAD_COLUMN_BYTES ((uint64_t)3 << 19)

#define STREAM_NAME "spile_stream"

static const struct sql_dialect duckdb_dialect; /* at the end */

/* ---- errors --------------------------------------------------------------------------------------------------------------------- */

/* DuckDB's messages in its own words, with what to do about those that users meet. */
struct remedy {
    const char *in_message, *hint;
    bool retriable;
};

static const struct remedy remedies[] = {
    { "attached in read-only mode", ANSWER_READS_ONLY, false },
    { "disabled by configuration", ANSWER_READS_ONLY, false },
    { "disabled through configuration", ANSWER_READS_ONLY, false },
    { "configuration has been locked", ANSWER_READS_ONLY, false },
    { "in-memory database in read-only mode", ANSWER_READS_ONLY, false },
    { "multiple statements", "run them one by one; to DuckDB a PIVOT is several, unless it names the values: ON x IN (...)", false },
    { "Could not set lock on file", "another program has the database open: close it, then run the same command again", true },
    { "is not a valid DuckDB database file", "name another file, or move this one away", false },
    { "newer version of DuckDB", "use that version's library: name it with the environment variable SPILE_DUCKDB", false },
    { "version number", "use the DuckDB version that wrote the file: name its library with the environment variable SPILE_DUCKDB", false },
    { "No space left", "make room on the disk, then run the same command again; nothing was changed", true },
    { "could not be written", "make room on the disk, then run the same command again; nothing was changed", true },
    { "Permission denied", "make the file and its folder writable for this user, or name another one", false },
    { "Cannot open file", "does the folder exist, and may this user write to it?", false },
    { "Out of Memory", "raise --memory, or lower --workers", true },
    { "Corrupt database file", "the file is damaged: restore it from a copy, or load into another one", false },
    { "read-only", "make the file and its folder writable for this user", false },
    { NULL, NULL, false },
};

/* What else a load meets. A user knows why his statement has failed. */
static const struct remedy load_remedies[] = {
    { "NOT NULL constraint", "a column of the table must not be null but the data has no value for it: drop the constraint, or give the "
                             "column a value", false },
    { "violates unique constraint", "an index of the table allows no two such rows: drop the index, or load the data with write disposition merge", false },
    { "UNIQUE constraint violation", "an index or the primary key of the table allows no two such rows, and both are in the data: drop the index, or load into "
                                     "another table", false },
    { "violates primary key", "the table's primary key allows no two such rows: load the data with write disposition merge, or into another table", false },
    { "CHECK constraint", "a check constraint of the table refuses the row: correct the data or the constraint", false },
    { "foreign key", "the data refers to a row that is not there: load that table first, or drop the foreign key", false },
    { "Could not convert", "the table's column has another type than the data: load into another table with --table", false },
    { NULL, NULL, false },
};

/* Not in the line of the statement that DuckDB shows. */
static const struct remedy *find_remedy(const struct remedy *remedy, const char *message)
{
    const char *line = strstr(message, "\nLINE "), *found;

    for (; remedy->in_message; remedy++) {
        found = strstr(message, remedy->in_message);
        if (found && (!line || found < line))
            return remedy;
    }
    return NULL;
}

enum spile_status duckdb_fail(struct duckdb *d, const char *what, const char *message, struct spile_error *err)
{
    const struct remedy *remedy = find_remedy(remedies, message ? message : "");

    if (!remedy && message && !d->asked)
        remedy = find_remedy(load_remedies, message);
    spile_fail(err, SPILE_DESTINATION, "%s: %s", what, message ? message : "unknown error");
    if (remedy)
        spile_hint(err, SPILE_DESTINATION, "%s", remedy->hint);
    if (remedy && err)
        err->retriable = remedy->retriable;
    return spile_within(err, SPILE_DESTINATION, "database \"%s\"", d->path);
}

/* ---- statements ----------------------------------------------------------------------------------------------------------------- */

static duckdb_state bind_value(struct duckdb *d, duckdb_prepared_statement statement, idx_t index, const struct datum *value)
{
    switch (value->kind) {
    case DATUM_NULL:
        return d->api.bind_null(statement, index);
    case DATUM_BOOL:
        return d->api.bind_boolean(statement, index, value->number);
    case DATUM_INTEGER:
        return d->api.bind_int64(statement, index, value->number);
    case DATUM_DOUBLE:
        return d->api.bind_double(statement, index, value->real);
    case DATUM_TEXT:
        return d->api.bind_varchar_length(statement, index, value->text.text, value->text.length);
    case DATUM_BINARY:
        return d->api.bind_blob(statement, index, value->text.text, value->text.length);
    case DATUM_TIMESTAMP:
        return d->api.bind_timestamp_tz(statement, index, (duckdb_timestamp){ value->number });
    }
    return DuckDBError;
}

static bool is_valid(const uint64_t *validity, idx_t row)
{
    return !validity || (validity[row / 64] >> (row % 64) & 1);
}

/* Every column of a query here is VARCHAR. */
static bool read_chunk(struct duckdb *d, duckdb_data_chunk chunk, struct arena *arena, struct sql_rows *rows)
{
    idx_t count = d->api.data_chunk_get_size(chunk);
    char **cells = arena_alloc(arena, (rows->count + count) * rows->width * sizeof(*cells));

    if (!cells)
        return false;
    if (rows->count)
        memcpy(cells, rows->cells, rows->count * rows->width * sizeof(*cells));
    for (size_t column = 0; column < rows->width; column++) {
        duckdb_vector vector = d->api.data_chunk_get_vector(chunk, column);
        duckdb_string_t *strings = d->api.vector_get_data(vector);
        const uint64_t *validity = d->api.vector_get_validity(vector);

        for (idx_t row = 0; row < count; row++) {
            char **cell = &cells[(rows->count + row) * rows->width + column];

            *cell = NULL;
            if (!is_valid(validity, row))
                continue;
            *cell = arena_copy(arena, d->api.string_t_data(&strings[row]), d->api.string_t_length(strings[row]));
            if (!*cell)
                return false;
        }
    }
    rows->cells = cells;
    rows->count += count;
    return true;
}

static bool read_result(struct duckdb *d, duckdb_result *result, struct arena *arena, struct sql_rows *rows)
{
    duckdb_data_chunk chunk;
    bool ok = true;

    *rows = (struct sql_rows){ .width = d->api.column_count(result) };
    while (ok && (chunk = d->api.fetch_chunk(*result))) {
        ok = read_chunk(d, chunk, arena, rows);
        d->api.destroy_data_chunk(&chunk);
    }
    return ok;
}

enum spile_status duckdb_prepare_bound(struct duckdb *d, const char *sql, const struct datum *values, size_t count, duckdb_prepared_statement *statement,
                                       struct spile_error *err)
{
    *statement = NULL;
    if (d->api.prepare(d->connection, sql, statement) != DuckDBSuccess)
        return duckdb_fail(d, "DuckDB refused a statement", d->api.prepare_error(*statement), err);
    for (size_t i = 0; i < count; i++)
        if (bind_value(d, *statement, i + 1, &values[i]) != DuckDBSuccess)
            return duckdb_fail(d, "DuckDB refused a value", d->api.prepare_error(*statement), err);
    return SPILE_OK;
}

enum spile_status duckdb_fail_result(struct duckdb *d, duckdb_result *result, struct spile_error *err)
{
    if (d->api.result_error_type(result) == DUCKDB_ERROR_INTERRUPT)
        return spile_fail(err, SPILE_CANCELLED, "cancelled");
    return duckdb_fail(d, "DuckDB failed", d->api.result_error(result), err);
}

/* Prepares, binds and runs; the caller destroys the result, also after a failure. */
static enum spile_status run(struct duckdb *d, const char *sql, const struct datum *values, size_t count, duckdb_result *result,
                             struct spile_error *err)
{
    duckdb_prepared_statement statement;
    enum spile_status status = duckdb_prepare_bound(d, sql, values, count, &statement, err);

    memset(result, 0, sizeof(*result));
    if (!status && d->api.execute_prepared(statement, result) != DuckDBSuccess)
        status = duckdb_fail_result(d, result, err);
    d->api.destroy_prepare(&statement);
    return status;
}

enum spile_status duckdb_run_text(struct duckdb *d, const char *sql, const struct datum *values, size_t count, struct arena *arena, struct sql_rows *rows,
                                  struct spile_error *err)
{
    duckdb_result result;
    enum spile_status status = run(d, sql, values, count, &result, err);

    if (!status && rows && !read_result(d, &result, arena, rows))
        status = spile_fail_nomem(err);
    d->api.destroy_result(&result);
    return status;
}

static enum spile_status duckdb_execute_sql(struct sql_database *database, const char *sql, const struct datum *values, size_t count,
                                            struct arena *arena, struct sql_rows *rows, struct spile_error *err)
{
    return duckdb_run_text((struct duckdb *)database, sql, values, count, arena, rows, err);
}

/* As many threads as there are row groups to be made, and as the memory allows for a table of that width. Two threads that share a row group
 * make two halves, which are then joined: a quarter more work for all. */
static enum spile_status fit_threads(struct duckdb *d, const struct ArrowSchema *schema, uint64_t rows, struct spile_error *err)
{
    uint64_t useful = (rows + ROW_GROUP_ROWS - 1) / ROW_GROUP_ROWS;
    uint64_t fitting = d->max_memory / THREAD_COLUMN_BYTES / (uint64_t)(schema->n_children + 1);
    unsigned threads;
    char sql[48];

    if (fitting > useful)
        fitting = useful;
    threads = fitting < 1 ? 1 : fitting < d->threads_max ? (unsigned)fitting : d->threads_max;
    if (threads == d->threads)
        return SPILE_OK;
    d->threads = threads;
    snprintf(sql, sizeof(sql), "SET threads = %u", threads);
    return duckdb_run_text(d, sql, NULL, 0, NULL, NULL, err);
}

static enum spile_status insert_stream(struct duckdb *d, const char *sql, struct ArrowArrayStream *stream, uint64_t *rows,
                                       struct spile_error *err)
{
    duckdb_result result;
    enum spile_status status;

    if (d->api.arrow_scan(d->connection, STREAM_NAME, (duckdb_arrow_stream)stream) != DuckDBSuccess) {
        const char *reason = stream->release ? stream->get_last_error(stream) : NULL;

        return duckdb_fail(d, "DuckDB refused the rows", reason, err);
    }
    status = run(d, sql, NULL, 0, &result, err);
    if (!status)
        *rows = d->api.rows_changed(&result);
    d->api.destroy_result(&result);
    run(d, "DROP VIEW IF EXISTS " STREAM_NAME, NULL, 0, &result, NULL);
    d->api.destroy_result(&result);
    return status;
}

/* DuckDB's arrow_scan asks a stream for its schema several times, and releases none of them. So they are lent: a stream before the stream, that
 * gives out its one schema again and again.
 *
 * It asks from threads of its own, one after the other, and has done so when the statement ends. DuckDB's locks order them; the
 * count says it once more, since thread sanitizer does not see into DuckDB. */
struct lender {
    struct ArrowArrayStream *stream;
    struct ArrowSchema schema;
    const struct ingest *checked; /* NULL: whatever comes is taken */
    uint64_t rows;
    struct spile_error *err;
    enum spile_status status;     /* of the checks */
    atomic_uint handed_over;      /* grows when DuckDB is done with a call */
};

static void take_over(struct lender *lender)
{
    (void)atomic_load_explicit(&lender->handed_over, memory_order_acquire);
}

static void hand_over(struct lender *lender)
{
    (void)atomic_fetch_add_explicit(&lender->handed_over, 1, memory_order_release);
}

static void give_back_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static int lend_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct lender *lender = self->private_data;

    *out = lender->schema;
    out->release = give_back_schema;
    hand_over(lender);
    return 0;
}

/* The next batch, looked at. */
static int checked_batch(struct lender *lender, struct ArrowArray *out)
{
    int code = lender->stream->get_next(lender->stream, out);

    if (code || !out->release || !lender->checked)
        return code;
    lender->status = nanoseconds_check(lender->checked, out, lender->rows, lender->err);
    lender->rows += (uint64_t)out->length;
    if (!lender->status)
        return 0;
    out->release(out);
    return ERANGE;
}

static int lend_batch(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct lender *lender = self->private_data;
    int code;

    take_over(lender);
    code = checked_batch(lender, out);
    hand_over(lender);
    return code;
}

static const char *lender_error(struct ArrowArrayStream *self)
{
    struct lender *lender = self->private_data;
    const char *reason;

    take_over(lender);
    reason = lender->status ? "a value is out of range" : lender->stream->get_last_error(lender->stream);
    hand_over(lender);
    return reason;
}

static void give_back_stream(struct ArrowArrayStream *self)
{
    self->release = NULL;
    hand_over(self->private_data);
}

/* What stands for a column: the stream's, a constant, or the one where the other is null. */
static void put_value(struct text *sql, const struct ingest_column *column)
{
    text_puts(sql, column->in_stream && column->otherwise ? "coalesce(" : "");
    if (column->in_stream)
        sql_put_name(sql, column->column->name);
    text_puts(sql, column->in_stream && column->otherwise ? ", " : "");
    if (column->otherwise)
        sql_put_text(sql, column->otherwise);
    text_puts(sql, column->in_stream && column->otherwise ? ")" : "");
}

static const char *insert_sql(struct duckdb *d, const struct ingest *ingest, struct arena *arena)
{
    const char *into = sql_insert_into(&d->sql, ingest, arena);
    struct text sql = { 0 };

    text_printf(&sql, "%sSELECT ", into ? into : "");
    sql.failed |= !into;
    for (size_t i = 0; i < ingest->column_count; i++) {
        text_puts(&sql, i ? ", " : "");
        put_value(&sql, &ingest->columns[i]);
    }
    text_puts(&sql, " FROM " STREAM_NAME);
    return sql_take(&sql, arena);
}

/* What the lender has found, instead of DuckDB's words for a stream that ended. */
static enum spile_status fail_refused(struct duckdb *d, const struct spile_error *refused, struct spile_error *err)
{
    if (err)
        *err = *refused;
    return spile_within(err, refused->status, "database \"%s\"", d->path);
}

static enum spile_status duckdb_ingest(struct destination *destination, const struct ingest *ingest, struct ArrowArrayStream *stream,
                                       uint64_t *inserted, struct spile_error *err)
{
    struct duckdb *d = (struct duckdb *)destination;
    struct arena arena = { 0 };
    const char *sql = insert_sql(d, ingest, &arena);
    struct spile_error refused = { 0 };
    struct lender lender = { .stream = stream, .checked = nanoseconds_any(ingest) ? ingest : NULL, .err = &refused };
    struct ArrowArrayStream lent = { lend_schema, lend_batch, lender_error, give_back_stream, &lender };
    enum spile_status status = sql ? SPILE_OK : spile_fail_nomem(err);

    *inserted = 0;
    if (!status && stream->get_schema(stream, &lender.schema))
        status = duckdb_fail(d, "the rows have no schema", stream->get_last_error(stream), err);
    if (!status)
        status = fit_threads(d, &lender.schema, ingest->rows, err);
    if (!status)
        status = insert_stream(d, sql, &lent, inserted, err);
    take_over(&lender);
    if (lender.status)
        status = fail_refused(d, &refused, err);
    if (lender.schema.release)
        lender.schema.release(&lender.schema);
    stream->release(stream);
    arena_release(&arena);
    return status;
}

/* ---- commit --------------------------------------------------------------------------------------------------------------------- */

static enum spile_status read_numbers(struct duckdb *d, const char *sql, struct arena *arena, uint64_t **numbers, size_t *count,
                                      struct spile_error *err)
{
    struct sql_rows rows;
    enum spile_status status = duckdb_run_text(d, sql, NULL, 0, arena, &rows, err);

    *count = status ? 0 : rows.count;
    *numbers = status ? NULL : arena_alloc(arena, rows.count * sizeof(**numbers));
    if (!status && !*numbers)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < *count; i++)
        (*numbers)[i] = strtoull(rows.cells[i], NULL, 10);
    return status;
}

static enum spile_status save_blocks(struct duckdb *d, struct spile_error *err)
{
    struct arena arena = { 0 };
    struct undo_blocks blocks = { 0 };
    uint64_t *sizes, *ids;
    size_t count;
    enum spile_status status =
        read_numbers(d, "SELECT block_size::VARCHAR FROM pragma_database_size() WHERE database_name = current_database()", &arena, &sizes, &count, err);

    if (!status)
        status = read_numbers(d, "SELECT block_id::VARCHAR FROM pragma_metadata_info() WHERE free_blocks > 0", &arena, &ids, &blocks.count, err);
    if (!status && count) {
        blocks.size = sizes[0];
        blocks.ids = ids;
        status = undo_save(&d->undo, &blocks, err);
    }
    arena_release(&arena);
    return status;
}

/* DuckDB may run a checkpoint when it commits and when it is closed. */
enum spile_status duckdb_prepare_checkpoint(struct duckdb *d, struct spile_error *err)
{
    bool saved;
    enum spile_status status = undo_is_saved(&d->undo, &saved, err);

    return status || saved ? status : save_blocks(d, err);
}

/* DuckDB has one process at a time in a file: the file's lock is the lease. */
static enum spile_status duckdb_begin(struct destination *destination, const char *dataset, const char *lease, struct spile_error *err)
{
    (void)dataset, (void)lease;
    return duckdb_run_text((struct duckdb *)destination, "BEGIN TRANSACTION", NULL, 0, NULL, NULL, err);
}

static enum spile_status duckdb_rollback(struct destination *destination)
{
    return duckdb_run_text((struct duckdb *)destination, "ROLLBACK", NULL, 0, NULL, NULL, NULL);
}

static enum spile_status duckdb_commit(struct destination *destination, struct spile_error *err)
{
    struct duckdb *d = (struct duckdb *)destination;
    enum spile_status status = duckdb_prepare_checkpoint(d, err);

    return status ? status : duckdb_run_text(d, "COMMIT", NULL, 0, NULL, NULL, err);
}

/* ---- catalog -------------------------------------------------------------------------------------------------------------------- */

/* With the catalog, since a schema may be called like it. */
static void put_dataset(const struct duckdb *d, struct text *sql, const char *dataset)
{
    sql_put_name(sql, d->catalog);
    text_putc(sql, '.');
    sql_put_name(sql, dataset);
}

static const char *duckdb_dataset_sql(struct sql_database *database, const char *dataset, struct arena *arena)
{
    struct text sql = { 0 };

    put_dataset((struct duckdb *)database, &sql, dataset);
    return sql_take(&sql, arena);
}

/* duckdb_columns() would tell all at once, but it binds every view that DuckDB itself has: 18 ms when it is asked first. */
static const char catalog_sql[] =
    "SELECT 'table', table_name FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = $1 "
    "UNION ALL SELECT 'view', view_name FROM duckdb_views() WHERE database_name = current_database() AND schema_name = $1 "
    "UNION ALL SELECT 'dataset', '' FROM duckdb_schemas() WHERE database_name = current_database() AND schema_name = $1";

static enum spile_status duckdb_read_catalog(struct destination *destination, const char *dataset, struct arena *arena, struct catalog *catalog,
                                             struct spile_error *err)
{
    struct datum values[] = { datum_text(dataset) };
    struct sql_rows rows;
    enum spile_status status = duckdb_run_text((struct duckdb *)destination, catalog_sql, values, 1, arena, &rows, err);

    *catalog = (struct catalog){ 0 };
    return status ? status : sql_fill_catalog(catalog, &rows, arena, err);
}

static enum spile_status read_table_columns(struct duckdb *d, const char *dataset, struct catalog_table *table, struct arena *arena, struct spile_error *err)
{
    struct text sql = { 0 };
    struct sql_rows rows;
    enum spile_status status;

    text_puts(&sql, "SELECT column_name, column_type, lower(\"null\") FROM (DESCRIBE ");
    put_dataset(d, &sql, dataset);
    text_putc(&sql, '.');
    sql_put_name(&sql, table->name);
    text_putc(&sql, ')');
    status = sql.failed ? spile_fail_nomem(err) : duckdb_run_text(d, sql.text, NULL, 0, arena, &rows, err);
    text_release(&sql);
    return status ? status : sql_fill_columns(table, &rows, arena, err);
}

static enum spile_status duckdb_read_columns(struct destination *destination, const char *dataset, struct catalog_table *const *tables, size_t count,
                                             struct arena *arena, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < count; i++)
        status = read_table_columns((struct duckdb *)destination, dataset, tables[i], arena, err);
    return status;
}

/* ---- types ---------------------------------------------------------------------------------------------------------------------- */

static const char *integer_type(int bits)
{
    switch (bits) {
    case 8:
        return "TINYINT";
    case 16:
        return "SMALLINT";
    case 32:
        return "INTEGER";
    case 128:
        return "HUGEINT";
    default:
        return "BIGINT";
    }
}

static const char *timestamp_type(const struct column_type *type)
{
    if (type->timezone)
        return "TIMESTAMP WITH TIME ZONE";
    if (type->precision == 0)
        return "TIMESTAMP_S";
    if (type->precision > 0 && type->precision <= 3)
        return "TIMESTAMP_MS";
    return nanoseconds_type(type) ? "TIMESTAMP_NS" : "TIMESTAMP";
}

static const char *duckdb_type_name(const struct column *column, struct arena *arena)
{
    switch (column->type.type) {
    case TYPE_TEXT:
        return "VARCHAR";
    case TYPE_DOUBLE:
        return "DOUBLE";
    case TYPE_BOOL:
        return "BOOLEAN";
    case TYPE_TIMESTAMP:
        return timestamp_type(&column->type);
    case TYPE_BIGINT:
        return integer_type(column->type.precision);
    case TYPE_BINARY:
        return "BLOB";
    case TYPE_JSON:
        return "JSON";
    case TYPE_DECIMAL:
    case TYPE_WEI:
        return arena_printf(arena, "DECIMAL(%d,%d)", column_type_precision(&column->type), column_type_scale(&column->type));
    case TYPE_DATE:
        return "DATE";
    case TYPE_TIME:
        return "TIME";
    case TYPE_UNKNOWN:
        break;
    }
    return "VARCHAR";
}

/* Row ids are random to the eye: trying to compress them costs more time than anything else in a load and saves a twentieth. */
static const char *duckdb_type_suffix(const struct column *column)
{
    return !strcmp(column->name, DLT_ID) ? " USING COMPRESSION uncompressed" : "";
}

/* Only what is the same: DuckDB would convert what it can and fail at the rest. */
static bool duckdb_type_fits(const struct column *column, const char *type_name, const char *there)
{
    (void)column;
    return !strcmp(type_name, there);
}

/* ---- open and close ------------------------------------------------------------------------------------------------------------- */

static bool configure(struct duckdb *d, duckdb_config config, const struct destination_options *options)
{
    char memory[32], threads[16];

    snprintf(memory, sizeof(memory), "%lluB", (unsigned long long)options->max_memory);
    snprintf(threads, sizeof(threads), "%u", options->threads);
    return d->api.set_config(config, "memory_limit", memory) == DuckDBSuccess &&
           d->api.set_config(config, "threads", threads) == DuckDBSuccess &&
           d->api.set_config(config, "temp_directory", options->work_folder) == DuckDBSuccess &&
           (!options->read_only || d->in_memory || d->api.set_config(config, "access_mode", "READ_ONLY") == DuckDBSuccess) &&
           d->api.set_config(config, "autoinstall_known_extensions", "false") == DuckDBSuccess; /* nothing is ever downloaded */
}

static enum spile_status open_database(struct duckdb *d, const struct destination_options *options, struct spile_error *err)
{
    duckdb_config config = NULL;
    char *message = NULL;
    enum spile_status status = SPILE_OK;

    if (d->api.create_config(&config) != DuckDBSuccess || !configure(d, config, options))
        status = spile_fail(err, SPILE_DESTINATION, "DuckDB refused its settings");
    else if (d->api.open_ext(d->in_memory ? ":memory:" : options->location, &d->database, config, &message) != DuckDBSuccess)
        status = duckdb_fail(d, "can't open the database", message, err);
    else if (d->api.connect(d->database, &d->connection) != DuckDBSuccess)
        status = duckdb_fail(d, "can't connect to the database", NULL, err);
    if (message)
        d->api.free(message);
    d->api.destroy_config(&config);
    return status;
}

/* What DuckDB would write into the database's file when it is closed. */
static bool has_log(const struct duckdb *d)
{
    struct text path = { 0 };
    struct stat found;
    bool has;

    text_printf(&path, "%s.wal", d->path);
    has = path.failed || (!stat(path.text, &found) && found.st_size);
    text_release(&path);
    return has;
}

/* What can't be guarded stays in the log, where it is as safe. */
static enum spile_status close_connection(struct duckdb *d, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (!d->read_only && has_log(d))
        status = duckdb_prepare_checkpoint(d, err);
    if (status)
        duckdb_run_text(d, "PRAGMA disable_checkpoint_on_shutdown", NULL, 0, NULL, NULL, NULL);
    d->api.disconnect(&d->connection);
    return status;
}

static enum spile_status duckdb_close_destination(struct destination *destination, struct spile_error *err)
{
    struct duckdb *d = (struct duckdb *)destination;
    enum spile_status status = SPILE_OK, ended;

    if (!d)
        return SPILE_OK;
    if (d->connection)
        status = close_connection(d, err);
    if (d->database)
        d->api.close(&d->database);
    ended = undo_end(&d->undo, status ? NULL : err);
    duckdb_library_close(&d->api);
    arena_release(&d->arena);
    free(d->path);
    free(d);
    return status ? status : ended;
}

static enum spile_status read_catalog_name(struct duckdb *d, struct spile_error *err)
{
    struct sql_rows rows;
    enum spile_status status = duckdb_run_text(d, "SELECT current_database()", NULL, 0, &d->arena, &rows, err);

    if (!status)
        d->catalog = rows.cells[0];
    return status;
}

static enum spile_status duckdb_open_destination(struct destination **out, const struct destination_options *options, struct spile_error *err)
{
    struct duckdb *d = calloc(1, sizeof(*d));
    enum spile_status status;

    *out = NULL;
    if (!d || !(d->path = strdup(options->location))) {
        free(d);
        return spile_fail_nomem(err);
    }
    d->sql = (struct sql_database){ { &duckdb_destination }, &duckdb_dialect };
    d->in_memory = options->read_only && access(options->location, F_OK) && errno == ENOENT;
    d->read_only = options->read_only;
    d->max_memory = options->max_memory;
    d->threads = d->threads_max = options->threads;
    status = undo_begin(&d->undo, d->path, err);
    if (!status)
        status = duckdb_library_open(&d->api, err);
    if (!status)
        status = undo_restore(d->path, err);
    if (!status)
        status = open_database(d, options, err);
    if (!status)
        status = read_catalog_name(d, err);
    if (status)
        duckdb_close_destination(&d->sql.base, NULL);
    else
        *out = &d->sql.base;
    return status;
}

static void duckdb_interrupt_destination(struct destination *destination)
{
    struct duckdb *d = (struct duckdb *)destination;

    d->api.interrupt(d->connection);
}

/* An index of a file that was opened just now takes no notice of rows that are deleted before it is looked at, and would refuse their keys when they come
 * again. An INSERT looks at it, also one of no rows. */
static enum spile_status look_at_indexes(struct sql_database *database, const char *table, struct spile_error *err)
{
    struct text sql = { 0 };
    enum spile_status status;

    text_printf(&sql, "INSERT INTO %s SELECT * FROM %s WHERE false", table, table);
    status = sql.failed ? spile_fail_nomem(err) : duckdb_execute_sql(database, sql.text, NULL, 0, NULL, NULL, err);
    text_release(&sql);
    return status;
}

static const char *const extensions[] = { ".duckdb", ".ddb", NULL };

static const struct sql_dialect duckdb_dialect = {
    .temporary = "temp",
    .text_type = "VARCHAR",
    .row_order = "rowid",
    .execute = duckdb_execute_sql,
    .before_removal = look_at_indexes,
    .dataset_sql = duckdb_dataset_sql,
    .type_name = duckdb_type_name,
    .type_suffix = duckdb_type_suffix,
};

const struct destination_ops duckdb_destination = {
    .scheme = "duckdb",
    .summary = "a DuckDB file: x.duckdb, duckdb:PATH, duckdb:///PATH",
    .extensions = extensions,
    .caps = {
        .dlt_type = "dlt.destinations.duckdb",
        .name_length_max = 65536,
        .names_fold = true,
        .has_path = true,
        .batch_rows = ROW_GROUP_ROWS,
        .decimal_digits_max = 38,
        .unique = UNIQUE_ASKED,
        .replaces = 1u << REPLACE_TRUNCATE_AND_INSERT | 1u << REPLACE_INSERT_FROM_STAGING,
        .merges = 1u << MERGE_DELETE_INSERT | 1u << MERGE_UPSERT | 1u << MERGE_INSERT_ONLY | 1u << MERGE_SCD2 | 1u << MERGE_CDC,
    },
    .locate = duckdb_library_locate,
    .open = duckdb_open_destination,
    .close = duckdb_close_destination,
    .begin = duckdb_begin,
    .commit = duckdb_commit,
    .rollback = duckdb_rollback,
    .read_catalog = duckdb_read_catalog,
    .read_columns = duckdb_read_columns,
    .type_name = duckdb_type_name,
    .type_fits = duckdb_type_fits,
    .read_records = sql_read_records,
    .alter = sql_alter,
    .describe = sql_describe,
    .ingest = duckdb_ingest,
    .merge = sql_merge,
    .insert_row = sql_insert_row,
    .query = duckdb_query_rows,
    .interrupt = duckdb_interrupt_destination,
};
