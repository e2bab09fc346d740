/* A path is read anew each time it is used: it is short, and most have one part. */
#include "extract/item.h"

#include <string.h>

#include "data/json.h"
#include "data/json_text.h"

#define INDEX_MAX 100000000

/* ---- paths ---------------------------------------------------------------------------------------------------------------------- */

enum part_kind { PART_KEY, PART_INDEX, PART_NEW };

struct part {
    enum part_kind kind;
    struct slice key;
    bool from_end; /* an index counts from the end: 1 is the last */
    size_t index;
};

static struct slice rest_after(struct slice path, size_t length)
{
    return (struct slice){ path.text + length, path.length - length };
}

static bool read_index(struct slice text, struct part *part)
{
    size_t i = 0;

    part->kind = text.length ? PART_INDEX : PART_NEW;
    part->from_end = text.length && text.text[0] == '-';
    part->index = 0;
    for (i = part->from_end; i < text.length && text.text[i] >= '0' && text.text[i] <= '9' && part->index < INDEX_MAX; i++)
        part->index = part->index * 10 + (size_t)(text.text[i] - '0');
    return i == text.length && (!part->from_end || part->index);
}

/* "[3]", "[-1]", "[]", "['key']" at the begin of *path. */
static bool next_bracket(struct slice *path, struct part *part)
{
    char quote = path->length > 1 ? path->text[1] : '\0';
    const char *end;

    if (quote == '\'' || quote == '"') {
        end = memchr(path->text + 2, quote, path->length - 2);
        if (!end || end + 1 == path->text + path->length || end[1] != ']')
            return false;
        *part = (struct part){ .kind = PART_KEY, .key = { path->text + 2, (size_t)(end - path->text) - 2 } };
        end++;
    } else {
        end = memchr(path->text, ']', path->length);
        if (!end || !read_index((struct slice){ path->text + 1, (size_t)(end - path->text) - 1 }, part))
            return false;
    }
    *path = rest_after(*path, (size_t)(end - path->text) + 1);
    return true;
}

/* Takes the first part off the path, and the dot behind it. False: it is no path. */
static bool next_part(struct slice *path, struct part *part)
{
    size_t length = 0;

    if (path->text[0] == '[') {
        if (!next_bracket(path, part))
            return false;
    } else {
        while (length < path->length && path->text[length] != '.' && path->text[length] != '[')
            length++;
        *part = (struct part){ .kind = PART_KEY, .key = { path->text, length } };
        *path = rest_after(*path, length);
        if (!length)
            return false;
    }
    if (!path->length || path->text[0] == '[')
        return true;
    *path = rest_after(*path, path->text[0] == '.');
    return path->length && path->text[-1] == '.' && path->text[0] != '.' && path->text[0] != '[';
}

enum spile_status item_check_path(struct slice path, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];
    struct slice rest = path;
    struct part part;
    bool ok = true;
    int depth = 0;

    while (ok && rest.length)
        ok = next_part(&rest, &part) && ++depth < JSON_DEPTH_MAX;
    if (ok)
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "\"%s\" is no path of an item", shorten(extract, path.text, path.length));
    return spile_hint(err, SPILE_USAGE, "write key, a.b, list[0].key, list[-1], list[] for a new element, or ['a key.with dots']");
}

/* ---- finding -------------------------------------------------------------------------------------------------------------------- */

/* The place of an element in a list of that size, from 0; beyond the list: its size or more. */
static size_t element_place(const struct part *part, size_t size)
{
    if (part->kind == PART_NEW)
        return size;
    if (!part->from_end)
        return part->index;
    return part->index <= size ? size - part->index : SIZE_MAX;
}

static yyjson_mut_val *find_part(yyjson_mut_val *value, const struct part *part)
{
    if (part->kind == PART_KEY)
        return yyjson_mut_obj_getn(value, part->key.text, part->key.length);
    return yyjson_mut_arr_get(value, element_place(part, yyjson_mut_arr_size(value)));
}

static yyjson_val *find_parsed_part(yyjson_val *value, const struct part *part)
{
    if (part->kind == PART_KEY)
        return yyjson_obj_getn(value, part->key.text, part->key.length);
    return yyjson_arr_get(value, element_place(part, yyjson_arr_size(value)));
}

static yyjson_mut_val *root_of(const struct spile_item *item)
{
    return item->doc ? item->doc->root : NULL;
}

static yyjson_mut_val *find_open(const struct spile_item *item, struct slice path)
{
    yyjson_mut_val *value = root_of(item);
    struct part part;

    while (value && path.length)
        value = next_part(&path, &part) ? find_part(value, &part) : NULL;
    return value;
}

struct document item_find(const struct spile_item *item, struct slice path)
{
    struct document found = item->parsed;
    struct part part;

    if (item_is_open(item))
        return (struct document){ (yyjson_val *)find_open(item, path) };
    while (found.value && path.length)
        found.value = next_part(&path, &part) ? find_parsed_part(found.value, &part) : NULL;
    return found;
}

void item_write(struct text *out, const struct spile_item *item, struct document value)
{
    if (item_is_open(item))
        json_text_append(out, (yyjson_mut_val *)value.value, false);
    else
        json_write(out, value);
}

/* ---- failures ------------------------------------------------------------------------------------------------------------------- */

void item_fail(struct spile_item *item, enum spile_status status, struct slice path, const char *what)
{
    char extract[SHORTEN_BYTES];

    if (item->failure.status)
        return;
    spile_fail(&item->failure, status, "can't set \"%s\" of an item: %s", shorten(extract, path.text, path.length), what);
}

void item_fail_nomem(struct spile_item *item)
{
    if (!item->failure.status)
        spile_fail_nomem(&item->failure);
}

/* Depth of nesting, as far as it matters. */
static bool is_too_deep(yyjson_mut_val *value, int levels)
{
    yyjson_mut_val *child;
    size_t i, count;

    if (!yyjson_mut_is_ctn(value))
        return false;
    if (!levels)
        return true;
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_foreach(value, i, count, child)
            if (yyjson_mut_is_ctn(child) && is_too_deep(child, levels - 1))
                return true;
    } else {
        yyjson_mut_val *key;

        yyjson_mut_obj_foreach(value, i, count, key, child)
            if (yyjson_mut_is_ctn(child) && is_too_deep(child, levels - 1))
                return true;
    }
    return false;
}

enum spile_status item_check(const struct spile_item *item, struct spile_error *err)
{
    if (item->failure.status && err)
        *err = item->failure;
    if (item->failure.status)
        return item->failure.status;
    if (!item->grown || !is_too_deep(root_of(item), JSON_DEPTH_MAX))
        return SPILE_OK;
    spile_fail(err, SPILE_SOURCE, "an item is nested deeper than %d levels", JSON_DEPTH_MAX);
    return spile_hint(err, SPILE_SOURCE, "take the inner levels out, or keep them as a text");
}

/* ---- setting -------------------------------------------------------------------------------------------------------------------- */

/* Sets the member; one that is there keeps its place and key. False: out of memory. */
static bool put_member(struct spile_item *item, yyjson_mut_val *object, struct slice key, yyjson_mut_val *value)
{
    yyjson_mut_val *found = yyjson_mut_obj_getn(object, key.text, key.length);

    if (!found)
        return yyjson_mut_obj_add(object, yyjson_mut_strncpy(item->doc, key.text, key.length), value);
    found->tag = value->tag;
    found->uni = value->uni;
    return true;
}

/* Puts the value where the part says. False: out of memory, or it can't be there (failed). */
static bool put_part(struct spile_item *item, yyjson_mut_val *container, const struct part *part, yyjson_mut_val *value, struct slice path)
{
    size_t place;

    if (part->kind == PART_KEY)
        return put_member(item, container, part->key, value) ? true : (item_fail_nomem(item), false);
    place = element_place(part, yyjson_mut_arr_size(container));
    if (place > yyjson_mut_arr_size(container)) {
        item_fail(item, SPILE_USAGE, path, "there is no such element, nor is it the next one");
        return false;
    }
    if (place == yyjson_mut_arr_size(container))
        return yyjson_mut_arr_append(container, value);
    yyjson_mut_arr_replace(container, place, value);
    return true;
}

/* Something for the next part to be in; null gives way to it. NULL: what is there can't have such parts. */
static yyjson_mut_val *container_at(struct spile_item *item, yyjson_mut_val *container, const struct part *part, bool list, struct slice path)
{
    yyjson_mut_val *found = find_part(container, part);

    if (found && !yyjson_mut_is_null(found)) {
        if (list ? yyjson_mut_is_arr(found) : yyjson_mut_is_obj(found))
            return found;
        item_fail(item, SPILE_USAGE, path, list ? "what is there is no list" : "what is there is no object");
        return NULL;
    }
    found = list ? yyjson_mut_arr(item->doc) : yyjson_mut_obj(item->doc);
    if (!found)
        item_fail_nomem(item);
    if (!found || !put_part(item, container, part, found, path))
        return NULL;
    return part->kind == PART_NEW ? found : find_part(container, part); /* in the place of a null there is a copy */
}

static bool wants_list(struct slice path)
{
    return path.text[0] == '[' && (path.length < 2 || (path.text[1] != '\'' && path.text[1] != '"'));
}

/* Takes the first part off the path. The whole is checked before anything is made for a part of it; a single part is by being taken. */
static bool first_part(struct spile_item *item, struct slice *path, struct part *part)
{
    struct slice whole = *path;

    return (next_part(path, part) && !path->length) || !item_check_path(whole, &item->failure);
}

/* A list, when the path wants one and nothing is in the item so far. */
static yyjson_mut_val *root_for(struct spile_item *item, struct slice path)
{
    yyjson_mut_val *root = root_of(item);

    if (!wants_list(path) || !yyjson_mut_is_obj(root) || yyjson_mut_obj_size(root))
        return root;
    root = yyjson_mut_arr(item->doc);
    if (root)
        yyjson_mut_doc_set_root(item->doc, root);
    return root;
}

/* Puts a value of the open item's own document there. */
static void put(struct spile_item *item, struct slice path, yyjson_mut_val *value)
{
    yyjson_mut_val *container;
    struct slice rest = path;
    struct part part;

    item->grown |= yyjson_mut_is_ctn(value);
    if (!value)
        item_fail_nomem(item);
    if (item->failure.status)
        return;
    if (!path.length) {
        yyjson_mut_doc_set_root(item->doc, value);
        return;
    }
    if (!first_part(item, &rest, &part))
        return;
    container = root_for(item, path);
    if (!container) {
        item_fail_nomem(item);
        return;
    }
    if (wants_list(path) ? !yyjson_mut_is_arr(container) : !yyjson_mut_is_obj(container)) {
        item_fail(item, SPILE_USAGE, path, wants_list(path) ? "the item is no list" : "the item is no object");
        return;
    }
    while (rest.length && (container = container_at(item, container, &part, wants_list(rest), path)))
        next_part(&rest, &part);
    if (container)
        put_part(item, container, &part, value, path);
}

/* Gives the scalar's text to the item. False: out of memory. */
static bool keep_text(struct spile_item *item, yyjson_val *scalar)
{
    bool borrowed = !item_is_open(item) && item->owner;
    struct slice text;

    if (!document_has_text(scalar->tag))
        return true;
    text = document_text((struct document){ scalar });
    scalar->uni.str = borrowed ? documents_keep(item->owner, text) : arena_copy(&item->arena, text.text, text.length);
    return scalar->uni.str;
}

static yyjson_mut_val *scalar_value(yyjson_mut_doc *doc, const yyjson_val *scalar)
{
    yyjson_mut_val *value = yyjson_mut_null(doc);

    if (value) {
        value->tag = scalar->tag;
        value->uni = scalar->uni;
    }
    return value;
}

/* In an item as it was parsed a scalar can take another's place; all else opens it. */
void item_set_scalar(struct spile_item *item, struct slice path, yyjson_val scalar)
{
    yyjson_val *found = item_is_open(item) ? NULL : item_find(item, path).value;
    bool in_place = found && !unsafe_yyjson_is_ctn(found);

    if (item->failure.status || (!in_place && !item_open(item)))
        return;
    if (!keep_text(item, &scalar)) {
        item_fail_nomem(item);
    } else if (in_place) {
        found->tag = scalar.tag;
        found->uni = scalar.uni;
    } else {
        put(item, path, scalar_value(item->doc, &scalar));
    }
    arena_release(&item->texts); /* now: the text may have been one of them */
}

void item_set_text(struct spile_item *item, struct slice path, struct slice text)
{
    yyjson_val scalar = { 0 };

    unsafe_yyjson_set_strn(&scalar, text.text, text.length);
    item_set_scalar(item, path, scalar);
}

void item_set_parsed(struct spile_item *item, struct slice path, yyjson_val *value)
{
    if (!unsafe_yyjson_is_ctn(value)) {
        item_set_scalar(item, path, *value);
    } else if (item_open(item)) {
        put(item, path, yyjson_val_mut_copy(item->doc, value));
        arena_release(&item->texts);
    }
}

/* The container of what the path names, and its last part. */
static yyjson_mut_val *find_parent(const struct spile_item *item, struct slice path, struct part *part)
{
    yyjson_mut_val *container = root_of(item);

    while (container && path.length && next_part(&path, part) && path.length)
        container = find_part(container, part);
    return path.length ? NULL : container;
}

/* Before something that is there is taken out or gets another key. False: nothing is to be done. */
static bool open_for(struct spile_item *item, struct slice path)
{
    return !item->failure.status && !item_check_path(path, &item->failure) && item_find(item, path).value && item_open(item);
}

void item_remove(struct spile_item *item, struct slice path)
{
    struct part part = { .kind = PART_NEW };
    yyjson_mut_val *container;

    if (!path.length)
        item_fail(item, SPILE_USAGE, path, "the item itself can't be removed");
    if (!open_for(item, path))
        return;
    container = find_parent(item, path, &part);
    if (part.kind == PART_KEY)
        yyjson_mut_obj_remove_keyn(container, part.key.text, part.key.length);
    else
        yyjson_mut_arr_remove(container, element_place(&part, yyjson_mut_arr_size(container)));
    arena_release(&item->texts);
}

/* The key of a member stands before its value. */
static void change_keys(yyjson_mut_val *object, struct slice from, struct slice to)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter)))
        if (yyjson_mut_equals_strn(key, from.text, from.length))
            unsafe_yyjson_set_strn(key, to.text, to.length);
}

void item_rename(struct spile_item *item, struct slice path, struct slice key)
{
    struct part part = { .kind = PART_NEW };
    yyjson_mut_val *object;
    char *text;

    if (!open_for(item, path))
        return;
    object = find_parent(item, path, &part);
    if (part.kind != PART_KEY || slice_equal(part.key, key))
        return;
    yyjson_mut_obj_remove_keyn(object, key.text, key.length); /* the one that had that key before gives way */
    text = arena_copy(&item->arena, key.text, key.length);
    if (text)
        change_keys(object, part.key, (struct slice){ text, key.length });
    else
        item_fail_nomem(item);
    arena_release(&item->texts);
}

/* ---- life ----------------------------------------------------------------------------------------------------------------------- */

static void *value_malloc(void *context, size_t size)
{
    return arena_alloc(context, size);
}

/* yyjson lets a mutable document's pools grow by further pieces, and asks for nothing else. */
static void *value_realloc(void *context, void *old, size_t old_size, size_t size)
{
    void *moved = arena_alloc(context, size);

    return moved ? memcpy(moved, old, old_size < size ? old_size : size) : NULL;
}

static void value_free(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

/* Forgets what the item was. */
static void begin(struct spile_item *item)
{
    arena_reset(&item->arena);
    arena_release(&item->texts);
    item->parsed = (struct document){ NULL };
    item->owner = NULL;
    item->doc = NULL;
    item->grown = false;
    if (item->failure.status)
        item->failure = (struct spile_error){ 0 };
}

static bool new_doc(struct spile_item *item)
{
    yyjson_alc alc = { value_malloc, value_realloc, value_free, &item->arena };

    item->doc = yyjson_mut_doc_new(&alc);
    return item->doc;
}

/* An open item without a root. */
static bool begin_open(struct spile_item *item)
{
    begin(item);
    return new_doc(item);
}

bool item_load(struct spile_item *item, struct document document)
{
    begin(item);
    item->parsed = document_copy(document, &item->arena);
    return item->parsed.value;
}

void item_borrow(struct spile_item *item, struct document document, struct documents *owner)
{
    begin(item);
    item->parsed = document;
    item->owner = owner;
}

bool item_load_empty(struct spile_item *item)
{
    if (!begin_open(item))
        return false;
    item->doc->root = yyjson_mut_obj(item->doc);
    return item->doc->root;
}

bool item_load_value(struct spile_item *item, yyjson_mut_val *value)
{
    if (!begin_open(item))
        return false;
    item->doc->root = yyjson_mut_val_mut_copy(item->doc, value);
    return item->doc->root;
}

bool item_add_to(struct documents *documents, const struct spile_item *item)
{
    return item_is_open(item) ? documents_add_value(documents, root_of(item)) : documents_add(documents, item->parsed);
}

/* ---- opening -------------------------------------------------------------------------------------------------------------------- */

/* The values of a mutable container are a ring, of which it knows the last element or key; those of a parsed one lie one behind the other. Copies have the
 * places of their originals. */
static void link_children(yyjson_mut_val *copy, yyjson_val *value)
{
    bool object = unsafe_yyjson_is_obj(value);
    size_t size = unsafe_yyjson_get_len(value);
    yyjson_val *child = value + 1;
    yyjson_mut_val *last = NULL, *first = copy + 1;

    for (size_t i = 0; i < size; i++) {
        yyjson_mut_val *one = copy + (child - value), *end = one;

        if (last)
            last->next = one;
        if (object)
            end = one->next = one + 1;
        last = end;
        copy->uni.ptr = one;
        child = unsafe_yyjson_get_next(child + object);
    }
    if (last)
        last->next = first;
    else
        copy->uni.ptr = NULL;
}

/* Texts stay where they are: what has them outlives what is done with the item. */
static yyjson_mut_val *link_values(struct arena *arena, struct document document)
{
    yyjson_val *values = document.value;
    size_t count = document_value_count(document);
    yyjson_mut_val *copies = arena_alloc(arena, count * sizeof(*copies));

    for (size_t i = 0; copies && i < count; i++) {
        copies[i].tag = values[i].tag;
        copies[i].uni = values[i].uni;
        if (unsafe_yyjson_is_ctn(&values[i]))
            link_children(&copies[i], &values[i]);
    }
    if (copies)
        copies->next = NULL;
    return copies;
}

yyjson_mut_val *item_open(struct spile_item *item)
{
    struct document parsed = item->parsed;

    item->parsed = (struct document){ NULL };
    if (parsed.value && new_doc(item))
        item->doc->root = link_values(&item->arena, parsed);
    if (!root_of(item))
        item_fail_nomem(item);
    return root_of(item);
}
