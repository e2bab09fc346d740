/* The public schema: read, written, changed, compared. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pipeline/pipeline.h"
#include "schema/file/file.h"
#include "schema/hints.h"
#include "schema/merge.h"
#include "schema/view/describe.h"
#include "schema/view/diff.h"

#define PART_DEPTH 8 /* deeper than the settings of any schema nest */

struct spile_schema {
    struct schema *schema;
    yyjson_mut_doc *part; /* what was said, without what was filled in: this is what a run takes over */
    struct text text;     /* given out last */
};

/* Of a schema that belongs to no dataset. */
static const struct naming no_naming;

yyjson_mut_val *spile_schema_part(const struct spile_schema *schema)
{
    return yyjson_mut_doc_get_root(schema->part);
}

const struct schema *spile_schema_content(const struct spile_schema *schema)
{
    return schema->schema;
}

/* ---- life ----------------------------------------------------------------------------------------------------------------------- */

enum spile_status spile_schema_new(struct spile_schema **out, const char *name, struct spile_error *err)
{
    struct spile_schema *s = calloc(1, sizeof(*s));
    enum spile_status status = s ? schema_name_check(slice_of(name), err) : spile_fail_nomem(err);

    *out = NULL;
    if (!status)
        status = schema_new(&s->schema, name, &no_naming, err);
    if (!status) {
        s->part = yyjson_mut_doc_new(NULL);
        yyjson_mut_doc_set_root(s->part, yyjson_mut_obj(s->part));
        status = yyjson_mut_doc_get_root(s->part) ? SPILE_OK : spile_fail_nomem(err);
    }
    if (!status)
        status = schema_seal(s->schema, NULL, err);
    if (status)
        spile_schema_free(s);
    else
        *out = s;
    return status;
}

enum spile_status spile_schema_parse(struct spile_schema **out, const char *text, size_t length, struct spile_error *err)
{
    struct spile_schema *s = calloc(1, sizeof(*s));
    enum spile_status status = s ? schema_from_text(&s->schema, &s->part, (struct slice){ text, length }, &no_naming, err) : spile_fail_nomem(err);

    *out = status ? NULL : s;
    if (status)
        spile_schema_free(s);
    return status;
}

enum spile_status spile_schema_read_file(struct spile_schema **out, const char *path, struct spile_error *err)
{
    struct text text = { 0 };
    bool found;
    enum spile_status status = file_read_named(path, &text, &found, err);

    *out = NULL;
    if (!status && !found) {
        status = spile_fail(err, SPILE_CONFIG, "there is no file \"%s\"", path);
        spile_hint(err, status, "name a schema file; \"spile schema export\" writes one");
    }
    if (!status)
        status = spile_within(err, spile_schema_parse(out, text.text ? text.text : "", text.length, err), "file \"%s\"", path);
    text_release(&text);
    return status;
}

void spile_schema_free(struct spile_schema *s)
{
    if (!s)
        return;
    schema_free(s->schema);
    yyjson_mut_doc_free(s->part);
    text_release(&s->text);
    free(s);
}

const char *spile_schema_name(const struct spile_schema *s)
{
    return s->schema->name;
}

int64_t spile_schema_version(const struct spile_schema *s)
{
    return schema_version_number(s->schema);
}

const char *spile_schema_hash(const struct spile_schema *s)
{
    return schema_hash(s->schema);
}

/* ---- texts ---------------------------------------------------------------------------------------------------------------------- */

enum spile_status spile_schema_text(struct spile_schema *s, enum spile_schema_format format, const char **text, size_t *length,
                                    struct spile_error *err)
{
    text_clear(&s->text);
    if (!schema_to_text(s->schema, format == SPILE_SCHEMA_JSON ? SCHEMA_JSON : SCHEMA_YAML, true, &s->text))
        return spile_fail_nomem(err);
    *text = s->text.text;
    if (length)
        *length = s->text.length;
    return SPILE_OK;
}

enum spile_status spile_schema_describe(struct spile_schema *s, bool system, const char **text, struct spile_error *err)
{
    text_clear(&s->text);
    if (!schema_describe(s->schema->root, system, &s->text) || !text_reserve(&s->text, 0))
        return spile_fail_nomem(err);
    *text = s->text.text;
    return SPILE_OK;
}

/* ---- changes -------------------------------------------------------------------------------------------------------------------- */

/* A failed merge leaves its schema half done, so it works on a copy. */
static enum spile_status merge_part(struct spile_schema *s, yyjson_mut_val *part, const struct merge_options *options, struct spile_error *err)
{
    size_t length;
    char *text = schema_write(s->schema, &length);
    struct schema *merged = NULL;
    enum spile_status status = text ? schema_read(&merged, text, length, &no_naming, err) : spile_fail_nomem(err);

    free(text);
    if (!status)
        status = schema_merge(&merged, part, options, err);
    if (!status)
        status = schema_seal(merged, NULL, err);
    if (!status && !document_merge(s->part, yyjson_mut_doc_get_root(s->part), part, PART_DEPTH))
        status = spile_fail_nomem(err);
    if (status) {
        schema_free(merged);
        return status;
    }
    schema_free(s->schema);
    s->schema = merged;
    return SPILE_OK;
}

static bool has_parent(const struct schema *schema, const char *name)
{
    const char *separator = naming_separator(&schema->naming);

    for (uint32_t i = 0; i < schema->table_count; i++) {
        size_t length = strlen(schema->tables[i]->name);

        if (!strncmp(name, schema->tables[i]->name, length) && !strncmp(name + length, separator, strlen(separator)))
            return true;
    }
    return false;
}

enum spile_status spile_schema_set_columns(struct spile_schema *s, const char *table, const char *columns, struct spile_error *err)
{
    static const struct merge_options options = { .replaces_keys = true };
    struct hints hints = { 0 };
    struct arena arena = { 0 };
    struct hint_root root = { naming_path(&arena, &s->schema->naming, slice_of(table)), table };
    enum spile_status status = root.table && hints_init(&hints) ? SPILE_OK : spile_fail_nomem(err);

    if (!status)
        status = hints_add_columns(&hints, table, columns, err);
    if (!status)
        status = hints_find_parents(&hints, s->schema, &root, !has_parent(s->schema, root.table), err);
    if (!status)
        status = merge_part(s, hints.root, &options, err);
    hints_release(&hints);
    arena_release(&arena);
    return status;
}

enum spile_status spile_schema_merge(struct spile_schema *s, const struct spile_schema *part, struct spile_error *err)
{
    static const struct merge_options options = { .replaces_keys = false };

    return merge_part(s, spile_schema_part(part), &options, err);
}

/* ---- differences ---------------------------------------------------------------------------------------------------------------- */

struct spile_schema_diff {
    size_t count;
    struct text text, json;
};

enum spile_status spile_schema_compare(struct spile_schema_diff **out, const struct spile_schema *before, const struct spile_schema *after,
                                       struct spile_error *err)
{
    struct spile_schema_diff *d = calloc(1, sizeof(*d));
    struct schema_diff diff = { 0 };
    enum spile_status status = d ? schema_diff(&diff, before->schema->root, after->schema->root, err) : spile_fail_nomem(err);

    *out = NULL;
    if (!status) {
        d->count = diff.count;
        if (!schema_diff_text(&diff, &d->text) || !schema_diff_json(&diff, &d->json) || !text_reserve(&d->text, 0))
            status = spile_fail_nomem(err);
    }
    schema_diff_release(&diff);
    if (status)
        spile_schema_diff_free(d);
    else
        *out = d;
    return status;
}

size_t spile_schema_diff_count(const struct spile_schema_diff *d)
{
    return d->count;
}

const char *spile_schema_diff_text(const struct spile_schema_diff *d)
{
    return d->text.text;
}

const char *spile_schema_diff_json(const struct spile_schema_diff *d)
{
    return d->json.text;
}

void spile_schema_diff_free(struct spile_schema_diff *d)
{
    if (!d)
        return;
    text_release(&d->text);
    text_release(&d->json);
    free(d);
}
