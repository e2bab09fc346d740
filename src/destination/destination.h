/* Destinations: what differs between databases, as data and a few functions. The protocol of a load is in src/load and is the same for
 * all; it asks `caps` and never compares a scheme. A new destination: its folder, a line in destination.c, the build finds it. */
#ifndef DESTINATION_DESTINATION_H
#define DESTINATION_DESTINATION_H

#include <stdatomic.h>

#include <nanoarrow/nanoarrow.h>

#include "base/arena.h"
#include "base/error.h"
#include "schema/schema.h"

struct destination_caps {
    const char *dlt_type;   /* how dlt names it in the pipeline state */
    size_t name_length_max; /* of identifiers, in characters */
};

struct destination_options {
    const char *path;       /* of the database */
    uint64_t max_memory;    /* bytes */
    unsigned threads;
    const char *work_folder; /* for what does not fit into memory */
};

/* A value bound to a statement. */
struct sql_value {
    enum { SQL_NULL, SQL_TEXT, SQL_INTEGER, SQL_TIMESTAMP } kind;
    struct slice text;
    int64_t number; /* SQL_TIMESTAMP: microseconds since 1970 UTC */
};

/* Rows of a query, all cells as text; a NULL cell is NULL. In the caller's arena. */
struct sql_rows {
    size_t count, width;
    char **cells; /* row by row */
};

/* A column that is in the database. */
struct catalog_column {
    const char *table, *name, *type; /* type as the database writes it */
    bool nullable;
};

struct catalog {
    bool has_dataset;
    const struct catalog_column *columns; /* by table, in order */
    size_t column_count;
    const char *const *views;
    size_t view_count;
};

struct destination;

struct destination_ops {
    const char *scheme;  /* "duckdb" */
    const char *summary;
    const char *const *extensions; /* file names that mean this destination; NULL-terminated */
    struct destination_caps caps;

    /* Where the client library is, and its version; what it costs to say so is a few file look-ups when the file name tells. */
    enum spile_status (*locate)(char *path, char *version, size_t size, struct spile_error *err);

    enum spile_status (*open)(struct destination **out, const struct destination_options *options, struct spile_error *err);
    enum spile_status (*close)(struct destination *destination, struct spile_error *err); /* writes out what is pending */

    /* Runs one statement. `rows` may be NULL. */
    enum spile_status (*execute)(struct destination *destination, const char *sql, const struct sql_value *values, size_t count,
                                 struct arena *arena, struct sql_rows *rows, struct spile_error *err);

    /* What the dataset holds. */
    enum spile_status (*read_catalog)(struct destination *destination, const char *dataset, struct arena *arena, struct catalog *catalog,
                                      struct spile_error *err);

    /* The column's type in DDL, in the form read_catalog gives (caller's arena). */
    const char *(*type_name)(const struct column *column, struct arena *arena);

    /* What follows the type in DDL: storage hints; "" for none. */
    const char *(*type_suffix)(const struct column *column);

    /* Runs `sql`, an INSERT that selects from the table named STREAM_NAME, which is the stream. The stream is taken over, also after a
     * failure. *rows: how many were inserted. */
    enum spile_status (*ingest)(struct destination *destination, const char *sql, struct ArrowArrayStream *stream, uint64_t *rows,
                                struct spile_error *err);

    /* Makes a statement in progress fail soon. From any thread. */
    void (*interrupt)(struct destination *destination);
};

#define STREAM_NAME "spile_stream"

/* The destination that a user's text names ("x.duckdb", "duckdb:PATH", "duckdb:///PATH", "duckdb"), and its path; *path is "" when the text
 * names none. SPILE_CONFIG with the known ones when there is no such destination. */
enum spile_status destination_find(const struct destination_ops **ops, const char *text, struct arena *arena, const char **path,
                                   struct spile_error *err);

const struct destination_ops *destination_by_scheme(const char *scheme); /* NULL: unknown */

#endif
