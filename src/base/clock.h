/* The time of day and the time that passes. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_micros(void);   /* since 1970 UTC */
double clock_seconds(void);   /* monotonic, from an arbitrary start */

#endif
