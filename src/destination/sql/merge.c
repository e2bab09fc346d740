/* Merging staged rows into a dataset, in statements that every database here takes: no MERGE, which some lack and none makes faster.
 *
 * First the staged rows are made what is to be merged: those that the filter leaves out go, and of those with the same key all but one. Then what they replace
 * goes out of the dataset, and they come in. Staged tables are gone at the end. */
#include "destination/sql/sql.h"

#include <stdlib.h>
#include <string.h>

/* Ids of root rows whose nested rows are replaced. No table of the data has such a name. */
#define GONE "_dlt_gone"

struct merger {
    struct sql_database *database;
    const struct merge *merge;
    struct arena arena;
    const char **tables, **staged; /* in SQL, by index of the merge's tables */
    const char *target;          /* what conditions call the root table: an alias, or its name where the user's SQL may call it that */
    const char *target_as;       /* behind the root table in DELETE and UPDATE */
    const char *gone;
    struct datum values[2]; /* boundary, active */
};

/* ---- pieces --------------------------------------------------------------------------------------------------------------------- */

/* `qualifier` is an alias or a table in SQL; NULL: none. */
static void put_column(struct text *sql, const char *qualifier, const struct column *column)
{
    if (qualifier)
        text_printf(sql, "%s.", qualifier);
    sql_put_name(sql, column->name);
}

static void put_columns(struct text *sql, const struct merge_table *table, const struct merge *merge)
{
    const char *separator = "";

    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i] == merge->valid_from || table->columns[i] == merge->valid_to)
            continue;
        text_puts(sql, separator);
        put_column(sql, NULL, table->columns[i]);
        separator = ", ";
    }
}

static void put_equal(struct text *sql, const struct column *const *keys, size_t count, const char *one, const char *other)
{
    for (size_t i = 0; i < count; i++) {
        text_puts(sql, i ? " AND " : "");
        put_column(sql, one, keys[i]);
        text_puts(sql, " = ");
        put_column(sql, other, keys[i]);
    }
}

/* The user's SQL, with its names for the tables: {table}, {staging_table}; {{ and }} are braces. */
static void put_condition(const struct merger *m, struct text *sql, const char *condition)
{
    static const char table[] = "{table}", staging[] = "{staging_table}";

    text_putc(sql, '(');
    while (*condition) {
        size_t plain = strcspn(condition, "{}");

        text_append(sql, condition, plain);
        condition += plain;
        if (!strncmp(condition, table, strlen(table))) {
            text_puts(sql, m->tables[0]);
            condition += strlen(table);
        } else if (!strncmp(condition, staging, strlen(staging))) {
            text_puts(sql, m->staged[0]);
            condition += strlen(staging);
        } else if (*condition) {
            text_putc(sql, *condition);
            condition += condition[0] == condition[1] ? 2 : 1;
        }
    }
    text_putc(sql, ')');
}

/* Which staged rows say that theirs is deleted: a bool that is true, anything else that is not null. */
static void put_deleted(struct text *sql, const struct column *column, bool deleted)
{
    if (column->type.type != TYPE_BOOL) {
        put_column(sql, "s", column);
        text_puts(sql, deleted ? " IS NOT NULL" : " IS NULL");
        return;
    }
    text_puts(sql, deleted ? "coalesce(" : "NOT coalesce(");
    put_column(sql, "s", column);
    text_puts(sql, ", false)");
}

static enum spile_status run_values(struct merger *m, struct text *sql, size_t values, struct spile_error *err)
{
    enum spile_status status =
        sql->failed ? spile_fail_nomem(err) : m->database->dialect->execute(m->database, sql->text, m->values, values, NULL, NULL, err);

    text_release(sql);
    return status;
}

static enum spile_status run(struct merger *m, struct text *sql, struct spile_error *err)
{
    return run_values(m, sql, 0, err);
}

/* ---- the staged rows ------------------------------------------------------------------------------------------------------------ */

static enum spile_status apply_filter(struct merger *m, struct spile_error *err)
{
    struct text sql = { 0 };

    text_printf(&sql, "DELETE FROM %s WHERE NOT coalesce(", m->staged[0]);
    put_condition(m, &sql, m->merge->source_filter);
    text_puts(&sql, ", false)");
    return run(m, &sql, err);
}

/* Rows behind the first of their key, by the order given or that of the rows. */
static enum spile_status deduplicate(struct merger *m, size_t index, const struct column *const *keys, size_t key_count,
                                     const struct column *sort, struct spile_error *err)
{
    const char *order = m->database->dialect->row_order;
    struct text sql = { 0 };

    text_printf(&sql, "DELETE FROM %s WHERE %s IN (SELECT place FROM (SELECT %s AS place, row_number() OVER (PARTITION BY ", m->staged[index], order,
                order);
    for (size_t i = 0; i < key_count; i++) {
        text_puts(&sql, i ? ", " : "");
        put_column(&sql, NULL, keys[i]);
    }
    text_puts(&sql, " ORDER BY ");
    if (sort) {
        put_column(&sql, NULL, sort);
        text_puts(&sql, m->merge->dedup_descending ? " DESC NULLS LAST, " : " ASC NULLS LAST, ");
    }
    text_printf(&sql, "%s) AS number FROM %s) AS numbered WHERE number > 1)", order, m->staged[index]);
    return run(m, &sql, err);
}

/* Rows below those that went. */
static enum spile_status drop_orphans(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 1; !status && i < m->merge->table_count; i++) {
        const struct merge_table *table = &m->merge->tables[i];
        const struct merge_table *parent = &m->merge->tables[table->parent];
        struct text sql = { 0 };

        text_printf(&sql, "DELETE FROM %s AS s WHERE NOT EXISTS (SELECT 1 FROM %s AS p WHERE ", m->staged[i], m->staged[table->parent]);
        put_column(&sql, "p", parent->row_key);
        text_puts(&sql, " = ");
        put_column(&sql, "s", table->parent_key);
        text_putc(&sql, ')');
        status = run(m, &sql, err);
    }
    return status;
}

/* Rows with the same key have the same id where that follows from the key, and so have those below them. */
static enum spile_status deduplicate_nested(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 1; !status && i < m->merge->table_count; i++)
        status = deduplicate(m, i, &m->merge->tables[i].row_key, 1, NULL, err);
    return status;
}

static enum spile_status prepare_staged(struct merger *m, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    const bool by_key = merge->deduplicate && merge->primary_key_count;
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && m->database->dialect->after_staging && i < merge->table_count; i++)
        status = m->database->dialect->after_staging(m->database, m->staged[i], err);
    if (!status && merge->source_filter)
        status = apply_filter(m, err);
    if (!status && by_key)
        status = deduplicate(m, 0, merge->primary_key, merge->primary_key_count, merge->dedup_sort, err);
    if (!status && by_key)
        status = deduplicate_nested(m, err);
    return status || (!merge->source_filter && !by_key) ? status : drop_orphans(m, err);
}

static enum spile_status drop_staged(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < m->merge->table_count; i++) {
        struct text sql = { 0 };

        text_printf(&sql, "DROP TABLE %s", m->staged[i]);
        status = run(m, &sql, err);
    }
    return status;
}

/* ---- what goes out of the dataset ----------------------------------------------------------------------------------------------- */

/* A row of the dataset whose key a staged row has. */
static void put_matched(const struct merger *m, struct text *sql, const struct column *const *keys, size_t count)
{
    text_printf(sql, "EXISTS (SELECT 1 FROM %s AS s WHERE ", m->staged[0]);
    put_equal(sql, keys, count, m->target, "s");
    text_putc(sql, ')');
}

/* A row of the dataset that no staged row has the key of; within the scope, or where the merge key is staged. */
static void put_absent(const struct merger *m, struct text *sql, const struct column *const *keys, size_t count)
{
    const struct merge *merge = m->merge;

    text_puts(sql, "NOT ");
    put_matched(m, sql, keys, count);
    if (merge->destination_scope) {
        text_puts(sql, " AND ");
        put_condition(m, sql, merge->destination_scope);
    } else if (merge->merge_key_count) {
        text_puts(sql, " AND ");
        put_matched(m, sql, merge->merge_key, merge->merge_key_count);
    }
}

typedef void put_rows(const struct merger *m, struct text *sql);

static void put_primary_matched(const struct merger *m, struct text *sql)
{
    put_matched(m, sql, m->merge->primary_key, m->merge->primary_key_count);
}

static void put_merge_matched(const struct merger *m, struct text *sql)
{
    put_matched(m, sql, m->merge->merge_key, m->merge->merge_key_count);
}

static void put_scope(const struct merger *m, struct text *sql)
{
    put_condition(m, sql, m->merge->destination_scope);
}

static void put_absent_by_key(const struct merger *m, struct text *sql)
{
    put_absent(m, sql, m->merge->primary_key, m->merge->primary_key_count);
}

static void put_hard_deleted(const struct merger *m, struct text *sql)
{
    text_printf(sql, "EXISTS (SELECT 1 FROM %s AS s WHERE ", m->staged[0]);
    put_equal(sql, m->merge->primary_key, m->merge->primary_key_count, m->target, "s");
    text_puts(sql, " AND ");
    put_deleted(sql, m->merge->hard_delete, true);
    text_putc(sql, ')');
}

/* Nested rows of the root rows `which`, and these, too, if `root`. */
static enum spile_status remove_rows(struct merger *m, put_rows *which, bool root, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    struct text sql = { 0 };
    enum spile_status status = SPILE_OK;

    if (merge->is_new)
        return SPILE_OK;
    if (merge->table_count > 1) {
        text_printf(&sql, "CREATE TEMPORARY TABLE %s AS SELECT ", m->gone);
        put_column(&sql, m->target, merge->tables[0].row_key);
        text_printf(&sql, " AS id FROM %s%s WHERE ", m->tables[0], m->target_as);
        which(m, &sql);
        status = run(m, &sql, err);
    }
    for (size_t i = 1; !status && i < merge->table_count; i++) {
        text_printf(&sql, "DELETE FROM %s WHERE ", m->tables[i]);
        put_column(&sql, NULL, merge->tables[i].root_key);
        text_printf(&sql, " IN (SELECT id FROM %s)", m->gone);
        status = run(m, &sql, err);
    }
    if (!status && merge->table_count > 1) {
        text_printf(&sql, "DROP TABLE %s", m->gone);
        status = run(m, &sql, err);
    }
    if (status || !root)
        return status;
    text_printf(&sql, "DELETE FROM %s%s WHERE ", m->tables[0], m->target_as);
    which(m, &sql);
    return run(m, &sql, err);
}

/* ---- what comes in -------------------------------------------------------------------------------------------------------------- */

/* Staged rows of the root, but those that are deleted; if `unknown`, only those whose key the dataset lacks. */
static enum spile_status insert_root(struct merger *m, bool unknown, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    const char *word = " WHERE ";
    struct text sql = { 0 };

    text_printf(&sql, "INSERT INTO %s (", m->tables[0]);
    put_columns(&sql, &merge->tables[0], merge);
    text_puts(&sql, ") SELECT ");
    put_columns(&sql, &merge->tables[0], merge);
    text_printf(&sql, " FROM %s AS s", m->staged[0]);
    if (merge->hard_delete) {
        text_puts(&sql, word);
        put_deleted(&sql, merge->hard_delete, false);
        word = " AND ";
    }
    if (unknown && !merge->is_new) {
        text_printf(&sql, "%sNOT EXISTS (SELECT 1 FROM %s AS d WHERE ", word, m->tables[0]);
        put_equal(&sql, merge->primary_key, merge->primary_key_count, "d", "s");
        text_putc(&sql, ')');
    }
    return run(m, &sql, err);
}

/* Staged rows below root rows that are not deleted; if `unknown`, only those that the dataset lacks. */
static enum spile_status insert_nested(struct merger *m, bool unknown, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    enum spile_status status = SPILE_OK;

    for (size_t i = 1; !status && i < merge->table_count; i++) {
        const struct merge_table *table = &merge->tables[i];
        struct text sql = { 0 };

        text_printf(&sql, "INSERT INTO %s (", m->tables[i]);
        put_columns(&sql, table, merge);
        text_puts(&sql, ") SELECT ");
        put_columns(&sql, table, merge);
        text_printf(&sql, " FROM %s AS n", m->staged[i]);
        if (unknown) {
            text_printf(&sql, " WHERE NOT EXISTS (SELECT 1 FROM %s AS d WHERE ", m->tables[i]);
            put_equal(&sql, &table->row_key, 1, "d", "n");
            text_putc(&sql, ')');
        } else if (merge->hard_delete && table->root_key) {
            text_printf(&sql, " WHERE EXISTS (SELECT 1 FROM %s AS s WHERE s.", m->staged[0]);
            put_column(&sql, NULL, merge->tables[0].row_key);
            text_puts(&sql, " = ");
            put_column(&sql, "n", table->root_key);
            text_puts(&sql, " AND ");
            put_deleted(&sql, merge->hard_delete, false);
            text_putc(&sql, ')');
        }
        status = run(m, &sql, err);
    }
    return status;
}

static bool is_key(const struct merge *merge, const struct column *column)
{
    for (size_t i = 0; i < merge->primary_key_count; i++)
        if (merge->primary_key[i] == column)
            return true;
    return column == merge->hard_delete || column == merge->tables[0].table->load_id;
}

static void put_changed(struct text *sql, const struct merge *merge)
{
    const struct merge_table *root = &merge->tables[0];
    const char *separator = "";

    if (merge->row_version) {
        text_puts(sql, "NOT ");
        put_equal(sql, &merge->row_version, 1, "s", "d");
        return;
    }
    for (size_t i = 0; i < root->column_count; i++) {
        if (is_key(merge, root->columns[i]))
            continue;
        text_puts(sql, separator);
        put_column(sql, "s", root->columns[i]);
        text_puts(sql, " IS DISTINCT FROM ");
        put_column(sql, "d", root->columns[i]);
        separator = " OR ";
    }
    text_puts(sql, *separator ? "" : "false");
}

static enum spile_status update_root(struct merger *m, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    const struct merge_table *root = &merge->tables[0];
    struct text sql = { 0 };

    if (merge->is_new)
        return SPILE_OK;
    text_printf(&sql, "UPDATE %s AS d SET ", m->tables[0]);
    for (size_t i = 0; i < root->column_count; i++) {
        text_puts(&sql, i ? ", " : "");
        put_column(&sql, NULL, root->columns[i]);
        text_puts(&sql, " = ");
        put_column(&sql, "s", root->columns[i]);
    }
    text_printf(&sql, " FROM %s AS s WHERE ", m->staged[0]);
    put_equal(&sql, merge->primary_key, merge->primary_key_count, "d", "s");
    if (merge->skip_unchanged) {
        text_puts(&sql, " AND (");
        put_changed(&sql, merge);
        text_putc(&sql, ')');
    }
    return run(m, &sql, err);
}

/* ---- strategies ----------------------------------------------------------------------------------------------------------------- */

static enum spile_status delete_insert(struct merger *m, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    enum spile_status status = SPILE_OK;

    if (merge->destination_scope)
        status = remove_rows(m, put_scope, true, err);
    if (!status && !merge->destination_scope && merge->primary_key_count)
        status = remove_rows(m, put_primary_matched, true, err);
    if (!status && !merge->destination_scope && merge->merge_key_count)
        status = remove_rows(m, put_merge_matched, true, err);
    if (!status)
        status = insert_root(m, false, err);
    return status ? status : insert_nested(m, false, err);
}

static enum spile_status upsert(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (m->merge->hard_delete)
        status = remove_rows(m, put_hard_deleted, true, err);
    if (!status && m->merge->table_count > 1)
        status = remove_rows(m, put_primary_matched, false, err);
    if (!status)
        status = update_root(m, err);
    if (!status)
        status = insert_root(m, true, err);
    return status ? status : insert_nested(m, false, err);
}

static enum spile_status insert_only(struct merger *m, struct spile_error *err)
{
    enum spile_status status = insert_root(m, true, err);

    return status ? status : insert_nested(m, true, err);
}

static void put_active(const struct merger *m, struct text *sql, const char *qualifier)
{
    put_column(sql, qualifier, m->merge->valid_to);
    text_puts(sql, m->merge->has_active ? " = $2" : " IS NULL");
}

static enum spile_status retire(struct merger *m, struct spile_error *err)
{
    struct text sql = { 0 };

    text_printf(&sql, "UPDATE %s%s SET ", m->tables[0], m->target_as);
    put_column(&sql, NULL, m->merge->valid_to);
    text_puts(&sql, " = $1 WHERE ");
    put_active(m, &sql, m->target);
    text_puts(&sql, " AND ");
    put_absent(m, &sql, &m->merge->row_version, 1);
    return run_values(m, &sql, m->merge->has_active ? 2 : 1, err);
}

static enum spile_status insert_versions(struct merger *m, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    struct text sql = { 0 };

    text_printf(&sql, "INSERT INTO %s (", m->tables[0]);
    put_columns(&sql, &merge->tables[0], merge);
    text_puts(&sql, ", ");
    put_column(&sql, NULL, merge->valid_from);
    text_puts(&sql, ", ");
    put_column(&sql, NULL, merge->valid_to);
    text_puts(&sql, ") SELECT ");
    put_columns(&sql, &merge->tables[0], merge);
    text_printf(&sql, ", $1, %s FROM %s AS s WHERE NOT EXISTS (SELECT 1 FROM %s AS d WHERE ", merge->has_active ? "$2" : "NULL", m->staged[0],
                m->tables[0]);
    put_equal(&sql, &merge->row_version, 1, "d", "s");
    text_puts(&sql, " AND ");
    put_active(m, &sql, "d");
    text_putc(&sql, ')');
    return run_values(m, &sql, merge->has_active ? 2 : 1, err);
}

static enum spile_status scd2(struct merger *m, struct spile_error *err)
{
    enum spile_status status = retire(m, err);

    if (!status)
        status = insert_versions(m, err);
    return status ? status : insert_nested(m, true, err);
}

static enum spile_status merge_by_strategy(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    switch (m->merge->strategy) {
    case MERGE_DEFAULT:
    case MERGE_DELETE_INSERT:
        return delete_insert(m, err);
    case MERGE_UPSERT:
        return upsert(m, err);
    case MERGE_INSERT_ONLY:
        return insert_only(m, err);
    case MERGE_SCD2:
        return scd2(m, err);
    case MERGE_CDC:
        status = remove_rows(m, put_absent_by_key, true, err);
        return status ? status : upsert(m, err);
    }
    return status;
}

static bool name_tables(struct merger *m)
{
    const size_t count = m->merge->table_count;

    m->gone = arena_printf(&m->arena, "%s.\"" GONE "\"", m->database->dialect->temporary);
    m->tables = arena_alloc(&m->arena, count * sizeof(*m->tables));
    m->staged = arena_alloc(&m->arena, count * sizeof(*m->staged));
    for (size_t i = 0; m->gone && m->tables && m->staged && i < count; i++) {
        const char *name = m->merge->tables[i].table->name;

        m->tables[i] = sql_table(m->database, m->merge->dataset, name, false, &m->arena);
        m->staged[i] = sql_table(m->database, m->merge->dataset, name, true, &m->arena);
        if (!m->tables[i] || !m->staged[i])
            return false;
    }
    m->target = m->merge->destination_scope && m->tables ? m->tables[0] : "d";
    m->target_as = m->merge->destination_scope ? "" : " AS d";
    return m->gone && m->tables && m->staged;
}

enum spile_status sql_merge(struct destination *destination, const struct merge *merge, struct spile_error *err)
{
    struct merger m = { .database = (struct sql_database *)destination, .merge = merge,
                        .values = { datum_timestamp(merge->boundary), datum_timestamp(merge->active) } };
    enum spile_status status = name_tables(&m) ? prepare_staged(&m, err) : spile_fail_nomem(err);

    if (!status)
        status = merge_by_strategy(&m, err);
    if (!status)
        status = drop_staged(&m, err);
    arena_release(&m.arena);
    return spile_within(err, status, "merge into table \"%s\"", merge->tables[0].table->name);
}
