/* The time of day and the time that passes. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>

int64_t clock_micros(void);   /* since 1970 UTC */
double clock_seconds(void);   /* monotonic, from an arbitrary start */

/* Waits for `condition`, or for so long. The caller has the lock. */
void clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, long nanoseconds);

#endif
