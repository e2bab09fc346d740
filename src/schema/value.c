#include "schema/value.h"

#include <inttypes.h>
#include <stdio.h>

#include "data/json_text.h"

static void show_number(char buffer[VALUE_BYTES], yyjson_mut_val *value)
{
    if (yyjson_mut_is_uint(value))
        snprintf(buffer, VALUE_BYTES, "%" PRIu64, yyjson_mut_get_uint(value));
    else if (yyjson_mut_is_sint(value))
        snprintf(buffer, VALUE_BYTES, "%" PRId64, yyjson_mut_get_sint(value));
    else
        snprintf(buffer, VALUE_BYTES, "%.17g", yyjson_mut_get_real(value));
}

const char *value_show(char buffer[VALUE_BYTES], yyjson_mut_val *value)
{
    char extract[SHORTEN_BYTES];

    switch (yyjson_mut_get_type(value)) {
    case YYJSON_TYPE_STR:
        snprintf(buffer, VALUE_BYTES, "\"%s\"", shorten(extract, yyjson_mut_get_str(value), yyjson_mut_get_len(value)));
        break;
    case YYJSON_TYPE_RAW: /* a number with more digits than fit */
        snprintf(buffer, VALUE_BYTES, "%s", shorten(extract, yyjson_mut_get_raw(value), yyjson_mut_get_len(value)));
        break;
    case YYJSON_TYPE_NUM:
        show_number(buffer, value);
        break;
    case YYJSON_TYPE_BOOL:
        snprintf(buffer, VALUE_BYTES, "%s", yyjson_mut_get_bool(value) ? "true" : "false");
        break;
    case YYJSON_TYPE_OBJ:
        snprintf(buffer, VALUE_BYTES, "an object");
        break;
    case YYJSON_TYPE_ARR:
        snprintf(buffer, VALUE_BYTES, "a list");
        break;
    default:
        snprintf(buffer, VALUE_BYTES, "null");
    }
    return buffer;
}

yyjson_mut_val *value_object_at(yyjson_mut_doc *doc, yyjson_mut_val *object, struct slice key)
{
    yyjson_mut_val *member = yyjson_mut_obj_getn(object, key.text, key.length), *name;

    if (yyjson_mut_is_obj(member))
        return member;
    name = yyjson_mut_strncpy(doc, key.text, key.length);
    member = yyjson_mut_obj(doc);
    return name && member && json_put(object, name, member) ? member : NULL;
}
