/* What differs between two schemas, each dlt's stored-schema document (facts: reference/schema-and-naming.md 2 to 5).
 *
 * Bookkeeping is no difference: version, its hashes, `x-normalizer.seen-data`. A property that is missing says what its default says; null
 * and {} say nothing either, but for null of `x-active-record-timestamp`. Values are compared as JSON: the order of an object's members
 * does not count. */
#ifndef SCHEMA_DIFF_H
#define SCHEMA_DIFF_H

#include <yyjson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

enum change_kind { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED };

enum change_what { CHANGE_OF_SCHEMA, CHANGE_OF_TABLE, CHANGE_OF_COLUMN };

/* One change. A slice's text is NULL where it does not apply.
 *
 * With a property the change is the property's: of a schema, table or column that both have. `before` and `after` are then its values, the
 * default for one that is missing; ADDED and REMOVED tell of one that has no value on the other side. Without a property a table or
 * column is new or gone, and the one value is its definition, without `name`. A table's is without `columns`: each of them is a change
 * that follows. */
struct schema_change {
    enum change_kind kind;
    enum change_what what;
    struct slice table, column;
    struct slice property;      /* "nullable", "settings.preferred_types.re:_at$"; "order" of the same columns in a table */
    struct slice before, after; /* compact JSON */
    struct slice summary;       /* of a table or column that is new or gone: its definition for people, " decimal(10,2), not null" */
};

/* In this order: settings of the schema; tables in the order of the newer document, then removed ones. Of a table: properties, columns in
 * order, removed columns; of a column: properties. */
struct schema_diff {
    struct schema_change *changes;
    size_t count, capacity;
    struct arena arena;
};

/* Both documents are complete and valid. Nothing in *out refers to them later. On failure there is nothing to release. */
enum spile_status schema_diff(struct schema_diff *out, yyjson_mut_val *before, yyjson_mut_val *after, struct spile_error *err);

/* The same, without tables. */
enum spile_status schema_diff_settings(struct schema_diff *out, yyjson_mut_val *before, yyjson_mut_val *after, struct spile_error *err);

void schema_diff_release(struct schema_diff *diff);

/* Adds lines for people: "+" new, "-" gone, "~" changed. Nothing when there are no changes. False: out of memory. */
bool schema_diff_text(const struct schema_diff *diff, struct text *out);

/* Adds an array of objects with kind, table, column, property, before, after: what does not apply is left out, values are as they are in
 * the documents. False: out of memory. */
bool schema_diff_json(const struct schema_diff *diff, struct text *out);

#endif
