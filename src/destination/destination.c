#include "destination/destination.h"

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
