# ctest: labels=conformance timeout=600
"""`spile pipeline NAME drop --state-paths PATHS` beside dlt's `dlt pipeline NAME drop --state-paths PATHS`: what is left of state and tables, as the
dataset has it and as dlt restores it from there in a new folder.

Expected values: dlt's pipeline_drop, run beside.
"""
import json
import shutil
import subprocess

import pytest
from dlt.pipeline.helpers import pipeline_drop

import beside
from beside import dlt
from dataset import compare, read_dataset, report
from engine import Workspace, place

KEPT = {"archives": ["a", "b", "c", "d"], "page": {"next": 3, "seen": [{"id": 1, "k": "x"}, {"id": 2, "k": "y"}, {"id": 3}]}, "a.b": 7, "it's": 1, "none": None,
        "empty": {}, "é": 2, "*": 9, "inner": {"resources": 5}}
OF_USERS = {"lists": [[1, 2], [3]], "resources": {"next": 1}}


@dlt.source(name="g")
def source():
    @dlt.resource(name="orders")
    def orders(ts=dlt.sources.incremental("ts")):
        dlt.current.source_state().update(json.loads(json.dumps(KEPT)))
        dlt.current.resource_state()["count"] = 1
        yield [{"id": 1, "ts": 5, "lines": [1]}]

    @dlt.resource(name="users")
    def users():
        dlt.current.resource_state().update({**json.loads(json.dumps(OF_USERS)), "count": 2})
        yield {"id": 1}

    return orders, users


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A pipeline that has run, to be copied."""
    work = Workspace(tmp_path_factory.mktemp("begun"))
    pipe = beside.pipeline(work.database, work.folder / "dlt")
    pipe.run(source())
    pipe.deactivate()
    return work


def dlt_drop(begun, alone, paths, resources=(), drop_all=False, state_only=False):
    shutil.copyfile(begun.database, alone.database)
    shutil.copytree(begun.folder / "dlt", alone.folder / "dlt")
    pipe = beside.pipeline(alone.database, alone.folder / "dlt")
    try:
        done = pipeline_drop(pipe, resources=resources, state_paths=paths, drop_all=drop_all, state_only=state_only)
        if not done.is_empty:  # as the command has it
            done()
        return done
    finally:
        pipe.deactivate()


def spile_drop(begun, work, paths, resources=(), drop_all=False, state_only=False, code=0):
    shutil.copyfile(begun.database, work.database)
    words = [*resources, *(["--state-paths", ", ".join(paths)] if paths else []), *(["--all"] if drop_all else []), *(["--state-only"] if state_only else [])]
    done = subprocess.run([place("SPILE"), "pipeline", "g", "drop", *words, "--to", str(work.database), "--dataset", "d", "--yes", "--json"], env=work.environ(),
                          capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if not code else done.stderr


def restored(work):
    """What dlt takes from the dataset, without what holds nothing: dlt leaves the object of the resources and that of the source."""
    pipe = beside.pipeline(work.database, work.folder / "new")
    try:
        pipe.sync_destination()
        sources = json.loads(json.dumps(pipe.state.get("sources", {})))
        if not sources.get("g", {}).get("resources", True):
            del sources["g"]["resources"]
        return {name: kept for name, kept in sources.items() if kept}, sorted(pipe.default_schema.data_table_names())
    finally:
        pipe.deactivate()


def check(work, alone):
    assert restored(work) == restored(alone)
    differences = [line for line in compare(read_dataset(work.database), read_dataset(alone.database)) if not line.startswith(("load with an unknown schema", "state "))]
    assert not differences, report(differences)


# paths, and what else the drop is told
CASES = [
    (["archives"], {}), (["$.archives"], {}), (["*"], {}), (["$.*"], {}), (["$..*"], {}), (["$..@"], {}), (["none", "empty"], {}), (["page.*"], {}),
    (["page.seen[*].k"], {}), (["page..id"], {}), (["$..id"], {}), (["$..count"], {}), (["$..next"], {}), (["page[seen,next]"], {}), (["page.@"], {}),
    (["page", "page.next"], {}), (["page.next", "page"], {}), (["archives", "archives"], {}), (["archives[0]"], {}), (["archives[-1]"], {}),
    (["archives[3:0:-2]"], {}), (["page.seen[0].id", "page.seen[1].k"], {}), (["'a.b'"], {}), (["['a.b']", "'it\\'s'"], {}), (["\"it's\"", "'é'"], {}),
    (["'*'"], {}), (["inner.resources"], {}), (["resources.users.resources"], {}), (["resources.*"], {}), (["resources.orders"], {}),
    (["resources.orders.incremental"], {}), (["resources.*.count", "resources.users.lists", "resources.users.resources"], {}),
    (["resources.users.lists[*][0]"], {}), (["nothing", "archives"], {}), (["resources", "page"], {}), (["archives"], {"resources": ["orders"]}),
    (["resources.*.count"], {"resources": ["orders"]}), (["resources.orders", "resources.users"], {"resources": ["orders"]}),
    (["nothing"], {"resources": ["orders"]}), (["archives"], {"resources": ["nothing"]}), (["page"], {"drop_all": True}),
    (["*"], {"drop_all": True, "state_only": True}), (["page"], {"resources": ["re:^u"], "state_only": True}),
]


@pytest.mark.parametrize(("paths", "told"), CASES, ids=[" ".join([*paths, *map(str, told.values())]) for paths, told in CASES])
def test_as_dlt(begun, work, tmp_path, paths, told):
    alone = Workspace(tmp_path / "alone")
    want, got = dlt_drop(begun, alone, paths, **told), spile_drop(begun, work, paths, **told)
    check(work, alone)
    assert (sorted(got["tables"]), got["states"]) == (sorted(want.info["tables"]), want.info["resource_states"])


@pytest.mark.parametrize("paths", [["nothing"], ["resources"], ["resources", "nothing"]])
def test_nothing_to_drop(begun, work, tmp_path, paths):
    """dlt warns, and does nothing; for spile that is wrong usage, as with resources that are not there."""
    alone = Workspace(tmp_path / "alone")
    done = dlt_drop(begun, alone, paths)
    assert done.is_empty and "did not select any paths" in done.info["warnings"][0]
    assert "names nothing that can go" in spile_drop(begun, work, paths, code=2)
    check(work, alone)


def test_the_whole_state(begun, work, tmp_path):
    """dlt says that it drops the whole, and leaves it as it is."""
    alone = Workspace(tmp_path / "alone")
    assert dlt_drop(begun, alone, ["$"]).info["state_paths"] == ["g.$"]
    assert "names nothing that can go" in spile_drop(begun, work, ["$"], code=2)
    assert restored(work) == restored(alone)


# of lists more than one element, or one element twice: what dlt leaves, and what spile does
SHIFTED = [
    (["archives[*]"], ["b", "d"], []), (["archives[0,1]"], ["b", "d"], ["c", "d"]), (["archives[0]", "archives[1]"], ["b", "d"], ["c", "d"]),
    (["archives[0]", "archives[0]"], ["c", "d"], ["b", "c", "d"]),
]


@pytest.mark.parametrize(("paths", "theirs", "ours"), SHIFTED, ids=[" ".join(paths) for paths, _, _ in SHIFTED])
def test_elements_of_a_list(begun, work, tmp_path, paths, theirs, ours):
    """dlt cuts one after the other, and by then the elements behind it have moved up; spile cuts those that the paths name."""
    alone = Workspace(tmp_path / "alone")
    dlt_drop(begun, alone, paths)
    spile_drop(begun, work, paths)
    assert [restored(each)[0]["g"]["archives"] for each in (alone, work)] == [theirs, ours]


@pytest.mark.parametrize("path", ["a[", "", "a..", "$$", "a]"])
def test_bad_paths(begun, work, tmp_path, path):
    alone = Workspace(tmp_path / "alone")
    with pytest.raises(Exception, match="[Pp]arse error|Unexpected character"):
        dlt_drop(begun, alone, [path])
    assert "is no path" in spile_drop(begun, work, ["archives", path], code=2)
    assert restored(work) == restored(alone)
