#include "extract/cursor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/json_text.h"

/* The characters by which dlt marks texts that stand for values of Python's types: from U+F026 on, in this order. They stand as they are in
 * a state and can't be compared with anything that JSON has: dlt would not either. */
static const char *const mark_names[] = { "decimal", "datetime", "date", "UUID", "hex bytes", "bytes", "wei", "time" };

#define MARK_BYTES 3
#define MARK_FIRST 0xA6 /* the last of its bytes */
#define MARK_LAST (MARK_FIRST + sizeof(mark_names) / sizeof(mark_names[0]) - 1)

static bool is_marked(struct slice text)
{
    return text.length >= MARK_BYTES && !memcmp(text.text, "\xEF\x80", 2) && (unsigned char)text.text[2] >= MARK_FIRST &&
           (unsigned char)text.text[2] <= MARK_LAST;
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

/* A number as its text has it: its first digit that is no zero, and how many digits from there on are before the point. */
struct digits {
    bool negative;
    const char *at, *end; /* of the digits, with the point among them */
    long point;
};

/* Beyond what any text could make up for with digits. */
#define EXPONENT_MAX 1000000000000L

static long read_exponent(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    long exponent = 0;

    for (at += at < end && (*at == '-' || *at == '+'); at < end && ascii_is_digit(*at); at++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*at - '0');
    return negative ? -exponent : exponent;
}

static struct digits digits_of(struct slice text)
{
    const char *at = text.text, *end = at + text.length, *point;
    struct digits d = { .negative = at < end && *at == '-' };

    at += d.negative;
    for (d.at = at; d.at < end && (*d.at == '0' || *d.at == '.'); d.at++)
        ;
    for (point = at; point < end && ascii_is_digit(*point); point++)
        ;
    for (d.end = point; d.end < end && (*d.end == '.' || ascii_is_digit(*d.end)); d.end++)
        ;
    d.point = d.at <= point ? point - d.at : point + 1 - d.at;
    if (d.end < end)
        d.point += read_exponent(d.end + 1, end);
    return d;
}

/* Of a zero the digits are none. */
static bool is_zero(const struct digits *d)
{
    return d->at == d->end;
}

/* '0' behind the last one. */
static char next_digit(struct digits *d)
{
    d->at += d->at < d->end && *d->at == '.';
    return d->at < d->end ? *d->at++ : '0';
}

static int compare_digits(struct digits a, struct digits b)
{
    int sign = a.negative ? -1 : 1, order = 0;

    if (is_zero(&a) || is_zero(&b))
        return !is_zero(&a) ? sign : !is_zero(&b) ? (b.negative ? 1 : -1) : 0;
    if (a.negative != b.negative)
        return sign;
    if (a.point != b.point)
        return a.point > b.point ? sign : -sign;
    while (!order && (!is_zero(&a) || !is_zero(&b)))
        order = next_digit(&a) - next_digit(&b);
    return sign * sign_of(order);
}

/* All digits of the greatest double, its sign and the end. */
#define EXACT_CHARS 320

/* The digits of a number, none of them rounded. A double is compared like that with numbers beyond 64 bits only, where what it has behind
 * the point makes no difference. */
static struct slice exact_text(const struct cursor *cursor, char buffer[EXACT_CHARS])
{
    if (cursor->kind == CURSOR_NUMBER)
        return cursor->text;
    if (cursor->kind == CURSOR_INTEGER)
        return (struct slice){ buffer, decimal_format(cursor->integer, 0, buffer) };
    return (struct slice){ buffer, (size_t)snprintf(buffer, EXACT_CHARS, "%.0f", cursor->real) };
}

static int compare_long(const struct cursor *a, const struct cursor *b)
{
    char left[EXACT_CHARS], right[EXACT_CHARS];

    return compare_digits(digits_of(exact_text(a, left)), digits_of(exact_text(b, right)));
}

static int compare_integer(int128 integer, double real)
{
    int128 whole;

    if (fabs(real) >= 0x1p126) /* no cursor has such an integer */
        return real > 0 ? -1 : 1;
    whole = (int128)real;
    if (integer != whole)
        return integer > whole ? 1 : -1;
    return (real < (double)whole) - (real > (double)whole);
}

static int compare_numbers(const struct cursor *a, const struct cursor *b)
{
    if (a->kind == CURSOR_NUMBER || b->kind == CURSOR_NUMBER)
        return compare_long(a, b);
    if (a->kind == CURSOR_INTEGER && b->kind == CURSOR_INTEGER)
        return (a->integer > b->integer) - (a->integer < b->integer);
    if (a->kind == CURSOR_INTEGER)
        return compare_integer(a->integer, b->real);
    if (b->kind == CURSOR_INTEGER)
        return -compare_integer(b->integer, a->real);
    return (a->real > b->real) - (a->real < b->real);
}

static bool is_number(const struct cursor *cursor)
{
    return cursor->kind == CURSOR_INTEGER || cursor->kind == CURSOR_DOUBLE || cursor->kind == CURSOR_NUMBER;
}

/* UTF-8 sorts as its characters do. */
static int compare_texts(struct slice a, struct slice b)
{
    int order = sign_of(memcmp(a.text, b.text, a.length < b.length ? a.length : b.length));

    return order ? order : (a.length > b.length) - (a.length < b.length);
}

bool cursor_compare(const struct cursor *a, const struct cursor *b, int *order)
{
    if (a->kind == CURSOR_TEXT && b->kind == CURSOR_TEXT)
        *order = compare_texts(a->text, b->text);
    else if (is_number(a) && is_number(b))
        *order = compare_numbers(a, b);
    else
        return false;
    return true;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

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
    case CURSOR_OTHER: /* of an object nothing is kept */
        json_text_string(out, cursor->text);
        break;
    }
}

void cursor_describe(struct text *out, const struct cursor *cursor)
{
    struct slice text = cursor->text;

    if (cursor->kind != CURSOR_OTHER) {
        cursor_write(out, cursor);
    } else if (!text.length) {
        text_puts(out, "an object or a list");
    } else if (is_marked(text)) {
        text_printf(out, "%s ", mark_names[(unsigned char)text.text[2] - MARK_FIRST]);
        json_text_string(out, (struct slice){ text.text + MARK_BYTES, text.length - MARK_BYTES });
    } else {
        json_text_string(out, text);
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
