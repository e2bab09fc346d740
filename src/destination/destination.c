#include "destination/destination.h"

#include <stdlib.h>
#include <string.h>

#include "destination/duckdb/duckdb.h"

static const struct destination_ops *const destinations[] = {
    &duckdb_destination,
};

#define DESTINATION_COUNT (sizeof(destinations) / sizeof(*destinations))

const struct destination_ops *destination_by_scheme(const char *scheme)
{
    for (size_t i = 0; i < DESTINATION_COUNT; i++)
        if (!strcmp(destinations[i]->scheme, scheme))
            return destinations[i];
    return NULL;
}

bool destination_is_file(const struct destination_ops *ops)
{
    return *ops->extensions;
}

enum spile_status destination_check_type(const struct destination_ops *ops, const struct column_type *type, struct spile_error *err)
{
    int digits = column_type_precision(type), most = ops->caps.decimal_digits_max;

    if ((type->type != TYPE_DECIMAL && type->type != TYPE_WEI) || digits <= most)
        return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "%s(%d,%d) has more digits than %s can hold", data_type_name(type->type), digits,
               column_type_scale(type), ops->scheme);
    return spile_hint(err, SPILE_CONFIG, "use %d digits at most, or text", most);
}

/* What follows "scheme:": a path, or with "//" a host (which must be empty here) and a path. As in database URLs three slashes begin a
 * path relative to the current folder and four an absolute one. */
static const char *path_of_url(const char *rest)
{
    return strncmp(rest, "///", 3) ? rest : rest + 3;
}

static const struct destination_ops *by_extension(const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < DESTINATION_COUNT; i++)
        for (const char *const *extension = destinations[i]->extensions; *extension; extension++) {
            size_t suffix = strlen(*extension);

            if (length > suffix && !strcmp(text + length - suffix, *extension))
                return destinations[i];
        }
    return NULL;
}

static enum spile_status fail_unknown(const char *text, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];
    struct text known = { 0 };

    for (size_t i = 0; i < DESTINATION_COUNT; i++)
        text_printf(&known, "%s%s: %s", i ? "; " : "", destinations[i]->scheme, destinations[i]->summary);
    spile_fail(err, SPILE_CONFIG, "unknown destination \"%s\"", shorten(extract, text, strlen(text)));
    spile_hint(err, SPILE_CONFIG, "known destinations: %s", known.text ? known.text : "");
    text_release(&known);
    return SPILE_CONFIG;
}

enum spile_status destination_find(const struct destination_ops **ops, const char *text, struct arena *arena, const char **path,
                                   struct spile_error *err)
{
    const char *colon = strchr(text, ':');
    char *scheme = arena_copy(arena, text, colon ? (size_t)(colon - text) : strlen(text));

    if (!scheme)
        return spile_fail_nomem(err);
    *path = "";
    *ops = destination_by_scheme(scheme);
    if (*ops && colon)
        *path = path_of_url(colon + 1);
    else if (!*ops && (*ops = by_extension(text)))
        *path = text;
    if (!*ops)
        return fail_unknown(text, err);
    if (colon && (*path)[0] == '/' && (*path)[1] == '/')
        return spile_fail(err, SPILE_CONFIG, "destination \"%s\" names a host", text),
               spile_hint(err, SPILE_CONFIG, "write duckdb:PATH, or duckdb:///PATH");
    *path = arena_copy(arena, *path, strlen(*path));
    return *path ? SPILE_OK : spile_fail_nomem(err);
}

/* ---- catalog -------------------------------------------------------------------------------------------------------------------- */

static int compare_names(const char *a, const char *b)
{
    while (*a && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    return (unsigned char)ascii_lower(*a) - (unsigned char)ascii_lower(*b);
}

/* Both structs begin with the name. */
static int compare_entries(const void *a, const void *b)
{
    return compare_names(*(const char *const *)a, *(const char *const *)b);
}

struct catalog_table *catalog_find_table(const struct catalog *catalog, const char *name)
{
    return catalog->table_count ? bsearch(&name, catalog->tables, catalog->table_count, sizeof(*catalog->tables), compare_entries) : NULL;
}

void catalog_remove(struct catalog *catalog, const char *name)
{
    struct catalog_table *table = catalog_find_table(catalog, name);

    if (!table)
        return;
    memmove(table, table + 1, (size_t)(catalog->tables + --catalog->table_count - table) * sizeof(*table));
}

const struct catalog_column *catalog_find_column(const struct catalog_table *table, const char *name)
{
    return table->column_count ? bsearch(&name, table->columns, table->column_count, sizeof(*table->columns), compare_entries) : NULL;
}

void catalog_sort(struct catalog *catalog)
{
    if (catalog->table_count)
        qsort(catalog->tables, catalog->table_count, sizeof(*catalog->tables), compare_entries);
}

void catalog_sort_columns(struct catalog_column *columns, size_t count)
{
    if (count)
        qsort(columns, count, sizeof(*columns), compare_entries);
}

/* ---- SQL ------------------------------------------------------------------------------------------------------------------------ */

void sql_put_name(struct text *sql, const char *name)
{
    text_putc(sql, '"');
    for (; *name; name++) {
        if (*name == '"')
            text_putc(sql, '"');
        text_putc(sql, *name);
    }
    text_putc(sql, '"');
}
