/* Something fails in the middle of a pipeline's work: memory is out once, or for good from some moment on; a file can't be written, a folder can't be
 * read, a thread can't be started. In each of many random scenarios a pipeline does something (a run of any kind of data, a plan, a reset, ...), first
 * undisturbed, then with a failure at one place after the other. Each time:
 *
 * - it says so by its status, with a message, or does without and then gives the very same result;
 * - the dataset is as before or as after;
 * - nothing that was allocated stays, no file stays open;
 * - the same pipeline, or a new one, can do it then, with the result of an undisturbed run, and leaves nothing behind in its folders.
 *
 *   SPILE_FAULT_SEED=n        other scenarios; or one of them again, with SPILE_FAULT_SCENARIOS=1
 *   SPILE_FAULT_SCENARIOS=n   how many
 *   SPILE_FAULT_TIMES=n       three times as many failures in each of them
 *   SPILE_FAULT_TRACE=1       tells each failure, and what came of it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include "base/file.h"
#include "destination/duckdb/duckdb.h"
#include "fault_world.h"
#include "fault_dataset.h"

#define SECONDS_MAX 120 /* of one scenario: more is a hang */
#define LOAD_IDS 4
#define DATASET "d"

static const struct engine duckdb = { &duckdb_destination, "CAST(", " AS VARCHAR)" };

static void dump(struct text *out)
{
    dump_dataset(&duckdb, in_world("x.duckdb"), DATASET, out);
}

/* ---- files ------------------------------------------------------------------------------------------------------------------------------- */

static bool same_file(const char *a, const char *b)
{
    struct text left = { 0 }, right = { 0 };
    struct spile_error err;
    bool in_a, in_b, same;

    assert_int_equal(file_read(a, &left, &in_a, &err), SPILE_OK);
    assert_int_equal(file_read(b, &right, &in_b, &err), SPILE_OK);
    same = in_a == in_b && left.length == right.length && !memcmp(text_slice(&left).text, text_slice(&right).text, left.length);
    text_release(&left);
    text_release(&right);
    return same;
}

static bool database_is_untouched(void)
{
    char before[128];

    snprintf(before, sizeof(before), "%s/x.duckdb", kept);
    return same_file(in_world("x.duckdb"), before) && access(in_world("x.duckdb.wal"), F_OK);
}

/* The files by name, and with their content where only the pipeline's data are in it. What is put beside the dataset after the commit (and what it has been
 * made of) may be missing where memory is out for good, or a disk is full. */
static struct text *listed;
static bool lists_answers;

static int list_file(const char *path, const struct stat *found, int kind, struct FTW *where)
{
    const char *name = path + strlen(world);
    bool is_answer = !strncmp(name, "/import/", 8) || !strncmp(name, "/discarded", 10);
    bool is_late = is_answer || strstr(name, "/last_run.json");
    bool is_none = !strncmp(name, "/in-", 4) || !strncmp(name, "/export/", 8) || (is_late && !lists_answers);

    struct text content = { 0 };
    struct spile_error err;
    bool there;

    (void)found;
    (void)where;
    if (kind != FTW_F || is_none || !strcmp(name, "/x.duckdb") || !strcmp(name, "/x.duckdb.wal"))
        return 0;
    text_printf(listed, "%s\n", name);
    if (is_answer && !file_read(path, &content, &there, &err))
        text_append(listed, text_slice(&content).text, content.length);
    text_release(&content);
    return 0;
}

static void list_files(struct text *out, bool with_answers)
{
    listed = out;
    lists_answers = with_answers;
    nftw(world, list_file, 16, FTW_PHYS);
}

/* ---- data ---------------------------------------------------------------------------------------------------------------------------------- */

static char data_text[1 << 16];

/* Rows whose keys, types and lists differ. `step`: later data have other columns and types. */
static const char *make_rows(unsigned rows, unsigned step)
{
    static const char *const values[] = { "5", "\"text\"", "2.5", "true", "null", "\"2026-01-02T03:04:05Z\"", "12345678901234567890123", "{\"x\": 1, \"y\": {\"z\": \"w\"}}",
                                          "[1, 2]", "[{\"n\": 1, \"m\": [{\"o\": 2}]}, {\"n\": \"two\"}]", "\"\\u00e4\\u4e2d\"", "-1e300" };
    size_t used = (size_t)snprintf(data_text, sizeof(data_text), "[");

    for (unsigned i = 0; i < rows; i++) {
        used += (size_t)snprintf(data_text + used, sizeof(data_text) - used, "%s{\"id\": %u, \"at\": \"2026-01-%02uT00:00:00Z\", \"kind\": \"k%u\"", i ? ", " : "",
                                 step * 100 + i, 1 + i % 28, pick(3));
        for (unsigned keys = pick(4); keys > 0; keys--)
            used += (size_t)snprintf(data_text + used, sizeof(data_text) - used, ", \"col %u\": %s", pick(6 + 2 * step), values[pick(sizeof(values) / sizeof(*values))]);
        used += (size_t)snprintf(data_text + used, sizeof(data_text) - used, "}");
    }
    snprintf(data_text + used, sizeof(data_text) - used, "]");
    return data_text;
}

/* A file for this step, plain or compressed. Made once in a scenario: this is no allocation of spile's, though it happens where they are counted. */
static const char *make_file(unsigned step, unsigned number)
{
    static char paths[8][64];
    char *path = paths[number % 8];
    unsigned form = pick(3);
    FILE *file;

    snprintf(path, sizeof(paths[0]), "%s/in-%u-%u", world, step, number);
    make_rows(1 + pick(30), step);
    if (!access(path, F_OK))
        return path;
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(data_text, file);
    assert_int_equal(fclose(file), 0);
    if (form == 1)
        shell("gzip -n %s && mv %s.gz %s", path, path, path);
    if (form == 2)
        shell("! command -v zstd >/dev/null || { zstd -q --rm %s && mv %s.zst %s; }", path, path, path);
    return path;
}

/* ---- sources ------------------------------------------------------------------------------------------------------------------------------- */

static const char *const frozen_hints[] = { NULL, "id:bigint:primary_key", "id:bigint:not_null, a__b:text", "kind:text:unique, when:timestamp" };

/* What one source draws: with it lives what its functions count. */
struct drawn {
    struct series series[4];
    char file[64];
    const char *path;
};

static enum spile_status add_resource(struct spile_source *source, struct drawn *drawn, unsigned i, unsigned step, struct spile_error *err)
{
    char name[16];
    unsigned kind = pick(9), order = pick(3);
    bool from_data = pick(5) == 0;
    enum spile_status status;

    snprintf(name, sizeof(name), "r%u", i);
    drawn->series[i] = (struct series){ .count = 1 + (int)pick(12) + 3 * (int)step, .as_items = pick(2), .again = pick(2), .to_tables = kind > 5 && pick(3) == 0, .keeps = pick(2) };
    if (from_data && i == 0)
        drawn->path = make_file(step, 7);
    status = spile_source_add(source, name,
                              SPILE_RESOURCE(.generate = from_data ? NULL : generate,
                                             .data = !from_data ? (struct spile_data){ 0 } : i == 0 ? spile_files(&drawn->path, 1) : spile_json("[{\"id\": 7, \"a\": {\"b\": \"q\"}}]"),
                                             .user = &drawn->series[i], .parallel = !from_data && pick(3) == 0, .table_by = kind == 1 ? "kind" : NULL,
                                             .incremental = { .cursor = kind == 2 ? "id" : kind == 3 ? "a.b" : NULL, .order = (enum spile_row_order)order,
                                                              .missing = SPILE_INCLUDE, .lag = kind == 2 && order == 0 ? 2 : 0 },
                                             .limit = { .items = kind == 4 ? 3 : 0 }, .write = kind == 5 ? SPILE_REPLACE : kind == 7 ? SPILE_MERGE : SPILE_APPEND,
                                             .merge = { .strategy = SPILE_SCD2, .valid_from = "since" },
                                             .columns = kind == 6 ? frozen_hints[pick(4)] : NULL, .contract = { .columns = kind == 8 ? SPILE_DISCARD_VALUE : SPILE_NOT_SAID }), err);
    return status ? status : add_steps(source, name, err);
}

static enum spile_status build_source(struct spile_source **source, struct drawn *drawn, unsigned step, struct spile_error *err)
{
    unsigned resources = 1 + pick(3);
    enum spile_status status = spile_source_new(source, "Src", SPILE_SOURCE_OPTIONS(.workers = 2, .root_key = pick(5) == 0), err);

    for (unsigned i = 0; !status && i < resources; i++)
        status = add_resource(*source, drawn, i, step, err);
    if (!status && pick(3) == 0)
        status = spile_source_add(*source, "t", SPILE_RESOURCE(.transform = transform, .from = "r0", .parallel = pick(2)), err);
    return status;
}

/* ---- what a pipeline does ------------------------------------------------------------------------------------------------------------------- */

/* Of the export folder: with the C library's files, which do not count here. */
static void tell_file(struct answer *answer, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[1024];

    while (file && fgets(line, sizeof(line), file))
        tell(answer, line);
    if (file)
        fclose(file);
}

static void tell_info(struct answer *answer, const struct spile_load_info *info)
{
    char line[256];

    tell(answer, spile_load_info_load_id(info));
    tell_number(answer, spile_load_info_rows(info));
    tell_number(answer, spile_load_info_duplicate_keys(info));
    for (size_t i = 0; i < spile_load_info_table_count(info); i++) {
        const struct spile_table_info *table = spile_load_info_table(info, i);

        snprintf(line, sizeof(line), "%s %llu %llu %llu", table->name, (unsigned long long)table->rows, (unsigned long long)table->discarded_rows,
                 (unsigned long long)table->discarded_values);
        tell(answer, line);
        for (size_t j = 0; j < table->new_columns; j++)
            tell(answer, table->new_column_names[j]);
    }
    for (size_t i = 0; i < spile_load_info_resource_count(info); i++) {
        snprintf(line, sizeof(line), "%s %llu", spile_load_info_resource(info, i)->name, (unsigned long long)spile_load_info_resource(info, i)->items);
        tell(answer, line);
    }
    if (!spile_load_info_json(info))
        tell(answer, "no JSON");
}

static const char *load_id_of(unsigned step)
{
    static const char *const ids[LOAD_IDS] = { "1767225600.1", "1767225600.2", "1767225600.3", "1767225600.4" };

    return ids[step];
}

/* A schema that is given to a run, or stored. */
static enum spile_status parse_part(struct spile_schema **out, struct spile_error *err)
{
    static const char text[] = "name: src\ntables:\n  t:\n    columns:\n      id:\n        data_type: bigint\n      extra:\n        data_type: text\n  given:\n    columns:\n"
                               "      n:\n        data_type: decimal\n        precision: 20\n        scale: 4\n";

    return spile_schema_parse(out, text, sizeof(text) - 1, err);
}

static enum spile_contract_mode some_mode(void)
{
    return pick(3) ? SPILE_NOT_SAID : (enum spile_contract_mode)pick(5);
}

static struct spile_run_options choose_options(unsigned step, const struct spile_schema *part, bool of_source)
{
    static const enum spile_write writes[] = { SPILE_APPEND, SPILE_APPEND, SPILE_APPEND, SPILE_REPLACE, SPILE_MERGE };
    struct spile_run_options options = { .size = sizeof(options), .table = "t", .load_id = load_id_of(step), .schema = part };

    options.write = writes[pick(5)];
    options.max_nesting = pick(6) ? 0 : pick(2) ? 1 : SPILE_NO_NESTING;
    options.contract = (struct spile_contract){ .tables = some_mode(), .columns = some_mode(), .data_type = some_mode() };
    options.columns = pick(4) || of_source ? NULL : "id:bigint, \"when\":timestamp";
    options.json_columns = pick(5) || of_source ? NULL : "col 1";
    options.primary_key = pick(5) || of_source ? NULL : "id";
    options.merge.strategy = options.primary_key ? SPILE_UPSERT : SPILE_SCD2;
    options.root_key = pick(6) == 0;
    options.discarded = pick(3) ? NULL : in_world("discarded");
    options.refresh = pick(4) ? SPILE_KEEP : (enum spile_refresh)pick(4);
    options.chunk_bytes = pick(3) ? 0 : 300;
    return options;
}

enum task { TASK_RUN, TASK_PLAN, TASK_DRAW_ONLY, TASK_EXTRACT };

static enum spile_status use(struct spile_pipeline *pipeline, struct spile_data data, struct spile_run_options *options, enum task task, struct answer *answer, struct spile_error *err)
{
    struct spile_load_info *info = NULL;
    struct spile_plan *plan = NULL;
    enum spile_status status;

    if (task == TASK_PLAN) {
        options->sample = pick(3) ? 0 : 3;
        options->no_load = false;
        status = spile_dry_run(pipeline, data, options, &plan, err);
        if (!status) {
            tell(answer, spile_plan_text(plan));
            tell(answer, spile_plan_json(plan));
        }
        spile_plan_free(plan);
        return status;
    }
    options->no_load = task == TASK_DRAW_ONLY;
    if (traces)
        fprintf(stderr, "    refresh %d, write %d\n", options->refresh, options->write);
    status = task == TASK_EXTRACT ? spile_extract(pipeline, data, options, &info, err) : spile_run(pipeline, data, options, &info, err);
    if (!status) {
        tell_info(answer, info);
        tell_file(answer, in_world("export/p.schema.yaml"));
        tell_file(answer, in_world("export/src.schema.yaml"));
    }
    spile_load_info_free(info);
    return status;
}

static enum spile_status use_data(struct spile_pipeline *pipeline, unsigned step, enum task task, const struct spile_schema *part, struct answer *answer, struct spile_error *err)
{
    static const char *paths[3];
    struct spile_part parts[3] = { { "t", spile_json("[{\"id\": 1}, {\"id\": 2, \"x\": [1]}]") }, { "U u", spile_json("{\"a\": {\"b\": [[1], [2]]}}") }, { "v", { 0 } } };
    unsigned kind = pick(3), count = 1 + pick(3);
    struct spile_data data;
    struct spile_run_options options;

    for (unsigned i = 0; kind && i < count; i++)
        paths[i] = make_file(step, i);
    if (kind == 0)
        data = spile_json(make_rows(1 + pick(40), step));
    else if (kind == 1)
        data = spile_files(paths, count);
    else {
        parts[2].data = spile_files(paths, count);
        data = spile_parts(parts, 3);
    }
    options = choose_options(step, part, false);
    if (kind == 2) {
        options.table = NULL;
        options.columns = NULL;
        options.json_columns = NULL;
    }
    return use(pipeline, data, &options, task, answer, err);
}

static enum spile_status use_source(struct spile_pipeline *pipeline, unsigned step, enum task task, const struct spile_schema *part, struct answer *answer, struct spile_error *err)
{
    struct drawn drawn = { 0 };
    struct spile_source *source = NULL;
    const char *text;
    enum spile_status status = build_source(&source, &drawn, step, err);

    if (!status && pick(3) == 0)
        status = spile_source_describe(source, SPILE_GRAPH_JSON, &text, err);
    if (!status) {
        struct spile_run_options options = choose_options(step, part, true);

        options.table = NULL;
        status = use(pipeline, spile_from(source), &options, task, answer, err);
    }
    spile_source_free(source);
    return status;
}

static enum spile_status load(struct spile_pipeline *pipeline, unsigned step, enum task task, struct answer *answer, struct spile_error *err)
{
    struct spile_schema *part = NULL;
    enum spile_status status = pick(5) ? SPILE_OK : parse_part(&part, err);
    bool of_source = pick(2);

    snprintf(answer->kind, sizeof(answer->kind), "%s %s", task == TASK_PLAN ? "plan" : task == TASK_RUN ? "run" : task == TASK_EXTRACT ? "extract" : "draw", of_source ? "source" : "data");
    if (!status)
        status = (of_source ? use_source : use_data)(pipeline, step, task, part, answer, err);
    spile_schema_free(part);
    return status;
}

static enum spile_status forget(struct spile_pipeline *pipeline, struct answer *answer, struct spile_error *err)
{
    struct spile_reset_options options = { .size = sizeof(options), .source = pick(2) ? "src" : NULL, .resources = pick(2) ? NULL : pick(2) ? "r0, t" : "re:r.*",
                                           .drop_tables = pick(2), .cursors_only = pick(3) == 0, .dry_run = pick(4) == 0,
                                           .state_paths = pick(3) ? NULL : pick(2) ? "resources.*.*, none" : "*, $..unique_hashes[0], resources.'r0'" };
    const char *report;
    enum spile_status status = spile_pipeline_reset(pipeline, &options, &report, err);

    snprintf(answer->kind, sizeof(answer->kind), "reset");
    if (!status)
        tell(answer, report);
    return status;
}

static enum spile_status store_schema(struct spile_pipeline *pipeline, struct answer *answer, struct spile_error *err)
{
    struct spile_schema *schema = NULL;
    bool changed = false;
    enum spile_status status = parse_part(&schema, err);

    snprintf(answer->kind, sizeof(answer->kind), "set schema");
    if (!status)
        status = spile_pipeline_set_schema(pipeline, schema, &changed, err);
    spile_schema_free(schema);
    tell_number(answer, changed);
    return status;
}

static enum spile_status look(struct spile_pipeline *pipeline, struct answer *answer, struct spile_error *err)
{
    struct spile_schema *schema = NULL;
    const char *text = NULL;
    enum spile_status status;

    snprintf(answer->kind, sizeof(answer->kind), "look");
    status = spile_pipeline_schema(pipeline, pick(2) ? NULL : "1", &schema, err);
    if (!status)
        status = spile_schema_text(schema, pick(2) ? SPILE_SCHEMA_YAML : SPILE_SCHEMA_JSON, &text, NULL, err);
    if (!status)
        tell(answer, text);
    if (!status)
        status = spile_schema_describe(schema, pick(2), &text, err);
    if (!status)
        tell(answer, text);
    spile_schema_free(schema);
    if (!status)
        status = spile_pipeline_state(pipeline, &text, err);
    if (!status)
        tell(answer, text);
    if (!status)
        status = spile_pipeline_packages(pipeline, &text, err);
    if (!status)
        tell(answer, text);
    return status;
}

static enum spile_status load_pending(struct spile_pipeline *pipeline, struct answer *answer, struct spile_error *err)
{
    size_t count = 0;
    enum spile_status status = spile_load_pending(pipeline, &count, err);

    snprintf(answer->kind, sizeof(answer->kind), "load pending");
    tell_number(answer, count);
    return status;
}

static enum spile_status normalize(struct spile_pipeline *pipeline, struct answer *answer, struct spile_error *err)
{
    size_t count = 0;
    enum spile_status status = spile_normalize(pipeline, NULL, &count, err);

    snprintf(answer->kind, sizeof(answer->kind), "normalize");
    tell_number(answer, count);
    return status;
}

static enum spile_status discard(struct spile_pipeline *pipeline, struct answer *answer, struct spile_error *err)
{
    size_t count = 0;
    enum spile_status status = spile_pipeline_discard(pipeline, NULL, &count, err);

    snprintf(answer->kind, sizeof(answer->kind), "discard");
    tell_number(answer, count);
    return status;
}

/* The same action each time: everything that is chosen depends on scenario and step alone. */
static enum spile_status act(struct spile_pipeline *pipeline, unsigned scenario, unsigned step, struct answer *answer, struct spile_error *err)
{
    unsigned kind;

    *err = (struct spile_error){ 0 };
    *answer = (struct answer){ 0 };
    seed_random(scenario, step);
    kind = step < 2 ? pick(9) : pick(20);
    if (kind < 7 || (step == 0 && kind < 9))
        return load(pipeline, step, TASK_RUN, answer, err);
    if (kind < 9)
        return load(pipeline, step, pick(2) ? TASK_DRAW_ONLY : TASK_EXTRACT, answer, err);
    if (kind < 12)
        return load(pipeline, step, TASK_PLAN, answer, err);
    return kind < 14   ? forget(pipeline, answer, err)
           : kind < 15 ? store_schema(pipeline, answer, err)
           : kind < 16 ? look(pipeline, answer, err)
           : kind < 17 ? normalize(pipeline, answer, err)
           : kind < 19 ? load_pending(pipeline, answer, err)
                       : discard(pipeline, answer, err);
}

static bool uses_folders(unsigned scenario)
{
    seed_random(scenario, 1000);
    return pick(4) == 0;
}

static enum spile_status open_pipeline(struct spile_pipeline **pipeline, unsigned scenario, struct spile_error *err)
{
    bool has_folders = uses_folders(scenario);

    return spile_pipeline_open(pipeline, "p", SPILE_PIPELINE_OPTIONS(.destination = in_world("x.duckdb"), .dataset = DATASET, .data_dir = in_world("data"),
                                                                     .workers = 1 + pick(2), .max_memory = 256u << 20,
                                                                     .import_folder = has_folders ? in_world("import") : NULL,
                                                                     .export_folder = has_folders ? in_world("export") : NULL), err);
}

/* ---- undisturbed ---------------------------------------------------------------------------------------------------------------------------- */

struct expected {
    unsigned scenario, step;
    bool has_folders; /* for schemas */
    enum spile_status status; /* of the action, undisturbed: contracts may refuse the data */
    enum spile_status finish_status; /* of loading what waits then */
    struct answer answer;
    struct text before, settled, after, final; /* the dataset; settled: with packages that were left before; final: all that waits is loaded */
    struct text files, files_but_answers;       /* in the end */
    long count[FAULT_CLASSES];
};

static struct spile_pipeline *must_open(unsigned scenario)
{
    struct spile_pipeline *pipeline;
    struct spile_error err = { 0 };

    if (open_pipeline(&pipeline, scenario, &err))
        fail_msg("scenario %u: %s", scenario, err.message);
    return pipeline;
}

static bool packages_wait(void)
{
    return has_entries(in_world("data/pipelines/p/packages")) || has_entries(in_world("data/pipelines/p/extracted"));
}

/* Loads what waits. It may not fit the dataset any more. */
static enum spile_status finish(const struct expected *e)
{
    struct spile_pipeline *pipeline = must_open(e->scenario);
    struct spile_error err = { 0 };
    enum spile_status status = spile_load_pending(pipeline, NULL, &err);

    if (traces && status)
        fprintf(stderr, "scenario %u: what waits can't be loaded: %s; %s\n", e->scenario, err.message, err.where);
    spile_pipeline_close(pipeline);
    return status;
}

static void prepare(struct expected *e)
{
    struct spile_pipeline *pipeline = must_open(e->scenario);
    struct answer answer;
    struct spile_error err;

    for (unsigned step = 0; step < e->step; step++) {
        enum spile_status status = act(pipeline, e->scenario, step, &answer, &err);

        if (traces)
            fprintf(stderr, "scenario %u, before: %s, status %d %s\n", e->scenario, answer.kind, status, err.message);
    }
    spile_pipeline_close(pipeline);
    dump(&e->before);
    keep_world();
    if (!packages_wait()) {
        copy_text(&e->settled, &e->before);
        return;
    }
    finish(e);
    dump(&e->settled);
    restore_world();
}

static void run_undisturbed(struct expected *e)
{
    struct spile_pipeline *pipeline;
    struct spile_error err = { 0 };
    size_t files = open_files();

    fault_track(true);
    fault_arm(NULL);
    if (open_pipeline(&pipeline, e->scenario, &err))
        fail_msg("scenario %u: %s", e->scenario, err.message);
    e->status = act(pipeline, e->scenario, e->step, &e->answer, &err);
    fault_disarm();
    spile_pipeline_close(pipeline);
    for (int i = 0; i < FAULT_CLASSES; i++)
        e->count[i] = atomic_load(&faults.count[i]);
    if (traces)
        fprintf(stderr, "scenario %u: %s, status %d %s; %ld allocations, %ld calls\n", e->scenario, e->answer.kind, e->status, err.message,
                e->count[FAULT_ALLOCATION], e->count[FAULT_CALL]);
    if (fault_report_leaks() || open_files() != files)
        fail_msg("scenario %u: memory or files stay", e->scenario);
    fault_track(false);
    dump(&e->after);
    if (packages_wait()) {
        e->finish_status = finish(e);
        dump(&e->final);
    } else {
        copy_text(&e->final, &e->after);
    }
    list_files(&e->files, true);
    list_files(&e->files_but_answers, false);
}

/* ---- disturbed ------------------------------------------------------------------------------------------------------------------------------- */

static bool fits(const struct fault *fault, enum spile_status status)
{
    if (fault->class == FAULT_ALLOCATION)
        return status == SPILE_NOMEM;
    return status == SPILE_FAILED || status == SPILE_DESTINATION || status == SPILE_SOURCE || status == SPILE_CONFIG || status == SPILE_NOMEM;
}

/* A reset finds nothing the second time. A run that has written the first schema into the import folder, and had no rows, is not the first any more. */
static bool can_be_repeated(const struct expected *e)
{
    bool runs = !strncmp(e->answer.kind, "run", 3) || (!strncmp(e->answer.kind, "draw", 4) && !e->finish_status && same(&e->final, &e->after));

    return strcmp(e->answer.kind, "reset") && !(e->has_folders && runs);
}

/* Is the action to be done again? */
static bool check_dataset(const struct expected *e, enum spile_status status)
{
    struct text now = { 0 };
    bool before, settled, after;

    if (database_is_untouched())
        copy_text(&now, &e->before);
    else
        dump(&now);
    before = same(&now, &e->before);
    settled = same(&now, &e->settled);
    after = same(&now, &e->after);
    EXPECT(before || settled || after, "the dataset is neither as before nor as after:\n%s--- before:\n%s--- after:\n%s", text_slice(&now).text, text_slice(&e->before).text,
           text_slice(&e->after).text);
    EXPECT(status || after, "it succeeded, but the dataset is not as after");
    text_release(&now);
    return !after || can_be_repeated(e);
}

static bool is_lasting(const struct fault *fault)
{
    return fault->sticky || fault->class == FAULT_CALL;
}

static void check_again(const struct expected *e, const struct fault *fault, struct spile_pipeline *pipeline, bool repeats)
{
    struct answer answer;
    struct spile_error err = { 0 };
    bool waits = packages_wait(); /* what can't be loaded then, can't be now */
    enum spile_status status = repeats ? act(pipeline, e->scenario, e->step, &answer, &err) : e->status;
    bool with_answers = repeats && !is_lasting(fault);
    const struct text *wanted = with_answers ? &e->files : &e->files_but_answers;
    struct text now = { 0 }, files = { 0 };

    EXPECT(status == e->status || (waits && status == e->finish_status), "afterwards the status is %d instead of %d: %s; %s", status, e->status, err.message, err.where);
    status = spile_load_pending(pipeline, NULL, &err);
    EXPECT(status == e->finish_status, "afterwards what waits is loaded with status %d instead of %d: %s; %s", status, e->finish_status, err.message, err.where);
    dump(&now);
    EXPECT(same(&now, &e->final), "afterwards the dataset is another one:\n%s--- instead of:\n%s", text_slice(&now).text, text_slice(&e->final).text);
    list_files(&files, with_answers);
    EXPECT(same(&files, wanted), "afterwards the files are others:\n%s--- instead of:\n%s", text_slice(&files).text, text_slice(wanted).text);
    text_release(&now);
    text_release(&files);
}

static void disturb(const struct expected *e, const struct fault *fault)
{
    static unsigned turn;
    bool opens_inside = turn & 1, same_handle = turn & 2, repeats;
    struct spile_pipeline *pipeline = NULL;
    struct spile_error err = { 0 };
    struct answer answer = { 0 };
    size_t files = open_files();
    enum spile_status status = SPILE_OK;

    begin_failure(fault, e->count[fault->class], "scenario %u (%s)", e->scenario, e->answer.kind);
    turn++;
    restore_world();
    fault_track(true);
    if (!opens_inside)
        pipeline = must_open(e->scenario);
    fault_arm(fault);
    if (opens_inside)
        status = open_pipeline(&pipeline, e->scenario, &err);
    if (!status)
        status = act(pipeline, e->scenario, e->step, &answer, &err);
    fault_disarm();
    check_answer(e->status, &e->answer, fits(fault, status), status, &answer, &err);
    if (!pipeline || !same_handle) {
        spile_pipeline_close(pipeline);
        pipeline = NULL;
        EXPECT(!fault_report_leaks(), "memory stays");
        EXPECT(open_files() == files, "%zu files are open instead of %zu", open_files(), files);
    }
    faults.tracks = false; /* what the test itself needs */
    repeats = check_dataset(e, status);
    faults.tracks = pipeline;
    if (!pipeline)
        pipeline = must_open(e->scenario);
    check_again(e, fault, pipeline, repeats);
    spile_pipeline_close(pipeline);
    EXPECT(!faults.tracks || !fault_report_leaks(), "memory stays");
    EXPECT(open_files() == files, "%zu files are open instead of %zu", open_files(), files);
    fault_track(false);
}

static void disturb_often(const struct expected *e, unsigned seed)
{
    static const int codes[] = { ENOSPC, EIO, EMFILE, EDQUOT };
    unsigned times = number_from("SPILE_FAULT_TIMES", 1);

    for (unsigned i = 0; i < times * 3; i++) {
        struct fault fault = { .set = true, .class = i % 3 == 2 ? FAULT_CALL : FAULT_ALLOCATION };

        seed_random(seed, 5000 + i);
        fault.sticky = i % 3 == 1 ? pick(2) : i % 3 == 2 && pick(4) == 0;
        fault.code = fault.class == FAULT_CALL ? codes[pick(4)] : 0;
        fault.at = choose_place(fault.class, e->count[fault.class]);
        disturb(e, &fault);
    }
}

static void release(struct expected *e)
{
    text_release(&e->before);
    text_release(&e->settled);
    text_release(&e->after);
    text_release(&e->final);
    text_release(&e->files);
    text_release(&e->files_but_answers);
}

static void play(unsigned scenario)
{
    struct expected e = { .scenario = scenario, .has_folders = uses_folders(scenario) };

    seed_random(scenario, 2000);
    e.step = pick(4) == 0 ? 0 : 1 + pick(3);
    empty_world();
    alarm(SECONDS_MAX);
    prepare(&e);
    run_undisturbed(&e);
    disturb_often(&e, scenario);
    alarm(0);
    release(&e);
}

static void anything_may_fail(void **state)
{
    unsigned seed = number_from("SPILE_FAULT_SEED", 1), scenarios = number_from("SPILE_FAULT_SCENARIOS", 120);

    (void)state;
    traces = number_from("SPILE_FAULT_TRACE", 0);
    watch_signals();
    make_world();
    for (unsigned i = 0; i < scenarios; i++)
        play(seed + i);
    remove_world();
    if (complaints)
        fail_msg("%u failures are not taken as they should be", complaints);
    print_message("seed %u: %u scenarios, %u failures at %zu places of %zu: %u of them felt, %u dispensable\n", seed, scenarios, injected, failed_places(), faults.site_count, felt, dispensable);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(anything_may_fail) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
