#include "data/type.h"

#include <stddef.h>

static const char *const names[] = {
    [TYPE_UNKNOWN] = "",  [TYPE_TEXT] = "text",     [TYPE_DOUBLE] = "double", [TYPE_BOOL] = "bool",
    [TYPE_TIMESTAMP] = "timestamp", [TYPE_BIGINT] = "bigint", [TYPE_BINARY] = "binary", [TYPE_JSON] = "json",
    [TYPE_DECIMAL] = "decimal", [TYPE_WEI] = "wei", [TYPE_DATE] = "date", [TYPE_TIME] = "time",
};

const char *data_type_name(enum data_type type)
{
    return names[type];
}

enum data_type data_type_of(struct slice name)
{
    if (slice_equal(name, slice_of("complex")))
        return TYPE_JSON;
    for (size_t i = TYPE_TEXT; i < sizeof(names) / sizeof(*names); i++)
        if (slice_equal(name, slice_of(names[i])))
            return (enum data_type)i;
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
