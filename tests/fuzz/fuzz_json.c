/* bytes -> chunker -> JSON reader. Whatever the bytes are: the chunks joined are the input (up to a place that can't be JSON), and items
 * and error do not depend on the size of the chunks. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "source/chunker.h"
#include "check.h"

#define ITEM_BYTES_MAX 2000

struct result {
    struct text items; /* offset, kind of place and compact JSON of each */
    struct spile_error error;
};

static enum spile_status read_items(struct json_reader *reader, const struct chunk *chunk, struct result *result)
{
    struct json_item item;
    enum spile_status status;
    bool more;

    json_reader_begin(reader, chunk);
    while ((status = json_reader_next(reader, &item, &more, &result->error)) == SPILE_OK && more) {
        text_printf(&result->items, "%llu %d ", (unsigned long long)item.offset, item.element);
        json_write(&result->items, item.document);
        text_putc(&result->items, '\n');
        check(!result->items.failed, "an item could not be written");
    }
    return status;
}

static void run(const char *bytes, size_t length, size_t chunk_bytes, struct result *result)
{
    struct input *input = NULL;
    struct chunker *chunker = NULL;
    struct chunk chunk = { 0 };
    struct json_reader *reader = json_reader_new();
    enum spile_status status = input_open_memory(&input, bytes, length, "input", NULL, &result->error);
    size_t at = 0;
    bool more, last = false, broken = false;

    check(reader && status == SPILE_OK, "set-up");
    check(chunker_new(&chunker, input, chunk_bytes, ITEM_BYTES_MAX, &result->error) == SPILE_OK, "set-up");
    while ((status = chunker_next(chunker, &chunk, &more, &result->error)) == SPILE_OK && more) {
        if (chunk.first)
            at = (size_t)chunk.offset; /* behind the byte order mark */
        check(!last, "a chunk behind the last");
        check(chunk.offset == at && chunk.length > 0 && chunk.length <= length - at, "a chunk's place");
        check(memcmp(chunk.bytes, bytes + at, chunk.length) == 0, "a chunk's bytes");
        at += chunk.length;
        last = chunk.last;
        broken = chunk.broken;
        status = read_items(reader, &chunk, result);
        check(memcmp(chunk.bytes, bytes + chunk.offset, chunk.length) == 0, "a chunk's bytes after reading");
        if (status != SPILE_OK)
            break;
        check(!broken, "a broken chunk was read without an error");
    }
    check(status != SPILE_OK || (last && at == length), "not all bytes are in chunks");
    check((status == SPILE_OK) == (result->error.status == SPILE_OK), "status and error");
    json_reader_free(reader);
    chunker_free(chunker);
    input_close(input);
    free(chunk.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t sizes[] = { 1, 7, 64, 1000, 1 << 16 };
    struct result first = { 0 };

    if (size >= 2 && ((data[0] == 0x1F && data[1] == 0x8B) || (data[0] == 0x28 && data[1] == 0xB5) ||
                      (data[0] >> 4 == 5 && data[1] == 0x2A)))
        return 0; /* compressed: its bytes can't be compared with the chunks' */
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct result result = { 0 };

        run((const char *)data, size, sizes[i], &result);
        if (i == 0) {
            first = result;
            continue;
        }
        check(slice_equal((struct slice){ first.items.text, first.items.length }, (struct slice){ result.items.text, result.items.length }),
              "items depend on the chunk size");
        check(first.error.status == result.error.status, "the error depends on the chunk size");
        check(strcmp(first.error.message, result.error.message) == 0, "the message depends on the chunk size");
        check(strcmp(first.error.where, result.error.where) == 0, "the error's place depends on the chunk size");
        text_release(&result.items);
    }
    text_release(&first.items);
    return 0;
}
