/* Hints as people write them. The documents follow from the grammar in schema/hints.h; their members are dlt's (TColumnSchema). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/hints.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WRITTEN "columns are written NAME:TYPE, with what is needed of (PRECISION,SCALE) and :HINT, and commas between them: " \
                "\"id:bigint:not_null, price:decimal(10,2)\""
#define TYPES "types are text, double, bool, timestamp, bigint, binary, json, decimal, wei, date and time"
#define NUMBERS "decimal and wei have (digits, digits behind the point), at most 76; bigint its bits: 8, 16, 32, 64 or 128; timestamp and " \
                "time digits of the second: 0 to 9; text and binary a length"
#define HINTS "hints are not_null, null, naive, unique, sort, partition, cluster, primary_key, merge_key, row_key, hard_delete, dedup_sort=asc, " \
              "dedup_sort=desc, and any that begins with x-"

static const struct naming limits = { .length_max = 65536, .folds = true };

static void check_document(const struct hints *hints, const char *text, const char *want)
{
    char *got = yyjson_mut_val_write(hints->tables, 0, NULL);

    if (!got || strcmp(got, want))
        fail_msg("\"%s\": got %s, want %s", text, got ? got : "nothing", want);
    free(got);
}

static void check_error(const char *text, const struct spile_error *err, const char *message, const char *hint)
{
    if (err->status != SPILE_USAGE || strcmp(err->message, message) || strcmp(err->hint, hint))
        fail_msg("\"%s\": got %d \"%s\", hint \"%s\"; want \"%s\", hint \"%s\"", text, err->status, err->message, err->hint, message, hint);
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

/* Text, and the columns of table "t". */
static const struct {
    const char *text, *want;
} columns[] = {
    { "a:text", "\"a\":{\"data_type\":\"text\"}" },
    { "a:text(40)", "\"a\":{\"data_type\":\"text\",\"precision\":40}" },
    { "a:double", "\"a\":{\"data_type\":\"double\"}" },
    { "a:bool", "\"a\":{\"data_type\":\"bool\"}" },
    { "a:timestamp", "\"a\":{\"data_type\":\"timestamp\"}" },
    { "a:timestamp(0)", "\"a\":{\"data_type\":\"timestamp\",\"precision\":0}" },
    { "a:timestamp(9):naive", "\"a\":{\"data_type\":\"timestamp\",\"precision\":9,\"timezone\":false}" },
    { "a:bigint", "\"a\":{\"data_type\":\"bigint\"}" },
    { "a:bigint(8)", "\"a\":{\"data_type\":\"bigint\",\"precision\":8}" },
    { "a:bigint(128)", "\"a\":{\"data_type\":\"bigint\",\"precision\":128}" },
    { "a:binary(16)", "\"a\":{\"data_type\":\"binary\",\"precision\":16}" },
    { "a:complex", "\"a\":{\"data_type\":\"json\"}" }, /* its name in old schemas */
    { "a:json", "\"a\":{\"data_type\":\"json\"}" },
    { "a:decimal", "\"a\":{\"data_type\":\"decimal\"}" },
    { "a:decimal(10)", "\"a\":{\"data_type\":\"decimal\",\"precision\":10}" },
    { "a:decimal(10,2)", "\"a\":{\"data_type\":\"decimal\",\"precision\":10,\"scale\":2}" },
    { "a:decimal(1,0)", "\"a\":{\"data_type\":\"decimal\",\"precision\":1,\"scale\":0}" },
    { "a:decimal(76,76)", "\"a\":{\"data_type\":\"decimal\",\"precision\":76,\"scale\":76}" },
    { "a:wei(38,0)", "\"a\":{\"data_type\":\"wei\",\"precision\":38,\"scale\":0}" },
    { "a:date", "\"a\":{\"data_type\":\"date\"}" },
    { "a:time(3)", "\"a\":{\"data_type\":\"time\",\"precision\":3}" },
    { " a : decimal ( 10 , 2 ) : not_null ", "\"a\":{\"data_type\":\"decimal\",\"precision\":10,\"scale\":2,\"nullable\":false}" },
    { "a:", "\"a\":{}" },
    { "a::not_null", "\"a\":{\"nullable\":false}" },
    { "a::null", "\"a\":{\"nullable\":true}" },
    { "a::unique:sort:partition:cluster", "\"a\":{\"unique\":true,\"sort\":true,\"partition\":true,\"cluster\":true}" },
    { "a::row_key:hard_delete", "\"a\":{\"row_key\":true,\"hard_delete\":true}" },
    { "a::primary_key", "\"a\":{\"nullable\":false,\"primary_key\":true}" },
    { "a::merge_key", "\"a\":{\"nullable\":false,\"merge_key\":true}" },
    { "a::null:primary_key", "\"a\":{\"nullable\":true,\"primary_key\":true}" },
    { "a::primary_key:null", "\"a\":{\"nullable\":true,\"primary_key\":true}" },
    { "a::dedup_sort=asc", "\"a\":{\"dedup_sort\":\"asc\"}" },
    { "a::dedup_sort=desc", "\"a\":{\"dedup_sort\":\"desc\"}" },
    { "a::x-mine", "\"a\":{\"x-mine\":true}" },
    { "a::x-mine=", "\"a\":{\"x-mine\":\"\"}" },
    { "a::x-mine=some text=(1,2)", "\"a\":{\"x-mine\":\"some text=(1,2)\"}" },
    { "a:text,b:bool", "\"a\":{\"data_type\":\"text\"},\"b\":{\"data_type\":\"bool\"}" },
    { "a:decimal(5,1),b:decimal(6,2)", "\"a\":{\"data_type\":\"decimal\",\"precision\":5,\"scale\":1},"
                                       "\"b\":{\"data_type\":\"decimal\",\"precision\":6,\"scale\":2}" },
    { "a:text,a::unique", "\"a\":{\"data_type\":\"text\",\"unique\":true}" }, /* hints of one column join */
    { "Line Item:text", "\"Line Item\":{\"data_type\":\"text\"}" }, /* normalized later */
    { "\xC3\xBCml:text", "\"\xC3\xBCml\":{\"data_type\":\"text\"}" },
};

static void columns_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(columns); i++) {
        struct hints hints = { 0 };
        struct spile_error err = { 0 };
        char want[512];

        snprintf(want, sizeof(want), "{\"t\":{\"columns\":{%s}}}", columns[i].want);
        assert_true(hints_init(&hints));
        if (hints_add_columns(&hints, "t", columns[i].text, &err))
            fail_msg("\"%s\": %s", columns[i].text, err.message);
        check_document(&hints, columns[i].text, want);
        hints_release(&hints);
    }
}

/* Names with a dot belong to the table before it; without one to the table given, if there is one. */
static void columns_of_other_tables(void **state)
{
    static const struct {
        const char *table, *text, *want;
    } cases[] = {
        { "t", "u.a:text,b:bool", "{\"u\":{\"columns\":{\"a\":{\"data_type\":\"text\"}}},\"t\":{\"columns\":{\"b\":{\"data_type\":\"bool\"}}}}" },
        { NULL, "t__l.a:text,t__l.b::sort", "{\"t__l\":{\"columns\":{\"a\":{\"data_type\":\"text\"},\"b\":{\"sort\":true}}}}" },
        { "t", "x.y.a:text", "{\"x.y\":{\"columns\":{\"a\":{\"data_type\":\"text\"}}}}" },
        { "t", "My Table.A b:text", "{\"My Table\":{\"columns\":{\"A b\":{\"data_type\":\"text\"}}}}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hints hints = { 0 };

        assert_true(hints_init(&hints));
        assert_int_equal(hints_add_columns(&hints, cases[i].table, cases[i].text, NULL), SPILE_OK);
        check_document(&hints, cases[i].text, cases[i].want);
        hints_release(&hints);
    }
}

/* A type that is given again takes the place of the first one, digits and all. */
static void later_types_win(void **state)
{
    struct hints hints = { 0 };

    (void)state;
    assert_true(hints_init(&hints));
    assert_int_equal(hints_add_columns(&hints, "t", "a:decimal(10,2):sort", NULL), SPILE_OK);
    assert_int_equal(hints_add_columns(&hints, "t", "a:bigint", NULL), SPILE_OK);
    check_document(&hints, "a:bigint", "{\"t\":{\"columns\":{\"a\":{\"sort\":true,\"data_type\":\"bigint\"}}}}");
    hints_release(&hints);
}

static const struct {
    const char *text, *message, *hint;
} unreadable[] = {
    { "", "no type and no hint for column \"\"", WRITTEN },
    { "a", "no type and no hint for column \"a\"", WRITTEN },
    { "a,b:text", "no type and no hint for column \"a\"", WRITTEN },
    { "a:text,", "no type and no hint for column \"\"", WRITTEN },
    { "a:text,,b:text", "no type and no hint for column \"\"", WRITTEN },
    { "a=text", "no type and no hint for column \"a=text\"", WRITTEN },
    { ":text", "a column without a name in \"t\"", WRITTEN },
    { " :text", "a column without a name in \"t\"", WRITTEN },
    { "u.:text", "a column without a name in \"u.\"", WRITTEN },
    { ".a:text", "a column without a name in \".a\"", WRITTEN },
    { "a:varchar", "unknown data type \"varchar\"", "did you mean \"text\"?" },
    { "a:varchar(20)", "unknown data type \"varchar\"", "did you mean \"text\"?" },
    { "a:string", "unknown data type \"string\"", "did you mean \"text\"?" },
    { "a:int", "unknown data type \"int\"", "did you mean \"bigint\"?" },
    { "a:integer", "unknown data type \"integer\"", "did you mean \"bigint\"?" },
    { "a:float", "unknown data type \"float\"", "did you mean \"double\"?" },
    { "a:boolean", "unknown data type \"boolean\"", "did you mean \"bool\"?" },
    { "a:datetime", "unknown data type \"datetime\"", "did you mean \"timestamp\"?" },
    { "a:numeric(10,2)", "unknown data type \"numeric\"", "did you mean \"decimal\"?" },
    { "a:bytes", "unknown data type \"bytes\"", "did you mean \"binary\"?" },
    { "a:jsonb", "unknown data type \"jsonb\"", "did you mean \"json\"?" },
    { "a:VARCHAR", "unknown data type \"VARCHAR\"", "did you mean \"text\"?" },
    { "a:Text", "unknown data type \"Text\"", "did you mean \"text\"?" },
    { "a:bigin", "unknown data type \"bigin\"", "did you mean \"bigint\"?" },
    { "a:timestmap", "unknown data type \"timestmap\"", "did you mean \"timestamp\"?" },
    { "a:polygon", "unknown data type \"polygon\"", TYPES },
    { "a:(10)", "unknown data type \"\"", TYPES },
    { "a:not_null", "unknown data type \"not_null\"", TYPES },
    { "a:decimal(10,2", "can't read the type \"decimal(10,2\"", WRITTEN },
    { "a:decimal(10,2,b:text", "can't read the type \"decimal(10,2,b:text\"", WRITTEN },
    { "a:decimal10,2)", "unknown data type \"decimal10\"", "did you mean \"decimal\"?" },
    { "a:decimal(10,2)x", "can't read the type \"decimal(10,2)x\"", WRITTEN },
    { "a:decimal(10,2))", "can't read the type \"decimal(10,2))\"", WRITTEN },
    { "a:decimal()", "can't read the type \"decimal()\"", WRITTEN },
    { "a:decimal(10,)", "can't read the type \"decimal(10,)\"", WRITTEN },
    { "a:decimal(,2)", "can't read the type \"decimal(,2)\"", WRITTEN },
    { "a:decimal(1 0)", "can't read the type \"decimal(1 0)\"", WRITTEN },
    { "a:decimal(ten)", "can't read the type \"decimal(ten)\"", WRITTEN },
    { "a:decimal(-1)", "can't read the type \"decimal(-1)\"", WRITTEN },
    { "a:decimal(10,2,1)", "can't read the type \"decimal(10,2,1)\"", WRITTEN },
    { "a:decimal(99999999999999999999)", "can't read the type \"decimal(99999999999999999999)\"", WRITTEN },
    { "a:decimal(0)", "no precision or scale of that type: \"decimal(0)\"", NUMBERS },
    { "a:decimal(5,6)", "no precision or scale of that type: \"decimal(5,6)\"", NUMBERS },
    { "a:decimal(77)", "no precision or scale of that type: \"decimal(77)\"", NUMBERS },
    { "a:wei(77,0)", "no precision or scale of that type: \"wei(77,0)\"", NUMBERS },
    { "a:bigint(7)", "no precision or scale of that type: \"bigint(7)\"", NUMBERS },
    { "a:bigint(64,0)", "no precision or scale of that type: \"bigint(64,0)\"", NUMBERS },
    { "a:timestamp(10)", "no precision or scale of that type: \"timestamp(10)\"", NUMBERS },
    { "a:time(3,1)", "no precision or scale of that type: \"time(3,1)\"", NUMBERS },
    { "a:text(0)", "no precision or scale of that type: \"text(0)\"", NUMBERS },
    { "a:bool(1)", "no precision or scale of that type: \"bool(1)\"", NUMBERS },
    { "a:date(1)", "no precision or scale of that type: \"date(1)\"", NUMBERS },
    { "a:double(5)", "no precision or scale of that type: \"double(5)\"", NUMBERS },
    { "a:json(5)", "no precision or scale of that type: \"json(5)\"", NUMBERS },
    { "a::", "unknown hint \"\" of a column", HINTS },
    { "a::notnull", "unknown hint \"notnull\" of a column", HINTS },
    { "a:text:uniq", "unknown hint \"uniq\" of a column", HINTS },
    { "a:text:NOT_NULL", "unknown hint \"NOT_NULL\" of a column", HINTS },
    { "a:text:unique=true", "unknown hint \"unique=true\" of a column", HINTS },
    { "a:text:dedup_sort", "unknown hint \"dedup_sort\" of a column", HINTS },
    { "a:text:dedup_sort=up", "unknown hint \"dedup_sort=up\" of a column", HINTS },
    { "a:text:x-", "unknown hint \"x-\" of a column", HINTS },
    { "a:text:unique:", "unknown hint \"\" of a column", HINTS },
};

static void unreadable_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unreadable); i++) {
        struct hints hints = { 0 };
        struct spile_error err = { 0 };

        assert_true(hints_init(&hints));
        assert_int_equal(hints_add_columns(&hints, "t", unreadable[i].text, &err), SPILE_USAGE);
        check_error(unreadable[i].text, &err, unreadable[i].message, unreadable[i].hint);
        assert_int_equal(hints_add_columns(&hints, "t", unreadable[i].text, NULL), SPILE_USAGE);
        hints_release(&hints);
    }
}

/* The place is the column; without a table of its own it must name one. */
static void places_of_errors(void **state)
{
    struct hints hints = { 0 };
    struct spile_error err = { 0 };

    (void)state;
    assert_true(hints_init(&hints));
    assert_int_equal(hints_add_columns(&hints, "t", "a:text, b : txet, c:text", &err), SPILE_USAGE);
    assert_string_equal(err.where, "column hint \"b : txet\"");
    err = (struct spile_error){ 0 };
    assert_int_equal(hints_add_columns(&hints, NULL, "a:text", &err), SPILE_USAGE);
    check_error("a:text", &err, "several tables are loaded; which one has column \"a\"", "write TABLE.COLUMN");
    hints_release(&hints);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------------------- */

static void keys_are_read(void **state)
{
    static const struct {
        const char *names, *property, *want;
    } cases[] = {
        { "id", "primary_key", "{\"t\":{\"columns\":{\"id\":{\"nullable\":false,\"primary_key\":true}}}}" },
        { " a , B c ", "merge_key", "{\"t\":{\"columns\":{\"a\":{\"nullable\":false,\"merge_key\":true},"
                                    "\"B c\":{\"nullable\":false,\"merge_key\":true}}}}" },
        { "", "primary_key", NULL },
        { "a,", "primary_key", NULL },
        { ",a", "merge_key", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hints hints = { 0 };
        struct spile_error err = { 0 };
        enum spile_status status;

        assert_true(hints_init(&hints));
        status = hints_add_key(&hints, "t", cases[i].names, cases[i].property, &err);
        if (cases[i].want)
            check_document(&hints, cases[i].names, cases[i].want);
        else
            check_error(cases[i].names, &err, "a column without a name in \"\"", WRITTEN);
        assert_int_equal(status, cases[i].want ? SPILE_OK : SPILE_USAGE);
        hints_release(&hints);
    }
}

/* ---- parents -------------------------------------------------------------------------------------------------------------------- */

/* Tables of the schema: orders, with orders__items in it (resource "Orders"). Loaded: orders, and new_one of resource "New One". */
static void parents_are_found(void **state)
{
    static const char stored[] = "{\"engine_version\":11,\"name\":\"s\",\"tables\":{\"orders\":{\"columns\":{},\"resource\":\"Orders\"},"
                                 "\"orders__items\":{\"columns\":{},\"parent\":\"orders\"}},\"settings\":{}}";
    static const struct hint_root roots[] = { { "orders", "Orders" }, { "new_one", "New One" } };
    static const struct {
        const char *columns, *want;
    } cases[] = {
        { "Orders.a::sort", "{\"Orders\":{\"columns\":{\"a\":{\"sort\":true}}}}" },
        { "orders__items.a::sort", "{\"orders__items\":{\"columns\":{\"a\":{\"sort\":true}}}}" },
        { "new_one.a::sort", "{\"new_one\":{\"columns\":{\"a\":{\"sort\":true}}}}" },
        { "orders__x.a::sort", "{\"orders__x\":{\"columns\":{\"a\":{\"sort\":true}},\"parent\":\"orders\"}}" },
        { "orders__items__tags.a::sort", "{\"orders__items__tags\":{\"columns\":{\"a\":{\"sort\":true}},\"parent\":\"orders__items\"}}" },
        { "New One__list.a::sort", "{\"New One__list\":{\"columns\":{\"a\":{\"sort\":true}},\"parent\":\"new_one\"}}" },
        /* with a key of its own it is a root table, filled by its parent's resource */
        { "orders__items__tags.a::primary_key",
          "{\"orders__items__tags\":{\"columns\":{\"a\":{\"nullable\":false,\"primary_key\":true}},\"resource\":\"Orders\"}}" },
        { "new_one__l.a::merge_key", "{\"new_one__l\":{\"columns\":{\"a\":{\"nullable\":false,\"merge_key\":true}},\"resource\":\"New One\"}}" },
        /* a table with hints may be the parent of another one */
        { "new_one__l__m.a::sort,new_one__l.b::sort",
          "{\"new_one__l__m\":{\"columns\":{\"a\":{\"sort\":true}},\"parent\":\"new_one__l\"},"
          "\"new_one__l\":{\"columns\":{\"b\":{\"sort\":true}},\"parent\":\"new_one\"}}" },
        { "new_one__l.b::primary_key,new_one__l__m.a::merge_key",
          "{\"new_one__l\":{\"columns\":{\"b\":{\"nullable\":false,\"primary_key\":true}},\"resource\":\"New One\"},"
          "\"new_one__l__m\":{\"columns\":{\"a\":{\"nullable\":false,\"merge_key\":true}},\"resource\":\"New One\"}}" },
        { "order.a::sort", NULL },
        { "ordersx.a::sort", NULL },
        { "orders_x.a::sort", NULL },
        { "items.a::sort", NULL },
    };
    struct schema *schema;

    (void)state;
    assert_int_equal(schema_read(&schema, stored, strlen(stored), &limits, NULL), SPILE_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hints hints = { 0 };
        struct spile_error err = { 0 };
        char message[128];

        assert_true(hints_init(&hints));
        assert_int_equal(hints_add_columns(&hints, NULL, cases[i].columns, NULL), SPILE_OK);
        assert_int_equal(hints_find_parents(&hints, schema, roots, COUNT(roots), &err), cases[i].want ? SPILE_OK : SPILE_USAGE);
        snprintf(message, sizeof(message), "a hint for table \"%.*s\", which is neither loaded nor nested in one that is",
                 (int)strcspn(cases[i].columns, "."), cases[i].columns);
        if (cases[i].want)
            check_document(&hints, cases[i].columns, cases[i].want);
        else
            check_error(cases[i].columns, &err, message, "name a table of this load, or one below it: orders__items");
        hints_release(&hints);
    }
    schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_read),   cmocka_unit_test(columns_of_other_tables), cmocka_unit_test(later_types_win),
        cmocka_unit_test(unreadable_columns), cmocka_unit_test(places_of_errors),        cmocka_unit_test(keys_are_read),
        cmocka_unit_test(parents_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
