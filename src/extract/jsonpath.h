/* JSONPath, as far as cursors need it: which values of a document does a path name? The order of matches is that of the Python package
 * jsonpath-ng, which dlt uses. */
#ifndef EXTRACT_JSONPATH_H
#define EXTRACT_JSONPATH_H

#include "base/error.h"
#include "data/document.h"

struct jsonpath;

/* Reads a path: "key", "a.b", "$.a", "a[0].c", "a[-1]", "a[*]", "a.*", "$..name", "'a key'", "['a key']", several keys or indexes with
 * commas ("a[x, y]"), slices. SPILE_USAGE with the place and a remedy for what is no path, or uses what is not supported here (filters,
 * functions, groups, reckoning). */
enum spile_status jsonpath_compile(struct jsonpath **out, const char *text, struct spile_error *err);
void jsonpath_free(struct jsonpath *path); /* NULL is allowed */

/* The key, when the path is but one; else NULL. Lives as long as the path. */
const char *jsonpath_simple_key(const struct jsonpath *path);

/* The first match. False: there is none. */
bool jsonpath_first(const struct jsonpath *path, struct document root, struct document *found);

#endif
