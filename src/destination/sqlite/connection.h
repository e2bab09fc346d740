/* A connection to the file of a dataset. The file itself is the dataset "main", and any other has one beside it: dlt attaches that to the first, but here
 * each is opened by itself, since a transaction in one file is all or nothing whatever its journal, and no other file is locked or made. */
#ifndef SQLITE_CONNECTION_H
#define SQLITE_CONNECTION_H

#include <pthread.h>
#include <stdatomic.h>

#include <sqlite3.h>

#include "destination/sql/sql.h"

#define MAIN_DATASET "main"
#define DECIMAL_COLLATION "spile_decimal" /* by the values of decimal texts; known to our connections only, so no table that stays may have it */

struct sqlite_database {
    struct sql_database sql;
    char *location;         /* of the file "main" */
    uint64_t max_memory;
    bool read_only;
    sqlite3 *connection;    /* NULL: none yet */
    char *dataset, *path;   /* that it is for, and its file */
    bool in_memory;         /* there is no such file, and none is made yet */
    bool made_file;         /* so that one that stays empty is removed again */
    bool in_transaction;
    double waits_since;     /* for a lock, on clock_seconds() */
    atomic_bool interrupted; /* since the transaction began */
    pthread_mutex_t lock;   /* of `connection` against interrupt, which comes from another thread */
};

/* dlt's name for the file of a dataset: x.db has shop in x__shop.db. To be freed; NULL: out of memory. */
char *sqlite_dataset_path(const char *location, const char *dataset);

/* Has the dataset's file open from now on; one that is not there is made with `make`, else it looks empty. */
enum spile_status connection_use(struct sqlite_database *database, const char *dataset, bool make, struct spile_error *err);
void connection_close(struct sqlite_database *database);

/* Fails with SQLite's message on what went wrong last, and what to do about it. */
enum spile_status connection_fail(struct sqlite_database *database, const char *what, struct spile_error *err);

/* Prepares a statement, which the caller finalizes. Not when SQLite has rolled back the transaction by itself: what follows would be on its own. */
enum spile_status connection_prepare(struct sqlite_database *database, const char *sql, sqlite3_stmt **statement, struct spile_error *err);

/* Binds $1, $2, ... Texts are not copied. Returns SQLite's code. */
int connection_bind(sqlite3_stmt *statement, const struct datum *values, size_t count);

/* sql_dialect's. */
enum spile_status connection_execute(struct sql_database *database, const char *sql, const struct datum *values, size_t count, struct arena *arena,
                                     struct sql_rows *rows, struct spile_error *err);

enum spile_status connection_begin(struct sqlite_database *database, const char *dataset, struct spile_error *err);
enum spile_status connection_commit(struct sqlite_database *database, struct spile_error *err);
enum spile_status connection_rollback(struct sqlite_database *database); /* fails when there is no transaction */

#endif
