/* A table's file as one Arrow stream with the same columns throughout, in batches of the size that databases like. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/gather.h"
#include "load/package.h"

struct stream {
    struct batch_reader *reader;
    const struct column **columns;
    size_t count;
    struct ArrowArray batch; /* of the file; released when all its rows are taken */
    uint32_t taken;
    int64_t *source; /* by column: its place in that batch, or -1 */
    struct gather gather;
    uint32_t rows_max; /* of a batch, */
    size_t bytes_max;  /* and about how large it may be */
    bool ended;
    _Atomic uint64_t *progress;
    pthread_mutex_t lock; /* a database asks from several of its threads, and its own locking is not ours to rely on */
    struct spile_error *error; /* the caller's */
};

static int stream_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct stream *stream = self->private_data;

    ArrowSchemaInit(out);
    if (ArrowSchemaSetTypeStruct(out, (int64_t)stream->count)) {
        spile_fail_nomem(stream->error);
        ArrowSchemaRelease(out);
        return ENOMEM;
    }
    for (size_t i = 0; i < stream->count; i++) {
        ArrowSchemaRelease(out->children[i]);
        if (batch_column_schema(out->children[i], stream->columns[i]->name, &stream->columns[i]->type, stream->error)) {
            ArrowSchemaRelease(out);
            return EINVAL;
        }
    }
    return 0;
}

static int64_t child_named(const struct ArrowSchema *schema, const char *name)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        if (!strcmp(schema->children[i]->name, name))
            return i;
    return -1;
}

/* Where the columns are in the file's batch. Both lists are in the table's order, but the file's lacks some: most are found where expected. */
static void find_columns(struct stream *stream, const struct ArrowSchema *schema)
{
    int64_t expected = 0;

    for (size_t i = 0; i < stream->count; i++) {
        const char *name = stream->columns[i]->name;
        bool there = expected < schema->n_children && !strcmp(schema->children[expected]->name, name);

        stream->source[i] = there ? expected : child_named(schema, name);
        if (stream->source[i] >= 0)
            expected = stream->source[i] + 1;
    }
}

static enum spile_status read_batch(struct stream *stream)
{
    const struct ArrowSchema *schema = NULL;
    bool more;
    enum spile_status status = batch_reader_next(stream->reader, &stream->batch, &schema, &more, stream->error);

    stream->ended = !more;
    stream->taken = 0;
    if (!status && more)
        find_columns(stream, schema);
    return status;
}

/* Takes what there is room for of the file's batch. */
static enum spile_status take_rows(struct stream *stream)
{
    uint32_t rows = (uint32_t)stream->batch.length - stream->taken, room = stream->rows_max - stream->gather.rows;

    if (rows > room)
        rows = room;
    if (!gather_add(&stream->gather, &stream->batch, stream->taken, rows, stream->source))
        return spile_fail_nomem(stream->error);
    stream->taken += rows;
    if (stream->taken == stream->batch.length)
        stream->batch.release(&stream->batch);
    return SPILE_OK;
}

static int next_batch(struct stream *stream, struct ArrowArray *out)
{
    enum spile_status status = SPILE_OK;

    while (!status && !stream->ended && stream->gather.rows < stream->rows_max && stream->gather.bytes < stream->bytes_max)
        status = stream->batch.release ? take_rows(stream) : read_batch(stream);
    if (status)
        return EIO;
    if (!stream->gather.rows)
        return 0;
    if (stream->progress)
        atomic_fetch_add(stream->progress, stream->gather.rows);
    if (gather_take(&stream->gather, out))
        return 0;
    spile_fail_nomem(stream->error);
    return ENOMEM;
}

static int stream_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct stream *stream = self->private_data;
    int code;

    out->release = NULL;
    pthread_mutex_lock(&stream->lock);
    code = stream->error->status ? EIO : next_batch(stream, out); /* a database that asks again must not take a failure for the end */
    pthread_mutex_unlock(&stream->lock);
    return code;
}

static const char *stream_error(struct ArrowArrayStream *self)
{
    return ((struct stream *)self->private_data)->error->message;
}

static void stream_release(struct ArrowArrayStream *self)
{
    struct stream *stream = self->private_data;

    pthread_mutex_lock(&stream->lock); /* the last batch may have been made on another thread */
    pthread_mutex_unlock(&stream->lock);
    pthread_mutex_destroy(&stream->lock);
    if (stream->batch.release)
        stream->batch.release(&stream->batch);
    batch_reader_free(stream->reader);
    gather_release(&stream->gather);
    free(stream->columns);
    free(stream->source);
    free(stream);
    self->release = NULL;
}

static enum spile_status open_file(struct stream *stream, const struct package *package, const struct package_table *table,
                                   struct spile_error *err)
{
    struct text path = { 0 };
    enum spile_status status;
    int fd;

    text_printf(&path, "%s/%s", package->folder, table->file);
    if (path.failed)
        return spile_fail_nomem(err);
    fd = open(path.text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    status = fd < 0 ? spile_fail_errno(err, SPILE_FAILED, errno, "can't open \"%s\"", path.text)
                    : batch_reader_new(&stream->reader, fd, path.text, err);
    text_release(&path);
    return status;
}

static bool list_columns(struct stream *stream, const struct package_table *entry)
{
    const struct table *table = entry->table;

    stream->columns = malloc((table->column_count + 1) * sizeof(*stream->columns));
    stream->source = malloc((table->column_count + 1) * sizeof(*stream->source));
    if (!stream->columns || !stream->source)
        return false;
    for (uint32_t i = 0; i < table->column_count; i++)
        if (package_has_column(entry, table->columns[i]))
            stream->columns[stream->count++] = table->columns[i];
    if (!gather_init(&stream->gather, stream->count))
        return false;
    for (size_t i = 0; i < stream->count; i++)
        stream->gather.columns[i].type = stream->columns[i]->type;
    return true;
}

enum spile_status package_stream(const struct package *package, const struct package_table *table, uint32_t rows_max, size_t bytes_max,
                                 struct ArrowArrayStream *out, _Atomic uint64_t *progress, struct spile_error *failure,
                                 struct spile_error *err)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    enum spile_status status;

    *out = (struct ArrowArrayStream){ stream_schema, stream_next, stream_error, stream_release, stream };
    if (!stream)
        return spile_fail_nomem(err);
    pthread_mutex_init(&stream->lock, NULL);
    stream->error = failure;
    stream->progress = progress;
    stream->rows_max = rows_max;
    stream->bytes_max = bytes_max;
    status = list_columns(stream, table) ? open_file(stream, package, table, err) : spile_fail_nomem(err);
    if (status)
        stream_release(out);
    return status;
}
