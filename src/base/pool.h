/* Threads that run tasks, first come, first served. They are started when there is work for them. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/error.h"

struct pool;

/* At most so many threads. NULL: out of memory. */
struct pool *pool_new(unsigned threads);

/* Runs work(argument) on one of the threads, later. SPILE_FAILED when there is no thread and none can be started: then it will not run. */
enum spile_status pool_submit(struct pool *pool, void (*work)(void *argument), void *argument, struct spile_error *err);

/* Waits for all tasks, and ends the threads. NULL is allowed. */
void pool_free(struct pool *pool);

#endif
