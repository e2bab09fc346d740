/* Only what is new: the engine remembers the last value of a cursor, and the resource a number of its own, with the commit of the data. */
#include <stdio.h>
#include <stdlib.h>

#include <spile/spile.h>

static const char orders[] = "[{\"id\": 1, \"updated_at\": \"2026-01-01T10:00:00Z\"}, {\"id\": 2, \"updated_at\": \"2026-01-02T10:00:00Z\"},"
                             " {\"id\": 3, \"updated_at\": \"2026-01-02T10:00:00Z\"}]";

/* An API would be asked for what begins with spile_emitter_start(). */
static enum spile_status draw(struct spile_emitter *out, void *user, struct spile_error *err)
{
    const char *runs = spile_resource_state(out, "runs"), *start = spile_emitter_start(out);
    char json[32];

    (void)user;
    printf("run %d draws from %s\n", runs ? atoi(runs) + 1 : 1, start ? start : "the beginning");
    snprintf(json, sizeof(json), "%d", runs ? atoi(runs) + 1 : 1);
    if (spile_set_resource_state(out, "runs", json, err))
        return err->status;
    return spile_emit_json(out, orders, 0, err);
}

int main(void)
{
    struct spile_source *shop = NULL;
    struct spile_pipeline *pipeline = NULL;
    struct spile_load_info *info = NULL;
    struct spile_error err = { 0 };

    if (spile_source_new(&shop, "shop", NULL, &err) ||
        spile_source_add(shop, "orders", SPILE_RESOURCE(.generate = draw, .primary_key = "id",
                                                        .incremental = { .cursor = "updated_at", .initial = "2026-01-01T00:00:00Z" }), &err) ||
        spile_pipeline_open(&pipeline, "shop", SPILE_PIPELINE_OPTIONS(.destination = "duckdb"), &err) ||
        spile_run(pipeline, spile_from(shop), NULL, &info, &err))
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    else
        printf("%llu new\n", (unsigned long long)spile_load_info_rows(info));
    spile_load_info_free(info);
    spile_pipeline_close(pipeline);
    spile_source_free(shop);
    return err.status;
}
