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


def spile_all(work, loads, table="t", write="append", max_nesting=None, pipeline="g", dataset="d", suffix="", form="array", contract=None,
              refused=False, **options):
    """Loads one after another, each from files of its own. `form`: a top-level array, or one document per line. Returns the reports.
    The contract is that of the loads after the first; `refused`: it has to refuse them."""
    writer = work.write if form == "array" else work.write_lines
    reports = []
    for number, data in enumerate(loads):
        parts = data if isinstance(data, dict) else {table: data}
        files = [writer(f"load{suffix}{number}/{name}.json", items) for name, items in parts.items()]
        options.update(pipeline=pipeline, dataset=dataset, table=None if isinstance(data, dict) else table, write=write,
                       max_nesting=max_nesting, contract=contract_words(contract) if number else None)
        if refused and number:
            result = work.run(*files, **options)
            assert result.code == 6, str(result)
        else:
            reports.append(work.load(*files, **options))
    return reports


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
