/* The staged rows of a merge, before they are looked for in the dataset: those that the filter leaves out go, and of those with the same key all but one. */
#ifndef SQL_STAGED_H
#define SQL_STAGED_H

#include "destination/sql/merger.h"

/* SPILE_CONTRACT for rows with one key whose nested rows can't be told apart. */
enum spile_status staged_filter(struct merger *m, struct spile_error *err);
enum spile_status staged_deduplicate(struct merger *m, struct spile_error *err);

/* Nested rows below those that went. */
enum spile_status staged_drop_orphans(struct merger *m, struct spile_error *err);

/* The tables themselves. */
enum spile_status staged_drop(struct merger *m, struct spile_error *err);

#endif
