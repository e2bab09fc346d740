# ctest: labels=conformance timeout=600
"""Sources with several resources, incremental ones, dynamic tables, state: the same dataset and the same state whether dlt runs them or spile, and
whoever of them comes next.

Expected values: dlt, run beside.
"""
import json
import os
import subprocess

import pytest

import beside
from beside import dlt
from dataset import compare, read_dataset, report
from engine import Workspace, place


def spile_run(work, resources, number, source="g", pipeline="g", code=0, refresh=None):
    script = {"pipeline": pipeline, "destination": str(work.database), "dataset": "d", "data_dir": str(work.data), "source": source,
              "resources": resources, "refresh": refresh}
    result = subprocess.run([os.path.join(place("SPILE_FILTERS"), "source_filter")], input=json.dumps(script), capture_output=True, text=True)
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout) if not code else result.stderr


def option(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def dlt_resource(told):
    inc = told.get("incremental")
    words = {"initial": "initial_value", "end": "end_value", "last_value": "last_value_func", "missing": "on_cursor_value_missing", "lag": "lag"}
    hints = {"write_disposition": told.get("write", "append"), "primary_key": told.get("primary_key")}
    if inc:
        hints["incremental"] = dlt.sources.incremental(inc["cursor"], range_start="open" if inc.get("open_start") else "closed",
                                                       range_end="closed" if inc.get("closed_end") else "open",
                                                       **{words[key]: option(inc[key]) if key in ("initial", "end") else inc[key] for key in words if key in inc})
    if "table_by" in told:
        hints["table_name"] = lambda item: item[told["table_by"]]
    elif "table" in told:
        hints["table_name"] = told["table"]
    if "from" in told:
        return dlt.transformer(lambda items: [row for item in (items if isinstance(items, list) else [items]) for row in item[told["emits"]]], name=told["name"], **hints)

    def pages():
        if told.get("count"):
            state = dlt.current.resource_state()
            state["count"] = state.get("count", 0) + 1
        yield from json.loads(json.dumps(told["pages"]))

    return dlt.resource(pages, name=told["name"], selected=not told.get("hidden"), **hints)


def dlt_run(work, resources, number, source="g", pipeline="g", folder=None, refresh=None):
    def make():
        made = {told["name"]: dlt_resource(told) for told in resources}
        for told in resources:
            if "from" in told:
                made[told["name"]] = made[told["from"]] | made[told["name"]]
        return list(made.values())

    pipe = beside.pipeline(work.database, work.folder / (folder or f"dlt{number}"), name=pipeline)
    try:
        pipe.sync_destination()
        pipe.run(dlt.source(make, name=source)(), refresh=refresh)
    finally:
        pipe.deactivate()


def check(work, alone):
    assert not (differences := compare(read_dataset(work.database), read_dataset(alone.database))), report(differences)


def t(*rows):
    return [{"id": i, "ts": ts} for i, ts in rows]


INCREMENTAL = {"name": "t", "primary_key": "id", "incremental": {"cursor": "ts", "initial": "1"}}
CASES = {
    "incremental": [[{**INCREMENTAL, "pages": [t(*rows)]}] for rows in ([(1, 1), (2, 2), (3, 2)], [(2, 2), (4, 2), (5, 1)], [(6, 3)])],
    "several pages": [[{**INCREMENTAL, "pages": [t((1, 1)), t((2, 2), (3, 2)), [], t((4, 2))]}], [{**INCREMENTAL, "pages": [t((4, 2)), t((5, 3))]}]],
    "nothing new": [[{**INCREMENTAL, "pages": [t((1, 1))]}], [{**INCREMENTAL, "pages": [t((1, 1))]}], [{**INCREMENTAL, "pages": [t((2, 5))]}]],
    "lag": [[{"name": "t", "incremental": {"cursor": "ts", "initial": "1", "lag": 2}, "pages": [t(*rows)]}] for rows in ([(1, 5), (2, 1)], [(3, 3), (4, 2)], [(5, 4)])],
    "backfill": [[{"name": "t", "incremental": {"cursor": "ts", "initial": "1", "end": "5", "open_start": True, "closed_end": True}, "pages": [t((1, 5), (2, 1), (3, 4))]}]],
    "a path as cursor": [[{"name": "t", "incremental": {"cursor": "a.b"}, "pages": [[{"a": {"b": "x"}}, {"a": {"b": "y"}}]]}], [{"name": "t", "incremental": {"cursor": "a.b"}, "pages": [[{"a": {"b": "y"}}, {"a": {"b": "z"}}]]}]],
    "two resources": [[{"name": "b_first", "pages": [[{"id": 1, "l": [1]}, {"id": 2, "l": [2]}]]}, {"name": "a_second", "pages": [[{"k": "x", "m": [{"z": True}]}]]}]],
    "tables by item": [[{"name": "events", "table_by": "type", "pages": [[{"type": "push", "n": 1}, {"type": "Pull Request", "l": [1]}, {"type": "push", "n": 2}]]}],
                       [{"name": "events", "table_by": "type", "pages": [[{"type": "push", "x": 3}, {"type": "issue"}]]}]],
    "a table with another name": [[{"name": "t", "table": "My Table", "pages": [[{"id": 1}]]}]],
    "state": [[{"name": "t", "count": True, "pages": [[{"id": run}]]}] for run in range(3)],
    "state that is replaced": [[{"name": "t", "count": True, "write": "replace", "pages": [[{"id": run}]]}] for run in range(3)],
    "a replaced cursor": [[{**INCREMENTAL, "write": "replace", "pages": [t((1, 1), (2, 2))]}]] * 2,
    "a transformer": [[{"name": "orders", "pages": [[{"id": 1, "lines": [{"sku": "a"}, {"sku": "b"}]}], [{"id": 2, "lines": []}]]}, {"name": "skus", "from": "orders", "emits": "lines"}]],
    "a hidden parent": [[{"name": "orders", "hidden": True, "pages": [[{"id": 1, "lines": [{"sku": "a"}, {"sku": "b"}]}]]}, {"name": "skus", "from": "orders", "emits": "lines"}]],
}


@pytest.mark.parametrize("case", CASES)
def test_as_dlt(work, tmp_path, case):
    alone = Workspace(tmp_path / "alone")
    for number, resources in enumerate(CASES[case]):
        dlt_run(alone, resources, number, folder="dlt")
        spile_run(work, resources, number)
    check(work, alone)


@pytest.mark.parametrize("first", ["dlt", "spile"])
@pytest.mark.parametrize("case", ["incremental", "several pages", "lag", "state", "tables by item"])
def test_in_turns(work, tmp_path, case, first):
    """Each goes on from the state that the other one has left in the dataset, with no folder of its own."""
    alone = Workspace(tmp_path / "alone")
    for number, resources in enumerate(CASES[case]):
        dlt_run(alone, resources, number, folder="dlt")
        work.data = work.folder / f"data{number}"
        (dlt_run if (number % 2 == 0) == (first == "dlt") else spile_run)(work, resources, number)
    check(work, alone)


def check_refreshed(work, alone):
    """Loads stay whose schema's version is gone, with dlt, too. dlt writes the state again even where it says the same as before, and leaves empty records."""
    got, want = read_dataset(work.database), read_dataset(alone.database)
    differences = [line for line in compare(got, want) if not line.startswith(("load with an unknown schema", "rows of _dlt_pipeline_state", "state "))]
    assert not differences, report(differences)
    assert pruned(got.states[-1]["state"].get("sources", {})) == pruned(want.states[-1]["state"].get("sources", {}))


def pruned(value):
    if not isinstance(value, dict):
        return sorted(value) if isinstance(value, list) else value
    kept = {key: pruned(member) for key, member in value.items()}
    return {key: member for key, member in kept.items() if member != {}}


OTHER = {"name": "other", "count": True, "pages": [[{"k": 1}]]}
REFRESHES = {
    "first": [[{"name": "t", "count": True, "pages": [[{"id": 1, "old": "x", "l": [1]}]]}, OTHER], [{"name": "t", "count": True, "pages": [[{"id": 2, "new": True}]]}]],
    "a cursor": [[{**INCREMENTAL, "pages": [t((1, 1), (2, 5))]}, OTHER], [{**INCREMENTAL, "pages": [t((1, 1), (3, 2))]}]],
    "nothing new": [[{"name": "t", "pages": [[{"id": 1, "l": [1]}]]}, OTHER], [{"name": "t", "pages": []}]],
}


@pytest.mark.parametrize("mode", ["drop_sources", "drop_resources", "drop_data"])
@pytest.mark.parametrize("case", REFRESHES)
def test_refresh(work, tmp_path, case, mode):
    """The second run drops what its mode says, and loads; a third one goes on as ever."""
    alone = Workspace(tmp_path / "alone")
    for number, resources in enumerate([*REFRESHES[case], REFRESHES[case][0]]):
        dlt_run(alone, resources, number, folder="dlt", refresh=mode if number == 1 else None)
        spile_run(work, resources, number, refresh=mode if number == 1 else None)
    check_refreshed(work, alone)


def test_refresh_of_nothing(work, tmp_path):
    """The first run finds nothing to drop."""
    alone = Workspace(tmp_path / "alone")
    dlt_run(alone, REFRESHES["first"][0], 0, refresh="drop_resources")
    spile_run(work, REFRESHES["first"][0], 0, refresh="drop_resources")
    check(work, alone)


def test_two_sources_of_one_pipeline(work, tmp_path):
    """Each source has a schema and a state of its own. Where dlt loads the state of the second one with a package of its own, of the first one's schema, here
    it goes with the data."""
    alone = Workspace(tmp_path / "alone")
    for number, source in enumerate(["one", "two", "one"]):
        resources = [{"name": f"t_{source}", "count": True, "pages": [[{"id": number}]]}]
        dlt_run(alone, resources, number, source=source, folder="dlt")
        spile_run(work, resources, number, source=source)
    got, want = read_dataset(work.database), read_dataset(alone.database)
    assert [[row["state"][key] for key in ("sources", "schema_names", "default_schema_name")] for row in got.states] == \
        [[row["state"][key] for key in ("sources", "schema_names", "default_schema_name")] for row in want.states]
    assert [row["schema_name"] for row in got.loads] == ["one", "two", "one"]
    assert sorted({row["schema_name"] for row in want.loads}) == ["one", "two"]
