/* A table's file as one Arrow stream with the same columns throughout: batches of the file hold only the columns that had values then, the
 * others are given as nulls. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "load/package.h"

struct stream {
    struct batch_reader *reader;
    const struct column **columns; /* the stream's */
    size_t count;
    const struct ArrowSchema *schema; /* of the file, for which `source` holds */
    int64_t *source;                  /* by column of the stream: its child in the file's batches, or -1 */
    _Atomic uint64_t *progress;
    struct spile_error error;
};

/* ---- one batch ------------------------------------------------------------------------------------------------------------------ */

/* A batch as given: the file's, with its columns in our order, and nulls for those that it lacks. */
struct given_batch {
    struct ArrowArray file;
    struct ArrowArray **children;
    struct ArrowArray *nulls; /* one per column; those in use have a release */
    size_t count;
    const void *buffers[1];
};

static void release_nulls(struct ArrowArray *array)
{
    free(array->private_data);
    array->release = NULL;
}

static void release_batch(struct ArrowArray *array)
{
    struct given_batch *given = array->private_data;

    for (size_t i = 0; i < given->count; i++)
        if (given->nulls[i].release)
            given->nulls[i].release(&given->nulls[i]);
    if (given->file.release)
        given->file.release(&given->file);
    free(given->children);
    free(given->nulls);
    free(given);
    array->release = NULL;
}

struct null_buffers {
    const void *buffers[3];
    uint8_t zeros[];
};

/* All buffers of a column of nulls are zeros: validity, values, offsets. */
static bool make_nulls(struct ArrowArray *array, const struct column *column, int64_t rows)
{
    size_t width = column_width(column->type.type);
    struct null_buffers *memory = calloc(1, sizeof(*memory) + ((size_t)rows + 1) * width + 8);
    bool heap = column->type.type == TYPE_TEXT || column->type.type == TYPE_JSON || column->type.type == TYPE_BINARY;

    if (!memory)
        return false;
    memory->buffers[0] = memory->buffers[1] = memory->buffers[2] = memory->zeros;
    *array = (struct ArrowArray){ .length = rows, .null_count = rows, .n_buffers = heap ? 3 : 2, .buffers = memory->buffers,
                                  .release = release_nulls, .private_data = memory };
    return true;
}

static int64_t child_named(const struct ArrowSchema *schema, const char *name)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        if (!strcmp(schema->children[i]->name, name))
            return i;
    return -1;
}

static bool give_batch(struct stream *stream, struct ArrowArray *file, struct ArrowArray *out)
{
    struct given_batch *given = calloc(1, sizeof(*given));

    if (!given)
        return false;
    given->children = calloc(stream->count + 1, sizeof(*given->children));
    given->nulls = calloc(stream->count + 1, sizeof(*given->nulls));
    given->count = given->nulls ? stream->count : 0;
    *out = (struct ArrowArray){ .length = file->length, .n_buffers = 1, .n_children = (int64_t)stream->count, .buffers = given->buffers,
                                .children = given->children, .release = release_batch, .private_data = given };
    for (size_t i = 0; given->children && i < given->count; i++) {
        given->children[i] = stream->source[i] >= 0 ? file->children[stream->source[i]] : &given->nulls[i];
        if (stream->source[i] < 0 && !make_nulls(&given->nulls[i], stream->columns[i], file->length)) {
            release_batch(out);
            return false;
        }
    }
    if (!given->children || !given->nulls) {
        release_batch(out);
        return false;
    }
    ArrowArrayMove(file, &given->file);
    return true;
}

/* ---- the stream's calls --------------------------------------------------------------------------------------------------------- */

static int stream_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct stream *stream = self->private_data;

    ArrowSchemaInit(out);
    if (ArrowSchemaSetTypeStruct(out, (int64_t)stream->count))
        return ENOMEM;
    for (size_t i = 0; i < stream->count; i++) {
        ArrowSchemaRelease(out->children[i]);
        if (batch_column_schema(out->children[i], stream->columns[i]->name, &stream->columns[i]->type, &stream->error)) {
            ArrowSchemaRelease(out);
            return EINVAL;
        }
    }
    return 0;
}

static void map_columns(struct stream *stream, const struct ArrowSchema *schema)
{
    for (size_t i = 0; i < stream->count; i++)
        stream->source[i] = child_named(schema, stream->columns[i]->name);
}

static int stream_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct stream *stream = self->private_data;
    struct ArrowArray file = { 0 };
    const struct ArrowSchema *schema = NULL;
    bool more;

    out->release = NULL;
    if (batch_reader_next(stream->reader, &file, &schema, &more, &stream->error))
        return EIO;
    if (!more)
        return 0;
    map_columns(stream, schema);
    if (!give_batch(stream, &file, out)) {
        spile_fail_nomem(&stream->error);
        file.release(&file);
        return ENOMEM;
    }
    if (stream->progress)
        atomic_fetch_add(stream->progress, (uint64_t)out->length);
    return 0;
}

static const char *stream_error(struct ArrowArrayStream *self)
{
    return ((struct stream *)self->private_data)->error.message;
}

static void stream_release(struct ArrowArrayStream *self)
{
    struct stream *stream = self->private_data;

    batch_reader_free(stream->reader);
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

enum spile_status package_stream(const struct package *package, const struct package_table *table, struct ArrowArrayStream *out,
                                 _Atomic uint64_t *progress, struct spile_error *err)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    enum spile_status status;

    *out = (struct ArrowArrayStream){ stream_schema, stream_next, stream_error, stream_release, stream };
    if (!stream)
        return spile_fail_nomem(err);
    stream->progress = progress;
    stream->columns = malloc((table->table->column_count + 1) * sizeof(*stream->columns));
    stream->source = malloc((table->table->column_count + 1) * sizeof(*stream->source));
    status = stream->columns && stream->source ? open_file(stream, package, table, err) : spile_fail_nomem(err);
    if (status) {
        stream_release(out);
        return status;
    }
    for (uint32_t i = 0; i < table->table->column_count; i++)
        if (package_has_column(table, table->table->columns[i]))
            stream->columns[stream->count++] = table->table->columns[i];
    return SPILE_OK;
}
