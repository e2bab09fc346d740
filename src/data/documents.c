/* yyjson lays the values of a document one behind the other, containers before their content, and links them by distance: so a document is copied as
 * one piece, and only the pointers to texts have to be set anew. */
#include "data/documents.h"

#include <stdlib.h>
#include <string.h>

#include "data/rows.h"

#define MOVE_BYTES ((size_t)32 << 10) /* items that take less are copied: their memory has blocks that are mostly empty */

struct documents *documents_new(void)
{
    return calloc(1, sizeof(struct documents));
}

void documents_free(struct documents *documents)
{
    if (documents)
        documents_release(documents);
    free(documents);
}

size_t documents_length(const struct documents *documents)
{
    return documents->rows ? documents->rows->count : documents->count;
}

void documents_clear(struct documents *documents)
{
    arena_reset(&documents->arena);
    rows_free(documents->rows);
    documents->rows = NULL;
    documents->count = documents->bytes = 0;
}

void documents_release(struct documents *documents)
{
    arena_release(&documents->arena);
    rows_free(documents->rows);
    free(documents->items);
    *documents = (struct documents){ 0 };
}

/* Makes room for more items. */
static bool grow(struct documents *documents, size_t more)
{
    size_t capacity = documents->capacity ? documents->capacity : 64;
    struct document *items;

    while (capacity - documents->count < more)
        capacity *= 2;
    if (capacity == documents->capacity)
        return true;
    items = realloc(documents->items, capacity * sizeof(*items));
    if (!items)
        return false;
    documents->items = items;
    documents->capacity = capacity;
    return true;
}

/* Bytes of all texts, each terminated as yyjson has them. */
static size_t text_bytes(const yyjson_val *values, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        if (document_has_text(values[i].tag))
            bytes += unsafe_yyjson_get_len((yyjson_val *)(uintptr_t)&values[i]) + 1;
    return bytes;
}

static void copy_texts(yyjson_val *values, size_t count, char *to)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = unsafe_yyjson_get_len(&values[i]);

        if (!document_has_text(values[i].tag))
            continue;
        memcpy(to, values[i].uni.str, length);
        to[length] = '\0';
        values[i].uni.str = to;
        to += length + 1;
    }
}

static struct document copy_with_texts(struct document document, struct arena *arena, size_t *bytes)
{
    size_t count = document_value_count(document);
    size_t texts = text_bytes(document.value, count);
    yyjson_val *values = arena_alloc(arena, count * sizeof(*values) + texts);

    *bytes = count * sizeof(*values) + texts;
    if (values) {
        memcpy(values, document.value, count * sizeof(*values));
        copy_texts(values, count, (char *)(values + count));
    }
    return (struct document){ values };
}

struct document document_copy(struct document document, struct arena *arena)
{
    size_t bytes;

    return copy_with_texts(document, arena, &bytes);
}

bool documents_add(struct documents *documents, struct document document)
{
    struct document copy;
    size_t bytes;

    if (!grow(documents, 1) || !(copy = copy_with_texts(document, &documents->arena, &bytes)).value)
        return false;
    documents->items[documents->count++] = copy;
    documents->bytes += bytes;
    return true;
}

/* The values' texts have moved. */
static void shift_texts(yyjson_val *values, size_t count, const char *from, char *to)
{
    for (size_t i = 0; i < count; i++)
        if (document_has_text(values[i].tag))
            values[i].uni.str = to + (values[i].uni.str - from);
}

bool documents_add_parsed(struct documents *documents, struct document document, struct slice texts)
{
    size_t count = document_value_count(document), bytes = count * sizeof(yyjson_val) + texts.length;
    yyjson_val *values;

    if (!grow(documents, 1) || !(values = arena_alloc(&documents->arena, bytes)))
        return false;
    memcpy(values, document.value, count * sizeof(*values));
    memcpy(values + count, texts.text, texts.length);
    shift_texts(values, count, texts.text, (char *)(values + count));
    documents->items[documents->count++] = (struct document){ values };
    documents->bytes += bytes;
    return true;
}

char *documents_keep(struct documents *documents, struct slice text)
{
    char *copy = arena_copy(&documents->arena, text.text, text.length);

    documents->bytes += copy ? text.length + 1 : 0;
    return copy;
}

/* ---- without copying -------------------------------------------------------------------------------------------------------------- */

bool documents_refer(struct documents *documents, struct document document)
{
    if (!grow(documents, 1))
        return false;
    documents->items[documents->count++] = document;
    return true;
}

static bool add_all(struct documents *documents, const struct documents *from)
{
    size_t count = documents->count, bytes = documents->bytes;

    for (size_t i = 0; i < from->count; i++)
        if (!documents_add(documents, from->items[i])) {
            documents->count = count;
            documents->bytes = bytes;
            return false;
        }
    return true;
}

bool documents_take(struct documents *documents, struct documents *from)
{
    if (from->bytes < MOVE_BYTES)
        return add_all(documents, from);
    if (!grow(documents, from->count))
        return false;
    memcpy(documents->items + documents->count, from->items, from->count * sizeof(*from->items));
    documents->count += from->count;
    documents_adopt(documents, from);
    return true;
}

void documents_adopt(struct documents *documents, struct documents *from)
{
    arena_adopt(&documents->arena, &from->arena);
    documents->bytes += from->bytes;
    from->bytes = 0;
}

/* ---- from values in the making ------------------------------------------------------------------------------------------------------ */

/* What a value and all in it take. */
struct extent {
    size_t values, text_bytes;
};

/* The children of a list or object, keys among them, are a ring of which the last one is known: the last key, in an object. */
static yyjson_mut_val *first_child(const yyjson_mut_val *container, size_t *count)
{
    yyjson_mut_val *last = container->uni.ptr;
    bool object = unsafe_yyjson_is_obj((yyjson_mut_val *)(uintptr_t)container);

    *count = unsafe_yyjson_get_len((yyjson_mut_val *)(uintptr_t)container) << object;
    return !*count ? NULL : object ? last->next->next : last->next;
}

static void measure(const yyjson_mut_val *value, struct extent *extent)
{
    extent->values++;
    if (document_has_text(value->tag))
        extent->text_bytes += unsafe_yyjson_get_len((yyjson_mut_val *)(uintptr_t)value) + 1;
    if (unsafe_yyjson_is_ctn((yyjson_mut_val *)(uintptr_t)value)) {
        size_t count;
        const yyjson_mut_val *child = first_child(value, &count);

        for (size_t i = 0; i < count; i++, child = child->next)
            measure(child, extent);
    }
}

/* Lays the value out at `to`, what is in it behind it. Returns what comes next. */
static yyjson_val *lay_out(const yyjson_mut_val *value, yyjson_val *to, char **texts)
{
    yyjson_val *next = to + 1;

    to->tag = value->tag;
    to->uni = value->uni;
    if (document_has_text(value->tag)) {
        size_t length = unsafe_yyjson_get_len(to);

        to->uni.str = memcpy(*texts, value->uni.str, length);
        (*texts)[length] = '\0';
        *texts += length + 1;
    } else if (unsafe_yyjson_is_ctn(to)) {
        size_t count;
        const yyjson_mut_val *child = first_child(value, &count);

        for (size_t i = 0; i < count; i++, child = child->next)
            next = lay_out(child, next, texts);
        to->uni.ofs = (size_t)(next - to) * sizeof(*to);
    }
    return next;
}

bool documents_add_value(struct documents *documents, const yyjson_mut_val *value)
{
    struct extent extent = { 0 };
    yyjson_val *values;
    char *texts;
    size_t bytes;

    measure(value, &extent);
    bytes = extent.values * sizeof(*values) + extent.text_bytes;
    if (!grow(documents, 1) || !(values = arena_alloc(&documents->arena, bytes)))
        return false;
    texts = (char *)(values + extent.values);
    lay_out(value, values, &texts);
    documents->items[documents->count++] = (struct document){ values };
    documents->bytes += bytes;
    return true;
}
