"""Values of every type at and beyond its edges, and what each engine makes of them: test_types.py goes through these tables and makes docs/types.md of them.

A value of `holds` comes back as it was loaded, from every engine. Of one of `beyond` the outcome is told here: `outcome` everywhere, or what the quirks of the
engine have. Sources: the types' definitions (dlt's hints, IEEE 754), the databases' manuals.
"""
import dataclasses
import struct
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from math import ulp

UTC, EAST = timezone.utc, timezone(timedelta(hours=14))

# ---- outcomes ----------------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Kept:
    def __str__(self):
        return "kept"


@dataclasses.dataclass(frozen=True)
class Becomes:
    """Another value of the column, as the database writes it."""
    text: str

    def __str__(self):
        return f"becomes `{self.text}`"


@dataclasses.dataclass(frozen=True)
class Aside:
    """The row's value is in a column of its own, whose name ends so; the column itself is null there."""
    suffix: str
    text: str

    def __str__(self):
        return f"in a column `..__v_{self.suffix}`: `{self.text}`"


@dataclasses.dataclass(frozen=True)
class Refused:
    message: str
    hint: str

    def __str__(self):
        return f"refused: {self.message}"


@dataclasses.dataclass(frozen=True)
class Beyond:
    what: str
    value: object
    outcome: object = None  # where the quirks have none


# ---- types -------------------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Kind:
    """`hint`: dlt's. `limits`: as the page has them; without it, from the least to the greatest of what it holds."""
    hint: dict
    holds: tuple
    beyond: tuple = ()
    limits: str = ""

    @property
    def type(self):
        return self.hint["data_type"]


def kind(name, *holds, beyond=(), limits="", **hint):
    return Kind({"data_type": name, **hint}, holds, tuple(Beyond(*one) for one in beyond), limits)


def integers(bits, *beyond, **hint):
    return kind("bigint", 0, -1, -2**(bits - 1), 2**(bits - 1) - 1, beyond=beyond, **hint)


def narrow(bits):
    more, less = 2**(bits - 1), -2**(bits - 1) - 1
    return integers(bits, ("one more", more, Aside("bigint", str(more))), ("one less", less, Aside("bigint", str(less))), precision=bits)


def decimals(most, least, *beyond, name="decimal", **hint):
    ends = [Decimal(text) for text in (most, least)]
    return kind(name, Decimal(0), *ends, *(one.copy_negate() for one in ends), beyond=beyond, **hint)  # a minus would round to 28 digits


LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)
DAY = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
AGES = (datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2024, 2, 29, 12, tzinfo=EAST), LAST.replace(microsecond=0))
OUT_OF_YEARS = (("year 0", "0000-12-31T23:59:59Z", Aside("text", "0000-12-31T23:59:59Z")),
                ("year 10000", "10000-01-01T00:00:00Z", Aside("text", "10000-01-01T00:00:00Z")))


def timestamps(digits, **hint):
    """Of as many digits of a second; those that are finer are in the quirks."""
    step = 10**(6 - digits)
    finest = (DAY.replace(microsecond=step % 10**6), LAST.replace(microsecond=10**6 - step), AGES[1].replace(microsecond=10**6 - step))
    finer = (("finer", DAY.replace(microsecond=123456)), ("half a step", DAY.replace(microsecond=step // 2)), ("the last microsecond", LAST))
    return kind("timestamp", *AGES, *(finest if digits else ()), beyond=(*(finer if digits < 6 else ()), *OUT_OF_YEARS), **hint)


def times(digits, **hint):
    step = 10**(6 - digits)
    finer = (("finer", time(3, 4, 5, 123456)), ("the last microsecond", time(23, 59, 59, 999999))) if digits < 6 else ()
    return kind("time", time(0), time(23, 59, 59, 10**6 - step if digits else 0), time(3, 4, 5, step % 10**6),
                beyond=(*finer, ("24 o'clock", "24:00:00", Aside("text", "24:00:00"))), **hint)


GREATEST, LEAST_NORMAL, LEAST = struct.unpack(">3d", bytes.fromhex("7fefffffffffffff" "0010000000000000" "0000000000000001"))
ALL_BYTES = bytes(range(256))
NESTED = {"": {"\u00e9 \U0001f986": "\"\\\n\t"}, "a": {"b": [1, [2, [], {}], None, True, -0.5, ""]}}
DEEP = [[[[[[[[["deep"]]]]]]]]]

KINDS = {
    "text": kind("text", "", " ", "a", "\u00e9\u4e16\U0001f986\U0010ffff", "e\u0301", "\x01\x7f\x80\ufeff\ufffe", "it's \"x\" \\ \n\r\t", "\\N", "NULL",
                 "a" * 2**20, "\U0001f986" * 2**18, beyond=[("a NUL", "a\0b")], limits="any text"),
    "text(5)": kind("text", "", "abcde", "\u00e4\u00f6\u00fc\u4e16\U0001f986", beyond=[("six characters", "abcdef"), ("spaces at the end", "abcde  ")],
                    limits="5 characters", precision=5),
    "double": kind("double", 0.0, 1e308, -1e308, GREATEST, -GREATEST, LEAST_NORMAL, LEAST_NORMAL - ulp(0.0), LEAST, -LEAST, 0.1, 1 / 3, 2.0**53,
                   beyond=[("negative zero", -0.0, Kept()), ("2^53 + 1", 2**53 + 1, Becomes("9007199254740992.0")),
                           ("1E+400", Decimal("1E+400"), Aside("text", "1E+400")),
                           ("NaN", Decimal("NaN"), Aside("text", "NaN"))], limits=f"64 bits: {LEAST!r} to {GREATEST!r}"),
    "bool": kind("bool", True, False, beyond=[("another text", "maybe", Aside("text", "maybe"))], limits="true, false"),
    "bigint": integers(64, ("one more", Decimal(2**63), Aside("decimal", f"{2**63}.000000000")),
                       ("one less", Decimal(-2**63 - 1), Aside("decimal", f"{-2**63 - 1}.000000000")),
                       ("a fraction", Decimal("0.5"), Aside("decimal", "0.500000000"))),
    "bigint(8)": narrow(8), "bigint(16)": narrow(16), "bigint(32)": narrow(32), "bigint(64)": integers(64, precision=64),
    "bigint(128)": integers(64, ("2^63", Decimal(2**63), Aside("decimal", f"{2**63}.000000000")), precision=128),
    "binary": kind("binary", b"", b"\0", ALL_BYTES, b"\xff" * 2**20, beyond=[("no base64", "no base64", Aside("text", "no base64"))], limits="any bytes"),
    "json": kind("json", {}, [], [None], NESTED, DEEP, {"long": "a" * 2**20}, [2**63 - 1, -2**63, 2**64 - 1, 1e308, 5e-324, 0.1],
                 beyond=[("a NUL in it", {"a": "x\0"}), ("the order of keys", {"bb": 1, "a": 2}), ("negative zero", [-0.0]),
                         ("a text alone", "text", Aside("text", "text")), ("a number alone", 1, Aside("bigint", "1"))], limits="objects and lists"),
    "decimal": decimals("9" * 29 + "." + "9" * 9, "1E-9", ("a digit more before the point", Decimal("1E+29"), Aside("text", "1E+29")),
                        ("a digit more behind it", Decimal("1E-10"), Aside("text", "1E-10")), ("NaN", Decimal("NaN"), Aside("text", "NaN"))),
    "decimal(10,2)": decimals("99999999.99", "0.01", ("a digit more before the point", Decimal(10**8), Aside("decimal", "100000000.000000000")),
                              ("a digit more behind it", Decimal("1.005")), precision=10, scale=2),
    "decimal(38,0)": decimals("9" * 38, "1", ("39 digits", Decimal(10**38), Aside("text", str(10**38))), precision=38, scale=0),
    "decimal(38,38)": decimals("0." + "9" * 38, "1E-38", ("1", Decimal(1), Aside("decimal", "1.000000000")), precision=38, scale=38),
    "wei": decimals("9" * 38, "1", ("39 digits", Decimal(10**38), Aside("text", str(10**38))),
                    ("2^256 - 1", Decimal(2**256 - 1), Aside("text", str(2**256 - 1))),
                    ("a fraction", Decimal("0.5"), Aside("decimal", "0.500000000")), name="wei"),
    "timestamp": timestamps(6),
    "timestamp(0)": timestamps(0, precision=0), "timestamp(3)": timestamps(3, precision=3), "timestamp(9)": timestamps(6, precision=9),
    "timestamp, naive": timestamps(6, timezone=False),
    "timestamp(0), naive": timestamps(0, precision=0, timezone=False), "timestamp(3), naive": timestamps(3, precision=3, timezone=False),
    "timestamp(9), naive": kind("timestamp", datetime(1677, 9, 22, tzinfo=UTC), datetime(2262, 4, 11, 23, 47, 16, 854775, UTC), DAY.replace(microsecond=1),
                                beyond=[("a microsecond earlier", datetime(1677, 9, 21, 23, 59, 59, 999999, UTC)),
                                        ("a microsecond later", datetime(2262, 4, 11, 23, 47, 16, 854776, UTC)), ("year 1", AGES[0]), ("year 9999", LAST)],
                                precision=9, timezone=False),
    "date": kind("date", date(1, 1, 1), date(9999, 12, 31), date(1970, 1, 1), date(1969, 12, 31), date(1582, 10, 10), date(2000, 2, 29),
                 beyond=[("year 0", "0000-12-31", Aside("text", "0000-12-31")), ("year 10000", "10000-01-01", Aside("text", "10000-01-01"))]),
    "time": times(6), "time(0)": times(0, precision=0), "time(3)": times(3, precision=3),
}

# ---- engines -----------------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Quirks:
    """`outcomes`: of values beyond, by type and what they are. `names`: characters of a name, as dlt limits them; `name_bytes`: 0: no limit. `columns`: of a
    table, with the ids; 0: no limit that anybody has met."""
    outcomes: dict
    names: int
    name_bytes: int = 0
    columns: int = 0


NUL_REMEDY = "remove it at the source; or write the text in base64 there, and give the column the type binary"
CHANGE_COLUMN = "change the column with ALTER TABLE ... ALTER COLUMN ... TYPE, correct the value at the source, or load into another table"
PRECISE = "load into another table, where the column has a precision of 6, or correct the value at the source"


def nul(kind, shown, sql_type):
    return Refused(f'{kind} "{shown}" has a NUL character (\\u0000), which Postgres does not hold in type {sql_type}', NUL_REMEDY)


def out_of_nanoseconds(shown):
    return Refused(f"timestamp {shown}+00:00 is out of range for type TIMESTAMP_NS, which holds 1677-09-22 to 2262-04-11", PRECISE)


def rounded(names, zone=""):
    """What a database makes of finer timestamps: it rounds, the half upwards."""
    outcomes = {}
    for name in names:
        to_seconds = "(0)" in name
        outcomes[name, "finer"] = Becomes(f"2024-01-02 03:04:05{'' if to_seconds else '.123'}{zone}")
        outcomes[name, "half a step"] = Becomes(f"2024-01-02 03:04:0{'6' if to_seconds else '5.001'}{zone}")
        outcomes[name, "the last microsecond"] = Becomes(f"10000-01-01 00:00:00{zone}")
    return outcomes


def kept(*names):
    return {(name, beyond.what): Kept() for name in names for beyond in KINDS[name].beyond if beyond.outcome is None}


ROUNDED_DECIMAL = {("decimal(10,2)", "a digit more behind it"): Becomes("1.01")}
ZONED, NAIVE, TIMES = ("timestamp(0)", "timestamp(3)"), ("timestamp(0), naive", "timestamp(3), naive"), ("time(0)", "time(3)")

QUIRKS = {
    "duckdb": Quirks({
        **kept("text", "text(5)", "json", *ZONED, *TIMES), **rounded(NAIVE), **ROUNDED_DECIMAL,
        ("timestamp(9), naive", "a microsecond earlier"): out_of_nanoseconds("1677-09-21T23:59:59.999999"),
        ("timestamp(9), naive", "a microsecond later"): out_of_nanoseconds("2262-04-11T23:47:16.854776"),
        ("timestamp(9), naive", "year 1"): out_of_nanoseconds("0001-01-01T00:00:00"),
        ("timestamp(9), naive", "year 9999"): out_of_nanoseconds("9999-12-31T23:59:59.999999"),
    }, names=65536),
    "postgres": Quirks({
        **kept("timestamp(9), naive"), **rounded(ZONED, "+00"), **rounded(NAIVE), **ROUNDED_DECIMAL,
        ("text", "a NUL"): nul("text", r"a\x00b", "character varying"),
        ("text(5)", "six characters"): Refused('text "abcdef" is too long for type character varying(5)', CHANGE_COLUMN),
        ("text(5)", "spaces at the end"): Becomes("abcde"),
        ("json", "a NUL in it"): nul("json", r'{"a":"x\u0000"}', "jsonb"),
        ("json", "the order of keys"): Becomes('{"a": 2, "bb": 1}'),
        ("json", "negative zero"): Becomes("[0.0]"),
        ("time(0)", "finer"): Becomes("03:04:05"), ("time(3)", "finer"): Becomes("03:04:05.123"),
        ("time(0)", "the last microsecond"): Becomes("24:00:00"), ("time(3)", "the last microsecond"): Becomes("24:00:00"),
    }, names=63, name_bytes=63, columns=1600),
    "sqlite": Quirks({
        **kept("text", "text(5)", "json", *ZONED, *NAIVE, *TIMES, "timestamp(9), naive"), **ROUNDED_DECIMAL,
        ("double", "negative zero"): Becomes("0.0"),
    }, names=9999, columns=2000),
}
