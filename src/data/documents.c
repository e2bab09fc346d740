/* yyjson lays the values of a document one behind the other, containers before their content, and links them by distance: so a document is copied as
 * one piece, and only the pointers to texts have to be set anew. */
#include "data/documents.h"

#include <stdlib.h>
#include <string.h>

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

void documents_clear(struct documents *documents)
{
    arena_reset(&documents->arena);
    documents->count = documents->bytes = 0;
}

void documents_release(struct documents *documents)
{
    arena_release(&documents->arena);
    free(documents->items);
    *documents = (struct documents){ 0 };
}

static bool grow(struct documents *documents)
{
    size_t capacity = documents->capacity ? 2 * documents->capacity : 64;
    struct document *items;

    if (documents->count < documents->capacity)
        return true;
    items = realloc(documents->items, capacity * sizeof(*items));
    if (!items)
        return false;
    documents->items = items;
    documents->capacity = capacity;
    return true;
}

static bool has_text(const yyjson_val *value)
{
    uint8_t type = unsafe_yyjson_get_type((yyjson_val *)(uintptr_t)value);

    return type == YYJSON_TYPE_STR || type == YYJSON_TYPE_RAW;
}

/* Bytes of all texts, each terminated as yyjson has them. */
static size_t text_bytes(const yyjson_val *values, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        if (has_text(&values[i]))
            bytes += unsafe_yyjson_get_len((yyjson_val *)(uintptr_t)&values[i]) + 1;
    return bytes;
}

static void copy_texts(yyjson_val *values, size_t count, char *to)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = unsafe_yyjson_get_len(&values[i]);

        if (!has_text(&values[i]))
            continue;
        memcpy(to, values[i].uni.str, length);
        to[length] = '\0';
        values[i].uni.str = to;
        to += length + 1;
    }
}

bool documents_add(struct documents *documents, struct document document)
{
    size_t count = unsafe_yyjson_is_ctn(document.value) ? (size_t)(unsafe_yyjson_get_next(document.value) - document.value) : 1;
    size_t texts = text_bytes(document.value, count);
    yyjson_val *values;

    if (!grow(documents) || !(values = arena_alloc(&documents->arena, count * sizeof(*values) + texts)))
        return false;
    memcpy(values, document.value, count * sizeof(*values));
    copy_texts(values, count, (char *)(values + count));
    documents->items[documents->count++] = (struct document){ values };
    documents->bytes += count * sizeof(*values) + texts;
    return true;
}

/* ---- from values in the making ------------------------------------------------------------------------------------------------------ */

static void *arena_malloc(void *context, size_t size)
{
    struct documents *documents = context;
    void *memory = arena_alloc(&documents->arena, size);

    documents->bytes += memory ? size : 0;
    return memory;
}

static void *no_realloc(void *context, void *old, size_t old_size, size_t size)
{
    (void)context;
    (void)old;
    (void)old_size;
    (void)size;
    return NULL;
}

static void keep(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

bool documents_add_value(struct documents *documents, yyjson_mut_val *value)
{
    yyjson_alc alc = { arena_malloc, no_realloc, keep, documents };
    yyjson_doc *doc = grow(documents) ? yyjson_mut_val_imut_copy(value, &alc) : NULL;

    if (!doc)
        return false;
    documents->items[documents->count++] = (struct document){ yyjson_doc_get_root(doc) };
    return true;
}
