/* Record batches as bytes: Arrow IPC messages, as they stand in the files of a load package.
 *
 * A file is a row of Arrow IPC streams: a schema message, record batches with these columns, and the same again when the columns
 * change. Only columns that have a value in the batch are in it, so a file costs what its data costs. */
#ifndef DATA_BATCH_H
#define DATA_BATCH_H

#include <nanoarrow/nanoarrow.h>

#include "base/error.h"
#include "data/column.h"

/* A column of a batch to be encoded. */
struct batch_column {
    const char *name;
    struct column_builder *builder; /* length == rows of the batch */
};

/* Encoded: the schema message, then the batch message. */
struct batch_bytes {
    uint8_t *bytes; /* malloc */
    size_t length;
    size_t schema_length;
};

struct batch_encoder; /* keeps its buffers from batch to batch; one thread */

struct batch_encoder *batch_encoder_new(void); /* NULL: out of memory */
void batch_encoder_free(struct batch_encoder *encoder);

/* The bytes depend on the columns' names, types and values only. The caller frees out->bytes. */
enum spile_status batch_encode(struct batch_encoder *encoder, const struct batch_column *columns, size_t count, uint32_t rows,
                               struct batch_bytes *out, struct spile_error *err);

/* Fills an ArrowSchema for one column; the caller releases it. */
enum spile_status batch_column_schema(struct ArrowSchema *schema, const char *name, const struct column_type *type, struct spile_error *err);

struct batch_reader; /* reads such a file from its beginning */

/* Takes over the file descriptor. `path` is for messages and copied. */
enum spile_status batch_reader_new(struct batch_reader **out, int fd, const char *path, struct spile_error *err);
void batch_reader_free(struct batch_reader *reader); /* NULL is allowed; closes the descriptor */

/* The next batch, moved to the caller (a struct array with a child per column), and the schema in force, which stays the reader's.
 * *more = false at the end. */
enum spile_status batch_reader_next(struct batch_reader *reader, struct ArrowArray *array, const struct ArrowSchema **schema, bool *more,
                                    struct spile_error *err);

#endif
