#include "schema/coerce.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "data/json.h"
#include "data/json_text.h"
#include "data/timestamp.h"

static bool fits_decimal(struct slice literal)
{
    int128 value;

    return decimal_from_text(literal.text, literal.length, DECIMAL_PRECISION_DEFAULT, DECIMAL_SCALE_DEFAULT, &value);
}

/* Not in the first and the last hours that there are, when an offset shifts them out of the years. */
static bool fits_timestamp(struct slice iso)
{
    int64_t micros;

    return timestamp_from_text(iso.text, iso.length, &micros);
}

enum data_type natural_type(struct document value)
{
    switch (document_kind(value)) {
    case DOCUMENT_BOOL:
        return TYPE_BOOL;
    case DOCUMENT_INTEGER:
        return TYPE_BIGINT;
    case DOCUMENT_DOUBLE:
        return TYPE_DOUBLE;
    case DOCUMENT_NUMBER: {
        char buffer[DOCUMENT_NUMBER_CHARS];

        return fits_decimal(document_number_text(value, buffer)) ? TYPE_DECIMAL : TYPE_TEXT;
    }
    case DOCUMENT_TEXT:
        return TYPE_TEXT;
    case DOCUMENT_OBJECT:
    case DOCUMENT_LIST:
        return TYPE_JSON;
    case DOCUMENT_TIMESTAMP:
        return fits_timestamp(document_text(value)) ? TYPE_TIMESTAMP : TYPE_TEXT;
    case DOCUMENT_DATE:
        return TYPE_DATE;
    case DOCUMENT_TIME:
        return TYPE_TIME;
    case DOCUMENT_DECIMAL:
        return fits_decimal(document_text(value)) ? TYPE_DECIMAL : TYPE_TEXT;
    case DOCUMENT_BINARY:
        return TYPE_BINARY;
    case DOCUMENT_NULL:
        break;
    }
    return TYPE_UNKNOWN;
}

/* ---- detection ------------------------------------------------------------------------------------------------------------------ */

#define FIVE_YEARS (5 * 31536000.0)

/* Beyond these digits dlt takes an integer for text: the largest wei of BigQuery. */
#define WEI_MAX "578960446186580977117854925043439539266"

static bool is_near(double seconds, double now)
{
    return seconds >= now - FIVE_YEARS && seconds <= now + FIVE_YEARS;
}

static enum data_type detect_timestamp(const struct settings *settings, struct document value)
{
    bool found = (document_kind(value) == DOCUMENT_INTEGER && is_near((double)document_integer(value), settings->now)) ||
                 (document_kind(value) == DOCUMENT_DOUBLE && is_near(document_double(value), settings->now));

    return found ? TYPE_TIMESTAMP : TYPE_UNKNOWN;
}

static enum data_type detect_iso_timestamp(struct document value)
{
    struct slice text;
    int64_t micros;

    if (document_kind(value) != DOCUMENT_TEXT)
        return TYPE_UNKNOWN;
    text = document_text(value);
    return timestamp_detect(text.text, text.length, &micros) ? TYPE_TIMESTAMP : TYPE_UNKNOWN;
}

static enum data_type detect_iso_date(struct document value)
{
    return document_kind(value) == DOCUMENT_TEXT && date_detect(document_text(value).text, document_text(value).length) ? TYPE_DATE : TYPE_UNKNOWN;
}

/* Positive integers beyond int64; their text has neither sign nor leading zeros, so that lengths tell which is larger. */
static enum data_type detect_large_integer(struct document value)
{
    char buffer[DOCUMENT_NUMBER_CHARS];
    struct slice literal;
    size_t most = strlen(WEI_MAX);

    if (document_kind(value) != DOCUMENT_NUMBER)
        return TYPE_UNKNOWN;
    literal = document_number_text(value, buffer);
    for (size_t i = 0; i < literal.length; i++)
        if (literal.text[i] < '0' || literal.text[i] > '9')
            return TYPE_UNKNOWN;
    return literal.length > most || (literal.length == most && memcmp(literal.text, WEI_MAX, most) > 0) ? TYPE_TEXT : TYPE_WEI;
}

static enum data_type detect(enum detection detection, const struct settings *settings, struct document value)
{
    switch (detection) {
    case DETECT_TIMESTAMP:
        return detect_timestamp(settings, value);
    case DETECT_ISO_TIMESTAMP:
        return detect_iso_timestamp(value);
    case DETECT_ISO_DATE:
        return detect_iso_date(value);
    case DETECT_LARGE_INTEGER:
        return detect_large_integer(value);
    case DETECT_HEXBYTES_TO_TEXT: /* about Python types, which JSON has not */
    case DETECT_WEI_TO_DOUBLE:
    case DETECTIONS:
        break;
    }
    return TYPE_UNKNOWN;
}

enum data_type inferred_type(const struct settings *settings, struct document value)
{
    enum data_type type = TYPE_UNKNOWN;

    for (size_t i = 0; type == TYPE_UNKNOWN && i < settings->detection_count; i++)
        type = detect(settings->detections[i], settings, value);
    /* What is detected need not fit: a wei of DuckDB has 38 digits. */
    return type == TYPE_UNKNOWN || (type == TYPE_WEI && coerces_to(type, value) == NOT_COERCED) ? natural_type(value) : type;
}

static enum coerced done(bool stored)
{
    return stored ? COERCED : COERCED_NOMEM;
}

static enum coerced put_json(struct column_builder *column, uint32_t row, struct document value)
{
    struct text json = { 0 };
    enum coerced result;

    json_write(&json, value);
    result = done(!json.failed && column_put_text(column, row, json.text, json.length));
    text_release(&json);
    return result;
}

_Static_assert(DECIMAL_CHARS >= DOUBLE_CHARS && DECIMAL_CHARS >= DOCUMENT_NUMBER_CHARS, "numbers fit");

/* ---- one function per type of column ------------------------------------------------------------------------------------------- */

static enum coerced put_base64(struct column_builder *column, uint32_t row, struct slice bytes)
{
    struct text base64 = { 0 };
    enum coerced result;

    base64_append(&base64, bytes);
    result = done(!base64.failed && column_put_text(column, row, base64.text, base64.length));
    text_release(&base64);
    return result;
}

static enum coerced into_text(struct column_builder *column, uint32_t row, struct document value)
{
    char buffer[DECIMAL_CHARS]; /* the longest of the three */
    struct slice text = { buffer, 0 };

    switch (document_kind(value)) {
    case DOCUMENT_TEXT:
    case DOCUMENT_TIMESTAMP: /* with its offset, as in dlt */
    case DOCUMENT_DATE:
    case DOCUMENT_TIME:
    case DOCUMENT_DECIMAL:
        text = document_text(value);
        break;
    case DOCUMENT_BINARY:
        return put_base64(column, row, document_text(value));
    case DOCUMENT_NUMBER:
        text = document_number_text(value, buffer);
        break;
    case DOCUMENT_BOOL:
        text = slice_of(document_bool(value) ? "True" : "False"); /* Python's str() */
        break;
    case DOCUMENT_INTEGER:
        text.length = decimal_format(document_integer(value), 0, buffer);
        break;
    case DOCUMENT_DOUBLE:
        text.length = double_format(document_double(value), buffer);
        break;
    case DOCUMENT_OBJECT:
    case DOCUMENT_LIST:
        return put_json(column, row, value);
    case DOCUMENT_NULL:
        return NOT_COERCED;
    }
    return done(column_put_text(column, row, text.text, text.length));
}

/* Finite, whole and inside int64, so that nothing is lost. */
static bool whole(double value, int64_t *integer)
{
    if (!(value >= -0x1p63 && value < 0x1p63))
        return false;
    *integer = (int64_t)value;
    return (double)*integer == value;
}

/* A bigint's precision is its bits; columns here have 64 of them at most. */
static bool within_bits(int64_t integer, int bits)
{
    int64_t limit = bits > 0 && bits < 64 ? (int64_t)1 << (bits - 1) : 0;

    return !limit || (integer >= -limit && integer < limit);
}

/* Whole and inside int64: "7", "7.00", "7E+2". */
static bool whole_decimal(struct slice text, int64_t *integer)
{
    int128 value;

    if (!decimal_from_text(text.text, text.length, DECIMAL_PRECISION_DEFAULT, 0, &value) || value < INT64_MIN || value > INT64_MAX)
        return false;
    *integer = (int64_t)value;
    return true;
}

static enum coerced into_bigint(struct column_builder *column, uint32_t row, struct document value)
{
    enum document_kind kind = document_kind(value);
    int64_t integer;

    if (kind == DOCUMENT_INTEGER)
        integer = document_integer(value);
    else if (kind == DOCUMENT_TEXT) {
        struct slice text = document_text(value);

        if (!integer_from_text(text.text, text.length, &integer))
            return NOT_COERCED;
    } else if (kind == DOCUMENT_DECIMAL) {
        if (!whole_decimal(document_text(value), &integer))
            return NOT_COERCED;
    } else if (kind != DOCUMENT_DOUBLE || !whole(document_double(value), &integer))
        return NOT_COERCED;
    return within_bits(integer, column->type.precision) ? done(column_put_i64(column, row, integer)) : NOT_COERCED;
}

static enum coerced into_double(struct column_builder *column, uint32_t row, struct document value)
{
    enum document_kind kind = document_kind(value);
    double number;

    if (kind == DOCUMENT_DOUBLE)
        number = document_double(value);
    else if (kind == DOCUMENT_INTEGER)
        number = (double)document_integer(value);
    else if (kind == DOCUMENT_TEXT || kind == DOCUMENT_DECIMAL) {
        struct slice text = document_text(value);

        if (!double_from_text(text.text, text.length, &number))
            return NOT_COERCED;
    } else
        return NOT_COERCED;
    return done(column_put_f64(column, row, number));
}

/* Has it a digit that is not 0? NaN is true in Python. */
static bool decimal_truth(struct slice text)
{
    size_t i = 0;

    while (i < text.length && memchr("-0.", text.text[i], 3))
        i++;
    return i < text.length && text.text[i] != 'E';
}

static enum coerced into_bool(struct column_builder *column, uint32_t row, struct document value)
{
    bool truth;

    switch (document_kind(value)) {
    case DOCUMENT_BOOL:
        truth = document_bool(value);
        break;
    case DOCUMENT_INTEGER:
        truth = document_integer(value) != 0;
        break;
    case DOCUMENT_DOUBLE:
        truth = document_double(value) != 0;
        break;
    case DOCUMENT_TEXT: {
        struct slice text = document_text(value);

        if (!bool_from_text(text.text, text.length, &truth))
            return NOT_COERCED;
        break;
    }
    case DOCUMENT_DECIMAL:
        truth = decimal_truth(document_text(value));
        break;
    default:
        return NOT_COERCED;
    }
    return done(column_put_bool(column, row, truth));
}

/* Naive timestamps are UTC, a date is its midnight. */
static enum coerced into_timestamp(struct column_builder *column, uint32_t row, struct document value)
{
    enum document_kind kind = document_kind(value);
    int64_t micros;
    bool fits = false;

    if (kind == DOCUMENT_TEXT || kind == DOCUMENT_TIMESTAMP || kind == DOCUMENT_DATE) {
        struct slice text = document_text(value);

        fits = timestamp_from_text(text.text, text.length, &micros);
    } else if (kind == DOCUMENT_INTEGER)
        fits = timestamp_from_integer(document_integer(value), &micros);
    else if (kind == DOCUMENT_DOUBLE)
        fits = timestamp_from_double(document_double(value), &micros);
    return fits ? done(column_put_i64(column, row, micros)) : NOT_COERCED;
}


/* The day of a timestamp is that in UTC. */
static enum coerced into_date(struct column_builder *column, uint32_t row, struct document value)
{
    enum document_kind kind = document_kind(value);
    int32_t days;
    int64_t micros;
    bool fits = false;

    if (kind == DOCUMENT_TEXT || kind == DOCUMENT_TIMESTAMP || kind == DOCUMENT_DATE) {
        struct slice text = document_text(value);

        fits = date_from_text(text.text, text.length, &days);
    } else if ((kind == DOCUMENT_INTEGER && timestamp_from_integer(document_integer(value), &micros)) ||
               (kind == DOCUMENT_DOUBLE && timestamp_from_double(document_double(value), &micros))) {
        days = (int32_t)(micros / MICROS_PER_DAY - (micros % MICROS_PER_DAY < 0));
        fits = true;
    }
    return fits ? done(column_put_i32(column, row, days)) : NOT_COERCED;
}

static enum coerced into_time(struct column_builder *column, uint32_t row, struct document value)
{
    struct slice text;
    int64_t micros;

    if (document_kind(value) != DOCUMENT_TEXT && document_kind(value) != DOCUMENT_TIME)
        return NOT_COERCED;
    text = document_text(value);
    if (!time_from_text(text.text, text.length, &micros))
        return NOT_COERCED;
    return done(column_put_i64(column, row, micros));
}

static enum coerced into_decimal(struct column_builder *column, uint32_t row, struct document value)
{
    int precision = column_type_precision(&column->type), scale = column_type_scale(&column->type);
    bool rounds = column->type.scale >= 0;
    char buffer[DOCUMENT_NUMBER_CHARS];
    struct slice text;
    int128 decimal;
    bool fits = false;

    switch (document_kind(value)) {
    case DOCUMENT_INTEGER:
        fits = decimal_from_integer(document_integer(value), precision, scale, &decimal);
        break;
    case DOCUMENT_DOUBLE:
        fits = (rounds ? decimal_round_double : decimal_from_double)(document_double(value), precision, scale, &decimal);
        break;
    case DOCUMENT_TEXT:
    case DOCUMENT_DECIMAL:
        text = document_text(value);
        fits = (rounds ? decimal_round_text : decimal_from_text)(text.text, text.length, precision, scale, &decimal);
        break;
    case DOCUMENT_NUMBER:
        text = document_number_text(value, buffer);
        fits = (rounds ? decimal_round_text : decimal_from_text)(text.text, text.length, precision, scale, &decimal);
        break;
    default:
        break;
    }
    return fits ? done(column_put_i128(column, row, decimal)) : NOT_COERCED;
}

static bool hex_digit(char c, uint8_t *digit)
{
    if (c >= '0' && c <= '9')
        *digit = (uint8_t)(c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        *digit = (uint8_t)((c | 0x20) - 'a' + 10);
    else
        return false;
    return true;
}

static bool decode_hex(struct slice text, uint8_t *out, size_t *length)
{
    if (text.length % 2)
        return false;
    for (*length = 0; *length < text.length / 2; ++*length) {
        uint8_t high, low;

        if (!hex_digit(text.text[*length * 2], &high) || !hex_digit(text.text[*length * 2 + 1], &low))
            return false;
        out[*length] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Text is "0x.." or base64; a number its bytes, least significant first. */
static enum coerced into_binary(struct column_builder *column, uint32_t row, struct document value)
{
    enum document_kind kind = document_kind(value);
    uint8_t *bytes;
    size_t length = 0;
    enum coerced result = NOT_COERCED;

    if (kind == DOCUMENT_INTEGER && document_integer(value) >= 0) {
        uint8_t little[8];

        for (uint64_t rest = (uint64_t)document_integer(value); rest; rest >>= 8)
            little[length++] = (uint8_t)rest;
        return done(column_put_text(column, row, little, length));
    }
    if (kind == DOCUMENT_BINARY)
        return done(column_put_text(column, row, document_text(value).text, document_text(value).length));
    if (kind != DOCUMENT_TEXT)
        return NOT_COERCED;
    bytes = malloc(document_text(value).length + 4);
    if (!bytes)
        return COERCED_NOMEM;
    if (document_text(value).length >= 2 && !memcmp(document_text(value).text, "0x", 2)
            ? decode_hex((struct slice){ document_text(value).text + 2, document_text(value).length - 2 }, bytes, &length)
            : base64_decode(document_text(value).text, document_text(value).length, bytes, &length))
        result = done(column_put_text(column, row, bytes, length));
    free(bytes);
    return result;
}

/* Objects and lists as they are; text that is JSON itself. */
static enum coerced into_json(struct column_builder *column, uint32_t row, struct document value)
{
    enum document_kind kind = document_kind(value);
    yyjson_doc *parsed;
    enum coerced result;
    bool nomem;

    if (kind == DOCUMENT_OBJECT || kind == DOCUMENT_LIST)
        return put_json(column, row, value);
    if (kind != DOCUMENT_TEXT)
        return NOT_COERCED;
    parsed = json_text_read(document_text(value).text, document_text(value).length, &nomem);
    if (!parsed)
        return nomem ? COERCED_NOMEM : NOT_COERCED;
    /* The text "null" is no value, as in dlt. */
    result = yyjson_is_null(yyjson_doc_get_root(parsed)) ? COERCED : put_json(column, row, (struct document){ yyjson_doc_get_root(parsed) });
    yyjson_doc_free(parsed);
    return result;
}

enum coerced coerce_into(struct column_builder *column, uint32_t row, struct document value)
{
    switch (column->type.type) {
    case TYPE_TEXT:
        return into_text(column, row, value);
    case TYPE_BIGINT:
        return into_bigint(column, row, value);
    case TYPE_DOUBLE:
        return into_double(column, row, value);
    case TYPE_BOOL:
        return into_bool(column, row, value);
    case TYPE_TIMESTAMP:
        return into_timestamp(column, row, value);
    case TYPE_DATE:
        return into_date(column, row, value);
    case TYPE_TIME:
        return into_time(column, row, value);
    case TYPE_DECIMAL:
    case TYPE_WEI:
        return into_decimal(column, row, value);
    case TYPE_BINARY:
        return into_binary(column, row, value);
    case TYPE_JSON:
        return into_json(column, row, value);
    case TYPE_UNKNOWN:
        break;
    }
    return NOT_COERCED;
}

enum coerced coerces_to(enum data_type type, struct document value)
{
    struct column_builder probe = { .type = { type, -1, -1, true } };
    enum coerced result = coerce_into(&probe, 0, value);

    column_release(&probe);
    return result;
}
