#include "data/arrow_memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN ((size_t)16) /* also the room for a piece's size before it */
#define RESERVE_BYTES ((size_t)64 << 10)
#define COLUMN_BYTES ((size_t)4 << 10)

/* NULL but during a call of nanoarrow. */
static _Thread_local struct arrow_reserve *current;

bool arrow_reserve_for(struct arrow_reserve *reserve, size_t columns)
{
    size_t size = RESERVE_BYTES + columns * COLUMN_BYTES;
    unsigned char *bytes;

    if (reserve->needed || reserve->size >= size)
        return !reserve->needed;
    bytes = malloc(size);
    if (!bytes)
        return false;
    free(reserve->bytes);
    reserve->bytes = bytes;
    reserve->size = size;
    return true;
}

void arrow_reserve_release(struct arrow_reserve *reserve)
{
    free(reserve->bytes);
    *reserve = (struct arrow_reserve){ 0 };
}

void arrow_enter(struct arrow_reserve *reserve)
{
    current = reserve;
}

bool arrow_leave(void)
{
    bool ok = !current->needed;

    current = NULL;
    return ok;
}

/* ---- what nanoarrow calls ----------------------------------------------------------------------------------------------------------- */

void *spile_arrow_malloc(size_t size);
void *spile_arrow_realloc(void *memory, size_t size);
void spile_arrow_free(void *memory);

static bool is_reserved(const void *memory)
{
    return current && current->bytes && (uintptr_t)memory - (uintptr_t)current->bytes < current->size;
}

static size_t reserved_size(const void *memory)
{
    size_t size;

    memcpy(&size, (const unsigned char *)memory - ALIGN, sizeof(size));
    return size;
}

static void *take(size_t size)
{
    unsigned char *piece;

    if (!current)
        return NULL;
    current->needed = true;
    if (size > current->size || current->size - current->used < size + 2 * ALIGN)
        return NULL;
    piece = current->bytes + current->used + ALIGN;
    memcpy(piece - ALIGN, &size, sizeof(size));
    current->used += ALIGN + (size + ALIGN - 1) / ALIGN * ALIGN;
    return piece;
}

void *spile_arrow_malloc(size_t size)
{
    void *memory = malloc(size);

    return memory ? memory : take(size);
}

/* When there is none at all, nanoarrow forgets the old piece. */
void *spile_arrow_realloc(void *memory, size_t size)
{
    bool reserved = is_reserved(memory);
    size_t before = reserved ? reserved_size(memory) : 0;
    void *moved = reserved ? NULL : realloc(memory, size);

    if (moved)
        return moved;
    moved = take(size);
    if (!reserved && memory)
        before = malloc_usable_size(memory);
    if (moved && memory)
        memcpy(moved, memory, before < size ? before : size);
    if (!reserved)
        free(memory);
    return moved;
}

void spile_arrow_free(void *memory)
{
    if (!is_reserved(memory))
        free(memory);
}
