#!/bin/bash
# coverage.sh <percent> <packages...>: what the tests of these packages cover of them; fails below the percentage.
# A statement counts as covered whichever package's test reached it.
set -euo pipefail
cd "$(dirname "$0")/.."
want=$1
shift
go=${GO:-go}
said=$("$go" test -coverprofile=coverage.out -coverpkg="$(IFS=,; echo "$*")" "$@" 2>&1) || {
  echo "$said" >&2
  exit 1
}

# Each test binary writes all blocks of -coverpkg: a block is covered if any of them says so.
awk -v want="$want" '
  NR > 1 {
    n[$1] = $2
    if ($3 > 0) hit[$1] = 1
  }
  END {
    for (b in n) {
      p = b; sub(/\/[^\/]*$/, "", p)
      total[p] += n[b]; all += n[b]
      if (b in hit) { covered[p] += n[b]; allcovered += n[b] }
    }
    for (p in total) printf "%6.1f %%  %s\n", 100 * covered[p] / total[p], p | "sort -k3"
    close("sort -k3")
    if (!all) { print "nothing measured"; exit 1 }
    printf "%6.1f %%  in all (%d of %d statements; wanted: %d %%)\n", 100 * allcovered / all, allcovered, all, want
    exit 100 * allcovered < want * all
  }' coverage.out
