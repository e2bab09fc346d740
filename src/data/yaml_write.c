/* The layout of PyYAML's emitter: block style, indentation 2, lines folded behind column 80. */
#include "data/yaml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/json_text.h"
#include "data/number.h"
#include "data/yaml_scalar.h"

#define INDENT 2
#define WIDTH 80
#define KEY_CHARS_MAX 122 /* of a key on its value's line: 127 with "!!str", which PyYAML counts though it isn't written */

struct writer {
    struct text *out;
    int64_t column, indent; /* column: in characters; indent: -1 around the root */
    int depth;       /* lists and mappings around */
    bool blank;      /* the last that was written is white space */
    bool at_margin;  /* nothing but white space and the indicators "-", "?" and ":" is on the line */
    bool open_ended; /* the document is a plain scalar, so its end has to be marked */
    bool failed;
};

/* ---- characters and indicators -------------------------------------------------------------------------------------------------- */

/* The character at `at`, and in *bytes its size; 0 and 0 at the end of the text. */
static uint32_t character_at(struct slice text, size_t at, size_t *bytes)
{
    uint32_t character = 0;

    *bytes = at < text.length ? utf8_decode(text.text + at, text.length - at, &character) : 0;
    return *bytes ? character : 0;
}

static bool is_ascii_printable(uint32_t c)
{
    return c >= ' ' && c <= '~';
}

static void put(struct writer *writer, const char *ascii)
{
    struct slice slice = slice_of(ascii);

    text_append(writer->out, slice.text, slice.length);
    writer->column += (int64_t)slice.length;
}

/* Characters of a text, as they are. */
static void put_run(struct writer *writer, struct slice text, size_t from, size_t to)
{
    text_append(writer->out, text.text + from, to - from);
    writer->column += (int64_t)utf8_count(text.text + from, to - from);
}

static void put_break(struct writer *writer, const char *bytes, size_t length)
{
    text_append(writer->out, bytes, length);
    writer->blank = true;
    writer->at_margin = true;
    writer->column = 0;
}

/* Goes to the indentation: on this line if nothing is in the way, else on the next. */
static void put_indent(struct writer *writer)
{
    int64_t indent = writer->indent > 0 ? writer->indent : 0;

    if (!writer->at_margin || writer->column > indent || (writer->column == indent && !writer->blank))
        put_break(writer, "\n", 1);
    if (writer->column < indent)
        writer->blank = true;
    for (; writer->column < indent; writer->column++)
        text_putc(writer->out, ' ');
}

static void separate(struct writer *writer)
{
    if (!writer->blank)
        put(writer, " ");
}

/* "-", "?" or ":" in front of a node. */
static void put_block_indicator(struct writer *writer, const char *indicator)
{
    separate(writer);
    put(writer, indicator);
    writer->blank = false;
}

/* Other characters that are YAML's. */
static void put_indicator(struct writer *writer, const char *indicator)
{
    put(writer, indicator);
    writer->blank = false;
    writer->at_margin = false;
}

/* ---- the style of a text -------------------------------------------------------------------------------------------------------- */

enum style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE };

struct analysis {
    bool multiline;
    bool plain, single; /* styles that can show it */
};

static bool is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\0' || yaml_is_break(c);
}

/* May it stand in a text without quotes that escape? */
static bool is_printable(uint32_t c)
{
    return c == '\n' || is_ascii_printable(c) || c == 0x85 || (c >= 0xA0 && c < 0x10FFFF && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF);
}

/* Would the character begin or end something else than a plain text? */
static bool is_indicator(uint32_t c, bool first, bool after_blank, bool before_blank)
{
    if (first && (c == '#' || c == ',' || c == '[' || c == ']' || c == '{' || c == '}' || c == '&' || c == '*' || c == '!' || c == '|' ||
                  c == '>' || c == '\'' || c == '"' || c == '%' || c == '@' || c == '`'))
        return true;
    if (first && (c == '?' || c == '-'))
        return before_blank;
    return (c == ':' && before_blank) || (c == '#' && after_blank);
}

static bool is_document_mark(struct slice text)
{
    if (text.length < 3 || text.text[0] != text.text[1] || text.text[1] != text.text[2])
        return false;
    return text.text[0] == '-' || text.text[0] == '.';
}

static struct analysis analyze(struct writer *writer, struct slice text)
{
    bool indicators = is_document_mark(text), special = false, outer_blank = false, breaks = false;
    bool space_then_break = false, break_then_space = false;
    uint32_t previous = '\n';
    size_t bytes, next_bytes;

    for (size_t at = 0; at < text.length && !writer->failed; at += bytes) {
        uint32_t c = character_at(text, at, &bytes), next = character_at(text, at + bytes, &next_bytes);
        bool first = at == 0, last = at + bytes == text.length;

        writer->failed |= bytes == 0;
        indicators |= is_indicator(c, first, is_blank(previous), last || is_blank(next));
        special |= !is_printable(c);
        breaks |= yaml_is_break(c);
        outer_blank |= (first || last) && (c == ' ' || yaml_is_break(c));
        space_then_break |= !first && previous == ' ' && yaml_is_break(c);
        break_then_space |= !first && yaml_is_break(previous) && c == ' ';
        previous = c;
    }
    return (struct analysis){
        .multiline = breaks,
        .plain = !indicators && !special && !outer_blank && !breaks,
        .single = !special && !space_then_break && !break_then_space,
    };
}

static enum style style_of(struct writer *writer, struct slice text)
{
    struct analysis analysis = analyze(writer, text);

    if (analysis.plain && yaml_type_of(text) == YAML_STR)
        return STYLE_PLAIN;
    return analysis.single ? STYLE_SINGLE : STYLE_DOUBLE;
}

/* Does the key fit on a line with its value? */
static bool is_simple_key(struct writer *writer, struct slice key)
{
    return key.length > 0 && utf8_count(key.text, key.length) <= KEY_CHARS_MAX && !analyze(writer, key).multiline;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------------------- */

/* End of the characters from `at` on that are spaces, or breaks, or (but for apostrophes) neither. */
static size_t run_end(struct slice text, size_t at, bool spaces, bool breaks)
{
    size_t bytes;
    uint32_t c;

    while ((c = character_at(text, at, &bytes)), bytes) {
        if ((c == ' ') != spaces || yaml_is_break(c) != breaks || c == '\'')
            break;
        at += bytes;
    }
    return at;
}

static void put_plain(struct writer *writer, struct slice text, bool fold)
{
    separate(writer);
    writer->blank = false;
    writer->at_margin = false;
    writer->open_ended = writer->depth == 0;
    for (size_t at = 0, end; at < text.length; at = end) {
        bool spaces = text.text[at] == ' ';

        end = run_end(text, at, spaces, false);
        if (end == at) /* an apostrophe is nothing special here */
            end++;
        if (spaces && end - at == 1 && writer->column > WIDTH && fold) {
            put_indent(writer);
            writer->blank = false;
            writer->at_margin = false;
        } else {
            put_run(writer, text, at, end);
        }
    }
}

/* A line's end in the text is an empty line in YAML, so there is one more than in the text. */
static void put_breaks(struct writer *writer, struct slice text, size_t from, size_t to)
{
    size_t bytes;

    if (text.text[from] == '\n')
        put_break(writer, "\n", 1);
    for (size_t at = from; at < to; at += bytes) {
        character_at(text, at, &bytes);
        put_break(writer, text.text + at, bytes);
    }
    put_indent(writer);
}

static void put_single_quoted(struct writer *writer, struct slice text, bool fold)
{
    size_t bytes;

    separate(writer);
    put_indicator(writer, "'");
    for (size_t at = 0, end; at < text.length; at = end) {
        uint32_t c = character_at(text, at, &bytes);

        end = run_end(text, at, c == ' ', yaml_is_break(c));
        if (c == '\'') {
            put(writer, "''");
            end = at + 1;
        } else if (yaml_is_break(c)) {
            put_breaks(writer, text, at, end);
        } else if (c == ' ' && end - at == 1 && writer->column > WIDTH && fold && at > 0 && end < text.length) {
            put_indent(writer);
        } else {
            put_run(writer, text, at, end);
        }
    }
    put_indicator(writer, "'");
}

static bool needs_escape(uint32_t c)
{
    return c == '"' || c == '\\' || c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029 || c > 0xFFFF || !is_printable(c);
}

static void put_escape(struct writer *writer, uint32_t c)
{
    static const struct {
        uint32_t character;
        const char *escape;
    } names[] = {
        { 0, "\\0" },     { 7, "\\a" },     { 8, "\\b" },    { '\t', "\\t" },  { '\n', "\\n" }, { 11, "\\v" },      { 12, "\\f" },
        { '\r', "\\r" },  { 27, "\\e" },    { '"', "\\\"" }, { '\\', "\\\\" }, { 0x85, "\\N" }, { 0x2028, "\\L" }, { 0x2029, "\\P" },
    };
    char number[11];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].character == c) {
            put(writer, names[i].escape);
            return;
        }
    snprintf(number, sizeof(number), c <= 0xFF ? "\\x%02X" : c <= 0xFFFF ? "\\u%04X" : "\\U%08X", (unsigned)c);
    put(writer, number);
}

/* Continues on the next line; what follows must not begin with a space, which would be taken for indentation. */
static void fold_double_quoted(struct writer *writer, bool space_follows)
{
    put(writer, "\\");
    put_indent(writer);
    writer->blank = false;
    writer->at_margin = false;
    if (space_follows)
        put(writer, "\\");
}

/* Lines are folded in front of spaces, and around escapes: behind one that is too far right, or when the character in front is one. */
static void put_double_quoted(struct writer *writer, struct slice text, bool fold)
{
    bool after_escape = false, escaped;
    size_t bytes;

    separate(writer);
    put_indicator(writer, "\"");
    for (size_t at = 0; at < text.length; at += bytes, after_escape = escaped) {
        uint32_t c = character_at(text, at, &bytes);
        bool inside = at > 0 && at + bytes < text.length;
        int64_t limit = WIDTH;

        escaped = needs_escape(c);
        if (escaped) {
            put_escape(writer, c);
            limit++; /* PyYAML is one column off here */
        }
        if (fold && inside && (c == ' ' || escaped || after_escape) && writer->column > limit)
            fold_double_quoted(writer, text.text[escaped ? at + bytes : at] == ' ');
        if (!escaped)
            put_run(writer, text, at, at + bytes);
    }
    put_indicator(writer, "\"");
}

/* `fold`: the text may take several lines. */
static void put_text(struct writer *writer, struct slice text, bool fold)
{
    int64_t outer = writer->indent;
    enum style style = style_of(writer, text);

    if (writer->failed)
        return;
    writer->indent = outer < 0 ? INDENT : outer + INDENT;
    if (style == STYLE_PLAIN)
        put_plain(writer, text, fold);
    else if (style == STYLE_SINGLE)
        put_single_quoted(writer, text, fold);
    else
        put_double_quoted(writer, text, fold);
    writer->indent = outer;
}

/* ---- other values --------------------------------------------------------------------------------------------------------------- */

/* repr(), with the ".0" in front of an exponent that makes it a float of YAML 1.1. */
static void format_real(double value, char out[DOUBLE_CHARS + 2])
{
    char digits[DOUBLE_CHARS], *exponent;

    if (!isfinite(value)) {
        snprintf(out, DOUBLE_CHARS, "%s", isnan(value) ? ".nan" : value > 0 ? ".inf" : "-.inf");
        return;
    }
    double_format(value, digits);
    exponent = strchr(digits, 'e');
    if (exponent && !strchr(digits, '.'))
        snprintf(out, DOUBLE_CHARS + 2, "%.*s.0%s", (int)(exponent - digits), digits, exponent);
    else
        snprintf(out, DOUBLE_CHARS + 2, "%s", digits);
}

static void put_value(struct writer *writer, yyjson_mut_val *value, bool in_mapping);

/* A list that is a mapping's value is not indented, unless the mapping's key took lines of its own. */
static void put_list(struct writer *writer, yyjson_mut_val *list, bool in_mapping)
{
    yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(list);
    yyjson_mut_val *element;

    if (writer->indent < 0)
        writer->indent = 0;
    else if (!in_mapping || writer->at_margin)
        writer->indent += INDENT;
    while ((element = yyjson_mut_arr_iter_next(&iter))) {
        put_indent(writer);
        put_block_indicator(writer, "-");
        put_value(writer, element, false);
    }
}

static void put_mapping(struct writer *writer, yyjson_mut_val *mapping)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(mapping);
    yyjson_mut_val *key;

    writer->indent = writer->indent < 0 ? 0 : writer->indent + INDENT;
    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        put_indent(writer);
        if (is_simple_key(writer, json_text_of(key))) {
            put_text(writer, json_text_of(key), false);
            put_indicator(writer, ":");
        } else {
            put_block_indicator(writer, "?");
            put_text(writer, json_text_of(key), true);
            put_indent(writer);
            put_block_indicator(writer, ":");
        }
        put_value(writer, yyjson_mut_obj_iter_get_val(key), true);
    }
}

static void put_collection(struct writer *writer, yyjson_mut_val *value, bool in_mapping)
{
    int64_t outer = writer->indent;
    bool is_list = yyjson_mut_is_arr(value);

    if (unsafe_yyjson_get_len(value) == 0) {
        separate(writer);
        put_indicator(writer, is_list ? "[]" : "{}");
        return;
    }
    if (writer->depth == YAML_WRITE_DEPTH_MAX) {
        writer->failed = true;
        return;
    }
    writer->depth++;
    if (is_list)
        put_list(writer, value, in_mapping);
    else
        put_mapping(writer, value);
    writer->depth--;
    writer->indent = outer;
}

static void put_number(struct writer *writer, yyjson_mut_val *value)
{
    char digits[DOUBLE_CHARS + 2];

    if (yyjson_mut_is_real(value))
        format_real(yyjson_mut_get_real(value), digits);
    else if (yyjson_mut_is_uint(value))
        snprintf(digits, sizeof(digits), "%llu", (unsigned long long)yyjson_mut_get_uint(value));
    else
        snprintf(digits, sizeof(digits), "%lld", (long long)yyjson_mut_get_sint(value));
    put_plain(writer, slice_of(digits), false);
}

/* Goes as deep as the value, YAML_WRITE_DEPTH_MAX at most. */
static void put_value(struct writer *writer, yyjson_mut_val *value, bool in_mapping)
{
    if (writer->failed)
        return;
    if (yyjson_mut_is_ctn(value))
        put_collection(writer, value, in_mapping);
    else if (yyjson_mut_is_str(value))
        put_text(writer, json_text_of(value), true);
    else if (yyjson_mut_is_num(value))
        put_number(writer, value);
    else if (yyjson_mut_is_bool(value))
        put_plain(writer, slice_of(yyjson_mut_get_bool(value) ? "true" : "false"), false);
    else if (yyjson_mut_is_null(value))
        put_plain(writer, slice_of("null"), false);
    else
        writer->failed = true;
}

bool yaml_write(struct text *out, yyjson_mut_val *value)
{
    struct writer writer = { .out = out, .indent = -1, .blank = true, .at_margin = true };

    put_value(&writer, value, false);
    put_indent(&writer);
    if (writer.open_ended) {
        put(&writer, "...");
        put_break(&writer, "\n", 1);
    }
    return !writer.failed && !out->failed;
}
