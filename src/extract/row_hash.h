/* The hash by which items that have the last value of a cursor are told apart, as dlt has it (facts: reference/extract.md 4.2). */
#ifndef EXTRACT_ROW_HASH_H
#define EXTRACT_ROW_HASH_H

#include <stdbool.h>

#include "base/text.h"
#include "data/document.h"

#define ROW_HASH_CHARS 12
#define ROW_HASH_LEGACY_CHARS 20 /* as dlt had it before 1.29 */

/* Appends compact JSON with the keys of all objects sorted, and typed values as dlt has them there. */
void row_hash_write(struct text *out, struct document document, bool legacy);

/* Of such JSON; terminated. */
void row_hash(struct slice json, bool legacy, char hash[ROW_HASH_LEGACY_CHARS + 1]);

#endif
