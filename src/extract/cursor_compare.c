/* Numbers are compared digit by digit where a double would round, all else by its bytes or as the moment it is. */
#include "extract/cursor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* A double with all its digits, of which there are up to 309 before the point and 1074 behind it, and with a sign and an end. */
#define FRACTION_DIGITS 1074
#define EXACT_CHARS (309 + FRACTION_DIGITS + 16)

/* The point of the machine's locale may have several bytes. */
static size_t write_exact(double real, char buffer[EXACT_CHARS])
{
    int length = snprintf(buffer, EXACT_CHARS, "%.*f", FRACTION_DIGITS, real);
    char *point = buffer + strspn(buffer, "-0123456789");

    memmove(point + 1, buffer + length - FRACTION_DIGITS, FRACTION_DIGITS);
    *point = '.';
    return (size_t)(point - buffer) + 1 + FRACTION_DIGITS;
}

/* The digits of a number, none of them rounded. */
static struct slice exact_text(const struct cursor *cursor, char buffer[EXACT_CHARS])
{
    if (cursor->kind == CURSOR_NUMBER || cursor->kind == CURSOR_DECIMAL)
        return cursor->text;
    if (cursor->kind == CURSOR_INTEGER)
        return (struct slice){ buffer, decimal_format(cursor->integer, 0, buffer) };
    return (struct slice){ buffer, write_exact(cursor->real, buffer) };
}

/* Of a decimal that is infinite its sign, else 0. */
static int infinity_of(const struct cursor *cursor)
{
    bool negative = cursor->text.length && cursor->text.text[0] == '-';

    if (cursor->kind != CURSOR_DECIMAL || cursor->text.text[negative] != 'I')
        return 0;
    return negative ? -1 : 1;
}

static int compare_long(const struct cursor *a, const struct cursor *b)
{
    char left[EXACT_CHARS], right[EXACT_CHARS];

    if (infinity_of(a) || infinity_of(b))
        return sign_of(infinity_of(a) - infinity_of(b));
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

static bool needs_digits(const struct cursor *cursor)
{
    return cursor->kind == CURSOR_NUMBER || cursor->kind == CURSOR_DECIMAL;
}

static int compare_numbers(const struct cursor *a, const struct cursor *b)
{
    if (needs_digits(a) || needs_digits(b))
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
    return cursor->kind == CURSOR_INTEGER || cursor->kind == CURSOR_DOUBLE || needs_digits(cursor);
}

/* UTF-8 sorts as its characters do, dates and times as their ISO texts. */
static int compare_bytes(struct slice a, struct slice b)
{
    int order = sign_of(memcmp(a.text, b.text, a.length < b.length ? a.length : b.length));

    return order ? order : (a.length > b.length) - (a.length < b.length);
}

static bool can_be_compared(const struct cursor *a, const struct cursor *b)
{
    if (is_number(a) && is_number(b))
        return true;
    return a->kind == b->kind && a->kind != CURSOR_NONE && a->kind != CURSOR_OTHER && a->is_aware == b->is_aware;
}

bool cursor_compare(const struct cursor *a, const struct cursor *b, int *order)
{
    if (!can_be_compared(a, b))
        return false;
    if (is_number(a))
        *order = compare_numbers(a, b);
    else if (a->kind == CURSOR_TIMESTAMP)
        *order = (a->integer > b->integer) - (a->integer < b->integer);
    else
        *order = compare_bytes(a->text, b->text);
    return true;
}
