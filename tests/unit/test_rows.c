/* Rows of Arrow batches: what no IPC file can bring (views of texts, arrays that are not valid), choices among rows, and what a column takes as it is. The
 * types that IPC files bring are compared with dlt in tests/conformance/test_arrow.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "data/documents.h"
#include "data/json.h"
#include "data/rows.h"

#define LONG_TEXT "a text of more than twelve bytes"

/* A batch of one column "c", to be filled. */
static void begin(struct ArrowSchema *schema, struct ArrowArray *array, enum ArrowType type)
{
    ArrowSchemaInit(schema);
    assert_int_equal(ArrowSchemaSetTypeStruct(schema, 1), 0);
    if (type == NANOARROW_TYPE_FIXED_SIZE_BINARY)
        assert_int_equal(ArrowSchemaSetTypeFixedSize(schema->children[0], type, 3), 0);
    else
        assert_int_equal(ArrowSchemaSetType(schema->children[0], type), 0);
    assert_int_equal(ArrowSchemaSetName(schema->children[0], "c"), 0);
    assert_int_equal(ArrowArrayInitFromSchema(array, schema, NULL), 0);
    assert_int_equal(ArrowArrayStartAppending(array), 0);
}

static struct rows *finish(struct ArrowSchema *schema, struct ArrowArray *array, int64_t rows)
{
    struct spile_error err = { 0 };
    struct ArrowError arrow;
    struct rows *made;

    array->length = rows;
    if (ArrowArrayFinishBuildingDefault(array, &arrow))
        fail_msg("%s", arrow.message);
    if (rows_new(&made, schema, array, &err))
        fail_msg("%s", err.message);
    ArrowSchemaRelease(schema);
    return made;
}

static void append(struct ArrowArray *array, enum ArrowType type, const char *text)
{
    struct ArrowBufferView bytes = { .data.as_char = text, .size_bytes = (int64_t)strlen(text) };
    bool is_text = type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING || type == NANOARROW_TYPE_STRING_VIEW;

    assert_int_equal(is_text ? ArrowArrayAppendString(array, ArrowCharView(text)) : ArrowArrayAppendBytes(array, bytes), 0);
}

/* Texts, one of them null, in a column of that type. */
static struct rows *texts(enum ArrowType type)
{
    struct ArrowSchema schema;
    struct ArrowArray array;

    begin(&schema, &array, type);
    append(array.children[0], type, "abc");
    ArrowArrayAppendNull(array.children[0], 1);
    append(array.children[0], type, type == NANOARROW_TYPE_FIXED_SIZE_BINARY ? "xyz" : LONG_TEXT);
    return finish(&schema, &array, 3);
}

static void assert_rows(const struct rows *rows, const char *want)
{
    struct documents documents = { 0 };
    struct text json = { 0 };
    struct spile_error err = { 0 };

    assert_int_equal(rows_to_documents(rows, NULL, &documents, &err), SPILE_OK);
    for (size_t i = 0; i < documents.count; i++)
        json_write(&json, documents.items[i]);
    text_putc(&json, '\0');
    assert_string_equal(json.text, want);
    text_release(&json);
    documents_release(&documents);
}

static void texts_of_all_kinds(void **state)
{
    static const struct {
        enum ArrowType arrow;
        enum data_type type;
        const char *json;
    } cases[] = {
        { NANOARROW_TYPE_STRING, TYPE_TEXT, "{\"c\":\"abc\"}{\"c\":null}{\"c\":\"" LONG_TEXT "\"}" },
        { NANOARROW_TYPE_LARGE_STRING, TYPE_TEXT, "{\"c\":\"abc\"}{\"c\":null}{\"c\":\"" LONG_TEXT "\"}" },
        { NANOARROW_TYPE_STRING_VIEW, TYPE_TEXT, "{\"c\":\"abc\"}{\"c\":null}{\"c\":\"" LONG_TEXT "\"}" },
        { NANOARROW_TYPE_BINARY_VIEW, TYPE_BINARY, "{\"c\":\"YWJj\"}{\"c\":null}{\"c\":\"YSB0ZXh0IG9mIG1vcmUgdGhhbiB0d2VsdmUgYnl0ZXM=\"}" },
        { NANOARROW_TYPE_FIXED_SIZE_BINARY, TYPE_BINARY, "{\"c\":\"YWJj\"}{\"c\":null}{\"c\":\"eHl6\"}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rows *rows = texts(cases[i].arrow);
        struct column_type type = rows_column_type(rows, 0);
        struct column_builder column = { .type = type };
        struct spile_error err = { 0 };

        assert_int_equal(type.type, cases[i].type);
        assert_rows(rows, cases[i].json);
        assert_true(rows_fit(rows, 0, &type));
        assert_int_equal(rows_put(rows, 0, 0, 3, &column, 0, &err), SPILE_OK);
        assert_int_equal(column.length, 3);
        assert_int_equal(column.valid[0] + column.valid[2], 2);
        assert_int_equal(column.valid[1], 0);
        assert_memory_equal(column.heap, "abc", 3);
        column_release(&column);
        rows_free(rows);
    }
}

static struct rows *integers(enum ArrowType type, int count)
{
    struct ArrowSchema schema;
    struct ArrowArray array;

    begin(&schema, &array, type);
    for (int i = 0; i < count; i++)
        ArrowArrayAppendInt(array.children[0], i);
    return finish(&schema, &array, count);
}

static void choices_add_up(void **state)
{
    struct rows *rows = integers(NANOARROW_TYPE_INT64, 6);

    (void)state;
    assert_true(rows_choose(rows, (const bool[]){ false, true, true, false, true, true }));
    assert_rows(rows, "{\"c\":1}{\"c\":2}{\"c\":4}{\"c\":5}");
    assert_true(rows_choose(rows, (const bool[]){ true, false, false, true }));
    assert_rows(rows, "{\"c\":1}{\"c\":5}");
    assert_true(rows_choose(rows, (const bool[]){ false, false }));
    assert_rows(rows, "");
    rows_free(rows);
}

/* An integer fits as it is where all values of its type have room. */
static void integers_fit_where_there_is_room(void **state)
{
    static const struct {
        enum ArrowType arrow;
        int precision; /* that its own column gets */
        int least;     /* bits of a column that takes it as it is; 0: each value has to be looked at */
    } cases[] = {
        { NANOARROW_TYPE_INT8, 8, 8 },    { NANOARROW_TYPE_UINT8, 16, 16 }, { NANOARROW_TYPE_INT16, 16, 16 }, { NANOARROW_TYPE_UINT16, 32, 32 },
        { NANOARROW_TYPE_INT32, 32, 32 }, { NANOARROW_TYPE_UINT32, -1, 64 }, { NANOARROW_TYPE_INT64, -1, 64 }, { NANOARROW_TYPE_UINT64, -1, 0 },
    };
    static const int precisions[] = { 8, 16, 32, -1 };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct rows *rows = integers(cases[i].arrow, 1);

        assert_int_equal(rows_column_type(rows, 0).precision, cases[i].precision);
        for (size_t j = 0; j < sizeof(precisions) / sizeof(*precisions); j++) {
            struct column_type column = { TYPE_BIGINT, precisions[j], -1, true };
            int bits = precisions[j] < 0 ? 64 : precisions[j];

            assert_int_equal(rows_fit(rows, 0, &column), cases[i].least && cases[i].least <= bits);
        }
        rows_free(rows);
    }
}

/* Offsets that lie. */
static void arrays_that_are_not_valid(void **state)
{
    static const int32_t bad[][4] = { { 0, 3, 2, 3 }, { -1, 0, 1, 2 }, { 0, 1, 2, -1 } };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct spile_error err = { 0 };
        struct ArrowSchema schema;
        struct ArrowArray array;
        struct rows *rows;

        begin(&schema, &array, NANOARROW_TYPE_STRING);
        for (int j = 0; j < 3; j++)
            ArrowArrayAppendString(array.children[0], ArrowCharView("x"));
        array.length = 3;
        assert_int_equal(ArrowArrayFinishBuildingDefault(&array, NULL), 0);
        memcpy(ArrowArrayBuffer(array.children[0], 1)->data, bad[i], sizeof(bad[i]));
        assert_int_equal(rows_new(&rows, &schema, &array, &err), SPILE_SOURCE);
        assert_null(rows);
        assert_null(array.release); /* taken over all the same */
        assert_non_null(strstr(err.message, "not valid"));
        ArrowSchemaRelease(&schema);
    }
}

static void indexes_that_are_not_in_their_dictionary(void **state)
{
    struct spile_error err = { 0 };
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct rows *rows;

    (void)state;
    ArrowSchemaInit(&schema);
    ArrowSchemaSetTypeStruct(&schema, 1);
    ArrowSchemaSetType(schema.children[0], NANOARROW_TYPE_INT32);
    ArrowSchemaSetName(schema.children[0], "c");
    ArrowSchemaAllocateDictionary(schema.children[0]);
    ArrowSchemaInitFromType(schema.children[0]->dictionary, NANOARROW_TYPE_STRING);
    assert_int_equal(ArrowArrayInitFromSchema(&array, &schema, NULL), 0);
    ArrowArrayStartAppending(&array);
    ArrowArrayAppendString(array.children[0]->dictionary, ArrowCharView("only"));
    ArrowArrayAppendInt(array.children[0], 0);
    ArrowArrayAppendInt(array.children[0], 1);
    array.length = 2;
    assert_int_equal(ArrowArrayFinishBuildingDefault(&array, NULL), 0);
    assert_int_equal(rows_new(&rows, &schema, &array, &err), SPILE_SOURCE);
    assert_non_null(strstr(err.message, "dictionary"));
    ArrowSchemaRelease(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_all_kinds),
        cmocka_unit_test(choices_add_up),
        cmocka_unit_test(integers_fit_where_there_is_room),
        cmocka_unit_test(arrays_that_are_not_valid),
        cmocka_unit_test(indexes_that_are_not_in_their_dictionary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
