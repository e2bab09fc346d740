/* Runs a source that stdin describes, through the public calls only:
 *
 *   {"pipeline": "g", "destination": "x.duckdb", "dataset": "d", "data_dir": "...", "load_id": "...", "source": "g", "resources": [
 *       {"name": "t", "pages": [[item, ...], ...], "write": "replace", "merge": {...}, "primary_key": "id", "incremental": {"cursor": "ts", ...}, "count": true},
 *       {"name": "a", "arrow": ["batches.arrow", ...]},                files of Arrow's IPC streams, each emitted as a stream
 *       {"name": "lines", "from": "t", "emits": "lines", ...}]}      a transformer that emits the elements of the list "lines" of each item
 *
 * "stream" and "table": without resources, a file of an Arrow IPC stream as the run's data. "plan": 3 shows only what a run would do, by the first 3 items. "info_table" gets the load info. "progress": the last one that was told is printed before it, as "pages drawn items" of each resource.
 * "progress_tables": all that is told, as "progress stage rows total", and "name rows total" of each table.
 * "dlt_file", "trace_file": get the load info and the trace in dlt's words; "dlt_table", "trace_table": are loaded with them; "steps": prints those of the run
 * behind its info, as "step name begin end".
 * "arrow_load_id", "arrow_row_id": rows of Arrow batches get these ids.
 * "count": a number in the resource's state goes up by one in each run. Prints the load info as JSON, or the error and its status. */
#include <stdio.h>
#include <stdlib.h>

#include <nanoarrow/nanoarrow_ipc.h>

#include "script.h"

struct pages {
    yyjson_val *resource;
    size_t next;
    bool counted;
};

static enum spile_status emit(struct spile_emitter *out, yyjson_val *value, struct spile_error *err)
{
    char *json = yyjson_val_write(value, YYJSON_WRITE_NOFLAG, NULL);
    enum spile_status status = spile_emit_json(out, json, 0, err);

    free(json);
    return status;
}

static enum spile_status count(struct spile_emitter *out, struct spile_error *err)
{
    const char *before = spile_resource_state(out, "count");
    char json[32];

    snprintf(json, sizeof(json), "%d", (before ? atoi(before) : 0) + 1);
    return spile_set_resource_state(out, "count", json, err);
}

static enum spile_status open_stream(struct ArrowArrayStream *stream, const char *path, struct spile_error *err)
{
    struct ArrowIpcInputStream input;
    FILE *file = fopen(path, "rb");

    if (!file || ArrowIpcInputStreamInitFile(&input, file, true) || ArrowIpcArrayStreamReaderInit(stream, &input, NULL))
        return spile_fail(err, SPILE_FAILED, "can't read %s", path);
    return SPILE_OK;
}

static enum spile_status emit_stream(struct spile_emitter *out, const char *path, struct spile_error *err)
{
    struct ArrowArrayStream stream;
    enum spile_status status = open_stream(&stream, path, err);

    return status ? status : spile_emit_arrow(out, &stream, err);
}

static enum spile_status give_streams(struct spile_emitter *out, void *user, struct spile_error *err)
{
    yyjson_val *paths = yyjson_obj_get(((struct pages *)user)->resource, "arrow"), *path;
    enum spile_status status = SPILE_OK;
    size_t i, n;

    yyjson_arr_foreach(paths, i, n, path)
        if (!status)
            status = emit_stream(out, yyjson_get_str(path), err);
    return status;
}

static enum spile_status give_page(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct pages *pages = user;
    yyjson_val *page = yyjson_arr_get(yyjson_obj_get(pages->resource, "pages"), pages->next++);
    enum spile_status status = SPILE_OK;

    if (!pages->counted && flag_of(pages->resource, "count"))
        status = count(out, err);
    pages->counted = true;
    if (!status && page)
        status = emit(out, page, err);
    if (!status && page)
        spile_again(out);
    return status;
}

static enum spile_status give_list(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct pages *pages = user;
    const char *json = spile_item_json(item, text_of(pages->resource, "emits"), NULL);

    return json ? spile_emit_json(out, json, 0, err) : SPILE_OK;
}


static const char *const modes[] = { "", "evolve", "freeze", "discard_row", "discard_value", NULL };

static enum spile_status add_resource(struct spile_source *source, yyjson_val *resource, struct pages *pages, struct spile_error *err)
{
    bool is_transformer = text_of(resource, "from"), is_arrow = yyjson_obj_get(resource, "arrow");

    *pages = (struct pages){ .resource = resource };
    return spile_source_add(source, text_of(resource, "name"),
                            SPILE_RESOURCE(.generate = is_transformer ? NULL : is_arrow ? give_streams : give_page, .transform = is_transformer ? give_list : NULL, .user = pages,
                                           .from = text_of(resource, "from"), .table = text_of(resource, "table"),
                                           .table_by = text_of(resource, "table_by"), .hidden = flag_of(resource, "hidden"),
                                           .parallel = flag_of(resource, "parallel"),
                                           .write = write_of(resource), .merge = merge_of(resource), .merge_key = text_of(resource, "merge_key"),
                                           .primary_key = text_of(resource, "primary_key"), .columns = text_of(resource, "columns"),
                                           .contract = { .columns = (enum spile_contract_mode)number_of(resource, "contract", modes) },
                                           .incremental = incremental_of(yyjson_obj_get(resource, "incremental"))),
                            err);
}

static void tell_resources(const struct spile_progress *progress)
{
    for (size_t i = 0; progress->stage == SPILE_STAGE_DONE && i < progress->resource_count; i++)
        printf("%s %d %d %d\n", progress->resources[i].name, (int)progress->resources[i].pages, (int)progress->resources[i].drawn, (int)progress->resources[i].items);
}

static void tell_tables(const struct spile_progress *progress)
{
    printf("progress %d %d %d", (int)progress->stage, (int)progress->rows, (int)progress->rows_total);
    for (size_t i = 0; i < progress->table_count; i++)
        printf(" %s %d %d", progress->tables[i].name, (int)progress->tables[i].rows, (int)progress->tables[i].rows_total);
    putchar('\n');
}

static void tell(const struct spile_progress *progress, void *user)
{
    if (flag_of(user, "progress_tables"))
        tell_tables(progress);
    else
        tell_resources(progress);
}

static const char *const refreshes[] = { "keep", "drop_sources", "drop_resources", "drop_data", NULL };

/* How many of its pages the first resource has given is printed, too. */
static enum spile_status show_plan(struct spile_pipeline *pipeline, struct spile_source *source, struct pages *pages, uint64_t sample, struct spile_error *err)
{
    struct spile_plan *plan = NULL;
    enum spile_status status = spile_dry_run(pipeline, spile_from(source), SPILE_RUN_OPTIONS(.sample = sample), &plan, err);

    if (!status)
        printf("%zu pages\n%s\n", pages->next, spile_plan_json(plan));
    spile_plan_free(plan);
    return status;
}

static enum spile_status write_file(const char *path, const char *text, struct spile_error *err)
{
    FILE *file = fopen(path, "w");
    bool ok = file && fputs(text, file) >= 0;

    if (file)
        ok &= !fclose(file);
    return ok ? SPILE_OK : spile_fail(err, SPILE_FAILED, "can't write %s", path);
}

static enum spile_status load_told(struct spile_pipeline *pipeline, const char *json, const char *table, struct spile_error *err)
{
    return table ? spile_run(pipeline, spile_json(json), SPILE_RUN_OPTIONS(.table = table), NULL, err) : SPILE_OK;
}

/* What a run has told in dlt's words: into files, and into tables. */
static enum spile_status keep_told(struct spile_pipeline *pipeline, yyjson_val *script, const struct spile_load_info *info, struct spile_error *err)
{
    const char *info_file = text_of(script, "dlt_file"), *trace_file = text_of(script, "trace_file");
    enum spile_status status = info_file ? write_file(info_file, spile_load_info_dlt_json(info), err) : SPILE_OK;

    if (!status && trace_file)
        status = write_file(trace_file, spile_load_info_trace_json(info), err);
    for (size_t i = 0; flag_of(script, "steps") && i < spile_load_info_step_count(info); i++) {
        const struct spile_step_info *step = spile_load_info_step(info, i);

        printf("step %s %lld %lld\n", step->name, (long long)step->started_at, (long long)step->finished_at);
    }
    if (!status)
        status = load_told(pipeline, spile_load_info_dlt_json(info), text_of(script, "dlt_table"), err);
    return status ? status : load_told(pipeline, spile_load_info_trace_json(info), text_of(script, "trace_table"), err);
}

static enum spile_status normalize(struct spile_pipeline *pipeline, yyjson_val *script, struct spile_error *err)
{
    const char *given = text_of(script, "schema");
    struct spile_schema *schema = NULL;
    size_t count;
    enum spile_status status = given ? spile_schema_parse(&schema, given, strlen(given), err) : SPILE_OK;

    if (!status)
        status = spile_normalize(pipeline, SPILE_NORMALIZE_OPTIONS(.schema = schema, .contract.all = (enum spile_contract_mode)number_of(script, "contract", modes)), &count, err);
    if (!status)
        printf("{\"count\":%zu}\n", count);
    spile_schema_free(schema);
    return status;
}

static enum spile_status load_waiting(struct spile_pipeline *pipeline, struct spile_error *err)
{
    size_t count;
    enum spile_status status = spile_load_pending(pipeline, &count, err);

    if (!status)
        printf("{\"count\":%zu}\n", count);
    return status;
}

/* "stage": extract, normalize, or load; none: all of them. */
static enum spile_status run_stage(struct spile_pipeline *pipeline, struct spile_source *source, yyjson_val *script, struct spile_load_info **info,
                                   struct spile_error *err)
{
    const char *stage = text_of(script, "stage");
    const struct spile_run_options *options = SPILE_RUN_OPTIONS(
        .load_id = text_of(script, "load_id"), .refresh = (enum spile_refresh)number_of(script, "refresh", refreshes), .no_load = flag_of(script, "no_load"),
        .progress = flag_of(script, "progress") || flag_of(script, "progress_tables") ? tell : NULL, .progress_user = script,
        .arrow_load_id = flag_of(script, "arrow_load_id"), .arrow_row_id = flag_of(script, "arrow_row_id"));

    if (!stage)
        return run_data(pipeline, spile_from(source), options, info, err);
    if (!strcmp(stage, "extract"))
        return spile_extract(pipeline, spile_from(source), options, info, err);
    return !strcmp(stage, "normalize") ? normalize(pipeline, script, err) : load_waiting(pipeline, err);
}

static enum spile_status run(yyjson_val *script, struct spile_error *err)
{
    yyjson_val *resources = yyjson_obj_get(script, "resources"), *resource;
    struct pages *pages = calloc(yyjson_arr_size(resources) + 1, sizeof(*pages));
    struct spile_pipeline *pipeline = NULL;
    struct spile_source *source = NULL;
    struct spile_load_info *info = NULL;
    struct ArrowArrayStream stream;
    size_t i, n;
    enum spile_status status = spile_source_new(&source, text_of(script, "source"), NULL, err);

    yyjson_arr_foreach(resources, i, n, resource)
        if (!status)
            status = add_resource(source, resource, &pages[i], err);
    if (!status)
        status = spile_pipeline_open(&pipeline, text_of(script, "pipeline"),
                                     SPILE_PIPELINE_OPTIONS(.destination = text_of(script, "destination"), .dataset = text_of(script, "dataset"),
                                                            .data_dir = text_of(script, "data_dir"), .dev_mode = flag_of(script, "dev_mode")), err);
    if (!status && text_of(script, "stream")) {
        status = open_stream(&stream, text_of(script, "stream"), err);
        if (!status)
            status = run_data(pipeline, spile_arrow(&stream),
                              SPILE_RUN_OPTIONS(.table = text_of(script, "table"), .arrow_load_id = flag_of(script, "arrow_load_id"), .arrow_row_id = flag_of(script, "arrow_row_id")), &info, err);
    } else if (!status && yyjson_obj_get(script, "plan"))
        status = show_plan(pipeline, source, pages, yyjson_get_uint(yyjson_obj_get(script, "plan")), err);
    else if (!status)
        status = run_stage(pipeline, source, script, &info, err);
    if (!status && info)
        puts(spile_load_info_json(info));
    if (!status && info)
        status = keep_told(pipeline, script, info, err);
    if (!status && text_of(script, "info_table"))
        status = spile_run(pipeline, spile_load_info_data(info), SPILE_RUN_OPTIONS(.table = text_of(script, "info_table")), NULL, err);
    spile_load_info_free(info);
    spile_pipeline_close(pipeline);
    spile_source_free(source);
    free(pages);
    return status;
}

int main(void)
{
    yyjson_doc *script = yyjson_read_fp(stdin, YYJSON_READ_NOFLAG, NULL, NULL);
    struct spile_error err = { 0 };
    enum spile_status status;

    if (!script)
        return 99;
    status = run(yyjson_doc_get_root(script), &err);
    if (status)
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    yyjson_doc_free(script);
    return (int)status;
}
