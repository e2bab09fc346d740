# ctest: labels=conformance timeout=900
"""Real files from public projects: spile loads them into the same tables, columns and rows as dlt.

The files are not part of the project: SPILE_REAL_DATA names their folder. Expected values: dlt, run on the same file beside it, given
what `json.load` makes of it (an array: its elements; an object: that one), or a page of the parsed lines of an NDJSON file.
"""
import gzip
import json
import os
from pathlib import Path

import pytest

import beside
from dataset import compare_columns, compare_rows, check_bookkeeping, check_links, read_dataset, report

ROOT = Path(os.environ.get("SPILE_REAL_DATA", "/nonexistent")).resolve()
pytestmark = pytest.mark.skipif("SPILE_REAL_DATA" not in os.environ, reason="SPILE_REAL_DATA is not set: no folder of real files")
FILES = sorted(path for path in ROOT.glob("json/*") if path.name.split(".")[-1] in ("json", "ndjson", "jsonl")) if ROOT.exists() else []
FOLDERS = sorted(path for path in ROOT.glob("pokeapi/data/api/v2/*") if path.is_dir()) if ROOT.exists() else []


def items(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        document = json.loads(text)
        return document if isinstance(document, list) else [document]
    return [[json.loads(line) for line in text.splitlines() if line.strip()]]


def dlt_dataset(folder, data):
    beside.load_all(folder / "dlt.duckdb", folder / "dlt", [data])
    return read_dataset(folder / "dlt.duckdb")


def check(work, want):
    got = read_dataset(work.database)
    assert got.counts == want.counts
    differences = compare_columns(got, want) + compare_rows(got, want, digits=15) + check_links(got) + check_bookkeeping(got)
    assert not differences, report(differences)
    assert got.versions[-1]["version_hash"] == want.versions[-1]["version_hash"]


def test_there_are_files():
    assert FILES and FOLDERS, f"no files in {ROOT}/json or no folders in {ROOT}/pokeapi"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file(work, path):
    work.load(path, table="t", dataset="d")
    check(work, dlt_dataset(work.folder, items(path)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file_by_standard_input(work, path):
    """Compressed, and through a pipe: the same rows."""
    work.load(path, table="t", dataset="d", load_id="1764000000.5")
    want = read_dataset(work.database)
    work.database, work.data = work.folder / "other" / "g.duckdb", work.folder / "other"
    work.data.mkdir()
    with open(work.write("t.gz", gzip.compress(path.read_bytes())), "rb") as file:
        work.load("-", stdin=file, table="t", dataset="d", load_id="1764000000.5")
    assert read_dataset(work.database).counts == want.counts


@pytest.mark.parametrize("path", FOLDERS, ids=lambda path: path.name)
def test_folder(work, path):
    """All files of a resource as one load, in the order of their paths."""
    files = sorted(map(str, path.glob("*/index.json")))
    assert files
    work.load(path / "*" / "index.json", table="t", dataset="d")
    check(work, dlt_dataset(work.folder, [item for file in files for item in items(Path(file))]))
