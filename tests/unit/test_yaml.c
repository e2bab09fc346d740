/* YAML in and out. What is read is what PyYAML 6.0.4 reads with the differences that data/yaml.h names (yaml.safe_load without timestamps
 * and with keys as texts); what is written is yaml.dump(.., allow_unicode=True, default_flow_style=False, sort_keys=False), as in
 * dlt 1.31. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/yaml.h"

#define S(text) { text, sizeof(text) - 1 }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

/* YAML, JSON */
static const struct {
    const char *yaml, *json;
} readings[] = {
    { "~", "null" },
    { "null", "null" },
    { "Null", "null" },
    { "NULL", "null" },
    { "nUll", "\"nUll\"" },
    { "---", "null" },
    { "- ", "[null]" },
    { "true", "true" },
    { "True", "true" },
    { "TRUE", "true" },
    { "tRue", "\"tRue\"" },
    { "false", "false" },
    { "yes", "true" },
    { "No", "false" },
    { "ON", "true" },
    { "off", "false" },
    { "y", "\"y\"" },
    { "n", "\"n\"" },
    { "0", "0" },
    { "-0", "0" },
    { "12", "12" },
    { "+12", "12" },
    { "-12", "-12" },
    { "1_000", "1000" },
    { "_1", "\"_1\"" },
    { "0b101", "5" },
    { "0b2", "\"0b2\"" },
    { "0x1F", "31" },
    { "-0xff", "-255" },
    { "0x1g", "\"0x1g\"" },
    { "017", "15" },
    { "0o17", "\"0o17\"" },
    { "08", "\"08\"" },
    { "0_", "0" },
    { "1:30", "90" },
    { "-1:30:15", "-5415" },
    { "1:60", "\"1:60\"" },
    { "01:30", "\"01:30\"" },
    { "9223372036854775807", "9223372036854775807" },
    { "18446744073709551615", "18446744073709551615" },
    { "-9223372036854775808", "-9223372036854775808" },
    { "1.5", "1.5" },
    { "1.", "1.0" },
    { ".5", "0.5" },
    { "-.5", "\"-.5\"" },
    { "1e5", "\"1e5\"" },
    { "1.0e5", "\"1.0e5\"" },
    { "1.0e+5", "100000.0" },
    { "-1.5E-3", "-0.0015" },
    { "1_0.2_5", "10.25" },
    { "1:30.5", "90.5" },
    { "190:20:30.15", "685230.15" },
    { "-0.0", "-0.0" },
    { "1e+5", "\"1e+5\"" },
    { ".", "\".\"" },
    { "...x", "\"...x\"" },
    { "2001-01-01", "\"2001-01-01\"" },
    { "2001-1-1", "\"2001-1-1\"" },
    { "2001-12-14t21:59:43.10-05:00", "\"2001-12-14t21:59:43.10-05:00\"" },
    { "=", "\"=\"" },
    { "- <<", "[\"<<\"]" },
    { "12e03", "\"12e03\"" },
    { "0.1.2", "\"0.1.2\"" },
    { "+.5", "\"+.5\"" },
    { "a: 1", "{\"a\":1}" },
    { "1: a\ntrue: b\n~: c\n0x10: d\n2001-01-01: e", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\",\"0x10\":\"d\",\"2001-01-01\":\"e\"}" },
    { "? a\n: b", "{\"a\":\"b\"}" },
    { "? a\n? b", "{\"a\":null,\"b\":null}" },
    { "a:\n- 1\n- 2", "{\"a\":[1,2]}" },
    { "a:\n  - 1\n  -\n    - 2", "{\"a\":[1,[2]]}" },
    { "- - 1\n  - 2\n- 3", "[[1,2],3]" },
    { "- a: 1\n  b: 2\n-\n  c: 3", "[{\"a\":1,\"b\":2},{\"c\":3}]" },
    { "{a: 1, 'b': [x, {c: d}], \"e\":f, g}", "{\"a\":1,\"b\":[\"x\",{\"c\":\"d\"}],\"e\":\"f\",\"g\":null}" },
    { "{}", "{}" },
    { "[]", "[]" },
    { "[a: b, c]", "[{\"a\":\"b\"},\"c\"]" },
    { "[\n1,\n2\n]", "[1,2]" },
    { "a: [1,\n2]", "{\"a\":[1,2]}" },
    { "'it''s'", "\"it's\"" },
    { "'a''''b'", "\"a''b\"" },
    { "'a\n  b\n\n  c'", "\"a b\\nc\"" },
    { "\"a\n  b\"", "\"a b\"" },
    { "\"a\\\n  b\"", "\"ab\"" },
    { "\"a\\n\\\n  \\ b\"", "\"a\\n b\"" },
    { "\"\\0\\a\\b\\t\\n\\v\\f\\r\\e\\ \\\"\\/\\\\\\N\\_\\L\\P\"",
      "\"\\u0000\\u0007\\b\\t\\n\\u000B\\f\\r\\u001B \\\"/\\\\\xC2\x85\xC2\xA0\xE2\x80\xA8\xE2\x80\xA9\"" },
    { "\"\\x41\\u00e9\\U0001F600\"", "\"A\xC3\xA9\xF0\x9F\x98\x80\"" },
    { "'12'", "\"12\"" },
    { "\"true\"", "\"true\"" },
    { "'~'", "\"~\"" },
    { "a b\n  c\n\n  d", "\"a b c\\nd\"" },
    { "a: b c\n  d # e", "{\"a\":\"b c d\"}" },
    { "- a#b\n- a #b", "[\"a#b\",\"a\"]" },
    { "- a:b\n- ':'", "[\"a:b\",\":\"]" },
    { "|\n a\n  b\n\n c\n", "\"a\\n b\\n\\nc\\n\"" },
    { "|-\n a\n\n", "\"a\"" },
    { "|+\n a\n\n", "\"a\\n\\n\"" },
    { "|2\n   a\n  b\n", "\" a\\nb\\n\"" },
    { ">\n a\n b\n\n c\n   d\n\n   e\n f\n", "\"a b\\nc\\n  d\\n\\n  e\\nf\\n\"" },
    { ">-\n a\n b\n", "\"a b\"" },
    { ">+\n\n a\n\n", "\"\\na\\n\\n\"" },
    { "a: |\n  x\n # comment\nb: >\n  y", "{\"a\":\"x\\n\",\"b\":\"y\"}" },
    { "a: |\nb: 1", "{\"a\":\"\",\"b\":1}" },
    { "a: &x [1, {b: c}]\nd: *x\ne: *x", "{\"a\":[1,{\"b\":\"c\"}],\"d\":[1,{\"b\":\"c\"}],\"e\":[1,{\"b\":\"c\"}]}" },
    { "&a k: *a", "{\"k\":\"k\"}" },
    { "- &a k\n- *a : v", "[\"k\",{\"k\":\"v\"}]" },
    { "!!str 12", "\"12\"" },
    { "!!int '12'", "12" },
    { "!!float 1", "1.0" },
    { "!!float '1e3'", "1000.0" },
    { "!!bool 'YES'", "true" },
    { "!!null x", "null" },
    { "! 12", "12" },
    { "! '12'", "12" },
    { "!!seq [1]", "[1]" },
    { "!!map {a: !!str }", "{\"a\":\"\"}" },
    { "%TAG !e! tag:yaml.org,2002:\n---\n!e!str 1", "\"1\"" },
    { "%YAML 1.1\n--- a\n...\n", "\"a\"" },
    { "# c\na: 1 # d\n# e", "{\"a\":1}" },
    { "a: 1\n...\n", "{\"a\":1}" },
    { "\xEF\xBB\xBF" "a: 1", "{\"a\":1}" },
    { "\xC3\xA9: \xE6\x97\xA5\xE6\x9C\xAC\n\xF0\x9F\x98\x80: \xC2\xA0x",
      "{\"\xC3\xA9\":\"\xE6\x97\xA5\xE6\x9C\xAC\",\"\xF0\x9F\x98\x80\":\"\xC2\xA0x\"}" },
    { "'a\xE2\x80\xA8  b'", "\"a\xE2\x80\xA8" "b\"" },
    { "'a\xC2\x85  b'", "\"a b\"" },
    { "a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}" },
    { "\"a\\L\": 1", "{\"a\xE2\x80\xA8\":1}" },
    { "a: ''\nb: \"\"\nc:\nd: ~", "{\"a\":\"\",\"b\":\"\",\"c\":null,\"d\":null}" },
    { "'': 1", "{\"\":1}" },
    { "a: -b", "{\"a\":\"-b\"}" },
    { "- ?x\n- :y\n- -z", "[\"?x\",\":y\",\"-z\"]" },
    { "k: 'x: y'", "{\"k\":\"x: y\"}" },
    { "[?b]", "[{\"b\":null}]" },
    { "a\n%b", "\"a %b\"" },
    { "- !", "[null]" },
    { "! '.nan': 1", "{\".nan\":1}" },
    { "a: |-\n\n   x\n\n   y\n\n", "{\"a\":\"\\nx\\n\\ny\"}" },
    { ">\n a\n\n  b\n c", "\"a\\n\\n b\\nc\"" },
};

static void texts_are_read_as_by_pyyaml(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(readings); i++) {
        struct spile_error err = { 0 };
        yyjson_mut_doc *doc;
        char *json;

        if (yaml_read(&doc, readings[i].yaml, strlen(readings[i].yaml), &err))
            fail_msg("%s: %s: %s", readings[i].yaml, err.where, err.message);
        json = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
        if (strcmp(json, readings[i].json) != 0)
            fail_msg("%s\nis read as %s\ninstead of %s", readings[i].yaml, json, readings[i].json);
        free(json);
        yyjson_mut_doc_free(doc);
    }
}

static void check_error(const char *what, struct slice text, const char *where, const char *message)
{
    struct spile_error err = { 0 };
    yyjson_mut_doc *doc;

    if (yaml_read(&doc, text.text, text.length, &err) != SPILE_CONFIG || doc)
        fail_msg("%s: no error", what);
    if (strcmp(err.where, where) != 0 || !strstr(err.message, message) || !err.hint[0])
        fail_msg("%s: \"%s\" at %s (hint: \"%s\") instead of \"..%s..\" at %s", what, err.message, err.where, err.hint, message, where);
}

/* YAML, place and part of the message. */
static void errors_have_their_place(void **state)
{
    static const struct {
        struct slice yaml;
        const char *where, *message;
    } cases[] = {
        { S(""), "line 1, column 1", "the text is empty" },
        { S("# c\n"), "line 2, column 1", "the text is empty" },
        { S("a: [1, 2\n"), "line 2, column 1", "expected ',' or ']' while parsing a flow sequence from line 1, column 4 on" },
        { S("a: 'x"), "line 1, column 6", "unexpected end of stream while scanning a quoted scalar from line 1, column 4 on" },
        { S("@a"), "line 1, column 1", "cannot start any token" },
        { S("a: b: c"), "line 1, column 5", "mapping values are not allowed" },
        { S("- a\nb: c"), "line 2, column 1", "expected '-' indicator" },
        { S("\tb: 1"), "line 1, column 1", "cannot start any token" },
        { S("\xC3\xA9: |\n  b\n c"), "line 3, column 2", "expected key while parsing a block mapping from line 1, column 1 on" },
        { S("a: b\n---\nc: d"), "line 2, column 1", "a second document begins" },
        { S("a: 1\na: 2"), "line 2, column 1", "key \"a\" comes twice" },
        { S("1: a\n'1': b"), "line 2, column 1", "key \"1\" comes twice" },
        { S("'a': 1\n\"\\x61\": 2"), "line 2, column 1", "key \"a\" comes twice" },
        { S("x:\n  a: 1\n  a: 2"), "line 3, column 3", "comes twice" },
        { S("{a: 1, b: {a: 1, a: 2}}"), "line 1, column 18", "comes twice" },
        { S("&x a: 1\n*x : 2"), "line 2, column 1", "comes twice" },
        { S("[1]: 2"), "line 1, column 1", "cannot be a key" },
        { S("{a: 1}: 2"), "line 1, column 1", "cannot be a key" },
        { S("? [a]\n: b"), "line 1, column 3", "cannot be a key" },
        { S("- &x [1]\n- *x : 2"), "line 2, column 3", "cannot be a key" },
        { S("<<: {a: 1}"), "line 1, column 1", "merge keys" },
        { S("a: {<<: *x}"), "line 1, column 5", "merge keys" },
        { S("a: *x"), "line 1, column 4", "no anchor \"&x\"" },
        { S("\xC3\xA9: *x"), "line 1, column 4", "no anchor \"&x\"" },
        { S("&x [*x]"), "line 1, column 5", "stands within" },
        { S("&x {a: [*x]}"), "line 1, column 9", "stands within" },
        { S("- &x 1\n- &x 2"), "line 2, column 3", "comes twice" },
        { S("a: &b.c 1"), "line 1, column 6", "scanning an anchor from line 1, column 4 on" },
        { S("a: *b.c"), "line 1, column 6", "scanning an alias from line 1, column 4 on" },
        { S("a: !foo b"), "line 1, column 4", "unknown tag \"!foo\"" },
        { S("a: !!timestamp 2001-01-01"), "line 1, column 4", "unknown tag \"!!timestamp\"" },
        { S("a: !!binary aa"), "line 1, column 4", "unknown tag" },
        { S("a: !!set {x}"), "line 1, column 4", "unknown tag" },
        { S("a: !<tag:x> 1"), "line 1, column 4", "unknown tag \"tag:x\"" },
        { S("a: &b !!int x"), "line 1, column 4", "\"x\" is not an integer" },
        { S("a: !!int '1.5'"), "line 1, column 4", "\"1.5\" is not an integer" },
        { S("a: !!float x"), "line 1, column 4", "\"x\" is not a finite float" },
        { S("a: !!bool 1"), "line 1, column 4", "\"1\" is not a bool" },
        { S("a: !!seq {}"), "line 1, column 4", "does not suit" },
        { S("a: !!map []"), "line 1, column 4", "does not suit" },
        { S("a: !!str []"), "line 1, column 4", "does not suit" },
        { S("!!seq a"), "line 1, column 1", "does not suit" },
        { S("a: .inf"), "line 1, column 4", "\".inf\" is not a finite" },
        { S("a: -.INF"), "line 1, column 4", "not a finite" },
        { S("a: .nan"), "line 1, column 4", "not a finite" },
        { S("a: 1.0e+999"), "line 1, column 4", "not a finite" },
        { S("a: 18446744073709551616"), "line 1, column 4", "not an integer of 64 bits" },
        { S("a: -9223372036854775809"), "line 1, column 4", "not an integer of 64 bits" },
        { S("a: 0x_"), "line 1, column 4", "not an integer" },
        { S("a: \"\\q\""), "line 1, column 5", "unknown escape character" },
        { S("a: \"\\x4\""), "line 1, column 7", "expected hexdecimal number" },
        { S("a: \"\\ud800\""), "line 1, column 7", "invalid Unicode character escape code" },
        { S("a: \"\\U00110000\""), "line 1, column 7", "invalid Unicode character escape code" },
        { S("a: >2\n b"), "line 2, column 2", "expected key" },
        { S("a\x00"), "line 1, column 2", "U+0000" },
        { S("a: \xC3\xA9\x07"), "line 1, column 5", "U+0007" },
        { S("a: \x7F"), "line 1, column 4", "U+007F" },
        { S("\xC3\xA9\n\xE2\x80\xA8\x01"), "line 3, column 1", "U+0001" },
        { S("a\r\n\r\x01"), "line 3, column 1", "U+0001" },
        { S("\xEF\xBB\xBF" "a: \xEF\xBF\xBF"), "line 1, column 4", "U+FFFF" },
        { S("[a,\n\xEF\xBB\xBF" "b]"), "line 2, column 1", "U+FEFF" },
        { S("a: \xFF"), "line 1, column 4", "byte 0xFF is not UTF-8" },
        { S("\xC3"), "line 1, column 1", "byte 0xC3" },
        { S("\xC3\xA9\xC3z"), "line 1, column 2", "byte 0xC3" },
        { S("a: \xED\xA0\x80"), "line 1, column 4", "byte 0xED" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_error(cases[i].yaml.text, cases[i].yaml, cases[i].where, cases[i].message);
}

/* `text` `count` times. */
static void repeat(struct text *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_puts(out, text);
}

static void check_limit(const char *what, struct text *yaml, const char *where, const char *message)
{
    struct spile_error err = { 0 };
    yyjson_mut_doc *doc = NULL;

    if (message)
        check_error(what, (struct slice){ yaml->text, yaml->length }, where, message);
    else if (yaml_read(&doc, yaml->text, yaml->length, &err))
        fail_msg("%s: %s: %s", what, err.where, err.message);
    yyjson_mut_doc_free(doc);
    text_release(yaml);
}

static void too_much_is_refused(void **state)
{
    struct text yaml = { 0 };

    (void)state;
    repeat(&yaml, "[", YAML_DEPTH_MAX);
    repeat(&yaml, "]", YAML_DEPTH_MAX);
    check_limit("as deep as allowed", &yaml, NULL, NULL);
    repeat(&yaml, "[", YAML_DEPTH_MAX + 1);
    check_limit("too deep", &yaml, "line 1, column 101", "nested more than 100 deep");
    text_puts(&yaml, "- &a ");
    repeat(&yaml, "[", YAML_DEPTH_MAX - 1);
    repeat(&yaml, "]", YAML_DEPTH_MAX - 1);
    text_puts(&yaml, "\n- - *a");
    check_limit("too deep by an alias", &yaml, "line 2, column 5", "nested more than 100 deep");
    text_puts(&yaml, "[");
    repeat(&yaml, "1,", YAML_NODES_MAX - 1);
    text_puts(&yaml, "]");
    check_limit("as many as allowed", &yaml, NULL, NULL);
    text_puts(&yaml, "[");
    repeat(&yaml, "1,", YAML_NODES_MAX);
    check_limit("too many", &yaml, "line 1, column 200000", "more than 100000 values");
    text_puts(&yaml, "- &a ");
    repeat(&yaml, "x", 1 << 20);
    text_puts(&yaml, "\n");
    repeat(&yaml, "- *a\n", 16);
    check_limit("as long as allowed", &yaml, NULL, NULL);
    text_puts(&yaml, "- &a ");
    repeat(&yaml, "x", 1 << 20);
    text_puts(&yaml, "\n");
    repeat(&yaml, "- *a\n", 17);
    check_limit("too long by aliases", &yaml, "line 18, column 3", "more than 16 MiB");
}

/* Ten to the power of nine values: the list in line n has 10^n, so the fifth is too much. */
static void laughs_are_refused(void **state)
{
    struct text yaml = { 0 };
    struct spile_error err = { 0 };
    yyjson_mut_doc *doc;

    (void)state;
    text_puts(&yaml, "a: &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (char name = 'b'; name <= 'i'; name++) {
        text_printf(&yaml, "%c: &%c [", name, name);
        for (int i = 0; i < 10; i++)
            text_printf(&yaml, "%s*%c", i ? "," : "", name - 1);
        text_puts(&yaml, "]\n");
    }
    assert_int_equal(yaml_read(&doc, yaml.text, yaml.length, &err), SPILE_CONFIG);
    assert_non_null(strstr(err.message, "more than 100000 values"));
    assert_non_null(strstr(err.where, "line 5, "));
    text_release(&yaml);
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------- */

/* JSON, YAML */
static const struct {
    const char *json, *yaml;
} writings[] = {
    { "null", "null\n...\n" },
    { "true", "true\n...\n" },
    { "false", "false\n...\n" },
    { "0", "0\n...\n" },
    { "-1", "-1\n...\n" },
    { "12", "12\n...\n" },
    { "18446744073709551615", "18446744073709551615\n...\n" },
    { "-9223372036854775808", "-9223372036854775808\n...\n" },
    { "1.0", "1.0\n...\n" },
    { "0.1", "0.1\n...\n" },
    { "-0.0", "-0.0\n...\n" },
    { "1e+16", "1.0e+16\n...\n" },
    { "1e+20", "1.0e+20\n...\n" },
    { "1.5e+300", "1.5e+300\n...\n" },
    { "1e-07", "1.0e-07\n...\n" },
    { "123456789.125", "123456789.125\n...\n" },
    { "\"\"", "''\n" },
    { "\"a\"", "a\n...\n" },
    { "[]", "[]\n" },
    { "{}", "{}\n" },
    { "[[]]", "- []\n" },
    { "[{}]", "- {}\n" },
    { "{\"a\":[]}", "a: []\n" },
    { "{\"a\":{}}", "a: {}\n" },
    { "[\"a\",\"b\"]", "- a\n- b\n" },
    { "[1,[2,[3]],4]", "- 1\n- - 2\n  - - 3\n- 4\n" },
    { "[{\"a\":1,\"b\":2},{\"c\":[]}]", "- a: 1\n  b: 2\n- c: []\n" },
    { "{\"a\":[1,2]}", "a:\n- 1\n- 2\n" },
    { "{\"a\":{\"b\":{\"c\":1}}}", "a:\n  b:\n    c: 1\n" },
    { "{\"a\":[{\"b\":[1]}]}", "a:\n- b:\n  - 1\n" },
    { "[[{\"a\":1}]]", "- - a: 1\n" },
    { "{\"b\":1,\"a\":2}", "b: 1\na: 2\n" },
    { "{\"\":1}", "? ''\n: 1\n" },
    { "{\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxx\":1}",
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xx: 1\n" },
    { "{\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxx\":1}",
      "? xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxx\n: 1\n" },
    { "{\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxx\":[1,{\"a\":2}]}",
      "? xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxx\n: - 1\n  - a: 2\n" },
    { "{\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxx\":{\"a\":1,\"b\":2}}",
      "? xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxx\n: a: 1\n  b: 2\n" },
    { "{\"a\\nb\":1}", "? 'a\n\n  b'\n: 1\n" },
    { "{\"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\":1}",
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9: 1\n" },
    { "{\"null\":1}", "'null': 1\n" },
    { "{\"1\":2}", "'1': 2\n" },
    { "{\"a: b\":1}", "'a: b': 1\n" },
    { "{\"a b\":1}", "a b: 1\n" },
    { "{\"'\":1}", "'''': 1\n" },
    { "[\"null\",\"~\",\"true\",\"yes\",\"Off\",\"y\",\"n\",\"nULL\"]", "- 'null'\n- '~'\n- 'true'\n- 'yes'\n- 'Off'\n- y\n- n\n- nULL\n" },
    { "[\"1\",\"1.5\",\"0x1F\",\"017\",\"08\",\"1_000\",\"1:30\",\"1e5\",\"1.0e+5\",\".inf\",\".nan\",\"-.5\",\".5\"]",
      "- '1'\n- '1.5'\n- '0x1F'\n- '017'\n- 08\n- '1_000'\n- '1:30'\n- 1e5\n- '1.0e+5'\n- '.inf'\n- '.nan'\n- -.5\n- '.5'\n" },
    { "[\"2001-01-01\",\"2001-1-1\",\"2001-12-14 21:59:43\",\"2001-12-14T21:59:43Z\",\"2001-12-14 \"]",
      "- '2001-01-01'\n- 2001-1-1\n- '2001-12-14 21:59:43'\n- '2001-12-14T21:59:43Z'\n- '2001-12-14 '\n" },
    { "[\"=\",\"<<\",\"!\",\"&a\",\"*a\",\"%a\",\"@a\",\"`a\",\"|\",\"|a\",\">\",\"{\",\"}\",\"[\",\"]\",\",\",\"a,b\",\"a[0]\""
      "]",
      "- '='\n- '<<'\n- '!'\n- '&a'\n- '*a'\n- '%a'\n- '@a'\n- '`a'\n- '|'\n- '|a'\n- '>'\n- '{'\n- '}'\n- '['\n- ']'\n- ','\n-"
      " a,b\n- a[0]\n" },
    { "[\"-\",\"- a\",\"-a\",\"--\",\"---\",\"---a\",\"...\",\"?\",\"? a\",\"?a\",\":\",\": a\",\":a\",\"a:\",\"a: b\",\"a:b\","
      "\"#\",\"a#\",\"a #b\",\"a#b\"]",
      "- '-'\n- '- a'\n- -a\n- --\n- '---'\n- '---a'\n- '...'\n- '?'\n- '? a'\n- ?a\n- ':'\n- ': a'\n- :a\n- 'a:'\n- 'a: b'\n- "
      "a:b\n- '#'\n- a#\n- 'a #b'\n- a#b\n" },
    { "[\"'\",\"it's\",\"'a'\",\"\\\"\",\"a\\\"b\",\"\\\\\",\"a\\\\b\"]", "- ''''\n- it's\n- '''a'''\n- '\"'\n- a\"b\n- \\\n- a\\b\n" },
    { "[\" a\",\"a \",\" \",\"a  b\"]", "- ' a'\n- 'a '\n- ' '\n- a  b\n" },
    { "[\"a\\nb\",\"a\\n\",\"\\na\",\"a\\n\\nb\",\"\\n\",\"a \\nb\",\"a\\n b\",\"a\\nb\\nc\\n\\n\"]",
      "- 'a\n\n  b'\n- 'a\n\n  '\n- '\n\n  a'\n- 'a\n\n\n  b'\n- '\n\n  '\n- \"a \\nb\"\n- \"a\\n b\"\n- 'a\n\n  b\n\n  c\n\n\n"
      "  '\n" },
    { "[\"\\t\",\"a\\tb\",\"\\r\",\"a\\r\\nb\",\"\\u0001\",\"\\u0007\\b\\u000b\\f\\u001b\",\"\x7F\",\"\xC2\x80\"]",
      "- \"\\t\"\n- \"a\\tb\"\n- \"\\r\"\n- \"a\\r\\nb\"\n- \"\\x01\"\n- \"\\a\\b\\v\\f\\e\"\n- \"\\x7F\"\n- \"\\x80\"\n" },
    { "[\"\xC3\xA9\",\"\xE6\x97\xA5\xE6\x9C\xAC\",\"\xC2\xA0\",\"\xC2\x85\",\"\xE2\x80\xA8\",\"a\xE2\x80\xA9" "b\",\"\xEF\xBB"
      "\xBF\",\"\xEF\xBF\xBE\",\"\xEF\xBF\xBF\",\"\xF0\x9F\x98\x80\",\"\xF0\x9F\x98\x80\\n\",\"\xF0\x9F\x98\x80\\t\",\"\xF4\x8F"
      "\xBF\xBF\"]",
      "- \xC3\xA9\n- \xE6\x97\xA5\xE6\x9C\xAC\n- \xC2\xA0\n- '\xC2\x85  '\n- '\xE2\x80\xA8  '\n- 'a\xE2\x80\xA9  b'\n- \"\\uFEF"
      "F\"\n- \"\\uFFFE\"\n- \"\\uFFFF\"\n- \xF0\x9F\x98\x80\n- '\xF0\x9F\x98\x80\n\n  '\n- \"\\U0001F600\\t\"\n- \"\\U0010FFFF"
      "\"\n" },
    { "\"The quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends\"",
      "The quick brown fox jumps over the lazy dog and then it goes home to have a cup of\n  tea with friends\n...\n" },
    { "{\"description\":\"The quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends\""
      "}",
      "description: The quick brown fox jumps over the lazy dog and then it goes home to\n  have a cup of tea with friends\n" },
    { "{\"description\":\"The quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends T"
      "he quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends\"}",
      "description: The quick brown fox jumps over the lazy dog and then it goes home to\n  have a cup of tea with friends The "
      "quick brown fox jumps over the lazy dog and then\n  it goes home to have a cup of tea with friends\n" },
    { "[\"a:  The quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends\"]",
      "- 'a:  The quick brown fox jumps over the lazy dog and then it goes home to have a\n  cup of tea with friends'\n" },
    { "{\"a\":\"The  quick  brown  fox  jumps  over  the  lazy  dog  and  then  it  goes  home  to  have  a  cup  of  tea  with"
      "  friends\"}",
      "a: The  quick  brown  fox  jumps  over  the  lazy  dog  and  then  it  goes  home  to  have  a  cup  of  tea  with  frie"
      "nds\n" },
    { "{\"a\":\"The quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends\\nThe quick"
      " brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends\"}",
      "a: 'The quick brown fox jumps over the lazy dog and then it goes home to have a cup\n  of tea with friends\n\n  The quic"
      "k brown fox jumps over the lazy dog and then it goes home to have a cup\n  of tea with friends'\n" },
    { "{\"a\":\"it's The quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends\"}",
      "a: it's The quick brown fox jumps over the lazy dog and then it goes home to have\n  a cup of tea with friends\n" },
    { "{\"a\":\"tab\\tThe quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends\"}",
      "a: \"tab\\tThe quick brown fox jumps over the lazy dog and then it goes home to have\\\n  \\ a cup of tea with friends\""
      "\n" },
    { "{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}",
      "a: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" },
    { "{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y\"}",
      "a: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n  y\n" },
    { "{\"a\":\"\\txxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y\"}",
      "a: \"\\txxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\\n  \\ y\""
      "\n" },
    { "{\"a\":\"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9 \xC3\xA9\"}",
      "a: \xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3"
      "\xA9\n  \xC3\xA9\n" },
    { "{\"a\":\"\\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ "
      "\\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ "
      "\\\\ \\\\ \\\\ \\\\ \\t\"}",
      "a: \"\\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ "
      "\\\\ \\\\ \\\\\\\n  \\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\\\ \\"
      "\\ \\\\ \\\\ \\\\ \\\\ \\t\"\n" },
    { "{\"a\":\"\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98"
      "\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\\n \"}",
      "a: \"\\U0001F600\\U0001F600\\U0001F600\\U0001F600\\U0001F600\\U0001F600\\U0001F600\\U0001F600\\\n  \\U0001F600\\U0001F60"
      "0\\U0001F600\\U0001F600\\n \"\n" },
    { "{\"a\":{\"b\":{\"c\":\"The quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with frien"
      "ds The quick brown fox jumps over the lazy dog and then it goes home to have a cup of tea with friends\"}}}",
      "a:\n  b:\n    c: The quick brown fox jumps over the lazy dog and then it goes home to have a\n      cup of tea with frie"
      "nds The quick brown fox jumps over the lazy dog and then\n      it goes home to have a cup of tea with friends\n" },
    { "[\"a: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c d\"]",
      "- 'a: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n  c d'\n" },
    { "[\"\\n bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c d\"]",
      "- \"\\n bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\\\n  \\ c d\"\n" },
    { "{\"k\":[\"x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x "
      "y x y x y \"]}",
      "k:\n- 'x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y x y\n  x y x y x y x y x y x y x y x "
      "y x y x y '\n" },
    { "{\"version\":1,\"version_hash\":\"eyBkbHQ=\",\"engine_version\":11,\"name\":\"events\",\"tables\":{\"_dlt_version\":{\"c"
      "olumns\":{\"version\":{\"data_type\":\"bigint\",\"nullable\":false},\"inserted_at\":{\"data_type\":\"timestamp\",\"nulla"
      "ble\":false,\"description\":\"Timestamp when the schema version was stored\"}},\"write_disposition\":\"skip\"}},\"settin"
      "gs\":{\"detections\":[\"iso_timestamp\"],\"default_hints\":{\"not_null\":[\"_dlt_id\",\"re:^_dlt$\"]}},\"previous_hashes"
      "\":[]}",
      "version: 1\nversion_hash: eyBkbHQ=\nengine_version: 11\nname: events\ntables:\n  _dlt_version:\n    columns:\n      vers"
      "ion:\n        data_type: bigint\n        nullable: false\n      inserted_at:\n        data_type: timestamp\n        null"
      "able: false\n        description: Timestamp when the schema version was stored\n    write_disposition: skip\nsettings:\n"
      "  detections:\n  - iso_timestamp\n  default_hints:\n    not_null:\n    - _dlt_id\n    - re:^_dlt$\nprevious_hashes: []\n" },
};

static yyjson_mut_doc *document(const char *json)
{
    yyjson_doc *parsed = yyjson_read(json, strlen(json), YYJSON_READ_ALLOW_INF_AND_NAN);
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(parsed, NULL);

    assert_non_null(doc);
    yyjson_doc_free(parsed);
    return doc;
}

static void values_are_written_as_by_pyyaml(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(writings); i++) {
        yyjson_mut_doc *doc = document(writings[i].json);
        struct text yaml = { 0 };

        if (!yaml_write(&yaml, yyjson_mut_doc_get_root(doc)))
            fail_msg("%s: not written", writings[i].json);
        if (yaml.length != strlen(writings[i].yaml) || memcmp(yaml.text, writings[i].yaml, yaml.length) != 0)
            fail_msg("%s\nis written as\n%s\ninstead of\n%s", writings[i].json, yaml.text, writings[i].yaml);
        text_release(&yaml);
        yyjson_mut_doc_free(doc);
    }
}

static void infinities_are_written(void **state)
{
    yyjson_mut_doc *doc = document("[Infinity,-Infinity,NaN]");
    struct text yaml = { 0 };

    (void)state;
    assert_true(yaml_write(&yaml, yyjson_mut_doc_get_root(doc)));
    assert_string_equal(yaml.text, "- .inf\n- -.inf\n- .nan\n");
    text_release(&yaml);
    yyjson_mut_doc_free(doc);
}

/* Lists in one another around a value. */
static bool write_nested(struct text *yaml, int depth, yyjson_mut_doc *doc, yyjson_mut_val *value)
{
    bool written;

    for (int i = 0; i < depth; i++) {
        yyjson_mut_val *list = yyjson_mut_arr(doc);

        assert_true(yyjson_mut_arr_append(list, value));
        value = list;
    }
    written = yaml_write(yaml, value);
    yyjson_mut_doc_free(doc);
    return written;
}

static void what_cannot_be_written(void **state)
{
    struct text yaml = { 0 };
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);

    (void)state;
    assert_true(write_nested(&yaml, YAML_WRITE_DEPTH_MAX, doc, yyjson_mut_int(doc, 1)));
    assert_int_equal(yaml.length, 2 * YAML_WRITE_DEPTH_MAX + 2);
    doc = yyjson_mut_doc_new(NULL);
    assert_false(write_nested(&yaml, YAML_WRITE_DEPTH_MAX + 1, doc, yyjson_mut_int(doc, 1)));
    doc = yyjson_mut_doc_new(NULL);
    assert_false(write_nested(&yaml, 1, doc, yyjson_mut_raw(doc, "1e999")));
    doc = yyjson_mut_doc_new(NULL);
    assert_false(write_nested(&yaml, 1, doc, yyjson_mut_str(doc, "a\xFF")));
    text_release(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_as_by_pyyaml),     cmocka_unit_test(errors_have_their_place),
        cmocka_unit_test(too_much_is_refused),             cmocka_unit_test(laughs_are_refused),
        cmocka_unit_test(values_are_written_as_by_pyyaml), cmocka_unit_test(infinities_are_written),
        cmocka_unit_test(what_cannot_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
