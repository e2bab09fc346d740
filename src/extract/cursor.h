/* Values of a cursor: compared as Python compares them, kept in the state as JSON. */
#ifndef EXTRACT_CURSOR_H
#define EXTRACT_CURSOR_H

#include <yyjson.h>

#include "base/text.h"
#include "data/document.h"
#include "data/number.h"

enum cursor_kind {
    CURSOR_NONE,
    CURSOR_INTEGER, /* within 64 bits, with or without a sign */
    CURSOR_DOUBLE,
    CURSOR_NUMBER, /* beyond both: its digits */
    CURSOR_TEXT,
    CURSOR_OTHER   /* can't be compared: objects, lists, typed values; and what dlt has kept of a Python type (a marked text) */
};

struct cursor {
    enum cursor_kind kind;
    bool is_bool;
    int128 integer;
    double real;
    struct slice text; /* of numbers, texts, typed values; a marked text as it is */
};

/* A null has the kind CURSOR_NONE. The text is the document's. */
struct cursor cursor_of(struct document value);

/* Of a value in a state. False: out of memory. */
bool cursor_copy_state(struct cursor *to, struct text *memory, yyjson_mut_val *value);

/* Of an option: JSON, else a text. False: out of memory. */
bool cursor_copy_option(struct cursor *to, struct text *memory, const char *option);

/* Copies, with the text into `memory`. False: out of memory. */
bool cursor_copy(struct cursor *to, struct text *memory, const struct cursor *from);

/* -1, 0, 1. False: they can't be compared. */
bool cursor_compare(const struct cursor *a, const struct cursor *b, int *order);

/* As JSON; appended. */
void cursor_write(struct text *out, const struct cursor *cursor);

/* The same for messages: of what dlt has kept of a Python type says which it is, and an object is "an object or a list". */
void cursor_describe(struct text *out, const struct cursor *cursor);

/* As a value of a state. NULL: out of memory. */
yyjson_mut_val *cursor_to_state(const struct cursor *cursor, yyjson_mut_doc *doc);

#endif
