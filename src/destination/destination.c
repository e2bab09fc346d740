#include "destination/destination.h"

#include <stdlib.h>
#include <string.h>

#include "destination/duckdb/duckdb.h"
#include "destination/postgres/postgres.h"
#include "destination/sqlite/sqlite.h"

static const struct destination_ops *const destinations[] = {
    &duckdb_destination,
    &postgres_destination,
    &sqlite_destination,
};

#define DESTINATION_COUNT (sizeof(destinations) / sizeof(*destinations))

const struct destination_ops *destination_at(size_t index)
{
    return index < DESTINATION_COUNT ? destinations[index] : NULL;
}

const struct destination_ops *destination_by_scheme(const char *scheme)
{
    for (size_t i = 0; i < DESTINATION_COUNT; i++)
        if (!strcmp(destinations[i]->scheme, scheme))
            return destinations[i];
    return NULL;
}

enum spile_status destination_check_type(const struct destination_ops *ops, const struct column_type *type, struct spile_error *err)
{
    int digits = column_type_precision(type), most = ops->caps.decimal_digits_max;

    if ((type->type != TYPE_DECIMAL && type->type != TYPE_WEI) || digits <= most)
        return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "%s(%d,%d) has more digits than %s can hold", data_type_name(type->type), digits,
               column_type_scale(type), ops->scheme);
    return spile_hint(err, SPILE_CONFIG, "use %d digits at most, or text", most);
}

/* Which of them it has, in words. */
static void put_merges(struct text *words, unsigned merges)
{
    for (enum merge_strategy strategy = MERGE_DELETE_INSERT; strategy <= MERGE_CDC; strategy++)
        if (merges & 1u << strategy)
            text_printf(words, "%s%s", words->length ? ", " : "", merge_strategy_name(strategy));
}

enum spile_status destination_check_write(const struct destination_ops *ops, const struct table_write *write, struct spile_error *err)
{
    enum merge_strategy strategy = write->strategy ? write->strategy : MERGE_DELETE_INSERT;
    struct text has = { 0 };

    if (write->disposition != WRITE_MERGE || (ops->caps.merges & 1u << strategy))
        return SPILE_OK;
    put_merges(&has, ops->caps.merges);
    spile_fail(err, SPILE_CONFIG, "%s can't merge with the strategy %s", ops->scheme, merge_strategy_name(strategy));
    spile_hint(err, SPILE_CONFIG, "it has: %s", has.length ? has.text : "append and replace only");
    text_release(&has);
    return SPILE_CONFIG;
}

/* What follows "scheme:": a path, or with "//" a host (which must be empty here) and a path. As in database URLs three slashes begin a
 * path relative to the current folder and four an absolute one. */
static enum spile_status path_of_url(const char *whole, const char *rest, const struct destination_ops *ops, const char **path, struct spile_error *err)
{
    *path = strncmp(rest, "///", 3) ? rest : rest + 3;
    if (strncmp(*path, "//", 2))
        return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "destination \"%s\" names a host", whole);
    return spile_hint(err, SPILE_CONFIG, "write %s:PATH, or %s:///PATH", ops->scheme, ops->scheme);
}

static const struct destination_ops *by_extension(const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < DESTINATION_COUNT; i++)
        for (const char *const *extension = destinations[i]->extensions; *extension; extension++) {
            size_t suffix = strlen(*extension);

            if (length > suffix && !strcmp(text + length - suffix, *extension))
                return destinations[i];
        }
    return NULL;
}

/* Of a URI only the scheme is shown: the rest may have a password. */
static enum spile_status fail_unknown(const char *text, struct spile_error *err)
{
    const char *uri = strstr(text, "://");
    char extract[SHORTEN_BYTES];
    struct text known = { 0 };

    for (size_t i = 0; i < DESTINATION_COUNT; i++)
        text_printf(&known, "%s%s: %s", i ? "; " : "", destinations[i]->scheme, destinations[i]->summary);
    spile_fail(err, SPILE_CONFIG, "unknown destination \"%s%s\"", shorten(extract, text, uri ? (size_t)(uri - text) : strlen(text)), uri ? "://..." : "");
    spile_hint(err, SPILE_CONFIG, "known destinations: %s", known.text ? known.text : "");
    text_release(&known);
    return SPILE_CONFIG;
}

/* "postgresql+psycopg2" is how SQLAlchemy writes it. */
static const struct destination_ops *by_any_scheme(const char *scheme)
{
    size_t length = strcspn(scheme, "+");

    for (size_t i = 0; i < DESTINATION_COUNT; i++)
        for (const char *const *other = destinations[i]->schemes; other && *other; other++)
            if (strlen(*other) == length && !strncmp(*other, scheme, length))
                return destinations[i];
    return destination_by_scheme(scheme);
}

enum spile_status destination_find(const struct destination_ops **ops, const char *text, struct arena *arena, const char **location,
                                   const char **shown, struct spile_error *err)
{
    const char *colon = strchr(text, ':'), *rest = colon ? colon + 1 : "";
    char *scheme = arena_copy(arena, text, colon ? (size_t)(colon - text) : strlen(text));
    enum spile_status status = SPILE_OK;

    if (!scheme)
        return spile_fail_nomem(err);
    *ops = by_any_scheme(scheme);
    if (!*ops && (*ops = by_extension(text)))
        rest = text;
    if (!*ops)
        return fail_unknown(text, err);
    if ((*ops)->configure)
        return (*ops)->configure(text, rest, arena, location, shown, err);
    if (rest != text)
        status = path_of_url(text, rest, *ops, &rest, err);
    *location = *shown = arena_copy(arena, rest, strlen(rest));
    return status || *location ? status : spile_fail_nomem(err);
}

enum spile_status destination_next_batch(struct ArrowArrayStream *stream, struct ArrowArray *batch, struct spile_error *err)
{
    const char *reason;

    *batch = (struct ArrowArray){ 0 };
    if (!stream->get_next(stream, batch))
        return SPILE_OK;
    reason = stream->get_last_error(stream);
    return spile_fail(err, SPILE_FAILED, "the rows can't be read: %s", reason ? reason : "unknown error");
}

enum spile_status statements_add(struct statements *statements, const char *text, struct arena *arena, struct spile_error *err)
{
    if (statements->count == statements->capacity) {
        size_t capacity = statements->capacity ? statements->capacity * 2 : 8;
        const char **texts = arena_alloc(arena, capacity * sizeof(*texts));

        if (!texts)
            return spile_fail_nomem(err);
        if (statements->count)
            memcpy(texts, statements->texts, statements->count * sizeof(*texts));
        statements->texts = texts;
        statements->capacity = capacity;
    }
    if (!text)
        return spile_fail_nomem(err);
    statements->texts[statements->count++] = text;
    return SPILE_OK;
}
