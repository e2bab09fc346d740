/* What is in a dataset. */
#ifndef DESTINATION_CATALOG_H
#define DESTINATION_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

struct catalog_column {
    const char *name, *type; /* type as the database writes it */
    bool nullable;
};

struct catalog_table {
    const char *name;
    bool view;
    bool exact_names; /* names of columns may differ by the case of their letters only; else the case of ASCII letters does not matter */
    const struct catalog_column *columns; /* sorted, as catalog_find_column wants them; NULL: not read yet */
    size_t column_count;
};

struct catalog {
    bool has_dataset;
    bool exact_names; /* likewise, names of tables */
    struct catalog_table *tables; /* of the dataset, and its views; sorted, as catalog_find_table wants them */
    size_t table_count;
};

/* NULL: not there. */
struct catalog_table *catalog_find_table(const struct catalog *catalog, const char *name);
const struct catalog_column *catalog_find_column(const struct catalog_table *table, const char *name);

void catalog_remove(struct catalog *catalog, const char *table); /* it was dropped */

void catalog_sort(struct catalog *catalog);
void catalog_sort_columns(struct catalog_column *columns, size_t count);

#endif
