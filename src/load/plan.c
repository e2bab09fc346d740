#include "load/plan.h"

#include <string.h>

/* ---- text ----------------------------------------------------------------------------------------------------------------------- */

/* `dataset` is SQL already, as the destination gives it. */
static void put_table(struct text *sql, const char *dataset, const char *table)
{
    text_puts(sql, dataset);
    text_putc(sql, '.');
    sql_put_name(sql, table);
}

/* Moves the text to the arena. */
static const char *take(struct text *sql, struct arena *arena)
{
    const char *copy = sql->failed ? NULL : arena_copy(arena, sql->text, sql->length);

    text_release(sql);
    return copy;
}

const char *sql_select_state(const char *dataset, struct arena *arena)
{
    struct text sql = { 0 };

    text_puts(&sql, "SELECT s.state FROM ");
    put_table(&sql, dataset, DLT_STATE_TABLE);
    text_puts(&sql, " s JOIN ");
    put_table(&sql, dataset, DLT_LOADS_TABLE);
    text_puts(&sql, " l ON l.load_id = s._dlt_load_id WHERE s.pipeline_name = $1 AND l.status = 0 ORDER BY l.load_id DESC LIMIT 1");
    return take(&sql, arena);
}

const char *sql_select_schema(const char *dataset, struct arena *arena)
{
    struct text sql = { 0 };

    text_puts(&sql, "SELECT schema, version_hash FROM ");
    put_table(&sql, dataset, DLT_VERSION_TABLE);
    text_puts(&sql, " WHERE schema_name = $1 ORDER BY inserted_at DESC LIMIT 1");
    return take(&sql, arena);
}

const char *sql_select_version(const char *dataset, struct arena *arena)
{
    struct text sql = { 0 };

    text_puts(&sql, "SELECT schema FROM ");
    put_table(&sql, dataset, DLT_VERSION_TABLE);
    text_puts(&sql, " WHERE schema_name = $1 AND (CAST(version AS VARCHAR) = $2 OR (length($2) >= 4 AND substr(version_hash, 1, length($2)) = $2)) "
                    "ORDER BY inserted_at DESC LIMIT 1");
    return take(&sql, arena);
}

const char *sql_select_load(const char *dataset, struct arena *arena)
{
    struct text sql = { 0 };

    text_puts(&sql, "SELECT load_id FROM ");
    put_table(&sql, dataset, DLT_LOADS_TABLE);
    text_puts(&sql, " WHERE load_id = $1 AND status = 0 LIMIT 1");
    return take(&sql, arena);
}

static const char *insert_values(const char *dataset, const char *table, const char *columns, const char *values, struct arena *arena)
{
    struct text sql = { 0 };

    text_puts(&sql, "INSERT INTO ");
    put_table(&sql, dataset, table);
    text_printf(&sql, " (%s) VALUES (%s)", columns, values);
    return take(&sql, arena);
}

const char *sql_insert_version(const char *dataset, struct arena *arena)
{
    return insert_values(dataset, DLT_VERSION_TABLE, "version, engine_version, inserted_at, schema_name, version_hash, schema",
                         "$1, $2, $3, $4, $5, $6", arena);
}

const char *sql_insert_state(const char *dataset, struct arena *arena)
{
    return insert_values(dataset, DLT_STATE_TABLE,
                         "version, engine_version, pipeline_name, state, created_at, version_hash, _dlt_load_id, _dlt_id",
                         "$1, $2, $3, $4, $5, $6, $7, $8", arena);
}

const char *sql_insert_load(const char *dataset, struct arena *arena)
{
    return insert_values(dataset, DLT_LOADS_TABLE, "load_id, schema_name, status, inserted_at, schema_version_hash",
                         "$1, $2, $3, $4, $5", arena);
}

const char *sql_drop_table(const char *dataset, const char *table, struct arena *arena)
{
    struct text sql = { 0 };

    text_puts(&sql, "DROP TABLE ");
    put_table(&sql, dataset, table);
    return take(&sql, arena);
}

const char *sql_delete_versions(const char *dataset, struct arena *arena)
{
    struct text sql = { 0 };

    text_puts(&sql, "DELETE FROM ");
    put_table(&sql, dataset, DLT_VERSION_TABLE);
    text_puts(&sql, " WHERE schema_name = $1");
    return take(&sql, arena);
}

const char *sql_delete_all(const char *dataset, const char *table, struct arena *arena)
{
    struct text sql = { 0 };

    text_puts(&sql, "DELETE FROM ");
    put_table(&sql, dataset, table);
    return take(&sql, arena);
}

static void put_load_id(struct text *values, const struct column *column, bool brought, const char *load_id)
{
    if (!brought) {
        text_printf(values, "'%s'", load_id);
        return;
    }
    text_puts(values, "coalesce(");
    sql_put_name(values, column->name);
    text_printf(values, ", '%s')", load_id);
}

/* The load id is a constant here (its characters have been checked), in every row that brings none. */
const char *sql_insert_stream(const char *dataset, const struct package_table *entry, const char *load_id, struct arena *arena)
{
    const struct table *table = entry->table;
    struct text sql = { 0 }, values = { 0 };
    const char *separator = "";

    text_puts(&sql, "INSERT INTO ");
    put_table(&sql, dataset, table->name);
    text_puts(&sql, " (");
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct column *column = table->columns[i];

        if (column != table->load_id && !package_has_column(entry, column))
            continue;
        text_puts(&sql, separator);
        text_puts(&values, separator);
        sql_put_name(&sql, column->name);
        if (column == table->load_id)
            put_load_id(&values, column, package_has_column(entry, column), load_id);
        else
            sql_put_name(&values, column->name);
        separator = ", ";
    }
    text_printf(&sql, ") SELECT %s FROM " STREAM_NAME, values.text ? values.text : "");
    sql.failed |= values.failed;
    text_release(&values);
    return take(&sql, arena);
}

/* ---- plan ----------------------------------------------------------------------------------------------------------------------- */

struct planner {
    struct plan *plan;
    const struct load_target *target;
    const struct catalog *catalog;
    struct arena *arena;
    size_t capacity;
};

static enum spile_status add_statement(struct planner *planner, struct text *sql, struct spile_error *err)
{
    const char *statement = take(sql, planner->arena);
    struct plan *plan = planner->plan;

    if (plan->statement_count == planner->capacity) {
        size_t capacity = planner->capacity ? planner->capacity * 2 : 16;
        const char **statements = arena_alloc(planner->arena, capacity * sizeof(*statements));

        if (!statements)
            return spile_fail_nomem(err);
        if (plan->statement_count)
            memcpy(statements, plan->statements, plan->statement_count * sizeof(*statements));
        plan->statements = statements;
        planner->capacity = capacity;
    }
    if (!statement)
        return spile_fail_nomem(err);
    plan->statements[plan->statement_count++] = statement;
    return SPILE_OK;
}

static void put_column(struct planner *planner, struct text *sql, const struct column *column, bool constraints)
{
    const char *type = planner->target->ops->type_name(column, planner->arena);

    sql_put_name(sql, column->name);
    text_printf(sql, " %s%s", type ? type : "", planner->target->ops->type_suffix(column));
    sql->failed |= !type;
    if (constraints && !column->nullable)
        text_puts(sql, " NOT NULL");
}

static enum spile_status create_table(struct planner *planner, const struct table *table, struct table_change *change, struct spile_error *err)
{
    struct text sql = { 0 };

    change->created = true;
    text_puts(&sql, "CREATE TABLE ");
    put_table(&sql, planner->target->dataset_sql, table->name);
    text_puts(&sql, " (");
    for (uint32_t i = 0; i < table->column_count; i++) {
        text_puts(&sql, i ? ", " : "");
        put_column(planner, &sql, table->columns[i], true);
        change->new_columns[change->new_column_count++] = table->columns[i]->name;
    }
    text_putc(&sql, ')');
    return add_statement(planner, &sql, err);
}

/* A column that comes to a table with rows can't be NOT NULL: they have no value for it. */
static enum spile_status add_column(struct planner *planner, const struct table *table, const struct column *column,
                                    struct table_change *change, struct spile_error *err)
{
    struct text sql = { 0 };

    change->new_columns[change->new_column_count++] = column->name;
    text_puts(&sql, "ALTER TABLE ");
    put_table(&sql, planner->target->dataset_sql, table->name);
    text_puts(&sql, " ADD COLUMN ");
    put_column(planner, &sql, column, false);
    return add_statement(planner, &sql, err);
}

static enum spile_status check_type(struct planner *planner, const struct table *table, const struct column *column,
                                    const struct catalog_column *there, struct spile_error *err)
{
    const char *wanted = planner->target->ops->type_name(column, planner->arena);

    if (!wanted)
        return spile_fail_nomem(err);
    if (!strcmp(wanted, there->type))
        return SPILE_OK;
    spile_fail(err, SPILE_DESTINATION, "column \"%s\" of table \"%s\" is %s in the database but the data needs %s", column->name,
               table->name, there->type, wanted);
    return spile_hint(err, SPILE_DESTINATION, "load into another table with --table or another dataset with --dataset, or change the "
                                              "column with ALTER TABLE ... ALTER COLUMN ... TYPE %s", wanted);
}

static enum spile_status fail_view(const struct planner *planner, const struct table *table, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "\"%s\" is a view in dataset \"%s\"", table->name, planner->target->dataset);
    return spile_hint(err, SPILE_DESTINATION, "drop or rename the view, or load into another table with --table");
}

/* What the table lacks. `entry` tells which columns the load fills: only their types matter. */
static enum spile_status plan_table(struct planner *planner, const struct table *table, const struct package_table *entry,
                                    struct table_change *change, struct spile_error *err)
{
    const struct catalog_table *present = catalog_find_table(planner->catalog, table->name);
    enum spile_status status = SPILE_OK;

    *change = (struct table_change){ .table = (struct table *)(uintptr_t)table };
    change->new_columns = arena_alloc(planner->arena, (table->column_count + 1) * sizeof(*change->new_columns));
    if (!change->new_columns)
        return spile_fail_nomem(err);
    if (!present)
        return create_table(planner, table, change, err);
    if (present->view)
        return fail_view(planner, table, err);
    for (uint32_t i = 0; !status && i < table->column_count; i++) {
        const struct column *column = table->columns[i];
        const struct catalog_column *there = catalog_find_column(present, column->name);

        if (!there)
            status = add_column(planner, table, column, change, err);
        else if (entry && package_has_column(entry, column))
            status = check_type(planner, table, column, there, err);
    }
    return status;
}

static const char *const system_tables[BOOKKEEPING_TABLES] = { DLT_VERSION_TABLE, DLT_LOADS_TABLE, DLT_STATE_TABLE };

/* A schema that is stored without a load: tables that are there get its columns at once, since dlt makes none for a schema that it finds stored. */
static enum spile_status plan_present(struct planner *planner, const struct load_job *job, struct spile_error *err)
{
    struct table_change ignored;
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < job->schema->table_count; i++) {
        const struct table *table = job->schema->tables[i];
        const struct catalog_table *present = catalog_find_table(planner->catalog, table->name);

        if (present && !present->view && !name_is_own(table->name))
            status = plan_table(planner, table, NULL, &ignored, err);
    }
    return status;
}

static enum spile_status plan_all(struct planner *planner, struct load_job *job, bool with_state, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (!planner->catalog->has_dataset) {
        struct text sql = { 0 };

        text_printf(&sql, "CREATE SCHEMA %s", planner->target->dataset_sql);
        status = add_statement(planner, &sql, err);
    }
    for (size_t i = 0; !status && i < BOOKKEEPING_TABLES - !with_state; i++)
        status = plan_table(planner, schema_find_table(job->schema, system_tables[i]), NULL, &job->bookkeeping[i], err);
    for (uint32_t i = 0; !status && i < job->package->table_count; i++)
        status = plan_table(planner, job->package->tables[i]->table, job->package->tables[i], &job->changes[i], err);
    if (!status && job->schema_only)
        status = plan_present(planner, job, err);
    return status;
}

static enum spile_status read_columns(const struct load_target *target, const struct catalog *catalog, const char *name, struct arena *arena,
                                      struct spile_error *err)
{
    struct catalog_table *table = catalog_find_table(catalog, name);

    if (!table || table->view || table->columns)
        return SPILE_OK;
    return target->ops->read_columns(target->destination, target->dataset, table, arena, err);
}

enum spile_status plan_read_columns(const struct load_target *target, const struct load_job *job, const struct catalog *catalog,
                                    struct arena *arena, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < BOOKKEEPING_TABLES; i++)
        status = read_columns(target, catalog, system_tables[i], arena, err);
    for (uint32_t i = 0; !status && i < job->package->table_count; i++)
        status = read_columns(target, catalog, job->package->tables[i]->table->name, arena, err);
    for (uint32_t i = 0; !status && job->schema_only && i < job->schema->table_count; i++)
        status = read_columns(target, catalog, job->schema->tables[i]->name, arena, err);
    return status;
}

enum spile_status plan_make(struct plan *plan, const struct load_target *target, struct load_job *job, const struct catalog *catalog,
                            bool with_state, struct arena *arena, struct spile_error *err)
{
    struct planner planner = { plan, target, catalog, arena, 0 };

    *plan = (struct plan){ 0 };
    job->change_count = job->package->table_count;
    job->changes = arena_zalloc(arena, (job->change_count + 1) * sizeof(*job->changes));
    return job->changes ? plan_all(&planner, job, with_state, err) : spile_fail_nomem(err);
}
