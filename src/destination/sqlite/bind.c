#include "destination/sqlite/bind.h"

#include <math.h>

#include "base/text.h"

/* ---- by type -------------------------------------------------------------------------------------------------------------------- */

static struct slice heap_value(const struct bound_column *column, int64_t at)
{
    const int32_t *offsets = (const int32_t *)column->values + at;

    return (struct slice){ offsets[1] > offsets[0] ? column->heap + offsets[0] : "", (size_t)(offsets[1] - offsets[0]) };
}

static int bind_slice(sqlite3_stmt *statement, int index, struct slice text)
{
    return sqlite3_bind_text(statement, index, text.text, (int)text.length, SQLITE_STATIC);
}

static int bind_own_text(sqlite3_stmt *statement, const struct bound_column *column, size_t length)
{
    return bind_slice(statement, column->index, (struct slice){ column->text, length });
}

static int bind_text(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    return bind_slice(statement, column->index, heap_value(column, at));
}

static int bind_binary(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    struct slice bytes = heap_value(column, at);

    return sqlite3_bind_blob(statement, column->index, bytes.text, (int)bytes.length, SQLITE_STATIC);
}

static int bind_integer(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    return sqlite3_bind_int64(statement, column->index, ((const int64_t *)column->values)[at]);
}

static int bind_bool(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    return sqlite3_bind_int(statement, column->index, ((const uint8_t *)column->values)[at / 8] >> (at % 8) & 1);
}

/* SQLite makes nulls of NaN. */
static int bind_double(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    double value = ((const double *)column->values)[at];

    return isnan(value) ? BIND_REFUSED : sqlite3_bind_double(statement, column->index, value);
}

/* SQLite's own text of a number has 15 digits. */
static int bind_double_text(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    return bind_own_text(statement, column, double_format(((const double *)column->values)[at], column->text));
}

static int bind_date(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    return bind_own_text(statement, column, date_format(((const int32_t *)column->values)[at], column->text));
}

static int bind_timestamp(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    return bind_own_text(statement, column, sqlite_timestamp_text(((const int64_t *)column->values)[at], column->text));
}

static int bind_time(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    return bind_own_text(statement, column, sqlite_time_text(((const int64_t *)column->values)[at], column->text));
}

/* JSON is text, but a column of the type JSON is one of numbers to SQLite: it would take a number for one, and a long one for one with fewer digits. */
static int bind_json(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    struct slice json = heap_value(column, at);
    int64_t integer;
    double real;

    if (!json.length || (*json.text != '-' && !ascii_is_digit(*json.text)))
        return bind_slice(statement, column->index, json);
    if (integer_from_text(json.text, json.length, &integer))
        return sqlite3_bind_int64(statement, column->index, integer);
    for (size_t i = 0; i < json.length; i++)
        if (json.text[i] == '.' || json.text[i] == 'e' || json.text[i] == 'E')
            return double_from_text(json.text, json.length, &real) ? sqlite3_bind_double(statement, column->index, real) : BIND_REFUSED;
    return BIND_REFUSED;
}

/* ---- decimals ------------------------------------------------------------------------------------------------------------------- */

static int128 decimal_value(const struct bound_column *column, int64_t at)
{
    int128 value;

    memcpy(&value, (const uint8_t *)column->values + (size_t)at * sizeof(value), sizeof(value));
    return value;
}

static int bind_decimal(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    return bind_own_text(statement, column, decimal_format(decimal_value(column, at), column->scale, column->text));
}

/* Into a column that makes numbers of texts. */
static int bind_decimal_number(sqlite3_stmt *statement, struct bound_column *column, int64_t at)
{
    int128 value = decimal_value(column, at);
    size_t length = decimal_shorten(value, column->scale, column->text);
    int64_t whole;
    double real;

    if (!decimal_survives(value, column->scale))
        return BIND_REFUSED;
    if (decimal_is_whole(value, column->scale, &whole))
        return sqlite3_bind_int64(statement, column->index, whole);
    return double_from_text(column->text, length, &real) ? sqlite3_bind_double(statement, column->index, real) : BIND_REFUSED;
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

void bind_choose(struct bound_column *column)
{
    const struct column_type *type = &column->ingest->column->type;
    bool makes_numbers = column->affinity != AFFINITY_TEXT && column->affinity != AFFINITY_NONE;

    switch (type->type) {
    case TYPE_TEXT:
    case TYPE_UNKNOWN:
        column->bind = bind_text;
        break;
    case TYPE_DOUBLE:
        column->bind = column->affinity == AFFINITY_TEXT ? bind_double_text : bind_double;
        break;
    case TYPE_BOOL:
        column->bind = bind_bool;
        break;
    case TYPE_TIMESTAMP:
        column->bind = bind_timestamp;
        break;
    case TYPE_BIGINT:
        column->bind = bind_integer;
        break;
    case TYPE_BINARY:
        column->bind = bind_binary;
        break;
    case TYPE_JSON:
        column->bind = makes_numbers ? bind_json : bind_text;
        break;
    case TYPE_DECIMAL:
    case TYPE_WEI:
        column->scale = column_type_scale(type);
        column->bind = makes_numbers ? bind_decimal_number : bind_decimal;
        break;
    case TYPE_DATE:
        column->bind = bind_date;
        break;
    case TYPE_TIME:
        column->bind = bind_time;
        break;
    }
}

bool bind_look_at(struct bound_column *column, const struct ArrowArray *array, int64_t offset)
{
    enum data_type type = column->ingest->column->type.type;
    bool heap = type == TYPE_TEXT || type == TYPE_JSON || type == TYPE_BINARY;

    if (array->n_buffers != (heap ? 3 : 2))
        return false;
    column->validity = array->null_count ? array->buffers[0] : NULL;
    column->values = array->buffers[1];
    column->heap = heap ? array->buffers[2] : NULL;
    column->offset = array->offset + offset;
    return column->values || !array->length;
}

int bind_otherwise(sqlite3_stmt *statement, const struct bound_column *column)
{
    const char *otherwise = column->ingest->otherwise;

    return otherwise ? bind_slice(statement, column->index, slice_of(otherwise)) : sqlite3_bind_null(statement, column->index);
}

/* ---- refusal -------------------------------------------------------------------------------------------------------------------- */

static struct slice refused_value(const struct bound_column *column, int64_t at, char text[64])
{
    switch (column->ingest->column->type.type) {
    case TYPE_DECIMAL:
    case TYPE_WEI:
        return (struct slice){ text, decimal_shorten(decimal_value(column, at), column->scale, text) };
    case TYPE_JSON:
        return heap_value(column, at);
    default:
        return slice_of("NaN");
    }
}

enum spile_status bind_fail(const struct bound_column *column, int64_t row, struct spile_error *err)
{
    char text[64], shown[SHORTEN_BYTES];
    struct slice value = refused_value(column, row + column->offset, text);

    spile_fail(err, SPILE_DESTINATION, "a column of type %s does not keep %s", column->there, shorten(shown, value.text, value.length));
    if (column->ingest->column->type.type == TYPE_DOUBLE)
        spile_hint(err, SPILE_DESTINATION, "SQLite makes null of it: put null in its place");
    else
        spile_hint(err, SPILE_DESTINATION, "SQLite keeps 15 digits there: load into another table, or make the column anew with type TEXT");
    return spile_within(err, SPILE_DESTINATION, "column \"%s\"", column->ingest->column->name);
}
