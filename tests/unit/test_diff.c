/* What differs between two schemas. The expected texts follow the contract in schema/diff.h; which values are defaults is dlt's
 * has_default_column_prop_value (1.31). In documents and expected texts ' stands for ". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/view/diff.h"
#include "schema/view/property.h"
#include "json_case.h"

static yyjson_mut_doc *parse_quoted(const char *text)
{
    char *json = quoted(text);
    yyjson_mut_doc *doc = parse(json, strlen(json));

    free(json);
    return doc;
}

/* The documents are gone when the result is looked at. */
static struct schema_diff diff_of(const char *before, const char *after)
{
    yyjson_mut_doc *older = parse_quoted(before), *newer = parse_quoted(after);
    struct schema_diff diff;

    assert_int_equal(schema_diff(&diff, yyjson_mut_doc_get_root(older), yyjson_mut_doc_get_root(newer), NULL), SPILE_OK);
    yyjson_mut_doc_free(older);
    yyjson_mut_doc_free(newer);
    return diff;
}

#define TABLES(tables) "{'name':'s','engine_version':11,'tables':{" tables "}}"
#define TABLE(columns) TABLES("'t':{'columns':{" columns "}}")
#define SETTINGS(settings) "{'name':'s','tables':{},'settings':{" settings "}}"
#define NORMALIZERS(normalizers) "{'name':'s','tables':{},'normalizers':{" normalizers "}}"
#define TEN(text) text text text text text text text text text text

struct diff_case {
    const char *what, *before, *after, *text, *json;
};

static const struct diff_case cases[] = {
    { "bookkeeping, member order and defaults that are said or not are no differences",
      "{'name':'s','version':1,'version_hash':'a','previous_hashes':[],'tables':{'t':{'name':'t','columns':{'c':{'name':'c',"
      "'data_type':'text','nullable':true,'timezone':true,'unique':false,'sort':null,'x-mine':false,'x-too':{}}},'x-normalizer':"
      "{'seen-data':true},'resource':'t','references':[{'label':'l','columns':['c']}]}},'settings':{'schema_contract':null}}",
      "{'version':7,'version_hash':'b','previous_hashes':['a'],'imported_version_hash':'c','name':'s','settings':{},'tables':{'t':"
      "{'references':[{'columns':['c'],'label':'l'}],'resource':'t','columns':{'c':{'data_type':'text'}},'schema_contract':{}}}}",
      "", "[]" },
    { "a new table has its columns",
      TABLES("'orders':{'columns':{}}"),
      TABLES("'orders':{'columns':{}},'orders__items':{'name':'orders__items','columns':{'sku':{'name':'sku','data_type':'text'},"
             "'qty':{'name':'qty','data_type':'bigint','nullable':false}},'parent':'orders','x-normalizer':{'seen-data':true}}"),
      "+ table orders__items (parent orders)\n"
      "+   sku text\n"
      "+   qty bigint, not null\n",
      "[{'kind':'added','table':'orders__items','after':{'parent':'orders'}},"
      "{'kind':'added','table':'orders__items','column':'sku','after':{'data_type':'text'}},"
      "{'kind':'added','table':'orders__items','column':'qty','after':{'data_type':'bigint','nullable':false}}]" },
    { "a root table says how it is written",
      TABLES(""),
      TABLES("'orders':{'columns':{},'write_disposition':'merge','name':'orders','resource':'Orders','schema_contract':"
             "{'columns':'freeze','tables':'evolve'},'x-normalizer':{'max_nesting':2,'seen-data':true},'x-merge-strategy':'upsert',"
             "'x-quiet':true},'a':{'columns':{},'resource':'a','schema_contract':'freeze','description':'d'}"),
      "+ table orders (merge, resource Orders, contract columns=freeze tables=evolve, x-normalizer.max_nesting 2, x-merge-strategy "
      "'upsert', x-quiet)\n"
      "+ table a (contract freeze)\n",
      "[{'kind':'added','table':'orders','after':{'write_disposition':'merge','resource':'Orders','schema_contract':{'columns':'freeze',"
      "'tables':'evolve'},'x-normalizer':{'max_nesting':2},'x-merge-strategy':'upsert','x-quiet':true}},"
      "{'kind':'added','table':'a','after':{'resource':'a','schema_contract':'freeze','description':'d'}}]" },
    { "settings, tables of the newer document in order, removed tables",
      "{'name':'s','settings':{'detections':['iso_timestamp']},'tables':{'gone':{'columns':{'x':{'data_type':'date'}},"
      "'write_disposition':'append'},'orders':{'columns':{'old':{'data_type':'text'},'id':{'data_type':'text'}},"
      "'write_disposition':'append'}}}",
      "{'name':'s','tables':{'new':{'columns':{}},'orders':{'columns':{'id':{'data_type':'bigint'},'total':{'data_type':'decimal',"
      "'precision':10,'scale':2}},'write_disposition':'replace'}},'settings':{'detections':[]}}",
      "~ settings.detections: ['iso_timestamp'] -> []\n"
      "+ table new\n"
      "~ table orders\n"
      "~   write_disposition: 'append' -> 'replace'\n"
      "~   id: data_type 'text' -> 'bigint'\n"
      "+   total decimal(10,2)\n"
      "-   old text\n"
      "- table gone (append)\n"
      "-   x date\n",
      "[{'kind':'changed','property':'settings.detections','before':['iso_timestamp'],'after':[]},"
      "{'kind':'added','table':'new','after':{}},"
      "{'kind':'changed','table':'orders','property':'write_disposition','before':'append','after':'replace'},"
      "{'kind':'changed','table':'orders','column':'id','property':'data_type','before':'text','after':'bigint'},"
      "{'kind':'added','table':'orders','column':'total','after':{'data_type':'decimal','precision':10,'scale':2}},"
      "{'kind':'removed','table':'orders','column':'old','before':{'data_type':'text'}},"
      "{'kind':'removed','table':'gone','before':{'write_disposition':'append'}},"
      "{'kind':'removed','table':'gone','column':'x','before':{'data_type':'date'}}]" },
    { "a missing property says its default, one without a default nothing",
      TABLE("'a':{'data_type':'text','unique':true,'precision':8,'x-mine':1}"),
      TABLE("'a':{'data_type':'text','nullable':false,'primary_key':true,'timezone':false,'dedup_sort':'asc','scale':0}"),
      "~ table t\n"
      "~   a: nullable true -> false\n"
      "~   a: primary_key false -> true\n"
      "~   a: timezone true -> false\n"
      "~   a: dedup_sort none -> 'asc'\n"
      "~   a: scale none -> 0\n"
      "~   a: unique true -> false\n"
      "~   a: precision 8 -> none\n"
      "~   a: x-mine 1 -> none\n",
      "[{'kind':'changed','table':'t','column':'a','property':'nullable','before':true,'after':false},"
      "{'kind':'changed','table':'t','column':'a','property':'primary_key','before':false,'after':true},"
      "{'kind':'changed','table':'t','column':'a','property':'timezone','before':true,'after':false},"
      "{'kind':'added','table':'t','column':'a','property':'dedup_sort','after':'asc'},"
      "{'kind':'added','table':'t','column':'a','property':'scale','after':0},"
      "{'kind':'changed','table':'t','column':'a','property':'unique','before':true,'after':false},"
      "{'kind':'removed','table':'t','column':'a','property':'precision','before':8},"
      "{'kind':'removed','table':'t','column':'a','property':'x-mine','before':1}]" },
    { "of the end of validity null is a value",
      TABLE("'a':{'data_type':'timestamp'}"), TABLE("'a':{'data_type':'timestamp','x-active-record-timestamp':null}"),
      "~ table t\n~   a: x-active-record-timestamp none -> null\n",
      "[{'kind':'added','table':'t','column':'a','property':'x-active-record-timestamp','after':null}]" },
    { "an incomplete column, and one that gets its type",
      TABLE("'a':{'primary_key':true,'nullable':false}"),
      TABLE("'a':{'primary_key':true,'nullable':false,'data_type':'wei'},'b':{'nullable':false,'merge_key':true}"),
      "~ table t\n~   a: data_type none -> 'wei'\n+   b (no type yet), not null, merge_key\n",
      "[{'kind':'added','table':'t','column':'a','property':'data_type','after':'wei'},"
      "{'kind':'added','table':'t','column':'b','after':{'nullable':false,'merge_key':true}}]" },
    { "the type's parameters",
      TABLE(""),
      TABLE("'a':{'data_type':'text','precision':64,'description':'d'},'b':{'data_type':'decimal','scale':3},"
            "'c':{'data_type':'timestamp','precision':null,'timezone':false,'variant':true}"),
      "~ table t\n+   a text(64)\n+   b decimal(*,3)\n+   c timestamp, timezone false, variant\n",
      "[{'kind':'added','table':'t','column':'a','after':{'data_type':'text','precision':64,'description':'d'}},"
      "{'kind':'added','table':'t','column':'b','after':{'data_type':'decimal','scale':3}},"
      "{'kind':'added','table':'t','column':'c','after':{'data_type':'timestamp','precision':null,'timezone':false,'variant':true}}]" },
    { "the same columns in another order",
      TABLE("'a':{'data_type':'text'},'b':{'data_type':'text'},'c':{'data_type':'text'}"),
      TABLE("'c':{'data_type':'bool'},'a':{'data_type':'text'},'b':{'data_type':'text'}"),
      "~ table t\n~   order: ['a','b','c'] -> ['c','a','b']\n~   c: data_type 'text' -> 'bool'\n",
      "[{'kind':'changed','table':'t','property':'order','before':['a','b','c'],'after':['c','a','b']},"
      "{'kind':'changed','table':'t','column':'c','property':'data_type','before':'text','after':'bool'}]" },
    { "with other columns their order is no change of its own",
      TABLE("'a':{'data_type':'text'},'b':{'data_type':'text'}"), TABLE("'b':{'data_type':'text'},'c':{'data_type':'text'}"),
      "~ table t\n+   c text\n-   a text\n",
      "[{'kind':'added','table':'t','column':'c','after':{'data_type':'text'}},"
      "{'kind':'removed','table':'t','column':'a','before':{'data_type':'text'}}]" },
    { "nor when one is gone",
      TABLE("'a':{},'b':{},'c':{}"), TABLE("'b':{},'a':{}"),
      "~ table t\n-   c (no type yet)\n", "[{'kind':'removed','table':'t','column':'c','before':{}}]" },
    { "a table's properties have no defaults; of a column {} says nothing",
      TABLE("'a':{'x-a':{}}"), TABLES("'t':{'unique':true,'columns':{'a':{'x-a':1},'b':{'x-b':{},'x-c':{'k':0}}}}"),
      "~ table t\n~   unique: none -> true\n~   a: x-a none -> 1\n+   b (no type yet), x-c {'k':0}\n",
      "[{'kind':'added','table':'t','property':'unique','after':true},"
      "{'kind':'added','table':'t','column':'a','property':'x-a','after':1},"
      "{'kind':'added','table':'t','column':'b','after':{'x-b':{},'x-c':{'k':0}}}]" },
    { "the order of tables is no difference",
      TABLES("'a':{'columns':{}},'b':{'columns':{}}"), TABLES("'b':{'columns':{}},'a':{'columns':{}}"), "", "[]" },
    { "settings go down to the single value",
      SETTINGS("'default_hints':{'not_null':['a']},'preferred_types':{'re:_at$':'timestamp'},'schema_contract':'freeze'"),
      SETTINGS("'default_hints':{'not_null':['a'],'unique':['b']},'schema_contract':{'columns':'freeze'}"),
      "~ settings.default_hints.unique: none -> ['b']\n"
      "~ settings.schema_contract: 'freeze' -> {'columns':'freeze'}\n"
      "~ settings.preferred_types.re:_at$: 'timestamp' -> none\n",
      "[{'kind':'added','property':'settings.default_hints.unique','after':['b']},"
      "{'kind':'changed','property':'settings.schema_contract','before':'freeze','after':{'columns':'freeze'}},"
      "{'kind':'removed','property':'settings.preferred_types.re:_at$','before':'timestamp'}]" },
    { "normalizers",
      NORMALIZERS("'names':'snake_case','json':{'module':'m'}"),
      NORMALIZERS("'names':'direct','json':{'module':'m','config':{'propagation':{'tables':{'t':{'_dlt_id':'_dlt_root_id'}}}}}"),
      "~ normalizers.names: 'snake_case' -> 'direct'\n"
      "~ normalizers.json.config.propagation.tables.t._dlt_id: none -> '_dlt_root_id'\n",
      "[{'kind':'changed','property':'normalizers.names','before':'snake_case','after':'direct'},"
      "{'kind':'added','property':'normalizers.json.config.propagation.tables.t._dlt_id','after':'_dlt_root_id'}]" },
    { "hints of a table beside bookkeeping",
      TABLES("'t':{'columns':{},'x-normalizer':{'seen-data':true,'max_nesting':1}}"),
      TABLES("'t':{'columns':{},'x-normalizer':{'max_nesting':2},'filters':{'excludes':['re:^a'],'includes':[]},'file_format':null}"),
      "~ table t\n"
      "~   x-normalizer.max_nesting: 1 -> 2\n"
      "~   filters.excludes: none -> ['re:^a']\n"
      "~   filters.includes: none -> []\n",
      "[{'kind':'changed','table':'t','property':'x-normalizer.max_nesting','before':1,'after':2},"
      "{'kind':'added','table':'t','property':'filters.excludes','after':['re:^a']},"
      "{'kind':'added','table':'t','property':'filters.includes','after':[]}]" },
    { "seen-data is bookkeeping nowhere else",
      "{'tables':{'t':{'columns':{}}}}", "{'tables':{'t':{'columns':{},'x-loader':{'seen-data':true}}},'x-normalizer':{'seen-data':1}}",
      "~ x-normalizer.seen-data: none -> 1\n~ table t\n~   x-loader.seen-data: none -> true\n",
      "[{'kind':'added','property':'x-normalizer.seen-data','after':1},"
      "{'kind':'added','table':'t','property':'x-loader.seen-data','after':true}]" },
    { "numbers are compared by value and written as they are",
      TABLE("'a':{'x-a':1,'x-b':123456789012345678901234567890,'x-c':[1,{'k':[2]}],'x-d':[1,2]}"),
      TABLE("'a':{'x-a':1,'x-b':123456789012345678901234567891,'x-c':[1,{'k':[3]}],'x-d':[1]}"),
      "~ table t\n"
      "~   a: x-b 123456789012345678901234567890 -> 123456789012345678901234567891\n"
      "~   a: x-c [1,{'k':[2]}] -> [1,{'k':[3]}]\n"
      "~   a: x-d [1,2] -> [1]\n",
      "[{'kind':'changed','table':'t','column':'a','property':'x-b','before':123456789012345678901234567890,"
      "'after':123456789012345678901234567891},"
      "{'kind':'changed','table':'t','column':'a','property':'x-c','before':[1,{'k':[2]}],'after':[1,{'k':[3]}]},"
      "{'kind':'changed','table':'t','column':'a','property':'x-d','before':[1,2],'after':[1]}]" },
    { "names that could be taken for something else are quoted, control characters escaped",
      TABLES("'a\\n+ table b':{'columns':{}}"),
      TABLES("'a\\n+ table b':{'columns':{'':{'data_type':'te\\u0000xt'},'id: nullable':{'data_type':'text'},'\\u001b[1m':{},"
             "'say \\'x\\'':{},'\xC3\xA9t\xC3\xA9':{'x-\\n':'\\n\x7F\xC2\x9B'},'\\u0000':{}}}"),
      "~ table 'a\\x0A+ table b'\n"
      "+   '' 'te\\x00xt'\n"
      "+   'id: nullable' text\n"
      "+   '\\x1B[1m' (no type yet)\n"
      "+   'say \\'x\\'' (no type yet)\n"
      "+   \xC3\xA9t\xC3\xA9 (no type yet), x-\\x0A '\\n\\x7F\\xC2\\x9B'\n"
      "+   '\\x00' (no type yet)\n",
      "[{'kind':'added','table':'a\\n+ table b','column':'','after':{'data_type':'te\\u0000xt'}},"
      "{'kind':'added','table':'a\\n+ table b','column':'id: nullable','after':{'data_type':'text'}},"
      "{'kind':'added','table':'a\\n+ table b','column':'\\u001B[1m','after':{}},"
      "{'kind':'added','table':'a\\n+ table b','column':'say \\'x\\'','after':{}},"
      "{'kind':'added','table':'a\\n+ table b','column':'\xC3\xA9t\xC3\xA9','after':{'x-\\n':'\\n\x7F\xC2\x9B'}},"
      "{'kind':'added','table':'a\\n+ table b','column':'\\u0000','after':{}}]" },
    { "long names and values are cut: 64 bytes, of paths both ends, of values where they differ",
      TABLES("'" TEN("abcdefghij") "':{'columns':{},'x-value':'" TEN("0123456789") "a'}"),
      TABLES("'" TEN("abcdefghij") "':{'columns':{},'x-value':'" TEN("0123456789") "b','" TEN("klmnopqrst") "':{'" TEN("uvwxyzuvwx") "':"
             "'" TEN("9876543210") "'}}"),
      "~ table abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd...\n"
      "~   x-value: ...4567890123456789a' -> ...4567890123456789b'\n"
      "~   klmnopqrstklmnopqrstklmnopqrstklmnopqrstklmnopqrstklmnopqrstklmn..."
      "xuvwxyzuvwxuvwxyzuvwxuvwxyzuvwxuvwxyzuvwxuvwxyzuvwxuvwxyzuvwx: "
      "none -> '987654321098765432109876543210987654321098765432109876543210987...\n",
      "[{'kind':'changed','table':'" TEN("abcdefghij") "','property':'x-value','before':'" TEN("0123456789") "a','after':'"
      TEN("0123456789") "b'},"
      "{'kind':'added','table':'" TEN("abcdefghij") "','property':'" TEN("klmnopqrst") "." TEN("uvwxyzuvwx") "','after':'"
      TEN("9876543210") "'}]" },
    { "of long values that differ soon the beginning is shown: 47 bytes are alike, or 48",
      TABLE("'a':{'x-a':'012345" TEN("0123") "a" TEN("yy") "','x-b':'0123456" TEN("0123") "a" TEN("yy") "'}"),
      TABLE("'a':{'x-a':'012345" TEN("0123") "b" TEN("yy") "','x-b':'0123456" TEN("0123") "b" TEN("yy") "'}"),
      "~ table t\n"
      "~   a: x-a '012345" TEN("0123") "ayyyyyyyyyyyyyyyy... -> '012345" TEN("0123") "byyyyyyyyyyyyyyyy...\n"
      "~   a: x-b ...0123012301230123a" TEN("yy") "' -> ...0123012301230123b" TEN("yy") "'\n",
      "[{'kind':'changed','table':'t','column':'a','property':'x-a','before':'012345" TEN("0123") "a" TEN("yy") "','after':'012345"
      TEN("0123") "b" TEN("yy") "'},"
      "{'kind':'changed','table':'t','column':'a','property':'x-b','before':'0123456" TEN("0123") "a" TEN("yy") "','after':'0123456"
      TEN("0123") "b" TEN("yy") "'}]" },
    { "a dot does not make a property of another level",
      "{'tables':{'t':{'columns':{'a':{}}}}}", "{'tables':{'t':{'columns':{'a':{'':{'nullable':true},'x':{'unique':{'y':false}}}}}}}",
      "~ table t\n~   a: .nullable none -> true\n~   a: x.unique.y none -> false\n",
      "[{'kind':'added','table':'t','column':'a','property':'.nullable','after':true},"
      "{'kind':'added','table':'t','column':'a','property':'x.unique.y','after':false}]" },
    { "a value that was an object or a list",
      TABLE("'a':{'x-a':{'k':1},'x-b':[1]}"), TABLE("'a':{'x-a':[1],'x-b':{'k':1}}"),
      "~ table t\n~   a: x-a {'k':1} -> [1]\n~   a: x-b [1] -> {'k':1}\n",
      "[{'kind':'changed','table':'t','column':'a','property':'x-a','before':{'k':1},'after':[1]},"
      "{'kind':'changed','table':'t','column':'a','property':'x-b','before':[1],'after':{'k':1}}]" },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void expect_output(const char *what, bool (*write)(const struct schema_diff *, struct text *), const struct schema_diff *diff,
                          const char *expected)
{
    struct text text = { 0 };
    char *want = quoted(expected);

    assert_true(write(diff, &text));
    if (strcmp(text.length ? text.text : "", want))
        fail_msg("%s:\n%s\ninstead of\n%s", what, text.length ? text.text : "", want);
    text_release(&text);
    free(want);
}

static void changes_read_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct schema_diff diff = diff_of(cases[i].before, cases[i].after);

        expect_output(cases[i].what, schema_diff_text, &diff, cases[i].text);
        expect_output(cases[i].what, schema_diff_json, &diff, cases[i].json);
        schema_diff_release(&diff);
    }
}

static size_t count_kind(const struct schema_diff *diff, enum change_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < diff->count; i++)
        count += diff->changes[i].kind == kind;
    return count;
}

/* The other way round, what was new is gone; a document does not differ from itself. */
static void both_directions_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct schema_diff there = diff_of(cases[i].before, cases[i].after), back = diff_of(cases[i].after, cases[i].before);
        struct schema_diff none = diff_of(cases[i].after, cases[i].after);

        if (there.count != back.count || count_kind(&there, CHANGE_ADDED) != count_kind(&back, CHANGE_REMOVED) ||
            count_kind(&there, CHANGE_REMOVED) != count_kind(&back, CHANGE_ADDED) || none.count)
            fail_msg("%s: %zu there, %zu back, %zu to itself", cases[i].what, there.count, back.count, none.count);
        schema_diff_release(&there);
        schema_diff_release(&back);
        schema_diff_release(&none);
    }
}

static void changes_say_what_they_are_of(void **state)
{
    static const char before[] = "{'name':'a','tables':{'t':{'columns':{'a':{'x-mine':1}}}}}";
    static const char after[] = "{'name':'b','tables':{'t':{'columns':{'a':{'x-mine':2},'b':{}},'resource':'t'},'u':{'columns':{}}}}";
    struct schema_diff diff = diff_of(before, after);
    static const struct {
        enum change_kind kind;
        enum change_what what;
        const char *table, *column, *property;
    } expected[] = {
        { CHANGE_CHANGED, CHANGE_OF_SCHEMA, NULL, NULL, "name" }, { CHANGE_ADDED, CHANGE_OF_TABLE, "t", NULL, "resource" },
        { CHANGE_CHANGED, CHANGE_OF_COLUMN, "t", "a", "x-mine" }, { CHANGE_ADDED, CHANGE_OF_COLUMN, "t", "b", NULL },
        { CHANGE_ADDED, CHANGE_OF_TABLE, "u", NULL, NULL },
    };

    (void)state;
    assert_int_equal(diff.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct schema_change *change = &diff.changes[i];

        if (change->kind != expected[i].kind || change->what != expected[i].what ||
            !slice_equal(change->table, slice_of(expected[i].table)) || !change->table.text != !expected[i].table ||
            !slice_equal(change->column, slice_of(expected[i].column)) || !change->column.text != !expected[i].column ||
            !slice_equal(change->property, slice_of(expected[i].property)) || !change->property.text != !expected[i].property)
            fail_msg("change %zu", i);
    }
    schema_diff_release(&diff);
}

static void tables_are_left_out_on_demand(void **state)
{
    yyjson_mut_doc *before = parse_quoted(SETTINGS("")), *after = parse_quoted("{'name':'t','tables':{'t':{'columns':{}}},'settings':{}}");
    struct schema_diff diff;

    (void)state;
    assert_int_equal(schema_diff_settings(&diff, yyjson_mut_doc_get_root(before), yyjson_mut_doc_get_root(after), NULL), SPILE_OK);
    expect_output("settings alone", schema_diff_text, &diff, "~ name: 's' -> 't'\n");
    schema_diff_release(&diff);
    yyjson_mut_doc_free(before);
    yyjson_mut_doc_free(after);
}

/* Recorded from has_default_column_prop_value(property, value) of dlt 1.31, value None, False, True, "asc". */
static void defaults_are_dlts(void **state)
{
    static const char *const values[] = { "null", "false", "true", "'asc'" };
    static const struct {
        const char *property, *is_default;
    } rows[] = {
        { "data_type", "1000" },   { "precision", "1000" },   { "scale", "1000" },       { "timezone", "1010" },
        { "nullable", "1010" },    { "variant", "1100" },     { "partition", "1100" },   { "cluster", "1100" },
        { "primary_key", "1100" }, { "sort", "1100" },        { "unique", "1100" },      { "merge_key", "1100" },
        { "row_key", "1100" },     { "parent_key", "1100" },  { "root_key", "1100" },    { "hard_delete", "1100" },
        { "dedup_sort", "1100" },  { "incremental", "1100" }, { "description", "1100" }, { "x-mine", "1100" },
        { "x-active-record-timestamp", "0000" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t k = 0; k < COUNT(values); k++) {
            yyjson_mut_doc *doc = parse_quoted(values[k]);
            bool is_default = column_property_is_default(slice_of(rows[i].property), yyjson_mut_doc_get_root(doc));

            if (is_default != (rows[i].is_default[k] == '1'))
                fail_msg("%s of %s", values[k], rows[i].property);
            yyjson_mut_doc_free(doc);
        }
}

/* With look-ups that walk the members this would take longer than ctest waits. */
static void many_columns_and_tables_take_no_time(void **state)
{
    enum { MANY = 200000 };
    struct text before = { 0 }, after = { 0 };
    struct schema_diff diff;

    (void)state;
    text_puts(&before, "{'tables':{'wide':{'columns':{");
    text_puts(&after, "{'tables':{'wide':{'columns':{");
    for (int i = 0; i < MANY; i++) {
        text_printf(&before, "%s'c%d':{'data_type':'text'}", i ? "," : "", i);
        text_printf(&after, "%s'c%d':{'data_type':'%s'}", i ? "," : "", MANY - i, i == 9 ? "bool" : "text");
    }
    text_puts(&before, "}}");
    text_puts(&after, "}}");
    for (int i = 0; i < MANY; i++) {
        text_printf(&before, ",'t%d':{'columns':{}}", i);
        text_printf(&after, ",'t%d':{'columns':{}}", MANY - i);
    }
    text_puts(&before, "}}");
    text_puts(&after, "}}");
    assert_false(before.failed || after.failed);
    diff = diff_of(before.text, after.text);
    assert_int_equal(diff.count, 5); /* c199991 changed; c200000 and t200000 are new, c0 and t0 gone */
    assert_int_equal(count_kind(&diff, CHANGE_ADDED), 2);
    assert_int_equal(count_kind(&diff, CHANGE_REMOVED), 2);
    schema_diff_release(&diff);
    text_release(&before);
    text_release(&after);
}

static char *deep_schema(const char *open, const char *close, const char *core, int depth)
{
    struct text text = { 0 };

    text_puts(&text, "{'tables':{'t':{'columns':{'a':{'x-deep':");
    for (int i = 0; i < depth; i++)
        text_puts(&text, open);
    text_puts(&text, core);
    for (int i = 0; i < depth; i++)
        text_puts(&text, close);
    text_puts(&text, "}}}}}");
    assert_false(text.failed);
    return text.text;
}

/* Far deeper than any stack: found, not followed. The path ends at its last level. */
static void depth_has_no_bound(void **state)
{
    static const struct {
        const char *open, *close, *property;
    } shapes[] = { { "[", "]", "x-deep" }, { "{'k':", "}", "x-deep.k.k.k.k.k.k.k.k.k.k.k" }, { "[{'k':", "}]", "x-deep" } };

    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        char *before = deep_schema(shapes[i].open, shapes[i].close, "1", 300000);
        char *after = deep_schema(shapes[i].open, shapes[i].close, "2", 300000);
        struct schema_diff diff = diff_of(before, after), none = diff_of(after, after);
        struct text json = { 0 };

        assert_int_equal(diff.count, 1);
        assert_int_equal(none.count, 0);
        assert_true(slice_equal(diff.changes[0].property, slice_of(shapes[i].property)));
        assert_true(schema_diff_json(&diff, &json));
        assert_true(json.length > diff.changes[0].before.length + diff.changes[0].after.length);
        text_release(&json);
        schema_diff_release(&diff);
        schema_diff_release(&none);
        free(before);
        free(after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_read_well),
        cmocka_unit_test(both_directions_agree),
        cmocka_unit_test(changes_say_what_they_are_of),
        cmocka_unit_test(tables_are_left_out_on_demand),
        cmocka_unit_test(defaults_are_dlts),
        cmocka_unit_test(many_columns_and_tables_take_no_time),
        cmocka_unit_test(depth_has_no_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
