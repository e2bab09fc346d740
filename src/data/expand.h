/* Texts that are given as indexes into a dictionary become plain ones: what can't hold dictionaries gets the same rows. */
#ifndef DATA_EXPAND_H
#define DATA_EXPAND_H

#include <stdbool.h>

#include <nanoarrow/nanoarrow.h>

/* Is there a dictionary in it? */
bool expand_is_needed(const struct ArrowSchema *schema);

/* Return Arrow's codes: ENOTSUP for dictionaries of anything but texts. Of arrays the view is one that was validated, with good indexes; it is of no use
 * afterwards. Calls of nanoarrow only. */
int expand_schema(struct ArrowSchema *schema);
int expand_array(struct ArrowArray *array, const struct ArrowArrayView *view);

#endif
