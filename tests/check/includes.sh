#!/bin/bash
# Includes go down only:
#   base <- data <- schema <- config <- source, destination <- extract, normalize, load <- pipeline <- integration
# where a folder sees itself and what is below, not its neighbours. Of sources and destinations the stages see the one header that
# says what such a component is (source/source.h, destination/destination.h), never a component. The command, the Python module, the
# examples and the benches see nothing of src/.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# upward TREE: every include that breaks the rule, one per line.
upward() {
    (cd "$1" && find src cli python examples bench -name '*.[ch]' 2>/dev/null | sort | xargs -r awk '
        BEGIN {
            level["base"] = 1; level["data"] = 2; level["schema"] = 3
            level["config"] = 4; level["source"] = level["destination"] = 5
            level["extract"] = level["normalize"] = level["load"] = 6
            level["pipeline"] = 7; level["integration"] = 8
        }
        !/^[ \t]*#[ \t]*include[ \t]*["<]/ { next }
        {
            split(FILENAME, own, "/")
            target = $0
            gsub(/^[^"<]*["<]|[">].*$/, "", target)
            split(target, part, "/")
            to = (part[1] in level) && part[2] != "" ? part[1] : ""
            if (target ~ /\.\.\//) { print FILENAME ": " target " (a path with ..)"; next }
            if (own[1] != "src") {
                if (to != "") print FILENAME ": " target " (a client sees only spile/spile.h)"
                next
            }
            if (!(own[2] in level)) { print FILENAME ": the folder has no level in this check"; nextfile }
            if (to == "" || to == own[2]) next
            if (level[to] >= level[own[2]]) print FILENAME ": " target
            else if (level[own[2]] == 6 && level[to] == 5 && target != to "/" to ".h") print FILENAME ": " target
        }')
}

# The check must see what it is for, and let the rest pass.
mkdir -p "$scratch"/t/{src/{base,data,load,normalize,pipeline,elsewhere},cli}
echo '#include "data/column.h"' >"$scratch/t/src/base/up.c"
echo '#include "normalize/x.h"' >"$scratch/t/src/load/neighbour.c"
echo '#include "destination/duckdb/x.h"' >"$scratch/t/src/load/component.c"
echo '#include "destination/destination.h"' >"$scratch/t/src/load/fine.c"
echo '#  include <pipeline/run.h>' >"$scratch/t/src/normalize/up.h"
echo '#include "base/text.h"' >"$scratch/t/cli/inside.c"
echo '#include "../src/base/text.h"' >"$scratch/t/cli/around.c"
echo '#include <stdio.h>' >"$scratch/t/src/elsewhere/none.c"
printf '#include "base/text.h"\n#include "data/column.h"\n#include "column.h"\n#include <spile/spile.h>\n' >"$scratch/t/src/data/fine.c"
echo '#include "load/x.h"' >"$scratch/t/src/pipeline/fine.c"
seen=$(upward "$scratch/t" | cut -d: -f1 | tr '\n' ' ')
[[ $seen == "src/base/up.c src/elsewhere/none.c src/load/component.c src/load/neighbour.c src/normalize/up.h cli/around.c cli/inside.c " ||
    $seen == "cli/around.c cli/inside.c src/base/up.c src/elsewhere/none.c src/load/component.c src/load/neighbour.c src/normalize/up.h " ]] ||
    bad "the check itself is wrong, it found: $seen"

while read -r line; do bad "$line"; done < <(upward "$root")
finish
