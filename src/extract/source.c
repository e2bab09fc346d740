/* The calls that declare sources. */
#include "extract/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "extract/graph.h"
#include "schema/write.h"

#define NAME_BYTES_MAX 64

/* ---- names ---------------------------------------------------------------------------------------------------------------------- */

struct resource *source_find(const struct spile_source *source, struct slice name)
{
    for (size_t i = 0; i < source->resource_count; i++)
        if (slice_equal(slice_of(source->resources[i]->name), name))
            return source->resources[i];
    return NULL;
}

enum spile_status source_hint_nearest(const struct spile_source *source, struct slice name, struct spile_error *err)
{
    const char **names = calloc(source->resource_count + 1, sizeof(*names)), *nearest = NULL;

    for (size_t i = 0; names && i < source->resource_count; i++)
        names[i] = source->resources[i]->name;
    if (names)
        nearest = nearest_of(name, names);
    if (nearest)
        spile_hint(err, SPILE_USAGE, "did you mean \"%s\"?", nearest);
    free(names);
    return SPILE_USAGE;
}

static enum spile_status fail_unknown(const struct spile_source *source, struct slice name, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "source \"%s\" has no resource \"%s\"", source->name, shorten(extract, name.text, name.length));
    return source_hint_nearest(source, name, err);
}

static enum spile_status get(const struct spile_source *source, const char *name, struct resource **out, struct spile_error *err)
{
    *out = name ? source_find(source, slice_of(name)) : NULL;
    return *out ? SPILE_OK : fail_unknown(source, slice_of(name ? name : ""), err);
}

/* Lists of names are written with commas and bars. */
static enum spile_status check_name(const char *what, const char *name, struct spile_error *err)
{
    size_t length = name ? strlen(name) : 0;
    char extract[SHORTEN_BYTES];

    if (length && length <= NAME_BYTES_MAX && !strpbrk(name, ",|") && slice_strip(slice_of(name)).length == length)
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "\"%s\" can't be the name of a %s", name ? shorten(extract, name, length) : "", what);
    return spile_hint(err, SPILE_USAGE, "use 1 to %d bytes without commas and bars, and without blanks at the ends", NAME_BYTES_MAX);
}

static enum spile_status check_free(const struct spile_source *source, const char *name, struct spile_error *err)
{
    enum spile_status status = check_name("resource", name, err);

    if (!status && source_find(source, slice_of(name)))
        return spile_fail(err, SPILE_USAGE, "source \"%s\" has a resource \"%s\" already", source->name, name);
    return status;
}

/* ---- options -------------------------------------------------------------------------------------------------------------------- */

static bool copy_texts(struct arena *arena, struct spile_resource_options *options)
{
    struct spile_incremental *incremental = &options->incremental;
    struct spile_merge *merge = &options->merge;
    const char **texts[] = { &options->from, &options->table, &options->table_by, &options->columns, &options->json_columns, &options->primary_key,
                             &options->merge_key, &incremental->cursor, &incremental->initial, &incremental->end, &incremental->primary_key,
                             &merge->source_filter, &merge->destination_scope, &merge->row_version, &merge->valid_from, &merge->valid_to,
                             &merge->active_record_timestamp, &merge->boundary_timestamp };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!arena_copy_text(arena, texts[i]))
            return false;
    return true;
}

static enum spile_status fail_kind(const char *name, const char *what, const char *remedy, struct spile_error *err)
{
    spile_fail(err, SPILE_USAGE, "resource \"%s\" %s", name, what);
    return spile_hint(err, SPILE_USAGE, "%s", remedy);
}

static enum spile_status check_options(const char *name, const struct spile_resource_options *options, struct spile_error *err)
{
    int kinds = !!options->generate + !!options->transform + (options->data.kind != 0);
    struct table_write write = table_write_of(options->write, &options->merge);

    if (kinds != 1)
        return fail_kind(name, kinds ? "has several origins" : "has no origin", "give it a generator, or data, or a transformer", err);
    if (options->data.kind && options->data.kind != SPILE_DATA_JSON && options->data.kind != SPILE_DATA_FILES)
        return fail_kind(name, "has data of an unknown kind", "use spile_json(), spile_json_bytes() or spile_files()", err);
    if (options->table_by && (options->columns || options->primary_key || options->merge_key))
        return fail_kind(name, "has tables that its items name, and columns or keys", "give these to the tables in a schema: spile_source_options.schema", err);
    if (!options->transform && options->from)
        return fail_kind(name, "is fed by another, but does not transform", "give it a transformer in place of its generator or data", err);
    return spile_within(err, table_write_check(&write, err), "resource \"%s\"", name);
}

/* ---- declaring ------------------------------------------------------------------------------------------------------------------ */

enum spile_status spile_source_new(struct spile_source **out, const char *name, const struct spile_source_options *options,
                                   struct spile_error *err)
{
    struct spile_source *source;
    enum spile_status status = check_name("source", name, err);

    *out = NULL;
    if (status)
        return status;
    source = calloc(1, sizeof(*source));
    if (!source || !(source->name = arena_copy(&source->arena, name, strlen(name)))) {
        spile_source_free(source);
        return spile_fail_nomem(err);
    }
    if (options)
        memcpy(&source->options, options, options->size && options->size < sizeof(*options) ? options->size : sizeof(*options));
    *out = source;
    return SPILE_OK;
}

void spile_source_free(struct spile_source *source)
{
    if (!source)
        return;
    text_release(&source->description);
    free(source->resources);
    arena_release(&source->arena);
    free(source);
}

static bool grow(struct spile_source *source)
{
    size_t capacity = source->resource_capacity ? 2 * source->resource_capacity : 8;
    struct resource **resources;

    if (source->resource_count < source->resource_capacity)
        return true;
    resources = realloc(source->resources, capacity * sizeof(struct resource *));
    if (!resources)
        return false;
    source->resources = resources;
    source->resource_capacity = capacity;
    return true;
}

enum spile_status spile_source_add(struct spile_source *source, const char *name, const struct spile_resource_options *options,
                                   struct spile_error *err)
{
    struct resource *resource = arena_zalloc(&source->arena, sizeof(*resource));
    enum spile_status status = check_free(source, name, err);

    if (status)
        return status;
    if (!resource || !grow(source) || !(resource->name = arena_copy(&source->arena, name, strlen(name))))
        return spile_fail_nomem(err);
    resource->selected = true;
    if (options)
        memcpy(&resource->options, options, options->size && options->size < sizeof(*options) ? options->size : sizeof(*options));
    status = check_options(name, &resource->options, err);
    if (!status && !copy_texts(&source->arena, &resource->options))
        status = spile_fail_nomem(err);
    if (!status)
        source->resources[source->resource_count++] = resource;
    return status;
}

/* Behind the last step, or before the n-th. */
static struct step **step_place(struct resource *resource, unsigned before)
{
    struct step **place = &resource->steps;

    for (unsigned number = 1; *place && number != before; number++)
        place = &(*place)->next;
    return place;
}

enum spile_status spile_source_step(struct spile_source *source, const char *name, const struct spile_step *options, struct spile_error *err)
{
    struct resource *resource;
    struct step *step, **place;
    enum spile_status status = get(source, name, &resource, err);

    if (!status)
        status = step_new(&step, options, &source->arena, err);
    if (status)
        return spile_within(err, status, "resource \"%s\"", name ? name : "");
    place = step_place(resource, options->before);
    step->next = *place;
    *place = step;
    return SPILE_OK;
}

enum spile_status spile_source_pipe(struct spile_source *source, const char *pipe, struct spile_error *err)
{
    struct slice rest = slice_of(pipe ? pipe : ""), name;
    struct resource *feeder = NULL;

    while (text_next(&rest, '|', &name)) {
        struct resource *resource = source_find(source, name);

        if (!resource)
            return fail_unknown(source, name, err);
        if (feeder && !resource->options.transform)
            return fail_kind(resource->name, "can't be fed: it is no transformer", "only the first of a pipe is a generator", err);
        if (feeder)
            resource->options.from = feeder->name;
        feeder = resource;
    }
    return SPILE_OK;
}

enum spile_status spile_source_select(struct spile_source *source, const char *names, struct spile_error *err)
{
    struct slice rest = slice_of(names ? names : ""), name;

    while (names && text_next(&rest, ',', &name))
        if (!source_find(source, name))
            return fail_unknown(source, name, err);
    for (size_t i = 0; i < source->resource_count; i++)
        source->resources[i]->selected = !names;
    rest = slice_of(names ? names : "");
    while (names && text_next(&rest, ',', &name))
        source_find(source, name)->selected = true;
    return SPILE_OK;
}

enum spile_status spile_source_rename(struct spile_source *source, const char *name, const char *new_name, struct spile_error *err)
{
    struct resource *resource;
    char *copy, *old;
    enum spile_status status = get(source, name, &resource, err);

    if (!status)
        status = check_free(source, new_name, err);
    if (status)
        return status;
    copy = arena_copy(&source->arena, new_name, strlen(new_name));
    if (!copy)
        return spile_fail_nomem(err);
    old = resource->name;
    resource->name = copy;
    for (size_t i = 0; i < source->resource_count; i++)
        if (source->resources[i]->options.from && !strcmp(source->resources[i]->options.from, old))
            source->resources[i]->options.from = copy;
    return SPILE_OK;
}

enum spile_status spile_source_bind(struct spile_source *source, const char *name, void *user, struct spile_error *err)
{
    struct resource *resource;
    enum spile_status status = get(source, name, &resource, err);

    if (!status)
        resource->options.user = user;
    return status;
}

/* ---- copying -------------------------------------------------------------------------------------------------------------------- */

static enum spile_status copy_resource(struct spile_source *target, const struct resource *resource, struct spile_error *err)
{
    enum spile_status status = spile_source_add(target, resource->name, &resource->options, err);
    struct step **place;

    if (status)
        return status;
    target->resources[target->resource_count - 1]->selected = resource->selected;
    place = &target->resources[target->resource_count - 1]->steps;
    for (const struct step *step = resource->steps; step; step = step->next, place = &(*place)->next)
        if (!(*place = step_copy(step, &target->arena)))
            return spile_fail_nomem(err);
    return SPILE_OK;
}

enum spile_status spile_source_clone(struct spile_source **out, const struct spile_source *source, const char *name, struct spile_error *err)
{
    struct spile_source *copy;
    enum spile_status status = spile_source_new(&copy, name ? name : source->name, &source->options, err);

    *out = NULL;
    for (size_t i = 0; !status && i < source->resource_count; i++)
        status = copy_resource(copy, source->resources[i], err);
    if (status)
        spile_source_free(copy);
    else
        *out = copy;
    return status;
}

/* ---- describing ----------------------------------------------------------------------------------------------------------------- */

enum spile_status spile_source_describe(struct spile_source *source, enum spile_graph_format format, const char **text, struct spile_error *err)
{
    enum spile_status status = graph_check(source, err);

    *text = NULL;
    if (status)
        return status;
    text_release(&source->description);
    if (!(format == SPILE_GRAPH_DOT ? graph_to_dot : graph_to_json)(source, &source->description))
        return spile_fail_nomem(err);
    *text = source->description.text;
    return SPILE_OK;
}
