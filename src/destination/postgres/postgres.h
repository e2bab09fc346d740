/* The destination Postgres: rows arrive as Arrow streams and go in by COPY. */
#ifndef POSTGRES_POSTGRES_H
#define POSTGRES_POSTGRES_H

#include "destination/destination.h"

extern const struct destination_ops postgres_destination;

#endif
