/* Values in the binary format of Postgres' COPY. Expected bytes: by hand, from Postgres' documentation of the format and of its types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/gather.h"
#include "data/number.h"
#include "destination/postgres/copy.h"

#define HEADER_BYTES 19
#define VARCHAR(n) ((n) + 4)
#define NUMERIC(p, s) (((p) << 16 | ((s) & 0x7ff)) + 4)

/* ---- one value ------------------------------------------------------------------------------------------------------------------ */

/* The way in: a value of the column's type. */
struct value {
    enum data_type type;
    int precision, scale;
    int64_t number;
    double real;
    const char *text; /* also of a decimal, which may be larger than a number */
    size_t length;    /* of a text with a NUL in it; 0: as C has it */
};

static void put_value(struct column_builder *column, const struct value *value)
{
    int128 decimal;

    switch (value->type) {
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
        assert_true(column_put_i64(column, 0, value->number));
        break;
    case TYPE_DATE:
        assert_true(column_put_i32(column, 0, (int32_t)value->number));
        break;
    case TYPE_BOOL:
        assert_true(column_put_bool(column, 0, value->number));
        break;
    case TYPE_DOUBLE:
        assert_true(column_put_f64(column, 0, value->real));
        break;
    case TYPE_DECIMAL:
    case TYPE_WEI:
        assert_true(decimal_from_text(value->text, strlen(value->text), value->precision, value->scale, &decimal));
        assert_true(column_put_i128(column, 0, decimal));
        break;
    default:
        assert_true(column_put_text(column, 0, value->text, value->length ? value->length : strlen(value->text)));
    }
}

static void make_batch(struct ArrowArray *batch, const struct value *value)
{
    struct gather gather;

    assert_true(gather_init(&gather, 1));
    gather.columns[0].type = (struct column_type){ .type = value->type, .precision = value->precision, .scale = value->scale };
    put_value(&gather.columns[0], value);
    gather.rows = 1;
    assert_true(gather_take(&gather, batch));
    gather_release(&gather);
}

/* Encodes one row of one value; the bytes of its field are written as hexadecimal digits. */
static enum copy_fault encode(const struct value *value, enum pg_oid oid, int typmod, char hex[512])
{
    struct column_type type = { .type = value->type, .precision = value->precision, .scale = value->scale };
    struct copy_column column = { 0 };
    struct copy_writer writer;
    struct ArrowArray batch;
    size_t faulty = 9;
    int64_t row = 0;
    enum copy_fault fault;

    make_batch(&batch, value);
    assert_true(copy_bind(&column, &type, oid, typmod));
    assert_true(copy_begin(&writer, &column, 1));
    copy_take_batch(&column, batch.children[0]);
    fault = copy_rows(&writer, &row, 1, 1 << 20, &faulty);
    assert_int_equal(row, fault ? 0 : 1);
    assert_int_equal(faulty, fault ? 0 : 9);
    if (!fault) {
        const uint8_t *field = writer.bytes + HEADER_BYTES;
        size_t length = (size_t)field[2] << 24 | (size_t)field[3] << 16 | (size_t)field[4] << 8 | field[5];

        assert_memory_equal(field, "\0\1", 2); /* one field */
        assert_int_equal(writer.length, HEADER_BYTES + 6 + length);
        for (size_t i = 0; i < length; i++)
            snprintf(hex + 2 * i, 3, "%02x", field[6 + i]);
        hex[2 * length] = 0;
    }
    copy_release(&writer);
    batch.release(&batch);
    return fault;
}

/* ---- values --------------------------------------------------------------------------------------------------------------------- */

#define INTEGER(n) { .type = TYPE_BIGINT, .number = (n) }
#define REAL(n) { .type = TYPE_DOUBLE, .real = (n) }
#define DECIMAL(p, s, t) { .type = TYPE_DECIMAL, .precision = (p), .scale = (s), .text = (t) }
#define TEXT(t) { .type = TYPE_TEXT, .text = (t) }
#define TEXT_OF(t) { .type = TYPE_TEXT, .text = (t), .length = sizeof(t) - 1 }
#define JSON(t) { .type = TYPE_JSON, .text = (t) }
#define WHEN(t, n) { .type = (t), .number = (n) }

static const struct {
    const char *what;
    struct value value;
    enum pg_oid oid;
    int typmod;
    enum copy_fault fault;
    const char *hex;
} values[] = {
    { "true", WHEN(TYPE_BOOL, 1), OID_BOOL, -1, COPY_FINE, "01" },
    { "false", WHEN(TYPE_BOOL, 0), OID_BOOL, -1, COPY_FINE, "00" },

    { "smallint", INTEGER(258), OID_INT2, -1, COPY_FINE, "0102" },
    { "smallest smallint", INTEGER(-32768), OID_INT2, -1, COPY_FINE, "8000" },
    { "too large a smallint", INTEGER(32768), OID_INT2, -1, COPY_OUT_OF_RANGE, NULL },
    { "too small a smallint", INTEGER(-32769), OID_INT2, -1, COPY_OUT_OF_RANGE, NULL },
    { "integer", INTEGER(-2), OID_INT4, -1, COPY_FINE, "fffffffe" },
    { "too large an integer", INTEGER(INT64_C(1) << 31), OID_INT4, -1, COPY_OUT_OF_RANGE, NULL },
    { "too small an integer", INTEGER(-(INT64_C(1) << 31) - 1), OID_INT4, -1, COPY_OUT_OF_RANGE, NULL },
    { "bigint", INTEGER(0x0102030405060708), OID_INT8, -1, COPY_FINE, "0102030405060708" },
    { "smallest bigint", INTEGER(INT64_MIN), OID_INT8, -1, COPY_FINE, "8000000000000000" },
    { "integer as double", INTEGER(3), OID_FLOAT8, -1, COPY_FINE, "4008000000000000" },
    { "integer between two doubles", INTEGER((INT64_C(1) << 53) + 1), OID_FLOAT8, -1, COPY_INEXACT, NULL },
    { "largest bigint as double", INTEGER(INT64_MAX), OID_FLOAT8, -1, COPY_INEXACT, NULL },
    { "smallest bigint as double", INTEGER(INT64_MIN), OID_FLOAT8, -1, COPY_FINE, "c3e0000000000000" },
    { "integer as real", INTEGER(3), OID_FLOAT4, -1, COPY_FINE, "40400000" },
    { "integer between two reals", INTEGER((1 << 24) + 1), OID_FLOAT4, -1, COPY_INEXACT, NULL },

    { "double", REAL(1.5), OID_FLOAT8, -1, COPY_FINE, "3ff8000000000000" },
    { "real", REAL(1.5), OID_FLOAT4, -1, COPY_FINE, "3fc00000" },
    { "double beyond real", REAL(1e39), OID_FLOAT4, -1, COPY_OUT_OF_RANGE, NULL },
    { "double that would vanish", REAL(1e-60), OID_FLOAT4, -1, COPY_OUT_OF_RANGE, NULL },
    { "infinity", REAL(1.0 / 0.0), OID_FLOAT4, -1, COPY_FINE, "7f800000" },

    /* numeric: groups, weight, sign, scale, then the groups to the base of 10000 */
    { "zero", DECIMAL(38, 9, "0"), OID_NUMERIC, -1, COPY_FINE, "0000" "0000" "0000" "0009" },
    { "one", DECIMAL(38, 9, "1"), OID_NUMERIC, -1, COPY_FINE, "0001" "0000" "0000" "0009" "0001" },
    { "minus one", DECIMAL(38, 9, "-1"), OID_NUMERIC, -1, COPY_FINE, "0001" "0000" "4000" "0009" "0001" },
    { "a half", DECIMAL(10, 1, "0.5"), OID_NUMERIC, -1, COPY_FINE, "0001" "ffff" "0000" "0001" "1388" },
    { "12.50", DECIMAL(10, 2, "12.50"), OID_NUMERIC, NUMERIC(10, 2), COPY_FINE, "0002" "0000" "0000" "0002" "000c" "1388" },
    { "a group of zeros at the end", DECIMAL(38, 0, "70000"), OID_NUMERIC, -1, COPY_FINE, "0001" "0001" "0000" "0000" "0007" },
    { "a group of zeros within", DECIMAL(38, 0, "100000001"), OID_NUMERIC, -1, COPY_FINE, "0003" "0002" "0000" "0000" "0001" "0000" "0001" },
    { "the smallest of nine", DECIMAL(38, 9, "0.000000001"), OID_NUMERIC, -1, COPY_FINE, "0001" "fffd" "0000" "0009" "03e8" },
    { "38 digits", DECIMAL(38, 0, "99999999999999999999999999999999999999"), OID_NUMERIC, -1, COPY_FINE,
      "000a" "0009" "0000" "0000" "0063" "270f" "270f" "270f" "270f" "270f" "270f" "270f" "270f" "270f" },
    { "38 digits behind the point", DECIMAL(38, 38, "-0.99999999999999999999999999999999999999"), OID_NUMERIC, -1, COPY_FINE,
      "000a" "ffff" "4000" "0026" "270f" "270f" "270f" "270f" "270f" "270f" "270f" "270f" "270f" "26ac" },
    { "integer as numeric", INTEGER(-10203), OID_NUMERIC, -1, COPY_FINE, "0002" "0001" "4000" "0000" "0001" "00cb" },
    { "smallest bigint as numeric", INTEGER(INT64_MIN), OID_NUMERIC, -1, COPY_FINE, "0005" "0004" "4000" "0000" "039a" "0d2c" "0170" "1565" "16b0" },
    { "integer of three digits in numeric(5,2)", INTEGER(999), OID_NUMERIC, NUMERIC(5, 2), COPY_FINE, "0001" "0000" "0000" "0000" "03e7" },
    { "integer of four digits in numeric(5,2)", INTEGER(1000), OID_NUMERIC, NUMERIC(5, 2), COPY_OUT_OF_RANGE, NULL },
    { "hundreds in numeric(2,-2)", INTEGER(9900), OID_NUMERIC, NUMERIC(2, -2), COPY_FINE, "0001" "0000" "0000" "0000" "26ac" },
    { "tens in numeric(2,-2)", INTEGER(990), OID_NUMERIC, NUMERIC(2, -2), COPY_INEXACT, NULL },
    { "double as numeric", REAL(-0.1), OID_NUMERIC, -1, COPY_FINE, "0001" "ffff" "4000" "0001" "03e8" },
    { "large double as numeric", REAL(1.5e20), OID_NUMERIC, -1, COPY_FINE, "0002" "0005" "0000" "0000" "0001" "1388" },
    { "double zero as numeric", REAL(0), OID_NUMERIC, -1, COPY_FINE, "0000" "0000" "0000" "0000" },
    { "double in numeric(10,2)", REAL(19.99), OID_NUMERIC, NUMERIC(10, 2), COPY_FINE, "0002" "0000" "0000" "0002" "0013" "26ac" },
    { "double with too many digits for numeric(10,2)", REAL(19.995), OID_NUMERIC, NUMERIC(10, 2), COPY_INEXACT, NULL },
    { "double too large for numeric(3,2)", REAL(10), OID_NUMERIC, NUMERIC(3, 2), COPY_OUT_OF_RANGE, NULL },
    { "no number as numeric", REAL(0.0 / 0.0), OID_NUMERIC, -1, COPY_OUT_OF_RANGE, NULL },

    /* times: microseconds and days since 2000 */
    { "2000-01-01", WHEN(TYPE_TIMESTAMP, 946684800000000), OID_TIMESTAMPTZ, -1, COPY_FINE, "0000000000000000" },
    { "1970-01-01", WHEN(TYPE_TIMESTAMP, 0), OID_TIMESTAMP, -1, COPY_FINE, "fffca2fec4c82000" },
    { "no time at all", WHEN(TYPE_TIMESTAMP, INT64_MIN), OID_TIMESTAMPTZ, -1, COPY_OUT_OF_RANGE, NULL },
    { "the last that we can say", WHEN(TYPE_TIMESTAMP, INT64_MAX), OID_TIMESTAMPTZ, -1, COPY_FINE, "7ffca2fec4c81fff" },
    { "the first of Postgres, 4713 BC", WHEN(TYPE_TIMESTAMP, -210866803200000000), OID_TIMESTAMP, -1, COPY_FINE, "fd0f7cc1411fa000" },
    { "before that", WHEN(TYPE_TIMESTAMP, -210866803200000001), OID_TIMESTAMP, -1, COPY_OUT_OF_RANGE, NULL },
    { "day 0", WHEN(TYPE_DATE, 10957), OID_DATE, -1, COPY_FINE, "00000000" },
    { "1969-12-31", WHEN(TYPE_DATE, -1), OID_DATE, -1, COPY_FINE, "ffffd532" },
    { "no date at all", WHEN(TYPE_DATE, INT32_MIN), OID_DATE, -1, COPY_OUT_OF_RANGE, NULL },
    { "date as timestamp", WHEN(TYPE_DATE, 10958), OID_TIMESTAMPTZ, -1, COPY_FINE, "000000141dd76000" },
    { "date beyond timestamp", WHEN(TYPE_DATE, 200000000), OID_TIMESTAMP, -1, COPY_OUT_OF_RANGE, NULL },
    { "time", WHEN(TYPE_TIME, 1), OID_TIME, -1, COPY_FINE, "0000000000000001" },
    { "24:00", WHEN(TYPE_TIME, 86400000000), OID_TIME, -1, COPY_FINE, "000000141dd76000" },
    { "more than a day", WHEN(TYPE_TIME, 86400000001), OID_TIME, -1, COPY_OUT_OF_RANGE, NULL },

    { "text", TEXT("a\xc3\xa4"), OID_VARCHAR, -1, COPY_FINE, "61c3a4" },
    { "empty text", TEXT(""), OID_TEXT, -1, COPY_FINE, "" },
    { "text of the full length", TEXT("\xc3\xa4\xc3\xb6"), OID_VARCHAR, VARCHAR(2), COPY_FINE, "c3a4c3b6" },
    { "too long a text", TEXT("abc"), OID_VARCHAR, VARCHAR(2), COPY_TOO_LONG, NULL },
    { "spaces too many", TEXT("ab   "), OID_BPCHAR, VARCHAR(2), COPY_FINE, "6162202020" },
    { "text with NUL", TEXT_OF("a\0b"), OID_TEXT, -1, COPY_NUL, NULL },
    { "bytes with NUL", { .type = TYPE_BINARY, .text = "\0\377", .length = 2 }, OID_BYTEA, -1, COPY_FINE, "00ff" },
    { "json", JSON("{}"), OID_JSON, -1, COPY_FINE, "7b7d" },
    { "jsonb", JSON("{}"), OID_JSONB, -1, COPY_FINE, "017b7d" },
    { "json as text", JSON("{}"), OID_VARCHAR, -1, COPY_FINE, "7b7d" },
    { "escaped NUL in json", JSON("\"\\u0000\""), OID_JSON, -1, COPY_FINE, "225c753030303022" },
    { "escaped NUL in jsonb", JSON("\"a\\u0000\""), OID_JSONB, -1, COPY_JSON_NUL, NULL },
    { "escaped backslash before u0000 in jsonb", JSON("\"\\\\u0000\""), OID_JSONB, -1, COPY_FINE, "01225c5c753030303022" },
    { "escaped backslash and escaped NUL in jsonb", JSON("\"\\\\\\u0000\""), OID_JSONB, -1, COPY_JSON_NUL, NULL },
    { "uuid", TEXT("00010203-0405-0607-0809-0a0b0C0d0E0f"), OID_UUID, -1, COPY_FINE, "000102030405060708090a0b0c0d0e0f" },
    { "uuid without hyphens", TEXT("000102030405060708090a0b0c0d0e0f"), OID_UUID, -1, COPY_FINE, "000102030405060708090a0b0c0d0e0f" },
    { "uuid with a hyphen elsewhere", TEXT("0001020-30405-0607-0809-0a0b0c0d0e0f"), OID_UUID, -1, COPY_NO_UUID, NULL },
    { "no uuid", TEXT("x0010203-0405-0607-0809-0a0b0c0d0e0f"), OID_UUID, -1, COPY_NO_UUID, NULL },
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        char hex[512] = "";
        enum copy_fault fault = encode(&values[i].value, values[i].oid, values[i].typmod, hex);

        if (fault != values[i].fault || (!fault && strcmp(hex, values[i].hex)))
            fail_msg("%s: fault %d, bytes %s, want fault %d, bytes %s", values[i].what, fault, hex, values[i].fault, values[i].hex ? values[i].hex : "");
    }
}

static void test_ways(void **state)
{
    (void)state;
    assert_true(copy_can(TYPE_TEXT, OID_VARCHAR));
    assert_false(copy_can(TYPE_TEXT, OID_INT8));
    assert_false(copy_can(TYPE_TEXT, OID_JSONB)); /* not every text is JSON */
    assert_false(copy_can(TYPE_DOUBLE, OID_INT8));
    assert_false(copy_can(TYPE_TIMESTAMP, OID_DATE));
    assert_false(copy_can(TYPE_BIGINT, 600)); /* point */
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

/* Three rows of: a text, an absent column with a constant, an absent column, a number that is null in the middle and then too large. */
static void make_rows(struct ArrowArray *batch)
{
    struct gather gather;

    assert_true(gather_init(&gather, 2));
    gather.columns[0].type.type = TYPE_TEXT;
    gather.columns[1].type.type = TYPE_BIGINT;
    assert_true(column_put_text(&gather.columns[0], 0, "a", 1));
    assert_true(column_put_text(&gather.columns[0], 2, "c", 1));
    assert_true(column_put_i64(&gather.columns[1], 0, 1) && column_put_i64(&gather.columns[1], 2, 40000));
    gather.rows = 3;
    assert_true(gather_take(&gather, batch));
    gather_release(&gather);
}

static const char rows_written[] = "PGCOPY\n\377\r\n\0" "\0\0\0\0" "\0\0\0\0"
    "\0\4" "\0\0\0\1" "a" "\0\0\0\3" "1.5" "\377\377\377\377" "\0\0\0\2\0\1"
    "\0\4" "\0\0\0\1" "-" "\0\0\0\3" "1.5" "\377\377\377\377" "\377\377\377\377";
static const char end_written[] = "\377\377";

static void test_rows(void **state)
{
    struct column_type text = { .type = TYPE_TEXT }, integer = { .type = TYPE_BIGINT };
    struct copy_column columns[4] = { { .otherwise = "-" }, { .otherwise = "1.5" } };
    struct copy_writer writer;
    struct ArrowArray batch;
    struct spile_error err = { 0 };
    size_t faulty = 0;
    int64_t row = 0;

    (void)state;
    make_rows(&batch);
    assert_true(copy_bind(&columns[0], &text, OID_VARCHAR, -1) && copy_bind(&columns[3], &integer, OID_INT2, -1));
    assert_true(copy_begin(&writer, columns, 4));
    copy_take_batch(&columns[0], batch.children[0]);
    copy_take_batch(&columns[3], batch.children[1]);
    assert_int_equal(copy_rows(&writer, &row, 3, HEADER_BYTES + 1, &faulty), COPY_FINE);
    assert_int_equal(row, 1); /* enough is written */
    assert_int_equal(copy_rows(&writer, &row, 3, 1 << 20, &faulty), COPY_OUT_OF_RANGE);
    assert_int_equal(row, 2);
    assert_int_equal(faulty, 3);
    assert_int_equal(copy_fail(&columns[faulty], row, COPY_OUT_OF_RANGE, "smallint", &err), SPILE_DESTINATION);
    assert_string_equal(err.message, "value 40000 is out of range for type smallint");
    assert_memory_equal(writer.bytes, rows_written, sizeof(rows_written) - 1);
    writer.length = sizeof(rows_written) - 1;
    assert_true(copy_end(&writer));
    assert_int_equal(writer.length, sizeof(rows_written) - 1 + 2);
    assert_memory_equal(writer.bytes + sizeof(rows_written) - 1, end_written, 2);
    copy_release(&writer);
    batch.release(&batch);
}

/* A part of a batch: Arrow's offset counts for values, bits and texts alike. */
static void test_offset(void **state)
{
    struct column_type text = { .type = TYPE_TEXT };
    struct copy_column column = { 0 };
    struct copy_writer writer;
    struct ArrowArray batch;
    size_t faulty;
    int64_t row = 0;

    (void)state;
    make_rows(&batch);
    batch.children[0]->offset = 1;
    batch.children[0]->length = 2;
    assert_true(copy_bind(&column, &text, OID_TEXT, -1) && copy_begin(&writer, &column, 1));
    copy_take_batch(&column, batch.children[0]);
    assert_int_equal(copy_rows(&writer, &row, 2, 1 << 20, &faulty), COPY_FINE);
    assert_int_equal(writer.length, HEADER_BYTES + 6 + 7);
    assert_memory_equal(writer.bytes + HEADER_BYTES, "\0\1\377\377\377\377\0\1\0\0\0\1c", 13);
    copy_release(&writer);
    batch.release(&batch);
}

/* Texts larger than what was reserved at first. */
static void test_growth(void **state)
{
    size_t length = 1 << 20;
    char *text = malloc(length + 1);
    struct value value = { .type = TYPE_TEXT, .text = text };
    struct column_type type = { .type = TYPE_TEXT };
    struct copy_column column = { 0 };
    struct copy_writer writer;
    struct ArrowArray batch;
    size_t faulty;
    int64_t row = 0;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', length);
    text[length] = 0;
    make_batch(&batch, &value);
    assert_true(copy_bind(&column, &type, OID_TEXT, -1) && copy_begin(&writer, &column, 1));
    copy_take_batch(&column, batch.children[0]);
    assert_int_equal(copy_rows(&writer, &row, 1, 1 << 16, &faulty), COPY_FINE);
    assert_int_equal(writer.length, HEADER_BYTES + 6 + length);
    assert_memory_equal(writer.bytes + HEADER_BYTES + 6, text, length);
    copy_release(&writer);
    batch.release(&batch);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_ways),   cmocka_unit_test(test_rows),
        cmocka_unit_test(test_offset), cmocka_unit_test(test_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
