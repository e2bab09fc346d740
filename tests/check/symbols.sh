#!/bin/bash
# libspile.so shows what the header declares, and nothing else.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
library=$1/lib/libspile.so

declared() { # what the header given exports
    tr '\n' ' ' <"$1" | grep -oE 'SPILE_API [^;({]*\(' | grep -oE 'spile_[a-z_0-9]+\($' | tr -d '(' | sort -u
}

[[ -f $library ]] || { bad "$library is not built"; finish; }
nm -D --defined-only "$library" | awk '{ print $NF }' | sort -u >"$scratch/shown"
declared "$root/include/spile/spile.h" >"$scratch/declared"
[[ -s $scratch/declared ]] || bad "found no declaration in spile.h"
while read -r symbol; do bad "declared but not in the library: $symbol"; done < <(comm -13 "$scratch/shown" "$scratch/declared")
while read -r symbol; do bad "in the library but not declared: $symbol"; done < <(comm -23 "$scratch/shown" "$scratch/declared")
finish
