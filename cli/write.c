#include "write.h"

#include <string.h>

#include "report.h"

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

const char *const write_words[] = { [SPILE_APPEND] = "append", [SPILE_REPLACE] = "replace", [SPILE_MERGE] = "merge", NULL };

/* From SPILE_DELETE_INSERT on. */
const char *const strategy_words[] = { "delete-insert", "upsert", "insert-only", "scd2", "cdc", NULL };

const char *const merge_words[] = { "source_filter", "destination_scope", "row_version", "valid_from", "valid_to", "active_record_timestamp",
                                    "boundary_timestamp", "deduplicated", "skip_unchanged_rows", NULL };

static bool write_set(struct write_options *options, const char *word)
{
    int found = option_word(write_words, word);

    if (found >= 0)
        options->write = (enum spile_write)found;
    return found >= 0;
}

static bool strategy_set(struct write_options *options, const char *word)
{
    int found = option_word(strategy_words, word);

    if (found >= 0)
        options->merge.strategy = (enum spile_merge_strategy)(SPILE_DELETE_INSERT + found);
    return found >= 0;
}

/* ---- options --------------------------------------------------------------------------------------------------------------- */

bool write_parse(const struct option_row *row, const char *value, void *field)
{
    struct write_options *options = field;

    (void)row;
    options->json = *value == '{' ? value : NULL;
    return options->json || write_set(options, value);
}

bool strategy_parse(const struct option_row *row, const char *value, void *field)
{
    struct write_options *options = field;

    (void)row;
    options->has_merge = true;
    return strategy_set(options, value);
}

/* The field of a text, by its key. */
static const char **text_field(struct spile_merge *merge, const char *key, size_t length)
{
    const struct {
        const char *key;
        const char **field;
    } fields[] = {
        { "source_filter", &merge->source_filter }, { "destination_scope", &merge->destination_scope },
        { "row_version", &merge->row_version },     { "row_version_column_name", &merge->row_version },
        { "valid_from", &merge->valid_from },       { "valid_to", &merge->valid_to },
        { "active_record_timestamp", &merge->active_record_timestamp }, { "boundary_timestamp", &merge->boundary_timestamp },
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        if (strlen(fields[i].key) == length && memcmp(fields[i].key, key, length) == 0)
            return fields[i].field;
    return NULL;
}

static bool *flag_field(struct spile_merge *merge, const char *key, size_t length)
{
    if (length == strlen("deduplicated") && memcmp(key, "deduplicated", length) == 0)
        return &merge->deduplicated;
    return length == strlen("skip_unchanged_rows") && memcmp(key, "skip_unchanged_rows", length) == 0 ? &merge->skip_unchanged_rows : NULL;
}

bool merge_parse(const struct option_row *row, const char *value, void *field)
{
    struct write_options *options = field;
    size_t length = strcspn(value, "=");
    const char **text = text_field(&options->merge, value, length);
    bool *flag = flag_field(&options->merge, value, length);

    (void)row;
    options->has_merge = true;
    if (text && value[length] == '=')
        *text = value + length + 1;
    else if (flag)
        *flag = !value[length] || strcmp(value + length, "=true") == 0;
    return (text && value[length]) || (flag && (*flag || strcmp(value + length, "=false") == 0));
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------ */

static enum spile_status fail_json(const struct write_options *options, const char *what, const char *remedy, struct spile_error *err)
{
    fail(err, SPILE_USAGE, "--write %s: %s", options->json, what);
    return hint(err, SPILE_USAGE, "%s", remedy);
}

/* A text, or null: of boundary_timestamp the end of what was said earlier, as in dlt. */
static bool take_text(struct write_options *options, const char *key, const char **field)
{
    enum spile_kind kind = spile_item_kind(options->item, key);

    if (kind == SPILE_TEXT)
        *field = spile_item_text(options->item, key, NULL);
    else if (kind == SPILE_NULL && field == &options->merge.boundary_timestamp)
        *field = "";
    return kind == SPILE_TEXT || kind == SPILE_NULL || kind == SPILE_ABSENT;
}

static bool take_flag(const struct write_options *options, const char *key, bool *field)
{
    enum spile_kind kind = spile_item_kind(options->item, key);

    *field = spile_item_bool(options->item, key, false);
    return kind == SPILE_BOOL || kind == SPILE_NULL || kind == SPILE_ABSENT;
}

static bool take_names(struct write_options *options)
{
    enum spile_kind kind = spile_item_kind(options->item, "validity_column_names");

    options->merge.valid_from = spile_item_text(options->item, "validity_column_names[0]", NULL);
    options->merge.valid_to = spile_item_text(options->item, "validity_column_names[1]", NULL);
    if (kind == SPILE_ABSENT || kind == SPILE_NULL)
        return true;
    return kind == SPILE_LIST && spile_item_count(options->item, "validity_column_names") == 2 && options->merge.valid_from && options->merge.valid_to;
}

static const char *const text_keys[] = { "source_filter", "destination_scope", "row_version_column_name", "active_record_timestamp", "boundary_timestamp" };
static const char *const flag_keys[] = { "deduplicated", "skip_unchanged_rows" };

static enum spile_status take_words(struct write_options *options, struct spile_error *err)
{
    const char *disposition = spile_item_text(options->item, "disposition", NULL), *strategy = spile_item_text(options->item, "strategy", NULL);

    if (!disposition || !write_set(options, disposition))
        return fail_json(options, "\"disposition\" must be append, replace or merge", "for example: {\"disposition\":\"merge\",\"strategy\":\"upsert\"}", err);
    if (spile_item_kind(options->item, "strategy") != SPILE_ABSENT && (!strategy || !strategy_set(options, strategy)))
        return fail_json(options, "\"strategy\" must be " STRATEGY_ALLOWED, "leave it out for what the dataset's schema says, else delete-insert", err);
    return SPILE_OK;
}

static enum spile_status take_values(struct write_options *options, struct spile_error *err)
{
    bool ok = take_names(options);

    if (!ok)
        return fail_json(options, "\"validity_column_names\" must be a list of two texts", "for example: [\"valid_from\",\"valid_to\"]", err);
    for (size_t i = 0; i < sizeof(text_keys) / sizeof(*text_keys); i++)
        ok &= take_text(options, text_keys[i], text_field(&options->merge, text_keys[i], strlen(text_keys[i])));
    for (size_t i = 0; i < sizeof(flag_keys) / sizeof(*flag_keys); i++)
        ok &= take_flag(options, flag_keys[i], flag_field(&options->merge, flag_keys[i], strlen(flag_keys[i])));
    return ok ? SPILE_OK : fail_json(options, "a value of another type than its key has", "conditions, columns and timestamps are texts, the others true or false", err);
}

/* What is left without the keys that are known. */
static enum spile_status check_keys(const struct write_options *options, struct spile_error *err)
{
    static const char *const others[] = { "disposition", "strategy", "validity_column_names" };
    struct spile_item *rest = NULL;
    enum spile_status status = spile_item_new(&rest, err);

    if (status)
        return status;
    spile_item_set_json(rest, "", options->json);
    for (size_t i = 0; i < sizeof(text_keys) / sizeof(*text_keys); i++)
        spile_item_remove(rest, text_keys[i]);
    for (size_t i = 0; i < sizeof(flag_keys) / sizeof(*flag_keys); i++)
        spile_item_remove(rest, flag_keys[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        spile_item_remove(rest, others[i]);
    if (spile_item_count(rest, "")) {
        const char *json = spile_item_json(rest, "", NULL);

        status = fail(err, SPILE_USAGE, "--write does not know %s", json ? json : "a key");
        hint(err, status, "keys are disposition, strategy, deduplicated, skip_unchanged_rows, source_filter, destination_scope, row_version_column_name, "
                          "validity_column_names, active_record_timestamp and boundary_timestamp");
    }
    spile_item_free(rest);
    return status;
}

static enum spile_status read_json(struct write_options *options, struct spile_error *err)
{
    enum spile_status status = spile_item_new(&options->item, err);

    if (status)
        return status;
    spile_item_set_json(options->item, "", options->json);
    if (!spile_item_count(options->item, ""))
        return fail_json(options, "no JSON, or an empty object", "for example: {\"disposition\":\"merge\",\"strategy\":\"upsert\"}", err);
    status = take_words(options, err);
    if (!status)
        status = take_values(options, err);
    return status ? status : check_keys(options, err);
}

/* ---- together -------------------------------------------------------------------------------------------------------------- */

enum spile_status write_settle(struct write_options *options, struct spile_error *err)
{
    if (options->json && options->has_merge) {
        fail(err, SPILE_USAGE, "--strategy and --merge do not go with --write %s", options->json);
        return hint(err, SPILE_USAGE, "say all of it in the JSON, or none");
    }
    if (options->has_merge && options->write != SPILE_MERGE) {
        fail(err, SPILE_USAGE, "--strategy and --merge are for --write merge");
        return hint(err, SPILE_USAGE, "add --write merge");
    }
    return options->json ? read_json(options, err) : SPILE_OK;
}

void write_release(struct write_options *options)
{
    spile_item_free(options->item);
    options->item = NULL;
}
