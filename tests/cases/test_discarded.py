# ctest: labels=cases timeout=300
"""--discarded FILE: what contracts leave out, as lines of JSON with reason and place, and how it comes back.

Expected values: counted from the documents here; loading all with an evolving contract, which test_evolution.py compares with dlt.
"""
import collections
import gzip
import json

import duckdb
import pytest

from dataset import compare_rows, digests, read_dataset, report
from engine import Workspace

SEED = [{"id": 1, "a": 1, "o": {"x": 1}, "l": [{"k": 1}]}]
LINES = [
    '{"id": 2, "new": 1, "l": [{"k": 2}]}',
    '{"id": 3, "a": "x", "l": [{"k": "y"}, {"z": 1}, 5, [1, 2]], "o": {"q": 2}}',
    '{"id": 4, "m": [1, {"a": 2}, [3]], "l": null}',
    '{"id": 5, "new": null}',
    '{"id": 6, "o": {"x": 2, "q": {"r": 3}}, "m": []}',
    '{"id": 7, "new": "again", "a": "z"}',
]
ROWS = [json.loads(line) for line in LINES]


def place(number):
    return sum(len(line) + 1 for line in LINES[:number])


def row(number, table, entity, mode, column=None, data=None):
    return (table, column, f"{entity}: {mode}", place(number), "row", ROWS[number] if data is None else data)


def value(number, table, column, entity, data):
    return (table, column, f"{entity}: discard_value", place(number), "value", data)


def rows_of_m(mode):
    return [row(2, "t__m", "tables", mode, data=element) for element in ROWS[2]["m"]]


# contract: lines as (table, column, contract, byte, row or value, data)
LEFT_OUT = {
    "columns=discard_row": [
        row(0, "t", "columns", "discard_row", "new"), row(1, "t", "columns", "discard_row", "o__q"),
        row(2, "t__m", "columns", "discard_row", "a", {"a": 2}),  # the first row of a new table has made its columns
        row(4, "t", "columns", "discard_row", "o__q__r"), row(5, "t", "columns", "discard_row", "new")],
    "columns=discard_value": [
        value(0, "t", "new", "columns", 1), value(1, "t", "o__q", "columns", 2), value(1, "t__l", "z", "columns", 1), value(1, "t__l", "value", "columns", 5),
        value(2, "t__m", "a", "columns", 2), value(4, "t", "o__q__r", "columns", 3), value(5, "t", "new", "columns", "again")],
    "data_type=discard_row": [row(1, "t", "data_type", "discard_row", "a"), row(5, "t", "data_type", "discard_row", "new")],
    "data_type=discard_value": [
        value(1, "t", "a", "data_type", "x"), value(1, "t__l", "k", "data_type", "y"), value(5, "t", "new", "data_type", "again"),
        value(5, "t", "a", "data_type", "z")],
    "tables=discard_row": [*(row(1, "t__l__list", "tables", "discard_row", data=element) for element in (1, 2)), *rows_of_m("discard_row")],
    "tables=discard_value": [*(row(1, "t__l__list", "tables", "discard_value", data=element) for element in (1, 2)), *rows_of_m("discard_value")],
    "discard_row": [
        row(0, "t", "columns", "discard_row", "new"), row(1, "t", "columns", "discard_row", "o__q"), *rows_of_m("discard_row"),
        row(4, "t", "columns", "discard_row", "o__q__r"), row(5, "t", "columns", "discard_row", "new")],
    # a value of a row that is left out is no value that was left out
    "columns=discard_value,data_type=discard_row": [
        value(0, "t", "new", "columns", 1), row(1, "t", "data_type", "discard_row", "a"), value(2, "t__m", "a", "columns", 2),
        value(4, "t", "o__q__r", "columns", 3),
        row(5, "t", "data_type", "discard_row", "a")],
    "evolve": [],
}


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def seeded(work, documents=SEED):
    work.load(work.write("seed.json", documents), table="t", dataset="d")
    return work


def load(work, content, contract, **options):
    """The report and the file's lines."""
    path = work.folder / "out.jsonl"
    info = work.load(work.write("t.json", content), table="t", dataset="d", contract=contract, discarded=path, **options)
    return info, read(path)


def check_counts(info, lines):
    """The report counts as many as there are lines, table by table."""
    counts = collections.Counter((line["table"], "row" if "row" in line else "value") for line in lines)
    told = {(table["name"], kind): table[f"discarded_{kind}s"] for table in info["tables"] for kind in ("row", "value") if table[f"discarded_{kind}s"]}
    assert told == counts


@pytest.mark.parametrize("contract", LEFT_OUT)
def test_lines(work, contract):
    info, lines = load(seeded(work), "\n".join(LINES) + "\n", contract, load_id="1764000000.5")
    assert [(line["table"], line.get("column"), line["contract"], line["byte"], kind, line[kind])
            for line in lines for kind in ("row", "value") if kind in line] == LEFT_OUT[contract]
    assert all(line["load_id"] == "1764000000.5" and line["file"].endswith("t.json") and line["set_by"] == "t" for line in lines)
    check_counts(info, lines)


def test_nested_rows(work):
    """A row of a list is left out alone, with what is below it; the row that it belongs to stays."""
    documents = [{"id": 2, "l": [{"k": 2}, {"k": 3, "z": 1, "deep": [1, 2]}, {"k": "x"}]}, {"id": 3, "l": [{"z": 2}]}]
    info, lines = load(seeded(work), documents, "discard_row")
    assert [(line["table"], line["column"], line["contract"], line["row"]) for line in lines] == [
        ("t__l", "z", "columns: discard_row", documents[0]["l"][1]), ("t__l", "k", "data_type: discard_row", {"k": "x"}),
        ("t__l", "z", "columns: discard_row", {"z": 2})]
    check_counts(info, lines)
    assert read_dataset(work.database).counts == {"t": 3, "t__l": 2}


def test_the_schema_sets_the_contract(work):
    """A new table is the schema's affair; each item of it is a row."""
    schema = work.write("s.json", {"settings": {"schema_contract": {"tables": "discard_row"}}, "tables": {}})
    seeded(work)
    out = work.folder / "out.jsonl"
    info = work.load(work.write("u.json", [{"x": 1}, 5, [{"y": 2}]]), table="u", dataset="d", schema=schema, discarded=out)
    assert [(line["table"], line["set_by"], line["row"]) for line in read(out)] == [
        ("u", "the schema", {"x": 1}), ("u", "the schema", 5), ("u", "the schema", {"y": 2})]
    check_counts(info, read(out))


# ---- loading it again --------------------------------------------------------------------------------------------------------------

MANY = [{"id": i, "a": i if i % 5 else str(i) + "x", **({"new": i} if i % 3 == 0 else {}), "o": {"x": i, **({"q": "q"} if i % 7 == 0 else {})},
         "l": [{"k": i, **({"m": [i]} if i % 2 else {})}] * (i % 3)} for i in range(400)]


@pytest.mark.parametrize("contract", ["columns=discard_row", "data_type=discard_row", "columns=discard_row,data_type=discard_row"])
def test_rows_come_back(work, tmp_path, contract):
    """The rows of the file, loaded again with an evolving contract, complete the dataset: as if all had been loaded so."""
    info, lines = load(seeded(work), MANY, contract)
    assert {line["table"] for line in lines} == {"t"} and 0 < len(lines) < len(MANY)
    work.load(work.write_lines("again.json", [line["row"] for line in lines]), table="t", dataset="d", contract="evolve")
    whole = seeded(Workspace(tmp_path / "whole"))
    whole.load(whole.write("t.json", MANY), table="t", dataset="d")
    got, want = read_dataset(work.database), read_dataset(whole.database)
    assert got.counts == want.counts
    assert not (differences := compare_rows(got, want, loads=False)), report(differences)


def test_values_tell_what_is_missing(work, tmp_path):
    """By table and column there are as many values left out as an evolving load has more of."""
    _, lines = load(seeded(work), MANY, "columns=discard_value,data_type=discard_value")
    whole = seeded(Workspace(tmp_path / "whole"))
    whole.load(whole.write("t.json", MANY), table="t", dataset="d")
    table = read_dataset(whole.database)["t"]
    found = {name: sorted(str(line["value"]) for line in lines if line["column"] == name) for name in {line["column"] for line in lines if line["table"] == "t"}}
    assert found == {name: sorted(str(text) for text in table.values(column) if text is not None)
                     for name, column in (("new", "new"), ("a", "a__v_text"), ("o__q", "o__q"))}


# ---- workers, chunks, other inputs -------------------------------------------------------------------------------------------------


def shuffled(count):
    """What one worker knows of refused keys by its first rows, another one learns in the middle."""
    for i in range(count):
        yield {"id": i, **({"new": 1} if i == 0 else {"a": "x", f"n{i % 3}": 1, "new": 2} if i % 5 == 2 else {"n1": 1, "a": i} if i % 7 == 3 else {"a": 1}),
               "l": [{"k": i, **({"z": 1} if i % 4 == 0 else {}), "m": [i]}, i, [i]], "p": "p" * 80}


@pytest.mark.parametrize("contract", ["columns=discard_row", "columns=discard_row,data_type=discard_value", "columns=discard_value,data_type=discard_row",
                                      "discard_row", "discard_value"])
def test_workers_and_chunks(tmp_path, contract):
    """The same lines in the same order, the same rows and the same schema."""
    seen = []
    for chunk_bytes, workers in [(1 << 22, 1), (4096, 1), (4096, 4), (9000, 3)]:
        work = Workspace(tmp_path / f"{chunk_bytes}-{workers}")
        work.load(work.write("seed.json", [{"p": "", **SEED[0]}]), table="t", dataset="d", load_id="1764000000.1")
        out = work.folder / "out.jsonl"
        info = work.load_chunked(work.write_lines("t.json", shuffled(500)), chunk_bytes=chunk_bytes, workers=workers, table="t", dataset="d",
                                 contract=contract, discarded=out, load_id="1764000000.2")
        lines = read(out)
        check_counts(info, lines)
        seen.append(([{**line, "file": ""} for line in lines], digests(work.database)))
    assert len(seen[0][0]) > 100
    for lines, digest in seen[1:]:
        assert lines == seen[0][0] and digest == seen[0][1]


def test_gzip_and_standard_input(work):
    """Places are those of the text, not of the compressed bytes."""
    text = ("\n".join(LINES) + "\n").encode()
    _, plain = load(seeded(work), text, "discard_value")
    _, packed = load(work, gzip.compress(text), "discard_value")
    with open(work.write("t.json", text), "rb") as file:
        work.load("-", stdin=file, table="t", dataset="d", contract="discard_value", discarded=work.folder / "in.jsonl")
    piped = read(work.folder / "in.jsonl")
    for lines in (packed, piped):
        assert [{**line, "file": "", "load_id": ""} for line in lines] == [{**line, "file": "", "load_id": ""} for line in plain]
    assert len(plain) == 14 and all("standard input" in line["file"] for line in piped)


# ---- the file ----------------------------------------------------------------------------------------------------------------------


def files(work):
    return sorted(path.name for path in work.folder.iterdir() if "out" in path.name or ".part" in path.name)


@pytest.mark.parametrize("older", [None, "older\n"])
@pytest.mark.parametrize("content, contract, code", [
    (LINES[0] + '\n{"id": }\n', "discard_row", 4), ("\n".join(LINES), "columns=discard_row,data_type=freeze", 6), ('{"id": 9, "b": 1}\n{"l": [', "discard_value", 4)])
def test_a_load_that_fails_leaves_no_file(work, older, content, contract, code):
    seeded(work)
    if older:
        work.write("out.jsonl", older)
    result = work.run(work.write("t.json", content), table="t", dataset="d", contract=contract, discarded="out.jsonl")
    assert result.code == code, str(result)
    assert files(work) == (["out.jsonl"] if older else [])
    assert not older or (work.folder / "out.jsonl").read_text() == older


def test_a_commit_that_fails_leaves_no_file(work):
    """The database refuses the rows after all of them have been looked at."""
    seeded(work)
    with duckdb.connect(str(work.database)) as connection:
        connection.execute("alter table d.t alter id type varchar[] using [id::varchar]")
    result = work.run(work.write("t.json", "\n".join(LINES)), table="t", dataset="d", contract="discard_row", discarded="out.jsonl")
    assert result.code == 5 and files(work) == [], str(result)


def test_rows_that_are_kept_keep_what_was_left_out(work):
    """Standard input can't be read again: its package waits for the next run, and so what the contract left out of it must be had now."""
    seeded(work)
    with duckdb.connect(str(work.database)) as connection:
        connection.execute("alter table d.t alter id type varchar[] using [id::varchar]")
    with open(work.write("t.json", "\n".join(LINES)), "rb") as file:
        result = work.run("-", stdin=file, table="t", dataset="d", contract="columns=discard_row", discarded="out.jsonl")
    assert result.code == 5 and "the next run of this pipeline loads them first" in result.err, str(result)
    assert [line["byte"] for line in read(work.folder / "out.jsonl")] == [place(n) for n in (0, 1, 2, 4, 5)] and files(work) == ["out.jsonl"]


def test_an_older_file_is_replaced(work):
    work.write("out.jsonl", "older\n" * 1000)
    _, lines = load(seeded(work), "\n".join(LINES), "data_type=discard_row")
    assert len(lines) == 2 and files(work) == ["out.jsonl"]


def test_nothing_is_left_out(work):
    """Then the file is empty, rather than an older load's."""
    work.write("out.jsonl", "older\n")
    _, lines = load(seeded(work), SEED, "discard_row")
    assert lines == [] and files(work) == ["out.jsonl"]


def test_a_load_id_that_is_there_leaves_the_file_alone(work):
    seeded(work)
    load(work, "\n".join(LINES), "discard_row", load_id="1764000000.5")
    before = (work.folder / "out.jsonl").read_bytes()
    info, _ = load(work, "\n".join(LINES[:1]), "discard_row", load_id="1764000000.5")
    assert info["already_loaded"] is True and (work.folder / "out.jsonl").read_bytes() == before != b""


def test_missing_folder(work):
    before = digests(seeded(work).database)
    result = work.run(work.write("t.json", SEED), table="t", dataset="d", contract="discard_row", discarded="nowhere/out.jsonl")
    assert result.code == 1 and "nowhere/out.jsonl" in result.err and "folder that exists" in result.err, str(result)
    assert digests(work.database) == before
