#include "destination/postgres/types.h"

#include <stdlib.h>
#include <string.h>

#include "destination/postgres/copy.h"

#define WEI_PRECISION 156 /* dlt's default on Postgres: room for 256 bits on both sides of the point */
#define WEI_SCALE 78

/* ---- our types ------------------------------------------------------------------------------------------------------------------ */

/* The precision counts bits. */
static const char *integer_type(int bits)
{
    if (bits < 0 || bits > 32)
        return "bigint";
    return bits <= 16 ? "smallint" : "integer";
}

static bool is_rounded(int precision)
{
    return precision >= 0 && precision < PG_TIME_DIGITS;
}

static const char *time_type(const char *name, int precision, const char *zone, struct arena *arena)
{
    return is_rounded(precision) ? arena_printf(arena, "%s(%d) %s time zone", name, precision, zone) : arena_printf(arena, "%s %s time zone", name, zone);
}

static const char *wei_type(const struct column_type *type, struct arena *arena)
{
    if (type->precision < 0)
        return arena_printf(arena, "numeric(%d,%d)", WEI_PRECISION, type->scale < 0 ? WEI_SCALE : type->scale);
    return arena_printf(arena, "numeric(%d,%d)", type->precision, column_type_scale(type));
}

const char *pg_type_name(const struct column *column, struct arena *arena)
{
    const struct column_type *type = &column->type;

    switch (type->type) {
    case TYPE_DOUBLE:
        return "double precision";
    case TYPE_BOOL:
        return "boolean";
    case TYPE_TIMESTAMP:
        return time_type("timestamp", type->precision, type->timezone ? "with" : "without", arena);
    case TYPE_BIGINT:
        return integer_type(type->precision);
    case TYPE_BINARY:
        return "bytea";
    case TYPE_JSON:
        return "jsonb";
    case TYPE_DECIMAL:
        return arena_printf(arena, "numeric(%d,%d)", column_type_precision(type), column_type_scale(type));
    case TYPE_WEI:
        return wei_type(type, arena);
    case TYPE_DATE:
        return "date";
    case TYPE_TIME:
        return time_type("time", type->precision, "without", arena);
    case TYPE_TEXT:
    case TYPE_UNKNOWN:
        break;
    }
    return type->precision > 0 ? arena_printf(arena, "character varying(%d)", type->precision) : "character varying";
}

/* ---- types that are there ------------------------------------------------------------------------------------------------------- */

/* As format_type() writes them, without "(precision,scale)". */
static const struct {
    const char *name;
    enum pg_oid oid;
} types[] = {
    { "boolean", OID_BOOL }, { "smallint", OID_INT2 }, { "integer", OID_INT4 }, { "bigint", OID_INT8 }, { "real", OID_FLOAT4 },
    { "double precision", OID_FLOAT8 }, { "numeric", OID_NUMERIC }, { "text", OID_TEXT }, { "citext", OID_TEXT },
    { "character varying", OID_VARCHAR }, { "character", OID_BPCHAR }, { "bpchar", OID_BPCHAR }, { "bytea", OID_BYTEA }, { "date", OID_DATE },
    { "time without time zone", OID_TIME }, { "timestamp without time zone", OID_TIMESTAMP }, { "timestamp with time zone", OID_TIMESTAMPTZ },
    { "json", OID_JSON }, { "jsonb", OID_JSONB }, { "uuid", OID_UUID },
};

struct there {
    enum pg_oid oid;
    int precision, scale; /* -1: none */
};

static bool same_but_parentheses(const char *name, const char *text, const char *open, const char *close)
{
    size_t before = (size_t)(open - text);

    return strlen(name) == before + strlen(close) && !strncmp(name, text, before) && !strcmp(name + before, close);
}

/* The name of an extension's type may have its schema before it. */
static bool read_type(const char *text, struct there *there)
{
    const char *dot = strchr(text, '.'), *open, *close;

    if (dot && !strcmp(dot + 1, "citext"))
        text = dot + 1;
    open = text + strcspn(text, "(");
    close = *open ? strchr(open, ')') : open;
    if (!close)
        return false;
    *there = (struct there){ 0, -1, -1 };
    if (*open) {
        there->precision = (int)strtol(open + 1, NULL, 10);
        there->scale = memchr(open, ',', (size_t)(close - open)) ? (int)strtol(strchr(open, ',') + 1, NULL, 10) : 0;
        close++;
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (same_but_parentheses(types[i].name, text, open, close))
            return there->oid = types[i].oid, true;
    return false;
}

/* Precisions of times, where none means all digits. */
static bool holds_digits(int precision, int there)
{
    return !is_rounded(there) || (is_rounded(precision) && precision <= there);
}

static bool holds_decimals(const struct column_type *type, const struct there *there)
{
    int precision = column_type_precision(type), scale = column_type_scale(type);

    return there->precision < 0 || (there->scale >= scale && there->precision - there->scale >= precision - scale);
}

bool pg_type_fits(const struct column *column, const char *type_name, const char *there)
{
    const struct column_type *type = &column->type;
    struct there found;

    if (!strcmp(type_name, there))
        return true;
    if (!read_type(there, &found) || !copy_can(type->type, found.oid))
        return false;
    if (type->type == TYPE_TIMESTAMP || type->type == TYPE_TIME)
        return holds_digits(type->precision, found.precision);
    if (type->type == TYPE_DECIMAL || type->type == TYPE_WEI)
        return holds_decimals(type, &found);
    return true;
}

/* Of the types that take any of our values. */
bool pg_type_compares(const char *there)
{
    return strcmp(there, "json") != 0;
}
