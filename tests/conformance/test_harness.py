# ctest: labels=conformance timeout=60
"""The comparison of datasets sees what it is there to see: each way to spoil a recorded dataset is reported."""
import copy
import json

import pytest

import record
from cases import case
from dataset import compare

# A load with nested rows of nested rows, and variants; the ids in it are symbols, so check_links() is tried with real ones below.
NESTED, VARIANTS = "mixed_list", "own_variants_over_loads"


def spoil_value(dataset):
    table = dataset["t__a"]
    row = list(table.rows[0])
    row[table.names.index("x")] = 99
    table.rows[0] = row


def spoil_link(dataset):
    table = dataset["t__a__list"]
    index = table.names.index("_dlt_parent_id")
    table.rows = [[("$id999" if i == index else value) for i, value in enumerate(row)] for row in table.rows]


def swap_parents(dataset):
    """Rows of a nested table hang below the wrong rows, every parent still has its number of rows."""
    table = dataset["t__a"]
    index = table.names.index("_dlt_parent_id")
    parents = sorted({row[index] for row in table.rows})
    swapped = dict(zip(parents, reversed(parents)))
    table.rows = [[(swapped[value] if i == index else value) for i, value in enumerate(row)] for row in table.rows]


def drop_row(dataset):
    dataset["t__a"].rows.pop()


def double_row(dataset):
    dataset["t"].rows.append(dataset["t"].rows[0])


def drop_table(dataset):
    del dataset.tables["t__a__list"]


def swap_columns(dataset):
    dataset["t"].columns.reverse()


def change_type(dataset):
    name, _, nullable = dataset["t__a"].columns[0]
    dataset["t__a"].columns[0] = (name, "HUGEINT", nullable)


def change_null(dataset):
    name, sql_type, _ = dataset["t"].columns[-1]
    dataset["t"].columns[-1] = (name, sql_type, True)


def change_schema(edit):
    def spoil(dataset):
        table = dataset["_dlt_version"]
        index = table.names.index("schema")
        for row in table.rows:
            schema = json.loads(row[index])
            edit(schema)
            row[index] = json.dumps(schema)
    return spoil


def drop_version(dataset):
    dataset["_dlt_version"].rows.pop()


def drop_load(dataset):
    dataset["_dlt_loads"].rows.pop()


def change_state(dataset):
    table = dataset["_dlt_pipeline_state"]
    index = table.names.index("state")
    state = json.loads(table.rows[0][index])
    state["dataset_name"] = "other"
    table.rows[0][index] = json.dumps(state)


SPOILERS = {
    "value": spoil_value, "link": spoil_link, "parents": swap_parents, "row missing": drop_row, "row twice": double_row,
    "table missing": drop_table, "order of columns": swap_columns, "type": change_type, "nullable": change_null,
    "hint in the schema": change_schema(lambda schema: schema["tables"]["t"].pop("x-normalizer")),
    "order in the schema": change_schema(lambda schema: schema["tables"]["t"].update(
        columns=dict(reversed(schema["tables"]["t"]["columns"].items())))),
    "hash in the schema": change_schema(lambda schema: schema.update(version_hash="x")),
    "version in the schema": change_schema(lambda schema: schema.update(version=9)),
    "version": drop_version, "load": drop_load, "state": change_state}


@pytest.mark.parametrize("name", record.CASES)
def test_a_recorded_case_equals_itself(name):
    """But for the ids, which are symbols in the files."""
    differences = compare(case(name)[2], case(name)[2], own_ids=True)
    assert [text for text in differences if "the id does not follow from" not in text] == []


@pytest.mark.parametrize("what", SPOILERS)
def test_difference_is_seen(what):
    want = case(NESTED)[2]
    got = copy.deepcopy(want)
    SPOILERS[what](got)
    before = [text for text in compare(want, want, own_ids=True)]
    assert [text for text in compare(got, want, own_ids=True) if text not in before]


def test_ids_are_recomputed():
    """With ids given by the data the recorded ids are real: right as they are, wrong after a change."""
    want = case("user_dlt_id")[2]
    assert compare(want, want, own_ids=True) == []
    got = copy.deepcopy(want)
    table = got["t__l"]
    index = table.names.index("_dlt_id")
    table.rows[0][index] = "AAAAAAAAAAAAAA"
    assert any("does not follow" in text for text in compare(got, want))
