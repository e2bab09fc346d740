/* Finds the borders between JSON items many bytes at a time: knows of strings, escapes and brackets, of nothing else. */
#ifndef SOURCE_SCAN_H
#define SOURCE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/chunk.h"

/* Bytes behind the text that may be read; they are zero where the text has ended. */
#define SCAN_PADDING 64

enum scan_found {
    SCAN_NOTHING, /* more text is needed, or there is none */
    SCAN_BORDER,  /* `found` is right behind an item: behind the bracket that closes a top-level value, or behind the array's comma */
    SCAN_END,     /* `found` is right behind the bracket that closes the top-level array */
    SCAN_BROKEN   /* the byte at `found` can't be JSON */
};

struct scan {
    bool array;       /* borders are those of the top-level array's elements */
    bool wide;        /* use the processor's wide registers; set by scan_begin, may be cleared */
    size_t target;    /* the first border at or behind this place is wanted */
    size_t at;        /* bytes before it are done */
    int64_t depth;    /* brackets open at `at` */
    int64_t deepest;  /* no nesting so far is deeper; may be a little too large */
    uint64_t string;  /* all ones when `at` is inside a string */
    bool escape;      /* the byte at `at` is escaped */
    uint64_t newlines; /* before `at`; when something is found: before `found` */
    size_t found;
};

/* The text that follows begins in `state`, outside of a string. */
void scan_begin(struct scan *scan, enum chunk_state state, size_t target);

/* Goes on to what can be found in the text's first `length` bytes. Until the text has `ended` the last few bytes wait for more. After
 * anything but SCAN_NOTHING it has to begin anew. */
enum scan_found scan_more(struct scan *scan, const char *bytes, size_t length, bool ended);

#endif
