#!/bin/bash
# The public header compiles alone, as C and as C++, without a warning, and twice in one file; an option struct's macro works.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

strict=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only -I "$root/include")
printf '#include <spile/spile.h>\n#include <spile/spile.h>\nint use(void);\nint use(void) { return (int)SPILE_OK; }\n' >"$scratch/use.c"
cp "$scratch/use.c" "$scratch/use.cc"
printf '#include <spile/spile.h>\nint use(int x) { int unused; return 0L; }\n' >"$scratch/warns.c"

compilers=0
for pair in gcc:g++ clang:clang++; do
    command -v "${pair%:*}" >/dev/null || continue
    compilers=$((compilers + 1))
    for standard in c17 gnu17 c2x; do
        must "$standard" "${pair%:*}" -std=$standard "${strict[@]}" "$scratch/use.c"
    done
    for standard in c++17 c++20; do
        must "$standard" "${pair#*:}" -std=$standard "${strict[@]}" "$scratch/use.cc"
    done
    "${pair%:*}" -std=c17 "${strict[@]}" "$scratch/warns.c" 2>/dev/null && bad "${pair%:*} lets a warning pass"
done
[[ $compilers -gt 0 ]] || bad "no compiler"
finish
