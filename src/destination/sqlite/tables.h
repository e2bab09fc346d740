/* What is in a dataset's file. */
#ifndef SQLITE_TABLES_H
#define SQLITE_TABLES_H

#include "destination/sqlite/connection.h"

/* destination_ops's. */
enum spile_status sqlite_read_catalog(struct destination *destination, const char *dataset, struct arena *arena, struct catalog *catalog,
                                      struct spile_error *err);
enum spile_status sqlite_read_columns(struct destination *destination, const char *dataset, struct catalog_table *const *tables, size_t count,
                                      struct arena *arena, struct spile_error *err);

/* The type of the table's column, in the arena; of one that is not there, its type if we made it. Staged rows come into the table by way of another, whose
 * columns have the same affinity, so also for them it is the table's that counts. NULL: out of memory. */
const char *sqlite_type_there(struct sqlite_database *database, const char *table, const struct column *column, struct arena *arena);

#endif
