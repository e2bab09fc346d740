/* Where cuts must lie is told by a second scanner in this file, which goes byte by byte; expected lines and columns are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "data/json.h"
#include "source/chunker.h"
#include "source/scan.h"

#define ANY_LENGTH ((size_t)1 << 30)

static uint32_t random_next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* ---- the slow scanner -------------------------------------------------------------------------------------------------------- */

/* As scan_more on a text that has ended; *deepest is exact. */
static enum scan_found slow_scan(const char *text, size_t length, enum chunk_state state, size_t target, size_t *found, int64_t *deepest)
{
    int64_t depth = state == CHUNK_ARRAY_ITEM;
    bool string = false, escape = false, array = state != CHUNK_SEQUENCE;

    *deepest = depth;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool escaped = escape, blank = c == ' ' || c == '\n' || c == '\r' || c == '\t', bracket;

        *found = i;
        escape = c == '\\' && !escaped;
        if (string && c == '\n')
            return SCAN_BROKEN;
        if (c == '"' && !escaped)
            string = !string;
        bracket = !string && (c == '{' || c == '[' || c == '}' || c == ']');
        if (!array && depth == 0 && i >= target && !blank && !bracket)
            return SCAN_BROKEN;
        if (string)
            continue;
        if (c == '{' || c == '[') {
            depth++;
            *deepest = depth > *deepest ? depth : *deepest;
        }
        if (c == '}' || c == ']') {
            if (--depth < 0)
                return SCAN_BROKEN;
            *found = i + 1;
            if (depth == 0 && array)
                return SCAN_END;
            if (depth == 0 && i + 1 >= target)
                return SCAN_BORDER;
        }
        if (array && c == ',' && depth == 1 && i + 1 >= target) {
            *found = i + 1;
            return SCAN_BORDER;
        }
    }
    return SCAN_NOTHING;
}

static size_t count(const char *text, size_t length, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < length; i++)
        n += text[i] == c;
    return n;
}

static void expect_scan(const char *text, size_t length, enum chunk_state state, size_t target, bool wide, size_t step)
{
    struct scan scan;
    enum scan_found got = SCAN_NOTHING, want;
    size_t found = 0;
    int64_t deepest;

    want = slow_scan(text, length, state, target, &found, &deepest);
    scan_begin(&scan, state, target);
    scan.wide = scan.wide && wide;
    for (size_t known = 0; got == SCAN_NOTHING && known < length;) {
        known = length - known < step ? length : known + step;
        got = scan_more(&scan, text, known, known == length);
    }
    if (got != want || (got != SCAN_NOTHING && scan.found != found))
        fail_msg("\"%.*s\" in state %d, target %zu: got %d at %zu, want %d at %zu", (int)length, text, (int)state, target, (int)got,
                 scan.found, (int)want, found);
    if (got == SCAN_NOTHING)
        found = length;
    assert_int_equal(scan.newlines, count(text, found, '\n'));
    assert_true(scan.deepest >= deepest);
}

/* Texts of the bytes that matter, which go wrong in every way. */
static void fast_scanner_is_as_the_slow_one(void **state)
{
    static const char *const alphabets[] = { "{}[],\"\\ \n1", "{}", "\"\\a", "[],", "{} \n", "{\"a\": [1,\"\\\\\"]}\n" };
    static const size_t targets[] = { 1, 5, 64, 65, 200, SIZE_MAX }, steps[] = { 1, 63, 64, 100, 5000 };
    uint64_t random = 42;

    (void)state;
    for (int round = 0; round < 60000; round++) {
        char text[600 + SCAN_PADDING] = { 0 };
        const char *alphabet = alphabets[random_next(&random) % 6];
        size_t length = random_next(&random) % 600, letters = strlen(alphabet), target = targets[random_next(&random) % 6];
        size_t step = steps[random_next(&random) % 5];
        enum chunk_state where = (enum chunk_state)(random_next(&random) % 3);
        int calm = (int)(random_next(&random) % 4) * 5; /* letters between those that matter */

        for (size_t i = 0; i < length; i++)
            text[i] = calm && random_next(&random) % (uint32_t)calm ? 'x' : alphabet[random_next(&random) % letters];
        if (where == CHUNK_ARRAY_OPEN && length)
            text[0] = '[';
        expect_scan(text, length, where, target, true, step);
        expect_scan(text, length, where, target, false, step);
    }
}

/* Every length of a run of backslashes, over the borders of blocks. */
static void escapes_over_block_borders(void **state)
{
    (void)state;
    for (size_t before = 0; before < 130; before++)
        for (size_t run = 0; run < 70; run++) {
            char text[300 + SCAN_PADDING] = { 0 };
            size_t length = 0;

            length += (size_t)sprintf(text, "{\"%*s", (int)before, "");
            memset(text + length, '\\', run);
            length += run;
            length += (size_t)sprintf(text + length, "\"}{\"}");
            expect_scan(text, length, CHUNK_SEQUENCE, 1, true, length);
            expect_scan(text, length, CHUNK_SEQUENCE, 1, false, length);
        }
}

/* ---- chunks ------------------------------------------------------------------------------------------------------------------ */

struct cut {
    size_t offset, length;
};

struct cuts {
    struct cut *cuts;
    size_t count;
    struct spile_error error;
    bool broken;
};

static void place_advance(const char *text, size_t length, uint64_t *line, uint64_t *column)
{
    for (size_t i = 0; i < length; i++) {
        bool newline = text[i] == '\n';

        *line += newline;
        *column = newline ? 1 : *column + ((text[i] & 0xC0) != 0x80);
    }
}

/* Cuts an input whose bytes are known, and checks what holds for each chunk by itself. */
static void chunks_check(struct input *input, const char *text, size_t length, size_t chunk_bytes, size_t item_max, struct cuts *cuts)
{
    struct chunker *chunker;
    struct chunk chunk = { 0 };
    enum spile_status status;
    bool more, last = false;
    size_t at = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0, start = at;
    uint64_t line = 1, column = 1;

    memset(cuts, 0, sizeof(*cuts));
    assert_int_equal(chunker_new(&chunker, input, chunk_bytes, item_max, &cuts->error), SPILE_OK);
    while ((status = chunker_next(chunker, &chunk, &more, &cuts->error)) == SPILE_OK && more) {
        assert_false(last);
        assert_true(chunk.length > 0 && chunk.length <= length - at && chunk.capacity >= chunk.length + CHUNK_PADDING);
        assert_int_equal(chunk.offset, at);
        assert_memory_equal(chunk.bytes, text + at, chunk.length);
        assert_int_equal(count(chunk.bytes + chunk.length, CHUNK_PADDING, '\0'), CHUNK_PADDING);
        assert_int_equal(chunk.first, at == start);
        assert_int_equal(chunk.line, line);
        assert_int_equal(chunk.column, column);
        assert_true(chunk.first || chunk.state != CHUNK_ARRAY_OPEN);
        cuts->cuts = realloc(cuts->cuts, (cuts->count + 1) * sizeof(*cuts->cuts));
        assert_non_null(cuts->cuts);
        cuts->cuts[cuts->count++] = (struct cut){ at, chunk.length };
        place_advance(text + at, chunk.length, &line, &column);
        at += chunk.length;
        last = chunk.last;
        cuts->broken = chunk.broken;
    }
    assert_true(status != SPILE_OK || (last && (cuts->broken || at == length)));
    assert_int_equal(status, cuts->error.status);
    if (status != SPILE_OK) { /* it stays so */
        struct spile_error again = { 0 };

        assert_int_equal(chunker_next(chunker, &chunk, &more, &again), status);
        assert_false(more);
        assert_string_equal(again.message, cuts->error.message);
    }
    chunker_free(chunker);
    free(chunk.bytes);
}

static void chunks_of_memory(const char *text, size_t length, size_t chunk_bytes, size_t item_max, struct cuts *cuts)
{
    struct input *input;

    assert_int_equal(input_open_memory(&input, text, length, "x.json", NULL, NULL), SPILE_OK);
    chunks_check(input, text, length, chunk_bytes, item_max, cuts);
    input_close(input);
}

static void expect_same_cuts(const struct cuts *got, const struct cuts *want)
{
    assert_int_equal(got->count, want->count);
    assert_memory_equal(got->cuts, want->cuts, want->count * sizeof(*want->cuts));
    assert_int_equal(got->broken, want->broken);
    assert_string_equal(got->error.message, want->error.message);
    assert_string_equal(got->error.where, want->error.where);
}

/* Sizes of the documents differ, there are strings with all that matters, and lines of several lengths. */
static void sample_make(struct text *out, int items, bool array)
{
    uint64_t random = 7;

    text_puts(out, array ? " [\n" : "\n");
    for (int i = 0; i < items; i++) {
        if (array && i)
            text_puts(out, i % 3 ? "," : " ,\n");
        text_printf(out, "{\"id\": %d, \"t\": \"\\\"}{][, \xC3\xA9 \\\\\", \"l\": [[1], {\"x\": [", i);
        for (uint32_t n = random_next(&random) % 50; n; n--)
            text_puts(out, "\n{}, ");
        text_puts(out, "0]}]}");
        if (!array)
            text_puts(out, i % 3 ? "\n" : i % 2 ? "" : " \r\n\t");
    }
    text_puts(out, array ? "]\n \n" : " \n \n");
}

static size_t wanted_bytes(size_t chunk_bytes, size_t number)
{
    size_t wanted = number == 0 ? chunk_bytes / 16 : number == 1 ? chunk_bytes / 4 : chunk_bytes;

    if (number < 2 && wanted < 4096)
        wanted = 4096;
    return wanted < chunk_bytes ? wanted : chunk_bytes;
}

static void cuts_lie_at_the_first_border(void **state)
{
    static const size_t sizes[] = { 1, 7, 64, 4096, 20000, 100000, 300000, 4 << 20 };
    const char *blanks = " \n\r\t";

    (void)state;
    for (int array = 0; array < 2; array++) {
        struct text sample = { 0 };

        sample_make(&sample, 12000, array);
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            struct cuts cuts;
            size_t at = 0;

            if (sizes[s] < 4096 && sample.length > 1000000)
                sample.length = 1000000; /* so many small chunks take their time; what is cut off need not be JSON */
            chunks_of_memory(sample.text, sample.length, sizes[s], ANY_LENGTH, &cuts);
            for (size_t i = 0; i < cuts.count; i++) {
                enum chunk_state where = !array ? CHUNK_SEQUENCE : i ? CHUNK_ARRAY_ITEM : CHUNK_ARRAY_OPEN;
                size_t found;
                int64_t deepest;
                enum scan_found what;

                what = slow_scan(sample.text + at, sample.length - at, where, wanted_bytes(sizes[s], i), &found, &deepest);
                assert_int_equal(what, i + 1 < cuts.count ? SCAN_BORDER : what == SCAN_NOTHING ? SCAN_NOTHING : array ? SCAN_END : SCAN_BORDER);
                if (i + 1 == cuts.count)
                    found = sample.length - at;
                else
                    assert_true(strspn(sample.text + at + found, blanks) < sample.length - at - found);
                assert_int_equal(cuts.cuts[i].length, found);
                at += found;
            }
            assert_int_equal(at, sample.length);
            free(cuts.cuts);
            sample.length = strlen(sample.text);
        }
        text_release(&sample);
    }
}

/* A writer that gives `step` bytes at a time. */
static void chunks_of_pipe(const struct text *sample, size_t step, size_t chunk_bytes, struct cuts *cuts)
{
    struct input *input;
    char path[64];
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        for (size_t at = 0; at < sample->length; at += step)
            if (write(ends[1], sample->text + at, sample->length - at < step ? sample->length - at : step) < 0)
                _exit(1);
        _exit(0);
    }
    close(ends[1]);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    assert_int_equal(input_open_file(&input, path, NULL, NULL), SPILE_OK);
    close(ends[0]);
    chunks_check(input, sample->text, sample->length, chunk_bytes, ANY_LENGTH, cuts);
    input_close(input);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void cuts_do_not_depend_on_the_reads(void **state)
{
    static const size_t steps[] = { 1, 7, 4096 }, sizes[] = { 1, 64, 4096, 100000 };

    (void)state;
    for (int array = 0; array < 2; array++) {
        struct text sample = { 0 };

        sample_make(&sample, 600, array);
        for (size_t s = 0; s < 4; s++) {
            struct cuts want, got;

            chunks_of_memory(sample.text, sample.length, sizes[s], ANY_LENGTH, &want);
            for (size_t i = 0; i < 3; i++) {
                chunks_of_pipe(&sample, steps[i], sizes[s], &got);
                expect_same_cuts(&got, &want);
                free(got.cuts);
            }
            free(want.cuts);
        }
        text_release(&sample);
    }
}

/* ---- the beginning ----------------------------------------------------------------------------------------------------------- */

static enum chunk_state first_state(const char *text, size_t length)
{
    struct input *input;
    struct chunker *chunker;
    struct chunk chunk = { 0 };
    bool more;

    assert_int_equal(input_open_memory(&input, text, length, "x.json", NULL, NULL), SPILE_OK);
    assert_int_equal(chunker_new(&chunker, input, 4096, ANY_LENGTH, NULL), SPILE_OK);
    assert_int_equal(chunker_next(chunker, &chunk, &more, NULL), SPILE_OK);
    assert_true(more);
    chunker_free(chunker);
    input_close(input);
    free(chunk.bytes);
    return chunk.state;
}

static void one_array_or_many_values(void **state)
{
    static const struct {
        const char *what, *in;
        enum chunk_state want;
    } cases[] = {
        { "an object", "{}", CHUNK_SEQUENCE },
        { "objects", "{}\n{}\n", CHUNK_SEQUENCE },
        { "an array", "[1,2]", CHUNK_ARRAY_OPEN },
        { "an array, then blanks", " \n[1,2] \r\n\t", CHUNK_ARRAY_OPEN },
        { "an empty array", "[]", CHUNK_ARRAY_OPEN },
        { "arrays, one per line", "[1,2]\n[3]\n", CHUNK_SEQUENCE },
        { "arrays without anything between them", "[][]", CHUNK_SEQUENCE },
        { "brackets in strings", "[\"]\"]", CHUNK_ARRAY_OPEN },
        { "an array and an object", "[{}] {}", CHUNK_SEQUENCE },
        { "an object and an array", "{} [1]", CHUNK_SEQUENCE },
        { "an array that does not close", "[1,[2]", CHUNK_ARRAY_OPEN },
        { "a scalar", "1", CHUNK_SEQUENCE },
    };
    struct text text = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum chunk_state got = first_state(cases[i].in, strlen(cases[i].in));

        if (got != cases[i].want)
            fail_msg("%s: %s: got %d, want %d", cases[i].what, cases[i].in, (int)got, (int)cases[i].want);
    }
    for (int over = 0; over < 2; over++) { /* an array of exactly JSON_PROBE_BYTES, and one byte more; then something follows */
        text_clear(&text);
        text_putc(&text, '[');
        while (text.length < JSON_PROBE_BYTES - 2 + (size_t)over)
            text_putc(&text, ' ');
        text_puts(&text, "1]{}");
        assert_int_equal(first_state(text.text, text.length), over ? CHUNK_ARRAY_OPEN : CHUNK_SEQUENCE);
    }
    for (int over = 0; over < 2; over++) { /* and so many blanks before what follows */
        text_clear(&text);
        text_puts(&text, "[1]");
        for (size_t i = 0; i < JSON_PROBE_BYTES + (size_t)over; i++)
            text_putc(&text, '\n');
        text_puts(&text, "{}");
        assert_int_equal(first_state(text.text, text.length), over ? CHUNK_ARRAY_OPEN : CHUNK_SEQUENCE);
    }
    text_release(&text);
}

static void encodings(void **state)
{
    static const struct {
        const char *what, *in;
        size_t length;
        const char *message;
    } cases[] = {
        { "UTF-8 with a mark", "\xEF\xBB\xBF{}", 5, "" },
        { "UTF-16 LE with a mark", "\xFF\xFE{\0}\0", 6, "x.json is encoded in UTF-16, JSON is UTF-8" },
        { "UTF-16 BE with a mark", "\xFE\xFF\0{\0}", 6, "x.json is encoded in UTF-16, JSON is UTF-8" },
        { "UTF-32 LE with a mark", "\xFF\xFE\0\0{\0\0\0", 8, "x.json is encoded in UTF-32, JSON is UTF-8" },
        { "UTF-32 BE with a mark", "\0\0\xFE\xFF\0\0\0{", 8, "x.json is encoded in UTF-32, JSON is UTF-8" },
        { "UTF-16 LE", "{\0}\0", 4, "x.json is encoded in UTF-16, JSON is UTF-8" },
        { "UTF-16 BE", "\0{\0}", 4, "x.json is encoded in UTF-16, JSON is UTF-8" },
        { "UTF-32 LE", "{\0\0\0}\0\0\0", 8, "x.json is encoded in UTF-32, JSON is UTF-8" },
        { "UTF-32 BE", "\0\0\0{\0\0\0}", 8, "x.json is encoded in UTF-32, JSON is UTF-8" },
        { "nothing", "", 0, "x.json is empty" },
        { "a mark only", "\xEF\xBB\xBF", 3, "x.json is empty" },
        { "blanks", " \r\n\t", 4, "x.json is empty" },
        { "a mark and blanks", "\xEF\xBB\xBF \n", 5, "x.json is empty" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cuts cuts;

        chunks_of_memory(cases[i].in, cases[i].length, 100, ANY_LENGTH, &cuts);
        if (strcmp(cuts.error.message, cases[i].message) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", cases[i].what, cuts.error.message, cases[i].message);
        if (cases[i].message[0] && !cuts.error.hint[0])
            fail_msg("%s: no hint", cases[i].what);
        assert_int_equal(cuts.count, cases[i].message[0] ? 0 : 1);
        free(cuts.cuts);
    }
}

/* ---- what goes wrong --------------------------------------------------------------------------------------------------------- */

static void long_items_are_refused(void **state)
{
    static const size_t sizes[] = { 1, 7, 64, 200, 4096, 100000 };
    static const struct {
        const char *what;
        size_t before, item, behind; /* bytes of small items, of the one in question, of small items again */
        bool array, fine;
    } cases[] = {
        { "one item of just the limit", 0, 1000, 0, false, true },
        { "one item beyond it", 0, 1001, 0, false, false },
        { "in the middle, just the limit", 5000, 1000, 5000, false, true },
        { "in the middle, beyond it", 5000, 1001, 5000, false, false },
        { "in the middle of few, beyond it", 50, 1001, 50, false, false },
        { "at the end, just the limit", 5000, 1000, 0, false, true },
        { "at the end, beyond it", 5000, 1001, 0, false, false },
        { "much longer", 50, 300000, 50, false, false },
        { "in an array, the limit with its comma", 5000, 999, 5000, true, true },
        { "in an array, beyond it", 5000, 1000, 5000, true, false },
        { "in an array, much longer", 50, 300000, 50, true, false },
        { "an array's first", 0, 1200, 0, true, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text text = { 0 };
        size_t start;
        char where[64];

        if (cases[i].array)
            text_putc(&text, '[');
        while (text.length < cases[i].before)
            text_puts(&text, cases[i].array ? "{\"a\":1}," : "{\"a\":1}");
        start = text.length;
        text_puts(&text, "{\"");
        while (text.length < start + cases[i].item - 4)
            text_putc(&text, 'x'); /* the key of a member */
        text_puts(&text, "\":1}");
        for (size_t n = 0; n < cases[i].behind; n += 8)
            text_puts(&text, cases[i].array ? ",{\"a\":1}" : "{\"a\":1}");
        if (cases[i].array)
            text_putc(&text, ']');
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            struct cuts cuts;
            size_t done = 0;

            chunks_of_memory(text.text, text.length, sizes[s], 1000, &cuts);
            for (size_t k = 0; k < cuts.count; k++)
                done += cuts.cuts[k].length;
            if (cases[i].fine != (cuts.error.status == SPILE_OK))
                fail_msg("%s, chunks of %zu: got \"%s\"", cases[i].what, sizes[s], cuts.error.message);
            if (!cases[i].fine) {
                size_t first = cases[i].array && start == 1 ? 0 : start;

                assert_int_equal(done, first); /* all items before it were handed out */
                snprintf(where, sizeof(where), "line 1, byte %zu of x.json", first);
                assert_string_equal(cuts.error.message, "an item of x.json is longer than 1000 bytes");
                assert_string_equal(cuts.error.where, where);
                assert_non_null(strstr(cuts.error.hint, "--memory"));
            }
            free(cuts.cuts);
        }
        text_release(&text);
    }
}

static void long_white_space_is_refused(void **state)
{
    static const char *const starts[] = { "", "{}", "[1,", "[1]" };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (size_t blanks = 1000; blanks < 1002; blanks++)
            for (size_t size = 1; size < 10000; size *= 9) {
                struct text text = { 0 };
                struct cuts cuts;

                text_puts(&text, starts[i]);
                for (size_t n = 0; n < blanks; n++)
                    text_putc(&text, n == 500 ? '\n' : ' ');
                chunks_of_memory(text.text, text.length, size, 1000, &cuts);
                if (blanks == 1000)
                    assert_string_equal(cuts.error.message, i ? "" : "x.json is empty");
                else
                    assert_string_equal(cuts.error.message, i ? "an item of x.json is longer than 1000 bytes" : "x.json is empty");
                free(cuts.cuts);
                text_release(&text);
            }
}

static void what_cannot_be_json_ends_the_input(void **state)
{
    static const struct {
        const char *what, *in;
        bool want;
    } cases[] = {
        { "fine", "{\"a\":\"b\"}", false },
        { "a line break in a string", "{\"a\":\"b\nc\"}", true },
        { "a closing bracket too much", "{}}", true },
        { "the same between items", "{} } {}", true },
        { "a closing bracket at the start", "]", true },
        { "text behind the array", "[1] x", false }, /* by the probe it is a sequence, by its end it is fine for the scanner */
        { "scalars", "1 2 3", true },
        { "a string", "\"abc\"", true },
    };
    struct text text = { 0 };
    struct cuts cuts;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        chunks_of_memory(cases[i].in, strlen(cases[i].in), 1, ANY_LENGTH, &cuts);
        if (i == 5)
            assert_true(cuts.count == 2 && cuts.broken);
        else if (cuts.broken != cases[i].want)
            fail_msg("%s: got %d, want %d", cases[i].what, cuts.broken, cases[i].want);
        free(cuts.cuts);
    }
    /* much text behind it is not handed out */
    text_puts(&text, "{\"a\":1}\n{\"b\":\"x\n\"}");
    while (text.length < 3000000)
        text_puts(&text, "{\"a\":1}\n");
    chunks_of_memory(text.text, text.length, 4 << 20, ANY_LENGTH, &cuts);
    assert_true(cuts.broken);
    assert_int_equal(cuts.count, 1);
    assert_true(cuts.cuts[0].length > 16 && cuts.cuts[0].length < 1000);
    free(cuts.cuts);
    text_release(&text);
}

/* A gzip input that is cut off in the middle: all whole items before that place come, then the error. */
static void items_before_a_failure_come_first(void **state)
{
    static const size_t sizes[] = { 1, 1000, 100000, 4 << 20 };
    struct text text = { 0 };
    z_stream gzip = { 0 };
    unsigned char *stored;
    unsigned length;

    (void)state;
    for (int i = 0; i < 20000; i++)
        text_printf(&text, "%s{\"id\":%d,\"x\":\"%d\"}\n", i % 2 ? "" : " ", i, i * 7919 % 10007);
    stored = malloc(text.length);
    assert_non_null(stored);
    assert_int_equal(deflateInit2(&gzip, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    gzip.next_in = (unsigned char *)text.text;
    gzip.avail_in = (unsigned)text.length;
    gzip.next_out = stored;
    gzip.avail_out = (unsigned)text.length;
    assert_int_equal(deflate(&gzip, Z_FINISH), Z_STREAM_END);
    length = (unsigned)text.length - gzip.avail_out;
    deflateEnd(&gzip);
    for (size_t s = 0; s < 4; s++)
        for (unsigned part = 1; part <= 10; part++) {
            struct input *input;
            struct cuts cuts;
            unsigned kept = part == 10 ? length - 4 : part == 1 ? 5 : length / 10 * part;
            const struct cut *end;

            assert_int_equal(input_open_memory(&input, stored, kept, "x.json.gz", NULL, NULL), SPILE_OK);
            chunks_check(input, text.text, text.length, sizes[s], ANY_LENGTH, &cuts);
            assert_int_equal(cuts.error.status, SPILE_SOURCE);
            assert_non_null(strstr(cuts.error.message, "x.json.gz is cut off"));
            end = cuts.count ? &cuts.cuts[cuts.count - 1] : NULL;
            if (part > 1) { /* ends with an item, not far from what could be decompressed */
                assert_non_null(end);
                assert_int_equal(text.text[end->offset + end->length - 1], '}');
                assert_true(part == 10 ? end->offset + end->length == text.length - 1 : end->offset + end->length > text.length / 20 * part);
            } else {
                assert_null(end);
            }
            free(cuts.cuts);
            input_close(input);
        }
    free(stored);
    text_release(&text);
}

/* Nesting of exactly the limit is known to be fine; deeper is left to the reader. */
static void depth_is_vouched_for(void **state)
{
    (void)state;
    for (int deep = JSON_DEPTH_MAX; deep <= JSON_DEPTH_MAX + 1; deep++) {
        struct text text = { 0 };
        struct input *input;
        struct chunker *chunker;
        struct chunk chunk = { 0 };
        bool more;

        text_puts(&text, "{}\n");
        for (int i = 0; i < deep; i++)
            text_puts(&text, i ? "[" : "{\"a\":");
        for (int i = 0; i < deep; i++)
            text_puts(&text, i < deep - 1 ? "]" : "}");
        assert_int_equal(input_open_memory(&input, text.text, text.length, "x.json", NULL, NULL), SPILE_OK);
        assert_int_equal(chunker_new(&chunker, input, 10000, ANY_LENGTH, NULL), SPILE_OK);
        assert_int_equal(chunker_next(chunker, &chunk, &more, NULL), SPILE_OK);
        assert_int_equal(chunk.shallow, deep == JSON_DEPTH_MAX);
        chunker_free(chunker);
        input_close(input);
        free(chunk.bytes);
        text_release(&text);
    }
}

/* A chunk's buffer may come from anywhere; an item larger than all buffers makes them grow, and they shrink again. */
static void buffers_grow_and_shrink(void **state)
{
    struct text text = { 0 };
    struct input *input;
    struct chunker *chunker;
    struct chunk chunk = { 0 };
    size_t largest = 0, at = 0;
    bool more;

    (void)state;
    for (int i = 0; i < 200; i++)
        text_printf(&text, "{\"id\":%d}\n", i);
    text_puts(&text, "{\"long\":\"");
    for (int i = 0; i < 5000000; i++)
        text_putc(&text, 'x');
    text_puts(&text, "\"}\n");
    for (int i = 0; i < 20000; i++)
        text_printf(&text, "{\"id\":%d}\n", i);
    chunk.bytes = malloc(10);
    chunk.capacity = 10;
    assert_int_equal(input_open_memory(&input, text.text, text.length, "x.json", NULL, NULL), SPILE_OK);
    assert_int_equal(chunker_new(&chunker, input, 10000, ANY_LENGTH, NULL), SPILE_OK);
    while (chunker_next(chunker, &chunk, &more, NULL) == SPILE_OK && more) {
        assert_memory_equal(chunk.bytes, text.text + at, chunk.length);
        at += chunk.length;
        largest = chunk.length > largest ? chunk.length : largest;
    }
    assert_int_equal(at, text.length);
    assert_true(largest > 5000000);
    assert_true(chunk.capacity < 1000000);
    chunker_free(chunker);
    chunker_free(NULL);
    input_close(input);
    free(chunk.bytes);
    text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_scanner_is_as_the_slow_one),
        cmocka_unit_test(escapes_over_block_borders),
        cmocka_unit_test(cuts_lie_at_the_first_border),
        cmocka_unit_test(cuts_do_not_depend_on_the_reads),
        cmocka_unit_test(one_array_or_many_values),
        cmocka_unit_test(encodings),
        cmocka_unit_test(long_items_are_refused),
        cmocka_unit_test(long_white_space_is_refused),
        cmocka_unit_test(what_cannot_be_json_ends_the_input),
        cmocka_unit_test(items_before_a_failure_come_first),
        cmocka_unit_test(depth_is_vouched_for),
        cmocka_unit_test(buffers_grow_and_shrink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
