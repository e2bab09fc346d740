/* Merging: what of it is SQLite's own. */
#ifndef SQLITE_MERGE_H
#define SQLITE_MERGE_H

#include "destination/sqlite/connection.h"

/* destination_ops's. */
enum spile_status sqlite_merge(struct destination *destination, const struct merge *merge, struct spile_error *err);

#endif
