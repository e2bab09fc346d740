#include "extract/notes.h"

#include <string.h>

#include "data/json_text.h"
#include "schema/value.h"

#define RESOURCES "resources"
#define INCREMENTAL "incremental"

bool notes_init(struct notes *notes, yyjson_mut_doc *doc, yyjson_mut_val *sources, const char *source)
{
    *notes = (struct notes){ .doc = doc, .sources = sources, .source = source };
    return !pthread_mutex_init(&notes->lock, NULL);
}

/* An object that holds nothing any more says nothing, and another engine does not know it. */
static void drop_if_empty(yyjson_mut_val *parent, const char *key)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(parent, key);

    if (yyjson_mut_is_obj(value) && !yyjson_mut_obj_size(value))
        yyjson_mut_obj_remove_key(parent, key);
}

void notes_drop_empty(yyjson_mut_val *sources, const char *source)
{
    drop_if_empty(yyjson_mut_obj_get(sources, source), RESOURCES);
    drop_if_empty(sources, source);
}

void notes_release(struct notes *notes)
{
    if (!notes->doc)
        return;
    pthread_mutex_destroy(&notes->lock);
    *notes = (struct notes){ 0 };
}

static yyjson_mut_val *find(const struct notes *notes, const char *resource)
{
    yyjson_mut_val *source = yyjson_mut_obj_get(notes->sources, notes->source);

    return resource ? yyjson_mut_obj_get(yyjson_mut_obj_get(source, RESOURCES), resource) : source;
}

static yyjson_mut_val *make(struct notes *notes, const char *resource)
{
    yyjson_mut_val *source = value_object_at(notes->doc, notes->sources, slice_of(notes->source));
    yyjson_mut_val *resources = source && resource ? value_object_at(notes->doc, source, slice_of(RESOURCES)) : NULL;

    return resource ? resources ? value_object_at(notes->doc, resources, slice_of(resource)) : NULL : source;
}

static bool is_own(const char *resource, const char *key)
{
    return !strcmp(key, resource ? INCREMENTAL : RESOURCES);
}

bool notes_get(struct notes *notes, const char *resource, const char *key, struct text *json)
{
    yyjson_mut_val *value;

    pthread_mutex_lock(&notes->lock);
    value = yyjson_mut_obj_get(find(notes, resource), key);
    if (value)
        json_text_append(json, value, false);
    pthread_mutex_unlock(&notes->lock);
    return value && !json->failed;
}

static bool set(struct notes *notes, const char *resource, const char *key, yyjson_doc *parsed)
{
    yyjson_mut_val *object, *value;

    if (!parsed) {
        yyjson_mut_obj_remove_key(find(notes, resource), key);
        return true;
    }
    object = make(notes, resource);
    value = object ? yyjson_val_mut_copy(notes->doc, yyjson_doc_get_root(parsed)) : NULL;
    return value && json_put(object, yyjson_mut_strcpy(notes->doc, key), value);
}

enum spile_status notes_set(struct notes *notes, const char *resource, const char *key, const char *json, struct spile_error *err)
{
    bool nomem = false, ok;
    yyjson_doc *parsed = json ? json_text_read(json, strlen(json), &nomem) : NULL;
    char extract[SHORTEN_BYTES];

    if (nomem)
        return spile_fail_nomem(err);
    if (json && !parsed) {
        spile_fail(err, SPILE_USAGE, "state \"%s\" is no JSON: \"%s\"", key, shorten(extract, json, strlen(json)));
        return spile_hint(err, SPILE_USAGE, "a text stands in double quotes");
    }
    if (is_own(resource, key)) {
        yyjson_doc_free(parsed);
        return spile_fail(err, SPILE_USAGE, "state \"%s\" is the engine's own", key), spile_hint(err, SPILE_USAGE, "choose another key");
    }
    pthread_mutex_lock(&notes->lock);
    ok = set(notes, resource, key, parsed);
    pthread_mutex_unlock(&notes->lock);
    yyjson_doc_free(parsed);
    return ok ? SPILE_OK : spile_fail_nomem(err);
}

void notes_forget(struct notes *notes, const char *resource)
{
    yyjson_mut_obj_remove_key(yyjson_mut_obj_get(find(notes, NULL), RESOURCES), resource);
    notes_drop_empty(notes->sources, notes->source);
}

yyjson_mut_val *notes_incremental(struct notes *notes, const char *resource, const char *key)
{
    return yyjson_mut_obj_get(yyjson_mut_obj_get(find(notes, resource), INCREMENTAL), key);
}

bool notes_set_incremental(struct notes *notes, const char *resource, const char *key, yyjson_mut_val *state)
{
    yyjson_mut_val *object = make(notes, resource), *cursors = object ? value_object_at(notes->doc, object, slice_of(INCREMENTAL)) : NULL;

    return cursors && json_put(cursors, yyjson_mut_strcpy(notes->doc, key), state);
}
