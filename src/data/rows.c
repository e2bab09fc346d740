#include "data/rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "data/document.h"
#include "data/documents.h"
#include "data/timestamp.h"

#define MILLIS_PER_DAY (MICROS_PER_DAY / 1000)
#define DEPTH_MAX 128 /* of Arrow's own types */

/* ---- types ---------------------------------------------------------------------------------------------------------------------- */

static const struct ArrowSchema *value_schema(const struct ArrowSchema *schema)
{
    return schema->dictionary ? schema->dictionary : schema;
}

/* Of a schema that was checked. */
static struct ArrowSchemaView view_of(const struct ArrowSchema *schema)
{
    struct ArrowSchemaView view;

    if (ArrowSchemaViewInit(&view, value_schema(schema), NULL))
        view.type = NANOARROW_TYPE_UNINITIALIZED;
    return view;
}

/* Digits of the fraction of a second; -1: six, which is what columns have. */
static int time_precision(enum ArrowTimeUnit unit)
{
    return unit == NANOARROW_TIME_UNIT_SECOND ? 0 : unit == NANOARROW_TIME_UNIT_MILLI ? 3 : -1;
}

static struct column_type type_in(const struct ArrowSchemaView *view)
{
    struct column_type type = { .precision = -1, .scale = -1, .timezone = true };

    switch (view->type) {
    case NANOARROW_TYPE_BOOL:
        type.type = TYPE_BOOL;
        break;
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_UINT8:
        type = (struct column_type){ TYPE_BIGINT, view->type == NANOARROW_TYPE_INT8 ? 8 : 16, -1, true };
        break;
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_UINT16: /* an unsigned one has room in the next larger */
        type = (struct column_type){ TYPE_BIGINT, 32, -1, true };
        break;
    case NANOARROW_TYPE_INT64:
    case NANOARROW_TYPE_UINT32:
    case NANOARROW_TYPE_UINT64:
        type.type = TYPE_BIGINT;
        break;
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DOUBLE:
        type.type = TYPE_DOUBLE;
        break;
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW:
        type.type = TYPE_TEXT;
        break;
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
        type.type = TYPE_BINARY;
        break;
    case NANOARROW_TYPE_FIXED_SIZE_BINARY:
        type = (struct column_type){ TYPE_BINARY, view->fixed_size, -1, true };
        break;
    case NANOARROW_TYPE_DATE32:
    case NANOARROW_TYPE_DATE64:
        type.type = TYPE_DATE;
        break;
    case NANOARROW_TYPE_TIMESTAMP:
        type = (struct column_type){ TYPE_TIMESTAMP, time_precision(view->time_unit), -1, true };
        break;
    case NANOARROW_TYPE_TIME32:
    case NANOARROW_TYPE_TIME64:
        type = (struct column_type){ TYPE_TIME, time_precision(view->time_unit), -1, true };
        break;
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256:
        type = (struct column_type){ TYPE_DECIMAL, view->decimal_precision, view->decimal_scale, true };
        break;
    case NANOARROW_TYPE_STRUCT:
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
    case NANOARROW_TYPE_MAP:
        type.type = TYPE_JSON;
        break;
    default:
        break;
    }
    return type;
}

static struct column_type type_of(const struct ArrowSchema *schema)
{
    struct ArrowSchemaView view = view_of(schema);

    return type_in(&view);
}

static enum spile_status fail_type(const struct ArrowSchema *schema, const char *name, const char *why, struct spile_error *err)
{
    char text[64];

    ArrowSchemaToString(schema, text, sizeof(text), false);
    spile_fail(err, SPILE_SOURCE, "column \"%s\" has Arrow's type %s, %s", name, text, why);
    return spile_hint(err, SPILE_SOURCE, "cast it to another type before it is emitted");
}

/* Of a column, and of all in it. */
static enum spile_status check_type(const struct ArrowSchema *schema, const char *name, int depth, struct spile_error *err)
{
    const struct ArrowSchema *values = value_schema(schema);
    struct ArrowSchemaView view;
    struct column_type type;
    enum spile_status status = SPILE_OK;

    if (depth == DEPTH_MAX)
        return spile_fail(err, SPILE_SOURCE, "column \"%s\" is nested deeper than %d levels", name, DEPTH_MAX);
    if (ArrowSchemaViewInit(&view, schema, NULL) || ArrowSchemaViewInit(&view, values, NULL))
        return fail_type(schema, name, "which is not valid", err);
    type = type_of(schema);
    if (type.type == TYPE_UNKNOWN && view.type != NANOARROW_TYPE_NA)
        return fail_type(schema, name, "which no column can have", err);
    if (type.type == TYPE_DECIMAL && (type.precision > DECIMAL_PRECISION_DEFAULT || type.scale < 0))
        return fail_type(schema, name, "which is more than the 38 digits of a decimal", err);
    for (int64_t i = 0; !status && i < values->n_children; i++)
        status = check_type(values->children[i], name, depth + 1, err);
    return status;
}

static enum spile_status check_types(const struct ArrowSchema *schema, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (strcmp(schema->format, "+s"))
        return spile_fail(err, SPILE_SOURCE, "the Arrow stream is not one of tables: its type is \"%s\"", schema->format);
    for (int64_t i = 0; !status && i < schema->n_children; i++)
        status = check_type(schema->children[i], schema->children[i]->name ? schema->children[i]->name : "", 0, err);
    return status;
}

struct column_type rows_column_type(const struct rows *rows, size_t column)
{
    return type_of(rows->schema.children[column]);
}

bool rows_column_is_nullable(const struct rows *rows, size_t column)
{
    return rows->schema.children[column]->flags & ARROW_FLAG_NULLABLE;
}

/* ---- life ----------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_code(int code, const char *what, struct spile_error *err)
{
    return code == ENOMEM ? spile_fail_nomem(err) : spile_fail(err, SPILE_SOURCE, "the Arrow batch is not valid: %s", what);
}

bool rows_has_good_indexes(const struct ArrowArrayView *view)
{
    bool good = !view->dictionary || rows_has_good_indexes(view->dictionary);

    for (int64_t i = 0; good && view->dictionary && i < view->length; i++)
        good = ArrowArrayViewIsNull(view, i) || (uint64_t)ArrowArrayViewGetIntUnsafe(view, i) < (uint64_t)view->dictionary->length;
    for (int64_t i = 0; good && i < view->n_children; i++)
        good = rows_has_good_indexes(view->children[i]);
    return good;
}

static enum spile_status init(struct rows *rows, const struct ArrowSchema *schema, struct spile_error *err)
{
    struct ArrowError arrow = { .message = "" };
    enum spile_status status = check_types(schema, err);
    int code = 0;

    if (!status && rows->array.length > UINT32_MAX)
        status = spile_fail(err, SPILE_SOURCE, "an Arrow batch of %lld rows is too large", (long long)rows->array.length);
    if (status)
        return status;
    code = ArrowSchemaDeepCopy(schema, &rows->schema);
    if (!code)
        code = ArrowArrayViewInitFromSchema(&rows->view, &rows->schema, &arrow);
    if (!code)
        code = ArrowArrayViewSetArray(&rows->view, &rows->array, &arrow);
    if (!code)
        code = ArrowArrayViewValidate(&rows->view, NANOARROW_VALIDATION_LEVEL_FULL, &arrow);
    if (!code && !rows_has_good_indexes(&rows->view))
        return fail_code(EINVAL, "an index that is not in its dictionary", err);
    return code ? fail_code(code, arrow.message, err) : SPILE_OK;
}

enum spile_status rows_new(struct rows **out, const struct ArrowSchema *schema, struct ArrowArray *array, struct spile_error *err)
{
    struct rows *rows = calloc(1, sizeof(*rows));
    enum spile_status status;

    *out = NULL;
    if (!rows) {
        ArrowArrayRelease(array);
        return spile_fail_nomem(err);
    }
    ArrowArrayMove(array, &rows->array);
    rows->count = (size_t)rows->array.length;
    status = init(rows, schema, err);
    if (status)
        rows_free(rows);
    else
        *out = rows;
    return status;
}

void rows_free(struct rows *rows)
{
    if (!rows)
        return;
    ArrowArrayViewReset(&rows->view);
    if (rows->array.release)
        ArrowArrayRelease(&rows->array);
    if (rows->schema.release)
        ArrowSchemaRelease(&rows->schema);
    free(rows->chosen);
    free(rows);
}

/* ---- streams --------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_stream(struct ArrowArrayStream *stream, int code, struct spile_error *err)
{
    const char *reason = code == ENOMEM ? NULL : stream->get_last_error(stream);

    return code == ENOMEM ? spile_fail_nomem(err) : spile_fail(err, SPILE_SOURCE, "the Arrow stream failed: %s", reason ? reason : strerror(code));
}

enum spile_status rows_stream_begin(struct rows_stream *batches, struct ArrowArrayStream *stream, struct spile_error *err)
{
    int code;

    *batches = (struct rows_stream){ .stream = stream };
    if (!stream || !stream->release)
        return spile_fail(err, SPILE_USAGE, "no Arrow stream given, or one that was released");
    code = stream->get_schema(stream, &batches->schema);
    return code ? fail_stream(stream, code, err) : SPILE_OK;
}

static int make_empty(struct ArrowArray *array, const struct ArrowSchema *schema)
{
    int code = ArrowArrayInitFromSchema(array, schema, NULL);

    if (!code)
        code = ArrowArrayFinishBuildingDefault(array, NULL);
    if (code && array->release)
        ArrowArrayRelease(array);
    return code;
}

enum spile_status rows_stream_next(struct rows_stream *batches, struct rows **rows, struct spile_error *err)
{
    struct ArrowArray array = { 0 };
    int code = batches->stream->get_next(batches->stream, &array);

    *rows = NULL;
    if (!code && !array.release && !batches->begun)
        code = make_empty(&array, &batches->schema);
    batches->begun = true;
    if (code)
        return fail_stream(batches->stream, code, err);
    return array.release ? rows_new(rows, &batches->schema, &array, err) : SPILE_OK;
}

void rows_stream_end(struct rows_stream *batches)
{
    if (batches->schema.release)
        ArrowSchemaRelease(&batches->schema);
    if (batches->stream && batches->stream->release)
        ArrowArrayStreamRelease(batches->stream);
}

/* ---- size and choice --------------------------------------------------------------------------------------------------------------- */

static size_t view_bytes(const struct ArrowArrayView *view)
{
    size_t bytes = 0;

    for (int i = 0; i < NANOARROW_MAX_FIXED_BUFFERS; i++)
        bytes += view->buffer_views[i].size_bytes > 0 ? (size_t)view->buffer_views[i].size_bytes : 0;
    for (int64_t i = 0; i < view->n_children; i++)
        bytes += view_bytes(view->children[i]);
    return bytes;
}

size_t rows_bytes(const struct rows *rows)
{
    return view_bytes(&rows->view);
}

bool rows_choose(struct rows *rows, const bool *keep)
{
    uint32_t *chosen = malloc((rows->count + 1) * sizeof(*chosen));
    size_t count = 0;

    if (!chosen)
        return false;
    for (size_t i = 0; i < rows->count; i++)
        if (keep[i])
            chosen[count++] = rows->chosen ? rows->chosen[i] : (uint32_t)i;
    free(rows->chosen);
    rows->chosen = chosen;
    rows->count = count;
    return true;
}

/* ---- elements ------------------------------------------------------------------------------------------------------------------- */

/* Where a value is: behind the indexes of a dictionary in the dictionary. */
struct element {
    const struct ArrowSchema *schema;
    const struct ArrowArrayView *view;
    int64_t index;
    bool null;
};

static struct element element_in(const struct ArrowSchema *schema, const struct ArrowArrayView *view, int64_t index)
{
    struct element e = { schema, view, index, ArrowArrayViewIsNull(view, index) };

    if (!e.null && schema->dictionary) {
        e.index = ArrowArrayViewGetIntUnsafe(view, index);
        e.view = view->dictionary;
        e.schema = schema->dictionary;
        e.null = ArrowArrayViewIsNull(e.view, e.index);
    }
    e.null |= !strcmp(schema->format, "n"); /* of the type that has only nulls */
    return e;
}

static inline int64_t index_of(const struct rows *rows, size_t row)
{
    return rows->view.offset + (rows->chosen ? rows->chosen[row] : (int64_t)row);
}

static struct element element_of(const struct rows *rows, size_t column, size_t row)
{
    return element_in(rows->schema.children[column], rows->view.children[column], index_of(rows, row));
}

bool rows_is_null(const struct rows *rows, size_t column, size_t row)
{
    return element_of(rows, column, row).null;
}

/* ---- values as documents ------------------------------------------------------------------------------------------------------------ */

struct making {
    yyjson_mut_doc *doc;
    const char *column;
    struct spile_error *err;
};

static enum spile_status make(const struct making *m, struct element e, yyjson_mut_val **value);

static enum spile_status given(const struct making *m, const yyjson_mut_val *value)
{
    return value ? SPILE_OK : spile_fail_nomem(m->err);
}

static enum spile_status make_typed(const struct making *m, enum document_kind kind, struct slice text, yyjson_mut_val **value)
{
    *value = document_typed_value(m->doc, kind, text);
    return given(m, *value);
}

static enum spile_status fail_value(const struct making *m, const char *what)
{
    return spile_fail(m->err, SPILE_SOURCE, "a value of column \"%s\" %s", m->column, what);
}

static enum spile_status make_unsigned(const struct making *m, struct element e, yyjson_mut_val **value)
{
    *value = yyjson_mut_uint(m->doc, ArrowArrayViewGetUIntUnsafe(e.view, e.index));
    return given(m, *value);
}

static enum spile_status make_double(const struct making *m, struct element e, yyjson_mut_val **value)
{
    double number = ArrowArrayViewGetDoubleUnsafe(e.view, e.index);

    *value = isfinite(number) ? yyjson_mut_real(m->doc, number) : NULL;
    return isfinite(number) ? given(m, *value) : fail_value(m, "is NaN or infinite, which has no equal in JSON");
}

static enum spile_status make_decimal(const struct making *m, struct element e, const struct ArrowSchemaView *type, yyjson_mut_val **value)
{
    struct ArrowDecimal decimal;
    struct ArrowBuffer digits;
    enum spile_status status;

    ArrowDecimalInit(&decimal, type->decimal_bitwidth, type->decimal_precision, type->decimal_scale);
    ArrowArrayViewGetDecimalUnsafe(e.view, e.index, &decimal);
    ArrowBufferInit(&digits);
    if (ArrowDecimalAppendStringToBuffer(&decimal, &digits))
        status = spile_fail_nomem(m->err);
    else
        status = make_typed(m, DOCUMENT_DECIMAL, (struct slice){ (const char *)digits.data, (size_t)digits.size_bytes }, value);
    ArrowBufferReset(&digits);
    return status;
}

/* Into microseconds. False: digits would be lost, or it is out of 64 bits. */
static bool micros_of(int64_t number, enum ArrowTimeUnit unit, int64_t *micros)
{
    int64_t factor = unit == NANOARROW_TIME_UNIT_SECOND ? MICROS_PER_SECOND : unit == NANOARROW_TIME_UNIT_MILLI ? 1000 : 1;

    if (unit == NANOARROW_TIME_UNIT_NANO) {
        *micros = number / 1000;
        return number % 1000 == 0;
    }
    return !__builtin_mul_overflow(number, factor, micros);
}

#define LOSES_NANOSECONDS "has nanoseconds, which would be lost"
#define OUT_OF_YEARS "is not within the years 1 to 9999"

static enum spile_status make_timestamp(const struct making *m, struct element e, const struct ArrowSchemaView *type, yyjson_mut_val **value)
{
    char text[TIMESTAMP_CHARS];
    int64_t micros;
    size_t length;

    if (!micros_of(ArrowArrayViewGetIntUnsafe(e.view, e.index), type->time_unit, &micros))
        return fail_value(m, type->time_unit == NANOARROW_TIME_UNIT_NANO ? LOSES_NANOSECONDS : OUT_OF_YEARS);
    if (!timestamp_in_years(micros))
        return fail_value(m, OUT_OF_YEARS);
    length = timestamp_format(micros, text);
    if (!type->timezone || !*type->timezone)
        length -= strlen("+00:00");
    return make_typed(m, DOCUMENT_TIMESTAMP, (struct slice){ text, length }, value);
}

static int64_t days_of(struct element e, enum ArrowType type)
{
    int64_t number = ArrowArrayViewGetIntUnsafe(e.view, e.index);

    return type == NANOARROW_TYPE_DATE64 ? number / MILLIS_PER_DAY - (number % MILLIS_PER_DAY < 0) : number;
}

static enum spile_status make_date(const struct making *m, struct element e, const struct ArrowSchemaView *type, yyjson_mut_val **value)
{
    int64_t days = days_of(e, type->type);
    char text[TIMESTAMP_CHARS];

    if (!date_in_years(days))
        return fail_value(m, OUT_OF_YEARS);
    return make_typed(m, DOCUMENT_DATE, (struct slice){ text, date_format((int32_t)days, text) }, value);
}

static enum spile_status make_time(const struct making *m, struct element e, const struct ArrowSchemaView *type, yyjson_mut_val **value)
{
    char text[TIMESTAMP_CHARS];
    int64_t micros;

    if (!micros_of(ArrowArrayViewGetIntUnsafe(e.view, e.index), type->time_unit, &micros))
        return fail_value(m, LOSES_NANOSECONDS);
    if (!time_in_day(micros))
        return fail_value(m, "is not a time of the day");
    return make_typed(m, DOCUMENT_TIME, (struct slice){ text, time_format(micros, text) }, value);
}

static struct slice bytes_at(const struct ArrowArrayView *view, int64_t index)
{
    struct ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(view, index);

    return (struct slice){ bytes.size_bytes ? bytes.data.as_char : "", (size_t)bytes.size_bytes };
}

#define NOT_UTF8 "is not UTF-8"

static bool is_utf8(struct slice text)
{
    return utf8_is_valid(text.text, text.length);
}

static enum spile_status make_text(const struct making *m, struct element e, yyjson_mut_val **value)
{
    struct slice text = bytes_at(e.view, e.index);

    if (!is_utf8(text))
        return fail_value(m, NOT_UTF8);
    *value = yyjson_mut_strncpy(m->doc, text.text, text.length);
    return given(m, *value);
}

static enum spile_status make_struct(const struct making *m, struct element e, yyjson_mut_val **value)
{
    enum spile_status status = SPILE_OK;

    *value = yyjson_mut_obj(m->doc);
    for (int64_t i = 0; !status && *value && i < e.schema->n_children; i++) {
        yyjson_mut_val *child, *key = yyjson_mut_strcpy(m->doc, e.schema->children[i]->name ? e.schema->children[i]->name : "");

        status = make(m, element_in(e.schema->children[i], e.view->children[i], e.view->offset + e.index), &child);
        if (!status && !yyjson_mut_obj_add(*value, key, child))
            status = spile_fail_nomem(m->err);
    }
    return status ? status : given(m, *value);
}

/* Elements of a list lie one behind the other in its child. */
static void list_range(struct element e, int64_t *from, int64_t *to)
{
    int64_t at = e.view->offset + e.index;

    if (e.view->storage_type == NANOARROW_TYPE_FIXED_SIZE_LIST) {
        *from = at * e.view->layout.child_size_elements;
        *to = *from + e.view->layout.child_size_elements;
    } else {
        *from = ArrowArrayViewListChildOffset(e.view, at);
        *to = ArrowArrayViewListChildOffset(e.view, at + 1);
    }
}

static enum spile_status make_list(const struct making *m, struct element e, yyjson_mut_val **value)
{
    int64_t from, to;
    enum spile_status status = SPILE_OK;

    *value = yyjson_mut_arr(m->doc);
    list_range(e, &from, &to);
    for (int64_t i = from; !status && *value && i < to; i++) {
        yyjson_mut_val *child;

        status = make(m, element_in(e.schema->children[0], e.view->children[0], i), &child);
        if (!status && !yyjson_mut_arr_append(*value, child))
            status = spile_fail_nomem(m->err);
    }
    return status ? status : given(m, *value);
}

/* What is null stays null: in a column, in a list, in a struct. */
static enum spile_status make(const struct making *m, struct element e, yyjson_mut_val **value)
{
    struct ArrowSchemaView type;

    if (e.null) {
        *value = yyjson_mut_null(m->doc);
        return given(m, *value);
    }
    type = view_of(e.schema);
    switch (type_in(&type).type) {
    case TYPE_BOOL:
        *value = yyjson_mut_bool(m->doc, ArrowArrayViewGetIntUnsafe(e.view, e.index));
        return given(m, *value);
    case TYPE_BIGINT:
        if (type.type == NANOARROW_TYPE_UINT64)
            return make_unsigned(m, e, value);
        *value = yyjson_mut_sint(m->doc, ArrowArrayViewGetIntUnsafe(e.view, e.index));
        return given(m, *value);
    case TYPE_DOUBLE:
        return make_double(m, e, value);
    case TYPE_TEXT:
        return make_text(m, e, value);
    case TYPE_BINARY:
        return make_typed(m, DOCUMENT_BINARY, bytes_at(e.view, e.index), value);
    case TYPE_DECIMAL:
        return make_decimal(m, e, &type, value);
    case TYPE_TIMESTAMP:
        return make_timestamp(m, e, &type, value);
    case TYPE_DATE:
        return make_date(m, e, &type, value);
    case TYPE_TIME:
        return make_time(m, e, &type, value);
    case TYPE_JSON:
        return type.type == NANOARROW_TYPE_STRUCT ? make_struct(m, e, value) : make_list(m, e, value);
    case TYPE_WEI:
    case TYPE_UNKNOWN:
        break;
    }
    return fail_value(m, "has a type that no column can have");
}

enum spile_status rows_value(const struct rows *rows, size_t column, size_t row, yyjson_mut_doc *doc, yyjson_mut_val **value, struct spile_error *err)
{
    struct making m = { doc, rows_column_name(rows, column), err };

    return make(&m, element_of(rows, column, row), value);
}

enum spile_status rows_to_document(const struct rows *rows, size_t row, const bool *columns, struct documents *documents, struct spile_error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = doc ? yyjson_mut_obj(doc) : NULL, *value;
    enum spile_status status = object ? SPILE_OK : spile_fail_nomem(err);

    for (size_t i = 0; !status && i < rows_column_count(rows); i++) {
        if (columns && !columns[i])
            continue;
        status = rows_value(rows, i, row, doc, &value, err);
        if (!status && !yyjson_mut_obj_add(object, yyjson_mut_str(doc, rows_column_name(rows, i)), value))
            status = spile_fail_nomem(err);
    }
    if (!status && !documents_add_value(documents, object))
        status = spile_fail_nomem(err);
    yyjson_mut_doc_free(doc);
    return status;
}

enum spile_status rows_to_documents(const struct rows *rows, const bool *columns, struct documents *documents, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < rows->count; i++)
        status = rows_to_document(rows, i, columns, documents, err);
    return status;
}

/* ---- values as they are --------------------------------------------------------------------------------------------------------------- */

static bool is_same_decimal(const struct column_type *a, const struct column_type *b)
{
    return column_type_precision(a) == column_type_precision(b) && column_type_scale(a) == column_type_scale(b);
}

/* Integers of so many bits have room in the column; of unsigned 64 bits each one has to be looked at. */
static bool has_room(const struct column_type *column, const struct column_type *given, enum ArrowType arrow)
{
    if (arrow == NANOARROW_TYPE_UINT64)
        return false;
    return column->precision < 0 || (given->precision > 0 && given->precision <= column->precision);
}

bool rows_fit(const struct rows *rows, size_t column, const struct column_type *type)
{
    struct column_type given = rows_column_type(rows, column);
    struct ArrowSchemaView view = view_of(rows->schema.children[column]);

    if (given.type != type->type)
        return false;
    switch (type->type) {
    case TYPE_BOOL:
    case TYPE_DOUBLE:
        return true;
    case TYPE_TEXT:
    case TYPE_BINARY:
        return type->precision < 0 || type->precision == given.precision;
    case TYPE_BIGINT:
        return has_room(type, &given, view.type);
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
        return view.time_unit == NANOARROW_TIME_UNIT_MICRO && type->precision < 0;
    case TYPE_DATE:
        return view.type == NANOARROW_TYPE_DATE32;
    case TYPE_DECIMAL:
        return view.type == NANOARROW_TYPE_DECIMAL128 && is_same_decimal(type, &given);
    default:
        return false;
    }
}

static bool put(struct column_builder *builder, uint32_t row, struct element e)
{
    struct slice bytes;
    int128 number;

    switch (builder->type.type) {
    case TYPE_BOOL:
        return column_put_bool(builder, row, ArrowArrayViewGetIntUnsafe(e.view, e.index));
    case TYPE_DOUBLE:
        return column_put_f64(builder, row, ArrowArrayViewGetDoubleUnsafe(e.view, e.index));
    case TYPE_TEXT:
    case TYPE_BINARY:
        bytes = bytes_at(e.view, e.index);
        return column_put_text(builder, row, bytes.text, bytes.length);
    case TYPE_DATE:
        return column_put_i32(builder, row, (int32_t)ArrowArrayViewGetIntUnsafe(e.view, e.index));
    case TYPE_DECIMAL:
        memcpy(&number, e.view->buffer_views[1].data.as_uint8 + (size_t)(e.view->offset + e.index) * sizeof(number), sizeof(number));
        return column_put_i128(builder, row, number);
    default:
        return column_put_i64(builder, row, ArrowArrayViewGetIntUnsafe(e.view, e.index));
    }
}

/* The schema's look-ups are made once for the column, not for each row. */
enum spile_status rows_put(const struct rows *rows, size_t column, size_t from, uint32_t count, struct column_builder *builder, uint32_t row, struct spile_error *err)
{
    const struct ArrowArrayView *view = rows->view.children[column], *values = view->dictionary ? view->dictionary : view;
    const struct making m = { .column = rows_column_name(rows, column), .err = err };
    bool ok = column_reserve(builder, row + count), is_text = builder->type.type == TYPE_TEXT;

    for (uint32_t i = 0; ok && i < count; i++) {
        struct element e = { .view = values, .index = index_of(rows, from + i) };

        e.null = ArrowArrayViewIsNull(view, e.index);
        if (!e.null && view->dictionary) {
            e.index = ArrowArrayViewGetIntUnsafe(view, e.index);
            e.null = ArrowArrayViewIsNull(values, e.index);
        }
        if (!e.null && is_text && !is_utf8(bytes_at(e.view, e.index)))
            return fail_value(&m, NOT_UTF8);
        if (!e.null)
            ok = put(builder, row + i, e);
    }
    return ok ? SPILE_OK : spile_fail_nomem(err);
}
