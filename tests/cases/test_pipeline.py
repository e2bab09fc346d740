# ctest: labels=cases timeout=300
"""spile pipeline, and what a pipeline keeps between runs: state, cursors, load packages. Expected values follow from the runs made here; each is an
example's (examples/incremental.c) or a script's (tests/conformance/source_filter.c)."""
import base64
import json
import os
import shutil
import subprocess
import zlib

import duckdb
import pytest

from engine import place


def run_example(work):
    done = subprocess.run([os.path.join(place("SPILE_EXAMPLES"), "incremental")], cwd=work.folder, env=work.environ(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def run_source(work, *resources, code=0, **told):
    script = {"pipeline": "shop", "destination": "shop.duckdb", "dataset": "shop_dataset", "data_dir": str(work.data), "source": "shop", "resources": resources, **told}
    done = subprocess.run([os.path.join(place("SPILE_FILTERS"), "source_filter")], input=json.dumps(script), cwd=work.folder, env=work.environ(),
                          capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stderr if code else json.loads(done.stdout[done.stdout.index("{"):])


def pipeline(work, *words, code=0, answer="", name="shop"):
    done = subprocess.run([place("SPILE"), "pipeline", name, *words, "--to", "shop.duckdb"], cwd=work.folder, env=work.environ(), input=answer,
                          capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def query(work, sql):
    with duckdb.connect(str(work.folder / "shop.duckdb")) as connection:
        return connection.execute(sql).fetchall()


def state(work):
    return json.loads(pipeline(work, "state"))


def test_the_info_tells_what_resources_have_drawn(work):
    """Items before steps and cursor, and behind them; of a hidden one, too."""
    report = run_source(work, {"name": "orders", "hidden": True, "incremental": {"cursor": "id", "initial": "2"}, "pages": [[{"id": 1, "lines": [1]}, {"id": 2, "lines": [2, 3]}], [], [{"id": 3, "lines": []}]]},
                        {"name": "lines", "from": "orders", "emits": "lines"})
    assert report["resources"] == [{"name": "orders", "pages": 3, "drawn": 3, "items": 2}, {"name": "lines", "pages": 2, "drawn": 2, "items": 2}]
    assert [(table["name"], table["rows"]) for table in report["tables"]] == [("lines", 2)]


def test_the_info_is_data(work):
    report = run_source(work, {"name": "t", "pages": [[{"id": 1}], [{"id": 2}]]}, info_table="_load_info")
    assert query(work, "select load_id, rows from shop_dataset._load_info") == [(report["load_id"], 2)]
    assert query(work, "select name, pages, items from shop_dataset._load_info__resources") == [("t", 2, 2)]


def test_progress_tells_of_resources(work):
    script = {"pipeline": "shop", "destination": "shop.duckdb", "data_dir": str(work.data), "source": "shop", "progress": True,
              "resources": [{"name": "t", "pages": [[{"id": 1}], [{"id": 2}, {"id": 3}]]}]}
    done = subprocess.run([os.path.join(place("SPILE_FILTERS"), "source_filter")], input=json.dumps(script), cwd=work.folder, env=work.environ(), capture_output=True, text=True)
    assert done.stdout.startswith("t 2 3 3\n{")


def reports(work, *resources, **told):
    """What the callback was told: (stage, rows, total, {table: (rows, total)})."""
    script = {"pipeline": "shop", "destination": "shop.duckdb", "data_dir": str(work.data), "source": "shop", "progress_tables": True, "resources": resources, **told}
    done = subprocess.run([os.path.join(place("SPILE_FILTERS"), "source_filter")], input=json.dumps(script), cwd=work.folder, env=work.environ(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    words = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("progress ")]
    return [(*map(int, told[:3]), {told[i]: (int(told[i + 1]), int(told[i + 2])) for i in range(3, len(told), 3)}) for told in words]


def test_progress_tells_of_tables(work):
    """Every order has two lines: of n orders there are 2 n rows in the other table. At the end of each stage all of them are told of, and on the way never
    more than all, nor fewer than before; a table is loaded when the ones before it are."""
    told = reports(work, {"name": "orders", "pages": [[{"id": i, "lines": [1, 2]} for i in range(page * 1000, page * 1000 + 1000)] for page in range(100)]},
                   {"name": "units", "pages": [[{"name": "kg"}]]})
    n = 100000
    drawn, loaded, done = ([report for report in told if report[0] == stage] for stage in range(3))
    assert sorted(drawn[-1][3].items()) == [("orders", (n, 0)), ("orders__lines", (2 * n, 0)), ("units", (1, 0))] and drawn[-1][1:3] == (3 * n + 1, 0)
    assert loaded[0][3] == {name: (0, rows) for name, (rows, _) in drawn[-1][3].items()} and loaded[0][1:3] == (0, 3 * n + 1)
    assert loaded[-1][1:] == done[-1][1:] == (3 * n + 1, 3 * n + 1, {name: (rows, rows) for name, (rows, _) in drawn[-1][3].items()})
    for before, after in zip(drawn, drawn[1:]):
        assert all(before[3][name][0] <= after[3][name][0] for name in before[3])
        assert list(after[3])[:len(before[3])] == list(before[3]) and sum(rows for rows, _ in after[3].values()) <= after[1]
    for _, rows, _, tables in loaded:
        partly = [0 if here == 0 else 2 if here == total else 1 for here, total in tables.values()]
        assert sum(here for here, _ in tables.values()) == rows and partly == sorted(partly, reverse=True) and partly.count(1) <= 1


def test_progress_of_a_package_that_waited_is_its_own(work):
    """The rows of the load that an earlier run left do not count for the next one."""
    run_source(work, {"name": "t", "pages": [[{"id": 1}, {"id": 2}, {"id": 3}]]}, no_load=True)
    told = [report[1:] for report in reports(work, {"name": "t", "pages": [[{"id": 4}, {"id": 5}]]}, dataset="shop_dataset") if report[0] == 1]
    assert [told[0], *told[-3:]] == [(0, 3, {"t": (0, 3)}), (3, 3, {"t": (3, 3)}), (0, 2, {"t": (0, 2)}), (2, 2, {"t": (2, 2)})]


def test_a_plan_draws_a_sample(work):
    """Functions are called as in a run, but stop when enough is seen; nothing is changed, no state moves."""
    run_source(work, {"name": "t", "count": True, "pages": [[{"id": 1}]]})
    before = state(work)
    script = {"pipeline": "shop", "destination": "shop.duckdb", "data_dir": str(work.data), "source": "shop", "plan": 3, "resources": [
        {"name": "t", "count": True, "pages": [[{"id": i, "new": "x"}] for i in range(100)]}]}
    done = subprocess.run([os.path.join(place("SPILE_FILTERS"), "source_filter")], input=json.dumps(script), cwd=work.folder, env=work.environ(), capture_output=True, text=True)
    pages, plan = done.stdout.split("\n", 1)
    assert pages == "3 pages" and json.loads(plan)["tables"] == [{"name": "t", "rows": 3}], done.stdout
    assert any('ADD COLUMN "new"' in statement for statement in json.loads(plan)["statements"])
    assert state(work) == before and query(work, "select count(*) from shop_dataset.t") == [(1,)]


def test_info(work):
    run_example(work)
    told = pipeline(work, "info")
    for words in ("pipeline       shop", "dataset        shop_dataset", "state version  1", "schemas        shop", "load packages  0", "table orders (append, primary_key id)"):
        assert words in told, told
    assert pipeline(work, "sync") == 'state version 1 and schema "shop" version 1 are the dataset\'s\n'


def test_state(work):
    run_example(work)
    orders = state(work)["sources"]["shop"]["resources"]["orders"]
    assert orders["runs"] == 1 and orders["incremental"]["updated_at"]["last_value"] == "2026-01-02T10:00:00Z"


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "yep\n"])
def test_what_is_not_confirmed_is_not_done(work, answer):
    run_example(work)
    before = state(work)
    for words in (["reset-cursor", "orders"], ["drop", "orders"]):
        told = pipeline(work, *words, code=1, answer=answer)
        assert "not confirmed" in told and "orders" in told
    assert state(work) == before and query(work, "select count(*) from shop_dataset.orders") == [(3,)]


def test_reset_cursor(work):
    run_example(work)
    assert run_example(work)[1] == "0 new"
    report = json.loads(pipeline(work, "reset-cursor", "orders", "--json", answer="y\n"))
    assert report == {"source": "shop", "tables": [], "states": ["orders"], "state_paths": [], "unmatched_paths": []}
    assert state(work)["sources"]["shop"]["resources"]["orders"] == {"runs": 2}
    assert run_example(work) == ['run 3 draws from "2026-01-01T00:00:00Z"', "3 new"]


def test_drop(work):
    run_source(work, {"name": "orders", "count": True, "pages": [[{"id": 1, "lines": [1]}]]}, {"name": "users", "count": True, "pages": [[{"id": 1}]]})
    report = json.loads(pipeline(work, "drop", "re:^ord", "--yes", "--json"))
    assert (sorted(report["tables"]), report["states"]) == (["orders", "orders__lines"], ["orders"])
    assert query(work, "select table_name from information_schema.tables where table_schema = 'shop_dataset' and table_name not like '\\_dlt%' escape '\\'") == [("users",)]
    assert state(work)["sources"]["shop"]["resources"] == {"users": {"count": 1}}
    assert query(work, "select count(*), max(version) from shop_dataset._dlt_version") == [(1, 2)]
    run_source(work, {"name": "orders", "pages": [[{"id": "x"}]]})
    assert query(work, "select id from shop_dataset.orders") == [("x",)]


def test_drop_of_the_state_only(work):
    run_example(work)
    pipeline(work, "drop", "orders", "--state-only", "--yes")
    assert "sources" not in state(work) or not state(work)["sources"]
    assert query(work, "select count(*) from shop_dataset.orders") == [(3,)]
    assert run_example(work)[0].startswith("run 1 ")


def put_state(work, kept):
    """The state of source shop, as if functions had kept it."""
    text = json.dumps({**state(work), "sources": {"shop": kept}}).encode()
    query(work, f"update shop_dataset._dlt_pipeline_state set state = '{base64.b64encode(zlib.compress(text)).decode()}'")


RESOURCES = {"orders": {"count": 1, "seen": [[1, 2], [3]]}, "users": {"count": 2}}
KEPT = {"archives": ["a", "b", "c", "d"], "page": {"next": 3, "seen": [{"id": 1, "k": "x"}, {"id": 2}], "empty": {}}, "a.b": 7, "it's": None, "resources": RESOURCES}


def without(*keys, **changed):
    """KEPT without keys, and with others changed; None takes one away, too."""
    kept = {key: value for key, value in {**KEPT, **changed}.items() if key not in keys}
    return {key: value for key, value in kept.items() if key not in changed or value is not None}


# paths; values that go; paths that name nothing; what is left
STATE_PATHS = [
    ("archives", ["archives"], [], without("archives")),
    ("$.archives, page.next", ["archives", "page.next"], [], without("archives", page={"seen": KEPT["page"]["seen"], "empty": {}})),
    ("page[next,empty]", ["page.next", "page.empty"], [], without(page={"seen": KEPT["page"]["seen"]})),
    ("archives[0]", ["archives[0]"], [], without(archives=["b", "c", "d"])),
    ("archives[-1], archives[1]", ["archives[1]", "archives[3]"], [], without(archives=["a", "c"])),
    ("archives[*]", ["archives[0]", "archives[1]", "archives[2]", "archives[3]"], [], without(archives=[])),
    ("archives[::2]", ["archives[0]", "archives[2]"], [], without(archives=["b", "d"])),
    ("page.seen[*].id", ["page.seen[0].id", "page.seen[1].id"], [], without(page={**KEPT["page"], "seen": [{"k": "x"}, {}]})),
    ("page.seen[0], page.seen[0].id, page.seen[0]", ["page.seen[0]"], [], without(page={**KEPT["page"], "seen": [{"id": 2}]})),
    ("page.next, page, page.seen[*]", ["page"], [], without("page")),
    ("'a.b', ['it\\'s']", ["['a.b']", "['it\\'s']"], [], without("a.b", "it's")),
    ("*", ["archives", "page", "['a.b']", "['it\\'s']"], [], {"resources": RESOURCES}),
    ("resources.users", ["resources.users"], [], without(resources={"orders": RESOURCES["orders"]})),
    ("resources.*", ["resources.orders", "resources.users"], [], without("resources")),
    ("resources.users.count", ["resources.users.count"], [], without(resources={"orders": RESOURCES["orders"], "users": {}})),
    ("$..count", ["resources.orders.count", "resources.users.count"], [], without(resources={"orders": {"seen": [[1, 2], [3]]}, "users": {}})),
    ("resources.orders.seen[*][0]", ["resources.orders.seen[0][0]", "resources.orders.seen[1][0]"], [],
     without(resources={**RESOURCES, "orders": {"count": 1, "seen": [[2], []]}})),
    ("$..*", ["archives", "page", "['a.b']", "['it\\'s']", "resources.orders", "resources.users"], [], None),
    ("*, resources.*, $", ["archives", "page", "['a.b']", "['it\\'s']", "resources.orders", "resources.users"], ["$"], None),
    ("archives, nothing, resources, page.next.x", ["archives"], ["nothing", "resources", "page.next.x"], without("archives")),
]


@pytest.mark.parametrize(("paths", "gone", "unmatched", "left"), STATE_PATHS, ids=[case[0] for case in STATE_PATHS])
def test_drop_of_state_paths(work, paths, gone, unmatched, left):
    """Nothing else goes; it is told before it is done."""
    run_source(work, {"name": "orders", "pages": [[{"id": 1}]]})
    put_state(work, KEPT)
    before = state(work)
    told = pipeline(work, "drop", "--state-paths", paths, code=1, answer="n\n")
    assert f"values in its state: {', '.join(gone)}\n" in told and (", ".join(unmatched) or "error") in told, told
    assert state(work) == before
    report = json.loads(pipeline(work, "drop", "--state-paths", paths, "--yes", "--json"))
    assert report == {"source": "shop", "tables": [], "states": [], "state_paths": gone, "unmatched_paths": unmatched}
    assert state(work).get("sources", {}) == ({"shop": left} if left else {}) and state(work)["_state_version"] == before["_state_version"] + 1
    assert query(work, "select count(*) from shop_dataset.orders") == [(1,)]


def test_drop_of_resources_and_state_paths(work):
    """Paths look at what is left when the resources are gone, and are not narrowed by them."""
    for names, paths, report, left in [
            (["orders"], ["resources.*.count"], {"tables": ["orders"], "states": ["orders"], "state_paths": ["resources.users.count"], "unmatched_paths": []}, without(resources={"users": {}})),
            (["orders"], ["resources.orders", "page"], {"tables": ["orders"], "states": ["orders"], "state_paths": ["page"], "unmatched_paths": ["resources.orders"]},
             without("page", resources={"users": RESOURCES["users"]})),
            (["--all"], ["archives"], {"tables": ["orders"], "states": ["orders", "users"], "state_paths": ["archives"], "unmatched_paths": []}, without("archives", "resources")),
            (["--all", "--state-only"], ["*"], {"tables": [], "states": ["orders", "users"], "state_paths": ["archives", "page", "['a.b']", "['it\\'s']"], "unmatched_paths": []}, None),
            (["orders"], ["none"], {"tables": ["orders"], "states": ["orders"], "state_paths": [], "unmatched_paths": ["none"]}, without(resources={"users": RESOURCES["users"]})),
            (["none"], ["a", "archives"], {"tables": [], "states": [], "state_paths": ["archives"], "unmatched_paths": ["a"]}, without("archives"))]:
        run_source(work, {"name": "orders", "pages": [[{"id": 1}]]})
        put_state(work, KEPT)
        words = [word for path in paths for word in ("--state-paths", path)]
        assert json.loads(pipeline(work, "drop", *names, *words, "--yes", "--json")) == {"source": "shop", **report}
        assert state(work).get("sources", {}) == ({"shop": left} if left else {})


def test_a_cursor_without_its_last_value(work):
    """A path can take a part of what an incremental resource keeps: it begins anew."""
    run_example(work)
    pipeline(work, "drop", "--state-paths", "$..last_value, $..start_value, $..initial_value", "--yes")
    assert run_example(work)[1] == "3 new"


@pytest.mark.parametrize(("paths", "words"), [
    ("nothing", ['"nothing" names nothing that can go in the state of source "shop"', "there are: resources"]),
    ("$", ['"$" names nothing that can go', '"*" is all but the resources, "resources.*" what they keep']),
    ("resources, nothing", ['"resources, nothing" names nothing']),
    ("a[", ['"a[" is no path: an index, a slice, * or a key is expected, character 3', "write key, a.b, list[0].key"]),
    ("archives,,page", ['"" is no path']),
    ("runs, \udcff", ["no UTF-8"]),
    ("page.`parent`", ["functions and groups can't be used here"]),
    ("", ["--state-paths must be a text that is not empty"]),
])
def test_bad_state_paths(work, paths, words):
    run_example(work)
    before = state(work)
    told = pipeline(work, "drop", "--state-paths", paths, "--yes", code=2)
    assert all(word in told for word in words), told
    assert state(work) == before


@pytest.mark.parametrize(("words", "code", "told"), [
    (["reset-cursor", "orders", "--state-paths", "a"], 2, "takes no --state-paths"),
    (["info", "--state-paths", "a"], 2, "takes no --state-paths"),
    (["drop", "--state-paths", "a", "--source", "nowhere"], 2, "it is empty"),
    (["drop", "nothing"], 2, "there are: orders"),
    (["reset-cursor", "nothing"], 2, "there are: orders"),
    (["drop"], 2, "which resources"),
    (["drop", "orders", "--all"], 2, "which resources"),
    (["reset-cursor"], 2, "whose cursor"),
    (["inof"], 2, 'did you mean "info"?'),
    (["info", "orders"], 2, "takes no resources"),
    (["drop", "re:(", "--yes"], 3, "missing"),
    (["drop", "orders", "--source", "nowhere"], 2, "there are none"),
])
def test_bad_words(work, words, code, told):
    run_example(work)
    assert told in pipeline(work, *words, code=code)


def test_no_state(work):
    with duckdb.connect(str(work.folder / "shop.duckdb")):
        pass
    for words in (["state"], ["info"], ["sync"], ["drop", "--all"]):
        assert "no s" in pipeline(work, *words, code=3)


def test_a_lost_folder(work):
    """Nothing but the dataset is needed to go on."""
    run_example(work)
    shutil.rmtree(work.data)
    assert run_example(work) == ['run 2 draws from "2026-01-02T10:00:00Z"', "0 new"]


def test_a_lost_destination(work):
    """A dataset that is gone takes the state with it: the next run begins anew."""
    run_example(work)
    (work.folder / "shop.duckdb").unlink()
    assert run_example(work) == ['run 1 draws from "2026-01-01T00:00:00Z"', "3 new"]


def test_two_pipelines_in_one_dataset(work):
    run_source(work, {"name": "a", "count": True, "pages": [[{"id": 1}]]}, pipeline="one", source="one")
    run_source(work, {"name": "b", "count": True, "pages": [[{"id": 1}]]}, pipeline="two", source="two")
    run_source(work, {"name": "a", "count": True, "pages": [[{"id": 2}]]}, pipeline="one", source="one")
    assert [json.loads(pipeline(work, "state", "--dataset", "shop_dataset", name=name))["sources"] for name in ("one", "two")] == [
        {"one": {"resources": {"a": {"count": 2}}}}, {"two": {"resources": {"b": {"count": 1}}}}]


def test_a_state_of_a_newer_engine(work):
    run_example(work)
    newer = json.dumps({**state(work), "_state_engine_version": 99}).encode()
    query(work, f"update shop_dataset._dlt_pipeline_state set state = '{base64.b64encode(zlib.compress(newer)).decode()}'")
    assert "written by a newer engine" in pipeline(work, "state", code=3)
    assert "written by a newer engine" in run_source(work, {"name": "orders", "pages": [[{"id": 1}]]}, code=3)


def test_state_that_can_not_be_read(work):
    run_example(work)
    query(work, "update shop_dataset._dlt_pipeline_state set state = 'no state'")
    assert "can't be read" in pipeline(work, "state", code=3)


def test_a_load_that_failed_is_kept_with_its_state(work):
    """What a function has drawn can't be drawn again: the package stays, and the next run loads it before its own."""
    count = {"name": "t", "count": True, "incremental": {"cursor": "ts"}, "pages": [[{"id": 1, "ts": 1}]]}
    run_source(work, {"name": "other", "pages": [[{"id": 1}]]})
    query(work, "create view shop_dataset.t as select 1 as id")
    told = run_source(work, count, code=5)
    assert "the rows are kept" in told, told
    assert "complete: the next run loads it" in pipeline(work, "info") and "sources" not in state(work)
    query(work, "drop view shop_dataset.t")
    run_source(work, {**count, "pages": [[{"id": 1, "ts": 1}, {"id": 2, "ts": 2}]]})
    assert query(work, "select id from shop_dataset.t order by id") == [(1,), (2,)]
    kept = state(work)["sources"]["shop"]["resources"]["t"]
    assert kept["count"] == 2 and kept["incremental"]["ts"]["last_value"] == 2
    assert "load packages  0" in pipeline(work, "info")


def test_drop_pending(work):
    run_source(work, {"name": "other", "pages": [[{"id": 1}]]})
    query(work, "create view shop_dataset.t as select 1 as id")
    run_source(work, {"name": "t", "pages": [[{"id": 1}]]}, code=5)
    assert "not confirmed" in pipeline(work, "drop-pending", code=1, answer="n\n")
    assert pipeline(work, "drop-pending", "--yes") == "1 load package thrown away\n"
    query(work, "drop view shop_dataset.t")
    run_source(work, {"name": "t", "pages": [[{"id": 2}]]})
    assert query(work, "select id from shop_dataset.t") == [(2,)]


def test_drawn_now_and_loaded_later(work):
    """A package that waits is loaded by command, or by the next run before its own; the state moves with it."""
    run_source(work, {"name": "t", "count": True, "pages": [[{"id": 1}]]}, no_load=True)
    assert not (work.folder / "shop.duckdb").exists() or not query(work, "select 1 from information_schema.tables where table_name = 't'")
    assert pipeline(work, "load-pending") == "1 load package loaded\n"
    assert query(work, "select id from shop_dataset.t") == [(1,)] and state(work)["sources"]["shop"]["resources"]["t"] == {"count": 1}
    assert pipeline(work, "load-pending") == "0 load packages loaded\n"
    run_source(work, {"name": "t", "count": True, "pages": [[{"id": 2, "new": True}]]}, no_load=True)
    run_source(work, {"name": "t", "count": True, "pages": [[{"id": 3, "l": [1]}]]})
    assert query(work, "select id, new from shop_dataset.t order by id") == [(1, None), (2, True), (3, None)]
    assert state(work)["sources"]["shop"]["resources"]["t"] == {"count": 3}


def test_packages_that_can_not_be_read(work):
    """That is not the same as none: one may wait there."""
    run_source(work, {"name": "t", "pages": [[{"id": 1}]]}, no_load=True)
    packages = work.data / "pipelines" / "shop" / "packages"
    packages.rename(packages.with_name("aside"))
    packages.write_text("")
    for verb in ("load-pending", "drop-pending"):
        assert "can't read the folder" in pipeline(work, verb, code=1)
    packages.unlink()
    packages.with_name("aside").rename(packages)
    assert pipeline(work, "load-pending") == "1 load package loaded\n"


def test_a_failed_run_moves_no_state(work):
    run_example(work)
    before = state(work)
    bad = {"name": "orders", "count": True, "incremental": {"cursor": "updated_at"}, "pages": [[{"id": 9, "updated_at": "2026-02-01T00:00:00Z"}], [{"id": 10}]]}
    assert "nothing at cursor" in run_source(work, bad, code=4)
    assert state(work) == before and query(work, "select count(*) from shop_dataset.orders") == [(3,)]
