/* What type a value has, and how a value gets into a column of another type (facts: reference/schema-and-naming.md 1.2 to 1.5).
 * Pure functions over one value; what to do when a value does not fit is the caller's affair (a variant column). */
#ifndef SCHEMA_COERCE_H
#define SCHEMA_COERCE_H

#include "data/column.h"
#include "data/document.h"
#include "schema/settings.h"

/* The type of the value itself: what its variant column is named after. Objects and lists are json. Text is what a column of its type, with
 * no precision or scale given, can't hold: a decimal or a number beyond 64 bits that the default decimal doesn't hold exactly, a timestamp
 * whose UTC is out of the years. */
enum data_type natural_type(struct document value);

/* The type a new column gets from the value: what the settings detect in it, else its natural type. */
enum data_type inferred_type(const struct settings *settings, struct document value);

enum coerced { COERCED, NOT_COERCED, COERCED_NOMEM };

/* Appends the value to the column at the row, converted as dlt converts it, provided nothing is lost. (Digits behind the places of a decimal
 * whose scale the schema gives are rounded: that is what the scale is given for.) */
enum coerced coerce_into(struct column_builder *column, uint32_t row, struct document value);

/* Would it fit a column of that type, with no precision or scale given? */
enum coerced coerces_to(enum data_type type, struct document value);

#endif
