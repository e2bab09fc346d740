#include "schema/settings.h"

#include "base/clock.h"
#include "data/json_text.h"

static const char *const detections[] = {
    [DETECT_TIMESTAMP] = "timestamp",
    [DETECT_ISO_TIMESTAMP] = "iso_timestamp",
    [DETECT_ISO_DATE] = "iso_date",
    [DETECT_LARGE_INTEGER] = "large_integer",
    [DETECT_HEXBYTES_TO_TEXT] = "hexbytes_to_text",
    [DETECT_WEI_TO_DOUBLE] = "wei_to_double",
};

const char *detection_name(enum detection detection)
{
    return detections[detection];
}

/* A detection named twice is tried once. */
static enum spile_status add_detection(struct settings *out, yyjson_mut_val *name, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];
    int found = 0;

    while (found < DETECTIONS && !yyjson_mut_equals_str(name, detections[found]))
        found++;
    if (found == DETECTIONS) {
        spile_fail(err, SPILE_CONFIG, "unknown detection \"%s\"",
                   shorten(extract, yyjson_mut_is_str(name) ? yyjson_mut_get_str(name) : "", yyjson_mut_get_len(name)));
        return spile_hint(err, SPILE_CONFIG, "detections are timestamp, iso_timestamp, iso_date, large_integer, hexbytes_to_text and wei_to_double");
    }
    for (size_t i = 0; i < out->detection_count; i++)
        if (out->detections[i] == (enum detection)found)
            return SPILE_OK;
    out->detections[out->detection_count++] = (enum detection)found;
    return SPILE_OK;
}

static enum spile_status read_detections(struct settings *out, yyjson_mut_val *list, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *name;
    size_t i, count;

    yyjson_mut_arr_foreach(list, i, count, name)
        if (!status)
            status = add_detection(out, name, err);
    return spile_within(err, status, "detections, settings");
}

static enum spile_status read_preferred(struct settings *out, yyjson_mut_val *object, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *key, *type;
    size_t i, count;
    char extract[SHORTEN_BYTES];

    out->preferred = arena_zalloc(arena, (yyjson_mut_obj_size(object) + 1) * sizeof(*out->preferred));
    if (!out->preferred)
        return spile_fail_nomem(err);
    yyjson_mut_obj_foreach(object, i, count, key, type)
    {
        struct preferred_type *preferred = &out->preferred[out->preferred_count++];

        preferred->type = yyjson_mut_is_str(type) ? data_type_of(json_text_of(type)) : TYPE_UNKNOWN;
        if (preferred->type == TYPE_UNKNOWN) {
            spile_fail(err, SPILE_CONFIG, "unknown data type for columns \"%s\"", shorten(extract, yyjson_mut_get_str(key), yyjson_mut_get_len(key)));
            return spile_within(err, SPILE_CONFIG, "preferred_types, settings");
        }
        status = pattern_compile(&preferred->pattern, json_text_of(key), err);
        if (status)
            return spile_within(err, status, "preferred_types, settings");
    }
    return SPILE_OK;
}

static enum spile_status read_hint(struct default_hint *out, yyjson_mut_val *name, yyjson_mut_val *list, struct arena *arena, struct spile_error *err)
{
    yyjson_mut_val *pattern;
    size_t i, count;

    out->name = yyjson_mut_get_str(name);
    out->patterns = arena_zalloc(arena, (yyjson_mut_arr_size(list) + 1) * sizeof(*out->patterns));
    if (!out->patterns)
        return spile_fail_nomem(err);
    yyjson_mut_arr_foreach(list, i, count, pattern)
    {
        enum spile_status status = yyjson_mut_is_str(pattern) ? pattern_compile(&out->patterns[out->count++], json_text_of(pattern), err)
                                                              : spile_fail(err, SPILE_CONFIG, "a pattern that is no text");

        if (status)
            return spile_within(err, status, "%s, default_hints, settings", out->name);
    }
    return SPILE_OK;
}

static enum spile_status read_hints(struct settings *out, yyjson_mut_val *object, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *name, *list;
    size_t i, count;

    out->hints = arena_zalloc(arena, (yyjson_mut_obj_size(object) + 1) * sizeof(*out->hints));
    if (!out->hints)
        return spile_fail_nomem(err);
    yyjson_mut_obj_foreach(object, i, count, name, list)
        if (!status)
            status = read_hint(&out->hints[out->hint_count++], name, list, arena, err);
    return status;
}

enum spile_status settings_compile(struct settings *out, yyjson_mut_val *stored, struct arena *arena, struct spile_error *err)
{
    enum spile_status status;

    *out = (struct settings){ .now = (double)clock_micros() / 1e6 };
    status = read_detections(out, yyjson_mut_obj_get(stored, "detections"), err);
    if (!status)
        status = read_preferred(out, yyjson_mut_obj_get(stored, "preferred_types"), arena, err);
    return status ? status : read_hints(out, yyjson_mut_obj_get(stored, "default_hints"), arena, err);
}

void settings_release(struct settings *settings)
{
    for (size_t i = 0; i < settings->preferred_count; i++)
        pattern_release(&settings->preferred[i].pattern);
    for (size_t i = 0; i < settings->hint_count; i++)
        for (size_t j = 0; j < settings->hints[i].count; j++)
            pattern_release(&settings->hints[i].patterns[j]);
    *settings = (struct settings){ 0 };
}

enum data_type settings_preferred_type(const struct settings *settings, struct slice column)
{
    for (size_t i = 0; i < settings->preferred_count; i++)
        if (pattern_matches(&settings->preferred[i].pattern, column))
            return settings->preferred[i].type;
    return TYPE_UNKNOWN;
}

bool default_hint_matches(const struct default_hint *hint, struct slice column)
{
    for (size_t i = 0; i < hint->count; i++)
        if (pattern_matches(&hint->patterns[i], column))
            return true;
    return false;
}
