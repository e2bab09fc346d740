# ctest: labels=cases timeout=300
"""Where the last run of a pipeline went: kept in its work folder, so that neither command nor program need be told again.

Expected values: databases and datasets of the runs made here; which run counts is compared with what dlt attaches to."""
import json
import os
import re
import shutil
import stat
import subprocess

import duckdb
import pytest

import beside
from beside import dlt
from engine import place

T = {"name": "t", "pages": [[{"id": 1}]]}


def spile(work, *words, code=0, folder=None):
    done = subprocess.run([place("SPILE"), *map(str, words)], cwd=folder or work.folder, env=work.environ(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == code, done
    return done


def load(work, *options, to="shop.duckdb", code=0):
    work.write("t.json", [{"id": 1}])
    return spile(work, "load", "t.json", "--to", to, "--pipeline", "shop", "--quiet", *options, code=code)


def run_source(work, resource=T, code=0, **told):
    script = {"pipeline": "shop", "data_dir": str(work.data), "source": "shop", "resources": [resource], **told}
    done = subprocess.run([os.path.join(place("SPILE_FILTERS"), "source_filter")], input=json.dumps(script), cwd=work.folder, env=work.environ(), capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stderr if code else json.loads(done.stdout)


def place_of(work, *options, name="shop"):
    """Database and dataset, as the info shows them."""
    lines = dict(line.split(None, 1) for line in spile(work, "pipeline", name, "info", *options).stdout.splitlines()[:3])
    return lines["database"], lines["dataset"]


def kept(work, name="shop"):
    return work.data / "pipelines" / name / "last_run.json"


def rows(work, database="shop.duckdb", dataset="shop_dataset", table="t"):
    with duckdb.connect(str(work.folder / database)) as connection:
        return connection.execute(f"select count(*) from {dataset}.{table}").fetchone()[0]


# ---- which run counts --------------------------------------------------------------------------------------------------------------


def test_commands_need_no_destination(work):
    load(work)
    named = spile(work, "pipeline", "shop", "state", "--to", "shop.duckdb")
    recalled = spile(work, "pipeline", "shop", "state", folder=work.folder.parent)
    assert recalled.stdout == named.stdout and named.stderr == ""
    assert recalled.stderr == f"Database of the last run: {work.folder}/shop.duckdb, dataset shop_dataset\n"
    info = spile(work, "pipeline", "shop", "info", folder=work.folder.parent)
    assert f"database       {work.folder}/shop.duckdb\ndataset        shop_dataset\n" in info.stdout and info.stderr == ""
    spile(work, "pipeline", "shop", "drop", "t", "--yes", folder=work.folder.parent)
    with duckdb.connect(str(work.folder / "shop.duckdb")) as connection:
        assert connection.execute("select count(*) from information_schema.tables where table_name = 't'").fetchall() == [(0,)]


def test_what_is_named_wins_and_is_not_kept(work):
    load(work)
    load(work, "--dataset", "other", to="other.duckdb")
    before = kept(work).read_bytes()
    assert place_of(work, "--to", "shop.duckdb") == ("shop.duckdb", "shop_dataset")
    assert kept(work).read_bytes() == before
    assert place_of(work) == (f"{work.folder}/other.duckdb", "other")
    load(work)
    assert place_of(work) == (f"{work.folder}/shop.duckdb", "shop_dataset")


def test_another_dataset_of_the_same_database(work):
    load(work, "--dataset", "one")
    load(work, "--dataset", "two")
    assert place_of(work, "--dataset", "one")[1] == "one" and place_of(work)[1] == "two"


@pytest.mark.parametrize("to", ["duckdb", "duckdb:below/x.duckdb", "duckdb:///below/x.duckdb", 'below/a "quote" and ö.duckdb', "{}/below/x.duckdb"])
def test_forms_of_a_destination(work, to):
    (work.folder / "below").mkdir()
    load(work, to=to.format(work.folder))
    path = "shop.duckdb" if to == "duckdb" else "below/" + to.split("below/")[1]
    assert place_of(work) == (f"{work.folder}/{path}", "shop_dataset")


def test_a_dataset_of_another_naming(work):
    """Its name is that of the database, not one to be normalized once more."""
    load(work, "--naming", "direct", "--dataset", "My-Data")
    assert place_of(work)[1] == "My-Data"


def test_only_runs_that_succeed_count(work):
    load(work)
    before = kept(work).read_bytes()
    work.write("bad.json", "{")
    spile(work, "load", "bad.json", "--to", "other.duckdb", "--pipeline", "shop", "--quiet", code=4)
    spile(work, "plan", "t.json", "--to", "other.duckdb", "--pipeline", "shop")
    assert kept(work).read_bytes() == before


def test_a_load_that_was_there_already_counts(work):
    """The run that loaded it may have been killed before it could say so."""
    load(work, "--load-id", "1.5")
    kept(work).unlink()
    load(work, "--load-id", "1.5")
    assert place_of(work) == (f"{work.folder}/shop.duckdb", "shop_dataset") and rows(work) == 1


def test_a_schema_that_is_put_counts(work):
    load(work)
    spile(work, "schema", "export", "shop.duckdb", "s.yaml", "--pipeline", "shop")
    kept(work).unlink()
    spile(work, "schema", "import", "s.yaml", "shop.duckdb", "--pipeline", "shop")
    assert place_of(work) == (f"{work.folder}/shop.duckdb", "shop_dataset")


def test_a_run_that_only_draws_counts(work):
    run_source(work, destination="shop.duckdb", no_load=True)
    assert spile(work, "pipeline", "shop", "load-pending").stdout == "1 load package loaded\n" and rows(work) == 1


def test_a_load_of_what_was_pending_counts(work):
    run_source(work, destination="shop.duckdb", no_load=True)
    spile(work, "pipeline", "shop", "load-pending", "--to", "other.duckdb")
    assert place_of(work) == (f"{work.folder}/other.duckdb", "shop_dataset") and rows(work, "other.duckdb") == 1
    spile(work, "pipeline", "shop", "load-pending", "--to", "shop.duckdb")
    assert place_of(work)[0] == f"{work.folder}/other.duckdb", "nothing was loaded"


def test_a_program_names_none(work):
    run_source(work, destination="shop.duckdb", dataset="d")
    assert run_source(work)["destination"] == f"{work.folder}/shop.duckdb" and rows(work, dataset="d") == 2
    assert run_source(work, dataset="e")["dataset"] == "e" and run_source(work)["dataset"] == "e"
    assert re.fullmatch(r"shop_dataset_\d{14}", run_source(work, dev_mode=True)["dataset"])
    assert "no destination given" in run_source(work, destination="", code=2)


def test_dlt_remembers_the_same_run(work, tmp_path):
    """The dataset that dlt attaches to, after each of several runs."""
    runs = [{}, {"dataset": "other"}, {"dev_mode": True}, {"dataset": "last"}]
    for told in runs:
        info = run_source(work, destination="shop.duckdb", **told)
        pipe = dlt.pipeline("shop", destination=dlt.destinations.duckdb(str(tmp_path / "dlt.duckdb")), pipelines_dir=str(tmp_path / "dlt"),
                            dataset_name=told.get("dataset"), dev_mode=told.get("dev_mode", False))
        pipe.run([{"id": 1}], table_name="t")
        want = pipe.dataset_name
        pipe.deactivate()
        attached = dlt.attach("shop", pipelines_dir=str(tmp_path / "dlt"))
        assert attached.dataset_name == want and attached.destination.destination_type == "dlt.destinations.duckdb"
        attached.deactivate()
        assert place_of(work)[1] == info["dataset"] and re.sub(r"\d{14}$", "", info["dataset"]) == re.sub(r"\d{14}$", "", want)


# ---- what goes wrong ---------------------------------------------------------------------------------------------------------------


VALID = {"destination": "duckdb", "path": "/tmp/x.duckdb", "dataset": "d"}
DAMAGED = ["", "{", "[]", "null", *(json.dumps({**VALID, key: value}) for key in VALID for value in ("", None, 1, ["x"])),
           *(json.dumps({key: value for key, value in VALID.items() if key != left_out}) for left_out in VALID),
           json.dumps({**VALID, "destination": "of_a_newer_engine"})]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file(work, text):
    load(work)
    whole = kept(work).read_bytes()
    kept(work).write_text(text)
    told = spile(work, "pipeline", "shop", "info", code=3).stderr
    assert "last_run.json" in told and "can't be used" in told and "--to" in told
    assert spile(work, "pipeline", "--list").stdout == "shop  no last run\n"
    spile(work, "pipeline", "shop", "info", "--to", "shop.duckdb")
    load(work)
    assert kept(work).read_bytes() == whole


def test_a_pipeline_that_never_ran(work):
    told = spile(work, "pipeline", "nobody", "info", code=3).stderr
    assert 'pipeline "nobody" has not run here' in told and "--to" in told and "SPILE_DATA_DIR" in told
    assert not work.data.exists(), "a look must not make a pipeline"
    assert "has not run here" in run_source(work, code=3)


@pytest.mark.parametrize("verb", ["info", "state", "sync", "load-pending", "drop-pending", "drop"])
def test_a_database_that_is_gone(work, verb):
    """It is not made anew: that would look like a pipeline without data."""
    (work.folder / "sub").mkdir()
    load(work, to="sub/shop.duckdb")
    words = ["pipeline", "shop", verb, *(["t", "--yes"] if verb == "drop" else [])]
    os.rename(work.folder / "sub/shop.duckdb", work.folder / "moved.duckdb")
    told = spile(work, *words, code=5).stderr
    assert f'"{work.folder}/sub/shop.duckdb"' in told and "is gone" in told and "--to" in told
    assert not (work.folder / "sub/shop.duckdb").exists()
    assert "is gone" in run_source(work, code=5)
    shutil.rmtree(work.folder / "sub")
    (work.folder / "sub").write_text("a file where the folder was")
    assert "is gone" in spile(work, *words, code=5).stderr
    spile(work, *words, "--to", "moved.duckdb")


def test_what_can_not_be_kept_is_told(work):
    """The load is done then, and must not be repeated."""
    load(work)
    kept(work).unlink()
    kept(work).mkdir()
    told = load(work, "--load-id", "2.5", code=1).stderr
    assert "last_run.json" in told and "the load itself is done, with load id 2.5" in told
    assert rows(work) == 2


def test_a_full_disk_does_not_hide_that_the_load_is_done(work):
    """Beside the remedy for the disk."""
    load(work)
    kept(work).unlink()
    try:
        os.mknod(kept(work).with_suffix(".json.tmp"), 0o600 | stat.S_IFCHR, os.makedev(1, 7))  # another /dev/full
    except PermissionError:
        pytest.skip("needs root")
    told = load(work, "--load-id", "2.5", code=1).stderr
    assert "make room" in told and "the load itself is done, with load id 2.5" in told and rows(work) == 2


# ---- the list ----------------------------------------------------------------------------------------------------------------------


def test_list(work):
    assert spile(work, "pipeline", "--list").stdout == "" and not work.data.exists()
    work.write("t.json", [{"id": 1}])
    for name in ("b", "a", "c"):
        spile(work, "load", "t.json", "--to", f"{name}.duckdb", "--quiet")
    spile(work, "plan", "t.json", "--to", "never.duckdb")
    (work.data / "pipelines" / "a file").write_text("")
    (work.data / "pipelines" / "file").write_text("")
    for name, seconds in (("a", 1_700_000_000), ("b", 1_700_000_100), ("c", 1_700_000_000)):
        os.utime(kept(work, name), (seconds, seconds))
    times = {"a": "2023-11-14T22:13:20+00:00", "b": "2023-11-14T22:15:00+00:00", "c": "2023-11-14T22:13:20+00:00"}
    done = spile(work, "pipeline", "-l")
    assert done.stderr == f"4 pipelines in {work.data}/pipelines\n"
    assert done.stdout.splitlines() == [f"{name}  last run {times[name]}, database {work.folder}/{name}.duckdb, dataset {name}_dataset" for name in "bac"] + ["never  no last run"]
    assert json.loads(spile(work, "pipeline", "--list", "--json").stdout) == {"folder": f"{work.data}/pipelines", "pipelines": [
        *({"name": name, "last_run": times[name], "database": f"{work.folder}/{name}.duckdb", "dataset": f"{name}_dataset"} for name in "bac"), {"name": "never"}]}
    spile(work, "load", "t.json", "--to", "c.duckdb", "--quiet")
    assert spile(work, "pipeline", "-l").stdout.startswith("c  last run 2"), "a run to the same place is the newest one, too"
    assert "takes no pipeline" in spile(work, "pipeline", "a", "--list", code=2).stderr


def test_list_as_dlt(work, tmp_path):
    """The same order as dlt's list, which is that of the last runs."""
    from dlt._workspace.cli import utils
    work.write("t.json", [{"id": 1}])
    for name in ("one", "three", "two", "one"):
        spile(work, "load", "t.json", "--to", f"{name}.duckdb", "--quiet")
        pipe = beside.pipeline(tmp_path / f"{name}.duckdb", tmp_path / "dlt", name=name)
        pipe.run([{"id": 1}], table_name="t")
        pipe.deactivate()
    _, listed, _ = utils.list_local_pipelines(str(tmp_path / "dlt"))
    found = json.loads(spile(work, "pipeline", "--list", "--json").stdout)["pipelines"]
    assert [one["name"] for one in found] == [one["name"] for one in listed] == ["one", "two", "three"]
