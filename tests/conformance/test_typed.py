# ctest: labels=conformance timeout=600
"""Items with timestamps, dates, times, decimals and bytes: spile makes of them what dlt makes of Python's datetime, date, time, Decimal and bytes.

Expected values: dlt, run beside; where they differ, by the rule that stands there.
"""
import pytest

import beside
import typed
from dataset import check_bookkeeping, check_links, compare, read_dataset, report
from engine import Workspace
from typed import Decimal, datetime, east

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
