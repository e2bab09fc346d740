/* Destinations: what a load asks of a database or a folder. The protocol of a load is in src/load and is the same for all; it asks `caps` and never
 * compares a scheme. Those that speak SQL share their statements (destination/sql/sql.h) and bring what differs between them; one that does not
 * brings the functions below itself. A new destination: its folder, a line in destination.c, the build list. */
#ifndef DESTINATION_DESTINATION_H
#define DESTINATION_DESTINATION_H

#include <nanoarrow/nanoarrow.h>

#include "base/arena.h"
#include "base/error.h"
#include "destination/catalog.h"
#include "schema/schema.h"
#include "schema/write.h"

struct destination_caps {
    const char *dlt_type;   /* how dlt names it in the pipeline state */
    const char *default_dataset; /* NULL: <pipeline>_dataset */
    size_t name_length_max; /* of identifiers, in characters, */
    size_t name_bytes_max;  /* and in bytes; 0: no limit */
    bool names_fold;        /* identifiers that differ only by case are one */
    bool has_path;          /* what the user names is a file or a folder */
    bool is_server;         /* a connection that is lost, or a load that was refused, may do better a moment later */
    uint32_t batch_rows;    /* rows of a batch of a stream: those it takes best */
    int decimal_digits_max; /* of a decimal */
    uint32_t columns_max;   /* of a table; 0: no limit */
    enum { UNIQUE_NEVER, UNIQUE_ASKED, UNIQUE_ALWAYS } unique; /* columns with the hint are held to it; ALWAYS: unasked, as dlt does there */
    unsigned replaces, merges; /* strategies: bits 1 << enum replace_strategy, 1 << enum merge_strategy */
};

struct destination_options {
    const char *location;    /* what destination_find gave: a path, or a URI with its secrets */
    uint64_t max_memory;     /* bytes */
    unsigned threads;
    const char *work_folder; /* for what does not fit into memory */
    bool read_only;          /* nothing is changed or made: a database that is not there looks like an empty one */
};

/* A single value, for a statement or a row of the bookkeeping. */
struct datum {
    enum datum_kind { DATUM_NULL, DATUM_BOOL, DATUM_INTEGER, DATUM_DOUBLE, DATUM_TEXT, DATUM_BINARY, DATUM_TIMESTAMP } kind;
    struct slice text; /* DATUM_TEXT, DATUM_BINARY */
    int64_t number;    /* DATUM_TIMESTAMP: microseconds since 1970 UTC */
    double real;
};

static inline struct datum datum_text(const char *text)
{
    return (struct datum){ .kind = DATUM_TEXT, .text = slice_of(text) };
}

static inline struct datum datum_integer(int64_t number)
{
    return (struct datum){ .kind = DATUM_INTEGER, .number = number };
}

static inline struct datum datum_timestamp(int64_t micros)
{
    return (struct datum){ .kind = DATUM_TIMESTAMP, .number = micros };
}

struct named_datum {
    const char *name; /* of the column */
    struct datum value;
};

/* What a pipeline has booked in a dataset. */
struct record_query {      /* a member that is NULL is not asked for */
    const char *pipeline;
    const char *schema_name;
    const char *version;   /* of that schema: its number, or how its hash begins; NULL: the newest */
    const char *load_id;
};

struct records { /* in the caller's arena */
    const char *state;     /* newest of the pipeline (encoded), of a load that is booked; NULL: none */
    const char *schema, *schema_hash; /* NULL: none */
    bool has_load;
};

/* A change of what the dataset is made of, or of what is in it as a whole. */
enum alter_kind {
    ALTER_CREATE_DATASET,
    ALTER_CREATE_TABLE,    /* with all of `columns`; called `fresh` if that is given */
    ALTER_CONSTRAIN_TABLE, /* a new one that has its rows by now: `columns` with the hint become unique */
    ALTER_SWAP_TABLE,      /* `fresh` takes the place of `name` */
    ALTER_ADD_COLUMNS,     /* `columns`, to a table that may have rows: so none of them is NOT NULL */
    ALTER_DROP_TABLE,      /* `name` */
    ALTER_EMPTY_TABLE,     /* `name`; readers see all of the old rows until the commit */
    ALTER_STAGE_TABLE,     /* makes an empty table beside `table` for its rows, with `columns`; it is gone when the transaction ends */
    ALTER_FILL_ROOT_IDS,   /* rows of `table` that lack their root's id, but lie below rows of `above` that tell it, get it */
    ALTER_FORGET_VERSIONS, /* of the schema `name` */
};

struct alteration {
    enum alter_kind kind;
    const char *name;
    const struct table *table, *above;
    const struct column *const *columns;
    size_t column_count;
    bool unique;           /* of columns that are added, those with the hint are unique */
    const char *const *there; /* ALTER_STAGE_TABLE: the types that `table` has its columns with by then, in the catalog's words; NULL: as we make it */
    const char *fresh;     /* a name that a new table has until it takes the place of the old one; NULL: none */
};

struct statements { /* in an arena */
    const char **texts;
    size_t count, capacity;
};

/* Rows that come as a stream, and where they go. */
struct ingest_column {
    const struct column *column;
    bool in_stream;        /* the stream's children are these columns, in their order */
    const char *otherwise; /* what rows without a value get; NULL: null */
};

struct ingest {
    const char *dataset;
    const struct table *table;
    bool staged;           /* into the table beside it (ALTER_STAGE_TABLE) */
    const char *fresh;     /* into the one that takes its place; NULL: there is none */
    const struct ingest_column *columns;
    size_t column_count;
    uint64_t rows;
};

/* How staged rows of a root table and of those below it are merged into the dataset (facts: reference/load.md 5). */
struct merge_table {
    const struct table *table;
    size_t parent;                      /* index in `tables`; of the root: its own */
    const struct column *row_key;       /* NULL: a root without, and nothing below it */
    const struct column *parent_key;    /* of a nested table: the row key of the parent's row; NULL for the root */
    const struct column *root_key;      /* likewise of the root's row; NULL where the strategy needs none */
    const struct column *const *columns; /* that are merged: those of the staged table */
    size_t column_count;
};

struct merge {
    const char *dataset;
    enum merge_strategy strategy;
    const struct merge_table *tables; /* the root first, parents before children; all are staged, unless `in_place` */
    size_t table_count;
    bool is_new;                      /* the root table has no rows of earlier loads, */
    bool in_place;                    /* and no nested one has: nothing is staged, the rows are in the tables themselves */
    bool is_whole;                    /* the root table has no other columns: instead of being updated a row may go and come anew */
    const struct column *const *primary_key, *const *merge_key;
    size_t primary_key_count, merge_key_count;
    bool deduplicate;                 /* of rows with the same primary key one is taken: the first, */
    const struct column *dedup_sort;  /* or the first by this column, nulls last; NULL: none */
    bool dedup_descending;
    const struct column *hard_delete; /* NULL: none */
    const char *source_filter, *destination_scope; /* the user's SQL; NULL: none */
    bool skip_unchanged;
    const struct column *row_version; /* NULL: none; of scd2 always there */
    const struct column *valid_from, *valid_to; /* scd2 */
    int64_t boundary;                 /* microseconds since 1970 UTC */
    bool has_active;                  /* rows in force have `active` in valid_to; else null */
    int64_t active;
};

/* What every destination's struct begins with. */
struct destination {
    const struct destination_ops *ops;
};

/* All calls on one thread but `interrupt`. Everything from begin to commit is one transaction: readers see it whole or not at all. */
struct destination_ops {
    const char *scheme;  /* "duckdb" */
    const char *const *schemes; /* other words for it: "postgresql"; NULL-terminated; NULL: none */
    const char *summary;
    const char *const *extensions; /* file names that mean this destination; NULL-terminated */
    struct destination_caps caps;

    /* Where the client library is, and its version; what it costs to say so is a few file look-ups when the file name tells. */
    enum spile_status (*locate)(char *path, char *version, size_t size, struct spile_error *err);

    /* From the user's text, environment included, to what `open` takes, and what people may see of it: without secrets, and enough to connect again
     * when the secrets come from elsewhere. `text` is behind "scheme:"; "" when there is nothing. `pipeline`: whose settings come before everybody's; NULL:
     * it has no name yet. The function is NULL where these are paths. */
    enum spile_status (*configure)(const char *pipeline, const char *text, struct arena *arena, const char **location, const char **shown,
                                   struct spile_error *err);

    /* The file that a dataset is in, when that is not the location itself. To be freed; NULL: out of memory. The function is NULL where it never differs. */
    char *(*file_of)(const char *location, const char *dataset);

    enum spile_status (*open)(struct destination **out, const struct destination_options *options, struct spile_error *err);
    enum spile_status (*close)(struct destination *destination, struct spile_error *err); /* writes out what is pending; NULL is fine */

    /* Begins the transaction. `lease` names who loads: of two that hold the same lease on a dataset the second fails at once, SPILE_LOCKED, where the
     * destination lets two load at a time. */
    enum spile_status (*begin)(struct destination *destination, const char *dataset, const char *lease, struct spile_error *err);

    /* Ends the transaction. A failure leaves open whether it was committed, unless the transaction can be rolled back. */
    enum spile_status (*commit)(struct destination *destination, struct spile_error *err);
    enum spile_status (*rollback)(struct destination *destination); /* fails when there is none */

    /* Names of what the dataset holds; columns come by read_columns, for some of the tables, since of most nobody asks. Both in the
     * caller's arena, to be sorted by the functions of catalog.h. */
    enum spile_status (*read_catalog)(struct destination *destination, const char *dataset, struct arena *arena, struct catalog *catalog,
                                      struct spile_error *err);
    enum spile_status (*read_columns)(struct destination *destination, const char *dataset, struct catalog_table *const *tables, size_t count,
                                      struct arena *arena, struct spile_error *err);

    /* The column's type in the database's words, in the form read_columns gives (caller's arena), and whether a column of the type `there` takes all that
     * one of that type would. */
    const char *(*type_name)(const struct column *column, struct arena *arena);
    bool (*type_fits)(const struct column *column, const char *type_name, const char *there);

    /* Can the database tell whether two values of the type `there` are equal? NULL: of any type. */
    bool (*type_compares)(const char *there);

    /* `catalog` tells which of the bookkeeping's tables are there. */
    enum spile_status (*read_records)(struct destination *destination, const char *dataset, const struct catalog *catalog,
                                      const struct record_query *query, struct arena *arena, struct records *records, struct spile_error *err);

    /* Makes a change, or only says how: adds texts to `statements`. */
    enum spile_status (*alter)(struct destination *destination, const char *dataset, const struct alteration *change, struct spile_error *err);
    enum spile_status (*describe)(struct destination *destination, const char *dataset, const struct alteration *change, struct arena *arena,
                                  struct statements *statements, struct spile_error *err);

    /* The stream is taken over, also after a failure. *inserted: how many rows were. */
    enum spile_status (*ingest)(struct destination *destination, const struct ingest *ingest, struct ArrowArrayStream *stream,
                                uint64_t *inserted, struct spile_error *err);

    enum spile_status (*merge)(struct destination *destination, const struct merge *merge, struct spile_error *err); /* NULL: caps.merges is 0 */

    /* A row of the bookkeeping. */
    enum spile_status (*insert_row)(struct destination *destination, const char *dataset, const char *table, const struct named_datum *values,
                                    size_t count, struct spile_error *err);

    /* Runs one statement of the user's in the database's own SQL, with $1, $2, ... for `values`, outside of a load. Names without a schema are the dataset's,
     * if it is there. Its rows come as a stream, which is to be released before the next call and before the destination is closed; of a statement without
     * rows there is none (out->release is NULL). *changed: rows that it has changed. Of a destination that was opened read_only the statement changes
     * nothing, and reads nothing beside it: the database sees to that. A call of the stream that fails because of `interrupt` returns ECANCELED. NULL: there
     * is no SQL here. */
    enum spile_status (*query)(struct destination *destination, const char *dataset, const char *sql, const struct datum *values, size_t count,
                               struct ArrowArrayStream *out, uint64_t *changed, struct spile_error *err);

    /* Makes a call in progress fail soon. From any thread. */
    void (*interrupt)(struct destination *destination);
};

/* The destination that a user's text names ("x.duckdb", "duckdb:PATH", "duckdb:///PATH", "duckdb"); *location and *shown as `configure` gives them,
 * "" when neither the text nor the environment names a place. SPILE_CONFIG with the known ones when there is no such destination. */
enum spile_status destination_find(const struct destination_ops **ops, const char *text, const char *pipeline, struct arena *arena, const char **location,
                                   const char **shown, struct spile_error *err);

const struct destination_ops *destination_by_scheme(const char *scheme); /* NULL: unknown */
const struct destination_ops *destination_at(size_t index);              /* NULL: beyond the end */

/* "duckdb:x", of a URL with SQLAlchemy's driver, too ("sqlite+pysqlite:///x"): what is behind the colon. NULL: it is for another destination. */
const char *destination_behind_scheme(const char *text, const char *scheme);

/* A setting of the destination under dlt's names ("create_indexes"): of its kind, as we call it or as dlt does, or of all kinds. NULL: not set. */
const char *destination_setting(const struct destination_ops *ops, const char *pipeline, const char *setting);

/* SPILE_CONFIG for a column type with a precision that the destination lacks. */
enum spile_status destination_check_type(const struct destination_ops *ops, const struct column_type *type, struct spile_error *err);

/* SPILE_CONFIG for a way of writing that the destination lacks. */
enum spile_status destination_check_write(const struct destination_ops *ops, const struct table_write *write, struct spile_error *err);

/* The stream's next batch, to be released by the caller; at the end its `release` is NULL. */
enum spile_status destination_next_batch(struct ArrowArrayStream *stream, struct ArrowArray *batch, struct spile_error *err);

/* Adds a text, which is in the arena already (NULL: memory is out). */
enum spile_status statements_add(struct statements *statements, const char *text, struct arena *arena, struct spile_error *err);

#endif
