"""Items with values of kinds that JSON has not, as Python has them: for dlt as they are, for spile marked (tests/conformance/typed_filter.c)."""
import json
import os
import subprocess
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from cases import column_words
from engine import place

TYPES = ("text", "double", "bool", "timestamp", "bigint", "binary", "json", "decimal", "wei", "date", "time")


def east(hours):
    return timezone(timedelta(hours=hours))


def mark(value):
    if isinstance(value, dict):
        return {key: mark(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [mark(child) for child in value]
    for kind, name in ((datetime, "$timestamp"), (date, "$date"), (time, "$time")):
        if isinstance(value, kind):
            return {name: value.isoformat()}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, bytes):
        return {"$binary": value.hex()}
    return str(value) if isinstance(value, UUID) else value


def load(work, items, columns, **told):
    """Into table t. `columns`: hints as dlt has them."""
    script = {"destination": str(work.database), "dataset": "d", "data_dir": str(work.data), "table": "t", "columns": column_words(columns) or None,
              "items": mark(items), **told}
    result = subprocess.run([os.path.join(place("SPILE_FILTERS"), "typed_filter")], input=json.dumps(script), capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def rows(key, *values):
    """A row for each value; numbered, since rows of a dataset have no order."""
    return [{"i": i, key: value} for i, value in enumerate(values)]


UTC, NOON = timezone.utc, datetime(2024, 1, 1, 10, 0)
# name: (items, columns); the names are those of the collection of dlt's behaviour that not-covered.txt goes through.
REFERENCE = {
    "all_types": ([{
        "b": True, "i": -5, "f": 1.5, "f_int": 2.0, "dec": Decimal("12.340"), "s": "text", "empty": "", "dt": datetime(2024, 1, 2, 3, 4, 5, 678900, UTC),
        "d": date(2024, 1, 2), "t": time(3, 4, 5, 600000), "by": b"\x00\xff", "u": UUID(int=7), "tup": (1, 2)}], {}),
    "variants_text": (rows("s", "x", 1, 1.5, 1e300, True, Decimal("1E+5"), NOON.replace(tzinfo=east(2)), NOON, date(2024, 1, 1), time(1, 2, 3), b"\x00\xff"), {}),
    "variants_bigint": (rows("a", 1, 2.0, 1.5, True, "3", "0x10", " 5 ", "1_000", "x", Decimal("7"), Decimal("7.5"), datetime(2024, 1, 1, tzinfo=UTC),
                             date(2024, 1, 1), b"z", [1], {"x": 1}), {}),
    "variants_binary": (rows("b", b"\x00\xff", "0x0a0b", "AP8=", "not base64", 258, -1, 1.5), {}),
    "variants_bool": (rows("b", True, 5, 0.0, "yes", "F", "0", "maybe", Decimal("0"), Decimal("0.5"), date(2024, 1, 1)), {}),
    "variants_date_time": ([
        {"i": 0, "d": date(2024, 1, 1), "t": time(1, 2, 3)}, {"i": 1, "d": "2024-01-02", "t": "04:05:06.7"},
        {"i": 2, "d": datetime(2024, 1, 3, 23, 30, tzinfo=east(-2)), "t": "10:00"}, {"i": 3, "d": "2024-01-04T23:30:00-02:00", "t": NOON},
        {"i": 4, "d": 0, "t": 3600}, {"i": 5, "d": "x", "t": "x"}], {}),
    "variants_double_decimal": ([
        {"i": 0, "f": 1.5, "d": Decimal("1.10")}, {"i": 1, "f": 2, "d": 2}, {"i": 2, "f": "1e5", "d": "3.25"}, {"i": 3, "f": Decimal("0.25"), "d": 0.1},
        {"i": 4, "f": True, "d": True}, {"i": 5, "f": "x", "d": "x"}, {"i": 6, "f": " 0x10 "}], {}),  # without 1e20, which dlt's way through SQL spoils
    "variants_timestamp": (rows("ts", datetime(2024, 1, 1, tzinfo=UTC), "2024-01-02", "2024-01-02T03:04:05+02:00", 1700000000, 1700000000.25, "1700000000",
                                date(2024, 1, 3), "not a time", True, time(1, 2, 3), b"z"), {}),
    "timestamp_zones": ([{"i": i, "ts": value, "naive": value} for i, value in enumerate(
        [NOON.replace(tzinfo=east(2)), NOON, datetime(2024, 1, 1, 8, tzinfo=UTC), "2024-01-01T10:00:00+02:00", "2024-01-01T10:00:00"])],
        {"naive": {"data_type": "timestamp", "timezone": False}}),
}

VALUES = [NOON, NOON.replace(tzinfo=east(2)), datetime(2024, 1, 3, 23, 30, 0, 5, tzinfo=east(-2)), datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999),
          date(2024, 1, 2), date(1, 1, 1), time(3, 4, 5), time(23, 59, 59, 999999), time(0, 0),
          Decimal("7"), Decimal("7.00"), Decimal("-12"), Decimal("1E+5"), Decimal("0"), Decimal("0.00"), Decimal(2**63 - 1), Decimal(-2**63),
          Decimal("12345678901234567890123456789"), b"\x00\xff", b"yes", b"{}"]
WHOLE = {"dt": NOON.replace(tzinfo=east(2), microsecond=678900), "n": NOON, "d": date(2024, 1, 2), "t": [time(3, 4, 5), time(3, 4, 5, 600000)],
         "c": Decimal("12.340"), "e": Decimal("1E+5"), "nan": Decimal("NaN"), "b": {"b": b"\x00\xff"}}

OWN = {
    **{f"into a {name} column": (rows("a", *VALUES), {"a": {"data_type": name}}) for name in TYPES},
    "each first": ([{f"c{i}": value for i, value in enumerate(VALUES)}], {}),
    "fractions": (rows("a", *map(Decimal, ("7.5", "1E-7", "-0.000000001", "0.1"))), {}),
    "fractions in other columns": ([{"i": i, **{name: Decimal(text) for name in TYPES if name != "wei"}}
                                    for i, text in enumerate(("7.5", "1E-7", "0.1"))], {name: {"data_type": name} for name in TYPES if name != "wei"}),
    "rounded where the scale is declared": (rows("a", *map(Decimal, ("1.255", "-1.255", "1E-400", "99.994"))), {"a": {"data_type": "decimal", "precision": 10, "scale": 2}}),
    "whole": ([{"i": 0, "j": WHOLE}, {"i": 1, "j": [WHOLE, NOON]}], {"j": {"data_type": "json"}}),
    "whole in a column of text": ([{"i": 0, "o": WHOLE["t"]}, {"i": 1, "o": {"d": date(2024, 1, 2), "b": b"z"}}], {}),
    "nested": ([{"i": 0, "l": [Decimal("1.5"), date(2024, 1, 2), b"z", NOON, {"d": NOON, "l": [time(1, 2)]}], "o": {"p": {"q": b"\xff", "r": Decimal("2")}}}], {}),
}
