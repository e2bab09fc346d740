/* What has to change in the dataset so that a load fits. plan_make compares only: it changes nothing. */
#ifndef LOAD_PLAN_H
#define LOAD_PLAN_H

#include "load/commit.h"
#include "load/merging.h"

struct plan {
    struct alteration *changes; /* in the arena, in their order */
    size_t count, capacity;
    struct merging merging;
    struct alteration *finish; /* when the rows have come and are merged */
    size_t finish_count;
};

/* Columns of those tables that plan_make is going to look at. */
enum spile_status plan_read_columns(const struct load_target *target, const struct load_job *job, const struct catalog *catalog,
                                    struct arena *arena, struct spile_error *err);

/* Tables that go, the dataset, new tables and columns, tables that are emptied, tables for what is merged; fills the lists of `job`.
 * SPILE_DESTINATION when a table of a wanted name is of other types, or a view. */
enum spile_status plan_make(struct plan *plan, const struct load_target *target, struct load_job *job, const struct catalog *catalog,
                            bool with_state, struct arena *arena, struct spile_error *err);

enum spile_status plan_carry_out(const struct plan *plan, const struct load_target *target, struct spile_error *err);
enum spile_status plan_finish(const struct plan *plan, const struct load_target *target, struct spile_error *err);

/* What the table is called until it takes the place of another. NULL: it is not swapped. */
const char *plan_fresh_name(const struct plan *plan, const struct table *table);

#endif
