#include "extract/row_hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "data/json.h"
#include "data/json_text.h"
#include "data/timestamp.h"

#define HASH_BYTES 9
#define LEGACY_BYTES 15
#define UTC "+00:00"
#define UTC_CHARS (sizeof(UTC) - 1)

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

/* Of a key that came twice the last value counts. */
static void write_object(struct text *out, struct document object, bool legacy)
{
    size_t size = document_size(object);
    struct document *keys = malloc((size + 1) * sizeof(*keys)), key = document_first(object);
    bool first = true;

    if (!keys) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < size; i++, key = document_next_key(key))
        keys[i] = key;
    qsort(keys, size, sizeof(*keys), compare_keys);
    text_putc(out, '{');
    for (size_t i = 0; i < size; i++) {
        if (i + 1 < size && slice_equal(document_text(keys[i]), document_text(keys[i + 1])))
            continue;
        if (!first)
            text_putc(out, ',');
        first = false;
        json_text_string(out, document_text(keys[i]));
        text_putc(out, ':');
        row_hash_write(out, document_member(keys[i]), legacy);
    }
    text_putc(out, '}');
    free(keys);
}

static void write_list(struct text *out, struct document list, bool legacy)
{
    struct document element = document_first(list);
    size_t size = document_size(list);

    text_putc(out, '[');
    for (size_t i = 0; i < size; i++, element = document_next(element)) {
        if (i)
            text_putc(out, ',');
        row_hash_write(out, element, legacy);
    }
    text_putc(out, ']');
}

/* Microseconds, so that an instant is the same in all zones. dlt once had the text of orjson, with a Z for UTC. */
static void write_timestamp(struct text *out, struct document document, bool legacy)
{
    struct slice iso = document_text(document);
    struct timestamp timestamp;

    if (!legacy && timestamp_read(iso.text, iso.length, &timestamp)) {
        text_printf(out, "%" PRId64, timestamp_utc(&timestamp));
        return;
    }
    if (legacy && iso.length > UTC_CHARS && !memcmp(iso.text + iso.length - UTC_CHARS, UTC, UTC_CHARS))
        text_printf(out, "\"%.*sZ\"", (int)(iso.length - UTC_CHARS), iso.text);
    else
        json_write(out, document);
}

void row_hash_write(struct text *out, struct document document, bool legacy)
{
    enum document_kind kind = document_kind(document);

    if (kind == DOCUMENT_OBJECT)
        write_object(out, document, legacy);
    else if (kind == DOCUMENT_LIST)
        write_list(out, document, legacy);
    else if (kind == DOCUMENT_TIMESTAMP)
        write_timestamp(out, document, legacy);
    else
        json_write(out, document);
}

void row_hash(struct slice json, bool legacy, char hash[ROW_HASH_LEGACY_CHARS + 1])
{
    uint8_t digest[LEGACY_BYTES];
    size_t bytes = legacy ? LEGACY_BYTES : HASH_BYTES;

    shake128(json.text, json.length, digest, bytes);
    base64_encode(digest, bytes, hash); /* of bytes by threes: no padding */
}
