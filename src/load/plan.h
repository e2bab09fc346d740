/* What has to change in the database so that a load fits, and the SQL texts of a load. plan_make compares only: it runs no statement.
 * Names go into SQL through one function, values never do. */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include "load/commit.h"

struct plan {
    const char **statements; /* in the arena */
    size_t statement_count;
};

/* Columns of those tables that plan_make is going to look at. */
enum spile_status plan_read_columns(const struct load_target *target, const struct load_job *job, const struct catalog *catalog,
                                    struct arena *arena, struct spile_error *err);

/* New dataset, tables and columns; fills job->changes. SPILE_DESTINATION when a table of a wanted name is of other types or a view. */
enum spile_status plan_make(struct plan *plan, const struct load_target *target, struct load_job *job, const struct catalog *catalog,
                            bool with_state, struct arena *arena, struct spile_error *err);

/* All in the arena; NULL: out of memory. `dataset` is what the destination calls it in SQL (dataset_sql). */
const char *sql_select_state(const char *dataset, struct arena *arena);  /* $1 pipeline */
const char *sql_select_schema(const char *dataset, struct arena *arena); /* $1 schema name -> schema, hash */
const char *sql_select_version(const char *dataset, struct arena *arena); /* $1 schema name, $2 number or begin of the hash -> schema */
const char *sql_select_load(const char *dataset, struct arena *arena);   /* $1 load id */
const char *sql_insert_version(const char *dataset, struct arena *arena);
const char *sql_insert_state(const char *dataset, struct arena *arena);
const char *sql_insert_load(const char *dataset, struct arena *arena);
const char *sql_drop_table(const char *dataset, const char *table, struct arena *arena);
const char *sql_delete_versions(const char *dataset, struct arena *arena); /* $1 schema name */
const char *sql_delete_all(const char *dataset, const char *table, struct arena *arena);
const char *sql_insert_stream(const char *dataset, const struct package_table *entry, const char *load_id, struct arena *arena);

#endif
