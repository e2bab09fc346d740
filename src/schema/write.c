#include "schema/write.h"

#include <stdio.h>
#include <string.h>

#include "data/json_text.h"
#include "data/timestamp.h"
#include "schema/contract.h"
#include "schema/merge.h"

/* Where the schema keeps the options. */
#define STRATEGY "x-merge-strategy"
#define DEDUPLICATED "x-stage-data-deduplicated"
#define SKIP_UNCHANGED "x-merge-skip-unchanged-rows"
#define SOURCE_FILTER "x-merge-source-filter"
#define DESTINATION_SCOPE "x-merge-destination-scope"
#define BOUNDARY "x-boundary-timestamp"
/* and those of columns */
#define VALID_FROM "x-valid-from"
#define VALID_TO "x-valid-to"
#define ACTIVE "x-active-record-timestamp"
#define ROW_VERSION "x-row-version"

/* ---- names ---------------------------------------------------------------------------------------------------------------------- */

static const char *const dispositions[] = { [WRITE_APPEND] = "append", [WRITE_REPLACE] = "replace", [WRITE_MERGE] = "merge", [WRITE_SKIP] = "skip" };
static const char *const strategies[] = { [MERGE_DELETE_INSERT] = "delete-insert", [MERGE_UPSERT] = "upsert", [MERGE_INSERT_ONLY] = "insert-only",
                                          [MERGE_SCD2] = "scd2", [MERGE_CDC] = "cdc" };

const char *write_disposition_name(enum write_disposition disposition)
{
    return dispositions[disposition];
}

const char *merge_strategy_name(enum merge_strategy strategy)
{
    return strategies[strategy];
}

bool merge_strategy_find(enum merge_strategy *out, const char *name)
{
    for (int i = MERGE_DELETE_INSERT; i <= MERGE_CDC; i++)
        if (!strcmp(strategies[i], name)) {
            *out = (enum merge_strategy)i;
            return true;
        }
    return false;
}

/* ---- what a caller says --------------------------------------------------------------------------------------------------------- */

_Static_assert((int)WRITE_MERGE == (int)SPILE_MERGE && (int)MERGE_CDC == (int)SPILE_CDC && (int)MERGE_UPSERT == (int)SPILE_UPSERT, "the same order");

struct table_write table_write_of(enum spile_write write, const struct spile_merge *merge)
{
    if (write != SPILE_MERGE)
        return (struct table_write){ .disposition = (enum write_disposition)write };
    return (struct table_write){
        .disposition = WRITE_MERGE,
        .strategy = (enum merge_strategy)merge->strategy,
        .deduplicated = merge->deduplicated,
        .skip_unchanged = merge->skip_unchanged_rows,
        .source_filter = merge->source_filter,
        .destination_scope = merge->destination_scope,
        .valid_from = merge->valid_from,
        .valid_to = merge->valid_to,
        .row_version = merge->row_version,
        .active_timestamp = merge->active_record_timestamp,
        .boundary_timestamp = merge->boundary_timestamp,
    };
}

/* ---- options and strategies ----------------------------------------------------------------------------------------------------- */

#define TAKES(strategy) (1u << (strategy))

/* An option that only some strategies take. */
struct option {
    const char *name;
    bool said;
    unsigned takers;
};

enum { OPTIONS = 7 };

static void list_options(const struct table_write *write, struct option options[OPTIONS])
{
    const struct option list[OPTIONS] = {
        { "source_filter", write->source_filter, TAKES(MERGE_DELETE_INSERT) | TAKES(MERGE_SCD2) | TAKES(MERGE_UPSERT) | TAKES(MERGE_CDC) },
        { "destination_scope", write->destination_scope, TAKES(MERGE_DELETE_INSERT) | TAKES(MERGE_SCD2) | TAKES(MERGE_CDC) },
        { "skip_unchanged_rows", write->skip_unchanged, TAKES(MERGE_UPSERT) | TAKES(MERGE_CDC) },
        { "row_version", write->row_version, TAKES(MERGE_SCD2) | TAKES(MERGE_UPSERT) | TAKES(MERGE_CDC) },
        { "the names of validity columns", write->valid_from || write->valid_to, TAKES(MERGE_SCD2) },
        { "active_record_timestamp", write->active_timestamp, TAKES(MERGE_SCD2) },
        { "boundary_timestamp", write->boundary_timestamp, TAKES(MERGE_SCD2) },
    };

    memcpy(options, list, sizeof(list));
}

static enum spile_status fail_option(const struct option *option, enum merge_strategy strategy, struct spile_error *err)
{
    char takers[64] = "";
    size_t length = 0;

    for (int i = MERGE_DELETE_INSERT; i <= MERGE_CDC; i++)
        if (option->takers & TAKES(i)) {
            const char *between = length ? (option->takers >> (i + 1) ? ", " : " or ") : "";

            length += (size_t)snprintf(takers + length, sizeof(takers) - length, "%s%s", between, strategies[i]);
        }
    spile_fail(err, SPILE_USAGE, "merge strategy %s does not take %s", strategies[strategy], option->name);
    return spile_hint(err, SPILE_USAGE, "leave it out, or choose strategy %s", takers);
}

static enum spile_status check_options(const struct table_write *write, enum merge_strategy strategy, struct spile_error *err)
{
    struct option options[OPTIONS];

    list_options(write, options);
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].said && !(options[i].takers & TAKES(strategy)))
            return fail_option(&options[i], strategy, err);
    return SPILE_OK;
}

/* ---- conditions ----------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_condition(const char *name, const char *condition, const char *places, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "%s can't be read: \"%s\"", name, shorten(extract, condition, strlen(condition)));
    return spile_hint(err, SPILE_USAGE, "%s; a brace in the SQL is written twice: {{ or }}", places);
}

/* Does one of the names in braces stand at the text? Moves behind it. */
static bool take_place(const char **text, const char *const *names)
{
    for (; *names; names++)
        if (!strncmp(*text, *names, strlen(*names))) {
            *text += strlen(*names);
            return true;
        }
    return false;
}

/* dlt puts such conditions through Python's str.format. */
static bool condition_is_good(const char *text, const char *const *names)
{
    while (*text) {
        if ((text[0] == '{' || text[0] == '}') && text[1] == text[0])
            text += 2;
        else if (*text == '}' || (*text == '{' && !take_place(&text, names)))
            return false;
        else if (*text && *text != '{' && *text != '}')
            text++;
    }
    return true;
}

static enum spile_status check_conditions(const struct table_write *write, struct spile_error *err)
{
    static const char *const none[] = { NULL }, *const tables[] = { "{table}", "{staging_table}", NULL };

    if (write->source_filter && !condition_is_good(write->source_filter, none))
        return fail_condition("source_filter", write->source_filter, "it has no names in braces", err);
    if (write->destination_scope && !condition_is_good(write->destination_scope, tables))
        return fail_condition("destination_scope", write->destination_scope, "names in braces are {table} and {staging_table}", err);
    return SPILE_OK;
}

/* ---- timestamps ----------------------------------------------------------------------------------------------------------------- */

static enum spile_status check_timestamp(const char *name, const char *text, struct spile_error *err)
{
    struct timestamp timestamp;
    char extract[SHORTEN_BYTES];

    if (!text || timestamp_read(text, strlen(text), &timestamp))
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "%s is no timestamp: \"%s\"", name, shorten(extract, text, strlen(text)));
    return spile_hint(err, SPILE_USAGE, "write 2026-01-01T00:00:00Z, or 9999-12-31");
}

/* ---- in itself ------------------------------------------------------------------------------------------------------------------ */

static enum spile_status check_names(const struct table_write *write, struct spile_error *err)
{
    const char *from = write->valid_from ? write->valid_from : DLT_VALID_FROM, *to = write->valid_to ? write->valid_to : DLT_VALID_TO;

    if (!*from || !*to || (write->row_version && !*write->row_version)) {
        spile_fail(err, SPILE_USAGE, "a column without a name");
        return spile_hint(err, SPILE_USAGE, "leave the option out for the name that dlt gives");
    }
    if (!strcmp(from, to) || (write->row_version && (!strcmp(write->row_version, from) || !strcmp(write->row_version, to)))) {
        spile_fail(err, SPILE_USAGE, "column \"%s\" can't be two of valid_from, valid_to and row_version", strcmp(from, to) ? write->row_version : from);
        return spile_hint(err, SPILE_USAGE, "give each a column of its own");
    }
    return SPILE_OK;
}

static enum spile_status check_merge(const struct table_write *write, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (write->strategy > MERGE_CDC)
        return spile_fail(err, SPILE_USAGE, "unknown merge strategy %d", (int)write->strategy);
    if (write->strategy)
        status = check_options(write, write->strategy, err);
    if (!status && write->row_version && write->strategy && write->strategy != MERGE_SCD2 && !write->skip_unchanged) {
        spile_fail(err, SPILE_USAGE, "merge strategy %s takes row_version with skip_unchanged_rows only", strategies[write->strategy]);
        return spile_hint(err, SPILE_USAGE, "set skip_unchanged_rows, too: rows of the same version are then left as they are");
    }
    if (!status)
        status = check_names(write, err);
    if (!status)
        status = check_conditions(write, err);
    if (!status)
        status = check_timestamp("active_record_timestamp", write->active_timestamp, err);
    if (!status && write->boundary_timestamp && *write->boundary_timestamp)
        status = check_timestamp("boundary_timestamp", write->boundary_timestamp, err);
    return status;
}

enum spile_status table_write_check(const struct table_write *write, struct spile_error *err)
{
    if (write->disposition > WRITE_MERGE) {
        spile_fail(err, SPILE_USAGE, "unknown way to write a table: %d", (int)write->disposition);
        return spile_hint(err, SPILE_USAGE, "it is SPILE_APPEND, SPILE_REPLACE or SPILE_MERGE");
    }
    return write->disposition == WRITE_MERGE ? check_merge(write, err) : SPILE_OK;
}

/* ---- hints ---------------------------------------------------------------------------------------------------------------------- */

/* Is the hint given, and not false? */
static bool is_given(yyjson_mut_val *hint)
{
    return hint && !yyjson_mut_is_null(hint) && !yyjson_mut_is_false(hint);
}

/* The first column with that hint, also one without a type yet. NULL: none. */
static yyjson_mut_val *column_with(const struct table *table, const char *hint)
{
    yyjson_mut_val *key, *column;
    size_t i, count;

    yyjson_mut_obj_foreach(table->columns_json, i, count, key, column)
        if (is_given(yyjson_mut_obj_get(column, hint)))
            return column;
    return NULL;
}

static const char *name_with(const struct table *table, const char *hint)
{
    return yyjson_mut_get_str(yyjson_mut_obj_get(column_with(table, hint), "name"));
}

static const char *text_of(const struct table *table, const char *hint)
{
    return yyjson_mut_get_str(yyjson_mut_obj_get(table->json, hint));
}

static enum merge_strategy stored_strategy(const struct table *table)
{
    const char *name = text_of(table, STRATEGY);
    enum merge_strategy strategy;

    return name && merge_strategy_find(&strategy, name) ? strategy : MERGE_DEFAULT;
}

static enum write_disposition stored_disposition(const struct table *table)
{
    const char *name = text_of(table, "write_disposition");

    for (int i = WRITE_APPEND; i <= WRITE_SKIP; i++)
        if (name && !strcmp(name, dispositions[i]))
            return (enum write_disposition)i;
    return WRITE_APPEND;
}

/* The hint counts wherever it is, also when it is null. */
static const char *active_timestamp(const struct table *table)
{
    yyjson_mut_val *key, *column;
    size_t i, count;

    yyjson_mut_obj_foreach(table->columns_json, i, count, key, column)
        if (yyjson_mut_obj_get(column, ACTIVE))
            return yyjson_mut_get_str(yyjson_mut_obj_get(column, ACTIVE));
    return NULL;
}

void table_write_read(struct table_write *out, const struct table *root)
{
    *out = (struct table_write){ .disposition = stored_disposition(root) };
    if (out->disposition != WRITE_MERGE)
        return;
    out->strategy = stored_strategy(root);
    out->deduplicated = is_given(yyjson_mut_obj_get(root->json, DEDUPLICATED));
    out->skip_unchanged = is_given(yyjson_mut_obj_get(root->json, SKIP_UNCHANGED));
    out->source_filter = text_of(root, SOURCE_FILTER);
    out->destination_scope = text_of(root, DESTINATION_SCOPE);
    out->valid_from = name_with(root, VALID_FROM);
    out->valid_to = name_with(root, VALID_TO);
    out->row_version = name_with(root, ROW_VERSION);
    out->active_timestamp = active_timestamp(root);
    out->boundary_timestamp = text_of(root, BOUNDARY);
}

enum row_identity table_row_identity(const struct table *root)
{
    enum merge_strategy strategy = stored_disposition(root) == WRITE_MERGE ? stored_strategy(root) : MERGE_DEFAULT;
    const char *version;

    if (strategy == MERGE_UPSERT || strategy == MERGE_INSERT_ONLY || strategy == MERGE_CDC)
        return ROW_ID_OF_KEY;
    version = strategy == MERGE_SCD2 ? name_with(root, ROW_VERSION) : NULL;
    return version && !strcmp(version, DLT_ID) ? ROW_ID_OF_CONTENT : ROW_ID_OF_POSITION;
}

/* ---- does it fit the table ------------------------------------------------------------------------------------------------------ */

/* dlt's loads take a single column each. */
static enum spile_status check_single(const struct table *table, const char *hint, struct spile_error *err)
{
    yyjson_mut_val *key, *column;
    const char *first = NULL;
    size_t i, count;

    yyjson_mut_obj_foreach(table->columns_json, i, count, key, column)
    {
        if (!is_given(yyjson_mut_obj_get(column, hint)))
            continue;
        if (first) {
            spile_fail(err, SPILE_CONFIG, "columns \"%s\" and \"%s\" both have the hint %s", first, yyjson_mut_get_str(key), hint);
            return spile_hint(err, SPILE_CONFIG, "a table has one such column: give the hint to one of them only");
        }
        first = yyjson_mut_get_str(key);
    }
    return SPILE_OK;
}

static bool needs_key(enum merge_strategy strategy)
{
    return strategy == MERGE_UPSERT || strategy == MERGE_INSERT_ONLY || strategy == MERGE_CDC;
}

static enum spile_status check_key(const struct table *table, enum merge_strategy strategy, struct spile_error *err)
{
    if (!needs_key(strategy) || (table && column_with(table, "primary_key")))
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "merge strategy %s needs a primary key", strategies[strategy]);
    return spile_hint(err, SPILE_USAGE, "name the columns that tell rows apart: --primary-key id");
}

/* A strategy that another program has put into the schema. */
static enum spile_status check_stored(const struct table *table, struct spile_error *err)
{
    const char *name = table ? text_of(table, STRATEGY) : NULL;
    enum merge_strategy strategy;
    char extract[SHORTEN_BYTES];

    if (!name || merge_strategy_find(&strategy, name))
        return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "the schema has an unknown merge strategy \"%s\"", shorten(extract, name, strlen(name)));
    return spile_hint(err, SPILE_CONFIG, "give one: delete-insert, upsert, insert-only, scd2 or cdc");
}

/* A column of validity: one that is there must be a timestamp, and a contract that keeps columns as they are lets in dlt's own only. */
static enum spile_status check_validity(const struct schema *schema, const struct table *table, const char *given, struct spile_error *err)
{
    struct arena arena = { 0 };
    const char *name = naming_path(&arena, &schema->naming, slice_of(given));
    const struct column *column = name ? table_find_column(table, name) : NULL;
    struct contract contract;
    enum spile_status status = name ? SPILE_OK : spile_fail_nomem(err);

    if (column && column->type.type != TYPE_TIMESTAMP && table_has_data(table)) {
        status = spile_fail(err, SPILE_CONFIG, "column \"%s\" is %s, but is to hold when a version begins or ends", name, data_type_name(column->type.type));
        spile_hint(err, status, "name other columns for that: valid_from and valid_to");
    } else if (!status && !column && !table_is_new(table) && !name_is_own(name)) {
        status = contract_of(&contract, schema, table, err);
        if (!status && contract.modes[CONTRACT_COLUMNS] != CONTRACT_EVOLVE) {
            status = spile_fail(err, SPILE_CONTRACT, "the contract keeps columns as they are, merge strategy scd2 needs a new column \"%s\"", name);
            spile_within(err, status, "contract \"columns: %s\" of %s", contract_mode_name(contract.modes[CONTRACT_COLUMNS]), contract.set_by);
            spile_hint(err, status, "let the schema follow with --contract columns=evolve");
        }
    }
    arena_release(&arena);
    return status;
}

static enum spile_status check_validities(const struct schema *schema, const struct table *table, const struct table_write *write, struct spile_error *err)
{
    enum spile_status status = check_validity(schema, table, write->valid_from ? write->valid_from : DLT_VALID_FROM, err);

    return status ? status : check_validity(schema, table, write->valid_to ? write->valid_to : DLT_VALID_TO, err);
}

static enum spile_status check_strategy(const struct schema *schema, const struct table *table, const struct table_write *write, struct spile_error *err)
{
    enum merge_strategy strategy = write->strategy ? write->strategy : table ? stored_strategy(table) : MERGE_DEFAULT;
    enum spile_status status = write->strategy ? SPILE_OK : check_stored(table, err);

    if (!status)
        status = check_options(write, strategy ? strategy : MERGE_DELETE_INSERT, err);
    if (!status)
        status = check_key(table, strategy, err);
    return status || !table || write->strategy != MERGE_SCD2 ? status : check_validities(schema, table, write, err);
}

enum spile_status table_write_fits(const struct schema *schema, const struct table *table, const char *name, const struct table_write *write,
                                   struct spile_error *err)
{
    enum spile_status status = table ? check_single(table, "hard_delete", err) : SPILE_OK;

    if (!status && table)
        status = check_single(table, "dedup_sort", err);
    if (!status && write->disposition == WRITE_MERGE)
        status = check_strategy(schema, table, write, err);
    return spile_within(err, status, "table \"%s\"", name);
}

/* ---- into the schema ------------------------------------------------------------------------------------------------------------ */

/* The column of that name in the making; the caller adds to it. NULL: out of memory. */
static yyjson_mut_val *new_column(struct schema *schema, const char *given, const char **name)
{
    yyjson_mut_val *json = yyjson_mut_obj(schema->doc);

    *name = naming_path(&schema->arena, &schema->naming, slice_of(given));
    return *name && yyjson_mut_obj_add_strcpy(schema->doc, json, "name", *name) ? json : NULL;
}

/* Null until the load sets it. */
static yyjson_mut_val *new_validity(struct schema *schema, const char *given, const char *hint, const char **name)
{
    yyjson_mut_val *json = new_column(schema, given, name);
    bool ok = json && yyjson_mut_obj_add_str(schema->doc, json, "data_type", data_type_name(TYPE_TIMESTAMP)) &&
              yyjson_mut_obj_add_bool(schema->doc, json, "nullable", true) && yyjson_mut_obj_add_bool(schema->doc, json, hint, true);

    return ok ? json : NULL;
}

static bool set_validity(struct schema *schema, struct table *root, const struct table_write *write)
{
    const char *name, *active = write->active_timestamp;
    yyjson_mut_val *from = new_validity(schema, write->valid_from ? write->valid_from : DLT_VALID_FROM, VALID_FROM, &name), *to, *value;

    if (!from || !table_declare_column(schema, root, name, from))
        return false;
    to = new_validity(schema, write->valid_to ? write->valid_to : DLT_VALID_TO, VALID_TO, &name);
    value = active ? yyjson_mut_strcpy(schema->doc, active) : yyjson_mut_null(schema->doc);
    return to && value && yyjson_mut_obj_add(to, yyjson_mut_str(schema->doc, ACTIVE), value) && table_declare_column(schema, root, name, to);
}

/* With scd2 a version may come back, so that its column tells no rows apart. */
static bool set_row_version(struct schema *schema, struct table *root, const char *given, bool unique)
{
    const char *name;
    yyjson_mut_val *json = new_column(schema, given, &name);
    bool ok = json && yyjson_mut_obj_add_bool(schema->doc, json, "nullable", false) && yyjson_mut_obj_add_bool(schema->doc, json, ROW_VERSION, true);

    if (!unique)
        ok = ok && yyjson_mut_obj_add_bool(schema->doc, json, "unique", false) && yyjson_mut_obj_add_bool(schema->doc, json, "row_key", false);
    return ok && table_declare_column(schema, root, name, json);
}

/* A hint of the table. NULL: nothing was said. */
static bool set_text(struct schema *schema, struct table *root, const char *hint, const char *text)
{
    if (!text || yyjson_mut_equals_str(yyjson_mut_obj_get(root->json, hint), text))
        return true;
    schema->version++;
    return json_put(root->json, yyjson_mut_str(schema->doc, hint), yyjson_mut_strcpy(schema->doc, text));
}

static bool set_flag(struct schema *schema, struct table *root, const char *hint, bool said)
{
    if (!said || yyjson_mut_is_true(yyjson_mut_obj_get(root->json, hint)))
        return true;
    schema->version++;
    return json_put(root->json, yyjson_mut_str(schema->doc, hint), yyjson_mut_bool(schema->doc, true));
}

static bool set_boundary(struct schema *schema, struct table *root, const char *boundary)
{
    if (!boundary || *boundary)
        return set_text(schema, root, BOUNDARY, boundary);
    schema->version++;
    return json_put(root->json, yyjson_mut_str(schema->doc, BOUNDARY), yyjson_mut_null(schema->doc));
}

static const char *text_said(const char *text)
{
    return text && *text ? text : NULL;
}

static bool set_merge(struct schema *schema, struct table *root, const struct table_write *write)
{
    bool ok = set_text(schema, root, STRATEGY, strategies[write->strategy]) && set_flag(schema, root, DEDUPLICATED, write->deduplicated) &&
              set_text(schema, root, SOURCE_FILTER, text_said(write->source_filter)) &&
              set_text(schema, root, DESTINATION_SCOPE, text_said(write->destination_scope)) &&
              set_flag(schema, root, SKIP_UNCHANGED, write->skip_unchanged);

    if (write->strategy != MERGE_SCD2)
        return ok && (!write->row_version || !write->skip_unchanged || set_row_version(schema, root, write->row_version, true));
    return ok && set_boundary(schema, root, write->boundary_timestamp) && set_validity(schema, root, write) &&
           set_row_version(schema, root, write->row_version ? write->row_version : DLT_ID, false);
}

bool table_write_set(struct schema *schema, struct table *root, const struct table_write *write)
{
    bool ok = set_text(schema, root, "write_disposition", dispositions[write->disposition]);

    return ok && (write->disposition != WRITE_MERGE || set_merge(schema, root, write));
}
