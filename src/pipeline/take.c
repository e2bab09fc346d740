/* What is to be loaded: the data of a run as parts, one for each table. */
#include <string.h>

#include "extract/graph.h"
#include "pipeline/run.h"
#include "schema/contract.h"

#define MAX_NESTING_DEFAULT 1000
#define SCHEMA_NAME_MAX 64
#define NAMED_TABLES_MAX 10000 /* that items name during a run */

static bool make_room(struct run *run, size_t count)
{
    run->parts = arena_zalloc(&run->arena, (count + 1) * sizeof(*run->parts));
    run->normalize_parts = arena_zalloc(&run->arena, (count + 1) * sizeof(*run->normalize_parts));
    run->part_capacity = (uint32_t)count;
    return run->parts && run->normalize_parts;
}

static void set_part(struct run *run, const struct run_part *part, const char *resource, const struct table_write *write, int nesting)
{
    run->parts[run->part_count] = *part;
    run->normalize_parts[run->part_count++] = (struct normalize_part){
        .resource = resource,
        .write = *write,
        .max_nesting = nesting > 0 ? nesting : nesting == 0 ? MAX_NESTING_DEFAULT : 0,
        .max_nesting_given = nesting != 0,
    };
}

/* ---- data as they are ------------------------------------------------------------------------------------------------------------ */

static enum spile_status add_data(struct run *run, const char *table, struct spile_data data, struct spile_error *err)
{
    const struct spile_run_options *options = run->options;
    struct table_write write = table_write_of(options->write, &options->merge);
    struct run_part part = {
        .data = data, .given = table, .primary_key = options->primary_key, .merge_key = options->merge_key, .contract = options->contract
    };

    if (!table || !*table)
        return spile_fail(err, SPILE_USAGE, "no table named"), spile_hint(err, SPILE_USAGE, "name the table to load into");
    if (data.kind != SPILE_DATA_JSON && data.kind != SPILE_DATA_FILES && data.kind != SPILE_DATA_ARROW)
        return spile_fail(err, SPILE_USAGE, "data of unknown kind for table \"%s\"", table);
    set_part(run, &part, table, &write, options->max_nesting);
    return table_write_check(&write, err);
}

static enum spile_status take_data(struct run *run, struct spile_data data, struct spile_error *err)
{
    enum spile_status status = make_room(run, 1) ? add_data(run, run->options->table, data, err) : spile_fail_nomem(err);

    if (status)
        return status;
    run->parts[0].columns = run->options->columns;
    run->parts[0].json_columns = run->options->json_columns;
    return SPILE_OK;
}

static enum spile_status take_several(struct run *run, struct spile_data data, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (!data.count)
        return spile_fail(err, SPILE_USAGE, "nothing to load");
    if (!make_room(run, data.count))
        return spile_fail_nomem(err);
    for (size_t i = 0; !status && i < data.count; i++)
        status = add_data(run, data.parts[i].table, data.parts[i].data, err);
    run->columns = data.count > 1 ? run->options->columns : NULL;
    run->json_columns = data.count > 1 ? run->options->json_columns : NULL;
    if (!status && data.count == 1) {
        run->parts[0].columns = run->options->columns;
        run->parts[0].json_columns = run->options->json_columns;
    }
    return status;
}

/* ---- a source -------------------------------------------------------------------------------------------------------------------- */

/* Of what a resource, its source and the run say, the nearest that says anything; a contract of the run is above all, as in dlt. */
static struct spile_contract contract_for(const struct run *run, const struct spile_resource_options *options)
{
    return contract_is_given(&run->options->contract) ? run->options->contract : options->contract;
}

static int nesting_for(const struct run *run, const struct spile_resource_options *options)
{
    if (options->max_nesting)
        return options->max_nesting;
    return run->source->options.max_nesting ? run->source->options.max_nesting : run->options->max_nesting;
}

/* The cursor, if it is a column of the resource's table: a key that needs no path. */
static const char *cursor_column(const struct spile_resource_options *options)
{
    const char *cursor = options->incremental.cursor;

    return cursor && !options->table_by && !strpbrk(cursor, ".[]$*@'\", ") ? cursor : NULL;
}

static struct run_resource declared(const struct spile_source *source, const struct resource *resource)
{
    return (struct run_resource){
        .name = resource->name,
        .table = resource_table(resource),
        .from = resource->options.from,
        .write = table_write_of(resource->options.write, &resource->options.merge),
        .selected = resource->selected,
        .loaded = resource_is_loaded(resource),
        .drawn = graph_needs(source, resource),
    };
}

static void add_resource(struct run *run, size_t index)
{
    const struct resource *resource = run->source->resources[index];
    const struct spile_resource_options *options = &resource->options;
    struct table_write write = table_write_of(options->write, &options->merge);
    struct run_part part = {
        .given = resource_table(resource),
        .columns = options->columns,
        .json_columns = options->json_columns,
        .primary_key = options->primary_key,
        .merge_key = options->merge_key,
        .cursor = cursor_column(options),
        .contract = contract_for(run, options),
        .resource = index,
    };

    set_part(run, &part, resource->name, &write, nesting_for(run, options));
}

static enum spile_status take_source(struct run *run, const struct spile_source *source, struct spile_error *err)
{
    enum spile_status status = source ? graph_check(source, err) : spile_fail(err, SPILE_USAGE, "no source given");

    if (status)
        return status;
    run->source = source;
    run->of_source = true;
    run->source_name = naming_identifier(&run->arena, &(const struct naming){ .length_max = SCHEMA_NAME_MAX }, slice_of(source->name));
    if (!run->source_name || !make_room(run, source->resource_count + NAMED_TABLES_MAX))
        return spile_fail_nomem(err);
    run->resources = arena_zalloc(&run->arena, (source->resource_count + 1) * sizeof(*run->resources));
    run->declared = arena_zalloc(&run->arena, (source->resource_count + 1) * sizeof(*run->declared));
    if (!run->resources || !run->declared)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < source->resource_count; i++) {
        run->resources[i].name = source->resources[i]->name;
        run->declared[i] = declared(source, source->resources[i]);
    }
    run->declared_count = source->resource_count;
    for (size_t i = 0; i < source->resource_count; i++)
        if (resource_is_loaded(source->resources[i]))
            add_resource(run, i);
    if (run->part_count)
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "source \"%s\" has no resource that is to be loaded", source->name);
    return spile_hint(err, SPILE_USAGE, "add a resource, or select one");
}

/* What holds for all tables. */
static void take_general(struct run *run)
{
    const struct spile_source_options *source = run->source ? &run->source->options : NULL;

    run->contract = contract_is_given(&run->options->contract) || !source ? run->options->contract : source->contract;
    run->root_key = run->options->root_key || (source && source->root_key);
    run->schema_parts[0] = source && source->schema ? spile_schema_part(source->schema) : NULL;
    run->schema_parts[1] = run->options->schema ? spile_schema_part(run->options->schema) : NULL;
}

static enum spile_status take_parts(struct run *run, struct spile_data data, struct spile_error *err)
{
    switch (data.kind) {
    case SPILE_DATA_PARTS:
        return take_several(run, data, err);
    case SPILE_DATA_SOURCE:
        return take_source(run, data.source, err);
    default:
        return take_data(run, data, err);
    }
}

enum spile_status run_take_parts(struct run *run, struct spile_data data, struct spile_error *err)
{
    enum spile_status status = take_parts(run, data, err);

    take_general(run);
    run->declared_parts = run->part_count;
    return status;
}
