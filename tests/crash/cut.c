/* Preloaded into the command: kills it at one of its writes below $CUT_BELOW, so that a test can try each of them.
 *
 *   CUT_AT=N    kill at the Nth operation that changes a file there (counted from 1), before it is done
 *   CUT_TORN=1  a write is done by half first: what the kernel leaves when a signal stops it between two pages
 *   CUT_LOG=F   a line for each operation: its kind and file */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u

static const char *below;
static long cut_at;
static bool torn;
static int log_file = -1;
static atomic_long counted;

__attribute__((constructor)) static void read_environment(void)
{
    const char *at = getenv("CUT_AT"), *log = getenv("CUT_LOG");

    below = getenv("CUT_BELOW");
    cut_at = at ? atol(at) : 0;
    torn = getenv("CUT_TORN") != NULL;
    if (log)
        log_file = open(log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
}

/* Is this the operation at which to stop? */
static bool is_cut(const char *kind, const char *path)
{
    char line[PATH_MAX + 64];
    int length;

    if (!below || strncmp(path, below, strlen(below)))
        return false;
    length = snprintf(line, sizeof(line), "%s %s\n", kind, path);
    if (log_file >= 0 && length > 0)
        syscall(SYS_write, log_file, line, (size_t)length);
    return atomic_fetch_add(&counted, 1) + 1 == cut_at;
}

static bool is_cut_file(const char *kind, int fd)
{
    char link[64], path[PATH_MAX];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    path[length < 0 ? 0 : length] = 0;
    return is_cut(kind, path);
}

_Noreturn static void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    if (is_cut_file("write", fd)) {
        if (torn)
            syscall(SYS_write, fd, bytes, length / 2);
        die();
    }
    return syscall(SYS_write, fd, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset)
{
    if (is_cut_file("pwrite", fd)) {
        if (torn)
            syscall(SYS_pwrite64, fd, bytes, length / 2 / PAGE * PAGE, offset);
        die();
    }
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return pwrite64(fd, bytes, length, offset);
}

int fsync(int fd)
{
    if (is_cut_file("fsync", fd))
        die();
    return (int)syscall(SYS_fsync, fd);
}

int ftruncate64(int fd, off_t length)
{
    if (is_cut_file("ftruncate", fd))
        die();
    return (int)syscall(SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

int unlink(const char *path)
{
    if (is_cut("unlink", path))
        die();
    return (int)syscall(SYS_unlink, path);
}

int rename(const char *from, const char *to)
{
    if (is_cut("rename", from))
        die();
    return (int)syscall(SYS_rename, from, to);
}
