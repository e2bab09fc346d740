/* Columns of an Arrow batch into the builders of its table: no walk, no variants, and ids only where the table has them or the run asks for them, as in
 * dlt. Values that have the column's type are put in one after another; others are coerced one by one, as those of documents. */
#include "normalize/walker.h"

#include <stdlib.h>

#include "data/documents.h"
#include "data/json.h"

#define SLICE_ROWS 65536u

/* A batch on its way. */
struct filling {
    struct walker *walker;
    struct rows *rows;
    struct table_rows *table;
    struct node **nodes;          /* by column of the batch */
    struct column_builder **builders; /* likewise; NULL: left out */
    bool brings_load_ids;
};

/* ---- one value ------------------------------------------------------------------------------------------------------------------- */

/* `scratch` has the value as its only item, until it is cleared. */
static enum spile_status value_as_document(const struct filling *f, size_t column, size_t row, struct documents *scratch)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *value;
    enum spile_status status = doc ? rows_value(f->rows, column, row, doc, &value, f->walker->err) : spile_fail_nomem(f->walker->err);

    documents_clear(scratch);
    if (!status && !documents_add_value(scratch, value))
        status = spile_fail_nomem(f->walker->err);
    yyjson_mut_doc_free(doc);
    return status;
}

static enum spile_status fail_misfit(const struct filling *f, size_t column, struct document value)
{
    struct spile_error *err = f->walker->err;
    struct text json = { 0 };
    char extract[SHORTEN_BYTES];

    json_write(&json, value);
    spile_fail(err, SPILE_SOURCE, "value %s does not fit the column, which has the type %s", shorten(extract, json.text ? json.text : "", json.length),
               data_type_name(f->builders[column]->type.type));
    text_release(&json);
    spile_within(err, SPILE_SOURCE, "column \"%s\", table \"%s\"", f->nodes[column]->column_name, f->table->name);
    return spile_hint(err, SPILE_SOURCE, "cast the column of the batch to that type, or load into another table: values from Arrow get no variant columns");
}

static enum spile_status put_value(const struct filling *f, size_t column, size_t row, uint32_t at, struct documents *scratch)
{
    enum spile_status status = value_as_document(f, column, row, scratch);

    if (status)
        return status;
    switch (coerce_into(f->builders[column], at, scratch->items[0])) {
    case COERCED:
        return SPILE_OK;
    case COERCED_NOMEM:
        return spile_fail_nomem(f->walker->err);
    case NOT_COERCED:
        break;
    }
    return fail_misfit(f, column, scratch->items[0]);
}

/* ---- columns --------------------------------------------------------------------------------------------------------------------- */

/* A value, or its row, that the contract leaves out with the column: counted, and noted if the caller wants to know. */
static enum spile_status leave_out_value(struct filling *f, size_t column, size_t row, enum contract_mode mode, struct documents *scratch)
{
    struct walker *w = f->walker;
    bool whole_row = mode == CONTRACT_DISCARD_ROW;
    enum spile_status status;

    ++*(whole_row ? &f->table->refused_rows : &f->table->refused_values);
    if (!w->options->discard)
        return SPILE_OK;
    w->refusal = (struct refusal){ f->nodes[column]->column_name, CONTRACT_COLUMNS };
    documents_clear(scratch);
    status = whole_row ? rows_to_document(f->rows, row, NULL, scratch, w->err) : value_as_document(f, column, row, scratch);
    if (status)
        return status;
    if (whole_row ? discard_row(w, f->table, NULL, scratch->items[0]) : discard_value(w, f->nodes[column], CONTRACT_COLUMNS, scratch->items[0]))
        return SPILE_OK;
    return spile_fail_nomem(w->err);
}

static enum spile_status leave_out_values(struct filling *f, size_t column, enum contract_mode mode, struct documents *scratch)
{
    size_t count = f->rows->count;
    bool *keep = malloc(count + 1);
    enum spile_status status = keep ? SPILE_OK : spile_fail_nomem(f->walker->err);

    for (size_t row = 0; !status && row < count; row++) {
        keep[row] = rows_is_null(f->rows, column, row);
        if (!keep[row])
            status = leave_out_value(f, column, row, mode, scratch);
    }
    if (!status && mode == CONTRACT_DISCARD_ROW && !rows_choose(f->rows, keep))
        status = spile_fail_nomem(f->walker->err);
    free(keep);
    return status;
}

static enum spile_status refuse_column(struct filling *f, size_t column, enum contract_mode mode)
{
    struct documents scratch = { 0 };
    size_t row = 0;
    enum spile_status status;

    if (mode == CONTRACT_FREEZE) {
        while (row < f->rows->count && rows_is_null(f->rows, column, row))
            row++;
        status = row < f->rows->count ? value_as_document(f, column, row, &scratch) : SPILE_OK;
        if (!status)
            status = fail_frozen(f->walker, &f->table->contract, CONTRACT_COLUMNS, f->table->name, f->nodes[column]->column_name,
                                 scratch.count ? scratch.items : NULL);
    } else {
        status = leave_out_values(f, column, mode, &scratch);
    }
    documents_release(&scratch);
    return status;
}

static enum spile_status fail_collision(const struct filling *f, size_t a, size_t b)
{
    spile_fail(f->walker->err, SPILE_SOURCE, "columns \"%s\" and \"%s\" of the Arrow batch have the same name in the database: \"%s\"",
               rows_column_name(f->rows, a), rows_column_name(f->rows, b), f->nodes[a]->column_name);
    return spile_hint(f->walker->err, SPILE_SOURCE, "rename one of them before it is emitted");
}

static enum spile_status bind_data_column(struct filling *f, size_t column, struct column_type type)
{
    enum contract_mode mode;
    struct slot *slot;
    enum spile_status status;

    status = bind_column(f->walker, f->nodes[column], &type, rows_column_is_nullable(f->rows, column), &slot, &mode);
    if (status || !slot)
        return status ? status : refuse_column(f, column, mode);
    f->builders[column] = &slot->builder;
    return SPILE_OK;
}

/* An id that the batch brings is a text, whatever it has there. A row keeps it, but for a load's where the run's is asked for: that one comes into its
 * column, wherever it stands. */
static enum spile_status bind_id_column(struct filling *f, size_t column)
{
    enum spile_status status = bind_data_column(f, column, (struct column_type){ TYPE_TEXT, -1, -1, true });

    if (f->nodes[column]->role == NODE_ROW_ID) {
        f->builders[column] = &f->table->own_ids;
        return status;
    }
    f->brings_load_ids = true;
    if (f->walker->options->arrow_load_id)
        f->builders[column] = NULL;
    return status;
}

static enum spile_status bind_one(struct filling *f, struct shape *shape, size_t column)
{
    struct node *node = find_child(f->walker, &shape->root, slice_of(rows_column_name(f->rows, column)));
    struct column_type type = rows_column_type(f->rows, column);

    if (!node)
        return spile_fail_nomem(f->walker->err);
    f->nodes[column] = node;
    for (size_t i = 0; i < column; i++)
        if (!strcmp(f->nodes[i]->column_name, node->column_name))
            return fail_collision(f, i, column);
    if (type.type == TYPE_UNKNOWN || node->role == NODE_EXCLUDED) /* nothing but nulls, or left out */
        return SPILE_OK;
    return node->role == NODE_ROW_ID || node->role == NODE_LINK ? bind_id_column(f, column) : bind_data_column(f, column, type);
}

static enum spile_status ask_ids(struct filling *f)
{
    const struct normalize_options *options = f->walker->options;
    enum spile_status status = SPILE_OK;

    if (options->arrow_load_id && !f->brings_load_ids)
        status = bind_asked(f->walker, f->table, DLT_LOAD_ID);
    if (!status && options->arrow_row_id)
        status = bind_asked(f->walker, f->table, DLT_ID);
    return status;
}

/* A table that is being made by documents of an earlier chunk may get its ids yet. */
static enum spile_status settle_new_table(struct filling *f)
{
    struct table *table = f->table->table;
    enum spile_status status;
    bool settled;

    pthread_mutex_lock(f->walker->schema_lock);
    settled = !table->in_first_row;
    pthread_mutex_unlock(f->walker->schema_lock);
    if (settled)
        return SPILE_OK;
    status = begin_change(f->walker);
    if (status)
        return status;
    table->in_first_row = false;
    end_change(f->walker);
    return SPILE_OK;
}

/* Has the table row ids, then its rows from Arrow get them, too; load ids come with the load. */
static void take_row_ids(struct filling *f)
{
    struct table_rows *table = f->table;

    pthread_mutex_lock(f->walker->schema_lock);
    table->plain = !table->table->row_id;
    if (!table->plain)
        table->row_id_index = table->table->row_id->index;
    pthread_mutex_unlock(f->walker->schema_lock);
}

/* A column of hashes is the user's affair, as in dlt. */
static enum spile_status check_content(const struct filling *f)
{
    struct spile_error *err = f->walker->err;

    if (f->table->identity != ROW_ID_OF_CONTENT)
        return SPILE_OK;
    for (size_t i = 0; i < rows_column_count(f->rows); i++)
        if (f->nodes[i]->role == NODE_ROW_ID)
            return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "rows of Arrow batches have no version by which merge strategy scd2 tells them apart, table \"%s\"", f->table->name);
    return spile_hint(err, SPILE_CONFIG, "name a column of the batch that differs when the row does: row_version");
}

static enum spile_status bind_columns(struct filling *f, struct shape *shape)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < rows_column_count(f->rows); i++)
        status = bind_one(f, shape, i);
    if (!status)
        status = check_content(f);
    if (!status)
        status = ask_ids(f);
    if (!status)
        status = settle_new_table(f);
    if (!status)
        take_row_ids(f);
    return status;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------ */

/* *bad: the row of the batch at which it failed. */
static enum spile_status put_column(struct filling *f, size_t column, size_t from, uint32_t count, size_t *bad)
{
    struct column_builder *builder = f->builders[column];
    uint32_t at = f->table->rows;
    struct documents scratch = { 0 };
    enum spile_status status = SPILE_OK;

    *bad = from;
    if (rows_fit(f->rows, column, &builder->type)) {
        status = rows_put(f->rows, column, from, count, builder, at, f->walker->err);
        return spile_within(f->walker->err, status, "table \"%s\"", f->table->name);
    }
    for (uint32_t i = 0; !status && i < count; i++)
        if (!rows_is_null(f->rows, column, from + i)) {
            *bad = from + i;
            status = put_value(f, column, from + i, at + i, &scratch);
        }
    documents_release(&scratch);
    return status;
}

/* Columns that must not be null have a value in each row. */
static enum spile_status check_nulls(struct filling *f, size_t from, uint32_t count, size_t *bad)
{
    for (uint32_t i = 0; f->table->required_count && i < count; i++) {
        for (uint32_t j = 0; j < f->table->required_count; j++) {
            const struct column_builder *builder = &f->table->required[j]->builder;

            if (column_has(builder, f->table->rows + i) && builder->valid[f->table->rows + i])
                continue;
            *bad = from + i;
            return fail_required(f->walker, f->table, f->table->required[j]);
        }
    }
    return SPILE_OK;
}

static enum spile_status place_rows(struct filling *f, uint64_t offset, uint32_t count)
{
    struct table_rows *table = f->table;

    for (uint32_t i = 0; !table->plain && i < count; i++) {
        uint32_t row = table->rows + i;

        if (row >= table->link_capacity && !grow_links(table))
            return spile_fail_nomem(f->walker->err);
        table->parents[row] = (struct row_ref){ NULL, NO_PARENT };
        table->places[row] = (struct row_place){ offset + i, 0 };
    }
    return SPILE_OK;
}

/* The value of a key in a row, until `scratch` is cleared. A key that the batch does not have is not given. */
static enum spile_status take_key(const struct filling *f, struct key_field *key, size_t row, struct documents *scratch)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < rows_column_count(f->rows); i++)
        if (!strcmp(f->nodes[i]->column_name, key->name)) {
            status = value_as_document(f, i, row, scratch);
            key->given = true;
            key->value = status ? key->value : scratch->items[0];
        }
    return status;
}

/* Ids of rows that are found by their keys are those that documents with the same values get. */
static enum spile_status identify_slice(const struct filling *f, size_t from, uint32_t count, size_t *bad)
{
    struct table_rows *table = f->table;
    struct documents *scratch = calloc(table->key_count + 1, sizeof(*scratch));
    enum spile_status status = scratch ? SPILE_OK : spile_fail_nomem(f->walker->err);

    for (uint32_t i = 0; !status && i < count; i++) {
        uint32_t row = table->rows + i;

        *bad = from + i;
        if (column_has(&table->own_ids, row) && table->own_ids.valid[row])
            continue;
        identify_begin(f->walker, table);
        for (uint32_t j = 0; !status && j < table->key_count; j++)
            status = take_key(f, &table->keys[j], from + i, &scratch[j]);
        if (!status)
            status = identify_keys(f->walker, table, row);
    }
    for (uint32_t j = 0; scratch && j < table->key_count; j++)
        documents_release(&scratch[j]);
    free(scratch);
    return status;
}

static size_t weigh(const struct table_rows *table)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < table->slot_count; i++)
        bytes += column_bytes(&table->slots[i]->builder);
    return bytes;
}

static enum spile_status put_slice(struct filling *f, size_t from, uint32_t count, uint64_t offset, size_t *bad)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < rows_column_count(f->rows); i++)
        if (f->builders[i])
            status = put_column(f, i, from, count, bad);
    if (!status)
        status = check_nulls(f, from, count, bad);
    if (!status)
        status = place_rows(f, offset + from, count);
    if (!status && !f->table->plain && f->table->identity == ROW_ID_OF_KEY)
        status = identify_slice(f, from, count, bad);
    if (status)
        return status;
    f->table->rows += count;
    f->walker->rows += count;
    f->walker->weight = weigh(f->table);
    return f->walker->weight > CUT_WEIGHT ? cut_rows(f->walker) : SPILE_OK;
}

static enum spile_status put_rows(struct filling *f, uint64_t offset, uint64_t *done)
{
    size_t bad = 0;
    enum spile_status status = SPILE_OK;

    for (size_t from = 0; !status && from < f->rows->count; from += SLICE_ROWS) {
        size_t left = f->rows->count - from;

        if (atomic_load_explicit(f->walker->options->cancelled, memory_order_relaxed))
            return spile_fail(f->walker->err, SPILE_CANCELLED, "cancelled");
        status = put_slice(f, from, left < SLICE_ROWS ? (uint32_t)left : SLICE_ROWS, offset, &bad);
    }
    *done = status ? bad : f->rows->count;
    return status;
}

enum spile_status walk_rows(struct walker *w, uint32_t part, struct rows *rows, uint64_t offset, uint64_t *done)
{
    struct filling f = { .walker = w, .rows = rows };
    struct shape *shape = w->roots[part];
    size_t columns = rows_column_count(rows) + 1;
    enum spile_status status = shape ? SPILE_OK : bind_root(w, part, &shape);

    *done = 0;
    if (status)
        return status;
    f.table = shape->rows;
    if (f.table->refused) {
        f.table->refused_rows += rows->count;
        return SPILE_OK;
    }
    f.nodes = calloc(columns, sizeof(struct node *));
    f.builders = calloc(columns, sizeof(struct column_builder *));
    status = f.nodes && f.builders ? bind_columns(&f, shape) : spile_fail_nomem(w->err);
    if (!status)
        status = rows->count ? put_rows(&f, offset, done) : cut_nothing(w, f.table);
    free(f.nodes);
    free(f.builders);
    return status;
}
