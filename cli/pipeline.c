/* spile pipeline: what a pipeline keeps between runs, in the dataset and in its work folder: shown, and forgotten. */
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "destinations.h"
#include "report.h"

struct pipeline_options {
    const char *to, *dataset, *source;
    char *state_paths;
    bool list, all, state_only, yes, json, help;
};

#define FIELD(name) .offset = offsetof(struct pipeline_options, name)
#define TEXT_ALLOWED "a text that is not empty"

static const struct option_row pipeline_rows[] = {
    { .name = "to", .argument = "DESTINATION", .parse = option_text, FIELD(to), .allowed = DESTINATION_FORMS, .help = "database with the dataset",
      .fallback = "that of the last run, with its dataset" },
    { .name = "dataset", .argument = "NAME", .parse = option_text, FIELD(dataset), .allowed = TEXT_ALLOWED, .help = "dataset in the database",
      .fallback = "<pipeline>_dataset" },
    { .name = "list", .letter = 'l', .parse = option_switch, FIELD(list), .help = "the pipelines that there are, the last run first" },
    { .name = "source", .argument = "NAME", .parse = option_text, FIELD(source), .allowed = TEXT_ALLOWED, .help = "drop, reset-cursor: source of the resources",
      .fallback = "the first one" },
    { .name = "all", .parse = option_switch, FIELD(all), .help = "drop: all resources" },
    { .name = "state-only", .parse = option_switch, FIELD(state_only), .help = "drop: the tables stay" },
    { .name = "state-paths", .argument = "PATHS", .parse = option_list, FIELD(state_paths), .allowed = TEXT_ALLOWED, .list = true,
      .help = "drop: values in the source's state, as JSONPaths with commas: archives, page.seen[0]" },
    { .name = "yes", .letter = 'y', .parse = option_switch, FIELD(yes), .help = "do not ask" },
    { .name = "json", .parse = option_switch, FIELD(json), .help = "what would be printed as JSON; drop and reset-cursor: what was done" },
    { .name = "help", .letter = 'h', .final = true, .parse = option_switch, FIELD(help), .help = "print this text" },
    { .name = NULL },
};

const struct command pipeline_command = {
    .name = "spile pipeline",
    .summary = "Shows what a pipeline keeps between runs, and forgets it: state, cursors, tables, load packages.",
    .examples = "  spile pipeline --list\n"
                "  spile pipeline shop info\n"
                "  spile pipeline shop reset-cursor orders\n"
                "  spile pipeline shop drop orders --to shop.duckdb --yes",
    .usage = "NAME info|state|sync|drop|normalize|load-pending|drop-pending|reset-cursor [RESOURCE...] [OPTION...]",
    .details = "  info                    database, dataset, sources, resources, load packages\n"
               "  state                   the state in the dataset, as JSON\n"
               "  sync                    reads state and schema of the dataset anew. There is no local\n"
               "                          copy of them: this says whether they can be read\n"
               "  drop RESOURCE...        tables and state of resources (\"re:...\" is a pattern)\n"
               "  drop --state-paths PATHS  values in the state of a source\n"
               "  normalize               makes load packages of extracts (\"spile load --until extract\")\n"
               "  load-pending            loads the load packages that wait, extracts, too\n"
               "  drop-pending            throws away load packages that were not loaded\n"
               "  reset-cursor RESOURCE...  incremental loading begins anew; the tables stay\n"
               "\n"
               "drop, drop-pending and reset-cursor say what they will do, and ask. Database and\n"
               "dataset are those of the pipeline's last run, unless --to names others: its work\n"
               "folder knows them.\n"
               "\n"
               "Exit codes: 0 done, 1 not confirmed, 2 wrong usage, 3 no state or no run yet,\n"
               "  5 database, 8 locked by another run.",
    .options = pipeline_rows,
    .run = pipeline_run,
};

/* ---- asking ------------------------------------------------------------------------------------------------------------------ */

static enum spile_status fail_unconfirmed(struct spile_error *err)
{
    return hint(err, fail(err, SPILE_FAILED, "not confirmed: nothing was changed"), "answer y, or add --yes");
}

/* On a terminal, or from a pipe: "y" or "yes" is an answer. */
static enum spile_status confirm(const struct pipeline_options *options, struct spile_error *err)
{
    char answer[16];

    if (options->yes)
        return SPILE_OK;
    fputs("Do it? [y/N] ", stderr);
    fflush(stderr);
    if (!fgets(answer, sizeof(answer), stdin))
        return fail_unconfirmed(err);
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0 ? SPILE_OK : fail_unconfirmed(err);
}

/* The JSON that the library gives, to be looked into. */
static struct spile_item *parsed(const char *json)
{
    struct spile_item *item = NULL;

    if (spile_item_new(&item, NULL) == SPILE_OK)
        spile_item_set_json(item, "", json);
    return allocated(item);
}

static const char *text_at(const struct spile_item *item, const char *path)
{
    const char *text = spile_item_text(item, path, NULL);

    return text ? text : "";
}

/* The i-th of a list; of a list of objects its member. */
static const char *element_at(const struct spile_item *item, const char *list, size_t i, const char *member)
{
    char path[64];

    snprintf(path, sizeof(path), "%s[%zu]%s%s", list, i, member ? "." : "", member ? member : "");
    return text_at(item, path);
}

/* "Tables: a, b" on stderr. */
static void tell_list(const struct spile_item *item, const char *key, const char *title)
{
    size_t count = spile_item_count(item, key);

    if (!count)
        return;
    fprintf(stderr, "%s:", title);
    for (size_t i = 0; i < count; i++)
        fputs(i ? ", " : " ", stderr), name_tell(element_at(item, key, i, NULL));
    fputc('\n', stderr);
}

/* ---- verbs ------------------------------------------------------------------------------------------------------------------- */

struct operands {
    const char **words; /* behind the verb */
    size_t count;
    const char *pipeline; /* its name */
};

typedef enum spile_status verb_function(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options,
                                        struct spile_error *err);

static enum spile_status show_state(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options,
                                    struct spile_error *err)
{
    const char *json;
    enum spile_status status = spile_pipeline_state(pipeline, &json, err);

    (void)operands;
    (void)options;
    if (status == SPILE_OK)
        text_print(json), text_print("\n");
    return status;
}

static void print_sources(const struct spile_item *state)
{
    size_t count = spile_item_count(state, "schema_names");

    printf("state version  %lld\n", (long long)spile_item_integer(state, "_state_version", 0));
    printf("schemas       ");
    for (size_t i = 0; i < count; i++)
        printf("%s %s", i ? "," : "", element_at(state, "schema_names", i, NULL));
    printf("\n");
}

static const char *package_words(const char *stage, bool kept)
{
    if (strcmp(stage, "damaged") == 0)
        return "damaged: it has to be discarded";
    if (strcmp(stage, "extracted") == 0)
        return "extracted: the next run normalizes and loads it";
    return kept ? "complete: the next run loads it" : "the next run draws it again";
}

static enum spile_status print_packages(struct spile_pipeline *pipeline, struct spile_error *err)
{
    const char *json;
    struct spile_item *list;
    enum spile_status status = spile_pipeline_packages(pipeline, &json, err);

    if (status != SPILE_OK)
        return status;
    list = parsed(json);
    printf("load packages  %zu%s\n", spile_item_count(list, ""), spile_item_count(list, "") ? "" : " (nothing is pending)");
    for (size_t i = 0; i < spile_item_count(list, ""); i++) {
        char path[64];
        snprintf(path, sizeof(path), "[%zu].kept", i);
        printf("  %s  %s\n", element_at(list, "", i, "load_id"), package_words(element_at(list, "", i, "stage"), spile_item_bool(list, path, false)));
    }
    spile_item_free(list);
    return SPILE_OK;
}

static void print_place(const struct spile_pipeline *pipeline, const char *name, const char *dataset)
{
    printf("pipeline       %s\ndatabase       ", name);
    name_print(spile_pipeline_destination(pipeline));
    printf("\ndataset        %s\n", dataset);
}

/* Nothing is loaded: then what waits is all there is to show. */
static enum spile_status show_waiting(struct spile_pipeline *pipeline, const struct operands *operands, enum spile_status status, struct spile_error *err)
{
    const char *json;
    struct spile_item *list;
    bool waits = false;

    if (spile_pipeline_packages(pipeline, &json, NULL) == SPILE_OK) {
        list = parsed(json);
        waits = spile_item_count(list, "");
        spile_item_free(list);
    }
    if (!waits)
        return status;
    print_place(pipeline, operands->pipeline, spile_pipeline_dataset(pipeline));
    print_packages(pipeline, NULL);
    err->hint[0] = '\0';
    return hint(err, status, "load what waits: spile pipeline %s load-pending", operands->pipeline);
}

static enum spile_status show_info(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options,
                                   struct spile_error *err)
{
    struct spile_schema *schema = NULL;
    struct spile_item *state;
    const char *json, *text;
    enum spile_status status = spile_pipeline_state(pipeline, &json, err);

    (void)options;
    if (status != SPILE_OK)
        return show_waiting(pipeline, operands, status, err);
    state = parsed(json);
    print_place(pipeline, text_at(state, "pipeline_name"), text_at(state, "dataset_name"));
    print_sources(state);
    spile_item_free(state);
    status = print_packages(pipeline, err);
    if (status == SPILE_OK)
        status = spile_pipeline_schema(pipeline, NULL, &schema, err);
    if (status == SPILE_OK)
        status = spile_schema_describe(schema, false, &text, err);
    if (status == SPILE_OK)
        text_print("\n"), text_print(text);
    spile_schema_free(schema);
    return status;
}

static enum spile_status sync_state(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options,
                                    struct spile_error *err)
{
    struct spile_schema *schema = NULL;
    const char *json;
    struct spile_item *state;
    enum spile_status status = spile_pipeline_schema(pipeline, NULL, &schema, err);

    (void)operands;
    (void)options;
    if (status == SPILE_OK)
        status = spile_pipeline_state(pipeline, &json, err);
    if (status == SPILE_OK) {
        state = parsed(json);
        printf("state version %lld and schema \"%s\" version %lld are the dataset's\n", (long long)spile_item_integer(state, "_state_version", 0),
               spile_schema_name(schema), (long long)spile_schema_version(schema));
        spile_item_free(state);
    }
    spile_schema_free(schema);
    return status;
}

static char *join(const struct operands *operands)
{
    char *list = NULL;

    for (size_t i = 0; i < operands->count; i++)
        option_list(NULL, operands->words[i], &list);
    return list;
}

/* Says what goes, asks, and does it. */
static enum spile_status reset(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options, bool cursors_only,
                               struct spile_error *err)
{
    char *resources = join(operands);
    struct spile_reset_options what = { .size = sizeof(what), .source = options->source, .resources = options->all ? "re:.*" : resources,
                                        .state_paths = options->state_paths, .drop_tables = !cursors_only && !options->state_only,
                                        .cursors_only = cursors_only, .dry_run = true };
    const char *json;
    struct spile_item *report;
    enum spile_status status = spile_pipeline_reset(pipeline, &what, &json, err);

    if (status == SPILE_OK) {
        report = parsed(json);
        fprintf(stderr, "Of source %s will be forgotten\n", text_at(report, "source"));
        tell_list(report, "tables", "  tables, with their rows");
        tell_list(report, "states", cursors_only ? "  last values of resources" : "  states of resources");
        tell_list(report, "state_paths", "  values in its state");
        tell_list(report, "unmatched_paths", "There is nothing in its state that could go at");
        spile_item_free(report);
        status = confirm(options, err);
    }
    what.dry_run = false;
    if (status == SPILE_OK)
        status = spile_pipeline_reset(pipeline, &what, &json, err);
    if (status == SPILE_OK && options->json)
        text_print(json), text_print("\n");
    free(resources);
    return status;
}

static enum spile_status drop(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options,
                              struct spile_error *err)
{
    if (operands->count ? options->all : !options->all && !options->state_paths)
        return hint(err, fail(err, SPILE_USAGE, "which resources are to be dropped?"), "name them, or add --all");
    return reset(pipeline, operands, options, false, err);
}

static enum spile_status reset_cursor(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options,
                                      struct spile_error *err)
{
    if (!operands->count)
        return hint(err, fail(err, SPILE_USAGE, "whose cursor is to be reset?"), "name resources");
    return reset(pipeline, operands, options, true, err);
}

static enum spile_status load_pending(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options,
                                      struct spile_error *err)
{
    size_t count;
    enum spile_status status = spile_load_pending(pipeline, &count, err);

    (void)operands;
    (void)options;
    if (status == SPILE_OK)
        printf("%zu load package%s loaded\n", count, count == 1 ? "" : "s");
    return status;
}

static enum spile_status normalize(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options,
                                   struct spile_error *err)
{
    size_t count;
    enum spile_status status = spile_normalize(pipeline, NULL, &count, err);

    (void)operands;
    (void)options;
    if (status == SPILE_OK)
        printf("%zu extract%s normalized\n", count, count == 1 ? "" : "s");
    return status;
}

static enum spile_status drop_pending(struct spile_pipeline *pipeline, const struct operands *operands, const struct pipeline_options *options,
                                      struct spile_error *err)
{
    const char *json;
    struct spile_item *list;
    size_t count;
    enum spile_status status = spile_pipeline_packages(pipeline, &json, err);

    (void)operands;
    if (status != SPILE_OK)
        return status;
    list = parsed(json);
    count = spile_item_count(list, "");
    if (count)
        fputs("Load packages that will be thrown away, with rows that may not be drawn again:\n", stderr);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "  %s\n", element_at(list, "", i, "load_id"));
    spile_item_free(list);
    if (count)
        status = confirm(options, err);
    if (status == SPILE_OK && count)
        status = spile_pipeline_discard(pipeline, NULL, &count, err);
    if (status == SPILE_OK)
        printf("%zu load package%s thrown away\n", count, count == 1 ? "" : "s");
    return status;
}

/* ---- listing ------------------------------------------------------------------------------------------------------------------- */

static void print_pipeline(const struct spile_item *found, size_t i)
{
    const char *last = element_at(found, "pipelines", i, "last_run");

    printf("%s", element_at(found, "pipelines", i, "name"));
    if (*last) {
        printf("  last run %s, database ", last);
        name_print(element_at(found, "pipelines", i, "database"));
        printf(", dataset %s", element_at(found, "pipelines", i, "dataset"));
    } else {
        printf("  no last run");
    }
    putchar('\n');
}

static void print_pipelines(struct spile_item *found, bool as_json)
{
    size_t count = spile_item_count(found, "pipelines");

    if (as_json) {
        text_print(allocated((void *)(uintptr_t)spile_item_json(found, "", NULL)));
        putchar('\n');
        return;
    }
    fprintf(stderr, "%zu pipeline%s in ", count, count == 1 ? "" : "s");
    name_tell(text_at(found, "folder"));
    fputc('\n', stderr);
    for (size_t i = 0; i < count; i++)
        print_pipeline(found, i);
}

static enum spile_status list_run(const struct pipeline_options *options, size_t operand_count, struct spile_error *err)
{
    struct spile_item *found;
    enum spile_status status;

    if (operand_count)
        return hint(err, fail(err, SPILE_USAGE, "--list takes no pipeline"), "\"spile pipeline NAME info\" shows one");
    status = spile_item_new(&found, err);
    if (status == SPILE_OK)
        status = spile_pipelines(found, NULL, err);
    if (status == SPILE_OK)
        print_pipelines(found, options->json);
    spile_item_free(found);
    return status == SPILE_OK ? output_finish(err) : status;
}

/* ---- the command --------------------------------------------------------------------------------------------------------------- */

static const struct verb {
    const char *name;
    bool takes_resources;
    bool tells_database; /* in what it prints anyway */
    verb_function *run;
} verbs[] = {
    { "info", false, true, show_info }, { "state", false, false, show_state }, { "sync", false, false, sync_state }, { "drop", true, false, drop },
    { "normalize", false, false, normalize }, { "load-pending", false, false, load_pending }, { "drop-pending", false, false, drop_pending }, { "reset-cursor", true, false, reset_cursor },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(*verbs))
#define VERBS "info, state, sync, drop, normalize, load-pending, drop-pending or reset-cursor; see \"spile pipeline --help\""

static enum spile_status verb_find(const char *word, const struct verb **verb, struct spile_error *err)
{
    struct nearest best = { 0 };
    enum spile_status status;

    for (size_t i = 0; word && i < VERB_COUNT; i++) {
        if (strcmp(word, verbs[i].name) == 0) {
            *verb = &verbs[i];
            return SPILE_OK;
        }
        nearest_try(&best, word, verbs[i].name);
    }
    if (!word)
        return hint(err, fail(err, SPILE_USAGE, "what is to be done with the pipeline?"), VERBS);
    status = fail(err, SPILE_USAGE, "unknown command \"spile pipeline NAME %s\"", word);
    return best.name ? hint(err, status, "did you mean \"%s\"?", best.name) : hint(err, status, VERBS);
}

/* What was not typed has to be seen before anything is done with it. */
static void tell_database(const struct spile_pipeline *pipeline)
{
    fputs("Database of the last run: ", stderr);
    name_tell(spile_pipeline_destination(pipeline));
    fprintf(stderr, ", dataset %s\n", spile_pipeline_dataset(pipeline));
}

static enum spile_status verb_run(const struct pipeline_options *options, const char **words, size_t count, struct spile_error *err)
{
    struct operands operands = { words + 2, count > 2 ? count - 2 : 0, count ? words[0] : "" };
    const struct verb *verb = NULL;
    struct spile_pipeline *pipeline = NULL;
    enum spile_status status;

    if (!count)
        return hint(err, fail(err, SPILE_USAGE, "no pipeline named"), "spile pipeline NAME info; \"spile pipeline --list\" shows their names");
    status = verb_find(count > 1 ? words[1] : NULL, &verb, err);
    if (status == SPILE_OK && operands.count && !verb->takes_resources)
        status = hint(err, fail(err, SPILE_USAGE, "\"spile pipeline NAME %s\" takes no resources", verb->name), "see \"spile pipeline --help\"");
    if (status == SPILE_OK && options->state_paths && verb->run != drop)
        status = hint(err, fail(err, SPILE_USAGE, "\"spile pipeline NAME %s\" takes no --state-paths", verb->name), "they are for drop");
    if (status == SPILE_OK)
        status = spile_pipeline_open(&pipeline, words[0], SPILE_PIPELINE_OPTIONS(.destination = options->to, .dataset = options->dataset), err);
    if (status == SPILE_OK && !options->to && !verb->tells_database)
        tell_database(pipeline);
    if (status == SPILE_OK)
        status = verb->run(pipeline, &operands, options, err);
    spile_pipeline_close(pipeline);
    return status == SPILE_OK ? output_finish(err) : status;
}

int pipeline_run(char **arguments, size_t count)
{
    struct spile_error err = { 0 };
    struct pipeline_options options = { 0 };
    const char **operands = allocated(calloc(count + 1, sizeof(*operands)));
    size_t operand_count;
    enum spile_status status = options_parse(&pipeline_command, arguments, count, &options, operands, &operand_count, &err);

    if (status == SPILE_OK && options.help) {
        command_help(stdout, &pipeline_command);
        status = output_finish(&err);
    } else if (status == SPILE_OK && options.list) {
        status = list_run(&options, operand_count, &err);
    } else if (status == SPILE_OK) {
        status = verb_run(&options, operands, operand_count, &err);
    }
    if (status != SPILE_OK)
        error_print(&err);
    free(operands);
    free(options.state_paths);
    return exit_code(status, 0);
}
