/* Which tables of a load are merged rather than appended, and how: what the schema's hints mean for the rows of a package. Pure: it looks at no database. */
#ifndef LOAD_MERGING_H
#define LOAD_MERGING_H

#include "load/package.h"
#include "destination/destination.h"

struct merging {
    struct merge *merges; /* in the arena, one for each root table */
    size_t count;
};

/* All in the arena. Tables count that are in the package or in the catalog. SPILE_CONFIG for hints that a merge can't follow. */
enum spile_status merging_plan(struct merging *merging, const struct package *package, const struct schema *schema, const char *dataset,
                               const struct catalog *catalog, struct arena *arena, struct spile_error *err);

/* Is the table one of those that a merge changes, if it is there? */
bool merging_touches(const struct package *package, const struct table *table);

/* Do its rows, which are nested two deep or deeper, go with rows of the root, and they don't tell which? */
bool merging_needs_root_key(const struct package *package, const struct table *table);

/* Do the table's rows come into a table beside it first? */
bool merging_stages(const struct merging *merging, const struct table *table);

#endif
