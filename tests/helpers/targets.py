"""The destinations that tests run over: a fresh one of each engine, how it is named to spile, and how it is read."""
import contextlib
import functools
from pathlib import Path

import readers
from dataset import read_dataset

ENGINES = ("duckdb", "postgres", "sqlite")


class Target:
    """str() is what `--to` takes."""

    def __init__(self, engine, location):
        self.engine, self.location, self.quirks = engine, str(location), readers.QUIRKS[engine]

    def __str__(self):
        return self.location

    def read(self, dataset="d"):
        return read_dataset(self.location, dataset)

    def open(self, dataset="d"):
        """A reader with a connection of its own (readers.py)."""
        return readers.reader(self.location, dataset)

    def execute(self, *statements):
        """SQL of the user, the owner of the tables; {} is before the names of those in dataset "d"."""
        with contextlib.closing(self._connect()) as connection:
            for statement in statements:
                connection.cursor().execute(statement.replace("{}", "" if self.engine == "sqlite" else "d."))
            connection.commit()

    def _connect(self):
        if self.engine == "postgres":
            import psycopg2
            return psycopg2.connect(self.location.replace("postgres:", "postgresql:", 1))
        if self.engine == "sqlite":
            import sqlite3
            return sqlite3.connect(readers.sqlite_file(self.location, "d"))
        import duckdb
        return duckdb.connect(self.location).begin()


@functools.cache
def postgres_server():
    """One for all tests of a process; it ends with it."""
    import postgres
    return postgres.Server()


def target(engine, folder):
    """A database that nothing is in."""
    if engine == "postgres":
        server = postgres_server()
        return Target(engine, server.uri(server.create()))
    return Target(engine, Path(folder) / {"duckdb": "g.duckdb", "sqlite": "g.sqlite"}[engine])
