/* A chain of API calls: a list names things, a transformer gets the details of each, several at a time. The API is the function get() here. */
#include <stdio.h>
#include <string.h>

#include <spile/spile.h>

static enum spile_status list(struct spile_emitter *out, void *user, struct spile_error *err)
{
    (void)user;
    return spile_emit_json(out, "[{\"name\": \"ditto\", \"id\": 132}, {\"name\": \"snorlax\", \"id\": 143}, {\"name\": \"mew\", \"id\": 151}]", 0, err);
}

/* Stands for an HTTP request. */
static void get(const char *name, char *json, size_t size)
{
    snprintf(json, size, "{\"name\": \"%s\", \"weight\": %zu, \"moves\": [{\"name\": \"rest\"}, {\"name\": \"%s-slam\"}]}", name, strlen(name) * 10, name);
}

/* Called for each item of the list; with `parallel`, on several threads. What it emits keeps the list's order. */
static enum spile_status details(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    char json[512];

    (void)user;
    get(spile_item_text(item, "name", NULL), json, sizeof(json));
    return spile_emit_json(out, json, 0, err);
}

int main(void)
{
    struct spile_source *pokemon = NULL;
    struct spile_pipeline *pipeline = NULL;
    struct spile_error err = { 0 };
    const char *graph;

    if (spile_source_new(&pokemon, "pokemon", NULL, &err) ||
        spile_source_add(pokemon, "list", SPILE_RESOURCE(.generate = list, .hidden = true), &err) ||
        spile_source_add(pokemon, "details", SPILE_RESOURCE(.transform = details, .parallel = true), &err) ||
        spile_source_pipe(pokemon, "list | details", &err) || spile_source_describe(pokemon, SPILE_GRAPH_DOT, &graph, &err) ||
        spile_pipeline_open(&pipeline, "pokemon", SPILE_PIPELINE_OPTIONS(.destination = "duckdb"), &err) ||
        spile_run(pipeline, spile_from(pokemon), NULL, NULL, &err))
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    else
        fputs(graph, stdout);
    spile_pipeline_close(pipeline);
    spile_source_free(pokemon);
    return err.status;
}
