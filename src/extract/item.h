/* Items in the making: what steps, transformers and builders work on through spile_item_...(). Inside of the engine here. */
#ifndef EXTRACT_ITEM_H
#define EXTRACT_ITEM_H

#include <yyjson.h>

#include "base/arena.h"
#include "base/error.h"
#include "data/document.h"

struct spile_item {
    struct arena arena;        /* of all its values */
    struct arena texts;        /* JSON given out since the last change */
    yyjson_mut_doc *doc;
    struct spile_error failure; /* the first one of a setter */
    bool grown;                /* a setter has put an object or list into it: it may be too deep */
};

/* The item becomes a copy of the document. False: out of memory. */
bool item_load(struct spile_item *item, struct document document);

/* The same without copying texts: the document must outlive what is done with the item. */
bool item_borrow(struct spile_item *item, struct document document);

/* The same for another item: its arena takes a copy. */
bool item_load_value(struct spile_item *item, yyjson_mut_val *value);

static inline yyjson_mut_val *item_root(const struct spile_item *item)
{
    return item->doc->root;
}

/* What a setter has found wrong, and whether the item nests too deep to be loaded. */
enum spile_status item_check(const struct spile_item *item, struct spile_error *err);

/* The value at a path; NULL: nothing is there, or the path is none. */
yyjson_mut_val *item_find(const struct spile_item *item, struct slice path);

/* Puts a value of the item's own document there. What goes wrong is remembered. */
void item_put(struct spile_item *item, struct slice path, yyjson_mut_val *value);
void item_remove(struct spile_item *item, struct slice path);
void item_rename(struct spile_item *item, struct slice path, struct slice key);

/* Is the text a path? SPILE_USAGE with the remedy when it is not. */
enum spile_status item_check_path(struct slice path, struct spile_error *err);

#endif
