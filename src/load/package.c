#include "load/package.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/clock.h"
#include "base/file.h"
#include "data/json_text.h"

#define MANIFEST_NAME "manifest.json"
#define MANIFEST_FORMAT 1
#define TAG_CHARS 40

bool load_id_is_valid(const char *load_id)
{
    size_t length = strlen(load_id);

    return length >= 1 && length <= 64 && *load_id != '.' &&
           strspn(load_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == length;
}

static char *path_in(const struct package *package, const char *name)
{
    struct text path = { 0 };

    text_printf(&path, "%s/%s", package->folder, name);
    if (!path.failed)
        return path.text;
    text_release(&path);
    return NULL;
}

static bool set_folder(struct package *package, const char *packages_folder, const char *load_id)
{
    struct text folder = { 0 };

    text_printf(&folder, "%s/%s", packages_folder, load_id);
    package->folder = folder.text;
    snprintf(package->load_id, sizeof(package->load_id), "%s", load_id);
    return !folder.failed;
}

enum spile_status package_create(struct package *package, const char *packages_folder, const char *load_id, struct schema *schema,
                                 struct spile_error *err)
{
    enum spile_status status;

    *package = (struct package){ .schema = schema };
    if (!set_folder(package, packages_folder, load_id))
        return spile_fail_nomem(err);
    status = folder_remove(package->folder, err);
    return status ? status : folder_make(package->folder, err);
}

void package_release(struct package *package)
{
    for (uint32_t i = 0; i < package->table_count; i++) {
        free(package->tables[i]->file);
        free(package->tables[i]->has_column);
        free(package->tables[i]->schema_message);
        free(package->tables[i]);
    }
    free(package->tables);
    free(package->by_table);
    free(package->replaced);
    free(package->complete);
    free(package->folder);
    free(package->sources);
    free(package->base_sources_hash);
    for (uint32_t i = 0; i < package->dropped_count; i++)
        free(package->dropped[i]);
    free(package->dropped);
    *package = (struct package){ 0 };
}

enum spile_status package_remove(struct package *package, struct spile_error *err)
{
    return package->folder ? folder_remove(package->folder, err) : SPILE_OK;
}

enum spile_status package_discard(const char *packages_folder, const char *load_id, struct spile_error *err)
{
    struct text folder = { 0 };
    enum spile_status status;

    text_printf(&folder, "%s/%s", packages_folder, load_id);
    status = folder.failed ? spile_fail_nomem(err) : folder_remove(folder.text, err);
    text_release(&folder);
    return status;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

/* A file name made from the table's, without its dangers: [a-z0-9_] only, told apart by a hash. */
static char *file_name(const struct table *table)
{
    struct text name = { 0 };

    for (const char *c = table->name; *c && name.length < TAG_CHARS; c++)
        text_putc(&name, (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ? *c : '_');
    text_printf(&name, "-%08x.arrows", (unsigned)XXH3_64bits(table->name, strlen(table->name)));
    if (!name.failed)
        return name.text;
    text_release(&name);
    return NULL;
}

static bool remember_table(struct package *package, struct package_table *entry)
{
    uint32_t needed = entry->table->index + 1;

    if (needed > package->by_table_count) {
        struct package_table **by_table = realloc(package->by_table, needed * sizeof(*by_table));

        if (!by_table)
            return false;
        memset(by_table + package->by_table_count, 0, (needed - package->by_table_count) * sizeof(*by_table));
        package->by_table = by_table;
        package->by_table_count = needed;
    }
    if (package->table_count == package->table_capacity) {
        uint32_t capacity = package->table_capacity ? package->table_capacity * 2 : 16;
        struct package_table **tables = realloc(package->tables, capacity * sizeof(*tables));

        if (!tables)
            return false;
        package->tables = tables;
        package->table_capacity = capacity;
    }
    package->by_table[needed - 1] = entry;
    package->tables[package->table_count++] = entry;
    return true;
}

static struct package_table *add_table(struct package *package, struct table *table)
{
    struct package_table *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return NULL;
    entry->table = table;
    entry->file = file_name(table);
    if (entry->file && remember_table(package, entry))
        return entry;
    free(entry->file);
    free(entry);
    return NULL;
}

static struct package_table *table_of(struct package *package, struct table *table)
{
    if (table->index < package->by_table_count && package->by_table[table->index])
        return package->by_table[table->index];
    return add_table(package, table);
}

static bool mark_columns(struct package_table *entry, const uint32_t *columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i] >= entry->column_count) {
            uint32_t wanted = columns[i] + 16;
            uint8_t *marks = realloc(entry->has_column, wanted);

            if (!marks)
                return false;
            memset(marks + entry->column_count, 0, wanted - entry->column_count);
            entry->has_column = marks;
            entry->column_count = wanted;
        }
        entry->has_column[columns[i]] = 1;
    }
    return true;
}

bool package_has_column(const struct package_table *table, const struct column *column)
{
    return column->index < table->column_count && table->has_column[column->index];
}

bool package_move_last(struct package_table *entry, uint32_t index)
{
    uint32_t last = entry->table->column_count - 1;
    bool has = index < entry->column_count && entry->has_column[index];

    if (has && !mark_columns(entry, &last, 1))
        return false;
    for (uint32_t i = index; i < last && i < entry->column_count; i++)
        entry->has_column[i] = i + 1 < entry->column_count && entry->has_column[i + 1];
    if (last < entry->column_count)
        entry->has_column[last] = has;
    return true;
}

static void note_written(struct package_table *entry, size_t bytes)
{
    entry->file_bytes += bytes;
    entry->modified = clock_micros();
    if (!entry->created)
        entry->created = entry->modified;
}

/* Leaves the schema message out when it is the one that stands in the file already. */
static enum spile_status append_batch(struct package *package, struct package_table *entry, const struct batch_bytes *bytes,
                                      struct spile_error *err)
{
    bool repeated = entry->schema_message && entry->schema_length == bytes->schema_length &&
                    !memcmp(entry->schema_message, bytes->bytes, bytes->schema_length);
    size_t from = repeated ? bytes->schema_length : 0;
    char *path = path_in(package, entry->file);
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    enum spile_status status;

    if (!path)
        return spile_fail_nomem(err);
    status = fd < 0 ? spile_fail_errno(err, SPILE_FAILED, errno, "can't write \"%s\"", path)
                    : file_write(fd, path, bytes->bytes + from, bytes->length - from, err);
    if (fd >= 0 && close(fd) && !status)
        status = spile_fail_errno(err, SPILE_FAILED, errno, "can't write \"%s\"", path);
    free(path);
    if (!status)
        note_written(entry, bytes->length - from);
    if (status || repeated)
        return status;
    free(entry->schema_message);
    entry->schema_length = bytes->schema_length;
    entry->schema_message = malloc(bytes->schema_length);
    if (!entry->schema_message)
        return spile_fail_nomem(err);
    memcpy(entry->schema_message, bytes->bytes, bytes->schema_length);
    return SPILE_OK;
}

enum spile_status package_put(struct package *package, struct table_batch *batch, struct spile_error *err)
{
    struct package_table *entry = table_of(package, batch->table);
    enum spile_status status = SPILE_OK;

    if (!entry || !mark_columns(entry, batch->columns, batch->column_count))
        status = spile_fail_nomem(err);
    if (!status && batch->rows)
        status = append_batch(package, entry, &batch->bytes, err);
    if (!status) {
        entry->rows += batch->rows;
        entry->bytes += batch->bytes.length;
        package->rows += batch->rows;
    }
    table_batch_release(batch);
    return status;
}

bool package_has_table(const struct package *package, const struct table *table)
{
    return table->index < package->by_table_count && package->by_table[table->index];
}

bool package_has_root(const struct package *package, const struct table *table)
{
    for (uint32_t i = 0; i < package->table_count; i++)
        if (table_root(package->tables[i]->table) == table_root(table))
            return true;
    return false;
}

static enum spile_status add_index(uint32_t **list, uint32_t *count, uint32_t index, struct spile_error *err)
{
    uint32_t *longer = realloc(*list, (*count + 1) * sizeof(*longer));

    if (!longer)
        return spile_fail_nomem(err);
    *list = longer;
    longer[(*count)++] = index;
    return SPILE_OK;
}

static bool has_index(const uint32_t *list, uint32_t count, uint32_t index)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == index)
            return true;
    return false;
}

enum spile_status package_replace(struct package *package, const struct table *table, struct spile_error *err)
{
    return add_index(&package->replaced, &package->replaced_count, table->index, err);
}

bool package_replaces(const struct package *package, const struct table *table)
{
    return has_index(package->replaced, package->replaced_count, table_root(table)->index);
}

enum spile_status package_complete(struct package *package, const struct table *root, struct spile_error *err)
{
    return add_index(&package->complete, &package->complete_count, root->index, err);
}

bool package_is_complete(const struct package *package, const struct table *root)
{
    return has_index(package->complete, package->complete_count, root->index);
}

bool package_is_empty(const struct package *package)
{
    return !package->table_count && !package->replaced_count && !package->complete_count && !package->sources && !package->dropped_count;
}

enum spile_status package_drop(struct package *package, const char *table, struct spile_error *err)
{
    char **dropped = realloc(package->dropped, (package->dropped_count + 1) * sizeof(char *));

    if (!dropped)
        return spile_fail_nomem(err);
    package->dropped = dropped;
    dropped[package->dropped_count] = strdup(table);
    if (!dropped[package->dropped_count])
        return spile_fail_nomem(err);
    package->dropped_count++;
    return SPILE_OK;
}

enum spile_status package_set_sources(struct package *package, const char *sources, const char *base_sources_hash, struct spile_error *err)
{
    free(package->sources);
    free(package->base_sources_hash);
    package->sources = strdup(sources);
    package->base_sources_hash = strdup(base_sources_hash);
    return package->sources && package->base_sources_hash ? SPILE_OK : spile_fail_nomem(err);
}

/* ---- manifest ------------------------------------------------------------------------------------------------------------------- */

static bool add_manifest_table(yyjson_mut_doc *doc, yyjson_mut_val *list, const struct package_table *entry)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list), *columns;

    if (!yyjson_mut_obj_add_strcpy(doc, object, "name", entry->table->name) ||
        !yyjson_mut_obj_add_strcpy(doc, object, "file", entry->file) || !yyjson_mut_obj_add_uint(doc, object, "rows", entry->rows) ||
        !yyjson_mut_obj_add_uint(doc, object, "bytes", entry->bytes) || !(columns = yyjson_mut_obj_add_arr(doc, object, "columns")))
        return false;
    for (uint32_t i = 0; i < entry->table->column_count; i++)
        if (package_has_column(entry, entry->table->columns[i]) && !yyjson_mut_arr_add_uint(doc, columns, i))
            return false;
    return true;
}

static bool add_manifest_indexes(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name, const uint32_t *list, uint32_t count)
{
    yyjson_mut_val *indexes = yyjson_mut_obj_add_arr(doc, root, name);
    bool ok = indexes;

    for (uint32_t i = 0; ok && i < count; i++)
        ok = yyjson_mut_arr_add_uint(doc, indexes, list[i]);
    return ok;
}

static char *manifest_text(const struct package *package, const char *base_hash, bool durable, size_t *length)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *tables, *dropped;
    size_t schema_length;
    char *schema = schema_write(package->schema, &schema_length), *text = NULL;
    bool ok;

    yyjson_mut_doc_set_root(doc, root);
    ok = schema && yyjson_mut_obj_add_uint(doc, root, "format", MANIFEST_FORMAT) &&
         yyjson_mut_obj_add_strcpy(doc, root, "load_id", package->load_id) && yyjson_mut_obj_add_bool(doc, root, "keep", durable) &&
         yyjson_mut_obj_add_strcpy(doc, root, "base_schema_hash", base_hash) && (tables = yyjson_mut_obj_add_arr(doc, root, "tables")) &&
         add_manifest_indexes(doc, root, "replaced", package->replaced, package->replaced_count) &&
         add_manifest_indexes(doc, root, "complete", package->complete, package->complete_count) && (dropped = yyjson_mut_obj_add_arr(doc, root, "dropped"));
    for (uint32_t i = 0; ok && i < package->dropped_count; i++)
        ok = yyjson_mut_arr_add_str(doc, dropped, package->dropped[i]);
    for (uint32_t i = 0; ok && i < package->table_count; i++)
        ok = add_manifest_table(doc, tables, package->tables[i]);
    if (ok && package->sources)
        ok = yyjson_mut_obj_add_str(doc, root, "sources", package->sources) && yyjson_mut_obj_add_str(doc, root, "base_sources_hash", package->base_sources_hash);
    if (ok && yyjson_mut_obj_add_strn(doc, root, "schema", schema, schema_length))
        text = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, length);
    yyjson_mut_doc_free(doc);
    free(schema);
    return text;
}

static enum spile_status sync_tables(const struct package *package, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (uint32_t i = 0; !status && i < package->table_count; i++) {
        char *path;

        if (!package->tables[i]->rows) /* then there is no file */
            continue;
        path = path_in(package, package->tables[i]->file);
        status = path ? file_sync(path, err) : spile_fail_nomem(err);
        free(path);
    }
    return status;
}

enum spile_status package_seal(struct package *package, const char *base_hash, bool durable, struct spile_error *err)
{
    size_t length;
    char *text = manifest_text(package, base_hash, durable, &length), *path = path_in(package, MANIFEST_NAME);
    enum spile_status status = text && path ? SPILE_OK : spile_fail_nomem(err);

    if (!status && durable)
        status = sync_tables(package, err);
    if (!status)
        status = file_replace(path, text, length, durable, err);
    free(text);
    free(path);
    return status;
}

static enum spile_status fail_manifest(const struct package *package, struct spile_error *err)
{
    spile_fail(err, SPILE_FAILED, "load package \"%s\" has a damaged manifest", package->folder);
    return spile_hint(err, SPILE_FAILED, "remove this folder to discard the package; what it holds is not loaded");
}

static enum spile_status read_manifest_table(struct package *package, yyjson_val *object, struct spile_error *err)
{
    const char *name = yyjson_get_str(yyjson_obj_get(object, "name"));
    struct table *table = name ? schema_find_table(package->schema, name) : NULL;
    struct package_table *entry = table ? add_table(package, table) : NULL;
    yyjson_arr_iter iter = yyjson_arr_iter_with(yyjson_obj_get(object, "columns"));
    yyjson_val *index;

    if (!entry)
        return table ? spile_fail_nomem(err) : fail_manifest(package, err);
    entry->rows = yyjson_get_uint(yyjson_obj_get(object, "rows"));
    entry->bytes = yyjson_get_uint(yyjson_obj_get(object, "bytes"));
    package->rows += entry->rows;
    while ((index = yyjson_arr_iter_next(&iter))) {
        uint32_t column = (uint32_t)yyjson_get_uint(index);

        if (column >= table->column_count)
            return fail_manifest(package, err);
        if (!mark_columns(entry, &column, 1))
            return spile_fail_nomem(err);
    }
    return SPILE_OK;
}

static enum spile_status read_sources(struct package *package, yyjson_val *root, struct spile_error *err)
{
    const char *sources = yyjson_get_str(yyjson_obj_get(root, "sources")), *hash = yyjson_get_str(yyjson_obj_get(root, "base_sources_hash"));

    if (!sources)
        return SPILE_OK;
    return hash ? package_set_sources(package, sources, hash, err) : fail_manifest(package, err);
}

/* A list of tables by their index. */
static enum spile_status read_tables(struct package *package, yyjson_val *list,
                                     enum spile_status (*take)(struct package *package, const struct table *table, struct spile_error *err),
                                     struct spile_error *err)
{
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    yyjson_val *index;
    enum spile_status status = SPILE_OK;

    while (!status && (index = yyjson_arr_iter_next(&iter)))
        status = yyjson_get_uint(index) < package->schema->table_count ? take(package, package->schema->tables[yyjson_get_uint(index)], err)
                                                                       : fail_manifest(package, err);
    return status;
}

static enum spile_status read_manifest(struct package *package, struct schema **schema, char **base_hash, yyjson_val *root,
                                       struct spile_error *err)
{
    yyjson_val *text = yyjson_obj_get(root, "schema"), *hash = yyjson_obj_get(root, "base_schema_hash"), *object;
    yyjson_arr_iter iter = yyjson_arr_iter_with(yyjson_obj_get(root, "tables"));
    enum spile_status status;

    if (!yyjson_is_str(text) || !yyjson_is_str(hash) || yyjson_get_uint(yyjson_obj_get(root, "format")) != MANIFEST_FORMAT)
        return fail_manifest(package, err);
    status = schema_read(schema, yyjson_get_str(text), yyjson_get_len(text), &(const struct naming){ 0 }, err);
    if (status)
        return status;
    package->schema = *schema;
    *base_hash = strdup(yyjson_get_str(hash));
    if (!*base_hash)
        return spile_fail_nomem(err);
    status = read_sources(package, root, err);
    while (!status && (object = yyjson_arr_iter_next(&iter)))
        status = read_manifest_table(package, object, err);
    iter = yyjson_arr_iter_with(yyjson_obj_get(root, "dropped"));
    while (!status && (object = yyjson_arr_iter_next(&iter)))
        status = yyjson_is_str(object) ? package_drop(package, yyjson_get_str(object), err) : fail_manifest(package, err);
    if (!status)
        status = read_tables(package, yyjson_obj_get(root, "replaced"), package_replace, err);
    return status ? status : read_tables(package, yyjson_obj_get(root, "complete"), package_complete, err);
}

static enum spile_status open_manifest(struct package *package, yyjson_doc **doc, bool *found, struct spile_error *err)
{
    char *path = path_in(package, MANIFEST_NAME);
    struct text text = { 0 };
    bool nomem = false;
    enum spile_status status = path ? file_read(path, &text, found, err) : spile_fail_nomem(err);

    *doc = !status && *found ? json_text_read(text.text ? text.text : "", text.length, &nomem) : NULL;
    if (!status && *found && !*doc)
        status = nomem ? spile_fail_nomem(err) : fail_manifest(package, err);
    text_release(&text);
    free(path);
    return status;
}

enum spile_status package_open(struct package *package, struct schema **schema, char **base_hash, const char *packages_folder,
                               const char *load_id, bool *found, struct spile_error *err)
{
    yyjson_doc *doc = NULL;
    enum spile_status status;

    *package = (struct package){ 0 };
    *schema = NULL;
    *base_hash = NULL;
    if (!set_folder(package, packages_folder, load_id))
        return spile_fail_nomem(err);
    status = open_manifest(package, &doc, found, err);
    if (doc)
        status = read_manifest(package, schema, base_hash, yyjson_doc_get_root(doc), err);
    yyjson_doc_free(doc);
    return status;
}

enum spile_status package_is_pending(const char *packages_folder, const char *load_id, bool *pending, struct spile_error *err)
{
    struct package package = { 0 };
    yyjson_doc *doc = NULL;
    bool found = false;
    enum spile_status status =
        set_folder(&package, packages_folder, load_id) ? open_manifest(&package, &doc, &found, err) : spile_fail_nomem(err);

    *pending = doc && yyjson_get_bool(yyjson_obj_get(yyjson_doc_get_root(doc), "keep"));
    yyjson_doc_free(doc);
    package_release(&package);
    return status;
}
