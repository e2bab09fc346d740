#include "destination/duckdb/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* A DuckDB file: three pages of headers (the file's, and two of which the newer one counts), then blocks of equal size. A block begins with
 * its checksum. The file of undo: MAGIC, the headers as they were, then one record of each block. */
#define HEADERS_BYTES ((size_t)3 * 4096)
#define CHECKSUM_BYTES sizeof(uint64_t)
#define BLOCK_BYTES_MAX ((uint64_t)1 << 30)

static const char magic[8] = "SPILEU1\n";

struct preamble {
    char magic[8];
    uint64_t block_bytes, count;
    uint8_t headers[HEADERS_BYTES];
};

struct record {
    uint64_t id;
    uint8_t bytes[];
};

static uint64_t record_bytes(uint64_t block_bytes)
{
    return sizeof(struct record) + block_bytes;
}

static off_t block_offset(uint64_t id, uint64_t block_bytes)
{
    return (off_t)(HEADERS_BYTES + id * block_bytes);
}

/* Is the block as it was meant? A cut off write leaves it with the checksum of other bytes. */
static bool is_whole(const uint8_t *block, uint64_t block_bytes)
{
    uint64_t stored, word, sum = 5381;

    memcpy(&stored, block, CHECKSUM_BYTES);
    for (uint64_t at = CHECKSUM_BYTES; at < block_bytes; at += sizeof(word)) {
        memcpy(&word, block + at, sizeof(word));
        sum ^= word * 0xbf58476d1ce4e5b9u;
    }
    return sum == stored;
}

static bool read_at(int file, void *bytes, size_t length, off_t offset)
{
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(file, (char *)bytes + done, length - done, offset + (off_t)done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static bool write_at(int file, const void *bytes, size_t length, off_t offset)
{
    for (size_t done = 0; done < length;) {
        ssize_t written = pwrite(file, (const char *)bytes + done, length - done, offset + (off_t)done);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        done += (size_t)written;
    }
    return true;
}

/* ---- putting back --------------------------------------------------------------------------------------------------------------- */

/* NULL when the text is not what undo_save() wrote. */
static const struct preamble *read_preamble(const struct text *saved)
{
    const struct preamble *preamble = (const struct preamble *)(const void *)saved->text;

    if (saved->length < sizeof(*preamble) || memcmp(preamble->magic, magic, sizeof(magic)) || preamble->block_bytes > BLOCK_BYTES_MAX ||
        preamble->block_bytes % sizeof(uint64_t) || !preamble->block_bytes ||
        (saved->length - sizeof(*preamble)) % record_bytes(preamble->block_bytes) ||
        (saved->length - sizeof(*preamble)) / record_bytes(preamble->block_bytes) != preamble->count)
        return NULL;
    return preamble;
}

/* With other headers a checkpoint came to its end since, or it is another database. */
static bool has_headers(int file, const struct preamble *preamble)
{
    uint8_t now[HEADERS_BYTES];

    return read_at(file, now, sizeof(now), 0) && !memcmp(now, preamble->headers, sizeof(now));
}

static bool restore_block(int file, const struct record *record, uint64_t block_bytes, uint8_t *scratch)
{
    off_t offset = block_offset(record->id, block_bytes);

    if (read_at(file, scratch, block_bytes, offset) && is_whole(scratch, block_bytes))
        return true;
    return !is_whole(record->bytes, block_bytes) || write_at(file, record->bytes, block_bytes, offset);
}

static bool restore_blocks(int file, const struct preamble *preamble)
{
    const uint8_t *at = (const uint8_t *)(preamble + 1);
    uint8_t *scratch = malloc(preamble->block_bytes);
    bool ok = scratch;

    for (uint64_t i = 0; ok && i < preamble->count; i++, at += record_bytes(preamble->block_bytes))
        ok = restore_block(file, (const struct record *)(const void *)at, preamble->block_bytes, scratch);
    free(scratch);
    return ok && !fsync(file);
}

/* False when another process has the file, which then needs no help. */
static bool lock_whole(int file)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return !fcntl(file, F_SETLK, &lock);
}

static enum spile_status restore(const char *path, const char *undo_path, const struct preamble *preamble, struct spile_error *err)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    bool ok = true, locked;

    if (file < 0) /* gone, or only to be read: what opens it next will tell */
        return SPILE_OK;
    locked = lock_whole(file);
    if (locked && has_headers(file, preamble))
        ok = restore_blocks(file, preamble);
    if (locked && ok)
        unlink(undo_path);
    close(file);
    return ok ? SPILE_OK
              : spile_fail(err, SPILE_DESTINATION, "can't put back what a killed load left half written in \"%s\": %s", path, strerror(errno));
}

enum spile_status undo_restore(const char *path, struct spile_error *err)
{
    struct text undo_path = { 0 }, saved = { 0 };
    const struct preamble *preamble;
    bool found = false;
    enum spile_status status;

    text_printf(&undo_path, "%s" UNDO_SUFFIX, path);
    status = undo_path.failed ? spile_fail_nomem(err) : file_read(undo_path.text, &saved, &found, err);
    preamble = !status && found ? read_preamble(&saved) : NULL;
    if (preamble)
        status = restore(path, undo_path.text, preamble, err);
    text_release(&saved);
    text_release(&undo_path);
    return status;
}

/* ---- saving --------------------------------------------------------------------------------------------------------------------- */

enum spile_status undo_begin(struct undo *undo, const char *path, struct spile_error *err)
{
    *undo = (struct undo){ .path = strdup(path), .file = -1 };
    return undo->path ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status fail_read(const struct undo *undo, struct spile_error *err)
{
    return spile_fail(err, SPILE_DESTINATION, "can't read \"%s\": %s", undo->path, errno ? strerror(errno) : "it is too short");
}

static enum spile_status open_file(struct undo *undo, struct spile_error *err)
{
    errno = 0;
    if (undo->file < 0)
        undo->file = open(undo->path, O_RDONLY | O_CLOEXEC);
    return undo->file < 0 ? fail_read(undo, err) : SPILE_OK;
}

enum spile_status undo_is_saved(struct undo *undo, bool *saved, struct spile_error *err)
{
    const struct preamble *preamble = read_preamble(&undo->saved);
    enum spile_status status = open_file(undo, err);

    *saved = !status && preamble && has_headers(undo->file, preamble);
    return status;
}

static enum spile_status put_blocks(struct undo *undo, const struct undo_blocks *blocks, struct spile_error *err)
{
    struct preamble preamble = { .block_bytes = blocks->size, .count = blocks->count };
    uint8_t *block = malloc(blocks->size);
    bool ok = true;

    if (!block)
        return spile_fail_nomem(err);
    memcpy(preamble.magic, magic, sizeof(magic));
    errno = 0;
    ok = read_at(undo->file, preamble.headers, sizeof(preamble.headers), 0);
    text_append(&undo->saved, &preamble, sizeof(preamble));
    for (size_t i = 0; ok && i < blocks->count; i++) {
        ok = read_at(undo->file, block, blocks->size, block_offset(blocks->ids[i], blocks->size));
        text_append(&undo->saved, &blocks->ids[i], sizeof(blocks->ids[i]));
        text_append(&undo->saved, block, blocks->size);
    }
    free(block);
    return !ok ? fail_read(undo, err) : undo->saved.failed ? spile_fail_nomem(err) : SPILE_OK;
}

enum spile_status undo_save(struct undo *undo, const struct undo_blocks *blocks, struct spile_error *err)
{
    struct text undo_path = { 0 };
    enum spile_status status = open_file(undo, err);

    text_release(&undo->saved);
    text_printf(&undo_path, "%s" UNDO_SUFFIX, undo->path);
    if (undo_path.failed)
        status = spile_fail_nomem(err);
    if (!status)
        status = put_blocks(undo, blocks, err);
    if (!status)
        status = file_replace(undo_path.text, undo->saved.text, undo->saved.length, true, err);
    text_release(&undo_path);
    return status;
}

enum spile_status undo_end(struct undo *undo, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (undo->file >= 0)
        close(undo->file);
    if (undo->saved.length)
        status = undo_restore(undo->path, err);
    text_release(&undo->saved);
    free(undo->path);
    *undo = (struct undo){ .file = -1 };
    return status;
}
