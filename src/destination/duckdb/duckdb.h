/* The destination DuckDB: rows arrive as Arrow streams and are inserted with one INSERT ... SELECT per table. */
#ifndef DUCKDB_DUCKDB_H
#define DUCKDB_DUCKDB_H

#include "destination/destination.h"

extern const struct destination_ops duckdb_destination;

#endif
