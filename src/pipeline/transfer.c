/* The load on a thread of its own: DuckDB blocks its caller for as long as a statement runs. */
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "pipeline/run.h"

#define POLL_NANOSECONDS 50000000L

/* Between attempts: half of it and up to all of it, doubled each time. */
#define PAUSE_SECONDS_FIRST 0.25
#define PAUSE_SECONDS_MAX 8.0

struct transfer {
    struct run *run;
    struct load_job *job;
    pthread_mutex_t lock; /* also of the run's destination, while another takes its place */
    pthread_cond_t ended;
    bool is_over;
    double until; /* by clock_seconds(): no attempt begins later; 0: none has failed yet */
    enum spile_status status;
    struct spile_error error;
};

static bool is_cancelled(const struct transfer *t)
{
    return atomic_load(&t->run->pipeline->cancelled);
}

/* ---- attempts ------------------------------------------------------------------------------------------------------------------- */

/* A server that is restarted, or has refused in favour of another, may take the same load a moment later. What is wrong with a file stays wrong. */
static bool may_try_again(struct transfer *t, enum spile_status status)
{
    const double budget = t->run->pipeline->retry_seconds;
    bool lost = status == SPILE_LOCKED && t->until > 0; /* the lease is that of our own lost session, as far as we know */

    if ((status != SPILE_DESTINATION && !lost) || !t->error.retriable || !t->run->target.ops->caps.is_server || is_cancelled(t) || budget <= 0)
        return false;
    if (t->until == 0)
        t->until = clock_seconds() + budget;
    return clock_seconds() < t->until;
}

/* The microseconds of the day are chance enough to keep two that failed together from coming again together. */
static void pause_before(struct transfer *t, unsigned attempt)
{
    double seconds = PAUSE_SECONDS_FIRST, end;

    while (attempt-- > 1 && seconds < PAUSE_SECONDS_MAX)
        seconds *= 2;
    seconds *= 0.5 + 0.5 * (double)(clock_micros() % 1000) / 1000;
    for (end = clock_seconds() + seconds; clock_seconds() < end && !is_cancelled(t);)
        nanosleep(&(struct timespec){ .tv_nsec = POLL_NANOSECONDS }, NULL);
}

/* The old connection goes, a new one comes in its place. */
static enum spile_status connect_again(struct transfer *t)
{
    struct run fresh = { .pipeline = t->run->pipeline };
    struct destination *old = t->run->target.destination;
    enum spile_status status;

    pthread_mutex_lock(&t->lock);
    t->run->target.destination = NULL;
    pthread_mutex_unlock(&t->lock);
    t->run->target.ops->close(old, NULL);
    t->error = (struct spile_error){ 0 };
    status = run_open_destination(&fresh, &t->error);
    pthread_mutex_lock(&t->lock);
    t->run->target.destination = fresh.target.destination;
    pthread_mutex_unlock(&t->lock);
    arena_release(&fresh.arena);
    return status;
}

static enum spile_status attempt(struct transfer *t)
{
    t->error = (struct spile_error){ 0 };
    atomic_store(&t->job->committing, false);
    atomic_store(&t->run->rows_handed_over, 0);
    return load_commit(&t->run->target, t->job, &t->run->arena, &t->error);
}

static void *load(void *argument)
{
    struct transfer *t = argument;
    enum spile_status status = attempt(t);

    for (unsigned tries = 1; may_try_again(t, status); tries++) {
        pause_before(t, tries);
        status = connect_again(t);
        if (!status)
            status = attempt(t);
    }
    /* A statement that is interrupted may fail in ways of the database's own. Only the outcome of a COMMIT matters more than the user's wish. */
    if (status == SPILE_DESTINATION && is_cancelled(t) && !atomic_load(&t->job->committing))
        status = spile_fail(&t->error, SPILE_CANCELLED, "cancelled");
    pthread_mutex_lock(&t->lock);
    t->status = status;
    t->is_over = true;
    pthread_cond_signal(&t->ended);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---- the thread that watches ---------------------------------------------------------------------------------------------------- */

static void watch(struct transfer *t)
{
    struct run *run = t->run;

    pthread_mutex_lock(&t->lock);
    while (!t->is_over) {
        clock_wait(&t->ended, &t->lock, POLL_NANOSECONDS);
        if (t->is_over)
            break;
        if (is_cancelled(t) && !atomic_load(&t->job->committing) && run->target.destination)
            run->target.ops->interrupt(run->target.destination);
        pthread_mutex_unlock(&t->lock);
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
