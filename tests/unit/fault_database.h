/* Failures of what the clients of databases need: SQLite asks its host for memory and for the calls that touch files, so these can be made to fail one by one;
 * libpq's connection is cut before one of its calls, or it has no memory for an answer, which is lost then. Beside fault_layer.h, with dlsym wrapped, too. */
#ifndef UNIT_FAULT_DATABASE_H
#define UNIT_FAULT_DATABASE_H

#include <dlfcn.h>
#include <sys/socket.h>

#include <libpq-fe.h>
#include <sqlite3.h>

#include "fault_layer.h"

/* ---- SQLite's memory ------------------------------------------------------------------------------------------------------------------ */

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int size)
{
    return fault_comes(FAULT_DATABASE_MEMORY, "SQLite's malloc") ? NULL : sqlite_memory.xMalloc(size);
}

static void *sqlite_realloc(void *memory, int size)
{
    return fault_comes(FAULT_DATABASE_MEMORY, "SQLite's realloc") ? NULL : sqlite_memory.xRealloc(memory, size);
}

/* ---- SQLite's files ------------------------------------------------------------------------------------------------------------------- */

#define SQLITE_FAILS(name) fault_comes(FAULT_DATABASE_CALL, "SQLite's " #name)

static int sqlite_open(const char *path, int flags, int mode)
{
    return SQLITE_FAILS(open) ? -1 : __real_open(path, flags, mode);
}

static ssize_t sqlite_read(int file, void *bytes, size_t size)
{
    return SQLITE_FAILS(read) ? -1 : __real_read(file, bytes, size);
}

static ssize_t sqlite_pread(int file, void *bytes, size_t size, off_t offset)
{
    return SQLITE_FAILS(pread) ? -1 : __real_pread(file, bytes, size, offset);
}

static ssize_t sqlite_write(int file, const void *bytes, size_t size)
{
    return SQLITE_FAILS(write) ? -1 : __real_write(file, bytes, size);
}

static ssize_t sqlite_pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    return SQLITE_FAILS(pwrite) ? -1 : __real_pwrite(file, bytes, size, offset);
}

static int sqlite_ftruncate(int file, off_t length)
{
    return SQLITE_FAILS(ftruncate) ? -1 : __real_ftruncate(file, length);
}

static int sqlite_unlink(const char *path)
{
    return SQLITE_FAILS(unlink) ? -1 : __real_unlink(path);
}

static void set_system_call(const char *name, sqlite3_syscall_ptr call)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    assert_int_equal(vfs->xSetSystemCall(vfs, name, call), SQLITE_OK);
}

/* Before SQLite is used. */
static inline void fault_take_sqlite(void)
{
    sqlite3_mem_methods methods;

    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory), SQLITE_OK);
    methods = sqlite_memory;
    methods.xMalloc = sqlite_malloc;
    methods.xRealloc = sqlite_realloc;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK); /* small pieces come from there as well */
    assert_int_equal(sqlite3_initialize(), SQLITE_OK);
    set_system_call("open", (sqlite3_syscall_ptr)sqlite_open);
    set_system_call("read", (sqlite3_syscall_ptr)sqlite_read);
    set_system_call("pread", (sqlite3_syscall_ptr)sqlite_pread);
    set_system_call("write", (sqlite3_syscall_ptr)sqlite_write);
    set_system_call("pwrite", (sqlite3_syscall_ptr)sqlite_pwrite);
    set_system_call("ftruncate", (sqlite3_syscall_ptr)sqlite_ftruncate);
    set_system_call("unlink", (sqlite3_syscall_ptr)sqlite_unlink);
}

/* ---- libpq's connection --------------------------------------------------------------------------------------------------------------- */

static struct {
    __typeof__(PQsocket) *socket;
    __typeof__(PQclear) *clear;
    __typeof__(PQexecParams) *exec_params;
    __typeof__(PQgetResult) *get_result;
    __typeof__(PQputCopyData) *put_copy_data;
    __typeof__(PQputCopyEnd) *put_copy_end;
    __typeof__(PQprepare) *prepare;
    __typeof__(PQdescribePrepared) *describe_prepared;
    __typeof__(PQsendQueryPrepared) *send_query_prepared;
    __typeof__(PQconnectPoll) *connect_poll;
} pq;

static void may_be_cut(PGconn *connection, const char *what)
{
    if (fault_comes(FAULT_DATABASE_CALL, what))
        shutdown(pq.socket(connection), SHUT_RDWR);
}

static PGresult *may_be_lost(PGresult *result, const char *what)
{
    if (!result || !fault_comes(FAULT_DATABASE_MEMORY, what))
        return result;
    pq.clear(result);
    return NULL;
}

static PGresult *cut_exec_params(PGconn *c, const char *sql, int n, const Oid *types, const char *const *values, const int *lengths,
                                 const int *formats, int format)
{
    may_be_cut(c, "PQexecParams");
    return may_be_lost(pq.exec_params(c, sql, n, types, values, lengths, formats, format), "PQexecParams");
}

static PGresult *cut_get_result(PGconn *c)
{
    may_be_cut(c, "PQgetResult");
    return may_be_lost(pq.get_result(c), "PQgetResult");
}

static int cut_put_copy_data(PGconn *c, const char *bytes, int length)
{
    may_be_cut(c, "PQputCopyData");
    return pq.put_copy_data(c, bytes, length);
}

static int cut_put_copy_end(PGconn *c, const char *reason)
{
    may_be_cut(c, "PQputCopyEnd");
    return pq.put_copy_end(c, reason);
}

static PGresult *cut_prepare(PGconn *c, const char *name, const char *sql, int n, const Oid *types)
{
    may_be_cut(c, "PQprepare");
    return may_be_lost(pq.prepare(c, name, sql, n, types), "PQprepare");
}

static PGresult *cut_describe_prepared(PGconn *c, const char *name)
{
    may_be_cut(c, "PQdescribePrepared");
    return may_be_lost(pq.describe_prepared(c, name), "PQdescribePrepared");
}

static int cut_send_query_prepared(PGconn *c, const char *name, int n, const char *const *values, const int *lengths, const int *formats, int format)
{
    may_be_cut(c, "PQsendQueryPrepared");
    return pq.send_query_prepared(c, name, n, values, lengths, formats, format);
}

static PostgresPollingStatusType cut_connect_poll(PGconn *c)
{
    may_be_cut(c, "PQconnectPoll");
    return pq.connect_poll(c);
}

void *__real_dlsym(void *handle, const char *name);
void *__wrap_dlsym(void *handle, const char *name);

/* POSIX wants function pointers to fit such a one; C has no cast for it. */
static void *put_between(void *found, void *ours, void *real)
{
    memcpy(real, &found, sizeof(found));
    return *(void **)ours;
}

#define BETWEEN(name, call)                                                                                                                     \
    if (!strcmp(symbol, name)) {                                                                                                                \
        __typeof__(pq.call) ours = cut_##call;                                                                                                  \
                                                                                                                                                \
        return put_between(found, &ours, &pq.call);                                                                                             \
    }

void *__wrap_dlsym(void *handle, const char *symbol)
{
    void *found = __real_dlsym(handle, symbol);

    BETWEEN("PQexecParams", exec_params)
    BETWEEN("PQgetResult", get_result)
    BETWEEN("PQputCopyData", put_copy_data)
    BETWEEN("PQputCopyEnd", put_copy_end)
    BETWEEN("PQprepare", prepare)
    BETWEEN("PQdescribePrepared", describe_prepared)
    BETWEEN("PQsendQueryPrepared", send_query_prepared)
    BETWEEN("PQconnectPoll", connect_poll)
    if (!strcmp(symbol, "PQsocket"))
        memcpy(&pq.socket, &found, sizeof(found));
    if (!strcmp(symbol, "PQclear"))
        memcpy(&pq.clear, &found, sizeof(found));
    return found;
}

#endif
