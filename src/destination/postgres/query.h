/* A user's statement and its rows. */
#ifndef POSTGRES_QUERY_H
#define POSTGRES_QUERY_H

#include "destination/postgres/session.h"

/* As destination_ops's. */
enum spile_status pg_query(struct pg_session *session, const char *dataset, const char *sql, const struct datum *values, size_t count,
                           struct ArrowArrayStream *out, uint64_t *changed, struct spile_error *err);

#endif
