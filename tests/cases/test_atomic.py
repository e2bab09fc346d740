# ctest: labels=cases;engines timeout=600
"""A load is seen whole or not at all: by readers beside it, and after it has failed in the middle.

Postgres and SQLite are read by connections of their own while loads run. DuckDB's file belongs to one program at a time: it is read between loads, some of
which are killed.
"""
import threading
import time

import pytest

from dataset import check_bookkeeping, check_links
from engine import SANITIZED
from library import Failed, Pipeline
from targets import ENGINES, target

pytestmark = pytest.mark.skipif(SANITIZED, reason="Python would have to be started with the sanitizer")

REPLACES, ROWS = 200, 40
CONCURRENT = [engine for engine in ENGINES if engine != "duckdb"]
UPSERT = {"disposition": "merge", "strategy": "upsert"}


def items(number):
    """All rows of a load have its number; each has two nested rows."""
    return [{"id": i, "number": number, "l": [number, number]} for i in range(ROWS)]


class Watcher:
    """Reads both tables in one transaction, again and again, from a connection of its own, until it is told to stop."""

    def __init__(self, place):
        self.place, self.stopped, self.seen, self.wrong = place, threading.Event(), [], []
        self.thread = threading.Thread(target=self.watch)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def watch(self):
        try:
            while not self.stopped.is_set():
                with self.place.open() as reader:
                    self.look(*self.read(reader))
        except Exception as error:  # told by the test, on its thread
            self.wrong.append(repr(error))

    def read(self, reader):
        roots = reader.query(f"select number, count(*) from {reader.table('t')} group by number")
        nested = reader.query(f"select value, count(*) from {reader.table('t__l')} group by value")
        return list(map(tuple, roots)), list(map(tuple, nested))

    def look(self, roots, nested):
        if len(roots) != 1 or roots[0][1] != ROWS or nested != [(roots[0][0], 2 * ROWS)]:
            self.wrong.append((roots, nested))
        elif not self.seen or self.seen[-1] != roots[0][0]:
            self.seen.append(roots[0][0])


@pytest.mark.parametrize("write", ["replace", UPSERT, {"disposition": "merge", "strategy": "cdc"}], ids=["replace", "upsert", "cdc"])
@pytest.mark.parametrize("engine", CONCURRENT)
def test_readers_see_one_load(tmp_path, engine, write):
    place = target(engine, tmp_path)
    loads = REPLACES if write == "replace" else REPLACES // 4
    with Pipeline("g", place, "d", tmp_path / "data") as pipeline:
        pipeline.run(items(0), "t", write, primary_key="id")
        with Watcher(place) as watcher:
            for number in range(1, loads + 1):
                pipeline.run(items(number), "t", write, primary_key="id")
    assert watcher.wrong == []
    assert watcher.seen == sorted(watcher.seen) and len(watcher.seen) > loads // 10, watcher.seen


class StatementWatcher(Watcher):
    """Reads both tables in one statement, as programs do by default (READ COMMITTED)."""

    def read(self, reader):
        reader.connection.rollback()
        reader.connection.set_session(isolation_level="READ COMMITTED", readonly=True)
        counted = reader.query(f"select 0, number, count(*) from {reader.table('t')} group by number union all "
                               f"select 1, value, count(*) from {reader.table('t__l')} group by value")
        return [row[1:] for row in counted if row[0] == 0], [row[1:] for row in counted if row[0] == 1]


@pytest.mark.parametrize("strategy", ["insert-from-staging", "staging-optimized"])
def test_readers_see_one_load_whatever_replaces(tmp_path, monkeypatch, strategy):
    """Of tables that take the place of others only a transaction with a snapshot older than that would see them empty: that is Postgres's way with new
    tables, and dlt's, and in docs/loading.md."""
    monkeypatch.setenv("DESTINATION__REPLACE_STRATEGY", strategy)
    place = target("postgres", tmp_path)
    with Pipeline("g", place, "d", tmp_path / "data") as pipeline:
        pipeline.run(items(0), "t", "replace", primary_key="id")
        with StatementWatcher(place) as watcher:
            for number in range(1, REPLACES + 1):
                pipeline.run(items(number), "t", "replace", primary_key="id")
    assert watcher.wrong == []
    assert watcher.seen == sorted(watcher.seen) and len(watcher.seen) > REPLACES // 10, watcher.seen


@pytest.mark.parametrize("engine", CONCURRENT)
def test_a_watcher_sees_what_is_wrong(tmp_path, engine):
    """It is able to: rows of an append are not those of one load."""
    place = target(engine, tmp_path)
    with Pipeline("g", place, "d", tmp_path / "data") as pipeline:
        pipeline.run(items(0), "t", "append", primary_key="id")
        with Watcher(place) as watcher:
            pipeline.run(items(1), "t", "append", primary_key="id")
            time.sleep(0.3)
    assert watcher.wrong


@pytest.mark.parametrize("write", ["replace", '{"disposition": "merge", "strategy": "upsert"}'], ids=["replace", "upsert"])
def test_killed_loads(work, write):
    """What a kill leaves is the load before or the one that was killed, whole."""
    work.load(work.write("t.json", items(0)), table="t", write=write, primary_key="id", dataset="d")
    seen = set()
    for number in range(1, 31):
        running = work.start(work.write("t.json", items(number)), table="t", write=write, primary_key="id", dataset="d")
        time.sleep(number / 31 * 0.25)
        running.kill()
        running.wait()
        work.spile("pipeline", "info", "g", to=work.database)  # settles what the kill has left
        got = target("duckdb", work.folder).read()
        found = set(got["t"].values("number"))
        assert len(found) == 1 and len(got["t"].rows) == ROWS and got["t__l"].values("value") == [*found] * (2 * ROWS)
        assert check_links(got) + check_bookkeeping(got) == []
        seen |= found
    assert seen <= set(range(31))


# ---- failures in the middle of a merge -----------------------------------------------------------------------------------------------

FIRST = [{"id": 1, "v": "a", "l": [{"m": [1]}]}, {"id": 2, "v": "b", "l": [{"m": [2]}]}, {"id": 3, "v": "c"}]
SECOND = [{"id": 1, "v": "b", "l": [{"m": [9]}]}, {"id": 4, "v": "d", "new": 1, "other": [1]}]


def make_index(place):
    """The user's own: no two rows with the same v."""
    name = '"d"."t"' if place.engine != "sqlite" else '"t"'
    if place.engine == "postgres":
        import psycopg2
        connection = psycopg2.connect(place.location.replace("postgres:", "postgresql:", 1))
        connection.autocommit = True
        connection.cursor().execute(f"create unique index u on {name} (v)")
    elif place.engine == "sqlite":
        import sqlite3
        from readers import sqlite_file
        connection = sqlite3.connect(sqlite_file(place.location, "d"))
        connection.execute(f"create unique index u on {name} (v)")
    else:
        import duckdb
        connection = duckdb.connect(place.location)
        connection.execute(f"create unique index u on {name} (v)")
    connection.close()


def failing(strategy, **options):
    return {"disposition": "merge", "strategy": strategy, **options}


FAILING = {
    **{f"index_{strategy}": (failing(strategy), True) for strategy in ("delete-insert", "upsert", "insert-only", "scd2", "cdc")},
    "scope_unknown_column": (failing("delete-insert", destination_scope="nothing = 1"), False),
    "scope_syntax": (failing("cdc", destination_scope="id = = 1"), False),
    "scope_that_fails_on_rows": (failing("scd2", destination_scope="CAST(v AS bigint) / 0 > 1 AND {table}.nowhere = 1"), False),
    "filter_unknown_column": (failing("upsert", source_filter="nothing = 1"), False),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FAILING)
def test_a_failed_merge_leaves_everything_as_it_was(tmp_path, engine, name):
    write, index = FAILING[name]
    place = target(engine, tmp_path)
    strategy = {"disposition": "merge", "strategy": write["strategy"]}
    with Pipeline("g", place, "d", tmp_path / "data") as pipeline:
        pipeline.run(FIRST, "t", strategy, "1790000000.5", primary_key="id")
        if index:
            make_index(place)
        before = place.read()
        with pytest.raises(Failed) as failure:
            pipeline.run([{**row, "v": "b"} if index else row for row in SECOND], "t", write, "1790000001.5", primary_key="id")
        assert failure.value.status == 5, failure.value
        assert place.read() == before
        pipeline.run([{"id": 7, "v": "z"}], "t", strategy, "1790000002.5", primary_key="id")
        got = place.read()
    assert 7 in got["t"].values("id") and check_links(got) + check_bookkeeping(got) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_the_command_exits_with_5(work, engine):
    work.database = place = target(engine, work.folder)
    options = {"table": "t", "dataset": "d", "primary_key": "id"}
    work.load(work.write("t.json", FIRST), write="merge", **options)
    before = place.read()
    result = work.run(work.write("t.json", SECOND), write='{"disposition": "merge", "destination_scope": "nothing = 1"}', **options)
    assert result.code == 5 and "nothing" in result.err and 'merge into table "t"' in result.err, str(result)
    assert place.read() == before
