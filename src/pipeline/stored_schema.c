/* The pipeline's schema in its dataset: read, and replaced, without a load. */
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "pipeline/run.h"
#include "schema/merge.h"

static const struct spile_run_options no_options;

static enum spile_status fail_no_schema(const struct spile_pipeline *p, const char *version, struct spile_error *err)
{
    if (version)
        spile_fail(err, SPILE_CONFIG, "dataset \"%s\" has no version \"%s\" of the schema", p->dataset, version);
    else
        spile_fail(err, SPILE_CONFIG, "dataset \"%s\" of \"%s\" has no schema of pipeline \"%s\"", p->dataset, p->shown, p->name);
    return spile_hint(err, SPILE_CONFIG, "%s", version ? "versions are numbers, or the first characters (4 at least) of a version's hash"
                                                       : "load something first, or name another dataset or pipeline");
}

enum spile_status spile_pipeline_schema(struct spile_pipeline *pipeline, const char *version, struct spile_schema **out, struct spile_error *err)
{
    struct run run = { .pipeline = pipeline, .options = &no_options, .plans = true };
    struct stored stored = { 0 };
    enum spile_status status = run_open_destination(&run, err), closed;
    const char *text = NULL;

    *out = NULL;
    if (!status)
        status = load_read_stored(&run.target, NULL, "", &run.arena, &stored, err);
    if (!status && version)
        status = load_read_version(&run.target, stored.schema_name, version, &stored.catalog, &run.arena, &text, err);
    if (!version)
        text = stored.schema;
    if (!status && !text)
        status = fail_no_schema(pipeline, version, err);
    if (!status)
        status = spile_schema_parse(out, text, strlen(text), err);
    closed = run_close_destination(&run, status ? NULL : err);
    arena_release(&run.arena);
    return status ? status : closed;
}

static enum spile_status store_schema(struct run *run, const struct spile_schema *schema, bool *changed, struct spile_error *err)
{
    struct stored stored = { 0 };
    struct package package = { 0 };
    struct load_job job;
    enum spile_status status = load_read_stored(&run->target, NULL, "", &run->arena, &stored, err);

    if (!status)
        status = run_read_schema(run, &stored, err);
    if (!status)
        status = schema_replace(&run->schema, spile_schema_content(schema), false, err);
    if (!status)
        status = schema_seal(run->schema, NULL, err);
    if (status)
        return status;
    *changed = strcmp(stored.schema_hash, schema_hash(run->schema));
    job = run_load_job(run, &package, run->schema, run->base_hash);
    job.schema_only = true;
    return *changed ? load_commit(&run->target, &job, &run->arena, err) : SPILE_OK;
}

enum spile_status spile_pipeline_set_schema(struct spile_pipeline *pipeline, const struct spile_schema *schema, bool *changed,
                                            struct spile_error *err)
{
    struct run run = { .pipeline = pipeline, .options = &no_options };
    bool differs = false;
    int lock = -1;
    enum spile_status status = lock_take(pipeline->lock_path, &lock, err), closed;

    atomic_store(&pipeline->cancelled, false);
    if (!status)
        status = run_settle_packages(&run, err); /* later they would not fit the schema any more */
    if (!status && !run.target.destination)
        status = run_open_destination(&run, err);
    if (!status)
        status = store_schema(&run, schema, &differs, err);
    closed = run_close_destination(&run, status ? NULL : err);
    status = status ? status : closed;
    if (!status)
        status = last_run_keep(pipeline, err);
    lock_free(lock);
    schema_free(run.schema);
    free(run.base_hash);
    arena_release(&run.arena);
    if (changed)
        *changed = differs;
    return status;
}
