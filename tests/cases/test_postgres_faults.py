# ctest: labels=cases;engines timeout=900
"""What befalls a load in a Postgres server: a full disk, conflicts with other sessions, keys that can't be compared. It is told with its place and remedy,
the dataset stays as it was, and the same load goes through when the cause has gone.

The server is real (helpers/postgres.py). Expected values: what was loaded, counted here, and what psycopg2 reads.
"""
import contextlib
import threading
import time

import pytest

import postgres
from own_database import OWN_COLUMNS, Base, check_failure, load, rows, succeed, wait_for


@pytest.fixture(scope="module")
def server():
    server = postgres.Server()
    yield server
    server.remove()


@pytest.fixture
def base(server):
    return Base(server)


# ---- a full disk -------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_server():
    server = postgres.Server(small_disk=True)
    yield server
    server.remove()


@pytest.fixture
def small(small_server):
    base = Base(small_server)
    yield base
    small_server.disk.leave(None)


FULL = ("could not extend file", "(SQLSTATE 53100)", "make room on the server's disk", "nothing was changed")
BIG = [{"id": i, "text": f"{i:0200d}", "l": [{"x": i}]} for i in range(5000)]  # 1.4 MB in the first table, 0.5 MB in the other
WRITES = {
    "append": {},
    "replace": {"write": "replace"},
    "upsert": {"write": "merge", "strategy": "upsert", "primary_key": "id"},
    "scd2": {"write": "merge", "strategy": "scd2"},
}


@pytest.mark.parametrize("write", WRITES)
def test_a_disk_that_gets_full(small, work, write):
    """A little later each time, until there is room for everything."""
    succeed(work, small.uri, [{"id": i, "text": "before", "l": [{"x": i}]} for i in (1, 2, -1)], **WRITES[write])
    refused, places = 0, set()
    while True:
        before = small.content()
        small.server.disk.leave(refused * 250_000)
        result = load(work, small.uri, BIG, **WRITES[write])
        small.server.disk.leave(None)
        if result.code == 0:
            break
        assert result.code == 5 and all(piece in result.err for piece in FULL) and 'database "postgres://' in result.err, str(result)
        assert "Sesam" not in result.err and small.content() == before
        places |= {place for place in ('table "t"', 'table "t__l"', "COPY t", 'merge into table "t"') if place in result.err}
        refused += 1
    assert refused >= 4 and places >= {'table "t"', *(['merge into table "t"'] if "strategy" in WRITES[write] else [])}, (refused, places)
    assert small.run("SELECT count(*) FROM d.t WHERE text <> 'before'") == [(5000,)]
    nested = "SELECT count(*), count(DISTINCT l.x) FROM d.t__l l JOIN d.t ON t._dlt_id = l._dlt_parent_id WHERE text <> 'before'"
    assert small.run(nested) == [(5000, 5000)] and small.run("SELECT count(*) FROM d._dlt_loads") == [(2,)]


def test_a_full_disk_for_the_first_load(small, work):
    small.server.disk.leave(0)
    check_failure(small, work, BIG, *FULL)
    small.server.disk.leave(500_000)
    check_failure(small, work, BIG, *FULL, "COPY t, line", 'table "t"')
    small.server.disk.leave(None)
    succeed(work, small.uri, BIG)
    assert small.run("SELECT count(*) FROM d.t") == [(5000,)]


def test_a_disk_that_gets_room_again(small, work):
    """The load has waited for it."""
    succeed(work, small.uri, [{"id": -1, "text": "x", "l": []}])
    small.server.disk.leave(300_000)
    running = work.start(work.write_lines("t.jsonl", BIG), to=small.uri, table="t", dataset="d", pipeline="g", no_progress=True, retry=60)
    wait_for(lambda: small.server.disk.left() == 0)
    small.server.disk.leave(None)
    result = running.wait()
    assert result.code == 0, str(result)
    assert small.run("SELECT count(*), count(DISTINCT id) FROM d.t") == [(5001, 5001)] and small.run("SELECT count(*) FROM d._dlt_loads") == [(2,)]
