#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define HOLDER_BYTES 256

/* "process 123 on host since 2026-11-25T10:00:00Z" */
static void describe_self(char *out, size_t size)
{
    struct utsname machine;
    struct tm day;
    time_t now = time(NULL);
    char since[32] = "";

    if (uname(&machine))
        strcpy(machine.nodename, "this machine");
    if (gmtime_r(&now, &day))
        strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &day);
    snprintf(out, size, "process %ld on %.64s since %s", (long)getpid(), machine.nodename, since);
}

static enum spile_status fail_locked(int fd, struct spile_error *err)
{
    char holder[HOLDER_BYTES] = "";
    ssize_t got = pread(fd, holder, sizeof(holder) - 1, 0);

    if (got <= 0)
        strcpy(holder, "another process");
    spile_fail(err, SPILE_LOCKED, "another run of this pipeline is in progress: %s", holder);
    if (err)
        err->retriable = true;
    return spile_hint(err, SPILE_LOCKED, "wait until it has ended, or give this load another name with --pipeline");
}

enum spile_status lock_take(const char *path, int *fd, struct spile_error *err)
{
    char self[HOLDER_BYTES];
    ssize_t written;

    *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd < 0)
        return spile_fail_errno(err, SPILE_FAILED, errno, "can't open the lock \"%s\"", path);
    if (flock(*fd, LOCK_EX | LOCK_NB)) {
        enum spile_status status =
            errno == EWOULDBLOCK ? fail_locked(*fd, err) : spile_fail_errno(err, SPILE_FAILED, errno, "can't lock \"%s\"", path);

        close(*fd);
        *fd = -1;
        return status;
    }
    describe_self(self, sizeof(self));
    written = ftruncate(*fd, 0) ? -1 : pwrite(*fd, self, strlen(self), 0);
    (void)written; /* the name serves messages only; the lock holds without it */
    return SPILE_OK;
}

void lock_free(int fd)
{
    if (fd >= 0)
        close(fd);
}
