#include "destination/postgres/session.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "destination/postgres/failure.h"
#include "destination/postgres/settings.h"
#include "destination/postgres/wire.h"

#define SERVER_VERSION_MIN 130000
#define POLL_MILLISECONDS 100 /* how soon an interrupt is seen while connecting */
#define VALUES_MAX 64         /* of a statement */

/* ---- connecting ----------------------------------------------------------------------------------------------------------------- */

/* For all hosts together: libpq goes through them one after another. 0: as long as it takes. */
static int64_t connect_micros(struct pg_session *session)
{
    struct arena arena = { 0 };
    struct pg_settings settings;
    int64_t seconds = 0, hosts = 1;

    if (!pg_settings_read(&settings, session->location, &arena, NULL)) {
        const char *timeout = pg_setting(&settings, "connect_timeout"), *host = pg_setting(&settings, "host");

        seconds = timeout ? strtol(timeout, NULL, 10) : 0;
        for (; host && (host = strchr(host, ',')); host++)
            hosts++;
    }
    arena_release(&arena);
    return seconds > 0 ? seconds * hosts * 1000000 : 0;
}

static PGconn *start_connecting(struct pg_session *session)
{
    static const char *const names[] = { "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count", "dbname",
                                         "client_encoding", NULL };
    const char *const values[] = { "spile", "30", "10", "3", session->location, "UTF8", NULL };

    return session->api.connectStartParams(names, values, 1);
}

static enum spile_status fail_timeout(struct pg_session *session, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "connection to Postgres: timeout expired");
    spile_hint(err, SPILE_DESTINATION, "is the host right, and does a firewall let you through? connect_timeout=SECONDS in the URI allows more time");
    if (err)
        err->retriable = true;
    return pg_within(session, SPILE_DESTINATION, err);
}

/* libpq's own way of connecting would not tell SQLSTATE, and could not be interrupted. */
static enum spile_status wait_connected(struct pg_session *session, PGconn *connection, struct spile_error *err)
{
    int64_t patience = connect_micros(session), deadline = clock_micros() + patience;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;

    if (session->api.status(connection) == CONNECTION_BAD)
        return pg_fail_connect(session, connection, err);
    session->api.setErrorVerbosity(connection, PQERRORS_VERBOSE);
    while (next != PGRES_POLLING_OK) {
        struct pollfd socket = { .fd = session->api.socket(connection), .events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT };
        int ready = poll(&socket, 1, POLL_MILLISECONDS);

        if (pg_check_interrupted(session, err))
            return SPILE_CANCELLED;
        if (ready < 0 && errno != EINTR)
            return spile_fail_errno(err, SPILE_FAILED, errno, "can't wait for Postgres");
        if (ready > 0)
            next = session->api.connectPoll(connection);
        if (next == PGRES_POLLING_FAILED)
            return pg_fail_connect(session, connection, err);
        if (next != PGRES_POLLING_OK && patience && clock_micros() > deadline)
            return fail_timeout(session, err);
    }
    session->api.setErrorVerbosity(connection, PQERRORS_DEFAULT);
    return SPILE_OK;
}

static enum spile_status check_version(struct pg_session *session, struct spile_error *err)
{
    int version = session->api.serverVersion(session->connection);

    if (version >= SERVER_VERSION_MIN)
        return SPILE_OK;
    spile_fail(err, SPILE_DESTINATION, "the server is Postgres %d, but spile needs 13 or newer", version / 10000);
    spile_hint(err, SPILE_DESTINATION, "upgrade the server, or load into another one");
    return pg_within(session, SPILE_DESTINATION, err);
}

static bool says(struct pg_session *session, const char *setting, const char *value)
{
    const char *said = session->api.parameterStatus(session->connection, setting);

    return said && !strcmp(said, value);
}

/* Most servers are set so already. */
static enum spile_status set_session(struct pg_session *session, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if ((!says(session, "TimeZone", "UTC") && !says(session, "TimeZone", "Etc/UTC")) || !says(session, "standard_conforming_strings", "on"))
        status = pg_execute(session, "SELECT pg_catalog.set_config('TimeZone', 'UTC', false), "
                                     "pg_catalog.set_config('standard_conforming_strings', 'on', false)", NULL, 0, NULL, NULL, err);
    if (!status && session->read_only)
        status = pg_execute(session, "SET default_transaction_read_only = on", NULL, 0, NULL, NULL, err);
    return status;
}

/* Notices are not ours to print. */
static void ignore_notice(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

static void set_cancel(struct pg_session *session, PGcancel *cancel)
{
    pthread_mutex_lock(&session->cancel_lock);
    if (session->cancel)
        session->api.freeCancel(session->cancel);
    session->cancel = cancel;
    pthread_mutex_unlock(&session->cancel_lock);
}

static void disconnect(struct pg_session *session)
{
    set_cancel(session, NULL);
    if (session->connection)
        session->api.finish(session->connection);
    session->connection = NULL;
}

enum spile_status pg_connect(struct pg_session *session, struct spile_error *err)
{
    enum spile_status status;

    disconnect(session);
    session->connection = start_connecting(session);
    if (!session->connection)
        return spile_fail_nomem(err);
    session->api.setNoticeReceiver(session->connection, ignore_notice, NULL);
    status = wait_connected(session, session->connection, err);
    if (!status) {
        PGcancel *cancel = session->api.getCancel(session->connection);

        set_cancel(session, cancel);
        status = cancel ? check_version(session, err) : spile_fail_nomem(err);
    }
    if (!status)
        status = set_session(session, err);
    if (status)
        disconnect(session);
    return status;
}

bool pg_is_connected(const struct pg_session *session)
{
    return session->connection && session->api.status(session->connection) == CONNECTION_OK;
}

enum spile_status pg_session_open(struct pg_session *session, const char *location, bool read_only, struct spile_error *err)
{
    struct pg_settings settings;
    enum spile_status status;

    pthread_mutex_init(&session->cancel_lock, NULL);
    session->read_only = read_only;
    session->location = location;
    if (!arena_copy_text(&session->arena, &session->location))
        return spile_fail_nomem(err);
    status = pg_settings_read(&settings, location, &session->arena, err);
    if (!status && !(session->shown = pg_settings_shown(&settings, &session->arena)))
        status = spile_fail_nomem(err);
    if (!status)
        status = pq_library_open(&session->api, err);
    return status ? status : pg_connect(session, err);
}

void pg_session_close(struct pg_session *session)
{
    if (session->api.handle)
        disconnect(session);
    pq_library_close(&session->api);
    arena_release(&session->arena);
    pthread_mutex_destroy(&session->cancel_lock);
}

/* ---- statements ----------------------------------------------------------------------------------------------------------------- */

/* The values of a statement as libpq wants them: all binary, so that a text need not be copied. */
struct arguments {
    Oid types[VALUES_MAX];
    const char *values[VALUES_MAX];
    int lengths[VALUES_MAX], formats[VALUES_MAX];
    uint64_t numbers[VALUES_MAX];
};

static void set_bytes(struct arguments *arguments, size_t i, Oid type, const void *bytes, size_t length)
{
    arguments->types[i] = type;
    arguments->values[i] = bytes ? bytes : "";
    arguments->lengths[i] = (int)length;
    arguments->formats[i] = 1;
}

static void set_number(struct arguments *arguments, size_t i, Oid type, uint64_t bits)
{
    arguments->numbers[i] = htobe64(bits);
    set_bytes(arguments, i, type, &arguments->numbers[i], sizeof(bits));
}

static void set_value(struct arguments *arguments, size_t i, const struct datum *value)
{
    uint64_t bits;

    switch (value->kind) {
    case DATUM_NULL:
        arguments->types[i] = 0; /* the server finds it out */
        arguments->values[i] = NULL;
        break;
    case DATUM_BOOL:
        set_bytes(arguments, i, OID_BOOL, value->number ? "\1" : "\0", 1);
        break;
    case DATUM_INTEGER:
        set_number(arguments, i, OID_INT8, (uint64_t)value->number);
        break;
    case DATUM_DOUBLE:
        memcpy(&bits, &value->real, sizeof(bits));
        set_number(arguments, i, OID_FLOAT8, bits);
        break;
    case DATUM_TEXT:
        set_bytes(arguments, i, OID_TEXT, value->text.text, value->text.length);
        break;
    case DATUM_BINARY:
        set_bytes(arguments, i, OID_BYTEA, value->text.text, value->text.length);
        break;
    case DATUM_TIMESTAMP:
        set_number(arguments, i, OID_TIMESTAMPTZ, (uint64_t)(value->number - PG_EPOCH_MICROS));
        break;
    }
}

enum spile_status pg_check_interrupted(struct pg_session *session, struct spile_error *err)
{
    return atomic_load(&session->interrupted) ? spile_fail(err, SPILE_CANCELLED, "cancelled") : SPILE_OK;
}

static bool is_success(ExecStatusType status)
{
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN;
}

static enum spile_status fail_lost(struct pg_session *session, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "no connection to the server");
    spile_hint(err, SPILE_DESTINATION, "the connection was cut before: run the same command again");
    if (err)
        err->retriable = true;
    return pg_within(session, SPILE_DESTINATION, err);
}

enum spile_status pg_run(struct pg_session *session, const char *sql, const struct datum *values, size_t count, PGresult **result,
                         struct spile_error *err)
{
    struct arguments arguments = { 0 };
    enum spile_status status = pg_check_interrupted(session, err);

    *result = NULL;
    if (status)
        return status;
    if (!session->connection)
        return fail_lost(session, err);
    if (count > VALUES_MAX)
        return spile_fail(err, SPILE_FAILED, "a statement has %zu values, %d are allowed", count, VALUES_MAX);
    for (size_t i = 0; i < count; i++)
        set_value(&arguments, i, &values[i]);
    *result = session->api.execParams(session->connection, sql, (int)count, arguments.types, arguments.values, arguments.lengths, arguments.formats, 0);
    if (*result && is_success(session->api.resultStatus(*result)))
        return SPILE_OK;
    status = pg_fail(session, *result, err);
    session->api.clear(*result);
    *result = NULL;
    return status;
}

static enum spile_status read_rows(struct pg_session *session, const PGresult *result, struct arena *arena, struct sql_rows *rows,
                                   struct spile_error *err)
{
    *rows = (struct sql_rows){ .count = (size_t)session->api.ntuples(result), .width = (size_t)session->api.nfields(result) };
    rows->cells = arena_alloc(arena, rows->count * rows->width * sizeof(*rows->cells));
    if (!rows->cells)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < rows->count * rows->width; i++) {
        int row = (int)(i / rows->width), column = (int)(i % rows->width);

        rows->cells[i] = NULL;
        if (session->api.getisnull(result, row, column))
            continue;
        rows->cells[i] = arena_copy(arena, session->api.getvalue(result, row, column), (size_t)session->api.getlength(result, row, column));
        if (!rows->cells[i])
            return spile_fail_nomem(err);
    }
    return SPILE_OK;
}

enum spile_status pg_execute(struct pg_session *session, const char *sql, const struct datum *values, size_t count, struct arena *arena,
                             struct sql_rows *rows, struct spile_error *err)
{
    PGresult *result;
    enum spile_status status = pg_run(session, sql, values, count, &result, err);

    if (!status && rows)
        status = read_rows(session, result, arena, rows, err);
    session->api.clear(result);
    return status;
}

/* ---- interrupt ------------------------------------------------------------------------------------------------------------------ */

void pg_interrupt(struct pg_session *session)
{
    char message[256];

    atomic_store(&session->interrupted, true);
    pthread_mutex_lock(&session->cancel_lock);
    if (session->cancel)
        session->api.cancel(session->cancel, message, sizeof(message));
    pthread_mutex_unlock(&session->cancel_lock);
}

void pg_resume(struct pg_session *session)
{
    atomic_store(&session->interrupted, false);
}
