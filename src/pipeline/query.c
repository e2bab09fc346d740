/* A user's statement: its parameters, the session that it runs in, and the stream of its rows, which owns that session. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "data/timestamp.h"
#include "destination/sql/placeholders.h"
#include "extract/item.h"
#include "pipeline/run.h"
#include "pipeline/watch.h"

static const struct spile_run_options no_options;

/* ---- parameters ------------------------------------------------------------------------------------------------------------------- */

struct parameters {
    struct slice *names;  /* NULL: a list */
    struct datum *values; /* their texts are the item's */
    size_t count;
};

static enum spile_status fail_parameter(const struct parameters *p, size_t index, const char *what, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    if (p->names)
        return spile_fail(err, SPILE_USAGE, "parameter \"%s\" is %s", shorten(extract, p->names[index].text, p->names[index].length), what);
    return spile_fail(err, SPILE_USAGE, "parameter %zu is %s", index + 1, what);
}

/* One without a zone is left to the database's reading of texts. */
static struct datum timestamp_datum(struct slice text)
{
    struct timestamp timestamp;

    if (timestamp_read(text.text, text.length, &timestamp) && timestamp.is_aware)
        return datum_timestamp(timestamp_utc(&timestamp));
    return (struct datum){ .kind = DATUM_TEXT, .text = text };
}

/* What databases read out of texts goes as such: dates, times, decimals, and numbers beyond 64 bits. */
static enum spile_status take_value(struct parameters *p, size_t index, struct document value, struct arena *arena, struct spile_error *err)
{
    struct datum *datum = &p->values[index];
    char digits[DOCUMENT_NUMBER_CHARS];
    struct slice number;

    switch (document_kind(value)) {
    case DOCUMENT_NULL:
        *datum = (struct datum){ .kind = DATUM_NULL };
        break;
    case DOCUMENT_BOOL:
        *datum = (struct datum){ .kind = DATUM_BOOL, .number = document_bool(value) };
        break;
    case DOCUMENT_INTEGER:
        *datum = datum_integer(document_integer(value));
        break;
    case DOCUMENT_DOUBLE:
        *datum = (struct datum){ .kind = DATUM_DOUBLE, .real = document_double(value) };
        break;
    case DOCUMENT_NUMBER:
        number = document_number_text(value, digits);
        *datum = (struct datum){ .kind = DATUM_TEXT, .text = { arena_copy(arena, number.text, number.length), number.length } };
        return datum->text.text ? SPILE_OK : spile_fail_nomem(err);
    case DOCUMENT_TIMESTAMP:
        *datum = timestamp_datum(document_text(value));
        break;
    case DOCUMENT_BINARY:
        *datum = (struct datum){ .kind = DATUM_BINARY, .text = document_text(value) };
        break;
    case DOCUMENT_TEXT:
    case DOCUMENT_DATE:
    case DOCUMENT_TIME:
    case DOCUMENT_DECIMAL:
        *datum = (struct datum){ .kind = DATUM_TEXT, .text = document_text(value) };
        break;
    case DOCUMENT_OBJECT:
    case DOCUMENT_LIST:
        fail_parameter(p, index, document_kind(value) == DOCUMENT_LIST ? "a list" : "an object", err);
        return spile_hint(err, SPILE_USAGE, "give single values; JSON as a text");
    }
    return SPILE_OK;
}

static bool make_room(struct parameters *p, size_t count, bool named, struct arena *arena)
{
    p->count = count;
    p->values = arena_zalloc(arena, count * sizeof(*p->values));
    p->names = named ? arena_zalloc(arena, count * sizeof(*p->names)) : NULL;
    return p->values && (p->names || !named);
}

/* A mutable value begins like a parsed one, which is all that is looked at of scalars. */
static struct document scalar_of(yyjson_mut_val *value)
{
    return (struct document){ (yyjson_val *)value };
}

static enum spile_status take_parameters(struct parameters *p, struct spile_item *item, struct arena *arena, struct spile_error *err)
{
    yyjson_mut_val *root, *key, *value;
    size_t i, count;
    enum spile_status status;

    *p = (struct parameters){ 0 };
    if (!item)
        return SPILE_OK;
    status = item_check(item, err);
    if (status)
        return spile_within(err, status, "parameters");
    root = item_open(item);
    if (!root)
        return spile_fail_nomem(err);
    if (!yyjson_mut_is_ctn(root))
        return spile_fail(err, SPILE_USAGE, "the parameters are neither a list nor an object");
    if (!make_room(p, yyjson_mut_get_len(root), yyjson_mut_is_obj(root), arena))
        return spile_fail_nomem(err);
    yyjson_mut_arr_foreach(root, i, count, value)
    {
        status = status ? status : take_value(p, i, scalar_of(value), arena, err);
    }
    yyjson_mut_obj_foreach(root, i, count, key, value)
    {
        p->names[i] = (struct slice){ yyjson_mut_get_str(key), yyjson_mut_get_len(key) };
        status = status ? status : take_value(p, i, scalar_of(value), arena, err);
    }
    return status;
}

/* ---- the statement ---------------------------------------------------------------------------------------------------------------- */

/* What is open as long as rows come. */
struct session {
    struct run run; /* for the destination */
    struct watch watch;
    struct ArrowArrayStream rows;
};

static struct destination *destination_of(struct session *s)
{
    return s->run.target.destination;
}

/* What the database says of being interrupted is its own affair. */
static enum spile_status tell_cancelled(const struct session *s, enum spile_status status, struct spile_error *err)
{
    return status == SPILE_DESTINATION && atomic_load(&s->run.pipeline->cancelled) ? spile_fail(err, SPILE_CANCELLED, "cancelled") : status;
}

static enum spile_status session_new(struct session **out, struct spile_pipeline *pipeline, bool only_reads, struct spile_error *err)
{
    struct session *s = calloc(1, sizeof(*s));
    enum spile_status status;

    *out = s;
    if (!s)
        return spile_fail_nomem(err);
    s->run = (struct run){ .pipeline = pipeline, .options = &no_options, .only_reads = only_reads };
    if (!pipeline->ops->query) {
        spile_fail(err, SPILE_USAGE, "the destination %s has no SQL", pipeline->ops->scheme);
        return spile_hint(err, SPILE_USAGE, "read its files with a program that can");
    }
    atomic_store(&pipeline->cancelled, false);
    status = run_open_destination(&s->run, err);
    return status ? status : watch_begin(&s->watch, pipeline, destination_of(s), err);
}

/* A commit that has come through is not taken back by a signal to stop: the watch ends first. */
static enum spile_status session_free(struct session *s, struct spile_error *err)
{
    enum spile_status status;

    if (!s)
        return SPILE_OK;
    if (s->rows.release)
        ArrowArrayStreamRelease(&s->rows);
    watch_end(&s->watch);
    status = run_close_destination(&s->run, err);
    arena_release(&s->run.arena);
    free(s);
    return status;
}

/* The values in the order in which the translated statement takes them. */
static enum spile_status run_translated(struct session *s, const struct placeholders *translated, const struct parameters *p, struct arena *arena,
                                        uint64_t *changed, struct spile_error *err)
{
    const struct load_target *target = &s->run.target;
    struct datum *values = arena_alloc(arena, translated->count * sizeof(*values));

    for (size_t i = 0; values && i < translated->count; i++)
        values[i] = p->values[translated->order[i]];
    if (!values)
        return spile_fail_nomem(err);
    return target->ops->query(target->destination, target->dataset, translated->sql, values, translated->count, &s->rows, changed, err);
}

static enum spile_status run_statement(struct session *s, const char *sql, struct spile_item *item, uint64_t *changed, struct spile_error *err)
{
    struct arena arena = { 0 };
    struct parameters parameters;
    struct placeholders translated;
    enum spile_status status = take_parameters(&parameters, item, &arena, err);

    if (!status && sql_is_empty(sql))
        status = spile_fail(err, SPILE_USAGE, "there is no statement");
    if (!status)
        status = placeholders_translate(&translated, sql, parameters.names, parameters.count, &arena, err);
    if (!status)
        status = run_translated(s, &translated, &parameters, &arena, changed, err);
    arena_release(&arena);
    return tell_cancelled(s, status, err);
}

/* ---- the stream ------------------------------------------------------------------------------------------------------------------- */

static int get_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct session *s = self->private_data;
    int code;

    if (s->rows.release)
        return s->rows.get_schema(&s->rows, out);
    ArrowSchemaInit(out);
    code = ArrowSchemaSetTypeStruct(out, 0);
    if (code)
        ArrowSchemaRelease(out);
    return code;
}

static int get_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct session *s = self->private_data;
    int code;

    *out = (struct ArrowArray){ 0 };
    if (!s->rows.release)
        return 0;
    if (atomic_load(&s->run.pipeline->cancelled))
        return ECANCELED;
    code = s->rows.get_next(&s->rows, out);
    return code && atomic_load(&s->run.pipeline->cancelled) ? ECANCELED : code;
}

static const char *last_error(struct ArrowArrayStream *self)
{
    struct session *s = self->private_data;

    if (atomic_load(&s->run.pipeline->cancelled))
        return "cancelled";
    return s->rows.release ? s->rows.get_last_error(&s->rows) : NULL;
}

static void release(struct ArrowArrayStream *self)
{
    session_free(self->private_data, NULL);
    self->release = NULL;
}

/* ---- what programs call ------------------------------------------------------------------------------------------------------------- */

enum spile_status spile_query(struct spile_pipeline *pipeline, const char *sql, struct spile_item *parameters, struct ArrowArrayStream *out,
                              struct spile_error *err)
{
    struct session *s;
    uint64_t changed;
    enum spile_status status = session_new(&s, pipeline, true, err);

    *out = (struct ArrowArrayStream){ 0 };
    if (!status)
        status = run_statement(s, sql, parameters, &changed, err);
    if (status)
        session_free(s, NULL);
    else
        *out = (struct ArrowArrayStream){ get_schema, get_next, last_error, release, s };
    return status;
}

/* The transaction is ours, and the statement alone in it. */
static enum spile_status execute(struct session *s, const char *sql, struct spile_item *parameters, uint64_t *changed, struct spile_error *err)
{
    const struct load_target *target = &s->run.target;
    enum spile_status status = target->ops->begin(target->destination, target->dataset, target->pipeline, err);

    if (status)
        return status;
    status = run_statement(s, sql, parameters, changed, err);
    if (s->rows.release)
        ArrowArrayStreamRelease(&s->rows);
    watch_end(&s->watch);
    if (!status)
        return target->ops->commit(target->destination, err);
    target->ops->rollback(target->destination);
    return status;
}

enum spile_status spile_execute(struct spile_pipeline *pipeline, const char *sql, struct spile_item *parameters, uint64_t *changed,
                                struct spile_error *err)
{
    struct session *s = NULL;
    uint64_t rows = 0;
    int lock = -1;
    enum spile_status status = lock_take(pipeline->lock_path, &lock, err), closed;

    if (!status)
        status = session_new(&s, pipeline, false, err);
    if (!status)
        status = execute(s, sql, parameters, &rows, err);
    closed = session_free(s, status ? NULL : err);
    lock_free(lock);
    if (changed)
        *changed = status ? 0 : rows;
    return status ? status : closed;
}
