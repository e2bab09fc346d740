# ctest: labels=cases timeout=300
"""Extract, normalize and load on their own: what waits between them, and what goes wrong. Expected values follow from the data given here, or from a run that
does all three at once."""
import json
import os
import shutil
import subprocess

import duckdb
import pytest

from dataset import read_dataset
from engine import Workspace, place

LOAD_IDS = ["1700000000.1", "1700000000.2", "1700000000.3"]


def call(work, *resources, code=0, data=None, **told):
    script = {"pipeline": "shop", "destination": str(work.database), "dataset": "d", "data_dir": str(data or work.data), "source": "shop", "resources": resources, **told}
    done = subprocess.run([os.path.join(place("SPILE_FILTERS"), "source_filter")], input=json.dumps(script), cwd=work.folder, env=work.environ(),
                          capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else json.loads(done.stdout[done.stdout.index("{"):])


def extract(work, *pages, code=0, load_id=None, data=None, refresh=None, **resource):
    return call(work, {"name": "t", "pages": list(pages), **resource}, stage="extract", code=code, load_id=load_id, data=data, refresh=refresh)


def normalize(work, code=0, **told):
    told = call(work, {"name": "t", "pages": []}, stage="normalize", code=code, **told)
    return told if code else told["count"]


def load(work, code=0, data=None):
    told = call(work, {"name": "t", "pages": []}, stage="load", code=code, data=data)
    return told if code else told["count"]


def command(work, *words, code=0):
    done = subprocess.run([place("SPILE"), *words], cwd=work.folder, env=work.environ(), capture_output=True, text=True, input="")
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else done.stdout


def rows(work, columns="*", table="t"):
    with duckdb.connect(str(work.database)) as connection:
        return connection.execute(f"select {columns} from d.{table} order by 1").fetchall()


def waiting(work):
    return {load_id: {name for name in os.listdir(work.data / "pipelines/shop" / kind / load_id)}
            for kind in ("packages", "extracted") if (work.data / "pipelines/shop" / kind).exists() for load_id in os.listdir(work.data / "pipelines/shop" / kind)}


def place_of(work, load_id, name):
    return work.data / "pipelines/shop/extracted" / load_id / name


# ---- the same as a run ------------------------------------------------------------------------------------------------------------------

DEEP = [{"id": i, "name": f"n{i}", "at": "2026-01-02T03:04:05Z", "tags": ["a", "b"], "lines": [{"sku": i, "parts": [{"n": 1.5}]}], "o": {"p": None, "q": 10**25}} for i in range(200)]

SOURCES = {
    "nested": [{"name": "t", "pages": [DEEP, [{"id": "text", "new": True}]]}],
    "tables that items name": [{"name": "t", "table_by": "kind", "pages": [[{"kind": "a", "n": 1}, {"kind": "b", "n": 2}], [{"kind": "c"}, {"n": 3}, {"kind": "a", "m": 1}]]}],
    "a transformer": [{"name": "t", "pages": [DEEP], "hidden": True}, {"name": "u", "from": "t", "emits": "lines"}],
    "merge": [{"name": "t", "pages": [[{"id": 1, "l": [1]}], [{"id": 2}]], "write": "merge", "primary_key": "id", "merge": {
        "strategy": "cdc", "skip_unchanged_rows": True, "row_version": "id", "source_filter": "id > 0", "destination_scope": "id < 9", "deduplicated": True}}],
    "a history": [{"name": "t", "pages": [[{"id": 1, "l": [1]}]], "write": "merge", "merge": {
        "strategy": "scd2", "valid_from": "a", "valid_to": "b", "active_record_timestamp": "9999-12-31", "boundary_timestamp": "2020-01-01"}}],
    "replace, keys and types": [{"name": "t", "pages": [[{"id": 1, "amount": "2.50"}]], "write": "replace", "primary_key": "id", "columns": "amount:decimal(10,2)"}],
    "a cursor": [{"name": "t", "pages": [[{"id": 1, "n": 5}, {"id": 2, "n": 7}]], "incremental": {"cursor": "n"}, "primary_key": "id"}],
    "two resources": [{"name": "t", "pages": [[{"a": 1}]]}, {"name": "u", "pages": [[{"a": "x"}], [{"b": 1}]]}],
    "values that are no objects": [{"name": "t", "pages": [[1, "x", None, 2.5]]}],
    "texts with all there is": [{"name": "t", "pages": [[{"k\ttab": "line\nbreak\ttab \"quoted\" \\ \u0001 \u20ac \U0001f600", "": 0}]]}],
}


@pytest.mark.parametrize("case", SOURCES)
def test_as_a_run(work, tmp_path, case):
    """Every row with its ids, every column in its place, schema and state."""
    at_once = Workspace(tmp_path / "at once")
    call(at_once, *SOURCES[case], load_id=LOAD_IDS[0])
    call(work, *SOURCES[case], load_id=LOAD_IDS[0], stage="extract")
    assert normalize(work) == 1
    assert load(work) == 1
    got, want = read_dataset(work.database), read_dataset(at_once.database)
    assert got.counts == want.counts and got.counts
    for name in want.counts:
        assert got[name].columns == want[name].columns and got[name].rows == want[name].rows, name
    assert got.schema["tables"] == want.schema["tables"]
    assert [row["state"].get("sources") for row in got.states] == [row["state"].get("sources") for row in want.states]
    assert waiting(work) == {}


FILES = {
    "lines": ("a.jsonl", "".join(json.dumps(item) + "\n" for item in DEEP)),
    "an array": ("a.json", json.dumps(DEEP, indent=1)),
    "one object": ("a.json", '{"id": 1, "l": [1, 2]}'),
}


@pytest.mark.parametrize("case", FILES)
def test_files_as_a_load(work, tmp_path, case):
    name, text = FILES[case]
    at_once = Workspace(tmp_path / "at once")
    for place in (work, at_once):
        place.write(name, text)
    options = ["--to", "shop.duckdb", "--pipeline", "shop", "--dataset", "d", "--load-id", LOAD_IDS[0]]
    command(at_once, "load", name, *options)
    assert "waits" in command(work, "load", name, *options, "--until", "extract")
    assert not (work.folder / "shop.duckdb").exists()
    os.unlink(work.folder / name)
    assert "1 load package loaded" in command(work, "pipeline", "shop", "load-pending")
    got, want = (read_dataset(place.folder / "shop.duckdb") for place in (work, at_once))
    assert got.counts == want.counts and all(got[table].rows == want[table].rows for table in want.counts)


def test_until_normalized(work):
    work.write("a.jsonl", '{"id": 1}\n')
    options = ["--to", "shop.duckdb", "--pipeline", "shop", "--dataset", "d"]
    assert "read and unpacked; nothing is loaded yet" in command(work, "load", "a.jsonl", *options, "--until", "normalize")
    assert "1 load package loaded" in command(work, "pipeline", "shop", "load-pending")
    assert "extract, normalize or load" in command(work, "load", "a.jsonl", *options, "--until", "lod", code=2)


# ---- several that wait --------------------------------------------------------------------------------------------------------------------

PAGES = [[{"id": 1, "n": 5}, {"id": 2, "n": 7}], [{"id": 2, "n": 7}, {"id": 3, "n": 8, "new": "x"}], [{"id": 4, "n": 8}, {"id": 5, "n": 6}]]


@pytest.mark.parametrize("between", ["nothing", "each is normalized", "the last is not"])
def test_each_begins_where_the_one_before_has_ended(work, between):
    for i, page in enumerate(PAGES):
        extract(work, page, incremental={"cursor": "n"}, primary_key="id", count=True)
        if between == "each is normalized" or (between == "the last is not" and i < 2):
            assert normalize(work) == 1
    assert load(work) == 3
    assert rows(work, "id, n, new") == [(1, 5, None), (2, 7, None), (3, 8, "x"), (4, 8, None)]
    assert [row["state"]["sources"]["shop"]["resources"]["t"]["count"] for row in read_dataset(work.database).states] == [1, 2, 3]


def test_a_run_loads_what_waits_first(work):
    extract(work, [{"id": 1}], count=True)
    call(work, {"name": "t", "pages": [[{"id": 2}]], "count": True})
    assert rows(work, "id") == [(1,), (2,)]
    assert read_dataset(work.database).states[-1]["state"]["sources"]["shop"]["resources"]["t"]["count"] == 2


def test_load_ids_come_in_order(work):
    extract(work, [{"id": 1}], load_id=LOAD_IDS[1])
    assert "does not come behind" in extract(work, [{"id": 2}], load_id=LOAD_IDS[0], code=2)
    assert extract(work, [{"id": 3}], load_id=LOAD_IDS[1])["already_loaded"]
    extract(work, [{"id": 2}], load_id=LOAD_IDS[2])
    assert load(work) == 2 and rows(work, "id") == [(1,), (2,)]


def test_a_load_id_that_was_loaded(work):
    call(work, {"name": "t", "pages": [[{"id": 1}]]}, load_id=LOAD_IDS[0])
    assert extract(work, [{"id": 2}], load_id=LOAD_IDS[0])["already_loaded"]
    assert waiting(work) == {} and rows(work, "id") == [(1,)]


def test_nothing_drawn_is_no_extract(work):
    extract(work)
    assert waiting(work) == {} and load(work) == 0


def test_what_the_packages_are_told_to_be(work):
    extract(work, [{"id": 1}], load_id=LOAD_IDS[0])
    normalize(work)
    extract(work, [{"id": 2}], load_id=LOAD_IDS[1])
    told = command(work, "pipeline", "shop", "info", "--to", str(work.database), "--dataset", "d", code=3)
    assert "load what waits" in told
    told = subprocess.run([place("SPILE"), "pipeline", "shop", "info"], cwd=work.folder, env=work.environ(), capture_output=True, text=True).stdout
    assert f"{LOAD_IDS[0]}  complete: the next run loads it" in told and f"{LOAD_IDS[1]}  extracted: the next run normalizes and loads it" in told


def test_refresh_drops_what_was_loaded_when_it_is_loaded(work):
    call(work, {"name": "t", "pages": [[{"id": 1, "old": 1}]], "count": True})
    extract(work, [{"id": 2}], count=True, refresh="drop_resources")
    assert rows(work, "id") == [(1,)]
    assert load(work) == 1
    assert rows(work, "id") == [(2,)]
    assert read_dataset(work.database).states[-1]["state"]["sources"]["shop"]["resources"]["t"]["count"] == 1


# ---- discarding -----------------------------------------------------------------------------------------------------------------------------

def test_discarding_all_gives_back_the_cursor(work):
    for page in PAGES[:2]:
        extract(work, page, incremental={"cursor": "n"}, primary_key="id")
    normalize(work)
    assert "2 load packages thrown away" in command(work, "pipeline", "shop", "drop-pending", "--yes")
    assert waiting(work) == {}
    call(work, {"name": "t", "pages": PAGES[:1], "incremental": {"cursor": "n"}, "primary_key": "id"})
    assert rows(work, "id") == [(1,), (2,)]


# ---- what goes wrong ------------------------------------------------------------------------------------------------------------------------

def test_a_contract_refuses_and_another_is_given(work):
    call(work, {"name": "t", "pages": [[{"id": 1}]]})
    extract(work, [{"id": 2, "new": 1}], contract="freeze")
    told = normalize(work, code=6)
    assert '"new"' in told and "extract" in told
    assert 'needs a new column "new"' in load(work, code=6)
    assert normalize(work, contract="evolve") == 1
    assert load(work) == 1 and rows(work, "id, new") == [(1, None), (2, 1)]


def test_normalized_again_with_a_schema(work):
    extract(work, [{"id": 1, "price": "2.50"}])
    assert normalize(work) == 1 and normalize(work) == 0
    assert normalize(work, schema='{"name": "x", "tables": {"t": {"columns": {"price": {"name": "price", "data_type": "decimal"}}}}}') == 1
    assert load(work) == 1
    assert [str(price) for price, in rows(work, "price")] == ["2.500000000"]


def test_text_that_is_no_json_is_found_later(work):
    work.write("a.jsonl", '{"id": 1}\n{"id": \n')
    options = ["--to", "shop.duckdb", "--pipeline", "shop"]
    command(work, "load", "a.jsonl", *options, "--until", "extract")
    told = command(work, "pipeline", "shop", "load-pending", code=4)
    assert "line 3, column 1" in told and "a.jsonl" in told and "to discard that extract" in told


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "a bit of an item": (lambda folder: flip(folder / "chunks", -4), "chunk 2 of"),
    "a bit of a header": (lambda folder: flip(folder / "chunks", 1), "chunk 1 of"),
    "cut short": (lambda folder: os.truncate(folder / "chunks", os.path.getsize(folder / "chunks") - 3), "chunk 2 of"),
    "no chunks": (lambda folder: os.unlink(folder / "chunks"), "can't read"),
    "a manifest that is no JSON": (lambda folder: (folder / "manifest.json").write_text("{"), "is damaged"),
    "a manifest of another format": (lambda folder: (folder / "manifest.json").write_text('{"format": 99, "parts": [], "resources": []}'), "is damaged"),
    "a manifest without parts": (lambda folder: (folder / "manifest.json").write_text('{"format": 2, "parts": [], "resources": []}'), "does not name"),
    "an empty manifest": (lambda folder: (folder / "manifest.json").write_text(""), "is damaged"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_damage(work, case):
    """Found, told with a remedy, and nothing is loaded of it."""
    damage, message = DAMAGES[case]
    call(work, {"name": "t", "pages": [[{"id": 1}]]})
    extract(work, [{"id": i} for i in range(20000)], [{"id": 2}], load_id="1900000000.1")
    damage(work.data / "pipelines/shop/extracted/1900000000.1")
    for told in (normalize(work, code=1), load(work, code=1)):
        assert message in told and "discard" in told
    assert rows(work, "id") == [(1,)]
    assert "1 load package thrown away" in command(work, "pipeline", "shop", "drop-pending", "--yes", "--to", str(work.database))
    assert waiting(work) == {}


def test_an_extract_that_was_not_completed_is_removed(work):
    extract(work, [{"id": 1}], load_id=LOAD_IDS[0])
    os.unlink(place_of(work, LOAD_IDS[0], "manifest.json"))
    assert load(work) == 0 and waiting(work) == {}


def test_an_extract_whose_package_was_loaded_already(work):
    """The process died between the commit and the removal."""
    extract(work, [{"id": 1}], load_id=LOAD_IDS[0])
    kept = shutil.copytree(work.data / "pipelines/shop/extracted", work.folder / "kept")
    assert load(work) == 1
    shutil.rmtree(work.data / "pipelines/shop/extracted")
    shutil.move(kept, work.data / "pipelines/shop/extracted")
    load(work)
    assert rows(work, "id") == [(1,)] and waiting(work) == {}


def test_a_package_of_an_older_schema_is_made_again(work):
    """Another machine has loaded meanwhile; what was extracted has no state that would stand against that."""
    extract(work, [{"id": 1, "a": 1}])
    normalize(work)
    call(work, {"name": "t", "pages": [[{"id": 2, "b": "x"}]]}, data=work.folder / "other machine")
    assert load(work) == 1
    assert rows(work, "id, a, b") == [(1, 1, None), (2, None, "x")]


def test_a_state_that_has_moved_on_refuses(work):
    """The cursor of both begins at the same place: to load both would load rows twice."""
    cursor = {"incremental": {"cursor": "n"}, "primary_key": "id"}
    extract(work, PAGES[0], **cursor)
    call(work, {"name": "t", "pages": PAGES[:1], **cursor}, data=work.folder / "other machine")
    assert "another run has changed the state" in load(work, code=5)
    assert rows(work, "id") == [(1,), (2,)]
