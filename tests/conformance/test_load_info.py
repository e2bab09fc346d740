# ctest: labels=conformance timeout=600
"""What a run tells in dlt's words: the same members with the same values as LoadInfo.asdict() and PipelineTrace.asdict() of dlt, run beside, and the same
tables and columns when both are loaded as data. What differs is listed here. Values that depend on the clock and on files are compared with both."""
import base64
import datetime
import hashlib
import json
import os
import subprocess
import time

import duckdb
import pytest

import beside
from beside import dlt
from engine import Workspace, place

ORDERS = {"name": "orders", "pages": [[{"id": 1, "lines": [{"sku": "a"}, {"sku": "b"}]}], [{"id": 2, "lines": []}]]}
UNITS = {"name": "units", "write": "replace", "pages": [[{"name": "kg"}]]}
WIDER = {"name": "orders", "pages": [[{"id": 3, "note": "x", "lines": [{"sku": "c", "n": 1}]}]]}
CASES = {
    "first run": [([ORDERS, UNITS], None)],
    "new columns": [([ORDERS, UNITS], None), ([WIDER], None)],
    "tables that are replaced": [([UNITS], None), ([UNITS], None)],
    "tables that are dropped": [([ORDERS, UNITS], None), ([WIDER], "drop_resources")],
    "a source that is dropped": [([ORDERS, UNITS], None), ([WIDER], "drop_sources")],
    "tables that are emptied": [([ORDERS, UNITS], None), ([WIDER], "drop_data")],
}


class Told:
    """LoadInfo and PipelineTrace of a run, read from JSON, and where it went."""

    def __init__(self, info, trace, work, load_id):
        self.info, self.trace, self.database, self.load_id = info, trace, str(work.database), load_id


def spile_run(work, resources, refresh=None, **more):
    files = {"dlt_file": str(work.folder / "info.json"), "trace_file": str(work.folder / "trace.json")}
    script = {"pipeline": "g", "destination": str(work.database), "dataset": "d", "data_dir": str(work.data), "source": "g", "resources": resources,
              "refresh": refresh, **files, **more}
    done = subprocess.run([os.path.join(place("SPILE_FILTERS"), "source_filter")], input=json.dumps(script), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    info, trace = (json.load(open(path)) for path in files.values())
    return Told(info, trace, work, json.loads(done.stdout[done.stdout.index("{"):done.stdout.rindex("}") + 1])["load_id"]), done.stdout


def dlt_pipeline(work):
    return beside.pipeline(work.database, work.folder / "dlt")


def dlt_resource(told):
    return dlt.resource(lambda: iter(json.loads(json.dumps(told["pages"]))), name=told["name"], write_disposition=told.get("write", "append"))


def dlt_run(work, resources, refresh=None, loaded=False):
    pipe = dlt_pipeline(work)
    try:
        info = pipe.run(dlt.source(lambda: [dlt_resource(told) for told in resources], name="g")(), refresh=refresh)
        trace = pipe.last_trace
        if loaded:
            pipe.run([info], table_name="_load_info")
            pipe.run([trace], table_name="_trace")
    finally:
        pipe.deactivate()
    return Told(*(json.loads(json.dumps(told.asdict(), default=str)) for told in (info, trace)), work, info.loads_ids[0])


def shape(document, path=""):
    """Paths of all members."""
    if isinstance(document, dict):
        return {path}.union(*(shape(value, f"{path}.{key}") for key, value in document.items()))
    return {path}.union(*(shape(value, path + "[]") for value in document)) if isinstance(document, list) else {path}


# Of a file and a clock; and what spile's files have not.
OWN = {"file_path", "file_size", "created_at", "elapsed", "file_id", "file_format", "is_compressed", "job_id", "package_path", "completed_at", "started_at",
       "finished_at", "created", "last_modified", "span_id", "transaction_id"}
STRATEGY = "x-replace-strategy"  # what dlt notes for its loader: spile has one way to replace, and its schemas say nothing of it


def plain(value, told, key=""):
    """Without those values, and without the row of the state as a job: it is no file of a package. Lists in one order, since jobs are done in any."""
    if isinstance(value, dict):
        return {name: plain(child, told, name) for name, child in value.items() if name not in OWN and name != STRATEGY}
    if isinstance(value, list):
        children = [plain(child, told) for child in value if key == "tables" or not is_of_state(child)]
        return sorted(children, key=lambda child: json.dumps(child, sort_keys=True)) if key != "columns" else children
    return value.replace(told.database, "DATABASE").replace(told.load_id, "ID") if isinstance(value, str) else value


def is_of_state(entry):
    return isinstance(entry, dict) and "_dlt_pipeline_state" in (entry.get("table_name"), entry.get("resource_name")) and "data_type" not in entry


@pytest.mark.parametrize("case", CASES)
def test_load_info_as_dlt(work, tmp_path, case):
    alone = Workspace(tmp_path / "alone")
    for resources, refresh in CASES[case]:
        got, want = spile_run(work, resources, refresh)[0], dlt_run(alone, resources, refresh)
        assert shape(got.info) == {path for path in shape(want.info) if not path.endswith(STRATEGY)}
        assert plain(got.info, got) == plain(want.info, want)


# Members of dlt's trace that spile's has not: of Python, of its configuration, and of the files of a step that has none here.
NOT_TOLD = (".execution_context.run_context", ".execution_context.exec_info[]", ".resolved_config_values[]", ".steps[].extract_info.job_metrics[]",
            ".steps[].step_info.load_packages[].jobs[]", ".steps[].extract_info.hints[]")


def test_trace_as_dlt(work, tmp_path):
    got, want = spile_run(work, [ORDERS, UNITS])[0], dlt_run(Workspace(tmp_path / "alone"), [ORDERS, UNITS])
    lacking = {path for path in shape(want.trace) - shape(got.trace) if not path.startswith(NOT_TOLD) and not path.endswith(STRATEGY)}
    assert not lacking and shape(got.trace) - shape(want.trace) <= {".steps[].extract_info.hints[].table_name"}
    assert [step["step"] for step in got.trace["steps"]] == [step["step"] for step in want.trace["steps"]]
    for mine, its in zip(got.trace["steps"], want.trace["steps"]):
        metrics = mine["step"] + "_info"
        assert plain(mine["step_info"], got)["loads_ids"] == plain(its["step_info"], want)["loads_ids"]
        assert [package["state"] for package in mine["step_info"]["load_packages"]] == [package["state"] for package in its["step_info"]["load_packages"]]
        for name in ("table_metrics", "resource_metrics", "dag", "inputs", "outputs"):
            assert plain(mine[metrics].get(name), got, name) == plain(its[metrics].get(name), want, name), (metrics, name)
    assert plain(got.trace["steps"][2]["load_info"], got) == plain(want.trace["steps"][2]["load_info"], want)
    assert got.trace["engine_version"] == want.trace["engine_version"] and got.trace["pipeline_name"] == "g"
    for name in ("ci_run", "cpu", "os"):
        assert got.trace["execution_context"][name] == want.trace["execution_context"][name]


def columns(work, prefix):
    with duckdb.connect(str(work.database), read_only=True) as connection:
        rows = connection.execute("select table_name, column_name, data_type from information_schema.columns where table_schema = 'd' and starts_with(table_name, ?)", [prefix])
        return {(table, column, kind) for table, column, kind in rows.fetchall()}


METRICS = [(f"_trace__steps__extract_info__{name}", column) for name in ("table_metrics", "resource_metrics") for column in ("file_size", "created", "last_modified")]
# Tables and columns of dlt's that spile makes not: without a value there is no column.
MISSING = {
    "_load_info": {("_load_info__load_packages__jobs", "file_id"), ("_load_info__load_packages__tables", "x_replace_strategy")},
    "_trace": {("_trace", "execution_context__python"), ("_trace", "execution_context__run_context__name"), ("_trace__execution_context__exec_info", None),
               ("_trace__resolved_config_values", None), ("_trace__resolved_config_values__sections", None), ("_trace__steps__extract_info__job_metrics", None),
               ("_trace__steps__step_info__load_packages__jobs", "file_id"), ("_trace__steps__step_info__load_packages__tables", "x_replace_strategy"), *METRICS,
               *(("_trace__steps__extract_info__hints", column) for column in ("columns", "file_format", "original_columns"))},
}
ADDED = {"_load_info": set(), "_trace": {("_trace__steps__extract_info__hints", "table_name")}}  # dlt's only where it was given


@pytest.mark.parametrize("table", MISSING)
def test_the_same_tables_when_loaded(work, tmp_path, table):
    alone = Workspace(tmp_path / "alone")
    dlt_run(alone, [ORDERS, UNITS], loaded=True)
    spile_run(work, [ORDERS, UNITS], dlt_table="_load_info", trace_table="_trace")
    got, want = columns(work, table), columns(alone, table)
    known = {entry for entry in want if (entry[0], None) in MISSING[table] or entry[:2] in MISSING[table]}
    added = {entry for entry in got if entry[:2] in ADDED[table]}
    assert got - added == want - known and len(got) > 20
    assert {entry[:2] for entry in added} == ADDED[table]


def micros(text):
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1000000)


def test_times_and_sizes_are_real(work):
    """The package waits: its files can be looked at. Pages larger than a chunk make files of several batches, whose schema is in them once."""
    before = time.time() * 1000000
    rows = [{"id": i, "text": f"row {i} {'x' * 100}", "lines": [i]} for i in range(4000)]
    told, out = spile_run(work, [{"name": "t", "pages": [rows, rows]}], no_load=True, steps=True)
    after = time.time() * 1000000
    steps = {step["step"]: step for step in told.trace["steps"]}
    package, = steps["normalize"]["step_info"]["load_packages"]
    assert package["state"] == "normalized" and package["completed_at"] is None and package["schema_hash"] is None
    assert {job["table_name"]: job["file_size"] for job in package["jobs"]} == {job["table_name"]: os.path.getsize(job["file_path"]) for job in package["jobs"]}
    assert sorted(job["table_name"] for job in package["jobs"]) == ["t", "t__lines"] and all(job["state"] == "new_jobs" for job in package["jobs"])
    for job in steps["normalize"]["normalize_info"]["job_metrics"]:
        found = os.stat(job["file_path"])
        assert job["file_size"] == found.st_size and job["items_count"] == 8000
        assert before <= job["created"] * 1000000 <= job["last_modified"] * 1000000 <= after and abs(job["last_modified"] - found.st_mtime) < 1
    assert list(steps) == ["extract", "normalize"] and told.info["load_packages"] == told.info["loads_ids"] == told.info["job_metrics"] == []
    assert steps["extract"]["started_at"] == steps["normalize"]["started_at"] and steps["extract"]["finished_at"] == steps["normalize"]["finished_at"]
    assert step_lines(out) == ["extract", "normalize", "run"]
    assert before <= micros(told.trace["started_at"]) <= micros(steps["extract"]["started_at"]) < micros(steps["extract"]["finished_at"]) \
        <= micros(told.trace["finished_at"]) <= after


def step_lines(out):
    return [line.split()[1] for line in out.splitlines() if line.startswith("step ")]


def test_steps_of_an_extract(work):
    told, out = spile_run(work, [ORDERS], stage="extract", steps=True)
    step, = told.trace["steps"]
    assert step["step"] == "extract" and step_lines(out) == ["extract", "run"]
    assert told.info["load_packages"] == told.info["loads_ids"] == []


def test_steps_of_a_load(work):
    told, out = spile_run(work, [ORDERS], steps=True)
    steps = {name: (int(begin), int(end)) for name, begin, end in (line.split()[1:] for line in out.splitlines() if line.startswith("step "))}
    assert steps["extract"] == steps["normalize"] and list(steps) == ["extract", "normalize", "load", "run"]
    assert steps["run"][0] <= steps["extract"][0] < steps["extract"][1] <= steps["load"][0] < steps["load"][1] <= steps["run"][1]
    for step in told.trace["steps"]:
        assert (micros(step["started_at"]), micros(step["finished_at"])) == steps[step["step"]]
    jobs = [(micros(job["started_at"]), micros(job["finished_at"])) for job in told.info["job_metrics"]]
    assert len(jobs) == 2 and steps["load"][0] <= jobs[0][0] < jobs[0][1] <= jobs[1][0] < jobs[1][1] <= steps["load"][1]
    assert micros(told.info["load_packages"][0]["completed_at"]) == steps["load"][1]
    for job in told.info["load_packages"][0]["jobs"]:
        assert round(job["elapsed"] * 1000000) == steps["load"][1] - micros(job["created_at"]) > 0


def test_a_load_that_is_there_already(work):
    """Nothing is drawn, so there is no step but the run itself."""
    spile_run(work, [ORDERS], load_id="one")
    told, out = spile_run(work, [ORDERS], load_id="one", steps=True)
    assert step_lines(out) == ["run"] and told.trace["steps"] == []
    assert told.info["load_packages"] == told.info["outputs"] == [] and told.info["started_at"] is None and told.info["first_run"] is False


def test_no_two_runs_have_the_same_ids(work):
    traces = [spile_run(work, [ORDERS])[0].trace for _ in range(2)]
    ids = [span for trace in traces for span in (trace["transaction_id"], *(step["span_id"] for step in trace["steps"]))]
    assert len(set(ids)) == 8 and all(len(span) == 32 and int(span, 16) for span in ids)


def test_version_is_the_digest_of_the_schema(work):
    told, _ = spile_run(work, [ORDERS])
    output, = told.info["outputs"]
    assert output["schemas"] == [{"name": "g", "version_hash": told.info["load_packages"][0]["schema_hash"]}] and output["tables"] == ["orders", "orders__lines"]
    assert bytes.fromhex(hashlib.shake_128(output["schemas"][0]["version_hash"].encode()).hexdigest(15)) == base64.b64decode(output["version"])
