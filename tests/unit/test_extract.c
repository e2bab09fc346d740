/* Sources at work, without a database: what is drawn, in which order, on which threads, and how it ends. Orders are those that dlt was seen to have
 * (reference/extract.md section 2); all else is arithmetic on the generators below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <nanoarrow/nanoarrow.h>

#include "data/json_text.h"
#include "extract/extract.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- a sink ---------------------------------------------------------------------------------------------------------------------- */

/* Writes down what comes: "a0 b0 a1", each item's member "v", or what `key` names. */
struct sink {
    const struct spile_source *source;
    struct text text;
    size_t items;
    size_t stop_after; /* items; 0: never */
    bool cancel;       /* the run, then */
    _Atomic bool cancelled;
    pthread_t thread;
};

static enum spile_status put_one(struct sink *sink, const char *table, struct document item, struct spile_error *err)
{
    struct document key = document_first(item);

    assert_true(pthread_equal(sink->thread, pthread_self())); /* the caller's, always */
    if (document_kind(item) == DOCUMENT_OBJECT)
        for (size_t i = 0; i < document_size(item); i++, key = document_next_key(key))
            if (slice_equal(document_text(key), slice_of("v"))) {
                struct slice value = document_text(document_member(key));

                text_printf(&sink->text, "%s%s%s%.*s", sink->items ? " " : "", table ? table : "", table ? ":" : "", (int)value.length, value.text);
            }
    sink->items++;
    if (sink->stop_after && sink->items == sink->stop_after) {
        if (!sink->cancel)
            return spile_fail(err, SPILE_CANCELLED, "enough");
        atomic_store(&sink->cancelled, true);
    }
    return SPILE_OK;
}

static enum spile_status put(void *user, size_t resource, const char *table, struct documents *items, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;

    (void)resource;
    for (size_t i = 0; !status && i < items->count; i++)
        status = put_one(user, table, items->items[i], err);
    return status;
}

static enum spile_status read_none(void *user, const struct resource *resource, struct spile_emitter *out, struct spile_error *err)
{
    (void)user;
    return spile_emit_json(out, resource->options.data.bytes, resource->options.data.length, err);
}

/* `doc` has what the source keeps. */
static enum spile_status run_with(yyjson_mut_doc *doc, const struct spile_source *source, struct sink *sink, struct spile_error *err)
{
    struct notes notes;
    struct extract_options options = { .source = source, .cancelled = &sink->cancelled, .notes = &notes, .read = read_none, .put = put, .user = sink };
    enum spile_status status;

    assert_true(notes_init(&notes, doc, yyjson_mut_doc_get_root(doc), source->name));
    sink->thread = pthread_self();
    status = extract_run(&options, err);
    notes_release(&notes);
    return status;
}

static enum spile_status run(const struct spile_source *source, struct sink *sink, struct spile_error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    enum spile_status status;

    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    status = run_with(doc, source, sink, err);
    yyjson_mut_doc_free(doc);
    return status;
}

static void check_run(const char *what, struct spile_source *source, const char *want)
{
    struct sink sink = { 0 };
    struct spile_error err = { 0 };

    if (run(source, &sink, &err))
        fail_msg("%s: %s; %s", what, err.message, err.where);
    if (strcmp(sink.text.text ? sink.text.text : "", want))
        fail_msg("%s:\n got  %s\n want %s", what, sink.text.text, want);
    text_release(&sink.text);
}

/* ---- generators ------------------------------------------------------------------------------------------------------------------- */

/* Gives items "<name>0", "<name>1" ... one page each. */
struct series {
    const char *name;
    int count, next;
    int fail_at;       /* 0: never; else before the n-th page */
    int64_t sleep_us, again_ms;
    bool at_once;      /* all in one call */
    _Atomic int closed, calls, inside, most_inside;
};

static void nap(int64_t us)
{
    if (us)
        nanosleep(&(struct timespec){ us / 1000000, us % 1000000 * 1000 }, NULL);
}

static enum spile_status page(struct spile_emitter *out, struct series *s, struct spile_error *err)
{
    char json[64];

    nap(s->sleep_us);
    if (s->fail_at && s->next + 1 == s->fail_at)
        return spile_fail(err, SPILE_SOURCE, "page %d is missing", s->fail_at);
    snprintf(json, sizeof(json), "[{\"v\": \"%s%d\"}]", s->name, s->next);
    s->next++;
    return spile_emit_json(out, json, 0, err);
}

static enum spile_status series(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct series *s = user;
    enum spile_status status = SPILE_OK;

    atomic_fetch_add(&s->calls, 1);
    do
        if (s->next < s->count)
            status = page(out, s, err);
    while (!status && s->at_once && s->next < s->count);
    if (!status && s->next < s->count)
        spile_again_after(out, s->again_ms);
    return status;
}

static void closed(void *user)
{
    atomic_fetch_add(&((struct series *)user)->closed, 1);
}

/* Emits the item with "x" behind it, after a nap of its own: later items are faster. */
static enum spile_status suffix(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct series *s = user;
    const char *value = spile_item_text(item, "v", NULL);
    char text[64];
    int inside = atomic_fetch_add(&s->inside, 1) + 1, most = atomic_load(&s->most_inside);
    enum spile_status status;

    while (inside > most && !atomic_compare_exchange_weak(&s->most_inside, &most, inside))
        ;
    nap(s->sleep_us ? s->sleep_us * (5 - atoi(value + 1) % 5) : 0);
    if (s->fail_at && atomic_fetch_add(&s->calls, 1) + 1 == s->fail_at) {
        atomic_fetch_sub(&s->inside, 1);
        return spile_fail(err, SPILE_SOURCE, "no details of %s", value);
    }
    snprintf(text, sizeof(text), "%s%s", value, s->name);
    spile_item_set_text(item, "v", text);
    status = spile_emit_item(out, item, err);
    atomic_fetch_sub(&s->inside, 1);
    return status;
}

static struct spile_source *source_of(const struct spile_source_options *options)
{
    struct spile_source *source;

    assert_int_equal(spile_source_new(&source, "test", options, NULL), SPILE_OK);
    return source;
}

static void add(struct spile_source *source, const char *name, const struct spile_resource_options *options)
{
    struct spile_error err = { 0 };

    if (spile_source_add(source, name, options, &err))
        fail_msg("%s: %s", name, err.message);
}

/* ---- order ------------------------------------------------------------------------------------------------------------------------- */

static void resources_take_turns(void **state)
{
    for (int fifo = 0; fifo <= 1; fifo++) {
        struct series a = { .name = "a", .count = 3 }, b = { .name = "b", .count = 2 }, c = { .name = "c", .count = 4 };
        struct spile_source *source = source_of(SPILE_SOURCE_OPTIONS(.fifo = fifo));

        (void)state;
        add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a));
        add(source, "b", SPILE_RESOURCE(.generate = series, .user = &b));
        add(source, "c", SPILE_RESOURCE(.generate = series, .user = &c));
        check_run(fifo ? "fifo" : "in turn", source, fifo ? "a0 a1 a2 b0 b1 c0 c1 c2 c3" : "a0 b0 c0 a1 b1 c1 a2 c2 c3");
        spile_source_free(source);
    }
}

static void transformers_follow_their_items(void **state)
{
    struct series a = { .name = "a", .count = 2 }, x = { .name = "x" }, y = { .name = "y" };
    struct spile_source *source = source_of(NULL);

    (void)state;
    add(source, "y", SPILE_RESOURCE(.transform = suffix, .from = "x", .user = &y)); /* declared before what feeds it */
    add(source, "x", SPILE_RESOURCE(.transform = suffix, .from = "a", .user = &x));
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a));
    check_run("a chain", source, "a0 a0x a0xy a1 a1x a1xy");
    a.next = 0;
    assert_int_equal(spile_source_select(source, "y", NULL), SPILE_OK);
    check_run("only the last", source, "a0xy a1xy");
    assert_int_equal(a.next, 2); /* drawn once */
    a.next = 0;
    assert_int_equal(spile_source_select(source, "a", NULL), SPILE_OK);
    check_run("only the first", source, "a0 a1");
    spile_source_free(source);
}

static void one_resource_feeds_several(void **state)
{
    struct series a = { .name = "a", .count = 3, .at_once = true }, x = { .name = "x" }, y = { .name = "y" };
    struct spile_source *source = source_of(NULL);

    (void)state;
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a, .hidden = true));
    add(source, "x", SPILE_RESOURCE(.transform = suffix, .from = "a", .user = &x));
    add(source, "y", SPILE_RESOURCE(.transform = suffix, .from = "a", .user = &y));
    check_run("two transformers", source, "a0x a0y a1x a1y a2x a2y");
    assert_int_equal(atomic_load(&a.calls), 1);
    spile_source_free(source);
}

/* ---- steps and limits --------------------------------------------------------------------------------------------------------------- */

static bool is_odd(const struct spile_item *item, void *user)
{
    (void)user;
    return atoi(spile_item_text(item, "v", NULL) + 1) % 2;
}

static enum spile_status twice(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    const char *json = spile_item_json(item, "", NULL);

    (void)user;
    return spile_emit_json(out, json, 0, err) ? err->status : spile_emit_json(out, json, 0, err);
}

static char marks[2][2] = { "!", "?" };

static enum spile_status mark(struct spile_item *item, void *user, struct spile_error *err)
{
    char text[64];

    (void)err;
    snprintf(text, sizeof(text), "%s%s", spile_item_text(item, "v", NULL), (const char *)user);
    spile_item_set_text(item, "v", text);
    return SPILE_OK;
}

static void steps_run_in_their_places(void **state)
{
    struct series a = { .name = "a", .count = 4 };
    struct spile_source *source = source_of(NULL);

    (void)state;
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a));
    assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.map = mark, .user = marks[0]), NULL), SPILE_OK);
    assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.flat_map = twice), NULL), SPILE_OK);
    assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.map = mark, .user = marks[1]), NULL), SPILE_OK);
    assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.filter = is_odd, .before = 1), NULL), SPILE_OK);
    check_run("steps", source, "a1!? a1!? a3!? a3!?");
    spile_source_free(source);
}

/* Emits several items with the same "k", each in a page of its own. */
static enum spile_status letters(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    enum spile_status status = SPILE_OK;
    char json[] = "{\"k\": 1, \"v\": \"a\"}";

    (void)item;
    (void)user;
    for (char letter = 'a'; !status && letter <= 'e'; letter++) {
        json[sizeof(json) - 4] = letter;
        status = spile_emit_json(out, json, 0, err);
    }
    return status;
}

/* At the end of a page the cursor looks at its items again, those that a flat map has emitted, too: the next run knows them. */
static void a_flat_maps_items_outlive_its_emissions(void **state)
{
    static const char *const wants[] = { "a b c d e", "" };
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);

    (void)state;
    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    for (int i = 0; i < 2; i++) {
        struct series a = { .name = "a", .count = 1 };
        struct spile_source *source = source_of(NULL);
        struct sink sink = { 0 };

        add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a, .incremental.cursor = "k"));
        assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.flat_map = letters), NULL), SPILE_OK);
        assert_int_equal(run_with(doc, source, &sink, NULL), SPILE_OK);
        assert_string_equal(sink.text.text ? sink.text.text : "", wants[i]);
        text_release(&sink.text);
        spile_source_free(source);
    }
    yyjson_mut_doc_free(doc);
}

static enum spile_status change_some(struct spile_item *item, void *user, struct spile_error *err)
{
    int64_t number = spile_item_integer(item, "n", 0);

    (void)user;
    (void)err;
    if (number % 3 == 1)
        spile_item_set_text(item, "v", "in place, with a longer text");
    if (number % 3 == 2)
        spile_item_set_integer(item, "new", number);
    return SPILE_OK;
}

static bool is_small(const struct spile_item *item, void *user)
{
    return spile_item_integer(item, "n", 0) < *(int *)user;
}

static enum spile_status emit_numbers(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct text json = { 0 };
    enum spile_status status;

    for (int i = 0; i < *(int *)user; i++)
        text_printf(&json, "{\"n\": %d, \"v\": \"%d\"}\n", i, i);
    status = spile_emit_json(out, json.text, json.length, err);
    text_release(&json);
    return status;
}

/* Items that steps leave as they are, change in place and open are loaded in their order, from a page that is given away and from one that is copied. */
static void steps_change_some_of_a_page(void **state)
{
    static int count = 2000, kept[] = { 2000, 1500, 20 };

    (void)state;
    for (size_t i = 0; i < COUNT(kept); i++) {
        struct spile_source *source = source_of(NULL);
        struct text want = { 0 };

        for (int n = 0; n < kept[i]; n++)
            if (n % 3 == 1)
                text_puts(&want, " in place, with a longer text");
            else
                text_printf(&want, "%s%d", n ? " " : "", n);
        add(source, "a", SPILE_RESOURCE(.generate = emit_numbers, .user = &count));
        assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.map = change_some), NULL), SPILE_OK);
        assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.filter = is_small, .user = &kept[i]), NULL), SPILE_OK);
        check_run("changed", source, want.text);
        text_release(&want);
        spile_source_free(source);
    }
}

/* A limit, and what comes of pages with one item each. */
static void limits_end_a_resource(void **state)
{
    static const struct {
        struct spile_limit limit;
        bool at_once;
        const char *want;
    } limits[] = {
        { { .pages = 2 }, false, "a0 a1" },
        { { .pages = 2 }, true, "a0 a1" },
        { { .items = 3 }, true, "a0 a1 a2" },
        { { .pages = 100 }, false, "a0 a1 a2 a3 a4 a5" },
        { { .seconds = 1e-9 }, true, "a0" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct series a = { .name = "a", .count = 6, .at_once = limits[i].at_once };
        struct spile_source *source = source_of(NULL);

        add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a, .close = closed, .limit = limits[i].limit));
        check_run("limit", source, limits[i].want);
        assert_int_equal(atomic_load(&a.closed), 1);
        spile_source_free(source);
    }
}

static void tables_by_emission_and_by_item(void **state)
{
    struct spile_source *source = source_of(NULL);
    const char *data = "[{\"v\": \"1\", \"k\": \"one\"}, {\"v\": \"2\"}, {\"v\": \"3\", \"k\": 3}]";

    (void)state;
    add(source, "t", SPILE_RESOURCE(.data = spile_json(data), .table_by = "k"));
    check_run("by item", source, "one:1 2 3");
    spile_source_free(source);
}

/* ---- parallel ----------------------------------------------------------------------------------------------------------------------- */

static void parallel_transformers_keep_the_order(void **state)
{
    struct series a = { .name = "a", .count = 40, .at_once = true }, x = { .name = "x", .sleep_us = 500 }, y = { .name = "y", .sleep_us = 200 };
    struct text want = { 0 };
    struct spile_source *source = source_of(SPILE_SOURCE_OPTIONS(.workers = 4));

    (void)state;
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a, .hidden = true, .parallel = true));
    add(source, "x", SPILE_RESOURCE(.transform = suffix, .from = "a", .user = &x, .parallel = true, .hidden = true));
    add(source, "y", SPILE_RESOURCE(.transform = suffix, .from = "x", .user = &y, .parallel = true));
    for (int i = 0; i < 40; i++)
        text_printf(&want, "%sa%dxy", i ? " " : "", i);
    check_run("parallel", source, want.text);
    assert_in_range(atomic_load(&x.most_inside), 2, 4); /* several at once, on four threads */
    text_release(&want);
    spile_source_free(source);
}

/* Emits the item, and when it is called again the item with "x". */
static enum spile_status in_two_calls(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    const char *value = spile_item_text(item, "v", NULL);
    bool second = spile_item_bool(item, "seen", false);
    char json[64];

    (void)user;
    snprintf(json, sizeof(json), "{\"v\": \"%s%s\"}", value, second ? "x" : "");
    spile_item_set_bool(item, "seen", true);
    if (!second)
        spile_again(out);
    return spile_emit_json(out, json, 0, err);
}

static void a_transformer_called_again_keeps_its_place(void **state)
{
    (void)state;
    for (int parallel = 0; parallel <= 1; parallel++) {
        struct series a = { .name = "a", .count = 3 };
        struct spile_source *source = source_of(NULL);

        add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a, .hidden = true));
        add(source, "x", SPILE_RESOURCE(.transform = in_two_calls, .from = "a", .parallel = parallel));
        check_run("in two calls", source, "a0 a0x a1 a1x a2 a2x");
        spile_source_free(source);
    }
}

static void unordered_ones_lose_nothing(void **state)
{
    struct series a = { .name = "a", .count = 100, .at_once = true }, x = { .name = "x", .sleep_us = 100 };
    struct spile_source *source = source_of(NULL);
    struct sink sink = { 0 };

    (void)state;
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a, .hidden = true));
    add(source, "x", SPILE_RESOURCE(.transform = suffix, .from = "a", .user = &x, .parallel = true, .unordered = true));
    assert_int_equal(run(source, &sink, NULL), SPILE_OK);
    assert_int_equal(sink.items, 100);
    for (int i = 0; i < 100; i++) {
        char word[16];

        snprintf(word, sizeof(word), "a%dx", i);
        assert_non_null(strstr(sink.text.text, word));
    }
    text_release(&sink.text);
    spile_source_free(source);
}

static void a_slow_one_does_not_stop_the_others(void **state)
{
    struct series slow = { .name = "s", .count = 2, .sleep_us = 150000 }, fast = { .name = "f", .count = 5, .sleep_us = 100 };
    struct spile_source *source = source_of(NULL);

    (void)state;
    add(source, "slow", SPILE_RESOURCE(.generate = series, .user = &slow, .parallel = true));
    add(source, "fast", SPILE_RESOURCE(.generate = series, .user = &fast, .parallel = true));
    check_run("slow and fast", source, "f0 f1 f2 f3 f4 s0 s1");
    spile_source_free(source);
}

/* A generator may not run ahead of the engine by more than a queue's bytes. */
struct flood {
    _Atomic int emitted;
    int taken, most_ahead;
};

static enum spile_status flood(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct flood *f = user;

    for (int i = 0; i < 2000; i++) {
        if (spile_emit_json(out, "[{\"v\": \"0123456789012345678901234567890123456789\"}]", 0, err))
            return err->status;
        atomic_fetch_add(&f->emitted, 1);
    }
    return SPILE_OK;
}

static bool slowly(const struct spile_item *item, void *user)
{
    struct flood *f = user;
    int ahead = atomic_load(&f->emitted) - f->taken++;

    (void)item;
    if (ahead > f->most_ahead)
        f->most_ahead = ahead;
    nap(10);
    return true;
}

static void a_generator_is_held_back(void **state)
{
    struct flood f = { 0 };
    struct sink sink = { 0 };
    struct spile_source *source = source_of(SPILE_SOURCE_OPTIONS(.queue_bytes = 1000));

    (void)state;
    add(source, "a", SPILE_RESOURCE(.generate = flood, .user = &f, .parallel = true));
    assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.filter = slowly, .user = &f), NULL), SPILE_OK);
    assert_int_equal(run(source, &sink, NULL), SPILE_OK);
    assert_int_equal(sink.items, 2000);
    assert_in_range(f.most_ahead, 1, 60); /* a page takes about 100 bytes; those being taken are not in the queue */
    text_release(&sink.text);
    spile_source_free(source);
}

/* ---- Arrow batches ------------------------------------------------------------------------------------------------------------------- */

/* Texts "p" and "q" in a column "v". */
static void fill_stream(struct ArrowArrayStream *stream)
{
    struct ArrowSchema schema;
    struct ArrowArray array;

    ArrowSchemaInit(&schema);
    assert_int_equal(ArrowSchemaSetTypeStruct(&schema, 1), 0);
    assert_int_equal(ArrowSchemaSetType(schema.children[0], NANOARROW_TYPE_STRING), 0);
    assert_int_equal(ArrowSchemaSetName(schema.children[0], "v"), 0);
    assert_int_equal(ArrowArrayInitFromSchema(&array, &schema, NULL), 0);
    assert_int_equal(ArrowArrayStartAppending(&array), 0);
    for (const char *letter = "pq"; *letter; letter++) {
        assert_int_equal(ArrowArrayAppendString(array.children[0], (struct ArrowStringView){ letter, 1 }), 0);
        assert_int_equal(ArrowArrayFinishElement(&array), 0);
    }
    assert_int_equal(ArrowArrayFinishBuildingDefault(&array, NULL), 0);
    assert_int_equal(ArrowBasicArrayStreamInit(stream, &schema, 1), 0);
    ArrowBasicArrayStreamSetArray(stream, 0, &array);
}

static enum spile_status generate_rows(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct ArrowArrayStream stream;

    (void)user;
    fill_stream(&stream);
    return spile_emit_arrow(out, &stream, err);
}

static enum spile_status flat_rows(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    (void)item;
    return generate_rows(out, user, err);
}

static enum spile_status transform_to_rows(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    return flat_rows(item, out, user, err);
}

/* Wherever rows are emitted and somebody looks at them one by one, they are items. */
static void rows_are_items_where_they_are_looked_at(void **state)
{
    struct series a = { .name = "a", .count = 2, .at_once = true }, x = { .name = "x" };
    struct spile_source *source = source_of(NULL);

    (void)state;
    add(source, "r", SPILE_RESOURCE(.generate = generate_rows, .hidden = true));
    add(source, "x", SPILE_RESOURCE(.transform = suffix, .from = "r", .user = &x));
    check_run("rows into a transformer", source, "px qx");
    spile_source_free(source);
    source = source_of(NULL);
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a));
    assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.flat_map = flat_rows), NULL), SPILE_OK);
    check_run("rows out of a flat map", source, "p q p q");
    spile_source_free(source);
    a.next = 0;
    source = source_of(NULL);
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a, .hidden = true));
    add(source, "t", SPILE_RESOURCE(.transform = transform_to_rows, .from = "a", .hidden = true));
    add(source, "x", SPILE_RESOURCE(.transform = suffix, .from = "t", .user = &x));
    check_run("rows out of a transformer", source, "px qx px qx");
    spile_source_free(source);
}

/* ---- deferred items ------------------------------------------------------------------------------------------------------------------ */

/* Defers "<number>a" and "<number>b", in a page each, for numbers from 0 up; later ones are made faster. */
struct deferring {
    int count, next;
    int fail_at, nap_us; /* fail_at: the number at which `make` fails; < 0: none */
    _Atomic int inside, most_inside, made, released;
};

struct task {
    struct deferring *of;
    int number;
};

static enum spile_status make(struct spile_emitter *out, void *user, struct spile_error *err)
{
    const struct task *task = user;
    struct deferring *d = task->of;
    int inside = atomic_fetch_add(&d->inside, 1) + 1, most = atomic_load(&d->most_inside);
    enum spile_status status = SPILE_OK;
    char json[64];

    while (inside > most && !atomic_compare_exchange_weak(&d->most_inside, &most, inside))
        ;
    nap(d->nap_us * (5 - task->number % 5));
    if (task->number == d->fail_at)
        status = spile_fail(err, SPILE_SOURCE, "number %d is missing", task->number);
    for (const char *letter = "ab"; !status && *letter; letter++) {
        snprintf(json, sizeof(json), "[{\"v\": \"%d%c\"}]", task->number, *letter);
        status = spile_emit_json(out, json, 0, err);
    }
    atomic_fetch_add(&d->made, 1);
    atomic_fetch_sub(&d->inside, 1);
    return status;
}

static void release_task(void *user)
{
    atomic_fetch_add(&((struct task *)user)->of->released, 1);
    free(user);
}

static enum spile_status defer_one(struct spile_emitter *out, struct deferring *d, struct spile_error *err)
{
    struct task *task = malloc(sizeof(*task));

    *task = (struct task){ d, d->next++ };
    return spile_emit_deferred(out, SPILE_DEFERRED(.make = make, .user = task, .release = release_task), err);
}

static enum spile_status defer_all(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct deferring *d = user;
    enum spile_status status = SPILE_OK;

    while (!status && d->next < d->count)
        status = defer_one(out, d, err);
    return status;
}

static enum spile_status defer_one_a_call(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct deferring *d = user;
    enum spile_status status = defer_one(out, d, err);

    if (d->next < d->count)
        spile_again(out);
    return status;
}

static void deferred_items_keep_their_order(void **state)
{
    struct text want = { 0 };

    (void)state;
    for (int i = 0; i < 40; i++)
        text_printf(&want, "%s%da %db", i ? " " : "", i, i);
    for (int kind = 0; kind < 4; kind++) {
        struct deferring d = { .count = 40, .fail_at = -1, .nap_us = 300 };
        struct spile_source *source = source_of(SPILE_SOURCE_OPTIONS(.workers = 4, .parallel_items = 6));

        add(source, "t", SPILE_RESOURCE(.generate = kind & 1 ? defer_all : defer_one_a_call, .user = &d, .parallel = kind & 2));
        check_run("deferred", source, want.text);
        assert_in_range(atomic_load(&d.most_inside), 2, 4); /* several at once, on four threads */
        assert_int_equal(atomic_load(&d.released), 40);
        spile_source_free(source);
    }
    text_release(&want);
}

/* Steps and transformers see them as any other item; what is emitted at once comes first. */
static enum spile_status defer_and_emit(struct spile_emitter *out, void *user, struct spile_error *err)
{
    enum spile_status status = defer_one(out, user, err);

    return status ? status : spile_emit_json(out, "[{\"v\": \"now\"}]", 0, err);
}

static void deferred_items_go_the_usual_way(void **state)
{
    struct deferring d = { .count = 1, .fail_at = -1, .nap_us = 2000 };
    struct series x = { .name = "x" };
    struct spile_source *source = source_of(NULL);

    (void)state;
    add(source, "t", SPILE_RESOURCE(.generate = defer_and_emit, .user = &d, .hidden = true));
    add(source, "x", SPILE_RESOURCE(.transform = suffix, .from = "t", .user = &x));
    check_run("deferred", source, "nowx 0ax 0bx");
    spile_source_free(source);
}

static void unordered_deferred_items_lose_nothing(void **state)
{
    struct deferring d = { .count = 50, .fail_at = -1, .nap_us = 100 };
    struct spile_source *source = source_of(NULL);
    struct sink sink = { 0 };

    (void)state;
    add(source, "t", SPILE_RESOURCE(.generate = defer_all, .user = &d, .unordered = true));
    assert_int_equal(run(source, &sink, NULL), SPILE_OK);
    assert_int_equal(sink.items, 100);
    text_release(&sink.text);
    spile_source_free(source);
}

/* Each `user` is released once, whatever ends the run: a failure, a limit, a cancellation. */
static void deferred_items_end_with_the_run(void **state)
{
    static const struct {
        int fail_at;
        uint64_t items;
        size_t stop_after;
        bool cancel;
        enum spile_status status;
    } cases[] = {
        { .fail_at = 7, .status = SPILE_SOURCE },
        { .fail_at = -1, .items = 5, .status = SPILE_OK },
        { .fail_at = -1, .stop_after = 5, .status = SPILE_CANCELLED },
        { .fail_at = -1, .stop_after = 5, .cancel = true, .status = SPILE_CANCELLED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        for (int kind = 0; kind < 4; kind++) {
            struct deferring d = { .count = 1000, .fail_at = cases[i].fail_at, .nap_us = 50 };
            struct spile_source *source = source_of(NULL);
            struct sink sink = { .stop_after = cases[i].stop_after, .cancel = cases[i].cancel };
            struct spile_error err = { 0 };

            add(source, "t", SPILE_RESOURCE(.generate = kind & 1 ? defer_all : defer_one_a_call, .user = &d, .parallel = kind & 2, .limit.items = cases[i].items));
            assert_int_equal(run(source, &sink, &err), cases[i].status);
            if (cases[i].fail_at >= 0) {
                assert_string_equal(err.message, "number 7 is missing");
                assert_non_null(strstr(err.where, "resource \"t\""));
            }
            assert_int_equal(atomic_load(&d.released), d.next);
            assert_in_range(d.next, 3, 999); /* it was stopped, too */
            text_release(&sink.text);
            spile_source_free(source);
        }
}

static enum spile_status defer_in_flat_map(struct spile_item *item, struct spile_emitter *out, void *user, struct spile_error *err)
{
    (void)item;
    return defer_one(out, user, err);
}

static void what_can_not_be_deferred(void **state)
{
    struct series a = { .name = "a", .count = 1 };
    struct deferring d = { 0 };
    struct spile_source *source = source_of(NULL);
    struct sink sink = { 0 };
    struct spile_error err = { 0 };

    (void)state;
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a));
    assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.flat_map = defer_in_flat_map, .user = &d), NULL), SPILE_OK);
    assert_int_equal(run(source, &sink, &err), SPILE_USAGE);
    assert_non_null(strstr(err.message, "flat map"));
    assert_int_equal(atomic_load(&d.released), 1);
    text_release(&sink.text);
    spile_source_free(source);
}

/* ---- waiting ------------------------------------------------------------------------------------------------------------------------ */

/* Reads numbers from a pipe, whenever there is one. */
struct endpoint {
    int fd, left;
};

static enum spile_status from_pipe(struct spile_emitter *out, void *user, struct spile_error *err)
{
    struct endpoint *e = user;
    char byte, json[64];

    if (read(e->fd, &byte, 1) == 1) {
        e->left--;
        snprintf(json, sizeof(json), "{\"v\": \"%d\"}", byte);
        if (spile_emit_json(out, json, 0, err))
            return err->status;
    }
    if (e->left)
        spile_again_readable(out, e->fd, -1);
    return SPILE_OK;
}

#define ENDPOINTS 200

static void *feed(void *argument)
{
    int *fds = argument;

    for (int round = 0; round < 3; round++)
        for (int i = ENDPOINTS - 1; i >= 0; i--) {
            assert_int_equal(write(fds[i], &(char){ (char)round }, 1), 1);
            if (i % 50 == 0)
                nap(1000);
        }
    return NULL;
}

static void one_thread_draws_from_hundreds(void **state)
{
    static struct endpoint endpoints[ENDPOINTS];
    static int writers[ENDPOINTS];
    struct spile_source *source = source_of(NULL);
    struct sink sink = { 0 };
    pthread_t feeder;

    (void)state;
    for (int i = 0; i < ENDPOINTS; i++) {
        int fds[2];
        char name[16];

        assert_int_equal(pipe(fds), 0);
        endpoints[i] = (struct endpoint){ fds[0], 3 };
        writers[i] = fds[1];
        snprintf(name, sizeof(name), "e%d", i);
        add(source, name, SPILE_RESOURCE(.generate = from_pipe, .user = &endpoints[i]));
        assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    }
    assert_int_equal(pthread_create(&feeder, NULL, feed, writers), 0);
    assert_int_equal(run(source, &sink, NULL), SPILE_OK);
    pthread_join(feeder, NULL);
    assert_int_equal(sink.items, 3 * ENDPOINTS);
    for (int i = 0; i < ENDPOINTS; i++) {
        close(writers[i]);
        close(endpoints[i].fd);
    }
    text_release(&sink.text);
    spile_source_free(source);
}

static void timers_come_in_their_order(void **state)
{
    struct series a = { .name = "a", .count = 2, .again_ms = 300 }, b = { .name = "b", .count = 3, .again_ms = 20 };
    struct spile_source *source = source_of(NULL);

    (void)state;
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a));
    add(source, "b", SPILE_RESOURCE(.generate = series, .user = &b));
    check_run("timers", source, "a0 b0 b1 b2 a1");
    spile_source_free(source);
}

/* ---- ends ---------------------------------------------------------------------------------------------------------------------------- */

/* Which resource fails at which call, in parallel or not; the others would go on for ever. */
static void a_failure_stops_the_rest(void **state)
{
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        bool parallel = kind & 1, others_parallel = kind & 2, in_transformer = kind & 4;
        struct series bad = { .name = "a", .count = 1 << 30, .fail_at = in_transformer ? 0 : 5, .at_once = parallel }, x = { .name = "x", .fail_at = in_transformer ? 5 : 0 };
        struct series endless = { .name = "e", .count = 1 << 30, .at_once = others_parallel, .sleep_us = others_parallel ? 100 : 0 };
        struct spile_source *source = source_of(NULL);
        struct sink sink = { 0 };
        struct spile_error err = { 0 };

        add(source, "bad", SPILE_RESOURCE(.generate = series, .user = &bad, .close = closed, .parallel = parallel));
        add(source, "x", SPILE_RESOURCE(.transform = suffix, .from = "bad", .user = &x, .close = closed, .parallel = parallel));
        add(source, "endless", SPILE_RESOURCE(.generate = series, .user = &endless, .close = closed, .parallel = others_parallel));
        assert_int_equal(run(source, &sink, &err), SPILE_SOURCE);
        if (!strstr(err.message, in_transformer ? "no details of a" : "page 5 is missing")) /* of which item: the fifth that came about */
            fail_msg("kind %d: message \"%s\"", kind, err.message);
        if (!strstr(err.where, in_transformer ? "resource \"x\"" : "resource \"bad\", after item 4"))
            fail_msg("kind %d: where \"%s\"", kind, err.where);
        assert_int_equal(atomic_load(&bad.closed), 1);
        assert_int_equal(atomic_load(&x.closed), atomic_load(&x.most_inside) > 0); /* those that were called */
        assert_int_equal(atomic_load(&endless.closed), atomic_load(&endless.calls) > 0);
        text_release(&sink.text);
        spile_source_free(source);
    }
}

static void a_run_is_cancelled(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        bool parallel = kind & 1, by_user = kind & 2;
        struct series endless = { .name = "e", .count = 1 << 30, .at_once = true };
        struct spile_source *source = source_of(NULL);
        struct sink sink = { .stop_after = 5, .cancel = by_user };
        struct spile_error err = { 0 };

        add(source, "e", SPILE_RESOURCE(.generate = series, .user = &endless, .close = closed, .parallel = parallel));
        assert_int_equal(run(source, &sink, &err), SPILE_CANCELLED);
        assert_string_equal(err.message, by_user ? "cancelled" : "enough");
        assert_int_equal(atomic_load(&endless.closed), 1);
        text_release(&sink.text);
        spile_source_free(source);
    }
}

static enum spile_status bare_failure(struct spile_emitter *out, void *user, struct spile_error *err)
{
    (void)user;
    (void)err;
    return spile_emit_json(out, "[{\"v\": ", 0, NULL) ? SPILE_FAILED : SPILE_OK;
}

static enum spile_status bad_map(struct spile_item *item, void *user, struct spile_error *err)
{
    (void)user;
    if (!strcmp(spile_item_text(item, "v", NULL), "a2"))
        return spile_fail(err, SPILE_SOURCE, "a2 is not wanted");
    spile_item_set_text(item, "v.w", "x");
    return SPILE_OK;
}

static void failures_tell_where(void **state)
{
    struct series a = { .name = "a", .count = 4, .at_once = true };
    struct spile_source *source = source_of(NULL);
    struct sink sink = { 0 };
    struct spile_error err = { 0 };

    (void)state;
    add(source, "a", SPILE_RESOURCE(.generate = bare_failure));
    assert_int_equal(run(source, &sink, &err), SPILE_FAILED);
    assert_string_equal(err.message, "the function of the resource failed");
    assert_string_equal(err.where, "resource \"a\", after item 0");
    spile_source_free(source);

    source = source_of(NULL);
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a));
    assert_int_equal(spile_source_step(source, "a", SPILE_STEP(.map = bad_map), NULL), SPILE_OK);
    assert_int_equal(run(source, &sink, &err), SPILE_USAGE);
    assert_string_equal(err.message, "can't set \"v.w\" of an item: what is there is no object");
    assert_string_equal(err.where, "step 1 (map), item 1 of resource \"a\"");
    spile_source_free(source);
    text_release(&sink.text);
}

/* ---- declarations -------------------------------------------------------------------------------------------------------------------- */

static void sources_are_checked(void **state)
{
    struct spile_source *source = source_of(NULL);
    struct series a = { .name = "a", .count = 1 };
    struct spile_error err = { 0 };
    const char *text;

    (void)state;
    add(source, "a", SPILE_RESOURCE(.generate = series, .user = &a));
    assert_int_equal(spile_source_add(source, "a", SPILE_RESOURCE(.generate = series), &err), SPILE_USAGE);
    assert_string_equal(err.message, "source \"test\" has a resource \"a\" already");
    assert_int_equal(spile_source_add(source, "b", SPILE_RESOURCE(.user = &a), &err), SPILE_USAGE);
    assert_string_equal(err.message, "resource \"b\" has no origin");
    assert_int_equal(spile_source_add(source, "b", SPILE_RESOURCE(.generate = series, .transform = suffix), &err), SPILE_USAGE);
    assert_int_equal(spile_source_add(source, "b", SPILE_RESOURCE(.generate = series, .from = "a"), &err), SPILE_USAGE);
    assert_int_equal(spile_source_add(source, "b", SPILE_RESOURCE(.generate = series, .table_by = "k", .primary_key = "id"), &err), SPILE_USAGE);
    assert_int_equal(spile_source_add(source, "x,y", SPILE_RESOURCE(.generate = series), &err), SPILE_USAGE);
    assert_int_equal(spile_source_step(source, "A", SPILE_STEP(.filter = is_odd), &err), SPILE_USAGE);
    assert_string_equal(err.hint, "did you mean \"a\"?");
    assert_int_equal(spile_source_select(source, "a, other", &err), SPILE_USAGE);
    assert_int_equal(spile_source_pipe(source, "a | a", &err), SPILE_USAGE);
    add(source, "x", SPILE_RESOURCE(.transform = suffix, .from = "y"));
    assert_int_equal(spile_source_describe(source, SPILE_GRAPH_JSON, &text, &err), SPILE_USAGE);
    assert_string_equal(err.message, "resource \"x\" is fed by \"y\", which source \"test\" does not have");
    add(source, "y", SPILE_RESOURCE(.transform = suffix, .from = "x"));
    assert_int_equal(spile_source_describe(source, SPILE_GRAPH_JSON, &text, &err), SPILE_USAGE);
    assert_string_equal(err.message, "resource \"x\" feeds itself: x <- y <- x");
    assert_int_equal(spile_source_pipe(source, "a | x | y", &err), SPILE_OK);
    assert_int_equal(spile_source_rename(source, "x", "z", &err), SPILE_OK);
    assert_int_equal(spile_source_describe(source, SPILE_GRAPH_JSON, &text, &err), SPILE_OK);
    assert_non_null(strstr(text, "\"from\": \"z\""));
    add(source, "lost", SPILE_RESOURCE(.transform = suffix));
    assert_int_equal(spile_source_describe(source, SPILE_GRAPH_JSON, &text, &err), SPILE_USAGE);
    assert_string_equal(err.message, "transformer \"lost\" is fed by nothing");
    spile_source_free(source);
}

static void a_clone_is_a_source_of_its_own(void **state)
{
    struct series a = { .name = "a", .count = 2 }, b = { .name = "b", .count = 2 };
    struct spile_source *source = source_of(NULL), *clone;

    (void)state;
    add(source, "s", SPILE_RESOURCE(.generate = series, .user = &a));
    assert_int_equal(spile_source_step(source, "s", SPILE_STEP(.map = mark, .user = marks[0]), NULL), SPILE_OK);
    assert_int_equal(spile_source_clone(&clone, source, "other", NULL), SPILE_OK);
    assert_int_equal(spile_source_bind(clone, "s", &b, NULL), SPILE_OK);
    assert_int_equal(spile_source_step(clone, "s", SPILE_STEP(.map = mark, .user = marks[1]), NULL), SPILE_OK);
    check_run("the first", source, "a0! a1!");
    spile_source_free(source);
    check_run("the clone", clone, "b0!? b1!?");
    spile_source_free(clone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_take_turns),
        cmocka_unit_test(transformers_follow_their_items),
        cmocka_unit_test(one_resource_feeds_several),
        cmocka_unit_test(steps_run_in_their_places),
        cmocka_unit_test(a_flat_maps_items_outlive_its_emissions),
        cmocka_unit_test(steps_change_some_of_a_page),
        cmocka_unit_test(limits_end_a_resource),
        cmocka_unit_test(tables_by_emission_and_by_item),
        cmocka_unit_test(parallel_transformers_keep_the_order),
        cmocka_unit_test(rows_are_items_where_they_are_looked_at),
        cmocka_unit_test(deferred_items_keep_their_order),
        cmocka_unit_test(deferred_items_go_the_usual_way),
        cmocka_unit_test(unordered_deferred_items_lose_nothing),
        cmocka_unit_test(deferred_items_end_with_the_run),
        cmocka_unit_test(what_can_not_be_deferred),
        cmocka_unit_test(a_transformer_called_again_keeps_its_place),
        cmocka_unit_test(unordered_ones_lose_nothing),
        cmocka_unit_test(a_slow_one_does_not_stop_the_others),
        cmocka_unit_test(a_generator_is_held_back),
        cmocka_unit_test(one_thread_draws_from_hundreds),
        cmocka_unit_test(timers_come_in_their_order),
        cmocka_unit_test(a_failure_stops_the_rest),
        cmocka_unit_test(a_run_is_cancelled),
        cmocka_unit_test(failures_tell_where),
        cmocka_unit_test(sources_are_checked),
        cmocka_unit_test(a_clone_is_a_source_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
