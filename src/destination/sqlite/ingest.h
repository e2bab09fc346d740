/* Rows into a table: one statement, prepared once, that runs for each of them. */
#ifndef SQLITE_INGEST_H
#define SQLITE_INGEST_H

#include "destination/sqlite/connection.h"

/* destination_ops's. */
enum spile_status sqlite_ingest(struct destination *destination, const struct ingest *ingest, struct ArrowArrayStream *stream, uint64_t *inserted,
                                struct spile_error *err);

#endif
