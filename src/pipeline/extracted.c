#include "pipeline/extracted.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/json_text.h"

#define FORMAT 2

const char *extracted_folder(const struct spile_pipeline *pipeline, const char *load_id, struct arena *arena)
{
    return arena_printf(arena, "%s/%s", pipeline->extracted_folder, load_id);
}

const char *extracted_chunks(const char *folder, struct arena *arena)
{
    return arena_printf(arena, "%s/chunks", folder);
}

enum spile_status extracted_remove(const struct spile_pipeline *pipeline, const char *load_id, struct spile_error *err)
{
    struct arena arena = { 0 };
    const char *folder = extracted_folder(pipeline, load_id, &arena);
    enum spile_status status = folder ? folder_remove(folder, err) : spile_fail_nomem(err);

    arena_release(&arena);
    return status;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

/* A document in the making. Once memory is out nothing is added any more. */
struct making {
    yyjson_mut_doc *doc;
    bool ok;
};

static void put(struct making *m, yyjson_mut_val *object, const char *key, yyjson_mut_val *value)
{
    m->ok = m->ok && value && yyjson_mut_obj_add(object, yyjson_mut_str(m->doc, key), value);
}

static void put_text(struct making *m, yyjson_mut_val *object, const char *key, const char *text)
{
    put(m, object, key, text ? yyjson_mut_str(m->doc, text) : yyjson_mut_null(m->doc));
}

static void put_number(struct making *m, yyjson_mut_val *object, const char *key, uint64_t number)
{
    put(m, object, key, yyjson_mut_uint(m->doc, number));
}

static void put_flag(struct making *m, yyjson_mut_val *object, const char *key, bool flag)
{
    put(m, object, key, yyjson_mut_bool(m->doc, flag));
}

static void put_contract(struct making *m, yyjson_mut_val *object, const struct spile_contract *contract)
{
    const uint64_t modes[] = { contract->all, contract->tables, contract->columns, contract->data_type };

    put(m, object, "contract", yyjson_mut_arr_with_uint64(m->doc, modes, 4));
}

static void put_write(struct making *m, yyjson_mut_val *object, const struct table_write *write)
{
    yyjson_mut_val *how = yyjson_mut_obj(m->doc);

    put(m, object, "write", how);
    put_number(m, how, "disposition", write->disposition);
    put_number(m, how, "strategy", write->strategy);
    put_flag(m, how, "deduplicated", write->deduplicated);
    put_flag(m, how, "skip_unchanged", write->skip_unchanged);
    put_text(m, how, "source_filter", write->source_filter);
    put_text(m, how, "destination_scope", write->destination_scope);
    put_text(m, how, "valid_from", write->valid_from);
    put_text(m, how, "valid_to", write->valid_to);
    put_text(m, how, "row_version", write->row_version);
    put_text(m, how, "active_timestamp", write->active_timestamp);
    put_text(m, how, "boundary_timestamp", write->boundary_timestamp);
}

static void put_resource(struct making *m, yyjson_mut_val *list, const struct run_resource *resource, const struct spile_resource_info *info)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(m->doc, list);

    put_text(m, object, "name", resource->name);
    put_text(m, object, "table", resource->table);
    put_text(m, object, "from", resource->from);
    put_write(m, object, &resource->write);
    put_flag(m, object, "selected", resource->selected);
    put_flag(m, object, "loaded", resource->loaded);
    put_flag(m, object, "is_drawn", resource->drawn);
    put_number(m, object, "pages", info->pages);
    put_number(m, object, "drawn", info->drawn);
    put_number(m, object, "items", info->items);
}

static void put_part(struct making *m, yyjson_mut_val *list, const struct run_part *part, const struct normalize_part *how)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(m->doc, list);

    put_text(m, object, "table", part->given);
    put_text(m, object, "resource", how->resource);
    put_number(m, object, "resource_index", part->resource);
    put_text(m, object, "columns", part->columns);
    put_text(m, object, "json_columns", part->json_columns);
    put_text(m, object, "primary_key", part->primary_key);
    put_text(m, object, "merge_key", part->merge_key);
    put_text(m, object, "cursor", part->cursor);
    put_contract(m, object, &part->contract);
    put_write(m, object, &how->write);
    put_number(m, object, "max_nesting", (uint64_t)how->max_nesting);
    put_flag(m, object, "max_nesting_given", how->max_nesting_given);
    put_number(m, object, "since", how->since);
}

static void put_schemas(struct making *m, yyjson_mut_val *root, const struct run *run)
{
    yyjson_mut_val *list = yyjson_mut_arr(m->doc);

    put(m, root, "schemas", list);
    for (size_t i = 0; i < SCHEMA_PARTS; i++)
        if (run->schema_parts[i])
            m->ok = m->ok && yyjson_mut_arr_append(list, yyjson_mut_val_mut_copy(m->doc, run->schema_parts[i]));
}

static void put_run(struct making *m, yyjson_mut_val *root, const struct run *run, uint64_t bytes, const char *sources)
{
    yyjson_mut_val *resources = yyjson_mut_arr(m->doc), *parts = yyjson_mut_arr(m->doc);

    put_number(m, root, "format", FORMAT);
    put_text(m, root, "load_id", run->load_id);
    put_number(m, root, "bytes", bytes);
    put_flag(m, root, "of_source", run->of_source);
    put_text(m, root, "source", run->of_source ? run->source_name : NULL);
    put_number(m, root, "refresh", run->options->refresh);
    put_text(m, root, "discarded", run->options->discarded);
    put_flag(m, root, "root_key", run->root_key);
    put_flag(m, root, "arrow_load_id", run->options->arrow_load_id);
    put_flag(m, root, "arrow_row_id", run->options->arrow_row_id);
    put_text(m, root, "columns", run->columns);
    put_text(m, root, "json_columns", run->json_columns);
    put_contract(m, root, &run->contract);
    put_schemas(m, root, run);
    put(m, root, "resources", resources);
    for (size_t i = 0; m->ok && i < run->declared_count; i++)
        put_resource(m, resources, &run->declared[i], &run->resources[i]);
    put_number(m, root, "declared_parts", run->declared_parts);
    put(m, root, "parts", parts);
    for (uint32_t i = 0; m->ok && i < run->part_count; i++)
        put_part(m, parts, &run->parts[i], &run->normalize_parts[i]);
    if (sources) {
        put_text(m, root, "sources", sources);
        put_text(m, root, "base_sources_hash", run->sources_hash);
    }
}

enum spile_status extracted_seal(const struct run *run, const char *folder, uint64_t bytes, const char *sources, struct spile_error *err)
{
    struct making m = { yyjson_mut_doc_new(NULL), true };
    yyjson_mut_val *root = yyjson_mut_obj(m.doc);
    struct text path = { 0 };
    size_t length;
    char *json;
    enum spile_status status;

    m.ok = root;
    put_run(&m, root, run, bytes, sources);
    json = m.ok ? json_text_write(root, &length) : NULL;
    text_printf(&path, "%s/manifest.json", folder);
    status = json && !path.failed ? file_replace(path.text, json, length, true, err) : spile_fail_nomem(err);
    if (!status)
        status = file_sync(run->pipeline->extracted_folder, err);
    text_release(&path);
    free(json);
    yyjson_mut_doc_free(m.doc);
    return status;
}

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_manifest(const char *path, struct spile_error *err)
{
    spile_fail(err, SPILE_FAILED, "extract \"%s\" is damaged", path);
    return spile_hint(err, SPILE_FAILED, "discard it, and draw its data again");
}

static const char *text_at(yyjson_val *object, const char *key)
{
    return yyjson_get_str(yyjson_obj_get(object, key));
}

static uint64_t number_at(yyjson_val *object, const char *key)
{
    return yyjson_get_uint(yyjson_obj_get(object, key));
}

static bool flag_at(yyjson_val *object, const char *key)
{
    return yyjson_get_bool(yyjson_obj_get(object, key));
}

void extract_release(struct extract *extract)
{
    yyjson_doc_free(extract->doc);
    *extract = (struct extract){ 0 };
}

static bool is_manifest(yyjson_val *root)
{
    return number_at(root, "format") == FORMAT && yyjson_is_arr(yyjson_obj_get(root, "parts")) && yyjson_is_arr(yyjson_obj_get(root, "resources")) &&
           (!text_at(root, "sources") || text_at(root, "base_sources_hash"));
}

enum spile_status extracted_open(struct extract *extract, const struct spile_pipeline *pipeline, const char *load_id, bool *found, struct spile_error *err)
{
    struct text path = { 0 }, text = { 0 };
    bool nomem = false;
    yyjson_val *root;
    enum spile_status status;

    *extract = (struct extract){ 0 };
    text_printf(&path, "%s/%s/manifest.json", pipeline->extracted_folder, load_id);
    status = path.failed ? spile_fail_nomem(err) : file_read(path.text, &text, found, err);
    if (!status && *found) {
        extract->doc = json_text_read(text.text ? text.text : "", text.length, &nomem);
        root = yyjson_doc_get_root(extract->doc);
        extract->bytes = number_at(root, "bytes");
        extract->sources = text_at(root, "sources");
        extract->sources_hash = text_at(root, "base_sources_hash");
        if (!is_manifest(root)) {
            status = nomem ? spile_fail_nomem(err) : fail_manifest(path.text, err);
            extract_release(extract);
        }
    }
    text_release(&text);
    text_release(&path);
    return status;
}

bool extracted_tables(const struct extract *extract, yyjson_mut_doc *doc, yyjson_mut_val *list)
{
    yyjson_val *part;
    yyjson_arr_iter iter = yyjson_arr_iter_with(yyjson_obj_get(yyjson_doc_get_root(extract->doc), "parts"));
    bool ok = true;

    while (ok && (part = yyjson_arr_iter_next(&iter)))
        ok = yyjson_mut_arr_add_strcpy(doc, list, text_at(part, "table") ? text_at(part, "table") : "");
    return ok;
}

static enum spile_contract_mode mode_at(yyjson_val *modes, size_t i)
{
    uint64_t mode = yyjson_get_uint(yyjson_arr_get(modes, i));

    return mode <= SPILE_DISCARD_VALUE ? (enum spile_contract_mode)mode : SPILE_NOT_SAID;
}

static struct spile_contract contract_at(yyjson_val *object)
{
    yyjson_val *modes = yyjson_obj_get(object, "contract");

    return (struct spile_contract){ mode_at(modes, 0), mode_at(modes, 1), mode_at(modes, 2), mode_at(modes, 3) };
}

static struct table_write write_at(yyjson_val *object)
{
    yyjson_val *how = yyjson_obj_get(object, "write");
    uint64_t disposition = number_at(how, "disposition"), strategy = number_at(how, "strategy");

    return (struct table_write){
        .disposition = disposition <= WRITE_MERGE ? (enum write_disposition)disposition : WRITE_APPEND,
        .strategy = strategy <= MERGE_CDC ? (enum merge_strategy)strategy : MERGE_DEFAULT,
        .deduplicated = flag_at(how, "deduplicated"),
        .skip_unchanged = flag_at(how, "skip_unchanged"),
        .source_filter = text_at(how, "source_filter"),
        .destination_scope = text_at(how, "destination_scope"),
        .valid_from = text_at(how, "valid_from"),
        .valid_to = text_at(how, "valid_to"),
        .row_version = text_at(how, "row_version"),
        .active_timestamp = text_at(how, "active_timestamp"),
        .boundary_timestamp = text_at(how, "boundary_timestamp"),
    };
}

static bool take_resources(struct run *run, yyjson_val *list)
{
    size_t count = yyjson_arr_size(list);
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    yyjson_val *object;

    run->resources = arena_zalloc(&run->arena, (count + 1) * sizeof(*run->resources));
    run->declared = arena_zalloc(&run->arena, (count + 1) * sizeof(*run->declared));
    for (size_t i = 0; run->resources && run->declared && (object = yyjson_arr_iter_next(&iter)); i++) {
        const char *name = text_at(object, "name"), *table = text_at(object, "table");

        run->resources[i] = (struct spile_resource_info){ name ? name : "", number_at(object, "pages"), number_at(object, "drawn"), number_at(object, "items") };
        run->declared[i] = (struct run_resource){ name ? name : "", table ? table : "", text_at(object, "from"), write_at(object), flag_at(object, "selected"),
                                                  flag_at(object, "loaded"), flag_at(object, "is_drawn") };
        run->declared_count = i + 1;
    }
    return run->resources && run->declared;
}

/* False: it names no table. */
static bool take_part(struct run *run, yyjson_val *object, uint32_t index)
{
    run->parts[index] = (struct run_part){
        .given = text_at(object, "table"),
        .columns = text_at(object, "columns"),
        .json_columns = text_at(object, "json_columns"),
        .primary_key = text_at(object, "primary_key"),
        .merge_key = text_at(object, "merge_key"),
        .cursor = text_at(object, "cursor"),
        .contract = contract_at(object),
        .resource = (size_t)number_at(object, "resource_index"),
    };
    run->normalize_parts[index] = (struct normalize_part){
        .resource = text_at(object, "resource"),
        .write = write_at(object),
        .max_nesting = (int)number_at(object, "max_nesting"),
        .max_nesting_given = flag_at(object, "max_nesting_given"),
        .since = number_at(object, "since"),
    };
    return run->parts[index].given && run->normalize_parts[index].resource;
}

static enum spile_status take_parts(struct run *run, yyjson_val *list, struct spile_error *err)
{
    size_t count = yyjson_arr_size(list);
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    bool good = run->declared_parts <= count;

    run->parts = arena_zalloc(&run->arena, (count + 1) * sizeof(*run->parts));
    run->normalize_parts = arena_zalloc(&run->arena, (count + 1) * sizeof(*run->normalize_parts));
    if (!run->parts || !run->normalize_parts)
        return spile_fail_nomem(err);
    for (uint32_t i = 0; good && i < count; i++)
        good = take_part(run, yyjson_arr_iter_next(&iter), i);
    run->part_capacity = (uint32_t)count;
    run->part_count = run->declared_parts; /* the others come with their chunks */
    return good ? SPILE_OK : fail_manifest(run->load_id, err);
}

static enum spile_status take_schemas(struct run *run, yyjson_val *list, struct spile_error *err)
{
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    yyjson_val *part;

    run->kept_schemas = yyjson_mut_doc_new(NULL);
    if (!run->kept_schemas)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < SCHEMA_PARTS && (part = yyjson_arr_iter_next(&iter)); i++)
        if (!(run->schema_parts[i] = yyjson_val_mut_copy(run->kept_schemas, part)))
            return spile_fail_nomem(err);
    return SPILE_OK;
}

enum spile_status extracted_take(struct run *run, const struct extract *extract, struct spile_error *err)
{
    yyjson_val *root = yyjson_doc_get_root(extract->doc);
    uint64_t refresh = number_at(root, "refresh");
    enum spile_status status;

    run->load_id = text_at(root, "load_id") ? text_at(root, "load_id") : "";
    run->of_source = flag_at(root, "of_source");
    run->source_name = text_at(root, "source");
    run->given.refresh = refresh <= SPILE_DROP_DATA ? (enum spile_refresh)refresh : SPILE_KEEP;
    run->given.discarded = text_at(root, "discarded");
    run->root_key = flag_at(root, "root_key");
    run->given.arrow_load_id = flag_at(root, "arrow_load_id");
    run->given.arrow_row_id = flag_at(root, "arrow_row_id");
    run->columns = text_at(root, "columns");
    run->json_columns = text_at(root, "json_columns");
    run->contract = contract_at(root);
    run->declared_parts = (uint32_t)number_at(root, "declared_parts");
    run->kept_sources = extract->sources;
    run->sources_hash = extract->sources_hash;
    status = take_resources(run, yyjson_obj_get(root, "resources")) ? SPILE_OK : spile_fail_nomem(err);
    if (!status)
        status = take_parts(run, yyjson_obj_get(root, "parts"), err);
    return status ? status : take_schemas(run, yyjson_obj_get(root, "schemas"), err);
}
