"""Random documents through dlt's normalizer and through `spile load`, set by set; what differs is shrunk to its smallest documents.

    make conformance N=100000 SEED=1         that many sets, from that seed on; any differences are printed, and how dlt fails by itself

A set is one to three loads of documents into one table. spile loads many sets at once, each into a table of its own; that a set's table
is called after its seed is what makes the ids of nested rows comparable (they contain the table's name).
"""
import collections
import concurrent.futures
import copy
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))

from dataset import (Dataset, Table, check_bookkeeping, check_links, compare_columns, compare_documents, compare_order,  # noqa: E402
                     compare_rows, read_dataset)
from documents import live_columns, live_loads  # noqa: E402
from cases import contract_words  # noqa: E402
from engine import Workspace  # noqa: E402

TOGETHER = 40  # sets that spile loads in one run; they share a dataset, and so its naming convention
CONVENTIONS = ("snake_case", "duck_case", "snake_case", "direct", "snake_case", "sql_ci_v1", "snake_case", "sql_cs_v1")
CONTRACTS = (None, None, None, {"columns": "discard_value"}, None, {"columns": "discard_row", "data_type": "discard_value"}, "discard_value",
             None, {"tables": "discard_row"}, {"data_type": "discard_row"}, "discard_row")
SETTINGS = (  # of the schema, and the configuration of its normalizer
    None, None, {"preferred_types": {"re:^(id|value)$": "text", "re:e$": "json", "re:name": "double", "re:^a": "bool"}}, None,
    {"detections": ["iso_date", "timestamp", "iso_timestamp"]}, None, {"config": {"root_key_propagation": True}}, None,
    {"default_hints": {"unique": ["re:^id"], "cluster": ["name"], "sort": ["re:_", "re:^v"]}}, None,
    {"config": {"propagation": {"root": {"id": "from_root", "name": "value", "_dlt_id": "_dlt_root_id"}}}}, None, {"config": {"max_nesting": 2}})
SEPARATORS = {"direct": "\u25b6"}
DIGITS = 17    # of doubles: all


def table_of(seed):
    return f"s{seed}"


def naming_of(seed):
    return CONVENTIONS[seed // TOGETHER % len(CONVENTIONS)]


def contract_of(seed):
    """Of the loads after the first. dlt drops a row for a null where an unknown column has been dropped before: then there are none."""
    return CONTRACTS[seed // TOGETHER % len(CONTRACTS)]


def settings_of(seed):
    return SETTINGS[seed // TOGETHER % len(SETTINGS)]


def columns_of(seed):
    """Hints of types come with every third batch without a contract."""
    return live_columns(seed, naming_of(seed)) if contract_of(seed) is None and seed // TOGETHER % 3 == 0 else {}


def loads_of(seed):
    """With a contract no load is empty: what a table is before its first row is made in dlt's extract, which does not run here. Extreme numbers must not
    meet columns of other types, on which dlt fails: neither those that are given nor those of rows that they are handed down to."""
    settings = settings_of(seed) or {}
    typed = columns_of(seed) or "preferred_types" in settings
    hands_down = "propagation" in settings.get("config", {})  # in dlt a null that is handed down takes the place of a row's own value
    loads = live_loads(seed, naming_of(seed), nulls=contract_of(seed) is None and not hands_down, extreme=not typed and not hands_down)
    return loads if contract_of(seed) is None else [load for load in loads if load]


def schema_file(work, seeds, settings, first):
    """What spile is told of the schema by a file, since names of columns may have any character. None: nothing."""
    tables = {table_of(seed): {"columns": columns_of(seed)} for seed in seeds if first and columns_of(seed)}
    settings = settings or {}
    if not tables and not settings:
        return None
    return work.write("given.schema.json", {
        "settings": {key: value for key, value in settings.items() if key != "config"}, "tables": tables,
        **({"normalizers": {"json": {"config": settings["config"]}}} if "config" in settings else {})})


def spile_datasets(work, sets, naming, contract, settings=None):
    """{seed: dataset} after all loads of all sets."""
    rounds = max(len(loads) for loads in sets.values())
    for number in range(rounds):
        files = [work.write(f"load{number}/{table_of(seed)}.json", loads[number]) for seed, loads in sets.items() if number < len(loads)]
        work.load(*files, dataset="d", pipeline="g", load_id=f"load{number + 1}", naming=naming, schema=schema_file(work, sets, settings, not number),
                  contract=contract_words(contract) if number else None)
    whole = read_dataset(work.database)
    assert (wrong := check_bookkeeping(whole)) == [], wrong
    schema = whole.schema
    separator = SEPARATORS.get(naming, "__")
    return {seed: part(whole, schema, table_of(seed), separator) for seed in sets}


def part(whole, schema, root, separator):
    """The dataset of one root table and what is nested in it."""
    def below(names):
        return [name for name in names if name == root or name.startswith(root + separator)]
    tables = {name: whole[name] for name in below(whole.tables)}
    ids = {row["_dlt_load_id"] for row in whole[root].dicts()} if root in tables else set()
    loads = [(row["load_id"], row["load_id"]) for row in whole.loads if row["load_id"] in ids]
    tables["_dlt_loads"] = Table([("load_id", "VARCHAR", False), ("inserted_at", "VARCHAR", False)], loads)
    own = {"tables": {name: schema["tables"][name] for name in below(schema["tables"])}}
    tables["_dlt_version"] = Table([(name, "VARCHAR", False) for name in ("version", "inserted_at", "schema")], [(1, "", json.dumps(own))])
    return Dataset(tables)


def differences(got, want):
    """Between the datasets of one set: tables, columns, rows, links, and what the schema says of these tables."""
    found = compare_columns(Dataset(got.data_tables), Dataset(want.data_tables))
    if not found:
        found = compare_rows(got, want, digits=DIGITS) + check_links(got)
        schemas = [{"tables": {name: dataset_schema["tables"].get(name) for name in want.data_tables}} for dataset_schema in (got.schema, want.schema)]
        found += compare_documents(*schemas, "schema")
        found = found or [f"order of columns in the schema: {order}" for order in [compare_order(*schemas)] if order]
    return found


def dlt_dataset(seed, loads, naming, contract):
    """dlt's dataset; None and the reason when dlt itself fails."""
    import normalizer
    try:
        return normalizer.normalize(loads, table_of(seed), naming, contract=contract, settings=settings_of(seed), columns=columns_of(seed)), None
    except Exception as error:  # whatever dlt raises: the set says nothing about spile
        return None, f"{type(error).__name__}: {reason(error)}"


def reason(error):
    return str(error).split("\n")[0][:60]


def compare_sets(folder, sets):
    """({seed: differences}, {reason: how often dlt failed}) of some sets, whose convention and contract are the first one's."""
    wanted, failed, naming, contract = {}, collections.Counter(), naming_of(min(sets)), contract_of(min(sets))
    for seed, loads in sets.items():
        wanted[seed], why = dlt_dataset(seed, loads, naming, contract)
        if why:
            failed[why] += 1
    sets = {seed: loads for seed, loads in sets.items() if wanted[seed] and any(loads)}
    if not sets:
        return {}, failed
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        got = spile_datasets(Workspace(scratch), sets, naming, contract, settings_of(min(sets)))
    found = {seed: differences(got[seed], wanted[seed]) for seed in sets}
    return {seed: texts for seed, texts in found.items() if texts}, failed


# ---- shrinking ---------------------------------------------------------------------------------------------------------------------


def smaller(value):
    """Values that are a little less: a part left out, or something simpler in its place."""
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
        for key in value:
            for less in smaller(value[key]):
                yield {**value, key: less}
    elif isinstance(value, list):
        for i in range(len(value)):
            yield value[:i] + value[i + 1:]
        for i in range(len(value)):
            for less in smaller(value[i]):
                yield value[:i] + [less] + value[i + 1:]


def shrink(loads, still_differs, seconds=60):
    """The smallest loads, found greedily, that still differ."""
    until, shrunk = time.monotonic() + seconds, True
    while shrunk and time.monotonic() < until:
        shrunk = False
        for candidate in smaller(loads):
            if time.monotonic() > until:
                break
            if still_differs(candidate):
                loads, shrunk = candidate, True
                break
    return loads


def shrunk(folder, seed, loads):
    def still_differs(candidate):
        return bool(candidate) and (all(candidate) or contract_of(seed) is None) and bool(compare_sets(folder, {seed: candidate})[0])
    return shrink(copy.deepcopy(loads), still_differs)


# ---- many --------------------------------------------------------------------------------------------------------------------------


def compare_range(folder, first, count):
    return compare_sets(folder, {seed: loads_of(seed) for seed in range(first, first + count)})


def compare_many(folder, first, count, workers=2):
    found, failed, end = {}, collections.Counter(), first + count
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        starts = [first, *range((first // TOGETHER + 1) * TOGETHER, end, TOGETHER)]
        jobs = [pool.submit(compare_range, folder, start, min(TOGETHER - start % TOGETHER, end - start)) for start in starts]
        for job in jobs:
            differ, fails = job.result()
            found.update(differ)
            failed.update(fails)
    return found, failed


def tell(folder, first, count, found, failed):
    lines = [f"{count} sets from seed {first}: {len(found)} differ; dlt itself failed on {sum(failed.values())}"]
    lines += [f"    {number} x {why}" for why, number in failed.most_common()]
    for seed, texts in list(found.items())[:5]:
        loads = shrunk(folder, seed, loads_of(seed))
        lines += [f"seed {seed}, {naming_of(seed)}, contract {contract_of(seed)}, settings {settings_of(seed)}, columns {columns_of(seed)}, smallest loads: {loads!r}", *compare_sets(folder, {seed: loads})[0].get(seed, texts)]
    return "\n".join(lines)


def main():
    count, first = int(os.environ.get("N", 2000)), int(os.environ.get("SEED", random.SystemRandom().randrange(10**9)))
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        found, failed = compare_many(folder, first, count)
        print(tell(folder, first, count, found, failed))
        print(f"{time.monotonic() - began:.0f} s")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
