/* A connection to a Postgres server and its statements. */
#ifndef POSTGRES_SESSION_H
#define POSTGRES_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "destination/postgres/library.h"
#include "destination/sql/sql.h"

struct pg_session {
    struct pq_library api;
    struct arena arena;
    const char *location, *shown; /* with secrets and without */
    bool read_only;
    PGconn *connection;           /* NULL: none */
    PGcancel *cancel;             /* of that connection; guarded by the lock */
    pthread_mutex_t cancel_lock;
    atomic_bool interrupted;
};

enum spile_status pg_session_open(struct pg_session *session, const char *location, bool read_only, struct spile_error *err);
void pg_session_close(struct pg_session *session); /* a zeroed one is allowed */

/* Connects, once more when the connection was lost. */
enum spile_status pg_connect(struct pg_session *session, struct spile_error *err);
bool pg_is_connected(const struct pg_session *session);

/* Runs one statement; *result is for the caller to clear, and NULL after a failure. */
enum spile_status pg_run(struct pg_session *session, const char *sql, const struct datum *values, size_t count, PGresult **result,
                         struct spile_error *err);

/* The same, with the rows as text. `rows` may be NULL. */
enum spile_status pg_execute(struct pg_session *session, const char *sql, const struct datum *values, size_t count, struct arena *arena,
                             struct sql_rows *rows, struct spile_error *err);

/* SPILE_CANCELLED when an interrupt came. */
enum spile_status pg_check_interrupted(struct pg_session *session, struct spile_error *err);

/* From any thread: the statement in progress fails soon, and so does what comes after it, until pg_resume(). */
void pg_interrupt(struct pg_session *session);
void pg_resume(struct pg_session *session);

#endif
