/* What the statements of a merge are made of: whose rows, found by which keys. Private to the files of a merge: merge.c, staged.c. */
#ifndef SQL_MERGER_H
#define SQL_MERGER_H

#include "destination/sql/sql.h"

/* What rows are called. No column of the data has such a name: a row of the name of a column would be taken for what is in that. */
#define TARGET "_dlt_d"
#define STAGED "_dlt_s"
#define PARENT "_dlt_p"
#define NESTED "_dlt_n"

struct merger {
    struct sql_database *database;
    const struct merge *merge;
    struct arena arena;
    const char **tables, **staged; /* in SQL, by index of the merge's tables */
    const char *target;          /* what conditions call the root table: an alias, or its name where the user's SQL may call it that */
    const char *target_as;       /* behind the root table in DELETE and UPDATE */
    const char *gone;
    struct datum values[2]; /* boundary, active */
};

/* What rows below it have as their parent's id, whatever else tells its rows apart. */
const struct column *merger_id_of(const struct merge *merge, size_t index);

/* `qualifier` is an alias or a table in SQL; NULL: none. */
void merger_put_column(struct text *sql, const char *qualifier, const struct column *column);
void merger_put_columns(struct text *sql, const struct merge_table *table, const struct merge *merge); /* those that staged rows have */
void merger_put_key_list(struct text *sql, const char *qualifier, const struct column *const *keys, size_t count);

/* The keys of a row called `one` are those of a row called `other`. */
void merger_put_equal(struct text *sql, const char *one, const struct column *const *keys, const char *other, const struct column *const *other_keys,
                      size_t count);

/* Rows that a statement is about, and those of a table by which it chooses. */
struct match {
    const char *row;   /* what its row is called */
    const struct column *const *row_keys;
    const char *table; /* SQL */
    const char *other; /* what a row there is called */
    const struct column *const *other_keys;
    size_t count;
    const char *also;  /* a condition on that one; NULL: none */
};

/* Is there such a row, or none? */
void merger_put_match(const struct merger *m, struct text *sql, const struct match *match, bool has);

/* The user's SQL, with its names for the tables: {table}, {staging_table}; {{ and }} are braces. */
void merger_put_condition(const struct merger *m, struct text *sql, const char *condition);

/* Which staged rows say that theirs is deleted: a bool that is true, anything else that is not null. */
void merger_put_deleted(struct text *sql, const struct column *column, bool deleted);

/* Runs the statement, and releases its text. $1, $2: the first of the merger's values. */
enum spile_status merger_run(struct merger *m, struct text *sql, struct spile_error *err);
enum spile_status merger_run_values(struct merger *m, struct text *sql, size_t values, struct spile_error *err);

#endif
