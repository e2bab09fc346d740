/* The narrow view through which the normalizer reads a document: kind, number, text, children. Here it looks at yyjson's values; the
 * functions are inline, so the view costs nothing. Nothing outside src/data names a yyjson type.
 *
 * Documents that programs build can have values of kinds that JSON has not: the typed kinds. Such a value is raw to yyjson, which copies
 * its text and keeps its tag. */
#ifndef DATA_DOCUMENT_H
#define DATA_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <yyjson.h>

#include "base/text.h"

enum document_kind {
    DOCUMENT_NULL,
    DOCUMENT_BOOL,
    DOCUMENT_INTEGER, /* fits int64 */
    DOCUMENT_DOUBLE,  /* finite */
    DOCUMENT_NUMBER,  /* a number beyond int64 or beyond double: its literal text */
    DOCUMENT_TEXT,
    DOCUMENT_OBJECT,
    DOCUMENT_LIST,
    /* The typed kinds. Whoever makes them sees to it that their text is as Python's isoformat() and str() have it: it goes into columns of
     * text and into JSON as it is. */
    DOCUMENT_TIMESTAMP, /* "2024-01-02T03:04:05", seconds always; then ".678900", six digits, unless they are zero; then the offset as it
                           was given, "+02:00" ("+00:00" is UTC, 23:59 the most), or nothing when naive. Years 0001 to 9999 */
    DOCUMENT_DATE,      /* "2024-01-02" */
    DOCUMENT_TIME,      /* "03:04:05" or "03:04:05.678900"; no offset */
    DOCUMENT_DECIMAL,   /* "-12.340", "5", "0.1": a point has digits on both sides; "1E+5", "1.5E-7": a sign in the exponent; "NaN",
                           "Infinity", "-Infinity" */
    DOCUMENT_BINARY     /* the bytes themselves, any */
};

struct document {
    yyjson_val *value;
};

/* Bits of a tag above yyjson's type and subtype, below the length. Zero in what yyjson's parser makes. */
#define DOCUMENT_TYPED_SHIFT (YYJSON_TYPE_BIT + YYJSON_SUBTYPE_BIT)

_Static_assert(DOCUMENT_BINARY - DOCUMENT_LIST < 1 << (YYJSON_TAG_BIT - DOCUMENT_TYPED_SHIFT), "the typed kinds fit the free bits");

/* The tag of a raw value of a typed kind, whose text has that length: value->tag = document_typed_tag(DOCUMENT_DATE, 10). */
static inline uint64_t document_typed_tag(enum document_kind kind, size_t length)
{
    return (uint64_t)length << YYJSON_TAG_BIT | (uint64_t)(kind - DOCUMENT_LIST) << DOCUMENT_TYPED_SHIFT | YYJSON_TYPE_RAW;
}

/* Such a value in the making, with a copy of its text. NULL: out of memory. */
static inline yyjson_mut_val *document_typed_value(yyjson_mut_doc *doc, enum document_kind kind, struct slice text)
{
    yyjson_mut_val *value = yyjson_mut_rawncpy(doc, text.length ? text.text : "", text.length);

    if (value)
        value->tag = document_typed_tag(kind, text.length);
    return value;
}

/* Is the value's text in memory of its own? Texts and raw values have one. */
static inline bool document_has_text(uint64_t tag)
{
    uint8_t type = tag & YYJSON_TYPE_MASK;

    return type == YYJSON_TYPE_STR || type == YYJSON_TYPE_RAW;
}

/* The values of a document lie one behind the other, itself first: so many. */
static inline size_t document_value_count(struct document d)
{
    return unsafe_yyjson_is_ctn(d.value) ? (size_t)(unsafe_yyjson_get_next(d.value) - d.value) : 1;
}

/* Of a raw value: a typed one, or a number. */
static inline enum document_kind document_raw_kind(uint64_t tag)
{
    unsigned typed = (unsigned)(tag & YYJSON_TAG_MASK) >> DOCUMENT_TYPED_SHIFT;

    return typed ? (enum document_kind)(DOCUMENT_LIST + typed) : DOCUMENT_NUMBER;
}

static inline enum document_kind document_kind(struct document d)
{
    switch (unsafe_yyjson_get_tag(d.value)) {
    case YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE:
    case YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_FALSE:
        return DOCUMENT_BOOL;
    case YYJSON_TYPE_NUM | YYJSON_SUBTYPE_UINT:
        return unsafe_yyjson_get_uint(d.value) > INT64_MAX ? DOCUMENT_NUMBER : DOCUMENT_INTEGER;
    case YYJSON_TYPE_NUM | YYJSON_SUBTYPE_SINT:
        return DOCUMENT_INTEGER;
    case YYJSON_TYPE_NUM | YYJSON_SUBTYPE_REAL:
        return DOCUMENT_DOUBLE;
    default:
        switch (unsafe_yyjson_get_type(d.value)) {
        case YYJSON_TYPE_STR:
            return DOCUMENT_TEXT;
        case YYJSON_TYPE_OBJ:
            return DOCUMENT_OBJECT;
        case YYJSON_TYPE_ARR:
            return DOCUMENT_LIST;
        case YYJSON_TYPE_RAW:
            return document_raw_kind(d.value->tag);
        default:
            return DOCUMENT_NULL;
        }
    }
}

static inline bool document_bool(struct document d)
{
    return unsafe_yyjson_get_bool(d.value);
}

static inline int64_t document_integer(struct document d)
{
    return unsafe_yyjson_get_sint(d.value);
}

static inline double document_double(struct document d)
{
    return unsafe_yyjson_get_real(d.value);
}

/* Text of DOCUMENT_TEXT and of the typed kinds; lives as long as the document. */
static inline struct slice document_text(struct document d)
{
    struct slice text = { unsafe_yyjson_get_str(d.value), unsafe_yyjson_get_len(d.value) };
    return text;
}

/* Literal of DOCUMENT_NUMBER, in `buffer` or in the document: an integer between int64 and uint64 is held as such, and its only
 * spelling in JSON is made anew here. */
#define DOCUMENT_NUMBER_CHARS 24
static inline struct slice document_number_text(struct document d, char buffer[DOCUMENT_NUMBER_CHARS])
{
    struct slice text = { unsafe_yyjson_get_str(d.value), unsafe_yyjson_get_len(d.value) };
    char *digit = buffer + DOCUMENT_NUMBER_CHARS;
    uint64_t number;

    if (unsafe_yyjson_get_type(d.value) == YYJSON_TYPE_RAW)
        return text;
    for (number = unsafe_yyjson_get_uint(d.value); number; number /= 10)
        *--digit = (char)('0' + number % 10);
    text.text = digit;
    text.length = (size_t)(buffer + DOCUMENT_NUMBER_CHARS - digit);
    return text;
}

/* Children of a list or object: elements, or members. */
static inline size_t document_size(struct document d)
{
    return unsafe_yyjson_get_len(d.value);
}

/* Walks elements: for (e = document_first(list), i = 0; i < document_size(list); i++, e = document_next(e)). */
static inline struct document document_first(struct document list)
{
    struct document d = { unsafe_yyjson_get_first(list.value) };
    return d;
}

static inline struct document document_next(struct document element)
{
    struct document d = { unsafe_yyjson_get_next(element.value) };
    return d;
}

/* Walks members in the same way, with keys in place of elements: key, its value, the next key. */
static inline struct document document_member(struct document key)
{
    struct document d = { key.value + 1 };
    return d;
}

static inline struct document document_next_key(struct document key)
{
    struct document d = { unsafe_yyjson_get_next(key.value + 1) };
    return d;
}

/* The value of a member; of a key that came twice the last one counts. False: there is none, or it is no object. */
static inline bool document_find(struct document object, struct slice key, struct document *value)
{
    size_t size = document_kind(object) == DOCUMENT_OBJECT ? document_size(object) : 0;
    struct document name = size ? document_first(object) : object;
    bool found = false;

    for (size_t i = 0; i < size; i++, name = document_next_key(name))
        if (slice_equal(document_text(name), key)) {
            *value = document_member(name);
            found = true;
        }
    return found;
}

#endif
