"""Loads by the command into a Postgres database that one test has for itself, and what is in it."""
import contextlib
import time

import postgres

SECRETS = tuple(postgres.Server.PASSWORDS.values()) + ("Falsch-9999",)
QUIET = {"no_progress": True, "retry": 0}
OWN_COLUMNS = "_dlt_load_id varchar NOT NULL, _dlt_id varchar NOT NULL"
SLOW = """CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END';
          CREATE TRIGGER slow BEFORE INSERT ON d.t FOR EACH ROW EXECUTE FUNCTION public.slow()"""


class Base:
    """A database of its own for one test."""

    def __init__(self, server, owner="loader"):
        self.server, self.name = server, server.create(owner)
        self.uri = server.uri(self.name)

    def options(self, **options):
        return self.server.uri(self.name, **options)

    def run(self, sql, *values):
        """As the superuser; rows if there are any."""
        with contextlib.closing(self.server.connect(self.name, autocommit=True)) as connection, connection.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else None

    def columns(self, table, dataset="d"):
        return self.run("SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
                        "AND NOT attisdropped ORDER BY attnum", f'"{dataset}"."{table}"')

    def content(self):
        """Everything that users can see of the database."""
        tables = self.run("SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'v') AND nspname "
                          "NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY 1, 2")
        schemas = self.run("SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' ORDER BY 1")
        return schemas, {name: (self.columns(name[1], name[0]), self.run(f'SELECT t::text FROM "{name[0]}"."{name[1]}" t ORDER BY 1')) for name in tables}

    def sessions(self):
        return self.run("SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", self.name)[0][0]


def load(work, to, data, table="t", dataset="d", **options):
    return work.run(work.write_lines(f"{table}.jsonl", data), to=to, table=table, dataset=dataset, pipeline="g", **{**QUIET, **options})


def succeed(*arguments, **options):
    result = load(*arguments, **options)
    assert result.code == 0, str(result)
    return result


def rows(base, table="t", columns="*"):
    return base.run(f"SELECT {columns} FROM d.{table} ORDER BY 1")


def check_failure(base, work, data, message, hint, *places, to=None, code=5, **options):
    """The load fails with these words, and nothing has changed."""
    before = base.content()
    result = load(work, to or base.uri, data, **options)
    assert result.code == code, str(result)
    for piece in (message, hint, *places):
        assert piece in result.err, f"{piece!r} is not in\n{result.err}"
    assert not any(secret in result.err + result.out for secret in SECRETS)
    assert base.content() == before
    return result


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def start(work, base, count, **options):
    source = work.write_lines("t.jsonl", [{"id": i} for i in range(count)])
    return work.start(source, to=base.uri, table="t", dataset="d", pipeline="g", **{**QUIET, **options})
