"""How a dataset is read from each engine: names of tables, columns, rows, with values made plain in the same way; and what differs between engines.

A database is named as `spile load --to` has it: a path (DuckDB, SQLite) or a URI (Postgres); or it is an open DuckDB connection.
"""
import collections
import contextlib
import dataclasses
import datetime
import decimal
import json
import re
import sqlite3
from pathlib import Path

import duckdb
import psycopg2
import psycopg2.extras

UTC = datetime.timezone.utc


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def plain(value):
    """A value as JSON can hold it: times in UTC as ISO text, decimals as text, bytes as 0x.."""
    if isinstance(value, datetime.datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "0x" + bytes(value).hex()
    return value


# ---- what differs ------------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Quirks:
    """`types`: dlt's type by the SQL type without its numbers. What is stored in another form than elsewhere comes out of a reader as it is elsewhere."""
    types: dict
    numbers_in_types: bool = True  # precision and scale can be read back
    name_bytes: int = 65536        # of an identifier
    concurrent: bool = True        # others read while a load runs
    merges: tuple = ("delete-insert", "upsert", "scd2", "insert-only", "cdc")  # strategies that dlt has there; spile has all of them everywhere


QUIRKS = {
    "duckdb": Quirks(concurrent=False, types={
        "VARCHAR": "text", "DOUBLE": "double", "BOOLEAN": "bool", "TIMESTAMP WITH TIME ZONE": "timestamp", "TIMESTAMP": "timestamp",
        "TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp", "TINYINT": "bigint", "SMALLINT": "bigint",
        "INTEGER": "bigint", "BIGINT": "bigint", "HUGEINT": "bigint", "DATE": "date", "TIME": "time", "DECIMAL": "decimal", "BLOB": "binary",
        "JSON": "json"}),
    "postgres": Quirks(name_bytes=63, types={
        "character varying": "text", "text": "text", "double precision": "double", "boolean": "bool", "timestamp with time zone": "timestamp",
        "timestamp without time zone": "timestamp", "smallint": "bigint", "integer": "bigint", "bigint": "bigint", "date": "date",
        "time without time zone": "time", "numeric": "decimal", "bytea": "binary", "jsonb": "json", "json": "json"}),
    "sqlite": Quirks(numbers_in_types=False, merges=("delete-insert", "scd2"), types={
        "TEXT": "text", "VARCHAR": "text", "DOUBLE": "double", "FLOAT": "double", "BOOLEAN": "bool", "DATETIME": "timestamp", "SMALLINT": "bigint",
        "INTEGER": "bigint", "BIGINT": "bigint", "DATE": "date", "TIME": "time", "NUMERIC": "decimal", "DECIMAL_TEXT": "decimal", "BLOB": "binary",
        "JSON": "json"}),
}


def engine_of(database):
    if isinstance(database, duckdb.DuckDBPyConnection):
        return "duckdb"
    if re.match("postgres(ql)?:", str(database)):
        return "postgres"
    return "duckdb" if str(database).endswith(".duckdb") else "sqlite"


def dlt_type(engine, sql_type):
    """dlt's type of a column, whatever engine it is in. A wei is a decimal to all of them."""
    bare = re.sub(r" *\([^)]*\)", "", sql_type)
    return QUIRKS[engine].types[bare.upper() if engine == "sqlite" else bare]  # SQLite keeps types as somebody has written them


def neutral(kind, value):
    """A plain value of a column of dlt's type `kind` as it is on every engine: timestamps without their zone, which is UTC, decimals without zeros at
    the end, JSON in one spelling."""
    if value is None:
        return None
    if kind == "timestamp":
        return value.removesuffix("+00:00")
    if kind == "decimal":
        return format(decimal.Decimal(value).normalize() + 0, "f")
    if kind == "json":
        return json.dumps(json.loads(value), sort_keys=True)
    return value


# ---- readers -----------------------------------------------------------------------------------------------------------------------


class Reader:
    """Of one dataset. columns(): {table: [(name, SQL type, nullable)]} in database order; rows(): in the order of insertion, as far as the engine knows."""

    def __init__(self, connection, dataset):
        self.connection, self.dataset = connection, dataset

    def table(self, name):
        return f"{quoted(self.dataset)}.{quoted(name)}"

    def rows(self, name, columns):
        del columns
        return [tuple(map(plain, row)) for row in self.query(f"select * from {self.table(name)} order by {self.ORDER}")]

    def group(self, rows):
        columns = collections.defaultdict(list)
        for table, *column in rows:
            columns[table].append(tuple(column))
        return dict(columns)


class DuckDB(Reader):
    ORDER = "rowid"

    def query(self, sql, *values):
        return self.connection.execute(sql, values).fetchall()

    def columns(self):
        self.query("set TimeZone = 'UTC'")
        return self.group(self.query("""select table_name, column_name, data_type, is_nullable = 'YES' from information_schema.columns join
                                        information_schema.tables using (table_schema, table_name) where table_schema = ? and table_type = 'BASE TABLE'
                                        order by table_name, ordinal_position""", self.dataset))


class Postgres(Reader):
    ORDER = "ctid"

    def query(self, sql, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall()

    def columns(self):
        psycopg2.extras.register_default_jsonb(self.connection, loads=str)
        psycopg2.extras.register_default_json(self.connection, loads=str)
        return self.group(self.query("""select relname, attname, format_type(atttypid, atttypmod), not attnotnull from pg_class join pg_namespace n
                                        on n.oid = relnamespace join pg_attribute on attrelid = pg_class.oid where nspname = %s and relkind = 'r'
                                        and attnum > 0 and not attisdropped order by relname collate "C", attnum""", self.dataset))


class SQLite(Reader):
    """The file of a dataset lies beside the one that is named, as in dlt."""
    ORDER = "_rowid_"

    def table(self, name):
        return quoted(name)

    def query(self, sql, *values):
        return self.connection.execute(sql, values).fetchall()

    def columns(self):
        found = self.query("""select m.name, c.name, c.type, not c."notnull" from sqlite_master m join pragma_table_info(m.name) c
                              where m.type = 'table' and m.name not like 'sqlite%' order by m.name, c.cid""")
        return self.group((*names, bool(nullable)) for *names, nullable in found)

    def rows(self, name, columns):
        kinds = [dlt_type("sqlite", sql_type) for _, sql_type, _ in columns]
        return [tuple(self.value(*pair) for pair in zip(kinds, row)) for row in super().rows(name, columns)]

    @staticmethod
    def value(kind, value):
        """SQLite has five types: what the others are is said by the column."""
        if value is None:
            return None
        if kind == "bool":
            return bool(value)
        if kind == "timestamp":
            found = datetime.datetime.fromisoformat(value)
            return (found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()
        if kind == "time":
            return datetime.time.fromisoformat(value).isoformat()
        return str(value) if kind in ("json", "decimal") else value


def sqlite_file(path, dataset):
    path = Path(path)
    return path if dataset == "main" else path.with_name(f"{path.stem}__{dataset}{path.suffix}")


def missing(path):
    if not Path(path).exists():
        raise FileNotFoundError(path)
    return str(path)


@contextlib.contextmanager
def reader(database, dataset):
    """Opens a dataset for reading, in one transaction, so that what is read belongs together."""
    engine = engine_of(database)
    if isinstance(database, duckdb.DuckDBPyConnection):
        yield DuckDB(database, dataset)
    elif engine == "duckdb":
        with duckdb.connect(str(database), read_only=True) as connection:
            yield DuckDB(connection, dataset)
    elif engine == "postgres":
        with contextlib.closing(psycopg2.connect(re.sub("^postgres:", "postgresql:", str(database)))) as connection:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            connection.cursor().execute("set TimeZone = 'UTC'")
            yield Postgres(connection, dataset)
    else:
        with contextlib.closing(sqlite3.connect(missing(sqlite_file(database, dataset)), isolation_level=None)) as connection:
            connection.execute("begin")
            yield SQLite(connection, dataset)
