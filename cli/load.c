/* spile load: JSON files into a database, as one load. */
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "sources.h"

#define PIPELINE_NAME_MAX 64
#define NESTING_DEFAULT "1000"

/* ---- options --------------------------------------------------------------------------------------------------------------- */

struct load_options {
    const char *to, *dataset, *table, *pipeline, *load_id, *naming;
    enum spile_write write;
    int max_nesting;
    uint64_t workers, memory;
    struct spile_contract contract;
    bool json, quiet, no_progress, help;
};

static bool parse_write(const struct option_row *row, const char *value, void *field)
{
    (void)row;
    *(enum spile_write *)field = strcmp(value, "replace") == 0 ? SPILE_REPLACE : SPILE_APPEND;
    return strcmp(value, "append") == 0 || strcmp(value, "replace") == 0;
}

/* The library's 0 is the default, so that no levels at all has a value of its own. */
static bool parse_nesting(const struct option_row *row, const char *value, void *field)
{
    uint64_t levels;

    if (!option_number(row, value, &levels))
        return false;
    *(int *)field = levels ? (int)levels : SPILE_NO_NESTING;
    return true;
}

static bool contract_word(const char *word, size_t length, enum spile_contract_mode *mode)
{
    static const char *const words[] = { [SPILE_EVOLVE] = "evolve", [SPILE_FREEZE] = "freeze", [SPILE_DISCARD_ROW] = "discard_row",
                                         [SPILE_DISCARD_VALUE] = "discard_value" };

    for (int i = SPILE_EVOLVE; i <= SPILE_DISCARD_VALUE; i++)
        if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0) {
            *mode = (enum spile_contract_mode)i;
            return true;
        }
    return false;
}

/* "freeze", or "columns=freeze,data_type=discard_row". */
static bool parse_contract(const struct option_row *row, const char *value, void *field)
{
    struct spile_contract *contract = field;
    const struct {
        const char *name;
        enum spile_contract_mode *mode;
    } entities[] = { { "", &contract->all }, { "tables=", &contract->tables }, { "columns=", &contract->columns },
                     { "data_type=", &contract->data_type } };
    bool ok = true;

    (void)row;
    for (const char *end; ok; value = end + 1) {
        ok = false;
        end = strchr(value, ',') ? strchr(value, ',') : value + strlen(value);
        for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++) {
            size_t length = strlen(entities[i].name);

            if ((size_t)(end - value) > length && memcmp(value, entities[i].name, length) == 0)
                ok |= contract_word(value + length, (size_t)(end - value) - length, entities[i].mode);
        }
        if (ok && !*end)
            return true;
    }
    return false;
}

#define CONTRACT_ALLOWED "evolve, freeze, discard_row or discard_value, or such words for parts: columns=freeze,data_type=discard_row"

#define FIELD(name) .offset = offsetof(struct load_options, name)
#define DESTINATION_FORMS "FILE.duckdb, duckdb:PATH or duckdb:///PATH"
#define TEXT_ALLOWED "a text that is not empty"

static const struct option_row load_rows[] = {
    { .name = "to", .argument = "DESTINATION", .parse = option_text, FIELD(to), .allowed = DESTINATION_FORMS,
      .help = "database to load into, made when it does not exist: " DESTINATION_FORMS "; required" },
    { .name = "dataset", .argument = "NAME", .parse = option_text, FIELD(dataset), .allowed = TEXT_ALLOWED,
      .help = "schema in the database that receives the tables", .fallback = "<pipeline>_dataset" },
    { .name = "table", .argument = "NAME", .parse = option_text, FIELD(table), .allowed = TEXT_ALLOWED,
      .help = "load all sources into this table", .fallback = "named after each SOURCE" },
    { .name = "pipeline", .argument = "NAME", .parse = option_text, FIELD(pipeline), .allowed = TEXT_ALLOWED,
      .help = "name of the pipeline, which keeps schema and state between loads", .fallback = "named after DESTINATION" },
    { .name = "write", .argument = "append|replace", .parse = parse_write, FIELD(write), .allowed = "append or replace",
      .help = "add the rows, or put them in place of those in the table and its nested tables", .fallback = "append" },
    { .name = "max-nesting", .argument = "N", .parse = parse_nesting, FIELD(max_nesting), .least = 0, .most = 1000,
      .help = "levels of nested lists and objects that are unpacked; deeper ones stay JSON", .fallback = NESTING_DEFAULT },
    { .name = "contract", .argument = "WORDS", .parse = parse_contract, FIELD(contract), .allowed = CONTRACT_ALLOWED,
      .help = "what happens to data that would change the schema: evolve, freeze, discard_row or discard_value, for all or for tables=, "
              "columns= and data_type= (with commas); the dataset keeps it", .fallback = "the dataset's, else evolve" },
    { .name = "naming", .argument = "CONVENTION", .parse = option_text, FIELD(naming), .allowed = TEXT_ALLOWED,
      .help = "how keys become names: snake_case, duck_case, direct, sql_ci_v1 or sql_cs_v1", .fallback = "the dataset's, else snake_case" },
    { .name = "workers", .argument = "N", .parse = option_number, FIELD(workers), .least = 1, .most = 1024,
      .help = "threads that parse and unpack", .fallback = "one per processor" },
    { .name = "memory", .argument = "SIZE", .parse = option_size, FIELD(memory), .least = 1, .most = INT64_MAX,
      .allowed = OPTION_SIZE_ALLOWED,
      .help = "limit for engine and database together, such as 512M, 2G or 64MiB; K, M, G and T are powers of 1024",
      .fallback = "a quarter of the machine's memory, at most 2G" },
    { .name = "load-id", .argument = "ID", .parse = option_text, FIELD(load_id), .allowed = TEXT_ALLOWED,
      .help = "name this load; an id that the dataset already has is not loaded again", .fallback = "the time of day" },
    { .name = "json", .parse = option_switch, FIELD(json), .help = "print the result as JSON instead of a table" },
    { .name = "quiet", .letter = 'q', .parse = option_switch, FIELD(quiet),
      .help = "print errors only (and the result of --json)" },
    { .name = "no-progress", .parse = option_switch, FIELD(no_progress), .help = "no progress line on a terminal" },
    { .name = "help", .letter = 'h', .final = true, .parse = option_switch, FIELD(help), .help = "print this text" },
    { .name = NULL },
};

const struct command load_command = {
    .name = "spile load",
    .summary = "Loads JSON into a database: finds tables, columns and types, unpacks nested lists into tables of their own, and "
               "commits all of it in one transaction.",
    .examples = "  spile load events.json --to shop.duckdb\n"
                "  spile load orders/ 'clicks-*.jsonl.gz' --to shop.duckdb --write replace\n"
                "  zcat events.json.gz | spile load - --table events --to shop.duckdb",
    .usage = "SOURCE... --to DESTINATION [OPTION...]",
    .details =
        "Sources, each for one table; those with the same table name are joined:\n"
        "  FILE       JSON, one object per line, or objects one after another; plain, gzip\n"
        "             or zstd. The table is named after the file: events.json.gz goes into\n"
        "             \"events\"\n"
        "  FOLDER     all .json, .jsonl and .ndjson files below it (also .gz, .zst), sorted\n"
        "             by path, but no hidden ones, and none behind links to folders. The\n"
        "             table is named after the folder\n"
        "  'PATTERN'  with * ? [ in it: the files that match. The table is named after what\n"
        "             stands before the first of these: 'clicks-*.jsonl' goes into \"clicks\"\n"
        "  -          standard input; needs --table\n"
        "\n"
        "Exit codes:\n"
        "  0 done, 1 other failure, 2 wrong usage, 3 configuration, 4 source, 5 destination,\n"
        "  6 contract refused data, 7 partly loaded, 8 locked by another run,\n"
        "  130 and 143 stopped by ctrl-C or SIGTERM. A load that fails or is stopped leaves\n"
        "  nothing behind in the database: run the same command again.\n"
        "\n"
        "Environment:\n"
        "  SPILE_DATA_DIR  folder for the pipelines' schemas and what is not loaded yet\n"
        "  NO_COLOR        when set: no colours",
    .options = load_rows,
    .run = load_run,
};

/* ---- names ----------------------------------------------------------------------------------------------------------------- */

static bool is_name_character(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

/* Where the file's name in a destination begins, without "duckdb:" and folders. */
static const char *destination_file(const char *destination)
{
    const char *path = strncmp(destination, "duckdb:", 7) == 0 ? destination + 7 : destination, *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* dlt names the DuckDB file after the pipeline; this is the way back. A character of several bytes becomes one "_". */
static enum spile_status pipeline_from_destination(char name[PIPELINE_NAME_MAX + 1], const char *destination,
                                                   struct spile_error *err)
{
    const char *file = destination_file(destination), *dot = strrchr(file, '.'), *end = dot > file ? dot : file + strlen(file);
    enum spile_status status = SPILE_OK;
    size_t length = 0;

    for (; file < end && length <= PIPELINE_NAME_MAX; file++)
        if (((unsigned char)*file & 0xC0) != 0x80)
            name[length++] = is_name_character((unsigned char)*file) ? *file : '_';
    if (length > PIPELINE_NAME_MAX)
        status = fail(err, SPILE_USAGE, "the file name in --to \"%s\" is too long for the name of a pipeline", destination);
    else if (length == 0 || strcmp(destination, "duckdb") == 0)
        status = fail(err, SPILE_USAGE, "--to \"%s\" names no file to name the pipeline after", destination);
    name[status == SPILE_OK ? length : 0] = '\0';
    return hint(err, status, "add --pipeline NAME, of at most %d letters, digits, \"_\" and \"-\"", PIPELINE_NAME_MAX);
}

/* ---- signals --------------------------------------------------------------------------------------------------------------- */

/* The first signal asks the load to stop; it then fails with SPILE_CANCELLED, or succeeds if the commit had begun. The second one
 * ends the process at once, which is safe: the database forgets a transaction that is not committed. */
static struct spile_pipeline *_Atomic running;
static atomic_int stopped_by;

static void on_signal(int number)
{
    struct spile_pipeline *pipeline = running;
    int error = errno;

    if (atomic_exchange(&stopped_by, number))
        _exit(128 + number);
    if (pipeline)
        spile_pipeline_cancel(pipeline);
    errno = error;
}

/* A signal that the parent ignores (nohup, a background job) stays ignored. */
static void signal_catch(int number)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART }, before;

    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

static enum spile_status stopped_fail(struct spile_error *err)
{
    fail(err, SPILE_CANCELLED, "stopped by %s; nothing was loaded", stopped_by == SIGTERM ? "SIGTERM" : "ctrl-C");
    return hint(err, SPILE_CANCELLED, "run the same command again to load it");
}

static int exit_code(enum spile_status status)
{
    switch (status) {
    case SPILE_OK:
    case SPILE_FAILED:
    case SPILE_USAGE:
    case SPILE_CONFIG:
    case SPILE_SOURCE:
    case SPILE_DESTINATION:
    case SPILE_CONTRACT:
    case SPILE_PARTIAL:
    case SPILE_LOCKED:
        return (int)status;
    case SPILE_NOMEM:
        break;
    case SPILE_CANCELLED:
        return 128 + (stopped_by ? stopped_by : SIGINT);
    }
    return SPILE_FAILED;
}

/* ---- the load -------------------------------------------------------------------------------------------------------------- */

/* A signal that came just before the run began was forgotten by it, so it is passed on again. */
static void on_progress(const struct spile_progress *progress, void *user)
{
    if (stopped_by)
        spile_pipeline_cancel(running);
    progress_draw(user, progress, stopped_by != 0);
}

static enum spile_status pipeline_load(struct spile_pipeline *pipeline, const struct load_options *options,
                                       const struct sources *sources, struct spile_load_info **info, struct spile_error *err)
{
    const char *table = sources->count == 1 ? sources->tables[0].name : NULL;
    struct progress_line line;
    enum spile_status status;

    progress_start(&line, !options->quiet && !options->no_progress);
    running = pipeline;
    if (stopped_by)
        status = SPILE_CANCELLED;
    else
        status = spile_run(pipeline, sources_data(sources),
                           SPILE_RUN_OPTIONS(.table = table, .write = options->write, .max_nesting = options->max_nesting,
                                             .load_id = options->load_id, .contract = options->contract,
                                             .progress = on_progress, .progress_user = &line),
                           info, err);
    running = NULL;
    progress_clear(&line);
    return status == SPILE_CANCELLED ? stopped_fail(err) : status;
}

static enum spile_status result_print(const struct load_options *options, const struct spile_load_info *info,
                                      struct spile_error *err)
{
    enum spile_status status;

    if (options->json)
        puts(spile_load_info_json(info));
    else if (!options->quiet)
        report_print(info);
    if (stopped_by && !options->quiet)
        fputs("the signal to stop came too late: the load is committed\n", stderr);
    status = output_finish(err);
    return hint(err, status, "the load itself is done, with load id %s: do not repeat it", spile_load_info_load_id(info));
}

static enum spile_status sources_load(const struct load_options *options, const struct sources *sources, struct spile_error *err)
{
    struct spile_pipeline *pipeline = NULL;
    struct spile_load_info *info = NULL;
    char name[PIPELINE_NAME_MAX + 1];
    enum spile_status status = SPILE_OK;

    if (!options->pipeline)
        status = pipeline_from_destination(name, options->to, err);
    if (status == SPILE_OK)
        status = spile_pipeline_open(&pipeline, options->pipeline ? options->pipeline : name,
                                     SPILE_PIPELINE_OPTIONS(.destination = options->to, .dataset = options->dataset,
                                                            .workers = (unsigned)options->workers,
                                                            .max_memory = options->memory, .naming = options->naming), err);
    if (status == SPILE_OK)
        status = pipeline_load(pipeline, options, sources, &info, err);
    if (status == SPILE_OK)
        status = result_print(options, info, err);
    spile_load_info_free(info);
    spile_pipeline_close(pipeline);
    return status;
}

static enum spile_status arguments_check(const struct load_options *options, size_t source_count, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (source_count == 0)
        status = fail(err, SPILE_USAGE, "no SOURCE is given");
    else if (!options->to)
        status = fail(err, SPILE_USAGE, "--to DESTINATION is missing");
    return hint(err, status, "for example: spile load events.json --to shop.duckdb");
}

static enum spile_status load(char **arguments, size_t count, const char **operands, struct spile_error *err)
{
    struct load_options options = { 0 };
    struct sources sources = { 0 };
    size_t operand_count;
    enum spile_status status = options_parse(&load_command, arguments, count, &options, operands, &operand_count, err);

    if (status != SPILE_OK)
        return status;
    if (options.help) {
        command_help(stdout, &load_command);
        return output_finish(err);
    }
    status = arguments_check(&options, operand_count, err);
    if (status == SPILE_OK)
        status = sources_collect(&sources, operands, operand_count, options.table, err);
    if (status == SPILE_OK)
        status = sources_load(&options, &sources, err);
    sources_release(&sources);
    return status;
}

int load_run(char **arguments, size_t count)
{
    struct spile_error err = { 0 };
    const char **operands = allocated(calloc(count + 1, sizeof(*operands)));
    enum spile_status status;

    signal_catch(SIGINT);
    signal_catch(SIGTERM);
    status = load(arguments, count, operands, &err);
    if (status != SPILE_OK)
        error_print(&err);
    free(operands);
    return exit_code(status);
}
