/* What generators, transformers and flat maps put their items into. Each emission becomes a page of documents, which goes to whoever has made the
 * emitter. */
#ifndef EXTRACT_EMITTER_H
#define EXTRACT_EMITTER_H

#include "base/arena.h"
#include "base/error.h"
#include "data/documents.h"
#include "data/json.h"
#include "extract/notes.h"

enum again { AGAIN_NOT, AGAIN_NOW, AGAIN_LATER, AGAIN_READABLE, AGAIN_WRITABLE };

struct spile_emitter {
    /* Takes the page's items, or moves them out of it. `table` NULL: the resource's. */
    enum spile_status (*take)(void *context, struct documents *page, const char *table, struct spile_error *err);
    bool (*stopping)(const void *context); /* is no more wanted? */
    /* Has it made elsewhere, and takes over its `user`, whatever it returns. NULL: that can't be done here. */
    enum spile_status (*defer)(void *context, const struct spile_deferred *deferred, struct spile_error *err);
    void *context;
    const char *resource;
    struct json_reader **reader; /* of the thread; made when it is needed */
    struct notes *notes;
    const char *start, *end;     /* of an incremental resource */
    struct documents page;       /* in work; empty between emissions */
    struct arena texts;          /* given out during the call */
    char *table;                 /* NULL: the resource's */
    uint64_t emitted;            /* items of the whole pages */
    bool starved;                /* the function was told that a key of the state is not there, for want of memory */
    enum again again;
    int fd;
    int64_t ms;                  /* timeout, or when to come again; < 0: none */
};

/* Before each call of the user's function. */
void emitter_begin(struct spile_emitter *emitter);

/* And behind it, with what it returned: what it did without knowing the state must not stay. */
enum spile_status emitter_finish(const struct spile_emitter *emitter, enum spile_status status, struct spile_error *err);

void emitter_release(struct spile_emitter *emitter);

/* What an emission answers when nothing more is wanted. */
enum spile_status emitter_fail_stopping(struct spile_error *err);

/* For data that is read by the engine: the items of a chunk are emitted as one page. */
enum spile_status emitter_put_chunk(struct spile_emitter *emitter, const struct chunk *chunk, struct spile_error *err);

#endif
