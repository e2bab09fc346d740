/* An extract: what a run has drawn, kept in the work folder to be normalized later.
 *
 *   <pipeline's work folder>/extracted/<load id>/
 *       chunks           the data (load/recording.h)
 *       manifest.json    what the run was told of them, and what sources keep from now on; written last: without it there is no extract
 *
 * It stays until its rows are loaded: normalizing it makes a load package with the same load id. */
#ifndef PIPELINE_EXTRACTED_H
#define PIPELINE_EXTRACTED_H

#include "pipeline/run.h"

/* Folder and files of that load id, in the arena; NULL: out of memory. */
const char *extracted_folder(const struct spile_pipeline *pipeline, const char *load_id, struct arena *arena);
const char *extracted_chunks(const char *folder, struct arena *arena);

/* Writes the manifest, durable; the chunks are complete. `sources`: JSON that sources keep from now on; NULL: what they had before. */
enum spile_status extracted_seal(const struct run *run, const char *folder, uint64_t bytes, const char *sources, struct spile_error *err);

/* What a manifest says. */
struct extract {
    yyjson_doc *doc;
    uint64_t bytes;           /* of the data */
    const char *sources;      /* JSON that sources keep from now on; NULL: what they had before */
    const char *sources_hash; /* of that before */
};

/* *found false: there is no extract. After a failure there is nothing to release, and releasing is fine. */
enum spile_status extracted_open(struct extract *extract, const struct spile_pipeline *pipeline, const char *load_id, bool *found,
                                 struct spile_error *err);
void extract_release(struct extract *extract);

/* The run becomes the one that was recorded, but for drawing. The extract must outlive it. */
enum spile_status extracted_take(struct run *run, const struct extract *extract, struct spile_error *err);

/* Appends the names of its tables, as they were given. False: out of memory. */
bool extracted_tables(const struct extract *extract, yyjson_mut_doc *doc, yyjson_mut_val *list);

enum spile_status extracted_remove(const struct spile_pipeline *pipeline, const char *load_id, struct spile_error *err);

/* extract.c: normalizes that extract with what `outer` knows of pipeline and destination, and loads it; what was loaded already is removed. With options it is
 * only normalized as they say, against the schema of what is loaded before it, and waits. */
enum spile_status run_extracted(struct run *outer, const char *load_id, const struct spile_normalize_options *waits, struct spile_error *err);

#endif
