#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static struct spile_pipeline *_Atomic running;
static atomic_int stopped_by;

static void on_signal(int number)
{
    struct spile_pipeline *pipeline = running;
    int error = errno;

    if (atomic_exchange(&stopped_by, number))
        _exit(128 + number);
    if (pipeline)
        spile_pipeline_cancel(pipeline);
    errno = error;
}

/* A signal that the parent ignores (nohup, a background job) stays ignored. */
static void signal_catch(int number)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART }, before;

    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

void signals_catch(void)
{
    signal_catch(SIGINT);
    signal_catch(SIGTERM);
}

void signals_running(struct spile_pipeline *pipeline)
{
    running = pipeline;
}

int signals_came(void)
{
    return stopped_by;
}

void signals_repeat(void)
{
    struct spile_pipeline *pipeline = running;

    if (stopped_by && pipeline)
        spile_pipeline_cancel(pipeline);
}
