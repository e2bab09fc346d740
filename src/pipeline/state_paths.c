/* Values in the state of a source, chosen by JSONPaths and cut out. All paths look at the state as it was before anything is cut, in a copy that stands
 * still: what they name is marked there, and cut in one walk through copy and state side by side. So paths may overlap, and the elements of a list that
 * stay keep their places for the other paths. */
#include <stdlib.h>
#include <string.h>

#include "extract/jsonpath.h"
#include "extract/notes.h"
#include "pipeline/run.h"

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

static enum spile_status read_path(struct state_paths *paths, struct slice path, struct arena *arena, struct spile_error *err)
{
    enum spile_status status;

    paths->texts[paths->count] = arena_copy(arena, path.text, path.length);
    if (!paths->texts[paths->count])
        return spile_fail_nomem(err);
    status = jsonpath_compile(&paths->paths[paths->count], paths->texts[paths->count], err);
    paths->count += !status;
    return status;
}

enum spile_status state_paths_read(struct state_paths *paths, const char *list, struct arena *arena, struct spile_error *err)
{
    struct slice rest = slice_of(list), path;
    size_t most = text_count(rest, ',');
    enum spile_status status = SPILE_OK;

    *paths = (struct state_paths){ 0 };
    if (!list)
        return SPILE_OK;
    if (!utf8_is_valid(list, strlen(list)))
        return spile_fail(err, SPILE_USAGE, "the state paths are no UTF-8");
    paths->paths = arena_alloc(arena, most * sizeof(*paths->paths));
    paths->texts = arena_alloc(arena, most * sizeof(*paths->texts));
    if (!paths->paths || !paths->texts)
        return spile_fail_nomem(err);
    while (!status && jsonpath_next(&rest, &path))
        status = read_path(paths, path, arena, err);
    return status;
}

void state_paths_release(struct state_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        jsonpath_free(paths->paths[i]);
}

/* ---- marking -------------------------------------------------------------------------------------------------------------------- */

struct cutting {
    struct run *run;
    struct document copy;      /* of the source's state: its values lie one behind the other */
    yyjson_val *resources;     /* in it; NULL: it has none */
    bool *marked;              /* by value of the copy */
    bool any;                  /* the path at work names something that can go */
    struct text path;          /* of the value that the walk is at */
    struct name_list *forgotten;
};

/* As in dlt, neither the whole state of the source goes nor the object with those of its resources: only what is in them. So "*" is all that the source
 * itself keeps. */
static bool mark(void *user, struct document match)
{
    struct cutting *c = user;

    if (match.value != c->copy.value && match.value != c->resources)
        c->any = c->marked[match.value - c->copy.value] = true;
    return false;
}

static bool mark_all(struct cutting *c, const struct state_paths *paths, struct name_list *unmatched)
{
    for (size_t i = 0; i < paths->count; i++) {
        c->any = false;
        jsonpath_each(paths->paths[i], c->copy, mark, c);
        if (!c->any && !name_list_add(unmatched, paths->texts[i], &c->run->arena))
            return false;
    }
    return true;
}

/* ---- cutting -------------------------------------------------------------------------------------------------------------------- */

static bool is_plain(struct slice key)
{
    for (size_t i = 0; i < key.length; i++) {
        char c = ascii_lower(key.text[i]);

        if (c != '_' && (c < 'a' || c > 'z') && (!i || (c != '-' && !ascii_is_digit(c))))
            return false;
    }
    return key.length;
}

/* As both engines read it. */
static void add_key(struct text *path, struct slice key)
{
    if (is_plain(key)) {
        text_printf(path, "%s%.*s", path->length ? "." : "", (int)key.length, key.text);
        return;
    }
    text_puts(path, "['");
    for (size_t i = 0; i < key.length; i++) {
        if (key.text[i] == '\'' || key.text[i] == '\\')
            text_putc(path, '\\');
        text_putc(path, key.text[i]);
    }
    text_puts(path, "']");
}

static bool cut(struct cutting *c, yyjson_mut_val *value, struct document copy);

/* What goes is noted, what stays is looked into. False: out of memory. */
static bool cut_child(struct cutting *c, yyjson_mut_val *child, struct document copy, bool *goes)
{
    *goes = c->marked[copy.value - c->copy.value];
    if (*goes)
        return !c->path.failed && name_list_add(c->forgotten, c->path.text, &c->run->arena);
    return cut(c, child, copy);
}

static bool cut_members(struct cutting *c, yyjson_mut_val *object, struct document copy)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);
    yyjson_mut_val *key;
    struct document name = document_first(copy);
    size_t length = c->path.length;
    bool ok = true, goes;

    for (; ok && (key = yyjson_mut_obj_iter_next(&iter)); name = document_next_key(name)) {
        add_key(&c->path, document_text(name));
        ok = cut_child(c, yyjson_mut_obj_iter_get_val(key), document_member(name), &goes);
        if (ok && goes)
            yyjson_mut_obj_iter_remove(&iter);
        text_shorten(&c->path, length);
    }
    return ok;
}

/* Each is taken off the front and, if it stays, put at the end: yyjson 0.10 skips an element behind one that its iterator has removed. */
static bool cut_elements(struct cutting *c, yyjson_mut_val *list, struct document copy)
{
    struct document element = document_first(copy);
    size_t length = c->path.length, count = yyjson_mut_arr_size(list);
    bool ok = true, goes;

    for (size_t i = 0; ok && i < count; i++, element = document_next(element)) {
        yyjson_mut_val *child = yyjson_mut_arr_remove_first(list);

        text_printf(&c->path, "[%zu]", i);
        ok = cut_child(c, child, element, &goes);
        if (ok && !goes)
            yyjson_mut_arr_append(list, child);
        text_shorten(&c->path, length);
    }
    return ok;
}

/* States are not deep, so this may recurse. */
static bool cut(struct cutting *c, yyjson_mut_val *value, struct document copy)
{
    if (yyjson_mut_is_obj(value))
        return cut_members(c, value, copy);
    return !yyjson_mut_is_arr(value) || cut_elements(c, value, copy);
}

enum spile_status run_forget_paths(struct run *run, const struct state_paths *paths, struct name_list *forgotten, struct name_list *unmatched,
                                   struct spile_error *err)
{
    yyjson_mut_val *sources = yyjson_mut_doc_get_root(run->sources), *source = yyjson_mut_obj_get(sources, run->source_name);
    yyjson_doc *copy = yyjson_mut_val_imut_copy(source ? source : yyjson_mut_obj(run->sources), NULL);
    struct cutting c = { .run = run, .copy = { yyjson_doc_get_root(copy) }, .forgotten = forgotten };
    bool ok;

    c.resources = yyjson_obj_get(c.copy.value, "resources");
    c.marked = copy ? calloc(document_value_count(c.copy), sizeof(*c.marked)) : NULL;
    ok = c.marked && mark_all(&c, paths, unmatched) && cut(&c, source, c.copy);
    if (ok && forgotten->count)
        notes_drop_empty(sources, run->source_name);
    text_release(&c.path);
    free(c.marked);
    yyjson_doc_free(copy);
    return ok ? SPILE_OK : spile_fail_nomem(err);
}
