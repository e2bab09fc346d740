/* How a root table, and with it those below it, is written: what dlt calls write disposition, with its strategies (facts: reference/load.md 5). It is kept in
 * the schema, as hints of the root table and its columns. */
#ifndef SCHEMA_WRITE_H
#define SCHEMA_WRITE_H

#include "schema/schema.h"

enum write_disposition { WRITE_APPEND = 0, WRITE_REPLACE, WRITE_MERGE, WRITE_SKIP };
enum merge_strategy { MERGE_DEFAULT = 0, MERGE_DELETE_INSERT, MERGE_UPSERT, MERGE_INSERT_ONLY, MERGE_SCD2, MERGE_CDC };
enum replace_strategy { REPLACE_DEFAULT = 0, REPLACE_TRUNCATE_AND_INSERT, REPLACE_INSERT_FROM_STAGING, REPLACE_STAGING_OPTIMIZED };

struct table_write {
    enum write_disposition disposition;
    enum merge_strategy strategy;    /* of a merge */
    bool deduplicated;               /* rows of a load do not share a primary key */
    bool skip_unchanged;
    const char *source_filter, *destination_scope;           /* SQL; NULL: none */
    const char *valid_from, *valid_to, *row_version;         /* columns; NULL: dlt's names; row_version NULL: none */
    const char *active_timestamp, *boundary_timestamp;       /* ISO texts; NULL: none */
};

/* What the schema says of the root table. Texts belong to the schema. */
void table_write_read(struct table_write *out, const struct table *root);

/* Puts it into the schema as dlt does. False: out of memory. */
bool table_write_set(struct schema *schema, struct table *root, const struct table_write *write);

const char *merge_strategy_name(enum merge_strategy strategy); /* "delete-insert" */
bool merge_strategy_find(enum merge_strategy *out, const char *name);

/* Does the root table's row id follow from what is in the row (upsert, insert-only, cdc: from the primary key; scd2 without a version column of the
 * user's: from all of it)? */
enum row_identity { ROW_ID_OF_POSITION = 0, ROW_ID_OF_KEY, ROW_ID_OF_CONTENT };
enum row_identity table_row_identity(const struct table *root);

#endif
