#include "extract/work.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "extract/graph.h"

/* ---- behind the steps ----------------------------------------------------------------------------------------------------------- */

static enum spile_status feed(struct node *node, struct document item, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    bool wanted = node->loaded;

    for (size_t i = 0; !status && i < node->child_count; i++) {
        struct node *child = node->children[i];

        if (!child->closed)
            status = schedule_transform(child, item, err);
        wanted |= !child->closed;
    }
    node->closed |= !wanted;
    return status;
}

/* The table that the item itself names. The name lives as long as the item. */
static const char *table_of(const struct node *node, struct document item, const char *table)
{
    struct document found;

    if (!node->table_by || !jsonpath_first(node->table_by, item, &found) || document_kind(found) != DOCUMENT_TEXT)
        return table;
    return document_text(found).length ? document_text(found).text : table;
}

void node_count(const struct node *node, uint64_t pages, uint64_t drawn, uint64_t items)
{
    struct spile_resource_info *infos = node->work->options->infos;

    if (!infos)
        return;
    infos[node->index].pages += pages;
    infos[node->index].drawn += drawn;
    infos[node->index].items += items;
}

static enum spile_status load_item(struct node *node, struct document item, const char *table, struct spile_error *err)
{
    const struct extract_options *options = node->work->options;
    struct documents one = { .items = &item, .count = 1 };

    if (!node->by_page)
        return options->put(options->user, node->index, table_of(node, item, table), &one, err);
    return documents_refer(&node->kept, item) ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status finish_item(struct node *node, struct document item, const char *table, struct spile_error *err)
{
    enum incremental_verdict verdict = INCREMENTAL_PASS;
    enum spile_status status = node->incremental ? incremental_take(node->incremental, item, &verdict, err) : SPILE_OK;

    if (status || verdict != INCREMENTAL_PASS)
        return status;
    node->items++;
    if (node->loaded)
        status = load_item(node, item, table, err);
    return status ? status : feed(node, item, err);
}

/* An item that lies in the page itself. */
static enum spile_status finish_parsed(struct node *node, struct document item, const char *table, struct spile_error *err)
{
    node->of_page = true;
    return finish_item(node, item, table, err);
}

/* ---- steps ---------------------------------------------------------------------------------------------------------------------- */

static enum spile_status run_steps(struct node *node, const struct step *step, size_t number, struct spile_item *item, const char *table,
                                   struct spile_error *err);

/* A flat map at work: what it emits goes on behind it. */
struct flat {
    struct node *node;
    const struct step *step;
    size_t number;
    const char *table;
};

/* What it emits lives as long as the page that the step's own item is from: a cursor looks at items again at the end of it. */
static enum spile_status take_flat(void *context, struct documents *page, const char *table, struct spile_error *err)
{
    struct flat *flat = context;
    struct documents *made = &flat->node->made;
    struct spile_item item = { 0 };
    size_t first = made->count;
    enum spile_status status = page->rows ? page_to_items(page, err) : SPILE_OK;

    if (!status && !documents_take(made, page))
        status = spile_fail_nomem(err);
    for (size_t i = 0; !status && i < page->count; i++) {
        item_borrow(&item, made->items[first + i], made);
        status = run_steps(flat->node, flat->step->next, flat->number + 1, &item, table ? table : flat->table, err);
    }
    arena_release(&item.arena);
    arena_release(&item.texts);
    return status;
}

static bool is_flat_stopping(const void *context)
{
    const struct flat *flat = context;

    return flat->node->closed || work_stopping(flat->node->work);
}

struct spile_emitter node_emitter(struct node *node)
{
    return (struct spile_emitter){
        .resource = node->resource->name,
        .reader = &node->work->reader,
        .notes = node->work->options->notes,
        .start = node->incremental ? incremental_start(node->incremental) : NULL,
        .end = node->incremental ? incremental_end(node->incremental) : NULL,
    };
}

static enum spile_status run_flat(struct node *node, const struct step *step, size_t number, struct spile_item *item, const char *table,
                                  struct spile_error *err)
{
    struct flat flat = { node, step, number, table };
    struct spile_emitter emitter = node_emitter(node);
    enum spile_status status;

    emitter.take = take_flat;
    emitter.stopping = is_flat_stopping;
    emitter.context = &flat;
    emitter_begin(&emitter);
    status = emitter_finish(&emitter, step->options.flat_map(item, &emitter, step->options.user, err), err);
    emitter_release(&emitter);
    return status == SPILE_CANCELLED && node->closed && !work_stopping(node->work) ? SPILE_OK : status;
}

/* An item that was opened is laid out anew; another one stays where it is. */
static enum spile_status finish_steps(struct node *node, const struct spile_item *item, const char *table, struct spile_error *err)
{
    if (!item_is_open(item))
        return finish_parsed(node, item->parsed, table, err);
    if (!item_add_to(&node->made, item))
        return spile_fail_nomem(err);
    return finish_item(node, node->made.items[node->made.count - 1], table, err);
}

static enum spile_status run_steps(struct node *node, const struct step *step, size_t number, struct spile_item *item, const char *table,
                                   struct spile_error *err)
{
    enum spile_status status;

    for (; step; step = step->next, number++) {
        bool kept = true;

        if (step_is_flat(step))
            return spile_within(err, run_flat(node, step, number, item, table, err), "step %zu (flat_map)", number + 1);
        status = step_apply(step, &node->step_runs[number], item, &kept, err);
        if (status)
            return spile_within(err, status, "step %zu (%s)", number + 1, step_name(step));
        if (!kept)
            return SPILE_OK;
    }
    return finish_steps(node, item, table, err);
}

/* ---- pages ---------------------------------------------------------------------------------------------------------------------- */

static enum spile_status take_item(struct node *node, struct document item, struct documents *page, const char *table, struct spile_error *err)
{
    if (document_kind(item) == DOCUMENT_NULL)
        return SPILE_OK;
    if (!node->resource->steps)
        return finish_parsed(node, item, table, err);
    item_borrow(&node->item, item, page);
    return run_steps(node, node->resource->steps, 0, &node->item, table, err);
}

/* What is kept lies in the page, or in `made`, or in both; its memory goes with it. Of a page of which little is kept, that little is copied. */
static enum spile_status load_page(struct node *node, struct documents *page, const char *table, struct spile_error *err)
{
    const struct extract_options *options = node->work->options;
    struct documents *memory = node->of_page ? page : &node->made, view = node->kept;
    bool give = 2 * view.count >= memory->count;
    enum spile_status status;

    if (!view.count)
        return SPILE_OK;
    if (give && node->of_page)
        documents_adopt(page, &node->made);
    if (give) {
        view.arena = memory->arena;
        view.bytes = memory->bytes;
    }
    status = options->put(options->user, node->index, table, &view, err);
    if (give)
        memory->arena = view.arena;
    return status;
}

static bool is_limit_reached(const struct node *node)
{
    const struct spile_limit *limit = &node->resource->options.limit;

    return (limit->pages && node->pages >= limit->pages) || (limit->items && node->items >= limit->items) ||
           (limit->seconds > 0 && clock_seconds() - node->began >= limit->seconds);
}

static enum spile_status take_items(struct node *node, struct documents *page, const char *table, struct spile_error *err)
{
    uint64_t taken = node->taken, items = node->items;
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < page->count; i++) {
        status = take_item(node, page->items[i], page, table, err);
        node->taken++;
    }
    node_count(node, 0, node->taken - taken, node->items - items);
    if (status && status != SPILE_CANCELLED)
        spile_within(err, status, "item %llu of resource \"%s\"", (unsigned long long)node->taken, node->resource->name);
    return status;
}

/* *enough: by the row order nothing that is new can follow. */
static enum spile_status take_page(struct node *node, struct documents *page, const char *table, bool *enough, struct spile_error *err)
{
    enum spile_status status = page->rows && !node_takes_rows(node) ? page_to_items(page, err) : SPILE_OK;

    if (status)
        return spile_within(err, status, "resource \"%s\"", node->resource->name);
    if (page->rows)
        return take_rows(node, page, table, enough, err);
    status = take_items(node, page, table, err);
    if (!status && node->incremental)
        status = incremental_end_page(node->incremental, enough, err);
    return status ? status : load_page(node, page, table, err);
}

enum spile_status node_take(struct node *node, struct documents *page, const char *table, struct spile_error *err)
{
    bool enough = false;
    enum spile_status status;

    if (node->closed)
        return SPILE_OK;
    status = take_page(node, page, table, &enough, err);
    documents_clear(&node->kept);
    documents_clear(&node->made);
    node->of_page = false;
    node->pages++;
    node_count(node, 1, 0, 0);
    node->closed |= (enough && !node->resource->options.transform) || is_limit_reached(node);
    return status;
}

void node_close(struct node *node)
{
    const struct spile_resource_options *options = &node->resource->options;

    if (node->activations || !node->begun || node->user_closed || !options->close)
        return;
    node->user_closed = true;
    options->close(options->user);
}

/* ---- life ----------------------------------------------------------------------------------------------------------------------- */

static size_t count_steps(const struct resource *resource)
{
    size_t count = 0;

    for (const struct step *step = resource->steps; step; step = step->next)
        count++;
    return count;
}

static bool has_flat_step(const struct resource *resource)
{
    for (const struct step *step = resource->steps; step; step = step->next)
        if (step_is_flat(step))
            return true;
    return false;
}

static enum spile_status begin_incremental(struct node *node, struct spile_error *err)
{
    const struct spile_resource_options *options = &node->resource->options;
    struct notes *notes = node->work->options->notes;
    enum spile_status status;

    if (!options->incremental.cursor)
        return SPILE_OK;
    status = incremental_new(&node->incremental, node->resource->name, &options->incremental, options->primary_key, err);
    if (status)
        return status;
    return incremental_begin(node->incremental, notes_incremental(notes, node->resource->name, incremental_key(node->incremental)), err);
}

static enum spile_status begin_node(struct node *node, struct spile_error *err)
{
    const struct spile_resource_options *options = &node->resource->options;
    enum spile_status status;

    node->loaded = resource_is_loaded(node->resource);
    node->began = clock_seconds();
    node->step_runs = calloc(count_steps(node->resource) + 1, sizeof(*node->step_runs));
    node->children = calloc(node->work->node_count, sizeof(struct node *));
    if (!node->step_runs || !node->children)
        return spile_fail_nomem(err);
    if (options->write == SPILE_REPLACE)
        notes_forget(node->work->options->notes, node->resource->name);
    status = begin_incremental(node, err);
    if (!status && options->table_by)
        status = jsonpath_compile(&node->table_by, options->table_by, err);
    return spile_within(err, status, "resource \"%s\"", node->resource->name);
}

static void join_nodes(struct work *work)
{
    for (size_t i = 0; i < work->node_count; i++) {
        struct node *node = &work->nodes[i];

        for (size_t j = 0; j < work->node_count; j++) {
            const char *from = work->nodes[j].resource->options.from;

            if (from && !strcmp(from, node->resource->name) && graph_needs(work->options->source, work->nodes[j].resource))
                node->children[node->child_count++] = &work->nodes[j];
        }
        node->by_page = !node->resource->options.table_by && !node->child_count && !has_flat_step(node->resource);
    }
}

static enum spile_status begin(struct work *work, const struct extract_options *options, struct spile_error *err)
{
    const struct spile_source *source = options->source;
    enum spile_status status = SPILE_OK;

    work->options = options;
    work->nodes = calloc(source->resource_count + 1, sizeof(*work->nodes));
    if (!work->nodes)
        return spile_fail_nomem(err);
    work->node_count = source->resource_count;
    for (size_t i = 0; i < work->node_count; i++)
        work->nodes[i] = (struct node){ .work = work, .resource = source->resources[i], .index = i };
    for (size_t i = 0; !status && i < work->node_count; i++)
        if (graph_needs(source, source->resources[i]))
            status = begin_node(&work->nodes[i], err);
    if (!status)
        join_nodes(work);
    return status;
}

static enum spile_status keep_incremental(struct work *work, struct spile_error *err)
{
    struct notes *notes = work->options->notes;
    bool failed = false;

    for (size_t i = 0; !failed && i < work->node_count; i++) {
        const struct node *node = &work->nodes[i];
        yyjson_mut_val *state = node->incremental ? incremental_state(node->incremental, notes->doc, &failed) : NULL;

        if (state && !notes_set_incremental(notes, node->resource->name, incremental_key(node->incremental), state))
            failed = true;
    }
    return failed ? spile_fail_nomem(err) : SPILE_OK;
}

static void release_node(struct node *node)
{
    node->activations = 0;
    node_close(node);
    free(node->children);
    free(node->step_runs);
    documents_release(&node->made);
    documents_release(&node->kept);
    arena_release(&node->item.arena);
    arena_release(&node->item.texts);
    incremental_free(node->incremental);
    jsonpath_free(node->table_by);
}

enum spile_status extract_run(const struct extract_options *options, struct spile_error *err)
{
    struct work work = { 0 };
    enum spile_status status = graph_check(options->source, err);

    if (!status)
        status = begin(&work, options, err);
    if (!status)
        status = schedule_begin(&work, err);
    if (!status)
        status = schedule_run(&work, err);
    schedule_end(&work);
    if (!status)
        status = keep_incremental(&work, err);
    for (size_t i = 0; i < work.node_count; i++)
        release_node(&work.nodes[i]);
    json_reader_free(work.reader);
    free(work.nodes);
    return status;
}
