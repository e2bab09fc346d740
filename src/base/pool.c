#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>

struct task {
    struct task *next;
    void (*work)(void *argument);
    void *argument;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct task *first, **last;
    unsigned idle, queued;
    bool ending;
    unsigned count, limit;
    pthread_t threads[];
};

struct pool *pool_new(unsigned threads)
{
    struct pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pthread_t));

    if (!pool)
        return NULL;
    pool->limit = threads;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    return pool;
}

/* The next task; NULL: no more will come. */
static struct task *take(struct pool *pool)
{
    struct task *task;

    pthread_mutex_lock(&pool->lock);
    pool->idle++;
    while (!pool->first && !pool->ending)
        pthread_cond_wait(&pool->changed, &pool->lock);
    pool->idle--;
    task = pool->first;
    if (task) {
        pool->first = task->next;
        pool->queued--;
        if (!pool->first)
            pool->last = &pool->first;
    }
    pthread_mutex_unlock(&pool->lock);
    return task;
}

static void *work(void *argument)
{
    struct task *task;

    while ((task = take(argument))) {
        task->work(task->argument);
        free(task);
    }
    return NULL;
}

/* In the lock: another thread, if all are busy and one more is allowed. False: there is none at all. */
static bool have_thread(struct pool *pool, int *code)
{
    if (pool->idle > pool->queued || pool->count == pool->limit)
        return true;
    *code = pthread_create(&pool->threads[pool->count], NULL, work, pool);
    pool->count += !*code;
    return pool->count;
}

enum spile_status pool_submit(struct pool *pool, void (*function)(void *argument), void *argument, struct spile_error *err)
{
    struct task *task = malloc(sizeof(*task));
    int code = 0;
    bool ok;

    if (!task)
        return spile_fail_nomem(err);
    *task = (struct task){ .work = function, .argument = argument };
    pthread_mutex_lock(&pool->lock);
    ok = have_thread(pool, &code);
    if (ok) {
        *pool->last = task;
        pool->last = &task->next;
        pool->queued++;
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    if (ok)
        return SPILE_OK;
    free(task);
    return spile_fail_errno(err, SPILE_FAILED, code, "can't start a thread");
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
