#include "destination/sqlite/tables.h"

#include <string.h>

#include "destination/sqlite/types.h"

static const char catalog_sql[] = "SELECT type, name FROM main.sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite^_%' ESCAPE '^'";

/* A dataset is there when it has something in it: an empty file is as good as none. */
enum spile_status sqlite_read_catalog(struct destination *destination, const char *dataset, struct arena *arena, struct catalog *catalog,
                                      struct spile_error *err)
{
    struct sqlite_database *d = (struct sqlite_database *)destination;
    struct sql_rows rows;
    enum spile_status status = connection_use(d, dataset, false, err);

    *catalog = (struct catalog){ 0 };
    if (!status)
        status = connection_execute(&d->sql, catalog_sql, NULL, 0, arena, &rows, err);
    if (status)
        return status;
    catalog->has_dataset = rows.count;
    catalog->tables = arena_alloc(arena, rows.count * sizeof(*catalog->tables));
    if (!catalog->tables)
        return spile_fail_nomem(err);
    for (; catalog->table_count < rows.count; catalog->table_count++) {
        char **cells = &rows.cells[catalog->table_count * rows.width];

        catalog->tables[catalog->table_count] = (struct catalog_table){ .name = cells[1], .view = !strcmp(cells[0], "view") };
    }
    catalog_sort(catalog);
    return SPILE_OK;
}

/* A column that is the row's number is filled when it gets no value. */
static const char columns_sql[] = "SELECT name, type, \"notnull\" AND dflt_value IS NULL FROM pragma_table_xinfo($1, 'main') WHERE hidden <> 1";

enum spile_status sqlite_read_columns(struct destination *destination, const char *dataset, struct catalog_table *table, struct arena *arena,
                                      struct spile_error *err)
{
    struct sqlite_database *d = (struct sqlite_database *)destination;
    const struct datum name = datum_text(table->name);
    struct catalog_column *columns;
    struct sql_rows rows;
    enum spile_status status = connection_use(d, dataset, false, err);

    if (!status)
        status = connection_execute(&d->sql, columns_sql, &name, 1, arena, &rows, err);
    if (status)
        return status;
    columns = arena_alloc(arena, rows.count * sizeof(*columns));
    if (!columns)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < rows.count; i++) {
        char **cells = &rows.cells[i * rows.width];

        columns[i] = (struct catalog_column){ cells[0], cells[1] ? cells[1] : "", !strcmp(cells[2], "0") };
    }
    catalog_sort_columns(columns, rows.count);
    table->columns = columns;
    table->column_count = rows.count;
    return SPILE_OK;
}

const char *sqlite_type_there(struct sqlite_database *d, const char *table, const struct column *column, struct arena *arena)
{
    const char *type = NULL;

    if (sqlite3_table_column_metadata(d->connection, "main", table, column->name, &type, NULL, NULL, NULL, NULL))
        return sqlite_type_name(column, arena);
    return arena_copy(arena, type ? type : "", type ? strlen(type) : 0);
}
