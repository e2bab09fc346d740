/* Names that nobody may read: steps change each item before anything of it is written. */
#include <stdio.h>

#include <spile/spile.h>

static const char patients[] = "[{\"id\": 1, \"name\": \"Ann\", \"address\": {\"street\": \"Main St. 1\", \"zip\": \"8000\"}, \"age\": 34},"
                               " {\"id\": 2, \"name\": \"Bob\", \"address\": {\"street\": \"Side St. 2\", \"zip\": \"9000\"}, \"age\": 17},"
                               " {\"id\": 3, \"name\": \"Ann\", \"address\": {\"street\": \"Main St. 9\", \"zip\": \"8000\"}, \"age\": 61}]";

static bool is_adult(const struct spile_item *item, void *user)
{
    (void)user;
    return spile_item_integer(item, "age", 0) >= 18;
}

/* Decades are enough. */
static enum spile_status round_age(struct spile_item *item, void *user, struct spile_error *err)
{
    (void)user;
    (void)err;
    spile_item_set_integer(item, "age", spile_item_integer(item, "age", 0) / 10 * 10);
    return SPILE_OK;
}

int main(void)
{
    struct spile_source *clinic = NULL;
    struct spile_pipeline *pipeline = NULL;
    struct spile_error err = { 0 };

    if (spile_source_new(&clinic, "clinic", NULL, &err) ||
        spile_source_add(clinic, "patients", SPILE_RESOURCE(.data = spile_json(patients)), &err) ||
        spile_source_step(clinic, "patients", SPILE_STEP(.filter = is_adult), &err) ||
        spile_source_step(clinic, "patients", SPILE_STEP(.map = round_age), &err) ||
        spile_source_step(clinic, "patients", SPILE_STEP(.hmac = "name", .salt = "a secret key"), &err) ||
        spile_source_step(clinic, "patients", SPILE_STEP(.remove = "address.street"), &err) ||
        spile_source_step(clinic, "patients", SPILE_STEP(.rename = "name: pseudonym"), &err) ||
        spile_pipeline_open(&pipeline, "clinic", SPILE_PIPELINE_OPTIONS(.destination = "duckdb"), &err) ||
        spile_run(pipeline, spile_from(clinic), NULL, NULL, &err))
        fprintf(stderr, "%s\n%s\n%s\n", err.message, err.where, err.hint);
    spile_pipeline_close(pipeline);
    spile_source_free(clinic);
    return err.status;
}
