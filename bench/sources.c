/* Draws with functions what other workloads read from files: bench/run.py compares the two.
 *
 *   sources file FILE DB          the file as it is
 *   sources data FILE DB          the same as the data of a resource
 *   sources incremental FILE DB   the same, with a cursor
 *   sources generator FILE DB     a generator that emits its lines, some 1,000 a page
 *   sources steps FILE DB         the same through a map and a filter
 *   sources items COUNT DB        a generator that builds each item
 *   sources waiting PAGES DB      32 parallel resources: each waits 50 ms for each of its pages of 100 items
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spile/spile.h>

#define PAGE_BYTES 118000
#define WAITING 32
#define WAIT_MS 50
#define WAITING_ITEMS 100

/* A file of lines, mapped. */
struct lines {
    const char *text;
    size_t length, at;
    long number;
};

static bool read_lines(struct lines *lines, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat found;
    void *text = MAP_FAILED;

    if (file >= 0 && !fstat(file, &found))
        text = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (file >= 0)
        close(file);
    if (text == MAP_FAILED)
        return false;
    lines->text = text;
    lines->length = (size_t)found.st_size;
    return true;
}

/* Bytes up to the end of the line in which the page is full. */
static size_t next_page(const struct lines *lines)
{
    size_t rest = lines->length - lines->at;
    const char *newline = rest > PAGE_BYTES ? memchr(lines->text + lines->at + PAGE_BYTES, '\n', rest - PAGE_BYTES) : NULL;

    return newline ? (size_t)(newline - lines->text) + 1 - lines->at : rest;
}

static enum spile_status generate(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct lines *lines = user;
    enum spile_status status = SPILE_OK;

    for (size_t length; !status && (length = next_page(lines)); lines->at += length)
        status = spile_emit_json(out, lines->text + lines->at, length, err);
    return status;
}

static enum spile_status build(struct spile_emitter *out, void *user, struct spile_error *err)
{
    static const char *const countries[] = { "AW", "MN", "DE", "FR" };
    struct lines *lines = user;
    struct spile_item *item;
    enum spile_status status = spile_item_new(&item, err);

    for (size_t i = 1; !status && i <= lines->length; i++) {
        spile_item_set_integer(item, "id", (int64_t)i);
        spile_item_set_integer(item, "user_id", (int64_t)(i * 7919 % 1000000));
        spile_item_set_double(item, "amount", (double)(i * 104729 % 500000) / 100);
        spile_item_set_integer(item, "qty", (int64_t)(i % 100));
        spile_item_set_bool(item, "ok", i % 3);
        spile_item_set_text(item, "country", countries[i % 4]);
        spile_item_set_timestamp(item, "created_at", 1700000000000000 + (int64_t)i * 1000000);
        status = spile_emit_item(out, item, err);
    }
    spile_item_free(item);
    return status;
}

/* Writes what it has read, so that the result can be validated. */
static enum spile_status map_amount(struct spile_item *item, void *user, struct spile_error *err)
{
    (void)user;
    (void)err;
    spile_item_set_double(item, "amount", spile_item_double(item, "amount", 0));
    return SPILE_OK;
}

static bool has_amount(const struct spile_item *item, void *user)
{
    (void)user;
    return spile_item_double(item, "amount", -1) >= 0;
}

/* Called again each time its wait is over. */
static enum spile_status wait_and_emit(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct lines *pages = user;
    char json[WAITING_ITEMS * 48 + 3], *at = json;
    enum spile_status status = SPILE_OK;

    *at++ = '[';
    for (int i = 0; i < WAITING_ITEMS; i++)
        at += sprintf(at, "%s{\"id\":%ld,\"name\":\"item\"}", i ? "," : "", (long)pages->at * WAITING_ITEMS + i);
    *at++ = ']';
    if (pages->number)
        status = spile_emit_json(out, json, (size_t)(at - json), err);
    if (pages->number++ < (long)pages->length)
        spile_again_after(out, WAIT_MS);
    return status;
}

static enum spile_status add_waiting(struct spile_source *source, struct lines *pages, const char *count, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    char name[24];

    for (int i = 0; !status && i < WAITING; i++) {
        pages[i].length = (size_t)atol(count);
        snprintf(name, sizeof(name), "endpoint%d", i);
        status = spile_source_add(source, name, SPILE_RESOURCE(.generate = wait_and_emit, .user = &pages[i], .table = "items", .parallel = true), err);
    }
    return status;
}

static enum spile_status declare(struct spile_source *source, const char *what, const char *path, struct lines *lines, struct spile_error *err)
{
    const char *paths[] = { path };
    bool steps = !strcmp(what, "steps");
    enum spile_status status;

    if (!strcmp(what, "waiting"))
        return add_waiting(source, lines, path, err);
    if (!strcmp(what, "data") || !strcmp(what, "incremental"))
        return spile_source_add(source, "items",
                                SPILE_RESOURCE(.data = spile_files(paths, 1), .incremental.cursor = !strcmp(what, "incremental") ? "id" : NULL), err);
    status = spile_source_add(source, "items", SPILE_RESOURCE(.generate = !strcmp(what, "items") ? build : generate, .user = lines), err);
    if (!status && steps)
        status = spile_source_step(source, "items", SPILE_STEP(.map = map_amount), err);
    return status || !steps ? status : spile_source_step(source, "items", SPILE_STEP(.filter = has_amount), err);
}

static enum spile_status run_source(struct spile_pipeline *pipeline, const char *what, const char *path, struct spile_load_info **info, struct spile_error *err)
{
    struct lines lines[WAITING] = { 0 };
    struct spile_source *source = NULL;
    enum spile_status status = spile_source_new(&source, "bench", NULL, err);

    if (!strcmp(what, "items"))
        lines->length = (size_t)atol(path);
    else if (!status && (!strcmp(what, "generator") || !strcmp(what, "steps")) && !read_lines(lines, path))
        status = spile_fail(err, SPILE_SOURCE, "can't read the file");
    if (!status)
        status = declare(source, what, path, lines, err);
    if (!status)
        status = spile_run(pipeline, spile_from(source), NULL, info, err);
    spile_source_free(source);
    return status;
}

int main(int count, char **words)
{
    struct spile_error err = { 0 };
    struct spile_pipeline *pipeline = NULL;
    struct spile_load_info *info = NULL;
    enum spile_status status = SPILE_USAGE;

    if (count == 4)
        status = spile_pipeline_open(&pipeline, "bench", SPILE_PIPELINE_OPTIONS(.destination = words[3], .dataset = "bench", .workers = 2), &err);
    if (!status && !strcmp(words[1], "file"))
        status = spile_run(pipeline, spile_files((const char *const[]){ words[2] }, 1), SPILE_RUN_OPTIONS(.table = "items"), &info, &err);
    else if (!status)
        status = run_source(pipeline, words[1], words[2], &info, &err);
    if (status)
        fprintf(stderr, "sources WHAT FILE DB: %s\n", err.message);
    else
        printf("%llu rows, %.3f s\n", (unsigned long long)spile_load_info_rows(info), spile_load_info_seconds(info));
    spile_load_info_free(info);
    spile_pipeline_close(pipeline);
    return (int)status;
}
