/* What columns make of values of the typed kinds, which JSON has not.
 *
 * Expected values: dlt 1.31.0, which was given each of them as Python's value in a row of eleven columns, one declared of each type, and
 * loaded it into DuckDB: what a column shows is what the database had, and what is not here was in the variant column of the value's own
 * type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "data/documents.h"
#include "data/json.h"
#include "data/json_text.h"
#include "data/timestamp.h"
#include "extract/row_hash.h"
#include "schema/coerce.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define S(literal) { literal, sizeof(literal) - 1 }
#define TYPES (TYPE_TIME + 1)

struct expected {
    enum document_kind kind;
    struct slice text;
    enum data_type natural;
    const char *in[TYPES]; /* what a column of each type holds; NULL: it refuses the value */
};

static const struct expected as_dlt[] = {
    { DOCUMENT_TIMESTAMP, S("2024-01-02T03:04:05.678900+00:00"), TYPE_TIMESTAMP,
      { [TYPE_TEXT] = "2024-01-02T03:04:05.678900+00:00", [TYPE_TIMESTAMP] = "2024-01-02T03:04:05.678900+00:00",
        [TYPE_DATE] = "2024-01-02" } },
    { DOCUMENT_TIMESTAMP, S("2024-01-01T10:00:00+02:00"), TYPE_TIMESTAMP,
      { [TYPE_TEXT] = "2024-01-01T10:00:00+02:00", [TYPE_TIMESTAMP] = "2024-01-01T08:00:00+00:00", [TYPE_DATE] = "2024-01-01" } },
    { DOCUMENT_TIMESTAMP, S("2024-01-03T23:30:00-02:00"), TYPE_TIMESTAMP,
      { [TYPE_TEXT] = "2024-01-03T23:30:00-02:00", [TYPE_TIMESTAMP] = "2024-01-04T01:30:00+00:00", [TYPE_DATE] = "2024-01-04" } },
    { DOCUMENT_TIMESTAMP, S("2024-01-01T10:00:00"), TYPE_TIMESTAMP,
      { [TYPE_TEXT] = "2024-01-01T10:00:00", [TYPE_TIMESTAMP] = "2024-01-01T10:00:00+00:00", [TYPE_DATE] = "2024-01-01" } },
    { DOCUMENT_TIMESTAMP, S("0001-01-01T00:00:00"), TYPE_TIMESTAMP,
      { [TYPE_TEXT] = "0001-01-01T00:00:00", [TYPE_TIMESTAMP] = "0001-01-01T00:00:00+00:00", [TYPE_DATE] = "0001-01-01" } },
    { DOCUMENT_TIMESTAMP, S("9999-12-31T23:59:59.999999"), TYPE_TIMESTAMP,
      { [TYPE_TEXT] = "9999-12-31T23:59:59.999999", [TYPE_TIMESTAMP] = "9999-12-31T23:59:59.999999+00:00", [TYPE_DATE] = "9999-12-31" } },
    { DOCUMENT_DATE, S("2024-01-02"), TYPE_DATE,
      { [TYPE_TEXT] = "2024-01-02", [TYPE_TIMESTAMP] = "2024-01-02T00:00:00+00:00", [TYPE_DATE] = "2024-01-02" } },
    { DOCUMENT_DATE, S("0001-01-01"), TYPE_DATE,
      { [TYPE_TEXT] = "0001-01-01", [TYPE_TIMESTAMP] = "0001-01-01T00:00:00+00:00", [TYPE_DATE] = "0001-01-01" } },
    { DOCUMENT_DATE, S("9999-12-31"), TYPE_DATE,
      { [TYPE_TEXT] = "9999-12-31", [TYPE_TIMESTAMP] = "9999-12-31T00:00:00+00:00", [TYPE_DATE] = "9999-12-31" } },
    { DOCUMENT_TIME, S("03:04:05"), TYPE_TIME, { [TYPE_TEXT] = "03:04:05", [TYPE_TIME] = "03:04:05" } },
    { DOCUMENT_TIME, S("03:04:05.600000"), TYPE_TIME, { [TYPE_TEXT] = "03:04:05.600000", [TYPE_TIME] = "03:04:05.600000" } },
    { DOCUMENT_TIME, S("00:00:00"), TYPE_TIME, { [TYPE_TEXT] = "00:00:00", [TYPE_TIME] = "00:00:00" } },
    { DOCUMENT_DECIMAL, S("7"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "7", [TYPE_DOUBLE] = "7.0", [TYPE_BOOL] = "true", [TYPE_BIGINT] = "7", [TYPE_DECIMAL] = "7.000000000",
        [TYPE_WEI] = "7" } },
    { DOCUMENT_DECIMAL, S("1E+5"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "1E+5", [TYPE_DOUBLE] = "100000.0", [TYPE_BOOL] = "true", [TYPE_BIGINT] = "100000",
        [TYPE_DECIMAL] = "100000.000000000", [TYPE_WEI] = "100000" } },
    { DOCUMENT_DECIMAL, S("0"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "0", [TYPE_DOUBLE] = "0.0", [TYPE_BOOL] = "false", [TYPE_BIGINT] = "0", [TYPE_DECIMAL] = "0.000000000",
        [TYPE_WEI] = "0" } },
    { DOCUMENT_DECIMAL, S("0.00"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "0.00", [TYPE_DOUBLE] = "0.0", [TYPE_BOOL] = "false", [TYPE_BIGINT] = "0", [TYPE_DECIMAL] = "0.000000000",
        [TYPE_WEI] = "0" } },
    { DOCUMENT_DECIMAL, S("7.0"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "7.0", [TYPE_DOUBLE] = "7.0", [TYPE_BOOL] = "true", [TYPE_BIGINT] = "7", [TYPE_DECIMAL] = "7.000000000",
        [TYPE_WEI] = "7" } },
    { DOCUMENT_DECIMAL, S("-9223372036854775808"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "-9223372036854775808", [TYPE_DOUBLE] = "-9.223372036854776e+18", [TYPE_BOOL] = "true",
        [TYPE_BIGINT] = "-9223372036854775808", [TYPE_DECIMAL] = "-9223372036854775808.000000000", [TYPE_WEI] = "-9223372036854775808" } },
    { DOCUMENT_DECIMAL, S("12345678901234567890123456789"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "12345678901234567890123456789", [TYPE_DOUBLE] = "1.2345678901234568e+28", [TYPE_BOOL] = "true",
        [TYPE_DECIMAL] = "12345678901234567890123456789.000000000", [TYPE_WEI] = "12345678901234567890123456789" } },
    { DOCUMENT_BINARY, S("\x00\xff"), TYPE_BINARY, { [TYPE_TEXT] = "AP8=", [TYPE_BINARY] = "0x00ff" } },
    { DOCUMENT_BINARY, S("yes"), TYPE_BINARY, { [TYPE_TEXT] = "eWVz", [TYPE_BINARY] = "0x796573" } },
    { DOCUMENT_BINARY, S("{}"), TYPE_BINARY, { [TYPE_TEXT] = "e30=", [TYPE_BINARY] = "0x7b7d" } },
};

/* Where we differ (docs/differences-from-dlt.md): dlt rounds to the places of the column, or fails. */
static const struct expected ours[] = {
    /* It rounds in columns of wei, and to the nine places of a decimal; of a double it drops the sign of zero. */
    { DOCUMENT_DECIMAL, S("7.5"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "7.5", [TYPE_DOUBLE] = "7.5", [TYPE_BOOL] = "true", [TYPE_DECIMAL] = "7.500000000" } },
    { DOCUMENT_DECIMAL, S("12.340"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "12.340", [TYPE_DOUBLE] = "12.34", [TYPE_BOOL] = "true", [TYPE_DECIMAL] = "12.340000000" } },
    { DOCUMENT_DECIMAL, S("-0"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "-0", [TYPE_DOUBLE] = "-0.0", [TYPE_BOOL] = "false", [TYPE_BIGINT] = "0", [TYPE_DECIMAL] = "0.000000000",
        [TYPE_WEI] = "0" } },
    { DOCUMENT_DECIMAL, S("1E-7"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "1E-7", [TYPE_DOUBLE] = "1e-07", [TYPE_BOOL] = "true", [TYPE_DECIMAL] = "0.000000100" } },
    { DOCUMENT_DECIMAL, S("0.1234567891"), TYPE_TEXT,
      { [TYPE_TEXT] = "0.1234567891", [TYPE_DOUBLE] = "0.1234567891", [TYPE_BOOL] = "true" } },
    { DOCUMENT_DECIMAL, S("0.5"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "0.5", [TYPE_DOUBLE] = "0.5", [TYPE_BOOL] = "true", [TYPE_DECIMAL] = "0.500000000" } },
    { DOCUMENT_DECIMAL, S("2.5"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "2.5", [TYPE_DOUBLE] = "2.5", [TYPE_BOOL] = "true", [TYPE_DECIMAL] = "2.500000000" } },
    { DOCUMENT_DECIMAL, S("-1.5"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "-1.5", [TYPE_DOUBLE] = "-1.5", [TYPE_BOOL] = "true", [TYPE_DECIMAL] = "-1.500000000" } },
    { DOCUMENT_DECIMAL, S("1E-400"), TYPE_TEXT, { [TYPE_TEXT] = "1E-400", [TYPE_DOUBLE] = "0.0", [TYPE_BOOL] = "true" } },
    { DOCUMENT_DECIMAL, S("0.1"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "0.1", [TYPE_DOUBLE] = "0.1", [TYPE_BOOL] = "true", [TYPE_DECIMAL] = "0.100000000" } },
    /* It fails in normalize: UTC is out of the years. */
    { DOCUMENT_TIMESTAMP, S("0001-01-01T00:00:00+02:00"), TYPE_TEXT, { [TYPE_TEXT] = "0001-01-01T00:00:00+02:00" } },
    { DOCUMENT_TIMESTAMP, S("9999-12-31T23:00:00-02:00"), TYPE_TEXT, { [TYPE_TEXT] = "9999-12-31T23:00:00-02:00" } },
    /* It fails in the load. */
    { DOCUMENT_DECIMAL, S("1E+30"), TYPE_TEXT,
      { [TYPE_TEXT] = "1E+30", [TYPE_DOUBLE] = "1e+30", [TYPE_BOOL] = "true", [TYPE_WEI] = "1000000000000000000000000000000" } },
    { DOCUMENT_DECIMAL, S("9223372036854775808"), TYPE_DECIMAL,
      { [TYPE_TEXT] = "9223372036854775808", [TYPE_DOUBLE] = "9.223372036854776e+18", [TYPE_BOOL] = "true",
        [TYPE_DECIMAL] = "9223372036854775808.000000000", [TYPE_WEI] = "9223372036854775808" } },
    { DOCUMENT_DECIMAL, S("NaN"), TYPE_TEXT, { [TYPE_TEXT] = "NaN", [TYPE_BOOL] = "true" } },
    { DOCUMENT_DECIMAL, S("Infinity"), TYPE_TEXT, { [TYPE_TEXT] = "Infinity", [TYPE_BOOL] = "true" } },
    { DOCUMENT_DECIMAL, S("-Infinity"), TYPE_TEXT, { [TYPE_TEXT] = "-Infinity", [TYPE_BOOL] = "true" } },
    { DOCUMENT_DECIMAL, S("1E+400"), TYPE_TEXT, { [TYPE_TEXT] = "1E+400", [TYPE_BOOL] = "true" } },
    /* It makes a text of no bytes at all: the mark of its type. */
    { DOCUMENT_BINARY, S(""), TYPE_BINARY, { [TYPE_TEXT] = "", [TYPE_BINARY] = "0x" } },
};

static yyjson_val typed(enum document_kind kind, struct slice text)
{
    return (yyjson_val){ .tag = document_typed_tag(kind, text.length), .uni.str = text.text };
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

/* The one value of the column. */
static void show(struct text *out, const struct column_builder *column)
{
    char chars[DECIMAL_CHARS] = "";

    _Static_assert(DECIMAL_CHARS >= TIMESTAMP_CHARS && DECIMAL_CHARS >= DOUBLE_CHARS, "all fit");
    text_clear(out);
    switch (column->type.type) {
    case TYPE_TEXT:
    case TYPE_JSON:
        text_append(out, column->heap, column->heap_length);
        return;
    case TYPE_BINARY:
        text_puts(out, "0x");
        for (size_t i = 0; i < column->heap_length; i++)
            text_printf(out, "%02x", column->heap[i]);
        return;
    case TYPE_DOUBLE:
        double_format(column->f64[0], chars);
        break;
    case TYPE_BOOL:
        text_puts(out, column->u8[0] ? "true" : "false");
        return;
    case TYPE_BIGINT:
        decimal_format(column->i64[0], 0, chars);
        break;
    case TYPE_DECIMAL:
    case TYPE_WEI:
        decimal_format(column->i128[0], column_type_scale(&column->type), chars);
        break;
    case TYPE_TIMESTAMP:
        timestamp_format(column->i64[0], chars);
        break;
    case TYPE_DATE:
        date_format(column->i32[0], chars);
        break;
    case TYPE_TIME:
        time_format(column->i64[0], chars);
        break;
    case TYPE_UNKNOWN:
        break;
    }
    text_puts(out, chars);
}

/* `want` NULL: refused. */
static void expect_in(struct column_type type, enum document_kind kind, struct slice text, const char *want)
{
    struct column_builder column = { .type = type };
    yyjson_val value = typed(kind, text);
    enum coerced result = coerce_into(&column, 0, (struct document){ &value });
    struct text got = { 0 };

    assert_int_not_equal(result, COERCED_NOMEM);
    if (result == COERCED)
        show(&got, &column);
    if ((result == COERCED) != (want != NULL) || (want && strcmp(got.length ? got.text : "", want)))
        fail_msg("%.*s into %s: got %s, want %s", (int)text.length, text.text, data_type_name(type.type),
                 got.length ? got.text : "(refused)", want ? want : "(refused)");
    assert_int_equal(column.length, want != NULL);
    text_release(&got);
    column_release(&column);
}

static void expect_all(const struct expected *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct settings settings = { 0 };
        yyjson_val value = typed(expected[i].kind, expected[i].text);
        struct document document = { &value };

        assert_int_equal(document_kind(document), expected[i].kind);
        assert_string_equal(data_type_name(natural_type(document)), data_type_name(expected[i].natural));
        for (enum detection d = 0; d < DETECTIONS; d++) { /* they are about numbers and texts */
            settings.detections[settings.detection_count++] = d;
            assert_int_equal(inferred_type(&settings, document), expected[i].natural);
        }
        assert_int_equal(coerces_to(expected[i].natural, document), COERCED); /* so that every value has a variant that holds it */
        for (enum data_type type = TYPE_TEXT; type < TYPES; type++)
            expect_in((struct column_type){ type, -1, -1, true }, expected[i].kind, expected[i].text, expected[i].in[type]);
    }
}

static void columns_as_dlt(void **state)
{
    (void)state;
    expect_all(as_dlt, COUNT(as_dlt));
}

static void columns_where_we_differ(void **state)
{
    (void)state;
    expect_all(ours, COUNT(ours));
}

/* DuckDB rounds what dlt gives it. */
static void declared_columns(void **state)
{
    static const struct {
        struct column_type type;
        enum document_kind kind;
        struct slice text;
        const char *want;
    } cases[] = {
        { { TYPE_DECIMAL, 10, 2, true }, DOCUMENT_DECIMAL, S("1.255"), "1.26" },
        { { TYPE_DECIMAL, 10, 2, true }, DOCUMENT_DECIMAL, S("-1.255"), "-1.26" },
        { { TYPE_DECIMAL, 10, 2, true }, DOCUMENT_DECIMAL, S("1E-400"), "0.00" },
        { { TYPE_DECIMAL, 4, 2, true }, DOCUMENT_DECIMAL, S("99.994"), "99.99" },
        { { TYPE_DECIMAL, 4, 2, true }, DOCUMENT_DECIMAL, S("99.995"), NULL },
        { { TYPE_DECIMAL, 10, 2, true }, DOCUMENT_DECIMAL, S("NaN"), NULL },
        { { TYPE_BIGINT, 8, -1, true }, DOCUMENT_DECIMAL, S("127"), "127" },
        { { TYPE_BIGINT, 8, -1, true }, DOCUMENT_DECIMAL, S("128"), NULL },
        { { TYPE_TIMESTAMP, -1, -1, false }, DOCUMENT_TIMESTAMP, S("2024-01-01T10:00:00+02:00"), "2024-01-01T08:00:00+00:00" },
        { { TYPE_TIMESTAMP, -1, -1, false }, DOCUMENT_TIMESTAMP, S("2024-01-01T10:00:00"), "2024-01-01T10:00:00+00:00" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_in(cases[i].type, cases[i].kind, cases[i].text, cases[i].want);
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------------------- */

static void add(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, enum document_kind kind, struct slice text)
{
    yyjson_mut_val *value = yyjson_mut_rawncpy(doc, text.text, text.length);

    assert_non_null(value);
    value->tag = document_typed_tag(kind, text.length);
    assert_true(yyjson_mut_obj_add(object, yyjson_mut_str(doc, key), value));
}

static yyjson_mut_doc *one_of_each(void)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc);

    assert_non_null(object);
    yyjson_mut_doc_set_root(doc, object);
    add(doc, object, "z", DOCUMENT_TIMESTAMP, (struct slice)S("2024-01-02T03:04:05.678900+02:00"));
    add(doc, object, "y", DOCUMENT_TIMESTAMP, (struct slice)S("2024-01-02T00:00:00"));
    add(doc, object, "x", DOCUMENT_TIMESTAMP, (struct slice)S("2024-01-02T00:00:00+00:00"));
    add(doc, object, "d", DOCUMENT_DATE, (struct slice)S("2024-01-02"));
    add(doc, object, "t", DOCUMENT_TIME, (struct slice)S("03:04:05.600000"));
    add(doc, object, "c", DOCUMENT_DECIMAL, (struct slice)S("1E+5"));
    add(doc, object, "nan", DOCUMENT_DECIMAL, (struct slice)S("NaN"));
    add(doc, object, "b", DOCUMENT_BINARY, (struct slice)S("\x00\xff"));
    add(doc, object, "e", DOCUMENT_BINARY, (struct slice)S(""));
    assert_true(yyjson_mut_obj_add(object, yyjson_mut_str(doc, "n"), yyjson_mut_raw(doc, "123456789012345678901234567890")));
    return doc;
}

/* As json.dumps of dlt has it, which goes into columns of json and of text; but a number beyond 64 bits is beyond it. */
#define EACH \
    "{\"z\":\"2024-01-02T03:04:05.678900+02:00\",\"y\":\"2024-01-02T00:00:00\",\"x\":\"2024-01-02T00:00:00+00:00\",\"d\":\"2024-01-02\"," \
    "\"t\":\"03:04:05.600000\",\"c\":\"1E+5\",\"nan\":\"NaN\",\"b\":\"AP8=\",\"e\":\"\",\"n\":123456789012345678901234567890}"

static void expect_json(struct document document, const char *want)
{
    struct column_builder column = { .type = { TYPE_JSON, -1, -1, true } };
    struct text json = { 0 };

    json_write(&json, document);
    assert_false(json.failed);
    assert_string_equal(json.text, want);
    assert_int_equal(coerce_into(&column, 0, document), COERCED);
    show(&json, &column);
    assert_string_equal(json.text, want);
    column_release(&column);
    text_release(&json);
}

static void copies_and_json(void **state)
{
    yyjson_mut_doc *doc = one_of_each(), *copy;
    struct documents made = { 0 }, copied = { 0 };
    size_t length;
    char *json = json_text_write(yyjson_mut_doc_get_root(doc), &length);

    (void)state;
    assert_string_equal(json, EACH);
    free(json);
    copy = yyjson_mut_doc_mut_copy(doc, NULL);
    assert_non_null(copy);
    yyjson_mut_doc_free(doc);
    assert_true(documents_add_value(&made, yyjson_mut_doc_get_root(copy)));
    yyjson_mut_doc_free(copy);
    assert_true(documents_add(&copied, made.items[0]));
    expect_json(made.items[0], EACH);
    documents_release(&made);
    expect_json(copied.items[0], EACH);
    documents_release(&copied);
}

/* ---- hashes --------------------------------------------------------------------------------------------------------------------- */

static void expect_hashed(yyjson_mut_val *value, bool legacy, const char *json, const char *want)
{
    struct documents documents = { 0 };
    struct text got = { 0 };
    char hash[ROW_HASH_LEGACY_CHARS + 1];

    assert_true(documents_add_value(&documents, value));
    row_hash_write(&got, documents.items[0], legacy);
    assert_string_equal(got.text, json);
    row_hash(text_slice(&got), legacy, hash);
    assert_string_equal(hash, want);
    text_release(&got);
    documents_release(&documents);
}

/* dlt's json.dumps with the options of digest_dedup_value, and what that returns. */
#define HASHED \
    "{\"b\":\"AP8=\",\"c\":\"1E+5\",\"d\":\"2024-01-02\",\"e\":\"\",\"nan\":\"NaN\","\
    "\"t\":\"03:04:05.600000\",\"x\":1704153600000000,\"y\":1704153600000000,\"z\":1704157445678900}"
#define HASH "G23xy32J0vzG"
#define LEGACY_HASHED \
    "{\"b\":\"AP8=\",\"c\":\"1E+5\",\"d\":\"2024-01-02\",\"e\":\"\",\"nan\":\"NaN\","\
    "\"t\":\"03:04:05.600000\",\"x\":\"2024-01-02T00:00:00Z\",\"y\":\"2024-01-02T00:00:00\",\"z\":\"2024-01-02T03:04:05.678900+02:00\"}"
#define LEGACY_HASH "x491wS19p+yvbAh5oRgH"

static void hashes(void **state)
{
    yyjson_mut_doc *doc = one_of_each();

    (void)state;
    yyjson_mut_obj_remove_key(yyjson_mut_doc_get_root(doc), "n");
    expect_hashed(yyjson_mut_doc_get_root(doc), false, HASHED, HASH);
    expect_hashed(yyjson_mut_doc_get_root(doc), true, LEGACY_HASHED, LEGACY_HASH);
    yyjson_mut_doc_free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_as_dlt), cmocka_unit_test(columns_where_we_differ), cmocka_unit_test(declared_columns),
        cmocka_unit_test(copies_and_json), cmocka_unit_test(hashes),
    };

    return cmocka_run_group_tests_name("coerce_typed", tests, NULL, NULL);
}
