#!/bin/bash
# check-generated.sh: generates everything anew and fails if any file of the checkout came out different.
# It compares files, not commits, so it is as true in a working tree with changes as in a clean one.
set -euo pipefail
cd "$(dirname "$0")/.."

sums() { git ls-files -coz --exclude-standard | xargs -0 -r sha256sum 2>/dev/null | sort -k2 || true; }
before=$(sums)
"${MAKE:-make}" --no-print-directory generate
after=$(sums)
if [ "$before" != "$after" ]; then
  echo "generated files are stale; they are up to date now, commit them:" >&2
  diff <(cat <<< "$before") <(cat <<< "$after") | awk '/^[<>]/ {print "  " $3}' | sort -u >&2
  git --no-pager diff --stat >&2 || true
  exit 1
fi
