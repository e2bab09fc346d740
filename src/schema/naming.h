/* dlt's naming conventions: names of the data into identifiers (facts: reference/schema-and-naming.md 7). Pure functions; results live in
 * the arena; NULL only when memory is out. */
#ifndef SCHEMA_NAMING_H
#define SCHEMA_NAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#define NAMING_EMPTY "_empty"

enum naming_convention {
    NAMING_SNAKE_CASE, /* "camelCase" -> "camel_case"; the default */
    NAMING_DUCK_CASE,  /* all characters stay, but for line breaks and double quotes */
    NAMING_DIRECT,     /* the same; parts of a path are joined by U+25B6 */
    NAMING_SQL_CI,     /* "camelCase" -> "camelcase" */
    NAMING_SQL_CS      /* "camelCase" stays */
};

struct naming {
    enum naming_convention convention;
    size_t length_max; /* of an identifier, in characters; longer ones are shortened with a tag. 0: none */
    size_t bytes_max;  /* likewise in bytes: characters beyond ASCII have several */
    bool folds;        /* the destination takes names that differ only by case for one */
    bool whole_keys;   /* keys are not taken apart at the separator: schemas that come from old engines */
};

/* A decimal digit of any script, as \d of Python has it. */
bool is_decimal_digit(uint32_t character);

/* "snake_case", ... as dlt stores it. */
const char *naming_name(enum naming_convention convention);

/* False for a name that is none. dlt's own path of a convention's module is one. */
bool naming_find(struct slice name, enum naming_convention *convention);

/* SPILE_CONFIG for a name that naming_find does not know: with the one that was meant, or all of them. */
enum spile_status naming_fail_unknown(struct slice name, struct spile_error *err);

/* What joins the parts of a path: "__". */
const char *naming_separator(const struct naming *naming);

/* Do names that differ only by case have to be kept apart by us? */
bool naming_collides(const struct naming *naming);

/* One name: "camelCase" -> "camel_case". "" and blank names give "_empty"; so does every name that would come out empty. */
char *naming_identifier(struct arena *arena, const struct naming *naming, struct slice name);

/* A name that may be a path: split at the separator, each part normalized, joined again: "A__bB__1c" -> "a__b_b___1c", "a____b" ->
 * "a__b", "__lead" -> "lead". Never empty: "" and "__" give "_empty". Used for keys of objects and for table names. With whole_keys it
 * is one name. */
char *naming_path(struct arena *arena, const struct naming *naming, struct slice path);

/* Joins names that are already normalized, leaving out empty ones, and shortens the whole. */
char *naming_join(struct arena *arena, const struct naming *naming, const struct slice *parts, size_t count);

/* The later of two names that collide: `name`, "_" and the first 8 hexadecimal digits of a hash of `source_path`, shortened so that it
 * fits. Always the same for the same two arguments. */
char *naming_distinct(struct arena *arena, const struct naming *naming, struct slice name, struct slice source_path);

#endif
