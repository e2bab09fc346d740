#include "data/type.h"

#include <stddef.h>

#define PLACE(type) ((type) - TYPE_TEXT)

const char *const data_type_names[] = {
    [PLACE(TYPE_TEXT)] = "text", [PLACE(TYPE_DOUBLE)] = "double", [PLACE(TYPE_BOOL)] = "bool",
    [PLACE(TYPE_TIMESTAMP)] = "timestamp", [PLACE(TYPE_BIGINT)] = "bigint", [PLACE(TYPE_BINARY)] = "binary",
    [PLACE(TYPE_JSON)] = "json", [PLACE(TYPE_DECIMAL)] = "decimal", [PLACE(TYPE_WEI)] = "wei",
    [PLACE(TYPE_DATE)] = "date", [PLACE(TYPE_TIME)] = "time", [PLACE(TYPE_TIME) + 1] = NULL,
};

const char *data_type_name(enum data_type type)
{
    return type == TYPE_UNKNOWN ? "" : data_type_names[PLACE(type)];
}

enum data_type data_type_of(struct slice name)
{
    if (slice_equal(name, slice_of("complex")))
        return TYPE_JSON;
    for (size_t i = 0; data_type_names[i]; i++)
        if (slice_equal(name, slice_of(data_type_names[i])))
            return (enum data_type)(i + TYPE_TEXT);
    return TYPE_UNKNOWN;
}

int column_type_precision(const struct column_type *type)
{
    return type->precision >= 0 ? type->precision : DECIMAL_PRECISION_DEFAULT;
}

int column_type_scale(const struct column_type *type)
{
    if (type->scale >= 0)
        return type->scale;
    return type->type == TYPE_WEI ? 0 : DECIMAL_SCALE_DEFAULT;
}
