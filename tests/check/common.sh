# Read by every check: the places, how to complain, and the end of it.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# Notes a failure and goes on, so that one run shows all.
bad() {
    printf 'FAIL: %s\n' "$*"
    failures=$((failures + 1))
}

# must WHAT COMMAND...
must() {
    local what=$1
    shift
    "$@" >"$scratch/output" 2>&1 && return
    bad "$what: $*"
    sed 's/^/    /' "$scratch/output"
}

# shows PATTERN COMMAND...: does its output match? The output is read whole: in a pipe, grep -q leaves early and the command dies of that.
shows() {
    local pattern=$1
    shift
    grep -qE "$pattern" <<<"$("$@")"
}

finish() {
    [[ $failures == 0 ]] || { printf '%s failed\n' "$failures"; exit 1; }
    echo ok
}
