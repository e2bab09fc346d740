/* Reads the items of a chunk one after another. The chunk's bytes stay as they are: the parser works in a copy of a piece of them, which
 * it spoils, so that text needs no copy of its own. An item is valid until the next call. */
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

/* Ceiling for the memory that one item's values may take: 16 bytes each, so up to 24 times the item's text when that is all brackets.
 * 0, as at first: none. An item beyond it is SPILE_NOMEM; one within three times its text is always read. */
void json_reader_limit(struct json_reader *reader, size_t bytes);

/* Begins a chunk, which must stay until the last item is done. */
void json_reader_begin(struct json_reader *reader, const struct chunk *chunk);

struct json_item {
    struct document document;
    struct slice texts; /* the memory in which all its texts lie */
    uint64_t offset; /* of the item's first byte in the decompressed input */
    uint64_t index;  /* of the item within the chunk, from 0 */
    bool element;    /* an element of the top-level array; else a top-level value */
};

/* SPILE_OK with *more = true and the next item; with *more = false at the chunk's end. SPILE_SOURCE for text that is not JSON: message
 * with the reason and a shortened extract that ends with the place, where with "line L, column C, byte B of FILE" (lines and columns
 * from 1, bytes from 0), and a hint. A bare top-level scalar is such an error (an element of the array may be a scalar). After an error
 * the chunk is over. */
enum spile_status json_reader_next(struct json_reader *reader, struct json_item *item, bool *more, struct spile_error *err);

/* Adds the place of the current item to an error ("line L, byte B of FILE"); usable until the next item is read. */
enum spile_status json_reader_within(struct json_reader *reader, enum spile_status status, struct spile_error *err);

/* The current item's own text, part of the chunk. */
struct slice json_reader_text(const struct json_reader *reader);

/* Appends compact JSON of any document: no spaces, non-ASCII as it is, doubles as Python writes them, big numbers as they came. A
 * document that nests deeper than JSON_DEPTH_MAX sets out->failed. */
void json_write(struct text *out, struct document document);

#endif
