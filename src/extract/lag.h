/* Lag: how far an incremental resource begins before its last value (facts: reference/extract.md 4.3). */
#ifndef EXTRACT_LAG_H
#define EXTRACT_LAG_H

#include "base/error.h"
#include "extract/cursor.h"

/* The value less the lag, or with it for `upward` (the last value is the least): a number in units, a timestamp in seconds, a date in days; a text in
 * seconds when it is a time and in days when it is a date, as `initial` says, or else itself, in the same format. SPILE_USAGE for what can't have a lag. The text of *out is in `memory`. */
enum spile_status lag_apply(struct cursor *out, struct text *memory, const struct cursor *value, const struct cursor *initial, double lag, bool upward,
                            struct spile_error *err);

#endif
