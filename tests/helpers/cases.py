"""The recorded cases of tests/conformance/golden as datasets, and how spile is asked to do them."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))

import record  # noqa: E402
from dataset import Dataset, Table  # noqa: E402


def recorded_dataset(case):
    tables = {name: Table([tuple(column) for column in table["columns"]], table["rows"]) for name, table in case["tables"].items()}
    for name, column, documents in (("_dlt_version", "schema", case["schemas"]), ("_dlt_pipeline_state", "state", case["states"])):
        table = tables[name]
        for row, document in zip(table.rows, documents, strict=True):
            row[table.names.index(column)] = json.dumps(document)
    return Dataset(tables)


def case(name):
    """(options, loads, expected dataset)"""
    found = record.read(name)
    return found["options"], found["loads"], recorded_dataset(found)


def column_words(columns, table=None):
    """As --columns takes them: dlt's {"price": {"data_type": "decimal", "precision": 10, "scale": 2}} is "price:decimal(10,2)"."""
    words = []
    for name, column in columns.items():
        numbers = [str(column[key]) for key in ("precision", "scale") if key in column]
        word = f"{table + '.' if table else ''}{name}:{column.get('data_type', '')}{'(' + ','.join(numbers) + ')' if numbers else ''}"
        for key, value in column.items():
            if key == "nullable":
                word += ":null" if value else ":not_null"
            elif key == "timezone":
                word += "" if value else ":naive"
            elif key not in ("name", "data_type", "precision", "scale"):
                word += f":{key}" if value is True else f":{key}={value}"
        words.append(word)
    return ",".join(words)


def names_of(keys):
    return keys if isinstance(keys, str) else ",".join(keys)


def hint_options(work, hints, table):
    """The options of `spile load` that mean dlt's hints (helpers/beside.py: HINTS and the settings of a schema)."""
    options, columns = {}, [column_words(hints["columns"])] if "columns" in hints else []
    for path, nested in hints.get("nested_hints", {}).items():
        name = f"{table}__{path if isinstance(path, str) else '__'.join(path)}"
        keys = {key: {**nested.get("columns", {}).get(key, {}), "primary_key": True} for key in [nested["primary_key"]] if key} if "primary_key" in nested else {}
        columns.append(column_words({**nested.get("columns", {}), **keys}, name))
    options.update(columns=",".join(columns) or None, root_key=hints.get("root_key"))
    options.update({key: names_of(hints[key]) for key in ("primary_key", "merge_key") if key in hints})
    settings = {key: hints[key] for key in ("preferred_types", "default_hints", "detections") if key in hints}
    config = {key: hints[key] for key in ("propagation", "max_nesting") if key in hints}
    filters = {table: {"columns": {}, "filters": found} for table, found in hints.get("filters", {}).items()}
    if settings or config or filters:
        options["schema"] = work.write("given.schema.json", {"settings": settings, "tables": filters, **({"normalizers": {"json": {"config": config}}} if config else {})})
    return options


def spile_all(work, loads, table="t", write="append", max_nesting=None, pipeline="g", dataset="d", suffix="", form="array", contract=None,
              refused=False, hints=None, **options):
    """Loads one after another, each from files of its own. `form`: a top-level array, or one document per line. Returns the reports.
    The contract is that of the loads after the first; `refused`: it has to refuse them. `write`: as dlt has it, or a list of one for each load."""
    writer = work.write if form == "array" else work.write_lines
    reports, writes = [], write if isinstance(write, list) else [write] * len(loads)
    options.update(hint_options(work, hints, table) if hints else {})
    for number, data in enumerate(loads):
        parts = data if isinstance(data, dict) else {table: data}
        files = [writer(f"load{suffix}{number}/{name}.json", items) for name, items in parts.items()]
        options.update(pipeline=pipeline, dataset=dataset, table=None if isinstance(data, dict) else table, write=write_word(writes[number]),
                       max_nesting=max_nesting, contract=contract_words(contract) if number else None)
        if refused and number:
            result = work.run(*files, **options)
            assert result.code == 6, str(result)
        else:
            reports.append(work.load(*files, **options))
    return reports


def write_word(write):
    """As --write takes it."""
    return json.dumps(write) if isinstance(write, dict) else write


def contract_words(contract):
    """As --contract takes it: "freeze", or "columns=freeze,tables=evolve" for dlt's dictionary."""
    return ",".join(f"{entity}={mode}" for entity, mode in contract.items()) if isinstance(contract, dict) else contract


def compare_with_dlt(work, loads, runs=None, digits=15, **options):
    """Has dlt and spile load the same data and returns all differences of the datasets. `runs`: how spile is to do it; by default a file
    and a run for each load. dlt sends values through SQL text, which costs the last digits of floats."""
    import beside
    import duckdb
    from dataset import compare, read_dataset
    with duckdb.connect(":memory:") as connection:
        beside.load_all(connection, work.folder / "dlt", loads, **options)
        want = read_dataset(connection)
    (runs or spile_all)(work, loads, **options)
    return compare(read_dataset(work.database), want, digits=digits)
