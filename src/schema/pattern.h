/* The regular expressions of a schema's settings, and the names that they are not. */
#ifndef SCHEMA_PATTERN_H
#define SCHEMA_PATTERN_H

#include "base/error.h"
#include "base/text.h"

/* A "simple regex" of dlt: a regular expression behind "re:", or else a name. SPILE_CONFIG for an expression that does not compile and,
 * unless any text may be a name, for one whose first character is of no name, which dlt takes for an expression without its "re:". */
enum spile_status pattern_check(struct slice pattern, bool any_name, struct spile_error *err);

/* Is the name an identifier of Python, of at most 64 characters? Such must a schema's name be. */
enum spile_status schema_name_check(struct slice name, struct spile_error *err);

#endif
