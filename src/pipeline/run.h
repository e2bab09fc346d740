/* The steps of a run, between run.c and its helpers. */
#ifndef PIPELINE_RUN_H
#define PIPELINE_RUN_H

#include "load/commit.h"
#include "normalize/normalize.h"
#include "pipeline/pipeline.h"

/* One table's data. */
struct run_part {
    struct spile_data data; /* JSON or files */
    const char *table;      /* normalized */
};

struct run {
    struct spile_pipeline *pipeline;
    struct arena arena;
    const struct spile_run_options *options;
    const char *load_id;
    struct run_part *parts;
    struct normalize_part *normalize_parts;
    uint32_t part_count;
    double began;
    struct load_target target;
    struct schema *schema;
    char *base_hash;
    struct package package;
    bool package_made, package_sealed;
    bool rereadable; /* all inputs can be drawn again */
    uint64_t bytes_total;
    double last_progress;
    _Atomic uint64_t consumed, rows_handed_over;
    uint64_t duplicate_keys;
    struct refused_table *refused; /* in the arena */
    size_t refused_count;
};

/* draw.c: reads all inputs through normalize into the package. */
enum spile_status run_draw(struct run *run, struct spile_error *err);

/* transfer.c: runs load_commit on a thread of its own, while this one reports progress and watches for a cancellation. */
enum spile_status run_transfer(struct run *run, struct load_job *job, struct spile_error *err);

/* Tells the caller's callback how far the run is, at most 10 times a second unless `force`. */
void run_report(struct run *run, enum spile_stage stage, uint64_t rows, uint64_t rows_total, bool force);

#endif
