/* A run of extract, between its files:
 *
 *   extract.c    resources at work (nodes): what happens to their pages
 *   page_rows.c  the same for pages that are Arrow batches
 *   schedule.c   whose function is called when, and on which thread (activations) */
#ifndef EXTRACT_WORK_H
#define EXTRACT_WORK_H

#include <pthread.h>

#include "base/pool.h"
#include "extract/extract.h"
#include "extract/incremental.h"
#include "extract/jsonpath.h"

/* A resource at work. Used by the calling thread only. */
struct node {
    struct work *work;
    const struct resource *resource;
    size_t index;
    struct node **children;  /* the transformers that it feeds */
    size_t child_count;
    bool loaded;
    bool begun;              /* a call of its function is over: it is to be closed */
    _Atomic bool closed;     /* no more pages are wanted, or none will come */
    bool user_closed;
    struct step_run *step_runs;
    struct spile_item item;  /* in the steps */
    struct documents made;   /* items of the page that steps have opened, laid out anew */
    bool of_page;            /* others have come through as they were, or changed in place */
    struct documents kept;   /* of the page, what is to be loaded; memory: the page's, and of `made` */
    bool by_page;            /* its items are loaded a page at a time: they go to one table, and nothing comes between them */
    struct incremental *incremental; /* NULL: none */
    struct jsonpath *table_by;
    uint64_t pages, items;   /* for limits */
    uint64_t taken;          /* items that have come so far, for messages */
    double began;
    size_t activations;      /* that are not over */
    uint64_t passed_over;    /* by which round of draining (see there) */
};

struct page {
    struct page *next;
    struct documents documents;
    struct spile_deferred deferred; /* in the place of items; without `make`: none */
    char *table;
};

/* A call of a resource's function, or several, one after another: for one item, or for what one has deferred. */
struct activation {
    struct activation *next;
    struct node *node;
    struct spile_emitter emitter;
    struct spile_item *item;      /* of a transformer */
    struct spile_deferred deferred; /* `make`: called in the place of the resource's function */
    double due;                   /* when it is to be called again; < 0: never by time */
    /* Of parallel ones, in the lock: */
    bool called;                  /* its function was, at least once */
    bool parallel;
    bool running;                 /* the function has not returned yet */
    struct page *pages, **last_page;
    uint64_t queued_bytes;
    enum spile_status status;     /* that it returned */
    struct spile_error error;
};

struct work {
    const struct extract_options *options;
    struct node *nodes;
    size_t node_count;
    struct json_reader *reader;   /* of the calling thread */
    struct activation *ready, **last_ready; /* to be called on this thread, in their turn */
    struct activation *waiting;   /* for time or a descriptor */
    struct activation *parallel, **last_parallel; /* on other threads, in the order in which they were begun */
    size_t extra;                 /* tasks among them: they came later */
    size_t transforming;          /* parallel tasks that are not over */
    bool draining;
    uint64_t round;
    pthread_mutex_t lock;
    pthread_cond_t drained;
    int wake;                     /* eventfd: something has come from another thread */
    struct pool *generators, *transformers;
    _Atomic bool stopping;
    enum spile_status status;
    struct spile_error error;
};

/* extract.c: what happens to a page of the node. Takes the items one by one. */
enum spile_status node_take(struct node *node, struct documents *page, const char *table, struct spile_error *err);
struct spile_emitter node_emitter(struct node *node); /* whoever calls a function with it says who takes the pages */
void node_close(struct node *node); /* the user's close, once, when no activation is left */

void node_count(const struct node *node, uint64_t pages, uint64_t drawn, uint64_t items); /* for whoever wants to know */

/* page_rows.c: a page of rows. Can the node take them as they are? Else they become items first. */
bool node_takes_rows(const struct node *node);
enum spile_status page_to_items(struct documents *page, struct spile_error *err);
enum spile_status take_rows(struct node *node, struct documents *page, const char *table, bool *enough, struct spile_error *err);

/* schedule.c */
enum spile_status schedule_begin(struct work *work, struct spile_error *err); /* all generators */
enum spile_status schedule_transform(struct node *node, struct document item, struct spile_error *err);
enum spile_status schedule_run(struct work *work, struct spile_error *err);   /* until nothing is left to do */
void schedule_end(struct work *work);                                         /* waits for what still runs */
bool work_stopping(const struct work *work);

#endif
