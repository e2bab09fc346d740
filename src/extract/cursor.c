#include "extract/cursor.h"

#include <stdlib.h>
#include <string.h>

#include "data/json_text.h"

/* The characters by which dlt marks texts that stand for values of Python's types (datetime, date, ...): U+F026 to U+F02F. */
static bool is_marked(struct slice text)
{
    return text.length >= 3 && !memcmp(text.text, "\xEF\x80", 2) && (unsigned char)text.text[2] >= 0xA6 && (unsigned char)text.text[2] <= 0xAF;
}

static struct cursor text_cursor(struct slice text)
{
    return (struct cursor){ .kind = is_marked(text) ? CURSOR_OTHER : CURSOR_TEXT, .text = text };
}

struct cursor cursor_of(struct document value)
{
    switch (document_kind(value)) {
    case DOCUMENT_NULL:
        return (struct cursor){ .kind = CURSOR_NONE };
    case DOCUMENT_BOOL:
        return (struct cursor){ .kind = CURSOR_INTEGER, .is_bool = true, .integer = document_bool(value) };
    case DOCUMENT_INTEGER:
        return (struct cursor){ .kind = CURSOR_INTEGER, .integer = document_integer(value) };
    case DOCUMENT_DOUBLE:
        return (struct cursor){ .kind = CURSOR_DOUBLE, .real = document_double(value) };
    case DOCUMENT_NUMBER:
        if (unsafe_yyjson_get_type(value.value) != YYJSON_TYPE_RAW)
            return (struct cursor){ .kind = CURSOR_INTEGER, .integer = unsafe_yyjson_get_uint(value.value) };
        return (struct cursor){ .kind = CURSOR_NUMBER, .text = { unsafe_yyjson_get_str(value.value), unsafe_yyjson_get_len(value.value) } };
    case DOCUMENT_TEXT:
        return text_cursor(document_text(value));
    case DOCUMENT_TIMESTAMP:
    case DOCUMENT_DATE:
    case DOCUMENT_TIME:
    case DOCUMENT_DECIMAL:
        return (struct cursor){ .kind = CURSOR_OTHER, .text = document_text(value) };
    case DOCUMENT_OBJECT:
    case DOCUMENT_LIST:
    case DOCUMENT_BINARY:
        break;
    }
    return (struct cursor){ .kind = CURSOR_OTHER };
}

bool cursor_copy(struct cursor *to, struct text *memory, const struct cursor *from)
{
    struct cursor copy = *from;

    text_clear(memory);
    text_append(memory, from->text.text ? from->text.text : "", from->text.length);
    copy.text = text_slice(memory);
    *to = copy;
    return !memory->failed;
}

bool cursor_copy_state(struct cursor *to, struct text *memory, yyjson_mut_val *value)
{
    yyjson_doc *doc = value ? yyjson_mut_val_imut_copy(value, NULL) : NULL;
    struct cursor found = doc ? cursor_of((struct document){ yyjson_doc_get_root(doc) }) : (struct cursor){ 0 };
    bool ok = (doc || !value) && cursor_copy(to, memory, &found);

    yyjson_doc_free(doc);
    return ok;
}

bool cursor_copy_option(struct cursor *to, struct text *memory, const char *option)
{
    bool nomem = false;
    yyjson_doc *doc = option ? json_text_read(option, strlen(option), &nomem) : NULL;
    struct cursor found = doc      ? cursor_of((struct document){ yyjson_doc_get_root(doc) })
                          : option ? text_cursor(slice_of(option))
                                   : (struct cursor){ 0 };
    bool ok = !nomem && cursor_copy(to, memory, &found);

    yyjson_doc_free(doc);
    return ok;
}

/* ---- comparing ------------------------------------------------------------------------------------------------------------------ */

static int sign_of(int number)
{
    return (number > 0) - (number < 0);
}

/* A number as sign, digits without zeros in front, and how many of them are before the point. */
struct digits {
    bool negative;
    char *digits;
    size_t count;
    long point;
};

static bool read_digits(struct digits *out, struct slice text)
{
    size_t i = 0;
    bool behind = false;

    *out = (struct digits){ .digits = malloc(text.length + 1) };
    if (!out->digits)
        return false;
    out->negative = text.length && text.text[0] == '-';
    for (i = out->negative; i < text.length && (text.text[i] == '.' || (text.text[i] >= '0' && text.text[i] <= '9')); i++) {
        if (text.text[i] == '.') {
            behind = true;
        } else if (out->count || text.text[i] != '0') {
            out->digits[out->count++] = text.text[i];
            out->point += !behind;
        } else {
            out->point -= behind;
        }
    }
    if (i < text.length && (text.text[i] == 'e' || text.text[i] == 'E'))
        out->point += strtol(text.text + i + 1, NULL, 10);
    while (out->count && out->digits[out->count - 1] == '0')
        out->count--;
    return true;
}

static int compare_digits(const struct digits *a, const struct digits *b)
{
    size_t common = a->count < b->count ? a->count : b->count;
    int sign = a->negative ? -1 : 1, order;

    if (!a->count || !b->count)
        return a->count ? sign : b->count ? (b->negative ? 1 : -1) : 0;
    if (a->negative != b->negative)
        return sign;
    if (a->point != b->point)
        return a->point > b->point ? sign : -sign;
    order = sign_of(memcmp(a->digits, b->digits, common));
    return sign * (order ? order : (a->count > b->count) - (a->count < b->count));
}

static void write_number(struct text *out, const struct cursor *cursor)
{
    char digits[DECIMAL_CHARS], real[DOUBLE_CHARS];

    switch (cursor->kind) {
    case CURSOR_INTEGER:
        text_append(out, digits, decimal_format(cursor->integer, 0, digits));
        break;
    case CURSOR_DOUBLE:
        text_append(out, real, double_format_json(cursor->real, real));
        break;
    default:
        text_append(out, cursor->text.text, cursor->text.length);
    }
}

static bool digits_of(struct digits *out, const struct cursor *cursor)
{
    struct text text = { 0 };
    bool ok;

    write_number(&text, cursor);
    ok = !text.failed && read_digits(out, text_slice(&text));
    text_release(&text);
    return ok;
}

/* Numbers beyond 64 bits and beyond doubles. */
static bool compare_long(const struct cursor *a, const struct cursor *b, int *order)
{
    struct digits left = { 0 }, right = { 0 };
    bool ok = digits_of(&left, a) && digits_of(&right, b);

    if (ok)
        *order = compare_digits(&left, &right);
    free(left.digits);
    free(right.digits);
    return ok;
}

/* The significand of a long double holds all of 64 bits and all of a double: so nothing is rounded. */
static long double number_of(const struct cursor *cursor)
{
    return cursor->kind == CURSOR_INTEGER ? (long double)cursor->integer : (long double)cursor->real;
}

static bool is_number(const struct cursor *cursor)
{
    return cursor->kind == CURSOR_INTEGER || cursor->kind == CURSOR_DOUBLE || cursor->kind == CURSOR_NUMBER;
}

bool cursor_compare(const struct cursor *a, const struct cursor *b, int *order)
{
    if (a->kind == CURSOR_TEXT && b->kind == CURSOR_TEXT) { /* UTF-8 sorts as its characters do */
        size_t common = a->text.length < b->text.length ? a->text.length : b->text.length;

        *order = sign_of(memcmp(a->text.text, b->text.text, common));
        if (!*order)
            *order = (a->text.length > b->text.length) - (a->text.length < b->text.length);
        return true;
    }
    if (!is_number(a) || !is_number(b))
        return false;
    if (a->kind == CURSOR_NUMBER || b->kind == CURSOR_NUMBER)
        return compare_long(a, b, order);
    *order = (number_of(a) > number_of(b)) - (number_of(a) < number_of(b));
    return true;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

void cursor_write(struct text *out, const struct cursor *cursor)
{
    switch (cursor->kind) {
    case CURSOR_NONE:
        text_puts(out, "null");
        break;
    case CURSOR_INTEGER:
        if (cursor->is_bool) {
            text_puts(out, cursor->integer ? "true" : "false");
            break;
        }
        write_number(out, cursor);
        break;
    case CURSOR_DOUBLE:
    case CURSOR_NUMBER:
        write_number(out, cursor);
        break;
    case CURSOR_TEXT:
        json_text_string(out, cursor->text);
        break;
    case CURSOR_OTHER:
        if (cursor->text.length)
            json_text_string(out, cursor->text);
        else
            text_puts(out, "an object or a list");
        break;
    }
}

yyjson_mut_val *cursor_to_state(const struct cursor *cursor, yyjson_mut_doc *doc)
{
    struct text json = { 0 };
    yyjson_doc *parsed;
    yyjson_mut_val *value;

    cursor_write(&json, cursor);
    parsed = json.failed ? NULL : json_text_parse(json.text, json.length);
    value = parsed ? yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed)) : NULL;
    yyjson_doc_free(parsed);
    text_release(&json);
    return value;
}
