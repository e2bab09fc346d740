/* Items that steps, transformers and builders work on through spile_item_...(). Inside of the engine here.
 *
 * An item has one of two forms. As it was parsed: values one behind the other, among which a scalar can take another's place, but no value can come or go.
 * Steps that only look, or only set what is there, leave it so, and then nothing is copied. The first change that asks for more opens it: from then on its
 * values are linked (yyjson's mutable ones). A built item is open from the beginning.
 *
 * Values of both forms begin alike, so their kind, their size and what a scalar holds are read through one view, struct document. What a list or object
 * holds is to be looked at in the item's own form. */
#ifndef EXTRACT_ITEM_H
#define EXTRACT_ITEM_H

#include <yyjson.h>

#include "base/arena.h"
#include "base/error.h"
#include "data/documents.h"

struct spile_item {
    struct arena arena;        /* of all its values, but for those that are borrowed */
    struct arena texts;        /* JSON given out since the last change */
    struct document parsed;    /* the item as it was parsed; without a value: it is open */
    struct documents *owner;   /* has the memory of a borrowed item */
    yyjson_mut_doc *doc;       /* the open item */
    struct spile_error failure; /* the first one of a setter */
    bool grown;                /* a setter has put an object or list into it: it may be too deep */
};

/* The item becomes a copy of the document. False: out of memory. */
bool item_load(struct spile_item *item, struct document document);

/* The item is the document itself, which is one of the owner's and may be changed in place; texts that it is given are the owner's, too. */
void item_borrow(struct spile_item *item, struct document document, struct documents *owner);

/* The item becomes an empty object, or a copy of the value. False: out of memory. */
bool item_load_empty(struct spile_item *item);
bool item_load_value(struct spile_item *item, yyjson_mut_val *value);

/* Opens the item, if need be. NULL: out of memory, which is remembered as a failure. */
yyjson_mut_val *item_open(struct spile_item *item);

static inline bool item_is_open(const struct spile_item *item)
{
    return !item->parsed.value;
}

/* Adds a copy of the item. False: out of memory. */
bool item_add_to(struct documents *documents, const struct spile_item *item);

/* Remembers what a setter has found wrong, if it is the first. */
void item_fail(struct spile_item *item, enum spile_status status, struct slice path, const char *what);
void item_fail_nomem(struct spile_item *item);

/* What was remembered, and whether the item nests too deep to be loaded. */
enum spile_status item_check(const struct spile_item *item, struct spile_error *err);

/* The value at a path. Without a value: nothing is there, or the path is none. */
struct document item_find(const struct spile_item *item, struct slice path);

/* Appends JSON of a value that was found. */
void item_write(struct text *out, const struct spile_item *item, struct document value);

/* Sets a copy there. What goes wrong is remembered. A scalar's text is the caller's. */
void item_set_scalar(struct spile_item *item, struct slice path, yyjson_val scalar);
void item_set_text(struct spile_item *item, struct slice path, struct slice text);
void item_set_parsed(struct spile_item *item, struct slice path, yyjson_val *value);
void item_remove(struct spile_item *item, struct slice path);
void item_rename(struct spile_item *item, struct slice path, struct slice key);

/* Is the text a path? SPILE_USAGE with the remedy when it is not. */
enum spile_status item_check_path(struct slice path, struct spile_error *err);

#endif
