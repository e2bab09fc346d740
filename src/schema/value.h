/* Values of a schema document: members, also made where they are missing, and how messages show them. */
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

static inline int value_int(yyjson_mut_val *object, const char *key, int fallback)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(object, key);

    return yyjson_mut_is_int(value) ? (int)yyjson_mut_get_sint(value) : fallback;
}

static inline bool value_bool(yyjson_mut_val *object, const char *key, bool fallback)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(object, key);

    return yyjson_mut_is_bool(value) ? yyjson_mut_get_bool(value) : fallback;
}

static inline bool value_is_text(yyjson_mut_val *object, const char *key, const char *want)
{
    return yyjson_mut_equals_str(yyjson_mut_obj_get(object, key), want);
}

#endif
