#include "destination/sqlite/sqlite.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "destination/sqlite/connection.h"
#include "destination/sqlite/ingest.h"
#include "destination/sqlite/merge.h"
#include "destination/sqlite/query.h"
#include "destination/sqlite/tables.h"
#include "destination/sqlite/types.h"

#define BATCH_ROWS 16384u /* rows are bound one by one: a batch need only be large against what it costs to ask for it */

/* ---- dialect -------------------------------------------------------------------------------------------------------------------- */

static const char *sqlite_dataset_sql(struct sql_database *database, const char *dataset, struct arena *arena)
{
    (void)database, (void)dataset, (void)arena;
    return "main"; /* to a connection, whose file is the dataset */
}

/* Values have to get through it as they would get into the table: so it has its affinities, by which SQLite changes values, and uses an index or not. */
static const char *sqlite_staged_type(const struct column *column, const char *there, struct arena *arena)
{
    const char *type = there ? there : sqlite_type_name(column, arena);

    return type ? affinity_type(affinity_of(type)) : NULL;
}

/* Decimals are texts. */
static const char *sqlite_sort_suffix(const struct column *column)
{
    return column->type.type == TYPE_DECIMAL || column->type.type == TYPE_WEI ? " COLLATE " DECIMAL_COLLATION : "";
}

static const struct sql_dialect sqlite_dialect = {
    .temporary = "temp",
    .text_type = "TEXT",
    .finds_in_lists = true,
    .row_order = "_rowid_", /* the least likely of its names to be that of a column */
    .updates_well = true,
    .index_names_dataset = true,
    .execute = connection_execute,
    .dataset_sql = sqlite_dataset_sql,
    .type_name = sqlite_type_name,
    .staged_type = sqlite_staged_type,
    .sort_suffix = sqlite_sort_suffix,
};

/* ---- open and close ------------------------------------------------------------------------------------------------------------- */

static enum spile_status sqlite_locate(char *path, char *version, size_t size, struct spile_error *err)
{
    char real[PATH_MAX];
    Dl_info info;

    (void)err;
    snprintf(version, size, "%s", sqlite3_libversion());
    *path = '\0';
    if (dladdr((void *)(uintptr_t)sqlite3_libversion, &info) && info.dli_fname)
        snprintf(path, size, "%s", realpath(info.dli_fname, real) ? real : info.dli_fname);
    return SPILE_OK;
}

static enum spile_status sqlite_close(struct destination *destination, struct spile_error *err)
{
    struct sqlite_database *d = (struct sqlite_database *)destination;

    (void)err;
    if (!d)
        return SPILE_OK;
    connection_close(d);
    pthread_mutex_destroy(&d->lock);
    free(d->location);
    free(d);
    return SPILE_OK;
}

/* Which file it is about depends on the dataset: it is opened when one is named. */
static enum spile_status sqlite_open(struct destination **out, const struct destination_options *options, struct spile_error *err)
{
    struct sqlite_database *d = calloc(1, sizeof(*d));

    *out = NULL;
    if (!d || !(d->location = strdup(options->location))) {
        free(d);
        return spile_fail_nomem(err);
    }
    d->sql = (struct sql_database){ .base.ops = &sqlite_destination, .dialect = &sqlite_dialect };
    d->max_memory = options->max_memory;
    d->read_only = options->read_only;
    pthread_mutex_init(&d->lock, NULL);
    *out = &d->sql.base;
    return SPILE_OK;
}

static void sqlite_interrupt(struct destination *destination)
{
    struct sqlite_database *d = (struct sqlite_database *)destination;

    atomic_store(&d->interrupted, true);
    pthread_mutex_lock(&d->lock);
    if (d->connection)
        sqlite3_interrupt(d->connection);
    pthread_mutex_unlock(&d->lock);
}

/* ---- transactions --------------------------------------------------------------------------------------------------------------- */

/* One program at a time writes to a file: its lock is the lease. A second one waits for a few seconds, and fails as one that may try again; who has the lock,
 * a run or any other program, SQLite doesn't know. */
static enum spile_status sqlite_begin(struct destination *destination, const char *dataset, const char *lease, struct spile_error *err)
{
    (void)lease;
    return connection_begin((struct sqlite_database *)destination, dataset, err);
}

static enum spile_status sqlite_commit(struct destination *destination, struct spile_error *err)
{
    return connection_commit((struct sqlite_database *)destination, err);
}

static enum spile_status sqlite_rollback(struct destination *destination)
{
    return connection_rollback((struct sqlite_database *)destination);
}

/* ---- dataset -------------------------------------------------------------------------------------------------------------------- */

static enum spile_status sqlite_read_records(struct destination *destination, const char *dataset, const struct catalog *catalog,
                                             const struct record_query *query, struct arena *arena, struct records *records,
                                             struct spile_error *err)
{
    enum spile_status status = connection_use((struct sqlite_database *)destination, dataset, false, err);

    return status ? status : sql_read_records(destination, dataset, catalog, query, arena, records, err);
}

/* A dataset is a file, and made with the first table. */
static enum spile_status sqlite_alter(struct destination *destination, const char *dataset, const struct alteration *change, struct spile_error *err)
{
    return change->kind == ALTER_CREATE_DATASET ? SPILE_OK : sql_alter(destination, dataset, change, err);
}

static enum spile_status sqlite_describe(struct destination *destination, const char *dataset, const struct alteration *change, struct arena *arena,
                                         struct statements *statements, struct spile_error *err)
{
    return change->kind == ALTER_CREATE_DATASET ? SPILE_OK : sql_describe(destination, dataset, change, arena, statements, err);
}

static const char *const extensions[] = { ".db", ".sqlite", ".sqlite3", NULL };

const struct destination_ops sqlite_destination = {
    .scheme = "sqlite",
    .summary = "a SQLite file: x.db, sqlite:PATH, sqlite:///PATH",
    .extensions = extensions,
    .caps = { .dlt_type = "dlt.destinations.sqlalchemy", .default_dataset = MAIN_DATASET, .name_length_max = 9999, .names_fold = true, .has_path = true,
              .batch_rows = BATCH_ROWS, .decimal_digits_max = 38, .columns_max = 2000,
              .unique = UNIQUE_ASKED,
              .replaces = 1u << REPLACE_TRUNCATE_AND_INSERT | 1u << REPLACE_INSERT_FROM_STAGING,
              .merges = 1u << MERGE_DELETE_INSERT | 1u << MERGE_UPSERT | 1u << MERGE_INSERT_ONLY | 1u << MERGE_SCD2 | 1u << MERGE_CDC },
    .locate = sqlite_locate,
    .file_of = sqlite_dataset_path,
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .read_catalog = sqlite_read_catalog,
    .read_columns = sqlite_read_columns,
    .type_name = sqlite_type_name,
    .type_fits = sqlite_type_fits,
    .read_records = sqlite_read_records,
    .alter = sqlite_alter,
    .describe = sqlite_describe,
    .ingest = sqlite_ingest,
    .merge = sqlite_merge,
    .insert_row = sql_insert_row,
    .query = sqlite_query,
    .interrupt = sqlite_interrupt,
};
