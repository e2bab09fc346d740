"""A dataset read from any engine (readers.py), and the comparison of two: tables, columns, rows with their nested rows, bookkeeping.

Ids of rows and loads differ between any two loads. They are compared by what they link: the rows of nested tables hang below the row
they belong to, loads are numbered in order of their commit. check_links() proves that the ids themselves are right.
"""
import base64
import collections
import dataclasses
import datetime
import hashlib
import json
import os
import zlib

import duckdb

from readers import dlt_type, engine_of, neutral, plain, quoted, reader  # noqa: F401  (plain: for others)

BOOKKEEPING = ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state")
ROW_ID, PARENT_ID, ROOT_ID, LIST_INDEX, LOAD_ID = "_dlt_id", "_dlt_parent_id", "_dlt_root_id", "_dlt_list_idx", "_dlt_load_id"


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
    engine: str = "duckdb"

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
    def load_times(self):
        """{when a load began, as timestamps have it: $time_of_load1, ...}: of load ids that are times, by which versions of scd2 begin and end."""
        return {load_time(load["load_id"]): f"$time_of_load{i}" for i, load in enumerate(self.loads, 1)} if "_dlt_loads" in self.tables else {}

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


def load_time(load_id):
    try:
        return plain(datetime.datetime.fromtimestamp(float(load_id), datetime.timezone.utc))
    except ValueError:
        return load_id


# ---- reading -----------------------------------------------------------------------------------------------------------------------


def table_names(connection, name):
    query = "select table_name from information_schema.tables where table_schema = ? and table_type = 'BASE TABLE' order by 1"
    return [row[0] for row in connection.execute(query, [name]).fetchall()]


def table_columns(connection, dataset, table):
    query = """select column_name, data_type, is_nullable = 'YES' from information_schema.columns
               where table_schema = ? and table_name = ? order by ordinal_position"""
    return connection.execute(query, [dataset, table]).fetchall()


def read_dataset(database, name="d"):
    """All tables of a dataset. `database`: what `--to` names, and is not open elsewhere if it is a DuckDB file; or an open DuckDB connection."""
    with reader(database, name) as source:
        columns = source.columns()
        return Dataset({table: Table(columns[table], source.rows(table, columns[table])) for table in sorted(columns)}, engine_of(database))


def neutral_dataset(dataset):
    """The same without what is the engine's: columns have dlt's types, values the form they have everywhere."""
    tables = {}
    for name, table in dataset.tables.items():
        kinds = [dlt_type(dataset.engine, sql_type) for _, sql_type, _ in table.columns]
        columns = [(column, kind, nullable) for (column, _, nullable), kind in zip(table.columns, kinds)]
        tables[name] = Table(columns, [tuple(neutral(*pair) for pair in zip(kinds, row)) for row in table.rows])
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
    if any(one == next_one for one, next_one in zip(hashes, hashes[1:])):
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
    wrong, loads, parents, versioned = [], {load["load_id"] for load in dataset.loads}, dataset.parents(), tables_with_versions(dataset)
    ids = {name: {row[ROW_ID] for row in table.dicts()} for name, table in dataset.data_tables.items()}
    for name, table in dataset.data_tables.items():
        parent = parents[name]
        if len(ids[name]) != len(table.rows) and name not in versioned:
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
    return (wrong + check_root_ids(dataset, parents))[:20]


def schema_tables(dataset):
    return dataset.schema["tables"] if dataset["_dlt_version"].rows else {}


def tables_with_versions(dataset):
    """Root tables in which a row may come back with the id it had."""
    tables = schema_tables(dataset)
    return {name for name, table in tables.items() if table.get("columns", {}).get(ROW_ID, {}).get("x-row-version")}


def check_root_ids(dataset, parents):
    """A nested row that knows its root has the id that its parent has."""
    wrong, roots, tables = [], collections.defaultdict(set), schema_tables(dataset)
    for name in sorted(dataset.data_tables, key=len):
        rows = [row for row in dataset[name].dicts() if parents[name] is not None and row.get(ROOT_ID) is not None]
        wrong += [f"{name}: not the id of its root: {row}" for row in rows if roots[row[PARENT_ID]] and row[ROOT_ID] not in roots[row[PARENT_ID]]]
        key = next((key for key, column in tables.get(name, {}).get("columns", {}).items() if column.get("row_key")), ROW_ID)
        for row in dataset[name].dicts():
            root = row.get(ROOT_ID) if parents[name] is not None else row.get(key)
            roots[row[ROW_ID]] |= {root} if root is not None else set()
    return wrong


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
        self.hidden = {PARENT_ID, ROOT_ID} | (set() if own_ids else {ROW_ID}) | (set() if loads else {LOAD_ID})
        self.load_numbers = {load["load_id"]: f"load {i}" for i, load in enumerate(dataset.loads, 1)} if "_dlt_loads" in dataset.tables else {}
        self.times = {**dataset.load_times, **{neutral("timestamp", time): symbol for time, symbol in dataset.load_times.items()}}
        self.parents = dataset.parents()
        self.hung = set()  # ids of rows below which nested rows hang
        self.children = collections.defaultdict(list)

    def value(self, name, sql_type, value):
        if name == LOAD_ID:
            return self.load_numbers.get(value, value)
        if isinstance(value, float):
            return repr(float(f"{value:.{self.digits}g}") + 0.0 if self.digits else value + 0.0)
        if sql_type == "JSON" and self.digits:
            return json.dumps(json.loads(value), sort_keys=True)
        return repr(self.times.get(value, value) if isinstance(value, str) else value)

    def text(self, name, table, row):
        values = [f"{column}={self.value(column, sql_type, row[i])}" for i, (column, sql_type, _) in enumerate(table.columns)
                  if row[i] is not None and column not in self.hidden]
        own_id = row[table.names.index(ROW_ID)]
        below = sorted(self.children.get(own_id, []))  # of scd2's versions several may have the same id, and so the same nested rows
        self.hung.add(own_id)
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
        roots["rows without a parent"] = collections.Counter(text for parent, texts in self.children.items() if parent not in self.hung for text in texts)
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


def compare_bookkeeping(got, want, once=False):
    """Same schemas in the same order, same loads, same states; the numbers of versions are each engine's own affair. `once`: dispositions take turns, so that
    schemas and states that come again are stored by one engine and not by the other."""
    versions, states = (versions_once, states_once) if once else (lambda dataset: dataset.versions, lambda dataset: dataset.states)
    differences, rows = [], {"_dlt_version": versions, "_dlt_loads": lambda dataset: dataset.loads, "_dlt_pipeline_state": states}
    for i, (a, b) in enumerate(zip(versions(got), versions(want))):
        found = compare_documents(schema_content(a["schema"]), schema_content(b["schema"]), f"schema {i + 1}")
        if not found and a["version_hash"] != b["version_hash"]:
            found = [f"schema {i + 1}: same content, another hash: the order of columns differs: " + str(compare_order(a["schema"], b["schema"]))]
        differences += found
    for what, listed in rows.items():
        if len(listed(got)) != len(listed(want)):
            differences.append(f"rows of {what}: got {len(listed(got))}, want {len(listed(want))}")
    keys = ("schema_name", "status", "schema_version_hash")
    for i, (a, b) in enumerate(zip(got.loads, want.loads)):
        differences += compare_documents({k: a[k] for k in keys}, {k: b[k] for k in keys}, f"load {i + 1}")
    for i, (a, b) in enumerate(zip(states(got), states(want))):
        differences += compare_documents(state_facts(a), state_facts(b), f"state {i + 1}")
    return differences


def versions_once(dataset):
    """A schema that returns to what it was is stored anew by spile, since the newest one is read; dlt looks for its hash and stores nothing."""
    seen = set()
    return [row for row in dataset.versions if not (row["version_hash"] in seen or seen.add(row["version_hash"]))]


def states_once(dataset):
    """Without those that say what the one before says (see state_facts)."""
    rows = dataset.states
    facts = [without(state_facts(row)["state"], ("_state_version",)) for row in rows]
    return [row for i, row in enumerate(rows) if not i or facts[i] != facts[i - 1]]


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


def compare_neutral(got, want, own_ids=False):
    """The same of datasets in different engines: without what is the engine's."""
    got, want = neutral_dataset(got), neutral_dataset(want)
    for dataset in (got, want):
        table = dataset["_dlt_pipeline_state"]
        at = table.names.index("state")
        table.rows = [(*row[:at], nowhere(row[at]), *row[at + 1:]) for row in table.rows]
    differences = compare_columns(got, want) + compare_rows(got, want, own_ids=own_ids) + check_links(got, own_ids) + compare_bookkeeping(got, want, True)
    return differences


def nowhere(state):
    """A state that does not say where it is."""
    return json.dumps({**state_document(state), "destination_type": None})


def compare(got, want, digits=None, own_ids=False, once=False):
    """Everything that differs between two datasets, as texts. `digits`: significant digits of floats, where dlt's way through SQL text
    costs the last ones; JSON columns are then compared as documents."""
    return (compare_columns(got, want) + compare_rows(got, want, digits, own_ids) + check_links(got, own_ids) + check_bookkeeping(got) +
            compare_bookkeeping(got, want, once))


def report(differences):
    return "\n".join(differences)
