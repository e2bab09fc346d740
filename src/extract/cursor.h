/* Values of a cursor: compared as Python compares them, kept in the state as dlt keeps them. */
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
    CURSOR_DECIMAL, /* its digits, or "Infinity", "-Infinity" */
    CURSOR_TIMESTAMP,
    CURSOR_DATE,
    CURSOR_TIME, /* naive */
    CURSOR_BINARY,
    CURSOR_OTHER /* can't be compared: objects, lists, NaN; types of Python that items can't have */
};

/* The types of values that JSON has not, in the order of the characters by which dlt marks the texts that stand for them in a state. */
enum cursor_mark {
    MARK_NONE,
    MARK_DECIMAL, /* U+F026, and so on */
    MARK_TIMESTAMP,
    MARK_DATE,
    MARK_UUID,
    MARK_HEX,
    MARK_BINARY,
    MARK_WEI, /* a decimal */
    MARK_TIME
};

struct cursor {
    enum cursor_kind kind;
    enum cursor_mark mark; /* of values that JSON has not */
    bool is_bool;
    bool is_aware;     /* of a timestamp: it has an offset */
    int128 integer;    /* of a timestamp: microseconds since 1970, UTC or, when naive, by its own clock */
    double real;
    struct slice text; /* of numbers and texts; of typed values as the document has it, without mark */
};

/* A null has the kind CURSOR_NONE. The text is the document's. A text that begins with a mark is CURSOR_OTHER: a state could not keep it as a text. */
struct cursor cursor_of(struct document value);

/* Of a value in a state; a marked text is the value it stands for. False: out of memory. */
bool cursor_copy_state(struct cursor *to, struct text *memory, yyjson_mut_val *value);

/* Of an option: JSON, else a text; with a mark the value of that type which the text says, or CURSOR_OTHER when it says none. False: out of memory. */
bool cursor_copy_option(struct cursor *to, struct text *memory, const char *option, enum cursor_mark mark);

/* Copies, with the text into `memory`. False: out of memory. */
bool cursor_copy(struct cursor *to, struct text *memory, const struct cursor *from);

/* A value of the type whose text is in `memory`, ISO or digits. The text of *to is that of `memory`. */
void cursor_set_typed(struct cursor *to, const struct text *memory, enum cursor_mark mark);

/* A timestamp follows another one from naive to aware, with its offset, or back: what is naive counts as UTC. False: out of memory (memory->failed), or
 * beyond the years 1 to 9999. */
bool cursor_follow_zone(struct cursor *cursor, struct text *memory, const struct cursor *other);

/* -1, 0, 1. False: they can't be compared. */
bool cursor_compare(const struct cursor *a, const struct cursor *b, int *order);

/* As JSON, of typed values without their mark: texts, binary in base64. Appended. */
void cursor_write(struct text *out, const struct cursor *cursor);

/* The same for messages: of a typed value says which type it is, and an object is "an object or a list". */
void cursor_describe(struct text *out, const struct cursor *cursor);
const char *cursor_type(enum cursor_mark mark);

/* As a value of a state. NULL: out of memory. */
yyjson_mut_val *cursor_to_state(const struct cursor *cursor, yyjson_mut_doc *doc);

#endif
