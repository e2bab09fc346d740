#!/bin/bash
# The demo: nested events in gzip'ed JSON become linked tables in a DuckDB file, twice, and are queried with DuckDB's shell.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
events=20000
folder=build/demo
database=$folder/forge.duckdb
duckdb=$(echo .deps/duckdb-cli-*/duckdb)
export SPILE_DATA_DIR=$folder/spile

bold='' dim='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\033[1m' dim=$'\033[2m' plain=$'\033[0m'; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ %s%s\n' "$dim" "$*" "$plain"; }
query() { "$duckdb" -no-init -readonly "$@" "$database"; } # SQL comes on standard input

# sample FILE SEED: events of a code forge.
sample() {
    show "build/release/bench/generate w2 $events $2 | gzip > $1"
    build/release/bench/generate w2 "$events" "$2" | gzip -1 >"$1"
}

# load FILE
load() {
    show "spile load $1 --table events --to $database"
    build/release/bin/spile load "$1" --table events --to "$database"
}

rm -rf "$folder"
mkdir -p "$folder"

title "Sample data: $events nested events, and $events later ones"
sample "$folder/monday.json.gz" 1
sample "$folder/tuesday.json.gz" 2
ls -lh "$folder" | awk 'NR > 1 { print $9, $5 }'

title 'The first load finds tables, columns and types'
load "$folder/monday.json.gz"

title 'The second one appends to them'
load "$folder/tuesday.json.gz"

title 'The tables'
query -box <<'SQL'
SELECT table_name AS "table", estimated_size AS "rows", column_count AS "columns"
FROM duckdb_tables() WHERE schema_name = 'forge_dataset' ORDER BY table_name;
SQL

title 'The repositories with the most commits: a table and its nested table, joined'
query -box <<'SQL'
SELECT e.repo__name AS repository, count(*) AS commits, count(DISTINCT c.author__name) AS authors, max(e.created_at)::TIMESTAMP AS last_push
FROM forge_dataset.events e JOIN forge_dataset.events__payload__commits c ON c._dlt_parent_id = e._dlt_id
GROUP BY ALL ORDER BY commits DESC, repository LIMIT 8;
SQL

title 'The loads'
query -box <<'SQL'
SELECT l.load_id, l.status, l.inserted_at, count(e._dlt_load_id) AS events
FROM forge_dataset._dlt_loads l LEFT JOIN forge_dataset.events e ON e._dlt_load_id = l.load_id GROUP BY ALL ORDER BY l.load_id;
SQL

# DuckDB counts the events and commits in the files itself.
in_files=$("$duckdb" -no-init -csv -noheader -c "SELECT count(*), sum(len(payload.commits))
    FROM read_json('$folder/*.json.gz', columns = {payload: 'STRUCT(commits JSON[])'})")
in_tables=$(query -csv -noheader <<<"SELECT (SELECT count(*) FROM forge_dataset.events), (SELECT count(*) FROM forge_dataset.events__payload__commits)")
title "Events and commits in the files: $in_files; in the tables: $in_tables"
[[ $in_files == "$in_tables" ]] || { echo 'demo: the tables do not hold what the files do' >&2; exit 1; }
echo "Look around with: $duckdb $database"
