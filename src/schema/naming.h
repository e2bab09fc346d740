/* dlt's naming convention snake_case: names of the data into identifiers (facts: reference/schema-and-naming.md 7). Pure functions;
 * results live in the arena; NULL only when memory is out. `max_length` counts characters; longer names are shortened with a tag. */
#ifndef SCHEMA_NAMING_H
#define SCHEMA_NAMING_H

#include <stddef.h>

#include "base/arena.h"
#include "base/text.h"

#define NAMING_SEPARATOR "__"
#define NAMING_EMPTY "_empty"

/* One name: "camelCase" -> "camel_case". "" and blank names give "_empty"; so does every name that would come out empty. */
char *naming_identifier(struct arena *arena, struct slice name, size_t max_length);

/* A name that may be a path: split at "__", each part normalized, joined again: "A__bB__1c" -> "a__b_b___1c", "a____b" -> "a__b",
 * "__lead" -> "lead". Never empty: "" and "__" give "_empty". Used for keys of objects and for table names. */
char *naming_path(struct arena *arena, struct slice path, size_t max_length);

/* Joins names that are already normalized, leaving out empty ones, and shortens the whole. */
char *naming_join(struct arena *arena, const struct slice *parts, size_t count, size_t max_length);

/* The later of two names that collide: `name`, "_" and the first 8 hexadecimal digits of a hash of `source_path`, shortened so that it
 * fits. Always the same for the same two arguments. */
char *naming_distinct(struct arena *arena, struct slice name, struct slice source_path, size_t max_length);

#endif
