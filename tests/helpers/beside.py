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


def pipeline(database, folder, name="g", dataset="d"):
    """`database`: a path, or an open connection (in memory dlt takes half the time, since it opens the database for every job)."""
    database = str(database) if isinstance(database, os.PathLike) else database
    return dlt.pipeline(name, destination=dlt.destinations.duckdb(database), dataset_name=dataset, pipelines_dir=str(folder))


def resource(items, table, write="append", max_nesting=None):
    return dlt.resource(items, name=table, write_disposition=write, max_table_nesting=max_nesting)


def run(pipe, data, table=None, write="append", max_nesting=None, contract=None):
    """One load: a list of items into one table, or {table: items} into several."""
    parts = data if isinstance(data, dict) else {table: data}
    resources = [resource(items, name, write, max_nesting) for name, items in parts.items()]
    if len(resources) > 1:
        return pipe.run(dlt.source(lambda: resources, name=pipe.pipeline_name)(), schema_contract=contract)
    return pipe.run(resources[0], schema_contract=contract)


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
             contract=None, refused=False):
    """All loads one after another, by one pipeline. The contract is that of the loads after the first, which it may have to refuse."""
    with environment(SCHEMA__NAMING=naming):
        load_each(pipeline(database, folder, name, dataset), loads, table, write, max_nesting, contract, refused)


def load_each(pipe, loads, table, write, max_nesting, contract, refused):
    try:
        run(pipe, loads[0], table, write, max_nesting)
        for data in loads[1:]:
            (run_refused if refused else run)(pipe, data, table, write, max_nesting, contract)
    finally:
        pipe.deactivate()
