/* What dlt puts into a schema by itself: its settings, and the tables of its bookkeeping (facts: reference/schema-and-naming.md 4). */
#ifndef SCHEMA_TEMPLATE_H
#define SCHEMA_TEMPLATE_H

#include <yyjson.h>

/* The document of a new schema, its name still empty; the caller frees it. NULL: out of memory. */
yyjson_mut_doc *template_schema(void);

/* A new copy of the table called DLT_VERSION_TABLE, DLT_LOADS_TABLE or DLT_STATE_TABLE, owned by `doc`. NULL: out of memory. */
yyjson_mut_val *template_table(yyjson_mut_doc *doc, const char *name);

/* Likewise the column DLT_LOAD_ID or DLT_ID, as it is where it was asked for. */
yyjson_mut_val *template_column(yyjson_mut_doc *doc, const char *name);

#endif
