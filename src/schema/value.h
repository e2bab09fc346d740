/* Values of a schema document: in messages, and members made where they are missing. */
#ifndef SCHEMA_VALUE_H
#define SCHEMA_VALUE_H

#include <yyjson.h>

#include "base/error.h"
#include "base/text.h"

#define VALUE_BYTES (SHORTEN_BYTES + 2)

/* A text in quotes and shortened, a number in digits, "true", "null"; of an object or a list that it is one. Returns `buffer`. */
const char *value_show(char buffer[VALUE_BYTES], yyjson_mut_val *value);

/* The member, an object; made when it is not there or of another kind. NULL: out of memory, or `object` is none. */
yyjson_mut_val *value_object_at(yyjson_mut_doc *doc, yyjson_mut_val *object, struct slice key);

#endif
