/* Drawing: between draw.c, which has data as they are, and draw_source.c, which has what resources make. */
#ifndef PIPELINE_DRAW_H
#define PIPELINE_DRAW_H

#include "load/recording.h"
#include "pipeline/run.h"
#include "source/input.h"

struct drawing {
    struct run *run;
    struct normalizer *normalizer; /* NULL: chunks go to the run's recorder */
    struct recording *recording;   /* that they come from, if any */
    struct chunk chunk;
    uint64_t number; /* of the next chunk */
    struct spile_error recorder_error;
    size_t chunk_bytes, item_bytes_max;
};

/* Opens one of the inputs of data. */
enum spile_status draw_open(struct drawing *drawing, const struct spile_data *data, size_t index, struct input **input, struct spile_error *err);
size_t draw_input_count(const struct spile_data *data);

/* Hands over a chunk, with all but its number; its bytes or documents are gone from now on. False: no more are wanted. */
bool draw_submit(struct drawing *drawing, const struct chunk *chunk);

/* The next of the run's parts stands behind the others: chunks of it are going to come. */
enum spile_status draw_add_part(struct drawing *drawing, struct spile_error *err);

/* The callback of the run is told. */
void draw_tick(struct drawing *drawing);

/* draw_source.c: runs the source's resources. */
enum spile_status draw_source(struct drawing *drawing, struct spile_error *err);

#endif
