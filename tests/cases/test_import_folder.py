# ctest: labels=cases;small timeout=300
"""Schema files of a pipeline, --import-schema and --export-schema, and --dev-mode: dlt's "adjust a schema" with spile.

Expected values: what dlt does with import_schema_path and export_schema_path for the same documents and the same edits.
"""
import datetime
import json
import os
import re
import shutil
import time

import pytest
import yaml

import beside
from beside import dlt
from dataset import content, read_dataset

ORDERS = [{"id": 1, "price": 1.5, "extra": {"a": 1}, "list": [1]}]
MORE = [{"id": 2, "price": 2.25, "extra": {"b": {"c": 2}}, "list": [2, 3], "order_no": 7, "created_at": 1700000000, "late": True}]
FILE = "g.schema.yaml"


def load(work, documents=ORDERS, import_schema="in", export_schema="out", table="orders", **options):
    return work.load(work.write("documents.json", documents), table=table, dataset="d", import_schema=import_schema, export_schema=export_schema, **options)


def refused(work, want, documents=MORE, import_schema="in", **options):
    """A load that must fail, and change nothing. Its error."""
    before = content(work.database)
    result = work.run(work.write("documents.json", documents), table="orders", dataset="d", import_schema=import_schema, **options)
    assert (result.code, result.out) == (want, ""), str(result)
    assert content(work.database) == before
    return result.err


def dlt_load(folder, *resources, form="yaml", **options):
    """The same by dlt, with folders of the same names below `folder`."""
    with beside.environment(SCHEMA__EXTERNAL_SCHEMA_FORMAT=form):
        pipe = beside.pipeline(folder / "g.duckdb", folder / "dlt", import_schema_path=str(folder / "in"), export_schema_path=str(folder / "out"))
        pipe.run(list(resources) or dlt.resource(ORDERS, name="orders"), **options)
        pipe.deactivate()


def edit(folder, change, name=FILE):
    path = folder / "in" / name
    found = yaml.safe_load(path.read_text())
    change(found)
    path.write_text(json.dumps(found) if name.endswith("json") else yaml.safe_dump(found, sort_keys=False))


def without_line(text):
    """A schema file without what tells how often it was stored: dlt stores the empty schema first, and books once more."""
    return {key: value for key, value in yaml.safe_load(text).items() if key not in ("version", "previous_hashes")}


@pytest.fixture
def beside_dlt(tmp_path):
    folder = tmp_path / "beside"
    folder.mkdir()
    return folder


# ---- the first load ---------------------------------------------------------------------------------------------------------------

FIRST = [
    # what, options of spile, resources of dlt, options of its run
    ("plain", {}, lambda: [dlt.resource(ORDERS, name="orders")], {}),
    ("replace", {"write": "replace"}, lambda: [dlt.resource(ORDERS, name="orders", write_disposition="replace")], {}),
    ("nesting", {"max_nesting": 1}, lambda: [dlt.resource(ORDERS, name="orders", max_table_nesting=1)], {}),
    ("column", {"columns": "price:decimal"}, lambda: [dlt.resource(ORDERS, name="orders", columns={"price": {"data_type": "decimal"}})], {}),
    ("name", {"table": "Some Orders"}, lambda: [dlt.resource(ORDERS, name="Some Orders")], {}),
    ("naming", {"naming": "direct"}, lambda: [dlt.resource(ORDERS, name="orders")], {}),
]


@pytest.mark.parametrize("options, resources, run_options", [row[1:] for row in FIRST], ids=[row[0] for row in FIRST])
def test_first_load_writes_the_file(work, beside_dlt, options, resources, run_options):
    """The schema as it is before the data, byte for byte what dlt writes but for the line of versions; its hash is kept in the dataset."""
    load(work, **options)
    with beside.environment(SCHEMA__NAMING=options.get("naming")):
        dlt_load(beside_dlt, *resources(), **run_options)
    got, want = ((folder / "in" / FILE).read_text() for folder in (work.folder, beside_dlt))
    assert got == re.sub(r"previous_hashes:\n(- .*\n)+", "previous_hashes: []\n", want)
    assert "x-normalizer" not in got and got.startswith("version: 1\n")
    stored = [read_dataset(folder / "g.duckdb").schema for folder in (work.folder, beside_dlt)]
    assert stored[0]["imported_version_hash"] == stored[1]["imported_version_hash"] == yaml.safe_load(got)["version_hash"]


def test_export_is_the_stored_schema(work, beside_dlt):
    load(work)
    dlt_load(beside_dlt)
    got, want = ((folder / "out" / FILE).read_text() for folder in (work.folder, beside_dlt))
    assert without_line(got) == without_line(want)
    assert got == work.spile("schema", "export", "g.duckdb", dataset="d").out and "seen-data: true" in got


def test_folders_are_made(work):
    load(work, import_schema="a/b/in", export_schema="c/d/out/")
    assert (work.folder / "a/b/in" / FILE).exists() and (work.folder / "c/d/out" / FILE).exists()


def test_one_folder_for_both(work, beside_dlt):
    """An export into the import folder leaves processing hints out, and is no edit: the hash is linked by the next load."""
    load(work, import_schema="in", export_schema="in")
    text = (work.folder / "in" / FILE).read_text()
    assert "x-normalizer" not in text and "price" in text
    dlt_load(beside_dlt)
    want = yaml.safe_load((beside_dlt / "out" / FILE).read_text())["tables"]
    for table in want.values():
        table.pop("x-normalizer", None)
    assert yaml.safe_load(text)["tables"] == want


# ---- edits ------------------------------------------------------------------------------------------------------------------------


def columns_of(found, **columns):
    found["tables"]["orders"]["columns"].update(columns)


EDITS = [
    # what, change
    ("decimal", lambda found: columns_of(found, total={"data_type": "decimal", "precision": 10, "scale": 2})),
    ("json", lambda found: columns_of(found, late={"data_type": "json"})),
    ("text for numbers", lambda found: columns_of(found, order_no={"data_type": "text"})),
    ("contract of a table", lambda found: found["tables"]["orders"].update(schema_contract={"data_type": "discard_value"})),
    ("preferred type", lambda found: found["settings"].update(preferred_types={"re:_at$": "timestamp"})),
    ("default hint", lambda found: found["settings"]["default_hints"].update({"unique": ["_dlt_id", "re:^order_"]})),
    ("description", lambda found: found["tables"]["orders"].update(description="what was sold")),
    ("another table", lambda found: found["tables"].update(extra={"columns": {"id": {"data_type": "bigint"}}})),
]


@pytest.mark.parametrize("change", [row[1] for row in EDITS], ids=[row[0] for row in EDITS])
def test_next_load_takes_an_edit_over(work, beside_dlt, change):
    """As dlt does with the same edit of the same file, and as one new version of the schema."""
    load(work)
    dlt_load(beside_dlt)
    assert (before := read_dataset(work.database)).versions[-1]["version"] == 1
    for folder in (work.folder, beside_dlt):
        edit(folder, change)
    load(work, MORE)
    dlt_load(beside_dlt, dlt.resource(MORE, name="orders"))
    got, want = read_dataset(work.database), read_dataset(beside_dlt / "g.duckdb")
    assert len(got.versions) == len(before.versions) + 1 and got.versions[-1]["version"] == 2
    assert got.schema["previous_hashes"] == [before.schema["version_hash"]]
    assert got.schema["imported_version_hash"] == want.schema["imported_version_hash"] != before.schema["imported_version_hash"]
    assert got.schema["tables"] == want.schema["tables"] and got.schema["settings"] == want.schema["settings"]
    assert got.schema["version_hash"] == want.schema["version_hash"]
    assert {name: table.columns for name, table in got.data_tables.items()} == {name: table.columns for name, table in want.data_tables.items()}
    assert got.counts == want.counts and got["orders"].values("id") == want["orders"].values("id")
    assert without_line((work.folder / "out" / FILE).read_text()) == without_line((beside_dlt / "out" / FILE).read_text())


def test_unedited_file_is_no_new_version(work):
    for documents in (ORDERS, ORDERS, ORDERS):
        load(work, documents)
    first = (work.folder / "in" / FILE).read_bytes()
    load(work)
    assert (work.folder / "in" / FILE).read_bytes() == first
    assert len(read_dataset(work.database).versions) == 1 and read_dataset(work.database)["orders"].values("id") == [1] * 4


def test_data_wins_as_long_as_the_file_stays(work):
    """What later loads add to the schema is not undone by a file that nobody has edited since."""
    load(work)
    edit(work.folder, lambda found: columns_of(found, total={"data_type": "decimal"}))
    load(work, MORE)
    load(work, [{"id": 3, "new": 1}])
    load(work, [{"id": 4}])
    dataset = read_dataset(work.database)
    assert [row["version"] for row in dataset.versions] == [1, 2, 3] and {"new", "late"} <= set(dataset["orders"].names)


@pytest.mark.parametrize("name, text", [("g.schema.yaml", "tables: {orders: {columns: {price: {data_type: decimal}}}}\n"),
                                        ("g.schema.json", '{"tables": {"orders": {"columns": {"price": {"data_type": "decimal"}}}}}')])
def test_file_that_is_there_before_the_first_load(work, name, text):
    """Written by hand, in either form: no file is written then."""
    work.write(f"in/{name}", text)
    load(work)
    assert os.listdir(work.folder / "in") == [name] and (work.folder / "in" / name).read_text() == text
    assert ("price", "DECIMAL(38,9)", True) in read_dataset(work.database)["orders"].columns


def test_file_that_dlt_wrote_makes_a_new_dataset(work, beside_dlt):
    """dlt's file knows the table of the state, but not yet all its columns."""
    dlt_load(beside_dlt)
    edit(beside_dlt, lambda found: columns_of(found, price={"data_type": "decimal"}))
    shutil.copytree(beside_dlt / "in", work.folder / "in")
    shutil.copytree(beside_dlt / "in", beside_dlt / "new" / "in")
    load(work)
    dlt_load(beside_dlt / "new")
    got, want = read_dataset(work.database), read_dataset(beside_dlt / "new" / "g.duckdb")
    assert got.schema["tables"] == want.schema["tables"] and got.schema["version_hash"] == want.schema["version_hash"]
    assert {name: table.columns for name, table in got.tables.items()} == {name: table.columns for name, table in want.tables.items()}


def test_json_is_edited_as_yaml_is(work):
    load(work)
    found = yaml.safe_load((work.folder / "in" / FILE).read_text())
    (work.folder / "in" / FILE).unlink()
    work.write("in/g.schema.json", found)
    load(work)
    assert len(read_dataset(work.database).versions) == 1  # the same content in another form
    edit(work.folder, lambda found: columns_of(found, order_no={"data_type": "text"}), "g.schema.json")
    load(work, MORE)
    assert ("order_no", "VARCHAR", True) in read_dataset(work.database)["orders"].columns
    assert not (work.folder / "in" / FILE).exists()


def test_yaml_comes_before_json(work):
    work.write("in/g.schema.yaml", "tables: {orders: {columns: {id: {data_type: text}}}}\n")
    work.write("in/g.schema.json", {"tables": {"orders": {"columns": {"id": {"data_type": "double"}}}}})
    load(work)
    assert ("id", "VARCHAR", True) in read_dataset(work.database)["orders"].columns


def test_contract_in_the_file_is_obeyed(work):
    load(work)
    edit(work.folder, lambda found: found["tables"]["orders"].update(schema_contract="freeze") or
         columns_of(found, id={"data_type": "bigint"}, price={"data_type": "double"}))
    assert "contract" in refused(work, 6)
    edit(work.folder, lambda found: found["tables"]["orders"].update(schema_contract={"columns": "discard_value"}))
    load(work, MORE)
    assert "late" not in read_dataset(work.database)["orders"].names


# ---- what goes wrong --------------------------------------------------------------------------------------------------------------

BROKEN = [
    # what, text, words of the error
    ("no YAML", "tables: [\n", "line 2"),
    ("empty", "", ""),
    ("a list", "- 1\n", ""),
    ("unknown key", "tables:\n  orders: {colums: {}}\n", 'unknown key "colums"'),
    ("unknown type", "tables: {orders: {columns: {id: {data_type: number}}}}\n", "number"),
    ("unknown naming", "normalizers: {names: camel}\ntables: {}\n", "camel"),
    ("unknown contract", "tables: {orders: {schema_contract: freez}}\n", "freez"),
    ("bytes", b"\xff\xfe\x00\x00", ""),
    ("type of a column with rows", "tables: {orders: {columns: {id: {data_type: text}}}}\n", 'column "id" of table "orders"'),
    ("a nested table made a root", "tables: {orders__list: {columns: {}}}\n", 'table "orders__list" is a nested table'),
    ("another naming", "normalizers: {names: direct}\ntables: {}\n", "convention snake_case, not direct"),
]


@pytest.mark.parametrize("text, words", [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_broken_file(work, text, words):
    """Exit code 3 with file, place and remedy; the dataset and the file stay as they are."""
    load(work)
    work.write(f"in/{FILE}", text)
    error = refused(work, 3)
    assert error.startswith("error: ") and words in error and f'import file "in/{FILE}"' in error and "\n hint: " in error, error
    assert (work.folder / "in" / FILE).read_bytes() == (text if isinstance(text, bytes) else text.encode())


def test_file_that_can_not_be_read(work):
    load(work)
    (work.folder / "in" / FILE).unlink()
    (work.folder / "in" / FILE).mkdir()
    error = refused(work, 3)
    assert error.startswith(f'error: can\'t read "in/{FILE}": ') and "hint: " in error


def test_link_is_followed(work):
    work.write("elsewhere.yaml", "tables: {orders: {columns: {id: {data_type: text}}}}\n")
    (work.folder / "in").mkdir()
    os.symlink("../elsewhere.yaml", work.folder / "in" / FILE)
    load(work)
    assert ("id", "VARCHAR", True) in read_dataset(work.database)["orders"].columns


@pytest.mark.parametrize("folder", ["documents.json", "documents.json/in"])
def test_import_folder_that_can_not_be_written(work, folder):
    """Nothing is loaded: the file would be missing at the next load."""
    assert folder in refused(work, 3, import_schema=folder)


def test_export_folder_that_can_not_be_written(work):
    """The load is done by then, and the error says so."""
    result = work.run(work.write("documents.json", ORDERS), table="orders", dataset="d", export_schema="documents.json/out", load_id="one")
    assert result.code == 1 and "documents.json" in result.err.splitlines()[0], str(result)
    assert "the load itself is done, with load id one: do not repeat it" in result.err and "SPILE_DATA_DIR" not in result.err
    assert read_dataset(work.database)["orders"].values("id") == [1]


def test_failed_load_exports_nothing(work):
    load(work)
    before = (work.folder / "out" / FILE).read_bytes()
    refused(work, 4, export_schema="out", documents="{")
    assert (work.folder / "out" / FILE).read_bytes() == before


# ---- dev mode ---------------------------------------------------------------------------------------------------------------------


def datasets(work):
    return sorted({dataset for dataset, _ in content(work.database)})


def test_dev_mode(work):
    """Each load gets a dataset of its own, named after its second; those that are there stay as they are."""
    work.load(work.write("documents.json", ORDERS), table="orders", dataset="d")
    before = content(work.database)
    began, reports = datetime.datetime.now(datetime.timezone.utc), []
    for _ in range(2):
        reports.append(work.load("documents.json", table="orders", dataset="d", dev_mode=True))
        time.sleep(1.1)
    ended = datetime.datetime.now(datetime.timezone.utc)
    names = [report["dataset"] for report in reports]
    assert len(set(names)) == 2 and datasets(work) == sorted(["d", *names])
    for name in names:
        stamp = datetime.datetime.strptime(name, "d_%Y%m%d%H%M%S").replace(tzinfo=datetime.timezone.utc)
        assert began - datetime.timedelta(seconds=1) <= stamp <= ended
        dataset = read_dataset(work.database, name)
        assert dataset["orders"].columns == read_dataset(work.database)["orders"].columns and dataset.counts == {"orders": 1, "orders__list": 1}
        assert len(dataset.versions) == 1 and len(dataset.loads) == 1
    assert {name: rows for name, rows in content(work.database).items() if name[0] == "d"} == before


def test_dev_mode_without_a_dataset_name(work):
    report = work.load(work.write("documents.json", ORDERS), table="orders", dev_mode=True)
    assert re.fullmatch(r"g_dataset_\d{14}", report["dataset"]) and datasets(work) == [report["dataset"]]


def test_dev_mode_with_schema_files(work):
    """The file belongs to the schema's name: it shapes each new dataset."""
    load(work)
    edit(work.folder, lambda found: columns_of(found, price={"data_type": "decimal"}))
    report = load(work, dev_mode=True)
    assert ("price", "DECIMAL(38,9)", True) in read_dataset(work.database, report["dataset"])["orders"].columns
