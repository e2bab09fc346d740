# ctest: labels=cases;engines timeout=900
"""Postgres as destination: the command loads, dlt goes on and the other way round, and whatever goes wrong is told with its place and remedy while the
dataset stays as it was.

The server is real (helpers/postgres.py). Expected values: dlt, run on the same documents beside it, and what psycopg2 reads.
"""
import contextlib
import datetime
import decimal
import json
import re
import signal
import threading
import time

import dlt
import psycopg2
import pytest

import postgres
from cutting import Cut, Proxy
from own_database import OWN_COLUMNS, QUIET, SECRETS, SLOW, Base, check_failure, load, rows, start, succeed, wait_for


@pytest.fixture(scope="module")
def server():
    server = postgres.Server(tls=True)
    yield server
    server.remove()


@pytest.fixture
def base(server):
    return Base(server)


def dlt_run(base, folder, data, table="t", dataset="d", **hints):
    pipe = dlt.pipeline("g", destination=dlt.destinations.postgres(base.uri), dataset_name=dataset, pipelines_dir=str(folder))
    try:
        pipe.run(dlt.resource(data, name=table, **hints))
    finally:
        pipe.deactivate()


# ---- loads -------------------------------------------------------------------------------------------------------------------------

DOCUMENT = {"id": 1, "name": "Ada", "price": 1.5, "at": "2024-01-01T10:00:00.123456Z", "ok": True, "o": {"x": 1}, "tags": ["a", "b"], "Camel": "x",
            "long_" * 20: "y", "größe": 2, "mixed": 1}
LATER = {"id": 2, "new": "n", "tags": [3, "c"], "mixed": "text", "l": [{"a": {"b": [1]}}]}


def structure(base, dataset):
    tables = [name for name, in base.run("SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = %s AND relkind = 'r' "
                                         "ORDER BY 1", dataset)]
    unique = base.run("SELECT conrelid::regclass::text, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace "
                      "WHERE nspname = %s AND contype = 'u' ORDER BY 1, 2", dataset)
    return {table: sorted(base.columns(table, dataset)) for table in tables}, [(name.split(".")[1], text) for name, text in unique]


def values(base, dataset, table):
    """Rows without their ids, in some order."""
    names = sorted(name for name, _, _ in base.columns(table, dataset) if not name.startswith("_dlt"))
    shown = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    return base.run(f'SELECT r::text FROM (SELECT {shown} FROM "{dataset}"."{table}") r ORDER BY 1')


def test_the_dataset_is_the_one_that_dlt_makes(base, work, tmp_path):
    for data in ([DOCUMENT], [LATER]):
        succeed(work, base.uri, data)
        dlt_run(base, tmp_path, data, dataset="e")
    assert structure(base, "d") == structure(base, "e")
    for table in structure(base, "e")[0]:
        if not table.startswith("_dlt"):
            assert values(base, "d", table) == values(base, "e", table), table


def test_types_are_those_of_dlt(base, work, tmp_path):
    hints = {
        "i16": {"data_type": "bigint", "precision": 16}, "i32": {"data_type": "bigint", "precision": 32}, "i64": {"data_type": "bigint", "precision": 64},
        "t20": {"data_type": "text", "precision": 20}, "u": {"data_type": "text", "unique": True}, "ts3": {"data_type": "timestamp", "precision": 3},
        "tsn": {"data_type": "timestamp", "timezone": False}, "tsn0": {"data_type": "timestamp", "timezone": False, "precision": 0},
        "tm": {"data_type": "time"}, "tm3": {"data_type": "time", "precision": 3}, "dc": {"data_type": "decimal"},
        "dc2": {"data_type": "decimal", "precision": 10, "scale": 2}, "dcp": {"data_type": "decimal", "precision": 20}, "b": {"data_type": "binary"},
        "w": {"data_type": "wei"}, "j": {"data_type": "json"}, "dt": {"data_type": "date"}, "n": {"data_type": "text", "nullable": False},
    }
    item = {"i16": 1, "i32": 2, "i64": 3, "t20": "x", "u": "u", "ts3": "2024-01-01T10:00:00.1235Z", "tsn": "2024-01-01T10:00:00", "tsn0": "2024-01-01T10:00:00",
            "tm": "10:00:00", "tm3": "10:00:00.123", "dc": "1.5", "dc2": "2.25", "dcp": "3", "b": "YWI=", "w": 5, "j": {"a": 1}, "dt": "2024-01-01", "n": "x"}
    dlt_run(base, tmp_path, [item], dataset="e", columns=[dict(hint, name=name) for name, hint in hints.items()])
    schema = work.write("s.json", base.run("SELECT schema FROM e._dlt_version ORDER BY inserted_at DESC LIMIT 1")[0][0])
    succeed(work, base.uri, [item], schema=schema)
    assert structure(base, "d") == structure(base, "e")
    assert values(base, "d", "t") == values(base, "e", "t")
    succeed(work, base.uri, [dict(item, u="v")], dataset="e")  # what dlt has made fits what we would make
    assert base.run("SELECT count(*) FROM e.t") == [(2,)]


def test_wei_and_fine_timestamps(base, work):
    """Types that dlt has no use for on Postgres: its numeric(30,78) takes no whole number, and nine digits of a second fail."""
    succeed(work, base.uri, [{"w": 5, "at": "2024-01-01T10:00:00.123456Z"}], columns="w:wei(30),at:timestamp(9)")
    assert dict(column[:2] for column in base.columns("t"))["w"] == "numeric(30,0)" and rows(base, columns="w")[0][0] == 5
    assert rows(base, columns="at")[0][0].microsecond == 123456


def test_turn_by_turn_with_dlt(base, work, tmp_path):
    succeed(work, base.uri, [{"id": 1, "tags": ["a"]}])
    dlt_run(base, tmp_path, [{"id": 2, "tags": ["b"], "more": 1.5}])
    succeed(work, base.uri, [{"id": 3, "tags": ["c"], "more": 2}])
    dlt_run(base, tmp_path / "elsewhere", [{"id": 4, "still_more": True}])
    assert rows(base, columns="id, more, still_more") == [(1, None, None), (2, 1.5, None), (3, 2.0, None), (4, None, True)]
    assert base.run("SELECT id, value FROM d.t JOIN d.t__tags n ON n._dlt_parent_id = t._dlt_id ORDER BY 1") == [(1, "a"), (2, "b"), (3, "c")]
    assert base.run("SELECT count(*), count(DISTINCT load_id) FROM d._dlt_loads") == [(4, 4)]


SETTINGS = {"TimeZone": "America/New_York", "standard_conforming_strings": "off", "DateStyle": "German, DMY", "IntervalStyle": "iso_8601", "bytea_output": "escape",
            "extra_float_digits": "0", "search_path": "pg_catalog", "client_encoding": "LATIN1"}


@pytest.mark.parametrize("name", SETTINGS)
def test_what_a_database_sets_changes_nothing(server, work, name):
    """What is stored, and what a query says of it, is as in a database that sets nothing."""
    document = {"id": 1, "at": "2024-07-01T10:00:00.5Z", "day": "2024-07-02", "text": "a\\b'c\u00e9", "f": 0.1 + 0.2, "b": "AQL/", "x\\y": 1}
    options = {"columns": "day:date,b:binary", "naming": "direct", "table": "t\\a"}
    found = []
    for value in (None, SETTINGS[name]):
        base = Base(server)
        if value:
            base.run(f"ALTER DATABASE {base.name} SET {name} = '{value}'")
        for _ in range(2):
            succeed(work, base.uri, [document], **options)
        answer = work.spile("query", 'SELECT id, at, day, text, f, b, "x\\y", \'\\\' AS backslash FROM d."t\\a"', to=base.uri, dataset="d", format="csv")
        stored = base.run("""SELECT count(*), min(at AT TIME ZONE 'UTC'), max(day), max(text), max(f) = 0.1::float8 + 0.2::float8, max(encode(b, 'hex')) FROM d."t\\a" """)
        assert answer.code == 0, str(answer)
        found.append((stored, answer.out))
    assert found[0] == found[1]
    assert found[0][0] == [(2, datetime.datetime(2024, 7, 1, 10, 0, 0, 500000), datetime.date(2024, 7, 2), document["text"], True, "0102ff")]


@pytest.mark.parametrize("strategy", ["truncate-and-insert", "insert-from-staging", "staging-optimized"])
def test_replace(base, work, strategy):
    succeed(work, base.uri, [{"id": 1, "tags": [1, 2]}])
    succeed(work, base.uri, [{"id": 2, "tags": [3], "new": "x"}], write="replace", env={"DESTINATION__POSTGRES__REPLACE_STRATEGY": strategy})
    assert rows(base, columns="id, new") == [(2, "x")] and base.run("SELECT value FROM d.t__tags") == [(3,)]


def test_readers_see_the_old_rows_until_the_commit(base, work):
    """A replace is one transaction: whoever looks sees all of the old rows or all of the new ones."""
    succeed(work, base.uri, [{"id": i} for i in range(1000)])
    seen, stop = set(), threading.Event()

    def watch():
        with contextlib.closing(base.server.connect(base.name, autocommit=True)) as connection:
            while not stop.is_set():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT min(id), count(*) FROM d.t")
                    seen.add(cursor.fetchone())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for turn in range(1, 4):
        succeed(work, base.uri, [{"id": turn * 1000 + i} for i in range(1000)], write="replace")
    stop.set()
    watcher.join()
    assert seen <= {(turn * 1000, 1000) for turn in range(4)} and len(seen) > 1


@pytest.mark.parametrize("strategy", ["delete-insert", "upsert", "insert-only", "scd2"])
def test_merge(base, work, strategy):
    options = {"write": "merge", "strategy": strategy, **({} if strategy == "scd2" else {"primary_key": "id"})}
    succeed(work, base.uri, [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], **options)
    succeed(work, base.uri, [{"id": 2, "v": "c"}, {"id": 3, "v": "d"}], **options)
    current = "WHERE _dlt_valid_to IS NULL" if strategy == "scd2" else ""
    expected = {"insert-only": [(1, "a"), (2, "b"), (3, "d")], "scd2": [(2, "c"), (3, "d")]}.get(strategy, [(1, "a"), (2, "c"), (3, "d")])
    assert base.run(f"SELECT id, v FROM d.t {current} ORDER BY 1") == expected


def test_a_plan_changes_nothing(base, work):
    before = base.content()
    result = work.spile("plan", work.write_lines("t.jsonl", [DOCUMENT]), to=base.uri, dataset="d", no_progress=True)
    assert result.code == 0 and 'CREATE SCHEMA "d"' in result.out and "character varying" in result.out, str(result)
    assert base.content() == before


# ---- tables that users have made ---------------------------------------------------------------------------------------------------

# type of the column, value, what is there then
FITTING = {
    "smallint": (7, 7),
    "numeric": (7, decimal.Decimal(7)),
    "numeric(10,2)": (19.99, decimal.Decimal("19.99")),
    "real": (0.5, 0.5),
    "double precision": (7, 7.0),
    "text": ("x", "x"),
    "character varying(3)": ("äöü", "äöü"),
    "character(3)": ("x", "x  "),
    "uuid": ("00010203-0405-0607-0809-0a0b0c0d0e0f", "00010203-0405-0607-0809-0a0b0c0d0e0f"),
    "timestamp without time zone": ("2024-01-01T10:00:00Z", datetime.datetime(2024, 1, 1, 10)),
    "bigint": (7, 7),
    "public.citext": ("X", "X"),
    "public.positive": (7, 7),
    "public.short": ("abc", "abc"),
}


@pytest.mark.parametrize("sql_type", FITTING)
def test_columns_of_other_types_that_hold_the_values(base, work, sql_type):
    value, expected = FITTING[sql_type]
    base.run("CREATE DOMAIN public.natural AS integer CHECK (VALUE >= 0); CREATE DOMAIN public.positive AS public.natural CHECK (VALUE > 0); "
             "CREATE DOMAIN public.short AS varchar(3); CREATE EXTENSION citext SCHEMA public")
    base.run(f"CREATE SCHEMA d AUTHORIZATION loader; CREATE TABLE d.t (c {sql_type}, {OWN_COLUMNS}); ALTER TABLE d.t OWNER TO loader")
    succeed(work, base.uri, [{"c": value}, {"c": None}])
    assert [row[0] for row in rows(base, columns="c")] == [expected, None]


@pytest.mark.parametrize("sql_type", ["json", "jsonb", "text", "character varying"])
def test_columns_that_hold_json(base, work, sql_type):
    base.run(f"CREATE SCHEMA d AUTHORIZATION loader; CREATE TABLE d.t (c {sql_type}, {OWN_COLUMNS}); ALTER TABLE d.t OWNER TO loader")
    succeed(work, base.uri, [{"c": {"a": [1, "x"]}}], json_column="c")
    assert json.loads(rows(base, columns="c::text")[0][0]) == {"a": [1, "x"]}


# type, value, message, hint
UNFITTING = {
    "smallint": (70000, "value 70000 is out of range for type smallint", "ALTER TABLE"),
    "numeric(3,1)": (12.34, "value 12.34 can't be held exactly by type numeric(3,1)", "ALTER TABLE"),
    "real": (1e300, "value 1e+300 is out of range for type real", "ALTER TABLE"),
    "character varying(3)": ("abcd", 'text "abcd" is too long for type character varying(3)', "ALTER TABLE"),
    "uuid": ("no uuid", 'text "no uuid" is no uuid', "ALTER TABLE"),
    "text": ("a\x00b", 'text "a\\x00b" has a NUL character (\\u0000), which Postgres does not hold in type text', "remove it at the source"),
}


@pytest.mark.parametrize("sql_type", UNFITTING)
def test_values_that_a_column_does_not_hold(base, work, sql_type):
    value, message, hint = UNFITTING[sql_type]
    base.run(f"CREATE SCHEMA d AUTHORIZATION loader; CREATE TABLE d.t (c {sql_type}, {OWN_COLUMNS}); ALTER TABLE d.t OWNER TO loader")
    good = {"smallint": 1, "numeric(3,1)": 1.5, "real": 1.5, "uuid": "000102030405060708090a0b0c0d0e0f"}.get(sql_type, "a")
    check_failure(base, work, [{"c": good}, {"c": value}], message, hint, 'column "c"', "row 2", 'table "t"')


def test_a_column_of_a_type_that_takes_none_of_it(base, work):
    base.run("CREATE TYPE public.mood AS ENUM ('good'); CREATE SCHEMA d AUTHORIZATION loader; "
             f"CREATE TABLE d.t (c public.mood, {OWN_COLUMNS}); ALTER TABLE d.t OWNER TO loader")
    check_failure(base, work, [{"c": "good"}], "mood", "ALTER TABLE", "character varying")


def test_json_with_a_nul(base, work):
    check_failure(base, work, [{"c": {"a": 1}}, {"c": {"a": "x\x00"}}], "has a NUL character", "remove it at the source", 'column "c"', "row 2",
                  json_column="c")


# ---- what the server refuses -------------------------------------------------------------------------------------------------------

# what happens before, message, hint, place; data are always the same
REFUSED = {
    "unique": ("ALTER TABLE d.t ADD CONSTRAINT mine UNIQUE (id)", 'duplicate key value violates unique constraint "mine": Key (id)=(1) already exists. '
               "(SQLSTATE 23505)", "write disposition merge", 'COPY t, line 1, constraint "mine"'),
    "check": ("ALTER TABLE d.t ADD CONSTRAINT mine CHECK (id < 2)", "(SQLSTATE 23514)", "correct the data", "COPY t, line 2"),
    "not null": ("ALTER TABLE d.t ADD COLUMN must integer NOT NULL DEFAULT 1; ALTER TABLE d.t ALTER must DROP DEFAULT", "(SQLSTATE 23502)",
                 "drop the constraint", 'column "must"'),
    "trigger": ("CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not today''; END'; "
                "CREATE TRIGGER no BEFORE INSERT ON d.t FOR EACH ROW EXECUTE FUNCTION public.no()", "not today (SQLSTATE P0001)", "", "database"),
    "right": ("REVOKE INSERT ON d.t FROM loader; ALTER TABLE d.t OWNER TO admin; GRANT SELECT ON d.t TO loader",
              "permission denied for table t (SQLSTATE 42501)", "grant it", 'table "t"'),
    "view": ("ALTER TABLE d.t RENAME TO old; CREATE VIEW d.t AS SELECT * FROM d.old", '"t" is a view', "drop or rename the view", ""),
    "index": ("ALTER TABLE d.t RENAME TO old; CREATE INDEX t ON d.old (id)", 'relation "t" already exists (SQLSTATE 42P07)', "rename it", ""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_by_the_server(base, work, what):
    prepare, message, hint, place = REFUSED[what]
    succeed(work, base.uri, [{"id": 1}])
    base.run(prepare)
    check_failure(base, work, [{"id": 1}, {"id": 2}], message, hint, place)
    wait_for(lambda: base.sessions() == 0)


def test_a_database_without_the_character(server, work):
    admin = server.connect("template1", autocommit=True)
    admin.cursor().execute("CREATE DATABASE latin OWNER loader TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    admin.close()
    result = load(work, server.uri("latin"), [{"c": "ä"}, {"c": "日"}])
    assert result.code == 5 and "(SQLSTATE 22P05)" in result.err and "the database's encoding lacks a character" in result.err, str(result)
    assert "COPY t, line 2, column c" in result.err, str(result)
    succeed(work, server.uri("latin"), [{"c": "ä"}])


def test_a_database_that_is_only_read(base, work):
    base.run(f"ALTER DATABASE {base.name} SET default_transaction_read_only = on")
    check_failure(base, work, [{"id": 1}], "cannot execute CREATE SCHEMA in a read-only transaction (SQLSTATE 25006)", "target_session_attrs=read-write")


def test_too_wide_a_row(base, work):
    item = {f"c{i}": 0.5 for i in range(1500)}
    check_failure(base, work, [item], "row is too big", "keep objects as json with max_nesting", "COPY t, line", "(SQLSTATE 54000)")


def test_names_that_differ_by_case_are_two(base, work):
    base.run('CREATE SCHEMA d AUTHORIZATION loader; CREATE TABLE d."T" (id text); CREATE TABLE d.t ("ID" text)')
    base.run("ALTER TABLE d.t OWNER TO loader")
    succeed(work, base.uri, [{"id": 1}])
    assert rows(base, columns='"ID", id') == [(None, 1)] and base.run('SELECT count(*) FROM d."T"') == [(0,)]


def test_no_right_to_make_a_dataset(base, work):
    to = base.server.uri(base.name, "guest")
    check_failure(base, work, [{"id": 1}], f"permission denied for database {base.name} (SQLSTATE 42501)", "CREATE on the database", to=to)


def test_a_dataset_of_the_server_itself(base, work):
    check_failure(base, work, [{"id": 1}], "(SQLSTATE 42939)", "choose another dataset", dataset="pg_own")


def test_statement_timeout(base, work):
    succeed(work, base.uri, [{"id": 1}])
    base.run(SLOW)
    check_failure(base, work, [{"id": i} for i in range(100)], "canceling statement due to statement timeout (SQLSTATE 57014)", "raise it", 'table "t"',
                  to=base.options(options="-cstatement_timeout=300"))


@contextlib.contextmanager
def locked(base):
    with contextlib.closing(base.server.connect(base.name)) as connection:
        connection.cursor().execute("LOCK TABLE d.t")
        yield connection


def test_lock_timeout(base, work):
    succeed(work, base.uri, [{"id": 1}])
    with locked(base) as other:
        result = load(work, base.options(options="-clock_timeout=300"), [{"id": 2}])
        assert result.code == 5 and "canceling statement due to lock timeout (SQLSTATE 55P03)" in result.err, str(result)
        assert "lock_timeout allows" in result.err, str(result)
        other.rollback()
    succeed(work, base.options(options="-clock_timeout=300"), [{"id": 2}])
    assert rows(base, columns="id") == [(1,), (2,)]


# ---- connections -------------------------------------------------------------------------------------------------------------------


def connection_cases():
    dead = postgres.free_port()
    return {
        "wrong password": (lambda base: base.server.uri(base.name, password="Falsch-9999"),
                           'password authentication failed for user "loader" (SQLSTATE 28P01)', "the password is wrong"),
        "no password": (lambda base: base.server.uri(base.name, password=""), "no password supplied", "DESTINATION__POSTGRES__CREDENTIALS__PASSWORD"),
        "unknown user": (lambda base: base.server.uri(base.name, "loader").replace("loader:", "nobody_here:"), "(SQLSTATE 28P01)", "the password is wrong"),
        "no server": (lambda base: base.server.uri(base.name, port=dead), f'connection to server at "127.0.0.1", port {dead} failed: Connection refused',
                      "is the server running"),
        "no host": (lambda base: base.server.uri(base.name, host="nowhere.invalid"), 'could not translate host name "nowhere.invalid"', "name server"),
        "no socket": (lambda base: f"postgres://loader@%2Fnowhere/{base.name}", "No such file or directory", "no server listens on this socket"),
        "no database": (lambda base: base.server.uri("nowhere"), 'database "nowhere" does not exist (SQLSTATE 3D000)', "CREATE DATABASE"),
        "another authority": (lambda base: base.options(sslmode="verify-full", sslrootcert=base.server.folder / "other.crt"), "certificate verify failed",
                              "sslrootcert"),
        "no authority": (lambda base: base.options(sslmode="verify-full", sslrootcert="/nowhere.crt"), "root certificate file", "sslrootcert"),
    }


@pytest.mark.parametrize("what", connection_cases())
def test_no_connection(base, work, what):
    to, message, hint = connection_cases()[what]
    check_failure(base, work, [{"id": 1}], message, hint, 'database "postgres://', to=to(base))


def test_no_connection_left(base, work):
    base.run("CREATE ROLE crowd LOGIN PASSWORD 'Sesam-1234' CONNECTION LIMIT 0")
    to = base.uri.replace("loader:", "crowd:")
    check_failure(base, work, [{"id": 1}], 'too many connections for role "crowd" (SQLSTATE 53300)', "raise max_connections", to=to)


def test_tls(base, work):
    """The connection is what its certificate says, and passwords are shown by SCRAM only."""
    authority = base.server.folder / "ca.crt"
    for mode, host in (("verify-full", "localhost"), ("verify-full", "127.0.0.1"), ("verify-ca", "127.0.0.1"), ("require", "127.0.0.1")):
        succeed(work, base.options(sslmode=mode, sslrootcert=authority, host=host), [{"mode": mode}])
    stored, = base.run("SELECT rolpassword FROM pg_authid WHERE rolname = 'loader'")[0]
    assert stored.startswith("SCRAM-SHA-256")


def test_another_host_than_the_certificate_names(base, work):
    to = base.options(sslmode="verify-full", sslrootcert=base.server.folder / "ca.crt", hostaddr="127.0.0.1", host="elsewhere.example")
    check_failure(base, work, [{"id": 1}], 'server certificate for "localhost"', "connect by the name in it", to=to)


def test_a_server_without_tls(work):
    plain = postgres.Server()
    try:
        to = plain.uri(plain.create(), sslmode="require")
        result = load(work, to, [{"id": 1}])
        assert result.code == 5 and "server does not support SSL" in result.err and "the server has no TLS" in result.err, str(result)
        silent = load(work, plain.uri("x", port=silent_port(), connect_timeout=2), [{"id": 1}])
        assert silent.code == 5 and "timeout expired" in silent.err and "connect_timeout=SECONDS" in silent.err, str(silent)
    finally:
        plain.remove()


def silent_port():
    """Somebody listens there and says nothing."""
    import socket
    listener = socket.create_server(("127.0.0.1", 0))
    silent_port.kept = getattr(silent_port, "kept", []) + [listener]
    return listener.getsockname()[1]


def test_an_old_server(base, work):
    with Proxy(base.server.port, on_answer=lambda data: re.sub(rb"server_version\x00\d\d", b"server_version\x0012", data)) as proxy:
        to = base.server.uri(base.name, port=proxy.port, sslmode="disable", gssencmode="disable")
        check_failure(base, work, [{"id": 1}], "the server is Postgres 12, but spile needs 13 or newer", "upgrade the server", to=to)


def test_no_library(base, work):
    result = load(work, base.uri, [{"id": 1}], env={"SPILE_LIBPQ": "/nowhere/libpq.so.5"})
    assert result.code == 5 and "can't open the Postgres library: /nowhere/libpq.so.5" in result.err and "libpq5" in result.err, str(result)


# ---- settings ----------------------------------------------------------------------------------------------------------------------


def test_credentials_of_the_environment(base, work):
    for env, to in (({"DESTINATION__POSTGRES__CREDENTIALS": base.uri}, "postgres"),
                    ({"CREDENTIALS": base.uri.replace("postgres:", "postgresql+psycopg2:")}, "postgresql"),
                    ({"DESTINATION__POSTGRES__CREDENTIALS__PASSWORD": "Sesam-1234"}, base.server.uri(base.name, password="")),
                    ({"PGPASSWORD": "Sesam-1234"}, f"postgres:host=127.0.0.1 port={base.server.port} dbname={base.name} user=loader"),
                    ({"PGHOST": "127.0.0.1", "PGPORT": str(base.server.port), "PGUSER": "loader", "PGPASSWORD": "Sesam-1234", "PGDATABASE": base.name},
                     "postgres:")):
        succeed(work, to, [{"id": 1}], env=env)
    assert base.run("SELECT count(*) FROM d.t") == [(5,)]


def test_a_pipeline_is_named_after_the_database(base, work):
    """And not after a file that an option names."""
    work.write("rows.json", [{"id": 1}])
    done = work.spile("load", "rows.json", to=base.options(application_name="a/b.c"))
    assert done.code == 0 and f"dataset {base.name}_dataset," in done.out, str(done)


ASTRAY = "postgres://loader:Sesam-1234@127.0.0.1:1/base"
FORGOTTEN = "postgres//loader:Sesam-1234@h/base"


@pytest.mark.parametrize("words", [
    ["query", ASTRAY, "SELECT 1"], ["query", "SELECT 1", ASTRAY], ["query", "@" + ASTRAY, "--to", "x.duckdb"], ["query", "SELECT 1", "--to", "duckdb:" + ASTRAY],
    ["query", "SELECT 1", "--format", ASTRAY], ["query", "SELECT 1", f"-q={ASTRAY}"], ["load", ASTRAY, "--to", "x.duckdb"], ["plan", ASTRAY, "--to", "x.duckdb"],
    ["pipeline", ASTRAY, "info"], ["load", "rows.json", "--to", "x.duckdb", "--pipeline", ASTRAY], [ASTRAY], ["query", "SELECT 1", "--to", FORGOTTEN],
    ["pipeline", "x", "info", "--to", FORGOTTEN], ["schema", "show", "--to", FORGOTTEN], ["query", "SELECT 1", "--to", "host=h user=u password=Sesam-1234"],
    ["query", "SELECT 1", "--to", "loader:Sesam-1234@h/base"], ["query", "x", "host=h password='Sesam-1234'"], ["load", "postgres://loader:Sesam-1234@" + "h" * 300, "--to", "x.db"],
])
def test_a_password_that_went_astray(work, words):
    """In the place of something else, or behind a slip of the pen: it is not shown either, and all else is."""
    work.write("rows.json", [{"id": 1}])
    done = work.spile(*words)
    assert done.code and "Sesam" not in done.err + done.out, str(done)


@pytest.mark.parametrize(("given", "shown"), [
    (ASTRAY, "postgres://loader:***@127.0.0.1:1/base"), ("http://h:80/x", "http://h:80/x"), ("postgres://u@[::1]:80/x", "postgres://u@[::1]:80/x"),
    ("postgres://u:p@q@h", "postgres://u:***@h"), ("postgres://:secret@h", "postgres://:***@h"), ("x?password=abcd&y=1", "x?password=***&y=1"),
])
def test_what_is_hidden_of_a_uri(work, given, shown):
    assert f'"{shown}"' in work.spile("load", given, to="x.duckdb", table="t").err


def test_the_place_is_remembered_without_the_password(base, work):
    succeed(work, base.uri, [{"id": 1}], json=True)
    result = work.spile("pipeline", "g", "info")
    assert result.code in (0, 5) and not any(secret in result.out + result.err for secret in SECRETS), str(result)
    work.environment["PGPASSWORD"] = "Sesam-1234"
    result = work.spile("pipeline", "g", "info")
    assert result.code == 0, str(result)
    kept = b"".join(path.read_bytes() for path in work.data.rglob("*") if path.is_file())
    assert kept and not any(secret.encode() in kept for secret in SECRETS)
    assert f"postgres://loader@127.0.0.1:{base.server.port}/{base.name}".encode() in kept


@pytest.mark.parametrize("to", ["postgres://loader:Sesam-1234@h/db?sslmod=require", "postgres://loader:Sesam-1234@h:port/db",
                                "postgress://loader:Sesam-1234@h/db",
                                "postgres://loader:Sesam-1234/x@h/db", "postgres:host=h Sesam-1234", "postgresql+psycopg2://loader:Sesam-1234@h/%zz"])
def test_wrong_settings(work, to):
    result = load(work, to, [{"id": 1}])
    assert result.code == 3 and "hint:" in result.err and "Sesam" not in result.err, str(result)


# ---- cut -------------------------------------------------------------------------------------------------------------------------


def terminate_copy(base):
    found = []

    def in_copy():
        found[:] = base.run("SELECT pid FROM pg_stat_activity WHERE datname = %s AND query LIKE 'COPY%%' AND state = 'active'", base.name)
        return found
    wait_for(in_copy)
    base.run("SELECT pg_terminate_backend(%s)", found[0][0])


def test_terminated_in_copy(base, work):
    succeed(work, base.uri, [{"id": -1}])
    base.run(SLOW)
    before = base.content()
    running = start(work, base, 500)
    terminate_copy(base)
    result = running.wait()
    assert result.code == 5 and "terminating connection due to administrator command (SQLSTATE 57P01)" in result.err, str(result)
    assert "run the same command again" in result.err and base.content() == before
    running = start(work, base, 100, retry=60)
    terminate_copy(base)
    base.run("DROP TRIGGER slow ON d.t")  # waits until the lost transaction has ended
    result = running.wait()
    assert result.code == 0, str(result)
    assert base.run("SELECT count(*), count(DISTINCT id) FROM d.t") == [(101, 101)]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_server_that_comes_back(work, how):
    """The load waits for it, and is there once."""
    server = postgres.Server(settings={"synchronous_commit": "on"})
    try:
        base = Base(server)
        succeed(work, base.uri, [{"id": -1}])
        base.run(SLOW)
        running = start(work, base, 60, retry=60)
        wait_for(lambda: base.run("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND query LIKE 'COPY%%'", base.name))
        server.stop(how)
        time.sleep(1)
        server.start()
        result = running.wait()
        assert result.code == 0, str(result)
        assert base.run("SELECT count(*), count(DISTINCT id) FROM d.t") == [(61, 61)] and base.run("SELECT count(*) FROM d._dlt_loads") == [(2,)]
    finally:
        server.remove()


@pytest.mark.parametrize("arrives", [True, False], ids=["after-the-commit", "before-the-commit"])
def test_cut_at_commit(base, work, arrives):
    """The load is in the dataset once, whether the COMMIT whose answer was lost came through or not."""
    cuts = []

    def on_query(data):
        if b"COMMIT\x00" in data and not cuts:
            cuts.append(data)
            raise Cut(data if arrives else b"", after_answer=arrives)
        return data

    succeed(work, base.uri, [{"id": 0}])
    with Proxy(base.server.port, on_query) as proxy:
        to = base.server.uri(base.name, port=proxy.port, sslmode="disable", gssencmode="disable")
        result = load(work, to, [{"id": 1}], retry=30)
    assert result.code == 0 and len(cuts) == 1 and proxy.connections >= 2, str(result)
    assert rows(base, columns="id") == [(0,), (1,)] and base.run("SELECT count(*) FROM d._dlt_loads") == [(2,)]


def test_cut_and_the_server_does_not_notice(base, work):
    """The lost session keeps its lease for a while: that is nobody else's load, which would be told at once."""
    cuts = []

    def on_query(data):
        if b"COPY " in data and not cuts:
            cuts.append(data)
            raise Cut(lingers=3)
        return data

    with Proxy(base.server.port, on_query) as proxy:
        to = base.server.uri(base.name, port=proxy.port, sslmode="disable", gssencmode="disable")
        result = load(work, to, [{"id": 1}], retry=60)
    assert result.code == 0 and len(cuts) == 1 and proxy.connections >= 3, str(result)
    assert rows(base, columns="id") == [(1,)]


def test_cut_at_commit_and_the_server_is_gone(base, work):
    """Nobody can say then whether it is there; the error is the lost connection."""
    def on_query(data):
        if b"COMMIT\x00" in data:
            proxy.listener.close()
            raise Cut(b"")
        return data

    with Proxy(base.server.port, on_query) as proxy:
        to = base.server.uri(base.name, port=proxy.port, sslmode="disable", gssencmode="disable")
        result = load(work, to, [{"id": 1}])
    assert result.code == 5 and "closed the connection" in result.err, str(result)
    succeed(work, base.uri, [{"id": 1}])
    assert rows(base, columns="id") == [(1,)]


def test_two_loads_of_one_pipeline(base, work, tmp_path):
    succeed(work, base.uri, [{"id": -1}])
    base.run(SLOW)
    running = start(work, base, 200)
    wait_for(lambda: base.run("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND query LIKE 'COPY%%'", base.name))
    work.data = tmp_path / "elsewhere"  # another machine: the lock of the pipeline's folder is not in the way
    second = work.run(work.write_lines("u.jsonl", [{"id": 1}]), to=base.uri, table="t", dataset="d", pipeline="g", **QUIET)
    assert second.code == 8, str(second)
    said = r'another session loads pipeline "g" into dataset "d": process \d+ of the server, program spile, from 127.0.0.1, since \d{4}'
    assert re.search(said, second.err), second.err
    assert "wait until it is done" in second.err
    assert running.wait().code == 0 and base.run("SELECT count(*) FROM d.t") == [(201,)]


def test_interrupted(base, work):
    succeed(work, base.uri, [{"id": -1}])
    base.run(SLOW)
    before = base.content()
    running = start(work, base, 3000)
    wait_for(lambda: base.run("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND query LIKE 'COPY%%'", base.name))
    running.kill(signal.SIGINT)
    result = running.wait()
    assert result.code == 128 + signal.SIGINT, str(result)
    wait_for(lambda: base.sessions() == 0)
    assert base.content() == before


def test_a_commit_that_is_a_rollback(base, work):
    """A constraint that is checked at COMMIT."""
    succeed(work, base.uri, [{"id": 1}])
    base.run("ALTER TABLE d.t ADD CONSTRAINT mine UNIQUE (id) DEFERRABLE INITIALLY DEFERRED")
    check_failure(base, work, [{"id": 1}], "(SQLSTATE 23505)", "write disposition merge", 'constraint "mine"')


def test_json_info_has_no_secret(base, work):
    result = succeed(work, base.uri, [{"id": 1}], json=True)
    info = json.loads(result.out)
    assert info["destination"] == f"postgres://loader@127.0.0.1:{base.server.port}/{base.name}"
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(info["destination"])
