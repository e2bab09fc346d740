#include "data/json_text.h"

#include <stdlib.h>

#include "base/hash.h"
#include "data/number.h"

/* ---- scalars -------------------------------------------------------------------------------------------------------------------- */

static void character_escape(struct text *out, unsigned char c)
{
    static const char shorts[0x20] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

    text_putc(out, '\\');
    if (c >= 0x20)
        text_putc(out, (char)c);
    else if (shorts[c])
        text_putc(out, shorts[c]);
    else
        text_printf(out, "u%04x", c);
}

void json_text_string(struct text *out, struct slice string)
{
    size_t start = 0;

    text_putc(out, '"');
    for (size_t i = 0; i < string.length; i++) {
        unsigned char c = (unsigned char)string.text[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        text_append(out, string.text + start, i - start);
        character_escape(out, c);
        start = i + 1;
    }
    text_append(out, string.text + start, string.length - start);
    text_putc(out, '"');
}

void json_text_raw(struct text *out, enum document_kind kind, struct slice raw)
{
    if (kind == DOCUMENT_NUMBER) {
        text_append(out, raw.text, raw.length);
        return;
    }
    text_putc(out, '"'); /* nothing in these texts needs an escape */
    if (kind == DOCUMENT_BINARY)
        base64_append(out, raw);
    else
        text_append(out, raw.text, raw.length);
    text_putc(out, '"');
}

static void scalar_write(struct text *out, yyjson_mut_val *value)
{
    char real[DOUBLE_CHARS];

    if (yyjson_mut_is_str(value))
        json_text_string(out, (struct slice){ yyjson_mut_get_str(value), yyjson_mut_get_len(value) });
    else if (yyjson_mut_is_real(value))
        text_append(out, real, double_format_json(yyjson_mut_get_real(value), real));
    else if (yyjson_mut_is_raw(value))
        json_text_raw(out, document_raw_kind(value->tag), (struct slice){ yyjson_mut_get_raw(value), yyjson_mut_get_len(value) });
    else if (yyjson_mut_is_uint(value))
        text_printf(out, "%llu", (unsigned long long)yyjson_mut_get_uint(value));
    else if (yyjson_mut_is_sint(value))
        text_printf(out, "%lld", (long long)yyjson_mut_get_sint(value));
    else
        text_puts(out, yyjson_mut_is_true(value) ? "true" : yyjson_mut_is_false(value) ? "false" : "null");
}

/* ---- containers ----------------------------------------------------------------------------------------------------------------- */

/* A line of its own for the next entry, indented by two blanks for each level. */
static void break_line(struct text *out, bool pretty, size_t depth)
{
    if (pretty)
        text_putc(out, '\n');
    for (size_t i = 0; pretty && i < depth; i++)
        text_puts(out, "  ");
}

static void value_write(struct text *out, yyjson_mut_val *value, bool pretty, size_t depth);

static void entry_write(struct text *out, yyjson_mut_val *key, yyjson_mut_val *value, bool pretty, size_t depth)
{
    break_line(out, pretty, depth);
    if (key) {
        scalar_write(out, key);
        text_puts(out, pretty ? ": " : ":");
    }
    value_write(out, value, pretty, depth);
}

/* Schemas and states are not deep, so this may recurse. */
static void value_write(struct text *out, yyjson_mut_val *value, bool pretty, size_t depth)
{
    bool object = yyjson_mut_is_obj(value);
    yyjson_mut_val *key, *entry;
    size_t i, count;

    if (!yyjson_mut_is_ctn(value) || yyjson_mut_get_len(value) == 0) {
        if (yyjson_mut_is_ctn(value))
            text_puts(out, object ? "{}" : "[]");
        else
            scalar_write(out, value);
        return;
    }
    text_putc(out, object ? '{' : '[');
    yyjson_mut_obj_foreach(value, i, count, key, entry)
    {
        text_puts(out, i ? "," : "");
        entry_write(out, key, entry, pretty, depth + 1);
    }
    yyjson_mut_arr_foreach(value, i, count, entry)
    {
        text_puts(out, i ? "," : "");
        entry_write(out, NULL, entry, pretty, depth + 1);
    }
    break_line(out, pretty, depth);
    text_putc(out, object ? '}' : ']');
}

void json_text_append(struct text *out, yyjson_mut_val *value, bool pretty)
{
    value_write(out, value, pretty, 0);
}

char *json_text_write(yyjson_mut_val *value, size_t *length)
{
    struct text text = { 0 };

    json_text_append(&text, value, false);
    if (text.failed) {
        text_release(&text);
        return NULL;
    }
    *length = text.length;
    return text.text;
}
