/* Tables that go, with all that the schema says of them. */
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"

const char *table_resource(const struct table *table)
{
    const struct table *root = table_root(table);
    const char *resource = yyjson_mut_get_str(yyjson_mut_obj_get(root->json, "resource"));

    return resource ? resource : root->name;
}

static enum spile_status reread(struct schema **schema, struct spile_error *err)
{
    struct schema *old = *schema;
    size_t length;
    char *text = schema_write(old, &length);
    enum spile_status status = text ? SPILE_OK : spile_fail_nomem(err);

    *schema = NULL;
    if (!status)
        status = schema_read(schema, text, length, &old->naming, err);
    free(text);
    schema_free(old);
    return status;
}

enum spile_status schema_drop_tables(struct schema **schema, bool (*chosen)(void *user, const char *resource),
                                     enum spile_status (*dropped)(void *user, const char *table, struct spile_error *err), void *user,
                                     struct spile_error *err)
{
    struct schema *s = *schema;
    bool *goes = calloc(s->table_count + 1, sizeof(*goes)), any = false;
    enum spile_status status = goes ? SPILE_OK : spile_fail_nomem(err);

    for (uint32_t i = 0; !status && i < s->table_count; i++) {
        goes[i] = !name_is_own(s->tables[i]->name) && chosen(user, table_resource(s->tables[i]));
        any |= goes[i];
        if (goes[i])
            status = dropped(user, s->tables[i]->name, err);
    }
    for (uint32_t i = 0; !status && i < s->table_count; i++)
        if (goes[i])
            yyjson_mut_obj_remove_key(s->tables_json, s->tables[i]->name);
    free(goes);
    return !status && any ? reread(schema, err) : status;
}
