# ctest: labels=conformance timeout=300
"""Where spile's merges differ from dlt's on purpose (docs/differences-from-dlt.md): each difference with what spile does instead, on every engine.

Expected values follow from the rule that stands at each case; nothing here is recorded from spile.
"""
import pytest

from cases import spile_all, write_word
from dataset import check_bookkeeping, check_links
from merge_cases import DELETED, NEWEST, OLDEST, UPSERTS, by_key, keyed, merge
from targets import ENGINES, target

N = None
ROOTS = [[{"id": 1, "l": [{"x": 1, "m": [1]}, {"x": 5}]}, {"id": 2, "l": [{"x": 2, "m": [2, 2]}]}], [{"id": 2, "l": [{"x": 3, "m": [3]}]}], [{"id": 1}]]
TIMES = {"write": merge("scd2", boundary_timestamp="2026-01-01T00:00:00Z")}

# name: (rule, loads, options, {table: (columns, rows in any order)})
DIFFERENT = {
    "merge_upsert_hard_delete": (
        "upsert: a row that is deleted and not known is not inserted (dlt inserts it, cdc does not)",
        [[{"id": 1, "del": False}, {"id": 2, "del": False}], [{"id": 1, "del": True}, {"id": 5, "del": True, "l": [1]}]],
        keyed("upsert", columns=DELETED), {"t": (["id"], [(2,)]), "t__l": (["value"], [])}),
    "filter_before_duplicates": (
        "what the filter leaves out takes part in nothing (in dlt it wins among duplicates, and the key is lost)",
        [[{"id": 1, "day": 1, "v": "left out"}, {"id": 1, "day": 2, "v": "kept"}]], by_key(source_filter="day = 2"), {"t": (["id", "v"], [(1, "kept")])}),
    "filter_before_newest": (
        "the same with an order",
        [[{"id": 1, "n": 1, "v": "kept", "l": [1]}, {"id": 1, "n": 2, "v": "left out", "l": [2]}]], by_key(columns=NEWEST, source_filter="n = 1"),
        {"t": (["id", "v"], [(1, "kept")]), "t__l": (["value"], [(1,)])}),
    **{f"{strategy}_duplicates": (
        f"{strategy}: of rows of a load with one key the first counts (in dlt it is chance, or an error); what is nested in them is the same",
        [[{"id": 1, "v": "first", "l": [{"m": [1, None]}, {"m": [3]}]}, {"id": 1, "v": "second", "l": [{"m": [1, None]}, {"m": [3]}]}],
         [{"id": 2, "v": "one"}, {"id": 2, "v": "two"}]], keyed(strategy),
        {"t": (["id", "v"], [(2, "one")] if strategy == "cdc" else [(1, "first"), (2, "one")]),
         "t__l__m": (["value"], [] if strategy == "cdc" else [(1,), (3,), (N,)])}) for strategy in ("upsert", "insert-only", "cdc")},
    **{f"{strategy}_duplicates_with_an_order": (
        f"{strategy}: or the one that dedup_sort says",
        [[{"id": 1, "n": 1}], [{"id": 1, "n": 2, "v": "b"}, {"id": 1, "n": 3, "v": "c"}, {"id": 2, "n": 9}, {"id": 2, "n": 8}]], keyed(strategy,
            columns=NEWEST),
        {"t": (["id", "n"], [(1, 1 if strategy == "insert-only" else 3), (2, 9)])}) for strategy in ("upsert", "insert-only", "cdc")},
    "unique_column_and_duplicates": (
        "rows that don't stay do not meet the constraint of a column with the hint unique, which Postgres gets (in a first load, too)",
        [[{"id": 1, "n": 1, "u": "x"}, {"id": 1, "n": 2, "u": "x"}], [{"id": 2, "n": 1, "u": "y"}, {"id": 2, "n": 2, "u": "y"}]],
        by_key(columns={**NEWEST, "u": {"unique": True}}), {"t": (["id", "n", "u"], [(1, 2, "x"), (2, 2, "y")])}),
    "order_of_nulls_newest": (
        "a null is behind all values in dedup_sort, whatever the database says (Postgres has it first with desc)",
        [[{"id": 1, "n": N, "v": "null"}, {"id": 1, "n": 1, "v": "one"}, {"id": 2, "n": N, "v": "only"}]], by_key(columns=NEWEST),
        {"t": (["id", "v"], [(1, "one"), (2, "only")])}),
    "order_of_nulls_oldest": (
        "likewise with asc (SQLite has it first)",
        [[{"id": 1, "n": N, "v": "null"}, {"id": 1, "n": 1, "v": "one"}, {"id": 2, "n": N, "v": "only"}]], by_key(columns=OLDEST),
        {"t": (["id", "v"], [(1, "one"), (2, "only")])}),
    "merge_key_of_two_columns": (
        "scd2: columns of a merge key are compared one by one (dlt compares their texts, joined: 1 and 23 are 12 and 3)",
        [[{"a": 1, "b": 23, "v": "x"}], [{"a": 12, "b": 3, "v": "y"}]], {**TIMES, "hints": {"merge_key": ["a", "b"]}},
        {"t": (["a", "b", "v", "_dlt_valid_to"], [(1, 23, "x", N), (12, 3, "y", N)])}),
    "nothing_but_keys": (
        "skip_unchanged_rows: a row that is nothing but its key is never changed (dlt updates its load id)",
        [[{"id": 1}], [{"id": 1}, {"id": 2}]], keyed("upsert", skip_unchanged_rows=True), {"t": (["id", "_dlt_load_id"], [(1, "load 1"), (2, "load 2")])}),
    "upsert_of_rows_with_random_ids": (
        "upsert: a row that delete-insert has left gets its new id, and its old nested rows go (in dlt they stay, below no row)",
        [*UPSERTS, [{"id": 1, "v": "end", "l": [9]}]], {**by_key(), "write": [merge("upsert"), merge("delete-insert"), merge("upsert")]},
        {"t": (["id", "v"], [(1, "end"), (2, "B"), (3, "c")]), "t__l": (["value"], [(4,), (9,)])}),
    "insert_only_of_rows_with_random_ids": (
        "insert-only: nested rows of a row that delete-insert has left, under another id, do not come (in dlt they do, below no row)",
        UPSERTS, {**by_key(), "write": [merge("delete-insert"), merge("insert-only")]},
        {"t": (["id", "v"], [(1, "a"), (2, "b"), (3, "c")]), "t__l": (["value"], [(1,), (2,), (3,), (4,)])}),
    "scd2_row_version_nested": (
        "scd2 with a version of the user: nested rows of a version that is there come no second time (in dlt they do, below no row)",
        [[{"id": 1, "ver": 1, "l": [1, {"m": [2]}]}, {"id": 2, "ver": 1, "l": [3]}], [{"id": 1, "ver": 1, "l": [1, {"m": [2]}]}, {"id": 2, "ver": 2,
            "l": [4]}]],
        {"write": merge("scd2", row_version_column_name="ver")},
        {"t": (["id", "ver"], [(1, 1), (2, 1), (2, 2)]), "t__l": (["value"], [(1,), (3,), (4,), (N,)]), "t__l__m": (["value"], [(2,)])}),
    **{f"{strategy}_of_rows_without_root_ids": (
        f"{strategy} behind an append: nested rows that are there get root ids, and go with their root (dlt fails on DuckDB, and gives them none elsewhere)",
        [[{"id": 1, "l": [{"m": [1, 2]}, {"m": [{"n": [7]}]}]}, {"id": 2, "l": [{"m": [4, {"n": [8]}]}]}], [{"id": 1, "l": [{"m": [9, {"n": [3]}]}]}]],
        {"hints": {"primary_key": "id"}, "own_ids": True, "write": ["append", merge(strategy)]},
        {"t": (["id"], [(1,), (2,)][:count]), "t__l__m": (["value"], [(4,), (9,), (N,), (N,)] if count == 2 else [(9,), (N,)]),
         "t__l__m__n": (["value"], [(3,), (8,)][:count])}) for strategy, count in {"delete-insert": 2, "upsert": 2, "cdc": 1}.items()},
    "cdc_empty_load": (
        "cdc: a load without rows is all there is, too (in dlt it has no job, and changes nothing)",
        [[{"id": 1, "l": [1]}, {"id": 2, "l": [2]}], []], keyed("cdc"), {"t": (["id"], []), "t__l": (["value"], [])}),
    "cdc_empty_load_in_a_scope": (
        "cdc: within the scope",
        [[{"id": 1, "l": [1]}, {"id": 2, "l": [2]}], []], {**keyed("cdc"), "write": [merge("cdc"), merge("cdc", destination_scope="id = 2")]},
        {"t": (["id"], [(1,)]), "t__l": (["value"], [(1,)])}),
    "names_of_columns": (
        "columns may be called as a statement might call its tables",
        [[{"id": 1, "d": {"x": 1}, "s": "a", "p": 1, "n": 1, "place": 1, "number": 1, "l": [{"d": 1, "n": 2}]}],
         [{"id": 1, "d": {"x": 2}, "s": "b", "p": 2, "n": 2, "place": 2, "number": 2, "l": [{"d": 3, "n": 4}]}]],
        {**by_key(), "max_nesting": 1}, {"t": (["id", "s", "p", "number"], [(1, "b", 2, 2)]), "t__l": (["d", "n"], [(3, 4)])}),
    **{f"column_{name}_{number}": (
        "or as the database calls the place of a row, by which duplicates are told apart: none of the others goes (in a first load, and in a later one)",
        [[{"id": 1, name: 5, "l": [{name: 7}]}], [{"id": 2, name: 5, "v": "first", "l": [{name: 7}]}, {"id": 2, name: 5, "v": "second"}, {"id": 3, name: 5,
            "l": [{name: 7}, {name: 7}]}, {"id": 4, name: 6}]][number:], {**by_key(), "naming": "direct"},
        {"t": (["id", name, "v"], [(1, 5, N)][number:] + [(2, 5, "first"), (3, 5, N), (4, 6, N)]), "t\u25b6l": ([name], [(7,)] * (4 - number))})
       for name in ("rowid", "ROWID", "oid", "_rowid_") for number in (0, 1)},
    "scope_sees_what_the_filter_lets_through": (
        "{staging_table} in a scope has the rows that the filter lets through (in dlt all of them: days that are left out would be deleted)",
        [[{"id": 1, "day": 1}, {"id": 2, "day": 2}], [{"id": 3, "day": 1}, {"id": 4, "day": 2}]],
        {"write": [merge("delete-insert"), merge("delete-insert", source_filter="day = 2",
            destination_scope="{table}.day IN (SELECT day FROM {staging_table})")]},
        {"t": (["id"], [(1,), (4,)])}),
    **{f"root_ids_after_{first}_for_{strategy}": (
        f"{strategy} of rows that {first} has left: nested rows, which had no root ids, go with their root (in dlt the load fails)",
        ROOTS, {**by_key(), "write": [merge(first) if first == "scd2" else first, merge(strategy), merge(strategy)]},
        {"t": (["id"], [(1,)] if strategy == "cdc" else [(1,), (2,)]), "t__l": (["x"], [] if strategy == "cdc" else [(3,)]),
         "t__l__m": (["value"], [] if strategy == "cdc" else [(3,)])})
       for first in ("append", "replace", "scd2") for strategy in ("delete-insert", "upsert", "cdc")},
    "root_ids_by_insert_only": (
        "a strategy that deletes nothing adds the column: rows that are there get their ids all the same, for the next one",
        ROOTS, {**by_key(), "write": ["append", merge("insert-only"), merge("delete-insert")]},
        {"t": (["id"], [(1,), (2,)]), "t__l": (["x"], [(2,)]), "t__l__m": (["value"], [(2,), (2,)])}),
    "root_ids_of_a_row_key": (
        "root ids are values of the column that tells rows apart", [[{**row, "code": row["id"] * 7} for row in load] for load in ROOTS],
        {**by_key(columns={"code": {"row_key": True, "nullable": False, "data_type": "bigint"}}), "write": ["append", merge("delete-insert"),
            merge("delete-insert")]},
        {"t": (["id"], [(1,), (2,)]), "t__l": (["x", "_dlt_root_id"], [(3, 14)]), "t__l__m": (["value", "_dlt_root_id"], [(3, 14)])}),
    "root_ids_of_lists_in_objects": (
        "a table's rows hang below rows of a list or, where the list is in an object, of the root",
        [[{"id": 1, "o": [{"m": [1]}]}, {"id": 2, "o": {"m": [2]}}, {"id": 3, "o": {"m": [3]}}], [{"id": 1}, {"id": 2}]],
        {**by_key(), "write": ["append", merge("delete-insert")]},
        {"t": (["id"], [(1,), (2,), (3,)]), "t__o": (["_dlt_list_idx"], []), "t__o__m": (["value"], [(3,)])}),
}

# name: (rule, loads, options, word of the error)
REFUSED = {
    **{f"{strategy}_null_key": (
        f"{strategy}: a null in a key is refused (in dlt it is by the database, and with a key that may be null cdc then deletes nothing)",
        [[{"id": 1}, {"id": 2}], [{"id": N, "v": 1}, {"id": 1}]], keyed(strategy), '"id"') for strategy in ("upsert", "insert-only", "cdc")},
    **{f"{strategy}_duplicates_with_other_lists_{name}": (
        f"{strategy}: rows with one key, whose ids follow from it, must have equal lists: nested rows could not be told apart",
        [[{"id": 1, "v": 0, "l": [1]}], [{"id": 7}, *({"id": 1, "v": v, "l": found} for v, found in enumerate(lists))]],
        keyed(strategy, **({} if strategy == "insert-only" else {"source_filter": "v is null or v < 1"})), 't__l') for strategy in ("upsert", "insert-only",
            "cdc")
       for name, lists in {"longer": ([1], [1, 2]), "value": ([1], [2]), "none": ([], [1]), "null": ([1], [None]), "deeper": ([{"m": [1]}],
           [{"m": [2]}])}.items()},
    "delete_insert_null_key": ("delete-insert: the same", [[{"id": 1}, {"id": 2}], [{"id": N, "v": 1}, {"id": 1}]], by_key(), '"id"'),
}


def spile_options(options):
    return {name: value for name, value in options.items() if name != "own_ids"}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", DIFFERENT)
def test_difference(work, engine, name):
    _, loads, options, want = DIFFERENT[name]
    work.database = place = target(engine, work.folder)
    spile_all(work, loads, **spile_options(options))
    got = place.read()
    numbers = {load["load_id"]: f"load {i}" for i, load in enumerate(got.loads, 1)}
    found = {table: (columns, [tuple(numbers.get(row[column], row[column]) for column in columns) for row in got[table].dicts()])
             for table, (columns, _) in want.items()}
    assert {table: (columns, sorted(rows, key=repr)) for table, (columns, rows) in found.items()} == want
    assert check_links(got) + check_bookkeeping(got) == []


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", REFUSED)
def test_refused(work, engine, name):
    _, loads, options, word = REFUSED[name]
    work.database = place = target(engine, work.folder)
    spile_all(work, loads[:1], **spile_options(options))
    before = place.read()
    result = work.run(work.write("t.json", loads[1]), table="t", pipeline="g", dataset="d", write=write_word(options["write"]))
    assert result.code == 6 and word in result.err, str(result)
    assert place.read() == before
