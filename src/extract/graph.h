/* The graph of a source: which resource feeds which. */
#ifndef EXTRACT_GRAPH_H
#define EXTRACT_GRAPH_H

#include "extract/source.h"

/* SPILE_USAGE when a resource is fed by one that does not exist, or in the end by itself; the message shows the path. */
enum spile_status graph_check(const struct spile_source *source, struct spile_error *err);

/* Are the resource's items drawn: is it loaded itself, or does it feed one that is? */
bool graph_needs(const struct spile_source *source, const struct resource *resource);

static inline bool resource_is_loaded(const struct resource *resource)
{
    return resource->selected && !resource->options.hidden;
}

/* For people and programs. False: out of memory (out->failed). */
bool graph_to_json(const struct spile_source *source, struct text *out);
bool graph_to_dot(const struct spile_source *source, struct text *out);

#endif
