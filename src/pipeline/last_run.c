/* Where a pipeline's last run went: a small file in its work folder, so that later calls need not be told. It says which database and dataset, and no more:
 * what was loaded, schema and state are the dataset's alone. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "data/json_text.h"
#include "data/timestamp.h"
#include "extract/item.h"
#include "pipeline/pipeline.h"

struct last_run {
    const struct destination_ops *ops;
    const char *path, *dataset;
};

/* ---- keeping -------------------------------------------------------------------------------------------------------------------- */

static enum spile_status last_run_text(const struct spile_pipeline *p, struct text *out, struct spile_error *err)
{
    struct arena arena = { 0 };
    const char *path = p->shown;
    enum spile_status status = p->ops->caps.has_path ? path_make_absolute(&path, p->shown, &arena, err) : SPILE_OK;

    if (!status) {
        text_puts(out, "{\n  \"destination\": ");
        json_text_string(out, slice_of(p->ops->scheme));
        text_puts(out, ",\n  \"path\": ");
        json_text_string(out, slice_of(path));
        text_puts(out, ",\n  \"dataset\": ");
        json_text_string(out, slice_of(p->dataset));
        text_puts(out, "\n}\n");
        status = out->failed ? spile_fail_nomem(err) : SPILE_OK;
    }
    arena_release(&arena);
    return status;
}

/* As a rule nothing is written: after a load there must be little that can still fail. */
enum spile_status last_run_keep(const struct spile_pipeline *p, struct spile_error *err)
{
    struct text now = { 0 }, before = { 0 };
    bool found = false;
    enum spile_status status = last_run_text(p, &now, err);

    if (!status && (file_read(p->last_run_path, &before, &found, NULL) || !found || !slice_equal(text_slice(&now), text_slice(&before))))
        status = file_replace(p->last_run_path, now.text, now.length, true, err);
    else if (!status)
        utimensat(AT_FDCWD, p->last_run_path, NULL, 0); /* the time serves the listing only */
    text_release(&before);
    text_release(&now);
    return status;
}

/* ---- recalling ------------------------------------------------------------------------------------------------------------------ */

/* A text that is not empty; NULL: there is none, or (*nomem) no memory. */
static const char *copy_member(yyjson_val *object, const char *key, struct arena *arena, bool *nomem)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    const char *copy = yyjson_get_len(value) && yyjson_is_str(value) ? arena_copy(arena, yyjson_get_str(value), yyjson_get_len(value)) : "";

    *nomem = *nomem || !copy;
    return copy && *copy ? copy : NULL;
}

/* False: that is no such file, or of a destination that is not known here; or memory is out. A path need not be UTF-8. */
static bool last_run_parse(struct last_run *last, const struct text *text, struct arena *arena, bool *nomem)
{
    yyjson_read_err wrong = { 0 };
    yyjson_doc *doc = text->length ? yyjson_read_opts(text->text, text->length, YYJSON_READ_ALLOW_INVALID_UNICODE, NULL, &wrong) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *scheme = yyjson_get_str(yyjson_obj_get(root, "destination"));

    *nomem = wrong.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION;
    last->ops = scheme ? destination_by_scheme(scheme) : NULL;
    last->path = copy_member(root, "path", arena, nomem);
    last->dataset = copy_member(root, "dataset", arena, nomem);
    yyjson_doc_free(doc);
    return last->ops && last->path && last->dataset;
}

static enum spile_status last_run_read(struct last_run *last, const char *file, struct arena *arena, bool *found, struct spile_error *err)
{
    struct text text = { 0 };
    bool nomem;
    enum spile_status status = file_read(file, &text, found, err);

    *last = (struct last_run){ 0 };
    if (!status && *found && !last_run_parse(last, &text, arena, &nomem))
        status = nomem ? spile_fail_nomem(err) : spile_fail(err, SPILE_CONFIG, "what was kept of the pipeline's last run can't be used: \"%s\"", file);
    text_release(&text);
    return status;
}

static enum spile_status fail_gone(const struct last_run *last, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "the database of the last run is gone: \"%s\"", last->path);
    return spile_hint(err, SPILE_DESTINATION, "put it back, or name its new place as the destination (--to)");
}

static enum spile_status note_one(void *user, const char *name, struct spile_error *err)
{
    (void)err;
    *(bool *)user |= *name != '.';
    return SPILE_OK;
}

/* Then the database may have to be made yet. */
static bool extracts_wait(const struct spile_pipeline *p)
{
    bool any = false;

    return !folder_each(p->extracted_folder, note_one, &any, NULL) && any;
}

static enum spile_status check_there(const struct spile_pipeline *p, const struct last_run *last, struct spile_error *err)
{
    char *file = last->ops->file_of ? last->ops->file_of(last->path, last->dataset) : NULL;
    const char *path = file ? file : last->path;
    bool gone;

    if (!last->ops->caps.has_path)
        return SPILE_OK;
    if (last->ops->file_of && !file)
        return spile_fail_nomem(err);
    gone = access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR) && !extracts_wait(p);
    free(file);
    return gone ? fail_gone(last, err) : SPILE_OK;
}

enum spile_status last_run_recall(struct spile_pipeline *p, struct spile_error *err)
{
    struct last_run last;
    bool found;
    enum spile_status status = last_run_read(&last, p->last_run_path, &p->arena, &found, err);

    if (status == SPILE_NOMEM)
        return status;
    if (status)
        return spile_hint(err, status, "name the database as the destination (--to); the next run writes the file anew");
    if (!found) {
        spile_fail(err, SPILE_CONFIG, "pipeline \"%s\" has not run here: its database is not known", p->name);
        return spile_hint(err, SPILE_CONFIG, "name the database as the destination (--to), or is the work folder of its runs another one (SPILE_DATA_DIR)?");
    }
    status = check_there(p, &last, err);
    if (status)
        return status;
    p->ops = last.ops;
    p->location = p->shown = last.path;
    p->dataset = last.dataset;
    if (last.ops->configure) /* the secrets come from elsewhere */
        return destination_find(&p->ops, last.path, p->name, &p->arena, &p->location, &p->shown, err);
    return SPILE_OK;
}

/* ---- listing -------------------------------------------------------------------------------------------------------------------- */

struct entry {
    const char *name;
    struct timespec time; /* of the last run; 0: none */
    bool known;
    struct last_run last;
};

struct listing {
    struct arena arena;
    const char *folder;
    struct entry *entries; /* to be freed */
    size_t count, capacity;
};

static struct entry *new_entry(struct listing *l)
{
    size_t capacity = l->capacity ? 2 * l->capacity : 16;
    struct entry *entries = l->count < l->capacity ? l->entries : realloc(l->entries, capacity * sizeof(*entries));

    if (!entries)
        return NULL;
    if (l->count == l->capacity)
        l->capacity = capacity;
    l->entries = entries;
    entries[l->count] = (struct entry){ 0 };
    return &entries[l->count++];
}

/* What can't be used is left out: a list is no place to fail for one of many. */
static enum spile_status add_entry(void *user, const char *name, struct spile_error *err)
{
    struct listing *l = user;
    const char *folder = arena_printf(&l->arena, "%s/%s", l->folder, name);
    const char *file = folder ? arena_printf(&l->arena, "%s/" LAST_RUN_FILE, folder) : NULL;
    struct entry *entry;
    struct stat seen;
    bool found;

    if (!file)
        return spile_fail_nomem(err);
    if (!pipeline_name_is_valid(name) || stat(folder, &seen) || !S_ISDIR(seen.st_mode))
        return SPILE_OK;
    entry = new_entry(l);
    if (!entry || !(entry->name = arena_copy(&l->arena, name, strlen(name))))
        return spile_fail_nomem(err);
    entry->known = !last_run_read(&entry->last, file, &l->arena, &found, NULL) && found && !stat(file, &seen);
    if (entry->known)
        entry->time = seen.st_mtim;
    return SPILE_OK;
}

/* The newest first, as dlt lists them. */
static int compare_entries(const void *a, const void *b)
{
    const struct entry *first = a, *second = b;

    if (first->time.tv_sec != second->time.tv_sec)
        return first->time.tv_sec < second->time.tv_sec ? 1 : -1;
    if (first->time.tv_nsec != second->time.tv_nsec)
        return first->time.tv_nsec < second->time.tv_nsec ? 1 : -1;
    return strcmp(first->name, second->name);
}

static bool write_entry(const struct entry *entry, yyjson_mut_doc *doc, yyjson_mut_val *list)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
    char time[TIMESTAMP_CHARS];

    if (!yyjson_mut_obj_add_str(doc, object, "name", entry->name) || !entry->known)
        return object;
    timestamp_format((int64_t)entry->time.tv_sec * 1000000, time);
    return yyjson_mut_obj_add_strcpy(doc, object, "last_run", time) && yyjson_mut_obj_add_str(doc, object, "database", entry->last.path) &&
           yyjson_mut_obj_add_str(doc, object, "dataset", entry->last.dataset);
}

static enum spile_status write_listing(const struct listing *l, struct spile_item *found, struct spile_error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
    bool ok = yyjson_mut_obj_add_str(doc, root, "folder", l->folder) && (list = yyjson_mut_obj_add_arr(doc, root, "pipelines"));

    for (size_t i = 0; ok && i < l->count; i++)
        ok = write_entry(&l->entries[i], doc, list);
    ok = ok && item_load_value(found, root);
    yyjson_mut_doc_free(doc);
    return ok ? SPILE_OK : spile_fail_nomem(err);
}

enum spile_status spile_pipelines(struct spile_item *found, const char *data_dir, struct spile_error *err)
{
    struct listing listing = { 0 };
    enum spile_status status;

    listing.folder = pipelines_folder(data_dir, &listing.arena);
    status = listing.folder ? folder_each(listing.folder, add_entry, &listing, err) : spile_fail_nomem(err);
    if (listing.count)
        qsort(listing.entries, listing.count, sizeof(*listing.entries), compare_entries);
    if (!status)
        status = write_listing(&listing, found, err);
    free(listing.entries);
    arena_release(&listing.arena);
    return status;
}
