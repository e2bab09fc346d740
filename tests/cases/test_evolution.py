# ctest: labels=cases;small timeout=900
"""The schema changes with the data: within a file, across the borders of chunks, across runs. Always as dlt changes it.

Expected values: dlt, run on the same documents beside it; where nothing but the documents matters dlt's normalizer alone, which
tests/conformance/test_live.py proves to say the same and which takes a hundredth of the time.
"""
import sys
from pathlib import Path

import pytest

import normalizer
from cases import compare_with_dlt, spile_all
from dataset import check_bookkeeping, read_dataset, report
from documents import random_loads
from engine import SANITIZED

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))
import live  # noqa: E402

PAD = "p" * 300  # a few such documents fill a chunk of the smallest size, 4096 bytes
RANDOM_SETS = 12 if SANITIZED else 40

# what changes: documents before, documents after
CHANGES = {
    "new column": ([{"a": 1}], [{"a": 2, "b": "x"}]),
    "new column in the middle": ([{"a": 1, "c": 2}], [{"a": 1, "b": 1.5, "c": 3}]),
    "new nested table": ([{"a": 1}], [{"a": 2, "l": [{"x": 1}, {"x": 2}]}]),
    "new column of a nested table": ([{"l": [{"x": 1}]}], [{"l": [{"x": 2, "y": "z"}]}]),
    "new list in a nested table": ([{"l": [{"x": 1}]}], [{"l": [{"x": 2, "m": [1, 2]}]}]),
    "new object": ([{"a": 1}], [{"a": 2, "o": {"x": 1, "p": {"y": True}}}]),
    "null first and typed later": ([{"a": None}, {"a": None}], [{"a": 1}, {"a": None}]),
    "null first in a nested table": ([{"l": [{"x": None}]}], [{"l": [{"x": 1.5}, None]}]),
    "integer, then double": ([{"a": 1}], [{"a": 1.5}, {"a": 2.0}, {"a": 3}]),
    "double, then integer": ([{"a": 1.5}], [{"a": 2}, {"a": -7}]),
    "number, then text": ([{"a": 1, "b": 1.5}], [{"a": "x", "b": "y"}, {"a": "2", "b": "2.5"}]),
    "text, then number": ([{"a": "x"}], [{"a": 1}, {"a": 1.5}, {"a": True}]),
    "bool, then number and text": ([{"a": True}], [{"a": 0}, {"a": "no"}, {"a": "x"}, {"a": 2.5}]),
    "number, then bool": ([{"a": 1, "b": 1.5}], [{"a": True, "b": False}]),
    "time, then text and number": ([{"a": "2024-01-01T10:00:00Z"}], [{"a": "x"}, {"a": 1700000000}, {"a": "2024-01-01"}, {"a": True}]),
    "text, then time": ([{"a": "x"}], [{"a": "2024-01-01T10:00:00+02:00"}]),
    "number, then time": ([{"a": 1}], [{"a": "2024-01-01T10:00:00Z"}, {"a": "2024-01-02"}]),
    "object, then scalar": ([{"a": {"x": 1}}], [{"a": 5}, {"a": {"x": 2}}]),
    "scalar, then object": ([{"a": 5}], [{"a": {"x": 1}}, {"a": "x"}]),
    "list, then scalar": ([{"a": [1, 2]}], [{"a": 5}, {"a": [3]}]),
    "scalar, then list": ([{"a": 5}], [{"a": [1, {"x": 2}]}, {"a": "x"}]),
    "object, then list": ([{"a": {"x": 1}}], [{"a": [{"x": 2}]}]),
    "list of scalars, then of objects": ([{"a": [1]}], [{"a": [{"x": 1}, 2, "s", [3]]}]),
    "list of lists, then of scalars": ([{"a": [[1], [2, 3]]}], [{"a": [4, [5]]}]),
    "variant again and again": ([{"a": 1}, {"a": "x"}], [{"a": True}, {"a": 2.5}, {"a": "y"}, {"a": 3}]),
    "everything at once": ([{"a": 1, "b": {"c": [1]}, "d": None}], [{"a": "x", "b": [{"c": 1}], "d": {"e": [[{"f": 1}]]}, "g": [{"h": {"i": [2]}}]}]),
}


def padded(documents):
    return [dict(document, pad=PAD) for document in documents]


def across_chunks(count):
    """`count` documents before the change and as many after it; spile reads them in chunks of some ten documents by several workers."""
    def run(work, loads, **options):
        spile_chunks(work, loads, 4096, 4)

    def loads(before, after):
        return [padded((before * count)[:count] + (after * count)[:count] + before + after)]
    return loads, run


def spile_chunks(work, loads, chunk_bytes, workers):
    for number, data in enumerate(loads):
        work.load_chunked(work.write_lines(f"load{number}/t.json", data), chunk_bytes=chunk_bytes, workers=workers, table="t", pipeline="g",
                          dataset="d")


def check(work, loads, run=None):
    want = normalizer.normalize(loads, "t")
    (run or spile_all)(work, loads)
    whole = read_dataset(work.database)
    differences = check_bookkeeping(whole) + live.differences(live.part(whole, whole.schema, "t", "__"), want)
    assert not differences, report(differences)


def check_beside_dlt(work, loads, **options):
    assert not (differences := compare_with_dlt(work, loads, **options)), report(differences)


@pytest.mark.parametrize("change", CHANGES)
def test_in_one_file(work, change):
    before, after = CHANGES[change]
    check(work, [before + after])


@pytest.mark.parametrize("change", CHANGES)
def test_across_runs(work, change):
    before, after = CHANGES[change]
    check_beside_dlt(work, [before, after, before + after])


@pytest.mark.parametrize("change", CHANGES)
def test_across_chunks(work, change):
    loads, run = across_chunks(40)
    check(work, loads(*CHANGES[change]), run)


def test_each_document_changes_the_schema(work):
    """Every chunk wants a new column, a new table and a variant; their order is that of the input."""
    documents = [{"id": i, f"column{i}": i, "v": [1, "x", True, 1.5][i % 4], f"list{i % 37}": [{f"k{i % 11}": i}]} for i in range(300)]
    check(work, [padded(documents)], lambda work, loads, **_: spile_chunks(work, loads, 4096, 4))


def test_replace_while_the_schema_changes(work):
    before, after = CHANGES["everything at once"]
    check_beside_dlt(work, [before, after, before], write="replace")


@pytest.mark.parametrize("form", ["array", "lines"])
def test_wide(work, form):
    """A thousand columns, and a hundred nested tables."""
    documents = [{f"c{i}": j for i in range(1000) if (i + j) % 3} | {f"l{i}": [j] for i in range(100) if (i + j) % 5 == 0} for j in range(10)]
    check(work, [documents], lambda work, loads, **options: spile_all(work, loads, form=form))


@pytest.mark.parametrize("seed", range(RANDOM_SETS))
def test_random_documents(work, seed):
    check(work, random_loads(seed))


@pytest.mark.parametrize("seed", range(RANDOM_SETS, RANDOM_SETS * 3 // 2))
def test_random_documents_in_chunks(work, seed):
    """The same in chunks of the smallest size, so that the schema changes while later chunks are being read."""
    loads = [load * 20 for load in random_loads(seed)]
    check(work, loads, lambda work, loads, **_: spile_chunks(work, loads, 4096, 3))
