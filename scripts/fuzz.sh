#!/bin/bash
# fuzz.sh <time> [regexp]: runs every fuzz test whose name matches, one after the other, for that long each.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
export pattern=${2:-.}

# "dir FuzzName" lines
mapfile -t all < <(git ls-files -co --exclude-standard -- '*_test.go' | while read -r f; do
  [ ! -f "$f" ] || sed -nE "s#^func (Fuzz[A-Za-z0-9_]*)\(.*#./$(dirname "$f") \1#p" "$f"
done | awk '$2 ~ ENVIRON["pattern"]' | sort)
n=${#all[@]}
[ "$n" -gt 0 ] || { echo "no fuzz test matches $pattern" >&2; exit 1; }

echo "$n fuzz tests, $time each"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
i=0 failed=() cut=()
for line in "${all[@]}"; do
  i=$((i + 1))
  echo "==> $i/$n $line"
  "${GO:-go}" test -run '^$' -fuzz "^${line#* }\$" -fuzztime "$time" -fuzzminimizetime 2s "${line% *}" 2>&1 | tee "$log" && continue
  # Go's fuzzer loses a race now and then when its time is up, and takes its own deadline for a failure (go.dev/issue/75804).
  # It is that only if nothing else was said, and it is reported all the same.
  if grep -A1 -- '^--- FAIL: Fuzz' "$log" | grep -qx ' *context deadline exceeded' &&
    ! grep -qE 'panic|[Ff]ailing input|hung or terminated|_test\.go:[0-9]' "$log"; then
    cut+=("$line")
  else
    failed+=("$line")
  fi
done
if [ ${#cut[@]} -gt 0 ]; then
  printf 'ended by the fuzzer'\''s own deadline (go.dev/issue/75804), no input failed: %s\n' "${cut[@]}"
fi
if [ ${#failed[@]} -gt 0 ]; then
  printf 'FAILED (a failing input is in the package'\''s testdata/fuzz): %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "$n fuzz tests, no finding"
