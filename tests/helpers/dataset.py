"""A dataset read from a DuckDB file, and the comparison of two: tables, columns, rows with their nested rows, bookkeeping.

Ids of rows and loads differ between any two loads. They are compared by what they link: the rows of nested tables hang below the row
they belong to, loads are numbered in order of their commit. check_links() proves that the ids themselves are right.
"""
import base64
import collections
import dataclasses
import datetime
import decimal
import hashlib
import json
import os
import zlib

import duckdb

BOOKKEEPING = ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state")
ROW_ID, PARENT_ID, LIST_INDEX, LOAD_ID = "_dlt_id", "_dlt_parent_id", "_dlt_list_idx", "_dlt_load_id"


@dataclasses.dataclass
class Table:
    columns: list  # (name, SQL type, nullable) in database order
    rows: list  # tuples in storage order

    @property
    def names(self):
        return [name for name, _, _ in self.columns]

    def dicts(self):
        return [dict(zip(self.names, row)) for row in self.rows]

    def values(self, *names):
        """The rows as tuples of these columns; of one column as values."""
        rows = [tuple(row[name] for name in names) for row in self.dicts()]
        return [row[0] for row in rows] if len(names) == 1 else rows


@dataclasses.dataclass
class Dataset:
    tables: dict

    def __getitem__(self, name):
        return self.tables[name]

    @property
    def data_tables(self):
        return {name: table for name, table in self.tables.items() if name not in BOOKKEEPING}

    @property
    def counts(self):
        return {name: len(table.rows) for name, table in self.data_tables.items()}

    @property
    def loads(self):
        return sorted(self["_dlt_loads"].dicts(), key=lambda load: (load["inserted_at"], load["load_id"]))

    @property
    def versions(self):
        """The rows of `_dlt_version`, oldest first, with the schema as a document."""
        rows = [dict(row, schema=schema_document(row["schema"])) for row in self["_dlt_version"].dicts()]
        return sorted(rows, key=lambda row: (row["inserted_at"], row["version"]))

    @property
    def schema(self):
        return self.versions[-1]["schema"]

    @property
    def states(self):
        rows = [dict(row, state=state_document(row["state"])) for row in self["_dlt_pipeline_state"].dicts()]
        return sorted(rows, key=lambda row: row[LOAD_ID])

    def parents(self):
        """{table: its parent, None for a root} as the stored schema has it."""
        tables = self.schema["tables"] if self["_dlt_version"].rows else {}
        return {name: tables.get(name, {}).get("parent") for name in self.data_tables}


# ---- reading -----------------------------------------------------------------------------------------------------------------------


def plain(value):
    """A value as JSON can hold it: times in UTC as ISO text, decimals as text, bytes as 0x.."""
    if isinstance(value, datetime.datetime):
        return (value.astimezone(datetime.timezone.utc) if value.tzinfo else value).isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray)):
        return "0x" + bytes(value).hex()
    return value


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def table_names(connection, name):
    query = "select table_name from information_schema.tables where table_schema = ? and table_type = 'BASE TABLE' order by 1"
    return [row[0] for row in connection.execute(query, [name]).fetchall()]


def table_columns(connection, dataset, table):
    query = """select column_name, data_type, is_nullable = 'YES' from information_schema.columns
               where table_schema = ? and table_name = ? order by ordinal_position"""
    return connection.execute(query, [dataset, table]).fetchall()


def read_dataset(database, name="d"):
    """All tables of a dataset. `database`: an open connection, or the path of a file that is not open elsewhere."""
    if not isinstance(database, duckdb.DuckDBPyConnection):
        with duckdb.connect(str(database), read_only=True) as connection:
            return read_dataset(connection, name)
    tables, columns = {}, collections.defaultdict(list)
    database.execute("set TimeZone = 'UTC'")
    query = """select table_name, column_name, data_type, is_nullable = 'YES' from information_schema.columns where table_schema = ?
               order by table_name, ordinal_position"""
    for table, *column in database.execute(query, [name]).fetchall():
        columns[table].append(tuple(column))
    for table in table_names(database, name):
        rows = database.execute(f"from {quoted(name)}.{quoted(table)} order by rowid").fetchall()
        tables[table] = Table(columns[table], [tuple(map(plain, row)) for row in rows])
    return Dataset(tables)


def content(database):
    """All that is in a database, whatever dataset it belongs to, to compare with what is there later; nothing when there is none."""
    if not os.path.exists(database):
        return {}
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute("select schema_name, table_name from duckdb_tables() union all select schema_name, view_name from duckdb_views() "
                                   "where not internal order by all").fetchall()
        return {name: (table_columns(connection, *name), connection.execute(f"from {quoted(name[0])}.{quoted(name[1])}").fetchall())
                for name in names}


# ---- bookkeeping -------------------------------------------------------------------------------------------------------------------


def inflated(text):
    """dlt stores long documents as base64 of zlib; whatever is no base64 is the document itself."""
    try:
        return zlib.decompress(base64.b64decode(text, validate=True)).decode()
    except ValueError:
        return text


def schema_document(text):
    return json.loads(inflated(text))


state_document = schema_document


def compact(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


VERSION_KEYS = ("version", "version_hash", "imported_version_hash", "previous_hashes")
STATE_VERSION_KEYS = ("_state_version", "_state_engine_version", "_version_hash", "_local")


def without(document, keys):
    return {key: value for key, value in document.items() if key not in keys}


def schema_content(schema):
    return without(schema, VERSION_KEYS)


def schema_hash(schema):
    """dlt's version_hash: of the content, then of the tables' and columns' names in stored order of columns."""
    digest = hashlib.sha3_256(compact(schema_content(schema)))
    for name, table in sorted(schema["tables"].items()):
        digest.update(name.encode())
        for column in table.get("columns", {}):
            digest.update(column.encode())
    return base64.b64encode(digest.digest()).decode()


def state_hash(state):
    return base64.b64encode(hashlib.sha3_256(compact(without(state, STATE_VERSION_KEYS))).digest()).decode()


def check_bookkeeping(dataset):
    """What is wrong with `_dlt_version`, `_dlt_loads` and `_dlt_pipeline_state` as such."""
    wrong, versions, loads = [], dataset.versions, dataset.loads
    hashes = [row["version_hash"] for row in versions]
    for row in versions:
        if not row["version_hash"] == row["schema"]["version_hash"] == schema_hash(row["schema"]):
            wrong.append(f"version {row['version']}: hash {row['version_hash']}, in the document {row['schema']['version_hash']}, "
                         f"recomputed {schema_hash(row['schema'])}")
        if not row["version"] == row["schema"]["version"]:
            wrong.append(f"version {row['version']} in the row, {row['schema']['version']} in the document")
        if not row["engine_version"] == row["schema"]["engine_version"] == 11 or row["schema_name"] != row["schema"]["name"]:
            wrong.append(f"engine version or schema name of {row['version']}: {row}")
    if len(set(hashes)) != len(hashes):
        wrong.append(f"a schema is stored twice: {hashes}")
    numbers = [row["version"] for row in versions]
    if numbers != sorted(set(numbers)):
        wrong.append(f"the versions do not rise: {numbers}")
    if len({load["load_id"] for load in loads}) != len(loads):
        wrong.append(f"a load is booked twice: {loads}")
    wrong += [f"load with an unknown schema or a status: {load}" for load in loads if load["schema_version_hash"] not in hashes or load["status"]]
    for row in dataset.states:
        if not row["version_hash"] == row["state"]["_version_hash"] == state_hash(row["state"]):
            wrong.append(f"state hash {row['version_hash']}, in the document {row['state']['_version_hash']}, recomputed {state_hash(row['state'])}")
        if row["version"] != row["state"]["_state_version"] or row["engine_version"] != row["state"]["_state_engine_version"]:
            wrong.append(f"version of the state: {row}")
        if row[LOAD_ID] not in {load["load_id"] for load in loads}:
            wrong.append(f"state of a load that is not booked: {row}")
    return wrong


# ---- links -------------------------------------------------------------------------------------------------------------------------


def nested_id(parent_id, table, index):
    """dlt's rule for rows of nested tables."""
    digest = hashlib.shake_128(f"{parent_id}_{table}_{index}".encode()).digest(10)
    return base64.b64encode(digest).decode().rstrip("=")


def check_links(dataset, own_ids=False):
    """What is wrong with ids and links. `own_ids`: the data brought the root rows' ids."""
    wrong, loads, parents = [], {load["load_id"] for load in dataset.loads}, dataset.parents()
    ids = {name: {row[ROW_ID] for row in table.dicts()} for name, table in dataset.data_tables.items()}
    for name, table in dataset.data_tables.items():
        parent = parents[name]
        if len(ids[name]) != len(table.rows):
            wrong.append(f"{name}: ids are not unique")
        for row in table.dicts():
            if parent is None and row.get(LOAD_ID) not in loads:
                wrong.append(f"{name}: row of a load that is not booked: {row}")
            if parent is None and not own_ids and not is_random_id(row[ROW_ID]):
                wrong.append(f"{name}: not an id as dlt makes it: {row[ROW_ID]!r}")
            if parent is not None and not any(row[PARENT_ID] in ids[table] for table in possible_parents(name, parent, ids)):
                wrong.append(f"{name}: no parent in {parent}: {row}")
            if parent is not None and row[ROW_ID] != nested_id(row[PARENT_ID], name, row[LIST_INDEX]):
                wrong.append(f"{name}: the id does not follow from parent and index: {row}")
    return wrong[:20]


def possible_parents(name, parent, tables):
    """The parent, and tables between: a list may be found once below an object of the row and once below a nested list."""
    return [parent] * (parent in tables) + [table for table in tables if name.startswith((table + "__", table + "\u25b6")) and table != parent]


def is_random_id(text):
    """10 bytes in base64 without padding."""
    try:
        return len(text) == 14 and len(base64.b64decode(text + "==", validate=True)) == 10
    except ValueError:
        return False


# ---- exact dumps -------------------------------------------------------------------------------------------------------------------

TIMES = ("inserted_at", "created_at")  # of the bookkeeping: the time of day


def table_digest(connection, dataset, table):
    columns = table_columns(connection, dataset, table)
    names = ", ".join(quoted(name) for name, _, _ in columns if not (table in BOOKKEEPING and name in TIMES))
    digest, count = hashlib.sha256(repr(columns).encode()), 0
    result = connection.execute(f"select {names} from {quoted(dataset)}.{quoted(table)} order by rowid")
    while rows := result.fetchmany(10000):
        count += len(rows)
        digest.update(repr(rows).encode("utf-8", "surrogatepass"))
    return count, digest.hexdigest()


def digests(path, name="d"):
    """{table: (rows, digest of columns and rows)} of all tables, ids and order of rows included, times of the bookkeeping left out."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {table: table_digest(connection, name, table) for table in table_names(connection, name)}


# ---- comparison --------------------------------------------------------------------------------------------------------------------


class Rows:
    """Writes rows as text, each with its nested rows below it, so that equal data gives equal text."""

    def __init__(self, dataset, digits=None, own_ids=False, loads=True):
        self.dataset, self.digits = dataset, digits
        self.hidden = {PARENT_ID, "_dlt_root_id"} | (set() if own_ids else {ROW_ID}) | (set() if loads else {LOAD_ID})
        self.load_numbers = {load["load_id"]: f"load {i}" for i, load in enumerate(dataset.loads, 1)} if "_dlt_loads" in dataset.tables else {}
        self.parents = dataset.parents()
        self.children = collections.defaultdict(list)

    def value(self, name, sql_type, value):
        if name == LOAD_ID:
            return self.load_numbers.get(value, value)
        if isinstance(value, float):
            return repr(float(f"{value:.{self.digits}g}") + 0.0 if self.digits else value + 0.0)
        if sql_type == "JSON" and self.digits:
            return json.dumps(json.loads(value), sort_keys=True)
        return repr(value)

    def text(self, name, table, row):
        values = [f"{column}={self.value(column, sql_type, row[i])}" for i, (column, sql_type, _) in enumerate(table.columns)
                  if row[i] is not None and column not in self.hidden]
        own_id = row[table.names.index(ROW_ID)]
        below = sorted(self.children.pop(own_id, []))
        return name + "(" + ", ".join(sorted(values)) + ")" + ("{" + "; ".join(below) + "}" if below else "")

    def roots(self):
        """{root table: its rows as a multiset}, and what hangs nowhere."""
        roots = {}
        for name in sorted(self.dataset.data_tables, key=len, reverse=True):  # a nested table's name is longer than its parent's
            table, parent = self.dataset[name], self.parents[name]
            texts = [self.text(name, table, row) for row in table.rows]
            if parent is None:
                roots[name] = collections.Counter(texts)
            else:
                for row, text in zip(table.rows, texts):
                    self.children[row[table.names.index(PARENT_ID)]].append(text)
        roots["rows without a parent"] = collections.Counter(text for texts in self.children.values() for text in texts)
        return roots


def shown(counter):
    rows = sorted(counter.elements())
    return "".join(f"\n      {row[:1500]}" for row in rows[:3]) + (f"\n      and {len(rows) - 3} more" if len(rows) > 3 else "")


def compare_columns(got, want):
    differences = []
    for name in sorted(set(got.tables) | set(want.tables)):
        if name not in got.tables or name not in want.tables:
            differences.append(f"table {name}: " + ("missing" if name in want.tables else "superfluous"))
        elif [tuple(c) for c in got[name].columns] != [tuple(c) for c in want[name].columns]:
            differences.append(f"columns of {name}:\n    got  {got[name].columns}\n    want {want[name].columns}")
    return differences


def compare_rows(got, want, digits=None, own_ids=False, loads=True):
    """`loads`: whether it matters which load a row came with."""
    differences = []
    got_rows, want_rows = (Rows(dataset, digits, own_ids, loads).roots() for dataset in (got, want))
    for name in want_rows:
        more, less = got_rows.get(name, collections.Counter()) - want_rows[name], want_rows[name] - got_rows.get(name, collections.Counter())
        if more or less:
            differences.append(f"rows of {name}:\n    got only:{shown(more)}\n    want only:{shown(less)}")
    return differences


def compare_documents(got, want, path):
    """Differences of two JSON documents, by their place."""
    if isinstance(got, dict) and isinstance(want, dict):
        return [d for key in sorted(set(got) | set(want))
                for d in compare_documents(got.get(key, "(none)"), want.get(key, "(none)"), f"{path}.{key}")]
    return [] if got == want else [f"{path}: got {json.dumps(got)}, want {json.dumps(want)}"]


def compare_bookkeeping(got, want):
    """Same schemas in the same order, same loads, same states; the numbers of versions are each engine's own affair."""
    differences = []
    for i, (a, b) in enumerate(zip(got.versions, want.versions)):
        found = compare_documents(schema_content(a["schema"]), schema_content(b["schema"]), f"schema {i + 1}")
        if not found and a["version_hash"] != b["version_hash"]:
            found = [f"schema {i + 1}: same content, another hash: the order of columns differs: " + str(compare_order(a["schema"], b["schema"]))]
        differences += found
    for what, rows in (("_dlt_version", "versions"), ("_dlt_loads", "loads"), ("_dlt_pipeline_state", "states")):
        if len(getattr(got, rows)) != len(getattr(want, rows)):
            differences.append(f"rows of {what}: got {len(getattr(got, rows))}, want {len(getattr(want, rows))}")
    keys = ("schema_name", "status", "schema_version_hash")
    for i, (a, b) in enumerate(zip(got.loads, want.loads)):
        differences += compare_documents({k: a[k] for k in keys}, {k: b[k] for k in keys}, f"load {i + 1}")
    for i, (a, b) in enumerate(zip(got.states, want.states)):
        differences += compare_documents(state_facts(a), state_facts(b), f"state {i + 1}")
    return differences


def sort_hashes(value):
    """dlt's hashes of items at an incremental border come out of a set, in any order."""
    if isinstance(value, dict):
        return {key: sorted(member) if key == "unique_hashes" else sort_hashes(member) for key, member in value.items()}
    return value


def state_facts(row):
    """What a state says. dlt's replace leaves an empty record of the source behind (it has reset what was never set): that says nothing."""
    state = sort_hashes(without(row["state"], ("_version_hash",)))
    if not any(state.get("sources", {}).values()):
        state.pop("sources", None)
    return {"pipeline_name": row["pipeline_name"], "version": row["version"], "engine_version": row["engine_version"], "state": state}


def compare_order(got, want):
    return {name: (list(got["tables"][name]["columns"]), list(table["columns"])) for name, table in want["tables"].items()
            if list(got["tables"][name]["columns"]) != list(table["columns"])}


def compare(got, want, digits=None, own_ids=False):
    """Everything that differs between two datasets, as texts. `digits`: significant digits of floats, where dlt's way through SQL text
    costs the last ones; JSON columns are then compared as documents."""
    return (compare_columns(got, want) + compare_rows(got, want, digits, own_ids) + check_links(got, own_ids) + check_bookkeeping(got) +
            compare_bookkeeping(got, want))


def report(differences):
    return "\n".join(differences)
