/* A part of a schema put into another. What comes out is what merge_table, update_preferred_types and merge_hints of dlt 1.31 make of the same
 * (run beside while these were written); what is refused would contradict rows that are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "schema/merge.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct naming limits = { .length_max = 65536, .folds = true };
static const struct merge_options hints = { .replaces_keys = true, .obeys_contract = true }, file = { 0 };

/* Texts of cases have ' for ". */
static struct text quoted(const char *begin, const char *members)
{
    struct text out = { 0 };

    text_puts(&out, begin);
    text_puts(&out, members);
    text_putc(&out, '}');
    for (size_t i = 0; i < out.length; i++)
        if (out.text[i] == '\'')
            out.text[i] = '"';
    return out;
}

static struct schema *read_schema(const char *members)
{
    struct text text = quoted("{'engine_version':11,'name':'s','normalizers':{'names':'snake_case','json':{'module':'m'}},", members);
    struct schema *schema;
    struct spile_error err = { 0 };

    if (schema_read(&schema, text.text, text.length, &limits, &err))
        fail_msg("%s: %s", text.text, err.message);
    text_release(&text);
    return schema;
}

static yyjson_mut_doc *parse(const char *members)
{
    struct text text = quoted("{", members);
    yyjson_doc *doc = yyjson_read(text.text, text.length, 0);
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(doc, NULL);

    if (!copy)
        fail_msg("no JSON: %s", text.text);
    yyjson_doc_free(doc);
    text_release(&text);
    return copy;
}

/* The same members; of objects `levels` deep in the same order, too. */
static bool same(yyjson_mut_val *got, yyjson_mut_val *want, int levels)
{
    yyjson_mut_val *key, *value;
    yyjson_mut_obj_iter other = yyjson_mut_obj_iter_with(got);
    size_t i, count;

    if (!levels || !yyjson_mut_is_obj(want))
        return yyjson_mut_equals(got, want);
    if (!yyjson_mut_is_obj(got) || yyjson_mut_obj_size(got) != yyjson_mut_obj_size(want))
        return false;
    yyjson_mut_obj_foreach(want, i, count, key, value)
    {
        yyjson_mut_val *other_key = yyjson_mut_obj_iter_next(&other);

        if (!yyjson_mut_equals(key, other_key) || !same(yyjson_mut_obj_iter_get_val(other_key), value, levels - 1))
            return false;
    }
    return true;
}

static void check_same(const char *name, yyjson_mut_val *got, const char *want, int levels)
{
    yyjson_mut_doc *doc = parse(want);
    char *text = yyjson_mut_val_write(got, 0, NULL);

    if (!same(got, yyjson_mut_doc_get_root(doc), levels))
        fail_msg("%s: got %s, want {%s}", name, text ? text : "nothing", want);
    free(text);
    yyjson_mut_doc_free(doc);
}

static enum spile_status merge(struct schema **schema, const char *part, const struct merge_options *options, struct spile_error *err)
{
    yyjson_mut_doc *doc = parse(part);
    enum spile_status status = schema_merge(schema, yyjson_mut_doc_get_root(doc), options, err);

    yyjson_mut_doc_free(doc);
    return status;
}

/* ---- columns -------------------------------------------------------------------------------------------------------------------- */

#define TABLE(columns) "'tables':{'t':{'columns':{" columns "}}}"

/* Columns of a table without rows, those of the part, and those after it, in their order. */
static const struct {
    const char *name, *there, *part;
    const struct merge_options *options;
    const char *want;
} columns[] = {
    { "a new column comes to the end", "'a':{'name':'a','data_type':'text'}", "'b':{'data_type':'bool'}", &hints,
      "'a':{'name':'a','data_type':'text'},'b':{'name':'b','data_type':'bool'}" },
    { "properties join", "'a':{'name':'a','data_type':'text','nullable':true,'unique':true}", "'a':{'nullable':false}", &hints,
      "'a':{'name':'a','data_type':'text','nullable':false,'unique':true}" },
    { "a column that gets its type goes to the end", "'a':{'name':'a','unique':true},'b':{'name':'b','data_type':'text'}",
      "'a':{'data_type':'bigint'}", &hints, "'b':{'name':'b','data_type':'text'},'a':{'name':'a','unique':true,'data_type':'bigint'}" },
    { "one that has a type stays", "'a':{'name':'a','data_type':'text'},'b':{'name':'b','data_type':'text'}",
      "'a':{'data_type':'text','sort':true}", &hints, "'a':{'name':'a','data_type':'text','sort':true},'b':{'name':'b','data_type':'text'}" },
    { "so does one that gets none", "'a':{'name':'a','unique':true},'b':{'name':'b','data_type':'text'}", "'a':{'sort':true}", &hints,
      "'a':{'name':'a','unique':true,'sort':true},'b':{'name':'b','data_type':'text'}" },
    { "keys of a file join", "'a':{'name':'a','data_type':'text','primary_key':true}", "'b':{'primary_key':true,'nullable':false}", &file,
      "'a':{'name':'a','data_type':'text','primary_key':true},'b':{'name':'b','primary_key':true,'nullable':false}" },
    { "keys of hints take the place of others", "'a':{'name':'a','data_type':'text','primary_key':true,'merge_key':true,'nullable':false}",
      "'b':{'primary_key':true,'nullable':false}", &hints,
      "'a':{'name':'a','data_type':'text','merge_key':true,'nullable':false},'b':{'name':'b','primary_key':true,'nullable':false}" },
    { "what is no key takes no place", "'a':{'name':'a','data_type':'text','primary_key':true}", "'b':{'primary_key':false}", &hints,
      "'a':{'name':'a','data_type':'text','primary_key':true},'b':{'name':'b','primary_key':false}" },
    { "partition and cluster are like keys", "'a':{'name':'a','data_type':'text','partition':true,'cluster':true,'sort':true,'unique':true}",
      "'b':{'partition':true},'d':{'cluster':true}", &hints,
      "'a':{'name':'a','data_type':'text','sort':true,'unique':true},'b':{'name':'b','partition':true},'d':{'name':'d','cluster':true}" },
    { "unique and sort are not", "'a':{'name':'a','data_type':'text','sort':true,'unique':true}", "'b':{'sort':true,'unique':true}", &hints,
      "'a':{'name':'a','data_type':'text','sort':true,'unique':true},'b':{'name':'b','sort':true,'unique':true}" },
    { "the same key again", "'a':{'name':'a','data_type':'text','primary_key':true,'nullable':false}", "'a':{'primary_key':true}", &hints,
      "'a':{'name':'a','data_type':'text','nullable':false,'primary_key':true}" },
    { "another type without rows", "'a':{'name':'a','data_type':'text'}", "'a':{'data_type':'bigint'}", &hints,
      "'a':{'name':'a','data_type':'bigint'}" },
    { "names are normalized", "'line_item':{'name':'line_item','data_type':'text'}", "'Line Item':{'sort':true},'camelCase':{'data_type':'text'}",
      &hints, "'line_item':{'name':'line_item','data_type':'text','sort':true},'camel_case':{'name':'camel_case','data_type':'text'}" },
};

static void columns_join(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(columns); i++) {
        char there[512], part[512];
        struct spile_error err = { 0 };
        struct schema *schema;

        snprintf(there, sizeof(there), TABLE("%s"), columns[i].there);
        snprintf(part, sizeof(part), TABLE("%s"), columns[i].part);
        schema = read_schema(there);
        if (merge(&schema, part, columns[i].options, &err))
            fail_msg("%s: %s", columns[i].name, err.message);
        check_same(columns[i].name, schema_find_table(schema, "t")->columns_json, columns[i].want, 1);
        schema_free(schema);
    }
}

/* ---- tables, settings ----------------------------------------------------------------------------------------------------------- */

/* Schema, part, the member of the schema that is looked at, and what it is then; `levels`: how deep the order matters. */
static const struct {
    const char *name, *there, *part, *member, *want;
    int levels;
} members[] = {
    { "a new root table", "'tables':{}", "'tables':{'My Table':{'columns':{'A':{'data_type':'text'}}}}", "tables",
      "'my_table':{'columns':{'a':{'data_type':'text','name':'a'}},'write_disposition':'append','name':'my_table','resource':'My Table'}", 1 },
    { "a new nested table, its parent behind it", "'tables':{}",
      "'tables':{'t__l':{'columns':{},'parent':'T'},'t':{'columns':{},'write_disposition':'replace','resource':'r'}}", "tables",
      "'t__l':{'name':'t__l','columns':{},'parent':'t'},'t':{'columns':{},'write_disposition':'replace','name':'t','resource':'r'}", 1 },
    { "properties of a table", "'tables':{'t':{'columns':{},'description':'d','x-a':1}}", "'tables':{'t':{'description':'e','x-b':[2]}}", "tables",
      "'t':{'columns':{},'description':'e','x-a':1,'x-b':[2],'name':'t'}", 0 },
    { "references join by table", "'tables':{'t':{'columns':{},'references':[{'referenced_table':'x','columns':['a'],'referenced_columns':['b']},"
                                  "{'referenced_table':'z','columns':['a'],'referenced_columns':['b']}]}}",
      "'tables':{'t':{'references':[{'referenced_table':'Y','columns':['someCol'],'referenced_columns':['otherCol']},"
      "{'referenced_table':'x','columns':['c'],'referenced_columns':['d']}]}}", "tables",
      "'t':{'columns':{},'name':'t','references':[{'referenced_table':'x','columns':['c'],'referenced_columns':['d']},"
      "{'referenced_table':'z','columns':['a'],'referenced_columns':['b']},"
      "{'referenced_table':'y','columns':['some_col'],'referenced_columns':['other_col']}]}", 0 },
    { "default hints", "'tables':{},'settings':{'default_hints':{'unique':['id'],'not_null':['re:_id$']}}",
      "'settings':{'default_hints':{'unique':['id','re:^Plain$','re:^A.b$','re:Plain','re:^\xC3\x9Cml$'],'sort':['camelCase']}}", "settings",
      "'default_hints':{'unique':['id','re:^plain$','re:^A.b$','re:plain','re:^_ml$'],'not_null':['re:_id$'],'sort':['camel_case']}", 2 },
    { "preferred types", "'tables':{},'settings':{'preferred_types':{'re:_at$':'timestamp','amount':'decimal'}}",
      "'settings':{'preferred_types':{'Amount':'double','re:^Is$':'bool'}}", "settings",
      "'preferred_types':{'re:_at$':'timestamp','amount':'double','re:^is$':'bool'}", 2 },
    { "detections are replaced", "'tables':{},'settings':{'detections':['iso_timestamp']}", "'settings':{'detections':['iso_date']}", "settings",
      "'detections':['iso_date']", 1 },
    { "so is the contract", "'tables':{},'settings':{'schema_contract':{'tables':'freeze'}}", "'settings':{'schema_contract':{'columns':'freeze'}}",
      "settings", "'schema_contract':{'columns':'freeze'}", 1 },
    { "propagation joins", "'tables':{}", "'normalizers':{'json':{'config':{'propagation':{'root':{'id':'up'}}}}}", "normalizers",
      "'names':'snake_case','json':{'module':'m','config':{'propagation':{'root':{'id':'up'}}}}", 0 },
    { "another naming, as long as there are no rows", "'tables':{}", "'normalizers':{'names':'direct'},'tables':{'aB':{'columns':{}}}", "tables",
      "'aB':{'columns':{},'write_disposition':'append','name':'aB','resource':'aB'}", 1 },
};

static void members_join(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(members); i++) {
        struct schema *schema = read_schema(members[i].there);
        struct spile_error err = { 0 };

        if (merge(&schema, members[i].part, &file, &err))
            fail_msg("%s: %s", members[i].name, err.message);
        check_same(members[i].name, yyjson_mut_obj_get(schema->root, members[i].member), members[i].want, members[i].levels);
        schema_free(schema);
    }
}

/* ---- contradictions, contracts -------------------------------------------------------------------------------------------------- */

#define ROWS "'x-normalizer':{'seen-data':true},"
#define KEEPS "leave that out, or load into another table: a column that has rows keeps its type"
#define FROZEN "'settings':{'schema_contract':'freeze'},"

static const struct {
    const char *there, *part;
    const struct merge_options *options;
    enum spile_status status;
    const char *message, *where, *hint;
} refused[] = {
    { "'tables':{'t':{" ROWS "'columns':{'a':{'data_type':'text'}}}}", TABLE("'a':{'data_type':'bigint'}"), &hints, SPILE_CONFIG,
      "column \"a\" of table \"t\" has data_type \"text\" in the dataset, the new one says \"bigint\"", "", KEEPS },
    { "'tables':{'t':{" ROWS "'columns':{'a':{'data_type':'decimal','precision':10,'scale':2}}}}", TABLE("'a':{'data_type':'decimal','precision':12}"),
      &hints, SPILE_CONFIG, "column \"a\" of table \"t\" has precision 10 in the dataset, the new one says 12", "", KEEPS },
    { "'tables':{'t':{" ROWS "'columns':{'a':{'data_type':'decimal'}}}}", TABLE("'A':{'scale':2}"), &file, SPILE_CONFIG,
      "column \"a\" of table \"t\" has scale (none) in the dataset, the new one says 2", "", KEEPS },
    { "'tables':{'t':{" ROWS "'columns':{'a':{'data_type':'timestamp'}}}}", TABLE("'a':{'timezone':false}"), &hints, SPILE_CONFIG,
      "column \"a\" of table \"t\" has timezone (none) in the dataset, the new one says false", "", KEEPS },
    { "'tables':{'t':{'columns':{}},'u':{'columns':{}}}", "'tables':{'t':{'columns':{},'parent':'u'}}", &file, SPILE_CONFIG,
      "table \"t\" is a root table, and can't become nested in \"u\"", "", "leave \"parent\" as it is" },
    { "'tables':{'t':{'columns':{}},'u':{'columns':{}},'t__l':{'columns':{},'parent':'t'}}", "'tables':{'t__l':{'columns':{},'parent':'u'}}", &file,
      SPILE_CONFIG, "table \"t__l\" is nested in \"t\", and can't become nested in \"u\"", "", "leave \"parent\" as it is" },
    { "'tables':{'t':{" ROWS "'columns':{}}}", "'normalizers':{'names':'direct'}", &file, SPILE_CONFIG,
      "the schema's names were made by the convention snake_case, not direct", "",
      "leave \"names\" out of the normalizers, or load into another dataset" },
    { "'tables':{}", "'normalizers':{'names':'snake'}", &file, SPILE_CONFIG, "unknown naming convention \"snake\"", "",
      "use one of snake_case, duck_case, direct, sql_ci_v1 and sql_cs_v1" },
    { FROZEN "'tables':{'t':{'columns':{'a':{'data_type':'text'}}}}", TABLE("'b':{'data_type':'text'}"), &hints, SPILE_CONTRACT,
      "the contract freezes columns, a hint wants a new column \"b\" of table \"t\"", "contract \"columns: freeze\" of the schema",
      "leave the hint out, or let the schema follow with --contract columns=evolve" },
    { "'tables':{'t':{'schema_contract':{'columns':'freeze'},'columns':{'a':{'data_type':'text'}}}}", TABLE("'b':{'sort':true}"), &hints,
      SPILE_CONTRACT, "the contract freezes columns, a hint wants a new column \"b\" of table \"t\"", "contract \"columns: freeze\" of t",
      "leave the hint out, or let the schema follow with --contract columns=evolve" },
    { FROZEN "'tables':{}", TABLE("'b':{'data_type':'text'}"), &hints, SPILE_CONTRACT, "the contract freezes tables, a hint wants a new table \"t\"",
      "contract \"tables: freeze\" of the schema", "leave the hint out, or let the schema follow with --contract tables=evolve" },
};

static void contradictions_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct schema *schema = read_schema(refused[i].there);
        struct spile_error err = { 0 };

        if (merge(&schema, refused[i].part, refused[i].options, &err) != refused[i].status || strcmp(err.message, refused[i].message) ||
            strcmp(err.where, refused[i].where) || strcmp(err.hint, refused[i].hint))
            fail_msg("%s: got %d \"%s\" at \"%s\", hint \"%s\"", refused[i].part, err.status, err.message, err.where, err.hint);
        schema_free(schema);
    }
}

/* What looks like a contradiction and is none: the same type again, all else but the type, a column without a type. */
static void what_a_table_with_rows_takes(void **state)
{
    static const char *const parts[] = { TABLE("'a':{'data_type':'decimal','precision':10,'scale':2}"), TABLE("'a':{'precision':10,'unique':true}"),
                                         TABLE("'a':{'scale':null}"), TABLE("'at':{'timezone':true}"), TABLE("'later':{'data_type':'bool'}"),
                                         TABLE("'new':{'data_type':'date'}") };

    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct schema *schema = read_schema("'tables':{'t':{" ROWS "'columns':{'a':{'data_type':'decimal','precision':10,'scale':2},"
                                            "'at':{'data_type':'timestamp'},'later':{'nullable':true}}}}");
        struct spile_error err = { 0 };

        if (merge(&schema, parts[i], &hints, &err))
            fail_msg("%s: %s", parts[i], err.message);
        schema_free(schema);
    }
}

/* Contracts that discard leave out of the hints what is new; a table without columns takes all, and hints for columns that are there stay. */
static void contracts_leave_hints_out(void **state)
{
    static const struct {
        const char *there, *part, *want;
    } cases[] = {
        { "'tables':{'t':{'schema_contract':{'columns':'discard_row'},'columns':{'a':{'data_type':'text'}}}}",
          TABLE("'b':{'data_type':'text'},'a':{'unique':true}"), "'a':{'data_type':'text','unique':true,'name':'a'}" },
        { "'tables':{'t':{'schema_contract':'discard_value','columns':{'a':{'data_type':'text'},'b':{'sort':true}}}}",
          TABLE("'b':{'data_type':'text'}"), "'a':{'data_type':'text','name':'a'},'b':{'sort':true,'name':'b'}" },
        { "'tables':{'t':{'schema_contract':'freeze','columns':{}}}", TABLE("'b':{'data_type':'text'}"), "'b':{'data_type':'text','name':'b'}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct schema *schema = read_schema(cases[i].there);
        struct spile_error err = { 0 };

        if (merge(&schema, cases[i].part, &hints, &err))
            fail_msg("%s: %s", cases[i].part, err.message);
        check_same(cases[i].part, schema_find_table(schema, "t")->columns_json, cases[i].want, 1);
        schema_free(schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_join),
        cmocka_unit_test(members_join),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(what_a_table_with_rows_takes),
        cmocka_unit_test(contracts_leave_hints_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
