"""Runs dlt itself, in this process, on the data that spile is given: into a DuckDB file and working folders of its own."""
import contextlib
import os
import tempfile
import warnings

os.environ.update({
    "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL", "DLT_DISABLE_PLUGINS": "1", "LOAD__WORKERS": "1",
    **{name: tempfile.mkdtemp(prefix="dlt-") for name in ("DLT_DATA_DIR", "DLT_LOCAL_DIR", "DLT_PROJECT_DIR")}})
warnings.filterwarnings("ignore", module="dlt")

import dlt  # noqa: E402
from dlt.pipeline.exceptions import PipelineStepFailed  # noqa: E402


def pipeline(database, folder, name="g", dataset="d", **options):
    """`database`: a path, or an open connection (in memory dlt takes half the time, since it opens the database for every job)."""
    database = str(database) if isinstance(database, os.PathLike) else database
    return dlt.pipeline(name, destination=dlt.destinations.duckdb(database), dataset_name=dataset, pipelines_dir=str(folder),
                        **options)


HINTS = ("columns", "primary_key", "merge_key", "nested_hints")  # of a resource; the others are of the source or its schema


def resource(items, table, write="append", max_nesting=None, hints=None):
    hints = {name: hints[name] for name in HINTS if hints and name in hints}
    return dlt.resource(items, name=table, write_disposition=write, max_table_nesting=max_nesting, **hints)


def schema_of(pipe, hints):
    """A schema with settings: preferred types, default hints, detections, propagation."""
    schema = dlt.Schema(pipe.pipeline_name)
    if "preferred_types" in hints:
        schema.update_preferred_types(hints["preferred_types"])
    if "default_hints" in hints:
        schema.merge_hints(hints["default_hints"])
    for name in list(schema.settings["detections"]) if "detections" in hints else []:
        schema.remove_type_detection(name)
    for name in hints.get("detections", []):
        schema.add_type_detection(name)
    for table, filters in hints.get("filters", {}).items():
        schema.update_table({"name": table, "columns": {}, "filters": filters})
    for config in ("propagation", "max_nesting"):
        if config in hints:
            schema.data_item_normalizer.update_normalizer_config(schema, {config: hints[config]})
    schema._compile_settings()
    return schema


def run(pipe, data, table=None, write="append", max_nesting=None, contract=None, hints=None):
    """One load: a list of items into one table, or {table: items} into several."""
    hints = hints or {}
    parts = data if isinstance(data, dict) else {table: data}
    resources = [resource(items, name, write, max_nesting, hints) for name, items in parts.items()]
    schema = schema_of(pipe, hints) if set(hints) - set(HINTS) - {"root_key"} else None
    if len(resources) > 1 or "root_key" in hints:
        return pipe.run(dlt.source(lambda: resources, name=pipe.pipeline_name, root_key=hints.get("root_key"))(), schema_contract=contract)
    return pipe.run(resources[0], schema_contract=contract, schema=schema)


def run_refused(pipe, *arguments):
    """A load that the contract has to refuse. dlt keeps its package and tries it again: it is thrown away."""
    try:
        run(pipe, *arguments)
    except PipelineStepFailed as error:
        assert "contract_mode=freeze" in str(error), error
        pipe.drop_pending_packages()
        return
    raise AssertionError("dlt did not refuse the load")


@contextlib.contextmanager
def environment(**names):
    """Settings of dlt, for a while; None is none."""
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: value for name, value in names.items() if value is not None})
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def load_all(database, folder, loads, table="t", write="append", max_nesting=None, name="g", dataset="d", naming=None,
             contract=None, refused=False, hints=None):
    """All loads one after another, by one pipeline. The contract is that of the loads after the first, which it may have to refuse."""
    with environment(SCHEMA__NAMING=naming):
        load_each(pipeline(database, folder, name, dataset), loads, table, write, max_nesting, contract, refused, hints)


def load_each(pipe, loads, table, write, max_nesting, contract, refused, hints):
    """`write`: dlt's write disposition, or a list of one for each load."""
    writes = write if isinstance(write, list) else [write] * len(loads)
    try:
        run(pipe, loads[0], table, writes[0], max_nesting, hints=hints)
        for data, later in zip(loads[1:], writes[1:], strict=True):
            (run_refused if refused else run)(pipe, data, table, later, max_nesting, contract, hints)
    finally:
        pipe.deactivate()
