/* Names to pointers: a hash map with keys of the caller's, which must outlive it. Nothing is removed. Seeded by the address of the
 * map, so that nobody who only controls the names can make them collide. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct name_map;

/* `fold`: names that differ only by the case of ASCII letters are one. NULL: out of memory. */
struct name_map *name_map_new(bool fold);
void name_map_free(struct name_map *map);

void *name_map_find(const struct name_map *map, const char *name, size_t length); /* NULL: not there */

/* Adds or replaces. False: out of memory. */
bool name_map_put(struct name_map *map, const char *name, size_t length, void *value);

#endif
