/* What a plain scalar of YAML 1.1 is, by its looks: the implicit resolvers of PyYAML. */
#ifndef DATA_YAML_SCALAR_H
#define DATA_YAML_SCALAR_H

#include "base/text.h"

enum yaml_type { YAML_STR, YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_TIMESTAMP, YAML_MERGE, YAML_VALUE };

enum yaml_type yaml_type_of(struct slice text);

bool yaml_bool_value(struct slice text, bool *value); /* in any case; false: not one of the words */

/* Of a YAML_INT. False when it is beyond 64 bits (-2^63 to 2^64 - 1) or has no digits ("0x_"). */
bool yaml_int_value(struct slice text, bool *negative, uint64_t *magnitude);

/* Of a YAML_FLOAT, or what Python's float() takes. False for what isn't a finite double. */
bool yaml_float_value(struct slice text, double *value);

/* Characters that end a line: \n, next line, line separator, paragraph separator. */
static inline bool yaml_is_break(uint32_t c)
{
    return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

#endif
