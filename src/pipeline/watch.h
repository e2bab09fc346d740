/* Watches for spile_pipeline_cancel() while a call of the destination blocks its own thread, and interrupts it. */
#ifndef PIPELINE_WATCH_H
#define PIPELINE_WATCH_H

#include <pthread.h>

#include "pipeline/pipeline.h"

struct watch {
    struct spile_pipeline *pipeline;
    struct destination *destination;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool runs, is_over;
};

enum spile_status watch_begin(struct watch *watch, struct spile_pipeline *pipeline, struct destination *destination, struct spile_error *err);
void watch_end(struct watch *watch); /* a zeroed one is allowed */

#endif
