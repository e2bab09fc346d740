/* Where a setting is looked for. Expected values: the order in which dlt 1.31 looks (reference/extract.md, 8.2), its names in capitals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

static const char *const sections[] = { "destination.postgres", "destination", "", NULL };

static const char *const in_order[] = {
    "H5__DESTINATION__POSTGRES__CREDENTIALS__HOST", "H5__DESTINATION__CREDENTIALS__HOST", "H5__CREDENTIALS__HOST",
    "DESTINATION__POSTGRES__CREDENTIALS__HOST",     "DESTINATION__CREDENTIALS__HOST",     "CREDENTIALS__HOST",
};

#define COUNT (sizeof(in_order) / sizeof(*in_order))

static void set_all(const char *text)
{
    for (size_t i = 0; i < COUNT; i++)
        setenv(in_order[i], text ? text : in_order[i], 1);
}

static void clear(void)
{
    for (size_t i = 0; i < COUNT; i++)
        unsetenv(in_order[i]);
}

static void test_order(void **state)
{
    const struct config_key key = { "h5", sections, "credentials.host" };
    struct config_value value;
    size_t place = 0;

    (void)state;
    set_all(NULL);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(config_next(&key, &place, &value));
        assert_string_equal(value.text, in_order[i]);
        assert_string_equal(value.name, in_order[i]);
        assert_int_equal(value.section, i % 3);
    }
    assert_false(config_next(&key, &place, &value));
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(config_find(&key), in_order[i]);
        unsetenv(in_order[i]);
    }
    assert_null(config_find(&key));
}

static void test_without_a_pipeline(void **state)
{
    (void)state;
    set_all(NULL);
    assert_string_equal(config_find(&(struct config_key){ NULL, sections, "credentials.host" }), "DESTINATION__POSTGRES__CREDENTIALS__HOST");
    assert_string_equal(config_find(&(struct config_key){ "other", sections, "credentials.host" }), "DESTINATION__POSTGRES__CREDENTIALS__HOST");
    clear();
}

static void test_empty_is_not_set(void **state)
{
    const struct config_key key = { "h5", sections, "credentials.host" };

    (void)state;
    set_all("");
    assert_null(config_find(&key));
    setenv("CREDENTIALS__HOST", "h", 1);
    assert_string_equal(config_find(&key), "h");
    clear();
}

/* A name that fits to its last byte, and one that does not: the variable of the shortened name is another's. */
static void test_names_as_long_as_can_be(void **state)
{
    static const char *const none[] = { "", NULL };
    char name[CONFIG_NAME_SIZE + 1];

    (void)state;
    memset(name, 'A', sizeof(name));
    name[CONFIG_NAME_SIZE - 1] = 0;
    setenv(name, "it", 1);
    assert_string_equal(config_find(&(struct config_key){ NULL, none, name }), "it");
    name[CONFIG_NAME_SIZE - 1] = 'A';
    name[CONFIG_NAME_SIZE] = 0;
    assert_null(config_find(&(struct config_key){ NULL, none, name }));
    assert_null(config_find(&(struct config_key){ name, none, "a.b" }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_without_a_pipeline),
        cmocka_unit_test(test_empty_is_not_set),
        cmocka_unit_test(test_names_as_long_as_can_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
