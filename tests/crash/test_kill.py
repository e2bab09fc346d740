# ctest: labels=crash timeout=1800
"""A load that is killed at any moment leaves the dataset as it was before or as it is after it, and the same command completes it.

SPILE_KILLS sets the number of kills (200), SPILE_KILL_SEED repeats the moments of a run that failed.
"""
import concurrent.futures
import os
import random
import shutil
import signal
import subprocess
import time

import duckdb
import pytest

from chance import seed_from
from dataset import quoted, table_names
from engine import SANITIZED, Running, package_files, place
from scene import Scene, put_back, summary

KILLS = int(os.environ.get("SPILE_KILLS", 20 if SANITIZED else 200))
SEED = seed_from("SPILE_KILL_SEED")


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    found = Scene(tmp_path_factory.mktemp("scene"))
    print(f"seed {SEED}; a run takes {found.seconds:.3f} s; {found.second.stat().st_size} bytes of input")
    return found


def interrupted(scene, name, number, delay):
    """Sends a signal after a delay, looks at the dataset, runs the same command again. Returns what was seen."""
    work = scene.copy(name)
    running = work.start(scene.second, **scene.options())
    time.sleep(delay)
    running.kill(number)
    stopped = running.wait()
    seen = summary(work.database, work.folder / "look")
    again = work.run(scene.second, json=True, **scene.options())
    end = summary(work.database, work.folder / "look")
    files = package_files(work.data)
    state = "old" if seen == scene.old else "new" if seen == scene.new else "NEITHER"
    wrong = [what for what, fault in (
        (f"the dataset is neither old nor new: {seen}", state == "NEITHER"),
        (f"second run: {again}", again.code != 0),
        (f"after the second run: {end}, wanted {scene.new}", end != scene.new),
        ("the second run does not say that the load was there", again.code == 0 and state == "new" and not again.info["already_loaded"]),
        (f"files left: {sorted(set(files) ^ set(scene.files))}", files != scene.files)) if fault]
    if not wrong:
        shutil.rmtree(work.folder)
    return stopped.code, state, wrong


def shoot(scene, name, count, numbers, stretch=1.15):
    """Many of them, two at a time, at moments spread evenly over a run's time (two at once take longer, hence the stretch)."""
    moments = random.Random(f"{SEED} {name}")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        shots = [(number, moments.uniform(0, scene.seconds * stretch)) for number in (numbers * count)[:count]]
        jobs = [pool.submit(interrupted, scene, f"{name}{i}", *shot) for i, shot in enumerate(shots)]
        return [(*shot, *job.result()) for shot, job in zip(shots, jobs)]


def tell(name, results):
    states = [state for _, _, _, state, _ in results]
    codes = [code for _, _, code, _, _ in results]
    print(f"{name}: {len(results)} signals: {states.count('old')} old, {states.count('new')} new; exit codes "
          f"{ {code: codes.count(code) for code in sorted(set(codes))} }")


def failures(results):
    return "\n".join(f"signal {number} after {delay:.4f} s, exit code {code}: {text}" for number, delay, code, _, wrong in results for text in wrong)


def test_kill(scene):
    results = shoot(scene, "kill", KILLS, [signal.SIGKILL], stretch=1.5)
    tell("SIGKILL", results)
    assert not failures(results), f"seed {SEED}\n{failures(results)}"
    assert sum(code == -signal.SIGKILL for _, _, code, _, _ in results) > KILLS // 4, "too few runs were killed: the moments come too late"


def test_stop(scene):
    """SIGINT and SIGTERM: the exit code says what happened, too."""
    results = shoot(scene, "stop", max(10, KILLS * 30 // 200), [signal.SIGINT, signal.SIGTERM])
    tell("SIGINT, SIGTERM", results)
    assert not failures(results), f"seed {SEED}\n{failures(results)}"
    for number, delay, code, state, _ in results:
        assert (code, state) in ((0, "new"), (128 + number, "old"), (-number, "old")), f"signal {number} after {delay:.4f} s: {code}, {state}"


def test_killed_twice(scene):
    """The run that recovers is killed, too."""
    moments = random.Random(f"{SEED} twice")
    for i in range(KILLS // 10):
        work = scene.copy(f"twice{i}")
        for _ in range(2):
            running = work.start(scene.second, **scene.options())
            time.sleep(moments.uniform(0, scene.seconds))
            running.kill()
            running.wait()
            assert summary(work.database, work.folder / "look") in (scene.old, scene.new), f"seed {SEED}, number {i}"
        scene.load_second(work)
        assert summary(work.database, work.folder / "look") == scene.new, f"seed {SEED}, number {i}"
        assert package_files(work.data) == scene.files, f"seed {SEED}, number {i}"
        shutil.rmtree(work.folder)


def test_kill_of_what_cannot_be_read_again(scene):
    """Standard input is gone after a kill. The dataset is old or new, never between; the next run, of other data, succeeds and leaves
    the input's rows whole or absent."""
    moments, ends = random.Random(f"{SEED} stdin"), []
    third = scene.folder / "third.json"
    third.write_text('{"id": "third"}\n')
    for i in range(KILLS // 10):
        work = scene.copy(f"stdin{i}")
        with open(scene.second, "rb") as file:
            pipe = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
            running = work.start("-", stdin=pipe.stdout, **scene.options())
            pipe.stdout.close()
            time.sleep(moments.uniform(0, scene.seconds))
            running.kill()
            running.wait()
            pipe.wait()
        seen = count(work)
        work.load(third, table="t", dataset="d")
        ends.append((seen, count(work)))
        assert package_files(work.data) == scene.files, f"seed {SEED}, number {i}"
        shutil.rmtree(work.folder)
    old, new = count(scene.before), count(scene.after)
    print(f"standard input: {sum(a == old != b - 1 for a, b in ends)} of {len(ends)} were loaded by the next run, "
          f"{sum(a == new for a, _ in ends)} before the kill")
    assert all((seen, end) in ((old, old + 1), (old, new + 1), (new, new + 1)) for seen, end in ends), f"seed {SEED}: {ends}"


def stages(scene, work):
    """Each as its command: what was read waits in the work folder between them."""
    options = ["--to", str(work.database), "--dataset", "d"]
    yield lambda: work.start(scene.second, until="extract", **scene.options())
    for verb in ("normalize", "load-pending"):
        yield lambda: Running([place("SPILE"), "pipeline", "g", verb, *options], work.folder, work.environ())


def test_stages_that_are_killed(scene):
    """Each stage is killed some times and then comes to its end. Until the last one the dataset is old; then it is new."""
    moments, codes = random.Random(f"{SEED} stages"), []
    for i in range(KILLS // 10):
        work = scene.copy(f"stages{i}")
        for start in stages(scene, work):
            for _ in range(3):
                running = start()
                time.sleep(moments.uniform(0, scene.seconds * 0.6))
                running.kill()
                codes.append(running.wait().code)
                assert summary(work.database, work.folder / "look") in (scene.old, scene.new), f"seed {SEED}, number {i}"
                if codes[-1] == 0:
                    break
            done = start().wait()
            assert done.code == 0, f"seed {SEED}, number {i}: {done}"
        assert summary(work.database, work.folder / "look") == scene.new, f"seed {SEED}, number {i}"
        assert package_files(work.data) == scene.files, f"seed {SEED}, number {i}"
        shutil.rmtree(work.folder)
    print(f"stages: {len(codes)} kills, {codes.count(-signal.SIGKILL)} in time")
    assert codes.count(-signal.SIGKILL) > len(codes) // 5, "too few were killed: the moments come too late"


def count(work):
    """Rows of the root table; of the nested ones we know that none is without its parent."""
    put_back(work.database)
    with duckdb.connect(str(work.database)) as connection:
        tables = table_names(connection, "d")
        for table in tables:
            if "__" in table:
                parent = max((name for name in tables if table.startswith(name + "__")), key=len)
                orphans = connection.execute(f"select count(*) from d.{quoted(table)} where _dlt_parent_id not in "
                                             f"(select _dlt_id from d.{quoted(parent)})").fetchone()[0]
                assert orphans == 0, table
        return connection.execute("select count(*) from d.t").fetchone()[0]


def test_two_runs_at_once(work):
    """The second one is refused while the first one waits for its input, and told by whom."""
    reading, writing = os.pipe()
    first = work.start("-", stdin=reading, table="t", dataset="d", no_progress=True)
    os.close(reading)
    os.set_blocking(writing, True)
    line = b'{"id": 1}\n' * 100
    for _ in range(2000):  # more than a pipe holds: when it is written the first run has begun to read
        os.write(writing, line)
    second = work.run(work.write("other.json", [{"id": 2}]), table="t", dataset="d")
    os.close(writing)
    done = first.wait()
    assert second.code == 8, str(second)
    assert str(first.process.pid) in second.err
    assert done.code == 0, str(done)
    with duckdb.connect(str(work.database), read_only=True) as connection:
        assert connection.execute("select count(*) from d.t").fetchone() == (200000,)
    assert work.run(work.folder / "other.json", table="t", dataset="d").code == 0


def test_many_runs_at_once(work):
    """Of eight runs on one pipeline each one loads its rows once or is refused."""
    files = [work.write(f"f{i}.json", [{"file": i, "l": [1, 2]}] * 500) for i in range(8)]
    results = [run.wait() for run in [work.start(file, table="t", dataset="d", no_progress=True) for file in files]]
    codes = [result.code for result in results]
    assert set(codes) <= {0, 8} and 0 in codes, "\n".join(map(str, results))
    with duckdb.connect(str(work.database), read_only=True) as connection:
        rows = connection.execute("select file, count(*) from d.t group by 1 order by 1").fetchall()
        assert rows == [(i, 500) for i, code in enumerate(codes) if code == 0]
        assert connection.execute("select count(*) from d.t__l").fetchone() == (1000 * codes.count(0),)
        assert connection.execute("select count(*) from d._dlt_loads").fetchone() == (codes.count(0),)
