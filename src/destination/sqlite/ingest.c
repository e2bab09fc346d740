#include "destination/sqlite/ingest.h"

#include <stdlib.h>

#include "destination/sqlite/bind.h"
#include "destination/sqlite/tables.h"

struct inserting {
    struct sqlite_database *database;
    const struct ingest *ingest;
    struct arena arena;
    sqlite3_stmt *statement;
    struct bound_column *columns; /* of the stream, in its order */
    size_t count;
    uint64_t rows;
};

/* ---- before the first row ------------------------------------------------------------------------------------------------------- */

static enum spile_status prepare_columns(struct inserting *i, struct spile_error *err)
{
    i->columns = arena_zalloc(&i->arena, (i->ingest->column_count + 1) * sizeof(*i->columns));
    if (!i->columns)
        return spile_fail_nomem(err);
    for (size_t at = 0; at < i->ingest->column_count; at++) {
        struct bound_column *column = &i->columns[i->count];

        *column = (struct bound_column){ .ingest = &i->ingest->columns[at], .index = (int)at + 1 };
        if (!column->ingest->in_stream) {
            if (bind_otherwise(i->statement, column)) /* once for all rows */
                return connection_fail(i->database, "SQLite refused a value", err);
            continue;
        }
        column->there = sqlite_type_there(i->database, i->ingest->table->name, column->ingest->column, &i->arena);
        if (!column->there)
            return spile_fail_nomem(err);
        column->affinity = affinity_of(column->there);
        bind_choose(column);
        i->count++;
    }
    return SPILE_OK;
}

static enum spile_status prepare(struct inserting *i, struct spile_error *err)
{
    const char *into = sql_insert_into(&i->database->sql, i->ingest, &i->arena), *insert;
    struct text sql = { 0 };
    enum spile_status status;

    text_printf(&sql, "%sVALUES (", into ? into : "");
    for (size_t at = 0; at < i->ingest->column_count; at++)
        text_puts(&sql, at ? ", ?" : "?");
    text_putc(&sql, ')');
    sql.failed |= !into;
    insert = sql_take(&sql, &i->arena);
    status = insert ? connection_prepare(i->database, insert, &i->statement, err) : spile_fail_nomem(err);
    return status ? status : prepare_columns(i, err);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

static enum spile_status insert_row(struct inserting *i, int64_t row, struct spile_error *err)
{
    for (size_t at = 0; at < i->count; at++) {
        int code = bind_row(i->statement, &i->columns[at], row);

        if (code == BIND_REFUSED)
            return bind_fail(&i->columns[at], row, err);
        if (code)
            return connection_fail(i->database, "SQLite refused a value", err),
                   spile_within(err, err ? err->status : SPILE_DESTINATION, "column \"%s\"", i->columns[at].ingest->column->name);
    }
    if (sqlite3_step(i->statement) != SQLITE_DONE)
        return connection_fail(i->database, "SQLite refused a row", err);
    sqlite3_reset(i->statement);
    return SPILE_OK;
}

static enum spile_status insert_batch(struct inserting *i, const struct ArrowArray *batch, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (batch->n_children != (int64_t)i->count)
        return spile_fail(err, SPILE_FAILED, "the rows have %lld columns, not %zu", (long long)batch->n_children, i->count);
    for (size_t at = 0; at < i->count; at++)
        if (!bind_look_at(&i->columns[at], batch->children[at], batch->offset))
            return spile_fail(err, SPILE_FAILED, "column \"%s\" has not the form of its type", i->columns[at].ingest->column->name);
    for (int64_t row = 0; !status && row < batch->length; row++) {
        status = atomic_load_explicit(&i->database->interrupted, memory_order_relaxed) ? spile_fail(err, SPILE_CANCELLED, "cancelled")
                                                                                       : insert_row(i, row, err);
        if (!status)
            i->rows++;
        else if (status == SPILE_DESTINATION)
            spile_within(err, status, "row %llu", (unsigned long long)i->rows + 1);
    }
    return status;
}

static enum spile_status insert_stream(struct inserting *i, struct ArrowArrayStream *stream, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    while (!status) {
        struct ArrowArray batch;

        status = destination_next_batch(stream, &batch, err);
        if (status || !batch.release)
            break;
        status = insert_batch(i, &batch, err);
        batch.release(&batch);
    }
    return status;
}

enum spile_status sqlite_ingest(struct destination *destination, const struct ingest *ingest, struct ArrowArrayStream *stream, uint64_t *inserted,
                                struct spile_error *err)
{
    struct inserting i = { .database = (struct sqlite_database *)destination, .ingest = ingest };
    enum spile_status status = prepare(&i, err);

    if (!status)
        status = insert_stream(&i, stream, err);
    *inserted = i.rows;
    sqlite3_finalize(i.statement); /* values that it was lent are gone already: it must not run again */
    stream->release(stream);
    arena_release(&i.arena);
    return status;
}
