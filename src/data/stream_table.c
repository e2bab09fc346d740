/* A table for people: columns as wide as the first thousand rows want them, numbers on the right. Later cells that are wider push the others aside, or, where
 * the screen's width is known, are shortened like the first ones. */
#include <stdlib.h>

#include "data/screen.h"
#include "data/stream_write.h"

#define MEASURED_ROWS 1000
#define MEASURED_BYTES ((size_t)8 << 20)
#define NARROWEST 6
#define GAP 3           /* " | " between columns */
#define ELLIPSIS "\xE2\x80\xA6"

struct stream_table {
    const struct cell_type *types;
    size_t columns;
    size_t width;       /* of the screen; 0: no limit */
    size_t *widths;     /* of the columns */
    struct slice *cells; /* of the rows that are measured; in the arena, like their texts */
    size_t rows;
    size_t bytes;
    bool begun;         /* the head is written, nothing is measured any more */
    bool failed;        /* memory was out: a text that is used again forgets it */
    struct arena arena;
    struct text scratch, safe;
};

static struct slice kept(struct stream_table *t, struct slice text)
{
    char *copy = arena_copy(&t->arena, text.text, text.length);

    t->failed |= !copy;
    t->bytes += text.length;
    return (struct slice){ copy, copy ? text.length : 0 };
}

/* As it is shown; lives until the next one. */
static struct slice shown(struct stream_table *t, struct slice text)
{
    text_clear(&t->safe);
    screen_put_safe(&t->safe, text);
    t->failed |= t->safe.failed;
    return text_slice(&t->safe);
}

static struct slice cell_of(struct stream_table *t, const struct stream_batch *batch, size_t column, int64_t row)
{
    const struct ArrowArrayView *view = batch->view->children[column];

    text_clear(&t->scratch);
    if (cell_is_null(&t->types[column], view, batch->view->offset + row))
        text_puts(&t->scratch, "NULL");
    else
        cell_write(&t->scratch, &t->types[column], view, batch->view->offset + row, CELL_TEXT);
    t->failed |= t->scratch.failed;
    return shown(t, text_slice(&t->scratch));
}

static void widen(struct stream_table *t, size_t column, struct slice text)
{
    size_t columns = screen_columns(text);

    if (columns > t->widths[column])
        t->widths[column] = columns;
}

enum spile_status stream_table_new(struct stream_table **out, const struct cell_type *types, size_t columns, unsigned width, struct spile_error *err)
{
    struct stream_table *t = *out = calloc(1, sizeof(*t));

    if (!t)
        return spile_fail_nomem(err);
    *t = (struct stream_table){ .types = types, .columns = columns, .width = width };
    t->widths = arena_zalloc(&t->arena, columns * sizeof(*t->widths));
    t->cells = arena_alloc(&t->arena, columns * MEASURED_ROWS * sizeof(*t->cells));
    if (!t->widths || !t->cells)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < columns; i++)
        widen(t, i, shown(t, slice_of(types[i].name)));
    return t->failed ? spile_fail_nomem(err) : SPILE_OK;
}

/* What the columns take when none is wider than `most`. */
static size_t table_width(const struct stream_table *t, size_t most)
{
    size_t total = 2 + (t->columns ? (t->columns - 1) * GAP : 0);

    for (size_t i = 0; i < t->columns; i++)
        total += t->widths[i] < most ? t->widths[i] : most;
    return total;
}

/* The widest columns are cut first, all to the same width. */
static void fit(struct stream_table *t)
{
    size_t most = NARROWEST;

    if (!t->width || table_width(t, SIZE_MAX / 2) <= t->width)
        return;
    while (table_width(t, most + 1) <= t->width)
        most++;
    for (size_t i = 0; i < t->columns; i++)
        t->widths[i] = t->widths[i] < most ? t->widths[i] : most;
}

static void pad(struct text *out, size_t count, char with)
{
    for (size_t i = 0; i < count; i++)
        text_putc(out, with);
}

static void put_cell(struct stream_table *t, struct text *out, size_t column, struct slice text, bool right)
{
    size_t width = t->widths[column], columns = screen_columns(text);
    bool cut = t->width && columns > width, last = column + 1 == t->columns;

    text_puts(out, column ? " | " : " ");
    if (cut) {
        text.length = screen_prefix(text, width - 1, &columns);
        columns++;
    }
    if (right && columns < width)
        pad(out, width - columns, ' ');
    text_append(out, text.text, text.length);
    text_puts(out, cut ? ELLIPSIS : "");
    if (!right && !last && columns < width)
        pad(out, width - columns, ' ');
    text_puts(out, last ? "\n" : "");
}

static enum spile_status begin(struct stream_table *t, struct sink *sink, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    t->begun = true;
    fit(t);
    for (size_t i = 0; i < t->columns; i++)
        put_cell(t, &sink->pending, i, shown(t, slice_of(t->types[i].name)), cell_type_is_number(&t->types[i]));
    for (size_t i = 0; i < t->columns; i++) {
        text_puts(&sink->pending, i ? "+" : "");
        pad(&sink->pending, t->widths[i] + 2, '-');
    }
    text_puts(&sink->pending, t->columns ? "\n" : "");
    for (size_t row = 0; !status && row < t->rows; row++) {
        for (size_t i = 0; i < t->columns; i++)
            put_cell(t, &sink->pending, i, t->cells[row * t->columns + i], cell_type_is_number(&t->types[i]));
        status = sink_ease(sink, err);
    }
    return !status && t->failed ? spile_fail_nomem(err) : status;
}

static void measure(struct stream_table *t, const struct stream_batch *batch, int64_t row)
{
    for (size_t i = 0; i < t->columns; i++) {
        struct slice cell = cell_of(t, batch, i, row);

        widen(t, i, cell);
        t->cells[t->rows * t->columns + i] = kept(t, cell);
    }
    t->rows++;
}

static void put_row(struct stream_table *t, const struct stream_batch *batch, int64_t row, struct text *out)
{
    for (size_t i = 0; i < t->columns; i++)
        put_cell(t, out, i, cell_of(t, batch, i, row), cell_type_is_number(&t->types[i]));
}

enum spile_status stream_table_add(struct stream_table *t, const struct stream_batch *batch, struct sink *sink, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    for (int64_t row = 0; !status && row < batch->rows; row++) {
        if (!t->begun && (t->rows == MEASURED_ROWS || t->bytes > MEASURED_BYTES))
            status = begin(t, sink, err);
        if (!status && t->begun)
            put_row(t, batch, row, &sink->pending);
        else if (!status)
            measure(t, batch, row);
        if (!status && t->failed)
            status = spile_fail_nomem(err);
        if (!status)
            status = sink_ease(sink, err);
    }
    return status;
}

enum spile_status stream_table_end(struct stream_table *t, struct sink *sink, struct spile_error *err)
{
    return t->begun ? SPILE_OK : begin(t, sink, err);
}

void stream_table_free(struct stream_table *t)
{
    if (!t)
        return;
    text_release(&t->scratch);
    text_release(&t->safe);
    arena_release(&t->arena);
    free(t);
}
