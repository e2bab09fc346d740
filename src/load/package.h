/* A load package: what is to be loaded, as files in a folder of its own.
 *
 *   <pipeline's work folder>/packages/<load id>/
 *       <tag>.arrows     rows of a table: Arrow IPC streams (data/batch.h)
 *       manifest.json    written last: without it the package does not exist
 *
 * A package whose source can be read again is neither synced nor kept: after a crash the source is read again. One whose source is gone
 * (standard input) is made durable before loading begins, and the next run loads it. */
#ifndef LOAD_PACKAGE_H
#define LOAD_PACKAGE_H

#include <stdatomic.h>

#include "schema/table_batch.h"

struct package_table {
    struct table *table;
    char *file;           /* name within the folder */
    uint64_t rows, bytes;
    uint64_t file_bytes;  /* of the file as it is: what is repeated in the batches is in it once */
    int64_t created, modified; /* when the file was, in microseconds since 1970; 0: in an earlier run, or there is no file */
    uint8_t *has_column;  /* by index of the table's columns: has any of its rows a value? */
    uint32_t column_count;
    uint8_t *schema_message; /* the last one in the file: repeated only when it changes */
    size_t schema_length;
};

struct package {
    char *folder;
    char load_id[65];
    struct schema *schema; /* borrowed */
    struct package_table **tables; /* in the order of their first rows */
    uint32_t table_count, table_capacity;
    uint32_t by_table_count;
    struct package_table **by_table; /* by index of the table in the schema */
    uint32_t *replaced;    /* indexes of root tables that this load replaces */
    uint32_t replaced_count;
    uint32_t *complete;    /* indexes of root tables of which this load has all rows there are: what is absent goes (cdc) */
    uint32_t complete_count;
    uint64_t rows;
    char *sources;         /* JSON of what the sources keep from now on, part of the pipeline's state; NULL: as it is */
    char **dropped;        /* tables that are dropped before: names */
    uint32_t dropped_count;
    char *base_sources_hash; /* of the sources that this was made from; with `sources` only */
};

/* Makes the folder, empty. `load_id` has been checked (load_id_is_valid). */
enum spile_status package_create(struct package *package, const char *packages_folder, const char *load_id, struct schema *schema,
                                 struct spile_error *err);

/* Adds a batch at the end of its table; takes it. Batches come in order, by one thread at a time. */
enum spile_status package_put(struct package *package, struct table_batch *batch, struct spile_error *err);

/* The table's columns from the index on have one less, and the last one is what that was. False: out of memory. */
bool package_move_last(struct package_table *entry, uint32_t index);

/* Have rows of the table come, or of any table that shares its root? */
bool package_has_table(const struct package *package, const struct table *table);
bool package_has_root(const struct package *package, const struct table *table);

/* The root table and those below it are to be emptied before the rows come. */
enum spile_status package_replace(struct package *package, const struct table *table, struct spile_error *err);
bool package_replaces(const struct package *package, const struct table *table);

/* The rows that come, be it none, are all that the root table is to have. */
enum spile_status package_complete(struct package *package, const struct table *root, struct spile_error *err);
bool package_is_complete(const struct package *package, const struct table *root);

/* Would a load of it change nothing? */
bool package_is_empty(const struct package *package);

/* A table of the dataset is dropped before all else, and what the dataset has of older versions of the schema. The name is copied. */
enum spile_status package_drop(struct package *package, const char *table, struct spile_error *err);

/* The state moves with this load. Both texts are copied. */
enum spile_status package_set_sources(struct package *package, const char *sources, const char *base_sources_hash, struct spile_error *err);

/* Writes the manifest. `durable`: files, manifest and folders are synced. */
enum spile_status package_seal(struct package *package, const char *base_hash, bool durable, struct spile_error *err);

/* Opens a package that an earlier run left, with the schema that its manifest holds (to be freed by the caller). *found is false when the
 * folder has no manifest. */
enum spile_status package_open(struct package *package, struct schema **schema, char **base_hash, const char *packages_folder,
                               const char *load_id, bool *found, struct spile_error *err);

/* Does the folder hold a complete package whose source is gone? */
enum spile_status package_is_pending(const char *packages_folder, const char *load_id, bool *pending, struct spile_error *err);

/* Rows of a table as a stream with the columns that have values, in the table's order, `_dlt_load_id` of a root table only where rows bring one, in batches of
 * about `bytes_max` at most. The package, `progress` (may be NULL; raised by the rows given) and `failure` must outlive the stream. After a failure
 * there is no stream to release. `failure`, zeroed, gets what goes wrong later, in the hands of a database that has no words for it. */
enum spile_status package_stream(const struct package *package, const struct package_table *table, uint32_t rows_max, size_t bytes_max,
                                 struct ArrowArrayStream *stream, _Atomic uint64_t *progress, struct spile_error *failure,
                                 struct spile_error *err);

/* Is the column part of that stream? */
bool package_has_column(const struct package_table *table, const struct column *column);

enum spile_status package_remove(struct package *package, struct spile_error *err);
enum spile_status package_discard(const char *packages_folder, const char *load_id, struct spile_error *err); /* fine when it is not there */
void package_release(struct package *package);

/* Letters, digits, ".", "_", "-"; 1 to 64 of them, no leading dot. */
bool load_id_is_valid(const char *load_id);

#endif
