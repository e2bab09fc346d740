/* The tutorial's first pipeline: a small list of countries into DuckDB, each with a list of languages. */
#include <stdio.h>

#include <spile/spile.h>

static const char countries[] =
    "[{\"name\": \"France\", \"code\": \"FR\", \"population\": 68000000, \"languages\": [\"French\"]},"
    " {\"name\": \"Switzerland\", \"code\": \"CH\", \"population\": 8800000, \"languages\": [\"German\", \"French\", \"Italian\"]}]";

int main(void)
{
    struct spile_pipeline *pipeline;
    struct spile_load_info *info;
    struct spile_error err = { 0 };

    if (spile_pipeline_open(&pipeline, "countries", SPILE_PIPELINE_OPTIONS(.destination = "duckdb", .dataset = "country_data"), &err) ||
        spile_run(pipeline, spile_json(countries), SPILE_RUN_OPTIONS(.table = "countries"), &info, &err)) {
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
        return err.status;
    }
    for (size_t i = 0; i < spile_load_info_table_count(info); i++) {
        const struct spile_table_info *table = spile_load_info_table(info, i);

        printf("%s: %llu rows\n", table->name, (unsigned long long)table->rows);
    }
    spile_load_info_free(info);
    spile_pipeline_close(pipeline);
    return 0;
}
