#include "data/yaml_text.h"

#include <string.h>

#include "data/yaml_scalar.h"

size_t yaml_line_end(struct slice text, size_t at)
{
    uint32_t c = 0;
    size_t bytes = at < text.length ? utf8_decode(text.text + at, text.length - at, &c) : 0;

    if (bytes > 0 && c == '\r')
        return at + 1 < text.length && text.text[at + 1] == '\n' ? 2 : 1;
    return bytes > 0 && yaml_is_break(c) ? bytes : 0;
}

static size_t skip_blanks(struct slice raw, size_t at)
{
    while (at < raw.length && (raw.text[at] == ' ' || raw.text[at] == '\t'))
        at++;
    return at;
}

/* Line separator and paragraph separator stay what they are; the other ends of lines are \n. */
static bool stays(struct slice raw, size_t at)
{
    return raw.text[at] == '\xE2';
}

static void put_line_end(struct text *out, struct slice raw, size_t at, size_t bytes)
{
    if (stays(raw, at))
        text_append(out, raw.text + at, bytes);
    else
        text_putc(out, '\n');
}

/* Takes empty lines, each of which is a \n, and the indentation of the line behind them. Returns where that begins. */
static size_t take_empty_lines(struct text *out, struct slice raw, size_t at)
{
    size_t bytes;

    while ((bytes = yaml_line_end(raw, at = skip_blanks(raw, at))) > 0) {
        put_line_end(out, raw, at, bytes);
        at += bytes;
    }
    return at;
}

/* A single end of line is a space; with empty lines behind, it is nothing. */
static size_t take_line_end(struct text *out, struct slice raw, size_t at, size_t bytes)
{
    size_t before = out->length;

    if (stays(raw, at)) {
        put_line_end(out, raw, at, bytes);
        return take_empty_lines(out, raw, at + bytes);
    }
    at = take_empty_lines(out, raw, at + bytes);
    if (out->length == before)
        text_putc(out, ' ');
    return at;
}

static void put_character(struct text *out, uint32_t c)
{
    if (c < 0x80) {
        text_putc(out, (char)c);
    } else if (c < 0x800) {
        text_putc(out, (char)(0xC0 | c >> 6));
        text_putc(out, (char)(0x80 | (c & 0x3F)));
    } else {
        if (c < 0x10000) {
            text_putc(out, (char)(0xE0 | c >> 12));
        } else {
            text_putc(out, (char)(0xF0 | c >> 18));
            text_putc(out, (char)(0x80 | (c >> 12 & 0x3F)));
        }
        text_putc(out, (char)(0x80 | (c >> 6 & 0x3F)));
        text_putc(out, (char)(0x80 | (c & 0x3F)));
    }
}

/* The character with this number of exactly so many hexadecimal digits. False: it is none. */
static bool hexadecimal(struct slice text, size_t count, uint32_t *c)
{
    static const char digits[] = "0123456789abcdef";

    *c = 0;
    if (text.length < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *digit = text.text[i] ? strchr(digits, ascii_lower(text.text[i])) : NULL;

        if (!digit)
            return false;
        *c = *c * 16 + (uint32_t)(digit - digits);
    }
    return *c <= 0x10FFFF && !(*c >= 0xD800 && *c <= 0xDFFF);
}

/* The escape whose backslash is at `at`. Returns where it ends; 0: it is none. */
static size_t take_escape(struct text *out, struct slice raw, size_t at)
{
    static const char names[] = "0abt\tnvfre \"\\/N_LP";
    static const uint32_t characters[] = { 0,  7,   8,    '\t', '\t', '\n', 11,   12,     '\r',
                                           27, ' ', '"', '\\', '/',  0x85, 0xA0, 0x2028, 0x2029 };
    size_t bytes = yaml_line_end(raw, at + 1), digits;
    const char *name;
    uint32_t c;

    if (bytes > 0)
        return take_empty_lines(out, raw, at + 1 + bytes);
    if (at + 1 >= raw.length || raw.text[at + 1] == '\0')
        return 0;
    name = strchr(names, raw.text[at + 1]);
    if (name) {
        put_character(out, characters[name - names]);
        return at + 2;
    }
    digits = raw.text[at + 1] == 'x' ? 2 : raw.text[at + 1] == 'u' ? 4 : raw.text[at + 1] == 'U' ? 8 : 0;
    if (digits == 0 || !hexadecimal((struct slice){ raw.text + at + 2, raw.length - at - 2 }, digits, &c))
        return 0;
    put_character(out, c);
    return at + 2 + digits;
}

bool yaml_unquote(struct text *out, struct slice raw, enum yaml_quotes quotes, size_t *bad)
{
    for (size_t at = 0, end, bytes; at < raw.length; at = end) {
        end = skip_blanks(raw, at);
        bytes = yaml_line_end(raw, end);
        if (bytes > 0) {
            end = take_line_end(out, raw, end, bytes);
        } else if (quotes == YAML_DOUBLE && end == at && raw.text[at] == '\\') {
            end = take_escape(out, raw, at);
            if (end == 0) {
                *bad = at;
                return false;
            }
        } else {
            end += end == at;
            text_append(out, raw.text + at, end - at);
            end += quotes == YAML_SINGLE && raw.text[at] == '\''; /* it stands there twice */
        }
    }
    return true;
}

/* ---- literal and folded texts --------------------------------------------------------------------------------------------------- */

/* Takes empty lines to `breaks`, and the indentation of the line behind them. *more: that line belongs to the text. */
static size_t take_block_breaks(struct text *breaks, struct slice raw, size_t at, size_t indent, bool *more)
{
    for (size_t bytes;; at += bytes) {
        size_t begin = at;

        while (at < raw.length && at - begin < indent && raw.text[at] == ' ')
            at++;
        *more = at - begin == indent && at < raw.length;
        bytes = yaml_line_end(raw, at);
        if (bytes == 0)
            return at;
        put_line_end(breaks, raw, at, bytes);
    }
}

/* Spaces in front of the first line with text; empty lines may have more, but then there is no text. */
static size_t first_indent(struct slice raw, size_t least)
{
    size_t most = least;

    for (size_t at = 0, begin = 0, bytes; at < raw.length;) {
        for (begin = at; at < raw.length && raw.text[at] == ' ';)
            at++;
        most = at - begin > most ? at - begin : most;
        bytes = yaml_line_end(raw, at);
        if (bytes == 0)
            break;
        at += bytes;
    }
    return most;
}

static bool is_blank_at(struct slice raw, size_t at)
{
    return raw.text[at] == ' ' || raw.text[at] == '\t';
}

/* A line of the text, without its end. Returns where that is. */
static size_t take_block_line(struct text *out, struct slice raw, size_t at)
{
    size_t end = at;

    while (end < raw.length && !yaml_line_end(raw, end))
        end++;
    text_append(out, raw.text + at, end - at);
    return end;
}

bool yaml_unindent(struct text *out, struct slice raw, struct yaml_block block, size_t *bad)
{
    size_t indent = block.indent > 0 ? block.indent : first_indent(raw, block.least), end = 0, bytes = 0, next;
    struct text breaks = { 0 };
    bool more;

    next = take_block_breaks(&breaks, raw, 0, indent, &more);
    while (more) {
        bool flush = !is_blank_at(raw, next);

        text_append(out, breaks.text, breaks.length);
        text_clear(&breaks);
        end = take_block_line(out, raw, next);
        bytes = yaml_line_end(raw, end);
        next = take_block_breaks(&breaks, raw, end + bytes, indent, &more);
        if (!more)
            break;
        if (!block.folded || stays(raw, end) || !flush || is_blank_at(raw, next))
            put_line_end(out, raw, end, bytes);
        else if (breaks.length == 0)
            text_putc(out, ' ');
    }
    if (block.chomp != '-' && bytes > 0)
        put_line_end(out, raw, end, bytes);
    if (block.chomp == '+')
        text_append(out, breaks.text, breaks.length);
    out->failed |= breaks.failed;
    text_release(&breaks);
    *bad = next;
    return next == raw.length;
}
