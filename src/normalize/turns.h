/* Turns: who may change the schema and hand over batches. Work with number n has its turn when all lower numbers are done. */
#ifndef NORMALIZE_TURNS_H
#define NORMALIZE_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct turns {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t next; /* the lowest number that is not done */
    bool stopped;
};

bool turns_init(struct turns *turns);
void turns_release(struct turns *turns);

/* Waits for the turn; returns at once when it is there. False: stopped, the work is of no use any more. */
bool turns_wait(struct turns *turns, uint64_t number);

/* The work is done; the next number's turn comes. Only in one's own turn. */
void turns_done(struct turns *turns);

/* Nobody's turn comes any more. */
void turns_stop(struct turns *turns);
bool turns_stopped(struct turns *turns);

#endif
