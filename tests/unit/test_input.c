/* Expected bytes are those that went in: plain, through zlib's and zstd's own compressors, or put together after RFC 1952 and RFC 8878. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/text.h"
#include "source/input.h"

/* ---- helpers ----------------------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/test_input.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *file_write(char path[64], const void *bytes, size_t length)
{
    FILE *file;

    snprintf(path, 64, "%s/input", folder);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* Text that is not too easy to compress, the same each time. */
static void sample_fill(char *bytes, size_t length)
{
    uint32_t x = 1;

    for (size_t i = 0; i < length; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = "{}[]\",:0123456789 abcdef\n"[(x >> 24) % 25];
    }
}

static void gzip_append(struct text *out, const void *bytes, size_t length)
{
    z_stream gzip = { 0 };
    size_t room = length + 1000;
    unsigned char *buffer = malloc(room), *copy = malloc(length + 1);

    assert_true(buffer && copy);
    memcpy(copy, bytes, length);
    assert_int_equal(deflateInit2(&gzip, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    gzip.next_in = copy;
    gzip.avail_in = (unsigned)length;
    gzip.next_out = buffer;
    gzip.avail_out = (unsigned)room;
    assert_int_equal(deflate(&gzip, Z_FINISH), Z_STREAM_END);
    text_append(out, buffer, room - gzip.avail_out);
    deflateEnd(&gzip);
    free(copy);
    free(buffer);
}

static void zstd_append(struct text *out, const void *bytes, size_t length)
{
    size_t room = ZSTD_compressBound(length), made;
    char *buffer = malloc(room);
    ZSTD_CCtx *zstd = ZSTD_createCCtx();

    assert_true(buffer && zstd);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
    made = ZSTD_compress2(zstd, buffer, room, bytes, length);
    assert_false(ZSTD_isError(made));
    text_append(out, buffer, made);
    ZSTD_freeCCtx(zstd);
    free(buffer);
}

/* Reads to the end in steps of `step` bytes. A read that gives less than asked must be the last. */
static enum spile_status read_all(struct input *input, size_t step, struct text *out, struct spile_error *err)
{
    char *buffer = malloc(step);
    enum spile_status status;
    size_t got;

    assert_non_null(buffer);
    do {
        status = input_read(input, buffer, step, &got, err);
        assert_true(got <= step);
        text_append(out, buffer, got);
    } while (status == SPILE_OK && got == step);
    if (status == SPILE_OK) {
        assert_int_equal(input_read(input, buffer, step, &got, err), SPILE_OK);
        assert_int_equal(got, 0);
    }
    free(buffer);
    return status;
}

static void expect_text(const char *what, const struct text *got, const void *want, size_t length)
{
    if (got->length != length || (length && memcmp(got->text, want, length) != 0))
        fail_msg("%s: got %zu bytes, want %zu, or others", what, got->length, length);
}

/* The same bytes from memory and from a file, in steps of several sizes. */
static void expect_read(const char *what, const void *stored, size_t stored_length, const void *want, size_t length)
{
    static const size_t steps[] = { 1, 7, 4096, 1 << 20 };
    char path[64];
    struct spile_error err = { 0 };

    file_write(path, stored, stored_length);
    for (size_t i = 0; i < 2 * sizeof(steps) / sizeof(steps[0]); i++) {
        _Atomic uint64_t consumed = 0;
        struct input *input = NULL;
        struct text got = { 0 };

        if (steps[i / 2] == 1 && length > 100000)
            continue;
        if (i % 2)
            assert_int_equal(input_open_file(&input, path, &consumed, &err), SPILE_OK);
        else
            assert_int_equal(input_open_memory(&input, stored, stored_length, "memory", &consumed, &err), SPILE_OK);
        assert_string_equal(input_name(input), i % 2 ? path : "memory");
        assert_true(input_rereadable(input));
        assert_int_equal(input_size(input), stored_length);
        assert_int_equal(consumed, 0); /* nothing is read yet */
        if (read_all(input, steps[i / 2], &got, &err) != SPILE_OK)
            fail_msg("%s: %s", what, err.message);
        expect_text(what, &got, want, length);
        assert_int_equal(consumed, stored_length);
        input_close(input);
        text_release(&got);
    }
    unlink(path);
}

/* ---- tests ------------------------------------------------------------------------------------------------------------------- */

static void bytes_come_as_they_are(void **state)
{
    static char sample[700000];

    (void)state;
    sample_fill(sample, sizeof(sample));
    expect_read("empty", "", 0, "", 0);
    expect_read("one byte", "{", 1, "{", 1);
    expect_read("like gzip, but one byte", "\x1F", 1, "\x1F", 1);
    expect_read("like zstd, but three bytes", "\x28\xB5\x2F", 3, "\x28\xB5\x2F", 3);
    expect_read("small", sample, 1000, sample, 1000);
    expect_read("large", sample, sizeof(sample), sample, sizeof(sample));
    expect_read("zero bytes", "a\0b\0", 4, "a\0b\0", 4);
}

static void compressed_bytes_are_decompressed(void **state)
{
    static char sample[700000];
    static const unsigned char skippable[] = { 0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 'a', 'b', 'c' }; /* RFC 8878, 3.1.2 */
    struct text stored = { 0 };

    (void)state;
    sample_fill(sample, sizeof(sample));
    gzip_append(&stored, sample, sizeof(sample));
    expect_read("gzip", stored.text, stored.length, sample, sizeof(sample));
    text_clear(&stored);
    gzip_append(&stored, sample, 300000);
    gzip_append(&stored, sample + 300000, 0);
    gzip_append(&stored, sample + 300000, 1);
    gzip_append(&stored, sample + 300001, sizeof(sample) - 300001);
    expect_read("gzip members", stored.text, stored.length, sample, sizeof(sample));
    for (int i = 0; i < 300000; i++)
        text_putc(&stored, '\0');
    expect_read("gzip, padded with zeros", stored.text, stored.length, sample, sizeof(sample));
    text_clear(&stored);
    gzip_append(&stored, "", 0);
    expect_read("gzip of nothing", stored.text, stored.length, "", 0);

    text_clear(&stored);
    zstd_append(&stored, sample, sizeof(sample));
    expect_read("zstd", stored.text, stored.length, sample, sizeof(sample));
    text_clear(&stored);
    text_append(&stored, skippable, sizeof(skippable));
    zstd_append(&stored, sample, 300000);
    zstd_append(&stored, sample + 300000, 0);
    text_append(&stored, skippable, sizeof(skippable));
    zstd_append(&stored, sample + 300000, sizeof(sample) - 300000);
    expect_read("zstd frames", stored.text, stored.length, sample, sizeof(sample));
    text_clear(&stored);
    zstd_append(&stored, "", 0);
    expect_read("zstd of nothing", stored.text, stored.length, "", 0);
    text_release(&stored);
}

static enum spile_status read_memory(const void *stored, size_t length, struct text *got, struct spile_error *err)
{
    struct input *input = NULL;
    enum spile_status status;

    memset(err, 0, sizeof(*err));
    text_clear(got);
    assert_int_equal(input_open_memory(&input, stored, length, "x.json", NULL, err), SPILE_OK);
    status = read_all(input, 1000, got, err);
    input_close(input);
    return status;
}

/* Cut anywhere: an error, and what came before it is a beginning of the text. */
static void cut_off(void **state)
{
    static char sample[20000];
    struct text stored[2] = { { 0 }, { 0 } }, got = { 0 };
    struct spile_error err;

    (void)state;
    sample_fill(sample, sizeof(sample));
    gzip_append(&stored[0], sample, sizeof(sample));
    zstd_append(&stored[1], sample, sizeof(sample));
    for (int i = 0; i < 2; i++) {
        for (size_t length = 4; length < stored[i].length; length += length < 100 || length + 100 > stored[i].length ? 1 : 37) {
            char want[128];

            assert_int_equal(read_memory(stored[i].text, length, &got, &err), SPILE_SOURCE);
            snprintf(want, sizeof(want), "x.json is cut off: the %s data ends after %zu bytes, before its end mark", i ? "zstd" : "gzip", length);
            assert_string_equal(err.message, want);
            assert_string_equal(err.hint, i ? "copy or download it again; \"zstd -t\" checks a file" : "copy or download it again; \"gzip -t\" checks a file");
            assert_true(got.length <= sizeof(sample));
            assert_memory_equal(got.text ? got.text : "", sample, got.length);
        }
        assert_int_equal(got.length, sizeof(sample)); /* all but the checksum had come */
        text_release(&stored[i]);
    }
    text_release(&got);
}

static void damaged(void **state)
{
    static char sample[200000];
    struct text gzip = { 0 }, zstd = { 0 }, bytes = { 0 }, got = { 0 };
    struct spile_error err;
    const struct {
        const char *what;
        struct text *stored;
        size_t at; /* counted from the end when it is the checksum */
        const char *message;
    } cases[] = {
        { "gzip data", &gzip, 5000, "x.json is damaged: bad gzip data near byte " },
        { "gzip checksum", &gzip, SIZE_MAX, "x.json is damaged: bad gzip data near byte " },
        { "gzip method", &gzip, 2, "x.json is damaged: bad gzip data near byte " },
        { "zstd checksum", &zstd, SIZE_MAX, "x.json is damaged: bad zstd data near byte " },
    };

    (void)state;
    sample_fill(sample, sizeof(sample));
    gzip_append(&gzip, sample, sizeof(sample));
    zstd_append(&zstd, sample, sizeof(sample));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t at = cases[i].at == SIZE_MAX ? cases[i].stored->length - (cases[i].stored == &gzip ? 8 : 1) : cases[i].at;

        text_clear(&bytes);
        text_append(&bytes, cases[i].stored->text, cases[i].stored->length);
        bytes.text[at] = (char)(bytes.text[at] ^ 0x55);
        if (read_memory(bytes.text, bytes.length, &got, &err) != SPILE_SOURCE)
            fail_msg("%s: not noticed", cases[i].what);
        if (strncmp(err.message, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("%s: got \"%s\", want \"%s...\"", cases[i].what, err.message, cases[i].message);
    }
    text_release(&gzip);
    text_release(&zstd);
    text_release(&bytes);
    text_release(&got);
}

static void garbage_behind_the_end(void **state)
{
    struct text gzip = { 0 }, zstd = { 0 }, bytes = { 0 }, got = { 0 };
    struct spile_error err;
    const struct {
        const char *what;
        const struct text *stored;
        const char *more;
        size_t length;
    } cases[] = {
        { "text behind gzip", &gzip, "{}", 2 },
        { "zeros, then text behind gzip", &gzip, "\0\0\0{}", 5 },
        { "half a magic number", &gzip, "\x1F{}", 3 },
        { "the magic number alone, of another method", &gzip, "\x1F\x8B\x07\0\0\0\0\0\0\0\0\0", 12 },
        { "text behind zstd", &zstd, "{\"a\":1}", 7 },
        { "zeros behind zstd", &zstd, "\0\0\0\0\0\0", 6 },
    };

    (void)state;
    gzip_append(&gzip, "[1,2]", 5);
    zstd_append(&zstd, "[1,2]", 5);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool is_zstd = cases[i].stored == &zstd;

        text_clear(&bytes);
        text_append(&bytes, cases[i].stored->text, cases[i].stored->length);
        text_append(&bytes, cases[i].more, cases[i].length);
        if (read_memory(bytes.text, bytes.length, &got, &err) != SPILE_SOURCE)
            fail_msg("%s: not noticed", cases[i].what);
        expect_text(cases[i].what, &got, "[1,2]", 5);
        if (!strstr(err.message, is_zstd ? "x.json has bytes after the end of its zstd data" : "x.json has bytes after the end of its gzip data"))
            fail_msg("%s: got \"%s\"", cases[i].what, err.message);
    }
    text_release(&gzip);
    text_release(&zstd);
    text_release(&bytes);
    text_release(&got);
}

/* A frame whose window is 2 GiB (RFC 8878, 3.1.1.1.2: exponent 21), with one empty raw block. */
static void window_is_limited(void **state)
{
    static const unsigned char frame[] = { 0x28, 0xB5, 0x2F, 0xFD, 0x00, 21 << 3, 0x01, 0x00, 0x00 };
    static const unsigned char fine[] = { 0x28, 0xB5, 0x2F, 0xFD, 0x00, 17 << 3, 0x01, 0x00, 0x00 }; /* 128 MiB */
    struct text got = { 0 };
    struct spile_error err;

    (void)state;
    assert_int_equal(read_memory(fine, sizeof(fine), &got, &err), SPILE_OK);
    assert_int_equal(got.length, 0);
    assert_int_equal(read_memory(frame, sizeof(frame), &got, &err), SPILE_SOURCE);
    assert_string_equal(err.message,
                        "x.json was compressed with a window of more than 128 MiB (zstd --long), which would have to be held in memory");
    assert_non_null(strstr(err.hint, "zstd -dc --long=31"));
    text_release(&got);
}

static void what_cannot_be_opened(void **state)
{
    struct spile_error err = { 0 };
    struct input *input = (struct input *)&err;
    char path[64], below[80], want[256], *longer = malloc(5001);
    enum spile_status status;

    (void)state;
    assert_int_equal(input_open_file(&input, "/nowhere/to/be.json", NULL, &err), SPILE_SOURCE);
    assert_null(input);
    assert_string_equal(err.message, "cannot open \"/nowhere/to/be.json\": No such file or directory");
    assert_string_equal(err.hint, "check the spelling; a path that does not begin with / starts at the current folder");

    assert_int_equal(input_open_file(&input, folder, NULL, &err), SPILE_SOURCE);
    assert_null(input);
    snprintf(want, sizeof(want), "\"%s\" is a folder", folder);
    assert_string_equal(err.message, want);
    assert_string_equal(err.hint, "name files, or use the command, which walks folders");

    file_write(path, "{}", 2);
    snprintf(below, sizeof(below), "%s/x", path);
    assert_int_equal(input_open_file(&input, below, NULL, &err), SPILE_SOURCE);
    assert_non_null(strstr(err.message, "Not a directory"));
    if (geteuid() != 0) { /* root may read everything */
        assert_int_equal(chmod(path, 0), 0);
        assert_int_equal(input_open_file(&input, path, NULL, &err), SPILE_SOURCE);
        assert_non_null(strstr(err.message, "Permission denied"));
        assert_non_null(strstr(err.hint, "read permission"));
    }
    unlink(path);

    memset(longer, 'x', 5000);
    longer[5000] = '\0';
    status = input_open_file(&input, longer, NULL, &err);
    assert_int_equal(status, SPILE_SOURCE);
    assert_null(input);
    assert_int_equal(input_open_file(&input, "", NULL, &err), SPILE_SOURCE);
    free(longer);
}

/* A process's memory is a file whose first page can't be read (proc(5)): EIO. */
static void reading_fails(void **state)
{
    struct spile_error err = { 0 };
    struct input *input = NULL;
    char buffer[10];
    size_t got = 5;

    (void)state;
    assert_int_equal(input_open_file(&input, "/proc/self/mem", NULL, &err), SPILE_OK);
    assert_int_equal(input_read(input, buffer, sizeof(buffer), &got, &err), SPILE_SOURCE);
    assert_int_equal(got, 0);
    assert_string_equal(err.message, "cannot read /proc/self/mem after 0 bytes: Input/output error");
    assert_int_equal(input_read(input, buffer, sizeof(buffer), &got, &err), SPILE_SOURCE);
    input_close(input);
    input_close(NULL);
}

static void on_alarm(int number)
{
    (void)number;
}

/* Standard input is a pipe whose writer is slow, while signals interrupt the reader and the pipe does not block. */
static void pipe_in_small_pieces(void **state)
{
    static char sample[20000];
    const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { 0 };
    struct sigaction action = { .sa_handler = on_alarm }, old;
    int saved = dup(STDIN_FILENO), status;

    (void)state;
    sample_fill(sample, sizeof(sample));
    assert_true(saved >= 0);
    assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
    for (int round = 0; round < 4; round++) {
        _Atomic uint64_t consumed = 0;
        struct text stored = { 0 }, got = { 0 };
        struct spile_error err = { 0 };
        struct input *input = NULL;
        int ends[2];
        pid_t child;

        if (round < 2)
            text_append(&stored, sample, sizeof(sample));
        else
            gzip_append(&stored, sample, sizeof(sample));
        assert_int_equal(pipe(ends), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            for (size_t at = 0; at < stored.length; at += 200) {
                ssize_t done = write(ends[1], stored.text + at, stored.length - at < 200 ? stored.length - at : 200);

                if (done < 0)
                    _exit(1);
                usleep(300);
            }
            _exit(0);
        }
        close(ends[1]);
        assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
        close(ends[0]);
        if (round % 2)
            assert_int_equal(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK), 0);
        assert_int_equal(input_open_file(&input, "-", &consumed, &err), SPILE_OK);
        assert_string_equal(input_name(input), "standard input");
        assert_false(input_rereadable(input));
        assert_int_equal(input_size(input), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
        assert_int_equal(read_all(input, 777, &got, &err), SPILE_OK);
        assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
        expect_text("pipe", &got, sample, sizeof(sample));
        assert_int_equal(consumed, stored.length);
        input_close(input);
        assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), 0); /* standard input is not ours to close */
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        text_release(&stored);
        text_release(&got);
    }
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
    sigaction(SIGALRM, &old, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_as_they_are),
        cmocka_unit_test(compressed_bytes_are_decompressed),
        cmocka_unit_test(cut_off),
        cmocka_unit_test(damaged),
        cmocka_unit_test(garbage_behind_the_end),
        cmocka_unit_test(window_is_limited),
        cmocka_unit_test(what_cannot_be_opened),
        cmocka_unit_test(reading_fails),
        cmocka_unit_test(pipe_in_small_pieces),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
