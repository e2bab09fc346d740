/* Typed column builders: rows are appended one value at a time and leave as one Arrow column.
 *
 * A builder is sparse by construction: rows it was not given are null, and they are filled in only when a later row or the end of
 * the batch comes. So a hundred absent columns cost a row nothing. */
#ifndef DATA_COLUMN_H
#define DATA_COLUMN_H

#include <stdint.h>
#include <string.h>

#include "data/number.h"
#include "data/type.h"

struct column_builder {
    struct column_type type;
    uint32_t length;   /* rows so far, with the nulls before the last value */
    uint32_t nulls;
    uint32_t capacity; /* rows that fit without growing */
    uint8_t *valid;    /* a byte per row */
    union {
        void *values;  /* fixed width: an element per row */
        uint8_t *u8;
        int32_t *i32;  /* dates; in columns of text: where each row begins in `heap`, and at [length] where the last one ends */
        int64_t *i64;
        double *f64;
        int128 *i128;
    };
    uint8_t *heap;     /* text, json, binary */
    size_t heap_length, heap_capacity;
};

/* Bytes per row in `values`. */
size_t column_width(enum data_type type);

static inline bool column_has_heap(const struct column_builder *column)
{
    return column->type.type == TYPE_TEXT || column->type.type == TYPE_JSON || column->type.type == TYPE_BINARY;
}

/* Has the row got a value already? */
static inline bool column_has(const struct column_builder *column, uint32_t row)
{
    return column->length > row;
}

/* Makes room so that `row` can be appended, filling the rows between with nulls. False when memory is out, or when a column of text would
 * pass 2 GiB. Afterwards the caller stores the value and raises length. */
bool column_prepare_slow(struct column_builder *column, uint32_t row);

static inline bool column_prepare(struct column_builder *column, uint32_t row)
{
    if (column->length == row && row < column->capacity)
        return true;
    return column_prepare_slow(column, row);
}

static inline bool column_put_i64(struct column_builder *column, uint32_t row, int64_t value)
{
    if (!column_prepare(column, row))
        return false;
    column->i64[row] = value;
    column->valid[row] = 1;
    column->length = row + 1;
    return true;
}

static inline bool column_put_f64(struct column_builder *column, uint32_t row, double value)
{
    if (!column_prepare(column, row))
        return false;
    column->f64[row] = value;
    column->valid[row] = 1;
    column->length = row + 1;
    return true;
}

static inline bool column_put_bool(struct column_builder *column, uint32_t row, bool value)
{
    if (!column_prepare(column, row))
        return false;
    column->u8[row] = value;
    column->valid[row] = 1;
    column->length = row + 1;
    return true;
}

bool column_put_i32(struct column_builder *column, uint32_t row, int32_t value);
bool column_put_i128(struct column_builder *column, uint32_t row, int128 value);

bool column_heap_grow(struct column_builder *column, size_t bytes);

static inline bool column_put_text(struct column_builder *column, uint32_t row, const void *text, size_t length)
{
    if (!column_prepare(column, row))
        return false;
    if (column->heap_capacity - column->heap_length < length && !column_heap_grow(column, length))
        return false;
    if (length) /* an empty column has no heap yet */
        memcpy(column->heap + column->heap_length, text, length);
    column->heap_length += length;
    column->i32[row + 1] = (int32_t)column->heap_length;
    column->valid[row] = 1;
    column->length = row + 1;
    return true;
}

/* Makes room for `rows` rows in all. */
bool column_reserve(struct column_builder *column, uint32_t rows);

/* Fills up with nulls to `rows`. */
bool column_pad(struct column_builder *column, uint32_t rows);

/* Takes back the value of row `row`, when it has one, which must be the last. */
void column_take_back(struct column_builder *column, uint32_t row);

/* Bytes held by values so far (not capacity): what a batch of it weighs. */
size_t column_bytes(const struct column_builder *column);

/* Empty, memory kept. */
void column_clear(struct column_builder *column);
void column_release(struct column_builder *column);

#endif
