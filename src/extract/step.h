/* Steps: what is done to each item of a resource, one after another. */
#ifndef EXTRACT_STEP_H
#define EXTRACT_STEP_H

#include "base/arena.h"
#include "base/text.h"
#include "data/documents.h"
#include "extract/item.h"

/* A step as declared, compiled: an operation and what it works with. */
struct step {
    struct step *next;
    const struct step_operation *operation;
    struct spile_step options; /* texts copied */
    struct slice *paths;       /* of the built-in ones; pairs of path and key when they rename */
    size_t path_count;
};

/* What a step remembers during a run. */
struct step_run {
    bool begun;
    int64_t last; /* number of a sequence */
};

/* Compiles the options into the arena. SPILE_USAGE when they name no operation, or several, or their arguments can't be read. */
enum spile_status step_new(struct step **out, const struct spile_step *options, struct arena *arena, struct spile_error *err);

/* Another step with another `user`. NULL: out of memory. */
struct step *step_copy(const struct step *step, struct arena *arena);

const char *step_name(const struct step *step); /* "map", "rename", ... */

bool step_is_flat(const struct step *step); /* emits items in place of its own: step_apply is not for it */

/* Does it to the item. *kept false: the item is to be dropped. */
enum spile_status step_apply(const struct step *step, struct step_run *run, struct spile_item *item, bool *kept, struct spile_error *err);

#endif
