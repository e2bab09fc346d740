#include "schema/view/describe.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "schema/schema.h"
#include "schema/view/diff.h"
#include "schema/view/property.h"
#include "schema/view/show.h"

/* So that one name or type of an odd length does not push all others aside, and a deep nesting not out of sight. */
#define NAME_WIDTH_MAX 40
#define TYPE_WIDTH_MAX 24
#define INDENT_LEVELS_MAX 16

/* Does dlt make this table or column for itself? */
static bool is_dlts(struct slice name)
{
    return name.length >= sizeof(DLT_PREFIX) - 1 && !memcmp(name.text, DLT_PREFIX, sizeof(DLT_PREFIX) - 1);
}

static void indent_by(struct text *out, unsigned level)
{
    for (unsigned i = 0; i < level && i < INDENT_LEVELS_MAX; i++)
        text_puts(out, "  ");
}

static void show_description(struct text *out, const char *lead, yyjson_mut_val *object)
{
    struct slice description = string_of(yyjson_mut_obj_get(object, "description"));

    if (!description.length)
        return;
    text_puts(out, lead);
    text_puts(out, "-- ");
    show_text(out, description);
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

struct widths {
    size_t name, type;
};

/* Characters from a byte on. */
static size_t shown_from(const struct text *out, size_t begin)
{
    return out->failed ? 0 : utf8_count(out->text + begin, out->length - begin);
}

static void pad(struct text *out, size_t begin, size_t width)
{
    for (size_t shown = shown_from(out, begin); shown < width; shown++)
        text_putc(out, ' ');
}

static void widen(size_t *width, struct text *cell, size_t max)
{
    size_t shown = shown_from(cell, 0);

    if (shown > *width && shown <= max)
        *width = shown;
    cell->length = 0;
}

static struct widths measure(yyjson_mut_val *columns, struct text *out)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(columns);
    struct widths widths = { 0 };
    struct text cell = { 0 };
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        show_name(&cell, string_of(key));
        widen(&widths.name, &cell, NAME_WIDTH_MAX);
        show_type(&cell, yyjson_mut_obj_iter_get_val(key));
        widen(&widths.type, &cell, TYPE_WIDTH_MAX);
    }
    out->failed |= cell.failed;
    text_release(&cell);
    return widths;
}

/* "id     bigint  not null  primary_key  -- the number on the invoice" */
static void describe_column(struct text *out, struct slice name, yyjson_mut_val *column, struct widths widths, bool description)
{
    size_t begin = out->length;

    show_name(out, name);
    pad(out, begin, widths.name);
    text_puts(out, "  ");
    begin = out->length;
    show_type(out, column);
    pad(out, begin, widths.type);
    text_puts(out, is_not_null(column) ? "  not null" : "  null    ");
    show_hints(out, column, "  ");
    if (description)
        show_description(out, "  ", column);
    while (out->length && out->text[out->length - 1] == ' ')
        out->length--;
    text_putc(out, '\n');
}

/* ---- tables --------------------------------------------------------------------------------------------------------------------- */

/* A table's place among the others. */
struct node {
    struct slice name;
    yyjson_mut_val *json;
    struct node *parent, *first_child, *last_child, *next; /* next: of the same parent */
    size_t seen_by; /* for cut_circles; 0: nobody */
};

static void describe_table(struct text *out, const struct node *node, unsigned level)
{
    yyjson_mut_val *columns = yyjson_mut_obj_get(node->json, "columns"), *key;
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(columns);
    struct widths widths = measure(columns, out);
    bool dlts = is_dlts(node->name);

    text_putc(out, '\n');
    indent_by(out, level);
    text_puts(out, "table ");
    show_name(out, node->name);
    show_table(out, node->name, node->json, true);
    if (!dlts)
        show_description(out, "  ", node->json);
    text_putc(out, '\n');
    while (!out->failed && (key = yyjson_mut_obj_iter_next(&iter))) {
        indent_by(out, level + 1);
        describe_column(out, string_of(key), yyjson_mut_obj_iter_get_val(key), widths, !dlts && !is_dlts(string_of(key)));
    }
}

/* Tables that are each other's parents, which no valid schema has, would be below no root: one of them becomes one. */
static void cut_circles(struct node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct node *node = &nodes[i];

        while (node && !node->seen_by) {
            node->seen_by = i + 1;
            node = node->parent;
        }
        if (node && node->seen_by == i + 1)
            node->parent = NULL;
    }
}

static void link_children(struct node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct node *parent = nodes[i].parent;

        if (!parent)
            continue;
        if (parent->last_child)
            parent->last_child->next = &nodes[i];
        else
            parent->first_child = &nodes[i];
        parent->last_child = &nodes[i];
    }
}

/* The tables as trees. NULL: out of memory. */
static struct node *plant(yyjson_mut_val *tables, size_t *count)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(tables);
    struct node *nodes = calloc(yyjson_mut_obj_size(tables) + 1, sizeof(*nodes));
    struct name_map *by_name = name_map_new(false);
    bool ok = nodes && by_name;
    yyjson_mut_val *key;

    *count = 0;
    while (ok && (key = yyjson_mut_obj_iter_next(&iter))) {
        struct node *node = &nodes[(*count)++];

        *node = (struct node){ .name = string_of(key), .json = yyjson_mut_obj_iter_get_val(key) };
        ok = name_map_put(by_name, node->name.text, node->name.length, node);
    }
    for (size_t i = 0; ok && i < *count; i++) {
        struct slice parent = string_of(yyjson_mut_obj_get(nodes[i].json, "parent"));

        nodes[i].parent = parent.text ? name_map_find(by_name, parent.text, parent.length) : NULL;
    }
    name_map_free(by_name);
    if (ok) {
        cut_circles(nodes, *count);
        link_children(nodes, *count);
        return nodes;
    }
    free(nodes);
    return NULL;
}

/* The table after this one in the tree of `root`: a child, a sibling, or one of a table above. */
static const struct node *next_in_tree(const struct node *node, const struct node *root, unsigned *level)
{
    if (node->first_child) {
        ++*level;
        return node->first_child;
    }
    while (node != root && !node->next) {
        node = node->parent;
        --*level;
    }
    return node == root ? NULL : node->next;
}

static void describe_tree(struct text *out, const struct node *root, bool with_dlt_tables)
{
    unsigned level = 0;

    for (const struct node *node = root; node && !out->failed; node = next_in_tree(node, root, &level))
        if (with_dlt_tables || !is_dlts(node->name))
            describe_table(out, node, level);
}

static void describe_tables(struct text *out, yyjson_mut_val *root, bool with_dlt_tables)
{
    size_t count;
    struct node *nodes = plant(yyjson_mut_obj_get(root, "tables"), &count);

    out->failed |= !nodes;
    for (size_t i = 0; !out->failed && i < count; i++)
        if (!nodes[i].parent)
            describe_tree(out, &nodes[i], with_dlt_tables);
    free(nodes);
}

/* ---- settings ------------------------------------------------------------------------------------------------------------------- */

static void describe_settings(struct text *out, const struct schema_diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        const struct schema_change *change = &diff->changes[i];
        size_t from = show_from(change->before, change->after);

        if (slice_is(change->property, "name") || slice_is(change->property, "description"))
            continue; /* they are in the heading */
        show_path(out, change->property);
        text_puts(out, ": ");
        show_json(out, change->after, from);
        if (change->before.text) {
            text_puts(out, " (default: ");
            show_json(out, change->before, from);
            text_putc(out, ')');
        }
        text_putc(out, '\n');
    }
}

/* What a new schema of dlt does not have. */
static void describe_unusual(struct text *out, yyjson_mut_val *root)
{
    static const struct naming naming = { .convention = NAMING_SNAKE_CASE };
    struct schema_diff diff;
    struct schema *usual;

    if (schema_new(&usual, "", &naming, NULL)) {
        out->failed = true;
        return;
    }
    if (schema_diff_settings(&diff, usual->root, root, NULL)) {
        out->failed = true;
    } else {
        describe_settings(out, &diff);
        schema_diff_release(&diff);
    }
    schema_free(usual);
}

bool schema_describe(yyjson_mut_val *root, bool with_dlt_tables, struct text *out)
{
    yyjson_mut_val *version = yyjson_mut_obj_get(root, "version");

    text_puts(out, "schema ");
    show_name(out, string_of(yyjson_mut_obj_get(root, "name")));
    if (yyjson_mut_is_int(version))
        text_printf(out, ", version %lld", (long long)yyjson_mut_get_sint(version));
    show_description(out, "  ", root);
    text_putc(out, '\n');
    describe_unusual(out, root);
    describe_tables(out, root, with_dlt_tables);
    return !out->failed;
}
