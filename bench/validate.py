"""validate.py DATABASE SCHEMA FACTS [--ids none|unique|dlt] [--root-only]: compares a DuckDB file with what facts.py found.

Prints one line per fault and ends with 1 if there is any; run.py then declares the run void. Every check looks into the database
itself, never at what a tool reports about its own work.

  --ids none    the side makes no row ids (DuckDB's plain import)
  --ids unique  row ids exist, are unique and link nested rows with their parents, but are made in a way of their own
  --ids dlt     besides, nested ids are dlt's (100 per table are computed again) and `_dlt_loads` has booked the load
  --root-only   the side keeps lists and objects in columns: only rows and plain columns of the root table are compared
"""
import argparse
import base64
import hashlib
import json

import duckdb

SUMS = {
    "int": "sum({0})", "float": "sum(round({0} * 100)::HUGEINT)", "text": "sum(strlen({0}))", "bool": "sum({0}::INT)",
    "time": "sum(epoch({0})::HUGEINT)",
}
MAXIMA = {"int": "max({0})", "float": "max({0})", "text": "max({0})", "bool": "max({0})", "time": "epoch(max({0}))::BIGINT"}
TYPES = {
    "int": {"BIGINT"}, "float": {"DOUBLE"}, "text": {"VARCHAR"}, "bool": {"BOOLEAN"},
    "time": {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"},
}
ID_LENGTH = 14


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def nested_id(parent_id, table, index):
    """dlt's id of a nested row: SHAKE-128 of "<parent id>_<table>_<index>", 10 bytes of it in base64 without padding."""
    digest = hashlib.shake_128(f"{parent_id}_{table}_{index}".encode()).digest(10)
    return base64.b64encode(digest).decode().rstrip("=")


class Validator:
    def __init__(self, connection, schema, facts, ids, root_only):
        self.connection, self.schema, self.facts, self.ids, self.root_only = connection, schema, facts, ids, root_only
        self.faults = []
        self.root = min(facts["tables"], key=len)

    def one(self, sql):
        return self.connection.execute(sql).fetchone()

    def expect(self, what, got, want):
        if got != want:
            self.faults.append(f"{what}: got {got!r}, want {want!r}")

    def name(self, table):
        return f"{quoted(self.schema)}.{quoted(table)}"

    def columns(self, table):
        rows = self.connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?", [self.schema, table])
        return dict(rows.fetchall())

    def id_columns(self, table):
        if self.ids == "none":
            return set()
        return {"_dlt_load_id", "_dlt_id"} if table == self.root else {"_dlt_parent_id", "_dlt_list_idx", "_dlt_id"}

    def run(self):
        wanted = {self.root} if self.root_only else set(self.facts["tables"])
        rows = self.connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [self.schema]).fetchall()
        found = {name for (name,) in rows if not name.startswith("_dlt_")}
        self.expect("tables", sorted(found), sorted(wanted))
        for table in sorted(wanted & found):
            self.table(table, self.facts["tables"][table])
        if self.ids == "dlt" and not self.faults:
            self.loads()
        return self.faults

    def table(self, table, facts):
        self.expect(f"{table}: rows", self.one(f"SELECT count(*) FROM {self.name(table)}")[0], facts["rows"])
        found = self.columns(table)
        if self.facts["complete"] and not self.root_only:
            self.expect(f"{table}: columns", sorted(found), sorted(set(facts["columns"]) | self.id_columns(table)))
        for column, fact in facts["columns"].items():
            if column in found:
                self.column(table, column, found[column], fact)
            elif not self.root_only:
                self.faults.append(f"{table}: column {column} is missing")
        if self.id_columns(table) <= set(found):
            self.row_ids(table)

    def column(self, table, column, type_name, fact):
        what, kind, name = f"{table}.{column}", fact["kind"], quoted(column)
        if type_name not in TYPES[kind]:
            self.faults.append(f"{what}: type {type_name} for {kind}")
            return
        count, total, maximum = self.one(
            f"SELECT count({name}), {SUMS[kind].format(name)}, {MAXIMA[kind].format(name)} FROM {self.name(table)}")
        self.expect(f"{what}: values that are not null", count, fact["count"])
        self.expect(f"{what}: sum", None if total is None else int(total), fact["sum"])
        self.expect(f"{what}: max", maximum, fact["max"])

    def row_ids(self, table):
        if self.ids == "none":
            return
        rows, distinct, lengths = self.one(
            f"SELECT count(*), count(DISTINCT _dlt_id), count(*) FILTER (strlen(_dlt_id) = {ID_LENGTH}) FROM {self.name(table)}")
        self.expect(f"{table}: distinct _dlt_id", distinct, rows)
        self.expect(f"{table}: _dlt_id of {ID_LENGTH} characters", lengths, rows)
        if table == self.root:
            self.expect(f"{table}: distinct _dlt_load_id", self.one(
                f"SELECT count(DISTINCT _dlt_load_id), count(*) FILTER (_dlt_load_id IS NULL) FROM {self.name(table)}"), (1, 0))
        else:
            self.links(table, rows)
            if self.ids == "dlt":
                self.nested_ids(table)

    def parent(self, table):
        return max((name for name in self.facts["tables"] if table.startswith(name + "__")), key=len)

    def links(self, table, rows):
        child, parent = self.name(table), self.name(self.parent(table))
        joined = self.one(f"SELECT count(*) FROM {child} c JOIN {parent} p ON c._dlt_parent_id = p._dlt_id")[0]
        self.expect(f"{table}: rows with a parent", joined, rows)
        gaps = self.one(f"""SELECT count(*) FROM (SELECT count(*) AS n, count(DISTINCT _dlt_list_idx) AS d,
            min(_dlt_list_idx) AS low, max(_dlt_list_idx) AS high FROM {child} GROUP BY _dlt_parent_id)
            WHERE n <> d OR low <> 0 OR high <> n - 1""")[0]
        self.expect(f"{table}: lists whose positions are not 0, 1, 2, …", gaps, 0)
        if table == f"{self.root}__payload__commits":
            self.commits(child, parent)

    def commits(self, child, parent):
        """A push event tells the number of its commits: they must hang on the right parent, not on just any."""
        wrong = self.one(f"""SELECT count(*) FROM {parent} p
            LEFT JOIN (SELECT _dlt_parent_id, count(*) AS n FROM {child} GROUP BY 1) c ON c._dlt_parent_id = p._dlt_id
            WHERE p.payload__size IS DISTINCT FROM c.n""")[0]
        self.expect("events whose commits are not payload__size", wrong, 0)

    def nested_ids(self, table):
        rows = self.connection.execute(f"""SELECT _dlt_parent_id, _dlt_list_idx, _dlt_id FROM {self.name(table)}
            USING SAMPLE reservoir(100 ROWS) REPEATABLE (42)""").fetchall()
        for parent_id, index, row_id in rows:
            self.expect(f"{table}: _dlt_id of {parent_id}, {index}", row_id, nested_id(parent_id, table, index))

    def loads(self):
        booked = self.connection.execute(f"SELECT load_id FROM {self.name('_dlt_loads')} WHERE status = 0").fetchall()
        used = self.connection.execute(f"SELECT DISTINCT _dlt_load_id FROM {self.name(self.root)}").fetchall()
        self.expect("load ids in _dlt_loads", booked, used)


def validate(database, schema, facts, ids="dlt", root_only=False):
    connection = duckdb.connect(database, read_only=True)
    connection.execute("SET timezone = 'UTC'")
    try:
        return Validator(connection, schema, facts, ids, root_only).run()
    except duckdb.Error as error:
        return [f"cannot validate: {error}"]
    finally:
        connection.close()


def main():
    arguments = argparse.ArgumentParser(description="Compares a DuckDB file with the facts of its input.")
    arguments.add_argument("database")
    arguments.add_argument("schema")
    arguments.add_argument("facts")
    arguments.add_argument("--ids", choices=("none", "unique", "dlt"), default="dlt")
    arguments.add_argument("--root-only", action="store_true")
    options = arguments.parse_args()
    with open(options.facts, encoding="utf-8") as source:
        facts = json.load(source)
    faults = validate(options.database, options.schema, facts, options.ids, options.root_only)
    for fault in faults[:20]:
        print(fault)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
