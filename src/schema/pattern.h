/* dlt's "simple regex": a name, or "re:" and a regular expression that is searched anywhere in a name (Python's re.search; here PCRE2, which
 * means the same for what people write). Once compiled a pattern is only read, and may be shared by threads. */
#ifndef SCHEMA_PATTERN_H
#define SCHEMA_PATTERN_H

#include "base/error.h"
#include "base/text.h"

struct pattern {
    struct slice name; /* borrowed; the whole name must be it, when there is no regex */
    void *regex;
};

/* SPILE_CONFIG with the reason and the place in the expression. */
enum spile_status pattern_compile(struct pattern *out, struct slice text, struct spile_error *err);
void pattern_release(struct pattern *pattern);

bool pattern_matches(const struct pattern *pattern, struct slice name);

/* SPILE_CONFIG for an expression that does not compile and, unless any text may be a name, for one whose first character is of no name, which
 * dlt takes for an expression without its "re:". */
enum spile_status pattern_check(struct slice text, bool any_name, struct spile_error *err);

/* Is the name an identifier of Python, of at most 64 characters? Such must a schema's name be. */
enum spile_status schema_name_check(struct slice name, struct spile_error *err);

#endif
