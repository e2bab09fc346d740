"""Tests of the bench itself: .venv/bin/python -m pytest bench. A harness that can't fail proves nothing, so most of these damage
something and expect to be told."""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys

import duckdb
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import facts
import measure
import run
import validate

BENCH = pathlib.Path(__file__).resolve().parent
EVENTS = 1000


@pytest.fixture(scope="session")
def generator(tmp_path_factory):
    program = tmp_path_factory.mktemp("generator") / "generate"
    subprocess.run([os.environ.get("CC", "cc"), "-std=c17", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                    "-o", program, BENCH / "generate.c"], check=True)
    return program


def generate(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], check=True, capture_output=True).stdout


# ---- the generator ----

@pytest.mark.parametrize("kind", run.PINNED)
def test_pinned_bytes(generator, kind):
    run.check_pinned(generator, kind)


def test_other_bytes_than_pinned_are_refused(generator, monkeypatch):
    monkeypatch.setitem(run.PINNED, "w1n", (10000, run.PINNED["w1f"][1]))
    with pytest.raises(run.BenchError, match="other bytes"):
        run.check_pinned(generator, "w1n")


@pytest.mark.parametrize("kind", ["w1n", "w1f", "w2", "random"])
def test_first_lines_do_not_depend_on_the_count(generator, kind):
    few, many = generate(generator, kind, 300), generate(generator, kind, 3000)
    assert few.count(b"\n") == 300
    assert many.startswith(few)
    assert generate(generator, kind, 300, 43) != few


def test_every_line_is_json_and_ids_count(generator):
    for kind in ("w1n", "w1f", "random"):
        lines = generate(generator, kind, 500).decode().splitlines()
        assert [json.loads(line)["id"] for line in lines] == list(range(1, 501))
    assert len(json.loads(generate(generator, "array", 500))) == 500
    assert json.loads(generate(generator, "array", 0)) == []
    assert len(json.loads(generate(generator, "lists", 1))["elements"]) == 100000


@pytest.mark.parametrize("arguments", [(), ("w1n",), ("w9", "1"), ("w1n", "-1"), ("w1n", "1x"), ("w1n", "1", ""),
                                       ("w1n", "1", "2", "3")])
def test_wrong_arguments_are_refused(generator, arguments):
    assert subprocess.run([generator, *arguments], capture_output=True).returncode == 2


def test_a_full_disk_is_noticed(generator):
    with open("/dev/full", "w") as full:
        assert subprocess.run([generator, "w1n", "1"], stdout=full, stderr=subprocess.DEVNULL).returncode == 1


def shape(value):
    if isinstance(value, list):
        return "list of objects" if value and isinstance(value[0], dict) else "list"
    return {dict: "object", type(None): "null"}.get(type(value), type(value).__name__)


def test_random_documents_change_their_schema_in_every_way(generator):
    """From Python's reading of the file: for each kind of change some field which makes it, and new fields until late."""
    changes, first_seen = collections.defaultdict(set), {}
    last = {}
    for number, line in enumerate(generate(generator, "random", 20000).decode().splitlines()):
        for key, value in json.loads(line).items():
            first_seen.setdefault(key, number)
            changes[last.get(key), shape(value)].add(key)
            last[key] = shape(value)
    wanted = [("null", "str"), ("null", "object"), ("null", "list of objects"), ("int", "float"), ("int", "str"),
              ("float", "str"), ("object", "int"), ("object", "str"), ("list of objects", "float"), ("int", "object"),
              ("str", "list")]
    assert [change for change in wanted if not changes[change]] == []
    assert max(first_seen.values()) > 15000


# ---- facts and validation, against dlt's and DuckDB's own output ----

@pytest.fixture(scope="session")
def loaded(generator, tmp_path_factory):
    """1,000 events, what has to come out by facts.py, and the databases that dlt and DuckDB's SQL make of them."""
    folder = tmp_path_factory.mktemp("loaded")
    source = folder / "w2.json"
    source.write_bytes(generate(generator, "w2", EVENTS))
    environment = run.environment(next(work for work in run.WORKLOADS if work.name == "w2"), str(folder))
    for argv in ([BENCH / "peer_dlt.py", source, folder / "dlt.duckdb", "1000", folder],
                 [BENCH / "peer_duckdb.py", "unnest", source, folder / "sql.duckdb", run.LOAD_ID]):
        subprocess.run([sys.executable, *map(str, argv)], check=True, env=environment, cwd=folder)
    return {"folder": folder, "facts": facts.collect("w2", source)}


def layout(path, schema):
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = [name for (name,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND NOT starts_with(table_name, '_dlt_')",
            [schema]).fetchall()]
        return {table: (connection.execute(f"SELECT count(*) FROM {schema}.{table}").fetchone()[0],
                        sorted(connection.table(f"{schema}.{table}").columns)) for table in tables}


def test_dlt_and_sql_by_hand_make_the_same_tables(loaded):
    dlt = layout(loaded["folder"] / "dlt.duckdb", "bench")
    assert layout(loaded["folder"] / "sql.duckdb", "main") == dlt
    assert len(dlt) == 7
    assert sum(len(columns) for _, columns in dlt.values()) == 167


@pytest.mark.parametrize("name, schema, ids", [("dlt", "bench", "dlt"), ("sql", "main", "unique")])
def test_right_results_pass(loaded, name, schema, ids):
    assert validate.validate(str(loaded["folder"] / f"{name}.duckdb"), schema, loaded["facts"], ids) == []


COMMITS = "bench.items__payload__commits"
DAMAGES = [
    ("a root row is lost", "DELETE FROM bench.items WHERE id = '34000000007'", "items: rows"),
    ("a nested row is lost", f"DELETE FROM {COMMITS} WHERE rowid = 3", "items__payload__commits: rows"),
    ("a row comes twice", "INSERT INTO bench.items FROM bench.items LIMIT 1", "items: rows"),
    ("a number is altered", "UPDATE bench.items SET repo__id = repo__id + 1 WHERE id = '34000000007'", "items.repo__id: sum"),
    ("two numbers are altered, the sum isn't", "UPDATE bench.items SET actor__id = actor__id + CASE actor__id "
     "WHEN (SELECT max(actor__id) FROM bench.items) THEN 1 ELSE -1 END WHERE actor__id IN "
     "(SELECT max(actor__id) FROM bench.items UNION ALL SELECT min(actor__id) FROM bench.items)", "items.actor__id: max"),
    ("a text is cut", "UPDATE bench.items SET type = 'Push' WHERE rowid = 1", "items.type: sum"),
    ("a value becomes null", f"UPDATE {COMMITS} SET message = NULL WHERE rowid = 3", "message: values that are not null"),
    ("a time is shifted", "UPDATE bench.items SET created_at = created_at + INTERVAL 1 HOUR WHERE rowid = 9", "created_at: sum"),
    ("a boolean flips", f"UPDATE {COMMITS} SET \"distinct\" = NOT \"distinct\" WHERE rowid = 3", "distinct: sum"),
    ("a column is lost", "ALTER TABLE bench.items DROP COLUMN org__login", "items: columns"),
    ("a column is too many", "ALTER TABLE bench.items ADD COLUMN x INT", "items: columns"),
    ("a column has another type", "ALTER TABLE bench.items ALTER repo__id TYPE VARCHAR", "items.repo__id: type"),
    ("a table is lost", f"DROP TABLE {COMMITS}", "tables"),
    ("an id comes twice", f"UPDATE {COMMITS} SET _dlt_id = (SELECT min(_dlt_id) FROM {COMMITS})", "distinct _dlt_id"),
    ("an id is too short", "UPDATE bench.items SET _dlt_id = 'x' WHERE payload__size IS NULL AND rowid = "
     "(SELECT min(rowid) FROM bench.items WHERE payload__action = 'started')", "_dlt_id of 14 characters"),
    ("a parent is missing", f"UPDATE {COMMITS} SET _dlt_parent_id = 'nobody' WHERE rowid = 3", "rows with a parent"),
    ("parents are exchanged", f"UPDATE {COMMITS} SET _dlt_parent_id = (SELECT _dlt_id FROM bench.items "
     f"WHERE payload__action = 'started' LIMIT 1) WHERE _dlt_parent_id = "
     f"(SELECT min(_dlt_parent_id) FROM {COMMITS})", "events whose commits"),
    ("a list has a gap", f"UPDATE {COMMITS} SET _dlt_list_idx = _dlt_list_idx + 1", "positions"),
    ("nested ids are not dlt's", f"UPDATE {COMMITS} SET _dlt_id = left(md5(_dlt_id), 14)", "items__payload__commits: _dlt_id of"),
    ("the load is not booked", "DELETE FROM bench._dlt_loads", "load ids in _dlt_loads"),
    ("the load failed", "UPDATE bench._dlt_loads SET status = 1", "load ids in _dlt_loads"),
    ("two load ids", "UPDATE bench.items SET _dlt_load_id = 'x' WHERE rowid = 1", "distinct _dlt_load_id"),
]


@pytest.mark.parametrize("statement, fault", [damage[1:] for damage in DAMAGES], ids=[damage[0] for damage in DAMAGES])
def test_damage_is_noticed(loaded, tmp_path, statement, fault):
    damaged = tmp_path / "damaged.duckdb"
    shutil.copy(loaded["folder"] / "dlt.duckdb", damaged)
    with duckdb.connect(str(damaged)) as connection:
        connection.execute(statement)
    faults = validate.validate(str(damaged), "bench", loaded["facts"])
    assert any(fault in line for line in faults), faults


def test_facts_of_a_small_document(tmp_path):
    """Counted by hand."""
    source = tmp_path / "x.json"
    source.write_text('{"id":1,"o":{"+1":2,"f":1.25},"l":[{"t":"é"},{"t":null}],"at":"1970-01-02T00:00:00Z"}\n'
                      '{"id":2,"o":{"+1":null,"f":0.10},"l":[],"at":null}\n')
    assert facts.collect("w2", source)["tables"] == {
        "items": {"rows": 2, "columns": {
            "id": {"kind": "int", "count": 2, "sum": 3, "max": 2},
            "o__x1": {"kind": "int", "count": 1, "sum": 2, "max": 2},
            "o__f": {"kind": "float", "count": 2, "sum": 135, "max": 1.25},
            "at": {"kind": "time", "count": 1, "sum": 86400, "max": 86400}}},
        "items__l": {"rows": 2, "columns": {"t": {"kind": "text", "count": 1, "sum": 2, "max": "é"}}}}


def test_nested_id_is_dlts():
    """The value comes from dlt 1.31 (a child of this parent in table t__tup at position 0)."""
    assert validate.nested_id("lmeDkS0mIwDnrA", "t__tup", 0) == "pn9oXFfVOSiYFQ"


# ---- measuring ----

def test_run_reports_code_output_time_and_memory(tmp_path):
    argv = [sys.executable, "-c", "import time; b = bytearray(300 << 20); time.sleep(0.3); print('done'); raise SystemExit(3)"]
    done = measure.run(argv, dict(os.environ), str(tmp_path), 60)
    assert (done.exit_code, done.output) == (3, "done\n")
    assert 0.3 <= done.seconds < 30
    assert done.peak_rss_bytes > 300 << 20


def test_run_ends_at_the_time_limit(tmp_path):
    done = measure.run(["sleep", "60"], dict(os.environ), str(tmp_path), 0.2)
    assert done.exit_code < 0 and done.seconds < 30


def test_bootstrap_interval():
    assert measure.bootstrap_interval([2.0]) is None
    assert measure.bootstrap_interval([2.0] * 7) == (2.0, 2.0)
    low, high = measure.bootstrap_interval([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 9.0])
    assert 1.0 <= low < 1.3 < high <= 9.0


def test_summary_compares_within_the_round():
    def runs(side, *seconds):
        return [{"side": side, "round": number + 1, "seconds": value, "cpu_seconds": 1, "peak_rss_bytes": 1, "target_bytes": 1,
                 "inside_seconds": None} for number, value in enumerate(seconds)]
    summary = run.summarize(run.DUCKDB, runs("duckdb", 4, 8, 30), runs("spile", 2, 4, 10))
    assert (summary["seconds"], summary["ratio"]) == (8, 2)


def test_dlt_takes_part_in_its_rounds_only():
    options = run.argparse.Namespace(dlt_rounds=2)
    assert [number for number in range(5) if run.takes_part(options, run.DLT, number)] == [1, 2]
    assert all(run.takes_part(options, run.SPILE, number) for number in range(5))


@pytest.mark.parametrize("script, complaint", [
    ("exit 3", "exit code 3"),                          # fails
    ("exit 0", "the result is wrong, the run is void"),  # claims success and has loaded nothing
], ids=["a failure", "an empty result"])
def test_a_bad_side_ends_the_bench(tmp_path, script, complaint):
    program = tmp_path / "spile"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exit 0\n{script}\n')
    program.chmod(0o755)
    done = subprocess.run([sys.executable, BENCH / "run.py", "--spile", program, "--only", "w1n", "--scale", "0.001",
                           "--idle", "0", "--python", sys.executable, "--data-dir", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and complaint in done.stderr


def test_a_missing_program_ends_the_bench(tmp_path):
    done = subprocess.run([sys.executable, BENCH / "run.py", "--spile", tmp_path / "none", "--data-dir", tmp_path],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "no program spile" in done.stderr
