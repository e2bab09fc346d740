# ctest: labels=conformance timeout=600
"""Items with timestamps, dates, times, decimals and bytes: spile makes of them what dlt makes of Python's datetime, date, time, Decimal and bytes.

Expected values: dlt, run beside; where they differ, by the rule that stands there.
"""
import pytest

import beside
import typed
from dataset import check_bookkeeping, check_links, compare, read_dataset, report
from engine import Workspace
from typed import NOON, Decimal, date, datetime, east, time

CASES = {**typed.REFERENCE, **typed.OWN}


@pytest.mark.parametrize("case", CASES)
def test_as_dlt(work, tmp_path, case):
    items, columns = CASES[case]
    alone = Workspace(tmp_path / "alone")
    pipe = beside.pipeline(alone.database, alone.folder / "dlt")
    try:
        pipe.run(beside.dlt.source(lambda: [beside.dlt.resource(items, name="t", columns=columns)], name="g")())
    finally:
        pipe.deactivate()
    typed.load(work, items, columns)
    assert not (differences := compare(read_dataset(work.database), read_dataset(alone.database))), report(differences)


def seen(*values):
    return [{"id": i, "ts": value} for i, value in values]


# Of each run items, three in all; options as dlt has them.
CURSORS = {
    "timestamps": ([seen((1, NOON.replace(tzinfo=east(2)))), seen((1, NOON.replace(tzinfo=east(2))), (2, NOON.replace(hour=8, tzinfo=east(0))), (3, NOON.replace(tzinfo=east(-3)))),
                    seen((3, NOON.replace(tzinfo=east(-3))), (4, NOON.replace(tzinfo=east(-4))))], {"initial_value": datetime(2024, 1, 1, tzinfo=east(0))}),
    "naive, then aware": ([seen((1, NOON)), seen((1, NOON), (2, NOON)), seen((3, NOON.replace(tzinfo=east(0))), (4, NOON.replace(tzinfo=east(1))))], {}),
    "lag": ([seen((1, NOON)), seen((2, NOON.replace(hour=9)), (3, NOON.replace(hour=8))), seen((4, NOON.replace(minute=1)))], {"lag": 3600}),
    "dates": ([seen((1, date(2024, 1, 31))), seen((2, date(2024, 1, 30)), (3, date(2024, 1, 29))), seen((4, date(2024, 2, 1)))], {"lag": 1, "initial_value": date(2024, 1, 1)}),
    "times": ([seen((1, time(3, 4))), seen((1, time(3, 4)), (2, time(3, 4))), seen((3, time(3, 4, 0, 1)))], {}),
    "decimals": ([seen((1, Decimal("1.50"))), seen((2, Decimal("1.5")), (3, Decimal("1.4"))), seen((1, Decimal("1.5")), (4, Decimal("1E+1")))], {}),
    "bytes": ([seen((1, b"\xfe")), seen((1, b"\xfe"), (2, b"\xfe\0")), seen((3, b"\xff"))], {}),
}


def dlt_step(work, items, options, folder):
    pipe = beside.pipeline(work.database, work.folder / folder)
    try:
        pipe.sync_destination()
        resource = beside.dlt.resource(items, name="t", primary_key="id")
        resource.apply_hints(incremental=beside.dlt.sources.incremental("ts", **options))
        pipe.run(beside.dlt.source(lambda: [resource], name="g")())
    finally:
        pipe.deactivate()


def spile_step(work, items, options, folder):
    initial = options.get("initial_value")
    told = {"kind": next(iter(typed.mark(initial)))[1:], "initial": initial.isoformat()} if initial else {}
    work.data = work.folder / folder
    typed.load(work, items, {}, primary_key="id", incremental={"cursor": "ts", **told, **({"lag": options["lag"]} if "lag" in options else {})})


@pytest.mark.parametrize("turns", ["dlt spile dlt", "spile dlt spile"])
@pytest.mark.parametrize("case", CURSORS)
def test_cursors_in_turns(work, tmp_path, case, turns):
    """Each goes on from the state that the other one has left in the dataset, where both keep such values alike."""
    runs, options = CURSORS[case]
    alone = Workspace(tmp_path / "alone")
    for number, (items, whose) in enumerate(zip(runs, turns.split(), strict=True)):
        dlt_step(alone, items, options, "dlt")
        {"dlt": dlt_step, "spile": spile_step}[whose](work, items, options, f"{whose}{number}")
    assert not (differences := compare(read_dataset(work.database), read_dataset(alone.database))), report(differences)


# name: (rule, items, columns, rows without dlt's columns)
DIFFERENT = {
    "decimal_nan": (
        "what is no number does not reach a column of numbers (dlt's load fails)",
        typed.rows("b", -0.5, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+400")), {},
        [(0, -0.5, None), (1, None, "NaN"), (2, None, "Infinity"), (3, None, "1E+400")]),
    "more digits than a decimal": (
        "a decimal is never rounded in silence (dlt rounds); a new column for one that decimal(38,9) does not hold is text",
        [{"i": 0, "a": Decimal("1"), "b": Decimal("0.1234567891")}, {"i": 1, "a": Decimal("0.1234567891"), "b": Decimal("7.5")}], {},
        [(0, "1.000000000", "0.1234567891", None), (1, None, "7.5", "0.1234567891")]),
    "a fraction in a column of wei": (
        "the same (dlt rounds)",
        typed.rows("a", Decimal("7"), Decimal("1.5"), Decimal("1E+30")), {"a": {"data_type": "wei"}},
        [("7", 0, None), (None, 1, "1.500000000"), ("1" + 30 * "0", 2, None)]),
    "beyond 64 bits": (
        "a whole decimal beyond 64 bits does not fit a bigint column (dlt's load fails)",
        typed.rows("a", 1, Decimal(2**63)), {}, [(0, 1, None), (1, None, "9223372036854775808.000000000")]),
    "out of the years": (
        "a timestamp that its offset shifts out of the years 1 to 9999 is text (dlt fails in normalize)",
        typed.rows("a", datetime(2024, 1, 1), datetime(1, 1, 1, tzinfo=east(2))), {},
        [(0, "2024-01-01T00:00:00+00:00", None), (1, None, "0001-01-01T00:00:00+02:00")]),
    "no bytes": (
        "they are binary (dlt makes a text of them, the mark of their type)",
        typed.rows("a", b"\xff", b""), {}, [(0, "0xff"), (1, "0x")]),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_difference(work, case):
    _, items, columns, want = DIFFERENT[case]
    typed.load(work, items, columns)
    got = read_dataset(work.database)
    names = [name for name in got["t"].names if not name.startswith("_dlt_")]
    assert got["t"].values(*names) == want
    assert check_links(got) + check_bookkeeping(got) == []
