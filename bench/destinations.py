"""bench/destinations.py: loads into Postgres and SQLite, and merges, beside what the database's own tools take for the same. Pairs run in turns in one run;
every result is validated by counts. See README.md.

    python bench/destinations.py                      all, 5 rounds
    python bench/destinations.py --only merge-duckdb --rounds 3 --scale 0.1

Workloads: postgres (w1n by COPY, beside psql's \\copy of the same rows as text), postgres-nested (w2, beside dlt), merge-duckdb and merge-postgres (a tenth of the
rows changed, a hundredth new, beside the best plain SQL with its staging), sqlite (w1n), one-row (a second load of one row).
"""
import argparse
import json
import os
import pathlib
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import measure

BENCH = pathlib.Path(__file__).resolve().parent
PROJECT = BENCH.parent
sys.path.insert(0, str(PROJECT / "tests/helpers"))
SPILE = PROJECT / "build/release/bin/spile"
GENERATE = PROJECT / "build/release/bench/generate"
TIMEOUT = 900
SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "4GB", "wal_level": "minimal", "max_wal_senders": "0", "fsync": "on", "synchronous_commit": "on",
            "full_page_writes": "on"}


class BenchError(Exception):
    """Anything that makes the figures worthless."""


class Scene:
    """Folder, server and input files of a run."""

    def __init__(self, options):
        import postgres
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="spile-bench-"))
        self.server = postgres.Server(settings=SETTINGS)
        self.number = 0

    def close(self):
        self.server.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        return {**os.environ, "SPILE_DATA_DIR": str(self.folder / f"data{self.number}"), "PGPASSWORD": self.server.PASSWORDS["loader"],
                "DLT_DATA_DIR": str(self.folder / "dlt"), "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL", "NORMALIZE__WORKERS": "2"}

    def run(self, *argv):
        if self.options.idle:
            measure.wait_until_quiet(self.options.idle, 30)
        done = measure.run([str(word) for word in argv], self.environment(), str(self.folder), TIMEOUT)
        if done.exit_code:
            raise BenchError(f"{argv}\n{done.output[-2000:]}")
        return done.seconds

    def spile(self, source, to, *more):
        return self.run(SPILE, "load", source, "--to", to, "--dataset", "bench", "--table", "items", "--pipeline", "bench", "--quiet", "--no-progress", *more)

    def psql(self, database, *commands):
        words = [word for command in commands for word in ("-c", command)]
        return self.run(self.server.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.server.uri(database), *words)

    def count(self, database, sql):
        with self.server.connect(database) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchone()[0]

    def generated(self, kind, count):
        path = self.folder / f"{kind}.json"
        if not path.exists():
            with open(path, "wb") as out:
                subprocess.run([GENERATE, kind, str(count)], stdout=out, check=True)
            path.read_bytes()  # warm
        return path

    def fresh(self):
        self.number += 1
        return self.server.create()


def need(got, want, what):
    if got != want:
        raise BenchError(f"{what}: {got}, want {want}")


# ---- workloads: each round gives {side: seconds} ----


def postgres_rounds(scene, rounds, scale):
    rows = int(1_000_000 * scale)
    source, text = scene.generated("w1n", rows), scene.folder / "items.tsv"
    for number in range(rounds + 1):
        database = scene.fresh()
        seconds = {"spile": scene.spile(source, scene.server.uri(database))}
        need(scene.count(database, "select count(*) from bench.items"), rows, "rows by spile")
        if not text.exists():
            scene.psql(database, f"\\copy bench.items to '{text}'")
        with scene.server.connect(database) as connection:
            connection.cursor().execute("create table bench.peer (like bench.items)")
        with scene.server.connect(database) as connection:
            connection.cursor().execute("alter table bench.peer owner to loader")
        seconds["psql"] = scene.psql(database, f"\\copy bench.peer from '{text}'", 'alter table bench.peer add unique ("_dlt_id")')
        need(scene.count(database, "select count(*) from bench.peer"), rows, "rows by psql")
        if number:
            yield seconds


DLT = """
import sys, dlt
from dlt.sources.filesystem import filesystem, read_jsonl
import pathlib
path = pathlib.Path(sys.argv[1])
if __name__ == "__main__":
    pipeline = dlt.pipeline("bench", destination=dlt.destinations.postgres(sys.argv[2]), dataset_name="bench", pipelines_dir=sys.argv[3])
    documents = (filesystem(path.parent.as_uri(), file_glob=path.name) | read_jsonl(chunksize=1000)).with_name("items")
    pipeline.run(documents, write_disposition="replace", loader_file_format="csv").raise_on_failed_jobs()
"""


def nested_rounds(scene, rounds, scale):
    source, program = scene.generated("w2", int(100_000 * scale)), scene.folder / "peer.py"
    program.write_text(DLT)
    database = scene.fresh()
    uri = scene.server.uri(database).replace("postgres://", "postgresql://")
    peer = scene.run(PROJECT / ".venv/bin/python", program, source, uri, scene.folder / "pipelines")
    want = scene.count(database, "select count(*) from bench.items")
    for number in range(rounds + 1):
        database = scene.fresh()
        seconds = scene.spile(source, scene.server.uri(database))
        need(scene.count(database, "select count(*) from bench.items"), want, "rows by spile")
        if number:
            yield {"spile": seconds, "dlt": peer}


MAKE = """
import sys, duckdb
rows, base, delta = int(sys.argv[1]), sys.argv[2], sys.argv[3]
columns = "hash({0} + 1) % 100000 as user_id, round((hash({0} + 7) % 100000) / 100.0, 2) as amount, 'name ' || (hash({0} + 3) % 1000000) as name, 'x' as ts"
connection = duckdb.connect()
connection.execute(f"copy (select i as id, {columns.format('i')} from range({rows}) t(i)) to '{base}' (format json)")
connection.execute(f"copy (select * from (select (hash(i) % {rows})::bigint as id, {columns.format('i + 9')} from range({rows // 10}) t(i)) "
                   f"qualify row_number() over (partition by id) = 1 union all select i, {columns.format('i')} from range({rows}, {rows + rows // 100}) t(i)) "
                   f"to '{delta}' (format json)")
"""


def merge_files(scene, scale):
    base, delta = scene.folder / "base.json", scene.folder / "delta.json"
    if not base.exists():
        scene.run(PROJECT / ".venv/bin/python", "-c", MAKE, int(1_000_000 * scale), base, delta)
    return base, delta, sum(1 for _ in open(delta, "rb"))


DUCKDB_MERGE = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], config={"threads": 2})
connection.execute("begin")
connection.execute(f"create temp table stage as select * from read_json('{sys.argv[2]}', format='newline_delimited', columns={{'id': 'BIGINT', 'user_id': 'BIGINT', "
                   "'amount': 'DOUBLE', 'name': 'VARCHAR', 'ts': 'VARCHAR'})")
connection.execute("delete from bench.items using stage where items.id = stage.id")
connection.execute("insert into bench.items (id, user_id, amount, name, ts, _dlt_load_id, _dlt_id) select *, '1', base64(encode(substr(md5(uuid()::varchar), 1, 10))) from stage")
connection.execute("commit")
"""


def merge_duckdb_rounds(scene, rounds, scale):
    base, delta, changed = merge_files(scene, scale)
    before = scene.folder / "before.duckdb"
    scene.number += 1
    scene.spile(base, before, "--write", "merge", "--primary-key", "id")
    data = scene.folder / f"data{scene.number}"
    kept = scene.folder / "kept"
    shutil.copytree(data, kept)
    for number in range(rounds + 1):
        seconds = {}
        for side in ("spile", "sql", "spile-upsert"):
            target = scene.folder / "target.duckdb"
            shutil.copyfile(before, target)
            if side == "sql":
                seconds[side] = scene.run(PROJECT / ".venv/bin/python", "-c", DUCKDB_MERGE, target, delta)
            else:
                strategy = ("--strategy", "upsert") if side == "spile-upsert" else ()
                seconds[side] = scene.spile(delta, target, "--write", "merge", "--primary-key", "id", *strategy)
            target.unlink()
        if number:
            yield seconds


def merge_postgres_rounds(scene, rounds, scale):
    base, delta, changed = merge_files(scene, scale)
    text = scene.folder / "delta.tsv"
    with open(delta) as lines, open(text, "w") as out:
        for line in lines:
            row = json.loads(line)  # the ids are random, as spile's are: what is in order goes into the unique index in less time
            out.write("\t".join(map(str, (row["id"], row["user_id"], row["amount"], row["name"], row["ts"], "1", secrets.token_urlsafe(10)))) + "\n")
    for number in range(rounds + 1):
        seconds = {}
        for side in ("spile", "sql"):
            database = scene.fresh()
            scene.spile(base, scene.server.uri(database), "--write", "merge", "--primary-key", "id")
            before = scene.count(database, "select count(*) from bench.items")
            if side == "spile":
                seconds[side] = scene.spile(delta, scene.server.uri(database), "--write", "merge", "--primary-key", "id")
            else:
                seconds[side] = scene.psql(
                    database, "begin", "create temp table stage (like bench.items)",
                    f"\\copy stage (id, user_id, amount, name, ts, _dlt_load_id, _dlt_id) from '{text}'", "analyze stage",
                    "delete from bench.items using stage where items.id = stage.id",
                    "insert into bench.items (id, user_id, amount, name, ts, _dlt_load_id, _dlt_id) select id, user_id, amount, name, ts, _dlt_load_id, _dlt_id from stage",
                    "commit")
            need(scene.count(database, "select count(*) from bench.items"), before + int(1_000_000 * scale) // 100, f"rows by {side}")
        if number:
            yield seconds


def sqlite_rounds(scene, rounds, scale):
    rows = int(1_000_000 * scale)
    source = scene.generated("w1n", rows)
    for number in range(rounds + 1):
        scene.number += 1
        target = scene.folder / f"target{scene.number}.db"
        seconds = {"spile": scene.spile(source, target)}
        for file in scene.folder.glob(f"target{scene.number}*"):
            file.unlink()
        if number:
            yield {**seconds, "half a million a second": rows / 500_000}


def one_row_rounds(scene, rounds, scale):
    """Postgres once with a password over TCP (scram: 4,096 hashes on each side) and once over the socket, beside the least that psql takes."""
    source = scene.folder / "one.json"
    source.write_text('{"id":1,"name":"a"}\n')
    database, other = scene.fresh(), scene.server.create()
    targets = {"sqlite": scene.folder / "one.db", "postgres": scene.server.uri(database), "postgres, socket": scene.server.socket_uri(other),
               "duckdb": scene.folder / "one.duckdb"}
    for target in targets.values():
        scene.spile(source, target)
    for _ in range(max(rounds, 20)):
        seconds = {name: scene.spile(source, target) for name, target in targets.items()}
        yield {**seconds, "psql, password, select 1": scene.psql(database, "select 1")}


WORKLOADS = {"postgres": postgres_rounds, "postgres-nested": nested_rounds, "merge-duckdb": merge_duckdb_rounds, "merge-postgres": merge_postgres_rounds,
             "sqlite": sqlite_rounds, "one-row": one_row_rounds}


def report(name, rounds):
    print(f"\n{name}: {len(rounds)} rounds")
    base = next(iter(rounds[0]))
    for side in rounds[0]:
        ratios = [entry[side] / entry[base] for entry in rounds]
        interval = measure.bootstrap_interval(ratios)
        shown = f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else ""
        print(f"  {side:<24}{statistics.median(entry[side] for entry in rounds):9.4f} s   {statistics.median(ratios):.2f} x {base}{shown}")


def main():
    arguments = argparse.ArgumentParser(description="Loads into Postgres and SQLite, and merges, beside the databases' own tools.")
    arguments.add_argument("--only", help="workloads, with commas: " + ",".join(WORKLOADS))
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--scale", type=float, default=1)
    arguments.add_argument("--idle", type=float, default=0.9, help="part of the machine that must be idle before each run (0: do not wait)")
    options = arguments.parse_args()
    chosen = options.only.split(",") if options.only else list(WORKLOADS)
    scene = Scene(options)
    try:
        for name in chosen:
            report(name, list(WORKLOADS[name](scene, options.rounds, options.scale)))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        scene.close()


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"\n{time.monotonic() - started:.0f} s in all", file=sys.stderr)
