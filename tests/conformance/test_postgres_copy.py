# ctest: labels=conformance timeout=1800
"""What the encoder of COPY writes is read by Postgres as the value that it was: random values of each type, and those at its borders.

The server is real, and psycopg2 reads the values back. Expected values: Python's, from the number or text that the value was made of. SPILE_COPY_VALUES values
per type (20,000 if it does not say), from a seed (SPILE_COPY_SEED, also "random").
"""
import datetime
import decimal
import io
import json
import math
import os
import random
import struct
import subprocess
import uuid

import pytest

import postgres
from chance import seed_from
from engine import place

COUNT = int(os.environ.get("SPILE_COPY_VALUES", 20_000))
SEED = seed_from("SPILE_COPY_SEED")
NULLS = 0.05
EPOCH = datetime.datetime(1970, 1, 1)
SINCE_2000 = (datetime.datetime(2000, 1, 1) - EPOCH) // datetime.timedelta(microseconds=1)
FIRST, LAST = (int((when - EPOCH) / datetime.timedelta(microseconds=1)) for when in (datetime.datetime(1, 1, 2), datetime.datetime(9999, 12, 30)))
DAY = 86400 * 10**6
decimal.getcontext().prec = 200


@pytest.fixture(scope="module")
def connection():
    server = postgres.Server()
    connection = server.connect(server.create(owner="admin"))
    connection.cursor().execute("SET TimeZone = 'UTC'")
    yield connection
    connection.close()
    server.remove()


# ---- values: (as the filter wants it, as Postgres should give it back) --------------------------------------------------------------


def integer(bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    edges = [low, low + 1, -1, 0, 1, high - 1, high, 9999, 10000, 10001, -10000, 99999999, 100000000]

    def make(chance):
        value = chance.choice(edges) if chance.random() < 0.1 else chance.getrandbits(chance.randint(1, bits)) + low * chance.getrandbits(1)
        return max(low, min(high, value))
    return make


def integers(bits, convert=int):
    make = integer(bits)

    def both(chance):
        value = make(chance)
        return str(value), convert(value)
    return both


def any_double(chance):
    """All patterns of bits, and the numbers that people write."""
    kind = chance.random()
    if kind < 0.4:
        return struct.unpack("<d", chance.randbytes(8))[0]
    if kind < 0.8:
        return round(chance.uniform(-1e6, 1e6), chance.randint(0, 6))
    return chance.choice([0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, 2.0**53, 2.0**53 + 2, 1e22, 1e23, 1.7976931348623157e308, 123456789.125, 1e-7])


def double(chance):
    value = any_double(chance)
    return (value.hex() if math.isfinite(value) else str(value)), value



def real(chance):
    while True:
        value = any_double(chance)
        try:
            narrow = struct.unpack("<f", struct.pack("<f", value))[0]
        except OverflowError:
            continue
        if math.isnan(value) or (math.isfinite(narrow) and (narrow or not value)):
            return value.hex() if math.isfinite(value) else str(value), narrow


def double_as_numeric(chance):
    value = any_double(chance)
    value = value if math.isfinite(value) else 0.5
    return value.hex(), decimal.Decimal(repr(value))


def money(chance):
    cents = chance.randint(-10**10 + 1, 10**10 - 1)
    value = cents / 100
    return value.hex(), decimal.Decimal(cents).scaleb(-2)


def decimals(precision, scale, places=None):
    """`places`: what the column has; Postgres rounds a half away from zero."""
    def make(chance):
        digits = chance.randint(1, precision)
        value = chance.choice([0, 1, 10**precision - 1, 10**scale, 5 * 10**max(scale - 1, 0)]) if chance.random() < 0.1 else chance.randint(0, 10**digits - 1)
        value = min(value, 10**precision - 1) * chance.choice([1, -1])
        expected = decimal.Decimal(value).scaleb(-scale)
        if places is not None:
            expected = expected.quantize(decimal.Decimal(1).scaleb(-places), decimal.ROUND_HALF_UP)
        return str(value), expected
    return make


def microseconds(chance):
    kind = chance.random()
    if kind < 0.1:
        return chance.choice([FIRST, LAST, 0, -1, 1, SINCE_2000, SINCE_2000 - 1, SINCE_2000 + 1, -500000, SINCE_2000 - 500, SINCE_2000 + 500])
    return chance.randint(FIRST, LAST) if kind < 0.6 else chance.randint(SINCE_2000 - 10**16, SINCE_2000 + 10**16)


def rounded(value, digits):
    """Postgres counts from 2000, and rounds a half away from there."""
    unit, value = 10 ** (6 - digits), value - SINCE_2000
    count = (abs(value) + unit // 2) // unit * unit
    return SINCE_2000 + (count if value >= 0 else -count)


def timestamps(digits=6, zone=None):
    def make(chance):
        value = microseconds(chance)
        return str(value), (EPOCH + datetime.timedelta(microseconds=rounded(value, digits))).replace(tzinfo=zone)
    return make


def date(chance):
    day = chance.choice([0, -1, 10957, 10956]) if chance.random() < 0.1 else chance.randint(FIRST // DAY, LAST // DAY)
    return str(day), (EPOCH + datetime.timedelta(days=day)).date()


def date_as_timestamp(chance):
    text, day = date(chance)
    return text, datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.timezone.utc)


def time(chance):
    value = chance.choice([0, 1, DAY - 1]) if chance.random() < 0.1 else chance.randrange(DAY)
    return str(value), (EPOCH + datetime.timedelta(microseconds=value)).time()


ALPHABET = "abc \t\n\\'\"\x01\x7fäß日本\u2028\U0001f600\ufeff"


def any_text(chance, most=40):
    return "".join(chance.choice(ALPHABET) for _ in range(chance.choice([0, 1, 2, 10, chance.randint(0, most)])))


def text(chance):
    value = any_text(chance, 400)
    return value.encode().hex(), value


def text_of_ten(chance):
    value = any_text(chance)[:10]
    return value.encode().hex(), value


def padded_text(chance):
    value = any_text(chance)[:10]
    return value.encode().hex(), value.ljust(10)


def binary(chance):
    value = chance.randbytes(chance.choice([0, 1, 3, 100]))
    return value.hex(), value


def any_json(chance, depth=0):
    kind = chance.randint(0, 7 if depth < 3 else 5)
    if kind >= 6:
        parts = [any_json(chance, depth + 1) for _ in range(chance.randint(0, 4))]
        return parts if kind == 6 else {any_text(chance, 8): part for part in parts}
    return [None, True, chance.randint(-10**18, 10**18), round(chance.uniform(-1e3, 1e3), 3), any_text(chance), "\\u0000"][kind]


def json_document(chance):
    value = any_json(chance)
    return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode().hex(), value


def any_uuid(chance):
    value = uuid.UUID(bytes=chance.randbytes(16))
    shown = chance.choice([str(value), value.hex, str(value).upper()])
    return shown.encode().hex(), str(value)


def bool_value(chance):
    value = bool(chance.getrandbits(1))
    return str(int(value)), value


UTC = datetime.timezone.utc

# what the column is in Postgres, how it is read back, what the filter is told, values
TYPES = [
    ("boolean", "c", "bool 16 -1", bool_value),
    ("smallint", "c", "bigint 21 -1", integers(16)),
    ("integer", "c", "bigint 23 -1", integers(32)),
    ("bigint", "c", "bigint 20 -1", integers(64)),
    ("numeric", "c", "bigint 1700 -1", integers(64, decimal.Decimal)),
    ("double precision", "c", "bigint 701 -1", integers(53, float)),
    ("real", "c::float8", "bigint 700 -1", integers(24, float)),
    ("double precision", "c", "double 701 -1", double),
    ("real", "c::float8", "double 700 -1", real),
    ("numeric", "c", "double 1700 -1", double_as_numeric),
    ("numeric(10,2)", "c", "double 1700 655366", money),
    ("numeric(38,9)", "c", "decimal:38:9 1700 2490381", decimals(38, 9)),
    ("numeric", "c", "decimal:38:38 1700 -1", decimals(38, 38)),
    ("numeric", "c", "decimal:38:0 1700 -1", decimals(38, 0)),
    ("numeric", "c", "decimal:18:17 1700 -1", decimals(18, 17)),
    ("numeric", "c", "decimal:20:3 1700 -1", decimals(20, 3)),
    ("numeric(156,78)", "c", "wei:38:0 1700 10223698", decimals(38, 0)),
    ("numeric(40,2)", "c", "decimal:38:5 1700 2621446", decimals(38, 5, 2)),
    ("timestamp with time zone", "c", "timestamp 1184 -1", timestamps(zone=UTC)),
    ("timestamp without time zone", "c", "timestamp 1114 -1", timestamps()),
    ("timestamp(3) with time zone", "c", "timestamp 1184 3", timestamps(3, UTC)),
    ("timestamp(0) without time zone", "c", "timestamp 1114 0", timestamps(0)),
    ("date", "c", "date 1082 -1", date),
    ("timestamp with time zone", "c", "date 1184 -1", date_as_timestamp),
    ("time without time zone", "c", "time 1083 -1", time),
    ("text", "c", "text 25 -1", text),
    ("character varying", "c", "text 1043 -1", text),
    ("character varying(10)", "c", "text 1043 14", text_of_ten),
    ("character(10)", "c::text || repeat(' ', 10 - length(c))", "text 1042 14", padded_text),
    ("bytea", "c", "binary 17 -1", binary),
    ("json", "c::text", "json 114 -1", json_document),
    ("jsonb", "c::text", "json 3802 -1", json_document),
    ("text", "c", "json 25 -1", json_document),
    ("uuid", "c::text", "text 2950 -1", any_uuid),
]



def plain(value, make):
    if value is None:
        return None
    if isinstance(value, memoryview):
        return bytes(value)
    if make is json_document:
        return json.loads(value)
    if isinstance(value, float):
        return value.hex()
    return value


def wanted(value, make):
    return value.hex() if isinstance(value, float) and make is not json_document else value


@pytest.mark.parametrize("sql_type, read, told, make", TYPES, ids=[f"{told.split()[0]} as {sql_type}".replace(" ", "-") for sql_type, _, told, _ in TYPES])
def test_values_come_back(connection, sql_type, read, told, make):
    chance = random.Random(f"{SEED} {sql_type} {told}")
    pairs = [("-", None) if chance.random() < NULLS else make(chance) for _ in range(COUNT)]
    rows = "".join(f"{i}\t{given}\n" for i, (given, _) in enumerate(pairs))
    encoded = subprocess.run([place("SPILE_FILTERS") + "/copy_filter", "bigint 20 -1", told], input=rows.encode(), capture_output=True)
    assert encoded.returncode == 0, encoded.stderr.decode()
    cursor = connection.cursor()
    cursor.execute(f"CREATE TEMPORARY TABLE t (i bigint, c {sql_type}) ON COMMIT DROP")
    cursor.copy_expert("COPY t FROM STDIN (FORMAT binary)", io.BytesIO(encoded.stdout))
    assert cursor.rowcount == COUNT
    cursor.execute(f"SELECT {read} FROM t ORDER BY i")
    got = [plain(row[0], make) for row in cursor]
    connection.rollback()
    wrong = [(i, given, value, expected) for i, (value, (given, expected)) in enumerate(zip(got, pairs)) if value != wanted(expected, make)]
    assert len(got) == COUNT and not wrong, f"seed {SEED}: {len(wrong)} of {COUNT} values, the first: {wrong[:3]}"
