/* A path is read anew each time it is used: it is short, and most have one part. */
#include "extract/item.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "data/json_text.h"
#include "data/timestamp.h"

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

/* The place of an element, from 0; beyond the list: its size or more. */
static size_t element_place(const struct part *part, yyjson_mut_val *list)
{
    size_t size = yyjson_mut_arr_size(list);

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
    return yyjson_mut_is_arr(value) ? yyjson_mut_arr_get(value, element_place(part, value)) : NULL;
}

yyjson_mut_val *item_find(const struct spile_item *item, struct slice path)
{
    yyjson_mut_val *value = item_root(item);
    struct part part;

    while (value && path.length)
        value = next_part(&path, &part) ? find_part(value, &part) : NULL;
    return value;
}

/* ---- failures ------------------------------------------------------------------------------------------------------------------- */

static void fail(struct spile_item *item, enum spile_status status, struct slice path, const char *what)
{
    char extract[SHORTEN_BYTES];

    if (item->failure.status)
        return;
    spile_fail(&item->failure, status, "can't set \"%s\" of an item: %s", shorten(extract, path.text, path.length), what);
}

static void fail_nomem(struct spile_item *item)
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
    if (!item->grown || !is_too_deep(item_root(item), JSON_DEPTH_MAX))
        return SPILE_OK;
    spile_fail(err, SPILE_SOURCE, "an item is nested deeper than %d levels", JSON_DEPTH_MAX);
    return spile_hint(err, SPILE_SOURCE, "take the inner levels out, or keep them as a text");
}

/* ---- setting -------------------------------------------------------------------------------------------------------------------- */

static yyjson_mut_val *copy_key(struct spile_item *item, struct slice key)
{
    return yyjson_mut_strncpy(item->doc, key.text, key.length);
}

/* Puts the value where the part says. False: out of memory, or it can't be there (failed). */
static bool put_part(struct spile_item *item, yyjson_mut_val *container, const struct part *part, yyjson_mut_val *value, struct slice path)
{
    yyjson_mut_val *key;
    size_t place;

    if (part->kind == PART_KEY) {
        key = copy_key(item, part->key);
        if (key && !yyjson_mut_obj_replace(container, key, value) && !yyjson_mut_obj_add(container, key, value))
            key = NULL;
        return key ? true : (fail_nomem(item), false);
    }
    place = element_place(part, container);
    if (place > yyjson_mut_arr_size(container)) {
        fail(item, SPILE_USAGE, path, "there is no such element, nor is it the next one");
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
        fail(item, SPILE_USAGE, path, list ? "what is there is no list" : "what is there is no object");
        return NULL;
    }
    found = list ? yyjson_mut_arr(item->doc) : yyjson_mut_obj(item->doc);
    if (!found)
        fail_nomem(item);
    if (!found || !put_part(item, container, part, found, path))
        return NULL;
    return part->kind == PART_NEW ? found : find_part(container, part); /* in the place of a null yyjson puts a copy */
}

static bool wants_list(struct slice path)
{
    return path.text[0] == '[' && (path.length < 2 || (path.text[1] != '\'' && path.text[1] != '"'));
}

void item_put(struct spile_item *item, struct slice path, yyjson_mut_val *value)
{
    yyjson_mut_val *container = item_root(item);
    struct slice rest = path;
    struct part part;

    arena_release(&item->texts);
    item->grown |= yyjson_mut_is_ctn(value);
    if (!value)
        fail_nomem(item);
    if (item->failure.status || item_check_path(path, &item->failure))
        return;
    if (!path.length) {
        yyjson_mut_doc_set_root(item->doc, value);
        return;
    }
    if (wants_list(path) ? !yyjson_mut_is_arr(container) : !yyjson_mut_is_obj(container)) {
        fail(item, SPILE_USAGE, path, wants_list(path) ? "the item is no list" : "the item is no object");
        return;
    }
    while (next_part(&rest, &part) && rest.length && container)
        container = container_at(item, container, &part, wants_list(rest), path);
    if (container)
        put_part(item, container, &part, value, path);
}

/* The container of what the path names, and its last part. */
static yyjson_mut_val *find_parent(const struct spile_item *item, struct slice path, struct part *part)
{
    yyjson_mut_val *container = item_root(item);

    while (container && path.length && next_part(&path, part) && path.length)
        container = find_part(container, part);
    return path.length ? NULL : container;
}

void item_remove(struct spile_item *item, struct slice path)
{
    struct part part;
    yyjson_mut_val *container;

    arena_release(&item->texts);
    if (item->failure.status || item_check_path(path, &item->failure))
        return;
    container = path.length ? find_parent(item, path, &part) : NULL;
    if (!path.length)
        fail(item, SPILE_USAGE, path, "the item itself can't be removed");
    else if (container && part.kind == PART_KEY)
        yyjson_mut_obj_remove_keyn(container, part.key.text, part.key.length);
    else if (container && element_place(&part, container) < yyjson_mut_arr_size(container))
        yyjson_mut_arr_remove(container, element_place(&part, container));
}

void item_rename(struct spile_item *item, struct slice path, struct slice key)
{
    struct part part;
    yyjson_mut_val *container, *found;
    char *text;

    arena_release(&item->texts);
    if (item->failure.status || item_check_path(path, &item->failure))
        return;
    container = path.length ? find_parent(item, path, &part) : NULL;
    found = container && part.kind == PART_KEY ? find_part(container, &part) : NULL;
    if (!found || slice_equal(part.key, key))
        return;
    yyjson_mut_obj_remove_keyn(container, key.text, key.length); /* the one that had that key before gives way */
    text = arena_copy(&item->arena, key.text, key.length);
    if (text) /* the key of a member stands before its value */
        for (yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(container); yyjson_mut_obj_iter_has_next(&iter);) {
            yyjson_mut_val *member = yyjson_mut_obj_iter_next(&iter);

            if (yyjson_mut_equals_strn(member, part.key.text, part.key.length))
                unsafe_yyjson_set_strn(member, text, key.length);
        }
    else
        fail_nomem(item);
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

static bool begin(struct spile_item *item)
{
    yyjson_alc alc = { value_malloc, value_realloc, value_free, &item->arena };

    arena_reset(&item->arena);
    arena_release(&item->texts);
    item->failure = (struct spile_error){ 0 };
    item->grown = false;
    item->doc = yyjson_mut_doc_new(&alc);
    return item->doc;
}

bool item_load(struct spile_item *item, struct document document)
{
    if (!begin(item))
        return false;
    item->doc->root = yyjson_val_mut_copy(item->doc, document.value);
    return item->doc->root;
}

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

bool item_borrow(struct spile_item *item, struct document document)
{
    yyjson_val *values = document.value;
    size_t count = document_value_count(document);
    yyjson_mut_val *copies;

    if (!begin(item) || !(copies = arena_alloc(&item->arena, count * sizeof(*copies))))
        return false;
    for (size_t i = 0; i < count; i++) {
        copies[i].tag = values[i].tag;
        copies[i].uni = values[i].uni;
        if (unsafe_yyjson_is_ctn(&values[i]))
            link_children(&copies[i], &values[i]);
    }
    copies->next = NULL;
    item->doc->root = copies;
    return true;
}

bool item_load_value(struct spile_item *item, yyjson_mut_val *value)
{
    if (!begin(item))
        return false;
    item->doc->root = yyjson_mut_val_mut_copy(item->doc, value);
    return item->doc->root;
}

enum spile_status spile_item_new(struct spile_item **out, struct spile_error *err)
{
    struct spile_item *item = calloc(1, sizeof(*item));

    *out = NULL;
    if (item && begin(item) && (item->doc->root = yyjson_mut_obj(item->doc))) {
        *out = item;
        return SPILE_OK;
    }
    spile_item_free(item);
    return spile_fail_nomem(err);
}

void spile_item_free(struct spile_item *item)
{
    if (!item)
        return;
    arena_release(&item->arena);
    arena_release(&item->texts);
    free(item);
}

/* The arena keeps a block, in which a small document always fits. */
void spile_item_clear(struct spile_item *item)
{
    if (!begin(item) || !(item->doc->root = yyjson_mut_obj(item->doc)))
        fail_nomem(item);
}

/* ---- reading, for users --------------------------------------------------------------------------------------------------------- */

static yyjson_mut_val *find(const struct spile_item *item, const char *path)
{
    return item->doc && item->doc->root ? item_find(item, slice_of(path ? path : "")) : NULL;
}

static enum spile_kind raw_kind(const yyjson_mut_val *value)
{
    switch (document_raw_kind(value->tag)) {
    case DOCUMENT_DECIMAL:
        return SPILE_DECIMAL;
    case DOCUMENT_TIMESTAMP:
        return SPILE_TIMESTAMP;
    case DOCUMENT_DATE:
        return SPILE_DATE;
    case DOCUMENT_TIME:
        return SPILE_TIME;
    case DOCUMENT_BINARY:
        return SPILE_BINARY;
    default:
        return SPILE_NUMBER;
    }
}

enum spile_kind spile_item_kind(const struct spile_item *item, const char *path)
{
    yyjson_mut_val *value = find(item, path);

    switch (yyjson_mut_get_type(value)) {
    case YYJSON_TYPE_NULL:
        return SPILE_NULL;
    case YYJSON_TYPE_BOOL:
        return SPILE_BOOL;
    case YYJSON_TYPE_NUM:
        if (yyjson_mut_is_real(value))
            return SPILE_DOUBLE;
        return yyjson_mut_is_uint(value) && yyjson_mut_get_uint(value) > INT64_MAX ? SPILE_NUMBER : SPILE_INTEGER;
    case YYJSON_TYPE_RAW:
        return raw_kind(value);
    case YYJSON_TYPE_STR:
        return SPILE_TEXT;
    case YYJSON_TYPE_OBJ:
        return SPILE_OBJECT;
    case YYJSON_TYPE_ARR:
        return SPILE_LIST;
    default:
        return SPILE_ABSENT;
    }
}

size_t spile_item_count(const struct spile_item *item, const char *path)
{
    yyjson_mut_val *value = find(item, path);

    return yyjson_mut_is_ctn(value) ? unsafe_yyjson_get_len(value) : 0;
}

bool spile_item_bool(const struct spile_item *item, const char *path, bool otherwise)
{
    yyjson_mut_val *value = find(item, path);

    return yyjson_mut_is_bool(value) ? yyjson_mut_get_bool(value) : otherwise;
}

int64_t spile_item_integer(const struct spile_item *item, const char *path, int64_t otherwise)
{
    return spile_item_kind(item, path) == SPILE_INTEGER ? yyjson_mut_get_sint(find(item, path)) : otherwise;
}

double spile_item_double(const struct spile_item *item, const char *path, double otherwise)
{
    yyjson_mut_val *value = find(item, path);

    return yyjson_mut_is_num(value) ? yyjson_mut_get_num(value) : otherwise;
}

const char *spile_item_text(const struct spile_item *item, const char *path, size_t *length)
{
    yyjson_mut_val *value = find(item, path);

    if (length)
        *length = yyjson_mut_is_str(value) ? yyjson_mut_get_len(value) : 0;
    return yyjson_mut_get_str(value);
}

const char *spile_item_json(struct spile_item *item, const char *path, size_t *length)
{
    yyjson_mut_val *value = find(item, path);
    struct text json = { 0 };
    const char *copy = NULL;

    if (value)
        json_text_append(&json, value, false);
    if (value && !json.failed)
        copy = arena_copy(&item->texts, json.text, json.length);
    if (length)
        *length = copy ? json.length : 0;
    text_release(&json);
    return copy;
}

/* ---- writing, for users --------------------------------------------------------------------------------------------------------- */

static void set(struct spile_item *item, const char *path, yyjson_mut_val *value)
{
    item_put(item, slice_of(path ? path : ""), value);
}

void spile_item_set_null(struct spile_item *item, const char *path)
{
    set(item, path, yyjson_mut_null(item->doc));
}

void spile_item_set_bool(struct spile_item *item, const char *path, bool value)
{
    set(item, path, yyjson_mut_bool(item->doc, value));
}

void spile_item_set_integer(struct spile_item *item, const char *path, int64_t value)
{
    set(item, path, yyjson_mut_sint(item->doc, value));
}

void spile_item_set_double(struct spile_item *item, const char *path, double value)
{
    if (isfinite(value))
        set(item, path, yyjson_mut_real(item->doc, value));
    else
        fail(item, SPILE_SOURCE, slice_of(path ? path : ""), "NaN and infinity are not JSON: set null");
}

void spile_item_set_bytes(struct spile_item *item, const char *path, const void *utf8, size_t length)
{
    if (utf8_is_valid(utf8, length))
        set(item, path, yyjson_mut_strncpy(item->doc, length ? utf8 : "", length));
    else
        fail(item, SPILE_SOURCE, slice_of(path ? path : ""), "the text is not UTF-8");
}

void spile_item_set_text(struct spile_item *item, const char *path, const char *text)
{
    if (text)
        spile_item_set_bytes(item, path, text, strlen(text));
    else
        spile_item_set_null(item, path);
}

/* ---- types that JSON lacks ------------------------------------------------------------------------------------------------------- */

static void set_typed(struct spile_item *item, const char *path, enum document_kind kind, const char *text)
{
    set(item, path, document_typed_value(item->doc, kind, slice_of(text)));
}

static void fail_value(struct spile_item *item, const char *path, const char *what)
{
    fail(item, SPILE_SOURCE, slice_of(path ? path : ""), what);
}

/* Python's spelling: "1E+5" for "1e5". */
static void set_digits(struct spile_item *item, const char *path, const char *number)
{
    struct text digits = { 0 };

    for (const char *at = number; *at; at++) {
        text_putc(&digits, *at == 'e' ? 'E' : *at);
        if ((*at == 'e' || *at == 'E') && at[1] >= '0' && at[1] <= '9')
            text_putc(&digits, '+');
    }
    if (digits.failed)
        fail_nomem(item);
    else
        set_typed(item, path, DOCUMENT_DECIMAL, digits.text);
    text_release(&digits);
}

void spile_item_set_decimal(struct spile_item *item, const char *path, const char *number)
{
    bool nomem = false;
    size_t length = number ? strlen(number) : 0;
    yyjson_doc *parsed = length ? json_text_read(number, length, &nomem) : NULL;
    yyjson_val *value = yyjson_doc_get_root(parsed);
    bool is_number = (yyjson_is_num(value) || yyjson_is_raw(value)) && !strpbrk(number, " \t\r\n");

    yyjson_doc_free(parsed);
    if (nomem)
        fail_nomem(item);
    else if (is_number)
        set_digits(item, path, number);
    else
        fail_value(item, path, "the text is no number");
}

void spile_item_set_timestamp(struct spile_item *item, const char *path, int64_t micros)
{
    char text[TIMESTAMP_CHARS];

    if (!timestamp_in_years(micros)) {
        fail_value(item, path, "the time is beyond the years 1 to 9999");
        return;
    }
    timestamp_format(micros, text);
    set_typed(item, path, DOCUMENT_TIMESTAMP, text);
}

void spile_item_set_date(struct spile_item *item, const char *path, int32_t days)
{
    char text[TIMESTAMP_CHARS];

    if (!date_in_years(days)) {
        fail_value(item, path, "the date is beyond the years 1 to 9999");
        return;
    }
    date_format(days, text);
    set_typed(item, path, DOCUMENT_DATE, text);
}

void spile_item_set_time(struct spile_item *item, const char *path, int64_t micros)
{
    char text[TIMESTAMP_CHARS];

    if (!time_in_day(micros)) {
        fail_value(item, path, "the time is not within a day");
        return;
    }
    time_format(micros, text);
    set_typed(item, path, DOCUMENT_TIME, text);
}

void spile_item_set_binary(struct spile_item *item, const char *path, const void *bytes, size_t length)
{
    set(item, path, document_typed_value(item->doc, DOCUMENT_BINARY, (struct slice){ bytes, length }));
}

void spile_item_set_json(struct spile_item *item, const char *path, const char *json)
{
    bool nomem = false;
    yyjson_doc *parsed = json ? json_text_read(json, strlen(json), &nomem) : NULL;

    if (nomem)
        fail_nomem(item);
    else if (parsed)
        set(item, path, yyjson_val_mut_copy(item->doc, yyjson_doc_get_root(parsed)));
    else
        fail(item, SPILE_SOURCE, slice_of(path ? path : ""), "the text is not JSON");
    yyjson_doc_free(parsed);
}

void spile_item_rename(struct spile_item *item, const char *path, const char *key)
{
    item_rename(item, slice_of(path ? path : ""), slice_of(key ? key : ""));
}

void spile_item_remove(struct spile_item *item, const char *path)
{
    item_remove(item, slice_of(path ? path : ""));
}
