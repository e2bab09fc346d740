# ctest: labels=cases timeout=600
"""What goes wrong, told so that it can be put right: exit code, place, extract, remedy; and the dataset stays as it was.

Expected values: the places are counted here from the bytes that are written; what must not change is compared with itself.
"""
import ctypes
import gzip
import json
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest

from dataset import digests, read_dataset
from disk import Disk
from engine import Workspace, generate, place

SOURCE, DESTINATION = 4, 5
NOBODY = 65534
GOOD = b'{"id": 1, "l": [1, 2]}\n'
# `printf '{"a":1}\n{"a":2}\n' | zstd`
ZSTD = bytes.fromhex("28b52ffd04588100007b2261223a317d0a7b2261223a327d0aeeedacf2")


def lines(count, broken=None, at=None):
    """NDJSON of `count` lines; line `at` is the broken one. With it the range of bytes where that line lies."""
    rows = [b'{"id": %d, "text": "row %d"}\n' % (i, i) for i in range(1, count + 1)]
    if broken is None:
        return b"".join(rows)
    rows[at - 1] = broken + b"\n"
    start = sum(map(len, rows[:at - 1]))
    return b"".join(rows), (at, start, start + len(broken))


def seeded(work):
    """A dataset with one load, which the failing ones must leave alone."""
    work.load(work.write("seed.json", GOOD), table="t", dataset="d")
    return digests(work.database)


def check_message(result, code, *words):
    assert result.code == code, str(result)
    assert result.out == "", str(result)
    lines = [line for line in result.err.splitlines() if not line.startswith("       ")]
    labels = [line[:7] for line in lines]
    assert labels in (["error: ", "   at: ", " hint: "], ["error: ", " hint: "]), f"no error, place and hint:\n{result.err}"
    for word in words:
        assert word in result.err, f"{word!r} is missing:\n{result.err}"


def check_place(result, name, where):
    """The line, and a byte within it (or just behind it, where something is missing)."""
    line, first, last = where
    found = re.search(r"line (\d+),(?: column (\d+),)? byte (\d+) of (.*)", result.err)
    assert found, result.err
    assert int(found[1]) == line and first <= int(found[3]) <= last + 1 and name in found[4], f"wanted {where} in {name}:\n{result.err}"
    assert not found[2] or int(found[2]) == int(found[3]) - first + 1, f"the column does not go with the byte (line begins at {first}):\n{result.err}"


MANY = 100_000
FIRST, MIDDLE, LAST = lines(MANY, b"x", 1), lines(MANY, b'{"id": 500, "text": tru}', 500), lines(MANY, b'{"id": 100000, "text": "no end', MANY)

# name: (bytes, (line, first and last byte of the line), words of the message)
BROKEN = {
    "first byte": (*FIRST, ["x"]),
    "line 500 of 100,000": (*MIDDLE, ["tru"]),
    "last line": (*LAST, ["no end"]),
    "no end of an object": (b'{"a": 1}\n{"a": ', (2, 9, 15), []),
    "no end of the array": (b'[{"a": 1},\n{"a": 2}', (2, 11, 19), []),
    "comma at the end of the array": (b'[{"a": 1},\n]', (2, 11, 12), []),
    "no comma in the array": (b'[{"a": 1}\n{"a": 2}]', (2, 10, 19), []),
    "bracket that closes nothing": (b'{"a": 1}\n]\n', (2, 9, 10), []),
    "text behind the array": (b'[{"a": 1}]\nx\n', (2, 11, 12), ["x"]),
    "no colon": (b'{"a" 1}\n', (1, 0, 7), []),
    "single quotes": (b"{'a': 1}\n", (1, 0, 8), ["'"]),
    "no quotes": (b"{a: 1}\n", (1, 0, 6), ["a"]),
    "comment": (b'{"a": 1} // one\n', (1, 0, 15), ["/", "comment"]),
    "NaN": (b'{"a": 1}\n{"a": NaN}\n', (2, 9, 19), ["NaN"]),
    "Infinity": (b'{"a": -Infinity}\n', (1, 0, 16), ["Infinity"]),
    "None of Python": (b'{"a": None}\n', (1, 0, 11), ["None"]),
    "leading zero": (b'{"a": 01}\n', (1, 0, 9), ["01"]),
    "plus sign": (b'{"a": +1}\n', (1, 0, 9), ["+1"]),
    "no digits behind the point": (b'{"a": 1.}\n', (1, 0, 9), ["1."]),
    "line feed in a text": (b'{"a": "x\ny"}\n', (1, 0, 8), ["x"]),
    "unknown escape": (b'{"a": "\\q"}\n', (1, 0, 11), ["\\q"]),
    "lone high surrogate": (b'{"a": "\\ud800"}\n', (1, 0, 15), ["ud800"]),
    "lone low surrogate": (b'{"a": "x"}\n{"a": "\\udc00"}\n', (2, 11, 26), ["udc00"]),
    "high surrogate and a letter": (b'{"a": "\\ud83dx"}\n', (1, 0, 16), ["ud83d"]),
    "byte that is no UTF-8": (b'{"a": 1}\n{"a": "x\xffy"}\n', (2, 9, 20), []),
    "overlong UTF-8": (b'{"a": "\xc0\x80"}\n', (1, 0, 11), []),
    "surrogate in UTF-8": (b'{"a": "\xed\xa0\x80"}\n', (1, 0, 12), []),
    "UTF-8 that is cut off": (b'{"a": "\xe2\x82"}\n', (1, 0, 11), []),
    "bad UTF-8 in a key": (b'{"\xff": 1}\n', (1, 0, 8), []),
    "bare number": (b'{"a": 1}\n5\n', (2, 9, 10), ["5"]),
    "bare text": (b'"x"\n', (1, 0, 3), ["x"]),
    "bare true": (b"true\n", (1, 0, 4), ["true"]),
    "depth 100,000 of lists": (b'{"a": 1}\n{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", (2, 9, 200_016), ["256"]),
    "depth 100,000 of objects": (b'{"a": ' * 100_000 + b"1" + b"}" * 100_000, (1, 0, 700_001), ["256"]),
    "100,000 brackets that do not close": (b"[" * 100_000, (1, 0, 100_000), []),
    "NUL between values": (b'{"a": 1}\n\0{"a": 2}\n', (2, 9, 18), []),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_json(work, name):
    content, where, words = BROKEN[name]
    before = seeded(work)
    result = work.run(work.write("broken.json", content), table="t", dataset="d", json=True)
    check_message(result, SOURCE, *words)
    check_place(result, "broken.json", where)
    assert len(result.err) < 2000
    assert digests(work.database) == before


@pytest.mark.parametrize("name", ["first byte", "last line", "depth 100,000 of lists"])
def test_no_database_is_begun(work, name):
    """A load that fails leaves no table and no schema in a database that was not there."""
    check_message(work.run(work.write("broken.json", BROKEN[name][0]), dataset="d"), SOURCE)
    if work.database.exists():
        assert digests(work.database) == {}
    work.load(work.write("broken.json", GOOD), dataset="d")
    assert read_dataset(work.database).counts == {"broken": 1, "broken__l": 2}


def test_second_file_is_broken(work):
    """Several files are one load: none of them arrives, and the message names the right one."""
    before = seeded(work)
    files = [work.write(f"f{i}.json", content) for i, content in enumerate([GOOD, b'{"a": }', GOOD])]
    result = work.run(*files, table="t", dataset="d")
    check_message(result, SOURCE)
    check_place(result, "f1.json", (1, 0, 7))
    assert digests(work.database) == before


def test_broken_standard_input(work):
    before = seeded(work)
    with open(work.write("x", lines(1000, b'{"a": ]', 700)[0]), "rb") as file:
        result = work.run("-", stdin=file, table="t", dataset="d")
    check_message(result, SOURCE)
    check_place(result, "standard input", lines(1000, b'{"a": ]', 700)[1])
    assert digests(work.database) == before


# ---- files -------------------------------------------------------------------------------------------------------------------------

BIG = lines(200_000)

# name: (file name, bytes, words of the message)
FILES = {
    "empty": ("e.json", b"", ["e.json", "empty"]),
    "blank": ("b.json", b" \n\t\r\n  ", ["b.json"]),
    "only a byte order mark": ("m.json", b"\xef\xbb\xbf", ["m.json"]),
    "UTF-16": ("u.json", '{"a": 1}'.encode("utf-16"), ["u.json", "UTF-16", "iconv"]),
    "gzip cut off": ("t.json.gz", gzip.compress(BIG)[:-5000], ["t.json.gz", "gzip", "cut off"]),
    "gzip without its end mark": ("t.json.gz", gzip.compress(GOOD)[:-4], ["t.json.gz", "gzip", "cut off"]),
    "gzip of nothing more": ("t.json.gz", gzip.compress(GOOD)[:12], ["t.json.gz", "gzip"]),
    "gzip damaged": ("t.json.gz", gzip.compress(BIG)[:300_000] + bytes(64) + gzip.compress(BIG)[300_064:], ["t.json.gz"]),  # bad bytes may come out before the sum is wrong
    "gzip with a wrong sum": ("t.json.gz", gzip.compress(GOOD)[:-8] + bytes(4) + gzip.compress(GOOD)[-4:], ["t.json.gz", "gzip"]),
    "gzip of nothing": ("t.json.gz", gzip.compress(b""), ["t.json.gz", "empty"]),
    "zstd cut off": ("t.json.zst", ZSTD[:-8], ["t.json.zst", "zstd", "cut off"]),
    "zstd without its sum": ("t.json.zst", ZSTD[:-4], ["t.json.zst", "zstd", "cut off"]),
    "zstd with a wrong sum": ("t.json.zst", ZSTD[:-1] + b"\0", ["t.json.zst", "zstd", "damaged"]),
    "zstd damaged": ("t.json.zst", ZSTD[:6] + b"\xff\xff\xff" + ZSTD[9:], ["t.json.zst", "zstd"]),
}


@pytest.mark.parametrize("name", FILES)
def test_broken_file(work, name):
    before = seeded(work)
    file, content, words = FILES[name]
    check_message(work.run(work.write(file, content), table="t", dataset="d"), SOURCE, *words)
    assert digests(work.database) == before


def test_compressed_files_that_are_whole(work):
    """The counterpart: gzip of several members, zstd, and neither needs the ending in its name."""
    work.load(work.write("t", gzip.compress(GOOD) + gzip.compress(GOOD)), dataset="d")
    work.load(work.write("u", ZSTD + ZSTD), dataset="d")
    assert read_dataset(work.database).counts == {"t": 2, "t__l": 4, "u": 4}


def test_missing_file(work):
    before = seeded(work)
    check_message(work.run("nowhere.json", dataset="d"), SOURCE, "nowhere.json")
    check_message(work.run("nowhere-*.json", dataset="d"), SOURCE, "nowhere-*.json")
    assert digests(work.database) == before


def test_folder_without_matches(work):
    work.write("folder/readme.txt", b"x")
    work.write("folder/.hidden.json", GOOD)
    check_message(work.run("folder", dataset="d"), SOURCE, "folder", ".json")
    assert not work.database.exists()


# ---- other users, full disks -------------------------------------------------------------------------------------------------------


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


@pytest.fixture
def plain_user():
    """A workspace in which the command runs as a user without rights; root may read and write everything."""
    folder = Path(tempfile.mkdtemp(prefix="spile-"))
    work = Workspace(folder)
    before = become_nobody if os.geteuid() == 0 else None
    if before:
        os.chown(folder, NOBODY, NOBODY)
        try:
            subprocess.run([place("SPILE"), "--version"], preexec_fn=before, capture_output=True, cwd="/", check=True)
        except (PermissionError, subprocess.CalledProcessError) as error:
            pytest.skip(f"user nobody can't run {place('SPILE')}: {error}")
    yield work, before
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(stat.S_IRWXU)
    shutil.rmtree(folder)


def test_unreadable_file(plain_user):
    work, before = plain_user
    work.write("secret.json", GOOD).chmod(0)
    check_message(work.run("secret.json", before=before, dataset="d"), SOURCE, "secret.json", "ermission")


def test_unreadable_folder(plain_user):
    work, before = plain_user
    work.write("folder/t.json", GOOD)
    (work.folder / "folder").chmod(0)
    check_message(work.run("folder", before=before, dataset="d"), SOURCE, "folder", "ermission")


def test_database_in_a_folder_without_permission(plain_user):
    work, before = plain_user
    work.write("t.json", GOOD)
    closed = work.folder / "closed"
    closed.mkdir(0o555)
    check_message(work.run("t.json", to=closed / "g.duckdb", before=before, dataset="d"), DESTINATION, "closed/g.duckdb", "ermission")
    assert list(closed.iterdir()) == []


def test_database_that_may_not_be_written(plain_user):
    work, before = plain_user
    work.load(work.write("t.json", GOOD), before=before, dataset="d")
    digest = digests(work.database)
    work.database.chmod(0o444)
    work.folder.chmod(0o555)
    check_message(work.run("t.json", before=before, dataset="d"), DESTINATION, "g.duckdb")
    assert digests(work.database) == digest


def test_folder_of_the_database_is_missing(work):
    work.write("t.json", GOOD)
    check_message(work.run("t.json", to=work.folder / "nowhere" / "g.duckdb", dataset="d"), DESTINATION, "nowhere")


@pytest.fixture
def small_disk(work):
    """A folder in which 8 MiB are left."""
    folder = work.folder / "disk"
    folder.mkdir()
    disk = Disk(folder, work.folder)
    disk.leave(8 << 20)
    work.environment = {**work.environment, **disk.environment_of_command()}
    return disk


def test_disk_of_the_database_is_full(work, small_disk):
    work.database = work.folder / "disk" / "g.duckdb"
    before = seeded(work)
    big = generate("w1f", 60_000, work.folder / "big.json")
    check_message(work.run(big, table="t", dataset="d", load_id="1764000000.5"), DESTINATION, "g.duckdb", "No space left", "make room")
    assert digests(work.database) == before
    small_disk.leave(None)
    assert work.load(big, table="t", dataset="d", load_id="1764000000.5")["already_loaded"] is False
    assert read_dataset(work.database).counts == {"t": 60_001, "t__l": 2}


def test_disk_of_the_work_folder_is_full(work, small_disk):
    before = seeded(work)
    work.data = work.folder / "disk" / "data"
    big = generate("w1f", 60_000, work.folder / "big.json")
    check_message(work.run(big, table="t", dataset="d"), 1, str(work.data), "No space left")
    assert digests(work.database) == before
    small_disk.leave(None)
    work.load(big, table="t", dataset="d")
    assert read_dataset(work.database).counts == {"t": 60_001, "t__l": 2}


# ---- the database ------------------------------------------------------------------------------------------------------------------


def test_file_is_no_database(work):
    work.write("t.json", GOOD)
    work.write("g.duckdb", b"this is no database, and somebody needs it\n" * 1000)
    content = work.database.read_bytes()
    check_message(work.run("t.json", dataset="d"), DESTINATION, "g.duckdb")
    assert work.database.read_bytes() == content


def test_file_of_a_newer_duckdb(work):
    """The version of the format is 8 bytes behind the checksum and the magic bytes of the first block; DuckDB checks the sum first."""
    seeded(work)
    header = bytearray(work.database.read_bytes()[:4096])
    struct.pack_into("<Q", header, 12, 99)
    total = 5381
    for word in struct.unpack("<511Q", header[8:]):
        total ^= word * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    struct.pack_into("<Q", header, 0, total)
    content = bytes(header) + work.database.read_bytes()[4096:]
    work.database.write_bytes(content)
    check_message(work.run("seed.json", table="t", dataset="d"), DESTINATION, "g.duckdb", "version")
    assert work.database.read_bytes() == content


def test_database_is_open_elsewhere(work):
    before = seeded(work)
    holder = subprocess.Popen([sys.executable, "-c", f"import duckdb; c = duckdb.connect({str(work.database)!r}); print('open', flush=True); input()"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"open\n"
    result = work.run("seed.json", table="t", dataset="d")
    holder.communicate(b"\n")
    check_message(result, DESTINATION, "g.duckdb", str(holder.pid))
    assert digests(work.database) == before


def foreign(work, *statements):
    with duckdb.connect(str(work.database)) as connection:
        for statement in statements:
            connection.execute(statement)
    with duckdb.connect(str(work.database), read_only=True) as connection:
        return connection.execute("select table_name, table_type from information_schema.tables order by 1").fetchall()


def test_table_of_other_types(work):
    """A table that no pipeline made, with a column of the same name and another type."""
    tables = foreign(work, "create schema d", "create table d.t (id integer[], x varchar)", "insert into d.t values ([7], 'x')")
    before = digests(work.database)
    check_message(work.run(work.write("t.json", GOOD), dataset="d"), DESTINATION, "t", "id")
    assert digests(work.database) == before and foreign(work) == tables


def test_table_of_a_pipeline_with_a_changed_type(work):
    seeded(work)
    foreign(work, "alter table d.t alter id type varchar[] using [id::varchar]")
    before = digests(work.database)
    check_message(work.run("seed.json", table="t", dataset="d"), DESTINATION, "t", "id")
    assert digests(work.database) == before


def test_view_of_that_name(work):
    tables = foreign(work, "create schema d", "create view d.t as select 1 as id")
    check_message(work.run(work.write("t.json", GOOD), dataset="d"), DESTINATION, "view")
    assert foreign(work) == tables


def test_missing_table_comes_back(work):
    """dlt fails for ever when somebody has dropped a table that the schema knows."""
    seeded(work)
    foreign(work, "drop table d.t__l")
    work.load("seed.json", table="t", dataset="d")
    assert read_dataset(work.database).counts == {"t": 2, "t__l": 2}


# ---- the database's library --------------------------------------------------------------------------------------------------------


def test_library_named_by_the_environment_is_missing(work):
    work.write("t.json", GOOD)
    result = work.run("t.json", env={"SPILE_DUCKDB": "/nowhere/libduckdb.so"}, dataset="d")
    check_message(result, DESTINATION, "/nowhere/libduckdb.so", "SPILE_DUCKDB")
    assert not work.database.exists()


def test_library_is_missing(work):
    """The command and libspile.so as they are installed, in a place without DuckDB: the message lists every place that was searched."""
    installed = Path(place("SPILE_LIB")).parent.parent / "installed" / "lib"
    for folder, source in (("bin", Path(place("SPILE"))), ("lib", installed / "libspile.so.0")):
        (work.folder / folder).mkdir()
        shutil.copy(source, work.folder / folder)
    try:
        ctypes.CDLL("libduckdb.so")
        pytest.skip("the system has a libduckdb.so of its own")
    except OSError:
        pass
    work.write("t.json", GOOD)
    result = work.run("t.json", command=[str(work.folder / "bin" / "spile")], dataset="d")
    if result.code == 0:
        pytest.skip("DuckDB is installed in the prefix of this build")
    check_message(result, DESTINATION, str(work.folder / "lib" / "libduckdb.so"), str(work.folder / "lib" / "spile" / "libduckdb.so"),
                  "system", "SPILE_DUCKDB")
    assert not work.database.exists()


# ---- kept as data ------------------------------------------------------------------------------------------------------------------

# name: (JSON text, column, values)
KEPT = {
    "NUL in a text": ('{"a": "x\\u0000y"}', "a", ["x\0y"]),
    "noncharacters": ('{"a": "\\uffff\\ufdd0\\udbff\\udfff"}', "a", ["\uffff\ufdd0\U0010ffff"]),
    "surrogate pair": ('{"a": "\\ud83d\\ude80"}', "a", ["\U0001f680"]),
    "byte order mark": ('\ufeff{"a": 1}', "a", [1]),
    "byte order mark in a text": ('{"a": "\ufeff"}', "a", ["\ufeff"]),
    "integer beyond 64 bits": ('{"a": 9223372036854775808}', "a", ["9223372036854775808.000000000"]),
    "integer of 5,000 digits": ('{"a": ' + "9" * 5000 + "}", "a", ["9" * 5000]),
    "number beyond double": ('{"a": 1e400}', "a", ["1e400"]),
    "smallest double": ('{"a": 4.9e-324}', "a", [5e-324]),
    "number of many digits": ('{"a": 0.' + "1" * 1000 + "}", "a", [0.1111111111111111]),
    "duplicate keys": ('{"a": 1, "b": 5, "a": 2, "a": 3}', "a", [3]),
    "empty key": ('{"": 5}', "_empty", [5]),
    "key of 300 characters": ('{"' + "k" * 300 + '": 5}', "k" * 300, [5]),
    "SQL in a key": ('{"a\\"; drop table t; --": 5}', "a_drop_table_t_", None),
    "text of 1 MB": ('{"a": "' + "x" * 1_000_000 + '"}', "a", ["x" * 1_000_000]),
    "Windows lines": ('{"a": 1}\r\n{"a": 2}\r\n', "a", [1, 2]),
    "no line feed at the end": ('{"a": 1}\n{"a": 2}', "a", [1, 2]),
    "concatenated": ('{"a": 1}{"a": 2} {"a": 3}\n\n{"a": 4}', "a", [1, 2, 3, 4]),
    "object over several lines": ('{\n  "a":\n 1\n}\n{ "a"\n: 2 }', "a", [1, 2]),
    "array over several lines": ('[\n {"a": 1},\n {"a": 2}\n]\n', "a", [1, 2]),
    "255 levels": ('{"a": 1, "l": ' + "[" * 255 + "]" * 255 + "}", "a", [1]),
}


@pytest.mark.parametrize("name", KEPT)
def test_kept(work, name):
    text, column, values = KEPT[name]
    info = work.load(work.write("t.json", text), table="t", dataset="d")
    table = read_dataset(work.database)["t"]
    if values is None:  # the name is whatever normalizing makes of it; the value is there and the table, too
        column, values = table.names[0], [5]
    assert table.values(column) == values
    assert info["duplicate_keys"] == (2 if name == "duplicate keys" else 0)


def test_duplicate_keys_in_nested_objects_are_counted(work):
    text = '{"o": {"x": 1, "x": 2}, "l": [{"y": 1, "y": 2, "\\u0079": 3}]}\n' * 3
    info = work.load(work.write("t.json", text), dataset="d")
    got = read_dataset(work.database)
    assert info["duplicate_keys"] == 9
    assert got["t"].values("o__x") == [2] * 3 and got["t__l"].values("y") == [3] * 3


# contract: (document, words of the message)
FROZEN = {
    "freeze": ({"id": 2, "new": "some value"}, ['value "some value"', 'column "new"', 'table "t"', "columns=evolve", "columns: freeze"]),
    "columns=freeze": ({"id": 2, "l": [3, {"z": [1]}, {"zz": 7}]}, ["value 7", 'column "zz"', 'table "t__l"', "columns=discard_row"]),
    "data_type=freeze": ({"id": "x"}, ['value "x"', 'column "id__v_text"', 'table "t"', "data_type=evolve"]),
    "tables=freeze": ({"id": 2, "m": [1]}, ['table "t__m"', "tables=evolve", "tables: freeze"]),
}


@pytest.mark.parametrize("contract", FROZEN)
def test_contract_refuses(work, contract):
    """Exit code 6; table, column, value, place, contract and where it was set, and what to change; the dataset stays as it was."""
    before = seeded(work)
    document, words = FROZEN[contract]
    path = work.write("t.json", "\n" * 4 + json.dumps({"id": 2, "l": [5]}) + "\n" + json.dumps(document) + "\n")
    result = work.run(path, table="t", dataset="d", contract=contract)
    check_message(result, 6, *words, "line 6, byte", "t.json", "item 2", "contract")
    assert digests(work.database) == before


def test_what_a_contract_discards_is_counted(work):
    seeded(work)
    rows = [{"id": 2, "new": 1}, {"id": 3, "l": [{"value": 5, "x": 1}, 6]}, {"id": "x", "new": 2}, {"id": 4, "m": [1, 2, 3]}]
    info = work.load(work.write("t.json", rows), table="t", dataset="d", contract="tables=discard_row,columns=discard_value,data_type=discard_row")
    assert {table["name"]: (table["rows"], table["discarded_rows"], table["discarded_values"]) for table in info["tables"]} == {
        "t": (3, 1, 1), "t__l": (2, 0, 1), "t__m": (0, 3, 0)}
    assert read_dataset(work.database)["t"].values("id") == [1, 2, 3, 4]
    result = work.run(work.write("u.json", rows), table="t", dataset="d")
    assert "discarded by the contract in t: 1 row, 1 value" in result.out and "discarded by the contract in t__m: 3 rows, 0 values" in result.out


def test_contract_words(work):
    for words in ("freez", "columns=freeze;tables=evolve", "columns=", "colums=freeze", "", "freeze,", "columns"):
        result = work.run(work.write("t.json", GOOD), dataset="d", contract=words)
        assert result.code == 2 and "discard_value" in result.err, (words, str(result))


def test_colliding_keys_are_kept(work):
    """More of it in tests/conformance/test_differences.py."""
    work.load(work.write("t.json", {"Some Key": 1, "some_key": 2, "someKey": 3}), dataset="d")
    table = read_dataset(work.database)["t"]
    assert sorted(table.rows[0][:3]) == [1, 2, 3] and table.names[0] == "some_key"


def test_usage(work):
    """Wrong calls are told apart from wrong data."""
    work.write("t.json", GOOD)
    for words in (["load"], ["load", "t.json"], ["load", "-", "--to", "g.duckdb"], ["load", "t.json", "--to", "g.duckdb", "--write", "upsert"],
                  ["load", "t.json", "--to", "g.duckdb", "--max-nesting", "-1"], ["load", "t.json", "--to", "g.duckdb", "--no-such-option"], ["lod"]):
        result = subprocess.run([place("SPILE"), *words], cwd=work.folder, env=work.environ(), capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert result.returncode == 2 and result.stderr.startswith("error: "), (words, result)
    assert not work.database.exists()


def test_json_report_is_one_document(work):
    result = work.run(work.write("t.json", GOOD), dataset="d", json=True)
    assert result.code == 0 and json.loads(result.out)["schema_version"] >= 1
    assert result.err == ""
