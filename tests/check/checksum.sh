#!/bin/bash
# scripts/fetch-deps: an archive with another SHA-256 stops it before anything is unpacked; the right one is unpacked; a second
# call does nothing; a place that vanished is filled again; what is no longer listed goes.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
export SPILE_DEPS=$scratch/deps SPILE_SOURCES=$scratch/sources.txt

# The archive is put in place beforehand: this test uses no network.
mkdir -p "$SPILE_DEPS/archives" "$scratch/thing-1.0/inner"
echo content >"$scratch/thing-1.0/inner/file.h"
archive() { tar czf "$SPILE_DEPS/archives/thing-1.0.tar.gz" -C "$scratch" thing-1.0; }
archive
sum=$(sha256sum <"$SPILE_DEPS/archives/thing-1.0.tar.gz" | cut -d' ' -f1)
list() { printf 'get sdist thing==1.0 thing-1.0.tar.gz %s\ntake %s thing-1.0/file.h\n' "$1" "${2:-thing-*/inner/file.h}" >"$SPILE_SOURCES"; }
fetch() { timeout 60 "$root/scripts/fetch-deps" >"$scratch/log" 2>&1; }

list "${sum/[0-9a-f]/x}"
fetch && bad "an archive with the wrong sum is accepted"
grep -q 'SHA-256 mismatch: thing-1.0.tar.gz' "$scratch/log" || bad "no clear message: $(<"$scratch/log")"
grep -q "got      $sum" "$scratch/log" || bad "the message does not give the sum found"
[[ ! -e $SPILE_DEPS/thing-1.0 ]] || bad "it was unpacked all the same"
[[ ! -e $SPILE_DEPS/archives/thing-1.0.tar.gz ]] || bad "the refused archive stays where the next run would take it"

archive
sum=$(sha256sum <"$SPILE_DEPS/archives/thing-1.0.tar.gz" | cut -d' ' -f1)
list "$sum"
fetch || bad "the right archive is refused: $(<"$scratch/log")"
[[ $(cat "$SPILE_DEPS/thing-1.0/file.h") == content ]] || bad "not unpacked"

before=$(stat -c %Y.%i "$SPILE_DEPS/thing-1.0/file.h")
fetch || bad "the second call fails: $(<"$scratch/log")"
[[ $(stat -c %Y.%i "$SPILE_DEPS/thing-1.0/file.h") == "$before" && ! -s $scratch/log ]] || bad "the second call does something"

rm -rf "$SPILE_DEPS/thing-1.0"
fetch && [[ -f $SPILE_DEPS/thing-1.0/file.h ]] || bad "a part that vanished is not unpacked again"

list "$sum" 'thing-*/nowhere.h'
fetch && bad "a part that is not in the archive goes unnoticed"
grep -q "names no part of it" "$scratch/log" || bad "no clear message for a missing part: $(<"$scratch/log")"

list "$sum"
mkdir -p "$SPILE_DEPS/thing-0.9"
fetch && [[ ! -e $SPILE_DEPS/thing-0.9 && -e $SPILE_DEPS/thing-1.0 ]] || bad "the folder of an older version stays"
finish
