/* The pipeline's state: a JSON document that dlt keeps in `_dlt_pipeline_state` (facts: reference/extract.md 7). What other engines put
 * into it (sources, cursors) stays. */
#ifndef LOAD_STATE_H
#define LOAD_STATE_H

#include <yyjson.h>

#include "base/arena.h"
#include "base/error.h"

struct state {
    const char *schema_name; /* default schema of the pipeline */
    int64_t version;
    const char *hash;
    const char *encoded;     /* for the column `state`: base64 of the deflated JSON */
    bool changed;            /* differs from what is stored: a row has to be written */
    const char *stored_sources_hash; /* of the stored one's sources */
};

struct state_identity {
    const char *pipeline, *dataset, *destination_type;
    const char *schema_name; /* of the schema that is loaded; NULL: the default one */
    const char *sources;     /* JSON: takes the place of the state's `sources`; NULL: they stay */
};

/* The state to be, from the stored one (the column `state`; NULL: none yet). All in the arena. */
enum spile_status state_prepare(struct state *out, const struct state_identity *identity, const char *stored, struct arena *arena,
                                struct spile_error *err);

/* The stored state's `sources`, what sources and resources keep: an object, the root of a document of its own (to be freed). */
enum spile_status state_read_sources(yyjson_mut_doc **out, const char *pipeline, const char *stored, struct spile_error *err);

/* Tells whether sources, as JSON, are those that a load began with. In the arena; NULL: out of memory. */
const char *state_sources_hash(const char *sources, size_t length, struct arena *arena);

/* The whole document (to be freed). */
enum spile_status state_read(yyjson_mut_doc **out, const char *pipeline, const char *stored, struct spile_error *err);

/* dlt's name for the default schema of a pipeline: its name without "_pipeline" at the end, normalized. */
const char *state_default_schema(const char *pipeline, struct arena *arena);

#endif
