/* Reading back, and changing what is there: parameters have their places in the statement, and are never pasted into it. */
#include <stdio.h>

#include <spile/spile.h>

#include "arrow_abi.h"

static enum spile_status print(void *user, const void *bytes, size_t length, struct spile_error *err)
{
    return fwrite(bytes, 1, length, user) == length ? SPILE_OK : spile_fail(err, SPILE_FAILED, "can't print");
}

/* By order: %s, or ? or $1. */
static enum spile_status add_customer(struct spile_pipeline *shop, int64_t id, const char *name, const char *city, struct spile_error *err)
{
    struct spile_item *row = NULL;
    uint64_t changed = 0;
    enum spile_status status = spile_item_new(&row, err);

    if (!status) {
        spile_item_set_integer(row, "[]", id);
        spile_item_set_text(row, "[]", name);
        spile_item_set_text(row, "[]", city);
        status = spile_execute(shop, "INSERT INTO customers (id, name, city, _dlt_id, _dlt_load_id) VALUES (%s, %s, %s, 'by', 'hand')", row, &changed, err);
        printf("%llu row changed\n", (unsigned long long)changed);
    }
    spile_item_free(row);
    return status;
}

/* By name: %(city)s, or :city or $city. The rows are an Arrow stream, for any program that knows those; here it becomes a table. */
static enum spile_status print_customers(struct spile_pipeline *shop, const char *city, struct spile_error *err)
{
    struct ArrowArrayStream rows = { .release = NULL };
    struct spile_item *values = NULL;
    enum spile_status status = spile_item_new(&values, err);

    if (!status) {
        spile_item_set_text(values, "city", city);
        status = spile_query(shop, "SELECT id, name FROM customers WHERE city = :city ORDER BY id", values, &rows, err);
    }
    if (!status)
        status = spile_stream_write(&rows, SPILE_STREAM_OPTIONS(.format = SPILE_FORMAT_TABLE), print, stdout, NULL, err);
    spile_item_free(values);
    return status;
}

int main(void)
{
    static const char customers[] = "[{\"id\": 1, \"name\": \"Simon\", \"city\": \"berlin\"}, {\"id\": 2, \"name\": \"Violet\", \"city\": \"london\"}]";
    struct spile_pipeline *shop = NULL;
    struct spile_error err = { 0 };

    if (!spile_pipeline_open(&shop, "shop", SPILE_PIPELINE_OPTIONS(.destination = "duckdb"), &err) &&
        !spile_run(shop, spile_json(customers), SPILE_RUN_OPTIONS(.table = "customers", .write = SPILE_REPLACE), NULL, &err) &&
        !add_customer(shop, 10, "Fred'); DROP TABLE customers; --", "berlin", &err))
        print_customers(shop, "berlin", &err);
    if (err.status)
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    spile_pipeline_close(shop);
    return err.status;
}
