# ctest: labels=conformance timeout=900
"""Every way to write a table, on every engine, into every state that the table may be in: a cell each.

What has to be there afterwards follows from the strategy alone: see AFTER.
"""

import pytest

from dataset import check_bookkeeping, check_links
from library import Failed, Pipeline
from targets import ENGINES, target

FIRST = [{"id": 1, "n": 1, "l": [{"k": 11}, {"k": 12}]}, {"id": 2, "n": 2, "l": [{"k": 21}]}]
SECOND = [{"id": 2, "n": 20, "l": [{"k": 22}], "more": "x"}, {"id": 3, "n": 30, "l": [{"k": 31}], "more": "y"}]
OLD, NEW = {1: (1, None), 2: (2, None)}, {2: (20, "x"), 3: (30, "y")}
LISTS = {1: [11, 12], 2: [21], 20: [22], 30: [31]}  # by n
STRATEGIES = ("delete-insert", "upsert", "insert-only", "scd2", "cdc")
WRITES = {"append": "append", "replace": "replace", **{strategy: {"disposition": "merge", "strategy": strategy} for strategy in STRATEGIES}}

# Rows of the first load that stay, and of the second one that come, by id.
AFTER = {"append": ((1, 2), (2, 3)), "replace": ((), (2, 3)), "delete-insert": ((1,), (2, 3)), "upsert": ((1,), (2, 3)), "insert-only": ((1, 2), (3,)),
         "scd2": ((1, 2), (2, 3)), "cdc": ((), (2, 3))}
KEEP_OTHERS = {"upsert": (2,), "cdc": (2,)}  # updated in place: they keep what is in columns that the load knows nothing of


# ---- states ------------------------------------------------------------------------------------------------------------------------


def fresh(place, write, folder):
    """Nothing is there."""


def existing(place, write, folder):
    with Pipeline("g", place, "d", folder / "data") as pipeline:
        pipeline.run(FIRST, "t", write, "1790000000.5", primary_key="id")


def drifted(place, write, folder):
    """The user has added a column of his own, with values."""
    existing(place, write, folder)
    place.execute("alter table {}t add column mine varchar(10)", "update {}t set mine = 'own'")


def made_by_dlt(place, write, folder):
    """By dlt, with the same strategy where it has that on this engine, else by delete-insert."""
    import beside
    if isinstance(write, dict) and write["strategy"] not in place.quirks.merges:
        write = WRITES["delete-insert"]
    destinations = beside.dlt.destinations
    destination = {"duckdb": lambda: destinations.duckdb(place.location), "sqlite": lambda: destinations.sqlalchemy(f"sqlite:///{place.location}"),
                   "postgres": lambda: destinations.postgres(place.location.replace("postgres:", "postgresql:", 1))}[place.engine]()
    pipe = beside.dlt.pipeline("g", destination=destination, dataset_name="d", pipelines_dir=str(folder / "dlt"))
    try:
        pipe.run(beside.dlt.resource(FIRST, name="t", write_disposition=write, primary_key="id"))
    finally:
        pipe.deactivate()


WIDER = {"duckdb": "hugeint", "postgres": "numeric(30, 0)", "sqlite": "numeric"}


def other_type(place, write, folder):
    """The user has given a column another type, which takes all that the one before took."""
    existing(place, write, folder)
    if place.engine != "sqlite":
        place.execute(f"alter table {{}}t alter column n type {WIDER[place.engine]}")
        return
    columns = [f'"{name}" {WIDER["sqlite"] if name == "n" else kind}' for name, kind, _ in place.read()["t"].columns]
    place.execute("alter table {}t rename to old", f"create table {{}}t ({', '.join(columns)})", "insert into {}t select * from {}old", "drop table {}old")


REFUSED = [("duckdb", other_type)]  # a column there has to have the very type
STATES = (fresh, existing, drifted, made_by_dlt, other_type)


# ---- cells -------------------------------------------------------------------------------------------------------------------------


def expected(write, state):
    """(rows of the root as (id, n, more, mine), values in its lists)"""
    stay, come = AFTER[write] if state is not fresh else ((), (2, 3))
    mine = "own" if state is drifted else None
    rows = [(i, *OLD[i], mine) for i in stay]
    rows += [(i, *NEW[i], mine if i in KEEP_OTHERS.get(write, ()) else None) for i in come]
    return sorted(rows, key=repr), sorted(value for row in rows for value in LISTS[row[1]])


def check_refused(place, write, folder):
    before = place.read()
    with Pipeline("g", place, "d", folder / "data") as pipeline, pytest.raises(Failed) as failure:
        pipeline.run(SECOND, "t", WRITES[write], "1890000001.5", primary_key="id")
    assert failure.value.status == 5 and '"n"' in str(failure.value)
    assert place.read() == before


CELLS = [(engine, write, state) for engine in ENGINES for write in WRITES for state in STATES]


@pytest.mark.parametrize("engine, write, state", CELLS, ids=[f"{engine}-{write}-{state.__name__}" for engine, write, state in CELLS])
def test_cell(tmp_path, engine, write, state):
    place = target(engine, tmp_path)
    state(place, WRITES[write], tmp_path)
    if (engine, state) in REFUSED:
        check_refused(place, write, tmp_path)
        return
    with Pipeline("g", place, "d", tmp_path / "data") as pipeline:
        pipeline.run(SECOND, "t", WRITES[write], "1890000001.5", primary_key="id")
    got = place.read()
    rows = [(row["id"], int(row["n"]), row["more"], row.get("mine")) for row in got["t"].dicts()]
    assert (sorted(rows, key=repr), sorted(got["t__l"].values("k"))) == expected(write, state)
    if write == "scd2" and state is not fresh:
        assert sum(row["_dlt_valid_to"] is None for row in got["t"].dicts()) == 2
    assert check_links(got) + check_bookkeeping(got) == []


def test_how_many_cells():
    assert len(CELLS) == len(set(CELLS)) == 3 * 7 * 5
