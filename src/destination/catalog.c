#include "destination/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static int compare_folded(const char *a, const char *b)
{
    while (*a && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    return (unsigned char)ascii_lower(*a) - (unsigned char)ascii_lower(*b);
}

/* Both structs begin with the name. */
static const char *name_at(const void *entries, size_t index, size_t size)
{
    return *(const char *const *)(const void *)((const char *)entries + index * size);
}

static int compare_entries(const void *a, const void *b)
{
    const char *one = *(const char *const *)a, *other = *(const char *const *)b;
    int order = compare_folded(one, other);

    return order ? order : strcmp(one, other);
}

/* Index of the entry; count: not there. */
static size_t find(const void *entries, size_t count, size_t size, const char *name, bool exact)
{
    size_t first = 0, end = count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;

        if (compare_folded(name_at(entries, middle, size), name) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    for (; exact && first < count && strcmp(name_at(entries, first, size), name); first++)
        if (compare_folded(name_at(entries, first, size), name))
            return count;
    return first < count && !compare_folded(name_at(entries, first, size), name) ? first : count;
}

struct catalog_table *catalog_find_table(const struct catalog *catalog, const char *name)
{
    size_t index = find(catalog->tables, catalog->table_count, sizeof(*catalog->tables), name, catalog->exact_names);

    return index < catalog->table_count ? &catalog->tables[index] : NULL;
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
    size_t index = find(table->columns, table->column_count, sizeof(*table->columns), name, table->exact_names);

    return index < table->column_count ? &table->columns[index] : NULL;
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
