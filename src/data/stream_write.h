/* Writers of streams, between stream_write.c and its helpers. */
#ifndef DATA_STREAM_WRITE_H
#define DATA_STREAM_WRITE_H

#include "data/cell.h"

/* Where bytes go: what has gathered is handed over a piece at a time. */
struct sink {
    enum spile_status (*write)(void *user, const void *bytes, size_t length, struct spile_error *err);
    void *user;
    struct text pending;
};
enum spile_status sink_flush(struct sink *sink, struct spile_error *err);
enum spile_status sink_ease(struct sink *sink, struct spile_error *err); /* when there is enough to be worth it */

/* A batch to be written: rows of a struct array whose children have these types. */
struct stream_batch {
    const struct cell_type *types;
    size_t columns;
    const struct ArrowArrayView *view;
    int64_t rows;
};

/* stream_table.c: a table for people. */
struct stream_table;
enum spile_status stream_table_new(struct stream_table **out, const struct cell_type *types, size_t columns, unsigned width, struct spile_error *err);
enum spile_status stream_table_add(struct stream_table *table, const struct stream_batch *batch, struct sink *sink, struct spile_error *err);
enum spile_status stream_table_end(struct stream_table *table, struct sink *sink, struct spile_error *err);
void stream_table_free(struct stream_table *table); /* NULL is allowed */

/* stream_ipc.c: Arrow's file format, or its stream format. */
struct stream_ipc;
enum spile_status stream_ipc_new(struct stream_ipc **out, const struct ArrowSchema *schema, bool file, struct sink *sink, struct spile_error *err);
enum spile_status stream_ipc_add(struct stream_ipc *ipc, struct ArrowArray *array, struct sink *sink, struct spile_error *err); /* takes it */
enum spile_status stream_ipc_end(struct stream_ipc *ipc, struct sink *sink, struct spile_error *err);
void stream_ipc_free(struct stream_ipc *ipc); /* NULL is allowed */

#endif
