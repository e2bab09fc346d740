/* What sources and resources keep between runs goes with the run: read from the dataset's newest state, moved by the load's commit. */
#include <stdlib.h>
#include <string.h>

#include "data/json_text.h"
#include "pipeline/run.h"

static char *write_sources(const struct run *run)
{
    size_t length;

    return json_text_write(yyjson_mut_doc_get_root(run->sources), &length);
}

enum spile_status run_begin_sources(struct run *run, const struct stored *stored, struct spile_error *err)
{
    enum spile_status status;

    if (!run->source && run->options->refresh == SPILE_KEEP)
        return SPILE_OK;
    if (!run->source_name)
        run->source_name = stored->schema_name;
    status = state_read_sources(&run->sources, &run->state_hash, run->pipeline->name, stored->state, &run->arena, err);
    if (status)
        return status;
    run->sources_before = write_sources(run);
    return run->sources_before ? SPILE_OK : spile_fail_nomem(err);
}

enum spile_status run_finish_sources_into(struct run *run, struct package *package, struct spile_error *err)
{
    char *after;
    enum spile_status status;

    if (!run->sources)
        return SPILE_OK;
    after = write_sources(run);
    status = after ? SPILE_OK : spile_fail_nomem(err);
    if (!status && strcmp(after, run->sources_before))
        status = package_set_sources(package, after, run->state_hash, err);
    free(after);
    return status;
}
