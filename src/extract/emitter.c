#include "extract/emitter.h"

#include <stdlib.h>
#include <string.h>

#include "data/rows.h"
#include "extract/item.h"

void emitter_begin(struct spile_emitter *emitter)
{
    arena_release(&emitter->texts);
    emitter->starved = false;
    emitter->again = AGAIN_NOT;
    emitter->fd = -1;
    emitter->ms = -1;
    free(emitter->table);
    emitter->table = NULL;
}

enum spile_status emitter_finish(const struct spile_emitter *emitter, enum spile_status status, struct spile_error *err)
{
    return !status && emitter->starved ? spile_fail_nomem(err) : status;
}

void emitter_release(struct spile_emitter *emitter)
{
    arena_release(&emitter->texts);
    documents_release(&emitter->page);
    free(emitter->table);
    emitter->table = NULL;
}

/* ---- pages ---------------------------------------------------------------------------------------------------------------------- */

static enum spile_status give_page(struct spile_emitter *out, struct spile_error *err)
{
    size_t count = documents_length(&out->page);
    enum spile_status status = out->take(out->context, &out->page, out->table, err);

    documents_clear(&out->page);
    out->emitted += count;
    return status;
}

enum spile_status emitter_fail_stopping(struct spile_error *err)
{
    return spile_fail(err, SPILE_CANCELLED, "no more items are wanted");
}

/* An element of the top-level array that is a list itself is a page in the page: its elements are items, as they are in files. */
static bool add_item(struct documents *page, const struct json_item *item)
{
    struct document element;
    size_t size;

    if (!item->element || document_kind(item->document) != DOCUMENT_LIST)
        return documents_add_parsed(page, item->document, item->texts);
    element = document_first(item->document);
    size = document_size(item->document);
    for (size_t i = 0; i < size; i++, element = document_next(element))
        if (!documents_add(page, element))
            return false;
    return true;
}

static enum spile_status read_page(struct spile_emitter *out, const struct chunk *chunk, struct spile_error *err)
{
    struct json_item item;
    bool more = true;
    enum spile_status status = SPILE_OK;

    if (!*out->reader && !(*out->reader = json_reader_new()))
        return spile_fail_nomem(err);
    json_reader_begin(*out->reader, chunk);
    while (!status && more) {
        status = json_reader_next(*out->reader, &item, &more, err);
        if (!status && more && !add_item(&out->page, &item))
            status = spile_fail_nomem(err);
    }
    return status;
}

enum spile_status emitter_put_chunk(struct spile_emitter *out, const struct chunk *chunk, struct spile_error *err)
{
    enum spile_status status = out->stopping(out->context) ? emitter_fail_stopping(err) : read_page(out, chunk, err);

    if (status)
        documents_clear(&out->page);
    return status ? status : give_page(out, err);
}

static bool begins_array(const char *json, size_t length)
{
    size_t i = 0;

    while (i < length && strchr(" \t\r\n", json[i]))
        i++;
    return i < length && json[i] == '[';
}

/* The reader looks beyond the end, so it needs a copy with padding. */
enum spile_status spile_emit_json(struct spile_emitter *out, const char *json, size_t length, struct spile_error *err)
{
    struct chunk chunk = { .input_name = "the page", .line = 1, .column = 1, .first = true, .last = true };
    enum spile_status status;

    if (!json)
        return spile_fail(err, SPILE_USAGE, "no JSON given");
    chunk.length = length ? length : strlen(json);
    chunk.state = begins_array(json, chunk.length) ? CHUNK_ARRAY_OPEN : CHUNK_SEQUENCE;
    chunk.bytes = malloc(chunk.length + CHUNK_PADDING);
    if (!chunk.bytes)
        return spile_fail_nomem(err);
    memcpy(chunk.bytes, json, chunk.length);
    memset(chunk.bytes + chunk.length, 0, CHUNK_PADDING);
    status = emitter_put_chunk(out, &chunk, err);
    free(chunk.bytes);
    return status;
}

enum spile_status spile_emit_item(struct spile_emitter *out, struct spile_item *item, struct spile_error *err)
{
    enum spile_status status = out->stopping(out->context) ? emitter_fail_stopping(err) : item_check(item, err);

    if (!status && !item_add_to(&out->page, item))
        status = spile_fail_nomem(err);
    spile_item_clear(item);
    return status ? status : give_page(out, err);
}

static enum spile_status emit_rows(struct spile_emitter *out, struct rows *rows, struct spile_error *err)
{
    if (out->stopping(out->context)) {
        rows_free(rows);
        return emitter_fail_stopping(err);
    }
    out->page.rows = rows;
    out->page.bytes = rows_bytes(rows);
    return give_page(out, err);
}

enum spile_status spile_emit_arrow(struct spile_emitter *out, struct ArrowArrayStream *stream, struct spile_error *err)
{
    struct rows_stream batches;
    struct rows *rows;
    enum spile_status status = rows_stream_begin(&batches, stream, err);

    while (!status && !(status = rows_stream_next(&batches, &rows, err)) && rows)
        status = emit_rows(out, rows, err);
    rows_stream_end(&batches);
    return status;
}

static enum spile_status defer(struct spile_emitter *out, const struct spile_deferred *deferred, struct spile_error *err)
{
    if (!out->defer)
        spile_fail(err, SPILE_USAGE, "a flat map can't defer items");
    else if (!deferred->make)
        spile_fail(err, SPILE_USAGE, "a deferred item without a function that makes it");
    else if (!out->stopping(out->context))
        return out->defer(out->context, deferred, err);
    if (deferred->release)
        deferred->release(deferred->user);
    return !out->defer || !deferred->make ? SPILE_USAGE : emitter_fail_stopping(err);
}

/* A caller built with an older header has a shorter struct. */
enum spile_status spile_emit_deferred(struct spile_emitter *out, const struct spile_deferred *given, struct spile_error *err)
{
    struct spile_deferred deferred = { 0 };

    if (!given)
        return spile_fail(err, SPILE_USAGE, "nothing is deferred");
    memcpy(&deferred, given, given->size && given->size < sizeof(deferred) ? given->size : sizeof(deferred));
    return defer(out, &deferred, err);
}

enum spile_status spile_emit_to(struct spile_emitter *out, const char *table, struct spile_error *err)
{
    char *copy = table && *table ? strdup(table) : NULL;

    if (table && *table && !copy)
        return spile_fail_nomem(err);
    free(out->table);
    out->table = copy;
    return SPILE_OK;
}

bool spile_emitter_stopping(const struct spile_emitter *out)
{
    return out->stopping(out->context);
}

/* ---- coming again --------------------------------------------------------------------------------------------------------------- */

static void ask(struct spile_emitter *out, enum again again, int fd, int64_t ms)
{
    out->again = again;
    out->fd = fd;
    out->ms = ms;
}

void spile_again(struct spile_emitter *out)
{
    ask(out, AGAIN_NOW, -1, -1);
}

void spile_again_after(struct spile_emitter *out, int64_t ms)
{
    ask(out, ms > 0 ? AGAIN_LATER : AGAIN_NOW, -1, ms);
}

void spile_again_readable(struct spile_emitter *out, int fd, int64_t timeout_ms)
{
    ask(out, AGAIN_READABLE, fd, timeout_ms);
}

void spile_again_writable(struct spile_emitter *out, int fd, int64_t timeout_ms)
{
    ask(out, AGAIN_WRITABLE, fd, timeout_ms);
}

/* ---- state ---------------------------------------------------------------------------------------------------------------------- */

const char *spile_emitter_start(const struct spile_emitter *out)
{
    return out->start;
}

const char *spile_emitter_end(const struct spile_emitter *out)
{
    return out->end;
}

static const char *get_state(struct spile_emitter *out, const char *resource, const char *key)
{
    struct text json = { 0 };
    const bool found = notes_get(out->notes, resource, key, &json);
    const char *copy = found ? arena_copy(&out->texts, json.text, json.length) : NULL;

    out->starved |= json.failed || (found && !copy);
    text_release(&json);
    return copy;
}

const char *spile_resource_state(struct spile_emitter *out, const char *key)
{
    return get_state(out, out->resource, key);
}

enum spile_status spile_set_resource_state(struct spile_emitter *out, const char *key, const char *json, struct spile_error *err)
{
    return notes_set(out->notes, out->resource, key, json, err);
}

const char *spile_source_state(struct spile_emitter *out, const char *key)
{
    return get_state(out, NULL, key);
}

enum spile_status spile_set_source_state(struct spile_emitter *out, const char *key, const char *json, struct spile_error *err)
{
    return notes_set(out->notes, NULL, key, json, err);
}
