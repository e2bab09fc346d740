/* Reads the items of a chunk one after another. The parser works in the chunk's own bytes, so that text needs no copy: an item is valid
 * until the next call, and the chunk's bytes are spoilt afterwards. */
#ifndef DATA_JSON_H
#define DATA_JSON_H

#include "base/error.h"
#include "data/chunk.h"
#include "data/document.h"

/* Deepest nesting accepted; a deeper document is refused, since every level of lists is a table and dlt's own limit is near. */
#define JSON_DEPTH_MAX 256

struct json_reader; /* one per worker; keeps the parser's memory from item to item and from chunk to chunk */

struct json_reader *json_reader_new(void); /* NULL: out of memory */
void json_reader_free(struct json_reader *reader);

/* Begins a chunk, which must stay until the last item is done. */
void json_reader_begin(struct json_reader *reader, struct chunk *chunk);

struct json_item {
    struct document document;
    uint64_t offset; /* of the item's first byte in the decompressed input */
    uint64_t index;  /* of the item within the chunk, from 0 */
    bool element;    /* an element of the top-level array; else a top-level value */
};

/* SPILE_OK with *more = true and the next item; with *more = false at the chunk's end. SPILE_SOURCE for text that is not JSON: message
 * with the reason and a shortened extract, where with "line L, column C, byte B of FILE", and a hint. A bare top-level scalar is such an
 * error (an element of the array may be a scalar). */
enum spile_status json_reader_next(struct json_reader *reader, struct json_item *item, bool *more, struct spile_error *err);

/* Adds the place of the current item to an error ("line L, byte B of FILE"); usable until the next item is read. */
enum spile_status json_reader_within(struct json_reader *reader, enum spile_status status, struct spile_error *err);

/* Appends compact JSON of any document: no spaces, non-ASCII as it is, doubles as Python writes them, big numbers as they came. */
void json_write(struct text *out, struct document document);

#endif
