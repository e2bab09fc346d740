/* Data that are in columns already: arrays of a program, handed over as an Arrow C stream, two rows at a time and without a copy of them. */
#include <stdio.h>

#include <spile/spile.h>

#include "arrow_abi.h"

#define HOUR(n) (INT64_C(1767225600000000) + (n) * INT64_C(3600000000)) /* of 2026, in microseconds */
static const int64_t at[] = { HOUR(0), HOUR(1), HOUR(2), HOUR(3), HOUR(4), HOUR(5) };
static const double celsius[] = { 3.5, 3.25, 3.0, 2.75, 4.5, 7.0 };

struct readings {
    int count, next; /* how many there are by now, and the first one of the next batch */
    struct batch { struct ArrowArray columns[2], *list[2]; const void *values[2][2], *none; } batches[3];
};

/* Nothing is allocated for them, so nothing is freed: what is released only says so. */
static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_array(struct ArrowArray *array) { array->release = NULL; }
static void release_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }
static const char *get_last_error(struct ArrowArrayStream *stream) { return (void)stream, NULL; }

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    static struct ArrowSchema columns[2], *list[] = { &columns[0], &columns[1] };

    columns[0] = (struct ArrowSchema){ .format = "tsu:UTC", .name = "at", .release = release_schema };
    columns[1] = (struct ArrowSchema){ .format = "g", .name = "celsius", .flags = ARROW_FLAG_NULLABLE, .release = release_schema };
    *out = (struct ArrowSchema){ .format = "+s", .n_children = 2, .children = list, .release = release_schema };
    return (void)stream, 0;
}

/* A column has two buffers: which of its values are no nulls (NULL: all), and the values. A batch that is released already ends the stream. */
static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct readings *r = stream->private_data;
    struct batch *b = &r->batches[r->next / 2];

    *out = (struct ArrowArray){ .length = 0 };
    if (r->next == r->count)
        return 0;
    *b = (struct batch){ .list = { &b->columns[0], &b->columns[1] }, .values = { { NULL, &at[r->next] }, { NULL, &celsius[r->next] } } };
    for (int i = 0; i < 2; i++)
        b->columns[i] = (struct ArrowArray){ .length = 2, .n_buffers = 2, .buffers = b->values[i], .release = release_array };
    *out = (struct ArrowArray){ .length = 2, .n_buffers = 1, .buffers = &b->none, .n_children = 2, .children = b->list, .release = release_array };
    r->next += 2;
    return 0;
}

static enum spile_status draw(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct ArrowArrayStream stream = { get_schema, get_next, get_last_error, release_stream, user };

    ((struct readings *)user)->next = 0;
    return spile_emit_arrow(out, &stream, err);
}

int main(void)
{
    struct readings readings = { .count = 4 };
    struct spile_source *weather = NULL;
    struct spile_pipeline *pipeline = NULL;
    struct spile_load_info *info = NULL;
    struct spile_error err = { 0 };

    if (!spile_source_new(&weather, "weather", NULL, &err) && !spile_pipeline_open(&pipeline, "weather", SPILE_PIPELINE_OPTIONS(.destination = "duckdb"), &err))
        spile_source_add(weather, "readings", SPILE_RESOURCE(.generate = draw, .user = &readings, .primary_key = "at", .incremental = { .cursor = "at" }), &err);
    for (; !err.status && readings.count <= 6; readings.count += 2, spile_load_info_free(info))
        if (!spile_run(pipeline, spile_from(weather), NULL, &info, &err))
            printf("%llu of %d are new\n", (unsigned long long)spile_load_info_rows(info), readings.count);
    if (err.status)
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    spile_pipeline_close(pipeline);
    spile_source_free(weather);
    return err.status;
}
