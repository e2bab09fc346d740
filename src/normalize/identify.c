/* Rows of tables whose ids follow from what is in them, so that a later load finds the same rows again (facts: reference/normalize.md 2.6). Of each row is
 * noted the text that its id is the hash of; the cut hashes them, several side by side. */
#include "normalize/walker.h"

#include <stdlib.h>

#include "data/json_sorted.h"
#include "data/json_text.h"

/* ---- configuration -------------------------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct key_field *)a)->name, ((const struct key_field *)b)->name);
}

static enum spile_status list_keys(struct walker *w, struct table_rows *rows)
{
    yyjson_mut_val *name, *column;
    size_t i, count;

    rows->keys = calloc(yyjson_mut_obj_size(rows->table->columns_json) + 1, sizeof(*rows->keys));
    if (!rows->keys)
        return spile_fail_nomem(w->err);
    yyjson_mut_obj_foreach(rows->table->columns_json, i, count, name, column)
    {
        if (!yyjson_mut_is_true(yyjson_mut_obj_get(column, "primary_key")))
            continue;
        rows->keys[rows->key_count].name = arena_copy(&w->arena, yyjson_mut_get_str(name), yyjson_mut_get_len(name));
        if (!rows->keys[rows->key_count++].name)
            return spile_fail_nomem(w->err);
    }
    qsort(rows->keys, rows->key_count, sizeof(*rows->keys), compare_keys);
    return SPILE_OK;
}

enum spile_status identify_configure(struct walker *w, struct table_rows *rows)
{
    rows->identity = rows->root ? table_row_identity(rows->table) : ROW_ID_OF_POSITION;
    rows->identities.type.type = TYPE_TEXT;
    return rows->identity == ROW_ID_OF_KEY ? list_keys(w, rows) : SPILE_OK;
}

void identify_release(struct table_rows *rows)
{
    column_release(&rows->identities);
    free(rows->keys);
}

/* ---- keys of the row in work ---------------------------------------------------------------------------------------------------- */

bool identify_is_key(const struct node *node)
{
    const struct table_rows *rows = node->shape->rows;

    for (uint32_t i = 0; i < rows->key_count; i++)
        if (!strcmp(rows->keys[i].name, node->column_name))
            return true;
    return false;
}

void identify_begin(struct walker *w, struct table_rows *rows)
{
    for (uint32_t i = 0; i < rows->key_count; i++)
        rows->keys[i] = (struct key_field){ rows->keys[i].name, !strcmp(rows->keys[i].name, DLT_LOAD_ID), { &w->load_id } };
}

/* Of values that want the same column the first is in it that is not null. */
void identify_key(const struct node *node, struct document value)
{
    struct table_rows *rows = node->shape->rows;

    for (uint32_t i = 0; i < rows->key_count; i++) {
        struct key_field *key = &rows->keys[i];

        if (strcmp(key->name, node->column_name) || (key->given && document_kind(key->value) != DOCUMENT_NULL))
            continue;
        key->given = true;
        key->value = value;
    }
}

/* ---- the row -------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_key(struct walker *w, const struct table_rows *rows, const char *name)
{
    spile_fail(w->err, SPILE_CONTRACT, "a row without column \"%s\" of table \"%s\", which is of the primary key", name, rows->name);
    return spile_hint(w->err, SPILE_CONTRACT, "the row is found by its key: is the name of the column right? Lists and objects of a row are in no column");
}

static enum spile_status write_keys(struct walker *w, const struct table_rows *rows, struct text *out)
{
    text_putc(out, '{');
    for (uint32_t i = 0; i < rows->key_count; i++) {
        const struct key_field *key = &rows->keys[i];

        if (!key->given)
            return fail_key(w, rows, key->name);
        if (i)
            text_putc(out, ',');
        json_text_string(out, slice_of(key->name));
        text_putc(out, ':');
        json_sorted_write(out, key->value, TYPED_MARKED);
    }
    text_putc(out, '}');
    return SPILE_OK;
}

/* dlt's own keys are no content. */
static void write_content(struct text *out, struct document value, const char *wrap)
{
    if (!wrap) {
        json_sorted_write_without(out, value, TYPED_MARKED, DLT_PREFIX);
        return;
    }
    text_putc(out, '{');
    json_text_string(out, slice_of(wrap));
    text_putc(out, ':');
    json_sorted_write(out, value, TYPED_MARKED);
    text_putc(out, '}');
}

static enum spile_status note(struct walker *w, struct table_rows *rows, uint32_t row, const struct text *text)
{
    if (text->failed || !column_put_text(&rows->identities, row, text->text, text->length))
        return spile_fail_nomem(w->err);
    w->weight += text->length;
    return SPILE_OK;
}

enum spile_status identify_row(struct walker *w, struct table_rows *rows, struct document value, const char *wrap)
{
    enum spile_status status = SPILE_OK;

    if (column_has(&rows->own_ids, rows->rows))
        return SPILE_OK;
    text_clear(&w->identity);
    if (rows->identity == ROW_ID_OF_KEY)
        status = write_keys(w, rows, &w->identity);
    else
        write_content(&w->identity, value, wrap);
    return status ? status : note(w, rows, rows->rows, &w->identity);
}

enum spile_status identify_keys(struct walker *w, struct table_rows *rows, uint32_t row)
{
    enum spile_status status;

    text_clear(&w->identity);
    status = write_keys(w, rows, &w->identity);
    return status ? status : note(w, rows, row, &w->identity);
}
