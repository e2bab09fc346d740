# ctest: labels=cases;engines timeout=300
"""Unique columns: which of them the database holds to it. dlt does so on Postgres, and on DuckDB and SQLite when it is asked; spile by the same names, and
with --create-indexes. What they are on is compared with dlt's own, run on the same documents. Then what loads do to tables that have such indexes."""
import json

import dlt
import pytest

from targets import ENGINES, target

ITEMS = [{"id": 1, "sku": "a", "l": [{"x": 1}, {"x": 2}]}, {"id": 2, "sku": "b"}]
MORE = [{"id": 3, "sku": "c", "new": "n", "l": [{"x": 3}]}]
ROW_IDS = {("t", "_dlt_id"), ("t__l", "_dlt_id")}
QUIET = {"no_progress": True, "quiet": True, "dataset": "d", "pipeline": "g", "table": "t"}

UNIQUE_SQL = {
    "duckdb": "select table_name, unnest(constraint_column_names) from duckdb_constraints() where constraint_type = 'UNIQUE' and schema_name = 'd' union all "
              r"select table_name, regexp_extract(expressions, '\w+') from duckdb_indexes() where is_unique and schema_name = 'd'",
    "postgres": "select c.relname, string_agg(a.attname, ',') from pg_index i join pg_class c on c.oid = indrelid join pg_namespace n on n.oid = relnamespace "
                "join pg_attribute a on a.attrelid = c.oid and a.attnum = any(indkey) where indisunique and nspname = 'd' group by c.relname, indexrelid",
    "sqlite": "select m.name, c.name from sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c where m.type = 'table' and i.\"unique\"",
}


def unique(place):
    """{(table, column)} that the database keeps unique."""
    with place.open() as reader:
        return set(map(tuple, reader.query(UNIQUE_SQL[place.engine])))


def rows(place):
    with place.open() as reader:
        return sorted(reader.query(f"select id, sku from {reader.table('t')}")), sorted(reader.query(f"select x from {reader.table('t__l')}"))


def load(work, place, items, want=0, **options):
    result = work.run(work.write_lines("t.jsonl", items), to=place, **{**QUIET, **options})
    assert result.code == want, str(result)
    return result


# ---- when --------------------------------------------------------------------------------------------------------------------------

ASKED = {  # environment, --create-indexes, on which engines they are made
    "nothing": ({}, None, {"postgres"}),
    "yes": ({}, "yes", set(ENGINES)),
    "no": ({}, "no", set()),
    "all": ({"DESTINATION__CREATE_INDEXES": "true"}, None, set(ENGINES)),
    "none": ({"DESTINATION__CREATE_INDEXES": "False"}, None, set()),
    "one kind": ({"DESTINATION__SQLITE__CREATE_INDEXES": "1", "DESTINATION__POSTGRES__CREATE_INDEXES": "0"}, None, {"sqlite"}),
    "another kind": ({"DESTINATION__DUCKDB__CREATE_INDEXES": "true"}, None, {"duckdb", "postgres"}),
    "one kind before all": ({"DESTINATION__CREATE_INDEXES": "yes", "DESTINATION__SQLITE__CREATE_INDEXES": "no"}, None, {"duckdb", "postgres"}),
    "the pipeline's own": ({"G__DESTINATION__CREATE_INDEXES": "true", "DESTINATION__POSTGRES__CREATE_INDEXES": "no"}, None, set(ENGINES)),
    "dlt's name for SQLite": ({"DESTINATION__SQLALCHEMY__CREATE_UNIQUE_INDEXES": "true"}, None, {"postgres", "sqlite"}),
    "option before environment": ({"DESTINATION__CREATE_INDEXES": "true"}, "no", set()),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("engine", ENGINES)
def test_when(work, engine, asked):
    environment, option, made = ASKED[asked]
    place = target(engine, work.folder)
    work.environment = environment
    load(work, place, ITEMS, **({"create_indexes": option} if option else {}))
    assert {name for name in unique(place) if not name[0].startswith("_dlt")} == (ROW_IDS if engine in made else set())


@pytest.mark.parametrize("engine", ENGINES)
def test_words_that_say_neither(work, engine):
    place = target(engine, work.folder)
    result = load(work, place, ITEMS, want=2, create_indexes="maybe")
    assert "--create-indexes" in result.err
    work.environment = {"DESTINATION__CREATE_INDEXES": "maybe"}
    result = load(work, place, ITEMS, want=3)
    assert '"maybe" does not say whether to create indexes' in result.err and "true or false" in result.err


# ---- as dlt ------------------------------------------------------------------------------------------------------------------------


def dlt_destination(engine, location):
    if engine == "postgres":
        return dlt.destinations.postgres(location.replace("postgres:", "postgresql:"))
    if engine == "duckdb":
        return dlt.destinations.duckdb(location, create_indexes=True)
    return dlt.destinations.sqlalchemy(f"sqlite:///{location}", create_unique_indexes=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_as_dlt(work, engine, tmp_path):
    """New tables, with a column of the user's own; on Postgres also one that is added, which dlt fails on with the others."""
    columns = {"sku": {"unique": True}, **({"new": {"unique": True}} if engine == "postgres" else {})}
    ours, theirs = target(engine, work.folder), target(engine, tmp_path)
    pipe = dlt.pipeline("g", destination=dlt_destination(engine, str(theirs)), dataset_name="d", pipelines_dir=str(tmp_path / "dlt"))
    for items in (ITEMS, MORE):
        load(work, ours, items, create_indexes="yes", columns=",".join(f"{name}::unique" for name in columns))
        pipe.run(dlt.resource(items, name="t", columns=columns))
    pipe.deactivate()
    assert unique(ours) == unique(theirs) >= ROW_IDS | {("t", "sku")}
    assert rows(ours) == rows(theirs)


# ---- what they do ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_twins_are_refused(work, engine):
    """In a new table, in the rows of a later load, in a column that is added: what is there stays as it was."""
    twins = [{"id": 4, "sku": "z", "new": "z"}, {"id": 5, "sku": "z", "new": "z"}]
    place = target(engine, work.folder)
    options = {"create_indexes": "yes", "columns": "sku::unique,new::unique"}
    result = load(work, place, twins, want=5, **options)
    assert "sku" in result.err or "t" in result.err
    load(work, place, ITEMS, **options)
    before = rows(place), unique(place)
    load(work, place, twins, want=5, **options)
    load(work, place, [{"id": 6, "sku": "y", "new": "z"}, {"id": 7, "sku": "x", "new": "z"}], want=5, **options)
    assert (rows(place), unique(place)) == before


WRITES = {"append": {}, "replace": {}, "delete-insert": {"disposition": "merge"}, **{strategy: {"disposition": "merge", "strategy": strategy}
          for strategy in ("upsert", "insert-only", "scd2", "cdc")}}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_way_of_writing_gets_along_with_them(work, engine, write):
    """Rows come again with their ids, and ids with other rows: the tables are those that there are without indexes."""
    merge = WRITES[write]
    loads = [ITEMS, [ITEMS[0], {"id": 2, "sku": "B", "l": [{"x": 9}]}], ITEMS + MORE]
    found = []
    for number, choice in enumerate(("yes", "no")):
        place = target(engine, work.folder / str(number))
        (work.folder / str(number)).mkdir()
        work.data = work.folder / str(number) / "data"
        for items in loads:
            load(work, place, items, create_indexes=choice, write=json.dumps(merge) if merge else write, **({"primary_key": "id"} if merge else {}))
        assert bool(unique(place)) == (choice == "yes")
        found.append(rows(place))
    assert found[0] == found[1]


@pytest.mark.parametrize("write", ["replace", "delete-insert", "upsert", "insert-only", "cdc"])
@pytest.mark.parametrize("engine", ENGINES)
def test_an_index_that_the_user_made(work, engine, write):
    """Its keys come again, also with other values and a column more: they are not taken for twins of the rows that go."""
    merge = WRITES[write]
    options = {"write": json.dumps(merge) if merge else write, **({"primary_key": "id"} if merge else {})}
    place = target(engine, work.folder)
    load(work, place, ITEMS, **options)
    place.execute("CREATE UNIQUE INDEX mine ON {}t (id)", "CREATE UNIQUE INDEX own ON {}t__l (x)")
    load(work, place, ITEMS, **options)
    load(work, place, [{"id": 1, "sku": "a", "l": [{"x": 2}, {"x": 1}]}, {"id": 2, "sku": "B"}, *MORE], **options)
    kept = write == "insert-only"
    assert rows(place) == ([(1, "a"), (2, "b" if kept else "B"), (3, "c")], [(1,), (2,), (3,)])
    assert {("t", "id"), ("t__l", "x")} <= unique(place)
