/* Something fails while a destination is at work: memory is out, here or in the database's client, the disk is full, the connection is lost. Each case is
 * a load of one way of writing, a query or a statement that changes something; first it goes undisturbed, then with a failure at one place after the other.
 * Each time:
 *
 * - it says so by the status of that failure, with a message, or does without and then gives the very same result;
 * - the dataset is as before or as after;
 * - nothing that was allocated stays, no file and no connection stays open;
 * - the same pipeline, or a new one, can do it then, with the result of an undisturbed run, and leaves nothing behind in its folders.
 *
 * DuckDB and SQLite; with SPILE_FAULT_POSTGRES, the URI of an empty database, Postgres instead (tests/cases/test_destination_faults.py).
 *
 *   SPILE_FAULT_SEED=n    other places
 *   SPILE_FAULT_TIMES=n   so many times as many of them
 *   SPILE_FAULT_CASE=x    only the cases that have this in their name
 *   SPILE_FAULT_TRACE=1   tells each failure, and what came of it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>

#include "destination/duckdb/duckdb.h"
#include "destination/postgres/postgres.h"
#include "destination/sqlite/sqlite.h"
#include "fault_world.h"
#include "fault_database.h"
#include "fault_dataset.h"

#define SECONDS_MAX 120 /* of one failure: more is a hang */
#define PIPELINE "a_pipeline_whose_name_is_so_long_that_texts_have_to_grow" /* growing may fail */
#define DATASET "dataset_with_a_long_name_too"

static const struct engine engines[] = { { &duckdb_destination, "CAST(", " AS VARCHAR)" }, { &sqlite_destination, "quote(", ")" },
                                         { &postgres_destination, "CAST(", " AS text)" } };
static const struct engine *engine;

/* ---- the database ------------------------------------------------------------------------------------------------------------------------ */

static bool on_server(void)
{
    return engine->ops == &postgres_destination;
}

static const char *location(void)
{
    return on_server() ? getenv("SPILE_FAULT_POSTGRES") : in_world(engine->ops == &sqlite_destination ? "x.db" : "x.duckdb");
}

/* As destinations take it: of a URI what libpq takes. */
static const char *found_location(void)
{
    static char text[512];
    const struct destination_ops *ops;
    const char *found, *shown;
    struct arena arena = { 0 };
    struct spile_error err = { 0 };

    if (destination_find(&ops, location(), NULL, &arena, &found, &shown, &err))
        fail_msg("%s", err.message);
    snprintf(text, sizeof(text), "%s", found);
    arena_release(&arena);
    return text;
}

static struct destination *server; /* a connection of its own, to put things back */

static void ask_server(const char *sql)
{
    struct destination_options options = { .location = found_location() };
    struct sql_database *database;
    struct spile_error err = { 0 };

    if (!server && postgres_destination.open(&server, &options, &err))
        fail_msg("%s", err.message);
    database = (struct sql_database *)server;
    if (database->dialect->execute(database, sql, NULL, 0, NULL, NULL, &err))
        fail_msg("%s: %s", sql, err.message);
}

static void copy_schema(const char *from, const char *to)
{
    static const char copy[] = "DO $$ DECLARE t record; BEGIN DROP SCHEMA IF EXISTS %s CASCADE; "
                               "IF EXISTS (SELECT FROM pg_namespace WHERE nspname = '%s') THEN CREATE SCHEMA %s; END IF; "
                               "FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = '%s' LOOP "
                               "EXECUTE format('CREATE TABLE %s.%%1$I (LIKE %s.%%1$I INCLUDING ALL)', t.tablename); "
                               "EXECUTE format('INSERT INTO %s.%%1$I SELECT * FROM %s.%%1$I', t.tablename); END LOOP; END $$";
    char sql[1000];

    snprintf(sql, sizeof(sql), copy, to, from, to, from, to, from, to, from);
    ask_server(sql);
}

/* A session that was cut has its lease until the server notices, which takes a moment. */
static void outwait_sessions(void)
{
    if (on_server())
        ask_server("DO $$ BEGIN FOR i IN 1 .. 2000 LOOP PERFORM pg_stat_clear_snapshot(); "
                   "EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()); "
                   "PERFORM pg_sleep(0.005); END LOOP; END $$");
}

static void begin_anew(void)
{
    empty_world();
    if (on_server())
        copy_schema("nothing", DATASET);
}

static void keep(void)
{
    keep_world();
    if (on_server())
        copy_schema(DATASET, "kept");
}

static void restore(void)
{
    restore_world();
    if (on_server())
        copy_schema("kept", DATASET);
}

static void dump(struct text *out)
{
    dump_dataset(engine, found_location(), DATASET, out);
}

static struct text *listed;

static int list_file(const char *path, const struct stat *found, int kind, struct FTW *where)
{
    const char *name = path + strlen(world);

    (void)found;
    (void)where;
    if (kind == FTW_F && !strstr(name, "/last_run.json") && strcmp(name, "/x.duckdb.wal"))
        text_printf(listed, "%s\n", name);
    return 0;
}

static void list_files(struct text *out)
{
    text_clear(out);
    listed = out;
    nftw(world, list_file, 16, FTW_PHYS);
}

/* ---- cases --------------------------------------------------------------------------------------------------------------------------------- */

enum kind {
    LOADS,    /* a load package that waits */
    RUNS,     /* a whole run */
    QUERIES,
    EXECUTES,
};

enum parameters { NONE, LIST, NAMED };

struct work {
    const char *name;
    enum kind kind;
    const char *before, *data; /* rows of an earlier load, NULL: there is none; of this one, NULL: of a source */
    struct spile_run_options options; /* of both */
    const char *replace_strategy;
    unsigned replace; /* bit that the destination has to have; 0: any */
    const char *sql;
    enum parameters parameters;
    enum spile_stream_format format;
    const struct destination_ops *only;
};

static const char first[] =
    "[{\"id\": 1, \"code\": \"a\", \"kind\": \"x\", \"at\": \"2026-01-01T00:00:00Z\", \"price\": \"1.50\", \"ok\": true, \"raw\": \"YWJj\","
    "  \"day\": \"2026-01-02\", \"clock\": \"12:34:56\", \"big\": 123456789012345678, \"half\": 0.5, \"coin\": 12, \"extra\": {\"a\": [1, 2]},"
    "  \"lines\": [{\"sku\": 1, \"parts\": [{\"n\": 1}, {\"n\": 2}]}, {\"sku\": 2}]},"
    " {\"id\": 2, \"code\": \"b\", \"kind\": \"x\", \"half\": 1.5, \"lines\": [{\"sku\": 3, \"parts\": [{\"n\": 3}]}]},"
    " {\"id\": 3, \"code\": \"c\", \"kind\": \"\\u00e4\\u4e2d\", \"extra\": null, \"lines\": []},"
    " {\"id\": 4, \"code\": \"d\", \"kind\": \"y\", \"at\": \"2026-01-04T00:00:00.123456Z\", \"price\": \"-12345.678\"}]";

static const char second[] =
    "[{\"id\": 3, \"code\": \"e\", \"kind\": \"y\", \"half\": \"text\", \"added\": 7, \"lines\": [{\"sku\": 3, \"new\": \"n\", \"parts\": [{\"n\": 9}]}],"
    "  \"gone\": null},"
    " {\"id\": 4, \"code\": \"f\", \"kind\": \"y\", \"at\": \"2026-02-04T00:00:00Z\", \"gone\": true},"
    " {\"id\": 5, \"code\": \"g\", \"kind\": \"z\", \"at\": \"2026-02-05T00:00:00Z\", \"notes\": [{\"text\": \"one\"}, {\"text\": \"two\"}]},"
    " {\"id\": 5, \"code\": \"h\", \"kind\": \"z\", \"at\": \"2026-02-06T00:00:00Z\"},"
    " {\"id\": 1, \"code\": \"a\", \"kind\": \"x\"}]";

/* Without a key that comes twice, which not all ways of merging take. */
static const char third[] =
    "[{\"id\": 3, \"code\": \"e\", \"kind\": \"y\", \"half\": \"text\", \"added\": 7, \"lines\": [{\"sku\": 3, \"new\": \"n\", \"parts\": [{\"n\": 9}]}]},"
    " {\"id\": 5, \"code\": \"g\", \"kind\": \"z\", \"at\": \"2026-02-05T00:00:00Z\", \"notes\": [{\"text\": \"one\"}, {\"text\": \"two\"}]},"
    " {\"id\": 2, \"code\": \"b\", \"kind\": \"x\", \"half\": 1.5, \"lines\": [{\"sku\": 3, \"parts\": [{\"n\": 3}]}]}]";

#define TYPES "price:decimal, raw:binary, day:date, clock:time, coin:wei, extra:json"
#define HOLD(name) { .strategy = SPILE_##name }

static const struct work works[] = {
    { "append, new", LOADS, NULL, first, .options = { .write = SPILE_APPEND } },
    { "append, types", LOADS, first, first, .options = { .columns = TYPES } },
    { "append, evolves", LOADS, first, second, .options = { .root_key = true } },
    { "append, unique", LOADS, NULL, second, .options = { .columns = "code:text:unique" } },
    { "replace", LOADS, first, second, .options = { .write = SPILE_REPLACE } },
    { "replace, from staging", LOADS, first, second, .options = { .write = SPILE_REPLACE }, .replace_strategy = "insert-from-staging",
      .replace = 1u << REPLACE_INSERT_FROM_STAGING },
    { "replace, optimized", LOADS, first, second, .options = { .write = SPILE_REPLACE, .columns = "code:text:unique" }, .replace_strategy = "staging-optimized",
      .replace = 1u << REPLACE_STAGING_OPTIMIZED },
    { "merge, new", LOADS, NULL, second, .options = { .write = SPILE_MERGE, .primary_key = "id" } },
    { "delete-insert", LOADS, first, second, .options = { .write = SPILE_MERGE, .primary_key = "id", .merge_key = "kind" } },
    { "delete-insert, hints", LOADS, first, second,
      .options = { .write = SPILE_MERGE, .primary_key = "id", .columns = "gone:bool:hard_delete, at:timestamp:dedup_sort=desc",
                   .merge = HOLD(DELETE_INSERT) } },
    { "delete-insert, scope", LOADS, first, second,
      .options = { .write = SPILE_MERGE, .merge = { .strategy = SPILE_DELETE_INSERT, .source_filter = "id > 3", .destination_scope = "kind = 'x'" } } },
    { "upsert", LOADS, first, third, .options = { .write = SPILE_MERGE, .primary_key = "id", .merge = HOLD(UPSERT) } },
    { "upsert, unchanged", LOADS, first, third,
      .options = { .write = SPILE_MERGE, .primary_key = "id", .merge = { .strategy = SPILE_UPSERT, .skip_unchanged_rows = true } } },
    { "insert-only", LOADS, first, third, .options = { .write = SPILE_MERGE, .primary_key = "id", .merge = HOLD(INSERT_ONLY) } },
    { "scd2", LOADS, first, third, .options = { .write = SPILE_MERGE, .merge = { .strategy = SPILE_SCD2, .valid_from = "since" } } },
    { "cdc", LOADS, first, third, .options = { .write = SPILE_MERGE, .primary_key = "id", .merge = HOLD(CDC) } },
    { "run, merge", RUNS, first, second, .options = { .write = SPILE_MERGE, .primary_key = "id", .columns = TYPES } },
    { "run, source", RUNS, NULL, NULL, .options = { .write = SPILE_APPEND } },
    { "run, drops tables", RUNS, first, second, .options = { .refresh = SPILE_DROP_SOURCES } },
    { "run, drops data", RUNS, first, second, .options = { .refresh = SPILE_DROP_DATA } },
    { "query, table", QUERIES, first, .options.columns = TYPES, .sql = "SELECT * FROM t ORDER BY id" },
    { "query, CSV", QUERIES, first, .options.columns = TYPES, .sql = "SELECT * FROM t ORDER BY id", .format = SPILE_FORMAT_CSV },
    { "query, JSON", QUERIES, first, .options.columns = TYPES, .sql = "SELECT * FROM t ORDER BY id", .format = SPILE_FORMAT_JSONL },
    { "query, Arrow", QUERIES, first, .options.columns = TYPES, .sql = "SELECT * FROM t ORDER BY id", .format = SPILE_FORMAT_ARROW },
    { "query, many rows", QUERIES, first, .format = SPILE_FORMAT_ARROW_STREAM,
      .sql = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) SELECT n, 'row ' || n AS x FROM c" },
    { "query, list", QUERIES, first, .sql = "SELECT id, upper(%s) AS word, %s AS real FROM t WHERE id > %s ORDER BY id", .parameters = LIST },
    { "query, named", QUERIES, first, .sql = "SELECT :least AS least, kind FROM t WHERE id > :least AND kind <> :word ORDER BY id", .parameters = NAMED,
      .format = SPILE_FORMAT_CSV },
    { "query, no rows", QUERIES, first, .sql = "SELECT * FROM t WHERE id < 0" },
    { "query, refused", QUERIES, first, .sql = "SELECT nothing FROM t" },
    { "query, nested", QUERIES, first, .only = &duckdb_destination, .format = SPILE_FORMAT_JSONL,
      .sql = "SELECT [1, 2] AS l, {'a': 1, 'b': ['x']} AS s, MAP {'k': 1.5} AS m, INTERVAL 1 DAY AS i, "
             "'b'::BLOB AS b, 'x'::ENUM('x', 'y') AS e, uuid() IS NULL AS u" },
    { "query, its own types", QUERIES, first, .only = &postgres_destination, .format = SPILE_FORMAT_JSONL,
      .sql = "SELECT ARRAY[1, 2] AS a, INTERVAL '1 day' AS i, '\\x0061'::bytea AS b, 'Infinity'::float8 AS f, "
             "'infinity'::timestamptz AS t, 1.5::numeric AS n" },
    { "query, tail", QUERIES, first, .only = &sqlite_destination, .sql = "SELECT count(*) AS n, x'00ff' AS b FROM t; -- and a comment" },
    { "update", EXECUTES, first, .sql = "UPDATE t SET kind = upper(%s), half = %s WHERE id > %s", .parameters = LIST },
    { "insert", EXECUTES, first,
      .sql = "INSERT INTO t (id, kind, _dlt_id, _dlt_load_id) SELECT id + :least, :word, _dlt_id || '+', _dlt_load_id FROM t", .parameters = NAMED },
    { "delete", EXECUTES, first, .sql = "DELETE FROM t WHERE id = 2" },
    { "create", EXECUTES, first, .sql = "CREATE TABLE copied AS SELECT * FROM t" },
    { "change, refused", EXECUTES, first, .sql = "INSERT INTO t (id, nothing) VALUES (9, 9)" },
};

/* ---- what is done --------------------------------------------------------------------------------------------------------------------------- */

static enum spile_status open_pipeline(struct spile_pipeline **pipeline, const struct work *w, bool patient, struct spile_error *err)
{
    return spile_pipeline_open(pipeline, PIPELINE,
                               SPILE_PIPELINE_OPTIONS(.destination = location(), .dataset = DATASET, .data_dir = in_world("data"), .workers = 1,
                                                      .max_memory = 256u << 20, .replace_strategy = w->replace_strategy,
                                                      .retry_seconds = patient ? 10 : -1), err);
}

static struct spile_run_options options_of(const struct work *w, const char *load_id)
{
    struct spile_run_options options = w->options;

    options.size = sizeof(options);
    options.table = "t";
    options.load_id = load_id;
    return options;
}

static enum spile_status run_source(struct spile_pipeline *pipeline, struct spile_run_options *options, struct spile_load_info **info, struct spile_error *err)
{
    struct series series = { .count = 5, .as_items = true, .keeps = true };
    struct spile_source *source;
    enum spile_status status = spile_source_new(&source, "src", NULL, err);

    options->table = NULL;
    if (!status)
        status = spile_source_add(source, "t", SPILE_RESOURCE(.generate = generate, .user = &series), err);
    if (!status)
        status = spile_run(pipeline, spile_from(source), options, info, err);
    spile_source_free(source);
    return status;
}

static enum spile_status run(struct spile_pipeline *pipeline, const struct work *w, bool draws_only, struct answer *answer, struct spile_error *err)
{
    struct spile_run_options options = options_of(w, "1767225600.2");
    struct spile_load_info *info = NULL;
    enum spile_status status;

    options.no_load = draws_only;
    status = w->data ? spile_run(pipeline, spile_json(w->data), &options, &info, err) : run_source(pipeline, &options, &info, err);
    if (!status)
        tell_number(answer, spile_load_info_rows(info));
    spile_load_info_free(info);
    return status;
}

static enum spile_status make_parameters(struct spile_item **item, enum parameters form, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    *item = NULL;
    if (form == NONE)
        return SPILE_OK;
    status = spile_item_new(item, err);
    if (!status && form == LIST)
        spile_item_set_json(*item, "", "[\"a \\u00e4 longer word\", 2.5, 1]");
    if (!status && form == NAMED) {
        spile_item_set_integer(*item, "least", 1);
        spile_item_set_text(*item, "word", "a word that is none of the table's");
    }
    return status;
}

/* A disk that may be full. */
static enum spile_status take_bytes(void *user, const void *bytes, size_t length, struct spile_error *err)
{
    struct answer *answer = user;

    if (fault_comes(FAULT_CALL, "sink"))
        return spile_fail(err, SPILE_FAILED, "the disk is full");
    for (size_t i = 0; i < length; i++)
        answer->hash = (answer->hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    return SPILE_OK;
}

static enum spile_status query(struct spile_pipeline *pipeline, const struct work *w, struct spile_item *parameters, struct answer *answer,
                               struct spile_error *err)
{
    struct ArrowArrayStream stream;
    uint64_t rows = 0;
    enum spile_status status = spile_query(pipeline, w->sql, parameters, &stream, err);

    if (!status)
        status = spile_stream_write(&stream, SPILE_STREAM_OPTIONS(.format = w->format, .width = 100), take_bytes, answer, &rows, err);
    tell_number(answer, rows);
    return status;
}

static enum spile_status ask(struct spile_pipeline *pipeline, const struct work *w, struct answer *answer, struct spile_error *err)
{
    struct spile_item *parameters;
    uint64_t changed = 0;
    enum spile_status status = make_parameters(&parameters, w->parameters, err);

    if (!status)
        status = w->kind == QUERIES ? query(pipeline, w, parameters, answer, err) : spile_execute(pipeline, w->sql, parameters, &changed, err);
    tell_number(answer, changed);
    spile_item_free(parameters);
    return status;
}

static enum spile_status act(struct spile_pipeline *pipeline, const struct work *w, struct answer *answer, struct spile_error *err)
{
    size_t count = 0;
    enum spile_status status;

    *err = (struct spile_error){ 0 };
    *answer = (struct answer){ 0 };
    if (w->kind == RUNS)
        return run(pipeline, w, false, answer, err);
    if (w->kind != LOADS)
        return ask(pipeline, w, answer, err);
    status = spile_load_pending(pipeline, &count, err);
    tell_number(answer, count);
    return status;
}

/* ---- undisturbed ---------------------------------------------------------------------------------------------------------------------------- */

struct expected {
    const struct work *work;
    enum spile_status status;
    struct answer answer;
    struct text before, after, files;
    sqlite3_int64 sqlite_memory;
    long count[FAULT_CLASSES];
};

static struct spile_pipeline *must_open(const struct work *w)
{
    struct spile_pipeline *pipeline;
    struct spile_error err = { 0 };

    if (open_pipeline(&pipeline, w, false, &err))
        fail_msg("%s: %s", w->name, err.message);
    return pipeline;
}

static void prepare(struct expected *e)
{
    const struct work *w = e->work;
    struct spile_pipeline *pipeline;
    struct spile_run_options options = options_of(w, "1767225600.1");
    struct answer answer = { 0 };
    struct spile_error err = { 0 };

    begin_anew();
    pipeline = must_open(w);
    if (w->before && spile_run(pipeline, spile_json(w->before), &options, NULL, &err))
        fail_msg("%s, before: %s; %s", w->name, err.message, err.where);
    if (w->kind == LOADS && run(pipeline, w, true, &answer, &err))
        fail_msg("%s: %s; %s", w->name, err.message, err.where);
    spile_pipeline_close(pipeline);
    dump(&e->before);
    keep();
}

static void run_undisturbed(struct expected *e)
{
    struct spile_pipeline *pipeline;
    struct spile_error err = { 0 };
    size_t files = open_files();

    fault_track(true);
    fault_arm(NULL);
    if (open_pipeline(&pipeline, e->work, false, &err))
        fail_msg("%s: %s", e->work->name, err.message);
    e->status = act(pipeline, e->work, &e->answer, &err);
    fault_disarm();
    spile_pipeline_close(pipeline);
    for (int i = 0; i < FAULT_CLASSES; i++)
        e->count[i] = atomic_load(&faults.count[i]);
    if (traces)
        fprintf(stderr, "%s %s, status %d %s; %ld allocations, %ld calls, %ld and %ld of the database's\n", engine->ops->scheme, e->work->name, e->status,
                err.message, e->count[FAULT_ALLOCATION], e->count[FAULT_CALL], e->count[FAULT_DATABASE_MEMORY], e->count[FAULT_DATABASE_CALL]);
    if (fault_report_leaks() || open_files() != files)
        fail_msg("%s: memory or files stay", e->work->name);
    fault_track(false);
    e->sqlite_memory = sqlite3_memory_used();
    if (e->status && !strstr(e->work->name, "refused"))
        fail_msg("%s %s: %s; %s", engine->ops->scheme, e->work->name, err.message, err.where);
    dump(&e->after);
    list_files(&e->files);
    if (same(&e->before, &e->after) != (e->work->kind == QUERIES || e->status))
        fail_msg("%s: the dataset is another one, or none:\n%s", e->work->name, text_slice(&e->after).text);
}

/* ---- disturbed ------------------------------------------------------------------------------------------------------------------------------- */

static bool fits(const struct fault *fault, enum spile_status status)
{
    switch (fault->class) {
    case FAULT_ALLOCATION:
        return status == SPILE_NOMEM;
    case FAULT_DATABASE_MEMORY: /* libpq does not tell what it is */
        return status == (on_server() ? SPILE_DESTINATION : SPILE_NOMEM);
    case FAULT_DATABASE_CALL:
        return status == SPILE_DESTINATION;
    default:
        return status == SPILE_FAILED || status == SPILE_DESTINATION || status == SPILE_CONFIG || status == SPILE_NOMEM; /* mmap, too */
    }
}

static bool check_dataset(const struct expected *e, const struct fault *fault, enum spile_status status)
{
    struct text now = { 0 };
    bool before, after, made;

    outwait_sessions();
    made = engine->ops == &sqlite_destination && !e->before.length && !access(in_world("x__" DATASET ".db"), F_OK);
    dump(&now);
    before = same(&now, &e->before);
    after = same(&now, &e->after);
    EXPECT(before || after, "the dataset is neither as before nor as after:\n%s--- before:\n%s--- after:\n%s", text_slice(&now).text,
           text_slice(&e->before).text, text_slice(&e->after).text);
    EXPECT(status || after, "it succeeded, but the dataset is not as after");
    EXPECT(after || !made || fault->class != FAULT_ALLOCATION, "a file is left that was made for it");
    text_release(&now);
    return e->work->kind != EXECUTES || !after || before;
}

static void check_again(const struct expected *e, struct spile_pipeline *pipeline, bool repeats)
{
    struct answer answer;
    struct spile_error err = { 0 };
    enum spile_status status = repeats ? act(pipeline, e->work, &answer, &err) : e->status;
    struct text now = { 0 }, files = { 0 };

    EXPECT(status == e->status, "afterwards the status is %d instead of %d: %s; %s", status, e->status, err.message, err.where);
    EXPECT(!repeats || e->work->kind != QUERIES || answer.hash == e->answer.hash, "afterwards the answer is another one");
    status = spile_load_pending(pipeline, NULL, &err);
    EXPECT(!status, "afterwards what waits can't be loaded: %s; %s", err.message, err.where);
    dump(&now);
    EXPECT(same(&now, &e->after), "afterwards the dataset is another one:\n%s--- instead of:\n%s", text_slice(&now).text, text_slice(&e->after).text);
    list_files(&files);
    EXPECT(same(&files, &e->files), "afterwards the files are others:\n%s--- instead of:\n%s", text_slice(&files).text, text_slice(&e->files).text);
    text_release(&now);
    text_release(&files);
}

static void check_left(const struct expected *e, size_t files)
{
    EXPECT(!faults.tracks || !fault_report_leaks(), "memory stays");
    EXPECT(open_files() == files, "%zu files are open instead of %zu", open_files(), files);
    EXPECT(sqlite3_memory_used() <= e->sqlite_memory, "SQLite has %lld bytes instead of %lld", sqlite3_memory_used(), e->sqlite_memory);
}

static void disturb(const struct expected *e, const struct fault *fault)
{
    static unsigned turn;
    bool opens_inside = turn & 1, same_handle = turn & 2, patient = turn & 4 && !fault->sticky, repeats;
    struct spile_pipeline *pipeline = NULL;
    struct spile_error err = { 0 };
    struct answer answer = { 0 };
    size_t files = open_files();
    enum spile_status status = SPILE_OK;

    begin_failure(fault, e->count[fault->class], "%s %s", engine->ops->scheme, e->work->name);
    alarm(SECONDS_MAX);
    turn++;
    restore();
    fault_track(true);
    if (!opens_inside)
        pipeline = must_open(e->work);
    fault_arm(fault);
    if (opens_inside)
        status = open_pipeline(&pipeline, e->work, patient, &err);
    if (!status)
        status = act(pipeline, e->work, &answer, &err);
    fault_disarm();
    check_answer(e->status, &e->answer, fits(fault, status), status, &answer, &err);
    if (!pipeline || !same_handle) {
        spile_pipeline_close(pipeline);
        pipeline = NULL;
        check_left(e, files);
    }
    faults.tracks = false; /* what the test itself needs */
    repeats = check_dataset(e, fault, status);
    faults.tracks = pipeline;
    if (!pipeline)
        pipeline = must_open(e->work);
    check_again(e, pipeline, repeats);
    spile_pipeline_close(pipeline);
    check_left(e, files);
    fault_track(false);
    alarm(0);
}

/* ---- how often ------------------------------------------------------------------------------------------------------------------------------- */

static unsigned seed, times;

static void disturb_class(const struct expected *e, enum fault_class class, unsigned often)
{
    static const int codes[] = { ENOSPC, EIO, EDQUOT };

    for (unsigned i = 0; e->count[class] && i < often * times; i++) {
        struct fault fault = { .set = true, .class = class };

        seed_random(seed + (unsigned)(e->work - works), 100 * class + i);
        fault.sticky = pick(4) == 0;
        fault.code = class == FAULT_CALL || class == FAULT_DATABASE_CALL ? codes[pick(3)] : 0;
        fault.at = choose_place(class, e->count[class]);
        disturb(e, &fault);
    }
}

static void play(const struct work *w, const unsigned often[FAULT_CLASSES])
{
    struct expected e = { .work = w };

    if ((w->only && w->only != engine->ops) || (w->replace && !(engine->ops->caps.replaces & w->replace)))
        return;
    alarm(SECONDS_MAX);
    prepare(&e);
    run_undisturbed(&e);
    for (int class = 0; class < FAULT_CLASSES; class++)
        disturb_class(&e, (enum fault_class)class, often[class]);
    text_release(&e.before);
    text_release(&e.after);
    text_release(&e.files);
}

static void play_all(const struct engine *with, const unsigned often[FAULT_CLASSES])
{
    const char *wanted = getenv("SPILE_FAULT_CASE");

    engine = with;
    injected = felt = dispensable = complaints = 0;
    make_world();
    for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++)
        if (!wanted || strstr(works[i].name, wanted))
            play(&works[i], often);
    remove_world();
    if (complaints)
        fail_msg("%u failures are not taken as they should be", complaints);
    print_message("%s, seed %u: %u failures, by now at %zu places of %zu: %u of them felt, %u dispensable\n", engine->ops->scheme, seed, injected,
                  failed_places(), faults.site_count, felt, dispensable);
}

static void duckdb_may_fail(void **state)
{
    (void)state;
    play_all(&engines[0], (const unsigned[FAULT_CLASSES]){ [FAULT_ALLOCATION] = 2, [FAULT_CALL] = 1 });
}

static void sqlite_may_fail(void **state)
{
    (void)state;
    play_all(&engines[1], (const unsigned[FAULT_CLASSES]){ 6, 2, 4, 4 });
}

static void postgres_may_fail(void **state)
{
    (void)state;
    play_all(&engines[2], (const unsigned[FAULT_CLASSES]){ 3, 1, 1, 2 });
    postgres_destination.close(server, NULL);
}

int main(void)
{
    const struct CMUnitTest files[] = { cmocka_unit_test(duckdb_may_fail), cmocka_unit_test(sqlite_may_fail) };
    const struct CMUnitTest servers[] = { cmocka_unit_test(postgres_may_fail) };

    seed = number_from("SPILE_FAULT_SEED", 1);
    times = number_from("SPILE_FAULT_TIMES", 1);
    traces = number_from("SPILE_FAULT_TRACE", 0);
    watch_signals();
    fault_take_sqlite();
    return getenv("SPILE_FAULT_POSTGRES") ? cmocka_run_group_tests(servers, NULL, NULL) : cmocka_run_group_tests(files, NULL, NULL);
}
