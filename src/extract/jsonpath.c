/* A path is a row of selectors, each of which picks children of what the one before has picked. Matching tries them from left to right, and
 * goes back where nothing fits, or where more is wanted: so the first match is found without the others. */
#include "extract/jsonpath.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "data/json.h"

#define SELECTORS_MAX 64
#define INDEX_MAX 1000000000

enum selector_kind { SELECT_KEYS, SELECT_ALL, SELECT_INDEXES, SELECT_SLICE, SELECT_DESCENDANTS };

struct selector {
    enum selector_kind kind;
    struct slice *keys;      /* SELECT_KEYS */
    int64_t *indexes;        /* SELECT_INDEXES */
    size_t count;
    int64_t from, to, step;  /* SELECT_SLICE */
    bool has_from, has_to;
};

struct jsonpath {
    struct arena arena;
    struct selector selectors[SELECTORS_MAX];
    size_t count;
    const char *simple_key;
};

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

struct reader {
    const char *text, *at;
    struct jsonpath *path;
    struct spile_error *err;
};

static enum spile_status fail(const struct reader *r, const char *what)
{
    char extract[SHORTEN_BYTES];

    spile_fail(r->err, SPILE_USAGE, "\"%s\" is no path: %s, character %zu", shorten(extract, r->text, strlen(r->text)), what,
               utf8_count(r->text, (size_t)(r->at - r->text)) + 1);
    return spile_hint(r->err, SPILE_USAGE, "write key, a.b, list[0].key, list[*].key, $..key, or 'a key.with signs' in quotes");
}

static void skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, " \t\n");
}

static enum spile_status add(struct reader *r, struct selector selector)
{
    if (r->path->count == SELECTORS_MAX)
        return fail(r, "it has too many parts");
    r->path->selectors[r->path->count++] = selector;
    return SPILE_OK;
}

/* 'text' or "text"; a backslash takes the next character as it is. */
static enum spile_status read_quoted(struct reader *r, struct slice *key)
{
    char quote = *r->at++;
    char *copy = arena_alloc(&r->path->arena, strlen(r->at) + 1);
    size_t length = 0;

    if (!copy)
        return spile_fail_nomem(r->err);
    for (; *r->at && *r->at != quote; r->at++) {
        r->at += *r->at == '\\' && r->at[1];
        copy[length++] = *r->at;
    }
    if (!*r->at)
        return fail(r, "a quote is not closed");
    r->at++;
    copy[length] = '\0';
    *key = (struct slice){ copy, length };
    return SPILE_OK;
}

static bool is_number(const char *text)
{
    text += *text == '-';
    return *text >= '0' && *text <= '9';
}

static int64_t read_number(struct reader *r)
{
    int64_t number = 0;
    bool negative = *r->at == '-';

    for (r->at += negative; *r->at >= '0' && *r->at <= '9'; r->at++)
        if (number < INDEX_MAX)
            number = number * 10 + (*r->at - '0');
    return negative ? -number : number;
}

/* How many pieces with commas there can be at most. */
static size_t count_commas(const char *text)
{
    size_t count = 1;

    for (; *text; text++)
        count += *text == ',';
    return count;
}

/* Signs that jsonpath-ng reckons with (a+b) are no part of a key without quotes: the path would be another one there. Letters beyond ASCII,
 * which it wants in quotes, mean nothing else and can go without. */
static bool is_key_sign(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '@' ||
           (unsigned char)c >= 0x80;
}

static enum spile_status read_plain(struct reader *r, struct slice *key)
{
    size_t length = 0;

    while (is_key_sign(r->at[length]))
        length++;
    if (!length || (r->at[0] == '@' && (length == 1 || r->at[1] == '@')))
        return fail(r, "a key is expected");
    *key = (struct slice){ arena_copy(&r->path->arena, r->at, length), length };
    r->at += length;
    return key->text ? SPILE_OK : spile_fail_nomem(r->err);
}

/* One key, or several with commas; the first that is there counts. */
static enum spile_status read_keys(struct reader *r)
{
    struct selector selector = { .kind = SELECT_KEYS, .keys = arena_alloc(&r->path->arena, count_commas(r->at) * sizeof(struct slice)) };
    enum spile_status status = selector.keys ? SPILE_OK : spile_fail_nomem(r->err);

    while (!status) {
        struct slice *key = &selector.keys[selector.count++];

        skip_blanks(r);
        status = *r->at == '\'' || *r->at == '"' ? read_quoted(r, key) : read_plain(r, key);
        skip_blanks(r);
        if (status || *r->at != ',')
            break;
        r->at++;
    }
    return status ? status : add(r, selector);
}

static enum spile_status read_slice(struct reader *r, struct selector selector)
{
    selector.kind = SELECT_SLICE;
    selector.step = 1;
    r->at++;
    skip_blanks(r);
    selector.has_to = is_number(r->at);
    selector.to = selector.has_to ? read_number(r) : 0;
    skip_blanks(r);
    if (*r->at == ':') {
        r->at++;
        skip_blanks(r);
        if (is_number(r->at))
            selector.step = read_number(r);
    }
    return add(r, selector);
}

static enum spile_status read_indexes(struct reader *r)
{
    struct selector selector = { .kind = SELECT_INDEXES, .indexes = arena_alloc(&r->path->arena, count_commas(r->at) * sizeof(int64_t)) };

    if (!selector.indexes)
        return spile_fail_nomem(r->err);
    selector.has_from = is_number(r->at);
    selector.from = selector.has_from ? read_number(r) : 0;
    skip_blanks(r);
    if (*r->at == ':')
        return read_slice(r, selector);
    if (!selector.has_from)
        return fail(r, "an index, a slice, * or a key is expected");
    selector.indexes[selector.count++] = selector.from;
    while (*r->at == ',') {
        r->at++;
        skip_blanks(r);
        if (!is_number(r->at))
            return fail(r, "an index is expected");
        selector.indexes[selector.count++] = read_number(r);
        skip_blanks(r);
    }
    return add(r, selector);
}

/* What is between "[" and "]". */
static enum spile_status read_bracket(struct reader *r)
{
    enum spile_status status;

    r->at++;
    skip_blanks(r);
    if (*r->at == '*') {
        r->at++;
        status = add(r, (struct selector){ .kind = SELECT_ALL });
    } else if (*r->at == '?') {
        status = fail(r, "filters can't be used here");
    } else if (*r->at == '\'' || *r->at == '"' || (is_key_sign(*r->at) && !is_number(r->at))) {
        status = read_keys(r);
    } else {
        status = read_indexes(r);
    }
    skip_blanks(r);
    if (!status && *r->at != ']')
        return fail(r, "a ] is expected");
    r->at += !status;
    return status;
}

static bool is_this(const char *text)
{
    return *text == '@' && !is_key_sign(text[1]);
}

static enum spile_status read_name(struct reader *r)
{
    if (is_this(r->at)) { /* the value itself: nothing to select */
        r->at++;
        return SPILE_OK;
    }
    if (*r->at == '`' || *r->at == '(')
        return fail(r, "functions and groups can't be used here");
    if (*r->at != '*')
        return read_keys(r);
    r->at++;
    return add(r, (struct selector){ .kind = SELECT_ALL });
}

/* Dots, and what follows them. */
static enum spile_status read_rest(struct reader *r)
{
    enum spile_status status = SPILE_OK;

    for (skip_blanks(r); !status && *r->at; skip_blanks(r)) {
        if (*r->at == '[') {
            status = read_bracket(r);
            continue;
        }
        if (*r->at != '.')
            return fail(r, "a dot or a bracket is expected");
        r->at++;
        if (*r->at == '.') {
            r->at++;
            status = add(r, (struct selector){ .kind = SELECT_DESCENDANTS });
        }
        skip_blanks(r);
        if (!status)
            status = *r->at == '[' ? read_bracket(r) : read_name(r);
    }
    return status;
}

static enum spile_status read_path(struct reader *r)
{
    bool is_rooted;
    enum spile_status status = SPILE_OK;

    skip_blanks(r);
    is_rooted = *r->at == '$' || is_this(r->at);
    if (is_rooted)
        r->at++;
    else
        status = *r->at == '[' ? read_bracket(r) : read_name(r);
    if (!status)
        status = read_rest(r);
    if (!status && !is_rooted && r->path->count == 1 && r->path->selectors[0].kind == SELECT_KEYS && r->path->selectors[0].count == 1)
        r->path->simple_key = r->path->selectors[0].keys[0].text;
    return status;
}

enum spile_status jsonpath_compile(struct jsonpath **out, const char *text, struct spile_error *err)
{
    struct reader r = { text, text, calloc(1, sizeof(struct jsonpath)), err };
    enum spile_status status = r.path ? read_path(&r) : spile_fail_nomem(err);

    *out = status ? NULL : r.path;
    if (status)
        jsonpath_free(r.path);
    return status;
}

/* Up to the comma behind the first path of a list. */
static size_t first_length(struct slice list)
{
    size_t depth = 0, i;
    char quote = '\0';

    for (i = 0; i < list.length; i++) {
        char c = list.text[i];

        if (quote && c == '\\')
            i++;
        else if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '\'' || c == '"')
            quote = c;
        else if (c == '[')
            depth++;
        else if (c == ']' && depth)
            depth--;
        else if (c == ',' && !depth)
            break;
    }
    return i < list.length ? i : list.length;
}

bool jsonpath_next(struct slice *rest, struct slice *path)
{
    size_t length = first_length(*rest);

    if (!rest->text)
        return false;
    *path = slice_strip((struct slice){ rest->text, length });
    *rest = length < rest->length ? (struct slice){ rest->text + length + 1, rest->length - length - 1 } : (struct slice){ NULL, 0 };
    return true;
}

void jsonpath_free(struct jsonpath *path)
{
    if (!path)
        return;
    arena_release(&path->arena);
    free(path);
}

const char *jsonpath_simple_key(const struct jsonpath *path)
{
    return path->simple_key;
}

/* ---- matching ------------------------------------------------------------------------------------------------------------------- */

struct search {
    const struct jsonpath *path;
    jsonpath_visit *visit;
    void *user;
};

/* Of the selectors from `at` on. True: a visit has ended the search. */
static bool match(const struct search *search, size_t at, struct document value);

static bool match_keys(const struct search *search, size_t at, struct document value)
{
    const struct selector *selector = &search->path->selectors[at];
    struct document member;

    for (size_t i = 0; i < selector->count; i++)
        if (document_find(value, selector->keys[i], &member) && match(search, at + 1, member))
            return true;
    return false;
}

/* From the selector `at` on in each of the children. */
static bool match_children(const struct search *search, size_t at, struct document value)
{
    enum document_kind kind = document_kind(value);
    size_t size = kind == DOCUMENT_OBJECT || kind == DOCUMENT_LIST ? document_size(value) : 0;
    struct document child = size ? document_first(value) : value;

    for (size_t i = 0; i < size; i++, child = kind == DOCUMENT_LIST ? document_next(child) : document_next_key(child))
        if (match(search, at, kind == DOCUMENT_LIST ? child : document_member(child)))
            return true;
    return false;
}

static struct document element_at(struct document list, int64_t place)
{
    struct document element = document_first(list);

    while (place-- > 0)
        element = document_next(element);
    return element;
}

static bool match_indexes(const struct search *search, size_t at, struct document list)
{
    const struct selector *selector = &search->path->selectors[at];
    int64_t size = (int64_t)document_size(list);

    for (size_t i = 0; i < selector->count; i++) {
        int64_t index = selector->indexes[i];

        if (index >= -size && index < size && match(search, at + 1, element_at(list, index < 0 ? index + size : index)))
            return true;
    }
    return false;
}

static int64_t bound(int64_t value, int64_t size, int64_t least, int64_t most)
{
    value += value < 0 ? size : 0;
    return value < least ? least : value > most ? most : value;
}

/* As Python's slices. */
static bool match_slice(const struct search *search, size_t at, struct document list)
{
    const struct selector *s = &search->path->selectors[at];
    int64_t size = (int64_t)document_size(list), from, to;

    if (!s->step)
        return false;
    if (s->step > 0) {
        from = s->has_from ? bound(s->from, size, 0, size) : 0;
        to = s->has_to ? bound(s->to, size, 0, size) : size;
    } else {
        from = s->has_from ? bound(s->from, size, -1, size - 1) : size - 1;
        to = s->has_to ? bound(s->to, size, -1, size - 1) : -1;
    }
    for (int64_t i = from; s->step > 0 ? i < to : i > to; i += s->step)
        if (match(search, at + 1, element_at(list, i)))
            return true;
    return false;
}

static bool match(const struct search *search, size_t at, struct document value)
{
    if (at == search->path->count)
        return search->visit(search->user, value);
    switch (search->path->selectors[at].kind) {
    case SELECT_KEYS:
        return match_keys(search, at, value);
    case SELECT_ALL:
        return match_children(search, at + 1, value);
    case SELECT_INDEXES:
        return document_kind(value) == DOCUMENT_LIST && match_indexes(search, at, value);
    case SELECT_SLICE:
        return document_kind(value) == DOCUMENT_LIST && match_slice(search, at, value);
    case SELECT_DESCENDANTS: /* the value itself, then what is below it */
        return match(search, at + 1, value) || match_children(search, at, value);
    }
    return false;
}

void jsonpath_each(const struct jsonpath *path, struct document root, jsonpath_visit *visit, void *user)
{
    match(&(struct search){ path, visit, user }, 0, root);
}

struct first {
    struct document *found;
    bool any;
};

static bool take_first(void *user, struct document value)
{
    struct first *first = user;

    *first->found = value;
    first->any = true;
    return true;
}

bool jsonpath_first(const struct jsonpath *path, struct document root, struct document *found)
{
    struct first first = { found, false };

    if (path->simple_key) /* as most cursors are: one look for each item */
        return document_find(root, path->selectors[0].keys[0], found);
    jsonpath_each(path, root, take_first, &first);
    return first.any;
}
