"""Random histories of one table: five loads that replace and merge, with nested lists, columns that drift, duplicates, deletions. A seed makes always the
same one. What dlt makes of it is kept as a digest in histories.txt, a line for each seed, recorded by
`.venv/bin/python tests/conformance/histories.py [SEED...]`; with `--on postgres` dlt does them on Postgres, and its tables are compared with the digests.

A digest says what the tables hold, whatever engine they are in: columns with dlt's types, rows with their nested rows, what the schema says of the tables.
Not generated is what spile does otherwise on purpose (test_merge_differences.py).
"""
import collections
import hashlib
import json
import os
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))

from dataset import LOAD_ID, ROW_ID, Dataset, Rows, Table, check_links, neutral_dataset, read_dataset  # noqa: E402

COUNT, LOADS, TOGETHER = 500, 5, 20  # histories, loads of each; dlt does some together, one resource each
FILE = Path(__file__).with_name("histories.txt")
IDS = range(1, 7)
STRATEGIES = ("delete-insert",) * 5 + ("upsert",) * 3 + ("insert-only",) * 2 + ("scd2",) * 3 + ("cdc",) * 3
TEXTS = ("", "a", "b", "it's", 'q"', "\u00e9\u65e5", "two\nlines", "null", "0")
TIMES = ("2024-01-01T00:00:00Z", "2024-02-29T12:30:00.5Z", "1999-12-31T23:59:59+02:00")


class History:
    """`loads`: [(write disposition, rows)], `hints`: those of each load."""

    def __init__(self, seed):
        self.seed, self.table, self.random = seed, f"h{seed}", random.Random(seed)
        self.strategy = self.random.choice(STRATEGIES)
        self.options, self.columns, self.known = {}, {}, set()
        self.primary_key, self.merge_key = self.keys()
        self.nested = self.maybe(0.75)
        self.drift = self.random.choice((0, 0.3, 0.6))
        self.choose_options()
        self.past = []  # rows of earlier loads, to come again
        self.loads = [self.load(number) for number in range(LOADS)]

    def maybe(self, chance):
        return self.random.random() < chance

    @property
    def hints(self):
        hints = {"primary_key": self.primary_key, "merge_key": self.merge_key, "columns": self.columns}
        return {name: hint for name, hint in hints.items() if hint}

    @property
    def own_ids(self):
        """Do all row ids follow from key or content?"""
        return self.strategy != "delete-insert" and not self.options.get("row_version_column_name") and len({str(write) for write, _ in self.loads}) == 1

    # ---- keys and options ----------------------------------------------------------------------------------------------------------

    def keys(self):
        primary, merge = self.random.choice((["id"], ["id"], ["id", "part"])), self.random.choice(("day", ["day", "part"]))
        if self.strategy == "delete-insert":
            return self.random.choice(((primary, None), (primary, None), (primary, None), (None, merge), (primary, "day"), (None, None)))
        if self.strategy == "scd2":
            return self.random.choice((None, None, ["id"])), self.random.choice((None, None, "id", "day"))
        return primary, "day" if self.strategy == "cdc" and self.maybe(0.3) else None

    def choose_options(self):
        options, strategy = self.options, self.strategy
        duplicates = strategy == "delete-insert" and self.primary_key
        if duplicates and self.maybe(0.15):
            options["deduplicated"] = True
        elif duplicates and self.maybe(0.5):
            self.columns["n"] = {"dedup_sort": self.random.choice(("asc", "desc"))}
        if strategy in ("delete-insert", "upsert", "cdc") and self.maybe(0.35):
            self.columns["gone"] = self.random.choice(({"hard_delete": True, "data_type": "bool"}, {"hard_delete": True, "data_type": "timestamp"},
                                                       {"hard_delete": True, "data_type": "text"}))
        if strategy != "insert-only" and self.maybe(0.2) and not (strategy == "upsert" and "gone" in self.columns):
            options["source_filter"] = self.random.choice(("id <> 2", "id < 5", "id in (1, 3, 5) or part = 'p'" if self.compound else "id > 1"))
        if strategy in ("delete-insert", "scd2", "cdc") and self.maybe(0.15):
            options["destination_scope"] = self.random.choice(("day = 'd1'", "id > 2", "day <> 'd2'", "day <> 'd3'" if "source_filter" in options else
                                                               "{table}.day IN (SELECT day FROM {staging_table})"))
        if strategy in ("upsert", "cdc") and self.maybe(0.35):
            options["skip_unchanged_rows"] = True
        if (strategy == "scd2" and self.maybe(0.2)) or options.get("skip_unchanged_rows") and self.maybe(0.4):
            options["row_version_column_name"] = "ver"
            self.nested = self.nested and strategy != "scd2"
        if strategy == "scd2":
            self.choose_validity()
        if strategy == "delete-insert" and not self.hints.keys() & {"primary_key", "merge_key"}:
            options.pop("source_filter", None)  # with lists dlt fails then: it writes WHERE None

    def choose_validity(self):
        if self.maybe(0.25):
            self.options["active_record_timestamp"] = "9999-12-31"
        if self.maybe(0.2):
            self.options["validity_column_names"] = ["since", "Until"]

    @property
    def compound(self):
        return self.primary_key and "part" in self.primary_key

    def write(self, number):
        """Rows that come another way have random ids, which only delete-insert and tables without lists get along with."""
        if number and (self.strategy == "delete-insert" or not self.nested) and self.strategy != "scd2" and self.maybe(0.1):
            write = self.random.choice(("append", "replace"))
            return write if self.strategy == "delete-insert" else "replace"  # of several rows with one key upsert updates all in dlt, and keeps one in spile
        options = dict(self.options)
        if self.strategy == "scd2" and self.seed % 4 == 0:
            options["boundary_timestamp"] = f"2026-01-{number + 1:02}T00:00:00Z"
        return {"disposition": "merge", "strategy": self.strategy, **options}

    def load(self, number):
        """Loads that do not merge bring no lists: dlt gives root ids to tables that merges make, and can't add them later."""
        write, rows = self.write(number), self.rows(number)
        return write, rows if isinstance(write, dict) else [{key: value for key, value in row.items() if key not in ("l", "k")} for row in rows]

    # ---- rows ----------------------------------------------------------------------------------------------------------------------

    def rows(self, number):
        if number and self.maybe(0.05) and self.strategy != "cdc":  # where an empty load differs from dlt's (test_merge_differences.py)
            return []
        keys = [self.key() for _ in range(self.random.randint(1, 7))]
        if not (self.strategy == "delete-insert" or self.strategy == "scd2"):
            keys = list(dict.fromkeys(keys))
        orders = self.random.sample(range(100), len(keys))
        rows = [self.row(key, order, number) for key, order in zip(keys, orders)]
        self.past += rows
        return rows

    def key(self):
        number = self.random.choice(IDS)
        return number, self.random.choice("pq") if self.compound else "pq"[number % 2]

    def row(self, key, order, number):
        again = [row for row in self.past if (row["id"], row["part"]) == key]
        if again and self.maybe(0.3):
            row = dict(self.random.choice(again))
        else:
            row = {"id": key[0], "part": key[1], "day": f"d{self.random.randint(1, 3)}", "v": self.value(number)}
            if self.maybe(0.5):
                row["f"] = self.random.choice((0.5, 1.25, -3.0, None))
            if self.maybe(self.drift):
                row[f"w{self.random.randint(0, number)}"] = self.value(number)
            if self.maybe(self.drift):
                row["o"] = {"x": self.random.randint(0, 3), "Y z": self.random.choice(TEXTS)}
            if self.nested and self.maybe(0.7):
                row["l"] = self.list(number, 2)
            if self.nested and self.maybe(self.drift / 2):
                row["k"] = [{"t": self.random.choice(TIMES)}]
        if "ver" in self.options.values():
            row["ver"] = self.random.randint(1, 3)
        if "n" in self.columns:
            row["n"] = order
        if "gone" in self.columns:
            row.pop("gone", None)
            self.delete(row, key)
        return row

    def delete(self, row, key):
        """upsert is given deletions of rows that are there only."""
        key = key if self.compound else key[0]
        if self.maybe(0.3) and (self.strategy != "upsert" or key in self.known):
            row["gone"] = {"bool": True, "timestamp": TIMES[0], "text": "x"}[self.columns["gone"]["data_type"]]
            self.known.discard(key)
            return
        self.known.add(key)
        if self.maybe(0.5):
            row["gone"] = False if self.columns["gone"]["data_type"] == "bool" else None

    def value(self, number):
        """Later loads bring other types, too; texts or times, since dlt fails on a text where texts have been times."""
        kinds = [lambda: self.random.randint(-3, 3), lambda: None]
        if number > 1 and self.maybe(self.drift):
            kinds += [lambda: self.random.choice(TIMES if self.seed % 3 == 0 else TEXTS), lambda: self.maybe(0.5), lambda: self.random.randint(0, 9) / 4]
        return self.random.choice(kinds)()

    def list(self, number, depth):
        items = [{"k": self.value(number)} if self.maybe(0.8) else self.random.randint(0, 9) for _ in range(self.random.randint(0, 3))]
        for item in items:
            if isinstance(item, dict) and depth and self.maybe(0.5):
                item["m"] = self.list(number, depth - 1)
        return items


# ---- digests -----------------------------------------------------------------------------------------------------------------------


def part(whole, table, rounds, schema=None):
    """What a dataset holds of one root table, loads named by `rounds`. `schema`: where the newest one that is stored is not the one in force."""
    tables = {name: found for name, found in whole.data_tables.items() if name == table or name.startswith(table + "__")}
    tables["_dlt_loads"] = Table([("load_id", "text", False), ("inserted_at", "text", False)], [(load, number) for load, number in rounds.items()])
    schema = {"tables": {name: found for name, found in (schema or whole.schema)["tables"].items() if name == table or name.startswith(table + "__")}}
    tables["_dlt_version"] = Table([(name, "text", False) for name in ("version", "inserted_at", "schema")], [(1, "", json.dumps(schema))])
    return Dataset(tables)


def lines(dataset, table, own_ids):
    """All that a digest is about, as text."""
    roots = Rows(dataset, own_ids=own_ids).roots()
    found = [f"{name}: {columns!r}" for name, columns in sorted((name, found.columns) for name, found in dataset.data_tables.items())]
    found += [row for name in sorted(roots) for row in sorted(roots[name].elements())]
    return found + [json.dumps({name: found}, sort_keys=True) for name, found in sorted(dataset.schema["tables"].items())]


def history_lines(whole, history, rounds, schema=None):
    """`whole`: a neutral dataset with this history in it."""
    found = part(whole, history.table, rounds, schema)
    return lines(found, history.table, history.own_ids)


def digest(texts):
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


# ---- dlt ---------------------------------------------------------------------------------------------------------------------------


def dlt_together(histories, destination=None, read=None):
    """{seed: lines} of what dlt makes of some histories, in one dataset. By default on DuckDB in memory."""
    import beside
    import duckdb
    rounds = {}
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        pipe = beside.dlt.pipeline("g", destination=destination or beside.dlt.destinations.duckdb(connection), dataset_name="d", pipelines_dir=folder)
        try:
            for number in range(LOADS):
                resources = [beside.resource(rows, history.table, write, hints=history.hints)
                             for history in histories for write, rows in [history.loads[number]]]
                resources.append(beside.resource([{"x": number}], "filler"))  # without any row there would be no load to count
                info = pipe.run(beside.dlt.source(lambda: resources, name="g")())
                rounds.update({load_id: f"{number}" for load_id in info.loads_ids} if info else {})
            schema = json.loads(pipe.default_schema.to_pretty_json(remove_defaults=False))
        finally:
            pipe.deactivate()
        whole = neutral_dataset(read() if read else read_dataset(connection))
    return {history.seed: history_lines(whole, history, rounds, schema) for history in histories}


def dlt_on_postgres(histories, server):
    import beside
    uri = server.uri(server.create())
    return dlt_together(histories, beside.dlt.destinations.postgres(uri.replace("postgres:", "postgresql:")), lambda: read_dataset(uri, "d"))


def dlt_lines(seeds, server=None):
    """By dlt on DuckDB, or on a Postgres server. Those that dlt fails on alone have the failure in their place."""
    try:
        made = [History(seed) for seed in seeds]
        return dlt_on_postgres(made, server) if server else dlt_together(made)
    except Exception as error:
        if len(seeds) == 1:
            return {seeds[0]: [f"dlt fails: {type(error).__name__}: {error}"]}
        return {seed: texts for one in seeds for seed, texts in dlt_lines([one], server).items()}


# ---- spile -------------------------------------------------------------------------------------------------------------------------


def load_id(number):
    return f"{1790000000 + number}.25"


def spile_history(history, location, dataset, folder):
    from cases import column_words, names_of
    from library import Pipeline
    columns = column_words(history.columns) or None
    keys = {name: names_of(key) for name, key in (("primary_key", history.primary_key), ("merge_key", history.merge_key)) if key}
    with Pipeline("g", location, dataset, folder) as pipeline:
        for number, (write, rows) in enumerate(history.loads):
            pipeline.run(rows, history.table, write, load_id(number), columns, **keys)


def spile_lines(history, place, dataset, folder):
    """(lines, what is wrong with links) of what spile makes of a history. `place`: what helpers/targets.py gives."""
    spile_history(history, place, dataset, folder)
    found = part(neutral_dataset(place.read(dataset)), history.table, {load_id(number): f"{number}" for number in range(LOADS)})
    return lines(found, history.table, history.own_ids), check_links(found)


# ---- the file ----------------------------------------------------------------------------------------------------------------------


def recorded():
    return dict(line.split() for line in FILE.read_text().splitlines() if not line.startswith("#"))


def groups(seeds):
    return [list(seeds[i:i + TOGETHER]) for i in range(0, len(seeds), TOGETHER)]


def record(seeds, workers=2):
    """Those seeds anew; the others stay as they are in the file."""
    import concurrent.futures
    import dlt
    import duckdb
    found = {}
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        for texts in pool.map(dlt_lines, groups(seeds)):
            found.update(texts)
            print(len(found), end=" ", flush=True)
    failed = {seed: texts[0] for seed, texts in found.items() if texts[0].startswith("dlt fails")}
    kept = {int(seed): text for seed, text in recorded().items()} if FILE.exists() else {}
    kept.update({seed: digest(texts) for seed, texts in found.items() if seed not in failed})
    head = f"# seed of histories.py, digest of dlt's tables; dlt {dlt.__version__}, DuckDB {duckdb.__version__}\n"
    FILE.write_text(head + "".join(f"{seed} {text}\n" for seed, text in sorted(kept.items())))
    for seed, why in failed.items():
        print(f"\n{seed} {why[:500]}")
    assert not failed


def why_on_postgres(history, texts):
    """Why dlt's tables on Postgres may be others than on DuckDB; None: they may not. Of rows of one load with the same primary key dlt takes the first in an
    order that it leaves to the database; and versions side by side (scd2) have nested rows with the same ids, which dlt's UNIQUE refuses there."""
    if texts[0].startswith("dlt fails"):
        return "dlt fails: ids are unique" if history.strategy == "scd2" and "UniqueViolation" in texts[0] else None
    keys = history.primary_key
    twins = keys and any(len({tuple(row[key] for key in keys) for row in rows}) < len(rows) for _, rows in history.loads)
    return "another of the rows with a key" if twins and history.strategy == "delete-insert" and "n" not in history.columns else None


def compare_on_postgres(seeds):
    """dlt's tables on Postgres with the digests of those on DuckDB. Last run over all 500: 482 equal, of 9 dlt failed, of 9 it took another of the rows with a
    key."""
    import difflib
    import postgres
    server = postgres.Server(settings={"fsync": "off", "synchronous_commit": "off"})
    counts = collections.Counter()
    try:
        for seeds_of_group in groups(seeds):
            for seed, texts in dlt_lines(seeds_of_group, server).items():
                history, equal = History(seed), digest(texts) == recorded()[str(seed)]
                why = "equal" if equal else why_on_postgres(history, texts) or "differ"
                counts[why] += 1
                if why == "differ":
                    shown = texts if texts[0].startswith("dlt fails") else difflib.unified_diff(dlt_lines([seed])[seed], texts, "DuckDB", "Postgres", n=0, lineterm="")
                    print(f"\n{seed}: {history.strategy} {history.options} {history.hints}", *[line[:800] for line in list(shown)[:14]], sep="\n")
            print(sum(counts.values()), end=" ", flush=True)
    finally:
        server.remove()
    print(f"\nby dlt on Postgres, beside dlt on DuckDB: {dict(counts)}")
    assert not counts["differ"]


if __name__ == "__main__":
    words = sys.argv[1:]
    on_postgres = words[:2] == ["--on", "postgres"]
    chosen = [int(seed) for seed in words[2 if on_postgres else 0:]] or range(COUNT)
    (compare_on_postgres if on_postgres else record)(chosen)
