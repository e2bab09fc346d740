/* dlt's data types and the type of a column as a destination sees it. */
#ifndef DATA_TYPE_H
#define DATA_TYPE_H

#include <stdbool.h>

#include "base/text.h"

enum data_type {
    TYPE_UNKNOWN, /* declared without a type: the column does not exist yet */
    TYPE_TEXT,
    TYPE_DOUBLE,
    TYPE_BOOL,
    TYPE_TIMESTAMP,
    TYPE_BIGINT,
    TYPE_BINARY,
    TYPE_JSON,
    TYPE_DECIMAL,
    TYPE_WEI,
    TYPE_DATE,
    TYPE_TIME
};

#define DECIMAL_PRECISION_DEFAULT 38
#define DECIMAL_SCALE_DEFAULT 9

/* A type with its parameters; precision and scale are -1 where the schema gives none. */
struct column_type {
    enum data_type type;
    int precision, scale;
    bool timezone; /* of a timestamp */
};

/* The names of all types, with a NULL at the end. */
extern const char *const data_type_names[];

/* "text", "bigint", ...; "" for TYPE_UNKNOWN. */
const char *data_type_name(enum data_type type);

/* TYPE_UNKNOWN for a name that is none; takes the old name "complex" for json. */
enum data_type data_type_of(struct slice name);

/* Precision and scale in force, with the defaults of decimal (38,9) and wei (38,0). */
int column_type_precision(const struct column_type *type);
int column_type_scale(const struct column_type *type);

#endif
