/* The arena: blocks that double in size, pieces cut off the newest one. A piece larger than a block gets a block of its own, put
 * behind the newest so that the rest of that one is still used. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN 16
#define ARENA_FIRST_BYTES ((size_t)4096)
#define ARENA_LAST_BYTES ((size_t)1 << 20)

struct arena_block {
    struct arena_block *next;
    size_t used, capacity;
    alignas(ARENA_ALIGN) unsigned char bytes[];
};

static struct arena_block *block_new(size_t capacity)
{
    struct arena_block *block = NULL;

    if (capacity <= SIZE_MAX - sizeof(*block))
        block = malloc(sizeof(*block) + capacity);
    if (block)
        *block = (struct arena_block){ .capacity = capacity };
    return block;
}

#ifdef SPILE_ARENA_MALLOC

void *arena_alloc(struct arena *arena, size_t bytes)
{
    struct arena_block *block = block_new(bytes);

    if (!block)
        return NULL;
    block->next = arena->blocks;
    arena->blocks = block;
    return block->bytes;
}

#else

/* A block with room for `bytes`, linked into the arena. */
static struct arena_block *block_for(struct arena *arena, size_t bytes)
{
    size_t capacity = arena->block_bytes ? arena->block_bytes : ARENA_FIRST_BYTES;
    struct arena_block *block = block_new(bytes > capacity ? bytes : capacity);

    if (!block)
        return NULL;
    if (bytes > capacity && arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
        return block;
    }
    block->next = arena->blocks;
    arena->blocks = block;
    if (capacity < ARENA_LAST_BYTES)
        arena->block_bytes = capacity * 2;
    return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    struct arena_block *block = arena->blocks;
    void *piece;

    if (bytes > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    bytes = bytes ? (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1) : ARENA_ALIGN;
    if (!block || block->capacity - block->used < bytes)
        block = block_for(arena, bytes);
    if (!block)
        return NULL;
    piece = block->bytes + block->used;
    block->used += bytes;
    return piece;
}

#endif

void *arena_zalloc(struct arena *arena, size_t bytes)
{
    void *piece = arena_alloc(arena, bytes);

    return piece ? memset(piece, 0, bytes) : NULL;
}

char *arena_copy(struct arena *arena, const void *text, size_t length)
{
    char *copy = length < SIZE_MAX ? arena_alloc(arena, length + 1) : NULL;

    if (!copy)
        return NULL;
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

bool arena_copy_text(struct arena *arena, const char **text)
{
    return !*text || (*text = arena_copy(arena, *text, strlen(*text)));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);
    if (!text)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

#ifdef SPILE_ARENA_MALLOC

void arena_reset(struct arena *arena)
{
    arena_release(arena);
}

#else

/* The newest block of usual size is the largest of them; an outsized one may be newest only when it is alone. */
void arena_reset(struct arena *arena)
{
    struct arena_block *kept = arena->blocks;
    size_t block_bytes = arena->block_bytes;

    if (!kept || kept->capacity > ARENA_LAST_BYTES) {
        arena_release(arena);
        return;
    }
    arena->blocks = kept->next;
    arena_release(arena);
    kept->next = NULL;
    kept->used = 0;
    *arena = (struct arena){ kept, block_bytes };
}

#endif

/* Behind the newest block, whose rest is still used. */
void arena_adopt(struct arena *arena, struct arena *from)
{
    struct arena_block **end = arena->blocks ? &arena->blocks->next : &arena->blocks, *behind = *end;

    *end = from->blocks;
    while (*end)
        end = &(*end)->next;
    *end = behind;
    *from = (struct arena){ 0 };
}

void arena_release(struct arena *arena)
{
    struct arena_block *next;

    for (struct arena_block *block = arena->blocks; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct arena){ 0 };
}
