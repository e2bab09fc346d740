/* A value of a schema document in a message. */
#ifndef SCHEMA_VALUE_H
#define SCHEMA_VALUE_H

#include <yyjson.h>

#include "base/error.h"

#define VALUE_BYTES (SHORTEN_BYTES + 2)

/* A text in quotes and shortened, a number in digits, "true", "null"; of an object or a list that it is one. Returns `buffer`. */
const char *value_show(char buffer[VALUE_BYTES], yyjson_mut_val *value);

#endif
