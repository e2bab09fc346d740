/* Merging staged rows into a dataset, in statements that every database here takes: no MERGE, which some lack and none makes faster.
 *
 * First the staged rows are made what is to be merged (staged.c). Then what they replace goes out of the dataset, and they come in. Staged tables are gone at
 * the end. Rows of a first load are in place already, and only the first step is taken. */
#include "destination/sql/staged.h"

/* Ids of root rows whose nested rows are replaced. No table of the data has such a name. */
#define GONE "_dlt_gone"

/* ---- what goes out of the dataset ----------------------------------------------------------------------------------------------- */

/* A row of the dataset whose key a staged row has, or has not. */
static void put_staged(const struct merger *m, struct text *sql, const struct column *const *keys, size_t count, bool has)
{
    merger_put_match(m, sql, &(struct match){ m->target, keys, m->staged[0], STAGED, keys, count, NULL }, has);
}

/* A row of the dataset that no staged row has the key of; within the scope, or where the merge key is staged. */
static void put_absent(const struct merger *m, struct text *sql, const struct column *const *keys, size_t count)
{
    const struct merge *merge = m->merge;

    put_staged(m, sql, keys, count, false);
    if (merge->destination_scope) {
        text_puts(sql, " AND ");
        merger_put_condition(m, sql, merge->destination_scope);
    } else if (merge->merge_key_count) {
        text_puts(sql, " AND ");
        put_staged(m, sql, merge->merge_key, merge->merge_key_count, true);
    }
}

typedef void put_rows(const struct merger *m, struct text *sql);

static void put_primary_matched(const struct merger *m, struct text *sql)
{
    put_staged(m, sql, m->merge->primary_key, m->merge->primary_key_count, true);
}

static void put_merge_matched(const struct merger *m, struct text *sql)
{
    put_staged(m, sql, m->merge->merge_key, m->merge->merge_key_count, true);
}

static void put_scope(const struct merger *m, struct text *sql)
{
    merger_put_condition(m, sql, m->merge->destination_scope);
}

static void put_absent_by_key(const struct merger *m, struct text *sql)
{
    put_absent(m, sql, m->merge->primary_key, m->merge->primary_key_count);
}

static void put_hard_deleted(const struct merger *m, struct text *sql)
{
    const struct merge *merge = m->merge;
    struct text deleted = { 0 };

    merger_put_deleted(&deleted, merge->hard_delete, true);
    sql->failed |= deleted.failed;
    merger_put_match(m, sql, &(struct match){ m->target, merge->primary_key, m->staged[0], STAGED, merge->primary_key, merge->primary_key_count, deleted.text }, true);
    text_release(&deleted);
}

/* What does not count as a change: the key, what the load says of the row, and its id where no row below has it. */
static bool is_no_content(const struct merge *merge, const struct column *column)
{
    return column_is_among(column, merge->primary_key, merge->primary_key_count) || column == merge->hard_delete || column == merge->tables[0].table->load_id ||
           (merge->table_count == 1 && column == merge->tables[0].table->row_id);
}

/* s: a staged row that differs from the dataset's. */
static void put_changed(const struct merger *m, struct text *sql, const char *target)
{
    const struct merge *merge = m->merge;
    const struct merge_table *root = &merge->tables[0];
    const char *separator = "";

    if (merge->row_version) {
        text_puts(sql, "NOT ");
        merger_put_equal(sql, STAGED, &merge->row_version, target, &merge->row_version, 1);
        return;
    }
    for (size_t i = 0; i < root->column_count; i++) {
        if (is_no_content(merge, root->columns[i]))
            continue;
        text_puts(sql, separator);
        merger_put_column(sql, STAGED, root->columns[i]);
        text_puts(sql, " IS DISTINCT FROM ");
        merger_put_column(sql, target, root->columns[i]);
        separator = " OR ";
    }
    text_puts(sql, *separator ? "" : "false");
}

static void put_changed_matched(const struct merger *m, struct text *sql)
{
    const struct merge *merge = m->merge;
    struct text changed = { 0 };

    text_putc(&changed, '(');
    put_changed(m, &changed, m->target);
    text_putc(&changed, ')');
    sql->failed |= changed.failed;
    merger_put_match(m, sql, &(struct match){ m->target, merge->primary_key, m->staged[0], STAGED, merge->primary_key, merge->primary_key_count, changed.text }, true);
    text_release(&changed);
}

static enum spile_status remove_root(struct merger *m, put_rows *which, struct spile_error *err)
{
    struct text sql = { 0 };

    if (m->merge->is_new)
        return SPILE_OK;
    text_printf(&sql, "DELETE FROM %s%s WHERE ", m->tables[0], m->target_as);
    which(m, &sql);
    return merger_run(m, &sql, err);
}

/* Nested rows of the root rows `which`. */
static enum spile_status remove_nested(struct merger *m, put_rows *which, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    struct text sql = { 0 };
    enum spile_status status;

    if (merge->is_new || merge->table_count == 1)
        return SPILE_OK;
    text_printf(&sql, "CREATE TEMPORARY TABLE %s AS SELECT ", m->gone);
    merger_put_column(&sql, m->target, merge->tables[0].row_key);
    text_printf(&sql, " AS id FROM %s%s WHERE ", m->tables[0], m->target_as);
    which(m, &sql);
    status = merger_run(m, &sql, err);
    for (size_t i = 1; !status && i < merge->table_count; i++) {
        text_printf(&sql, "DELETE FROM %s WHERE ", m->tables[i]);
        merger_put_column(&sql, NULL, merge->tables[i].root_key);
        text_printf(&sql, " IN (SELECT id FROM %s)", m->gone);
        status = merger_run(m, &sql, err);
    }
    if (status)
        return status;
    text_printf(&sql, "DROP TABLE %s", m->gone);
    return merger_run(m, &sql, err);
}

static enum spile_status remove_rows(struct merger *m, put_rows *which, struct spile_error *err)
{
    enum spile_status status = remove_nested(m, which, err);

    return status ? status : remove_root(m, which, err);
}

/* ---- what comes in -------------------------------------------------------------------------------------------------------------- */

/* Staged rows of the root, but those that are deleted; if `unknown`, only those whose key the dataset lacks. */
static enum spile_status insert_root(struct merger *m, bool unknown, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    const char *word = " WHERE ";
    struct text sql = { 0 };

    text_printf(&sql, "INSERT INTO %s (", m->tables[0]);
    merger_put_columns(&sql, &merge->tables[0], merge);
    text_puts(&sql, ") SELECT ");
    merger_put_columns(&sql, &merge->tables[0], merge);
    text_printf(&sql, " FROM %s AS " STAGED, m->staged[0]);
    if (merge->hard_delete) {
        text_puts(&sql, word);
        merger_put_deleted(&sql, merge->hard_delete, false);
        word = " AND ";
    }
    if (unknown && !merge->is_new) {
        text_puts(&sql, word);
        merger_put_match(m, &sql, &(struct match){ STAGED, merge->primary_key, m->tables[0], TARGET, merge->primary_key, merge->primary_key_count, NULL }, false);
    }
    return merger_run(m, &sql, err);
}

/* A root row that is there already is not inserted again. If it has another id there, what is nested in it would hang nowhere. */
static void put_parent_exists(const struct merger *m, struct text *sql, const struct merge_table *table)
{
    const struct column *const id = merger_id_of(m->merge, table->parent);

    text_puts(sql, " AND ");
    merger_put_match(m, sql, &(struct match){ NESTED, &table->parent_key, m->tables[table->parent], PARENT, &id, 1, NULL }, true);
}

/* Staged rows below root rows that are not deleted; if `unknown`, only those that the dataset lacks. */
static void put_nested_condition(const struct merger *m, struct text *sql, size_t index, bool unknown)
{
    const struct merge *merge = m->merge;
    const struct merge_table *table = &merge->tables[index];
    struct text kept = { 0 };

    if (unknown) {
        text_puts(sql, " WHERE ");
        merger_put_match(m, sql, &(struct match){ NESTED, &table->row_key, m->tables[index], TARGET, &table->row_key, 1, NULL }, false);
        put_parent_exists(m, sql, table);
    } else if (merge->hard_delete && table->root_key) {
        merger_put_deleted(&kept, merge->hard_delete, false);
        sql->failed |= kept.failed;
        text_puts(sql, " WHERE ");
        merger_put_match(m, sql, &(struct match){ NESTED, &table->root_key, m->staged[0], STAGED, &merge->tables[0].row_key, 1, kept.text }, true);
        text_release(&kept);
    }
}

static enum spile_status insert_nested(struct merger *m, bool unknown, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    enum spile_status status = SPILE_OK;

    for (size_t i = 1; !status && i < merge->table_count; i++) {
        struct text sql = { 0 };

        text_printf(&sql, "INSERT INTO %s (", m->tables[i]);
        merger_put_columns(&sql, &merge->tables[i], merge);
        text_puts(&sql, ") SELECT ");
        merger_put_columns(&sql, &merge->tables[i], merge);
        text_printf(&sql, " FROM %s AS " NESTED, m->staged[i]);
        put_nested_condition(m, &sql, i, unknown);
        status = merger_run(m, &sql, err);
    }
    return status;
}

static enum spile_status update_root(struct merger *m, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    const struct merge_table *root = &merge->tables[0];
    struct text sql = { 0 };

    if (merge->is_new)
        return SPILE_OK;
    text_printf(&sql, "UPDATE %s AS " TARGET " SET ", m->tables[0]);
    for (size_t i = 0; i < root->column_count; i++) {
        text_puts(&sql, i ? ", " : "");
        merger_put_column(&sql, NULL, root->columns[i]);
        text_puts(&sql, " = ");
        merger_put_column(&sql, STAGED, root->columns[i]);
    }
    text_printf(&sql, " FROM %s AS " STAGED " WHERE ", m->staged[0]);
    merger_put_equal(&sql, TARGET, merge->primary_key, STAGED, merge->primary_key, merge->primary_key_count);
    if (merge->skip_unchanged) {
        text_puts(&sql, " AND (");
        put_changed(m, &sql, TARGET);
        text_putc(&sql, ')');
    }
    return merger_run(m, &sql, err);
}

/* ---- strategies ----------------------------------------------------------------------------------------------------------------- */

/* Rows that the staged ones take the place of; also those that are found by the merge key of a row that will lose against another with its primary key. */
static enum spile_status make_way(struct merger *m, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    enum spile_status status = SPILE_OK;

    if (merge->destination_scope)
        return remove_rows(m, put_scope, err);
    if (merge->primary_key_count)
        status = remove_rows(m, put_primary_matched, err);
    return status || !merge->merge_key_count ? status : remove_rows(m, put_merge_matched, err);
}

static enum spile_status insert_all(struct merger *m, struct spile_error *err)
{
    enum spile_status status = insert_root(m, false, err);

    return status ? status : insert_nested(m, false, err);
}

/* Root rows that the dataset has take the values of the staged ones. Where an update is slow and nothing is lost by it they go, to come in anew. */
static enum spile_status replace_matched(struct merger *m, bool *gone, struct spile_error *err)
{
    *gone = m->merge->is_whole && !m->database->dialect->updates_well;
    if (!*gone)
        return update_root(m, err);
    return remove_root(m, m->merge->skip_unchanged ? put_changed_matched : put_primary_matched, err);
}

static enum spile_status upsert(struct merger *m, struct spile_error *err)
{
    bool gone = false;
    enum spile_status status = remove_nested(m, put_primary_matched, err);

    if (!status && m->merge->hard_delete)
        status = remove_root(m, put_hard_deleted, err);
    if (!status)
        status = replace_matched(m, &gone, err);
    if (!status)
        status = insert_root(m, !gone || m->merge->skip_unchanged, err);
    return status ? status : insert_nested(m, false, err);
}

static enum spile_status insert_only(struct merger *m, struct spile_error *err)
{
    enum spile_status status = insert_root(m, true, err);

    return status ? status : insert_nested(m, true, err);
}

static void put_active(const struct merger *m, struct text *sql, const char *qualifier)
{
    merger_put_column(sql, qualifier, m->merge->valid_to);
    text_puts(sql, m->merge->has_active ? " = $2" : " IS NULL");
}

static enum spile_status retire(struct merger *m, struct spile_error *err)
{
    struct text sql = { 0 };

    text_printf(&sql, "UPDATE %s%s SET ", m->tables[0], m->target_as);
    merger_put_column(&sql, NULL, m->merge->valid_to);
    text_puts(&sql, " = $1 WHERE ");
    put_active(m, &sql, m->target);
    text_puts(&sql, " AND ");
    put_absent(m, &sql, &m->merge->row_version, 1);
    return merger_run_values(m, &sql, m->merge->has_active ? 2 : 1, err);
}

static enum spile_status insert_versions(struct merger *m, struct spile_error *err)
{
    const struct merge *merge = m->merge;
    struct text sql = { 0 }, active = { 0 };

    text_printf(&sql, "INSERT INTO %s (", m->tables[0]);
    merger_put_columns(&sql, &merge->tables[0], merge);
    text_puts(&sql, ", ");
    merger_put_column(&sql, NULL, merge->valid_from);
    text_puts(&sql, ", ");
    merger_put_column(&sql, NULL, merge->valid_to);
    text_puts(&sql, ") SELECT ");
    merger_put_columns(&sql, &merge->tables[0], merge);
    text_printf(&sql, ", $1, %s FROM %s AS " STAGED " WHERE ", merge->has_active ? "$2" : "NULL", m->staged[0]);
    put_active(m, &active, TARGET);
    sql.failed |= active.failed;
    merger_put_match(m, &sql, &(struct match){ STAGED, &merge->row_version, m->tables[0], TARGET, &merge->row_version, 1, active.text }, false);
    text_release(&active);
    return merger_run_values(m, &sql, merge->has_active ? 2 : 1, err);
}

static enum spile_status scd2(struct merger *m, struct spile_error *err)
{
    enum spile_status status = retire(m, err);

    if (!status)
        status = insert_versions(m, err);
    return status ? status : insert_nested(m, true, err);
}

/* What is left then is the table. */
static enum spile_status finish_in_place(struct merger *m, struct spile_error *err)
{
    struct text sql = { 0 };
    enum spile_status status;

    if (!m->merge->hard_delete)
        return SPILE_OK;
    text_printf(&sql, "DELETE FROM %s AS " STAGED " WHERE ", m->staged[0]);
    merger_put_deleted(&sql, m->merge->hard_delete, true);
    status = merger_run(m, &sql, err);
    return status ? status : staged_drop_orphans(m, err);
}

static enum spile_status merge_by_strategy(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    switch (m->merge->strategy) {
    case MERGE_DEFAULT:
    case MERGE_DELETE_INSERT:
        return insert_all(m, err);
    case MERGE_UPSERT:
        return upsert(m, err);
    case MERGE_INSERT_ONLY:
        return insert_only(m, err);
    case MERGE_SCD2:
        return scd2(m, err);
    case MERGE_CDC:
        status = remove_rows(m, put_absent_by_key, err);
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
        m->staged[i] = sql_table(m->database, m->merge->dataset, name, !m->merge->in_place, &m->arena);
        if (!m->tables[i] || !m->staged[i])
            return false;
    }
    m->target = m->merge->destination_scope && m->tables ? m->tables[0] : TARGET;
    m->target_as = m->merge->destination_scope ? "" : " AS " TARGET;
    return m->gone && m->tables && m->staged;
}

static enum spile_status before_removal(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && !m->merge->is_new && i < m->merge->table_count; i++)
        status = sql_before_removal(m->database, m->tables[i], err);
    return status;
}

enum spile_status sql_merge(struct destination *destination, const struct merge *merge, struct spile_error *err)
{
    struct merger m = { .database = (struct sql_database *)destination, .merge = merge,
                        .values = { datum_timestamp(merge->boundary), datum_timestamp(merge->active) } };
    enum spile_status status = name_tables(&m) ? staged_filter(&m, err) : spile_fail_nomem(err);

    if (!status && !merge->in_place)
        status = before_removal(&m, err);
    if (!status && merge->strategy == MERGE_DELETE_INSERT)
        status = make_way(&m, err);
    if (!status)
        status = staged_deduplicate(&m, err);
    if (!status)
        status = merge->in_place ? finish_in_place(&m, err) : merge_by_strategy(&m, err);
    if (!status && !merge->in_place)
        status = staged_drop(&m, err);
    arena_release(&m.arena);
    return spile_within(err, status, "merge into table \"%s\"", merge->tables[0].table->name);
}
