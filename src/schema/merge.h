/* Puts parts of a schema into another one: hints of a run, a file that a user gives to a run (facts: reference/schema-and-naming.md 8.1). */
#ifndef SCHEMA_MERGE_H
#define SCHEMA_MERGE_H

#include "schema/schema.h"

struct merge_options {
    bool replaces_keys;     /* keys and the like in the part take the place of all that the table has (hints), rather than join them */
    bool obeys_contract;    /* contracts of the schema hold for what the part adds (hints) */
};

/* Merges `part`, a document like a stored schema of which everything but names may be missing: tables with columns, settings, normalizers. Names
 * are normalized as the schema's; a table without a parent that is not there yet becomes a root table. What a table has stays unless the part
 * says otherwise; nothing is removed. Settings: detections and contract are replaced, patterns join.
 *
 * On success *schema is made anew from the merged document; pointers into the old one are dead. SPILE_CONFIG when the part contradicts what a
 * table with data has, SPILE_CONTRACT when a contract freezes; then *schema is unusable and to be freed. */
enum spile_status schema_merge(struct schema **schema, yyjson_mut_val *part, const struct merge_options *options, struct spile_error *err);

/* Puts the members of `part` into `target`, an object of `doc`: objects on both sides join, down to `depth`, all else is replaced. False: out of
 * memory. */
bool document_merge(yyjson_mut_doc *doc, yyjson_mut_val *target, yyjson_mut_val *part, int depth);

/* Makes the content of `incoming` that of *schema, which keeps its name and its line of versions: sealing raises the version. `linked`: notes that it
 * was imported (imported_version_hash). SPILE_CONFIG, and *schema as before, when a column that has rows would get another type, a table
 * another place, or names another convention. */
enum spile_status schema_replace(struct schema **schema, const struct schema *incoming, bool linked, struct spile_error *err);

/* Has the table seen rows? */
bool table_has_data(const struct table *table);

/* May columns still come to it freely: has it no column with a type? */
bool table_is_new(const struct table *table);

#endif
