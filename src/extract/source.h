/* What a user has declared: a source, its resources and their steps. Declarations only; running them is the affair of extract.c. */
#ifndef EXTRACT_SOURCE_H
#define EXTRACT_SOURCE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "extract/step.h"

struct resource {
    char *name;
    struct spile_resource_options options; /* texts in the source's arena */
    struct step *steps;                    /* in their order, linked */
    bool selected;
};

struct spile_source {
    struct arena arena;
    char *name;
    struct spile_source_options options;
    struct resource **resources; /* in the arena */
    size_t resource_count, resource_capacity;
    struct text description;
};

/* Adds "did you mean" to an error about a resource that is not there. */
enum spile_status source_hint_nearest(const struct spile_source *source, struct slice name, struct spile_error *err);

struct resource *source_find(const struct spile_source *source, struct slice name); /* NULL: there is none */

static inline const char *resource_table(const struct resource *resource)
{
    return resource->options.table ? resource->options.table : resource->name;
}

#endif
