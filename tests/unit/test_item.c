/* Items in the making: paths, setters, getters, steps. Expected values follow from what the calls say they do; hashes are those of Python's hashlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "extract/item.h"
#include "extract/step.h"
#include "schema/coerce.h"
#include "json_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* As it was parsed, or open. */
static struct spile_item *item_in_form(const char *json, bool open)
{
    struct spile_item *item;
    char *text = quoted(json);
    yyjson_doc *doc = json_text_parse(text, strlen(text));

    assert_int_equal(spile_item_new(&item, NULL), SPILE_OK);
    assert_non_null(doc);
    assert_true(item_load(item, (struct document){ yyjson_doc_get_root(doc) }));
    assert_true(!open || item_open(item));
    yyjson_doc_free(doc);
    free(text);
    return item;
}

static struct spile_item *item_of(const char *json)
{
    return item_in_form(json, false);
}

static void check_json(const char *what, struct spile_item *item, const char *want)
{
    char *text = quoted(want);
    const char *got = spile_item_json(item, "", NULL);

    if (!got || strcmp(got, text))
        fail_msg("%s: got %s, want %s", what, got, text);
    free(text);
}

/* ---- setting --------------------------------------------------------------------------------------------------------------------- */

/* An item, a path, the JSON that is put there, and the item after. */
static const struct {
    const char *before, *path, *json, *after;
} settings[] = {
    { "{}", "a", "1", "{'a':1}" },
    { "{'a':1,'b':2}", "a", "'x'", "{'a':'x','b':2}" },
    { "{}", "a.b.c", "1", "{'a':{'b':{'c':1}}}" },
    { "{'a':null}", "a.b", "1", "{'a':{'b':1}}" },
    { "{}", "l[]", "1", "{'l':[1]}" },
    { "{'l':[1]}", "l[]", "2", "{'l':[1,2]}" },
    { "{'l':[1]}", "l[1]", "2", "{'l':[1,2]}" },
    { "{'l':[1,2]}", "l[0]", "3", "{'l':[3,2]}" },
    { "{'l':[1,2]}", "l[-1]", "3", "{'l':[1,3]}" },
    { "{}", "l[].x", "1", "{'l':[{'x':1}]}" },
    { "{'l':[{'x':1}]}", "l[].x", "2", "{'l':[{'x':1},{'x':2}]}" },
    { "{'l':[{'x':1}]}", "l[-1].y", "2", "{'l':[{'x':1,'y':2}]}" },
    { "{}", "m[][]", "1", "{'m':[[1]]}" },
    { "{}", "[\"a.b\"]", "1", "{'a.b':1}" },
    { "{}", "a[\"b c\"].d", "1", "{'a':{'b c':{'d':1}}}" },
    { "{'a':1}", "", "[1,2]", "[1,2]" },
    { "[1]", "[]", "2", "[1,2]" },
    { "{}", "[]", "1", "[1]" },
    { "{}", "[0].a", "1", "[{'a':1}]" },
};

static void values_are_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(settings); i++) {
        const size_t at = i / 2;
        struct spile_item *item = item_in_form(settings[at].before, i % 2);
        char *path = quoted(settings[at].path), *json = quoted(settings[at].json);

        spile_item_set_json(item, path, json);
        assert_int_equal(item_check(item, NULL), SPILE_OK);
        check_json(settings[at].path, item, settings[at].after);
        spile_item_free(item);
        free(path);
        free(json);
    }
}

/* What can't be set, and the words of the failure. */
static const struct {
    const char *before, *path, *words;
} failures[] = {
    { "{'a':1}", "a.b", "what is there is no object" },
    { "{'a':{}}", "a[0]", "what is there is no list" },
    { "{}", "l[2]", "no such element" },
    { "{'l':[1]}", "l[-2]", "no such element" },
    { "{}", "a.", "is no path" },
    { "{}", ".a", "is no path" },
    { "{}", "a..b", "is no path" },
    { "{}", "a[x]", "is no path" },
    { "{}", "a[1", "is no path" },
    { "{}", "a[-0]", "is no path" },
    { "[1]", "a", "the item is no object" },
    { "{'a':1}", "[0]", "the item is no list" },
    { "{}", "[1]", "no such element" },
};

static void what_can_not_be_is_remembered(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(failures); i++) {
        const size_t at = i / 2;
        struct spile_item *item = item_in_form(failures[at].before, i % 2);
        struct spile_error err = { 0 };

        spile_item_set_integer(item, failures[at].path, 5);
        spile_item_set_integer(item, "later", 6); /* the first one counts */
        if (item_check(item, &err) != SPILE_USAGE || !strstr(err.message, failures[at].words))
            fail_msg("\"%s\": got \"%s\", want \"%s\"", failures[at].path, err.message, failures[at].words);
        spile_item_clear(item);
        assert_int_equal(item_check(item, NULL), SPILE_OK);
        spile_item_free(item);
    }
}

static void values_that_are_no_json(void **state)
{
    struct spile_item *item;

    (void)state;
    assert_int_equal(spile_item_new(&item, NULL), SPILE_OK);
    spile_item_set_double(item, "a", NAN);
    assert_int_equal(item_check(item, NULL), SPILE_SOURCE);
    spile_item_clear(item);
    spile_item_set_bytes(item, "a", "\xff", 1);
    assert_int_equal(item_check(item, NULL), SPILE_SOURCE);
    spile_item_clear(item);
    spile_item_set_json(item, "a", "{");
    assert_int_equal(item_check(item, NULL), SPILE_SOURCE);
    spile_item_clear(item);
    for (int depth = 0; depth < 300; depth++) { /* [[[...]]] by and by */
        const char *inner = spile_item_json(item, "", NULL);
        char *outer = malloc(strlen(inner) + 3);

        sprintf(outer, "[%s]", inner);
        spile_item_set_json(item, "", outer);
        free(outer);
    }
    assert_int_equal(item_check(item, NULL), SPILE_SOURCE);
    spile_item_free(item);
}

static void scalars_of_all_kinds(void **state)
{
    struct spile_item *item;
    size_t length;

    (void)state;
    assert_int_equal(spile_item_new(&item, NULL), SPILE_OK);
    spile_item_set_null(item, "n");
    spile_item_set_bool(item, "b", true);
    spile_item_set_integer(item, "i", INT64_MIN);
    spile_item_set_double(item, "d", 1);
    spile_item_set_text(item, "t", "x\"y");
    spile_item_set_text(item, "nt", NULL);
    spile_item_set_bytes(item, "u", "a\0b", 3);
    spile_item_set_json(item, "big", "123456789012345678901234567890");
    assert_string_equal(spile_item_json(item, "", NULL), "{\"n\":null,\"b\":true,\"i\":-9223372036854775808,\"d\":1.0,\"t\":\"x\\\"y\",\"nt\":null,"
                                                         "\"u\":\"a\\u0000b\",\"big\":123456789012345678901234567890}");
    assert_int_equal(spile_item_kind(item, "n"), SPILE_NULL);
    assert_int_equal(spile_item_kind(item, "b"), SPILE_BOOL);
    assert_int_equal(spile_item_kind(item, "i"), SPILE_INTEGER);
    assert_int_equal(spile_item_kind(item, "d"), SPILE_DOUBLE);
    assert_int_equal(spile_item_kind(item, "t"), SPILE_TEXT);
    assert_int_equal(spile_item_kind(item, "big"), SPILE_NUMBER);
    assert_int_equal(spile_item_kind(item, ""), SPILE_OBJECT);
    assert_int_equal(spile_item_kind(item, "none"), SPILE_ABSENT);
    assert_int_equal(spile_item_kind(item, "t.x"), SPILE_ABSENT);
    assert_int_equal(spile_item_kind(item, "bad["), SPILE_ABSENT);
    assert_int_equal(spile_item_count(item, ""), 8);
    assert_int_equal(spile_item_count(item, "t"), 0);
    assert_true(spile_item_bool(item, "b", false));
    assert_true(spile_item_bool(item, "i", true));
    assert_true(spile_item_integer(item, "i", 0) == INT64_MIN);
    assert_true(spile_item_integer(item, "d", 7) == 7);
    assert_true(spile_item_double(item, "d", 0) == 1 && spile_item_double(item, "i", 0) == (double)INT64_MIN);
    assert_null(spile_item_text(item, "i", &length));
    assert_int_equal(length, 0);
    assert_memory_equal(spile_item_text(item, "u", &length), "a\0b", 3);
    assert_int_equal(length, 3);
    assert_null(spile_item_json(item, "none", NULL));
    spile_item_free(item);
}

/* What the values of a builder are to columns, and as JSON. */
static void types_that_json_lacks(void **state)
{
    static const struct {
        const char *number, *want; /* NULL: it is refused */
    } numbers[] = {
        { "12.50", "\"12.50\"" }, { "-0.1", "\"-0.1\"" }, { "1e3", "\"1E+3\"" }, { "1.5E-7", "\"1.5E-7\"" }, { "5", "\"5\"" },
        { "123456789012345678901234567890.5", "\"123456789012345678901234567890.5\"" },
        { "", NULL }, { "x", NULL }, { "1,5", NULL }, { "NaN", NULL }, { "\"1\"", NULL }, { ".5", NULL }, { " 5", NULL },
    };
    static const struct {
        const char *key;
        enum data_type type;
        enum spile_kind kind;
    } types[] = {
        { "d", TYPE_DECIMAL, SPILE_DECIMAL }, { "t", TYPE_TIMESTAMP, SPILE_TIMESTAMP }, { "u", TYPE_TIMESTAMP, SPILE_TIMESTAMP }, { "day", TYPE_DATE, SPILE_DATE },
        { "clock", TYPE_TIME, SPILE_TIME }, { "bytes", TYPE_BINARY, SPILE_BINARY },
    };
    struct spile_item *item;
    struct documents documents = { 0 };
    struct document value;

    (void)state;
    assert_int_equal(spile_item_new(&item, NULL), SPILE_OK);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        spile_item_clear(item);
        spile_item_set_decimal(item, "d", numbers[i].number);
        if (item_check(item, NULL) != (numbers[i].want ? SPILE_OK : SPILE_SOURCE))
            fail_msg("\"%s\"", numbers[i].number);
        if (numbers[i].want)
            assert_string_equal(spile_item_json(item, "d", NULL), numbers[i].want);
    }
    spile_item_clear(item);
    spile_item_set_decimal(item, "d", "12.50");
    spile_item_set_timestamp(item, "t", 1704067200000000);
    spile_item_set_timestamp(item, "u", -1);
    spile_item_set_date(item, "day", 19723);
    spile_item_set_time(item, "clock", 3723500000);
    spile_item_set_binary(item, "bytes", "\xff\0", 2);
    check_json("types", item, "{'d':'12.50','t':'2024-01-01T00:00:00+00:00','u':'1969-12-31T23:59:59.999999+00:00','day':'2024-01-01',"
                              "'clock':'01:02:03.500000','bytes':'/wA='}");
    assert_true(item_add_to(&documents, item));
    for (size_t i = 0; i < COUNT(types); i++) {
        assert_true(document_find(documents.items[0], slice_of(types[i].key), &value));
        assert_int_equal(natural_type(value), types[i].type);
        assert_int_equal(spile_item_kind(item, types[i].key), types[i].kind);
    }
    documents_release(&documents);
    spile_item_free(item);
}

static void values_out_of_range(void **state)
{
    struct spile_item *item;

    (void)state;
    assert_int_equal(spile_item_new(&item, NULL), SPILE_OK);
    for (int i = 0; i < 8; i++) {
        spile_item_clear(item);
        if (i < 4)
            spile_item_set_timestamp(item, "t", (const int64_t[]){ INT64_MAX, INT64_MIN, 253402300800000000, -62135596800000001 }[i]);
        else if (i < 6)
            spile_item_set_date(item, "t", (const int32_t[]){ 2932897, -719163 }[i - 4]);
        else
            spile_item_set_time(item, "t", (const int64_t[]){ -1, 86400000000 }[i - 6]);
        assert_int_equal(item_check(item, NULL), SPILE_SOURCE);
    }
    spile_item_clear(item);
    spile_item_set_timestamp(item, "t", 253402300799999999);
    spile_item_set_timestamp(item, "u", -62135596800000000);
    check_json("edges", item, "{'t':'9999-12-31T23:59:59.999999+00:00','u':'0001-01-01T00:00:00+00:00'}");
    assert_int_equal(item_check(item, NULL), SPILE_OK);
    spile_item_free(item);
}

static void members_are_renamed_and_removed(void **state)
{
    struct spile_item *item = item_of("{'a':1,'b':{'c':2,'d':3},'l':[1,2,3]}");

    (void)state;
    spile_item_rename(item, "a", "x");
    spile_item_rename(item, "b.c", "d"); /* the one that had that key gives way */
    spile_item_rename(item, "none", "y");
    spile_item_rename(item, "x", "x");
    spile_item_remove(item, "l[1]");
    spile_item_remove(item, "none.none");
    spile_item_remove(item, "l[9]");
    check_json("renamed", item, "{'x':1,'b':{'d':2},'l':[1,3]}");
    assert_int_equal(item_check(item, NULL), SPILE_OK);
    spile_item_remove(item, "");
    assert_int_equal(item_check(item, NULL), SPILE_USAGE);
    spile_item_free(item);
}

/* ---- forms ----------------------------------------------------------------------------------------------------------------------- */

/* Both forms of an item tell the same. */
static void forms_are_read_alike(void **state)
{
    static const char json[] = "{'n':null,'b':true,'i':-5,'u':18446744073709551615,'d':1.50,'big':1e999,'t':'x\\u0000y','o':{'p':{'q':[]}},"
                               "'l':[[1,2],{'a':3},4]}";
    static const char *const paths[] = { "",  "n",   "b",   "i",     "u",    "d",       "big",     "t",    "o",    "o.p", "o.p.q",
                                         "l", "l[0]", "l[0][1]", "l[-2].a", "l[-1]", "l[3]", "l[-4]", "l[]", "none", "t.x", "o[0]", "l.a", "bad[" };
    struct spile_item *parsed = item_of(json), *open = item_in_form(json, true);

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        const char *one = spile_item_json(parsed, paths[i], NULL), *other = spile_item_json(open, paths[i], NULL);
        size_t length[2];

        if ((one || other) && strcmp(one ? one : "none", other ? other : "none"))
            fail_msg("\"%s\": %s and %s", paths[i], one, other);
        assert_int_equal(spile_item_kind(parsed, paths[i]), spile_item_kind(open, paths[i]));
        assert_int_equal(spile_item_count(parsed, paths[i]), spile_item_count(open, paths[i]));
        assert_true(spile_item_integer(parsed, paths[i], 7) == spile_item_integer(open, paths[i], 7));
        assert_true(spile_item_double(parsed, paths[i], 7) == spile_item_double(open, paths[i], 7));
        assert_int_equal(spile_item_bool(parsed, paths[i], false), spile_item_bool(open, paths[i], false));
        one = spile_item_text(parsed, paths[i], &length[0]);
        other = spile_item_text(open, paths[i], &length[1]);
        assert_int_equal(length[0], length[1]);
        assert_true(!one == !other && (!one || !memcmp(one, other, length[0])));
    }
    assert_false(item_is_open(parsed)); /* looking opens nothing */
    spile_item_free(parsed);
    spile_item_free(open);
}

/* An item of `documents`, which are made of the JSON. */
static struct spile_item *borrowed_item(struct documents *documents, const char *json)
{
    struct spile_item *item = item_of(json);

    assert_true(item_add_to(documents, item));
    item_borrow(item, documents->items[documents->count - 1], documents);
    return item;
}

static void check_document(struct document document, const char *want)
{
    char *text = quoted(want);
    struct text json = { 0 };

    json_write(&json, document);
    assert_string_equal(json.text, text);
    text_release(&json);
    free(text);
}

/* A scalar takes the place of another in the document itself; its text stays with the document. */
static void scalars_are_set_in_place(void **state)
{
    struct documents documents = { 0 };
    struct spile_item *item = borrowed_item(&documents, "{'a':1,'b':'text','c':{'d':[true,null]}}");
    size_t bytes = documents.bytes;

    (void)state;
    spile_item_set_double(item, "a", 2.5);
    spile_item_set_null(item, "b");
    spile_item_set_integer(item, "c.d[0]", -1);
    assert_int_equal(documents.bytes, bytes);
    spile_item_set_text(item, "b", spile_item_json(item, "c", NULL)); /* a text that the change ends */
    spile_item_set_decimal(item, "c.d[-1]", "1.50");
    spile_item_set_json(item, "a", "123456789012345678901234567890");
    assert_int_equal(item_check(item, NULL), SPILE_OK);
    assert_false(item_is_open(item));
    assert_int_equal(documents.bytes, bytes + sizeof("{'d':[-1,null]}") + sizeof("1.50") + sizeof("123456789012345678901234567890"));
    spile_item_free(item);
    check_document(documents.items[0], "{'a':123456789012345678901234567890,'b':'{\\'d\\':[-1,null]}','c':{'d':[-1,'1.50']}}");
    documents_release(&documents);
}

/* What makes values come or go opens the item; the document that it was is no longer changed. */
static void other_changes_open_an_item(void **state)
{
    static const char before[] = "{'a':1,'l':[2],'o':{}}";
    static const struct {
        const char *path, *json; /* NULL: removed */
        const char *after;
    } changes[] = {
        { "b", "5", "{'a':1,'l':[2],'o':{},'b':5}" },
        { "a", "[5]", "{'a':[5],'l':[2],'o':{}}" },
        { "l", "5", "{'a':1,'l':5,'o':{}}" },
        { "l[]", "5", "{'a':1,'l':[2,5],'o':{}}" },
        { "o.p.q", "5", "{'a':1,'l':[2],'o':{'p':{'q':5}}}" },
        { "a", NULL, "{'l':[2],'o':{}}" },
        { "l[0]", NULL, "{'a':1,'l':[],'o':{}}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct documents documents = { 0 };
        struct spile_item *item = borrowed_item(&documents, before);

        if (changes[i].json)
            spile_item_set_json(item, changes[i].path, changes[i].json);
        else
            spile_item_remove(item, changes[i].path);
        assert_int_equal(item_check(item, NULL), SPILE_OK);
        assert_true(item_is_open(item));
        check_json(changes[i].path, item, changes[i].after);
        spile_item_set_integer(item, "a", 9);
        check_document(documents.items[0], before);
        spile_item_free(item);
        documents_release(&documents);
    }
}

static void nothing_to_remove_opens_nothing(void **state)
{
    struct documents documents = { 0 };
    struct spile_item *item = borrowed_item(&documents, "{'a':1}");

    (void)state;
    spile_item_remove(item, "b.c");
    spile_item_rename(item, "b", "d");
    assert_int_equal(item_check(item, NULL), SPILE_OK);
    assert_false(item_is_open(item));
    spile_item_clear(item); /* and it is no longer the document */
    spile_item_set_integer(item, "a", 2);
    check_json("cleared", item, "{'a':2}");
    check_document(documents.items[0], "{'a':1}");
    spile_item_free(item);
    documents_release(&documents);
}

/* ---- steps ----------------------------------------------------------------------------------------------------------------------- */

/* A built-in step, an item, and the item after; NULL: it fails, with these words. */
static const struct {
    struct spile_step step;
    const char *before, *after, *words;
} steps[] = {
    { { .rename = "a: b, o.p : q" }, "{'a':1,'o':{'p':2}}", "{'b':1,'o':{'q':2}}", NULL },
    { { .rename = "a:b" }, "{'c':1}", "{'c':1}", NULL },
    { { .remove = "a, o.p, l[0]" }, "{'a':1,'o':{'p':2,'r':3},'l':[1,2]}", "{'o':{'r':3},'l':[2]}", NULL },
    { { .keep = "b, a" }, "{'a':1,'x':0,'b':2,'y':{}}", "{'a':1,'b':2}", NULL },
    { { .keep = "a.b" }, "{'a.b':1,'a':{'b':2}}", "{'a.b':1}", NULL }, /* keys, not paths */
    { { .keep = "a" }, "[1]", "[1]", NULL },
    { { .hash = "a", .salt = "pepper" }, "{'a':'x'}", "{'a':'232069a0ae43819cace8baa9e99d3047580fdbce23ae5d10ab92ed528e96b01d'}", NULL },
    { { .hash = "a" }, "{'a':5}", "{'a':'ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d'}", NULL },
    { { .hash = "a, b" }, "{'a':null}", "{'a':null}", NULL },
    { { .hmac = "a", .salt = "key" }, "{'a':'x'}", "{'a':'4fc3b7eaf34d7e594a6f51d9517ba543abf41067b27587ffd82ba3584e4d3cdd'}", NULL },
    { { .parse_json = "a, b" }, "{'a':'{\\'x\\': [1]}','b':5}", "{'a':{'x':[1]},'b':5}", NULL },
    { { .parse_json = "a" }, "{'a':'nope'}", NULL, "the text is no JSON" },
    { { .constant = "meta.source", .value = "'api'" }, "{}", "{'meta':{'source':'api'}}", NULL },
    { { .constant = "a", .value = "[1]" }, "{'a':5}", "{'a':[1]}", NULL },
    { { .constant = "a.b", .value = "1" }, "{'a':5}", NULL, "what is there is no object" },
    { { .sequence = "n" }, "{'n':7}", "{'n':7}", NULL },
    { { .sequence = "n" }, "{'n':'7'}", NULL, "where an integer was expected" },
    { { .sequence = "n" }, "{}", NULL, "nothing in the sequence" },
};

static struct spile_step quoted_step(struct spile_step step)
{
    step.size = sizeof(step);
    step.value = step.value ? quoted(step.value) : NULL;
    return step;
}

static void built_in_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(steps); i++) {
        const size_t at = i / 2;
        struct arena arena = { 0 };
        struct spile_item *item = item_in_form(steps[at].before, i % 2);
        struct spile_step options = quoted_step(steps[at].step);
        struct step *step;
        struct step_run run = { 0 };
        struct spile_error err = { 0 };
        bool kept;

        assert_int_equal(step_new(&step, &options, &arena, &err), SPILE_OK);
        step_apply(step, &run, item, &kept, &err);
        if (steps[at].words ? !strstr(err.message, steps[at].words) : err.status)
            fail_msg("step %zu (%s): got \"%s\", want \"%s\"", at, step_name(step), err.message, steps[at].words ? steps[at].words : "no failure");
        if (steps[at].after)
            check_json(step_name(step), item, steps[at].after);
        free((char *)(uintptr_t)options.value);
        spile_item_free(item);
        arena_release(&arena);
    }
}

static void a_sequence_goes_up_by_one(void **state)
{
    static const int numbers[][4] = { { 5, 6, 7, 0 }, { 5, 7, 1, 7 }, { 5, 5, 1, 5 }, { 5, 4, 1, 4 } }; /* 3 numbers; at which of them it fails (0: not) */
    struct arena arena = { 0 };
    struct step *step;

    (void)state;
    assert_int_equal(step_new(&step, SPILE_STEP(.sequence = "n"), &arena, NULL), SPILE_OK);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct step_run run = { 0 };
        struct spile_error err = { 0 };
        struct spile_item *item = item_of("{}");
        bool kept;

        for (int j = 0; j < (numbers[i][3] ? 2 : 3) && !err.status; j++) {
            spile_item_set_integer(item, "n", numbers[i][j]);
            step_apply(step, &run, item, &kept, &err);
        }
        assert_int_equal(err.status, numbers[i][3] ? SPILE_SOURCE : SPILE_OK);
        if (numbers[i][3])
            assert_non_null(strstr(err.message, "where 6 was expected"));
        spile_item_free(item);
    }
    arena_release(&arena);
}

/* What no step can be made of. */
static const struct {
    struct spile_step step;
    const char *words;
} bad_steps[] = {
    { { 0 }, "a step without an operation" },
    { { .rename = "a:b", .remove = "c" }, "a step with 2 operations" },
    { { .rename = "a" }, "\"a\" can't be read in the step \"rename\"" },
    { { .rename = "a:" }, "can't be read" },
    { { .remove = "a,,b" }, "can't be read" },
    { { .remove = "" }, "can't be read" },
    { { .remove = "a..b" }, "is no path" },
    { { .constant = "a", .value = "x" }, "is no JSON" },
    { { .constant = "a" }, "is no JSON" },
};

static void bad_steps_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_steps); i++) {
        struct arena arena = { 0 };
        struct step *step;
        struct spile_error err = { 0 };

        if (step_new(&step, &bad_steps[i].step, &arena, &err) != SPILE_USAGE || !strstr(err.message, bad_steps[i].words))
            fail_msg("step %zu: got \"%s\", want \"%s\"", i, err.message, bad_steps[i].words);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_set),
        cmocka_unit_test(what_can_not_be_is_remembered),
        cmocka_unit_test(values_that_are_no_json),
        cmocka_unit_test(scalars_of_all_kinds),
        cmocka_unit_test(types_that_json_lacks),
        cmocka_unit_test(values_out_of_range),
        cmocka_unit_test(members_are_renamed_and_removed),
        cmocka_unit_test(forms_are_read_alike),
        cmocka_unit_test(scalars_are_set_in_place),
        cmocka_unit_test(other_changes_open_an_item),
        cmocka_unit_test(nothing_to_remove_opens_nothing),
        cmocka_unit_test(built_in_steps),
        cmocka_unit_test(a_sequence_goes_up_by_one),
        cmocka_unit_test(bad_steps_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
