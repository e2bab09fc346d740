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
    catalog->has_dataset = !status && rows.count;
    return status ? status : sql_fill_catalog(catalog, &rows, arena, err);
}

/* A column that is the row's number is filled when it gets no value. */
static const char columns_sql[] = "SELECT name, type, CASE WHEN \"notnull\" AND dflt_value IS NULL THEN 'no' ELSE 'yes' END "
                                  "FROM pragma_table_xinfo($1, 'main') WHERE hidden <> 1";

static enum spile_status read_columns(struct sqlite_database *d, struct catalog_table *table, struct arena *arena, struct spile_error *err)
{
    const struct datum name = datum_text(table->name);
    struct sql_rows rows;
    enum spile_status status = connection_execute(&d->sql, columns_sql, &name, 1, arena, &rows, err);

    return status ? status : sql_fill_columns(table, &rows, arena, err);
}

enum spile_status sqlite_read_columns(struct destination *destination, const char *dataset, struct catalog_table *const *tables, size_t count,
                                      struct arena *arena, struct spile_error *err)
{
    struct sqlite_database *d = (struct sqlite_database *)destination;
    enum spile_status status = connection_use(d, dataset, false, err);

    for (size_t i = 0; !status && i < count; i++)
        status = read_columns(d, tables[i], arena, err);
    return status;
}

const char *sqlite_type_there(struct sqlite_database *d, const char *table, const struct column *column, struct arena *arena)
{
    const char *type = NULL;

    if (sqlite3_table_column_metadata(d->connection, "main", table, column->name, &type, NULL, NULL, NULL, NULL))
        return sqlite_type_name(column, arena);
    return arena_copy(arena, type ? type : "", type ? strlen(type) : 0);
}
