"""facts.py KIND SOURCE FACTS [--light]: reads a data file with Python's own JSON reader and writes down what has to come out.

Neither spile nor dlt nor DuckDB takes part, so the figures are independent of everything that is measured. Facts are, per table,
its number of rows and per column: what kind of values, how many of them are not null, their sum (integers as they are, floats in
hundredths, texts by their length in bytes, booleans as 0 and 1, times in seconds since 1970) and their maximum.

The nested kind "w2" is unpacked here by the few rules it needs: objects flatten with "__", lists become tables.
"""
import datetime
import json
import sys

# How dlt spells the keys which are no identifiers (test_bench.py compares with dlt itself).
SPELLINGS = {"+1": "x1", "-1": "_1"}

# For the big files of the memory workloads only these columns are looked at.
LIGHT = {"w1n": {"id", "amount", "created_at"}, "array": {"id", "amount", "created_at"}, "lists": None, "w1f": None, "w2": None}


class Column:
    def __init__(self, kind):
        self.kind, self.count, self.sum, self.max = kind, 0, 0, None

    def add(self, amount, value):
        self.count += 1
        self.sum += amount
        if self.max is None or value > self.max:
            self.max = value


def measure(value):
    """(kind, what is summed, what is compared); the generator writes times in exactly one form."""
    if isinstance(value, bool):
        return "bool", int(value), value
    if isinstance(value, int):
        return "int", value, value
    if isinstance(value, float):
        return "float", round(value * 100), value
    if len(value) == 20 and value[10] == "T" and value[-1] == "Z":
        seconds = int(datetime.datetime.fromisoformat(value).timestamp())
        return "time", seconds, seconds
    return "text", len(value.encode()), value


class Facts:
    def __init__(self, light):
        self.light, self.tables = light, {}

    def row(self, table, element):
        """Books `element` as a row of `table`, and the rows of its lists."""
        entry = self.tables.setdefault(table, {"rows": 0, "columns": {}})
        entry["rows"] += 1
        if not isinstance(element, dict):
            element = {"value": element}
        self.members(table, entry["columns"], "", element)

    def members(self, table, columns, prefix, element):
        for key, value in element.items():
            name = prefix + SPELLINGS.get(key, key)
            if isinstance(value, dict):
                self.members(table, columns, name + "__", value)
            elif isinstance(value, list):
                for item in value:
                    self.row(f"{table}__{name}", item)
            elif value is not None and (self.light is None or name in self.light):
                self.value(columns, table, name, value)

    @staticmethod
    def value(columns, table, name, value):
        kind, amount, compared = measure(value)
        column = columns.get(name)
        if column is None:
            column = columns[name] = Column(kind)
        if column.kind != kind:
            raise SystemExit(f"facts.py: {table}.{name} has values of two kinds, {column.kind} and {kind}")
        column.add(amount, compared)


def documents(source):
    """One document per line; in a top-level array, too, the generator gives each row its own line, with a comma."""
    for line in source:
        line = line.rstrip().rstrip(",")
        if line not in ("[", "]"):
            yield json.loads(line)


def collect(kind, path, table="items", light=None):
    facts = Facts(light)
    with open(path, encoding="utf-8", newline="\n") as source:
        for document in documents(source):
            facts.row(table, document)
    for entry in facts.tables.values():
        entry["columns"] = {name: vars(column) for name, column in entry["columns"].items()}
    return {"kind": kind, "complete": light is None, "tables": facts.tables}


def main():
    kind, source, target = sys.argv[1:4]
    light = LIGHT[kind] if "--light" in sys.argv else None
    with open(target, "w", encoding="utf-8") as out:
        json.dump(collect(kind, source, light=light), out, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
