# ctest: labels=conformance timeout=900
"""Hints, settings and naming conventions that one engine was given hold for the other, when dlt and spile take turns on one dataset.

Expected values: the same three loads made by dlt alone.
"""
import duckdb
import pytest

import beside
from cases import spile_all
from dataset import compare, read_dataset, report
from test_takeover import check_one_line

# Three loads with drift: a variant, new columns, a new nested table, a deeper one. What is declared or configured comes with the first.
HINTED = [
    [{"id": 1, "a": 1, "j": {"k": [1]}, "at": "2024-01-01T00:00:00Z", "price": "1.5", "l": [{"k": 1, "m": [1]}], "Camel Case": 1}],
    [{"id": 2, "a": "x", "j": {"k": 2}, "new": True, "price": 2, "l": [{"k": "v", "m": [2, 3]}, {"k": 4}], "Camel Case": 2, "nEw_at": "2024-01-02"}],
    [{"id": 3, "a": 2, "j": [1], "n": [{"o": [1]}], "l": [], "price": 2.25}, {"id": 4, "at": 1704067200, "l": [{"m": [{"deep": 1}]}]}]]
SCENARIOS = {
    "nothing": {},
    "declared": {"hints": {"primary_key": "id", "nested_hints": {"l": {"columns": {"k": {"name": "k", "data_type": "text"}}}}, "columns": {
        "price": {"data_type": "decimal", "precision": 10, "scale": 2, "x-unit": "EUR"}, "later": {"data_type": "date"}, "a": {"unique": True},
        "j": {"data_type": "json"}}}},
    "settings": {"hints": {"preferred_types": {"price": "decimal", "re:_at$": "text"}, "detections": ["iso_date"],
                           "default_hints": {"unique": ["re:^new"], "partition": ["at"]}}},
    "nesting": {"hints": {"max_nesting": 1}},
    "root key": {"hints": {"root_key": True}},
    "propagation": {"hints": {"propagation": {"tables": {"t": {"id": "_t_id"}}}}, "each": True},  # dlt's next source would take it away again
    "duck_case": {"naming": "duck_case"},
    "direct": {"naming": "direct"},
}
WAYS = [(name, "append") for name in SCENARIOS] + [(name, "replace") for name in ("nothing", "declared", "root key")]
MORE_STATES = ["rows of _dlt_pipeline_state: got 2, want 1"]  # dlt's replace notes in the state that the source's is reset
TURNS = {"dlt-spile-dlt": ("dlt", "spile", "dlt"), "spile-dlt-spile": ("spile", "dlt", "spile")}


def dlt_load(database, folder, data, write, hints=None, naming=None):
    """One load by dlt from a new working folder; `database` may be an open connection."""
    with beside.environment(SCHEMA__NAMING=naming):
        pipe = beside.pipeline(database, folder)
        try:
            pipe.sync_destination()
            beside.run(pipe, data, "t", write, hints=hints)
        finally:
            pipe.deactivate()


def given(name, number):
    scenario = dict(SCENARIOS[name])
    return scenario if scenario.pop("each", False) or number == 0 else {}


def scenario_alone(folder, name, write):
    with duckdb.connect(":memory:") as connection:
        for number, data in enumerate(HINTED):
            dlt_load(connection, folder / f"dlt{number}", data, write, **given(name, number))
        return read_dataset(connection)


def scenario_in_turns(work, name, write, engines):
    for number, (engine, data) in enumerate(zip(engines, HINTED, strict=True)):
        if engine == "dlt":
            dlt_load(work.database, work.folder / f"dlt{number}", data, write, **given(name, number))
        else:
            spile_all(work, [data], write=write, suffix=number, **given(name, number))
    return read_dataset(work.database)


def check_restored(work, got):
    pipe = beside.pipeline(work.database, work.folder / "elsewhere")
    try:
        pipe.sync_destination()
        assert pipe.default_schema.version_hash == pipe.default_schema.stored_version_hash == got.versions[-1]["version_hash"]
        assert pipe.state["_version_hash"] == got.states[-1]["version_hash"] and pipe.state["_state_version"] == got.states[-1]["version"]
    finally:
        pipe.deactivate()


@pytest.fixture(scope="module", params=WAYS, ids=" ".join)
def way(request, tmp_path_factory):
    """A scenario, and what dlt alone makes of it."""
    return *request.param, scenario_alone(tmp_path_factory.mktemp("alone"), *request.param)


@pytest.mark.parametrize("turns_taken", TURNS)
def test_hints_and_settings(work, way, turns_taken):
    """What one engine was given holds for the other: the same tables, rows, schemas, loads and states as by dlt alone; one line of versions;
    dlt restores schema and state from a dataset that spile or dlt has loaded last."""
    name, write, want = way
    engines = TURNS[turns_taken]
    got = scenario_in_turns(work, name, write, engines)
    more = MORE_STATES if write == "replace" and engines[0] == "spile" else []
    assert (differences := compare(got, want, digits=15)) == more, report(differences)
    check_one_line(got, engines)
    if engines[-1] == "spile":
        check_restored(work, got)
