/* How a root table, and with it those below it, is written: what dlt calls write disposition, with its strategies (facts: reference/load.md 5). It is kept in
 * the schema, as hints of the root table and its columns; as in dlt nothing of it is removed when the table is written in another way. */
#ifndef SCHEMA_WRITE_H
#define SCHEMA_WRITE_H

#include "schema/schema.h"

enum write_disposition { WRITE_APPEND = 0, WRITE_REPLACE, WRITE_MERGE, WRITE_SKIP };
enum merge_strategy { MERGE_DEFAULT = 0, MERGE_DELETE_INSERT, MERGE_UPSERT, MERGE_INSERT_ONLY, MERGE_SCD2, MERGE_CDC };
enum replace_strategy { REPLACE_DEFAULT = 0, REPLACE_TRUNCATE_AND_INSERT, REPLACE_INSERT_FROM_STAGING, REPLACE_STAGING_OPTIMIZED };

#define DLT_VALID_FROM "_dlt_valid_from"
#define DLT_VALID_TO "_dlt_valid_to"

struct table_write {
    enum write_disposition disposition;
    enum merge_strategy strategy;    /* of a merge; MERGE_DEFAULT: nobody has said, it is delete-insert */
    bool deduplicated;               /* rows of a load do not share a primary key */
    bool skip_unchanged;
    const char *source_filter, *destination_scope;           /* SQL; NULL: none */
    const char *valid_from, *valid_to, *row_version;         /* columns; as said: NULL for dlt's names, which are there when it was read; row_version NULL: none */
    const char *active_timestamp, *boundary_timestamp;       /* texts that timestamp_read() takes; NULL: none; boundary_timestamp "" as said: none from now on */
};

/* What a caller says; `merge` counts with SPILE_MERGE only. The texts are the caller's. */
struct table_write table_write_of(enum spile_write write, const struct spile_merge *merge);

/* Is it in itself as it should be: options that the strategy takes, conditions and timestamps that can be read? SPILE_USAGE with what is not. */
enum spile_status table_write_check(const struct table_write *write, struct spile_error *err);

/* Can the table (NULL: it is not there yet) be written so: does it have the keys, and room for the columns of scd2, as far as the schema tells? Hints of the
 * run are in the schema by now. SPILE_USAGE, SPILE_CONFIG or SPILE_CONTRACT with the remedy; `name` is the table's. */
enum spile_status table_write_fits(const struct schema *schema, const struct table *table, const char *name, const struct table_write *write,
                                   struct spile_error *err);

/* Puts it into the schema as dlt does: hints of the table, and of scd2 and row versions the columns, whose names are normalized. False: out of memory. */
bool table_write_set(struct schema *schema, struct table *root, const struct table_write *write);

/* What the schema says of the root table. Texts belong to the schema and are terminated. */
void table_write_read(struct table_write *out, const struct table *root);

const char *write_disposition_name(enum write_disposition disposition);
const char *merge_strategy_name(enum merge_strategy strategy); /* "delete-insert"; NULL: MERGE_DEFAULT */
bool merge_strategy_find(enum merge_strategy *out, const char *name);

/* Does a load without rows change the table, since what comes is all there is? */
static inline bool table_write_is_complete(const struct table_write *write)
{
    return write->disposition == WRITE_MERGE && write->strategy == MERGE_CDC;
}

/* Does the root table's row id follow from what is in the row (upsert, insert-only, cdc: from the primary key; scd2 without a version column of the
 * user's: from all of it)? */
enum row_identity { ROW_ID_OF_POSITION = 0, ROW_ID_OF_KEY, ROW_ID_OF_CONTENT };
enum row_identity table_row_identity(const struct table *root);

#endif
