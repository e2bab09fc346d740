#include "schema/file/validate.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/nearest.h"
#include "base/text.h"
#include "data/json_text.h"
#include "schema/contract.h"
#include "schema/pattern.h"
#include "schema/value.h"

#define LEVELS_MAX 254 /* what dlt's JSON writer can write */
#define MEMBERS_MAX 32
#define ONE_OF "it must be one of "

/* ---- what a schema is made of ------------------------------------------------------------------------------------------------- */

enum kind {
    TEXT,
    BOOLEAN,
    WHOLE,    /* a whole number */
    WORD,     /* a text of `words` */
    REGEX,    /* a text: dlt's simple regex */
    LIST,     /* each entry by `entry` */
    TYPES,    /* an object: data types by simple regex */
    FREE,     /* an object with whatever is in it */
    MAP,      /* an object: under any key a value by `entry` */
    SHAPE,    /* an object with `members` */
    OPEN,     /* the same, and whatever else is in it */
    CONTRACT, /* a word, or an object with words for some entities */
    UNPACKER, /* what unpacks JSON: dlt's own has a configuration that is known */
    TABLES,
    COLUMNS
};

struct rule {
    enum kind kind;
    bool may_be_null;
    const char *word_kind;        /* "data type": what the words are, or the keys of a shape */
    const char *const *words;
    const struct rule *entry;     /* of a list or a map; of a shape: what keys must have that begin with "x-", where it matters */
    const struct member *members; /* up to one without a key */
};

struct member {
    const char *key;
    struct rule rule;
};

static const char *const write_dispositions[] = { "skip", "append", "replace", "merge", NULL };
static const char *const table_formats[] = { "iceberg", "delta", "hive", "native", NULL };
static const char *const file_formats[] = {
    "preferred", "jsonl", "typed-jsonl", "insert_values", "parquet", "csv", "reference", "model", NULL,
};
static const char *const sort_orders[] = { "asc", "desc", NULL };
static const char *const detections[] = {
    "timestamp", "iso_timestamp", "iso_date", "large_integer", "hexbytes_to_text", "wei_to_double", NULL,
};
static const char *const cardinalities[] = {
    "zero_to_one", "one_to_zero", "zero_to_many", "many_to_zero", "one_to_many", "many_to_one", "one_to_one", "many_to_many", NULL,
};

static const struct rule text = { .kind = TEXT };
static const struct rule regex = { .kind = REGEX };
static const struct rule data_type = { .kind = WORD, .word_kind = "data type", .words = data_type_names };
static const struct rule contract_mode = { .kind = WORD, .word_kind = "contract", .words = contract_modes };
static const struct rule detection = { .kind = WORD, .word_kind = "detection", .words = detections };

#define OPTIONAL(kind_) { .kind = kind_, .may_be_null = true }
#define OPTIONAL_WORD(what, known) { .kind = WORD, .may_be_null = true, .word_kind = what, .words = known }
#define OPTIONAL_LIST(rule_) { .kind = LIST, .may_be_null = true, .entry = &(rule_) }
#define LIST_OF(rule_) { .kind = LIST, .entry = &(rule_) }
#define OPTIONAL_MAP(rule_) { .kind = MAP, .may_be_null = true, .entry = &(rule_) }

static const struct rule names_by_name = OPTIONAL_MAP(text);

/* A table's hints for what unpacks JSON: those for people to set; the others are bookkeeping. */
static const struct member unpacking_members[] = {
    { "max_nesting", OPTIONAL(WHOLE) },
    { 0 },
};

static const struct member column_members[] = {
    { "name", OPTIONAL(TEXT) },
    { "data_type", OPTIONAL_WORD("data type", data_type_names) },
    { "nullable", OPTIONAL(BOOLEAN) },
    { "precision", OPTIONAL(WHOLE) },
    { "scale", OPTIONAL(WHOLE) },
    { "timezone", OPTIONAL(BOOLEAN) },
    { "description", OPTIONAL(TEXT) },
    { "partition", OPTIONAL(BOOLEAN) },
    { "cluster", OPTIONAL(BOOLEAN) },
    { "unique", OPTIONAL(BOOLEAN) },
    { "sort", OPTIONAL(BOOLEAN) },
    { "primary_key", OPTIONAL(BOOLEAN) },
    { "row_key", OPTIONAL(BOOLEAN) },
    { "parent_key", OPTIONAL(BOOLEAN) },
    { "root_key", OPTIONAL(BOOLEAN) },
    { "merge_key", OPTIONAL(BOOLEAN) },
    { "variant", OPTIONAL(BOOLEAN) },
    { "hard_delete", OPTIONAL(BOOLEAN) },
    { "dedup_sort", OPTIONAL_WORD("sort order", sort_orders) },
    { "incremental", OPTIONAL(BOOLEAN) },
    { "x-normalizer", { .kind = FREE } },
    { 0 },
};

static const struct member contract_members[] = {
    { "tables", OPTIONAL_WORD("contract", contract_modes) },
    { "columns", OPTIONAL_WORD("contract", contract_modes) },
    { "data_type", OPTIONAL_WORD("contract", contract_modes) },
    { 0 },
};
static const struct rule contract_by_entity = { .kind = SHAPE, .word_kind = "contract entity", .members = contract_members };

static const struct member filter_members[] = {
    { "excludes", OPTIONAL_LIST(regex) },
    { "includes", OPTIONAL_LIST(regex) },
    { 0 },
};

static const struct member reference_members[] = {
    { "label", OPTIONAL(TEXT) },
    { "cardinality", OPTIONAL_WORD("cardinality", cardinalities) },
    { "table", OPTIONAL(TEXT) },
    { "columns", LIST_OF(text) },
    { "referenced_table", { .kind = TEXT } },
    { "referenced_columns", LIST_OF(text) },
    { 0 },
};
static const struct rule reference = { .kind = SHAPE, .members = reference_members };

static const struct member table_members[] = {
    { "name", OPTIONAL(TEXT) },
    { "description", OPTIONAL(TEXT) },
    { "schema_contract", OPTIONAL(CONTRACT) },
    { "table_sealed", OPTIONAL(BOOLEAN) },
    { "parent", OPTIONAL(TEXT) },
    { "filters", { .kind = SHAPE, .may_be_null = true, .members = filter_members } },
    { "columns", { .kind = COLUMNS } },
    { "resource", OPTIONAL(TEXT) },
    { "table_format", OPTIONAL_WORD("table format", table_formats) },
    { "file_format", OPTIONAL_WORD("file format", file_formats) },
    { "variant_name", { .kind = TEXT } },
    { "write_disposition", OPTIONAL_WORD("write disposition", write_dispositions) },
    { "references", OPTIONAL_LIST(reference) },
    { "x-normalizer", { .kind = OPEN, .members = unpacking_members } },
    { 0 },
};

/* Beside dlt's hints, properties of a column that are true or false may be set by default. */
static const struct member hint_members[] = {
    { "not_null", LIST_OF(regex) },
    { "nullable", LIST_OF(regex) },
    { "partition", LIST_OF(regex) },
    { "cluster", LIST_OF(regex) },
    { "primary_key", LIST_OF(regex) },
    { "sort", LIST_OF(regex) },
    { "unique", LIST_OF(regex) },
    { "merge_key", LIST_OF(regex) },
    { "row_key", LIST_OF(regex) },
    { "parent_key", LIST_OF(regex) },
    { "root_key", LIST_OF(regex) },
    { "hard_delete", LIST_OF(regex) },
    { "dedup_sort", LIST_OF(regex) },
    { "incremental", LIST_OF(regex) },
    { "variant", LIST_OF(regex) },
    { 0 },
};

static const struct rule hint_list = LIST_OF(regex);

static const struct member settings_members[] = {
    { "schema_contract", OPTIONAL(CONTRACT) },
    { "detections", OPTIONAL_LIST(detection) },
    { "default_hints", { .kind = SHAPE, .may_be_null = true, .word_kind = "hint", .entry = &hint_list, .members = hint_members } },
    { "preferred_types", OPTIONAL(TYPES) },
    { 0 },
};

static const struct member propagation_members[] = {
    { "root", OPTIONAL_MAP(text) },
    { "tables", OPTIONAL_MAP(names_by_name) },
    { 0 },
};

static const struct member config_members[] = {
    { "max_nesting", OPTIONAL(WHOLE) },
    { "propagation", { .kind = SHAPE, .may_be_null = true, .members = propagation_members } },
    { "root_key_propagation", OPTIONAL(BOOLEAN) },
    { 0 },
};

static const struct member unpacker_members[] = {
    { "module", { .kind = TEXT } },
    { "config", { .kind = SHAPE, .may_be_null = true, .members = config_members } },
    { 0 },
};
static const struct rule unpacker = { .kind = SHAPE, .members = unpacker_members };

static const struct member other_unpacker_members[] = {
    { "module", { .kind = TEXT } },
    { "config", OPTIONAL(FREE) },
    { 0 },
};
static const struct rule other_unpacker = { .kind = SHAPE, .members = other_unpacker_members };

static const struct member normalizer_members[] = {
    { "names", { .kind = TEXT } },
    { "allow_identifier_change_on_table_with_data", OPTIONAL(BOOLEAN) },
    { "use_break_path_on_normalize", OPTIONAL(BOOLEAN) },
    { "detections", OPTIONAL_LIST(text) },
    { "json", { .kind = UNPACKER } },
    { 0 },
};

static const struct member schema_members[] = {
    { "version", { .kind = WHOLE } },
    { "version_hash", { .kind = TEXT } },
    { "previous_hashes", LIST_OF(text) },
    { "imported_version_hash", OPTIONAL(TEXT) },
    { "engine_version", { .kind = WHOLE } },
    { "name", { .kind = TEXT } },
    { "description", OPTIONAL(TEXT) },
    { "settings", { .kind = SHAPE, .may_be_null = true, .members = settings_members } },
    { "tables", { .kind = TABLES } },
    { "normalizers", { .kind = SHAPE, .members = normalizer_members } },
    { 0 },
};

_Static_assert(sizeof(column_members) / sizeof(*column_members) <= MEMBERS_MAX && MEMBERS_MAX < 64, "the largest; seen keys are bits");

/* ---- helpers -------------------------------------------------------------------------------------------------------------------- */

static const char *shorten_text(char buffer[SHORTEN_BYTES], yyjson_mut_val *value)
{
    return shorten(buffer, json_text_of(value).text, json_text_of(value).length);
}

static bool is_others(yyjson_mut_val *key)
{
    return !strncmp(yyjson_mut_get_str(key), "x-", 2);
}

static bool in_range(yyjson_mut_val *number, int least, int most)
{
    if (yyjson_mut_is_uint(number))
        return yyjson_mut_get_uint(number) <= (uint64_t)most && (int)yyjson_mut_get_uint(number) >= least;
    return yyjson_mut_get_sint(number) >= least && yyjson_mut_get_sint(number) <= most;
}

/* The hint for an unknown word: the nearest one and, since it may not have been meant, all. */
static enum spile_status hint_words(const char *lead, struct slice typed, const char *const *words, struct spile_error *err)
{
    const char *nearest = nearest_of(typed, words);
    struct text all = { 0 };

    for (size_t i = 0; words[i]; i++)
        text_printf(&all, "%s%s", i ? ", " : "", words[i]);
    if (!all.failed)
        spile_hint(err, SPILE_CONFIG, "%s%s%s%s%s", nearest ? "did you mean \"" : "", nearest ? nearest : "", nearest ? "\"? " : "", lead,
                   all.text);
    text_release(&all);
    return SPILE_CONFIG;
}

static enum spile_status fail_twice(const char *what, yyjson_mut_val *key, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    spile_fail(err, SPILE_CONFIG, "%s \"%s\" is there twice", what, shorten_text(extract, key));
    return spile_hint(err, SPILE_CONFIG, "leave out one of the two");
}

/* ---- single values -------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *must_be, *hint;
} expectations[] = {
    [TEXT] = { "a text", "write it in quotes" },
    [BOOLEAN] = { "true or false", "write it without quotes" },
    [WHOLE] = { "a whole number", "write digits, without quotes" },
    [WORD] = { "a text", NULL }, /* the words say more */
    [REGEX] = { "a text", "write it in quotes" },
    [LIST] = { "a list", "write it in square brackets, even a single entry" },
    [TYPES] = { "an object", "write a data type for each expression" },
    [FREE] = { "an object", "write keys and values in braces" },
    [MAP] = { "an object", "write keys and values in braces" },
    [SHAPE] = { "an object", "write keys and values in braces" },
    [OPEN] = { "an object", "write keys and values in braces" },
    [CONTRACT] = { "a word or an object", "one contract for all, or contracts for some of tables, columns and data_type" },
    [UNPACKER] = { "an object", "write keys and values in braces" },
    [TABLES] = { "an object", "write each table under its name" },
    [COLUMNS] = { "an object", "write each column under its name; of a table without columns, {}" },
};

static bool has_type(yyjson_mut_val *value, enum kind kind)
{
    switch (kind) {
    case TEXT:
    case WORD:
    case REGEX:
        return yyjson_mut_is_str(value);
    case BOOLEAN:
        return yyjson_mut_is_bool(value);
    case WHOLE:
        return yyjson_mut_is_int(value);
    case LIST:
        return yyjson_mut_is_arr(value);
    case CONTRACT:
        return yyjson_mut_is_str(value) || yyjson_mut_is_obj(value);
    case TYPES:
    case FREE:
    case MAP:
    case SHAPE:
    case OPEN:
    case UNPACKER:
    case TABLES:
    case COLUMNS:
        break;
    }
    return yyjson_mut_is_obj(value);
}

/* `subject`: what the value is, as a message begins. */
static enum spile_status fail_type(const char *subject, yyjson_mut_val *value, const struct rule *rule, struct spile_error *err)
{
    char shown[VALUE_BYTES];

    spile_fail(err, SPILE_CONFIG, "%s must be %s, not %s", subject, expectations[rule->kind].must_be, value_show(shown, value));
    if (yyjson_mut_is_null(value))
        return spile_hint(err, SPILE_CONFIG, "leave it out, or give it a value");
    if (rule->kind == WORD)
        return hint_words(ONE_OF, slice_of(""), rule->words, err);
    return spile_hint(err, SPILE_CONFIG, "%s", expectations[rule->kind].hint);
}

static enum spile_status check_word(yyjson_mut_val *value, const struct rule *rule, struct spile_error *err)
{
    char extract[SHORTEN_BYTES];

    for (size_t i = 0; rule->words[i]; i++)
        if (yyjson_mut_equals_str(value, rule->words[i]))
            return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "unknown %s \"%s\"", rule->word_kind, shorten_text(extract, value));
    return hint_words(ONE_OF, json_text_of(value), rule->words, err);
}

/* ---- values with others in them ------------------------------------------------------------------------------------------------- */

static enum spile_status check_value(const char *subject, yyjson_mut_val *value, const struct rule *rule, struct spile_error *err);
static enum spile_status check_tables(yyjson_mut_val *tables, struct spile_error *err);
static enum spile_status check_columns(yyjson_mut_val *columns, struct spile_error *err);

static enum spile_status check_list(yyjson_mut_val *list, const struct rule *rule, struct spile_error *err)
{
    yyjson_mut_val *entry;
    size_t i, count;

    yyjson_mut_arr_foreach(list, i, count, entry)
    {
        char subject[40];
        enum spile_status status;

        snprintf(subject, sizeof(subject), "entry %zu", i + 1);
        status = check_value(subject, entry, rule, err);
        if (status)
            return rule->kind == SHAPE && yyjson_mut_is_obj(entry) ? spile_within(err, status, "%s", subject) : status;
    }
    return SPILE_OK;
}

static enum spile_status check_types(yyjson_mut_val *types, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *key, *type;
    size_t i, count;

    yyjson_mut_obj_foreach(types, i, count, key, type)
    {
        char extract[SHORTEN_BYTES], subject[SHORTEN_BYTES + 2];

        snprintf(subject, sizeof(subject), "\"%s\"", shorten_text(extract, key));
        status = pattern_check(json_text_of(key), true, err);
        if (!status)
            status = check_value(subject, type, &data_type, err);
        if (status)
            return status;
    }
    return SPILE_OK;
}

static enum spile_status fail_key(yyjson_mut_val *key, const struct rule *shape, struct spile_error *err)
{
    const char *known[MEMBERS_MAX + 1], *kind = shape->word_kind ? shape->word_kind : "key";
    char extract[SHORTEN_BYTES];
    size_t count = 0;

    for (const struct member *member = shape->members; member->key && count < MEMBERS_MAX; member++)
        if (strncmp(member->key, "x-", 2) != 0)
            known[count++] = member->key;
    known[count] = NULL;
    spile_fail(err, SPILE_CONFIG, "unknown %s \"%s\"", kind, shorten_text(extract, key));
    hint_words("known are ", json_text_of(key), known, err);
    return spile_hint_also(err, SPILE_CONFIG, "keys for other programs begin with \"x-\"");
}

/* Under a key that is not known beforehand. */
static enum spile_status check_entry(yyjson_mut_val *key, yyjson_mut_val *value, const struct rule *rule, struct spile_error *err)
{
    char extract[SHORTEN_BYTES], subject[SHORTEN_BYTES + 2];
    enum spile_status status = SPILE_OK;

    if (rule) {
        snprintf(subject, sizeof(subject), "\"%s\"", shorten_text(extract, key));
        status = check_value(subject, value, rule, err);
    }
    return status && has_type(value, rule->kind) ? spile_within(err, status, "%s", extract) : status;
}

static enum spile_status check_map(yyjson_mut_val *map, const struct rule *rule, struct spile_error *err)
{
    yyjson_mut_val *key, *value;
    size_t i, count;

    yyjson_mut_obj_foreach(map, i, count, key, value)
    {
        enum spile_status status = check_entry(key, value, rule->entry, err);

        if (status)
            return status;
    }
    return SPILE_OK;
}

/* Does dlt's own module unpack JSON, as when none is named? */
static bool is_dlts(yyjson_mut_val *settings)
{
    static const char dlts[] = "dlt.common.normalizers.json.relational";
    struct slice module = json_text_of(yyjson_mut_obj_get(settings, "module"));

    return !module.length || slice_equal(module, slice_of(dlts));
}

/* What is in an object or a list is said to be within it; tables and columns say so themselves. */
static enum spile_status check_member(yyjson_mut_val *value, const struct member *member, struct spile_error *err)
{
    char subject[64];
    enum spile_status status;

    snprintf(subject, sizeof(subject), "\"%s\"", member->key);
    status = check_value(subject, value, &member->rule, err);
    if (!status || !yyjson_mut_is_ctn(value) || !has_type(value, member->rule.kind) || member->rule.kind == TABLES ||
        member->rule.kind == COLUMNS)
        return status;
    return spile_within(err, status, "%s", member->key);
}

static enum spile_status check_shape(yyjson_mut_val *object, const struct rule *shape, struct spile_error *err)
{
    yyjson_mut_val *key, *value;
    uint64_t seen = 0;
    size_t i, count;

    yyjson_mut_obj_foreach(object, i, count, key, value)
    {
        const struct member *member = shape->members;
        enum spile_status status;

        while (member->key && !yyjson_mut_equals_str(key, member->key))
            member++;
        if (!member->key && !is_others(key) && shape->kind != OPEN)
            return fail_key(key, shape, err);
        if (member->key && (seen >> (member - shape->members) & 1))
            return fail_twice("key", key, err);
        seen |= member->key ? UINT64_C(1) << (member - shape->members) : 0;
        status = member->key ? check_member(value, member, err) : check_entry(key, value, shape->entry, err);
        if (status)
            return status;
    }
    return SPILE_OK;
}

static enum spile_status check_value(const char *subject, yyjson_mut_val *value, const struct rule *rule, struct spile_error *err)
{
    if (yyjson_mut_is_null(value) && rule->may_be_null)
        return SPILE_OK;
    if (!has_type(value, rule->kind))
        return fail_type(subject, value, rule, err);
    switch (rule->kind) {
    case WORD:
        return check_word(value, rule, err);
    case REGEX:
        return pattern_check(json_text_of(value), false, err);
    case LIST:
        return check_list(value, rule->entry, err);
    case TYPES:
        return check_types(value, err);
    case MAP:
        return check_map(value, rule, err);
    case SHAPE:
    case OPEN:
        return check_shape(value, rule, err);
    case UNPACKER:
        return check_shape(value, is_dlts(value) ? &unpacker : &other_unpacker, err);
    case CONTRACT:
        return yyjson_mut_is_str(value) ? check_word(value, &contract_mode, err) : check_shape(value, &contract_by_entity, err);
    case TABLES:
        return check_tables(value, err);
    case COLUMNS:
        return check_columns(value, err);
    case TEXT:
    case BOOLEAN:
    case WHOLE:
    case FREE:
        break;
    }
    return SPILE_OK;
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

#define NO_LENGTH "it must not be negative, nor beyond 32 bits"

static const struct {
    enum data_type type;
    int least, most;
    const char *hint;
} precisions[] = {
    { TYPE_DECIMAL, 1, 76, "a decimal has 1 to 76 digits" },
    { TYPE_TIMESTAMP, 0, 9, "a timestamp has 0 to 9 digits of a second" },
    { TYPE_BIGINT, 8, 128, "a bigint has 8, 16, 32, 64 or 128 bits" },
    { TYPE_UNKNOWN, 0, INT_MAX, NO_LENGTH }, /* all others */
};

static enum spile_status check_precision(yyjson_mut_val *precision, enum data_type type, struct spile_error *err)
{
    size_t row = 0;
    char shown[VALUE_BYTES];

    if (!yyjson_mut_is_int(precision))
        return SPILE_OK;
    while (precisions[row].type != type && precisions[row].type != TYPE_UNKNOWN)
        row++;
    if (in_range(precision, precisions[row].least, precisions[row].most)) {
        int bits = yyjson_mut_get_int(precision);

        if (type != TYPE_BIGINT || !(bits & (bits - 1))) /* a power of two */
            return SPILE_OK;
    }
    spile_fail(err, SPILE_CONFIG, "precision %s is out of range", value_show(shown, precision));
    return spile_hint(err, SPILE_CONFIG, "%s", precisions[row].hint);
}

static enum spile_status check_scale(yyjson_mut_val *scale, yyjson_mut_val *precision, enum data_type type, struct spile_error *err)
{
    int most = type != TYPE_DECIMAL ? INT_MAX : yyjson_mut_is_int(precision) ? yyjson_mut_get_int(precision) : precisions[0].most;
    char shown[VALUE_BYTES];

    if (!yyjson_mut_is_int(scale) || in_range(scale, 0, most))
        return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "scale %s is out of range", value_show(shown, scale));
    return type == TYPE_DECIMAL ? spile_hint(err, SPILE_CONFIG, "a decimal's scale is from 0 to its precision, here %d", most)
                                : spile_hint(err, SPILE_CONFIG, "%s", NO_LENGTH);
}

/* The key is the name; one written beside it must be the same. */
static enum spile_status check_own_name(yyjson_mut_val *key, yyjson_mut_val *object, struct spile_error *err)
{
    yyjson_mut_val *name = yyjson_mut_obj_get(object, "name");
    char extract[SHORTEN_BYTES];

    if (memchr(json_text_of(key).text, '\0', json_text_of(key).length)) {
        spile_fail(err, SPILE_CONFIG, "a name cannot have a zero byte in it");
        return spile_hint(err, SPILE_CONFIG, "choose another name");
    }
    if (!yyjson_mut_is_str(name) || slice_equal(json_text_of(name), json_text_of(key)))
        return SPILE_OK;
    spile_fail(err, SPILE_CONFIG, "the name \"%s\" is not that of its key", shorten_text(extract, name));
    return spile_hint(err, SPILE_CONFIG, "leave \"name\" out: the key is the name");
}

static enum spile_status check_column(yyjson_mut_val *key, yyjson_mut_val *column, struct spile_error *err)
{
    static const struct rule rule = { .kind = SHAPE, .members = column_members };
    yyjson_mut_val *precision = yyjson_mut_obj_get(column, "precision");
    enum data_type type = data_type_of(json_text_of(yyjson_mut_obj_get(column, "data_type")));
    char extract[SHORTEN_BYTES];
    enum spile_status status = check_value("the column", column, &rule, err);

    if (!status)
        status = check_own_name(key, column, err);
    if (!status)
        status = check_precision(precision, type, err);
    if (!status)
        status = check_scale(yyjson_mut_obj_get(column, "scale"), precision, type, err);
    return spile_within(err, status, "column \"%s\"", shorten_text(extract, key));
}

static enum spile_status check_columns(yyjson_mut_val *columns, struct spile_error *err)
{
    struct name_map *names = name_map_new(false);
    enum spile_status status = names ? SPILE_OK : spile_fail_nomem(err);
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(columns);
    yyjson_mut_val *key;

    while (!status && (key = yyjson_mut_obj_iter_next(&iter))) {
        struct slice name = json_text_of(key);

        if (name_map_find(names, name.text, name.length))
            status = fail_twice("column", key, err);
        else if (!name_map_put(names, name.text, name.length, key))
            status = spile_fail_nomem(err);
        else
            status = check_column(key, yyjson_mut_obj_iter_get_val(key), err);
    }
    name_map_free(names);
    return status;
}

/* ---- tables and their parents --------------------------------------------------------------------------------------------------- */

struct node {
    yyjson_mut_val *key, *table;
    struct node *parent;
    size_t walk; /* number of the walk that came by; 0: none */
};

/* All tables, in a list and by name. */
struct nodes {
    struct node *list;
    size_t count;
    struct name_map *by_name;
};

static enum spile_status check_table(yyjson_mut_val *key, yyjson_mut_val *table, struct spile_error *err)
{
    static const struct rule rule = { .kind = SHAPE, .members = table_members };
    char extract[SHORTEN_BYTES];
    enum spile_status status = check_value("the table", table, &rule, err);

    if (!status)
        status = check_own_name(key, table, err);
    return spile_within(err, status, "table \"%s\"", shorten_text(extract, key));
}

static enum spile_status add_node(struct nodes *nodes, yyjson_mut_val *key, yyjson_mut_val *table, struct spile_error *err)
{
    struct slice name = json_text_of(key);
    struct node *node = &nodes->list[nodes->count];

    if (name_map_find(nodes->by_name, name.text, name.length))
        return fail_twice("table", key, err);
    *node = (struct node){ .key = key, .table = table };
    nodes->count++;
    return name_map_put(nodes->by_name, name.text, name.length, node) ? SPILE_OK : spile_fail_nomem(err);
}

static enum spile_status fail_parent(const struct nodes *nodes, yyjson_mut_val *parent, struct spile_error *err)
{
    const char **names = calloc(nodes->count + 1, sizeof(*names)), *nearest;
    char extract[SHORTEN_BYTES];

    if (!names)
        return spile_fail_nomem(err);
    for (size_t i = 0; i < nodes->count; i++)
        names[i] = yyjson_mut_get_str(nodes->list[i].key);
    nearest = nearest_of(json_text_of(parent), names);
    spile_fail(err, SPILE_CONFIG, "the parent \"%s\" is not there", shorten_text(extract, parent));
    if (nearest)
        spile_hint(err, SPILE_CONFIG, "did you mean \"%s\"?", nearest);
    free(names);
    return spile_hint(err, SPILE_CONFIG, "add that table, or leave \"parent\" out");
}

static enum spile_status find_parents(struct nodes *nodes, struct spile_error *err)
{
    for (size_t i = 0; i < nodes->count; i++) {
        struct node *node = &nodes->list[i];
        yyjson_mut_val *parent = yyjson_mut_obj_get(node->table, "parent");
        struct slice name = json_text_of(parent);
        char extract[SHORTEN_BYTES];

        if (!name.length)
            continue;
        node->parent = name_map_find(nodes->by_name, name.text, name.length);
        if (!node->parent)
            return spile_within(err, fail_parent(nodes, parent, err), "table \"%s\"", shorten_text(extract, node->key));
    }
    return SPILE_OK;
}

static enum spile_status fail_circle(const struct node *node, struct spile_error *err)
{
    char extract[SHORTEN_BYTES], other[SHORTEN_BYTES];

    if (node->parent == node)
        spile_fail(err, SPILE_CONFIG, "the table is its own parent");
    else
        spile_fail(err, SPILE_CONFIG, "the parents lead back to the table: its parent is \"%s\", whose parent is \"%s\"%s",
                   shorten_text(extract, node->parent->key), shorten_text(other, node->parent->parent->key),
                   node->parent->parent == node ? "" : ", and so on");
    spile_within(err, SPILE_CONFIG, "table \"%s\"", shorten_text(extract, node->key));
    return spile_hint(err, SPILE_CONFIG, "leave \"parent\" out of the table that is not nested");
}

/* Each walk goes up until a table that was passed before; if it was in this walk, the way is a circle. Every table is passed once. */
static enum spile_status check_circles(struct nodes *nodes, struct spile_error *err)
{
    for (size_t i = 0; i < nodes->count; i++) {
        struct node *node = &nodes->list[i];

        for (; node && !node->walk; node = node->parent)
            node->walk = i + 1;
        if (node && node->walk == i + 1)
            return fail_circle(node, err);
    }
    return SPILE_OK;
}

static enum spile_status check_tables(yyjson_mut_val *tables, struct spile_error *err)
{
    struct nodes nodes = { calloc(yyjson_mut_obj_size(tables) + 1, sizeof(*nodes.list)), 0, name_map_new(false) };
    enum spile_status status = nodes.list && nodes.by_name ? SPILE_OK : spile_fail_nomem(err);
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(tables);
    yyjson_mut_val *key;

    while (!status && (key = yyjson_mut_obj_iter_next(&iter))) {
        status = add_node(&nodes, key, yyjson_mut_obj_iter_get_val(key), err);
        if (!status)
            status = check_table(key, yyjson_mut_obj_iter_get_val(key), err);
    }
    if (!status)
        status = find_parents(&nodes, err);
    if (!status)
        status = check_circles(&nodes, err);
    name_map_free(nodes.by_name);
    free(nodes.list);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------ */

/* Recursion ends where it would be too deep. */
static bool is_too_deep(yyjson_mut_val *value, int levels)
{
    yyjson_mut_val *key, *entry;
    size_t i, count;

    if (!yyjson_mut_is_ctn(value))
        return false;
    if (!levels)
        return true;
    yyjson_mut_arr_foreach(value, i, count, entry)
        if (is_too_deep(entry, levels - 1))
            return true;
    yyjson_mut_obj_foreach(value, i, count, key, entry)
        if (is_too_deep(entry, levels - 1))
            return true;
    return false;
}

enum spile_status schema_validate(yyjson_mut_val *root, struct spile_error *err)
{
    static const struct rule rule = { .kind = SHAPE, .members = schema_members };
    yyjson_mut_val *name = yyjson_mut_obj_get(root, "name");
    enum spile_status status;

    if (is_too_deep(root, LEVELS_MAX)) {
        spile_fail(err, SPILE_CONFIG, "the schema is nested more than %d levels deep", LEVELS_MAX);
        return spile_hint(err, SPILE_CONFIG, "leave out what is nested so deep: no program that reads schemas needs it");
    }
    status = check_value("a schema", root, &rule, err);
    if (!status && name)
        status = schema_name_check(json_text_of(name), err);
    if (!status && !yyjson_mut_obj_get(root, "tables")) {
        spile_fail(err, SPILE_CONFIG, "the schema has no \"tables\"");
        status = spile_hint(err, SPILE_CONFIG, "write each table under its name; of a schema without tables, {}");
    }
    return status;
}
