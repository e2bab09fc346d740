/* Arrow IPC: batches as they come. What nanoarrow has encoded goes on to the sink after each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nanoarrow/nanoarrow_ipc.h>

#include "data/arrow_memory.h"
#include "data/expand.h"
#include "data/stream_write.h"

struct stream_ipc {
    struct arrow_reserve reserve;
    struct ArrowSchema schema; /* as it is written: without dictionaries */
    struct ArrowIpcWriter writer;
    struct ArrowBuffer bytes;  /* that the writer has made */
    const struct ArrowSchema *source;
    bool file, expands;
};

static size_t node_count(const struct ArrowSchema *schema)
{
    size_t count = 1 + (schema->dictionary ? node_count(schema->dictionary) : 0);

    for (int64_t i = 0; i < schema->n_children; i++)
        count += node_count(schema->children[i]);
    return count;
}

static enum spile_status fail_code(int code, const struct ArrowError *arrow, struct spile_error *err)
{
    if (code == ENOMEM)
        return spile_fail_nomem(err);
    return spile_fail(err, SPILE_USAGE, "the stream can't be written as Arrow IPC: %s", arrow->message[0] ? arrow->message : strerror(code));
}

/* Between arrow_enter() and arrow_leave(). */
static int start(struct stream_ipc *ipc, const struct ArrowSchema *schema, struct ArrowError *arrow)
{
    struct ArrowIpcOutputStream out = { .release = NULL };
    int code = ArrowSchemaDeepCopy(schema, &ipc->schema);

    if (!code && ipc->expands)
        code = expand_schema(&ipc->schema);
    if (!code)
        code = ArrowIpcOutputStreamInitBuffer(&out, &ipc->bytes);
    if (!code)
        code = ArrowIpcWriterInit(&ipc->writer, &out);
    if (!code && ipc->file)
        code = ArrowIpcWriterStartFile(&ipc->writer, arrow);
    if (!code)
        code = ArrowIpcWriterWriteSchema(&ipc->writer, &ipc->schema, arrow);
    if (out.release)
        out.release(&out);
    return code;
}

/* Hands over what there is by now. */
static enum spile_status pass_on(struct stream_ipc *ipc, struct sink *sink, struct spile_error *err)
{
    text_append(&sink->pending, ipc->bytes.data, (size_t)ipc->bytes.size_bytes);
    ipc->bytes.size_bytes = 0;
    return sink_ease(sink, err);
}

enum spile_status stream_ipc_new(struct stream_ipc **out, const struct ArrowSchema *schema, bool file, struct sink *sink, struct spile_error *err)
{
    struct stream_ipc *ipc = *out = calloc(1, sizeof(*ipc));
    struct ArrowError arrow = { .message = "" };
    int code;

    if (!ipc)
        return spile_fail_nomem(err);
    ipc->file = file;
    ipc->source = schema;
    ipc->expands = expand_is_needed(schema);
    ArrowBufferInit(&ipc->bytes);
    if (!arrow_reserve_for(&ipc->reserve, node_count(schema)))
        return spile_fail_nomem(err);
    arrow_enter(&ipc->reserve);
    code = start(ipc, schema, &arrow);
    if (!arrow_leave())
        code = ENOMEM;
    return code ? fail_code(code, &arrow, err) : pass_on(ipc, sink, err);
}

static int look_at(struct ArrowArrayView *view, const struct ArrowSchema *schema, const struct ArrowArray *array, struct ArrowError *arrow)
{
    int code = ArrowArrayViewInitFromSchema(view, schema, arrow);

    return code ? code : ArrowArrayViewSetArray(view, array, arrow);
}

/* Between arrow_enter() and arrow_leave(). */
static int add(struct stream_ipc *ipc, struct ArrowArray *array, struct ArrowError *arrow)
{
    struct ArrowArrayView given, view;
    int code = 0;

    ArrowArrayViewInitFromType(&given, NANOARROW_TYPE_UNINITIALIZED);
    ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_UNINITIALIZED);
    if (ipc->expands)
        code = look_at(&given, ipc->source, array, arrow);
    if (!code && ipc->expands)
        code = expand_array(array, &given);
    if (!code)
        code = look_at(&view, &ipc->schema, array, arrow);
    if (!code)
        code = ArrowIpcWriterWriteArrayView(&ipc->writer, &view, arrow);
    ArrowArrayViewReset(&given);
    ArrowArrayViewReset(&view);
    ArrowArrayRelease(array);
    return code;
}

enum spile_status stream_ipc_add(struct stream_ipc *ipc, struct ArrowArray *array, struct sink *sink, struct spile_error *err)
{
    struct ArrowError arrow = { .message = "" };
    int code;

    arrow_enter(&ipc->reserve);
    code = add(ipc, array, &arrow);
    if (!arrow_leave())
        code = ENOMEM;
    return code ? fail_code(code, &arrow, err) : pass_on(ipc, sink, err);
}

enum spile_status stream_ipc_end(struct stream_ipc *ipc, struct sink *sink, struct spile_error *err)
{
    struct ArrowError arrow = { .message = "" };
    int code;

    arrow_enter(&ipc->reserve);
    code = ArrowIpcWriterWriteArrayView(&ipc->writer, NULL, &arrow);
    if (!code && ipc->file)
        code = ArrowIpcWriterFinalizeFile(&ipc->writer, &arrow);
    if (!arrow_leave())
        code = ENOMEM;
    return code ? fail_code(code, &arrow, err) : pass_on(ipc, sink, err);
}

void stream_ipc_free(struct stream_ipc *ipc)
{
    if (!ipc)
        return;
    arrow_enter(&ipc->reserve);
    ArrowIpcWriterReset(&ipc->writer);
    ArrowBufferReset(&ipc->bytes);
    if (ipc->schema.release)
        ArrowSchemaRelease(&ipc->schema);
    arrow_leave();
    arrow_reserve_release(&ipc->reserve);
    free(ipc);
}
