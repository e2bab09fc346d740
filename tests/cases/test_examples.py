# ctest: labels=cases timeout=300
"""The examples do what they say. Expected values: arithmetic on the data in them."""
import json
import os
import subprocess

import duckdb
import pytest

from engine import place


def run(work, name, *arguments, code=0):
    program = os.path.join(place("SPILE_EXAMPLES"), name)
    done = subprocess.run([program, *map(str, arguments)], cwd=work.folder, env=work.environ(), capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout if not code else done.stderr


def query(work, database, sql):
    with duckdb.connect(str(work.folder / database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_resource(work):
    for _ in range(2):
        run(work, "resource")
    assert query(work, "tracker.duckdb", "select count(*), count(distinct id), min(id), max(id) from tracker_dataset.issues") == [(200, 100, 1, 100)]
    assert query(work, "tracker.duckdb", "select count(*) from tracker_dataset.issues__labels") == [(400,)]
    schema = json.loads(query(work, "tracker.duckdb", "select schema from tracker_dataset._dlt_version")[0][0])
    assert schema["name"] == "tracker" and schema["tables"]["issues"]["columns"]["id"]["primary_key"] is True


EVENTS = [[{"id": "1", "type": "PushEvent", "created_at": "2026-01-01T00:00:00Z", "commits": [{"sha": "a"}]},
           {"id": "2", "type": "IssuesEvent", "created_at": "2026-01-02T00:00:00Z"}],
          [{"id": "3", "type": "PushEvent", "created_at": "2026-01-03T00:00:00Z", "commits": []}]]


def test_github_events(work):
    """The second run sees the first pages again, a later event, and one more of the last time seen."""
    for number, page in enumerate(EVENTS, 1):
        work.write(f"page-{number}.json", page)
    assert run(work, "github_events", work.folder) == "push_event 2\npush_event__commits 1\nissues_event 1\n"
    work.write("page-3.json", [{"id": "4", "type": "ForkEvent", "created_at": "2026-01-03T00:00:00Z"}, {"id": "5", "type": "PushEvent", "created_at": "2026-01-04T00:00:00Z"}])
    assert run(work, "github_events", work.folder) == "fork_event 1\npush_event 1\n"
    assert query(work, "github_events.duckdb", "select id from github_events_dataset.push_event order by id") == [("1",), ("3",), ("5",)]


@pytest.mark.parametrize(("page", "words"), [
    ("{\"id\": \"1\", \"type\": ", ["invalid JSON", "resource \"events\", after item 0"]),
    ("[{\"id\": \"1\"}]", ["nothing at cursor \"created_at\"", "item 1 of resource \"events\"", "include or exclude"]),
    ("[{\"id\": \"1\", \"created_at\": 5}, {\"id\": \"2\", \"created_at\": \"x\"}]", ["value \"x\" of cursor \"created_at\" can't be compared with 5", "item 2"]),
])
def test_github_events_of_bad_pages(work, page, words):
    (work.folder / "page-1.json").write_text(page)
    told = run(work, "github_events", work.folder, code=4)
    assert all(word in told for word in words), told
    assert not query(work, "github_events.duckdb", "select * from information_schema.tables where table_schema = 'github_events_dataset'")


def test_github_events_without_pages(work):
    assert "no page-1.json" in run(work, "github_events", work.folder / "none", code=4)


@pytest.mark.skipif("SPILE_REAL_DATA" not in os.environ, reason="SPILE_REAL_DATA is not set")
def test_github_events_of_real_data(work):
    events = json.loads((place_of_real_data() / "github_events.json").read_text())
    work.write("page-1.json", events[:20])
    work.write("page-2.json", events[20:])
    run(work, "github_events", work.folder)
    counts = {kind: sum(event["type"] == kind for event in events) for kind in {event["type"] for event in events}}
    got = {kind: query(work, "github_events.duckdb", f"select count(*) from github_events_dataset.{table(kind)}")[0][0] for kind in counts}
    assert got == counts
    assert run(work, "github_events", work.folder) == ""


def place_of_real_data():
    from pathlib import Path
    return Path(os.environ["SPILE_REAL_DATA"]) / "json"


def table(kind):
    return "".join("_" * (letter.isupper() and i > 0) + letter.lower() for i, letter in enumerate(kind))


def test_transformer(work):
    graph = run(work, "transformer")
    assert '"list" -> "details";' in graph and '"list" [shape=ellipse, style=dashed];' in graph
    assert query(work, "pokemon.duckdb", "select name, weight from pokemon_dataset.details") == [("ditto", 50), ("snorlax", 70), ("mew", 30)]
    assert query(work, "pokemon.duckdb", "select count(*) from pokemon_dataset.details__moves") == [(6,)]
    assert query(work, "pokemon.duckdb", "select count(*) from information_schema.tables where table_name = 'list'") == [(0,)]


def test_pseudonyms(work):
    import hmac
    run(work, "pseudonyms")
    ann = hmac.new(b"a secret key", b"Ann", "sha256").hexdigest()
    rows = query(work, "clinic.duckdb", "select id, pseudonym, address__zip, age from clinic_dataset.patients order by id")
    assert rows == [(1, ann, "8000", 30), (3, ann, "8000", 60)]
    columns = query(work, "clinic.duckdb", "select column_name from information_schema.columns where table_name = 'patients'")
    assert not {("name",), ("address__street",)} & set(columns)


def test_incremental(work):
    assert run(work, "incremental") == 'run 1 draws from "2026-01-01T00:00:00Z"\n3 new\n'
    assert run(work, "incremental") == 'run 2 draws from "2026-01-02T10:00:00Z"\n0 new\n'
    assert query(work, "shop.duckdb", "select count(*) from shop_dataset.orders") == [(3,)]


def test_arrow(work):
    """Two runs in one program, of which the second draws the first one's rows again; and all of it once more. Rows of batches have no row ids, as in dlt."""
    assert run(work, "arrow") == "4 of 4 are new\n2 of 6 are new\n"
    assert run(work, "arrow") == "0 of 4 are new\n0 of 6 are new\n"
    assert query(work, "weather.duckdb", "select hour(\"at\" at time zone 'UTC'), celsius from weather_dataset.readings order by 1") == [
        (0, 3.5), (1, 3.25), (2, 3.0), (3, 2.75), (4, 4.5), (5, 7.0)]
    columns = query(work, "weather.duckdb", "select column_name, data_type, is_nullable from information_schema.columns where table_name = 'readings' order by 1")
    assert columns == [("at", "TIMESTAMP WITH TIME ZONE", "NO"), ("celsius", "DOUBLE", "YES")]


def test_parallel(work):
    run(work, "parallel")
    for name, pages in (("users", 20), ("orders", 30), ("events", 10)):
        rows = query(work, "api.duckdb", f"select page from api_dataset.{name}")
        assert rows == [(page,) for page in range(pages) for _ in range(2)], "each resource keeps its order"


def test_query(work):
    """Twice: the first run's row is replaced, and what looks like SQL in a value is a name."""
    for _ in range(2):
        assert run(work, "query") == """1 row changed
 id | name
----+----------------------------------
  1 | Simon
 10 | Fred'); DROP TABLE customers; --
"""
    assert query(work, "shop.duckdb", "select count(*) from shop_dataset.customers") == [(3,)]


def test_the_examples_are_short():
    from pathlib import Path
    for path in (Path(__file__).resolve().parent.parent.parent / "examples").glob("*.c"):
        assert len(path.read_text().splitlines()) < 80, path
