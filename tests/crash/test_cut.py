# ctest: labels=crash timeout=600
"""A load that is cut off at each of its writes, before it or in its middle; and so is the run that recovers.

A signal can stop a write between two pages: of a block in the database's file half is new then (DuckDB's checkpoint writes one in place).
"""
import concurrent.futures
import shutil

import duckdb
import pytest

from engine import SANITIZED, Workspace, package_files, place, preload
from scene import UNDO, IndexedScene, Scene, summary

STEP = 9 if SANITIZED else 1


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return Scene(tmp_path_factory.mktemp("scene"))


def run(scene, work, torn=False, at=None):
    """Runs the load that is to be cut. Returns the exit code and the operations up to the cut."""
    log = work.folder / "operations"
    log.unlink(missing_ok=True)
    env = preload()
    env["LD_PRELOAD"] = ":".join([*filter(None, [env.get("LD_PRELOAD")]), f"{place('SPILE_FILTERS')}/libcut.so"])
    env.update(CUT_BELOW=str(work.folder), CUT_LOG=str(log), **({"CUT_AT": str(at)} if at else {}), **({"CUT_TORN": "1"} if torn else {}))
    result = work.start(scene.second, env=env, **scene.options()).wait()
    return result.code, log.read_text().splitlines() if log.exists() else []


def each(cut, count):
    """cut(1..count), two at a time. Returns what was wrong."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(cut, range(1, count + 1, STEP)))
    wrong = "\n".join(text for _, texts in results for text in texts)
    assert not wrong, wrong
    return [state for state, _ in results]


def finish(scene, work, what):
    """After the cut: old or new, and the same command completes it."""
    seen = summary(work.database, work.folder / "look")
    again = work.run(scene.second, json=True, **scene.options())
    end = summary(work.database, work.folder / "look") if again.code == 0 else None
    files = package_files(work.data)
    beside = sorted(path.name for path in work.folder.glob("g.duckdb*"))
    wrong = [f"{what}: {text}" for text, fault in (
        (f"neither old nor new: {seen}", seen not in (scene.old, scene.new)), (f"the next run: {again}", again.code != 0),
        (f"after the next run: {end}", end != scene.new), (f"files: {files}", files != scene.files), (f"files: {beside}", beside != ["g.duckdb"]))
        if fault]
    shutil.rmtree(work.folder)
    return ("new" if seen == scene.new else "old"), wrong


def writes_in_place(operations):
    """Numbers of the writes into the database's file; the block that is written in place is one of the last."""
    return [i for i, line in enumerate(operations, 1) if line.startswith("pwrite ") and line.endswith("/g.duckdb")]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    return IndexedScene(tmp_path_factory.mktemp("indexed"))


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("which", ["scene", "indexed"])
def test_cut(request, which, torn):
    scene = request.getfixturevalue(which)
    code, operations = run(scene, scene.copy(f"all{torn}"))
    assert code == 0 and len(writes_in_place(operations)) > 3, operations

    def cut(at):
        work = scene.copy(f"cut{torn}{at}")
        code, done = run(scene, work, torn, at)
        state, wrong = finish(scene, work, f"operation {at}, {done[-1:]}, exit code {code}")
        return state if code == -9 else "not cut", wrong

    states = each(cut, len(operations))
    print(f"torn {torn}: {states.count('old')} old, {states.count('new')} new of {len(states)}")
    assert "old" in states and "new" in states and states.count("not cut") <= len(states) // 20


def is_damaged(work):
    """Is it what another program would call damage?"""
    try:
        duckdb.connect(str(work.database), read_only=True).close()
    except duckdb.IOException as error:
        return "Corrupt database file" in str(error)
    return False


@pytest.fixture(scope="module")
def torn(tmp_path_factory):
    """A scene, and its dataset when the load was killed in the middle of the block in place. Not every load has one: that depends on how much it writes."""
    for documents in (500, 750, 100, 2000, 3000, 8000):
        scene = Scene(tmp_path_factory.mktemp("torn"), documents)
        _, operations = run(scene, scene.copy("whole"))
        for at in reversed(writes_in_place(operations)):
            work = scene.copy(f"damaged{at}")
            run(scene, work, True, at)
            if is_damaged(work):
                return scene, work
    pytest.fail("no load writes a block in place, so the tests test nothing")


def copy(work, name):
    return Workspace(shutil.copytree(work.folder, work.folder.parent / name))


def test_only_looking_puts_it_back(torn):
    scene, damaged = torn
    work = copy(damaged, "looked_at")
    shown = work.spile("schema", "show", work.database, dataset="d")
    assert shown.code == 0, str(shown)
    assert not is_damaged(work) and sorted(path.name for path in work.folder.glob("g.duckdb*")) == ["g.duckdb", "g.duckdb.wal"]
    assert summary(work.database, work.folder / "look") == scene.new


def test_real_damage_is_told(torn):
    """What spile did not save is not put back over what is there."""
    scene, damaged = torn
    work = scene.copy("broken")
    content = bytearray(work.database.read_bytes())
    place_of_block = 12288 + duckdb.connect(str(work.database), read_only=True).sql("select block_id from pragma_metadata_info() where free_blocks > 0").fetchone()[0] * 262144
    content[place_of_block + 100] ^= 1
    work.database.write_bytes(content)
    for undo in (None, b"", b"SPILEU1\n", (damaged.folder / f"g.duckdb{UNDO}").read_bytes()[:-1]):
        if undo is not None:
            (work.folder / f"g.duckdb{UNDO}").write_bytes(undo)
        result = work.run(scene.second, **scene.options())
        assert result.code == 5 and "the file is damaged" in result.err, str(result)
    assert work.database.read_bytes() == content


def test_undo_of_another_state_is_not_used(torn):
    """Another program has gone on with the file: its header says so."""
    scene, damaged = torn
    work = scene.copy("other")
    shutil.copy(damaged.folder / f"g.duckdb{UNDO}", work.folder)
    with duckdb.connect(str(work.database)) as connection:
        connection.execute("create table other as select range i from range(10)")
    content = work.database.read_bytes()
    shown = work.spile("schema", "show", work.database, dataset="d")
    assert shown.code == 0, str(shown)
    assert work.database.read_bytes() == content and not (work.folder / f"g.duckdb{UNDO}").exists()


def test_cut_recovery(torn):
    scene, damaged = torn
    whole = copy(damaged, "recover")
    code, operations = run(scene, whole)
    assert code == 0, operations

    def cut(at):
        work = copy(damaged, f"recover{at}")
        code, done = run(scene, work, True, at)
        state, wrong = finish(scene, work, f"recovery, operation {at}, {done[-1:]}, exit code {code}")
        return state if code == -9 else "not cut", wrong

    assert set(each(cut, len(operations))) <= {"new", "not cut"}
