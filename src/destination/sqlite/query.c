/* SQLite has types of values, not of columns: a column of the answer gets the type that its declaration promises, or the first value has, if all of the first
 * rows keep to that; else it is one of texts. */
#include "destination/sqlite/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "destination/sql/answer.h"
#include "destination/sqlite/types.h"

#define FIRST_ROWS 256u

struct cell {
    int kind; /* SQLite's: SQLITE_INTEGER, ... */
    int64_t number;
    double real;
    struct slice bytes; /* of a text or a blob */
};

struct answer {
    struct sqlite_database *d;
    sqlite3_stmt *statement;
    struct arena arena;
    struct answer_column *columns;
    size_t width;
    struct cell *first; /* rows that were looked at before the stream began */
    size_t first_count, given;
    bool ended;         /* there are no rows behind those */
    struct text scratch;
};

static void end(void *source)
{
    struct answer *a = source;

    sqlite3_finalize(a->statement);
    text_release(&a->scratch);
    arena_release(&a->arena);
    free(a);
}

/* ---- failures ------------------------------------------------------------------------------------------------------------------- */

/* Where in the statement, by the words that stand there. */
static enum spile_status within_statement(struct sqlite_database *d, const char *sql, enum spile_status status, struct spile_error *err)
{
    int at = sqlite3_error_offset(d->connection);
    char extract[SHORTEN_BYTES];

    if (at < 0 || (size_t)at >= strlen(sql))
        return status;
    return spile_within(err, status, "\"%s\" in the statement", shorten(extract, sql + at, strlen(sql + at)));
}

static enum spile_status fail_transaction(struct spile_error *err)
{
    spile_fail(err, SPILE_USAGE, "a statement can't begin or end a transaction: each is one");
    return spile_hint(err, SPILE_USAGE, "leave BEGIN, COMMIT, ROLLBACK and SAVEPOINT out");
}

/* For constraints there are remedies of loads, where it is not the user who has written the statement. */
static enum spile_status fail_constraint(struct sqlite_database *d, const char *what, struct spile_error *err)
{
    enum spile_status status = connection_fail(d, what, err);

    if (err)
        err->hint[0] = '\0';
    return status;
}

/* SQLITE_READONLY with nothing more is `PRAGMA query_only`; what else can't be written has a code of its own. */
static enum spile_status fail(struct sqlite_database *d, const char *what, struct spile_error *err)
{
    int code = sqlite3_extended_errcode(d->connection);
    bool denied = (code & 0xFF) == SQLITE_AUTH;

    if (denied && !d->read_only)
        return fail_transaction(err);
    if ((code & 0xFF) == SQLITE_CONSTRAINT)
        return fail_constraint(d, what, err);
    if (!d->read_only || !(denied || code == SQLITE_READONLY))
        return connection_fail(d, what, err);
    spile_fail(err, SPILE_DESTINATION, "%s: %s", what, sqlite3_errmsg(d->connection));
    return spile_hint(err, SPILE_DESTINATION, "%s", ANSWER_READS_ONLY);
}

/* ---- values --------------------------------------------------------------------------------------------------------------------- */

static struct cell read_cell(sqlite3_stmt *statement, int column)
{
    struct cell cell = { .kind = sqlite3_column_type(statement, column) };

    switch (cell.kind) {
    case SQLITE_INTEGER:
        cell.number = sqlite3_column_int64(statement, column);
        break;
    case SQLITE_FLOAT:
        cell.real = sqlite3_column_double(statement, column);
        break;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        cell.bytes.text = cell.kind == SQLITE_TEXT ? (const char *)sqlite3_column_text(statement, column) : sqlite3_column_blob(statement, column);
        cell.bytes.length = (size_t)sqlite3_column_bytes(statement, column);
        break;
    }
    if (!cell.bytes.text)
        cell.bytes.text = "";
    return cell;
}

static void put_digits(struct text *out, const struct cell *cell)
{
    char digits[DOUBLE_CHARS];

    if (cell->kind == SQLITE_INTEGER)
        text_printf(out, "%lld", (long long)cell->number);
    else if (cell->real - cell->real != 0)
        text_puts(out, cell->real > 0 ? "Infinity" : "-Infinity");
    else
        text_append(out, digits, double_format(cell->real, digits));
}

/* As a text: of a blob base64. Lives until the next one. */
static struct slice text_of(struct answer *a, const struct cell *cell)
{
    if (cell->kind == SQLITE_TEXT)
        return cell->bytes;
    text_clear(&a->scratch);
    if (cell->kind == SQLITE_BLOB)
        base64_append(&a->scratch, cell->bytes);
    else
        put_digits(&a->scratch, cell);
    return text_slice(&a->scratch);
}

/* A value as its column's type wants it. */
struct typed {
    bool fits;
    int64_t number;
    double real;
    int128 wide;
};

static struct typed as_integer(const struct cell *cell)
{
    return (struct typed){ .fits = cell->kind == SQLITE_INTEGER, .number = cell->number };
}

/* An integer only as far as it is exact. */
static struct typed as_double(const struct cell *cell)
{
    if (cell->kind == SQLITE_FLOAT)
        return (struct typed){ .fits = true, .real = cell->real };
    return (struct typed){ .fits = cell->kind == SQLITE_INTEGER && cell->number >= -(INT64_C(1) << 53) && cell->number <= INT64_C(1) << 53,
                           .real = (double)cell->number };
}

static struct typed as_decimal(const struct cell *cell, const struct column_type *type)
{
    int precision = column_type_precision(type), scale = column_type_scale(type);
    struct typed typed = { .fits = false };

    if (cell->kind == SQLITE_TEXT)
        typed.fits = decimal_from_text(cell->bytes.text, cell->bytes.length, precision, scale, &typed.wide);
    else if (cell->kind == SQLITE_INTEGER)
        typed.fits = decimal_from_integer(cell->number, precision, scale, &typed.wide);
    else if (cell->kind == SQLITE_FLOAT)
        typed.fits = decimal_from_double(cell->real, precision, scale, &typed.wide);
    return typed;
}

static struct typed as_timestamp(const struct cell *cell)
{
    struct timestamp timestamp;
    bool fits = cell->kind == SQLITE_TEXT && timestamp_read(cell->bytes.text, cell->bytes.length, &timestamp);

    return fits ? (struct typed){ .fits = true, .number = timestamp_utc(&timestamp) } : (struct typed){ .fits = false };
}

static struct typed as_date(const struct cell *cell)
{
    struct typed typed = { .fits = cell->kind == SQLITE_TEXT && date_detect(cell->bytes.text, cell->bytes.length) };
    int32_t days;

    typed.fits = typed.fits && date_from_text(cell->bytes.text, cell->bytes.length, &days);
    typed.number = typed.fits ? days : 0;
    return typed;
}

static struct typed as_time(const struct cell *cell)
{
    struct typed typed = { .fits = false };

    typed.fits = cell->kind == SQLITE_TEXT && time_from_text(cell->bytes.text, cell->bytes.length, &typed.number);
    return typed;
}

/* Texts fit by being texts; null fits anywhere. */
static struct typed as_type(const struct cell *cell, const struct column_type *type)
{
    switch (type->type) {
    case TYPE_BOOL:
        return (struct typed){ .fits = cell->kind == SQLITE_INTEGER && (cell->number == 0 || cell->number == 1), .number = cell->number };
    case TYPE_BIGINT:
        return as_integer(cell);
    case TYPE_DOUBLE:
        return as_double(cell);
    case TYPE_DECIMAL:
        return as_decimal(cell, type);
    case TYPE_TIMESTAMP:
        return as_timestamp(cell);
    case TYPE_DATE:
        return as_date(cell);
    case TYPE_TIME:
        return as_time(cell);
    case TYPE_BINARY:
        return (struct typed){ .fits = cell->kind == SQLITE_BLOB };
    default:
        return (struct typed){ .fits = true };
    }
}

static bool put_typed(struct answer *a, const struct cell *cell, const struct typed *typed, struct column_builder *column, uint32_t row)
{
    struct slice text;

    switch (column->type.type) {
    case TYPE_BOOL:
        return column_put_bool(column, row, typed->number);
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
        return column_put_i64(column, row, typed->number);
    case TYPE_DATE:
        return column_put_i32(column, row, (int32_t)typed->number);
    case TYPE_DOUBLE:
        return column_put_f64(column, row, typed->real);
    case TYPE_DECIMAL:
        return column_put_i128(column, row, typed->wide);
    case TYPE_BINARY:
        return column_put_text(column, row, cell->bytes.text, cell->bytes.length);
    default:
        text = text_of(a, cell);
        return !a->scratch.failed && column_put_text(column, row, text.text, text.length);
    }
}

static enum spile_status put_cell(struct answer *a, const struct cell *cell, size_t column, struct column_builder *builder, uint32_t row, struct spile_error *err)
{
    struct typed typed;

    if (cell->kind == SQLITE_NULL)
        return SPILE_OK;
    typed = as_type(cell, &builder->type);
    if (!typed.fits)
        return answer_fail_value(a->columns[column].name, text_of(a, cell), err);
    return put_typed(a, cell, &typed, builder, row) ? SPILE_OK : spile_fail_nomem(err);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------------------- */

static enum spile_status step(struct answer *a, bool *more, struct spile_error *err)
{
    int code = a->ended ? SQLITE_DONE : sqlite3_step(a->statement);

    *more = code == SQLITE_ROW;
    a->ended = code != SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? SPILE_OK : fail(a->d, "SQLite failed", err);
}

static enum spile_status next(void *source, struct column_builder *columns, uint32_t row, bool *more, struct spile_error *err)
{
    struct answer *a = source;
    bool early = a->given < a->first_count;
    enum spile_status status = SPILE_OK;

    *more = true;
    if (!early)
        status = step(a, more, err);
    for (size_t i = 0; !status && *more && i < a->width; i++) {
        struct cell live = early ? a->first[a->given * a->width + i] : read_cell(a->statement, (int)i);

        status = put_cell(a, &live, i, &columns[i], row, err);
    }
    a->given += early;
    return status;
}

static const struct answer_ops answer_ops = { next, end };

static enum spile_status keep_row(struct answer *a, struct spile_error *err)
{
    for (size_t i = 0; i < a->width; i++) {
        struct cell *cell = &a->first[a->first_count * a->width + i];

        *cell = read_cell(a->statement, (int)i);
        cell->bytes.text = arena_copy(&a->arena, cell->bytes.text, cell->bytes.length);
        if (!cell->bytes.text)
            return spile_fail_nomem(err);
    }
    a->first_count++;
    return SPILE_OK;
}

static enum spile_status read_first_rows(struct answer *a, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    bool more = true;

    a->first = arena_alloc(&a->arena, FIRST_ROWS * a->width * sizeof(*a->first));
    if (!a->first)
        return spile_fail_nomem(err);
    while (!status && more && a->first_count < FIRST_ROWS) {
        status = step(a, &more, err);
        if (!status && more)
            status = keep_row(a, err);
    }
    return status;
}

/* ---- types of columns ------------------------------------------------------------------------------------------------------------- */

static bool begins(const char *type, const char *word)
{
    return !strncasecmp(type, word, strlen(word));
}

/* NUMERIC(10,2). False: without parameters, or with such as no decimal has. */
static bool read_decimal(const char *declared, struct column_type *type)
{
    const char *open = strchr(declared, '(');
    int precision, scale;

    if (!open || sscanf(open, "(%d ,%d )", &precision, &scale) != 2 || precision < 1 || precision > 38 || scale < 0 || scale > precision)
        return false;
    *type = (struct column_type){ TYPE_DECIMAL, precision, scale, false };
    return true;
}

static struct column_type promised_type(const char *declared)
{
    struct column_type type = { TYPE_UNKNOWN, -1, -1, false };

    if (!declared)
        return type;
    if (begins(declared, "BOOL"))
        type.type = TYPE_BOOL;
    else if (begins(declared, "DATETIME") || begins(declared, "TIMESTAMP"))
        type.type = TYPE_TIMESTAMP;
    else if (begins(declared, "DATE"))
        type.type = TYPE_DATE;
    else if (begins(declared, "TIME"))
        type.type = TYPE_TIME;
    else if (begins(declared, "JSON"))
        type.type = TYPE_JSON;
    else if ((begins(declared, "DEC") || begins(declared, "NUM")) && read_decimal(declared, &type))
        return type;
    else if (begins(declared, "BLOB"))
        type.type = TYPE_BINARY;
    else if (affinity_of(declared) == AFFINITY_INTEGER)
        type.type = TYPE_BIGINT;
    else if (affinity_of(declared) == AFFINITY_TEXT)
        type.type = TYPE_TEXT;
    else if (affinity_of(declared) == AFFINITY_REAL)
        type.type = TYPE_DOUBLE;
    return type;
}

static struct column_type type_of_value(const struct cell *cell)
{
    struct column_type type = { TYPE_TEXT, -1, -1, false };

    if (cell->kind == SQLITE_INTEGER)
        type.type = TYPE_BIGINT;
    else if (cell->kind == SQLITE_FLOAT)
        type.type = TYPE_DOUBLE;
    else if (cell->kind == SQLITE_BLOB)
        type.type = TYPE_BINARY;
    return type;
}

static bool all_fit(const struct answer *a, size_t column, const struct column_type *type)
{
    bool fit = true;

    for (size_t row = 0; fit && row < a->first_count; row++) {
        const struct cell *cell = &a->first[row * a->width + column];

        fit = cell->kind == SQLITE_NULL || as_type(cell, type).fits;
    }
    return fit;
}

static struct column_type choose_type(const struct answer *a, size_t column)
{
    struct column_type type = promised_type(sqlite3_column_decltype(a->statement, (int)column)), real = { TYPE_DOUBLE, -1, -1, false };

    for (size_t row = 0; type.type == TYPE_UNKNOWN && row < a->first_count; row++)
        if (a->first[row * a->width + column].kind != SQLITE_NULL)
            type = type_of_value(&a->first[row * a->width + column]);
    if (type.type != TYPE_UNKNOWN && all_fit(a, column, &type))
        return type;
    return type.type == TYPE_BIGINT && all_fit(a, column, &real) ? real : (struct column_type){ TYPE_TEXT, -1, -1, false };
}

static enum spile_status make_columns(struct answer *a, struct spile_error *err)
{
    a->columns = arena_zalloc(&a->arena, a->width * sizeof(*a->columns));
    if (!a->columns)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < a->width; i++) {
        const char *name = sqlite3_column_name(a->statement, (int)i);

        a->columns[i] = (struct answer_column){ name ? name : "", choose_type(a, i) };
        if (!arena_copy_text(&a->arena, &a->columns[i].name))
            return spile_fail_nomem(err);
    }
    return SPILE_OK;
}

/* ---- the statement ---------------------------------------------------------------------------------------------------------------- */

/* A pragma whose argument is what it is to tell of; others set it. */
static bool only_tells(const char *pragma)
{
    static const char *const names[] = { "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
                                         "foreign_key_list", "foreign_key_check", "integrity_check", "quick_check", NULL };

    for (const char *const *name = names; *name; name++)
        if (!strcasecmp(pragma, *name))
            return true;
    return false;
}

/* What `PRAGMA query_only` lets through: other files (VACUUM INTO attaches one), and itself. Of a statement that writes: transactions, which are ours. */
static int authorize(void *user, int action, const char *one, const char *two, const char *three, const char *four)
{
    const struct sqlite_database *d = user;

    (void)one, (void)three, (void)four;
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return SQLITE_DENY;
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
        return d->read_only ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
        return d->read_only && two && !only_tells(one) ? SQLITE_DENY : SQLITE_OK;
    default:
        return SQLITE_OK;
    }
}

/* White space and comments are no statement. */
static bool is_alone(struct sqlite_database *d, const char *tail)
{
    sqlite3_stmt *statement = NULL;

    while (*tail && !statement && !sqlite3_prepare_v2(d->connection, tail, -1, &statement, &tail))
        ;
    sqlite3_finalize(statement);
    return !statement && !*tail;
}

static enum spile_status prepare(struct answer *a, const char *sql, struct spile_error *err)
{
    const char *tail = "";

    if (sqlite3_prepare_v2(a->d->connection, sql, -1, &a->statement, &tail)) {
        enum spile_status status = fail(a->d, "SQLite refused a statement", err);

        return within_statement(a->d, sql, status, err);
    }
    if (!a->statement)
        return spile_fail(err, SPILE_USAGE, "there is no statement");
    if (is_alone(a->d, tail))
        return SPILE_OK;
    spile_fail(err, SPILE_USAGE, "these are several statements");
    return spile_hint(err, SPILE_USAGE, "run them one by one");
}

static enum spile_status prepare_guarded(struct answer *a, const char *sql, struct spile_error *err)
{
    enum spile_status status;

    sqlite3_set_authorizer(a->d->connection, authorize, a->d);
    status = prepare(a, sql, err);
    if (!a->d->read_only) /* else it stays: VACUUM attaches when it runs */
        sqlite3_set_authorizer(a->d->connection, NULL, NULL);
    return status;
}

/* A variable that has no value is null to SQLite. Ours are all those that have been translated, or there are none. */
static enum spile_status check_bound(const struct answer *a, size_t count, struct spile_error *err)
{
    for (int i = sqlite3_bind_parameter_count(a->statement); i; i--) {
        const char *name = sqlite3_bind_parameter_name(a->statement, i);

        if (!name || *name != '$' || strspn(name + 1, "0123456789") < strlen(name + 1) || strtoull(name + 1, NULL, 10) > count)
            return spile_fail(err, SPILE_USAGE, "place-holder %s has no value", name ? name : "?");
    }
    return SPILE_OK;
}

/* SQLite reads them as long as there are rows. */
static enum spile_status bind(struct answer *a, const struct datum *values, size_t count, struct spile_error *err)
{
    struct datum *kept = arena_alloc(&a->arena, count * sizeof(*kept));
    enum spile_status status = check_bound(a, count, err);

    if (status)
        return status;
    for (size_t i = 0; kept && i < count; i++) {
        kept[i] = values[i];
        if (!values[i].text.length)
            continue;
        kept[i].text.text = arena_copy(&a->arena, values[i].text.text, values[i].text.length);
        if (!kept[i].text.text)
            return spile_fail_nomem(err);
    }
    if (!kept)
        return spile_fail_nomem(err);
    return connection_bind(a->statement, kept, count) ? connection_fail(a->d, "SQLite refused a value", err) : SPILE_OK;
}

static enum spile_status run(struct answer *a, const char *sql, const struct datum *values, size_t count, uint64_t *changed, struct spile_error *err)
{
    sqlite3_int64 before = sqlite3_total_changes64(a->d->connection);
    enum spile_status status = prepare_guarded(a, sql, err);

    if (!status)
        status = bind(a, values, count, err);
    if (status)
        return status;
    a->width = (size_t)sqlite3_column_count(a->statement);
    status = read_first_rows(a, err);
    if (!status && sqlite3_total_changes64(a->d->connection) != before)
        *changed = (uint64_t)sqlite3_changes64(a->d->connection);
    return status;
}

static enum spile_status fail_absent(struct sqlite_database *d, struct spile_error *err)
{
    spile_fail(err, SPILE_DESTINATION, "there is no database \"%s\"", d->path);
    return spile_hint(err, SPILE_DESTINATION, "are path and dataset right? A load makes it");
}

enum spile_status sqlite_query(struct destination *destination, const char *dataset, const char *sql, const struct datum *values, size_t count,
                               struct ArrowArrayStream *out, uint64_t *changed, struct spile_error *err)
{
    struct sqlite_database *d = (struct sqlite_database *)destination;
    struct answer *a = calloc(1, sizeof(*a));
    enum spile_status status = a ? connection_use(d, dataset, false, err) : spile_fail_nomem(err);

    *out = (struct ArrowArrayStream){ 0 };
    *changed = 0;
    if (!a)
        return status;
    a->d = d;
    if (!status && d->in_memory)
        status = fail_absent(d, err);
    if (!status)
        status = run(a, sql, values, count, changed, err);
    if (!status && a->width)
        status = make_columns(a, err);
    if (!status && a->width)
        return answer_stream(out, &answer_ops, a, a->columns, a->width, err);
    end(a);
    return status;
}
