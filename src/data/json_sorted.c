#include "data/json_sorted.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "data/json_text.h"
#include "data/timestamp.h"

#define UTC "+00:00"
#define UTC_CHARS (sizeof(UTC) - 1)
#define FEW 16 /* keys that need no memory of their own */

/* ---- typed values --------------------------------------------------------------------------------------------------------------- */

/* U+F026 and those that follow it, in UTF-8. */
static const char *mark_of(enum document_kind kind)
{
    switch (kind) {
    case DOCUMENT_DECIMAL:
        return "\xEF\x80\xA6";
    case DOCUMENT_TIMESTAMP:
        return "\xEF\x80\xA7";
    case DOCUMENT_DATE:
        return "\xEF\x80\xA8";
    case DOCUMENT_BINARY:
        return "\xEF\x80\xAB";
    case DOCUMENT_TIME:
        return "\xEF\x80\xAD";
    default:
        return NULL;
    }
}

static void write_marked(struct text *out, struct document document, const char *mark)
{
    struct text plain = { 0 };

    json_write(&plain, document); /* in quotes, with nothing that needs an escape */
    text_putc(out, '"');
    text_puts(out, mark);
    text_append(out, plain.length ? plain.text + 1 : "", plain.length ? plain.length - 1 : 0);
    out->failed |= plain.failed;
    text_release(&plain);
}

static void write_timestamp(struct text *out, struct document document, enum typed_form form)
{
    struct slice iso = document_text(document);
    struct timestamp timestamp;

    if (form == TYPED_INSTANT && timestamp_read(iso.text, iso.length, &timestamp))
        text_printf(out, "%" PRId64, timestamp_utc(&timestamp));
    else if (form == TYPED_PLAIN && iso.length > UTC_CHARS && !memcmp(iso.text + iso.length - UTC_CHARS, UTC, UTC_CHARS))
        text_printf(out, "\"%.*sZ\"", (int)(iso.length - UTC_CHARS), iso.text);
    else
        json_write(out, document);
}

static void write_scalar(struct text *out, struct document document, enum typed_form form)
{
    enum document_kind kind = document_kind(document);
    const char *mark = form == TYPED_MARKED && kind > DOCUMENT_LIST ? mark_of(kind) : NULL;

    if (mark)
        write_marked(out, document, mark);
    else if (kind == DOCUMENT_TIMESTAMP)
        write_timestamp(out, document, form);
    else
        json_write(out, document);
}

/* ---- containers ----------------------------------------------------------------------------------------------------------------- */

/* In the order of the code points, which is that of the bytes; those that are equal as they came. */
static int compare_keys(const void *a, const void *b)
{
    struct slice left = document_text(*(const struct document *)a), right = document_text(*(const struct document *)b);
    size_t common = left.length < right.length ? left.length : right.length;
    int order = memcmp(left.text, right.text, common);

    if (!order && left.length != right.length)
        return left.length < right.length ? -1 : 1;
    if (order)
        return order;
    return ((const struct document *)a)->value < ((const struct document *)b)->value ? -1 : 1;
}

/* Lists the keys that do not begin with the prefix (NULL: all), sorted. Returns how many. */
static size_t sort_keys(struct document object, const char *prefix, struct document *keys)
{
    size_t size = document_size(object), count = 0, length = prefix ? strlen(prefix) : 0;
    struct document key = document_first(object);

    for (size_t i = 0; i < size; i++, key = document_next_key(key)) {
        struct slice name = document_text(key);

        if (!prefix || name.length < length || memcmp(name.text, prefix, length))
            keys[count++] = key;
    }
    qsort(keys, count, sizeof(*keys), compare_keys);
    return count;
}

static void write_object(struct text *out, struct document object, enum typed_form form, const char *prefix)
{
    struct document few[FEW], *keys = document_size(object) <= FEW ? few : malloc(document_size(object) * sizeof(*keys));
    size_t count = keys ? sort_keys(object, prefix, keys) : 0;
    bool first = true;

    text_putc(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && slice_equal(document_text(keys[i]), document_text(keys[i + 1])))
            continue;
        if (!first)
            text_putc(out, ',');
        first = false;
        json_text_string(out, document_text(keys[i]));
        text_putc(out, ':');
        json_sorted_write(out, document_member(keys[i]), form);
    }
    text_putc(out, '}');
    out->failed |= !keys;
    if (keys != few)
        free(keys);
}

static void write_list(struct text *out, struct document list, enum typed_form form)
{
    struct document element = document_first(list);
    size_t size = document_size(list);

    text_putc(out, '[');
    for (size_t i = 0; i < size; i++, element = document_next(element)) {
        if (i)
            text_putc(out, ',');
        json_sorted_write(out, element, form);
    }
    text_putc(out, ']');
}

void json_sorted_write_without(struct text *out, struct document object, enum typed_form form, const char *prefix)
{
    write_object(out, object, form, prefix);
}

void json_sorted_write(struct text *out, struct document document, enum typed_form form)
{
    enum document_kind kind = document_kind(document);

    if (kind == DOCUMENT_OBJECT)
        write_object(out, document, form, NULL);
    else if (kind == DOCUMENT_LIST)
        write_list(out, document, form);
    else
        write_scalar(out, document, form);
}
