/* What the caller's callback is told of a run in progress. */
#include <stdlib.h>

#include "base/clock.h"
#include "pipeline/run.h"

#define PROGRESS_SECONDS 0.1

void tally_release(struct tally *tally)
{
    free(tally->tables);
    free(tally->told);
}

static bool has_room(struct spile_table_progress **tables, size_t *capacity, size_t count)
{
    struct spile_table_progress *larger;

    if (count <= *capacity)
        return true;
    larger = realloc(*tables, 2 * count * sizeof(*larger));
    if (!larger)
        return false;
    *tables = larger;
    *capacity = 2 * count;
    return true;
}

/* The package's list moves as it grows, and its counts are the worker's whose turn it is: the callback's thread has a list to itself. */
bool tally_take(struct tally *tally, const struct package *package)
{
    bool ok;

    pthread_mutex_lock(&tally->lock);
    ok = has_room(&tally->tables, &tally->capacity, package->table_count);
    for (uint32_t i = 0; ok && i < package->table_count; i++)
        tally->tables[i] = (struct spile_table_progress){ package->tables[i]->table->name, package->tables[i]->rows, 0 };
    tally->count = ok ? package->table_count : tally->count;
    pthread_mutex_unlock(&tally->lock);
    return ok;
}

/* A copy, so that no worker waits for the callback. Without memory for it no table is told of. */
static void copy_drawn(struct tally *tally, struct spile_progress *progress)
{
    pthread_mutex_lock(&tally->lock);
    if (has_room(&tally->told, &tally->told_capacity, tally->count)) {
        for (size_t i = 0; i < tally->count; i++)
            tally->told[i] = tally->tables[i];
        progress->table_count = tally->count;
    }
    pthread_mutex_unlock(&tally->lock);
    progress->tables = tally->told;
}

/* Tables are loaded one after another: rows handed over are those of the first ones. */
size_t tally_loaded(struct tally *tally, const struct package *package, uint64_t rows)
{
    if (!has_room(&tally->told, &tally->told_capacity, package->table_count))
        return 0;
    for (uint32_t i = 0; i < package->table_count; i++) {
        const struct package_table *entry = package->tables[i];
        uint64_t here = rows < entry->rows ? rows : entry->rows;

        tally->told[i] = (struct spile_table_progress){ entry->table->name, here, entry->rows };
        rows -= here;
    }
    return package->table_count;
}

/* `package`: what is loaded; NULL: rows are still drawn. */
static void report(struct run *run, enum spile_stage stage, const struct package *package, uint64_t rows, bool force)
{
    struct spile_progress progress = { .stage = stage, .rows = rows, .bytes_total = run->bytes_total, .resources = run->resources };
    double now;

    if (!run->options->progress)
        return;
    now = clock_seconds();
    if (!force && now - run->last_progress < PROGRESS_SECONDS)
        return;
    run->last_progress = now;
    progress.seconds = now - run->began;
    progress.bytes_read = atomic_load(&run->consumed);
    progress.resource_count = run->declared_count;
    if (package) {
        progress.rows_total = package->rows;
        progress.table_count = tally_loaded(&run->tally, package, rows);
        progress.tables = run->tally.told;
    } else {
        copy_drawn(&run->tally, &progress);
    }
    run->options->progress(&progress, run->options->progress_user);
}

void run_report_drawn(struct run *run, uint64_t rows, bool force)
{
    report(run, SPILE_STAGE_NORMALIZE, NULL, rows, force);
}

void run_report_loaded(struct run *run, enum spile_stage stage, const struct package *package, uint64_t rows, bool force)
{
    report(run, stage, package, rows, force);
}
