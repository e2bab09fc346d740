# ctest: labels=conformance timeout=1800
"""Random documents, thousands of sets of them: spile makes of each what dlt makes of it. See live.py; `make conformance N=... SEED=...`.

LIVE_SETS sets the number (200), LIVE_SEED repeats a run that failed. Expected values: dlt's own normalizer on the same documents, and for
some of the sets whole runs of dlt, which prove that the normalizer alone says the same.
"""
import itertools
import os

import duckdb
import pytest

import beside
import live
import normalizer
from chance import seed_from
from dataset import Dataset, compare_columns, compare_rows, read_dataset, report
from documents import live_loads
from engine import SANITIZED

SETS = int(os.environ.get("LIVE_SETS", 20 if SANITIZED else 200))
SEED = seed_from("LIVE_SEED")


def test_sets(tmp_path, capsys):
    found, failed = live.compare_many(tmp_path, SEED, SETS)
    told = live.tell(tmp_path, SEED, SETS, found, failed)
    with capsys.disabled():
        print(told)
    assert not found, told
    assert sum(failed.values()) < SETS * 0.05, f"dlt fails too often: the documents are not what it is made for\n{told}"


def whole_run(folder, seed):
    """Of the first of some sets that dlt can load: its packages have a file named after each table, and some names are too long for that."""
    for candidate in itertools.count(seed, 1000):
        loads = live_loads(candidate)
        try:
            with duckdb.connect(":memory:") as connection:
                beside.load_all(connection, folder / f"dlt{candidate}", loads, table="t")
                return loads, read_dataset(connection)
        except beside.PipelineStepFailed as error:
            if "File name too long" not in str(error):
                raise


@pytest.mark.parametrize("seed", range(SEED, SEED + 5))
def test_the_normalizer_says_what_a_run_says(tmp_path, seed):
    loads, run = whole_run(tmp_path, seed)
    alone = normalizer.normalize(loads, "t")
    got, want = ({"tables": {name: found.schema["tables"][name] for name in alone.data_tables}} for found in (alone, run))
    assert got == want and live.compare_order(got, want) == {}
    tables = [Dataset(found.data_tables) for found in (alone, run)]
    # dlt's SQL text costs the last digits of doubles; JSON text may differ in blanks
    differences = compare_columns(*tables) or compare_rows(alone, run, digits=15)
    assert not differences, f"seed {seed}\n{report(differences)}"


DEFECTS = {
    "value": lambda loads: [[dict(loads[0][0], a=2)]],
    "type": lambda loads: [[dict(loads[0][0], a="x")]],
    "column": lambda loads: [[dict(loads[0][0], more=1)]],
    "nested row": lambda loads: [[dict(loads[0][0], l=[1, 2, 3])]],
    "order of columns": lambda loads: [[dict(reversed(loads[0][0].items()))]],
    "later load": lambda loads: loads + [[{"a": 5}]],
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_difference_is_seen(work, defect):
    """The comparison is able to fail: spile is given documents with a change that dlt does not get."""
    loads = [[{"a": 1, "z": "y", "b": {"c": 1.5}, "l": [1, 2]}]]
    want, _ = live.dlt_dataset(1, loads, "snake_case", None)
    got = live.spile_datasets(work, {1: DEFECTS[defect](loads)}, "snake_case", None)[1]
    assert live.differences(got, want)


def test_shrinking():
    loads = [[{"a": 1, "b": {"c": [1, {"x": "bad"}]}}, {"d": 2}], [{"e": 3}]]
    assert live.shrink(loads, lambda candidate: "bad" in repr(candidate)) == [[{"b": {"c": [{"x": "bad"}]}}]]
