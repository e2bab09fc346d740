/* The trace as dlt's PipelineTrace.asdict(). Extract and normalize are two steps there and one pass here: both have its times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/hash.h"
#include "pipeline/info_dlt.h"

#define TRACE_ENGINE_VERSION 2
#define ID_BYTES 16

/* ---- the machine ---------------------------------------------------------------------------------------------------------------------- */

/* Set by the services that run programs after each change of their sources; the list is dlt's. */
static bool in_continuous_integration(void)
{
    static const char *const tell[] = {
        "bamboo.buildKey", "BUILD_ID", "BUILD_NUMBER", "BUILDKITE", "CI", "CIRCLECI", "CONTINUOUS_INTEGRATION", "GITHUB_ACTIONS", "HUDSON_URL",
        "JENKINS_URL", "TEAMCITY_VERSION", "TRAVIS", "CODEBUILD_BUILD_ARN", "CODEBUILD_BUILD_ID", "CODEBUILD_BATCH_BUILD_IDENTIFIER",
    };

    for (size_t i = 0; i < sizeof(tell) / sizeof(*tell); i++)
        if (getenv(tell[i]))
            return true;
    return false;
}

static void put_version(struct dlt_info *d, yyjson_mut_val *object, const char *key, const char *name, const char *version)
{
    yyjson_mut_val *made = dlt_put_object(d, object, key);

    d->failed |= !yyjson_mut_obj_add_strcpy(d->doc, made, "name", name) || !yyjson_mut_obj_add_strcpy(d->doc, made, "version", version);
}

static void put_machine(struct dlt_info *d, yyjson_mut_val *trace)
{
    yyjson_mut_val *object = dlt_put_object(d, trace, "execution_context");
    struct utsname system = { 0 };
    long processors = sysconf(_SC_NPROCESSORS_CONF);

    uname(&system);
    dlt_put_flag(d, object, "ci_run", in_continuous_integration());
    dlt_put_null(d, object, "python");
    dlt_put_count(d, object, "cpu", processors > 0 ? (uint64_t)processors : 0);
    dlt_put_list(d, object, "exec_info");
    put_version(d, object, "os", system.sysname, system.release);
    put_version(d, object, "library", "spile", spile_version());
}

/* ---- ids --------------------------------------------------------------------------------------------------------------------------------- */

/* No two runs have the same, since no two begin at the same time with the same load id. */
static void put_id(struct dlt_info *d, yyjson_mut_val *object, const char *key, const char *of)
{
    const struct run *run = d->run;
    const char *text = arena_printf(&d->arena, "%s %s %lld %s", run->pipeline->name, run->load_id, (long long)run->times.began, of);
    uint8_t digest[ID_BYTES];
    char hex[2 * ID_BYTES + 1];

    d->failed |= !text;
    if (!text)
        return;
    shake128(text, strlen(text), digest, sizeof(digest));
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)digest[i]);
    d->failed |= !yyjson_mut_obj_add_strcpy(d->doc, object, key, hex);
}

/* ---- metrics ------------------------------------------------------------------------------------------------------------------------------ */

/* `file` NULL: what is counted is in no file. */
static yyjson_mut_val *add_metrics(struct dlt_info *d, yyjson_mut_val *list, const char *path, uint64_t items, const struct package_table *file)
{
    yyjson_mut_val *object = dlt_add_object(d, list);

    dlt_put_text(d, object, "file_path", path);
    dlt_put_count(d, object, "items_count", items);
    if (file) {
        dlt_put_count(d, object, "file_size", file->file_bytes);
        dlt_put_real(d, object, "created", (double)file->created / 1e6);
        dlt_put_real(d, object, "last_modified", (double)file->modified / 1e6);
    } else {
        dlt_put_null(d, object, "file_size");
        dlt_put_null(d, object, "created");
        dlt_put_null(d, object, "last_modified");
    }
    dlt_put_text(d, object, "load_id", d->run->load_id);
    dlt_put_count(d, object, "extract_idx", 0);
    return object;
}

static uint64_t rows_refused(const struct run *run, const char *table)
{
    for (size_t i = 0; i < run->refused_count; i++)
        if (!strcmp(run->refused[i].name, table))
            return run->refused[i].rows;
    return 0;
}

/* An item makes a row of the root table, unless a contract leaves it out. A table of which all is left out is not told of. */
static void put_root_tables(struct dlt_info *d, yyjson_mut_val *list, const char *key)
{
    for (uint32_t i = 0; d->package && i < d->package->table_count; i++) {
        const struct package_table *entry = d->package->tables[i];

        if (entry->table->parent)
            continue;
        dlt_put_text(d, add_metrics(d, list, "", entry->rows + rows_refused(d->run, entry->table->name), NULL), key, entry->table->name);
    }
}

/* Data without a source are, as in dlt, a resource with the table's name. */
static void put_resources(struct dlt_info *d, yyjson_mut_val *list)
{
    const struct run *run = d->run;

    if (!run->of_source)
        put_root_tables(d, list, "resource_name");
    for (size_t i = 0; i < run->declared_count; i++)
        if (run->declared[i].loaded)
            dlt_put_text(d, add_metrics(d, list, "", run->resources[i].items, NULL), "resource_name", run->declared[i].name);
}

static yyjson_mut_val *add_edge(struct dlt_info *d, yyjson_mut_val *list, const char *parent, const char *name)
{
    yyjson_mut_val *object = dlt_add_object(d, list);

    dlt_put_text(d, object, "load_id", d->run->load_id);
    dlt_put_count(d, object, "extract_idx", 0);
    if (parent)
        dlt_put_text(d, object, "parent_name", parent);
    dlt_put_text(d, object, "resource_name", name);
    return object;
}

static void put_dag(struct dlt_info *d, yyjson_mut_val *list)
{
    const struct run *run = d->run;

    for (uint32_t i = 0; !run->of_source && i < run->part_count; i++)
        add_edge(d, list, run->normalize_parts[i].resource, run->normalize_parts[i].resource);
    for (size_t i = 0; i < run->declared_count; i++) {
        const struct run_resource *resource = &run->declared[i];

        if (resource->selected)
            add_edge(d, list, resource->from ? resource->from : resource->name, resource->name);
    }
}

/* As in dlt a word, or what was said with it. */
static void put_write(struct dlt_info *d, yyjson_mut_val *object, const struct table_write *write)
{
    const struct {
        const char *name, *text;
    } texts[] = {
        { "disposition", write_disposition_name(write->disposition) },
        { "strategy", merge_strategy_name(write->strategy) },
        { "source_filter", write->source_filter },
        { "destination_scope", write->destination_scope },
        { "row_version_column_name", write->row_version },
        { "active_record_timestamp", write->active_timestamp },
        { "boundary_timestamp", write->boundary_timestamp },
    };
    const size_t count = sizeof(texts) / sizeof(*texts);
    bool is_word = !write->deduplicated && !write->skip_unchanged && !write->valid_from && !write->valid_to;
    yyjson_mut_val *names;

    for (size_t i = 1; i < count; i++)
        is_word &= !texts[i].text;
    if (is_word) {
        dlt_put_text(d, object, "write_disposition", texts[0].text);
        return;
    }
    object = dlt_put_object(d, object, "write_disposition");
    for (size_t i = 0; i < count; i++)
        if (texts[i].text)
            dlt_put_text(d, object, texts[i].name, texts[i].text);
    if (write->deduplicated)
        dlt_put_flag(d, object, "deduplicated", true);
    if (write->skip_unchanged)
        dlt_put_flag(d, object, "skip_unchanged_rows", true);
    if (!write->valid_from && !write->valid_to)
        return;
    names = dlt_put_list(d, object, "validity_column_names");
    d->failed |= !yyjson_mut_arr_add_strcpy(d->doc, names, write->valid_from ? write->valid_from : DLT_VALID_FROM) ||
                 !yyjson_mut_arr_add_strcpy(d->doc, names, write->valid_to ? write->valid_to : DLT_VALID_TO);
}

static void put_hint(struct dlt_info *d, yyjson_mut_val *list, const char *resource, const char *table, const struct table_write *write)
{
    yyjson_mut_val *object = add_edge(d, list, NULL, resource);

    put_write(d, object, write);
    dlt_put_text(d, object, "table_name", table);
}

static void put_hints(struct dlt_info *d, yyjson_mut_val *list)
{
    const struct run *run = d->run;

    for (uint32_t i = 0; !run->of_source && i < run->part_count; i++)
        put_hint(d, list, run->normalize_parts[i].resource, run->parts[i].given, &run->normalize_parts[i].write);
    for (size_t i = 0; i < run->declared_count; i++)
        if (run->declared[i].loaded)
            put_hint(d, list, run->declared[i].name, run->declared[i].table, &run->declared[i].write);
}

static void put_extract(struct dlt_info *d, yyjson_mut_val *object)
{
    dlt_put_list(d, object, "job_metrics");
    put_root_tables(d, dlt_put_list(d, object, "table_metrics"), "table_name");
    put_resources(d, dlt_put_list(d, object, "resource_metrics"));
    put_dag(d, dlt_put_list(d, object, "dag"));
    put_hints(d, dlt_put_list(d, object, "hints"));
    dlt_put_list(d, object, "inputs");
}

/* A table is one file: both lists tell the same, but for the path. */
static void put_normalize(struct dlt_info *d, yyjson_mut_val *object)
{
    yyjson_mut_val *jobs = dlt_put_list(d, object, "job_metrics"), *tables = dlt_put_list(d, object, "table_metrics"), *job;

    for (uint32_t i = 0; d->package && i < d->package->table_count; i++) {
        const struct package_table *entry = d->package->tables[i];

        if (!entry->rows)
            continue;
        job = add_metrics(d, jobs, dlt_file_path(d, entry), entry->rows, entry);
        dlt_put_text(d, job, "job_id", entry->file);
        dlt_put_text(d, job, "table_name", entry->table->name);
        dlt_put_text(d, add_metrics(d, tables, "", entry->rows, entry), "table_name", entry->table->name);
    }
}

static void put_load(struct dlt_info *d, yyjson_mut_val *object)
{
    dlt_put_destination(d, object);
    dlt_put_load_metrics(d, object);
}

/* ---- steps ------------------------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name, *info;
    void (*put)(struct dlt_info *d, yyjson_mut_val *object);
} stages[] = {
    [DLT_EXTRACTED] = { "extract", "extract_info", put_extract },
    [DLT_NORMALIZED] = { "normalize", "normalize_info", put_normalize },
    [DLT_LOADED] = { "load", "load_info", put_load },
};

static void put_stage(struct dlt_info *d, yyjson_mut_val *steps, enum dlt_stage stage)
{
    yyjson_mut_val *object = dlt_add_object(d, steps), *info;

    put_id(d, object, "span_id", stages[stage].name);
    dlt_put_text(d, object, "step", stages[stage].name);
    dlt_put_times(d, object, stage);
    dlt_put_null(d, object, "step_exception");
    dlt_put_null(d, object, "exception_traces");
    stages[stage].put(d, dlt_put_object(d, object, stages[stage].info));
    info = dlt_put_object(d, object, "step_info");
    dlt_put_text(d, dlt_put_object(d, info, "pipeline"), "pipeline_name", d->run->pipeline->name);
    dlt_put_step(d, info, stage);
}

char *dlt_trace_json(const struct run *run, const struct load_job *job, int64_t finished)
{
    struct dlt_info d;
    yyjson_mut_val *root, *steps;
    enum dlt_stage last = run->only_extracts ? DLT_EXTRACTED : job ? DLT_LOADED : DLT_NORMALIZED;

    d.failed = !dlt_begin(&d, run, job);
    root = yyjson_mut_doc_get_root(d.doc);
    put_id(&d, root, "transaction_id", "trace");
    dlt_put_text(&d, root, "pipeline_name", run->pipeline->name);
    put_machine(&d, root);
    dlt_put_time(&d, root, "started_at", run->times.began);
    steps = dlt_put_list(&d, root, "steps");
    for (int stage = DLT_EXTRACTED; run->times.drawn && stage <= (int)last; stage++)
        put_stage(&d, steps, (enum dlt_stage)stage);
    dlt_put_time(&d, root, "finished_at", finished);
    dlt_put_list(&d, root, "resolved_config_values");
    dlt_put_count(&d, root, "engine_version", TRACE_ENGINE_VERSION);
    return dlt_end(&d);
}
