# ctest: labels=conformance timeout=300
"""Where spile differs from dlt on purpose: each difference with what spile does instead.

Expected values follow from the rule that stands at each case; nothing here is recorded from spile.
"""
import re

import pytest

from cases import spile_all
from dataset import check_bookkeeping, check_links, read_dataset

BIG, TEXT, DOUBLE, DECIMAL, TIME = "BIGINT", "VARCHAR", "DOUBLE", "DECIMAL(38,9)", "TIMESTAMP WITH TIME ZONE"
ROOT = [("_dlt_load_id", TEXT), ("_dlt_id", TEXT)]
NESTED = [("_dlt_parent_id", TEXT), ("_dlt_list_idx", BIG), ("_dlt_id", TEXT)]
N = None

# A name that ends in "#" stands for the name with the suffix of a collision: "_" and 8 hexadecimal digits.
# Of each table: columns in order, then rows without dlt's columns, in order.
# name: (rule, loads, {table: (columns, rows)})
DIFFERENT = {
    "colliding_names": (
        "keys with one normalized name: the first one visited gets it, each later one a name of its own (dlt keeps the last value only)",
        [[{"Aa": 1, "aa": 2, "AA": 3}, {"camelCase": 1, "camel_case": 2, "CamelCase": 3}, {"n": {"x": 6}, "n__x": 5}, {"L": [1], "l": [2]}]],
        {"t": ([("aa", BIG), ("aa#", BIG), ("aa#", BIG), *ROOT, ("camel_case", BIG), ("camel_case#", BIG), ("camel_case#", BIG),
                ("n__x", BIG), ("n__x#", BIG)],
               [(1, 2, 3, N, N, N, N, N), (N, N, N, 1, 2, 3, N, N), (N, N, N, N, N, N, 5, 6), (N,) * 8]),
         "t__l": ([("value", BIG), *NESTED], [(1,)]), "t__l#": ([("value", BIG), *NESTED], [(2,)])}),
    "weird_names_unicode": (
        "names without any ASCII letter all become x: none of their values is lost",
        [[{"\u00c4\u00d6": 1, "na\u00efve": 2, "\u0416": 3, "\u65e5\u672c": 4, "caf\u00e9": 5, "\u0663abc": 6, "\U0001f600": 7, "a\u00dfb": 8}]],
        {"t": ([("x", BIG), ("na_ve", BIG), ("x#", BIG), ("x#", BIG), ("cafx", BIG), ("_\u0663abc", BIG), ("x#", BIG), ("a_b", BIG), *ROOT],
               [(1, 2, 3, 4, 5, 6, 7, 8)])}),
    "weird_names": (
        "the same: two pairs of these names collide (the others are in golden/own_weird_names.json)",
        [[{"A B": 1, "a__b": 2, "a-b": 13, "a+b": 14, "a*b": 15, "p|q": 16}]],
        {"t": ([("a_b", BIG), ("a__b", BIG), ("a_b#", BIG), ("axb", BIG), ("axb#", BIG), ("plq", BIG), *ROOT], [(1, 2, 13, 14, 15, 16)])}),
    "unicode_values": (
        "NUL in a text is kept (dlt drops it)",
        [[{"i": 0, "s": "it's \"q\" \\ end"}, {"i": 1, "s": "tab\tlf\ncr\r."}, {"i": 2, "s": "nul\0x"}, {"i": 3, "s": "\u00e9\u65e5\U0001f600"},
          {"i": 4, "s": "\x01\x1f\x7f"}, {"i": 5, "s": "\ue000\uf8ff\ufffd"}, {"i": 6, "s": ""}, {"i": 7, "s": " pad "}]],
        {"t": ([("i", BIG), ("s", TEXT), *ROOT],
               [(0, "it's \"q\" \\ end"), (1, "tab\tlf\ncr\r."), (2, "nul\0x"), (3, "\u00e9\u65e5\U0001f600"), (4, "\x01\x1f\x7f"),
                (5, "\ue000\uf8ff\ufffd"), (6, ""), (7, " pad ")])}),
    "pua_tags": (
        "texts that look like dlt's marks of types are texts",
        [[{"i": 0, "s": "\uf0261.5"}, {"i": 1, "s": "\uf026abc"}, {"i": 2, "s": "\uf0282024-01-01"}, {"i": 3, "s": "x\uf026"}, {"i": 4, "s": "\uf02e"}]],
        {"t": ([("i", BIG), ("s", TEXT), *ROOT], [(0, "\uf0261.5"), (1, "\uf026abc"), (2, "\uf0282024-01-01"), (3, "x\uf026"), (4, "\uf02e")])}),
    "large_int_2_63": (
        "an integer beyond 64 bits makes a decimal column (dlt fails in the load)",
        [[{"a": 2**63}]], {"t": ([("a", DECIMAL), *ROOT], [("9223372036854775808.000000000",)])}),
    "large_int_2_64": (
        "the same beyond unsigned 64 bits (dlt fails in extract)",
        [[{"a": 2**64}]], {"t": ([("a", DECIMAL), *ROOT], [("18446744073709551616.000000000",)])}),
    "key_underscores": (
        "the key __ is no empty column name (dlt fails in normalize)",
        [[{"id": 1, "__": 5}]], {"t": ([("id", BIG), ("_empty", BIG), *ROOT], [(1, 5)])}),
    "timestamp_offset_24": (
        "an offset of 24 hours is no timestamp (dlt fails in normalize)",
        [[{"a": "2024-01-01T10:00:00+24:00"}]], {"t": ([("a", TEXT), *ROOT], [("2024-01-01T10:00:00+24:00",)])}),
}

OWN = {
    "objects_collide": (
        "objects are visited after scalars, the last one first (as dlt does): so the value visited first has the plain name",
        [[{"a__b": 1, "a": {"b": 2}, "A": {"B": 3}}, {"A": {"c": 4}, "a": {"c": 5}}]],
        {"t": ([("a__b", BIG), ("a__b#", BIG), ("a__b#", BIG), *ROOT, ("a__c", BIG), ("a__c#", BIG)], [(1, 3, 2, N, N), (N, N, N, 5, 4)])}),
    "spellings_in_separate_rows": (
        "spellings that never meet in one row share the column, as in dlt",
        [[{"Aa": 1}, {"aa": 2}, {"AA": 3}]], {"t": ([("aa", BIG), *ROOT], [(1,), (2,), (3,)])}),
    "collision_in_nested": (
        "the rule holds in rows of nested tables",
        [[{"l": [{"K": 1, "k": "x"}]}]],
        {"t": (ROOT, [()]), "t__l": ([("k", BIG), ("k#", TEXT), *NESTED], [(1, "x")])}),
    "integers_beyond_64_bits_in_a_bigint_column": (
        "decimal variant when it fits into 29 digits before the point, else text variant",
        [[{"a": 1}, {"a": 2**63}, {"a": -(2**63) - 1}, {"a": 10**29 - 1}, {"a": 10**29}, {"a": -(10**40)}]],
        {"t": ([("a", BIG), *ROOT, ("a__v_decimal", DECIMAL), ("a__v_text", TEXT)],
               [(1, N, N), (N, "9223372036854775808.000000000", N), (N, "-9223372036854775809.000000000", N),
                (N, "99999999999999999999999999999.000000000", N), (N, N, "1" + 29 * "0"), (N, N, "-1" + 40 * "0")])}),
    "numbers_of_two_variants": (
        "each number goes to the variant of its own type, whichever came first and whatever thread meets it",
        [[{"a": True}, {"a": 10**30}, {"a": 2**70}, {"a": 10**31}, {"a": 2**71}]],
        {"t": ([("a", "BOOLEAN"), *ROOT, ("a__v_text", TEXT), ("a__v_decimal", DECIMAL)],
               [(True, N, N), (N, str(10**30), N), (N, N, f"{2**70}.000000000"), (N, str(10**31), N), (N, N, f"{2**71}.000000000")])}),
    "integers_beyond_decimal_first": (
        "a text column when the first value fits no number",
        [[{"a": 10**30}]], {"t": ([("a", TEXT), *ROOT], [("1" + 30 * "0",)])}),
    "text_column_takes_them": (
        "a text column takes an integer beyond 64 bits as text",
        [[{"a": "x"}, {"a": 2**64}]], {"t": ([("a", TEXT), *ROOT], [("x",), ("18446744073709551616",)])}),
    "text_that_is_an_integer_beyond_64_bits": (
        "such a text is no bigint: variant (dlt fails in the load)",
        [[{"a": 1}, {"a": "9999999999999999999999999"}]],
        {"t": ([("a", BIG), *ROOT, ("a__v_text", TEXT)], [(1, N), (N, "9999999999999999999999999")])}),
    "nan_and_infinity_as_text": (
        "the words are no doubles (dlt makes them so; its load then fails)",
        [[{"f": 1.5}, {"f": "nan"}, {"f": "Infinity"}, {"f": "-inf"}, {"f": "1e400"}]],
        {"t": ([("f", DOUBLE), *ROOT, ("f__v_text", TEXT)], [(1.5, N), (N, "nan"), (N, "Infinity"), (N, "-inf"), (N, "1e400")])}),
    "null_items": (
        "null among the items is no row, as when dlt is handed None; within a nested list it is one",
        [[1, None, 2], [None]], {"t": ([("value", BIG), *ROOT], [(1,), (2,)])}),
    "variant_of_a_variant": (
        "a text variant that has become a time column has a variant of its own (dlt aborts)",
        [[{"a": 1}, {"a": "2024-01-01T00:00:00Z"}, {"a": "x"}]],
        {"t": ([("a", BIG), *ROOT, ("a__v_text", TIME), ("a__v_text__v_text", TEXT)],
               [(1, N, N), (N, "2024-01-01T00:00:00+00:00", N), (N, N, "x")])}),
    "instants_of_large_numbers": (
        "a number that is no time makes a variant in a timestamp column (dlt aborts)",
        [[{"a": "2024-01-01T00:00:00Z"}, {"a": 10**18}, {"a": 2**63 - 1}, {"a": 1e20}]],
        {"t": ([("a", TIME), *ROOT, ("a__v_bigint", BIG), ("a__v_double", DOUBLE)],
               [("2024-01-01T00:00:00+00:00", N, N), (N, 10**18, N), (N, 2**63 - 1, N), (N, N, 1e20)])}),
    "integral_double_beyond_bigint": (
        "1e20 in a bigint column makes a variant (dlt aborts)",
        [[{"a": 1}, {"a": 1e20}]], {"t": ([("a", BIG), *ROOT, ("a__v_double", DOUBLE)], [(1, N), (N, 1e20)])}),
}

LITERALS = {
    "beyond_double": (
        "a number beyond double keeps its digits as text",
        ['[{"f":1e400},{"f":-1.5E+999}]'], {"t": ([("f", TEXT), *ROOT], [("1e400",), ("-1.5E+999",)])}),
    "beyond_double_in_a_double_column": (
        "variant in an existing column",
        ['[{"f":1.5},{"f":1e400}]'], {"t": ([("f", DOUBLE), *ROOT, ("f__v_text", TEXT)], [(1.5, N), (N, "1e400")])}),
    "smaller_than_any_double": (
        "what rounds to zero is zero, as in Python",
        ['[{"f":1e-400},{"f":-0.0}]'], {"t": ([("f", DOUBLE), *ROOT], [(0.0,), (0.0,)])}),
}


def matches(got, want):
    return got == want or want.endswith("#") and re.fullmatch(re.escape(want[:-1]) + "_[0-9a-f]{8}", got) is not None


def check_tables(got, want):
    tables = {}
    for name in want:
        found = [table for table in got.data_tables if matches(table, name)]
        assert len(found) == 1, f"table {name}: {sorted(got.data_tables)}"
        tables[name] = got[found[0]]
    assert len(got.data_tables) == len(want), f"superfluous tables: {sorted(got.data_tables)}"
    for name, (columns, rows) in want.items():
        found = [(column, sql_type) for column, sql_type, _ in tables[name].columns]
        assert len(found) == len(columns) and all(matches(a, b) and c == d for (a, c), (b, d) in zip(found, columns)), f"{name}: {found}"
        own = [i for i, (column, _) in enumerate(found) if not column.startswith("_dlt_")]
        assert [tuple(row[i] for i in own) for row in tables[name].rows] == rows, name


def check(work, loads, want):
    if isinstance(loads[0], str):
        for text in loads:
            work.load(work.write("t.json", text), dataset="d")
    else:
        spile_all(work, loads)
    got = read_dataset(work.database)
    check_tables(got, want)
    assert check_links(got) + check_bookkeeping(got) == []


@pytest.mark.parametrize("name", [*DIFFERENT, *OWN, *LITERALS])
def test_difference(work, name):
    _, loads, want = {**DIFFERENT, **OWN, **LITERALS}[name]
    check(work, loads, want)


def test_a_load_without_rows_is_no_load(work):
    """dlt books the first one, though not a later one; here none is booked, and the table is not made."""
    spile_all(work, [[]])
    assert not work.database.exists() or read_dataset(work.database).tables == {}
    spile_all(work, [[{"id": 1}], []], suffix="b")
    got = read_dataset(work.database)
    assert len(got.loads) == 1 and got.counts == {"t": 1}


def test_names_of_collisions_stay(work):
    """The suffix comes from the source path alone: the same keys find their columns in later loads, in any order of rows."""
    loads = [[{"Aa": 1, "aa": 2}], [{"x": 1}, {"Aa": 3, "aa": 4, "n": {"X": 1, "x": 2}}], [{"n": {"X": 3, "x": 4}}, {"Aa": 5, "aa": 6}]]
    spile_all(work, loads)
    got = read_dataset(work.database)
    names = [name for name in got["t"].names if not name.startswith("_dlt_")]
    assert [re.sub("_[0-9a-f]{8}$", "#", name) for name in names] == ["aa", "aa#", "x", "n__x", "n__x#"]
    assert got["t"].values(*names) == [(1, 2, N, N, N), (N, N, 1, N, N), (3, 4, N, 1, 2), (N, N, N, 3, 4), (5, 6, N, N, N)]


def test_null_under_a_key_that_the_contract_drops(work):
    """dlt keeps such a row before the first value came and drops it afterwards; a null asks for no column, so here it stays."""
    loads = [[{"id": 1}], [{"id": 2, "new": None}, {"id": 3, "new": 1}, {"id": 4, "new": None}]]
    spile_all(work, loads, contract={"columns": "discard_row"})
    assert read_dataset(work.database)["t"].values("id") == [1, 2, 4]


@pytest.mark.parametrize("root, want", [({"id": None}, 5), ({}, 5), ({"id": 7}, 7)])
def test_null_that_is_handed_down(work, root, want):
    """A value of the root row takes the place of the nested row's own, as in dlt; a null does not (in dlt it does, and the value is lost)."""
    spile_all(work, [[{**root, "l": [{"own": 5}]}]], hints={"propagation": {"root": {"id": "own"}}})
    assert read_dataset(work.database)["t__l"].values("own") == [want]


@pytest.mark.parametrize("naming", ["duck_case", "direct", "sql_cs_v1"])
def test_names_that_differ_by_case(work, naming):
    """DuckDB takes them for one, dlt's load fails on the second; here the later one of a row gets a column of its own."""
    loads = [[{"Aa": 1, "aa": 2, "L": [1], "l": [2]}, {"AA": 3}], [{"aA": 4, "l": [3]}]]
    spile_all(work, loads, naming=naming)
    got = read_dataset(work.database)
    own = [name for name in got["t"].names if not name.startswith("_dlt_")]
    assert [re.sub("_[0-9a-f]{8}$", "#", name) for name in own] == ["Aa", "aa#"]
    assert got["t"].values(*own) == [(1, 2), (3, None), (4, None)]
    nested = sorted(name for name in got.data_tables if name != "t")
    assert len(nested) == 2 and [got[name].values("value") for name in nested] == [[1, 3], [2]]
    assert check_links(got) + check_bookkeeping(got) == []


@pytest.mark.parametrize("key", ["", "  ", "__", "____"])
def test_list_under_an_empty_key(work, key):
    """dlt writes its rows into the parent table and the load fails; here they have a table of their own."""
    spile_all(work, [[{"id": 1, key: [7, 8]}]])
    got = read_dataset(work.database)
    nested = [name for name in got.data_tables if name != "t"]
    assert len(nested) == 1 and got.parents()[nested[0]] == "t" and got[nested[0]].values("value") == [7, 8]
    assert check_links(got) + check_bookkeeping(got) == []
