/* A destination without SQL, as small as one can be: a folder with a file of JSON lines for each table of each load. The manifest lists them, and has the
 * bookkeeping; a file that it does not list does not exist. Its rename is the commit.
 *
 *   FOLDER/<dataset>.json           {"tables": {name: {"columns": [[name, type, nullable]], "files": [name]}}, "rows": {table: [row]}}
 *   FOLDER/<dataset>-<load>-N.jsonl */
#include "destination/jsonlines/jsonlines.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yyjson.h>

#include "base/clock.h"
#include "base/file.h"
#include "data/json_text.h"
#include "data/timestamp.h"

struct jsonlines {
    struct destination base;
    char *folder;
    yyjson_mut_doc *doc; /* the manifest of the transaction's dataset; NULL: there is no transaction */
    char *manifest;      /* its path */
    struct text files;   /* paths that this transaction has made, each with its terminator */
    unsigned count;
    _Atomic bool interrupted;
};

/* ---- manifest ------------------------------------------------------------------------------------------------------------------- */

static enum spile_status manifest_read(const struct jsonlines *d, const char *dataset, yyjson_mut_doc **out, struct spile_error *err)
{
    struct text path = { 0 }, text = { 0 };
    yyjson_doc *doc = NULL;
    bool found = false;
    enum spile_status status;

    text_printf(&path, "%s/%s.json", d->folder, dataset);
    status = path.failed ? spile_fail_nomem(err) : file_read(path.text, &text, &found, err);
    if (!status)
        doc = found ? json_text_parse(text.text, text.length) : json_text_parse("{\"tables\":{},\"rows\":{}}", 23);
    *out = doc ? yyjson_doc_mut_copy(doc, NULL) : NULL;
    if (!status && !*out)
        status = spile_fail(err, SPILE_DESTINATION, "\"%s\" is damaged", path.text);
    yyjson_doc_free(doc);
    text_release(&text);
    text_release(&path);
    return status;
}

static yyjson_mut_val *table_of(yyjson_mut_doc *doc, const char *table)
{
    return yyjson_mut_obj_get(yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "tables"), table);
}

static yyjson_mut_val *rows_of(yyjson_mut_doc *doc, const char *table)
{
    return yyjson_mut_obj_get(yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "rows"), table);
}

static const char *text_at(yyjson_mut_val *row, const char *name)
{
    const char *text = yyjson_mut_get_str(yyjson_mut_obj_get(row, name));

    return text ? text : "";
}

/* ---- transaction ---------------------------------------------------------------------------------------------------------------- */

static void end(struct jsonlines *d, bool keep)
{
    for (size_t i = 0; !keep && i < d->files.length; i += strlen(d->files.text + i) + 1)
        unlink(d->files.text + i);
    text_release(&d->files);
    yyjson_mut_doc_free(d->doc);
    free(d->manifest);
    d->doc = NULL;
    d->manifest = NULL;
}

static enum spile_status begin(struct destination *destination, const char *dataset, const char *lease, struct spile_error *err)
{
    struct jsonlines *d = (struct jsonlines *)destination;
    struct text path = { 0 };
    enum spile_status status = folder_make(d->folder, err);

    (void)lease; /* one pipeline for a folder */
    text_printf(&path, "%s/%s.json", d->folder, dataset);
    if (!status && path.failed)
        status = spile_fail_nomem(err);
    d->manifest = path.text;
    return status ? status : manifest_read(d, dataset, &d->doc, err);
}

static enum spile_status commit(struct destination *destination, struct spile_error *err)
{
    struct jsonlines *d = (struct jsonlines *)destination;
    size_t length;
    char *text = json_text_write(yyjson_mut_doc_get_root(d->doc), &length);
    enum spile_status status = text ? file_replace(d->manifest, text, length, true, err) : spile_fail_nomem(err);

    free(text);
    if (!status)
        end(d, true);
    return status;
}

static enum spile_status rollback(struct destination *destination)
{
    struct jsonlines *d = (struct jsonlines *)destination;

    if (!d->doc)
        return SPILE_DESTINATION;
    end(d, false);
    return SPILE_OK;
}

/* ---- catalog and bookkeeping ---------------------------------------------------------------------------------------------------- */

/* The transaction's manifest, or that of the file (to be freed by the caller, who gets it in *own). */
static enum spile_status view(struct jsonlines *d, const char *dataset, yyjson_mut_doc **doc, yyjson_mut_doc **own, struct spile_error *err)
{
    enum spile_status status = d->doc ? SPILE_OK : manifest_read(d, dataset, own, err);

    *doc = d->doc ? d->doc : *own;
    return status;
}

static enum spile_status read_catalog(struct destination *destination, const char *dataset, struct arena *arena, struct catalog *catalog,
                                      struct spile_error *err)
{
    yyjson_mut_doc *doc, *own = NULL;
    yyjson_mut_val *key, *value, *tables;
    size_t i, count;
    enum spile_status status = view((struct jsonlines *)destination, dataset, &doc, &own, err);

    *catalog = (struct catalog){ .has_dataset = true, .exact_names = true };
    tables = status ? NULL : yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "tables");
    catalog->tables = arena_alloc(arena, (yyjson_mut_obj_size(tables) + 1) * sizeof(*catalog->tables));
    if (!status && !catalog->tables)
        status = spile_fail_nomem(err);
    yyjson_mut_obj_foreach(tables, i, count, key, value)
        if (!status)
            catalog->tables[catalog->table_count++] =
                (struct catalog_table){ .name = arena_copy(arena, yyjson_mut_get_str(key), yyjson_mut_get_len(key)), .exact_names = true };
    catalog_sort(catalog);
    yyjson_mut_doc_free(own);
    return status;
}

static enum spile_status read_table_columns(struct destination *destination, const char *dataset, struct catalog_table *table, struct arena *arena,
                                            struct spile_error *err)
{
    yyjson_mut_doc *doc, *own = NULL;
    yyjson_mut_val *value, *list;
    size_t i, count;
    enum spile_status status = view((struct jsonlines *)destination, dataset, &doc, &own, err);
    struct catalog_column *columns;

    list = status ? NULL : yyjson_mut_obj_get(table_of(doc, table->name), "columns");
    columns = arena_alloc(arena, (yyjson_mut_arr_size(list) + 1) * sizeof(*columns));
    if (!status && !columns)
        status = spile_fail_nomem(err);
    yyjson_mut_arr_foreach(list, i, count, value)
        if (!status)
            columns[table->column_count++] = (struct catalog_column){
                .name = arena_printf(arena, "%s", yyjson_mut_get_str(yyjson_mut_arr_get(value, 0))),
                .type = arena_printf(arena, "%s", yyjson_mut_get_str(yyjson_mut_arr_get(value, 1))),
                .nullable = yyjson_mut_get_bool(yyjson_mut_arr_get(value, 2)),
            };
    table->columns = columns;
    catalog_sort_columns(columns, table->column_count);
    yyjson_mut_doc_free(own);
    return status;
}

static enum spile_status read_columns(struct destination *destination, const char *dataset, struct catalog_table *const *tables, size_t count,
                                      struct arena *arena, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < count; i++)
        status = read_table_columns(destination, dataset, tables[i], arena, err);
    return status;
}

static yyjson_mut_val *newest(yyjson_mut_val *rows, const char *name, const char *wanted, const char *with_version)
{
    yyjson_mut_val *row, *found = NULL;
    size_t i, count;

    yyjson_mut_arr_foreach(rows, i, count, row)
        if (!strcmp(text_at(row, name), wanted) && (!with_version || !strncmp(text_at(row, "version_hash"), with_version, strlen(with_version))))
            found = row;
    return found;
}

static enum spile_status read_records(struct destination *destination, const char *dataset, const struct catalog *catalog,
                                      const struct record_query *query, struct arena *arena, struct records *records, struct spile_error *err)
{
    yyjson_mut_doc *doc, *own = NULL;
    yyjson_mut_val *row;
    enum spile_status status = view((struct jsonlines *)destination, dataset, &doc, &own, err);

    (void)catalog;
    *records = (struct records){ 0 };
    if (!status && query->pipeline && (row = newest(rows_of(doc, DLT_STATE_TABLE), "pipeline_name", query->pipeline, NULL)))
        records->state = arena_printf(arena, "%s", text_at(row, "state"));
    if (!status && query->schema_name && (row = newest(rows_of(doc, DLT_VERSION_TABLE), "schema_name", query->schema_name, query->version))) {
        records->schema = arena_printf(arena, "%s", text_at(row, "schema"));
        records->schema_hash = arena_printf(arena, "%s", text_at(row, "version_hash"));
    }
    records->has_load = !status && query->load_id && newest(rows_of(doc, DLT_LOADS_TABLE), "load_id", query->load_id, NULL);
    yyjson_mut_doc_free(own);
    return status;
}

static enum spile_status insert_row(struct destination *destination, const char *dataset, const char *table, const struct named_datum *values,
                                    size_t count, struct spile_error *err)
{
    struct jsonlines *d = (struct jsonlines *)destination;
    yyjson_mut_val *all = yyjson_mut_obj_get(yyjson_mut_doc_get_root(d->doc), "rows"), *rows = yyjson_mut_obj_get(all, table);
    yyjson_mut_val *row = yyjson_mut_obj(d->doc);
    bool ok = true;

    (void)dataset;
    if (!rows && (rows = yyjson_mut_arr(d->doc)))
        yyjson_mut_obj_add(all, yyjson_mut_strcpy(d->doc, table), rows);
    for (size_t i = 0; ok && i < count; i++) {
        const struct datum *value = &values[i].value;
        yyjson_mut_val *key = yyjson_mut_strcpy(d->doc, values[i].name);

        ok = value->kind == DATUM_TEXT ? yyjson_mut_obj_add(row, key, yyjson_mut_strncpy(d->doc, value->text.text, value->text.length))
                                       : yyjson_mut_obj_add(row, key, yyjson_mut_sint(d->doc, value->number));
    }
    return ok && yyjson_mut_arr_append(rows, row) ? SPILE_OK : spile_fail_nomem(err);
}

/* ---- changes -------------------------------------------------------------------------------------------------------------------- */

static const char *type_name(const struct column *column, struct arena *arena)
{
    (void)arena;
    return data_type_name(column->type.type);
}

static bool type_fits(const struct column *column, const char *type, const char *there)
{
    (void)column;
    return !strcmp(type, there);
}

static bool add_columns(struct jsonlines *d, const struct alteration *change)
{
    yyjson_mut_val *table = table_of(d->doc, change->table->name), *list;
    bool ok = true;

    if (!table) {
        table = yyjson_mut_obj(d->doc);
        yyjson_mut_obj_add_arr(d->doc, table, "columns");
        yyjson_mut_obj_add_arr(d->doc, table, "files");
        ok = yyjson_mut_obj_add(yyjson_mut_obj_get(yyjson_mut_doc_get_root(d->doc), "tables"), yyjson_mut_strcpy(d->doc, change->table->name), table);
    }
    list = yyjson_mut_obj_get(table, "columns");
    for (size_t i = 0; ok && i < change->column_count; i++) {
        yyjson_mut_val *column = yyjson_mut_arr_add_arr(d->doc, list);

        ok = column && yyjson_mut_arr_add_strcpy(d->doc, column, change->columns[i]->name) &&
             yyjson_mut_arr_add_str(d->doc, column, data_type_name(change->columns[i]->type.type)) &&
             yyjson_mut_arr_add_bool(d->doc, column, change->columns[i]->nullable);
    }
    return ok;
}

static void forget_versions(struct jsonlines *d, const char *schema)
{
    yyjson_mut_val *row, *rows = rows_of(d->doc, DLT_VERSION_TABLE);
    yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(rows);

    while ((row = yyjson_mut_arr_iter_next(&iter)))
        if (!strcmp(text_at(row, "schema_name"), schema))
            yyjson_mut_arr_iter_remove(&iter);
}

static enum spile_status alter(struct destination *destination, const char *dataset, const struct alteration *change, struct spile_error *err)
{
    struct jsonlines *d = (struct jsonlines *)destination;

    (void)dataset;
    switch (change->kind) {
    case ALTER_CREATE_TABLE:
    case ALTER_ADD_COLUMNS:
        return add_columns(d, change) ? SPILE_OK : spile_fail_nomem(err);
    case ALTER_DROP_TABLE:
        yyjson_mut_obj_remove_key(yyjson_mut_obj_get(yyjson_mut_doc_get_root(d->doc), "tables"), change->name);
        return SPILE_OK;
    case ALTER_EMPTY_TABLE:
        yyjson_mut_arr_clear(yyjson_mut_obj_get(table_of(d->doc, change->name), "files"));
        return SPILE_OK;
    case ALTER_FORGET_VERSIONS:
        forget_versions(d, change->name);
        return SPILE_OK;
    case ALTER_CREATE_DATASET:
    case ALTER_STAGE_TABLE: /* caps.merges is 0, */
    case ALTER_FILL_ROOT_IDS:
    case ALTER_CONSTRAIN_TABLE: /* so is caps.has_unique, */
    case ALTER_SWAP_TABLE:  /* and caps.replaces has no such strategy */
        break;
    }
    return SPILE_OK;
}

static enum spile_status describe(struct destination *destination, const char *dataset, const struct alteration *change, struct arena *arena,
                                  struct statements *statements, struct spile_error *err)
{
    static const char *const words[] = { [ALTER_CREATE_DATASET] = "make the folder", [ALTER_CREATE_TABLE] = "make", [ALTER_ADD_COLUMNS] = "widen",
                                         [ALTER_DROP_TABLE] = "drop", [ALTER_EMPTY_TABLE] = "empty", [ALTER_FORGET_VERSIONS] = "forget versions of" };
    const char *name = change->name ? change->name : change->table ? change->table->name : dataset;

    (void)destination;
    return statements_add(statements, arena_printf(arena, "%s %s", words[change->kind], name), arena, err);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

static void put_value(struct text *line, const struct ArrowArrayView *array, int64_t row, const struct column_type *type)
{
    char text[TIMESTAMP_CHARS];
    struct ArrowStringView string;
    struct ArrowDecimal decimal;
    struct ArrowBuffer digits;

    switch (type->type) {
    case TYPE_BIGINT:
        text_printf(line, "%lld", (long long)ArrowArrayViewGetIntUnsafe(array, row));
        return;
    case TYPE_BOOL:
        text_puts(line, ArrowArrayViewGetIntUnsafe(array, row) ? "true" : "false");
        return;
    case TYPE_DOUBLE:
        text_printf(line, "%.17g", ArrowArrayViewGetDoubleUnsafe(array, row));
        return;
    case TYPE_TIMESTAMP:
        json_text_string(line, (struct slice){ text, timestamp_format(ArrowArrayViewGetIntUnsafe(array, row), text) });
        return;
    case TYPE_DATE:
        json_text_string(line, (struct slice){ text, date_format((int32_t)ArrowArrayViewGetIntUnsafe(array, row), text) });
        return;
    case TYPE_TIME:
        json_text_string(line, (struct slice){ text, time_format(ArrowArrayViewGetIntUnsafe(array, row), text) });
        return;
    case TYPE_DECIMAL:
    case TYPE_WEI:
        ArrowDecimalInit(&decimal, 128, column_type_precision(type), column_type_scale(type));
        ArrowArrayViewGetDecimalUnsafe(array, row, &decimal);
        ArrowBufferInit(&digits);
        if (ArrowDecimalAppendStringToBuffer(&decimal, &digits))
            line->failed = true;
        else
            json_text_string(line, (struct slice){ (const char *)digits.data, (size_t)digits.size_bytes });
        ArrowBufferReset(&digits);
        return;
    case TYPE_TEXT:
    case TYPE_JSON:
    case TYPE_BINARY: /* as text: this is a test */
    case TYPE_UNKNOWN:
        break;
    }
    string = ArrowArrayViewGetStringUnsafe(array, row);
    json_text_string(line, (struct slice){ string.data, (size_t)string.size_bytes });
}

static void put_row(struct text *lines, const struct ingest *ingest, const struct ArrowArrayView *batch, int64_t row)
{
    int64_t child = 0;

    text_putc(lines, '{');
    for (size_t i = 0; i < ingest->column_count; i++) {
        const struct ingest_column *column = &ingest->columns[i];
        const struct ArrowArrayView *array = column->in_stream ? batch->children[child++] : NULL;

        text_puts(lines, i ? "," : "");
        json_text_string(lines, slice_of(column->column->name));
        text_putc(lines, ':');
        if (array && !ArrowArrayViewIsNull(array, row))
            put_value(lines, array, row, &column->column->type);
        else if (column->otherwise)
            json_text_string(lines, slice_of(column->otherwise));
        else
            text_puts(lines, "null");
    }
    text_puts(lines, "}\n");
}

static enum spile_status read_rows(struct jsonlines *d, const struct ingest *ingest, struct ArrowArrayStream *stream, struct text *lines,
                                   uint64_t *inserted, struct spile_error *err)
{
    struct ArrowSchema schema = { 0 };
    struct ArrowArray array = { 0 };
    struct ArrowArrayView batch;
    enum spile_status status = SPILE_OK;

    *inserted = 0;
    if (stream->get_schema(stream, &schema) || ArrowArrayViewInitFromSchema(&batch, &schema, NULL))
        return spile_fail(err, SPILE_DESTINATION, "the rows have no schema");
    while (!status && !stream->get_next(stream, &array) && array.release) {
        if (d->interrupted || ArrowArrayViewSetArray(&batch, &array, NULL))
            status = spile_fail(err, SPILE_DESTINATION, "interrupted");
        for (int64_t row = 0; !status && row < array.length; row++)
            put_row(lines, ingest, &batch, row);
        *inserted += (uint64_t)array.length;
        array.release(&array);
    }
    ArrowArrayViewReset(&batch);
    schema.release(&schema);
    return !status && lines->failed ? spile_fail_nomem(err) : status;
}

static enum spile_status ingest(struct destination *destination, const struct ingest *what, struct ArrowArrayStream *stream, uint64_t *inserted,
                                struct spile_error *err)
{
    struct jsonlines *d = (struct jsonlines *)destination;
    struct text lines = { 0 }, path = { 0 };
    const char *name;
    enum spile_status status = read_rows(d, what, stream, &lines, inserted, err);

    stream->release(stream);
    text_printf(&path, "%s/%s-%lld-%u.jsonl", d->folder, what->dataset, (long long)clock_micros(), d->count++);
    if (!status)
        status = path.failed ? spile_fail_nomem(err) : file_replace(path.text, lines.text, lines.length, true, err);
    name = path.text + strlen(d->folder) + 1;
    if (!status && !yyjson_mut_arr_add_strcpy(d->doc, yyjson_mut_obj_get(table_of(d->doc, what->table->name), "files"), name))
        status = spile_fail_nomem(err);
    text_append(&d->files, path.text, path.length + 1);
    text_release(&path);
    text_release(&lines);
    return status;
}

/* ---- open and close ------------------------------------------------------------------------------------------------------------- */

static enum spile_status locate(char *path, char *version, size_t size, struct spile_error *err)
{
    (void)err;
    snprintf(path, size, "built in");
    snprintf(version, size, "1");
    return SPILE_OK;
}

static enum spile_status close_folder(struct destination *destination, struct spile_error *err)
{
    struct jsonlines *d = (struct jsonlines *)destination;

    (void)err;
    if (!d)
        return SPILE_OK;
    end(d, false);
    free(d->folder);
    free(d);
    return SPILE_OK;
}

static enum spile_status open_folder(struct destination **out, const struct destination_options *options, struct spile_error *err)
{
    struct jsonlines *d = calloc(1, sizeof(*d));

    *out = NULL;
    if (!d || !(d->folder = strdup(options->location))) {
        free(d);
        return spile_fail_nomem(err);
    }
    d->base.ops = &jsonlines_destination;
    *out = &d->base;
    return SPILE_OK;
}

static void interrupt(struct destination *destination)
{
    ((struct jsonlines *)destination)->interrupted = true;
}

static const char *const extensions[] = { ".jsonlines", NULL };

const struct destination_ops jsonlines_destination = {
    .scheme = "jsonlines",
    .summary = "a folder of JSON lines: jsonlines:FOLDER",
    .extensions = extensions,
    .caps = { .dlt_type = "jsonlines", .name_length_max = 65536, .has_path = true, .batch_rows = 65536, .decimal_digits_max = 38,
              .replaces = 1u << REPLACE_TRUNCATE_AND_INSERT },
    .locate = locate,
    .open = open_folder,
    .close = close_folder,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .read_catalog = read_catalog,
    .read_columns = read_columns,
    .type_name = type_name,
    .type_fits = type_fits,
    .read_records = read_records,
    .alter = alter,
    .describe = describe,
    .ingest = ingest,
    .insert_row = insert_row,
    .interrupt = interrupt,
};
