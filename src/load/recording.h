/* What a run has drawn, as it was drawn: chunks in a file, in their order, each behind a line of JSON that tells of it. The normalizer can be given them
 * again, on another day, and makes of them what it would have made at once.
 *
 *   {"part":0,"input":0,"name":"events.json","offset":0,"kind":"text","bytes":4194304,"hash":"9f0c…",…}
 *   …the bytes…
 *
 * Text is the input's. Documents are a line of JSON each; behind a tab it says which of its values have a type that JSON lacks ("3:date,7:decimal": the
 * fourth and the eighth, keys are counted). Arrow batches are as rows_write() has them. */
#ifndef LOAD_RECORDING_H
#define LOAD_RECORDING_H

#include "base/error.h"
#include "data/chunk.h"

/* ---- writing */
struct recorder;

/* Makes the file. `path` is copied. */
enum spile_status recorder_new(struct recorder **out, const char *path, struct spile_error *err);

/* Appends the chunk, which stays the caller's. */
enum spile_status recorder_put(struct recorder *recorder, const struct chunk *chunk, struct spile_error *err);

uint64_t recorder_bytes(const struct recorder *recorder); /* of all chunks so far, as they are in the file */

/* Makes the file durable. Nothing may be put any more. */
enum spile_status recorder_finish(struct recorder *recorder, struct spile_error *err);
void recorder_free(struct recorder *recorder); /* NULL is allowed */

/* ---- reading */
struct recording;

enum spile_status recording_open(struct recording **out, const char *path, struct spile_error *err);

/* The next chunk, with all but its number: its bytes or documents are the caller's; input_name lives as long as the recording. *more = false at the end.
 * SPILE_FAILED when the file is damaged. */
enum spile_status recording_next(struct recording *recording, struct chunk *chunk, bool *more, struct spile_error *err);
void recording_close(struct recording *recording); /* NULL is allowed */

#endif
