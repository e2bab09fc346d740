"""peer_duckdb.py plain|ids|unnest SOURCE TARGET LOAD_ID: DuckDB alone loads a JSON file, tuned, in a process of its own.

  plain   CREATE TABLE items from what read_json_auto makes of the file
  ids     the same with the two id columns, written in SQL
  unnest  the statements of w2_unnest.sql

Prints the seconds without the start of Python, so that both can be reported.
"""
import json
import pathlib
import sys
import time

import duckdb

STATEMENTS = {
    "plain": "CREATE TABLE items AS FROM read_json_auto(getvariable('source'))",
    "ids": "CREATE TABLE items AS SELECT *, getvariable('load_id') AS _dlt_load_id, "
           "right(hex(hash(id) | 9223372036854775808), 14) AS _dlt_id FROM read_json_auto(getvariable('source'))",
    "unnest": pathlib.Path(__file__).with_name("w2_unnest.sql").read_text(encoding="utf-8"),
}


def main():
    work, source, target, load_id = sys.argv[1:5]
    started = time.perf_counter()
    connection = duckdb.connect(target)
    connection.execute("SET threads = 2; SET preserve_insertion_order = false")
    connection.execute("SET VARIABLE source = $1", [source])
    connection.execute("SET VARIABLE load_id = $1", [load_id])
    connection.execute(STATEMENTS[work])
    connection.execute("CHECKPOINT")
    connection.close()
    print(json.dumps({"inside_seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
