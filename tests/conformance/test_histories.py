# ctest: labels=conformance timeout=900
"""500 random histories of merges and replaces of one table (histories.py) on every engine: spile leaves in the tables what dlt leaves, by the digests in
histories.txt. When one differs, dlt does it live, and the failure shows where.

HISTORIES=N does only the first N.
"""
import concurrent.futures
import difflib
import os

import pytest

import histories
from engine import SANITIZED
from histories import History, digest, dlt_lines, spile_lines
from targets import ENGINES, target

COUNT = int(os.environ.get("HISTORIES", 30 if SANITIZED else histories.COUNT))
WORKERS = 2
SHOWN = 5


def differing(place, seeds, folder):
    """{seed: (what spile has made, what is wrong with links)} of those that are not as recorded. `place`: a database for all; None: each has its own."""
    wanted, found = histories.recorded(), {}
    for seed in seeds:
        history = History(seed)
        own = folder / str(seed)
        own.mkdir()
        lines, wrong = spile_lines(history, place or target("duckdb", own), history.table, own)
        if wrong or digest(lines) != wanted[str(seed)]:
            found[seed] = lines, wrong
    return found


def tell(seed, lines, wrong):
    history, want = History(seed), dlt_lines([seed])[seed]
    told = [f"seed {seed}: {history.strategy} {history.options} {history.hints}", *wrong]
    if digest(want) != histories.recorded()[str(seed)]:
        told.append("dlt itself makes something else of it now: record anew?")
    return "\n".join(told + [line[:800] for line in list(difflib.unified_diff(want, lines, "dlt", "spile", n=0, lineterm=""))[2:14]])


@pytest.mark.parametrize("engine", ENGINES)
def test_histories(tmp_path, engine):
    """DuckDB's and SQLite's are files of their own; Postgres has a dataset for each in one database."""
    place = target(engine, tmp_path) if engine != "duckdb" else None
    found = {}
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        parts = [range(first, COUNT, WORKERS) for first in range(WORKERS)]
        for part in pool.map(differing, [place] * WORKERS, parts, [tmp_path] * WORKERS):
            found.update(part)
    assert not found, f"{len(found)} of {COUNT} differ: {sorted(found)}\n" + "\n".join(tell(seed, *found[seed]) for seed in sorted(found)[:SHOWN])


def test_what_the_histories_are_made_of():
    """Every strategy and option comes often enough to be tested."""
    made = [History(seed) for seed in range(histories.COUNT)]
    counts = {
        **{strategy: sum(history.strategy == strategy for history in made) for strategy in set(histories.STRATEGIES)},
        **{option: sum(option in history.options for history in made) for option in (
            "deduplicated", "source_filter", "destination_scope", "skip_unchanged_rows", "row_version_column_name", "active_record_timestamp",
            "validity_column_names")},
        **{hint: sum(hint in history.columns for history in made) for hint in ("n", "gone")},
        "compound": sum(bool(history.compound) for history in made),
        "merge key": sum(bool(history.merge_key) for history in made),
        "append or replace between": sum(any(isinstance(write, str) for write, _ in history.loads) for history in made),
        "empty load": sum(any(not rows for _, rows in history.loads) for history in made),
        "duplicates": sum(any(len({(row["id"], row["part"]) for row in rows}) < len(rows) for _, rows in history.loads) for history in made),
        "nested three deep": sum(any("m" in item for _, rows in history.loads for row in rows for item in row.get("l", []) if isinstance(item, dict))
                                 for history in made),
    }
    assert min(counts.values()) >= 10, counts


def test_a_history_that_differs_is_seen(tmp_path):
    """A row more or less in one load changes the digest."""
    history = next(made for made in map(History, range(100)) if made.strategy == "delete-insert" and all(rows for _, rows in made.loads))
    lines, wrong = spile_lines(history, target("duckdb", tmp_path), "d", tmp_path)
    assert wrong == [] and digest(lines) == histories.recorded()[str(history.seed)]
    history.loads[-1] = (history.loads[-1][0], [*history.loads[-1][1], {"id": 99, "part": "z", "day": "z"}])
    other = tmp_path / "other"
    other.mkdir()
    assert digest(spile_lines(history, target("duckdb", other), "d", other)[0]) != digest(lines)
