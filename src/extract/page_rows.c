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
    struct documents items;  /* by row: what decides of it, or the whole row, if it had to be hashed */
    struct documents wholes;
    bool *is_whole;          /* by row */
};

static enum spile_status make_whole(struct asking *a, size_t row, struct spile_error *err)
{
    uint32_t place = a->rows->chosen ? a->rows->chosen[row] : (uint32_t)row;
    const struct rows one = { .schema = a->rows->schema, .view = a->rows->view, .count = 1, .chosen = &place };
    enum spile_status status = a->is_whole[row] ? SPILE_OK : rows_to_documents(&one, NULL, &a->wholes, err);

    if (!status && !a->is_whole[row])
        a->items.items[row] = a->wholes.items[a->wholes.count - 1];
    a->is_whole[row] = true;
    return status;
}

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

static enum spile_status ask(struct asking *a, size_t row, bool *keep, struct spile_error *err)
{
    enum incremental_verdict verdict = INCREMENTAL_PASS;
    bool meets = false;
    enum spile_status status = SPILE_OK;

    if (incremental_hashes_whole(a->incremental))
        status = incremental_meets_start(a->incremental, a->items.items[row], &meets, err);
    if (!status && meets)
        status = make_whole(a, row, err);
    if (!status)
        status = incremental_take(a->incremental, a->items.items[row], &verdict, err);
    *keep = verdict == INCREMENTAL_PASS;
    return status;
}

/* The boundary refers to items in the order of the rows; it is hashed next. */
static enum spile_status complete_boundary(struct asking *a, struct spile_error *err)
{
    struct documents *boundary = incremental_boundary(a->incremental);
    enum spile_status status = SPILE_OK;

    for (size_t i = 0, row = 0; !status && i < boundary->count && row < a->items.count; row++) {
        if (boundary->items[i].value != a->items.items[row].value)
            continue;
        status = make_whole(a, row, err);
        boundary->items[i++] = a->items.items[row];
    }
    return status;
}

/* Keeps the rows that are new. *enough: by the row order nothing that is new can follow. */
static enum spile_status ask_all(struct asking *a, bool *keep, bool *enough, size_t *bad, struct spile_error *err)
{
    enum spile_status status = make_items(a, err);

    for (*bad = 0; !status && *bad < a->rows->count; *bad += !status)
        status = ask(a, *bad, &keep[*bad], err);
    if (!status && incremental_hashes_whole(a->incremental))
        status = complete_boundary(a, err);
    return status ? status : incremental_end_page(a->incremental, enough, err);
}

static enum spile_status choose(struct node *node, struct rows *rows, bool *enough, size_t *bad, struct spile_error *err)
{
    struct asking a = { .incremental = node->incremental, .rows = rows, .is_whole = calloc(rows->count + 1, sizeof(bool)) };
    bool *keep = malloc(rows->count + 1);
    enum spile_status status = keep && a.is_whole ? ask_all(&a, keep, enough, bad, err) : spile_fail_nomem(err);

    if (!status && !rows_choose(rows, keep))
        status = spile_fail_nomem(err);
    free(keep);
    free(a.is_whole);
    documents_release(&a.items);
    documents_release(&a.wholes);
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
