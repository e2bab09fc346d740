/* Which documents dlt 1.31.0 accepts was found by its validate_stored_schema; what we refuse beside it would make it stumble later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "schema/file/validate.h"
#include "schema/schema.h"
#include "schema/template.h"
#include "json_case.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Document; message, where and hint; does dlt's validation accept it? */
static const struct {
    const char *text, *message, *where, *hint;
    bool dlt_accepts;
} refused[] = {
    { "[]",
      "a schema must be an object, not a list",
      "",
      "write keys and values in braces", false },
    { "{}",
      "the schema has no \"tables\"",
      "",
      "write each table under its name; of a schema without tables, {}", false },
    { "{\"tables\":[]}",
      "\"tables\" must be an object, not a list",
      "",
      "write each table under its name", false },
    { "{\"tables\":null}",
      "\"tables\" must be an object, not null",
      "",
      "leave it out, or give it a value", false },
    { "{\"tabels\":{}}",
      "unknown key \"tabels\"",
      "",
      "did you mean \"tables\"? known are version, version_hash, previous_hashes, imported_version_hash, engine_version, "
      "name, description, settings, tables, normalizers; keys for other programs begin with \"x-\"", false },
    { "{\"tables\":{},\"version\":\"3\"}",
      "\"version\" must be a whole number, not \"3\"",
      "",
      "write digits, without quotes", false },
    { "{\"tables\":{},\"version\":1.5}",
      "\"version\" must be a whole number, not 1.5",
      "",
      "write digits, without quotes", false },
    { "{\"tables\":{},\"version\":100000000000000000000}",
      "\"version\" must be a whole number, not 100000000000000000000",
      "",
      "write digits, without quotes", true },
    { "{\"tables\":{},\"version\":true}",
      "\"version\" must be a whole number, not true",
      "",
      "write digits, without quotes", true },
    { "{\"tables\":{},\"version_hash\":null}",
      "\"version_hash\" must be a text, not null",
      "",
      "leave it out, or give it a value", false },
    { "{\"tables\":{},\"engine_version\":{}}",
      "\"engine_version\" must be a whole number, not an object",
      "",
      "write digits, without quotes", false },
    { "{\"tables\":{},\"previous_hashes\":\"a\"}",
      "\"previous_hashes\" must be a list, not \"a\"",
      "",
      "write it in square brackets, even a single entry", false },
    { "{\"tables\":{},\"previous_hashes\":[\"a\",5]}",
      "entry 2 must be a text, not 5",
      "previous_hashes",
      "write it in quotes", false },
    { "{\"tables\":{},\"previous_hashes\":[{\"a\":1}]}",
      "entry 1 must be a text, not an object",
      "previous_hashes",
      "write it in quotes", false },
    { "{\"tables\":{},\"name\":\"my-schema\"}",
      "\"my-schema\" cannot be the name of a schema",
      "",
      "letters, digits and underscores, no digit first, at most 64 characters", true },
    { "{\"tables\":{},\"name\":\"1st\"}",
      "\"1st\" cannot be the name of a schema",
      "",
      "letters, digits and underscores, no digit first, at most 64 characters", true },
    { "{\"tables\":{},\"name\":\"\"}",
      "\"\" cannot be the name of a schema",
      "",
      "letters, digits and underscores, no digit first, at most 64 characters", true },
    { "{\"tables\":{},\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
      "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" cannot be the name of a schema",
      "",
      "letters, digits and underscores, no digit first, at most 64 characters", true },
    { "{\"tables\":{},\"name\":\"a\\u0000\"}",
      "\"a\\x00\" cannot be the name of a schema",
      "",
      "letters, digits and underscores, no digit first, at most 64 characters", true },
    { "{\"tables\":{},\"name\":7}",
      "\"name\" must be a text, not 7",
      "",
      "write it in quotes", false },
    { "{\"tables\":{},\"version\":1,\"version\":2}",
      "key \"version\" is there twice",
      "",
      "leave out one of the two", true },
    { "{\"tables\":{\"orders\":null}}",
      "the table must be an object, not null",
      "table \"orders\"",
      "leave it out, or give it a value", false },
    { "{\"tables\":{\"orders\":[1]}}",
      "the table must be an object, not a list",
      "table \"orders\"",
      "write keys and values in braces", false },
    { "{\"tables\":{\"orders\":{\"colums\":{}}}}",
      "unknown key \"colums\"",
      "table \"orders\"",
      "did you mean \"columns\"? known are name, description, schema_contract, table_sealed, parent, filters, columns, "
      "resource, table_format, file_format, variant_name, write_disposition, references; keys for other programs begin "
      "with \"x-\"", false },
    { "{\"tables\":{\"orders\":{\"Columns\":{}}}}",
      "unknown key \"Columns\"",
      "table \"orders\"",
      "did you mean \"columns\"? known are name, description, schema_contract, table_sealed, parent, filters, columns, "
      "resource, table_format, file_format, variant_name, write_disposition, references; keys for other programs begin "
      "with \"x-\"", false },
    { "{\"tables\":{\"orders\":{\"primary\":\"id\"}}}",
      "unknown key \"primary\"",
      "table \"orders\"",
      "known are name, description, schema_contract, table_sealed, parent, filters, columns, resource, table_format, "
      "file_format, variant_name, write_disposition, references; keys for other programs begin with \"x-\"", false },
    { "{\"tables\":{\"orders\":{\"columns\":null}}}",
      "\"columns\" must be an object, not null",
      "table \"orders\"",
      "leave it out, or give it a value", false },
    { "{\"tables\":{\"orders\":{\"columns\":[{\"name\":\"id\"}]}}}",
      "\"columns\" must be an object, not a list",
      "table \"orders\"",
      "write each column under its name; of a table without columns, {}", false },
    { "{\"tables\":{\"orders\":{\"name\":\"ordrs\"}}}",
      "the name \"ordrs\" is not that of its key",
      "table \"orders\"",
      "leave \"name\" out: the key is the name", true },
    { "{\"tables\":{\"orders\":{\"write_disposition\":\"apend\"}}}",
      "unknown write disposition \"apend\"",
      "table \"orders\"",
      "did you mean \"append\"? it must be one of skip, append, replace, merge", false },
    { "{\"tables\":{\"orders\":{\"write_disposition\":\"upsert\"}}}",
      "unknown write disposition \"upsert\"",
      "table \"orders\"",
      "it must be one of skip, append, replace, merge", false },
    { "{\"tables\":{\"orders\":{\"write_disposition\":1}}}",
      "\"write_disposition\" must be a text, not 1",
      "table \"orders\"",
      "it must be one of skip, append, replace, merge", false },
    { "{\"tables\":{\"orders\":{\"table_format\":\"icberg\"}}}",
      "unknown table format \"icberg\"",
      "table \"orders\"",
      "did you mean \"iceberg\"? it must be one of iceberg, delta, hive, native", false },
    { "{\"tables\":{\"orders\":{\"file_format\":\"parket\"}}}",
      "unknown file format \"parket\"",
      "table \"orders\"",
      "did you mean \"parquet\"? it must be one of preferred, jsonl, typed-jsonl, insert_values, parquet, csv, reference,"
      " model", false },
    { "{\"tables\":{\"orders\":{\"schema_contract\":\"freze\"}}}",
      "unknown contract \"freze\"",
      "table \"orders\"",
      "did you mean \"freeze\"? it must be one of evolve, freeze, discard_row, discard_value", false },
    { "{\"tables\":{\"orders\":{\"schema_contract\":{\"columns\":\"frezze\"}}}}",
      "unknown contract \"frezze\"",
      "schema_contract, table \"orders\"",
      "did you mean \"freeze\"? it must be one of evolve, freeze, discard_row, discard_value", false },
    { "{\"tables\":{\"orders\":{\"schema_contract\":{\"colums\":\"freeze\"}}}}",
      "unknown contract entity \"colums\"",
      "schema_contract, table \"orders\"",
      "did you mean \"columns\"? known are tables, columns, data_type; keys for other programs begin with \"x-\"", false },
    { "{\"tables\":{\"orders\":{\"schema_contract\":5}}}",
      "\"schema_contract\" must be a word or an object, not 5",
      "table \"orders\"",
      "one contract for all, or contracts for some of tables, columns and data_type", false },
    { "{\"tables\":{\"orders\":{\"filters\":{\"excludes\":[\"re:(\"]}}}}",
      "the regular expression \"(\" does not compile: missing closing parenthesis, at character 2",
      "excludes, filters, table \"orders\"",
      "correct it, or write a name without \"re:\"", false },
    { "{\"tables\":{\"orders\":{\"filters\":{\"exclude\":[\"a\"]}}}}",
      "unknown key \"exclude\"",
      "filters, table \"orders\"",
      "did you mean \"excludes\"? known are excludes, includes; keys for other programs begin with \"x-\"", false },
    { "{\"tables\":{\"orders\":{\"references\":{}}}}",
      "\"references\" must be a list, not an object",
      "table \"orders\"",
      "write it in square brackets, even a single entry", false },
    { "{\"tables\":{\"orders\":{\"references\":[{\"columns\":[\"a\"]},{\"referenced_colums\":[\"a\"]}]}}}",
      "unknown key \"referenced_colums\"",
      "entry 2, references, table \"orders\"",
      "did you mean \"referenced_columns\"? known are label, cardinality, table, columns, referenced_table, "
      "referenced_columns; keys for other programs begin with \"x-\"", false },
    { "{\"tables\":{\"orders\":{\"references\":[\"users\"]}}}",
      "entry 1 must be an object, not \"users\"",
      "references, table \"orders\"",
      "write keys and values in braces", false },
    { "{\"tables\":{\"orders\":{\"references\":[{\"columns\":\"a\"}]}}}",
      "\"columns\" must be a list, not \"a\"",
      "entry 1, references, table \"orders\"",
      "write it in square brackets, even a single entry", false },
    { "{\"tables\":{\"orders\":{\"references\":[{\"cardinality\":\"one_to_meny\"}]}}}",
      "unknown cardinality \"one_to_meny\"",
      "entry 1, references, table \"orders\"",
      "did you mean \"one_to_many\"? it must be one of zero_to_one, one_to_zero, zero_to_many, many_to_zero, one_to_many,"
      " many_to_one, one_to_one, many_to_many", false },
    { "{\"tables\":{\"orders\":{\"variant_name\":null}}}",
      "\"variant_name\" must be a text, not null",
      "table \"orders\"",
      "leave it out, or give it a value", false },
    { "{\"tables\":{\"orders\":{\"x-normalizer\":5}}}",
      "\"x-normalizer\" must be an object, not 5",
      "table \"orders\"",
      "write keys and values in braces", true },
    { "{\"tables\":{\"orders\":{\"description\":5}}}",
      "\"description\" must be a text, not 5",
      "table \"orders\"",
      "write it in quotes", false },
    { "{\"tables\":{\"a\":{},\"b\":{},\"a\":{}}}",
      "table \"a\" is there twice",
      "",
      "leave out one of the two", true },
    { "{\"tables\":{\"a\\u0000b\":{}}}",
      "a name cannot have a zero byte in it",
      "table \"a\\x00b\"",
      "choose another name", true },
    { "{\"tables\":{\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\":{\"resource\":1}}}",
      "\"resource\" must be a text, not 1",
      "table \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"",
      "write it in quotes", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":null}}}}",
      "the column must be an object, not null",
      "column \"id\", table \"orders\"",
      "leave it out, or give it a value", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":\"text\"}}}}",
      "the column must be an object, not \"text\"",
      "column \"id\", table \"orders\"",
      "write keys and values in braces", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"bigintt\"}}}}}",
      "unknown data type \"bigintt\"",
      "column \"id\", table \"orders\"",
      "did you mean \"bigint\"? it must be one of text, double, bool, timestamp, bigint, binary, json, decimal, wei, "
      "date, time", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"varchar\"}}}}}",
      "unknown data type \"varchar\"",
      "column \"id\", table \"orders\"",
      "it must be one of text, double, bool, timestamp, bigint, binary, json, decimal, wei, date, time", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"complex\"}}}}}",
      "unknown data type \"complex\"",
      "column \"id\", table \"orders\"",
      "it must be one of text, double, bool, timestamp, bigint, binary, json, decimal, wei, date, time", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"Text\"}}}}}",
      "unknown data type \"Text\"",
      "column \"id\", table \"orders\"",
      "did you mean \"text\"? it must be one of text, double, bool, timestamp, bigint, binary, json, decimal, wei, date, time", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}}}}}",
      "unknown data type \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"",
      "column \"id\", table \"orders\"",
      "it must be one of text, double, bool, timestamp, bigint, binary, json, decimal, wei, date, time", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"datatype\":\"text\"}}}}}",
      "unknown key \"datatype\"",
      "column \"id\", table \"orders\"",
      "did you mean \"data_type\"? known are name, data_type, nullable, precision, scale, timezone, description, "
      "partition, cluster, unique, sort, primary_key, row_key, parent_key, root_key, merge_key, variant, hard_delete, "
      "dedup_sort, incremental; keys for other programs begin with \"x-\"", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"nullable\":\"yes\"}}}}}",
      "\"nullable\" must be true or false, not \"yes\"",
      "column \"id\", table \"orders\"",
      "write it without quotes", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"nullable\":1}}}}}",
      "\"nullable\" must be true or false, not 1",
      "column \"id\", table \"orders\"",
      "write it without quotes", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"dedup_sort\":\"ascending\"}}}}}",
      "unknown sort order \"ascending\"",
      "column \"id\", table \"orders\"",
      "it must be one of asc, desc", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"name\":\"ID\"}}}}}",
      "the name \"ID\" is not that of its key",
      "column \"id\", table \"orders\"",
      "leave \"name\" out: the key is the name", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"x-normalizer\":null}}}}}",
      "\"x-normalizer\" must be an object, not null",
      "column \"id\", table \"orders\"",
      "leave it out, or give it a value", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"precision\":\"10\"}}}}}",
      "\"precision\" must be a whole number, not \"10\"",
      "column \"id\", table \"orders\"",
      "write digits, without quotes", false },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"decimal\",\"precision\":77}}}}}",
      "precision 77 is out of range",
      "column \"id\", table \"orders\"",
      "a decimal has 1 to 76 digits", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"decimal\",\"precision\":0}}}}}",
      "precision 0 is out of range",
      "column \"id\", table \"orders\"",
      "a decimal has 1 to 76 digits", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"decimal\",\"precision\":10,\"scale\":11}}}}}",
      "scale 11 is out of range",
      "column \"id\", table \"orders\"",
      "a decimal's scale is from 0 to its precision, here 10", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"decimal\",\"scale\":77}}}}}",
      "scale 77 is out of range",
      "column \"id\", table \"orders\"",
      "a decimal's scale is from 0 to its precision, here 76", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"decimal\",\"precision\":10,\"scale\":-1}}}}}",
      "scale -1 is out of range",
      "column \"id\", table \"orders\"",
      "a decimal's scale is from 0 to its precision, here 10", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"precision\":10,\"data_type\":\"timestamp\"}}}}}",
      "precision 10 is out of range",
      "column \"id\", table \"orders\"",
      "a timestamp has 0 to 9 digits of a second", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"precision\":-1,\"data_type\":\"timestamp\"}}}}}",
      "precision -1 is out of range",
      "column \"id\", table \"orders\"",
      "a timestamp has 0 to 9 digits of a second", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"bigint\",\"precision\":24}}}}}",
      "precision 24 is out of range",
      "column \"id\", table \"orders\"",
      "a bigint has 8, 16, 32, 64 or 128 bits", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"bigint\",\"precision\":4}}}}}",
      "precision 4 is out of range",
      "column \"id\", table \"orders\"",
      "a bigint has 8, 16, 32, 64 or 128 bits", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"bigint\",\"precision\":256}}}}}",
      "precision 256 is out of range",
      "column \"id\", table \"orders\"",
      "a bigint has 8, 16, 32, 64 or 128 bits", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"text\",\"precision\":2147483648}}}}}",
      "precision 2147483648 is out of range",
      "column \"id\", table \"orders\"",
      "it must not be negative, nor beyond 32 bits", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"data_type\":\"text\",\"precision\":18446744073709551615}}}}}",
      "precision 18446744073709551615 is out of range",
      "column \"id\", table \"orders\"",
      "it must not be negative, nor beyond 32 bits", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"precision\":-5}}}}}",
      "precision -5 is out of range",
      "column \"id\", table \"orders\"",
      "it must not be negative, nor beyond 32 bits", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"scale\":-5}}}}}",
      "scale -5 is out of range",
      "column \"id\", table \"orders\"",
      "it must not be negative, nor beyond 32 bits", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{},\"n\":{},\"id\":{}}}}}",
      "column \"id\" is there twice",
      "table \"orders\"",
      "leave out one of the two", true },
    { "{\"tables\":{\"orders\":{\"columns\":{\"id\":{\"unique\":true,\"unique\":false}}}}}",
      "key \"unique\" is there twice",
      "column \"id\", table \"orders\"",
      "leave out one of the two", true },
    { "{\"tables\":{\"orders\":{},\"order__items\":{\"parent\":\"ordres\"}}}",
      "the parent \"ordres\" is not there",
      "table \"order__items\"",
      "did you mean \"orders\"?", false },
    { "{\"tables\":{\"orders\":{\"parent\":\"x\"}}}",
      "the parent \"x\" is not there",
      "table \"orders\"",
      "add that table, or leave \"parent\" out", false },
    { "{\"tables\":{\"orders\":{\"parent\":\"orders\"}}}",
      "the table is its own parent",
      "table \"orders\"",
      "leave \"parent\" out of the table that is not nested", true },
    { "{\"tables\":{\"a\":{\"parent\":\"b\"},\"b\":{\"parent\":\"a\"}}}",
      "the parents lead back to the table: its parent is \"b\", whose parent is \"a\"",
      "table \"a\"",
      "leave \"parent\" out of the table that is not nested", true },
    { "{\"tables\":{\"r\":{},\"x\":{\"parent\":\"a\"},\"a\":{\"parent\":\"b\"},\"b\":{\"parent\":\"c\"},"
      "\"c\":{\"parent\":\"d\"},\"d\":{\"parent\":\"a\"}}}",
      "the parents lead back to the table: its parent is \"b\", whose parent is \"c\", and so on",
      "table \"a\"",
      "leave \"parent\" out of the table that is not nested", true },
    { "{\"tables\":{\"orders\":{\"parent\":5}}}",
      "\"parent\" must be a text, not 5",
      "table \"orders\"",
      "write it in quotes", false },
    { "{\"tables\":{},\"settings\":[]}",
      "\"settings\" must be an object, not a list",
      "",
      "write keys and values in braces", false },
    { "{\"tables\":{},\"settings\":{\"default_hint\":{}}}",
      "unknown key \"default_hint\"",
      "settings",
      "did you mean \"default_hints\"? known are schema_contract, detections, default_hints, preferred_types; keys for "
      "other programs begin with \"x-\"", false },
    { "{\"tables\":{},\"settings\":{\"detections\":[\"iso_timestmp\"]}}",
      "unknown detection \"iso_timestmp\"",
      "detections, settings",
      "did you mean \"iso_timestamp\"? it must be one of timestamp, iso_timestamp, iso_date, large_integer, "
      "hexbytes_to_text, wei_to_double", false },
    { "{\"tables\":{},\"settings\":{\"detections\":\"iso_date\"}}",
      "\"detections\" must be a list, not \"iso_date\"",
      "settings",
      "write it in square brackets, even a single entry", false },
    { "{\"tables\":{},\"settings\":{\"default_hints\":{\"primary_kye\":[\"id\"]}}}",
      "unknown hint \"primary_kye\"",
      "default_hints, settings",
      "did you mean \"primary_key\"? known are not_null, nullable, partition, cluster, primary_key, sort, unique, "
      "merge_key, row_key, parent_key, root_key, hard_delete, dedup_sort, incremental, variant; keys for other programs "
      "begin with \"x-\"", true },
    { "{\"tables\":{},\"settings\":{\"default_hints\":{\"not_null\":\"id\"}}}",
      "\"not_null\" must be a list, not \"id\"",
      "default_hints, settings",
      "write it in square brackets, even a single entry", false },
    { "{\"tables\":{},\"settings\":{\"default_hints\":{\"not_null\":[1]}}}",
      "entry 1 must be a text, not 1",
      "not_null, default_hints, settings",
      "write it in quotes", false },
    { "{\"tables\":{},\"settings\":{\"default_hints\":{\"not_null\":[\"^id$\"]}}}",
      "\"^id$\" looks like a regular expression",
      "not_null, default_hints, settings",
      "write \"re:\" before it", false },
    { "{\"tables\":{},\"settings\":{\"default_hints\":{\"not_null\":[\"\xC3\xBCnique\"]}}}",
      "\"\xC3\xBCnique\" looks like a regular expression",
      "not_null, default_hints, settings",
      "write \"re:\" before it", false },
    { "{\"tables\":{},\"settings\":{\"default_hints\":{\"not_null\":[\"a\",\"re:\xC3\xA9[a-\"]}}}",
      "the regular expression \"\xC3\xA9[a-\" does not compile: missing terminating ] for character class, at character 5",
      "not_null, default_hints, settings",
      "correct it, or write a name without \"re:\"", false },
    { "{\"tables\":{},\"settings\":{\"default_hints\":{\"x-own\":[\"*\"]}}}",
      "\"*\" looks like a regular expression",
      "x-own, default_hints, settings",
      "write \"re:\" before it", false },
    { "{\"tables\":{},\"settings\":{\"default_hints\":{\"x-own\":1}}}",
      "\"x-own\" must be a list, not 1",
      "default_hints, settings",
      "write it in square brackets, even a single entry", false },
    { "{\"tables\":{},\"settings\":{\"preferred_types\":{\"re:_at$\":\"timestmp\"}}}",
      "unknown data type \"timestmp\"",
      "preferred_types, settings",
      "did you mean \"timestamp\"? it must be one of text, double, bool, timestamp, bigint, binary, json, decimal, wei, "
      "date, time", false },
    { "{\"tables\":{},\"settings\":{\"preferred_types\":{\"a\":null}}}",
      "\"a\" must be a text, not null",
      "preferred_types, settings",
      "leave it out, or give it a value", false },
    { "{\"tables\":{},\"settings\":{\"preferred_types\":{\"re:*\":\"text\"}}}",
      "the regular expression \"*\" does not compile: quantifier does not follow a repeatable item, at character 1",
      "preferred_types, settings",
      "correct it, or write a name without \"re:\"", true },
    { "{\"tables\":{},\"settings\":{\"preferred_types\":[\"a\"]}}",
      "\"preferred_types\" must be an object, not a list",
      "settings",
      "write a data type for each expression", false },
    { "{\"tables\":{},\"settings\":{\"schema_contract\":{\"tables\":\"evolv\"}}}",
      "unknown contract \"evolv\"",
      "schema_contract, settings",
      "did you mean \"evolve\"? it must be one of evolve, freeze, discard_row, discard_value", false },
    { "{\"tables\":{},\"normalizers\":null}",
      "\"normalizers\" must be an object, not null",
      "",
      "leave it out, or give it a value", false },
    { "{\"tables\":{},\"normalizers\":{\"naming\":\"direct\"}}",
      "unknown key \"naming\"",
      "normalizers",
      "known are names, allow_identifier_change_on_table_with_data, use_break_path_on_normalize, detections, json; keys "
      "for other programs begin with \"x-\"", false },
    { "{\"tables\":{},\"normalizers\":{\"json\":{\"config\":[]}}}",
      "\"config\" must be an object, not a list",
      "json, normalizers",
      "write keys and values in braces", false },
    { "{\"tables\":{},\"normalizers\":{\"json\":{\"modul\":\"a\"}}}",
      "unknown key \"modul\"",
      "json, normalizers",
      "did you mean \"module\"? known are module, config; keys for other programs begin with \"x-\"", false },
    { "{\"tables\":{},\"normalizers\":{\"json\":{\"config\":{\"max_nesting\":\"two\"}}}}",
      "\"max_nesting\" must be a whole number, not \"two\"",
      "config, json, normalizers",
      "write digits, without quotes", false },
    { "{\"tables\":{},\"normalizers\":{\"json\":{\"config\":{\"max_nestin\":2}}}}",
      "unknown key \"max_nestin\"",
      "config, json, normalizers",
      "did you mean \"max_nesting\"? known are max_nesting, propagation, root_key_propagation; keys for other programs begin with \"x-\"", false },
    { "{\"tables\":{},\"normalizers\":{\"json\":{\"config\":{\"root_key_propagation\":1}}}}",
      "\"root_key_propagation\" must be true or false, not 1",
      "config, json, normalizers",
      "write it without quotes", false },
    { "{\"tables\":{},\"normalizers\":{\"json\":{\"config\":{\"propagation\":{\"table\":{}}}}}}",
      "unknown key \"table\"",
      "propagation, config, json, normalizers",
      "did you mean \"tables\"? known are root, tables; keys for other programs begin with \"x-\"", false },
    { "{\"tables\":{},\"normalizers\":{\"json\":{\"config\":{\"propagation\":{\"root\":{\"id\":1}}}}}}",
      "\"id\" must be a text, not 1",
      "root, propagation, config, json, normalizers",
      "write it in quotes", false },
    { "{\"tables\":{},\"normalizers\":{\"json\":{\"config\":{\"propagation\":{\"tables\":{\"orders\":[\"id\"]}}}}}}",
      "\"orders\" must be an object, not a list",
      "tables, propagation, config, json, normalizers",
      "write keys and values in braces", false },
    { "{\"tables\":{},\"normalizers\":{\"json\":{\"config\":{\"propagation\":{\"tables\":{\"orders\":{\"id\":true}}}}}}}",
      "\"id\" must be a text, not true",
      "orders, tables, propagation, config, json, normalizers",
      "write it in quotes", false },
    { "{\"tables\":{\"orders\":{\"columns\":{},\"x-normalizer\":{\"max_nesting\":\"one\"}}}}",
      "\"max_nesting\" must be a whole number, not \"one\"",
      "x-normalizer, table \"orders\"",
      "write digits, without quotes", false },
    { "{\"tables\":{},\"normalizers\":{\"use_break_path_on_normalize\":\"no\"}}",
      "\"use_break_path_on_normalize\" must be true or false, not \"no\"",
      "normalizers",
      "write it without quotes", false },
};

/* All of these dlt's validation accepts, too. */
static const struct {
    const char *what, *text;
} accepted[] = {
    { "nothing but tables",
      "{\"tables\":{}}" },
    { "a table of which nothing is known",
      "{\"tables\":{\"orders\":{}}}" },
    { "a column of which nothing is known",
      "{\"tables\":{\"orders\":{\"columns\":{\"id\":{}}}}}" },
    { "what dlt leaves out of its exports",
      "{\"version\":1,\"version_hash\":\"\",\"engine_version\":11,\"name\":\"s\","
      "\"tables\":{\"a\":{\"columns\":{\"id\":{\"data_type\":\"bigint\",\"nullable\":false,\"primary_key\":true}},"
      "\"write_disposition\":\"merge\"},\"a__b\":{\"columns\":{},\"parent\":\"a\"}},\"settings\":{},\"normalizers\":{},"
      "\"previous_hashes\":[]}" },
    { "everything",
      "{\"version\":2,\"version_hash\":\"h\",\"previous_hashes\":[\"a\"],\"imported_version_hash\":null,"
      "\"engine_version\":11,\"name\":\"gr\xC3\xB6\xC3\x9F" "e\",\"description\":null,\"x-mine\":[[]],"
      "\"tables\":{\"t\":{\"name\":\"t\",\"description\":\"d\",\"schema_contract\":{\"tables\":\"evolve\","
      "\"columns\":null,\"data_type\":\"discard_value\",\"x-why\":1},\"table_sealed\":false,\"parent\":\"\","
      "\"filters\":{\"excludes\":[\"re:^a\"],\"includes\":null},\"resource\":\"T\",\"table_format\":\"delta\","
      "\"file_format\":\"typed-jsonl\",\"variant_name\":\"v\",\"write_disposition\":null,\"references\":[{\"label\":null,"
      "\"cardinality\":\"one_to_one\",\"table\":\"t\",\"columns\":[\"a\"],\"referenced_table\":\"u\","
      "\"referenced_columns\":[\"b\"],\"x-a\":1}],\"x-normalizer\":{\"seen-data\":true},\"x-loader\":5,"
      "\"x-anything\":null,\"columns\":{\"a\":{\"name\":\"a\",\"data_type\":\"decimal\",\"precision\":76,\"scale\":76,"
      "\"nullable\":null,\"timezone\":true,\"description\":\"d\",\"partition\":false,\"cluster\":false,\"unique\":false,"
      "\"sort\":true,\"primary_key\":true,\"row_key\":false,\"parent_key\":false,\"root_key\":false,\"merge_key\":true,"
      "\"variant\":false,\"hard_delete\":true,\"dedup_sort\":\"desc\",\"incremental\":true,\"x-normalizer\":{}},"
      "\"b\":{\"name\":null,\"data_type\":null,\"precision\":null,\"scale\":null}}}},"
      "\"settings\":{\"schema_contract\":\"discard_row\",\"detections\":[\"timestamp\",\"wei_to_double\"],"
      "\"default_hints\":{\"not_null\":[\"_dlt_id\",\"re:^x(?=y)\",\"\",\"a-b*\",\"3d\",\"\xD9\xA3" "d\"],"
      "\"x-own\":[\"re:a\"],\"variant\":[\"b\"]},\"preferred_types\":{\"^not a regex(\":\"text\","
      "\"re:_at$\":\"timestamp\"}},\"normalizers\":{\"names\":\"my.module\","
      "\"allow_identifier_change_on_table_with_data\":null,\"use_break_path_on_normalize\":true,"
      "\"detections\":[\"whatever\"],\"json\":{\"module\":\"m\",\"config\":{\"any\":{\"thing\":1}}}}}" },
    { "the settings of dlt's own unpacking",
      "{\"tables\":{\"t\":{\"columns\":{},\"x-normalizer\":{\"max_nesting\":0,\"evolve-columns-once\":true}}},\"normalizers\":{\"json\":{"
      "\"module\":\"dlt.common.normalizers.json.relational\",\"config\":{\"max_nesting\":2,\"root_key_propagation\":false,\"propagation\":{"
      "\"root\":{\"_dlt_id\":\"_dlt_root_id\"},\"tables\":{\"t\":{\"id\":\"t_id\"}}}}}}}" },
    { "and nulls there",
      "{\"tables\":{},\"normalizers\":{\"json\":{\"config\":{\"max_nesting\":null,\"root_key_propagation\":null,\"propagation\":null}}}}" },
    { "nulls where dlt has Optional",
      "{\"tables\":{\"t\":{\"columns\":{},\"name\":null,\"parent\":null,\"filters\":null,\"references\":null,"
      "\"resource\":null,\"schema_contract\":null}},\"settings\":null}" },
    { "precisions at their ends",
      "{\"tables\":{\"t\":{\"columns\":{\"a\":{\"data_type\":\"bigint\",\"precision\":8},\"b\":{\"data_type\":\"bigint\","
      "\"precision\":128},\"c\":{\"data_type\":\"timestamp\",\"precision\":0},\"d\":{\"data_type\":\"timestamp\","
      "\"precision\":9},\"e\":{\"data_type\":\"decimal\",\"precision\":1,\"scale\":0},\"f\":{\"data_type\":\"text\","
      "\"precision\":2147483647},\"g\":{\"data_type\":\"wei\",\"precision\":256,\"scale\":80},"
      "\"h\":{\"data_type\":\"decimal\",\"scale\":76},\"i\":{\"data_type\":\"time\",\"precision\":12}}}}}" },
    { "names that differ by case, and odd ones",
      "{\"tables\":{\"T\":{\"columns\":{\"\":{},\"a\":{},\"A\":{},\"a b\":{}}},\"t\":{\"columns\":{}},"
      "\"\":{\"columns\":{}},\"x-t\":{\"columns\":{}}}}" },
    { "parents in any order",
      "{\"tables\":{\"a__b__c\":{\"columns\":{},\"parent\":\"a__b\"},\"a__b\":{\"columns\":{},\"parent\":\"a\"},"
      "\"a\":{\"columns\":{}},\"a__d\":{\"columns\":{},\"parent\":\"a\"}}}" },
    { "Python's regular expressions",
      "{\"tables\":{},\"settings\":{\"default_hints\":{\"not_null\":[\"re:(?P<n>a)(?P=n)\",\"re:\\\\u00e9\",\"re:\\\\d{2,"
      "}?\",\"re:(?i)a|b\",\"re:a++\",\"re:(?<=a)b\",\"re:\"]}}}" },
    { "64 letters of two bytes",
      "{\"tables\":{},"
      "\"name\":\"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\"}" },
};

static enum spile_status validate(const char *text, size_t length, struct spile_error *err)
{
    yyjson_mut_doc *doc = parse(text, length);
    enum spile_status status = schema_validate(yyjson_mut_doc_get_root(doc), err);

    yyjson_mut_doc_free(doc);
    return status;
}

static void faults_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct spile_error err = { 0 };
        enum spile_status status = validate(refused[i].text, strlen(refused[i].text), &err);

        if (status != SPILE_CONFIG || err.status != status || strcmp(err.message, refused[i].message) ||
            strcmp(err.where, refused[i].where) || strcmp(err.hint, refused[i].hint))
            fail_msg("%s:\n%d\n%s\n%s\n%s", refused[i].text, status, err.message, err.where, err.hint);
    }
}

/* Beyond dlt only this is refused: numbers, names and parents that cannot be, names of a schema that dlt refuses afterwards, hints it does
 * not know, keys that are there twice, true or a huge number for a number, processing hints that are no object. */
static void dlt_refuses_most_of_them_as_well(void **state)
{
    static const char *const beyond[] = { "out of range",  "not that of its key", "parent",        "the name of a schema", "unknown hint",
                                          "there twice",   "not true",            "zero byte",     "\"x-normalizer\"",     "no \"tables\"",
                                          "does not compile", "not 100000000000000000000" };

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        bool found = !refused[i].dlt_accepts;

        for (size_t j = 0; j < COUNT(beyond); j++)
            found = found || strstr(refused[i].message, beyond[j]);
        if (!found)
            fail_msg("dlt accepts %s", refused[i].text);
    }
}

static void what_dlt_accepts_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct spile_error err = { 0 };

        if (validate(accepted[i].text, strlen(accepted[i].text), &err))
            fail_msg("%s: %s; %s; %s", accepted[i].what, err.message, err.where, err.hint);
    }
}

static void own_schemas_are_accepted(void **state)
{
    static const struct naming naming = { .folds = true };
    struct schema *schema;

    (void)state;
    assert_int_equal(schema_new(&schema, "s", &naming, NULL), SPILE_OK);
    assert_non_null(schema_add_state_table(schema));
    assert_int_equal(schema_seal(schema, NULL, NULL), SPILE_OK);
    assert_int_equal(schema_validate(schema->root, NULL), SPILE_OK);
    schema_free(schema);
}

/* A root with {"x-a": [[...]]} of that many levels altogether. */
static enum spile_status validate_depth(size_t levels, struct spile_error *err)
{
    struct text text = { 0 };
    enum spile_status status;

    text_puts(&text, "{\"tables\":{},\"x-a\":");
    for (size_t i = 1; i < levels; i++)
        text_putc(&text, '[');
    for (size_t i = 1; i < levels; i++)
        text_putc(&text, ']');
    text_putc(&text, '}');
    assert_false(text.failed);
    status = validate(text.text, text.length, err);
    text_release(&text);
    return status;
}

/* orjson, which writes dlt's schemas, writes 254 levels and no more. */
static void depth_is_bounded(void **state)
{
    struct spile_error err = { 0 };

    (void)state;
    assert_int_equal(validate_depth(254, NULL), SPILE_OK);
    assert_int_equal(validate_depth(255, &err), SPILE_CONFIG);
    assert_string_equal(err.message, "the schema is nested more than 254 levels deep");
    assert_int_equal(validate_depth(1000000, &err), SPILE_CONFIG);
}

/* Tables in a chain of parents, the last one's parent as given, and one more without. */
static enum spile_status validate_chain(size_t tables, const char *last_parent, struct spile_error *err)
{
    struct text text = { 0 };
    enum spile_status status;

    text_puts(&text, "{\"tables\":{\"t0\":{}");
    for (size_t i = 1; i < tables; i++)
        text_printf(&text, ",\"t%zu\":{\"columns\":{},\"parent\":\"t%zu\"}", i, i + 1);
    text_printf(&text, ",\"t%zu\":{\"parent\":\"%s\"}}}", tables, last_parent);
    assert_false(text.failed);
    status = validate(text.text, text.length, err);
    text_release(&text);
    return status;
}

/* Each of these takes less than a second, and longer than CTest waits when the way up from every table is gone anew. */
static void many_tables_take_linear_time(void **state)
{
    const size_t tables = 300000;
    struct spile_error err = { 0 };

    (void)state;
    assert_int_equal(validate_chain(tables, "", &err), SPILE_OK);
    assert_int_equal(validate_chain(tables, "t1", &err), SPILE_CONFIG);
    assert_string_equal(err.message, "the parents lead back to the table: its parent is \"t2\", whose parent is \"t3\", and so on");
    assert_int_equal(validate_chain(tables, "gone", &err), SPILE_CONFIG);
    assert_string_equal(err.message, "the parent \"gone\" is not there");
    assert_string_equal(err.where, "table \"t300000\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_refused),
        cmocka_unit_test(dlt_refuses_most_of_them_as_well),
        cmocka_unit_test(what_dlt_accepts_is_accepted),
        cmocka_unit_test(own_schemas_are_accepted),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(many_tables_take_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
