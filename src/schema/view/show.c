#include "schema/view/show.h"

#include <string.h>

#include "base/error.h"
#include "schema/view/property.h"

#define SHOWN_BYTES 64 /* what shorten shows */

/* ---- texts ---------------------------------------------------------------------------------------------------------------------- */

void show_text(struct text *out, struct slice text)
{
    char extract[SHORTEN_BYTES];

    text_puts(out, shorten(extract, text.length ? text.text : "", text.length));
}

/* Letters, digits, "_" and all beyond ASCII: cannot be taken for something else in the line. */
static bool is_plain(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = ascii_lower(name.text[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && (unsigned char)c < 0x80)
            return false;
    }
    return name.length > 0;
}

void show_name(struct text *out, struct slice name)
{
    char extract[SHORTEN_BYTES];

    if (is_plain(name)) {
        show_text(out, name);
        return;
    }
    shorten(extract, name.length ? name.text : "", name.length);
    text_putc(out, '"');
    for (const char *c = extract; *c; c++) {
        if (*c == '"')
            text_putc(out, '\\');
        text_putc(out, *c);
    }
    text_putc(out, '"');
}

void show_path(struct text *out, struct slice path)
{
    size_t head = utf8_prefix(path.text, path.length, SHOWN_BYTES), tail = head;

    if (path.length - head > SHOWN_BYTES)
        tail = utf8_prefix(path.text, path.length, path.length - SHOWN_BYTES + 3); /* a whole character less, never one more */
    show_text(out, (struct slice){ path.text, head });
    if (tail > head)
        text_puts(out, "...");
    if (tail < path.length)
        show_text(out, (struct slice){ path.text + tail, path.length - tail });
}

void show_json(struct text *out, struct slice json, size_t from)
{
    if (!json.text) {
        text_puts(out, "none");
        return;
    }
    if (from)
        text_puts(out, "...");
    show_text(out, (struct slice){ json.text + from, json.length - from });
}

size_t show_from(struct slice a, struct slice b)
{
    const size_t before = SHOWN_BYTES / 4; /* of what is alike, as much is shown as tells the place */
    size_t alike = 0;

    if (!a.text || !b.text || (a.length <= SHOWN_BYTES && b.length <= SHOWN_BYTES))
        return 0;
    while (alike < a.length && alike < b.length && a.text[alike] == b.text[alike])
        alike++;
    return alike < SHOWN_BYTES - before ? 0 : utf8_prefix(a.text, a.length, alike - before);
}

static void show_value(struct text *out, yyjson_mut_val *value)
{
    struct text json = { 0 };

    append_json(&json, value);
    show_json(out, text_slice(&json), 0);
    out->failed |= json.failed;
    text_release(&json);
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

bool is_not_null(yyjson_mut_val *column)
{
    return yyjson_mut_is_false(yyjson_mut_obj_get(column, "nullable"));
}

static yyjson_mut_val *number_of(yyjson_mut_val *column, const char *key)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(column, key);

    return yyjson_mut_is_null(value) ? NULL : value;
}

void show_type(struct text *out, yyjson_mut_val *column)
{
    struct slice type = string_of(yyjson_mut_obj_get(column, "data_type"));
    yyjson_mut_val *precision = number_of(column, "precision"), *scale = number_of(column, "scale");

    if (type.text)
        show_name(out, type);
    else
        text_puts(out, "(no type yet)");
    if (!precision && !scale)
        return;
    text_putc(out, '(');
    if (precision)
        show_value(out, precision);
    if (scale) {
        text_puts(out, precision ? "," : "*,"); /* the precision is the destination's */
        show_value(out, scale);
    }
    text_putc(out, ')');
}

static bool is_shown_elsewhere(struct slice key)
{
    static const char *const keys[] = { "name", "data_type", "precision", "scale", "nullable", "description" };

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (slice_is(key, keys[i]))
            return true;
    return false;
}

/* "unique", "dedup_sort "asc"": what is true needs no value. */
static void show_property(struct text *out, struct slice path, yyjson_mut_val *value)
{
    show_path(out, path);
    if (yyjson_mut_is_true(value))
        return;
    text_putc(out, ' ');
    show_value(out, value);
}

void show_hints(struct text *out, yyjson_mut_val *column, const char *lead)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(column);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);

        if (is_shown_elsewhere(string_of(key)) || column_property_is_default(string_of(key), value))
            continue;
        text_puts(out, lead);
        show_property(out, string_of(key), value);
        lead = ", ";
    }
}

/* ---- tables --------------------------------------------------------------------------------------------------------------------- */

/* The facts in parentheses behind a table's name. */
struct facts {
    struct text *out;
    bool any;
};

static struct text *next_fact(struct facts *facts)
{
    text_puts(facts->out, facts->any ? ", " : " (");
    facts->any = true;
    return facts->out;
}

static void name_fact(struct facts *facts, const char *word, yyjson_mut_val *name)
{
    if (!yyjson_mut_is_str(name))
        return;
    text_puts(next_fact(facts), word);
    show_name(facts->out, string_of(name));
}

/* "contract freeze", "contract columns=freeze data_type=evolve". */
static void contract_fact(struct facts *facts, yyjson_mut_val *contract)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(contract);
    yyjson_mut_val *key;

    name_fact(facts, "contract ", contract);
    if (yyjson_mut_obj_size(contract) == 0)
        return;
    text_puts(next_fact(facts), "contract");
    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        text_putc(facts->out, ' ');
        show_name(facts->out, string_of(key));
        text_putc(facts->out, '=');
        show_name(facts->out, string_of(yyjson_mut_obj_iter_get_val(key)));
    }
}

/* "primary_key id region": the columns with the hint. */
static void key_fact(struct facts *facts, yyjson_mut_val *columns, const char *hint)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(columns);
    yyjson_mut_val *key;
    bool any = false;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        if (!yyjson_mut_is_true(yyjson_mut_obj_get(yyjson_mut_obj_iter_get_val(key), hint)))
            continue;
        if (!any)
            text_puts(next_fact(facts), hint);
        any = true;
        text_putc(facts->out, ' ');
        show_name(facts->out, string_of(key));
    }
}

static void property_fact(struct facts *facts, struct slice path, yyjson_mut_val *value)
{
    if (!yyjson_mut_is_null(value))
        show_property(next_fact(facts), path, value);
}

/* Of an object each member is a fact: "x-normalizer.max_nesting 2". */
static void object_facts(struct facts *facts, struct slice key, yyjson_mut_val *object)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);
    struct text path = { 0 };
    yyjson_mut_val *member;

    while ((member = yyjson_mut_obj_iter_next(&iter))) {
        if (slice_is(key, "x-normalizer") && is_bookkeeping(string_of(member)))
            continue;
        path.length = 0;
        text_append(&path, key.text, key.length);
        text_putc(&path, '.');
        text_append(&path, string_of(member).text, string_of(member).length);
        if (!path.failed)
            property_fact(facts, text_slice(&path), yyjson_mut_obj_iter_get_val(member));
    }
    facts->out->failed |= path.failed;
    text_release(&path);
}

static bool is_named_fact(struct slice key)
{
    static const char *const keys[] = { "name", "columns", "description", "parent", "write_disposition", "resource", "schema_contract" };

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (slice_is(key, keys[i]))
            return true;
    return false;
}

static void other_facts(struct facts *facts, yyjson_mut_val *table)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(table);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);

        if (is_named_fact(string_of(key)))
            continue;
        if (yyjson_mut_is_obj(value))
            object_facts(facts, string_of(key), value);
        else
            property_fact(facts, string_of(key), value);
    }
}

void show_table(struct text *out, struct slice name, yyjson_mut_val *table, bool keys)
{
    struct facts facts = { .out = out };
    yyjson_mut_val *resource = yyjson_mut_obj_get(table, "resource"), *columns = yyjson_mut_obj_get(table, "columns");

    name_fact(&facts, "parent ", yyjson_mut_obj_get(table, "parent"));
    name_fact(&facts, "", yyjson_mut_obj_get(table, "write_disposition"));
    if (!slice_equal(string_of(resource), name))
        name_fact(&facts, "resource ", resource);
    contract_fact(&facts, yyjson_mut_obj_get(table, "schema_contract"));
    if (keys) {
        key_fact(&facts, columns, "primary_key");
        key_fact(&facts, columns, "merge_key");
    }
    other_facts(&facts, table);
    if (facts.any)
        text_putc(out, ')');
}
