#include "destination/duckdb/library.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define LIBRARY_NAME "libduckdb.so"
#ifndef SPILE_DUCKDB_DIR
#define SPILE_DUCKDB_DIR ""
#endif

/* The folder of the file that this code is in. */
static bool own_folder(char folder[PATH_MAX])
{
    Dl_info info;
    char *slash;

    if (!dladdr((void *)(uintptr_t)duckdb_library_open, &info) || !info.dli_fname || !realpath(info.dli_fname, folder))
        return false;
    slash = strrchr(folder, '/');
    if (slash)
        *slash = 0;
    return slash;
}

struct search {
    char found[PATH_MAX + 32]; /* a file to open, or a bare name for the system's own search */
    struct text tried;    /* for the message */
};

static bool try_path(struct search *search, const char *folder, const char *name)
{
    int length = snprintf(search->found, sizeof(search->found), "%s%s", folder, name);

    text_puts(&search->tried, search->tried.length ? ", " : "");
    text_puts(&search->tried, search->found);
    return length > 0 && (size_t)length < sizeof(search->found) && !access(search->found, R_OK);
}

static bool search_library(struct search *search)
{
    const char *chosen = getenv("SPILE_DUCKDB");
    char folder[PATH_MAX];

    if (chosen && *chosen)
        return try_path(search, chosen, ""); /* asked for by name: nothing else will do */
    if (own_folder(folder) && (try_path(search, folder, "/" LIBRARY_NAME) || try_path(search, folder, "/spile/" LIBRARY_NAME)))
        return true;
    if (*SPILE_DUCKDB_DIR && try_path(search, SPILE_DUCKDB_DIR, "/" LIBRARY_NAME))
        return true;
    text_puts(&search->tried, ", the system's library path (" LIBRARY_NAME ")");
    strcpy(search->found, LIBRARY_NAME);
    return true;
}

static enum spile_status fail_missing(const struct search *search, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "no DuckDB library found; searched: %s", search->tried.text ? search->tried.text : "");
    return spile_hint(err, SPILE_DESTINATION, "put " LIBRARY_NAME " (DuckDB 1.5 or later, from the DuckDB project or a package) into one of "
                                              "these places, or name the file with the environment variable SPILE_DUCKDB");
}

/* POSIX wants dlsym's object pointer read as a function pointer; C has no cast for it. */
static bool load_symbol(void *handle, const char *name, void *function)
{
    void *symbol = dlsym(handle, name);

    memcpy(function, &symbol, sizeof(symbol));
    return symbol;
}

static enum spile_status load_symbols(struct duckdb_library *library, const char *path, struct spile_error *err)
{
#define DUCKDB_LOAD(name) \
    if (!load_symbol(library->handle, "duckdb_" #name, &library->name)) \
        return spile_fail(err, SPILE_DESTINATION, "DuckDB library \"%s\" has no duckdb_" #name, path), \
               spile_hint(err, SPILE_DESTINATION, "use DuckDB 1.5 or later");
    DUCKDB_CALLS(DUCKDB_LOAD)
#undef DUCKDB_LOAD
#define DUCKDB_LOAD_OPTIONAL(name) load_symbol(library->handle, "duckdb_" #name, &library->name);
    DUCKDB_OPTIONAL_CALLS(DUCKDB_LOAD_OPTIONAL)
#undef DUCKDB_LOAD_OPTIONAL
    return SPILE_OK;
}

static enum spile_status open_found(struct duckdb_library *library, const struct search *search, struct spile_error *err)
{
    enum spile_status status;

    library->handle = dlopen(search->found, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (!library->handle && !strchr(search->found, '/'))
        return fail_missing(search, err);
    if (!library->handle)
        return spile_fail(err, SPILE_DESTINATION, "can't open the DuckDB library: %s", dlerror()),
               spile_hint(err, SPILE_DESTINATION, "is it built for this machine? Name another one with SPILE_DUCKDB");
    status = load_symbols(library, search->found, err);
    if (status)
        duckdb_library_close(library);
    return status;
}

enum spile_status duckdb_library_open(struct duckdb_library *library, struct spile_error *err)
{
    struct search search = { .found = "" };
    enum spile_status status = search_library(&search) ? open_found(library, &search, err) : fail_missing(&search, err);

    text_release(&search.tried);
    return status;
}

void duckdb_library_close(struct duckdb_library *library)
{
    if (library->handle)
        dlclose(library->handle);
    *library = (struct duckdb_library){ 0 };
}

/* "libduckdb.so.1.5.6" -> "1.5.6" */
static bool version_in_name(const char *path, char *version, size_t size)
{
    const char *name = strrchr(path, '/'), *digits;

    name = name ? name + 1 : path;
    digits = strstr(name, ".so.");
    if (!digits || !strchr(digits + 4, '.'))
        return false;
    snprintf(version, size, "%s", digits + 4);
    return true;
}

enum spile_status duckdb_library_locate(char *path, char *version, size_t size, struct spile_error *err)
{
    struct search search = { .found = "" };
    struct duckdb_library library = { 0 };
    enum spile_status status = SPILE_OK;
    char real[PATH_MAX];

    if (!search_library(&search)) {
        status = fail_missing(&search, err);
        goto out;
    }
    snprintf(path, size, "%s", realpath(search.found, real) ? real : search.found);
    if (strchr(search.found, '/') && version_in_name(path, version, size))
        goto out;
    status = open_found(&library, &search, err);
    if (!status) {
        Dl_info info;
        const char *text = library.library_version();

        snprintf(version, size, "%s", text + (*text == 'v'));
        if (dladdr((void *)(uintptr_t)library.library_version, &info) && info.dli_fname)
            snprintf(path, size, "%s", realpath(info.dli_fname, real) ? real : info.dli_fname);
        duckdb_library_close(&library);
    }
out:
    text_release(&search.tried);
    return status;
}
