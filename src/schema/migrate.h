/* Schema documents of older engine versions brought to today's, as dlt 1.31 does it (dlt/common/schema/migrations.py): the same keys in
 * the same order, so that hashes and files agree. */
#ifndef SCHEMA_MIGRATE_H
#define SCHEMA_MIGRATE_H

#include <yyjson.h>

#include "base/error.h"

/* Changes the document in place, from engine version 1 to 10 to SCHEMA_ENGINE_VERSION; what dlt clears away in a document of today's
 * version goes as well. What does not have the form that it should is left for schema_validate to complain of, unless a step needs it.
 * SPILE_CONFIG when the engine version is missing, none, or newer than ours; the document may then be half changed. */
enum spile_status schema_migrate(yyjson_mut_doc *doc, struct spile_error *err);

#endif
