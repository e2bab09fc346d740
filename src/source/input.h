/* One input: a file, standard input or memory, decompressed on the way when its first bytes are those of gzip or zstd. */
#ifndef SOURCE_INPUT_H
#define SOURCE_INPUT_H

#include <stdatomic.h>

#include "base/error.h"

struct input;

/* "-" is standard input. Folders, missing files and files without permission are SPILE_SOURCE with a remedy. `consumed` (may be NULL) is
 * raised by the bytes read as stored. Nothing is read yet. */
enum spile_status input_open_file(struct input **out, const char *path, _Atomic uint64_t *consumed, struct spile_error *err);

/* The bytes are borrowed. `name` is used in messages. */
enum spile_status input_open_memory(struct input **out, const void *bytes, size_t length, const char *name,
                                    _Atomic uint64_t *consumed, struct spile_error *err);

/* From now on a read that waits for a pipe gives up soon when the flag is raised: it fails as if the pipe did (SPILE_CANCELLED). */
void input_watch(struct input *input, const _Atomic bool *cancelled);

/* Fills `buffer` with up to `size` bytes; *got < size only at the end. Several gzip members or zstd frames in a row are one input.
 * Truncated or damaged compressed data: SPILE_SOURCE that names format, file, byte, and remedy. After a failure too, *got bytes are
 * good: those before the damage. */
enum spile_status input_read(struct input *input, void *buffer, size_t size, size_t *got, struct spile_error *err);

const char *input_name(const struct input *input);

/* True when the same bytes can be drawn again by opening it again (a regular file, memory); false for pipes. */
bool input_rereadable(const struct input *input);

/* Stored size, 0 when not known. */
uint64_t input_size(const struct input *input);

void input_close(struct input *input); /* NULL is allowed */

#endif
