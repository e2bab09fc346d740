/* A pipeline and its run: the only place that sees all stages. */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/text.h"
#include "destination/destination.h"

struct spile_pipeline {
    struct arena arena;
    const char *name, *dataset;
    const struct destination_ops *ops;
    const char *location;        /* of the database: its path, or a URI with secrets */
    const char *shown;           /* the same without them, for people and files */
    const char *folder;          /* work folder of this pipeline */
    const char *packages_folder, *extracted_folder; /* in it */
    const char *lock_path, *last_run_path;
    const char *import_folder, *export_folder; /* of schema files; NULL: none */
    struct naming naming; /* of a new schema; and what the destination wants of names */
    bool naming_given;
    unsigned workers;
    uint64_t max_memory;
    double retry_seconds;        /* 0: a load that a server refuses for the moment is not tried again */
    enum replace_strategy replace_strategy;
    bool unique; /* columns with the hint are held to it */
    _Atomic bool cancelled;
    struct text answer; /* that the last call gave out */
};

/* pipeline.c */
bool pipeline_name_is_valid(const char *name);
const char *pipelines_folder(const char *data_dir, struct arena *arena); /* with all work folders; NULL: out of memory */

/* JSON that a call gives out: the pipeline's, until the next one. */
enum spile_status pipeline_answer(struct spile_pipeline *p, yyjson_mut_val *value, const char **json, struct spile_error *err);

/* last_run.c: database and dataset, put into the work folder (with the pipeline's lock) and taken from there: SPILE_CONFIG when there are none, or the file
 * is damaged, SPILE_DESTINATION when the database is gone. */
#define LAST_RUN_FILE "last_run.json"
enum spile_status last_run_keep(const struct spile_pipeline *p, struct spile_error *err);
enum spile_status last_run_recall(struct spile_pipeline *p, struct spile_error *err);

/* schema.c: the part that spile_schema_merge puts into another schema. */
yyjson_mut_val *spile_schema_part(const struct spile_schema *schema);
const struct schema *spile_schema_content(const struct spile_schema *schema); /* all of it */

/* Builds the info of a finished run. */
struct spile_load_info;
struct load_job;
struct run;
struct refused_table {
    const char *name;
    uint64_t rows, values;
};

struct run_figures {
    const char *load_id;
    double seconds;
    uint64_t bytes_read, duplicate_keys;
    const struct refused_table *refused; /* by the contract */
    size_t refused_count;
    const struct spile_resource_info *resources;
    size_t resource_count;
};
enum spile_status load_info_new(struct spile_load_info **out, const struct run *run, const struct load_job *job,
                                const struct run_figures *figures, struct spile_error *err);

#endif
