/* Which tables' rows are handed over when so many rows of a package are: tables are loaded one after another, in its order. Expected values: sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/run.h"

#define TABLES 4

static struct table names[TABLES] = { { .name = "a" }, { .name = "b" }, { .name = "c" }, { .name = "d" } };
static const uint64_t sizes[TABLES] = { 10, 0, 5, 7 };

static void check(uint64_t rows, const uint64_t want[TABLES])
{
    struct package_table entries[TABLES] = { 0 }, *list[TABLES];
    struct package package = { .tables = list, .table_count = TABLES };
    struct tally tally = { 0 };

    for (int i = 0; i < TABLES; i++) {
        entries[i] = (struct package_table){ .table = &names[i], .rows = sizes[i] };
        list[i] = &entries[i];
    }
    assert_int_equal(tally_loaded(&tally, &package, rows), TABLES);
    for (int i = 0; i < TABLES; i++) {
        assert_string_equal(tally.told[i].name, names[i].name);
        assert_int_equal(tally.told[i].rows, want[i]);
        assert_int_equal(tally.told[i].rows_total, sizes[i]);
    }
    tally_release(&tally);
}

static void test_rows_go_to_the_first_tables(void **state)
{
    (void)state;
    check(0, (const uint64_t[]){ 0, 0, 0, 0 });
    check(9, (const uint64_t[]){ 9, 0, 0, 0 });
    check(10, (const uint64_t[]){ 10, 0, 0, 0 });
    check(12, (const uint64_t[]){ 10, 0, 2, 0 });
    check(15, (const uint64_t[]){ 10, 0, 5, 0 });
    check(22, (const uint64_t[]){ 10, 0, 5, 7 });
}

static void test_no_tables(void **state)
{
    struct tally tally = { 0 };

    (void)state;
    assert_int_equal(tally_loaded(&tally, &(const struct package){ 0 }, 0), 0);
    tally_release(&tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_go_to_the_first_tables),
        cmocka_unit_test(test_no_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
