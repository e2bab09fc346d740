/* JSON with the keys of all objects sorted: the text that dlt makes hashes of. */
#ifndef DATA_JSON_SORTED_H
#define DATA_JSON_SORTED_H

#include "data/document.h"

/* What stands for values of the typed kinds. */
enum typed_form {
    TYPED_MARKED,  /* as dlt passes them to its normalizer: a text behind a private-use character that tells the type */
    TYPED_INSTANT, /* plain texts, and of timestamps the microseconds: an instant is the same in all zones */
    TYPED_PLAIN    /* plain texts; in timestamps a Z for UTC */
};

/* Appends it, compact. Of a key that came twice the last value counts. */
void json_sorted_write(struct text *out, struct document document, enum typed_form form);

/* The same of an object without the members whose key begins with `prefix`. */
void json_sorted_write_without(struct text *out, struct document object, enum typed_form form, const char *prefix);

#endif
