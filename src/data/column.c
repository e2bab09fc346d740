#include "data/column.h"

#include <stdlib.h>

#define ROWS_FIRST 64u
#define HEAP_FIRST ((size_t)1024)
#define HEAP_MAX ((size_t)INT32_MAX) /* Arrow's offsets of a text column are 32-bit */

size_t column_width(enum data_type type)
{
    switch (type) {
    case TYPE_BOOL:
        return 1;
    case TYPE_TEXT:
    case TYPE_JSON:
    case TYPE_BINARY:
    case TYPE_DATE:
        return 4;
    case TYPE_DECIMAL:
    case TYPE_WEI:
        return 16;
    case TYPE_UNKNOWN:
    case TYPE_DOUBLE:
    case TYPE_TIMESTAMP:
    case TYPE_BIGINT:
    case TYPE_TIME:
        break;
    }
    return 8;
}

static bool grow_rows(struct column_builder *column, uint32_t rows)
{
    uint64_t capacity = column->capacity ? column->capacity : ROWS_FIRST;
    void *valid, *values;

    while (capacity < rows)
        capacity *= 2;
    if (capacity > INT32_MAX)
        return false;
    valid = realloc(column->valid, capacity);
    if (valid)
        column->valid = valid;
    values = realloc(column->values, (capacity + 1) * column_width(column->type.type));
    if (values)
        column->values = values;
    if (!valid || !values)
        return false;
    column->capacity = (uint32_t)capacity;
    if (column_has_heap(column))
        column->i32[0] = 0;
    return true;
}

static void fill_nulls(struct column_builder *column, uint32_t rows)
{
    uint32_t from = column->length, count = rows - from;
    size_t width = column_width(column->type.type);

    memset(column->valid + from, 0, count);
    if (column_has_heap(column))
        for (uint32_t i = from; i < rows; i++)
            column->i32[i + 1] = (int32_t)column->heap_length;
    else
        memset(column->u8 + from * width, 0, count * width);
    column->nulls += count;
    column->length = rows;
}

bool column_prepare_slow(struct column_builder *column, uint32_t row)
{
    if (row >= column->capacity && !grow_rows(column, row + 1))
        return false;
    if (column->length < row)
        fill_nulls(column, row);
    return true;
}

bool column_put_i32(struct column_builder *column, uint32_t row, int32_t value)
{
    if (!column_prepare(column, row))
        return false;
    column->i32[row] = value;
    column->valid[row] = 1;
    column->length = row + 1;
    return true;
}

bool column_put_i128(struct column_builder *column, uint32_t row, int128 value)
{
    if (!column_prepare(column, row))
        return false;
    column->i128[row] = value;
    column->valid[row] = 1;
    column->length = row + 1;
    return true;
}

bool column_heap_grow(struct column_builder *column, size_t bytes)
{
    size_t capacity = column->heap_capacity ? column->heap_capacity : HEAP_FIRST;
    void *heap;

    if (bytes > HEAP_MAX - column->heap_length)
        return false;
    while (capacity - column->heap_length < bytes)
        capacity *= 2;
    heap = realloc(column->heap, capacity);
    if (!heap)
        return false;
    column->heap = heap;
    column->heap_capacity = capacity;
    return true;
}

bool column_reserve(struct column_builder *column, uint32_t rows)
{
    return rows <= column->capacity || grow_rows(column, rows);
}

bool column_pad(struct column_builder *column, uint32_t rows)
{
    if (column->length >= rows)
        return true;
    if (!column_reserve(column, rows))
        return false;
    fill_nulls(column, rows);
    return true;
}

void column_take_back(struct column_builder *column, uint32_t row)
{
    if (column->length <= row)
        return;
    column->length = row;
    if (column_has_heap(column))
        column->heap_length = (size_t)column->i32[row];
    if (column->nulls == row) /* nothing but nulls: as if it had never been touched */
        column->length = column->nulls = 0;
}

size_t column_bytes(const struct column_builder *column)
{
    return column->length * (column_width(column->type.type) + 1) + column->heap_length;
}

void column_clear(struct column_builder *column)
{
    column->length = 0;
    column->nulls = 0;
    column->heap_length = 0;
}

void column_release(struct column_builder *column)
{
    free(column->valid);
    free(column->values);
    free(column->heap);
    *column = (struct column_builder){ .type = column->type };
}
