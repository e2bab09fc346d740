/* Values of Arrow arrays as text: for people and CSV, and as JSON. Any type of Arrow's that nanoarrow can look at.
 *
 *     numbers      their digits, exact; of doubles and floats the fewest that read back
 *     dates, times ISO 8601: 2024-01-02, 03:04:05.678900, 2024-01-02T03:04:05+00:00 (of a zone: in UTC); fractions of 3, 6 or 9 digits, as many as needed
 *     durations    ISO 8601: P1Y2M3DT4H5M6.7S
 *     binary       base64
 *     nested ones  JSON; keys of maps are texts
 *
 * JSON has numbers where digits are, texts for what it lacks (NaN and infinities, too), and JSON where a column is marked as such. Bad UTF-8 becomes U+FFFD. */
#ifndef DATA_CELL_H
#define DATA_CELL_H

#include <nanoarrow/nanoarrow.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

enum cell_form { CELL_TEXT, CELL_JSON };

/* A type, read once. */
struct cell_type {
    const char *name;
    enum ArrowType type;
    enum ArrowTimeUnit unit;
    bool has_zone, is_json;
    int32_t bits, precision, scale; /* of a decimal */
    struct cell_type *children; /* in the arena */
    size_t count;
    struct cell_type *dictionary; /* of the values that indexes stand for; NULL: none */
};

/* SPILE_USAGE for a schema that is not valid. */
enum spile_status cell_type_read(struct cell_type *out, const struct ArrowSchema *schema, struct arena *arena, struct spile_error *err);

bool cell_type_is_number(const struct cell_type *type); /* belongs to the right */

bool cell_is_null(const struct cell_type *type, const struct ArrowArrayView *view, int64_t index);

/* Appends the value; of a validated view. Null is null in JSON, and nothing as a text. */
void cell_write(struct text *out, const struct cell_type *type, const struct ArrowArrayView *view, int64_t index, enum cell_form form);

/* The same without what is no UTF-8. */
void cell_put_json_text(struct text *out, struct slice text);

#endif
