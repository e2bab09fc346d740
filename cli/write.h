/* How a load is written, as its options say it: --write, --strategy and --merge. */
#ifndef CLI_WRITE_H
#define CLI_WRITE_H

#include <spile/spile.h>

#include "options.h"

struct write_options {
    enum spile_write write;
    struct spile_merge merge;
    const char *json;        /* dlt's dictionary, in place of the others; NULL: none */
    bool has_merge;          /* --strategy or --merge is given */
    struct spile_item *item; /* has the texts of the JSON */
};

/* Parsers; the field is all of struct write_options. */
option_parse write_parse, strategy_parse, merge_parse;

extern const char *const write_words[], *const strategy_words[], *const merge_words[];

#define WRITE_ALLOWED "append, replace or merge, or dlt's dictionary as JSON: {\"disposition\":\"merge\",\"strategy\":\"scd2\"}"
#define STRATEGY_ALLOWED "delete-insert, upsert, insert-only, scd2 or cdc"
#define MERGE_ALLOWED \
    "KEY=VALUE with one of the keys source_filter, destination_scope, row_version, valid_from, valid_to, active_record_timestamp and " \
    "boundary_timestamp, or deduplicated or skip_unchanged_rows (with =true or =false, or nothing)"

/* When all options have come: reads the JSON, and sees to it that they go together. */
enum spile_status write_settle(struct write_options *options, struct spile_error *err);
void write_release(struct write_options *options);

#endif
