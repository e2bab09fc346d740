#include "destination/sqlite/types.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- what a declared type means ------------------------------------------------------------------------------------------------- */

/* `word` in capitals. */
static bool has_word(const char *type, const char *word)
{
    size_t length = strlen(word);

    for (; *type; type++)
        if (!strncasecmp(type, word, length))
            return true;
    return false;
}

/* SQLite's own rules, in their order. */
enum affinity affinity_of(const char *type)
{
    if (!type || !*type)
        return AFFINITY_NONE;
    if (has_word(type, "INT"))
        return AFFINITY_INTEGER;
    if (has_word(type, "CHAR") || has_word(type, "CLOB") || has_word(type, "TEXT"))
        return AFFINITY_TEXT;
    if (has_word(type, "BLOB"))
        return AFFINITY_NONE;
    if (has_word(type, "REAL") || has_word(type, "FLOA") || has_word(type, "DOUB"))
        return AFFINITY_REAL;
    return AFFINITY_NUMERIC;
}

const char *affinity_type(enum affinity affinity)
{
    static const char *const types[] = { [AFFINITY_INTEGER] = "INTEGER", [AFFINITY_TEXT] = "TEXT", [AFFINITY_NONE] = "BLOB", [AFFINITY_REAL] = "REAL",
                                         [AFFINITY_NUMERIC] = "NUMERIC" };

    return types[affinity];
}

/* Is it the type of that name, with or without parameters? */
static bool is_type(const char *type, const char *name)
{
    size_t length = strlen(name);

    return !strncasecmp(type, name, length) && (type[length] == '\0' || type[length] == '(' || type[length] == ' ');
}

static bool is_one_of(const char *type, const char *const *names)
{
    for (; *names; names++)
        if (is_type(type, *names))
            return true;
    return false;
}

/* ---- own types ------------------------------------------------------------------------------------------------------------------ */

#define DECIMAL_TYPE "DECIMAL_TEXT"

static const char *integer_type(int bits)
{
    if (bits < 0 || bits > 32)
        return "BIGINT";
    return bits <= 16 ? "SMALLINT" : "INTEGER";
}

const char *sqlite_type_name(const struct column *column, struct arena *arena)
{
    const struct column_type *type = &column->type;

    switch (type->type) {
    case TYPE_TEXT:
        return type->precision > 0 ? arena_printf(arena, "VARCHAR(%d)", type->precision) : "TEXT";
    case TYPE_DOUBLE:
        return "DOUBLE";
    case TYPE_BOOL:
        return "BOOLEAN";
    case TYPE_TIMESTAMP:
        return "DATETIME";
    case TYPE_BIGINT:
        return integer_type(type->precision);
    case TYPE_BINARY:
        return "BLOB";
    case TYPE_JSON:
        return "JSON";
    case TYPE_DECIMAL:
    case TYPE_WEI:
        return arena_printf(arena, DECIMAL_TYPE "(%d,%d)", column_type_precision(type), column_type_scale(type));
    case TYPE_DATE:
        return "DATE";
    case TYPE_TIME:
        return "TIME";
    case TYPE_UNKNOWN:
        break;
    }
    return "TEXT";
}

/* ---- what fits ------------------------------------------------------------------------------------------------------------------ */

/* A decimal column of ours says how many digits its values have before and after the point. */
static bool decimal_fits(const struct column_type *type, const char *there)
{
    int precision, scale;

    if (sscanf(there + strlen(DECIMAL_TYPE), "(%d,%d)", &precision, &scale) != 2)
        return true;
    return scale >= column_type_scale(type) && precision - scale >= column_type_precision(type) - column_type_scale(type);
}

/* Texts of dates and times stay text in columns of numbers, since they look like none; but a reader expects one kind there. */
static const char *const bools[] = { "BOOLEAN", "BOOL", NULL }, *const timestamps[] = { "DATETIME", "TIMESTAMP", NULL },
                         *const dates[] = { "DATE", NULL }, *const times[] = { "TIME", NULL }, *const jsons[] = { "JSON", "JSONB", NULL },
                         *const numbers[] = { "NUMERIC", "DECIMAL", "NUMBER", "NUM", "DEC", NULL };

bool sqlite_type_fits(const struct column *column, const char *type_name, const char *there)
{
    enum affinity affinity = affinity_of(there);
    enum data_type type = column->type.type;

    if (!strcasecmp(type_name, there))
        return true;
    if (is_type(there, DECIMAL_TYPE))
        return (type == TYPE_DECIMAL || type == TYPE_WEI) && decimal_fits(&column->type, there);
    if (affinity == AFFINITY_NONE || (affinity == AFFINITY_TEXT && type != TYPE_BINARY))
        return true;
    switch (type) {
    case TYPE_DOUBLE:
        return affinity == AFFINITY_REAL || is_one_of(there, numbers);
    case TYPE_BOOL:
        return affinity == AFFINITY_INTEGER || is_one_of(there, bools) || is_one_of(there, numbers);
    case TYPE_BIGINT:
        return affinity == AFFINITY_INTEGER || is_one_of(there, numbers);
    case TYPE_DECIMAL:
    case TYPE_WEI:
        return is_one_of(there, numbers);
    case TYPE_TIMESTAMP:
        return is_one_of(there, timestamps);
    case TYPE_DATE:
        return is_one_of(there, dates);
    case TYPE_TIME:
        return is_one_of(there, times);
    case TYPE_JSON:
        return is_one_of(there, jsons);
    case TYPE_TEXT:
    case TYPE_BINARY:
    case TYPE_UNKNOWN:
        break;
    }
    return false;
}

/* ---- texts ---------------------------------------------------------------------------------------------------------------------- */

static char *put_two(char *out, int number)
{
    *out++ = (char)('0' + number / 10);
    *out++ = (char)('0' + number % 10);
    return out;
}

size_t sqlite_time_text(int64_t micros, char out[TIMESTAMP_CHARS])
{
    int seconds = (int)(micros / MICROS_PER_SECOND), fraction = (int)(micros % MICROS_PER_SECOND);
    char *at = put_two(out, seconds / 3600);

    *at++ = ':';
    at = put_two(at, seconds / 60 % 60);
    *at++ = ':';
    at = put_two(at, seconds % 60);
    *at++ = '.';
    at = put_two(at, fraction / 10000);
    at = put_two(at, fraction / 100 % 100);
    at = put_two(at, fraction % 100);
    *at = '\0';
    return (size_t)(at - out);
}

size_t sqlite_timestamp_text(int64_t micros, char out[TIMESTAMP_CHARS])
{
    int64_t days = micros / MICROS_PER_DAY, rest = micros % MICROS_PER_DAY;
    size_t length;

    if (rest < 0) {
        days--;
        rest += MICROS_PER_DAY;
    }
    length = date_format((int32_t)days, out);
    out[length++] = ' ';
    return length + sqlite_time_text(rest, out + length);
}

/* ---- decimals ------------------------------------------------------------------------------------------------------------------- */

#define DIGITS_KEPT ((int128)1000000000000000) /* 10 to the 15th */

/* Without zeros at the end of its fraction. */
static void strip_zeros(int128 *value, int *scale)
{
    for (; *scale > 0 && *value % 10 == 0; --*scale)
        *value /= 10;
}

size_t decimal_shorten(int128 value, int scale, char out[DECIMAL_CHARS])
{
    strip_zeros(&value, &scale);
    return decimal_format(value, scale, out);
}

bool decimal_is_whole(int128 value, int scale, int64_t *whole)
{
    strip_zeros(&value, &scale);
    if (scale || value < INT64_MIN || value > INT64_MAX)
        return false;
    *whole = (int64_t)value;
    return true;
}

bool decimal_survives(int128 value, int scale)
{
    int64_t whole;

    if (decimal_is_whole(value, scale, &whole))
        return true;
    while (value && value % 10 == 0)
        value /= 10;
    return value < DIGITS_KEPT && value > -DIGITS_KEPT;
}

struct decimal_digits {
    bool negative;
    struct slice whole, fraction; /* without zeros in front, or at the end */
};

static struct decimal_digits digits_of(struct slice text)
{
    struct decimal_digits digits = { .negative = text.length && *text.text == '-' };
    const char *end = text.text + text.length, *at = text.text + digits.negative, *point;

    while (at < end && *at == '0')
        at++;
    point = memchr(at, '.', (size_t)(end - at));
    digits.whole = (struct slice){ at, (size_t)((point ? point : end) - at) };
    if (point)
        digits.fraction = (struct slice){ point + 1, (size_t)(end - point - 1) };
    while (digits.fraction.length && digits.fraction.text[digits.fraction.length - 1] == '0')
        digits.fraction.length--;
    return digits;
}

/* Of fractions, and of whole numbers with as many digits. */
static int compare_digits(struct slice one, struct slice other)
{
    size_t shared = one.length < other.length ? one.length : other.length;
    int order = shared ? memcmp(one.text, other.text, shared) : 0;

    return order ? order : (one.length > other.length) - (one.length < other.length);
}

int decimal_compare(struct slice one, struct slice other)
{
    struct decimal_digits a = digits_of(one), b = digits_of(other);
    int order;

    if (a.negative != b.negative)
        return a.negative ? -1 : 1;
    if (a.whole.length != b.whole.length)
        order = a.whole.length < b.whole.length ? -1 : 1;
    else
        order = compare_digits(a.whole, b.whole);
    if (!order)
        order = compare_digits(a.fraction, b.fraction);
    return a.negative ? -order : order;
}
