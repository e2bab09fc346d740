/* Pipelines as options and operands name them. */
#ifndef CLI_PIPELINES_H
#define CLI_PIPELINES_H

#include <spile/spile.h>

#define DESTINATION_FORMS "FILE.duckdb, duckdb:PATH or duckdb:///PATH"

/* Opens the pipeline `name`, or when that is NULL the one that is named after the destination's file. */
enum spile_status pipeline_open(struct spile_pipeline **out, const char *name, const struct spile_pipeline_options *options,
                                struct spile_error *err);

#endif
