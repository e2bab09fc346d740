/* Batches cut at any row and joined again are what they were. Expected values: the rule that the rows were made by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "data/gather.h"

enum { TEXT, NUMBER, TRUTH, DECIMAL, SPARSE, ABSENT, COLUMNS };

static const enum data_type types[COLUMNS] = { TYPE_TEXT, TYPE_BIGINT, TYPE_BOOL, TYPE_DECIMAL, TYPE_BIGINT, TYPE_TEXT };

static size_t text_of(uint32_t row, char text[32])
{
    return (size_t)snprintf(text, 32, "%.*s%u", (int)(row % 7), "padding", row);
}

static void begin(struct gather *gather)
{
    assert_true(gather_init(gather, COLUMNS));
    for (int i = 0; i < COLUMNS; i++)
        gather->columns[i].type = (struct column_type){ .type = types[i], .precision = -1, .scale = -1, .timezone = true };
}

/* Every fifth text, every third truth and most of the sparse ones are null; the last column is empty. */
static void make_rows(struct ArrowArray *out, uint32_t rows)
{
    struct gather gather;
    char text[32];

    begin(&gather);
    for (uint32_t i = 0; i < rows; i++) {
        assert_true(i % 5 == 4 || column_put_text(&gather.columns[TEXT], i, text, text_of(i, text)));
        assert_true(column_put_i64(&gather.columns[NUMBER], i, -(int64_t)i));
        assert_true(i % 3 == 2 || column_put_bool(&gather.columns[TRUTH], i, i % 2));
        assert_true(column_put_i128(&gather.columns[DECIMAL], i, (int128)i << 70));
        assert_true(i % 11 != 0 || column_put_i64(&gather.columns[SPARSE], i, i));
    }
    for (int i = 0; i < COLUMNS; i++)
        assert_true(column_pad(&gather.columns[i], rows));
    gather.rows = rows;
    assert_true(gather_take(&gather, out));
    gather_release(&gather);
}

static bool bit(const void *bits, uint32_t row)
{
    return ((const uint8_t *)bits)[row / 8] >> (row % 8) & 1;
}

static bool is_null(const struct ArrowArray *column, uint32_t row)
{
    return column->buffers[0] && !bit(column->buffers[0], row);
}

static void check_row(const struct ArrowArray *batch, uint32_t row, uint32_t made)
{
    const struct ArrowArray *const *columns = (const struct ArrowArray *const *)batch->children;
    const int32_t *offsets = columns[TEXT]->buffers[1];
    char text[32];
    int128 decimal;

    assert_int_equal(is_null(columns[TEXT], row), made % 5 == 4);
    if (made % 5 != 4) {
        size_t length = text_of(made, text);

        assert_int_equal(offsets[row + 1] - offsets[row], length);
        assert_memory_equal((const char *)columns[TEXT]->buffers[2] + offsets[row], text, length);
    }
    assert_int_equal(((const int64_t *)columns[NUMBER]->buffers[1])[row], -(int64_t)made);
    assert_int_equal(is_null(columns[TRUTH], row), made % 3 == 2);
    if (made % 3 != 2)
        assert_int_equal(bit(columns[TRUTH]->buffers[1], row), made % 2);
    memcpy(&decimal, (const int128 *)columns[DECIMAL]->buffers[1] + row, sizeof(decimal));
    assert_true(decimal == (int128)made << 70);
    assert_int_equal(is_null(columns[SPARSE], row), made % 11 != 0);
    assert_true(is_null(columns[ABSENT], row));
}

static uint32_t count_nulls(const struct ArrowArray *column)
{
    uint32_t nulls = 0;

    for (uint32_t row = 0; row < column->length; row++)
        nulls += is_null(column, row);
    return nulls;
}

/* Takes rows of two batches in pieces of `step`, cuts the result every `size` rows. */
static void rows_are_kept(uint32_t step, uint32_t size)
{
    static const int64_t all[COLUMNS] = { TEXT, NUMBER, TRUTH, DECIMAL, SPARSE, -1 };
    const uint32_t rows = 203;
    struct ArrowArray batch, piece;
    struct gather gather;
    uint32_t seen = 0;

    begin(&gather);
    make_rows(&batch, rows);
    for (uint32_t added = 0; added < 2 * rows || gather.rows;) {
        uint32_t from = added % rows, left = added < 2 * rows ? rows - from : 0, room = size - gather.rows;
        uint32_t take = left < step ? left : step;

        take = take < room ? take : room;
        assert_true(gather_add(&gather, &batch, from, take, all));
        added += take;
        if (gather.rows < size && added < 2 * rows)
            continue;
        assert_true(gather_take(&gather, &piece));
        for (uint32_t row = 0; row < piece.length; row++, seen++)
            check_row(&piece, row, seen % rows);
        for (int i = 0; i < COLUMNS; i++)
            assert_int_equal(piece.children[i]->null_count, count_nulls(piece.children[i]));
        piece.release(&piece);
    }
    assert_int_equal(seen, 2 * rows);
    batch.release(&batch);
    gather_release(&gather);
}

static void any_cut_keeps_the_rows(void **state)
{
    static const uint32_t steps[] = { 1, 7, 8, 9, 64, 203 }, sizes[] = { 1, 5, 8, 13, 100, 1000 };

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
        for (size_t j = 0; j < sizeof(sizes) / sizeof(*sizes); j++)
            rows_are_kept(steps[i], sizes[j]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(any_cut_keeps_the_rows) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
