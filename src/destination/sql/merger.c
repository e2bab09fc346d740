#include "destination/sql/merger.h"

#include <string.h>

const struct column *merger_id_of(const struct merge *merge, size_t index)
{
    const struct merge_table *table = &merge->tables[index];

    return table->table->row_id ? table->table->row_id : table->row_key;
}

void merger_put_column(struct text *sql, const char *qualifier, const struct column *column)
{
    if (qualifier)
        text_printf(sql, "%s.", qualifier);
    sql_put_name(sql, column->name);
}

void merger_put_columns(struct text *sql, const struct merge_table *table, const struct merge *merge)
{
    const char *separator = "";

    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i] == merge->valid_from || table->columns[i] == merge->valid_to)
            continue;
        text_puts(sql, separator);
        merger_put_column(sql, NULL, table->columns[i]);
        separator = ", ";
    }
}

void merger_put_equal(struct text *sql, const char *one, const struct column *const *keys, const char *other, const struct column *const *other_keys,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_puts(sql, i ? " AND " : "");
        merger_put_column(sql, one, keys[i]);
        text_puts(sql, " = ");
        merger_put_column(sql, other, other_keys[i]);
    }
}

void merger_put_key_list(struct text *sql, const char *qualifier, const struct column *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_puts(sql, i ? ", " : "");
        merger_put_column(sql, qualifier, keys[i]);
    }
}

/* Null equals nothing, so that a list must not have it when its absence counts. */
static void put_list_match(struct text *sql, const struct match *match, bool has)
{
    const char *word = " WHERE ";

    text_puts(sql, match->count > 1 ? "(" : "");
    merger_put_key_list(sql, match->row, match->row_keys, match->count);
    text_puts(sql, match->count > 1 ? ")" : "");
    text_puts(sql, has ? " IN (SELECT " : " NOT IN (SELECT ");
    merger_put_key_list(sql, match->other, match->other_keys, match->count);
    text_printf(sql, " FROM %s AS %s", match->table, match->other);
    for (size_t i = 0; !has && i < match->count; i++, word = " AND ") {
        text_puts(sql, word);
        merger_put_column(sql, match->other, match->other_keys[i]);
        text_puts(sql, " IS NOT NULL");
    }
    if (match->also)
        text_printf(sql, "%s%s", word, match->also);
    text_putc(sql, ')');
}

void merger_put_match(const struct merger *m, struct text *sql, const struct match *match, bool has)
{
    if (m->database->dialect->finds_in_lists) {
        put_list_match(sql, match, has);
        return;
    }
    text_printf(sql, "%sEXISTS (SELECT 1 FROM %s AS %s WHERE ", has ? "" : "NOT ", match->table, match->other);
    merger_put_equal(sql, match->other, match->other_keys, match->row, match->row_keys, match->count);
    if (match->also)
        text_printf(sql, " AND %s", match->also);
    text_putc(sql, ')');
}

void merger_put_condition(const struct merger *m, struct text *sql, const char *condition)
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

void merger_put_deleted(struct text *sql, const struct column *column, bool deleted)
{
    if (column->type.type != TYPE_BOOL) {
        merger_put_column(sql, STAGED, column);
        text_puts(sql, deleted ? " IS NOT NULL" : " IS NULL");
        return;
    }
    text_puts(sql, deleted ? "coalesce(" : "NOT coalesce(");
    merger_put_column(sql, STAGED, column);
    text_puts(sql, ", false)");
}

enum spile_status merger_run_values(struct merger *m, struct text *sql, size_t values, struct spile_error *err)
{
    enum spile_status status =
        sql->failed ? spile_fail_nomem(err) : m->database->dialect->execute(m->database, sql->text, m->values, values, NULL, NULL, err);

    text_release(sql);
    return status;
}

enum spile_status merger_run(struct merger *m, struct text *sql, struct spile_error *err)
{
    return merger_run_values(m, sql, 0, err);
}
