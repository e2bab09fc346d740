/* Preloaded into a program, which may be a server: a disk that gets full.
 *
 *   FULL_BELOW=FOLDER   whose files are on that disk
 *   FULL_ROOM=FILE      has the number of bytes that are left; no such file: there is room for everything
 *
 * What a file grows by is taken off that number, for all processes together, and does not come back. As on a disk that is really full, the last write is
 * done in part, the next one fails. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DIGITS 20

static char below[PATH_MAX], room_file[PATH_MAX];

/* A copy: a server may write its title over the environment. */
__attribute__((constructor)) static void read_environment(void)
{
    const char *folder = getenv("FULL_BELOW"), *file = getenv("FULL_ROOM");

    snprintf(below, sizeof(below), "%s", folder ? folder : "");
    snprintf(room_file, sizeof(room_file), "%s", file ? file : "");
}

static bool is_below(int fd)
{
    char link[64], path[PATH_MAX];
    ssize_t length;

    if (!*below || !*room_file)
        return false;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    path[length < 0 ? 0 : length] = 0;
    return !strncmp(path, below, strlen(below));
}

/* Takes up to so many bytes; returns how many there were. */
static off_t take_room(off_t wanted)
{
    char text[DIGITS + 1] = "", left[DIGITS + 1];
    int fd = open(room_file, O_RDWR | O_CLOEXEC);
    off_t room, taken;

    if (fd < 0)
        return errno == ENOENT ? wanted : 0;
    flock(fd, LOCK_EX);
    syscall(SYS_pread64, fd, text, (size_t)DIGITS, (off_t)0);
    room = strtoll(text, NULL, 10);
    taken = wanted < room ? wanted : room;
    snprintf(left, sizeof(left), "%0*lld", DIGITS, (long long)(room - taken));
    syscall(SYS_pwrite64, fd, left, (size_t)DIGITS, (off_t)0);
    close(fd);
    return taken;
}

/* How many of the bytes that would be written there have room. */
static size_t fitting(int fd, off_t offset, size_t length)
{
    int before = errno;
    struct stat found;
    off_t growth, missing;

    if (!is_below(fd) || fstat(fd, &found))
        return errno = before, length;
    growth = offset + (off_t)length - found.st_size;
    missing = growth > 0 ? growth - take_room(growth) : 0;
    errno = before;
    return missing < (off_t)length ? length - (size_t)missing : 0;
}

static ssize_t fail_full(void)
{
    errno = ENOSPC;
    return -1;
}

static off_t write_offset(int fd)
{
    return lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR); /* it is where an append goes to in any case */
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    off_t at = is_below(fd) ? write_offset(fd) : -1;
    size_t fits = at < 0 ? length : fitting(fd, at, length);

    return fits || !length ? syscall(SYS_write, fd, bytes, fits) : fail_full();
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset)
{
    size_t fits = fitting(fd, offset, length);

    return fits || !length ? syscall(SYS_pwrite64, fd, bytes, fits, offset) : fail_full();
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return pwrite64(fd, bytes, length, offset);
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off_t offset)
{
    ssize_t done = 0;

    for (int i = 0; i < count; i++) {
        ssize_t written = pwrite64(fd, pieces[i].iov_base, pieces[i].iov_len, offset + done);

        if (written < 0)
            return done ? done : written;
        done += written;
        if ((size_t)written < pieces[i].iov_len)
            break;
    }
    return done;
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
    return pwritev64(fd, pieces, count, offset);
}

int posix_fallocate64(int fd, off_t offset, off_t length)
{
    if (fitting(fd, offset, (size_t)length) < (size_t)length)
        return ENOSPC;
    return syscall(SYS_fallocate, fd, 0, offset, length) ? errno : 0;
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
    return posix_fallocate64(fd, offset, length);
}
