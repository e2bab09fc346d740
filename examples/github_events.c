/* A paged API, here as the files page-1.json, page-2.json ... of a folder: each event goes to the table that its type names, and a second run loads only
 * what is new. Usage: github_events FOLDER */
#include <stdio.h>
#include <stdlib.h>

#include <spile/spile.h>

struct pages {
    const char *folder;
    int next;
};

/* The whole file, terminated; NULL: there is none. */
static char *read_page(const struct pages *pages)
{
    char path[4096], *text = NULL;
    long size;
    FILE *file;

    snprintf(path, sizeof(path), "%s/page-%d.json", pages->folder, pages->next);
    file = fopen(path, "rb");
    if (!file)
        return NULL;
    if (!fseek(file, 0, SEEK_END) && (size = ftell(file)) >= 0 && (text = calloc(1, (size_t)size + 1))) {
        rewind(file);
        if (fread(text, 1, (size_t)size, file) != (size_t)size)
            text[0] = '\0'; /* not JSON: the engine will say so */
    }
    fclose(file);
    return text;
}

/* One page per call: other resources have their turn in between. */
static enum spile_status events(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct pages *pages = user;
    char *json = read_page(pages);
    enum spile_status status;

    if (!json)
        return pages->next > 1 ? SPILE_OK : spile_fail(err, SPILE_SOURCE, "no page-1.json in %s", pages->folder);
    status = spile_emit_json(out, json, 0, err);
    free(json);
    pages->next++;
    if (!status)
        spile_again(out);
    return status;
}

int main(int argc, char **argv)
{
    struct pages pages = { argc > 1 ? argv[1] : ".", 1 };
    struct spile_source *github = NULL;
    struct spile_pipeline *pipeline = NULL;
    struct spile_load_info *info = NULL;
    struct spile_error err = { 0 };

    if (spile_source_new(&github, "github", NULL, &err) ||
        spile_source_add(github, "events", SPILE_RESOURCE(.generate = events, .user = &pages, .table_by = "type",
                                                          .incremental = { .cursor = "created_at", .primary_key = "id" }), &err) ||
        spile_pipeline_open(&pipeline, "github_events", SPILE_PIPELINE_OPTIONS(.destination = "duckdb"), &err) ||
        spile_run(pipeline, spile_from(github), NULL, &info, &err))
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    for (size_t i = 0; info && i < spile_load_info_table_count(info); i++)
        printf("%s %llu\n", spile_load_info_table(info, i)->name, (unsigned long long)spile_load_info_table(info, i)->rows);
    spile_load_info_free(info);
    spile_pipeline_close(pipeline);
    spile_source_free(github);
    return err.status;
}
