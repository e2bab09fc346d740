#include "destination/postgres/library.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LIBRARY_NAME "libpq.so.5"

/* POSIX wants dlsym's object pointer read as a function pointer; C has no cast for it. */
static bool load_symbol(void *handle, const char *name, void *function)
{
    return (*(void **)function = dlsym(handle, name));
}

static enum spile_status load_symbols(struct pq_library *library, const char *path, struct spile_error *err)
{
#define PQ_LOAD(name) \
    if (!load_symbol(library->handle, "PQ" #name, &library->name)) \
        return spile_fail(err, SPILE_DESTINATION, "Postgres library \"%s\" has no PQ" #name, path), \
               spile_hint(err, SPILE_DESTINATION, "use libpq of Postgres 13 or later");
    PQ_CALLS(PQ_LOAD)
#undef PQ_LOAD
    return SPILE_OK;
}

/* The file that the user has chosen, for want of one the system's own search. */
static const char *library_name(void)
{
    const char *chosen = getenv("SPILE_LIBPQ");

    return chosen && *chosen ? chosen : LIBRARY_NAME;
}

enum spile_status pq_library_open(struct pq_library *library, struct spile_error *err)
{
    const char *name = library_name();
    enum spile_status status;

    library->handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (!library->handle) {
        spile_fail(err, SPILE_DESTINATION, "can't open the Postgres library: %s", dlerror());
        return spile_hint(err, SPILE_DESTINATION, "install libpq (Debian's package libpq5), or name its file " LIBRARY_NAME
                                                  " with the environment variable SPILE_LIBPQ");
    }
    status = load_symbols(library, name, err);
    if (status)
        pq_library_close(library);
    return status;
}

void pq_library_close(struct pq_library *library)
{
    if (library->handle)
        dlclose(library->handle);
    *library = (struct pq_library){ 0 };
}

/* 150018 is 15.18 */
static void write_version(int number, char *version, size_t size)
{
    snprintf(version, size, "%d.%d", number / 10000, number % 10000);
}

enum spile_status pq_library_locate(char *path, char *version, size_t size, struct spile_error *err)
{
    struct pq_library library = { 0 };
    enum spile_status status = pq_library_open(&library, err);
    char real[PATH_MAX];
    Dl_info info;

    if (status)
        return status;
    write_version(library.libVersion(), version, size);
    snprintf(path, size, "%s", library_name());
    if (dladdr((void *)(uintptr_t)library.libVersion, &info) && info.dli_fname)
        snprintf(path, size, "%s", realpath(info.dli_fname, real) ? real : info.dli_fname);
    pq_library_close(&library);
    return SPILE_OK;
}
