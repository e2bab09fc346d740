#include "destination/sql/sql.h"

#include <stdlib.h>
#include <string.h>

/* ---- text ----------------------------------------------------------------------------------------------------------------------- */

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

void sql_put_text(struct text *sql, const char *text)
{
    text_putc(sql, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            text_putc(sql, '\'');
        text_putc(sql, *text);
    }
    text_putc(sql, '\'');
}

const char *sql_take(struct text *sql, struct arena *arena)
{
    const char *copy = sql->failed ? NULL : arena_copy(arena, sql->length ? sql->text : "", sql->length);

    text_release(sql);
    return copy;
}

/* `dataset` is SQL already, as the dialect gives it. */
static void put_table(struct text *sql, const char *dataset, const char *table)
{
    if (dataset) {
        text_puts(sql, dataset);
        text_putc(sql, '.');
    }
    sql_put_name(sql, table);
}

const char *sql_table(struct sql_database *database, const char *dataset, const char *table, bool staged, struct arena *arena)
{
    const char *schema = staged ? database->dialect->temporary : database->dialect->dataset_sql(database, dataset, arena);
    struct text sql = { 0 };

    if (!schema)
        return NULL;
    put_table(&sql, schema, table);
    return sql_take(&sql, arena);
}

const char *sql_ingest_table(struct sql_database *database, const struct ingest *ingest, struct arena *arena)
{
    return sql_table(database, ingest->dataset, ingest->fresh ? ingest->fresh : ingest->table->name, ingest->staged, arena);
}

const char *sql_insert_into(struct sql_database *database, const struct ingest *ingest, struct arena *arena)
{
    const char *table = sql_ingest_table(database, ingest, arena);
    struct text sql = { 0 };

    if (!table)
        return NULL;
    text_printf(&sql, "INSERT INTO %s (", table);
    for (size_t i = 0; i < ingest->column_count; i++) {
        text_puts(&sql, i ? ", " : "");
        sql_put_name(&sql, ingest->columns[i].column->name);
    }
    text_puts(&sql, ") ");
    return sql_take(&sql, arena);
}

/* ---- changes -------------------------------------------------------------------------------------------------------------------- */

/* Where the texts of a change go, and in which words. */
struct writer {
    const struct sql_dialect *dialect;
    const char *dataset; /* in SQL */
    struct arena *arena;
    struct statements *statements;
};

/* What a column is held to. A table with rows can't be told at once that none is null; a new one
 * becomes unique when its rows are there (constrain_table), which costs less than to look at each as it comes. */
enum constraints { NO_CONSTRAINTS, CONSTRAINTS_OF_UNIQUE, CONSTRAINTS_OF_NEW };

/* `type` NULL: memory is out. */
static void put_typed(const struct writer *w, struct text *sql, const struct column *column, const char *type)
{
    const char *suffix = w->dialect->type_suffix ? w->dialect->type_suffix(column) : "";

    sql_put_name(sql, column->name);
    text_printf(sql, " %s%s", type ? type : "", suffix);
    sql->failed |= !type;
}

static void put_column(const struct writer *w, struct text *sql, const struct table *table, const struct column *column, enum constraints constraints)
{
    put_typed(w, sql, column, w->dialect->type_name(column, w->arena));
    if (constraints == CONSTRAINTS_OF_NEW && !column->nullable)
        text_puts(sql, " NOT NULL");
    if (constraints == CONSTRAINTS_OF_UNIQUE && table_has_hint(table, column, "unique"))
        text_puts(sql, " UNIQUE");
}

static void put_columns(const struct writer *w, struct text *sql, const struct alteration *change, const char *before, enum constraints constraints)
{
    for (size_t i = 0; i < change->column_count; i++) {
        text_puts(sql, i ? ", " : "");
        text_puts(sql, before);
        put_column(w, sql, change->table, change->columns[i], constraints);
    }
}

static enum spile_status add(const struct writer *w, struct text *sql, struct spile_error *err)
{
    return statements_add(w->statements, sql_take(sql, w->arena), w->arena, err);
}

static enum spile_status create_table(const struct writer *w, const struct alteration *change, struct spile_error *err)
{
    struct text sql = { 0 };

    text_puts(&sql, "CREATE TABLE ");
    put_table(&sql, w->dataset, change->fresh ? change->fresh : change->table->name);
    text_puts(&sql, " (");
    put_columns(w, &sql, change, "", CONSTRAINTS_OF_NEW);
    text_putc(&sql, ')');
    return add(w, &sql, err);
}

static enum spile_status add_unique(const struct writer *w, const struct alteration *change, struct spile_error *err)
{
    const char *separator = " ADD UNIQUE (";
    struct text sql = { 0 };

    text_puts(&sql, "ALTER TABLE ");
    put_table(&sql, w->dataset, change->fresh ? change->fresh : change->table->name);
    for (size_t i = 0; i < change->column_count; i++) {
        if (!table_has_hint(change->table, change->columns[i], "unique"))
            continue;
        text_puts(&sql, separator);
        sql_put_name(&sql, change->columns[i]->name);
        text_putc(&sql, ')');
        separator = ", ADD UNIQUE (";
    }
    if (*separator == ',')
        return add(w, &sql, err);
    text_release(&sql);
    return SPILE_OK;
}

static void put_index_name(const struct writer *w, struct text *sql, const struct table *table, const struct column *column)
{
    const char *name = arena_printf(w->arena, "%s(%s)", table->name, column->name);

    sql->failed |= !name;
    put_table(sql, w->dialect->index_names_dataset ? w->dataset : NULL, name ? name : "");
}

/* Its name must be no other's in the dataset. */
static enum spile_status create_unique_indexes(const struct writer *w, const struct alteration *change, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < change->column_count; i++) {
        struct text sql = { 0 };

        if (!table_has_hint(change->table, change->columns[i], "unique"))
            continue;
        text_puts(&sql, "CREATE UNIQUE INDEX ");
        put_index_name(w, &sql, change->table, change->columns[i]);
        text_puts(&sql, " ON ");
        put_table(&sql, w->dialect->index_names_dataset ? NULL : w->dataset, change->table->name);
        text_puts(&sql, " (");
        sql_put_name(&sql, change->columns[i]->name);
        text_putc(&sql, ')');
        status = add(w, &sql, err);
    }
    return status;
}

static enum spile_status constrain_table(const struct writer *w, const struct alteration *change, struct spile_error *err)
{
    return w->dialect->adds_unique ? add_unique(w, change, err) : create_unique_indexes(w, change, err);
}

static enum spile_status add_columns(const struct writer *w, const struct alteration *change, struct spile_error *err)
{
    const bool unique = change->unique && w->dialect->adds_unique;
    struct alteration one = *change;
    enum spile_status status = SPILE_OK;

    one.column_count = w->dialect->adds_columns_at_once ? change->column_count : 1;
    for (; !status && one.columns < change->columns + change->column_count; one.columns += one.column_count) {
        struct text sql = { 0 };

        text_puts(&sql, "ALTER TABLE ");
        put_table(&sql, w->dataset, change->table->name);
        text_putc(&sql, ' ');
        put_columns(w, &sql, &one, "ADD COLUMN ", unique ? CONSTRAINTS_OF_UNIQUE : NO_CONSTRAINTS);
        status = add(w, &sql, err);
    }
    return status || !change->unique || unique ? status : create_unique_indexes(w, change, err);
}

static const char *staged_type(const struct writer *w, const struct alteration *change, size_t column)
{
    const char *there = change->there ? change->there[column] : NULL;

    return w->dialect->staged_type ? w->dialect->staged_type(change->columns[column], there, w->arena) : w->dialect->type_name(change->columns[column], w->arena);
}

static enum spile_status stage_table(const struct writer *w, const struct alteration *change, struct spile_error *err)
{
    struct text sql = { 0 };

    text_puts(&sql, "CREATE TEMPORARY TABLE ");
    put_table(&sql, w->dialect->temporary, change->table->name);
    for (size_t i = 0; i < change->column_count; i++) {
        text_puts(&sql, i ? ", " : " (");
        put_typed(w, &sql, change->columns[i], staged_type(w, change, i));
    }
    text_putc(&sql, ')');
    return add(w, &sql, err);
}

static enum spile_status add_simple(const struct writer *w, const char *verb, const char *table, const char *rest, struct spile_error *err)
{
    struct text sql = { 0 };

    text_puts(&sql, verb);
    put_table(&sql, w->dataset, table);
    text_puts(&sql, rest);
    return add(w, &sql, err);
}

static enum spile_status swap_table(const struct writer *w, const struct alteration *change, struct spile_error *err)
{
    enum spile_status status = add_simple(w, "DROP TABLE ", change->name, "", err);
    struct text rename = { 0 };
    const char *rest;

    if (status)
        return status;
    text_puts(&rename, " RENAME TO ");
    sql_put_name(&rename, change->name);
    rest = sql_take(&rename, w->arena);
    return rest ? add_simple(w, "ALTER TABLE ", change->fresh, rest, err) : spile_fail_nomem(err);
}

static enum spile_status fill_root_ids(const struct writer *w, const struct alteration *change, struct spile_error *err)
{
    const struct column *const root = table_root_key(change->table);
    struct text sql = { 0 };

    text_puts(&sql, "UPDATE ");
    put_table(&sql, w->dataset, change->table->name);
    text_puts(&sql, " AS _dlt_below SET ");
    sql_put_name(&sql, root->name);
    text_puts(&sql, " = _dlt_above.");
    sql_put_name(&sql, table_root_key(change->above)->name);
    text_puts(&sql, " FROM ");
    put_table(&sql, w->dataset, change->above->name);
    text_puts(&sql, " AS _dlt_above WHERE _dlt_above.");
    sql_put_name(&sql, change->above->row_id->name);
    text_puts(&sql, " = _dlt_below.");
    sql_put_name(&sql, change->table->parent_id->name);
    text_puts(&sql, " AND _dlt_below.");
    sql_put_name(&sql, root->name);
    text_puts(&sql, " IS NULL");
    return add(w, &sql, err);
}

static enum spile_status write_change(const struct writer *w, const struct alteration *change, struct spile_error *err)
{
    struct text sql = { 0 };

    switch (change->kind) {
    case ALTER_CREATE_DATASET:
        text_printf(&sql, "CREATE SCHEMA %s", w->dataset);
        return add(w, &sql, err);
    case ALTER_CREATE_TABLE:
        return create_table(w, change, err);
    case ALTER_ADD_COLUMNS:
        return add_columns(w, change, err);
    case ALTER_CONSTRAIN_TABLE:
        return constrain_table(w, change, err);
    case ALTER_SWAP_TABLE:
        return swap_table(w, change, err);
    case ALTER_DROP_TABLE:
        return add_simple(w, "DROP TABLE ", change->name, "", err);
    case ALTER_EMPTY_TABLE:
        return add_simple(w, "DELETE FROM ", change->name, "", err);
    case ALTER_STAGE_TABLE:
        return stage_table(w, change, err);
    case ALTER_FILL_ROOT_IDS:
        return fill_root_ids(w, change, err);
    case ALTER_FORGET_VERSIONS:
        return add_simple(w, "DELETE FROM ", DLT_VERSION_TABLE, " WHERE schema_name = $1", err);
    }
    return SPILE_OK;
}

enum spile_status sql_before_removal(struct sql_database *database, const char *table, struct spile_error *err)
{
    if (!table)
        return spile_fail_nomem(err);
    return database->dialect->before_removal ? database->dialect->before_removal(database, table, err) : SPILE_OK;
}

/* For people: without what the database calls itself, which may not even be there. */
enum spile_status sql_describe(struct destination *destination, const char *dataset, const struct alteration *change, struct arena *arena,
                               struct statements *statements, struct spile_error *err)
{
    struct text name = { 0 };
    struct writer w = { ((struct sql_database *)destination)->dialect, NULL, arena, statements };

    sql_put_name(&name, dataset);
    w.dataset = sql_take(&name, arena);
    return w.dataset ? write_change(&w, change, err) : spile_fail_nomem(err);
}

enum spile_status sql_alter(struct destination *destination, const char *dataset, const struct alteration *change, struct spile_error *err)
{
    struct sql_database *database = (struct sql_database *)destination;
    struct arena arena = { 0 };
    struct statements statements = { 0 };
    struct writer w = { database->dialect, database->dialect->dataset_sql(database, dataset, &arena), &arena, &statements };
    struct datum name = datum_text(change->name ? change->name : "");
    enum spile_status status = w.dataset ? write_change(&w, change, err) : spile_fail_nomem(err);

    if (!status && change->kind == ALTER_EMPTY_TABLE)
        status = sql_before_removal(database, sql_table(database, dataset, change->name, false, &arena), err);
    for (size_t i = 0; !status && i < statements.count; i++)
        status = database->dialect->execute(database, statements.texts[i], &name, change->kind == ALTER_FORGET_VERSIONS, NULL, NULL, err);
    arena_release(&arena);
    return status;
}

/* ---- catalog -------------------------------------------------------------------------------------------------------------------- */

enum spile_status sql_fill_catalog(struct catalog *catalog, const struct sql_rows *rows, struct arena *arena, struct spile_error *err)
{
    catalog->tables = arena_alloc(arena, (rows->count + 1) * sizeof(*catalog->tables));
    if (!catalog->tables)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < rows->count; i++) {
        char **cells = &rows->cells[i * rows->width];

        if (!strcmp(cells[0], "dataset"))
            catalog->has_dataset = true;
        else
            catalog->tables[catalog->table_count++] =
                (struct catalog_table){ .name = cells[1], .view = !strcmp(cells[0], "view"), .exact_names = catalog->exact_names };
    }
    catalog_sort(catalog);
    return SPILE_OK;
}

enum spile_status sql_fill_columns(struct catalog_table *table, const struct sql_rows *rows, struct arena *arena, struct spile_error *err)
{
    struct catalog_column *columns = arena_alloc(arena, (rows->count + 1) * sizeof(*columns));

    if (!columns)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < rows->count; i++) {
        char **cells = &rows->cells[i * rows->width];

        columns[i] = (struct catalog_column){ cells[0], cells[1] ? cells[1] : "", !strcmp(cells[2], "yes") };
    }
    catalog_sort_columns(columns, rows->count);
    table->columns = columns;
    table->column_count = rows->count;
    return SPILE_OK;
}

/* ---- bookkeeping ---------------------------------------------------------------------------------------------------------------- */

struct reader {
    struct sql_database *database;
    const char *dataset; /* in SQL */
    struct arena *arena;
};

static enum spile_status select_rows(const struct reader *r, struct text *sql, const struct datum *values, size_t count, struct sql_rows *rows,
                                     struct spile_error *err)
{
    enum spile_status status =
        sql->failed ? spile_fail_nomem(err) : r->database->dialect->execute(r->database, sql->text, values, count, r->arena, rows, err);

    text_release(sql);
    return status;
}

static enum spile_status select_state(const struct reader *r, const char *pipeline, struct records *records, struct spile_error *err)
{
    struct datum values[] = { datum_text(pipeline) };
    struct text sql = { 0 };
    struct sql_rows rows;
    enum spile_status status;

    text_puts(&sql, "SELECT s.state FROM ");
    put_table(&sql, r->dataset, DLT_STATE_TABLE);
    text_puts(&sql, " s JOIN ");
    put_table(&sql, r->dataset, DLT_LOADS_TABLE);
    text_puts(&sql, " l ON l.load_id = s._dlt_load_id WHERE s.pipeline_name = $1 AND l.status = 0 ORDER BY l.load_id DESC LIMIT 1");
    status = select_rows(r, &sql, values, 1, &rows, err);
    if (!status && rows.count)
        records->state = rows.cells[0];
    return status;
}

static enum spile_status select_schema(const struct reader *r, const struct record_query *query, struct records *records, struct spile_error *err)
{
    struct datum values[] = { datum_text(query->schema_name), datum_text(query->version ? query->version : "") };
    struct text sql = { 0 };
    struct sql_rows rows;
    enum spile_status status;

    text_puts(&sql, "SELECT schema, version_hash FROM ");
    put_table(&sql, r->dataset, DLT_VERSION_TABLE);
    text_puts(&sql, " WHERE schema_name = $1");
    if (query->version)
        text_printf(&sql, " AND (CAST(version AS %s) = $2 OR (length($2) >= 4 AND substr(version_hash, 1, length($2)) = $2))",
                    r->database->dialect->text_type);
    text_puts(&sql, " ORDER BY inserted_at DESC LIMIT 1");
    status = select_rows(r, &sql, values, query->version ? 2 : 1, &rows, err);
    if (!status && rows.count && rows.cells[0] && rows.cells[1]) {
        records->schema = rows.cells[0];
        records->schema_hash = rows.cells[1];
    }
    return status;
}

static enum spile_status select_load(const struct reader *r, const char *load_id, struct records *records, struct spile_error *err)
{
    struct datum values[] = { datum_text(load_id) };
    struct text sql = { 0 };
    struct sql_rows rows;
    enum spile_status status;

    text_puts(&sql, "SELECT load_id FROM ");
    put_table(&sql, r->dataset, DLT_LOADS_TABLE);
    text_puts(&sql, " WHERE load_id = $1 AND status = 0 LIMIT 1");
    status = select_rows(r, &sql, values, 1, &rows, err);
    records->has_load = !status && rows.count;
    return status;
}

enum spile_status sql_read_records(struct destination *destination, const char *dataset, const struct catalog *catalog,
                                   const struct record_query *query, struct arena *arena, struct records *records, struct spile_error *err)
{
    struct sql_database *database = (struct sql_database *)destination;
    struct reader r = { database, database->dialect->dataset_sql(database, dataset, arena), arena };
    bool has_loads = catalog_find_table(catalog, DLT_LOADS_TABLE);
    enum spile_status status = r.dataset ? SPILE_OK : spile_fail_nomem(err);

    *records = (struct records){ 0 };
    if (!status && query->pipeline && has_loads && catalog_find_table(catalog, DLT_STATE_TABLE))
        status = select_state(&r, query->pipeline, records, err);
    if (!status && query->schema_name && catalog_find_table(catalog, DLT_VERSION_TABLE))
        status = select_schema(&r, query, records, err);
    if (!status && query->load_id && has_loads)
        status = select_load(&r, query->load_id, records, err);
    return status;
}

enum spile_status sql_insert_row(struct destination *destination, const char *dataset, const char *table, const struct named_datum *values,
                                 size_t count, struct spile_error *err)
{
    struct sql_database *database = (struct sql_database *)destination;
    struct arena arena = { 0 };
    const char *name = sql_table(database, dataset, table, false, &arena);
    struct datum *bound = arena_alloc(&arena, count * sizeof(*bound));
    struct text sql = { 0 }, marks = { 0 };
    enum spile_status status;

    text_printf(&sql, "INSERT INTO %s (", name ? name : "");
    for (size_t i = 0; bound && i < count; i++) {
        text_puts(&sql, i ? ", " : "");
        sql_put_name(&sql, values[i].name);
        text_printf(&marks, "%s$%zu", i ? ", " : "", i + 1);
        bound[i] = values[i].value;
    }
    text_printf(&sql, ") VALUES (%s)", marks.text ? marks.text : "");
    status = !name || !bound || sql.failed || marks.failed ? spile_fail_nomem(err)
                                                          : database->dialect->execute(database, sql.text, bound, count, NULL, NULL, err);
    text_release(&marks);
    text_release(&sql);
    arena_release(&arena);
    return status;
}
