/* A lock between processes: one run at a time per pipeline. The kernel frees it when the holder dies. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/error.h"

/* Takes the lock on the file, which is made if need be and then names the holder. *fd: to be given to lock_free. SPILE_LOCKED, at once,
 * when another process or handle has it: the message says who (process, machine, since when). */
enum spile_status lock_take(const char *path, int *fd, struct spile_error *err);

void lock_free(int fd); /* -1 is allowed */

#endif
