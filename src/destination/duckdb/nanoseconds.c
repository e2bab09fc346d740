#include "destination/duckdb/nanoseconds.h"

#include "data/timestamp.h"

#define MICROS_LEAST (-106751 * MICROS_PER_DAY) /* 64 bits would do for some hours of the day before, but DuckDB does not write them as text */
#define MICROS_MOST (INT64_MAX / 1000)

bool nanoseconds_type(const struct column_type *type)
{
    return type->type == TYPE_TIMESTAMP && !type->timezone && type->precision > 6;
}

static bool is_checked(const struct ingest_column *column)
{
    return column->in_stream && nanoseconds_type(&column->column->type);
}

bool nanoseconds_any(const struct ingest *ingest)
{
    for (size_t i = 0; i < ingest->column_count; i++)
        if (is_checked(&ingest->columns[i]))
            return true;
    return false;
}

static bool is_null(const struct ArrowArray *array, int64_t at)
{
    const uint8_t *validity = array->buffers[0];

    return array->null_count && validity && !(validity[at / 8] >> (at % 8) & 1);
}

/* The first row whose value is out of range; -1: there is none. */
static int64_t find_beyond(const struct ArrowArray *array, int64_t from, int64_t rows)
{
    const int64_t *values = array->buffers[1];

    for (int64_t row = 0; row < rows; row++) {
        int64_t at = array->offset + from + row;

        if (!is_null(array, at) && (values[at] > MICROS_MOST || values[at] < MICROS_LEAST))
            return row;
    }
    return -1;
}

static enum spile_status fail_beyond(const struct column *column, int64_t micros, uint64_t row, struct spile_error *err)
{
    char text[TIMESTAMP_CHARS];

    timestamp_format(micros, text);
    spile_fail(err, SPILE_DESTINATION, "timestamp %s is out of range for type TIMESTAMP_NS, which holds 1677-09-22 to 2262-04-11", text);
    spile_hint(err, SPILE_DESTINATION, "load into another table, where the column has a precision of 6, or correct the value at the source");
    return spile_within(err, SPILE_DESTINATION, "column \"%s\", row %llu", column->name, (unsigned long long)row);
}

enum spile_status nanoseconds_check(const struct ingest *ingest, const struct ArrowArray *batch, uint64_t rows, struct spile_error *err)
{
    int64_t child = 0;

    for (size_t i = 0; i < ingest->column_count; i++) {
        const struct ingest_column *column = &ingest->columns[i];
        const struct ArrowArray *array = column->in_stream ? batch->children[child++] : NULL;
        int64_t row = is_checked(column) ? find_beyond(array, batch->offset, batch->length) : -1;

        if (row >= 0)
            return fail_beyond(column->column, ((const int64_t *)array->buffers[1])[array->offset + batch->offset + row], rows + (uint64_t)row + 1, err);
    }
    return SPILE_OK;
}
