/* Normalize: chunks of documents into batches of rows, by several threads, with the same result as one.
 *
 *   chunks (numbered) --> queue --> workers: parse, walk, fill column builders, encode --> sink, in the order of the chunks
 *
 * The schema is shared. A worker that needs to change it (new table, new column, variant) first waits until every lower-numbered
 * chunk is done; so changes come in the order of the input, and so do the batches. The lowest chunk in work never waits. */
#ifndef NORMALIZE_NORMALIZE_H
#define NORMALIZE_NORMALIZE_H

#include <stdatomic.h>

#include "data/chunk.h"
#include "schema/contract.h"
#include "schema/table_batch.h"
#include "schema/write.h"

/* A root table that is to be filled. */
struct normalize_part {
    const char *table;    /* normalized */
    const char *resource; /* as the user wrote it */
    struct table_write write;
    int max_nesting;      /* levels; JSON_DEPTH_MAX or more: no limit */
    bool max_nesting_given; /* by the user: goes into the schema */
    struct contract contract; /* in force when the table is made */
    const struct spile_contract *contract_given; /* by the user: goes into the schema; NULL: none */
    uint64_t since; /* number of the first chunk that may know of it */
};

/* The part's table, not yet in the schema, as its first row finds it: without columns. NULL: out of memory. */
struct table *normalize_root_table(struct schema *schema, const struct normalize_part *part);

struct normalize_options {
    struct schema *schema; /* changed while normalizing; nobody else may use it until normalizer_finish */
    const char *load_id;
    const struct normalize_part *parts;
    uint32_t part_count;
    uint32_t part_capacity; /* so many may come to be in `parts`, before a chunk of theirs is submitted; 0: part_count */
    unsigned workers;
    bool evolves_frozen;   /* what contracts freeze evolves all the same: to see what they would refuse */
    bool arrow_load_id, arrow_row_id; /* tables that Arrow batches fill get these ids */
    uint64_t items_max;    /* of each part; with one worker only; 0: all */
    size_t item_memory_max; /* that the values of one item may take while it is walked; 0: no limit */
    size_t held_bytes_max; /* encoded batches that a worker may hold before its turn comes */
    const _Atomic bool *cancelled;
    const char *const *whole; /* normalized paths, from the root table down, whose objects and lists stay json */
    size_t whole_count;
    /* Takes lines of JSON about rows and values that the contract has left out, in order; NULL: nobody wants them. */
    enum spile_status (*discard)(void *user, struct slice lines, struct spile_error *err);
    /* Takes the batches in order; called by one thread at a time. The batch is the receiver's whatever it returns. */
    enum spile_status (*put)(void *user, struct table_batch *batch, struct spile_error *err);
    void *user;
};

struct normalizer;

/* Starts the workers. Keeps `options` and what it points to until normalizer_free. */
enum spile_status normalizer_new(struct normalizer **out, const struct normalize_options *options, struct spile_error *err);

/* Hands over a chunk (its bytes are taken; number must count up from 0) and gives back bytes of an old one, or none. Blocks while all
 * workers are busy and the queue is full. False when normalizing has failed or was cancelled: stop then, the reason comes from
 * normalizer_finish. */
bool normalizer_submit(struct normalizer *normalizer, struct chunk *chunk);

/* Another part stands in options.parts[part_count]. `prepare` makes it ready with the schema's lock held. */
enum spile_status normalizer_add_part(struct normalizer *normalizer, enum spile_status (*prepare)(void *user, uint32_t part, struct spile_error *err),
                                      void *user, struct spile_error *err);

/* Waits for all chunks. `reader_error` (status SPILE_OK: none): what ended the input early, counted as an error after the last
 * chunk. Of several errors the one that comes first in the input is returned. */
enum spile_status normalizer_finish(struct normalizer *normalizer, const struct spile_error *reader_error, struct spile_error *err);

/* What contracts have refused, by table in order of their names: `tell` is called for each. After normalizer_finish. False: out of memory. */
bool normalizer_refused(const struct normalizer *normalizer, void (*tell)(void *user, const char *table, uint64_t rows, uint64_t values),
                        void *user);

/* Have as many items of the part been walked as are wanted? */
bool normalizer_has_enough(struct normalizer *normalizer, uint32_t part);

/* As they grow, from any thread. */
uint64_t normalizer_rows(const struct normalizer *normalizer);
uint64_t normalizer_duplicate_keys(const struct normalizer *normalizer);

/* Stops and joins what still runs. NULL is allowed. */
void normalizer_free(struct normalizer *normalizer);

#endif
