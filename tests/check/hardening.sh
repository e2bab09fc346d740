#!/bin/bash
# What a release build promises against attackers: RELRO and immediate binding, no executable stack, checked stack and buffers.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
build=$1

for file in "$build/lib/libspile.so" "$build/bin/spile"; do
    [[ -f $file ]] || { bad "$file is not built"; continue; }
    readelf -lW "$file" | grep -q GNU_RELRO || bad "$file: no RELRO"
    readelf -dW "$file" | grep -qE 'BIND_NOW|Flags:.* NOW' || bad "$file: not bound at start"
    readelf -lW "$file" | awk '$1 == "GNU_STACK" && $0 ~ / RWE / { bad = 1 } END { exit !bad }' && bad "$file: executable stack"
    readelf -dW "$file" | grep -q TEXTREL && bad "$file: code is relocated"
    nm -D -u "$file" | grep -q '__stack_chk_fail' || bad "$file: no stack protector"
    nm -D -u "$file" | grep -qE '__[a-z]+_chk(@|$)' || bad "$file: no checked buffer functions"
    readelf -hW "$file" | grep -q 'Type: *DYN' || bad "$file: not position independent"
done
finish
