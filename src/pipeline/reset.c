/* The state of a pipeline, without a run: shown, and forgotten in part. */
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "pipeline/run.h"
#include "schema/pattern.h"

static const struct spile_run_options no_options;

/* ---- showing -------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_no_state(const struct spile_pipeline *p, struct spile_error *err)
{
    spile_fail(err, SPILE_CONFIG, "dataset \"%s\" of \"%s\" has no state of pipeline \"%s\"", p->dataset, p->shown, p->name);
    return spile_hint(err, SPILE_CONFIG, "load something first, or name another dataset or pipeline");
}

enum spile_status spile_pipeline_state(struct spile_pipeline *pipeline, const char **json, struct spile_error *err)
{
    struct run run = { .pipeline = pipeline, .options = &no_options, .plans = true };
    struct stored stored = { 0 };
    yyjson_mut_doc *doc = NULL;
    enum spile_status status = run_open_destination(&run, err), closed;

    *json = NULL;
    if (!status)
        status = load_read_stored(&run.target, NULL, "", &run.arena, &stored, err);
    if (!status && !stored.state)
        status = fail_no_state(pipeline, err);
    if (!status)
        status = state_read(&doc, pipeline->name, stored.state, err);
    if (!status)
        status = pipeline_answer(pipeline, yyjson_mut_doc_get_root(doc), json, err);
    yyjson_mut_doc_free(doc);
    closed = run_close_destination(&run, status ? NULL : err);
    arena_release(&run.arena);
    return status ? status : closed;
}

/* ---- what is chosen ---------------------------------------------------------------------------------------------------------------- */

struct choice {
    struct pattern *patterns;
    size_t count;
    bool none; /* only paths were given */
};

static bool is_chosen(void *user, const char *resource)
{
    const struct choice *choice = user;

    for (size_t i = 0; i < choice->count; i++)
        if (pattern_matches(&choice->patterns[i], slice_of(resource)))
            return true;
    return !choice->patterns && !choice->none;
}

static enum spile_status read_choice(struct choice *choice, const char *names, struct spile_error *err)
{
    struct slice rest = slice_of(names), name;
    enum spile_status status = SPILE_OK;

    if (!names)
        return SPILE_OK;
    choice->patterns = calloc(text_count(rest, ','), sizeof(*choice->patterns));
    if (!choice->patterns)
        return spile_fail_nomem(err);
    while (!status && text_next(&rest, ',', &name)) {
        if (!name.length)
            return spile_fail(err, SPILE_USAGE, "an empty name among the resources");
        status = pattern_compile(&choice->patterns[choice->count], name, err);
        choice->count += !status;
    }
    return status;
}

static void release_choice(struct choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        pattern_release(&choice->patterns[i]);
    free(choice->patterns);
}

/* ---- resetting -------------------------------------------------------------------------------------------------------------------- */

struct reset {
    struct run run;
    struct spile_reset_options options;
    struct choice choice;
    struct state_paths paths;
    struct name_list states;    /* resources whose state goes */
    struct name_list forgotten; /* paths of other values that go */
    struct name_list unmatched; /* paths that name nothing */
};

/* Resources that have tables, or a state: for people. */
static void list_resources(const struct reset *r, struct text *out)
{
    const struct schema *schema = r->run.schema;
    yyjson_mut_val *source = yyjson_mut_obj_get(yyjson_mut_doc_get_root(r->run.sources), r->run.source_name), *key, *value;
    size_t i, count;

    for (uint32_t t = 0; t < schema->table_count; t++)
        if (!schema->tables[t]->parent && !name_is_own(schema->tables[t]->name))
            text_printf(out, "%s%s", out->length ? ", " : "", table_resource(schema->tables[t]));
    yyjson_mut_obj_foreach(yyjson_mut_obj_get(source, "resources"), i, count, key, value)
        if (!out->text || !strstr(out->text, yyjson_mut_get_str(key)))
            text_printf(out, "%s%s", out->length ? ", " : "", yyjson_mut_get_str(key));
}

static enum spile_status fail_nothing(const struct reset *r, struct spile_error *err)
{
    struct text list = { 0 };
    char extract[SHORTEN_BYTES];

    list_resources(r, &list);
    spile_fail(err, SPILE_USAGE, "nothing of resource \"%s\" is kept by source \"%s\"", shorten(extract, r->options.resources ? r->options.resources : "re:.*",
               strlen(r->options.resources ? r->options.resources : "re:.*")), r->run.source_name);
    spile_hint(err, SPILE_USAGE, list.length ? "there are: %s" : "there are none%s", list.length ? list.text : "");
    text_release(&list);
    return SPILE_USAGE;
}

/* Keys of the source's state: for people. */
static void list_keys(const struct reset *r, struct text *out)
{
    yyjson_mut_val *source = yyjson_mut_obj_get(yyjson_mut_doc_get_root(r->run.sources), r->run.source_name), *key, *value;
    size_t i, count;

    yyjson_mut_obj_foreach(source, i, count, key, value)
        text_printf(out, "%s%s", i ? ", " : "", yyjson_mut_get_str(key));
}

static enum spile_status fail_no_match(const struct reset *r, struct spile_error *err)
{
    struct text list = { 0 };
    char extract[SHORTEN_BYTES];
    const char *paths = r->options.state_paths;

    list_keys(r, &list);
    spile_fail(err, SPILE_USAGE, "\"%s\" names nothing that can go in the state of source \"%s\"", shorten(extract, paths, strlen(paths)), r->run.source_name);
    spile_hint(err, SPILE_USAGE, list.length ? "\"*\" is all but the resources, \"resources.*\" what they keep; there are: %s" : "it is empty%s",
               list.length ? list.text : "");
    text_release(&list);
    return SPILE_USAGE;
}

/* Has something been found that goes? */
static enum spile_status check_found(const struct reset *r, struct spile_error *err)
{
    if (r->run.dropped.count || r->states.count || r->forgotten.count)
        return SPILE_OK;
    return r->choice.none ? fail_no_match(r, err) : fail_nothing(r, err);
}

static bool add_names(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *key, const struct name_list *names)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, key);
    bool ok = list;

    for (size_t i = 0; ok && i < names->count; i++)
        ok = yyjson_mut_arr_add_str(doc, list, names->names[i]);
    return ok;
}

static enum spile_status report(const struct reset *r, const char **json, struct spile_error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    bool ok = yyjson_mut_obj_add_str(doc, root, "source", r->run.source_name) && add_names(doc, root, "tables", &r->run.dropped) &&
              add_names(doc, root, "states", &r->states) && add_names(doc, root, "state_paths", &r->forgotten) &&
              add_names(doc, root, "unmatched_paths", &r->unmatched);
    enum spile_status status = ok ? pipeline_answer(r->run.pipeline, root, json, err) : spile_fail_nomem(err);

    yyjson_mut_doc_free(doc);
    return status;
}

/* As in dlt, paths look at what is left when the resources are gone. */
static enum spile_status forget(struct reset *r, struct spile_error *err)
{
    const struct selection selection = { is_chosen, &r->choice, false };
    enum spile_status status = SPILE_OK;

    run_forget_state(&r->run, &selection, r->options.cursors_only, &r->states);
    if (r->paths.count)
        status = run_forget_paths(&r->run, &r->paths, &r->forgotten, &r->unmatched, err);
    return !status && r->options.drop_tables ? run_forget_tables(&r->run, &selection, true, err) : status;
}

/* A load without rows, so that the state has one to belong to. */
static enum spile_status commit(struct reset *r, struct spile_error *err)
{
    struct run *run = &r->run;
    struct package package = { 0 };
    struct load_job job;
    enum spile_status status = package_create(&package, run->pipeline->packages_folder, run->load_id, run->schema, err);

    if (!status)
        status = run_finish_sources_into(run, &package, err);
    if (!status)
        status = run_drop_tables(run, &package, err);
    job = run_load_job(run, &package, run->schema, run->base_hash);
    if (!status)
        status = load_commit(&run->target, &job, &run->arena, err);
    package_remove(&package, NULL);
    package_release(&package);
    return status;
}

static enum spile_status reset(struct reset *r, const char **json, struct spile_error *err)
{
    struct run *run = &r->run;
    struct stored stored = { 0 };
    enum spile_status status = r->options.dry_run ? SPILE_OK : run_settle_packages(run, err); /* later they would not fit the schema and state any more */

    if (!status && !run->target.destination)
        status = run_open_destination(run, err);
    if (!status)
        status = load_read_stored(&run->target, run->source_name, "", &run->arena, &stored, err);
    if (!status && !stored.state)
        status = fail_no_state(run->pipeline, err);
    if (!status)
        status = run_read_schema(run, &stored, err);
    if (!status)
        status = run_begin_sources(run, &stored, err);
    if (!status)
        status = forget(r, err);
    if (!status)
        status = check_found(r, err);
    if (!status && json)
        status = report(r, json, err);
    return status || r->options.dry_run ? status : commit(r, err);
}

enum spile_status spile_pipeline_reset(struct spile_pipeline *pipeline, const struct spile_reset_options *options, const char **json,
                                       struct spile_error *err)
{
    struct reset r = { .run = { .pipeline = pipeline, .given.refresh = SPILE_DROP_RESOURCES } };
    enum spile_status status, closed;
    int lock = -1;

    if (json)
        *json = NULL;
    if (options)
        memcpy(&r.options, options, options->size && options->size < sizeof(r.options) ? options->size : sizeof(r.options));
    r.run.options = &r.run.given;
    r.run.plans = r.options.dry_run;
    r.run.source_name = r.options.source;
    atomic_store(&pipeline->cancelled, false);
    r.choice.none = r.options.state_paths && !r.options.resources;
    status = state_paths_read(&r.paths, r.options.state_paths, &r.run.arena, err);
    if (!status)
        status = read_choice(&r.choice, r.options.resources, err);
    if (!status)
        status = run_take_load_id(&r.run, err);
    if (!status && !r.options.dry_run)
        status = lock_take(pipeline->lock_path, &lock, err);
    if (!status)
        status = reset(&r, json, err);
    closed = run_close_destination(&r.run, status ? NULL : err);
    lock_free(lock);
    release_choice(&r.choice);
    state_paths_release(&r.paths);
    run_release(&r.run);
    return status ? status : closed;
}
