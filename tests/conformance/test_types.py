# ctest: labels=conformance timeout=900
"""Values of all types, at their edges and beyond, go into each engine and are read back with that engine's own client: type_cases.py says what is there then.
The page docs/types.md is made of the same: SPILE_WRITE_PAGES=1 ctest --test-dir build/release -R conformance.types
"""
import atexit
import base64
import functools
import json
import os
import shutil
import struct
import tempfile
from datetime import date, datetime, time
from decimal import Decimal, localcontext
from pathlib import Path

import pytest

import typed
from cases import column_words
from engine import Workspace
from readers import dlt_type, quoted
from targets import ENGINES, target
from type_cases import KINDS, QUIRKS, UTC, Aside, Becomes, Kept, Refused

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "types.md"
OWN = "_dlt_"


# ---- values ------------------------------------------------------------------------------------------------------------------------


def as_json(value):
    """As JSON has it: what it has no form for is text."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return format(value, "f") if isinstance(value, Decimal) else value


def as_stored(kind, value):
    """What a client has to give: timestamps are UTC, with a zone or without."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if kind.hint.get("timezone", True) else value.astimezone(UTC).replace(tzinfo=None)
    return value


def of_sqlite(kind, value):
    """SQLite has five types: what the others are is said by the column."""
    if kind.type in ("decimal", "wei"):
        assert isinstance(value, str)
        return Decimal(value)
    if kind.type == "bool":
        return {0: False, 1: True}[value]
    if kind.type == "timestamp":
        return datetime.fromisoformat(value).replace(tzinfo=UTC if kind.hint.get("timezone", True) else None)
    return {"date": date, "time": time}[kind.type].fromisoformat(value) if kind.type in ("date", "time") else value


def of_client(engine, kind, value):
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    if engine == "sqlite":
        value = of_sqlite(kind, value)
    return json.loads(value, parse_float=Decimal) if kind.type == "json" else value


def bare_json(value):
    """A number is what it means: 1e3 is 1000. The order of an object's keys counts, and so does the sign of a zero."""
    if isinstance(value, dict):
        return "object", [(key, bare_json(child)) for key, child in value.items()]
    if isinstance(value, list):
        return "list", [bare_json(child) for child in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    with localcontext(prec=1000):
        return Decimal(repr(value) if isinstance(value, float) else value).normalize().as_tuple()


def bare(value):
    """By which two values are the same: 0.0 is not -0.0, a timestamp in UTC not one without a zone."""
    if isinstance(value, float):
        return struct.pack(">d", value)
    if isinstance(value, (dict, list)):
        return bare_json(value)
    return (type(value).__name__, value) if not isinstance(value, datetime) else (value.isoformat(),)


# ---- loads -------------------------------------------------------------------------------------------------------------------------


class Tried:
    """A kind of column in an engine: what was loaded and what is there."""

    def __init__(self, name, engine):
        self.name, self.kind, self.engine = name, KINDS[name], engine
        self.folder = Path(tempfile.mkdtemp(prefix="spile-types-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.to = target(engine, self.folder)
        self.loads = 0

    def work(self):
        """With a data folder of its own, so that what is refused is not tried again."""
        self.loads += 1
        work = Workspace(self.folder / f"work{self.loads}")
        work.database = self.to
        return work

    def load_typed(self, items, table):
        typed.load(self.work(), items, {"v": self.kind.hint}, table=table)

    def load_json(self, items, table):
        work = self.work()
        file = work.write_lines("t.jsonl", [{"i": item["i"], "v": as_json(item["v"])} for item in items])
        work.load(file, to=self.to, dataset="d", pipeline="g", table=table, columns=column_words({"v": self.kind.hint}))

    def read(self, table):
        """({column: SQL type}, rows as dictionaries), without what is dlt's."""
        with self.to.open() as source:
            columns = {name: sql_type for name, sql_type, _ in source.columns().get(table, ()) if not name.startswith(OWN)}
            if not columns:
                return {}, []
            rows = source.query(f"select {', '.join(map(quoted, columns))} from {source.table(table)} order by {quoted('i')}")
            return columns, [dict(zip(columns, row)) for row in rows]

    def texts(self, table):
        """The first row as the database writes it: no client has a year 10000."""
        with self.to.open() as source:
            columns = [name for name, _, _ in source.columns()[table] if not name.startswith(OWN)]
            row = source.query(f"select {', '.join(f'cast({quoted(name)} as text)' for name in columns)} from {source.table(table)}")[0]
            return dict(zip(columns, row))

    def has_table(self, table):
        try:
            with self.to.open() as source:
                return table in source.columns()
        except FileNotFoundError:
            return False

    def outcome(self, beyond, table):
        try:
            self.load_typed([{"i": 0, "v": beyond.value}], table)
        except AssertionError as error:
            assert not self.has_table(table)
            message, where, hint = str(error).split("\n")[:3]
            assert 'column "v"' in where and "row 1" in where and f'table "{table}"' in where
            return Refused(message, hint)
        texts = self.texts(table)
        if texts["v"] is None:
            (name, text), = [(name, text) for name, text in texts.items() if name not in "iv" and text is not None]
            return Aside(name.removeprefix("v__v_"), text)
        try:
            found = of_client(self.engine, self.kind, self.read(table)[1][0]["v"])
        except ValueError:
            return Becomes(texts["v"])
        if bare(found) == bare(as_stored(self.kind, beyond.value)):
            return Kept()
        return Becomes(repr(found) if isinstance(found, float) else texts["v"])  # SQLite's own text of a double has 15 digits


@functools.cache
def tried(name, engine):
    """Its kind of column as the database calls it, and what became of the values beyond."""
    one = Tried(name, engine)
    one.load_typed([{"i": i, "v": value} for i, value in enumerate(one.kind.holds)], "typed")
    one.load_json([{"i": i, "v": value} for i, value in enumerate(one.kind.holds)], "json")
    one.outcomes = {beyond.what: one.outcome(beyond, f"beyond{i}") for i, beyond in enumerate(one.kind.beyond)}
    return one


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", KINDS)
def test_values_come_back(name, engine):
    one = tried(name, engine)
    want = [bare(as_stored(one.kind, value)) for value in one.kind.holds]
    for table in ("typed", "json"):
        columns, rows = one.read(table)
        assert list(columns) == ["v", "i"] or list(columns) == ["i", "v"], table
        assert dlt_type(engine, columns["v"]) == ("decimal" if one.kind.type == "wei" else one.kind.type)
        assert [bare(of_client(engine, one.kind, row["v"])) for row in rows] == want, table


def expected(engine, name, beyond):
    return QUIRKS[engine].outcomes.get((name, beyond.what), beyond.outcome)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.beyond])
def test_values_beyond(name, engine):
    one = tried(name, engine)
    for beyond in one.kind.beyond:
        want, got = expected(engine, name, beyond), one.outcomes[beyond.what]
        if isinstance(want, Refused):
            assert isinstance(got, Refused) and got.message == want.message and got.hint.startswith(want.hint), (beyond.what, got)
        else:
            assert got == want, beyond.what


@pytest.mark.parametrize("engine", ENGINES)
def test_more_digits_than_any_has(engine, tmp_path):
    work = Workspace(tmp_path)
    result = work.run(work.write_lines("t.jsonl", [{"v": 1}]), to=target(engine, tmp_path), columns="v:decimal(39,0)")
    assert result.code == 3, str(result)
    assert f"decimal(39,0) has more digits than {engine} can hold" in result.err and "use 38 digits at most, or text" in result.err


def test_what_the_hint_says_of_a_nul_helps(tmp_path):
    one = Tried("binary", "postgres")
    one.load_json([{"i": 0, "v": b"a\0b"}], "t")
    assert bytes(one.read("t")[1][0]["v"]) == b"a\0b"


# ---- limits ------------------------------------------------------------------------------------------------------------------------

IDS = 2  # columns of a root table that are dlt's
UNLIMITED = 5000  # columns, where no limit is known


def load(work, to, items, table="t", **options):
    return work.run(work.write_lines("t.jsonl", items), to=to, table=table, dataset="d", pipeline="g", no_progress=True, **{"retry": 0, **options})


def succeed(*arguments, **options):
    result = load(*arguments, **options)
    assert result.code == 0, str(result)


def read(to, sql):
    with to.open() as source:
        return source.query(sql.replace("d.", "" if to.engine == "sqlite" else "d."))


def wide(columns):
    """Of one byte each: a row of Postgres has room for 8 KiB."""
    return {f"c{i}": i % 3 == 0 for i in range(columns)}


@pytest.mark.parametrize("engine", ENGINES)
def test_columns(engine, work, tmp_path):
    """As many as there may be, all with a value: more than a statement of SQLite once had variables (999). With one more nothing is changed."""
    to, most = target(engine, tmp_path), QUIRKS[engine].columns or UNLIMITED
    row = wide(most - IDS)
    succeed(work, to, [row])
    assert [tuple(map(bool, found)) for found in read(to, f"select {', '.join(row)} from d.t")] == [tuple(row.values())]
    if not QUIRKS[engine].columns:
        return
    for table, items in (("t", [{**row, "more": 1}]), ("u", [wide(most - IDS + 1)])):
        result = load(Workspace(tmp_path / table), to, items, table)
        assert result.code == 5, str(result)
        assert f'table "{table}" would have {most + 1} columns; {engine} takes {most}' in result.err and "--max-nesting" in result.err
    with to.open() as source:
        columns = source.columns()
    assert len(columns["t"]) == most and "u" not in columns


def test_columns_of_a_table_that_takes_anothers_place(work, tmp_path):
    to, most = target("postgres", tmp_path), QUIRKS["postgres"].columns
    succeed(work, to, [{"id": 1}])
    result = load(work, to, [wide(most)], write="replace", replace_strategy="staging-optimized")
    assert result.code == 5 and f'table "t" would have {most + IDS + 1} columns; postgres takes {most}' in result.err, str(result)
    assert read(to, "select id from d.t") == [(1,)]


# Under the convention `direct`, which keeps all characters.
NAMES = {
    "63 bytes": "a" * 63, "64 bytes": "a" * 64, "200 bytes": "a" * 100 + "b" * 100, "63 bytes, not all ASCII": "\u00e9" * 31 + "x",
    "63 characters of 2 bytes": "\u00e9" * 63, "32 characters of 2 bytes": "\u00e9" * 32, "21 characters of 3 bytes": "\u65e5" * 21,
    "22 characters of 3 bytes": "\u65e5" * 22, "16 characters of 4 bytes": "\U0001f986" * 16, "borders that do not meet": "x" + "\U0001f986" * 40 + "\u00e9y",
    "70,000 characters": "z" * 70000, "twins, one": "\u00e9" * 40 + "1" + "\u00e9" * 40, "twins, the other": "\u00e9" * 40 + "2" + "\u00e9" * 40,
}


def characters_within(text, size):
    """The most characters of its beginning that have so many bytes."""
    return text.encode()[:size].decode(errors="ignore")


def fitted(name, engine):
    """As dlt does; where that leaves too many bytes, its tag between as many whole characters as fit on both sides."""
    from dlt.common.normalizers.naming.direct import NamingConvention
    most = QUIRKS[engine].name_bytes
    shortened = NamingConvention.shorten_identifier(name, name, QUIRKS[engine].names)
    if not most or len(shortened.encode()) <= most:
        return shortened
    tag, rest = NamingConvention._compute_tag(name, 0.001), most - 6
    return characters_within(name, rest - rest // 2) + tag + characters_within(name[::-1], rest // 2)[::-1]


@pytest.mark.parametrize("engine", ENGINES)
def test_names_of_columns(engine, work, tmp_path):
    """Names that are too long come out the same each time: the second load finds the columns of the first one."""
    to = target(engine, tmp_path)
    for i in range(2):
        succeed(work, to, [{"i": i, **{name: i for name in NAMES.values()}}], naming="direct")
    want = [fitted(name, engine) for name in NAMES.values()]
    with to.open() as source:
        columns = [name for name, _, _ in source.columns()["t"]]
        rows = source.query(f"select {', '.join(map(quoted, want))} from {source.table('t')} order by i")
    assert sorted(columns) == sorted(["i", *want, "_dlt_id", "_dlt_load_id"]) and len(set(want)) == len(NAMES)
    assert rows == [(i,) * len(want) for i in range(2)]


@pytest.mark.parametrize("engine", ENGINES)
def test_names_of_tables_and_datasets(engine, work, tmp_path):
    to, name, dataset = target(engine, tmp_path), "\u00e9" * 40, "\u65e5" * 30
    for i in range(2):
        file = work.write_lines("t.jsonl", [{"id": i, "\u00fc" * 40: [{"v": i}]}])
        result = work.run(file, to=to, table=name, dataset=dataset, pipeline="g", naming="direct", write=("append", "merge")[i], primary_key="id", retry=0)
        assert result.code == 0, str(result)
    with to.open(fitted(dataset, engine)) as source:
        names = [table for table in source.columns() if not table.startswith(OWN)]
        tables = {table: source.query(f"select count(*) from {source.table(table)}")[0][0] for table in names}
    parent = fitted(name, engine)
    nested = fitted(f"{parent}\u25b6{fitted(chr(0xfc) * 40, engine)}", engine)
    assert tables == {parent: 2, nested: 2}


@pytest.mark.parametrize("engine", ENGINES)
def test_digits_of_other_scripts(engine, work, tmp_path):
    """The convention that is the default keeps them, too."""
    to, digits = target(engine, tmp_path), "\u0663" * 40
    for i in range(2):
        succeed(work, to, [{"i": i, f"n{digits}": i}])
    with to.open() as source:
        columns = {name for name, _, _ in source.columns()["t"]}
    assert columns == {"i", fitted(f"n{digits}", engine), "_dlt_id", "_dlt_load_id"}


LONG = 64 << 20


@pytest.mark.parametrize("engine", ENGINES)
def test_a_long_text(engine, work, tmp_path):
    to, text = target(engine, tmp_path), "\u00e9b\U0001f986c" * (LONG // 8)
    file = work.write_lines("t.jsonl", [{"i": 0, "v": text}, {"i": 1, "v": "short"}])
    result = work.run(file, to=to, table="t", dataset="d", pipeline="g", memory="256M", retry=0)
    assert result.code == 4 and "is longer than 33554432 bytes" in result.err and "raise the memory limit (--memory)" in result.err, str(result)
    result = work.run(file, to=to, table="t", dataset="d", pipeline="g", memory="2G")
    assert result.code == 0, str(result)
    (found,), (short,) = read(to, "select v from d.t order by i")
    assert found == text and short == "short"


# ---- the page ----------------------------------------------------------------------------------------------------------------------

INTRODUCTION = """\
<!-- Made by tests/conformance/test_types.py; to make it anew: SPILE_WRITE_PAGES=1 ctest --test-dir build/release -R conformance.types -->
# Types: what each destination stores

What stands here has been loaded by spile and read back with the database's own client; a test fails when this page says something else.

## Stored as

Values between the limits come back as they were loaded. With SQLite, what follows the colon is how SQLite itself keeps the values.
"""
BEYOND = """
## What happens beyond

No value is dropped. One that does not fit the column's type is kept beside it, in a column that the table gets in addition (`price__v_text`, as in dlt). One
that the database does not hold ends the load: the message tells table, column, row and what to do, and nothing is changed. Rounded is what a hint asks for:
digits of a second, or behind the point of a decimal with a scale.

### The same everywhere

"""
DIFFERENT = """
### By destination

"""
LIMITS = """
## Limits of tables and names

"""
HEADS = ["DuckDB", "Postgres", "SQLite"]


def shown(value):
    return f"{value:f}" if isinstance(value, Decimal) else f"{value:%H:%M:%S.%f}" if isinstance(value, time) else str(value).removesuffix("+00:00")


def limits(kind):
    if kind.limits:
        return kind.limits
    values = [as_stored(kind, value) for value in kind.holds]
    return f"{shown(min(values))} to {shown(max(values))}"


def table_of(*rows):
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "".join(f"| {line} |\n" for line in [lines[0], " | ".join("---" for _ in rows[0]), *lines[1:]])


def stored(name, engine):
    one = tried(name, engine)
    if engine != "sqlite":
        return f"`{one.read('typed')[0]['v']}`"
    with one.to.open() as source:
        (found,), = source.query("select group_concat(distinct typeof(v)) from typed")
    return f"`{one.read('typed')[0]['v']}`: {found}"


def limit_rows():
    quirks = [QUIRKS[engine] for engine in ENGINES]
    return [["columns of a table, with those of dlt", *(f"{one.columns:,}; one more: refused" if one.columns else f"{UNLIMITED:,} tried" for one in quirks)],
            ["a name; one that is longer gets a tag", *(f"{one.name_bytes} bytes" if one.name_bytes else f"{one.names:,} characters" for one in quirks)],
            ["a text, an item", *[f"an eighth of `--memory`; {LONG >> 20} MiB tried"] * len(quirks)],
            ["a decimal", *["38 digits; more in a hint: refused"] * len(quirks)]]


def told(value):
    text = str(value) if isinstance(value, (str, Decimal)) else shown(value) if isinstance(value, (datetime, time)) else json.dumps(value)
    return f"`{text}`".replace("\0", "\\0")


def beyond_rows():
    """(the same everywhere, by destination); types with the same row have one together."""
    same, different = {}, []
    for name, kind in KINDS.items():
        for one in kind.beyond:
            outcomes = [str(expected(engine, name, one)) for engine in ENGINES]
            if len(set(outcomes)) == 1:
                same.setdefault((one.what, told(one.value), outcomes[0]), []).append(name)
            else:
                different.append([name, one.what, told(one.value), *outcomes])
    return [["; ".join(names), *row] for row, names in same.items()], different


def page():
    assert list(ENGINES) == [head.lower() for head in HEADS]
    rows = [[name, *(stored(name, engine) for engine in ENGINES), limits(kind)] for name, kind in KINDS.items()]
    same, different = beyond_rows()
    return (INTRODUCTION + "\n" + table_of(["type", *HEADS, "limits"], *rows) + BEYOND + table_of(["type", "beyond", "value", "outcome"], *same) + DIFFERENT +
            table_of(["type", "beyond", "value", *HEADS], *different) + LIMITS + table_of(["", *HEADS], *limit_rows()))


def test_page():
    if os.environ.get("SPILE_WRITE_PAGES"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
