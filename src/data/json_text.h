/* Parses JSON text of our own (stored schemas, states, manifests) into a document; strict, the text is not changed. */
#ifndef DATA_JSON_TEXT_H
#define DATA_JSON_TEXT_H

#include <stdint.h>

#include <yyjson.h>

static inline yyjson_doc *json_text_parse(const char *text, size_t length)
{
    return yyjson_read_opts((char *)(uintptr_t)text, length, YYJSON_READ_BIGNUM_AS_RAW, NULL, NULL); /* writes only when in situ */
}

#endif
