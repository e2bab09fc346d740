#include "data/cell.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "data/json_text.h"
#include "data/number.h"

#define DEPTH_MAX 128
#define MONTHS_PER_YEAR 12
#define SECONDS_PER_DAY 86400
#define NANOS INT64_C(1000000000)

/* ---- types ---------------------------------------------------------------------------------------------------------------------- */

static bool is_marked_json(const struct ArrowSchemaView *view)
{
    struct ArrowStringView name = view->extension_name;

    return name.size_bytes == 10 && !memcmp(name.data, "arrow.json", 10);
}

/* What has no look of its own here, and decimals of which there can't be any. */
static bool is_known(const struct ArrowSchemaView *view)
{
    switch (view->type) {
    case NANOARROW_TYPE_RUN_END_ENCODED:
    case NANOARROW_TYPE_LIST_VIEW:
    case NANOARROW_TYPE_LARGE_LIST_VIEW:
        return false;
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
        return view->decimal_scale <= 38;
    case NANOARROW_TYPE_DECIMAL256:
        return view->decimal_scale <= 76;
    default:
        return true;
    }
}

static enum spile_status fail_unknown(const struct ArrowSchema *schema, struct spile_error *err)
{
    char text[64];

    ArrowSchemaToString(schema, text, sizeof(text), false);
    spile_fail(err, SPILE_USAGE, "column \"%s\" has Arrow's type %s, which can't be written", schema->name ? schema->name : "", text);
    return spile_hint(err, SPILE_USAGE, "cast it to another type");
}

static enum spile_status read_type(struct cell_type *out, const struct ArrowSchema *schema, struct arena *arena, int depth, struct spile_error *err)
{
    struct ArrowSchemaView view = { .schema = NULL };
    struct ArrowError arrow = { .message = "" };
    enum spile_status status = SPILE_OK;

    if (depth == DEPTH_MAX)
        return spile_fail(err, SPILE_USAGE, "the Arrow stream has a type that is nested deeper than %d levels", DEPTH_MAX);
    if (ArrowSchemaViewInit(&view, schema, &arrow))
        return spile_fail(err, SPILE_USAGE, "the Arrow stream's schema is not valid: %s", arrow.message);
    if (!is_known(&view))
        return fail_unknown(schema, err);
    *out = (struct cell_type){ .name = schema->name ? schema->name : "", .type = view.type, .unit = view.time_unit,
                               .has_zone = view.timezone && *view.timezone, .is_json = is_marked_json(&view), .bits = view.decimal_bitwidth,
                               .precision = view.decimal_precision, .scale = view.decimal_scale, .count = (size_t)schema->n_children };
    out->name = arena_copy(arena, out->name, strlen(out->name));
    out->children = arena_zalloc(arena, out->count * sizeof(*out->children));
    out->dictionary = schema->dictionary ? arena_zalloc(arena, sizeof(*out->dictionary)) : NULL;
    if (!out->name || !out->children || (schema->dictionary && !out->dictionary))
        return spile_fail_nomem(err);
    for (size_t i = 0; !status && i < out->count; i++)
        status = read_type(&out->children[i], schema->children[i], arena, depth + 1, err);
    return !status && out->dictionary ? read_type(out->dictionary, schema->dictionary, arena, depth + 1, err) : status;
}

enum spile_status cell_type_read(struct cell_type *out, const struct ArrowSchema *schema, struct arena *arena, struct spile_error *err)
{
    return read_type(out, schema, arena, 0, err);
}

bool cell_type_is_number(const struct cell_type *type)
{
    switch (type->type) {
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_INT64:
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32:
    case NANOARROW_TYPE_UINT64:
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DOUBLE:
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256:
        return true;
    default:
        return false;
    }
}

/* ---- texts ---------------------------------------------------------------------------------------------------------------------- */

static void put_valid(struct text *out, struct slice text)
{
    uint32_t character;

    while (text.length) {
        size_t bytes = utf8_decode(text.text, text.length, &character);

        if (bytes)
            text_append(out, text.text, bytes);
        else
            text_puts(out, "\xEF\xBF\xBD");
        bytes += !bytes;
        text.text += bytes;
        text.length -= bytes;
    }
}

void cell_put_json_text(struct text *out, struct slice text)
{
    struct text valid = { 0 };

    if (utf8_is_valid(text.text, text.length)) {
        json_text_string(out, text);
        return;
    }
    put_valid(&valid, text);
    json_text_string(out, text_slice(&valid));
    out->failed |= valid.failed;
    text_release(&valid);
}

/* Compact, on one line. What is no JSON in spite of its mark is a text. */
static void put_json(struct text *out, struct slice text)
{
    yyjson_doc *doc = json_text_parse(text.text, text.length);
    size_t length;
    char *json = doc ? yyjson_write(doc, YYJSON_WRITE_NOFLAG, &length) : NULL;

    if (json)
        text_append(out, json, length);
    else
        cell_put_json_text(out, text);
    free(json);
    yyjson_doc_free(doc);
}

static void put_text(struct text *out, const struct cell_type *type, struct slice text, enum cell_form form)
{
    if (form == CELL_TEXT)
        put_valid(out, text);
    else if (type->is_json)
        put_json(out, text);
    else
        cell_put_json_text(out, text);
}

static struct slice bytes_at(const struct ArrowArrayView *view, int64_t index)
{
    struct ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(view, index);

    return (struct slice){ bytes.size_bytes ? bytes.data.as_char : "", (size_t)bytes.size_bytes };
}

/* ---- numbers -------------------------------------------------------------------------------------------------------------------- */

static bool put_special(struct text *out, double number, enum cell_form form)
{
    const char *quote = form == CELL_JSON ? "\"" : "";

    if (isfinite(number))
        return false;
    text_printf(out, "%s%s%s", quote, isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity", quote);
    return true;
}

static void put_double(struct text *out, double number, enum cell_form form)
{
    char digits[DOUBLE_CHARS];

    if (!put_special(out, number, form))
        text_append(out, digits, double_format_json(number, digits));
}

/* The double with the fewest digits that is this float. */
static void put_float(struct text *out, float number, enum cell_form form)
{
    char digits[DOUBLE_CHARS];
    double shortest = number;

    for (int precision = 6; isfinite(number) && precision <= 9; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, (double)number);
        if (double_from_text(digits, strlen(digits), &shortest) && (float)shortest == number)
            break;
    }
    put_double(out, shortest, form);
}

static int128 decimal_at(const struct ArrowArrayView *view, int64_t index, int32_t bits)
{
    const uint8_t *bytes = view->buffer_views[1].data.as_uint8 + (view->offset + index) * (bits / 8);
    int32_t narrow;
    int64_t middle;
    int128 wide;

    if (bits == 32)
        return memcpy(&narrow, bytes, sizeof(narrow)), narrow;
    if (bits == 64)
        return memcpy(&middle, bytes, sizeof(middle)), middle;
    return memcpy(&wide, bytes, sizeof(wide)), wide;
}

/* Of 256 bits: digits by dividing, the low ones first. */
static size_t wide_digits(const uint8_t *bytes, bool *negative, char digits[80])
{
    uint32_t parts[8];
    size_t count = 0;
    bool rest = true;

    memcpy(parts, bytes, sizeof(parts));
    *negative = parts[7] >> 31;
    for (uint64_t i = 0, carry = 1; *negative && i < 8; i++) {
        carry += (uint32_t)~parts[i];
        parts[i] = (uint32_t)carry;
        carry >>= 32;
    }
    while (rest) {
        uint64_t remainder = 0;

        rest = false;
        for (int i = 7; i >= 0; i--) {
            remainder = remainder << 32 | parts[i];
            parts[i] = (uint32_t)(remainder / 10);
            remainder %= 10;
            rest |= parts[i];
        }
        digits[count++] = (char)('0' + remainder);
    }
    return count;
}

static void put_wide_decimal(struct text *out, const struct cell_type *type, const struct ArrowArrayView *view, int64_t index)
{
    char digits[80];
    bool negative;
    size_t count = wide_digits(view->buffer_views[1].data.as_uint8 + (view->offset + index) * 32, &negative, digits);
    size_t scale = type->scale > 0 ? (size_t)type->scale : 0;

    text_puts(out, negative ? "-" : "");
    for (size_t i = count > scale ? count : scale + 1; i > 0; i--) {
        text_putc(out, i > count ? '0' : digits[i - 1]);
        text_puts(out, i == scale + 1 && scale ? "." : "");
    }
}

static void put_decimal(struct text *out, const struct cell_type *type, const struct ArrowArrayView *view, int64_t index)
{
    char digits[DECIMAL_CHARS];
    int scale = type->scale > 0 ? type->scale : 0;

    if (type->bits == 256)
        put_wide_decimal(out, type, view, index);
    else
        text_append(out, digits, decimal_format(decimal_at(view, index, type->bits), scale, digits));
    if (type->scale < 0) /* tens, hundreds, ... */
        text_printf(out, "e%d", -type->scale);
}

/* ---- dates and times -------------------------------------------------------------------------------------------------------------- */

static int64_t floor_divide(int64_t number, int64_t by, int64_t *rest)
{
    *rest = number % by;
    if (*rest < 0)
        *rest += by;
    return (number - *rest) / by;
}

static int64_t per_second(enum ArrowTimeUnit unit)
{
    switch (unit) {
    case NANOARROW_TIME_UNIT_SECOND:
        return 1;
    case NANOARROW_TIME_UNIT_MILLI:
        return 1000;
    case NANOARROW_TIME_UNIT_MICRO:
        return 1000000;
    default:
        return NANOS;
    }
}

/* Years have four digits at least, those before the year 1 a sign: there is a year 0. Days begin in March, so that the leap day is a year's last. */
static void put_date(struct text *out, int64_t days)
{
    int64_t day_of_era, era = floor_divide(days + 719468, 146097, &day_of_era);
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100), month = (5 * day_of_year + 2) / 153;
    int day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    int64_t year = era * 400 + year_of_era + (month >= 10);

    text_printf(out, "%s%04lld-%02d-%02d", year < 0 ? "-" : "", (long long)(year < 0 ? -year : year), (int)(month < 10 ? month + 3 : month - 9), day);
}

/* ".5" has as many digits as the unit, but six when the rest is zero. */
static void put_fraction(struct text *out, int64_t fraction, enum ArrowTimeUnit unit)
{
    int64_t rest;

    if (!fraction)
        return;
    if (unit == NANOARROW_TIME_UNIT_MILLI) {
        text_printf(out, ".%03d", (int)fraction);
    } else if (unit == NANOARROW_TIME_UNIT_NANO) {
        int64_t micros = floor_divide(fraction, 1000, &rest);

        text_printf(out, rest ? ".%09lld" : ".%06lld", (long long)(rest ? fraction : micros));
    } else {
        text_printf(out, ".%06d", (int)fraction);
    }
}

static void put_clock(struct text *out, int64_t time, enum ArrowTimeUnit unit)
{
    int64_t fraction, seconds = floor_divide(time, per_second(unit), &fraction);

    text_printf(out, "%02lld:%02d:%02d", (long long)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
    put_fraction(out, fraction, unit);
}

/* The largest value and the least, as DuckDB and Postgres have it. */
static bool put_infinity(struct text *out, int64_t time, int64_t largest)
{
    if (time != largest && time != -largest)
        return false;
    text_puts(out, time < 0 ? "-infinity" : "infinity");
    return true;
}

static void put_timestamp(struct text *out, int64_t time, const struct cell_type *type)
{
    int64_t of_day, days = floor_divide(time, SECONDS_PER_DAY * per_second(type->unit), &of_day);

    if (put_infinity(out, time, INT64_MAX))
        return;
    put_date(out, days);
    text_putc(out, 'T');
    put_clock(out, of_day, type->unit);
    text_puts(out, type->has_zone ? "+00:00" : "");
}

static void put_part(struct text *out, int64_t number, char letter)
{
    if (number)
        text_printf(out, "%lld%c", (long long)number, letter);
}

/* "-6.5S" */
static void put_seconds(struct text *out, int64_t time, enum ArrowTimeUnit unit)
{
    int64_t seconds = time / per_second(unit), fraction = time % per_second(unit);

    if (!time)
        return;
    text_printf(out, "%s%lld", time < 0 && !seconds ? "-" : "", (long long)seconds);
    put_fraction(out, fraction < 0 ? -fraction : fraction, unit);
    while (fraction && out->length && out->text[out->length - 1] == '0')
        text_shorten(out, out->length - 1);
    text_putc(out, 'S');
}

static void put_interval(struct text *out, int64_t months, int64_t days, int64_t time, enum ArrowTimeUnit unit)
{
    int64_t minute = 60 * per_second(unit);

    text_putc(out, 'P');
    put_part(out, months / MONTHS_PER_YEAR, 'Y');
    put_part(out, months % MONTHS_PER_YEAR, 'M');
    put_part(out, days, 'D');
    text_puts(out, time ? "T" : "");
    put_part(out, time / minute / 60, 'H');
    put_part(out, time / minute % 60, 'M');
    put_seconds(out, time % minute, unit);
    if (!months && !days && !time)
        text_puts(out, "T0S");
}

static void put_interval_at(struct text *out, const struct cell_type *type, const struct ArrowArrayView *view, int64_t index)
{
    struct ArrowInterval interval;

    ArrowIntervalInit(&interval, type->type);
    ArrowArrayViewGetIntervalUnsafe(view, index, &interval);
    if (type->type == NANOARROW_TYPE_INTERVAL_DAY_TIME)
        put_interval(out, 0, interval.days, interval.ms, NANOARROW_TIME_UNIT_MILLI);
    else
        put_interval(out, interval.months, interval.days, interval.ns, NANOARROW_TIME_UNIT_NANO);
}

/* ---- nested values ---------------------------------------------------------------------------------------------------------------- */

/* Elements of a list lie one behind the other in its child. */
static void list_range(const struct ArrowArrayView *view, int64_t index, int64_t *from, int64_t *to)
{
    int64_t at = view->offset + index, size = view->layout.child_size_elements;
    bool fixed = view->storage_type == NANOARROW_TYPE_FIXED_SIZE_LIST;

    *from = fixed ? at * size : ArrowArrayViewListChildOffset(view, at);
    *to = fixed ? *from + size : ArrowArrayViewListChildOffset(view, at + 1);
}

static void put_list(struct text *out, const struct cell_type *type, const struct ArrowArrayView *view, int64_t index)
{
    int64_t from, to;

    list_range(view, index, &from, &to);
    text_putc(out, '[');
    for (int64_t i = from; i < to; i++) {
        text_puts(out, i > from ? "," : "");
        cell_write(out, &type->children[0], view->children[0], i, CELL_JSON);
    }
    text_putc(out, ']');
}

static void put_struct(struct text *out, const struct cell_type *type, const struct ArrowArrayView *view, int64_t index)
{
    text_putc(out, '{');
    for (size_t i = 0; i < type->count; i++) {
        text_puts(out, i ? "," : "");
        cell_put_json_text(out, slice_of(type->children[i].name));
        text_putc(out, ':');
        cell_write(out, &type->children[i], view->children[i], view->offset + index, CELL_JSON);
    }
    text_putc(out, '}');
}

static void put_key(struct text *out, const struct cell_type *type, const struct ArrowArrayView *view, int64_t index)
{
    struct text key = { 0 };

    cell_write(&key, type, view, index, CELL_TEXT);
    json_text_string(out, text_slice(&key));
    out->failed |= key.failed;
    text_release(&key);
}

static void put_map(struct text *out, const struct cell_type *type, const struct ArrowArrayView *view, int64_t index)
{
    const struct ArrowArrayView *entries = view->children[0];
    const struct cell_type *pair = type->children[0].children;
    int64_t from, to;

    list_range(view, index, &from, &to);
    text_putc(out, '{');
    for (int64_t i = from; i < to; i++) {
        text_puts(out, i > from ? "," : "");
        put_key(out, &pair[0], entries->children[0], entries->offset + i);
        text_putc(out, ':');
        cell_write(out, &pair[1], entries->children[1], entries->offset + i, CELL_JSON);
    }
    text_putc(out, '}');
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------------- */

/* Where a value really is: behind the indexes of a dictionary, and the members of a union. */
struct place {
    const struct cell_type *type;
    const struct ArrowArrayView *view;
    int64_t index;
};

static struct place place_of(const struct cell_type *type, const struct ArrowArrayView *view, int64_t index)
{
    struct place p = { type, view, index };

    while (p.type->dictionary || p.type->type == NANOARROW_TYPE_DENSE_UNION || p.type->type == NANOARROW_TYPE_SPARSE_UNION) {
        int8_t member;

        if (p.type->dictionary) {
            if (ArrowArrayViewIsNull(p.view, p.index))
                break;
            p = (struct place){ p.type->dictionary, p.view->dictionary, ArrowArrayViewGetIntUnsafe(p.view, p.index) };
            continue;
        }
        member = ArrowArrayViewUnionChildIndex(p.view, p.index);
        p = (struct place){ &p.type->children[member], p.view->children[member], ArrowArrayViewUnionChildOffset(p.view, p.index) };
    }
    return p;
}

bool cell_is_null(const struct cell_type *type, const struct ArrowArrayView *view, int64_t index)
{
    struct place p = place_of(type, view, index);

    return p.type->type == NANOARROW_TYPE_NA || ArrowArrayViewIsNull(p.view, p.index);
}

static bool is_time(enum ArrowType type)
{
    return type == NANOARROW_TYPE_DATE32 || type == NANOARROW_TYPE_DATE64 || type == NANOARROW_TYPE_TIMESTAMP || type == NANOARROW_TYPE_TIME32 ||
           type == NANOARROW_TYPE_TIME64 || type == NANOARROW_TYPE_DURATION || type == NANOARROW_TYPE_INTERVAL_MONTHS ||
           type == NANOARROW_TYPE_INTERVAL_DAY_TIME || type == NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO;
}

static void put_time(struct text *out, struct place p)
{
    int64_t number = ArrowArrayViewGetIntUnsafe(p.view, p.index), rest;

    switch (p.type->type) {
    case NANOARROW_TYPE_DATE32:
        if (!put_infinity(out, number, INT32_MAX))
            put_date(out, number);
        break;
    case NANOARROW_TYPE_DATE64:
        put_date(out, floor_divide(number, SECONDS_PER_DAY * INT64_C(1000), &rest));
        break;
    case NANOARROW_TYPE_TIMESTAMP:
        put_timestamp(out, number, p.type);
        break;
    case NANOARROW_TYPE_TIME32:
    case NANOARROW_TYPE_TIME64:
        put_clock(out, number, p.type->unit);
        break;
    case NANOARROW_TYPE_DURATION:
        put_interval(out, 0, 0, number, p.type->unit);
        break;
    default:
        put_interval_at(out, p.type, p.view, p.index);
        break;
    }
}

static void put_scalar(struct text *out, struct place p, enum cell_form form)
{
    switch (p.type->type) {
    case NANOARROW_TYPE_BOOL:
        text_puts(out, ArrowArrayViewGetIntUnsafe(p.view, p.index) ? "true" : "false");
        break;
    case NANOARROW_TYPE_UINT64:
        text_printf(out, "%llu", (unsigned long long)ArrowArrayViewGetUIntUnsafe(p.view, p.index));
        break;
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT:
        put_float(out, (float)ArrowArrayViewGetDoubleUnsafe(p.view, p.index), form);
        break;
    case NANOARROW_TYPE_DOUBLE:
        put_double(out, ArrowArrayViewGetDoubleUnsafe(p.view, p.index), form);
        break;
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256:
        put_decimal(out, p.type, p.view, p.index);
        break;
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW:
        put_text(out, p.type, bytes_at(p.view, p.index), form);
        break;
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY:
        text_puts(out, form == CELL_JSON ? "\"" : "");
        base64_append(out, bytes_at(p.view, p.index));
        text_puts(out, form == CELL_JSON ? "\"" : "");
        break;
    default:
        text_printf(out, "%lld", (long long)ArrowArrayViewGetIntUnsafe(p.view, p.index));
        break;
    }
}

void cell_write(struct text *out, const struct cell_type *type, const struct ArrowArrayView *view, int64_t index, enum cell_form form)
{
    struct place p = place_of(type, view, index);

    if (p.type->type == NANOARROW_TYPE_NA || ArrowArrayViewIsNull(p.view, p.index)) {
        text_puts(out, form == CELL_JSON ? "null" : "");
        return;
    }
    if (is_time(p.type->type)) {
        text_puts(out, form == CELL_JSON ? "\"" : "");
        put_time(out, p);
        text_puts(out, form == CELL_JSON ? "\"" : "");
        return;
    }
    switch (p.type->type) {
    case NANOARROW_TYPE_STRUCT:
        put_struct(out, p.type, p.view, p.index);
        break;
    case NANOARROW_TYPE_MAP:
        put_map(out, p.type, p.view, p.index);
        break;
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
        put_list(out, p.type, p.view, p.index);
        break;
    default:
        put_scalar(out, p, form);
        break;
    }
}
