#include "schema/contract.h"

#include <string.h>

#include "base/nearest.h"
#include "data/json_text.h"

const char *const contract_modes[] = {
    [CONTRACT_EVOLVE] = "evolve",
    [CONTRACT_FREEZE] = "freeze",
    [CONTRACT_DISCARD_ROW] = "discard_row",
    [CONTRACT_DISCARD_VALUE] = "discard_value",
    NULL,
};

const char *const contract_entities[] = {
    [CONTRACT_TABLES] = "tables",
    [CONTRACT_COLUMNS] = "columns",
    [CONTRACT_DATA_TYPE] = "data_type",
    NULL,
};

const char *contract_mode_name(enum contract_mode mode)
{
    return contract_modes[mode];
}

const char *contract_entity_name(enum contract_entity entity)
{
    return contract_entities[entity];
}

/* ---- as stored ------------------------------------------------------------------------------------------------------------------ */

static enum spile_status fail_word(const char *what, yyjson_mut_val *word, const char *const *known, const char *set_by,
                                   struct spile_error *err)
{
    char extract[SHORTEN_BYTES];
    struct slice text = json_text_of(word);
    const char *nearest = nearest_of(text, known);

    spile_fail(err, SPILE_CONFIG, "schema contract of %s: unknown %s \"%s\"", set_by, what, shorten(extract, text.text, text.length));
    return spile_hint(err, SPILE_CONFIG,
                      "%s%s%scontracts are evolve, freeze, discard_row and discard_value, for tables, columns and data_type",
                      nearest ? "did you mean \"" : "", nearest ? nearest : "", nearest ? "\"? " : "");
}

static enum spile_status read_mode(enum contract_mode *mode, yyjson_mut_val *word, const char *set_by, struct spile_error *err)
{
    if (yyjson_mut_is_null(word))
        return SPILE_OK; /* as if nothing was said */
    for (size_t i = 0; contract_modes[i]; i++)
        if (yyjson_mut_equals_str(word, contract_modes[i])) {
            *mode = (enum contract_mode)i;
            return SPILE_OK;
        }
    return fail_word("word", word, contract_modes, set_by, err);
}

/* One word for all, or an object with a word for some. */
static enum spile_status read_contract(struct contract *out, yyjson_mut_val *stored, const char *set_by, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    yyjson_mut_val *key, *word;
    size_t i, count;

    out->set_by = set_by;
    if (!yyjson_mut_is_obj(stored)) {
        for (int entity = 0; !status && entity < CONTRACT_ENTITIES; entity++)
            status = read_mode(&out->modes[entity], stored, set_by, err);
        return status;
    }
    yyjson_mut_obj_foreach(stored, i, count, key, word)
    {
        int entity = 0;

        if (!strncmp(yyjson_mut_get_str(key), "x-", 2))
            continue; /* another program's */
        while (entity < CONTRACT_ENTITIES && !yyjson_mut_equals_str(key, contract_entities[entity]))
            entity++;
        if (entity == CONTRACT_ENTITIES)
            return fail_word("entity", key, contract_entities, set_by, err);
        status = read_mode(&out->modes[entity], word, set_by, err);
        if (status)
            return status;
    }
    return SPILE_OK;
}

enum spile_status contract_of(struct contract *out, const struct schema *schema, const struct table *table, struct spile_error *err)
{
    yyjson_mut_val *stored = yyjson_mut_obj_get(yyjson_mut_obj_get(schema->root, "settings"), "schema_contract");

    *out = (struct contract){ .set_by = "" };
    for (; table; table = table->parent) {
        yyjson_mut_val *own = yyjson_mut_obj_get(table->json, "schema_contract");

        if (own && !yyjson_mut_is_null(own))
            return read_contract(out, own, table->name, err);
    }
    return stored ? read_contract(out, stored, "the schema", err) : SPILE_OK;
}

/* ---- as given ------------------------------------------------------------------------------------------------------------------- */

/* The first of the public words says nothing; the others are ours, in our order. */
_Static_assert(SPILE_EVOLVE - 1 == (int)CONTRACT_EVOLVE && SPILE_DISCARD_VALUE - 1 == (int)CONTRACT_DISCARD_VALUE, "one order");

bool contract_is_given(const struct spile_contract *given)
{
    return given->all || given->tables || given->columns || given->data_type;
}

/* In the form in which dlt stores it: a word, or an object of those said. */
static yyjson_mut_val *stored_form(yyjson_mut_doc *doc, const struct spile_contract *given)
{
    const enum spile_contract_mode words[] = { given->tables, given->columns, given->data_type };
    yyjson_mut_val *object;

    if (given->all && !given->tables && !given->columns && !given->data_type)
        return yyjson_mut_str(doc, contract_modes[given->all - 1]);
    object = yyjson_mut_obj(doc);
    for (int entity = 0; entity < CONTRACT_ENTITIES; entity++) {
        enum spile_contract_mode word = words[entity] ? words[entity] : given->all;

        if (word && !yyjson_mut_obj_add_str(doc, object, contract_entities[entity], contract_modes[word - 1]))
            return NULL;
    }
    return object;
}

static enum spile_status check_words(const struct spile_contract *given, struct spile_error *err)
{
    const enum spile_contract_mode words[] = { given->all, given->tables, given->columns, given->data_type };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if ((unsigned)words[i] > SPILE_DISCARD_VALUE)
            return spile_fail(err, SPILE_USAGE, "%d is no mode of a contract", (int)words[i]);
    return SPILE_OK;
}

static enum spile_status put(struct schema *schema, yyjson_mut_val *object, const struct spile_contract *given, struct spile_error *err)
{
    enum spile_status status = check_words(given, err);
    yyjson_mut_val *form = status ? NULL : stored_form(schema->doc, given);

    if (status)
        return status;
    schema->version++;
    return form && object && json_put(object, yyjson_mut_str(schema->doc, "schema_contract"), form) ? SPILE_OK : spile_fail_nomem(err);
}

enum spile_status contract_set_schema(struct schema *schema, const struct spile_contract *given, struct spile_error *err)
{
    yyjson_mut_val *settings = yyjson_mut_obj_get(schema->root, "settings");

    if (!settings)
        settings = yyjson_mut_obj_add_obj(schema->doc, schema->root, "settings");
    return put(schema, settings, given, err);
}

enum spile_status contract_set_table(struct schema *schema, struct table *table, const struct spile_contract *given, struct spile_error *err)
{
    return put(schema, table->json, given, err);
}
