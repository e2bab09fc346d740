/* Rows of a statement that a database gives one by one, as an Arrow stream of batches. */
#ifndef SQL_ANSWER_H
#define SQL_ANSWER_H

#include "data/column.h"
#include "destination/destination.h"

struct answer_column {
    const char *name;
    struct column_type type;
};

struct answer_ops {
    /* Puts the values of the next row into the columns; one that is not put is null. *more is false when there was no row left. */
    enum spile_status (*next)(void *source, struct column_builder *columns, uint32_t row, bool *more, struct spile_error *err);
    void (*end)(void *source); /* also frees it */
};

/* Takes over the source, also after a failure; what the columns point to is copied. */
enum spile_status answer_stream(struct ArrowArrayStream *out, const struct answer_ops *ops, void *source, const struct answer_column *columns, size_t count,
                                struct spile_error *err);

/* The remedy when a value does not fit the type that its column has had so far. */
enum spile_status answer_fail_value(const char *column, struct slice value, struct spile_error *err);

/* What keeps a query from changing something, as a remedy. */
#define ANSWER_READS_ONLY "a query only reads, and only the database: add --write (in a program: spile_execute())"

#endif
