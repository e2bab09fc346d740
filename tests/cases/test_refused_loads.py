# ctest: labels=cases;engines timeout=600
"""Loads that one engine refuses as the others do: rows without their key, and what users have put in the way. Exit code, words, place and remedy; the dataset
stays as it was, and goes on when the cause has gone.

Expected values: the dataset, compared with itself.
"""
import pytest

from dataset import check_bookkeeping, check_links
from targets import ENGINES, target

DESTINATION, CONTRACT = 5, 6
SEED = [{"id": 1, "k": 1, "v": "a", "l": [1]}, {"id": 2, "k": 2, "v": "b", "l": [2]}]
MERGES = {strategy: {"write": "merge", "strategy": strategy} for strategy in ("delete-insert", "upsert", "insert-only", "cdc")}


@pytest.fixture(params=ENGINES)
def place(work, request):
    work.database = target(request.param, work.folder)
    return work.database


def seed(work, **options):
    work.load(work.write("t.json", SEED), table="t", dataset="d", **options)


def refuse(work, place, items, code, words, **options):
    before = place.read()
    result = work.run(work.write_lines("t.json", items), table="t", dataset="d", no_progress=True, retry=0, **options)
    assert result.code == code, str(result)
    for word in ("error: ", " hint: ", *words):
        assert word in result.err, f"{word!r} is missing:\n{result.err}"
    assert "Sesam" not in result.out + result.err and place.read() == before
    assert place.engine == "postgres" or not [path.name for path in work.folder.iterdir() if path.name.endswith(("-journal", "-wal", ".wal", ".spile-undo"))]


def go_on(work, place, **options):
    work.load(work.write("t.json", {"id": 9, "k": 9, "v": "z", "l": [9]}), table="t", dataset="d", **options)
    got = place.read()
    assert 9 in got["t"].values("k") and check_links(got) + check_bookkeeping(got) == []


# ---- keys --------------------------------------------------------------------------------------------------------------------------

FOUND, NULL, NAME = "which is of the primary key", "which must not be null", "is the name of the column right?"

# rows, where; words, and those of strategies that find rows by their ids
NO_KEY = {
    "null": ([{"k": 3}, {"k": None, "v": "x"}], "line 2, byte 9 of", [NULL, "type bigint", "t.k::null"], [NULL, "type bigint"]),
    "absent": ([{"k": 3}, {"v": "x"}], "line 2, byte 9 of", [NULL, "type bigint", "t.k::null"], [FOUND, NAME]),
    "absent in all": ([{"v": "x"}, {"v": "y"}], "line 1, byte 0 of", [NULL, "type bigint", "t.k::null"], [FOUND, NAME]),
    "of another type": ([{"k": 3}, {"k": "x"}], "line 2, byte 9 of", [NULL, "type bigint", "t.k::null"], [NULL, "type bigint"]),
}


@pytest.mark.parametrize("strategy", MERGES)
@pytest.mark.parametrize("name", NO_KEY)
def test_a_row_without_its_key(work, place, name, strategy):
    items, where, *words = NO_KEY[name]
    options = {**MERGES[strategy], "primary_key": "k"}
    seed(work, **options)
    refuse(work, place, items, CONTRACT, ['column "k" of table "t"', where, *words[strategy != "delete-insert"]], **options)
    go_on(work, place, **options)


def test_a_row_without_its_merge_key(work, place):
    options = {"write": "merge", "merge_key": "k"}
    seed(work, **options)
    refuse(work, place, [{"k": 3}, {"v": "x"}], CONTRACT, ['column "k" of table "t"', NULL, "line 2", "t.k::null"], **options)
    go_on(work, place, **options)


@pytest.mark.parametrize("hint", ["primary_key", "merge_key"])
def test_a_key_that_no_row_has(work, place, hint):
    seed(work)
    refuse(work, place, [{"k": 3}], CONTRACT, ['"nowhere"', '"t"'], write="merge", **{hint: "nowhere"})
    go_on(work, place)


# ---- what users have put in the way --------------------------------------------------------------------------------------------------

UNIQUE = {"postgres": ['duplicate key value violates unique constraint "mine"', "Key (k)=(1) already exists", "(SQLSTATE 23505)", "drop the constraint"],
          "sqlite": ["UNIQUE constraint failed: t.k", "drop the index"],
          "duckdb": ['Duplicate key "k: 1" violates unique constraint', "drop the index"]}
TWINS = {**UNIQUE, "duckdb": ['constraint violation: duplicate key "1"', "both are in the data"]}


@pytest.mark.parametrize("write", ["append", *MERGES])
def test_a_unique_index(work, place, write):
    """Of the user's: another row than the one that is there has its k."""
    options = {} if write == "append" else {**MERGES[write], "primary_key": "id"}
    seed(work, **options)
    place.execute("CREATE UNIQUE INDEX mine ON {}t (k)")
    first = SEED[0] if write == "cdc" else {"id": 3, "k": 3}  # of cdc rows stay only if they come again
    refuse(work, place, [first, {"id": 4, "k": 1, "new": 1, "l": [4]}], DESTINATION, [*(TWINS if write == "cdc" else UNIQUE)[place.engine], 'table "t"'], **options)
    go_on(work, place, **options)


# columns of the table "own" beside the key, a row that is refused, one that is not; words by engine
CONSTRAINTS = {
    "not null": ("must bigint NOT NULL", {}, {"must": 2}, {
        "postgres": ['null value in column "must"', "(SQLSTATE 23502)", "drop the constraint"],
        "sqlite": ["NOT NULL constraint failed: own.must", "drop the constraint"], "duckdb": ["NOT NULL constraint failed: own.must", "drop the constraint"]}),
    "check": ("n bigint CHECK (n < 10)", {"n": 10}, {"n": 9}, {
        "postgres": ["own_n_check", "(SQLSTATE 23514)", "correct the data"], "sqlite": ["CHECK constraint failed", "drop it"],
        "duckdb": ["CHECK constraint failed", "correct the data"]}),
    "primary key": ("n bigint PRIMARY KEY", {"n": 1}, {"n": 2}, {
        "postgres": ["own_pkey", "Key (n)=(1) already exists", "(SQLSTATE 23505)"], "sqlite": ["UNIQUE constraint failed: own.n", "primary key allows no two"],
        "duckdb": ['Duplicate key "n: 1" violates primary key', "primary key allows no two"]}),
    "foreign key": ("n bigint REFERENCES {}other (n)", {"n": 5}, {"n": 1}, {
        "postgres": ["own_n_fkey", "Key (n)=(5) is not present", "(SQLSTATE 23503)", "load that table first"], "sqlite": None,
        "duckdb": ['key "n: 5" does not exist', "load that table first"]}),
}


@pytest.mark.parametrize("write", ["append", "delete-insert"])
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_constraint(work, place, name, write):
    column, bad, good, words = CONSTRAINTS[name]
    options = {} if write == "append" else {**MERGES[write], "primary_key": "id"}
    seed(work)
    place.execute("CREATE TABLE {}other (n bigint PRIMARY KEY)", "INSERT INTO {}other VALUES (1)",
                  "CREATE TABLE {}own (id bigint, " + column + ", _dlt_load_id varchar, _dlt_id varchar)")
    if name == "primary key":
        place.execute("INSERT INTO {}own (id, n) VALUES (0, 1)")
    if words[place.engine]:
        before = place.read()
        result = work.run(work.write_lines("own.json", [{"id": 1, **good}, {"id": 2, **bad}]), dataset="d", no_progress=True, retry=0, **options)
        assert result.code == DESTINATION and all(word in result.err for word in (*words[place.engine], 'table "own"')), str(result)
        assert place.read() == before
    work.load(work.write("own.json", {"id": 1, **(good if words[place.engine] else bad)}), dataset="d", **options)  # SQLite looks only if it is asked to


@pytest.mark.parametrize("write", ["append", "replace", "upsert"])
def test_a_view(work, place, write):
    options = {"write": write} if write != "upsert" else {**MERGES[write], "primary_key": "id"}
    seed(work, **options)
    place.execute("ALTER TABLE {}t RENAME TO old", "CREATE VIEW {}t AS SELECT * FROM {}old")
    refuse(work, place, [{"id": 3, "k": 3, "new": 1}], DESTINATION, ['"t" is a view in dataset "d"', "drop or rename the view"], **options)
    place.execute("DROP VIEW {}t", "ALTER TABLE {}old RENAME TO t")
    go_on(work, place, **options)
