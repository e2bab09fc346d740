# ctest: labels=conformance timeout=300
"""Schema files: what dlt saves is read, and written again with the same bytes, hash and version; what older engines saved becomes what dlt
makes of it; what dlt refuses is refused.

Random schemas made by dlt's API (helpers/schemas.py) go through the library. Expected values: dlt's own texts and hashes.
SPILE_SCHEMAS is their number, SPILE_SCHEMA_SEED repeats a run that failed.
"""
import concurrent.futures
import difflib
import functools
import json
import os
import random

import pytest
import yaml

import normalizer
import schemas
from beside import dlt
from chance import seed_from
from engine import SANITIZED
from parsed import parse

from dlt.common.schema import utils

COUNT = int(os.environ.get("SPILE_SCHEMAS", 100 if SANITIZED else 500))
SEED = seed_from("SPILE_SCHEMA_SEED")
TOGETHER = 25
OLDER = range(5, 11)  # engine versions
SAMPLE = range(SEED, SEED + 24)


def saved(seed):
    """The schema of a seed as dlt has it: what parse() answers, and the stored dictionary."""
    return as_dlt_has_it(schemas.make(seed))


def as_dlt_has_it(schema):
    stored = schema.to_dict()
    return {"status": 0, "name": schema.name, "version": stored["version"], "hash": stored["version_hash"], "yaml": schema.to_pretty_yaml(),
            "json": schema.to_pretty_json()}, normalizer.schema_text(schema)


def saved_range(first, count):
    return {seed: saved(seed) for seed in range(first, first + count)}


@pytest.fixture(scope="module")
def files():
    found = {}
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for part in pool.map(saved_range, range(SEED, SEED + COUNT, TOGETHER), [TOGETHER] * (COUNT // TOGETHER)):
            found.update(part)
    return found


def difference(got, want):
    """Lines that differ."""
    return "\n".join(difflib.unified_diff(str(got).splitlines(), str(want).splitlines(), "got", "want", n=3, lineterm=""))


def check_same(seeds, got, want):
    found = [f"seed {seed}: {key}\n{difference(a.get(key, a), b[key])[:2000]}"
             for seed, a, b in zip(seeds, got, want, strict=True) for key in b if a.get(key) != b[key]]
    assert not found, f"{len(found)} differ; SPILE_SCHEMA_SEED={SEED}\n" + "\n".join(found[:4])


@pytest.mark.parametrize("form", ["yaml", "json", "stored"])
def test_written_as_dlt_writes(files, form):
    """From either format, and from the form that is in the dataset, into both."""
    texts = [stored if form == "stored" else want[form] for want, stored in files.values()]
    check_same(files, parse(texts), [want for want, _ in files.values()])


FEATURES = [
    *(f"names: {name}\n" for name in set(schemas.CONVENTIONS)), *(f"data_type: {name}\n" for name in schemas.TYPES), *(f"{name}: true\n" for name in schemas.FLAGS),
    "precision: ", "scale: ", "timezone: false", "dedup_sort: desc", 'description: "', "x-own", "x-merge-strategy: scd2", "parent: ",
    "referenced_columns:", "cardinality: ", "excludes:", "includes:", "schema_contract: freeze", "schema_contract:\n", "preferred_types:", "max_nesting: ",
    "root_key_propagation: true", "_dlt_root_id\n", "propagation:", "seen-data: true", "table_format: delta", "x-loader:", "incremental: true", "- wei_to_double",
    "allow_identifier_change_on_table_with_data:", "x-extractor:", "variant: true", "日本", "😀", "parent_key: true", "use_break_path_on_normalize: "]


@pytest.mark.skipif(COUNT < 200, reason="rare features need many schemas")
def test_all_features_are_there(files):
    """The random schemas have what a schema can have, a history of ten versions too."""
    text = "\n".join(want["yaml"] for want, _ in files.values())
    assert [feature for feature in FEATURES if feature not in text] == []
    assert max(len(json.loads(stored)["previous_hashes"]) for _, stored in files.values()) == 10


def test_dlt_reads_what_is_written(files):
    seeds = [seed for seed in SAMPLE if seed in files]
    for seed, got in zip(seeds, parse([files[seed][1] for seed in seeds]), strict=True):
        for document in (yaml.safe_load(got["yaml"]), json.loads(got["json"])):
            schema = dlt.Schema.from_dict(document)
            assert (schema.version_hash, schema.version) == (got["hash"], got["version"]), f"seed {seed}"


def test_changed_files_have_the_hash_that_dlt_gives_them(files):
    """A file that somebody edited is the next version, with the one before in its history."""
    seeds, texts, wanted = [seed for seed in SAMPLE if seed in files], [], []
    for seed in seeds:
        document = json.loads(files[seed][1])
        document["tables"]["_dlt_loads"]["description"] = f"edited, seed {seed}"
        texts.append(yaml.dump(document, allow_unicode=True, sort_keys=False))
        wanted.append(as_dlt_has_it(dlt.Schema.from_dict(document))[0])
    assert all(want["hash"] != files[seed][0]["hash"] for seed, want in zip(seeds, wanted))
    check_same(seeds, parse(texts), wanted)


@pytest.mark.parametrize("version", OLDER)
def test_older_engines(files, version):
    seeds, texts, wanted = [seed for seed in SAMPLE if seed in files], [], []
    for seed in seeds:
        document = schemas.of_engine(json.loads(files[seed][1]), version, random.Random(seed))
        texts.append(json.dumps(document) if seed % 2 else yaml.dump(document, allow_unicode=True, sort_keys=False))
        wanted.append(as_dlt_has_it(dlt.Schema.from_dict(document))[0])
    check_same(seeds, parse(texts), wanted)


# ---- broken documents -----------------------------------------------------------------------------------------------------------------

GONE = object()  # the member is taken out

BROKEN = {  # what is changed in dlt's document of a schema with table t and its nested table t__l
    "nothing": {},
    "tables is a list": {"tables": []},
    "tables is null": {"tables": None},
    "no tables": {"tables": GONE},
    "no name": {"name": GONE},
    "name with a hyphen": {"name": "my-schema"},
    "name begins with a digit": {"name": "1st"},
    "name too long": {"name": "n" * 65},
    "name is a number": {"name": 5},
    "unknown member": {"tabels": {}},
    "member of others": {"x-own": {}},
    "version is a text": {"version": "1"},
    "version is null": {"version": None},
    "no version": {"version": GONE},
    "no version hash": {"version_hash": GONE},
    "version hash is a number": {"version_hash": 5},
    "engine version of the future": {"engine_version": 12},
    "engine version 0": {"engine_version": 0},
    "engine version is a text": {"engine_version": "11"},
    "previous hashes is null": {"previous_hashes": None},
    "previous hashes have a number": {"previous_hashes": [1]},
    "no previous hashes": {"previous_hashes": GONE},
    "normalizers are a text": {"normalizers": "snake_case"},
    "no normalizers": {"normalizers": GONE},
    "unknown naming convention": {"normalizers.names": "camel"},
    "unknown module of the normalizer": {"normalizers.json.module": "no.such.module"},
    "unknown member of the normalizers": {"normalizers.naming": "direct"},
    "settings are a list": {"settings": []},
    "no settings": {"settings": GONE},
    "unknown setting": {"settings.hints": {}},
    "unknown detection": {"settings.detections": ["uuid"]},
    "detections are a text": {"settings.detections": "timestamp"},
    "preferred type is none": {"settings.preferred_types": {"re:x": "integer"}},
    "preferred types of a bad expression": {"settings.preferred_types": {"re:(": "text"}},
    "default hint with a bad expression": {"settings.default_hints.unique": ["re:*"]},
    "default hint that looks like an expression": {"settings.default_hints.unique": ["^x"]},
    "default hint is a text": {"settings.default_hints.unique": "id"},
    "unknown default hint": {"settings.default_hints.uniq": ["id"]},
    "unknown contract": {"settings.schema_contract": "deny"},
    "contract of an unknown entity": {"settings.schema_contract": {"rows": "freeze"}},
    "contract of a table is a list": {"tables.t.schema_contract": ["freeze"]},
    "table is null": {"tables.t": None},
    "table without columns": {"tables.t.columns": GONE},
    "columns are a list": {"tables.t.columns": [{"name": "id", "data_type": "text"}]},
    "unknown member of a table": {"tables.t.primary_key": "id"},
    "unknown write disposition": {"tables.t.write_disposition": "upsert"},
    "unknown table format": {"tables.t.table_format": "parquet"},
    "unknown file format": {"tables.t.file_format": "xml"},
    "resource is a number": {"tables.t.resource": 1},
    "parent is not there": {"tables.t__l.parent": "u"},
    "filters are a list": {"tables.t.filters": ["re:x"]},
    "filter with a bad expression": {"tables.t.filters": {"excludes": ["re:["]}},
    "reference without columns": {"tables.t.references": [{"referenced_table": "u"}]},
    "reference with an unknown cardinality": {"tables.t.references": [{"referenced_table": "u", "columns": [], "referenced_columns": [], "cardinality": "n:m"}]},
    "column is null": {"tables.t.columns.id": None},
    "unknown data type": {"tables.t.columns.id.data_type": "integer"},
    "data type of an older engine": {"tables.t.columns.id.data_type": "complex"},
    "precision is a text": {"tables.t.columns.id.precision": "10"},
    "precision is a fraction": {"tables.t.columns.id.precision": 1.5},
    "nullable is a text": {"tables.t.columns.id.nullable": "no"},
    "nullable is a number": {"tables.t.columns.id.nullable": 1},
    "hint is misspelt": {"tables.t.columns.id.primary": True},
    "hint of an older engine": {"tables.t.columns.id.foreign_key": True},
    "unknown sort order": {"tables.t.columns.id.dedup_sort": "up"},
    "description is a number": {"tables.t.columns.id.description": 1},
    "marks are a text": {"tables.t.x-normalizer": "seen-data"},
    "no table of versions": {"tables._dlt_version": GONE},
    "no table of loads": {"tables._dlt_loads": GONE},
    "precision beyond what decimals have": {"tables.t.columns.id": {"data_type": "decimal", "precision": 100}},
    "scale beyond the precision": {"tables.t.columns.id": {"data_type": "decimal", "precision": 5, "scale": 6}},
    "parents in a circle": {"tables.t.parent": "t__l"},
}
WRITTEN_BY_HAND = "a file written by hand needs nothing but tables"
LENIENT = {  # what dlt refuses and we read, and why
    "no name": WRITTEN_BY_HAND, "no version": WRITTEN_BY_HAND, "table without columns": WRITTEN_BY_HAND,
    "no previous hashes": WRITTEN_BY_HAND, "unknown module of the normalizer": "nothing is imported here; dlt's own one is always meant", "no table of versions": "dlt's own tables are added", "no table of loads": "dlt's own tables are added",
}
STRICT = {  # what dlt reads and we refuse, and why
    "precision beyond what decimals have": "dlt fails when it makes the table", "scale beyond the precision": "dlt fails when it makes the table",
    "parents in a circle": "dlt never returns from looking for the root", "marks are a text": "dlt fails when it looks for seen-data",
    "unknown default hint": "a misspelt hint: dlt puts the word into columns, whatever it is",
}


def broken(changes):
    schema = dlt.Schema("g")
    schema.update_table(utils.new_table("t", columns=[{"name": "id", "data_type": "bigint"}]))
    schema.update_table(utils.new_table("t__l", "t", columns=[{"name": "value", "data_type": "text"}]))
    document = json.loads(schema.to_pretty_json())
    for path, value in changes.items():
        *above, last = path.split(".")
        member = functools.reduce(lambda member, key: member[key], above, document)
        if value is GONE:
            del member[last]
        else:
            member[last] = value
    return json.dumps(document)


def dlt_refuses(text):
    try:
        dlt.Schema.from_dict(json.loads(text))
    except Exception:  # whatever it is: dlt has no schema then
        return True
    return False


@pytest.fixture(scope="module")
def answers():
    return dict(zip(BROKEN, parse([broken(changes) for changes in BROKEN.values()]), strict=True))


@pytest.mark.parametrize("case", BROKEN)
def test_what_dlt_refuses_is_refused(answers, case):
    refused = dlt_refuses(broken(BROKEN[case]))
    assert refused or case not in LENIENT, "dlt reads it, too"
    assert not refused or case not in STRICT, "dlt refuses it, too"
    answer = answers[case]
    assert answer["status"] == (3 if (refused or case in STRICT) and case not in LENIENT else 0), answer
    assert answer["status"] == 0 or answer["message"] and answer["hint"], answer
