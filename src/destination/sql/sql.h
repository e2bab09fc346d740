/* What the destinations that speak SQL share: the texts of statements. Names go into SQL through one function, values never do, and a text is a list of
 * statements from its birth: none is split or searched. What differs between databases is in `struct sql_dialect`, as data and a few functions.
 *
 * A database's struct begins with `struct sql_database`; its destination_ops take sql_alter and its kin as they are. */
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include "destination/destination.h"

/* Rows of a query, all cells as text; a NULL cell is NULL. In the caller's arena. */
struct sql_rows {
    size_t count, width;
    char **cells; /* row by row */
};

struct sql_database;

struct sql_dialect {
    const char *temporary;     /* schema of temporary tables: "temp", "pg_temp" */
    const char *text_type;     /* that numbers can be cast to: "VARCHAR" */
    const char *row_order;     /* a column that every table has, by which rows come as they were inserted: "rowid", "ctid" */
    bool finds_in_lists;       /* "a IN (SELECT b ...)" is a look-up, where EXISTS runs through the other table again for each row */
    bool updates_well;         /* UPDATE is no slower than DELETE and INSERT */
    bool adds_columns_at_once; /* ALTER TABLE takes several ADD COLUMN */
    bool adds_unique;          /* ALTER TABLE takes UNIQUE; else an index is what makes columns unique */
    bool index_names_dataset;  /* CREATE INDEX has the dataset before the index; else before its table */

    /* Runs one statement with $1, $2, ... for its values. `rows` (and then `arena`) may be NULL. */
    enum spile_status (*execute)(struct sql_database *database, const char *sql, const struct datum *values, size_t count, struct arena *arena,
                                 struct sql_rows *rows, struct spile_error *err);

    /* SQL that names the dataset beyond doubt: what stands before the dot and a table. NULL: out of memory. */
    const char *(*dataset_sql)(struct sql_database *database, const char *dataset, struct arena *arena);

    const char *(*type_name)(const struct column *column, struct arena *arena); /* in DDL */
    const char *(*staged_type)(const struct column *column, const char *there, struct arena *arena); /* likewise; `there`: what the column it goes to has,
                                                                                                         NULL: type_name's. NULL: always type_name's */
    const char *(*type_suffix)(const struct column *column); /* what follows it: storage hints; NULL: none */
    const char *(*sort_suffix)(const struct column *column); /* what follows a column in ORDER BY, for the order of its values; NULL: nothing */

    /* Before rows of a table (in SQL) are deleted whose keys may come again in this transaction. NULL: nothing. */
    enum spile_status (*before_removal)(struct sql_database *database, const char *table, struct spile_error *err);

    /* Between filling the staged tables and merging them, such as to gather statistics: `table` and what its rows are found by, in SQL, with commas. NULL:
     * nothing. */
    enum spile_status (*after_staging)(struct sql_database *database, const char *table, const char *keys, struct spile_error *err);
};

struct sql_database {
    struct destination base;
    const struct sql_dialect *dialect;
};

enum spile_status sql_alter(struct destination *destination, const char *dataset, const struct alteration *change, struct spile_error *err);
enum spile_status sql_describe(struct destination *destination, const char *dataset, const struct alteration *change, struct arena *arena,
                               struct statements *statements, struct spile_error *err);
enum spile_status sql_read_records(struct destination *destination, const char *dataset, const struct catalog *catalog,
                                   const struct record_query *query, struct arena *arena, struct records *records, struct spile_error *err);
enum spile_status sql_insert_row(struct destination *destination, const char *dataset, const char *table, const struct named_datum *values,
                                 size_t count, struct spile_error *err);
enum spile_status sql_merge(struct destination *destination, const struct merge *merge, struct spile_error *err);

/* Answers of a catalog. Of tables: rows of a kind ("table", "view", or "dataset": it is there) and a name; of columns: name, type, and "yes" for those that take
 * null. Both sort what they fill. */
enum spile_status sql_fill_catalog(struct catalog *catalog, const struct sql_rows *rows, struct arena *arena, struct spile_error *err);
enum spile_status sql_fill_columns(struct catalog_table *table, const struct sql_rows *rows, struct arena *arena, struct spile_error *err);

/* The one way of a name into SQL: in double quotes, which every database here takes. */
void sql_put_name(struct text *sql, const char *name);

/* A text of our own (a load id), in single quotes. What users give is bound. */
void sql_put_text(struct text *sql, const char *text);

/* The table that rows go to: of the dataset, or the staged one. In the arena; NULL: out of memory. */
const char *sql_table(struct sql_database *database, const char *dataset, const char *table, bool staged, struct arena *arena);

/* The dialect's, if it has one. `table` NULL: out of memory. */
enum spile_status sql_before_removal(struct sql_database *database, const char *table, struct spile_error *err);

const char *sql_ingest_table(struct sql_database *database, const struct ingest *ingest, struct arena *arena);

/* "INSERT INTO table (columns) " in the order of ingest->columns, for a database's own way of naming the values. In the arena; NULL: out of memory. */
const char *sql_insert_into(struct sql_database *database, const struct ingest *ingest, struct arena *arena);

/* Moves the text to the arena; NULL: out of memory. */
const char *sql_take(struct text *sql, struct arena *arena);

#endif
