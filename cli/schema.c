/* spile schema: shows, exports, imports, compares and checks schemas. An operand is a schema file, or a database with a dataset. */
#include "schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "destinations.h"
#include "report.h"

#define DIFFERENCES_FOUND 9 /* exit code of --exit-code */

struct schema_options {
    const char *to, *dataset, *pipeline;
    bool yaml, json, system, exit_code, help;
};

#define FIELD(name) .offset = offsetof(struct schema_options, name)
#define TEXT_ALLOWED "a text that is not empty"

static const struct option_row schema_rows[] = {
    { .name = "to", .argument = "DESTINATION", .parse = option_text, FIELD(to), .allowed = DESTINATION_FORMS,
      .help = "database, as an operand would name it" },
    { .name = "dataset", .argument = "NAME", .parse = option_text, FIELD(dataset), .allowed = TEXT_ALLOWED,
      .help = "dataset in the database", .fallback = "<pipeline>_dataset" },
    { .name = "pipeline", .argument = "NAME", .parse = option_text, FIELD(pipeline), .allowed = TEXT_ALLOWED,
      .help = "pipeline whose schema it is", .fallback = "named after the database" },
    { .name = "yaml", .parse = option_switch, FIELD(yaml), .help = "show, export: as a schema file, in YAML" },
    { .name = "json", .parse = option_switch, FIELD(json), .help = "show, export: as a schema file, in JSON; diff: a list of objects" },
    { .name = "system", .parse = option_switch, FIELD(system), .help = "show: dlt's own tables, too" },
    { .name = "exit-code", .parse = option_switch, FIELD(exit_code), .help = "diff: exit with 9 when there are differences" },
    { .name = "help", .letter = 'h', .final = true, .parse = option_switch, FIELD(help), .help = "print this text" },
    { .name = NULL },
};

const struct command schema_command = {
    .name = "spile schema",
    .summary = "Shows the schema of a dataset or file, writes it to a file, puts a file in its place, compares two, checks files.",
    .examples = "  spile schema show shop.duckdb\n"
                "  spile schema export shop.duckdb shop.schema.yaml\n"
                "  spile schema diff shop.duckdb@2 shop.schema.yaml --exit-code\n"
                "  spile schema import shop.schema.yaml shop.duckdb",
    .usage = "show|export|import|diff|validate OPERAND... [OPTION...]",
    .details = "  show SCHEMA            tables, columns and hints\n"
               "  export SCHEMA [FILE]   a schema file as dlt writes it; a FILE that ends in .json\n"
               "                         in JSON; of a FOLDER it is named after the schema\n"
               "  import FILE DATABASE   the next version of the dataset's schema. Tables that are\n"
               "                         there get its columns; new ones are made by the load\n"
               "                         that fills them\n"
               "  diff SCHEMA SCHEMA     what the second one adds, changes and lacks\n"
               "  validate FILE...       is each a schema that can be used?\n"
               "\n"
               "A SCHEMA is a file that ends in .yaml, .yml or .json, or a database as --to takes\n"
               "it, where \"@\" and a number or the beginning of a hash may follow: a version of\n"
               "the dataset's schema.\n"
               "\n"
               "Exit codes: 0 done, 2 wrong usage, 3 no schema, or one that is wrong, 5 database,\n"
               "  8 locked by another run, 9 differences found (--exit-code).",
    .options = schema_rows,
    .run = schema_run,
};

/* ---- operands -------------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), suffix = strlen(ending);

    return length > suffix && strcmp(text + length - suffix, ending) == 0;
}

static bool is_file(const char *operand)
{
    return ends_with(operand, ".yaml") || ends_with(operand, ".yml") || ends_with(operand, ".json");
}

static enum spile_status database_open(struct spile_pipeline **out, const char *database, const struct schema_options *options,
                                       struct spile_error *err)
{
    return spile_pipeline_open(out, options->pipeline, SPILE_PIPELINE_OPTIONS(.destination = database, .dataset = options->dataset), err);
}

/* Where the path begins: behind "scheme:", of a server's address behind its host. */
static const char *path_of(const char *operand)
{
    const char *colon = strchr(operand, ':'), *path = colon ? colon + 1 : operand, *host_end;

    if (strncmp(path, "//", 2) != 0 || path[2] == '/')
        return path;
    host_end = strchr(path + 2, '/');
    return host_end ? host_end : path + strlen(path);
}

/* "shop.duckdb@3": *version points behind the "@", which is cut off; NULL when there is none. The name of a file or folder may have an "@" as
 * well, and a hash a "/". */
static void version_cut(char *operand, const char **version)
{
    const char *path = path_of(operand);
    char *at = strrchr(operand, '@');
    struct stat status;

    *version = NULL;
    if (!at || at < path || !at[1] || strchr(at, '.') || stat(strncmp(path, "///", 3) == 0 ? path + 3 : path, &status) == 0)
        return;
    *at = '\0';
    *version = at + 1;
}

static enum spile_status schema_read(struct spile_schema **out, const char *operand, const struct schema_options *options, struct spile_error *err)
{
    struct spile_pipeline *pipeline = NULL;
    char *database;
    const char *version;
    enum spile_status status;

    if (is_file(operand))
        return spile_schema_read_file(out, operand, err);
    database = allocated(strdup(operand));
    version_cut(database, &version);
    status = database_open(&pipeline, database, options, err);
    if (status == SPILE_OK)
        status = spile_pipeline_schema(pipeline, version, out, err);
    spile_pipeline_close(pipeline);
    free(database);
    return status;
}

/* ---- verbs ----------------------------------------------------------------------------------------------------------------- */

struct operands {
    const char **words; /* behind the verb */
    size_t count;
};

static enum spile_status show(const struct operands *operands, const struct schema_options *options, int *code, struct spile_error *err)
{
    struct spile_schema *schema = NULL;
    enum spile_status status = schema_read(&schema, operands->words[0], options, err);
    const char *text = "";

    (void)code;
    if (status == SPILE_OK && (options->yaml || options->json))
        status = spile_schema_text(schema, options->json ? SPILE_SCHEMA_JSON : SPILE_SCHEMA_YAML, &text, NULL, err);
    else if (status == SPILE_OK)
        status = spile_schema_describe(schema, options->system, &text, err);
    if (status == SPILE_OK)
        text_print(text);
    spile_schema_free(schema);
    return status;
}

static enum spile_status file_write(const char *path, const char *text, size_t length, struct spile_error *err)
{
    FILE *file = fopen(path, "wb");
    bool ok = file && fwrite(text, 1, length, file) == length;

    if (file && fclose(file) != 0)
        ok = false;
    if (ok)
        return SPILE_OK;
    return hint(err, fail(err, SPILE_FAILED, "can't write \"%s\": %s", path, strerror(errno)),
                "does the folder exist, and may this user write to it?");
}

/* A folder gets a file named after the schema. */
static char *export_path(const char *given, const struct spile_schema *schema, bool json)
{
    struct stat status;
    size_t size = strlen(given) + strlen(spile_schema_name(schema)) + 32;
    char *path = allocated(malloc(size));

    if (ends_with(given, "/") || (stat(given, &status) == 0 && S_ISDIR(status.st_mode)))
        snprintf(path, size, "%s/%s.schema.%s", given, spile_schema_name(schema), json ? "json" : "yaml");
    else
        snprintf(path, size, "%s", given);
    return path;
}

static enum spile_status export(const struct operands *operands, const struct schema_options *options, int *code, struct spile_error *err)
{
    const char *given = operands->count > 1 ? operands->words[1] : NULL, *text = "";
    bool json = options->json || (given && ends_with(given, ".json"));
    struct spile_schema *schema = NULL;
    size_t length = 0;
    enum spile_status status = schema_read(&schema, operands->words[0], options, err);

    (void)code;
    if (status == SPILE_OK)
        status = spile_schema_text(schema, json ? SPILE_SCHEMA_JSON : SPILE_SCHEMA_YAML, &text, &length, err);
    if (status == SPILE_OK && given) {
        char *path = export_path(given, schema, json);

        status = file_write(path, text, length, err);
        free(path);
    } else if (status == SPILE_OK) {
        text_print(text);
    }
    spile_schema_free(schema);
    return status;
}

static enum spile_status import(const struct operands *operands, const struct schema_options *options, int *code, struct spile_error *err)
{
    struct spile_schema *schema = NULL;
    struct spile_pipeline *pipeline = NULL;
    bool changed = false;
    enum spile_status status = spile_schema_read_file(&schema, operands->words[0], err);

    (void)code;
    if (status == SPILE_OK)
        status = database_open(&pipeline, operands->words[1], options, err);
    if (status == SPILE_OK)
        status = spile_pipeline_set_schema(pipeline, schema, &changed, err);
    if (status == SPILE_OK)
        puts(changed ? "the dataset has a new version of its schema" : "the dataset's schema is the same already");
    spile_pipeline_close(pipeline);
    spile_schema_free(schema);
    return status;
}

static enum spile_status diff(const struct operands *operands, const struct schema_options *options, int *code, struct spile_error *err)
{
    struct spile_schema *before = NULL, *after = NULL;
    struct spile_schema_diff *difference = NULL;
    enum spile_status status = schema_read(&before, operands->words[0], options, err);

    if (status == SPILE_OK)
        status = schema_read(&after, operands->words[1], options, err);
    if (status == SPILE_OK)
        status = spile_schema_compare(&difference, before, after, err);
    if (status == SPILE_OK && options->json)
        text_print(spile_schema_diff_json(difference));
    else if (status == SPILE_OK)
        text_print(spile_schema_diff_text(difference));
    if (status == SPILE_OK && options->json)
        putchar('\n');
    if (status == SPILE_OK && options->exit_code && spile_schema_diff_count(difference) > 0)
        *code = DIFFERENCES_FOUND;
    spile_schema_diff_free(difference);
    spile_schema_free(before);
    spile_schema_free(after);
    return status;
}

/* All files are looked at; the last error counts, the others are told at once. */
static enum spile_status validate(const struct operands *operands, const struct schema_options *options, int *code, struct spile_error *err)
{
    enum spile_status result = SPILE_OK;

    (void)options;
    (void)code;
    for (size_t i = 0; i < operands->count; i++) {
        struct spile_schema *schema = NULL;
        struct spile_error found = { 0 };
        enum spile_status status = spile_schema_read_file(&schema, operands->words[i], &found);

        if (status == SPILE_OK) {
            name_print(operands->words[i]);
            printf(": schema %s, version %lld\n", spile_schema_name(schema), (long long)spile_schema_version(schema));
        }
        if (status != SPILE_OK && result != SPILE_OK)
            error_print(err);
        if (status != SPILE_OK) {
            result = status;
            *err = found;
        }
        spile_schema_free(schema);
    }
    return result;
}

/* ---- the command ----------------------------------------------------------------------------------------------------------- */

static const struct verb {
    const char *name;
    size_t least, most; /* operands behind it */
    bool takes_to;      /* --to stands for a last operand that is missing */
    enum spile_status (*run)(const struct operands *operands, const struct schema_options *options, int *code, struct spile_error *err);
} verbs[] = {
    { "show", 1, 1, true, show },     { "export", 1, 2, true, export }, { "import", 2, 2, true, import },
    { "diff", 2, 2, true, diff },     { "validate", 1, SIZE_MAX, false, validate },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(*verbs))

static enum spile_status verb_find(const char *word, const struct verb **verb, struct spile_error *err)
{
    struct nearest best = { 0 };
    enum spile_status status;

    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (word && strcmp(word, verbs[i].name) == 0) {
            *verb = &verbs[i];
            return SPILE_OK;
        }
        if (word)
            nearest_try(&best, word, verbs[i].name);
    }
    if (!word)
        return hint(err, fail(err, SPILE_USAGE, "what is to be done with a schema?"),
                    "show, export, import, diff or validate; see \"spile schema --help\"");
    status = fail(err, SPILE_USAGE, "unknown command \"spile schema %s\"", word);
    if (best.name)
        return hint(err, status, "did you mean \"spile schema %s\"?", best.name);
    return hint(err, status, "show, export, import, diff or validate; see \"spile schema --help\"");
}

/* "takes at least 1 operand" */
static const char *count_word(const struct verb *verb, size_t nearest)
{
    if (verb->least == verb->most)
        return "";
    return nearest == verb->least ? "at least " : "at most ";
}

static enum spile_status verb_run(const struct schema_options *options, const char **words, size_t count, int *code, struct spile_error *err)
{
    const struct verb *verb = NULL;
    struct operands operands = { words + 1, count ? count - 1 : 0 };
    enum spile_status status = verb_find(count ? words[0] : NULL, &verb, err);

    if (status != SPILE_OK)
        return status;
    if (options->to && verb->takes_to && operands.count < verb->least)
        words[1 + operands.count++] = options->to; /* there is room: the words came with one to spare */
    if (operands.count < verb->least || operands.count > verb->most) {
        size_t nearest = operands.count < verb->least ? verb->least : verb->most;

        status = fail(err, SPILE_USAGE, "\"spile schema %s\" takes %s%zu operand%s, not %zu", verb->name, count_word(verb, nearest), nearest,
                      nearest == 1 ? "" : "s", operands.count);
        return hint(err, status, "see \"spile schema --help\"");
    }
    status = verb->run(&operands, options, code, err);
    return status == SPILE_OK ? output_finish(err) : status;
}

int schema_run(char **arguments, size_t count)
{
    struct spile_error err = { 0 };
    struct schema_options options = { 0 };
    const char **operands = allocated(calloc(count + 2, sizeof(*operands)));
    size_t operand_count;
    int code = 0;
    enum spile_status status = options_parse(&schema_command, arguments, count, &options, operands, &operand_count, &err);

    if (status == SPILE_OK && options.help) {
        command_help(stdout, &schema_command);
        status = output_finish(&err);
    } else if (status == SPILE_OK) {
        status = verb_run(&options, operands, operand_count, &code, &err);
    }
    if (status != SPILE_OK)
        error_print(&err);
    free(operands);
    return status == SPILE_OK ? code : exit_code(status, 0);
}
