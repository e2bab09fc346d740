# ctest: labels=cases;engines timeout=900
"""SQLite as destination: the command loads, dlt goes on, and the other way round.

Expected values: dlt, run beside it on the same documents; for merge strategies that dlt lacks on SQLite, dlt on DuckDB.
"""
import json
import signal
import sqlite3
import time
from pathlib import Path

import pytest

import beside
import dlt
from cases import names_of
from disk import Disk

OWN = ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state")
IDS = ("_dlt_id", "_dlt_parent_id", "_dlt_root_id", "_dlt_load_id")


def file_of(database, dataset):
    """dlt's name of a dataset's file."""
    path = Path(database)
    return path if dataset == "main" else path.with_name(f"{path.stem}__{dataset}{path.suffix}")


def ask(database, query, *values):
    with sqlite3.connect(database) as connection:
        rows = connection.execute(query, values).fetchall()
    connection.close()
    return rows


def data_tables(database):
    names = [name for name, in ask(database, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return sorted(name for name in names if name not in OWN)


def columns(database, table):
    return {name: kind for name, kind in ask(database, "SELECT name, type FROM pragma_table_info(?)", table)}


def cells(database, table, without=IDS):
    """Rows as SQLite has stored them, type and value, in the order of the columns' names."""
    names = sorted(name for name in columns(database, table) if name not in without)
    shown = ", ".join(f'typeof("{name}") || \' \' || quote("{name}")' for name in names)
    return names, ask(database, f'SELECT {shown} FROM "{table}" ORDER BY rowid')


def counts(database):
    return {table: ask(database, f'SELECT count(*) FROM "{table}"')[0][0] for table in data_tables(database)}


def dlt_pipeline(database, folder, dataset="main", name="g"):
    return dlt.pipeline(name, destination=dlt.destinations.sqlalchemy(f"sqlite:///{database}"), dataset_name=dataset, pipelines_dir=str(folder))


def dlt_load(database, folder, loads, dataset="main", table="t", write="append", **hints):
    pipe = dlt_pipeline(database, folder, dataset)
    try:
        for data in loads:
            pipe.run(dlt.resource(data, name=table, write_disposition=write, **hints))
    finally:
        pipe.deactivate()


def load(work, data, to="x.db", dataset="main", table="t", **options):
    result = work.run(work.write_lines(f"{table}.jsonl", data), to=work.folder / to if "/" not in to else to, dataset=dataset, table=table, pipeline="g",
                      **options)
    return result


def check_links(database):
    """Every row belongs to a load that is booked, or to a row above it."""
    loads = {load for load, in ask(database, "SELECT load_id FROM _dlt_loads")}
    for table in data_tables(database):
        names = columns(database, table)
        if "_dlt_load_id" in names:
            assert {load for load, in ask(database, f'SELECT DISTINCT _dlt_load_id FROM "{table}"')} <= loads
        else:
            parent = max((name for name in data_tables(database) if table.startswith(f"{name}__")), key=len)
            assert not ask(database, f'SELECT 1 FROM "{table}" WHERE _dlt_parent_id NOT IN (SELECT _dlt_id FROM "{parent}")')


DOCUMENTS = [
    {"id": 1, "name": "a", "price": 1.5, "at": "2024-01-02T03:04:05.000678Z", "ok": True, "tags": ["x", "y"], "o": {"k": 1, "l": [{"v": 1}, {"v": 2}]}},
    {"id": 2, "name": "it's \u00e9 \U0001f986", "price": 2, "at": "2024-01-02T03:04:05+02:00", "ok": False, "tags": [], "o": {"k": None}},
    {"id": -2**63, "name": "", "price": 1e300, "at": None, "big": 2**63 - 1, "007": "007", "number": "1e5"},
    {"id": "text", "name": 5, "price": "x", "ok": "maybe", "at": "never", "tags": [1, {"deep": [[1, 2], [3]]}]},
]
LATER = [{"id": 3, "new": "column", "o": {"k": 2, "m": True}, "tags": ["z"], "children": [{"a": 1}, {"a": 2.5}]}]


@pytest.mark.parametrize("dataset", ["main", "shop"])
def test_loads_as_dlt(work, tmp_path, dataset):
    dlt_load(tmp_path / "dlt.db", tmp_path / "pipelines", [DOCUMENTS, LATER], dataset)
    for data in (DOCUMENTS, LATER):
        result = load(work, data, dataset=dataset)
        assert result.code == 0, str(result)
    want, have = file_of(tmp_path / "dlt.db", dataset), file_of(work.folder / "x.db", dataset)
    assert data_tables(have) == data_tables(want)
    for table in data_tables(want):
        assert cells(have, table) == cells(want, table), table
        ours, theirs = columns(have, table), columns(want, table)
        assert {k: v for k, v in ours.items() if k not in IDS} == {k: v for k, v in theirs.items() if k not in IDS}
    for table in OWN:
        assert list(columns(have, table)) == list(columns(want, table))
    check_links(have)
    files = sorted(path.name for path in work.folder.glob("*.db*"))
    assert files == [have.name]


def test_replace(work, tmp_path):
    dlt_load(tmp_path / "dlt.db", tmp_path / "pipelines", [DOCUMENTS, LATER], write="replace")
    for strategy, to in ((None, "a.db"), ("truncate-and-insert", "b.db"), ("insert-from-staging", "c.db")):
        for data in (DOCUMENTS, LATER):
            result = load(work, data, to, write="replace", replace_strategy=strategy)
            assert result.code == 0, str(result)
        for table in data_tables(tmp_path / "dlt.db"):
            assert cells(work.folder / to, table) == cells(tmp_path / "dlt.db", table), table
        check_links(work.folder / to)


@pytest.mark.parametrize("dataset", ["main", "shop"])
@pytest.mark.parametrize("first", ["spile", "dlt"])
def test_turn_by_turn(work, tmp_path, first, dataset):
    """Two engines, one dataset: dlt finds its state and schema in what spile has booked, and spile in dlt's."""
    database = work.folder / "x.db"
    by_dlt = [first == "dlt", first != "dlt", first == "dlt", first != "dlt"]
    for number, dlts in enumerate(by_dlt):
        data = [{"id": number, "tags": ["x"], f"c{number}": 1.5}]
        if dlts:
            dlt_load(database, tmp_path / f"pipelines{number}", [data], dataset)
        else:
            result = load(work, data, dataset=dataset)
            assert result.code == 0, str(result)
    file = file_of(database, dataset)
    assert counts(file) == {"t": 4, "t__tags": 4}
    assert ask(file, "SELECT id, c0, c1, c2, c3 FROM t ORDER BY id") == [
        tuple([number] + [1.5 if number == column else None for column in range(4)]) for number in range(4)]
    assert ask(file, "SELECT count(DISTINCT load_id), count(*) FROM _dlt_loads") == [(4, 4)]
    versions = ask(file, "SELECT version FROM _dlt_version ORDER BY inserted_at")
    assert versions == sorted(set(versions)) and len(versions) == 4
    check_links(file)


# ---- merge -------------------------------------------------------------------------------------------------------------------------

FIRST = [{"id": 1, "v": "a", "price": "1.50", "l": [1, 2]}, {"id": 2, "v": "b", "price": "2", "l": [3]}, {"id": 3, "v": "c", "price": "3", "l": []}]
SECOND = [{"id": 2, "v": "b2", "price": "9", "l": [4]}, {"id": 2, "v": "b3", "price": "10", "l": [5, 6]}, {"id": 4, "v": "d", "price": "0.5", "l": [7]}]
TWICE = [{"id": 3, "v": "c9", "price": "9", "l": [8]}, {"id": 3, "v": "c10", "price": "10.25", "l": [9]}]
UNIQUE = [row for row in SECOND if row["v"] != "b2"]  # upsert and its kin have no rule for rows with the same key in dlt


def rows_of(query, connection):
    return sorted(connection.execute(query).fetchall(), key=str)


@pytest.mark.parametrize("strategy", ["delete-insert", "upsert", "insert-only", "scd2", "cdc"])
def test_merge(work, tmp_path, strategy):
    import duckdb

    first, second = (FIRST + TWICE, SECOND) if strategy == "delete-insert" else (FIRST, UNIQUE)
    hints = {} if strategy == "scd2" else {"primary_key": "id"}
    pipe = beside.pipeline(tmp_path / "dlt.duckdb", tmp_path / "pipelines")
    try:
        for data in (first, second):
            price = {"price": {"data_type": "decimal", **({"dedup_sort": "desc"} if strategy == "delete-insert" else {})}}
            pipe.run(dlt.resource(data, name="t", write_disposition={"disposition": "merge", "strategy": strategy}, columns=price, **hints))
    finally:
        pipe.deactivate()
    for data in (first, second):
        sort = ":dedup_sort=desc" if strategy == "delete-insert" else ""
        result = load(work, data, write="merge", strategy=strategy, columns=f"price:decimal{sort}", **{k: names_of(v) for k, v in hints.items()})
        assert result.code == 0, str(result)
    root = "SELECT id, v, {} AS price{} FROM {}t"
    nested = "SELECT t.id, l.value FROM {0}t t JOIN {0}t__l l ON l._dlt_parent_id = t._dlt_id"
    retired = ", _dlt_valid_to IS NULL" if strategy == "scd2" else ""
    with duckdb.connect(str(tmp_path / "dlt.duckdb"), read_only=True) as theirs, sqlite3.connect(work.folder / "x.db") as ours:
        want = [tuple(map(str, row)) for row in rows_of(root.format("price", retired, "d."), theirs)]
        have = [tuple("True" if cell == 1 and i == 3 else "False" if i == 3 else str(cell) for i, cell in enumerate(row))
                for row in rows_of(root.format("price", retired, ""), ours)]
        assert have == want
        assert rows_of(nested.format(""), ours) == rows_of(nested.format("d."), theirs)
    assert ask(work.folder / "x.db", "SELECT name FROM sqlite_master WHERE name LIKE '%gone%'") == []


@pytest.mark.parametrize("strategy", ["delete-insert", "upsert", "insert-only", "scd2", "cdc"])
def test_merge_of_many_rows(work, strategy):
    """SQLite has no hash joins: without the right indexes each row would be looked for among all others, for longer than a test waits."""
    count = 60000
    rows = [{"id": i, "v": f"v{i}", "l": [{"x": i}, {"x": i + 1}]} for i in range(count)]
    twice = rows + (rows if strategy != "scd2" else [])
    without = [{"id": row["id"], "l": row["l"]} for row in rows if strategy in ("upsert", "cdc")]
    for data in filter(None, (twice, without, [dict(row, v="new") for row in rows])):
        result = load(work, data, write="merge", strategy=strategy, primary_key=None if strategy == "scd2" else "id")
        assert result.code == 0, str(result)
    versions = 2 if strategy == "scd2" else 1
    assert counts(work.folder / "x.db") == {"t": count * versions, "t__l": 2 * count * versions}
    assert ask(work.folder / "x.db", "SELECT count(*) FROM t WHERE v = 'new'") == [(0 if strategy == "insert-only" else count,)]
    assert ask(work.folder / "x.db", "SELECT name FROM sqlite_master WHERE type = 'index'") == []
    check_links(work.folder / "x.db")


# ---- values ------------------------------------------------------------------------------------------------------------------------

def test_decimals_are_exact(work):
    digits = "12345678901234567890123456789.123456789"
    result = load(work, [{"id": 1, "price": digits, "owed": str(10**37 + 1)}], columns="price:decimal, owed:wei")
    assert result.code == 0, str(result)
    assert ask(work.folder / "x.db", "SELECT typeof(price), price, typeof(owed), owed FROM t") == [("text", digits, "text", str(10**37 + 1))]
    assert columns(work.folder / "x.db", "t")["price"] == "DECIMAL_TEXT(38,9)"


def test_decimals_in_dlts_column(work, tmp_path):
    database = work.folder / "x.db"
    price = {"price": {"data_type": "decimal"}}
    dlt_load(database, tmp_path / "pipelines", [[{"id": 1, "price": "1.10"}]], columns=price)
    assert columns(database, "t")["price"] == "NUMERIC(38, 9)"
    result = load(work, [{"id": 2, "price": "12345.678901234"}])
    assert result.code == 0, str(result)
    before = database.read_bytes()
    result = load(work, [{"id": 3, "price": "1"}, {"id": 4, "price": "1234567.890123456"}])
    assert result.code == 5, str(result)
    for piece in ("NUMERIC(38, 9) does not keep 1234567.890123456", 'column "price"', "row 2", 'table "t"', "type TEXT"):
        assert piece in result.err, str(result)
    assert ask(database, "SELECT id, price FROM t ORDER BY id") == [(1, 1.1), (2, 12345.678901234)]
    assert database.read_bytes() == before


def test_a_users_columns(work):
    """Tables that were there before, with types of the user's: what fits goes in, the rest is refused before anything is changed."""
    database = work.folder / "x.db"
    ask(database, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, price TEXT, \"at\" TEXT)")
    result = load(work, [{"id": 1, "name": "a", "price": 0.1, "at": "2024-01-02T03:04:05Z"}])
    assert result.code == 0, str(result)
    assert ask(database, "SELECT id, name, price, \"at\" FROM t") == [(1, "a", "0.1", "2024-01-02 03:04:05.000000")]
    result = load(work, [{"id": "x"}], table="u")
    assert result.code == 0, str(result)
    ask(database, "CREATE TABLE w (id INTEGER, name INTEGER)")
    result = load(work, [{"id": 1, "name": "007"}], table="w")
    assert result.code == 5 and "name" in result.err, str(result)
    assert ask(database, "SELECT * FROM w") == []


# ---- what may go wrong -------------------------------------------------------------------------------------------------------------

def test_an_index_in_the_way(work):
    database = work.folder / "x.db"
    assert load(work, [{"id": 1}]).code == 0
    ask(database, "CREATE UNIQUE INDEX mine ON t (id)")
    before = database.read_bytes()
    result = load(work, [{"id": 2, "new": 1}, {"id": 1}])
    assert result.code == 5 and "UNIQUE constraint failed: t.id" in result.err and "index" in result.err, str(result)
    assert database.read_bytes() == before
    assert load(work, [{"id": 2, "new": 1}]).code == 0


@pytest.mark.parametrize("dataset", ["main", "shop"])
def test_a_first_load_that_fails_leaves_no_file(work, dataset):
    price = "price:double:not_null"
    result = load(work, [{"id": 1, "price": 1.0}, {"id": 2}], dataset=dataset, columns=price)
    assert result.code != 0, str(result)
    assert list(work.folder.glob("*.db*")) == []


@pytest.mark.parametrize("words", [["schema", "show", "x.db"], ["plan", "t.jsonl", "--to", "x.db"]])
def test_looking_makes_no_file(work, words):
    work.write_lines("t.jsonl", [{"id": 1}])
    work.spile(*words)
    assert list(work.folder.glob("*.db*")) == []


def test_plan(work):
    work.write_lines("t.jsonl", [{"id": 1, "price": "1.5"}])
    result = work.spile("plan", "t.jsonl", to="x.db", columns="price:decimal(10,2)")
    assert result.code == 0 and "DECIMAL_TEXT(10,2)" in result.out and "CREATE SCHEMA" not in result.out, str(result)


def test_busy(work):
    assert load(work, [{"id": 1}]).code == 0
    other = sqlite3.connect(work.folder / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    result = load(work, [{"id": 2}])
    assert result.code == 5 and "another program is writing to the database" in result.err, str(result)
    other.execute("COMMIT")
    other.close()
    assert load(work, [{"id": 2}]).code == 0
    assert counts(work.folder / "x.db") == {"t": 2}


def test_two_at_once(work):
    """The second waits for the first."""
    for name in "ab":
        work.write_lines(f"{name}.jsonl", [{"id": i, "text": "x" * 50} for i in range(20000)])
    running = [work.start(work.folder / f"{name}.jsonl", to=work.folder / "x.db", pipeline=name, dataset="main") for name in "ab"]
    for one in running:
        result = one.wait()
        assert result.code == 0, str(result)
    assert counts(work.folder / "x.db") == {"a": 20000, "b": 20000}


def dump(database):
    with sqlite3.connect(database) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


MANY = [{"id": i, "text": f"{i:0200d}", "l": [{"x": i}]} for i in range(5000)]
FULL = ("database or disk is full", "make room on the disk", "nothing was changed", "x.db")


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("write", ["append", "merge"])
def test_a_disk_that_gets_full(work, journal, write):
    """A little later each time, until there is room for everything: for the rows, and for what tells SQLite how to take them back."""
    folder = work.folder / "disk"
    folder.mkdir()
    database, disk, options = folder / "x.db", Disk(folder, work.folder), {"write": write, "primary_key": "id"}
    assert load(work, [{"id": i, "text": "before", "l": [{"x": i}]} for i in (1, 2, -1)], str(database), **options).code == 0
    ask(database, f"PRAGMA journal_mode = {journal}")
    refused = 0
    while True:
        before = dump(database)
        disk.leave(refused * 250_000)
        result = load(work, MANY, str(database), env=disk.environment_of_command(), memory="64M", **options)
        disk.leave(None)
        if result.code == 0:
            break
        words = ("is there room on the disk", "Nothing was changed", "x.db") if "disk I/O error" in result.err and journal == "wal" else FULL
        assert result.code == 5 and all(piece in result.err for piece in words), str(result)
        assert dump(database) == before and ask(database, "PRAGMA integrity_check") == [("ok",)]
        assert [path.name for path in folder.iterdir()] == ["x.db"]
        refused += 1
    assert refused >= 4
    assert ask(database, "SELECT count(*), count(DISTINCT id) FROM t WHERE text <> 'before'") == [(5000, 5000)]
    assert ask(database, "SELECT count(*) FROM _dlt_loads") == [(2,)]
    check_links(database)


def test_a_full_disk_for_the_first_load(work):
    folder = work.folder / "disk"
    folder.mkdir()
    disk = Disk(folder, work.folder)
    for room in (0, 4096, 500_000):
        disk.leave(room)
        result = load(work, MANY, str(folder / "x.db"), env=disk.environment_of_command())
        assert result.code == 5 and all(piece in result.err for piece in FULL), str(result)
        assert list(folder.iterdir()) == []
    disk.leave(None)
    assert load(work, MANY, str(folder / "x.db"), env=disk.environment_of_command()).code == 0
    assert counts(folder / "x.db") == {"t": 5000, "t__l": 5000}


def test_no_database(work):
    work.write("x.db", "this is no database " * 50)
    result = load(work, [{"id": 1}])
    assert result.code == 5 and "file is not a database" in result.err and "another file" in result.err, str(result)


SPELLINGS = ["x.db", "x.sqlite", "x.sqlite3", "sqlite:x.any", "sqlite:///x.any", "sqlite:///{folder}/x.any", "sqlite:{folder}/x.any"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings(work, spelling):
    to = spelling.format(folder=work.folder)
    result = work.run(work.write_lines("t.jsonl", [{"id": 1}]), to=to)
    assert result.code == 0, str(result)
    made, = work.folder.glob("x.*")
    assert ask(made, "SELECT id FROM t") == [(1,)]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_killed(work, journal):
    """Killed at any moment of a load the dataset is as before, and the same load goes through afterwards."""
    database = work.folder / "x.db"
    assert load(work, [{"id": -1}]).code == 0
    ask(database, f"PRAGMA journal_mode = {journal}")
    source = work.write_lines("t.jsonl", [{"id": i, "text": f"{i:0100d}"} for i in range(150000)])
    seconds = work.run(source, to=work.folder / "timed.db", pipeline="g", dataset="main").seconds
    loaded = 0
    for step in range(8):
        running = work.start(source, to=database, pipeline="g", dataset="main", memory="256M")
        time.sleep(seconds * (step + 1) / 8)
        running.kill(signal.SIGKILL)
        running.wait()
        found = ask(database, "SELECT count(*) FROM t")[0][0]
        assert (found - 1) % 150000 == 0
        assert found >= 1 + loaded * 150000
        loaded = (found - 1) // 150000
        assert ask(database, "SELECT count(*) FROM _dlt_loads")[0][0] == 1 + loaded
        assert ask(database, "PRAGMA integrity_check") == [("ok",)]
    assert load(work, [{"id": -2}]).code == 0
    check_links(database)


def test_info_has_a_location(work):
    result = load(work, [{"id": 1}], json=True)
    assert result.code == 0, str(result)
    assert "x.db" in json.dumps(result.info)
