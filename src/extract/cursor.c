#include "extract/cursor.h"

#include <string.h>

#include "base/hash.h"
#include "data/json_text.h"
#include "data/timestamp.h"

/* ---- marks ---------------------------------------------------------------------------------------------------------------------- */

static const char *const type_names[] = { "", "decimal", "timestamp", "date", "UUID", "hex bytes", "binary", "wei", "time" };

#define MARK_BYTES 3
#define MARK_LEAD "\xEF\x80"
#define MARK_FIRST 0xA6 /* the last of its bytes */

/* A mark alone is a text, for dlt, too. */
static enum cursor_mark mark_of(struct slice text)
{
    unsigned last;

    if (text.length <= MARK_BYTES || memcmp(text.text, MARK_LEAD, MARK_BYTES - 1))
        return MARK_NONE;
    last = (unsigned char)text.text[MARK_BYTES - 1];
    return last < MARK_FIRST || last > MARK_FIRST + MARK_TIME - MARK_DECIMAL ? MARK_NONE : (enum cursor_mark)(last - MARK_FIRST + MARK_DECIMAL);
}

static void write_mark(struct text *out, enum cursor_mark mark)
{
    text_puts(out, MARK_LEAD);
    text_putc(out, (char)(MARK_FIRST + (mark - MARK_DECIMAL)));
}

const char *cursor_type(enum cursor_mark mark)
{
    return type_names[mark];
}

/* ---- values --------------------------------------------------------------------------------------------------------------------- */

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && ascii_is_digit(*at))
        at++;
    return at;
}

/* As Python writes one: NaN can't be compared. */
static bool is_decimal(struct slice text)
{
    const char *end = text.text + text.length, *at = text.text + (text.length && *text.text == '-'), *digits = at;

    if (slice_equal((struct slice){ at, (size_t)(end - at) }, slice_of("Infinity")))
        return true;
    at = skip_digits(at, end);
    if (at == digits)
        return false;
    if (at < end && *at == '.')
        at = skip_digits(at + 1, end);
    if (at + 2 < end && *at == 'E' && (at[1] == '+' || at[1] == '-'))
        at = skip_digits(at + 2, end);
    return at == end;
}

static void set_moment(struct cursor *cursor)
{
    struct timestamp timestamp;

    if (!timestamp_read(cursor->text.text, cursor->text.length, &timestamp))
        return;
    cursor->kind = CURSOR_TIMESTAMP;
    cursor->is_aware = timestamp.is_aware;
    cursor->integer = timestamp_utc(&timestamp);
}

static struct cursor typed_cursor(enum cursor_mark mark, struct slice text)
{
    struct cursor cursor = { .kind = CURSOR_OTHER, .mark = mark, .text = text };

    switch (mark) {
    case MARK_DECIMAL:
    case MARK_WEI:
        cursor.kind = is_decimal(text) ? CURSOR_DECIMAL : CURSOR_OTHER;
        break;
    case MARK_TIMESTAMP:
        set_moment(&cursor);
        break;
    case MARK_DATE:
        cursor.kind = CURSOR_DATE;
        break;
    case MARK_TIME:
        cursor.kind = CURSOR_TIME;
        break;
    case MARK_BINARY:
        cursor.kind = CURSOR_BINARY;
        break;
    case MARK_NONE:
    case MARK_UUID:
    case MARK_HEX:
        break;
    }
    return cursor;
}

static struct cursor text_cursor(struct slice text)
{
    enum cursor_mark mark = mark_of(text);

    if (mark)
        return (struct cursor){ .kind = CURSOR_OTHER, .mark = mark, .text = { text.text + MARK_BYTES, text.length - MARK_BYTES } };
    return (struct cursor){ .kind = CURSOR_TEXT, .text = text };
}

struct cursor cursor_of(struct document value)
{
    switch (document_kind(value)) {
    case DOCUMENT_NULL:
        return (struct cursor){ .kind = CURSOR_NONE };
    case DOCUMENT_BOOL:
        return (struct cursor){ .kind = CURSOR_INTEGER, .is_bool = true, .integer = document_bool(value) };
    case DOCUMENT_INTEGER:
        return (struct cursor){ .kind = CURSOR_INTEGER, .integer = document_integer(value) };
    case DOCUMENT_DOUBLE:
        return (struct cursor){ .kind = CURSOR_DOUBLE, .real = document_double(value) };
    case DOCUMENT_NUMBER:
        if (unsafe_yyjson_get_type(value.value) != YYJSON_TYPE_RAW)
            return (struct cursor){ .kind = CURSOR_INTEGER, .integer = unsafe_yyjson_get_uint(value.value) };
        return (struct cursor){ .kind = CURSOR_NUMBER, .text = { unsafe_yyjson_get_str(value.value), unsafe_yyjson_get_len(value.value) } };
    case DOCUMENT_TEXT:
        return text_cursor(document_text(value));
    case DOCUMENT_TIMESTAMP:
        return typed_cursor(MARK_TIMESTAMP, document_text(value));
    case DOCUMENT_DATE:
        return typed_cursor(MARK_DATE, document_text(value));
    case DOCUMENT_TIME:
        return typed_cursor(MARK_TIME, document_text(value));
    case DOCUMENT_DECIMAL:
        return typed_cursor(MARK_DECIMAL, document_text(value));
    case DOCUMENT_BINARY:
        return typed_cursor(MARK_BINARY, document_text(value));
    case DOCUMENT_OBJECT:
    case DOCUMENT_LIST:
        break;
    }
    return (struct cursor){ .kind = CURSOR_OTHER };
}

/* ---- typed values from texts ---------------------------------------------------------------------------------------------------- */

/* The terminated text as isoformat() has it; 0: it says no such value. A time with an offset is none that items could have. */
static size_t iso_format(enum cursor_mark mark, struct slice text, char iso[TIMESTAMP_CHARS])
{
    struct timestamp timestamp;
    int32_t days;
    int64_t micros;

    if (mark == MARK_TIMESTAMP && timestamp_read(text.text, text.length, &timestamp))
        return timestamp_write(&timestamp, iso);
    if (mark == MARK_DATE && date_detect(text.text, text.length) && date_from_text(text.text, text.length, &days))
        return date_format(days, iso);
    if (mark == MARK_TIME && strspn(text.text, "0123456789:.") == text.length && time_from_text(text.text, text.length, &micros))
        return time_format(micros, iso);
    return 0;
}

static void read_iso(struct cursor *cursor, struct text *memory)
{
    char iso[TIMESTAMP_CHARS];
    size_t length = iso_format(cursor->mark, text_slice(memory), iso);

    if (!length)
        return;
    text_clear(memory);
    text_append(memory, iso, length);
    cursor_set_typed(cursor, memory, cursor->mark);
}

static void read_base64(struct cursor *cursor, struct text *memory)
{
    struct text bytes = { 0 };

    if (!text_reserve(&bytes, memory->length) || !base64_decode(memory->text, memory->length, (uint8_t *)bytes.text, &bytes.length)) {
        memory->failed |= bytes.failed;
        text_release(&bytes);
        return;
    }
    text_release(memory);
    *memory = bytes;
    cursor_set_typed(cursor, memory, cursor->mark);
}

/* What a marked text, which is in `memory`, stands for. One that stands for nothing we know stays CURSOR_OTHER. */
static bool read_typed(struct cursor *cursor, struct text *memory)
{
    switch (cursor->mark) {
    case MARK_DECIMAL:
    case MARK_WEI:
        cursor_set_typed(cursor, memory, cursor->mark);
        break;
    case MARK_TIMESTAMP:
    case MARK_DATE:
    case MARK_TIME:
        read_iso(cursor, memory);
        break;
    case MARK_BINARY:
        read_base64(cursor, memory);
        break;
    case MARK_NONE:
    case MARK_UUID:
    case MARK_HEX:
        break;
    }
    return !memory->failed;
}

void cursor_set_typed(struct cursor *to, const struct text *memory, enum cursor_mark mark)
{
    *to = typed_cursor(mark, text_slice(memory));
}

bool cursor_follow_zone(struct cursor *cursor, struct text *memory, const struct cursor *other)
{
    struct timestamp timestamp = { 0 };
    char iso[TIMESTAMP_CHARS];

    if (!timestamp_read(other->text.text, other->text.length, &timestamp))
        return false;
    timestamp.clock = (int64_t)cursor->integer + timestamp.offset * MICROS_PER_SECOND; /* the years 1 to 9999 are far from the end of 64 bits */
    if (!timestamp_in_years(timestamp.clock))
        return false;
    text_clear(memory);
    text_append(memory, iso, timestamp_write(&timestamp, iso));
    cursor_set_typed(cursor, memory, cursor->mark);
    return !memory->failed;
}

/* ---- copies --------------------------------------------------------------------------------------------------------------------- */

bool cursor_copy(struct cursor *to, struct text *memory, const struct cursor *from)
{
    struct cursor copy = *from;

    text_clear(memory);
    text_append(memory, from->text.text ? from->text.text : "", from->text.length);
    copy.text = text_slice(memory);
    *to = copy;
    return !memory->failed;
}

bool cursor_copy_state(struct cursor *to, struct text *memory, yyjson_mut_val *value)
{
    yyjson_doc *doc = value ? yyjson_mut_val_imut_copy(value, NULL) : NULL;
    struct cursor found = doc ? cursor_of((struct document){ yyjson_doc_get_root(doc) }) : (struct cursor){ 0 };
    bool ok = (doc || !value) && cursor_copy(to, memory, &found) && read_typed(to, memory);

    yyjson_doc_free(doc);
    return ok;
}

/* A text in double quotes says the same as without them, and a number what its digits are. */
static struct cursor option_cursor(yyjson_doc *doc, const char *option, enum cursor_mark mark)
{
    struct cursor found = { 0 };

    if (!option)
        return found;
    found = doc ? cursor_of((struct document){ yyjson_doc_get_root(doc) }) : text_cursor(slice_of(option));
    if (!mark || found.kind == CURSOR_NONE)
        return found;
    return (struct cursor){ .kind = CURSOR_OTHER, .mark = mark, .text = found.kind == CURSOR_TEXT ? found.text : slice_of(option) };
}

bool cursor_copy_option(struct cursor *to, struct text *memory, const char *option, enum cursor_mark mark)
{
    bool nomem = false, ok;
    yyjson_doc *doc = option ? json_text_read(option, strlen(option), &nomem) : NULL;
    struct cursor found = option_cursor(doc, option, mark);

    ok = !nomem && cursor_copy(to, memory, &found) && (!mark || read_typed(to, memory));
    yyjson_doc_free(doc);
    return ok;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

static void write_number(struct text *out, const struct cursor *cursor)
{
    char digits[DECIMAL_CHARS], real[DOUBLE_CHARS];

    switch (cursor->kind) {
    case CURSOR_INTEGER:
        text_append(out, digits, decimal_format(cursor->integer, 0, digits));
        break;
    case CURSOR_DOUBLE:
        text_append(out, real, double_format_json(cursor->real, real));
        break;
    default:
        text_append(out, cursor->text.text, cursor->text.length);
    }
}

void cursor_write(struct text *out, const struct cursor *cursor)
{
    switch (cursor->kind) {
    case CURSOR_NONE:
        text_puts(out, "null");
        break;
    case CURSOR_INTEGER:
        if (cursor->is_bool) {
            text_puts(out, cursor->integer ? "true" : "false");
            break;
        }
        write_number(out, cursor);
        break;
    case CURSOR_DOUBLE:
    case CURSOR_NUMBER:
        write_number(out, cursor);
        break;
    case CURSOR_BINARY:
        json_text_raw(out, DOCUMENT_BINARY, cursor->text);
        break;
    case CURSOR_TEXT:
    case CURSOR_DECIMAL:
    case CURSOR_TIMESTAMP:
    case CURSOR_DATE:
    case CURSOR_TIME:
    case CURSOR_OTHER: /* of an object nothing is kept */
        json_text_string(out, cursor->text);
        break;
    }
}

void cursor_describe(struct text *out, const struct cursor *cursor)
{
    if (cursor->kind == CURSOR_OTHER && !cursor->mark) {
        text_puts(out, "an object or a list");
        return;
    }
    if (cursor->mark)
        text_printf(out, "%s ", type_names[cursor->mark]);
    cursor_write(out, cursor);
}

static void write_marked(struct text *out, const struct cursor *cursor)
{
    struct text marked = { 0 };

    write_mark(&marked, cursor->mark);
    if (cursor->kind == CURSOR_BINARY)
        base64_append(&marked, cursor->text);
    else
        text_append(&marked, cursor->text.text, cursor->text.length);
    json_text_string(out, text_slice(&marked));
    out->failed |= marked.failed;
    text_release(&marked);
}

yyjson_mut_val *cursor_to_state(const struct cursor *cursor, yyjson_mut_doc *doc)
{
    struct text json = { 0 };
    yyjson_doc *parsed;
    yyjson_mut_val *value;

    if (cursor->mark)
        write_marked(&json, cursor);
    else
        cursor_write(&json, cursor);
    parsed = json.failed ? NULL : json_text_parse(json.text, json.length);
    value = parsed ? yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed)) : NULL;
    yyjson_doc_free(parsed);
    text_release(&json);
    return value;
}
