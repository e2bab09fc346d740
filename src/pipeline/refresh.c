/* What of earlier runs a run drops: tables or rows, and what resources keep. */
#include <stdlib.h>
#include <string.h>

#include "extract/notes.h"
#include "pipeline/run.h"

bool name_list_add(struct name_list *list, const char *name, struct arena *arena)
{
    size_t capacity = list->capacity ? 2 * list->capacity : 16;
    const char **names;

    if (list->count == list->capacity) {
        names = arena_alloc(arena, capacity * sizeof(*names));
        if (!names)
            return false;
        if (list->count)
            memcpy(names, list->names, list->count * sizeof(*names));
        list->names = names;
        list->capacity = capacity;
    }
    list->names[list->count] = arena_copy(arena, name, strlen(name));
    return list->names[list->count++] != NULL;
}

/* ---- tables --------------------------------------------------------------------------------------------------------------------- */

struct forgetting {
    struct run *run;
    const struct selection *selection;
};

static bool is_chosen(void *user, const char *resource)
{
    const struct selection *selection = ((struct forgetting *)user)->selection;

    return selection->whole || selection->chosen(selection->user, resource);
}

static enum spile_status note_dropped(void *user, const char *table, struct spile_error *err)
{
    struct run *run = ((struct forgetting *)user)->run;

    return name_list_add(&run->dropped, table, &run->arena) ? SPILE_OK : spile_fail_nomem(err);
}

enum spile_status run_forget_tables(struct run *run, const struct selection *selection, bool drop, struct spile_error *err)
{
    struct forgetting forgetting = { run, selection };
    enum spile_status status = SPILE_OK;

    if (drop)
        return schema_drop_tables(&run->schema, is_chosen, note_dropped, &forgetting, err);
    for (uint32_t i = 0; !status && i < run->schema->table_count; i++) {
        const struct table *table = run->schema->tables[i];

        if (!name_is_own(table->name) && !table->parent && is_chosen(&forgetting, table_resource(table)) &&
            !name_list_add(&run->emptied, table->name, &run->arena))
            status = spile_fail_nomem(err);
    }
    return status;
}

enum spile_status run_drop_tables(struct run *run, struct package *package, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < run->dropped.count; i++)
        status = package_drop(package, run->dropped.names[i], err);
    for (size_t i = 0; !status && i < run->emptied.count; i++) {
        const struct table *table = schema_find_table(run->schema, run->emptied.names[i]);

        if (table && !package_replaces(package, table))
            status = package_replace(package, table, err);
    }
    return status;
}

/* ---- state ---------------------------------------------------------------------------------------------------------------------- */

void run_forget_state(struct run *run, const struct selection *selection, bool cursors_only, struct name_list *forgotten)
{
    yyjson_mut_val *sources = yyjson_mut_doc_get_root(run->sources), *source = yyjson_mut_obj_get(sources, run->source_name);
    yyjson_mut_val *resources = yyjson_mut_obj_get(source, "resources"), *key;
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(resources);

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        yyjson_mut_val *resource = yyjson_mut_obj_iter_get_val(key);
        bool had_cursors = yyjson_mut_obj_get(resource, "incremental");

        if (!(selection->whole || selection->chosen(selection->user, yyjson_mut_get_str(key))) || (cursors_only && !had_cursors))
            continue;
        if (forgotten)
            name_list_add(forgotten, yyjson_mut_get_str(key), &run->arena);
        if (cursors_only)
            yyjson_mut_obj_remove_key(resource, "incremental");
        if (!cursors_only || !yyjson_mut_obj_size(resource))
            yyjson_mut_obj_iter_remove(&iter);
    }
    if (selection->whole && !cursors_only)
        yyjson_mut_obj_remove_key(sources, run->source_name);
    else if (yyjson_mut_is_obj(resources) && !yyjson_mut_obj_size(resources))
        notes_drop_empty(sources, run->source_name);
}

/* ---- the run -------------------------------------------------------------------------------------------------------------------- */

/* Resources that this run draws, whether they are loaded or only feed others. */
static bool is_drawn(void *user, const char *resource)
{
    const struct run *run = user;

    for (size_t i = 0; i < run->declared_count; i++)
        if (!strcmp(run->declared[i].name, resource))
            return run->declared[i].drawn;
    for (uint32_t i = 0; !run->of_source && i < run->part_count; i++)
        if (!strcmp(run->normalize_parts[i].resource, resource))
            return true;
    return false;
}

enum spile_status run_refresh(struct run *run, struct spile_error *err)
{
    enum spile_refresh mode = run->options->refresh;
    const struct selection selection = { is_drawn, run, mode == SPILE_DROP_SOURCES };

    if (mode == SPILE_KEEP)
        return SPILE_OK;
    if (!run->recording)
        run_forget_state(run, &selection, false, NULL);
    return run->recorder ? SPILE_OK : run_forget_tables(run, &selection, mode != SPILE_DROP_DATA, err);
}
