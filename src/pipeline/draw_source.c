/* What the resources of a source make, gathered into chunks by table. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "data/documents.h"
#include "data/json_text.h"
#include "extract/extract.h"
#include "extract/graph.h"
#include "pipeline/draw.h"
#include "source/chunker.h"

/* Documents in memory are larger than their text: a chunk of them is full at so many times the bytes of a chunk of text. */
#define DOCUMENT_FACTOR 2
#define FIRST_BYTES ((size_t)64 << 10) /* of a table's first chunk, since it finds most of the schema */

/* What gathers for one part. */
struct gathering {
    struct documents *documents; /* NULL: nothing yet */
    uint64_t given;              /* items in chunks before */
};

struct gatherer {
    struct drawing *drawing;
    struct gathering *parts;     /* by part */
    uint32_t *part_of;           /* by resource */
    struct name_map **named;     /* by resource: the parts of tables that its items name */
    char **input_names;          /* by resource: for messages */
    size_t bytes, bytes_max;     /* of all that gathers */
    size_t chunk_bytes;
    bool sampled;                /* a plan has seen enough */
};

/* ---- chunks ---------------------------------------------------------------------------------------------------------------------- */

/* False when the normalizer wants no more. */
static bool submit(struct gatherer *g, uint32_t part)
{
    struct gathering *gathering = &g->parts[part];
    struct documents *documents = gathering->documents;
    size_t resource = g->drawing->run->parts[part].resource;
    struct chunk chunk = {
        .part = part,
        .input = (uint32_t)resource,
        .input_name = g->input_names[resource],
        .offset = gathering->given,
        .first = !gathering->given,
        .documents = documents,
    };

    if (!documents)
        return true;
    gathering->given += documents_length(documents);
    gathering->documents = NULL;
    g->bytes -= documents->bytes;
    return draw_submit(g->drawing, &chunk);
}

static bool submit_all(struct gatherer *g)
{
    bool go = true;

    for (uint32_t part = 0; go && part < g->drawing->run->part_count; part++)
        go = submit(g, part);
    return go;
}

static enum spile_status fail_stopped(struct spile_error *err)
{
    return spile_fail(err, SPILE_CANCELLED, "stopped");
}

static size_t full_bytes(const struct gatherer *g, const struct gathering *gathering)
{
    return gathering->given || g->chunk_bytes < FIRST_BYTES ? g->chunk_bytes : FIRST_BYTES;
}

static enum spile_status gather(struct gatherer *g, uint32_t part, struct documents *items, struct spile_error *err)
{
    struct gathering *gathering = &g->parts[part];
    size_t before;

    if (!gathering->documents && !(gathering->documents = documents_new()))
        return spile_fail_nomem(err);
    before = gathering->documents->bytes;
    if (!documents_take(gathering->documents, items))
        return spile_fail_nomem(err);
    g->bytes += gathering->documents->bytes - before;
    if (gathering->documents->bytes >= full_bytes(g, gathering) && !submit(g, part))
        return fail_stopped(err);
    return g->bytes < g->bytes_max || submit_all(g) ? SPILE_OK : fail_stopped(err);
}

/* ---- tables that items name ------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_too_many(const struct run *run, const char *table, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_SOURCE, "table \"%s\" is one more than the %u tables that items may name in a run", shorten(extract, table, strlen(table)),
               run->part_capacity);
    return spile_hint(err, SPILE_SOURCE, "is it the right value that names the table?");
}

static enum spile_status add_part(struct gatherer *g, size_t resource, const char *table, uint32_t *part, struct spile_error *err)
{
    struct run *run = g->drawing->run;
    const struct run_part *own = &run->parts[g->part_of[resource]];
    struct normalize_part like = run->normalize_parts[g->part_of[resource]];
    char *given = arena_copy(&run->arena, table, strlen(table));

    *part = run->part_count;
    if (run->part_count == run->part_capacity)
        return fail_too_many(run, table, err);
    if (!given)
        return spile_fail_nomem(err);
    like.since = g->drawing->number;
    run->parts[*part] = (struct run_part){ .given = given, .contract = own->contract, .resource = resource };
    run->normalize_parts[*part] = like;
    if (!g->named[resource] && !(g->named[resource] = name_map_new(false)))
        return spile_fail_nomem(err);
    if (!name_map_put(g->named[resource], given, strlen(given), &run->parts[*part]))
        return spile_fail_nomem(err);
    return draw_add_part(g->drawing, err);
}

static enum spile_status find_part(struct gatherer *g, size_t resource, const char *table, uint32_t *part, struct spile_error *err)
{
    const struct run *run = g->drawing->run;
    const struct run_part *found = NULL;

    *part = g->part_of[resource];
    if (!table || !strcmp(table, run->parts[*part].given))
        return SPILE_OK;
    if (g->named[resource])
        found = name_map_find(g->named[resource], table, strlen(table));
    if (!found)
        return add_part(g, resource, table, part, err);
    *part = (uint32_t)(found - run->parts);
    return SPILE_OK;
}

/* Has every resource given the items that a plan wants to see? */
static bool is_sampled(const struct gatherer *g)
{
    const struct run *run = g->drawing->run;
    uint64_t wanted = run->plans ? run->options->sample : 0;

    for (uint32_t part = 0; wanted && part < run->part_count; part++) {
        const struct gathering *gathering = &g->parts[part];

        if (gathering->given + (gathering->documents ? documents_length(gathering->documents) : 0) < wanted)
            return false;
    }
    return wanted;
}

static enum spile_status gather_one_by_one(struct gatherer *g, uint32_t part, const struct documents *items, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && !g->sampled && i < items->count; i++) {
        struct documents one = { .items = &items->items[i], .count = 1 };

        status = gather(g, part, &one, err);
        g->sampled = !status && is_sampled(g);
    }
    return g->sampled ? fail_stopped(err) : status;
}

/* Rows of an Arrow batch are a chunk of their own. */
static enum spile_status gather_rows(struct gatherer *g, uint32_t part, struct documents *page, struct spile_error *err)
{
    struct gathering *gathering = &g->parts[part];

    if (!submit(g, part))
        return fail_stopped(err);
    gathering->documents = documents_new();
    if (!gathering->documents)
        return spile_fail_nomem(err);
    gathering->documents->rows = page->rows;
    page->rows = NULL;
    g->sampled = is_sampled(g);
    return submit(g, part) && !g->sampled ? SPILE_OK : fail_stopped(err);
}

/* A page larger than a chunk becomes several. */
static enum spile_status put(void *user, size_t resource, const char *table, struct documents *items, struct spile_error *err)
{
    struct gatherer *g = user;
    uint32_t part;
    enum spile_status status = find_part(g, resource, table, &part, err);

    if (status)
        return status;
    if (items->rows)
        return gather_rows(g, part, items, err);
    if (g->drawing->run->plans || items->bytes > 2 * full_bytes(g, &g->parts[part]))
        return gather_one_by_one(g, part, items, err);
    return gather(g, part, items, err);
}

/* ---- data of resources --------------------------------------------------------------------------------------------------------------- */

static enum spile_status read_input(struct gatherer *g, struct input *input, struct spile_emitter *out, struct spile_error *err)
{
    struct chunker *chunker = NULL;
    struct chunk chunk = { 0 };
    bool more = true;
    enum spile_status status = chunker_new(&chunker, input, g->drawing->chunk_bytes, g->drawing->item_bytes_max, err);

    while (!status && more) {
        status = chunker_next(chunker, &chunk, &more, err);
        if (!status && more)
            status = emitter_put_chunk(out, &chunk, err);
    }
    chunker_free(chunker);
    free(chunk.bytes);
    return status;
}

static enum spile_status read_data(void *user, const struct resource *resource, struct spile_emitter *out, struct spile_error *err)
{
    struct gatherer *g = user;
    const struct spile_data *data = &resource->options.data;
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < draw_input_count(data); i++) {
        struct input *input = NULL;

        status = draw_open(g->drawing, data, i, &input, err);
        if (!status)
            status = read_input(g, input, out, err);
        input_close(input);
    }
    return status;
}

/* ---- the source ---------------------------------------------------------------------------------------------------------------------- */

static void tick(void *user)
{
    draw_tick(((struct gatherer *)user)->drawing);
}

static bool begin(struct gatherer *g)
{
    struct run *run = g->drawing->run;
    size_t resources = run->source->resource_count;

    g->chunk_bytes = DOCUMENT_FACTOR * g->drawing->chunk_bytes;
    g->bytes_max = (size_t)(run->pipeline->max_memory / 16);
    g->parts = arena_zalloc(&run->arena, (run->part_capacity + 1) * sizeof(*g->parts));
    g->part_of = arena_zalloc(&run->arena, (resources + 1) * sizeof(*g->part_of));
    g->named = arena_zalloc(&run->arena, (resources + 1) * sizeof(struct name_map *));
    g->input_names = arena_zalloc(&run->arena, (resources + 1) * sizeof(char *));
    if (!g->parts || !g->part_of || !g->named || !g->input_names)
        return false;
    for (uint32_t part = 0; part < run->part_count; part++)
        g->part_of[run->parts[part].resource] = part;
    for (size_t i = 0; i < resources; i++)
        if (!(g->input_names[i] = arena_printf(&run->arena, "resource \"%s\"", run->source->resources[i]->name)))
            return false;
    return true;
}

static void release(struct gatherer *g)
{
    for (uint32_t part = 0; g->parts && part < g->drawing->run->part_count; part++)
        documents_free(g->parts[part].documents);
    for (size_t i = 0; g->named && i < g->drawing->run->source->resource_count; i++)
        name_map_free(g->named[i]);
}

/* Can everything that is drawn be drawn again? Data can, if all files can be; functions say nothing of it. */
static bool is_rereadable(const struct spile_source *source)
{
    for (size_t i = 0; i < source->resource_count; i++)
        if (!source->resources[i]->options.data.kind && graph_needs(source, source->resources[i]))
            return false;
    return true;
}

enum spile_status draw_source(struct drawing *d, struct spile_error *err)
{
    struct run *run = d->run;
    struct gatherer g = { .drawing = d };
    struct notes notes = { 0 };
    enum spile_status status = begin(&g) ? SPILE_OK : spile_fail_nomem(err);
    struct extract_options options = {
        .source = run->source,
        .cancelled = &run->pipeline->cancelled,
        .notes = &notes,
        .infos = run->resources,
        .read = read_data,
        .put = put,
        .tick = tick,
        .user = &g,
    };

    if (!status && !notes_init(&notes, run->sources, yyjson_mut_doc_get_root(run->sources), run->source_name))
        status = spile_fail_nomem(err);
    run->rereadable &= is_rereadable(run->source);
    if (!status)
        status = extract_run(&options, err);
    if (status == SPILE_CANCELLED && g.sampled) {
        *err = (struct spile_error){ 0 };
        status = SPILE_OK;
    }
    if (!status && !submit_all(&g))
        status = fail_stopped(err);
    notes_release(&notes);
    release(&g);
    return status;
}
