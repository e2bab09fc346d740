/* DuckDB counts nanoseconds of a TIMESTAMP_NS in 64 bits: it holds the years 1677 to 2262, where our timestamps go from 1 to 9999. DuckDB itself would tell
 * neither column nor value. */
#ifndef DESTINATION_DUCKDB_NANOSECONDS_H
#define DESTINATION_DUCKDB_NANOSECONDS_H

#include "destination/destination.h"

bool nanoseconds_type(const struct column_type *type);

/* Does the stream fill such columns? */
bool nanoseconds_any(const struct ingest *ingest);

/* Do they hold what is in the batch? `rows`: that came before it. */
enum spile_status nanoseconds_check(const struct ingest *ingest, const struct ArrowArray *batch, uint64_t rows, struct spile_error *err);

#endif
