#!/bin/bash
# An installation works by itself: moved to any folder, found with pkg-config, with its own DuckDB, knowing no build folder.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
build=$1
export SPILE_DATA_DIR=$scratch/state
unset SPILE_DUCKDB

version=$(sed -n 's/^#define SPILE_VERSION "\(.*\)"/\1/p' "$root/include/spile/spile.h")
DESTDIR=$scratch/staged cmake --install "$build" --prefix /opt/spile >"$scratch/log" 2>&1 || { cat "$scratch/log"; bad "cmake --install"; finish; }
prefix=$scratch/elsewhere
mv "$scratch/staged/opt/spile" "$prefix"

for file in bin/spile include/spile/spile.h lib/libspile.so lib/libspile.so.0 lib/libspile.so.$version lib/pkgconfig/spile.pc \
    lib/spile/libduckdb.so share/doc/spile/LICENSE share/doc/spile/README.md share/doc/spile/third-party/{duckdb,yyjson,nanoarrow-flatcc}.txt; do
    [[ -s $prefix/$file ]] || bad "not installed: $file"
done
compgen -G "$prefix/lib/spile/libduckdb.so.*" >/dev/null || bad "libduckdb.so has no version in its name"

library=$prefix/lib/libspile.so
[[ $(readelf -d "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p') == libspile.so.0 ]] || bad "SONAME is not libspile.so.0"
shows 'NEEDED.*duckdb' readelf -d "$library" && bad "libspile.so is linked with DuckDB"
shows 'RPATH|RUNPATH' readelf -d "$library" && bad "libspile.so has a run path"
shows 'RUNPATH.*\[\$ORIGIN/\.\./lib\]' readelf -d "$prefix/bin/spile" || bad "bin/spile does not look for its library in ../lib"
for file in "$library" "$prefix/bin/spile" "$prefix/lib/pkgconfig/spile.pc"; do
    grep -qaF "$root" "$file" && bad "$file names the build folder: $(strings "$file" | grep -F -m3 "$root" | tr '\n' ' ')"
done

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
[[ $(pkg-config --modversion spile) == "$version" ]] || bad "pkg-config says version $(pkg-config --modversion spile)"
read -ra flags < <(pkg-config --cflags --libs spile)
examples=()
cp "$root"/examples/*.h "$scratch"
for source in "$root"/examples/*.c; do
    example=$(basename "$source" .c)
    cp "$source" "$scratch"
    must "compile an example" cc -std=c17 -Wall -Wextra -Werror -o "$scratch/$example" "$scratch/$example.c" "${flags[@]}" -Wl,-rpath,"$prefix/lib"
    examples+=("$example")
done

cd "$scratch" || exit 1
echo '[{"id": "1", "type": "PushEvent", "created_at": "2026-01-01T00:00:00Z"}]' >page-1.json
for example in "${examples[@]}"; do
    must "run an example" timeout 60 "./$example"
done
timeout 60 ./schema >orders.schema.yaml # a second load: the schema that comes out has both rules and data
grep -qF 're:_at$: timestamp' orders.schema.yaml && grep -qF 'scale: 2' orders.schema.yaml || bad "the example's schema: $(<orders.schema.yaml)"
must "ask for the version" timeout 60 "$prefix/bin/spile" --version
timeout 60 "$prefix/bin/spile" --version >"$scratch/version"
grep -qF "spile $version" "$scratch/version" || bad "spile --version: $(<"$scratch/version")"
grep -qF "$prefix/lib/spile" "$scratch/version" || bad "not its own DuckDB: $(<"$scratch/version")"
echo '{"id": 1, "tags": ["a", "b"]}' >things.json
must "load" timeout 60 "$prefix/bin/spile" load things.json --to things.duckdb
[[ -s things.duckdb ]] || bad "no database was made"
finish
