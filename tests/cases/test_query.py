# ctest: labels=cases;engines timeout=600
"""spile query, and in the library spile_query() and spile_execute(): the same rows, parameters and refusals on every destination. Expected values are those that
were loaded or follow by arithmetic; of formats, what Python's csv and json and pyarrow read back."""
import base64
import csv
import ctypes
import datetime
import decimal
import io
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.ipc
import pytest

import library
from engine import MEASURE, SANITIZED, place
from targets import target

ENGINES = ("duckdb", "sqlite", "postgres")
USAGE, CONFIG, DESTINATION = 2, 3, 5

ORDERS = [
    {"id": 1, "name": "Ann", "price": 1.5, "paid": True, "placed": "2024-01-02T03:04:05Z", "note": None},
    {"id": 2, "name": "Böse, \"Wörter\"\n日本", "price": 2.25, "paid": False, "placed": "2024-01-02T03:04:05.678Z", "note": "x"},
    {"id": 3, "name": "", "price": None, "paid": None, "placed": None, "note": None},
]


class Base:
    """A database with `orders` in dataset d, and how to ask it."""

    def __init__(self, work, engine):
        self.work, self.engine, self.to = work, engine, str(target(engine, work.folder))
        work.load(work.write("orders.json", ORDERS), to=self.to, pipeline="shop", dataset="d", table="orders")

    def query(self, sql, *values, code=0, stdin=None, **options):
        words = [place("SPILE"), "query", "shop", "--dataset", "d", "--to", self.to]
        for value in values:
            words += ["-p", value]
        for name, value in options.items():
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        done = subprocess.run([*words, "--", sql], cwd=self.work.folder, env=self.work.environ(), capture_output=True, input=stdin)
        assert done.returncode == code, done.stderr.decode() + done.stdout.decode()
        self.told = done.stderr.decode()
        return self.told if code else done.stdout

    def rows(self, sql, *values, **options):
        """Rows as JSON has them, with decimals as decimals."""
        lines = self.query(sql, *values, format="jsonl", **options).decode().splitlines()
        return [list(json.loads(line, parse_float=decimal.Decimal).values()) for line in lines]

    def execute(self, sql, *values, **options):
        self.query(sql, *values, write=True, **options)
        return self.told


@pytest.fixture(params=ENGINES)
def base(work, request):
    return Base(work, request.param)


@pytest.fixture
def duck(work):
    return Base(work, "duckdb")


# ---- rows and formats --------------------------------------------------------------------------------------------------------------

SELECT = "SELECT id, name, price, paid, placed, note FROM orders ORDER BY id"


def test_names_without_a_schema_are_the_datasets(base):
    assert base.rows("SELECT id, name FROM orders ORDER BY id") == [[1, "Ann"], [2, ORDERS[1]["name"]], [3, ""]]
    assert base.told == "(3 rows)\n"


def test_jsonl(base):
    times = ["2024-01-02T03:04:05", "2024-01-02T03:04:05.678000", None]
    zone = "" if base.engine == "sqlite" else "+00:00"  # there is no type with a zone there
    want = [[row["id"], row["name"], row["price"], row["paid"], at and at + zone, row["note"]] for row, at in zip(ORDERS, times)]
    assert base.rows(SELECT) == want


def test_csv(base):
    text = base.query(SELECT, format="csv").decode()
    assert text.startswith("id,name,price,paid,placed,note\r\n1,Ann,1.5,true,2024-01-02T03:04:05")
    assert [row[:3] for row in csv.reader(io.StringIO(text, newline=""))][1:] == [["1", "Ann", "1.5"], ["2", ORDERS[1]["name"], "2.25"], ["3", "", ""]]
    assert text.endswith('\r\n3,"",,,,\r\n'), "an empty text is told from NULL"


def test_table(base):
    """Of wide characters there are two columns each, so this line is shorter by two."""
    zone = "" if base.engine == "sqlite" else "+00:00"
    dashes, blanks = "-" * len(zone), " " * len(zone)
    assert base.query(SELECT).decode().splitlines() == [
        f" id | name                 | price | paid  | placed                    {blanks} | note",
        f"----+----------------------+-------+-------+---------------------------{dashes}-+------",
        f"  1 | Ann                  |   1.5 | true  | 2024-01-02T03:04:05{zone}        | NULL",
        f"  2 | Böse, \"Wörter\"\\n日本 |  2.25 | false | 2024-01-02T03:04:05.678000{zone} | x",
        f"  3 |                      |  NULL | NULL  | NULL                      {blanks} | NULL"]


@pytest.mark.parametrize(("word", "opened"), [("arrow", pyarrow.ipc.open_file), ("arrow-stream", pyarrow.ipc.open_stream)])
def test_arrow(base, word, opened):
    table = opened(base.query(SELECT, format=word)).read_all()
    assert table.column_names == ["id", "name", "price", "paid", "placed", "note"]
    assert table["id"].type == pa.int64() and table["price"].type == pa.float64() and table["paid"].type == pa.bool_()
    placed = [at and datetime.datetime.fromisoformat(at.replace("Z", "+00:00")) for at in (row["placed"] for row in ORDERS)]
    assert [at and at.replace(tzinfo=datetime.timezone.utc) for at in table["placed"].to_pylist()] == placed
    assert table["name"].to_pylist() == [row["name"] for row in ORDERS]


def test_output_file(base):
    assert base.query("SELECT id FROM orders ORDER BY id", format="csv", output="ids.csv") == b""
    assert (base.work.folder / "ids.csv").read_bytes() == b"id\r\n1\r\n2\r\n3\r\n"
    base.query("SELECT nope FROM orders", format="csv", output="ids.csv", code=DESTINATION)
    assert (base.work.folder / "ids.csv").read_bytes() == b"id\r\n1\r\n2\r\n3\r\n", "a wrong statement leaves the file as it is"


@pytest.mark.parametrize(("word", "want"), [("table", b" id\n----\n"), ("csv", b"id\r\n"), ("jsonl", b"")])
def test_no_rows(base, word, want):
    assert base.query("SELECT id FROM orders WHERE id > 3", format=word) == want
    assert base.told == "(0 rows)\n"


def test_no_rows_as_arrow(base):
    table = pyarrow.ipc.open_file(base.query("SELECT id FROM orders WHERE id > 3", format="arrow")).read_all()
    assert table.num_rows == 0 and table.schema.names == ["id"]


def test_limit(base):
    assert base.rows("SELECT id FROM orders ORDER BY id", limit=2) == [[1], [2]]
    table = pyarrow.ipc.open_file(base.query("SELECT id, name, note FROM orders ORDER BY id", format="arrow", limit=2)).read_all()
    assert table["id"].to_pylist() == [1, 2] and table["note"].to_pylist() == [None, "x"]


def test_statement_from_file_and_input(base):
    base.work.write("q.sql", "-- how many?\nSELECT count(*) AS n\nFROM orders\n")
    assert base.rows("@q.sql") == [[3]]
    assert base.query("-", format="csv", stdin=b"SELECT 7 AS n;\n") == b"n\r\n7\r\n"
    assert 'cannot read the statement from "none.sql": No such file' in base.query("@none.sql", code=USAGE)
    assert "a zero byte" in base.query("-", stdin=b"SELECT 1\0", code=USAGE)


def test_pipeline_and_database(base):
    """Either is enough: the pipeline knows its last run's database, and a file names its pipeline."""
    if base.engine == "sqlite":
        base.work.load("orders.json", to=base.to, pipeline="shop", dataset="main", table="orders")
    done = base.work.spile("query", "shop", "SELECT count(*) AS n FROM orders", format="csv")
    if base.engine == "postgres":  # whose password is not kept
        assert done.code != 0
    else:
        assert (done.code, done.out) == (0, "n\r\n3\r\n"), str(done)
    done = base.work.spile("query", "other", "SELECT 1")
    assert done.code == CONFIG, str(done)


def test_a_reader_that_goes_away_is_no_error(duck):
    words = [place("SPILE"), "query", "shop", "SELECT i FROM range(5000000) t(i)"]
    with subprocess.Popen(words, cwd=duck.work.folder, env=duck.work.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"   i\n"
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait() == 0


# ---- parameters --------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("sql", "values"), [
    ("SELECT name FROM orders WHERE id = %s AND price > %s", ["1", "1"]),
    ("SELECT name FROM orders WHERE id = ? AND price > ?", ["1", "1"]),
    ("SELECT name FROM orders WHERE price > $2 AND id = $1", ["1", "1.25"]),
    ("SELECT name FROM orders WHERE id = %(id)s AND price > %(least)s", ["id=1", "least=1"]),
    ("SELECT name FROM orders WHERE id = :id AND price > :least", ["least=1", "id=1"]),
    ("SELECT name FROM orders WHERE id = $id AND id = $id", ["id=1"]),
    ("SELECT name FROM orders WHERE id %% 2 = 1 AND id = %s AND name <> '%s'", ["1"]),
    ("SELECT name FROM orders WHERE name = %s", ["Ann"]),
    ("SELECT name FROM orders WHERE name = %s", ['"Ann"']),
    ("SELECT name FROM orders WHERE placed = %s AND id = 1", ["2024-01-02 03:04:05"]),
    ("SELECT name FROM orders WHERE paid = %s", ["true"]),
])
def test_place_holders(base, sql, values):
    if base.engine == "sqlite" and "placed" in sql:
        values = ["2024-01-02 03:04:05.000000"]
    assert base.rows(sql, *values) == [["Ann"]]


def test_null_is_a_value(base):
    assert base.rows("SELECT id FROM orders WHERE %s IS NULL ORDER BY id", "null") == [[1], [2], [3]]
    assert base.rows("SELECT id FROM orders WHERE coalesce(note, 'x') = coalesce(%s, 'x') ORDER BY id", "null") == [[1], [2], [3]]


@pytest.mark.parametrize(("text", "back"), [
    ("5", 5), ("-5", -5), ("9007199254740993", 9007199254740993), ("2.5", decimal.Decimal("2.5")), ("true", True), ('"5"', "5"), ("007", "007"), ("", ""), ("Ann", "Ann"),
    ("-x", "-x"), ('"a=b"', "a=b"), ("a b", "a b"), ('"ß\\n日"', "ß\n日"), ("[1]", "[1]"), ('{"a": 1}', '{"a": 1}'), ("1e400", "1e400"),
])
def test_values_keep_their_type(duck, text, back):
    assert duck.rows("SELECT %s AS x", text) == [[back]]


HOSTILE = ["'; DROP TABLE orders; --", "' OR '1'='1", "$1", "%s", ":id", "\\", "\\'", '"', "$$", "/*", "*/ 1", "x'); DELETE FROM orders; --", "\u2019", "{}", "%(id)s", "? ?"]


@pytest.mark.parametrize("value", HOSTILE)
def test_values_stay_values(base, value):
    """Whatever is in them; and so do those of names."""
    assert base.rows("SELECT %s AS x, count(*) AS n FROM orders", json.dumps(value)) == [[value, 3]]
    assert base.rows("SELECT :v AS x FROM orders WHERE name = :v", f"v={json.dumps(value)}") == []
    base.execute("INSERT INTO orders (id, name, _dlt_id, _dlt_load_id) VALUES (%s, %s, %s, %s)", "9", json.dumps(value), "i", "l")
    assert base.rows("SELECT name FROM orders WHERE id = 9") == [[value]]
    assert base.rows("SELECT count(*) AS n FROM orders WHERE name = ?", json.dumps(value)) == [[1]]


@pytest.mark.parametrize(("sql", "values", "words"), [
    ("SELECT %s, %s", ["1"], ["place-holder %s has no value: 1 is given", "line 1, column 12"]),
    ("SELECT %s", ["1", "2"], ["parameter 2 is not used"]),
    ("SELECT :a", ["b=1"], ["place-holder :a has no value", "the parameters are: b"]),
    ("SELECT :a", ["a=1", "b=1"], ['parameter "b" is not used']),
    ("SELECT %s", ["a=1"], ["place-holder %s has no name"]),
    ("SELECT :a", ["a=1", "2"], ["either all parameters have names or none", "'\"a=b\"'"]),
    ("SELECT :a", ["a=1", "a=2"], ['parameter "a" is given twice']),
])
def test_parameters_that_do_not_fit(base, sql, values, words):
    told = base.query(sql, *values, code=USAGE)
    assert all(word in told for word in words), told


def test_a_number_without_parameters(base):
    told = base.query("SELECT $1 AS x, '$2'", code=DESTINATION if base.engine == "duckdb" else USAGE)
    assert ("Values were not provided" if base.engine == "duckdb" else "place-holder $1 has no value") in told


@pytest.mark.parametrize("holder", ["?", ":a", "@a", "$a", "?7"])
def test_sqlite_takes_no_value_for_null(work, holder):
    """Which is what it does with a variable that nothing was bound to."""
    base = Base(work, "sqlite")
    assert f"place-holder {holder} has no value" in base.query(f"SELECT {holder} AS x", code=USAGE)
    assert f"place-holder {holder} has no value" in base.query(f"DELETE FROM orders WHERE id = {holder}", write=True, code=USAGE)


@pytest.mark.parametrize(("sql", "value"), [("SELECT %s::int AS x", "7"), ("SELECT :a::int AS x", "a=7"), ("SELECT $1::int AS x", "7")])
def test_casts_behind_place_holders(base, sql, value):
    """SQLite has none, but variables whose names look so."""
    if base.engine == "sqlite":
        assert 'unrecognized token: ":"' in base.query(sql, value, code=DESTINATION)
    else:
        assert base.rows(sql, value) == [[7]]


# ---- reading and writing -----------------------------------------------------------------------------------------------------------

WRITES = {
    "all": ["INSERT INTO orders (id, _dlt_id, _dlt_load_id) VALUES (9, 'a', 'b')", "UPDATE orders SET id = 9", "DELETE FROM orders", "CREATE TABLE t (i INTEGER)",
            "DROP TABLE orders", "ALTER TABLE orders ADD COLUMN x INTEGER"],
    "duckdb": ["COPY orders TO 'out.csv'", "ATTACH ':memory:' AS m", "COPY (SELECT 1) TO 'out.csv'", "ATTACH 'out.db'", "EXPORT DATABASE 'out'", "SET memory_limit = '1GB'", "INSTALL httpfs",
               "SELECT * FROM read_csv('orders.json')", "SET enable_external_access = true", "INSERT INTO orders (id) VALUES (9) RETURNING id"],
    "sqlite": ["ATTACH 'out.db' AS x", "VACUUM INTO 'out.db'", "PRAGMA query_only = OFF", "PRAGMA journal_mode = WAL",
               "INSERT INTO orders (id, _dlt_id, _dlt_load_id) VALUES (9, 'a', 'b') RETURNING id"],
    "postgres": ["COPY orders TO '/tmp/out.csv'", "COPY orders TO STDOUT", "SET default_transaction_read_only = off", "TRUNCATE orders", "DO $$ BEGIN DELETE FROM orders; END $$",
                 "WITH x AS (DELETE FROM orders RETURNING id) SELECT * FROM x", "CREATE TEMP TABLE t AS SELECT 1 AS i"],
}


def test_a_query_only_reads(base):
    for sql in WRITES["all"] + WRITES[base.engine]:
        told = base.query(sql, code=DESTINATION)
        assert "--write" in told, f"{sql}: {told}"
    assert base.rows("SELECT count(*) AS n FROM orders") == [[3]]
    assert not [path for path in base.work.folder.iterdir() if path.name.startswith("out")]


def test_what_a_transaction_that_reads_lets_through(work):
    """Postgres looks at neither: they are taken back with their transaction, which a procedure can't end either."""
    base = Base(work, "postgres")
    base.rows("EXPLAIN ANALYZE CREATE TABLE made AS SELECT 1 AS i")
    assert base.rows("SELECT to_regclass('made') AS x") == [[None]]
    base.execute("CREATE PROCEDURE sly(INOUT i integer) LANGUAGE plpgsql AS 'BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM d.orders; COMMIT; END'")
    assert "invalid transaction termination" in base.query("CALL sly(1)", code=DESTINATION)
    assert base.rows("SELECT count(*) AS n FROM orders") == [[3]]


def test_write(base):
    assert base.execute("INSERT INTO orders (id, name, _dlt_id, _dlt_load_id) VALUES (%s, %s, 'a', 'b')", "4", "Eve") == "(1 row changed)\n"
    assert base.execute("UPDATE orders SET price = price + 1 WHERE id <= :most", "most=2") == "(2 rows changed)\n"
    assert base.rows("SELECT id, price FROM orders ORDER BY id") == [[1, 2.5], [2, 3.25], [3, None], [4, None]]
    assert base.execute("DELETE FROM orders WHERE id = ?", "4") == "(1 row changed)\n"
    base.execute("CREATE TABLE customers (id INTEGER, name VARCHAR(20))")
    assert base.execute("INSERT INTO customers VALUES (%s, %s)", "10", "Fred") == "(1 row changed)\n"
    assert base.rows("SELECT id, name FROM customers") == [[10, "Fred"]]


def test_a_statement_that_fails_changes_nothing(base):
    base.execute("CREATE TABLE one (i INTEGER PRIMARY KEY)")
    base.query("INSERT INTO one SELECT id FROM orders UNION ALL SELECT 1", write=True, code=DESTINATION)
    assert base.rows("SELECT count(*) AS n FROM one") == [[0]]


@pytest.mark.parametrize("sql", ["BEGIN", "COMMIT", "ROLLBACK"])
def test_transactions_are_not_the_statements(base, sql):
    assert "each is one" in base.query(sql, write=True, code=USAGE)


def test_several_statements(base):
    told = base.query("SELECT 1; SELECT 2", code=USAGE if base.engine == "sqlite" else DESTINATION)
    assert "multiple" in told or "several" in told
    assert "run them one by one" in told
    assert base.rows("SELECT 1 AS x; -- the end\n") == [[1]]


@pytest.mark.parametrize("write", [False, True])
def test_no_statement(base, write):
    for sql in ("", " ; ", "-- SELECT 1", "/* SELECT\n1 */;"):
        assert base.query(sql, code=USAGE, **({"write": True} if write else {})) == "error: there is no statement\n", sql


def test_errors_tell_the_place(base):
    told = base.query("SELECT id,\n  nope FROM orders" if base.engine != "sqlite" else "SELECT id,\n  'é', nope FROM orders", code=DESTINATION)
    assert ("LINE 2:   nope FROM orders" if base.engine == "duckdb" else '"nope FROM orders" in the statement') in told, told


def test_remedies_are_those_of_a_statement(base):
    """And not those of a load, for which the same failures have others."""
    if base.engine != "sqlite":
        assert "hint" not in base.query("SELECT CAST('99999' AS smallint) AS x", code=DESTINATION)
    if base.engine == "duckdb":
        assert "hint" not in base.query("SELECT nope AS \"read-only\"", code=DESTINATION), "what the user has written is no message"
    base.execute("CREATE TABLE one (i INTEGER NOT NULL PRIMARY KEY)")
    base.execute("INSERT INTO one VALUES (1)")
    for sql in ("INSERT INTO one VALUES (1)", "INSERT INTO one VALUES (NULL)"):
        if base.engine != "sqlite" or "NULL" not in sql: # there it is a number of its own
            told = base.query(sql, write=True, code=DESTINATION)
            assert "onstraint" in told and "hint" not in told


@pytest.mark.parametrize(("words", "told"), [
    ([], "no statement is given"),
    (["SELECT 1"], "which database is to be asked?"),
    (["a", "b", "c"], "3 arguments are too many"),
    (["shop", "SELECT 1", "--format", "cvs"], "did you mean csv?"),
    (["shop", "SELECT 1", "--write", "--format", "csv"], "with --write no rows are printed"),
    (["shop", "SELECT 1", "-p"], "--param needs a value"),
    (["shop", "SELECT 1", "--limit", "0"], "--limit must be a whole number"),
])
def test_wrong_usage(duck, words, told):
    done = duck.work.spile("query", *words)
    assert done.code == USAGE and told in done.err, str(done)


def test_a_database_that_is_not_there(work):
    for name in ("none.duckdb", "none.sqlite"):
        done = work.spile("query", "SELECT 1", to=name)
        assert done.code == DESTINATION and "there is no database" in done.err, str(done)
        assert not (work.folder / name).exists()


# ---- types -------------------------------------------------------------------------------------------------------------------------

DUCKDB_TYPES = [
    ("true", True), ("1::TINYINT", 1), ("200::UTINYINT", 200), ("18446744073709551615::UBIGINT", 18446744073709551615), ("(2::HUGEINT**64)::HUGEINT", 2**64),
    ("170141183460469231731687303715884105727::HUGEINT", 2**127 - 1), ("1.1::FLOAT", decimal.Decimal("1.1")), ("1e300::DOUBLE", decimal.Decimal("1e300")),
    ("'nan'::DOUBLE", "NaN"), ("'-inf'::FLOAT", "-Infinity"), ("1.50::DECIMAL(4,2)", decimal.Decimal("1.50")), ("-0.05::DECIMAL(18,2)", decimal.Decimal("-0.05")),
    ("12345678901234567890123456789012345.678::DECIMAL(38,3)", decimal.Decimal("12345678901234567890123456789012345.678")), ("'\\xAA\\x00'::BLOB", base64.b64encode(b"\xaa\0").decode()),
    ("DATE '2020-02-29'", "2020-02-29"), ("DATE '0044-03-15 (BC)'", "-0043-03-15"), ("DATE '12345-01-01'", "12345-01-01"), ("'infinity'::DATE", "infinity"), ("['-infinity'::DATE]", ["-infinity"]), ("TIME '01:02:03.5'", "01:02:03.500000"), ("TIME '24:00:00'", "24:00:00"),
    ("TIMESTAMP '1969-12-31 23:59:59.999999'", "1969-12-31T23:59:59.999999"), ("TIMESTAMP_S '2020-01-01'", "2020-01-01T00:00:00"), ("TIMESTAMP_MS '2020-01-01 00:00:00.5'", "2020-01-01T00:00:00.500"),
    ("TIMESTAMP_NS '2020-01-01 00:00:00.000000001'", "2020-01-01T00:00:00.000000001"), ("TIMESTAMPTZ '2020-01-01 00:00:00+02'", "2019-12-31T22:00:00+00:00"), ("'infinity'::TIMESTAMP", "infinity"),
    ("INTERVAL '1 year 2 days 3.5 seconds'", "P1Y2DT3.5S"), ("INTERVAL '-90 minutes'", "PT-1H-30M"), ("INTERVAL '0 days'", "PT0S"), ("'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'::UUID", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
    ("'a'::ENUM('b', 'a')", "a"), ("NULL::ENUM('b', 'a')", None), ("[1, 2, NULL]", [1, 2, None]), ("[]::INT[]", []), ("[1, 2]::INT[2]", [1, 2]), ("[['a'::ENUM('b', 'a')], NULL]", [["a"], None]),
    ("{'a': 1, 'b': 'x\"y'}", {"a": 1, "b": "x\"y"}), ("MAP {'k': 1.5}", {"k": decimal.Decimal("1.5")}), ("MAP {7: [1]}", {"7": [1]}), ("union_value(k := 'v')", "v"),
    ("{'when': DATE '2020-01-01', 'what': '\\xFF'::BLOB}", {"when": "2020-01-01", "what": "/w=="}), ("NULL", None), ("'{\"a\": [1, 2.50]}'::JSON", '{"a": [1, 2.50]}'),
]


@pytest.mark.parametrize(("sql", "want"), DUCKDB_TYPES)
def test_types_of_duckdb(duck, sql, want):
    assert duck.rows(f"SELECT {sql} AS x UNION ALL SELECT NULL") == [[want], [None]]


def test_types_of_duckdb_as_arrow(duck):
    """Compared with what DuckDB's own Python module gives, but for dictionaries, which an IPC stream can't have here."""
    import duckdb
    usual = [sql for sql, _ in DUCKDB_TYPES if "HUGEINT**" not in sql and "BC" not in sql and "12345-" not in sql and "infinity'::DATE" not in sql]
    sql = "SELECT " + ", ".join(f"{one} AS c{i}" for i, one in enumerate(usual)) + " UNION ALL SELECT " + ", ".join(["NULL"] * len(usual))
    got = pyarrow.ipc.open_file(duck.query(sql, format="arrow")).read_all()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        want = connection.execute(sql).to_arrow_reader().read_all()
    for name in want.column_names:
        kind = str(want[name].type)
        if "dictionary" in kind:
            assert "large_string" in str(got[name].type) and repr(got[name].to_pylist()) == repr(want[name].to_pylist()), name
        elif kind.startswith("timestamp"):
            assert got[name].type.unit == want[name].type.unit and bool(got[name].type.tz) == bool(want[name].type.tz), name
            assert got[name].cast(pa.int64()).to_pylist() == want[name].cast(pa.int64()).to_pylist(), name
        else:
            assert got[name].type == want[name].type and repr(got[name].to_pylist()) == repr(want[name].to_pylist()), name


@pytest.mark.parametrize("sql", ["'101'::BIT", "'01:02:03+02'::TIMETZ", "1::UHUGEINT", "[1::UHUGEINT]", "{'a': MAP {1: '1'::BIT}}", "1::VARIANT", "1::BIGNUM"])
def test_types_without_an_equal(duck, sql):
    told = duck.query(f"SELECT {sql} AS x", code=DESTINATION)
    assert 'column "x" has DuckDB\'s type' in told and "cast it" in told
    assert len(duck.rows(f"SELECT ({sql})::VARCHAR AS x")) == 1


POSTGRES_TYPES = [
    ("true", True), ("1::int2", 1), ("9223372036854775807", 2**63 - 1), ("1.1::float4", decimal.Decimal("1.1")), ("0.1::float8", decimal.Decimal("0.1")), ("'NaN'::float8", "NaN"), ("'-Infinity'::float8", "-Infinity"),
    ("1.5::numeric(10,2)", decimal.Decimal("1.50")), ("1.5::numeric", "1.5"), ("'NaN'::numeric", "NaN"), ("'\\xaa00'::bytea", "qgA="), ("''::bytea", ""), ("DATE '2020-02-29'", "2020-02-29"), ("TIME '01:02:03.5'", "01:02:03.500000"),
    ("TIMESTAMP '2020-01-01 00:00:00.25'", "2020-01-01T00:00:00.250000"), ("TIMESTAMPTZ '2020-01-01 00:00:00+02'", "2019-12-31T22:00:00+00:00"), ("'infinity'::timestamp", "infinity"), ("INTERVAL '1 year 2 days'", "P1Y2D"),
    ("DATE '0044-03-15 BC'", "-0043-03-15"), ("DATE '0001-12-31 BC'", "0000-12-31"), ("DATE '12345-01-01'", "12345-01-01"), ("DATE '5874897-12-31'", "5874897-12-31"), ("'-infinity'::date", "-infinity"),
    ("DATE 'infinity'", "infinity"), ("TIME '24:00:00'", "24:00:00"), ("TIMESTAMP '0044-03-15 01:02:03.5 BC'", "-0043-03-15T01:02:03.500000"), ("TIMESTAMPTZ '0044-03-15 01:02:03Z BC'", "-0043-03-15T01:02:03+00:00"),
    ("TIMESTAMPTZ '10000-01-01 00:00:00.25Z'", "10000-01-01T00:00:00.250000+00:00"), ("TIMESTAMP '294247-01-10 04:00:54.775806'", "294247-01-10T04:00:54.775806"), ("TIMESTAMP '4713-11-24 00:00:00 BC'", "-4712-11-24T00:00:00"),
    ("'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'::uuid", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), ("'{1,2}'::int[]", "{1,2}"), ("'{\"a\": 1}'::jsonb", '{"a": 1}'), ("'a'::varchar(3)", "a"), ("NULL", None), ("'10.0.0.1'::inet", "10.0.0.1"),
]


def test_types_of_postgres(work):
    base = Base(work, "postgres")
    sql = "SELECT " + ", ".join(f"{one} AS c{i}" for i, (one, _) in enumerate(POSTGRES_TYPES))
    assert base.rows(sql) == [[want for _, want in POSTGRES_TYPES]]
    assert "cast it" in base.query("SELECT TIMESTAMP '294247-01-10 04:00:54.775807' AS x", code=DESTINATION), "microseconds of 64 bits end here"
    assert "cast it" in base.query("SELECT 'NaN'::numeric(5,2) AS x", code=DESTINATION)


def test_operators_of_postgres(work):
    base = Base(work, "postgres")
    assert base.rows("SELECT '{\"a\": 1}'::jsonb ? 'a' AS x, %s AS y", "1") == [[True, 1]]
    assert base.rows("SELECT '{\"a\": 1}'::jsonb ?? 'a' AS x, ? AS y", "1") == [[True, 1]]
    assert base.rows("SELECT substr('abc', %s) AS x, DATE '2020-01-01' = %s AS y", "2", "2020-01-01") == [["bc", True]]
    assert base.rows("SELECT E'\\'%s' || $q$ %s $q$ AS x, %s::int AS y", "1") == [["'%s %s ", 1]]


def test_pragmas_of_sqlite(work):
    """Those that only tell something, with what they tell it of."""
    base = Base(work, "sqlite")
    base.execute("CREATE INDEX ix ON orders (id)")
    assert base.rows("PRAGMA index_xinfo(ix)")[0][:3] == [0, 0, "id"] and base.rows("PRAGMA index_info(ix)") == [[0, 0, "id"]]
    assert ["main", "orders", "table"] == base.rows("PRAGMA table_list(orders)")[0][:3]
    assert base.rows("PRAGMA integrity_check(orders)") == base.rows("PRAGMA quick_check(5)") == [["ok"]] and base.rows("PRAGMA foreign_key_check(orders)") == []


def test_types_of_sqlite(work):
    base = Base(work, "sqlite")
    base.execute("CREATE TABLE t (i INTEGER, r REAL, d DECIMAL(10,2), s TEXT, b BLOB, at DATETIME, day DATE, t TIME, o BOOLEAN, x)")
    base.execute("INSERT INTO t VALUES (1, 2, '3.50', 'a', x'00ff', '2024-01-02 03:04:05.5', '2024-01-02', '03:04:05', 1, 'x')")
    assert base.rows("SELECT * FROM t") == [[1, 2.0, decimal.Decimal("3.50"), "a", "AP8=", "2024-01-02T03:04:05.500000", "2024-01-02", "03:04:05", True, "x"]]
    base.execute("INSERT INTO t VALUES ('word', 'word', 'word', 7, 'text', 'soon', 'soon', 'soon', 2, 8)")
    assert base.rows("SELECT * FROM t")[1] == ["word", "word", "word", "7", "text", "soon", "soon", "soon", "2", "8"], "where values are of several types there are texts"
    assert base.rows("SELECT count(*) AS a, avg(i) AS b, 'x' AS c, NULL AS d, x'00' AS e FROM t WHERE i = 1") == [[1, 1.0, "x", None, "AA=="]]
    numbers = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 1000) SELECT CASE WHEN i < 1000 THEN i ELSE 'word' END AS z FROM r"
    assert 'value "word" of column "z" is of another type' in base.query(numbers, format="csv", code=DESTINATION)


# ---- screens, size, signals --------------------------------------------------------------------------------------------------------

def on_terminal(work, columns, *words):
    """What a terminal of that width is given, without carriage returns."""
    import fcntl
    import struct
    import termios
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen([place("SPILE"), "query", *words], cwd=work.folder, env=work.environ(TERM="xterm"), stdout=follower, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        os.close(follower)
        got = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            got += piece
            if not piece:
                break
        process.wait()
    os.close(leader)
    return got.decode().replace("\r", "")


def test_wide_cells_are_shortened(duck):
    got = on_terminal(duck.work, 40, "shop", "SELECT 1 AS id, repeat('ab', 50) AS long, '日本語日本語日本語日本語' AS wide, 'x' AS s")
    lines = got.splitlines()
    most = (40 - 2 - 3 * 3 - len("id") - len("s")) // 2
    assert most == 13 and lines[0] == " id | long          | wide          | s"
    assert lines[2] == "  1 | abababababab… | 日本語日本語… | x", got
    assert all(len(line) <= 40 for line in lines)


def test_data_do_not_drive_the_terminal(duck):
    for word in ("table", "csv", "jsonl"):
        got = on_terminal(duck.work, 80, "shop", "SELECT chr(27) || '[31m' || chr(7) || chr(155) AS x", "--format", word)
        assert "\x1b" not in got and "\x07" not in got, word


def test_arrow_is_not_for_a_terminal(duck):
    assert on_terminal(duck.work, 80, "shop", "SELECT 1", "--format", "arrow") == ""


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's memory is another's")
@pytest.mark.parametrize("word", ["table", "csv", "jsonl", "arrow"])
def test_rows_are_streamed(duck, word):
    """Three million rows, 200 MB and more as text, with far less memory than that."""
    words = [place("SPILE"), "query", "shop", "SELECT i, repeat('x', 60) || i AS s FROM range(3000000) t(i)", "--format", word, "--memory", "64M"]
    peak = duck.work.folder / "peak"
    subprocess.run([sys.executable, "-I", "-S", str(MEASURE), str(peak), *words], cwd=duck.work.folder, env=duck.work.environ(), stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    assert int(peak.read_text()) < 150 << 20


ENDLESS = {
    "duckdb": "SELECT count(*) FROM range(1000000000) a(i), range(1000000) b(j) WHERE i * j % 7 = 3",
    "sqlite": "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r",
    "postgres": "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b",
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_the_statement(base, number):
    words = [place("SPILE"), "query", "shop", "--dataset", "d", "--to", base.to, ENDLESS[base.engine]]
    with subprocess.Popen(words, cwd=base.work.folder, env=base.work.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1)
        process.send_signal(number)
        _, told = process.communicate(timeout=300)
    assert process.returncode == 128 + number and told == "error: stopped\n", told


def test_a_statement_that_is_interrupted_changes_nothing(base):
    sql = f"UPDATE orders SET id = ({ENDLESS[base.engine]})"
    words = [place("SPILE"), "query", "shop", "--dataset", "d", "--to", base.to, "--write", sql]
    with subprocess.Popen(words, cwd=base.work.folder, env=base.work.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130 and "nothing was changed" in told, told
    assert base.rows("SELECT id FROM orders ORDER BY id") == [[1], [2], [3]]


def test_an_error_on_the_way(base):
    sql = {"duckdb": "SELECT CASE WHEN i = 100000 THEN error('boom') ELSE i END AS z FROM range(200000) t(i)",
           "sqlite": "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 5000) SELECT CASE WHEN i = 5000 THEN abs(-9223372036854775807 - 1) ELSE i END AS z FROM r",
           "postgres": "SELECT 1 / (100000 - i) AS z FROM generate_series(1, 200000) i"}[base.engine]
    told = base.query(sql, format="csv", output="z.csv", code=DESTINATION)
    assert "boom" in told or "overflow" in told or "division by zero" in told
    assert not (base.work.folder / "z.csv").exists(), "half of a result is none"


class ArrowStream(ctypes.Structure):
    """Of the C stream interface; an array is ten words, the ninth its release."""
    _fields_ = [("get_schema", ctypes.c_void_p), ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)), ("last_error", ctypes.c_void_p),
                ("release", ctypes.CFUNCTYPE(None, ctypes.c_void_p)), ("private", ctypes.c_void_p)]


@pytest.mark.skipif(SANITIZED, reason="Python would have to be started with the sanitizer")
def test_a_stream_stays_at_its_end(base):
    """Who asks once more is told once more that there are no rows."""
    stream, array = ArrowStream(), (ctypes.c_void_p * 10)()
    with library.Pipeline("shop", base.to, "d", base.work.folder / "library") as shop:
        arguments = (shop.pipeline, b"SELECT id FROM orders WHERE id > 3", None, ctypes.byref(stream), ctypes.byref(shop.err))
        assert library.library().spile_query(*arguments) == 0, shop.err.message
        assert [(stream.get_next(ctypes.byref(stream), array), array[8]) for _ in range(3)] == [(0, None)] * 3
        stream.release(ctypes.byref(stream))
