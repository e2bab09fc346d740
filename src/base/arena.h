/* An arena: many small allocations that die together. Not thread-safe. Built with SPILE_ARENA_MALLOC each piece is a malloc of its
 * own, so that the address sanitizer sees its bounds. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t block_bytes;         /* size of the next block; 0: a default */
};

/* 16-byte aligned, not zeroed; NULL when memory is out. A zero size gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_zalloc(struct arena *arena, size_t bytes);

/* Copies, with a terminator added. */
char *arena_copy(struct arena *arena, const void *text, size_t length);

/* The same of a terminated text, which its copy takes the place of. NULL stays. False: out of memory. */
bool arena_copy_text(struct arena *arena, const char **text);

char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Everything that `from` has given out lives in `arena` from now on; `from` is empty. */
void arena_adopt(struct arena *arena, struct arena *from);

/* Frees everything; the arena is empty and usable again. */
void arena_release(struct arena *arena);

/* The same, but keeps a block for what comes next. */
void arena_reset(struct arena *arena);

#endif
