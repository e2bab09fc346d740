/* A schema as a text for people. The expected texts follow the contract in schema/describe.h. In documents and expected texts ' stands
 * for ". The settings of a new schema are those that dlt 1.31 stores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/view/describe.h"
#include "json_case.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TEN(text) text text text text text text text text text text

static struct text description_of(const char *schema, bool with_dlt_tables)
{
    char *json = quoted(schema);
    yyjson_doc *doc = json_text_parse(json, strlen(json));
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(doc, NULL);
    struct text text = { 0 };

    if (!copy)
        fail_msg("no JSON: %s", json);
    assert_true(schema_describe(yyjson_mut_doc_get_root(copy), with_dlt_tables, &text));
    yyjson_mut_doc_free(copy);
    yyjson_doc_free(doc);
    free(json);
    return text;
}

/* As a new schema of dlt has them. */
#define HINTS \
    "'default_hints':{'not_null':['_dlt_id','_dlt_root_id','_dlt_parent_id','_dlt_list_idx','_dlt_load_id'],'parent_key':" \
    "['_dlt_parent_id'],'root_key':['_dlt_root_id'],'unique':['_dlt_id'],'row_key':['_dlt_id']}"
#define SETTINGS "'settings':{'detections':['iso_timestamp']," HINTS "}"
#define NORMALIZERS "'normalizers':{'names':'snake_case','json':{'module':'dlt.common.normalizers.json.relational'}}"
#define SCHEMA(tables) "{'version':3,'engine_version':11,'name':'shop','tables':{" tables "}," SETTINGS "," NORMALIZERS "}"
#define HEADING "schema shop, version 3\n"

static const struct {
    const char *what, *schema, *text;
    bool with_dlt_tables;
} cases[] = {
    { "a new schema has nothing to tell", SCHEMA(""), HEADING, true },
    { "columns stand below each other, nested tables below their parents",
      SCHEMA("'orders__items':{'columns':{'sku':{'data_type':'text','precision':64}},'parent':'orders'},"
             "'orders':{'columns':{'id':{'name':'id','data_type':'bigint','nullable':false,'primary_key':true},'total':{'data_type':"
             "'decimal','precision':10,'scale':2,'nullable':true},'_dlt_id':{'data_type':'text','nullable':false,'unique':true,"
             "'row_key':true}},'write_disposition':'append','resource':'orders'},"
             "'orders__items__tags':{'columns':{'value':{'data_type':'text'}},'parent':'orders__items'},"
             "'orders__notes':{'columns':{},'parent':'orders'},"
             "'x':{'columns':{'a':{'data_type':'json'}},'write_disposition':'append','resource':'x'}"),
      HEADING "\n"
      "table orders (append, primary_key id)\n"
      "  id       bigint         not null  primary_key\n"
      "  total    decimal(10,2)  null\n"
      "  _dlt_id  text           not null  unique, row_key\n"
      "\n"
      "  table orders__items (parent orders)\n"
      "    sku  text(64)  null\n"
      "\n"
      "    table orders__items__tags (parent orders__items)\n"
      "      value  text  null\n"
      "\n"
      "  table orders__notes (parent orders)\n"
      "\n"
      "table x (append)\n"
      "  a  json  null\n",
      true },
    { "resource, contract, keys, other properties, descriptions",
      SCHEMA("'orders':{'columns':{'region':{'data_type':'text','primary_key':true,'merge_key':true,'description':'two letters'},"
             "'id':{'data_type':'bigint','primary_key':true,'x-mine':{'a':1}},'later':{'nullable':false,'description':'not yet'}},"
             "'write_disposition':'merge','resource':'Orders','schema_contract':'freeze','x-normalizer':{'seen-data':true,'max_nesting':0},"
             "'table_format':'delta','description':'what was bought'},"
             "'part':{'columns':{},'write_disposition':'append','resource':'part','schema_contract':{'columns':'discard_row'}}"),
      HEADING "\n"
      "table orders (merge, resource Orders, contract freeze, primary_key region id, merge_key region, x-normalizer.max_nesting 0, "
      "table_format 'delta')  -- what was bought\n"
      "  region  text           null      primary_key, merge_key  -- two letters\n"
      "  id      bigint         null      primary_key, x-mine {'a':1}\n"
      "  later   (no type yet)  not null  -- not yet\n"
      "\n"
      "table part (append, contract columns=discard_row)\n",
      true },
    { "dlt's tables are left out",
      SCHEMA("'_dlt_loads':{'columns':{},'write_disposition':'skip'},'t':{'columns':{}}"), HEADING "\ntable t\n", false },
    { "dlt's tables and columns without dlt's descriptions",
      SCHEMA("'_dlt_loads':{'columns':{'status':{'data_type':'bigint','nullable':false,'description':'d'}},'write_disposition':'skip',"
             "'description':'d'},'t':{'columns':{'_dlt_id':{'data_type':'text','description':'d'}}}"),
      HEADING "\ntable _dlt_loads (skip)\n  status  bigint  not null\n\ntable t\n  _dlt_id  text  null\n", true },
    { "settings that are not dlt's",
      "{'version':1,'name':'s','engine_version':11,'description':'all of it','tables':{},'settings':{'detections':[]," HINTS
      ",'schema_contract':{'tables':'freeze'}},'normalizers':{'names':'direct','json':{'module':"
      "'dlt.common.normalizers.json.relational','config':{'max_nesting':2}},'use_break_path_on_normalize':false}}",
      "schema s, version 1  -- all of it\n"
      "settings.detections: [] (default: ['iso_timestamp'])\n"
      "settings.schema_contract.tables: 'freeze'\n"
      "normalizers.names: 'direct' (default: 'snake_case')\n"
      "normalizers.json.config.max_nesting: 2\n"
      "normalizers.use_break_path_on_normalize: false\n",
      true },
    { "settings that are missing",
      "{'name':'s','engine_version':11,'tables':{},'settings':{" HINTS "}," NORMALIZERS "}",
      "schema s\nsettings.detections: none (default: ['iso_timestamp'])\n", true },
    { "the added end of a long list is seen, behind 16 bytes of what is alike",
      "{'name':'s','engine_version':11,'tables':{},'settings':{'detections':['iso_timestamp'],'default_hints':{'not_null':['_dlt_id',"
      "'_dlt_root_id','_dlt_parent_id','_dlt_list_idx','_dlt_load_id','x'],'parent_key':['_dlt_parent_id'],'root_key':['_dlt_root_id'],"
      "'unique':['_dlt_id'],'row_key':['_dlt_id']}}," NORMALIZERS "}",
      "schema s\nsettings.default_hints.not_null: ...','_dlt_load_id','x'] (default: ...','_dlt_load_id'])\n", true },
    { "hostile names",
      "{'name':'a\\nb','engine_version':11,'tables':{'t (append)':{'columns':{'\\u0000':{'data_type':'text','description':'a\\tb'},"
      "'\xC3\xA9t\xC3\xA9':{'data_type':'big int'}},'resource':'\\u001b'},'\\u001b':{'columns':{},'parent':'t (append)'}}," SETTINGS ","
      NORMALIZERS "}",
      "schema 'a\\x0Ab'\n"
      "\n"
      "table 't (append)' (resource '\\x1B')\n"
      "  '\\x00'  text       null      -- a\\x09b\n"
      "  \xC3\xA9t\xC3\xA9     'big int'  null\n"
      "\n"
      "  table '\\x1B' (parent 't (append)')\n",
      true },
    { "a name of an odd length does not push the others aside",
      SCHEMA("'t':{'columns':{'" TEN("abcdefghij") "':{'data_type':'" TEN("k") TEN("l") TEN("m") "'},'b':{'data_type':'text'}}}"),
      HEADING "\n"
      "table t\n"
      "  abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd...  kkkkkkkkkkllllllllllmmmmmmmmmm  null\n"
      "  b  text  null\n",
      true },
    { "a circle of parents and a parent that is not there: every table once",
      SCHEMA("'c':{'columns':{},'parent':'a'},'a':{'columns':{},'parent':'b'},'b':{'columns':{},'parent':'a'},'d':{'columns':{},"
             "'parent':'d'},'e':{'columns':{},'parent':'nobody'}"),
      HEADING "\n"
      "table a (parent b)\n\n"
      "  table c (parent a)\n\n"
      "  table b (parent a)\n\n"
      "table d (parent d)\n\n"
      "table e (parent nobody)\n",
      true },
};

static void schemas_read_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text text = description_of(cases[i].schema, cases[i].with_dlt_tables);
        char *want = quoted(cases[i].text);

        if (strcmp(text.text, want))
            fail_msg("%s:\n%s\ninstead of\n%s", cases[i].what, text.text, want);
        text_release(&text);
        free(want);
    }
}

/* Appends behind what is there, as all that writes to a text does. */
static void text_before_it_stays(void **state)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    struct text text = { 0 };

    (void)state;
    text_puts(&text, "before: ");
    assert_true(schema_describe(yyjson_mut_obj(doc), true, &text));
    assert_memory_equal(text.text, "before: schema \"\"\n", strlen("before: schema \"\"\n"));
    text_release(&text);
    yyjson_mut_doc_free(doc);
}

static size_t lines_of(const struct text *text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text->length; i++)
        lines += text->text[i] == '\n';
    return lines;
}

/* Each table is the child of the one before: neither the stack nor the indentation grows with it. Look-ups that walk the tables would take
 * longer than ctest waits. */
static void a_long_chain_of_tables_takes_no_time(void **state)
{
    enum { MANY = 100000 };
    struct text schema = { 0 }, text;

    (void)state;
    text_puts(&schema, "{'name':'s','tables':{'t0':{'columns':{}}");
    for (int i = 1; i < MANY; i++)
        text_printf(&schema, ",'t%d':{'columns':{},'parent':'t%d'}", i, i - 1);
    text_puts(&schema, "}," SETTINGS "," NORMALIZERS "}");
    assert_false(schema.failed);
    text = description_of(schema.text, false);
    assert_int_equal(lines_of(&text), 1 + 1 + MANY * 2); /* heading, no engine version, each table and the empty line before it */
    assert_true(text.length < (size_t)MANY * 80);
    text_release(&text);
    text_release(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemas_read_well),
        cmocka_unit_test(text_before_it_stays),
        cmocka_unit_test(a_long_chain_of_tables_takes_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
