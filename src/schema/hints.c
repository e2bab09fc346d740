#include "schema/hints.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "data/json_text.h"
#include "schema/value.h"

bool hints_init(struct hints *hints)
{
    *hints = (struct hints){ .doc = yyjson_mut_doc_new(NULL) };
    hints->root = yyjson_mut_obj(hints->doc);
    hints->tables = yyjson_mut_obj_add_obj(hints->doc, hints->root, "tables");
    yyjson_mut_doc_set_root(hints->doc, hints->root);
    return hints->tables;
}

void hints_release(struct hints *hints)
{
    yyjson_mut_doc_free(hints->doc);
    *hints = (struct hints){ 0 };
}

bool hints_add_table(struct hints *hints, const char *table)
{
    return value_object_at(hints->doc, hints->tables, slice_of(table));
}

static yyjson_mut_val *column_at(struct hints *hints, struct slice table, struct slice column)
{
    yyjson_mut_val *json = value_object_at(hints->doc, hints->tables, table);
    yyjson_mut_val *columns = json ? value_object_at(hints->doc, json, slice_of("columns")) : NULL;

    return columns ? value_object_at(hints->doc, columns, column) : NULL;
}

/* ---- text ----------------------------------------------------------------------------------------------------------------------- */

/* Cuts the text before the first `end` outside of parentheses; *rest is what follows it, NULL when there is none. */
static struct slice cut(const char *text, char end, const char **rest)
{
    size_t length = 0;
    int depth = 0;

    for (; text[length] && (depth || text[length] != end); length++)
        depth += (text[length] == '(') - (text[length] == ')' && depth);
    *rest = text[length] ? text + length + 1 : NULL;
    return slice_strip((struct slice){ text, length });
}

static enum spile_status fail_text(const char *what, struct slice text, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "%s \"%s\"", what, shorten(extract, text.text, text.length));
    return spile_hint(err, SPILE_USAGE, "columns are written NAME:TYPE, with what is needed of (PRECISION,SCALE) and :HINT, and commas between "
                                        "them: \"id:bigint:not_null, price:decimal(10,2)\"");
}

/* ---- types ---------------------------------------------------------------------------------------------------------------------- */

/* Names that other programs have for our types. */
static const struct {
    const char *other;
    enum data_type type;
} foreign_types[] = {
    { "string", TYPE_TEXT },   { "str", TYPE_TEXT },       { "varchar", TYPE_TEXT },    { "char", TYPE_TEXT },     { "int", TYPE_BIGINT },
    { "integer", TYPE_BIGINT }, { "int64", TYPE_BIGINT },  { "smallint", TYPE_BIGINT }, { "long", TYPE_BIGINT },   { "float", TYPE_DOUBLE },
    { "real", TYPE_DOUBLE },   { "float64", TYPE_DOUBLE }, { "boolean", TYPE_BOOL },    { "datetime", TYPE_TIMESTAMP },
    { "timestamptz", TYPE_TIMESTAMP }, { "numeric", TYPE_DECIMAL }, { "number", TYPE_DECIMAL }, { "bytes", TYPE_BINARY }, { "blob", TYPE_BINARY },
    { "object", TYPE_JSON },   { "array", TYPE_JSON },     { "jsonb", TYPE_JSON },      { "struct", TYPE_JSON },
};

static bool is_folded(struct slice name, const char *lower)
{
    size_t i = 0;

    while (i < name.length && lower[i] && ascii_lower(name.text[i]) == lower[i])
        i++;
    return i == name.length && !lower[i];
}

static enum spile_status fail_type(struct slice name, struct spile_error *err)
{
    const char *meant = NULL;
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "unknown data type \"%s\"", shorten(extract, name.text, name.length));
    for (size_t i = 0; i < sizeof(foreign_types) / sizeof(*foreign_types); i++)
        if (is_folded(name, foreign_types[i].other))
            meant = data_type_name(foreign_types[i].type);
    if (!meant)
        meant = nearest_of(name, data_type_names);
    if (meant)
        return spile_hint(err, SPILE_USAGE, "did you mean \"%s\"?", meant);
    return spile_hint(err, SPILE_USAGE, "types are text, double, bool, timestamp, bigint, binary, json, decimal, wei, date and time");
}

/* "10", "10,2" */
static bool read_numbers(struct slice text, long numbers[2], int *count)
{
    const char *at = text.text, *end = text.text + text.length;

    for (*count = 0; *count < 2; ++*count) {
        char *stop;

        numbers[*count] = strtol(at, &stop, 10);
        if (stop == at || numbers[*count] < 0 || numbers[*count] > 1000000)
            return false;
        at = stop;
        while (at < end && *at == ' ')
            at++;
        if (at == end) {
            ++*count;
            return true;
        }
        if (*at++ != ',')
            return false;
    }
    return false;
}

/* Which precisions and scales a type has. */
static enum spile_status check_numbers(enum data_type type, struct slice text, const long *numbers, int count, struct spile_error *err)
{
    bool ok = count == 0;

    switch (type) {
    case TYPE_DECIMAL:
    case TYPE_WEI:
        ok |= numbers[0] >= 1 && numbers[0] <= 76 && (count < 2 || numbers[1] <= numbers[0]);
        break;
    case TYPE_BIGINT:
        ok |= count == 1 && (numbers[0] == 8 || numbers[0] == 16 || numbers[0] == 32 || numbers[0] == 64 || numbers[0] == 128);
        break;
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
        ok |= count == 1 && numbers[0] <= 9;
        break;
    case TYPE_TEXT:
    case TYPE_BINARY:
        ok |= count == 1 && numbers[0] > 0;
        break;
    default:
        break;
    }
    if (ok)
        return SPILE_OK;
    fail_text("no precision or scale of that type:", text, err);
    if (err)
        err->hint[0] = '\0';
    return spile_hint(err, SPILE_USAGE, "decimal and wei have (digits, digits behind the point), at most 76; bigint its bits: 8, 16, 32, 64 or 128; "
                                        "timestamp and time digits of the second: 0 to 9; text and binary a length");
}

static const char *const type_properties[] = { "data_type", "precision", "scale" };

/* "decimal(10,2)"; nothing: the type is found in the data. */
static enum spile_status add_type(struct hints *hints, yyjson_mut_val *column, struct slice text, struct spile_error *err)
{
    const char *open = memchr(text.text, '(', text.length);
    struct slice name = slice_strip((struct slice){ text.text, open ? (size_t)(open - text.text) : text.length });
    enum data_type type = data_type_of(name);
    long numbers[2] = { 0 };
    int count = 0;
    enum spile_status status;
    bool ok;

    if (!text.length)
        return SPILE_OK;
    if (type == TYPE_UNKNOWN)
        return fail_type(name, err);
    if (open && (text.text[text.length - 1] != ')' ||
                 !read_numbers((struct slice){ open + 1, (size_t)(text.text + text.length - 1 - (open + 1)) }, numbers, &count)))
        return fail_text("can't read the type", text, err);
    status = check_numbers(type, text, numbers, count, err);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof(type_properties) / sizeof(*type_properties); i++)
        yyjson_mut_obj_remove_key(column, type_properties[i]); /* of a type given before */
    ok = json_put(column, yyjson_mut_str(hints->doc, "data_type"), yyjson_mut_str(hints->doc, data_type_name(type)));
    if (count > 0)
        ok = ok && json_put(column, yyjson_mut_str(hints->doc, "precision"), yyjson_mut_sint(hints->doc, numbers[0]));
    if (count > 1)
        ok = ok && json_put(column, yyjson_mut_str(hints->doc, "scale"), yyjson_mut_sint(hints->doc, numbers[1]));
    return ok ? SPILE_OK : spile_fail_nomem(err);
}

/* ---- hints ---------------------------------------------------------------------------------------------------------------------- */

static const char *const flags[] = { "unique", "sort", "partition", "cluster", "primary_key", "merge_key", "row_key", "hard_delete" };

static bool put_flag(struct hints *hints, yyjson_mut_val *column, const char *name, bool value)
{
    return json_put(column, yyjson_mut_strcpy(hints->doc, name), yyjson_mut_bool(hints->doc, value));
}

static enum spile_status fail_hint(struct slice hint, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "unknown hint \"%s\" of a column", shorten(extract, hint.text, hint.length));
    return spile_hint(err, SPILE_USAGE, "hints are not_null, null, naive, unique, sort, partition, cluster, primary_key, merge_key, row_key, hard_delete, "
                                        "dedup_sort=asc, dedup_sort=desc, and any that begins with x-");
}

/* A key must not be null unless it is said that it may. */
static bool put_key(struct hints *hints, yyjson_mut_val *column, const char *name)
{
    bool is_key = !strcmp(name, "primary_key") || !strcmp(name, "merge_key");

    return (!is_key || yyjson_mut_obj_get(column, "nullable") || put_flag(hints, column, "nullable", false)) && put_flag(hints, column, name, true);
}

/* "x-mine", "x-mine=text", "dedup_sort=asc" */
static enum spile_status add_valued(struct hints *hints, yyjson_mut_val *column, struct slice hint, struct spile_error *err)
{
    const char *equals = memchr(hint.text, '=', hint.length);
    struct slice name = { hint.text, equals ? (size_t)(equals - hint.text) : hint.length };
    struct slice value = { equals ? equals + 1 : "", equals ? hint.length - name.length - 1 : 0 };
    bool is_sort = slice_equal(name, slice_of("dedup_sort")) && (slice_equal(value, slice_of("asc")) || slice_equal(value, slice_of("desc")));
    bool is_own = name.length > 2 && !memcmp(name.text, "x-", 2);

    if (!is_sort && !is_own)
        return fail_hint(hint, err);
    return json_put(column, yyjson_mut_strncpy(hints->doc, name.text, name.length),
                              equals ? yyjson_mut_strncpy(hints->doc, value.text, value.length) : yyjson_mut_bool(hints->doc, true))
               ? SPILE_OK
               : spile_fail_nomem(err);
}

static enum spile_status add_hint(struct hints *hints, yyjson_mut_val *column, struct slice hint, struct spile_error *err)
{
    bool ok = true, known = true;

    if (slice_equal(hint, slice_of("not_null")) || slice_equal(hint, slice_of("null"))) {
        ok = put_flag(hints, column, "nullable", hint.length == strlen("null"));
    } else if (slice_equal(hint, slice_of("naive"))) {
        ok = put_flag(hints, column, "timezone", false);
    } else {
        size_t i = 0;

        while (i < sizeof(flags) / sizeof(*flags) && !slice_equal(hint, slice_of(flags[i])))
            i++;
        known = i < sizeof(flags) / sizeof(*flags);
        ok = !known || put_key(hints, column, flags[i]);
    }
    if (!known)
        return add_valued(hints, column, hint, err);
    return ok ? SPILE_OK : spile_fail_nomem(err);
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

/* "table.name", "name" */
static enum spile_status find_column(struct hints *hints, const char *table, struct slice name, yyjson_mut_val **column, struct spile_error *err)
{
    const char *dot = memrchr(name.text, '.', name.length);
    struct slice owner = dot ? (struct slice){ name.text, (size_t)(dot - name.text) } : slice_of(table ? table : "");

    if (dot)
        name = (struct slice){ dot + 1, name.length - owner.length - 1 };
    if (!name.length || (dot && !owner.length))
        return fail_text("a column without a name in", (struct slice){ owner.text, owner.length + name.length + (dot != NULL) }, err);
    if (!owner.length) {
        fail_text("several tables are loaded; which one has column", name, err);
        if (err)
            err->hint[0] = '\0';
        return spile_hint(err, SPILE_USAGE, "write TABLE.COLUMN");
    }
    *column = column_at(hints, owner, name);
    return *column ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status add_column(struct hints *hints, const char *table, const char *text, struct spile_error *err)
{
    const char *rest;
    struct slice name = cut(text, ':', &rest);
    yyjson_mut_val *column;
    enum spile_status status;

    if (!rest)
        return fail_text("no type and no hint for column", name, err);
    status = find_column(hints, table, name, &column, err);
    if (!status)
        status = add_type(hints, column, cut(rest, ':', &rest), err);
    while (!status && rest)
        status = add_hint(hints, column, cut(rest, ':', &rest), err);
    return status;
}

enum spile_status hints_add_columns(struct hints *hints, const char *table, const char *columns, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    while (!status && columns) {
        struct slice column = cut(columns, ',', &columns);
        char *text = strndup(column.text, column.length);
        char extract[SHORTEN_BYTES];

        if (!text)
            return spile_fail_nomem(err);
        status = add_column(hints, table, text, err);
        spile_within(err, status, "column hint \"%s\"", shorten(extract, text, column.length));
        free(text);
    }
    return status;
}

enum spile_status hints_add_key(struct hints *hints, const char *table, const char *names, const char *property, struct spile_error *err)
{
    while (names) {
        struct slice name = cut(names, ',', &names);
        yyjson_mut_val *column;

        if (!name.length)
            return fail_text("a column without a name in", name, err);
        column = column_at(hints, slice_of(table), name);
        if (!column || !put_key(hints, column, property))
            return spile_fail_nomem(err);
    }
    return SPILE_OK;
}

/* ---- parents -------------------------------------------------------------------------------------------------------------------- */

/* A table that another one may be nested in. */
struct candidate {
    const char *table, *resource;
};

/* The one with the longer name of those that `table` can be nested in. */
static struct candidate nearer(const struct naming *naming, const char *table, struct candidate best, struct candidate other)
{
    size_t length = strlen(other.table), separator = strlen(naming_separator(naming));

    if (strncmp(table, other.table, length) || strncmp(table + length, naming_separator(naming), separator) || !table[length + separator])
        return best;
    return best.table && strlen(best.table) >= length ? best : other;
}

static bool has_key(yyjson_mut_val *columns)
{
    yyjson_mut_val *key, *column;
    size_t i, count;

    yyjson_mut_obj_foreach(columns, i, count, key, column)
        if (yyjson_mut_is_true(yyjson_mut_obj_get(column, "primary_key")) || yyjson_mut_is_true(yyjson_mut_obj_get(column, "merge_key")))
            return true;
    return false;
}

static enum spile_status fail_unknown(const struct schema *schema, const char *table, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "a hint for table \"%s\", which is neither loaded nor nested in one that is", shorten(extract, table, strlen(table)));
    return spile_hint(err, SPILE_USAGE, "name a table of this load, or one below it: orders%sitems", naming_separator(&schema->naming));
}

/* The nearest of the tables that get hints, if it is nearer: "t__items" for "t__items__tags". */
static bool find_among_hints(const struct hints *hints, const struct naming *naming, struct arena *arena, const char *name, struct candidate *parent)
{
    yyjson_mut_val *key, *table;
    size_t i, count;

    yyjson_mut_obj_foreach(hints->tables, i, count, key, table)
    {
        const char *other = naming_path(arena, naming, slice_of(yyjson_mut_get_str(key)));

        if (!other)
            return false;
        *parent = nearer(naming, name, *parent, (struct candidate){ other, parent->resource });
    }
    return true;
}

static enum spile_status find_parent(struct hints *hints, const struct schema *schema, const struct hint_root *roots, size_t root_count,
                                     struct arena *arena, yyjson_mut_val *key, struct spile_error *err)
{
    const struct naming *naming = &schema->naming;
    yyjson_mut_val *json = yyjson_mut_obj_iter_get_val(key);
    const char *name = naming_path(arena, naming, slice_of(yyjson_mut_get_str(key)));
    struct candidate parent = { 0 };
    bool known = name && schema_find_table(schema, name), keyed = has_key(yyjson_mut_obj_get(json, "columns")), ok;

    if (!name)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < root_count; i++) {
        known |= !strcmp(roots[i].table, name);
        parent = nearer(naming, name, parent, (struct candidate){ roots[i].table, roots[i].resource });
    }
    for (uint32_t i = 0; i < schema->table_count; i++)
        parent = nearer(naming, name, parent, (struct candidate){ schema->tables[i]->name, table_resource(schema->tables[i]) });
    if (!known && !parent.table)
        return fail_unknown(schema, yyjson_mut_get_str(key), err);
    if (!known && !find_among_hints(hints, naming, arena, name, &parent))
        return spile_fail_nomem(err);
    ok = known || yyjson_mut_obj_add_strcpy(hints->doc, json, keyed ? "resource" : "parent", keyed ? parent.resource : parent.table);
    return ok ? SPILE_OK : spile_fail_nomem(err);
}

enum spile_status hints_find_parents(struct hints *hints, const struct schema *schema, const struct hint_root *roots, size_t root_count,
                                     struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    struct arena arena = { 0 };
    yyjson_mut_val *key, *table;
    size_t i, count;

    yyjson_mut_obj_foreach(hints->tables, i, count, key, table)
        if (!status)
            status = find_parent(hints, schema, roots, root_count, &arena, key, err);
    arena_release(&arena);
    return status;
}
