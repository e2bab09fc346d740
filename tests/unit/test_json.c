/* Which texts are JSON is told by RFC 8259, what numbers are by Python's json and repr. Random documents are made twice at once: as they
 * might be written, with white space and escapes, and compact, as they must come back. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/json.h"
#include "source/chunker.h"

#define ANY_LENGTH ((size_t)1 << 30)

static const size_t chunk_sizes[] = { 1, 7, 64, 4096, 4 << 20 };
#define CHUNK_SIZES (sizeof(chunk_sizes) / sizeof(chunk_sizes[0]))

/* ---- helpers ----------------------------------------------------------------------------------------------------------------- */

/* The items of a chunk, each as compact JSON on a line of its own. */
static enum spile_status chunk_read(struct json_reader *reader, const struct chunk *chunk, struct text *out, struct spile_error *err)
{
    struct json_item item;
    enum spile_status status;
    uint64_t index = 0, behind = chunk->offset;
    bool more;

    json_reader_begin(reader, chunk);
    while ((status = json_reader_next(reader, &item, &more, err)) == SPILE_OK && more) {
        struct slice text = json_reader_text(reader);

        assert_int_equal(item.index, index++);
        assert_true(item.offset >= behind && text.length > 0);
        assert_ptr_equal(text.text, chunk->bytes + (item.offset - chunk->offset));
        behind = item.offset + text.length;
        assert_true(behind <= chunk->offset + chunk->length);
        assert_int_equal(item.element, chunk->state != CHUNK_SEQUENCE);
        json_write(out, item.document);
        text_putc(out, '\n');
    }
    assert_false(more);
    if (status != SPILE_OK) { /* the chunk is over */
        assert_int_equal(json_reader_next(reader, &item, &more, NULL), SPILE_OK);
        assert_false(more);
    }
    return status;
}

static enum spile_status text_read(struct json_reader *reader, const char *text, size_t length, size_t chunk_bytes, struct text *out,
                                   struct spile_error *err)
{
    struct input *input;
    struct chunker *chunker;
    struct chunk chunk = { 0 };
    enum spile_status status;
    bool more;

    memset(err, 0, sizeof(*err));
    text_clear(out);
    text_puts(out, "");
    assert_int_equal(input_open_memory(&input, text, length, "x.json", NULL, err), SPILE_OK);
    assert_int_equal(chunker_new(&chunker, input, chunk_bytes, ANY_LENGTH, err), SPILE_OK);
    while ((status = chunker_next(chunker, &chunk, &more, err)) == SPILE_OK && more) {
        status = chunk_read(reader, &chunk, out, err);
        assert_memory_equal(chunk.bytes, text + chunk.offset, chunk.length); /* the chunk's bytes stay */
        if (status != SPILE_OK)
            break;
    }
    assert_false(out->failed);
    assert_int_equal(status, err->status);
    chunker_free(chunker);
    input_close(input);
    free(chunk.bytes);
    return status;
}

static void expect_items(const char *what, const char *in, size_t length, const char *want)
{
    struct json_reader *reader = json_reader_new();
    struct text got = { 0 };
    struct spile_error err;

    assert_non_null(reader);
    for (size_t i = 0; i < CHUNK_SIZES; i++) {
        if (text_read(reader, in, length, chunk_sizes[i], &got, &err) != SPILE_OK)
            fail_msg("%s, chunks of %zu: %s: got error \"%s\" at %s", what, chunk_sizes[i], in, err.message, err.where);
        if (strcmp(got.text, want) != 0)
            fail_msg("%s, chunks of %zu: %s: got\n%s\nwant\n%s", what, chunk_sizes[i], in, got.text, want);
    }
    text_release(&got);
    json_reader_free(reader);
}

/* ---- what is JSON ------------------------------------------------------------------------------------------------------------ */

static void items(void **state)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "one object", "{}", "{}\n" },
        { "white space of all kinds", "\r\n\t {\r\n\t \"a\"\r\n\t :\r\n\t 1\r\n\t ,\"b\"\r\n:[\t]}\r\n\t ", "{\"a\":1,\"b\":[]}\n" },
        { "lines", "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}\n" },
        { "lines without the last end", "{\"a\":1}\r\n{\"a\":2}", "{\"a\":1}\n{\"a\":2}\n" },
        { "blank lines", "\n\n{\"a\":1}\n\n\n{\"a\":2}\n\n", "{\"a\":1}\n{\"a\":2}\n" },
        { "objects directly one after another", "{\"a\":1}{\"a\":2}{}", "{\"a\":1}\n{\"a\":2}\n{}\n" },
        { "over several lines", "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", "{\"a\":1}\n{\"a\":2}\n" },
        { "lists one after another are items", "[1,2]\n[]\n[[3]]\n", "[1,2]\n[]\n[[3]]\n" },
        { "a list and an object", "[1] {\"a\":[]}", "[1]\n{\"a\":[]}\n" },
        { "an array's elements are items", "[{\"a\":1},{\"a\":2}]", "{\"a\":1}\n{\"a\":2}\n" },
        { "an empty array", " [ ] ", "" },
        { "an array of everything", "[1, -2.5,\"x\" ,true,false , null,[ ],{ }, [[1]]]\n",
          "1\n-2.5\n\"x\"\ntrue\nfalse\nnull\n[]\n{}\n[[1]]\n" },
        { "an array of one scalar", "[5]", "5\n" },
        { "an array of one string", "[\"\"]", "\"\"\n" },
        { "an array over lines", "[\n{\"a\":1}\n,\n{\"a\":2}\n]\n", "{\"a\":1}\n{\"a\":2}\n" },
        { "brackets, commas and quotes in strings", "[\"],[\",\"\\\"]\",{\"}{\":\"\\\\\"}]", "\"],[\"\n\"\\\"]\"\n{\"}{\":\"\\\\\"}\n" },
        { "escapes", "{\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u001F\":\"\\u00e9\\u20AC\\uD83D\\uDE00\\u007f\"}",
          "{\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"}\n" },
        { "characters beyond ASCII", "{\"\xC3\xA9\":\"\xE2\x82\xAC\xF0\x9F\x98\x80\"}", "{\"\xC3\xA9\":\"\xE2\x82\xAC\xF0\x9F\x98\x80\"}\n" },
        { "the last character of Unicode, a non-character, a separator", "[\"\xF4\x8F\xBF\xBF\xEF\xBF\xBF\xE2\x80\xA8\"]",
          "\"\xF4\x8F\xBF\xBF\xEF\xBF\xBF\xE2\x80\xA8\"\n" },
        { "the same key twice stays twice", "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}\n" },
        { "empty key", "{\"\":0}", "{\"\":0}\n" },
        { "nested", "{\"a\":{\"b\":[{\"c\":[[],{}]}]}}", "{\"a\":{\"b\":[{\"c\":[[],{}]}]}}\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_items(cases[i].what, cases[i].in, strlen(cases[i].in), cases[i].want);
    expect_items("a byte order mark", "\xEF\xBB\xBF{}", 5, "{}\n");
}

/* want: kind and repr() of Python's json.loads, but the literal text of what is beyond int64 or a double. */
static void numbers(void **state)
{
    static const struct {
        const char *in;
        enum document_kind kind;
        const char *want;
    } cases[] = {
        { "0", DOCUMENT_INTEGER, "0" },
        { "-0", DOCUMENT_INTEGER, "0" },
        { "-0.0", DOCUMENT_DOUBLE, "-0.0" },
        { "0.0", DOCUMENT_DOUBLE, "0.0" },
        { "-0e5", DOCUMENT_DOUBLE, "-0.0" },
        { "1", DOCUMENT_INTEGER, "1" },
        { "-1", DOCUMENT_INTEGER, "-1" },
        { "9223372036854775807", DOCUMENT_INTEGER, "9223372036854775807" },
        { "-9223372036854775808", DOCUMENT_INTEGER, "-9223372036854775808" },
        { "9223372036854775808", DOCUMENT_NUMBER, "9223372036854775808" },
        { "-9223372036854775809", DOCUMENT_NUMBER, "-9223372036854775809" },
        { "10000000000000000000", DOCUMENT_NUMBER, "10000000000000000000" },
        { "18446744073709551615", DOCUMENT_NUMBER, "18446744073709551615" },
        { "18446744073709551616", DOCUMENT_NUMBER, "18446744073709551616" },
        { "-18446744073709551616", DOCUMENT_NUMBER, "-18446744073709551616" },
        { "123456789012345678901234567890", DOCUMENT_NUMBER, "123456789012345678901234567890" },
        { "-123456789012345678901234567890", DOCUMENT_NUMBER, "-123456789012345678901234567890" },
        { "1.0", DOCUMENT_DOUBLE, "1.0" },
        { "100.5", DOCUMENT_DOUBLE, "100.5" },
        { "1e5", DOCUMENT_DOUBLE, "100000.0" },
        { "1E5", DOCUMENT_DOUBLE, "100000.0" },
        { "1e+5", DOCUMENT_DOUBLE, "100000.0" },
        { "1e-5", DOCUMENT_DOUBLE, "0.00001" }, /* as orjson writes it */
        { "1E-7", DOCUMENT_DOUBLE, "1e-7" },
        { "1e16", DOCUMENT_DOUBLE, "1e+16" },
        { "123456789012345678.0", DOCUMENT_DOUBLE, "1.2345678901234568e+17" },
        { "0.1", DOCUMENT_DOUBLE, "0.1" },
        { "5e-324", DOCUMENT_DOUBLE, "5e-324" },
        { "2.2250738585072014e-308", DOCUMENT_DOUBLE, "2.2250738585072014e-308" },
        { "1.7976931348623157e308", DOCUMENT_DOUBLE, "1.7976931348623157e+308" },
        { "1.7976931348623159e308", DOCUMENT_NUMBER, "1.7976931348623159e308" },
        { "1e400", DOCUMENT_NUMBER, "1e400" },
        { "-1E+400", DOCUMENT_NUMBER, "-1E+400" },
        { "1e99999999999999999999", DOCUMENT_NUMBER, "1e99999999999999999999" },
        { "1E-400", DOCUMENT_DOUBLE, "0.0" },
        { "-1e-400", DOCUMENT_DOUBLE, "-0.0" },
        { "1e-99999999999999999999", DOCUMENT_DOUBLE, "0.0" },
        { "0e99999999999999999999", DOCUMENT_DOUBLE, "0.0" },
        { "9007199254740993.0", DOCUMENT_DOUBLE, "9007199254740992.0" },
    };
    struct json_reader *reader = json_reader_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200], want[200], buffer[DOCUMENT_NUMBER_CHARS];
        struct chunk chunk = { .input_name = "x.json", .line = 1, .column = 1, .state = CHUNK_ARRAY_OPEN, .first = true, .last = true };
        struct json_item item;
        struct spile_error err = { 0 };
        bool more;

        snprintf(text, sizeof(text), "[%s,%s,{\"a\":%s,\"b\":[%s]}]", cases[i].in, cases[i].in, cases[i].in, cases[i].in);
        snprintf(want, sizeof(want), "%s\n%s\n{\"a\":%s,\"b\":[%s]}\n", cases[i].want, cases[i].want, cases[i].want, cases[i].want);
        expect_items("number", text, strlen(text), want);
        chunk.length = strlen(text);
        chunk.bytes = calloc(1, chunk.length + CHUNK_PADDING);
        assert_non_null(chunk.bytes);
        memcpy(chunk.bytes, text, chunk.length);
        json_reader_begin(reader, &chunk);
        assert_int_equal(json_reader_next(reader, &item, &more, &err), SPILE_OK);
        assert_true(more);
        if (document_kind(item.document) != cases[i].kind)
            fail_msg("%s: got kind %d, want %d", cases[i].in, (int)document_kind(item.document), (int)cases[i].kind);
        if (cases[i].kind == DOCUMENT_NUMBER && !slice_equal(document_number_text(item.document, buffer), slice_of(cases[i].want)))
            fail_msg("%s: not its literal text", cases[i].in);
        if (cases[i].kind == DOCUMENT_INTEGER) {
            snprintf(want, sizeof(want), "%" PRId64, document_integer(item.document));
            assert_string_equal(want, cases[i].want);
        }
        free(chunk.bytes);
    }
    json_reader_free(reader);
}

/* ---- what is not ------------------------------------------------------------------------------------------------------------- */

#define CUT_OFF "the text is cut off: get it again, whole"
#define COMMA "remove the comma before the closing bracket"
#define UTF8 "convert the file to UTF-8, e.g. with iconv"
#define NOT_JSON "NaN and infinity are not JSON: write null"
#define PAIR "write the character itself, or both halves of the pair, as in \\ud83d\\ude00"
#define WRAP "wrap it in an object, such as {\"value\": 5}"
#define ESCAPE "write a backslash as \\\\; the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with 4 digits"

static void errors(void **state)
{
    static const struct {
        const char *what, *in;
        const char *items; /* those before the error */
        const char *message, *where, *hint;
    } cases[] = {
        { "text after a value", "{\"a\":1 x}", "", "unexpected character after a value: \"{\"a\":1 x\"", "line 1, column 8, byte 7", "" },
        { "items before it", "{\"a\":1}\n{\"a\":2}\n{\"a\" 3}", "{\"a\":1}\n{\"a\":2}\n", "expected ':' after the key: \"{\"a\" 3\"",
          "line 3, column 6, byte 21", "" },
        { "escaped line ends are no lines", "{\"a\":\"\\n\\n\"}\n{\"a\":\"\\n\\n\\u000a\", x}", "{\"a\":\"\\n\\n\"}\n",
          "expected a key: \"{\"a\":\"\\n\\n\\u000a\", x\"", "line 2, column 20, byte 32", "keys stand in double quotes" },
        { "escapes and characters before it", "{\"\\u00e9\xC3\xA9\\t\":\"\xF0\x9F\x98\x80\",}", "", "a comma after the last value: \"{\"\\u00e9\xC3\xA9\\t\":\"\xF0\x9F\x98\x80\",\"",
          "line 1, column 17, byte 20", COMMA },
        { "over several lines", "{\n \"a\": [\n  1,\n  \xC3\xA9]}", "", "expected a value: \"{\\x0A \"a\": [\\x0A  1,\\x0A  \xC3\xA9\"",
          "line 4, column 3, byte 17", "" },
        { "a long extract", "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1 x}", "",
          "unexpected character after a value: \"...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1 x\"", "line 1, column 65, byte 64", "" },
        { "an extract begins with a whole character",
          "{\"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\":x}",
          "", "expected a value: \"...\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\":x\"",
          "line 1, column 30, byte 54", "" },
        { "cut off in an object", "{\"a\":1}\n{\"a\":", "{\"a\":1}\n", "it ends inside a value: \"{\"a\":\"", "line 2, column 6, byte 13", CUT_OFF },
        { "cut off in a string", "{\"a\":\"x", "", "it ends inside a value: \"{\"a\":\"x\"", "line 1, column 8, byte 7", CUT_OFF },
        { "cut off in an escape", "{\"a\":\"\\u00", "", "it ends inside a value: \"{\"a\":\"\\u00\"", "line 1, column 11, byte 10", CUT_OFF },
        { "cut off in a word", "{\"a\":tru", "", "it ends inside a value: \"{\"a\":tru\"", "line 1, column 9, byte 8", CUT_OFF },
        { "an open bracket", "{", "", "it ends inside a value: \"{\"", "line 1, column 2, byte 1", CUT_OFF },
        { "an open array", "[", "", "the array is not closed", "line 1, column 2, byte 1", CUT_OFF },
        { "an open array after an element", "[{\"a\":1}\n", "{\"a\":1}\n", "the array is not closed", "line 2, column 1, byte 9", CUT_OFF },
        { "an open array after a comma", "[1,", "1\n", "the array is not closed", "line 1, column 4, byte 3", CUT_OFF },
        { "an open array after a comma and blanks", "[1, ", "1\n", "the array is not closed", "line 1, column 5, byte 4", CUT_OFF },
        { "a comma at an array's end", "[1,]", "1\n", "a comma after the last value: \"]\"", "line 1, column 4, byte 3", COMMA },
        { "a comma at its beginning", "[,1]", "", "expected a value: \",\"", "line 1, column 2, byte 1", "" },
        { "two commas", "[1,,2]", "1\n", "expected a value: \",\"", "line 1, column 4, byte 3", "" },
        { "no comma", "[1 2]", "1\n", "expected ',' or ']' after an element: \"2\"", "line 1, column 4, byte 3", "" },
        { "no comma between objects", "[{\"a\":1}\n{\"a\":2}]", "{\"a\":1}\n", "expected ',' or ']' after an element: \"{\"",
          "line 2, column 1, byte 9", "" },
        { "a brace closes the array", "[1}", "1\n", "expected ',' or ']' after an element: \"}\"", "line 1, column 3, byte 2", "" },
        { "a comma at an inner array's end", "{\"a\":[1, ]}", "", "a comma after the last value: \"{\"a\":[1,\"", "line 1, column 8, byte 7", COMMA },
        { "a comma at an inner array's end, and one behind it", "{\"a\":[1, ],\"b\":2}", "", "a comma after the last value: \"{\"a\":[1,\"",
          "line 1, column 8, byte 7", COMMA },
        { "a comma behind an inner array", "{\"a\":[[1] ,]}", "", "a comma after the last value: \"{\"a\":[[1] ,\"", "line 1, column 11, byte 10", COMMA },
        { "a comma at an object's end", "{\"a\":1,}", "", "a comma after the last value: \"{\"a\":1,\"", "line 1, column 7, byte 6", COMMA },
        { "a comma in an empty object", "{,}", "", "expected a key: \"{,\"", "line 1, column 2, byte 1", "keys stand in double quotes" },
        { "brackets that do not match", "{\"a\":[1}]", "", "unexpected character after a value: \"{\"a\":[1}\"", "line 1, column 8, byte 7", "" },
        { "brackets that do not match, the other way", "{\"a\":1]", "", "unexpected character after a value: \"{\"a\":1]\"", "line 1, column 7, byte 6", "" },
        { "a closing bracket too much", "{\"a\":1}}", "{\"a\":1}\n", "a closing bracket without an opening one: \"}\"", "line 1, column 8, byte 7", "" },
        { "a closing bracket alone", "]", "", "a closing bracket without an opening one: \"]\"", "line 1, column 1, byte 0", "" },
        { "commas between top-level values", "{\"a\":1},\n{\"a\":2}", "{\"a\":1}\n", "a comma between top-level values: \",\"",
          "line 1, column 8, byte 7", "remove it, or put all the values into one array" },
        { "text after the array", "[1]x", "[1]\n", "expected a value: \"x\"", "line 1, column 4, byte 3", "" },
        { "a number at the top", "5", "", "a single value at the top level, expected an object: \"5\"", "line 1, column 1, byte 0", WRAP },
        { "numbers at the top", "{}\n-1.5e3 7", "{}\n", "a single value at the top level, expected an object: \"-1.5e3\"", "line 2, column 1, byte 3", WRAP },
        { "a string at the top", "\"abc\"", "", "a single value at the top level, expected an object: \"\"\"", "line 1, column 1, byte 0", WRAP },
        { "a word at the top", " null", "", "a single value at the top level, expected an object: \"null\"", "line 1, column 2, byte 1", WRAP },
        { "NaN", "{\"a\":NaN}", "", "expected a value: \"{\"a\":NaN\"", "line 1, column 6, byte 5", NOT_JSON },
        { "nan", "{\"a\":nan}", "", "unknown word: \"{\"a\":nan\"", "line 1, column 6, byte 5", NOT_JSON },
        { "Infinity", "[1,Infinity]", "1\n", "expected a value: \"Infinity\"", "line 1, column 4, byte 3", NOT_JSON },
        { "-Infinity", "{\"a\":-Infinity}", "", "malformed number: \"{\"a\":-Infinity\"", "line 1, column 6, byte 5", NOT_JSON },
        { "Python's None", "{\"a\":None}", "", "expected a value: \"{\"a\":None\"", "line 1, column 6, byte 5",
          "this is Python's spelling: JSON has true, false and null" },
        { "JavaScript's undefined", "{\"a\":undefined}", "", "expected a value: \"{\"a\":undefined\"", "line 1, column 6, byte 5",
          "this is JavaScript: write null" },
        { "a misspelt word", "{\"a\":trua}", "", "unknown word: \"{\"a\":trua\"", "line 1, column 6, byte 5", "" },
        { "a leading zero", "{\"a\":01}", "", "malformed number: \"{\"a\":01\"", "line 1, column 6, byte 5", "" },
        { "a leading plus", "{\"a\":+1}", "", NULL, "line 1, column 6, byte 5", "" },
        { "no digit after the point", "{\"a\":1.}", "", "malformed number: \"{\"a\":1.\"", "line 1, column 6, byte 5", "" },
        { "no digit before the point", "{\"a\":.5}", "", NULL, "line 1, column 6, byte 5", "" },
        { "no digit in the exponent", "{\"a\":1e+}", "", "malformed number: \"{\"a\":1e+\"", "line 1, column 6, byte 5", "" },
        { "hexadecimal", "[0x10]", "0\n", "expected ',' or ']' after an element: \"x10\"", "line 1, column 3, byte 2", "" },
        { "single quotes", "{'a':1}", "", "expected a key: \"{'\"", "line 1, column 2, byte 1", "text and keys stand in double quotes" },
        { "single quotes around a value", "{\"a\":'x'}", "", "expected a value: \"{\"a\":'\"", "line 1, column 6, byte 5", "text and keys stand in double quotes" },
        { "a key without quotes", "{a:1}", "", "expected a key: \"{a\"", "line 1, column 2, byte 1", "keys stand in double quotes" },
        { "a number as a key", "{1:2}", "", "expected a key: \"{1\"", "line 1, column 2, byte 1", "keys stand in double quotes" },
        { "a comment", "{\"a\":1} // one", "{\"a\":1}\n", "expected a value: \"/\"", "line 1, column 9, byte 8", "JSON has no comments: remove them" },
        { "a comment inside", "{/* */}", "", "expected a key: \"{/\"", "line 1, column 2, byte 1", "JSON has no comments: remove them" },
        { "a byte order mark between values", "{}\xEF\xBB\xBF{}", "{}\n", "expected a value: \"\xEF\xBB\xBF\"", "line 1, column 3, byte 2",
          "remove the byte order mark; it may stand at the beginning of a file only" },
        { "an unknown escape", "{\"a\":\"\\x41\"}", "", NULL, NULL, ESCAPE },
        { "an escaped single quote", "{\"a\":\"\\'\"}", "", NULL, NULL, ESCAPE },
        { "bad digits in an escape", "{\"a\":\"\\u00zz\"}", "", "an unknown escape in a text: \"{\"a\":\"\\u00zz\"", "line 1, column 7, byte 6", ESCAPE },
        { "half a pair, the first", "{\"a\":\"\\ud800\"}", "", NULL, NULL, PAIR },
        { "half a pair, the second", "{\"a\":\"\\udc00\"}", "", NULL, NULL, PAIR },
        { "half a pair, then a letter", "{\"a\":\"\\ud800x\"}", "", NULL, NULL, PAIR },
        { "half a pair twice", "{\"a\":\"\\ud800\\ud800\"}", "", NULL, NULL, PAIR },
        { "half a pair in a key", "{\"\\udfff\":1}", "", NULL, NULL, PAIR },
        { "a line break in a string", "{\"a\":\"x\ny\"}\n{}", "", "a text is not closed on its line: \"{\"a\":\"x\\x0A\"", "line 1, column 8, byte 7",
          "close it with a double quote; a line break in a text is written \\n" },
        { "a line break in an array's string", "[1,\"x\ny\"]", "1\n", "a text is not closed on its line: \"\"x\\x0A\"", "line 1, column 6, byte 5",
          "close it with a double quote; a line break in a text is written \\n" },
        { "a tab in a string", "{\"a\":\"x\ty\"}", "", "a raw control character in a text: \"{\"a\":\"x\\x09\"", "line 1, column 8, byte 7",
          "write it as an escape, such as \\t or \\u0001" },
        { "bytes that are not UTF-8", "{\"a\":\"\xE9\"}", "", "bytes that are not UTF-8 in a text: \"{\"a\":\"\\xE9\"", "line 1, column 7, byte 6", UTF8 },
        { "an overlong character", "{\"a\":\"\xC0\xAF\"}", "", NULL, "line 1, column 7, byte 6", UTF8 },
        { "a surrogate in UTF-8", "{\"a\":\"\xED\xA0\x80\"}", "", NULL, "line 1, column 7, byte 6", UTF8 },
        { "beyond Unicode", "{\"a\":\"\xF4\x90\x80\x80\"}", "", NULL, "line 1, column 7, byte 6", UTF8 },
        { "half a character", "{\"a\":\"\xE2\x82\"}", "", NULL, "line 1, column 7, byte 6", UTF8 },
        { "a later byte of a character", "{\"a\":\"\x80\"}", "", NULL, NULL, UTF8 },
        { "not UTF-8 outside of strings", "{\"a\":\xE9}", "", "expected a value: \"{\"a\":\\xE9\"", "line 1, column 6, byte 5", "" },
        { "a form feed between values", "{}\f{}", "{}\n", "expected a value: \"\\x0C\"", "line 1, column 3, byte 2", "" },
        { "a colon too much", "{\"a\"::1}", "", "expected a value: \"{\"a\"::\"", "line 1, column 6, byte 5", "" },
        { "a key without a value", "{\"a\"}", "", "expected ':' after the key: \"{\"a\"}\"", "line 1, column 5, byte 4", "" },
        { "three values in a member", "{\"a\":1:2}", "", "unexpected character after a value: \"{\"a\":1:\"", "line 1, column 7, byte 6", "" },
        { "a word that goes on", "{\"a\":nullx}", "", "unexpected character after a value: \"{\"a\":nullx\"", "line 1, column 10, byte 9", "" },
    };
    struct json_reader *reader = json_reader_new();
    struct text got = { 0 };
    struct spile_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t s = 0; s < CHUNK_SIZES; s++) {
            char message[512], where[512];

            if (text_read(reader, cases[i].in, strlen(cases[i].in), chunk_sizes[s], &got, &err) != SPILE_SOURCE)
                fail_msg("%s, chunks of %zu: %s: got no error", cases[i].what, chunk_sizes[s], cases[i].in);
            if (strcmp(got.text, cases[i].items) != 0)
                fail_msg("%s, chunks of %zu: %s: got items\n%s", cases[i].what, chunk_sizes[s], cases[i].in, got.text);
            snprintf(message, sizeof(message), "invalid JSON: %s", cases[i].message ? cases[i].message : "");
            snprintf(where, sizeof(where), "%s of x.json", cases[i].where ? cases[i].where : "");
            if (cases[i].message && strcmp(err.message, message) != 0)
                fail_msg("%s, chunks of %zu: %s: got message\n%s\nwant\n%s", cases[i].what, chunk_sizes[s], cases[i].in, err.message, message);
            if (cases[i].where && strcmp(err.where, where) != 0)
                fail_msg("%s, chunks of %zu: %s: got \"%s\", want \"%s\"", cases[i].what, chunk_sizes[s], cases[i].in, err.where, where);
            if (strcmp(err.hint, cases[i].hint) != 0)
                fail_msg("%s, chunks of %zu: %s: got hint \"%s\", want \"%s\"", cases[i].what, chunk_sizes[s], cases[i].in, err.hint, cases[i].hint);
        }
    text_release(&got);
    json_reader_free(reader);
}

/* An array longer than the probe is one array for certain: then nothing may follow it. */
static void text_after_a_long_array(void **state)
{
    struct json_reader *reader = json_reader_new();
    struct text in = { 0 }, got = { 0 };
    struct spile_error err;
    char where[100];

    (void)state;
    text_puts(&in, "[\"");
    for (size_t i = 0; i < JSON_PROBE_BYTES; i++)
        text_putc(&in, 'x');
    text_puts(&in, "\"]\n[1]");
    snprintf(where, sizeof(where), "line 2, column 1, byte %zu of x.json", JSON_PROBE_BYTES + 5);
    for (size_t s = 0; s < CHUNK_SIZES; s++) {
        assert_int_equal(text_read(reader, in.text, in.length, chunk_sizes[s], &got, &err), SPILE_SOURCE);
        assert_string_equal(err.message, "invalid JSON: text after the end of the array: \"[\"");
        assert_string_equal(err.where, where);
        assert_string_equal(err.hint, "one array per file, or one value per line");
        assert_int_equal(got.length, JSON_PROBE_BYTES + 3);
    }
    text_release(&in);
    text_release(&got);
    json_reader_free(reader);
}

static void null_bytes_are_refused(void **state)
{
    static const struct {
        const char *in;
        size_t length;
    } cases[] = { { "{\"a\":\"x\0y\"}", 11 }, { "{\"a\":1}\0", 8 }, { "[1,2\0]", 6 }, { "[1,\0]", 5 }, { "{\"a\"\0:1}", 8 }, { "[\"\0", 3 } };
    struct json_reader *reader = json_reader_new();
    struct text got = { 0 };
    struct spile_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t s = 0; s < CHUNK_SIZES; s++) {
            if (text_read(reader, cases[i].in, cases[i].length, chunk_sizes[s], &got, &err) != SPILE_SOURCE)
                fail_msg("case %zu: got no error", i);
            if (!strstr(err.message, "\\x00") && i != 5)
                fail_msg("case %zu: got \"%s\"", i, err.message);
        }
    text_release(&got);
    json_reader_free(reader);
}

/* ---- random documents -------------------------------------------------------------------------------------------------------- */

static uint32_t random_next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

struct maker {
    uint64_t random;
    bool spaced;            /* white space where it may be, newlines too */
    struct text loose, tight; /* the same document in two spellings */
};

static void both(struct maker *maker, const char *text)
{
    text_puts(&maker->loose, text);
    text_puts(&maker->tight, text);
}

static void blanks_make(struct maker *maker)
{
    static const char *const blanks[] = { "", "", " ", "\n", "\r\n", "\t", "  \n  " };

    if (maker->spaced)
        text_puts(&maker->loose, blanks[random_next(&maker->random) % 7]);
}

static void string_make(struct maker *maker)
{
    static const struct {
        const char *loose, *tight;
    } pieces[] = {
        { "a", "a" },         { "plain text", "plain text" },  { "\\n", "\\n" },     { "\\u000a", "\\n" },
        { "\\\"", "\\\"" },   { "\\\\", "\\\\" },              { "\\/", "/" },       { "\\u0041", "A" },
        { "\xC3\xA9", "\xC3\xA9" }, { "\\u00E9", "\xC3\xA9" }, { "{", "{" },         { "]", "]" },
        { ",", "," },         { ":", ":" },                    { "\\u0000", "\\u0000" }, { "\\ud83d\\ude00", "\xF0\x9F\x98\x80" },
        { "\xE2\x82\xAC", "\xE2\x82\xAC" }, { "\\u20ac", "\xE2\x82\xAC" }, { "                                 ", "                                 " },
    };

    both(maker, "\"");
    for (uint32_t n = random_next(&maker->random) % 6; n; n--) {
        size_t i = random_next(&maker->random) % (sizeof(pieces) / sizeof(pieces[0]));

        text_puts(&maker->loose, pieces[i].loose);
        text_puts(&maker->tight, pieces[i].tight);
    }
    both(maker, "\"");
}

static void scalar_make(struct maker *maker)
{
    static const char *const scalars[] = { "0", "-1", "true", "false", "null", "1.5", "-0.25", "9223372036854775808", "1e400", "123456789",
                                           "18446744073709551615", "0.001", "1e+22", "-123456789012345678901234567890" };

    if (random_next(&maker->random) % 2)
        string_make(maker);
    else
        both(maker, scalars[random_next(&maker->random) % (sizeof(scalars) / sizeof(scalars[0]))]);
}

static void value_make(struct maker *maker, int depth, bool container)
{
    uint32_t kind = random_next(&maker->random) % (depth > 0 ? 4 : 2), size = random_next(&maker->random) % 6;

    if (kind > 1 || container) {
        both(maker, kind % 2 ? "{" : "[");
        blanks_make(maker);
        for (uint32_t i = 0; i < size; i++) {
            if (kind % 2) {
                string_make(maker);
                blanks_make(maker);
                both(maker, ":");
                blanks_make(maker);
            }
            value_make(maker, depth - 1, false);
            blanks_make(maker);
            if (i + 1 < size)
                both(maker, ",");
            blanks_make(maker);
        }
        both(maker, kind % 2 ? "}" : "]");
    } else {
        scalar_make(maker);
    }
}

static void random_documents(void **state)
{
    struct json_reader *reader = json_reader_new();

    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct maker maker = { .random = seed, .spaced = seed % 2 };
        bool array = seed / 2 % 2;
        struct text got = { 0 };
        struct spile_error err;

        text_puts(&maker.loose, array ? "[" : "{\"first\": \"no array\"}");
        text_puts(&maker.tight, array ? "" : "{\"first\":\"no array\"}\n");
        for (uint32_t n = random_next(&maker.random) % 40, i = 0; i < n; i++) {
            if (array && i)
                text_putc(&maker.loose, ',');
            blanks_make(&maker);
            value_make(&maker, (int)(seed % 7), !array);
            text_putc(&maker.tight, '\n');
            blanks_make(&maker);
        }
        text_puts(&maker.loose, array ? "]" : "");
        for (size_t s = 0; s < CHUNK_SIZES; s++) {
            if (text_read(reader, maker.loose.text, maker.loose.length, chunk_sizes[s], &got, &err) != SPILE_OK)
                fail_msg("seed %d, chunks of %zu: \"%s\" at %s", (int)seed, chunk_sizes[s], err.message, err.where);
            if (strcmp(got.text, maker.tight.length ? maker.tight.text : "") != 0)
                fail_msg("seed %d, chunks of %zu: got\n%s\nwant\n%s", (int)seed, chunk_sizes[s], got.text, maker.tight.text);
        }
        text_release(&got);
        text_release(&maker.loose);
        text_release(&maker.tight);
    }
    json_reader_free(reader);
}

/* ---- windows and memory ------------------------------------------------------------------------------------------------------ */

/* Numbers without end, so that some are cut by a window in every way, and items that are longer than one. */
static void items_over_window_borders(void **state)
{
    static const int longest[] = { 1, 30, 1000, 40000, 1000000 };
    struct json_reader *reader = json_reader_new();

    (void)state;
    for (size_t l = 0; l < sizeof(longest) / sizeof(longest[0]); l++) {
        struct text in = { 0 }, want = { 0 }, got = { 0 };
        struct spile_error err;
        uint64_t random = 99;

        text_putc(&in, '[');
        for (int i = 0; in.length < 3000000; i++) {
            text_puts(&in, i ? "," : "");
            if (i % 3 == 0) {
                text_printf(&in, "%d", i * 7);
                text_printf(&want, "%d\n", i * 7);
            } else if (i % 3 == 1) {
                text_puts(&in, "1234567890123456789012345678901234567890");
                text_puts(&want, "1234567890123456789012345678901234567890\n");
            } else {
                text_puts(&in, "{\"a\":\"\\t");
                text_puts(&want, "{\"a\":\"\\t");
                for (uint32_t n = random_next(&random) % (uint32_t)longest[l]; n; n--) {
                    text_putc(&in, 'x');
                    text_putc(&want, 'x');
                }
                text_puts(&in, "\" }");
                text_puts(&want, "\"}\n");
            }
        }
        text_putc(&in, ']');
        for (size_t s = 3; s < CHUNK_SIZES; s++) {
            assert_int_equal(text_read(reader, in.text, in.length, chunk_sizes[s], &got, &err), SPILE_OK);
            if (got.length != want.length || memcmp(got.text, want.text, want.length) != 0)
                fail_msg("texts of up to %d, chunks of %zu: wrong items", longest[l], chunk_sizes[s]);
        }
        in.text[in.length - 100] = '\x01'; /* and far behind, an error */
        assert_int_equal(text_read(reader, in.text, in.length, 4 << 20, &got, &err), SPILE_SOURCE);
        text_release(&in);
        text_release(&want);
        text_release(&got);
    }
    json_reader_free(reader);
}

static void deep_documents_are_refused(void **state)
{
    struct json_reader *reader = json_reader_new();

    (void)state;
    for (int vouched = 0; vouched < 2; vouched++)
        for (int kind = 0; kind < 3; kind++)
            for (int deep = JSON_DEPTH_MAX; deep <= JSON_DEPTH_MAX + 1; deep++) {
                struct chunk chunk = { .input_name = "x.json", .line = 5, .column = 1, .offset = 100, .first = true, .last = true };
                struct text in = { 0 }, got = { 0 };
                struct spile_error err = { 0 };
                enum spile_status status;

                text_puts(&in, "{\"a\":[1,2,3]}\n");
                for (int i = 0; i < deep; i++)
                    text_puts(&in, i == 0 ? "{\"a\":" : kind == 1 ? "{\"a\":" : kind == 2 && i < deep - 1 ? "[1,[],{}," : "[");
                text_puts(&in, "0");
                for (int i = 0; i < deep; i++)
                    text_puts(&in, kind == 1 || i == deep - 1 ? "}" : "]");
                chunk.shallow = vouched && deep == JSON_DEPTH_MAX;
                chunk.length = in.length;
                assert_true(text_reserve(&in, CHUNK_PADDING));
                memset(in.text + in.length, 0, CHUNK_PADDING);
                chunk.bytes = in.text;
                status = chunk_read(reader, &chunk, &got, &err);
                assert_int_equal(status, deep == JSON_DEPTH_MAX ? SPILE_OK : SPILE_SOURCE);
                if (status != SPILE_OK) {
                    assert_string_equal(err.message, "an item is nested deeper than 256 levels");
                    assert_string_equal(err.where, "line 6, byte 114 of x.json");
                    assert_true(err.hint[0]);
                }
                assert_false(got.failed);
                text_release(&in);
                text_release(&got);
            }
    json_reader_free(reader);
}

/* 100,000 levels, open and closed: an error, and no more than that. */
static void very_deep_text(void **state)
{
    struct json_reader *reader = json_reader_new();

    (void)state;
    for (int i = 0; i < 4; i++) {
        const char *open = i < 2 ? "[" : "{\"\":";
        struct text in = { 0 }, got = { 0 };
        struct spile_error err;

        for (int n = 0; n < 100000; n++)
            text_puts(&in, open);
        text_puts(&in, "0");
        for (int n = 0; i % 2 && n < 100000; n++)
            text_putc(&in, i < 2 ? ']' : '}');
        for (size_t s = 3; s < CHUNK_SIZES; s++)
            assert_int_equal(text_read(reader, in.text, in.length, chunk_sizes[s], &got, &err), SPILE_SOURCE);
        text_release(&in);
        text_release(&got);
    }
    json_reader_free(reader);
}

/* A list of a million values needs 16 MB of them. */
static void memory_is_limited(void **state)
{
    struct json_reader *reader = json_reader_new();
    struct text in = { 0 }, got = { 0 };
    struct spile_error err;

    (void)state;
    text_puts(&in, "{}\n{\"a\":[0");
    for (int i = 0; i < 1000000; i++)
        text_puts(&in, ",1");
    text_puts(&in, "]}\n{\"b\":2}");
    assert_int_equal(text_read(reader, in.text, in.length, 4 << 20, &got, &err), SPILE_OK);
    assert_int_equal(got.length, in.length + 1);
    json_reader_limit(reader, 10000000);
    assert_int_equal(text_read(reader, in.text, in.length, 4 << 20, &got, &err), SPILE_NOMEM);
    assert_string_equal(got.text, "{}\n");
    assert_string_equal(err.message, "an item needs more than 10000000 bytes of memory");
    assert_string_equal(err.where, "line 2, byte 3 of x.json");
    assert_non_null(strstr(err.hint, "--memory"));
    json_reader_limit(reader, 0);
    assert_int_equal(text_read(reader, in.text, in.length, 4 << 20, &got, &err), SPILE_OK);
    assert_int_equal(text_read(reader, "{}", 2, 4 << 20, &got, &err), SPILE_OK);
    text_release(&in);
    text_release(&got);
    json_reader_free(reader);
    json_reader_free(NULL);
}

static void place_of_an_item(void **state)
{
    static char bytes[] = "{\"a\":\"\\n\"}\n\n {\"b\":\n2} {\"c\":3}" /* and the padding: */
                          "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    static const struct {
        const char *where, *text;
    } want[] = {
        { "line 10, byte 1000 of x.json", "{\"a\":\"\\n\"}" },
        { "line 12, byte 1013 of x.json", "{\"b\":\n2}" },
        { "line 13, byte 1022 of x.json", "{\"c\":3}" },
    };
    const struct chunk chunk = { .input_name = "x.json", .offset = 1000, .line = 10, .column = 1, .last = true, .bytes = bytes, .length = 29 };
    struct json_reader *reader = json_reader_new();
    struct json_item item;
    bool more;

    (void)state;
    json_reader_begin(reader, &chunk);
    for (size_t i = 0; i < 3; i++) {
        struct spile_error err = { 0 };

        assert_int_equal(json_reader_next(reader, &item, &more, NULL), SPILE_OK);
        assert_true(more);
        assert_int_equal(json_reader_within(reader, SPILE_OK, &err), SPILE_OK);
        assert_string_equal(err.where, "");
        assert_int_equal(json_reader_within(reader, SPILE_CONTRACT, &err), SPILE_CONTRACT);
        assert_string_equal(err.where, want[i].where);
        assert_true(slice_equal(json_reader_text(reader), slice_of(want[i].text)));
        assert_int_equal(json_reader_within(reader, SPILE_CONTRACT, NULL), SPILE_CONTRACT);
    }
    assert_int_equal(json_reader_next(reader, &item, &more, NULL), SPILE_OK);
    assert_false(more);
    json_reader_free(reader);
}

/* A line and column far inside one line that is cut into many chunks; characters of two bytes. */
static void column_in_a_later_chunk(void **state)
{
    struct json_reader *reader = json_reader_new();
    struct text in = { 0 }, got = { 0 };
    struct spile_error err;

    (void)state;
    text_puts(&in, "[\n");
    for (int i = 0; i < 1000; i++)
        text_puts(&in, "{\"\xC3\xA9\":1},"); /* 8 characters, 9 bytes */
    text_puts(&in, "{\"x\":?}]");
    for (size_t s = 0; s < CHUNK_SIZES; s++) {
        assert_int_equal(text_read(reader, in.text, in.length, chunk_sizes[s], &got, &err), SPILE_SOURCE);
        assert_string_equal(err.where, "line 2, column 8006, byte 9007 of x.json");
    }
    text_release(&in);
    text_release(&got);
    json_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items),
        cmocka_unit_test(numbers),
        cmocka_unit_test(errors),
        cmocka_unit_test(text_after_a_long_array),
        cmocka_unit_test(null_bytes_are_refused),
        cmocka_unit_test(random_documents),
        cmocka_unit_test(items_over_window_borders),
        cmocka_unit_test(deep_documents_are_refused),
        cmocka_unit_test(very_deep_text),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(place_of_an_item),
        cmocka_unit_test(column_in_a_later_chunk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
