/* Checks schema documents that come from outside. Every schema that dlt 1.31 accepts is accepted, but for what it would stumble over later;
 * of what a person leaves out, nothing is missed but "tables" (facts: reference/schema-and-naming.md 2 to 5). */
#ifndef SCHEMA_VALIDATE_H
#define SCHEMA_VALIDATE_H

#include <yyjson.h>

#include "base/error.h"

/* `root`: the document, of today's engine version. Changes nothing. SPILE_CONFIG for the first fault; where is the path outward ("column
 * "id", table "orders""). An accepted document: known keys only (those that begin with "x-" are others' and not looked at), each once
 * and of its type, words that are known, regular expressions that compile, tables and columns with names as their keys, parents that are
 * there and lead to a root table, and no more than 254 levels, so that it may be walked by recursion. */
enum spile_status schema_validate(yyjson_mut_val *root, struct spile_error *err);

#endif
