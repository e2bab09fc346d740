/* The destination SQLite. What it stores is read back by SQLite itself; expected texts are those that dlt 1.31 (SQLAlchemy 2.1) stores for the same values,
 * written down from a database that it made, or arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "data/gather.h"
#include "destination/sqlite/connection.h"
#include "destination/sqlite/sqlite.h"
#include "destination/sqlite/types.h"

static const struct destination_ops *const ops = &sqlite_destination;

/* ---- a folder, a database, a question ------------------------------------------------------------------------------------------ */

static char folder[] = "/tmp/spile-test-sqlite-XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(*paths), "%s/%s", folder, name);
    return path;
}

static bool file_exists(const char *name)
{
    return !access(in_folder(name), F_OK);
}

static struct destination *open_at(const char *name, bool read_only)
{
    struct destination_options options = { .location = in_folder(name), .max_memory = 64 << 20, .threads = 1, .work_folder = folder,
                                           .read_only = read_only };
    struct destination *destination;

    assert_int_equal(ops->open(&destination, &options, NULL), SPILE_OK);
    return destination;
}

static void close_it(struct destination *destination)
{
    assert_int_equal(ops->close(destination, NULL), SPILE_OK);
}

static sqlite3 *other_program(const char *name)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(in_folder(name), &db), SQLITE_OK);
    return db;
}

static void sql(const char *name, const char *statements)
{
    sqlite3 *db = other_program(name);
    char *message = NULL;

    if (sqlite3_exec(db, statements, NULL, NULL, &message))
        fail_msg("%s: %s", statements, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The cells of all rows, with '|' between columns and ' / ' between rows. */
static const char *ask(const char *name, const char *query)
{
    static char answer[8192];
    sqlite3 *db = other_program(name);
    sqlite3_stmt *statement;
    size_t used = 0;

    if (sqlite3_prepare_v2(db, query, -1, &statement, NULL))
        fail_msg("%s: %s", query, sqlite3_errmsg(db));
    *answer = '\0';
    while (sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *cell = (const char *)sqlite3_column_text(statement, i);

            used += (size_t)snprintf(answer + used, sizeof(answer) - used, "%s%s", i ? "|" : used ? " / " : "", cell ? cell : "NULL");
            assert_true(used < sizeof(answer));
        }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return answer;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------ */

#define COLUMNS_MAX 16

struct rows {
    struct table table;
    struct column columns[COLUMNS_MAX];
    struct column *list[COLUMNS_MAX];
    struct ingest_column ingest_columns[COLUMNS_MAX];
    struct ingest ingest;
    struct gather gather; /* of the columns in the stream */
};

static struct column_type type_of(enum data_type type, int precision, int scale)
{
    return (struct column_type){ type, precision, scale, true };
}

static void rows_begin(struct rows *rows, const char *table)
{
    *rows = (struct rows){ .table = { .name = table } };
    rows->table.columns = rows->list;
    rows->ingest = (struct ingest){ .dataset = MAIN_DATASET, .table = &rows->table, .columns = rows->ingest_columns };
}

static void rows_column(struct rows *rows, const char *name, struct column_type type, bool in_stream, const char *otherwise)
{
    uint32_t index = rows->table.column_count++;

    rows->columns[index] = (struct column){ .name = name, .type = type, .nullable = true, .index = index };
    rows->list[index] = &rows->columns[index];
    rows->ingest_columns[index] = (struct ingest_column){ &rows->columns[index], in_stream, otherwise };
    rows->ingest.column_count++;
}

static void rows_open(struct rows *rows)
{
    size_t count = 0;

    for (uint32_t i = 0; i < rows->table.column_count; i++)
        count += rows->ingest_columns[i].in_stream;
    assert_true(gather_init(&rows->gather, count));
    for (uint32_t i = 0, at = 0; i < rows->table.column_count; i++)
        if (rows->ingest_columns[i].in_stream)
            rows->gather.columns[at++].type = rows->columns[i].type;
}

static void rows_end_row(struct rows *rows)
{
    rows->gather.rows++;
}

static enum spile_status stage(struct destination *d, const struct rows *rows, const char *const *there, struct spile_error *err)
{
    return ops->alter(d, rows->ingest.dataset, &(struct alteration){ .kind = ALTER_STAGE_TABLE, .table = &rows->table, .there = there,
                      .columns = (const struct column *const *)(const void *)rows->list, .column_count = rows->table.column_count }, err);
}

static enum spile_status alter(struct destination *d, const struct rows *rows, enum alter_kind kind, struct spile_error *err)
{
    struct alteration change = { .kind = kind, .name = rows->table.name, .table = &rows->table,
                                 .columns = (const struct column *const *)(const void *)rows->list, .column_count = rows->table.column_count };

    return ops->alter(d, rows->ingest.dataset, &change, err);
}

/* A stream of one batch, which may fail, or have a hand in what goes on, before it. */
struct stream {
    struct gather *gather;
    bool fails;
    struct destination *interrupts;
    int asked;
};

static int no_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    (void)self, (void)out;
    return EINVAL;
}

static int next_batch(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct stream *stream = self->private_data;

    out->release = NULL;
    if (stream->fails)
        return EIO;
    if (stream->interrupts)
        ops->interrupt(stream->interrupts);
    if (stream->asked++)
        return 0;
    for (size_t i = 0; i < stream->gather->count; i++)
        assert_true(column_pad(&stream->gather->columns[i], stream->gather->rows));
    assert_true(gather_take(stream->gather, out));
    return 0;
}

static const char *last_error(struct ArrowArrayStream *self)
{
    (void)self;
    return "torn";
}

static void release(struct ArrowArrayStream *self)
{
    self->release = NULL;
}

static enum spile_status ingest(struct destination *d, struct rows *rows, struct stream *stream, uint64_t *inserted, struct spile_error *err)
{
    struct ArrowArrayStream arrow = { no_schema, next_batch, last_error, release, stream };
    enum spile_status status;

    stream->gather = &rows->gather;
    status = ops->ingest(d, &rows->ingest, &arrow, inserted, err);
    assert_null(arrow.release);
    gather_release(&rows->gather);
    return status;
}

/* Into the table, which is made when it is not there; the error, if any, and its where and hint. */
static enum spile_status load(struct destination *d, struct rows *rows, bool create, struct spile_error *err)
{
    uint32_t count = rows->gather.rows;
    uint64_t inserted = 0;
    enum spile_status status = ops->begin(d, rows->ingest.dataset, "p", err);

    if (!status && create)
        status = alter(d, rows, ALTER_CREATE_TABLE, err);
    if (status)
        gather_release(&rows->gather);
    else
        status = ingest(d, rows, &(struct stream){ 0 }, &inserted, err);
    if (!status)
        assert_int_equal(inserted, count);
    if (!status)
        status = ops->commit(d, err);
    if (status)
        ops->rollback(d);
    return status;
}

/* ---- values ---------------------------------------------------------------------------------------------------------------------- */

static void put_value(struct column_builder *column, uint32_t row, const char *text, size_t length)
{
    int128 decimal;

    switch (column->type.type) {
    case TYPE_TEXT:
    case TYPE_JSON:
    case TYPE_BINARY:
        assert_true(column_put_text(column, row, text, length));
        break;
    case TYPE_DOUBLE:
        assert_true(column_put_f64(column, row, strtod(text, NULL)));
        break;
    case TYPE_BOOL:
        assert_true(column_put_bool(column, row, *text == '1'));
        break;
    case TYPE_DATE:
        assert_true(column_put_i32(column, row, (int32_t)strtol(text, NULL, 10)));
        break;
    case TYPE_DECIMAL:
    case TYPE_WEI:
        assert_true(decimal_from_text(text, length, 38, column_type_scale(&column->type), &decimal));
        assert_true(column_put_i128(column, row, decimal));
        break;
    default:
        assert_true(column_put_i64(column, row, strtoll(text, NULL, 10)));
    }
}

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    struct column_type type;
    const char *declared; /* by dlt, but for decimals */
    const char *value;    /* times as micro- or days since 1970 */
    size_t length;
    const char *stored; /* typeof(), quote() */
} values[] = {
    { { TYPE_TEXT, -1, -1, true }, "TEXT", BYTES("x"), "text|'x'" },
    { { TYPE_TEXT, -1, -1, true }, "TEXT", BYTES(""), "text|''" },
    { { TYPE_TEXT, -1, -1, true }, "TEXT", BYTES("007"), "text|'007'" },
    { { TYPE_TEXT, -1, -1, true }, "TEXT", BYTES("it's \xC3\xA9 \xF0\x9F\xA6\x86"), "text|'it''s \xC3\xA9 \xF0\x9F\xA6\x86'" },
    { { TYPE_TEXT, 10, -1, true }, "VARCHAR(10)", BYTES("1e5"), "text|'1e5'" },
    { { TYPE_DOUBLE, -1, -1, true }, "DOUBLE", BYTES("1.5"), "real|1.5" },
    { { TYPE_DOUBLE, -1, -1, true }, "DOUBLE", BYTES("2"), "real|2.0" },
    { { TYPE_DOUBLE, -1, -1, true }, "DOUBLE", BYTES("1e300"), "real|1.0e+300" },
    { { TYPE_DOUBLE, -1, -1, true }, "DOUBLE", BYTES("0.1"), "real|0.1" },
    { { TYPE_DOUBLE, -1, -1, true }, "DOUBLE", BYTES("-inf"), "real|-Inf" },
    { { TYPE_BOOL, -1, -1, true }, "BOOLEAN", BYTES("1"), "integer|1" },
    { { TYPE_BOOL, -1, -1, true }, "BOOLEAN", BYTES("0"), "integer|0" },
    { { TYPE_BIGINT, -1, -1, true }, "BIGINT", BYTES("9223372036854775807"), "integer|9223372036854775807" },
    { { TYPE_BIGINT, 8, -1, true }, "SMALLINT", BYTES("127"), "integer|127" },
    { { TYPE_BIGINT, 16, -1, true }, "SMALLINT", BYTES("-5"), "integer|-5" },
    { { TYPE_BIGINT, 32, -1, true }, "INTEGER", BYTES("2147483647"), "integer|2147483647" },
    { { TYPE_BIGINT, 64, -1, true }, "BIGINT", BYTES("-9223372036854775808"), "integer|-9223372036854775808" },
    { { TYPE_TIMESTAMP, -1, -1, true }, "DATETIME", BYTES("1704164645000678"), "text|'2024-01-02 03:04:05.000678'" },
    { { TYPE_TIMESTAMP, -1, -1, false }, "DATETIME", BYTES("1704164645000000"), "text|'2024-01-02 03:04:05.000000'" },
    { { TYPE_TIMESTAMP, 3, -1, true }, "DATETIME", BYTES("1704157445678900"), "text|'2024-01-02 01:04:05.678900'" },
    { { TYPE_TIMESTAMP, -1, -1, true }, "DATETIME", BYTES("253402300799999999"), "text|'9999-12-31 23:59:59.999999'" },
    { { TYPE_TIMESTAMP, 0, -1, false }, "DATETIME", BYTES("-62135499354999999"), "text|'0001-01-02 03:04:05.000001'" },
    { { TYPE_TIMESTAMP, -1, -1, true }, "DATETIME", BYTES("-1"), "text|'1969-12-31 23:59:59.999999'" },
    { { TYPE_DATE, -1, -1, true }, "DATE", BYTES("19724"), "text|'2024-01-02'" },
    { { TYPE_DATE, -1, -1, true }, "DATE", BYTES("-719162"), "text|'0001-01-01'" },
    { { TYPE_TIME, -1, -1, true }, "TIME", BYTES("11045000000"), "text|'03:04:05.000000'" },
    { { TYPE_TIME, -1, -1, true }, "TIME", BYTES("0"), "text|'00:00:00.000000'" },
    { { TYPE_TIME, 3, -1, true }, "TIME", BYTES("11045678900"), "text|'03:04:05.678900'" },
    { { TYPE_TIME, -1, -1, true }, "TIME", BYTES("86399999999"), "text|'23:59:59.999999'" },
    { { TYPE_BINARY, -1, -1, true }, "BLOB", BYTES("\0\1"), "blob|X'0001'" },
    { { TYPE_BINARY, 10, -1, true }, "BLOB", BYTES(""), "blob|X''" },
    { { TYPE_JSON, -1, -1, true }, "JSON", BYTES("{\"a\":[1,2.5,null]}"), "text|'{\"a\":[1,2.5,null]}'" },
    { { TYPE_JSON, -1, -1, true }, "JSON", BYTES("[]"), "text|'[]'" },
    { { TYPE_JSON, -1, -1, true }, "JSON", BYTES("\"5\""), "text|'\"5\"'" },
    { { TYPE_JSON, -1, -1, true }, "JSON", BYTES("true"), "text|'true'" },
    { { TYPE_JSON, -1, -1, true }, "JSON", BYTES("5"), "integer|5" },
    { { TYPE_JSON, -1, -1, true }, "JSON", BYTES("-9223372036854775808"), "integer|-9223372036854775808" },
    { { TYPE_JSON, -1, -1, true }, "JSON", BYTES("0.25"), "real|0.25" },
    { { TYPE_DECIMAL, -1, -1, true }, "DECIMAL_TEXT(38,9)", BYTES("1.100000001"), "text|'1.100000001'" },
    { { TYPE_DECIMAL, -1, -1, true }, "DECIMAL_TEXT(38,9)", BYTES("-0.5"), "text|'-0.500000000'" },
    { { TYPE_DECIMAL, -1, -1, true }, "DECIMAL_TEXT(38,9)", BYTES("12345678901234567890123456789.123456789"),
      "text|'12345678901234567890123456789.123456789'" },
    { { TYPE_DECIMAL, 10, 2, true }, "DECIMAL_TEXT(10,2)", BYTES("5"), "text|'5.00'" },
    { { TYPE_WEI, -1, -1, true }, "DECIMAL_TEXT(38,0)", BYTES("99999999999999999999999999999999999999"),
      "text|'99999999999999999999999999999999999999'" },
    { { TYPE_WEI, -1, -1, true }, "DECIMAL_TEXT(38,0)", BYTES("-1"), "text|'-1'" },
};

/* Each in a table of its own, with a null before and behind it. */
static void test_values(void **state)
{
    struct destination *d = open_at("values.db", false);

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        struct rows rows;
        char table[16], query[128], expected[128];
        struct spile_error err = { 0 };

        snprintf(table, sizeof(table), "t%zu", i);
        rows_begin(&rows, table);
        rows_column(&rows, "c", values[i].type, true, NULL);
        rows_open(&rows);
        put_value(&rows.gather.columns[0], 1, values[i].value, values[i].length);
        rows.gather.rows = 3;
        if (load(d, &rows, true, &err))
            fail_msg("%s: %s", values[i].value, err.message);
        snprintf(query, sizeof(query), "SELECT typeof(c), quote(c) FROM t%zu", i);
        snprintf(expected, sizeof(expected), "null|NULL / %s / null|NULL", values[i].stored);
        assert_string_equal(ask("values.db", query), expected);
        snprintf(query, sizeof(query), "SELECT type FROM pragma_table_info('t%zu')", i);
        assert_string_equal(ask("values.db", query), values[i].declared);
    }
    close_it(d);
}

static void test_nul_in_text(void **state)
{
    struct destination *d = open_at("nul.db", false);
    struct rows rows;

    (void)state;
    rows_begin(&rows, "t");
    rows_column(&rows, "c", type_of(TYPE_TEXT, -1, -1), true, NULL);
    rows_open(&rows);
    put_value(&rows.gather.columns[0], 0, BYTES("a\0b\0"));
    rows_end_row(&rows);
    assert_int_equal(load(d, &rows, true, NULL), SPILE_OK);
    close_it(d);
    assert_string_equal(ask("nul.db", "SELECT typeof(c), hex(c) FROM t"), "text|61006200");
}

/* The load id stands in every row that has none, whether the column is in the stream or not. */
static void test_otherwise(void **state)
{
    struct destination *d = open_at("otherwise.db", false);
    struct rows rows;

    (void)state;
    rows_begin(&rows, "t");
    rows_column(&rows, "a", type_of(TYPE_TEXT, -1, -1), true, "in place");
    rows_column(&rows, "b", type_of(TYPE_TEXT, -1, -1), false, "every row");
    rows_column(&rows, "c", type_of(TYPE_BIGINT, -1, -1), true, NULL);
    rows_column(&rows, "d", type_of(TYPE_TEXT, -1, -1), false, NULL);
    rows_open(&rows);
    for (uint32_t row = 0; row < 3; row++) {
        if (row != 1)
            put_value(&rows.gather.columns[0], row, BYTES("own"));
        put_value(&rows.gather.columns[1], row, row ? "7" : "8", 1);
        rows_end_row(&rows);
    }
    assert_int_equal(load(d, &rows, true, NULL), SPILE_OK);
    close_it(d);
    assert_string_equal(ask("otherwise.db", "SELECT * FROM t"), "own|every row|8|NULL / in place|every row|7|NULL / own|every row|7|NULL");
}

/* ---- other people's columns ------------------------------------------------------------------------------------------------------ */

static const struct {
    struct column_type type;
    const char *there;
    const char *value;
    size_t length;
    const char *stored, *refused; /* one of them: the message */
} foreign[] = {
    { { TYPE_DECIMAL, -1, -1, true }, "NUMERIC(38, 9)", BYTES("1.100000001"), "real|1.100000001", NULL },
    { { TYPE_DECIMAL, -1, -1, true }, "NUMERIC(38, 9)", BYTES("-0.5"), "real|-0.5", NULL },
    { { TYPE_DECIMAL, 10, 2, true }, "NUMERIC(10, 2)", BYTES("5"), "integer|5", NULL },
    { { TYPE_DECIMAL, 10, 2, true }, "NUMERIC(10, 2)", BYTES("12345678.25"), "real|12345678.25", NULL },
    { { TYPE_DECIMAL, -1, -1, true }, "NUMERIC(38, 9)", BYTES("9007199254740993"), "integer|9007199254740993", NULL },
    { { TYPE_DECIMAL, -1, -1, true }, "NUMERIC(38, 9)", BYTES("9223372036854775807"), "integer|9223372036854775807", NULL },
    { { TYPE_WEI, -1, -1, true }, "NUMERIC(38, 0)", BYTES("100000000000000000000"), "real|1.0e+20", NULL },
    { { TYPE_WEI, -1, -1, true }, "NUMERIC(38, 0)", BYTES("7"), "integer|7", NULL },
    { { TYPE_DECIMAL, -1, -1, true }, "NUMERIC(38, 9)", BYTES("999999.999999999"), "real|999999.999999999", NULL },
    { { TYPE_DECIMAL, -1, -1, true }, "NUMERIC(38, 9)", BYTES("1234567.123456789"), NULL,
      "a column of type NUMERIC(38, 9) does not keep 1234567.123456789" },
    { { TYPE_DECIMAL, -1, -1, true }, "NUMERIC(38, 9)", BYTES("9007199254740993.5"), NULL,
      "a column of type NUMERIC(38, 9) does not keep 9007199254740993.5" },
    { { TYPE_WEI, -1, -1, true }, "NUMERIC(38, 0)", BYTES("9223372036854775808"), NULL,
      "a column of type NUMERIC(38, 0) does not keep 9223372036854775808" },
    { { TYPE_WEI, -1, -1, true }, "NUMERIC(38, 0)", BYTES("-99999999999999999999999999999999999999"), NULL,
      "a column of type NUMERIC(38, 0) does not keep -99999999999999999999999999999999999999" },
    { { TYPE_DECIMAL, -1, -1, true }, "TEXT", BYTES("0.1"), "text|'0.100000000'", NULL },
    { { TYPE_DECIMAL, -1, -1, true }, "", BYTES("0.1"), "text|'0.100000000'", NULL },
    { { TYPE_DOUBLE, -1, -1, true }, "TEXT", BYTES("0.30000000000000004"), "text|'0.30000000000000004'", NULL },
    { { TYPE_DOUBLE, -1, -1, true }, "NUMERIC", BYTES("0.30000000000000004"), "real|3.00000000000000044408e-01", NULL },
    { { TYPE_DOUBLE, -1, -1, true }, "DOUBLE", BYTES("nan"), NULL, "a column of type DOUBLE does not keep NaN" },
    { { TYPE_BIGINT, -1, -1, true }, "TEXT", BYTES("9007199254740993"), "text|'9007199254740993'", NULL },
    { { TYPE_TIMESTAMP, -1, -1, true }, "TEXT", BYTES("0"), "text|'1970-01-01 00:00:00.000000'", NULL },
    { { TYPE_JSON, -1, -1, true }, "JSON", BYTES("12345678901234567890123"), NULL,
      "a column of type JSON does not keep 12345678901234567890123" },
    { { TYPE_JSON, -1, -1, true }, "JSON", BYTES("1e400"), NULL, "a column of type JSON does not keep 1e400" },
    { { TYPE_JSON, -1, -1, true }, "TEXT", BYTES("12345678901234567890123"), "text|'12345678901234567890123'", NULL },
    { { TYPE_TEXT, -1, -1, true }, "", BYTES("007"), "text|'007'", NULL },
};

static void make_foreign(const char *name, const char *type)
{
    char statement[96];

    snprintf(statement, sizeof(statement), "DROP TABLE IF EXISTS t; CREATE TABLE t (c %s)", type);
    sql(name, statement);
}

static void test_foreign_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
        struct destination *d = open_at("foreign.db", false);
        struct spile_error err = { 0 };
        struct rows rows;
        enum spile_status status;

        make_foreign("foreign.db", foreign[i].there);
        rows_begin(&rows, "t");
        rows_column(&rows, "c", foreign[i].type, true, NULL);
        rows_open(&rows);
        put_value(&rows.gather.columns[0], 0, foreign[i].value, foreign[i].length);
        rows_end_row(&rows);
        status = load(d, &rows, false, &err);
        close_it(d);
        if (foreign[i].refused) {
            assert_int_equal(status, SPILE_DESTINATION);
            assert_string_equal(err.message, foreign[i].refused);
            assert_string_equal(err.where, "column \"c\", row 1");
            assert_true(*err.hint);
        } else {
            assert_string_equal(err.message, "");
            assert_string_equal(ask("foreign.db", "SELECT typeof(c), quote(c) FROM t"), foreign[i].stored);
        }
    }
}

/* By way of a staged table it is the same. */
static void test_foreign_columns_staged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
        struct destination *d = open_at("staged.db", false);
        struct sql_database *database = (struct sql_database *)d;
        struct spile_error err = { 0 };
        struct rows rows;
        uint64_t inserted;
        enum spile_status status;

        make_foreign("staged.db", foreign[i].there);
        rows_begin(&rows, "t");
        rows.ingest.staged = true;
        rows_column(&rows, "c", foreign[i].type, true, NULL);
        rows_open(&rows);
        put_value(&rows.gather.columns[0], 0, foreign[i].value, foreign[i].length);
        rows_end_row(&rows);
        assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
        assert_int_equal(stage(d, &rows, &foreign[i].there, &err), SPILE_OK);
        status = ingest(d, &rows, &(struct stream){ 0 }, &inserted, &err);
        if (!status)
            status = connection_execute(database, "INSERT INTO main.t SELECT * FROM temp.t", NULL, 0, NULL, NULL, &err);
        if (!status)
            status = ops->commit(d, &err);
        close_it(d);
        assert_string_equal(err.message, foreign[i].refused ? foreign[i].refused : "");
        if (!foreign[i].refused)
            assert_string_equal(ask("staged.db", "SELECT typeof(c), quote(c) FROM t"), foreign[i].stored);
    }
}

/* Texts of decimals have their values' order where rows are chosen by it. */
static void test_order_of_decimals(void **state)
{
    static const char *const ordered[] = { "-99999999999999999999999999999.999999999", "-10", "-9.5", "-9.25", "-0.000000001", "0", "0.000000001", "0.1",
                                           "0.11", "0.2", "9", "9.000000001", "10", "10.1", "100", "12345678901234567890123456789" };
    const size_t count = sizeof(ordered) / sizeof(*ordered);
    struct destination *d = open_at("order.db", false);
    struct arena arena = { 0 };
    struct sql_rows cells;
    struct rows rows;
    uint64_t inserted;

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            int order = decimal_compare(slice_of(ordered[i]), slice_of(ordered[j]));

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    assert_int_equal(decimal_compare(slice_of("1.50"), slice_of("1.5")), 0);
    assert_int_equal(decimal_compare(slice_of("-2.000"), slice_of("-2")), 0);

    rows_begin(&rows, "t");
    rows.ingest.staged = true;
    rows_column(&rows, "c", type_of(TYPE_DECIMAL, -1, -1), true, NULL);
    rows_open(&rows);
    for (size_t i = 0; i < count; i++)
        put_value(&rows.gather.columns[0], (uint32_t)i, ordered[(i * 7) % count], strlen(ordered[(i * 7) % count]));
    rows.gather.rows = (uint32_t)count;
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
    assert_int_equal(stage(d, &rows, NULL, NULL), SPILE_OK);
    assert_int_equal(ingest(d, &rows, &(struct stream){ 0 }, &inserted, NULL), SPILE_OK);
    assert_int_equal(connection_execute((struct sql_database *)d, "SELECT c FROM temp.t ORDER BY c COLLATE " DECIMAL_COLLATION, NULL, 0, &arena, &cells, NULL), SPILE_OK);
    assert_int_equal(cells.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(decimal_compare(slice_of(cells.cells[i]), slice_of(ordered[i])), 0);
    close_it(d);
    arena_release(&arena);
}

/* What of a type's values may be loaded: by dlt's column types, users', and our own. */
static void test_type_fits(void **state)
{
    static const char *const there[] = { "TEXT", "VARCHAR(128)", "BIGINT", "SMALLINT", "DOUBLE", "FLOAT", "BOOLEAN", "DATETIME", "DATE", "TIME", "JSON",
                                         "BLOB", "", "NUMERIC(38, 9)", "DECIMAL_TEXT(38,9)", "DECIMAL_TEXT(10,2)", "numeric", "REAL", "timestamp" };
    static const struct {
        enum data_type type;
        const char *fits; /* a letter for each of them */
    } cases[] = {
        { TYPE_TEXT, "yy.........yy......" },
        { TYPE_DOUBLE, "yy..yy.....yyy..yy." },
        { TYPE_BOOL, "yyyy..y....yyy..y.." },
        { TYPE_TIMESTAMP, "yy.....y...yy.....y" },
        { TYPE_BIGINT, "yyyy.......yyy..y.." },
        { TYPE_BINARY, "...........yy......" },
        { TYPE_JSON, "yy........yyy......" },
        { TYPE_DECIMAL, "yy.........yyyy.y.." },
        { TYPE_DATE, "yy......y..yy......" },
        { TYPE_TIME, "yy.......y.yy......" },
    };
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        for (size_t j = 0; j < sizeof(there) / sizeof(*there); j++) {
            struct column column = { .name = "c", .type = type_of(cases[i].type, -1, -1) };

            if (ops->type_fits(&column, ops->type_name(&column, &arena), there[j]) != (cases[i].fits[j] == 'y'))
                fail_msg("%s into %s", data_type_name(cases[i].type), there[j]);
        }
    arena_release(&arena);
}

static void test_affinity(void **state)
{
    static const struct {
        const char *type;
        enum affinity affinity;
    } cases[] = {
        { "INT", AFFINITY_INTEGER },      { "tinyint", AFFINITY_INTEGER },   { "FLOATING POINT", AFFINITY_INTEGER }, { "CHARINT", AFFINITY_INTEGER },
        { "CHARACTER(20)", AFFINITY_TEXT }, { "clob", AFFINITY_TEXT },       { "DECIMAL_TEXT(38,9)", AFFINITY_TEXT }, { "BLOB", AFFINITY_NONE },
        { "", AFFINITY_NONE },            { NULL, AFFINITY_NONE },           { "DOUBLE PRECISION", AFFINITY_REAL },  { "FLOAT", AFFINITY_REAL },
        { "NUMERIC", AFFINITY_NUMERIC },  { "DECIMAL(10,5)", AFFINITY_NUMERIC }, { "BOOLEAN", AFFINITY_NUMERIC },    { "DATETIME", AFFINITY_NUMERIC },
        { "STRING", AFFINITY_NUMERIC },   { "JSON", AFFINITY_NUMERIC },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(affinity_of(cases[i].type), cases[i].affinity);
}

/* ---- what is there --------------------------------------------------------------------------------------------------------------- */

static void test_catalog(void **state)
{
    struct destination *d = open_at("catalog.db", true);
    struct arena arena = { 0 };
    struct catalog catalog;
    struct catalog_table *table;
    char seen[256] = "";

    (void)state;
    sql("catalog.db", "CREATE TABLE Orders (id INTEGER PRIMARY KEY, \"a\"\"b\" VARCHAR(10) NOT NULL, \"NOT\" numeric (10, 2) NOT NULL DEFAULT 0, "
                      "untyped, twice GENERATED ALWAYS AS (id * 2)); CREATE INDEX i ON Orders (untyped); CREATE VIEW v AS SELECT id AS x FROM Orders; "
                      "CREATE TABLE w (k TEXT PRIMARY KEY) WITHOUT ROWID; CREATE TABLE auto (id INTEGER PRIMARY KEY AUTOINCREMENT)");
    assert_int_equal(ops->read_catalog(d, MAIN_DATASET, &arena, &catalog, NULL), SPILE_OK);
    assert_true(catalog.has_dataset);
    for (size_t i = 0; i < catalog.table_count; i++)
        snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s%s ", catalog.tables[i].name, catalog.tables[i].view ? "(view)" : "");
    assert_string_equal(seen, "auto Orders v(view) w ");
    table = catalog_find_table(&catalog, "ORDERS");
    assert_non_null(table);
    assert_int_equal(ops->read_columns(d, MAIN_DATASET, &table, 1, &arena, NULL), SPILE_OK);
    *seen = '\0';
    for (size_t i = 0; i < table->column_count; i++)
        snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s:%s:%s ", table->columns[i].name, table->columns[i].type,
                 table->columns[i].nullable ? "null" : "not null");
    assert_string_equal(seen, "a\"b:VARCHAR(10):not null id:INTEGER:null NOT:numeric (10, 2):null twice::null untyped::null ");
    table = catalog_find_table(&catalog, "v");
    assert_int_equal(ops->read_columns(d, MAIN_DATASET, &table, 1, &arena, NULL), SPILE_OK);
    assert_string_equal(table->columns[0].name, "x");
    close_it(d);
    arena_release(&arena);
}

/* File names: Python's pathlib on the same paths, as dlt asks it. */
static void test_datasets(void **state)
{
    static const struct {
        const char *location, *dataset, *file;
    } cases[] = {
        { "x.db", "main", "x.db" },         { "x.db", "shop", "x__shop.db" },         { "x.tar.db", "shop", "x.tar__shop.db" },
        { "plain", "shop", "plain__shop" }, { "dir.d/x", "shop", "dir.d/x__shop" },   { ".db", "shop", ".db__shop" },
        { "end.", "shop", "end.__shop" },   { "x.sqlite3", "S h\"op", "x__S h\"op.sqlite3" },
        { ":memory:", "main", ":memory:" }, { "file:x.db", "main", "file:x.db" },
    };

    (void)state;
    mkdir(in_folder("dir.d"), 0700);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct destination *d = open_at(cases[i].location, false);
        struct arena arena = { 0 };
        struct catalog catalog;
        struct rows rows;

        assert_false(file_exists(cases[i].file));
        assert_int_equal(ops->read_catalog(d, cases[i].dataset, &arena, &catalog, NULL), SPILE_OK);
        assert_false(catalog.has_dataset);
        assert_false(file_exists(cases[i].file)); /* only looked at */
        rows_begin(&rows, "t");
        rows.ingest.dataset = cases[i].dataset;
        rows_column(&rows, "c", type_of(TYPE_BIGINT, -1, -1), true, NULL);
        rows_open(&rows);
        put_value(&rows.gather.columns[0], 0, "5", 1);
        rows_end_row(&rows);
        assert_int_equal(load(d, &rows, true, NULL), SPILE_OK);
        assert_true(file_exists(cases[i].file));
        assert_int_equal(ops->read_catalog(d, cases[i].dataset, &arena, &catalog, NULL), SPILE_OK);
        assert_true(catalog.has_dataset);
        assert_int_equal(ops->read_catalog(d, "elsewhere", &arena, &catalog, NULL), SPILE_OK);
        assert_int_equal(catalog.table_count, 0);
        close_it(d);
        arena_release(&arena);
        unlink(in_folder(cases[i].file));
    }
    assert_false(file_exists("x__elsewhere.db"));
}

static void test_relative_path(void **state)
{
    char before[4096];
    struct destination_options options = { .location = "relative.db", .max_memory = 1 << 20, .work_folder = "." };
    struct destination *d;

    (void)state;
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(ops->open(&d, &options, NULL), SPILE_OK);
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
    assert_true(file_exists("relative.db"));
    close_it(d);
    assert_int_equal(chdir(before), 0);
}

static void test_bad_dataset_name(void **state)
{
    struct destination *d = open_at("x.db", false);
    struct arena arena = { 0 };
    struct catalog catalog;
    struct spile_error err = { 0 };

    (void)state;
    assert_int_equal(ops->read_catalog(d, "../x", &arena, &catalog, &err), SPILE_CONFIG);
    assert_string_equal(err.message, "a dataset is a file here, and \"../x\" can't be part of its name");
    close_it(d);
    arena_release(&arena);
}

static struct text file_bytes(const char *name)
{
    struct text text = { 0 };
    bool found;

    assert_int_equal(file_read(in_folder(name), &text, &found, NULL), SPILE_OK);
    assert_true(found);
    return text;
}

static void test_read_only(void **state)
{
    struct destination *d = open_at("read.db", true);
    struct arena arena = { 0 };
    struct catalog catalog;
    struct spile_error err = { 0 };
    struct text before, after;

    (void)state;
    assert_int_equal(ops->read_catalog(d, MAIN_DATASET, &arena, &catalog, NULL), SPILE_OK);
    assert_int_equal(catalog.table_count, 0);
    assert_false(catalog.has_dataset);
    close_it(d);
    assert_false(file_exists("read.db"));

    sql("read.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (c)"); /* dlt's journal */
    before = file_bytes("read.db");
    d = open_at("read.db", true);
    assert_int_equal(ops->read_catalog(d, MAIN_DATASET, &arena, &catalog, NULL), SPILE_OK);
    assert_int_equal(catalog.table_count, 1);
    assert_int_equal(connection_execute((struct sql_database *)d, "DROP TABLE t", NULL, 0, NULL, NULL, &err), SPILE_DESTINATION);
    close_it(d);
    after = file_bytes("read.db");
    assert_int_equal(before.length, after.length);
    assert_memory_equal(before.text, after.text, before.length);
    assert_false(file_exists("read.db-wal") || file_exists("read.db-shm"));
    text_release(&before);
    text_release(&after);
    arena_release(&arena);
}

/* ---- what may go wrong ----------------------------------------------------------------------------------------------------------- */

static void one_number(struct rows *rows, const char *table, const char *number)
{
    rows_begin(rows, table);
    rows_column(rows, "c", type_of(TYPE_BIGINT, -1, -1), true, NULL);
    rows_open(rows);
    put_value(&rows->gather.columns[0], 0, "1", 1);
    put_value(&rows->gather.columns[0], 1, number, strlen(number));
    rows->gather.rows = 2;
}

static const struct {
    const char *before;  /* by another program */
    const char *message, *where, *hint; /* how they begin */
} failures[] = {
    { "CREATE TABLE t (c BIGINT); CREATE UNIQUE INDEX mine ON t (c); INSERT INTO t VALUES (2)", "SQLite refused a row: UNIQUE constraint failed: t.c",
      "database", "an index of the table allows no two such rows" },
    { "CREATE TABLE t (c INTEGER PRIMARY KEY); INSERT INTO t VALUES (2)", "SQLite refused a row: UNIQUE constraint failed: t.c", "database",
      "the table's primary key allows no two such rows" },
    { "CREATE TABLE t (c INT PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES (2)", "SQLite refused a row: UNIQUE constraint failed: t.c", "database",
      "the table's primary key allows no two such rows" },
    { "CREATE TABLE t (c BIGINT, d TEXT NOT NULL)", "SQLite refused a row: NOT NULL constraint failed: t.d", "database",
      "a column of the table must not be null" },
    { "CREATE TABLE t (c BIGINT CHECK (c < 2))", "SQLite refused a row: CHECK constraint failed: c < 2", "database", "a constraint of the table" },
    { "CREATE TABLE t (c TEXT, x BLOB CHECK (typeof(c) = 'text')); CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'go away'); END",
      "SQLite refused a row: go away", "database", "a constraint of the table" },
    { "CREATE TABLE t (d BIGINT)", "SQLite refused a statement: table main.t has no column named c", "database", "" },
};

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        struct destination *d;
        struct spile_error err = { 0 };
        struct rows rows;
        char before[8192];

        unlink(in_folder("fail.db"));
        sql("fail.db", failures[i].before);
        snprintf(before, sizeof(before), "%s", ask("fail.db", "SELECT * FROM t"));
        d = open_at("fail.db", false);
        one_number(&rows, "t", "2");
        assert_int_equal(load(d, &rows, false, &err), SPILE_DESTINATION);
        close_it(d);
        assert_string_equal(err.message, failures[i].message);
        assert_memory_equal(err.where, failures[i].where, strlen(failures[i].where));
        assert_memory_equal(err.hint, failures[i].hint, strlen(failures[i].hint));
        assert_false(err.retriable);
        assert_string_equal(ask("fail.db", "SELECT * FROM t"), before);
    }
}

static void test_foreign_file(void **state)
{
    static const struct {
        const char *name, *bytes, *message, *hint;
    } cases[] = {
        { "text.db", "this is no database, and longer than a header of one, which has a hundred bytes: 0123456789012345678901234567890123456789",
          "SQLite refused a statement: file is not a database", "name another file" },
        { "missing/x.db", NULL, "can't open the database: unable to open database file", "does the folder exist" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct destination *d = open_at(cases[i].name, false);
        struct spile_error err = { 0 };

        if (cases[i].bytes)
            assert_int_equal(file_replace(in_folder(cases[i].name), cases[i].bytes, strlen(cases[i].bytes), false, NULL), SPILE_OK);
        assert_int_equal(ops->begin(d, MAIN_DATASET, "p", &err), SPILE_DESTINATION);
        assert_string_equal(err.message, cases[i].message);
        assert_memory_equal(err.hint, cases[i].hint, strlen(cases[i].hint));
        close_it(d);
    }
}

/* SQLite rolls back by itself: what would come then is refused, and there is nothing to be rolled back. */
static void test_full_disk(void **state)
{
    struct destination *d = open_at("full.db", false);
    struct sqlite_database *database = (struct sqlite_database *)d;
    struct spile_error err = { 0 };
    struct rows rows;
    uint64_t inserted;
    char *text = calloc(1, 1 << 20);

    (void)state;
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
    assert_int_equal(sqlite3_exec(database->connection, "PRAGMA max_page_count = 20", NULL, NULL, NULL), SQLITE_OK);
    rows_begin(&rows, "t");
    rows_column(&rows, "c", type_of(TYPE_TEXT, -1, -1), true, NULL);
    rows_open(&rows);
    put_value(&rows.gather.columns[0], 0, text, 1 << 20);
    rows_end_row(&rows);
    assert_int_equal(alter(d, &rows, ALTER_CREATE_TABLE, NULL), SPILE_OK);
    assert_int_equal(ingest(d, &rows, &(struct stream){ 0 }, &inserted, &err), SPILE_DESTINATION);
    assert_string_equal(err.message, "SQLite refused a row: database or disk is full");
    assert_true(err.retriable);
    ops->rollback(d);
    assert_int_not_equal(ops->rollback(d), SPILE_OK);
    close_it(d);
    assert_false(file_exists("full.db"));
    free(text);
}

static void test_after_own_rollback(void **state)
{
    struct destination *d = open_at("own.db", false);
    struct sqlite_database *database = (struct sqlite_database *)d;
    struct spile_error err = { 0 };

    (void)state;
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
    assert_int_equal(sqlite3_exec(database->connection, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(connection_execute(&database->sql, "CREATE TABLE t (c)", NULL, 0, NULL, NULL, &err), SPILE_DESTINATION);
    assert_string_equal(err.message, "SQLite has rolled back the transaction");
    assert_int_equal(ops->commit(d, NULL), SPILE_DESTINATION);
    assert_int_not_equal(ops->rollback(d), SPILE_OK);
    close_it(d);
}

static void test_failed_first_load(void **state)
{
    struct destination *d = open_at("first.db", false);
    struct spile_error err = { 0 };
    struct rows rows;
    uint64_t inserted;

    (void)state;
    one_number(&rows, "t", "2");
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
    assert_int_equal(alter(d, &rows, ALTER_CREATE_TABLE, NULL), SPILE_OK);
    assert_int_equal(ingest(d, &rows, &(struct stream){ .fails = true }, &inserted, &err), SPILE_FAILED);
    assert_string_equal(err.message, "the rows can't be read: torn");
    assert_int_equal(ops->rollback(d), SPILE_OK);
    close_it(d);
    assert_false(file_exists("first.db") || file_exists("first.db-journal"));

    sql("first.db", "VACUUM"); /* an empty file of somebody else's stays */
    d = open_at("first.db", false);
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
    close_it(d);
    assert_true(file_exists("first.db"));
}

static void test_interrupt(void **state)
{
    struct destination *d = open_at("interrupt.db", false);
    struct spile_error err = { 0 };
    struct rows rows;
    uint64_t inserted;

    (void)state;
    one_number(&rows, "t", "2");
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
    assert_int_equal(alter(d, &rows, ALTER_CREATE_TABLE, NULL), SPILE_OK);
    assert_int_equal(ingest(d, &rows, &(struct stream){ .interrupts = d }, &inserted, &err), SPILE_CANCELLED);
    assert_string_equal(err.message, "cancelled");
    assert_int_equal(ops->rollback(d), SPILE_OK);
    one_number(&rows, "t", "2"); /* and the next transaction knows nothing of it */
    assert_int_equal(load(d, &rows, true, NULL), SPILE_OK);
    close_it(d);
}

/* ---- others in the same file ----------------------------------------------------------------------------------------------------- */

static void test_busy(void **state)
{
    struct destination *d = open_at("busy.db", false);
    sqlite3 *other = other_program("busy.db");
    struct spile_error err = { 0 };
    double began = clock_seconds();

    (void)state;
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE; CREATE TABLE t (c)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", &err), SPILE_DESTINATION);
    assert_true(clock_seconds() - began > 4);
    assert_string_equal(err.message, "another program is writing to the database");
    assert_true(err.retriable);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", &err), SPILE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE u (c)", NULL, NULL, NULL), SQLITE_BUSY);
    assert_int_equal(ops->rollback(d), SPILE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE u (c)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    close_it(d);
}

static void *interrupt_soon(void *destination)
{
    usleep(200000);
    ops->interrupt(destination);
    return NULL;
}

static void test_interrupt_while_waiting(void **state)
{
    struct destination *d = open_at("busy.db", false);
    sqlite3 *other = other_program("busy.db");
    struct spile_error err = { 0 };
    pthread_t thread;

    (void)state;
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, d), 0);
    assert_int_not_equal(ops->begin(d, MAIN_DATASET, "p", &err), SPILE_OK);
    assert_string_not_equal(err.message, "another program is writing to the database"); /* as it says when it has waited in vain */
    pthread_join(thread, NULL);
    sqlite3_close(other);
    close_it(d);
}

/* A reader keeps the rollback journal's COMMIT from ending: the transaction is still there, and can be tried again. */
static void test_busy_commit(void **state)
{
    struct destination *d;
    sqlite3 *reader;
    struct spile_error err = { 0 };
    struct rows rows;
    uint64_t inserted;

    (void)state;
    sql("commit.db", "CREATE TABLE t (c BIGINT); INSERT INTO t VALUES (0)");
    d = open_at("commit.db", false);
    reader = other_program("commit.db");
    one_number(&rows, "t", "2");
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
    assert_int_equal(ingest(d, &rows, &(struct stream){ 0 }, &inserted, &err), SPILE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM t", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(ops->commit(d, &err), SPILE_DESTINATION);
    assert_string_equal(err.message, "SQLite failed: database is locked");
    assert_true(err.retriable);
    sqlite3_close(reader);
    assert_int_equal(ops->commit(d, NULL), SPILE_OK);
    close_it(d);
    assert_string_equal(ask("commit.db", "SELECT group_concat(c) FROM t"), "0,1,2");
}

static void *wait_for_turn(void *destination)
{
    return ops->begin(destination, MAIN_DATASET, "p", NULL) ? destination : NULL;
}

/* The first fails and removes the file that it made, for whose lock the second waits: that finds out, and makes its own. */
static void test_two_first_loads(void **state)
{
    struct destination *one = open_at("two.db", false), *two = open_at("two.db", false);
    struct rows rows;
    uint64_t inserted;
    pthread_t thread;
    void *failed;

    (void)state;
    assert_int_equal(ops->begin(one, MAIN_DATASET, "p", NULL), SPILE_OK);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_turn, two), 0);
    usleep(300000);
    close_it(one);
    pthread_join(thread, &failed);
    assert_null(failed);
    one_number(&rows, "t", "2");
    assert_int_equal(alter(two, &rows, ALTER_CREATE_TABLE, NULL), SPILE_OK);
    assert_int_equal(ingest(two, &rows, &(struct stream){ 0 }, &inserted, NULL), SPILE_OK);
    assert_int_equal(ops->commit(two, NULL), SPILE_OK);
    close_it(two);
    assert_string_equal(ask("two.db", "SELECT group_concat(c) FROM t"), "1,2");
}

/* ---- at random ------------------------------------------------------------------------------------------------------------------- */

static uint64_t random_bits(uint64_t *seed)
{
    uint64_t x = *seed += 0x9E3779B97F4A7C15u;

    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Small and large ones alike. */
static int64_t random_integer(uint64_t *seed)
{
    uint64_t bits = random_bits(seed);

    return (int64_t)bits >> (random_bits(seed) % 64);
}

static int64_t random_between(uint64_t *seed, int64_t least, int64_t most)
{
    return least + (int64_t)(random_bits(seed) % ((uint64_t)(most - least) + 1));
}

static double random_double(uint64_t *seed)
{
    for (;;) {
        uint64_t bits = random_bits(seed);
        double value;

        memcpy(&value, &bits, sizeof(value));
        if (random_bits(seed) % 2)
            value = (double)random_integer(seed) / 1000;
        if (value == value)
            return value;
    }
}

static int128 random_decimal(uint64_t *seed, int digits)
{
    int128 value = 0;

    for (int i = (int)(random_bits(seed) % (uint64_t)digits) + 1; i > 0; i--)
        value = value * 10 + (int)(random_bits(seed) % 10);
    return random_bits(seed) % 2 ? -value : value;
}

static size_t random_text(uint64_t *seed, char text[64])
{
    static const char *const pieces[] = { "a", "'", "\"", "0", ".", "e", "-", " ", "\n", "\xC3\xA9", "\xF0\x9F\xA6\x86", "", "%s", ";", "\\", "x" };
    size_t length = 0;

    for (uint64_t i = random_bits(seed) % 12; i > 0; i--) {
        const char *piece = pieces[random_bits(seed) % 16];
        size_t bytes = *piece ? strlen(piece) : 1; /* the empty one is a NUL */

        memcpy(text + length, piece, bytes);
        length += bytes;
    }
    return length;
}

enum { R_TEXT, R_DOUBLE, R_BOOL, R_TIMESTAMP, R_BIGINT, R_BINARY, R_DECIMAL, R_WEI, R_DATE, R_TIME, R_NUMERIC, R_COLUMNS };

static const struct {
    const char *name;
    struct column_type type;
} random_columns[R_COLUMNS] = {
    [R_TEXT] = { "a_text", { TYPE_TEXT, -1, -1, true } },
    [R_DOUBLE] = { "a_double", { TYPE_DOUBLE, -1, -1, true } },
    [R_BOOL] = { "a_bool", { TYPE_BOOL, -1, -1, true } },
    [R_TIMESTAMP] = { "a_timestamp", { TYPE_TIMESTAMP, -1, -1, true } },
    [R_BIGINT] = { "a_bigint", { TYPE_BIGINT, -1, -1, true } },
    [R_BINARY] = { "a_binary", { TYPE_BINARY, -1, -1, true } },
    [R_DECIMAL] = { "a_decimal", { TYPE_DECIMAL, -1, -1, true } },
    [R_WEI] = { "a_wei", { TYPE_WEI, -1, -1, true } },
    [R_DATE] = { "a_date", { TYPE_DATE, -1, -1, true } },
    [R_TIME] = { "a_time", { TYPE_TIME, -1, -1, true } },
    [R_NUMERIC] = { "a_numeric", { TYPE_DECIMAL, -1, -1, true } }, /* in a column that dlt has made */
};

struct random_row {
    uint64_t missing; /* bits: null */
    char text[64], binary[64];
    size_t text_length, binary_length;
    double real;
    bool truth;
    int64_t timestamp, integer, time;
    int32_t date;
    int128 decimal, wei, numeric;
};

static void make_row(struct random_row *row, uint64_t *seed)
{
    row->missing = random_bits(seed) & random_bits(seed) & random_bits(seed);
    row->text_length = random_text(seed, row->text);
    row->binary_length = random_text(seed, row->binary);
    row->real = random_double(seed);
    row->truth = random_bits(seed) % 2;
    row->timestamp = random_between(seed, -62135596800000000, 253402300799999999);
    row->integer = random_integer(seed);
    row->time = random_between(seed, 0, 86399999999);
    row->date = (int32_t)random_between(seed, -719162, 2932896);
    row->decimal = random_decimal(seed, 38);
    row->wei = random_decimal(seed, 38);
    row->numeric = random_decimal(seed, 15);
}

static void put_row(struct gather *gather, uint32_t at, const struct random_row *row)
{
#define PUT(column, call) assert_true((row->missing >> (column) & 1) || call)
    PUT(R_TEXT, column_put_text(&gather->columns[R_TEXT], at, row->text, row->text_length));
    PUT(R_DOUBLE, column_put_f64(&gather->columns[R_DOUBLE], at, row->real));
    PUT(R_BOOL, column_put_bool(&gather->columns[R_BOOL], at, row->truth));
    PUT(R_TIMESTAMP, column_put_i64(&gather->columns[R_TIMESTAMP], at, row->timestamp));
    PUT(R_BIGINT, column_put_i64(&gather->columns[R_BIGINT], at, row->integer));
    PUT(R_BINARY, column_put_text(&gather->columns[R_BINARY], at, row->binary, row->binary_length));
    PUT(R_DECIMAL, column_put_i128(&gather->columns[R_DECIMAL], at, row->decimal));
    PUT(R_WEI, column_put_i128(&gather->columns[R_WEI], at, row->wei));
    PUT(R_DATE, column_put_i32(&gather->columns[R_DATE], at, row->date));
    PUT(R_TIME, column_put_i64(&gather->columns[R_TIME], at, row->time));
    PUT(R_NUMERIC, column_put_i128(&gather->columns[R_NUMERIC], at, row->numeric));
#undef PUT
}

/* Decimal text, maybe with an exponent, times ten to the `scale`th. */
static int128 decimal_of(const char *text, int scale)
{
    bool negative = *text == '-', fraction = false;
    const char *exponent = strchr(text, 'e');
    int128 value = 0;

    if (exponent)
        scale += atoi(exponent + 1);
    for (text += negative; *text && text != exponent; text++) {
        if (*text == '.') {
            fraction = true;
            continue;
        }
        value = value * 10 + (*text - '0');
        scale -= fraction;
    }
    for (; scale > 0; scale--)
        value *= 10;
    for (; scale < 0; scale++) {
        assert_true(value % 10 == 0);
        value /= 10;
    }
    return negative ? -value : value;
}

static void check_row(sqlite3_stmt *s, const struct random_row *row)
{
    for (int i = 0; i < R_COLUMNS; i++)
        assert_int_equal(sqlite3_column_type(s, i) == SQLITE_NULL, row->missing >> i & 1);
#define HAS(column) (!(row->missing >> (column) & 1))
    if (HAS(R_TEXT)) {
        assert_int_equal(sqlite3_column_type(s, R_TEXT), SQLITE_TEXT);
        assert_int_equal(sqlite3_column_bytes(s, R_TEXT), row->text_length);
        assert_memory_equal(sqlite3_column_text(s, R_TEXT), row->text, row->text_length);
    }
    if (HAS(R_DOUBLE))
        assert_true(sqlite3_column_type(s, R_DOUBLE) == SQLITE_FLOAT && sqlite3_column_double(s, R_DOUBLE) == row->real);
    if (HAS(R_BOOL))
        assert_int_equal(sqlite3_column_int64(s, R_BOOL), row->truth);
    if (HAS(R_TIMESTAMP)) /* by SQLite's calendar */
        assert_int_equal(sqlite3_column_int64(s, R_TIMESTAMP), row->timestamp);
    if (HAS(R_BIGINT))
        assert_int_equal(sqlite3_column_int64(s, R_BIGINT), row->integer);
    if (HAS(R_BINARY)) {
        assert_int_equal(sqlite3_column_type(s, R_BINARY), SQLITE_BLOB);
        assert_int_equal(sqlite3_column_bytes(s, R_BINARY), row->binary_length);
        assert_true(!row->binary_length || !memcmp(sqlite3_column_blob(s, R_BINARY), row->binary, row->binary_length));
    }
    if (HAS(R_DECIMAL))
        assert_true(decimal_of((const char *)sqlite3_column_text(s, R_DECIMAL), 9) == row->decimal);
    if (HAS(R_WEI))
        assert_true(decimal_of((const char *)sqlite3_column_text(s, R_WEI), 0) == row->wei);
    if (HAS(R_DATE))
        assert_int_equal(sqlite3_column_int64(s, R_DATE), row->date);
    if (HAS(R_TIME))
        assert_int_equal(sqlite3_column_int64(s, R_TIME), row->time);
    if (HAS(R_NUMERIC))
        assert_true(decimal_of((const char *)sqlite3_column_text(s, R_NUMERIC), 9) == row->numeric);
#undef HAS
}

static void load_random(struct destination *d, uint64_t *seed, uint32_t count)
{
    struct random_row row;
    struct rows rows;

    rows_begin(&rows, "t");
    for (int i = 0; i < R_COLUMNS; i++)
        rows_column(&rows, random_columns[i].name, random_columns[i].type, true, NULL);
    rows_open(&rows);
    for (uint32_t i = 0; i < count; i++) {
        make_row(&row, seed);
        put_row(&rows.gather, i, &row);
        rows_end_row(&rows);
    }
    assert_int_equal(load(d, &rows, false, NULL), SPILE_OK);
}

#define BATCH 20000u

/* Values in, values out, of each type: 20,000, or $SPILE_SQLITE_VALUES. */
static void test_random_values(void **state)
{
    const char *wanted = getenv("SPILE_SQLITE_VALUES");
    uint32_t batches = wanted ? (uint32_t)strtoul(wanted, NULL, 10) / BATCH : 1;
    struct destination *d = open_at("random.db", false);
    uint64_t seed = 20261126, again = seed;
    struct random_row row;
    sqlite3_stmt *statement;
    sqlite3 *db;

    (void)state;
    sql("random.db", "CREATE TABLE t (a_text TEXT, a_double DOUBLE, a_bool BOOLEAN, a_timestamp DATETIME, a_bigint BIGINT, a_binary BLOB, "
                     "a_decimal DECIMAL_TEXT(38,9), a_wei DECIMAL_TEXT(38,0), a_date DATE, a_time TIME, a_numeric NUMERIC(38, 9))");
    for (uint32_t i = 0; i < batches; i++)
        load_random(d, &seed, BATCH);
    close_it(d);
    db = other_program("random.db");
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT a_text, a_double, a_bool, unixepoch(substr(a_timestamp, 1, 19)) * 1000000 + substr(a_timestamp, 21), a_bigint, a_binary, "
                                        "a_decimal, a_wei, CAST(julianday(a_date) - 2440587.5 AS INTEGER), "
                                        "(unixepoch('1970-01-01 ' || substr(a_time, 1, 8))) * 1000000 + substr(a_time, 10), a_numeric FROM t ORDER BY rowid",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    for (uint32_t i = 0; i < batches * BATCH; i++) {
        make_row(&row, &again);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        check_row(statement, &row);
    }
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

/* ---- the rest -------------------------------------------------------------------------------------------------------------------- */

static int next_shared(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct ArrowArray *batch = self->private_data;

    *out = *batch;
    batch->release = NULL;
    return 0;
}

static void release_shared(struct ArrowArray *array)
{
    array->release = NULL;
}

/* Batches may begin anywhere in their buffers. */
static void test_offsets(void **state)
{
    static const int64_t numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    static const int32_t ends[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    static const uint8_t valid[] = { 0xFF, 0x0B }, truths[] = { 0x00, 0x0A };
    const void *number_buffers[] = { valid, numbers }, *text_buffers[] = { NULL, ends, "abcdefghijkl" }, *truth_buffers[] = { NULL, truths };
    struct ArrowArray number = { .length = 4, .null_count = -1, .offset = 5, .n_buffers = 2, .buffers = number_buffers };
    struct ArrowArray text = { .length = 4, .offset = 0, .n_buffers = 3, .buffers = text_buffers };
    struct ArrowArray truth = { .length = 4, .offset = 6, .n_buffers = 2, .buffers = truth_buffers };
    struct ArrowArray *children[] = { &number, &text, &truth };
    struct ArrowArray batch = { .length = 4, .offset = 3, .n_children = 3, .children = children, .release = release_shared };
    struct ArrowArrayStream stream = { no_schema, next_shared, last_error, release, &batch };
    struct destination *d = open_at("offset.db", false);
    struct rows rows;
    uint64_t inserted;

    (void)state;
    rows_begin(&rows, "t");
    rows_column(&rows, "n", type_of(TYPE_BIGINT, -1, -1), true, NULL);
    rows_column(&rows, "c", type_of(TYPE_TEXT, -1, -1), true, NULL);
    rows_column(&rows, "b", type_of(TYPE_BOOL, -1, -1), true, NULL);
    assert_int_equal(ops->begin(d, MAIN_DATASET, "p", NULL), SPILE_OK);
    assert_int_equal(alter(d, &rows, ALTER_CREATE_TABLE, NULL), SPILE_OK);
    assert_int_equal(ops->ingest(d, &rows.ingest, &stream, &inserted, NULL), SPILE_OK);
    assert_int_equal(inserted, 4);
    assert_int_equal(ops->commit(d, NULL), SPILE_OK);
    close_it(d);
    assert_string_equal(ask("offset.db", "SELECT * FROM t"), "8|d|1 / 9|e|0 / NULL|f|1 / 11|g|0");
}

static void test_locate(void **state)
{
    char path[4096], version[64];

    (void)state;
    assert_int_equal(ops->locate(path, version, sizeof(version), NULL), SPILE_OK);
    assert_string_equal(version, sqlite3_libversion());
    assert_non_null(strstr(path, "sqlite3"));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return folder_remove(folder, NULL) ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_nul_in_text),
        cmocka_unit_test(test_otherwise),
        cmocka_unit_test(test_foreign_columns),
        cmocka_unit_test(test_foreign_columns_staged),
        cmocka_unit_test(test_order_of_decimals),
        cmocka_unit_test(test_type_fits),
        cmocka_unit_test(test_affinity),
        cmocka_unit_test(test_catalog),
        cmocka_unit_test(test_datasets),
        cmocka_unit_test(test_relative_path),
        cmocka_unit_test(test_bad_dataset_name),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_foreign_file),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_after_own_rollback),
        cmocka_unit_test(test_failed_first_load),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_interrupt_while_waiting),
        cmocka_unit_test(test_busy_commit),
        cmocka_unit_test(test_two_first_loads),
        cmocka_unit_test(test_random_values),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_locate),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
