/* The load: one transaction of a destination that takes a package, the schema and the bookkeeping, or nothing.
 *
 *   begin -> is this load id there already? -> fence: is the schema still the one we began with? -> tables and columns -> rows, counted
 *   against the manifest -> _dlt_version, _dlt_pipeline_state, _dlt_loads -> commit */
#ifndef LOAD_COMMIT_H
#define LOAD_COMMIT_H

#include "destination/destination.h"
#include "load/package.h"
#include "load/state.h"

/* What the dataset says about a pipeline. All in the caller's arena. */
struct stored {
    const char *state;          /* newest state (encoded), NULL: none */
    const char *schema_name;    /* the pipeline's default schema */
    const char *schema;         /* newest schema of that name, NULL: none */
    const char *schema_hash;    /* "" when there is none */
    bool has_load;              /* the load id is booked */
    struct catalog catalog;
};

/* Who loads where. */
struct load_target {
    const struct destination_ops *ops;
    struct destination *destination;
    const char *pipeline, *dataset;
};

/* `schema_name` NULL: the pipeline's default schema as its state names it, or dlt's rule. */
enum spile_status load_read_stored(const struct load_target *target, const char *schema_name, const char *load_id, struct arena *arena,
                                   struct stored *stored, struct spile_error *err);

/* What a load did to a table. */
struct table_change {
    struct table *table;
    bool created;
    const char **new_columns; /* caller's arena */
    size_t new_column_count;
    int64_t began, ended;     /* when its rows were handed over, in microseconds since 1970; 0: it has none */
};

#define BOOKKEEPING_TABLES ((size_t)3)

/* Tables that something was done to. In the arena. */
struct table_names {
    const char **names;
    size_t count;
};

struct load_job {
    struct package *package;
    struct schema *schema;
    const char *base_hash;       /* of the schema that the package was made against; "": none */
    enum replace_strategy replace_strategy;
    bool unique;                 /* columns with the hint are held to it */
    bool schema_only;            /* nothing is loaded or booked but the schema; the package is empty */
    const _Atomic bool *cancelled;
    _Atomic uint64_t *progress;  /* rows handed over; may be NULL */
    size_t batch_bytes_max;      /* of a batch given to the destination */
    /* set by load_commit: */
    _Atomic bool committing;     /* from here on an interruption would come too late */
    bool already_loaded;
    bool outdated;               /* it failed since the dataset has another schema than the package was made against */
    struct table_change *changes; /* in the arena, by table of the package */
    size_t change_count;
    struct table_change bookkeeping[BOOKKEEPING_TABLES]; /* to dlt's own tables; without a table: it was not looked at */
    struct table_names dropped, emptied;                 /* those that were there */
};

/* An earlier schema of that name: `version` is its number, or how its hash begins. In the arena; *schema is NULL when there is none. */
enum spile_status load_read_version(const struct load_target *target, const char *schema_name, const char *version, const struct catalog *catalog,
                                    struct arena *arena, const char **schema, struct spile_error *err);

/* What a load would have to change in the database: statements of DDL, in their order; fills job->changes. Columns of the job's tables are to be
 * read first: only that looks at the database. */
struct plan;
enum spile_status load_read_columns(const struct load_target *target, const struct load_job *job, const struct stored *stored, struct arena *arena,
                                    struct spile_error *err);
enum spile_status load_plan(const struct load_target *target, struct load_job *job, const struct stored *stored, struct plan *plan,
                            struct arena *arena, struct spile_error *err);

/* Loads and commits. After a failure nothing has changed. */
enum spile_status load_commit(const struct load_target *target, struct load_job *job, struct arena *arena, struct spile_error *err);

#endif
