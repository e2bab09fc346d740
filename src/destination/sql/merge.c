/* Merging staged rows into a dataset, in statements that every database here takes: no MERGE, which some lack and none makes faster.
 *
 * First the staged rows are made what is to be merged: those that the filter leaves out go, and of those with the same key all but one. Then what they replace
 * goes out of the dataset, and they come in. Staged tables are gone at the end. Rows of a first load are in place already, and only the first step is taken. */
#include "destination/sql/sql.h"

#include <stdlib.h>
#include <string.h>

/* Ids of root rows whose nested rows are replaced. No table of the data has such a name. */
#define GONE "_dlt_gone"

/* What rows are called. No column of the data has such a name: a row of the name of a column would be taken for what is in that. */
#define TARGET "_dlt_d"
#define STAGED "_dlt_s"
#define PARENT "_dlt_p"
#define NESTED "_dlt_n"

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

/* What rows below it have as their parent's id, whatever else tells its rows apart. */
static const struct column *id_of(const struct merge *merge, size_t index)
{
    const struct merge_table *table = &merge->tables[index];

    return table->table->row_id ? table->table->row_id : table->row_key;
}

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

/* The keys of a row called `one` are those of a row called `other`. */
static void put_equal(struct text *sql, const char *one, const struct column *const *keys, const char *other, const struct column *const *other_keys,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_puts(sql, i ? " AND " : "");
        put_column(sql, one, keys[i]);
        text_puts(sql, " = ");
        put_column(sql, other, other_keys[i]);
    }
}

/* Rows that a statement is about, and those of a table by which it chooses. */
struct match {
    const char *row;   /* what its row is called */
    const struct column *const *row_keys;
    const char *table; /* SQL */
    const char *other; /* what a row there is called */
    const struct column *const *other_keys;
    size_t count;
    const char *also;  /* a condition on that one; NULL: none */
};

static void put_key_list(struct text *sql, const char *qualifier, const struct column *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_puts(sql, i ? ", " : "");
        put_column(sql, qualifier, keys[i]);
    }
}

/* Null equals nothing, so that a list must not have it when its absence counts. */
static void put_list_match(struct text *sql, const struct match *match, bool has)
{
    const char *word = " WHERE ";

    text_puts(sql, match->count > 1 ? "(" : "");
    put_key_list(sql, match->row, match->row_keys, match->count);
    text_puts(sql, match->count > 1 ? ")" : "");
    text_puts(sql, has ? " IN (SELECT " : " NOT IN (SELECT ");
    put_key_list(sql, match->other, match->other_keys, match->count);
    text_printf(sql, " FROM %s AS %s", match->table, match->other);
    for (size_t i = 0; !has && i < match->count; i++, word = " AND ") {
        text_puts(sql, word);
        put_column(sql, match->other, match->other_keys[i]);
        text_puts(sql, " IS NOT NULL");
    }
    if (match->also)
        text_printf(sql, "%s%s", word, match->also);
    text_putc(sql, ')');
}

/* Is there such a row, or none? */
static void put_match(const struct merger *m, struct text *sql, const struct match *match, bool has)
{
    if (m->database->dialect->finds_in_lists) {
        put_list_match(sql, match, has);
        return;
    }
    text_printf(sql, "%sEXISTS (SELECT 1 FROM %s AS %s WHERE ", has ? "" : "NOT ", match->table, match->other);
    put_equal(sql, match->other, match->other_keys, match->row, match->row_keys, match->count);
    if (match->also)
        text_printf(sql, " AND %s", match->also);
    text_putc(sql, ')');
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
        put_column(sql, STAGED, column);
        text_puts(sql, deleted ? " IS NOT NULL" : " IS NULL");
        return;
    }
    text_puts(sql, deleted ? "coalesce(" : "NOT coalesce(");
    put_column(sql, STAGED, column);
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

/* Rows behind the first of their key, by the order given or that of the rows. Keys that are null are not the same. */
static enum spile_status deduplicate(struct merger *m, size_t index, const struct column *const *keys, size_t key_count,
                                     const struct column *sort, struct spile_error *err)
{
    const char *order = m->database->dialect->row_order;
    struct text sql = { 0 };

    text_printf(&sql, "DELETE FROM %s WHERE %s IN (SELECT _dlt_place FROM (SELECT %s AS _dlt_place, row_number() OVER (PARTITION BY ", m->staged[index], order,
                order);
    for (size_t i = 0; i < key_count; i++) {
        text_puts(&sql, i ? ", " : "");
        put_column(&sql, NULL, keys[i]);
    }
    text_puts(&sql, " ORDER BY ");
    if (sort) {
        put_column(&sql, NULL, sort);
        text_puts(&sql, m->database->dialect->sort_suffix ? m->database->dialect->sort_suffix(sort) : "");
        text_puts(&sql, m->merge->dedup_descending ? " DESC NULLS LAST, " : " ASC NULLS LAST, ");
    }
    text_printf(&sql, "%s) AS _dlt_number FROM %s", order, m->staged[index]);
    for (size_t i = 0; i < key_count; i++) {
        text_puts(&sql, i ? " AND " : " WHERE ");
        put_column(&sql, NULL, keys[i]);
        text_puts(&sql, " IS NOT NULL");
    }
    text_puts(&sql, ") AS _dlt_numbered WHERE _dlt_number > 1)");
    return run(m, &sql, err);
}

/* Rows below those that went. */
static enum spile_status drop_orphans(struct merger *m, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 1; !status && i < m->merge->table_count; i++) {
        const struct merge_table *table = &m->merge->tables[i];
        const struct column *const id = id_of(m->merge, table->parent);
        const struct match parent = { STAGED, &table->parent_key, m->staged[table->parent], PARENT, &id, 1, NULL };
        struct text sql = { 0 };

        text_printf(&sql, "DELETE FROM %s AS " STAGED " WHERE ", m->staged[i]);
        put_match(m, &sql, &parent, false);
        status = run(m, &sql, err);
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
    put_column(sql, NULL, id_of(m->merge, index));
    text_printf(sql, " FROM %s GROUP BY ", m->staged[index]);
    put_column(sql, NULL, id_of(m->merge, index));
    text_puts(sql, " HAVING count(*) > 1");
}

/* Nested rows with one id, below rows with one id, that are not as many as these, or not equal. */
static void put_unequal_nested(const struct merger *m, struct text *sql, size_t index)
{
    const struct merge_table *table = &m->merge->tables[index];

    text_printf(sql, "SELECT 'x' FROM %s AS " STAGED " WHERE ", m->staged[index]);
    put_column(sql, STAGED, table->parent_key);
    text_puts(sql, " IN (");
    put_twins(m, sql, table->parent);
    text_puts(sql, ") GROUP BY ");
    put_column(sql, STAGED, table->parent_key);
    text_puts(sql, ", ");
    put_column(sql, STAGED, table->row_key);
    text_printf(sql, " HAVING count(*) <> (SELECT count(*) FROM %s AS " PARENT " WHERE ", m->staged[table->parent]);
    put_column(sql, PARENT, id_of(m->merge, table->parent));
    text_puts(sql, " = ");
    put_column(sql, STAGED, table->parent_key);
    text_putc(sql, ')');
    for (size_t i = 0; i < table->column_count; i++) {
        text_puts(sql, " OR count(DISTINCT ");
        put_column(sql, STAGED, table->columns[i]);
        text_puts(sql, ") > 1 OR count(");
        put_column(sql, STAGED, table->columns[i]);
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

static bool is_among(const struct column *const *keys, size_t count, const struct column *column)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i] == column)
            return true;
    return false;
}

/* Is it what rows of the table are found by? */
static bool finds_rows(const struct merge *merge, size_t index, const struct column *column)
{
    const struct merge_table *table = &merge->tables[index];

    if (index)
        return column == table->parent_key || column == table->root_key || column == table->row_key;
    return is_among(merge->primary_key, merge->primary_key_count, column) || is_among(merge->merge_key, merge->merge_key_count, column) ||
           column == merge->row_version || (merge->table_count > 1 && (column == table->row_key || column == id_of(merge, 0)));
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
        put_column(&keys, NULL, table->columns[i]);
    }
    if (keys.failed)
        status = spile_fail_nomem(err);
    else if (keys.length)
        status = m->database->dialect->after_staging(m->database, m->staged[index], keys.text, err);
    text_release(&keys);
    return status;
}

static enum spile_status filter_staged(struct merger *m, struct spile_error *err)
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
    put_key_list(&sql, NULL, merge->primary_key, merge->primary_key_count);
    text_puts(&sql, " HAVING count(*) > 1 LIMIT 1");
    return find(m, &sql, found, err);
}

/* With scd2 rows with the same key are versions side by side. */
static enum spile_status deduplicate_staged(struct merger *m, struct spile_error *err)
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

/* A row of the dataset whose key a staged row has, or has not. */
static void put_staged(const struct merger *m, struct text *sql, const struct column *const *keys, size_t count, bool has)
{
    put_match(m, sql, &(struct match){ m->target, keys, m->staged[0], STAGED, keys, count, NULL }, has);
}

/* A row of the dataset that no staged row has the key of; within the scope, or where the merge key is staged. */
static void put_absent(const struct merger *m, struct text *sql, const struct column *const *keys, size_t count)
{
    const struct merge *merge = m->merge;

    put_staged(m, sql, keys, count, false);
    if (merge->destination_scope) {
        text_puts(sql, " AND ");
        put_condition(m, sql, merge->destination_scope);
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
    put_condition(m, sql, m->merge->destination_scope);
}

static void put_absent_by_key(const struct merger *m, struct text *sql)
{
    put_absent(m, sql, m->merge->primary_key, m->merge->primary_key_count);
}

static void put_hard_deleted(const struct merger *m, struct text *sql)
{
    const struct merge *merge = m->merge;
    struct text deleted = { 0 };

    put_deleted(&deleted, merge->hard_delete, true);
    sql->failed |= deleted.failed;
    put_match(m, sql, &(struct match){ m->target, merge->primary_key, m->staged[0], STAGED, merge->primary_key, merge->primary_key_count, deleted.text }, true);
    text_release(&deleted);
}

/* What does not count as a change: the key, what the load says of the row, and its id where no row below has it. */
static bool is_no_content(const struct merge *merge, const struct column *column)
{
    return is_among(merge->primary_key, merge->primary_key_count, column) || column == merge->hard_delete || column == merge->tables[0].table->load_id ||
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
        put_equal(sql, STAGED, &merge->row_version, target, &merge->row_version, 1);
        return;
    }
    for (size_t i = 0; i < root->column_count; i++) {
        if (is_no_content(merge, root->columns[i]))
            continue;
        text_puts(sql, separator);
        put_column(sql, STAGED, root->columns[i]);
        text_puts(sql, " IS DISTINCT FROM ");
        put_column(sql, target, root->columns[i]);
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
    put_match(m, sql, &(struct match){ m->target, merge->primary_key, m->staged[0], STAGED, merge->primary_key, merge->primary_key_count, changed.text }, true);
    text_release(&changed);
}

static enum spile_status remove_root(struct merger *m, put_rows *which, struct spile_error *err)
{
    struct text sql = { 0 };

    if (m->merge->is_new)
        return SPILE_OK;
    text_printf(&sql, "DELETE FROM %s%s WHERE ", m->tables[0], m->target_as);
    which(m, &sql);
    return run(m, &sql, err);
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
    put_column(&sql, m->target, merge->tables[0].row_key);
    text_printf(&sql, " AS id FROM %s%s WHERE ", m->tables[0], m->target_as);
    which(m, &sql);
    status = run(m, &sql, err);
    for (size_t i = 1; !status && i < merge->table_count; i++) {
        text_printf(&sql, "DELETE FROM %s WHERE ", m->tables[i]);
        put_column(&sql, NULL, merge->tables[i].root_key);
        text_printf(&sql, " IN (SELECT id FROM %s)", m->gone);
        status = run(m, &sql, err);
    }
    if (status)
        return status;
    text_printf(&sql, "DROP TABLE %s", m->gone);
    return run(m, &sql, err);
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
    put_columns(&sql, &merge->tables[0], merge);
    text_puts(&sql, ") SELECT ");
    put_columns(&sql, &merge->tables[0], merge);
    text_printf(&sql, " FROM %s AS " STAGED, m->staged[0]);
    if (merge->hard_delete) {
        text_puts(&sql, word);
        put_deleted(&sql, merge->hard_delete, false);
        word = " AND ";
    }
    if (unknown && !merge->is_new) {
        text_puts(&sql, word);
        put_match(m, &sql, &(struct match){ STAGED, merge->primary_key, m->tables[0], TARGET, merge->primary_key, merge->primary_key_count, NULL }, false);
    }
    return run(m, &sql, err);
}

/* A root row that is there already is not inserted again. If it has another id there, what is nested in it would hang nowhere. */
static void put_parent_exists(const struct merger *m, struct text *sql, const struct merge_table *table)
{
    const struct column *const id = id_of(m->merge, table->parent);

    text_puts(sql, " AND ");
    put_match(m, sql, &(struct match){ NESTED, &table->parent_key, m->tables[table->parent], PARENT, &id, 1, NULL }, true);
}

/* Staged rows below root rows that are not deleted; if `unknown`, only those that the dataset lacks. */
static void put_nested_condition(const struct merger *m, struct text *sql, size_t index, bool unknown)
{
    const struct merge *merge = m->merge;
    const struct merge_table *table = &merge->tables[index];
    struct text kept = { 0 };

    if (unknown) {
        text_puts(sql, " WHERE ");
        put_match(m, sql, &(struct match){ NESTED, &table->row_key, m->tables[index], TARGET, &table->row_key, 1, NULL }, false);
        put_parent_exists(m, sql, table);
    } else if (merge->hard_delete && table->root_key) {
        put_deleted(&kept, merge->hard_delete, false);
        sql->failed |= kept.failed;
        text_puts(sql, " WHERE ");
        put_match(m, sql, &(struct match){ NESTED, &table->root_key, m->staged[0], STAGED, &merge->tables[0].row_key, 1, kept.text }, true);
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
        put_columns(&sql, &merge->tables[i], merge);
        text_puts(&sql, ") SELECT ");
        put_columns(&sql, &merge->tables[i], merge);
        text_printf(&sql, " FROM %s AS " NESTED, m->staged[i]);
        put_nested_condition(m, &sql, i, unknown);
        status = run(m, &sql, err);
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
        put_column(&sql, NULL, root->columns[i]);
        text_puts(&sql, " = ");
        put_column(&sql, STAGED, root->columns[i]);
    }
    text_printf(&sql, " FROM %s AS " STAGED " WHERE ", m->staged[0]);
    put_equal(&sql, TARGET, merge->primary_key, STAGED, merge->primary_key, merge->primary_key_count);
    if (merge->skip_unchanged) {
        text_puts(&sql, " AND (");
        put_changed(m, &sql, TARGET);
        text_putc(&sql, ')');
    }
    return run(m, &sql, err);
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
    struct text sql = { 0 }, active = { 0 };

    text_printf(&sql, "INSERT INTO %s (", m->tables[0]);
    put_columns(&sql, &merge->tables[0], merge);
    text_puts(&sql, ", ");
    put_column(&sql, NULL, merge->valid_from);
    text_puts(&sql, ", ");
    put_column(&sql, NULL, merge->valid_to);
    text_puts(&sql, ") SELECT ");
    put_columns(&sql, &merge->tables[0], merge);
    text_printf(&sql, ", $1, %s FROM %s AS " STAGED " WHERE ", merge->has_active ? "$2" : "NULL", m->staged[0]);
    put_active(m, &active, TARGET);
    sql.failed |= active.failed;
    put_match(m, &sql, &(struct match){ STAGED, &merge->row_version, m->tables[0], TARGET, &merge->row_version, 1, active.text }, false);
    text_release(&active);
    return run_values(m, &sql, merge->has_active ? 2 : 1, err);
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
    put_deleted(&sql, m->merge->hard_delete, true);
    status = run(m, &sql, err);
    return status ? status : drop_orphans(m, err);
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

enum spile_status sql_merge(struct destination *destination, const struct merge *merge, struct spile_error *err)
{
    struct merger m = { .database = (struct sql_database *)destination, .merge = merge,
                        .values = { datum_timestamp(merge->boundary), datum_timestamp(merge->active) } };
    enum spile_status status = name_tables(&m) ? filter_staged(&m, err) : spile_fail_nomem(err);

    if (!status && merge->strategy == MERGE_DELETE_INSERT)
        status = make_way(&m, err);
    if (!status)
        status = deduplicate_staged(&m, err);
    if (!status)
        status = merge->in_place ? finish_in_place(&m, err) : merge_by_strategy(&m, err);
    if (!status && !merge->in_place)
        status = drop_staged(&m, err);
    arena_release(&m.arena);
    return spile_within(err, status, "merge into table \"%s\"", merge->tables[0].table->name);
}
