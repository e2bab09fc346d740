# ctest: labels=conformance timeout=900
"""How a resource's write is said: the schema that dlt makes of it, load after load, and the row ids that follow from it.

The rows are compared after the first load, which only inserts, whatever the strategy. Expected values: dlt, run beside.
"""
import json

import duckdb
import pyarrow as pa
import pytest

import beside
import test_arrow as arrow
import typed
from beside import dlt
from cases import hint_options, spile_all
from dataset import check_bookkeeping, compare_bookkeeping, compare_columns, compare_rows, read_dataset, report
from documents import Generator
from engine import Workspace

T0, T1 = "2020-01-01T00:00:00Z", "2021-06-01T12:00:00.5+02:00"
NESTED = [{"id": 1, "v": "a", "l": [{"x": 1, "m": [1, 2]}, {"x": 2}], "o": {"p": 1.0, "q": None}, "seq": 1, "gone": False},
          {"id": 2, "v": "b", "l": [], "o": {"p": 2.5}, "seq": 2, "gone": False}]
LATER = [{"id": 2, "v": "c", "l": [{"x": 3}], "seq": 3, "gone": False, "new": 1}, {"id": 3, "v": "d", "seq": 1, "gone": True}]
KEYED = {"primary_key": "id"}


def merge(strategy=None, **options):
    return {"disposition": "merge", **({"strategy": strategy} if strategy else {}), **options}


def columns(**given):
    return {"columns": {name: {"name": name, **column} for name, column in given.items()}}


MARKS = columns(gone={"hard_delete": True}, seq={"dedup_sort": "desc"})

# name: loads, each with what is said of its write, and hints
CASES = {
    "merge, no keys": [("merge", {})],
    "merge, a word": [("merge", KEYED), ("merge", KEYED)],
    "a dictionary without a strategy": [(merge(), KEYED)],
    "an append as a dictionary": [({"disposition": "append"}, {})],
    "delete-insert": [(merge("delete-insert"), KEYED)],
    "delete-insert, merge key": [(merge("delete-insert"), {"merge_key": "v"})],
    "delete-insert, both keys": [(merge("delete-insert"), {"primary_key": ["id", "v"], "merge_key": "seq"})],
    "delete-insert, marks": [(merge("delete-insert"), {**KEYED, **MARKS})],
    "delete-insert, deduplicated": [(merge("delete-insert", deduplicated=True), KEYED), (merge("delete-insert", deduplicated=False), KEYED)],
    "delete-insert, conditions": [(merge("delete-insert", source_filter="id > 0 AND v <> '{{'", destination_scope="{table}.id < 10"), KEYED)],
    "delete-insert, scope without keys": [(merge("delete-insert", destination_scope="id < 10"), {})],
    "upsert": [(merge("upsert"), KEYED), (merge("upsert"), KEYED)],
    "upsert, two keys": [(merge("upsert"), {"primary_key": ["v", "id"]})],
    "upsert, key in an object": [(merge("upsert"), {"primary_key": ["id", "seq"]})],
    "upsert, unchanged": [(merge("upsert", skip_unchanged_rows=True), KEYED)],
    "upsert, version": [(merge("upsert", skip_unchanged_rows=True, row_version_column_name="seq"), KEYED)],
    "upsert, version and types": [(merge("upsert", skip_unchanged_rows=True, row_version_column_name="seq"), {**KEYED, **columns(
        seq={"data_type": "bigint", "x-mine": "y"}, later={"data_type": "text"})})],
    "upsert, filter": [(merge("upsert", source_filter="id > 0", deduplicated=True), KEYED)],
    "upsert, marks": [(merge("upsert"), {**KEYED, **columns(gone={"hard_delete": True})})],
    "insert-only": [(merge("insert-only"), KEYED), (merge("insert-only"), KEYED)],
    "cdc": [(merge("cdc"), KEYED), (merge("cdc"), KEYED)],
    "cdc, all": [(merge("cdc", source_filter="id > 0", destination_scope="id < 10", skip_unchanged_rows=True, row_version_column_name="seq"), KEYED)],
    "scd2": [(merge("scd2"), {}), (merge("scd2"), {})],
    "scd2, names": [(merge("scd2", validity_column_names=["From", "validUntil"]), {})],
    "scd2, times": [(merge("scd2", active_record_timestamp="9999-12-31", boundary_timestamp=T0), {}),
                    (merge("scd2", boundary_timestamp=T1), {}), (merge("scd2", boundary_timestamp=None), {}), (merge("scd2"), {})],
    "scd2, version": [(merge("scd2", row_version_column_name="Seq"), {})],
    "scd2, version of dlt": [(merge("scd2", row_version_column_name="_dlt_id"), {})],
    "scd2, key": [(merge("scd2"), {"merge_key": "id"})],
    "scd2, conditions": [(merge("scd2", source_filter="id > 0", destination_scope="id < 10"), KEYED)],
    "scd2, types": [(merge("scd2"), {**columns(v={"data_type": "text"}, never={"data_type": "date"}), "primary_key": "id"})],
    "scd2, root key": [(merge("scd2"), {"root_key": True})],
    "append, then merge": [("append", {}), ("merge", KEYED), ("append", {})],
    "append, then upsert": [("append", KEYED), (merge("upsert"), KEYED)],
    "append, then scd2": [("append", {}), (merge("scd2"), {}), (merge("scd2", validity_column_names=["a", "b"]), {})],
    "scd2, then append": [(merge("scd2"), {}), ("append", {}), ("merge", {})],
    "upsert, then a word": [(merge("upsert", skip_unchanged_rows=True, source_filter="id > 0"), KEYED), ("merge", KEYED), (merge("delete-insert"), KEYED)],
    "upsert, then scd2": [(merge("upsert"), KEYED), (merge("scd2"), KEYED)],
    "scd2, then upsert": [(merge("scd2"), KEYED), (merge("upsert"), KEYED)],
    "scd2, then delete-insert": [(merge("scd2"), KEYED), (merge("delete-insert"), KEYED)],
    "scd2, another version": [(merge("scd2"), {}), (merge("scd2", row_version_column_name="seq"), {})],
    "replace, then cdc": [("replace", KEYED), (merge("cdc"), KEYED)],
    "conditions change": [(merge("cdc", source_filter="id > 0"), KEYED), (merge("cdc", destination_scope="id > 1"), KEYED),
                          (merge("cdc", source_filter="id > 2"), KEYED)],
    "a nested table with a key": [(merge("upsert"), {**KEYED, "nested_hints": {"l": {"primary_key": "x"}}})],
}
CONVENTIONS = [("upsert", "direct"), ("scd2", "direct"), ("scd2, names", "sql_ci_v1"), ("scd2, names", "duck_case"), ("upsert, two keys", "sql_cs_v1"),
               ("scd2, version", "sql_ci_v1")]
# In a table with nested rows dlt can't add `_dlt_root_id`, which a merge needs.
FLAT = ("append, then merge", "append, then upsert", "replace, then cdc", "scd2, then upsert", "scd2, then delete-insert")
RANDOM_IDS = ("a nested table with a key", "delete-insert", "merge,", "a dictionary", "an append", "append", "replace", "scd2, version")


def has_own_ids(name):
    return name == "scd2, version of dlt" or not name.startswith(RANDOM_IDS)


def dlt_load(pipe, items, write, hints):
    resource = dlt.resource(items, name="t", write_disposition=write, **{key: hints[key] for key in beside.HINTS if key in hints})
    pipe.run(dlt.source(lambda: [resource], name=pipe.pipeline_name, root_key=hints.get("root_key", False))() if "root_key" in hints else resource)


def write_word(write):
    return write if isinstance(write, str) else json.dumps(write)


def without_validity(dataset, table="t"):
    """The times at which versions begin and end are the load's affair, not the normalizer's."""
    document = dataset.schema["tables"][table]["columns"]
    names = [name for name, column in document.items() if column.get("x-valid-from") or column.get("x-valid-to")]
    table = dataset[table]
    at = [table.names.index(name) for name in names if name in table.names]
    table.rows = [tuple(None if i in at else value for i, value in enumerate(row)) for row in table.rows]
    return dataset


def compare_first(got, want, own_ids):
    got, want = without_validity(got), without_validity(want)
    return compare_columns(got, want) + compare_rows(got, want, 15, own_ids) + check_bookkeeping(got) + compare_bookkeeping(got, want)


def check(work, steps, own_ids, naming=None):
    """`steps`: items, what is said of the write, hints."""
    with duckdb.connect(":memory:") as connection, beside.environment(SCHEMA__NAMING=naming):
        pipe = beside.pipeline(connection, work.folder / "dlt")
        try:
            for number, (items, write, hints) in enumerate(steps):
                dlt_load(pipe, items, write, hints)
                options = {key: value for key, value in hint_options(work, hints, "t").items()}
                spile_all(work, [items], write=write_word(write), suffix=number, naming=naming, **options)
                got, want = read_dataset(work.database), read_dataset(connection)
                differences = compare_bookkeeping(got, want) if number else compare_first(got, want, own_ids)
                assert not differences, f"load {number + 1}\n{report(differences)}"
        finally:
            pipe.deactivate()


def without_lists(items):
    return [{key: value for key, value in item.items() if key != "l"} for item in items]


def with_data(name):
    loads = (without_lists(NESTED), without_lists(LATER)) if name in FLAT else (NESTED, LATER)
    return [(loads[number > 0], *step) for number, step in enumerate(CASES[name])]


@pytest.mark.parametrize("name", CASES)
def test_hints(work, name):
    check(work, with_data(name), has_own_ids(name))


@pytest.mark.parametrize("name, naming", CONVENTIONS, ids=str)
def test_naming(work, name, naming):
    check(work, with_data(name), has_own_ids(name), naming)


# ---- row ids -----------------------------------------------------------------------------------------------------------------------

ODD = [{"id": value, "x": [1]} for value in (
    1, "1", 1.0, -0.0, 1e22, 1e16, 1e-7, 5e-324, 123456.789, 2**63 - 1, -(2**63), True, "", "é", "\U0001f600", "\u2028\u007f", "quo\"te\\", "\t\n\r\b\f\u0001", {"k": 1},
    "2024-01-01T00:00:00Z")]
KEY_SHAPES = {
    "odd values": ([{key: value for key, value in item.items()} for item in ODD if not isinstance(item["id"], dict)], "id"),
    "in an object": ([{"o": {"Key": 1, "x": 2}}, {"o": {"Key": "1"}}], "o__key"),
    "several": ([{"b": 1, "A": "x", "l": [1]}, {"A": 2.5, "b": None, "l": [{"m": [1]}]}], ["b", "a"]),
    "a key of its own": ([{"id": 1, "_dlt_id": "mine", "l": [1]}, {"id": 2, "l": [2]}, {"id": 3, "_dlt_id": ""}], "id"),
    "no objects": ([1, "x", 2.5], "value"),
    "load id": ([{"id": 1}], ["id", "_dlt_load_id"]),
}


@pytest.mark.parametrize("name", KEY_SHAPES)
def test_key_ids(work, name):
    """Null keys are hashed, too; columns of a key that was declared as such may be null. 1 and "1" are the same key in a column of texts: dlt keeps both."""
    items, key = KEY_SHAPES[name]
    keys = [key] if isinstance(key, str) else key
    hints = columns(**{name: {"primary_key": True, "nullable": True, **({"data_type": "text"} if name == "id" else {})} for name in keys})
    check(work, [(items, merge("upsert", deduplicated=True), hints)], name != "load id")


CONTENTS = {
    "sheet": [{"a": 1, "B": "x", "l": [1, {"z": 2}], "n": None}, {"id": 1, "b": "x"}],
    "odd values": [*ODD, {"id": {"z": 1, "a": [None, {}, []]}}],
    "dlt's own keys": [{"a": 1, "_dlt_id": "mine", "_dlt_x": 1, "o": {"_dlt_y": 2}}, {"a": 2, "_dlt_x": 1, "_dltz": 2}, {"a": 2, "_dlt_x": 2}],
    "names that collide": [{"a": 1, "_dlt_load_id": "x"}, {"A": 1}],
    "no objects": [1, "x", [{"a": 1}, [2]], {"value": 1}],
    "many keys": [{f"k{i}": i for i in range(40)}, {f"k{i}": i for i in reversed(range(40))}],
    "order of keys": [{"j": {"\U0001f600": 1, "\uffff": 2, "é": 3, "Z": 4, "a": 5, "": 6, "aa": [{"b": 1, "B": 2}]}, "a": 1, "Z": 2}],
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_ids(work, name):
    check(work, [(CONTENTS[name], merge("scd2"), columns(id={"data_type": "text"}, j={"data_type": "json"}))], True)


def ids_of(documents, subset=None):
    from dlt.common.json import json as dlt_json
    from dlt.common.normalizers.json.helpers import get_row_hash
    return [get_row_hash(dlt_json.loadb(dlt_json.typed_dumpb(document)), subset) for document in documents]


def random_rows(count):
    generator = Generator(20261126)
    generator.stray = 0
    rows = []
    while len(rows) < count:
        generator = Generator(generator.random.randint(0, 2**31)) if len(rows) % 20 == 0 else generator
        rows.append({"n": len(rows), "d": generator.document(4), "k": generator.scalar(generator.random.choice(generator.scalars), True)})
    return rows


@pytest.mark.parametrize("strategy, key", [("scd2", None), ("upsert", ["n", "k"])])
def test_random_rows(work, tmp_path, strategy, key):
    """2,000 rows; the same ids whatever the workers and the size of chunks."""
    rows = random_rows(2000)
    want = ids_of(rows, key)
    columns = "d:json,k:text:null,k::primary_key,n::primary_key" if key else "d:json,k:text"
    for number, (workers, chunk) in enumerate([(1, 1 << 22), (4, 1 << 12), (3, 1)]):
        other = Workspace(tmp_path / str(number))
        other.load_chunked(other.write_lines("t.jsonl", rows), chunk_bytes=chunk, dataset="d", table="t", write="merge", strategy=strategy, columns=columns,
                           workers=workers)
        with duckdb.connect(str(other.database), read_only=True) as connection:
            got = [row[0] for row in connection.execute("select _dlt_id from d.t order by n").fetchall()]
        wrong = [(a, b, row) for a, b, row in zip(got, want, rows, strict=True) if a != b]
        assert not wrong, wrong[:3]


def typed_items():
    """Each value as a key, and in an object and a list."""
    values = typed.VALUES
    return [{"n": n, "k": value, "o": {"v": value}, "l": [value]} for n, value in enumerate(values)]


@pytest.mark.parametrize("strategy, key", [("scd2", None), ("upsert", ["n", "k"])])
def test_typed_values(work, strategy, key):
    """Timestamps, dates, times, decimals and bytes carry the marks that dlt passes them with."""
    items = typed_items()
    columns = {"k": {"data_type": "text", "nullable": True}, "l": {"data_type": "json"}, "o": {"data_type": "json"}}
    typed.load(work, items, columns, primary_key=",".join(key) if key else None, write="merge", merge={"strategy": strategy})
    with duckdb.connect(str(work.database), read_only=True) as connection:
        got = [row[0] for row in connection.execute("select _dlt_id from d.t order by n").fetchall()]
    assert got == ids_of(items, key)


# ---- ways to say it ----------------------------------------------------------------------------------------------------------------

OPTIONS = {
    "word": (merge(), {"write": "merge"}),
    "upsert": (merge("upsert", source_filter="id IN (1, 2)", skip_unchanged_rows=True, row_version_column_name="seq", deduplicated=True),
               {"write": "merge", "strategy": "upsert", "merge": ["source_filter=id IN (1, 2)", "skip_unchanged_rows", "row_version=seq", "deduplicated=true"]}),
    "scd2": (merge("scd2", validity_column_names=["a", "b"], active_record_timestamp="9999-12-31", boundary_timestamp=T0, destination_scope="id = 1"),
             {"write": "merge", "strategy": "scd2", "merge": ["valid_from=a", "valid_to=b", "active_record_timestamp=9999-12-31", f"boundary_timestamp={T0}",
                                                               "destination_scope=id = 1", "deduplicated=false"]}),
}


def schema_table(work):
    return read_dataset(work.database).schema["tables"]["t"]


@pytest.mark.parametrize("name", OPTIONS)
def test_options(work, tmp_path, name):
    """Words and dlt's dictionary as JSON say the same, in one go and in stages."""
    write, options = OPTIONS[name]
    seen = []
    for number, given in enumerate(({"write": json.dumps(write)}, options, {**options, "until": "extract"}, {**options, "until": "normalize"})):
        other = Workspace(tmp_path / str(number))
        other.load(other.write("t.json", NESTED), dataset="d", table="t", pipeline="g", primary_key="id", **given)
        if "until" in given:
            result = other.spile("pipeline", "g", "load-pending", to=other.database, dataset="d")
            assert result.code == 0, str(result)
        seen.append(schema_table(other))
    assert all(one == seen[0] for one in seen)
    with duckdb.connect(":memory:") as connection:
        pipe = beside.pipeline(connection, work.folder / "dlt")
        dlt_load(pipe, NESTED, write, KEYED)
        want = read_dataset(connection).schema["tables"]["t"]
        pipe.deactivate()
    assert seen[0] == want


# ---- sources -----------------------------------------------------------------------------------------------------------------------

NAMED = [{"kind": "a", "id": 1, "l": [{"x": 1}]}, {"kind": "b", "id": 1}, {"kind": "a", "id": 2}]


def test_tables_that_items_name(work, tmp_path):
    """Tables that come during the run are written as their resource says, known ones too."""
    said = {"strategy": "scd2", "valid_from": "From", "boundary_timestamp": T0}
    write = merge("scd2", validity_column_names=["From", "_dlt_valid_to"], boundary_timestamp=T0)
    pages = [NAMED, [{"kind": "c", "id": 1}, *NAMED]]
    alone = Workspace(tmp_path / "alone")
    for number, page in enumerate(pages):
        arrow.run(work, [{"name": "r", "pages": [page], "table_by": "kind", "write": "merge", "merge": said}])
        pipe = beside.pipeline(alone.database, alone.folder / "dlt")
        pipe.run(dlt.source(lambda: dlt.resource([page], name="r", table_name=lambda item: item["kind"], write_disposition=write), name="g")())
        pipe.deactivate()
        got, want = read_dataset(work.database), read_dataset(alone.database)
        differences = compare_bookkeeping(got, want)
        if number == 0:
            for dataset in (got, want):
                for name in "ab":
                    without_validity(dataset, name)
            differences += compare_columns(got, want) + compare_rows(got, want, own_ids=True)
        assert not differences, report(differences)


def test_declaration(work):
    """What does not go together is found when the resource is declared: nothing is begun."""
    told = arrow.run(work, [{"name": "r", "pages": [], "write": "merge", "merge": {"strategy": "insert-only", "source_filter": "a"}}], code=2)
    assert "insert-only does not take source_filter" in told and 'resource "r"' in told
    assert not work.data.exists()


SAID = [("append", {"write": "append"}), ("merge", {"write": "merge"}), (merge("cdc", skip_unchanged_rows=True, row_version_column_name="v", deduplicated=True),
        {"write": "merge", "merge": {"strategy": "cdc", "skip_unchanged_rows": True, "row_version": "v", "deduplicated": True}}),
        (merge("scd2", validity_column_names=["a", "b"], active_record_timestamp=T1, boundary_timestamp=T0, source_filter="id > 0", destination_scope="id < 9"),
         {"write": "merge", "merge": {"strategy": "scd2", "valid_from": "a", "valid_to": "b", "active_record_timestamp": T1, "boundary_timestamp": T0,
                                      "source_filter": "id > 0", "destination_scope": "id < 9"}})]


@pytest.mark.parametrize("write, said", SAID, ids=["append", "merge", "cdc", "scd2"])
def test_trace(work, tmp_path, write, said):
    """A trace repeats what was said, as dlt's does."""
    items = [{"id": 1, "v": 1}]
    arrow.run(work, [{"name": "r", "pages": [items], "primary_key": "id", **said}], trace_file=str(work.folder / "trace.json"))
    pipe = beside.pipeline(tmp_path / "alone.duckdb", tmp_path / "dlt")
    pipe.run(dlt.source(lambda: dlt.resource(items, name="r", primary_key="id", write_disposition=write), name="g")())
    traces = [json.loads((work.folder / "trace.json").read_text()), json.loads(json.dumps(pipe.last_trace.asdict(), default=str))]
    pipe.deactivate()
    got, want = [[hint["write_disposition"] for step in trace["steps"] if step["step"] == "extract" for hint in step["extract_info"]["hints"] if hint["resource_name"] == "r"] for trace in traces]
    assert got == want == [write]


# ---- Arrow -------------------------------------------------------------------------------------------------------------------------

def test_arrow_key_ids(work):
    """Rows of a batch that get ids get those that objects of the same values would: dlt gives random ones there, and its merge loses the nested rows."""
    objects = [{"id": 1, "s": "x"}, {"id": 2, "s": None}]
    resource = {"write": "merge", "merge": {"strategy": "upsert"}, "columns": "id::primary_key, s::primary_key:null"}
    arrow.spile(work, resource, [pa.table({"id": pa.array([1, 2]), "s": pa.array(["x", None])})], arrow_row_id=True)
    with duckdb.connect(str(work.database), read_only=True) as connection:
        got = [row[0] for row in connection.execute("select _dlt_id from d.t order by id").fetchall()]
    assert got == ids_of(objects, ["id", "s"])


def test_arrow_scd2(work):
    """A batch has no row to hash, in dlt neither: it has to bring its version."""
    batch = pa.table({"id": pa.array([1, 2]), "h": pa.array(["x", "y"])})
    said = arrow.spile(work, {"write": "merge", "merge": {"strategy": "scd2"}}, [batch], code=3)
    assert "row_version" in said
    arrow.spile(work, {"write": "merge", "merge": {"strategy": "scd2", "row_version": "h"}}, [batch])
    assert list(schema_table(work)["columns"]) == ["_dlt_valid_from", "_dlt_valid_to", "id", "h"]


# ---- what dlt refuses --------------------------------------------------------------------------------------------------------------

REFUSED = {
    "upsert without a key": (merge("upsert"), {}, NESTED),
    "insert-only without a key": (merge("insert-only"), {}, NESTED),
    "cdc without a key": (merge("cdc"), {"merge_key": "id"}, NESTED),
    "scope of upsert": (merge("upsert", destination_scope="id > 1"), KEYED, NESTED),
    "filter of insert-only": (merge("insert-only", source_filter="id > 1"), KEYED, NESTED),
    "unchanged rows of delete-insert": (merge("delete-insert", skip_unchanged_rows=True), KEYED, NESTED),
    "version of delete-insert": (merge("delete-insert", row_version_column_name="v"), KEYED, NESTED),
    "two marks of deletion": (merge("upsert"), {**KEYED, **columns(gone={"hard_delete": True}, v={"hard_delete": True})}, NESTED),
    "two marks in an append": ("append", columns(gone={"hard_delete": True}, v={"hard_delete": True}), NESTED),
    "two orders": ("merge", {**KEYED, **columns(seq={"dedup_sort": "asc"}, v={"dedup_sort": "desc"})}, NESTED),
    "no timestamp": (merge("scd2", boundary_timestamp="soon"), {}, NESTED),
    "no end": (merge("scd2", active_record_timestamp="never"), {}, NESTED),
    "a name in a condition": (merge("scd2", destination_scope="{other}.id > 1"), {}, NESTED),
    "a brace": (merge("cdc", destination_scope="id > {"), KEYED, NESTED),
    "a place in a filter": (merge("upsert", source_filter="{table}.id > 1"), KEYED, NESTED),
    "a row without the key": (merge("upsert"), columns(id={"primary_key": True, "nullable": True}), [{"id": 1}, {"v": 1}]),
    "a key that is an object": (merge("upsert"), columns(o={"primary_key": True, "nullable": True}), NESTED),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(work, name):
    write, hints, items = REFUSED[name]
    with duckdb.connect(":memory:") as connection:
        pipe = beside.pipeline(connection, work.folder / "dlt")
        with pytest.raises(Exception):
            dlt_load(pipe, items, write, hints)
        pipe.deactivate()
    result = work.run(work.write("t.json", items), dataset="d", table="t", write=write_word(write), **hint_options(work, hints, "t"))
    assert result.code in (2, 3, 6), str(result)
    assert not work.database.exists() or "d" not in [row[0] for row in duckdb.connect(str(work.database)).execute("select table_name from duckdb_tables()").fetchall()]


# ---- what dlt ignores, with a warning or without ------------------------------------------------------------------------------------

STRICTER = {
    "unchanged rows of the default": (merge(skip_unchanged_rows=True), "does not take skip_unchanged_rows"),
    "version without unchanged rows": (merge("upsert", row_version_column_name="v"), "with skip_unchanged_rows only"),
    "names of another strategy": (merge("upsert", validity_column_names=["a", "b"]), "does not take the names of validity columns"),
    "times of another strategy": (merge("cdc", boundary_timestamp=T0), "does not take boundary_timestamp"),
}


@pytest.mark.parametrize("name", STRICTER)
def test_stricter(work, name):
    write, message = STRICTER[name]
    result = work.run(work.write("t.json", NESTED), dataset="d", table="t", write=write_word(write), primary_key="id")
    assert result.code == 2 and message in result.err, str(result)


def test_key_of_colliding_names(work):
    """The id follows from the value that is in the column; dlt keeps the last value of the row only."""
    items = [{"Key": 1, "key": 2}, {"Key": None, "key": 3}]
    work.load(work.write("t.json", items), dataset="d", table="t", write="merge", strategy="upsert", columns="key:bigint:primary_key")
    with duckdb.connect(str(work.database), read_only=True) as connection:
        got = connection.execute("select key, _dlt_id from d.t order by key").fetchall()
    assert got == list(zip([1, 3], ids_of([{"key": 1}, {"key": 3}], ["key"])))
