/* A user's statement and its rows. DuckDB turns its chunks into Arrow's form itself; as long as it only reads it makes them one after another, so a result
 * may be larger than memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "destination/duckdb/session.h"

#define TYPE_DEPTH_MAX 64

struct answer {
    struct duckdb *d;
    duckdb_prepared_statement statement;
    duckdb_result result;
    duckdb_arrow_options options;
    bool cancelled, ended;
    char error[sizeof(((struct spile_error *)0)->message) + sizeof(((struct spile_error *)0)->hint) + 2];
};

static void answer_free(struct answer *a)
{
    a->d->api.destroy_arrow_options(&a->options);
    a->d->api.destroy_result(&a->result);
    a->d->api.destroy_prepare(&a->statement);
    free(a);
}

/* ---- types ---------------------------------------------------------------------------------------------------------------------- */

/* What Arrow has no equal for: DuckDB would give the bits without their meaning, or lose a part of the value. */
static const struct {
    duckdb_type type;
    const char *name;
} unlike_types[] = {
    { DUCKDB_TYPE_BIT, "BIT" },         { DUCKDB_TYPE_TIME_TZ, "TIME WITH TIME ZONE" }, { DUCKDB_TYPE_UHUGEINT, "UHUGEINT" },
    { DUCKDB_TYPE_BIGNUM, "BIGNUM" },   { DUCKDB_TYPE_VARIANT, "VARIANT" },             { DUCKDB_TYPE_GEOMETRY, "GEOMETRY" },
};

static const char *unlike_name(duckdb_type type)
{
    for (size_t i = 0; i < sizeof(unlike_types) / sizeof(*unlike_types); i++)
        if (unlike_types[i].type == type)
            return unlike_types[i].name;
    return NULL;
}

static size_t type_child_count(const struct duckdb_library *api, duckdb_logical_type type)
{
    switch (api->get_type_id(type)) {
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
        return 1;
    case DUCKDB_TYPE_MAP:
        return 2;
    case DUCKDB_TYPE_STRUCT:
        return api->struct_type_child_count(type);
    case DUCKDB_TYPE_UNION:
        return api->union_type_member_count(type);
    default:
        return 0;
    }
}

static duckdb_logical_type type_child(const struct duckdb_library *api, duckdb_logical_type type, size_t i)
{
    switch (api->get_type_id(type)) {
    case DUCKDB_TYPE_LIST:
        return api->list_type_child_type(type);
    case DUCKDB_TYPE_ARRAY:
        return api->array_type_child_type(type);
    case DUCKDB_TYPE_MAP:
        return i ? api->map_type_value_type(type) : api->map_type_key_type(type);
    case DUCKDB_TYPE_UNION:
        return api->union_type_member_type(type, i);
    default:
        return api->struct_type_child_type(type, i);
    }
}

/* The name of a type in it, or in what it is made of, that has no equal. NULL: there is none. */
static const char *find_unlike(const struct duckdb_library *api, duckdb_logical_type type, int depth)
{
    const char *name = depth < TYPE_DEPTH_MAX ? unlike_name(api->get_type_id(type)) : "too deep";

    for (size_t i = 0; !name && i < type_child_count(api, type); i++) {
        duckdb_logical_type child = type_child(api, type, i);

        name = find_unlike(api, child, depth + 1);
        api->destroy_logical_type(&child);
    }
    return name;
}

static enum spile_status check_types(struct answer *a, struct spile_error *err)
{
    const struct duckdb_library *api = &a->d->api;

    for (idx_t i = 0; i < api->column_count(&a->result); i++) {
        duckdb_logical_type type = api->column_logical_type(&a->result, i);
        const char *unlike = find_unlike(api, type, 0), *column = api->column_name(&a->result, i);
        char extract[SHORTEN_BYTES];

        api->destroy_logical_type(&type);
        if (!unlike)
            continue;
        spile_fail(err, SPILE_DESTINATION, "column \"%s\" has DuckDB's type %s, which has no equal in Arrow", shorten(extract, column, strlen(column)), unlike);
        return spile_hint(err, SPILE_DESTINATION, "cast it in the statement, such as to VARCHAR");
    }
    return SPILE_OK;
}

/* ---- the stream ----------------------------------------------------------------------------------------------------------------- */

/* Remembers the message for get_last_error; returns Arrow's code. */
static int fail_stream(struct answer *a, enum spile_status status, const struct spile_error *error)
{
    snprintf(a->error, sizeof(a->error), "%s%s%s", error->message, error->hint[0] ? "; " : "", error->hint);
    a->cancelled |= status == SPILE_CANCELLED;
    return status == SPILE_CANCELLED ? ECANCELED : status == SPILE_NOMEM ? ENOMEM : EIO;
}

static int fail_conversion(struct answer *a, duckdb_error_data failure)
{
    struct spile_error error = { 0 };
    enum spile_status status = duckdb_fail(a->d, "DuckDB can't give the rows", a->d->api.error_data_message(failure), &error);

    a->d->api.destroy_error_data(&failure);
    return fail_stream(a, status, &error);
}

static int make_schema(struct answer *a, duckdb_logical_type *types, const char **names, idx_t count, struct ArrowSchema *out)
{
    duckdb_error_data failure;

    for (idx_t i = 0; i < count; i++) {
        types[i] = a->d->api.column_logical_type(&a->result, i);
        names[i] = a->d->api.column_name(&a->result, i);
    }
    failure = a->d->api.to_arrow_schema(a->options, types, names, count, out);
    for (idx_t i = 0; i < count; i++)
        a->d->api.destroy_logical_type(&types[i]);
    return failure ? fail_conversion(a, failure) : 0;
}

static int get_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct answer *a = self->private_data;
    idx_t count = a->d->api.column_count(&a->result);
    duckdb_logical_type *types = calloc(count + 1, sizeof(*types));
    const char **names = calloc(count + 1, sizeof(*names));
    int code = types && names ? make_schema(a, types, names, count, out) : ENOMEM;

    free(types);
    free(names);
    return code;
}

/* No chunk: the end, or the statement has failed on the way. */
static int end_of_rows(struct answer *a)
{
    const char *message = a->d->api.result_error(&a->result);
    struct spile_error error = { 0 };

    if (a->ended) /* DuckDB does not want to be asked again */
        return a->error[0] ? EIO : 0;
    a->ended = true;
    return message && *message ? fail_stream(a, duckdb_fail_result(a->d, &a->result, &error), &error) : 0;
}

static int get_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct answer *a = self->private_data;
    duckdb_data_chunk chunk = a->cancelled || a->ended ? NULL : a->d->api.fetch_chunk(a->result);
    duckdb_error_data failure;

    *out = (struct ArrowArray){ 0 };
    if (!chunk)
        return a->cancelled ? ECANCELED : end_of_rows(a);
    failure = a->d->api.data_chunk_to_arrow(a->options, chunk, out);
    a->d->api.destroy_data_chunk(&chunk);
    return failure ? fail_conversion(a, failure) : 0;
}

static const char *last_error(struct ArrowArrayStream *self)
{
    struct answer *a = self->private_data;

    return a->error[0] ? a->error : NULL;
}

static void release(struct ArrowArrayStream *self)
{
    answer_free(self->private_data);
    self->release = NULL;
}

/* ---- the statement ---------------------------------------------------------------------------------------------------------------- */

/* The dataset becomes the schema of names that have none. */
static enum spile_status use_dataset(struct duckdb *d, const char *dataset, struct spile_error *err)
{
    struct datum value = datum_text(dataset);
    struct arena arena = { 0 };
    struct text sql = { 0 };
    struct sql_rows rows;
    enum spile_status status = duckdb_run_text(d, "SELECT '' FROM duckdb_schemas() WHERE database_name = current_database() AND schema_name = $1",
                                               &value, 1, &arena, &rows, err);

    text_puts(&sql, "USE ");
    sql_put_name(&sql, d->catalog);
    text_putc(&sql, '.');
    sql_put_name(&sql, dataset);
    if (!status && sql.failed)
        status = spile_fail_nomem(err);
    if (!status && rows.count)
        status = duckdb_run_text(d, sql.text, NULL, 0, NULL, NULL, err);
    text_release(&sql);
    arena_release(&arena);
    return status;
}

/* A database that is opened for reading does not keep a statement from writing other files: what is beside the database is closed to it, and it can't
 * open that again. */
static enum spile_status confine(struct duckdb *d, struct spile_error *err)
{
    enum spile_status status = duckdb_run_text(d, "SET enable_external_access = false", NULL, 0, NULL, NULL, err);

    if (!status)
        status = duckdb_run_text(d, "SET lock_configuration = true", NULL, 0, NULL, NULL, err);
    d->confined = !status;
    return status;
}

static enum spile_status fail_absent(struct duckdb *d, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "there is no database \"%s\"", d->path);
    return spile_hint(err, SPILE_DESTINATION, "is the path right? A load makes the database");
}

static enum spile_status fail_transaction(struct spile_error *err)
{
    spile_fail(err, SPILE_USAGE, "a statement can't begin or end a transaction: each is one");
    return spile_hint(err, SPILE_USAGE, "leave BEGIN, COMMIT and ROLLBACK out");
}

static enum spile_status execute(struct answer *a, struct spile_error *err)
{
    const struct duckdb_library *api = &a->d->api;
    bool streams = a->d->read_only && api->execute_prepared_streaming;
    duckdb_state state;

    if (api->prepared_statement_type(a->statement) == DUCKDB_STATEMENT_TYPE_TRANSACTION)
        return fail_transaction(err);
    state = (streams ? api->execute_prepared_streaming : api->execute_prepared)(a->statement, &a->result);
    return state == DuckDBSuccess ? SPILE_OK : duckdb_fail_result(a->d, &a->result, err);
}

static enum spile_status run_statement(struct answer *a, const char *sql, const struct datum *values, size_t count, bool *has_rows, uint64_t *changed,
                                       struct spile_error *err)
{
    const struct duckdb_library *api = &a->d->api;
    enum spile_status status = duckdb_prepare_bound(a->d, sql, values, count, &a->statement, err);

    if (!status)
        status = execute(a, err);
    if (status)
        return status;
    *has_rows = api->result_return_type(a->result) == DUCKDB_RESULT_TYPE_QUERY_RESULT;
    *changed = *has_rows ? 0 : api->rows_changed(&a->result);
    a->options = api->result_get_arrow_options(&a->result);
    return *has_rows ? check_types(a, err) : SPILE_OK;
}

enum spile_status duckdb_query_rows(struct destination *destination, const char *dataset, const char *sql, const struct datum *values, size_t count,
                                    struct ArrowArrayStream *out, uint64_t *changed, struct spile_error *err)
{
    struct duckdb *d = (struct duckdb *)destination;
    struct answer *a = calloc(1, sizeof(*a));
    bool has_rows = false;
    enum spile_status status = a ? SPILE_OK : spile_fail_nomem(err);

    *out = (struct ArrowArrayStream){ 0 };
    *changed = 0;
    if (!a)
        return status;
    a->d = d;
    if (d->in_memory)
        status = fail_absent(d, err);
    if (!status && !d->confined)
        status = use_dataset(d, dataset, err);
    if (!status && !d->confined)
        status = d->read_only ? confine(d, err) : duckdb_prepare_checkpoint(d, err);
    d->asked = true;
    if (!status)
        status = run_statement(a, sql, values, count, &has_rows, changed, err);
    if (!status && has_rows)
        *out = (struct ArrowArrayStream){ get_schema, get_next, last_error, release, a };
    else
        answer_free(a);
    return status;
}
