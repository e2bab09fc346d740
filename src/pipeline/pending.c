/* Load packages in the work folder: listed, and thrown away. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/lock.h"
#include "data/json_text.h"
#include "pipeline/run.h"

static int is_entry(const struct dirent *entry)
{
    return load_id_is_valid(entry->d_name);
}

static enum spile_status each_package(const struct spile_pipeline *p, enum spile_status (*visit)(void *user, const char *load_id, struct spile_error *err),
                                      void *user, struct spile_error *err)
{
    struct dirent **entries;
    int count = scandir(p->packages_folder, &entries, is_entry, alphasort);
    enum spile_status status = SPILE_OK;

    for (int i = 0; i < count; i++) {
        if (!status)
            status = visit(user, entries[i]->d_name, err);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return status;
}

/* ---- listing -------------------------------------------------------------------------------------------------------------------- */

struct listing {
    const struct spile_pipeline *pipeline;
    yyjson_mut_doc *doc;
    yyjson_mut_val *list;
};

static bool add_package(struct listing *l, const char *load_id, const struct package *package, bool kept)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(l->doc, l->list), *tables;
    bool ok = yyjson_mut_obj_add_strcpy(l->doc, object, "load_id", load_id) && yyjson_mut_obj_add_bool(l->doc, object, "kept", kept) &&
              yyjson_mut_obj_add_uint(l->doc, object, "rows", package->rows) && (tables = yyjson_mut_obj_add_arr(l->doc, object, "tables"));

    for (uint32_t i = 0; ok && i < package->table_count; i++)
        ok = yyjson_mut_arr_add_strcpy(l->doc, tables, package->tables[i]->table->name);
    return ok;
}

static enum spile_status list_package(void *user, const char *load_id, struct spile_error *err)
{
    struct listing *l = user;
    struct package package = { 0 };
    struct schema *schema = NULL;
    char *base_hash = NULL;
    bool found = false, kept = false;
    enum spile_status status = package_is_pending(l->pipeline->packages_folder, load_id, &kept, err);

    if (!status)
        status = package_open(&package, &schema, &base_hash, l->pipeline->packages_folder, load_id, &found, err);
    if (!status && !add_package(l, load_id, &package, kept))
        status = spile_fail_nomem(err);
    package_release(&package);
    schema_free(schema);
    free(base_hash);
    return status;
}

enum spile_status spile_pipeline_packages(struct spile_pipeline *pipeline, const char **json, struct spile_error *err)
{
    struct listing listing = { pipeline, yyjson_mut_doc_new(NULL), NULL };
    enum spile_status status;

    *json = NULL;
    listing.list = yyjson_mut_arr(listing.doc);
    status = listing.list ? each_package(pipeline, list_package, &listing, err) : spile_fail_nomem(err);
    text_release(&pipeline->answer);
    if (!status)
        json_text_append(&pipeline->answer, listing.list, true);
    if (!status && pipeline->answer.failed)
        status = spile_fail_nomem(err);
    *json = status ? NULL : pipeline->answer.text;
    yyjson_mut_doc_free(listing.doc);
    return status;
}

/* ---- discarding ------------------------------------------------------------------------------------------------------------------ */

struct discarding {
    const struct spile_pipeline *pipeline;
    const char *load_id; /* NULL: all */
    size_t count;
};

static enum spile_status discard_package(void *user, const char *load_id, struct spile_error *err)
{
    struct discarding *d = user;
    struct text folder = { 0 };
    enum spile_status status;

    if (d->load_id && strcmp(d->load_id, load_id))
        return SPILE_OK;
    d->count++;
    text_printf(&folder, "%s/%s", d->pipeline->packages_folder, load_id);
    status = folder.failed ? spile_fail_nomem(err) : folder_remove(folder.text, err);
    text_release(&folder);
    return status;
}

enum spile_status spile_pipeline_discard(struct spile_pipeline *pipeline, const char *load_id, size_t *count, struct spile_error *err)
{
    struct discarding discarding = { pipeline, load_id, 0 };
    char extract[SHORTEN_BYTES];
    int lock = -1;
    enum spile_status status = lock_take(pipeline->lock_path, &lock, err);

    if (!status)
        status = each_package(pipeline, discard_package, &discarding, err);
    lock_free(lock);
    if (!status && load_id && !discarding.count)
        status = spile_fail(err, SPILE_USAGE, "pipeline \"%s\" has no load package \"%s\"", pipeline->name, shorten(extract, load_id, strlen(load_id)));
    if (count)
        *count = discarding.count;
    return status;
}
