/* dlt's types in Postgres' words, as format_type() gives them. */
#ifndef POSTGRES_TYPES_H
#define POSTGRES_TYPES_H

#include "schema/schema.h"

#define PG_TIME_DIGITS 6 /* of a second, at most */

const char *pg_type_name(const struct column *column, struct arena *arena);

/* Takes such a column all values, or refuses those that it can't hold, which copy.h finds? What would be rounded does not fit. */
bool pg_type_fits(const struct column *column, const char *type_name, const char *there);
bool pg_type_compares(const char *there);

#endif
