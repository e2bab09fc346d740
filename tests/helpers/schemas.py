"""Random schemas, made by dlt's own API; the same documents as older engines of dlt had them.

A schema gets tables with columns of all types and hints, settings, contracts, configurations of the normalizer, all naming conventions and
awkward texts; many have been through dlt's normalizer (helpers/normalizer.py), so that they look like those of real datasets.
"""
import copy
import random

import beside
import normalizer
from beside import dlt
from documents import live_loads

from dlt.common.configuration.container import Container
from dlt.common.schema import Schema, utils
from dlt.common.schema.typing import SCHEMA_ENGINE_VERSION

CONVENTIONS = ("snake_case", "snake_case", "snake_case", "duck_case", "direct", "sql_ci_v1", "sql_cs_v1")
TYPES = ("text", "double", "bool", "timestamp", "bigint", "binary", "json", "decimal", "date", "time", "wei")
FLAGS = ("partition", "cluster", "primary_key", "merge_key", "sort", "unique", "hard_delete", "variant", "root_key", "incremental")
MODES = ("evolve", "discard_value", "freeze", "discard_row")
DETECTIONS = ("timestamp", "iso_timestamp", "iso_date", "large_integer", "hexbytes_to_text", "wei_to_double")
CARDINALITIES = ("zero_to_one", "one_to_zero", "zero_to_many", "many_to_zero", "one_to_many", "many_to_one", "one_to_one", "many_to_many")
NAMES = ["id", "order", "order id", "customerName", "Value", "2nd", "no", "null", "y", "1", "1e3", "0x1F", "2024-01-01", "12:30", "~", "été", "日本語",
         "ключ", "😀", "a-b", "a:b", "a: b", "#a", "- a", "'a'", "a\"b", "[a]", "{a}", "*a", "&a", "%a", "a b c", "k" * 130, "Straße", "=", "<<", "@a", "a\\b",
         "A", "ID", "İstanbul", "ǅ", "x,y", "?", "|", ">", "!t", "true", "Off", "é" * 70, "a'b", ".inf", "-", "a\u00a0b", "\u2028"]
# Without U+0085, which PyYAML writes and does not read again (tests/conformance/test_yaml.py).
TEXTS = ["", " ", "a text", "it's", 'say "so"', "key: value", "# no comment", "- no item", "yes", "null", "12", "1.0", "2024-02-29", "a\nb", "a\n\nb\n",
         "\n", " leading", "trailing ", "tab\there", "été, naïve, 日本語", "emoji 😀 beyond the first plane", "back\\slash", "{a: b}", "[1, 2]", "%TAG", "&a *b !c",
         "long " * 60, "long, with \"quotes\" and it's ends " * 8, "über " * 40, "one" * 100, "'", '"', ":", "a:", "\u2028", "\ufeffbom", "\x07bell",
         "crlf\r\n", "x" * 79 + " y", "|", ">-", "null\n", "trailing newlines\n\n\n", "a #b", "\\u0041", "e\u0301", "\x7f", "\x1b[0m"]
NUMBERS = [0, 1, -1, 2**53 + 1, 2**63 - 1, -2**63, 2**64 - 1, 0.5, -0.0, 1e16, 1e22, 1e-7, 1.5e300, 123456789.125, 5e-324, 0.1]


class Maker:
    """Makes one schema of a seed."""

    def __init__(self, seed):
        self.seed, self.random = seed, random.Random(seed)
        convention = self.random.choice(CONVENTIONS)
        with beside.environment(SCHEMA__NAMING=convention):
            self.schema = Schema(self.random.choice(["g", "shop", "_x1", "été", "S" * 64, "null", "日本"]))
        self.convention = convention

    def maybe(self, likely):
        return self.random.random() < likely

    def some(self, choices, most):
        return self.random.sample(choices, self.random.randint(0, min(most, len(choices))))

    def text(self):
        parts = [self.random.choice(TEXTS) for _ in range(self.random.choice((1, 1, 1, 2, 3)))]
        return self.random.choice(["", " ", "\n", ": "]).join(parts)

    def value(self, depth=2):
        kind = self.random.random()
        if kind < 0.15 and depth:
            return [self.value(depth - 1) for _ in range(self.random.randint(0, 3))]
        if kind < 0.3 and depth:
            return {self.text(): self.value(depth - 1) for _ in range(self.random.randint(0, 3))}
        if kind < 0.6:
            return self.text()
        return self.random.choice(NUMBERS) if kind < 0.8 else self.random.choice([None, True, False])

    def name(self):
        return self.random.choice(NAMES) + self.random.choice(["", "", "", " " + self.random.choice(NAMES), str(self.random.randint(0, 99))])

    def regex(self):
        return self.random.choice(["_at", "id", "re:^x_", "re:(?i)price$", "re:^a[0-9]{2,}: '\"$", "re:été|日本", "_dlt_id", "re:^(?!x)", "re:\\d+#", "created_on"])

    # ---- tables ------------------------------------------------------------------------------------------------------------------

    def column(self, name):
        column = {"name": name}
        if self.maybe(0.9):
            column["data_type"] = self.random.choice(TYPES)
        if self.maybe(0.7):
            column["nullable"] = self.maybe(0.7)
        kind = column.get("data_type")
        if kind in ("decimal", "wei") and self.maybe(0.6):
            column["precision"] = self.random.randint(1, 38)
            column["scale"] = self.random.randint(0, column["precision"])
        elif kind in ("timestamp", "time") and self.maybe(0.5):
            column.update(precision=self.random.choice((0, 3, 6, 9)), timezone=self.maybe(0.5))
        elif kind == "bigint" and self.maybe(0.3):
            column["precision"] = self.random.choice((8, 16, 32, 64))
        elif kind in ("text", "binary") and self.maybe(0.3):
            column["precision"] = self.random.randint(1, 10000)
        column.update({flag: self.maybe(0.8) for flag in self.some(FLAGS, 3)} if self.maybe(0.4) else {})
        if self.maybe(0.3):
            column["description"] = self.text()
        if self.maybe(0.1):
            column["dedup_sort"] = self.random.choice(("asc", "desc"))
        if self.maybe(0.2):
            column.update({hint: self.value() for hint in self.some(("x-own", "x-été: 1", "x-0", "x-annotation-pii", "x-"), 3)})
        if self.maybe(0.05):
            column["x-normalizer"] = {"seen-data": True}
        return column

    def contract(self):
        entities = self.some(("tables", "columns", "data_type"), 3)
        return self.random.choice(MODES) if self.maybe(0.4) else {entity: self.random.choice(MODES) for entity in entities}

    def reference(self, columns, tables):
        names = self.random.sample(columns, min(len(columns), self.random.randint(1, 2)))
        reference = {"referenced_table": self.random.choice(tables), "columns": names, "referenced_columns": list(reversed(names))}
        if self.maybe(0.5):
            reference["cardinality"] = self.random.choice(CARDINALITIES)
        if self.maybe(0.3):
            reference["label"] = self.text()
        return reference

    def table(self, name, parent=None):
        names = {self.schema.naming.normalize_path(found): found for found in (self.name() for _ in range(self.random.randint(0, 7)))}
        columns = [self.column(found) for found in names.values()] # two of one name would become one of both's properties
        table = utils.new_table(name, parent, columns=columns)
        if self.maybe(0.3):
            table["description"] = self.text()
        if self.maybe(0.3):
            table["schema_contract"] = self.contract()
        if self.maybe(0.2):
            groups = self.some(("excludes", "includes"), 2)
            table["filters"] = {group: [self.regex() for _ in range(self.random.randint(0, 3))] for group in groups}
        if self.maybe(0.2) and columns:
            table["references"] = [self.reference(list(names.values()), self.tables) for _ in range(self.random.randint(1, 2))]
        if self.maybe(0.1):
            table["table_format"] = self.random.choice(("iceberg", "delta", "hive", "native"))
        if self.maybe(0.1):
            table["file_format"] = self.random.choice(("preferred", "jsonl", "parquet", "csv", "insert_values", "typed-jsonl", "model"))
        if self.maybe(0.2):
            own = {"x-own-" + self.random.choice("abc"): self.value()}
            table.update({"x-loader": {"k": self.value()}, "x-extractor": {"a": 1}} if self.maybe(0.5) else own)
        if not parent:
            table["write_disposition"] = self.random.choice(("append", "append", "replace", "merge", "skip"))
        return table

    def add_tables(self):
        self.tables = ["orders"]
        for _ in range(self.random.randint(0, 3)):
            name = self.name()
            if self.schema.naming.normalize_tables_path(name) in self.schema.tables:
                continue # two descriptions of a column would become one that nobody would write: a timestamp with a text's length
            self.schema.update_table(copy.deepcopy(self.table(name)))
            self.tables.append(name)
            if self.maybe(0.4):
                self.schema.update_table(copy.deepcopy(self.table(f"{name}__items", self.schema.naming.normalize_tables_path(name))))

    def add_resource(self):
        """A table as dlt computes it of a resource's hints."""
        key = self.random.choice([None, "id", ["id", "order"]])
        strategies = ({"strategy": "scd2"}, {"strategy": "upsert"}, {"strategy": "delete-insert", "deduplicated": True})
        write = self.random.choice(["append", "replace", "merge", "skip", *({"disposition": "merge", **strategy} for strategy in strategies)])
        resource = dlt.resource([], name=self.random.choice(["res", "Resource Name", "été"]), write_disposition=write, primary_key=key,
                                columns={name: self.column(name) for name in self.some(["id", "order", "at", "été"], 3)},
                                merge_key=self.random.choice([None, "at"]), max_table_nesting=self.random.choice([None, 0, 2]),
                                table_format=self.random.choice([None, "delta"]),
                                schema_contract=self.random.choice([None, "freeze", {"columns": "evolve"}]),
                                incremental=dlt.sources.incremental("at") if self.maybe(0.3) else None)
        self.schema.update_table(resource.compute_table_schema())

    def add_data(self):
        """What the normalizer makes of documents, with its marks."""
        documents = [load[:4] for load in live_loads(self.seed, self.convention, nulls=False)[:2]]
        for number, items in enumerate(documents):
            for table in normalizer.normalize_load(self.schema, items, "data", f"load{number}", None):
                self.schema.tables[table].setdefault("x-normalizer", {})["seen-data"] = True

    # ---- settings ----------------------------------------------------------------------------------------------------------------

    def change_settings(self):
        schema = self.schema
        if self.maybe(0.4):
            schema.update_preferred_types({self.regex(): self.random.choice(TYPES) for _ in range(self.random.randint(1, 3))})
        if self.maybe(0.4):
            hints = self.some((*FLAGS[:7], "not_null", "row_key", "nullable"), 4)
            schema.merge_hints({hint: [self.regex() for _ in range(self.random.randint(0, 3))] for hint in hints}, replace=self.maybe(0.3))
        if self.maybe(0.3):
            for detection in self.some(DETECTIONS, 3):
                (schema.add_type_detection if self.maybe(0.7) else schema.remove_type_detection)(detection)
        if self.maybe(0.3):
            schema.set_schema_contract(self.contract())

    def configure_normalizer(self):
        update = self.schema.data_item_normalizer.update_normalizer_config
        if self.maybe(0.2):
            update(self.schema, {"propagation": {"root": {"_dlt_id": "_dlt_root_id"}, "tables": {"orders": {"id": "order_id"}}}})
        if self.maybe(0.2):
            update(self.schema, {"max_nesting": self.random.randint(0, 5)})
        if self.maybe(0.15):
            update(self.schema, {"root_key_propagation": self.maybe(0.5)})

    # ---- the whole ---------------------------------------------------------------------------------------------------------------

    def step(self, change):
        """One change and the next version, as after a load. Random hints may contradict each other or the documents: dlt fails, whatever it
        raises, and all stays as it is."""
        before = copy.deepcopy(self.schema.to_dict())
        try:
            change()
            self.schema._bump_version()
        except Exception:
            self.schema = Schema.from_stored_schema(before)

    def make(self):
        changes = [self.configure_normalizer, self.change_settings, self.add_tables, self.add_resource, self.add_data]
        for change in [change for change in changes if self.maybe(0.6)] or [self.add_tables]:
            self.step(change)
        for _ in range(self.random.choice((0, 0, 1, 12))): # dlt remembers ten earlier versions
            self.step(lambda: self.schema.update_table(utils.new_table(self.name())))
        document = copy.deepcopy(self.schema.to_dict())
        if self.maybe(0.1):
            document["description"] = self.text()
        if self.maybe(0.1):
            document["imported_version_hash"] = "WGGEbwMhgXRyX0nYyiHHGQ6FZGyZ9GdMLu3aMEYFFqw="
        if self.maybe(0.1):
            document["normalizers"].update({name: self.maybe(0.5) for name in (
                "allow_identifier_change_on_table_with_data", "use_break_path_on_normalize")})
        return Schema.from_dict(document, validate_schema=False)


def make(seed):
    with Container().injectable_context(normalizer.CAPABILITIES):
        return Maker(seed).make()


# ---- older engines -----------------------------------------------------------------------------------------------------------------


def columns_of(document):
    return [column for table in document["tables"].values() for column in table["columns"].values()]


def without_break_path(document, rng):
    document["normalizers"].pop("use_break_path_on_normalize", None)


def with_foreign_keys(document, rng):
    """Row keys were unique columns, parent keys foreign keys, json was complex."""
    for column in columns_of(document):
        for key, former in (("row_key", "unique"), ("parent_key", "foreign_key")):
            if (value := column.pop(key, None)) is not None and rng.random() < 0.9:
                column[former] = value
        if column.get("data_type") == "json":
            column["data_type"] = "complex"
    settings = document.get("settings") or {}
    preferred = settings.get("preferred_types") or {}
    preferred.update({regex: "complex" for regex, data_type in preferred.items() if data_type == "json"})
    hints = settings.get("default_hints")
    if hints:
        hints.pop("row_key", None)
        if keys := hints.pop("parent_key", None):
            hints["foreign_key"] = keys
    if rng.random() < 0.5:
        document["normalizers"]["json"].setdefault("config", {})["generate_dlt_id"] = rng.random() < 0.5


def without_seen_data(document, rng):
    for table in document["tables"].values():
        if table.get("x-normalizer", {}).pop("seen-data", None) and not table["x-normalizer"]:
            del table["x-normalizer"]


def without_previous_hashes(document, rng):
    del document["previous_hashes"]


def sealed(document, rng):
    if rng.random() < 0.5:
        document["settings"]["schema_sealed"] = rng.random() < 0.5
    for table in document["tables"].values():
        if rng.random() < 0.3:
            table["table_sealed"] = rng.random() < 0.5


def with_old_loads(document, rng):
    document["tables"]["_dlt_loads"]["columns"].pop("schema_version_hash", None)


STEPS = {10: without_break_path, 9: with_foreign_keys, 8: without_seen_data, 7: without_previous_hashes, 6: sealed, 5: with_old_loads}


def of_engine(document, version, rng):
    """The document as an engine of that version had it, in a copy."""
    document = copy.deepcopy(document)
    for older in range(SCHEMA_ENGINE_VERSION - 1, version - 1, -1):
        STEPS[older](document, rng)
    for column in columns_of(document):
        if rng.random() < 0.1:
            column["x-normalizer"] = {"seen-null-first": True}
    return {**document, "engine_version": version}
