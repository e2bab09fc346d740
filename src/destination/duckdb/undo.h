/* What a checkpoint of DuckDB overwrites, kept beside the database until the checkpoint is through.
 *
 * A checkpoint writes new blocks beside the old ones and then switches to them by a header. But the block in which the last one's metadata ends
 * has room left, and the next checkpoint goes on in it: a block that the old header still needs is written in place. Killed in the
 * middle of that write, DuckDB leaves a block whose checksum fits neither state, and refuses the file for ever. So such blocks are saved first,
 * and put back before the database is opened when a checkpoint was cut off. */
#ifndef DUCKDB_UNDO_H
#define DUCKDB_UNDO_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define UNDO_SUFFIX ".spile-undo"

/* The blocks that a checkpoint may write in place: those of the metadata with room left. */
struct undo_blocks {
    uint64_t size; /* of a block, in bytes */
    const uint64_t *ids;
    size_t count;
};

struct undo {
    char *path; /* of the database, whose file this keeps open from the first save on: closing it would give up DuckDB's lock on it */
    int file;
    struct text saved; /* what was saved last */
};

/* Puts back what a checkpoint left half written; fine when there is nothing to put back, or another process is at work on the file. */
enum spile_status undo_restore(const char *path, struct spile_error *err);

enum spile_status undo_begin(struct undo *undo, const char *path, struct spile_error *err);

/* Before anything that may run a checkpoint, unless nothing came to its end since the last time (undo_is_saved). Durable. */
enum spile_status undo_save(struct undo *undo, const struct undo_blocks *blocks, struct spile_error *err);
enum spile_status undo_is_saved(struct undo *undo, bool *saved, struct spile_error *err);

/* After the database was closed: what was saved is removed, or put back when the checkpoint failed. */
enum spile_status undo_end(struct undo *undo, struct spile_error *err);

#endif
