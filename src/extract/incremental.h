/* Incremental loading: which items are new, by the value of a cursor (facts: reference/extract.md section 4). Decides and counts only; where
 * the state is kept, and that it moves with the commit, is the pipeline's affair. One thread at a time.
 *
 *   incremental_new -> incremental_begin(state) -> for each page: incremental_take(item)... , incremental_end_page -> incremental_state */
#ifndef EXTRACT_INCREMENTAL_H
#define EXTRACT_INCREMENTAL_H

#include <yyjson.h>

#include "base/error.h"
#include "data/document.h"

struct incremental;

/* Checks and copies the options. `primary_key`: the resource's, with commas; NULL: none. `resource` is for messages. SPILE_USAGE when the options
 * contradict each other (end without initial, end not beyond initial, lag with a custom function, a path that is none), with the remedy. */
enum spile_status incremental_new(struct incremental **out, const char *resource, const struct spile_incremental *options, const char *primary_key,
                                  struct spile_error *err);
void incremental_free(struct incremental *incremental); /* NULL is allowed */

/* The key of the state below "incremental": the cursor's text. */
const char *incremental_key(const struct incremental *incremental);

/* Begins a run. `state`: {initial_value, last_value, unique_hashes, start_value} as an earlier run or dlt left it; NULL: none. It is read only, and
 * need not live longer than the call. */
enum spile_status incremental_begin(struct incremental *incremental, yyjson_mut_val *state, struct spile_error *err);

/* Where to begin and end drawing, as JSON text: the last value less the lag, and `end`. NULL: there is none. Live as long as `incremental`, until the
 * next begin. */
const char *incremental_start(const struct incremental *incremental);
const char *incremental_end(const struct incremental *incremental);

enum incremental_verdict { INCREMENTAL_PASS, INCREMENTAL_BEFORE_START, INCREMENTAL_BEYOND_END, INCREMENTAL_EXCLUDED };

/* Decides about the next item, which stays until the page's end. SPILE_SOURCE when its cursor is missing (and is to be raised) or can't be compared: the message names resource, path
 * and value, the caller adds which item. */
enum spile_status incremental_take(struct incremental *incremental, struct document item, enum incremental_verdict *verdict, struct spile_error *err);

/* For items that are rows of a batch, of which documents are made with what is needed only: is the column of that name? And an item may have to be hashed
 * as a whole: then `whole` (NULL: items are whole) puts that in its place, for as long as until it is called again. */
typedef enum spile_status incremental_whole(void *user, struct document *item, struct spile_error *err);
bool incremental_needs(const struct incremental *incremental, const char *name);
void incremental_set_whole(struct incremental *incremental, incremental_whole *whole, void *user);

/* After the items of a page. *enough: by the row order nothing that is new can follow. */
enum spile_status incremental_end_page(struct incremental *incremental, bool *enough, struct spile_error *err);

/* The state after the run so far, made in `doc`; hashes are sorted. NULL without failure (*failed false): nothing is to be kept (`end` is set). */
yyjson_mut_val *incremental_state(const struct incremental *incremental, yyjson_mut_doc *doc, bool *failed);

#endif
