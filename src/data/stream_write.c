/* spile_stream_write(): rows of an Arrow stream as a table, as CSV, as lines of JSON, or as Arrow IPC. */
#include "data/stream_write.h"

#include <errno.h>
#include <string.h>

#define PENDING_BYTES ((size_t)64 << 10)

/* ---- the sink --------------------------------------------------------------------------------------------------------------------- */

enum spile_status sink_flush(struct sink *sink, struct spile_error *err)
{
    enum spile_status status = sink->pending.failed ? spile_fail_nomem(err) : SPILE_OK;

    if (!status && sink->pending.length)
        status = sink->write(sink->user, sink->pending.text, sink->pending.length, err);
    text_clear(&sink->pending);
    return status;
}

enum spile_status sink_ease(struct sink *sink, struct spile_error *err)
{
    return sink->pending.length < PENDING_BYTES && !sink->pending.failed ? SPILE_OK : sink_flush(sink, err);
}

/* ---- CSV and JSON ------------------------------------------------------------------------------------------------------------------ */

/* RFC 4180: what has a comma, a quote or a line's end in it is quoted. So is an empty text, since an empty field is null. */
static void put_field(struct text *out, struct slice field, bool null)
{
    bool quoted = !null && !field.length;

    for (size_t i = 0; !quoted && i < field.length; i++)
        quoted = strchr(",\"\r\n", field.text[i]) && field.text[i];
    text_puts(out, quoted ? "\"" : "");
    for (size_t i = 0; i < field.length; i++) {
        text_puts(out, quoted && field.text[i] == '"' ? "\"" : "");
        text_putc(out, field.text[i]);
    }
    text_puts(out, quoted ? "\"" : "");
}

static void put_csv_head(struct text *out, const struct cell_type *types, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        text_puts(out, i ? "," : "");
        put_field(out, slice_of(types[i].name), false);
    }
    text_puts(out, columns ? "\r\n" : "");
}

static void put_csv_row(struct text *out, const struct stream_batch *batch, int64_t row, struct text *scratch)
{
    for (size_t i = 0; i < batch->columns; i++) {
        const struct ArrowArrayView *view = batch->view->children[i];
        int64_t index = batch->view->offset + row;

        text_clear(scratch);
        cell_write(scratch, &batch->types[i], view, index, CELL_TEXT);
        out->failed |= scratch->failed; /* which the next one forgets */
        text_puts(out, i ? "," : "");
        put_field(out, text_slice(scratch), cell_is_null(&batch->types[i], view, index));
    }
    text_puts(out, "\r\n");
}

static void put_json_row(struct text *out, const struct stream_batch *batch, int64_t row)
{
    text_putc(out, '{');
    for (size_t i = 0; i < batch->columns; i++) {
        text_puts(out, i ? "," : "");
        cell_put_json_text(out, slice_of(batch->types[i].name));
        text_putc(out, ':');
        cell_write(out, &batch->types[i], batch->view->children[i], batch->view->offset + row, CELL_JSON);
    }
    text_puts(out, "}\n");
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------------ */

struct writer {
    struct spile_stream_options options;
    struct ArrowArrayStream *stream;
    struct ArrowSchema schema;
    struct ArrowArrayView view;
    struct cell_type type; /* of a row */
    struct arena arena;
    struct sink sink;
    struct text scratch;
    struct stream_table *table;
    struct stream_ipc *ipc;
    uint64_t rows;
};

static bool is_ipc(const struct writer *w)
{
    return w->options.format == SPILE_FORMAT_ARROW || w->options.format == SPILE_FORMAT_ARROW_STREAM;
}

static enum spile_status fail_stream(const struct writer *w, int code, struct spile_error *err)
{
    const char *reason = w->stream->get_last_error(w->stream);

    if (code == ENOMEM)
        return spile_fail_nomem(err);
    if (code == ECANCELED)
        return spile_fail(err, SPILE_CANCELLED, "cancelled");
    return spile_fail(err, SPILE_DESTINATION, "%s", reason && *reason ? reason : strerror(code));
}

static enum spile_status fail_invalid(int code, const struct ArrowError *arrow, struct spile_error *err)
{
    return code == ENOMEM ? spile_fail_nomem(err) : spile_fail(err, SPILE_USAGE, "the Arrow stream is not valid: %s", arrow->message);
}

static enum spile_status begin(struct writer *w, struct spile_error *err)
{
    struct ArrowError arrow = { .message = "" };
    int code = w->stream->get_schema(w->stream, &w->schema);
    enum spile_status status;

    if (code)
        return fail_stream(w, code, err);
    if (strcmp(w->schema.format, "+s"))
        return spile_fail(err, SPILE_USAGE, "the Arrow stream is not one of tables: its type is \"%s\"", w->schema.format);
    code = ArrowArrayViewInitFromSchema(&w->view, &w->schema, &arrow);
    status = code ? fail_invalid(code, &arrow, err) : cell_type_read(&w->type, &w->schema, &w->arena, err);
    if (!status && w->options.format == SPILE_FORMAT_TABLE)
        status = stream_table_new(&w->table, w->type.children, w->type.count, w->options.width, err);
    if (!status && is_ipc(w))
        status = stream_ipc_new(&w->ipc, &w->schema, w->options.format == SPILE_FORMAT_ARROW, &w->sink, err);
    if (!status && w->options.format == SPILE_FORMAT_CSV)
        put_csv_head(&w->sink.pending, w->type.children, w->type.count);
    return status;
}

static void cut(struct ArrowArray *array, int64_t length)
{
    array->length = length;
    array->null_count = array->null_count ? -1 : 0; /* how many is not known any more */
}

/* Only the first rows: a struct's children may be longer than itself, but not when they are encoded. */
static void shorten_to(struct ArrowArray *array, int64_t rows)
{
    cut(array, rows);
    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i]->length > array->offset + rows)
            cut(array->children[i], array->offset + rows);
}

static enum spile_status write_lines(struct writer *w, const struct stream_batch *batch, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (int64_t row = 0; !status && row < batch->rows; row++) {
        if (w->options.format == SPILE_FORMAT_CSV)
            put_csv_row(&w->sink.pending, batch, row, &w->scratch);
        else
            put_json_row(&w->sink.pending, batch, row);
        status = sink_ease(&w->sink, err);
    }
    return status;
}

/* Takes the array. */
static enum spile_status write_batch(struct writer *w, struct ArrowArray *array, struct spile_error *err)
{
    struct ArrowError arrow = { .message = "" };
    struct stream_batch batch = { w->type.children, w->type.count, &w->view, array->length };
    int code = ArrowArrayViewSetArray(&w->view, array, &arrow);
    enum spile_status status;

    if (!code)
        code = ArrowArrayViewValidate(&w->view, NANOARROW_VALIDATION_LEVEL_FULL, &arrow);
    if (code)
        status = fail_invalid(code, &arrow, err);
    else if (w->ipc)
        status = stream_ipc_add(w->ipc, array, &w->sink, err);
    else
        status = w->table ? stream_table_add(w->table, &batch, &w->sink, err) : write_lines(w, &batch, err);
    w->rows += status ? 0 : (uint64_t)batch.rows;
    if (array->release)
        ArrowArrayRelease(array);
    return status;
}

static enum spile_status write_batches(struct writer *w, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    uint64_t limit = w->options.limit ? w->options.limit : UINT64_MAX;

    while (!status && w->rows < limit) {
        struct ArrowArray array = { 0 };
        int code = w->stream->get_next(w->stream, &array);

        if (code)
            return fail_stream(w, code, err);
        if (!array.release)
            break;
        if ((uint64_t)array.length > limit - w->rows)
            shorten_to(&array, (int64_t)(limit - w->rows));
        status = write_batch(w, &array, err);
    }
    return status;
}

static enum spile_status end(struct writer *w, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (w->table)
        status = stream_table_end(w->table, &w->sink, err);
    if (w->ipc)
        status = stream_ipc_end(w->ipc, &w->sink, err);
    return status ? status : sink_flush(&w->sink, err);
}

static void writer_release(struct writer *w)
{
    stream_table_free(w->table);
    stream_ipc_free(w->ipc);
    text_release(&w->scratch);
    text_release(&w->sink.pending);
    ArrowArrayViewReset(&w->view);
    if (w->schema.release)
        ArrowSchemaRelease(&w->schema);
    arena_release(&w->arena);
    ArrowArrayStreamRelease(w->stream);
}

static void take_options(struct spile_stream_options *out, const struct spile_stream_options *options)
{
    if (options)
        memcpy(out, options, options->size && options->size < sizeof(*out) ? options->size : sizeof(*out));
}

enum spile_status spile_stream_write(struct ArrowArrayStream *stream, const struct spile_stream_options *options, spile_stream_sink *write, void *user,
                                     uint64_t *rows, struct spile_error *err)
{
    struct writer w = { .stream = stream, .sink = { .write = write, .user = user } };
    enum spile_status status;

    if (rows)
        *rows = 0;
    if (!stream || !stream->release)
        return spile_fail(err, SPILE_USAGE, "no Arrow stream given, or one that was released");
    take_options(&w.options, options);
    ArrowArrayViewInitFromType(&w.view, NANOARROW_TYPE_UNINITIALIZED);
    status = begin(&w, err);
    if (!status)
        status = write_batches(&w, err);
    if (!status)
        status = end(&w, err);
    if (rows)
        *rows = w.rows;
    writer_release(&w);
    return status;
}
