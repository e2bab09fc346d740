#include "schema/view/property.h"

#include <stdlib.h>
#include <string.h>

/* ---- JSON ----------------------------------------------------------------------------------------------------------------------- */

struct slice string_of(yyjson_mut_val *value)
{
    return (struct slice){ yyjson_mut_get_str(value), yyjson_mut_is_str(value) ? yyjson_mut_get_len(value) : 0 };
}

bool slice_is(struct slice slice, const char *text)
{
    return slice_equal(slice, slice_of(text));
}

void append_json(struct text *out, yyjson_mut_val *value)
{
    size_t length;
    char *text = yyjson_mut_val_write(value, YYJSON_WRITE_NOFLAG, &length);

    if (!text) {
        out->failed = true;
        return;
    }
    text_append(out, text, length);
    free(text);
}

/* Pairs still to be compared. A value may be as deep as its text is long, so the stack is not the machine's. */
struct pairs {
    yyjson_mut_val *(*items)[2];
    size_t count, capacity;
    bool failed;
};

static void push_pair(struct pairs *pairs, yyjson_mut_val *a, yyjson_mut_val *b)
{
    size_t wanted = pairs->capacity ? pairs->capacity * 2 : 16;
    yyjson_mut_val *(*grown)[2] = pairs->items;

    if (pairs->count == pairs->capacity) {
        grown = realloc(pairs->items, wanted * sizeof(*grown));
        if (!grown) {
            pairs->failed = true;
            return;
        }
        pairs->items = grown;
        pairs->capacity = wanted;
    }
    grown[pairs->count][0] = a;
    grown[pairs->count++][1] = b;
}

/* False: they differ. */
static bool push_elements(struct pairs *pairs, yyjson_mut_val *a, yyjson_mut_val *b)
{
    yyjson_mut_arr_iter one = yyjson_mut_arr_iter_with(a), other = yyjson_mut_arr_iter_with(b);
    yyjson_mut_val *element;

    if (yyjson_mut_arr_size(a) != yyjson_mut_arr_size(b))
        return false;
    while ((element = yyjson_mut_arr_iter_next(&one)))
        push_pair(pairs, element, yyjson_mut_arr_iter_next(&other));
    return true;
}

static bool push_members(struct pairs *pairs, yyjson_mut_val *a, yyjson_mut_val *b)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(a);
    yyjson_mut_val *key, *other;
    struct members members;
    bool same = true;

    if (yyjson_mut_obj_size(a) != yyjson_mut_obj_size(b))
        return false;
    if (!members_open(&members, b)) {
        pairs->failed = true;
        return false;
    }
    while (same && (key = yyjson_mut_obj_iter_next(&iter))) {
        other = members_find(&members, string_of(key));
        same = other;
        if (same)
            push_pair(pairs, yyjson_mut_obj_iter_get_val(key), other);
    }
    members_close(&members);
    return same;
}

bool json_equal(yyjson_mut_val *a, yyjson_mut_val *b, bool *failed)
{
    struct pairs pairs = { 0 };
    bool same = true;

    push_pair(&pairs, a, b);
    while (same && !pairs.failed && pairs.count) {
        a = pairs.items[--pairs.count][0];
        b = pairs.items[pairs.count][1];
        if (yyjson_mut_is_obj(a) && yyjson_mut_is_obj(b))
            same = push_members(&pairs, a, b);
        else if (yyjson_mut_is_arr(a) && yyjson_mut_is_arr(b))
            same = push_elements(&pairs, a, b);
        else
            same = yyjson_mut_equals(a, b);
    }
    free(pairs.items);
    *failed |= pairs.failed;
    return same && !pairs.failed;
}

/* ---- defaults ------------------------------------------------------------------------------------------------------------------- */

static bool is_one_of(struct slice key, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(key, names[i]))
            return true;
    return false;
}

static bool is_flag(struct slice key)
{
    static const char *const flags[] = { "variant",   "partition", "cluster",    "primary_key", "sort",        "unique",
                                         "merge_key", "row_key",   "parent_key", "root_key",    "hard_delete", "incremental" };

    return is_one_of(key, flags, sizeof(flags) / sizeof(*flags));
}

/* Properties whose only default is null: false would be a value of theirs. */
static bool is_never_false(struct slice key)
{
    static const char *const names[] = { "data_type", "precision", "scale" };

    return is_one_of(key, names, sizeof(names) / sizeof(*names));
}

const char *column_property_default(struct slice key)
{
    if (slice_is(key, "nullable") || slice_is(key, "timezone"))
        return "true";
    return is_flag(key) ? "false" : NULL;
}

bool column_property_is_default(struct slice key, yyjson_mut_val *value)
{
    const char *fallback = column_property_default(key);

    if (slice_is(key, "x-active-record-timestamp"))
        return false; /* there null is a value: the mark of rows that are in force */
    if (yyjson_mut_is_null(value) || (yyjson_mut_is_obj(value) && yyjson_mut_obj_size(value) == 0))
        return true;
    if (fallback && !strcmp(fallback, "true"))
        return yyjson_mut_is_true(value);
    return yyjson_mut_is_false(value) && !is_never_false(key);
}

bool is_bookkeeping(struct slice key)
{
    return slice_is(key, "seen-data");
}

/* ---- look-ups ------------------------------------------------------------------------------------------------------------------- */

#define FEW_MEMBERS 12 /* up to here looking at each is as fast as hashing */

static bool put_all(struct name_map *map, yyjson_mut_val *object)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        struct slice name = string_of(key);

        if (!name_map_find(map, name.text, name.length) &&
            !name_map_put(map, name.text, name.length, yyjson_mut_obj_iter_get_val(key)))
            return false;
    }
    return true;
}

bool members_open(struct members *members, yyjson_mut_val *object)
{
    *members = (struct members){ .object = object };
    if (yyjson_mut_obj_size(object) <= FEW_MEMBERS)
        return true;
    members->map = name_map_new(false);
    if (members->map && put_all(members->map, object))
        return true;
    members_close(members);
    return false;
}

yyjson_mut_val *members_find(const struct members *members, struct slice key)
{
    if (members->map)
        return name_map_find(members->map, key.text, key.length);
    return yyjson_mut_obj_getn(members->object, key.text, key.length);
}

void members_close(struct members *members)
{
    name_map_free(members->map);
    members->map = NULL;
}
