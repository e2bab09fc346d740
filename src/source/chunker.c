/* Cuts one input into chunks. The chunker reads into a buffer of its own, scans what has come (while it is in the cache), and when it has
 * found a border behind the wanted size hands the whole buffer over; the few bytes behind the border move to the next one.
 *
 *   bytes  |.....|================ chunk ================|== rest ==|..........|
 *          0     begin                                   border     end        capacity
 *
 * In what follows, places are counted from `begin`. */
#include "source/chunker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "source/scan.h"

#define READ_BYTES ((size_t)256 << 10)     /* one read; fits the second-level cache, where the scan finds it */
#define READ_BYTES_BEHIND ((size_t)4 << 10) /* read behind the wanted size, in the hope of a border; what is behind that is moved */
#define FIRST_BYTES_MIN ((size_t)4 << 10)
#define BROKEN_BYTES_BEHIND ((size_t)256)   /* what the parser gets to see behind text that can't be JSON */

_Static_assert(CHUNK_PADDING >= SCAN_PADDING, "a chunk can be scanned");

struct chunker {
    struct input *input;
    size_t chunk_bytes, item_bytes_max;
    uint64_t chunks; /* handed out */
    bool started;
    bool last_given; /* nothing more to hand out */

    char *bytes;
    size_t begin, end, capacity;
    bool ended; /* no more bytes can be read: the end, or `status` */

    enum spile_status status; /* of the reading; returned when all before it has been handed out */
    struct spile_error error;

    enum chunk_state state;
    uint64_t offset, line, column; /* of the byte at `begin` */
    size_t item_start; /* a border, no item before it is too long */
};

/* ---- the buffer -------------------------------------------------------------------------------------------------------------- */

static char *text_of(const struct chunker *chunker)
{
    return chunker->bytes + chunker->begin;
}

static size_t length_of(const struct chunker *chunker)
{
    return chunker->end - chunker->begin;
}

/* Room for `more` bytes behind the end, and the padding. */
static bool buffer_reserve(struct chunker *chunker, size_t more)
{
    size_t capacity = chunker->capacity;
    char *grown;

    if (chunker->begin > 0 && chunker->end + more + CHUNK_PADDING > capacity) {
        memmove(chunker->bytes, text_of(chunker), length_of(chunker));
        chunker->end -= chunker->begin;
        chunker->begin = 0;
    }
    if (chunker->end + more + CHUNK_PADDING <= capacity)
        return true;
    capacity = chunker->end + more + CHUNK_PADDING;
    if (capacity < 2 * chunker->end)
        capacity = 2 * chunker->end;
    grown = realloc(chunker->bytes, capacity);
    if (!grown)
        return false;
    chunker->bytes = grown;
    chunker->capacity = capacity;
    return true;
}

static enum spile_status status_keep(struct chunker *chunker, enum spile_status status)
{
    chunker->status = status;
    chunker->ended = true;
    return status;
}

/* Reads up to `size` more bytes. A failure is kept for later and ends the text. Only lack of memory is returned. */
static enum spile_status buffer_fill(struct chunker *chunker, size_t size, struct spile_error *err)
{
    size_t got = 0;
    enum spile_status status;

    if (!buffer_reserve(chunker, size))
        return spile_fail_nomem(err);
    status = input_read(chunker->input, chunker->bytes + chunker->end, size, &got, &chunker->error);
    chunker->end += got;
    memset(chunker->bytes + chunker->end, 0, CHUNK_PADDING);
    if (status != SPILE_OK)
        status_keep(chunker, status);
    else
        chunker->ended = got < size;
    return SPILE_OK;
}

/* ---- questions about the text ------------------------------------------------------------------------------------------------ */

static size_t blank_end(const char *text, size_t at, size_t length)
{
    while (at < length && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
        at++;
    return at;
}

static uint64_t newlines_count(const char *text, size_t length)
{
    uint64_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += text[i] == '\n';
    return count;
}

/* In parts whose count fits a byte, so that the compiler can use wide registers: an input on a single line is counted from end to end. */
static uint64_t characters_count(const char *text, size_t length)
{
    uint64_t count = 0;

    for (size_t i = 0; i < length;) {
        size_t end = length - i < UINT8_MAX ? length : i + UINT8_MAX;
        uint8_t part = 0;

        for (; i < end; i++)
            part += (signed char)text[i] >= (signed char)0xC0; /* not the second or a later byte of a character */
        count += part;
    }
    return count;
}

/* Moves line, column and offset over the text's first `length` bytes, which have so many newlines. */
static void place_advance(struct chunker *chunker, size_t length, uint64_t newlines)
{
    const char *text = text_of(chunker), *newline = newlines ? memrchr(text, '\n', length) : NULL;
    size_t start = newline ? (size_t)(newline - text) + 1 : 0;
    uint64_t characters = characters_count(text + start, length - start);

    chunker->column = newline ? characters + 1 : chunker->column + characters;
    chunker->line += newlines;
    chunker->offset += length;
}

/* Reads until something solid is found at or behind `at`: *at is its place, or where the text ends. */
static enum spile_status solid_find(struct chunker *chunker, size_t *at, size_t limit, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (;;) {
        *at = blank_end(text_of(chunker), *at, length_of(chunker));
        if (*at < length_of(chunker) || chunker->ended || *at > limit)
            return status;
        status = buffer_fill(chunker, READ_BYTES_BEHIND, err);
        if (status != SPILE_OK)
            return status;
    }
}

/* ---- the beginning of the input ---------------------------------------------------------------------------------------------- */

static enum spile_status fail_wide(struct chunker *chunker, const char *encoding, struct spile_error *err)
{
    spile_fail(err, SPILE_SOURCE, "%s is encoded in %s, JSON is UTF-8", input_name(chunker->input), encoding);
    return spile_hint(err, SPILE_SOURCE, "convert it: iconv -f %s -t UTF-8 FILE", encoding);
}

/* Skips the byte order mark of UTF-8; refuses the other encodings by their marks, or by the zero byte that every first character of
 * JSON has in them. */
static enum spile_status encoding_check(struct chunker *chunker, struct spile_error *err)
{
    const unsigned char *text = (const unsigned char *)text_of(chunker);
    size_t length = length_of(chunker); /* behind it are zeros: so only within it a zero byte tells something */

    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        chunker->begin += 3;
        chunker->offset = 3;
        return SPILE_OK;
    }
    if (length >= 4 && (memcmp(text, "\xFF\xFE\0\0", 4) == 0 || memcmp(text, "\0\0\xFE\xFF", 4) == 0 || memcmp(text, "\0\0\0", 3) == 0 ||
                        (text[0] && memcmp(text + 1, "\0\0\0", 3) == 0)))
        return fail_wide(chunker, "UTF-32", err);
    if (length >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0 || !text[0] != !text[1]))
        return fail_wide(chunker, "UTF-16", err);
    return SPILE_OK;
}

/* The first value is an array: are its elements the items? Not when it closes soon and something follows. */
static enum spile_status array_probe(struct chunker *chunker, struct spile_error *err)
{
    struct scan scan;
    enum scan_found found;
    size_t after, limit;
    enum spile_status status = SPILE_OK;

    scan_begin(&scan, CHUNK_ARRAY_OPEN, SIZE_MAX);
    do {
        size_t length = length_of(chunker) < JSON_PROBE_BYTES ? length_of(chunker) : JSON_PROBE_BYTES;

        found = scan_more(&scan, text_of(chunker), length, chunker->ended);
        if (found != SCAN_NOTHING || chunker->ended || length == JSON_PROBE_BYTES)
            break;
        status = buffer_fill(chunker, READ_BYTES, err);
    } while (status == SPILE_OK);
    chunker->state = CHUNK_ARRAY_OPEN;
    if (status != SPILE_OK || found != SCAN_END)
        return status;
    after = scan.found;
    limit = after + JSON_PROBE_BYTES;
    status = solid_find(chunker, &after, limit, err);
    if (after < length_of(chunker) && after <= limit)
        chunker->state = CHUNK_SEQUENCE;
    return status;
}

static enum spile_status start(struct chunker *chunker, struct spile_error *err)
{
    enum spile_status status = buffer_fill(chunker, FIRST_BYTES_MIN, err);
    size_t first = 0;

    if (status == SPILE_OK)
        status = encoding_check(chunker, err);
    if (status == SPILE_OK)
        status = solid_find(chunker, &first, chunker->item_bytes_max, err);
    if (status != SPILE_OK)
        return status;
    if (first == length_of(chunker) && chunker->ended && chunker->status == SPILE_OK) {
        spile_fail(err, SPILE_SOURCE, "%s is empty", input_name(chunker->input));
        return spile_hint(err, SPILE_SOURCE, "leave it out, or check what should have written it");
    }
    if (first < length_of(chunker) && text_of(chunker)[first] == '[')
        status = array_probe(chunker, err);
    return status;
}

/* ---- items that are too long ------------------------------------------------------------------------------------------------- */

static enum chunk_state state_at(const struct chunker *chunker, size_t place)
{
    return chunker->state == CHUNK_ARRAY_OPEN && place > 0 ? CHUNK_ARRAY_ITEM : chunker->state;
}

/* Walks the borders up to `end`, each item for itself, and remembers the last one. False when an item between them, or the text from
 * the last one to `end`, is too long. */
static bool items_check(struct chunker *chunker, size_t end)
{
    while (end - chunker->item_start > chunker->item_bytes_max) {
        struct scan scan;
        enum scan_found found;

        scan_begin(&scan, state_at(chunker, chunker->item_start), 1);
        found = scan_more(&scan, text_of(chunker) + chunker->item_start, end - chunker->item_start, true);
        if (found == SCAN_BROKEN) { /* something stray between items: the parser will say so */
            chunker->item_start = end;
            return true;
        }
        if (found == SCAN_NOTHING || scan.found > chunker->item_bytes_max)
            return false;
        chunker->item_start += scan.found;
        if (found == SCAN_END)
            return end - chunker->item_start <= chunker->item_bytes_max;
    }
    return true;
}

/* The last border in the text, when the item behind it did not come to its end; the text's end when there is something stray in it, so
 * that the parser gets to see it. */
static size_t border_last(struct chunker *chunker)
{
    size_t place = 0, length = length_of(chunker);
    enum scan_found found;

    do {
        struct scan scan;

        scan_begin(&scan, state_at(chunker, place), 1);
        found = scan_more(&scan, text_of(chunker) + place, length - place, true);
        place += found == SCAN_BORDER ? scan.found : 0;
    } while (found == SCAN_BORDER);
    return found == SCAN_BROKEN ? length : place;
}

static void fail_too_long(struct chunker *chunker, struct spile_error *err)
{
    size_t solid = blank_end(text_of(chunker), 0, length_of(chunker));

    place_advance(chunker, solid, newlines_count(text_of(chunker), solid));
    spile_fail(err, SPILE_SOURCE, "an item of %s is longer than %zu bytes", input_name(chunker->input), chunker->item_bytes_max);
    spile_within(err, SPILE_SOURCE, "line %" PRIu64 ", byte %" PRIu64 " of %s", chunker->line, chunker->offset, input_name(chunker->input));
    spile_hint(err, SPILE_SOURCE, "raise the memory limit (--memory), or split the document: one object per line, or an array of objects");
}

/* ---- handing out ------------------------------------------------------------------------------------------------------------- */

static size_t wanted_bytes(const struct chunker *chunker)
{
    size_t wanted = chunker->chunks < 2 ? chunker->chunk_bytes / (chunker->chunks ? 4 : 16) : chunker->chunk_bytes;

    if (chunker->chunks < 2 && wanted < FIRST_BYTES_MIN)
        wanted = FIRST_BYTES_MIN;
    return wanted < chunker->chunk_bytes ? wanted : chunker->chunk_bytes;
}

/* A buffer with room for `needed` bytes, made of the chunk's old one when that fits. One much too large (an item was long) is let go. */
static bool chunk_buffer(struct chunk *chunk, size_t needed)
{
    size_t keep = 4 * needed > READ_BYTES ? 4 * needed : READ_BYTES;

    if (chunk->bytes && chunk->capacity >= needed && chunk->capacity <= keep)
        return true;
    free(chunk->bytes);
    chunk->bytes = malloc(needed);
    chunk->capacity = chunk->bytes ? needed : 0;
    return chunk->bytes != NULL;
}

/* Gives the whole buffer away and goes on in the chunk's old one, to which the rest is copied. */
static bool buffer_exchange(struct chunker *chunker, struct chunk *chunk, size_t length)
{
    size_t rest = length_of(chunker) - length, capacity = chunker->capacity;
    char *bytes = chunker->bytes;

    if (!chunk_buffer(chunk, (rest > chunker->chunk_bytes ? rest : chunker->chunk_bytes) + 2 * READ_BYTES_BEHIND + CHUNK_PADDING))
        return false;
    memcpy(chunk->bytes, text_of(chunker) + length, rest);
    memset(chunk->bytes + rest, 0, CHUNK_PADDING);
    if (chunker->begin > 0)
        memmove(bytes, text_of(chunker), length);
    chunker->bytes = chunk->bytes;
    chunker->capacity = chunk->capacity;
    chunker->begin = 0;
    chunker->end = rest;
    chunk->bytes = bytes;
    chunk->capacity = capacity;
    return true;
}

/* Copies the chunk's text out, when there is less of it than of the rest. */
static bool buffer_copy(struct chunker *chunker, struct chunk *chunk, size_t length)
{
    if (!chunk_buffer(chunk, length + CHUNK_PADDING))
        return false;
    memcpy(chunk->bytes, text_of(chunker), length);
    chunker->begin += length;
    return true;
}

/* The text's first `length` bytes, with so many newlines, become the chunk. */
static enum spile_status hand_out(struct chunker *chunker, struct chunk *chunk, size_t length, uint64_t newlines, struct spile_error *err)
{
    chunk->input_name = input_name(chunker->input);
    chunk->offset = chunker->offset;
    chunk->line = chunker->line;
    chunk->column = chunker->column;
    chunk->state = chunker->state;
    chunk->first = chunker->chunks++ == 0;
    if (!chunk->last)
        place_advance(chunker, length, newlines);
    if (!(length_of(chunker) - length <= length ? buffer_exchange(chunker, chunk, length) : buffer_copy(chunker, chunk, length)))
        return spile_fail_nomem(err);
    chunk->length = length;
    memset(chunk->bytes + length, 0, CHUNK_PADDING);
    chunker->state = state_at(chunker, 1);
    chunker->item_start = chunker->item_start > length ? chunker->item_start - length : 0;
    chunker->last_given = chunk->last;
    return SPILE_OK;
}

/* The text up to a border, or nothing when there is none: then it is time for the error. */
static enum spile_status hand_out_before_error(struct chunker *chunker, struct chunk *chunk, size_t border, bool *more,
                                               struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    *more = border > 0;
    if (*more)
        status = hand_out(chunker, chunk, border, newlines_count(text_of(chunker), border), err);
    else
        chunker->last_given = true;
    if (*more || status != SPILE_OK)
        return status;
    if (err)
        *err = chunker->error;
    return chunker->status;
}

static enum spile_status too_long(struct chunker *chunker, struct chunk *chunk, bool *more, struct spile_error *err)
{
    if (chunker->item_start == 0) {
        fail_too_long(chunker, &chunker->error);
        status_keep(chunker, SPILE_SOURCE);
    }
    return hand_out_before_error(chunker, chunk, chunker->item_start, more, err);
}

/* ---- cutting ----------------------------------------------------------------------------------------------------------------- */

/* Reads and scans until something is found or the text has ended. Stops early when an item is surely too long. */
static enum spile_status border_find(struct chunker *chunker, struct scan *scan, enum scan_found *found, struct spile_error *err)
{
    for (;;) {
        size_t length, step;
        enum spile_status status;

        *found = scan_more(scan, text_of(chunker), length_of(chunker), chunker->ended);
        length = length_of(chunker);
        if (*found != SCAN_NOTHING || chunker->ended || !items_check(chunker, scan->at))
            return SPILE_OK;
        step = length < scan->target ? scan->target - length + READ_BYTES_BEHIND : length / 8;
        if (step < READ_BYTES_BEHIND)
            step = READ_BYTES_BEHIND;
        status = buffer_fill(chunker, step < READ_BYTES ? step : READ_BYTES, err);
        if (status != SPILE_OK)
            return status;
    }
}

/* A border at `place` was found: does anything but white space follow? Sets *length to the chunk's end. */
static enum spile_status border_judge(struct chunker *chunker, struct chunk *chunk, enum scan_found found, size_t place, size_t *length,
                                      struct spile_error *err)
{
    size_t solid = place;
    enum spile_status status = solid_find(chunker, &solid, place + chunker->item_bytes_max, err);

    *length = place;
    if (status != SPILE_OK || solid - place > chunker->item_bytes_max)
        return status; /* the white space is too long: what is before it comes first */
    if (solid == length_of(chunker)) {
        chunk->last = chunker->status == SPILE_OK; /* else reading has failed, and nobody knows what follows */
        *length = chunk->last ? solid : place;
    } else if (found == SCAN_END) {
        chunk->last = chunk->broken = true;
        *length = solid;
    }
    return status;
}

static enum spile_status chunk_cut(struct chunker *chunker, struct chunk *chunk, bool *more, struct spile_error *err)
{
    struct scan scan;
    enum scan_found found;
    size_t length = 0;
    enum spile_status status;

    scan_begin(&scan, chunker->state, wanted_bytes(chunker));
    status = border_find(chunker, &scan, &found, err);
    if (status != SPILE_OK)
        return status;
    if (!items_check(chunker, found == SCAN_NOTHING ? chunker->ended ? length_of(chunker) : scan.at : scan.found))
        return too_long(chunker, chunk, more, err);
    if (found == SCAN_NOTHING && chunker->status != SPILE_OK)
        return hand_out_before_error(chunker, chunk, border_last(chunker), more, err);
    chunk->shallow = scan.deepest <= JSON_DEPTH_MAX;
    switch (found) {
    case SCAN_NOTHING:
        chunk->last = true;
        length = length_of(chunker);
        break;
    case SCAN_BORDER:
    case SCAN_END:
        status = border_judge(chunker, chunk, found, scan.found, &length, err);
        break;
    case SCAN_BROKEN:
        chunk->last = chunk->broken = true;
        length = scan.found;
        break;
    }
    if (chunk->broken)
        length = length_of(chunker) - length < BROKEN_BYTES_BEHIND ? length_of(chunker) : length + BROKEN_BYTES_BEHIND;
    *more = true;
    return status == SPILE_OK ? hand_out(chunker, chunk, length, scan.newlines, err) : status;
}

enum spile_status chunker_next(struct chunker *chunker, struct chunk *chunk, bool *more, struct spile_error *err)
{
    enum spile_status status;

    *more = false;
    chunk->last = chunk->broken = chunk->shallow = false;
    if (chunker->last_given) {
        if (err && chunker->status != SPILE_OK)
            *err = chunker->error;
        return chunker->status;
    }
    if (!chunker->started) {
        chunker->started = true;
        status = start(chunker, &chunker->error);
        if (status != SPILE_OK) {
            status_keep(chunker, status);
            return hand_out_before_error(chunker, chunk, 0, more, err);
        }
    }
    return chunk_cut(chunker, chunk, more, err);
}

enum spile_status chunker_new(struct chunker **out, struct input *input, size_t chunk_bytes, size_t item_bytes_max, struct spile_error *err)
{
    struct chunker *chunker = calloc(1, sizeof(*chunker));

    *out = chunker;
    if (!chunker)
        return spile_fail_nomem(err);
    chunker->input = input;
    chunker->chunk_bytes = chunk_bytes ? chunk_bytes : 1;
    chunker->item_bytes_max = item_bytes_max < SIZE_MAX / 4 ? item_bytes_max : SIZE_MAX / 4; /* sums with it can't overflow */
    chunker->line = chunker->column = 1;
    return SPILE_OK;
}

void chunker_free(struct chunker *chunker)
{
    if (!chunker)
        return;
    free(chunker->bytes);
    free(chunker);
}
