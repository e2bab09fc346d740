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
    bool names_fold;        /* identifiers that differ only by case are one */
    uint32_t batch_rows;    /* rows of a batch of a stream: those it takes best */
    int decimal_digits_max; /* of a decimal */
};

struct destination_options {
    const char *path;       /* of the database */
    uint64_t max_memory;    /* bytes */
    unsigned threads;
    const char *work_folder; /* for what does not fit into memory */
    bool read_only;         /* nothing is changed or made: a database that is not there looks like an empty one */
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

/* What is in the database. Names differ there by more than the case of ASCII letters. */
struct catalog_column {
    const char *name, *type; /* type as the database writes it */
    bool nullable;
};

struct catalog_table {
    const char *name;
    bool view;
    const struct catalog_column *columns; /* sorted, as catalog_find_column wants them; NULL: not read yet */
    size_t column_count;
};

struct catalog {
    bool has_dataset;
    struct catalog_table *tables; /* of the dataset, and its views; sorted, as catalog_find_table wants them */
    size_t table_count;
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

    /* Ends the transaction. A failure leaves open whether it was committed, unless the transaction can be rolled back. */
    enum spile_status (*commit)(struct destination *destination, struct spile_error *err);

    /* SQL that names the dataset beyond doubt: what stands before the dot and a table. NULL: out of memory. */
    const char *(*dataset_sql)(struct destination *destination, const char *dataset, struct arena *arena);

    /* Names of what the dataset holds; columns come by read_columns, table by table, since of most tables nobody asks. Both in the
     * caller's arena, to be sorted by the functions below. */
    enum spile_status (*read_catalog)(struct destination *destination, const char *dataset, struct arena *arena, struct catalog *catalog,
                                      struct spile_error *err);
    enum spile_status (*read_columns)(struct destination *destination, const char *dataset, struct catalog_table *table, struct arena *arena,
                                      struct spile_error *err);

    /* The column's type in DDL, in the form read_columns gives (caller's arena). */
    const char *(*type_name)(const struct column *column, struct arena *arena);

    /* What follows the type in DDL: storage hints; "" for none. */
    const char *(*type_suffix)(const struct column *column);

    /* Runs `sql`, an INSERT that selects from the table named STREAM_NAME, which is the stream, of `rows` rows. The stream is taken over, also
     * after a failure. *inserted: how many were inserted. */
    enum spile_status (*ingest)(struct destination *destination, const char *sql, struct ArrowArrayStream *stream, uint64_t rows,
                                uint64_t *inserted, struct spile_error *err);

    /* Makes a statement in progress fail soon. From any thread. */
    void (*interrupt)(struct destination *destination);
};

#define STREAM_NAME "spile_stream"

/* The destination that a user's text names ("x.duckdb", "duckdb:PATH", "duckdb:///PATH", "duckdb"), and its path; *path is "" when the text
 * names none. SPILE_CONFIG with the known ones when there is no such destination. */
enum spile_status destination_find(const struct destination_ops **ops, const char *text, struct arena *arena, const char **path,
                                   struct spile_error *err);

const struct destination_ops *destination_by_scheme(const char *scheme); /* NULL: unknown */

bool destination_is_file(const struct destination_ops *ops); /* its path names a file */

/* SPILE_CONFIG for a column type with a precision that the destination lacks. */
enum spile_status destination_check_type(const struct destination_ops *ops, const struct column_type *type, struct spile_error *err);

/* NULL: not there. */
struct catalog_table *catalog_find_table(const struct catalog *catalog, const char *name);
const struct catalog_column *catalog_find_column(const struct catalog_table *table, const char *name);

void catalog_remove(struct catalog *catalog, const char *table); /* it was dropped */

void catalog_sort(struct catalog *catalog);
void catalog_sort_columns(struct catalog_column *columns, size_t count);

/* The one way of a name into SQL: in double quotes, which every database here takes. */
void sql_put_name(struct text *sql, const char *name);

#endif
