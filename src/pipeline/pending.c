/* Load packages in the work folder: listed, and thrown away. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/lock.h"
#include "pipeline/extracted.h"

/* ---- listing -------------------------------------------------------------------------------------------------------------------- */

struct listing {
    const struct spile_pipeline *pipeline;
    yyjson_mut_doc *doc;
    yyjson_mut_val *list;
};

/* *tables: the list to be filled. */
static bool add_entry(struct listing *l, const char *load_id, bool kept, const char *stage, uint64_t rows, uint64_t bytes, yyjson_mut_val **tables)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(l->doc, l->list);

    return yyjson_mut_obj_add_strcpy(l->doc, object, "load_id", load_id) && yyjson_mut_obj_add_bool(l->doc, object, "kept", kept) &&
           yyjson_mut_obj_add_str(l->doc, object, "stage", stage) && yyjson_mut_obj_add_uint(l->doc, object, "rows", rows) &&
           yyjson_mut_obj_add_uint(l->doc, object, "bytes", bytes) && (*tables = yyjson_mut_obj_add_arr(l->doc, object, "tables"));
}

static bool add_package(struct listing *l, const char *load_id, const struct package *package, bool kept)
{
    yyjson_mut_val *tables;
    uint64_t bytes = 0;
    bool ok;

    for (uint32_t i = 0; i < package->table_count; i++)
        bytes += package->tables[i]->bytes;
    ok = add_entry(l, load_id, kept, "normalized", package->rows, bytes, &tables);

    for (uint32_t i = 0; ok && i < package->table_count; i++)
        ok = yyjson_mut_arr_add_strcpy(l->doc, tables, package->tables[i]->table->name);
    return ok;
}

/* So that it can be discarded. */
static enum spile_status list_damaged(struct listing *l, const char *load_id, struct spile_error *err)
{
    yyjson_mut_val *tables;

    if (err)
        *err = (struct spile_error){ 0 };
    return add_entry(l, load_id, true, "damaged", 0, 0, &tables) ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status list_package(void *user, const char *load_id, struct spile_error *err)
{
    struct listing *l = user;
    struct package package = { 0 };
    struct schema *schema = NULL;
    char *base_hash = NULL;
    bool found = false, kept = false;
    enum spile_status status;

    if (!load_id_is_valid(load_id))
        return SPILE_OK;
    status = package_is_pending(l->pipeline->packages_folder, load_id, &kept, err);
    if (!status)
        status = package_open(&package, &schema, &base_hash, l->pipeline->packages_folder, load_id, &found, err);
    if (status == SPILE_FAILED)
        status = list_damaged(l, load_id, err);
    else if (!status && !add_package(l, load_id, &package, kept))
        status = spile_fail_nomem(err);
    package_release(&package);
    schema_free(schema);
    free(base_hash);
    return status;
}

/* One that has been normalized is listed as its package. */
static enum spile_status list_extract(void *user, const char *load_id, struct spile_error *err)
{
    struct listing *l = user;
    struct extract extract = { 0 };
    yyjson_mut_val *tables;
    bool found = false, normalized = false;
    enum spile_status status = load_id_is_valid(load_id) ? package_is_pending(l->pipeline->packages_folder, load_id, &normalized, err) : SPILE_OK;

    if (!status && !normalized)
        status = extracted_open(&extract, l->pipeline, load_id, &found, err);
    if (status == SPILE_FAILED)
        return list_damaged(l, load_id, err);
    if (!status && found && !(add_entry(l, load_id, true, "extracted", 0, extract.bytes, &tables) && extracted_tables(&extract, l->doc, tables)))
        status = spile_fail_nomem(err);
    extract_release(&extract);
    return status;
}

enum spile_status spile_pipeline_packages(struct spile_pipeline *pipeline, const char **json, struct spile_error *err)
{
    struct listing listing = { pipeline, yyjson_mut_doc_new(NULL), NULL };
    enum spile_status status;

    *json = NULL;
    listing.list = yyjson_mut_arr(listing.doc);
    status = listing.list ? folder_each(pipeline->packages_folder, list_package, &listing, err) : spile_fail_nomem(err);
    if (!status)
        status = folder_each(pipeline->extracted_folder, list_extract, &listing, err);
    if (!status)
        status = pipeline_answer(pipeline, listing.list, json, err);
    yyjson_mut_doc_free(listing.doc);
    return status;
}

/* ---- discarding ------------------------------------------------------------------------------------------------------------------ */

struct discarding {
    const struct spile_pipeline *pipeline;
    const char *load_id; /* NULL: all */
    size_t count;
};

static bool is_meant(const struct discarding *d, const char *load_id)
{
    return load_id_is_valid(load_id) && (!d->load_id || !strcmp(d->load_id, load_id));
}

static enum spile_status discard_package(void *user, const char *load_id, struct spile_error *err)
{
    struct discarding *d = user;
    enum spile_status status;

    if (!is_meant(d, load_id))
        return SPILE_OK;
    d->count++;
    status = package_discard(d->pipeline->packages_folder, load_id, err);
    return status ? status : extracted_remove(d->pipeline, load_id, err);
}

static enum spile_status discard_extract(void *user, const char *load_id, struct spile_error *err)
{
    struct discarding *d = user;

    if (!is_meant(d, load_id))
        return SPILE_OK;
    d->count++;
    return extracted_remove(d->pipeline, load_id, err);
}

/* What was extracted behind a package that changes what sources keep begins where that one ends: it could not be loaded without it. */
static enum spile_status find_dependent(void *user, const char *load_id, struct spile_error *err)
{
    const struct discarding *d = user;
    struct extract extract;
    bool found = false;
    enum spile_status status = extracted_open(&extract, d->pipeline, load_id, &found, NULL);
    bool depends = !status && found && strcmp(load_id, d->load_id) > 0 && extract.sources;

    extract_release(&extract);
    if (!depends)
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "load package \"%s\" was drawn behind \"%s\" and begins where that one ends", load_id, d->load_id);
    return spile_hint(err, SPILE_USAGE, "discard the newer one first, or all of them");
}

enum spile_status spile_pipeline_discard(struct spile_pipeline *pipeline, const char *load_id, size_t *count, struct spile_error *err)
{
    struct discarding discarding = { pipeline, load_id, 0 };
    char extract[SHORTEN_BYTES];
    int lock = -1;
    enum spile_status status = lock_take(pipeline->lock_path, &lock, err);

    if (!status && load_id)
        status = folder_each(pipeline->extracted_folder, find_dependent, &discarding, err);
    if (!status)
        status = folder_each(pipeline->packages_folder, discard_package, &discarding, err);
    if (!status)
        status = folder_each(pipeline->extracted_folder, discard_extract, &discarding, err);
    lock_free(lock);
    if (!status && load_id && !discarding.count)
        status = spile_fail(err, SPILE_USAGE, "pipeline \"%s\" has no load package \"%s\"", pipeline->name, shorten(extract, load_id, strlen(load_id)));
    if (count)
        *count = discarding.count;
    return status;
}
