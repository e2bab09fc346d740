/* Out of memory at any place: sources of all kinds are run, and in each of many runs one allocation of ours fails (cmake/Tests.cmake has the linker give
 * them to us). A run then ends with SPILE_NOMEM, or with SPILE_OK when it could do without; the address sanitizer finds what is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/json_text.h"
#include "data/rows.h"
#include "extract/extract.h"
#include "fault_source.h"

#define SCENARIOS 200
#define FAULTS 6 /* in each of them */

/* ---- allocations ------------------------------------------------------------------------------------------------------------------ */

static _Atomic long allocations, fails_at; /* 0: never */
static _Thread_local bool spared; /* while a test makes what it needs itself, with nanoarrow, which does not look at each allocation */

static bool fails(void)
{
    return !spared && atomic_fetch_add(&allocations, 1) + 1 == atomic_load(&fails_at);
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* ---- scenarios --------------------------------------------------------------------------------------------------------------------- */

static int fill_batch(struct ArrowSchema *schema, struct ArrowArray *array, int id)
{
    int code = ArrowSchemaSetTypeStruct(schema, 2);

    if (!code)
        code = ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_INT64) || ArrowSchemaSetName(schema->children[0], "id") ||
               ArrowSchemaSetType(schema->children[1], NANOARROW_TYPE_STRING) || ArrowSchemaSetName(schema->children[1], "kind");
    if (!code)
        code = ArrowArrayInitFromSchema(array, schema, NULL) || ArrowArrayStartAppending(array);
    for (int i = 0; !code && i < 3; i++)
        code = ArrowArrayAppendInt(array->children[0], id + i) || ArrowArrayAppendString(array->children[1], ArrowCharView(i % 2 ? "k1" : "k2")) ||
               ArrowArrayFinishElement(array);
    return code ? code : ArrowArrayFinishBuildingDefault(array, NULL);
}

static enum spile_status emit_arrow(struct spile_emitter *out, struct series *s, struct spile_error *err)
{
    struct ArrowArrayStream stream = { 0 };
    struct ArrowSchema schema;
    struct ArrowArray array = { 0 };

    spared = true;
    ArrowSchemaInit(&schema);
    assert_int_equal(fill_batch(&schema, &array, s->next), 0);
    assert_int_equal(ArrowBasicArrayStreamInit(&stream, &schema, 1), 0);
    ArrowBasicArrayStreamSetArray(&stream, 0, &array);
    spared = false;
    return spile_emit_arrow(out, &stream, err);
}

static enum spile_status make_deferred(struct spile_emitter *out, void *user, struct spile_error *err)
{
    (void)user;
    return spile_emit_json(out, "[{\"id\": 7, \"a\": {\"b\": \"later\"}, \"kind\": \"k1\"}]", 0, err);
}

static enum spile_status defer(struct spile_emitter *out, struct spile_error *err)
{
    return spile_emit_deferred(out, SPILE_DEFERRED(.make = make_deferred, .user = strdup("x"), .release = free), err);
}

static enum spile_status build(struct spile_source *source, struct series *series, struct spile_error *err)
{
    unsigned resources = 1 + pick(3);
    enum spile_status status = SPILE_OK;

    for (unsigned i = 0; !status && i < resources; i++) {
        char name[16];
        unsigned kind = pick(8);

        snprintf(name, sizeof(name), "r%u", i);
        series[i] = (struct series){ .count = 1 + (int)pick(12), .begin = kind >= 6 ? defer : NULL, .emit = pick(4) == 0 && kind != 3 ? emit_arrow : NULL,
                                     .as_items = pick(2), .again = pick(2), .to_tables = pick(4) == 0, .keeps = pick(2) };
        status = spile_source_add(source, name,
                                  SPILE_RESOURCE(.generate = generate, .user = &series[i], .parallel = pick(2), .table_by = kind == 1 ? "kind" : NULL,
                                                 .incremental = { .cursor = kind == 2 ? "id" : kind == 3 ? "a.b" : NULL,
                                                                  .order = (enum spile_row_order)pick(3), .missing = SPILE_INCLUDE },
                                                 .limit = { .items = kind == 4 ? 3 : 0 }, .write = kind == 5 ? SPILE_REPLACE : SPILE_APPEND), err);
        if (!status)
            status = add_steps(source, name, err);
    }
    if (!status && pick(2))
        status = spile_source_add(source, "t", SPILE_RESOURCE(.transform = transform, .from = "r0", .parallel = pick(2), .unordered = pick(2)), err);
    return status;
}

static enum spile_status put(void *user, size_t resource, const char *table, struct documents *items, struct spile_error *err)
{
    (void)resource;
    (void)table;
    (void)err;
    if (items->rows)
        *(size_t *)user += items->rows->count;
    for (size_t i = 0; i < items->count; i++)
        *(size_t *)user += document_kind(items->items[i]) == DOCUMENT_OBJECT;
    return SPILE_OK;
}

static enum spile_status run(struct spile_source *source, size_t *items, struct spile_error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    struct notes notes = { 0 };
    _Atomic bool cancelled = false;
    struct extract_options options = { .source = source, .cancelled = &cancelled, .notes = &notes, .put = put, .user = items };
    enum spile_status status;

    status = root && notes_init(&notes, doc, root, "test") ? extract_run(&options, err) : spile_fail_nomem(err);
    notes_release(&notes);
    yyjson_mut_doc_free(doc);
    return status;
}

/* The scenario of that number, with the n-th allocation failing. */
static enum spile_status play(unsigned scenario, long at, size_t *items)
{
    struct series series[4] = { 0 };
    struct spile_source *source;
    struct spile_error err = { 0 };
    const char *text;
    enum spile_status status;

    *items = 0;
    random_state = scenario * 7919u + 1;
    atomic_store(&allocations, 0);
    atomic_store(&fails_at, at);
    status = spile_source_new(&source, "test", SPILE_SOURCE_OPTIONS(.workers = 2), &err);
    if (!status)
        status = build(source, series, &err);
    if (!status)
        status = spile_source_describe(source, SPILE_GRAPH_JSON, &text, &err);
    if (!status)
        status = run(source, items, &err);
    atomic_store(&fails_at, 0);
    spile_source_free(source);
    if (status && status != SPILE_NOMEM)
        fail_msg("scenario %u, allocation %ld: status %d, %s; %s", scenario, at, status, err.message, err.where);
    return status;
}

static void any_allocation_may_fail(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (unsigned scenario = 0; scenario < SCENARIOS; scenario++) {
        size_t wanted, items;
        long count;

        assert_int_equal(play(scenario, 0, &wanted), SPILE_OK);
        count = atomic_load(&allocations);
        for (int i = 0; i < FAULTS; i++) {
            random_state = scenario * 104729u + (unsigned)i;
            if (play(scenario, 1 + (long)pick((unsigned)count), &items) == SPILE_NOMEM)
                failed++;
            else if (items != wanted) /* it could do without, or the allocation did not come: then nothing is missing */
                fail_msg("scenario %u: %zu items of %zu, and no error", scenario, items, wanted);
        }
    }
    assert_in_range(failed, SCENARIOS * FAULTS / 2, SCENARIOS * FAULTS); /* the faults are felt */
}

static enum spile_status look_at_state(struct spile_emitter *out, void *user, struct spile_error *err)
{
    enum spile_status status = spile_set_resource_state(out, "n", "5", err);

    *(bool *)user = !status && spile_resource_state(out, "n");
    return status;
}

/* A function that is not told the state would begin anew, and what it does then must not stay. */
static void a_state_that_is_not_told_ends_the_run(void **state)
{
    long at = 0;

    (void)state;
    do {
        struct spile_source *source = NULL;
        bool told = false;
        size_t items = 0;
        enum spile_status status;

        atomic_store(&allocations, 0);
        atomic_store(&fails_at, ++at);
        status = spile_source_new(&source, "test", NULL, NULL);
        if (!status)
            status = spile_source_add(source, "r", SPILE_RESOURCE(.generate = look_at_state, .user = &told), NULL);
        if (!status)
            status = run(source, &items, NULL);
        atomic_store(&fails_at, 0);
        spile_source_free(source);
        if (status ? status != SPILE_NOMEM : !told)
            fail_msg("allocation %ld: status %d, the state %s told", at, status, told ? "was" : "was not");
    } while (atomic_load(&allocations) >= at);
    assert_true(at > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(any_allocation_may_fail), cmocka_unit_test(a_state_that_is_not_told_ends_the_run) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
