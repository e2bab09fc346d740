#include "config/config.h"

#include <stdlib.h>

#include "base/text.h"

/* Adds to the name, and "__" behind it if more follows: "a.b" as "A__B". Of what is too long nothing fits any more. */
static void put_part(struct config_value *value, size_t *length, const char *part, bool is_last)
{
    for (const char *at = part; *at; at++)
        for (int i = *at == '.' ? 2 : 1; i && *length < CONFIG_NAME_SIZE; i--)
            value->name[(*length)++] = *at == '.' ? '_' : ascii_upper(*at);
    for (int i = *part && !is_last ? 2 : 0; i && *length < CONFIG_NAME_SIZE; i--)
        value->name[(*length)++] = '_';
}

/* NULL: not set, or empty, which is the same. */
static const char *look(struct config_value *value, const char *pipeline, const char *section, const char *key)
{
    const char *text;
    size_t length = 0;

    put_part(value, &length, pipeline, false);
    put_part(value, &length, section, false);
    put_part(value, &length, key, true);
    if (length == CONFIG_NAME_SIZE)
        return NULL;
    value->name[length] = 0;
    text = getenv(value->name);
    return text && *text ? text : NULL;
}

bool config_next(const struct config_key *key, size_t *place, struct config_value *value)
{
    size_t count = 0;

    while (key->sections[count])
        count++;
    for (size_t own = key->pipeline ? count : 0; *place < own + count;) {
        const size_t at = (*place)++;

        value->section = at < own ? at : at - own;
        value->text = look(value, at < own ? key->pipeline : "", key->sections[value->section], key->key);
        if (value->text)
            return true;
    }
    return false;
}

const char *config_find(const struct config_key *key)
{
    struct config_value value;
    size_t place = 0;

    return config_next(key, &place, &value) ? value.text : NULL;
}
