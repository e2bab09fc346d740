/* Pieces keep what was written into them, are aligned, and die together (the sanitizer's leak check sees to the last). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

#define PIECES 2000

/* Sizes from 0 to 5000 bytes, now and then larger than any block. */
static size_t piece_bytes(size_t i)
{
    return i % 500 == 499 ? (size_t)3 << 20 : i * 7919 % 5001;
}

static void pieces_do_not_overlap(void **state)
{
    static unsigned char *pieces[PIECES];
    struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(&arena, piece_bytes(i));
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)(i % 251), piece_bytes(i));
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t at = 0; at < piece_bytes(i); at++) {
            if (pieces[i][at] != i % 251)
                fail_msg("piece %zu of %zu bytes was overwritten at %zu", i, piece_bytes(i), at);
        }
    }
    arena_release(&arena);
}

static void zeroed_even_after_use(void **state)
{
    struct arena arena = { .block_bytes = 64 };
    unsigned char *piece;

    (void)state;
    for (int round = 0; round < 100; round++) {
        piece = arena_zalloc(&arena, 40);
        assert_non_null(piece);
        for (int i = 0; i < 40; i++)
            assert_int_equal(piece[i], 0);
        memset(piece, 0xFF, 40);
        if (round % 10 == 9)
            arena_release(&arena);
    }
    arena_release(&arena);
}

static void copies_are_terminated(void **state)
{
    struct arena arena = { 0 };
    char orders[] = "orders";
    const char *text = orders, *none = NULL;

    (void)state;
    assert_string_equal(arena_copy(&arena, "orders and more", 6), "orders");
    assert_string_equal(arena_copy(&arena, NULL, 0), "");
    assert_true(arena_copy_text(&arena, &text) && arena_copy_text(&arena, &none));
    orders[0] = 'x';
    assert_string_equal(text, "orders");
    assert_null(none);
    assert_string_equal(arena_printf(&arena, "%s__%d", "orders", 12), "orders__12");
    assert_string_equal(arena_printf(&arena, "%s", ""), "");
    arena_release(&arena);
    assert_null(arena.blocks);
    arena_release(&arena);
}

static void impossible_sizes_fail(void **state)
{
    struct arena arena = { 0 };

    (void)state;
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 20));
    assert_null(arena_zalloc(&arena, SIZE_MAX - 20));
    assert_null(arena_copy(&arena, "", SIZE_MAX));
    assert_non_null(arena_alloc(&arena, 1));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_overlap),
        cmocka_unit_test(zeroed_even_after_use),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(impossible_sizes_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
