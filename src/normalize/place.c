/* Finds the column for a value that the hot path has no place for: the key's own, another one when that is taken, a variant when the value
 * does not fit, none when the contract refuses it. */
#include "normalize/walker.h"

#include <stdlib.h>

#include "data/json.h"
#include "schema/naming.h"

#define VARIANTS_MAX 4

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

static bool add_required(struct table_rows *rows, struct slot *slot)
{
    struct slot **required = realloc(rows->required, (rows->required_count + 1) * sizeof(struct slot *));

    if (!required)
        return false;
    rows->required = required;
    rows->required[rows->required_count++] = slot;
    return true;
}

static struct slot *new_slot(struct walker *w, struct table_rows *rows, const struct column *column)
{
    struct slot *slot = arena_zalloc(&w->arena, sizeof(*slot));

    if (!slot)
        return NULL;
    if (rows->slot_count == rows->slot_capacity) {
        uint32_t capacity = rows->slot_capacity ? rows->slot_capacity * 2 : 16;
        struct slot **slots = realloc(rows->slots, capacity * sizeof(*slots));

        if (!slots)
            return NULL;
        rows->slots = slots;
        rows->slot_capacity = capacity;
    }
    slot->builder.type = column->type;
    slot->name = column->name;
    slot->index = column->index;
    if (!column->nullable && !name_is_own(column->name) && !add_required(rows, slot))
        return NULL;
    rows->slots[rows->slot_count++] = slot;
    return name_map_put(rows->slot_map, slot->name, strlen(slot->name), slot) ? slot : NULL;
}

/* The column as this worker or the schema knows it; *slot is NULL when there is none. */
static enum spile_status find_slot(struct walker *w, struct table_rows *rows, const char *name, struct slot **slot)
{
    const struct column *column;
    struct column copy;

    *slot = name_map_find(rows->slot_map, name, strlen(name));
    if (*slot)
        return SPILE_OK;
    pthread_mutex_lock(w->schema_lock);
    column = table_find_column(rows->table, name);
    if (column)
        copy = *column;
    pthread_mutex_unlock(w->schema_lock);
    if (column && !(*slot = new_slot(w, rows, &copy)))
        return spile_fail_nomem(w->err);
    return SPILE_OK;
}

enum spile_status bind_required(struct walker *w, struct table_rows *rows)
{
    enum spile_status status = SPILE_OK;

    pthread_mutex_lock(w->schema_lock);
    for (uint32_t i = 0; !status && i < rows->table->column_count; i++) {
        const struct column *column = rows->table->columns[i];

        if (!column->nullable && !name_is_own(column->name) && !new_slot(w, rows, column))
            status = spile_fail_nomem(w->err);
    }
    pthread_mutex_unlock(w->schema_lock);
    return status;
}

enum spile_status fail_required(struct walker *w, const struct table_rows *rows, const struct slot *slot)
{
    spile_fail(w->err, SPILE_CONTRACT, "a row without a value for column \"%s\" of table \"%s\", which must not be null", slot->name, rows->name);
    return spile_hint(w->err, SPILE_CONTRACT, "give the row a value of type %s there, or let the column be null: --columns %s.%s::null",
                      data_type_name(slot->builder.type.type), rows->name, slot->name);
}

enum spile_status check_required(struct walker *w, const struct table_rows *rows)
{
    for (uint32_t i = 0; i < rows->required_count; i++)
        if (!column_has(&rows->required[i]->builder, rows->rows))
            return fail_required(w, rows, rows->required[i]);
    return SPILE_OK;
}

/* What the contract says of a new column. In the schema's lock. Names like the engine's own are let in, as in dlt. */
static enum contract_mode mode_of_column(const struct table_rows *rows, const char *name, bool variant)
{
    if (name_is_own(name))
        return CONTRACT_EVOLVE;
    if (variant)
        return rows->contract.modes[CONTRACT_DATA_TYPE];
    return rows->table->in_first_row || rows->table->evolves_once ? CONTRACT_EVOLVE : rows->contract.modes[CONTRACT_COLUMNS];
}

/* ---- rows with keys that are refused ------------------------------------------------------------------------------------------ */

typedef enum spile_status key_test(struct walker *w, const struct node *node, bool *matches);

/* The first value of the object, or of objects in it, that passes the test. *found stays NULL when there is none. `level`: nesting levels left. */
static enum spile_status find_key(struct walker *w, struct node *node, struct document object, int level, key_test *test, struct node **found)
{
    struct document key = document_first(object);
    size_t size = document_size(object);
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && !*found && i < size; i++, key = document_next_key(key)) {
        struct document value = document_member(key);
        enum document_kind kind = document_kind(value);
        struct node *child;
        bool matches = false, is_value = level <= 0 || (kind != DOCUMENT_OBJECT && kind != DOCUMENT_LIST);

        if (kind == DOCUMENT_NULL)
            continue;
        child = find_child(w, node, document_text(key));
        if (!child)
            return spile_fail_nomem(w->err);
        if (!is_value)
            status = bind_is_json(w, child, &is_value);
        if (!status && is_value)
            status = test(w, child, &matches);
        else if (!status && kind == DOCUMENT_OBJECT)
            status = find_key(w, child, value, level - 1, test, found);
        if (matches)
            *found = child;
    }
    return status;
}

/* Has any worker left out a row for this column? */
static enum spile_status is_known(struct walker *w, const struct node *node, bool *matches)
{
    const struct table *table = node->shape->rows->table;

    pthread_mutex_lock(w->schema_lock);
    *matches = table->refused && name_map_find(table->refused, node->column_name, strlen(node->column_name));
    pthread_mutex_unlock(w->schema_lock);
    return SPILE_OK;
}

static enum spile_status is_no_column(struct walker *w, const struct node *node, bool *matches)
{
    struct slot *slot = node->slot;
    enum spile_status status = slot || name_is_own(node->column_name) ? SPILE_OK : find_slot(w, node->shape->rows, node->column_name, &slot);

    *matches = !slot && !name_is_own(node->column_name);
    return status;
}

/* Before the row changes the schema: by now all that other workers could know of earlier rows is known, and counts as if we had seen it. */
static enum spile_status check_row(struct walker *w)
{
    struct node *found = NULL;
    enum spile_status status = find_key(w, &w->row.shape->root, w->row.value, w->row.shape->level, is_known, &found);

    w->row.checked = true;
    if (found) {
        found->refused_rows = REFUSED_ALL;
        w->row.shape->refuses = w->row.known = w->row_refused = true;
    }
    return status;
}

enum spile_status name_refusal(struct walker *w, struct shape *shape, struct document row)
{
    struct node *found = NULL;
    enum spile_status status = SPILE_OK;

    if (shape->rows->contract.modes[CONTRACT_COLUMNS] == CONTRACT_DISCARD_ROW)
        status = find_key(w, &shape->root, row, shape->level, is_no_column, &found);
    if (found)
        w->refusal = (struct refusal){ found->column_name, CONTRACT_COLUMNS };
    return status;
}

/* Waits for the right to change the schema on behalf of the row in work. */
static enum spile_status begin_change_of_row(struct walker *w, const struct table_rows *rows)
{
    enum spile_status status = begin_change(w);

    if (status || w->row.checked || !w->row.shape || rows->contract.modes[CONTRACT_COLUMNS] != CONTRACT_DISCARD_ROW)
        return status;
    end_change(w);
    status = check_row(w);
    return status ? status : begin_change(w);
}

/* *slot is NULL when the contract refuses the column: *mode says how; or when the row is left out anyway. */
static enum spile_status find_or_make_slot(struct walker *w, struct table_rows *rows, const char *name, enum data_type type, bool variant,
                                           struct slot **slot, enum contract_mode *mode)
{
    enum spile_status status = find_slot(w, rows, name, slot);
    struct column *column;

    if (status || *slot)
        return status;
    status = begin_change_of_row(w, rows);
    if (status)
        return status;
    column = table_find_column(rows->table, name);
    *mode = w->row.known ? CONTRACT_DISCARD_ROW : column ? CONTRACT_EVOLVE : mode_in_force(w, mode_of_column(rows, name, variant));
    if (!column && *mode == CONTRACT_EVOLVE)
        column = table_add_column(w->options->schema, rows->table, name, type, variant);
    if (column)
        *slot = new_slot(w, rows, column);
    else if (*mode == CONTRACT_DISCARD_ROW && !variant && !w->row.known && !table_refuse_column(w->options->schema, rows->table, name))
        *mode = CONTRACT_EVOLVE; /* out of memory */
    end_change(w);
    return *slot || *mode != CONTRACT_EVOLVE ? SPILE_OK : spile_fail_nomem(w->err);
}

enum spile_status bind_column(struct walker *w, struct node *node, const struct column_type *type, bool nullable, struct slot **slot, enum contract_mode *mode)
{
    struct table_rows *rows = node->shape->rows;
    enum spile_status status = find_slot(w, rows, node->column_name, slot);
    struct column *column;

    if (status || *slot)
        return status;
    status = begin_change(w);
    if (status)
        return status;
    column = table_find_column(rows->table, node->column_name);
    *mode = column ? CONTRACT_EVOLVE : mode_in_force(w, mode_of_column(rows, node->column_name, false));
    if (!column && *mode == CONTRACT_EVOLVE)
        column = table_add_typed_column(w->options->schema, rows->table, node->column_name, type, nullable);
    if (column)
        *slot = new_slot(w, rows, column);
    end_change(w);
    return *slot || *mode != CONTRACT_EVOLVE ? SPILE_OK : spile_fail_nomem(w->err);
}

enum spile_status bind_is_json(struct walker *w, struct node *node, bool *is_json)
{
    struct slot *slot = node->slot;
    enum spile_status status = SPILE_OK;

    *is_json = node->whole || node->json == JSON_YES;
    if (*is_json || node->json == JSON_NO)
        return SPILE_OK;
    if (!slot)
        status = find_slot(w, node->shape->rows, node->column_name, &slot);
    *is_json = (slot ? slot->builder.type.type : node->preferred) == TYPE_JSON;
    /* Without a limit on nesting no json column can come up during the run, so the answer stays. */
    if (!w->nesting_limited)
        node->json = *is_json ? JSON_YES : JSON_NO;
    return status;
}

/* ---- values --------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_value(struct walker *w, const struct table_rows *rows, const char *column, struct document value)
{
    struct text json = { 0 };
    char extract[SHORTEN_BYTES];

    json_write(&json, value);
    spile_fail(w->err, SPILE_SOURCE, "value %s fits no column", shorten(extract, json.text ? json.text : "", json.length));
    text_release(&json);
    spile_within(w->err, SPILE_SOURCE, "column \"%s\", table \"%s\"", column, rows->name);
    return spile_hint(w->err, SPILE_SOURCE, "rename the key: its column and every variant of it are taken by other keys");
}

/* Tries a column bound before. */
static enum coerced try_slot(struct slot *slot, uint32_t row, struct document value)
{
    return slot && !column_has(&slot->builder, row) ? coerce_into(&slot->builder, row, value) : NOT_COERCED;
}

/* Remembers where the value found its place, so that the next one of its natural type goes there directly. */
static void remember(struct node *node, enum data_type type, struct slot *slot, bool apart, int variant)
{
    if (apart && !variant)
        node->apart = slot;
    else if (!apart && variant == 1) /* not a variant of the variant: the first one must be tried again */
        node->variants[type] = slot;
    else if (!apart && !variant)
        node->slot = slot;
}

static char *variant_name(struct arena *arena, const struct walker *w, const char *column, struct document value)
{
    struct slice parts[] = { slice_of(column), slice_of(arena_printf(arena, "v_%s", data_type_name(natural_type(value)))) };

    return parts[1].text ? naming_join(arena, naming_of(w), parts, 2) : NULL;
}

/* The first reason counts. */
static void refuse_row(struct walker *w, const struct node *node, enum contract_entity entity)
{
    if (!w->row_refused)
        w->refusal = (struct refusal){ node->column_name, entity };
    w->row_refused = true;
}

/* A value that wants a column the contract does not let it have. Remembered, so that the next one need not wait for its turn. */
static enum spile_status refuse_value(struct walker *w, struct node *node, const struct document *value, const char *column, bool variant,
                                      enum contract_mode mode)
{
    struct table_rows *rows = node->shape->rows;
    uint32_t types = variant ? 1u << natural_type(*value) : REFUSED_ALL;

    if (mode == CONTRACT_FREEZE)
        return fail_frozen(w, &rows->contract, variant ? CONTRACT_DATA_TYPE : CONTRACT_COLUMNS, rows->name, column, value);
    if (mode == CONTRACT_DISCARD_ROW) {
        node->shape->refuses |= !variant;
        node->refused_rows |= types;
        refuse_row(w, node, variant ? CONTRACT_DATA_TYPE : CONTRACT_COLUMNS);
        return SPILE_OK;
    }
    node->refused_values |= types;
    rows->refused_values++;
    return discard_value(w, node, variant ? CONTRACT_DATA_TYPE : CONTRACT_COLUMNS, *value) ? SPILE_OK : spile_fail_nomem(w->err);
}

/* Has the contract refused such a value before? Then it does so again. But what was refused as the variant of a column that was not there yet tells
 * nothing of a value that fits the type preferred for it. */
static bool is_refused(const struct node *node, struct document value)
{
    uint32_t refused = node->refused_rows | node->refused_values;

    if (!(refused & 1u << natural_type(value)))
        return false;
    return refused == REFUSED_ALL || node->slot || node->preferred == TYPE_UNKNOWN || coerces_to(node->preferred, value) == NOT_COERCED;
}

/* When the key's column is refused its values are left out before anybody looks at their types, as in dlt. */
static enum spile_status refuse_again(struct walker *w, struct node *node, struct document value)
{
    uint32_t type = 1u << natural_type(value);
    enum contract_entity entity = (node->refused_rows | node->refused_values) == REFUSED_ALL ? CONTRACT_COLUMNS : CONTRACT_DATA_TYPE;

    if (node->refused_values != REFUSED_ALL && (node->refused_rows & type)) {
        refuse_row(w, node, entity);
        return SPILE_OK;
    }
    node->shape->rows->refused_values++;
    return discard_value(w, node, entity, value) ? SPILE_OK : spile_fail_nomem(w->err);
}

/* The type of the column that the value would get. */
static enum data_type wanted_type(const struct walker *w, const struct node *node, struct document value, bool variant)
{
    if (!variant && node->preferred != TYPE_UNKNOWN)
        return node->preferred;
    return inferred_type(&w->options->schema->settings, value);
}

/* A column of a preferred type is not made for a value that does not fit it: the value gets its variant at once. */
static enum spile_status is_misfit(struct walker *w, const struct node *node, const char *name, struct document value, bool *misfit)
{
    struct slot *slot;
    enum spile_status status;

    *misfit = false;
    if (node->preferred == TYPE_UNKNOWN)
        return SPILE_OK;
    status = find_slot(w, node->shape->rows, name, &slot);
    if (!status && !slot) {
        enum coerced result = coerces_to(node->preferred, value);

        *misfit = result == NOT_COERCED;
        status = result == COERCED_NOMEM ? spile_fail_nomem(w->err) : SPILE_OK;
    }
    return status;
}

/* Column by column: the key's own; the same with a tag when another key of the row has taken it; a variant when the value does not fit. */
static enum spile_status place_value(struct walker *w, struct node *node, struct document value, struct arena *scratch)
{
    struct table_rows *rows = node->shape->rows;
    const char *name = node->column_name;
    bool apart = false, misfit;
    int variant = 0;
    enum spile_status status = is_misfit(w, node, name, value, &misfit);

    if (status)
        return status;
    if (misfit) {
        variant++;
        name = variant_name(scratch, w, name, value);
        if (!name)
            return spile_fail_nomem(w->err);
    }
    while (variant < VARIANTS_MAX) {
        struct slot *slot;
        enum contract_mode mode;

        status = find_or_make_slot(w, rows, name, wanted_type(w, node, value, variant > 0), variant > 0, &slot, &mode);
        if (status)
            return status;
        if (!slot && w->row.known)
            return SPILE_OK;
        if (!slot)
            return refuse_value(w, node, &value, name, variant > 0, mode);
        if (column_has(&slot->builder, rows->rows)) {
            if (apart)
                return fail_value(w, rows, name, value);
            apart = true;
            name = distinct_name(scratch, w, node, slice_of(name));
        } else {
            enum coerced result = coerce_into(&slot->builder, rows->rows, value);

            if (result != COERCED_NOMEM)
                remember(node, natural_type(value), slot, apart, variant);
            if (result != NOT_COERCED)
                return result == COERCED ? SPILE_OK : spile_fail_nomem(w->err);
            variant++;
            name = variant_name(scratch, w, name, value);
        }
        if (!name)
            return spile_fail_nomem(w->err);
    }
    return fail_value(w, rows, name, value);
}

enum spile_status bind_value(struct walker *w, struct node *node, struct document value)
{
    uint32_t row = node->shape->rows->rows;
    struct arena scratch = { 0 };
    enum coerced result = NOT_COERCED;
    enum spile_status status;

    if (node->slot && !column_has(&node->slot->builder, row)) {
        result = coerce_into(&node->slot->builder, row, value);
        if (result == NOT_COERCED)
            result = try_slot(node->variants[natural_type(value)], row, value);
    } else if (node->slot) {
        result = try_slot(node->apart, row, value);
    }
    if (result != NOT_COERCED)
        return result == COERCED ? SPILE_OK : spile_fail_nomem(w->err);
    if (is_refused(node, value))
        return refuse_again(w, node, value);
    status = place_value(w, node, value, &scratch);
    arena_release(&scratch);
    return status;
}
