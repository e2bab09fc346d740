#include "destination/postgres/copy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/number.h"
#include "data/timestamp.h"

#define FIRST_CAPACITY ((size_t)1 << 17)
#define LENGTH_BYTES 4     /* before each field */
#define COUNT_BYTES 2      /* before each row */
#define NUMERIC_GROUPS 12  /* of four decimal digits: 39 digits of 128 bits, and the ends */
#define NUMERIC_BYTES (8 + 2 * NUMERIC_GROUPS)
#define UUID_BYTES 16

/* What Postgres can hold, counted from 2000; from 4713 BC on. */
#define DAYS_MIN (-2451545)
#define DAYS_MAX 2145031948
#define MICROS_MIN INT64_C(-211813488000000000)
#define MICROS_MAX INT64_C(9223371331199999999)

/* ---- bytes ---------------------------------------------------------------------------------------------------------------------- */

static inline void store16(uint8_t *at, uint16_t value)
{
    value = __builtin_bswap16(value);
    memcpy(at, &value, sizeof(value));
}

static inline void store32(uint8_t *at, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(at, &value, sizeof(value));
}

static inline void store64(uint8_t *at, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(at, &value, sizeof(value));
}

static bool grow(struct copy_writer *writer, size_t more)
{
    size_t capacity = writer->capacity ? writer->capacity : FIRST_CAPACITY;
    uint8_t *bytes;

    while (capacity - writer->length < more)
        capacity *= 2;
    bytes = realloc(writer->bytes, capacity);
    if (!bytes)
        return false;
    writer->bytes = bytes;
    writer->capacity = capacity;
    return true;
}

static inline bool reserve(struct copy_writer *writer, size_t more)
{
    return writer->capacity - writer->length >= more || grow(writer, more);
}

/* Fields of fixed width: there is room for them. */
static inline enum copy_fault put16(struct copy_writer *writer, uint16_t value)
{
    store32(writer->bytes + writer->length, sizeof(value));
    store16(writer->bytes + writer->length + LENGTH_BYTES, value);
    writer->length += LENGTH_BYTES + sizeof(value);
    return COPY_FINE;
}

static inline enum copy_fault put32(struct copy_writer *writer, uint32_t value)
{
    store32(writer->bytes + writer->length, sizeof(value));
    store32(writer->bytes + writer->length + LENGTH_BYTES, value);
    writer->length += LENGTH_BYTES + sizeof(value);
    return COPY_FINE;
}

static inline enum copy_fault put64(struct copy_writer *writer, uint64_t value)
{
    store32(writer->bytes + writer->length, sizeof(value));
    store64(writer->bytes + writer->length + LENGTH_BYTES, value);
    writer->length += LENGTH_BYTES + sizeof(value);
    return COPY_FINE;
}

/* `before`: bytes of the field that precede the text. */
static inline enum copy_fault put_bytes(struct copy_writer *writer, const void *bytes, size_t length, const char *before, size_t before_length)
{
    uint8_t *at;

    if (!reserve(writer, length + writer->row_bytes))
        return COPY_NO_MEMORY;
    at = writer->bytes + writer->length;
    store32(at, (uint32_t)(length + before_length));
    if (before_length)
        memcpy(at + LENGTH_BYTES, before, before_length);
    if (length)
        memcpy(at + LENGTH_BYTES + before_length, bytes, length);
    writer->length += LENGTH_BYTES + before_length + length;
    return COPY_FINE;
}

/* ---- values --------------------------------------------------------------------------------------------------------------------- */

static inline int64_t int64_at(const struct copy_column *column, int64_t row)
{
    return ((const int64_t *)column->values)[column->first + row];
}

static inline double double_at(const struct copy_column *column, int64_t row)
{
    return ((const double *)column->values)[column->first + row];
}

static inline int32_t date_at(const struct copy_column *column, int64_t row)
{
    return ((const int32_t *)column->values)[column->first + row];
}

static inline bool bool_at(const struct copy_column *column, int64_t row)
{
    int64_t at = column->first + row;

    return ((const uint8_t *)column->values)[at / 8] >> (at % 8) & 1;
}

static inline int128 decimal_at(const struct copy_column *column, int64_t row)
{
    int128 value;

    memcpy(&value, (const int128 *)column->values + column->first + row, sizeof(value));
    return value;
}

static inline struct slice text_at(const struct copy_column *column, int64_t row)
{
    const int32_t *offsets = column->offsets + column->first + row;

    return (struct slice){ (const char *)column->values + offsets[0], (size_t)(offsets[1] - offsets[0]) };
}

static inline bool has_value(const struct copy_column *column, int64_t row)
{
    int64_t at = column->first + row;

    return !column->valid || column->valid[at / 8] >> (at % 8) & 1;
}

/* ---- numbers -------------------------------------------------------------------------------------------------------------------- */

static enum copy_fault encode_bool(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    store32(writer->bytes + writer->length, 1);
    writer->bytes[writer->length + LENGTH_BYTES] = bool_at(column, row);
    writer->length += LENGTH_BYTES + 1;
    return COPY_FINE;
}

static enum copy_fault encode_int2(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int64_t value = int64_at(column, row);

    return value < INT16_MIN || value > INT16_MAX ? COPY_OUT_OF_RANGE : put16(writer, (uint16_t)value);
}

static enum copy_fault encode_int4(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int64_t value = int64_at(column, row);

    return value < INT32_MIN || value > INT32_MAX ? COPY_OUT_OF_RANGE : put32(writer, (uint32_t)value);
}

static enum copy_fault encode_int8(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    return put64(writer, (uint64_t)int64_at(column, row));
}

static inline enum copy_fault put_float8(struct copy_writer *writer, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return put64(writer, bits);
}

static inline enum copy_fault put_float4(struct copy_writer *writer, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return put32(writer, bits);
}

static enum copy_fault encode_float8(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    return put_float8(writer, double_at(column, row));
}

/* Rounded, as Postgres does it; but neither to infinity nor to nothing, which it refuses as well. */
static enum copy_fault encode_float4(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    double value = double_at(column, row);
    float narrow = (float)value;

    if ((isfinite(value) && !isfinite(narrow)) || (value != 0 && narrow == 0))
        return COPY_OUT_OF_RANGE;
    return put_float4(writer, narrow);
}

/* Is it the integer that it was made from? 2^63 itself is no int64. */
static bool is_exact(double value, int64_t integer)
{
    return value < 0x1p63 && (int64_t)value == integer;
}

static enum copy_fault encode_int_float8(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int64_t value = int64_at(column, row);

    return is_exact((double)value, value) ? put_float8(writer, (double)value) : COPY_INEXACT;
}

static enum copy_fault encode_int_float4(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int64_t value = int64_at(column, row);

    return is_exact((double)(float)value, value) ? put_float4(writer, (float)value) : COPY_INEXACT;
}

/* ---- numeric -------------------------------------------------------------------------------------------------------------------- */

static const uint64_t powers_of_ten[] = {
    1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u, 100000000000u, 1000000000000u, 10000000000000u,
    100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u, 1000000000000000000u, 10000000000000000000u,
};

/* Groups of four digits, the last one first. */
static int split_groups(uint128 value, uint16_t *groups)
{
    uint64_t small;
    int count = 0;

    while (value > UINT64_MAX) {
        groups[count++] = (uint16_t)(value % 10000);
        value /= 10000;
    }
    for (small = (uint64_t)value; small; small /= 10000)
        groups[count++] = (uint16_t)(small % 10000);
    return count;
}

/* magnitude * 10^exponent: digits to the base of 10000, of which the first counts 10000^weight. The groups are aligned to the point: the last one takes
 * 4 - shift digits, and is filled up with zeros. */
static enum copy_fault put_numeric(struct copy_writer *writer, bool negative, uint128 magnitude, int exponent)
{
    uint16_t groups[NUMERIC_GROUPS];
    int shift = exponent & 3, weight = (exponent - shift) / 4, count, skipped = 0;
    uint64_t cut = powers_of_ten[4 - shift];
    uint8_t *at = writer->bytes + writer->length;

    if (magnitude <= UINT64_MAX) {
        groups[0] = (uint16_t)((uint64_t)magnitude % cut * powers_of_ten[shift]);
        magnitude = (uint64_t)magnitude / cut;
    } else {
        groups[0] = (uint16_t)((uint64_t)(magnitude % cut) * powers_of_ten[shift]);
        magnitude /= cut;
    }
    count = 1 + split_groups(magnitude, groups + 1);
    while (skipped < count && !groups[skipped])
        skipped++;
    while (count > skipped && !groups[count - 1])
        count--;
    store32(at, (uint32_t)(8 + 2 * (count - skipped)));
    store16(at + 4, (uint16_t)(count - skipped));
    store16(at + 6, (uint16_t)(count > skipped ? weight + count - 1 : 0));
    store16(at + 8, negative ? 0x4000 : 0);
    store16(at + 10, (uint16_t)(exponent < 0 ? -exponent : 0));
    at += 12;
    for (int i = count - 1; i >= skipped; i--, at += 2)
        store16(at, groups[i]);
    writer->length = (size_t)(at - writer->bytes);
    return COPY_FINE;
}

static enum copy_fault encode_decimal(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int128 value = decimal_at(column, row);

    return put_numeric(writer, value < 0, value < 0 ? -(uint128)value : (uint128)value, -column_type_scale(&column->source));
}

/* Digits that numeric(p,s) has before and behind the point. */
static int numeric_scale(int typmod)
{
    return (((typmod - PG_TYPMOD_HEADER) & 0x7ff) ^ 1024) - 1024;
}

static int numeric_whole_digits(int typmod)
{
    return (((typmod - PG_TYPMOD_HEADER) >> 16) & 0xffff) - numeric_scale(typmod);
}

static int digits_of(uint64_t value)
{
    int count = 0;

    while (count < 20 && value >= powers_of_ten[count])
        count++;
    return count;
}

/* `value` has no zero at its end. */
static enum copy_fault check_numeric(uint64_t value, int exponent, int typmod)
{
    if (typmod < 0 || !value)
        return COPY_FINE;
    if (digits_of(value) + exponent > numeric_whole_digits(typmod))
        return COPY_OUT_OF_RANGE;
    return -exponent > numeric_scale(typmod) ? COPY_INEXACT : COPY_FINE;
}

static void strip_zeros(uint64_t *value, int *exponent)
{
    while (*value && *value % 10 == 0) {
        *value /= 10;
        ++*exponent;
    }
}

static enum copy_fault encode_int_numeric(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int64_t value = int64_at(column, row);
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value, stripped = magnitude;
    int exponent = 0;
    enum copy_fault fault = COPY_FINE;

    if (column->typmod >= 0) {
        strip_zeros(&stripped, &exponent);
        fault = check_numeric(stripped, exponent, column->typmod);
    }
    return fault ? fault : put_numeric(writer, value < 0, magnitude, 0);
}

/* The shortest digits that read back as the double: "-1.25e-07" is 125 * 10^-9. */
static void split_double(double value, uint64_t *digits, int *exponent)
{
    char text[DOUBLE_CHARS];
    bool behind_point = false;

    double_format(value, text);
    *digits = 0;
    *exponent = 0;
    for (const char *at = text; *at; at++) {
        if (*at == 'e') {
            *exponent += (int)strtol(at + 1, NULL, 10);
            break;
        }
        if (ascii_is_digit(*at)) {
            *digits = *digits * 10 + (uint64_t)(*at - '0');
            *exponent -= behind_point;
        }
        behind_point |= *at == '.';
    }
    strip_zeros(digits, exponent);
}

static enum copy_fault encode_double_numeric(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    double value = double_at(column, row);
    uint64_t digits;
    int exponent;
    enum copy_fault fault;

    if (!isfinite(value))
        return COPY_OUT_OF_RANGE;
    split_double(value, &digits, &exponent);
    fault = check_numeric(digits, exponent, column->typmod);
    return fault ? fault : put_numeric(writer, value < 0, digits, digits ? exponent : 0);
}

/* ---- times ---------------------------------------------------------------------------------------------------------------------- */

/* What is finer than the column's precision the server rounds. */
static enum copy_fault encode_timestamp(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int64_t value;

    if (__builtin_sub_overflow(int64_at(column, row), PG_EPOCH_MICROS, &value) || value < MICROS_MIN || value > MICROS_MAX)
        return COPY_OUT_OF_RANGE;
    return put64(writer, (uint64_t)value);
}

static enum copy_fault encode_date(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int64_t value = (int64_t)date_at(column, row) - PG_EPOCH_DAYS;

    return value < DAYS_MIN || value > DAYS_MAX ? COPY_OUT_OF_RANGE : put32(writer, (uint32_t)value);
}

static enum copy_fault encode_date_timestamp(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int64_t value = (int64_t)date_at(column, row) - PG_EPOCH_DAYS;

    if (value < MICROS_MIN / MICROS_PER_DAY || value > MICROS_MAX / MICROS_PER_DAY)
        return COPY_OUT_OF_RANGE;
    return put64(writer, (uint64_t)(value * MICROS_PER_DAY));
}

static enum copy_fault encode_time(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    int64_t value = int64_at(column, row);

    return value < 0 || value > MICROS_PER_DAY ? COPY_OUT_OF_RANGE : put64(writer, (uint64_t)value);
}

/* ---- texts ---------------------------------------------------------------------------------------------------------------------- */

/* varchar(n) and char(n) count characters, and let spaces at the end be cut off. */
static bool fits_length(struct slice text, int typmod)
{
    size_t most = (size_t)(typmod - PG_TYPMOD_HEADER);

    while (text.length > most && text.text[text.length - 1] == ' ' && utf8_count(text.text, text.length) > most)
        text.length--;
    return text.length <= most || utf8_count(text.text, text.length) <= most;
}

static enum copy_fault encode_text(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    struct slice text = text_at(column, row);

    if (column->is_suspect && text.length && memchr(text.text, 0, text.length))
        return COPY_NUL;
    if (column->typmod >= PG_TYPMOD_HEADER && !fits_length(text, column->typmod))
        return COPY_TOO_LONG;
    return put_bytes(writer, text.text, text.length, NULL, 0);
}

static enum copy_fault encode_bytea(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    struct slice bytes = text_at(column, row);

    return put_bytes(writer, bytes.text, bytes.length, NULL, 0);
}

static enum copy_fault encode_json(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    struct slice text = text_at(column, row);

    if (column->is_suspect && text.length && memchr(text.text, 0, text.length))
        return COPY_NUL;
    return put_bytes(writer, text.text, text.length, NULL, 0);
}

#define JSON_NUL "\\u0000"

/* Is there the escape of a NUL, one whose backslash is not escaped itself? */
static bool has_json_nul(struct slice text)
{
    const char *end = text.text + text.length, *at = text.text;

    while ((at = memmem(at, (size_t)(end - at), JSON_NUL, strlen(JSON_NUL)))) {
        const char *first = at;

        while (first > text.text && first[-1] == '\\')
            first--;
        if ((at - first) % 2 == 0)
            return true;
        at++;
    }
    return false;
}

#define JSONB_VERSION "\1"

static enum copy_fault encode_jsonb(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    struct slice text = text_at(column, row);

    if (column->is_suspect && text.length && (has_json_nul(text) || memchr(text.text, 0, text.length)))
        return COPY_JSON_NUL;
    return put_bytes(writer, text.text, text.length, JSONB_VERSION, 1);
}

static int hex_value(char c)
{
    c = ascii_lower(c);
    return ascii_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 hexadecimal digits, with the usual hyphens or without any. */
static bool read_uuid(struct slice text, uint8_t uuid[UUID_BYTES])
{
    size_t at = 0;

    if (text.length != 36 && text.length != 32)
        return false;
    for (size_t i = 0; i < UUID_BYTES; i++, at += 2) {
        int high, low;

        if (text.length == 36 && (i == 4 || i == 6 || i == 8 || i == 10) && text.text[at++] != '-')
            return false;
        high = hex_value(text.text[at]);
        low = hex_value(text.text[at + 1]);
        if (high < 0 || low < 0)
            return false;
        uuid[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum copy_fault encode_uuid(struct copy_writer *writer, const struct copy_column *column, int64_t row)
{
    uint8_t *at = writer->bytes + writer->length;

    if (!read_uuid(text_at(column, row), at + LENGTH_BYTES))
        return COPY_NO_UUID;
    store32(at, UUID_BYTES);
    writer->length += LENGTH_BYTES + UUID_BYTES;
    return COPY_FINE;
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

static const struct {
    enum data_type source;
    uint32_t oid;
    copy_encode *encode;
    size_t bytes;
} ways[] = {
    { TYPE_TEXT, OID_VARCHAR, encode_text, 0 },
    { TYPE_TEXT, OID_TEXT, encode_text, 0 },
    { TYPE_TEXT, OID_BPCHAR, encode_text, 0 },
    { TYPE_TEXT, OID_UUID, encode_uuid, UUID_BYTES },
    { TYPE_JSON, OID_JSONB, encode_jsonb, 1 },
    { TYPE_JSON, OID_JSON, encode_json, 0 },
    { TYPE_JSON, OID_VARCHAR, encode_text, 0 },
    { TYPE_JSON, OID_TEXT, encode_text, 0 },
    { TYPE_BINARY, OID_BYTEA, encode_bytea, 0 },
    { TYPE_DOUBLE, OID_FLOAT8, encode_float8, 8 },
    { TYPE_DOUBLE, OID_FLOAT4, encode_float4, 4 },
    { TYPE_DOUBLE, OID_NUMERIC, encode_double_numeric, NUMERIC_BYTES },
    { TYPE_BOOL, OID_BOOL, encode_bool, 1 },
    { TYPE_BIGINT, OID_INT8, encode_int8, 8 },
    { TYPE_BIGINT, OID_INT4, encode_int4, 4 },
    { TYPE_BIGINT, OID_INT2, encode_int2, 2 },
    { TYPE_BIGINT, OID_NUMERIC, encode_int_numeric, NUMERIC_BYTES },
    { TYPE_BIGINT, OID_FLOAT8, encode_int_float8, 8 },
    { TYPE_BIGINT, OID_FLOAT4, encode_int_float4, 4 },
    { TYPE_DECIMAL, OID_NUMERIC, encode_decimal, NUMERIC_BYTES },
    { TYPE_WEI, OID_NUMERIC, encode_decimal, NUMERIC_BYTES },
    { TYPE_TIMESTAMP, OID_TIMESTAMPTZ, encode_timestamp, 8 },
    { TYPE_TIMESTAMP, OID_TIMESTAMP, encode_timestamp, 8 },
    { TYPE_DATE, OID_DATE, encode_date, 4 },
    { TYPE_DATE, OID_TIMESTAMPTZ, encode_date_timestamp, 8 },
    { TYPE_DATE, OID_TIMESTAMP, encode_date_timestamp, 8 },
    { TYPE_TIME, OID_TIME, encode_time, 8 },
};

#define WAY_COUNT (sizeof(ways) / sizeof(*ways))

static size_t find_way(enum data_type source, uint32_t oid)
{
    size_t i = 0;

    while (i < WAY_COUNT && (ways[i].source != source || ways[i].oid != oid))
        i++;
    return i;
}

bool copy_can(enum data_type source, uint32_t oid)
{
    return find_way(source, oid) < WAY_COUNT;
}

bool copy_bind(struct copy_column *column, const struct column_type *source, uint32_t oid, int typmod)
{
    size_t way = find_way(source->type, oid);

    if (way == WAY_COUNT)
        return false;
    column->encode = ways[way].encode;
    column->bytes_max = ways[way].bytes;
    column->source = *source;
    column->oid = oid;
    column->typmod = typmod;
    return true;
}

/* Is there a NUL anywhere in the column's texts, or for jsonb its escape? So a row need not be searched when none is. */
static bool is_suspect(const struct copy_column *column, int64_t rows)
{
    const char *texts = column->values;
    int32_t from, to;

    if (!rows || !texts)
        return false;
    from = column->offsets[column->first];
    to = column->offsets[column->first + rows];
    return to > from && (memchr(texts + from, 0, (size_t)(to - from)) ||
                         (column->oid == OID_JSONB && memmem(texts + from, (size_t)(to - from), JSON_NUL, strlen(JSON_NUL))));
}

void copy_take_batch(struct copy_column *column, const struct ArrowArray *array)
{
    bool has_texts = array->n_buffers == 3;

    column->valid = array->buffers[0];
    column->first = array->offset;
    column->offsets = has_texts ? array->buffers[1] : NULL;
    column->values = array->buffers[has_texts ? 2 : 1];
    column->is_suspect = has_texts && column->source.type != TYPE_BINARY && is_suspect(column, array->length);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

static const char header[] = "PGCOPY\n\377\r\n\0" "\0\0\0\0" "\0\0\0\0"; /* signature, no flags, no extension; C adds a byte more */

bool copy_begin(struct copy_writer *writer, struct copy_column *columns, size_t count)
{
    *writer = (struct copy_writer){ .columns = columns, .count = count, .row_bytes = 2 * COUNT_BYTES };
    for (size_t i = 0; i < count; i++)
        writer->row_bytes += LENGTH_BYTES + columns[i].bytes_max;
    if (!reserve(writer, sizeof(header) - 1))
        return false;
    memcpy(writer->bytes, header, sizeof(header) - 1);
    writer->length = sizeof(header) - 1;
    return true;
}

void copy_release(struct copy_writer *writer)
{
    free(writer->bytes);
    *writer = (struct copy_writer){ 0 };
}

static enum copy_fault put_without_value(struct copy_writer *writer, const struct copy_column *column)
{
    if (column->otherwise)
        return put_bytes(writer, column->otherwise, strlen(column->otherwise), NULL, 0);
    store32(writer->bytes + writer->length, UINT32_MAX);
    writer->length += LENGTH_BYTES;
    return COPY_FINE;
}

static enum copy_fault put_row(struct copy_writer *writer, int64_t row, size_t *faulty)
{
    if (!reserve(writer, writer->row_bytes))
        return COPY_NO_MEMORY;
    store16(writer->bytes + writer->length, (uint16_t)writer->count);
    writer->length += COUNT_BYTES;
    for (size_t i = 0; i < writer->count; i++) {
        const struct copy_column *column = &writer->columns[i];
        enum copy_fault fault =
            column->encode && has_value(column, row) ? column->encode(writer, column, row) : put_without_value(writer, column);

        if (fault) {
            *faulty = i;
            return fault;
        }
    }
    return COPY_FINE;
}

enum copy_fault copy_rows(struct copy_writer *writer, int64_t *row, int64_t rows, size_t bytes, size_t *column)
{
    enum copy_fault fault = COPY_FINE;

    while (!fault && *row < rows && writer->length < bytes) {
        fault = put_row(writer, *row, column);
        *row += !fault;
    }
    return fault;
}

bool copy_end(struct copy_writer *writer)
{
    if (!reserve(writer, COUNT_BYTES))
        return false;
    store16(writer->bytes + writer->length, UINT16_MAX);
    writer->length += COUNT_BYTES;
    return true;
}

/* ---- faults --------------------------------------------------------------------------------------------------------------------- */

static const char *show_value(const struct copy_column *column, int64_t row, char shown[SHORTEN_BYTES])
{
    char text[DECIMAL_CHARS + TIMESTAMP_CHARS];

    switch (column->source.type) {
    case TYPE_BIGINT:
        snprintf(text, sizeof(text), "%lld", (long long)int64_at(column, row));
        break;
    case TYPE_DOUBLE:
        snprintf(text, sizeof(text), "%.17g", double_at(column, row));
        if (isfinite(double_at(column, row)))
            double_format(double_at(column, row), text);
        break;
    case TYPE_DECIMAL:
    case TYPE_WEI:
        decimal_format(decimal_at(column, row), column_type_scale(&column->source), text);
        break;
    case TYPE_DATE:
        snprintf(text, sizeof(text), "%d days after 1970", date_at(column, row));
        break;
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
        snprintf(text, sizeof(text), "%lld microseconds", (long long)int64_at(column, row));
        break;
    case TYPE_BOOL:
        snprintf(text, sizeof(text), "%s", bool_at(column, row) ? "true" : "false");
        break;
    case TYPE_TEXT:
    case TYPE_JSON:
    case TYPE_BINARY:
    case TYPE_UNKNOWN: {
        struct slice bytes = text_at(column, row);

        return shorten(shown, bytes.text, bytes.length);
    }
    }
    return shorten(shown, text, strlen(text));
}

enum spile_status copy_fail(const struct copy_column *column, int64_t row, enum copy_fault fault, const char *type, struct spile_error *err)
{
    char shown[SHORTEN_BYTES];
    const char *value = fault == COPY_NO_MEMORY ? "" : show_value(column, row, shown);

    switch (fault) {
    case COPY_OUT_OF_RANGE:
        spile_fail(err, SPILE_DESTINATION, "value %s is out of range for type %s", value, type);
        break;
    case COPY_INEXACT:
        spile_fail(err, SPILE_DESTINATION, "value %s can't be held exactly by type %s", value, type);
        break;
    case COPY_TOO_LONG:
        spile_fail(err, SPILE_DESTINATION, "text \"%s\" is too long for type %s", value, type);
        break;
    case COPY_NO_UUID:
        spile_fail(err, SPILE_DESTINATION, "text \"%s\" is no %s", value, type);
        break;
    case COPY_NUL:
    case COPY_JSON_NUL:
        spile_fail(err, SPILE_DESTINATION, "%s \"%s\" has a NUL character (\\u0000), which Postgres does not hold in type %s",
                   column->source.type == TYPE_JSON ? "json" : "text", value, type);
        return spile_hint(err, SPILE_DESTINATION, "remove it at the source; or write the text in base64 there, and give the column the type binary");
    case COPY_FINE:
    case COPY_NO_MEMORY:
        return spile_fail_nomem(err);
    }
    return spile_hint(err, SPILE_DESTINATION, "change the column with ALTER TABLE ... ALTER COLUMN ... TYPE, correct the value at the source, or load into "
                                              "another table");
}
