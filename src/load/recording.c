#include "load/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/arena.h"
#include "data/documents.h"
#include "data/json.h"
#include "data/json_text.h"
#include "data/rows.h"

#define BYTES_MAX ((uint64_t)64 << 30) /* of a chunk: more is damage */

enum kind { KIND_TEXT, KIND_DOCUMENTS, KIND_ROWS, KIND_COUNT };

static const char *const kinds[KIND_COUNT] = { "text", "documents", "rows" };
static const char *const states[] = { [CHUNK_SEQUENCE] = "sequence", [CHUNK_ARRAY_OPEN] = "array", [CHUNK_ARRAY_ITEM] = "element" };

#define STATE_COUNT (sizeof(states) / sizeof(*states))

static const struct {
    enum document_kind kind;
    const char *name;
} types[] = { { DOCUMENT_TIMESTAMP, "timestamp" }, { DOCUMENT_DATE, "date" }, { DOCUMENT_TIME, "time" }, { DOCUMENT_DECIMAL, "decimal" },
              { DOCUMENT_BINARY, "binary" } };

#define TYPE_COUNT (sizeof(types) / sizeof(*types))

static size_t word_find(const char *const *words, size_t count, const char *word)
{
    size_t i = 0;

    while (i < count && (!word || strcmp(words[i], word)))
        i++;
    return i;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

struct recorder {
    char *path;
    int fd;
    struct text bytes; /* of documents and rows */
    uint64_t written;
};

enum spile_status recorder_new(struct recorder **out, const char *path, struct spile_error *err)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));

    *out = recorder;
    if (!recorder)
        return spile_fail_nomem(err);
    recorder->fd = -1;
    recorder->path = strdup(path);
    if (!recorder->path)
        return spile_fail_nomem(err);
    recorder->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return recorder->fd >= 0 ? SPILE_OK : spile_fail_errno(err, SPILE_FAILED, errno, "can't make \"%s\"", path);
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    if (recorder->fd >= 0)
        close(recorder->fd);
    text_release(&recorder->bytes);
    free(recorder->path);
    free(recorder);
}

static const char *type_name(enum document_kind kind)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i].kind == kind)
            return types[i].name;
    return NULL;
}

static void put_types(struct text *out, struct document document)
{
    size_t count = document_value_count(document);
    char separator = '\t';

    for (size_t i = 0; i < count; i++) {
        const char *name = type_name(document_kind((struct document){ document.value + i }));

        if (!name)
            continue;
        text_printf(out, "%c%zu:%s", separator, i, name);
        separator = ',';
    }
}

static struct slice chunk_bytes(struct recorder *recorder, const struct chunk *chunk, enum kind *kind)
{
    const struct documents *documents = chunk->documents;

    *kind = !documents ? KIND_TEXT : documents->rows ? KIND_ROWS : KIND_DOCUMENTS;
    if (!documents)
        return (struct slice){ chunk->bytes, chunk->length };
    text_clear(&recorder->bytes);
    if (documents->rows)
        rows_write(&recorder->bytes, documents->rows);
    for (size_t i = 0; !documents->rows && i < documents->count; i++) {
        json_write(&recorder->bytes, documents->items[i]);
        put_types(&recorder->bytes, documents->items[i]);
        text_putc(&recorder->bytes, '\n');
    }
    return text_slice(&recorder->bytes);
}

static char *header_of(const struct chunk *chunk, enum kind kind, struct slice bytes)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    char hash[2 * sizeof(uint64_t) + 1], *line = NULL;

    snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)XXH3_64bits(bytes.text, bytes.length));
    yyjson_mut_doc_set_root(doc, root);
    if (yyjson_mut_obj_add_uint(doc, root, "part", chunk->part) && yyjson_mut_obj_add_uint(doc, root, "input", chunk->input) &&
        yyjson_mut_obj_add_str(doc, root, "name", chunk->input_name) && yyjson_mut_obj_add_uint(doc, root, "offset", chunk->offset) &&
        yyjson_mut_obj_add_uint(doc, root, "line", chunk->line) && yyjson_mut_obj_add_uint(doc, root, "column", chunk->column) &&
        yyjson_mut_obj_add_str(doc, root, "state", states[chunk->state]) && yyjson_mut_obj_add_bool(doc, root, "first", chunk->first) &&
        yyjson_mut_obj_add_bool(doc, root, "last", chunk->last) && yyjson_mut_obj_add_bool(doc, root, "broken", chunk->broken) &&
        yyjson_mut_obj_add_bool(doc, root, "shallow", chunk->shallow) && yyjson_mut_obj_add_str(doc, root, "kind", kinds[kind]) &&
        yyjson_mut_obj_add_uint(doc, root, "bytes", bytes.length) && yyjson_mut_obj_add_str(doc, root, "hash", hash))
        line = yyjson_mut_write(doc, YYJSON_WRITE_ALLOW_INVALID_UNICODE, NULL); /* names of files may be anything */
    yyjson_mut_doc_free(doc);
    return line;
}

enum spile_status recorder_put(struct recorder *recorder, const struct chunk *chunk, struct spile_error *err)
{
    enum kind kind;
    struct slice bytes = chunk_bytes(recorder, chunk, &kind);
    char *header = recorder->bytes.failed ? NULL : header_of(chunk, kind, bytes);
    enum spile_status status = header ? file_write(recorder->fd, recorder->path, header, strlen(header), err) : spile_fail_nomem(err);

    free(header);
    if (!status)
        status = file_write(recorder->fd, recorder->path, "\n", 1, err);
    if (!status)
        status = file_write(recorder->fd, recorder->path, bytes.text, bytes.length, err);
    if (!status)
        status = file_write(recorder->fd, recorder->path, "\n", 1, err);
    recorder->written += bytes.length;
    return status;
}

uint64_t recorder_bytes(const struct recorder *recorder)
{
    return recorder->written;
}

enum spile_status recorder_finish(struct recorder *recorder, struct spile_error *err)
{
    int fd = recorder->fd;

    recorder->fd = -1;
    if (close(fd))
        return spile_fail_errno(err, SPILE_FAILED, errno, "can't write \"%s\"", recorder->path);
    return file_sync(recorder->path, err);
}

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

struct recording {
    char *path;
    FILE *file;
    char *line;
    size_t line_capacity;
    uint64_t number;      /* of the next chunk */
    struct arena arena;   /* of the names */
    const char *name;     /* the last one */
};

enum spile_status recording_open(struct recording **out, const char *path, struct spile_error *err)
{
    struct recording *recording = calloc(1, sizeof(*recording));

    *out = recording;
    if (recording)
        recording->path = strdup(path);
    if (!recording || !recording->path)
        return spile_fail_nomem(err);
    recording->file = fopen(path, "re");
    return recording->file ? SPILE_OK : spile_fail_errno(err, SPILE_FAILED, errno, "can't read \"%s\"", path);
}

void recording_close(struct recording *recording)
{
    if (!recording)
        return;
    if (recording->file)
        fclose(recording->file);
    arena_release(&recording->arena);
    free(recording->line);
    free(recording->path);
    free(recording);
}

static enum spile_status fail_damaged(const struct recording *recording, struct spile_error *err)
{
    spile_fail(err, SPILE_FAILED, "chunk %llu of \"%s\" is damaged", (unsigned long long)recording->number + 1, recording->path);
    return spile_hint(err, SPILE_FAILED, "discard the load package, and draw its data again");
}

/* Chunks of one input come with the same name, as a rule. */
static const char *keep_name(struct recording *recording, yyjson_val *name)
{
    const char *text = yyjson_get_str(name);

    if (!recording->name || strcmp(recording->name, text))
        recording->name = arena_copy(&recording->arena, text, strlen(text));
    return recording->name;
}

struct header {
    enum kind kind;
    uint64_t bytes, hash;
};

static bool read_header(struct recording *recording, yyjson_val *root, struct chunk *chunk, struct header *header)
{
    yyjson_val *name = yyjson_obj_get(root, "name"), *hash = yyjson_obj_get(root, "hash");
    size_t state = word_find(states, STATE_COUNT, yyjson_get_str(yyjson_obj_get(root, "state")));
    size_t kind = word_find(kinds, KIND_COUNT, yyjson_get_str(yyjson_obj_get(root, "kind")));
    char *end = NULL;

    if (!yyjson_is_str(name) || !yyjson_is_str(hash) || state == STATE_COUNT || kind == KIND_COUNT)
        return false;
    *header = (struct header){ (enum kind)kind, yyjson_get_uint(yyjson_obj_get(root, "bytes")), strtoull(yyjson_get_str(hash), &end, 16) };
    *chunk = (struct chunk){
        .part = (uint32_t)yyjson_get_uint(yyjson_obj_get(root, "part")),
        .input = (uint32_t)yyjson_get_uint(yyjson_obj_get(root, "input")),
        .input_name = keep_name(recording, name),
        .offset = yyjson_get_uint(yyjson_obj_get(root, "offset")),
        .line = yyjson_get_uint(yyjson_obj_get(root, "line")),
        .column = yyjson_get_uint(yyjson_obj_get(root, "column")),
        .state = (enum chunk_state)state,
        .first = yyjson_get_bool(yyjson_obj_get(root, "first")),
        .last = yyjson_get_bool(yyjson_obj_get(root, "last")),
        .broken = yyjson_get_bool(yyjson_obj_get(root, "broken")),
        .shallow = yyjson_get_bool(yyjson_obj_get(root, "shallow")),
    };
    return !*end && header->bytes < BYTES_MAX;
}

/* "3:date,7:decimal": as the values are, raw ones have the type instead of being texts. */
static bool set_types(yyjson_val *values, size_t count, const char *text)
{
    while (*text) {
        char *end;
        unsigned long long at = strtoull(text, &end, 10);
        size_t length, decoded, type = 0;
        const char *name = end + 1;

        if (end == text || *end != ':' || at >= count || !yyjson_is_str(&values[at]))
            return false;
        length = strcspn(name, ",");
        while (type < TYPE_COUNT && (strlen(types[type].name) != length || memcmp(types[type].name, name, length)))
            type++;
        decoded = yyjson_get_len(&values[at]);
        if (type == TYPE_COUNT || (types[type].kind == DOCUMENT_BINARY &&
                                   !base64_decode(values[at].uni.str, decoded, (uint8_t *)(uintptr_t)values[at].uni.str, &decoded)))
            return false;
        values[at].tag = document_typed_tag(types[type].kind, decoded);
        text = name + length + (name[length] == ',');
    }
    return true;
}

/* *nomem stays as it is when the line is damaged. */
static bool add_document(struct documents *documents, char *line, size_t length, bool *nomem)
{
    char *tab = memchr(line, '\t', length);
    bool out_of_memory = false, ok;
    yyjson_doc *doc = json_text_read(line, tab ? (size_t)(tab - line) : length, &out_of_memory);
    struct document document = { yyjson_doc_get_root(doc) };

    ok = doc && (!tab || set_types(document.value, document_value_count(document), tab + 1));
    if (ok && !documents_add(documents, document))
        ok = false, out_of_memory = true;
    yyjson_doc_free(doc);
    *nomem |= out_of_memory;
    return ok;
}

static enum spile_status read_documents(struct recording *recording, struct documents *documents, char *bytes, size_t length, struct spile_error *err)
{
    bool nomem = false, ok = true;
    char *end;

    for (char *line = bytes; ok && line < bytes + length; line = end + 1) {
        end = memchr(line, '\n', (size_t)(bytes + length - line));
        if (!end)
            return fail_damaged(recording, err);
        *end = '\0';
        ok = add_document(documents, line, (size_t)(end - line), &nomem);
    }
    return ok ? SPILE_OK : nomem ? spile_fail_nomem(err) : fail_damaged(recording, err);
}

/* Bytes become what they stand for. */
static enum spile_status take_bytes(struct recording *recording, struct chunk *chunk, enum kind kind, char *bytes, size_t length,
                                    struct spile_error *err)
{
    enum spile_status status;

    if (kind == KIND_TEXT) {
        chunk->bytes = bytes;
        chunk->length = length;
        chunk->capacity = length + CHUNK_PADDING;
        return SPILE_OK;
    }
    chunk->documents = documents_new();
    if (!chunk->documents)
        status = spile_fail_nomem(err);
    else
        status = kind == KIND_ROWS ? rows_read(&chunk->documents->rows, (struct slice){ bytes, length }, err)
                                   : read_documents(recording, chunk->documents, bytes, length, err);
    free(bytes);
    if (status) {
        documents_free(chunk->documents);
        chunk->documents = NULL;
    }
    return status;
}

static enum spile_status read_bytes(struct recording *recording, struct chunk *chunk, const struct header *header, struct spile_error *err)
{
    size_t length = (size_t)header->bytes;
    char *bytes = calloc(1, length + CHUNK_PADDING);

    if (!bytes)
        return spile_fail_nomem(err);
    if (fread(bytes, 1, length, recording->file) == length && fgetc(recording->file) == '\n' && XXH3_64bits(bytes, length) == header->hash)
        return take_bytes(recording, chunk, header->kind, bytes, length, err);
    free(bytes);
    return fail_damaged(recording, err);
}

enum spile_status recording_next(struct recording *recording, struct chunk *chunk, bool *more, struct spile_error *err)
{
    ssize_t length = getline(&recording->line, &recording->line_capacity, recording->file);
    struct header header = { 0 };
    bool nomem, good;
    yyjson_read_err failure;
    yyjson_doc *doc;
    enum spile_status status;

    *more = length > 0;
    if (length <= 0)
        return feof(recording->file) ? SPILE_OK : spile_fail_errno(err, SPILE_FAILED, errno, "can't read \"%s\"", recording->path);
    doc = yyjson_read_opts(recording->line, (size_t)length, YYJSON_READ_ALLOW_INVALID_UNICODE, NULL, &failure);
    good = doc && read_header(recording, yyjson_doc_get_root(doc), chunk, &header);
    nomem = (!doc && failure.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) || (good && !chunk->input_name);
    yyjson_doc_free(doc);
    status = nomem ? spile_fail_nomem(err) : good ? read_bytes(recording, chunk, &header, err) : fail_damaged(recording, err);
    recording->number += !status;
    return status;
}
