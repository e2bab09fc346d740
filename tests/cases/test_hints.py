# ctest: labels=cases;small timeout=300
"""Hints: what a user says of columns and tables, by options and by schema files, and what becomes of the data then.

Expected values: DuckDB's CAST for decimals that are rounded; arithmetic for the rest. test_hints_as_dlt.py compares with dlt.
"""
import duckdb
import pytest

from cases import compare_with_dlt
from dataset import check_bookkeeping, check_links, digests, read_dataset, report

CONFIG, CONTRACT = 3, 6
TABLE, DATASET = "t", "d"


def load(work, documents, table=TABLE, **options):
    name = f"{table}-{len(list(work.folder.iterdir()))}.json"
    return work.load(work.write(name, documents), table=table, dataset=DATASET, **options)


def refuse(work, documents, code, *words, table=TABLE, **options):
    """The load fails with this exit code, the message has these words, and the dataset stays as it was."""
    before = digests(work.database) if work.database.exists() else None
    result = work.run(work.write("refused.json", documents), table=table, dataset=DATASET, **options)
    assert result.code == code, str(result)
    for word in words:
        assert word in result.err, f"{word!r} is missing:\n{result.err}"
    assert " hint: " in result.err
    assert (digests(work.database) if before is not None else None) == before


def columns_of(work, table=TABLE):
    return [(name, kind) for name, kind, _ in read_dataset(work.database)[table].columns if not name.startswith("_dlt")]


def dataset_of(work):
    """A dataset whose ids, links and bookkeeping are right."""
    found = read_dataset(work.database)
    assert not (wrong := check_links(found) + check_bookkeeping(found)), report(wrong)
    return found


# ---- the language of --columns -----------------------------------------------------------------------------------------------------

# type: SQL type, value in JSON, value in the database
TYPES = {
    "text": ("VARCHAR", 5, "5"),
    "text(5)": ("VARCHAR", "longer", "longer"),
    "double": ("DOUBLE", "1.5", 1.5),
    "bool": ("BOOLEAN", "yes", True),
    "timestamp": ("TIMESTAMP WITH TIME ZONE", "2024-01-01", "2024-01-01T00:00:00+00:00"),
    "timestamp(0):naive": ("TIMESTAMP_S", "2024-01-01T10:00:00.4", "2024-01-01T10:00:00"),
    "timestamp(3):naive": ("TIMESTAMP_MS", "2024-01-01T10:00:00.123456", "2024-01-01T10:00:00.123000"),
    "timestamp(6):naive": ("TIMESTAMP", "2024-01-01T10:00:00.123456", "2024-01-01T10:00:00.123456"),
    "timestamp(9):naive": ("TIMESTAMP_NS", "2024-01-01T10:00:00.123456", "2024-01-01T10:00:00.123456"),
    "bigint": ("BIGINT", "0x10", 16),
    "bigint(8)": ("TINYINT", 127, 127),
    "bigint(16)": ("SMALLINT", -32768, -32768),
    "bigint(32)": ("INTEGER", 2147483647, 2147483647),
    "bigint(64)": ("BIGINT", 1, 1),
    "bigint(128)": ("HUGEINT", 1, 1),
    "binary": ("BLOB", "AP8=", "0x00ff"),
    "json": ("JSON", {"a": [1, None]}, '{"a":[1,null]}'),
    "decimal": ("DECIMAL(38,9)", 1.5, "1.500000000"),
    "decimal(10)": ("DECIMAL(10,9)", "1.5", "1.500000000"),
    "decimal(10,2)": ("DECIMAL(10,2)", "1.5", "1.50"),
    "decimal(5,0)": ("DECIMAL(5,0)", 12, "12"),
    "decimal(38,38)": ("DECIMAL(38,38)", "0.5", "0.5" + "0" * 37),
    "wei": ("DECIMAL(38,0)", "0x10", "16"),
    "date": ("DATE", "2024-01-01", "2024-01-01"),
    "time": ("TIME", "10:00", "10:00:00"),
}


def test_all_types(work):
    names = {kind: f"c{i}" for i, kind in enumerate(TYPES)}
    load(work, {names[kind]: value for kind, (_, value, _) in TYPES.items()}, columns=",".join(f"{names[kind]}:{kind}" for kind in TYPES))
    table = dataset_of(work)[TABLE]
    assert [(kind, sql, value) for kind, (_, sql, _), value in zip(TYPES, table.columns, table.rows[0])] == [
        (kind, sql, value) for kind, (sql, _, value) in TYPES.items()]


def test_several_tables_and_options(work):
    """TABLE.COLUMN for several tables, nested ones among them; repeated options join; blanks do not matter."""
    orders, users = work.write("orders.json", [{"id": 1, "items": [{"sku": 1}]}]), work.write("Users.json", [{"Line Item": 5, "id": 2}])
    work.load(orders, users, dataset=DATASET, primary_key="id",
              columns=["Users.Line Item : text, orders__items.sku:text", "orders.id:double", "users.id:decimal(5,1)"])
    found = dataset_of(work)
    assert columns_of(work, "orders") == [("id", "DOUBLE")] and found["orders__items"].values("sku") == ["1"]
    assert columns_of(work, "users") == [("line_item", "VARCHAR"), ("id", "DECIMAL(5,1)")]
    tables = found.schema["tables"]
    assert [tables[name]["columns"]["id"].get("primary_key") for name in ("orders", "users")] == [True, True]


@pytest.mark.parametrize("naming, columns, table, want", [
    ("snake_case", "aB:text,My T__L1.Xy:text", "My T", {"my_t": ["a_b"], "my_t__l1": ["xy"]}),
    ("duck_case", "aB:text,My T__L1.Xy:text", "My T", {"My T": ["aB"], "My T__L1": ["Xy"]}),
    ("direct", "aB:text,My T\u25b6L1.Xy:text", "My T", {"My T": ["aB"], "My T\u25b6L1": ["Xy"]}),
    ("sql_ci_v1", "aB:text,My T__L1.Xy:text", "My T", {"my_t": ["ab"], "my_t__l1": ["xy"]}),
    ("sql_cs_v1", "aB:text,My T__L1.Xy:text", "My T", {"My_T": ["aB"], "My_T__L1": ["Xy"]}),
])
def test_naming(work, naming, columns, table, want):
    """Hints, and paths of JSON columns, name keys of the data; both are normalized alike."""
    load(work, {"aB": 1, "jS": {"x Y": {"k": 1}}, "L1": [{"Xy": 2, "J s": [1]}]}, table=table, naming=naming, columns=columns, json_column="jS.x Y,L1.J s")
    found = dataset_of(work)
    assert set(found.counts) == set(want)
    for name, texts in want.items():
        kinds = {column: kind for column, kind, _ in found[name].columns if not column.startswith("_dlt")}
        assert [column for column, kind in kinds.items() if kind == "VARCHAR"] == texts and list(kinds.values()).count("JSON") == 1, kinds


# ---- what contradicts the dataset --------------------------------------------------------------------------------------------------

HAVING = [{"a": 1, "d": "1.5", "at": "2024-01-01T00:00:00Z", "o": {"x": 1}, "l": [{"k": 1}]}]
CONTRADICTIONS = {
    "a:text": ('"a"', '"t"', "bigint", "text"),
    "A:double": ('"a"', "bigint", "double"),
    "a:bigint(8)": ('"a"', "precision", "8"),
    "d:decimal(12,2)": ('"d"', "precision", "10", "12"),
    "d:decimal(10,3)": ('"d"', "scale", "2", "3"),
    "at::naive": ('"at"', "timezone", "false"),
    "o__x:text": ('"o__x"', "bigint", "text"),
    "t__l.k:text": ('"k"', '"t__l"', "bigint", "text"),
}


@pytest.fixture
def having(work):
    load(work, HAVING, columns="d:decimal(10,2)")
    return work


@pytest.mark.parametrize("hint", CONTRADICTIONS)
def test_contradictions(having, hint):
    refuse(having, HAVING, CONFIG, *CONTRADICTIONS[hint], "keeps its type", columns=hint)


def test_the_same_again_is_none(having):
    load(having, HAVING, columns="a:bigint:unique,d:decimal(10,2),at:timestamp,t__l.k:bigint")
    assert dataset_of(having).counts == {"t": 2, "t__l": 2}


def test_a_schema_file_contradicts_too(having):
    path = having.write("s.yaml", "tables:\n  t:\n    columns:\n      a: {data_type: text}\n")
    refuse(having, HAVING, CONFIG, '"a"', "bigint", "text", schema=path)


@pytest.mark.parametrize("contract, columns, words", [
    ("columns=freeze", "new:text", ('"new"', '"t"', "columns: freeze", "columns=evolve")),
    ("freeze", "t__l.new::unique", ('"new"', '"t__l"', "columns: freeze")),
    ("tables=freeze", "t__m.x:text", ('"t__m"', "tables: freeze", "tables=evolve")),
])
def test_frozen(having, contract, columns, words):
    refuse(having, HAVING, CONTRACT, *words, columns=columns, contract=contract)
    load(having, HAVING, contract=contract)
    refuse(having, HAVING, CONTRACT, *words, columns=columns)  # the dataset keeps the contract


@pytest.mark.parametrize("mode", ["discard_row", "discard_value"])
def test_contracts_that_discard_leave_the_hint_out(having, mode):
    load(having, HAVING, columns="new:text,a::unique,t__m.x:text", contract=mode)
    found = dataset_of(having)
    assert found.counts == {"t": 2, "t__l": 2} and "new" not in found["t"].names
    assert "new" not in found.schema["tables"]["t"]["columns"] and found.schema["tables"]["t"]["columns"]["a"]["unique"] is True


# ---- values that do not fit --------------------------------------------------------------------------------------------------------

BITS = {8: 2**7, 16: 2**15, 32: 2**31, 64: 2**63}


@pytest.mark.parametrize("bits", BITS)
def test_bits(work, bits):
    """What has more bits goes into the variant; beyond 64 bits it is a decimal."""
    limit = BITS[bits]
    values = [0, limit - 1, -limit, limit, -limit - 1, str(limit - 1), str(limit)]
    load(work, [{"a": value} for value in values], columns=f"a:bigint({bits})")
    rows, names = read_dataset(work.database)[TABLE].dicts(), {"bigint": "a__v_bigint", "text": "a__v_text", "decimal": "a__v_decimal"}
    assert [row["a"] for row in rows] == [int(value) if -limit <= int(value) < limit else None for value in values]
    for row, value in zip(rows, values):
        kind = "text" if isinstance(value, str) else "bigint" if -2**63 <= value < 2**63 else "decimal"
        assert (row["a"] is None) == (row.get(names[kind]) is not None), (value, row)


DECIMALS = ["1.005", "1.004", "-1.005", "2.5", "-2.5", "0.995", "99.994", "99.995", "-99.995", "100", "-99.99", "0.004", "0.005", "1e1", "9.9949999999",
            " 7 ", "0", "1e-5", "99.5", "99.4", "0.5", "-0.5", "12345678901234567890", "x"]


@pytest.mark.parametrize("precision, scale", [(4, 2), (2, 0), (3, 1), (18, 4), (38, 2)])
def test_decimals_are_rounded_as_duckdb_does(work, precision, scale):
    """What has too many digits before the point, and what is no number, goes into the variant."""
    load(work, [{"a": text} for text in DECIMALS], columns=f"a:decimal({precision},{scale})")
    with duckdb.connect(":memory:") as connection:
        want = [connection.execute(f"select cast(try_cast(trim(?) as decimal({precision},{scale})) as varchar)", [text]).fetchone()[0] for text in DECIMALS]
    rows = read_dataset(work.database)[TABLE].dicts()
    assert [(text, row["a"]) for text, row in zip(DECIMALS, rows)] == list(zip(DECIMALS, want))
    assert [row["a__v_text"] for row in rows] == [text if value is None else None for text, value in zip(DECIMALS, want)]


def test_decimals_from_numbers(work):
    """Numbers of JSON count by their digits: 1.005 is no double below it."""
    values = [1.005, 2.675, 5, 99.994, 99.995, 1e3, 1e-9]
    load(work, [{"a": value} for value in values], columns="a:decimal(4,2)")
    rows = read_dataset(work.database)[TABLE].dicts()
    assert [row["a"] for row in rows] == ["1.01", "2.68", "5.00", "99.99", None, None, "0.00"]
    assert [row["a__v_double"] for row in rows] == [None] * 4 + [99.995, 1000.0, None]


# ---- must not be null --------------------------------------------------------------------------------------------------------------

ROW, SEEN = "which must not be null", "no row has a value for column"
# hint: second line, words
NULLS = {
    "a::not_null": ('{"a": null, "b": 1}', [ROW, '"a"', '"t"', "type bigint", "t.a::null", "line 2, byte 9 of", "item 2"]),
    "a:text:not_null": ('{"b": 1}', [ROW, '"a"', "type text", "line 2"]),
    "a::primary_key": ('{}', [ROW, '"a"', "line 2"]),
    "a:bigint(8):not_null": ('{"a": 300}', [ROW, '"a"', "line 2"]),  # the value is in the variant
    "t__l.k:text:not_null": ('{"a": 1, "l": [{"k": 1}, {"k": null}]}', [ROW, '"k"', '"t__l"', "t__l.k::null", "line 2"]),
    "t__l.k:bigint:not_null": ('{"a": 1, "l": [{"k": "x"}]}', [ROW, '"k"', '"t__l"', "line 2"]),
    "never::not_null": ('{"a": 1}', [SEEN, '"never"', '"t"', "t.never:text:null"]),
    "t__l.never::merge_key": ('{"a": 1, "l": [1]}', [SEEN, '"never"', '"t__l"']),
}


@pytest.mark.parametrize("hint", NULLS)
def test_not_null(work, hint):
    line, words = NULLS[hint]
    result = work.run(work.write("t.json", '{"a": 1}\n' + line + "\n"), dataset=DATASET, columns=hint)
    assert result.code == CONTRACT, str(result)
    for word in words:
        assert word in result.err, f"{word!r} is missing:\n{result.err}"
    assert not work.database.exists() or digests(work.database) == {}


def test_not_null_with_values(work):
    """The counterpart: the database has the constraint, and so have the rows of later loads."""
    load(work, [{"a": 0, "l": [{"k": False}]}], columns="a::not_null,t__l.k::not_null")
    found = dataset_of(work)
    assert [column for column in (*found["t"].columns, *found["t__l"].columns) if not column[0].startswith("_dlt")] == [
        ("a", "BIGINT", False), ("k", "BOOLEAN", False)]
    refuse(work, [{"a": 1}, {"b": 1}], CONTRACT, ROW, '"a"')
    refuse(work, [{"a": 1, "l": [{"m": 1}]}], CONTRACT, ROW, '"k"', '"t__l"')
    load(work, [{"a": 1, "l": [{"k": True}]}])
    assert dataset_of(work).counts == {"t": 2, "t__l": 2}


# ---- kept whole --------------------------------------------------------------------------------------------------------------------

DEEP = {"id": 1, "p": {"q": {"r": [1, {"s": None}]}, "n": 2}, "l": [{"m": {"x": [1]}, "k": 1}, {"m": [2], "k": 2}]}
# paths: tables, JSON columns with their first values
WHOLE = {
    "p": (["t", "t__l", "t__l__m", "t__l__m__x"], {"t.p": '{"q":{"r":[1,{"s":null}]},"n":2}'}),
    "p.q": (["t", "t__l", "t__l__m", "t__l__m__x"], {"t.p__q": '{"r":[1,{"s":null}]}'}),
    "p.q.r": (["t", "t__l", "t__l__m", "t__l__m__x"], {"t.p__q__r": '[1,{"s":null}]'}),
    "l": (["t", "t__p__q__r"], {"t.l": '[{"m":{"x":[1]},"k":1},{"m":[2],"k":2}]'}),
    "l.m": (["t", "t__l", "t__p__q__r"], {"t__l.m": '{"x":[1]}'}),
    "l.m.x, p": (["t", "t__l", "t__l__m"], {"t__l.m__x": "[1]", "t.p": '{"q":{"r":[1,{"s":null}]},"n":2}'}),
    "none.of.these": (["t", "t__l", "t__l__m", "t__l__m__x", "t__p__q__r"], {}),
    "id": (["t", "t__l", "t__l__m", "t__l__m__x", "t__p__q__r"], {}),  # only objects and lists are kept whole
}


@pytest.mark.parametrize("paths", WHOLE)
def test_json_columns(work, paths):
    load(work, [DEEP], json_column=[path for path in paths.split(", ")])
    found, (tables, want) = dataset_of(work), WHOLE[paths]
    assert set(tables) <= set(found.counts) and ("t__p__q__r" in found.counts) == ("t__p__q__r" in tables or paths in ("none.of.these", "id"))
    got = {f"{name}.{column}": table.values(column)[0] for name, table in found.data_tables.items() for column, kind, _ in table.columns if kind == "JSON"}
    assert got == want


def test_json_columns_of_several_tables(work):
    files = [work.write(f"{name}.json", [{"id": 1, "p": {"x": 1}}]) for name in ("a", "b")]
    work.load(*files, dataset=DATASET, json_column="b.p")
    assert columns_of(work, "a") == [("id", "BIGINT"), ("p__x", "BIGINT")] and columns_of(work, "b") == [("id", "BIGINT"), ("p", "JSON")]


def test_json_columns_where_scalars_are(work):
    """A column that is there keeps its type: what is kept whole is a variant of it."""
    load(work, [{"a": 5}])
    load(work, [{"a": {"x": [1]}}, {"a": 6}, {"a": [1, 2]}], json_column="a")
    found = dataset_of(work)
    assert found["t"].values("a", "a__v_json") == [(5, None), (None, '{"x":[1]}'), (6, None), (None, "[1,2]")] and found.counts == {"t": 4}


# ---- root ids ----------------------------------------------------------------------------------------------------------------------


def check_root_ids(work):
    """Every nested row has the id of the root row that its parents lead to."""
    found = dataset_of(work)
    parents = found.parents()
    ids = {name: {row["_dlt_id"]: row for row in table.dicts()} for name, table in found.data_tables.items()}
    for name, rows in ids.items():
        for row in rows.values():
            above, table = row, name
            while parents[table]:
                table = parents[table]
                above = ids[table][above["_dlt_parent_id"]]
            assert parents[name] is None or row["_dlt_root_id"] == above["_dlt_id"], (name, row)
    return found


LISTS = [{"id": i, "l": [{"m": [{"n": [i, i + 1]}, {"n": [i]}], "k": j} for j in range(i % 4)], "o": {"p": [[i], [2, 3]]}} for i in range(60)]


def test_root_ids(work):
    load(work, LISTS, root_key=True)
    load(work, LISTS)  # the dataset remembers
    found = check_root_ids(work)
    assert set(found.counts) == {"t", "t__l", "t__l__m", "t__l__m__n", "t__o__p", "t__o__p__list"}
    assert all("_dlt_root_id" in table.names for name, table in found.data_tables.items() if name != "t")


def test_root_ids_as_dlt(work):
    assert not (differences := compare_with_dlt(work, [LISTS[:8], LISTS[3:9]], hints={"root_key": True})), report(differences)
    check_root_ids(work)


def test_root_ids_of_long_lists(work):
    """The rows of one list leave in several batches: those that come later find the root's id all the same."""
    count = 100_000
    path = work.write_lines("t.json", [{"id": 1, "l": [{"m": [i], "k": "x" * 100} for i in range(count)]}, {"id": 2, "l": [{"m": [0]}]}])
    work.load(path, dataset=DATASET, root_key=True, memory="128M")
    with duckdb.connect(str(work.database), read_only=True) as connection:
        query = """select r.id, count(*), count(distinct l._dlt_id), count(distinct m._dlt_id) from d.t r join d.t__l l on l._dlt_root_id = r._dlt_id and
                   l._dlt_parent_id = r._dlt_id join d.t__l__m m on m._dlt_root_id = r._dlt_id and m._dlt_parent_id = l._dlt_id group by 1 order by 1"""
        assert connection.execute(query).fetchall() == [(1, count, count, count), (2, 1, 1, 1)]


# ---- schema files ------------------------------------------------------------------------------------------------------------------


def test_propagation(work):
    """Values and ids go down to all rows below, at every depth; nearer ones win."""
    schema = work.write("s.yaml", """
normalizers:
  json:
    config:
      propagation:
        root: {id: root_number, _dlt_id: root_row}
        tables:
          t__l: {k: above}
tables: {}
""")
    load(work, LISTS, schema=schema)
    found = dataset_of(work)
    with duckdb.connect(str(work.database), read_only=True) as connection:
        wrong = connection.execute("""select count(*) from d.t__l__m__n n join d.t__l__m m on n._dlt_parent_id = m._dlt_id join d.t__l l on
                                      m._dlt_parent_id = l._dlt_id join d.t r on l._dlt_parent_id = r._dlt_id where n.root_number is distinct from r.id
                                      or n.root_row is distinct from r._dlt_id or n.above is distinct from l.k or m.above is distinct from l.k""").fetchone()
    assert wrong == (0,) and found.counts["t__l__m__n"] == sum(3 * (i % 4) for i in range(60)) and "above" not in found["t__l"].names
    assert found["t__o__p__list"].values("root_number") == [i for i in range(60) for _ in range(3)]


def test_a_file_by_hand(work):
    """Nothing but what is meant; dlt's tables, versions and the other settings need not be there."""
    schema = work.write("s.yaml", """
settings:
  detections: [iso_timestamp, iso_date]
  preferred_types:
    "re:_at$": timestamp
  default_hints:
    not_null: ["re:^id$"]
tables:
  Orders:
    columns:
      Total Price: {data_type: decimal, precision: 8, scale: 2}
      id: {primary_key: true}
  orders__items:
    parent: Orders
    columns:
      sku: {data_type: text}
""")
    load(work, [{"id": 1, "Total Price": 1.5, "made_at": 0, "day": "2024-01-01", "items": [{"sku": 1}]}], table="orders", schema=schema)
    found = dataset_of(work)
    assert [column for column in found["orders"].columns if not column[0].startswith("_dlt")] == [
        ("total_price", "DECIMAL(8,2)", True), ("id", "BIGINT", False), ("made_at", "TIMESTAMP WITH TIME ZONE", True), ("day", "DATE", True)]
    assert found["orders__items"].values("sku") == ["1"]
    assert found.schema["tables"]["orders"]["columns"]["id"]["primary_key"] is True


@pytest.mark.parametrize("load_id, value, kind", [
    ("1000000000.5", 1000000001, "TIMESTAMP WITH TIME ZONE"), ("1000000000.5", 1790000000, "BIGINT"), ("1790000000.25", 1790000001.5, "TIMESTAMP WITH TIME ZONE"),
    ("1790000000.25", 1000000001, "BIGINT"), ("1790000000", 1790000000 + 5 * 31536000, "TIMESTAMP WITH TIME ZONE"), ("1790000000", 1790000000 + 5 * 31536000 + 1, "BIGINT"),
    ("7", 1000000001, "BIGINT"), ("seven", 1000000001, "BIGINT")])
def test_times_near_that_of_the_load(work, load_id, value, kind):
    """What is within five years of the load is a time, if that is looked for: of the time in its load id, which says the same tomorrow."""
    rules = work.write("rules.json", {"settings": {"detections": ["timestamp"]}, "tables": {}})
    load(work, [{"v": value}], schema=rules, load_id=load_id)
    assert columns_of(work) == [("v", kind)]


def test_options_win_over_the_file(work):
    schema = work.write("s.json", {"tables": {"t": {"columns": {"a": {"data_type": "text"}, "b": {"data_type": "text"}}}}})
    load(work, [{"a": 1, "b": 2}], schema=schema, columns="b:double")
    assert columns_of(work) == [("a", "VARCHAR"), ("b", "DOUBLE")]


def test_max_nesting(work):
    """What is deeper stays JSON; the table remembers, and columns below can't be had by hints."""
    load(work, [DEEP], max_nesting=1, columns="t__l.k:text")
    load(work, [DEEP])
    found = dataset_of(work)
    assert found.counts == {"t": 2, "t__l": 4} and found["t__l"].values("k") == ["1", "2"] * 2
    assert [kind for name, kind, _ in found["t__l"].columns if name == "m"] == ["JSON"]


# ---- several workers ---------------------------------------------------------------------------------------------------------------


def test_workers_and_chunks(work):
    """The same rows, ids and schema whatever the chunks and the workers."""
    documents = [{"id": i, "a": [i, str(i), i * 1.5, "x"][i % 4], "price": f"{i}.{i:03}", "p": [{"x": i}, [i], i][i % 3],
                  "l": [{"k": i, "m": [i] * (i % 3)}] * (i % 4), f"c{i % 40}": i} for i in range(1500)]
    schema = work.write("s.json", {"settings": {"preferred_types": {"re:^c1": "text"}, "default_hints": {"sort": ["re:^c2"]}}, "tables": {}})
    options = {"columns": "a:bigint(8),price:decimal(8,2),t__l.k:text", "json_column": "p", "primary_key": "id", "root_key": True, "schema": schema,
               "load_id": "1764000000.5", "dataset": DATASET, "table": TABLE}
    path, seen = work.write_lines("t.json", documents), []
    for chunk_bytes, workers in [(1 << 22, 1), (4096, 1), (4096, 4), (10_000, 3)]:
        work.database = work.folder / f"{chunk_bytes}-{workers}" / "g.duckdb"
        work.database.parent.mkdir()
        work.load_chunked(path, chunk_bytes=chunk_bytes, workers=workers, **options)
        seen.append(digests(work.database))
    check_root_ids(work)
    assert all(other == seen[0] for other in seen[1:])
