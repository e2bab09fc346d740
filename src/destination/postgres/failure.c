#include "destination/postgres/failure.h"

#include <string.h>

#define DETAIL_BYTES 160
#define MESSAGE_BYTES 400

/* By SQLSTATE or its class: what to do, and whether the same may succeed later. */
static const struct {
    const char *state, *hint;
    bool retriable;
} remedies[] = {
    { "28P01", "the password is wrong: correct it in the URI, in DESTINATION__POSTGRES__CREDENTIALS__PASSWORD, or in ~/.pgpass", false },
    { "28000", "this user may not come in this way: is the user right, and does pg_hba.conf allow the connection (with TLS: sslmode=require)?", false },
    { "3D000", "make the database first (CREATE DATABASE), or name another one at the end of the URI", false },
    { "42501", "the user lacks a right: grant it (CREATE on the database for a new dataset; CREATE on the schema; INSERT, DELETE, SELECT on its tables), "
               "or make the user own the tables", false },
    { "53100", "make room on the server's disk, then run the same command again; nothing was changed", true },
    { "53200", "the server is out of memory: run the same command again later, or give it more", true },
    { "53300", "the server has no connection left: close some, raise max_connections, or try again later", true },
    { "55P03", "another session holds a lock on the table for longer than lock_timeout allows: end it, or try again later", true },
    { "57014", "statement_timeout of this user or database ended it: raise it with ?options=-cstatement_timeout%3D0 in the URI", false },
    { "40001", "another session changed the same rows: run the same command again", true },
    { "40P01", "another session and this one waited for each other: run the same command again", true },
    { "23505", "rows with this key are there already: drop the constraint, or load with write disposition merge and this primary key", false },
    { "23502", "the table's column must not be null but the data has no value for it: drop the constraint, or give the column a value", false },
    { "23503", "the data refers to a row that is not there: load that table first, or drop the foreign key", false },
    { "23514", "a check constraint of the table refuses the row: correct the data or the constraint", false },
    { "22P05", "the database's encoding lacks a character (or jsonb has \\u0000): make the database with ENCODING 'UTF8', or remove the character", false },
    { "22021", "the text is not valid in the database's encoding: remove the bytes at the source", false },
    { "22003", "the number does not fit the table's column: change its type with ALTER TABLE ... ALTER COLUMN ... TYPE", false },
    { "22001", "the text is longer than the table's column allows: change its type with ALTER TABLE ... ALTER COLUMN ... TYPE varchar", false },
    { "25006", "the server is read-only (a standby?): connect to the primary; with several hosts add ?target_session_attrs=read-write", false },
    { "25P02", "an earlier statement of the transaction failed", false },
    { "42P07", "something else in the schema (an index, a sequence, a type) has this name: rename it, or load into another table", false },
    { "42809", "what has this name is not a table that takes rows: drop or rename it, or load into another table", false },
    { "54011", "Postgres allows 1600 columns in a table: keep objects as json with max_nesting, or load into several tables", false },
    { "54000", "a row, a value or a key of an index is larger than Postgres takes: keep objects as json with max_nesting, shorten the text, or drop the index",
      false },
    { "42939", "names that begin with pg_ are the server's own: choose another dataset with --dataset", false },
    { "57P03", "the server is starting or stopping: try again soon", true },
    { "57P", "the server ended the connection: run the same command again; nothing was changed", true },
    { "08", "the connection failed: run the same command again", true },
    { "53", "the server lacks resources: try again later", true },
    { "XX001", "the server has found damaged data: see its log", false },
};

/* Failures without SQLSTATE: libpq's own. It speaks English unless the program around us has set a locale. */
static const struct {
    const char *in_message, *hint;
    bool retriable;
} client_remedies[] = {
    { "could not translate host name", "is the host's name right, and does this machine reach its name server?", true },
    { "Connection refused", "is the server running, and are host and port right?", true },
    { "No such file or directory", "no server listens on this socket: is it running, and is the folder right? A host name goes over TCP", true },
    { "no password supplied", "give the password in the URI, in DESTINATION__POSTGRES__CREDENTIALS__PASSWORD, in PGPASSWORD, or in ~/.pgpass", false },
    { "timeout expired", "is the host right, and does a firewall let you through? connect_timeout=SECONDS in the URI allows more time", true },
    { "certificate verify failed", "the server's certificate is not signed by the authority in sslrootcert: name the right file, or ask who runs the server",
      false },
    { "does not match host name", "the server's certificate is for another host: connect by the name in it, or with sslmode=verify-ca", false },
    { "root certificate file", "name the authority's certificate with sslrootcert=FILE (sslrootcert=system with libpq 16), or do without: sslmode=require",
      false },
    { "does not support SSL", "the server has no TLS: switch it on there, or (only in a network that you trust) use sslmode=prefer", false },
    { "closed the connection", "the server or the network cut the connection: run the same command again", true },
    { "could not receive data", "the network cut the connection: run the same command again", true },
    { "could not send data", "the network cut the connection: run the same command again", true },
    { "no connection to the server", "the connection was cut before: run the same command again", true },
    { "SSL SYSCALL", "the network cut the connection: run the same command again", true },
    { "SSL connection has been closed", "the server or the network cut the connection: run the same command again", true },
};

static enum spile_status remedy(struct spile_error *err, const char *hint, bool retriable)
{
    spile_hint(err, SPILE_DESTINATION, "%s", hint);
    if (err)
        err->retriable = retriable;
    return SPILE_DESTINATION;
}

static enum spile_status add_remedy(const char *state, const char *message, struct spile_error *err)
{
    for (size_t i = 0; *state && i < sizeof(remedies) / sizeof(*remedies); i++)
        if (!strncmp(state, remedies[i].state, strlen(remedies[i].state)))
            return remedy(err, remedies[i].hint, remedies[i].retriable);
    for (size_t i = 0; !*state && i < sizeof(client_remedies) / sizeof(*client_remedies); i++)
        if (strstr(message, client_remedies[i].in_message))
            return remedy(err, client_remedies[i].hint, client_remedies[i].retriable);
    return SPILE_DESTINATION;
}

/* The first line, as far as there is room. */
static int first_line(const char *text, size_t room)
{
    return (int)utf8_prefix(text, strcspn(text, "\n"), room);
}

static const char *field(const struct pg_session *session, const PGresult *result, int code)
{
    const char *text = result ? session->api.resultErrorField(result, code) : NULL;

    return text ? text : "";
}

enum spile_status pg_within(struct pg_session *session, enum spile_status status, struct spile_error *err)
{
    return spile_within(err, status, "database \"%s\"", session->shown);
}

static void add_place(const struct pg_session *session, const PGresult *result, struct spile_error *err)
{
    static const struct {
        int code;
        const char *name;
    } places[] = { { PG_DIAG_COLUMN_NAME, "column" }, { PG_DIAG_CONSTRAINT_NAME, "constraint" }, { PG_DIAG_TABLE_NAME, "table" } };
    const char *context = field(session, result, PG_DIAG_CONTEXT);
    bool in_copy = !strncmp(context, "COPY ", 5);

    if (in_copy) /* it names the table, and the place in it */
        spile_within(err, SPILE_DESTINATION, "%.*s", first_line(context, DETAIL_BYTES), context);
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        const char *name = field(session, result, places[i].code);

        if (*name && !(in_copy && places[i].code == PG_DIAG_TABLE_NAME))
            spile_within(err, SPILE_DESTINATION, "%s \"%s\"", places[i].name, name);
    }
}

static enum spile_status fail_with(struct pg_session *session, const PGresult *result, const char *message, struct spile_error *err)
{
    const char *state = field(session, result, PG_DIAG_SQLSTATE), *detail = field(session, result, PG_DIAG_MESSAGE_DETAIL);
    int length = first_line(message, MESSAGE_BYTES), more = first_line(detail, DETAIL_BYTES);

    spile_fail(err, SPILE_DESTINATION, "%.*s%s%.*s%s%s%s", length, message, more ? ": " : "", more, detail, *state ? " (SQLSTATE " : "", state,
               *state ? ")" : "");
    add_place(session, result, err);
    add_remedy(state, message, err);
    return pg_within(session, SPILE_DESTINATION, err);
}

enum spile_status pg_fail(struct pg_session *session, const PGresult *result, struct spile_error *err)
{
    const char *message = field(session, result, PG_DIAG_MESSAGE_PRIMARY);

    if (pg_check_interrupted(session, err))
        return SPILE_CANCELLED;
    if (!*message && result)
        message = session->api.resultErrorMessage(result);
    if (!*message)
        message = session->api.errorMessage(session->connection);
    return fail_with(session, result, *message ? message : "Postgres failed without a word", err);
}

/* ---- connecting ----------------------------------------------------------------------------------------------------------------- */

/* `connection to server at "h", port 1 failed: FATAL:  28P01: password ...`: where the five characters of SQLSTATE begin; NULL: it is libpq's own. */
static const char *find_state(const char *message, int length)
{
    for (const char *at = message; at + 9 < message + length; at++)
        if (!memcmp(at, ":  ", 3) && strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && !memcmp(at + 8, ": ", 2))
            return at + 3;
    return NULL;
}

enum spile_status pg_fail_connect(struct pg_session *session, PGconn *connection, struct spile_error *err)
{
    const char *message = session->api.errorMessage(connection);
    int length = first_line(message, MESSAGE_BYTES);
    const char *found = find_state(message, length);
    char state[6] = "";

    if (found) {
        memcpy(state, found, 5);
        spile_fail(err, SPILE_DESTINATION, "%.*s%.*s (SQLSTATE %s)", (int)(found - message), message, (int)(message + length - found - 7), found + 7, state);
    } else {
        spile_fail(err, SPILE_DESTINATION, "%.*s", length, message);
    }
    if (session->api.connectionNeedsPassword(connection))
        remedy(err, "give the password in the URI, in DESTINATION__POSTGRES__CREDENTIALS__PASSWORD, in PGPASSWORD, or in ~/.pgpass", false);
    else
        add_remedy(state, message, err);
    return pg_within(session, SPILE_DESTINATION, err);
}
