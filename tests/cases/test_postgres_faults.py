# ctest: labels=cases;engines timeout=900
"""What befalls a load in a Postgres server: a full disk, conflicts with other sessions, keys that can't be compared. It is told with its place and remedy,
the dataset stays as it was, and the same load goes through when the cause has gone.

The server is real (helpers/postgres.py). Expected values: what was loaded, counted here, and what psycopg2 reads.
"""
import contextlib
import json
import re
import time

import pytest

import postgres
from cutting import Cut, Proxy
from own_database import OWN_COLUMNS, Base, check_failure, load, rows, succeed, wait_for


@pytest.fixture(scope="module")
def server():
    server = postgres.Server()
    yield server
    server.remove()


@pytest.fixture
def base(server):
    return Base(server)


# ---- a full disk -------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_server():
    server = postgres.Server(small_disk=True)
    yield server
    server.remove()


@pytest.fixture
def small(small_server):
    base = Base(small_server)
    yield base
    small_server.disk.leave(None)


FULL = ("could not extend file", "(SQLSTATE 53100)", "make room on the server's disk", "nothing was changed")
BIG = [{"id": i, "text": f"{i:0200d}", "l": [{"x": i}]} for i in range(5000)]  # 1.4 MB in the first table, 0.5 MB in the other
WRITES = {
    "append": {},
    "replace": {"write": "replace"},
    "upsert": {"write": "merge", "strategy": "upsert", "primary_key": "id"},
    "scd2": {"write": "merge", "strategy": "scd2"},
}


@pytest.mark.parametrize("write", WRITES)
def test_a_disk_that_gets_full(small, work, write):
    """A little later each time, until there is room for everything."""
    succeed(work, small.uri, [{"id": i, "text": "before", "l": [{"x": i}]} for i in (1, 2, -1)], **WRITES[write])
    refused, places = 0, set()
    while True:
        before = small.content()
        small.server.disk.leave(refused * 250_000)
        result = load(work, small.uri, BIG, **WRITES[write])
        small.server.disk.leave(None)
        if result.code == 0:
            break
        assert result.code == 5 and all(piece in result.err for piece in FULL) and 'database "postgres://' in result.err, str(result)
        assert "Sesam" not in result.err and small.content() == before
        places |= {place for place in ('table "t"', 'table "t__l"', "COPY t", 'merge into table "t"') if place in result.err}
        refused += 1
    assert refused >= 4 and places >= {'table "t"', *(['merge into table "t"'] if "strategy" in WRITES[write] else [])}, (refused, places)
    assert small.run("SELECT count(*) FROM d.t WHERE text <> 'before'") == [(5000,)]
    nested = "SELECT count(*), count(DISTINCT l.x) FROM d.t__l l JOIN d.t ON t._dlt_id = l._dlt_parent_id WHERE text <> 'before'"
    assert small.run(nested) == [(5000, 5000)] and small.run("SELECT count(*) FROM d._dlt_loads") == [(2,)]


def test_a_full_disk_for_the_first_load(small, work):
    small.server.disk.leave(0)
    check_failure(small, work, BIG, *FULL)
    small.server.disk.leave(500_000)
    check_failure(small, work, BIG, *FULL, "COPY t, line", 'table "t"')
    small.server.disk.leave(None)
    succeed(work, small.uri, BIG)
    assert small.run("SELECT count(*) FROM d.t") == [(5000,)]


def test_a_disk_that_gets_room_again(small, work):
    """The load has waited for it."""
    succeed(work, small.uri, [{"id": -1, "text": "x", "l": []}])
    small.server.disk.leave(300_000)
    running = work.start(work.write_lines("t.jsonl", BIG), to=small.uri, table="t", dataset="d", pipeline="g", no_progress=True, retry=60)
    wait_for(lambda: small.server.disk.left() == 0)
    small.server.disk.leave(None)
    result = running.wait()
    assert result.code == 0, str(result)
    assert small.run("SELECT count(*), count(DISTINCT id) FROM d.t") == [(5001, 5001)] and small.run("SELECT count(*) FROM d._dlt_loads") == [(2,)]


# ---- other sessions ----------------------------------------------------------------------------------------------------------------

# Of the user's: fails the first two times that rows come, at once or when the transaction is about to be committed.
TWICE = """CREATE SEQUENCE public.times; GRANT USAGE ON SEQUENCE public.times TO loader;
           CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
               IF nextval('public.times') <= 2 THEN RAISE EXCEPTION 'not now' USING ERRCODE = '{}'; END IF; RETURN NULL; END$$;
           CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON d.t {} FOR EACH ROW EXECUTE FUNCTION public.refuse()"""
TRANSIENT = {
    "40001": "another session changed the same rows: run the same command again",
    "40P01": "another session and this one waited for each other: run the same command again",
    "55P03": "another session holds a lock",
    "53200": "the server is out of memory",
}


@pytest.mark.parametrize("when", ["", "DEFERRABLE INITIALLY DEFERRED"], ids=["at-once", "at-the-commit"])
@pytest.mark.parametrize("state", TRANSIENT)
def test_what_may_pass_is_tried_again(base, work, state, when):
    succeed(work, base.uri, [{"id": 1, "l": [1]}])
    base.run(TWICE.format(state, when))
    data = [{"id": 2, "l": [2, 3]}, {"id": 3, "new": "x"}]
    check_failure(base, work, data, f"not now (SQLSTATE {state})", TRANSIENT[state], 'database "postgres://')
    succeed(work, base.uri, data, retry=60)
    assert base.run("SELECT last_value >= 4 FROM public.times") == [(True,)]
    assert rows(base, columns="id, new") == [(1, None), (2, None), (3, "x")] and base.run("SELECT value FROM d.t__l ORDER BY 1") == [(1,), (2,), (3,)]
    assert base.run("SELECT count(*) FROM d._dlt_loads") == [(2,)]


def test_what_does_not_pass_within_the_time(base, work):
    """It is the failure that is told in the end."""
    succeed(work, base.uri, [{"id": 1}])
    base.run(TWICE.format("40001", "").replace("<= 2", "> 0"))
    began = time.monotonic()
    check_failure(base, work, [{"id": 2}], "not now (SQLSTATE 40001)", TRANSIENT["40001"], retry=2)
    assert time.monotonic() - began > 2 and base.run("SELECT last_value > 2 FROM public.times") == [(True,)]
    base.run("DROP TRIGGER refuse ON d.t")
    succeed(work, base.uri, [{"id": 2}])


@contextlib.contextmanager
def session(base):
    """Another one, in a transaction. It does not look for deadlocks, so that it is never the one to give way."""
    with contextlib.closing(base.server.connect(base.name)) as connection:
        connection.cursor().execute("SET deadlock_timeout = '60s'")
        yield connection


def is_waiting(base):
    return base.run("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND usename = 'loader' AND wait_event_type = 'Lock'", base.name)


KEYED = {"write": "merge", "strategy": "upsert", "primary_key": "id"}


@pytest.mark.parametrize("retry", [0, 60])
def test_a_deadlock(base, work, retry):
    """The load waits for a row that the other session has changed, which then wants the load's tables."""
    succeed(work, base.uri, [{"id": 1, "v": "a"}], **KEYED)
    before = base.content()
    with session(base) as other:
        other.cursor().execute("UPDATE d.t SET v = 'other' WHERE id = 1")
        running = work.start(work.write_lines("t.jsonl", [{"id": 1, "v": "b"}, {"id": 2}]), to=base.uri, table="t", dataset="d", pipeline="g",
                             no_progress=True, retry=retry, **KEYED)
        wait_for(lambda: is_waiting(base))
        other.cursor().execute("LOCK TABLE d.t")
        other.rollback()
    result = running.wait()
    if retry:
        assert result.code == 0, str(result)
        assert rows(base, columns="id, v") == [(1, "b"), (2, None)] and base.run("SELECT count(*) FROM d._dlt_loads") == [(2,)]
        return
    assert result.code == 5 and "deadlock detected" in result.err and "(SQLSTATE 40P01)" in result.err, str(result)
    assert TRANSIENT["40P01"] in result.err and 'merge into table "t"' in result.err and base.content() == before
    succeed(work, base.uri, [{"id": 1, "v": "b"}], **KEYED)


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_the_isolation_that_a_role_has(base, work, level):
    """Does not matter: a row that another session has changed meanwhile is merged as it is then."""
    succeed(work, base.uri, [{"id": 1, "v": "a"}], **KEYED)
    base.run(f"ALTER ROLE loader IN DATABASE {base.name} SET default_transaction_isolation = '{level}'")
    with session(base) as other:
        other.cursor().execute("UPDATE d.t SET v = 'other' WHERE id = 1")
        running = work.start(work.write_lines("t.jsonl", [{"id": 1, "v": "b"}, {"id": 2, "v": "c"}]), to=base.uri, table="t", dataset="d", pipeline="g",
                             no_progress=True, retry=0, **KEYED)
        wait_for(lambda: is_waiting(base))
        other.commit()
    result = running.wait()
    assert result.code == 0, str(result)
    assert rows(base, columns="id, v") == [(1, "b"), (2, "c")]


@pytest.mark.parametrize("retry", [0, 30])
@pytest.mark.parametrize("at", ["the first rows", "later rows"])
def test_a_network_that_is_cut_among_the_rows(base, work, at, retry):
    passed, cuts = [0], []

    def on_query(data):
        if not cuts and (passed[0] or b"COPY " in data):
            passed[0] += len(data)
            if at == "the first rows" or passed[0] > 1_000_000:
                cuts.append(data)
                raise Cut(data[:len(data) // 2])
        return data

    succeed(work, base.uri, [{"id": -1}])
    before = base.content()
    with Proxy(base.server.port, on_query) as proxy:
        to = base.server.uri(base.name, port=proxy.port, sslmode="disable", gssencmode="disable")
        result = load(work, to, BIG, retry=retry)
    assert len(cuts) == 1 and "Sesam" not in result.err, str(result)
    if retry:
        assert result.code == 0, str(result)
    else:
        assert result.code == 5 and 'database "postgres://' in result.err and "cut the connection: run the same command again" in result.err, str(result)
        wait_for(lambda: base.sessions() == 0)
        assert base.content() == before
        succeed(work, base.uri, BIG)
    assert base.run("SELECT count(*), count(DISTINCT id) FROM d.t") == [(5001, 5001)] and base.run("SELECT count(*) FROM d._dlt_loads") == [(2,)]


# ---- rights ------------------------------------------------------------------------------------------------------------------------

# what the guest may not: what the owner of the database grants, message, what he has to grant more
RIGHTS = {
    "make a dataset": ("", "permission denied for database", "GRANT CREATE ON DATABASE {} TO guest"),
    "use the dataset": ("CREATE SCHEMA d", "permission denied for schema d", "GRANT USAGE, CREATE ON SCHEMA d TO guest"),
    "make a table": ("CREATE SCHEMA d; GRANT USAGE ON SCHEMA d TO guest", "permission denied for schema d", "GRANT CREATE ON SCHEMA d TO guest"),
    "add a column": (f"CREATE SCHEMA d; GRANT USAGE, CREATE ON SCHEMA d TO guest; CREATE TABLE d.t ({OWN_COLUMNS}); GRANT ALL ON d.t TO guest",
                     "must be owner of table t", "ALTER TABLE d.t OWNER TO guest"),
    "add rows": (f"CREATE SCHEMA d; GRANT USAGE, CREATE ON SCHEMA d TO guest; CREATE TABLE d.t (id bigint, {OWN_COLUMNS}); GRANT SELECT ON d.t TO guest",
                 "permission denied for table t", "GRANT INSERT ON d.t TO guest"),
}


@pytest.mark.parametrize("what", RIGHTS)
def test_a_right_that_the_user_lacks(base, work, what):
    granted, message, lacking = RIGHTS[what]
    if granted:
        base.run(granted)
    to = base.server.uri(base.name, "guest")
    check_failure(base, work, [{"id": 1}], message, "(SQLSTATE 42501)", "the user lacks a right: grant it", 'database "postgres://guest@', to=to)
    base.run(lacking.format(base.name))
    succeed(work, to, [{"id": 1}])
    assert base.run("SELECT id FROM d.t") == [(1,)]


# ---- merges into tables that users have made ---------------------------------------------------------------------------------------

# type of a column: two values of it
KEY_VALUES = {
    "uuid": ("00010203-0405-0607-0809-0a0b0c0d0e0f", "00010203-0405-0607-0809-0a0b0c0d0e10"),
    "public.citext": ("a", "b"),
    "public.natural": (7, 8),
    "character(3)": ("a  ", "b  "),
    "numeric(10,2)": (19.99, 20.01),
    "real": (0.5, 0.25),
    "smallint": (7, 8),
    "text": ("a", "b"),
    "timestamp without time zone": ("2024-01-01T10:00:00Z", "2024-01-01T10:00:01Z"),
    "jsonb": ({"a": 1}, {"a": 2}),
    "json": ({"a": 1}, {"a": 2}),
}
STRATEGIES = ["delete-insert", "upsert", "insert-only", "scd2", "cdc"]


def make_own(base, columns):
    base.run("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public; CREATE DOMAIN public.natural AS integer CHECK (VALUE >= 0)")
    base.run(f"CREATE SCHEMA d AUTHORIZATION loader; CREATE TABLE d.t ({columns}, {OWN_COLUMNS}); ALTER TABLE d.t OWNER TO loader")


def shown(sql_type, value):
    return f"CAST(CAST({value} AS {'jsonb' if 'json' in sql_type else sql_type}) AS text)"


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("sql_type", KEY_VALUES)
def test_values_that_are_merged(base, work, sql_type, strategy):
    """Columns of types that we would not make take the same values by a merge as by an append."""
    make_own(base, f"id bigint, c {sql_type}")
    one, other = KEY_VALUES[sql_type]
    options = {"write": "merge", "strategy": strategy, "json_column": "c" if isinstance(one, dict) else None,
               "primary_key": None if strategy == "scd2" else "id"}
    succeed(work, base.uri, [{"id": 1, "c": one}, {"id": 2, "c": one}], **options)
    succeed(work, base.uri, [{"id": 2, "c": other}, {"id": 3, "c": None}], **options)
    current = "WHERE _dlt_valid_to IS NULL" if strategy == "scd2" else ""
    found = dict(base.run(f"SELECT id, {shown(sql_type, 'c')} FROM d.t {current}"))
    one, other = (base.run(f"SELECT {shown(sql_type, '%s')}", json.dumps(value) if isinstance(value, dict) else value)[0][0] for value in (one, other))
    assert found == {**({} if strategy in ("scd2", "cdc") else {1: one}), 2: one if strategy == "insert-only" else other, 3: None}


@pytest.mark.parametrize("strategy", ["delete-insert", "upsert", "insert-only", "cdc"])
@pytest.mark.parametrize("sql_type", [name for name in KEY_VALUES if "json" not in name])
def test_keys_that_are_compared(base, work, sql_type, strategy):
    make_own(base, f"v text, k {sql_type}")
    one, other = KEY_VALUES[sql_type]
    options = {"write": "merge", "strategy": strategy, "primary_key": "k"}
    succeed(work, base.uri, [{"k": one, "v": "old"}], **options)
    succeed(work, base.uri, [{"k": one, "v": "new"}, {"k": other, "v": "new"}], **options)
    assert base.run("SELECT v FROM d.t ORDER BY v") == sorted([("old",) if strategy == "insert-only" else ("new",), ("new",)])


def test_a_plan_shows_the_types_of_the_table(base, work):
    make_own(base, "id uuid, c public.citext, j json")
    work.database = base.uri
    shown = work.plan(work.write_lines("t.jsonl", [{"id": KEY_VALUES["uuid"][0], "c": "a", "j": {}, "new": 1}]), dataset="d", table="t", write="merge", primary_key="id",
                      json_column="j")
    staged = re.search(r'CREATE TEMPORARY TABLE pg_temp."t" \((.*)\);', shown.out).group(1)
    assert shown.code == 0 and {'"id" uuid', '"c" citext', '"j" jsonb', '"new" bigint'} <= set(staged.split(", ")), str(shown)


def test_a_key_that_is_json(base, work):
    """As we make it, it can be compared."""
    options = {"write": "merge", "primary_key": "k", "json_column": "k"}
    for v in ("old", "new"):
        succeed(work, base.uri, [{"k": {"a": 1, "b": [2]}, "v": v}, {"k": {"a": v}, "v": v}], **options)
    assert base.run("SELECT v, k ->> 'a' FROM d.t ORDER BY 1, 2") == [("new", "1"), ("new", "new"), ("old", "old")]


def test_a_value_that_is_merged_and_does_not_fit(base, work):
    """The place is known, as it is in an append."""
    make_own(base, "id bigint, c character varying(3)")
    options = {"write": "merge", "strategy": "upsert", "primary_key": "id"}
    check_failure(base, work, [{"id": 1, "c": "abc"}, {"id": 2, "c": "abcd"}], 'text "abcd" is too long for type character varying(3)', "ALTER TABLE",
                  'column "c"', "row 2", 'table "t"', **options)
    succeed(work, base.uri, [{"id": 1, "c": "abc"}], **options)


COMPARED = "column \"k\" of table \"t\" is {} in the database, a type without a way to compare values, and the merge has to"
OTHER_TYPE = "column \"k\" of table \"t\" is {} in the database but the data needs {}"
OBJECT = {"id": 1, "k": {"a": 1}, "v": "x"}
TEXT = {"id": 1, "k": "(1,2)", "v": "x"}
SKIP = '{"disposition": "merge", "strategy": "upsert", "skip_unchanged_rows": true}'

# type of the column "k", row, options, message, hint
NOT_COMPARED = {
    "primary key": ("json", OBJECT, {"write": "merge", "primary_key": "k", "json_column": "k"}, COMPARED.format("json"),
                    "TYPE jsonb, or merge by another key"),
    "one of two": ("json", OBJECT, {"write": "merge", "primary_key": "id,k", "json_column": "k"}, COMPARED.format("json"), "TYPE jsonb"),
    "merge key": ("json", OBJECT, {"write": "merge", "merge_key": "k", "json_column": "k"}, COMPARED.format("json"), "TYPE jsonb"),
    "merge key that no row has": ("json", {"id": 1}, {"write": "merge", "merge_key": "k", "columns": "k:json:null"}, COMPARED.format("json"), "TYPE jsonb"),
    "unchanged rows": ("json", OBJECT, {"write": SKIP, "primary_key": "id", "json_column": "k"}, COMPARED.format("json"), "without skip_unchanged_rows"),
    "xml": ("xml", TEXT, {"write": "merge", "primary_key": "k"}, OTHER_TYPE.format("xml", "character varying"), "TYPE character varying"),
    "point": ("point", TEXT, {"write": "merge", "primary_key": "k"}, OTHER_TYPE.format("point", "character varying"), "TYPE character varying"),
    "point that no row has": ("point", {"id": 1}, {"write": "merge", "merge_key": "k", "columns": "k:text:null"},
                              OTHER_TYPE.format("point", "character varying"), "TYPE character varying"),
}


@pytest.mark.parametrize("name", NOT_COMPARED)
def test_what_can_not_be_compared(base, work, name):
    """It is refused before anything runs, and told by `plan` as well."""
    sql_type, row, options, message, hint = NOT_COMPARED[name]
    make_own(base, f"id bigint, k {sql_type}, v text")
    before = base.content()
    plan = work.spile("plan", work.write_lines("t.jsonl", [row]), to=base.uri, table="t", dataset="d", no_progress=True, **options)
    assert plan.code == 5 and message in plan.err and hint in plan.err and base.content() == before, str(plan)
    statements = watched(base)
    check_failure(base, work, [row], message, hint, "ALTER TABLE ... ALTER COLUMN", **options)
    assert not statements(), statements()
    base.run(f"ALTER TABLE d.t ALTER k TYPE {'jsonb' if sql_type == 'json' else 'text'} USING k::text::{'jsonb' if sql_type == 'json' else 'text'}")
    succeed(work, base.uri, [row], **options)
    assert base.run("SELECT count(*) FROM d.t") == [(1,)] and any("_dlt_loads" in line for line in statements())


def watched(base):
    """From now on statements that change something are in the server's log; a function that returns those of the load."""
    base.run(f"ALTER DATABASE {base.name} SET log_statement = 'mod'")
    begin = base.server.log.stat().st_size
    return lambda: [line for line in base.server.log.read_text()[begin:].splitlines() if re.search(r"statement: |execute .*: ", line)]
