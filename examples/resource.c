/* A generator, and rows that are told apart by a key: the tutorial's second program. Until merge is there the rows are appended. */
#include <stdio.h>

#include <spile/spile.h>

/* "yield" is an emission: it blocks while the engine is busy, and says when nothing more is wanted. */
static enum spile_status issues(struct spile_emitter *out, void *user, struct spile_error *err)
{
    const int *count = user;
    char json[128];

    for (int id = 1; id <= *count; id++) {
        snprintf(json, sizeof(json), "{\"id\": %d, \"title\": \"issue %d\", \"labels\": [\"bug\", \"area %d\"]}", id, id, id % 3);
        if (spile_emit_json(out, json, 0, err))
            return err->status;
    }
    return SPILE_OK;
}

int main(void)
{
    struct spile_source *tracker = NULL;
    struct spile_pipeline *pipeline = NULL;
    struct spile_error err = { 0 };
    int count = 100;

    if (spile_source_new(&tracker, "tracker", NULL, &err) ||
        spile_source_add(tracker, "issues", SPILE_RESOURCE(.generate = issues, .user = &count, .primary_key = "id", .columns = "id:bigint"), &err) ||
        spile_pipeline_open(&pipeline, "tracker", SPILE_PIPELINE_OPTIONS(.destination = "duckdb"), &err) ||
        spile_run(pipeline, spile_from(tracker), NULL, NULL, &err))
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    spile_pipeline_close(pipeline);
    spile_source_free(tracker);
    return err.status;
}
