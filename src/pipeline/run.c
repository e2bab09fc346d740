/* One run: lock, left-over packages, what the destination knows, draw, load, report. */
#include "pipeline/extracted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "data/json.h"
#include "schema/naming.h"

/* The database's share of the memory that was allowed, in percent; it exceeds its own limit by what it counts late. */
#define DESTINATION_MEMORY_PERCENT 60

/* ---- what is asked for ---------------------------------------------------------------------------------------------------------- */

/* As in dlt: the seconds of the clock with all their digits. */
enum spile_status run_take_load_id(struct run *run, struct spile_error *err)
{
    int64_t now = clock_micros();
    char extract[SHORTEN_BYTES];

    if (run->options->load_id) {
        run->load_id = arena_copy(&run->arena, run->options->load_id, strlen(run->options->load_id));
        if (run->load_id && !load_id_is_valid(run->load_id)) {
            spile_fail(err, SPILE_USAGE, "\"%s\" can't be a load id", shorten(extract, run->load_id, strlen(run->load_id)));
            return spile_hint(err, SPILE_USAGE, "use 1 to 64 letters, digits, dots, underscores and hyphens, not beginning with a dot");
        }
    } else {
        run->load_id = arena_printf(&run->arena, "%lld.%06lld", (long long)(now / 1000000), (long long)(now % 1000000));
    }
    return run->load_id ? SPILE_OK : spile_fail_nomem(err);
}

static uint64_t total_bytes(const struct run *run)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < run->part_count; i++) {
        const struct spile_data *data = &run->parts[i].data;
        struct stat file;

        if (data->kind == SPILE_DATA_JSON)
            total += data->length;
        for (size_t j = 0; data->kind == SPILE_DATA_FILES && j < data->count; j++) {
            if (!strcmp(data->paths[j], "-") || stat(data->paths[j], &file) || !S_ISREG(file.st_mode))
                return 0;
            total += (uint64_t)file.st_size;
        }
    }
    return total;
}

/* ---- destination ---------------------------------------------------------------------------------------------------------------- */

enum spile_status run_open_destination(struct run *run, struct spile_error *err)
{
    const struct spile_pipeline *p = run->pipeline;
    const char *spill = arena_printf(&run->arena, "%s/spill", p->folder);
    struct destination_options options = {
        .location = p->location,
        .max_memory = p->max_memory / 100 * DESTINATION_MEMORY_PERCENT,
        .threads = p->workers,
        .work_folder = spill,
        .read_only = run->plans || run->only_reads,
    };

    run->target = (struct load_target){ .ops = p->ops, .pipeline = p->name, .dataset = p->dataset };
    return spill ? p->ops->open(&run->target.destination, &options, err) : spile_fail_nomem(err);
}

enum spile_status run_close_destination(struct run *run, struct spile_error *err)
{
    struct destination *destination = run->target.destination;

    run->target.destination = NULL;
    return destination ? run->target.ops->close(destination, err) : SPILE_OK;
}

struct load_job run_load_job(struct run *run, struct package *package, struct schema *schema, const char *base_hash)
{
    return (struct load_job){
        .package = package,
        .schema = schema,
        .base_hash = base_hash,
        .replace_strategy = run->pipeline->replace_strategy,
        .unique = run->pipeline->unique,
        .cancelled = &run->pipeline->cancelled,
        .progress = &run->rows_handed_over,
        .batch_bytes_max = (size_t)(run->pipeline->max_memory / 32),
    };
}

/* ---- left-over packages --------------------------------------------------------------------------------------------------------- */

static enum spile_status load_pending(struct run *run, const char *load_id, bool *outdated, struct spile_error *err)
{
    struct package package;
    struct schema *schema;
    char *base_hash;
    bool found;
    enum spile_status status = package_open(&package, &schema, &base_hash, run->pipeline->packages_folder, load_id, &found, err);
    struct load_job job = run_load_job(run, &package, schema, base_hash);

    if (!status && !run->target.destination)
        status = run_open_destination(run, err);
    if (!status)
        status = run_transfer(run, &job, err);
    if (!status)
        status = package_remove(&package, err);
    if (!status)
        status = extracted_remove(run->pipeline, load_id, err);
    run->settled += !status;
    *outdated = job.outdated;
    if (status && status != SPILE_CANCELLED) {
        spile_within(err, status, "load package %s, left by an interrupted run", load_id);
        spile_hint_also(err, status, "or remove the folder \"%s\" to discard that package", package.folder ? package.folder : "");
    }
    package_release(&package);
    schema_free(schema);
    free(base_hash);
    return status;
}

/* What was made of an extract that is still there can be made again, of the schema that the dataset has now. */
static enum spile_status load_or_renew(struct run *run, const char *load_id, struct spile_error *err)
{
    struct extract extract;
    bool outdated = false, found = false;
    enum spile_status status = load_pending(run, load_id, &outdated, err), opened;

    if (!outdated)
        return status;
    opened = extracted_open(&extract, run->pipeline, load_id, &found, NULL);
    extract_release(&extract);
    if (opened || !found)
        return status;
    if (err)
        *err = (struct spile_error){ 0 };
    status = package_discard(run->pipeline->packages_folder, load_id, err);
    return status ? status : run_extracted(run, load_id, NULL, err);
}

static enum spile_status settle_extract(void *user, const char *load_id, struct spile_error *err)
{
    return run_extracted(user, load_id, NULL, err);
}

static enum spile_status settle_package(void *user, const char *load_id, struct spile_error *err)
{
    struct run *run = user;
    bool pending = false;
    enum spile_status status = SPILE_OK;

    if (load_id_is_valid(load_id))
        status = package_is_pending(run->pipeline->packages_folder, load_id, &pending, err);
    if (!status && pending)
        return load_or_renew(run, load_id, err);
    return status ? status : package_discard(run->pipeline->packages_folder, load_id, err);
}

/* What an interrupted run left: a complete package whose source is gone is loaded, all else is drawn again and removed here. Then come the extracts, which
 * are younger than all packages that were not made of them. */
enum spile_status run_settle_packages(struct run *run, struct spile_error *err)
{
    enum spile_status status = folder_each(run->pipeline->packages_folder, settle_package, run, err);

    return status ? status : folder_each(run->pipeline->extracted_folder, settle_extract, run, err);
}

/* ---- the run -------------------------------------------------------------------------------------------------------------------- */

/* Has a contract left out rows of a table that is there? Then that is a load, as in dlt, if one without rows. */
static bool discards_rows(const struct run *run)
{
    for (size_t i = 0; i < run->refused_count; i++)
        if (run->refused[i].rows && schema_find_table(run->schema, run->refused[i].name))
            return true;
    return false;
}

enum spile_status run_draw_and_load(struct run *run, struct load_job *job, struct spile_error *err)
{
    enum spile_status status = package_create(&run->package, run->pipeline->packages_folder, run->load_id, run->schema, err);

    run->times.drawing = clock_micros();
    run->package_made = !status;
    if (!status)
        status = run_draw(run, err);
    if (!status)
        status = run_finish_schema(run, err);
    if (!status)
        status = run_finish_sources_into(run, &run->package, err);
    if (!status)
        status = run_drop_tables(run, &run->package, err);
    run->times.drawn = clock_micros();
    if (status || (package_is_empty(&run->package) && !discards_rows(run)))
        return status;
    status = package_seal(&run->package, run->base_hash, !run->rereadable || run->options->no_load, err);
    run->package_sealed = !status;
    run->times.drawn = clock_micros();
    run->package_waits = !status && run->options->no_load;
    if (run->package_waits)
        return SPILE_OK;
    *job = run_load_job(run, &run->package, run->schema, run->base_hash);
    run->times.loading = clock_micros();
    if (!status)
        status = run_transfer(run, job, err);
    run->times.loaded = clock_micros();
    return status;
}

/* Where the last run went is not worth a failure of one whose rows wait. */
enum spile_status run_publish(struct run *run, struct spile_error *err)
{
    enum spile_status status = run->schema ? run_keep_discarded(run, err) : SPILE_OK, kept;

    if (!status && run->schema)
        status = run_write_import(run, err);
    if (!status && run->schema && !run->package_waits)
        status = run_export_schema(run, err);
    kept = last_run_keep(run->pipeline, status || run->package_waits ? NULL : err);
    return status || run->package_waits ? status : kept;
}

enum spile_status run_tell(struct run *run, const struct load_job *job, struct spile_load_info **info, struct spile_error *err)
{
    struct run_figures figures = { run->load_id, clock_seconds() - run->began, atomic_load(&run->consumed), run->duplicate_keys,
                                   run->refused, run->refused_count, run->resources, run->declared_count };

    run_report_loaded(run, SPILE_STAGE_DONE, &run->package, run->package.rows, true);
    return info ? load_info_new(info, run, job->already_loaded || job->package ? job : NULL, &figures, err) : SPILE_OK;
}

/* The load is done, and what goes wrong from here on does not keep the rest from being done. */
static enum spile_status finish(struct run *run, const struct load_job *job, struct spile_load_info **info, struct spile_error *err)
{
    enum spile_status status = run_close_destination(run, err), published = run_publish(run, status ? NULL : err);

    status = status ? status : published;
    if (!status)
        status = run_tell(run, job, info, err);
    if (!run->package_waits && (job->package || job->already_loaded))
        spile_hint_also(err, status, "the load itself is done, with load id %s: do not repeat it", run->load_id);
    return status;
}

/* A complete package whose source is gone stays for the next run when it could not be loaded. */
static enum spile_status give_up(struct run *run, enum spile_status status, struct spile_error *err)
{
    if (!run->package_made)
        return status;
    if (!run->package_sealed || run->rereadable) {
        package_remove(&run->package, NULL);
        return status;
    }
    run_keep_discarded(run, NULL); /* what it lacks can't be drawn again either */
    run_write_import(run, NULL);
    return spile_hint_also(err, status, "the rows are kept, and the next run of this pipeline loads them first");
}

static enum spile_status run_locked(struct run *run, struct spile_load_info **info, struct spile_error *err)
{
    struct load_job job = { 0 };
    struct stored stored = { 0 };
    enum spile_status status = run_settle_packages(run, err);

    if (!status && !run->target.destination)
        status = run_open_destination(run, err);
    if (!status)
        status = load_read_stored(&run->target, run->source_name, run->load_id, &run->arena, &stored, err);
    job.already_loaded = stored.has_load;
    run->first_run = !stored.state;
    if (!status && !stored.has_load)
        status = run_begin_sources(run, &stored, err);
    if (!status && !stored.has_load)
        status = run_begin_schema(run, &stored, err);
    if (!status && !stored.has_load)
        status = run_draw_and_load(run, &job, err);
    if (status) {
        run_close_destination(run, NULL);
        return give_up(run, status, err);
    }
    status = finish(run, &job, info, err);
    if (run->package_waits)
        return status ? give_up(run, status, err) : SPILE_OK;
    if (run->package_made)
        package_remove(&run->package, NULL);
    return status;
}

void run_release(struct run *run)
{
    run_drop_discarded(run);
    tally_release(&run->tally);
    package_release(&run->package);
    schema_free(run->schema);
    yyjson_mut_doc_free(run->sources);
    yyjson_mut_doc_free(run->kept_schemas);
    free(run->sources_before);
    free(run->base_hash);
    arena_release(&run->arena);
}

enum spile_status run_take(struct run *run, struct spile_data data, const struct spile_run_options *options, struct spile_error *err)
{
    enum spile_status status;

    run->began = clock_seconds();
    run->times.began = clock_micros();
    run->options = &run->given;
    if (options)
        memcpy(&run->given, options, options->size && options->size < sizeof(run->given) ? options->size : sizeof(run->given));
    atomic_store(&run->pipeline->cancelled, false);
    status = run_take_parts(run, data, err);
    if (!status)
        status = run_take_load_id(run, err);
    if (!status)
        run->bytes_total = total_bytes(run);
    return status;
}

enum spile_status spile_run(struct spile_pipeline *pipeline, struct spile_data data, const struct spile_run_options *options,
                            struct spile_load_info **info, struct spile_error *err)
{
    struct run run = { .pipeline = pipeline };
    enum spile_status status;
    int lock = -1;

    if (info)
        *info = NULL;
    if (err)
        *err = (struct spile_error){ 0 };
    status = run_take(&run, data, options, err);
    if (!status)
        status = lock_take(pipeline->lock_path, &lock, err);
    if (!status)
        status = run_locked(&run, info, err);
    lock_free(lock);
    run_release(&run);
    return status;
}

enum spile_status spile_load_pending(struct spile_pipeline *pipeline, size_t *count, struct spile_error *err)
{
    struct run run = { .pipeline = pipeline, .options = &run.given };
    enum spile_status status, closed;
    int lock = -1;

    atomic_store(&pipeline->cancelled, false);
    status = lock_take(pipeline->lock_path, &lock, err);
    if (!status)
        status = run_settle_packages(&run, err);
    closed = run_close_destination(&run, status ? NULL : err);
    status = status ? status : closed;
    if (!status && run.settled)
        status = last_run_keep(pipeline, err);
    lock_free(lock);
    if (count)
        *count = run.settled;
    run_release(&run);
    return status;
}
