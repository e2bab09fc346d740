/* What a run has done, for the caller. */
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "base/clock.h"
#include "pipeline/info_dlt.h"

#define INFO_SCHEMA_VERSION 1
#define STEPS_MAX 4

struct spile_load_info {
    struct arena arena;
    const char *load_id, *pipeline, *dataset, *destination;
    bool already_loaded;
    double seconds;
    uint64_t rows, bytes_read, duplicate_keys;
    struct spile_table_info *tables;
    size_t table_count;
    struct spile_resource_info *resources;
    size_t resource_count;
    struct spile_step_info steps[STEPS_MAX];
    size_t step_count;
    char *json, *dlt_json, *trace_json;
};

static bool copy_names(struct arena *arena, struct spile_table_info *table, const struct table_change *change)
{
    const char **names = arena_alloc(arena, (change->new_column_count + 1) * sizeof(*names));

    for (size_t i = 0; names && i < change->new_column_count; i++)
        if (!(names[i] = arena_copy(arena, change->new_columns[i], strlen(change->new_columns[i]))))
            return false;
    table->new_columns = change->new_column_count;
    table->new_column_names = names;
    return names;
}

static bool copy_tables(struct spile_load_info *info, const struct load_job *job)
{
    for (size_t i = 0; i < job->change_count; i++) {
        const struct package_table *entry = job->package->tables[i];
        struct spile_table_info *table = &info->tables[i];

        table->name = arena_copy(&info->arena, entry->table->name, strlen(entry->table->name));
        table->rows = entry->rows;
        table->bytes = entry->bytes;
        table->created = job->changes[i].created;
        table->started_at = job->changes[i].began;
        table->finished_at = job->changes[i].ended;
        if (!table->name || !copy_names(&info->arena, table, &job->changes[i]))
            return false;
        info->rows += entry->rows;
        info->table_count++;
    }
    return true;
}

/* Tables of which all was refused come last. */
static bool copy_refused(struct spile_load_info *info, const struct run_figures *figures)
{
    static const char *const no_names[1] = { NULL };

    for (size_t i = 0; i < figures->refused_count; i++) {
        const struct refused_table *refused = &figures->refused[i];
        size_t at = 0;

        while (at < info->table_count && strcmp(info->tables[at].name, refused->name))
            at++;
        if (at == info->table_count) {
            info->tables[at].name = arena_copy(&info->arena, refused->name, strlen(refused->name));
            info->tables[at].new_column_names = no_names;
            if (!info->tables[at].name)
                return false;
            info->table_count++;
        }
        info->tables[at].discarded_rows = refused->rows;
        info->tables[at].discarded_values = refused->values;
    }
    return true;
}

static bool make_tables(struct spile_load_info *info, const struct load_job *job, const struct run_figures *figures)
{
    size_t count = (job ? job->change_count : 0) + figures->refused_count;

    info->tables = arena_zalloc(&info->arena, (count + 1) * sizeof(*info->tables));
    return info->tables && (!job || copy_tables(info, job)) && copy_refused(info, figures);
}

static bool copy_resources(struct spile_load_info *info, const struct run_figures *figures)
{
    info->resources = arena_alloc(&info->arena, (figures->resource_count + 1) * sizeof(*info->resources));
    for (size_t i = 0; info->resources && i < figures->resource_count; i++) {
        info->resources[i] = figures->resources[i];
        info->resources[i].name = arena_copy(&info->arena, figures->resources[i].name, strlen(figures->resources[i].name));
        if (!info->resources[i].name)
            return false;
        info->resource_count++;
    }
    return info->resources;
}

static bool add_resource_json(yyjson_mut_doc *doc, yyjson_mut_val *resources, const struct spile_resource_info *resource)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, resources);

    return yyjson_mut_obj_add_str(doc, object, "name", resource->name) && yyjson_mut_obj_add_uint(doc, object, "pages", resource->pages) &&
           yyjson_mut_obj_add_uint(doc, object, "drawn", resource->drawn) && yyjson_mut_obj_add_uint(doc, object, "items", resource->items);
}

static bool add_table_json(yyjson_mut_doc *doc, yyjson_mut_val *tables, const struct spile_table_info *table)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, tables), *columns;

    if (!yyjson_mut_obj_add_str(doc, object, "name", table->name) || !yyjson_mut_obj_add_uint(doc, object, "rows", table->rows) ||
        !yyjson_mut_obj_add_uint(doc, object, "bytes", table->bytes) ||
        !yyjson_mut_obj_add_bool(doc, object, "created", table->created) ||
        !yyjson_mut_obj_add_uint(doc, object, "discarded_rows", table->discarded_rows) ||
        !yyjson_mut_obj_add_uint(doc, object, "discarded_values", table->discarded_values) ||
        !(columns = yyjson_mut_obj_add_arr(doc, object, "new_columns")))
        return false;
    for (size_t i = 0; i < table->new_columns; i++)
        if (!yyjson_mut_arr_add_str(doc, columns, table->new_column_names[i]))
            return false;
    return true;
}

static char *info_json(const struct spile_load_info *info)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *tables, *resources = NULL;
    char *json = NULL;
    bool ok;

    yyjson_mut_doc_set_root(doc, root);
    ok = yyjson_mut_obj_add_uint(doc, root, "schema_version", INFO_SCHEMA_VERSION) &&
         yyjson_mut_obj_add_str(doc, root, "load_id", info->load_id) && yyjson_mut_obj_add_str(doc, root, "pipeline", info->pipeline) &&
         yyjson_mut_obj_add_str(doc, root, "dataset", info->dataset) &&
         yyjson_mut_obj_add_str(doc, root, "destination", info->destination) &&
         yyjson_mut_obj_add_bool(doc, root, "already_loaded", info->already_loaded) &&
         yyjson_mut_obj_add_real(doc, root, "seconds", info->seconds) && yyjson_mut_obj_add_uint(doc, root, "rows", info->rows) &&
         yyjson_mut_obj_add_uint(doc, root, "bytes_read", info->bytes_read) &&
         yyjson_mut_obj_add_uint(doc, root, "duplicate_keys", info->duplicate_keys) &&
         (tables = yyjson_mut_obj_add_arr(doc, root, "tables"));
    for (size_t i = 0; ok && i < info->table_count; i++)
        ok = add_table_json(doc, tables, &info->tables[i]);
    if (ok && info->resource_count)
        ok = (resources = yyjson_mut_obj_add_arr(doc, root, "resources"));
    for (size_t i = 0; ok && i < info->resource_count; i++)
        ok = add_resource_json(doc, resources, &info->resources[i]);
    if (ok)
        json = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    yyjson_mut_doc_free(doc);
    return json;
}

static void add_step(struct spile_load_info *info, const char *name, int64_t started_at, int64_t finished_at)
{
    if (finished_at)
        info->steps[info->step_count++] = (struct spile_step_info){ name, started_at, finished_at };
}

static void add_steps(struct spile_load_info *info, const struct run *run, int64_t finished)
{
    const struct run_times *times = &run->times;

    add_step(info, "extract", times->drawing, times->drawn);
    if (!run->only_extracts)
        add_step(info, "normalize", times->drawing, times->drawn);
    if (!info->already_loaded)
        add_step(info, "load", times->loading, times->loaded);
    add_step(info, "run", times->began, finished);
}

/* In the words of dlt. */
static bool make_dlt(struct spile_load_info *info, const struct run *run, const struct load_job *job)
{
    const struct load_job *loaded = info->already_loaded ? NULL : job;
    int64_t finished = clock_micros();

    add_steps(info, run, finished);
    info->dlt_json = dlt_load_info_json(run, loaded);
    info->trace_json = dlt_trace_json(run, loaded, finished);
    return info->dlt_json && info->trace_json;
}

enum spile_status load_info_new(struct spile_load_info **out, const struct run *run, const struct load_job *job,
                                const struct run_figures *figures, struct spile_error *err)
{
    const struct spile_pipeline *pipeline = run->pipeline;
    struct spile_load_info *info = calloc(1, sizeof(*info));

    *out = NULL;
    if (!info)
        return spile_fail_nomem(err);
    info->load_id = arena_copy(&info->arena, figures->load_id, strlen(figures->load_id));
    info->pipeline = arena_copy(&info->arena, pipeline->name, strlen(pipeline->name));
    info->dataset = arena_copy(&info->arena, pipeline->dataset, strlen(pipeline->dataset));
    info->destination = arena_copy(&info->arena, pipeline->shown, strlen(pipeline->shown));
    info->seconds = figures->seconds;
    info->bytes_read = figures->bytes_read;
    info->duplicate_keys = figures->duplicate_keys;
    info->already_loaded = job && job->already_loaded;
    if (info->load_id && info->pipeline && info->dataset && info->destination &&
        (info->already_loaded || (make_tables(info, job, figures) && copy_resources(info, figures))) && (info->json = info_json(info)) &&
        make_dlt(info, run, job)) {
        *out = info;
        return SPILE_OK;
    }
    spile_load_info_free(info);
    return spile_fail_nomem(err);
}

void spile_load_info_free(struct spile_load_info *info)
{
    if (!info)
        return;
    free(info->json);
    free(info->dlt_json);
    free(info->trace_json);
    arena_release(&info->arena);
    free(info);
}

const char *spile_load_info_load_id(const struct spile_load_info *info)
{
    return info->load_id;
}

const char *spile_load_info_pipeline(const struct spile_load_info *info)
{
    return info->pipeline;
}

const char *spile_load_info_dataset(const struct spile_load_info *info)
{
    return info->dataset;
}

const char *spile_load_info_destination(const struct spile_load_info *info)
{
    return info->destination;
}

bool spile_load_info_already_loaded(const struct spile_load_info *info)
{
    return info->already_loaded;
}

double spile_load_info_seconds(const struct spile_load_info *info)
{
    return info->seconds;
}

uint64_t spile_load_info_rows(const struct spile_load_info *info)
{
    return info->rows;
}

uint64_t spile_load_info_bytes_read(const struct spile_load_info *info)
{
    return info->bytes_read;
}

uint64_t spile_load_info_duplicate_keys(const struct spile_load_info *info)
{
    return info->duplicate_keys;
}

size_t spile_load_info_table_count(const struct spile_load_info *info)
{
    return info->table_count;
}

const struct spile_table_info *spile_load_info_table(const struct spile_load_info *info, size_t index)
{
    return index < info->table_count ? &info->tables[index] : NULL;
}

size_t spile_load_info_resource_count(const struct spile_load_info *info)
{
    return info->resource_count;
}

const struct spile_resource_info *spile_load_info_resource(const struct spile_load_info *info, size_t index)
{
    return index < info->resource_count ? &info->resources[index] : NULL;
}

size_t spile_load_info_step_count(const struct spile_load_info *info)
{
    return info->step_count;
}

const struct spile_step_info *spile_load_info_step(const struct spile_load_info *info, size_t index)
{
    return index < info->step_count ? &info->steps[index] : NULL;
}

const char *spile_load_info_dlt_json(const struct spile_load_info *info)
{
    return info->dlt_json;
}

const char *spile_load_info_trace_json(const struct spile_load_info *info)
{
    return info->trace_json;
}

const char *spile_load_info_json(const struct spile_load_info *info)
{
    return info->json;
}
