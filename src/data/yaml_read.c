/* libyaml cuts the text into events; here they become JSON values, and what JSON, dlt or good sense does not allow is refused. */
#include "data/yaml.h"

#include <string.h>

#include <yaml.h>

#include "base/arena.h"
#include "base/map.h"
#include "data/yaml_scalar.h"

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
};

struct reader {
    yyjson_mut_doc *doc;
    struct arena arena; /* anchors and their names */
    struct name_map *anchors;
    struct level levels[YAML_DEPTH_MAX];
    size_t depth, nodes, alias_bytes;
    size_t documents;
    yaml_mark_t at; /* where the event begins that is read */
    struct spile_error *err;
};

/* A scalar, list, mapping or alias as it comes in. */
struct node {
    yyjson_mut_val *value;
    yyjson_mut_val *key; /* text, if it can be a key */
};

#define fail_here(reader, hint, ...) \
    (spile_fail((reader)->err, SPILE_CONFIG, __VA_ARGS__), spile_hint((reader)->err, SPILE_CONFIG, "%s", hint), \
     spile_within((reader)->err, SPILE_CONFIG, "line %zu, column %zu", (reader)->at.line + 1, (reader)->at.column + 1))

/* Of a name or tag; "" if there is none. */
static struct slice slice_of_yaml(const yaml_char_t *terminated)
{
    return slice_of(terminated ? (const char *)terminated : "");
}

/* ---- the tree ------------------------------------------------------------------------------------------------------------------- */

static enum spile_status count_node(struct reader *reader)
{
    if (reader->nodes++ < YAML_NODES_MAX)
        return SPILE_OK;
    return fail_here(reader, "divide the document, or write fewer aliases", "more than %d values", YAML_NODES_MAX);
}

static enum spile_status fail_depth(struct reader *reader)
{
    return fail_here(reader, "nest less deeply", "lists and mappings are nested more than %d deep", YAML_DEPTH_MAX);
}

static enum spile_status set_key(struct reader *reader, struct level *level, const struct node *node)
{
    char extract[SHORTEN_BYTES];
    const char *name = yyjson_mut_get_str(node->key);
    size_t length = yyjson_mut_get_len(node->key);

    if (!node->key)
        return fail_here(reader, "keys are texts", "a list or mapping cannot be a key");
    if (name_map_find(level->keys, name, length))
        return fail_here(reader, "remove one of them", "key \"%s\" comes twice in a mapping", shorten(extract, name, length));
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

/* ---- anchors and aliases -------------------------------------------------------------------------------------------------------- */

/* *anchor: the new one, or NULL if the node has no anchor. */
static enum spile_status add_anchor(struct reader *reader, const yaml_char_t *anchor_name, const struct node *node, struct anchor **anchor)
{
    struct slice name = slice_of_yaml(anchor_name);
    char extract[SHORTEN_BYTES], *copy;

    *anchor = NULL;
    if (!anchor_name)
        return SPILE_OK;
    if (name_map_find(reader->anchors, name.text, name.length))
        return fail_here(reader, "give it another name", "anchor \"&%s\" comes twice", shorten(extract, name.text, name.length));
    copy = arena_copy(&reader->arena, name.text, name.length);
    *anchor = arena_zalloc(&reader->arena, sizeof(**anchor));
    if (!copy || !*anchor || !name_map_put(reader->anchors, copy, name.length, *anchor))
        return spile_fail_nomem(reader->err);
    **anchor = (struct anchor){ .value = node->value, .key = node->key };
    return SPILE_OK;
}

/* What all copies have to pass. */
static enum spile_status check_copy(struct reader *reader, yyjson_mut_val *value, size_t depth)
{
    reader->alias_bytes += yyjson_mut_get_len(value);
    if (reader->alias_bytes > YAML_ALIAS_BYTES_MAX)
        return fail_here(reader, "write fewer aliases", "aliases stand for more than %d MiB of text", YAML_ALIAS_BYTES_MAX >> 20);
    if (yyjson_mut_is_ctn(value) && depth == YAML_DEPTH_MAX)
        return fail_depth(reader);
    return count_node(reader);
}

static enum spile_status copy_value(struct reader *reader, yyjson_mut_val *value, size_t depth, yyjson_mut_val **copy);

static enum spile_status copy_elements(struct reader *reader, yyjson_mut_val *list, size_t depth, yyjson_mut_val *copy)
{
    yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(list);
    yyjson_mut_val *element;

    while ((element = yyjson_mut_arr_iter_next(&iter))) {
        yyjson_mut_val *value = NULL;
        enum spile_status status = copy_value(reader, element, depth, &value);

        if (status)
            return status;
        yyjson_mut_arr_append(copy, value);
    }
    return SPILE_OK;
}

static enum spile_status copy_members(struct reader *reader, yyjson_mut_val *mapping, size_t depth, yyjson_mut_val *copy)
{
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(mapping);
    yyjson_mut_val *key;

    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        yyjson_mut_val *name = NULL, *value = NULL;
        enum spile_status status = copy_value(reader, key, depth, &name);

        if (!status)
            status = copy_value(reader, yyjson_mut_obj_iter_get_val(key), depth, &value);
        if (status)
            return status;
        yyjson_mut_obj_add(copy, name, value);
    }
    return SPILE_OK;
}

/* A copy that shares the texts. Goes as deep as the value, YAML_DEPTH_MAX at most; `depth`: lists and mappings around the copy. */
static enum spile_status copy_value(struct reader *reader, yyjson_mut_val *value, size_t depth, yyjson_mut_val **copy)
{
    enum spile_status status = check_copy(reader, value, depth);

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
        return copy_elements(reader, value, depth + 1, *copy);
    return yyjson_mut_is_obj(value) ? copy_members(reader, value, depth + 1, *copy) : SPILE_OK;
}

static enum spile_status read_alias(struct reader *reader, const yaml_event_t *event)
{
    struct slice name = slice_of_yaml(event->data.alias.anchor);
    const struct anchor *anchor = name_map_find(reader->anchors, name.text, name.length);
    struct node node = { 0 };
    enum spile_status status = SPILE_OK;
    char extract[SHORTEN_BYTES];

    shorten(extract, name.text, name.length);
    if (!anchor)
        return fail_here(reader, "an anchor comes before its aliases", "there is no anchor \"&%s\"", extract);
    if (anchor->open)
        return fail_here(reader, "write the value out", "\"*%s\" stands within what it stands for", extract);
    if (!key_is_next(reader))
        status = copy_value(reader, anchor->value, reader->depth, &node.value);
    else if (anchor->key)
        status = copy_value(reader, anchor->key, reader->depth, &node.key);
    return status ? status : add_node(reader, &node);
}

/* ---- tags ----------------------------------------------------------------------------------------------------------------------- */

enum tag { TAG_NONE, TAG_ANY, TAG_NULL, TAG_BOOL, TAG_INT, TAG_FLOAT, TAG_STR, TAG_SEQ, TAG_MAP, TAG_COUNT };

static const char *const tags[TAG_COUNT] = {
    [TAG_ANY] = "!",          [TAG_NULL] = YAML_NULL_TAG,   [TAG_BOOL] = YAML_BOOL_TAG, [TAG_INT] = YAML_INT_TAG,
    [TAG_STR] = YAML_STR_TAG, [TAG_FLOAT] = YAML_FLOAT_TAG, [TAG_SEQ] = YAML_SEQ_TAG,   [TAG_MAP] = YAML_MAP_TAG,
};

/* "!!int" for a tag of YAML's own, others as they are. */
static const char *short_tag(struct slice tag, char buffer[SHORTEN_BYTES + 2])
{
    static const char own[] = "tag:yaml.org,2002:";
    const size_t prefix = sizeof(own) - 1;

    if (tag.length <= prefix || memcmp(tag.text, own, prefix) != 0)
        return shorten(buffer, tag.text, tag.length);
    buffer[0] = buffer[1] = '!';
    shorten(buffer + 2, tag.text + prefix, tag.length - prefix);
    return buffer;
}

/* The node's tag; an error if we don't know it or if it isn't one for such a node. */
static enum spile_status read_tag(struct reader *reader, const yaml_char_t *name, bool is_scalar, enum tag self, enum tag *tag)
{
    struct slice text = slice_of_yaml(name);
    char extract[SHORTEN_BYTES + 2];

    *tag = TAG_NONE;
    if (!name)
        return SPILE_OK;
    for (int i = TAG_ANY; i < TAG_COUNT; i++)
        if (slice_equal(text, slice_of(tags[i])))
            *tag = (enum tag)i;
    short_tag(text, extract);
    if (*tag == TAG_NONE)
        return fail_here(reader, "tags are !!null, !!bool, !!int, !!float, !!str, !!seq and !!map", "unknown tag \"%s\"", extract);
    if (*tag != TAG_ANY && *tag != self && (!is_scalar || *tag >= TAG_SEQ))
        return fail_here(reader, "remove the tag", "tag \"%s\" does not suit the value", extract);
    return SPILE_OK;
}

/* ---- scalars -------------------------------------------------------------------------------------------------------------------- */

/* What a scalar with the tag is; in quotes without one it is a text. */
static const enum yaml_type types_of_tags[TAG_COUNT] = {
    [TAG_NULL] = YAML_NULL, [TAG_BOOL] = YAML_BOOL, [TAG_INT] = YAML_INT, [TAG_FLOAT] = YAML_FLOAT, [TAG_STR] = YAML_STR,
};

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

static enum spile_status scalar_value(struct reader *reader, struct slice text, enum yaml_type type, yyjson_mut_val **value)
{
    char extract[SHORTEN_BYTES];
    bool truth = false;

    shorten(extract, text.text, text.length);
    if (type == YAML_NULL)
        *value = yyjson_mut_null(reader->doc);
    else if (type == YAML_BOOL && yaml_bool_value(text, &truth))
        *value = yyjson_mut_bool(reader->doc, truth);
    else if (type == YAML_BOOL)
        return fail_here(reader, "write true or false", "\"%s\" is not a bool", extract);
    else if (type == YAML_INT || type == YAML_FLOAT)
        *value = number_value(reader, text, type);
    else
        *value = yyjson_mut_strncpy(reader->doc, text.text, text.length);
    if (!*value && type == YAML_INT)
        return fail_here(reader, "put it in quotes if it is a text", "\"%s\" is not an integer of 64 bits", extract);
    if (!*value && type == YAML_FLOAT)
        return fail_here(reader, "put it in quotes if it is a text", "\"%s\" is not a finite float", extract);
    return *value ? SPILE_OK : spile_fail_nomem(reader->err);
}

static enum spile_status read_scalar(struct reader *reader, const yaml_event_t *event)
{
    const yaml_char_t *anchor_name = event->data.scalar.anchor;
    struct slice text = { (const char *)event->data.scalar.value, event->data.scalar.length };
    bool is_key = key_is_next(reader);
    struct node node = { 0 };
    struct anchor *anchor;
    enum yaml_type type = YAML_STR;
    enum tag tag = TAG_NONE;
    enum spile_status status = count_node(reader);

    if (!status)
        status = read_tag(reader, event->data.scalar.tag, true, TAG_STR, &tag);
    if (!status) {
        type = event->data.scalar.plain_implicit || tag == TAG_ANY ? yaml_type_of(text) : types_of_tags[tag];
        node.key = yyjson_mut_strncpy(reader->doc, text.text, text.length);
        status = node.key ? SPILE_OK : spile_fail_nomem(reader->err);
    }
    if (!status && is_key && type == YAML_MERGE)
        return fail_here(reader, "write the members out, or quote the key if it is one", "merge keys (<<) are not supported");
    if (!status && (!is_key || anchor_name || tag > TAG_ANY)) /* what is but a key needs no value */
        status = scalar_value(reader, text, type, &node.value);
    if (!status)
        status = add_anchor(reader, anchor_name, &node, &anchor);
    return status ? status : add_node(reader, &node);
}

/* ---- lists and mappings --------------------------------------------------------------------------------------------------------- */

static enum spile_status push_level(struct reader *reader, yyjson_mut_val *container, struct anchor *anchor)
{
    struct level *level = &reader->levels[reader->depth];

    *level = (struct level){ .container = container, .anchor = anchor };
    if (anchor)
        anchor->open = true;
    if (yyjson_mut_is_obj(container) && !(level->keys = name_map_new(false)))
        return spile_fail_nomem(reader->err);
    reader->depth++;
    return SPILE_OK;
}

/* `self`: TAG_SEQ or TAG_MAP */
static enum spile_status begin_collection(struct reader *reader, const yaml_char_t *anchor_name, const yaml_char_t *tag_name, enum tag self)
{
    struct node node = { 0 };
    struct anchor *anchor = NULL;
    enum tag tag;
    enum spile_status status = count_node(reader);

    if (!status)
        status = read_tag(reader, tag_name, false, self, &tag);
    if (!status && reader->depth == YAML_DEPTH_MAX)
        status = fail_depth(reader);
    if (status)
        return status;
    node.value = self == TAG_SEQ ? yyjson_mut_arr(reader->doc) : yyjson_mut_obj(reader->doc);
    if (!node.value)
        return spile_fail_nomem(reader->err);
    status = add_anchor(reader, anchor_name, &node, &anchor);
    if (!status)
        status = add_node(reader, &node);
    return status ? status : push_level(reader, node.value, anchor);
}

static void end_collection(struct reader *reader)
{
    struct level *level = &reader->levels[--reader->depth];

    name_map_free(level->keys);
    if (level->anchor)
        level->anchor->open = false;
}

/* ---- events --------------------------------------------------------------------------------------------------------------------- */

static enum spile_status take_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (reader->documents++ > 0)
            return fail_here(reader, "put it into a file of its own", "a second document begins");
        return SPILE_OK;
    case YAML_SEQUENCE_START_EVENT:
        return begin_collection(reader, event->data.sequence_start.anchor, event->data.sequence_start.tag, TAG_SEQ);
    case YAML_MAPPING_START_EVENT:
        return begin_collection(reader, event->data.mapping_start.anchor, event->data.mapping_start.tag, TAG_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        end_collection(reader);
        return SPILE_OK;
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, event);
    case YAML_ALIAS_EVENT:
        return read_alias(reader, event);
    case YAML_STREAM_END_EVENT:
        if (reader->documents == 0)
            return fail_here(reader, "an empty mapping is {}", "the text is empty");
        return SPILE_OK;
    default:
        return SPILE_OK;
    }
}

/* Bad UTF-8 before or at `offset`, or there a character that is not allowed. libyaml tells no line and column of these. */
static enum spile_status fail_character(struct reader *reader, struct slice text, size_t offset)
{
    size_t at = 0, bytes;
    uint32_t c = 0;

    reader->at = (yaml_mark_t){ 0 };
    for (; (bytes = utf8_decode(text.text + at, text.length - at, &c)) > 0 && at < offset; at += bytes) {
        reader->at.column++;
        if (yaml_is_break(c) || (c == '\r' && text.text[at + 1] != '\n'))
            reader->at = (yaml_mark_t){ .line = reader->at.line + 1 };
    }
    if (bytes == 0)
        return fail_here(reader, "save the file as UTF-8", "byte 0x%02X is not UTF-8", (unsigned char)text.text[at]);
    return fail_here(reader, "in double quotes it can be written as \\x00 or \\u0000 with its number",
                     "character U+%04X is not allowed in YAML", (unsigned)c);
}

static enum spile_status fail_syntax(struct reader *reader, const yaml_parser_t *parser)
{
    const char *hint = "look at the indentation (of spaces), the brackets and the quotes there";

    reader->at = parser->problem_mark;
    if (!parser->context)
        return fail_here(reader, hint, "not YAML: %s", parser->problem);
    return fail_here(reader, hint, "not YAML: %s %s from line %zu, column %zu on", parser->problem, parser->context,
                     parser->context_mark.line + 1, parser->context_mark.column + 1);
}

static enum spile_status fail_parser(struct reader *reader, struct slice text, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return spile_fail_nomem(reader->err);
    return parser->error == YAML_READER_ERROR ? fail_character(reader, text, parser->problem_offset) : fail_syntax(reader, parser);
}

static enum spile_status read_events(struct reader *reader, struct slice text, yaml_parser_t *parser)
{
    enum spile_status status = SPILE_OK;
    yaml_event_t event = { 0 };

    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)text.text, text.length);
    for (bool ended = false; !status && !ended;) {
        if (!yaml_parser_parse(parser, &event))
            return fail_parser(reader, text, parser);
        reader->at = event.start_mark;
        status = take_event(reader, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return status;
}

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define BYTE_ORDER_MARK_BYTES 3

static enum spile_status read_document(struct reader *reader, struct slice text)
{
    const char *mark = memmem(text.text, text.length, BYTE_ORDER_MARK, BYTE_ORDER_MARK_BYTES);
    yaml_parser_t parser;
    enum spile_status status;

    if (mark) /* libyaml would pass over it at the begin of any line */
        return fail_character(reader, text, (size_t)(mark - text.text));
    if (!reader->doc || !reader->anchors || !yaml_parser_initialize(&parser))
        return spile_fail_nomem(reader->err);
    status = read_events(reader, text, &parser);
    yaml_parser_delete(&parser);
    return status;
}

static enum spile_status check_size(struct reader *reader, size_t length)
{
    if (length <= YAML_TEXT_MAX)
        return SPILE_OK;
    return fail_here(reader, "divide the document", "the text has %zu MiB, more than %d", (length + (1 << 20) - 1) >> 20, YAML_TEXT_MAX >> 20);
}

enum spile_status yaml_read(yyjson_mut_doc **out, const char *text, size_t length, struct spile_error *err)
{
    bool marked = length >= BYTE_ORDER_MARK_BYTES && memcmp(text, BYTE_ORDER_MARK, BYTE_ORDER_MARK_BYTES) == 0;
    size_t begin = marked ? BYTE_ORDER_MARK_BYTES : 0;
    struct reader reader = { .doc = yyjson_mut_doc_new(NULL), .anchors = name_map_new(false), .err = err };
    enum spile_status status = check_size(&reader, length);

    if (!status)
        status = read_document(&reader, (struct slice){ length > 0 ? text + begin : "", length - begin });
    while (reader.depth > 0)
        end_collection(&reader);
    name_map_free(reader.anchors);
    arena_release(&reader.arena);
    if (status) {
        yyjson_mut_doc_free(reader.doc);
        reader.doc = NULL;
    }
    *out = reader.doc;
    return status;
}
