#include "destination/sqlite/merge.h"

static enum spile_status run(struct sqlite_database *d, struct text *sql, struct spile_error *err)
{
    enum spile_status status = sql->failed ? spile_fail_nomem(err) : connection_execute(&d->sql, sql->text, NULL, 0, NULL, NULL, err);

    text_release(sql);
    return status;
}

/* No table of the data is called like these. */
static void put_index(struct text *sql, const struct merge *merge, const char *what, size_t number)
{
    text_printf(sql, "%s.\"_dlt_%s_%zu\"", merge->in_place ? "main" : "temp", what, number);
}

static enum spile_status make_index(struct sqlite_database *d, const struct merge *merge, const char *what, size_t number,
                                    const struct column *const *columns, size_t count, struct spile_error *err)
{
    struct text sql = { 0 };

    if (!count)
        return SPILE_OK;
    text_puts(&sql, "CREATE INDEX ");
    put_index(&sql, merge, what, number);
    text_puts(&sql, " ON ");
    sql_put_name(&sql, merge->tables[number].table->name);
    for (size_t i = 0; i < count; i++) {
        text_puts(&sql, i ? ", " : " (");
        sql_put_name(&sql, columns[i]->name);
    }
    text_putc(&sql, ')');
    return run(d, &sql, err);
}

/* Of rows that have others below them. */
static enum spile_status make_row_indexes(struct sqlite_database *d, const struct merge *merge, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && merge->table_count > 1 && i < merge->table_count; i++)
        status = make_index(d, merge, "row", i, &merge->tables[i].row_key, merge->tables[i].row_key != NULL, err);
    return status;
}

static enum spile_status make_key_indexes(struct sqlite_database *d, const struct merge *merge, struct spile_error *err)
{
    enum spile_status status = make_index(d, merge, "primary", 0, merge->primary_key, merge->primary_key_count, err);

    if (!status)
        status = make_index(d, merge, "merge", 0, merge->merge_key, merge->merge_key_count, err);
    if (!status)
        status = make_index(d, merge, "version", 0, &merge->row_version, merge->row_version != NULL, err);
    return status;
}

/* Those of staged tables go with these. */
static enum spile_status drop_row_indexes(struct sqlite_database *d, const struct merge *merge, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && merge->table_count > 1 && i < merge->table_count; i++) {
        struct text sql = { 0 };

        if (!merge->tables[i].row_key)
            continue;
        text_puts(&sql, "DROP INDEX ");
        put_index(&sql, merge, "row", i);
        status = run(d, &sql, err);
    }
    return status;
}

/* SQLite looks for a row with the same key anew for each row: not by reading all of them each time. */
enum spile_status sqlite_merge(struct destination *destination, const struct merge *merge, struct spile_error *err)
{
    struct sqlite_database *d = (struct sqlite_database *)destination;
    enum spile_status status = make_row_indexes(d, merge, err);

    if (!status && !merge->in_place)
        status = make_key_indexes(d, merge, err);
    if (!status)
        status = sql_merge(destination, merge, err);
    return status || !merge->in_place ? status : drop_row_indexes(d, merge, err);
}
