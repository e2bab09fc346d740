/* The stored schema and its hash. Expected hashes are dlt's: recorded by dlt 1.31 for these tables (see each row). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "load/state.h"
#include "schema/schema.h"

static const struct naming limits = { .length_max = 65536, .folds = true };

static struct schema *new_schema(const char *name)
{
    struct schema *schema;

    assert_int_equal(schema_new(&schema, name, &limits, NULL), SPILE_OK);
    return schema;
}

static void add_columns(struct schema *schema, struct table *table, const char *names, enum data_type type)
{
    char copy[256];

    strcpy(copy, names);
    for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
        assert_non_null(table_add_column(schema, table, name, type, false));
}

/* dlt's run of `{"name", "code", "population", "area_km2", "eu", "languages": [..]}` into table countries of schema g: the golden case
 * "countries" of dlt 1.31.0, version_hash as dlt stored it. */
static void hash_of_countries_is_dlts(void **state)
{
    struct schema *schema = new_schema("g");
    struct table *root = schema_add_root_table(schema, "countries", "countries"), *nested;

    (void)state;
    add_columns(schema, root, "name code", TYPE_TEXT);
    add_columns(schema, root, "population", TYPE_BIGINT);
    add_columns(schema, root, "area_km2", TYPE_DOUBLE);
    add_columns(schema, root, "eu", TYPE_BOOL);
    assert_true(table_add_links(schema, root));
    nested = schema_add_nested_table(schema, "countries__languages", root);
    add_columns(schema, nested, "value", TYPE_TEXT);
    assert_true(table_add_links(schema, nested));
    assert_true(table_set_seen_data(schema, root) && table_set_seen_data(schema, nested));
    assert_non_null(schema_add_state_table(schema));
    assert_int_equal(schema_seal(schema, NULL, NULL), SPILE_OK);
    assert_string_equal(schema_hash(schema), "EcWtI0CVxAgSFAunGIHdYo26NfdmD6t2y5of/crqdf0=");
    schema_free(schema);
}

/* A text read back and written again is the same, whatever stands in it. */
static void unknown_properties_survive(void **state)
{
    static const char text[] =
        "{\"version\":3,\"version_hash\":\"h\",\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{\"a\":{\"name\":\"a\","
        "\"data_type\":\"bigint\",\"nullable\":true,\"x-mine\":{\"k\":[1,2.5]}},\"b\":{\"name\":\"b\",\"primary_key\":true}},"
        "\"write_disposition\":\"append\",\"name\":\"t\",\"resource\":\"T\",\"x-own\":true}},\"settings\":{\"detections\":[\"iso_timestamp\"]},"
        "\"normalizers\":{\"names\":\"snake_case\"},\"previous_hashes\":[\"z\"],\"description\":\"d\"}";
    struct schema *schema;
    size_t length;
    char *written;

    (void)state;
    assert_int_equal(schema_read(&schema, text, strlen(text), &limits, NULL), SPILE_OK);
    written = schema_write(schema, &length);
    assert_string_equal(written, text);
    assert_int_equal(schema->tables[0]->column_count, 1); /* b has no type yet */
    free(written);
    schema_free(schema);
}

/* A declared column gets its type from the data, keeps its hints and moves to the end. */
static void declared_column_is_completed(void **state)
{
    static const char text[] =
        "{\"version\":1,\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"name\":\"t\",\"columns\":{"
        "\"b\":{\"name\":\"b\",\"primary_key\":true,\"nullable\":false},\"a\":{\"name\":\"a\",\"data_type\":\"text\"}}}}}";
    struct schema *schema;
    struct column *column;
    size_t length;
    char *written;

    (void)state;
    assert_int_equal(schema_read(&schema, text, strlen(text), &limits, NULL), SPILE_OK);
    column = table_add_column(schema, schema->tables[0], "b", TYPE_BIGINT, false);
    assert_non_null(column);
    assert_false(column->nullable);
    assert_int_equal(column->index, 1);
    written = schema_write(schema, &length);
    assert_non_null(strstr(written, "\"a\":{\"name\":\"a\",\"data_type\":\"text\"},\"b\":{\"name\":\"b\",\"data_type\":\"bigint\","
                                    "\"nullable\":false,\"primary_key\":true}"));
    free(written);
    schema_free(schema);
}

static void seal_counts_versions(void **state)
{
    struct schema *schema = new_schema("s");
    char first[64];
    bool changed;

    (void)state;
    assert_int_equal(schema_seal(schema, &changed, NULL), SPILE_OK);
    assert_true(changed);
    assert_int_equal(schema_version_number(schema), 1);
    strcpy(first, schema_hash(schema));
    assert_int_equal(schema_seal(schema, &changed, NULL), SPILE_OK);
    assert_false(changed);
    schema_add_root_table(schema, "t", "t");
    assert_int_equal(schema_seal(schema, &changed, NULL), SPILE_OK);
    assert_true(changed);
    assert_int_equal(schema_version_number(schema), 2);
    assert_string_equal(yyjson_mut_get_str(yyjson_mut_arr_get_first(yyjson_mut_obj_get(schema->root, "previous_hashes"))), first);
    schema_free(schema);
}

static void bad_schemas_are_refused(void **state)
{
    static const struct {
        const char *what, *text;
    } cases[] = {
        { "no JSON", "{" },
        { "no tables", "{\"name\":\"s\",\"engine_version\":11}" },
        { "a newer engine", "{\"name\":\"s\",\"engine_version\":12,\"tables\":{}}" },
        { "a table without columns", "{\"name\":\"s\",\"engine_version\":11,\"tables\":{\"t\":{}}}" },
        { "a parent that is not there", "{\"name\":\"s\",\"engine_version\":11,\"tables\":{\"t\":{\"columns\":{},\"parent\":\"u\"}}}" },
        { "parents in a circle", "{\"name\":\"s\",\"engine_version\":11,\"tables\":{\"t\":{\"columns\":{},\"parent\":\"u\"},"
                                 "\"u\":{\"columns\":{},\"parent\":\"v\"},\"v\":{\"columns\":{},\"parent\":\"u\"}}}" },
        { "a column that is no object", "{\"name\":\"s\",\"engine_version\":11,\"tables\":{\"t\":{\"columns\":{\"a\":1}}}}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct spile_error err = { 0 };
        struct schema *schema;
        enum spile_status status = schema_read(&schema, cases[i].text, strlen(cases[i].text), &limits, &err);

        if (status != SPILE_CONFIG || !*err.message)
            fail_msg("%s: status %d, message \"%s\"", cases[i].what, status, err.message);
        assert_null(schema);
    }
}

/* The golden case "countries" again: pipeline g, dataset d; the hash is the one dlt wrote. */
static void hash_of_state_is_dlts(void **state)
{
    struct state_identity identity = { .pipeline = "g", .dataset = "d", .destination_type = "dlt.destinations.duckdb" };
    struct arena arena = { 0 };
    struct state first, second;

    (void)state;
    assert_int_equal(state_prepare(&first, &identity, NULL, &arena, NULL), SPILE_OK);
    assert_true(first.changed);
    assert_int_equal(first.version, 1);
    assert_string_equal(first.hash, "V+gcSxBIQ2l6m7BDyopbCFqy3rDdudOubSJHGjjn9nI=");
    assert_string_equal(first.schema_name, "g");
    assert_int_equal(state_prepare(&second, &identity, first.encoded, &arena, NULL), SPILE_OK);
    assert_false(second.changed);
    assert_int_equal(second.version, 1);
    assert_string_equal(second.hash, first.hash);
    arena_release(&arena);
}

static void default_schema_name_follows_dlt(void **state)
{
    static const struct {
        const char *pipeline, *want;
    } cases[] = { { "shop", "shop" }, { "shop_pipeline", "shop" }, { "My-Shop", "my_shop" }, { "_pipeline", "_pipeline" }, { "2go", "_2go" } };
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(state_default_schema(cases[i].pipeline, &arena), cases[i].want);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_of_countries_is_dlts),    cmocka_unit_test(unknown_properties_survive),
        cmocka_unit_test(declared_column_is_completed), cmocka_unit_test(seal_counts_versions),
        cmocka_unit_test(bad_schemas_are_refused),      cmocka_unit_test(hash_of_state_is_dlts),
        cmocka_unit_test(default_schema_name_follows_dlt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
