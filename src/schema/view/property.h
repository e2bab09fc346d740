/* Properties in a stored schema: which values say nothing (facts: reference/schema-and-naming.md 2, 3), and look-ups in the document that
 * take the same time however many tables and columns there are. */
#ifndef SCHEMA_PROPERTY_H
#define SCHEMA_PROPERTY_H

#include <yyjson.h>

#include "base/map.h"
#include "base/text.h"

/* The text of a string; {NULL, 0} of anything else. */
struct slice string_of(yyjson_mut_val *value);

bool slice_is(struct slice slice, const char *text);

/* Adds the value as compact JSON, keys in stored order. */
void append_json(struct text *out, yyjson_mut_val *value);

/* Are they the same JSON value? The order of an object's members does not count. False and *failed (never cleared) when memory is out. */
bool json_equal(yyjson_mut_val *a, yyjson_mut_val *b, bool *failed);

/* Does this value of a column's property say the same as none? */
bool column_property_is_default(struct slice key, yyjson_mut_val *value);

/* What it says when there is none, as JSON: "true" or "false"; NULL: nothing. */
const char *column_property_default(struct slice key);

/* Does the member of a table's `x-normalizer` only tell the next run what this one has seen? */
bool is_bookkeeping(struct slice key);

/* The members of an object by key. */
struct members {
    yyjson_mut_val *object;
    struct name_map *map; /* NULL: there are few */
};

/* What is no object (NULL is allowed) has no members. False: out of memory, and nothing to close. */
bool members_open(struct members *members, yyjson_mut_val *object);
yyjson_mut_val *members_find(const struct members *members, struct slice key); /* NULL: not there */
void members_close(struct members *members);

#endif
