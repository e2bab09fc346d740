#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define FILE_MODE 0600

static enum spile_status fail_file(struct spile_error *err, int code, const char *what, const char *path)
{
    enum spile_status status = spile_fail_errno(err, SPILE_FAILED, code, "can't %s \"%s\"", what, path);

    if (code == ENOSPC || code == EDQUOT)
        return spile_hint(err, status, "make room on that disk, or put the work folder on another one with SPILE_DATA_DIR");
    if (code == EACCES || code == EPERM || code == EROFS)
        return spile_hint(err, status, "set SPILE_DATA_DIR to a folder that you may write to");
    return status;
}

enum spile_status path_make_absolute(const char **out, const char *path, struct arena *arena, struct spile_error *err)
{
    char *folder;

    *out = path;
    if (*path == '/')
        return SPILE_OK;
    folder = getcwd(NULL, 0);
    if (!folder)
        return spile_fail_errno(err, SPILE_FAILED, errno, "the current folder can't be told");
    *out = arena_printf(arena, "%s/%s", folder, path);
    free(folder);
    return *out ? SPILE_OK : spile_fail_nomem(err);
}

enum spile_status folder_make(const char *path, struct spile_error *err)
{
    char *copy = strdup(path);
    enum spile_status status = SPILE_OK;

    if (!copy)
        return spile_fail_nomem(err);
    for (char *slash = copy + 1; !status && slash; slash = slash ? slash + 1 : NULL) {
        slash = strchr(slash, '/');
        if (slash)
            *slash = 0;
        if (mkdir(copy, FOLDER_MODE) && errno != EEXIST)
            status = fail_file(err, errno, "make the folder", copy);
        if (slash)
            *slash = '/';
        else
            break;
    }
    free(copy);
    return status;
}

static int remove_below(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    int code = 0;

    if (!folder) {
        code = errno;
        if (fd >= 0)
            close(fd);
        return code;
    }
    while (!code && (entry = readdir(folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (!unlinkat(fd, entry->d_name, 0))
            continue;
        code = errno == EISDIR || errno == EPERM ? remove_below(fd, entry->d_name) : errno;
    }
    closedir(folder);
    if (!code && unlinkat(parent, name, AT_REMOVEDIR))
        code = errno;
    return code;
}

enum spile_status folder_remove(const char *path, struct spile_error *err)
{
    int code = remove_below(AT_FDCWD, path);

    return code && code != ENOENT ? fail_file(err, code, "remove the folder", path) : SPILE_OK;
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

enum spile_status folder_each(const char *path, enum spile_status (*visit)(void *user, const char *name, struct spile_error *err), void *user,
                              struct spile_error *err)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_entry, alphasort);
    enum spile_status status = SPILE_OK;

    if (count < 0)
        return errno == ENOENT ? SPILE_OK : errno == ENOMEM ? spile_fail_nomem(err) : fail_file(err, errno, "read the folder", path);
    for (int i = 0; i < count; i++) {
        if (!status)
            status = visit(user, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum spile_status file_write(int fd, const char *path, const void *bytes, size_t length, struct spile_error *err)
{
    const char *rest = bytes;

    while (length) {
        ssize_t written = write(fd, rest, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail_file(err, errno, "write", path);
        rest += written;
        length -= (size_t)written;
    }
    return SPILE_OK;
}

enum spile_status file_sync(const char *path, struct spile_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), code = 0;

    if (fd < 0 || fsync(fd))
        code = errno;
    if (fd >= 0)
        close(fd);
    return code ? fail_file(err, code, "make durable", path) : SPILE_OK;
}

static enum spile_status sync_folder_of(const char *path, struct spile_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + (slash == path)) : strdup(".");
    enum spile_status status = folder ? file_sync(folder, err) : spile_fail_nomem(err);

    free(folder);
    return status;
}

enum spile_status file_replace(const char *path, const void *bytes, size_t length, bool durable, struct spile_error *err)
{
    struct text beside = { 0 };
    enum spile_status status;
    int fd;

    text_printf(&beside, "%s.tmp", path);
    if (beside.failed)
        return spile_fail_nomem(err);
    fd = open(beside.text, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        status = fail_file(err, errno, "make", beside.text);
        goto out;
    }
    status = file_write(fd, beside.text, bytes, length, err);
    if (!status && durable && fsync(fd))
        status = fail_file(err, errno, "make durable", beside.text);
    if (close(fd) && !status)
        status = fail_file(err, errno, "close", beside.text);
    if (!status && rename(beside.text, path))
        status = fail_file(err, errno, "rename to", path);
    if (status)
        unlink(beside.text);
    if (!status && durable)
        status = sync_folder_of(path, err);
out:
    text_release(&beside);
    return status;
}

/* Opens and reads the file. Returns what errno says of the failure, 0 for none; *found false and 0 when there is no file. */
static int read_whole(const char *path, int flags, struct text *out, bool *found)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags), code = 0;
    char buffer[65536];

    *found = fd >= 0;
    if (fd < 0)
        return errno == ENOENT ? 0 : errno;
    for (;;) {
        ssize_t got = read(fd, buffer, sizeof(buffer));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            code = errno;
        if (got <= 0)
            break;
        text_append(out, buffer, (size_t)got);
    }
    close(fd);
    return code ? code : out->failed ? ENOMEM : 0;
}

enum spile_status file_read(const char *path, struct text *out, bool *found, struct spile_error *err)
{
    int code = read_whole(path, O_NOFOLLOW, out, found);

    if (out->failed)
        return spile_fail_nomem(err);
    return code ? fail_file(err, code, "read", path) : SPILE_OK;
}

enum spile_status file_read_named(const char *path, struct text *out, bool *found, struct spile_error *err)
{
    int code = read_whole(path, 0, out, found);
    char extract[SHORTEN_BYTES];

    if (out->failed)
        return spile_fail_nomem(err);
    if (!code)
        return SPILE_OK;
    spile_fail_errno(err, SPILE_CONFIG, code, "can't read \"%s\"", shorten(extract, path, strlen(path)));
    return spile_hint(err, SPILE_CONFIG, "is it a file, and may this user read it?");
}
