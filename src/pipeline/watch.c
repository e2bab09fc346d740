#include "pipeline/watch.h"

#include "base/clock.h"

#define POLL_NANOSECONDS 50000000L

/* Again and again: a statement that begins just then would not know of it. */
static void *watch(void *argument)
{
    struct watch *w = argument;

    pthread_mutex_lock(&w->lock);
    while (!w->is_over) {
        clock_wait(&w->ended, &w->lock, POLL_NANOSECONDS);
        if (!w->is_over && atomic_load(&w->pipeline->cancelled))
            w->destination->ops->interrupt(w->destination);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

enum spile_status watch_begin(struct watch *w, struct spile_pipeline *pipeline, struct destination *destination, struct spile_error *err)
{
    int code;

    *w = (struct watch){ .pipeline = pipeline, .destination = destination };
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->ended, NULL);
    code = pthread_create(&w->thread, NULL, watch, w);
    w->runs = !code;
    if (!code)
        return SPILE_OK;
    pthread_cond_destroy(&w->ended);
    pthread_mutex_destroy(&w->lock);
    return spile_fail_errno(err, SPILE_FAILED, code, "can't start a thread");
}

void watch_end(struct watch *w)
{
    if (!w->runs)
        return;
    pthread_mutex_lock(&w->lock);
    w->is_over = true;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->ended);
    pthread_mutex_destroy(&w->lock);
    w->runs = false;
}
