# ctest: labels=conformance timeout=900
"""spile makes of every recorded case what dlt made of it: tables, columns and their order, rows, stored schemas, loads, state.

Expected values: golden/*.json, recorded from dlt by record.py.
"""
from pathlib import Path

import pytest

import record
from cases import case, spile_all
from dataset import compare, read_dataset, report
from test_differences import DIFFERENT
from test_merge_differences import DIFFERENT as MERGED
from typed import REFERENCE as TYPED

HERE = Path(__file__).resolve().parent


def listed(name):
    lines = (HERE / name).read_text().splitlines()
    return [line.split(None, 1) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", record.CASES)
def test_recorded(work, name):
    options, loads, want = case(name)
    own_ids, in_turns = options.pop("own_ids"), isinstance(options["write"], list)
    spile_all(work, loads, **options)
    got = read_dataset(work.database)
    assert not (differences := compare(got, want, own_ids=own_ids, once=in_turns)), report(differences)


def test_a_report_tells_what_was_loaded(work):
    options, loads, want = case("schema_evolution")
    options.pop("own_ids")
    reports = spile_all(work, loads, **options)
    tables = [{table["name"]: table["rows"] for table in found["tables"]} for found in reports]
    assert tables == [{"t": 1}, {"t": 1}, {"t": 1, "t__c": 1}]
    assert [found["load_id"] for found in reports] == [load["load_id"] for load in read_dataset(work.database).loads]


def test_every_reference_case_is_accounted_for():
    names = [name for name, in listed("reference-names.txt")]
    without = [name for name, _ in listed("not-covered.txt")]
    merged = [name for name in MERGED if name in names]
    accounted = list(record.REFERENCE) + list(DIFFERENT) + merged + list(TYPED) + ["decimal_nan"] + without  # test_typed.py has these
    assert sorted(accounted) == sorted(names) and len(set(accounted)) == len(accounted)


def test_every_recorded_file_is_used():
    assert sorted(path.stem for path in record.GOLDEN.glob("*.json")) == sorted([*record.CASES, "system"])
