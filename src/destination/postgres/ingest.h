/* Rows into a table by COPY. */
#ifndef POSTGRES_INGEST_H
#define POSTGRES_INGEST_H

#include "destination/postgres/session.h"

/* A column of a table as Postgres has it. A type that is a domain is the one below it: values come in that type's form. */
struct pg_column {
    const char *name, *type;
    bool nullable;
    uint32_t oid;
    int typmod;
};

struct pg_columns {
    struct pg_column *columns;
    size_t count;
};

/* Of some tables, at once: `tables` are in SQL. *found: as many, in the arena. */
enum spile_status pg_read_columns(struct pg_session *session, const char *const *tables, size_t count, struct arena *arena, struct pg_columns **found,
                                  struct spile_error *err);

/* `table`: in SQL. The stream stays the caller's. */
enum spile_status pg_ingest(struct pg_session *session, const char *table, const struct ingest *ingest, struct ArrowArrayStream *stream,
                            uint64_t *inserted, struct spile_error *err);

#endif
