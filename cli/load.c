/* spile load: JSON files into a database, as one load. */
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "destinations.h"
#include "report.h"
#include "signals.h"
#include "sources.h"
#include "write.h"

#define NESTING_DEFAULT "1000"
#define RETRY_DEFAULT UINT64_MAX /* as the library has it */

/* ---- options --------------------------------------------------------------------------------------------------------------- */

enum last_stage { UNTIL_LOADED = 0, UNTIL_EXTRACTED, UNTIL_NORMALIZED };

struct load_options {
    const char *to, *dataset, *table, *pipeline, *load_id, *naming, *schema, *discarded, *trace, *import_folder, *export_folder, *replace_strategy;
    char *columns, *json_columns, *primary_key, *merge_key; /* joined; freed at the end */
    struct write_options write;
    enum spile_choice create_indexes;
    enum last_stage until;
    int max_nesting;
    uint64_t workers, memory, sample, retry;
    struct spile_contract contract;
    bool root_key, dev_mode, json, quiet, no_progress, help;
};

static const char *const replace_words[] = { "truncate-and-insert", "insert-from-staging", "staging-optimized", NULL };
static const char *const stage_words[] = { [UNTIL_LOADED] = "load", [UNTIL_EXTRACTED] = "extract", [UNTIL_NORMALIZED] = "normalize", NULL };
static const char *const choice_words[] = { [SPILE_YES - 1] = "yes", [SPILE_NO - 1] = "no", NULL };

static bool parse_choice(const struct option_row *row, const char *value, void *field)
{
    int found = option_word(row->words, value);

    if (found >= 0)
        *(enum spile_choice *)field = (enum spile_choice)(found + 1);
    return found >= 0;
}

static bool parse_stage(const struct option_row *row, const char *value, void *field)
{
    int found = option_word(row->words, value);

    if (found >= 0)
        *(enum last_stage *)field = (enum last_stage)found;
    return found >= 0;
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

static const char *const contract_words[] = { "evolve", "freeze",  "discard_row", "discard_value",
                                              "tables", "columns", "data_type",   NULL };

#define CONTRACT_ALLOWED "evolve, freeze, discard_row or discard_value, or such words for parts: columns=freeze,data_type=discard_row"

#define FIELD(name) .offset = offsetof(struct load_options, name)
#define TEXT_ALLOWED "a text that is not empty"

/* What load and plan have in common: where from and to, and what shapes the tables. */
#define SHAPING_ROWS \
    { .name = "to", .argument = "DESTINATION", .parse = option_text, FIELD(to), .allowed = DESTINATION_FORMS, \
      .help = "database to load into, made when it does not exist: " DESTINATION_FORMS "; required" }, \
    { .name = "dataset", .argument = "NAME", .parse = option_text, FIELD(dataset), .allowed = TEXT_ALLOWED, \
      .help = "schema in the database that receives the tables", .fallback = "<pipeline>_dataset" }, \
    { .name = "table", .argument = "NAME", .parse = option_text, FIELD(table), .allowed = TEXT_ALLOWED, \
      .help = "load all sources into this table", .fallback = "named after each SOURCE" }, \
    { .name = "pipeline", .argument = "NAME", .parse = option_text, FIELD(pipeline), .allowed = TEXT_ALLOWED, \
      .help = "name of the pipeline, which keeps schema and state between loads", .fallback = "named after DESTINATION" }, \
    { .name = "write", .argument = "append|replace|merge", .parse = write_parse, FIELD(write), .allowed = WRITE_ALLOWED, .words = write_words, \
      .help = "append adds the rows, replace puts them in place of those in the table and its nested tables, merge in place of those with the same key; " \
              "or all of it as dlt's JSON: '{\"disposition\":\"merge\",\"strategy\":\"scd2\"}'", .fallback = "append" }, \
    { .name = "strategy", .argument = "WORD", .parse = strategy_parse, FIELD(write), .allowed = STRATEGY_ALLOWED, .words = strategy_words, \
      .help = "how --write merge finds rows: " STRATEGY_ALLOWED, .fallback = "the dataset's, else delete-insert" }, \
    { .name = "merge", .argument = "KEY=VALUE", .parse = merge_parse, FIELD(write), .list = true, .allowed = MERGE_ALLOWED, .words = merge_words, \
      .help = "an option of the strategy; may come more than once: source_filter, destination_scope (SQL), row_version, valid_from, valid_to (columns), " \
              "active_record_timestamp, boundary_timestamp, deduplicated, skip_unchanged_rows; the dataset keeps it" }, \
    { .name = "columns", .argument = "LIST", .parse = option_list, FIELD(columns), .list = true, .allowed = TEXT_ALLOWED, \
      .help = "types and hints of columns: NAME:TYPE, with (PRECISION,SCALE) and :HINT as needed, and commas between: id:bigint:not_null, " \
              "price:decimal(10,2); nested columns are TABLE.NAME", .fallback = "found in the data" }, \
    { .name = "primary-key", .argument = "NAMES", .parse = option_list, FIELD(primary_key), .list = true, .allowed = TEXT_ALLOWED, \
      .help = "columns that tell rows apart; they must not be null" }, \
    { .name = "merge-key", .argument = "NAMES", .parse = option_list, FIELD(merge_key), .list = true, .allowed = TEXT_ALLOWED, \
      .help = "columns that tell which rows are put in place of which; they must not be null" }, \
    { .name = "json-column", .argument = "PATH", .parse = option_list, FIELD(json_columns), .list = true, .allowed = TEXT_ALLOWED, \
      .help = "keep objects and lists at this path whole, as JSON: payload, items.meta; may come more than once" }, \
    { .name = "max-nesting", .argument = "N", .parse = parse_nesting, FIELD(max_nesting), .least = 0, .most = 1000, \
      .help = "levels of nested lists and objects that are unpacked; deeper ones stay JSON", .fallback = NESTING_DEFAULT }, \
    { .name = "root-key", .parse = option_switch, FIELD(root_key), .help = "give nested rows the id of their root row, as _dlt_root_id" }, \
    { .name = "schema", .argument = "FILE", .parse = option_text, FIELD(schema), .allowed = TEXT_ALLOWED, \
      .help = "schema file (YAML or JSON, dlt's) whose tables, hints and settings join those of the dataset" }, \
    { .name = "contract", .argument = "WORDS", .parse = parse_contract, FIELD(contract), .allowed = CONTRACT_ALLOWED, .words = contract_words, \
      .help = "what happens to data that would change the schema: evolve, freeze, discard_row or discard_value, for all or for tables=, " \
              "columns= and data_type= (with commas); the dataset keeps it", .fallback = "the dataset's, else evolve" }, \
    { .name = "naming", .argument = "CONVENTION", .parse = option_text, FIELD(naming), .allowed = TEXT_ALLOWED, \
      .help = "how keys become names: snake_case, duck_case, direct, sql_ci_v1 or sql_cs_v1", .fallback = "the dataset's, else snake_case" }, \
    { .name = "create-indexes", .argument = "CHOICE", .parse = parse_choice, FIELD(create_indexes), .allowed = "yes or no", .words = choice_words, \
      .help = "whether columns with the hint unique, such as row ids, get a unique index", .fallback = "yes on Postgres, as with dlt" }, \
    { .name = "import-schema", .argument = "FOLDER", .parse = option_text, FIELD(import_folder), .allowed = TEXT_ALLOWED, \
      .help = "folder with a schema file to edit, NAME.schema.yaml: made by the first load; a changed one wins over the dataset's schema" }, \
    { .name = "dev-mode", .parse = option_switch, FIELD(dev_mode), .help = "load into a new dataset, with the time in its name" }, \
    { .name = "workers", .argument = "N", .parse = option_number, FIELD(workers), .least = 1, .most = 1024, \
      .help = "threads that parse and unpack", .fallback = "one per processor" }, \
    { .name = "memory", .argument = "SIZE", .parse = option_size, FIELD(memory), .least = 1, .most = INT64_MAX, \
      .allowed = OPTION_SIZE_ALLOWED, \
      .help = "limit for engine and database together, such as 512M, 2G or 64MiB; K, M, G and T are powers of 1024", \
      .fallback = "a quarter of the machine's memory, at most 2G" }

static const struct option_row load_rows[] = {
    SHAPING_ROWS,
    { .name = "export-schema", .argument = "FOLDER", .parse = option_text, FIELD(export_folder), .allowed = TEXT_ALLOWED,
      .help = "folder that gets the schema after the load, as NAME.schema.yaml" },
    { .name = "discarded", .argument = "FILE", .parse = option_text, FIELD(discarded), .allowed = TEXT_ALLOWED,
      .help = "file that gets the rows and values that the contract leaves out, with reason and place, one JSON object per line" },
    { .name = "load-id", .argument = "ID", .parse = option_text, FIELD(load_id), .allowed = TEXT_ALLOWED,
      .help = "name this load; an id that the dataset already has is not loaded again", .fallback = "the time of day" },
    { .name = "until", .argument = "STAGE", .parse = parse_stage, FIELD(until), .allowed = "extract, normalize or load", .words = stage_words,
      .help = "stop behind that stage: extract only reads the sources, normalize makes a load package. What was read waits, durable, for \"spile pipeline "
              "NAME load-pending\" or the next load", .fallback = "load" },
    { .name = "replace-strategy", .argument = "STRATEGY", .parse = option_text, FIELD(replace_strategy),
      .allowed = "truncate-and-insert, insert-from-staging or staging-optimized", .words = replace_words,
      .help = "how --write replace replaces. staging-optimized (Postgres): new tables take the place of the old ones", .fallback = "truncate-and-insert" },
    { .name = "retry", .argument = "SECONDS", .parse = option_number, FIELD(retry), .least = 0, .most = 86400,
      .help = "how long a load that the server refuses for the moment is tried again", .fallback = "60" },
    { .name = "json", .parse = option_switch, FIELD(json), .help = "print the result as JSON instead of a table" },
    { .name = "trace", .argument = "FILE", .parse = option_text, FIELD(trace), .allowed = TEXT_ALLOWED,
      .help = "file that gets the trace of the run after the load: JSON with the names of dlt's traces" },
    { .name = "quiet", .letter = 'q', .parse = option_switch, FIELD(quiet),
      .help = "print errors only (and the result of --json)" },
    { .name = "no-progress", .parse = option_switch, FIELD(no_progress), .help = "no progress line on a terminal" },
    { .name = "help", .letter = 'h', .final = true, .parse = option_switch, FIELD(help), .help = "print this text" },
    { .name = NULL },
};

static const struct option_row plan_rows[] = {
    SHAPING_ROWS,
    { .name = "sample", .argument = "N", .parse = option_number, FIELD(sample), .least = 1, .most = INT64_MAX,
      .help = "look at the first N items of each table only", .fallback = "all" },
    { .name = "json", .parse = option_switch, FIELD(json), .help = "print the plan as JSON instead of SQL with comments" },
    { .name = "no-progress", .parse = option_switch, FIELD(no_progress), .help = "no progress line on a terminal" },
    { .name = "help", .letter = 'h', .final = true, .parse = option_switch, FIELD(help), .help = "print this text" },
    { .name = NULL },
};

#define SOURCES_HELP \
    "Sources, each for one table; those with the same table name are joined:\n" \
    "  FILE       JSON, one object per line, or objects one after another; plain, gzip\n" \
    "             or zstd. The table is named after the file: events.json.gz goes into\n" \
    "             \"events\"\n" \
    "  FOLDER     all .json, .jsonl and .ndjson files below it (also .gz, .zst), sorted\n" \
    "             by path, but no hidden ones, and none behind links to folders. The\n" \
    "             table is named after the folder\n" \
    "  'PATTERN'  with * ? [ in it: the files that match. The table is named after what\n" \
    "             stands before the first of these: 'clicks-*.jsonl' goes into \"clicks\"\n" \
    "  -          standard input; needs --table\n" \
    "\n" \
    "Columns, as --columns takes them: NAME:TYPE:HINT... or NAME::HINT...\n" \
    "  types  text, double, bool, timestamp, bigint, binary, json, decimal, wei, date,\n" \
    "         time; (PRECISION,SCALE) of decimal and wei, (BITS) of bigint, (DIGITS) of\n" \
    "         timestamp and time, (LENGTH) of text and binary\n" \
    "  hints  not_null, null, naive (no time zone), unique, sort, partition, cluster,\n" \
    "         primary_key, merge_key, row_key, hard_delete, dedup_sort=asc|desc, x-ANY\n"

const struct command load_command = {
    .name = "spile load",
    .summary = "Loads JSON into a database: finds tables, columns and types, unpacks nested lists into tables of their own, and "
               "commits all of it in one transaction.",
    .examples = "  spile load events.json --to shop.duckdb\n"
                "  spile load orders/ 'clicks-*.jsonl.gz' --to shop.duckdb --write replace\n"
                "  zcat events.json.gz | spile load - --table events --to shop.duckdb",
    .usage = "SOURCE... --to DESTINATION [OPTION...]",
    .details =
        SOURCES_HELP
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

const struct command plan_command = {
    .name = "spile plan",
    .summary = "Says what \"spile load\" with the same arguments would do: the SQL that would change the database, rows by table, and what "
               "contracts would refuse or discard. Reads the sources, changes nothing.",
    .examples = "  spile plan events.json --to shop.duckdb\n"
                "  spile plan orders/ --to shop.duckdb --contract columns=freeze --sample 1000",
    .usage = "SOURCE... --to DESTINATION [OPTION...]",
    .details =
        SOURCES_HELP
        "\n"
        "Exit codes: as of \"spile load\"; 6 when a frozen contract would refuse the data.",
    .options = plan_rows,
    .run = plan_run,
};

/* ---- signals --------------------------------------------------------------------------------------------------------------- */

static enum spile_status stopped_fail(struct spile_error *err)
{
    fail(err, SPILE_CANCELLED, "stopped by %s; nothing was loaded", signals_came() == SIGTERM ? "SIGTERM" : "ctrl-C");
    return hint(err, SPILE_CANCELLED, "run the same command again to load it");
}

/* ---- the load -------------------------------------------------------------------------------------------------------------- */

/* What a command has come to. */
struct load_result {
    bool plans;
    struct spile_load_info *info;
    struct spile_plan *plan;
};

static void on_progress(const struct spile_progress *progress, void *user)
{
    signals_repeat();
    progress_draw(user, progress, signals_came() != 0);
}

/* What the options say of the run; `schema` is theirs, too. */
static struct spile_run_options run_options_of(const struct load_options *options, const struct sources *sources,
                                               const struct spile_schema *schema, struct progress_line *line)
{
    return *SPILE_RUN_OPTIONS(.table = sources->count == 1 ? sources->tables[0].name : NULL, .write = options->write.write, .merge = options->write.merge,
                              .max_nesting = options->max_nesting, .load_id = options->load_id, .contract = options->contract,
                              .progress = on_progress, .progress_user = line, .schema = schema, .columns = options->columns,
                              .json_columns = options->json_columns, .primary_key = options->primary_key, .merge_key = options->merge_key,
                              .root_key = options->root_key, .sample = options->sample, .discarded = options->discarded,
                              .no_load = options->until == UNTIL_NORMALIZED);
}

static enum spile_status pipeline_load(struct spile_pipeline *pipeline, const struct load_options *options,
                                       const struct sources *sources, const struct spile_schema *schema, struct load_result *result,
                                       struct spile_error *err)
{
    struct progress_line line;
    struct spile_run_options run_options = run_options_of(options, sources, schema, &line);
    enum spile_status status;

    progress_start(&line, !options->quiet && !options->no_progress);
    signals_running(pipeline);
    if (signals_came())
        status = SPILE_CANCELLED;
    else if (result->plans)
        status = spile_dry_run(pipeline, sources_data(sources), &run_options, &result->plan, err);
    else if (options->until == UNTIL_EXTRACTED)
        status = spile_extract(pipeline, sources_data(sources), &run_options, &result->info, err);
    else
        status = spile_run(pipeline, sources_data(sources), &run_options, &result->info, err);
    signals_running(NULL);
    progress_clear(&line);
    return status == SPILE_CANCELLED ? stopped_fail(err) : status;
}

static enum spile_status trace_write(const char *path, const struct spile_load_info *info, struct spile_error *err)
{
    FILE *file = fopen(path, "w");
    bool ok = file;

    if (file) {
        ok = fputs(spile_load_info_trace_json(info), file) >= 0 && fputc('\n', file) >= 0;
        ok &= fclose(file) == 0;
    }
    return ok ? SPILE_OK : fail(err, SPILE_FAILED, "cannot write \"%s\": %s", path, strerror(errno));
}

static enum spile_status result_print(const struct load_options *options, const struct spile_load_info *info,
                                      struct spile_error *err)
{
    enum spile_status status;

    if (options->json)
        puts(spile_load_info_json(info));
    else if (!options->quiet)
        options->until == UNTIL_LOADED ? report_print(info) : waiting_print(info, options->until == UNTIL_EXTRACTED);
    if (signals_came() && !options->quiet && options->until == UNTIL_LOADED)
        fputs("the signal to stop came too late: the load is committed\n", stderr);
    status = output_finish(err);
    if (status == SPILE_OK && options->trace)
        status = trace_write(options->trace, info, err);
    if (options->until != UNTIL_LOADED)
        return hint(err, status, "what was read waits as load package %s: do not repeat it", spile_load_info_load_id(info));
    return hint(err, status, "the load itself is done, with load id %s: do not repeat it", spile_load_info_load_id(info));
}

static enum spile_status plan_print(const struct load_options *options, const struct spile_plan *plan, struct spile_error *err)
{
    enum spile_status status;

    text_print(options->json ? spile_plan_json(plan) : spile_plan_text(plan));
    if (options->json)
        putchar('\n');
    status = output_finish(err);
    if (status == SPILE_OK && spile_plan_refused(plan)) {
        status = fail(err, SPILE_CONTRACT, "a contract would refuse this load");
        hint(err, status, "the plan says which; \"spile load --help\" tells about --contract");
    }
    return status;
}

static double retry_seconds(const struct load_options *options)
{
    return options->retry == RETRY_DEFAULT ? 0 : options->retry ? (double)options->retry : -1;
}

static enum spile_status sources_load(const struct load_options *options, const struct sources *sources, bool plans, struct spile_error *err)
{
    struct spile_pipeline *pipeline = NULL;
    struct spile_schema *schema = NULL;
    struct load_result result = { .plans = plans };
    enum spile_status status = options->schema ? spile_schema_read_file(&schema, options->schema, err) : SPILE_OK;

    if (status == SPILE_OK)
        status = spile_pipeline_open(&pipeline, options->pipeline,
                               SPILE_PIPELINE_OPTIONS(.destination = options->to, .dataset = options->dataset, .workers = (unsigned)options->workers,
                                                      .max_memory = options->memory, .naming = options->naming,
                                                      .import_folder = options->import_folder, .export_folder = options->export_folder,
                                                      .dev_mode = options->dev_mode, .replace_strategy = options->replace_strategy,
                                                      .create_indexes = options->create_indexes,
                                                      .retry_seconds = retry_seconds(options)), err);
    if (status == SPILE_OK)
        status = pipeline_load(pipeline, options, sources, schema, &result, err);
    if (status == SPILE_OK)
        status = plans ? plan_print(options, result.plan, err) : result_print(options, result.info, err);
    spile_load_info_free(result.info);
    spile_plan_free(result.plan);
    spile_pipeline_close(pipeline);
    spile_schema_free(schema);
    return status;
}

static enum spile_status arguments_check(const struct command *command, const struct load_options *options, size_t source_count,
                                         struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    if (source_count == 0)
        status = fail(err, SPILE_USAGE, "no SOURCE is given");
    else if (!options->to)
        status = fail(err, SPILE_USAGE, "--to DESTINATION is missing");
    return hint(err, status, "for example: %s events.json --to shop.duckdb", command->name);
}

static enum spile_status parsed_load(const struct command *command, struct load_options *options, const char **operands,
                                     size_t operand_count, struct spile_error *err)
{
    struct sources sources = { 0 };
    enum spile_status status;

    if (options->help) {
        command_help(stdout, command);
        return output_finish(err);
    }
    status = arguments_check(command, options, operand_count, err);
    if (status == SPILE_OK)
        status = write_settle(&options->write, err);
    if (status == SPILE_OK)
        status = sources_collect(&sources, operands, operand_count, options->table, err);
    if (status == SPILE_OK)
        status = sources_load(options, &sources, command == &plan_command, err);
    sources_release(&sources);
    return status;
}

static enum spile_status load(const struct command *command, char **arguments, size_t count, const char **operands, struct spile_error *err)
{
    struct load_options options = { .retry = RETRY_DEFAULT };
    size_t operand_count;
    enum spile_status status = options_parse(command, arguments, count, &options, operands, &operand_count, err);

    if (status == SPILE_OK)
        status = parsed_load(command, &options, operands, operand_count, err);
    write_release(&options.write);
    free(options.columns);
    free(options.json_columns);
    free(options.primary_key);
    free(options.merge_key);
    return status;
}

static int command_run(const struct command *command, char **arguments, size_t count)
{
    struct spile_error err = { 0 };
    const char **operands = allocated(calloc(count + 1, sizeof(*operands)));
    enum spile_status status;

    signals_catch();
    status = load(command, arguments, count, operands, &err);
    if (status != SPILE_OK)
        error_print(&err);
    free(operands);
    return exit_code(status, signals_came());
}

int load_run(char **arguments, size_t count)
{
    return command_run(&load_command, arguments, count);
}

int plan_run(char **arguments, size_t count)
{
    return command_run(&plan_command, arguments, count);
}
