/* spile query: a statement of SQL, with parameters, and its rows. */
#include "query.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrow_stream.h"
#include "destinations.h"
#include "report.h"
#include "signals.h"

#define SQL_BYTES_MAX ((size_t)64 << 20)

/* ---- options --------------------------------------------------------------------------------------------------------------- */

struct parameter_list {
    const char **texts;
    size_t count;
};

struct query_options {
    const char *to, *dataset, *output;
    struct parameter_list parameters;
    enum spile_stream_format format;
    uint64_t limit, memory;
    bool has_format, write, quiet, help;
};

static const char *const format_words[] = { [SPILE_FORMAT_TABLE] = "table", [SPILE_FORMAT_CSV] = "csv",   [SPILE_FORMAT_JSONL] = "jsonl",
                                            [SPILE_FORMAT_ARROW] = "arrow", [SPILE_FORMAT_ARROW_STREAM] = "arrow-stream", NULL };

static bool parse_format(const struct option_row *row, const char *value, void *field)
{
    struct query_options *options = field;
    int found = option_word(row->words, value);

    options->has_format = true;
    if (found >= 0)
        options->format = (enum spile_stream_format)found;
    return found >= 0;
}

static bool parse_parameter(const struct option_row *row, const char *value, void *field)
{
    struct parameter_list *list = field;

    (void)row;
    list->texts = allocated(realloc(list->texts, (list->count + 1) * sizeof(*list->texts)));
    list->texts[list->count++] = value;
    return true;
}

#define FIELD(name) .offset = offsetof(struct query_options, name)
#define TEXT_ALLOWED "a text that is not empty"

static const struct option_row query_rows[] = {
    { .name = "to", .argument = "DESTINATION", .parse = option_text, FIELD(to), .allowed = DESTINATION_FORMS,
      .help = "database to ask: " DESTINATION_FORMS, .fallback = "that of PIPELINE's last run" },
    { .name = "dataset", .argument = "NAME", .parse = option_text, FIELD(dataset), .allowed = TEXT_ALLOWED,
      .help = "schema of the names that have none", .fallback = "<pipeline>_dataset" },
    { .name = "param", .letter = 'p', .argument = "VALUE", .parse = parse_parameter, FIELD(parameters), .list = true, .allowed = "a value or NAME=VALUE",
      .help = "value of the next place-holder, or NAME=VALUE of the one with that name; may come more than once. What is a number, true, false, null or a "
              "text in quotes in JSON is that; all else is a text as it stands" },
    { .name = "format", .argument = "WORD", .parse = parse_format, .allowed = "table, csv, jsonl, arrow or arrow-stream", .words = format_words,
      .help = "table for people, csv, jsonl (a JSON object per line), arrow (a file of Arrow's), arrow-stream", .fallback = "table" },
    { .name = "output", .argument = "FILE", .parse = option_text, FIELD(output), .allowed = TEXT_ALLOWED, .help = "write the rows into this file" },
    { .name = "limit", .argument = "N", .parse = option_number, FIELD(limit), .least = 1, .most = INT64_MAX, .help = "print the first N rows only",
      .fallback = "all" },
    { .name = "write", .parse = option_switch, FIELD(write), .help = "the statement may change the database: it is committed when it succeeds, and its rows "
      "are not printed" },
    { .name = "memory", .argument = "SIZE", .parse = option_size, FIELD(memory), .least = 1, .most = INT64_MAX, .allowed = OPTION_SIZE_ALLOWED,
      .help = "limit for the database, such as 512M, 2G or 64MiB", .fallback = "a quarter of the machine's memory, at most 2G" },
    { .name = "quiet", .letter = 'q', .parse = option_switch, FIELD(quiet), .help = "do not tell how many rows there were" },
    { .name = "help", .letter = 'h', .final = true, .parse = option_switch, FIELD(help), .help = "print this text" },
    { .name = NULL },
};

const struct command query_command = {
    .name = "spile query",
    .summary = "Runs a statement of SQL on a database and prints its rows. It only reads, unless --write is given: the database itself refuses to change "
               "anything, and to touch files beside it.",
    .examples = "  spile query --to shop.duckdb \"select * from orders\"\n"
                "  spile query shop \"select * from orders where id = %s\" -p 7 --format csv\n"
                "  spile query shop \"insert into customers values (:id, :name)\" -p id=7 -p name=Ann --write\n"
                "  spile query shop @report.sql --format arrow --output report.arrow",
    .usage = "[PIPELINE] SQL|@FILE|- [--to DESTINATION] [OPTION...]",
    .details = "@FILE reads the statement from a file, - from standard input.\n"
               "\n"
               "Place-holders: %s, ?, or $1 and ?1; with names %(name)s, :name or $name. Values are\n"
               "bound, never put into the SQL. Beside %s a percent sign is written %%; beside ? the\n"
               "operator of JSON is ??. '\"5\"' is the text 5, and '\"a=b\"' the text a=b.\n"
               "\n"
               "Dates and times are printed as ISO 8601, binary as base64, nested values as JSON.\n"
               "In CSV an empty field is NULL, \"\" an empty text.\n"
               "\n"
               "Exit codes: 0 done, 2 wrong usage, 3 no run of the pipeline yet, 5 the database\n"
               "  refused the statement, 8 locked by another run, 130 and 143 stopped by ctrl-C or\n"
               "  SIGTERM.",
    .options = query_rows,
    .run = query_run,
};

/* ---- the statement --------------------------------------------------------------------------------------------------------- */

static enum spile_status fail_read(const char *path, const char *why, struct spile_error *err)
{
    return fail(err, SPILE_USAGE, "cannot read the statement from \"%s\": %s", path, why);
}

/* To be freed. */
static enum spile_status file_read_all(FILE *file, const char *path, char **text, struct spile_error *err)
{
    size_t length = 0, capacity = 4096;

    *text = allocated(malloc(capacity));
    while (!feof(file) && !ferror(file) && length < SQL_BYTES_MAX) {
        if (capacity - length < 2)
            *text = allocated(realloc(*text, capacity *= 2));
        length += fread(*text + length, 1, capacity - length - 1, file);
    }
    (*text)[length] = '\0';
    if (ferror(file))
        return fail_read(path, strerror(errno), err);
    if (length >= SQL_BYTES_MAX)
        return fail_read(path, "it is too long", err);
    return strlen(*text) == length ? SPILE_OK : fail_read(path, "there is a zero byte in it", err);
}

/* To be freed. */
static enum spile_status statement_read(const char *operand, char **sql, struct spile_error *err)
{
    FILE *file;
    enum spile_status status;

    *sql = NULL;
    if (strcmp(operand, "-") == 0)
        return file_read_all(stdin, "-", sql, err);
    if (*operand != '@') {
        *sql = allocated(strdup(operand));
        return SPILE_OK;
    }
    file = fopen(operand + 1, "r");
    if (!file)
        return fail_read(operand + 1, strerror(errno), err);
    status = file_read_all(file, operand + 1, sql, err);
    fclose(file);
    return status;
}

/* ---- parameters ------------------------------------------------------------------------------------------------------------ */

/* Bytes of NAME in "NAME=VALUE"; 0: the text is a value. */
static size_t name_length(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return length && text[length] == '=' && !(*text >= '0' && *text <= '9') ? length : 0;
}

/* A JSON scalar, or the text as it stands. */
static void parameter_set(struct spile_item *item, const char *path, const char *text)
{
    struct spile_item *trial = NULL;
    enum spile_kind kind;

    spile_item_new(&trial, NULL);
    spile_item_set_json(allocated(trial), "value", text);
    kind = spile_item_kind(trial, "value");
    spile_item_free(trial);
    if (kind == SPILE_ABSENT || kind == SPILE_OBJECT || kind == SPILE_LIST)
        spile_item_set_text(item, path, text);
    else
        spile_item_set_json(item, path, text);
}

static enum spile_status fail_mixed(const char *first, const char *other, struct spile_error *err)
{
    fail(err, SPILE_USAGE, "either all parameters have names or none: \"%s\" and \"%s\"", first, other);
    return hint(err, SPILE_USAGE, "a text with \"=\" in it is written as JSON: -p '\"a=b\"'");
}

static enum spile_status parameters_fill(struct spile_item *item, const struct parameter_list *list, struct spile_error *err)
{
    bool named = list->count && name_length(list->texts[0]);

    for (size_t i = 0; i < list->count; i++) {
        size_t length = name_length(list->texts[i]);
        char *name = allocated(strndup(list->texts[i], length));
        bool twice = named && spile_item_kind(item, name) != SPILE_ABSENT;

        if (!twice && named == (length > 0))
            parameter_set(item, named ? name : "[]", list->texts[i] + (named ? length + 1 : 0));
        free(name);
        if (named != (length > 0))
            return fail_mixed(list->texts[0], list->texts[i], err);
        if (twice)
            return fail(err, SPILE_USAGE, "parameter \"%.*s\" is given twice", (int)length, list->texts[i]);
    }
    return SPILE_OK;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------ */

struct output {
    FILE *file;
    const char *path; /* NULL: standard output */
    bool safe;        /* a terminal, that data must not drive */
    bool closed;      /* the reader has gone away: enough is written */
};

static enum spile_status output_write(void *user, const void *bytes, size_t length, struct spile_error *err)
{
    struct output *out = user;

    signals_repeat();
    errno = 0;
    if (out->safe)
        safe_write(bytes, length);
    else
        fwrite(bytes, 1, length, out->file);
    if (!ferror(out->file))
        return SPILE_OK;
    out->closed = errno == EPIPE && !out->path;
    return fail(err, SPILE_FAILED, "cannot write to %s: %s", out->path ? out->path : "standard output", errno ? strerror(errno) : "a write failed");
}

static unsigned screen_width(void)
{
    struct winsize window;

    if (!isatty(STDOUT_FILENO))
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
}

static enum spile_status output_open(struct output *out, const struct query_options *options, struct spile_error *err)
{
    bool arrow = options->format == SPILE_FORMAT_ARROW || options->format == SPILE_FORMAT_ARROW_STREAM;

    *out = (struct output){ .file = stdout, .path = options->output, .safe = !options->output && isatty(STDOUT_FILENO) };
    if (out->safe && arrow)
        return hint(err, fail(err, SPILE_USAGE, "--format %s is not for a terminal", format_words[options->format]), "add --output FILE");
    if (out->path && !(out->file = fopen(out->path, "wb")))
        return fail(err, SPILE_FAILED, "cannot write \"%s\": %s", out->path, strerror(errno));
    return SPILE_OK;
}

/* What is not whole goes, if it is a file. */
static enum spile_status output_close(struct output *out, enum spile_status status, struct spile_error *err)
{
    struct stat found;

    if (!out->path || !out->file)
        return status;
    if (fclose(out->file) != 0 && status == SPILE_OK)
        status = fail(err, SPILE_FAILED, "cannot write \"%s\": %s", out->path, strerror(errno));
    if (status != SPILE_OK && stat(out->path, &found) == 0 && S_ISREG(found.st_mode))
        unlink(out->path);
    return status;
}

static void tell_rows(const struct query_options *options, uint64_t rows, const char *what)
{
    if (!options->quiet)
        fprintf(stderr, "(%" PRIu64 " row%s%s)\n", rows, rows == 1 ? "" : "s", what);
}

/* ---- running --------------------------------------------------------------------------------------------------------------- */

/* The file is opened when there is something to write: a wrong statement leaves it as it is. */
static enum spile_status rows_print(struct spile_pipeline *pipeline, const struct query_options *options, const char *sql, struct spile_item *parameters,
                                    struct spile_error *err)
{
    struct ArrowArrayStream stream = { .release = NULL };
    struct output out = { .file = NULL };
    uint64_t rows = 0;
    enum spile_status status = spile_query(pipeline, sql, parameters, &stream, err);

    if (status != SPILE_OK)
        return status;
    signals_repeat();
    status = output_open(&out, options, err);
    if (status == SPILE_OK)
        status = spile_stream_write(&stream, SPILE_STREAM_OPTIONS(.format = options->format, .width = options->output ? 0 : screen_width(), .limit = options->limit),
                                    output_write, &out, &rows, err);
    if (stream.release)
        stream.release(&stream);
    status = output_close(&out, status, err);
    if (status != SPILE_OK)
        return out.closed ? SPILE_OK : status;
    status = output_finish(err);
    if (status == SPILE_OK)
        tell_rows(options, rows, "");
    return status;
}

static enum spile_status statement_execute(struct spile_pipeline *pipeline, const struct query_options *options, const char *sql,
                                           struct spile_item *parameters, struct spile_error *err)
{
    uint64_t changed;
    enum spile_status status;

    if (options->has_format || options->output || options->limit)
        return hint(err, fail(err, SPILE_USAGE, "with --write no rows are printed"), "leave --format, --output and --limit out");
    status = spile_execute(pipeline, sql, parameters, &changed, err);
    if (status == SPILE_OK)
        tell_rows(options, changed, " changed");
    return status;
}

/* A signal stops what is running; what comes after it must not begin. */
static enum spile_status statement_run(struct spile_pipeline *pipeline, const struct query_options *options, const char *sql, struct spile_error *err)
{
    struct spile_item *parameters = NULL;
    enum spile_status status = spile_item_new(&parameters, err);

    if (status == SPILE_OK)
        status = parameters_fill(parameters, &options->parameters, err);
    signals_running(pipeline);
    if (status == SPILE_OK && signals_came())
        status = SPILE_CANCELLED;
    if (status == SPILE_OK)
        status = (options->write ? statement_execute : rows_print)(pipeline, options, sql, parameters, err);
    signals_running(NULL);
    spile_item_free(parameters);
    if (status == SPILE_CANCELLED)
        fail(err, SPILE_CANCELLED, "stopped%s", options->write ? "; nothing was changed" : "");
    return status;
}

/* [PIPELINE] SQL */
static enum spile_status operands_check(const struct query_options *options, size_t count, struct spile_error *err)
{
    if (!count)
        return hint(err, fail(err, SPILE_USAGE, "no statement is given"), "\"spile query --help\" has examples");
    if (count > 2)
        return hint(err, fail(err, SPILE_USAGE, "%zu arguments are too many: a pipeline and a statement", count), "put the statement in quotes");
    if (count == 1 && !options->to)
        return hint(err, fail(err, SPILE_USAGE, "which database is to be asked?"), "add --to DESTINATION, or name a pipeline: spile query PIPELINE SQL");
    return SPILE_OK;
}

static enum spile_status parsed_query(const struct query_options *options, const char **operands, size_t count, struct spile_error *err)
{
    struct spile_pipeline *pipeline = NULL;
    char *sql = NULL;
    enum spile_status status;

    if (options->help) {
        command_help(stdout, &query_command);
        return output_finish(err);
    }
    status = operands_check(options, count, err);
    if (status == SPILE_OK)
        status = statement_read(operands[count - 1], &sql, err);
    if (status == SPILE_OK)
        status = spile_pipeline_open(&pipeline, count == 2 ? operands[0] : NULL,
                               SPILE_PIPELINE_OPTIONS(.destination = options->to, .dataset = options->dataset, .max_memory = options->memory), err);
    if (status == SPILE_OK)
        status = statement_run(pipeline, options, sql, err);
    spile_pipeline_close(pipeline);
    free(sql);
    return status;
}

int query_run(char **arguments, size_t count)
{
    struct spile_error err = { 0 };
    struct query_options options = { 0 };
    const char **operands = allocated(calloc(count + 1, sizeof(*operands)));
    size_t operand_count;
    enum spile_status status;

    signals_catch();
    status = options_parse(&query_command, arguments, count, &options, operands, &operand_count, &err);
    if (status == SPILE_OK)
        status = parsed_query(&options, operands, operand_count, &err);
    if (status != SPILE_OK)
        error_print(&err);
    free(options.parameters.texts);
    free(operands);
    return exit_code(status, signals_came());
}
