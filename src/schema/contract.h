/* Contracts: what happens to data that would change the schema (facts: reference/schema-and-naming.md 9). */
#ifndef SCHEMA_CONTRACT_H
#define SCHEMA_CONTRACT_H

#include "schema/schema.h"

enum contract_mode {
    CONTRACT_EVOLVE,       /* the schema follows the data */
    CONTRACT_FREEZE,       /* the load fails */
    CONTRACT_DISCARD_ROW,  /* the row is left out, with the rows nested in it */
    CONTRACT_DISCARD_VALUE /* the value is left out; a table: its rows */
};

/* What a change of the schema concerns. */
enum contract_entity { CONTRACT_TABLES, CONTRACT_COLUMNS, CONTRACT_DATA_TYPE, CONTRACT_ENTITIES };

struct contract {
    enum contract_mode modes[CONTRACT_ENTITIES];
    const char *set_by; /* "the schema", or the name of the table that has it; "" for the default */
};

/* The words as stored, in the order of the enums, with a NULL at the end. */
extern const char *const contract_modes[];
extern const char *const contract_entities[];

const char *contract_mode_name(enum contract_mode mode);
const char *contract_entity_name(enum contract_entity entity);

/* The contract in force for a table: its own, else that of the nearest table above it, else the schema's; `table` NULL: the schema's.
 * SPILE_CONFIG for words that dlt does not know. */
enum spile_status contract_of(struct contract *out, const struct schema *schema, const struct table *table, struct spile_error *err);

/* Makes `given` the contract of the schema, as a run does with its own. */
enum spile_status contract_set_schema(struct schema *schema, const struct spile_contract *given, struct spile_error *err);

/* Makes it the contract of a table. */
enum spile_status contract_set_table(struct schema *schema, struct table *table, const struct spile_contract *given, struct spile_error *err);

/* Is anything in it said? */
bool contract_is_given(const struct spile_contract *given);

#endif
