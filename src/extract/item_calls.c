/* What programs call: spile_item_...(). */
#include "extract/item.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/json_text.h"
#include "data/timestamp.h"

/* ---- life ----------------------------------------------------------------------------------------------------------------------- */

enum spile_status spile_item_new(struct spile_item **out, struct spile_error *err)
{
    struct spile_item *item = calloc(1, sizeof(*item));

    *out = NULL;
    if (item && item_load_empty(item)) {
        *out = item;
        return SPILE_OK;
    }
    spile_item_free(item);
    return spile_fail_nomem(err);
}

void spile_item_free(struct spile_item *item)
{
    if (!item)
        return;
    arena_release(&item->arena);
    arena_release(&item->texts);
    free(item);
}

/* The arena keeps a block, in which a small document always fits. */
void spile_item_clear(struct spile_item *item)
{
    if (!item_load_empty(item))
        item_fail_nomem(item);
}

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

static struct document find(const struct spile_item *item, const char *path)
{
    return item_find(item, slice_of(path ? path : ""));
}

static enum spile_kind kind_of(struct document value)
{
    static const enum spile_kind kinds[] = {
        [DOCUMENT_NULL] = SPILE_NULL,       [DOCUMENT_BOOL] = SPILE_BOOL, [DOCUMENT_INTEGER] = SPILE_INTEGER, [DOCUMENT_DOUBLE] = SPILE_DOUBLE,
        [DOCUMENT_NUMBER] = SPILE_NUMBER,   [DOCUMENT_TEXT] = SPILE_TEXT, [DOCUMENT_OBJECT] = SPILE_OBJECT,   [DOCUMENT_LIST] = SPILE_LIST,
        [DOCUMENT_DECIMAL] = SPILE_DECIMAL, [DOCUMENT_DATE] = SPILE_DATE, [DOCUMENT_TIMESTAMP] = SPILE_TIMESTAMP, [DOCUMENT_TIME] = SPILE_TIME,
        [DOCUMENT_BINARY] = SPILE_BINARY,
    };

    return value.value ? kinds[document_kind(value)] : SPILE_ABSENT;
}

enum spile_kind spile_item_kind(const struct spile_item *item, const char *path)
{
    return kind_of(find(item, path));
}

size_t spile_item_count(const struct spile_item *item, const char *path)
{
    struct document value = find(item, path);

    return yyjson_is_ctn(value.value) ? document_size(value) : 0;
}

bool spile_item_bool(const struct spile_item *item, const char *path, bool otherwise)
{
    struct document value = find(item, path);

    return kind_of(value) == SPILE_BOOL ? document_bool(value) : otherwise;
}

int64_t spile_item_integer(const struct spile_item *item, const char *path, int64_t otherwise)
{
    struct document value = find(item, path);

    return kind_of(value) == SPILE_INTEGER ? document_integer(value) : otherwise;
}

double spile_item_double(const struct spile_item *item, const char *path, double otherwise)
{
    yyjson_val *value = find(item, path).value;

    return yyjson_is_num(value) ? yyjson_get_num(value) : otherwise;
}

const char *spile_item_text(const struct spile_item *item, const char *path, size_t *length)
{
    yyjson_val *value = find(item, path).value;

    if (length)
        *length = yyjson_is_str(value) ? yyjson_get_len(value) : 0;
    return yyjson_get_str(value);
}

const char *spile_item_json(struct spile_item *item, const char *path, size_t *length)
{
    struct document value = find(item, path);
    struct text json = { 0 };
    const char *copy = NULL;

    if (value.value)
        item_write(&json, item, value);
    if (value.value && !json.failed)
        copy = arena_copy(&item->texts, json.text, json.length);
    if (length)
        *length = copy ? json.length : 0;
    text_release(&json);
    return copy;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

static void set(struct spile_item *item, const char *path, yyjson_val scalar)
{
    item_set_scalar(item, slice_of(path ? path : ""), scalar);
}

void spile_item_set_null(struct spile_item *item, const char *path)
{
    set(item, path, (yyjson_val){ .tag = YYJSON_TYPE_NULL });
}

void spile_item_set_bool(struct spile_item *item, const char *path, bool value)
{
    set(item, path, (yyjson_val){ .tag = YYJSON_TYPE_BOOL | (value ? YYJSON_SUBTYPE_TRUE : YYJSON_SUBTYPE_FALSE) });
}

void spile_item_set_integer(struct spile_item *item, const char *path, int64_t value)
{
    set(item, path, (yyjson_val){ .tag = YYJSON_TYPE_NUM | YYJSON_SUBTYPE_SINT, .uni.i64 = value });
}

static void fail_value(struct spile_item *item, const char *path, const char *what)
{
    item_fail(item, SPILE_SOURCE, slice_of(path ? path : ""), what);
}

void spile_item_set_double(struct spile_item *item, const char *path, double value)
{
    if (isfinite(value))
        set(item, path, (yyjson_val){ .tag = YYJSON_TYPE_NUM | YYJSON_SUBTYPE_REAL, .uni.f64 = value });
    else
        fail_value(item, path, "NaN and infinity are not JSON: set null");
}

void spile_item_set_bytes(struct spile_item *item, const char *path, const void *utf8, size_t length)
{
    if (utf8_is_valid(utf8, length))
        item_set_text(item, slice_of(path ? path : ""), (struct slice){ utf8, length });
    else
        fail_value(item, path, "the text is not UTF-8");
}

void spile_item_set_text(struct spile_item *item, const char *path, const char *text)
{
    if (text)
        spile_item_set_bytes(item, path, text, strlen(text));
    else
        spile_item_set_null(item, path);
}

/* ---- types that JSON lacks ------------------------------------------------------------------------------------------------------- */

static void set_typed(struct spile_item *item, const char *path, enum document_kind kind, struct slice text)
{
    set(item, path, (yyjson_val){ .tag = document_typed_tag(kind, text.length), .uni.str = text.text });
}

/* Python's spelling: "1E+5" for "1e5". */
static void set_digits(struct spile_item *item, const char *path, const char *number)
{
    struct text digits = { 0 };

    for (const char *at = number; *at; at++) {
        text_putc(&digits, *at == 'e' ? 'E' : *at);
        if ((*at == 'e' || *at == 'E') && at[1] >= '0' && at[1] <= '9')
            text_putc(&digits, '+');
    }
    if (digits.failed)
        item_fail_nomem(item);
    else
        set_typed(item, path, DOCUMENT_DECIMAL, text_slice(&digits));
    text_release(&digits);
}

void spile_item_set_decimal(struct spile_item *item, const char *path, const char *number)
{
    bool nomem = false;
    size_t length = number ? strlen(number) : 0;
    yyjson_doc *parsed = length ? json_text_read(number, length, &nomem) : NULL;
    yyjson_val *value = yyjson_doc_get_root(parsed);
    bool is_number = (yyjson_is_num(value) || yyjson_is_raw(value)) && !strpbrk(number, " \t\r\n");

    yyjson_doc_free(parsed);
    if (nomem)
        item_fail_nomem(item);
    else if (is_number)
        set_digits(item, path, number);
    else
        fail_value(item, path, "the text is no number");
}

void spile_item_set_timestamp(struct spile_item *item, const char *path, int64_t micros)
{
    char text[TIMESTAMP_CHARS];

    if (!timestamp_in_years(micros)) {
        fail_value(item, path, "the time is beyond the years 1 to 9999");
        return;
    }
    timestamp_format(micros, text);
    set_typed(item, path, DOCUMENT_TIMESTAMP, slice_of(text));
}

void spile_item_set_date(struct spile_item *item, const char *path, int32_t days)
{
    char text[TIMESTAMP_CHARS];

    if (!date_in_years(days)) {
        fail_value(item, path, "the date is beyond the years 1 to 9999");
        return;
    }
    date_format(days, text);
    set_typed(item, path, DOCUMENT_DATE, slice_of(text));
}

void spile_item_set_time(struct spile_item *item, const char *path, int64_t micros)
{
    char text[TIMESTAMP_CHARS];

    if (!time_in_day(micros)) {
        fail_value(item, path, "the time is not within a day");
        return;
    }
    time_format(micros, text);
    set_typed(item, path, DOCUMENT_TIME, slice_of(text));
}

void spile_item_set_binary(struct spile_item *item, const char *path, const void *bytes, size_t length)
{
    set_typed(item, path, DOCUMENT_BINARY, (struct slice){ bytes, length });
}

void spile_item_set_json(struct spile_item *item, const char *path, const char *json)
{
    bool nomem = false;
    yyjson_doc *parsed = json ? json_text_read(json, strlen(json), &nomem) : NULL;

    if (nomem)
        item_fail_nomem(item);
    else if (parsed)
        item_set_parsed(item, slice_of(path ? path : ""), yyjson_doc_get_root(parsed));
    else
        fail_value(item, path, "the text is not JSON");
    yyjson_doc_free(parsed);
}

void spile_item_rename(struct spile_item *item, const char *path, const char *key)
{
    item_rename(item, slice_of(path ? path : ""), slice_of(key ? key : ""));
}

void spile_item_remove(struct spile_item *item, const char *path)
{
    item_remove(item, slice_of(path ? path : ""));
}
