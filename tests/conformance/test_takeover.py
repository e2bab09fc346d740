# ctest: labels=conformance timeout=900
"""dlt and spile take turns on one dataset: each goes on where the other one stopped, and nobody can tell afterwards who loaded what.

Expected values: the same loads made by dlt alone, from a new working folder each time as on another machine.
"""
import datetime
import decimal
import itertools
import shutil

import pytest

import beside
from cases import spile_all
from dataset import compare, read_dataset, report
from engine import Workspace

SAME = [[{"id": i, "a": f"text {i}", "ts": f"2024-01-0{i}T10:00:00Z", "f": i / 2, "l": [{"k": i, "m": [i, i + 1]}], "o": {"x": True}}]
        for i in (1, 2, 3)]
DRIFT = [
    [{"id": 1, "a": 1, "l": [{"k": 1}]}],
    [{"id": 2, "a": "x", "b": True, "l": [{"k": "v", "z": 1.5}], "m": [1, [2]]}],
    [{"id": "3", "a": 2.5, "o": {"p": {"q": "2024-01-01T00:00:00Z"}}, "l": [], "m": [{"n": None}]}],
    [{"id": 4, "a": {"deep": 1}, "b": "maybe", "New Name": 1}]]
TYPED = [{"i": 0, "date": datetime.date(2024, 1, 1), "time": datetime.time(1, 2, 3), "dec": decimal.Decimal("1.10"), "bytes": b"\0\xff",
          "zone": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), "naive": datetime.datetime(2024, 1, 1), "js": {"x": [1]}}]
HINTS = {"js": {"data_type": "json"}, "naive": {"data_type": "timestamp", "timezone": False}, "dec2": {"data_type": "decimal", "precision": 10,
         "scale": 2}, "id8": {"data_type": "bigint", "primary_key": True, "nullable": True}, "i": {"description": "a number", "x-own": "kept"}}
UNTYPED = [
    {"i": 1, "date": "2024-01-02", "time": "04:05:06.7", "dec": "3.25", "bytes": "AP8=", "zone": "2024-01-02T10:00:00+02:00",
     "naive": "2024-01-02T10:00:00+02:00", "js": {"y": [1, {"z": "\u00e9"}]}, "dec2": 1.5, "id8": 5},
    {"i": 2, "date": "2024-01-04T23:30:00-02:00", "time": "10:00", "dec": 0.1, "bytes": "0x0a0b", "zone": 1700000000, "naive": "2024-01-02",
     "js": [1, "2", None], "dec2": "7.25", "id8": "6"},
    {"i": 3, "date": 0, "time": "x", "dec": "x", "bytes": "no base64!", "zone": "x", "naive": True, "js": 5, "dec2": True, "id8": "x"},
    {"i": 4, "date": "x", "time": 3600, "dec": 2, "bytes": 258, "zone": "2024-01-02", "naive": 1700000000.25, "js": "{\"k\": 1}", "dec2": 3},
    {"i": 5, "date": True, "time": True, "dec": True, "bytes": -1, "zone": True, "js": "no json", "dec2": "x"},
    {"i": "x", "date": 1.5, "time": "T10:00", "dec": " 0x10 ", "bytes": 1.5, "zone": "2024-W01-1T10:00:00Z", "js": True, "dec2": "1e3"}]


def dlt_step(work, data, number, folder=None, **options):
    """One load by dlt; from a new working folder if none is given."""
    pipe = beside.pipeline(work.database, work.folder / (folder or f"dlt{number}"))
    try:
        pipe.sync_destination()
        pipe.run(beside.resource(data, "t") if not options else beside.dlt.resource(data, name="t", **options))
    finally:
        pipe.deactivate()


def spile_step(work, data, number, **_):
    spile_all(work, [data], suffix=number)


def dlt_alone(folder, steps):
    work = Workspace(folder)
    for number, data in enumerate(steps):
        dlt_step(work, data, number)
    return read_dataset(work.database)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What dlt makes of SAME and of DRIFT."""
    folder = tmp_path_factory.mktemp("alone")
    return {"same": dlt_alone(folder / "same", SAME), "drift": dlt_alone(folder / "drift", DRIFT)}


def turns(work, engines, steps, new_folders=True):
    for number, (engine, data) in enumerate(zip(engines, steps)):
        if new_folders:
            work.data = work.folder / f"data{number}"
        (dlt_step if engine == "dlt" else spile_step)(work, data, number)
    return read_dataset(work.database)


def check_one_line(got, engines):
    """Each version names the one before as its newest ancestor; between two of dlt's it may have had others, which were never stored."""
    assert len(got.versions) == len(engines)
    for before, row, engine in zip(got.versions, got.versions[1:], engines[1:]):
        ancestors = row["schema"]["previous_hashes"]
        assert ancestors.index(before["version_hash"]) <= (0 if engine == "spile" else 2), (engine, before["version_hash"], ancestors)


def check_equal(got, want):
    assert not (differences := compare(got, want)), report(differences)


ALL_TURNS = [(engines, True) for engines in itertools.product(("dlt", "spile"), repeat=3)][1:]
KEPT = [(("spile", "dlt", "spile"), False), (("dlt", "spile", "spile"), False)]


@pytest.mark.parametrize("engines, new_folders", ALL_TURNS + KEPT, ids=lambda value: "-".join(value) if isinstance(value, tuple) else
                         "new folders" if value else "folder kept")
def test_same_shape(work, alone, engines, new_folders):
    """No table, no column, no schema, no state is added by a change of the engine."""
    got = turns(work, engines, SAME, new_folders)
    check_equal(got, alone["same"])
    assert len(got.versions) == 1 and len(got.states) == 1 and len(got.loads) == 3


@pytest.mark.parametrize("engines", [("dlt", "spile") * 2, ("spile", "dlt") * 2, ("spile",) * 4, ("dlt", "spile", "spile", "dlt")], ids="-".join)
def test_drift(work, alone, engines):
    """New columns, variants and nested tables are the same whoever meets them; one schema is added by each load."""
    got = turns(work, engines, DRIFT, new_folders=engines[0] == "dlt")
    check_equal(got, alone["drift"])
    check_one_line(got, engines)


def test_dlt_keeps_its_folder(work, alone):
    """dlt goes on from its own working folder after spile has loaded rows of the same shape."""
    for number, engine in enumerate(("dlt", "spile", "dlt")):
        (dlt_step if engine == "dlt" else spile_step)(work, SAME[number], number, folder="dlt")
    check_equal(read_dataset(work.database), alone["same"])


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    """A database with TYPED in it, to be copied."""
    work = Workspace(tmp_path_factory.mktemp("typed"))
    dlt_step(work, TYPED, 0, columns=HINTS)
    return work.database


@pytest.mark.parametrize("item", range(len(UNTYPED)))
def test_columns_of_types_that_json_lacks(work, tmp_path, typed, item):
    """What dlt's coercions make of JSON values in columns that Python values or hints have typed; hints stay in the schema."""
    alone = Workspace(tmp_path / "alone")
    for folder in (work, alone):
        shutil.copyfile(typed, folder.database)
    dlt_step(alone, [UNTYPED[item]], 1)
    spile_step(work, [UNTYPED[item]], 1)
    check_equal(read_dataset(work.database), read_dataset(alone.database))


def test_tables_of_others_stay_as_they_are(work, tmp_path):
    """Merge tables, contracts and settings of the pipeline's schema survive a load into another table."""
    alone = Workspace(tmp_path / "alone")
    for folder in (work, alone):
        begin(folder, beside.dlt.resource([{"id": 1, "l": [1]}], name="merged", write_disposition="merge", primary_key="id",
                                          schema_contract={"data_type": "freeze"}))
    dlt_step(alone, SAME[0], 1)
    spile_step(work, SAME[0], 1)
    check_equal(read_dataset(work.database), read_dataset(alone.database))


CONTRACTS = {
    "of the table": lambda: beside.dlt.resource(SAME[0], name="t", schema_contract={"columns": "discard_value", "data_type": "discard_row"}),
    "of the source": lambda: beside.dlt.source(lambda: beside.dlt.resource(SAME[0], name="t"), name="g", schema_contract="discard_row")(),
    "of the table before the source's": lambda: beside.dlt.source(
        lambda: beside.dlt.resource(SAME[0], name="t", schema_contract={"columns": "discard_value"}), name="g", schema_contract="discard_row")(),
}


@pytest.mark.parametrize("where", CONTRACTS)
def test_contracts_of_dlt_hold(work, tmp_path, where):
    """A contract that dlt has put into the schema decides what spile leaves out; one spile was given decides for dlt."""
    alone = Workspace(tmp_path / "alone")
    for folder in (work, alone):
        begin(folder, CONTRACTS[where]())
    drift = [{"id": 5, "new": 1, "l": [{"k": 1, "z": 2}, {"k": "x"}], "m": [1]}, {"id": "x", "a": "y"}, {"id": 6, "a": "z"}]
    dlt_step(alone, drift, 1)
    spile_step(work, drift, 1)
    check_equal(read_dataset(work.database), read_dataset(alone.database))


def test_a_contract_given_to_spile_holds_for_dlt(work, tmp_path):
    alone = Workspace(tmp_path / "alone")
    drift = [{"id": 7, "new": 1}, {"id": 8}]
    beside.load_all(alone.database, alone.folder / "dlt", [SAME[0], SAME[1]], contract={"columns": "discard_row"})
    spile_all(work, [SAME[0], SAME[1]], contract={"columns": "discard_row"})
    for folder in (work, alone):
        dlt_step(folder, drift, 2)
    check_equal(read_dataset(work.database), read_dataset(alone.database))
    assert read_dataset(work.database)["t"].values("id") == [1, 2, 8]


def begin(work, source):
    pipe = beside.pipeline(work.database, work.folder / "dlt0")
    pipe.run(source)
    pipe.deactivate()


NESTED = [{"id": 2, "l": [{"k": 1, "m": [1, 2]}, {"k": 2, "m": []}]}, {"id": 3, "n": [{"o": [5]}]}]


def source_with_root_key():
    return beside.dlt.source(lambda: beside.dlt.resource([{"id": 1, "l": [{"k": 1, "m": [1]}]}], name="t"), name="g", root_key=True)()


def merge_resource():
    return beside.dlt.resource([{"id": 1, "l": [{"k": 1, "m": [1]}]}], name="t", write_disposition="merge", primary_key="id")


def nesting_resource():
    return beside.dlt.resource([{"id": 1, "l": [{"k": 1, "m": [1]}]}], name="t", max_table_nesting=1)


@pytest.mark.parametrize("make", [nesting_resource, source_with_root_key, merge_resource])
def test_append_to_a_table_with_hints(work, tmp_path, make):
    """Root ids, keys and limits of nesting that dlt has put into the schema hold for rows that spile appends (and for new nested tables)."""
    alone = Workspace(tmp_path / "alone")
    for folder in (work, alone):
        begin(folder, make())
    dlt_step(alone, NESTED, 1)
    spile_step(work, NESTED, 1)
    got, want = read_dataset(work.database), read_dataset(alone.database)
    check_equal(got, want)
    for name in got.data_tables:
        if "_dlt_root_id" in got[name].names:
            assert set(got[name].values("_dlt_root_id")) <= set(got["t"].values("_dlt_id"))


def counting(pipe):
    @beside.dlt.resource(name="t")
    def rows():
        state = beside.dlt.current.resource_state()
        state["count"] = state.get("count", 0) + 1
        yield {"id": state["count"], "at": "2024-01-01T00:00:00Z"}
    pipe.run(rows())


def test_state_is_kept_for_dlt(work):
    """What a dlt resource keeps in the state is there again after loads by spile, which add no state of their own."""
    for number in range(3):
        pipe = beside.pipeline(work.database, work.folder / f"dlt{number}")
        pipe.sync_destination()
        counting(pipe)
        assert pipe.state["sources"]["g"]["resources"]["t"]["count"] == number + 1
        pipe.deactivate()
        spile_step(work, [{"id": 100 + number, "at": "2024-01-01T00:00:00Z"}], number)
        got = read_dataset(work.database)
        assert len(got.states) == number + 1
        assert got.states[-1]["state"]["sources"]["g"]["resources"]["t"]["count"] == number + 1
    assert sorted(got["t"].values("id")) == [1, 2, 3, 100, 101, 102]


def test_dlt_reads_what_spile_wrote(work):
    """dlt restores a pipeline from a dataset it has never seen: state, schema with its hash, row counts, relations of tables."""
    spile_all(work, DRIFT)
    got = read_dataset(work.database)
    pipe = beside.pipeline(work.database, work.folder / "dlt")
    pipe.sync_destination()
    assert pipe.default_schema_name == "g" and not pipe.first_run and pipe.dataset_name == "d"
    assert pipe.state["_version_hash"] == got.states[-1]["version_hash"]
    assert pipe.default_schema.version_hash == pipe.default_schema.stored_version_hash == got.versions[-1]["version_hash"]
    assert dict(pipe.dataset().row_counts().fetchall()) == got.counts
    pipe.deactivate()
