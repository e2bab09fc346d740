# ctest: labels=crash timeout=300 serial
"""A program that draws with functions is killed at any moment: rows and cursor agree afterwards, and the next run completes what is missing, once.

Expected values: the numbers that are drawn, each once. SPILE_KILL_SEED repeats a run.
"""
import json
import os
import random
import signal
import subprocess
import time

import duckdb

from chance import seed_from
from engine import SANITIZED, place
from scene import put_back

KILLS = 5 if SANITIZED else 25
PAGES, ITEMS = 10, 500
SEED = seed_from("SPILE_KILL_SEED")


def script(work, rounds):
    """The numbers of all rounds so far: a cursor leaves out those of the earlier ones."""
    pages = [[{"id": page * ITEMS + i, "l": [i]} for i in range(ITEMS)] for page in range(PAGES * rounds)]
    return json.dumps({"pipeline": "p", "destination": str(work.folder / "p.duckdb"), "dataset": "d", "data_dir": str(work.data), "source": "s", "resources": [
        {"name": "t", "count": True, "parallel": True, "incremental": {"cursor": "id"}, "pages": pages}]})


def start(work, text):
    process = subprocess.Popen([os.path.join(place("SPILE_FILTERS"), "source_filter")], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=work.environ(), text=True)
    process.stdin.write(text)
    process.stdin.close()
    return process


def loaded(work):
    """(rows, distinct, nested rows, greatest id)"""
    if not (work.folder / "p.duckdb").exists():
        return 0, 0, 0, None
    put_back(work.folder / "p.duckdb")
    with duckdb.connect(str(work.folder / "p.duckdb")) as connection:
        if not connection.execute("select 1 from information_schema.tables where table_schema = 'd' and table_name = 't'").fetchall():
            return 0, 0, 0, None
        return connection.execute("select count(*), count(distinct id), (select count(*) from d.t__l), max(id) from d.t").fetchone()


def timed(work, rounds):
    began = time.monotonic()
    process = start(work, script(work, rounds))
    assert process.wait() == 0, process.stderr.read()
    return time.monotonic() - began


def test_killed_at_any_moment(work, capsys):
    r = random.Random(SEED)
    rounds, cut = 1, 0
    usual = timed(work, rounds)
    for _ in range(KILLS):
        before = loaded(work)
        assert before[0] == before[1] == before[2] == PAGES * ITEMS * rounds and before[3] == before[0] - 1, f"seed {SEED}"
        rounds += 1
        process = start(work, script(work, rounds))
        time.sleep(r.random() * usual * 1.3)
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = loaded(work)
        cut += after == before
        assert after in (before, (PAGES * ITEMS * rounds,) * 3 + (PAGES * ITEMS * rounds - 1,)), f"seed {SEED}: {after}"
        usual = timed(work, rounds)
    with capsys.disabled():
        print(f"\n{KILLS} kills from seed {SEED}, {cut} before the commit")
    assert loaded(work)[:3] == (PAGES * ITEMS * rounds,) * 3
