/* Extract: draws the resources of a source, in the order of their graph, and hands their items on.
 *
 *   generators, data --> pages --> steps --> incremental --> limits --+--> sink, as items of the resource's table
 *                                                                    +--> transformers --> pages --> ...
 *
 * All but parallel functions runs on the calling thread: generators that ask to be called again take turns, pages of parallel ones are taken as they
 * come, those of parallel transformers in the order of the items they were called for. */
#ifndef EXTRACT_EXTRACT_H
#define EXTRACT_EXTRACT_H

#include <stdatomic.h>

#include "extract/emitter.h"
#include "extract/source.h"

struct extract_options {
    const struct spile_source *source;
    const _Atomic bool *cancelled;
    struct notes *notes;
    struct spile_resource_info *infos; /* by resource: counted up on the calling thread; NULL: nobody wants to know */
    /* Reads the data of a resource into the emitter. */
    enum spile_status (*read)(void *user, const struct resource *resource, struct spile_emitter *out, struct spile_error *err);
    /* Takes items of the resource with that index; `table` NULL: for its own table. SPILE_CANCELLED: nothing more is wanted. The documents are borrowed, and
     * their memory may be taken over (documents_take). */
    enum spile_status (*put)(void *user, size_t resource, const char *table, struct documents *items, struct spile_error *err);
    void (*tick)(void *user); /* between two pieces of work, and while waiting: at least every tenth of a second */
    void *user;
};

/* Draws everything. SPILE_CANCELLED when the run was cancelled or the sink wants no more. The states of incremental resources are in the notes then. */
enum spile_status extract_run(const struct extract_options *options, struct spile_error *err);

#endif
