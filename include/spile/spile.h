/* spile: draws data out of JSON, infers and evolves its schema, unpacks nested documents into linked tables and lands them in a
 * database in one atomic load. The datasets are those of the Python library dlt: same tables, columns and `_dlt_*` bookkeeping.
 *
 * Conventions, for every call below unless its comment says otherwise:
 * - A call that can fail returns a status and takes `struct spile_error *` last. The caller lends the error object (zeroed once);
 *   NULL is allowed and means that only the status is of interest.
 * - Option structs are passed by pointer, made with their macro, and may be NULL; a zero field is the default its comment names.
 *   Strings in them are read during the call only; what the library keeps it copies.
 * - All text is UTF-8. Sizes are in bytes, times in microseconds since 1970 UTC, durations in seconds.
 * - Handles share nothing with each other: different handles may be used on different threads, one handle on one thread at a time.
 * - The library never prints, never ends the process and keeps no global state.
 */
#ifndef SPILE_H
#define SPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SPILE_VERSION "0.1.0"

#if defined(__GNUC__) && !defined(SPILE_NO_VISIBILITY)
#define SPILE_API __attribute__((visibility("default")))
#else
#define SPILE_API
#endif

/* ---- status and error -------------------------------------------------------------------------------------------------------- */

/* What went wrong, as far as it matters for what to do next. Up to SPILE_LOCKED the values are the command's exit codes. */
enum spile_status {
    SPILE_OK = 0,
    SPILE_FAILED = 1,      /* the machine failed us (disk, threads), or a bug: the message says which */
    SPILE_USAGE = 2,       /* an argument is wrong: correct the call */
    SPILE_CONFIG = 3,      /* configuration, stored schema or stored state is wrong */
    SPILE_SOURCE = 4,      /* the input is at fault: unreadable, or not valid JSON */
    SPILE_DESTINATION = 5, /* the database is at fault: no permission, disk full, foreign table, library missing */
    SPILE_CONTRACT = 6,    /* a contract refused the data */
    SPILE_PARTIAL = 7,     /* loaded in part (only where a destination has no transactions) */
    SPILE_LOCKED = 8,      /* another run holds the pipeline: try again later */
    SPILE_NOMEM = 9,       /* out of memory, or over the limit that was set */
    SPILE_CANCELLED = 10   /* spile_pipeline_cancel() was called; nothing was loaded, run again to resume */
};

/* Filled by the call that fails, with texts that fit (longer ones are shortened at a character's border). */
struct spile_error {
    enum spile_status status;
    bool retriable;     /* the same call may succeed later without any change */
    char message[512];  /* what is wrong: lower case, no full stop, the offending value quoted and shortened */
    char where[512];    /* where: file, line, row, table, column, innermost first; "" when it does not apply */
    char hint[512];     /* what to do about it; "" when we know no remedy */
};

/* For functions that users write (generators, steps): fills the error and returns the status, so that one may write
 *     return spile_fail(err, SPILE_SOURCE, "page %d is missing", number);
 * The place is added by the engine. A NULL error is fine. */
#if defined(__GNUC__)
#define SPILE_PRINTF(template_at, values_at) __attribute__((format(printf, template_at, values_at)))
#else
#define SPILE_PRINTF(template_at, values_at)
#endif
SPILE_API enum spile_status spile_fail(struct spile_error *err, enum spile_status status, const char *format, ...) SPILE_PRINTF(3, 4);
SPILE_API enum spile_status spile_hint(struct spile_error *err, enum spile_status status, const char *format, ...) SPILE_PRINTF(3, 4); /* what to do */

/* ---- schema ------------------------------------------------------------------------------------------------------------------ */

/* The tables of a dataset, their columns and hints, and the settings by which new ones are made: what dlt calls a schema. Opaque; belongs to
 * whoever made it, and may be used by one thread at a time. Hints go into it, it goes into a run (spile_run_options.schema), or it comes out
 * of a dataset (spile_pipeline_schema). Names are normalized when they meet the dataset's schema, not before. */
struct spile_schema;

enum spile_schema_format {
    SPILE_SCHEMA_YAML = 0, /* a schema file, the same bytes as dlt writes */
    SPILE_SCHEMA_JSON      /* the same as JSON */
};

/* A schema without tables of data. `name`: a Python identifier of at most 64 characters; a run does not look at it. */
SPILE_API enum spile_status spile_schema_new(struct spile_schema **out, const char *name, struct spile_error *err);

/* Reads a schema file's text, YAML or JSON, of any engine version of dlt's. A file written by hand needs nothing but "tables". SPILE_CONFIG with
 * what is wrong (message), where, and the remedy; *out is NULL then. The text is read during the call only. */
SPILE_API enum spile_status spile_schema_parse(struct spile_schema **out, const char *text, size_t length, struct spile_error *err);
SPILE_API enum spile_status spile_schema_read_file(struct spile_schema **out, const char *path, struct spile_error *err);

SPILE_API void spile_schema_free(struct spile_schema *schema); /* NULL is allowed */

SPILE_API const char *spile_schema_name(const struct spile_schema *schema);
SPILE_API int64_t spile_schema_version(const struct spile_schema *schema);    /* raised whenever changed content is stored */
SPILE_API const char *spile_schema_hash(const struct spile_schema *schema);   /* dlt's version_hash of the content as it is */

/* The schema as a file's text. Terminated; belongs to the schema and lives until its next text is asked for, or it is freed. */
SPILE_API enum spile_status spile_schema_text(struct spile_schema *schema, enum spile_schema_format format, const char **text, size_t *length,
                                              struct spile_error *err);

/* A description for people: tables, columns, hints. `system`: with dlt's own tables. Lives like spile_schema_text's. */
SPILE_API enum spile_status spile_schema_describe(struct spile_schema *schema, bool system, const char **text, struct spile_error *err);

/* Gives hints for columns of a table, which is made when it is not there (with "parent__list" as its name below its parent, when that is).
 * `columns` is a list with commas: NAME:TYPE, with (PRECISION) or (PRECISION,SCALE) and :HINT as needed; NAME::HINT leaves the type to the data.
 *     "id:bigint:primary_key, price:decimal(10,2), at:timestamp(3):naive:not_null"
 * Types: text, double, bool, timestamp, bigint, binary, json (keeps objects and lists whole), decimal, wei, date, time. Hints: not_null, null,
 * naive, unique, sort, partition, cluster, primary_key, merge_key, row_key, hard_delete, dedup_sort=asc|desc, x-...[=TEXT]. A name with a dot is
 * TABLE.COLUMN. SPILE_USAGE when it can't be read, with the remedy. */
SPILE_API enum spile_status spile_schema_set_columns(struct spile_schema *schema, const char *table, const char *columns, struct spile_error *err);

/* Puts all of `part` into the schema: what it says of tables, columns and settings wins, the rest stays. `part` is not changed. So hints of tables
 * and settings are given, too, as a parsed part in the words of schema files:
 *     {"tables": {"orders": {"write_disposition": "replace", "schema_contract": "freeze"}}, "settings": {"detections": ["iso_date"]}} */
SPILE_API enum spile_status spile_schema_merge(struct spile_schema *schema, const struct spile_schema *part, struct spile_error *err);

/* What differs. The text is for people, a line for each difference; the JSON is an array of objects {kind, what, table, column, property, before,
 * after}. Both belong to the difference. */
struct spile_schema_diff;
SPILE_API enum spile_status spile_schema_compare(struct spile_schema_diff **out, const struct spile_schema *before,
                                                 const struct spile_schema *after, struct spile_error *err);
SPILE_API size_t spile_schema_diff_count(const struct spile_schema_diff *diff);
SPILE_API const char *spile_schema_diff_text(const struct spile_schema_diff *diff);
SPILE_API const char *spile_schema_diff_json(const struct spile_schema_diff *diff);
SPILE_API void spile_schema_diff_free(struct spile_schema_diff *diff); /* NULL is allowed */

/* ---- how it is written ----------------------------------------------------------------------------------------------------- */

enum spile_write {
    SPILE_APPEND = 0, /* add the rows */
    SPILE_REPLACE,    /* empty the table and its nested tables in the same transaction, then add the rows */
    SPILE_MERGE       /* put the rows, with those nested in them, in place of what the table has of them: as struct spile_merge says */
};

/* How rows find those that they take the place of. A row whose column has the hint hard_delete, and a value there that is not false, is a deletion; of rows
 * of a load that have the same key, the first by the column with the hint dedup_sort counts. */
enum spile_merge_strategy {
    SPILE_STRATEGY_NOT_SAID = 0, /* what the dataset's schema says of the table; where it says nothing: SPILE_DELETE_INSERT */
    SPILE_DELETE_INSERT,         /* delete the rows with the same key or merge key, then insert. Without keys the rows are added */
    SPILE_UPSERT,                /* update the row with the same key, or insert. Needs a primary key */
    SPILE_INSERT_ONLY,           /* insert rows whose key is not there, leave the others as they are. Needs a primary key */
    SPILE_SCD2,                  /* keep the history: a row that changes or is absent gets an end, a new one begins (slowly changing dimension, type 2) */
    SPILE_CDC                    /* the load is all that there is: as SPILE_UPSERT, and rows that are absent go. Needs a primary key */
};

/* Of SPILE_MERGE. The dataset's schema keeps it: what is not said now is as it was said before. An option that the strategy does not take is
 * SPILE_USAGE. Conditions are SQL for the destination, with plain names of columns; "{{" and "}}" stand for braces. */
struct spile_merge {
    enum spile_merge_strategy strategy;
    bool deduplicated;             /* no two rows of a load have the same key: none is looked for (SPILE_DELETE_INSERT) */
    bool skip_unchanged_rows;      /* rows that are equal to those in the table stay as they are, with their load id (SPILE_UPSERT, SPILE_CDC) */
    const char *source_filter;     /* condition that chooses among the loaded rows; the others are left out, with what is nested in them. NULL: none
                                      (all but SPILE_INSERT_ONLY) */
    const char *destination_scope; /* condition that chooses the rows of the table, here also "{table}" and "{staging_table}", which may go or end: it takes
                                      the place of keys in finding them. NULL: none (SPILE_DELETE_INSERT, SPILE_SCD2, SPILE_CDC) */
    const char *row_version;       /* column that differs when the row does. SPILE_SCD2 compares it, NULL: `_dlt_id`, made of all that is in the row;
                                      SPILE_UPSERT and SPILE_CDC with skip_unchanged_rows, NULL: all columns are compared */
    const char *valid_from, *valid_to; /* columns for begin and end of a version; NULL: `_dlt_valid_from`, `_dlt_valid_to` (SPILE_SCD2) */
    const char *active_record_timestamp; /* what stands for the end of versions that hold: "9999-12-31". NULL: null (SPILE_SCD2) */
    const char *boundary_timestamp; /* when versions of this load begin: "2026-01-01T00:00:00Z". NULL: as said before, at first the time of the load;
                                       "": the time of the load from now on (SPILE_SCD2) */
};

#define SPILE_NO_NESTING (-1)

/* What happens to data that would change the schema, as dlt's schema contracts. */
enum spile_contract_mode {
    SPILE_NOT_SAID = 0,   /* what the dataset's schema says; where it says nothing: SPILE_EVOLVE */
    SPILE_EVOLVE,         /* the schema follows the data */
    SPILE_FREEZE,         /* the run fails with SPILE_CONTRACT */
    SPILE_DISCARD_ROW,    /* the row is left out, with the rows nested in it */
    SPILE_DISCARD_VALUE   /* the value is left out; of a new table: its rows */
};

/* A contract given to a run is kept in the dataset's schema: it holds for later runs too, until one gives another. The columns of a table
 * that is new to the dataset always follow the data of the run that makes it. */
struct spile_contract {
    enum spile_contract_mode all;       /* for those not said below */
    enum spile_contract_mode tables;    /* new tables, nested ones too */
    enum spile_contract_mode columns;   /* new columns */
    enum spile_contract_mode data_type; /* values of another type than their column: new variant columns */
};

/* ---- values of items ----------------------------------------------------------------------------------------------------------- */

enum spile_kind {
    SPILE_ABSENT = 0, /* nothing is there */
    SPILE_NULL,
    SPILE_BOOL,
    SPILE_INTEGER, /* fits 64 bits */
    SPILE_DOUBLE,
    SPILE_NUMBER,  /* JSON's number beyond 64 bits and beyond double */
    SPILE_TEXT,
    SPILE_OBJECT,
    SPILE_LIST,
    SPILE_DECIMAL, /* these are set by spile_item_set_...() only */
    SPILE_TIMESTAMP,
    SPILE_DATE,
    SPILE_TIME,
    SPILE_BINARY
};

/* ---- incremental loading ------------------------------------------------------------------------------------------------------- */

enum spile_last_value { SPILE_MAX = 0, SPILE_MIN };
enum spile_row_order { SPILE_UNORDERED = 0, SPILE_ASCENDING, SPILE_DESCENDING };
enum spile_missing_cursor { SPILE_RAISE = 0, SPILE_INCLUDE, SPILE_EXCLUDE };

/* Draws only what is new: items whose cursor is not before the last value that an earlier run has seen. The last value is kept in the state of
 * the resource, which moves with the commit of its data. A value is JSON ("5", "\"5\"", "2.5"); what is no JSON is a text ("2026-01-01").
 *
 * Values are compared with their like: numbers and decimals with each other, texts with texts, dates with dates. Before an item is within range, `initial`,
 * `end` and a last value follow the items' timestamps in having an offset or none; naive ones count as UTC. */
struct spile_incremental {
    const char *cursor;     /* of the items as they come: a key, or a JSONPath whose first match counts ("meta.updated_at"); NULL: not incremental */
    const char *initial;    /* the last value before the first run; NULL: none, all items are new */
    const char *end;        /* only items before it, and no state is read or kept: a backfill. Needs `initial`. NULL: none */
    enum spile_last_value last_value;
    /* Another last value than the greatest or least: is `value` to take the place of `last`? Both are JSON (typed values: texts).
     * Called on the thread that runs the resource's steps. NULL: by last_value */
    bool (*replaces)(const char *value, const char *last, void *user);
    void *user;
    double lag;             /* begin that much earlier, for what comes late: seconds for times, days for dates, else units. The destination has to
                               tell what it has already, so nothing is de-duplicated here */
    enum spile_row_order order; /* items come in that order: stop to draw at the first page that has one out of range */
    enum spile_missing_cursor missing; /* of items without a value there */
    bool open_start;        /* items equal to the last value are not new (there can't be more of them) */
    bool closed_end;        /* items equal to `end` belong to it */
    const char *primary_key; /* columns, with commas, that tell items apart which have the last value: NULL: the resource's, else the whole item;
                               "": nothing does, all of them are loaded again */
    uint32_t keys_max;      /* of items kept in the state that have the last value; more fail with SPILE_SOURCE. 0: 100000 */
    enum spile_kind kind;   /* of `initial` and `end`, when items have typed values there: SPILE_TIMESTAMP ("2026-01-01T00:00:00Z", "2026-01-01"; without
                               an offset it is naive), SPILE_DATE ("2026-01-01"), SPILE_TIME ("10:00:00"), SPILE_DECIMAL ("12.50"), SPILE_BINARY (base64).
                               0: they are JSON */
};

/* ---- what to load ------------------------------------------------------------------------------------------------------------ */

struct spile_part;
struct spile_source;
struct ArrowArrayStream; /* of Arrow's C stream interface */

/* Data for one run: made by the functions below, passed by value. Holds pointers of the caller, which must stay valid until the
 * run returns; owns nothing. */
struct spile_data {
    int kind;
    const void *bytes;
    size_t length;
    const char *const *paths;
    const struct spile_part *parts;
    size_t count;
    const struct spile_source *source;
    struct ArrowArrayStream *stream;
};

/* Several tables in one load: each part is loaded into its own table, in this order, in one transaction. */
struct spile_part {
    const char *table;      /* required */
    struct spile_data data; /* JSON, files, or an Arrow stream; not parts again */
};

enum { SPILE_DATA_JSON = 1, SPILE_DATA_FILES = 2, SPILE_DATA_PARTS = 3, SPILE_DATA_SOURCE = 4, SPILE_DATA_ARROW = 5 };

/* JSON text: one object, an array of objects, or objects one after another (NDJSON or concatenated). Not modified. */
static inline struct spile_data spile_json_bytes(const void *bytes, size_t length)
{
    struct spile_data data = { SPILE_DATA_JSON, bytes, length, NULL, NULL, 0, NULL, NULL };
    return data;
}

/* The same for a C string. */
static inline struct spile_data spile_json(const char *text)
{
    size_t length = 0;

    while (text && text[length])
        length++;
    return spile_json_bytes(text, length);
}

/* Files with such JSON, plain or compressed with gzip or zstd (told by their first bytes), read one after another into one table.
 * "-" is standard input, which can be named once. Each path names a file; folders and patterns are the caller's affair. */
static inline struct spile_data spile_files(const char *const *paths, size_t count)
{
    struct spile_data data = { SPILE_DATA_FILES, NULL, 0, paths, NULL, count, NULL, NULL };
    return data;
}

static inline struct spile_data spile_parts(const struct spile_part *parts, size_t count)
{
    struct spile_data data = { SPILE_DATA_PARTS, NULL, 0, NULL, parts, count, NULL, NULL };
    return data;
}

/* What the resources of a source draw, each into its own table. `table`, `columns` and keys of the run's options are not used then. */
static inline struct spile_data spile_from(const struct spile_source *source)
{
    struct spile_data data = { SPILE_DATA_SOURCE, NULL, 0, NULL, NULL, 0, source, NULL };
    return data;
}

/* The batches of an Arrow C stream, as spile_emit_arrow() takes them. The stream is released when the run draws it, and can't be drawn again. */
static inline struct spile_data spile_arrow(struct ArrowArrayStream *stream)
{
    struct spile_data data = { SPILE_DATA_ARROW, NULL, 0, NULL, NULL, 0, NULL, stream };
    return data;
}

/* ---- items ------------------------------------------------------------------------------------------------------------------- */

/* One document that a generator builds, or a step or transformer works on; an object, as a rule. A path names a place in it: "user.address.city",
 * "lines[0].sku", "lines[-1]" (the last), "lines[]" (a new one at the end), "['a key.with dots']"; "" is the whole. Belongs to whoever made it;
 * steps and transformers borrow theirs for the length of the call. One thread at a time. */
struct spile_item;

SPILE_API enum spile_status spile_item_new(struct spile_item **out, struct spile_error *err); /* an empty object */
SPILE_API void spile_item_free(struct spile_item *item);                                      /* NULL is allowed */
SPILE_API void spile_item_clear(struct spile_item *item); /* an empty object again; a failure that was remembered is forgotten */

/* What is at the path. `otherwise` is given when nothing of that kind is there; an integer is a double, too. A text (NULL: there is none) and JSON
 * (NULL: absent, or out of memory) live until the item changes or dies. The length may be NULL; texts are terminated, too. */
SPILE_API enum spile_kind spile_item_kind(const struct spile_item *item, const char *path);
SPILE_API size_t spile_item_count(const struct spile_item *item, const char *path); /* of elements or members; 0 for other kinds */
SPILE_API bool spile_item_bool(const struct spile_item *item, const char *path, bool otherwise);
SPILE_API int64_t spile_item_integer(const struct spile_item *item, const char *path, int64_t otherwise);
SPILE_API double spile_item_double(const struct spile_item *item, const char *path, double otherwise);
SPILE_API const char *spile_item_text(const struct spile_item *item, const char *path, size_t *length);
SPILE_API const char *spile_item_json(struct spile_item *item, const char *path, size_t *length);

/* Sets what is at the path; objects and lists on the way are made, and an item that is still empty becomes a list ("[]"). Texts are copied. What goes wrong (a path that can't be, a NaN, memory) is
 * remembered by the item, and told by spile_emit_item() or after the step: so setters need no check each. */
SPILE_API void spile_item_set_null(struct spile_item *item, const char *path);
SPILE_API void spile_item_set_bool(struct spile_item *item, const char *path, bool value);
SPILE_API void spile_item_set_integer(struct spile_item *item, const char *path, int64_t value);
SPILE_API void spile_item_set_double(struct spile_item *item, const char *path, double value);
SPILE_API void spile_item_set_text(struct spile_item *item, const char *path, const char *text); /* NULL sets null */
SPILE_API void spile_item_set_bytes(struct spile_item *item, const char *path, const void *utf8, size_t length); /* a text, not terminated */
SPILE_API void spile_item_set_json(struct spile_item *item, const char *path, const char *json);

/* Values of types that JSON lacks: they get columns of these types, or go into others as dlt's values of Python's types do. */
SPILE_API void spile_item_set_decimal(struct spile_item *item, const char *path, const char *number); /* "12.50": a JSON number, kept by its digits */
SPILE_API void spile_item_set_timestamp(struct spile_item *item, const char *path, int64_t micros);   /* UTC; years 1 to 9999 */
SPILE_API void spile_item_set_date(struct spile_item *item, const char *path, int32_t days);          /* since 1970; years 1 to 9999 */
SPILE_API void spile_item_set_time(struct spile_item *item, const char *path, int64_t micros);        /* of the day, below 24 hours */
SPILE_API void spile_item_set_binary(struct spile_item *item, const char *path, const void *bytes, size_t length);

SPILE_API void spile_item_rename(struct spile_item *item, const char *path, const char *key); /* the member gets another key, its place stays */
SPILE_API void spile_item_remove(struct spile_item *item, const char *path); /* fine when nothing is there */

/* ---- sources and resources -------------------------------------------------------------------------------------------------- */

/* Where a generator puts its items. Belongs to the engine, for the length of the call. */
struct spile_emitter;

/* Emit items. The text, the item and the data are copied: they may be used again at once. SPILE_CANCELLED: the engine wants no more (a limit is
 * reached, another resource has failed, the run was cancelled): clean up and return it, or any other status; that is no failure. These calls block
 * while the engine is full. JSON: an object, an array of items (a page), or values one after another; what is no JSON is SPILE_SOURCE, nothing of
 * that page is loaded. `length` 0: terminated. */
SPILE_API enum spile_status spile_emit_json(struct spile_emitter *out, const char *json, size_t length, struct spile_error *err);
SPILE_API enum spile_status spile_emit_item(struct spile_emitter *out, struct spile_item *item, struct spile_error *err); /* also clears it */

/* Emits the batches of an Arrow C stream of tables, each as a page, column by column. The stream is released, whatever comes back; a batch when it is
 * unpacked: later perhaps, and on any thread, but not after the run. As in dlt the rows get no `_dlt_load_id` and no `_dlt_id`, unless the table has them
 * already or the run asks for them (`arrow_load_id`, `arrow_row_id`), no nested tables (structs, lists and maps become JSON) and no variant columns; a value
 * that does not fit its column is SPILE_SOURCE. A resource with steps, with `table_by` or with transformers takes the rows one by one, as items. */
SPILE_API enum spile_status spile_emit_arrow(struct spile_emitter *out, struct ArrowArrayStream *stream, struct spile_error *err);

/* Emits what `make` is going to emit: it is called once on one of the engine's threads, several of them at once, while the function that defers goes on. What
 * they emit comes in the order in which they were deferred, unless the resource is `unordered`; what is emitted meanwhile does not wait for it. `release` (may be
 * NULL) is called when `user` is no longer needed, also when `make` never was, on any thread; after a failure of this call, too. Blocks while
 * `parallel_items` of them are waiting or at work. Not in a flat map (SPILE_USAGE). */
struct spile_deferred {
    size_t size; /* set by the macro */
    enum spile_status (*make)(struct spile_emitter *out, void *user, struct spile_error *err);
    void *user;
    void (*release)(void *user);
};
#define SPILE_DEFERRED(...) (&(const struct spile_deferred){ .size = sizeof(struct spile_deferred), __VA_ARGS__ })
SPILE_API enum spile_status spile_emit_deferred(struct spile_emitter *out, const struct spile_deferred *deferred, struct spile_error *err);

/* From here on items go to that table; NULL: the resource's again. The name is copied. Not with `columns` or keys: they are of the resource's table. */
SPILE_API enum spile_status spile_emit_to(struct spile_emitter *out, const char *table, struct spile_error *err);

/* Asks to be called again after this call has returned SPILE_OK; without, the resource is done. So a generator that emits one page per call shares its
 * thread with the other resources; one that waits for a slow endpoint leaves the thread to them: until the descriptor is readable (writable), or the
 * time is over. timeout_ms < 0: no limit. */
SPILE_API void spile_again(struct spile_emitter *out);
SPILE_API void spile_again_after(struct spile_emitter *out, int64_t ms);
SPILE_API void spile_again_readable(struct spile_emitter *out, int fd, int64_t timeout_ms);
SPILE_API void spile_again_writable(struct spile_emitter *out, int fd, int64_t timeout_ms);

SPILE_API bool spile_emitter_stopping(const struct spile_emitter *out); /* would an emit return SPILE_CANCELLED? */

/* Where an incremental resource has to begin and end drawing, as JSON (the last value less the lag, `end`; typed values as texts);
 * NULL: nowhere. Live as long as the call. */
SPILE_API const char *spile_emitter_start(const struct spile_emitter *out);
SPILE_API const char *spile_emitter_end(const struct spile_emitter *out);

/* The state: JSON documents that the engine keeps between runs, one per resource and one per source, by key. Kept with the commit of the run, not
 * before. The JSON lives as long as the call of the function. NULL: no such key; or out of memory, and then the run fails when the function returns.
 * Setting NULL removes. May be used by parallel functions; what they set together is theirs to agree on. A resource that is replaced begins with an
 * empty state. */
SPILE_API const char *spile_resource_state(struct spile_emitter *out, const char *key);
SPILE_API enum spile_status spile_set_resource_state(struct spile_emitter *out, const char *key, const char *json, struct spile_error *err);
SPILE_API const char *spile_source_state(struct spile_emitter *out, const char *key);
SPILE_API enum spile_status spile_set_source_state(struct spile_emitter *out, const char *key, const char *json, struct spile_error *err);

/* Resources that share a schema and a state; also their graph. A declaration: nothing runs before spile_run(pipeline, spile_from(source), ...), and it
 * may run many times. */
struct spile_source;

/* How far a resource is drawn. Zero: to its end. A limit is no failure; the page that reaches it is loaded whole. */
struct spile_limit {
    uint64_t pages;  /* calls of emit */
    uint64_t items;
    double seconds;  /* looked at after each page */
};

/* A resource is a name, hints, and one of: a generator, data, or a transformer of another resource's items. */
struct spile_resource_options {
    size_t size; /* set by the macro */

    /* Emits items until it is done. Called once, unless it asks to be called again (spile_again()); never twice at once. On the thread that called
     * spile_run(), or, with `parallel`, on one of the engine's. Fails by returning a status that is neither SPILE_OK nor SPILE_CANCELLED, best with a
     * message in `err`; the engine adds resource and item. */
    enum spile_status (*generate)(struct spile_emitter *out, void *user, struct spile_error *err);
    struct spile_data data; /* instead of it: JSON or files, which must stay until the run returns */

    /* Called for each item of resource `from`: emits any number of items. With `parallel` on several threads at once, each call with its own item;
     * what they emit keeps the order of the items they were given, unless `unordered`, or they wait (spile_again_after() and the like). */
    enum spile_status (*transform)(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err);
    const char *from;       /* name of a resource, also one declared later */

    void *user;             /* for the functions; the caller's */
    void (*close)(void *user); /* called once in each run in which the resource was begun, when it is done, was stopped or has failed, on the thread that
                               called spile_run(): the place to clean up. NULL: nothing */
    bool parallel, unordered;
    bool hidden;            /* its items are not loaded, only given to transformers */
    const char *table;      /* NULL: named like the resource */
    const char *table_by;   /* JSONPath of a text that names the item's table; items without it go to `table`. Not with `columns` or keys */
    enum spile_write write;
    const char *columns, *json_columns, *primary_key, *merge_key; /* as in spile_run_options, of this resource's table */
    struct spile_contract contract; /* zero: the run's */
    int max_nesting;        /* 0: the run's */
    struct spile_incremental incremental;
    struct spile_limit limit;
    struct spile_merge merge; /* with SPILE_MERGE */
};
#define SPILE_RESOURCE(...) (&(const struct spile_resource_options){ .size = sizeof(struct spile_resource_options), __VA_ARGS__ })

/* What is done to each item of a resource before it is looked at, loaded, and given to transformers. One of: */
struct spile_step {
    size_t size; /* set by the macro */
    enum spile_status (*map)(struct spile_item *item, void *user, struct spile_error *err); /* changes the item */
    bool (*filter)(const struct spile_item *item, void *user);                              /* keeps it? */
    enum spile_status (*flat_map)(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err); /* emits what takes its place */
    void *user;
    const char *rename;     /* "old: new, address.zip: postcode" */
    const char *remove;     /* paths, with commas */
    const char *keep;       /* keys, with commas: all others go */
    const char *hash;       /* paths, with commas: each value becomes the SHA-256 of `salt` and its text, in hexadecimal; null stays null */
    const char *hmac;       /* likewise: the HMAC-SHA-256 with the key `salt` */
    const char *salt;
    const char *parse_json; /* paths, with commas, of texts that are JSON: become what they say. SPILE_SOURCE when one is none */
    const char *constant;   /* a path that gets `value`, JSON */
    const char *value;
    const char *sequence;   /* a path whose integer must go up by one from item to item: else SPILE_SOURCE, since something was lost or came twice */
    unsigned before;        /* goes before that step of the resource, counted from 1; 0: behind the last */
};
#define SPILE_STEP(...) (&(const struct spile_step){ .size = sizeof(struct spile_step), __VA_ARGS__ })

struct spile_source_options {
    size_t size; /* set by the macro */
    const struct spile_schema *schema; /* merged into the dataset's; must outlive the source. NULL: nothing */
    struct spile_contract contract;    /* of all resources that have none; zero: the run's */
    int max_nesting;                   /* likewise */
    bool root_key;                     /* as in spile_run_options */
    unsigned workers;                  /* threads for parallel generators, and as many for transformers; 0: 5. A generator has its thread until it is done
                                          or asks to be called again: further ones wait */
    unsigned parallel_items;           /* items that wait for parallel transformers, or are in them, and deferred ones; 0: 20 */
    uint64_t queue_bytes;              /* that a parallel generator may be ahead of the engine; 0: 16 MiB */
    bool fifo;                         /* resources that ask to be called again are drawn one after another; else in turn */
};
#define SPILE_SOURCE_OPTIONS(...) (&(const struct spile_source_options){ .size = sizeof(struct spile_source_options), __VA_ARGS__ })

/* `name`: also that of its schema and its state in the dataset; 1 to 64 characters, normalized. */
SPILE_API enum spile_status spile_source_new(struct spile_source **out, const char *name, const struct spile_source_options *options,
                                             struct spile_error *err);
SPILE_API void spile_source_free(struct spile_source *source); /* NULL is allowed; not during a run */

/* Another source with the same resources and steps, selection and bindings; name NULL: the same. */
SPILE_API enum spile_status spile_source_clone(struct spile_source **out, const struct spile_source *source, const char *name, struct spile_error *err);

/* Declares a resource. SPILE_USAGE when the name is taken, or the options contradict each other: the source is as before. */
SPILE_API enum spile_status spile_source_add(struct spile_source *source, const char *name, const struct spile_resource_options *options,
                                             struct spile_error *err);
SPILE_API enum spile_status spile_source_step(struct spile_source *source, const char *resource, const struct spile_step *step, struct spile_error *err);

/* "users | details | files": each is fed by the one before it; all but the first are transformers. */
SPILE_API enum spile_status spile_source_pipe(struct spile_source *source, const char *pipe, struct spile_error *err);

/* Only these (names, with commas) are loaded; those that feed them are drawn. NULL: all again. */
SPILE_API enum spile_status spile_source_select(struct spile_source *source, const char *resources, struct spile_error *err);

/* The table goes with it unless it has a name of its own; the state is that of the new name. */
SPILE_API enum spile_status spile_source_rename(struct spile_source *source, const char *resource, const char *name, struct spile_error *err);

/* Another `user` for its functions: the arguments of a generator. */
SPILE_API enum spile_status spile_source_bind(struct spile_source *source, const char *resource, void *user, struct spile_error *err);

enum spile_graph_format { SPILE_GRAPH_JSON = 0, SPILE_GRAPH_DOT };

/* The graph as text: resources, what feeds them, their steps, tables and hints. Checks it, too: SPILE_USAGE for a resource that is fed by an unknown
 * one, or by itself in the end (with the path). Terminated; belongs to the source until the next description. */
SPILE_API enum spile_status spile_source_describe(struct spile_source *source, enum spile_graph_format format, const char **text, struct spile_error *err);

/* ---- pipeline ---------------------------------------------------------------------------------------------------------------- */

/* A pipeline: a name, a destination with a dataset in it, and a work folder that holds what is not loaded yet and knows where the last run
 * went. Opaque. */
struct spile_pipeline;

enum spile_choice { SPILE_AS_USUAL = 0, SPILE_YES, SPILE_NO };

/* What is left out is looked for in the environment under dlt's names: credentials, replace_strategy, create_indexes as
 * $<PIPELINE>__DESTINATION__<TYPE>__<SETTING>, then without <TYPE>, then without DESTINATION, then all of these without the pipeline. */
struct spile_pipeline_options {
    size_t size;             /* set by the macro */
    const char *destination; /* "duckdb" (the file of its credentials, else <pipeline>.duckdb in the current folder), "x.duckdb", "duckdb:PATH", "duckdb:///PATH". NULL: the
                                database of the pipeline's last run, as its work folder knows it (of the last schema that was put, or load of what was
                                pending, too). SPILE_CONFIG when there was none, SPILE_DESTINATION when that database is gone */
    const char *dataset;     /* schema in the database; NULL: <pipeline>_dataset, but with `destination` NULL, and not in dev_mode, the last run's */
    const char *data_dir;    /* parent of all work folders; NULL: $SPILE_DATA_DIR, else /var/spile for root, else ~/.spile */
    unsigned workers;        /* threads that parse and unpack; 0: one per processor */
    uint64_t max_memory;     /* bytes for engine and database together; 0: a quarter of the machine's, at most 2 GiB */
    const char *naming;      /* how names of the data become names in the database: "snake_case", "duck_case", "direct", "sql_ci_v1" or
                                "sql_cs_v1". NULL: the dataset's, for a new one snake_case. SPILE_CONFIG by spile_run() when the dataset has
                                another */
    const char *import_folder; /* where schema files <name>.schema.yaml (or .json) are looked for at the begin of each run: an edited file wins
                                over the dataset's schema. When there is none, the first run writes the schema before its data there. NULL: none */
    const char *export_folder; /* where each run writes the schema after it has loaded. NULL: nowhere */
    bool dev_mode;             /* a new dataset for this pipeline object: "_YYYYMMDDhhmmss" (UTC) is added to its name */
    const char *replace_strategy; /* how SPILE_REPLACE replaces, in dlt's words: "truncate-and-insert", "insert-from-staging" (the same here, since each load
                                  is one transaction), or "staging-optimized" (Postgres: new tables take the place of the old ones, which is faster, but what
                                  was made of these by hand goes with them). NULL: what the environment says, else the first */
    double retry_seconds;      /* a load that a server refuses for the moment (connection lost, deadlock, restart) is tried again for so long; 0: 60;
                                  negative: not at all. Files are not waited for */
    enum spile_choice create_indexes; /* whether columns with the hint "unique" (row ids have it) get a unique index, or the constraint, when the table is
                                  made or the column added. SPILE_AS_USUAL: what the environment says, else as dlt does: on Postgres yes, on DuckDB and
                                  SQLite no */
};
#define SPILE_PIPELINE_OPTIONS(...) \
    (&(const struct spile_pipeline_options){ .size = sizeof(struct spile_pipeline_options), __VA_ARGS__ })

/* Opens a pipeline: checks name and options, makes the work folder. Does not touch the destination yet and takes no lock. `name`:
 * letters, digits, underscores, hyphens; 1 to 64 of them; NULL: that of the destination's file or database, other characters as "_". On failure *out is NULL and nothing is left to close. */
SPILE_API enum spile_status spile_pipeline_open(struct spile_pipeline **out, const char *name,
                                                const struct spile_pipeline_options *options, struct spile_error *err);

/* Frees the pipeline; NULL is allowed. Not while a run is in progress. */
SPILE_API void spile_pipeline_close(struct spile_pipeline *pipeline);

/* Path of the database, and the dataset in it, whether they were named or recalled. They belong to the pipeline. */
SPILE_API const char *spile_pipeline_destination(const struct spile_pipeline *pipeline);
SPILE_API const char *spile_pipeline_dataset(const struct spile_pipeline *pipeline);

/* What pipelines have work folders: `found`, the caller's, becomes {"folder", "pipelines": [{"name", "last_run", "database", "dataset"}]}, the newest run
 * first, its time as "2026-11-26T13:00:00+00:00". One that has not run has a name only, and so has one of which that can't be read. `data_dir` as in
 * the options. */
SPILE_API enum spile_status spile_pipelines(struct spile_item *found, const char *data_dir, struct spile_error *err);

/* Asks a run in progress to stop, and queries. It returns SPILE_CANCELLED soon, with nothing loaded (or SPILE_OK if the commit had begun).
 * May be called from any thread and from a signal handler. A later run starts afresh. */
SPILE_API void spile_pipeline_cancel(struct spile_pipeline *pipeline);

/* The newest schema of the pipeline in its dataset, or one of its earlier versions: `version` is a number ("3") or the beginning of a hash; NULL: the
 * newest. Reads the database only. SPILE_CONFIG when there is none. The caller frees *out. */
SPILE_API enum spile_status spile_pipeline_schema(struct spile_pipeline *pipeline, const char *version, struct spile_schema **out,
                                                  struct spile_error *err);

/* Makes `schema` the pipeline's schema in its dataset, as its next version, in one transaction; dataset and bookkeeping are made when they are
 * not there, and tables that are there get its columns; new tables are made by the load that fills them. SPILE_CONFIG, and nothing changed, when
 * it gives a column that has rows another type, or names made by another convention. Takes the pipeline's lock. *changed (may be NULL): it
 * differs from what was there. First loads what interrupted runs have left, as a run does: later it would not fit. */
SPILE_API enum spile_status spile_pipeline_set_schema(struct spile_pipeline *pipeline, const struct spile_schema *schema, bool *changed,
                                                      struct spile_error *err);

/* ---- run --------------------------------------------------------------------------------------------------------------------- */

/* What a run drops before it loads, of what earlier runs have loaded; in its transaction, so that nobody sees the gap. */
enum spile_refresh {
    SPILE_KEEP = 0,
    SPILE_DROP_SOURCES,   /* all tables of the source, its schema with all versions, and its state */
    SPILE_DROP_RESOURCES, /* the tables of the resources that are drawn, and their state */
    SPILE_DROP_DATA       /* the rows of those tables, and the state; the schema stays */
};

enum spile_stage { SPILE_STAGE_NORMALIZE = 0, SPILE_STAGE_LOAD, SPILE_STAGE_DONE };

/* What a resource of a source has drawn. */
struct spile_resource_info {
    const char *name;
    uint64_t pages;       /* emissions */
    uint64_t drawn;       /* items in them */
    uint64_t items;       /* of these, what steps and cursor have let through: loaded, or given to transformers */
};

/* How far a table is. */
struct spile_table_progress {
    const char *name;     /* as in the database */
    uint64_t rows;        /* in the load package so far (that may be less than is unpacked); from SPILE_STAGE_LOAD on: handed to the database so far */
    uint64_t rows_total;  /* from SPILE_STAGE_LOAD on: rows to hand over; else 0 */
};

/* Counts of a run in progress. */
struct spile_progress {
    enum spile_stage stage;
    double seconds;       /* since the run began */
    uint64_t bytes_read;  /* of the input as stored (compressed bytes of a compressed file) */
    uint64_t bytes_total; /* 0: not known (standard input) */
    uint64_t rows;        /* rows unpacked so far, all tables; in SPILE_STAGE_LOAD: rows handed to the database so far */
    uint64_t rows_total;  /* SPILE_STAGE_LOAD: rows to hand over; else 0 */
    const struct spile_resource_info *resources; /* of a source, all of them, as far as they are; valid during the call. NULL: there is no source */
    size_t resource_count;
    const struct spile_table_progress *tables; /* in the order of their first rows, in which they are loaded, too: one after another; those that are known
                             so far. Valid during the call */
    size_t table_count;
};

struct spile_run_options {
    size_t size;            /* set by the macro */
    const char *table;      /* table name, normalized like any other name; required but for spile_parts() */
    enum spile_write write;
    int max_nesting;        /* levels that are unpacked; deeper values stay JSON. 0: 1000, as dlt; SPILE_NO_NESTING: none */
    const char *load_id;    /* NULL: the time of day, as in dlt ("1795336736.4418657"). A load id that the dataset already has is
                               not loaded again: the run succeeds and says so (spile_load_info_already_loaded) */
    size_t chunk_bytes;     /* size of the pieces given to workers; 0: 4 MiB. Changes speed and memory, never the result */
    void (*progress)(const struct spile_progress *progress, void *user); /* called about 10 times a second on the thread that called
                               spile_run(); NULL: never */
    void *progress_user;
    struct spile_contract contract; /* what happens to data that would change the schema; zero: what the dataset's schema says */
    const struct spile_schema *schema; /* merged into the dataset's schema before the data comes; NULL: nothing. Not changed */
    const char *columns;        /* hints as spile_schema_set_columns takes them, for this run's table; with several tables, and for nested ones,
                                   names are TABLE.COLUMN ("orders__items.sku:text"). They replace keys given earlier. NULL: none */
    const char *json_columns;   /* paths of values whose objects and lists are kept whole as JSON, with commas: "payload, items.meta". They go down
                                   from the table through objects and lists alike; with several tables the first part is the table. NULL: none */
    const char *primary_key;    /* columns of every table of the run, with commas; they become not null. NULL: as it is */
    const char *merge_key;      /* likewise */
    bool root_key;              /* nested rows get the id of their root row as `_dlt_root_id`, from now on in all tables */
    uint64_t sample;            /* spile_dry_run() only: items of each table to look at; 0: all */
    const char *discarded;      /* file that gets what the contract leaves out: a line of JSON for each row and value, with table, column, reason and
                                   place, and the data. Written with the commit, never without (but for rows that are kept for the next run);
                                   replaced when it is there. NULL: none */
    enum spile_refresh refresh; /* what of earlier runs is dropped in the same transaction */
    bool no_load;               /* only draws and unpacks: the load package waits in the work folder, durable, for spile_load_pending() or the next run */
    bool arrow_load_id;         /* tables that Arrow batches fill get the load's id as `_dlt_load_id`; ids that a batch brings give way to it */
    bool arrow_row_id;          /* and an id for each row as `_dlt_id`; a row that brings one keeps it */
    struct spile_merge merge;   /* with SPILE_MERGE */
};
#define SPILE_RUN_OPTIONS(...) (&(const struct spile_run_options){ .size = sizeof(struct spile_run_options), __VA_ARGS__ })

struct spile_load_info;

/* Loads `data` in one transaction: rows, new tables and columns, and the bookkeeping, or none of it. First loads what an interrupted
 * run left behind if it can't be drawn again. Blocks; uses its own threads, joined before it returns. Takes the pipeline's lock
 * (SPILE_LOCKED when another process or handle has it; the message says who). After a failure the dataset is as before and the
 * pipeline may be used again. `info` (may be NULL): set to the run's figures, to be freed by the caller; NULL after a failure. */
SPILE_API enum spile_status spile_run(struct spile_pipeline *pipeline, struct spile_data data, const struct spile_run_options *options,
                                      struct spile_load_info **info, struct spile_error *err);

/* ---- the stages one by one ----------------------------------------------------------------------------------------------------- */

/* What spile_run() does in one pass may be done in three calls, on three days: spile_extract() draws, spile_normalize() makes load packages of what was
 * drawn, spile_load_pending() loads. Between them the work folder has the data, durable. Several extracts may wait: they are loaded in the order of their
 * load ids, and each one begins where the one before has ended. Whatever loads (spile_run() and the like) first loads what waits, in any stage. */

/* Draws the data as spile_run() would, through steps and cursors, and keeps the items as they are, with what sources keep and what the options say of them.
 * The database is only read, at the begin. What normalizing would find (text of a file that is no JSON, what contracts refuse) is found then. `info` (may
 * be NULL): of the resources; there are no tables yet. A load id that waits already, or was loaded, is not drawn again (spile_load_info_already_loaded());
 * SPILE_USAGE for one that does not come behind those that wait. */
SPILE_API enum spile_status spile_extract(struct spile_pipeline *pipeline, struct spile_data data, const struct spile_run_options *options,
                                          struct spile_load_info **info, struct spile_error *err);

struct spile_normalize_options {
    size_t size;                       /* set by the macro */
    const struct spile_schema *schema; /* merged into the dataset's, above what was given when the data were drawn; NULL: nothing */
    struct spile_contract contract;    /* instead of the contracts given then; zero: these */
    void (*progress)(const struct spile_progress *progress, void *user); /* as in spile_run_options */
    void *progress_user;
};
#define SPILE_NORMALIZE_OPTIONS(...) (&(const struct spile_normalize_options){ .size = sizeof(struct spile_normalize_options), __VA_ARGS__ })

/* Makes load packages of the extracts that wait; with a schema or a contract also of those that have been normalized before, anew. The database is only read.
 * *count (may be NULL): how many. After a failure (a contract that refuses the data, an item that is no JSON) the extract is as before: correct the schema or
 * the contract and normalize again, or discard it. Takes the pipeline's lock. */
SPILE_API enum spile_status spile_normalize(struct spile_pipeline *pipeline, const struct spile_normalize_options *options, size_t *count,
                                            struct spile_error *err);

/* ---- plan ---------------------------------------------------------------------------------------------------------------------- */

/* What a run would do. */
struct spile_plan;

/* Draws the data as spile_run() would (`sample` in the options: only the first items), and says what it would change in the database and what
 * contracts would refuse. Changes nothing: the database is opened for reading only, and need not exist. Takes the pipeline's lock. SPILE_OK also
 * when contracts would refuse the data (spile_plan_refused()); the caller frees *plan. */
SPILE_API enum spile_status spile_dry_run(struct spile_pipeline *pipeline, struct spile_data data, const struct spile_run_options *options,
                                          struct spile_plan **plan, struct spile_error *err);

/* Pointers belong to the plan. */
SPILE_API bool spile_plan_refused(const struct spile_plan *plan);               /* a frozen contract would make the run fail */
SPILE_API size_t spile_plan_statement_count(const struct spile_plan *plan);
SPILE_API const char *spile_plan_statement(const struct spile_plan *plan, size_t index); /* SQL without semicolon; NULL beyond the end */
SPILE_API const char *spile_plan_text(const struct spile_plan *plan);           /* the statements, and as comments what else there is to say */
SPILE_API const char *spile_plan_json(const struct spile_plan *plan);           /* all of it as one JSON object with "schema_version" */
SPILE_API void spile_plan_free(struct spile_plan *plan);                        /* NULL is allowed */

/* ---- state and packages ------------------------------------------------------------------------------------------------------- */

/* The pipeline's state as it is in the dataset: dlt's document, as JSON. Lives until the next of these calls, or the pipeline is closed. SPILE_CONFIG when
 * the dataset has none. */
SPILE_API enum spile_status spile_pipeline_state(struct spile_pipeline *pipeline, const char **json, struct spile_error *err);

struct spile_reset_options {
    size_t size;           /* set by the macro */
    const char *source;    /* its name; NULL: the pipeline's first one */
    const char *resources; /* names, or patterns that begin with "re:", with commas; NULL: all, but none beside `state_paths` */
    bool drop_tables;      /* their tables, with the schema's older versions */
    bool cursors_only;     /* of their state only what incremental loading has kept: it begins anew */
    bool dry_run;          /* only says what would be done */
    const char *state_paths; /* JSONPaths, with commas, of values in the source's state that go, too: "archives, pages.seen[0], resources.orders.count".
                              They look at what the options above have left, and are not narrowed by them. As in dlt neither the state as a whole ("$") goes
                              nor `resources` as a whole, only what is in them: "*" is all that is not a resource's, "resources.*" the other part. NULL: none */
};
#define SPILE_RESET_OPTIONS(...) (&(const struct spile_reset_options){ .size = sizeof(struct spile_reset_options), __VA_ARGS__ })

/* Forgets what resources and their source keep between runs, in one transaction. *report (may be NULL): JSON {"source", "tables", "states", "state_paths",
 * "unmatched_paths"} with what that is: tables, resources, and the path of each value that goes ("pages.seen[0]"), without those of what is in it; and which
 * of the paths given name nothing that can go. Lives like the state. SPILE_USAGE when names and paths select nothing at all, with what there is, and for
 * what is no path. Takes the pipeline's lock, and first loads what interrupted runs have left, unless it only says. */
SPILE_API enum spile_status spile_pipeline_reset(struct spile_pipeline *pipeline, const struct spile_reset_options *options, const char **report,
                                                 struct spile_error *err);

/* Load packages in the work folder, that wait or that interrupted runs have left: a JSON array of objects {"load_id", "kept", "stage", "rows", "bytes", "tables"}.
 * Those that are kept are loaded by the next run, the others are drawn again by it. Stages: "extracted" (rows are not known yet), "normalized", and "damaged",
 * which can only be discarded. Lives like the state. */
SPILE_API enum spile_status spile_pipeline_packages(struct spile_pipeline *pipeline, const char **json, struct spile_error *err);

/* Loads the packages that are kept, oldest first, each in its transaction, and removes what is left of interrupted runs. *count (may be NULL): how many were
 * loaded. Every run does this before it draws. Takes the pipeline's lock. */
SPILE_API enum spile_status spile_load_pending(struct spile_pipeline *pipeline, size_t *count, struct spile_error *err);

/* Throws packages away: that load id's; NULL: all. Rows that can't be drawn again are lost. *count (may be NULL): how many. Takes the pipeline's lock. */
SPILE_API enum spile_status spile_pipeline_discard(struct spile_pipeline *pipeline, const char *load_id, size_t *count, struct spile_error *err);

/* ---- reading back -------------------------------------------------------------------------------------------------------------- */

/* Runs one statement of SQL on the pipeline's database and gives its rows. Names without a schema are the dataset's. `parameters` (NULL: none) are values
 * that place-holders stand for, an item that is a list or an object of scalars, texts and typed values:
 *     a list     for %s, ?, or $1 and ?1:         spile_item_set_integer(values, "[]", 7)
 *     an object  for %(name)s, :name or $name:    spile_item_set_integer(values, "name", 7)
 * They are bound: what is in a value never becomes SQL. Each has to be used, and each place-holder needs one, else SPILE_USAGE. In literals, quoted names and
 * comments there are no place-holders; without parameters the statement is left as it is. Beside %s and %(name)s "%%" is a percent sign; beside ? "??" is
 * the operator. The parameters are read during the call only.
 *
 * The database is opened only to be read, and sees to it that the statement does no more, neither in it nor in files beside it: SPILE_DESTINATION with the
 * database's message, and the place in the statement. No lock is taken; where the database has one process at a time (DuckDB) a run in progress is
 * SPILE_DESTINATION, retriable.
 *
 * *out becomes an Arrow C stream that draws rows as they are asked for, a statement without rows one without columns. It has a connection of its own, so
 * it may be read, by one thread at a time, while the pipeline is used for other things; it must be released before the pipeline is closed. Its calls fail
 * with ECANCELED after spile_pipeline_cancel(). After a failure of this call there is nothing to release. Types are the database's own ones: numbers,
 * decimals, texts, binary, dates, times, timestamps, intervals, lists, structs, maps; UUIDs are texts. */
SPILE_API enum spile_status spile_query(struct spile_pipeline *pipeline, const char *sql, struct spile_item *parameters, struct ArrowArrayStream *out,
                                        struct spile_error *err);

/* Runs one statement that changes something, in a transaction that is committed before this call returns; after a failure the database is as it was. Parameters
 * and names are those of spile_query(). What is changed behind the pipeline's back is the caller's affair: tables and columns that loads have made stay known
 * to its schema. *changed (may be NULL): rows that were inserted, updated or deleted. Rows that the statement gives are left out. Takes the pipeline's
 * lock. The database is made when it is not there, but not the dataset. */
SPILE_API enum spile_status spile_execute(struct spile_pipeline *pipeline, const char *sql, struct spile_item *parameters, uint64_t *changed,
                                          struct spile_error *err);

enum spile_stream_format {
    SPILE_FORMAT_TABLE = 0,   /* for people; control characters are escaped */
    SPILE_FORMAT_CSV,         /* RFC 4180 with a head; an empty field is null, "" an empty text; nested values as JSON */
    SPILE_FORMAT_JSONL,       /* an object per line; decimals by their digits, NaN and infinities as texts */
    SPILE_FORMAT_ARROW,       /* Arrow's IPC file */
    SPILE_FORMAT_ARROW_STREAM /* Arrow's IPC stream, which can be read as it comes */
};

struct spile_stream_options {
    size_t size;                     /* set by the macro */
    enum spile_stream_format format;
    unsigned width;                  /* TABLE: columns of the screen, in which wide cells are shortened; 0: no limit */
    uint64_t limit;                  /* rows to be written; 0: all */
};
#define SPILE_STREAM_OPTIONS(...) (&(const struct spile_stream_options){ .size = sizeof(struct spile_stream_options), __VA_ARGS__ })

/* Takes a piece of what is written, in order; the bytes are lent. Any other status than SPILE_OK ends the writing, which returns it. */
typedef enum spile_status spile_stream_sink(void *user, const void *bytes, size_t length, struct spile_error *err);

/* Writes the rows of any Arrow C stream of tables, which is released, whatever comes back, with memory for a batch at a time (of a table a thousand rows
 * are measured first). Dates and times are ISO 8601, those of a zone in UTC; binary is base64, durations are ISO 8601, too; text that is no UTF-8 gets
 * U+FFFD. Arrow's formats take arrays that begin at their begin, and no dictionaries but of texts, which become plain. `rows` (may be NULL): how many were
 * written. Not bound to a pipeline: any thread. Fails with what the stream says (SPILE_DESTINATION,
 * SPILE_CANCELLED), with SPILE_USAGE when it is not valid or has a type that can't be written, or with what the sink returns. */
SPILE_API enum spile_status spile_stream_write(struct ArrowArrayStream *stream, const struct spile_stream_options *options, spile_stream_sink *write,
                                               void *user, uint64_t *rows, struct spile_error *err);

/* ---- load info --------------------------------------------------------------------------------------------------------------- */

struct spile_table_info {
    const char *name;               /* as in the database */
    uint64_t rows;                  /* loaded by this run */
    uint64_t bytes;                 /* size of those rows in the load package (Arrow) */
    bool created;                   /* the table is new */
    size_t new_columns;             /* count of columns added to the table (all of them when it is new) */
    const char *const *new_column_names;
    uint64_t discarded_rows;        /* left out by the contract; rows nested in them are not counted */
    uint64_t discarded_values;      /* left out of rows that were loaded */
    int64_t started_at, finished_at; /* when its rows were handed to the database; 0: there are none */
};

/* A step of a run, in dlt's words: "extract", "normalize", "load", and "run", which is all of it. spile extracts and normalizes in one pass: these two have
 * the same times. */
struct spile_step_info {
    const char *name;
    int64_t started_at, finished_at;
};

/* All of these read; pointers they return belong to the info and live until it is freed. */
SPILE_API const char *spile_load_info_load_id(const struct spile_load_info *info);
SPILE_API const char *spile_load_info_pipeline(const struct spile_load_info *info);
SPILE_API const char *spile_load_info_dataset(const struct spile_load_info *info);
SPILE_API const char *spile_load_info_destination(const struct spile_load_info *info); /* path of the database */
SPILE_API bool spile_load_info_already_loaded(const struct spile_load_info *info);     /* this load id was there; nothing was added */
SPILE_API double spile_load_info_seconds(const struct spile_load_info *info);
SPILE_API uint64_t spile_load_info_rows(const struct spile_load_info *info);           /* all tables, without `_dlt_*` */
SPILE_API uint64_t spile_load_info_bytes_read(const struct spile_load_info *info);     /* of the input, as stored */
SPILE_API uint64_t spile_load_info_duplicate_keys(const struct spile_load_info *info); /* JSON keys that came twice in one object; the last won */
SPILE_API size_t spile_load_info_table_count(const struct spile_load_info *info);
SPILE_API const struct spile_table_info *spile_load_info_table(const struct spile_load_info *info, size_t index); /* NULL beyond the end */
SPILE_API size_t spile_load_info_resource_count(const struct spile_load_info *info);   /* 0: the data came from no source */
SPILE_API const struct spile_resource_info *spile_load_info_resource(const struct spile_load_info *info, size_t index); /* NULL beyond the end */
SPILE_API size_t spile_load_info_step_count(const struct spile_load_info *info);       /* of those that the run came to */
SPILE_API const struct spile_step_info *spile_load_info_step(const struct spile_load_info *info, size_t index); /* NULL beyond the end */
SPILE_API const char *spile_load_info_json(const struct spile_load_info *info); /* tables, resources and what is above them, as one JSON object with "schema_version" */

/* The same run in dlt's words: JSON objects with the names of LoadInfo.asdict() and PipelineTrace.asdict() of dlt 1.31, for what reads those, and loadable as
 * data: spile_json(spile_load_info_trace_json(info)). Times are ISO texts in UTC. A job is a table's file of the load package; paths are those from which
 * it was loaded: after the commit the package is gone. What spile has no equal for is null, 0 or an empty list: file ids, retries, files of the extract
 * step, configuration values, dlt's row of the pipeline's state as a job. Of a run that loads nothing (no_load, no data, a load id that was there) the
 * load info has no packages, and the trace no step "load". */
SPILE_API const char *spile_load_info_dlt_json(const struct spile_load_info *info);
SPILE_API const char *spile_load_info_trace_json(const struct spile_load_info *info);

/* The info as data: a run can load it, best into a table of its own. Valid as long as the info. */
static inline struct spile_data spile_load_info_data(const struct spile_load_info *info)
{
    return spile_json(spile_load_info_json(info));
}

SPILE_API void spile_load_info_free(struct spile_load_info *info);              /* NULL is allowed */

/* ---- versions ---------------------------------------------------------------------------------------------------------------- */

/* SPILE_VERSION of the library in use. */
SPILE_API const char *spile_version(void);

/* The destinations that this library knows: the word that begins their address ("duckdb"), and one line about them. NULL beyond the end. */
SPILE_API const char *spile_destination_name(size_t index);
SPILE_API const char *spile_destination_summary(size_t index);

/* Finds the database client library of a destination ("duckdb") without loading it when its file name tells the version. Fills `path`
 * and `version` (each of `size` bytes, terminated). SPILE_DESTINATION when there is none: the message lists every place searched. */
SPILE_API enum spile_status spile_destination_library(const char *destination, char *path, char *version, size_t size,
                                                      struct spile_error *err);

#ifdef __cplusplus
}
#endif
#endif
