# ctest: labels=cases;small timeout=300
"""Where a load goes: what --to and the environment say of destinations that are files. (Postgres: unit.postgres_settings.)

Expected values: the files that dlt 1.31 makes of the same environment, run beside; where spile is stricter the table says so.
"""
import os

import pytest

from beside import dlt

ROW = [{"id": 1}]
QUIET = {"table": "t", "dataset": "d", "pipeline": "g", "no_progress": True, "quiet": True}

PLACES = {  # --to and dlt's word for it, environment, the file
    "a path": ("duckdb", "duckdb", {"DESTINATION__DUCKDB__CREDENTIALS": "x.db"}, "x.db"),
    "a URL": ("duckdb", "duckdb", {"DESTINATION__DUCKDB__CREDENTIALS": "duckdb:///y.db"}, "y.db"),
    "the pipeline's own": ("duckdb", "duckdb", {"G__DESTINATION__DUCKDB__CREDENTIALS": "z.db", "DESTINATION__DUCKDB__CREDENTIALS": "y.db"}, "z.db"),
    "another pipeline's": ("duckdb", "duckdb", {"H__DESTINATION__DUCKDB__CREDENTIALS": "z.db"}, "g.duckdb"),
    "of all destinations": ("duckdb", "duckdb", {"DESTINATION__CREDENTIALS": "duckdb:///v.db"}, "v.db"),
    "of all": ("duckdb", "duckdb", {"CREDENTIALS": "duckdb:///w.db"}, "w.db"),
    "in pieces": ("duckdb", "duckdb", {"DESTINATION__DUCKDB__CREDENTIALS__DATABASE": "v.db"}, "v.db"),
    "SQLite by dlt's name": ("sqlite", "sqlalchemy", {"DESTINATION__SQLALCHEMY__CREDENTIALS": "sqlite:///u.db"}, "u__d.db"),
    "SQLite by ours": ("sqlite", None, {"DESTINATION__SQLITE__CREDENTIALS": "u.db"}, "u__d.db"),
    "with SQLAlchemy's driver": ("sqlite", None, {"DESTINATION__SQLALCHEMY__CREDENTIALS": "sqlite+pysqlite:///u.db"}, "u__d.db"),
    "the command says it": ("duckdb:x.db", None, {"DESTINATION__DUCKDB__CREDENTIALS": "y.db"}, "x.db"),
    "another destination's URL": ("duckdb", None, {"CREDENTIALS": "postgres://u:secret@h/b"}, "g.duckdb"),  # dlt makes a file "b"
    "another destination's key": ("duckdb", None, {"CREDENTIALS": '{"key": 1}'}, "g.duckdb"),
}


@pytest.mark.parametrize("name", PLACES)
def test_place(work, name):
    to, _, environment, file = PLACES[name]
    work.environment = environment
    result = work.run(work.write_lines("t.jsonl", ROW), to=to, **QUIET)
    assert result.code == 0, str(result)
    assert [path.name for path in work.folder.iterdir() if path.is_file() and path.name != "t.jsonl"] == [file]
    again = work.spile("pipeline", "g", "info")
    assert again.code == 0 and file.replace("__d", "") in again.out, str(again)


@pytest.mark.parametrize("name", [name for name, case in PLACES.items() if case[1]])
def test_place_as_dlt(monkeypatch, tmp_path, name):
    _, destination, environment, file = PLACES[name]
    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    pipe = dlt.pipeline("g", destination=destination, dataset_name="d", pipelines_dir=str(tmp_path / "pipelines"))
    pipe.run(dlt.resource(ROW, name="t"))
    pipe.deactivate()
    assert file in os.listdir(tmp_path)


REFUSED = {  # --to, environment; words
    "memory": ("duckdb::memory:", {}, ['destination "duckdb::memory:" is no file that is there when the command has ended', "duckdb:PATH"]),
    "memory of SQLite": ("sqlite::memory:", {}, ['"sqlite::memory:" is no file', "sqlite:PATH"]),
    "memory by a URL": ("duckdb:///:memory:", {}, ['"duckdb:///:memory:" is no file', "duckdb:PATH"]),
    "memory in the environment": ("duckdb", {"DESTINATION__DUCKDB__CREDENTIALS": ":memory:"}, ['":memory:" is no file', "DESTINATION__DUCKDB__CREDENTIALS"]),
    "dlt's word": ("duckdb", {"G__DESTINATION__DUCKDB__CREDENTIALS": ":pipeline:"}, ['":pipeline:" is no file', "G__DESTINATION__DUCKDB__CREDENTIALS"]),
    "a host": ("sqlite", {"CREDENTIALS": "sqlite://host/x"}, ['"sqlite://host/x" names a host', "CREDENTIALS"]),
    "a host with a password": ("duckdb://u:secret@host/x", {}, ['destination "duckdb://..." names a host']),
    "a host with a password, in the environment": ("sqlite", {"CREDENTIALS": "sqlite://u:secret@host/x"}, ['"sqlite://..." names a host', "CREDENTIALS"]),
    "another destination": ("duckdb", {"DESTINATION__DUCKDB__CREDENTIALS": "postgres://u:secret@h/b"},
                            ["DESTINATION__DUCKDB__CREDENTIALS holds no duckdb URL", "set it to a path"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(work, name):
    to, environment, words = REFUSED[name]
    work.environment = environment
    result = work.run(work.write_lines("t.jsonl", ROW), to=to, **QUIET)
    assert result.code == 3 and all(word in result.err for word in words) and "secret" not in result.err, str(result)
    assert [path.name for path in work.folder.iterdir() if path.is_file()] == ["t.jsonl"]
