#include "extract/graph.h"

#include <string.h>

#include "data/json_text.h"
#include "schema/write.h"

/* ---- checking ------------------------------------------------------------------------------------------------------------------- */

static const struct resource *feeder_of(const struct spile_source *source, const struct resource *resource)
{
    return resource->options.from ? source_find(source, slice_of(resource->options.from)) : NULL;
}

static enum spile_status fail_unknown(const struct spile_source *source, const struct resource *resource, struct spile_error *err)
{
    const char *from = resource->options.from;
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "resource \"%s\" is fed by \"%s\", which source \"%s\" does not have", resource->name,
               shorten(extract, from, strlen(from)), source->name);
    return source_hint_nearest(source, slice_of(from), err);
}

/* "a <- b <- a": from the resource along those that feed it, until one comes again. */
static enum spile_status fail_cycle(const struct spile_source *source, const struct resource *resource, struct spile_error *err)
{
    struct text path = { 0 };
    char extract[SHORTEN_BYTES];
    const struct resource *at = resource;

    text_puts(&path, resource->name);
    do {
        at = feeder_of(source, at);
        text_printf(&path, " <- %s", at->name);
    } while (at != resource);
    spile_fail(err, SPILE_USAGE, "resource \"%s\" feeds itself: %s", resource->name, shorten(extract, path.text ? path.text : "", path.length));
    text_release(&path);
    return spile_hint(err, SPILE_USAGE, "one of them has to be a generator");
}

static enum spile_status check_feeders(const struct spile_source *source, const struct resource *resource, struct spile_error *err)
{
    const struct resource *at = resource;

    if (resource->options.transform && !resource->options.from) {
        spile_fail(err, SPILE_USAGE, "transformer \"%s\" is fed by nothing", resource->name);
        return spile_hint(err, SPILE_USAGE, "name what feeds it (`from`), or join them: spile_source_pipe(source, \"feeder | %s\")", resource->name);
    }
    for (size_t steps = 0; at->options.from; steps++) {
        const struct resource *feeder = feeder_of(source, at);

        if (!feeder)
            return fail_unknown(source, at, err);
        if (feeder == resource)
            return fail_cycle(source, resource, err);
        if (steps > source->resource_count)
            return SPILE_OK; /* it hangs on a cycle of others, which are told of */
        at = feeder;
    }
    return SPILE_OK;
}

enum spile_status graph_check(const struct spile_source *source, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < source->resource_count; i++)
        status = check_feeders(source, source->resources[i], err);
    return status;
}

bool graph_needs(const struct spile_source *source, const struct resource *resource)
{
    if (resource_is_loaded(resource))
        return true;
    for (size_t i = 0; i < source->resource_count; i++)
        if (feeder_of(source, source->resources[i]) == resource && graph_needs(source, source->resources[i]))
            return true;
    return false;
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------------------- */

static const char *kind_of(const struct resource *resource)
{
    return resource->options.transform ? "transformer" : resource->options.generate ? "generator" : "data";
}

static bool add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    return !text || yyjson_mut_obj_add_str(doc, object, key, text);
}

static bool add_steps(yyjson_mut_doc *doc, yyjson_mut_val *object, const struct resource *resource)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, object, "steps");
    bool ok = list;

    for (const struct step *step = resource->steps; ok && step; step = step->next)
        ok = yyjson_mut_arr_add_str(doc, list, step_name(step));
    return ok;
}

static bool add_resource(yyjson_mut_doc *doc, yyjson_mut_val *list, const struct resource *resource)
{
    const struct spile_resource_options *options = &resource->options;
    struct table_write write = table_write_of(options->write, &options->merge);
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);

    return add_text(doc, object, "name", resource->name) && add_text(doc, object, "kind", kind_of(resource)) &&
           add_text(doc, object, "from", options->from) && add_text(doc, object, "table", resource_table(resource)) &&
           yyjson_mut_obj_add_bool(doc, object, "loaded", resource_is_loaded(resource)) &&
           yyjson_mut_obj_add_bool(doc, object, "parallel", options->parallel) && add_text(doc, object, "write_disposition", write_disposition_name(write.disposition)) &&
           add_text(doc, object, "merge_strategy", merge_strategy_name(write.strategy)) &&
           add_text(doc, object, "primary_key", options->primary_key) && add_text(doc, object, "merge_key", options->merge_key) &&
           add_text(doc, object, "columns", options->columns) && add_text(doc, object, "incremental", options->incremental.cursor) &&
           add_steps(doc, object, resource);
}

bool graph_to_json(const struct spile_source *source, struct text *out)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
    bool ok = yyjson_mut_obj_add_uint(doc, root, "schema_version", 1) && add_text(doc, root, "source", source->name) &&
              (list = yyjson_mut_obj_add_arr(doc, root, "resources"));

    for (size_t i = 0; ok && i < source->resource_count; i++)
        ok = add_resource(doc, list, source->resources[i]);
    if (ok)
        json_text_append(out, root, true);
    yyjson_mut_doc_free(doc);
    return ok && !out->failed;
}

/* ---- Graphviz ------------------------------------------------------------------------------------------------------------------- */

static void put_quoted(struct text *out, const char *text)
{
    text_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            text_putc(out, '\\');
        text_putc(out, *text);
    }
    text_putc(out, '"');
}

static void put_edge(struct text *out, const char *from, const char *to, const char *attributes)
{
    text_puts(out, "    ");
    put_quoted(out, from);
    text_puts(out, " -> ");
    put_quoted(out, to);
    text_printf(out, "%s;\n", attributes);
}

static void put_node(struct text *out, const struct resource *resource)
{
    text_puts(out, "    ");
    put_quoted(out, resource->name);
    text_printf(out, " [shape=%s%s];\n", resource->options.transform ? "box" : "ellipse", resource_is_loaded(resource) ? "" : ", style=dashed");
}

/* Tables have names of their own kind, so that a table named like its resource is another node. */
static void put_table(struct text *out, const struct resource *resource)
{
    struct text name = { 0 };

    text_printf(&name, "table %s", resource_table(resource));
    if (!name.failed && resource_is_loaded(resource)) {
        text_puts(out, "    ");
        put_quoted(out, name.text);
        text_puts(out, " [shape=cylinder];\n");
        put_edge(out, resource->name, name.text, "");
    }
    out->failed |= name.failed;
    text_release(&name);
}

bool graph_to_dot(const struct spile_source *source, struct text *out)
{
    text_puts(out, "digraph ");
    put_quoted(out, source->name);
    text_puts(out, " {\n    rankdir=LR;\n");
    for (size_t i = 0; i < source->resource_count; i++)
        put_node(out, source->resources[i]);
    for (size_t i = 0; i < source->resource_count; i++) {
        if (source->resources[i]->options.from)
            put_edge(out, source->resources[i]->options.from, source->resources[i]->name, "");
        put_table(out, source->resources[i]);
    }
    text_puts(out, "}\n");
    return !out->failed;
}
