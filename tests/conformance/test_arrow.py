# ctest: labels=conformance timeout=600
"""Arrow batches as items: the same tables, rows, schema and state whether dlt takes them or spile; and what spile refuses or does better.

Expected values: dlt, run beside; where the two differ on purpose (docs/differences-from-dlt.md), pyarrow and arithmetic.
"""
import decimal
import json
import os
import random
import subprocess

import duckdb
import pyarrow as pa
import pytest

import beside
from beside import dlt
from chance import seed_from
from dataset import read_dataset
from engine import Workspace, place

D = decimal.Decimal


def write(work, table, number=0):
    path = str(work.folder / f"batch{number}.arrow")
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table)
    return path


def spile(work, resource, batches, code=0, **more):
    """One run of a resource that emits each of the tables as a stream."""
    paths = [write(work, table, i) for i, table in enumerate(batches)]
    return run(work, [{"name": "t", "arrow": paths, **resource}], code, **more)


def run(work, resources, code=0, **more):
    script = {"pipeline": "g", "destination": str(work.database), "dataset": "d", "data_dir": str(work.data), "source": "g", "resources": resources, **more}
    result = subprocess.run([os.path.join(place("SPILE_FILTERS"), "source_filter")], input=json.dumps(script), capture_output=True, text=True)
    assert result.returncode == code, result.stderr
    return result.stderr if code else json.loads(result.stdout[result.stdout.index("{"):])


def with_dlt(work, resource, batches, arrow_load_id=False, arrow_row_id=False):
    hints = {"primary_key": resource.get("primary_key"), "write_disposition": resource.get("write", "append")}
    if "incremental" in resource:
        given = dict(resource["incremental"])
        names = {"open_start": ("range_start", "open"), "closed_end": ("range_end", "closed"), "last_value": ("last_value_func", {"min": min}.get(given.get("last_value")))}
        words = {"initial": "initial_value", "end": "end_value", "missing": "on_cursor_value_missing"}
        more = {names[key][0]: names[key][1] for key in names if key in given}
        hints["incremental"] = dlt.sources.incremental(given["cursor"], **more, **{
            word: json.loads(given[key]) if key != "missing" else given[key] for key, word in words.items() if key in given})
    contract = {"columns": resource["contract"]} if "contract" in resource else None
    settings = {"NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": arrow_load_id, "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_ID": arrow_row_id}
    with beside.environment(**{name: "true" if given else None for name, given in settings.items()}):
        pipe = beside.pipeline(work.database, work.folder / "dlt")
        try:
            pipe.run(dlt.source(lambda: dlt.resource(lambda: iter(batches), name="t", **hints), name="g")(), schema_contract=contract)
        finally:
            pipe.deactivate()


def without_ids(dataset, names, rows):
    """Loads by their number, ids that an engine has made by a word: they are 14 characters, and no two of them are equal."""
    loads = {load["load_id"]: f"load {number}" for number, load in enumerate(dataset.loads, 1)}
    rows = [dict(zip(names, row)) for row in rows]
    made = [row["_dlt_id"] for row in rows if len(str(row.get("_dlt_id"))) == 14]
    assert len(set(made)) == len(made)
    return [tuple(loads.get(value, value) if name == "_dlt_load_id" else "made" if name == "_dlt_id" and value in made else value for name, value in row.items())
            for row in rows]


def seen(work):
    """Columns, rows (sorted: dlt begins another file with each new column), the table in the schema, what incremental loading keeps."""
    dataset = read_dataset(work.database)
    with duckdb.connect(str(work.database), read_only=True) as connection:
        columns = connection.execute("select column_name, data_type, is_nullable from information_schema.columns where table_schema = 'd' and table_name = 't' "
                                     "order by ordinal_position").fetchall()
        rows = sorted(without_ids(dataset, [name for name, _, _ in columns], connection.execute("select * from d.t").fetchall()), key=repr)
    table = dict(dataset.schema["tables"]["t"])
    table.pop("schema_contract", None)
    state = dataset.states[-1]["state"].get("sources", {}).get("g", {}).get("resources", {}).get("t", {}).get("incremental") if dataset.states else None
    return {"columns": columns, "rows": rows, "table": table, "state": state and {key: {**value, "unique_hashes": sorted(value["unique_hashes"])} for key, value in state.items()}}


def check_same(work, alone):
    got, want = seen(work), seen(alone)
    for part in want:
        assert got[part] == want[part], part


def check(work, tmp_path, *runs, resource=None):
    alone = Workspace(tmp_path / "alone")
    for batches in runs:
        spile(work, resource or {}, batches)
        with_dlt(alone, resource or {}, batches)
    check_same(work, alone)


def stamps(unit, zone=None):
    return pa.array([0, 1_700_000_000, -1, None], pa.timestamp("s")).cast(pa.timestamp(unit)).cast(pa.timestamp(unit, zone) if zone else pa.timestamp(unit))


COLUMNS = {
    "bool": pa.array([True, False, None, True]),
    "int8": pa.array([-128, 127, None, 0], pa.int8()),
    "int16": pa.array([-32768, 32767, None, 0], pa.int16()),
    "int32": pa.array([-2**31, 2**31 - 1, None, 0], pa.int32()),
    "int64": pa.array([-2**63, 2**63 - 1, None, 0], pa.int64()),
    "uint64": pa.array([0, 2**63 - 1, None, 5], pa.uint64()),
    "float": pa.array([1.5, -0.25, None, 1e30], pa.float32()),
    "double": pa.array([1.1, 1e300, None, float("inf")]),
    "text": pa.array(["a", "\u00e4\U0001f600\0x", None, ""]),
    "large_text": pa.array(["a", "b" * 1000, None, ""], pa.large_string()),
    "binary": pa.array([b"a", b"\0\xff", None, b""]),
    "large_binary": pa.array([b"a", b"\0\xff", None, b""], pa.large_binary()),
    "fixed_binary": pa.array([b"ab", b"\0\xff", None, b"cd"], pa.binary(2)),
    "date32": pa.array([0, 19000, None, -1], pa.date32()),
    "date64": pa.array([0, 86400000 * 19000, None, -86400000], pa.date64()),
    "time_s": pa.array([0, 86399, None, 1], pa.time32("s")),
    "time_ms": pa.array([0, 86399999, None, 1], pa.time32("ms")),
    "time_us": pa.array([0, 86399999999, None, 1], pa.time64("us")),
    "timestamp_s": stamps("s", "UTC"),
    "timestamp_ms": stamps("ms", "UTC"),
    "timestamp_us": stamps("us", "UTC"),
    "timestamp_ns": stamps("ns", "UTC"),
    "timestamp_berlin": stamps("us", "Europe/Berlin"),
    "naive_timestamp": stamps("us"),
    "decimal": pa.array([D("1.25"), D("-99999999.99"), None, D(0)], pa.decimal128(10, 2)),
    "wide_decimal": pa.array([D("1.25"), D("-" + "9" * 30), None, D(0)], pa.decimal128(38, 5)),
    "dictionary": pa.array(["x", "y", None, "x"]).dictionary_encode(),
    "number_dictionary": pa.array([5, 7, None, 5], pa.int32()).dictionary_encode(),
    "struct": pa.array([{"a": 1, "b": "x"}, {"a": None, "b": "\u00e4"}, None, {"a": 2, "b": None}]),
    "list": pa.array([[1, 2], [], None, [None, 3]]),
    "large_list": pa.array([["a"], [], None, ["b", "c"]], pa.large_list(pa.string())),
    "fixed_list": pa.array([[1, 2], [3, 4], None, [5, 6]], pa.list_(pa.int64(), 2)),
    "list_of_structs": pa.array([[{"a": 1}], [], None, [{"a": 2}, {"a": 3}]]),
}


def test_types(work, tmp_path):
    check(work, tmp_path, [pa.table(COLUMNS)])


def test_all_types_at_once_from_a_slice(work, tmp_path):
    """Offsets: into the batch, and into its nested arrays."""
    table = pa.table({name: pa.chunked_array([column, column]).combine_chunks() for name, column in COLUMNS.items()})
    check(work, tmp_path, [table.slice(1, 5), table.slice(6)])


T = pa.table
A, AB = T({"a": [1]}), T({"a": [2, 3], "b": ["x", None]})
SEVERAL = {
    "columns in another order": ([T({"a": [1], "b": [2]})], [T({"b": [5], "a": [6]})]),
    "a new column": ([T({"a": [1]})], [T({"a": [2], "b": ["x"]})], [T({"b": ["y"]})]),
    "a new column in the same run": ([T({"a": [1]}), T({"a": [2], "b": ["x"]})],),
    "names": ([T({"Camel Case": [1], "x__Y": [2], "_z": [3]})],),
    "a column that is not nullable": ([pa.table({"a": [1, 2]}, schema=pa.schema([pa.field("a", pa.int64(), nullable=False)]))],),
    "nulls of no type, then a text": ([T({"a": [1], "n": pa.nulls(1)})], [T({"a": [2], "n": ["x"]})]),
    "no rows": ([T({"a": pa.array([], pa.int64())})],),
    "no rows, then some": ([T({"a": pa.array([], pa.int64())})], [T({"a": [1]})]),
    "many rows": ([T({"a": list(range(200000)), "s": [str(i) for i in range(200000)]})],),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_several_batches(work, tmp_path, case):
    check(work, tmp_path, *SEVERAL[case])


def test_default_hints_are_not_for_batches(work, tmp_path):
    """Columns come with all that they are: the schema's settings find hints for the keys of documents only."""
    alone, hints = Workspace(tmp_path / "alone"), {"default_hints": {"not_null": ["a"], "unique": ["a"], "sort": ["re:^b"]}}
    for place in (work, alone):
        beside.load_all(place.database, place.folder / "dlt", [[{"a": 1, "b": 2}]], "documents", hints=hints)
    spile(work, {}, [AB])
    with_dlt(alone, {}, [AB])
    check_same(work, alone)
    assert read_dataset(work.database).schema["tables"]["documents"]["columns"]["a"]["unique"]


@pytest.mark.parametrize("mode", ["discard_value", "discard_row"])
def test_contract(work, tmp_path, mode):
    check(work, tmp_path, [T({"a": [1]})], [T({"a": [2, 3], "b": ["x", None]})], resource={"contract": mode})


def test_contract_freezes(work):
    spile(work, {"contract": "freeze"}, [T({"a": [1]})])
    told = spile(work, {"contract": "freeze"}, [T({"a": [2, 3], "b": [None, "x"]})], code=6)
    assert '"x" needs a new column "b"' in told, told
    assert seen(work)["rows"] == [(1,)]


# ---- incremental --------------------------------------------------------------------------------------------------------------------

def ids(*pairs):
    return T({"id": pa.array([p[0] for p in pairs], pa.int64()), "ts": pa.array([p[1] for p in pairs], pa.int64())})


CURSORS = {
    "max": {"cursor": "ts"},
    "min": {"cursor": "ts", "last_value": "min"},
    "initial": {"cursor": "ts", "initial": "3"},
    "end": {"cursor": "ts", "initial": "2", "end": "6"},
    "borders": {"cursor": "ts", "initial": "2", "end": "6", "open_start": True, "closed_end": True},
    "open start": {"cursor": "ts", "initial": "2", "open_start": True},
    "nulls excluded": {"cursor": "ts", "missing": "exclude"},
}


@pytest.mark.parametrize("key", [None, "id"])
@pytest.mark.parametrize("name", CURSORS)
def test_incremental(work, tmp_path, name, key):
    runs = [[ids((1, 1), (2, 5), (3, 5)), ids((4, 3), (5, 5))], [ids((5, 5), (3, 5), (6, 5))], [ids((7, 4)), ids((8, 7), (6, 5))], [ids((8, 7), (9, 7))]]
    if "missing" in CURSORS[name]:
        runs.append([ids((10, None), (11, 9))])
    check(work, tmp_path, *runs, resource={"primary_key": key, "incremental": CURSORS[name]} if key else {"incremental": CURSORS[name]})


KINDS = {
    "timestamps": lambda n: pa.array([1_700_000_000_000_000 + i * 1_500_000 for i in n], pa.timestamp("us", "UTC")),
    "naive timestamps": lambda n: pa.array([1_700_000_000_000_000 + i * 1_000_000 for i in n], pa.timestamp("us")),
    "dates": lambda n: pa.array([19000 + i for i in n], pa.date32()),
    "decimals": lambda n: pa.array([D(i) / 4 for i in n], pa.decimal128(12, 2)),
    "doubles": lambda n: pa.array([i / 4 for i in n], pa.float64()),
    "texts": lambda n: pa.array([f"k{i}" for i in n]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_cursors_of_all_kinds(work, tmp_path, kind):
    runs = [[T({"id": pa.array([p[0] for p in pairs], pa.int64()), "c": KINDS[kind]([p[1] for p in pairs])})] for pairs in
            ([(1, 1), (2, 5), (3, 5)], [(5, 5), (3, 5), (6, 3)], [(7, 6), (5, 5)])]
    check(work, tmp_path, *runs, resource={"incremental": {"cursor": "c"}})


@pytest.mark.parametrize("first", ["timestamps", "naive timestamps"])
def test_zones_follow_the_items(work, tmp_path, first):
    """A state of timestamps with an offset meets batches without one, and the other way round."""
    kinds = [first, *(kind for kind in ("timestamps", "naive timestamps") if kind != first)]
    runs = [[T({"id": pa.array([1, 2, 3], pa.int64()), "c": KINDS[kind](numbers)})] for kind, numbers in zip(kinds, ([2, 10, 10], [4, 10, 20]))]
    check(work, tmp_path, *runs, resource={"incremental": {"cursor": "c"}})


def test_a_key_seen_at_the_border_again_with_a_newer_value(work, tmp_path):
    """dlt drops each row of a batch whose single key also stands at the border, the newer ones with it; spile only the one at the border."""
    resource = {"primary_key": "id", "incremental": CURSORS["max"]}
    runs = [[ids((1, 1))], [ids((1, 1), (1, 2), (2, 2))]]
    alone = Workspace(tmp_path / "alone")
    for batches in runs:
        spile(work, resource, batches)
        with_dlt(alone, resource, batches)
    assert seen(work)["rows"] == [(1, 1), (1, 2), (2, 2)]
    assert seen(alone)["rows"] == [(1, 1), (2, 2)]


def pairs(r, keyed):
    """Rows of a batch. A key stands in it once: see test_a_key_seen_at_the_border_again_with_a_newer_value."""
    count = r.randrange(1, 9)
    keys = r.sample(range(10), count) if keyed else [r.randrange(6) for _ in range(count)]
    return [(key, r.randrange(8)) for key in keys]


def test_random_sequences(tmp_path):
    """A batch in each run, as dlt decides by batch what spile decides by row."""
    seed = seed_from("SPILE_SEED")
    r = random.Random(seed)
    for number in range(int(os.environ.get("SPILE_SETS", 5))):
        work = Workspace(tmp_path / f"s{number}")
        resource = {"incremental": CURSORS[r.choice([name for name in CURSORS if "missing" not in CURSORS[name]])]}
        if r.random() < 0.5:
            resource["primary_key"] = "id"
        runs = [[ids(*pairs(r, "primary_key" in resource))] for _ in range(4)]
        try:
            check(work, tmp_path / f"a{number}", *runs, resource=resource)
        except AssertionError as error:
            raise AssertionError(f"SPILE_SEED={seed}, set {number}, {resource}, {[[t.to_pylist() for t in run] for run in runs]}") from error


def test_a_whole_number_of_rows_is_counted(work):
    info = spile(work, {"primary_key": "id", "incremental": {"cursor": "ts", "initial": "3"}}, [ids((1, 1), (2, 5)), ids((3, 7))])
    assert [(r["pages"], r["drawn"], r["items"]) for r in info["resources"]] == [(2, 3, 2)]


def test_a_stream_as_the_data_of_a_run(work, tmp_path):
    """The same table as through a resource."""
    table = pa.table(COLUMNS)
    run(work, [], stream=write(work, table), table="t")
    assert len(seen(work)["rows"]) == 4
    alone = Workspace(tmp_path / "alone")
    spile(alone, {}, [table])
    got, want = seen(work), seen(alone)
    assert got["columns"] == want["columns"] and got["rows"] == want["rows"] and got["table"] == want["table"]


def test_a_plan_looks_at_so_many_rows(work):
    plan = spile(work, {}, [T({"a": list(range(50))}), T({"a": ["no number"]})], plan=3)
    assert [(table["name"], table["rows"]) for table in plan["tables"]] == [("t", 3)] and not work.database.exists()


def test_rows_as_items(work):
    """A resource that feeds a transformer takes rows one by one: lists are nested tables then, and rows have ids."""
    table = T({"id": [1, 2], "lines": [[{"sku": "a"}, {"sku": "b"}], []], "when": pa.array([0, 1], pa.timestamp("s", "UTC"))})
    run(work, [{"name": "orders", "arrow": [write(work, table)]}, {"name": "skus", "from": "orders", "emits": "lines"}])
    dataset = read_dataset(work.database)
    assert dataset.counts == {"orders": 2, "orders__lines": 2, "skus": 2}
    assert dataset["orders"].values("id", "when") == [(1, "1970-01-01T00:00:00+00:00"), (2, "1970-01-01T00:00:01+00:00")]
    assert ("when", "TIMESTAMP WITH TIME ZONE") in [(name, kind) for name, kind, _ in dataset["orders"].columns]


def test_tables_by_row(work):
    spile(work, {"table_by": "kind"}, [T({"kind": ["a", "b", "a"], "n": [1, 2, 3]})])
    assert read_dataset(work.database).counts == {"a": 2, "b": 1}


# ---- ids of loads and of rows ---------------------------------------------------------------------------------------------------------

LOAD, ROW = {"arrow_load_id": True}, {"arrow_row_id": True}
BOTH = {**LOAD, **ROW}
LOAD_BROUGHT, ROW_BROUGHT = T({"a": [1], "_dlt_load_id": ["mine"], "b": [2]}), T({"a": [1], "_dlt_id": ["mine"], "b": [2]})
NULLS_BROUGHT = T({"a": [1], "_dlt_load_id": pa.nulls(1), "_dlt_id": pa.nulls(1), "b": [2]})

IDS = {  # runs: what is asked for, what is emitted (batches, or documents), more of the resource
    "loads": [(LOAD, [A]), (LOAD, [AB])],
    "rows": [(ROW, [A]), (ROW, [AB])],
    "both": [(BOTH, [A]), (BOTH, [AB])],
    "a new column in a later batch": [(BOTH, [A, AB])],
    "a new column in a later batch of a table with ids": [(BOTH, [A]), (BOTH, [A, AB])],
    "no rows": [(BOTH, [A.slice(0, 0)])],
    "a key": [(BOTH, [A], {"primary_key": "a"})],
    "replace": [(BOTH, [A]), (BOTH, [AB], {"write": "replace"})],
    "a contract that freezes columns": [(BOTH, [A]), (BOTH, [A], {"contract": "freeze"})],
    "a contract that leaves out values": [(BOTH, [A]), (BOTH, [AB], {"contract": "discard_value"})],
    "a contract that leaves out rows": [(BOTH, [A]), (BOTH, [AB], {"contract": "discard_row"})],
    "after documents": [({}, [{"a": 1}]), (BOTH, [A])],
    "before documents": [(BOTH, [A]), ({}, [{"a": 1}])],
    "the batch brings load ids": [({}, [LOAD_BROUGHT]), ({}, [LOAD_BROUGHT])],
    "the batch brings load ids, which are asked for": [(LOAD, [LOAD_BROUGHT])],
    "the batch brings load ids, which are asked for later": [({}, [LOAD_BROUGHT]), (LOAD, [LOAD_BROUGHT])],
    "the batch brings load ids, and rows are asked for": [(ROW, [LOAD_BROUGHT])],
    "the batch brings row ids": [({}, [ROW_BROUGHT])],
    "the batch brings both": [({}, [T({"_dlt_id": ["mine"], "_dlt_load_id": ["his"], "a": [1]})])],
    "the batch brings both, no nulls": [({}, [T({"_dlt_id": ["mine"], "_dlt_load_id": ["his"]}, schema=pa.schema([
        pa.field("_dlt_id", pa.string(), nullable=False), pa.field("_dlt_load_id", pa.string(), nullable=False)]))])],
    "the batch brings nothing but nulls": [({}, [NULLS_BROUGHT])],
    "the batch brings nothing but nulls, ids are asked for": [(BOTH, [NULLS_BROUGHT])],
}


def emit(work, flags, items, resource=None):
    if isinstance(items[0], dict):
        run(work, [{"name": "t", "pages": [items], **(resource or {})}], **flags)
    else:
        spile(work, resource or {}, items, **flags)


@pytest.mark.parametrize("case", IDS)
def test_ids(work, tmp_path, case):
    alone = Workspace(tmp_path / "alone")
    for flags, items, *resource in IDS[case]:
        emit(work, flags, items, *resource)
        with_dlt(alone, *resource or [{}], items, **flags)
        check_same(work, alone)


def test_row_ids_that_the_batch_brings_are_kept(work, tmp_path):
    """Beside ids that are made for rows without one. dlt makes new ones for all of them, and changes the schema all the same."""
    batch = T({"a": [1, 2], "_dlt_id": ["mine", None], "b": [2, 3]})
    alone = Workspace(tmp_path / "alone")
    spile(work, {}, [batch], **BOTH)
    with_dlt(alone, {}, [batch], **BOTH)
    got, want = seen(work), seen(alone)
    assert got["columns"] == want["columns"] and got["table"] == want["table"]
    assert got["rows"] == [(1, "mine", 2, "load 1"), (2, "made", 3, "load 1")]


def test_ids_of_a_contract_that_freezes_new_columns(work):
    spile(work, {}, [A], **BOTH)
    told = spile(work, {"contract": "freeze"}, [AB], code=6, **BOTH)
    assert '"x" needs a new column "b"' in told, told


def test_row_ids_are_the_same_whenever_the_load_is_the_same(work, tmp_path):
    """Of many batches, and of two resources that fill one table."""
    batches = [T({"a": list(range(i, i + 70000))}) for i in range(0, 210000, 70000)]
    ids = []
    for place in (work, Workspace(tmp_path / "again")):
        resources = [{"name": name, "table": "t", "arrow": [write(place, batch, f"{name}{i}") for i, batch in enumerate(batches)]} for name in ("x", "y")]
        run(place, resources, load_id="1700000000.5", **ROW)
        with duckdb.connect(str(place.database), read_only=True) as connection:
            ids.append(connection.execute("select _dlt_id from d.t order by _dlt_id").fetchall())
    assert ids[0] == ids[1] and len(set(ids[0])) == len(ids[0]) == 420000


def test_ids_of_a_stream_as_the_data_of_a_run(work):
    run(work, [], stream=write(work, A), table="t", **BOTH)
    assert seen(work)["rows"] == [(1, "load 1", "made")]


# ---- where spile goes its own way -----------------------------------------------------------------------------------------------------

def test_unsigned_integers_have_room(work):
    """dlt gives them a signed column of the same width, and its load fails."""
    spile(work, {}, [T({"a": pa.array([255], pa.uint8()), "b": pa.array([65535], pa.uint16()), "c": pa.array([2**32 - 1], pa.uint32())})])
    got = seen(work)
    assert got["rows"] == [(255, 65535, 2**32 - 1)]
    assert [kind for _, kind, _ in got["columns"]] == ["SMALLINT", "INTEGER", "BIGINT"]


def test_a_table_with_ids_gives_them_to_rows_from_arrow(work):
    """dlt's load fails, since its rows have none."""
    work.load(work.write("t.json", [{"a": 1}]), table="t", dataset="d", pipeline="g")
    spile(work, {}, [T({"a": [2, 3], "b": ["x", None]})])
    with duckdb.connect(str(work.database), read_only=True) as connection:
        assert connection.execute("select a, b from d.t order by a").fetchall() == [(1, None), (2, "x"), (3, None)]
        assert connection.execute("select count(distinct _dlt_id), count(_dlt_load_id), min(length(_dlt_id)) from d.t").fetchone() == (3, 3, 14)


FILLED = {  # dlt's load fails, or the ids are null; runs, then the rows behind the last one
    "a table with load ids": ([(LOAD, [A]), ({}, [AB])], [(1, "load 1", None), (2, "load 2", "x"), (3, "load 2", None)]),
    "a table with row ids": ([(ROW, [A]), ({}, [A])], [(1, "made"), (1, "made")]),
    "a table with both": ([(BOTH, [A]), ({}, [A])], [(1, "load 1", "made"), (1, "load 2", "made")]),
    "a table with both is replaced": ([(BOTH, [A]), ({}, [A], {"write": "replace"})], [(1, "load 2", "made")]),
    "a table with both, a frozen contract": ([(BOTH, [A]), ({}, [A], {"contract": "freeze"})], [(1, "load 1", "made"), (1, "load 2", "made")]),
    "a table without ids": ([({}, [A]), (BOTH, [AB])], [(1, None, None, None), (2, "x", "load 2", "made"), (3, None, "load 2", "made")]),
    "a table without ids, a frozen contract": ([({}, [A]), (BOTH, [A], {"contract": "freeze"})], [(1, "load 2", "made"), (1, None, None)]),
    "a table without rows and ids": ([({}, [A.slice(0, 0)]), (BOTH, [A])], [(1, "load 2", "made")]),
    "a table with load ids, then documents": ([(LOAD, [A]), ({}, [{"a": 1}])], [(1, "load 1", None), (1, "load 2", "made")]),
    "documents, then only load ids are asked for": ([({}, [{"a": 1}]), (LOAD, [A])], [(1, "load 1", "made"), (1, "load 2", "made")]),
    "load ids that were brought, then none": ([({}, [LOAD_BROUGHT]), ({}, [A])], [(1, "load 2", None), (1, "mine", 2)]),
    "load ids that were brought, then none, in one run": ([({}, [LOAD_BROUGHT, A])], [(1, "load 1", None), (1, "mine", 2)]),
    "load ids that were brought, one of them null": ([({}, [T({"_dlt_load_id": ["mine", None]})])], [("load 1",), ("mine",)]),
    "row ids that were brought, then none": ([({}, [ROW_BROUGHT]), ({}, [A])], [(1, "made", None), (1, "mine", 2)]),
    "row ids that were brought, then none, in one run": ([({}, [ROW_BROUGHT, A])], [(1, "made", None), (1, "mine", 2)]),
    "ids that are brought to a table of documents": ([({}, [{"a": 1}]), ({}, [T({"a": [2, 3], "_dlt_load_id": ["mine", None], "_dlt_id": [None, "his"]})])],
                                                     [(1, "load 1", "made"), (2, "mine", "made"), (3, "load 2", "his")]),
    "ids that are no texts": ([({}, [T({"_dlt_load_id": [7], "_dlt_id": [8]})])], [("7", "8")]),
}


@pytest.mark.parametrize("case", FILLED)
def test_ids_are_never_null_where_the_table_has_them(work, case):
    """But for rows that were there before the column."""
    runs, rows = FILLED[case]
    for flags, items, *resource in runs:
        emit(work, flags, items, *resource)
    assert seen(work)["rows"] == rows


def test_documents_and_batches_fill_one_new_table(work):
    """Batches come first, since documents are gathered: without row ids the load would fail, as dlt's does."""
    batches = [write(work, A, i) for i in range(8)]
    run(work, [{"name": "x", "table": "t", "pages": [[{"a": 1, "b": 2}]]}, {"name": "y", "table": "t", "arrow": batches}], **ROW)
    got = seen(work)
    assert [name for name, _, _ in got["columns"]] == ["a", "b", "_dlt_load_id", "_dlt_id"]
    assert got["rows"] == [(1, 2, "load 1", "made")] + [(1, None, "load 1", "made")] * 8


def test_a_table_that_dlt_has_given_ids(work):
    """dlt's own next load without the setting fails."""
    with_dlt(work, {}, [A], **BOTH)
    spile(work, {}, [AB])
    spile(work, {}, [A], **BOTH)
    assert seen(work)["rows"] == [(1, "load 1", "made", None), (1, "load 3", "made", None), (2, "load 2", "made", "x"), (3, "load 2", "made", None)]


@pytest.mark.parametrize("name, told", [("_dlt_load_id", 'column "_dlt_load_id" of table "t" is bigint'), ("_dlt_id", 'column "_dlt_id" of table "t" is bigint')])
def test_ids_of_another_type_in_the_dataset(work, name, told):
    """dlt takes what a batch brings for data like any other."""
    with_dlt(work, {}, [T({"a": [1], name: [5]})])
    for flags in ({}, BOTH):
        assert told in spile(work, {}, [A], code=3, **flags)


def test_values_that_fit_are_coerced(work):
    """As values of documents: dlt leaves that to the database, or changes the schema behind its back."""
    spile(work, {}, [T({"a": [1], "s": ["x"], "d": [D("1.50")], "f": [1.5]})])
    spile(work, {}, [T({"a": ["2"], "s": [5], "d": [2], "f": [3]})])
    spile(work, {}, [T({"a": pa.array([3], pa.int32()), "s": pa.array(["y"], pa.large_string())})])
    got = seen(work)
    assert got["rows"] == [(1, "x", D("1.50"), 1.5), (2, "5", D("2.00"), 3.0), (3, "y", None, None)]
    assert got["table"]["columns"]["a"] == {"name": "a", "data_type": "bigint", "nullable": True}


BAD = {
    "a value that does not fit": ([T({"a": [1]})], [T({"a": ["2", "x"]})], 4, ['"x" does not fit', "bigint", 'column "a", table "t"', "item 2", "cast the column"]),
    "an integer beyond 64 bits": ([T({"a": [1]})], [T({"a": pa.array([2**63], pa.uint64())})], 4, ["9223372036854775808 does not fit", "item 1"]),
    "nanoseconds": ([], [T({"a": pa.array([1000, 1001], pa.timestamp("ns"))})], 4, ["nanoseconds", 'column "a"', "item 2"]),
    "a duration": ([], [T({"a": pa.array([1], pa.duration("s"))})], 4, ["duration", 'column "a"', "cast it"]),
    "a duration in a list": ([], [T({"a": pa.array([[1]], pa.list_(pa.duration("s")))})], 4, ["duration", 'column "a"', "cast it"]),
    "a decimal of 76 digits": ([], [T({"a": pa.array([D(1)], pa.decimal256(50, 2))})], 4, ["38 digits", 'column "a"', "cast it"]),
    "two columns of one name": ([], [T({"A": [1], "a": [2]})], 4, ['"A" and "a"', "rename one"]),
    "a null where none may be": ([pa.table({"a": [1]}, schema=pa.schema([pa.field("a", pa.int64(), nullable=False)]))], [T({"a": [1, None]})], 6, ['column "a"', "not be null", "item 2"]),
    "a text that is not UTF-8": ([], [T({"a": pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")])})], 4, ["not UTF-8", 'column "a"']),
    "a date beyond the years": ([], [T({"a": pa.array([2**40], pa.timestamp("s"))})], 4, ["years 1 to 9999", 'column "a"']),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_batches(work, case):
    before, batches, code, texts = BAD[case]
    if before:
        spile(work, {}, before)
    rows = seen(work)["rows"] if before else None
    told = spile(work, {}, batches, code=code)
    assert not [text for text in texts if text not in told], told
    assert not before or seen(work)["rows"] == rows
