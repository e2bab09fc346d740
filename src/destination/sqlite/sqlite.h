/* The destination SQLite: a file for each dataset, as dlt has them, and rows that are bound straight from Arrow arrays. */
#ifndef SQLITE_SQLITE_H
#define SQLITE_SQLITE_H

#include "destination/destination.h"

extern const struct destination_ops sqlite_destination;

#endif
