/* Pages that are Arrow batches: taken as a whole where only their rows are chosen, else row by row, as documents. */
#include "extract/work.h"

#include <stdlib.h>

#include "data/rows.h"

/* Who looks at items wants them one by one. */
bool node_takes_rows(const struct node *node)
{
    return node->by_page && !node->resource->steps;
}

enum spile_status page_to_items(struct documents *page, struct spile_error *err)
{
    struct rows *rows = page->rows;
    enum spile_status status;

    page->rows = NULL;
    status = rows_to_documents(rows, NULL, page, err);
    rows_free(rows);
    return status;
}

/* ---- incremental ----------------------------------------------------------------------------------------------------------------- */

/* A batch of which the cursor is asked about each row. */
struct asking {
    struct incremental *incremental;
    const struct rows *rows;
    struct documents items; /* by row: what decides of it */
    struct documents whole; /* the row that is hashed */
    size_t row;             /* no later than that */
};

static enum spile_status make_items(struct asking *a, struct spile_error *err)
{
    size_t count = rows_column_count(a->rows);
    bool *columns = calloc(count + 1, sizeof(*columns));
    enum spile_status status;

    for (size_t i = 0; columns && i < count; i++)
        columns[i] = incremental_needs(a->incremental, rows_column_name(a->rows, i));
    status = columns ? rows_to_documents(a->rows, columns, &a->items, err) : spile_fail_nomem(err);
    free(columns);
    return status;
}

/* Items are hashed in the order of their rows. */
static enum spile_status make_whole(void *user, struct document *item, struct spile_error *err)
{
    struct asking *a = user;
    enum spile_status status;

    while (a->items.items[a->row].value != item->value)
        a->row++;
    documents_clear(&a->whole);
    status = rows_to_document(a->rows, a->row, NULL, &a->whole, err);
    if (!status)
        *item = a->whole.items[0];
    return status;
}

/* Which rows are new? *enough: by the row order nothing that is new can follow. */
static enum spile_status ask(struct asking *a, bool *keep, bool *enough, struct spile_error *err)
{
    enum spile_status status = make_items(a, err);

    incremental_set_whole(a->incremental, make_whole, a);
    for (size_t i = 0; !status && i < a->rows->count; i++) {
        enum incremental_verdict verdict = INCREMENTAL_PASS;

        a->row = i;
        status = incremental_take(a->incremental, a->items.items[i], &verdict, err);
        keep[i] = verdict == INCREMENTAL_PASS;
    }
    if (status)
        return status;
    a->row = 0;
    return incremental_end_page(a->incremental, enough, err);
}

/* *bad: the row at which it failed. */
static enum spile_status choose(struct node *node, struct rows *rows, bool *enough, size_t *bad, struct spile_error *err)
{
    struct asking a = { .incremental = node->incremental, .rows = rows };
    bool *keep = malloc(rows->count + 1);
    enum spile_status status = keep ? ask(&a, keep, enough, err) : spile_fail_nomem(err);

    incremental_set_whole(node->incremental, NULL, NULL);
    if (!status && !rows_choose(rows, keep))
        status = spile_fail_nomem(err);
    *bad = a.row;
    free(keep);
    documents_release(&a.items);
    documents_release(&a.whole);
    return status;
}

/* ---- pages ----------------------------------------------------------------------------------------------------------------------- */

enum spile_status take_rows(struct node *node, struct documents *page, const char *table, bool *enough, struct spile_error *err)
{
    const struct extract_options *options = node->work->options;
    size_t drawn = page->rows->count, bad = 0;
    enum spile_status status = SPILE_OK;

    if (node->incremental)
        status = choose(node, page->rows, enough, &bad, err);
    if (status && status != SPILE_CANCELLED)
        spile_within(err, status, "item %llu of resource \"%s\"", (unsigned long long)(node->taken + bad + 1), node->resource->name);
    node->taken += drawn;
    if (status)
        return status;
    node->items += page->rows->count;
    node_count(node, 0, drawn, page->rows->count);
    return node->loaded ? options->put(options->user, node->index, table, page, err) : SPILE_OK;
}
