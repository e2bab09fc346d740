"""dlt's own normalizer run in memory: what dlt makes of documents, without its packages, jobs and SQL. A hundred times faster than a
pipeline run, so that thousands of sets of documents can be compared. tests/conformance/test_live.py proves on some of them that it says
what a whole run says.
"""
import collections
import copy
import json

import beside
from beside import dlt
from dataset import Dataset, Table, plain

from dlt.common.configuration.container import Container
from dlt.common.json import json as dlt_json
from dlt.common.schema import Schema
from dlt.normalize.configuration import NormalizeConfiguration
from dlt.normalize.items_normalizers import JsonLItemsNormalizer

SQL_TYPES = {"text": "VARCHAR", "double": "DOUBLE", "bool": "BOOLEAN", "timestamp": "TIMESTAMP WITH TIME ZONE", "bigint": "BIGINT",
             "json": "JSON", "binary": "BLOB", "date": "DATE", "time": "TIME", "decimal": "DECIMAL(38,9)", "wei": "DECIMAL(38,0)"}
CAPABILITIES = dlt.destinations.duckdb().capabilities()


class Rows:
    """Stands where dlt's buffered writer stands."""

    def __init__(self):
        self.tables = collections.defaultdict(list)

    def write_data_item(self, load_id, schema_name, table_name, row, columns):
        self.tables[table_name].append(dict(row))


def schema_with(settings):
    """A schema with preferred types, default hints and detections, and with the configuration of its normalizer."""
    schema = Schema("g")
    if not settings:
        return schema
    if "preferred_types" in settings:
        schema.update_preferred_types(settings["preferred_types"])
    if "default_hints" in settings:
        schema.merge_hints(settings["default_hints"])
    if "detections" in settings:
        schema.settings["detections"] = list(settings["detections"])
    if "config" in settings:
        schema.data_item_normalizer.update_normalizer_config(schema, copy.deepcopy(settings["config"]))
        schema.data_item_normalizer._reset()
    schema._compile_settings()
    return schema


def normalize(loads, table, naming=None, load_id="load{}", contract=None, settings=None, columns=None):
    """The dataset after these loads, one after another: lists of documents into one table. The contract is that of the loads after the first;
    `columns` are hints that the first one comes with. Raises what dlt raises."""
    hints = columns
    with beside.environment(SCHEMA__NAMING=naming):
        schema = schema_with(settings)
    found, columns, load_ids = collections.defaultdict(list), {}, []
    with Container().injectable_context(CAPABILITIES):
        for number, items in enumerate(loads, 1):
            rows = normalize_load(schema, items, table, load_id.format(number), contract if number > 1 else None, hints if number == 1 else None)
            load_ids += [load_id.format(number)] * bool(rows)
            for name, more in rows.items():
                found[name] += more
                schema.tables[name].setdefault("x-normalizer", {})["seen-data"] = True
                columns[name] = [dict(column) for column in schema.tables[name]["columns"].values() if "data_type" in column]
    return dataset(schema, found, columns, load_ids)


def normalize_load(schema, items, table, load_id, contract, hints=None):
    if not items:
        return {}
    if contract:
        schema.set_schema_contract(contract)
    schema.update_table(dlt.resource([], name=table, schema_contract=contract, columns=hints or None).compute_table_schema(), merge_compound_props=False)
    schema.data_item_normalizer._reset()  # a run of dlt reads the schema anew before it normalizes
    config = NormalizeConfiguration()
    config.destination_capabilities = CAPABILITIES
    rows = Rows()
    normalizer = JsonLItemsNormalizer(rows, None, None, schema, load_id, config)
    normalizer._normalize_chunk(table, copy.deepcopy(items), False, False)
    return rows.tables


def dataset(schema, rows, columns, load_ids):
    """`columns`: those a table had when it was loaded last; the database learns of later ones when it is loaded again."""
    document = json.loads(schema_text(schema))
    tables = {name: Table([(column["name"], sql_type(column), column.get("nullable", True)) for column in columns[name]], []) for name in rows}
    for name, table in tables.items():
        types = {column: kind for column, kind, _ in table.columns}
        table.rows = [tuple(value(types[column], row.get(column)) for column in table.names) for row in rows[name]]
    tables["_dlt_loads"] = Table([("load_id", "VARCHAR", False), ("inserted_at", "VARCHAR", False)], [(name, name) for name in load_ids])
    tables["_dlt_version"] = Table([(name, "VARCHAR", False) for name in ("version", "inserted_at", "schema")], [(1, "", json.dumps(document))])
    return Dataset(tables)


def schema_text(schema):
    return dlt_json.dumps(schema.to_dict())


def sql_type(column):
    return SQL_TYPES[column["data_type"]]


def value(kind, found):
    if found is not None and kind == "JSON":
        return dlt_json.dumps(found)
    return plain(found)
