/* What sources and resources keep between runs: JSON by key, part of the pipeline's state (`sources`, facts: reference/extract.md 4.1 and 5). May be
 * used by several threads. Moves with the commit of a run, which is the pipeline's affair: here it is only changed. */
#ifndef EXTRACT_NOTES_H
#define EXTRACT_NOTES_H

#include <pthread.h>
#include <yyjson.h>

#include "base/error.h"
#include "base/text.h"

struct notes {
    pthread_mutex_t lock;
    yyjson_mut_doc *doc;
    yyjson_mut_val *sources;
    const char *source; /* key in it */
};

/* `sources`: an object of `doc`, both borrowed until notes_release, as is `source`. False: out of memory. */
bool notes_init(struct notes *notes, yyjson_mut_doc *doc, yyjson_mut_val *sources, const char *source);
void notes_release(struct notes *notes);

/* Appends the JSON of a key's value; of the resource, or (NULL) of the source. False: there is none, or out of memory (json->failed). */
bool notes_get(struct notes *notes, const char *resource, const char *key, struct text *json);

/* NULL removes. SPILE_USAGE when the text is not JSON, or the key is one of the engine's own. */
enum spile_status notes_set(struct notes *notes, const char *resource, const char *key, const char *json, struct spile_error *err);

/* All of a resource is forgotten. */
void notes_forget(struct notes *notes, const char *resource);

/* What holds nothing any more goes: the resources of the source, and the source. */
void notes_drop_empty(yyjson_mut_val *sources, const char *source);

/* For the engine: the state of an incremental cursor. `state`: a value of the same document. Not while other threads use the notes. */
yyjson_mut_val *notes_incremental(struct notes *notes, const char *resource, const char *key);
bool notes_set_incremental(struct notes *notes, const char *resource, const char *key, yyjson_mut_val *state);

#endif
