/* Joins record batches into larger ones with the same columns throughout: columns that a batch lacks become nulls. A database takes few
 * large batches much faster than many small ones, and wants every batch to look alike. */
#ifndef DATA_GATHER_H
#define DATA_GATHER_H

#include <nanoarrow/nanoarrow.h>

#include "data/column.h"

struct gather {
    struct column_builder *columns;
    size_t count;
    uint32_t rows;
    size_t bytes;
};

bool gather_init(struct gather *gather, size_t count);
void gather_release(struct gather *gather); /* a zeroed one is allowed */

/* Adds `rows` rows, from `from` on, of a struct array whose children have the builders' types. source[i]: the child for column i, or -1. False:
 * out of memory, or a column of text would pass 2 GiB; the rows are then half added and the gather is good for release only. */
bool gather_add(struct gather *gather, const struct ArrowArray *batch, uint32_t from, uint32_t rows, const int64_t *source);

/* Moves what is there into an array that owns it; the gather is empty then. False: out of memory. */
bool gather_take(struct gather *gather, struct ArrowArray *out);

#endif
