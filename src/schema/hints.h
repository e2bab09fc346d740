/* Hints as people write them, into a part of a schema that schema_merge takes.
 *
 *   COLUMNS  = COLUMN, COLUMN ...
 *   COLUMN   = [TABLE.]NAME:[TYPE[(PRECISION[,SCALE])]][:HINT]...     price:decimal(10,2), id:bigint:not_null, orders__items.sku::primary_key
 *   HINT     = not_null, null, naive (a timestamp without time zone), unique, sort, partition, cluster, primary_key, merge_key, row_key,
 *              hard_delete, dedup_sort=asc|desc, x-anything[=TEXT]
 */
#ifndef SCHEMA_HINTS_H
#define SCHEMA_HINTS_H

#include "schema/schema.h"

struct hints {
    yyjson_mut_doc *doc;
    yyjson_mut_val *root, *tables; /* root is the part */
};

bool hints_init(struct hints *hints); /* false: out of memory */
void hints_release(struct hints *hints);

/* Adds a table without hints, so that others can be nested in it. False: out of memory. */
bool hints_add_table(struct hints *hints, const char *table);

/* Adds columns; `table` is that of names without one (NULL: they must have one). SPILE_USAGE with what can't be read. */
enum spile_status hints_add_columns(struct hints *hints, const char *table, const char *columns, struct spile_error *err);

/* Adds `property` ("primary_key", "merge_key") to the columns named, with commas between them; they become not null. */
enum spile_status hints_add_key(struct hints *hints, const char *table, const char *names, const char *property, struct spile_error *err);

/* A table that is going to be there. */
struct hint_root {
    const char *table, *resource; /* normalized, and as the user wrote it */
};

/* Tables that are neither in the schema nor among `roots` must be nested in one that is: gives them their parent, the nearest by name. One with
 * a key of its own becomes a root table, which is filled from the lists of the parent's resource. */
enum spile_status hints_find_parents(struct hints *hints, const struct schema *schema, const struct hint_root *roots, size_t root_count,
                                     struct spile_error *err);

#endif
