"""Records what dlt makes of each case into golden/<case>.json: `.venv/bin/python tests/conformance/record.py [CASE...]`

A case is what `spile load` can be asked to do: JSON documents, loads one after another, append, replace or merge, a limit of nesting. Needs no
spile. Ids and load ids are replaced by symbols, since they differ from run to run; everything else must come out the same each time.
"""
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
GOLDEN = Path(__file__).resolve().parent / "golden"

import merge_cases  # noqa: E402

TIMES = [
    "2024-01-01", "2024-01", "2024", "20240101", "2024-W01-1", "2024-001", "2024-01-01T10", "2024-01-01T10:00", "2024-01-01 10:00:00",
    "2024-01-01T10:00:00.123456789Z", "2024-01-01T10:00:00,5Z", "2024-01-01T10:00:00+01", "2024-01-01T10:00:00+0100",
    "2024-01-01T10:00:00+05:30", "2024-01-01T10:00:00-00:00", "20240101T100000Z", "20240101T1000", "20240101T10:00", "20240101T10:00:00",
    "2024-01-01t10:00:00", "2024-01-01T10:00:00z", " 2024-01-01T10:00:00", "2024-01-01  10:00:00", "2024-01-01 10:00:00 UTC",
    "2024-01-01T10:00:00 +0000", "2024-01-01T1:00:00", "10:00", "123456", "12345678", "1700000000", "20240101100000", "2024/01/01 10:00:00",
    "2024:01:01 9:05", "2024 10:30", "202410:30", "2024-01-01T24:00:00", "2024-01-01T23:59:60Z", "2024-02-30T00:00:00Z",
    "2024-01-01T10:00:00+25:00", "P1D", "2024-01-01/2024-01-02", "2024-01-01T10:00:00.Z", "2024-W01-1T10:00:00Z", "2024-001T10:00:00Z",
    "2024-01T10:00", "T10:00"]
NESTING = [{"a": {"b": {"c": 1}}, "l": [{"m": [1], "d": {"e": 1}}], "ll": [[1, [2]]], "s": 1}]

COLUMNS = [[{"id": 1, "l": [{"k": 1}]}], [{"id": 2, "new": 1, "l": [{"k": 2}]}, {"id": 3, "l": [{"k": 3, "z": 1}], "m": [1]}, {"id": 4}]]
TYPES = [[{"id": 1, "a": 1}], [{"id": 2, "a": "x"}, {"id": "3", "a": 3}]]
TABLES = [[{"id": 1}], [{"id": 2, "l": [1]}], {"u": [{"x": 1}]}]
MIXED = [[{"id": 1, "a": 1, "o": {"p": "x"}, "l": [{"k": 1, "m": [1]}]}],
         [{"id": 2, "a": "x", "b": 1, "l": [{"k": "v", "z": 2}, {"k": 2}, 5]}, {"id": "y", "o": {"p": 1, "q": 2}, "n": [{"x": 1}, {"y": 2}]},
          {"id": 3, "l": [{"k": 3, "m": ["s", 4]}, {"k": 1.5}], "a": None}, {"id": 4, "a": 2.5, "l": []}]]

# name: (what it shows, loads[, options]). Those of REFERENCE keep the names they have in the collection of dlt's behaviour that
# not-covered.txt goes through; "own" ones were added here.
REFERENCE = {
    "countries": ("a small list of objects with a nested list", [[
        {"name": "France", "code": "FR", "population": 68000000, "area_km2": 643801.5, "eu": True, "languages": ["French"]},
        {"name": "Switzerland", "code": "CH", "population": 8800000, "area_km2": 41285.0, "eu": False,
         "languages": ["German", "French", "Italian", "Romansh"]}]], {"table": "countries"}),
    "nested_dicts_and_lists": ("objects are flattened, lists become tables; column order: scalars, then objects, the last one first", [[
        {"id": 1, "customer": {"name": "Ann", "address": {"city": "Rome", "zip": "00100"}}, "meta": {"src": "web"},
         "items": [{"sku": "a", "qty": 2, "tags": ["x", "y"], "dim": {"w": 1.5}}, {"sku": "b", "qty": 1}], "total": 9.5}]],
        {"table": "orders"}),
    "nested_lists_of_lists": ("a list in a list", [[{"id": 1, "m": [[1, 2], [3]], "deep": [[[7]]]}]]),
    "nested_scalars": ("lists of scalars, null, empty object and empty list in a list",
                       [[{"id": 1, "v": [1, None, 3]}, {"id": 2, "v": [{}, [], "s"]}]]),
    "mixed_list": ("objects, lists and scalars mixed in a list", [[{"a": [{"x": 1}, [{"x": 2}, 3], "s", None, {}]}, {"a": [1, 2.5, "x", True]}]]),
    "nulls_then_types": ("a key that is only null makes no column",
                         [[{"id": 1, "a": None, "b": None}, {"id": 2, "a": None, "b": "x"}], [{"id": 3, "a": 1.5, "b": None}]]),
    "empty_containers": ("empty lists and objects; scalars of the same name later",
                         [[{"id": 1, "l": [], "d": {}, "n": {"l": [], "d": {}}}],
                          [{"id": 2, "l": [1], "d": {"x": 1}}, {"id": 3, "l": "scalar", "d": "scalar"}]]),
    "timestamp_strings": ("which strings are timestamps", [[{f"k{i:02}": text for i, text in enumerate(TIMES)}]]),
    "large_ints_64": ("the edges of 64 bits", [[{"a": 2**63 - 1}, {"a": -2**63}, {"a": 2**53 + 1}]]),
    "scalars_as_rows": ("items that are no objects", [[1, "x", {"a": 1}, None, [5, 6]]]),
    "max_nesting_0": ("no level is unpacked", [NESTING], {"max_nesting": 0}),
    "max_nesting_1": ("one level is unpacked", [NESTING], {"max_nesting": 1}),
    "max_nesting_2": ("two levels are unpacked", [NESTING], {"max_nesting": 2}),
    "schema_evolution": ("loads that add columns, a variant, a nested table",
                         [[{"id": 1, "a": 1}], [{"id": 2, "a": "x", "b": True}], [{"id": 3, "c": [{"k": 1}], "d": {"e": 1.5}}]]),
    "replace": ("the second load replaces rows and nested rows, the third one brings nothing",
                [[{"id": 1, "l": [1, 2]}, {"id": 2, "old": "x"}], [{"id": 3, "l": [9]}], []], {"write": "replace"}),
    "replace_insert_from_staging": ("replace; dlt's strategies end alike", [[{"id": 1, "l": [1, 2]}, {"id": 2}], [{"id": 3, "l": [9]}]],
                                    {"write": "replace"}),
    "float_edges": ("floats at the edges, and integral ones", [[
        {"i": 0, "f": 1e300}, {"i": 1, "f": 5e-324}, {"i": 2, "f": 0.1}, {"i": 3, "f": 0.30000000000000004}, {"i": 4, "f": 1.0},
        {"i": 5, "f": -2.5e-10}, {"i": 6, "f": 123456789012345680.0}]]),
    "two_resources": ("two tables in one load, each with a nested one",
                      [{"b_first": [{"id": 1, "l": [1]}, {"id": 2, "l": [2]}], "a_second": [{"k": "x", "m": [{"z": True}]}]}]),
    "naming_direct": ("convention direct", [[{"A B": 1, "aB": {"c d": 2}, "L": [1], "\u00c4": 3}]], {"table": "My Table", "naming": "direct"}),
    "naming_sql_cs": ("convention sql_cs_v1", [[{"A B": 1, "aB": {"c d": 2}, "L": [1], "camelCase": 3, "Trail_": 4}]],
                      {"table": "My Table", "naming": "sql_cs_v1"}),
    "contract_columns_discard_row": ("rows with new columns are left out", COLUMNS, {"contract": {"columns": "discard_row"}}),
    "contract_columns_discard_value": ("values of new columns are left out", COLUMNS, {"contract": {"columns": "discard_value"}}),
    "contract_columns_freeze": ("new columns are refused", COLUMNS, {"contract": {"columns": "freeze"}, "refused": True}),
    "contract_data_type_discard_row": ("rows with values of other types are left out", TYPES, {"contract": {"data_type": "discard_row"}}),
    "contract_data_type_discard_value": ("values of other types are left out", TYPES, {"contract": {"data_type": "discard_value"}}),
    "contract_data_type_freeze": ("values of other types are refused", TYPES, {"contract": {"data_type": "freeze"}, "refused": True}),
    "contract_tables_discard_row": ("rows of new tables are left out", TABLES, {"contract": {"tables": "discard_row"}}),
    "contract_tables_freeze": ("new tables are refused", TABLES, {"contract": {"tables": "freeze"}, "refused": True}),
    "default_hints_preferred_types": ("types preferred by name, other detections", [[
        {"created_at": 1700000000, "amount": 0.1, "other": "2024-01-01T00:00:00Z", "day": "2024-01-01"}]],
        {"hints": {"preferred_types": {"re:_at$": "timestamp", "amount": "decimal"}, "detections": ["iso_date"]}}),
    "json_hint": ("a column declared json keeps objects and lists whole; scalars become variants", [[
        {"i": 1, "a": {"x": 1, "y": [1, {"z": "\u00e9"}]}}, {"i": 2, "a": [1, "2", None]}, {"i": 3, "a": 5}, {"i": 4, "a": "{\"k\": 1}"}]],
        {"hints": {"columns": {"a": {"data_type": "json"}}}}),
    "nested_hints": ("hints with a primary key make of a nested table a root table", [[
        {"id": 1, "items": [{"sku": "a", "qty": 1, "notes": [1, 2]}], "tags": ["x"]}]],
        {"table": "orders", "hints": {"nested_hints": {"items": {"primary_key": "sku", "columns": {"qty": {"name": "qty", "data_type": "double"}}}}}}),
    "precision_hints": ("precision, scale and time zone declared", [[
        {"i8": 1, "i16": 2, "i32": 3, "i64": 4, "i128": 5, "d": "1.25", "s": "ab", "b": "eA==", "ts0": "2024-01-01T10:00:00.123456Z",
         "ts3": "2024-01-01T10:00:00.123456Z", "ts9": "2024-01-01T10:00:00.123456Z", "n0": "2024-01-01T10:00:00.123456",
         "n9": "2024-01-01T10:00:00.123456", "t3": "10:00:00.123456"}]],
        {"hints": {"columns": {**{f"i{bits}": {"data_type": "bigint", "precision": bits} for bits in (8, 16, 32, 64, 128)},
                               "d": {"data_type": "decimal", "precision": 10, "scale": 2}, "s": {"data_type": "text", "precision": 5},
                               "b": {"data_type": "binary", "precision": 4},
                               **{f"ts{digits}": {"data_type": "timestamp", "precision": digits} for digits in (0, 3, 9)},
                               **{f"n{digits}": {"data_type": "timestamp", "precision": digits, "timezone": False} for digits in (0, 9)},
                               "t3": {"data_type": "time", "precision": 3}}}}),
    "root_key": ("the id of the root row in all nested rows", [[{"id": 1, "l": [{"m": [1]}]}], [{"id": 2, "l": [{"m": [2], "n": [[3]]}]}]],
                 {"hints": {"root_key": True}}),
    "user_dlt_id": ("ids given by the data", [[{"_dlt_id": "abc", "v": 1, "l": [10, 20]}]], {"own_ids": True}),
}

OWN = {
    "own_variants_bigint": ("what a bigint column takes", [[
        {"i": i, "a": value} for i, value in enumerate([1, 2.0, 1.5, True, "3", "0x10", " 5 ", "1_000", "x", "-7", "+8", "1.0", "",
                                                        "2024-01-01T00:00:00Z", [1], {"x": 1}, None])]]),
    "own_variants_double": ("what a double column takes", [[
        {"i": i, "a": value} for i, value in enumerate([1.5, 2, "1e5", True, "x", " 0x10 ", "1_0.5", ".5", "", "2024-01-01T00:00:00Z"])]]),
    "own_variants_bool": ("what a bool column takes", [[
        {"i": i, "a": value} for i, value in enumerate([True, 5, 0.0, "yes", "F", "0", "maybe", "", "TRUE", " t", -1, 1e-300])]]),
    "own_variants_text": ("what a text column takes", [[
        {"i": i, "a": value} for i, value in enumerate(["x", 1, 1.5, 1e300, 1e16, 1e-5, -0.0, True, False, "2024-01-01T10:00:00+02:00"])]]),
    "own_variants_timestamp": ("what a timestamp column takes", [[
        {"i": i, "a": value} for i, value in enumerate(["2024-01-01T00:00:00Z", "2024-01-02", "2024-01-02T03:04:05+02:00", 1700000000,
                                                        1700000000.25, "1700000000", "not a time", True, 0, -1, "1969-07-20T20:17:40Z",
                                                        "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", 253402300799, 253402300800])]]),
    "own_variants_over_loads": ("variants of columns of earlier loads", [
        [{"a": 1, "b": True, "c": 1.5, "d": "x", "e": "2024-01-01T00:00:00Z"}],
        [{"a": "x", "b": "maybe", "c": "y", "d": 1, "e": "z"}, {"a": 2.5, "b": "no", "c": 2, "d": False, "e": 5}],
        [{"a": "y", "b": "perhaps", "c": True, "d": None, "e": "w"}]]),
    "own_object_then_scalar": ("object, scalar, list under one name", [
        [{"k": {"b": {"c": 1}}}, {"k": 5}, {"k": {"b": 6}}, {"k": [1]}, {"k": [{"b": 7}]}], [{"k": "x"}, {"k": {"b": "y"}}]]),
    "own_nulls_in_lists": ("nested rows without data columns", [[{"id": 1, "l": [None, {}, {"x": None}]}, {"id": 2, "l": [{"x": 1}]}]]),
    "own_list_in_objects": ("lists below objects belong to the row's table", [[
        {"id": 1, "a": {"b": None, "c": []}, "d": [{"e": {"f": [{"g": 1}]}}], "h": {"i": {"j": [1, {"k": [2]}]}}}]]),
    "own_names_in_nested": ("names of nested tables and columns are normalized, too", [[
        {"Line Items": [{"SKU Code": 1, "subItems": [{"Q": 1}]}], "1st": {"2nd": [3], "Third Part": 4}, "a__b": [1], "trail_": [1]}]],
        {"table": "1 Weird.Table"}),
    "own_column_order": ("columns that come in other orders and later", [
        [{"a": 1, "o": {"x": 1, "p": {"y": 2}}, "b": 2}, {"c": 3, "o": {"z": 1}, "a": 4}], [{"d": 1, "a": 2, "o": {"p": {"w": 1}}}]]),
    "own_replace_grows": ("replace with new columns and a nested table", [
        [{"id": 1, "l": [{"m": [1]}]}], [{"id": 2, "x": 1.5}], [{"id": 3, "l": [{"m": [2], "n": "y"}], "k": [True]}]], {"write": "replace"}),
    "own_same_shape_twice": ("a second load of the same shape adds no schema", [[{"id": 1, "l": [{"x": 1}]}], [{"id": 2, "l": [{"x": 2}]}]]),
    "own_max_nesting_json": ("values that stay JSON: numbers, escapes, non-ASCII", [[
        {"j": {"s": "é\"\\\n\u2028😀", "f": 1.0, "e": 1e300, "n": None, "b": [True, False, {}], "i": 2**63 - 1, "z": []}, "k": "x"}]],
        {"max_nesting": 0}),
    "own_weird_names": ("names with blanks, signs, digits, underscores, keywords, quotes", [[{
        "A B": 1, "a__b": 2, "a___c": 3, "1x": 4, "trail_": 5, "trail2__": 6, "__lead": 7, "_": 8, "camelCase": 9, "HTTPServer": 10,
        "UserID2Name": 11, "me@home": 12, "c-d": 13, "a+b": 14, "p|q": 16, "50%": 17, "q?": 18, "select": 19, "x.y": 20, "quo\"te": 21,
        "back\\slash": 22, "new\nline": 23, "": 24, "sp ace ": 25}]], {"table": "My Table-1"}),
    "own_empty_later": ("a load without rows adds nothing", [[{"id": 1}], [], [{"id": 2}]]),
    "own_variant_is_a_time": ("a text that does not fit is a time", [[{"a": 1}, {"a": "2024-01-01T00:00:00Z"}, {"a": "2024-01-02"}, {"a": "3"}]]),
    "own_two_tables_then_one": ("tables of one load, then one of them again", [
        {"a": [{"id": 1}], "b": [{"id": 1, "l": [1]}]}, {"b": [{"id": 2, "l": [2], "n": "x"}]}]),
    "own_deep": ("twelve levels", [[{"a": [{"b": [{"c": [{"d": [{"e": [{"f": {"g": {"h": {"i": {"j": [{"k": [1]}]}}}}}]}]}]}]}]}]]),
    "own_root_dlt_columns": ("data that brings a load id", [[{"_dlt_load_id": "mine", "v": 1}]]),
    "own_naming_duck_case": ("convention duck_case: nested lists, variants, a second load", [
        [{"A B": 1, "aB": {"c\"d": [{"E-f": 1}]}, "__x__": 2}], [{"A B": "x", "aB": {"c\"d": [[2]]}, "\u65e5": True}]],
        {"table": "My Table", "naming": "duck_case"}),
    "own_naming_sql_ci": ("convention sql_ci_v1: nested lists, variants, a second load", [
        [{"A B": 1, "aB": {"c-d": [{"E-f": 1}]}, "__x__": 2}], [{"A B": "x", "aB": {"c-d": [[2]]}, "1\u65e5": True}]],
        {"table": "My Table", "naming": "sql_ci_v1"}),
    "own_naming_direct": ("convention direct: nested lists, variants, a second load", [
        [{"A B": 1, "aB": {"c-d": [{"E-f": 1}]}, "__x__": 2}], [{"A B": "x", "aB": {"c-d": [[2]]}, "x\u25b6y": True}]],
        {"table": "My__Table", "naming": "direct"}),
    **{f"own_contract_all_{mode}": (f"everything at once: {mode}", MIXED, {"contract": mode}) for mode in ("evolve", "discard_row", "discard_value")},
    "own_contract_mixed": ("another word for each", MIXED, {"contract": {"tables": "discard_value", "columns": "discard_row",
                                                                         "data_type": "discard_value"}}),
    "own_contract_all_discarded": ("a load of which nothing is left", [[{"id": 1}], [{"id": 2, "new": 1}], [{"id": 3}]],
                                   {"contract": {"columns": "discard_row"}}),
    "own_contract_first_row_left_out": ("a new table whose first row is left out has that row's columns, and is no longer new", [
        [{"id": 1}], [{"id": 2, "v": [{"b": 1, "code": True}]}, {"id": 3, "v": [{"c": 2, "b": 3}, 691], "w": [{"d": 1, "code": True}]}]],
        {"contract": {"columns": "discard_value", "data_type": "discard_row"}, "hints": {"preferred_types": {"code": "json"}}}),
    "own_contract_whole_values_left_out": ("rows left out for objects and lists that are kept whole: later ones change nothing", [
        [{"id": 1}], [{"id": "a", "name": {}}, {"id": 2.5, "name": {"x": 1}}, {"id": True, "name": [1]}, {"id": 2, "_dlt_x": 1, "name": []}, {"id": 3}]],
        {"contract": {"columns": "discard_row"}, "hints": {"preferred_types": {"name": "json"}}}),
    "own_contract_unnested_left_out": ("the same by a limit of nesting", [
        [{"id": 1}], [{"id": "a", "o": {"p": {"x": 1}}}, {"id": 2.5, "o": {"p": [1]}}, {"id": True, "l": [1]}, {"id": 2, "_dlt_x": 1, "o": {"p": {}}},
                      {"id": 2, "_dlt_y": 1, "l": []}, {"id": 3}]],
        {"contract": {"columns": "discard_row"}, "max_nesting": 1}),
    "own_contract_handed_down_left_out": ("a row left out for a type has taken what is handed down to it: the column stays", [
        [{"id": 1}], [{"l": [1]}, {"id": 2, "l": ["x"]}]],
        {"contract": {"data_type": "discard_row"}, "hints": {"propagation": {"root": {"id": "from_root"}}}}),
    "own_json_into_text": ("an object in a column of texts: how its numbers are written", [
        [{"a": "x"}], [{"a": {"b": 1e-7, "c": 1e-5, "d": 1.5e-6, "e": 1e16, "f": 123.0, "g": [-1e-5, 5e-324, 1.7976931348623157e308, 1e-4]}}]],
        {"max_nesting": 0}),
    "own_types_declared": ("every type declared, with values as JSON has them", [[
        {"a": 1, "b": 2, "c": 3, "d": "2024-01-01", "e": "10:00", "f": "AP8=", "g": "0x10", "h": "1.5", "i": {"x": 1}, "j": 1700000000, "k": "yes"},
        {"a": "x", "b": "2.5", "c": "y", "d": 1700000000, "e": "T10", "f": 258, "g": 7, "h": 0.1, "i": [1], "j": "2024-01-01T10:00:00+02:00", "k": 0},
        {"a": True, "b": "no", "c": 1.5, "d": "x", "e": 5, "f": "!", "g": "x", "h": "x", "i": 5, "j": "x", "k": "x"}]],
        {"hints": {"columns": {name: {"data_type": kind} for name, kind in zip("abcdefghijk", (
            "text", "double", "bool", "date", "time", "binary", "wei", "decimal", "json", "timestamp", "bool"))}}}),
    "own_hints_kept": ("hints that the database does not have stay in the schema", [[{"id": 1, "at": "2024-01-01T00:00:00Z", "k": "x", "l": [{"v": 1}]}],
                                                                                     [{"id": 2, "k": "y", "m": 1}]],
        {"hints": {"primary_key": "id", "merge_key": ["k"],
                   "columns": {"at": {"partition": True, "sort": True}, "k": {"cluster": True, "unique": True, "x-mine": "yes"}}}}),
    "own_hints_incomplete": ("columns declared without a type, some of which never come", [[{"Id": 1, "b": 1}], [{"Id": 2, "c": "x"}]],
        {"hints": {"columns": {"c": {"unique": True}, "never": {"nullable": True}, "Id": {"data_type": "double"}}}}),
    "own_default_hints": ("hints by patterns of names, in nested tables, too", [[
        {"id": 1, "user_id": 2, "Email": "x", "l": [{"id": 3, "email": "y"}]}]],
        {"hints": {"default_hints": {"unique": ["re:^id$"], "cluster": ["email"], "not_null": ["re:_id$"], "sort": ["re:^(user_)?id$"]}}}),
    "own_detections": ("all detections at once", [[
        {"a": "2024-01-01", "b": "2024-01-01T10:00:00Z", "c": "10:00", "d": 5, "e": 1.5, "f": "2024/01/02", "g": "2024", "h": "x", "i": -1, "j": 1790000000, "k": 1790000000.5, "l": "1790000000", "m": 1000000000}]],
        {"hints": {"detections": ["iso_timestamp", "iso_date", "large_integer", "timestamp", "hexbytes_to_text", "wei_to_double"]}}),
    "own_preferred_misfits": ("values that do not fit the type preferred for them", [[
        {"n_a": "x", "n_b": 1, "t_a": "never", "j_a": 5, "j_b": {"x": [1]}, "l": [{"n_a": "1", "j_c": [1]}]}],
        [{"n_a": 2, "n_b": "y", "t_a": "2024-01-01", "j_a": {"y": 1}, "j_b": "z"}]],
        {"hints": {"preferred_types": {"re:^n_": "bigint", "re:^t_": "timestamp", "re:^j_": "json"}}}),
    **{f"own_contract_misfit_{mode}_{columns}": (f"a value that does not fit its preferred type is refused, data_type {mode}, columns {columns}; the next one fits", [
        [{"id": 1}], [{"id": 2, "type": "back\\slash"}, {"id": 3, "type": " 7 "}, {"id": 4, "type": "x"}, {"id": 5, "type": "null"}]],
        {"contract": {"data_type": mode, "columns": columns}, "hints": {"preferred_types": {"type": "json"}}})
       for mode in ("discard_row", "discard_value") for columns in ("evolve", "discard_row", "discard_value")},
    "own_propagation": ("columns handed down to nested tables", [[
        {"id": 1, "name": "x", "l": [{"m": 2, "k": [3, {"id": 9}]}, {"k": [4]}], "o": {"p": [5]}}, {"name": "y", "l": [[6]]}],
        [{"id": "two", "l": [{"m": "n", "k": [7]}]}]],
        {"hints": {"propagation": {"root": {"id": "parent_id_x", "_dlt_id": "_dlt_root_id"}, "tables": {"t__l": {"m": "lm", "parent_id_x": "again"}}}}}),
    "own_max_nesting_of_schema": ("a limit of nesting for all tables", [[{"a": {"b": {"c": 1}}, "l": [{"m": [1], "d": {"e": 1}}]}]],
        {"hints": {"max_nesting": 1}}),
    "own_nested_columns": ("hints for columns of nested tables", [[{"id": 1, "l": [{"v": 1, "w": "x"}], "o": {"l": [{"v": 2}]}}]],
        {"hints": {"nested_hints": {"l": {"columns": {"v": {"name": "v", "data_type": "text"}, "z": {"name": "z", "data_type": "bool"}}}}}}),
    "own_row_key": ("another column tells rows apart: it is what nested rows get as the id of their root", [[{"code": "a", "l": [1, {"m": [2]}]}, {"code": "b", "l": [3]}]],
                    {"hints": {"root_key": True, "columns": {"code": {"row_key": True, "nullable": False}}}}),
    "own_filters": ("fields and lists left out by patterns", [[
        {"id": 1, "secret": "x", "o": {"secret": 2, "kept": 3}, "l": [{"a": 1, "b": 2, "m": [1]}], "gone": [{"x": [1]}], "j": {"secret": [1]}}],
        [{"id": 2, "gone": 5, "l": [{"b": 1}, {"a": 2}]}]],
        {"hints": {"filters": {"t": {"excludes": ["re:secret", "re:^gone", "re:^l__b$"], "includes": ["re:^o__secret$"]}}}}),
    "own_root_key_later": ("root ids asked for when the tables are there without rows below", [[{"id": 1}], [{"id": 2, "l": [1]}]],
        {"hints": {"root_key": True}}),
    "own_pipeline_name": ("the schema's name is the pipeline's, normalized, without _pipeline", [[{"id": 1}]], {"pipeline": "My-Shop_pipeline"}),
}

REFERENCE.update(merge_cases.REFERENCE)
CASES = {**REFERENCE, **OWN, **merge_cases.OWN}


def options(case):
    defaults = {"table": "t", "write": "append", "max_nesting": None, "own_ids": False, "pipeline": "g", "naming": None, "contract": None, "refused": False, "hints": None}
    return {**defaults, **(CASES[case][2] if len(CASES[case]) > 2 else {})}


def symbols(dataset, own_ids):
    """Puts $idN and $loadN in the place of what is random, $time in the place of the time of day, $time_of_loadN of that of a load."""
    from dataset import BOOKKEEPING, LOAD_ID, PARENT_ID, ROOT_ID, ROW_ID
    ids, loads, times = {}, {load["load_id"]: f"$load{i}" for i, load in enumerate(dataset.loads, 1)}, dataset.load_times

    def symbol(table, column, value):
        if column in (LOAD_ID, "load_id"):
            return loads[value]
        if table in BOOKKEEPING and column in ("schema", "state"):
            return "$document"
        if column == ROOT_ID:
            return ids.get(value, value)  # what is no row's id is a value of the user's row key
        if column in (ROW_ID, PARENT_ID) and (table in BOOKKEEPING or not own_ids):
            return ids.setdefault(value, f"$id{len(ids) + 1}")
        if table in BOOKKEEPING:
            return "$time" if column in ("inserted_at", "created_at") else value
        return times.get(value, value) if isinstance(value, str) else value

    def order(item):
        return item[0] in BOOKKEEPING, item[0]

    return {name: {"columns": table.columns,
                   "rows": [[symbol(name, column, value) for column, value in zip(table.names, row)] for row in table.rows]}
            for name, table in sorted(dataset.tables.items(), key=order)}


def record(case):
    import beside
    from dataset import read_dataset
    set_up = options(case)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "g.duckdb"
        beside.load_all(database, Path(folder) / "pipelines", CASES[case][1], set_up["table"], set_up["write"], set_up["max_nesting"],
                        set_up["pipeline"], naming=set_up["naming"], contract=set_up["contract"], refused=set_up["refused"], hints=set_up["hints"])
        dataset = read_dataset(database)
        schemas, states = ([row[key] for row in rows] for rows, key in ((dataset.versions, "schema"), (dataset.states, "state")))
        tables = symbols(dataset, set_up["own_ids"])
    return tables, schemas, states


def short(document):
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


# ---- files: what is the same in every case stands once, in system.json --------------------------------------------------------------


def system_parts(tables, schema):
    """dlt's own tables, their place in the schema, and the settings of every schema."""
    return {"columns": {name: table["columns"] for name, table in tables.items() if name in schema["tables"] and name.startswith("_dlt")},
            "tables": {name: table for name, table in schema["tables"].items() if name.startswith("_dlt")},
            **{key: schema[key] for key in ("settings", "normalizers")}}


def fold(case, system):
    tables, schemas, states = case["tables"], case["schemas"], case["states"]
    for name, table in tables.items():
        if table["columns"] == [list(column) for column in system["columns"].get(name, [])]:
            table["columns"] = "$system"
    for schema in schemas:
        for name, table in schema["tables"].items():
            if table == system["tables"].get(name):
                schema["tables"][name] = "$system"
        for key in ("settings", "normalizers"):
            if schema[key] == system[key]:
                schema[key] = "$system"
    case["states"] = [dict(sorted(state.items())) for state in states]
    return case


def unfold(case, system):
    """A recorded case as read, complete again."""
    for name, table in case["tables"].items():
        if table["columns"] == "$system":
            table["columns"] = system["columns"][name]
    for schema in case["schemas"]:
        schema["tables"] = {name: system["tables"][name] if table == "$system" else table for name, table in schema["tables"].items()}
        for key in ("settings", "normalizers"):
            if schema[key] == "$system":
                schema[key] = system[key]
    return case


def read(case):
    return unfold(json.loads((GOLDEN / f"{case}.json").read_text()), json.loads((GOLDEN / "system.json").read_text()))


def write(case, parts):
    """A line for each load, table, schema and state: compact, and still a diff that can be read."""
    lines = []
    for key, value in parts.items():
        if isinstance(value, list):
            lines.append(f'"{key}":[\n  ' + ",\n  ".join(map(short, value)) + "]")
        elif key == "tables":
            lines.append(f'"{key}":{{\n  ' + ",\n  ".join(f"{short(name)}:{short(table)}" for name, table in value.items()) + "}")
        else:
            lines.append(f'"{key}":{short(value)}')
    (GOLDEN / f"{case}.json").write_text("{" + ",\n ".join(lines) + "}\n")


def record_all(chosen):
    import dlt
    import duckdb
    tables, schemas, _ = record("countries")
    system = json.loads(short(system_parts(tables, schemas[-1])))
    write("system", system)
    for case in chosen:
        tables, schemas, states = record(case)
        found = {"about": CASES[case][0], "dlt": dlt.__version__, "duckdb": duckdb.__version__, "options": options(case),
                 "loads": CASES[case][1], "tables": tables, "schemas": schemas, "states": states}
        write(case, fold(json.loads(short(found)), system))
        print(case)


if __name__ == "__main__":
    record_all(sys.argv[1:] or CASES)
