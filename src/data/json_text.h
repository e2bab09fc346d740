/* JSON text of our own, and of dlt: schemas, states, manifests. */
#ifndef DATA_JSON_TEXT_H
#define DATA_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <yyjson.h>

#include "data/document.h"

/* Parses JSON text of our own (stored schemas, states, manifests) into a document; strict, the text is not changed. */
static inline yyjson_doc *json_text_parse(const char *text, size_t length)
{
    return yyjson_read_opts((char *)(uintptr_t)text, length, YYJSON_READ_BIGNUM_AS_RAW, NULL, NULL); /* writes only when in situ */
}

/* The same of text that others give, which may be no JSON: NULL with *nomem false. */
static inline yyjson_doc *json_text_read(const char *text, size_t length, bool *nomem)
{
    yyjson_read_err found;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)text, length, YYJSON_READ_BIGNUM_AS_RAW, NULL, &found);

    *nomem = !doc && found.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION;
    return doc;
}

/* Sets a member where it stands, else at the end. A NULL value is one that there was no memory for: yyjson would remove the member, and call that done. */
static inline bool json_put(yyjson_mut_val *object, yyjson_mut_val *key, yyjson_mut_val *value)
{
    return value && yyjson_mut_obj_put(object, key, value);
}

/* The text of a string of a document; of any other value, and of none, an empty one. */
static inline struct slice json_text_of(yyjson_mut_val *value)
{
    return yyjson_mut_is_str(value) ? (struct slice){ yyjson_mut_get_str(value), yyjson_mut_get_len(value) } : slice_of("");
}

/* Appends the bytes that orjson writes, of which dlt makes its hashes: compact, or `pretty` with two blanks for a level. */
void json_text_append(struct text *out, yyjson_mut_val *value, bool pretty);
void json_text_string(struct text *out, struct slice string);

/* A raw value, as dlt has it in JSON: a number as it is; typed values are texts without a mark of their type, binary in base64. */
void json_text_raw(struct text *out, enum document_kind kind, struct slice raw);

/* The same, compact and terminated, to be freed. NULL: out of memory. */
char *json_text_write(yyjson_mut_val *value, size_t *length);

#endif
