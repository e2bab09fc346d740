/* Slow sources side by side: two that block have threads of their own, and one that waits for a timer shares the caller's with others of its kind. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include <stdio.h>
#include <time.h>

#include <spile/spile.h>

struct endpoint {
    const char *name;
    int pages, next;
};

static enum spile_status emit_page(struct spile_emitter *out, struct endpoint *endpoint, struct spile_error *err)
{
    char json[128];

    snprintf(json, sizeof(json), "[{\"endpoint\": \"%s\", \"page\": %d}, {\"endpoint\": \"%s\", \"page\": %d}]", endpoint->name, endpoint->next,
             endpoint->name, endpoint->next);
    endpoint->next++;
    return spile_emit_json(out, json, 0, err);
}

/* Blocks for each page. */
static enum spile_status blocking(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct endpoint *endpoint = user;

    while (endpoint->next < endpoint->pages) {
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        if (emit_page(out, endpoint, err))
            return err->status;
    }
    return SPILE_OK;
}

/* Gives its thread back while it waits. With a socket one would ask for spile_again_readable(). */
static enum spile_status waiting(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct endpoint *endpoint = user;
    enum spile_status status = emit_page(out, endpoint, err);

    if (!status && endpoint->next < endpoint->pages)
        spile_again_after(out, 2);
    return status;
}

int main(void)
{
    struct endpoint endpoints[] = { { "users", 20, 0 }, { "orders", 30, 0 }, { "events", 10, 0 } };
    struct spile_source *api = NULL;
    struct spile_pipeline *pipeline = NULL;
    struct spile_error err = { 0 };

    if (spile_source_new(&api, "api", NULL, &err) ||
        spile_source_add(api, "users", SPILE_RESOURCE(.generate = blocking, .user = &endpoints[0], .parallel = true), &err) ||
        spile_source_add(api, "orders", SPILE_RESOURCE(.generate = blocking, .user = &endpoints[1], .parallel = true), &err) ||
        spile_source_add(api, "events", SPILE_RESOURCE(.generate = waiting, .user = &endpoints[2]), &err) ||
        spile_pipeline_open(&pipeline, "api", SPILE_PIPELINE_OPTIONS(.destination = "duckdb"), &err) ||
        spile_run(pipeline, spile_from(api), NULL, NULL, &err))
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    spile_pipeline_close(pipeline);
    spile_source_free(api);
    return err.status;
}
