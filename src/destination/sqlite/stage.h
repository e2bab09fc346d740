/* Staged tables: what of them is SQLite's own. */
#ifndef SQLITE_STAGE_H
#define SQLITE_STAGE_H

#include "destination/sqlite/connection.h"

/* Makes the table for rows of change->table (ALTER_STAGE_TABLE). */
enum spile_status sqlite_stage_table(struct sqlite_database *database, const struct alteration *change, struct spile_error *err);

/* destination_ops's. */
enum spile_status sqlite_merge(struct destination *destination, const struct merge *merge, struct spile_error *err);

#endif
