#include "load/state.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <yyjson.h>
#include <zlib.h>

#include "base/hash.h"
#include "data/json_text.h"
#include "schema/naming.h"

#define STATE_ENGINE_VERSION 4
#define STATE_BYTES_MAX ((size_t)256 << 20)
#define PIPELINE_SUFFIX "_pipeline"
#define SCHEMA_NAME_MAX 64

const char *state_default_schema(const char *pipeline, struct arena *arena)
{
    size_t length = strlen(pipeline), suffix = strlen(PIPELINE_SUFFIX);

    if (length > suffix && !strcmp(pipeline + length - suffix, PIPELINE_SUFFIX))
        length -= suffix;
    return naming_identifier(arena, &(const struct naming){ .length_max = SCHEMA_NAME_MAX }, (struct slice){ pipeline, length });
}

/* ---- text of the column --------------------------------------------------------------------------------------------------------- */

static bool inflate_all(const uint8_t *bytes, size_t length, struct text *out)
{
    z_stream stream = { 0 };
    char buffer[16384];
    int code = Z_OK;

    if (inflateInit(&stream) != Z_OK)
        return false;
    stream.next_in = (uint8_t *)(uintptr_t)bytes;
    stream.avail_in = (uInt)length;
    while (code == Z_OK && out->length < STATE_BYTES_MAX) {
        stream.next_out = (uint8_t *)buffer;
        stream.avail_out = sizeof(buffer);
        code = inflate(&stream, Z_NO_FLUSH);
        text_append(out, buffer, sizeof(buffer) - stream.avail_out);
    }
    inflateEnd(&stream);
    return code == Z_STREAM_END && !out->failed;
}

/* As dlt reads it: base64 of deflated JSON, or plain JSON. */
static bool decode(const char *stored, struct text *json)
{
    size_t length = strlen(stored), decoded;
    uint8_t *bytes = malloc(length / 4 * 3 + 4);
    bool ok;

    json->failed |= !bytes;
    if (!bytes)
        return false;
    if (base64_decode(stored, length, bytes, &decoded))
        ok = inflate_all(bytes, decoded, json);
    else {
        text_append(json, stored, length);
        ok = !json->failed;
    }
    free(bytes);
    return ok;
}

static const char *encode(const char *json, size_t length, struct arena *arena)
{
    uLongf deflated = compressBound((uLong)length);
    uint8_t *bytes = arena_alloc(arena, deflated);
    char *out;

    if (!bytes || compress2(bytes, &deflated, (const uint8_t *)json, (uLong)length, 9) != Z_OK)
        return NULL;
    out = arena_alloc(arena, base64_size(deflated));
    if (out)
        base64_encode(bytes, deflated, out);
    return out;
}

/* ---- hash ----------------------------------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(yyjson_mut_get_str(*(yyjson_mut_val *const *)a), yyjson_mut_get_str(*(yyjson_mut_val *const *)b));
}

static bool is_outside_hash(const char *key)
{
    return !strcmp(key, "_state_version") || !strcmp(key, "_state_engine_version") || !strcmp(key, "_version_hash") ||
           !strcmp(key, "_local");
}

static yyjson_mut_val *sorted_copy(yyjson_mut_doc *doc, yyjson_mut_val *value, bool root);

static yyjson_mut_val *sorted_object(yyjson_mut_doc *doc, yyjson_mut_val *value, bool root)
{
    size_t count = yyjson_mut_obj_size(value), i = 0;
    yyjson_mut_val **keys = malloc((count + 1) * sizeof(*keys)), *key, *copy = keys ? yyjson_mut_obj(doc) : NULL;
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(value);

    while (keys && (key = yyjson_mut_obj_iter_next(&iter)))
        keys[i++] = key;
    if (keys)
        qsort(keys, count, sizeof(*keys), compare_keys);
    for (i = 0; copy && i < count; i++)
        if ((!root || !is_outside_hash(yyjson_mut_get_str(keys[i]))) &&
            !yyjson_mut_obj_add(copy, yyjson_mut_val_mut_copy(doc, keys[i]), sorted_copy(doc, yyjson_mut_obj_iter_get_val(keys[i]), false)))
            copy = NULL;
    free(keys);
    return copy;
}

/* A copy with all keys sorted; the root without what is not hashed. NULL: out of memory. */
static yyjson_mut_val *sorted_copy(yyjson_mut_doc *doc, yyjson_mut_val *value, bool root)
{
    yyjson_mut_val *copy, *element;
    size_t i, count;

    if (yyjson_mut_is_obj(value))
        return sorted_object(doc, value, root);
    if (!yyjson_mut_is_arr(value))
        return yyjson_mut_val_mut_copy(doc, value);
    copy = yyjson_mut_arr(doc);
    yyjson_mut_arr_foreach(value, i, count, element)
        if (!yyjson_mut_arr_append(copy, sorted_copy(doc, element, false)))
            return NULL;
    return copy;
}

static bool compute_hash(yyjson_mut_doc *doc, char hash[base64_size(32)])
{
    yyjson_mut_val *sorted = sorted_copy(doc, yyjson_mut_doc_get_root(doc), true);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    size_t json_length;
    char *json = sorted ? json_text_write(sorted, &json_length) : NULL;
    bool ok = json && EVP_Digest(json, json_length, digest, &length, EVP_sha3_256(), NULL);

    if (ok)
        base64_encode(digest, length, hash);
    free(json);
    return ok;
}

/* ---- the document --------------------------------------------------------------------------------------------------------------- */

/* NULL with *nomem false: it is no state. */
static yyjson_mut_doc *parse_stored(const char *stored, bool *nomem)
{
    struct text json = { 0 };
    bool decoded = decode(stored, &json);
    yyjson_doc *parsed = decoded ? json_text_read(json.text, json.length, nomem) : NULL;
    bool is_state = parsed && yyjson_is_obj(yyjson_doc_get_root(parsed));
    yyjson_mut_doc *doc = is_state ? yyjson_doc_mut_copy(parsed, NULL) : NULL;

    if (!decoded || is_state)
        *nomem = json.failed || (is_state && !doc);
    yyjson_doc_free(parsed);
    text_release(&json);
    return doc;
}

static yyjson_mut_doc *new_document(void)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);

    yyjson_mut_doc_set_root(doc, root);
    if (yyjson_mut_obj_add_int(doc, root, "_state_version", 0) && yyjson_mut_obj_add_int(doc, root, "_state_engine_version", STATE_ENGINE_VERSION))
        return doc;
    yyjson_mut_doc_free(doc);
    return NULL;
}

static bool put_text(yyjson_mut_doc *doc, const char *key, const char *value)
{
    return json_put(yyjson_mut_doc_get_root(doc), yyjson_mut_strcpy(doc, key), yyjson_mut_strcpy(doc, value));
}

static bool add_schema_name(yyjson_mut_doc *doc, const char *name)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *names = yyjson_mut_obj_get(root, "schema_names"), *element;
    size_t i, count;

    if (!yyjson_mut_is_arr(names)) {
        names = yyjson_mut_arr(doc);
        if (!json_put(root, yyjson_mut_str(doc, "schema_names"), names))
            return false;
    }
    yyjson_mut_arr_foreach(names, i, count, element)
        if (yyjson_mut_equals_str(element, name))
            return true;
    return yyjson_mut_arr_add_strcpy(doc, names, name);
}

/* Whom the state belongs to. */
static bool identify(yyjson_mut_doc *doc, const struct state_identity *identity, const char *schema_name)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);

    if (!yyjson_mut_obj_get(root, "destination_name") &&
        !json_put(root, yyjson_mut_str(doc, "destination_name"), yyjson_mut_null(doc)))
        return false;
    return put_text(doc, "pipeline_name", identity->pipeline) && put_text(doc, "dataset_name", identity->dataset) &&
           (yyjson_mut_obj_get(root, "default_schema_name") || put_text(doc, "default_schema_name", schema_name)) &&
           put_text(doc, "destination_type", identity->destination_type) && add_schema_name(doc, schema_name);
}

static enum spile_status finish(struct state *out, yyjson_mut_doc *doc, struct arena *arena, struct spile_error *err)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    const char *old = yyjson_mut_get_str(yyjson_mut_obj_get(root, "_version_hash"));
    char hash[base64_size(32)], *json = NULL;
    size_t length = 0;

    out->version = yyjson_mut_get_sint(yyjson_mut_obj_get(root, "_state_version"));
    if (!compute_hash(doc, hash))
        return spile_fail_nomem(err);
    out->changed = !old || strcmp(old, hash);
    if (out->changed) {
        out->version++;
        if (!json_put(root, yyjson_mut_str(doc, "_state_version"), yyjson_mut_sint(doc, out->version)) || !put_text(doc, "_version_hash", hash))
            return spile_fail_nomem(err);
        yyjson_mut_obj_remove_key(root, "_local");
        json = json_text_write(root, &length);
        out->encoded = json ? encode(json, length, arena) : NULL;
        free(json);
        if (!out->encoded)
            return spile_fail_nomem(err);
    }
    out->hash = arena_copy(arena, hash, strlen(hash));
    return out->hash ? SPILE_OK : spile_fail_nomem(err);
}

#define SOURCES_HASH_BYTES 20

const char *state_sources_hash(const char *sources, size_t length, struct arena *arena)
{
    uint8_t digest[SOURCES_HASH_BYTES];
    char *hash = arena_alloc(arena, base64_size(sizeof(digest)));

    shake128(sources, length, digest, sizeof(digest));
    if (hash)
        base64_encode(digest, sizeof(digest), hash);
    return hash;
}

static const char *hash_of_sources(yyjson_mut_doc *doc, struct arena *arena)
{
    yyjson_mut_val *sources = yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "sources");
    size_t length;
    char *json;
    const char *hash;

    if (!yyjson_mut_is_obj(sources))
        return state_sources_hash("{}", 2, arena);
    json = json_text_write(sources, &length);
    hash = json ? state_sources_hash(json, length, arena) : NULL;
    free(json);
    return hash;
}

/* The document of the stored state, or a new one. */
static enum spile_status open_document(yyjson_mut_doc **out, const char *pipeline, const char *stored, struct spile_error *err)
{
    bool nomem = true;
    yyjson_mut_doc *doc = stored ? parse_stored(stored, &nomem) : new_document();

    *out = doc;
    if (!doc && nomem)
        return spile_fail_nomem(err);
    if (!doc)
        return spile_fail(err, SPILE_CONFIG, "the stored state of pipeline \"%s\" can't be read", pipeline);
    if (yyjson_mut_get_sint(yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "_state_engine_version")) <= STATE_ENGINE_VERSION)
        return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "the stored state of pipeline \"%s\" was written by a newer engine", pipeline);
    return spile_hint(err, SPILE_CONFIG, "use a newer spile, or another pipeline name");
}

static bool put_sources(yyjson_mut_doc *doc, const char *sources)
{
    yyjson_doc *parsed = sources ? json_text_parse(sources, strlen(sources)) : NULL;
    yyjson_mut_val *copy = parsed ? yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed)) : NULL;
    bool ok = !sources || (copy && json_put(yyjson_mut_doc_get_root(doc), yyjson_mut_str(doc, "sources"), copy));

    yyjson_doc_free(parsed);
    return ok;
}

static enum spile_status prepare(struct state *out, yyjson_mut_doc *doc, const struct state_identity *identity, struct arena *arena,
                                 struct spile_error *err)
{
    const char *first = yyjson_mut_get_str(yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "default_schema_name"));
    const char *name = identity->schema_name ? identity->schema_name : first ? first : state_default_schema(identity->pipeline, arena);

    out->stored_sources_hash = hash_of_sources(doc, arena);
    out->schema_name = name ? arena_copy(arena, name, strlen(name)) : NULL;
    if (!out->schema_name || !out->stored_sources_hash || !identify(doc, identity, out->schema_name) || !put_sources(doc, identity->sources))
        return spile_fail_nomem(err);
    return finish(out, doc, arena, err);
}

enum spile_status state_prepare(struct state *out, const struct state_identity *identity, const char *stored, struct arena *arena,
                                struct spile_error *err)
{
    yyjson_mut_doc *doc;
    enum spile_status status = open_document(&doc, identity->pipeline, stored, err);

    *out = (struct state){ 0 };
    if (!status)
        status = prepare(out, doc, identity, arena, err);
    yyjson_mut_doc_free(doc);
    return status;
}

enum spile_status state_read_sources(yyjson_mut_doc **out, const char *pipeline, const char *stored, struct spile_error *err)
{
    yyjson_mut_doc *doc;
    yyjson_mut_val *sources;
    enum spile_status status = open_document(&doc, pipeline, stored, err);

    *out = NULL;
    if (!status) {
        sources = yyjson_mut_obj_get(yyjson_mut_doc_get_root(doc), "sources");
        *out = yyjson_mut_doc_new(NULL);
        if (*out)
            yyjson_mut_doc_set_root(*out, yyjson_mut_is_obj(sources) ? yyjson_mut_val_mut_copy(*out, sources) : yyjson_mut_obj(*out));
        if (!*out || !yyjson_mut_doc_get_root(*out))
            status = spile_fail_nomem(err);
    }
    yyjson_mut_doc_free(doc);
    return status;
}

enum spile_status state_read(yyjson_mut_doc **out, const char *pipeline, const char *stored, struct spile_error *err)
{
    enum spile_status status = open_document(out, pipeline, stored, err);

    if (status) {
        yyjson_mut_doc_free(*out);
        *out = NULL;
    }
    return status;
}
