/* Pieces of a schema as a person reads them. Names and values are anybody's: control characters are escaped, long ones are cut. */
#ifndef SCHEMA_SHOW_H
#define SCHEMA_SHOW_H

#include <yyjson.h>

#include "base/text.h"

/* Free text, at most 64 bytes of it. */
void show_text(struct text *out, struct slice text);

/* A table's or a column's name; in quotes when it has other characters than names usually have. */
void show_name(struct text *out, struct slice name);

/* The path of a property. Of a long one both ends are shown, for what differs stands at the end. */
void show_path(struct text *out, struct slice path);

/* A JSON text from a byte on (0: all), or "none" when there is none. */
void show_json(struct text *out, struct slice json, size_t from);

/* Where to begin showing two JSON texts so that what differs is seen: 0, unless they are long and alike for long. */
size_t show_from(struct slice a, struct slice b);

/* "decimal(10,2)"; "(no type yet)" of an incomplete column. */
void show_type(struct text *out, yyjson_mut_val *column);

/* "primary_key, x-mine 5": what a column has besides name, type, nullability and description; `lead` goes before the first. */
void show_hints(struct text *out, yyjson_mut_val *column, const char *lead);

/* " (append, resource Orders, contract freeze)": a table without name, columns and description. With `keys` also which columns are its
 * keys. */
void show_table(struct text *out, struct slice name, yyjson_mut_val *table, bool keys);

/* Is a column without nulls? */
bool is_not_null(yyjson_mut_val *column);

#endif
