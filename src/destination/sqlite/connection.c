#include "destination/sqlite/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "destination/sqlite/types.h"

#define WAIT_SECONDS 5.0 /* for a lock that another program has; Python waits as long */
#define WAIT_NANOSECONDS 20000000L

/* ---- errors --------------------------------------------------------------------------------------------------------------------- */

/* By SQLite's code, extended ones first. */
static const struct {
    int code;
    bool retriable;
    const char *hint;
} remedies[] = {
    { SQLITE_READONLY_DBMOVED, true, "the file was moved or replaced meanwhile: run the same command again" },
    { SQLITE_READONLY_DIRECTORY, false, "make the folder of the file writable for this user" },
    { SQLITE_READONLY_ROLLBACK, false, "a write was cut off: let a user who may write to the file open it once" },
    { SQLITE_READONLY_RECOVERY, false, "a write was cut off: let a user who may write to the file open it once" },
    { SQLITE_CONSTRAINT_UNIQUE, false, "an index of the table allows no two such rows: drop the index, or load the data with write disposition merge" },
    { SQLITE_CONSTRAINT_PRIMARYKEY, false, "the table's primary key allows no two such rows: load the data with write disposition merge, or into another "
                                           "table" },
    { SQLITE_CONSTRAINT_ROWID, false, "the table's primary key allows no two such rows: load the data with write disposition merge, or into another table" },
    { SQLITE_CONSTRAINT_NOTNULL, false, "a column of the table must not be null but the data has no value for it: drop the constraint, or give the column a "
                                        "value" },
    { SQLITE_CONSTRAINT_DATATYPE, false, "the table is strict and its column has another type than the data: load into another table" },
    { SQLITE_CONSTRAINT, false, "a constraint of the table refuses the row: drop it, or load into another table" },
    { SQLITE_BUSY, true, "another program is using the database: wait until it is done, then run the same command again" },
    { SQLITE_LOCKED, true, "another program is using the database: wait until it is done, then run the same command again" },
    { SQLITE_FULL, true, "make room on the disk, then run the same command again; nothing was changed" },
    { SQLITE_IOERR, true, "is there room on the disk, and is it sound? Nothing was changed" },
    { SQLITE_READONLY, false, "make the file and its folder writable for this user, or name another one" },
    { SQLITE_PERM, false, "make the file and its folder writable for this user, or name another one" },
    { SQLITE_AUTH, false, "make the file and its folder writable for this user, or name another one" },
    { SQLITE_CANTOPEN, false, "does the folder exist, and may this user write to it?" },
    { SQLITE_CORRUPT, false, "the file is damaged: restore it from a copy, or load into another one" },
    { SQLITE_NOTADB, false, "name another file, or move this one away" },
    { SQLITE_TOOBIG, false, "SQLite takes values and rows of a thousand million bytes at most: leave the value out" },
};

static void add_remedy(int code, struct spile_error *err)
{
    for (size_t i = 0; err && i < sizeof(remedies) / sizeof(*remedies); i++)
        if (remedies[i].code == code || remedies[i].code == (code & 0xFF)) {
            spile_hint(err, err->status, "%s", remedies[i].hint);
            err->retriable = remedies[i].retriable;
            return;
        }
}

static enum spile_status fail_in(const struct sqlite_database *d, const char *what, int code, const char *message, struct spile_error *err)
{
    if ((code & 0xFF) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM)
        return spile_fail_nomem(err);
    if ((code & 0xFF) == SQLITE_INTERRUPT)
        return spile_fail(err, SPILE_CANCELLED, "cancelled");
    spile_fail(err, SPILE_DESTINATION, "%s: %s", what, message);
    add_remedy(code, err);
    return spile_within(err, SPILE_DESTINATION, "database \"%s\"", d->path);
}

enum spile_status connection_fail(struct sqlite_database *d, const char *what, struct spile_error *err)
{
    return fail_in(d, what, sqlite3_extended_errcode(d->connection), sqlite3_errmsg(d->connection), err);
}

static bool is_busy(const struct sqlite_database *d)
{
    return (sqlite3_extended_errcode(d->connection) & 0xFF) == SQLITE_BUSY;
}

/* ---- statements ----------------------------------------------------------------------------------------------------------------- */

enum spile_status connection_prepare(struct sqlite_database *d, const char *sql, sqlite3_stmt **statement, struct spile_error *err)
{
    *statement = NULL;
    if (d->in_transaction && sqlite3_get_autocommit(d->connection))
        return spile_fail(err, SPILE_DESTINATION, "SQLite has rolled back the transaction"),
               spile_within(err, SPILE_DESTINATION, "database \"%s\"", d->path);
    if (sqlite3_prepare_v2(d->connection, sql, -1, statement, NULL))
        return connection_fail(d, "SQLite refused a statement", err);
    return SPILE_OK;
}

static int bind_datum(sqlite3_stmt *statement, int index, const struct datum *value)
{
    char text[TIMESTAMP_CHARS];

    switch (value->kind) {
    case DATUM_NULL:
        return sqlite3_bind_null(statement, index);
    case DATUM_BOOL:
    case DATUM_INTEGER:
        return sqlite3_bind_int64(statement, index, value->number);
    case DATUM_DOUBLE:
        return sqlite3_bind_double(statement, index, value->real);
    case DATUM_TEXT:
        return sqlite3_bind_text64(statement, index, value->text.length ? value->text.text : "", value->text.length, SQLITE_STATIC, SQLITE_UTF8);
    case DATUM_BINARY:
        return sqlite3_bind_blob64(statement, index, value->text.length ? value->text.text : "", value->text.length, SQLITE_STATIC);
    case DATUM_TIMESTAMP:
        return sqlite3_bind_text(statement, index, text, (int)sqlite_timestamp_text(value->number, text), SQLITE_TRANSIENT);
    }
    return SQLITE_MISUSE;
}

/* To SQLite $1 is a name like any other: its place is that of its first use. */
int connection_bind(sqlite3_stmt *statement, const struct datum *values, size_t count)
{
    int code = SQLITE_OK;

    for (size_t i = 0; !code && i < count; i++) {
        char name[24];
        int index;

        snprintf(name, sizeof(name), "$%zu", i + 1);
        index = sqlite3_bind_parameter_index(statement, name);
        code = index ? bind_datum(statement, index, &values[i]) : SQLITE_OK;
    }
    return code;
}

/* Makes room for one more row. */
static bool grow(struct sql_rows *rows, size_t *capacity, struct arena *arena)
{
    size_t wanted = *capacity ? *capacity * 2 : 16;
    char **cells;

    if (rows->count < *capacity)
        return true;
    cells = arena_alloc(arena, wanted * rows->width * sizeof(*cells));
    if (!cells)
        return false;
    if (rows->count)
        memcpy(cells, rows->cells, rows->count * rows->width * sizeof(*cells));
    rows->cells = cells;
    *capacity = wanted;
    return true;
}

static bool read_row(sqlite3_stmt *statement, struct sql_rows *rows, size_t *capacity, struct arena *arena)
{
    if (!grow(rows, capacity, arena))
        return false;
    for (size_t i = 0; i < rows->width; i++) {
        char **cell = &rows->cells[rows->count * rows->width + i];
        const unsigned char *text;

        *cell = NULL;
        if (sqlite3_column_type(statement, (int)i) == SQLITE_NULL)
            continue;
        text = sqlite3_column_text(statement, (int)i);
        *cell = text ? arena_copy(arena, text, (size_t)sqlite3_column_bytes(statement, (int)i)) : NULL;
        if (!*cell)
            return false;
    }
    rows->count++;
    return true;
}

static enum spile_status run(struct sqlite_database *d, sqlite3_stmt *statement, struct arena *arena, struct sql_rows *rows, struct spile_error *err)
{
    size_t capacity = 0;
    int code;

    if (rows)
        *rows = (struct sql_rows){ .width = (size_t)sqlite3_column_count(statement) };
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        if (rows && !read_row(statement, rows, &capacity, arena))
            return spile_fail_nomem(err);
    return code == SQLITE_DONE ? SPILE_OK : connection_fail(d, "SQLite failed", err);
}

enum spile_status connection_execute(struct sql_database *database, const char *sql, const struct datum *values, size_t count, struct arena *arena,
                                     struct sql_rows *rows, struct spile_error *err)
{
    struct sqlite_database *d = (struct sqlite_database *)database;
    sqlite3_stmt *statement;
    enum spile_status status = connection_prepare(d, sql, &statement, err);

    if (!status && connection_bind(statement, values, count))
        status = connection_fail(d, "SQLite refused a value", err);
    if (!status)
        status = run(d, statement, arena, rows, err);
    sqlite3_finalize(statement);
    return status;
}

static enum spile_status execute(struct sqlite_database *d, const char *sql, struct spile_error *err)
{
    return connection_execute(&d->sql, sql, NULL, 0, NULL, NULL, err);
}

/* ---- open and close ------------------------------------------------------------------------------------------------------------- */

/* The suffix is that of Python's pathlib. */
char *sqlite_dataset_path(const char *location, const char *dataset)
{
    const char *slash = strrchr(location, '/'), *name = slash ? slash + 1 : location, *dot = strrchr(name, '.');
    struct text path = { 0 };

    if (!strcmp(dataset, MAIN_DATASET) || !*dataset)
        return strdup(location);
    if (!dot || dot == name || !dot[1])
        dot = name + strlen(name);
    text_append(&path, location, (size_t)(dot - location));
    text_printf(&path, "__%s%s", dataset, dot);
    if (path.failed)
        text_release(&path);
    return path.text;
}

/* Called again and again while another program has the lock. SQLite's own way of waiting would go on when it is interrupted. */
static int wait_for_lock(void *user, int waits)
{
    struct sqlite_database *d = user;
    struct timespec moment = { .tv_nsec = WAIT_NANOSECONDS };

    if (!waits)
        d->waits_since = clock_seconds();
    if (atomic_load(&d->interrupted) || clock_seconds() - d->waits_since > WAIT_SECONDS)
        return 0;
    nanosleep(&moment, NULL);
    return 1;
}

/* SQLite takes names that begin with "file:" for URIs, and ":memory:" for no file. */
static char *plain_path(const char *path)
{
    struct text plain = { 0 };

    text_printf(&plain, "%s%s", *path == '/' ? "" : "./", path);
    if (plain.failed)
        text_release(&plain);
    return plain.text;
}

static int compare_decimals(void *user, int one_length, const void *one, int other_length, const void *other)
{
    (void)user;
    return decimal_compare((struct slice){ one, (size_t)one_length }, (struct slice){ other, (size_t)other_length });
}

static void set_connection(struct sqlite_database *d, sqlite3 *connection)
{
    pthread_mutex_lock(&d->lock);
    d->connection = connection;
    pthread_mutex_unlock(&d->lock);
}

/* A file that is only read is opened for writing all the same: a journal that a killed program has left can then be put back, without which there is nothing
 * to be read. But no statement changes anything. */
static enum spile_status open_connection(struct sqlite_database *d, bool make, struct spile_error *err)
{
    char *path = d->in_memory ? strdup(":memory:") : plain_path(d->path);
    sqlite3 *connection = NULL;
    int code = path ? sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (make || d->in_memory ? SQLITE_OPEN_CREATE : 0), NULL)
                    : SQLITE_NOMEM;

    free(path);
    if (code) {
        enum spile_status status = fail_in(d, "can't open the database", connection ? sqlite3_extended_errcode(connection) : code,
                                           connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code), err);

        sqlite3_close(connection);
        return status;
    }
    sqlite3_extended_result_codes(connection, 1);
    sqlite3_busy_handler(connection, wait_for_lock, d);
    set_connection(d, connection);
    if (sqlite3_create_collation(connection, DECIMAL_COLLATION, SQLITE_UTF8, NULL, compare_decimals))
        return connection_fail(d, "SQLite failed", err);
    return d->read_only ? execute(d, "PRAGMA query_only = ON", err) : SPILE_OK;
}

/* Nothing was committed into the file that was made for it. With the lock no other program is at it; one that waits for it is told by SQLite that the file
 * is gone. The journal is in memory, since the disk may have no room for the one with which a transaction begins in an empty file. */
static void remove_empty(struct sqlite_database *d)
{
    struct stat found;

    sqlite3_busy_handler(d->connection, NULL, NULL);
    if (execute(d, "PRAGMA main.journal_mode = MEMORY", NULL) || execute(d, "BEGIN EXCLUSIVE", NULL))
        return;
    if (!stat(d->path, &found) && S_ISREG(found.st_mode) && !found.st_size)
        unlink(d->path);
    execute(d, "ROLLBACK", NULL);
}

void connection_close(struct sqlite_database *d)
{
    sqlite3 *connection = d->connection;

    if (connection) {
        connection_rollback(d);
        if (d->made_file)
            remove_empty(d);
        set_connection(d, NULL);
        sqlite3_close(connection);
    }
    free(d->dataset);
    free(d->path);
    d->dataset = d->path = NULL;
    d->in_memory = d->made_file = false;
}

enum spile_status connection_use(struct sqlite_database *d, const char *dataset, bool make, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    bool missing;

    if (d->connection && !strcmp(d->dataset, dataset) && !(make && d->in_memory))
        return SPILE_OK;
    if (d->in_transaction)
        return spile_fail(err, SPILE_FAILED, "a transaction in dataset \"%s\" is open", d->dataset);
    if (strchr(dataset, '/'))
        return spile_fail(err, SPILE_CONFIG, "a dataset is a file here, and \"%s\" can't be part of its name", dataset);
    connection_close(d);
    d->dataset = strdup(dataset);
    d->path = sqlite_dataset_path(d->location, dataset);
    if (!d->dataset || !d->path) {
        status = spile_fail_nomem(err);
    } else {
        missing = access(d->path, F_OK) && errno == ENOENT;
        d->in_memory = missing && !make;
        d->made_file = missing && make;
        status = open_connection(d, make, err);
    }
    if (status)
        connection_close(d);
    return status;
}

/* ---- transactions --------------------------------------------------------------------------------------------------------------- */

static enum spile_status set_cache(struct sqlite_database *d, struct spile_error *err)
{
    unsigned long long kibibytes = d->max_memory / 4 / 1024; /* for the file, and as much for what is staged */
    char sql[96];
    enum spile_status status;

    snprintf(sql, sizeof(sql), "PRAGMA main.cache_size = -%llu", kibibytes < INT32_MAX ? kibibytes : INT32_MAX);
    status = execute(d, sql, err);
    snprintf(sql, sizeof(sql), "PRAGMA temp.cache_size = -%llu", kibibytes < INT32_MAX ? kibibytes : INT32_MAX);
    return status ? status : execute(d, sql, err);
}

/* Another process may have made the file, and removed it while we waited for its lock. SQLite notices, at the latest before it writes. */
static bool file_is_gone(struct sqlite_database *d)
{
    int moved = 0;

    return !sqlite3_file_control(d->connection, "main", SQLITE_FCNTL_HAS_MOVED, &moved) && moved;
}

static bool leave_lost_file(struct sqlite_database *d)
{
    bool gone = file_is_gone(d);

    if (gone)
        connection_close(d);
    return gone;
}

static enum spile_status fail_busy(struct sqlite_database *d, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "another program is writing to the database");
    add_remedy(SQLITE_BUSY, err);
    return spile_within(err, SPILE_DESTINATION, "database \"%s\"", d->path);
}

enum spile_status connection_begin(struct sqlite_database *d, const char *dataset, struct spile_error *err)
{
    enum spile_status status;

    atomic_store(&d->interrupted, false);
    do {
        status = connection_use(d, dataset, true, err);
        if (status)
            return status;
        status = set_cache(d, err);
        if (!status)
            status = execute(d, "BEGIN IMMEDIATE", err);
        if (status == SPILE_DESTINATION && is_busy(d) && !atomic_load(&d->interrupted))
            status = fail_busy(d, err);
        d->in_transaction = !status;
    } while (leave_lost_file(d));
    return status;
}

enum spile_status connection_commit(struct sqlite_database *d, struct spile_error *err)
{
    enum spile_status status = execute(d, "COMMIT", err);

    if (!status)
        d->in_transaction = d->made_file = false;
    return status;
}

enum spile_status connection_rollback(struct sqlite_database *d)
{
    bool open = d->connection && !sqlite3_get_autocommit(d->connection);

    d->in_transaction = false;
    atomic_store(&d->interrupted, false);
    return open ? execute(d, "ROLLBACK", NULL) : SPILE_FAILED;
}
