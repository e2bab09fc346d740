# ctest: labels=cases;small timeout=300
"""Hints that dlt has as well: what it makes of the same documents with the same hints, load after load.

Expected values: dlt, run beside.
"""
import duckdb
import pytest

import beside
from cases import compare_with_dlt, hint_options
from dataset import compare, read_dataset, report

TABLE, DATASET, PIPELINE = "t", "d", "g"

TYPED = [{"id": 1, "Line Item": "5", "price": "12.50", "at": "2024-01-01T10:00:00+02:00", "day": "2024-01-01", "camelCase": 3}]
NESTED = [{"id": 1, "items": [{"sku": 1, "qty": "2", "tags": [{"w": 1}]}, {"sku": "x", "qty": 3}]}, {"id": 2, "items": []}]


def columns(**given):
    return {"columns": {name: {"name": name, **column} for name, column in given.items()}}


# name: loads, each with its own hints
BESIDE = {
    "types and names that are normalized": [(TYPED, {"columns": {
        "Line Item": {"data_type": "bigint"}, "price": {"data_type": "decimal", "precision": 8, "scale": 2}, "camelCase": {"data_type": "double"},
        "at": {"data_type": "timestamp", "precision": 3}, "day": {"data_type": "date"}, "never": {"data_type": "text"}}})],
    "hints of all kinds": [([{"a": 1, "b": "x", "c": True, "d": 2.5}], columns(
        a={"nullable": False, "primary_key": True, "sort": True}, b={"merge_key": True, "unique": True, "cluster": True, "nullable": True},
        c={"hard_delete": True, "x-own": "text"}, d={"dedup_sort": "desc", "partition": True}, e={"row_key": True, "nullable": True}))],
    "a column that is new in a table with rows": [([{"a": 1}], {}), ([{"a": 2, "b": "7"}], columns(b={"data_type": "bigint"}, c={"data_type": "date"}))],
    "a type for a column that never had a value": [
        ([{"a": 1, "b": None}], columns(b={"unique": True, "nullable": True})), ([{"a": 2, "b": 5}], columns(b={"data_type": "text"})), ([{"b": 6}], {})],
    "hints beside a type that is there": [([{"a": 1}], {}), ([{"a": 2}], columns(a={"data_type": "bigint", "unique": True, "sort": True}))],
    "a key takes the place of another": [
        ([{"a": 1, "b": 2}], {"primary_key": "a"}), ([{"a": 3, "b": 4}], {"primary_key": "b"}), ([{"a": 5, "b": 6}], {})],
    "keys of two columns, then of one": [([{"a": 1, "b": 2}], {"primary_key": ["a", "b"], "merge_key": "a"}), ([{"a": 3, "b": 4}], {"merge_key": ["b"]})],
    "nested columns": [(NESTED, {"nested_hints": {"items": {"columns": {
        "sku": {"name": "sku", "data_type": "text"}, "z": {"name": "z", "data_type": "bool"}}}}})],
    "columns below a list in a list": [(NESTED, {"nested_hints": {
        ("items", "tags"): {"columns": {"w": {"name": "w", "data_type": "double"}}},
        "items": {"columns": {"sku": {"name": "sku", "unique": True, "nullable": True}}}}})],
    "a nested table with a key is a root table": [
        (NESTED, {"nested_hints": {"items": {"primary_key": "sku", "columns": {"sku": {"name": "sku", "data_type": "text"}}}}}), (NESTED, {})],
    "variants of declared types": [([
        {"i": "x", "d": "no", "t": 5, "b": "maybe", "at": "never", "day": "x", "n": "x", "j": 5}, {"i": 1.5, "d": True, "t": True, "at": True, "n": True},
        {"i": 7, "d": 2, "b": 1, "at": 1700000000, "day": "2024-01-01T23:00:00-05:00", "n": 1, "j": {"k": [1]}}], columns(
            i={"data_type": "bigint"}, d={"data_type": "double"}, t={"data_type": "text"}, b={"data_type": "bool"}, at={"data_type": "timestamp"},
            day={"data_type": "date"}, n={"data_type": "decimal"}, j={"data_type": "json"}))],
    "keep whole, then unpack elsewhere": [([{"p": {"x": [1, {"y": None}]}, "l": [{"p": {"x": 1}}]}], columns(p={"data_type": "json"})),
                                          ([{"p": [1], "l": [{"p": [2]}]}, {"p": "text"}], {})],
}


def load_beside(connection, folder, steps):
    pipe = beside.pipeline(connection, folder / "dlt", PIPELINE, DATASET)
    try:
        for documents, hints in steps:
            beside.run(pipe, documents, TABLE, hints=hints)
    finally:
        pipe.deactivate()


@pytest.mark.parametrize("name", BESIDE)
def test_as_dlt(work, name):
    with duckdb.connect(":memory:") as connection:
        load_beside(connection, work.folder, BESIDE[name])
        want = read_dataset(connection)
    for documents, hints in BESIDE[name]:
        work.load(work.write("t.json", documents), table=TABLE, dataset=DATASET, pipeline=PIPELINE, **hint_options(work, hints, TABLE))
    differences = compare(read_dataset(work.database), want, digits=15)
    assert not differences, report(differences)


SETTINGS = [{"Id": 1, "user_id": 2, "created_at": 1700000000, "name": "2024-01-01", "amount": 0.5, "when": "2024-01-01T10:00:00Z",
             "l": [{"user_id": 3, "updated_at": "2024-01-01", "Amount": "7.25"}]}]
SETTING_SETS = {
    "preferred types": {"preferred_types": {"re:_at$": "timestamp", "amount": "decimal", "re:^name$": "text"}},
    "detections": {"detections": ["iso_date"]},
    "no detections": {"detections": []},
    "default hints": {"default_hints": {"not_null": ["re:_id$"], "unique": ["id", "re:^user"], "sort": ["re:_at$"]}},
    "propagation": {"propagation": {"root": {"id": "root_number"}, "tables": {"t__l": {"user_id": "user_above"}}}},
    "a limit of nesting": {"max_nesting": 0},
}


@pytest.mark.parametrize("name", SETTING_SETS)
def test_settings_as_dlt(work, name):
    assert not (differences := compare_with_dlt(work, [SETTINGS, SETTINGS], hints=SETTING_SETS[name])), report(differences)
