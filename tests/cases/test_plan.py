# ctest: labels=cases;small timeout=300
"""`spile plan`: says what a load would do, and does nothing.

Expected values: the statements are run in DuckDB by hand, and the load that follows must find nothing left to change and must leave the tables
that a load alone makes; rows are counted from the input; dlt's rules say what contracts discard and refuse.
"""
import json
import os
import re

import duckdb
import pytest

from dataset import content, read_dataset
from engine import Workspace, package_files

ORDERS = [{"id": 1, "name": "a", "items": [{"sku": "x", "tags": ["t", "u"]}, {"sku": "y"}], "at": "2024-01-01T00:00:00Z"}, {"id": 2, "name": None}]
DRIFT = [{"id": "A-3", "gift": True, "items": [{"sku": 5, "qty": 1}]}, {"id": 4, "notes": [1, 2]}, {"id": 5, "name": {"first": "b"}}]
FOREIGN = "create schema d; create table d.orders (id bigint, mine varchar); insert into d.orders values (7, 'kept')"


def plan(work, *sources, want=0, **options):
    """The plan as JSON, after a look at the database and the data folder: nothing there has changed. `want`: exit code."""
    before = everything(work)
    text = work.plan(*sources, dataset="d", **options)
    result = work.plan(*sources, dataset="d", json=True, **options)
    assert everything(work) == before
    assert text.code == result.code == want, str(result)
    check_text(text.out, result.info)
    return result.info


def unstamped(text):
    """Without the time in the name of a --dev-mode dataset: two plans may fall into two seconds."""
    return re.sub(r'"d_\d{14}"', '"d_TIME"', text)


def everything(work):
    """All files of the database and the data folder, byte for byte. A folder and an empty lock are no content."""
    files = [*work.folder.glob("*.duckdb*"), *(path for path in work.data.rglob("*") if path.is_file() and path.name != "lock")]
    return {str(path): path.read_bytes() for path in files}


def check_text(text, found):
    """The text for people says what the JSON says, and is SQL as it stands: the rest is comments."""
    lines = unstamped(text).splitlines()
    assert [line for line in lines if not line.startswith("-- ")] == [unstamped(statement) + ";" for statement in found["statements"]]
    for table in found["tables"]:
        assert f"-- {table['rows']} row{'s' * (table['rows'] != 1)} for table \"{table['name']}\"" in lines
    for refusal in found["refused"]:
        assert sum(line.startswith(f"-- refused: contract \"{refusal['contract']}: freeze\"") for line in lines) >= 1
    assert lines[-1].endswith("nothing was changed")


def run_by_hand(work, found):
    with duckdb.connect(str(work.database)) as connection:
        for statement in found["statements"]:
            connection.execute(statement)


def described(work):
    """{table: its columns as DESCRIBE has them}, of the whole dataset."""
    with duckdb.connect(str(work.database), read_only=True) as connection:
        names = connection.execute("select table_name from duckdb_tables() where schema_name = 'd' order by 1").fetchall()
        return {name: connection.execute(f'describe "d"."{name}"').fetchall() for (name,) in names}


# ---- statements -------------------------------------------------------------------------------------------------------------------

LOADS = [
    # what, how the database begins, documents, options
    ("fresh", None, ORDERS, {}),
    ("the same again", [ORDERS], ORDERS, {}),
    ("drift", [ORDERS], DRIFT, {}),
    ("drift twice", [ORDERS, DRIFT], [{"new": 1.5, "items": [{"tags": [1]}]}], {}),
    ("another table", [ORDERS], DRIFT, {"table": "other"}),
    ("table of somebody else", FOREIGN, [{"id": 1, "name": "x", "l": [1]}], {}),
    ("other dataset in the file", "create schema e; create table e.orders (id varchar)", ORDERS, {}),
    ("no nesting", None, ORDERS, {"max_nesting": 0}),
    ("json column", None, ORDERS, {"json_column": "items"}),
    ("hints", None, ORDERS, {"columns": "id:decimal(12,3):not_null,extra:date,orders__items.qty:bigint", "primary_key": "id"}),
    ("hints on a dataset", [ORDERS], DRIFT, {"columns": "gift:text,later:timestamp(3)"}),
    ("replace", [ORDERS, DRIFT], ORDERS, {"write": "replace"}),
    ("names", [ORDERS], [{"id": 1, "Some Name": 1, "some_name ": 2, "q\"uote": "it's; --", "ünï": 1}], {}),
    ("direct names", None, [{"a.b": 1, "q'": [{"\u001b[1m": "x"}], "semi;colon": 2, "--": 3}], {"naming": "direct"}),
    ("types", None, [{"i": 1, "f": 1.5, "b": True, "s": "x", "t": "2024-01-01T00:00:00Z", "big": 2**63, "n": None, "o": {"p": {"q": 1}}}], {}),
]


def begun(work, begin):
    if isinstance(begin, str):
        with duckdb.connect(str(work.database)) as connection:
            connection.execute(begin)
    for number, documents in enumerate(begin if isinstance(begin, list) else []):
        work.load(work.write(f"begin{number}.json", documents), dataset="d", table="orders")


@pytest.mark.parametrize("begin, documents, options", [row[1:] for row in LOADS], ids=[row[0] for row in LOADS])
def test_statements_are_those_that_the_load_needs(work, tmp_path, begin, documents, options):
    """Run by hand they leave what a load alone leaves, and nothing for the load to add."""
    options = {"table": "orders", **options}
    alone = Workspace(tmp_path / "alone")
    for folder in (work, alone):
        begun(folder, begin)
        folder.write("documents.json", documents)
    before = content(work.database)
    found = plan(work, "documents.json", **options)
    report = alone.load("documents.json", dataset="d", **options)
    assert found["dataset"] == "d" and found["schema_version"] == 1 and found["refused"] == found["discarded"] == []
    assert found["tables"] == [{"name": table["name"], "rows": table["rows"]} for table in report["tables"]]
    run_by_hand(work, found)
    assert described(work) == described(alone)
    rows = {name: rows for name, (_, rows) in content(work.database).items() if rows}
    replaced = {name for name in before if options.get("write") == "replace" and name[1].startswith("orders")}
    assert {name: len(rows[name]) for name in rows} == {name: len(rows) for name, (_, rows) in before.items() if rows and name not in replaced}
    work.load("documents.json", dataset="d", **options)
    assert described(work) == described(alone)
    assert read_dataset(work.database).counts == read_dataset(alone.database).counts


def test_nothing_to_change_is_said(work):
    """A load of what is there already needs no statement."""
    begun(work, [ORDERS])
    assert plan(work, work.write("again.json", ORDERS), table="orders")["statements"] == []


def test_several_tables_and_files(work):
    work.write("orders.json", ORDERS)
    work.write_lines("events/a.jsonl", [{"e": 1}, {"e": 2}])
    work.write_lines("events/b.jsonl", [{"e": 3}])
    found = plan(work, "orders.json", "events")
    assert {table["name"]: table["rows"] for table in found["tables"]} == {"orders": 2, "orders__items": 2, "orders__items__tags": 2, "events": 3}
    assert not work.database.exists()


def test_schema_file_and_settings(work, tmp_path):
    """--schema and --import-schema shape the plan as they shape the load; the folder is not made."""
    document = {"settings": {"preferred_types": {"re:_no$": "text"}}, "tables": {"orders": {"columns": {"price": {"data_type": "decimal", "precision": 9,
                "scale": 2}}}}}
    work.write("given.json", document)
    work.write("documents.json", [{"id": 1, "order_no": 5, "price": 1}])
    for number, options in enumerate(({"schema": "given.json"}, {"import_schema": "folder"})):
        if "import_schema" in options:
            assert "BIGINT" in re.search(r'"order_no" (\w+)', str(plan(work, "documents.json", table="orders", **options)))[0]
            assert not (work.folder / "folder").exists()
            work.write("folder/g.schema.json", document)
        statements = plan(work, "documents.json", table="orders", **options)["statements"]
        assert [re.findall(rf'"{name}" ([A-Z]+(?:\(\d+,\d+\))?)', statements[-1]) for name in ("order_no", "price")] == [["VARCHAR"], ["DECIMAL(9,2)"]]


# ---- sample -----------------------------------------------------------------------------------------------------------------------

SAMPLED = [{"id": i, f"c{i}": 1, "l": [{"v": i}] * i} for i in range(5)]


@pytest.mark.parametrize("form", ["array", "lines"])
@pytest.mark.parametrize("count", [1, 2, 4, 5, 100])
def test_sample(work, form, count):
    """The first items only: their columns, their rows; what comes later is not even parsed."""
    text = json.dumps(SAMPLED) if form == "array" else "".join(json.dumps(item) + "\n" for item in SAMPLED)
    found = plan(work, work.write("t.json", text), table="t", sample=count)
    seen = SAMPLED[:count]
    columns = re.findall(r'"(c\d)"', next(statement for statement in found["statements"] if '"t" (' in statement))
    assert columns == [f"c{i}" for i in range(len(seen))]
    assert {table["name"]: table["rows"] for table in found["tables"]} == {
        name: rows for name, rows in (("t", len(seen)), ("t__l", sum(range(len(seen))))) if rows}
    assert "-- planned from a sample; nothing was changed" in work.plan("t.json", table="t", dataset="d", sample=count).out


def test_sample_is_of_each_table(work):
    work.write_lines("a.jsonl", SAMPLED)
    work.write_lines("b.jsonl", SAMPLED)
    found = plan(work, "a.jsonl", "b.jsonl", sample=2)
    assert {table["name"]: table["rows"] for table in found["tables"]} == {"a": 2, "a__l": 1, "b": 2, "b__l": 1}


def test_sample_is_of_all_files_of_a_table(work):
    for name in "ab":
        work.write_lines(f"t/{name}.jsonl", SAMPLED[:2])
    assert {table["name"]: table["rows"] for table in plan(work, "t", sample=3)["tables"]} == {"t": 3, "t__l": 1}


# ---- contracts --------------------------------------------------------------------------------------------------------------------

REFUSALS = {("orders", "gift"): "columns", ("orders", "id__v_text"): "data_type", ("orders__items", "qty"): "columns",
            ("orders__notes", None): "tables", ("orders", "name__first"): "columns"}  # of DRIFT, after ORDERS

FROZEN = [("all", "freeze", None), ("columns", "columns=freeze", {"columns"}), ("data type", "data_type=freeze", {"data_type"}),
          ("tables", "tables=freeze", {"tables"}), ("two", "columns=freeze,tables=freeze", {"columns", "tables"})]


@pytest.mark.parametrize("contract, entities", [row[1:] for row in FROZEN], ids=[row[0] for row in FROZEN])
def test_frozen(work, contract, entities):
    """Every change that the contract refuses is listed, where the load fails at the first one."""
    begun(work, [ORDERS])
    work.write("drift.json", DRIFT)
    found = plan(work, "drift.json", table="orders", contract=contract, want=6)
    got = {(refusal["table"], refusal.get("column")): refusal["contract"] for refusal in found["refused"]}
    assert got == {change: entity for change, entity in REFUSALS.items() if entities is None or entity in entities}
    assert {refusal["set_by"] for refusal in found["refused"]} == {"orders"} and len(found["refused"]) == len(got)
    result = work.plan("drift.json", table="orders", dataset="d", contract=contract)
    assert result.out.count("-- refused: ") == len(got) and result.err.startswith("error: a contract would refuse this load\n hint: ")
    before = content(work.database)
    assert work.run("drift.json", table="orders", dataset="d", contract=contract).code == 6 and content(work.database) == before


def test_contract_kept_in_the_dataset(work):
    begun(work, [ORDERS])
    work.load(work.write("same.json", ORDERS), table="orders", dataset="d", contract="columns=freeze")
    work.write("drift.json", [{"gift": True}])
    assert [refusal.get("column") for refusal in plan(work, "drift.json", table="orders", want=6)["refused"]] == ["gift"]
    assert plan(work, "drift.json", table="orders", contract="evolve")["refused"] == []


@pytest.mark.parametrize("contract", ["freeze", "columns=freeze"])
def test_frozen_data_that_fits(work, contract):
    begun(work, [ORDERS])
    found = plan(work, work.write("again.json", ORDERS), table="orders", contract=contract)
    assert found["refused"] == found["statements"] == []


@pytest.mark.parametrize("contract", ["discard_row", "discard_value", "columns=discard_row", "columns=discard_value,tables=discard_row"])
def test_discarded_is_what_the_load_discards(work, contract):
    begun(work, [ORDERS])
    work.write("drift.json", DRIFT)
    found = plan(work, "drift.json", table="orders", contract=contract)
    report = work.load("drift.json", table="orders", dataset="d", contract=contract)
    assert {entry["table"]: (entry["rows"], entry["values"]) for entry in found["discarded"]} == {
        table["name"]: (table["discarded_rows"], table["discarded_values"]) for table in report["tables"]
        if table["discarded_rows"] or table["discarded_values"]} != {}
    assert {table["name"]: table["rows"] for table in found["tables"]} == {table["name"]: table["rows"] for table in report["tables"] if table["rows"]}


COUNTED = [
    # contract, rows and values of "orders" that are discarded, counted by hand
    ("columns=discard_row", [{"id": 1}, {"id": 2, "x": 1}, {"x": 1, "y": 2}], (2, 0)),
    ("columns=discard_value", [{"id": 1}, {"id": 2, "x": 1}, {"x": 1, "y": 2}], (0, 3)),
    ("data_type=discard_row", [{"id": "a"}, {"id": 2}, {"id": "b", "name": "c"}], (2, 0)),
    ("data_type=discard_value", [{"id": "a"}, {"id": 2}, {"id": "b", "name": "c"}], (0, 2)),
]


@pytest.mark.parametrize("contract, documents, want", COUNTED, ids=[row[0] for row in COUNTED])
def test_discarded_is_counted(work, contract, documents, want):
    begun(work, [ORDERS])
    found = plan(work, work.write("some.json", documents), table="orders", contract=contract)
    assert found["discarded"] == [{"table": "orders", "rows": want[0], "values": want[1]}] and found["statements"] == []


# ---- nothing is changed -----------------------------------------------------------------------------------------------------------


def test_no_database_is_made(work):
    result = work.plan(work.write("orders.json", ORDERS), dataset="d")
    assert result.code == 0 and not list(work.folder.glob("g.duckdb*")) and package_files(work.data) in ([], ["g/lock"])
    assert not result.err


def test_read_only_database_will_do(work):
    """The database is opened for reading: two plans may look at it at a time, and another reader."""
    begun(work, [ORDERS])
    work.write("drift.json", DRIFT)
    with duckdb.connect(str(work.database), read_only=True):
        assert plan(work, "drift.json", table="orders")["statements"]


def test_pending_packages_stay(work):
    """What an interrupted load of standard input has left is not touched: the next load has it."""
    with duckdb.connect(str(work.database)) as connection:
        connection.execute("create schema d; create table d.orders (id varchar)")
    with open(work.write("first.json", ORDERS)) as first:
        assert work.start("-", table="orders", dataset="d", stdin=first).wait().code == 5
    with duckdb.connect(str(work.database)) as connection:
        connection.execute("drop table d.orders")
    pending = [name for name in package_files(work.data) if "/packages/" in name]
    assert pending
    plan(work, work.write("second.json", DRIFT), table="orders")
    assert [name for name in package_files(work.data) if "/packages/" in name] == pending
    work.load("second.json", table="orders", dataset="d")
    assert read_dataset(work.database).counts["orders"] == len(ORDERS) + len(DRIFT)


def test_dev_mode_plans_a_new_dataset(work):
    begun(work, [ORDERS])
    found = plan(work, work.write("again.json", ORDERS), table="orders", dev_mode=True)
    assert re.fullmatch(r"d_\d{14}", found["dataset"]) and found["statements"][0] == f'CREATE SCHEMA "{found["dataset"]}"'


# ---- errors -----------------------------------------------------------------------------------------------------------------------

ERRORS = [
    # what, exit code, file, options
    ("no JSON", 4, '{"a": 1}\n{"a": \n', {}),
    ("no document", 4, "hello", {}),
    ("empty", 4, "", {}),
    ("bytes", 4, b"\xff\xfe{}", {}),
    ("gzip cut off", 4, b"\x1f\x8b\x08\x00", {}),
    ("no such file", 4, None, {}),
    ("bookkeeping's table", 2, ORDERS, {"table": "_dlt_loads"}),
    ("nested table", 2, ORDERS, {"table": "orders__items"}),
    ("bad hint", 2, ORDERS, {"columns": "id:integer"}),
    ("naming of another dataset", 3, ORDERS, {"naming": "direct"}),
    ("unknown naming", 3, ORDERS, {"naming": "camel"}),
    ("no schema file", 3, ORDERS, {"schema": "none.yaml"}),
    ("column of another type", 3, ORDERS, {"schema": "wrong.json"}),
    ("option", 2, ORDERS, {"contract": "freez"}),
    ("hint against the contract", 6, ORDERS, {"columns": "new:bigint", "contract": "columns=freeze"}),
    ("column without a value", 6, ORDERS, {"columns": "new::not_null"}),
]


@pytest.mark.parametrize("code, text, options", [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS])
def test_errors_are_those_of_load(work, code, text, options):
    begun(work, [ORDERS])
    work.write("wrong.json", {"tables": {"orders": {"columns": {"name": {"data_type": "bigint"}}}}})
    if text is not None:
        work.write("bad.json", text)
    options = {"table": "orders", "dataset": "d", "no_progress": True, **options}
    before = everything(work)
    got, want = work.plan("bad.json", **{key: options[key] for key in options if key != "no_progress"}), work.run("bad.json", **options)
    assert (got.code, got.out) == (code, "") and got.err == want.err and want.code == code, f"{got}\n{want}"
    assert everything(work) == before


def test_table_of_somebody_else_with_another_type(work):
    with duckdb.connect(str(work.database)) as connection:
        connection.execute("create schema d; create table d.orders (id varchar)")
    work.write("orders.json", ORDERS)
    got, want = work.plan("orders.json", dataset="d"), work.run("orders.json", dataset="d", no_progress=True)
    assert got.code == want.code == 5 and got.err == want.err and "is VARCHAR in the database but the data needs BIGINT" in got.err


USAGE = [(["plan"], "no SOURCE is given", "for example: spile plan events.json --to shop.duckdb"),
         (["plan", "a.json"], "--to DESTINATION is missing", "for example: spile plan events.json --to shop.duckdb"),
         (["plan", "--sample", "0"], '--sample must be a whole number from 1 to 9223372036854775807, not "0"', None),
         (["plan", "--smaple", "1"], 'unknown option "--smaple"', 'did you mean --sample? "spile plan --help" lists the options'),
         (["plan", "--load-id", "x"], 'unknown option "--load-id"', None),
         (["plna"], 'unknown command "plna"', None)]


@pytest.mark.parametrize("words, message, hint", USAGE, ids=[" ".join(row[0]) for row in USAGE])
def test_usage_error(work, words, message, hint):
    result = work.spile(*words)
    assert result.code == 2 and result.out == "" and result.err.startswith(f"error: {message}\n"), str(result)
    assert hint is None or result.err == f"error: {message}\n hint: {hint}\n"
    assert not os.listdir(work.folder)


def test_help(work):
    result = work.spile("plan", "--help")
    assert result.code == 0 and result.out.startswith("  spile plan events.json --to shop.duckdb\n") and "--sample N" in result.out
    assert max(map(len, result.out.splitlines())) <= 84


def test_database_that_is_none(work):
    work.database.write_text("not a database at all\n" * 1000)
    before = everything(work)
    assert work.plan(work.write("orders.json", ORDERS), dataset="d").code == 5
    assert everything(work) == before
