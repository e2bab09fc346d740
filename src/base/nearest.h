/* "Did you mean": the known word that a mistyped one is nearest to. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/text.h"

/* The nearest of the words up to the first NULL, the earlier of two equally near ones. NULL: none is near enough to be meant. Letters to
 * change, add, drop, or swap with their neighbour are counted, the case of ASCII letters is not; about every third may be wrong. */
const char *nearest_of(struct slice typed, const char *const *words);

#endif
