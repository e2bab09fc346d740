/* Rows as they come in an Arrow batch: column by column. What Arrow has and dlt has not (durations, intervals, unions) is refused by its name. */
#ifndef DATA_ROWS_H
#define DATA_ROWS_H

#include <nanoarrow/nanoarrow.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/text.h"
#include "data/column.h"

struct documents;

struct rows {
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct ArrowArrayView view;
    size_t count;      /* of the rows that are left */
    uint32_t *chosen;  /* which these are, ascending; NULL: the first ones */
};

/* Takes the batch, whatever it returns; the schema is copied. SPILE_SOURCE when the two don't fit, or the batch has a type that is unknown here. */
enum spile_status rows_new(struct rows **out, const struct ArrowSchema *schema, struct ArrowArray *array, struct spile_error *err);
void rows_free(struct rows *rows); /* NULL is allowed */

/* Nanoarrow's validation looks at offsets, but not at indexes: is each in its dictionary? Of a view that was validated. */
bool rows_has_good_indexes(const struct ArrowArrayView *view);

/* The batches of a stream, which is released at the end. *rows NULL: there are no more. A stream without batches has one without rows. */
struct rows_stream {
    struct ArrowArrayStream *stream;
    struct ArrowSchema schema;
    bool begun;
};

enum spile_status rows_stream_begin(struct rows_stream *batches, struct ArrowArrayStream *stream, struct spile_error *err);
enum spile_status rows_stream_next(struct rows_stream *batches, struct rows **rows, struct spile_error *err);
void rows_stream_end(struct rows_stream *batches);

static inline size_t rows_column_count(const struct rows *rows)
{
    return (size_t)rows->schema.n_children;
}

static inline const char *rows_column_name(const struct rows *rows, size_t column)
{
    return rows->schema.children[column]->name ? rows->schema.children[column]->name : "";
}

size_t rows_bytes(const struct rows *rows);

/* Keeps only the rows with a true `keep`. False: out of memory, and nothing was changed. */
bool rows_choose(struct rows *rows, const bool *keep);

/* The rows as bytes for a file of our own, and back: rows_bytes.c. SPILE_FAILED when they are damaged. */
void rows_write(struct text *out, const struct rows *rows);
enum spile_status rows_read(struct rows **out, struct slice bytes, struct spile_error *err);

/* The type that a column of the batch gets. TYPE_UNKNOWN for one of nothing but nulls. */
struct column_type rows_column_type(const struct rows *rows, size_t column);
bool rows_column_is_nullable(const struct rows *rows, size_t column);

/* Can a column of that type take the values as they are? Then rows_put() does so for `count` rows from `from` on, into the builder's rows from `row` on. */
bool rows_fit(const struct rows *rows, size_t column, const struct column_type *type);
enum spile_status rows_put(const struct rows *rows, size_t column, size_t from, uint32_t count, struct column_builder *builder, uint32_t row, struct spile_error *err);

/* Value by value, for all else: SPILE_SOURCE for one that has no equal (nanoseconds, a decimal beyond 38 digits). */
bool rows_is_null(const struct rows *rows, size_t column, size_t row);
enum spile_status rows_value(const struct rows *rows, size_t column, size_t row, yyjson_mut_doc *doc, yyjson_mut_val **value, struct spile_error *err);

/* A row, or each, as a document at the end of `documents`. With `columns` only those (true). */
enum spile_status rows_to_document(const struct rows *rows, size_t row, const bool *columns, struct documents *documents, struct spile_error *err);
enum spile_status rows_to_documents(const struct rows *rows, const bool *columns, struct documents *documents, struct spile_error *err);

#endif
