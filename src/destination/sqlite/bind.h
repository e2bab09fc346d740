/* Values of Arrow arrays as parameters of a statement. */
#ifndef SQLITE_BIND_H
#define SQLITE_BIND_H

#include <nanoarrow/nanoarrow.h>
#include <sqlite3.h>

#include "destination/destination.h"
#include "destination/sqlite/types.h"

#define BIND_REFUSED (-1) /* the column would not keep the value; all other results are SQLite's codes */

/* A column of the rows, and where the values of a batch are. Those that need a text get it in `text`: it must last until the statement has run. */
struct bound_column {
    const struct ingest_column *ingest;
    int (*bind)(sqlite3_stmt *statement, struct bound_column *column, int64_t at);
    int index; /* of the parameter, from 1 */
    int scale;
    const uint8_t *validity; /* bits; NULL: no nulls */
    const void *values;      /* of fixed width, or where texts begin in the heap */
    const char *heap;
    int64_t offset;          /* of the batch's first row in all of them */
    const char *there;       /* type of the table's column, */
    enum affinity affinity;
    char text[64];
};

_Static_assert(DECIMAL_CHARS <= 64 && TIMESTAMP_CHARS <= 64 && DOUBLE_CHARS <= 64, "texts of values fit");

/* Chooses how, by the type of the data and the table's. */
void bind_choose(struct bound_column *column);

/* Looks at a batch's column from now on; `array` and the struct around it may begin at an offset. False: it has not the buffers that its type needs. */
bool bind_look_at(struct bound_column *column, const struct ArrowArray *array, int64_t offset);

/* A null, or the value that stands for it. */
int bind_otherwise(sqlite3_stmt *statement, const struct bound_column *column);

static inline int bind_row(sqlite3_stmt *statement, struct bound_column *column, int64_t row)
{
    row += column->offset;
    if (column->validity && !(column->validity[row / 8] >> (row % 8) & 1))
        return bind_otherwise(statement, column);
    return column->bind(statement, column, row);
}

/* Of a value that was refused: which, and what to do. */
enum spile_status bind_fail(const struct bound_column *column, int64_t row, struct spile_error *err);

#endif
