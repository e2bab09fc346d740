/* Workers, their queue, and which error counts. The walk itself is in walk.c. */
#include "normalize/normalize.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "data/documents.h"
#include "data/json.h"
#include "data/rows.h"
#include "normalize/walker.h"

struct worker {
    pthread_t thread;
    struct normalizer *normalizer;
    struct walker walker;
    struct json_reader *reader;
    struct spile_error error;
    bool started;
};

struct normalizer {
    struct normalize_options options;
    struct turns turns;
    pthread_mutex_t schema_lock;
    pthread_mutex_t queue_lock;
    pthread_cond_t queue_filled, queue_emptied;
    struct chunk *queue; /* a ring */
    size_t queue_size, queue_head, queue_count;
    struct chunk *spare; /* chunks whose bytes may be used again */
    size_t spare_count;
    bool closed; /* no more chunks come */
    uint64_t submitted;
    struct worker *workers;
    unsigned worker_count;
    _Atomic uint64_t rows, duplicate_keys;
    _Atomic uint64_t *part_items; /* walked, by part; only when there is a limit */
    uint64_t input_items; /* items of the input in the chunks that are done; in turn */
    struct spile_error error; /* of the lowest chunk that failed; in turn */
};

/* ---- queue ---------------------------------------------------------------------------------------------------------------------- */

static bool take_chunk(struct normalizer *n, struct chunk *chunk)
{
    bool taken;

    pthread_mutex_lock(&n->queue_lock);
    while (!n->queue_count && !n->closed)
        pthread_cond_wait(&n->queue_filled, &n->queue_lock);
    taken = n->queue_count;
    if (taken) {
        *chunk = n->queue[n->queue_head];
        n->queue_head = (n->queue_head + 1) % n->queue_size;
        n->queue_count--;
        pthread_cond_signal(&n->queue_emptied);
    }
    pthread_mutex_unlock(&n->queue_lock);
    return taken;
}

/* Keeps the bytes for the next chunk, or frees them when there are enough. */
static void give_back(struct normalizer *n, struct chunk *chunk)
{
    documents_free(chunk->documents);
    chunk->documents = NULL;
    pthread_mutex_lock(&n->queue_lock);
    if (n->spare_count < n->queue_size)
        n->spare[n->spare_count++] = *chunk;
    else
        free(chunk->bytes);
    pthread_mutex_unlock(&n->queue_lock);
}

bool normalizer_submit(struct normalizer *n, struct chunk *chunk)
{
    bool go;

    pthread_mutex_lock(&n->queue_lock);
    while (!n->closed && n->queue_count == n->queue_size)
        pthread_cond_wait(&n->queue_emptied, &n->queue_lock);
    go = !n->closed;
    if (go) {
        n->queue[(n->queue_head + n->queue_count++) % n->queue_size] = *chunk;
        n->submitted++;
        *chunk = n->spare_count ? n->spare[--n->spare_count] : (struct chunk){ 0 };
        pthread_cond_signal(&n->queue_filled);
    }
    pthread_mutex_unlock(&n->queue_lock);
    return go;
}

enum spile_status normalizer_add_part(struct normalizer *n, enum spile_status (*prepare)(void *user, uint32_t part, struct spile_error *err),
                                      void *user, struct spile_error *err)
{
    uint32_t part = n->options.part_count;
    enum spile_status status;

    pthread_mutex_lock(&n->schema_lock);
    status = prepare(user, part, err);
    if (!status)
        n->options.part_count++;
    pthread_mutex_unlock(&n->schema_lock);
    return status;
}

static void close_queue(struct normalizer *n)
{
    pthread_mutex_lock(&n->queue_lock);
    n->closed = true;
    pthread_cond_broadcast(&n->queue_filled);
    pthread_cond_broadcast(&n->queue_emptied);
    pthread_mutex_unlock(&n->queue_lock);
}

/* ---- one chunk ------------------------------------------------------------------------------------------------------------------ */

static enum spile_status check_cancelled(struct worker *worker)
{
    if (!atomic_load_explicit(worker->normalizer->options.cancelled, memory_order_relaxed))
        return SPILE_OK;
    return spile_fail(&worker->error, SPILE_CANCELLED, "cancelled");
}

/* The input is at fault: its place belongs to the error. */
static bool is_of_input(enum spile_status status)
{
    return status == SPILE_SOURCE || status == SPILE_CONTRACT;
}

bool normalizer_has_enough(struct normalizer *n, uint32_t part)
{
    return n->part_items && atomic_load(&n->part_items[part]) >= n->options.items_max;
}

/* The chunk's item with that number. */
static enum spile_status next_item(struct worker *worker, const struct chunk *chunk, uint64_t number, struct json_item *item, bool *more)
{
    const struct documents *documents = chunk->documents;

    if (!documents)
        return json_reader_next(worker->reader, item, more, &worker->error);
    *more = number < documents->count;
    if (*more)
        *item = (struct json_item){ .document = documents->items[number], .offset = chunk->offset + number };
    return SPILE_OK;
}

/* The place of the current item in its input. Of parsed items there is but the number, which is told by fail_chunk. */
static enum spile_status within_item(struct worker *worker, const struct chunk *chunk, enum spile_status status)
{
    return chunk->documents ? status : json_reader_within(worker->reader, status, &worker->error);
}

static enum spile_status walk_items(struct worker *worker, const struct chunk *chunk, uint64_t *items)
{
    struct json_item item;
    enum spile_status status;
    bool more;

    for (*items = 0;; ++*items) {
        if (normalizer_has_enough(worker->normalizer, chunk->part))
            return SPILE_OK;
        status = check_cancelled(worker);
        if (!status)
            status = next_item(worker, chunk, *items, &item, &more);
        if (status || !more)
            return status;
        status = walk_item(&worker->walker, chunk->part, item.document, item.element, item.offset);
        if (worker->normalizer->part_items)
            atomic_fetch_add(&worker->normalizer->part_items[chunk->part], 1);
        if (status)
            return is_of_input(status) ? within_item(worker, chunk, status) : status;
    }
}

/* Of which no more rows are wanted than of items. */
static enum spile_status walk_batch(struct worker *worker, const struct chunk *chunk, uint64_t *items)
{
    struct normalizer *n = worker->normalizer;
    struct rows *rows = chunk->documents->rows;
    enum spile_status status;

    if (n->part_items) {
        uint64_t walked = atomic_load(&n->part_items[chunk->part]);
        uint64_t left = walked < n->options.items_max ? n->options.items_max - walked : 0;

        rows->count = rows->count < left ? rows->count : left;
    }
    status = walk_rows(&worker->walker, chunk->part, rows, chunk->offset, items);
    if (n->part_items)
        atomic_fetch_add(&n->part_items[chunk->part], *items);
    return status;
}

static void begin_chunk(struct worker *worker, const struct chunk *chunk)
{
    const struct normalize_options *options = &worker->normalizer->options;
    struct walker *walker = &worker->walker;
    XXH3_state_t state;

    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, options->load_id, strlen(options->load_id) + 1);
    XXH3_64bits_update(&state, options->parts[chunk->part].table, strlen(options->parts[chunk->part].table));
    walker->id_seed = XXH3_64bits_digest(&state);
    walker->number = chunk->number;
    walker->input = chunk->input;
    walker->input_name = chunk->input_name;
    walker->inherited_count = 0;
    walker->frame = NULL;
    worker->error = (struct spile_error){ 0 };
}

/* In turn: adds what the chunk counted. */
static void end_chunk(struct worker *worker, const struct chunk *chunk, uint64_t items)
{
    struct normalizer *n = worker->normalizer;

    n->input_items = (chunk->first ? 0 : n->input_items) + items;
    atomic_fetch_add(&n->duplicate_keys, worker->walker.duplicate_keys);
    worker->walker.duplicate_keys = 0;
    turns_done(&n->turns);
}

static void tell_item(struct spile_error *err, const struct chunk *chunk, uint64_t item)
{
    if (chunk->documents)
        spile_within(err, err->status, "item %llu of %s", (unsigned long long)item, chunk->input_name);
    else
        spile_within(err, err->status, "item %llu", (unsigned long long)item);
    spile_hint(err, SPILE_SOURCE, "correct the input there, then run the same command again; nothing was loaded");
}

/* Only the first error of the input counts: the chunk waits for its turn, which comes if all before it went well. */
static void fail_chunk(struct worker *worker, const struct chunk *chunk, uint64_t items)
{
    struct normalizer *n = worker->normalizer;
    bool first = turns_wait(&n->turns, chunk->number);

    if (first) {
        if (is_of_input(worker->error.status))
            tell_item(&worker->error, chunk, (chunk->documents ? chunk->offset : chunk->first ? 0 : n->input_items) + items + 1);
        n->error = worker->error;
        turns_stop(&n->turns);
    }
    close_queue(n);
}

static enum spile_status normalize_chunk(struct worker *worker, struct chunk *chunk, uint64_t *items)
{
    struct walker *walker = &worker->walker;
    uint64_t rows = walker->rows;
    enum spile_status status = SPILE_OK;

    *items = 0;
    begin_chunk(worker, chunk);
    if (walker->nesting_limited && !turns_wait(walker->turns, chunk->number))
        return spile_fail(&worker->error, SPILE_CANCELLED, "stopped");
    if (!chunk->documents)
        json_reader_begin(worker->reader, chunk);
    if (chunk->documents && chunk->documents->rows)
        status = walk_batch(worker, chunk, items);
    else
        status = walk_items(worker, chunk, items);
    if (!status)
        status = cut_rows(walker);
    if (!status)
        status = hand_over(walker);
    atomic_fetch_add(&worker->normalizer->rows, walker->rows - rows);
    return status;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct chunk chunk;

    while (take_chunk(worker->normalizer, &chunk)) {
        uint64_t items;
        enum spile_status status = normalize_chunk(worker, &chunk, &items);

        if (status)
            fail_chunk(worker, &chunk, items);
        else
            end_chunk(worker, &chunk, items);
        give_back(worker->normalizer, &chunk);
        if (status)
            break;
    }
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------------------------------------------- */

static bool init_worker(struct normalizer *n, struct worker *worker)
{
    worker->normalizer = n;
    if (!walker_init(&worker->walker, &n->options, &n->turns, &n->schema_lock))
        return false;
    worker->walker.err = &worker->error;
    worker->reader = json_reader_new();
    if (worker->reader)
        json_reader_limit(worker->reader, n->options.item_memory_max);
    return worker->reader;
}

enum spile_status normalizer_new(struct normalizer **out, const struct normalize_options *options, struct spile_error *err)
{
    struct normalizer *n = calloc(1, sizeof(*n));
    int code = 0;

    *out = NULL;
    if (!n || !turns_init(&n->turns)) {
        free(n);
        return spile_fail_nomem(err);
    }
    n->options = *options;
    if (!n->options.part_capacity)
        n->options.part_capacity = options->part_count;
    pthread_mutex_init(&n->schema_lock, NULL);
    pthread_mutex_init(&n->queue_lock, NULL);
    pthread_cond_init(&n->queue_filled, NULL);
    pthread_cond_init(&n->queue_emptied, NULL);
    n->queue_size = options->workers + 1;
    n->queue = calloc(n->queue_size, sizeof(*n->queue));
    n->spare = calloc(n->queue_size, sizeof(*n->spare));
    n->workers = calloc(options->workers, sizeof(*n->workers));
    n->part_items = options->items_max ? calloc(n->options.part_capacity, sizeof(*n->part_items)) : NULL;
    *out = n;
    if (!n->queue || !n->spare || !n->workers || (options->items_max && !n->part_items))
        return spile_fail_nomem(err);
    for (; n->worker_count < options->workers; n->worker_count++)
        if (!init_worker(n, &n->workers[n->worker_count]))
            return n->worker_count++, spile_fail_nomem(err);
    for (unsigned i = 0; !code && i < n->worker_count; i++) {
        code = pthread_create(&n->workers[i].thread, NULL, work, &n->workers[i]);
        n->workers[i].started = !code;
    }
    return code ? spile_fail_errno(err, SPILE_FAILED, code, "can't start a thread") : SPILE_OK;
}

static void join(struct normalizer *n)
{
    close_queue(n);
    for (unsigned i = 0; i < n->worker_count; i++)
        if (n->workers[i].started)
            pthread_join(n->workers[i].thread, NULL);
    for (unsigned i = 0; i < n->worker_count; i++)
        n->workers[i].started = false;
}

enum spile_status normalizer_finish(struct normalizer *n, const struct spile_error *reader_error, struct spile_error *err)
{
    join(n);
    if (!n->error.status && reader_error->status)
        n->error = *reader_error;
    if (!n->error.status && n->turns.next < n->submitted)
        spile_fail(&n->error, SPILE_CANCELLED, "cancelled");
    if (n->error.status && err)
        *err = n->error;
    return n->error.status;
}

/* ---- what contracts refused ------------------------------------------------------------------------------------------------------ */

static int compare_rows(const void *a, const void *b)
{
    return strcmp((*(struct table_rows *const *)a)->name, (*(struct table_rows *const *)b)->name);
}

/* The workers' rows that have something to tell, by name; malloc. */
static struct table_rows **list_refused(const struct normalizer *n, size_t *count)
{
    size_t capacity = 1;
    struct table_rows **list;

    for (unsigned i = 0; i < n->worker_count; i++)
        capacity += n->workers[i].walker.table_count;
    list = malloc(capacity * sizeof(*list));
    *count = 0;
    for (unsigned i = 0; list && i < n->worker_count; i++)
        for (uint32_t j = 0; j < n->workers[i].walker.table_count; j++) {
            struct table_rows *rows = n->workers[i].walker.tables[j];

            if (rows->refused_rows || rows->refused_values)
                list[(*count)++] = rows;
        }
    if (list)
        qsort(list, *count, sizeof(*list), compare_rows);
    return list;
}

bool normalizer_refused(const struct normalizer *n, void (*tell)(void *user, const char *table, uint64_t rows, uint64_t values), void *user)
{
    size_t count, end;
    struct table_rows **list = list_refused(n, &count);

    for (size_t i = 0; list && i < count; i = end) {
        uint64_t rows = 0, values = 0;

        for (end = i; end < count && !strcmp(list[end]->name, list[i]->name); end++) {
            rows += list[end]->refused_rows;
            values += list[end]->refused_values;
        }
        tell(user, list[i]->name, rows, values);
    }
    if (!list)
        return false;
    free(list);
    return true;
}

uint64_t normalizer_rows(const struct normalizer *n)
{
    return atomic_load(&n->rows);
}

uint64_t normalizer_duplicate_keys(const struct normalizer *n)
{
    return atomic_load(&n->duplicate_keys);
}

void normalizer_free(struct normalizer *n)
{
    if (!n)
        return;
    turns_stop(&n->turns);
    join(n);
    for (unsigned i = 0; i < n->worker_count; i++) {
        walker_release(&n->workers[i].walker);
        json_reader_free(n->workers[i].reader);
    }
    for (size_t i = 0; i < n->queue_count; i++) {
        struct chunk *waiting = &n->queue[(n->queue_head + i) % n->queue_size];

        documents_free(waiting->documents);
        free(waiting->bytes);
    }
    for (size_t i = 0; i < n->spare_count; i++)
        free(n->spare[i].bytes);
    free(n->queue);
    free(n->spare);
    free(n->workers);
    free((void *)(uintptr_t)n->part_items);
    pthread_cond_destroy(&n->queue_filled);
    pthread_cond_destroy(&n->queue_emptied);
    pthread_mutex_destroy(&n->queue_lock);
    pthread_mutex_destroy(&n->schema_lock);
    turns_release(&n->turns);
    free(n);
}
