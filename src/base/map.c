#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/text.h"

#define SLOTS_FIRST ((size_t)16)

struct slot {
    const char *name;
    size_t length;
    void *value; /* NULL: free */
    uint64_t hash;
};

struct name_map {
    struct slot *slots;
    size_t count, mask;
    bool fold;
};

static uint64_t hash_of(const struct name_map *map, const char *name, size_t length)
{
    uint64_t hash = (uint64_t)(uintptr_t)map;

    if (!map->fold)
        return XXH3_64bits_withSeed(name, length, hash);
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)ascii_lower(name[i])) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 32;
    }
    return hash;
}

static bool equal(const struct name_map *map, const char *a, const char *b, size_t length)
{
    if (!map->fold)
        return !memcmp(a, b, length);
    for (size_t i = 0; i < length; i++)
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return true;
}

static struct slot *find_slot(const struct name_map *map, const char *name, size_t length, uint64_t hash)
{
    for (size_t i = hash & map->mask;; i = (i + 1) & map->mask) {
        struct slot *slot = &map->slots[i];

        if (!slot->value || (slot->hash == hash && slot->length == length && equal(map, slot->name, name, length)))
            return slot;
    }
}

static bool grow(struct name_map *map)
{
    size_t count = (map->mask + 1) * 2;
    struct name_map larger = { calloc(count, sizeof(*larger.slots)), map->count, count - 1, map->fold };

    if (!larger.slots)
        return false;
    for (size_t i = 0; i <= map->mask; i++) {
        const struct slot *old = &map->slots[i];

        if (old->value)
            *find_slot(&larger, old->name, old->length, old->hash) = *old;
    }
    free(map->slots);
    *map = larger;
    return true;
}

struct name_map *name_map_new(bool fold)
{
    struct name_map *map = calloc(1, sizeof(*map));

    if (!map)
        return NULL;
    map->slots = calloc(SLOTS_FIRST, sizeof(*map->slots));
    map->mask = SLOTS_FIRST - 1;
    map->fold = fold;
    if (!map->slots) {
        free(map);
        return NULL;
    }
    return map;
}

void name_map_free(struct name_map *map)
{
    if (!map)
        return;
    free(map->slots);
    free(map);
}

void *name_map_find(const struct name_map *map, const char *name, size_t length)
{
    return find_slot(map, name, length, hash_of(map, name, length))->value;
}

bool name_map_put(struct name_map *map, const char *name, size_t length, void *value)
{
    uint64_t hash = hash_of(map, name, length);
    struct slot *slot;

    if (map->count * 2 > map->mask && !grow(map))
        return false;
    slot = find_slot(map, name, length, hash);
    map->count += !slot->value;
    *slot = (struct slot){ name, length, value, hash };
    return true;
}
