/* An open DuckDB database, between the files of this folder. */
#ifndef DUCKDB_SESSION_H
#define DUCKDB_SESSION_H

#include "destination/duckdb/library.h"
#include "destination/duckdb/undo.h"
#include "destination/sql/sql.h"

struct duckdb {
    struct sql_database sql;
    struct duckdb_library api;
    duckdb_database database;
    duckdb_connection connection;
    char *path;
    struct arena arena;
    const char *catalog; /* DuckDB's name of the database: the file's, or near it */
    uint64_t max_memory;
    unsigned threads_max, threads; /* allowed, and in use */
    bool in_memory; /* only to be read, and not there */
    bool read_only;
    bool confined; /* to the database: a query of the user's */
    bool asked;    /* a statement of the user's is run */
    struct undo undo;
};

/* "<what>: <DuckDB's message>", with what to do about those that users meet. */
enum spile_status duckdb_fail(struct duckdb *d, const char *what, const char *message, struct spile_error *err);

/* The caller destroys the statement, and the result, also after a failure. */
enum spile_status duckdb_prepare_bound(struct duckdb *d, const char *sql, const struct datum *values, size_t count, duckdb_prepared_statement *statement,
                                       struct spile_error *err);
enum spile_status duckdb_fail_result(struct duckdb *d, duckdb_result *result, struct spile_error *err); /* SPILE_CANCELLED when it was interrupted */

/* Runs one statement. `rows`, all of whose columns have to be VARCHAR, and then `arena` may be NULL. */
enum spile_status duckdb_run_text(struct duckdb *d, const char *sql, const struct datum *values, size_t count, struct arena *arena, struct sql_rows *rows,
                                  struct spile_error *err);

/* Before anything that may make DuckDB write in place. */
enum spile_status duckdb_prepare_checkpoint(struct duckdb *d, struct spile_error *err);

/* query.c */
enum spile_status duckdb_query_rows(struct destination *destination, const char *dataset, const char *sql, const struct datum *values, size_t count,
                                    struct ArrowArrayStream *out, uint64_t *changed, struct spile_error *err);

#endif
