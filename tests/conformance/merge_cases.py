"""Cases of replace and merge for record.py: every strategy with every option of it. Of the same form as those there.

"write" is what dlt's write_disposition is, or a list with one for each load. "own_ids": row ids follow from key or content, and are compared.
Where spile differs from dlt on purpose the case is in test_merge_differences.py instead.
"""


def merge(strategy=None, **options):
    return {"disposition": "merge", **({"strategy": strategy} if strategy else {}), **options}


def keyed(strategy, key="id", columns=None, **options):
    return {"write": merge(strategy, **options), "hints": {"primary_key": key, **({"columns": columns} if columns else {})}, "own_ids": True}


def by_key(key="id", columns=None, merge_key=None, **options):
    """delete-insert, with ids that are random"""
    hints = {"primary_key": key, "merge_key": merge_key, "columns": columns}
    return {"write": merge("delete-insert", **options), "hints": {name: hint for name, hint in hints.items() if hint}}


DELETED = {"del": {"hard_delete": True, "data_type": "bool"}}
WHEN_DELETED = {"gone": {"hard_delete": True, "data_type": "timestamp"}}
NEWEST, OLDEST = {"n": {"dedup_sort": "desc"}}, {"n": {"dedup_sort": "asc"}}

UPSERTS = [[{"id": 1, "v": "a", "l": [1, 2]}, {"id": 2, "v": "b", "l": [3]}],
           [{"id": 2, "v": "B", "l": []}, {"id": 3, "v": "c", "l": [4]}, {"id": 1, "v": "a", "l": [7]}]]
FLAT = [[{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], [{"id": 2, "v": "B"}, {"id": 3, "v": "c"}], [{"id": 1, "v": "A"}]]
VERSIONS = [[{"id": 1, "v": "x", "l": [1]}, {"id": 2, "v": "y", "l": [2]}], [{"id": 1, "v": "x2", "l": [1]}, {"id": 2, "v": "y", "l": [2]}],
            [{"id": 1, "v": "x", "l": [1]}]]
DEEP = [[{"id": 1, "l": [{"k": 1, "m": [1, {"z": 2}]}, {"k": 2, "m": [[3]]}]}, {"id": 2, "l": [{"m": [4]}], "o": [{"p": 1}]}, {"id": 3}],
        [{"id": 1, "l": [{"k": 9, "m": [{"z": 5}]}]}, {"id": 2, "o": [{"p": 2}, {"p": 3}]}, {"id": 4, "l": [{"m": [6, 7]}]}],
        [{"id": 3, "l": [{"k": 1, "m": [1]}]}, {"id": 1}]]
DAYS = [[{"id": 1, "day": 1, "v": "a", "l": [1]}, {"id": 2, "day": 2, "v": "b", "l": [2]}, {"id": 3, "day": 2, "v": "c"}],
        [{"id": 9, "day": 2, "v": "z", "l": [9]}, {"id": 8, "day": 1, "v": "left out", "l": [8]}, {"id": 2, "day": 2, "v": "B", "l": [5]}]]
DRIFT = [[{"id": 1, "a": 1, "l": [{"k": 1}]}, {"id": 2, "a": 2}],
         [{"id": 2, "a": "x", "b": True, "l": [{"k": "y", "z": 1.5}]}, {"id": 3, "c": {"d": "2024-01-01T10:00:00Z"}, "m": [{"n": 1}]}],
         [{"id": 1, "a": 5, "m": [{"n": 2, "q": [1]}]}, {"id": 3}]]
TOMBSTONES = [[{"id": 1, "del": False, "l": [{"m": [1]}]}, {"id": 2, "del": None, "l": [{"m": [2]}]}, {"id": 3, "l": [{"m": [3]}]}],
              [{"id": 1, "del": True, "l": [{"m": [8]}]}, {"id": 2, "del": False, "l": [{"m": [9]}]}]]
EVERYTHING = [[{"id": 1, "f": 1.5, "b": True, "t": "2024-01-01T10:00:00Z", "s": "it's", "j": {"x": [1]}}, {"id": 2, "s": "b"}],
              [{"id": 1, "f": 2.5, "b": False, "t": "2024-02-01T10:00:00.123456Z", "s": "é\u2028", "j": {"x": [2]}}, {"id": 2, "s": None}]]

REFERENCE = {
    "merge_delete_insert": ("by primary key without nested tables", [
        [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], [{"id": 2, "v": "B"}, {"id": 3, "v": "c", "extra": 1}]], {**by_key(), "write": "merge"}),
    "merge_hard_delete_dedup": ("of rows with one key the last one counts; what is deleted goes", [
        [{"id": 1, "v": "a", "n": 1, "del": False}, {"id": 2, "v": "b", "n": 1, "del": False}, {"id": 3, "v": "c", "n": 1, "del": None}],
        [{"id": 1, "v": "old", "n": 1, "del": False}, {"id": 1, "v": "new", "n": 3, "del": False}, {"id": 1, "v": "mid", "n": 2, "del": True},
         {"id": 2, "v": "x", "n": 5, "del": True}, {"id": 4, "v": "y", "n": 1, "del": True}]],
        {**by_key(columns={**DELETED, **NEWEST}), "write": "merge"}),
    "merge_insert_only": ("rows whose key is there stay as they are", [
        [{"id": 1, "v": "a", "l": [1]}], [{"id": 1, "v": "A", "l": [2, 3]}, {"id": 2, "v": "b", "l": [4]}]], keyed("insert-only")),
    "merge_keys_compound": ("a primary key of two columns, and a merge key: rows with either go", [
        [{"a": 1, "b": 1, "day": "d1", "v": 1}, {"a": 1, "b": 2, "day": "d1", "v": 2}, {"a": 2, "b": 1, "day": "d2", "v": 3}],
        [{"a": 1, "b": 1, "day": "d3", "v": 10}, {"a": 9, "b": 9, "day": "d2", "v": 11}]], {**by_key(["a", "b"], merge_key="day"), "write": "merge"}),
    "merge_nested": ("nested rows of replaced rows are replaced", [
        [{"id": 1, "l": [{"k": 1, "m": [1, 2]}]}, {"id": 2, "l": [{"k": 2}]}], [{"id": 1, "l": [{"k": 9}]}]], {**by_key(), "write": "merge"}),
    "merge_no_keys": ("without keys a merge appends", [[{"id": 1, "l": [1]}], [{"id": 1, "l": [1]}]], {"write": "merge"}),
    "merge_cdc": ("the load is all that there is", [
        [{"id": 1, "v": "a", "l": [1]}, {"id": 2, "v": "b", "l": [2]}], [{"id": 2, "v": "B", "l": [2, 5]}, {"id": 3, "v": "c", "l": []}]], keyed("cdc")),
    "merge_scd2": ("a row changes, one disappears, one comes back", VERSIONS, {"write": merge("scd2"), "own_ids": True}),
    "merge_scd2_merge_key": ("only versions whose merge key is in the load end; what stands for the end of those in force", [
        [{"id": 1, "v": "x"}, {"id": 2, "v": "y"}], [{"id": 1, "v": "x2"}]],
        {"write": merge("scd2", active_record_timestamp="9999-12-31"), "hints": {"merge_key": "id"}, "own_ids": True}),
    "merge_source_filter_scope": ("delete-insert that filters what comes, and says what goes", [
        [{key: value for key, value in row.items() if key != "l"} for row in load] for load in DAYS[:1]] + [[
            {"id": 9, "day": 2, "v": "z"}, {"id": 8, "day": 1, "v": "dropped by the filter"}]],
        {**by_key(), "write": [merge("delete-insert"), merge("delete-insert", source_filter="day = 2", destination_scope="day = 2")]}),
    "merge_upsert": ("update or insert; nested rows that vanished go", UPSERTS, keyed("upsert")),
    "merge_upsert_skip_unchanged": ("equal rows keep their load id", [
        [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], [{"id": 1, "v": "a"}, {"id": 2, "v": "B"}]], keyed("upsert", skip_unchanged_rows=True)),
}

OWN = {
    "own_replace_nested_two_deep": ("replace: rows of three levels; then one without lists, so that nested tables get none", [
        [{"id": 1, "l": [{"m": [1, 2]}]}, {"id": 2, "l": [{"m": [3]}]}], [{"id": 3, "new": "x", "l": [{"m": [4], "k": 1}]}], [{"id": 4}]],
            {"write": "replace"}),
    "own_replace_as_dictionary": ("replace written as a dictionary; the last load brings nothing", [[{"id": 1, "l": [1]}], [{"id": 2}], []],
                                  {"write": {"disposition": "replace"}}),
    "own_replace_one_of_two": ("replace empties tables of resources that come, others stay", [
        {"a": [{"id": 1, "l": [1]}], "b": [{"id": 1, "l": [2]}]}, {"b": [{"id": 2}]}], {"write": "replace"}),
    "own_replace_yields_nothing_beside_another": ("a resource that yields nothing is emptied, in the same load as another is filled", [
        {"a": [{"id": 1, "l": [1]}], "b": [{"id": 1, "l": [2]}]}, {"a": [], "b": [{"id": 2, "l": [3]}]}], {"write": "replace"}),
    "own_replace_variants": ("replace keeps the columns that were there", DRIFT, {"write": "replace"}),
    "own_merge_default_strategy": ("no strategy named is delete-insert", DEEP, {**by_key(), "write": merge()}),
    "own_merge_deep": ("delete-insert, four levels deep", DEEP, by_key()),
    "own_merge_drift": ("delete-insert: new columns, variants and tables in later loads", DRIFT, by_key()),
    "own_merge_by_merge_key": ("a merge key alone: nothing is deduplicated, all of its rows go", [
        [{"day": 1, "v": "a", "l": [1]}, {"day": 1, "v": "b", "l": [2]}, {"day": 2, "v": "c", "l": [3]}], [{"day": 1, "v": "A", "l": [4]}, {"day": 1,
            "v": "B"}]],
        by_key(None, merge_key="day")),
    "own_merge_by_two_merge_keys": ("merge keys are one compound key", [
        [{"day": 1, "of": "x", "v": 1}, {"day": 1, "of": "y", "v": 2}, {"day": 2, "of": "x", "v": 3}], [{"day": 1, "of": "x", "v": 9}, {"day": 3, "of": "y",
            "v": 8}]],
        by_key(None, merge_key=["day", "of"])),
    "own_merge_by_both_keys_nested": ("rows with the primary key or the merge key go, with what is below", [
        [{"id": 1, "day": 1, "l": [1]}, {"id": 2, "day": 1, "l": [2]}, {"id": 3, "day": 2, "l": [3]}], [{"id": 3, "day": 3, "l": [7]}, {"id": 4, "day": 1,
            "l": [8]}]],
        by_key(merge_key="day")),
    "own_merge_loser_has_a_merge_key": ("rows go that have the merge key of a duplicate which does not come itself", [
        [{"id": 1, "day": 1, "l": [1]}, {"id": 2, "day": 2, "l": [2]}, {"id": 3, "day": 3}], [{"id": 4, "day": 4, "n": 2}, {"id": 4, "day": 2, "n": 1}]],
        by_key(merge_key="day", columns=NEWEST)),
    "own_merge_row_key": ("a column of the user tells rows apart: root ids in nested rows are its values, parent ids are not", [
        [{"id": 1, "code": "a", "n": 1, "l": [{"m": [1]}]}, {"id": 1, "code": "b", "n": 2, "l": [{"m": [2]}]}, {"id": 2, "code": "c", "n": 1,
            "l": [{"m": [3]}]}],
        [{"id": 2, "code": "d", "n": 1, "l": [{"m": [4]}, {"m": [5]}]}, {"id": 3, "code": "e", "n": 1}]],
        by_key(columns={**NEWEST, "code": {"row_key": True, "nullable": False}})),
    "own_merge_dedup_newest": ("duplicates, the largest counts; nested rows of the others go", [
        [{"id": 1, "n": 1, "l": [{"m": [1]}]}, {"id": 1, "n": 3, "l": [{"m": [3]}]}, {"id": 1, "n": 2, "l": [{"m": [2]}]}, {"id": 2, "n": 1}],
        [{"id": 2, "n": 1, "l": [{"m": [4]}]}, {"id": 2, "n": 7}, {"id": 1, "n": 0}]], by_key(columns=NEWEST)),
    "own_merge_dedup_oldest": ("duplicates, the smallest counts", [
        [{"id": 1, "n": 2, "v": "b"}, {"id": 1, "n": 1, "v": "a"}], [{"id": 1, "n": 5, "v": "c"}, {"id": 1, "n": 6, "v": "d"}]], by_key(columns=OLDEST)),
    "own_merge_dedup_compound": ("duplicates by a compound key", [
        [{"a": 1, "b": "x", "n": 1}, {"a": 1, "b": "x", "n": 2}, {"a": 1, "b": "y", "n": 1}], [{"a": 1, "b": "y", "n": 3}, {"a": 1, "b": "y", "n": 4}]],
        by_key(["a", "b"], columns=NEWEST)),
    "own_merge_first_of_duplicates": ("duplicates without an order: the first counts (what dlt's DuckDB takes)", [
        [{"id": 1, "v": "first", "l": [1]}, {"id": 1, "v": "second", "l": [2]}, {"id": 2, "v": "x"}], [{"id": 2, "v": "one"}, {"id": 2, "v": "two"}, {"id": 3,
            "v": "y"}]],
        by_key()),
    "own_merge_deduplicated": ("nobody looks for duplicates: all rows come", [
        [{"id": 1, "v": "a", "l": [1]}, {"id": 1, "v": "b", "l": [2]}], [{"id": 1, "v": "c", "l": [3]}, {"id": 1, "v": "d"}]], by_key(deduplicated=True)),
    "own_merge_hard_delete": ("a bool that is true deletes; null and false do not", TOMBSTONES, by_key(columns=DELETED)),
    "own_merge_hard_delete_by_time": ("any value but null deletes", [
        [{"id": 1, "gone": None, "l": [1]}, {"id": 2, "l": [2]}, {"id": 3, "l": [3]}],
        [{"id": 1, "gone": "2024-01-01T00:00:00Z", "l": [4]}, {"id": 2, "gone": None, "l": [5]}, {"id": 7, "gone": "2024-01-01T00:00:00Z"}]],
        by_key(columns=WHEN_DELETED)),
    "own_merge_hard_delete_by_text": ("also a text that is empty", [
        [{"id": 1, "op": None}, {"id": 2, "op": None}, {"id": 3, "op": None}], [{"id": 1, "op": ""}, {"id": 2, "op": "false"}, {"id": 3, "op": None, "v": 1}]],
        by_key(columns={"op": {"hard_delete": True, "data_type": "text"}})),
    "own_merge_hard_delete_no_keys": ("without keys the deletions are only left out", [
        [{"id": 1, "del": False, "l": [1]}, {"id": 2, "del": True, "l": [2]}], [{"id": 1, "del": True, "l": [3]}, {"id": 3, "l": [4]}]],
        {"write": merge("delete-insert"), "hints": {"columns": DELETED}}),
    "own_merge_hard_delete_merge_key": ("a merge key: rows of deletions go, and only they do not come", [
        [{"day": 1, "del": False, "v": 1, "l": [1]}, {"day": 1, "v": 2}, {"day": 2, "v": 3}], [{"day": 1, "del": True, "v": 4, "l": [4]}, {"day": 1, "v": 5}]],
        by_key(None, merge_key="day", columns=DELETED)),
    "own_merge_filter": ("rows left out by the filter replace nothing", DAYS, {**by_key(), "write": [merge("delete-insert"), merge("delete-insert",
        source_filter="day = 2")]}),
    "own_merge_filter_null": ("a filter that is null leaves a row out", [
        [{"id": 1, "day": 2}, {"id": 2, "day": None}], [{"id": 1, "day": None}, {"id": 2, "day": 2}, {"id": 3, "day": None}]], by_key(source_filter="day = 2")),
    "own_merge_scope": ("the scope says what goes, with what is below; keys do not matter", DAYS,
                        {**by_key(), "write": [merge("delete-insert"), merge("delete-insert", destination_scope="day = 2")]}),
    "own_merge_scope_without_keys": ("a scope, and no keys", DAYS,
                                     {"write": [merge("delete-insert"), merge("delete-insert",
                                         destination_scope="{table}.day IN (SELECT day FROM {staging_table})")]}),
    "own_merge_scope_of_nothing": ("a scope that is false: the load is added", DAYS[:1] * 2, by_key(destination_scope="1 = 0")),
    "own_merge_braces": ("braces in a condition are written twice", [[{"id": 1, "v": "{x}"}, {"id": 2, "v": "y"}], [{"id": 1, "v": "{x}"}, {"id": 3,
        "v": "z"}]],
                         by_key(source_filter="v = '{{x}}'")),
    "own_merge_filter_newest": ("the filter by key goes well with duplicates", [
        [{"id": 1, "n": 1}, {"id": 1, "n": 2}, {"id": 2, "n": 1}], [{"id": 2, "n": 9}, {"id": 1, "n": 3}, {"id": 1, "n": 4}]],
        by_key(columns=NEWEST, source_filter="id = 1")),
    "own_merge_types": ("values of all types that JSON has", EVERYTHING, {**by_key(columns={"j": {"data_type": "json"}})}),
    "own_upsert_deep": ("upsert, four levels deep: ids stay, vanished rows go", DEEP, keyed("upsert")),
    "own_upsert_drift": ("upsert: new columns, variants and tables", DRIFT, keyed("upsert")),
    "own_upsert_compound": ("upsert by a compound key", [
        [{"a": 1, "b": "x", "v": 1, "l": [1]}, {"a": 1, "b": "y", "v": 2, "l": [2]}], [{"b": "x", "a": 1, "v": 3, "l": [3]}, {"a": 2, "b": "x", "v": 4}]],
        keyed("upsert", ["a", "b"])),
    "own_upsert_hard_delete": ("upsert: known rows that are deleted go, with what is below", TOMBSTONES, keyed("upsert", columns=DELETED)),
    "own_upsert_hard_delete_by_time": ("upsert: any value but null deletes", [
        [{"id": 1, "gone": None, "l": [1]}, {"id": 2, "l": [2]}], [{"id": 1, "gone": "2024-01-01T00:00:00Z", "l": [3]}, {"id": 2, "gone": None, "l": [4]}]],
        keyed("upsert", columns=WHEN_DELETED)),
    "own_upsert_nulls": ("upsert: a null takes the place of a value", [[{"id": 1, "a": 1, "b": "x"}], [{"id": 1, "a": None}]], keyed("upsert")),
    "own_upsert_filter": ("upsert: rows left out by the filter change nothing", DAYS, keyed("upsert", source_filter="day = 2")),
    "own_upsert_skip_unchanged_nested": ("upsert that skips equal rows: nested rows that change do not change their root's load id", [
        [{"id": 1, "v": "a", "l": [1, 2]}, {"id": 2, "v": "b", "l": [3]}, {"id": 3, "v": None}], [{"id": 1, "v": "a", "l": [1, 9]}, {"id": 2, "v": "B",
            "l": [3]}, {"id": 3, "v": None}]],
        keyed("upsert", skip_unchanged_rows=True)),
    "own_upsert_row_version": ("upsert that skips rows of the same version, although they differ", [
        [{"id": 1, "ver": 1, "v": "a"}, {"id": 2, "ver": 1, "v": "b"}], [{"id": 1, "ver": 1, "v": "A"}, {"id": 2, "ver": 2, "v": "B"}, {"id": 3, "ver": 1,
            "v": "c"}]],
        keyed("upsert", skip_unchanged_rows=True, row_version_column_name="ver")),
    "own_upsert_skip_unchanged_appended": ("upsert that skips equal rows: one that has come by append is equal, though its id is random", [FLAT[0], FLAT[1],
        FLAT[0]],
        {**by_key(), "write": ["append", *[merge("upsert", skip_unchanged_rows=True)] * 2]}),
    "own_upsert_types": ("upsert: values of all types that JSON has", EVERYTHING, keyed("upsert", columns={"j": {"data_type": "json"}})),
    "own_insert_only_deep": ("insert-only, four levels deep", DEEP, keyed("insert-only")),
    "own_insert_only_drift": ("insert-only: new columns, variants and tables", DRIFT, keyed("insert-only")),
    "own_insert_only_compound": ("insert-only by a compound key", [
        [{"a": 1, "b": "x", "v": 1}, {"a": 1, "b": "y", "v": 2}], [{"a": 1, "b": "x", "v": 9}, {"a": 2, "b": "x", "v": 3}]], keyed("insert-only", ["a", "b"])),
    "own_cdc_deep": ("cdc, four levels deep: what is absent goes", DEEP, keyed("cdc")),
    "own_cdc_drift": ("cdc: new columns, variants and tables", DRIFT, keyed("cdc")),
    "own_cdc_compound": ("cdc by a compound key", [
        [{"a": 1, "b": "x", "v": 1, "l": [1]}, {"a": 1, "b": "y", "v": 2, "l": [2]}], [{"a": 1, "b": "x", "v": 3, "l": [3]}, {"a": 2, "b": "x", "v": 4}]],
        keyed("cdc", ["a", "b"])),
    "own_cdc_merge_key": ("cdc: only rows whose merge key is in the load may go", [
        [{"id": 1, "day": 1, "l": [1]}, {"id": 2, "day": 1, "l": [2]}, {"id": 3, "day": 2, "l": [3]}], [{"id": 1, "day": 1, "l": [1]}, {"id": 4, "day": 1}]],
        {**keyed("cdc"), "hints": {"primary_key": "id", "merge_key": "day"}}),
    "own_cdc_scope": ("cdc: only rows of the scope may go", DAYS, keyed("cdc", destination_scope="day = 1")),
    "own_cdc_filter": ("cdc: rows left out by the filter are not in the load", [DAYS[0], DAYS[1]], {
        **keyed("cdc"), "write": [merge("cdc"), merge("cdc", source_filter="day = 2", destination_scope="day = 2")]}),
    "own_cdc_hard_delete": ("cdc: rows that are deleted do not come, known or not", [
        TOMBSTONES[0], [*TOMBSTONES[1], {"id": 9, "del": True, "v": "unknown"}]], keyed("cdc", columns=DELETED)),
    "own_cdc_skip_unchanged": ("cdc that skips equal rows", [
        [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 3, "v": "c"}], [{"id": 1, "v": "a"}, {"id": 2, "v": "B"}]], keyed("cdc", skip_unchanged_rows=True)),
    "own_scd2_deep": ("scd2, four levels deep: nested rows go with their version", DEEP, {"write": merge("scd2"), "own_ids": True}),
    "own_scd2_drift": ("scd2: new columns and variants make new versions", DRIFT, {"write": merge("scd2"), "own_ids": True}),
    "own_scd2_again": ("scd2: the same load again changes nothing", [VERSIONS[0]] * 2, {"write": merge("scd2"), "own_ids": True}),
    "own_scd2_twins": ("scd2: equal rows of a load all come", [[{"id": 1, "v": "x"}, {"id": 1, "v": "x"}, {"id": 2}], [{"id": 1, "v": "x"}]],
                       {"write": merge("scd2"), "own_ids": True}),
    "own_scd2_primary_key": ("scd2: rows with one primary key are versions side by side", [
        [{"id": 1, "v": "x", "l": [1]}, {"id": 1, "v": "y", "l": [2]}], [{"id": 1, "v": "z", "l": [3]}, {"id": 1, "v": "x", "l": [1]}]],
        {"write": merge("scd2"), "hints": {"primary_key": "id"}, "own_ids": True}),
    "own_scd2_primary_key_filter": ("the same with a filter", [
        [{"id": 1, "v": "x", "l": [{"m": [1]}]}, {"id": 2, "v": "y", "l": [2]}], [{"id": 1, "v": "z", "l": [3]}, {"id": 2, "v": "y2", "l": [{"m": [1]}]}]],
        {"write": merge("scd2", source_filter="id = 1"), "hints": {"primary_key": "id"}, "own_ids": True}),
    "own_scd2_then_delete_insert": ("scd2, then delete-insert by the primary key", [
        [{"id": 1, "v": "x"}, {"id": 2, "v": "y"}], [{"id": 1, "v": "z"}, {"id": 3, "v": "y2"}], [{"id": 3, "v": "u"}]],
        {"write": [merge("scd2"), merge("delete-insert"), merge("scd2")], "hints": {"primary_key": "id"}}),
    "own_scd2_names": ("scd2: other names for the columns of validity", VERSIONS, {
        "write": merge("scd2", validity_column_names=["From", "until"]), "own_ids": True}),
    "own_scd2_active": ("scd2: what stands for the end of versions in force", VERSIONS, {
        "write": merge("scd2", active_record_timestamp="9999-12-31T00:00:00Z"), "own_ids": True}),
    "own_scd2_boundary": ("scd2: when versions of each load begin", VERSIONS, {
        "write": [merge("scd2", boundary_timestamp=f"2026-0{month}-01T00:00:00Z") for month in (1, 2, 3)], "own_ids": True}),
    "own_scd2_row_version": ("scd2: a column of the user tells versions apart", [
        [{"id": 1, "ver": "a", "v": 1}, {"id": 2, "ver": "b", "v": 1}], [{"id": 1, "ver": "a", "v": 2}, {"id": 2, "ver": "c", "v": 2}]], {
        "write": merge("scd2", row_version_column_name="ver")}),
    "own_scd2_merge_key_nested": ("scd2: rows whose merge key is absent stay in force", VERSIONS, {
        "write": merge("scd2"), "hints": {"merge_key": "id"}, "own_ids": True}),
    "own_scd2_two_merge_keys": ("scd2: a compound merge key", [
        [{"a": 1, "b": 2, "v": "x"}, {"a": 1, "b": 3, "v": "y"}, {"a": 2, "b": 2, "v": "z"}], [{"a": 1, "b": 2, "v": "X"}, {"a": 2, "b": 3, "v": "new"}]], {
        "write": merge("scd2"), "hints": {"merge_key": ["a", "b"]}, "own_ids": True}),
    "own_scd2_scope": ("scd2: only versions of the scope may end", DAYS, {"write": merge("scd2", destination_scope="day = 2"), "own_ids": True}),
    "own_scd2_filter": ("scd2: rows left out by the filter are absent", DAYS, {"write": merge("scd2", source_filter="day = 2"), "own_ids": True}),
    "own_scd2_types": ("scd2: values of all types that JSON has", EVERYTHING, {"write": merge("scd2"), "hints": {"columns": {"j": {"data_type": "json"}}},
        "own_ids": True}),
    "own_append_then_merge": ("an append, then a merge into it (without lists: dlt can't add the root's id to rows that are there)", FLAT, {**by_key(),
        "write": ["append", merge("delete-insert"), merge("delete-insert")]}),
    "own_merge_append_replace": ("each load written in another way", [UPSERTS[0], [{"id": 2, "v": "two", "l": [5]}], UPSERTS[1], [{"id": 1, "v": "end"}]], {
        **by_key(), "write": [merge("delete-insert"), "append", merge("delete-insert"), "replace"]}),
    "own_replace_then_upsert": ("a replace, then an upsert", FLAT, {**keyed("upsert"), "write": ["replace", merge("upsert"), merge("upsert")],
        "own_ids": False}),
    "own_upsert_then_delete_insert": ("the strategy changes between loads", FLAT, {
        **by_key(), "write": [merge("upsert"), merge("delete-insert"), merge("upsert")]}),
    "own_merge_two_tables": ("two tables in one load, one of which is not in the next", [
        {"a": [{"id": 1, "l": [1]}], "b": [{"id": 1, "l": [2]}]}, {"b": [{"id": 1, "l": [3]}, {"id": 2}]}], by_key()),
    "own_merge_root_without_nested": ("nested tables have no rows in the load: those of replaced roots go all the same", [
        [{"id": 1, "l": [{"m": [1]}]}, {"id": 2, "l": [{"m": [2]}]}], [{"id": 1}]], by_key()),
    "own_merge_null_merge_key": ("the rows of a merge key come again and again", [[{"k": "a", "v": 1}], [{"k": "a", "v": 2}], [{"k": "b", "v": 3}]],
        by_key(None, merge_key="k")),
}

CASES = {**REFERENCE, **OWN}
