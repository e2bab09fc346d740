/* Reads items with yyjson, in situ, out of a window: a copy of the chunk's next piece, made as the reading goes on. So most items cost
 * no allocation, no page is touched twice, and the chunk's own bytes still tell line, column and extract when something is wrong.
 *
 *   chunk   |..done..|{item}\n{item}\n{item}\n{ite|m}\n{item}\n............|
 *   window           |{item}\n{item}\n{item}\n{ite|0000   an item that is cut here: a new window begins with it
 *
 * Between the items there is only white space and, in an array, the commas: these are read here, in the chunk. */
#include "data/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "data/json_text.h"
#include "data/number.h"

#define WINDOW_BYTES ((size_t)128 << 10) /* at least; fits the second-level cache */
#define WINDOW_ITEMS 16                  /* items that fit a window on the average, so that few are begun twice */
#define VALUES_BYTES ((size_t)256 << 10) /* first size of the values' memory */
#define KEEP_BYTES ((size_t)8 << 20)     /* of window and values, from chunk to chunk */

#define READ_FLAGS (YYJSON_READ_INSITU | YYJSON_READ_STOP_WHEN_DONE | YYJSON_READ_BIGNUM_AS_RAW)

/* What may come next. */
enum place {
    PLACE_VALUE, /* a top-level value */
    PLACE_OPEN,  /* the "[" of the top-level array */
    PLACE_FIRST, /* its first element or its end */
    PLACE_NEXT,  /* an element, after a comma */
    PLACE_AFTER, /* a comma or the end, after an element */
    PLACE_END,   /* nothing: the array has ended */
    PLACE_FAILED /* nothing: an error was found */
};

struct json_reader {
    const struct chunk *chunk;
    enum place place;
    size_t at;                 /* bytes of the chunk before it are done */
    size_t item_at, item_end;  /* the current item */
    uint64_t items;
    size_t counted_at;         /* newlines before it are counted: so many */
    uint64_t counted;

    char *window;              /* copy of the chunk's bytes from window_at to window_end, zeros behind */
    size_t window_at, window_end, window_capacity;
    size_t item_longest;       /* of this chunk so far */

    char *values;              /* the parser's memory, mapped; used by one item at a time */
    size_t values_capacity, values_limit;
    bool over_limit;
    yyjson_alc alc;
};

/* ---- the parser's memory ----------------------------------------------------------------------------------------------------- */

static void *values_reserve(struct json_reader *reader, size_t size)
{
    size_t capacity = reader->values_capacity;
    void *moved;

    if (size <= capacity)
        return reader->values;
    while (capacity < size)
        capacity *= 2;
    moved = mremap(reader->values, reader->values_capacity, capacity, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED)
        return NULL;
    reader->values = moved;
    reader->values_capacity = capacity;
    return moved;
}

/* yyjson holds one allocation per document, which begins anew with each item. At first it asks for what the whole window may need: pages
 * that are not touched unless the item does need them. So only growing beyond that counts for the limit; it moves pages, not bytes. */
static void *values_malloc(void *context, size_t size)
{
    return values_reserve(context, size);
}

static void *values_realloc(void *context, void *old, size_t old_size, size_t size)
{
    struct json_reader *reader = context;

    (void)old;
    (void)old_size;
    reader->over_limit = reader->values_limit && size > reader->values_limit;
    return reader->over_limit ? NULL : values_reserve(reader, size);
}

static void values_free(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

struct json_reader *json_reader_new(void)
{
    struct json_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return NULL;
    reader->values = mmap(NULL, VALUES_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (reader->values == MAP_FAILED) {
        free(reader);
        return NULL;
    }
    reader->values_capacity = VALUES_BYTES;
    reader->alc = (yyjson_alc){ values_malloc, values_realloc, values_free, reader };
    return reader;
}

void json_reader_free(struct json_reader *reader)
{
    if (!reader)
        return;
    munmap(reader->values, reader->values_capacity);
    free(reader->window);
    free(reader);
}

void json_reader_limit(struct json_reader *reader, size_t bytes)
{
    reader->values_limit = bytes;
}

/* Gives back what an unusually large item has taken. */
static void memory_trim(struct json_reader *reader)
{
    if (reader->values_capacity > KEEP_BYTES) {
        void *moved = mremap(reader->values, reader->values_capacity, KEEP_BYTES, 0); /* shrinking: stays where it is */

        if (moved != MAP_FAILED)
            reader->values_capacity = KEEP_BYTES;
    }
    if (reader->window_capacity > KEEP_BYTES) {
        free(reader->window);
        reader->window = NULL;
        reader->window_capacity = 0;
    }
}

void json_reader_begin(struct json_reader *reader, const struct chunk *chunk)
{
    static const enum place places[] = {
        [CHUNK_SEQUENCE] = PLACE_VALUE, [CHUNK_ARRAY_OPEN] = PLACE_OPEN, [CHUNK_ARRAY_ITEM] = PLACE_NEXT
    };

    memory_trim(reader);
    reader->chunk = chunk;
    reader->place = places[chunk->state];
    reader->at = reader->item_at = reader->item_end = 0;
    reader->items = reader->counted_at = reader->counted = 0;
    reader->window_at = reader->window_end = reader->item_longest = 0;
}

/* ---- places ------------------------------------------------------------------------------------------------------------------ */

static uint64_t newlines_count(const char *text, size_t length)
{
    uint64_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += text[i] == '\n';
    return count;
}

static uint64_t characters_count(const char *text, size_t length)
{
    uint64_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += (text[i] & 0xC0) != 0x80;
    return count;
}

/* Goes on from the last place asked for, since a chunk may be asked about many items, in their order. */
static uint64_t line_at(struct json_reader *reader, size_t at)
{
    if (at < reader->counted_at)
        reader->counted_at = reader->counted = 0;
    reader->counted += newlines_count(reader->chunk->bytes + reader->counted_at, at - reader->counted_at);
    reader->counted_at = at;
    return reader->chunk->line + reader->counted;
}

static uint64_t column_at(const struct json_reader *reader, size_t at)
{
    const char *bytes = reader->chunk->bytes, *newline = memrchr(bytes, '\n', at);

    if (newline)
        return 1 + characters_count(newline + 1, (size_t)(bytes + at - newline) - 1);
    return reader->chunk->column + characters_count(bytes, at);
}

enum spile_status json_reader_within(struct json_reader *reader, enum spile_status status, struct spile_error *err)
{
    if (status == SPILE_OK || !err)
        return status;
    return spile_within(err, status, "line %" PRIu64 ", byte %" PRIu64 " of %s", line_at(reader, reader->item_at),
                        reader->chunk->offset + reader->item_at, reader->chunk->input_name);
}

struct slice json_reader_text(const struct json_reader *reader)
{
    struct slice text = { reader->chunk->bytes + reader->item_at, reader->item_end - reader->item_at };
    return text;
}

/* ---- errors ------------------------------------------------------------------------------------------------------------------ */

#define CUT_OFF_HINT "the text is cut off: get it again, whole"
#define EXTRACT_BEFORE 48
#define WORD_BYTES 16

static bool in_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '+' || c == '-';
}

/* The end of the word or number at `at`, or of the single character there. */
static size_t word_end(const struct json_reader *reader, size_t at)
{
    const char *bytes = reader->chunk->bytes;
    size_t length = reader->chunk->length, end = at + (at < length && bytes[at] == '\\');

    while (end < length && end - at < WORD_BYTES && in_word(bytes[end]))
        end++;
    if (end > at || at == length)
        return end; /* a word, or an escape */
    end = at + 1;
    while ((bytes[at] & 0xC0) == 0xC0 && end < length && end - at < 4 && (bytes[end] & 0xC0) == 0x80)
        end++;
    return end;
}

static size_t word_start(const struct json_reader *reader, size_t at)
{
    size_t start = at;

    while (start > reader->item_at && at - start < WORD_BYTES && in_word(reader->chunk->bytes[start - 1]))
        start--;
    return start;
}

/* `at`: the place in the chunk. The extract ends with what stands there. */
static enum spile_status fail_at(struct json_reader *reader, size_t at, const char *reason, const char *hint, struct spile_error *err)
{
    const char *bytes = reader->chunk->bytes;
    size_t start = at - reader->item_at > EXTRACT_BEFORE ? at - EXTRACT_BEFORE : reader->item_at;
    char extract[SHORTEN_BYTES];

    reader->place = PLACE_FAILED;
    if (!err)
        return SPILE_SOURCE;
    while (start > reader->item_at && start < at && (bytes[start] & 0xC0) == 0x80)
        start++;
    shorten(extract, bytes + start, word_end(reader, at) - start);
    if (extract[0])
        spile_fail(err, SPILE_SOURCE, "invalid JSON: %s: \"%s%s\"", reason, start > reader->item_at ? "..." : "", extract);
    else
        spile_fail(err, SPILE_SOURCE, "invalid JSON: %s", reason);
    spile_within(err, SPILE_SOURCE, "line %" PRIu64 ", column %" PRIu64 ", byte %" PRIu64 " of %s", line_at(reader, at),
                 column_at(reader, at), reader->chunk->offset + at, reader->chunk->input_name);
    if (hint)
        spile_hint(err, SPILE_SOURCE, "%s", hint);
    return SPILE_SOURCE;
}

/* The fault is between items, at `reader->at`: the extract begins there, since what is before it may be in another chunk. */
static enum spile_status fail_between(struct json_reader *reader, const char *reason, const char *hint, struct spile_error *err)
{
    reader->item_at = reader->at;
    return fail_at(reader, reader->at, reason, hint, err);
}

/* What people write where JSON wants a value or a key. */
static const char *word_hint(const char *text, size_t length)
{
    static const char not_json[] = "NaN and infinity are not JSON: write null";
    static const char python[] = "this is Python's spelling: JSON has true, false and null";
    static const char script[] = "this is JavaScript: write null";
    static const struct {
        const char *word, *hint;
    } words[] = {
        { "NaN", not_json },       { "nan", not_json },      { "-NaN", not_json },  { "Infinity", not_json }, { "-Infinity", not_json },
        { "+Infinity", not_json }, { "infinity", not_json }, { "inf", not_json },   { "-inf", not_json },     { "Inf", not_json },
        { "-Inf", not_json },      { "None", python },       { "True", python },    { "False", python },      { "undefined", script },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].word) == length && memcmp(words[i].word, text, length) == 0)
            return words[i].hint;
    return NULL;
}

static const char *character_hint(const struct json_reader *reader, size_t at)
{
    const char *bytes = reader->chunk->bytes;
    char c = bytes[at];
    const char *hint = word_hint(bytes + at, word_end(reader, at) - at);

    if (hint)
        return hint;
    if (c == '\'')
        return "text and keys stand in double quotes";
    if (c == '/' || c == '#')
        return "JSON has no comments: remove them";
    if ((unsigned char)c == 0xEF && memcmp(bytes + at, "\xEF\xBB\xBF", 3) == 0) /* the padding is read at the end */
        return "remove the byte order mark; it may stand at the beginning of a file only";
    return NULL;
}

static enum spile_status fail_string(struct json_reader *reader, size_t at, const char *parser_says, struct spile_error *err)
{
    unsigned char c = (unsigned char)reader->chunk->bytes[at];

    if (strstr(parser_says, "surrogate"))
        return fail_at(reader, at, "half a surrogate pair in a text",
                       "write the character itself, or both halves of the pair, as in \\ud83d\\ude00", err);
    if (c >= 0x80)
        return fail_at(reader, at, "bytes that are not UTF-8 in a text", "convert the file to UTF-8, e.g. with iconv", err);
    if (c == '\n' || c == '\r')
        return fail_at(reader, at, "a text is not closed on its line",
                       "close it with a double quote; a line break in a text is written \\n", err);
    if (c < 0x20)
        return fail_at(reader, at, "a raw control character in a text", "write it as an escape, such as \\t or \\u0001", err);
    return fail_at(reader, at, "an unknown escape in a text",
                   "write a backslash as \\\\; the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with 4 digits", err);
}

static enum spile_status fail_character(struct json_reader *reader, size_t at, const char *parser_says, struct spile_error *err)
{
    const char *hint = character_hint(reader, at);

    if (strstr(parser_says, "colon") || strstr(parser_says, "':'"))
        return fail_at(reader, at, "expected ':' after the key", hint, err);
    if (strstr(parser_says, "comma") || strstr(parser_says, "','"))
        return fail_at(reader, at, "unexpected character after a value", hint, err);
    if (strstr(parser_says, "key"))
        return fail_at(reader, at, "expected a key", hint ? hint : "keys stand in double quotes", err);
    return fail_at(reader, at, "expected a value", hint, err);
}

/* Where the comma before a closing bracket is. yyjson 0.10 names the one behind that bracket when there is one. */
static size_t last_comma(const struct json_reader *reader, size_t at)
{
    const char *bytes = reader->chunk->bytes;
    size_t before;

    if (at < reader->item_at + 2 || (bytes[at - 1] != ']' && bytes[at - 1] != '}'))
        return at;
    for (before = at - 2; before > reader->item_at && strchr(" \t\r\n", bytes[before]);)
        before--;
    return bytes[before] == ',' ? before : at;
}

/* Says in our words what yyjson has found at `at`. */
static enum spile_status fail_parse(struct json_reader *reader, size_t at, const yyjson_read_err *found, struct spile_error *err)
{
    yyjson_read_code code = found->code;
    size_t start;

    if (code == YYJSON_READ_ERROR_UNEXPECTED_END || code == YYJSON_READ_ERROR_EMPTY_CONTENT)
        return fail_at(reader, reader->chunk->length, "it ends inside a value", CUT_OFF_HINT, err);
    if (code == YYJSON_READ_ERROR_INVALID_STRING)
        return fail_string(reader, at, found->msg, err);
    if (code == YYJSON_READ_ERROR_JSON_STRUCTURE)
        return fail_at(reader, last_comma(reader, at), "a comma after the last value", "remove the comma before the closing bracket", err);
    if (code != YYJSON_READ_ERROR_INVALID_NUMBER && code != YYJSON_READ_ERROR_LITERAL)
        return fail_character(reader, at, found->msg, err);
    start = word_start(reader, at);
    return fail_at(reader, start, code == YYJSON_READ_ERROR_LITERAL ? "unknown word" : "malformed number",
                   character_hint(reader, start), err);
}

static enum spile_status fail_memory(struct json_reader *reader, struct spile_error *err)
{
    reader->place = PLACE_FAILED;
    if (!reader->over_limit)
        return spile_fail_nomem(err);
    spile_fail(err, SPILE_NOMEM, "an item needs more than %zu bytes of memory", reader->values_limit);
    spile_hint(err, SPILE_NOMEM, "raise the memory limit (--memory), or split the document: one object per line, or an array of objects");
    return json_reader_within(reader, SPILE_NOMEM, err);
}

/* ---- one item ---------------------------------------------------------------------------------------------------------------- */

/* The window begins at `at`. When the item there was cut by it before, it becomes larger. */
static bool window_move(struct json_reader *reader, size_t at)
{
    size_t rest = reader->chunk->length - at, wanted = WINDOW_ITEMS * reader->item_longest;

    if (wanted < WINDOW_BYTES)
        wanted = WINDOW_BYTES;
    if (at == reader->window_at && wanted < 2 * (reader->window_end - at))
        wanted = 2 * (reader->window_end - at);
    if (wanted > rest)
        wanted = rest;
    if (reader->window_capacity < wanted + CHUNK_PADDING) {
        free(reader->window);
        reader->window_capacity = wanted + CHUNK_PADDING;
        reader->window = malloc(reader->window_capacity);
        if (!reader->window) {
            reader->window_capacity = reader->window_end = 0;
            return false;
        }
    }
    memcpy(reader->window, reader->chunk->bytes + at, wanted);
    memset(reader->window + wanted, 0, CHUNK_PADDING);
    reader->window_at = at;
    reader->window_end = at + wanted;
    return true;
}

/* Parses the value at item_at. What the parser says counts when it has seen the whole item: an error may come from the window's end, and
 * so may the end of a number. */
static yyjson_doc *item_parse(struct json_reader *reader, yyjson_read_err *found)
{
    size_t at = reader->item_at;
    bool cut;
    yyjson_doc *doc;

    if (at >= reader->window_end && !window_move(reader, at))
        goto nomem;
    for (;;) {
        doc = yyjson_read_opts(reader->window + (at - reader->window_at), reader->window_end - at, READ_FLAGS, &reader->alc, found);
        cut = reader->window_end < reader->chunk->length;
        if (!doc && found->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
            return NULL;
        if (!cut || (doc && at + yyjson_doc_get_read_size(doc) < reader->window_end))
            return doc;
        if (!window_move(reader, at))
            goto nomem;
    }
nomem:
    *found = (yyjson_read_err){ .code = YYJSON_READ_ERROR_MEMORY_ALLOCATION };
    reader->over_limit = false;
    return NULL;
}

/* Values lie one behind the other, children behind their container: one pass tells the depth. */
static bool depth_is_fine(yyjson_doc *doc)
{
    yyjson_val *ends[JSON_DEPTH_MAX], *value = yyjson_doc_get_root(doc), *end = value + yyjson_doc_get_val_count(doc);
    size_t depth = 0;

    for (; value < end; value++) {
        while (depth > 0 && value >= ends[depth - 1])
            depth--;
        if (!unsafe_yyjson_is_ctn(value))
            continue;
        if (depth == JSON_DEPTH_MAX)
            return false;
        ends[depth++] = unsafe_yyjson_get_next(value);
    }
    return true;
}

static enum spile_status fail_depth(struct json_reader *reader, struct spile_error *err)
{
    reader->place = PLACE_FAILED;
    spile_fail(err, SPILE_SOURCE, "an item is nested deeper than %d levels", JSON_DEPTH_MAX);
    json_reader_within(reader, SPILE_SOURCE, err);
    return spile_hint(err, SPILE_SOURCE, "take the inner levels out, or keep them as a text");
}

/* Reads the value at `at`. A document is at most as deep as it has values, so that small ones need no look. */
static enum spile_status item_read(struct json_reader *reader, struct document *document, struct spile_error *err)
{
    yyjson_read_err found;
    yyjson_doc *doc;

    reader->item_at = reader->at;
    doc = item_parse(reader, &found);
    if (!doc && found.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return fail_memory(reader, err);
    if (!doc)
        return fail_parse(reader, reader->at + found.pos, &found, err);
    if (!reader->chunk->shallow && yyjson_doc_get_val_count(doc) > JSON_DEPTH_MAX && !depth_is_fine(doc))
        return fail_depth(reader, err);
    document->value = yyjson_doc_get_root(doc);
    reader->at += yyjson_doc_get_read_size(doc);
    reader->item_end = reader->at;
    if (reader->item_end - reader->item_at > reader->item_longest)
        reader->item_longest = reader->item_end - reader->item_at;
    return SPILE_OK;
}

/* ---- from item to item ------------------------------------------------------------------------------------------------------- */

/* Something else than an object or array where a top-level value should be. */
static enum spile_status fail_top_level(struct json_reader *reader, struct spile_error *err)
{
    struct document document;
    size_t at = reader->at;
    char c = reader->chunk->bytes[at];
    enum spile_status status = SPILE_OK;

    switch (c) {
    case ',':
        return fail_between(reader, "a comma between top-level values", "remove it, or put all the values into one array", err);
    case ']':
    case '}':
        return fail_between(reader, "a closing bracket without an opening one", NULL, err);
    default: /* is it a value at all? A text may reach beyond the chunk, since the chunker has stopped at its first quote */
        if (c != '"')
            status = item_read(reader, &document, err);
        if (status != SPILE_OK)
            return status;
        reader->at = at;
        return fail_between(reader, "a single value at the top level, expected an object",
                            "wrap it in an object, such as {\"value\": 5}", err);
    }
}

/* The chunk's bytes are used up: may that be here? */
static enum spile_status chunk_end(struct json_reader *reader, struct spile_error *err)
{
    bool complete = reader->place == PLACE_VALUE || reader->place == PLACE_END;

    if (reader->chunk->broken) /* then an error must have been found before */
        return fail_between(reader, "text that cannot be read on", NULL, err);
    if (complete || (reader->place == PLACE_NEXT && !reader->chunk->last))
        return SPILE_OK;
    return fail_between(reader, "the array is not closed", CUT_OFF_HINT, err);
}

/* Goes over what is between items, up to the next one (*found) or to the chunk's end. */
static enum spile_status item_find(struct json_reader *reader, bool *found, struct spile_error *err)
{
    const char *bytes = reader->chunk->bytes;

    for (;; reader->at++) {
        char c = bytes[reader->at]; /* behind the end: a zero of the padding */

        if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
            continue;
        if (reader->at == reader->chunk->length)
            return chunk_end(reader, err);
        switch (reader->place) {
        case PLACE_VALUE:
            *found = c == '{' || c == '[';
            return *found ? SPILE_OK : fail_top_level(reader, err);
        case PLACE_OPEN:
            if (c != '[')
                return fail_between(reader, "expected an array", NULL, err);
            reader->place = PLACE_FIRST;
            continue;
        case PLACE_NEXT:
            if (c == ']')
                return fail_between(reader, "a comma after the last value", "remove the comma before the closing bracket", err);
            *found = true;
            return SPILE_OK;
        case PLACE_FIRST:
            *found = c != ']';
            if (*found)
                return SPILE_OK;
            reader->place = PLACE_END;
            continue;
        case PLACE_AFTER:
            if (c != ',' && c != ']')
                return fail_between(reader, "expected ',' or ']' after an element", character_hint(reader, reader->at), err);
            reader->place = c == ',' ? PLACE_NEXT : PLACE_END;
            continue;
        case PLACE_END:
            return fail_between(reader, "text after the end of the array", "one array per file, or one value per line", err);
        case PLACE_FAILED:
            return SPILE_OK;
        }
    }
}

enum spile_status json_reader_next(struct json_reader *reader, struct json_item *item, bool *more, struct spile_error *err)
{
    enum spile_status status;

    *more = false;
    if (reader->place == PLACE_FAILED)
        return SPILE_OK;
    status = item_find(reader, more, err);
    if (status != SPILE_OK || !*more)
        return status;
    item->element = reader->place != PLACE_VALUE;
    item->offset = reader->chunk->offset + reader->at;
    item->index = reader->items++;
    status = item_read(reader, &item->document, err);
    *more = status == SPILE_OK;
    if (*more)
        item->texts = (struct slice){ reader->window + (reader->item_at - reader->window_at), reader->item_end - reader->item_at };
    if (*more && item->element)
        reader->place = PLACE_AFTER;
    return status;
}

/* ---- writing ----------------------------------------------------------------------------------------------------------------- */

static void integer_write(struct text *out, int64_t number)
{
    char buffer[DOCUMENT_NUMBER_CHARS], *digit = buffer + sizeof(buffer);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

    do
        *--digit = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--digit = '-';
    text_append(out, digit, (size_t)(buffer + sizeof(buffer) - digit));
}

static void scalar_write(struct text *out, struct document document)
{
    char number[DOCUMENT_NUMBER_CHARS], real[DOUBLE_CHARS];
    struct slice literal;

    switch (document_kind(document)) {
    case DOCUMENT_BOOL:
        text_puts(out, document_bool(document) ? "true" : "false");
        break;
    case DOCUMENT_INTEGER:
        integer_write(out, document_integer(document));
        break;
    case DOCUMENT_DOUBLE:
        text_append(out, real, double_format_json(document_double(document), real));
        break;
    case DOCUMENT_NUMBER:
        literal = document_number_text(document, number);
        text_append(out, literal.text, literal.length);
        break;
    case DOCUMENT_TEXT:
        json_text_string(out, document_text(document));
        break;
    case DOCUMENT_TIMESTAMP:
    case DOCUMENT_DATE:
    case DOCUMENT_TIME:
    case DOCUMENT_DECIMAL:
    case DOCUMENT_BINARY:
        json_text_raw(out, document_kind(document), document_text(document));
        break;
    case DOCUMENT_NULL:
    case DOCUMENT_OBJECT:
    case DOCUMENT_LIST:
        text_puts(out, "null");
        break;
    }
}

/* Goes over the values as they lie in memory, keys and values of an object in turn, and keeps only how many are left in each container
 * that is open. */
void json_write(struct text *out, struct document document)
{
    struct {
        size_t left;
        bool object;
    } open[JSON_DEPTH_MAX];
    size_t depth = 0;

    for (;; document.value++) {
        bool object = document_kind(document) == DOCUMENT_OBJECT, container = object || document_kind(document) == DOCUMENT_LIST;

        if (container && depth == JSON_DEPTH_MAX) {
            out->failed = true;
            return;
        }
        if (container && document_size(document) > 0) {
            text_putc(out, object ? '{' : '[');
            open[depth].object = object;
            open[depth++].left = document_size(document) * (object ? 2 : 1);
            continue;
        }
        if (container)
            text_puts(out, object ? "{}" : "[]");
        else
            scalar_write(out, document);
        while (depth > 0 && --open[depth - 1].left == 0)
            text_putc(out, open[--depth].object ? '}' : ']');
        if (depth == 0)
            return;
        text_putc(out, open[depth - 1].object && open[depth - 1].left % 2 ? ':' : ',');
    }
}
