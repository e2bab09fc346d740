/* JSON in tables of cases. Include it behind cmocka.h. */
#ifndef TESTS_JSON_CASE_H
#define TESTS_JSON_CASE_H

#include <stdlib.h>
#include <string.h>

#include "data/json_text.h"

/* With " in the place of every '. The caller frees it. */
static inline char *quoted(const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

/* The caller frees the document. */
static inline yyjson_mut_doc *parse(const char *text, size_t length)
{
    yyjson_doc *doc = json_text_parse(text, length);
    yyjson_mut_doc *copy;

    if (!doc)
        fail_msg("no JSON: %.*s", (int)length, text);
    copy = yyjson_doc_mut_copy(doc, NULL);
    yyjson_doc_free(doc);
    assert_non_null(copy);
    return copy;
}

#endif
