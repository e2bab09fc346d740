/* Who is called when. The calling thread goes round: it takes what parallel functions have emitted, then calls the next function in turn, and sleeps when
 * there is neither.
 *
 * Nothing waits in a circle: parallel generators wait for this thread to take their pages, with threads of their own; parallel transformers never wait in
 * an emission; this thread waits only for transformers, or for anything at all. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "extract/graph.h"
#include "extract/work.h"

#define WORKERS_DEFAULT 5
#define PARALLEL_ITEMS_DEFAULT 20
#define QUEUE_BYTES_DEFAULT ((uint64_t)16 << 20)
#define SLEEP_SECONDS 0.1 /* at most: the flag of a cancelled run wakes nobody */

bool work_stopping(const struct work *work)
{
    return atomic_load_explicit(&work->stopping, memory_order_relaxed) || atomic_load_explicit(work->options->cancelled, memory_order_relaxed);
}

/* The first failure counts, but for the wish to stop, which any real one follows. */
static void fail(struct work *work, enum spile_status status, const struct spile_error *error)
{
    if (!work->status || work->status == SPILE_CANCELLED) {
        work->status = status;
        work->error = *error;
    }
    atomic_store(&work->stopping, true);
    pthread_mutex_lock(&work->lock);
    pthread_cond_broadcast(&work->drained);
    pthread_mutex_unlock(&work->lock);
}

static size_t parallel_items_max(const struct work *work)
{
    unsigned given = work->options->source->options.parallel_items;

    return given ? given : PARALLEL_ITEMS_DEFAULT;
}

/* ---- activations ---------------------------------------------------------------------------------------------------------------- */

/* For an item, or deferred by one: not the resource itself, which goes on until it is drawn. */
static bool is_task(const struct activation *a)
{
    return a->item || a->deferred.make;
}

static bool is_stopping(const void *context)
{
    const struct activation *a = context;

    return a->node->closed || work_stopping(a->node->work);
}

static enum spile_status take_here(void *context, struct documents *page, const char *table, struct spile_error *err);
static enum spile_status take_there(void *context, struct documents *page, const char *table, struct spile_error *err);
static enum spile_status defer_here(void *context, const struct spile_deferred *deferred, struct spile_error *err);
static enum spile_status defer_there(void *context, const struct spile_deferred *deferred, struct spile_error *err);

static void release_deferred(const struct spile_deferred *deferred)
{
    if (deferred->make && deferred->release)
        deferred->release(deferred->user);
}

static struct activation *new_activation(struct node *node, bool parallel)
{
    struct activation *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    a->node = node;
    a->parallel = parallel;
    a->last_page = &a->pages;
    a->emitter = node_emitter(node);
    a->emitter.take = parallel ? take_there : take_here;
    a->emitter.defer = parallel ? defer_there : defer_here;
    a->emitter.stopping = is_stopping;
    a->emitter.context = a;
    node->activations++;
    return a;
}

static void free_page(struct page *page)
{
    documents_release(&page->documents);
    release_deferred(&page->deferred);
    free(page->table);
    free(page);
}

/* The activation is over. */
static void free_activation(struct activation *a)
{
    struct node *node = a->node;

    node->begun |= a->called;
    while (a->pages) {
        struct page *page = a->pages;

        a->pages = page->next;
        free_page(page);
    }
    spile_item_free(a->item);
    release_deferred(&a->deferred);
    emitter_release(&a->emitter);
    node->activations--;
    if (!node->resource->options.transform)
        node_close(node);
    free(a);
}

/* Calls the user's function. */
static enum spile_status call(struct activation *a, struct spile_error *err)
{
    const struct spile_resource_options *options = &a->node->resource->options;
    const struct extract_options *extract = a->node->work->options;
    enum spile_status status;

    a->called = true;
    emitter_begin(&a->emitter);
    if (a->deferred.make)
        status = a->deferred.make(&a->emitter, a->deferred.user, err);
    else if (options->transform)
        status = options->transform(a->item, &a->emitter, options->user, err);
    else if (options->generate)
        status = options->generate(&a->emitter, options->user, err);
    else
        status = extract->read(extract->user, a->node->resource, &a->emitter, err);
    return emitter_finish(&a->emitter, status, err);
}

/* What the function's return says. A function that was asked to stop may return what it likes. */
static enum spile_status judge(const struct activation *a, enum spile_status status, struct spile_error *err)
{
    const char *name = a->node->resource->name;

    if (!status || is_stopping(a))
        return SPILE_OK;
    if (err && !err->message[0])
        spile_fail(err, status, "the function of the resource failed");
    if (!a->node->resource->options.transform)
        return spile_within(err, status, "resource \"%s\", after item %llu", name, (unsigned long long)a->emitter.emitted);
    return spile_within(err, status, "resource \"%s\"", name);
}

/* ---- on this thread ------------------------------------------------------------------------------------------------------------- */

static void throttle(struct work *work);

static enum spile_status take_here(void *context, struct documents *page, const char *table, struct spile_error *err)
{
    struct activation *a = context;
    struct work *work = a->node->work;
    struct spile_error error = { 0 };
    enum spile_status status = node_take(a->node, page, table, &error);

    if (status)
        fail(work, status, &error);
    else
        throttle(work);
    if (work->options->tick)
        work->options->tick(work->options->user);
    return is_stopping(a) ? emitter_fail_stopping(err) : SPILE_OK;
}

static void put_ready(struct work *work, struct activation *a, bool first)
{
    work->extra += is_task(a);
    if (first) {
        a->next = work->ready;
        work->ready = a;
        if (!a->next)
            work->last_ready = &a->next;
        return;
    }
    a->next = NULL;
    *work->last_ready = a;
    work->last_ready = &a->next;
}

static struct activation *take_ready(struct work *work)
{
    struct activation *a = work->ready;

    work->extra -= is_task(a);
    work->ready = a->next;
    if (!work->ready)
        work->last_ready = &work->ready;
    return a;
}

/* As dlt: with too many extra ones waiting, the newest goes first, so that they become fewer. */
static bool newest_first(const struct work *work)
{
    return work->options->source->options.fifo || work->extra >= parallel_items_max(work);
}

static void wait_for(struct work *work, struct activation *a)
{
    a->due = a->emitter.ms < 0 ? -1 : clock_seconds() + (double)a->emitter.ms / 1000;
    a->next = work->waiting;
    work->waiting = a;
}

/* Its function has returned: will it be called again? */
static void go_on(struct activation *a)
{
    struct work *work = a->node->work;

    if (a->emitter.again == AGAIN_NOT || is_stopping(a)) {
        free_activation(a);
    } else if (a->emitter.again != AGAIN_NOW) {
        wait_for(work, a);
    } else {
        put_ready(work, a, newest_first(work));
    }
}

static void call_here(struct activation *a)
{
    struct work *work = a->node->work;
    struct spile_error error = { 0 };
    enum spile_status status;

    if (is_stopping(a)) {
        free_activation(a);
        return;
    }
    status = judge(a, call(a, &error), &error);
    if (status)
        fail(work, status, &error);
    go_on(a);
}

/* ---- on other threads ----------------------------------------------------------------------------------------------------------- */

static void wake_up(struct work *work)
{
    uint64_t one = 1;

    while (write(work->wake, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static struct page *new_page(struct documents *documents, const char *table)
{
    struct page *page = calloc(1, sizeof(*page));

    if (page && table && !(page->table = strdup(table))) {
        free(page);
        return NULL;
    }
    if (page) {
        page->documents = *documents;
        *documents = (struct documents){ 0 };
    }
    return page;
}

static enum spile_status queue_page(struct activation *a, struct page *page, struct spile_error *err)
{
    struct work *work = a->node->work;
    uint64_t most = work->options->source->options.queue_bytes;

    pthread_mutex_lock(&work->lock);
    while (!is_task(a) && a->pages && a->queued_bytes >= (most ? most : QUEUE_BYTES_DEFAULT) && !is_stopping(a))
        pthread_cond_wait(&work->drained, &work->lock);
    *a->last_page = page;
    a->last_page = &page->next;
    a->queued_bytes += page->documents.bytes;
    pthread_mutex_unlock(&work->lock);
    wake_up(work);
    return is_stopping(a) ? emitter_fail_stopping(err) : SPILE_OK;
}

static enum spile_status take_there(void *context, struct documents *documents, const char *table, struct spile_error *err)
{
    struct page *page = new_page(documents, table);

    return page ? queue_page(context, page, err) : spile_fail_nomem(err);
}

static enum spile_status defer_there(void *context, const struct spile_deferred *deferred, struct spile_error *err)
{
    struct activation *a = context;
    uint64_t most = a->node->work->options->source->options.queue_bytes;
    struct page *page = calloc(1, sizeof(*page));

    if (!page) {
        release_deferred(deferred);
        return spile_fail_nomem(err);
    }
    page->deferred = *deferred;
    page->documents.bytes = (most ? most : QUEUE_BYTES_DEFAULT) / parallel_items_max(a->node->work); /* so many may wait in the queue */
    return queue_page(a, page, err);
}

static void call_there(void *argument)
{
    struct activation *a = argument;
    struct work *work = a->node->work;
    struct json_reader *reader = NULL;
    struct spile_error error = { 0 };
    enum spile_status status = SPILE_OK;

    a->emitter.reader = &reader;
    if (!is_stopping(a))
        status = judge(a, call(a, &error), &error);
    json_reader_free(reader);
    pthread_mutex_lock(&work->lock);
    a->status = status;
    a->error = error;
    a->running = false;
    pthread_mutex_unlock(&work->lock);
    wake_up(work);
}

static struct pool *pool_of(const struct activation *a)
{
    return is_task(a) ? a->node->work->transformers : a->node->work->generators;
}

/* To its pool: for the first call, and for each one that it asks for. */
static void submit(struct activation *a)
{
    struct work *work = a->node->work;
    struct spile_error error = { 0 };
    enum spile_status status;

    a->running = true;
    status = pool_submit(pool_of(a), call_there, a, &error);
    if (!status)
        return;
    a->running = false;
    a->status = status;
    fail(work, status, &error);
}

static void add_parallel(struct work *work, struct activation *a)
{
    a->next = NULL;
    *work->last_parallel = a;
    work->last_parallel = &a->next;
    work->transforming += is_task(a);
    submit(a);
}

/* ---- draining ------------------------------------------------------------------------------------------------------------------- */

/* Takes the pages that are there; *over: the function has returned, and no more come. */
static struct page *detach_pages(struct activation *a, bool *over)
{
    struct work *work = a->node->work;
    struct page *pages;

    pthread_mutex_lock(&work->lock);
    pages = a->pages;
    a->pages = NULL;
    a->last_page = &a->pages;
    a->queued_bytes = 0;
    *over = !a->running;
    pthread_cond_broadcast(&work->drained);
    pthread_mutex_unlock(&work->lock);
    return pages;
}

/* Begins it on another thread. */
static enum spile_status begin_deferred(struct node *node, struct spile_deferred *deferred, struct spile_error *err)
{
    struct activation *a = new_activation(node, true);

    if (!a)
        return spile_fail_nomem(err);
    a->deferred = *deferred;
    deferred->make = NULL;
    add_parallel(node->work, a);
    return SPILE_OK;
}

static enum spile_status defer_here(void *context, const struct spile_deferred *given, struct spile_error *err)
{
    struct activation *a = context;
    struct spile_deferred deferred = *given;
    enum spile_status status = begin_deferred(a->node, &deferred, err);

    release_deferred(&deferred);
    if (!status)
        throttle(a->node->work);
    return status ? status : is_stopping(a) ? emitter_fail_stopping(err) : SPILE_OK;
}

static enum spile_status take_page(struct node *node, struct page *page, struct spile_error *err)
{
    if (page->deferred.make)
        return node->closed ? SPILE_OK : begin_deferred(node, &page->deferred, err);
    return node_take(node, &page->documents, page->table, err);
}

static void take_pages(struct activation *a, struct page *pages)
{
    struct work *work = a->node->work;
    struct spile_error error = { 0 };
    struct page *page;

    while ((page = pages)) {
        enum spile_status status = work_stopping(work) ? SPILE_OK : take_page(a->node, page, &error);

        pages = page->next;
        free_page(page);
        if (status)
            fail(work, status, &error);
    }
}

/* Must it wait for another call of its transformer, which got an earlier item? */
static bool is_out_of_order(const struct activation *a)
{
    return is_task(a) && !a->node->resource->options.unordered && a->node->passed_over == a->node->work->round;
}

/* Later tasks of its node wait for it. */
static void pass_over(const struct activation *a)
{
    if (is_task(a))
        a->node->passed_over = a->node->work->round;
}

/* Pages of generators have to wait while the transformers are full. */
static bool is_held_back(const struct activation *a)
{
    return !is_task(a) && a->node->work->transforming >= parallel_items_max(a->node->work);
}

/* Takes it out of the list, which `place` points into. */
static void unlink_parallel(struct work *work, struct activation **place)
{
    struct activation *a = *place;

    *place = a->next;
    if (!a->next)
        work->last_parallel = place;
    work->transforming -= is_task(a);
}

static void drain_one(struct work *work, struct activation **place)
{
    struct activation *a = *place;
    struct page *pages;
    bool over;

    if (!work_stopping(work) && (is_out_of_order(a) || is_held_back(a)))
        return;
    pages = detach_pages(a, &over);
    take_pages(a, pages);
    if (!over) {
        pass_over(a);
        return;
    }
    if (a->status)
        fail(work, a->status, &a->error);
    if (a->emitter.again == AGAIN_NOW && !is_stopping(a)) {
        pass_over(a);
        submit(a); /* it keeps its place, and so the order of what it emits */
        return;
    }
    unlink_parallel(work, place);
    go_on(a);
}

/* Takes what has come from other threads. What it calls may begin further ones, which join the list's end. */
static void drain(struct work *work)
{
    struct activation **place = &work->parallel;
    size_t count = 0;

    if (work->draining)
        return;
    work->draining = true;
    work->round++;
    for (struct activation *a = work->parallel; a; a = a->next)
        count++;
    for (size_t i = 0; i < count; i++) {
        struct activation *a = *place;

        drain_one(work, place);
        if (*place == a)
            place = &a->next;
    }
    work->draining = false;
}

/* ---- sleeping ------------------------------------------------------------------------------------------------------------------- */

static void read_wake(struct work *work)
{
    uint64_t count;

    while (read(work->wake, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}

static short events_of(const struct activation *a)
{
    return a->emitter.again == AGAIN_READABLE ? POLLIN : a->emitter.again == AGAIN_WRITABLE ? POLLOUT : 0;
}

/* Seconds that may be slept. */
static double sleep_seconds(const struct activation *waiting)
{
    double seconds = SLEEP_SECONDS, now = clock_seconds();

    for (const struct activation *a = waiting; a; a = a->next)
        if (a->due >= 0 && a->due - now < seconds)
            seconds = a->due > now ? a->due - now : 0;
    return seconds;
}

/* Lists the descriptors, that of the other threads first. NULL: out of memory. */
static struct pollfd *list_descriptors(const struct work *work, const struct activation *waiting, nfds_t *count)
{
    struct pollfd *list;

    *count = 1;
    for (const struct activation *a = waiting; a; a = a->next)
        ++*count;
    list = calloc(*count, sizeof(*list));
    if (!list)
        return NULL;
    list[0] = (struct pollfd){ .fd = work->wake, .events = POLLIN };
    *count = 1;
    for (const struct activation *a = waiting; a; a = a->next)
        list[(*count)++] = (struct pollfd){ .fd = events_of(a) ? a->emitter.fd : -1, .events = events_of(a) };
    return list;
}

/* Those whose time has come, or whose descriptor is ready (or broken: its function will find out), get their turn. */
static void rouse(struct work *work, const struct pollfd *descriptors)
{
    struct activation **place = &work->waiting, *a;
    double now = clock_seconds();

    for (size_t i = 1; (a = *place); i++) {
        bool is_due = a->due >= 0 && a->due <= now;

        if (!is_due && !descriptors[i].revents && !is_stopping(a)) {
            place = &a->next;
            continue;
        }
        *place = a->next;
        if (is_stopping(a))
            free_activation(a);
        else if (a->parallel)
            add_parallel(work, a);
        else
            put_ready(work, a, false);
    }
}

/* Sleeps until something comes from another thread, or, unless `only_threads`, one of those that wait is to be called again. */
static void sleep_a_while(struct work *work, double at_most, bool only_threads)
{
    const struct activation *waiting = only_threads ? NULL : work->waiting;
    double seconds = sleep_seconds(waiting);
    struct timespec timeout;
    nfds_t count;
    struct pollfd *descriptors = list_descriptors(work, waiting, &count);

    if (!descriptors) {
        fail(work, SPILE_NOMEM, &(struct spile_error){ .status = SPILE_NOMEM, .message = "out of memory" });
        return;
    }
    if (seconds > at_most)
        seconds = at_most;
    timeout = (struct timespec){ (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    if (ppoll(descriptors, count, &timeout, NULL) > 0 && descriptors[0].revents)
        read_wake(work);
    if (!only_threads)
        rouse(work, descriptors);
    free(descriptors);
    if (work->options->tick)
        work->options->tick(work->options->user);
}

/* Lets transformers catch up. Not while draining: a page in work is finished first. */
static void throttle(struct work *work)
{
    while (!work->draining && work->transforming >= parallel_items_max(work) && !work_stopping(work)) {
        drain(work);
        if (work->transforming >= parallel_items_max(work))
            sleep_a_while(work, SLEEP_SECONDS, true);
    }
}

/* ---- the run -------------------------------------------------------------------------------------------------------------------- */

enum spile_status schedule_transform(struct node *node, struct document item, struct spile_error *err)
{
    struct work *work = node->work;
    struct activation *a = new_activation(node, node->resource->options.parallel);
    enum spile_status status;

    if (!a)
        return spile_fail_nomem(err);
    status = spile_item_new(&a->item, err);
    if (!status && !item_load(a->item, item))
        status = spile_fail_nomem(err);
    if (status) {
        free_activation(a);
        return status;
    }
    if (a->parallel) {
        add_parallel(work, a);
        return SPILE_OK;
    }
    status = judge(a, call(a, err), err);
    if (status)
        free_activation(a);
    else
        go_on(a);
    return status ? status : work->status && work_stopping(work) ? SPILE_CANCELLED : SPILE_OK;
}

enum spile_status schedule_begin(struct work *work, struct spile_error *err)
{
    unsigned workers = work->options->source->options.workers;

    pthread_mutex_init(&work->lock, NULL);
    pthread_cond_init(&work->drained, NULL);
    work->last_ready = &work->ready;
    work->last_parallel = &work->parallel;
    work->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (work->wake < 0)
        return spile_fail_errno(err, SPILE_FAILED, errno, "can't make an event descriptor");
    work->generators = pool_new(workers ? workers : WORKERS_DEFAULT);
    work->transformers = pool_new(workers ? workers : WORKERS_DEFAULT);
    if (!work->generators || !work->transformers)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < work->node_count; i++) {
        struct node *node = &work->nodes[i];
        struct activation *a;

        if (node->resource->options.transform || !graph_needs(work->options->source, node->resource))
            continue;
        a = new_activation(node, node->resource->options.parallel);
        if (!a)
            return spile_fail_nomem(err);
        if (a->parallel)
            add_parallel(work, a);
        else
            put_ready(work, a, false);
    }
    return SPILE_OK;
}

enum spile_status schedule_run(struct work *work, struct spile_error *err)
{
    while (!work_stopping(work) && (work->ready || work->waiting || work->parallel)) {
        drain(work);
        throttle(work);
        if (work->waiting)
            sleep_a_while(work, work->ready ? 0 : SLEEP_SECONDS, false);
        else if (work->parallel && !work->ready)
            sleep_a_while(work, SLEEP_SECONDS, true);
        if (work->ready)
            call_here(take_ready(work));
    }
    if (!work->status && work_stopping(work))
        work->status = spile_fail(&work->error, SPILE_CANCELLED, "cancelled");
    if (work->status && err)
        *err = work->error;
    return work->status;
}

static void free_list(struct activation *list)
{
    while (list) {
        struct activation *next = list->next;

        free_activation(list);
        list = next;
    }
}

void schedule_end(struct work *work)
{
    if (!work->last_ready)
        return;
    atomic_store(&work->stopping, true);
    pthread_mutex_lock(&work->lock);
    pthread_cond_broadcast(&work->drained);
    pthread_mutex_unlock(&work->lock);
    pool_free(work->generators);
    pool_free(work->transformers);
    free_list(work->ready);
    free_list(work->waiting);
    free_list(work->parallel);
    if (work->wake >= 0)
        close(work->wake);
    pthread_cond_destroy(&work->drained);
    pthread_mutex_destroy(&work->lock);
}
