# ctest: labels=cases;small timeout=300
"""`spile schema`: show, export, import, diff, validate, as a user types them.

Expected values: what dlt writes for the same dataset, what DuckDB and PyYAML read, and the command's specification for texts and exit codes.
"""
import fcntl
import json
import os
import pty
import re
import shutil
import subprocess
import sys

import pytest
import yaml

import beside
from dataset import content, read_dataset
from engine import Workspace, place

FIRST = [{"id": 1, "name": "a", "items": [{"sku": "x", "tags": ["t"]}], "at": "2024-01-01T00:00:00Z"}]
SECOND = [{"id": "A-2", "gift": True, "notes": [1]}]


def schema(work, *words, want=0, **options):
    """Runs `spile schema ...`. What is good stands on stdout only, what is wrong on stderr only."""
    result = work.spile("schema", *words, **options)
    assert result.code == want, str(result)
    assert not (result.out if want in (2, 5, 8) else "") and not (result.err if want in (0, 9) else ""), str(result)
    return result


def document(work, *words, **options):
    return yaml.safe_load(schema(work, "export", *words, **options).out)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    work = Workspace(tmp_path_factory.mktemp("made"))
    work.load(work.write("first.json", FIRST), table="orders", dataset="d")
    work.load(work.write("second.json", SECOND), table="orders", dataset="d")
    return work.folder


@pytest.fixture
def shop(work, made):
    """A dataset with two versions of its schema, as `d` of pipeline `g` in g.duckdb."""
    shutil.copytree(made, work.folder, dirs_exist_ok=True)
    return work


@pytest.fixture
def edited(shop):
    """edit(change): the exported schema after a change, in a file."""
    def edit(change, name="edited.yaml"):
        found = document(shop, "g.duckdb", dataset="d")
        change(found)
        text = json.dumps(found) if name.endswith(".json") else yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
        return shop.write(name, text)
    return edit


def imported(work, file, want=0, **options):
    return schema(work, "import", file, "g.duckdb", want=want, **{"dataset": "d", **options})


def hashes(work):
    return [row["version_hash"] for row in read_dataset(work.database).versions]


# ---- export -----------------------------------------------------------------------------------------------------------------------


def dlt_text(work, form="yaml"):
    """What dlt itself writes for the schema that it finds in the dataset."""
    pipe = beside.pipeline(work.database, work.folder / "dlt")
    try:
        pipe.sync_destination()
        return getattr(pipe.default_schema, f"to_pretty_{form}")()
    finally:
        pipe.deactivate()


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_export_is_what_dlt_writes(shop, form):
    got = schema(shop, "export", "g.duckdb", dataset="d", **{form: True}).out
    assert json.loads(got) == json.loads(dlt_text(shop, form)) if form == "json" else got == dlt_text(shop)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_export_of_a_dataset_that_dlt_made(work, form):
    contract = {"columns": "discard_value"}
    pipe = beside.pipeline(work.database, work.folder / "dlt")
    pipe.run(beside.dlt.resource(FIRST, name="orders", columns={"at": {"data_type": "text", "description": "ünï: 'x'\n# y"}}, schema_contract=contract))
    want = pipe.default_schema.to_pretty_yaml()
    pipe.deactivate()
    got = schema(work, "export", "g.duckdb", dataset="d", **{form: True}).out
    assert got == want if form == "yaml" else json.loads(got) == yaml.safe_load(want)


EXPORTS = [
    # what, arguments behind the dataset, file, form
    ("a file", ["x.yaml"], "x.yaml", "yaml"),
    ("a file of another name", ["x.schema"], "x.schema", "yaml"),
    ("a json file", ["x.json"], "x.json", "json"),
    ("json asked for", ["x.txt", "--json"], "x.txt", "json"),
    ("a folder", ["."], "g.schema.yaml", "yaml"),
    ("a folder with a slash", ["deep/"], "deep/g.schema.yaml", "yaml"),
    ("a folder, json asked for", [".", "--json"], "g.schema.json", "json"),
    ("a file that is there", ["old.yaml"], "old.yaml", "yaml"),
]


@pytest.mark.parametrize("arguments, file, form", [row[1:] for row in EXPORTS], ids=[row[0] for row in EXPORTS])
def test_export_to(shop, arguments, file, form):
    (shop.folder / "deep").mkdir()
    shop.write("old.yaml", "x" * 100000)
    assert schema(shop, "export", "g.duckdb", *arguments, dataset="d").out == ""
    assert (shop.folder / file).read_text() == schema(shop, "export", "g.duckdb", dataset="d", **{form: True}).out
    assert (shop.folder / file).read_text()[0] == ("{" if form == "json" else "v")


def test_export_of_a_file_changes_its_form_only(shop):
    schema(shop, "export", "g.duckdb", "x.yaml", dataset="d")
    schema(shop, "export", "x.yaml", "x.json")
    schema(shop, "export", "x.json", "y.yaml")
    assert (shop.folder / "x.yaml").read_bytes() == (shop.folder / "y.yaml").read_bytes()
    assert json.loads((shop.folder / "x.json").read_text()) == yaml.safe_load((shop.folder / "x.yaml").read_text())


@pytest.mark.parametrize("file", ["none/x.yaml", "first.json/x.yaml"])
def test_export_where_nobody_can_write(shop, file):
    result = schema(shop, "export", "g.duckdb", file, dataset="d", want=1)
    assert result.out == "" and result.err.startswith(f'error: can\'t write "{file}": ') and "hint: " in result.err


# ---- operands ---------------------------------------------------------------------------------------------------------------------


def test_versions(shop):
    """A number, a whole hash, its beginning: each names the row of _dlt_version that has it."""
    versions = read_dataset(shop.database).versions
    assert [row["version"] for row in versions] == [1, 2]
    for row in versions:
        for version in (row["version"], row["version_hash"], row["version_hash"][:4], row["version_hash"][:12]):
            got = document(shop, f"g.duckdb@{version}", dataset="d")
            assert (got["version"], got["version_hash"]) == (row["version"], row["version_hash"])


def test_a_hash_with_a_slash_is_a_version(work):
    """Hashes are base64: half of them have a "/" somewhere. Tables are added until one has it in front."""
    for table in range(200):
        file = work.write("part.yaml", f"tables:\n  t{table}: {{}}\n")
        imported(work, file)
        found = hashes(work)[-1]
        if "/" in found[:20]:
            break
    assert "/" in found[:20]
    for version in (found, found[:24]):
        for database in ("g.duckdb", "./g.duckdb", f"duckdb:{work.database}", f"duckdb:///{work.database}"):
            assert document(work, f"{database}@{version}", dataset="d")["version_hash"] == found


def test_at_signs_in_names(work):
    """A file or folder whose name has an "@" is no version."""
    for database in ("a@1.duckdb", "f@2/b.duckdb"):
        (work.folder / database).parent.mkdir(exist_ok=True)
        work.load(work.write("first.json", FIRST), to=database, table="t", dataset="d", pipeline="g")
        assert document(work, database, pipeline="g", dataset="d")["version"] == 1
        assert document(work, f"{database}@1", pipeline="g", dataset="d")["version"] == 1
    os.rename(work.folder / "a@1.duckdb", work.folder / "a@1")
    assert document(work, "duckdb:a@1", pipeline="g", dataset="d")["version"] == 1
    assert document(work, "duckdb:a@1@1", pipeline="g", dataset="d")["version"] == 1


def test_the_dataset_is_named_as_load_names_it(work):
    """Without --dataset and --pipeline both are the database's name; --to stands for the operand."""
    work.load(work.write("first.json", FIRST), table="t")
    work.load(work.write("first.json", FIRST), table="u", pipeline="other")
    assert "t" in document(work, "g.duckdb")["tables"]
    assert "t" in yaml.safe_load(schema(work, "export", to="g.duckdb").out)["tables"]
    assert "u" in document(work, "g.duckdb", pipeline="other")["tables"]


# ---- show -------------------------------------------------------------------------------------------------------------------------


def test_show(shop):
    """Every table and column of the dataset with its type is there, dlt's own tables only when asked for."""
    dataset = read_dataset(shop.database)
    text, system = (schema(shop, "show", "g.duckdb", dataset="d", system=more).out for more in (False, True))
    assert text.startswith("schema g, version 2\n")
    for shown, names in ((text, dataset.data_tables), (system, dataset.tables)):
        assert sorted(re.findall(r"^ *table (\w+)", shown, re.M)) == sorted(names)
    for name, table in dataset.data_tables.items():
        block = re.search(rf"^ *table {name}\b.*\n((?:.+\n)*)", text, re.M).group(1)
        assert [(line.split()[0], "not null" in line) for line in block.splitlines()] == [(column, not null) for column, _, null in table.columns]


def test_show_in_the_forms_of_a_file(shop):
    for form in ("yaml", "json"):
        assert schema(shop, "show", "g.duckdb", dataset="d", **{form: True}).out == schema(shop, "export", "g.duckdb", dataset="d", **{form: True}).out


# ---- diff -------------------------------------------------------------------------------------------------------------------------


def test_diff_of_two_versions(shop):
    """What the second load has brought: two columns and a table, from the columns in the database."""
    expected = {("orders", "id__v_text"), ("orders", "gift"), ("orders__notes", None),
                *(("orders__notes", name) for name in read_dataset(shop.database)["orders__notes"].names)}
    for words, want in ((("g.duckdb@1", "g.duckdb"), "added"), (("g.duckdb@2", "g.duckdb@1"), "removed")):
        changes = json.loads(schema(shop, "diff", *words, dataset="d", json=True).out)
        assert {change["kind"] for change in changes} == {want}
        found = {(change["table"], change.get("column")) for change in changes}
        assert found == (expected if want == "added" else {pair for pair in expected if pair[0] == "orders" or pair[1] is None} | (found & expected))
    text = schema(shop, "diff", "g.duckdb@1", "g.duckdb", dataset="d").out
    assert "+   gift bool\n" in text and "+ table orders__notes" in text and not re.search(r"^-", text, re.M)


DIFFS = [("two versions", "g.duckdb@1", "g.duckdb@2", True), ("a version and itself", "g.duckdb@1", "g.duckdb@1", False),
         ("the newest and its number", "g.duckdb", "g.duckdb@2", False), ("file and dataset", "old.yaml", "g.duckdb", True),
         ("dataset and file", "g.duckdb@1", "old.yaml", False), ("two files", "old.yaml", "new.json", True), ("one in two forms", "new.yaml", "new.json", False)]


@pytest.mark.parametrize("before, after, differs", [row[1:] for row in DIFFS], ids=[row[0] for row in DIFFS])
def test_diff_tells_by_its_exit_code(shop, before, after, differs):
    for version, file in ((1, "old.yaml"), (2, "new.yaml"), (2, "new.json")):
        schema(shop, "export", f"g.duckdb@{version}", file, dataset="d")
    plain = schema(shop, "diff", before, after, dataset="d")
    told = schema(shop, "diff", before, after, dataset="d", exit_code=True, want=9 if differs else 0)
    changes = json.loads(schema(shop, "diff", before, after, dataset="d", json=True, exit_code=True, want=9 if differs else 0).out)
    assert plain.out == told.out and bool(told.out) == bool(changes) == differs


def test_diff_of_an_edited_file(edited, shop):
    """Each edit is one line, with what was and what is."""
    def change(found):
        columns = found["tables"]["orders"]["columns"]
        columns["name"].update(data_type="json", description="who")
        found["tables"]["orders"]["schema_contract"] = {"columns": "freeze"}
        found["settings"]["preferred_types"] = {"re:_at$": "timestamp"}
        del columns["gift"]
    file = edited(change)
    changes = json.loads(schema(shop, "diff", "g.duckdb", file, dataset="d", json=True).out)
    found = {tuple(change.get(key) for key in ("kind", "table", "column", "property")): (change.get("before"), change.get("after"))
             for change in changes}
    assert found == {
        ("changed", "orders", "name", "data_type"): ("text", "json"),
        ("added", "orders", "name", "description"): (None, "who"),
        ("added", "orders", None, "schema_contract.columns"): (None, "freeze"),
        ("added", None, None, "settings.preferred_types.re:_at$"): (None, "timestamp"),
        ("removed", "orders", "gift", None): ({"data_type": "bool", "nullable": True}, None)}
    assert len(changes) == len(found)


# ---- import -----------------------------------------------------------------------------------------------------------------------


def test_import_is_the_next_version(edited, shop):
    """One more row in _dlt_version, in the line of the ones before, and the new column of a table that is there; no load, no state, no rows."""
    before = content(shop.database)
    file = edited(lambda found: found["tables"]["orders"]["columns"].update(price={"data_type": "decimal", "precision": 10, "scale": 2}))
    assert imported(shop, file).out == "the dataset has a new version of its schema\n"
    after = content(shop.database)
    versions = read_dataset(shop.database).versions
    assert [row["version"] for row in versions] == [1, 2, 3]
    assert versions[2]["schema"]["previous_hashes"] == [row["version_hash"] for row in versions[1::-1]]
    assert {name for name in after if after[name] != before.get(name)} == {("d", "_dlt_version"), ("d", "orders")}
    orders = read_dataset(shop.database)["orders"]
    assert orders.columns[-1] == ("price", "DECIMAL(10,2)", True) and set(orders.values("price")) == {None}
    assert imported(shop, file).out == "the dataset's schema is the same already\n"
    assert content(shop.database) == after


@pytest.mark.parametrize("form", ["yaml", "yml", "json"])
def test_next_load_uses_what_was_imported(edited, shop, form):
    def change(found):
        found["tables"]["orders"]["columns"].update(price={"data_type": "decimal", "precision": 10, "scale": 2}, extra={"data_type": "json"})
        found["settings"]["preferred_types"] = {"re:_no$": "text"}
    imported(shop, edited(change, "edited." + form))
    shop.load(shop.write("third.json", [{"id": 3, "price": 1.5, "extra": {"deep": [1]}, "order_no": 7}]), table="orders", dataset="d")
    orders = read_dataset(shop.database)["orders"]
    types = {name: kind for name, kind, _ in orders.columns}
    assert (types["price"], types["extra"], types["order_no"]) == ("DECIMAL(10,2)", "JSON", "VARCHAR")
    assert [json.loads(value) if name == "extra" else value for name, value in zip(("price", "extra", "order_no"), orders.values("price", "extra", "order_no")[-1])] == [
        "1.50", {"deep": [1]}, "7"]


def test_import_of_the_exported_file_changes_nothing(shop):
    schema(shop, "export", "g.duckdb", "same.yaml", dataset="d")
    before = content(shop.database)
    assert imported(shop, "same.yaml").out == "the dataset's schema is the same already\n"
    assert content(shop.database) == before


def test_an_older_version_can_be_put_back(shop):
    """As the next version, not as the old one: the line goes on."""
    schema(shop, "export", "g.duckdb@1", "old.yaml", dataset="d")
    imported(shop, "old.yaml")
    versions = read_dataset(shop.database).versions
    assert [row["version"] for row in versions] == [1, 2, 3]
    assert versions[2]["schema"]["tables"]["orders"] == versions[0]["schema"]["tables"]["orders"]
    shop.load(shop.write("again.json", SECOND), table="orders", dataset="d")
    assert read_dataset(shop.database)["orders"].values("id__v_text", "gift") == [(None, None), ("A-2", True), ("A-2", True)]


def test_dlt_goes_on_with_what_was_imported(edited, shop):
    imported(shop, edited(lambda found: found["tables"]["orders"]["columns"].update(price={"data_type": "decimal", "precision": 10, "scale": 2})))
    pipe = beside.pipeline(shop.database, shop.folder / "dlt")
    pipe.sync_destination()
    found = pipe.default_schema
    assert found.version_hash == found.stored_version_hash == hashes(shop)[-1] and found.version == 3
    assert found.tables["orders"]["columns"]["price"]["data_type"] == "decimal"
    pipe.run(beside.resource([{"id": 5, "price": 2.5}], "orders"))  # no change of the schema: dlt looks at no column
    pipe.run(beside.resource([{"id": 6, "new_one": "2.5"}], "orders"))
    pipe.deactivate()
    orders = read_dataset(shop.database)["orders"]
    assert [column[:2] for column in orders.columns][-2:] == [("price", "DECIMAL(10,2)"), ("new_one", "VARCHAR")]
    assert orders.values("id", "price")[-2:] == [(5, "2.50"), (6, None)]


def test_import_into_a_dataset_that_is_not_there(shop):
    """Dataset and bookkeeping are made, the tables by the load; they are those of the first dataset."""
    schema(shop, "export", "g.duckdb", "given.yaml", dataset="d")
    imported(shop, "given.yaml", dataset="e")
    assert sorted(read_dataset(shop.database, "e").tables) == ["_dlt_loads", "_dlt_version"]
    (other := Workspace(shop.folder / "other")).write("first.json", FIRST)
    schema(other, "import", shop.folder / "given.yaml", "g.duckdb", dataset="d")
    other.load("first.json", table="orders", dataset="d")
    got, want = read_dataset(other.database), read_dataset(shop.database)
    assert got["orders"].columns == want["orders"].columns
    assert [row["version"] for row in got.versions] == [1, 2] or [row["version"] for row in got.versions] == [1]


def test_file_by_hand_needs_tables_only(work):
    file = work.write("hand.yaml", "tables:\n  orders:\n    columns:\n      id: {data_type: bigint, nullable: false}\n")
    imported(work, file)
    work.load(work.write("orders.json", [{"id": "7"}]), dataset="d")
    orders = read_dataset(work.database)["orders"]
    assert orders.columns[0] == ("id", "BIGINT", False) and orders.values("id") == [7]


CONTRADICTIONS = [
    # what, change, message, hint
    ("type of a column", lambda found: found["tables"]["orders"]["columns"]["name"].update(data_type="bigint"),
     'column "name" of table "orders" has data_type "text" in the dataset', "a column that has rows keeps its type"),
    ("type of a nested column", lambda found: found["tables"]["orders__items"]["columns"]["sku"].update(data_type="bool"),
     'column "sku" of table "orders__items" has data_type "text" in the dataset', "a column that has rows keeps its type"),
    ("a nested table made a root", lambda found: found["tables"]["orders__notes"].pop("parent"), 'table "orders__notes" is a nested table', "parent"),
    ("a root made nested", lambda found: found["tables"]["orders"].update(parent="lone") or found["tables"].update(lone={"columns": {}}),
     'table "orders" is a root table', "parent"),
    ("another naming", lambda found: found["normalizers"].update(names="direct"), "convention snake_case, not direct", "names"),
]


@pytest.mark.parametrize("change, message, hint", [row[1:] for row in CONTRADICTIONS], ids=[row[0] for row in CONTRADICTIONS])
def test_a_file_that_contradicts_the_rows(edited, shop, change, message, hint):
    file = edited(change)
    before = content(shop.database)
    result = imported(shop, file, want=3)
    assert result.out == "" and message in result.err.partition(" hint: ")[0] and hint in result.err.partition(" hint: ")[2]
    assert content(shop.database) == before


# ---- validate ---------------------------------------------------------------------------------------------------------------------

BROKEN = [
    # what, name, text, what the error says
    ("no YAML", "x.yaml", "tables: [", "line"),
    ("no JSON", "x.json", '{"tables": ', ""),
    ("a list", "x.yaml", "- 1\n", ""),
    ("empty", "x.yaml", "", ""),
    ("data", "x.json", '[{"id": 1}]', ""),
    ("unknown key", "x.yaml", "tabels: {}\n", 'unknown key "tabels"'),
    ("unknown type", "x.yaml", "tables: {t: {columns: {a: {data_type: integer}}}}\n", "integer"),
    ("unknown parent", "x.yaml", "tables: {t: {parent: nowhere, columns: {}}}\n", "nowhere"),
    ("engine of tomorrow", "x.yaml", "engine_version: 99\nname: g\nversion: 1\ntables: {}\n", "99"),
    ("bytes", "x.yaml", b"\xff\xfe\x00", ""),
    ("NUL in a name", "x.yaml", 'tables: {"a\\0b": {columns: {c: {data_type: text}}}}\n', ""),
]


@pytest.mark.parametrize("name, text, words", [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_file_that_is_no_schema(shop, name, text, words):
    """Refused by all verbs alike, with the file's name, and without a change."""
    shop.write(name, text)
    before = content(shop.database)
    for command in (["validate", name], ["show", name], ["import", name, "g.duckdb"], ["diff", "g.duckdb", name], ["export", name, "out.yaml"]):
        result = schema(shop, *command, want=3, **({"dataset": "d"} if "g.duckdb" in command else {}))
        assert result.out == "" and result.err.startswith("error: ") and words in result.err and name in result.err, str(result)
    assert content(shop.database) == before and not (shop.folder / "out.yaml").exists()


def test_validate_looks_at_all_files(shop):
    schema(shop, "export", "g.duckdb", "good.yaml", dataset="d")
    schema(shop, "export", "g.duckdb@1", "good.json", dataset="d")
    shop.write("bad.yaml", "tabels: {}\n")
    shop.write("worse.yaml", "a: [")
    os.symlink("good.yaml", shop.folder / "link.yaml")
    result = schema(shop, "validate", "bad.yaml", "good.yaml", "worse.yaml", "good.json", "link.yaml", "none.yaml", want=3)
    assert result.out == "good.yaml: schema g, version 2\ngood.json: schema g, version 1\nlink.yaml: schema g, version 2\n"
    assert [name for name in ("bad.yaml", "worse.yaml", "none.yaml") if f'"{name}"' in result.err] == ["bad.yaml", "worse.yaml", "none.yaml"]
    assert result.err.count("error: ") == 3
    assert schema(shop, "validate", "good.yaml").out == "good.yaml: schema g, version 2\n"


# ---- what is not there ------------------------------------------------------------------------------------------------------------

MISSING = [
    # what, arguments, what the error says
    ("file", ["show", "none.yaml"], 'there is no file "none.yaml"'),
    ("file to import", ["import", "none.yaml", "g.duckdb"], 'there is no file "none.yaml"'),
    ("folder as a file", ["show", "folder.yaml"], 'can\'t read "folder.yaml"'),
    ("file below a file", ["show", "first.json/x.yaml"], 'can\'t read "first.json/x.yaml"'),
    ("link to itself", ["show", "loop.yaml"], 'can\'t read "loop.yaml"'),
    ("database", ["show", "none.duckdb"], "has no schema of pipeline"),
    ("dataset", ["show", "g.duckdb", "--dataset", "e"], 'dataset "e" of "g.duckdb" has no schema of pipeline "g"'),
    ("pipeline", ["show", "g.duckdb", "--pipeline", "p", "--dataset", "d"], 'has no schema of pipeline "p"'),
    ("version", ["show", "g.duckdb@3", "--dataset", "d"], 'has no version "3"'),
    ("short hash", ["show", "g.duckdb@abc", "--dataset", "d"], 'has no version "abc"'),
    ("hash", ["export", "g.duckdb@abcdef", "--dataset", "d"], 'has no version "abcdef"'),
    ("version in a diff", ["diff", "g.duckdb", "g.duckdb@9", "--dataset", "d"], 'has no version "9"'),
    ("destination", ["show", "shop"], 'unknown destination "shop"'),
]


@pytest.mark.parametrize("arguments, message", [row[1:] for row in MISSING], ids=[row[0] for row in MISSING])
def test_missing(shop, arguments, message):
    (shop.folder / "folder.yaml").mkdir()
    os.symlink("loop.yaml", shop.folder / "loop.yaml")
    result = schema(shop, *arguments, want=3)
    assert result.out == "" and result.err.startswith("error: ") and message in result.err.splitlines()[0] and "\n hint: " in result.err
    assert not (shop.folder / "none.duckdb").exists()


USAGE = [
    # arguments, message, hint
    ([], "what is to be done with a schema?", "show, export, import, diff or validate"),
    (["shwo", "g.duckdb"], 'unknown command "spile schema shwo"', 'did you mean "spile schema show"?'),
    (["frobnicate"], 'unknown command "spile schema frobnicate"', "show, export, import, diff or validate"),
    (["g.duckdb"], 'unknown command "spile schema g.duckdb"', "show, export, import, diff or validate"),
    (["show"], '"spile schema show" takes 1 operand, not 0', "--help"),
    (["show", "a", "b"], '"spile schema show" takes 1 operand, not 2', "--help"),
    (["export"], '"spile schema export" takes at least 1 operand, not 0', "--help"),
    (["export", "a", "b", "c"], '"spile schema export" takes at most 2 operands, not 3', "--help"),
    (["import", "x.yaml"], '"spile schema import" takes 2 operands, not 1', "--help"),
    (["diff", "x.yaml"], '"spile schema diff" takes 2 operands, not 1', "--help"),
    (["validate"], '"spile schema validate" takes at least 1 operand, not 0', "--help"),
    (["show", "g.duckdb", "--jsno"], 'unknown option "--jsno"', "did you mean --json?"),
    (["show", "g.duckdb", "--exitcode"], 'unknown option "--exitcode"', "did you mean --exit-code?"),
    (["show", "g.duckdb", "--dataset="], "--dataset must be", None),
    (["show", "g.duckdb", "--dataset"], "--dataset needs a value", None),
    (["show", "g.duckdb", "--pipeline", "a b"], '"a b" can\'t be the name of a pipeline', "letters"),
]


@pytest.mark.parametrize("arguments, message, hint", USAGE, ids=[" ".join(row[0]) or "nothing" for row in USAGE])
def test_usage_error(work, arguments, message, hint):
    result = schema(work, *arguments, want=2)
    first, _, rest = result.err.partition("\n")
    assert first.startswith(f"error: {message}") and (hint is None or (rest.startswith(" hint: ") and hint in rest))
    assert [path for path in work.folder.iterdir() if path.name != "data"] == []


def test_help(work):
    result = schema(work, "--help")
    assert result.out.startswith("  spile schema show shop.duckdb\n")
    assert all(re.search(rf"^  {verb} ", result.out, re.M) for verb in ("show", "export", "import", "diff", "validate"))
    assert all(re.search(rf"\b{code} ", result.out.partition("Exit codes")[2]) for code in (0, 2, 3, 5, 8, 9))
    assert max(map(len, result.out.splitlines())) <= 84


# ---- the database's side ----------------------------------------------------------------------------------------------------------

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_database_that_another_process_holds(shop):
    schema(shop, "export", "g.duckdb", "x.yaml", dataset="d")
    with subprocess.Popen([sys.executable, "-c", HOLD, str(shop.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        for command in (["show", "g.duckdb"], ["import", "x.yaml", "g.duckdb"], ["diff", "x.yaml", "g.duckdb"]):
            result = schema(shop, *command, dataset="d", want=5)
            assert "g.duckdb" in result.err
        holder.stdin.close()
    assert schema(shop, "show", "g.duckdb", dataset="d").out


def test_file_that_is_no_database(shop):
    schema(shop, "export", "g.duckdb", "x.yaml", dataset="d")
    text = shop.write("fake.duckdb", "not a database at all\n" * 1000).read_bytes()
    for command in (["show", "fake.duckdb"], ["export", "fake.duckdb"], ["import", "x.yaml", "fake.duckdb"]):
        assert "fake.duckdb" in schema(shop, *command, want=5).err
    assert (shop.folder / "fake.duckdb").read_bytes() == text


def test_import_waits_for_nobody(shop):
    """A run that holds the pipeline's lock is told of."""
    schema(shop, "export", "g.duckdb", "x.yaml", dataset="d")
    with open(shop.data / "pipelines" / "g" / "lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = imported(shop, "x.yaml", want=8)
        assert "g" in result.err
    imported(shop, "x.yaml")


# ---- terminals --------------------------------------------------------------------------------------------------------------------

ODD = [{"a\u001b[31mb": 1, "bell\u0007": [{"c\u007f": 2}]}]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A dataset and files with names that a terminal would obey."""
    work = Workspace(tmp_path_factory.mktemp("odd"))
    work.load(work.write("odd.json", ODD), table="t\u001b]0;x", dataset="d", naming="direct")
    work.write("x.yaml", "tables: {}\n")
    work.write("x\u001b.yaml", "tables: {}\n")
    work.write("y\u001b.yaml", 'tables: {}\n"k\\e": 1\n')
    return work


def on_a_terminal(work, *words):
    """What a terminal gets from the command. It makes "\\r\\n" of each line's end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([place("SPILE"), *words], cwd=work.folder, env={**work.environ(), "TERM": "xterm"}, stdin=subprocess.DEVNULL,
                               stdout=theirs, stderr=theirs)
    os.close(theirs)
    parts = []
    while True:
        try:
            parts.append(os.read(ours, 65536))
        except OSError:  # the other side is closed
            break
    os.close(ours)
    process.wait()
    return b"".join(parts).decode().replace("\r\n", "\n")


ON_TERMINAL = [("schema", "show", "g.duckdb"), ("schema", "show", "g.duckdb", "--yaml"), ("schema", "show", "g.duckdb", "--json"),
               ("schema", "export", "g.duckdb"), ("schema", "diff", "x.yaml", "g.duckdb"), ("schema", "diff", "g.duckdb", "x.yaml", "--json"),
               ("plan", "odd.json", "--to", "new.duckdb", "--naming", "direct", "--no-progress"),
               ("plan", "odd.json", "--to", "new.duckdb", "--naming", "direct", "--no-progress", "--json")]
WITHOUT_DATA = [("validate", "x\u001b.yaml"), ("validate", "y\u001b.yaml"), ("import", "y\u001b.yaml", "g.duckdb"), ("show", "g.duckdb@\u001b"),
                ("show\u001b", "x.yaml")]


@pytest.mark.parametrize("words", [*ON_TERMINAL, *(("schema", *words) for words in WITHOUT_DATA)], ids=" ".join)
def test_control_characters_do_not_reach_the_terminal(odd, words):
    got = on_a_terminal(odd, *words, *(["--dataset", "d"] if "validate" not in words else []))
    assert len(got) > 10 and not re.search(r"[\0-\x09\x0b-\x1f\x7f]", got), repr(got)
    assert re.search(r"1[Bb]|\\e", got)  # each has a name with an escape


def test_a_pipe_gets_them_as_they_are(odd):
    """So that the output can be run, or read again."""
    plan = odd.spile("plan", "odd.json", to="new.duckdb", naming="direct", dataset="d").out
    assert '"a\x1b[31mb" BIGINT' in plan
    assert all("\x1b" not in line for line in plan.splitlines() if line.startswith("--"))
