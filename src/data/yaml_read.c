/* libfyaml cuts the text into events; here they become JSON values, and what JSON, dlt or good sense does not allow is refused.
 * Of a scalar only the place is libfyaml's, what it stands for is found by yaml_text.c. */
#include "data/yaml.h"

#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "base/arena.h"
#include "base/map.h"
#include "data/yaml_scalar.h"
#include "data/yaml_text.h"

/* What an anchor (&name) names. */
struct anchor {
    yyjson_mut_val *value;
    yyjson_mut_val *key; /* a scalar's text; NULL for others */
    bool open;           /* a list or mapping whose end has not come */
};

/* A list or mapping that is being filled. */
struct level {
    yyjson_mut_val *container;
    yyjson_mut_val *key;   /* of a mapping: the one that waits for its value */
    struct name_map *keys; /* of a mapping */
    struct anchor *anchor;
    size_t column; /* where it begins on its line */
    bool in_flow;  /* between brackets */
};

struct reader {
    struct slice text; /* without byte order mark */
    yyjson_mut_doc *doc;
    struct arena arena;       /* anchors and their names */
    struct name_map *anchors;
    struct level levels[YAML_DEPTH_MAX];
    size_t depth, nodes, alias_bytes;
    size_t documents;
    size_t at;                /* where the last node began */
    size_t end;               /* where what was read last ends */
    bool ended;
    struct text scalar;       /* the one that is read */
    struct spile_error *err;
};

/* A scalar, list, mapping or alias as it comes in. */
struct node {
    yyjson_mut_val *value;
    yyjson_mut_val *key; /* text, if it can be a key */
    size_t at;           /* offset in the text */
};

/* ---- places and errors ---------------------------------------------------------------------------------------------------------- */

/* Adds line and column. */
static enum spile_status within_place(struct reader *reader, enum spile_status status, size_t at)
{
    size_t line = 1, begin = 0;

    for (size_t i = 0, end; i < at; i += end ? end : 1) {
        end = yaml_line_end(reader->text, i);
        if (end > 0 && i + end <= at) {
            line++;
            begin = i + end;
        }
    }
    return spile_within(reader->err, status, "line %zu, column %zu", line, utf8_count(reader->text.text + begin, at - begin) + 1);
}

#define fail_at(reader, at, hint, ...) \
    (spile_fail((reader)->err, SPILE_CONFIG, __VA_ARGS__), spile_hint((reader)->err, SPILE_CONFIG, "%s", hint), \
     within_place(reader, SPILE_CONFIG, at))

/* ---- the characters ------------------------------------------------------------------------------------------------------------- */

static bool is_allowed(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c <= '~') || c == 0x85 || (c >= 0xA0 && c != 0xFFFE && c != 0xFFFF);
}

static enum spile_status check_characters(struct reader *reader)
{
    size_t bytes;

    for (size_t at = 0; at < reader->text.length; at += bytes) {
        uint32_t c = 0;

        bytes = utf8_decode(reader->text.text + at, reader->text.length - at, &c);
        if (bytes == 0)
            return fail_at(reader, at, "save the file as UTF-8", "byte 0x%02X is not UTF-8", (unsigned char)reader->text.text[at]);
        if (!is_allowed(c))
            return fail_at(reader, at, "in double quotes it can be written as \\x00 or \\u0000 with its number",
                           "character U+%04X is not allowed in YAML", (unsigned)c);
    }
    return SPILE_OK;
}

/* ---- the tree ------------------------------------------------------------------------------------------------------------------- */

static enum spile_status count_node(struct reader *reader, size_t at)
{
    if (reader->nodes++ < YAML_NODES_MAX)
        return SPILE_OK;
    return fail_at(reader, at, "divide the document, or write fewer aliases", "more than %d values", YAML_NODES_MAX);
}

static enum spile_status fail_depth(struct reader *reader, size_t at)
{
    return fail_at(reader, at, "nest less deeply", "lists and mappings are nested more than %d deep", YAML_DEPTH_MAX);
}

static enum spile_status set_key(struct reader *reader, struct level *level, const struct node *node)
{
    char extract[SHORTEN_BYTES];
    const char *name = yyjson_mut_get_str(node->key);
    size_t length = yyjson_mut_get_len(node->key);

    if (!node->key)
        return fail_at(reader, node->at, "keys are texts", "a list or mapping cannot be a key");
    if (name_map_find(level->keys, name, length))
        return fail_at(reader, node->at, "remove one of them", "key \"%s\" comes twice in a mapping", shorten(extract, name, length));
    if (!name_map_put(level->keys, name, length, node->key))
        return spile_fail_nomem(reader->err);
    level->key = node->key;
    return SPILE_OK;
}

/* Puts the node where it belongs: it is the root, an element, a key, or the value of the key before. */
static enum spile_status add_node(struct reader *reader, const struct node *node)
{
    struct level *level = reader->depth > 0 ? &reader->levels[reader->depth - 1] : NULL;
    bool ok = true;

    if (level && level->keys && !level->key)
        return set_key(reader, level, node);
    if (!level)
        yyjson_mut_doc_set_root(reader->doc, node->value);
    else if (level->keys)
        ok = yyjson_mut_obj_add(level->container, level->key, node->value);
    else
        ok = yyjson_mut_arr_append(level->container, node->value);
    if (level)
        level->key = NULL;
    return ok ? SPILE_OK : spile_fail_nomem(reader->err);
}

static bool key_is_next(const struct reader *reader)
{
    const struct level *level = reader->depth > 0 ? &reader->levels[reader->depth - 1] : NULL;

    return level && level->keys && !level->key;
}

static bool in_flow(const struct reader *reader)
{
    return reader->depth > 0 && reader->levels[reader->depth - 1].in_flow;
}

/* ---- anchors and aliases -------------------------------------------------------------------------------------------------------- */

static struct slice token_text(struct fy_token *token)
{
    struct slice slice = { "", 0 };
    const char *text = token ? fy_token_get_text(token, &slice.length) : NULL;

    if (text)
        slice.text = text;
    return slice;
}

/* libfyaml allows more, and takes what belongs to the value. */
static enum spile_status check_anchor_name(struct reader *reader, struct slice name, size_t at)
{
    char extract[SHORTEN_BYTES];

    for (size_t i = 0; i < name.length; i++) {
        char c = ascii_lower(name.text[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return fail_at(reader, at, "names of anchors are made of letters, digits, - and _, and a space follows",
                           "\"%s\" names no anchor", shorten(extract, name.text, name.length));
    }
    return SPILE_OK;
}

/* *anchor: the new one, or NULL if the node has no anchor. */
static enum spile_status add_anchor(struct reader *reader, struct fy_token *token, const struct node *node, struct anchor **anchor)
{
    struct slice name = token_text(token);
    char extract[SHORTEN_BYTES], *copy;

    *anchor = NULL;
    if (!token)
        return SPILE_OK;
    if (check_anchor_name(reader, name, node->at))
        return SPILE_CONFIG;
    if (name_map_find(reader->anchors, name.text, name.length))
        return fail_at(reader, node->at, "give it another name", "anchor \"&%s\" comes twice", shorten(extract, name.text, name.length));
    copy = arena_copy(&reader->arena, name.text, name.length);
    *anchor = arena_zalloc(&reader->arena, sizeof(**anchor));
    if (!copy || !*anchor || !name_map_put(reader->anchors, copy, name.length, *anchor))
        return spile_fail_nomem(reader->err);
    **anchor = (struct anchor){ .value = node->value, .key = node->key };
    return SPILE_OK;
}

/* What all copies have to pass. */
static enum spile_status check_copy(struct reader *reader, yyjson_mut_val *value, size_t depth, size_t at)
{
    reader->alias_bytes += yyjson_mut_get_len(value);
    if (reader->alias_bytes > YAML_ALIAS_BYTES_MAX)
        return fail_at(reader, at, "write fewer aliases", "aliases stand for more than %d MiB of text", YAML_ALIAS_BYTES_MAX >> 20);
    if (yyjson_mut_is_ctn(value) && depth == YAML_DEPTH_MAX)
        return fail_depth(reader, at);
    return count_node(reader, at);
}

static enum spile_status copy_value(struct reader *reader, yyjson_mut_val *value, size_t depth, size_t at, yyjson_mut_val **copy);

static enum spile_status copy_elements(struct reader *reader, yyjson_mut_val *list, size_t depth, size_t at, yyjson_mut_val *copy)
{
    yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(list);
    yyjson_mut_val *element;

    while ((element = yyjson_mut_arr_iter_next(&iter))) {
        yyjson_mut_val *value = NULL;
        enum spile_status status = copy_value(reader, element, depth, at, &value);

        if (status)
            return status;
        yyjson_mut_arr_append(copy, value);
    }
    return SPILE_OK;
}

static enum spile_status copy_members(struct reader *reader, yyjson_mut_val *mapping, size_t depth, size_t at, yyjson_mut_val *copy)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(mapping);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        yyjson_mut_val *name = NULL, *value = NULL;
        enum spile_status status = copy_value(reader, key, depth, at, &name);

        if (!status)
            status = copy_value(reader, yyjson_mut_obj_iter_get_val(key), depth, at, &value);
        if (status)
            return status;
        yyjson_mut_obj_add(copy, name, value);
    }
    return SPILE_OK;
}

/* A copy that shares the texts. Goes as deep as the value, YAML_DEPTH_MAX at most; `depth`: lists and mappings around the copy. */
static enum spile_status copy_value(struct reader *reader, yyjson_mut_val *value, size_t depth, size_t at, yyjson_mut_val **copy)
{
    enum spile_status status = check_copy(reader, value, depth, at);

    if (status)
        return status;
    if (yyjson_mut_is_arr(value))
        *copy = yyjson_mut_arr(reader->doc);
    else if (yyjson_mut_is_obj(value))
        *copy = yyjson_mut_obj(reader->doc);
    else if (yyjson_mut_is_str(value))
        *copy = yyjson_mut_strn(reader->doc, yyjson_mut_get_str(value), yyjson_mut_get_len(value));
    else
        *copy = yyjson_mut_val_mut_copy(reader->doc, value);
    if (!*copy)
        return spile_fail_nomem(reader->err);
    if (yyjson_mut_is_arr(value))
        return copy_elements(reader, value, depth + 1, at, *copy);
    return yyjson_mut_is_obj(value) ? copy_members(reader, value, depth + 1, at, *copy) : SPILE_OK;
}

static enum spile_status read_alias(struct reader *reader, struct fy_event *event, size_t at)
{
    struct slice name = token_text(event->alias.anchor);
    const struct anchor *anchor = name_map_find(reader->anchors, name.text, name.length);
    struct node node = { .at = at };
    enum spile_status status = check_anchor_name(reader, name, at);
    char extract[SHORTEN_BYTES];

    if (status)
        return status;
    shorten(extract, name.text, name.length);
    if (!anchor)
        return fail_at(reader, at, "an anchor comes before its aliases", "there is no anchor \"&%s\"", extract);
    if (anchor->open)
        return fail_at(reader, at, "write the value out", "\"*%s\" stands within what it stands for", extract);
    if (!key_is_next(reader))
        status = copy_value(reader, anchor->value, reader->depth, at, &node.value);
    else if (anchor->key)
        status = copy_value(reader, anchor->key, reader->depth, at, &node.key);
    return status ? status : add_node(reader, &node);
}

/* ---- tags ----------------------------------------------------------------------------------------------------------------------- */

enum tag { TAG_NONE, TAG_ANY, TAG_NULL, TAG_BOOL, TAG_INT, TAG_FLOAT, TAG_STR, TAG_SEQ, TAG_MAP, TAG_COUNT };

#define TAG_PREFIX "tag:yaml.org,2002:"

static const char *const tags[TAG_COUNT] = {
    [TAG_ANY] = "!",
    [TAG_NULL] = TAG_PREFIX "null",
    [TAG_BOOL] = TAG_PREFIX "bool",
    [TAG_INT] = TAG_PREFIX "int",
    [TAG_FLOAT] = TAG_PREFIX "float",
    [TAG_STR] = TAG_PREFIX "str",
    [TAG_SEQ] = TAG_PREFIX "seq",
    [TAG_MAP] = TAG_PREFIX "map",
};

/* "!!int" for a tag of YAML's own, others as they are. */
static const char *short_tag(struct slice tag, char buffer[SHORTEN_BYTES + 2])
{
    const size_t prefix = strlen(TAG_PREFIX);

    if (tag.length <= prefix || memcmp(tag.text, TAG_PREFIX, prefix) != 0)
        return shorten(buffer, tag.text, tag.length);
    buffer[0] = buffer[1] = '!';
    shorten(buffer + 2, tag.text + prefix, tag.length - prefix);
    return buffer;
}

/* The node's tag; an error if we don't know it or if it isn't one for such a node. */
static enum spile_status read_tag(struct reader *reader, struct fy_token *token, bool is_scalar, enum tag self, size_t at, enum tag *tag)
{
    struct slice text = token_text(token);
    char extract[SHORTEN_BYTES + 2];

    *tag = TAG_NONE;
    if (!token)
        return SPILE_OK;
    for (int i = TAG_ANY; i < TAG_COUNT; i++)
        if (slice_equal(text, slice_of(tags[i])))
            *tag = (enum tag)i;
    short_tag(text, extract);
    if (*tag == TAG_NONE)
        return fail_at(reader, at, "tags are !!null, !!bool, !!int, !!float, !!str, !!seq and !!map", "unknown tag \"%s\"", extract);
    if (*tag != TAG_ANY && *tag != self && (!is_scalar || *tag >= TAG_SEQ))
        return fail_at(reader, at, "remove the tag", "tag \"%s\" does not suit the value", extract);
    return SPILE_OK;
}

/* ---- scalars -------------------------------------------------------------------------------------------------------------------- */

static enum yaml_type scalar_type(struct slice text, enum tag tag, bool plain)
{
    static const enum yaml_type types[TAG_COUNT] = {
        [TAG_NULL] = YAML_NULL, [TAG_BOOL] = YAML_BOOL, [TAG_INT] = YAML_INT, [TAG_FLOAT] = YAML_FLOAT, [TAG_STR] = YAML_STR,
    };

    if (tag == TAG_ANY || (tag == TAG_NONE && plain))
        return yaml_type_of(text);
    return types[tag];
}

static yyjson_mut_val *number_value(struct reader *reader, struct slice text, enum yaml_type type)
{
    bool negative = false;
    uint64_t magnitude = 0;
    double real = 0;

    if (type == YAML_FLOAT)
        return yaml_float_value(text, &real) ? yyjson_mut_real(reader->doc, real) : NULL;
    if (yaml_type_of(text) != YAML_INT || !yaml_int_value(text, &negative, &magnitude))
        return NULL;
    if (negative)
        return yyjson_mut_sint(reader->doc, (int64_t)(0 - magnitude));
    return yyjson_mut_uint(reader->doc, magnitude);
}

static enum spile_status scalar_value(struct reader *reader, struct slice text, enum yaml_type type, size_t at, yyjson_mut_val **value)
{
    char extract[SHORTEN_BYTES];
    bool truth = false;

    shorten(extract, text.text, text.length);
    if (type == YAML_NULL)
        *value = yyjson_mut_null(reader->doc);
    else if (type == YAML_BOOL && yaml_bool_value(text, &truth))
        *value = yyjson_mut_bool(reader->doc, truth);
    else if (type == YAML_BOOL)
        return fail_at(reader, at, "write true or false", "\"%s\" is not a bool", extract);
    else if (type == YAML_INT || type == YAML_FLOAT)
        *value = number_value(reader, text, type);
    else
        *value = yyjson_mut_strncpy(reader->doc, text.text, text.length);
    if (!*value && type == YAML_INT)
        return fail_at(reader, at, "put it in quotes if it is a text", "\"%s\" is not an integer of 64 bits", extract);
    if (!*value && type == YAML_FLOAT)
        return fail_at(reader, at, "put it in quotes if it is a text", "\"%s\" is not a finite float", extract);
    return *value ? SPILE_OK : spile_fail_nomem(reader->err);
}

static enum spile_status quoted_text(struct reader *reader, struct slice raw, size_t at, enum yaml_quotes quotes)
{
    size_t bad = 0;

    if (!yaml_unquote(&reader->scalar, raw, quotes, &bad))
        return fail_at(reader, at + bad, "write \\\\ for a backslash, or use single quotes", "a backslash begins no escape");
    return SPILE_OK;
}

static enum spile_status block_text(struct reader *reader, struct slice raw, size_t at, struct yaml_block block)
{
    size_t bad;

    if (!yaml_unindent(&reader->scalar, raw, block, &bad))
        return fail_at(reader, at + bad, "indent it more than the key above, and as much as the first line",
                       "a line of a text behind | or > is indented too little");
    return SPILE_OK;
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r';
}

/* The signs of a literal or folded text, which stand behind what was read last and on the line in front of the text. */
static struct yaml_block block_of(const struct reader *reader, size_t at, bool folded)
{
    const struct level *level = reader->depth > 0 ? &reader->levels[reader->depth - 1] : NULL;
    struct yaml_block block = { .folded = folded, .chomp = ' ', .least = level ? level->column + 1 : 1 };
    const char *text = reader->text.text;
    size_t begin = at;

    while (begin > reader->end && is_newline(text[begin - 1]))
        begin--;
    while (begin > reader->end && !is_newline(text[begin - 1]))
        begin--;
    while (begin < at && text[begin] != (folded ? '>' : '|'))
        begin++;
    for (begin++; begin < at && (text[begin] == '-' || text[begin] == '+' || (text[begin] >= '1' && text[begin] <= '9')); begin++) {
        if (text[begin] == '-' || text[begin] == '+')
            block.chomp = text[begin];
        else
            block.indent = (size_t)(text[begin] - '0') + (level ? level->column : 0);
    }
    return block;
}

/* Puts what the scalar stands for into reader->scalar. */
static enum spile_status scalar_text(struct reader *reader, struct fy_token *token, enum fy_scalar_style style)
{
    const struct fy_mark *start = token ? fy_token_start_mark(token) : NULL, *end = token ? fy_token_end_mark(token) : NULL;
    enum spile_status status = SPILE_OK;
    struct slice raw;

    text_clear(&reader->scalar);
    if (!start || !end) /* nothing is there */
        return SPILE_OK;
    raw = (struct slice){ reader->text.text + start->input_pos, end->input_pos - start->input_pos };
    if (style == FYSS_LITERAL || style == FYSS_FOLDED)
        status = block_text(reader, raw, start->input_pos, block_of(reader, start->input_pos, style == FYSS_FOLDED));
    else if (style == FYSS_DOUBLE_QUOTED)
        status = quoted_text(reader, raw, start->input_pos, YAML_DOUBLE);
    else
        status = quoted_text(reader, raw, start->input_pos, style == FYSS_SINGLE_QUOTED ? YAML_SINGLE : YAML_PLAIN);
    return !status && reader->scalar.failed ? spile_fail_nomem(reader->err) : status;
}

static enum spile_status read_scalar(struct reader *reader, struct fy_event *event, size_t at)
{
    struct fy_token *token = event->scalar.value;
    enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
    bool plain = style == FYSS_PLAIN, is_key = key_is_next(reader);
    struct slice text;
    struct node node = { .at = at };
    struct anchor *anchor;
    enum yaml_type type = YAML_STR;
    enum tag tag = TAG_NONE;
    enum spile_status status = count_node(reader, at);

    if (!status)
        status = read_tag(reader, event->scalar.tag, true, TAG_STR, at, &tag);
    if (!status)
        status = scalar_text(reader, token, style);
    text = (struct slice){ reader->scalar.length ? reader->scalar.text : "", reader->scalar.length };
    if (!status) {
        type = scalar_type(text, tag, plain);
        node.key = yyjson_mut_strncpy(reader->doc, text.text, text.length);
        status = node.key ? SPILE_OK : spile_fail_nomem(reader->err);
    }
    if (!status && plain && text.length > 0 && text.text[0] == '?' && in_flow(reader))
        return fail_at(reader, at, "write a space behind it, or put the text in quotes",
                       "a ? begins a key here in YAML 1.1, and a text in 1.2");
    if (!status && is_key && type == YAML_MERGE)
        return fail_at(reader, at, "write the members out, or quote the key if it is one", "merge keys (<<) are not supported");
    if (!status && (!is_key || event->scalar.anchor || tag != TAG_NONE)) /* what is but a key needs no value */
        status = scalar_value(reader, text, type, at, &node.value);
    if (!status)
        status = add_anchor(reader, event->scalar.anchor, &node, &anchor);
    return status ? status : add_node(reader, &node);
}

/* ---- lists and mappings --------------------------------------------------------------------------------------------------------- */

static enum spile_status push_level(struct reader *reader, struct fy_event *event, const struct node *node, struct anchor *anchor)
{
    struct level *level = &reader->levels[reader->depth];
    const struct fy_mark *mark = fy_event_start_mark(event);

    *level = (struct level){
        .container = node->value,
        .anchor = anchor,
        .column = mark && mark->column > 0 ? (size_t)mark->column : 0,
        .in_flow = fy_event_get_node_style(event) == FYNS_FLOW,
    };
    if (anchor)
        anchor->open = true;
    if (yyjson_mut_is_obj(node->value) && !(level->keys = name_map_new(false)))
        return spile_fail_nomem(reader->err);
    reader->depth++;
    return SPILE_OK;
}

static enum spile_status begin_collection(struct reader *reader, struct fy_event *event, size_t at)
{
    bool is_list = event->type == FYET_SEQUENCE_START;
    struct fy_token *tag_token = is_list ? event->sequence_start.tag : event->mapping_start.tag;
    struct fy_token *anchor_token = is_list ? event->sequence_start.anchor : event->mapping_start.anchor;
    struct node node = { .at = at };
    struct anchor *anchor = NULL;
    enum tag tag;
    enum spile_status status = count_node(reader, at);

    if (!status)
        status = read_tag(reader, tag_token, false, is_list ? TAG_SEQ : TAG_MAP, at, &tag);
    if (!status && reader->depth == YAML_DEPTH_MAX)
        status = fail_depth(reader, at);
    if (status)
        return status;
    node.value = is_list ? yyjson_mut_arr(reader->doc) : yyjson_mut_obj(reader->doc);
    if (!node.value)
        return spile_fail_nomem(reader->err);
    status = add_anchor(reader, anchor_token, &node, &anchor);
    if (!status)
        status = add_node(reader, &node);
    return status ? status : push_level(reader, event, &node, anchor);
}

static void end_collection(struct reader *reader)
{
    struct level *level = &reader->levels[--reader->depth];

    name_map_free(level->keys);
    if (level->anchor)
        level->anchor->open = false;
}

/* ---- events --------------------------------------------------------------------------------------------------------------------- */

/* Does libfyaml leave the sign in front (quote, *) out of the node's place? */
static bool has_sign(struct fy_event *event)
{
    enum fy_scalar_style style = event->type == FYET_SCALAR && event->scalar.value ? fy_token_scalar_style(event->scalar.value) : FYSS_ANY;

    return event->type == FYET_ALIAS || style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

/* Where the node begins, with its anchor and tag. What is empty has no place: that of the node before. */
static size_t place_of(struct reader *reader, struct fy_event *event)
{
    struct fy_token *anchor = event->type == FYET_ALIAS ? NULL : fy_event_get_anchor_token(event);
    struct fy_token *tag = fy_event_get_tag_token(event);
    const struct fy_mark *self = fy_event_start_mark(event), *of_anchor = anchor ? fy_token_start_mark(anchor) : NULL;
    const struct fy_mark *of_tag = tag ? fy_token_start_mark(tag) : NULL;
    size_t at = self ? self->input_pos - has_sign(event) : SIZE_MAX;

    if (of_anchor && of_anchor->input_pos - 1 < at)
        at = of_anchor->input_pos - 1;
    if (of_tag && of_tag->input_pos < at)
        at = of_tag->input_pos;
    if (at <= reader->text.length)
        reader->at = at;
    return reader->at;
}

static bool is_node(enum fy_event_type type)
{
    return type == FYET_SCALAR || type == FYET_ALIAS || type == FYET_SEQUENCE_START || type == FYET_MAPPING_START;
}

static void note_end(struct reader *reader, struct fy_token *token)
{
    const struct fy_mark *end = token ? fy_token_end_mark(token) : NULL;

    if (end && end->input_pos > reader->end && end->input_pos <= reader->text.length)
        reader->end = end->input_pos;
}

static enum spile_status take_event(struct reader *reader, struct fy_event *event)
{
    size_t at = place_of(reader, event);

    note_end(reader, fy_event_get_anchor_token(event));
    note_end(reader, fy_event_get_tag_token(event));
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (reader->documents++ > 0)
            return fail_at(reader, at, "put it into a file of its own", "a second document begins");
        return SPILE_OK;
    case FYET_SEQUENCE_START:
    case FYET_MAPPING_START:
        return begin_collection(reader, event, at);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        end_collection(reader);
        return SPILE_OK;
    case FYET_SCALAR:
        return read_scalar(reader, event, at);
    case FYET_ALIAS:
        return read_alias(reader, event, at);
    case FYET_STREAM_END:
        reader->ended = true;
        return SPILE_OK;
    default:
        return SPILE_OK;
    }
}

/* The first error that libfyaml has met. */
static enum spile_status fail_syntax(struct reader *reader, struct fy_diag *diag)
{
    void *iter = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iter);
    const struct fy_mark *mark = error && error->fyt ? fy_token_start_mark(error->fyt) : NULL;
    size_t at = mark && mark->input_pos < reader->text.length ? mark->input_pos : reader->text.length;

    return fail_at(reader, at, "look at the indentation and the quotes there", "not YAML: %s",
                   error && error->msg ? error->msg : "it cannot be parsed");
}

/* libfyaml takes a line that begins with % behind the document's last node for a directive, and ignores it. */
static enum spile_status check_rest(struct reader *reader)
{
    for (size_t at = reader->end; at + 1 < reader->text.length; at++)
        if (reader->end > 0 && yaml_line_end(reader->text, at) && reader->text.text[at + 1] == '%')
            return fail_at(reader, at + 1, "put the text in quotes", "a line within the document begins with %%");
    return SPILE_OK;
}

static enum spile_status read_events(struct reader *reader, struct fy_parser *parser, struct fy_diag *diag)
{
    enum spile_status status = SPILE_OK;
    struct fy_event *event;

    if (fy_parser_set_string(parser, reader->text.text, reader->text.length))
        return spile_fail_nomem(reader->err);
    while (!status && !reader->ended && (event = fy_parser_parse(parser))) {
        status = take_event(reader, event);
        if (is_node(event->type))
            note_end(reader, fy_event_get_token(event));
        fy_parser_event_free(parser, event);
    }
    if (!status && !reader->ended)
        status = fail_syntax(reader, diag);
    if (!status)
        status = check_rest(reader);
    if (!status && reader->documents == 0)
        status = fail_at(reader, reader->text.length, "an empty mapping is {}", "the text is empty");
    return status;
}

/* libfyaml would print errors that nobody takes. */
static void ignore_output(struct fy_diag *diag, void *user, const char *text, size_t length)
{
    (void)diag, (void)user, (void)text, (void)length;
}

static enum spile_status read_document(struct reader *reader)
{
    struct fy_diag_cfg output = { .output_fn = ignore_output, .level = FYET_ERROR, .module_mask = ~0u };
    struct fy_diag *diag = fy_diag_create(&output);
    struct fy_parse_cfg config = {
        .flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_1 | FYPCF_JSON_NONE | FYPCF_DISABLE_DEPTH_LIMIT | FYPCF_SLOPPY_FLOW_INDENTATION,
        .diag = diag,
    };
    struct fy_parser *parser = diag ? fy_parser_create(&config) : NULL;
    enum spile_status status;

    if (diag)
        fy_diag_set_collect_errors(diag, true);
    status = parser ? read_events(reader, parser, diag) : spile_fail_nomem(reader->err);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return status;
}

enum spile_status yaml_read(yyjson_mut_doc **out, const char *text, size_t length, struct spile_error *err)
{
    bool marked = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    struct reader reader = {
        .text = { text + (marked ? 3 : 0), length - (marked ? 3 : 0) },
        .doc = yyjson_mut_doc_new(NULL),
        .anchors = name_map_new(false),
        .err = err,
    };
    enum spile_status status = reader.doc && reader.anchors ? check_characters(&reader) : spile_fail_nomem(err);

    if (!status)
        status = read_document(&reader);
    while (reader.depth > 0)
        end_collection(&reader);
    name_map_free(reader.anchors);
    arena_release(&reader.arena);
    text_release(&reader.scalar);
    if (status) {
        yyjson_mut_doc_free(reader.doc);
        reader.doc = NULL;
    }
    *out = reader.doc;
    return status;
}
