/* The steps of a run, between run.c and its helpers. */
#ifndef PIPELINE_RUN_H
#define PIPELINE_RUN_H

#include <pthread.h>

#include "extract/source.h"
#include "load/commit.h"
#include "normalize/normalize.h"
#include "pipeline/pipeline.h"

/* Names in the run's arena. */
struct name_list {
    const char **names;
    size_t count, capacity;
};
bool name_list_add(struct name_list *list, const char *name, struct arena *arena); /* a copy. False: out of memory */

/* One table's data, and what the caller has said of it. */
struct run_part {
    struct spile_data data; /* JSON or files; of a source's resource: nothing */
    const char *given;      /* the table as the caller wrote it */
    const char *table;      /* normalized */
    const char *columns, *json_columns, *primary_key, *merge_key;
    const char *cursor;     /* column of an incremental resource; NULL: none, or no column */
    struct spile_contract contract;
    bool is_new;            /* had no columns before this run's hints */
    size_t resource;        /* of a source: its index there */
};

/* Schemas that join the dataset's: the source's, the caller's, and what normalizes an extract adds. */
#define SCHEMA_PARTS 3

/* A resource of a source, as far as it matters beyond drawing. */
struct run_resource {
    const char *name, *table;
    const char *from; /* what feeds it; NULL: it is drawn itself */
    struct table_write write;
    bool selected;
    bool loaded;      /* into its table, and not only given to transformers */
    bool drawn;       /* it is loaded, or feeds what is */
};

/* Of the day, in microseconds since 1970; 0: it did not come to that. */
struct run_times {
    int64_t began;
    int64_t drawing, drawn;
    int64_t loading, loaded;
};

/* Counts by table for the callback. */
struct tally {
    pthread_mutex_t lock; /* of the first list: workers fill it; there while run_draw draws */
    struct spile_table_progress *tables;
    size_t count, capacity;
    struct spile_table_progress *told; /* the callback's thread only */
    size_t told_capacity;
};

struct run {
    struct spile_pipeline *pipeline;
    struct arena arena;
    struct spile_run_options given; /* all that this header knows */
    const struct spile_run_options *options; /* &given */
    const char *load_id;
    const struct spile_source *source; /* that draws the data; NULL: they are given as they are, or were drawn before */
    bool of_source;                    /* the data are a source's, which may have drawn them before */
    struct run_resource *declared;     /* the source's, in its order; in the arena */
    size_t declared_count;
    yyjson_mut_val *schema_parts[SCHEMA_PARTS]; /* borrowed; NULL: nothing */
    struct spile_contract contract;    /* of the schema; none given: as it is */
    bool root_key;
    struct run_part *parts;
    struct normalize_part *normalize_parts;
    const char *columns, *json_columns; /* of several parts: names begin with the table; NULL: none */
    uint32_t part_count, part_capacity; /* tables that are named by the items come during the run */
    uint32_t declared_parts;            /* before they come */
    const char *source_name;           /* normalized: of its schema, and in the state */
    yyjson_mut_doc *sources;           /* what sources keep between runs: an object; NULL: no source */
    const char *sources_hash;          /* of these as they were */
    struct spile_resource_info *resources; /* by resource of the source; in the arena */
    char *sources_before;              /* as JSON */
    struct name_list dropped, emptied;  /* tables of which nothing, or no rows, of earlier runs is to stay */
    double began;
    struct run_times times;
    bool first_run; /* the dataset knows no state of the pipeline */
    struct load_target target;
    struct schema *schema;
    char *base_hash;
    bool writes_import; /* the import folder has no file yet */
    const char *import_text; /* that file; NULL: none is to be written */
    bool plans;         /* nothing is to be changed: neither dataset nor folders */
    bool only_reads;    /* the dataset is not to be changed */
    bool only_extracts; /* nothing is normalized */
    struct recorder *recorder;  /* takes the chunks, which are not normalized; NULL: they are */
    const char *recording;      /* file that the chunks come from; NULL: they are drawn */
    const char *kept_sources;   /* with `recording`: JSON of what sources keep from now on, borrowed; NULL: what they had */
    yyjson_mut_doc *kept_schemas; /* likewise: has the schema's parts */
    const char **whole; /* paths that stay JSON; in the arena */
    size_t whole_count;
    const char *discarded_path; /* of the file with what contracts leave out, before it is in its place; NULL: none */
    int discarded;              /* its descriptor */
    struct package package;
    bool package_made, package_sealed;
    bool package_waits; /* it is not to be loaded now */
    size_t settled;     /* packages of earlier runs that were loaded */
    bool rereadable; /* all inputs can be drawn again */
    uint64_t bytes_total;
    double last_progress;
    struct tally tally;
    _Atomic uint64_t consumed, rows_handed_over;
    uint64_t duplicate_keys;
    struct refused_table *refused; /* in the arena */
    size_t refused_count;
};

/* run.c: the options (a caller built with an older header has a shorter struct), the parts, the load id. */
enum spile_status run_take(struct run *run, struct spile_data data, const struct spile_run_options *options, struct spile_error *err);
enum spile_status run_open_destination(struct run *run, struct spile_error *err); /* only to read, if the run only plans */
enum spile_status run_close_destination(struct run *run, struct spile_error *err);
struct load_job run_load_job(struct run *run, struct package *package, struct schema *schema, const char *base_hash);
enum spile_status run_settle_packages(struct run *run, struct spile_error *err); /* what an interrupted run left: loaded, or removed */
enum spile_status run_take_load_id(struct run *run, struct spile_error *err); /* the given one, or the time of day */
void run_release(struct run *run);

/* run.c: what comes between the schema before the data and the report: draws into a package, and loads it unless it waits. */
enum spile_status run_draw_and_load(struct run *run, struct load_job *job, struct spile_error *err);
enum spile_status run_publish(struct run *run, struct spile_error *err); /* what belongs to the load and lies outside of the database */
enum spile_status run_tell(struct run *run, const struct load_job *job, struct spile_load_info **info, struct spile_error *err);

/* run_schema.c: the schema as the data meet it, from the dataset's, the import folder's, and what the options say; and what follows from the data. */
enum spile_status run_read_schema(struct run *run, const struct stored *stored, struct spile_error *err); /* the dataset's, or a new one */
enum spile_status run_begin_schema(struct run *run, const struct stored *stored, struct spile_error *err);
enum spile_status run_finish_schema(struct run *run, struct spile_error *err);
enum spile_status run_write_import(struct run *run, struct spile_error *err);  /* after the commit, and when the package waits for it */
enum spile_status run_export_schema(struct run *run, struct spile_error *err); /* after the commit */

/* run_discarded.c: the file that gets what contracts leave out, if one is asked for: written beside its place, and moved there after the commit. */
enum spile_status run_open_discarded(struct run *run, struct spile_error *err);
enum spile_status run_keep_discarded(struct run *run, struct spile_error *err);
void run_drop_discarded(struct run *run); /* unless it was kept */

/* The part with that index, which has come during the run: its table is named and prepared. In the normalizer's lock of the schema. */
enum spile_status run_add_part(struct run *run, uint32_t index, struct spile_error *err);

/* draw.c: reads all inputs through normalize into the package; or (run_record) puts them into the recorder. */
enum spile_status run_draw(struct run *run, struct spile_error *err);
enum spile_status run_record(struct run *run, struct spile_error *err);

/* run_sources.c: what sources keep between runs, out of the stored state, and into the package if it has changed. */
enum spile_status run_begin_sources(struct run *run, const struct stored *stored, struct spile_error *err);
enum spile_status run_use_sources(struct run *run, yyjson_mut_doc *sources, struct spile_error *err); /* these, which it takes, in their place */
enum spile_status run_changed_sources(const struct run *run, char **json, struct spile_error *err); /* to be freed; NULL: they are as they were */
enum spile_status run_finish_sources_into(struct run *run, struct package *package, struct spile_error *err);

/* refresh.c: what of earlier runs goes: out of schema and state, and (run_drop_tables) into the package. */
enum spile_status run_refresh(struct run *run, struct spile_error *err);
enum spile_status run_drop_tables(struct run *run, struct package *package, struct spile_error *err);

/* Of the resources that are chosen. `whole`: all that the source keeps goes. */
struct selection {
    bool (*chosen)(void *user, const char *resource);
    void *user;
    bool whole;
};
enum spile_status run_forget_tables(struct run *run, const struct selection *selection, bool drop, struct spile_error *err);
void run_forget_state(struct run *run, const struct selection *selection, bool cursors_only, struct name_list *forgotten);

/* state_paths.c: values in the source's state that JSONPaths name. Read before anything is opened: SPILE_USAGE for what is no path. */
struct state_paths {
    struct jsonpath **paths;
    const char **texts; /* as they were given; in the arena */
    size_t count;
};
enum spile_status state_paths_read(struct state_paths *paths, const char *list, struct arena *arena, struct spile_error *err);
void state_paths_release(struct state_paths *paths);

/* `forgotten`: the path of each value that goes; what is in it is not told. `unmatched`: paths that name nothing which can go. */
enum spile_status run_forget_paths(struct run *run, const struct state_paths *paths, struct name_list *forgotten, struct name_list *unmatched,
                                   struct spile_error *err);

/* take.c: what the caller wants to have loaded, as parts. */
enum spile_status run_take_parts(struct run *run, struct spile_data data, struct spile_error *err);

/* transfer.c: runs load_commit on a thread of its own, while this one reports progress and watches for a cancellation. */
enum spile_status run_transfer(struct run *run, struct load_job *job, struct spile_error *err);

/* progress.c: what the caller's callback is told, on the thread that called spile_run(): at most 10 times a second unless `force`. `rows`: unpacked so far;
 * or of the package handed over. */
void run_report_drawn(struct run *run, uint64_t rows, bool force);
void run_report_loaded(struct run *run, enum spile_stage stage, const struct package *package, uint64_t rows, bool force);

void tally_release(struct tally *tally);
bool tally_take(struct tally *tally, const struct package *package); /* what is in it by now; by the thread that fills it. False: out of memory */
size_t tally_loaded(struct tally *tally, const struct package *package, uint64_t rows); /* into `told`, when so many rows are handed over: how many tables */

#endif
