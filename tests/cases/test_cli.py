# ctest: labels=cases;small timeout=300
"""The command as a whole: arguments, sources, names, what it prints, exit codes, signals.

Expected rows are counted from the input with Python and looked up in the database with DuckDB's own client; names of tables and
datasets follow dlt's rules; texts of errors and of help are the command's specification.
"""

import fcntl
import gzip
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import duckdb
import pytest

SPILE = os.environ["SPILE"]
STOP_SECONDS = 15  # a load that is asked to stop must do so within this time


# ---- running the command, looking into the database ---------------------------------------------------------------------------


class Command:
    """Runs spile in a folder of its own, with an environment that does not depend on ours."""

    def __init__(self, folder):
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self.environment = {**kept, "SPILE_DATA_DIR": str(folder / "data_dir"), "TERM": "xterm", "LC_ALL": "C.UTF-8"}

    def __call__(self, *arguments, stdin=b"", want=0):
        done = subprocess.run([SPILE, *map(str, arguments)], cwd=self.folder, env=self.environment, input=stdin,
                              capture_output=True, timeout=120)
        done = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
        assert done.returncode == want, done
        return done

    def start(self, *arguments, **options):
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([SPILE, *map(str, arguments)], cwd=self.folder, env=self.environment, **options)

    def start_reading(self, **options):
        """A load from standard input that has begun to read: more blanks are gone than a pipe holds."""
        process = self.start("load", "-", "--table", "t", "--to", "db.duckdb", **options)
        process.stdin.write(b"\n" * (1 << 20))
        process.stdin.flush()
        return process


@pytest.fixture
def spile(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    return Command(folder)


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = lines(*rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def query(path, sql):
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def tables(path, dataset):
    """Tables of the data, without the bookkeeping, and their rows."""
    names = query(path, f"select table_name from duckdb_tables() where schema_name = '{dataset}' order by table_name")
    catalog = query(path, "select current_database()")[0][0].replace('"', '""')
    counts = {name: query(path, f'select count(*) from "{catalog}"."{dataset}"."{name}"')[0][0] for (name,) in names}
    return {name: count for name, count in counts.items() if not name.startswith("_dlt_")}


def values(path, table, column="n", dataset="db_dataset"):
    """One column, in the order in which the rows were inserted."""
    return [value for (value,) in query(path, f'select "{column}" from "{dataset}"."{table}" order by rowid')]


def column_count(path, table, dataset="db_dataset"):
    sql = f"select count(*) from duckdb_columns() where schema_name = '{dataset}' and table_name = '{table}'"
    return query(path, sql)[0][0]


def schemas(path):
    """Schemas in a database that may not have come into being at all."""
    if not path.exists():
        return set()
    return {name for (name,) in query(path, "select distinct schema_name from duckdb_tables()")}


# ---- usage errors -------------------------------------------------------------------------------------------------------------

COMMANDS = '"spile --help" lists the commands'
MAIN_OPTIONS = '"spile --help" lists the options'
OPTIONS = '"spile load --help" lists the options'
DASHED = OPTIONS + '; a file whose name begins with "-" is written ./-name, or after "--"'
EXAMPLE = "for example: spile load events.json --to shop.duckdb"
SIZES = "a size such as 512M, 2G or 64MiB, or a number of bytes"
TEXT = "a text that is not empty"
DESTINATIONS = "FILE.duckdb, FILE.db (SQLite), postgres://USER@HOST/DATABASE, or duckdb:PATH and sqlite:PATH"
PIPELINE = 'give the pipeline a name of at most 64 letters, digits, "_" and "-" (--pipeline NAME; spile query NAME SQL)'
TABLE = "add --table NAME"
LONG = "x" * 65

EVENTS = ["load", "events.json", "--to", "x.duckdb"]
MERGE = '{"disposition":"merge"}'
UPSERT = '{"disposition":"merge","strategy":"upsert"}'
WRITES = 'append, replace or merge, or dlt\'s dictionary as JSON: {"disposition":"merge","strategy":"scd2"}'
STRATEGIES = "delete-insert, upsert, insert-only, scd2 or cdc"
MERGES = ("KEY=VALUE with one of the keys source_filter, destination_scope, row_version, valid_from, valid_to, active_record_timestamp and boundary_timestamp, "
          "or deduplicated or skip_unchanged_rows (with =true or =false, or nothing)")
USAGE_ERRORS = [
    # what, arguments, message, hint
    ("no command", [], "no command is given", COMMANDS),
    ("mistyped command", ["laod"], 'unknown command "laod"', f'did you mean "spile load"? {COMMANDS}'),
    ("strange command", ["frobnicate"], 'unknown command "frobnicate"', COMMANDS),
    ("empty command", [""], 'unknown command ""', COMMANDS),
    ("mistyped option of spile", ["--hlep"], 'unknown option "--hlep"', f"did you mean --help? {MAIN_OPTIONS}"),
    ("no source", ["load", "--to", "x.duckdb"], "no SOURCE is given", EXAMPLE),
    ("no destination", ["load", "a.json"], "--to DESTINATION is missing", EXAMPLE),
    ("nothing at all", ["load"], "no SOURCE is given", EXAMPLE),
    ("mistyped option", ["load", "--tabel", "x"], 'unknown option "--tabel"', f"did you mean --table? {OPTIONS}"),
    ("mistyped option with a value", ["load", "--wrte=x"], 'unknown option "--wrte"', f"did you mean --write? {OPTIONS}"),
    ("beginning of an option", ["load", "--mem", "1G"], 'unknown option "--mem"', f"did you mean --memory? {OPTIONS}"),
    ("strange option", ["load", "--frobnicate"], 'unknown option "--frobnicate"', DASHED),
    ("very long option", ["load", "--" + "x" * 300], f'unknown option "--{"x" * 300}"', DASHED),
    ("unknown letter", ["load", "-x"], 'unknown option "-x"', DASHED),
    ("letters in one", ["load", "-qq"], 'unknown option "-qq"', DASHED),
    ("value missing at the end", ["load", "a", "--to"], "--to needs a value: --to DESTINATION", None),
    ("value missing before an option", ["load", "a", "--to", "--json"], "--to needs a value: --to DESTINATION",
     '"--json" is taken for an option; write --to=--json if it is the value'),
    ("switch with a value", ["load", "--json=yes"], '--json takes no value, "yes" is given', None),
    ("option twice", ["load", "--to", "a", "--to=b"], '--to is given twice: "a" and "b"', "give it once"),
    ("empty destination", ["load", "--to="], f'--to must be {DESTINATIONS}, not ""', None),
    ("empty dataset", ["load", "--dataset="], f'--dataset must be {TEXT}, not ""', None),
    ("empty table", ["load", "--table", ""], f'--table must be {TEXT}, not ""', None),
    ("empty pipeline", ["load", "--pipeline="], f'--pipeline must be {TEXT}, not ""', None),
    ("empty load id", ["load", "--load-id="], f'--load-id must be {TEXT}, not ""', None),
    ("write", ["load", "--write", "upsert"], f'--write must be {WRITES}, not "upsert"', None),
    ("write in capitals", ["load", "--write", "APPEND"], f'--write must be {WRITES}, not "APPEND"', None),
    ("mistyped write", ["load", "--write", "merg"], f'--write must be {WRITES}, not "merg"', "did you mean merge?"),
    ("mistyped strategy", ["load", "--strategy", "insertonly"], f'--strategy must be {STRATEGIES}, not "insertonly"', "did you mean insert-only?"),
    ("mistyped option of a strategy", ["load", "--merge", "row_versoin=x"], f'--merge must be {MERGES}, not "row_versoin=x"', "did you mean row_version?"),
    ("option of a strategy without its value", ["load", "--merge", "row_version"], f'--merge must be {MERGES}, not "row_version"', None),
    ("switch of a strategy with a value", ["load", "--merge", "deduplicated=yes"], f'--merge must be {MERGES}, not "deduplicated=yes"', None),
    ("strategy of an append", [*EVENTS, "--strategy", "upsert"], "--strategy and --merge are for --write merge", "add --write merge"),
    ("option of a replace", [*EVENTS, "--write", "replace", "--merge", "deduplicated"], "--strategy and --merge are for --write merge", "add --write merge"),
    ("JSON and a strategy", [*EVENTS, "--write", MERGE, "--strategy", "cdc"], f"--strategy and --merge do not go with --write {MERGE}",
     "say all of it in the JSON, or none"),
    ("no JSON", [*EVENTS, "--write", "{merge}"], "--write {merge}: no JSON, or an empty object", f"for example: {UPSERT}"),
    ("JSON of another disposition", [*EVENTS, "--write", '{"disposition":"skip"}'],
     '--write {"disposition":"skip"}: "disposition" must be append, replace or merge', f"for example: {UPSERT}"),
    ("JSON of another strategy", [*EVENTS, "--write", '{"disposition":"merge","strategy":null}'],
     f'--write {{"disposition":"merge","strategy":null}}: "strategy" must be {STRATEGIES}',
     "leave it out for what the dataset's schema says, else delete-insert"),
    ("JSON with one name", [*EVENTS, "--write", '{"disposition":"merge","validity_column_names":["a"]}'],
     '--write {"disposition":"merge","validity_column_names":["a"]}: "validity_column_names" must be a list of two texts',
     'for example: ["valid_from","valid_to"]'),
    ("JSON with a number", [*EVENTS, "--write", '{"disposition":"merge","source_filter":1}'],
     '--write {"disposition":"merge","source_filter":1}: a value of another type than its key has',
     "conditions, columns and timestamps are texts, the others true or false"),
    ("JSON with an unknown key", [*EVENTS, "--write", '{"disposition":"merge","stratgy":"cdc","source_filter":"a"}'], '--write does not know {"stratgy":"cdc"}',
     "keys are disposition, strategy, deduplicated, skip_unchanged_rows, source_filter, destination_scope, row_version_column_name, "
     "validity_column_names, active_record_timestamp and boundary_timestamp"),
    ("nesting below", ["load", "--max-nesting", "-1"], '--max-nesting must be a whole number from 0 to 1000, not "-1"', None),
    ("nesting above", ["load", "--max-nesting", "1001"], '--max-nesting must be a whole number from 0 to 1000, not "1001"', None),
    ("nesting empty", ["load", "--max-nesting="], '--max-nesting must be a whole number from 0 to 1000, not ""', None),
    ("workers below", ["load", "--workers", "0"], '--workers must be a whole number from 1 to 1024, not "0"', None),
    ("workers above", ["load", "--workers", "1025"], '--workers must be a whole number from 1 to 1024, not "1025"', None),
    ("workers with a sign", ["load", "--workers=+2"], '--workers must be a whole number from 1 to 1024, not "+2"', None),
    ("workers with a tail", ["load", "--workers=2x"], '--workers must be a whole number from 1 to 1024, not "2x"', None),
    ("workers with a space", ["load", "--workers= 2"], '--workers must be a whole number from 1 to 1024, not " 2"', None),
    ("workers beyond 64 bits", ["load", "--workers=18446744073709551618"],
     '--workers must be a whole number from 1 to 1024, not "18446744073709551618"', None),
    ("memory of nothing", ["load", "--memory", "0"], f'--memory must be {SIZES}, not "0"', None),
    ("memory with a fraction", ["load", "--memory", "1.5G"], f'--memory must be {SIZES}, not "1.5G"', None),
    ("memory without number", ["load", "--memory", "G"], f'--memory must be {SIZES}, not "G"', None),
    ("memory with a strange unit", ["load", "--memory", "2X"], f'--memory must be {SIZES}, not "2X"', None),
    ("memory with a strange tail", ["load", "--memory", "2GiBs"], f'--memory must be {SIZES}, not "2GiBs"', None),
    ("memory beyond 64 bits", ["load", "--memory", "16777216T"], f'--memory must be {SIZES}, not "16777216T"', None),
    ("stdin without a table", ["load", "-", "--to", "x.duckdb"], 'standard input ("-") has no name for its table', TABLE),
    ("stdin twice", ["load", "-", "-", "--table", "t", "--to", "x.duckdb"], 'standard input ("-") can be named once', None),
    ("folder without a name", ["load", "/", "--to", "x.duckdb"], '"/" has no name for its table', TABLE),
    ("empty source", ["load", "", "--to", "x.duckdb"], "a SOURCE is empty", None),
    ("destination without a name", ["load", "a", "--to", "duckdb:"],
     'destination "duckdb:" names nothing to name the pipeline after', PIPELINE),
    ("duckdb without a pipeline", ["load", "a", "--to", "duckdb"],
     'destination "duckdb" names nothing to name the pipeline after', PIPELINE),
    ("destination with a long name", ["load", "a", "--to", f"{LONG}.duckdb"],
     f'destination "{LONG[:64]}..." has too long a name for a pipeline', PIPELINE),
    ("error behind a source", ["load", "a", "--to", "x", "--bogus", "--help"], 'unknown option "--bogus"', DASHED),
]


@pytest.mark.parametrize("arguments, message, hint", [row[1:] for row in USAGE_ERRORS], ids=[row[0] for row in USAGE_ERRORS])
def test_usage_error(spile, arguments, message, hint):
    done = spile(*arguments, want=2)
    assert done.stderr == f"error: {message}\n" + (f" hint: {hint}\n" if hint else "")
    assert done.stdout == ""
    assert list(spile.folder.iterdir()) == []  # nothing was begun


def test_control_characters_do_not_reach_the_terminal(spile):
    assert spile("load", "--\x1b[31m", want=2).stderr.startswith('error: unknown option "--\\x1B[31m"\n')


# ---- help and version ---------------------------------------------------------------------------------------------------------

LOAD_OPTIONS = ["to", "dataset", "table", "pipeline", "write", "strategy", "merge", "columns", "primary-key", "merge-key", "json-column", "max-nesting", "root-key",
                "schema", "contract", "naming", "create-indexes", "import-schema", "dev-mode", "workers", "memory", "export-schema", "discarded", "load-id", "until",
                "replace-strategy", "retry", "json", "trace", "quiet", "no-progress", "help"]  # the specification's list


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--help", "load"]], ids=" ".join)
def test_help(spile, arguments):
    done = spile(*arguments)
    assert done.stdout.startswith("  spile load events.json --to ")  # an example first
    assert re.search(r"^  load ", done.stdout, re.M)
    assert "--version" in done.stdout and done.stderr == ""


@pytest.mark.parametrize("arguments", [["load", "--help"], ["load", "-h"], ["load", "a.json", "--help", "--bogus"]], ids=" ".join)
def test_load_help(spile, arguments):
    done = spile(*arguments)
    assert done.stdout.startswith("  spile load events.json --to ")
    assert re.findall(r"^  (?:-\w,|   ) --([a-z-]+)", done.stdout, re.M) == LOAD_OPTIONS
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 143):
        assert re.search(rf"\b{code}\b", done.stdout.partition("Exit codes")[2])
    assert max(map(len, done.stdout.splitlines())) <= 84
    assert done.stderr == ""


@pytest.mark.parametrize("option", LOAD_OPTIONS)
def test_every_option_of_help_is_taken(spile, option):
    """With its value missing, or as a switch: whatever is wrong then, the option is known."""
    done = subprocess.run([SPILE, "load", f"--{option}"], cwd=spile.folder, env=spile.environment, capture_output=True, text=True)
    assert "unknown option" not in done.stderr


@pytest.mark.parametrize("arguments", [["--version"], ["-V"]], ids=" ".join)
def test_version(spile, arguments):
    done = spile(*arguments)
    assert re.match(r"spile \d+\.\d+\.\d+\n", done.stdout)
    for destination in ("duckdb", "postgres", "sqlite"):
        assert re.search(rf"^{destination} [0-9.]+ \(/", done.stdout, re.M)
    assert done.stderr == ""


# ---- options ------------------------------------------------------------------------------------------------------------------

ORDER = {"id": 1, "items": [{"sku": "a", "marks": [{"m": 1}, {"m": 2}]}, {"sku": "b"}]}
ALL = {"orders": 1, "orders__items": 2, "orders__items__marks": 2}  # its tables, as dlt names them


@pytest.fixture
def orders(spile):
    write(spile.folder / "orders.json", ORDER)
    return spile.folder / "db.duckdb"


ACCEPTED = [
    # what, options, dataset, tables
    ("nothing but the destination", ["--to", "db.duckdb"], "db_dataset", ALL),
    ("dataset", ["--to", "db.duckdb", "--dataset", "shop"], "shop", ALL),
    ("table", ["--to", "db.duckdb", "--table", "sales"], "db_dataset", {"sales": 1, "sales__items": 2, "sales__items__marks": 2}),
    ("pipeline", ["--to", "db.duckdb", "--pipeline", "p-1"], "p_1_dataset", ALL),
    ("duckdb names the file after the pipeline", ["--to", "duckdb", "--pipeline", "db"], "db_dataset", ALL),
    ("write", ["--to", "db.duckdb", "--write", "append"], "db_dataset", ALL),
    ("merge", ["--to", "db.duckdb", "--write", "merge", "--primary-key", "id"], "db_dataset", ALL),
    ("a strategy", ["--to", "db.duckdb", "--write=merge", "--strategy=upsert", "--merge=skip_unchanged_rows", "--merge", "source_filter=id > 0",
                    "--primary-key", "id"], "db_dataset", ALL),
    ("merge as JSON", ["--to", "db.duckdb", "--write", '{"disposition":"merge","strategy":"scd2","boundary_timestamp":null}'], "db_dataset", ALL),
    ("no nesting", ["--to", "db.duckdb", "--max-nesting", "0"], "db_dataset", {"orders": 1}),
    ("one level", ["--to", "db.duckdb", "--max-nesting=1"], "db_dataset", {"orders": 1, "orders__items": 2}),
    ("most levels", ["--to", "db.duckdb", "--max-nesting=1000"], "db_dataset", ALL),
    ("contract in one word", ["--to", "db.duckdb", "--contract", "evolve"], "db_dataset", ALL),
    ("contract in parts", ["--to", "db.duckdb", "--contract=columns=freeze,data_type=discard_row"], "db_dataset", ALL),
    ("naming", ["--to", "db.duckdb", "--naming", "direct"], "db_dataset", {"orders": 1, "orders\u25b6items": 2, "orders\u25b6items\u25b6marks": 2}),
    ("workers", ["--to", "db.duckdb", "--workers", "3"], "db_dataset", ALL),
    ("memory in M", ["--to", "db.duckdb", "--memory", "512M"], "db_dataset", ALL),
    ("memory in small g", ["--to", "db.duckdb", "--memory=1g"], "db_dataset", ALL),
    ("memory in MiB", ["--to", "db.duckdb", "--memory", "256MiB"], "db_dataset", ALL),
    ("memory in GB", ["--to", "db.duckdb", "--memory", "1GB"], "db_dataset", ALL),
    ("memory in bytes", ["--to", "db.duckdb", "--memory", "536870912"], "db_dataset", ALL),
    ("same option twice", ["--to", "db.duckdb", "--to=db.duckdb", "-q", "--quiet"], "db_dataset", ALL),
    ("the rest", ["--to", "db.duckdb", "--no-progress", "--json", "--quiet"], "db_dataset", ALL),
]


@pytest.mark.parametrize("options, dataset, want", [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_option(spile, orders, options, dataset, want):
    assert spile("load", "orders.json", *options).stderr == ""
    assert tables(orders, dataset) == want


def test_options_may_stand_anywhere(spile, orders):
    write(spile.folder / "more.json", {"id": 2})
    spile("load", "--to=db.duckdb", "orders.json", "-q", "more.json")
    assert tables(orders, "db_dataset") == {"more": 1, **ALL}


def test_two_dashes_end_the_options(spile):
    write(spile.folder / "-q", {"n": 1})
    done = spile("load", "--to", "db.duckdb", "--table", "t", "--", "-q")
    assert "1 row in 1 table" in done.stdout  # not quiet
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"t": 1}


def test_write_append_adds_and_replace_replaces(spile, orders):
    spile("load", "orders.json", "--to", "db.duckdb")
    spile("load", "orders.json", "--to", "db.duckdb")
    assert tables(orders, "db_dataset") == {"orders": 2, "orders__items": 4, "orders__items__marks": 4}
    spile("load", "orders.json", "--to", "db.duckdb", "--write", "replace")
    assert tables(orders, "db_dataset") == ALL


def test_load_id_is_loaded_once(spile, orders):
    spile("load", "orders.json", "--to", "db.duckdb", "--load-id", "1234.5")
    assert query(orders, "select load_id, status from db_dataset._dlt_loads") == [("1234.5", 0)]
    done = spile("load", "orders.json", "--to", "db.duckdb", "--load-id", "1234.5")
    assert re.fullmatch(r"load id 1234\.5 is already in \S*db\.duckdb, dataset db_dataset; nothing was added\n", done.stdout)
    assert tables(orders, "db_dataset")["orders"] == 1
    done = spile("load", "orders.json", "--to", "db.duckdb", "--load-id", "1234.5", "--json")
    assert json.loads(done.stdout)["already_loaded"] is True


# ---- sources and their tables -------------------------------------------------------------------------------------------------

NAMES = [
    # what, argument, files that exist, table. The rule for names is the specification's.
    ("json", "events.json", ["events.json"], "events"),
    ("jsonl", "events.jsonl", ["events.jsonl"], "events"),
    ("ndjson", "events.ndjson", ["events.ndjson"], "events"),
    ("json.gz", "events.json.gz", ["events.json.gz"], "events"),
    ("ending in capitals", "events.JSON", ["events.JSON"], "events"),
    ("gz only", "events.gz", ["events.gz"], "events"),
    ("other ending", "events.txt", ["events.txt"], "events_txt"),
    ("one ending is taken off", "events.json.jsonl", ["events.json.jsonl"], "events_json"),
    ("in a folder", "a/b.d/events.json", ["a/b.d/events.json"], "events"),
    ("folder", "events", ["events/1.json"], "events"),
    ("folder with a slash", "a/events//", ["a/events/1.json"], "events"),
    ("this folder", ".", ["1.json"], "here"),
    ("folder above", "a/..", ["1.json"], "here"),
    ("pattern", "events-*.json", ["events-1.json", "events-2.json"], "events"),
    ("pattern with a question mark", "a/events_.?.json", ["a/events_.1.json"], "events"),
    ("pattern with a set", "events[12].json", ["events1.json"], "events"),
    ("pattern without a beginning", "events/*.json", ["events/1.json", "events/2.json"], "events"),
    ("pattern of signs only", "events/-_*.json", ["events/-_1.json"], "events"),
    ("pattern here", "*.json", ["1.json"], "here"),
    ("pattern in the folder's name", "events-*/*.json", ["events-1/1.json", "events-2/1.json"], "events"),
    ("pattern in the folder only", "20*/events.json.gz", ["2025/events.json.gz", "2026/events.json.gz"], "events"),
    ("pattern for folders", "events-*", ["events-1/1.json", "events-2/a/1.json"], "events"),
    ("file with a wildcard in its name", "events[1].json", ["events[1].json"], "events_1x"),
    ("camel case, as dlt names it", "UserEvents.json", ["UserEvents.json"], "user_events"),
]


@pytest.mark.parametrize("argument, files, want", [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_table_is_named_after_the_source(spile, argument, files, want):
    (spile.folder / "a").mkdir()
    for name in files:
        write(spile.folder / name, {"n": 1})
    spile("load", argument, "--to", "../db.duckdb")
    assert tables(spile.folder.parent / "db.duckdb", "db_dataset") == {want: len(files)}


def test_files_below_a_folder_sorted_by_path(spile):
    tree = {"b.json": 4, "a.jsonl": 1, "a/z.ndjson.gz": 3, "a-b/1.json": 0, "a/10.json": 2}
    for path, n in sorted(tree.items(), key=lambda item: -item[1]):
        write(spile.folder / "in" / path, {"n": n})
    for path in (".hidden.json", ".git/x.json", "a/.cache/x.json", "notes.txt", "a/x.json.bak", "x.csv.gz"):
        write(spile.folder / "in" / path, {"n": 100})
    (spile.folder / "in" / "loop").symlink_to(spile.folder / "in")
    (spile.folder / "in" / "folder.json").mkdir()
    spile("load", "in", "--to", "db.duckdb")
    want = [n for _, n in sorted(tree.items(), key=lambda item: item[0].encode())]
    assert values(spile.folder / "db.duckdb", "in") == want


def test_files_of_a_pattern_are_sorted(spile):
    for n in (10, 2, 1):
        write(spile.folder / f"e-{n}.json", {"n": n})
    spile("load", "e-*.json", "--to", "db.duckdb")
    assert values(spile.folder / "db.duckdb", "e") == [1, 10, 2]  # bytewise


def test_several_sources_are_several_tables_in_one_load(spile):
    write(spile.folder / "a.json", {"n": 1}, {"n": 2})
    write(spile.folder / "b/x.json", {"n": 3})
    write(spile.folder / "c-1.json", {"n": 4, "list": [1, 2, 3]})
    spile("load", "a.json", "b", "c-*.json", "-", "--to", "db.duckdb", stdin=b"", want=2)  # stdin has no name
    spile("load", "a.json", "b", "c-*.json", "--to", "db.duckdb")
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"a": 2, "b": 1, "c": 1, "c__list": 3}
    assert len(query(spile.folder / "db.duckdb", "select * from db_dataset._dlt_loads")) == 1


def test_sources_with_one_name_are_joined_in_their_order(spile):
    for path, n in {"x/events.json": 1, "other.json": 2, "y/events.jsonl.gz": 3, "events/1.json": 4}.items():
        write(spile.folder / path, {"n": n})
    spile("load", "y/events.jsonl.gz", "other.json", "x/events.json", "events", "--to", "db.duckdb")
    assert values(spile.folder / "db.duckdb", "events") == [3, 1, 4]
    assert values(spile.folder / "db.duckdb", "other") == [2]


def test_table_takes_all_sources(spile):
    write(spile.folder / "a.json", {"n": 1})
    write(spile.folder / "b/x.json", {"n": 3})
    spile("load", "a.json", "-", "b", "--table", "t", "--to", "db.duckdb", stdin=b'{"n": 2}')
    assert values(spile.folder / "db.duckdb", "t") == [1, 2, 3]


def test_file_called_dash(spile):
    """Found by a pattern, "-" is a file; given as an argument it is standard input."""
    write(spile.folder / "-", {"n": 1})
    spile("load", "*", "--table", "t", "--to", "../db.duckdb", stdin=b'{"n": 2}')
    assert values(spile.folder.parent / "db.duckdb", "t") == [1]


SOURCE_ERRORS = [
    # what, argument, stderr (a regular expression)
    ("missing file", "nothing.json", r"error: .*nothing\.json.*\n( .*\n)* hint: .+\n"),
    ("folder without files", "empty",
     r'error: there are no JSON files in folder "empty"\n hint: files end in \.json, \.jsonl or \.ndjson, .+\n'),
    ("pattern without matches", "no*.json", r'error: no file matches "no\*\.json"\n hint: check the folder and the pattern.*\n'),
    ("pattern in a missing folder", "no/*.json",
     r'error: cannot read a folder of the pattern "no/\*\.json": No such file or directory\n hint: .+\n'),
    ("not JSON", "bad.json", r"error: .+\n   at: .*bad\.json.*\n( hint: .+\n)?"),
    ("second of two", ["good.json", "bad.json"], r"error: .+\n   at: .*bad\.json.*\n( hint: .+\n)?"),
]


@pytest.mark.parametrize("argument, want", [row[1:] for row in SOURCE_ERRORS], ids=[row[0] for row in SOURCE_ERRORS])
def test_source_error(spile, argument, want):
    (spile.folder / "empty").mkdir()
    (spile.folder / "bad.json").write_text('{"n": 1}\n{"n": }\n')
    write(spile.folder / "good.json", {"n": 1})
    done = spile("load", *([argument] if isinstance(argument, str) else argument), "--to", "db.duckdb", want=4)
    assert re.fullmatch(want, done.stderr), done.stderr
    assert done.stdout == ""
    assert "db_dataset" not in schemas(spile.folder / "db.duckdb")


# ---- destination --------------------------------------------------------------------------------------------------------------

DESTINATION_NAMES = [
    # what, --to ({here}: the folder), file, dataset: <pipeline>_dataset is dlt's rule
    ("file", "shop.duckdb", "shop.duckdb", "shop_dataset"),
    ("file in a folder", "sub/shop.duckdb", "sub/shop.duckdb", "shop_dataset"),
    ("absolute file", "{here}/sub/shop.duckdb", "sub/shop.duckdb", "shop_dataset"),
    ("scheme", "duckdb:shop.duckdb", "shop.duckdb", "shop_dataset"),
    ("scheme and absolute path", "duckdb:{here}/shop.duckdb", "shop.duckdb", "shop_dataset"),
    ("URL with an absolute path", "duckdb:///{here}/shop.duckdb", "shop.duckdb", "shop_dataset"),
    ("scheme and another ending", "duckdb:shop.db", "shop.db", "shop_dataset"),
    ("only the last ending goes", "shop.v2.duckdb", "shop.v2.duckdb", "shop_v2_dataset"),
    ("signs become underscores, of which dlt keeps one", "my shop!.duckdb", "my shop!.duckdb", "my_shop_dataset"),
    ("letters beyond ASCII", "caf\u00e9s.duckdb", "caf\u00e9s.duckdb", "caf_s_dataset"),
]


@pytest.mark.parametrize("to, file, dataset", [row[1:] for row in DESTINATION_NAMES], ids=[row[0] for row in DESTINATION_NAMES])
def test_pipeline_is_named_after_the_destination(spile, to, file, dataset):
    (spile.folder / "sub").mkdir()
    write(spile.folder / "a.json", {"n": 1})
    done = spile("load", "a.json", "--to", to.format(here=spile.folder), "--json")
    assert json.loads(done.stdout)["dataset"] == dataset
    assert tables(spile.folder / file, dataset) == {"a": 1}


def test_naming_stays_with_the_dataset(spile):
    """It is chosen for a new dataset; later loads need not name it, and may not name another."""
    write(spile.folder / "My Rows.json", {"userId": 1, "l": [1]})
    for options in (["--naming", "direct"], [], ["--naming", "direct"]):
        spile("load", "My Rows.json", "--to", "db.duckdb", "--quiet", *options)
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"My Rows": 3, "My Rows\u25b6l": 3}
    assert values(spile.folder / "db.duckdb", "My Rows", "userId") == [1, 1, 1]
    done = spile("load", "My Rows.json", "--to", "db.duckdb", "--naming", "sql_ci_v1", want=3)
    assert "direct" in done.stderr and "sql_ci_v1" in done.stderr and " hint: leave the naming convention out" in done.stderr
    for word, remedy in (("Direct", 'did you mean "direct"?'), ("upper", "use one of snake_case, duck_case, direct, sql_ci_v1 and sql_cs_v1")):
        done = spile("load", "My Rows.json", "--to", "new.duckdb", "--naming", word, want=3)
        assert f'unknown naming convention "{word}"' in done.stderr and remedy in done.stderr
    assert not (spile.folder / "new.duckdb").exists()


# A DuckDB file is a catalog called like the file: its name may be the dataset's, the default schema's, or a name DuckDB itself uses.
@pytest.mark.parametrize("file, dataset", [
    ("d.duckdb", "d"), ("main.duckdb", "main"), ("main.duckdb", "d"), ("temp.duckdb", "temp"), ("system.duckdb", "d"), ("spile_stream.duckdb", "d"),
    ("my db.v2.duckdb", "d"), ('quo"te.duckdb', "d"), ("t.duckdb", "t"), ("select.duckdb", "order"), ("D.duckdb", "d")])
def test_database_and_dataset_of_any_name(spile, file, dataset):
    write(spile.folder / "t.json", {"n": 1, "l": [1, 2]})
    for _ in range(2):
        spile("load", "t.json", "--to", file, "--dataset", dataset, "--pipeline", "p", "--quiet")
    assert tables(spile.folder / file, dataset) == {"t": 2, "t__l": 4}
    assert query(spile.folder / file, "select count(*) from duckdb_views() where not internal") == [(0,)]


def test_destination_error(spile):
    (spile.folder / "db.duckdb").write_text("this is no database")
    write(spile.folder / "a.json", {"n": 1})
    done = spile("load", "a.json", "--to", "db.duckdb", want=5)
    assert re.match(r"error: .+\n", done.stderr) and done.stdout == ""


def test_locked_by_another_run(spile):
    write(spile.folder / "a.json", {"n": 1})
    first = spile.start_reading()
    done = spile("load", "a.json", "--to", "db.duckdb", want=8)
    assert done.stderr.startswith("error: ") and done.stdout == ""
    _, err = first.communicate(b'{"n": 2}', timeout=STOP_SECONDS)
    assert first.returncode == 0, err
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"t": 1}


# ---- what is printed ----------------------------------------------------------------------------------------------------------


def test_table_of_a_load(spile):
    write(spile.folder / "events.json", *({"n": n, "tags": ["a", "b", "c"]} for n in range(1234)))
    write(spile.folder / "other.json", {"n": 1})
    done = spile("load", "events.json", "other.json", "--to", "db.duckdb")
    database = spile.folder / "db.duckdb"
    head, *rows, total, load_id = done.stdout.splitlines()
    assert re.fullmatch(r"table +rows   new columns +bytes", head)
    want = {"events": "1,234", "events__tags": "3,702", "other": "1"}
    assert len(rows) == len(want)
    for row, (name, count) in zip(sorted(rows), want.items()):
        columns = column_count(database, name)
        assert re.fullmatch(rf"{name} +{count}   +{columns} \(new table\)   +(\d+ B|\d+\.\d [kMG]B)", row)
        assert row.find(count) + len(count) == head.find("rows") + len("rows")  # aligned to the right
        assert len(row) == len(head)
    want = r"4,937 rows in 3 tables into \S*db\.duckdb, dataset db_dataset, in [\d.]+ m?s \([\d,]+ rows/s\)"
    assert re.fullmatch(want, total)
    assert load_id == f"load id {query(database, 'select load_id from db_dataset._dlt_loads')[0][0]}"
    assert done.stderr == ""  # no progress in a pipe


def test_the_trace_goes_into_a_file(spile):
    """Beside what is printed. Its rows are those of the load; the rest of it is compared with dlt's elsewhere."""
    write(spile.folder / "events.json", *({"n": n, "tags": ["a", "b", "c"]} for n in range(10)))
    done = spile("load", "events.json", "--to", "db.duckdb", "--trace", "trace.json", "--json")
    trace = json.loads((spile.folder / "trace.json").read_text())
    assert [step["step"] for step in trace["steps"]] == ["extract", "normalize", "load"] and trace["pipeline_name"] == "db"
    assert trace["steps"][2]["step_info"]["loads_ids"] == [json.loads(done.stdout)["load_id"]]
    rows = {table["table_name"]: table["items_count"] for table in trace["steps"][1]["normalize_info"]["table_metrics"]}
    assert rows == {"events": 10, "events__tags": 30}


def test_a_trace_that_cannot_be_written_says_that_the_load_is_done(spile):
    write(spile.folder / "events.json", {"n": 1})
    done = spile("load", "events.json", "--to", "db.duckdb", "--trace", "none/trace.json", want=1)
    assert done.stderr.startswith('error: cannot write "none/trace.json": No such file or directory\n hint: the load itself is done, with load id ')
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"events": 1}


def test_new_columns_of_a_table_that_was_there(spile):
    for name, row in {"1": {"n": 1}, "2": {"n": 1, "b": 1, "a": 2}, "3": {f"x{i}": i for i in range(11)}, "4": {"n": 1}}.items():
        write(spile.folder / name / "e.json", row)
    outputs = [spile("load", f"{name}/e.json", "--to", "db.duckdb").stdout for name in "1234"]
    assert "new in" not in outputs[0]
    assert re.search(r"^e +1   +2   ", outputs[1], re.M) and "\nnew in e: b, a\n" in outputs[1]
    assert "\nnew in e: " + ", ".join(f"x{i}" for i in range(8)) + " and 3 more\n" in outputs[2]
    assert re.search(r"^e +1   +0   ", outputs[3], re.M) and "new in" not in outputs[3]


def test_keys_that_came_twice_are_told(spile):
    (spile.folder / "e.json").write_text('{"n": 1, "n": 2}\n{"n": 3}\n{"n": 4, "x": {"a": 1, "a": 2}}\n')
    done = spile("load", "e.json", "--to", "db.duckdb")
    assert "\n2 JSON keys came twice in the same object; the last value was kept\n" in done.stdout
    assert values(spile.folder / "db.duckdb", "e") == [2, 3, 4]


def test_json(spile):
    write(spile.folder / "e.json", {"n": 1, "list": [1, 2]}, {"n": 2, "list": [3]})
    done = spile("load", "e.json", "--to", "db.duckdb", "--json")
    database = spile.folder / "db.duckdb"
    info = json.loads(done.stdout)
    assert done.stdout.endswith("}\n") and done.stderr == ""
    assert isinstance(info["schema_version"], int)
    assert info["load_id"] == query(database, "select load_id from db_dataset._dlt_loads")[0][0]
    assert {key: info[key] for key in ("pipeline", "dataset", "already_loaded", "rows", "bytes_read", "duplicate_keys")} == {
        "pipeline": "db", "dataset": "db_dataset", "already_loaded": False, "rows": 5,
        "bytes_read": (spile.folder / "e.json").stat().st_size, "duplicate_keys": 0}
    assert info["destination"].endswith("db.duckdb") and info["seconds"] >= 0
    found = {table["name"]: table for table in info["tables"]}
    assert {name: table["rows"] for name, table in found.items()} == {"e": 2, "e__list": 3}
    for name, table in found.items():
        assert table["created"] is True and table["bytes"] > 0
        assert len(table["new_columns"]) == column_count(database, name)


def test_quiet(spile):
    write(spile.folder / "e.json", {"n": 1})
    done = spile("load", "e.json", "--to", "db.duckdb", "--quiet")
    assert (done.stdout, done.stderr) == ("", "")
    done = spile("load", "e.json", "--to", "db.duckdb", "-q", "--json")
    assert json.loads(done.stdout)["rows"] == 1 and done.stderr == ""
    assert spile("load", "missing.json", "--to", "db.duckdb", "-q", want=4).stderr.startswith("error: ")


def test_output_that_cannot_be_written(spile):
    """The load is done all the same, and the message says so."""
    write(spile.folder / "e.json", {"n": 1})
    with open("/dev/full", "wb") as full:
        process = spile.start("load", "e.json", "--to", "db.duckdb", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.fullmatch(r"error: cannot write to standard output: No space left on device\n"
                        r" hint: the load itself is done, with load id [\d.]+: do not repeat it\n", err.decode())
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"e": 1}


def test_reader_that_goes_away_does_not_stop_a_load(spile):
    process = spile.start("load", "-", "--table", "e", "--to", "db.duckdb")
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(lines(*({"n": n} for n in range(1000))).encode(), timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"e": 1000}


def test_closed_output_is_not_mistaken_for_the_database(spile):
    write(spile.folder / "e.json", {"n": 1})
    closed = ["sh", "-c", 'exec "$0" load e.json --to db.duckdb >&- 2>&-', SPILE]
    done = subprocess.run(closed, cwd=spile.folder, env=spile.environment, timeout=60)
    assert done.returncode == 0
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"e": 1}


# ---- on a terminal ------------------------------------------------------------------------------------------------------------


class Terminal:
    """A pseudo terminal for stderr; collects what is shown."""

    def __init__(self, columns):
        self.shown = b""
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
        attributes = termios.tcgetattr(self.slave)
        attributes[1] &= ~termios.OPOST  # newlines as they are written
        termios.tcsetattr(self.slave, termios.TCSANOW, attributes)

    def read(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.master], [], [], 0.05)[0]:
                self.shown += os.read(self.master, 65536)

    def wait_for(self, pattern):
        deadline = time.monotonic() + STOP_SECONDS
        while not re.search(pattern, self.shown):
            assert time.monotonic() < deadline, self.shown
            self.read(0.1)

    def close(self):
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def terminal():
    made = []

    def make(columns=100):
        made.append(Terminal(columns))
        return made[-1]

    yield make
    for one in made:
        one.close()


def slow_load(spile, terminal, *options, seconds=1.0, environment=None):
    """Loads from a pipe that is fed for about a second, with stderr on the terminal."""
    process = subprocess.Popen([SPILE, "load", "-", "--table", "t", "--to", "db.duckdb", *options], cwd=spile.folder,
                               env={**spile.environment, **(environment or {})}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=terminal.slave)
    for step in range(10):
        process.stdin.write(lines(*({"n": n, "text": "x" * 50} for n in range(step * 500, step * 500 + 500))).encode())
        process.stdin.flush()
        terminal.read(seconds / 10)
    out, _ = process.communicate(timeout=60)
    terminal.read(0.2)
    assert process.returncode == 0
    return out.decode()


def test_progress_on_a_terminal(spile, terminal):
    screen = terminal()
    out = slow_load(spile, screen)
    assert re.search(rb"\r *\S.* read  [\d,]+ rows  [\d,]+ rows/s\x1b\[K", screen.shown), screen.shown
    assert screen.shown.endswith(b"\r\x1b[K")  # cleared at the end
    assert b"\n" not in screen.shown
    assert "5,000 rows in 1 table" in out and "\r" not in out


def test_progress_with_a_known_size_tells_share_and_time_left(spile, terminal):
    """A file big enough to take longer than the first tenth of a second."""
    with open(spile.folder / "big.json", "w") as file:
        for _ in range(40):
            file.write(lines(*({"n": n, "items": [{"a": n, "b": str(n)}]} for n in range(10000))))
    screen = terminal()
    process = spile.start("load", "big.json", "--to", "db.duckdb", "--workers", "1", stderr=screen.slave)
    while process.poll() is None:
        screen.read(0.1)
    screen.read(0.2)
    assert process.returncode == 0
    want = rb"\r +\d+%  [\d.]+ [kM]B of [\d.]+ MB  [\d,]+ rows  [\d,]+ rows/s  ETA \d+:\d\d\x1b\[K"
    assert re.search(want, screen.shown), screen.shown


def writing(spile, terminal, name, *rows, columns=100):
    """The first line that is drawn of the writing: nothing is written yet."""
    write(spile.folder / name, *rows)
    screen = terminal(columns)
    process = spile.start("load", name, "--to", "db.duckdb", stderr=screen.slave)
    process.communicate(timeout=60)
    screen.read(0.2)
    assert process.returncode == 0
    return re.search(rb"\r( *\d+%  writing[^\x1b]*)\x1b\[K", screen.shown)[1].decode()


def test_progress_of_writing_names_the_table_in_work(spile, terminal):
    """If there are several, and where there is room for it: the line is narrower than the terminal."""
    nested = {"n": 1, "items": [1, 2]}
    want = "  0%  writing  0 of 3 rows  into a"
    assert writing(spile, terminal, "a.json", nested) == want
    assert writing(spile, terminal, "a.json", nested, columns=len(want) + 1) == want
    assert writing(spile, terminal, "a.json", nested, columns=len(want)) == want.removesuffix("  into a")
    assert writing(spile, terminal, "b.json", {"n": 1}, {"n": 2}) == "  0%  writing  0 of 2 rows"


@pytest.mark.parametrize("columns", [20, 40])
def test_progress_fits_the_terminal(spile, terminal, columns):
    screen = terminal(columns)
    slow_load(spile, screen)
    drawn = re.split(rb"\r|\x1b\[K", screen.shown)
    assert any(drawn) and max(map(len, drawn)) < columns


SILENT = [
    ("--no-progress", ["--no-progress"], {}),
    ("--quiet", ["--quiet"], {}),
    ("dumb terminal", [], {"TERM": "dumb"}),
]


@pytest.mark.parametrize("options, environment", [row[1:] for row in SILENT], ids=[row[0] for row in SILENT])
def test_no_progress(spile, terminal, options, environment):
    screen = terminal()
    slow_load(spile, screen, *options, environment=environment, seconds=0.5)
    assert screen.shown == b""


COLOURS = [
    ("terminal", {}, b"\x1b[1;31merror:\x1b[0m "),
    ("NO_COLOR", {"NO_COLOR": "1"}, b"error: "),
    ("empty NO_COLOR does not count", {"NO_COLOR": ""}, b"\x1b[1;31merror:\x1b[0m "),
    ("dumb terminal", {"TERM": "dumb"}, b"error: "),
]


@pytest.mark.parametrize("environment, want", [row[1:] for row in COLOURS], ids=[row[0] for row in COLOURS])
def test_colours(spile, terminal, environment, want):
    screen = terminal()
    subprocess.run([SPILE, "load"], env={**spile.environment, **environment}, stderr=screen.slave, timeout=60)
    screen.read(0.2)
    assert screen.shown == want + b"no SOURCE is given\n hint: " + EXAMPLE.encode() + b"\n"


# ---- signals ------------------------------------------------------------------------------------------------------------------


def feed_forever(pipe):
    """Writes documents until nobody reads any more."""
    batch = lines(*({"n": n, "items": [1, 2]} for n in range(1000))).encode()
    try:
        while True:
            pipe.write(batch)
    except (BrokenPipeError, ValueError):
        pass


STOPS = [
    # what, signals, exit code, the word for it
    ("ctrl-C", [signal.SIGINT], 130, "ctrl-C"),
    ("SIGTERM", [signal.SIGTERM], 143, "SIGTERM"),
]


@pytest.mark.parametrize("endless", [True, False], ids=["endless input", "input that stalls"])
@pytest.mark.parametrize("signals, code, word", [row[1:] for row in STOPS], ids=[row[0] for row in STOPS])
def test_stop(spile, signals, code, word, endless):
    process = spile.start_reading()
    feeder = threading.Thread(target=feed_forever, args=[process.stdin], daemon=True)
    if endless:
        feeder.start()
    else:
        process.stdin.write(b'{"n": 1}\n')
        process.stdin.flush()
    time.sleep(0.3)
    for number in signals:
        process.send_signal(number)
    assert process.wait(timeout=STOP_SECONDS) == code
    if endless:
        feeder.join(timeout=STOP_SECONDS)
    assert process.stdout.read() == b""
    assert process.stderr.read().decode() == (f"error: stopped by {word}; nothing was loaded\n"
                                              " hint: run the same command again to load it\n")
    assert "db_dataset" not in schemas(spile.folder / "db.duckdb")

    spile("load", "-", "--table", "t", "--to", "db.duckdb", stdin=b'{"n": 1}\n{"n": 2}\n')  # as the hint says
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"t": 2}


def test_ctrl_c_twice_ends_at_once(spile):
    process = spile.start_reading()
    threading.Thread(target=feed_forever, args=[process.stdin], daemon=True).start()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=STOP_SECONDS) == 130
    assert "db_dataset" not in schemas(spile.folder / "db.duckdb")
    spile("load", "-", "--table", "t", "--to", "db.duckdb", stdin=b'{"n": 1}\n')
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"t": 1}


def test_stop_before_the_second_load_leaves_the_first(spile):
    spile("load", "-", "--table", "t", "--to", "db.duckdb", stdin=b'{"n": 1}\n')
    process = spile.start_reading()
    threading.Thread(target=feed_forever, args=[process.stdin], daemon=True).start()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=STOP_SECONDS) == 130
    assert tables(spile.folder / "db.duckdb", "db_dataset") == {"t": 1}


def test_signal_ignored_by_the_parent_stays_ignored(spile):
    """As under nohup, or in the background of a shell script."""
    process = spile.start_reading(preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    _, err = process.communicate(b'{"n": 1}\n', timeout=STOP_SECONDS)
    assert (process.returncode, err) == (0, b"")


def test_terminal_tells_that_it_stops(spile, terminal):
    """Between the first ctrl-C and the end the line says what happens."""
    screen = terminal()
    process = spile.start_reading(stderr=screen.slave)
    threading.Thread(target=feed_forever, args=[process.stdin], daemon=True).start()
    screen.wait_for(rb"rows/s")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=STOP_SECONDS) == 130
    screen.read(0.2)
    assert screen.shown.endswith(b"\r\x1b[K\x1b[1;31merror:\x1b[0m stopped by ctrl-C; nothing was loaded\n"
                                 b" hint: run the same command again to load it\n")
