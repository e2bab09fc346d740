/* Files and folders, with the care that durability needs. Paths are built by callers from checked parts, never from data. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

/* The path from the root on, since the current folder may be another one later: itself, or in the arena. */
enum spile_status path_make_absolute(const char **out, const char *path, struct arena *arena, struct spile_error *err);

/* Makes the folder and those above it (0700). Fine when it is there. */
enum spile_status folder_make(const char *path, struct spile_error *err);

/* Removes the folder with all files and folders in it; fine when it is not there. Symbolic links are removed, not followed. */
enum spile_status folder_remove(const char *path, struct spile_error *err);

/* Calls `visit` with each name in the folder, in order, until one fails. None when the folder is not there. */
enum spile_status folder_each(const char *path, enum spile_status (*visit)(void *user, const char *name, struct spile_error *err), void *user,
                              struct spile_error *err);

/* Writes all of it at the descriptor's position. `path` is for messages; a full disk gets its remedy. */
enum spile_status file_write(int fd, const char *path, const void *bytes, size_t length, struct spile_error *err);

/* Makes or replaces the file in one step: writes beside it, renames. With `durable` the file and its folder are synced. */
enum spile_status file_replace(const char *path, const void *bytes, size_t length, bool durable, struct spile_error *err);

/* Makes file or folder durable. */
enum spile_status file_sync(const char *path, struct spile_error *err);

/* The whole file; out->length is 0 and *found false when there is none. The caller releases `out`. */
enum spile_status file_read(const char *path, struct text *out, bool *found, struct spile_error *err);

/* The same of a file that a user has named: symbolic links are followed, and one that can't be read is for the user to correct (SPILE_CONFIG). */
enum spile_status file_read_named(const char *path, struct text *out, bool *found, struct spile_error *err);

#endif
