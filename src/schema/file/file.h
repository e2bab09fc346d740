/* Schema files: dlt's YAML or JSON into a schema and back (facts: reference/schema-and-naming.md 5). */
#ifndef SCHEMA_FILE_H
#define SCHEMA_FILE_H

#include "schema/schema.h"

/* Reads a schema from text, YAML or JSON: brings it to today's engine version, checks it, and fills in what a person may leave out (everything
 * but the tables). Version and hash are brought up to date. `part` (may be NULL) gets the document before anything was filled in, for
 * schema_merge; the caller frees it. SPILE_CONFIG with what is wrong and where. */
enum spile_status schema_from_text(struct schema **out, yyjson_mut_doc **part, struct slice text, const struct naming *naming, struct spile_error *err);

enum schema_format { SCHEMA_YAML, SCHEMA_JSON };

/* The bytes that dlt writes into such a file: without the names that repeat their keys. `processing`: with what only concerns the dataset that
 * it comes from (x-normalizer and its like). The schema is sealed. False: out of memory. */
bool schema_to_text(const struct schema *schema, enum schema_format format, bool processing, struct text *out);

#endif
