/* The stages one by one: drawing only, and normalizing what was drawn. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "data/json_text.h"
#include "load/recording.h"
#include "pipeline/extracted.h"

/* ---- what waits ------------------------------------------------------------------------------------------------------------------- */

struct newest {
    struct run *run;
    const char *load_id;  /* of the extract that was drawn last; NULL: none waits. In the run's arena, as all here */
    bool same;            /* there is one with the run's load id */
    const char *sources;  /* that the newest one that has changed them keeps; NULL: none has */
    const char *schema, *schema_hash; /* that the newest package is going to leave behind; NULL: none waits */
};

/* The package's schema, as its load is going to write it. If that comes out otherwise, the fence of the load behind it finds out. */
static enum spile_status foresee_schema(struct newest *newest, struct schema *schema, struct spile_error *err)
{
    struct arena *arena = &newest->run->arena;
    bool changed;
    size_t length;
    char *text;
    enum spile_status status = schema_add_state_table(schema) ? schema_seal(schema, &changed, err) : spile_fail_nomem(err);

    if (status)
        return status;
    text = schema_write(schema, &length);
    newest->schema = text ? arena_copy(arena, text, length) : NULL;
    newest->schema_hash = arena_copy(arena, schema_hash(schema), strlen(schema_hash(schema)));
    free(text);
    return newest->schema && newest->schema_hash ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status look_at_package(void *user, const char *load_id, struct spile_error *err)
{
    struct newest *newest = user;
    struct run *run = newest->run;
    struct package package = { 0 };
    struct schema *schema = NULL;
    char *base_hash = NULL;
    bool found = false, pending = false;
    enum spile_status status = load_id_is_valid(load_id) ? package_is_pending(run->pipeline->packages_folder, load_id, &pending, err) : SPILE_OK;

    if (status || !pending)
        return status;
    status = package_open(&package, &schema, &base_hash, run->pipeline->packages_folder, load_id, &found, err);
    if (!status && run->recording) /* a run that only draws has no schema */
        status = foresee_schema(newest, schema, err);
    if (!status && package.sources && !(newest->sources = arena_copy(&run->arena, package.sources, strlen(package.sources))))
        status = spile_fail_nomem(err);
    package_release(&package);
    schema_free(schema);
    free(base_hash);
    return status;
}

static enum spile_status look_at_extract(void *user, const char *load_id, struct spile_error *err)
{
    struct newest *newest = user;
    struct arena *arena = &newest->run->arena;
    struct extract extract;
    bool found = false;
    enum spile_status status = extracted_open(&extract, newest->run->pipeline, load_id, &found, err);

    if (!status && found) {
        newest->load_id = arena_copy(arena, load_id, strlen(load_id));
        newest->same |= newest->run->load_id && !strcmp(load_id, newest->run->load_id);
        if (extract.sources)
            newest->sources = arena_copy(arena, extract.sources, strlen(extract.sources));
        if (!newest->load_id || (extract.sources && !newest->sources))
            status = spile_fail_nomem(err);
    }
    extract_release(&extract);
    return status;
}

/* Packages that are no extract's are older than all extracts: what makes them loads these first. */
static enum spile_status find_newest(struct newest *newest, struct spile_error *err)
{
    enum spile_status status = folder_each(newest->run->pipeline->packages_folder, look_at_package, newest, err);

    return status ? status : folder_each(newest->run->pipeline->extracted_folder, look_at_extract, newest, err);
}

/* ---- drawing only ----------------------------------------------------------------------------------------------------------------- */

/* They are loaded in the order of their names. */
static enum spile_status check_order(const struct run *run, const struct newest *newest, struct spile_error *err)
{
    if (!newest->load_id || newest->same || strcmp(newest->load_id, run->load_id) < 0)
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "load id \"%s\" does not come behind \"%s\", which was extracted before and waits", run->load_id, newest->load_id);
    return spile_hint(err, SPILE_USAGE, "leave the load id out, or load what waits first");
}

/* What is drawn begins where the newest extract has ended, and not where the dataset has. */
static enum spile_status begin_behind(struct run *run, const struct newest *newest, struct spile_error *err)
{
    yyjson_doc *parsed = run->sources && newest->sources ? json_text_parse(newest->sources, strlen(newest->sources)) : NULL;
    yyjson_mut_doc *doc = parsed ? yyjson_doc_mut_copy(parsed, NULL) : NULL;

    yyjson_doc_free(parsed);
    if (!run->sources || !newest->sources)
        return SPILE_OK;
    return doc ? run_use_sources(run, doc, err) : spile_fail_nomem(err);
}

static enum spile_status read_dataset(struct run *run, struct stored *stored, struct spile_error *err)
{
    enum spile_status status = run_open_destination(run, err), closed;

    if (!status)
        status = load_read_stored(&run->target, run->source_name, run->load_id, &run->arena, stored, err);
    closed = run_close_destination(run, status ? NULL : err);
    return status ? status : closed;
}

/* Does a table change even if nothing comes? */
static bool changes_without_rows(const struct run *run)
{
    for (uint32_t i = 0; i < run->part_count; i++)
        if (run->normalize_parts[i].write.disposition == WRITE_REPLACE || table_write_is_complete(&run->normalize_parts[i].write))
            return true;
    return false;
}

/* An extract of which nothing would come is none. */
static enum spile_status seal(struct run *run, const char *folder, uint64_t bytes, struct spile_error *err)
{
    char *sources;
    enum spile_status status = run_changed_sources(run, &sources, err);
    bool needed = bytes || sources || run->options->refresh != SPILE_KEEP || changes_without_rows(run);

    if (!status)
        status = needed ? extracted_seal(run, folder, bytes, sources, err) : folder_remove(folder, err);
    run->package_waits = !status && needed;
    free(sources);
    return status;
}

static enum spile_status record(struct run *run, const char *folder, struct spile_error *err)
{
    const char *chunks = extracted_chunks(folder, &run->arena);
    enum spile_status status = chunks ? folder_remove(folder, err) : spile_fail_nomem(err);

    if (!status)
        status = folder_make(folder, err);
    if (!status)
        status = recorder_new(&run->recorder, chunks, err);
    if (!status)
        status = run_refresh(run, err);
    run->times.drawing = clock_micros();
    if (!status)
        status = run_record(run, err);
    if (!status)
        status = recorder_finish(run->recorder, err);
    if (!status)
        status = seal(run, folder, recorder_bytes(run->recorder), err);
    run->times.drawn = clock_micros();
    recorder_free(run->recorder);
    run->recorder = NULL;
    return status;
}

static enum spile_status extract(struct run *run, struct spile_load_info **info, struct spile_error *err)
{
    struct newest newest = { .run = run };
    struct stored stored = { 0 };
    struct load_job job = { 0 };
    const char *folder = extracted_folder(run->pipeline, run->load_id, &run->arena);
    enum spile_status status = folder ? find_newest(&newest, err) : spile_fail_nomem(err);

    if (!status)
        status = check_order(run, &newest, err);
    if (!status)
        status = read_dataset(run, &stored, err);
    job.already_loaded = stored.has_load || newest.same;
    run->first_run = !stored.state;
    if (!status && !job.already_loaded)
        status = run_begin_sources(run, &stored, err);
    if (!status && !job.already_loaded)
        status = begin_behind(run, &newest, err);
    if (status)
        return status;
    if (!job.already_loaded) {
        status = record(run, folder, err);
        if (status)
            folder_remove(folder, NULL);
    }
    if (!status)
        status = run_publish(run, err);
    if (!status)
        status = run_tell(run, &job, info, err);
    if (!run->package_waits)
        return status;
    return spile_hint_also(err, status, "what was drawn waits, with load id %s: do not draw it again", run->load_id);
}

enum spile_status spile_extract(struct spile_pipeline *pipeline, struct spile_data data, const struct spile_run_options *options,
                                struct spile_load_info **info, struct spile_error *err)
{
    struct run run = { .pipeline = pipeline, .only_reads = true, .only_extracts = true };
    enum spile_status status;
    int lock = -1;

    if (info)
        *info = NULL;
    if (err)
        *err = (struct spile_error){ 0 };
    status = run_take(&run, data, options, err);
    if (!status && run.given.discarded)
        status = path_make_absolute(&run.given.discarded, run.given.discarded, &run.arena, err);
    if (!status)
        status = lock_take(pipeline->lock_path, &lock, err);
    if (!status)
        status = extract(&run, info, err);
    lock_free(lock);
    run_release(&run);
    return status;
}

/* ---- normalizing what was drawn ----------------------------------------------------------------------------------------------------- */

/* What the caller of spile_normalize() says goes above what was said when it was drawn. */
static void take_given(struct run *run, const struct spile_normalize_options *given)
{
    if (given->schema)
        run->schema_parts[SCHEMA_PARTS - 1] = spile_schema_part(given->schema);
    if (!contract_is_given(&given->contract))
        return;
    run->contract = given->contract;
    for (uint32_t i = 0; i < run->part_capacity; i++)
        run->parts[i].contract = given->contract;
}

/* A package that waits behind others is made against what these leave behind. */
static enum spile_status read_base(struct run *run, bool waits, struct stored *stored, struct spile_error *err)
{
    struct newest newest = { .run = run };
    enum spile_status status = load_read_stored(&run->target, run->source_name, run->load_id, &run->arena, stored, err);

    if (status || !waits)
        return status;
    status = folder_each(run->pipeline->packages_folder, look_at_package, &newest, err);
    if (!status && newest.schema) {
        stored->schema = newest.schema;
        stored->schema_hash = newest.schema_hash;
    }
    return status;
}

static enum spile_status normalize(struct run *run, bool waits, struct spile_error *err)
{
    struct stored stored = { 0 };
    struct load_job job = { 0 };
    enum spile_status status = read_base(run, waits, &stored, err);

    run->first_run = !stored.state;
    if (status || stored.has_load)
        return status;
    status = run_begin_schema(run, &stored, err);
    if (!status)
        status = run_draw_and_load(run, &job, err);
    if (!status)
        status = run_publish(run, err);
    if (run->package_made && !(run->package_waits && !status))
        package_remove(&run->package, NULL);
    return status;
}

static enum spile_status normalize_extract(struct run *outer, const struct extract *extract, const char *load_id,
                                           const struct spile_normalize_options *waits, struct spile_error *err)
{
    struct run run = { .pipeline = outer->pipeline, .target = outer->target };
    const char *folder = extracted_folder(run.pipeline, load_id, &run.arena);
    enum spile_status status;

    run.began = clock_seconds();
    run.times.began = clock_micros();
    run.options = &run.given;
    run.recording = folder ? extracted_chunks(folder, &run.arena) : NULL;
    status = run.recording ? extracted_take(&run, extract, err) : spile_fail_nomem(err);
    run.given.no_load = waits;
    run.given.progress = outer->given.progress;
    run.given.progress_user = outer->given.progress_user;
    if (!status && waits)
        take_given(&run, waits);
    if (!status)
        status = normalize(&run, waits, err);
    if (!status && !run.package_waits)
        status = extracted_remove(run.pipeline, load_id, err);
    outer->settled += !status;
    run_release(&run);
    return status;
}

static enum spile_status fail_extract(const struct run *outer, const char *load_id, enum spile_status status, struct spile_error *err)
{
    if (status == SPILE_CANCELLED)
        return status;
    spile_within(err, status, "extract %s, which waits", load_id);
    return spile_hint_also(err, status, "or remove the folder \"%s/%s\" to discard that extract", outer->pipeline->extracted_folder, load_id);
}

enum spile_status run_extracted(struct run *outer, const char *load_id, const struct spile_normalize_options *waits, struct spile_error *err)
{
    struct extract extract;
    bool found = false;
    enum spile_status status = extracted_open(&extract, outer->pipeline, load_id, &found, err);

    if (!status && found && !outer->target.destination)
        status = run_open_destination(outer, err);
    if (!status && found)
        status = normalize_extract(outer, &extract, load_id, waits, err);
    if (status)
        fail_extract(outer, load_id, status, err);
    extract_release(&extract);
    return status || found ? status : extracted_remove(outer->pipeline, load_id, err); /* it never came to be one */
}

/* ---- spile_normalize --------------------------------------------------------------------------------------------------------------- */

static enum spile_status forget_package(void *user, const char *load_id, struct spile_error *err)
{
    const struct run *run = user;

    return package_discard(run->pipeline->packages_folder, load_id, err);
}

struct normalizing {
    struct run run;
    struct spile_normalize_options given;
};

static enum spile_status normalize_waiting(void *user, const char *load_id, struct spile_error *err)
{
    struct normalizing *n = user;
    bool normalized = false;
    enum spile_status status = package_is_pending(n->run.pipeline->packages_folder, load_id, &normalized, err);

    return status || normalized ? status : run_extracted(&n->run, load_id, &n->given, err);
}

static bool is_said(const struct spile_normalize_options *options)
{
    return options->schema || contract_is_given(&options->contract);
}

enum spile_status spile_normalize(struct spile_pipeline *pipeline, const struct spile_normalize_options *options, size_t *count, struct spile_error *err)
{
    struct normalizing n = { .run = { .pipeline = pipeline, .only_reads = true } };
    enum spile_status status, closed;
    int lock = -1;

    if (options)
        memcpy(&n.given, options, options->size && options->size < sizeof(n.given) ? options->size : sizeof(n.given));
    if (err)
        *err = (struct spile_error){ 0 };
    n.run.options = &n.run.given;
    n.run.given.progress = n.given.progress;
    n.run.given.progress_user = n.given.progress_user;
    atomic_store(&pipeline->cancelled, false);
    status = lock_take(pipeline->lock_path, &lock, err);
    if (!status && is_said(&n.given))
        status = folder_each(pipeline->extracted_folder, forget_package, &n.run, err);
    if (!status)
        status = folder_each(pipeline->extracted_folder, normalize_waiting, &n, err);
    closed = run_close_destination(&n.run, status ? NULL : err);
    lock_free(lock);
    if (count)
        *count = n.run.settled;
    run_release(&n.run);
    return status ? status : closed;
}
