/* The schema of a dataset: tables and their columns, exactly as dlt stores them (facts: reference/schema-and-naming.md 2 to 5).
 *
 * The stored JSON document is the schema; the structs here index it. So whatever another engine keeps in it that we do not know
 * (hints, settings, descriptions) stays, and the version hash agrees with dlt's. Not thread-safe: normalize guards it. */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <string.h>

#include <yyjson.h>

#include "base/arena.h"
#include "base/error.h"
#include "data/type.h"
#include "schema/filters.h"
#include "schema/naming.h"
#include "schema/settings.h"

#define SCHEMA_ENGINE_VERSION 11

#define DLT_PREFIX "_dlt"
#define DLT_ID "_dlt_id"
#define DLT_LOAD_ID "_dlt_load_id"
#define DLT_PARENT_ID "_dlt_parent_id"
#define DLT_LIST_INDEX "_dlt_list_idx"
#define DLT_ROOT_ID "_dlt_root_id"
#define DLT_VERSION_TABLE "_dlt_version"
#define DLT_LOADS_TABLE "_dlt_loads"
#define DLT_STATE_TABLE "_dlt_pipeline_state"

/* Do dlt and spile make a table or column of that name for themselves? */
static inline bool name_is_own(const char *name)
{
    return !strncmp(name, DLT_PREFIX, strlen(DLT_PREFIX));
}

struct column {
    const char *name;
    struct column_type type;
    bool nullable;
    uint32_t index; /* in the table, from 0 */
};

struct table {
    const char *name;
    struct table *parent; /* NULL: a root table */
    uint32_t index;       /* in the schema, from 0 */
    struct column **columns;
    uint32_t column_count, column_capacity;
    struct column *load_id, *row_id, *parent_id, *list_index; /* NULL until the table has them */
    int max_nesting;      /* x-normalizer.max_nesting; -1: none */
    bool in_first_row;    /* made by the row that is being walked: a contract lets it have its columns */
    uint32_t walk;        /* number of the walk up the parents that came by last */
    bool evolves_once;    /* new to this run: a contract lets the whole run add columns */
    bool ids_come_last;   /* they were asked for in this run: dlt adds them when it has seen all columns */
    yyjson_mut_val *json, *columns_json;
    struct name_map *column_map;
    struct name_map *refused; /* columns for which a contract has left out rows in this run; NULL: none */
};

struct schema {
    const char *name;
    struct table **tables;
    uint32_t table_count, table_capacity;
    uint32_t version;     /* raised by every change: tells a reader that it must look again */
    uint32_t json_columns; /* json columns in all tables: with a new one, objects that were unpacked before would be kept whole */
    struct naming naming;
    struct settings settings;
    struct filters filters;
    struct arena arena;
    yyjson_mut_doc *doc;
    yyjson_mut_val *root, *tables_json;
    struct name_map *table_map;
};

/* A new schema with dlt's bookkeeping tables and settings. */
enum spile_status schema_new(struct schema **out, const char *name, const struct naming *naming, struct spile_error *err);

/* From the stored JSON text, of any engine version up to ours; it tells the naming convention, `naming` what the destination wants of names.
 * SPILE_CONFIG when it is no schema, or one of a newer engine or with a naming convention that we do not know. */
enum spile_status schema_read(struct schema **out, const char *text, size_t length, const struct naming *naming, struct spile_error *err);

/* The same from a document, which it takes over, also after a failure. */
enum spile_status schema_from_document(struct schema **out, yyjson_mut_doc *doc, const struct naming *naming, struct spile_error *err);

void schema_free(struct schema *schema); /* NULL is allowed */

struct table *schema_find_table(const struct schema *schema, const char *name);
struct column *table_find_column(const struct table *table, const char *name);

static inline const struct table *table_root(const struct table *table)
{
    while (table->parent)
        table = table->parent;
    return table;
}

static inline bool column_is_among(const struct column *column, const struct column *const *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (columns[i] == column)
            return true;
    return false;
}

/* Is the hint given, and neither false nor null? */
bool table_has_hint(const struct table *table, const struct column *column, const char *hint);
const struct column *table_first_with(const struct table *table, const char *hint); /* NULL: no column has the hint */

/* Where a row's root is told: in a nested table the root's id, in a root table what is handed down as such. NULL: nowhere. */
const struct column *table_root_key(const struct table *table);

/* The resource whose rows the table has, or those it is nested in; without one, the root table's name. */
const char *table_resource(const struct table *table);

/* Removes the tables of the resources that are chosen, but never dlt's own; `dropped` is called with each name. The schema is made anew: pointers into
 * the old one are dead. After a failure *schema is NULL or as before. */
enum spile_status schema_drop_tables(struct schema **schema, bool (*chosen)(void *user, const char *resource),
                                     enum spile_status (*dropped)(void *user, const char *table, struct spile_error *err), void *user,
                                     struct spile_error *err);

/* Adds a table, without columns. A root table gets write disposition append and the resource (the name before normalizing). NULL: out of
 * memory. */
struct table *schema_add_root_table(struct schema *schema, const char *name, const char *resource);
struct table *schema_add_nested_table(struct schema *schema, const char *name, struct table *parent);

/* Adds a column at the end, or gives a declared column its type (which moves it to the end, as in dlt). NULL: out of memory. */
struct column *table_add_column(struct schema *schema, struct table *table, const char *name, enum data_type type, bool variant);

/* The same with all of its type, for a column that comes with one; it has no default hints, as in dlt. */
struct column *table_add_typed_column(struct schema *schema, struct table *table, const char *name, const struct column_type *type, bool nullable);

/* Puts what is declared of a column (an object of the schema's document, with its name) above what the table has of it, or adds it. One that gets its type
 * by that moves to the end, as in dlt. False: out of memory. */
bool table_declare_column(struct schema *schema, struct table *table, const char *name, yyjson_mut_val *declared);

/* Remembers that a contract leaves out rows with this column. False: out of memory. */
bool table_refuse_column(struct schema *schema, struct table *table, const char *name);

/* Adds the link columns that the table lacks, in dlt's order: `_dlt_load_id`, `_dlt_id`, or parent id, list index, id. */
bool table_add_links(struct schema *schema, struct table *table);

/* `_dlt_load_id` or `_dlt_id` as dlt describes them when they were asked for: made, or completed when it is there. False: out of memory. */
bool table_ask_column(struct schema *schema, struct table *table, const char *name);
bool table_has_asked(const struct table *table, const char *name); /* is it there, and complete? */

/* Puts the column behind all others. False: out of memory. */
bool table_move_last(struct schema *schema, struct table *table, struct column *column);

/* What rows hand down to the rows below them: dlt's "propagation" in the configuration of its normalizer, with members "root" and "tables".
 * NULL: nothing. */
yyjson_mut_val *schema_propagation(const struct schema *schema);

/* Has the configuration hand the root table's row id down, when the schema wants that for all tables (root_key_propagation), when the table is
 * merged, or when one below it has such a column. To be called when a root table is new or changed. */
bool schema_extend_table(struct schema *schema, const struct table *root);

/* Wants it for all root tables: these are extended. */
bool schema_want_root_key(struct schema *schema);

/* The limit of nesting for tables without one of their own; -1: none. */
int schema_max_nesting(const struct schema *schema);

bool table_set_max_nesting(struct schema *schema, struct table *table, int max_nesting);

/* Marks that the table has seen rows. */
bool table_set_seen_data(struct schema *schema, struct table *table);

/* Adds `_dlt_pipeline_state`, or what it lacks when it comes from a file that was written before any data. */
struct table *schema_add_state_table(struct schema *schema);

/* The same, but without the row id and the mark of seen rows that it gets with its first row. For a schema that is only to be written. */
bool schema_declare_state_table(struct schema *schema);

/* Brings version, version_hash and previous_hashes up to date with the content. *changed (may be NULL): the hash is new. */
enum spile_status schema_seal(struct schema *schema, bool *changed, struct spile_error *err);

/* Hash of the file that the schema was last imported from; "": none. It is no part of the content. */
const char *schema_imported_hash(const struct schema *schema);
bool schema_set_imported_hash(struct schema *schema, const char *hash);

const char *schema_hash(const struct schema *schema);     /* as of the last seal or read */
int64_t schema_version_number(const struct schema *schema);

/* Compact JSON, keys in stored order; malloc, the caller frees. NULL: out of memory. */
char *schema_write(const struct schema *schema, size_t *length);

#endif
