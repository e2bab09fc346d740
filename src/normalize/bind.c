/* Binds lists to tables and keys to nodes when they are first met. With place.c the slow path of the walk, and the only places that read or
 * change the shared schema. A change waits for the chunk's turn. */
#include "normalize/walker.h"

#include <stdlib.h>

#include "data/json.h"
#include "schema/naming.h"

/* Another chunk failed: this worker's result is of no use any more. Not an error of its own. */
static enum spile_status stopped(struct walker *w)
{
    return spile_fail(w->err, SPILE_CANCELLED, "stopped");
}

/* Waits for the right to change the schema, and takes its lock. */
enum spile_status begin_change(struct walker *w)
{
    if (!turns_wait(w->turns, w->number))
        return stopped(w);
    pthread_mutex_lock(w->schema_lock);
    return SPILE_OK;
}

void end_change(struct walker *w)
{
    pthread_mutex_unlock(w->schema_lock);
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

/* Parts that came after the chunk in work do not count, so that it does not matter when the chunk is walked. */
static const struct normalize_part *part_named(const struct walker *w, const char *name)
{
    const struct normalize_part *found = NULL;

    pthread_mutex_lock(w->schema_lock);
    for (uint32_t i = 0; !found && i < w->options->part_count; i++)
        if (w->options->parts[i].since <= w->number && !strcmp(w->options->parts[i].table, name))
            found = &w->options->parts[i];
    pthread_mutex_unlock(w->schema_lock);
    return found;
}

struct table *normalize_root_table(struct schema *schema, const struct normalize_part *part)
{
    struct table *table = schema_add_root_table(schema, part->table, part->resource);

    if (!table || !table_write_set(schema, table, &part->write) || !schema_extend_table(schema, table) ||
        (part->max_nesting_given && !table_set_max_nesting(schema, table, part->max_nesting)) ||
        (part->contract_given && contract_set_table(schema, table, part->contract_given, NULL)))
        return NULL;
    table->evolves_once = true;
    return table;
}

static struct table *make_table(struct schema *schema, const struct table_wish *wish)
{
    struct table *table = wish->part ? normalize_root_table(schema, wish->part)
                                     : schema_add_nested_table(schema, wish->name, wish->parent->table);

    if (table)
        table->in_first_row = true;
    return table;
}

/* What is wanted, what may not be, who says so, and what to do. The place in the input is added by the caller. */
enum spile_status fail_frozen(struct walker *w, const struct contract *contract, enum contract_entity entity, const char *table,
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

enum contract_mode mode_in_force(const struct walker *w, enum contract_mode mode)
{
    return mode == CONTRACT_FREEZE && w->options->evolves_frozen ? CONTRACT_EVOLVE : mode;
}

/* *table is NULL when the contract refuses it. */
static enum spile_status find_or_make_table(struct walker *w, const struct table_wish *wish, struct table **table)
{
    const struct contract *contract = wish->part ? &wish->part->contract : &wish->parent->contract;
    enum contract_mode mode = mode_in_force(w, contract->modes[CONTRACT_TABLES]);
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

enum spile_status check_id_column(struct walker *w, const struct table *table, const struct column *column)
{
    if (!column || column->type.type == TYPE_TEXT)
        return SPILE_OK;
    spile_fail(w->err, SPILE_CONFIG, "column \"%s\" of table \"%s\" is %s, but is to hold ids", column->name, table->name, data_type_name(column->type.type));
    return spile_hint(w->err, SPILE_CONFIG, "load into another table: ids are texts");
}

/* Arrow batches that brought columns of these names may have made them anything else with dlt. */
static enum spile_status check_ids(struct walker *w, const struct table *table)
{
    enum spile_status status = check_id_column(w, table, table->load_id);

    if (!status)
        status = check_id_column(w, table, table->row_id);
    return status ? status : check_id_column(w, table, table->parent_id);
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
    (*rows)->contract = wish->part ? wish->part->contract : wish->parent->contract;
    if (!table)
        return SPILE_OK;
    pthread_mutex_lock(w->schema_lock);
    status = contract_of(&(*rows)->contract, w->options->schema, table, w->err);
    if (!status)
        status = check_ids(w, table);
    if (!status)
        status = inherit_configure(w, *rows);
    if (!status)
        status = identify_configure(w, *rows);
    pthread_mutex_unlock(w->schema_lock);
    return status ? status : bind_required(w, *rows);
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

char *distinct_name(struct arena *arena, const struct walker *w, const struct node *node, struct slice name)
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

/* Does the row hand the column's value down? */
static bool is_bequeathed(const struct node *node)
{
    const struct table_rows *rows = node->shape->rows;

    for (uint32_t i = 0; i < rows->bequest_count; i++)
        if (!rows->bequests[i].is_id && !strcmp(rows->bequests[i].from, node->column_name))
            return true;
    return false;
}

static enum node_role data_role(const struct node *node)
{
    return is_bequeathed(node) || identify_is_key(node) ? NODE_BEQUEATHED : NODE_DATA;
}

static enum node_role role_of(const struct node *node)
{
    bool root = node->shape->rows->root;

    if (node->parent->parent || !strcmp(node->path, DLT_ID))
        return node->parent->parent ? data_role(node) : NODE_ROW_ID;
    if (root)
        return strcmp(node->path, DLT_LOAD_ID) ? data_role(node) : NODE_LINK;
    return strcmp(node->path, DLT_PARENT_ID) && strcmp(node->path, DLT_LIST_INDEX) ? data_role(node) : NODE_LINK;
}

/* Is the node what one of the user's paths means? They go from the root table down, through objects and lists alike. */
static bool is_kept_whole(struct walker *w, const struct node *node)
{
    char *path;

    if (!w->options->whole_count)
        return false;
    path = join_path(w, node->shape->table_path, node->path);
    for (size_t i = 0; path && i < w->options->whole_count; i++)
        if (!strcmp(w->options->whole[i], path))
            return true;
    return false;
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

/* What filters leave out: the column, and rows of a list of which not even the ids would stay. */
static bool exclude(struct walker *w, struct node *node)
{
    const struct schema *schema = w->options->schema;
    char *path = join_path(w, node->shape->table_path, node->path), *table = path ? shortened(w, path) : NULL;

    if (!table)
        return false;
    if (filters_exclude(&schema->filters, &schema->naming, node->shape->rows->name, node->column_name))
        node->role = NODE_EXCLUDED;
    node->list_excluded = filters_exclude(&schema->filters, &schema->naming, table, DLT_ID);
    return true;
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
    if (!node->column_name)
        return NULL;
    node->role = role_of(node);
    if (w->options->schema->filters.count && !exclude(w, node))
        return NULL;
    node->whole = is_kept_whole(w, node);
    node->preferred = node->whole ? TYPE_JSON : settings_preferred_type(&w->options->schema->settings, slice_of(node->column_name));
    return node;
}

/* ---- link columns ---------------------------------------------------------------------------------------------------------------- */

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
    rows->plain = false;
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

enum spile_status bind_asked(struct walker *w, struct table_rows *rows, const char *name)
{
    bool there;
    enum spile_status status;

    pthread_mutex_lock(w->schema_lock);
    there = table_has_asked(rows->table, name);
    pthread_mutex_unlock(w->schema_lock);
    if (there)
        return SPILE_OK;
    status = begin_change(w);
    if (status)
        return status;
    rows->table->ids_come_last |= !strcmp(name, DLT_ID) && !rows->table->row_id;
    if (!table_has_asked(rows->table, name) && !table_ask_column(w->options->schema, rows->table, name))
        status = spile_fail_nomem(w->err);
    end_change(w);
    return status;
}
