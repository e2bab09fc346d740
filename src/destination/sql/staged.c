#include "destination/sql/staged.h"

#include <strings.h>

/* A copy of staged rows. No table of the data has such a name. */
#define PLACED "_dlt_placed"

static enum spile_status apply_filter(struct merger *m, struct spile_error *err)
{
    struct text sql = { 0 };

    text_printf(&sql, "DELETE FROM %s WHERE NOT coalesce(", m->staged[0]);
    merger_put_condition(m, &sql, m->merge->source_filter);
    text_puts(&sql, ", false)");
    return merger_run(m, &sql, err);
}

/* Rows of one kind in a table: by which keys they are the same, and which comes first; `place` is a column that tells in which order they were inserted. */
struct twins {
    const char *table, *place;
    const struct column *const *keys;
    size_t key_count;
    const struct column *sort; /* before the place; NULL: nothing */
};

/* Rows behind the first of their key. Keys that are null are not the same. */
static enum spile_status drop_twins(struct merger *m, const struct twins *twins, struct spile_error *err)
{
    const struct sql_dialect *dialect = m->database->dialect;
    struct text sql = { 0 };

    text_printf(&sql, "DELETE FROM %s WHERE %s IN (SELECT _dlt_place FROM (SELECT %s AS _dlt_place, row_number() OVER (PARTITION BY ", twins->table,
                twins->place, twins->place);
    merger_put_key_list(&sql, NULL, twins->keys, twins->key_count);
    text_puts(&sql, " ORDER BY ");
    if (twins->sort) {
        merger_put_column(&sql, NULL, twins->sort);
        text_puts(&sql, dialect->sort_suffix ? dialect->sort_suffix(twins->sort) : "");
        text_puts(&sql, m->merge->dedup_descending ? " DESC NULLS LAST, " : " ASC NULLS LAST, ");
    }
    text_printf(&sql, "%s) AS _dlt_number FROM %s", twins->place, twins->table);
    for (size_t i = 0; i < twins->key_count; i++) {
        text_puts(&sql, i ? " AND " : " WHERE ");
        merger_put_column(&sql, NULL, twins->keys[i]);
        text_puts(&sql, " IS NOT NULL");
    }
    text_puts(&sql, ") AS _dlt_numbered WHERE _dlt_number > 1)");
    return merger_run(m, &sql, err);
}

/* A column of the data hides one that is the database's own, whatever case its name has. */
static bool hides_place(const struct merger *m, const struct merge_table *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (!strcasecmp(table->columns[i]->name, m->database->dialect->row_order))
            return true;
    return false;
}

static enum spile_status copy_rows(struct merger *m, const struct merge_table *table, const char *into, const char *from, struct spile_error *err)
{
    struct text sql = { 0 };

    text_printf(&sql, "INSERT INTO %s (", into);
    merger_put_key_list(&sql, NULL, table->columns, table->column_count);
    text_puts(&sql, ") SELECT ");
    merger_put_key_list(&sql, NULL, table->columns, table->column_count);
    text_printf(&sql, " FROM %s", from);
    return merger_run(m, &sql, err);
}

/* Goes by a copy of the table in which each row has its place in a column. */
static enum spile_status drop_twins_by_copy(struct merger *m, struct twins *twins, const struct merge_table *table, struct spile_error *err)
{
    const char *const from = twins->table, *const copy = arena_printf(&m->arena, "%s.\"" PLACED "\"", m->database->dialect->temporary);
    struct text sql = { 0 };
    enum spile_status status;

    text_printf(&sql, "CREATE TEMPORARY TABLE %s AS SELECT *, row_number() OVER () AS _dlt_copied FROM %s", copy ? copy : "", from);
    sql.failed |= !copy;
    status = merger_run(m, &sql, err);
    twins->table = copy;
    twins->place = "_dlt_copied";
    if (!status)
        status = drop_twins(m, twins, err);
    if (!status) {
        text_printf(&sql, "DELETE FROM %s", from);
        status = merger_run(m, &sql, err);
    }
    if (!status)
        status = copy_rows(m, table, from, copy, err);
    if (status)
        return status;
    text_printf(&sql, "DROP TABLE %s", copy);
    return merger_run(m, &sql, err);
}

static enum spile_status deduplicate(struct merger *m, size_t index, const struct column *const *keys, size_t key_count,
                                     const struct column *sort, struct spile_error *err)
{
    const struct merge_table *const table = &m->merge->tables[index];
    struct twins twins = { m->staged[index], m->database->dialect->row_order, keys, key_count, sort };

    return hides_place(m, table) ? drop_twins_by_copy(m, &twins, table, err) : drop_twins(m, &twins, err);
}

enum spile_status staged_drop_orphans(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 1; !status && i < m->merge->table_count; i++) {
        const struct merge_table *table = &m->merge->tables[i];
        const struct column *const id = merger_id_of(m->merge, table->parent);
        const struct match parent = { STAGED, &table->parent_key, m->staged[table->parent], PARENT, &id, 1, NULL };
        struct text sql = { 0 };

        text_printf(&sql, "DELETE FROM %s AS " STAGED " WHERE ", m->staged[i]);
        merger_put_match(m, &sql, &parent, false);
        status = merger_run(m, &sql, err);
    }
    return status;
}

/* Nested rows of rows with the same id have the same ids; they are equal (check_twins). */
static enum spile_status deduplicate_nested(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 1; !status && i < m->merge->table_count; i++)
        status = deduplicate(m, i, &m->merge->tables[i].row_key, 1, NULL, err);
    return status;
}

/* Does the query find anything? */
static enum spile_status find(struct merger *m, struct text *sql, bool *found, struct spile_error *err)
{
    struct sql_rows rows = { 0 };
    enum spile_status status =
        sql->failed ? spile_fail_nomem(err) : m->database->dialect->execute(m->database, sql->text, NULL, 0, &m->arena, &rows, err);

    text_release(sql);
    *found = !status && rows.count > 0;
    return status;
}

/* Ids that several rows of a staged table have. */
static void put_twins(const struct merger *m, struct text *sql, size_t index)
{
    text_puts(sql, "SELECT ");
    merger_put_column(sql, NULL, merger_id_of(m->merge, index));
    text_printf(sql, " FROM %s GROUP BY ", m->staged[index]);
    merger_put_column(sql, NULL, merger_id_of(m->merge, index));
    text_puts(sql, " HAVING count(*) > 1");
}

/* Nested rows with one id, below rows with one id, that are not as many as these, or not equal. */
static void put_unequal_nested(const struct merger *m, struct text *sql, size_t index)
{
    const struct merge_table *table = &m->merge->tables[index];

    text_printf(sql, "SELECT 'x' FROM %s AS " STAGED " WHERE ", m->staged[index]);
    merger_put_column(sql, STAGED, table->parent_key);
    text_puts(sql, " IN (");
    put_twins(m, sql, table->parent);
    text_puts(sql, ") GROUP BY ");
    merger_put_column(sql, STAGED, table->parent_key);
    text_puts(sql, ", ");
    merger_put_column(sql, STAGED, table->row_key);
    text_printf(sql, " HAVING count(*) <> (SELECT count(*) FROM %s AS " PARENT " WHERE ", m->staged[table->parent]);
    merger_put_column(sql, PARENT, merger_id_of(m->merge, table->parent));
    text_puts(sql, " = ");
    merger_put_column(sql, STAGED, table->parent_key);
    text_putc(sql, ')');
    for (size_t i = 0; i < table->column_count; i++) {
        text_puts(sql, " OR count(DISTINCT ");
        merger_put_column(sql, STAGED, table->columns[i]);
        text_puts(sql, ") > 1 OR count(");
        merger_put_column(sql, STAGED, table->columns[i]);
        text_puts(sql, ") NOT IN (0, count(*))");
    }
    text_puts(sql, " LIMIT 1");
}

static enum spile_status fail_twins(const struct merge_table *table, struct spile_error *err)
{
    spile_fail(err, SPILE_CONTRACT, "rows with the same key differ in what is nested in them, in table \"%s\"", table->table->name);
    return spile_hint(err, SPILE_CONTRACT, "their ids follow from the key, so that nested rows can't be told apart: leave one of the rows out, or merge "
                                           "with strategy delete-insert");
}

/* Where ids follow from the key, rows with the same key have the same id, and so have those below them: these must be the same, too. */
static enum spile_status check_twins(struct merger *m, struct spile_error *err)
{
    struct text sql = { 0 };
    enum spile_status status;
    bool found;

    put_twins(m, &sql, 0);
    text_puts(&sql, " LIMIT 1");
    status = find(m, &sql, &found, err);
    for (size_t i = 1; !status && found && i < m->merge->table_count; i++) {
        bool unequal;

        put_unequal_nested(m, &sql, i);
        status = find(m, &sql, &unequal, err);
        if (unequal)
            status = fail_twins(&m->merge->tables[i], err);
    }
    return status;
}

static bool ids_follow_from_key(const struct merge *merge)
{
    return merge->strategy == MERGE_UPSERT || merge->strategy == MERGE_INSERT_ONLY || merge->strategy == MERGE_CDC;
}

/* Is it what rows of the table are found by? */
static bool finds_rows(const struct merge *merge, size_t index, const struct column *column)
{
    const struct merge_table *table = &merge->tables[index];

    if (index)
        return column == table->parent_key || column == table->root_key || column == table->row_key;
    return column_is_among(column, merge->primary_key, merge->primary_key_count) || column_is_among(column, merge->merge_key, merge->merge_key_count) ||
           column == merge->row_version || (merge->table_count > 1 && (column == table->row_key || column == merger_id_of(merge, 0)));
}

static enum spile_status prepare_staged(struct merger *m, size_t index, struct spile_error *err)
{
    const struct merge_table *table = &m->merge->tables[index];
    struct text keys = { 0 };
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; i < table->column_count; i++) {
        if (!finds_rows(m->merge, index, table->columns[i]))
            continue;
        text_puts(&keys, keys.length ? ", " : "");
        merger_put_column(&keys, NULL, table->columns[i]);
    }
    if (keys.failed)
        status = spile_fail_nomem(err);
    else if (keys.length)
        status = m->database->dialect->after_staging(m->database, m->staged[index], keys.text, err);
    text_release(&keys);
    return status;
}

enum spile_status staged_filter(struct merger *m, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && m->database->dialect->after_staging && i < merge->table_count; i++)
        status = prepare_staged(m, i, err);
    if (!status && ids_follow_from_key(merge) && merge->table_count > 1)
        status = check_twins(m, err);
    return status || !merge->source_filter ? status : apply_filter(m, err);
}

/* To look for them costs a part of what it costs to take them out, and as a rule there are none. */
static enum spile_status find_duplicates(struct merger *m, bool *found, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    struct text sql = { 0 };

    text_printf(&sql, "SELECT 'x' FROM %s GROUP BY ", m->staged[0]);
    merger_put_key_list(&sql, NULL, merge->primary_key, merge->primary_key_count);
    text_puts(&sql, " HAVING count(*) > 1 LIMIT 1");
    return find(m, &sql, found, err);
}

/* With scd2 rows with the same key are versions side by side. */
enum spile_status staged_deduplicate(struct merger *m, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    bool by_key = false;
    enum spile_status status = SPILE_OK;

    if (merge->deduplicate && merge->primary_key_count && merge->strategy != MERGE_SCD2)
        status = find_duplicates(m, &by_key, err);
    if (!status && by_key)
        status = deduplicate(m, 0, merge->primary_key, merge->primary_key_count, merge->dedup_sort, err);
    if (!status && by_key)
        status = deduplicate_nested(m, err);
    return status || (!merge->source_filter && !by_key) ? status : staged_drop_orphans(m, err);
}

enum spile_status staged_drop(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < m->merge->table_count; i++) {
        struct text sql = { 0 };

        text_printf(&sql, "DROP TABLE %s", m->staged[i]);
        status = merger_run(m, &sql, err);
    }
    return status;
}
