/* The load on a thread of its own: DuckDB blocks its caller for as long as a statement runs. */
#include <pthread.h>
#include <time.h>

#include "pipeline/run.h"

#define POLL_NANOSECONDS 50000000L

struct transfer {
    struct run *run;
    struct load_job *job;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_over;
    enum spile_status status;
    struct spile_error error;
};

static void *load(void *argument)
{
    struct transfer *t = argument;
    enum spile_status status = load_commit(&t->run->target, t->job, &t->run->arena, &t->error);

    /* A statement that is interrupted may fail in ways of the database's own. Only the outcome of a COMMIT matters more than the user's wish. */
    if (status == SPILE_DESTINATION && atomic_load(&t->run->pipeline->cancelled) && !atomic_load(&t->job->committing))
        status = spile_fail(&t->error, SPILE_CANCELLED, "cancelled");
    pthread_mutex_lock(&t->lock);
    t->status = status;
    t->is_over = true;
    pthread_cond_signal(&t->ended);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static void wait_a_moment(struct transfer *t)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += POLL_NANOSECONDS;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&t->ended, &t->lock, &until);
}

static void watch(struct transfer *t)
{
    struct run *run = t->run;

    pthread_mutex_lock(&t->lock);
    while (!t->is_over) {
        wait_a_moment(t);
        if (t->is_over)
            break;
        pthread_mutex_unlock(&t->lock);
        if (atomic_load(&run->pipeline->cancelled) && !atomic_load(&t->job->committing))
            run->target.ops->interrupt(run->target.destination);
        run_report_loaded(run, SPILE_STAGE_LOAD, t->job->package, atomic_load(&run->rows_handed_over), false);
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
}

enum spile_status run_transfer(struct run *run, struct load_job *job, struct spile_error *err)
{
    struct transfer t = { .run = run, .job = job };
    pthread_t thread;
    int code;

    atomic_store(&run->rows_handed_over, 0); /* packages of earlier runs came before */
    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.ended, NULL);
    code = pthread_create(&thread, NULL, load, &t);
    if (!code) {
        run_report_loaded(run, SPILE_STAGE_LOAD, job->package, 0, true);
        watch(&t);
        pthread_join(thread, NULL);
        if (!t.status)
            run_report_loaded(run, SPILE_STAGE_LOAD, job->package, atomic_load(&run->rows_handed_over), true);
    } else {
        t.status = spile_fail_errno(&t.error, SPILE_FAILED, code, "can't start a thread");
    }
    pthread_cond_destroy(&t.ended);
    pthread_mutex_destroy(&t.lock);
    if (t.status && err)
        *err = t.error;
    return t.status;
}
