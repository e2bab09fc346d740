/* A chunk: the piece of input that one worker turns into rows. Cut by a source, read by normalize; cuts lie between items, so that a
 * chunk can be parsed alone. */
#ifndef DATA_CHUNK_H
#define DATA_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero bytes that follow the chunk's bytes: whoever looks at many bytes at a time looks beyond the end. */
#define CHUNK_PADDING 64

/* Where in the input's grammar the chunk begins. */
enum chunk_state {
    CHUNK_SEQUENCE,   /* values one after another; each is an item */
    CHUNK_ARRAY_OPEN, /* white space and the "[" of the one top-level array come first; its elements are the items */
    CHUNK_ARRAY_ITEM  /* inside that array, right after a comma */
};

struct documents;

struct chunk {
    uint64_t number;        /* position in the run, from 0: set by whoever hands out chunks */
    uint32_t part;          /* which table's data this is: likewise */
    uint32_t input;         /* number of the input (file) within the part, from 0: likewise */
    const char *input_name; /* for messages; outlives the chunk */
    uint64_t offset;        /* of bytes[0] in the decompressed input */
    uint64_t line, column;  /* of bytes[0], from 1; columns count characters */
    enum chunk_state state;
    bool first, last;       /* of its input */
    bool broken;            /* the splitter met text that can't be JSON in this chunk and stopped; parsing will find out what */
    bool shallow;           /* the splitter has seen that nothing in it nests deeper than JSON_DEPTH_MAX: the reader need not look */
    char *bytes;            /* malloc, capacity >= length + CHUNK_PADDING, zeroed padding; owned by the chunk */
    size_t length, capacity;
    struct documents *documents; /* items that are parsed already (malloc, owned by the chunk): then there are no bytes, and `offset` is the number of
                                    the first within its part, from 0 */
};

#endif
