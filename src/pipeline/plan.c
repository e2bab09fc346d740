/* A plan: what a run would do, without doing it. The same steps as a run, up to the database. */
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "base/lock.h"
#include "load/plan.h"
#include "pipeline/run.h"
#include "schema/merge.h"

#define PLAN_SCHEMA_VERSION 1

struct spile_plan {
    struct arena arena;
    const char **statements;
    size_t statement_count;
    bool refused;
    struct text text;
    char *json;
};

/* ---- verdict of contracts ------------------------------------------------------------------------------------------------------- */

/* Of a change: the contract that freezes it, CONTRACT_ENTITIES when none does. */
struct verdict {
    enum contract_entity entity;
    const char *set_by;
};

static bool is_variant(const struct table *table, const char *name)
{
    yyjson_mut_val *column = yyjson_mut_obj_get(table->columns_json, name);

    return yyjson_mut_is_true(yyjson_mut_obj_get(column, "variant"));
}

static struct verdict judge(const struct contract *contract, enum contract_entity entity)
{
    bool frozen = contract->modes[entity] == CONTRACT_FREEZE;

    return (struct verdict){ frozen ? entity : CONTRACT_ENTITIES, contract->set_by };
}

/* A new table is its parent's contract's affair, or the schema's. */
static enum spile_status judge_table(const struct run *run, const struct table_change *change, struct verdict *verdict, struct spile_error *err)
{
    struct contract contract;
    enum spile_status status = contract_of(&contract, run->schema, change->table->parent, err);

    *verdict = change->created ? judge(&contract, CONTRACT_TABLES) : (struct verdict){ CONTRACT_ENTITIES, "" };
    return status;
}

static enum spile_status judge_column(const struct run *run, const struct table_change *change, const char *name, struct verdict *verdict,
                                      struct spile_error *err)
{
    struct contract contract;
    bool variant = is_variant(change->table, name), free = change->created || change->table->evolves_once;
    enum spile_status status = contract_of(&contract, run->schema, change->table, err);

    *verdict = (struct verdict){ CONTRACT_ENTITIES, "" };
    if (!status && variant)
        *verdict = judge(&contract, CONTRACT_DATA_TYPE);
    else if (!status && !free && !name_is_own(name))
        *verdict = judge(&contract, CONTRACT_COLUMNS);
    return status;
}

/* ---- text and JSON -------------------------------------------------------------------------------------------------------------- */

struct report {
    struct run *run;
    struct spile_plan *plan;
    yyjson_mut_doc *doc;
    yyjson_mut_val *root, *refusals;
};

/* Names in comments: of any characters, which must neither end the comment nor drive a terminal. */
static void put_name(struct spile_plan *plan, const char *before, const char *name, const char *after)
{
    char extract[SHORTEN_BYTES];

    text_printf(&plan->text, "%s\"%s\"%s", before, shorten(extract, name, strlen(name)), after);
}

static void put_count(struct spile_plan *plan, const char *before, uint64_t count, const char *what)
{
    text_printf(&plan->text, "%s%llu %s%s", before, (unsigned long long)count, what, count == 1 ? "" : "s");
}

static bool add_refusal(struct report *r, const struct verdict *verdict, const char *table, const char *column)
{
    yyjson_mut_val *object;
    const char *entity = contract_entity_name(verdict->entity), *set_by = verdict->set_by;
    char extract[SHORTEN_BYTES];

    if (verdict->entity == CONTRACT_ENTITIES)
        return true;
    r->plan->refused = true;
    text_printf(&r->plan->text, "-- refused: contract \"%s: freeze\" of %s%s, by the new ", entity,
                strcmp(set_by, "the schema") ? "table " : "", shorten(extract, set_by, strlen(set_by)));
    if (column)
        put_name(r->plan, "column ", column, " of ");
    put_name(r->plan, "table ", table, "\n");
    object = yyjson_mut_arr_add_obj(r->doc, r->refusals);
    return yyjson_mut_obj_add_strcpy(r->doc, object, "table", table) &&
           (!column || yyjson_mut_obj_add_strcpy(r->doc, object, "column", column)) &&
           yyjson_mut_obj_add_strcpy(r->doc, object, "contract", entity) && yyjson_mut_obj_add_strcpy(r->doc, object, "set_by", set_by);
}

static enum spile_status report_refusals(struct report *r, const struct load_job *job, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < job->change_count; i++) {
        const struct table_change *change = &job->changes[i];
        struct verdict verdict;

        status = judge_table(r->run, change, &verdict, err);
        if (!status && !add_refusal(r, &verdict, change->table->name, NULL))
            status = spile_fail_nomem(err);
        for (size_t j = 0; !status && j < change->new_column_count; j++) {
            status = judge_column(r->run, change, change->new_columns[j], &verdict, err);
            if (!status && !add_refusal(r, &verdict, change->table->name, change->new_columns[j]))
                status = spile_fail_nomem(err);
        }
    }
    return status;
}

static bool report_tables(struct report *r)
{
    const struct package *package = &r->run->package;
    yyjson_mut_val *tables = yyjson_mut_obj_add_arr(r->doc, r->root, "tables");
    bool ok = tables;

    for (uint32_t i = 0; ok && i < package->table_count; i++) {
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(r->doc, tables);

        put_count(r->plan, "-- ", package->tables[i]->rows, "row");
        put_name(r->plan, " for table ", package->tables[i]->table->name, "\n");
        ok = yyjson_mut_obj_add_strcpy(r->doc, object, "name", package->tables[i]->table->name) &&
             yyjson_mut_obj_add_uint(r->doc, object, "rows", package->tables[i]->rows);
    }
    return ok;
}

static bool report_discarded(struct report *r)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(r->doc, r->root, "discarded");
    bool ok = list;

    for (size_t i = 0; ok && i < r->run->refused_count; i++) {
        const struct refused_table *refused = &r->run->refused[i];
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(r->doc, list);

        put_name(r->plan, "-- discarded by the contract in ", refused->name, "");
        put_count(r->plan, ": ", refused->rows, "row");
        put_count(r->plan, ", ", refused->values, "value");
        text_putc(&r->plan->text, '\n');
        ok = yyjson_mut_obj_add_strcpy(r->doc, object, "table", refused->name) && yyjson_mut_obj_add_uint(r->doc, object, "rows", refused->rows) &&
             yyjson_mut_obj_add_uint(r->doc, object, "values", refused->values);
    }
    return ok;
}

static enum spile_status list_statements(struct report *r, const struct plan *changes, struct spile_error *err)
{
    const struct load_target *target = &r->run->target;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(r->doc, r->root, "statements");
    struct statements statements = { 0 };
    enum spile_status status = list ? SPILE_OK : spile_fail_nomem(err);

    for (size_t i = 0; !status && i < changes->count; i++)
        status = target->ops->describe(target->destination, target->dataset, &changes->changes[i], &r->plan->arena, &statements, err);
    for (size_t i = 0; !status && i < changes->finish_count; i++)
        status = target->ops->describe(target->destination, target->dataset, &changes->finish[i], &r->plan->arena, &statements, err);
    for (size_t i = 0; !status && i < statements.count; i++) {
        if (!yyjson_mut_arr_add_strcpy(r->doc, list, statements.texts[i]))
            status = spile_fail_nomem(err);
        text_printf(&r->plan->text, "%s;\n", statements.texts[i]);
    }
    r->plan->statements = statements.texts;
    r->plan->statement_count = statements.count;
    return status;
}

static enum spile_status report(struct spile_plan *plan, struct run *run, const struct load_job *job, const struct plan *changes, struct spile_error *err)
{
    struct report r = { .run = run, .plan = plan, .doc = yyjson_mut_doc_new(NULL) };
    enum spile_status status = SPILE_OK;

    r.root = yyjson_mut_obj(r.doc);
    yyjson_mut_doc_set_root(r.doc, r.root);
    if (!yyjson_mut_obj_add_uint(r.doc, r.root, "schema_version", PLAN_SCHEMA_VERSION) ||
        !yyjson_mut_obj_add_strcpy(r.doc, r.root, "dataset", run->pipeline->dataset))
        status = spile_fail_nomem(err);
    if (!status)
        status = list_statements(&r, changes, err);
    if (!status && (!report_tables(&r) || !report_discarded(&r) || !(r.refusals = yyjson_mut_obj_add_arr(r.doc, r.root, "refused"))))
        status = spile_fail_nomem(err);
    if (!status)
        status = report_refusals(&r, job, err);
    text_puts(&plan->text, run->options->sample ? "-- planned from a sample; nothing was changed\n" : "-- nothing was changed\n");
    plan->json = status ? NULL : yyjson_mut_write(r.doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    yyjson_mut_doc_free(r.doc);
    return !status && (!plan->json || plan->text.failed) ? spile_fail_nomem(err) : status;
}

/* ---- the steps ------------------------------------------------------------------------------------------------------------------ */

static enum spile_status make_plan(struct run *run, struct spile_plan *out, struct spile_error *err)
{
    struct stored stored = { 0 };
    struct plan changes = { 0 };
    struct load_job job;
    enum spile_status status = load_read_stored(&run->target, run->source_name, "", &run->arena, &stored, err);

    if (!status)
        status = run_begin_sources(run, &stored, err);
    if (!status)
        status = run_begin_schema(run, &stored, err);
    if (!status)
        status = package_create(&run->package, run->pipeline->packages_folder, run->load_id, run->schema, err);
    run->package_made = !status;
    if (!status)
        status = run_draw(run, err);
    if (!status)
        status = run_finish_schema(run, err);
    if (!status)
        status = run_finish_sources_into(run, &run->package, err);
    if (!status)
        status = run_drop_tables(run, &run->package, err);
    job = run_load_job(run, &run->package, run->schema, run->base_hash);
    if (!status)
        status = load_read_columns(&run->target, &job, &stored, &run->arena, err);
    if (!status)
        status = load_plan(&run->target, &job, &stored, &changes, &run->arena, err);
    if (!status)
        status = report(out, run, &job, &changes, err);
    if (run->package_made)
        package_remove(&run->package, NULL);
    return status;
}

enum spile_status spile_dry_run(struct spile_pipeline *pipeline, struct spile_data data, const struct spile_run_options *options,
                                struct spile_plan **out, struct spile_error *err)
{
    struct run run = { .pipeline = pipeline, .plans = true };
    struct spile_plan *plan = calloc(1, sizeof(*plan));
    int lock = -1;
    enum spile_status status, closed;

    *out = NULL;
    if (err)
        *err = (struct spile_error){ 0 };
    status = plan ? run_take(&run, data, options, err) : spile_fail_nomem(err);
    if (!status)
        status = lock_take(pipeline->lock_path, &lock, err);
    if (!status)
        status = run_open_destination(&run, err);
    if (!status)
        status = make_plan(&run, plan, err);
    closed = run_close_destination(&run, status ? NULL : err);
    lock_free(lock);
    run_release(&run);
    status = status ? status : closed;
    if (status)
        spile_plan_free(plan);
    else
        *out = plan;
    return status;
}

bool spile_plan_refused(const struct spile_plan *plan)
{
    return plan->refused;
}

size_t spile_plan_statement_count(const struct spile_plan *plan)
{
    return plan->statement_count;
}

const char *spile_plan_statement(const struct spile_plan *plan, size_t index)
{
    return index < plan->statement_count ? plan->statements[index] : NULL;
}

const char *spile_plan_text(const struct spile_plan *plan)
{
    return plan->text.text;
}

const char *spile_plan_json(const struct spile_plan *plan)
{
    return plan->json;
}

void spile_plan_free(struct spile_plan *plan)
{
    if (!plan)
        return;
    text_release(&plan->text);
    free(plan->json);
    arena_release(&plan->arena);
    free(plan);
}
