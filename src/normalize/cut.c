/* The cut: rows in builders become row ids, then encoded batches; the builders are empty afterwards.
 *
 * Ids are made here and not row by row, because the hashes of nested rows can be computed several at a time. Tables come in the order
 * of their path's length, so that the ids of parents are there when their children's are hashed. */
#include "normalize/walker.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "data/json.h"

#define HASH_GROUP 64

/* ---- row ids -------------------------------------------------------------------------------------------------------------------- */

static struct slice text_at(const struct column_builder *column, uint32_t row)
{
    int32_t begin = column->i32[row];

    return (struct slice){ (const char *)column->heap + begin, (size_t)(column->i32[row + 1] - begin) };
}

struct slice id_of(const struct walker *w, struct row_ref ref)
{
    return text_at(ref.rows ? &ref.rows->ids : &w->carried, ref.row);
}

/* An item's id depends on the load, the table and the item's place only: the same item always gets the same. */
static void item_id(const struct walker *w, const struct row_place *place, char id[ROW_ID_CHARS])
{
    uint64_t key[] = { place->offset, (uint64_t)w->input << 32 | place->part };
    XXH128_hash_t hash = XXH3_128bits_withSeed(key, sizeof(key), w->id_seed);
    uint8_t bytes[ROW_ID_BYTES];

    memcpy(bytes, &hash.low64, 8);
    memcpy(bytes + 8, &hash.high64, 2);
    row_id_encode(bytes, id);
}

static char *write_number(char *out, uint64_t number)
{
    char digits[20];
    int count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count)
        *out++ = digits[--count];
    return out;
}

static bool has_identity(const struct table_rows *rows, uint32_t row)
{
    return column_has(&rows->identities, row) && rows->identities.valid[row];
}

/* "<parent id>_<table>_<index>": what dlt hashes. `out` grows; the slices are set when it no longer moves. */
static char *write_child_key(char *out, struct slice parent, const struct table_rows *rows, uint64_t index)
{
    size_t length = strlen(rows->name);

    memcpy(out, parent.text, parent.length);
    out += parent.length;
    *out++ = '_';
    memcpy(out, rows->name, length);
    out += length;
    *out++ = '_';
    return write_number(out, index);
}

static void hash_group(struct walker *w, struct table_rows *rows, const uint32_t *group, size_t count, char *keys,
                       char (*ids)[ROW_ID_CHARS])
{
    struct slice inputs[HASH_GROUP] = { 0 };
    char hashed[HASH_GROUP][ROW_ID_CHARS], *end = keys;

    for (size_t i = 0; i < count; i++) {
        char *begin = end;

        if (has_identity(rows, group[i])) {
            inputs[i] = text_at(&rows->identities, group[i]);
            continue;
        }
        end = write_child_key(begin, id_of(w, rows->parents[group[i]]), rows, rows->places[group[i]].offset);
        inputs[i] = (struct slice){ begin, (size_t)(end - begin) };
    }
    row_ids_hash(inputs, count, hashed);
    for (size_t i = 0; i < count; i++)
        memcpy(ids[group[i]], hashed[i], ROW_ID_CHARS);
}

/* The longest key of the table's rows: sizes the scratch memory. */
static size_t longest_key(const struct walker *w, const struct table_rows *rows)
{
    size_t longest = 0;

    for (uint32_t i = 0; i < rows->rows; i++)
        if (rows->parents[i].row != NO_PARENT && id_of(w, rows->parents[i]).length > longest)
            longest = id_of(w, rows->parents[i]).length;
    return longest + strlen(rows->name) + 24;
}

static bool make_ids(struct walker *w, struct table_rows *rows, char (*ids)[ROW_ID_CHARS])
{
    uint32_t group[HASH_GROUP];
    size_t count = 0;
    char *keys = malloc(HASH_GROUP * longest_key(w, rows));

    for (uint32_t i = 0; keys && i < rows->rows; i++) {
        if (rows->parents[i].row == NO_PARENT && !has_identity(rows, i)) {
            item_id(w, &rows->places[i], ids[i]);
            continue;
        }
        group[count++] = i;
        if (count == HASH_GROUP || i + 1 == rows->rows) {
            hash_group(w, rows, group, count, keys, ids);
            count = 0;
        }
    }
    if (keys && count)
        hash_group(w, rows, group, count, keys, ids);
    free(keys);
    return keys;
}

/* Rows that brought an id keep it. */
static bool store_ids(struct table_rows *rows, char (*ids)[ROW_ID_CHARS])
{
    const struct column_builder *own = &rows->own_ids;

    for (uint32_t i = 0; i < rows->rows; i++) {
        bool given = i < own->length && own->valid[i];
        struct slice id = given ? text_at(own, i) : (struct slice){ ids[i], ROW_ID_CHARS };

        if (!column_put_text(&rows->ids, i, id.text, id.length))
            return false;
    }
    return true;
}

static bool link_parents(const struct walker *w, struct table_rows *rows)
{
    for (uint32_t i = 0; !rows->root && i < rows->rows; i++) {
        struct slice id = id_of(w, rows->parents[i]);

        if (!column_put_text(&rows->parent_ids, i, id.text, id.length))
            return false;
    }
    return true;
}

static bool identify(struct walker *w, struct table_rows *rows)
{
    char(*ids)[ROW_ID_CHARS] = malloc((size_t)rows->rows * ROW_ID_CHARS);
    bool ok = ids && make_ids(w, rows, ids) && store_ids(rows, ids) && link_parents(w, rows) && inherit_link(w, rows);

    free(ids);
    return ok;
}

/* Rows whose lists are still being visited leave their ids behind for the children to come. */
static bool carry_ids(struct walker *w)
{
    struct column_builder carried = { .type.type = TYPE_TEXT };
    uint32_t count = 0;

    for (struct frame *frame = w->frame; frame; frame = frame->up) {
        struct slice id = id_of(w, frame->ref);

        if (!column_put_text(&carried, count, id.text, id.length)) {
            column_release(&carried);
            return false;
        }
        frame->ref = (struct row_ref){ NULL, count++ };
    }
    column_release(&w->carried);
    w->carried = carried;
    return true;
}

/* ---- batches -------------------------------------------------------------------------------------------------------------------- */

struct ordered_column {
    struct batch_column column;
    uint32_t index;
};

static int compare_columns(const void *a, const void *b)
{
    uint32_t x = ((const struct ordered_column *)a)->index, y = ((const struct ordered_column *)b)->index;

    return (x > y) - (x < y);
}

/* The columns that have a value, in the table's order. */
static size_t list_columns(struct table_rows *rows, struct ordered_column *out)
{
    size_t count = 0;

    for (uint32_t i = 0; i < rows->slot_count; i++)
        if (rows->slots[i]->builder.length)
            out[count++] = (struct ordered_column){ { rows->slots[i]->name, &rows->slots[i]->builder }, rows->slots[i]->index };
    if (!rows->plain)
        out[count++] = (struct ordered_column){ { DLT_ID, &rows->ids }, rows->row_id_index };
    if (!rows->root) {
        out[count++] = (struct ordered_column){ { DLT_PARENT_ID, &rows->parent_ids }, rows->parent_id_index };
        out[count++] = (struct ordered_column){ { DLT_LIST_INDEX, &rows->list_index }, rows->list_index_index };
    }
    for (uint32_t i = 0; i < rows->ancestor_count; i++)
        if (rows->ancestors[i].ids.length)
            out[count++] = (struct ordered_column){ { rows->ancestors[i].name, &rows->ancestors[i].ids }, rows->ancestors[i].index };
    qsort(out, count, sizeof(*out), compare_columns);
    return count;
}

static enum spile_status encode_rows(struct walker *w, struct table_rows *rows, struct table_batch *batch)
{
    size_t capacity = rows->slot_count + rows->ancestor_count + 3u, count;
    struct ordered_column *ordered = malloc(capacity * sizeof(*ordered));
    struct batch_column *columns = malloc(capacity * sizeof(*columns));
    enum spile_status status = SPILE_OK;

    batch->columns = malloc(capacity * sizeof(*batch->columns));
    if (!ordered || !columns || !batch->columns) {
        status = spile_fail_nomem(w->err);
        goto out;
    }
    count = list_columns(rows, ordered);
    for (size_t i = 0; i < count; i++) {
        columns[i] = ordered[i].column;
        batch->columns[i] = ordered[i].index;
        if (!column_pad(columns[i].builder, rows->rows)) {
            status = spile_fail_nomem(w->err);
            goto out;
        }
    }
    batch->column_count = (uint32_t)count;
    status = batch_encode(w->encoder, columns, count, rows->rows, &batch->bytes, w->err);
out:
    free(ordered);
    free(columns);
    return status;
}

static void clear_rows(struct table_rows *rows)
{
    for (uint32_t i = 0; i < rows->slot_count; i++)
        column_clear(&rows->slots[i]->builder);
    column_clear(&rows->own_ids);
    column_clear(&rows->identities);
    column_clear(&rows->ids);
    column_clear(&rows->parent_ids);
    column_clear(&rows->list_index);
    inherit_clear(rows);
    rows->rows = 0;
}

/* Room for a batch of the table, which is not counted yet. NULL: out of memory. */
static struct table_batch *next_batch(struct walker *w, const struct table_rows *rows)
{
    if (!GROW(w->batches, w->batch_count, w->batch_capacity))
        return NULL;
    w->batches[w->batch_count] = (struct table_batch){ .table = rows->table, .rows = rows->rows };
    return &w->batches[w->batch_count];
}

enum spile_status cut_nothing(struct walker *w, const struct table_rows *rows)
{
    if (!next_batch(w, rows))
        return spile_fail_nomem(w->err);
    w->batch_count++;
    return SPILE_OK;
}

static enum spile_status cut_table(struct walker *w, struct table_rows *rows)
{
    struct table_batch *batch = next_batch(w, rows);
    enum spile_status status;

    if (!batch)
        return spile_fail_nomem(w->err);
    status = encode_rows(w, rows, batch);
    if (status) {
        table_batch_release(batch);
        return status;
    }
    w->batch_count++;
    w->batch_bytes += batch->bytes.length;
    return SPILE_OK;
}

enum spile_status cut_rows(struct walker *w)
{
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; i < w->table_count; i++)
        if (w->tables[i]->rows && !w->tables[i]->plain && !identify(w, w->tables[i]))
            return spile_fail_nomem(w->err);
    if (!carry_ids(w))
        return spile_fail_nomem(w->err);
    for (uint32_t i = 0; !status && i < w->table_count; i++)
        if (w->tables[i]->rows)
            status = cut_table(w, w->tables[i]);
    for (uint32_t i = 0; i < w->table_count; i++)
        clear_rows(w->tables[i]);
    w->weight = 0;
    if (!status && w->batch_bytes > w->options->held_bytes_max)
        status = hand_over(w);
    return status;
}

enum spile_status hand_over(struct walker *w)
{
    enum spile_status status = SPILE_OK;
    size_t done = 0;

    if (!turns_wait(w->turns, w->number))
        return spile_fail(w->err, SPILE_CANCELLED, "stopped");
    while (!status && done < w->batch_count)
        status = w->options->put(w->options->user, &w->batches[done++], w->err);
    for (; done < w->batch_count; done++)
        table_batch_release(&w->batches[done]);
    w->batch_count = w->batch_bytes = 0;
    if (!status && w->discarded.length)
        status = w->options->discard(w->options->user, (struct slice){ w->discarded.text, w->discarded.length }, w->err);
    text_clear(&w->discarded);
    return status;
}

/* ---- the walker's own life ------------------------------------------------------------------------------------------------------ */

bool walker_init(struct walker *w, const struct normalize_options *options, struct turns *turns, pthread_mutex_t *schema_lock)
{
    *w = (struct walker){ .options = options, .turns = turns, .schema_lock = schema_lock };
    w->roots = calloc(options->part_capacity, sizeof(struct shape *));
    w->table_map = name_map_new(naming_collides(&options->schema->naming));
    w->encoder = batch_encoder_new();
    unsafe_yyjson_set_strn(&w->load_id, options->load_id, strlen(options->load_id));
    for (uint32_t i = 0; i < options->part_count; i++)
        w->nesting_limited |= options->parts[i].max_nesting < JSON_DEPTH_MAX;
    return w->roots && w->table_map && w->encoder;
}

static void release_node(struct node *node);

static void release_shape(struct shape *shape)
{
    if (!shape)
        return;
    release_node(&shape->root);
    release_shape(shape->inner);
    name_map_free(shape->list_names);
}

/* Everything is in the arena but the growing arrays. Depth is bounded by JSON_DEPTH_MAX. */
static void release_node(struct node *node)
{
    for (uint32_t i = 0; i < node->child_count; i++)
        release_node(node->children[i]);
    release_shape(node->list);
    release_shape(node->list_apart);
    free(node->children);
    name_map_free(node->child_map);
}

static void release_rows(struct table_rows *rows)
{
    for (uint32_t i = 0; i < rows->slot_count; i++)
        column_release(&rows->slots[i]->builder);
    free(rows->slots);
    free(rows->required);
    inherit_release(rows);
    identify_release(rows);
    name_map_free(rows->slot_map);
    column_release(&rows->own_ids);
    column_release(&rows->ids);
    column_release(&rows->parent_ids);
    column_release(&rows->list_index);
    free(rows->parents);
    free(rows->places);
}

void walker_release(struct walker *w)
{
    for (uint32_t i = 0; w->roots && i < w->options->part_capacity; i++)
        release_shape(w->roots[i]);
    for (uint32_t i = 0; i < w->table_count; i++)
        release_rows(w->tables[i]);
    for (size_t i = 0; i < w->batch_count; i++)
        table_batch_release(&w->batches[i]);
    free(w->roots);
    free(w->tables);
    free(w->objects);
    free(w->members);
    free(w->lists);
    free(w->batches);
    free(w->inherited);
    text_release(&w->identity);
    text_release(&w->discarded);
    column_release(&w->carried);
    name_map_free(w->table_map);
    batch_encoder_free(w->encoder);
    arena_release(&w->arena);
}
