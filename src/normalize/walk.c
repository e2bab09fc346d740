/* One document into rows, in dlt's order: the scalars of a level first, then its objects, the last one first; when the row is
 * complete, its lists, each element a row of a nested table, depth first. */
#include "normalize/walker.h"

#include <stdlib.h>

bool walker_grow(void **array, size_t count, size_t *capacity, size_t width)
{
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void *grown;

    if (count < *capacity)
        return true;
    grown = realloc(*array, wanted * width);
    if (!grown)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

/* ---- members of an object ------------------------------------------------------------------------------------------------------ */

static inline bool is_key(const struct node *node, struct slice key)
{
    return node && node->key.length == key.length && !memcmp(node->key.text, key.text, key.length);
}

static struct node *known_child(const struct node *parent, struct slice key)
{
    if (parent->child_map)
        return name_map_find(parent->child_map, key.text, key.length);
    for (uint32_t i = 0; i < parent->child_count; i++)
        if (is_key(parent->children[i], key))
            return parent->children[i];
    return NULL;
}

struct node *find_child(struct walker *w, struct node *parent, struct slice key)
{
    struct node *child = known_child(parent, key);

    return child ? child : bind_child(w, parent, key);
}

/* Lists the members with their nodes. Of a key that comes twice the last value counts, in the place of the first, as in Python. */
static enum spile_status list_members(struct walker *w, struct node *node, struct document object)
{
    struct document key = document_first(object);
    struct node **expected = &node->first;
    size_t size = document_size(object);

    w->serial++;
    w->member_count = 0;
    for (size_t i = 0; i < size; i++, key = document_next_key(key)) {
        struct slice name = document_text(key);
        struct node *child = *expected;

        if (!is_key(child, name)) {
            child = find_child(w, node, name);
            if (!child)
                return spile_fail_nomem(w->err);
            *expected = child;
        }
        expected = &child->next;
        if (child->seen == w->serial) {
            w->members[child->member].value = document_member(key);
            w->duplicate_keys++;
            continue;
        }
        if (!GROW(w->members, w->member_count, w->member_capacity))
            return spile_fail_nomem(w->err);
        child->seen = w->serial;
        child->member = (uint32_t)w->member_count;
        w->members[w->member_count++] = (struct member){ child, document_member(key) };
    }
    return SPILE_OK;
}

static enum spile_status stored(struct walker *w, bool ok)
{
    return ok ? SPILE_OK : spile_fail_nomem(w->err);
}

/* The hot path: the column is known and has the value's type. Everything else goes to bind_value. */
static inline enum spile_status put_scalar(struct walker *w, struct node *node, struct document value, enum document_kind kind)
{
    struct slot *slot = node->slot;
    uint32_t row = node->shape->rows->rows;

    w->weight += WEIGHT_VALUE;
    if (!slot || column_has(&slot->builder, row))
        return bind_value(w, node, value);
    if (kind == DOCUMENT_TEXT) {
        struct slice text = document_text(value);

        w->weight += text.length;
        if (slot->builder.type.type == TYPE_TEXT)
            return stored(w, column_put_text(&slot->builder, row, text.text, text.length));
    } else if (kind == DOCUMENT_INTEGER) {
        if (slot->builder.type.type == TYPE_BIGINT && slot->builder.type.precision < 0) /* else its bits count */
            return stored(w, column_put_i64(&slot->builder, row, document_integer(value)));
    } else if (kind == DOCUMENT_DOUBLE) {
        if (slot->builder.type.type == TYPE_DOUBLE)
            return stored(w, column_put_f64(&slot->builder, row, document_double(value)));
    } else if (kind == DOCUMENT_BOOL) {
        if (slot->builder.type.type == TYPE_BOOL)
            return stored(w, column_put_bool(&slot->builder, row, document_bool(value)));
    } else if (kind == DOCUMENT_BINARY) {
        w->weight += document_text(value).length;
    }
    return bind_value(w, node, value);
}

/* A row id that comes with the data is kept; what is false in Python counts as none. */
static enum spile_status put_row_id(struct walker *w, struct node *node, struct document value)
{
    struct table_rows *rows = node->shape->rows;
    enum document_kind kind = document_kind(value);
    enum spile_status status;

    if (kind == DOCUMENT_NULL || (kind == DOCUMENT_TEXT && !document_text(value).length) ||
        (kind == DOCUMENT_INTEGER && !document_integer(value)) || (kind == DOCUMENT_BOOL && !document_bool(value)))
        return SPILE_OK;
    status = bind_link(w, rows, DLT_ID);
    if (status || column_has(&rows->own_ids, rows->rows))
        return status;
    return stored(w, coerce_into(&rows->own_ids, rows->rows, value) == COERCED);
}

static enum spile_status push_object(struct walker *w, struct open_object object)
{
    if (!document_size(object.object))
        return SPILE_OK;
    if (!GROW(w->objects, w->object_count, w->object_capacity))
        return spile_fail_nomem(w->err);
    w->objects[w->object_count++] = object;
    return SPILE_OK;
}

static enum spile_status push_list(struct walker *w, struct node *node, struct document list)
{
    if (!document_size(list) || node->list_excluded)
        return SPILE_OK;
    if (!GROW(w->lists, w->list_count, w->list_capacity))
        return spile_fail_nomem(w->err);
    w->lists[w->list_count++] = (struct pending_list){ node, list };
    return SPILE_OK;
}

/* A scalar, or a whole object or list, of a key that is more than data. */
static enum spile_status put_special(struct walker *w, struct node *node, struct document value, enum document_kind kind)
{
    if (node->role == NODE_LINK && kind != DOCUMENT_OBJECT && kind != DOCUMENT_LIST)
        return bind_link(w, node->shape->rows, node->path);
    if (node->role == NODE_ROW_ID && kind != DOCUMENT_OBJECT && kind != DOCUMENT_LIST)
        return put_row_id(w, node, value);
    if (node->role == NODE_INHERITED) {
        bool inherited;
        enum spile_status status = inherit_member(w, node, &inherited);

        if (status || inherited)
            return status;
    }
    identify_key(node, value);
    if (kind == DOCUMENT_NULL || node->role == NODE_EXCLUDED)
        return SPILE_OK;
    bequeath(node, value);
    w->weight += WEIGHT_VALUE + (kind == DOCUMENT_TEXT || kind == DOCUMENT_BINARY ? document_text(value).length : 0);
    return bind_value(w, node, value); /* put_scalar has one caller, so that it is part of put_member */
}

enum spile_status put_member(struct walker *w, struct node *node, struct document value, int level)
{
    enum document_kind kind = document_kind(value);
    enum spile_status status;
    bool whole = level <= 0;

    if (kind != DOCUMENT_OBJECT && kind != DOCUMENT_LIST) {
        if (node->role != NODE_DATA)
            return put_special(w, node, value, kind);
        return kind == DOCUMENT_NULL ? SPILE_OK : put_scalar(w, node, value, kind);
    }
    if (!whole) {
        status = bind_is_json(w, node, &whole);
        if (status)
            return status;
    }
    if (!whole)
        return kind == DOCUMENT_LIST ? push_list(w, node, value) : push_object(w, (struct open_object){ value, node, level - 1 });
    return node->role == NODE_DATA ? bind_value(w, node, value) : put_special(w, node, value, kind);
}

/* Puts the fields of one object's members and of the objects below; lists are remembered. */
static enum spile_status flatten(struct walker *w, struct shape *shape, struct document object)
{
    size_t bottom = w->object_count;
    enum spile_status status = push_object(w, (struct open_object){ object, &shape->root, shape->level });

    while (!status && w->object_count > bottom) {
        struct open_object open = w->objects[--w->object_count];

        status = list_members(w, open.node, open.object);
        for (size_t i = 0; !status && i < w->member_count; i++)
            status = put_member(w, w->members[i].node, w->members[i].value, open.level);
    }
    w->object_count = bottom;
    return status;
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

bool grow_links(struct table_rows *rows)
{
    uint32_t capacity = rows->link_capacity ? rows->link_capacity * 2 : 64;
    struct row_ref *parents;
    struct row_place *places;

    parents = realloc(rows->parents, capacity * sizeof(*parents));
    if (parents)
        rows->parents = parents;
    places = realloc(rows->places, capacity * sizeof(*places));
    if (places)
        rows->places = places;
    if (!parents || !places || (rows->ancestor_count && !inherit_grow(rows, capacity)))
        return false;
    rows->link_capacity = capacity;
    return true;
}

/* Completes the row that was filled: in a list (`frame` is its parent's) at `index`, or an item's. */
static enum spile_status end_row(struct walker *w, struct table_rows *rows, const struct frame *frame, uint64_t index, struct row_place place)
{
    enum spile_status status = rows->linked ? SPILE_OK : bind_links(w, rows);

    if (!status && rows->required_count)
        status = check_required(w, rows);
    if (status)
        return status;
    if ((rows->rows == rows->link_capacity && !grow_links(rows)) || (!rows->root && !column_put_i64(&rows->list_index, rows->rows, (int64_t)index)))
        return spile_fail_nomem(w->err);
    rows->parents[rows->rows] = frame ? frame->ref : (struct row_ref){ NULL, NO_PARENT };
    rows->places[rows->rows] = frame ? (struct row_place){ index, 0 } : place;
    rows->rows++;
    w->rows++;
    w->weight += WEIGHT_ROW;
    return SPILE_OK;
}

static enum spile_status visit_lists(struct walker *w, size_t from, struct row_ref row);

/* Is the object or list at this node a value of the row? Of `level` as in put_member. */
static bool is_value(const struct node *node, int level)
{
    return level <= 0 || node->json == JSON_YES || (node->slot ? node->slot->builder.type.type : node->preferred) == TYPE_JSON;
}

/* Has the object a key of which it is known that its rows are left out? Then nothing of the row may change the schema, as in dlt. */
static bool has_refused_key(const struct node *node, struct document object, int level)
{
    struct document key = document_first(object);
    size_t size = document_size(object);

    for (size_t i = 0; i < size; i++, key = document_next_key(key)) {
        const struct node *child = known_child(node, document_text(key));
        struct document value = document_member(key);
        enum document_kind kind = document_kind(value);

        if (!child || kind == DOCUMENT_NULL)
            continue;
        if ((kind == DOCUMENT_OBJECT || kind == DOCUMENT_LIST) && !is_value(child, level)) {
            if (kind == DOCUMENT_OBJECT && has_refused_key(child, value, level - 1))
                return true;
        } else if (child->refused_rows == REFUSED_ALL) {
            return true;
        }
    }
    return false;
}

/* What to go back to when the row is left out. */
struct row_begin {
    size_t lists, discarded;
    uint64_t refused_values;
};

/* The row that was being filled is left out, with its lists; what was noted of its values goes with it. */
static void drop_row(struct walker *w, struct table_rows *rows, const struct row_begin *begin)
{
    for (uint32_t i = 0; i < rows->slot_count; i++)
        column_take_back(&rows->slots[i]->builder, rows->rows);
    column_take_back(&rows->own_ids, rows->rows);
    rows->refused_values = begin->refused_values;
    text_shorten(&w->discarded, begin->discarded);
    w->list_count = begin->lists;
    w->row_refused = false;
}

/* Counts the row that is left out, and notes it. */
static enum spile_status leave_out(struct walker *w, struct shape *shape, const char *wrap, struct document value)
{
    enum spile_status status = w->options->discard && !wrap ? name_refusal(w, shape, value) : SPILE_OK;

    shape->rows->refused_rows++;
    return status ? status : stored(w, discard_row(w, shape->rows, wrap, value));
}

/* One row of the shape, and the rows below it. With `wrap` the value is a field of that name; else it is the object. */
static enum spile_status walk_row(struct walker *w, struct shape *shape, struct document value, const char *wrap, const struct frame *frame,
                                  uint64_t index, struct row_place place)
{
    struct table_rows *rows = shape->rows;
    struct row_begin begin = { w->list_count, w->discarded.length, rows->refused_values };
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; i < rows->bequest_count; i++)
        rows->bequests[i].given = false;
    if (rows->identity)
        identify_begin(w, rows);
    w->row = (struct row_in_work){ .shape = wrap ? NULL : shape, .value = value };
    if (shape->refuses && !wrap && has_refused_key(&shape->root, value, shape->level))
        return leave_out(w, shape, wrap, value);
    if (w->inherited_count)
        status = inherit_begin(w, shape);
    if (status)
        return status;
    if (wrap) {
        struct node *node = is_key(shape->root.first, slice_of(wrap)) ? shape->root.first : find_child(w, &shape->root, slice_of(wrap));

        if (!node)
            return spile_fail_nomem(w->err);
        shape->root.first = node;
        status = put_member(w, node, value, shape->level); /* a scalar or a list */
    } else {
        status = flatten(w, shape, value);
    }
    if (!status && w->inherited_count && !w->row.known)
        status = inherit(w, shape);
    if (!status && w->row_refused) {
        /* As in dlt: the rest of the row has changed the schema, unless it was known beforehand that the row would be left out. */
        status = rows->linked || w->row.known ? SPILE_OK : bind_links(w, rows);
        drop_row(w, rows, &begin);
        return status ? status : leave_out(w, shape, wrap, value);
    }
    if (!status && rows->identity)
        status = identify_row(w, rows, value, wrap);
    if (!status)
        status = end_row(w, rows, frame, index, place);
    if (!status && w->list_count > begin.lists)
        status = visit_lists(w, begin.lists, (struct row_ref){ rows, rows->rows - 1 });
    w->list_count = begin.lists;
    if (!status && w->weight >= CUT_WEIGHT)
        status = cut_rows(w);
    return status;
}

static enum spile_status walk_list(struct walker *w, struct shape *shape, struct document list, const struct frame *frame)
{
    struct document element = document_first(list);
    size_t size = document_size(list);
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < size; i++, element = document_next(element)) {
        enum document_kind kind = document_kind(element);

        if (kind == DOCUMENT_OBJECT) {
            status = walk_row(w, shape, element, NULL, frame, i, (struct row_place){ 0 });
        } else if (kind == DOCUMENT_LIST) {
            struct shape *inner;

            status = bind_inner(w, shape, &inner);
            if (!status)
                status = walk_row(w, inner, element, "list", frame, i, (struct row_place){ 0 });
        } else {
            status = walk_row(w, shape, element, "value", frame, i, (struct row_place){ 0 });
        }
    }
    return status;
}

/* Has an earlier list of the same row taken this node's table? */
static bool is_taken(const struct walker *w, size_t from, size_t i)
{
    const struct node *node = w->lists[i].node;

    for (size_t other = from; node->rival && other < i; other++)
        if (w->lists[other].node != node && w->lists[other].node->list && w->lists[other].node->list->rows == node->list->rows)
            return true;
    return false;
}

static enum spile_status visit_lists(struct walker *w, size_t from, struct row_ref row)
{
    struct frame frame = { w->frame, row };
    size_t to = w->list_count, inherited = w->inherited_count;
    enum spile_status status = SPILE_OK;

    if (row.rows->bequest_count && !inherit_push(w, row.rows, &frame))
        return spile_fail_nomem(w->err);
    w->frame = &frame;
    for (size_t i = from; !status && i < to; i++) {
        struct pending_list pending = w->lists[i];
        struct shape *shape;

        status = bind_list(w, pending.node, false, &shape);
        if (!status && is_taken(w, from, i))
            status = bind_list(w, pending.node, true, &shape);
        if (!status && shape->rows->refused) {
            shape->rows->refused_rows += document_size(pending.list);
            status = stored(w, discard_list(w, shape->rows, pending.list));
        } else if (!status) {
            status = walk_list(w, shape, pending.list, &frame);
        }
    }
    w->frame = frame.up;
    w->inherited_count = inherited;
    return status;
}

/* ---- items ---------------------------------------------------------------------------------------------------------------------- */

/* A list in the array of items: each of its elements is an item. */
static enum spile_status walk_page(struct walker *w, struct shape *shape, struct document page, uint64_t offset)
{
    struct document element = document_first(page);
    size_t size = document_size(page);
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < size; i++, element = document_next(element)) {
        enum document_kind kind = document_kind(element);

        if (kind != DOCUMENT_NULL)
            status = walk_row(w, shape, element, kind == DOCUMENT_OBJECT ? NULL : "value", NULL, 0,
                              (struct row_place){ offset, (uint32_t)i + 1 });
    }
    return status;
}

enum spile_status walk_item(struct walker *w, uint32_t part, struct document item, bool element, uint64_t offset)
{
    enum document_kind kind = document_kind(item);
    struct shape *shape = w->roots[part];
    enum spile_status status = SPILE_OK;

    if (kind == DOCUMENT_NULL || (kind == DOCUMENT_LIST && element && !document_size(item)))
        return SPILE_OK;
    w->offset = offset;
    if (!shape)
        status = bind_root(w, part, &shape);
    if (status)
        return status;
    if (shape->rows->refused) {
        bool page = kind == DOCUMENT_LIST && element;

        shape->rows->refused_rows += page ? document_size(item) : 1;
        return stored(w, page ? discard_list(w, shape->rows, item) : discard_row(w, shape->rows, NULL, item));
    }
    if (kind == DOCUMENT_LIST && element)
        return walk_page(w, shape, item, offset);
    return walk_row(w, shape, item, kind == DOCUMENT_OBJECT ? NULL : "value", NULL, 0, (struct row_place){ offset, 0 });
}
