#include "normalize/turns.h"

bool turns_init(struct turns *turns)
{
    *turns = (struct turns){ .next = 0 };
    if (pthread_mutex_init(&turns->lock, NULL))
        return false;
    if (!pthread_cond_init(&turns->moved, NULL))
        return true;
    pthread_mutex_destroy(&turns->lock);
    return false;
}

void turns_release(struct turns *turns)
{
    pthread_cond_destroy(&turns->moved);
    pthread_mutex_destroy(&turns->lock);
}

bool turns_wait(struct turns *turns, uint64_t number)
{
    bool go;

    pthread_mutex_lock(&turns->lock);
    while (turns->next != number && !turns->stopped)
        pthread_cond_wait(&turns->moved, &turns->lock);
    go = !turns->stopped;
    pthread_mutex_unlock(&turns->lock);
    return go;
}

void turns_done(struct turns *turns)
{
    pthread_mutex_lock(&turns->lock);
    turns->next++;
    pthread_cond_broadcast(&turns->moved);
    pthread_mutex_unlock(&turns->lock);
}

void turns_stop(struct turns *turns)
{
    pthread_mutex_lock(&turns->lock);
    turns->stopped = true;
    pthread_cond_broadcast(&turns->moved);
    pthread_mutex_unlock(&turns->lock);
}

bool turns_stopped(struct turns *turns)
{
    bool stopped;

    pthread_mutex_lock(&turns->lock);
    stopped = turns->stopped;
    pthread_mutex_unlock(&turns->lock);
    return stopped;
}
