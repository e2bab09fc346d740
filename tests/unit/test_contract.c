/* Contracts as a schema stores them. Which words and forms there are is dlt 1.31's (TSchemaContract in dlt/common/schema/typing.py, with
 * Optional: null is as if nothing was said, and keys that begin with "x-" are passed over). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/text.h"
#include "schema/contract.h"

#define KNOWN "contracts are evolve, freeze, discard_row and discard_value, for tables, columns and data_type"

static const struct naming limits = { .length_max = 65536, .folds = true };

/* A schema with the contract for table "t" and, if there is one, for the whole. */
static struct schema *schema_with(const char *of_table, const char *of_schema)
{
    struct text text = { 0 };
    struct schema *schema;

    text_printf(&text, "{\"engine_version\":11,\"name\":\"s\",\"tables\":{\"t\":{\"columns\":{},\"schema_contract\":%s}}", of_table);
    text_printf(&text, ",\"settings\":{\"schema_contract\":%s}}", of_schema);
    assert_int_equal(schema_read(&schema, text.text, text.length, &limits, NULL), SPILE_OK);
    text_release(&text);
    return schema;
}

static void stored_contracts_are_read(void **state)
{
    static const struct {
        const char *of_table, *of_schema, *set_by;
        enum contract_mode tables, columns, data_type;
    } cases[] = {
        { "null", "\"freeze\"", "the schema", CONTRACT_FREEZE, CONTRACT_FREEZE, CONTRACT_FREEZE },
        { "\"discard_row\"", "\"freeze\"", "t", CONTRACT_DISCARD_ROW, CONTRACT_DISCARD_ROW, CONTRACT_DISCARD_ROW },
        { "{\"columns\":\"discard_value\"}", "null", "t", CONTRACT_EVOLVE, CONTRACT_DISCARD_VALUE, CONTRACT_EVOLVE },
        { "{\"columns\":null,\"data_type\":\"freeze\",\"x-why\":1}", "null", "t", CONTRACT_EVOLVE, CONTRACT_EVOLVE, CONTRACT_FREEZE },
        { "null", "{\"tables\":\"evolve\"}", "the schema", CONTRACT_EVOLVE, CONTRACT_EVOLVE, CONTRACT_EVOLVE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct schema *schema = schema_with(cases[i].of_table, cases[i].of_schema);
        struct contract contract;

        assert_int_equal(contract_of(&contract, schema, schema_find_table(schema, "t"), NULL), SPILE_OK);
        assert_string_equal(contract.set_by, cases[i].set_by);
        assert_int_equal(contract.modes[CONTRACT_TABLES], cases[i].tables);
        assert_int_equal(contract.modes[CONTRACT_COLUMNS], cases[i].columns);
        assert_int_equal(contract.modes[CONTRACT_DATA_TYPE], cases[i].data_type);
        schema_free(schema);
    }
}

static void unknown_words_are_refused(void **state)
{
    static const struct {
        const char *of_table, *message, *hint;
    } cases[] = {
        { "\"freze\"", "schema contract of t: unknown word \"freze\"", "did you mean \"freeze\"? " KNOWN },
        { "{\"columns\":\"discard_rows\"}", "schema contract of t: unknown word \"discard_rows\"", "did you mean \"discard_row\"? " KNOWN },
        { "{\"colums\":\"freeze\"}", "schema contract of t: unknown entity \"colums\"", "did you mean \"columns\"? " KNOWN },
        { "\"never\"", "schema contract of t: unknown word \"never\"", KNOWN },
        { "[1]", "schema contract of t: unknown word \"\"", KNOWN },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct schema *schema = schema_with(cases[i].of_table, "null");
        struct spile_error err = { 0 };
        struct contract contract;

        assert_int_equal(contract_of(&contract, schema, schema_find_table(schema, "t"), &err), SPILE_CONFIG);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.hint, cases[i].hint);
        schema_free(schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_contracts_are_read),
        cmocka_unit_test(unknown_words_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
