/* Between spile and the C library, by the linker's --wrap (cmake/Tests.cmake): any allocation, and any call that touches files or threads, can be made
 * to fail, and what is allocated and not freed is known with the place that did it. Only spile's own calls come here, and those of what is linked into
 * it (yyjson, nanoarrow), not those of shared libraries: libduckdb, zlib, OpenSSL. For one test program; several threads may be at work. */
#ifndef UNIT_FAULT_LAYER_H
#define UNIT_FAULT_LAYER_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

#define FAULT_FRAMES 8 /* callers by which two places are told apart */
#define FAULT_SITES_MAX 65536u
#define FAULT_LIVE_MAX (1u << 20)
#define FAULT_RECORDS_MAX (1u << 20)

/* The last two, of a database's client library, need fault_database.h. */
enum fault_class { FAULT_ALLOCATION, FAULT_CALL, FAULT_DATABASE_MEMORY, FAULT_DATABASE_CALL, FAULT_CLASSES };

struct fault_site {
    uint64_t hash; /* 0: free entry */
    const char *what;
    void *frames[FAULT_FRAMES];
    _Atomic unsigned failed;
    bool told;
};

struct fault {
    bool set; /* else nothing fails: calls are counted only */
    enum fault_class class;
    long at;     /* the first one is 1 */
    bool sticky; /* all after it, too */
    int code;    /* of a call: errno */
};

static struct {
    _Atomic bool armed;
    struct fault fault;
    _Atomic long count[FAULT_CLASSES], hits;
    struct fault_site *_Atomic hit;    /* the first that failed */
    struct fault_site **record[FAULT_CLASSES]; /* by number of the call, while nothing fails */
    pthread_mutex_t lock;
    struct fault_site sites[FAULT_SITES_MAX];
    size_t site_count;
    bool tracks;
    struct { uintptr_t memory; struct fault_site *site; } live[FAULT_LIVE_MAX]; /* inverted addresses: a leak checker is not to find them here */
    size_t live_count;
} faults = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- places ------------------------------------------------------------------------------------------------------------------------ */

/* Everything here is compiled with frame pointers. A frame of a library without them ends the walk, as a rule: it does not point a little upward. */
__attribute__((no_sanitize("address", "undefined", "thread"), noinline)) static void fault_walk(void *frames[FAULT_FRAMES])
{
    const uintptr_t *frame = __builtin_frame_address(0);

    for (int own = 0; own < 2; own++) /* frames of this file */
        frame = (const uintptr_t *)frame[0];
    for (int i = 0; i < FAULT_FRAMES; i++) {
        uintptr_t next = frame[0];

        frames[i] = (void *)frame[1];
        if (next <= (uintptr_t)frame || next > (uintptr_t)frame + 32768 || next % sizeof(next))
            break;
        frame = (const uintptr_t *)next;
    }
}

__attribute__((noinline)) static struct fault_site *fault_site_here(const char *what)
{
    void *frames[FAULT_FRAMES] = { 0 };
    uint64_t hash = 14695981039346656037u;
    struct fault_site *site;

    fault_walk(frames);
    for (int i = 0; i < FAULT_FRAMES; i++)
        hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211u;
    hash |= 1;
    pthread_mutex_lock(&faults.lock);
    for (site = &faults.sites[(hash >> 20) % FAULT_SITES_MAX]; site->hash && site->hash != hash;)
        site = site == &faults.sites[FAULT_SITES_MAX - 1] ? faults.sites : site + 1;
    if (!site->hash && faults.site_count < FAULT_SITES_MAX - 2) {
        site->hash = hash;
        site->what = what;
        memcpy(site->frames, frames, sizeof(frames));
        faults.site_count++;
    }
    pthread_mutex_unlock(&faults.lock);
    return site;
}

/* Addresses for addr2line, less where the program was put. */
static void fault_print_site(const struct fault_site *site)
{
    extern const char __executable_start;

    fprintf(stderr, "%s at", site->what);
    for (int i = 0; i < FAULT_FRAMES && site->frames[i]; i++)
        fprintf(stderr, " %#llx", (unsigned long long)((uintptr_t)site->frames[i] - (uintptr_t)&__executable_start - 1));
    fputc('\n', stderr);
}

/* ---- failing ----------------------------------------------------------------------------------------------------------------------- */

__attribute__((noinline)) static bool fault_comes(enum fault_class class, const char *what)
{
    const struct fault *fault = &faults.fault;
    struct fault_site *site, *none = NULL;
    long number;

    if (!atomic_load(&faults.armed))
        return false;
    number = atomic_fetch_add(&faults.count[class], 1) + 1;
    if (fault->set && (fault->class != class || number < fault->at || (number > fault->at && !fault->sticky)))
        return false;
    site = fault_site_here(what);
    if (!fault->set) {
        if (number < (long)FAULT_RECORDS_MAX)
            faults.record[class][number] = site;
        return false;
    }
    if (number == fault->at)
        site->failed++;
    atomic_fetch_add(&faults.hits, 1);
    atomic_compare_exchange_strong(&faults.hit, &none, site);
    errno = class == FAULT_CALL || class == FAULT_DATABASE_CALL ? fault->code : ENOMEM;
    return true;
}

void *__real_calloc(size_t count, size_t size);

static void fault_arm(const struct fault *fault)
{
    faults.fault = fault ? *fault : (struct fault){ 0 };
    for (int i = 0; i < FAULT_CLASSES; i++) {
        if (!faults.record[i])
            faults.record[i] = __real_calloc(FAULT_RECORDS_MAX, sizeof(*faults.record[i]));
        atomic_store(&faults.count[i], 0);
    }
    atomic_store(&faults.hits, 0);
    atomic_store(&faults.hit, NULL);
    atomic_store(&faults.armed, true);
}

static void fault_disarm(void)
{
    atomic_store(&faults.armed, false);
}

/* ---- what is not freed ------------------------------------------------------------------------------------------------------------- */

static size_t live_slot(uintptr_t memory)
{
    size_t slot = (size_t)((memory * 11400714819323198485u) >> 40) % FAULT_LIVE_MAX;

    while (faults.live[slot].memory && faults.live[slot].memory != memory)
        slot = (slot + 1) % FAULT_LIVE_MAX;
    return slot;
}

__attribute__((noinline)) static void *live_add(void *pointer, const char *what)
{
    size_t slot;
    struct fault_site *site;

    if (!pointer || !faults.tracks)
        return pointer;
    site = fault_site_here(what);
    pthread_mutex_lock(&faults.lock);
    if (faults.live_count < FAULT_LIVE_MAX / 2) {
        slot = live_slot(~(uintptr_t)pointer);
        faults.live[slot].memory = ~(uintptr_t)pointer;
        faults.live[slot].site = site;
        faults.live_count++;
    }
    pthread_mutex_unlock(&faults.lock);
    return pointer;
}

/* Closes the gap: what was put further on because of it moves up. */
static void live_remove(const void *pointer)
{
    size_t gap, slot;

    if (!pointer || !faults.tracks)
        return;
    pthread_mutex_lock(&faults.lock);
    gap = live_slot(~(uintptr_t)pointer);
    if (faults.live[gap].memory) {
        faults.live_count--;
        faults.live[gap].memory = 0;
        for (slot = (gap + 1) % FAULT_LIVE_MAX; faults.live[slot].memory; slot = (slot + 1) % FAULT_LIVE_MAX) {
            uintptr_t moved = faults.live[slot].memory;
            struct fault_site *site = faults.live[slot].site;
            size_t better;

            faults.live[slot].memory = 0;
            better = live_slot(moved);
            faults.live[better].memory = moved;
            faults.live[better].site = site;
        }
    }
    pthread_mutex_unlock(&faults.lock);
}

static void fault_track(bool tracks)
{
    if (tracks && faults.live_count)
        memset(faults.live, 0, sizeof(faults.live));
    if (tracks)
        faults.live_count = 0;
    faults.tracks = tracks;
}

/* Prints what is not freed; how much that is. */
static size_t fault_report_leaks(void)
{
    for (size_t i = 0, shown = 0; faults.live_count && i < FAULT_LIVE_MAX && shown < 8; i++)
        if (faults.live[i].memory && !faults.live[i].site->told) {
            fputs("not freed: ", stderr);
            fault_print_site(faults.live[i].site);
            faults.live[i].site->told = true;
            shown++;
        }
    return faults.live_count;
}

/* ---- allocations --------------------------------------------------------------------------------------------------------------------- */

#define WRAP(result, name, parameters) \
    result __real_##name parameters;   \
    result __wrap_##name parameters;   \
    result __wrap_##name parameters

WRAP(void *, malloc, (size_t size))
{
    return fault_comes(FAULT_ALLOCATION, "malloc") ? NULL : live_add(__real_malloc(size), "malloc");
}

WRAP(void *, calloc, (size_t count, size_t size))
{
    return fault_comes(FAULT_ALLOCATION, "calloc") ? NULL : live_add(__real_calloc(count, size), "calloc");
}

WRAP(void *, aligned_alloc, (size_t alignment, size_t size))
{
    return fault_comes(FAULT_ALLOCATION, "aligned_alloc") ? NULL : live_add(__real_aligned_alloc(alignment, size), "aligned_alloc");
}

WRAP(char *, strdup, (const char *text))
{
    return fault_comes(FAULT_ALLOCATION, "strdup") ? NULL : live_add(__real_strdup(text), "strdup");
}

WRAP(char *, strndup, (const char *text, size_t length))
{
    return fault_comes(FAULT_ALLOCATION, "strndup") ? NULL : live_add(__real_strndup(text, length), "strndup");
}

/* Another thread may be given the old memory at once: it is forgotten before. */
WRAP(void *, realloc, (void *memory, size_t size))
{
    void *moved;

    if (fault_comes(FAULT_ALLOCATION, "realloc"))
        return NULL;
    live_remove(memory);
    moved = __real_realloc(memory, size);
    return live_add(moved ? moved : memory, "realloc") ? moved : NULL;
}

WRAP(void, free, (void *memory))
{
    int code = errno; /* free keeps it */

    live_remove(memory);
    __real_free(memory);
    errno = code;
}

/* ---- calls --------------------------------------------------------------------------------------------------------------------------- */

#define CALL_FAILS(name) fault_comes(FAULT_CALL, #name)

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return CALL_FAILS(open) ? -1 : __real_open(path, flags, mode);
}

WRAP(int, __open_2, (const char *path, int flags))
{
    return CALL_FAILS(open) ? -1 : __real___open_2(path, flags);
}

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return CALL_FAILS(openat) ? -1 : __real_openat(folder, path, flags, mode);
}

WRAP(int, __openat_2, (int folder, const char *path, int flags))
{
    return CALL_FAILS(openat) ? -1 : __real___openat_2(folder, path, flags);
}

WRAP(ssize_t, read, (int file, void *bytes, size_t size))
{
    return CALL_FAILS(read) ? -1 : __real_read(file, bytes, size);
}

WRAP(ssize_t, __read_chk, (int file, void *bytes, size_t size, size_t room))
{
    return CALL_FAILS(read) ? -1 : __real___read_chk(file, bytes, size, room);
}

WRAP(ssize_t, pread, (int file, void *bytes, size_t size, off_t offset))
{
    return CALL_FAILS(pread) ? -1 : __real_pread(file, bytes, size, offset);
}

WRAP(ssize_t, __pread_chk, (int file, void *bytes, size_t size, off_t offset, size_t room))
{
    return CALL_FAILS(pread) ? -1 : __real___pread_chk(file, bytes, size, offset, room);
}

WRAP(ssize_t, write, (int file, const void *bytes, size_t size))
{
    return CALL_FAILS(write) ? -1 : __real_write(file, bytes, size);
}

WRAP(ssize_t, pwrite, (int file, const void *bytes, size_t size, off_t offset))
{
    return CALL_FAILS(pwrite) ? -1 : __real_pwrite(file, bytes, size, offset);
}

WRAP(int, fsync, (int file))
{
    return CALL_FAILS(fsync) ? -1 : __real_fsync(file);
}

/* The descriptor is gone all the same, as Linux has it. */
WRAP(int, close, (int file))
{
    bool fails = CALL_FAILS(close);
    int code = errno, result = __real_close(file);

    if (fails)
        errno = code;
    return fails ? -1 : result;
}

WRAP(int, rename, (const char *from, const char *to))
{
    return CALL_FAILS(rename) ? -1 : __real_rename(from, to);
}

WRAP(int, ftruncate, (int file, off_t length))
{
    return CALL_FAILS(ftruncate) ? -1 : __real_ftruncate(file, length);
}

WRAP(int, mkdir, (const char *path, mode_t mode))
{
    return CALL_FAILS(mkdir) ? -1 : __real_mkdir(path, mode);
}

WRAP(int, unlink, (const char *path))
{
    return CALL_FAILS(unlink) ? -1 : __real_unlink(path);
}

WRAP(int, unlinkat, (int folder, const char *path, int flags))
{
    return CALL_FAILS(unlinkat) ? -1 : __real_unlinkat(folder, path, flags);
}

WRAP(DIR *, fdopendir, (int file))
{
    return CALL_FAILS(fdopendir) ? NULL : __real_fdopendir(file);
}

WRAP(struct dirent *, readdir, (DIR *folder))
{
    return CALL_FAILS(readdir) ? NULL : __real_readdir(folder);
}

WRAP(int, scandir, (const char *path, struct dirent ***entries, int (*wanted)(const struct dirent *entry), int (*compare)(const struct dirent **a, const struct dirent **b)))
{
    return CALL_FAILS(scandir) ? -1 : __real_scandir(path, entries, wanted, compare);
}

WRAP(void *, mmap, (void *wish, size_t size, int protection, int flags, int file, off_t offset))
{
    return CALL_FAILS(mmap) ? MAP_FAILED : __real_mmap(wish, size, protection, flags, file, offset);
}

WRAP(int, eventfd, (unsigned count, int flags))
{
    return CALL_FAILS(eventfd) ? -1 : __real_eventfd(count, flags);
}

/* Fails as it does when there are too many threads. */
WRAP(int, pthread_create, (pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *argument), void *argument))
{
    return CALL_FAILS(pthread_create) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

#endif
