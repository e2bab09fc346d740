/* The algorithm is dlt's, value for value. With f the function of the last value (the greater of two, say), S the value at the begin of the run and L the
 * last one so far, an item with value v:
 *
 *   f(v, end) is not end, or v is end      beyond the end
 *   f(v, L) is not L                       v is the new L; the item passes, and is the first to have L
 *   else f(v, S) is S, v is not S          before the start
 *        v is S                            passes unless an earlier run has had it, by the hashes in the state
 *        v is L                            is one more that has L
 *
 * The hashes of the items that have L are kept for the next run. */
#include "extract/incremental.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/documents.h"
#include "data/json.h"
#include "extract/cursor.h"
#include "extract/jsonpath.h"
#include "extract/lag.h"
#include "extract/row_hash.h"

#define KEYS_MAX_DEFAULT 100000

struct kept_cursor {
    struct cursor value;
    struct text memory;
};

/* Hashes, sorted, each once. */
struct hashes {
    char (*list)[ROW_HASH_LEGACY_CHARS + 1];
    size_t count, capacity;
};

struct incremental {
    struct spile_incremental options; /* texts copied into the arena */
    struct arena arena;
    const char *resource;
    struct jsonpath *path;
    struct slice *key;        /* columns that tell items apart; none: the whole item */
    size_t key_count;
    bool key_is_list;
    bool has_end, deduplicates;
    struct kept_cursor initial, end, start, last;
    struct kept_cursor ending; /* `end` as the items of the run have it */
    struct kept_cursor stored_initial, stored_last, stored_start; /* of the state; stored_start: what it is going to be */
    bool any_passed, page_passed, any_page;
    bool seen; /* an item that was not beyond the end */
    struct hashes start_hashes, hashes;
    bool start_is_legacy, is_legacy;
    struct documents boundary; /* items with the last value that are not hashed yet */
    incremental_whole *whole;
    void *whole_user;
    bool before_start, beyond_end; /* the last item looked at */
    bool enough;
    struct text start_json, end_json;
};

/* ---- comparing ------------------------------------------------------------------------------------------------------------------ */

static enum spile_status fail_compare(const struct incremental *inc, const struct cursor *a, const struct cursor *b, struct spile_error *err)
{
    struct text left = { 0 }, right = { 0 };
    char extract[SHORTEN_BYTES], other[SHORTEN_BYTES];

    cursor_describe(&left, a);
    cursor_describe(&right, b);
    spile_fail(err, SPILE_SOURCE, "value %s of cursor \"%s\" can't be compared with %s", shorten(extract, left.text ? left.text : "", left.length),
               inc->options.cursor, shorten(other, right.text ? right.text : "", right.length));
    text_release(&left);
    text_release(&right);
    return spile_hint(err, SPILE_SOURCE, "give all items, `initial` and `end` the same type (of these `kind` says it); the last value of "
                                         "earlier runs is forgotten with spile pipeline NAME reset-cursor %s", inc->resource);
}

static enum spile_status compare(const struct incremental *inc, const struct cursor *a, const struct cursor *b, int *order, struct spile_error *err)
{
    return cursor_compare(a, b, order) ? SPILE_OK : fail_compare(inc, a, b, err);
}

/* Asks the user's function. */
static enum spile_status ask(const struct incremental *inc, const struct cursor *value, const struct cursor *other, bool *replaces, struct spile_error *err)
{
    struct text left = { 0 }, right = { 0 };
    bool ok;

    cursor_write(&left, value);
    cursor_write(&right, other);
    ok = !left.failed && !right.failed;
    *replaces = ok && inc->options.replaces(left.text, right.text, inc->options.user);
    text_release(&left);
    text_release(&right);
    return ok ? SPILE_OK : spile_fail_nomem(err);
}

/* Is f(value, other) the value, and not the other? And are both the same? The user's function is not asked about what is no JSON. */
static enum spile_status weigh(const struct incremental *inc, const struct cursor *value, const struct cursor *other, bool *wins, bool *same,
                               struct spile_error *err)
{
    int order = 0;
    enum spile_status status;

    *same = *wins = false;
    if (inc->options.replaces) {
        if (value->kind == CURSOR_OTHER || other->kind == CURSOR_OTHER)
            return fail_compare(inc, value, other, err);
        *same = cursor_compare(value, other, &order) && !order;
        return *same ? SPILE_OK : ask(inc, value, other, wins, err);
    }
    status = compare(inc, value, other, &order, err);
    *same = !order;
    *wins = inc->options.last_value == SPILE_MAX ? order > 0 : order < 0;
    return status;
}

/* ---- hashes --------------------------------------------------------------------------------------------------------------------- */

static int compare_hashes(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool add_hash(struct hashes *hashes, const char *hash)
{
    size_t capacity = hashes->capacity ? 2 * hashes->capacity : 16;
    char(*list)[ROW_HASH_LEGACY_CHARS + 1];

    if (hashes->count == hashes->capacity) {
        list = realloc(hashes->list, capacity * sizeof(*list));
        if (!list)
            return false;
        hashes->list = list;
        hashes->capacity = capacity;
    }
    memccpy(hashes->list[hashes->count], hash, '\0', ROW_HASH_LEGACY_CHARS);
    hashes->list[hashes->count++][ROW_HASH_LEGACY_CHARS] = '\0';
    return true;
}

static void sort_hashes(struct hashes *hashes)
{
    size_t kept = 0;

    if (hashes->count)
        qsort(hashes->list, hashes->count, sizeof(*hashes->list), compare_hashes);
    for (size_t i = 0; i < hashes->count; i++)
        if (!kept || strcmp(hashes->list[kept - 1], hashes->list[i]))
            memmove(hashes->list[kept++], hashes->list[i], sizeof(*hashes->list));
    hashes->count = kept;
}

static bool has_hash(const struct hashes *hashes, const char *hash)
{
    return hashes->count && bsearch(hash, hashes->list, hashes->count, sizeof(*hashes->list), compare_hashes);
}

static enum spile_status fail_key(const struct incremental *inc, struct slice key, struct spile_error *err)
{
    spile_fail(err, SPILE_SOURCE, "an item without \"%.*s\", which is part of the primary key by which incremental loading tells items apart",
               (int)key.length, key.text);
    return spile_hint(err, SPILE_SOURCE, "correct the key of resource \"%s\": its names are those of the items as they come", inc->resource);
}

static enum spile_status write_key(const struct incremental *inc, struct document item, bool legacy, struct text *json,
                                   struct spile_error *err)
{
    if (!inc->key_count) {
        row_hash_write(json, item, legacy);
        return SPILE_OK;
    }
    if (inc->key_is_list)
        text_putc(json, '[');
    for (size_t i = 0; i < inc->key_count; i++) {
        struct document value;

        if (!document_find(item, inc->key[i], &value))
            return fail_key(inc, inc->key[i], err);
        if (i)
            text_putc(json, ',');
        row_hash_write(json, value, legacy);
    }
    if (inc->key_is_list)
        text_putc(json, ']');
    return SPILE_OK;
}

static enum spile_status hash_item(const struct incremental *inc, struct document item, bool legacy, char hash[ROW_HASH_LEGACY_CHARS + 1],
                                   struct spile_error *err)
{
    struct text json = { 0 };
    enum spile_status status = inc->whole && !inc->key_count ? inc->whole(inc->whole_user, &item, err) : SPILE_OK;

    if (!status)
        status = write_key(inc, item, legacy, &json, err);
    if (!status && json.failed)
        status = spile_fail_nomem(err);
    if (!status)
        row_hash(text_slice(&json), legacy, hash);
    text_release(&json);
    return status;
}

/* ---- options -------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_options(const struct incremental *inc, const char *what, const char *remedy, struct spile_error *err)
{
    spile_fail(err, SPILE_USAGE, "cursor \"%s\": %s", inc->options.cursor, what);
    return spile_hint(err, SPILE_USAGE, "%s", remedy);
}

static bool is_container(const struct cursor *cursor)
{
    return cursor->kind == CURSOR_OTHER && !cursor->mark;
}

static enum spile_status check_range(const struct incremental *inc, struct spile_error *err)
{
    bool wins, same;
    enum spile_status status;

    if (!inc->has_end)
        return SPILE_OK;
    if (inc->initial.value.kind == CURSOR_NONE)
        return fail_options(inc, "an end without a begin", "give `initial`, too", err);
    status = weigh(inc, &inc->end.value, &inc->initial.value, &wins, &same, err);
    if (!status && !wins && !same)
        return fail_options(inc, "the end is before the begin", inc->options.last_value == SPILE_MIN ? "`end` has to be less than `initial`"
                                                                                                     : "`end` has to be beyond `initial`", err);
    return status;
}

static const struct {
    enum spile_kind kind;
    enum cursor_mark mark;
    const char *example;
} typed_kinds[] = {
    { SPILE_TIMESTAMP, MARK_TIMESTAMP, "2026-01-31T10:00:00Z" },
    { SPILE_DATE, MARK_DATE, "2026-01-31" },
    { SPILE_TIME, MARK_TIME, "10:00:00" },
    { SPILE_DECIMAL, MARK_DECIMAL, "12.50" },
    { SPILE_BINARY, MARK_BINARY, "AP8=" },
};

/* That of initial and end; MARK_NONE: they are JSON. */
static enum cursor_mark mark_of_options(const struct spile_incremental *options)
{
    for (size_t i = 0; i < sizeof(typed_kinds) / sizeof(typed_kinds[0]); i++)
        if (typed_kinds[i].kind == options->kind)
            return typed_kinds[i].mark;
    return MARK_NONE;
}

static enum spile_status fail_typed(const struct incremental *inc, const char *option, const struct cursor *value, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_USAGE, "cursor \"%s\": `%s` is no %s: \"%s\"", inc->options.cursor, option, cursor_type(value->mark),
               shorten(extract, value->text.text, value->text.length));
    for (size_t i = 0; i < sizeof(typed_kinds) / sizeof(typed_kinds[0]); i++)
        if (typed_kinds[i].mark == value->mark)
            return spile_hint(err, SPILE_USAGE, "`kind` says that it is one: write \"%s\"", typed_kinds[i].example);
    return SPILE_USAGE;
}

static enum spile_status check_kind(const struct incremental *inc, struct spile_error *err)
{
    if (inc->options.kind != SPILE_ABSENT && !mark_of_options(&inc->options))
        return fail_options(inc, "a `kind` that JSON has", "leave it out: `initial` and `end` are JSON then", err);
    if (inc->initial.value.kind == CURSOR_OTHER && inc->initial.value.mark)
        return fail_typed(inc, "initial", &inc->initial.value, err);
    if (inc->end.value.kind == CURSOR_OTHER && inc->end.value.mark)
        return fail_typed(inc, "end", &inc->end.value, err);
    return SPILE_OK;
}

static enum spile_status check_options(const struct incremental *inc, struct spile_error *err)
{
    enum spile_status status = check_kind(inc, err);

    if (status)
        return status;
    if (is_container(&inc->initial.value) || is_container(&inc->end.value))
        return fail_options(inc, "an object or a list can't be a last value", "give a number or a text", err);
    if (!(inc->options.lag >= 0) || isinf(inc->options.lag))
        return fail_options(inc, "a lag that is negative or not finite", "give a positive one", err);
    if (inc->options.lag > 0 && inc->options.replaces)
        return fail_options(inc, "a lag for a last value of your own", "only the greatest and the least can have a lag", err);
    return check_range(inc, err);
}

static bool read_key(struct incremental *inc, const char *names)
{
    struct slice rest = slice_of(names), name;
    size_t count = 1;

    for (const char *at = names; *at; at++)
        count += *at == ',';
    inc->key = arena_alloc(&inc->arena, count * sizeof(*inc->key));
    while (inc->key && text_next(&rest, ',', &name))
        if (name.length)
            inc->key[inc->key_count++] = name;
    inc->key_is_list = inc->key_count > 1;
    return inc->key;
}

static bool set_options(struct incremental *inc, const char *resource, const char *primary_key)
{
    const char *key = inc->options.primary_key ? inc->options.primary_key : primary_key;
    enum cursor_mark mark = mark_of_options(&inc->options);

    if (!arena_copy_text(&inc->arena, &inc->options.cursor) || !arena_copy_text(&inc->arena, &key) || !arena_copy_text(&inc->arena, &resource) ||
        !cursor_copy_option(&inc->initial.value, &inc->initial.memory, inc->options.initial, mark) ||
        !cursor_copy_option(&inc->end.value, &inc->end.memory, inc->options.end, mark) || (key && !read_key(inc, key)))
        return false;
    inc->resource = resource;
    inc->has_end = inc->end.value.kind != CURSOR_NONE;
    inc->deduplicates = !inc->options.open_start && !inc->has_end && !(inc->options.lag > 0) && !(key && !*key);
    return true;
}

enum spile_status incremental_new(struct incremental **out, const char *resource, const struct spile_incremental *options, const char *primary_key,
                                  struct spile_error *err)
{
    struct incremental *inc = calloc(1, sizeof(*inc));
    enum spile_status status;

    *out = NULL;
    if (!inc)
        return spile_fail_nomem(err);
    inc->options = *options;
    status = set_options(inc, resource, primary_key) ? jsonpath_compile(&inc->path, inc->options.cursor, err) : spile_fail_nomem(err);
    if (!status)
        status = check_options(inc, err);
    if (status)
        incremental_free(inc);
    else
        *out = inc;
    return status;
}

static void release_cursors(struct kept_cursor *const *cursors)
{
    for (; *cursors; cursors++)
        text_release(&(*cursors)->memory);
}

void incremental_free(struct incremental *inc)
{
    if (!inc)
        return;
    release_cursors((struct kept_cursor *[]){ &inc->initial, &inc->end, &inc->ending, &inc->start, &inc->last, &inc->stored_initial, &inc->stored_last,
                                              &inc->stored_start, NULL });
    jsonpath_free(inc->path);
    documents_release(&inc->boundary);
    free(inc->start_hashes.list);
    free(inc->hashes.list);
    text_release(&inc->start_json);
    text_release(&inc->end_json);
    arena_release(&inc->arena);
    free(inc);
}

const char *incremental_key(const struct incremental *inc)
{
    return inc->options.cursor;
}

/* ---- a run ---------------------------------------------------------------------------------------------------------------------- */

static bool copy_cursor(struct kept_cursor *to, const struct kept_cursor *from)
{
    return cursor_copy(&to->value, &to->memory, &from->value);
}

static bool copy_stored(struct kept_cursor *to, yyjson_mut_val *state, const char *key)
{
    return cursor_copy_state(&to->value, &to->memory, yyjson_mut_obj_get(state, key));
}

static bool read_hashes(struct incremental *inc, yyjson_mut_val *list)
{
    yyjson_mut_val *hash;
    size_t i, count;

    yyjson_mut_arr_foreach(list, i, count, hash)
    {
        if (yyjson_mut_get_str(hash) && !add_hash(&inc->start_hashes, yyjson_mut_get_str(hash)))
            return false;
        inc->start_is_legacy |= yyjson_mut_get_len(hash) == ROW_HASH_LEGACY_CHARS;
    }
    sort_hashes(&inc->start_hashes);
    for (size_t at = 0; at < inc->start_hashes.count; at++)
        if (!add_hash(&inc->hashes, inc->start_hashes.list[at]))
            return false;
    inc->is_legacy = inc->start_is_legacy;
    return true;
}

/* A state as earlier runs have left it, or as it is before the first one. A backfill has none. */
static bool read_state(struct incremental *inc, yyjson_mut_val *state)
{
    if (inc->has_end || !yyjson_mut_is_obj(state) || !yyjson_mut_obj_size(state))
        return copy_cursor(&inc->stored_initial, &inc->initial) && copy_cursor(&inc->stored_last, &inc->initial) &&
               copy_cursor(&inc->stored_start, &inc->initial);
    return copy_stored(&inc->stored_initial, state, "initial_value") && copy_stored(&inc->stored_last, state, "last_value") &&
           copy_stored(&inc->stored_start, state, "start_value") && read_hashes(inc, yyjson_mut_obj_get(state, "unique_hashes"));
}

/* dlt keeps any value that a function of the last value gives. */
static enum spile_status check_state(const struct incremental *inc, struct spile_error *err)
{
    if (!is_container(&inc->stored_initial.value) && !is_container(&inc->stored_last.value) && !is_container(&inc->stored_start.value))
        return SPILE_OK;
    spile_fail(err, SPILE_SOURCE, "an earlier run has left an object or a list as the last value of cursor \"%s\"", inc->options.cursor);
    return spile_hint(err, SPILE_SOURCE, "begin anew: spile pipeline NAME reset-cursor %s", inc->resource);
}

/* The start is the last value less the lag, but not before the initial one. */
static enum spile_status set_start(struct incremental *inc, struct spile_error *err)
{
    const struct cursor *last = &inc->stored_last.value, *initial = &inc->initial.value;
    bool wins = false, same = false;
    enum spile_status status;

    if (!(inc->options.lag > 0) || inc->has_end || last->kind == CURSOR_NONE)
        return copy_cursor(&inc->start, &inc->stored_last) ? SPILE_OK : spile_fail_nomem(err);
    text_clear(&inc->start.memory);
    status = lag_apply(&inc->start.value, &inc->start.memory, last, initial, inc->options.lag, inc->options.last_value == SPILE_MIN, err);
    if (!status && initial->kind != CURSOR_NONE)
        status = weigh(inc, &inc->start.value, initial, &wins, &same, err);
    if (!status && initial->kind != CURSOR_NONE && !wins)
        return copy_cursor(&inc->start, &inc->initial) ? SPILE_OK : spile_fail_nomem(err);
    return status;
}

static enum spile_status write_bounds(struct incremental *inc, struct spile_error *err)
{
    text_clear(&inc->start_json);
    text_clear(&inc->end_json);
    cursor_write(&inc->start_json, &inc->start.value);
    cursor_write(&inc->end_json, &inc->end.value);
    return inc->start_json.failed || inc->end_json.failed ? spile_fail_nomem(err) : SPILE_OK;
}

enum spile_status incremental_begin(struct incremental *inc, yyjson_mut_val *state, struct spile_error *err)
{
    enum spile_status status;

    inc->start_hashes.count = inc->hashes.count = 0;
    inc->start_is_legacy = inc->is_legacy = inc->any_passed = inc->page_passed = inc->any_page = inc->seen = inc->before_start = inc->beyond_end = inc->enough = false;
    documents_clear(&inc->boundary);
    status = read_state(inc, state) ? check_state(inc, err) : spile_fail_nomem(err);
    if (!status)
        status = set_start(inc, err);
    if (!status && (!copy_cursor(&inc->last, &inc->start) || !copy_cursor(&inc->ending, &inc->end)))
        status = spile_fail_nomem(err);
    return status ? status : write_bounds(inc, err);
}

const char *incremental_start(const struct incremental *inc)
{
    return inc->start.value.kind == CURSOR_NONE ? NULL : inc->start_json.text;
}

const char *incremental_end(const struct incremental *inc)
{
    return inc->has_end ? inc->end_json.text : NULL;
}

/* ---- items ---------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_missing(const struct incremental *inc, bool found, struct document item, struct spile_error *err)
{
    struct text json = { 0 };
    char extract[SHORTEN_BYTES];

    json_write(&json, item);
    spile_fail(err, SPILE_SOURCE, "%s at cursor \"%s\" of item %s", found ? "null" : "nothing", inc->options.cursor,
               shorten(extract, json.text ? json.text : "", json.length));
    text_release(&json);
    return spile_hint(err, SPILE_SOURCE, "correct the cursor, or say what is to be done with such items: include or exclude them");
}

/* Until an item is within range, begin and end follow the items in saying an offset or none, so that timestamps of both sorts can be compared. */
static enum spile_status follow_zone(const struct incremental *inc, const struct cursor *value, struct kept_cursor *bound, struct spile_error *err)
{
    if (inc->seen || value->kind != CURSOR_TIMESTAMP || bound->value.kind != CURSOR_TIMESTAMP || value->is_aware == bound->value.is_aware ||
        cursor_follow_zone(&bound->value, &bound->memory, value))
        return SPILE_OK;
    return bound->memory.failed ? spile_fail_nomem(err) : fail_compare(inc, value, &bound->value, err);
}

/* Before an item is within range, the last value is the start. */
static enum spile_status follow_zones(struct incremental *inc, const struct cursor *value, struct spile_error *err)
{
    enum spile_status status = follow_zone(inc, value, &inc->start, err);

    if (!status)
        status = follow_zone(inc, value, &inc->last, err);
    return status ? status : follow_zone(inc, value, &inc->ending, err);
}

/* Is the item beyond the end? */
static enum spile_status judge_end(const struct incremental *inc, const struct cursor *value, bool *beyond, struct spile_error *err)
{
    bool wins, same;
    enum spile_status status = weigh(inc, value, &inc->ending.value, &wins, &same, err);

    *beyond = wins || (same && !inc->options.closed_end);
    return status;
}

/* The item has the last value: it is hashed with the page's end, if the value is still the last one then. */
static enum spile_status keep_item(struct incremental *inc, struct document item, struct spile_error *err)
{
    return !inc->deduplicates || documents_refer(&inc->boundary, item) ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status advance(struct incremental *inc, const struct cursor *value, struct document item, struct spile_error *err)
{
    if (!cursor_copy(&inc->last.value, &inc->last.memory, value))
        return spile_fail_nomem(err);
    documents_clear(&inc->boundary);
    inc->hashes.count = 0;
    inc->is_legacy = false;
    return keep_item(inc, item, err);
}

/* The value is not beyond the last one: is the item new? */
static enum spile_status judge_start(struct incremental *inc, const struct cursor *value, bool is_last, struct document item, bool *before,
                                     struct spile_error *err)
{
    char hash[ROW_HASH_LEGACY_CHARS + 1];
    bool wins = true, same = false;
    enum spile_status status = SPILE_OK;

    if (inc->start.value.kind != CURSOR_NONE)
        status = weigh(inc, value, &inc->start.value, &wins, &same, err);
    *before = !wins && (!same || inc->options.open_start);
    if (!status && same && !*before && inc->deduplicates) {
        status = hash_item(inc, item, inc->start_is_legacy, hash, err);
        *before = !status && has_hash(&inc->start_hashes, hash);
    }
    if (!status && !*before && is_last)
        status = keep_item(inc, item, err);
    return status;
}

static enum spile_status judge(struct incremental *inc, const struct cursor *value, struct document item, struct spile_error *err)
{
    bool wins = true, same = false;
    enum spile_status status = follow_zones(inc, value, err);

    if (!status && inc->has_end)
        status = judge_end(inc, value, &inc->beyond_end, err);
    if (status || inc->beyond_end)
        return status;
    inc->seen = true;
    if (inc->last.value.kind != CURSOR_NONE)
        status = weigh(inc, value, &inc->last.value, &wins, &same, err);
    else if (value->kind == CURSOR_OTHER)
        return fail_compare(inc, value, value, err);
    if (status)
        return status;
    return wins ? advance(inc, value, item, err) : judge_start(inc, value, same, item, &inc->before_start, err);
}

enum spile_status incremental_take(struct incremental *inc, struct document item, enum incremental_verdict *verdict, struct spile_error *err)
{
    struct document found;
    bool has = jsonpath_first(inc->path, item, &found);
    struct cursor value = has ? cursor_of(found) : (struct cursor){ 0 };
    enum spile_status status = SPILE_OK;

    inc->before_start = inc->beyond_end = false;
    *verdict = INCREMENTAL_PASS;
    if (value.kind != CURSOR_NONE)
        status = judge(inc, &value, item, err);
    else if (inc->options.missing == SPILE_RAISE)
        status = fail_missing(inc, has, item, err);
    else if (inc->options.missing == SPILE_EXCLUDE)
        *verdict = INCREMENTAL_EXCLUDED;
    if (inc->beyond_end || inc->before_start)
        *verdict = inc->beyond_end ? INCREMENTAL_BEYOND_END : INCREMENTAL_BEFORE_START;
    inc->enough |= (inc->options.order == SPILE_ASCENDING && inc->beyond_end) || (inc->options.order == SPILE_DESCENDING && inc->before_start);
    inc->page_passed |= !status && *verdict == INCREMENTAL_PASS;
    return status;
}

/* ---- rows of batches -------------------------------------------------------------------------------------------------------------- */

/* A cursor that is more than keys and indexes may look anywhere. */
bool incremental_needs(const struct incremental *inc, const char *name)
{
    const char *cursor = inc->options.cursor;
    size_t length = strlen(name);

    for (size_t i = 0; i < inc->key_count; i++)
        if (slice_equal(inc->key[i], slice_of(name)))
            return true;
    if (strpbrk(cursor, "$*'\"@?,:("))
        return true;
    return !strncmp(cursor, name, length) && (!cursor[length] || cursor[length] == '.' || cursor[length] == '[');
}

void incremental_set_whole(struct incremental *inc, incremental_whole *whole, void *user)
{
    inc->whole = whole;
    inc->whole_user = user;
}

/* ---- pages ---------------------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_too_many(const struct incremental *inc, size_t most, struct spile_error *err)
{
    struct text json = { 0 };
    char extract[SHORTEN_BYTES];

    cursor_write(&json, &inc->last.value);
    spile_fail(err, SPILE_SOURCE, "more than %zu items have the last value %s of cursor \"%s\"", most,
               shorten(extract, json.text ? json.text : "", json.length), inc->options.cursor);
    text_release(&json);
    return spile_hint(err, SPILE_SOURCE, "use a cursor that tells items apart better, or `open_start`, or an empty key (\"\") with a merge; or raise `keys_max`");
}

static enum spile_status hash_boundary(struct incremental *inc, struct spile_error *err)
{
    size_t most = inc->options.keys_max ? inc->options.keys_max : KEYS_MAX_DEFAULT;
    char hash[ROW_HASH_LEGACY_CHARS + 1];
    enum spile_status status = SPILE_OK;

    for (size_t i = 0; !status && i < inc->boundary.count; i++) {
        status = hash_item(inc, inc->boundary.items[i], inc->is_legacy, hash, err);
        if (!status && !add_hash(&inc->hashes, hash))
            status = spile_fail_nomem(err);
    }
    if (inc->boundary.count)
        sort_hashes(&inc->hashes);
    documents_clear(&inc->boundary);
    return !status && inc->hashes.count > most ? fail_too_many(inc, most, err) : status;
}

/* The last value never moves back, whatever the lag makes of the start. */
static enum spile_status hold_last(struct incremental *inc, struct spile_error *err)
{
    bool wins = true, same = false;
    enum spile_status status = SPILE_OK;

    if (inc->options.lag > 0 && !inc->has_end && inc->stored_last.value.kind != CURSOR_NONE && inc->last.value.kind != CURSOR_NONE)
        status = weigh(inc, &inc->last.value, &inc->stored_last.value, &wins, &same, err);
    if (!status && !wins && !same && !copy_cursor(&inc->last, &inc->stored_last))
        status = spile_fail_nomem(err);
    return status;
}

enum spile_status incremental_end_page(struct incremental *inc, bool *enough, struct spile_error *err)
{
    enum spile_status status = hold_last(inc, err);

    inc->any_page = true;
    inc->any_passed |= inc->page_passed;
    inc->page_passed = false;
    *enough = inc->enough;
    if (!status && inc->deduplicates)
        status = hash_boundary(inc, err);
    if (!inc->deduplicates)
        inc->hashes.count = 0;
    return status;
}

/* ---- state ---------------------------------------------------------------------------------------------------------------------- */

static bool put(yyjson_mut_doc *doc, yyjson_mut_val *state, const char *key, const struct cursor *value)
{
    yyjson_mut_val *copy = cursor_to_state(value, doc);

    return copy && yyjson_mut_obj_add(state, yyjson_mut_strcpy(doc, key), copy);
}

yyjson_mut_val *incremental_state(const struct incremental *inc, yyjson_mut_doc *doc, bool *failed)
{
    yyjson_mut_val *state = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
    const struct cursor *start = inc->any_passed ? &inc->stored_last.value : &inc->stored_start.value;
    const struct cursor *last = inc->any_page ? &inc->last.value : &inc->stored_last.value; /* without a page, no lag was made good */
    bool ok = state && list;

    if (inc->has_end)
        return NULL;
    for (size_t i = 0; ok && i < inc->hashes.count; i++)
        ok = yyjson_mut_arr_add_strcpy(doc, list, inc->hashes.list[i]);
    ok = ok && put(doc, state, "initial_value", &inc->stored_initial.value) && put(doc, state, "last_value", last) &&
         yyjson_mut_obj_add(state, yyjson_mut_str(doc, "unique_hashes"), list) && put(doc, state, "start_value", start);
    *failed |= !ok;
    return ok ? state : NULL;
}
