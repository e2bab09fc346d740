/* Lines of JSON about what the contract has left out: what, why, and where in the input it stands. Nothing is noted unless somebody wants
 * it. Lines wait in the walker and leave in turn, with the batches. */
#include "normalize/walker.h"

#include "data/json.h"

static void put_text(struct text *out, const char *text)
{
    yyjson_val value = { 0 };

    unsafe_yyjson_set_strn(&value, text, strlen(text));
    json_write(out, (struct document){ &value });
}

static void put_member_text(struct text *out, const char *key, const char *value)
{
    text_printf(out, ",\"%s\":", key);
    put_text(out, value);
}

static void begin_line(struct walker *w, const struct table_rows *rows, const char *column, enum contract_entity entity)
{
    struct text *out = &w->discarded;

    text_puts(out, "{\"load_id\":");
    put_text(out, w->options->load_id);
    put_member_text(out, "table", rows->name);
    if (column)
        put_member_text(out, "column", column);
    text_printf(out, ",\"contract\":\"%s: %s\"", contract_entity_name(entity), contract_mode_name(rows->contract.modes[entity]));
    put_member_text(out, "set_by", rows->contract.set_by);
    put_member_text(out, "file", w->input_name);
    text_printf(out, ",\"byte\":%llu", (unsigned long long)w->offset);
}

static bool end_line(struct walker *w, const char *what, const char *wrap, struct document document)
{
    struct text *out = &w->discarded;

    text_printf(out, ",\"%s\":", what);
    if (wrap) {
        text_putc(out, '{');
        put_text(out, wrap);
        text_putc(out, ':');
    }
    json_write(out, document);
    text_puts(out, wrap ? "}}\n" : "}\n");
    return !out->failed;
}

bool discard_row(struct walker *w, const struct table_rows *rows, const char *wrap, struct document row)
{
    if (!w->options->discard)
        return true;
    begin_line(w, rows, rows->refused ? NULL : w->refusal.column, rows->refused ? CONTRACT_TABLES : w->refusal.entity);
    return end_line(w, "row", wrap, row);
}

/* Rows of a table that is not to be. */
bool discard_list(struct walker *w, const struct table_rows *rows, struct document list)
{
    struct document element = document_first(list);
    size_t size = document_size(list);
    bool ok = true;

    for (size_t i = 0; w->options->discard && ok && i < size; i++, element = document_next(element))
        ok = discard_row(w, rows, NULL, element);
    return ok;
}

bool discard_value(struct walker *w, const struct node *node, enum contract_entity entity, struct document value)
{
    if (!w->options->discard)
        return true;
    begin_line(w, node->shape->rows, node->column_name, entity);
    return end_line(w, "value", NULL, value);
}
