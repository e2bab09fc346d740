/* Types and keys declared, and a rule by name, before the data comes; afterwards the schema as dlt's YAML. */
#include <stdio.h>

#include <spile/spile.h>

static const char rules[] = "settings:\n"
                            "  preferred_types:\n"
                            "    re:_at$: timestamp\n"
                            "tables: {}\n";

static const char orders[] =
    "[{\"id\": 1, \"price\": 9.5, \"paid_at\": 1700000000, \"lines\": [{\"sku\": 7}]},"
    " {\"id\": 2, \"price\": \"7.25\", \"lines\": [{\"sku\": \"b-12\"}, {\"sku\": 8}]}]";

static enum spile_status declare(struct spile_schema **schema, struct spile_error *err)
{
    enum spile_status status = spile_schema_parse(schema, rules, sizeof(rules) - 1, err);

    if (!status)
        status = spile_schema_set_columns(*schema, "orders", "id:bigint:primary_key, price:decimal(10,2)", err);
    return status ? status : spile_schema_set_columns(*schema, "orders__lines", "sku:text:not_null", err);
}

int main(void)
{
    struct spile_pipeline *pipeline = NULL;
    struct spile_schema *declared = NULL, *loaded = NULL;
    struct spile_error err = { 0 };
    const char *yaml;

    if (declare(&declared, &err) || spile_pipeline_open(&pipeline, "orders", SPILE_PIPELINE_OPTIONS(.destination = "duckdb"), &err) ||
        spile_run(pipeline, spile_json(orders), SPILE_RUN_OPTIONS(.table = "orders", .schema = declared), NULL, &err) ||
        spile_pipeline_schema(pipeline, NULL, &loaded, &err) || spile_schema_text(loaded, SPILE_SCHEMA_YAML, &yaml, NULL, &err))
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    else
        fputs(yaml, stdout);
    spile_schema_free(loaded);
    spile_schema_free(declared);
    spile_pipeline_close(pipeline);
    return err.status;
}
