#include "destination/sql/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch.h"
#include "data/gather.h"

#define BATCH_ROWS 2048u
#define BATCH_BYTES ((size_t)16 << 20) /* rows may be large */

struct answer {
    const struct answer_ops *ops;
    void *source;
    struct arena arena;
    struct answer_column *columns;
    struct gather gather;
    bool ended;
    char error[sizeof(((struct spile_error *)0)->message) + sizeof(((struct spile_error *)0)->hint) + 2];
};

static void answer_free(struct answer *a)
{
    a->ops->end(a->source);
    gather_release(&a->gather);
    arena_release(&a->arena);
    free(a);
}

/* Remembers the message for get_last_error; returns Arrow's code. */
static int fail_stream(struct answer *a, enum spile_status status, const struct spile_error *error)
{
    snprintf(a->error, sizeof(a->error), "%s%s%s", error->message, error->hint[0] ? "; " : "", error->hint);
    a->ended = true;
    return status == SPILE_CANCELLED ? ECANCELED : status == SPILE_NOMEM ? ENOMEM : EIO;
}

static int make_schema(struct answer *a, struct ArrowSchema *out)
{
    int code;

    ArrowSchemaInit(out);
    code = ArrowSchemaSetTypeStruct(out, (int64_t)a->gather.count);
    for (size_t i = 0; !code && i < a->gather.count; i++) {
        ArrowSchemaRelease(out->children[i]);
        code = batch_column_schema(out->children[i], a->columns[i].name, &a->columns[i].type, NULL) ? ENOMEM : 0;
    }
    return code;
}

static int get_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    int code = make_schema(self->private_data, out);

    if (code && out->release)
        ArrowSchemaRelease(out);
    return code;
}

static bool pad(struct gather *gather)
{
    bool ok = true;

    for (size_t i = 0; ok && i < gather->count; i++)
        ok = column_pad(&gather->columns[i], gather->rows);
    return ok;
}

static size_t weight(const struct gather *gather)
{
    size_t bytes = 0;

    for (size_t i = 0; i < gather->count; i++)
        bytes += column_bytes(&gather->columns[i]);
    return bytes;
}

static enum spile_status fill(struct answer *a, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    bool more = true;

    while (!status && a->gather.rows < BATCH_ROWS && (a->gather.rows % 8 || weight(&a->gather) < BATCH_BYTES)) {
        status = a->ops->next(a->source, a->gather.columns, a->gather.rows, &more, err);
        if (!status && !more)
            break;
        a->gather.rows += !status;
    }
    a->ended = !more;
    return !status && !pad(&a->gather) ? spile_fail_nomem(err) : status;
}

static int get_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct answer *a = self->private_data;
    struct spile_error error = { 0 };
    enum spile_status status;

    *out = (struct ArrowArray){ 0 };
    if (a->ended)
        return a->error[0] ? EIO : 0;
    status = fill(a, &error);
    if (!status && a->gather.rows && !gather_take(&a->gather, out))
        status = spile_fail_nomem(&error);
    return status ? fail_stream(a, status, &error) : 0;
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

static bool keep_columns(struct answer *a, const struct answer_column *columns, size_t count)
{
    bool ok;

    a->columns = arena_alloc(&a->arena, count * sizeof(*a->columns));
    ok = a->columns && gather_init(&a->gather, count);
    for (size_t i = 0; ok && i < count; i++) {
        a->columns[i] = columns[i];
        a->gather.columns[i].type = columns[i].type;
        ok = arena_copy_text(&a->arena, &a->columns[i].name);
    }
    return ok;
}

enum spile_status answer_stream(struct ArrowArrayStream *out, const struct answer_ops *ops, void *source, const struct answer_column *columns, size_t count,
                                struct spile_error *err)
{
    struct answer *a = calloc(1, sizeof(*a));

    *out = (struct ArrowArrayStream){ 0 };
    if (!a) {
        ops->end(source);
        return spile_fail_nomem(err);
    }
    a->ops = ops;
    a->source = source;
    if (!keep_columns(a, columns, count)) {
        answer_free(a);
        return spile_fail_nomem(err);
    }
    *out = (struct ArrowArrayStream){ get_schema, get_next, last_error, release, a };
    return SPILE_OK;
}

enum spile_status answer_fail_value(const char *column, struct slice value, struct spile_error *err)
{
    char name[SHORTEN_BYTES], extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_DESTINATION, "value \"%s\" of column \"%s\" is of another type than the column", shorten(extract, value.text, value.length),
               shorten(name, column, strlen(column)));
    return spile_hint(err, SPILE_DESTINATION, "cast it in the statement: CAST(... AS text)");
}
