/* A dataset as text that is the same for the same content, whatever the engine. */
#ifndef UNIT_FAULT_DATASET_H
#define UNIT_FAULT_DATASET_H

#include "base/arena.h"
#include "destination/sql/sql.h"
#include "fault_world.h"

struct engine {
    const struct destination_ops *ops;
    const char *cell_begin, *cell_end; /* around a column, for its value as text */
};

/* What differs from run to run: the clock's times, and what is made of them; the order in which parallel resources have come, by which a table that
 * several of them name belongs to the first one: so the schema's hash is another one, too. */
static inline bool may_differ(const char *table, const char *column)
{
    static const char *const columns[] = { "inserted_at", "created_at", "load_id", "_dlt_load_id", "_dlt_id", "schema", "state", "schema_version_hash" };

    for (size_t i = 0; !strncmp(table, "_dlt_", 5) && i < sizeof(columns) / sizeof(*columns); i++)
        if (!strcmp(column, columns[i]))
            return true;
    return !strcmp(table, "_dlt_version") && !strcmp(column, "version_hash");
}

/* In any order: a sum over the rows. */
static inline uint64_t hash_rows(const struct sql_rows *rows)
{
    uint64_t sum = 0;

    for (size_t row = 0; row < rows->count; row++) {
        uint64_t hash = 14695981039346656037u;

        for (size_t i = 0; i < rows->width; i++) {
            const char *cell = rows->cells[row * rows->width + i];

            for (size_t at = 0; cell && cell[at]; at++)
                hash = (hash ^ (unsigned char)cell[at]) * 1099511628211u;
            hash = (hash ^ (cell ? 256 : 257)) * 1099511628211u; /* null is not "" */
        }
        sum += hash;
    }
    return sum;
}

static inline void dump_table(const struct engine *engine, struct destination *d, const char *dataset, struct catalog_table *table, struct arena *arena,
                              struct text *out)
{
    struct sql_database *database = (struct sql_database *)d;
    struct text sql = { 0 };
    struct sql_rows rows;
    struct spile_error err = { 0 };

    assert_int_equal(engine->ops->read_columns(d, dataset, &table, 1, arena, &err), SPILE_OK);
    text_puts(&sql, "SELECT 'x'");
    for (size_t i = 0; i < table->column_count; i++)
        if (!may_differ(table->name, table->columns[i].name)) {
            text_printf(&sql, ", %s", engine->cell_begin);
            sql_put_name(&sql, table->columns[i].name);
            text_puts(&sql, engine->cell_end);
        }
    text_printf(&sql, " FROM %s", sql_table(database, dataset, table->name, false, arena));
    if (database->dialect->execute(database, sql.text, NULL, 0, arena, &rows, &err))
        fail_msg("%s: %s", sql.text, err.message);
    text_printf(out, "%s %zu rows %llx:", table->name, rows.count, (unsigned long long)hash_rows(&rows));
    for (size_t i = 0; i < table->column_count; i++)
        text_printf(out, " %s %s%s", table->columns[i].name, table->columns[i].type, table->columns[i].nullable ? "" : " not null");
    text_putc(out, '\n');
    text_release(&sql);
}

static inline void dump_dataset(const struct engine *engine, const char *location, const char *dataset, struct text *out)
{
    struct destination_options options = { .location = location, .max_memory = 256u << 20, .threads = 1, .work_folder = in_world("spill"), .read_only = true };
    struct destination *d;
    struct arena arena = { 0 };
    struct catalog catalog;
    struct spile_error err = { 0 };

    text_clear(out);
    if (engine->ops->open(&d, &options, &err))
        fail_msg("can't open the dataset: %s", err.message);
    if (engine->ops->read_catalog(d, dataset, &arena, &catalog, &err))
        fail_msg("can't read the dataset: %s", err.message);
    for (size_t i = 0; i < catalog.table_count; i++)
        dump_table(engine, d, dataset, &catalog.tables[i], &arena, out);
    assert_int_equal(engine->ops->close(d, &err), SPILE_OK);
    arena_release(&arena);
}

#endif
