/* What Postgres says of a failure, as an error: in its own words, with SQLSTATE, place, and what to do about those that users meet. */
#ifndef POSTGRES_FAILURE_H
#define POSTGRES_FAILURE_H

#include "destination/postgres/session.h"

/* `result`: of the statement that failed; NULL: the connection tells. An interrupt of ours is SPILE_CANCELLED. */
enum spile_status pg_fail(struct pg_session *session, const PGresult *result, struct spile_error *err);

/* The connection could not be made; `connection` has its messages with SQLSTATE (PQERRORS_VERBOSE). */
enum spile_status pg_fail_connect(struct pg_session *session, PGconn *connection, struct spile_error *err);

/* Adds which database it was. */
enum spile_status pg_within(struct pg_session *session, enum spile_status status, struct spile_error *err);

#endif
