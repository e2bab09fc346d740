# ctest: labels=conformance timeout=900
"""Replaces and merges on every engine: spile makes of each recorded case (merge_cases.py) what dlt made of it on DuckDB, where test_golden.py compares all.

Datasets of different engines are compared by what they hold: columns with dlt's types, rows with their nested rows, stored schemas, loads, states.
"""
import pytest

import merge_cases
import record
from cases import case, spile_all
from dataset import check_bookkeeping, compare_neutral, report
from targets import ENGINES, target

OTHERS = [engine for engine in ENGINES if engine != "duckdb"]
CASES = [*merge_cases.CASES, *(name for name in record.REFERENCE if name.startswith("replace"))]


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("name", CASES)
def test_recorded(work, engine, name):
    options, loads, want = case(name)
    own_ids = options.pop("own_ids")
    work.database = place = target(engine, work.folder)
    spile_all(work, loads, **options)
    got = place.read()
    assert not (differences := compare_neutral(got, want, own_ids) + check_bookkeeping(got)), report(differences)


DEFECTS = {
    "value": ([{"id": 1, "v": "b"}], "t"), "row": ([{"id": 1, "v": "a"}, {"id": 2}], "t"), "type": ([{"id": 1, "v": 1}], "t"),
    "nested": ([{"id": 1, "v": "a", "l": [1]}], "t"), "table": ([{"id": 1, "v": "a"}], "u"),
}


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_difference_is_seen(work, engine, defect):
    """The comparison is able to fail."""
    items, table = DEFECTS[defect]
    places = []
    for number, (name, rows) in enumerate((("t", [{"id": 1, "v": "a"}]), (table, items))):
        place = target(engine if number else "duckdb", work.folder)
        work.load(work.write(f"{number}/{name}.json", rows), to=place, table=name, dataset="d", pipeline="g")
        places.append(place.read())
    assert compare_neutral(*places)
    assert not compare_neutral(places[0], places[0])
