#include "data/gather.h"

#include <stdlib.h>

#include "data/bits.h"

bool gather_init(struct gather *gather, size_t count)
{
    *gather = (struct gather){ .columns = calloc(count + 1, sizeof(*gather->columns)) };
    gather->count = gather->columns ? count : 0;
    return gather->columns;
}

void gather_release(struct gather *gather)
{
    for (size_t i = 0; i < gather->count; i++)
        column_release(&gather->columns[i]);
    free(gather->columns);
    *gather = (struct gather){ 0 };
}

/* ---- in ------------------------------------------------------------------------------------------------------------------------- */

static bool add_heap(struct column_builder *column, const struct ArrowArray *array, uint32_t from, uint32_t rows)
{
    const int32_t *offsets = (const int32_t *)array->buffers[1] + from;
    size_t length = (size_t)(offsets[rows] - offsets[0]);
    int32_t shift = (int32_t)column->heap_length - offsets[0];

    if (column->heap_capacity - column->heap_length < length && !column_heap_grow(column, length))
        return false;
    if (length)
        memcpy(column->heap + column->heap_length, (const uint8_t *)array->buffers[2] + offsets[0], length);
    column->heap_length += length;
    for (uint32_t i = 0; i < rows; i++)
        column->i32[column->length + 1 + i] = offsets[i + 1] + shift;
    return true;
}

/* Arrays of a package begin at offset 0. */
static bool add_column(struct column_builder *column, const struct ArrowArray *array, uint32_t from, uint32_t rows)
{
    size_t width = column_width(column->type.type);
    uint32_t to = column->length;

    if (!column_reserve(column, to + rows))
        return false;
    if (array->null_count && array->buffers[0])
        column->nulls += bits_unpack(array->buffers[0], from, rows, column->valid + to);
    else
        memset(column->valid + to, 1, rows);
    if (column_has_heap(column)) {
        if (!add_heap(column, array, from, rows))
            return false;
    } else if (column->type.type == TYPE_BOOL) {
        bits_unpack(array->buffers[1], from, rows, column->u8 + to);
    } else {
        memcpy(column->u8 + to * width, (const uint8_t *)array->buffers[1] + from * width, rows * width);
    }
    column->length = to + rows;
    return true;
}

bool gather_add(struct gather *gather, const struct ArrowArray *batch, uint32_t from, uint32_t rows, const int64_t *source)
{
    for (size_t i = 0; i < gather->count; i++) {
        struct column_builder *column = &gather->columns[i];
        size_t before = column_bytes(column);

        if (source[i] >= 0 ? !add_column(column, batch->children[source[i]], from, rows) : !column_pad(column, gather->rows + rows))
            return false;
        gather->bytes += column_bytes(column) - before;
    }
    gather->rows += rows;
    return true;
}

/* ---- out ------------------------------------------------------------------------------------------------------------------------ */

struct taken_column {
    struct ArrowArray array;
    const void *buffers[3];
    struct column_builder column; /* owns values and heap */
    uint8_t *bits;                /* validity, then booleans */
};

struct taken {
    const void *no_buffers[1];
    struct ArrowArray **children;
    struct taken_column *columns;
    size_t count;
};

static void release_column(struct ArrowArray *array)
{
    struct taken_column *taken = array->private_data;

    column_release(&taken->column);
    free(taken->bits);
    taken->bits = NULL;
    array->release = NULL;
}

static void release_taken(struct ArrowArray *array)
{
    struct taken *taken = array->private_data;

    for (size_t i = 0; i < taken->count; i++)
        if (taken->columns[i].array.release)
            taken->columns[i].array.release(&taken->columns[i].array);
    free(taken->children);
    free(taken->columns);
    free(taken);
    array->release = NULL;
}

static bool take_column(struct taken_column *taken, struct column_builder *column, uint32_t rows)
{
    size_t bytes = (rows + 7) / 8;

    taken->bits = malloc(2 * bytes + 1);
    if (!taken->bits)
        return false;
    bits_pack(column->valid, rows, taken->bits);
    taken->buffers[0] = column->nulls ? taken->bits : NULL;
    taken->buffers[1] = column->values;
    taken->buffers[2] = column->heap;
    if (column->type.type == TYPE_BOOL) {
        bits_pack(column->u8, rows, taken->bits + bytes);
        taken->buffers[1] = taken->bits + bytes;
    }
    taken->array = (struct ArrowArray){ .length = rows, .null_count = column->nulls, .n_buffers = column_has_heap(column) ? 3 : 2,
                                        .buffers = taken->buffers, .release = release_column, .private_data = taken };
    taken->column = *column;
    *column = (struct column_builder){ .type = column->type };
    return true;
}

bool gather_take(struct gather *gather, struct ArrowArray *out)
{
    struct taken *taken = calloc(1, sizeof(*taken));

    if (!taken)
        return false;
    taken->children = calloc(gather->count + 1, sizeof(*taken->children));
    taken->columns = calloc(gather->count + 1, sizeof(*taken->columns));
    *out = (struct ArrowArray){ .length = gather->rows, .n_buffers = 1, .n_children = (int64_t)gather->count, .buffers = taken->no_buffers,
                                .children = taken->children, .release = release_taken, .private_data = taken };
    for (; taken->children && taken->columns && taken->count < gather->count; taken->count++) {
        taken->children[taken->count] = &taken->columns[taken->count].array;
        if (!take_column(&taken->columns[taken->count], &gather->columns[taken->count], gather->rows))
            break;
    }
    if (!taken->children || !taken->columns || taken->count < gather->count) {
        release_taken(out);
        return false;
    }
    gather->rows = 0;
    gather->bytes = 0;
    return true;
}
