#!/bin/bash
# What a release build promises against attackers: RELRO and immediate binding, no executable stack, checked stack and buffers.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
build=$1

for file in "$build/lib/libspile.so" "$build/bin/spile"; do
    [[ -f $file ]] || { bad "$file is not built"; continue; }
    shows GNU_RELRO readelf -lW "$file" || bad "$file: no RELRO"
    shows 'BIND_NOW|Flags:.* NOW' readelf -dW "$file" || bad "$file: not bound at start"
    shows 'GNU_STACK.* RWE ' readelf -lW "$file" && bad "$file: executable stack"
    shows TEXTREL readelf -dW "$file" && bad "$file: code is relocated"
    shows __stack_chk_fail nm -D -u "$file" || bad "$file: no stack protector"
    shows '__[a-z]+_chk(@|$)' nm -D -u "$file" || bad "$file: no checked buffer functions"
    shows 'Type: *DYN' readelf -hW "$file" || bad "$file: not position independent"
done
finish
