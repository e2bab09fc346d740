/* Fields that are left out of rows before anything is made of them: `filters` of tables, with patterns to exclude and to include after all
 * (facts: reference/schema-and-naming.md 6.3). Compiled once from the stored document; only read afterwards. */
#ifndef SCHEMA_FILTERS_H
#define SCHEMA_FILTERS_H

#include <yyjson.h>

#include "base/arena.h"
#include "schema/naming.h"
#include "schema/pattern.h"

struct pattern_list {
    struct pattern *patterns;
    size_t count;
};

struct table_filter {
    struct slice table;
    struct pattern_list excludes, includes;
};

struct filters {
    struct table_filter *tables;
    size_t count;
};

/* `tables` is the member of a schema. Arrays live in the arena; names are borrowed from the document. SPILE_CONFIG for an expression that does not
 * compile. Release also after a failure. */
enum spile_status filters_compile(struct filters *out, yyjson_mut_val *tables, struct arena *arena, struct spile_error *err);
void filters_release(struct filters *filters);

/* Is the field of that table left out? Filters of the table and of those above it by name count, each for the path from there down to the field. */
bool filters_exclude(const struct filters *filters, const struct naming *naming, const char *table, const char *field);

#endif
