/* The load info as dlt's LoadInfo.asdict(). */
#include "pipeline/info_dlt.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "data/timestamp.h"

#define VERSION_BYTES 15 /* of dlt's digest128 */

/* ---- members -------------------------------------------------------------------------------------------------------------------- */

void dlt_put_text(struct dlt_info *d, yyjson_mut_val *object, const char *key, const char *text)
{
    d->failed |= !(text ? yyjson_mut_obj_add_str(d->doc, object, key, text) : yyjson_mut_obj_add_null(d->doc, object, key));
}

void dlt_put_count(struct dlt_info *d, yyjson_mut_val *object, const char *key, uint64_t count)
{
    d->failed |= !yyjson_mut_obj_add_uint(d->doc, object, key, count);
}

void dlt_put_flag(struct dlt_info *d, yyjson_mut_val *object, const char *key, bool flag)
{
    d->failed |= !yyjson_mut_obj_add_bool(d->doc, object, key, flag);
}

void dlt_put_real(struct dlt_info *d, yyjson_mut_val *object, const char *key, double number)
{
    d->failed |= !yyjson_mut_obj_add_real(d->doc, object, key, number);
}

void dlt_put_null(struct dlt_info *d, yyjson_mut_val *object, const char *key)
{
    dlt_put_text(d, object, key, NULL);
}

void dlt_put_time(struct dlt_info *d, yyjson_mut_val *object, const char *key, int64_t micros)
{
    char text[TIMESTAMP_CHARS];

    if (!micros) {
        dlt_put_null(d, object, key);
        return;
    }
    timestamp_format(micros, text);
    d->failed |= !yyjson_mut_obj_add_strcpy(d->doc, object, key, text);
}

yyjson_mut_val *dlt_put_object(struct dlt_info *d, yyjson_mut_val *object, const char *key)
{
    yyjson_mut_val *made = yyjson_mut_obj_add_obj(d->doc, object, key);

    d->failed |= !made;
    return made;
}

yyjson_mut_val *dlt_put_list(struct dlt_info *d, yyjson_mut_val *object, const char *key)
{
    yyjson_mut_val *made = yyjson_mut_obj_add_arr(d->doc, object, key);

    d->failed |= !made;
    return made;
}

yyjson_mut_val *dlt_add_object(struct dlt_info *d, yyjson_mut_val *list)
{
    yyjson_mut_val *made = yyjson_mut_arr_add_obj(d->doc, list);

    d->failed |= !made;
    return made;
}

static void add_text(struct dlt_info *d, yyjson_mut_val *list, const char *text)
{
    d->failed |= !yyjson_mut_arr_add_str(d->doc, list, text);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, as dlt lists tables. */
static void put_names(struct dlt_info *d, yyjson_mut_val *object, const char *key, const char *const *names, size_t count)
{
    yyjson_mut_val *list = dlt_put_list(d, object, key);
    const char **sorted = arena_alloc(&d->arena, (count + 1) * sizeof(*sorted));

    d->failed |= !sorted;
    if (!sorted || !count)
        return;
    memcpy(sorted, names, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_texts);
    for (size_t i = 0; i < count; i++)
        add_text(d, list, sorted[i]);
}

/* ---- tables that the load has changed ----------------------------------------------------------------------------------------------- */

/* As the schema has it, with the columns that are new as a list. */
static void put_properties(struct dlt_info *d, yyjson_mut_val *object, yyjson_mut_val *stored, const char *left_out)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(stored);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter)))
        if (strcmp(yyjson_mut_get_str(key), "filters") && strcmp(yyjson_mut_get_str(key), left_out))
            d->failed |= !yyjson_mut_obj_add(object, yyjson_mut_val_mut_copy(d->doc, key), yyjson_mut_val_mut_copy(d->doc, yyjson_mut_obj_iter_get_val(key)));
}

static void put_place(struct dlt_info *d, yyjson_mut_val *object)
{
    dlt_put_text(d, object, "schema_name", d->run->schema->name);
    dlt_put_text(d, object, "load_id", d->run->load_id);
}

static void put_column(struct dlt_info *d, yyjson_mut_val *columns, const struct table *table, const char *name)
{
    yyjson_mut_val *object = dlt_add_object(d, columns);

    put_properties(d, object, yyjson_mut_obj_get(table->columns_json, name), "");
    dlt_put_text(d, object, "table_name", table->name);
    put_place(d, object);
}

/* Nested tables are written as their root is. */
static const char *write_disposition(const struct table *table)
{
    while (table->parent)
        table = table->parent;
    return yyjson_mut_get_str(yyjson_mut_obj_get(table->json, "write_disposition"));
}

static void put_change(struct dlt_info *d, yyjson_mut_val *tables, const struct table_change *change)
{
    yyjson_mut_val *object, *columns;

    if (!change->table || !change->new_column_count)
        return;
    object = dlt_add_object(d, tables);
    columns = dlt_put_list(d, object, "columns");
    for (size_t i = 0; i < change->new_column_count; i++)
        put_column(d, columns, change->table, change->new_columns[i]);
    put_properties(d, object, change->table->json, "columns");
    if (!yyjson_mut_obj_get(object, "write_disposition"))
        dlt_put_text(d, object, "write_disposition", write_disposition(change->table));
    put_place(d, object);
}

static void put_changes(struct dlt_info *d, yyjson_mut_val *package, enum dlt_stage stage)
{
    const struct load_job *job = stage == DLT_LOADED ? d->job : NULL;
    yyjson_mut_val *tables;

    tables = dlt_put_list(d, package, "tables");
    for (size_t i = 0; job && i < BOOKKEEPING_TABLES; i++)
        put_change(d, tables, &job->bookkeeping[i]);
    for (size_t i = 0; job && i < job->change_count; i++)
        put_change(d, tables, &job->changes[i]);
    dlt_put_flag(d, package, "schema_migrated", yyjson_mut_arr_size(tables));
}

/* ---- packages ------------------------------------------------------------------------------------------------------------------------ */

static const char *const states[] = { "extracted", "normalized", "loaded" };
static const char *const refreshes[] = { NULL, "drop_sources", "drop_resources", "drop_data" };

const char *dlt_file_path(struct dlt_info *d, const struct package_table *file)
{
    const char *path = arena_printf(&d->arena, "%s/%s", d->package->folder, file->file);

    d->failed |= !path;
    return path;
}

/* A table's file: there is one for each, told by its name alone. */
static void put_job(struct dlt_info *d, yyjson_mut_val *jobs, const struct package_table *entry, enum dlt_stage stage)
{
    yyjson_mut_val *object = dlt_add_object(d, jobs);
    int64_t until = stage == DLT_LOADED ? d->run->times.loaded : d->run->times.drawn;

    dlt_put_text(d, object, "state", stage == DLT_LOADED ? "completed_jobs" : "new_jobs");
    dlt_put_text(d, object, "file_path", dlt_file_path(d, entry));
    dlt_put_count(d, object, "file_size", entry->file_bytes);
    dlt_put_time(d, object, "created_at", entry->modified);
    dlt_put_real(d, object, "elapsed", (double)(until - entry->modified) / 1e6);
    dlt_put_null(d, object, "failed_message");
    dlt_put_text(d, object, "table_name", entry->table->name);
    dlt_put_null(d, object, "file_id");
    dlt_put_count(d, object, "retry_count", 0);
    dlt_put_text(d, object, "file_format", "arrow");
    dlt_put_flag(d, object, "is_compressed", false);
    dlt_put_text(d, object, "job_id", entry->file);
}

/* What is drawn goes on at once: nothing of it is in a file before it is normalized. */
static void put_jobs(struct dlt_info *d, yyjson_mut_val *package, enum dlt_stage stage)
{
    yyjson_mut_val *jobs = dlt_put_list(d, package, "jobs");

    for (uint32_t i = 0; stage != DLT_EXTRACTED && i < d->package->table_count; i++)
        if (d->package->tables[i]->rows)
            put_job(d, jobs, d->package->tables[i], stage);
}

/* A table that is replaced is none of those that a refresh empties. */
static void put_emptied(struct dlt_info *d, yyjson_mut_val *package, const struct table_names *emptied)
{
    bool refreshed = d->run->options->refresh == SPILE_DROP_DATA;

    put_names(d, package, "truncated_tables", emptied->names, refreshed ? emptied->count : 0);
}

static void put_package(struct dlt_info *d, yyjson_mut_val *packages, enum dlt_stage stage)
{
    yyjson_mut_val *object = dlt_add_object(d, packages);
    const struct run *run = d->run;
    struct table_names dropped = { run->dropped.names, run->dropped.count }, emptied = { run->emptied.names, run->emptied.count };

    if (stage == DLT_LOADED) {
        dropped = d->job->dropped;
        emptied = d->job->emptied;
    }
    dlt_put_text(d, object, "load_id", run->load_id);
    dlt_put_text(d, object, "package_path", d->package->folder);
    dlt_put_text(d, object, "state", states[stage]);
    dlt_put_time(d, object, "completed_at", stage == DLT_LOADED ? run->times.loaded : 0);
    put_jobs(d, object, stage);
    dlt_put_text(d, object, "refresh", refreshes[run->options->refresh]);
    put_names(d, object, "dropped_tables", dropped.names, dropped.count);
    put_emptied(d, object, &emptied);
    dlt_put_flag(d, object, "has_pending_transitions", false);
    dlt_put_text(d, object, "schema_hash", d->job ? schema_hash(run->schema) : NULL); /* it is made when the schema is stored */
    dlt_put_text(d, object, "schema_name", run->schema->name);
    put_changes(d, object, stage);
}

void dlt_put_times(struct dlt_info *d, yyjson_mut_val *object, enum dlt_stage stage)
{
    const struct run_times *times = &d->run->times;

    dlt_put_time(d, object, "started_at", stage == DLT_LOADED ? times->loading : times->drawing);
    dlt_put_time(d, object, "finished_at", stage == DLT_LOADED ? times->loaded : times->drawn);
}

void dlt_put_step(struct dlt_info *d, yyjson_mut_val *object, enum dlt_stage stage)
{
    bool is_there = d->package && (stage != DLT_LOADED || d->job);
    yyjson_mut_val *ids = dlt_put_list(d, object, "loads_ids"), *packages = dlt_put_list(d, object, "load_packages");

    if (is_there)
        add_text(d, ids, d->run->load_id);
    if (is_there)
        put_package(d, packages, stage);
    dlt_put_flag(d, object, "first_run", d->run->first_run);
    dlt_put_times(d, object, stage);
}

/* ---- where it went -------------------------------------------------------------------------------------------------------------------- */

static void put_destination_type(struct dlt_info *d, yyjson_mut_val *object)
{
    dlt_put_text(d, object, "destination_type", d->run->pipeline->ops->caps.dlt_type);
}

void dlt_put_destination(struct dlt_info *d, yyjson_mut_val *object)
{
    const struct spile_pipeline *p = d->run->pipeline;
    const char *url = arena_printf(&d->arena, "%s:///%s", p->ops->scheme, d->destination);

    d->failed |= !url;
    put_destination_type(d, object);
    dlt_put_text(d, object, "destination_displayable_credentials", url);
    dlt_put_text(d, object, "destination_name", p->ops->scheme);
    dlt_put_null(d, object, "environment");
    dlt_put_null(d, object, "staging_type");
    dlt_put_null(d, object, "staging_name");
    dlt_put_null(d, object, "staging_displayable_credentials");
    dlt_put_text(d, object, "destination_fingerprint", ""); /* of a database that is a file, as in dlt */
    dlt_put_text(d, object, "dataset_name", p->dataset);
}

static void put_job_metrics(struct dlt_info *d, yyjson_mut_val *jobs, size_t at)
{
    yyjson_mut_val *object = dlt_add_object(d, jobs);
    const struct package_table *entry = d->package->tables[at];

    dlt_put_text(d, object, "load_id", d->run->load_id);
    dlt_put_text(d, object, "dataset_name", d->run->pipeline->dataset);
    dlt_put_text(d, object, "job_id", entry->file);
    dlt_put_text(d, object, "file_path", dlt_file_path(d, entry));
    dlt_put_text(d, object, "table_name", entry->table->name);
    dlt_put_time(d, object, "started_at", d->job->changes[at].began);
    dlt_put_time(d, object, "finished_at", d->job->changes[at].ended);
    dlt_put_text(d, object, "state", "completed");
    dlt_put_null(d, object, "remote_url");
    dlt_put_count(d, object, "retry_count", 0);
    dlt_put_list(d, object, "followup_jobs");
}

/* Of one schema: its version, in dlt's digest. */
static void put_version(struct dlt_info *d, yyjson_mut_val *object, const char *hash)
{
    uint8_t digest[VERSION_BYTES];
    char text[base64_size(VERSION_BYTES)];

    shake128(hash, strlen(hash), digest, sizeof(digest));
    base64_encode(digest, sizeof(digest), text);
    d->failed |= !yyjson_mut_obj_add_strcpy(d->doc, object, "version", text);
}

static void put_schemas(struct dlt_info *d, yyjson_mut_val *object)
{
    yyjson_mut_val *schema = dlt_add_object(d, dlt_put_list(d, object, "schemas"));

    dlt_put_text(d, schema, "name", d->run->schema->name);
    dlt_put_text(d, schema, "version_hash", schema_hash(d->run->schema));
}

static void put_output(struct dlt_info *d, yyjson_mut_val *outputs, const char *resource, const char *const *tables, size_t count)
{
    yyjson_mut_val *object = dlt_add_object(d, outputs);
    const struct spile_pipeline *p = d->run->pipeline;

    dlt_put_text(d, object, "load_id", d->run->load_id);
    dlt_put_text(d, object, "kind", "dataset");
    dlt_put_text(d, object, "resource_name", resource);
    dlt_put_text(d, object, "location", d->destination);
    put_version(d, object, schema_hash(d->run->schema));
    put_schemas(d, object);
    put_names(d, object, "tables", tables, count);
    put_destination_type(d, object);
    dlt_put_text(d, object, "destination_name", p->ops->scheme);
    dlt_put_text(d, object, "destination_fingerprint", "");
    dlt_put_text(d, object, "casefold", "str"); /* dlt's word for: names stay as they are */
    dlt_put_flag(d, object, "case_sensitive", !p->ops->caps.names_fold);
    dlt_put_text(d, object, "dataset_name", p->dataset);
    dlt_put_text(d, object, "physical_dataset_name", p->dataset);
}

/* A table with rows, and whose they are. */
struct written {
    const char *resource, *table;
};

static int compare_written(const void *a, const void *b)
{
    return strcmp(((const struct written *)a)->resource, ((const struct written *)b)->resource);
}

static size_t list_written(const struct package *package, struct written *written)
{
    size_t count = 0;

    for (uint32_t i = 0; i < package->table_count; i++)
        if (package->tables[i]->rows)
            written[count++] = (struct written){ table_resource(package->tables[i]->table), package->tables[i]->table->name };
    qsort(written, count, sizeof(*written), compare_written);
    return count;
}

/* By resource. */
static void put_outputs(struct dlt_info *d, yyjson_mut_val *outputs)
{
    struct written *written = arena_alloc(&d->arena, (d->package->table_count + 1) * sizeof(*written));
    const char **tables = arena_alloc(&d->arena, (d->package->table_count + 1) * sizeof(*tables));
    size_t count = written && tables ? list_written(d->package, written) : 0;

    d->failed |= !written || !tables;
    for (size_t i = 0, of_one; i < count; i += of_one) {
        for (of_one = 0; i + of_one < count && !compare_written(&written[i], &written[i + of_one]); of_one++)
            tables[of_one] = written[i + of_one].table;
        put_output(d, outputs, written[i].resource, tables, of_one);
    }
}

void dlt_put_load_metrics(struct dlt_info *d, yyjson_mut_val *object)
{
    yyjson_mut_val *jobs = dlt_put_list(d, object, "job_metrics"), *outputs = dlt_put_list(d, object, "outputs");

    if (!d->job)
        return;
    for (uint32_t i = 0; i < d->package->table_count; i++)
        if (d->package->tables[i]->rows)
            put_job_metrics(d, jobs, i);
    put_outputs(d, outputs);
}

/* ---- the document ----------------------------------------------------------------------------------------------------------------------- */

/* The path as it is, if the current folder can't be told: the load is done, and this no reason to fail. */
static const char *destination_name(struct dlt_info *d)
{
    const struct spile_pipeline *pipeline = d->run->pipeline;
    const char *path = pipeline->shown;

    if (pipeline->ops->caps.has_path && path_make_absolute(&path, pipeline->shown, &d->arena, NULL) == SPILE_FAILED)
        return pipeline->shown;
    return path;
}

bool dlt_begin(struct dlt_info *d, const struct run *run, const struct load_job *job)
{
    *d = (struct dlt_info){ .run = run, .job = job, .package = run->package_sealed ? &run->package : NULL };
    d->doc = yyjson_mut_doc_new(NULL);
    d->destination = destination_name(d);
    yyjson_mut_doc_set_root(d->doc, yyjson_mut_obj(d->doc));
    return d->destination && yyjson_mut_doc_get_root(d->doc);
}

/* Paths need not be UTF-8. */
char *dlt_end(struct dlt_info *d)
{
    char *text = d->failed ? NULL : yyjson_mut_write(d->doc, YYJSON_WRITE_PRETTY_TWO_SPACES | YYJSON_WRITE_ALLOW_INVALID_UNICODE, NULL);

    yyjson_mut_doc_free(d->doc);
    arena_release(&d->arena);
    return text;
}

char *dlt_load_info_json(const struct run *run, const struct load_job *job)
{
    struct dlt_info d;
    yyjson_mut_val *root;

    d.failed = !dlt_begin(&d, run, job);
    root = yyjson_mut_doc_get_root(d.doc);
    dlt_put_text(&d, dlt_put_object(&d, root, "pipeline"), "pipeline_name", run->pipeline->name);
    dlt_put_destination(&d, root);
    dlt_put_step(&d, root, DLT_LOADED);
    dlt_put_load_metrics(&d, root);
    return dlt_end(&d);
}
