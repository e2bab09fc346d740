"""A dataset with one load (and one with unique indexes), and the load that a test kills: what the dataset is before and after it."""
import json
import shutil
import statistics
import time

import duckdb

from dataset import BOOKKEEPING, TIMES, quoted, table_columns, table_names
from engine import Workspace, generate, package_files

SECONDS = 0.2  # a run should take about that long, so that kills fall into every stage
LOAD_ID = "1764000001.5"
SEED_LOAD_ID = "1764000000.5"
UNDO = ".spile-undo"


def summary(database, scratch):
    """{table: (rows, sum of the rows' hashes)} of the whole dataset; `scratch` receives a copy, so that looking changes nothing."""
    scratch.mkdir()
    for suffix in ("", ".wal", UNDO):
        if (file := database.parent / (database.name + suffix)).exists():
            shutil.copy(file, scratch / file.name)
    put_back(scratch / database.name)
    with duckdb.connect(str(scratch / database.name)) as connection:
        found = {table: connection.execute(summary_query(connection, table)).fetchone() for table in table_names(connection, "d")}
    shutil.rmtree(scratch)
    return found


def put_back(database):
    """Where a checkpoint was cut off, spile has to look first: another program would call it damage."""
    if database.with_name(database.name + UNDO).exists():
        Workspace(database.parent).spile("schema", "show", database, dataset="d")


def summary_query(connection, table):
    names = [quoted(name) for name, _, _ in table_columns(connection, "d", table) if not (table in BOOKKEEPING and name in TIMES)]
    return f"select count(*), sum(hash({', '.join(names)})::hugeint)::varchar from d.{quoted(table)}"


class Scene:
    """A dataset with one load, the load that is going to be killed, and what the dataset is before and after it."""

    how = {}  # options of both loads

    def __init__(self, folder, documents=None):
        """`documents` are in the load that is killed; None: as many as this machine loads in SECONDS."""
        self.folder = folder
        self.first = generate("w2", 300, folder / "first.json", seed=7)
        self.before = Workspace(folder / "before")
        self.load_first(self.before)
        self.second = folder / "second.json"
        self.write_second(documents)
        self.seconds = statistics.median(self.timed(f"time{i}") for i in range(3))
        self.after = self.copy("after")
        self.load_second(self.after)
        self.old, self.new = (summary(work.database, folder / "look") for work in (self.before, self.after))
        self.files = package_files(self.after.data)
        assert self.old != self.new

    def load_first(self, work):
        work.load(self.first, table="t", dataset="d", load_id=SEED_LOAD_ID, **self.how)

    def options(self):
        return {"table": "t", "dataset": "d", "load_id": LOAD_ID, "workers": 2, "no_progress": True, **self.how}

    def load_second(self, work):
        return work.load(self.second, table="t", dataset="d", load_id=LOAD_ID, workers=2, **self.how)

    def write_second(self, documents):
        """With keys that the first load had not."""
        count, seconds = documents or 500, 0
        write_events(self.second, count)
        while not documents and seconds < SECONDS and count < 400000:
            seconds = self.timed(f"size{count}")
            count = int(count * min(4, max(1.5, SECONDS / seconds)))
            write_events(self.second, count)

    def timed(self, name):
        work = self.copy(name)
        began = time.monotonic()
        self.load_second(work)
        seconds = time.monotonic() - began
        shutil.rmtree(work.folder)
        return seconds

    def copy(self, name):
        shutil.copytree(self.before.folder, self.folder / name)
        return Workspace(self.folder / name)


class IndexedScene(Scene):
    """Rows that come again with the keys that unique indexes have: DuckDB writes down that they go and that they come."""

    how = {"create_indexes": "yes", "write": "merge", "strategy": "upsert", "primary_key": "id"}

    def load_first(self, work):
        write_items(self.first, range(0, 900), "old")
        super().load_first(work)

    def write_second(self, documents):
        write_items(self.second, range(300, 1500), "new", more=1.5)


def write_events(path, count):
    generate("w2", count, path, seed=8)
    with open(path, "a") as file:
        file.write('{"new_column": 1.5, "new_list": [{"a": [1, 2]}, {"a": [3]}]}\n')


def write_items(path, ids, word, **others):
    path.write_text("".join(json.dumps({"id": i, "word": word, "list": [{"x": x} for x in range(i % 4)], **others}) + "\n" for i in ids))
