/* Drawing: between draw.c, which has data as they are, and draw_source.c, which has what resources make. */
#ifndef PIPELINE_DRAW_H
#define PIPELINE_DRAW_H

#include "pipeline/run.h"
#include "source/input.h"

struct drawing {
    struct run *run;
    struct normalizer *normalizer;
    struct chunk chunk;
    uint64_t number; /* of the next chunk */
    size_t chunk_bytes, item_bytes_max;
};

/* Opens one of the inputs of data. */
enum spile_status draw_open(struct drawing *drawing, const struct spile_data *data, size_t index, struct input **input, struct spile_error *err);
size_t draw_input_count(const struct spile_data *data);

/* Hands over a chunk of documents, with all but its number; they are the normalizer's from now on. False: it wants no more. */
bool draw_submit(struct drawing *drawing, const struct chunk *chunk);

/* draw_source.c: runs the source's resources. */
enum spile_status draw_source(struct drawing *drawing, struct spile_error *err);

#endif
