#include "extract/row_hash.h"

#include "base/hash.h"
#include "data/json_sorted.h"

#define HASH_BYTES 9
#define LEGACY_BYTES 15

/* dlt once had the text of orjson for timestamps. */
void row_hash_write(struct text *out, struct document document, bool legacy)
{
    json_sorted_write(out, document, legacy ? TYPED_PLAIN : TYPED_INSTANT);
}

void row_hash(struct slice json, bool legacy, char hash[ROW_HASH_LEGACY_CHARS + 1])
{
    uint8_t digest[LEGACY_BYTES];
    size_t bytes = legacy ? LEGACY_BYTES : HASH_BYTES;

    shake128(json.text, json.length, digest, bytes);
    base64_encode(digest, bytes, hash); /* of bytes by threes: no padding */
}
