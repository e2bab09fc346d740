/* JSONPath, as far as cursors and states need it: which values of a document does a path name? The order of matches is that of the Python package
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

/* Takes the next path off a list with commas, without the white space around it. Commas in brackets and in quotes belong to a path. False: *rest is at its
 * end, which is a NULL text. */
bool jsonpath_next(struct slice *rest, struct slice *path);

/* The key, when the path is but one; else NULL. Lives as long as the path. */
const char *jsonpath_simple_key(const struct jsonpath *path);

/* The first match. False: there is none. */
bool jsonpath_first(const struct jsonpath *path, struct document root, struct document *found);

/* All matches; one that is reached in several ways comes as often. A visit that returns true is the last one. */
typedef bool jsonpath_visit(void *user, struct document match);
void jsonpath_each(const struct jsonpath *path, struct document root, jsonpath_visit *visit, void *user);

#endif
