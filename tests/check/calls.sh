#!/bin/bash
# The library never prints and never ends the process: its object code has no call that does.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
build=$1

# Of stdio only what names no stream: stdout and stderr themselves are refused, so writing into an own file is not.
forbidden='^(stdout|stderr|(__)?v?printf(_chk)?|puts|putchar|perror|psignal|(__)?v?syslog(_chk)?|v?errx?|v?warnx?|error|exit|_exit|_Exit|quick_exit|abort'
grep -q '^CMAKE_BUILD_TYPE:[A-Z]*=Release' "$build/CMakeCache.txt" && forbidden+='|__assert_fail'
forbidden+=')( |$)'

calls() { # the forbidden symbols that object files need
    nm -u "$@" 2>/dev/null | awk '/:$/ { file = $1 } $1 == "U" { sub(/@.*/, "", $2); print $2, file }' | grep -E "$forbidden" | sort -u
}

# A program that does it must be found out.
cat >"$scratch/noisy.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
void noisy(int n) { printf("%d\n", n); fprintf(stderr, "%d", n); puts("x"); if (n) exit(1); abort(); }
C
cc -O2 -c "$scratch/noisy.c" -o "$scratch/noisy.o"
[[ $(calls "$scratch/noisy.o" | wc -l) -ge 4 ]] || bad "the check does not see the calls of a file that has them"

mapfile -t objects < <(find "$build/CMakeFiles" -path '*spile_*objects.dir/*' -name '*.o')
[[ ${#objects[@]} -gt 0 ]] || bad "no object files in $build"
while read -r symbol file; do bad "$symbol is called by ${file:-?}"; done < <(calls "${objects[@]}")
finish
