#include "schema/view/diff.h"

#include <stdlib.h>
#include <string.h>

#include "schema/view/property.h"
#include "schema/view/show.h"

/* Objects are compared member by member down to here, deeper ones as a whole: bounds recursion and the length of paths. */
#define PATH_LEVELS 12

/* A comparison under way, and the place where it is. */
struct differ {
    struct schema_diff *out;
    enum change_what what;
    struct slice table, column;
    struct text path; /* of the property */
    bool failed;      /* memory is out: what follows does not matter */
};

/* ---- the list ------------------------------------------------------------------------------------------------------------------- */

static struct slice keep(struct differ *differ, struct slice text)
{
    struct slice kept = { text.text ? arena_copy(&differ->out->arena, text.text, text.length) : NULL, text.length };

    differ->failed |= text.text && !kept.text;
    return kept;
}

/* Releases `made`; NULL when it is empty. */
static struct slice keep_text(struct differ *differ, struct text *made)
{
    struct slice kept = keep(differ, (struct slice){ made->text, made->length });

    differ->failed |= made->failed;
    text_release(made);
    return kept;
}

static struct schema_change *add_change(struct differ *differ, enum change_kind kind)
{
    struct schema_diff *diff = differ->out;
    size_t wanted = diff->capacity ? diff->capacity * 2 : 16;
    struct schema_change *changes = diff->count < diff->capacity ? diff->changes : realloc(diff->changes, wanted * sizeof(*changes));

    if (!changes) {
        differ->failed = true;
        return NULL;
    }
    if (diff->count == diff->capacity)
        diff->capacity = wanted;
    diff->changes = changes;
    changes[diff->count] = (struct schema_change){ .kind = kind, .what = differ->what, .table = differ->table };
    changes[diff->count].column = keep(differ, differ->column);
    return &changes[diff->count++];
}

static struct slice keep_json(struct differ *differ, yyjson_mut_val *value)
{
    struct text json = { 0 };

    if (!value)
        return (struct slice){ 0 };
    append_json(&json, value);
    return keep_text(differ, &json);
}

/* ---- properties ----------------------------------------------------------------------------------------------------------------- */

static struct slice path_of(const struct differ *differ)
{
    return text_slice(&differ->path);
}

static struct slice value_or_default(struct differ *differ, yyjson_mut_val *value)
{
    const char *fallback = differ->what == CHANGE_OF_COLUMN ? column_property_default(path_of(differ)) : NULL;

    return value || !fallback ? keep_json(differ, value) : keep(differ, slice_of(fallback));
}

/* The property at the path, with the values of its two sides. */
static void add_property(struct differ *differ, struct slice before, struct slice after)
{
    enum change_kind kind = !before.text ? CHANGE_ADDED : !after.text ? CHANGE_REMOVED : CHANGE_CHANGED;
    struct slice path = keep(differ, path_of(differ));
    struct schema_change *change = add_change(differ, kind);

    if (!change)
        return;
    change->property = path;
    change->before = before;
    change->after = after;
}

/* Members that are no properties. */
static bool is_left_out(enum change_what what, struct slice key)
{
    static const char *const of_schema[] = { "tables", "version", "version_hash", "previous_hashes", "imported_version_hash" };

    if (what == CHANGE_OF_TABLE)
        return slice_is(key, "name") || slice_is(key, "columns");
    if (what == CHANGE_OF_COLUMN)
        return slice_is(key, "name");
    for (size_t i = 0; i < sizeof(of_schema) / sizeof(*of_schema); i++)
        if (slice_is(key, of_schema[i]))
            return true;
    return false;
}

/* Is this a member of a table's `x-normalizer` that is bookkeeping? */
static bool is_noise(const struct differ *differ, struct slice key, int level)
{
    return level == 1 && differ->what == CHANGE_OF_TABLE && slice_is(path_of(differ), "x-normalizer") && is_bookkeeping(key);
}

/* NULL for a value that says the same as none. */
static yyjson_mut_val *significant(const struct differ *differ, struct slice key, yyjson_mut_val *value, int level)
{
    if (level == 0 && differ->what == CHANGE_OF_COLUMN)
        return value && column_property_is_default(key, value) ? NULL : value;
    if (yyjson_mut_is_null(value) || (yyjson_mut_is_obj(value) && yyjson_mut_obj_size(value) == 0))
        return NULL;
    return value;
}

/* Two objects that are compared, with look-ups by key. */
struct sides {
    struct members older, newer;
};

/* False: out of memory, and nothing to close. */
static bool open_sides(struct differ *differ, struct sides *sides, yyjson_mut_val *before, yyjson_mut_val *after)
{
    if (members_open(&sides->older, before)) {
        if (members_open(&sides->newer, after))
            return true;
        members_close(&sides->older);
    }
    differ->failed = true;
    return false;
}

static void close_sides(struct sides *sides)
{
    members_close(&sides->older);
    members_close(&sides->newer);
}

static void compare_objects(struct differ *differ, yyjson_mut_val *before, yyjson_mut_val *after, int level);

/* NULL: none. */
static void compare_values(struct differ *differ, yyjson_mut_val *before, yyjson_mut_val *after, int level)
{
    if (!before && !after)
        return;
    if (level < PATH_LEVELS && (!before || yyjson_mut_is_obj(before)) && (!after || yyjson_mut_is_obj(after)))
        compare_objects(differ, before, after, level);
    else if (!before || !after || !json_equal(before, after, &differ->failed))
        add_property(differ, value_or_default(differ, before), value_or_default(differ, after));
}

static void compare_member(struct differ *differ, struct slice key, yyjson_mut_val *before, yyjson_mut_val *after, int level)
{
    size_t length = differ->path.length;

    if ((level == 0 && is_left_out(differ->what, key)) || is_noise(differ, key, level))
        return;
    if (level > 0)
        text_putc(&differ->path, '.');
    text_append(&differ->path, key.text, key.length);
    differ->failed |= differ->path.failed;
    if (!differ->failed)
        compare_values(differ, significant(differ, key, before, level), significant(differ, key, after, level), level + 1);
    differ->path.length = length;
}

/* Members in the order of the newer object, then those that only the older one has. */
static void compare_objects(struct differ *differ, yyjson_mut_val *before, yyjson_mut_val *after, int level)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(after);
    struct sides sides;
    yyjson_mut_val *key;

    if (!open_sides(differ, &sides, before, after))
        return;
    while (!differ->failed && (key = yyjson_mut_obj_iter_next(&iter)))
        compare_member(differ, string_of(key), members_find(&sides.older, string_of(key)), yyjson_mut_obj_iter_get_val(key), level);
    iter = yyjson_mut_obj_iter_with(before);
    while (!differ->failed && (key = yyjson_mut_obj_iter_next(&iter)))
        if (!members_find(&sides.newer, string_of(key)))
            compare_member(differ, string_of(key), yyjson_mut_obj_iter_get_val(key), NULL, level);
    close_sides(&sides);
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

static bool is_only_bookkeeping(yyjson_mut_val *hints)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(hints);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter)))
        if (!is_bookkeeping(string_of(key)))
            return false;
    return true;
}

static void append_member(struct text *out, yyjson_mut_val *key)
{
    if (out->length && out->text[out->length - 1] != '{')
        text_putc(out, ',');
    append_json(out, key);
    text_putc(out, ':');
}

static void append_hints(struct text *out, yyjson_mut_val *hints)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(hints);
    yyjson_mut_val *key;

    text_putc(out, '{');
    while ((key = yyjson_mut_obj_iter_next(&iter)))
        if (!is_bookkeeping(string_of(key))) {
            append_member(out, key);
            append_json(out, yyjson_mut_obj_iter_get_val(key));
        }
    text_putc(out, '}');
}

/* A table or column as an object of its properties. */
static struct slice keep_definition(struct differ *differ, yyjson_mut_val *object)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);
    struct text json = { 0 };
    yyjson_mut_val *key;

    text_putc(&json, '{');
    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        bool hints = differ->what == CHANGE_OF_TABLE && slice_is(string_of(key), "x-normalizer") && yyjson_mut_is_obj(value);

        if (is_left_out(differ->what, string_of(key)) || (hints && is_only_bookkeeping(value)))
            continue;
        append_member(&json, key);
        if (hints)
            append_hints(&json, value);
        else
            append_json(&json, value);
    }
    text_putc(&json, '}');
    return keep_text(differ, &json);
}

static struct slice keep_summary(struct differ *differ, yyjson_mut_val *object)
{
    struct text summary = { 0 };

    if (differ->what == CHANGE_OF_TABLE) {
        show_table(&summary, differ->table, object, false);
    } else {
        text_putc(&summary, ' ');
        show_type(&summary, object);
        text_puts(&summary, is_not_null(object) ? ", not null" : "");
        show_hints(&summary, object, ", ");
    }
    return keep_text(differ, &summary);
}

/* The table or column of the place is new or gone. */
static void add_whole(struct differ *differ, enum change_kind kind, yyjson_mut_val *object)
{
    struct schema_change *change = add_change(differ, kind);

    if (!change)
        return;
    *(kind == CHANGE_ADDED ? &change->after : &change->before) = keep_definition(differ, object);
    change->summary = keep_summary(differ, object);
}

static void enter_column(struct differ *differ, struct slice name)
{
    differ->what = CHANGE_OF_COLUMN;
    differ->column = name;
}

static void enter_table(struct differ *differ, struct slice name)
{
    differ->what = CHANGE_OF_TABLE;
    differ->table = keep(differ, name);
    differ->column = (struct slice){ 0 };
}

/* The columns' names as a list. */
static struct slice keep_names(struct differ *differ, yyjson_mut_val *columns)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(columns);
    struct text json = { 0 };
    yyjson_mut_val *key;

    text_putc(&json, '[');
    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        if (json.length > 1)
            text_putc(&json, ',');
        append_json(&json, key);
    }
    text_putc(&json, ']');
    return keep_text(differ, &json);
}

/* Do both have the same columns, in another order? */
static bool is_reordered(const struct sides *columns)
{
    yyjson_mut_val *older = columns->older.object, *newer = columns->newer.object;
    yyjson_mut_obj_iter before = yyjson_mut_obj_iter_with(older), after = yyjson_mut_obj_iter_with(newer);
    yyjson_mut_val *key;
    bool moved = false;

    if (yyjson_mut_obj_size(older) != yyjson_mut_obj_size(newer))
        return false;
    while ((key = yyjson_mut_obj_iter_next(&after))) {
        if (!members_find(&columns->older, string_of(key)))
            return false;
        moved |= !slice_equal(string_of(key), string_of(yyjson_mut_obj_iter_next(&before)));
    }
    return moved;
}

static void compare_order(struct differ *differ, const struct sides *columns)
{
    if (!is_reordered(columns))
        return;
    text_puts(&differ->path, "order");
    add_property(differ, keep_names(differ, columns->older.object), keep_names(differ, columns->newer.object));
    differ->path.length = 0;
}

static void compare_column(struct differ *differ, struct slice name, yyjson_mut_val *before, yyjson_mut_val *after)
{
    enter_column(differ, name);
    if (before)
        compare_objects(differ, before, after, 0);
    else
        add_whole(differ, CHANGE_ADDED, after);
}

static void compare_columns(struct differ *differ, const struct sides *columns)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(columns->newer.object);
    yyjson_mut_val *key;

    compare_order(differ, columns);
    while (!differ->failed && (key = yyjson_mut_obj_iter_next(&iter)))
        compare_column(differ, string_of(key), members_find(&columns->older, string_of(key)), yyjson_mut_obj_iter_get_val(key));
    iter = yyjson_mut_obj_iter_with(columns->older.object);
    while (!differ->failed && (key = yyjson_mut_obj_iter_next(&iter)))
        if (!members_find(&columns->newer, string_of(key))) {
            enter_column(differ, string_of(key));
            add_whole(differ, CHANGE_REMOVED, yyjson_mut_obj_iter_get_val(key));
        }
}

/* ---- tables --------------------------------------------------------------------------------------------------------------------- */

/* A table that both have. */
static void compare_table(struct differ *differ, yyjson_mut_val *before, yyjson_mut_val *after)
{
    struct sides columns;

    compare_objects(differ, before, after, 0);
    if (differ->failed || !open_sides(differ, &columns, yyjson_mut_obj_get(before, "columns"), yyjson_mut_obj_get(after, "columns")))
        return;
    compare_columns(differ, &columns);
    close_sides(&columns);
}

/* A table that only one has, with its columns. */
static void add_whole_table(struct differ *differ, enum change_kind kind, yyjson_mut_val *table)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(yyjson_mut_obj_get(table, "columns"));
    yyjson_mut_val *key;

    add_whole(differ, kind, table);
    while (!differ->failed && (key = yyjson_mut_obj_iter_next(&iter))) {
        enter_column(differ, string_of(key));
        add_whole(differ, kind, yyjson_mut_obj_iter_get_val(key));
    }
}

static void compare_tables(struct differ *differ, const struct sides *tables)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(tables->newer.object);
    yyjson_mut_val *key, *before;

    while (!differ->failed && (key = yyjson_mut_obj_iter_next(&iter))) {
        before = members_find(&tables->older, string_of(key));
        enter_table(differ, string_of(key));
        if (before)
            compare_table(differ, before, yyjson_mut_obj_iter_get_val(key));
        else
            add_whole_table(differ, CHANGE_ADDED, yyjson_mut_obj_iter_get_val(key));
    }
    iter = yyjson_mut_obj_iter_with(tables->older.object);
    while (!differ->failed && (key = yyjson_mut_obj_iter_next(&iter)))
        if (!members_find(&tables->newer, string_of(key))) {
            enter_table(differ, string_of(key));
            add_whole_table(differ, CHANGE_REMOVED, yyjson_mut_obj_iter_get_val(key));
        }
}

static enum spile_status compare(struct schema_diff *out, yyjson_mut_val *before, yyjson_mut_val *after, bool with_tables,
                                 struct spile_error *err)
{
    struct differ differ = { .out = out, .what = CHANGE_OF_SCHEMA };
    struct sides tables;

    *out = (struct schema_diff){ 0 };
    compare_objects(&differ, before, after, 0);
    if (with_tables && !differ.failed &&
        open_sides(&differ, &tables, yyjson_mut_obj_get(before, "tables"), yyjson_mut_obj_get(after, "tables"))) {
        compare_tables(&differ, &tables);
        close_sides(&tables);
    }
    text_release(&differ.path);
    if (!differ.failed)
        return SPILE_OK;
    schema_diff_release(out);
    return spile_fail_nomem(err);
}

enum spile_status schema_diff(struct schema_diff *out, yyjson_mut_val *before, yyjson_mut_val *after, struct spile_error *err)
{
    return compare(out, before, after, true, err);
}

enum spile_status schema_diff_settings(struct schema_diff *out, yyjson_mut_val *before, yyjson_mut_val *after, struct spile_error *err)
{
    return compare(out, before, after, false, err);
}

void schema_diff_release(struct schema_diff *diff)
{
    free(diff->changes);
    arena_release(&diff->arena);
    *diff = (struct schema_diff){ 0 };
}

/* ---- for people ----------------------------------------------------------------------------------------------------------------- */

static void text_values(struct text *out, const struct schema_change *change)
{
    size_t from = show_from(change->before, change->after);

    show_json(out, change->before, from);
    text_puts(out, " -> ");
    show_json(out, change->after, from);
}

/* "~   id: nullable true -> false"; without a column "~   write_disposition: "append" -> "replace"". */
static void text_property(struct text *out, const struct schema_change *change)
{
    text_puts(out, change->what == CHANGE_OF_SCHEMA ? "~ " : "~   ");
    if (change->what == CHANGE_OF_COLUMN) {
        show_name(out, change->column);
        text_puts(out, ": ");
    }
    show_path(out, change->property);
    text_puts(out, change->what == CHANGE_OF_COLUMN ? " " : ": ");
    text_values(out, change);
}

static void text_whole(struct text *out, const struct schema_change *change)
{
    text_puts(out, change->kind == CHANGE_ADDED ? "+" : "-");
    text_puts(out, change->what == CHANGE_OF_TABLE ? " table " : "   ");
    show_name(out, change->what == CHANGE_OF_TABLE ? change->table : change->column);
    text_append(out, change->summary.text, change->summary.length);
}

/* Is this the first change of a table that both have? */
static bool opens_table(const struct schema_diff *diff, size_t i)
{
    const struct schema_change *change = &diff->changes[i];

    if (change->what == CHANGE_OF_SCHEMA || (change->what == CHANGE_OF_TABLE && !change->property.text))
        return false;
    return i == 0 || !diff->changes[i - 1].table.text || !slice_equal(diff->changes[i - 1].table, change->table);
}

bool schema_diff_text(const struct schema_diff *diff, struct text *out)
{
    for (size_t i = 0; i < diff->count; i++) {
        if (opens_table(diff, i)) {
            text_puts(out, "~ table ");
            show_name(out, diff->changes[i].table);
            text_putc(out, '\n');
        }
        if (diff->changes[i].property.text)
            text_property(out, &diff->changes[i]);
        else
            text_whole(out, &diff->changes[i]);
        text_putc(out, '\n');
    }
    return !out->failed;
}

/* ---- for programs --------------------------------------------------------------------------------------------------------------- */

/* What does not apply is left out. The texts are the diff's: nothing is copied. */
static bool add_string(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, struct slice text)
{
    return !text.text || yyjson_mut_obj_add_strn(doc, object, key, text.text, text.length);
}

static bool add_value(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, struct slice json)
{
    return !json.text || yyjson_mut_obj_add_val(doc, object, key, yyjson_mut_rawn(doc, json.text, json.length));
}

static yyjson_mut_val *change_object(yyjson_mut_doc *doc, const struct schema_change *change)
{
    static const char *const kinds[] = { [CHANGE_ADDED] = "added", [CHANGE_REMOVED] = "removed", [CHANGE_CHANGED] = "changed" };
    yyjson_mut_val *object = yyjson_mut_obj(doc);

    return add_string(doc, object, "kind", slice_of(kinds[change->kind])) && add_string(doc, object, "table", change->table) &&
                   add_string(doc, object, "column", change->column) && add_string(doc, object, "property", change->property) &&
                   add_value(doc, object, "before", change->before) && add_value(doc, object, "after", change->after)
               ? object
               : NULL;
}

bool schema_diff_json(const struct schema_diff *diff, struct text *out)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    bool ok = list;

    for (size_t i = 0; ok && i < diff->count; i++)
        ok = yyjson_mut_arr_append(list, change_object(doc, &diff->changes[i]));
    if (ok)
        append_json(out, list);
    yyjson_mut_doc_free(doc);
    return ok && !out->failed;
}
