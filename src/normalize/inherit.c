/* Inheritance: columns of a row that all rows below it get, too, as the schema's normalizer configuration says (facts:
 * reference/normalize.md 2.7). Mostly it is the id of the root row, `_dlt_root_id`, which merge needs.
 *
 * Values are handed down as they came, like members of each row below. Ids are known only at the cut: rows below remember the row. */
#include "normalize/walker.h"

#include <stdlib.h>

/* ---- configuration -------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_source(struct walker *w, const struct table_rows *rows, const char *from)
{
    spile_fail(w->err, SPILE_CONFIG, "the schema hands down column \"%s\" of table \"%s\", which is a link to another row", from, rows->name);
    return spile_hint(w->err, SPILE_CONFIG, "hand down %s or a column of the data (propagation, config, json, normalizers)", DLT_ID);
}

/* A later entry for the same column wins. */
static enum spile_status add_bequests(struct walker *w, struct table_rows *rows, yyjson_mut_val *map)
{
    yyjson_mut_val *from, *as;
    size_t i, count;

    yyjson_mut_obj_foreach(map, i, count, from, as)
    {
        uint32_t at = 0;

        if (!yyjson_mut_is_str(as))
            continue;
        if (yyjson_mut_equals_str(from, DLT_PARENT_ID) || yyjson_mut_equals_str(from, DLT_LIST_INDEX))
            return fail_source(w, rows, yyjson_mut_get_str(from));
        while (at < rows->bequest_count && !yyjson_mut_equals_str(from, rows->bequests[at].from))
            at++;
        if (at == rows->bequest_count) {
            struct bequest *bequests = realloc(rows->bequests, (at + 1) * sizeof(*bequests));

            if (!bequests)
                return spile_fail_nomem(w->err);
            rows->bequests = bequests;
            rows->bequest_count++;
        }
        rows->bequests[at] = (struct bequest){ .from = yyjson_mut_get_str(from), .as = yyjson_mut_get_str(as),
                                               .is_id = yyjson_mut_equals_str(from, DLT_ID) };
    }
    return SPILE_OK;
}

enum spile_status inherit_configure(struct walker *w, struct table_rows *rows)
{
    yyjson_mut_val *propagation = schema_propagation(w->options->schema);
    enum spile_status status = rows->root ? add_bequests(w, rows, yyjson_mut_obj_get(propagation, "root")) : SPILE_OK;

    return status ? status : add_bequests(w, rows, yyjson_mut_obj_get(yyjson_mut_obj_get(propagation, "tables"), rows->name));
}

void inherit_release(struct table_rows *rows)
{
    for (uint32_t i = 0; i < rows->ancestor_count; i++) {
        column_release(&rows->ancestors[i].ids);
        free(rows->ancestors[i].rows);
    }
    free(rows->ancestors);
    free(rows->bequests);
}

/* ---- handing down --------------------------------------------------------------------------------------------------------------- */

void bequeath(struct node *node, struct document value)
{
    struct table_rows *rows = node->shape->rows;

    for (uint32_t i = 0; i < rows->bequest_count; i++)
        if (!rows->bequests[i].is_id && !strcmp(rows->bequests[i].from, node->column_name)) {
            rows->bequests[i].given = true;
            rows->bequests[i].value = value;
        }
}

/* What comes from nearer takes the place of what comes from further up under the same name. */
static bool push(struct walker *w, struct inherited entry)
{
    for (size_t i = 0; i < w->inherited_count; i++)
        if (!strcmp(w->inherited[i].name, entry.name)) {
            w->inherited[i] = entry;
            return true;
        }
    if (!GROW(w->inherited, w->inherited_count, w->inherited_capacity))
        return false;
    w->inherited[w->inherited_count++] = entry;
    return true;
}

bool inherit_push(struct walker *w, struct table_rows *rows, const struct frame *frame)
{
    bool ok = true;

    for (uint32_t i = 0; ok && i < rows->bequest_count; i++) {
        const struct bequest *bequest = &rows->bequests[i];

        if (bequest->is_id)
            ok = push(w, (struct inherited){ .name = bequest->as, .row = frame });
        else if (!strcmp(bequest->from, DLT_LOAD_ID))
            ok = !rows->root || push(w, (struct inherited){ .name = bequest->as, .value = { &w->load_id } });
        else if (bequest->given)
            ok = push(w, (struct inherited){ .name = bequest->as, .value = bequest->value });
    }
    return ok;
}

/* ---- receiving ------------------------------------------------------------------------------------------------------------------ */

/* A column of that name in the data is another type's affair: ids are texts. */
static enum spile_status make_id_column(struct walker *w, const struct table_rows *rows, const char *name, uint32_t *index)
{
    enum spile_status status = begin_change(w);
    struct column *column;

    if (status)
        return status;
    column = table_find_column(rows->table, name);
    if (!column)
        column = table_add_column(w->options->schema, rows->table, name, TYPE_TEXT, false);
    if (!column)
        status = spile_fail_nomem(w->err);
    else
        status = check_id_column(w, rows->table, column);
    if (!status)
        *index = column->index;
    end_change(w);
    return status;
}

static enum spile_status add_ancestor(struct walker *w, struct table_rows *rows, const char *name, struct ancestor_column **out)
{
    struct ancestor_column *ancestors = realloc(rows->ancestors, (rows->ancestor_count + 1) * sizeof(*ancestors)), *added;

    if (!ancestors)
        return spile_fail_nomem(w->err);
    rows->ancestors = ancestors;
    added = &ancestors[rows->ancestor_count];
    *added = (struct ancestor_column){ .name = name, .rows = malloc(rows->link_capacity * sizeof(struct row_ref)), .ids.type.type = TYPE_TEXT };
    if (!added->rows)
        return spile_fail_nomem(w->err);
    for (uint32_t i = 0; i < rows->link_capacity; i++)
        added->rows[i] = (struct row_ref){ NULL, NO_PARENT };
    rows->ancestor_count++;
    *out = added;
    return make_id_column(w, rows, name, &added->index);
}

static enum spile_status inherit_id(struct walker *w, struct table_rows *rows, const struct inherited *inherited)
{
    struct ancestor_column *ancestor = NULL;
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; i < rows->ancestor_count && !ancestor; i++)
        if (!strcmp(rows->ancestors[i].name, inherited->name))
            ancestor = &rows->ancestors[i];
    if (!ancestor)
        status = add_ancestor(w, rows, inherited->name, &ancestor);
    if (!status)
        ancestor->rows[rows->rows] = inherited->row->ref;
    return status;
}

enum spile_status inherit_begin(struct walker *w, struct shape *shape)
{
    for (size_t i = 0; i < w->inherited_count; i++) {
        struct inherited *inherited = &w->inherited[i];

        inherited->done = false;
        if (inherited->row)
            continue;
        inherited->node = find_child(w, &shape->root, slice_of(inherited->name));
        if (!inherited->node)
            return spile_fail_nomem(w->err);
        if (inherited->node->role == NODE_DATA || inherited->node->role == NODE_BEQUEATHED)
            inherited->node->role = NODE_INHERITED;
    }
    return SPILE_OK;
}

static enum spile_status put_inherited(struct walker *w, struct inherited *inherited)
{
    inherited->done = true;
    identify_key(inherited->node, inherited->value);
    bequeath(inherited->node, inherited->value);
    return inherited->node->role == NODE_INHERITED ? bind_value(w, inherited->node, inherited->value) : SPILE_OK;
}

/* Python's dict keeps the place of a key whose value is replaced: that is the order of new columns. */
enum spile_status inherit_member(struct walker *w, struct node *node, bool *inherited)
{
    for (size_t i = 0; i < w->inherited_count; i++)
        if (w->inherited[i].node == node && !w->inherited[i].row) {
            *inherited = true;
            return w->inherited[i].done ? SPILE_OK : put_inherited(w, &w->inherited[i]);
        }
    *inherited = false;
    return SPILE_OK;
}

enum spile_status inherit(struct walker *w, struct shape *shape)
{
    struct table_rows *rows = shape->rows;
    enum spile_status status = rows->rows < rows->link_capacity || grow_links(rows) ? SPILE_OK : spile_fail_nomem(w->err);

    for (size_t i = 0; !status && i < w->inherited_count; i++) {
        if (w->inherited[i].row)
            status = inherit_id(w, rows, &w->inherited[i]);
        else if (!w->inherited[i].done)
            status = put_inherited(w, &w->inherited[i]);
    }
    return status;
}

/* New places hold no row yet. */
bool inherit_grow(struct table_rows *rows, uint32_t capacity)
{
    for (uint32_t i = 0; i < rows->ancestor_count; i++) {
        struct row_ref *grown = realloc(rows->ancestors[i].rows, capacity * sizeof(*grown));

        if (!grown)
            return false;
        for (uint32_t row = rows->link_capacity; row < capacity; row++)
            grown[row] = (struct row_ref){ NULL, NO_PARENT };
        rows->ancestors[i].rows = grown;
    }
    return true;
}

/* ---- at the cut ----------------------------------------------------------------------------------------------------------------- */

bool inherit_link(const struct walker *w, struct table_rows *rows)
{
    for (uint32_t i = 0; i < rows->ancestor_count; i++) {
        struct ancestor_column *ancestor = &rows->ancestors[i];

        for (uint32_t row = 0; row < rows->rows; row++) {
            struct slice id;

            if (ancestor->rows[row].row == NO_PARENT)
                continue;
            id = id_of(w, ancestor->rows[row]);
            if (!column_put_text(&ancestor->ids, row, id.text, id.length))
                return false;
        }
    }
    return true;
}

void inherit_clear(struct table_rows *rows)
{
    for (uint32_t i = 0; i < rows->ancestor_count; i++) {
        column_clear(&rows->ancestors[i].ids);
        for (uint32_t row = 0; row < rows->rows; row++)
            rows->ancestors[i].rows[row] = (struct row_ref){ NULL, NO_PARENT };
    }
}
