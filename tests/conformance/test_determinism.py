# ctest: labels=conformance timeout=900
"""Same input, same load id: the same schema, rows, ids and order of rows, whatever the number of workers and the size of chunks.

The input is `generate random`, whose schema changes all the time, so that many chunks want to change it at once.
"""
import duckdb
import pytest

from dataset import check_bookkeeping, check_links, compare_columns, compare_rows, digests, read_dataset, report
from engine import Workspace, generate, package_digest, start_chunked

DOCUMENTS = 10000
LOAD_ID = "1764000000.25"
SEED_LOAD_ID = "1764000000.125"
WORKERS = (1, 2, 7)
CHUNKS = (4096, 65536, 1 << 20)


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    return generate("random", DOCUMENTS, tmp_path_factory.mktemp("input") / "t.json")


@pytest.fixture(scope="module")
def whole(documents, tmp_path_factory):
    """One load by one worker."""
    work = Workspace(tmp_path_factory.mktemp("whole"))
    work.load(documents, dataset="d", load_id=LOAD_ID, workers=1)
    return work.database


@pytest.mark.parametrize("chunk_bytes", CHUNKS)
@pytest.mark.parametrize("workers", WORKERS)
def test_workers_and_chunks(work, documents, whole, workers, chunk_bytes):
    work.load_chunked(documents, chunk_bytes=chunk_bytes, workers=workers, dataset="d", load_id=LOAD_ID)
    got, want = digests(work.database), digests(whole)
    assert {name: rows for name, (rows, _) in got.items()} == {name: rows for name, (rows, _) in want.items()}
    assert [name for name in want if got[name] != want[name]] == []


@pytest.mark.parametrize("contract", ["discard_row", "discard_value"])
def test_contract(tmp_path, documents, contract):
    """What a contract leaves out, and how often, depends on the input alone."""
    first = tmp_path / "t.json"
    first.write_bytes(b"".join(documents.read_bytes().splitlines(keepends=True)[:300]))
    found = []
    for workers, chunk_bytes in ((1, 1 << 20), (2, 4096), (7, 4096), (3, 65536)):
        work = Workspace(tmp_path / f"{workers} {chunk_bytes}")
        work.load(first, dataset="d", load_id=SEED_LOAD_ID)
        info = work.load_chunked(documents, chunk_bytes=chunk_bytes, workers=workers, table="t", dataset="d", load_id=LOAD_ID, contract=contract)
        discarded = {table["name"]: (table["rows"], table["discarded_rows"], table["discarded_values"]) for table in info["tables"]}
        found.append((discarded, digests(work.database)))
    assert sum(rows + values for _, rows, values in found[0][0].values()) > 1000
    assert found[0] == found[1] == found[2] == found[3]


def kept_package(work, documents, workers, chunk_bytes):
    """The package of a load that the database refuses, since the table is another's: standard input can't be read again, so it is kept."""
    with duckdb.connect(str(work.database)) as connection:
        connection.execute("create schema d; create table d.t (_dlt_id integer[])")
    with open(documents, "rb") as file:
        result = start_chunked(work, "-", stdin=file, chunk_bytes=chunk_bytes, workers=workers, table="t", dataset="d", load_id=LOAD_ID).wait()
    assert result.code == 5 and "the rows are kept" in result.err, str(result)
    return package_digest(work.data / "pipelines" / "g" / "packages")


@pytest.mark.parametrize("chunk_bytes", CHUNKS)
def test_packages_are_the_same_bytes(tmp_path, documents, chunk_bytes):
    found = [kept_package(Workspace(tmp_path / f"{workers}"), documents, workers, chunk_bytes) for workers in WORKERS]
    assert sum(name.endswith(".arrows") for name in found[0]) >= 20 and any(name.endswith("manifest.json") for name in found[0])
    assert found[0] == found[1] == found[2]


def test_the_input_is_hard_enough(whole):
    """Many tables and columns, most of them found late, and variants among them."""
    got = read_dataset(whole)
    columns = [column for table in got.data_tables.values() for column in table.names]
    assert len(got.data_tables) >= 20 and len(columns) >= 150 and sum("__v_" in column for column in columns) >= 10
    assert len(got["t"].rows) == DOCUMENTS
    assert check_links(got) + check_bookkeeping(got) == []


def split(documents, folder, pieces):
    lines = documents.read_bytes().splitlines(keepends=True)
    size = -(-len(lines) // pieces)
    files = [folder / f"part{i}.json" for i in range(pieces)]
    for i, file in enumerate(files):
        file.write_bytes(b"".join(lines[i * size:(i + 1) * size]))
    return files


@pytest.mark.parametrize("runs", [1, 3], ids=["three files in one run", "three runs"])
def test_split(work, documents, whole, runs):
    """Three pieces make the same tables and rows as the whole (ids differ, since they come from the place in the input)."""
    files = split(documents, work.folder, 3)
    for number in range(runs):
        work.load(*(files if runs == 1 else files[number:number + 1]), table="t", dataset="d")
    got, want = read_dataset(work.database), read_dataset(whole)
    assert not (differences := compare_columns(got, want) + compare_rows(got, want, loads=False)), report(differences)
    assert check_links(got) + check_bookkeeping(got) == []
