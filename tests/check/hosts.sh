#!/bin/bash
# No file names a host to download from: where packages come from is the machine's own setting. And no file but text for
# readers and sample data names a host on the network at all, save those that are reserved for examples.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

registries='(pypi|npmjs|pythonhosted|debian|ubuntu|crates|conda|anaconda|maven|rubygems|artifactory|registry|mirrors?|extensions|rawgithub|githubusercontent)[a-z0-9.-]*\.(org|com|io|net|dev|cloud)\b'
reserved='(localhost|127\.0\.0\.1|\[::1\]|([a-z0-9.-]+\.)?(example|test|invalid|localhost)|([a-z0-9.-]+\.)?example\.(com|org|net))'
licences='(spdx\.org|www\.apache\.org|opensource\.org|creativecommons\.org)'

# named FILE...: lines with a registry's host; others FILE...: lines with any other real host.
named() { grep -IHniE "$registries" "$@"; }
others() { grep -IHnoiE "(https?|ftp|git|ssh)://[a-z0-9[][a-z0-9.:[-]*\]?" "$@" | grep -viE "://($reserved|$licences)\.?([:/]|$)"; }

host=files.$(printf 'python')hosted.org # put together here, so that this file passes
printf 'get it from %s\n' "$host" >"$scratch/a"
printf 'curl https%s\n' "://downloads.somewhere.io/x" >"$scratch/b"
printf 'see https://api.forge.example/x and http://localhost:80/ and https://spdx.org/licenses/MIT\n' >"$scratch/c"
[[ $(named "$scratch"/[abc] | wc -l) == 1 && $(others "$scratch"/[abc] | wc -l) == 1 ]] || bad "the check itself is wrong"

cd "$root" || exit 1
mapfile -t files < <(git ls-files --cached --others --exclude-standard | grep -v '^tests/check/hosts\.sh$' | while read -r f; do [[ -f $f ]] && echo "$f"; done)
[[ ${#files[@]} -gt 0 ]] || bad "git lists no files"
while read -r line; do bad "names a registry: ${line:0:200}"; done < <(named "${files[@]}")
mapfile -t code < <(printf '%s\n' "${files[@]}" | grep -vE '\.md$|^LICENSE|^tests/(cases|conformance|fuzz)/')
while read -r line; do bad "names a host: $line"; done < <(others "${code[@]}")
finish
