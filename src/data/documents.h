/* Items that are parsed already: documents one behind the other, with memory of their own. This is how extract hands over what generators, steps and
 * transformers have made. */
#ifndef DATA_DOCUMENTS_H
#define DATA_DOCUMENTS_H

#include "base/arena.h"
#include "data/document.h"

struct rows;

struct documents {
    struct arena arena;
    struct document *items;
    size_t count, capacity;
    size_t bytes;      /* that the items take */
    struct rows *rows; /* in the place of items: those of an Arrow batch, owned; NULL: none */
};

/* NULL: out of memory. */
struct documents *documents_new(void);
void documents_free(struct documents *documents); /* NULL is allowed */

/* Copies the document with its texts to the end. False: out of memory, and nothing was added. */
bool documents_add(struct documents *documents, struct document document);

/* The same for a document that was parsed in place: all its texts lie in that piece of memory. */
bool documents_add_parsed(struct documents *documents, struct document document, struct slice texts);

/* The same without copying: its memory is somebody else's. */
bool documents_refer(struct documents *documents, struct document document);

/* Adds all items of `from`: moves them with its memory when there are many, else copies them. `from` keeps its list of items, which may be used as long as
 * those of `documents`. False: out of memory, and nothing was added. */
bool documents_take(struct documents *documents, struct documents *from);

/* Takes over the memory of the items of `from`, which may be used as before, but not the items. */
void documents_adopt(struct documents *documents, struct documents *from);

/* The same for a document in the making. */
bool documents_add_value(struct documents *documents, const yyjson_mut_val *value);

/* A copy of the text, terminated, that lives as long as the items' own. NULL: out of memory. */
char *documents_keep(struct documents *documents, struct slice text);

/* A copy of a single document with its texts. Without a value: out of memory. */
struct document document_copy(struct document document, struct arena *arena);

/* Items, or rows. */
size_t documents_length(const struct documents *documents);

void documents_clear(struct documents *documents); /* keeps memory for the next ones */
void documents_release(struct documents *documents);

#endif
