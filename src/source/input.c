/* Draws the bytes of one input: from a file descriptor or from memory, through zlib or zstd when the first bytes say so.
 *
 *   descriptor or memory --stored_read--> stored bytes --decode (gzip, zstd)--> the caller's buffer
 *                                                      --as they are (plain)--->
 */
#include "source/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define STORED_BYTES ((size_t)128 << 10)
#define WATCH_MILLISECONDS 100

enum format { FORMAT_UNKNOWN, FORMAT_PLAIN, FORMAT_GZIP, FORMAT_ZSTD };

struct input {
    char *name;
    int fd; /* -1: memory */
    const char *memory;
    size_t memory_left;
    _Atomic uint64_t *consumed;
    uint64_t size;
    bool rereadable, owns_fd;
    const _Atomic bool *cancelled; /* NULL: never */

    enum format format;
    unsigned char *stored; /* bytes as stored, [begin, end) of them not yet used */
    size_t begin, end;
    uint64_t stored_total; /* read from the descriptor or memory so far */
    bool stored_ended;
    int read_errno;        /* of a read that failed after it had delivered something: told by the next one */

    bool between;          /* a gzip member or zstd frame has ended and the next one, if any, has not begun */
    uint64_t members;      /* ended so far */
    bool ended;
    z_stream gzip;
    ZSTD_DStream *zstd;
};

/* ---- opening ----------------------------------------------------------------------------------------------------------------- */

static enum spile_status input_new(struct input **out, const char *name, _Atomic uint64_t *consumed, struct spile_error *err)
{
    struct input *input = calloc(1, sizeof(*input));

    *out = NULL;
    if (input) {
        input->fd = -1;
        input->consumed = consumed;
        input->name = strdup(name);
        input->stored = malloc(STORED_BYTES);
    }
    if (!input || !input->name || !input->stored) {
        input_close(input);
        return spile_fail_nomem(err);
    }
    *out = input;
    return SPILE_OK;
}

static enum spile_status fail_open(const char *path, int error_number, struct spile_error *err)
{
    enum spile_status status = error_number == EMFILE || error_number == ENFILE ? SPILE_FAILED : SPILE_SOURCE;

    if (error_number == ENOMEM)
        return spile_fail_nomem(err);
    spile_fail_errno(err, status, error_number, "cannot open \"%s\"", path);
    switch (error_number) {
    case ENOENT:
    case ENOTDIR:
        return spile_hint(err, status, "check the spelling; a path that does not begin with / starts at the current folder");
    case EACCES:
    case EPERM:
        return spile_hint(err, status, "give the user that runs this read permission for the file and its folders");
    case EMFILE:
    case ENFILE:
        return spile_hint(err, status, "raise the limit of open files (ulimit -n)");
    default:
        return status;
    }
}

static enum spile_status fail_folder(const char *name, struct spile_error *err)
{
    spile_fail(err, SPILE_SOURCE, "\"%s\" is a folder", name);
    return spile_hint(err, SPILE_SOURCE, "name files, or use the command, which walks folders");
}

/* What the descriptor is: folders are refused, of regular files the size is known. */
static enum spile_status descriptor_look(struct input *input, const char *path, struct spile_error *err)
{
    struct stat st;
    off_t at;

    if (fstat(input->fd, &st) != 0)
        return fail_open(path, errno, err);
    if (S_ISDIR(st.st_mode))
        return fail_folder(path, err);
    if (!S_ISREG(st.st_mode))
        return SPILE_OK;
    at = lseek(input->fd, 0, SEEK_CUR); /* standard input may begin in the middle of a file */
    if (at >= 0 && at < st.st_size)
        input->size = (uint64_t)(st.st_size - at);
    input->rereadable = input->owns_fd;
    (void)posix_fadvise(input->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice: a file system that ignores it does no harm */
    return SPILE_OK;
}

enum spile_status input_open_file(struct input **out, const char *path, _Atomic uint64_t *consumed, struct spile_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    enum spile_status status = input_new(out, standard ? "standard input" : path, consumed, err);
    struct input *input = *out;

    if (status != SPILE_OK)
        return status;
    input->owns_fd = !standard;
    do
        input->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (input->fd < 0 && errno == EINTR);
    status = input->fd < 0 ? fail_open(path, errno, err) : descriptor_look(input, input->name, err);
    if (status != SPILE_OK) {
        input_close(input);
        *out = NULL;
    }
    return status;
}

enum spile_status input_open_memory(struct input **out, const void *bytes, size_t length, const char *name,
                                    _Atomic uint64_t *consumed, struct spile_error *err)
{
    enum spile_status status = input_new(out, name, consumed, err);

    if (status != SPILE_OK)
        return status;
    (*out)->memory = bytes;
    (*out)->memory_left = length;
    (*out)->size = length;
    (*out)->rereadable = true;
    return SPILE_OK;
}

void input_watch(struct input *input, const _Atomic bool *cancelled)
{
    input->cancelled = cancelled;
}

/* ---- bytes as stored --------------------------------------------------------------------------------------------------------- */

/* Waits until a pipe has something to say. False: the run was cancelled meanwhile. */
static bool descriptor_wait(const struct input *input)
{
    struct pollfd wait = { .fd = input->fd, .events = POLLIN };

    while (!input->cancelled || !atomic_load(input->cancelled))
        if (poll(&wait, 1, WATCH_MILLISECONDS) > 0)
            return true;
    return false;
}

/* One read(). A pipe may be silent for ever, so it is not read before it has something. */
static ssize_t descriptor_read(const struct input *input, void *buffer, size_t size)
{
    for (;;) {
        ssize_t got;

        if (!input->rereadable && !descriptor_wait(input)) {
            errno = ECANCELED;
            return -1;
        }
        got = read(input->fd, buffer, size < SSIZE_MAX ? size : SSIZE_MAX);
        if (got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            return got;
    }
}

static size_t memory_read(struct input *input, void *buffer, size_t size)
{
    size_t take = size < input->memory_left ? size : input->memory_left;

    if (take == 0) /* the memory may be NULL then */
        return 0;
    memcpy(buffer, input->memory, take);
    input->memory += take;
    input->memory_left -= take;
    return take;
}

static enum spile_status fail_read(struct input *input, struct spile_error *err)
{
    if (input->read_errno == EISDIR)
        return fail_folder(input->name, err);
    if (input->read_errno == ECANCELED)
        return spile_fail(err, SPILE_CANCELLED, "cancelled");
    return spile_fail_errno(err, SPILE_SOURCE, input->read_errno, "cannot read %s after %" PRIu64 " bytes", input->name,
                            input->stored_total);
}

/* Fills the buffer as far as it goes. Fewer bytes: the end (`stored_ended`), or a failure that the next call returns. */
static enum spile_status stored_read(struct input *input, void *buffer, size_t size, size_t *got, struct spile_error *err)
{
    ssize_t step = 1;

    *got = 0;
    if (input->read_errno)
        return fail_read(input, err);
    while (*got < size && step > 0) {
        step = input->fd < 0 ? (ssize_t)memory_read(input, (char *)buffer + *got, size - *got)
                             : descriptor_read(input, (char *)buffer + *got, size - *got);
        if (step < 0)
            input->read_errno = errno;
        else
            *got += (size_t)step;
        if (step > 0 && input->consumed)
            atomic_fetch_add_explicit(input->consumed, (uint64_t)step, memory_order_relaxed);
    }
    input->stored_total += *got;
    input->stored_ended = step == 0;
    return input->read_errno && *got == 0 ? fail_read(input, err) : SPILE_OK;
}

static enum spile_status stored_fill(struct input *input, struct spile_error *err)
{
    input->begin = 0;
    return stored_read(input, input->stored, STORED_BYTES, &input->end, err);
}

/* ---- decompressing ----------------------------------------------------------------------------------------------------------- */

static const char *format_name(const struct input *input)
{
    return input->format == FORMAT_GZIP ? "gzip" : "zstd";
}

/* Of the first byte not yet used, in the input as stored. */
static uint64_t stored_place(const struct input *input)
{
    return input->stored_total - (input->end - input->begin);
}

static enum spile_status fail_cut_off(struct input *input, struct spile_error *err)
{
    spile_fail(err, SPILE_SOURCE, "%s is cut off: the %s data ends after %" PRIu64 " bytes, before its end mark", input->name,
               format_name(input), input->stored_total);
    return spile_hint(err, SPILE_SOURCE, "copy or download it again; \"%s -t\" checks a file", format_name(input));
}

static enum spile_status fail_damaged(struct input *input, const char *reason, struct spile_error *err)
{
    spile_fail(err, SPILE_SOURCE, "%s is damaged: bad %s data near byte %" PRIu64 " (%s)", input->name, format_name(input),
               stored_place(input), reason ? reason : "no reason given");
    return spile_hint(err, SPILE_SOURCE, "copy or download it again; \"%s -t\" checks a file", format_name(input));
}

static enum spile_status fail_garbage(struct input *input, struct spile_error *err)
{
    spile_fail(err, SPILE_SOURCE, "%s has bytes after the end of its %s data, from about byte %" PRIu64 " on, that are not %s", input->name,
               format_name(input), stored_place(input), format_name(input));
    return spile_hint(err, SPILE_SOURCE, "compress the whole file anew, or cut those bytes off");
}

static enum spile_status gzip_start(struct input *input, struct spile_error *err)
{
    switch (inflateInit2(&input->gzip, 15 + 16)) {
    case Z_OK:
        return SPILE_OK;
    case Z_MEM_ERROR:
        return spile_fail_nomem(err);
    default:
        return spile_fail(err, SPILE_FAILED, "zlib cannot be used: the program was built for another version of it");
    }
}

/* Between members: another one, zero bytes that pad the file to a block (tapes, some archivers), or garbage. */
static enum spile_status gzip_next_member(struct input *input, struct spile_error *err)
{
    bool padded = false;

    for (; input->begin < input->end && input->stored[input->begin] == 0; input->begin++)
        padded = true;
    if (input->begin == input->end)
        return SPILE_OK;
    if (padded || input->stored[input->begin] != 0x1F)
        return fail_garbage(input, err);
    inflateReset(&input->gzip);
    input->between = false;
    return SPILE_OK;
}

static enum spile_status gzip_decode(struct input *input, unsigned char *buffer, size_t size, size_t *made, struct spile_error *err)
{
    z_stream *gzip = &input->gzip;
    enum spile_status status = input->between ? gzip_next_member(input, err) : SPILE_OK;
    unsigned room = size < UINT_MAX ? (unsigned)size : UINT_MAX;
    int code;

    if (status != SPILE_OK || input->between)
        return status;
    gzip->next_in = input->stored + input->begin;
    gzip->avail_in = (unsigned)(input->end - input->begin);
    gzip->next_out = buffer;
    gzip->avail_out = room;
    code = inflate(gzip, Z_NO_FLUSH);
    input->begin = input->end - gzip->avail_in;
    *made = room - gzip->avail_out;
    switch (code) {
    case Z_STREAM_END:
        input->between = true;
        input->members++;
        return SPILE_OK;
    case Z_OK:
    case Z_BUF_ERROR: /* no progress: the caller sees that nothing was used nor made */
        return SPILE_OK;
    case Z_MEM_ERROR:
        return spile_fail_nomem(err);
    default:
        if (input->members > 0 && gzip->total_out == 0 && gzip->total_in < 10) /* not even a member's header */
            return fail_garbage(input, err);
        return fail_damaged(input, gzip->msg, err);
    }
}

static enum spile_status zstd_start(struct input *input, struct spile_error *err)
{
    input->zstd = ZSTD_createDStream();
    return input->zstd ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status fail_window(struct input *input, struct spile_error *err)
{
    spile_fail(err, SPILE_SOURCE,
               "%s was compressed with a window of more than 128 MiB (zstd --long), which would have to be held in memory", input->name);
    return spile_hint(err, SPILE_SOURCE, "decompress it outside and pass it on through standard input: zstd -dc --long=31 FILE");
}

static enum spile_status zstd_decode(struct input *input, unsigned char *buffer, size_t size, size_t *made, struct spile_error *err)
{
    ZSTD_inBuffer in = { input->stored, input->end, input->begin };
    ZSTD_outBuffer out = { buffer, size, 0 };
    bool frame_starts = input->between;
    size_t code = ZSTD_decompressStream(input->zstd, &out, &in);

    input->begin = in.pos;
    *made = out.pos;
    if (!ZSTD_isError(code)) {
        input->between = code == 0;
        input->members += code == 0;
        return SPILE_OK;
    }
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation:
        return spile_fail_nomem(err);
    case ZSTD_error_frameParameter_windowTooLarge:
        return fail_window(input, err);
    case ZSTD_error_prefix_unknown:
        if (frame_starts || input->members > 0)
            return fail_garbage(input, err);
        return fail_damaged(input, ZSTD_getErrorName(code), err);
    default:
        return fail_damaged(input, ZSTD_getErrorName(code), err);
    }
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------- */

static bool is_zstd(const unsigned char *bytes)
{
    static const unsigned char frame[4] = { 0x28, 0xB5, 0x2F, 0xFD }, skippable[3] = { 0x2A, 0x4D, 0x18 };

    return memcmp(bytes, frame, 4) == 0 || ((bytes[0] & 0xF0) == 0x50 && memcmp(bytes + 1, skippable, 3) == 0);
}

static enum spile_status format_find(struct input *input, struct spile_error *err)
{
    enum spile_status status = stored_fill(input, err);

    if (status != SPILE_OK)
        return status;
    if (input->end >= 2 && input->stored[0] == 0x1F && input->stored[1] == 0x8B) {
        input->format = FORMAT_GZIP;
        return gzip_start(input, err);
    }
    if (input->end >= 4 && is_zstd(input->stored)) {
        input->format = FORMAT_ZSTD;
        return zstd_start(input, err);
    }
    input->format = FORMAT_PLAIN;
    return SPILE_OK;
}

static enum spile_status plain_read(struct input *input, char *buffer, size_t size, size_t *got, struct spile_error *err)
{
    size_t held = input->end - input->begin, take = size < held ? size : held, more = 0;
    enum spile_status status = SPILE_OK;

    memcpy(buffer, input->stored + input->begin, take); /* the first bytes, which were read to find the format */
    input->begin += take;
    *got = take;
    while (status == SPILE_OK && *got < size && !input->stored_ended) {
        status = stored_read(input, buffer + *got, size - *got, &more, err);
        *got += more;
    }
    return status;
}

static enum spile_status compressed_read(struct input *input, unsigned char *buffer, size_t size, size_t *got, struct spile_error *err)
{
    while (*got < size && !input->ended) {
        enum spile_status status = SPILE_OK;
        size_t made = 0, begin;

        if (input->begin == input->end && !input->stored_ended)
            status = stored_fill(input, err);
        if (status != SPILE_OK)
            return status;
        begin = input->begin;
        if (input->between && begin == input->end) {
            input->ended = input->stored_ended;
            continue;
        }
        status = input->format == FORMAT_GZIP ? gzip_decode(input, buffer + *got, size - *got, &made, err)
                                              : zstd_decode(input, buffer + *got, size - *got, &made, err);
        *got += made;
        if (status != SPILE_OK)
            return status;
        if (made == 0 && input->begin == begin && begin == input->end && input->stored_ended)
            return fail_cut_off(input, err);
    }
    return SPILE_OK;
}

enum spile_status input_read(struct input *input, void *buffer, size_t size, size_t *got, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    *got = 0;
    if (input->format == FORMAT_UNKNOWN)
        status = format_find(input, err);
    if (status != SPILE_OK || size == 0)
        return status;
    return input->format == FORMAT_PLAIN ? plain_read(input, buffer, size, got, err) : compressed_read(input, buffer, size, got, err);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------------------- */

const char *input_name(const struct input *input)
{
    return input->name;
}

bool input_rereadable(const struct input *input)
{
    return input->rereadable;
}

uint64_t input_size(const struct input *input)
{
    return input->size;
}

void input_close(struct input *input)
{
    if (!input)
        return;
    if (input->owns_fd && input->fd >= 0)
        close(input->fd);
    if (input->format == FORMAT_GZIP)
        inflateEnd(&input->gzip); /* refuses by itself what was never set up */
    ZSTD_freeDStream(input->zstd);
    free(input->stored);
    free(input->name);
    free(input);
}
