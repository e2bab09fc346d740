"""A dataset with one load, and the load that a test kills: what the dataset is before and after it."""
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

    def __init__(self, folder):
        self.folder = folder
        self.first = generate("w2", 300, folder / "first.json", seed=7)
        self.before = Workspace(folder / "before")
        self.load_first(self.before)
        self.second = folder / "second.json"
        self.size_input()
        self.seconds = statistics.median(self.timed(f"time{i}") for i in range(3))
        self.after = self.copy("after")
        self.load_second(self.after)
        self.old, self.new = (summary(work.database, folder / "look") for work in (self.before, self.after))
        self.files = package_files(self.after.data)
        assert self.old != self.new

    def load_first(self, work):
        work.load(self.first, table="t", dataset="d", load_id=SEED_LOAD_ID)

    def options(self):
        return {"table": "t", "dataset": "d", "load_id": LOAD_ID, "workers": 2, "no_progress": True}

    def load_second(self, work):
        return work.load(self.second, table="t", dataset="d", load_id=LOAD_ID, workers=2)

    def size_input(self):
        """As many documents as this machine loads in SECONDS, with keys that the first load had not."""
        count, seconds = 500, 0
        while seconds < SECONDS and count < 400000:
            count = int(count * min(4, max(1.5, SECONDS / seconds))) if seconds else count
            generate("w2", count, self.second, seed=8)
            with open(self.second, "a") as file:
                file.write('{"new_column": 1.5, "new_list": [{"a": [1, 2]}, {"a": [3]}]}\n')
            seconds = self.timed(f"size{count}")

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
