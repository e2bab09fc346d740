/* A user's statement and its rows. */
#ifndef SQLITE_QUERY_H
#define SQLITE_QUERY_H

#include "destination/sqlite/connection.h"

/* destination_ops's. */
enum spile_status sqlite_query(struct destination *destination, const char *dataset, const char *sql, const struct datum *values, size_t count,
                               struct ArrowArrayStream *out, uint64_t *changed, struct spile_error *err);

#endif
