/* Draws the inputs: open, cut into chunks, hand to the normalizer, which fills the package. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/documents.h"
#include "data/rows.h"
#include "pipeline/draw.h"
#include "source/chunker.h"

#define CHUNK_BYTES_DEFAULT ((size_t)4 << 20)
#define CHUNK_BYTES_MIN ((size_t)64 << 10)
#define ITEM_MEMORY_MIN ((size_t)16 << 20)

static enum spile_status put_batch(void *user, struct table_batch *batch, struct spile_error *err)
{
    struct run *run = user;
    enum spile_status status = package_put(&run->package, batch, err);

    if (!status && run->options->progress && !tally_take(&run->tally, &run->package))
        status = spile_fail_nomem(err);
    return status;
}

static enum spile_status put_discarded(void *user, struct slice lines, struct spile_error *err)
{
    const struct run *run = user;

    return file_write(run->discarded, run->discarded_path, lines.text, lines.length, err);
}

size_t draw_input_count(const struct spile_data *data)
{
    return data->kind == SPILE_DATA_FILES ? data->count : 1;
}

enum spile_status draw_open(struct drawing *d, const struct spile_data *data, size_t index, struct input **input, struct spile_error *err)
{
    struct run *run = d->run;
    enum spile_status status =
        data->kind == SPILE_DATA_FILES
            ? input_open_file(input, data->paths[index], &run->consumed, err)
            : input_open_memory(input, data->bytes, data->length, "the JSON text", &run->consumed, err);

    if (!status)
        input_watch(*input, &run->pipeline->cancelled);
    return status;
}

/* ---- where chunks go -------------------------------------------------------------------------------------------------------------- */

/* False when it fails, or the run was cancelled: recorder_error says what. */
static bool record(struct drawing *d)
{
    struct spile_error *err = &d->recorder_error;

    if (atomic_load(&d->run->pipeline->cancelled))
        return spile_fail(err, SPILE_CANCELLED, "cancelled"), false;
    if (recorder_put(d->run->recorder, &d->chunk, err))
        return false;
    documents_free(d->chunk.documents);
    d->chunk.documents = NULL;
    return true;
}

/* False when no more chunks are wanted: then this one is still the drawing's. */
static bool hand_over(struct drawing *d)
{
    d->chunk.number = d->number++;
    return d->normalizer ? normalizer_submit(d->normalizer, &d->chunk) : record(d);
}

static bool has_enough(const struct drawing *d, uint32_t part)
{
    return d->normalizer && normalizer_has_enough(d->normalizer, part);
}

void draw_tick(struct drawing *d)
{
    run_report_drawn(d->run, d->normalizer ? normalizer_rows(d->normalizer) : 0, false);
}

bool draw_submit(struct drawing *d, const struct chunk *chunk)
{
    free(d->chunk.bytes);
    d->chunk = *chunk;
    if (hand_over(d))
        return true;
    documents_free(d->chunk.documents);
    d->chunk.documents = NULL;
    return false;
}

static enum spile_status prepare_part(void *user, uint32_t part, struct spile_error *err)
{
    return run_add_part(user, part, err);
}

enum spile_status draw_add_part(struct drawing *d, struct spile_error *err)
{
    enum spile_status status = d->normalizer ? normalizer_add_part(d->normalizer, prepare_part, d->run, err) : SPILE_OK;

    d->run->part_count += !status;
    return status;
}

/* ---- data as they are ----------------------------------------------------------------------------------------------------------------- */

/* *go false: no more is wanted. */
static enum spile_status draw_input(struct drawing *d, uint32_t part, uint32_t number, struct input *input, bool *go, struct spile_error *err)
{
    struct chunker *chunker = NULL;
    enum spile_status status = chunker_new(&chunker, input, d->chunk_bytes, d->item_bytes_max, err);
    bool more = true;

    d->run->rereadable &= input_rereadable(input);
    while (!status && *go && !has_enough(d, part)) {
        status = chunker_next(chunker, &d->chunk, &more, err);
        if (status || !more)
            break;
        d->chunk.part = part;
        d->chunk.input = number;
        *go = hand_over(d);
        draw_tick(d);
    }
    chunker_free(chunker);
    return status;
}

/* *go false: no more is wanted. */
static enum spile_status submit_rows(struct drawing *d, uint32_t part, struct rows *rows, uint64_t offset, bool *go, struct spile_error *err)
{
    struct documents *documents = documents_new();

    if (!documents) {
        rows_free(rows);
        return spile_fail_nomem(err);
    }
    documents->rows = rows;
    *go = draw_submit(d, &(struct chunk){ .part = part, .input_name = "the Arrow stream", .offset = offset, .first = !offset, .documents = documents });
    return SPILE_OK;
}

static enum spile_status draw_stream(struct drawing *d, uint32_t part, struct ArrowArrayStream *stream, bool *go, struct spile_error *err)
{
    struct rows_stream batches;
    struct rows *rows = NULL;
    uint64_t offset = 0;
    enum spile_status status = rows_stream_begin(&batches, stream, err);

    d->run->rereadable = false;
    while (!status && *go && !has_enough(d, part) && !(status = rows_stream_next(&batches, &rows, err)) && rows) {
        size_t count = rows->count;

        status = submit_rows(d, part, rows, offset, go, err);
        offset += count;
        draw_tick(d);
    }
    rows_stream_end(&batches);
    return status;
}

/* Names of inputs are used in messages about chunks until all is normalized, so inputs stay open until then. */
struct open_inputs {
    struct input **inputs;
    size_t count;
};

static enum spile_status draw_all(struct drawing *d, struct open_inputs *open, struct spile_error *err)
{
    struct run *run = d->run;
    enum spile_status status = SPILE_OK;
    bool go = true;

    for (uint32_t part = 0; !status && go && part < run->part_count; part++)
        for (size_t i = 0; !status && go && i < draw_input_count(&run->parts[part].data); i++) {
            struct input **input = &open->inputs[open->count];

            if (run->parts[part].data.kind == SPILE_DATA_ARROW) {
                status = draw_stream(d, part, run->parts[part].data.stream, &go, err);
                break;
            }
            status = draw_open(d, &run->parts[part].data, i, input, err);
            if (status)
                break;
            open->count++;
            status = draw_input(d, part, (uint32_t)i, *input, &go, err);
        }
    return status;
}

/* ---- data that were drawn before ------------------------------------------------------------------------------------------------------ */

/* Tables that items named come when they came then. */
static enum spile_status add_parts(struct drawing *d, struct spile_error *err)
{
    const struct run *run = d->run;
    enum spile_status status = SPILE_OK;

    while (!status && run->part_count < run->part_capacity && run->normalize_parts[run->part_count].since <= d->number)
        status = draw_add_part(d, err);
    return status;
}

static enum spile_status fail_part(const struct run *run, struct spile_error *err)
{
    return spile_fail(err, SPILE_FAILED, "\"%s\" has data of a table that its manifest does not name", run->recording);
}

static enum spile_status draw_recording(struct drawing *d, struct spile_error *err)
{
    enum spile_status status = recording_open(&d->recording, d->run->recording, err);
    struct chunk chunk;
    bool more = true, go = true;

    while (!status && go) {
        status = recording_next(d->recording, &chunk, &more, err);
        if (status || !more)
            break;
        status = add_parts(d, err);
        if (!status && chunk.part >= d->run->part_count)
            status = fail_part(d->run, err);
        if (!status) {
            go = draw_submit(d, &chunk);
            draw_tick(d);
        } else {
            documents_free(chunk.documents);
            free(chunk.bytes);
        }
    }
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------ */

/* What one worker's item may take: half of the memory is for all of them. */
static size_t item_memory_of(const struct run *run)
{
    size_t share = (size_t)(run->pipeline->max_memory / 2 / run->pipeline->workers);

    return share > ITEM_MEMORY_MIN ? share : ITEM_MEMORY_MIN;
}

static struct normalize_options normalize_options(const struct run *run)
{
    return (struct normalize_options){
        .schema = run->schema,
        .load_id = run->load_id,
        .parts = run->normalize_parts,
        .part_count = run->part_count,
        .part_capacity = run->part_capacity,
        .workers = run->plans && run->options->sample ? 1 : run->pipeline->workers, /* a sample is the first items */
        .item_memory_max = item_memory_of(run),
        .held_bytes_max = (size_t)(run->pipeline->max_memory / 8 / run->pipeline->workers),
        .cancelled = &run->pipeline->cancelled,
        .whole = run->whole,
        .whole_count = run->whole_count,
        .evolves_frozen = run->plans,
        .arrow_load_id = run->options->arrow_load_id,
        .arrow_row_id = run->options->arrow_row_id,
        .items_max = run->plans ? run->options->sample : 0,
        .put = put_batch,
        .user = (void *)(uintptr_t)run,
    };
}

static size_t chunk_bytes_of(const struct run *run)
{
    size_t most = (size_t)(run->pipeline->max_memory / 32 / (run->pipeline->workers + 2));

    if (run->options->chunk_bytes)
        return run->options->chunk_bytes;
    if (most > CHUNK_BYTES_DEFAULT)
        return CHUNK_BYTES_DEFAULT;
    return most > CHUNK_BYTES_MIN ? most : CHUNK_BYTES_MIN;
}

static size_t count_inputs(const struct run *run)
{
    size_t count = 0;

    for (uint32_t part = 0; part < run->part_count; part++)
        count += draw_input_count(&run->parts[part].data);
    return count;
}

static void note_refused(void *user, const char *table, uint64_t rows, uint64_t values)
{
    struct run *run = user;
    const char *name = arena_copy(&run->arena, table, strlen(table));

    if (run->refused && name)
        run->refused[run->refused_count++] = (struct refused_table){ name, rows, values };
    else
        run->refused = NULL;
}

static void count_refused(void *user, const char *table, uint64_t rows, uint64_t values)
{
    (void)table;
    (void)rows;
    (void)values;
    ++*(size_t *)user;
}

/* The normalizer's tables do not outlive it. */
static enum spile_status keep_refused(struct run *run, const struct normalizer *normalizer, struct spile_error *err)
{
    size_t count = 0;
    bool ok = normalizer_refused(normalizer, count_refused, &count);

    run->refused = ok ? arena_alloc(&run->arena, (count + 1) * sizeof(*run->refused)) : NULL;
    ok = run->refused && normalizer_refused(normalizer, note_refused, run) && run->refused;
    return ok ? SPILE_OK : spile_fail_nomem(err);
}

static void draw(struct drawing *d, struct open_inputs *open, struct spile_error *err)
{
    if (d->run->recording)
        draw_recording(d, err);
    else if (d->run->source)
        draw_source(d, err);
    else
        draw_all(d, open, err);
}

static enum spile_status begin(struct run *run, struct drawing *d, struct open_inputs *open, struct spile_error *err)
{
    *d = (struct drawing){ .run = run, .chunk_bytes = chunk_bytes_of(run), .item_bytes_max = (size_t)(run->pipeline->max_memory / 8) };
    *open = (struct open_inputs){ calloc(count_inputs(run) + 1, sizeof(struct input *)), 0 };
    run->rereadable = true;
    pthread_mutex_init(&run->tally.lock, NULL);
    return open->inputs ? SPILE_OK : spile_fail_nomem(err);
}

static void end(struct run *run, struct drawing *d, struct open_inputs *open)
{
    normalizer_free(d->normalizer);
    pthread_mutex_destroy(&run->tally.lock);
    free(d->chunk.bytes);
    for (size_t i = 0; i < open->count; i++)
        input_close(open->inputs[i]);
    free(open->inputs);
    recording_close(d->recording);
    malloc_trim(0); /* the database needs that memory next */
}

enum spile_status run_draw(struct run *run, struct spile_error *err)
{
    struct drawing d;
    struct open_inputs open;
    struct normalize_options options = normalize_options(run);
    struct spile_error reader_error = { 0 };
    enum spile_status status = begin(run, &d, &open, err);

    if (!status && !run->plans)
        status = run_open_discarded(run, err);
    if (!status) {
        options.discard = run->discarded_path ? put_discarded : NULL;
        status = normalizer_new(&d.normalizer, &options, err);
    }
    if (!status) {
        draw(&d, &open, &reader_error);
        status = normalizer_finish(d.normalizer, &reader_error, err);
    }
    if (!status)
        status = keep_refused(run, d.normalizer, err);
    if (!status) {
        run->duplicate_keys = normalizer_duplicate_keys(d.normalizer);
        run_report_drawn(run, normalizer_rows(d.normalizer), true);
    }
    end(run, &d, &open);
    return status;
}

enum spile_status run_record(struct run *run, struct spile_error *err)
{
    struct drawing d;
    struct open_inputs open;
    struct spile_error reader_error = { 0 };
    enum spile_status status = begin(run, &d, &open, err);

    if (!status) {
        draw(&d, &open, &reader_error);
        if (d.recorder_error.status)
            reader_error = d.recorder_error; /* that is why nothing more was drawn */
        if (reader_error.status && err)
            *err = reader_error;
        status = reader_error.status;
    }
    end(run, &d, &open);
    return status;
}
