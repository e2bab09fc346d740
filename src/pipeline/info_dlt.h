/* The load info and the trace in the words of dlt's LoadInfo.asdict() and PipelineTrace.asdict() (1.31): what programs that read those look for. Values are
 * what this run measured; what spile has no equal for is null, 0 or an empty list. */
#ifndef PIPELINE_INFO_DLT_H
#define PIPELINE_INFO_DLT_H

#include <yyjson.h>

#include "pipeline/run.h"

/* A document in the making. */
struct dlt_info {
    yyjson_mut_doc *doc;
    struct arena arena;
    const struct run *run;
    const struct load_job *job;    /* NULL: nothing was loaded */
    const struct package *package; /* NULL: no rows were drawn, or the load id was there already */
    const char *destination;       /* path of the database, from the root */
    bool failed;                   /* out of memory */
};

enum dlt_stage { DLT_EXTRACTED, DLT_NORMALIZED, DLT_LOADED };

/* Both texts are to be freed. NULL: out of memory. `job` NULL: nothing was loaded; `finished`: when the run was. */
char *dlt_load_info_json(const struct run *run, const struct load_job *job);
char *dlt_trace_json(const struct run *run, const struct load_job *job, int64_t finished);

/* A member of an object. Texts live as long as the document; NULL is null. Times are ISO texts; 0 is null. */
void dlt_put_text(struct dlt_info *d, yyjson_mut_val *object, const char *key, const char *text);
void dlt_put_count(struct dlt_info *d, yyjson_mut_val *object, const char *key, uint64_t count);
void dlt_put_flag(struct dlt_info *d, yyjson_mut_val *object, const char *key, bool flag);
void dlt_put_real(struct dlt_info *d, yyjson_mut_val *object, const char *key, double number);
void dlt_put_null(struct dlt_info *d, yyjson_mut_val *object, const char *key);
void dlt_put_time(struct dlt_info *d, yyjson_mut_val *object, const char *key, int64_t micros);
yyjson_mut_val *dlt_put_object(struct dlt_info *d, yyjson_mut_val *object, const char *key);
yyjson_mut_val *dlt_put_list(struct dlt_info *d, yyjson_mut_val *object, const char *key);
yyjson_mut_val *dlt_add_object(struct dlt_info *d, yyjson_mut_val *list);

const char *dlt_file_path(struct dlt_info *d, const struct package_table *file); /* in the arena */
void dlt_put_times(struct dlt_info *d, yyjson_mut_val *object, enum dlt_stage stage); /* when the stage was begun and finished */

bool dlt_begin(struct dlt_info *d, const struct run *run, const struct load_job *job);
char *dlt_end(struct dlt_info *d); /* its text */

/* Parts of the load info that the trace repeats: what all steps have; what only the load has. */
void dlt_put_step(struct dlt_info *d, yyjson_mut_val *object, enum dlt_stage stage);
void dlt_put_destination(struct dlt_info *d, yyjson_mut_val *object);
void dlt_put_load_metrics(struct dlt_info *d, yyjson_mut_val *object);

#endif
