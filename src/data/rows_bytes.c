/* Arrow batches as bytes, for files of our own: what Arrow's own format for that leaves out in nanoarrow (dictionaries, views) is in it, too.
 *
 * All is 64-bit numbers of this machine, and bytes filled up to eight of them; so what is read back are pointers into those bytes:
 *     chosen rows, then the schema (format, name, metadata, flags, children, dictionary), then the array, in the schema's order */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "data/rows.h"

#define NOTHING UINT64_MAX /* the length of what is not there */
#define UNIT 8
#define DEPTH_MAX 160 /* more than a batch can have */

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

static void put_number(struct text *out, uint64_t number)
{
    text_append(out, &number, sizeof(number));
}

static void put_bytes(struct text *out, const void *bytes, int64_t length)
{
    static const char zeros[UNIT];

    put_number(out, bytes ? (uint64_t)length : NOTHING);
    if (!bytes)
        return;
    text_append(out, bytes, (size_t)length);
    text_append(out, zeros, (size_t)(-length & (UNIT - 1)));
}

static void put_text(struct text *out, const char *text)
{
    put_bytes(out, text, text ? (int64_t)strlen(text) + 1 : 0);
}

static void put_schema(struct text *out, const struct ArrowSchema *schema)
{
    put_text(out, schema->format);
    put_text(out, schema->name);
    put_bytes(out, schema->metadata, schema->metadata ? ArrowMetadataSizeOf(schema->metadata) : 0);
    put_number(out, (uint64_t)schema->flags);
    put_number(out, (uint64_t)schema->n_children);
    put_number(out, schema->dictionary != NULL);
    for (int64_t i = 0; i < schema->n_children; i++)
        put_schema(out, schema->children[i]);
    if (schema->dictionary)
        put_schema(out, schema->dictionary);
}

static void put_array(struct text *out, const struct ArrowArrayView *view)
{
    int64_t buffers = ArrowArrayViewGetNumBuffers((struct ArrowArrayView *)(uintptr_t)view);

    put_number(out, (uint64_t)view->length);
    put_number(out, (uint64_t)view->null_count);
    put_number(out, (uint64_t)view->offset);
    put_number(out, (uint64_t)buffers);
    for (int64_t i = 0; i < buffers; i++) {
        struct ArrowBufferView buffer = ArrowArrayViewGetBufferView((struct ArrowArrayView *)(uintptr_t)view, i);

        put_bytes(out, buffer.data.data, buffer.size_bytes);
    }
    for (int64_t i = 0; i < view->n_children; i++)
        put_array(out, view->children[i]);
    if (view->dictionary)
        put_array(out, view->dictionary);
}

void rows_write(struct text *out, const struct rows *rows)
{
    put_bytes(out, rows->chosen, (int64_t)(rows->count * sizeof(*rows->chosen)));
    put_schema(out, &rows->schema);
    put_array(out, &rows->view);
}

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

/* The bytes, and the structs that point into them: as long as the array lives. */
struct held {
    struct arena arena;
    const char *next;
    size_t left;
    bool nomem;
};

static bool take(struct held *held, uint64_t length, const void **bytes)
{
    uint64_t whole = (length + UNIT - 1) & ~(uint64_t)(UNIT - 1);

    if (whole < length || whole > held->left)
        return false;
    *bytes = held->next;
    held->next += whole;
    held->left -= (size_t)whole;
    return true;
}

static bool take_number(struct held *held, uint64_t *number)
{
    const void *bytes;
    bool ok = take(held, sizeof(*number), &bytes);

    if (ok)
        memcpy(number, bytes, sizeof(*number));
    return ok;
}

/* A count of things that take a number each at least. */
static bool take_count(struct held *held, int64_t *count)
{
    uint64_t number;

    if (!take_number(held, &number) || number > held->left / UNIT)
        return false;
    *count = (int64_t)number;
    return true;
}

/* NULL when there was nothing. */
static bool take_bytes(struct held *held, const void **bytes, uint64_t *length)
{
    *bytes = NULL;
    return take_number(held, length) && (*length == NOTHING || take(held, *length, bytes));
}

static bool take_text(struct held *held, const char **text)
{
    const void *bytes;
    uint64_t length;
    bool ok = take_bytes(held, &bytes, &length) && (!bytes || (length && !((const char *)bytes)[length - 1]));

    *text = ok ? bytes : NULL;
    return ok;
}

static void *allocate(struct held *held, size_t size)
{
    void *memory = arena_zalloc(&held->arena, size);

    held->nomem |= !memory;
    return memory;
}

static void release_part_of_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_part_of_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static bool read_schema(struct held *held, struct ArrowSchema *schema, int depth);

static struct ArrowSchema *new_schema(struct held *held, int depth)
{
    struct ArrowSchema *schema = allocate(held, sizeof(*schema));

    return schema && read_schema(held, schema, depth) ? schema : NULL;
}

static bool read_schema(struct held *held, struct ArrowSchema *schema, int depth)
{
    const void *metadata;
    uint64_t length, flags, dictionary;
    int64_t children;

    if (depth == DEPTH_MAX || !take_text(held, &schema->format) || !schema->format || !take_text(held, &schema->name) ||
        !take_bytes(held, &metadata, &length) || !take_number(held, &flags) || !take_count(held, &children) || !take_number(held, &dictionary))
        return false;
    schema->metadata = metadata;
    schema->flags = (int64_t)flags;
    schema->release = release_part_of_schema;
    schema->children = allocate(held, ((size_t)children + 1) * sizeof(struct ArrowSchema *));
    for (; schema->children && schema->n_children < children; schema->n_children++)
        if (!(schema->children[schema->n_children] = new_schema(held, depth + 1)))
            return false;
    return schema->children && (!dictionary || (schema->dictionary = new_schema(held, depth + 1)));
}

static bool read_array(struct held *held, const struct ArrowSchema *schema, struct ArrowArray *array);

static struct ArrowArray *new_array(struct held *held, const struct ArrowSchema *schema)
{
    struct ArrowArray *array = allocate(held, sizeof(*array));

    return array && read_array(held, schema, array) ? array : NULL;
}

static bool read_array(struct held *held, const struct ArrowSchema *schema, struct ArrowArray *array)
{
    uint64_t numbers[3], length;

    for (size_t i = 0; i < 3; i++)
        if (!take_number(held, &numbers[i]))
            return false;
    array->length = (int64_t)numbers[0];
    array->null_count = (int64_t)numbers[1];
    array->offset = (int64_t)numbers[2];
    array->release = release_part_of_array;
    if (!take_count(held, &array->n_buffers) || !(array->buffers = allocate(held, ((size_t)array->n_buffers + 1) * sizeof(void *))))
        return false;
    for (int64_t i = 0; i < array->n_buffers; i++)
        if (!take_bytes(held, &array->buffers[i], &length))
            return false;
    if (!(array->children = allocate(held, ((size_t)schema->n_children + 1) * sizeof(struct ArrowArray *))))
        return false;
    for (; array->n_children < schema->n_children; array->n_children++)
        if (!(array->children[array->n_children] = new_array(held, schema->children[array->n_children])))
            return false;
    return !schema->dictionary || (array->dictionary = new_array(held, schema->dictionary));
}

static void release_held(struct ArrowArray *array)
{
    struct held *held = array->private_data;

    arena_release(&held->arena);
    free(held);
    array->release = NULL;
}

/* The chosen rows are in order, and rows of the batch. */
static bool choose(struct rows *rows, const uint32_t *chosen, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (chosen[i] >= rows->count || (i && chosen[i] <= chosen[i - 1]))
            return false;
    memcpy(rows->chosen, chosen, count * sizeof(*chosen));
    rows->count = count;
    return true;
}

static enum spile_status fail_bytes(struct spile_error *err)
{
    return spile_fail(err, SPILE_FAILED, "a batch that was kept is damaged");
}

static enum spile_status read_held(struct rows **out, struct held *held, struct spile_error *err)
{
    struct ArrowSchema schema = { 0 };
    struct ArrowArray array = { 0 };
    const void *chosen;
    uint64_t length;
    bool good = take_bytes(held, &chosen, &length) && read_schema(held, &schema, 0) && read_array(held, &schema, &array) && !held->left;
    enum spile_status status;

    array.private_data = held;
    array.release = release_held;
    if (!good) {
        status = held->nomem ? spile_fail_nomem(err) : fail_bytes(err);
        release_held(&array);
        return status;
    }
    status = rows_new(out, &schema, &array, err);
    if (status || !chosen)
        return status;
    (*out)->chosen = malloc((size_t)length + sizeof(uint32_t));
    status = !(*out)->chosen ? spile_fail_nomem(err) : choose(*out, chosen, (size_t)length / sizeof(uint32_t)) ? SPILE_OK : fail_bytes(err);
    if (status) {
        rows_free(*out);
        *out = NULL;
    }
    return status;
}

enum spile_status rows_read(struct rows **out, struct slice bytes, struct spile_error *err)
{
    struct held *held = calloc(1, sizeof(*held));
    char *copy = held ? arena_alloc(&held->arena, bytes.length + UNIT) : NULL;

    *out = NULL;
    if (!copy) {
        free(held);
        return spile_fail_nomem(err);
    }
    memcpy(copy, bytes.text, bytes.length);
    held->next = copy;
    held->left = bytes.length;
    return read_held(out, held, err);
}
