/* Types of columns in SQLite, and the texts of values. SQLite keeps a value as it is, whatever type a column has, but for one thing: the column's affinity,
 * which follows from words in its type, may turn text into numbers and numbers into text. */
#ifndef SQLITE_TYPES_H
#define SQLITE_TYPES_H

#include "base/arena.h"
#include "data/number.h"
#include "data/timestamp.h"
#include "schema/schema.h"

enum affinity { AFFINITY_INTEGER, AFFINITY_TEXT, AFFINITY_NONE, AFFINITY_REAL, AFFINITY_NUMERIC };

enum affinity affinity_of(const char *type); /* NULL and "": no type */
const char *affinity_type(enum affinity affinity); /* a type that has it */

/* As dlt writes them by SQLAlchemy, but for decimals. A column of NUMERIC would turn their text into a number of 15 digits, so theirs is one of text, with a
 * name that tells so: DECIMAL_TEXT(38,9). */
const char *sqlite_type_name(const struct column *column, struct arena *arena);

bool sqlite_type_fits(const struct column *column, const char *type_name, const char *there);

/* "2024-01-02 03:04:05.000678", "03:04:05.000678". Return the length; `out` is terminated. */
size_t sqlite_timestamp_text(int64_t micros, char out[TIMESTAMP_CHARS]);
size_t sqlite_time_text(int64_t micros, char out[TIMESTAMP_CHARS]);

/* Orders texts of decimals by their values, as decimal_format() has them, of whatever scale: less than 0, 0, or more. */
int decimal_compare(struct slice one, struct slice other);

/* A decimal's text in its shortest form ("5", "-0.5"), and whether a column that turns it into a number still has its value then: a whole number of 64
 * bits, or one of 15 digits, as many as SQLite promises to keep. */
size_t decimal_shorten(int128 value, int scale, char out[DECIMAL_CHARS]);
bool decimal_is_whole(int128 value, int scale, int64_t *whole);
bool decimal_survives(int128 value, int scale);

#endif
