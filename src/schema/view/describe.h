/* A schema as a text for people. */
#ifndef SCHEMA_DESCRIBE_H
#define SCHEMA_DESCRIBE_H

#include <stdbool.h>

#include <yyjson.h>

#include "base/text.h"

/* Adds a heading, the settings that a new schema would not have, and the tables with their columns, nested ones below their parents. The
 * document is a complete and valid stored schema. `with_dlt_tables`: also those that dlt keeps for itself. False: out of memory. */
bool schema_describe(yyjson_mut_val *root, bool with_dlt_tables, struct text *out);

#endif
