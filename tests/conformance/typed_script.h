/* Values of kinds that JSON has not, in scripts of tests: {"$decimal": "1.5"}. $timestamp, $date, $time and $decimal have the text that such a document
 * has, $binary hexadecimal digits. */
#ifndef TESTS_TYPED_SCRIPT_H
#define TESTS_TYPED_SCRIPT_H

#include <stdlib.h>
#include <string.h>

#include "data/document.h"

static const char *const typed_marks[] = { "$timestamp", "$date", "$time", "$decimal", "$binary" }; /* as the kinds follow each other */

/* Writes over the digits. */
static inline size_t decode_hex(char *digits)
{
    size_t length = strlen(digits) / 2;

    for (size_t i = 0; i < length; i++) {
        char pair[] = { digits[2 * i], digits[2 * i + 1], '\0' };

        digits[i] = (char)strtol(pair, NULL, 16);
    }
    return length;
}

static inline bool make_typed(yyjson_mut_val *object)
{
    for (size_t i = 0; i < sizeof(typed_marks) / sizeof(typed_marks[0]); i++) {
        enum document_kind kind = (enum document_kind)(DOCUMENT_TIMESTAMP + i);
        char *text = (char *)(uintptr_t)yyjson_mut_get_str(yyjson_mut_obj_get(object, typed_marks[i]));

        if (!text)
            continue;
        object->tag = document_typed_tag(kind, kind == DOCUMENT_BINARY ? decode_hex(text) : strlen(text));
        object->uni.str = text;
        return true;
    }
    return false;
}

/* What is marked becomes a typed value, in place. */
static inline void make_all_typed(yyjson_mut_val *value)
{
    yyjson_mut_val *key, *child;
    size_t i, count;

    if (yyjson_mut_is_obj(value) && make_typed(value))
        return;
    yyjson_mut_obj_foreach(value, i, count, key, child) make_all_typed(child);
    yyjson_mut_arr_foreach(value, i, count, child) make_all_typed(child);
}

#endif
