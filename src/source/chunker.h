/* Cuts one input into chunks between items. It only tracks strings and brackets, many bytes at a time, and leaves the judgement of the
 * text to the parser: text that is not JSON may be cut anywhere, but every byte of the input is in exactly one chunk.
 *
 * Told by content: when the first value is an array, its elements are the items, unless the array closes within JSON_PROBE_BYTES and
 * something follows it (arrays one per line): then each top-level value is an item. A UTF-8 byte order mark is skipped; one of UTF-16
 * or UTF-32 is an error with a remedy. An input without any value (empty, blank) is SPILE_SOURCE. */
#ifndef SOURCE_CHUNKER_H
#define SOURCE_CHUNKER_H

#include "data/chunk.h"
#include "source/input.h"

#define JSON_PROBE_BYTES ((size_t)1 << 20)

struct chunker;

/* `chunk_bytes`: a chunk ends with the first item that reaches this size; the first chunk of the input is a 16th of it (at least 4 KiB,
 * if chunk_bytes are as many), the second a quarter. `item_bytes_max`: an item that is longer, together with the white space before it,
 * is refused; so is white space alone. The cuts depend on nothing else. Borrows the input. */
enum spile_status chunker_new(struct chunker **out, struct input *input, size_t chunk_bytes, size_t item_bytes_max, struct spile_error *err);

/* SPILE_OK with *more = true and a filled chunk (number, part and input are the caller's to set); *more = false at the end. `chunk` may
 * come with bytes of an earlier use, which are reused. When reading fails, or an item is too long, the items before it come first; the
 * error is returned by the call after them, and by every later one. The chunk's text is not read again once it is handed out. */
enum spile_status chunker_next(struct chunker *chunker, struct chunk *chunk, bool *more, struct spile_error *err);

void chunker_free(struct chunker *chunker);

#endif
