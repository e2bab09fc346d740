/* What sources and resources keep between runs goes with the run: read from the dataset's newest state, moved by the load's commit. */
#include <stdlib.h>
#include <string.h>

#include "data/json_text.h"
#include "pipeline/run.h"

enum spile_status run_use_sources(struct run *run, yyjson_mut_doc *sources, struct spile_error *err)
{
    size_t length;

    yyjson_mut_doc_free(run->sources);
    free(run->sources_before);
    run->sources = sources;
    run->sources_before = json_text_write(yyjson_mut_doc_get_root(sources), &length);
    run->sources_hash = run->sources_before ? state_sources_hash(run->sources_before, length, &run->arena) : NULL;
    return run->sources_hash ? SPILE_OK : spile_fail_nomem(err);
}

enum spile_status run_begin_sources(struct run *run, const struct stored *stored, struct spile_error *err)
{
    yyjson_mut_doc *sources;
    enum spile_status status;

    if (!run->of_source && run->options->refresh == SPILE_KEEP)
        return SPILE_OK;
    if (!run->source_name)
        run->source_name = stored->schema_name;
    status = state_read_sources(&sources, run->pipeline->name, stored->state, err);
    if (!status)
        return run_use_sources(run, sources, err);
    yyjson_mut_doc_free(sources);
    return status;
}

enum spile_status run_changed_sources(const struct run *run, char **json, struct spile_error *err)
{
    size_t length;

    *json = NULL;
    if (!run->sources)
        return SPILE_OK;
    *json = json_text_write(yyjson_mut_doc_get_root(run->sources), &length);
    if (!*json)
        return spile_fail_nomem(err);
    if (!strcmp(*json, run->sources_before)) {
        free(*json);
        *json = NULL;
    }
    return SPILE_OK;
}

enum spile_status run_finish_sources_into(struct run *run, struct package *package, struct spile_error *err)
{
    char *changed;
    enum spile_status status;

    if (run->kept_sources)
        return package_set_sources(package, run->kept_sources, run->sources_hash, err);
    status = run_changed_sources(run, &changed, err);
    if (changed)
        status = package_set_sources(package, changed, run->sources_hash, err);
    free(changed);
    return status;
}
