/* Rows come one by one and as text, which every type has; columns have the types that the server tells. */
#include "destination/postgres/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/timestamp.h"
#include "destination/postgres/failure.h"
#include "destination/postgres/wire.h"
#include "destination/sql/answer.h"

#define STATEMENT "spile" /* the one without a name is gone with the next that is run */

struct answer {
    struct pg_session *session;
    const char *sql; /* in the arena */
    struct arena arena;
    struct answer_column *columns;
    size_t width;
    bool sent; /* results are to be fetched, to the last one */
};

/* Up to the last result: the connection is needed again. */
static void drain(struct answer *a)
{
    PGresult *result;

    while ((result = a->session->api.getResult(a->session->connection)))
        a->session->api.clear(result);
    a->sent = false;
}

/* What has not been fetched is of no interest any more. */
static void cancel(struct answer *a)
{
    char message[256];

    pthread_mutex_lock(&a->session->cancel_lock);
    if (a->session->cancel)
        a->session->api.cancel(a->session->cancel, message, sizeof(message));
    pthread_mutex_unlock(&a->session->cancel_lock);
}

static void end(void *source)
{
    struct answer *a = source;

    if (a->sent && a->session->connection) {
        cancel(a);
        drain(a);
    }
    arena_release(&a->arena);
    free(a);
}

/* ---- failures ------------------------------------------------------------------------------------------------------------------- */

#define READ_ONLY_TRANSACTION "25006"
#define INDETERMINATE_TYPE "42P18"

static bool has_state(const struct answer *a, const PGresult *result, const char *state)
{
    const char *found = result ? a->session->api.resultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    return found && !strcmp(found, state);
}

/* Where in the statement, by the words that stand there: Postgres counts characters. */
static void within_statement(const struct answer *a, const PGresult *result, enum spile_status status, struct spile_error *err)
{
    const char *digits = result ? a->session->api.resultErrorField(result, PG_DIAG_STATEMENT_POSITION) : NULL, *at = a->sql;
    long position = digits ? strtol(digits, NULL, 10) : 0;
    char extract[SHORTEN_BYTES];

    for (; position > 1 && *at; position--)
        for (at++; (*at & 0xC0) == 0x80; at++)
            ;
    if (position == 1 && *at)
        spile_within(err, status, "\"%s\" in the statement", shorten(extract, at, strlen(at)));
}

static bool is_about_several(const struct answer *a, const PGresult *result)
{
    const char *message = result ? a->session->api.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

    return message && strstr(message, "multiple commands");
}

/* For values, constraints and sizes there are remedies of loads, where it is not the user who has written the statement. */
static bool has_remedy_of_loads(const struct answer *a, const PGresult *result)
{
    const char *state = result ? a->session->api.resultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    return state && (!strncmp(state, "22", 2) || !strncmp(state, "23", 2) || !strncmp(state, "54", 2));
}

/* With the remedy for a statement that only --write allows. */
static enum spile_status fail(const struct answer *a, const PGresult *result, struct spile_error *err)
{
    enum spile_status status = pg_fail(a->session, result, err);
    bool only_reads = a->session->read_only && has_state(a, result, READ_ONLY_TRANSACTION);

    if (status == SPILE_DESTINATION && err && (only_reads || has_remedy_of_loads(a, result)))
        err->hint[0] = '\0';
    if (only_reads)
        spile_hint(err, status, "%s", ANSWER_READS_ONLY);
    if (is_about_several(a, result))
        spile_hint(err, status, "run them one by one");
    within_statement(a, result, status, err);
    return status;
}

/* ---- values --------------------------------------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\x00ff" */
static bool put_bytes(struct column_builder *column, uint32_t row, struct slice hex, bool *fits)
{
    size_t length = hex.length / 2 - 1;
    unsigned char *bytes;
    bool ok;

    *fits = hex.length >= 2 && hex.length % 2 == 0 && hex.text[0] == '\\' && hex.text[1] == 'x';
    if (!*fits)
        return true;
    bytes = malloc(length + 1);
    for (size_t i = 0; bytes && i < length; i++)
        bytes[i] = (unsigned char)(hex_digit(hex.text[2 + 2 * i]) << 4 | hex_digit(hex.text[3 + 2 * i]));
    ok = bytes && column_put_text(column, row, bytes, length);
    free(bytes);
    return ok;
}

/* Infinity has no equal in days or microseconds but the largest and the least, as in Postgres itself. */
static bool read_infinity(struct slice text, int64_t largest, int64_t *number)
{
    bool negative = text.length && text.text[0] == '-';

    *number = negative ? -largest : largest;
    return slice_equal(text, slice_of(negative ? "-infinity" : "infinity"));
}

/* "12345-01-01", "0044-03-15 BC", and the date of "0044-03-15 10:00:00 BC"; *rest is what follows it. libpq's values are terminated. */
static bool read_date_part(struct slice text, int32_t *days, const char **rest)
{
    bool before = text.length > 3 && !strcmp(text.text + text.length - 3, " BC");
    int year, month, day, length = 0;

    if (sscanf(text.text, "%7d-%2d-%2d%n", &year, &month, &day, &length) != 3)
        return false;
    *days = days_from_date(before ? 1 - year : year, month, day);
    *rest = text.text + length;
    return true;
}

static bool read_date(struct slice text, int32_t *days)
{
    const char *rest;
    int64_t number;

    if (!read_infinity(text, INT32_MAX, &number))
        return read_date_part(text, days, &rest);
    *days = (int32_t)number;
    return true;
}

/* There is an end of the day, which other times don't have. */
static bool read_time(struct slice text, int64_t *micros)
{
    *micros = MICROS_PER_DAY;
    return slice_equal(text, slice_of("24:00:00")) || time_from_text(text.text, text.length, micros);
}

/* The session is in UTC. */
static bool read_timestamp(struct slice text, int64_t *micros)
{
    const char *rest;
    int64_t of_day;
    int32_t days;

    if (read_infinity(text, INT64_MAX, micros))
        return true;
    if (!read_date_part(text, &days, &rest) || *rest != ' ' || !time_from_text(rest + 1, strcspn(rest + 1, "+ "), &of_day))
        return false;
    return !__builtin_mul_overflow(days, MICROS_PER_DAY, micros) && !__builtin_add_overflow(*micros, of_day, micros) && *micros != INT64_MAX;
}

static bool read_double(struct slice text, double *number)
{
    if (double_from_text(text.text, text.length, number))
        return true;
    *number = strtod(text.text, NULL); /* "NaN", "Infinity"; libpq's values are terminated */
    return *number != *number || *number - *number != 0;
}

/* False: out of memory. *fits false: it can't be in such a column. */
static bool put_value(struct column_builder *column, uint32_t row, struct slice text, bool *fits)
{
    const struct column_type *type = &column->type;
    int64_t number = 0;
    int32_t days;
    double real;
    int128 wide;

    *fits = true;
    switch (type->type) {
    case TYPE_BOOL:
        return column_put_bool(column, row, text.length && text.text[0] == 't');
    case TYPE_BIGINT:
        *fits = integer_from_text(text.text, text.length, &number);
        return !*fits || column_put_i64(column, row, number);
    case TYPE_DOUBLE:
        *fits = read_double(text, &real);
        return !*fits || column_put_f64(column, row, real);
    case TYPE_DECIMAL:
        *fits = decimal_from_text(text.text, text.length, type->precision, type->scale, &wide);
        return !*fits || column_put_i128(column, row, wide);
    case TYPE_TIMESTAMP:
        *fits = read_timestamp(text, &number);
        return !*fits || column_put_i64(column, row, number);
    case TYPE_DATE:
        *fits = read_date(text, &days);
        return !*fits || column_put_i32(column, row, days);
    case TYPE_TIME:
        *fits = read_time(text, &number);
        return !*fits || column_put_i64(column, row, number);
    case TYPE_BINARY:
        return put_bytes(column, row, text, fits);
    default:
        return column_put_text(column, row, text.text, text.length);
    }
}

static enum spile_status put_row(struct answer *a, const PGresult *result, struct column_builder *columns, uint32_t row, struct spile_error *err)
{
    const struct pq_library *api = &a->session->api;

    for (size_t i = 0; i < a->width; i++) {
        struct slice text = { api->getvalue(result, 0, (int)i), (size_t)api->getlength(result, 0, (int)i) };
        bool fits = true;

        if (api->getisnull(result, 0, (int)i))
            continue;
        if (!put_value(&columns[i], row, text, &fits))
            return spile_fail_nomem(err);
        if (!fits)
            return answer_fail_value(a->columns[i].name, text, err);
    }
    return SPILE_OK;
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

static enum spile_status next(void *source, struct column_builder *columns, uint32_t row, bool *more, struct spile_error *err)
{
    struct answer *a = source;
    PGresult *result = a->session->api.getResult(a->session->connection);
    ExecStatusType kind = a->session->api.resultStatus(result);
    enum spile_status status = SPILE_OK;

    *more = kind == PGRES_SINGLE_TUPLE;
    if (*more)
        status = put_row(a, result, columns, row, err);
    else if (kind != PGRES_TUPLES_OK && kind != PGRES_COMMAND_OK) /* there is none where libpq had no memory for it: a failure, and not the end */
        status = fail(a, result, err);
    a->session->api.clear(result);
    if (!*more)
        drain(a);
    return status;
}

static const struct answer_ops answer_ops = { next, end };

/* ---- types of columns ------------------------------------------------------------------------------------------------------------- */

/* Of a numeric without precision, and with more digits than a decimal has, there are texts. */
static struct column_type numeric_type(int modifier)
{
    int precision = (modifier - PG_TYPMOD_HEADER) >> 16 & 0xFFFF, scale = (modifier - PG_TYPMOD_HEADER) & 0x7FF;
    bool fits = modifier >= PG_TYPMOD_HEADER && precision >= 1 && precision <= 38 && scale <= precision;

    return fits ? (struct column_type){ TYPE_DECIMAL, precision, scale, false } : (struct column_type){ TYPE_TEXT, -1, -1, false };
}

static struct column_type type_of(Oid oid, int modifier)
{
    struct column_type type = { TYPE_TEXT, -1, -1, oid == OID_TIMESTAMPTZ };

    switch (oid) {
    case OID_BOOL:
        type.type = TYPE_BOOL;
        break;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
        type.type = TYPE_BIGINT;
        break;
    case OID_FLOAT4:
    case OID_FLOAT8:
        type.type = TYPE_DOUBLE;
        break;
    case OID_NUMERIC:
        return numeric_type(modifier);
    case OID_BYTEA:
        type.type = TYPE_BINARY;
        break;
    case OID_DATE:
        type.type = TYPE_DATE;
        break;
    case OID_TIME:
        type.type = TYPE_TIME;
        break;
    case OID_TIMESTAMP:
    case OID_TIMESTAMPTZ:
        type.type = TYPE_TIMESTAMP;
        break;
    case OID_JSON:
    case OID_JSONB:
        type.type = TYPE_JSON;
        break;
    default:
        break;
    }
    return type;
}

static enum spile_status make_columns(struct answer *a, const PGresult *description, struct spile_error *err)
{
    const struct pq_library *api = &a->session->api;

    a->width = (size_t)api->nfields(description);
    a->columns = arena_zalloc(&a->arena, a->width * sizeof(*a->columns));
    if (!a->columns)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < a->width; i++) {
        a->columns[i] = (struct answer_column){ api->fname(description, (int)i), type_of(api->ftype(description, (int)i), api->fmod(description, (int)i)) };
        if (!arena_copy_text(&a->arena, &a->columns[i].name))
            return spile_fail_nomem(err);
    }
    return SPILE_OK;
}

/* ---- the statement ---------------------------------------------------------------------------------------------------------------- */

/* Values as text, with the types that they would have if they stood in the statement: a text can be anything that the server reads out of it. */
struct arguments {
    Oid *types;
    const char **texts;
    int *lengths, *formats;
};

static bool make_room(struct arguments *arguments, size_t count, struct arena *arena)
{
    arguments->types = arena_zalloc(arena, count * sizeof(*arguments->types));
    arguments->texts = arena_zalloc(arena, count * sizeof(*arguments->texts));
    arguments->lengths = arena_zalloc(arena, count * sizeof(*arguments->lengths));
    arguments->formats = arena_zalloc(arena, count * sizeof(*arguments->formats));
    return arguments->types && arguments->texts && arguments->lengths && arguments->formats;
}

static enum spile_status fail_zero(size_t i, struct spile_error *err)
{
    spile_fail(err, SPILE_USAGE, "the value of $%zu has a zero byte in it, which no text of Postgres can have", i + 1);
    return spile_hint(err, SPILE_USAGE, "take it out, or give the value as binary");
}

static enum spile_status set_argument(struct arguments *arguments, size_t i, const struct datum *value, struct arena *arena, struct spile_error *err)
{
    char text[TIMESTAMP_CHARS];

    switch (value->kind) {
    case DATUM_NULL:
        return SPILE_OK;
    case DATUM_BOOL:
        arguments->types[i] = OID_BOOL;
        arguments->texts[i] = value->number ? "t" : "f";
        break;
    case DATUM_INTEGER:
        arguments->types[i] = value->number >= INT32_MIN && value->number <= INT32_MAX ? OID_INT4 : OID_INT8;
        arguments->texts[i] = arena_printf(arena, "%lld", (long long)value->number);
        break;
    case DATUM_DOUBLE:
        arguments->types[i] = OID_FLOAT8;
        arguments->texts[i] = arena_printf(arena, "%.17g", value->real);
        break;
    case DATUM_TEXT:
        if (value->text.length && memchr(value->text.text, '\0', value->text.length))
            return fail_zero(i, err);
        arguments->texts[i] = arena_copy(arena, value->text.text, value->text.length);
        break;
    case DATUM_BINARY:
        arguments->types[i] = OID_BYTEA;
        arguments->texts[i] = value->text.length ? value->text.text : "";
        arguments->lengths[i] = (int)value->text.length;
        arguments->formats[i] = 1;
        break;
    case DATUM_TIMESTAMP:
        arguments->types[i] = OID_TIMESTAMPTZ;
        arguments->texts[i] = arena_copy(arena, text, timestamp_format(value->number, text));
        break;
    }
    return arguments->texts[i] ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status set_arguments(struct arguments *arguments, const struct datum *values, size_t count, struct arena *arena, struct spile_error *err)
{
    enum spile_status status = make_room(arguments, count, arena) ? SPILE_OK : spile_fail_nomem(err);

    if (!status && count > UINT16_MAX)
        status = spile_fail(err, SPILE_USAGE, "%zu values are too many for a statement of Postgres, which takes %d", count, UINT16_MAX);
    for (size_t i = 0; !status && i < count; i++)
        status = set_argument(arguments, i, &values[i], arena, err);
    return status;
}

/* Dates and the like in the form that is read here; the dataset's names first, as in dlt. */
static enum spile_status set_session(struct answer *a, const char *dataset, struct spile_error *err)
{
    struct text path = { 0 };
    struct datum value;
    enum spile_status status;

    sql_put_name(&path, dataset);
    text_puts(&path, ", public");
    value = datum_text(path.text ? path.text : "");
    status = path.failed ? spile_fail_nomem(err)
                         : pg_execute(a->session, "SELECT pg_catalog.set_config('search_path', $1, false), pg_catalog.set_config('DateStyle', 'ISO', false), "
                                                  "pg_catalog.set_config('IntervalStyle', 'iso_8601', false), "
                                                  "pg_catalog.set_config('bytea_output', 'hex', false), pg_catalog.set_config('extra_float_digits', '1', false)",
                                      &value, 1, NULL, NULL, err);
    text_release(&path);
    return status;
}

/* A null, of which nothing else tells what it is, is a text. */
static PGresult *prepare(struct answer *a, const struct arguments *arguments, size_t count)
{
    const struct pq_library *api = &a->session->api;
    PGresult *result = api->prepare(a->session->connection, STATEMENT, a->sql, (int)count, arguments->types);

    if (!has_state(a, result, INDETERMINATE_TYPE) || !a->session->read_only) /* in a transaction there is no second try */
        return result;
    for (size_t i = 0; i < count; i++)
        if (!arguments->texts[i])
            arguments->types[i] = OID_TEXT;
    api->clear(result);
    return api->prepare(a->session->connection, STATEMENT, a->sql, (int)count, arguments->types);
}

/* Without values the statement stayed as it is, and Postgres would speak of its protocol. */
static enum spile_status check_values(const struct answer *a, const PGresult *description, size_t count, struct spile_error *err)
{
    if (count || !a->session->api.nparams(description))
        return SPILE_OK;
    return spile_fail(err, SPILE_USAGE, "place-holder $%d has no value: none are given", a->session->api.nparams(description));
}

static enum spile_status describe(struct answer *a, const struct arguments *arguments, size_t count, struct spile_error *err)
{
    const struct pq_library *api = &a->session->api;
    PGresult *result = prepare(a, arguments, count);
    enum spile_status status = SPILE_OK;

    if (api->resultStatus(result) == PGRES_COMMAND_OK) {
        api->clear(result);
        result = api->describePrepared(a->session->connection, STATEMENT);
    }
    if (api->resultStatus(result) == PGRES_COMMAND_OK)
        status = check_values(a, result, count, err);
    else
        status = fail(a, result, err);
    if (!status)
        status = make_columns(a, result, err);
    api->clear(result);
    return status;
}

/* What gives no rows is there for its effects, some of which a transaction that only reads allows: COPY into a file of the server's. */
static enum spile_status fail_effects(struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "the statement gives no rows");
    return spile_hint(err, SPILE_DESTINATION, "%s", ANSWER_READS_ONLY);
}

static enum spile_status send(struct answer *a, const struct arguments *arguments, size_t count, struct spile_error *err)
{
    const struct pq_library *api = &a->session->api;
    PGconn *connection = a->session->connection;

    if (!api->sendQueryPrepared(connection, STATEMENT, (int)count, arguments->texts, arguments->lengths, arguments->formats, 0))
        return fail(a, NULL, err);
    a->sent = true;
    return api->setSingleRowMode(connection) ? SPILE_OK : spile_fail(err, SPILE_FAILED, "libpq can't give rows one by one");
}

static enum spile_status fail_transaction(struct spile_error *err)
{
    spile_fail(err, SPILE_USAGE, "a statement can't begin or end a transaction: each is one");
    return spile_hint(err, SPILE_USAGE, "leave BEGIN, COMMIT, ROLLBACK and SAVEPOINT out");
}

static bool is_transaction(const char *command)
{
    static const char *const commands[] = { "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PREPARE TRANSACTION", NULL };

    for (const char *const *one = commands; *one; one++)
        if (!strcmp(command, *one))
            return true;
    return false;
}

/* Such a transaction lets some things through, tables of EXPLAIN ANALYZE CREATE TABLE among them: it is never committed, and ends with the connection. Nor
 * can a procedure end it. The statement is prepared before, when a failure does no harm. */
static enum spile_status read_only_send(struct answer *a, const struct arguments *arguments, size_t count, struct spile_error *err)
{
    enum spile_status status = pg_execute(a->session, "BEGIN READ ONLY", NULL, 0, NULL, NULL, err);

    return status ? status : send(a, arguments, count, err);
}

/* One of the results of a statement that changes something; the last one tells how many rows. */
static enum spile_status take_result(struct answer *a, PGresult *result, uint64_t *changed, struct spile_error *err)
{
    const struct pq_library *api = &a->session->api;

    switch (api->resultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
        return SPILE_OK;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        spile_fail(err, SPILE_USAGE, "a statement can't copy rows from or to the client");
        return spile_hint(err, SPILE_USAGE, "load the rows with spile, or query them");
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (is_transaction(api->cmdStatus(result)))
            return fail_transaction(err);
        if (strncmp(api->cmdStatus(result), "SELECT", 6))
            *changed = strtoull(api->cmdTuples(result), NULL, 10);
        return SPILE_OK;
    default:
        return fail(a, result, err);
    }
}

/* Runs to its end, rows or not. A copy that has begun would go on for ever. */
static enum spile_status run_through(struct answer *a, const struct arguments *arguments, size_t count, uint64_t *changed, struct spile_error *err)
{
    const struct pq_library *api = &a->session->api;
    enum spile_status status = send(a, arguments, count, err);
    bool copies = false, answered = false;
    PGresult *result;

    while (a->sent && !copies && (result = api->getResult(a->session->connection))) {
        ExecStatusType kind = api->resultStatus(result);

        answered = true;
        copies = kind == PGRES_COPY_IN || kind == PGRES_COPY_OUT || kind == PGRES_COPY_BOTH;
        if (!status)
            status = take_result(a, result, changed, err);
        api->clear(result);
    }
    a->sent = false;
    return status || answered ? status : fail(a, NULL, err);
}

static enum spile_status run(struct answer *a, const char *dataset, const char *sql, const struct datum *values, size_t count, uint64_t *changed,
                             struct spile_error *err)
{
    struct arguments arguments;
    enum spile_status status = set_session(a, dataset, err);

    a->sql = sql;
    if (!status && !arena_copy_text(&a->arena, &a->sql))
        status = spile_fail_nomem(err);
    if (!status)
        status = set_arguments(&arguments, values, count, &a->arena, err);
    if (!status)
        status = describe(a, &arguments, count, err);
    if (status)
        return status;
    if (!a->session->read_only)
        return run_through(a, &arguments, count, changed, err);
    return a->width ? read_only_send(a, &arguments, count, err) : fail_effects(err);
}

enum spile_status pg_query(struct pg_session *session, const char *dataset, const char *sql, const struct datum *values, size_t count,
                           struct ArrowArrayStream *out, uint64_t *changed, struct spile_error *err)
{
    struct answer *a = calloc(1, sizeof(*a));
    enum spile_status status;

    *out = (struct ArrowArrayStream){ 0 };
    *changed = 0;
    if (!a)
        return spile_fail_nomem(err);
    a->session = session;
    status = pg_check_interrupted(session, err);
    if (!status && !session->connection)
        status = pg_connect(session, err);
    if (!status)
        status = run(a, dataset, sql, values, count, changed, err);
    if (!status && session->read_only)
        return answer_stream(out, &answer_ops, a, a->columns, a->width, err);
    end(a);
    return status;
}
