# ctest: labels=cases;small timeout=300
"""Hints, contracts and schema files that are wrong, told so that they can be put right: exit code, message, place, remedy; and the dataset
stays as it was.

Expected values: the texts of errors are the command's specification; places are counted from the text.
"""
import pytest

from dataset import digests
from engine import SANITIZED, Workspace

USAGE, CONFIG, CONTRACT = 2, 3, 6
GOOD = b'{"id": 1, "l": [1, 2]}\n'


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """One dataset for all: what is refused must leave it alone."""
    work = Workspace(tmp_path_factory.mktemp("bad") / "work")
    work.load(work.write("t.json", GOOD), dataset="d")
    return work


def refuse(work, code, words, **options):
    before = digests(work.database)
    result = work.run("t.json", dataset="d", **options)
    assert result.code == code and result.out == "", str(result)
    lines = [line for line in result.err.splitlines() if not line.startswith("       ")]
    assert [line[:7] for line in lines] in (["error: ", "   at: ", " hint: "], ["error: ", " hint: "]), result.err
    for word in words:
        assert word in result.err, f"{word!r} is missing:\n{result.err}"
    assert len(result.err) < 2000 and digests(work.database) == before
    return result


# ---- options -----------------------------------------------------------------------------------------------------------------------

# tests/unit/test_hints.c has more of --columns
COLUMNS = {
    "id:varchar": ['unknown data type "varchar"', 'column hint "id:varchar"', 'did you mean "text"?'],
    "id:int": ['"int"', 'did you mean "bigint"?'],
    "id:float": ['"float"', 'did you mean "double"?'],
    "id:Integer": ['"Integer"', 'did you mean "bigint"?'],
    "a:text, id:datetime, b:text": ['"datetime"', 'column hint "id:datetime"', 'did you mean "timestamp"?'],
    "id:bigitn": ['"bigitn"', 'did you mean "bigint"?'],
    "id:polygon": ['"polygon"', "types are text, double"],
    "id:decimal(2,5)": ['"decimal(2,5)"', "digits behind the point"],
    "id:bigint(7)": ['"bigint(7)"', "8, 16, 32, 64 or 128"],
    "id:decimal(10,2": ['"decimal(10,2"', "NAME:TYPE"],
    "id:decimal(ten)": ['"decimal(ten)"', "NAME:TYPE"],
    "id:bigint:primary": ['unknown hint "primary"', 'column hint "id:bigint:primary"', "primary_key"],
    "id:bigint:dedup_sort=up": ['"dedup_sort=up"', "dedup_sort=asc"],
    "id": ['no type and no hint for column "id"', "NAME:TYPE"],
    "id=bigint": ['"id=bigint"', "NAME:TYPE"],
    "id:bigint,": ['column ""', "NAME:TYPE"],
    ":bigint": ["without a name", "NAME:TYPE"],
    "orders.id:bigint": ['table "orders"', "neither loaded nor nested", "orders__items"],
    "l.value:text": ['table "l"', "neither loaded nor nested"],
}


@pytest.mark.parametrize("columns", COLUMNS)
def test_columns(seeded, columns):
    refuse(seeded, USAGE, COLUMNS[columns], columns=columns)


OTHERS = [
    (USAGE, {"contract": "freez"}, ["freez", "did you mean", "freeze"]),
    (USAGE, {"contract": "colums=freeze"}, ["colums=freeze", "did you mean", "columns"]),
    (USAGE, {"contract": "columns=discard_rows"}, ["discard_rows", "did you mean", "discard_row"]),
    (CONFIG, {"naming": "snakecase"}, ["snakecase", "snake_case"]),
    (CONFIG, {"naming": "direct"}, ["snake_case, not direct", "leave the naming convention out"]),
    (USAGE, {"primary_key": ","}, ["without a name"]),
    (USAGE, {"merge_key": "id,,l"}, ["without a name"]),
    (USAGE, {"json_column": "l,,id"}, ["empty path", "payload,items.meta"]),
    (CONFIG, {"columns": "new:decimal(50,2)"}, ["50", 'column "new"', 'table "t"', "38"]),
    (CONFIG, {"columns": "new:wei(76,0)"}, ["76", 'column "new"']),
    (CONFIG, {"columns": "id:text"}, ['"id"', "bigint", "text", "keeps its type"]),
    (CONFIG, {"schema": "nowhere.yaml"}, ["nowhere.yaml", "spile schema export"]),
    (CONTRACT, {"columns": "new::not_null"}, ['no row has a value for column "new"']),
]


@pytest.mark.parametrize("code, options, words", OTHERS, ids=[str(options) for _, options, _ in OTHERS])
def test_other_options(seeded, code, options, words):
    refuse(seeded, code, words, **options)


def test_columns_of_several_tables_need_one(seeded):
    before = digests(seeded.database)
    seeded.write("u.json", GOOD)
    result = seeded.run("t.json", "u.json", dataset="d", columns="id:bigint")
    assert result.code == USAGE and "several tables are loaded" in result.err and "TABLE.COLUMN" in result.err, str(result)
    assert digests(seeded.database) == before


# ---- schema files ------------------------------------------------------------------------------------------------------------------


def column(properties):
    return "tables:\n  t:\n    columns:\n      new: " + properties + "\n"


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi")) + "tables: {}\n"

# name: (text, words)
FILES = {
    "empty": ("", ["the text is empty", "line 1"]),
    "blank": ("\n\n  \n", ["the text is empty"]),
    "a list": ("- tables\n- t\n", ["object with tables", "not a list"]),
    "a word": ("tables\n", ["object with tables"]),
    "no YAML": ("tables:\n  t: [1, 2\n  u: {}\n", ["not YAML", "bracket", "line 3, column 4"]),
    "a tabulator": ("tables:\n\tt: {}\n", ["line 2"]),
    "no JSON": ('{"tables": {"t": }}', ["not JSON", "line 1, column 18"]),
    "JSON that is cut off": ('{"tables": {"t": {"columns"', ["not JSON", "line 1"]),
    "binary": (bytes(range(256)) * 40, []),
    "a database": (b"\0" * 8 + b"DUCK" + b"\0" * 4000, []),
    "bytes that are no UTF-8": (b"tables:\n  t\xff: {}\n", []),
    "no tables": ("name: s\n", ['no "tables"']),
    "unknown key": ("tabels: {}\n", ['"tabels"', 'did you mean "tables"?']),
    "unknown key of a table": ("tables:\n  t: {colums: {}}\n", ['"colums"', 'table "t"', 'did you mean "columns"?']),
    "unknown key of a column": (column("{datatype: text}"), ['"datatype"', 'column "new"', 'table "t"', 'did you mean "data_type"?']),
    "unknown type": (column("{data_type: txet}"), ['"txet"', 'column "new"', 'did you mean "text"?']),
    "a foreign type": (column("{data_type: varchar}"), ['"varchar"', 'column "new"']),
    "a hint that is no truth": (column("{nullable: maybe}"), ['"nullable"', '"maybe"', 'column "new"']),
    "a type too large for the database": (column("{data_type: decimal, precision: 50, scale: 2}"), ["50", 'column "new"', 'table "t"']),
    "wrong write disposition": ("tables:\n  t: {write_disposition: apend}\n", ['"apend"', 'table "t"', "append"]),
    "the same column twice": ("tables:\n  t:\n    columns:\n      a: {data_type: text}\n      a: {data_type: text}\n", ['"a"', "twice"]),
    "the same in JSON": ('{"tables":{"t":{"columns":{"a":{},"a":{}}}}}', ['"a"', "twice"]),
    "a list of columns": ("tables:\n  t:\n    columns:\n      - {name: a}\n", ['"columns"', "not a list", 'table "t"']),
    "a parent that is not there": ("tables:\n  u__l: {parent: u}\n", ['"u"', "u__l"]),
    "its own parent": ("tables:\n  u: {parent: u}\n", ['"u"']),
    "parents in a circle": ("tables:\n  u: {parent: v}\n  v: {parent: w}\n  w: {parent: u}\n", ['"u"']),
    "a root table becomes nested": ("tables:\n  u: {}\n  t: {parent: u}\n", ['"t"', '"u"', "parent"]),
    "a newer engine": ("engine_version: 12\ntables: {}\n", ["12", "11"]),
    "no number of the engine": ("engine_version: eleven\ntables: {}\n", ["engine_version", "eleven", "write digits"]),
    "an expression that does not compile": ('settings:\n  preferred_types: {"re:(": text}\ntables: {}\n', ['"("', "does not compile", "preferred_types"]),
    "an expression of hints": ('settings:\n  default_hints: {unique: ["re:[a"]}\ntables: {}\n', ['"[a"', "does not compile", "unique"]),
    "an unknown detection": ("settings:\n  detections: [iso_dates]\ntables: {}\n", ['"iso_dates"', "iso_date"]),
    "an unknown preferred type": ("settings:\n  preferred_types: {a: int}\ntables: {}\n", ['"int"']),
    "an unknown hint by name": ("settings:\n  default_hints: {uniqe: [a]}\ntables: {}\n", ['"uniqe"']),
    "an unknown word of a contract": ("settings:\n  schema_contract: freez\ntables: {}\n", ['"freez"', "freeze"]),
    "an unknown naming": ("normalizers: {names: snake}\ntables: {}\n", ['"snake"', "snake_case"]),
    "another naming": ("normalizers: {names: direct}\ntables: {}\n", ["snake_case, not direct"]),
    "another type of a column with rows": ("tables:\n  t:\n    columns:\n      id: {data_type: text}\n", ['"id"', "bigint", "text"]),
    "billion laughs": (LAUGHS, ["more than", "fewer aliases"]),
    "100,000 brackets": ("tables: " + "[" * 100_000, []),
    "100,000 levels of JSON": ('{"a":' * 100_000, []),
}


@pytest.mark.parametrize("name", FILES)
def test_schema_files(seeded, name):
    text, words = FILES[name]
    path = seeded.write("bad.schema.yaml", text)
    result = refuse(seeded, CONFIG, words, schema="bad.schema.yaml")
    assert path.name in result.err or words, str(result)


@pytest.mark.parametrize("byte", [b"x", b"\0", b"[", b"{", b"- ", b"\n", b"a: "])
def test_100_mb_of_garbage(seeded, byte):
    """Refused before it costs memory; 4 MB of brackets (350 bytes each in libfyaml) are the most that it takes."""
    path = seeded.write("bad.schema.yaml", byte * (100_000_000 // len(byte)))
    before = digests(seeded.database)
    result = seeded.measure("t.json", dataset="d", schema="bad.schema.yaml")
    path.unlink()
    assert result.code == CONFIG and "bad.schema.yaml" in result.err and " hint: " in result.err, str(result)
    assert SANITIZED or result.peak < 500 << 20, result.peak
    assert digests(seeded.database) == before
