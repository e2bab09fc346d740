/* Rows of one table, encoded: what normalize makes and a load package takes. */
#ifndef SCHEMA_TABLE_BATCH_H
#define SCHEMA_TABLE_BATCH_H

#include "data/batch.h"
#include "schema/schema.h"

struct table_batch {
    struct table *table;
    uint32_t rows;
    uint32_t *columns; /* which of the table's, by index, ascending; malloc */
    uint32_t column_count;
    struct batch_bytes bytes; /* malloc */
};

void table_batch_release(struct table_batch *batch);

#endif
