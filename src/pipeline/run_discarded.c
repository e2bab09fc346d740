#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "pipeline/run.h"

enum spile_status run_open_discarded(struct run *run, struct spile_error *err)
{
    const char *path = run->options->discarded;
    char *beside = path ? arena_printf(&run->arena, "%s.%s.part", path, run->load_id) : NULL;

    if (!path)
        return SPILE_OK;
    if (!beside)
        return spile_fail_nomem(err);
    run->discarded = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (run->discarded < 0) {
        spile_fail_errno(err, SPILE_FAILED, errno, "can't write \"%s\"", beside);
        return spile_hint(err, SPILE_FAILED, "name a file in a folder that exists and that this user may write to");
    }
    run->discarded_path = beside;
    return SPILE_OK;
}

enum spile_status run_keep_discarded(struct run *run, struct spile_error *err)
{
    const char *beside = run->discarded_path;

    if (!beside)
        return SPILE_OK;
    run->discarded_path = NULL;
    if (close(run->discarded) || rename(beside, run->options->discarded))
        return spile_fail_errno(err, SPILE_FAILED, errno, "can't make \"%s\" of \"%s\"", run->options->discarded, beside);
    return SPILE_OK;
}

void run_drop_discarded(struct run *run)
{
    if (!run->discarded_path)
        return;
    close(run->discarded);
    unlink(run->discarded_path);
    run->discarded_path = NULL;
}
