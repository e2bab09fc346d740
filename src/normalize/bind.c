/* Binds keys to columns and lists to tables when they are first met: the slow path of the walk, and the only place that reads or changes
 * the shared schema. A change waits for the chunk's turn. */
#include "normalize/walker.h"

#include <stdlib.h>

#include "data/json.h"
#include "schema/naming.h"

#define VARIANTS_MAX 4

/* Another chunk failed: this worker's result is of no use any more. Not an error of its own. */
static enum spile_status stopped(struct walker *w)
{
    return spile_fail(w->err, SPILE_CANCELLED, "stopped");
}

/* Waits for the right to change the schema, and takes its lock. */
static enum spile_status begin_change(struct walker *w)
{
    if (!turns_wait(w->turns, w->number))
        return stopped(w);
    pthread_mutex_lock(w->schema_lock);
    return SPILE_OK;
}

static void end_change(struct walker *w)
{
    pthread_mutex_unlock(w->schema_lock);
}

static const struct naming *naming_of(const struct walker *w)
{
    return &w->options->schema->naming;
}

/* The same for paths that are not shortened before they are complete. */
static struct naming unlimited(const struct walker *w)
{
    return (struct naming){ .convention = naming_of(w)->convention };
}

/* ---- tables --------------------------------------------------------------------------------------------------------------------- */

/* What a table is made from when the schema does not have it yet. */
struct table_wish {
    const char *name;
    const struct normalize_part *part; /* a root table; else: */
    const struct table_rows *parent;
};

static const struct normalize_part *part_named(const struct walker *w, const char *name)
{
    for (uint32_t i = 0; i < w->options->part_count; i++)
        if (!strcmp(w->options->parts[i].table, name))
            return &w->options->parts[i];
    return NULL;
}

static struct table *make_root_table(struct schema *schema, const struct normalize_part *part, const char *name)
{
    struct table *table = schema_add_root_table(schema, name, part->resource);

    if (!table || !table_set_write(schema, table, part->replace) ||
        (part->max_nesting_given && !table_set_max_nesting(schema, table, part->max_nesting)) ||
        (part->contract_given && contract_set_table(schema, table, part->contract_given, NULL)))
        return NULL;
    table->evolves_once = true;
    return table;
}

static struct table *make_table(struct schema *schema, const struct table_wish *wish)
{
    struct table *table = wish->part ? make_root_table(schema, wish->part, wish->name)
                                     : schema_add_nested_table(schema, wish->name, wish->parent->table);

    if (table)
        table->in_first_row = true;
    return table;
}

/* What is wanted, what may not be, who says so, and what to do. The place in the input is added by the caller. */
static enum spile_status fail_frozen(struct walker *w, const struct contract *contract, enum contract_entity entity, const char *table,
                                     const char *column, const struct document *value)
{
    const char *name = contract_entity_name(entity);
    char extract[SHORTEN_BYTES] = "";
    struct text json = { 0 };

    if (value) {
        json_write(&json, *value);
        shorten(extract, json.text ? json.text : "", json.length);
        text_release(&json);
    }
    if (entity == CONTRACT_TABLES)
        spile_fail(w->err, SPILE_CONTRACT, "the contract freezes tables, the data needs a new table \"%s\"", table);
    else
        spile_fail(w->err, SPILE_CONTRACT, "the contract freezes %s, value %s needs a new column \"%s\" of table \"%s\"", name, extract,
                   column, table);
    spile_within(w->err, SPILE_CONTRACT, "contract \"%s: freeze\" of %s%s", name, strcmp(contract->set_by, "the schema") ? "table " : "",
                 contract->set_by);
    return spile_hint(w->err, SPILE_CONTRACT, "let the schema follow with --contract %s=evolve, leave such data out with %s=discard_row or "
                                              "%s=discard_value, or correct the input", name, name, name);
}

/* *table is NULL when the contract refuses it. */
static enum spile_status find_or_make_table(struct walker *w, const struct table_wish *wish, struct table **table)
{
    const struct contract *contract = wish->part ? &wish->part->contract : &wish->parent->contract;
    enum contract_mode mode = contract->modes[CONTRACT_TABLES];
    enum spile_status status;

    pthread_mutex_lock(w->schema_lock);
    *table = schema_find_table(w->options->schema, wish->name);
    pthread_mutex_unlock(w->schema_lock);
    if (*table)
        return SPILE_OK;
    status = begin_change(w);
    if (status)
        return status;
    *table = schema_find_table(w->options->schema, wish->name);
    if (!*table && mode == CONTRACT_FREEZE)
        status = fail_frozen(w, contract, CONTRACT_TABLES, wish->name, NULL, NULL);
    else if (!*table && mode == CONTRACT_EVOLVE && !(*table = make_table(w->options->schema, wish)))
        status = spile_fail_nomem(w->err);
    end_change(w);
    return status;
}

/* Keeps parents before their children: the order in which row ids are made. */
static bool insert_rows(struct walker *w, struct table_rows *rows)
{
    uint32_t i;

    if (w->table_count == w->table_capacity) {
        uint32_t capacity = w->table_capacity ? w->table_capacity * 2 : 16;
        struct table_rows **tables = realloc(w->tables, capacity * sizeof(*tables));

        if (!tables)
            return false;
        w->tables = tables;
        w->table_capacity = capacity;
    }
    for (i = w->table_count; i > 0 && w->tables[i - 1]->path_length > rows->path_length; i--)
        w->tables[i] = w->tables[i - 1];
    w->tables[i] = rows;
    w->table_count++;
    return name_map_put(w->table_map, rows->name, strlen(rows->name), rows);
}

/* `table` NULL: one that the contract refuses. */
static struct table_rows *new_rows(struct walker *w, const char *name, struct table *table, size_t path_length)
{
    struct table_rows *rows = arena_zalloc(&w->arena, sizeof(*rows));

    if (!rows || !(rows->slot_map = name_map_new(naming_collides(naming_of(w)))))
        return NULL;
    rows->name = name;
    rows->table = table;
    rows->refused = !table;
    rows->root = table && !table->parent;
    rows->path_length = path_length;
    rows->own_ids.type.type = rows->ids.type.type = rows->parent_ids.type.type = TYPE_TEXT;
    rows->list_index.type.type = TYPE_BIGINT;
    if (insert_rows(w, rows))
        return rows;
    name_map_free(rows->slot_map);
    return NULL;
}

static enum spile_status bind_rows(struct walker *w, const struct table_wish *wish, size_t path_length, struct table_rows **rows)
{
    struct table *table;
    enum spile_status status;

    *rows = name_map_find(w->table_map, wish->name, strlen(wish->name));
    if (*rows)
        return SPILE_OK;
    status = find_or_make_table(w, wish, &table);
    if (status)
        return status;
    *rows = new_rows(w, table ? table->name : wish->name, table, path_length);
    if (!*rows)
        return spile_fail_nomem(w->err);
    pthread_mutex_lock(w->schema_lock);
    status = table ? contract_of(&(*rows)->contract, w->options->schema, table, w->err) : SPILE_OK;
    pthread_mutex_unlock(w->schema_lock);
    return status;
}

static struct shape *new_shape(struct walker *w, const char *table_path, int level)
{
    struct shape *shape = arena_zalloc(&w->arena, sizeof(*shape));

    if (!shape)
        return NULL;
    shape->table_path = table_path;
    shape->level = level;
    shape->root.shape = shape;
    shape->root.path = "";
    return shape;
}

enum spile_status bind_root(struct walker *w, uint32_t part_index, struct shape **out)
{
    const struct normalize_part *part = &w->options->parts[part_index];
    struct table_wish wish = { part->table, part, NULL };
    struct shape *shape = new_shape(w, part->table, part->max_nesting);
    enum spile_status status;

    if (!shape)
        return spile_fail_nomem(w->err);
    status = bind_rows(w, &wish, strlen(part->table), &shape->rows);
    if (!status)
        *out = w->roots[part_index] = shape;
    return status;
}

/* The keys from the row down to the node as they came, to tell apart names that collide. */
static void source_path(const struct node *node, struct text *out)
{
    if (node->parent)
        source_path(node->parent, out);
    text_append(out, node->key.text, node->key.length);
    text_putc(out, '\x1f');
}

static char *distinct_name(struct arena *arena, const struct walker *w, const struct node *node, struct slice name)
{
    struct text path = { 0 };
    char *result;

    source_path(node, &path);
    result = path.failed ? NULL : naming_distinct(arena, naming_of(w), name, (struct slice){ path.text, path.length });
    text_release(&path);
    return result;
}

/* A path, not shortened. */
static char *join_path(struct walker *w, const char *a, const char *b)
{
    struct slice parts[] = { slice_of(a), slice_of(b) };
    struct naming naming = unlimited(w);

    return naming_join(&w->arena, &naming, parts, 2);
}

static char *shortened(struct walker *w, const char *path)
{
    return naming_join(&w->arena, naming_of(w), &(struct slice){ path, strlen(path) }, 1);
}

/* Notes which lists of the shape go to one table, since two of them in one row must be kept apart. */
static bool note_rival(const struct walker *w, struct shape *shape, struct node *node, const char *table_name)
{
    struct node *other;

    if (!shape->list_names && !(shape->list_names = name_map_new(naming_collides(naming_of(w)))))
        return false;
    other = name_map_find(shape->list_names, table_name, strlen(table_name));
    if (!other)
        return name_map_put(shape->list_names, table_name, strlen(table_name), node);
    if (other != node)
        other->rival = node->rival = true;
    return true;
}

enum spile_status bind_list(struct walker *w, struct node *node, bool apart, struct shape **out)
{
    struct shape **bound = apart ? &node->list_apart : &node->list, *parent = node->shape, *shape;
    struct table_wish wish = { .parent = parent->rows };
    char *path;
    enum spile_status status;

    *out = *bound;
    if (*bound)
        return SPILE_OK;
    path = join_path(w, parent->table_path, node->path);
    if (path && apart)
        path = distinct_name(&w->arena, w, node, slice_of(path));
    if (!path || !(wish.name = shortened(w, path)))
        return spile_fail_nomem(w->err);
    wish.part = part_named(w, wish.name);
    shape = new_shape(w, path, parent->level - 1);
    if (!shape || (!apart && !note_rival(w, parent, node, wish.name)))
        return spile_fail_nomem(w->err);
    status = bind_rows(w, &wish, strlen(path), &shape->rows);
    if (!status)
        *out = *bound = shape;
    return status;
}

enum spile_status bind_inner(struct walker *w, struct shape *list, struct shape **out)
{
    struct shape *inner = list->inner;

    if (!inner) {
        inner = new_shape(w, list->table_path, list->level - 1);
        if (!inner)
            return spile_fail_nomem(w->err);
        inner->rows = list->rows;
        list->inner = inner;
    }
    *out = inner;
    return SPILE_OK;
}

/* ---- keys ----------------------------------------------------------------------------------------------------------------------- */

static enum node_role role_of(const struct node *node)
{
    bool root = node->shape->rows->root;

    if (node->parent->parent || !strcmp(node->path, DLT_ID))
        return node->parent->parent ? NODE_DATA : NODE_ROW_ID;
    if (root)
        return strcmp(node->path, DLT_LOAD_ID) ? NODE_DATA : NODE_LINK;
    return strcmp(node->path, DLT_PARENT_ID) && strcmp(node->path, DLT_LIST_INDEX) ? NODE_DATA : NODE_LINK;
}

static bool add_child(struct node *parent, struct node *child)
{
    if (parent->child_count == parent->child_capacity) {
        uint32_t capacity = parent->child_capacity ? parent->child_capacity * 2 : 4;
        struct node **children = realloc(parent->children, capacity * sizeof(struct node *));

        if (!children)
            return false;
        parent->children = children;
        parent->child_capacity = capacity;
    }
    parent->children[parent->child_count++] = child;
    if (parent->child_count < CHILD_MAP_MIN)
        return true;
    if (parent->child_map)
        return name_map_put(parent->child_map, child->key.text, child->key.length, child);
    parent->child_map = name_map_new(false);
    for (uint32_t i = 0; parent->child_map && i < parent->child_count; i++)
        if (!name_map_put(parent->child_map, parent->children[i]->key.text, parent->children[i]->key.length, parent->children[i]))
            return false;
    return parent->child_map;
}

struct node *bind_child(struct walker *w, struct node *parent, struct slice key)
{
    struct node *node = arena_zalloc(&w->arena, sizeof(*node));
    char *name = node ? naming_path(&w->arena, naming_of(w), key) : NULL;

    if (!name)
        return NULL;
    node->key = (struct slice){ arena_copy(&w->arena, key.text, key.length), key.length };
    node->parent = parent;
    node->shape = parent->shape;
    node->path = join_path(w, parent->path, name);
    if (!node->key.text || !node->path || !add_child(parent, node))
        return NULL;
    node->column_name = shortened(w, node->path);
    node->role = role_of(node);
    return node->column_name ? node : NULL;
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

static struct slot *new_slot(struct walker *w, struct table_rows *rows, const struct column *column)
{
    struct slot *slot = arena_zalloc(&w->arena, sizeof(*slot));

    if (!slot)
        return NULL;
    if (rows->slot_count == rows->slot_capacity) {
        uint32_t capacity = rows->slot_capacity ? rows->slot_capacity * 2 : 16;
        struct slot **slots = realloc(rows->slots, capacity * sizeof(*slots));

        if (!slots)
            return NULL;
        rows->slots = slots;
        rows->slot_capacity = capacity;
    }
    slot->builder.type = column->type;
    slot->name = column->name;
    slot->index = column->index;
    rows->slots[rows->slot_count++] = slot;
    return name_map_put(rows->slot_map, slot->name, strlen(slot->name), slot) ? slot : NULL;
}

/* The column as this worker or the schema knows it; *slot is NULL when there is none. */
static enum spile_status find_slot(struct walker *w, struct table_rows *rows, const char *name, struct slot **slot)
{
    const struct column *column;
    struct column copy;

    *slot = name_map_find(rows->slot_map, name, strlen(name));
    if (*slot)
        return SPILE_OK;
    pthread_mutex_lock(w->schema_lock);
    column = table_find_column(rows->table, name);
    if (column)
        copy = *column;
    pthread_mutex_unlock(w->schema_lock);
    if (column && !(*slot = new_slot(w, rows, &copy)))
        return spile_fail_nomem(w->err);
    return SPILE_OK;
}

/* What the contract says of a new column. In the schema's lock. Names like the engine's own are let in, as in dlt. */
static enum contract_mode mode_of_column(const struct table_rows *rows, const char *name, bool variant)
{
    if (!strncmp(name, DLT_PREFIX, strlen(DLT_PREFIX)))
        return CONTRACT_EVOLVE;
    if (variant)
        return rows->contract.modes[CONTRACT_DATA_TYPE];
    return rows->table->in_first_row || rows->table->evolves_once ? CONTRACT_EVOLVE : rows->contract.modes[CONTRACT_COLUMNS];
}

/* *slot is NULL when the contract refuses the column: *mode says how. */
static enum spile_status find_or_make_slot(struct walker *w, struct table_rows *rows, const char *name, enum data_type type, bool variant,
                                           struct slot **slot, enum contract_mode *mode)
{
    enum spile_status status = find_slot(w, rows, name, slot);
    struct column *column;

    if (status || *slot)
        return status;
    status = begin_change(w);
    if (status)
        return status;
    column = table_find_column(rows->table, name);
    *mode = column ? CONTRACT_EVOLVE : mode_of_column(rows, name, variant);
    if (!column && *mode == CONTRACT_EVOLVE)
        column = table_add_column(w->options->schema, rows->table, name, type, variant);
    if (column)
        *slot = new_slot(w, rows, column);
    end_change(w);
    return *slot || *mode != CONTRACT_EVOLVE ? SPILE_OK : spile_fail_nomem(w->err);
}

enum spile_status bind_is_json(struct walker *w, struct node *node, bool *is_json)
{
    struct slot *slot = node->slot;
    enum spile_status status = SPILE_OK;

    if (!slot && node->json != JSON_NO)
        status = find_slot(w, node->shape->rows, node->column_name, &slot);
    *is_json = slot && slot->builder.type.type == TYPE_JSON;
    /* Without a limit on nesting no json column can come up during the run, so the answer stays. */
    if (!w->nesting_limited)
        node->json = *is_json ? JSON_YES : JSON_NO;
    return status;
}

enum spile_status bind_links(struct walker *w, struct table_rows *rows)
{
    const struct table *table = rows->table;
    enum spile_status status = SPILE_OK;
    bool complete;

    pthread_mutex_lock(w->schema_lock);
    complete = table->row_id && (rows->root ? table->load_id != NULL : table->parent_id && table->list_index);
    pthread_mutex_unlock(w->schema_lock);
    if (!complete) {
        status = begin_change(w);
        if (status)
            return status;
        if (!table_add_links(w->options->schema, rows->table))
            status = spile_fail_nomem(w->err);
        end_change(w);
    }
    if (status)
        return status;
    pthread_mutex_lock(w->schema_lock);
    rows->table->in_first_row = false;
    rows->row_id_index = table->row_id->index;
    if (!rows->root) {
        rows->parent_id_index = table->parent_id->index;
        rows->list_index_index = table->list_index->index;
    }
    pthread_mutex_unlock(w->schema_lock);
    rows->linked = true;
    return SPILE_OK;
}

enum spile_status bind_link(struct walker *w, struct table_rows *rows, const char *name)
{
    enum data_type type = strcmp(name, DLT_LIST_INDEX) ? TYPE_TEXT : TYPE_BIGINT;
    bool there;
    enum spile_status status;

    if (rows->linked)
        return SPILE_OK;
    pthread_mutex_lock(w->schema_lock);
    there = table_find_column(rows->table, name);
    pthread_mutex_unlock(w->schema_lock);
    if (there)
        return SPILE_OK;
    status = begin_change(w);
    if (status)
        return status;
    if (!table_find_column(rows->table, name) && !table_add_column(w->options->schema, rows->table, name, type, false))
        status = spile_fail_nomem(w->err);
    end_change(w);
    return status;
}

/* ---- values --------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_value(struct walker *w, const struct table_rows *rows, const char *column, struct document value)
{
    struct text json = { 0 };
    char extract[SHORTEN_BYTES];

    json_write(&json, value);
    spile_fail(w->err, SPILE_SOURCE, "value %s fits no column", shorten(extract, json.text ? json.text : "", json.length));
    text_release(&json);
    spile_within(w->err, SPILE_SOURCE, "column \"%s\", table \"%s\"", column, rows->name);
    return spile_hint(w->err, SPILE_SOURCE, "rename the key: its column and every variant of it are taken by other keys");
}

/* Tries a column bound before. */
static enum coerced try_slot(struct slot *slot, uint32_t row, struct document value)
{
    return slot && !column_has(&slot->builder, row) ? coerce_into(&slot->builder, row, value) : NOT_COERCED;
}

/* Remembers where the value found its place, so that the next one of its natural type goes there directly. */
static void remember(struct node *node, enum data_type type, struct slot *slot, bool apart, int variant)
{
    if (apart && !variant)
        node->apart = slot;
    else if (!apart && variant == 1) /* not a variant of the variant: the first one must be tried again */
        node->variants[type] = slot;
    else if (!apart && !variant)
        node->slot = slot;
}

static char *variant_name(struct arena *arena, const struct walker *w, const char *column, struct document value)
{
    struct slice parts[] = { slice_of(column), slice_of(arena_printf(arena, "v_%s", data_type_name(natural_type(value)))) };

    return parts[1].text ? naming_join(arena, naming_of(w), parts, 2) : NULL;
}

/* A value that wants a column the contract does not let it have. Remembered, so that the next one need not wait for its turn. */
static enum spile_status refuse_value(struct walker *w, struct node *node, const struct document *value, const char *column, bool variant,
                                      enum contract_mode mode)
{
    struct table_rows *rows = node->shape->rows;
    uint32_t types = variant ? 1u << natural_type(*value) : REFUSED_ALL;

    if (mode == CONTRACT_FREEZE)
        return fail_frozen(w, &rows->contract, variant ? CONTRACT_DATA_TYPE : CONTRACT_COLUMNS, rows->name, column, value);
    if (mode == CONTRACT_DISCARD_ROW) {
        node->shape->refuses |= !variant;
        node->refused_rows |= types;
        w->row_refused = true;
    } else {
        node->refused_values |= types;
        rows->refused_values++;
    }
    return SPILE_OK;
}

/* Has the contract refused such a value before? */
static bool is_refused(struct walker *w, struct node *node, struct document value)
{
    uint32_t type;

    if (!node->refused_rows && !node->refused_values)
        return false;
    type = 1u << natural_type(value);
    w->row_refused |= node->refused_rows & type;
    node->shape->rows->refused_values += !(node->refused_rows & type) && (node->refused_values & type);
    return (node->refused_rows | node->refused_values) & type;
}

/* Column by column: the key's own; the same with a tag when another key of the row has taken it; a variant when the value does not fit. */
static enum spile_status place_value(struct walker *w, struct node *node, struct document value, struct arena *scratch)
{
    struct table_rows *rows = node->shape->rows;
    const char *name = node->column_name;
    bool apart = false;
    int variant = 0;

    while (variant < VARIANTS_MAX) {
        struct slot *slot;
        enum contract_mode mode;
        enum spile_status status = find_or_make_slot(w, rows, name, inferred_type(value), variant > 0, &slot, &mode);

        if (status)
            return status;
        if (!slot)
            return refuse_value(w, node, &value, name, variant > 0, mode);
        if (column_has(&slot->builder, rows->rows)) {
            if (apart)
                return fail_value(w, rows, name, value);
            apart = true;
            name = distinct_name(scratch, w, node, slice_of(name));
        } else {
            enum coerced result = coerce_into(&slot->builder, rows->rows, value);

            if (result != COERCED_NOMEM)
                remember(node, natural_type(value), slot, apart, variant);
            if (result != NOT_COERCED)
                return result == COERCED ? SPILE_OK : spile_fail_nomem(w->err);
            variant++;
            name = variant_name(scratch, w, name, value);
        }
        if (!name)
            return spile_fail_nomem(w->err);
    }
    return fail_value(w, rows, name, value);
}

enum spile_status bind_value(struct walker *w, struct node *node, struct document value)
{
    uint32_t row = node->shape->rows->rows;
    struct arena scratch = { 0 };
    enum coerced result = NOT_COERCED;
    enum spile_status status;

    if (node->slot && !column_has(&node->slot->builder, row)) {
        result = coerce_into(&node->slot->builder, row, value);
        if (result == NOT_COERCED)
            result = try_slot(node->variants[natural_type(value)], row, value);
    } else if (node->slot) {
        result = try_slot(node->apart, row, value);
    }
    if (result != NOT_COERCED)
        return result == COERCED ? SPILE_OK : spile_fail_nomem(w->err);
    if (is_refused(w, node, value))
        return SPILE_OK;
    status = place_value(w, node, value, &scratch);
    arena_release(&scratch);
    return status;
}
