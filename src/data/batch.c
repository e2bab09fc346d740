#include "data/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <nanoarrow/nanoarrow_ipc.h>

#include "base/text.h"
#include "data/arrow_memory.h"
#include "data/bits.h"

#define MESSAGE_PREFIX 8 /* continuation mark and size of the metadata */
#define METADATA_MAX ((int32_t)64 << 20)
#define COLUMN_METADATA_MIN 64 /* bytes that a column takes of a schema's message, at least */

/* ---- schema --------------------------------------------------------------------------------------------------------------------- */

static ArrowErrorCode set_format(struct ArrowSchema *schema, const struct column_type *type)
{
    switch (type->type) {
    case TYPE_TEXT:
    case TYPE_JSON:
        return ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING);
    case TYPE_BINARY:
        return ArrowSchemaSetType(schema, NANOARROW_TYPE_BINARY);
    case TYPE_DOUBLE:
        return ArrowSchemaSetType(schema, NANOARROW_TYPE_DOUBLE);
    case TYPE_BOOL:
        return ArrowSchemaSetType(schema, NANOARROW_TYPE_BOOL);
    case TYPE_BIGINT:
        return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT64);
    case TYPE_DATE:
        return ArrowSchemaSetType(schema, NANOARROW_TYPE_DATE32);
    case TYPE_TIMESTAMP:
        return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO, type->timezone ? "UTC" : NULL);
    case TYPE_TIME:
        return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIME64, NANOARROW_TIME_UNIT_MICRO, NULL);
    case TYPE_DECIMAL:
    case TYPE_WEI:
        return ArrowSchemaSetTypeDecimal(schema, NANOARROW_TYPE_DECIMAL128, column_type_precision(type), column_type_scale(type));
    case TYPE_UNKNOWN:
        break;
    }
    return EINVAL;
}

enum spile_status batch_column_schema(struct ArrowSchema *schema, const char *name, const struct column_type *type, struct spile_error *err)
{
    ArrowErrorCode code;

    ArrowSchemaInit(schema);
    code = set_format(schema, type);
    if (!code)
        code = ArrowSchemaSetName(schema, name);
    if (!code)
        return SPILE_OK;
    ArrowSchemaRelease(schema);
    return spile_fail(err, code == ENOMEM ? SPILE_NOMEM : SPILE_FAILED, "no Arrow type for column \"%s\" of type %s", name,
                      data_type_name(type->type));
}

/* ---- encoding ------------------------------------------------------------------------------------------------------------------- */

struct batch_encoder {
    struct arrow_reserve reserve;
    struct ArrowIpcEncoder ipc;
    struct ArrowBuffer bits; /* validity and booleans of the batch, packed */
    struct ArrowBuffer body;
};

struct batch_encoder *batch_encoder_new(void)
{
    struct batch_encoder *encoder = calloc(1, sizeof(*encoder));

    if (!encoder)
        return NULL;
    ArrowBufferInit(&encoder->bits);
    ArrowBufferInit(&encoder->body);
    if (arrow_reserve_for(&encoder->reserve, 0)) {
        arrow_enter(&encoder->reserve);
        if (ArrowIpcEncoderInit(&encoder->ipc))
            encoder->ipc = (struct ArrowIpcEncoder){ 0 };
        if (arrow_leave() && encoder->ipc.private_data)
            return encoder;
    }
    batch_encoder_free(encoder);
    return NULL;
}

void batch_encoder_free(struct batch_encoder *encoder)
{
    if (!encoder)
        return;
    arrow_enter(&encoder->reserve);
    ArrowIpcEncoderReset(&encoder->ipc);
    ArrowBufferReset(&encoder->bits);
    ArrowBufferReset(&encoder->body);
    arrow_leave();
    arrow_reserve_release(&encoder->reserve);
    free(encoder);
}

static struct ArrowBufferView packed(struct batch_encoder *encoder, const uint8_t *bytes, uint32_t rows)
{
    struct ArrowBufferView view = { .data.as_uint8 = encoder->bits.data + encoder->bits.size_bytes, .size_bytes = (rows + 7) / 8 };

    bits_pack(bytes, rows, encoder->bits.data + encoder->bits.size_bytes);
    encoder->bits.size_bytes += view.size_bytes;
    return view;
}

/* All that the encoder wants to know from the array behind a view. */
static const struct ArrowArray two_buffers = { .n_buffers = 2 }, three_buffers = { .n_buffers = 3 };

static void view_column(struct batch_encoder *encoder, struct ArrowArrayView *view, const struct column_builder *column)
{
    uint32_t rows = column->length;

    view->array = column_has_heap(column) ? &three_buffers : &two_buffers;
    view->length = rows;
    view->null_count = column->nulls;
    if (column->nulls)
        view->buffer_views[0] = packed(encoder, column->valid, rows);
    if (column->type.type == TYPE_BOOL) {
        view->buffer_views[1] = packed(encoder, column->u8, rows);
    } else if (column_has_heap(column)) {
        view->buffer_views[1] = (struct ArrowBufferView){ .data.as_int32 = column->i32, .size_bytes = ((int64_t)rows + 1) * 4 };
        view->buffer_views[2] = (struct ArrowBufferView){ .data.as_uint8 = column->heap, .size_bytes = (int64_t)column->heap_length };
    } else {
        view->buffer_views[1] =
            (struct ArrowBufferView){ .data.data = column->values, .size_bytes = (int64_t)(rows * column_width(column->type.type)) };
    }
}

static enum spile_status build_schema(struct ArrowSchema *schema, const struct batch_column *columns, size_t count, struct spile_error *err)
{
    ArrowSchemaInit(schema);
    if (ArrowSchemaSetTypeStruct(schema, (int64_t)count))
        return spile_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        enum spile_status status;

        ArrowSchemaRelease(schema->children[i]);
        status = batch_column_schema(schema->children[i], columns[i].name, &columns[i].builder->type, err);
        if (status)
            return status;
    }
    return SPILE_OK;
}

/* Packed bits are views into one buffer, so it must not move: make room first. */
static ArrowErrorCode reserve(struct batch_encoder *encoder, const struct batch_column *columns, size_t count, uint32_t rows)
{
    int64_t body = 0;

    for (size_t i = 0; i < count; i++)
        body += (int64_t)column_bytes(columns[i].builder) + 64;
    encoder->bits.size_bytes = encoder->body.size_bytes = 0;
    if (ArrowBufferReserve(&encoder->bits, (int64_t)(2 * count * ((rows + 7) / 8))))
        return ENOMEM;
    return ArrowBufferReserve(&encoder->body, body);
}

static enum spile_status encode(struct batch_encoder *encoder, const struct batch_column *columns, size_t count, uint32_t rows,
                                struct ArrowBuffer *message, size_t *schema_length, struct spile_error *err)
{
    struct ArrowSchema schema = { 0 };
    struct ArrowArrayView view = { 0 };
    struct ArrowError arrow = { .message = "" };
    enum spile_status status;
    ArrowErrorCode code;

    status = build_schema(&schema, columns, count, err);
    if (status)
        goto out;
    code = ArrowArrayViewInitFromSchema(&view, &schema, &arrow);
    if (!code)
        code = reserve(encoder, columns, count, rows);
    if (!code)
        code = ArrowIpcEncoderEncodeSchema(&encoder->ipc, &schema, &arrow);
    if (!code)
        code = ArrowIpcEncoderFinalizeBuffer(&encoder->ipc, 1, message);
    *schema_length = (size_t)message->size_bytes;
    if (!code) {
        view.length = rows;
        for (size_t i = 0; i < count; i++)
            view_column(encoder, view.children[i], columns[i].builder);
        code = ArrowIpcEncoderEncodeSimpleRecordBatch(&encoder->ipc, &view, &encoder->body, &arrow);
    }
    if (!code)
        code = ArrowIpcEncoderFinalizeBuffer(&encoder->ipc, 1, message);
    if (!code)
        code = ArrowBufferAppend(message, encoder->body.data, encoder->body.size_bytes);
    if (code)
        status = code == ENOMEM ? spile_fail_nomem(err) : spile_fail(err, SPILE_FAILED, "can't encode a batch: %s", arrow.message);
out:
    if (schema.release)
        ArrowSchemaRelease(&schema);
    ArrowArrayViewReset(&view);
    return status;
}

enum spile_status batch_encode(struct batch_encoder *encoder, const struct batch_column *columns, size_t count, uint32_t rows,
                               struct batch_bytes *out, struct spile_error *err)
{
    struct ArrowBuffer message;
    enum spile_status status;

    *out = (struct batch_bytes){ 0 };
    if (!arrow_reserve_for(&encoder->reserve, count))
        return spile_fail_nomem(err);
    arrow_enter(&encoder->reserve);
    ArrowBufferInit(&message);
    status = encode(encoder, columns, count, rows, &message, &out->schema_length, err);
    if (status || encoder->reserve.needed)
        ArrowBufferReset(&message);
    if (!arrow_leave())
        return spile_fail_nomem(err);
    out->bytes = message.data; /* nanoarrow's default allocator is malloc */
    out->length = (size_t)message.size_bytes;
    return status;
}

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

struct batch_reader {
    struct arrow_reserve reserve;
    int fd;
    uint64_t offset;
    char *path;
    struct ArrowIpcDecoder decoder;
    struct ArrowBuffer metadata;
    struct ArrowSchema schema;
};

enum spile_status batch_reader_new(struct batch_reader **out, int fd, const char *path, struct spile_error *err)
{
    struct batch_reader *reader = calloc(1, sizeof(*reader));

    *out = NULL;
    if (!reader) {
        close(fd);
        return spile_fail_nomem(err);
    }
    reader->path = strdup(path);
    ArrowBufferInit(&reader->metadata);
    reader->fd = fd;
    if (reader->path && arrow_reserve_for(&reader->reserve, 0)) {
        arrow_enter(&reader->reserve);
        ArrowIpcDecoderInit(&reader->decoder);
        *out = arrow_leave() ? reader : NULL;
    }
    if (*out)
        return SPILE_OK;
    batch_reader_free(reader);
    return spile_fail_nomem(err);
}

void batch_reader_free(struct batch_reader *reader)
{
    if (!reader)
        return;
    arrow_enter(&reader->reserve);
    if (reader->schema.release)
        ArrowSchemaRelease(&reader->schema);
    ArrowIpcDecoderReset(&reader->decoder);
    ArrowBufferReset(&reader->metadata);
    arrow_leave();
    arrow_reserve_release(&reader->reserve);
    close(reader->fd);
    free(reader->path);
    free(reader);
}

static enum spile_status fail_damaged(const struct batch_reader *reader, const char *reason, struct spile_error *err)
{
    spile_fail(err, SPILE_FAILED, "load package file \"%s\" is damaged near byte %llu: %s", reader->path,
               (unsigned long long)reader->offset, reason);
    return spile_hint(err, SPILE_FAILED, "run the load again; the file was changed by another program or the disk");
}

static enum spile_status fail_decode(const struct batch_reader *reader, int code, const struct ArrowError *arrow, struct spile_error *err)
{
    return code == ENOMEM ? spile_fail_nomem(err) : fail_damaged(reader, arrow->message, err);
}

/* Reads exactly `size` bytes; *end (may be NULL) when there are none at all. */
static enum spile_status read_exactly(struct batch_reader *reader, void *buffer, size_t size, bool *end, struct spile_error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(reader->fd, (char *)buffer + done, size - done, (off_t)(reader->offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return spile_fail_errno(err, SPILE_FAILED, errno, "can't read \"%s\"", reader->path);
        if (got == 0 && done == 0 && end) {
            *end = true;
            return SPILE_OK;
        }
        if (got == 0)
            return fail_damaged(reader, "it ends in the middle of a message", err);
        done += (size_t)got;
    }
    reader->offset += size;
    return SPILE_OK;
}

static enum spile_status read_metadata(struct batch_reader *reader, bool *end, struct spile_error *err)
{
    int32_t prefix[2];
    enum spile_status status = read_exactly(reader, prefix, sizeof(prefix), end, err);
    struct ArrowBufferView view;
    struct ArrowError arrow = { .message = "" };
    int code;

    if (status || *end)
        return status;
    if (prefix[0] != -1 || prefix[1] <= 0 || prefix[1] > METADATA_MAX)
        return fail_damaged(reader, "no message begins here", err);
    if (ArrowBufferResize(&reader->metadata, MESSAGE_PREFIX + prefix[1], 0))
        return spile_fail_nomem(err);
    memcpy(reader->metadata.data, prefix, sizeof(prefix));
    status = read_exactly(reader, reader->metadata.data + MESSAGE_PREFIX, (size_t)prefix[1], NULL, err);
    if (status)
        return status;
    view = (struct ArrowBufferView){ .data.as_uint8 = reader->metadata.data, .size_bytes = reader->metadata.size_bytes };
    arrow_enter(&reader->reserve);
    code = ArrowIpcDecoderVerifyHeader(&reader->decoder, view, &arrow);
    if (!code)
        code = ArrowIpcDecoderDecodeHeader(&reader->decoder, view, &arrow);
    if (!arrow_leave())
        code = ENOMEM;
    return code ? fail_decode(reader, code, &arrow, err) : SPILE_OK;
}

static enum spile_status take_schema(struct batch_reader *reader, struct spile_error *err)
{
    struct ArrowError arrow = { .message = "" };
    int code;

    if (!arrow_reserve_for(&reader->reserve, (size_t)reader->metadata.size_bytes / COLUMN_METADATA_MIN))
        return spile_fail_nomem(err);
    arrow_enter(&reader->reserve);
    if (reader->schema.release)
        ArrowSchemaRelease(&reader->schema);
    code = ArrowIpcDecoderDecodeSchema(&reader->decoder, &reader->schema, &arrow);
    if (!code)
        code = ArrowIpcDecoderSetSchema(&reader->decoder, &reader->schema, &arrow);
    if (!arrow_leave())
        code = ENOMEM;
    return code ? fail_decode(reader, code, &arrow, err) : SPILE_OK;
}

static enum spile_status take_batch(struct batch_reader *reader, struct ArrowArray *array, struct spile_error *err)
{
    struct ArrowBuffer body;
    struct ArrowError arrow = { .message = "" };
    enum spile_status status = SPILE_OK;

    ArrowBufferInit(&body);
    if (!reader->schema.release)
        return fail_damaged(reader, "a batch comes before its schema", err);
    if (reader->decoder.body_size_bytes < 0 || ArrowBufferResize(&body, reader->decoder.body_size_bytes, 0))
        return spile_fail_nomem(err);
    status = read_exactly(reader, body.data, (size_t)body.size_bytes, NULL, err);
    if (!status) {
        struct ArrowBuffer shared; /* counts its users: the columns keep parts of it, and may die on other threads */
        int code;

        arrow_enter(&reader->reserve);
        ArrowBufferInit(&shared);
        code = ArrowSharedBufferInit(&shared, &body);
        if (!code)
            code = ArrowIpcDecoderDecodeArrayFromShared(&reader->decoder, &shared, -1, array, NANOARROW_VALIDATION_LEVEL_DEFAULT, &arrow);
        if (!code && reader->reserve.needed)
            array->release(array);
        ArrowBufferReset(&shared);
        if (!arrow_leave())
            code = ENOMEM;
        if (code)
            status = fail_decode(reader, code, &arrow, err);
    }
    ArrowBufferReset(&body);
    return status;
}

enum spile_status batch_reader_next(struct batch_reader *reader, struct ArrowArray *array, const struct ArrowSchema **schema, bool *more,
                                    struct spile_error *err)
{
    bool end = false;

    *more = false;
    for (;;) {
        enum spile_status status = read_metadata(reader, &end, err);

        if (status || end)
            return status;
        if (reader->decoder.message_type == NANOARROW_IPC_MESSAGE_TYPE_SCHEMA) {
            status = take_schema(reader, err);
            if (status)
                return status;
            continue;
        }
        if (reader->decoder.message_type != NANOARROW_IPC_MESSAGE_TYPE_RECORD_BATCH)
            return fail_damaged(reader, "a message of an unexpected kind", err);
        *schema = &reader->schema;
        status = take_batch(reader, array, err);
        *more = !status;
        return status;
    }
}
