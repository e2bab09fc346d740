#!/bin/bash
# A new destination is a folder and the registry's lines, nothing else (the build finds its files): one without SQL, built into a copy of the sources, loads,
# evolves and replaces.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
export SPILE_DATA_DIR=$scratch/state

copy=$scratch/copy
mkdir "$copy"
cp -r "$root"/{CMakeLists.txt,CMakePresets.json,cmake,include,src,cli,LICENSE,README.md} "$copy"
mkdir -p "$copy"/{bench,tests,examples}
cp -r "$root/tests/destination/jsonlines" "$copy/src/destination/"
sed -i -e 's|^#include "destination/duckdb/duckdb.h"$|&\n#include "destination/jsonlines/jsonlines.h"|' \
    -e 's|^    &duckdb_destination,$|&\n    \&jsonlines_destination,|' "$copy/src/destination/destination.c"
[[ $(diff "$root/src/destination/destination.c" "$copy/src/destination/destination.c" | grep -c '^[<>]') == 2 ]] || bad "the registry took more than two lines"

must "configure" cmake -S "$copy" -B "$scratch/build" -G Ninja -DSPILE_DEPS="$root/.deps" -DCMAKE_C_FLAGS=-O0 -DSPILE_LTO=OFF -DBUILD_TESTING=OFF
must "build" cmake --build "$scratch/build" --target spile
spile=$scratch/build/bin/spile
[[ -x $spile ]] || finish

cd "$scratch" || exit 1
printf '%s\n' '{"id": 1, "l": [1, 2], "at": "2026-01-02T03:04:05Z"}' '{"id": 2, "big": 99999999999999999999}' >one.jsonl
printf '%s\n' '{"id": 3, "more": "x"}' >two.jsonl
load() { must "load $*" timeout 60 "$spile" load "$@" --to jsonlines:lake --table t --dataset d; }
rows() { python3 -c "import json,sys; [print(f) for f in json.load(open('lake/d.json'))['tables'][sys.argv[1]]['files']]" "$1"; }
count() { local files; mapfile -t files < <(rows "$1"); [[ ${#files[@]} == 0 ]] && echo 0 || (cd lake && cat "${files[@]}" | wc -l); }

load one.jsonl
[[ $(count t) == 2 && $(count t__l) == 2 ]] || bad "first load: $(count t) and $(count t__l) rows"
load two.jsonl
[[ $(count t) == 3 ]] || bad "second load: $(count t) rows"
grep -q '"more"' lake/d.json || bad "the new column is not in the catalog"
grep -qh '"at":"2026-01-02T03:04:05+00:00"' lake/*.jsonl || bad "no timestamp: $(cat lake/*.jsonl)"
load two.jsonl --write replace
[[ $(count t) == 1 && $(count t__l) == 0 ]] || bad "replaced: $(count t) and $(count t__l) rows"
timeout 60 "$spile" load two.jsonl --to jsonlines:lake --table t --dataset d --write merge --primary-key id >refused 2>&1 && bad "a merge is not refused"
grep -q 'jsonlines' refused && grep -q 'merge' refused || bad "how a merge is refused: $(<refused)"
[[ $(count t) == 1 ]] || bad "the refused merge left $(count t) rows"
timeout 60 "$spile" load two.jsonl --to jsonlines:lake --table t --dataset d --create-indexes yes >refused 2>&1 && bad "unique indexes are not refused"
grep -q 'jsonlines has no unique indexes' refused && grep -q 'leave them out' refused || bad "how unique indexes are refused: $(<refused)"
finish
