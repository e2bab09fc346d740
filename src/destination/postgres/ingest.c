#include "destination/postgres/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "destination/postgres/copy.h"
#include "destination/postgres/failure.h"

#define CHUNK_BYTES ((size_t)1 << 16) /* of rows, before they are handed over: more by the row that comes last */
#define PIECE_BYTES ((size_t)1 << 20)

/* ---- the table ------------------------------------------------------------------------------------------------------------------ */

/* Types below this number are Postgres's own: none is a domain, and none comes from an extension. */
#define OWN_TYPES_MAX 10000

static const char *put_tables(const char *const *tables, size_t count, struct arena *arena)
{
    struct text sql = { 0 };

    text_puts(&sql, "CAST(ARRAY[");
    for (size_t i = 0; i < count; i++) {
        text_puts(&sql, i ? ", CAST(" : "CAST(");
        sql_put_text(&sql, tables[i]);
        text_puts(&sql, " AS pg_catalog.regclass)");
    }
    text_puts(&sql, "] AS pg_catalog.oid[])");
    return sql_take(&sql, arena);
}

/* Name, type in words, whether it takes null, type, its modifier, and which of the tables. */
static const char *ask_for_columns(const char *tables, struct arena *arena)
{
    return arena_printf(arena,
                        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, a.atttypid, a.atttypmod, "
                        "pg_catalog.array_position(%s, a.attrelid) - 1 FROM pg_catalog.pg_attribute a "
                        "WHERE a.attrelid = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 6, a.attnum", tables, tables);
}

/* The same, more slowly: domains are followed down to the type below them. citext comes from an extension, so its number differs by database; on the wire it
 * is text. */
static const char *ask_below_domains(const char *tables, struct arena *arena)
{
    return arena_printf(arena,
                        "WITH RECURSIVE typed AS ("
                        " SELECT a.attrelid, a.attnum, a.attname, NOT a.attnotnull AS nullable, a.atttypid AS type, a.atttypmod AS mod"
                        " FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped"
                        " UNION ALL SELECT t.attrelid, t.attnum, t.attname, t.nullable AND NOT y.typnotnull, y.typbasetype, y.typtypmod FROM typed t"
                        " JOIN pg_catalog.pg_type y ON y.oid = t.type WHERE y.typtype = 'd') "
                        "SELECT t.attname, pg_catalog.format_type(t.type, t.mod), t.nullable, CASE WHEN y.typname = 'citext' THEN 25 ELSE t.type END, t.mod, "
                        "pg_catalog.array_position(%s, t.attrelid) - 1 FROM typed t JOIN pg_catalog.pg_type y ON y.oid = t.type WHERE y.typtype <> 'd' "
                        "ORDER BY 6, t.attnum", tables, tables);
}

static enum spile_status ask(struct pg_session *session, const char *sql, struct arena *arena, struct sql_rows *rows, struct spile_error *err)
{
    return sql ? pg_execute(session, sql, NULL, 0, arena, rows, err) : spile_fail_nomem(err);
}

static bool has_other_types(const struct sql_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strtoul(rows->cells[i * rows->width + 3], NULL, 10) >= OWN_TYPES_MAX)
            return true;
    return false;
}

enum spile_status pg_read_columns(struct pg_session *session, const char *const *tables, size_t count, struct arena *arena, struct pg_columns **found,
                                  struct spile_error *err)
{
    const char *list = put_tables(tables, count, arena);
    struct sql_rows rows;
    enum spile_status status = list ? ask(session, ask_for_columns(list, arena), arena, &rows, err) : spile_fail_nomem(err);
    struct pg_column *columns;

    if (!status && has_other_types(&rows))
        status = ask(session, ask_below_domains(list, arena), arena, &rows, err);
    if (status)
        return status;
    columns = arena_alloc(arena, rows.count * sizeof(*columns));
    *found = arena_zalloc(arena, count * sizeof(**found));
    if (!columns || !*found)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < rows.count; i++) {
        char **cells = &rows.cells[i * rows.width];
        struct pg_columns *table = &(*found)[strtoul(cells[5], NULL, 10)];

        columns[i] = (struct pg_column){ cells[0], cells[1], *cells[2] == 't', (uint32_t)strtoul(cells[3], NULL, 10), (int)strtol(cells[4], NULL, 10) };
        if (!table->count++)
            table->columns = &columns[i];
    }
    return SPILE_OK;
}

/* ---- the copy ------------------------------------------------------------------------------------------------------------------- */

struct copier {
    struct pg_session *session;
    const char *table;
    const struct ingest *ingest;
    struct arena arena;
    const struct pg_column **targets; /* by column of the ingest */
    struct copy_column *columns;
    struct copy_writer writer;
    uint64_t rows;                    /* before the batch */
};

static enum spile_status bind_column(struct copier *c, size_t i, const struct pg_columns *there, struct spile_error *err)
{
    const struct ingest_column *wanted = &c->ingest->columns[i];
    const struct column *column = wanted->column;
    struct column_type text = { .type = TYPE_TEXT, .precision = -1, .scale = -1 };
    struct copy_column *bound = &c->columns[i];

    for (size_t j = 0; j < there->count && !c->targets[i]; j++)
        if (!strcmp(there->columns[j].name, column->name))
            c->targets[i] = &there->columns[j];
    if (!c->targets[i])
        return spile_fail(err, SPILE_DESTINATION, "the table has no column \"%s\"", column->name);
    if ((wanted->in_stream && !copy_bind(bound, &column->type, c->targets[i]->oid, c->targets[i]->typmod)) ||
        (wanted->otherwise && !copy_can(text.type, c->targets[i]->oid)) || (wanted->otherwise && c->targets[i]->oid == OID_UUID)) {
        spile_fail(err, SPILE_DESTINATION, "column \"%s\" is %s in the database, which takes no %s", column->name, c->targets[i]->type,
                   wanted->in_stream ? data_type_name(column->type.type) : "text");
        return spile_hint(err, SPILE_DESTINATION, "change the column with ALTER TABLE ... ALTER COLUMN ... TYPE, or load into another table");
    }
    bound->otherwise = wanted->otherwise;
    return SPILE_OK;
}

static enum spile_status bind_columns(struct copier *c, struct spile_error *err)
{
    size_t needed = c->ingest->column_count;
    struct pg_columns *there;
    enum spile_status status = pg_read_columns(c->session, &c->table, 1, &c->arena, &there, err);

    if (status)
        return status;
    c->targets = arena_zalloc(&c->arena, needed * sizeof(*c->targets));
    c->columns = arena_zalloc(&c->arena, needed * sizeof(*c->columns));
    if (!c->targets || !c->columns)
        return spile_fail_nomem(err);
    for (size_t i = 0; !status && i < needed; i++)
        status = bind_column(c, i, there, err);
    if (!status && !copy_begin(&c->writer, c->columns, needed))
        status = spile_fail_nomem(err);
    return status;
}

static enum spile_status start_copy(struct copier *c, struct spile_error *err)
{
    struct text sql = { 0 };
    PGresult *result = NULL;
    enum spile_status status;

    text_printf(&sql, "COPY %s (", c->table);
    for (size_t i = 0; i < c->ingest->column_count; i++) {
        text_puts(&sql, i ? ", " : "");
        sql_put_name(&sql, c->ingest->columns[i].column->name);
    }
    text_puts(&sql, ") FROM STDIN (FORMAT binary)");
    status = sql.failed ? spile_fail_nomem(err) : pg_run(c->session, sql.text, NULL, 0, &result, err);
    c->session->api.clear(result);
    text_release(&sql);
    return status;
}

/* Hands over what is written, in pieces, since libpq keeps a copy of each. What the server says of it comes at the end, or makes a later call fail. */
static enum spile_status flush(struct copier *c, bool *refused, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t done = 0; !status && !*refused && done < c->writer.length;) {
        size_t left = c->writer.length - done, piece = left < PIECE_BYTES ? left : PIECE_BYTES;

        status = pg_check_interrupted(c->session, err);
        if (!status)
            *refused = c->session->api.putCopyData(c->session->connection, (const char *)c->writer.bytes + done, (int)piece) != 1;
        done += piece;
    }
    c->writer.length = 0;
    return status;
}

static enum spile_status fail_value(struct copier *c, int64_t row, size_t column, enum copy_fault fault, struct spile_error *err)
{
    enum spile_status status = copy_fail(&c->columns[column], row, fault, c->targets[column]->type, err);

    if (fault == COPY_NO_MEMORY)
        return status;
    spile_within(err, status, "column \"%s\"", c->targets[column]->name);
    spile_within(err, status, "row %llu", (unsigned long long)(c->rows + (uint64_t)row + 1));
    return pg_within(c->session, status, err);
}

static enum spile_status copy_batch(struct copier *c, const struct ArrowArray *batch, bool *refused, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    int64_t row = 0, child = 0;
    size_t column = 0;

    for (size_t i = 0; i < c->ingest->column_count; i++)
        if (c->ingest->columns[i].in_stream)
            copy_take_batch(&c->columns[i], batch->children[child++]);
    while (!status && !*refused && row < batch->length) {
        enum copy_fault fault = copy_rows(&c->writer, &row, batch->length, CHUNK_BYTES, &column);

        if (fault)
            return fail_value(c, row, column, fault, err);
        if (c->writer.length >= CHUNK_BYTES)
            status = flush(c, refused, err);
    }
    c->rows += (uint64_t)batch->length;
    return status;
}

static enum spile_status copy_stream(struct copier *c, struct ArrowArrayStream *stream, bool *refused, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    while (!status && !*refused) {
        struct ArrowArray batch;

        status = destination_next_batch(stream, &batch, err);
        if (status || !batch.release)
            break;
        status = copy_batch(c, &batch, refused, err);
        batch.release(&batch);
    }
    if (!status && !*refused && !copy_end(&c->writer))
        status = spile_fail_nomem(err);
    return status || *refused ? status : flush(c, refused, err);
}

/* Ends the copy, with our reason to give it up if there is one, and takes the server's word on it. */
static enum spile_status end_copy(struct copier *c, bool give_up, uint64_t *inserted, struct spile_error *err)
{
    struct pq_library *api = &c->session->api;
    enum spile_status status = SPILE_OK;
    PGresult *result;
    bool answered = false, ended = api->putCopyEnd(c->session->connection, give_up ? "the rows have an error" : NULL) == 1;

    while ((result = api->getResult(c->session->connection))) {
        ExecStatusType said = api->resultStatus(result);

        answered = true;
        if (said == PGRES_COMMAND_OK)
            *inserted = strtoull(api->cmdTuples(result), NULL, 10);
        else if (!status)
            status = pg_fail(c->session, result, err);
        api->clear(result);
        if (said == PGRES_COPY_IN) /* the end did not come through */
            break;
    }
    return status || (ended && answered) ? status : pg_fail(c->session, NULL, err);
}

static enum spile_status check_stream(const struct copier *c, struct ArrowArrayStream *stream, struct spile_error *err)
{
    struct ArrowSchema schema = { 0 };
    int64_t count = 0;
    bool ok;

    for (size_t i = 0; i < c->ingest->column_count; i++)
        count += c->ingest->columns[i].in_stream;
    if (stream->get_schema(stream, &schema))
        return spile_fail(err, SPILE_FAILED, "the rows have no schema: %s", stream->get_last_error(stream));
    ok = schema.n_children == count;
    schema.release(&schema);
    return ok ? SPILE_OK : spile_fail(err, SPILE_FAILED, "the rows have other columns than was said");
}

enum spile_status pg_ingest(struct pg_session *session, const char *table, const struct ingest *ingest, struct ArrowArrayStream *stream,
                            uint64_t *inserted, struct spile_error *err)
{
    struct copier c = { .session = session, .table = table, .ingest = ingest };
    bool refused = false;
    enum spile_status status = check_stream(&c, stream, err);

    *inserted = 0;
    if (!status)
        status = bind_columns(&c, err);
    if (!status)
        status = start_copy(&c, err);
    if (!status) {
        status = copy_stream(&c, stream, &refused, err);
        if (status)
            end_copy(&c, true, inserted, NULL);
        else
            status = end_copy(&c, false, inserted, err);
    }
    copy_release(&c.writer);
    arena_release(&c.arena);
    return status;
}
