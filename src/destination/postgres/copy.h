/* Rows in the binary format of Postgres' COPY, from Arrow columns. What a value becomes is decided once, by the type that the table's column has; most
 * tables were made by us, but a user may have made columns narrower or wider than we would. A value that such a column can't hold is found here, where
 * column and row are known, and never changed to fit.
 *
 * The format: a header, for each row a count of fields, for each field its length in bytes (-1: null) and its bytes, and a count of -1 at the end. */
#ifndef POSTGRES_COPY_H
#define POSTGRES_COPY_H

#include <nanoarrow/nanoarrow.h>

#include "base/error.h"
#include "data/type.h"
#include "destination/postgres/wire.h"

enum copy_fault { COPY_FINE, COPY_OUT_OF_RANGE, COPY_INEXACT, COPY_TOO_LONG, COPY_NUL, COPY_JSON_NUL, COPY_NO_UUID, COPY_NO_MEMORY };

struct copy_writer;
struct copy_column;

/* Writes the value of a row, which has one. */
typedef enum copy_fault copy_encode(struct copy_writer *writer, const struct copy_column *column, int64_t row);

struct copy_column {
    copy_encode *encode;       /* NULL: it is null in every row that `otherwise` does not fill */
    struct column_type source;
    uint32_t oid;              /* of the table's column */
    int typmod;
    size_t bytes_max;          /* of a field, but for what a text needs */
    const char *otherwise;     /* text of rows without a value; NULL: null */
    /* of the batch: */
    const uint8_t *valid;      /* bits; NULL: no row is null */
    const void *values;
    const int32_t *offsets;    /* of texts, which are in `values` */
    int64_t first;             /* the batch's first row is this element */
    bool is_suspect;           /* some text has what Postgres does not take */
};

struct copy_writer {
    struct copy_column *columns;
    size_t count;
    uint8_t *bytes;
    size_t length, capacity;
    size_t row_bytes;          /* room that a row needs, without its texts */
};

/* Is there a way for such values into a column of that type? */
bool copy_can(enum data_type source, uint32_t oid);

/* Prepares a column that has values. False: there is no way. */
bool copy_bind(struct copy_column *column, const struct column_type *source, uint32_t oid, int typmod);

/* `columns` are the caller's, and bound. False: out of memory. The writer then has the header. */
bool copy_begin(struct copy_writer *writer, struct copy_column *columns, size_t count);
void copy_release(struct copy_writer *writer); /* a zeroed one is allowed */

/* The batch's column for this one, until the next call. */
void copy_take_batch(struct copy_column *column, const struct ArrowArray *array);

/* Writes rows from *row on, until `rows` or until there are about `bytes` bytes; *row is then the next one, or the one at fault and *column the
 * faulty column. */
enum copy_fault copy_rows(struct copy_writer *writer, int64_t *row, int64_t rows, size_t bytes, size_t *column);

bool copy_end(struct copy_writer *writer); /* adds the end; false: out of memory */

/* What is wrong with the value, and what to do. `type`: the column's, in Postgres' words. */
enum spile_status copy_fail(const struct copy_column *column, int64_t row, enum copy_fault fault, const char *type, struct spile_error *err);

#endif
