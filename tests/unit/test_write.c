/* How tables are written: names, what a caller may say, what the schema keeps of it. The hints are dlt's (reference/load.md 5); whole schema documents are
 * compared with dlt's in tests/conformance/test_write_hints.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/write.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define T "2020-01-01T00:00:00Z"

static const struct naming limits = { .length_max = 65536, .folds = true };

static struct schema *schema_with(const char *table)
{
    struct schema *schema;
    char text[4096];

    snprintf(text, sizeof(text), "{\"version\":1,\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":%s},\"normalizers\":{\"names\":\"snake_case\"}}", table);
    assert_int_equal(schema_read(&schema, text, strlen(text), &limits, NULL), SPILE_OK);
    return schema;
}

static void check_table(const struct schema *schema, const char *want)
{
    char *got = yyjson_mut_val_write(schema->tables[0]->json, 0, NULL);

    if (!got || strcmp(got, want))
        fail_msg("got  %s\nwant %s", got ? got : "nothing", want);
    free(got);
}

/* ---- names ----------------------------------------------------------------------------------------------------------------------- */

static void strategies_have_names(void **state)
{
    static const char *const names[] = { "delete-insert", "upsert", "insert-only", "scd2", "cdc" };
    enum merge_strategy strategy;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_true(merge_strategy_find(&strategy, names[i]));
        assert_int_equal(strategy, MERGE_DELETE_INSERT + i);
        assert_string_equal(merge_strategy_name(strategy), names[i]);
    }
    assert_null(merge_strategy_name(MERGE_DEFAULT));
    assert_false(merge_strategy_find(&strategy, "delete_insert"));
    assert_false(merge_strategy_find(&strategy, ""));
}

/* ---- what a caller may say --------------------------------------------------------------------------------------------------------- */

static const struct {
    enum spile_merge_strategy strategy;
    struct spile_merge merge;
    const char *message; /* NULL: it is fine */
} said[] = {
    { SPILE_STRATEGY_NOT_SAID, { .skip_unchanged_rows = true, .row_version = "v", .destination_scope = "a" }, NULL }, /* the destination's default is not known yet */
    { SPILE_DELETE_INSERT, { .deduplicated = true, .source_filter = "a > 1", .destination_scope = "a < 1" }, NULL },
    { SPILE_DELETE_INSERT, { .skip_unchanged_rows = true }, "merge strategy delete-insert does not take skip_unchanged_rows" },
    { SPILE_DELETE_INSERT, { .row_version = "v" }, "merge strategy delete-insert does not take row_version" },
    { SPILE_DELETE_INSERT, { .valid_to = "v" }, "merge strategy delete-insert does not take the names of validity columns" },
    { SPILE_UPSERT, { .source_filter = "a", .skip_unchanged_rows = true, .row_version = "v", .deduplicated = true }, NULL },
    { SPILE_UPSERT, { .destination_scope = "a" }, "merge strategy upsert does not take destination_scope" },
    { SPILE_UPSERT, { .row_version = "v" }, "merge strategy upsert takes row_version with skip_unchanged_rows only" },
    { SPILE_UPSERT, { .boundary_timestamp = T }, "merge strategy upsert does not take boundary_timestamp" },
    { SPILE_INSERT_ONLY, { .deduplicated = true }, NULL },
    { SPILE_INSERT_ONLY, { .source_filter = "a" }, "merge strategy insert-only does not take source_filter" },
    { SPILE_INSERT_ONLY, { .active_record_timestamp = T }, "merge strategy insert-only does not take active_record_timestamp" },
    { SPILE_SCD2, { .source_filter = "a", .destination_scope = "a", .row_version = "v", .valid_from = "f", .valid_to = "t", .active_record_timestamp = "9999-12-31",
                    .boundary_timestamp = "" }, NULL },
    { SPILE_SCD2, { .skip_unchanged_rows = true }, "merge strategy scd2 does not take skip_unchanged_rows" },
    { SPILE_SCD2, { .valid_from = "" }, "a column without a name" },
    { SPILE_SCD2, { .valid_from = "_dlt_valid_to" }, "column \"_dlt_valid_to\" can't be two of valid_from, valid_to and row_version" },
    { SPILE_SCD2, { .valid_from = "a", .valid_to = "b", .row_version = "b" }, "column \"b\" can't be two of valid_from, valid_to and row_version" },
    { SPILE_SCD2, { .boundary_timestamp = "soon" }, "boundary_timestamp is no timestamp: \"soon\"" },
    { SPILE_SCD2, { .active_record_timestamp = "2024-13-01" }, "active_record_timestamp is no timestamp: \"2024-13-01\"" },
    { SPILE_SCD2, { .active_record_timestamp = "" }, "active_record_timestamp is no timestamp: \"\"" },
    { SPILE_CDC, { .source_filter = "a", .destination_scope = "a", .skip_unchanged_rows = true, .row_version = "v" }, NULL },
    { SPILE_CDC, { .destination_scope = "{table}.a = {staging_table}.a AND b <> '{{}}'" }, NULL },
    { SPILE_CDC, { .destination_scope = "{tables}" }, "destination_scope can't be read: \"{tables}\"" },
    { SPILE_CDC, { .destination_scope = "a {" }, "destination_scope can't be read: \"a {\"" },
    { SPILE_CDC, { .destination_scope = "}{{" }, "destination_scope can't be read: \"}{{\"" },
    { SPILE_CDC, { .source_filter = "{table}.a" }, "source_filter can't be read: \"{table}.a\"" },
    { (enum spile_merge_strategy)6, { 0 }, "unknown merge strategy 6" },
};

static void options_go_with_their_strategy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(said); i++) {
        struct spile_merge merge = said[i].merge;
        struct spile_error err = { 0 };
        struct table_write write;

        merge.strategy = said[i].strategy;
        write = table_write_of(SPILE_MERGE, &merge);
        if (table_write_check(&write, &err) != (said[i].message ? SPILE_USAGE : SPILE_OK) || strcmp(err.message, said[i].message ? said[i].message : ""))
            fail_msg("case %zu: %d \"%s\", hint \"%s\"", i, err.status, err.message, err.hint);
        write = table_write_of(SPILE_APPEND, &merge); /* what is said of a merge does not count */
        assert_int_equal(write.strategy, MERGE_DEFAULT);
        assert_int_equal(table_write_check(&write, NULL), SPILE_OK);
    }
}

static void strategies_that_take_it_are_named(void **state)
{
    struct table_write write = { .disposition = WRITE_MERGE, .strategy = MERGE_INSERT_ONLY, .source_filter = "a" };
    struct spile_error err;

    (void)state;
    assert_int_equal(table_write_check(&write, &err), SPILE_USAGE);
    assert_string_equal(err.hint, "leave it out, or choose strategy delete-insert, upsert, scd2 or cdc");
    write = (struct table_write){ .disposition = WRITE_MERGE, .strategy = MERGE_SCD2, .skip_unchanged = true };
    assert_int_equal(table_write_check(&write, &err), SPILE_USAGE);
    assert_string_equal(err.hint, "leave it out, or choose strategy upsert or cdc");
}

/* ---- into the schema and out of it -------------------------------------------------------------------------------------------------- */

#define TABLE(more, columns) "{\"columns\":{" columns "},\"write_disposition\":\"append\",\"name\":\"t\",\"resource\":\"t\"" more "}"
#define ID "\"id\":{\"name\":\"id\",\"data_type\":\"bigint\",\"nullable\":false,\"primary_key\":true}"
#define FROM_TO(from, to, active) \
    "\"" from "\":{\"name\":\"" from "\",\"data_type\":\"timestamp\",\"nullable\":true,\"x-valid-from\":true}," \
    "\"" to "\":{\"name\":\"" to "\",\"data_type\":\"timestamp\",\"nullable\":true,\"x-valid-to\":true,\"x-active-record-timestamp\":" active "}"
#define MERGED(columns, more) "{\"columns\":{" columns "},\"write_disposition\":\"merge\",\"name\":\"t\",\"resource\":\"t\"" more "}"

static const struct {
    const char *before;
    struct table_write write;
    const char *after;
    enum row_identity identity;
} sets[] = {
    { TABLE("", ID), { .disposition = WRITE_MERGE }, MERGED(ID, ""), ROW_ID_OF_POSITION },
    { TABLE("", ID), { .disposition = WRITE_MERGE, .strategy = MERGE_UPSERT, .deduplicated = true, .source_filter = "a" },
      MERGED(ID, ",\"x-merge-strategy\":\"upsert\",\"x-stage-data-deduplicated\":true,\"x-merge-source-filter\":\"a\""), ROW_ID_OF_KEY },
    { TABLE("", ID), { .disposition = WRITE_MERGE, .strategy = MERGE_CDC, .destination_scope = "b", .skip_unchanged = true, .row_version = "ID" },
      MERGED("\"id\":{\"name\":\"id\",\"data_type\":\"bigint\",\"nullable\":false,\"primary_key\":true,\"x-row-version\":true}",
             ",\"x-merge-strategy\":\"cdc\",\"x-merge-destination-scope\":\"b\",\"x-merge-skip-unchanged-rows\":true"), ROW_ID_OF_KEY },
    { TABLE("", ID), { .disposition = WRITE_MERGE, .strategy = MERGE_INSERT_ONLY }, MERGED(ID, ",\"x-merge-strategy\":\"insert-only\""), ROW_ID_OF_KEY },
    { TABLE("", ID), { .disposition = WRITE_MERGE, .strategy = MERGE_SCD2, .boundary_timestamp = T },
      MERGED(ID "," FROM_TO("_dlt_valid_from", "_dlt_valid_to", "null") ",\"_dlt_id\":{\"name\":\"_dlt_id\",\"nullable\":false,\"x-row-version\":true,"
             "\"unique\":false,\"row_key\":false}", ",\"x-merge-strategy\":\"scd2\",\"x-boundary-timestamp\":\"" T "\""), ROW_ID_OF_CONTENT },
    { TABLE("", ID), { .disposition = WRITE_MERGE, .strategy = MERGE_SCD2, .boundary_timestamp = "", .valid_from = "From", .valid_to = "validTo",
                       .active_timestamp = "9999-12-31", .row_version = "Hash" },
      MERGED(ID "," FROM_TO("from", "valid_to", "\"9999-12-31\"") ",\"hash\":{\"name\":\"hash\",\"nullable\":false,\"x-row-version\":true,\"unique\":false,"
             "\"row_key\":false}", ",\"x-merge-strategy\":\"scd2\",\"x-boundary-timestamp\":null"), ROW_ID_OF_POSITION },
    /* nothing is removed */
    { MERGED(ID, ",\"x-merge-strategy\":\"upsert\",\"x-merge-source-filter\":\"a\",\"x-merge-skip-unchanged-rows\":true"), { .disposition = WRITE_MERGE },
      MERGED(ID, ",\"x-merge-strategy\":\"upsert\",\"x-merge-source-filter\":\"a\",\"x-merge-skip-unchanged-rows\":true"), ROW_ID_OF_KEY },
    { MERGED(ID, ",\"x-merge-strategy\":\"upsert\""), { .disposition = WRITE_APPEND }, TABLE(",\"x-merge-strategy\":\"upsert\"", ID), ROW_ID_OF_POSITION },
    /* a type that was not given moves a column to the end; a version column is used as long as it is the first */
    { TABLE("", "\"valid_to\":{\"name\":\"valid_to\",\"x-mine\":1}," ID), { .disposition = WRITE_MERGE, .strategy = MERGE_SCD2, .valid_from = "a", .valid_to = "valid_to",
                                                                             .row_version = "id" },
      MERGED("\"id\":{\"name\":\"id\",\"data_type\":\"bigint\",\"nullable\":false,\"primary_key\":true,\"x-row-version\":true,\"unique\":false,\"row_key\":false},"
             "\"a\":{\"name\":\"a\",\"data_type\":\"timestamp\",\"nullable\":true,\"x-valid-from\":true},"
             "\"valid_to\":{\"name\":\"valid_to\",\"x-mine\":1,\"data_type\":\"timestamp\",\"nullable\":true,\"x-valid-to\":true,\"x-active-record-timestamp\":null}",
             ",\"x-merge-strategy\":\"scd2\""), ROW_ID_OF_POSITION },
};

static void hints_are_put_into_the_schema(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        struct schema *schema = schema_with(sets[i].before);
        struct table *table = schema->tables[0];

        assert_true(table_write_set(schema, table, &sets[i].write));
        check_table(schema, sets[i].after);
        assert_int_equal(table_row_identity(table), sets[i].identity);
        for (uint32_t j = 0; j < table->column_count; j++)
            assert_int_equal(table->columns[j]->index, j);
        schema_free(schema);
    }
}

static void check_text(const char *got, const char *want)
{
    if (!want)
        assert_null(got);
    else
        assert_string_equal(got ? got : "(none)", want);
}

static void hints_are_read(void **state)
{
    struct schema *schema = schema_with(MERGED("\"a\":{\"name\":\"a\",\"data_type\":\"timestamp\",\"x-valid-from\":true},"
                                               "\"b\":{\"name\":\"b\",\"data_type\":\"timestamp\",\"x-valid-to\":true,\"x-active-record-timestamp\":\"" T "\"},"
                                               "\"c\":{\"name\":\"c\",\"x-row-version\":false},\"d\":{\"name\":\"d\",\"x-row-version\":true}",
                                               ",\"x-merge-strategy\":\"scd2\",\"x-merge-source-filter\":\"f\",\"x-merge-destination-scope\":\"s\","
                                               "\"x-stage-data-deduplicated\":true,\"x-merge-skip-unchanged-rows\":true,\"x-boundary-timestamp\":\"" T "\""));
    struct table_write write;

    (void)state;
    table_write_read(&write, schema->tables[0]);
    assert_int_equal(write.disposition, WRITE_MERGE);
    assert_int_equal(write.strategy, MERGE_SCD2);
    assert_true(write.deduplicated && write.skip_unchanged);
    check_text(write.source_filter, "f");
    check_text(write.destination_scope, "s");
    check_text(write.valid_from, "a");
    check_text(write.valid_to, "b");
    check_text(write.row_version, "d");
    check_text(write.active_timestamp, T);
    check_text(write.boundary_timestamp, T);
    schema_free(schema);
}

/* Dispositions of their own, and of a merge what nobody has said. */
static void other_dispositions_are_read(void **state)
{
    static const struct {
        const char *word;
        enum write_disposition disposition;
    } words[] = { { "append", WRITE_APPEND }, { "replace", WRITE_REPLACE }, { "merge", WRITE_MERGE }, { "skip", WRITE_SKIP } };
    struct table_write write;

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        char text[256];
        struct schema *schema;

        snprintf(text, sizeof(text), "{\"columns\":{" ID "},\"write_disposition\":\"%s\",\"name\":\"t\",\"x-boundary-timestamp\":null}", words[i].word);
        schema = schema_with(text);
        table_write_read(&write, schema->tables[0]);
        assert_int_equal(write.disposition, words[i].disposition);
        assert_string_equal(write_disposition_name(write.disposition), words[i].word);
        assert_int_equal(write.strategy, MERGE_DEFAULT);
        assert_false(write.deduplicated || write.skip_unchanged);
        assert_null(write.source_filter);
        assert_null(write.valid_from);
        assert_null(write.row_version);
        assert_null(write.boundary_timestamp);
        schema_free(schema);
    }
}

/* ---- does it fit the table ---------------------------------------------------------------------------------------------------------- */

#define SEEN ",\"x-normalizer\":{\"seen-data\":true}"
#define FROZEN ",\"schema_contract\":\"freeze\""
#define V "\"v\":{\"name\":\"v\",\"data_type\":\"text\"}"

static const struct {
    const char *table; /* NULL: it is not there */
    struct table_write write;
    enum spile_status status;
    const char *message;
} fits[] = {
    { NULL, { .disposition = WRITE_MERGE }, SPILE_OK, "" },
    { NULL, { .disposition = WRITE_MERGE, .strategy = MERGE_UPSERT }, SPILE_USAGE, "merge strategy upsert needs a primary key" },
    { TABLE("", V), { .disposition = WRITE_MERGE, .strategy = MERGE_CDC }, SPILE_USAGE, "merge strategy cdc needs a primary key" },
    { TABLE("", ID), { .disposition = WRITE_MERGE, .strategy = MERGE_CDC }, SPILE_OK, "" },
    { MERGED(V, ",\"x-merge-strategy\":\"insert-only\""), { .disposition = WRITE_MERGE }, SPILE_USAGE, "merge strategy insert-only needs a primary key" },
    { MERGED(V, ",\"x-merge-strategy\":\"insert-only\""), { .disposition = WRITE_APPEND }, SPILE_OK, "" },
    { MERGED(V, ",\"x-merge-strategy\":\"best\""), { .disposition = WRITE_MERGE }, SPILE_CONFIG, "the schema has an unknown merge strategy \"best\"" },
    { MERGED(V, ",\"x-merge-strategy\":\"best\""), { .disposition = WRITE_MERGE, .strategy = MERGE_DELETE_INSERT }, SPILE_OK, "" },
    { NULL, { .disposition = WRITE_MERGE, .skip_unchanged = true }, SPILE_USAGE, "merge strategy delete-insert does not take skip_unchanged_rows" },
    { MERGED(ID, ",\"x-merge-strategy\":\"upsert\""), { .disposition = WRITE_MERGE, .skip_unchanged = true }, SPILE_OK, "" },
    { TABLE("", "\"a\":{\"name\":\"a\",\"hard_delete\":true},\"b\":{\"name\":\"b\",\"hard_delete\":true}"), { .disposition = WRITE_APPEND }, SPILE_CONFIG,
      "columns \"a\" and \"b\" both have the hint hard_delete" },
    { TABLE("", "\"a\":{\"name\":\"a\",\"dedup_sort\":\"asc\"},\"b\":{\"name\":\"b\",\"dedup_sort\":\"desc\"}"), { .disposition = WRITE_MERGE }, SPILE_CONFIG,
      "columns \"a\" and \"b\" both have the hint dedup_sort" },
    { TABLE("", "\"a\":{\"name\":\"a\",\"hard_delete\":true},\"b\":{\"name\":\"b\",\"hard_delete\":false}"), { .disposition = WRITE_MERGE }, SPILE_OK, "" },
    { TABLE(SEEN, V), { .disposition = WRITE_MERGE, .strategy = MERGE_SCD2, .valid_to = "V" }, SPILE_CONFIG,
      "column \"v\" is text, but is to hold when a version begins or ends" },
    { TABLE(FROZEN SEEN, V), { .disposition = WRITE_MERGE, .strategy = MERGE_SCD2 }, SPILE_OK, "" }, /* dlt's names are let in */
    { TABLE(FROZEN SEEN, V), { .disposition = WRITE_MERGE, .strategy = MERGE_SCD2, .valid_from = "since" }, SPILE_CONTRACT,
      "the contract keeps columns as they are, merge strategy scd2 needs a new column \"since\"" },
    { TABLE(FROZEN, ""), { .disposition = WRITE_MERGE, .strategy = MERGE_SCD2, .valid_from = "since" }, SPILE_OK, "" },
};

static void writes_fit_their_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fits); i++) {
        struct schema *schema = schema_with(fits[i].table ? fits[i].table : TABLE("", V));
        struct spile_error err = { 0 };
        enum spile_status status = table_write_fits(schema, fits[i].table ? schema->tables[0] : NULL, "t", &fits[i].write, &err);

        if (status != fits[i].status || strcmp(err.message, fits[i].message))
            fail_msg("case %zu: %d \"%s\", want %d \"%s\"", i, status, err.message, fits[i].status, fits[i].message);
        if (status)
            assert_non_null(strstr(err.where, "table \"t\""));
        schema_free(schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strategies_have_names),
        cmocka_unit_test(options_go_with_their_strategy),
        cmocka_unit_test(strategies_that_take_it_are_named),
        cmocka_unit_test(hints_are_put_into_the_schema),
        cmocka_unit_test(hints_are_read),
        cmocka_unit_test(other_dispositions_are_read),
        cmocka_unit_test(writes_fit_their_tables),
    };

    return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
