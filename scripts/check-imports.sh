#!/bin/bash
# check-imports.sh: who may import whom (test files included, dependencies of dependencies too).
#   - domain packages are plain Go libraries: nothing of OpenTelemetry, no component, and no other domain package,
#     but for pptpprobe, which is made of pptp;
#   - a component imports no other component.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
self=$("$go" list -m)
bad=0
complain() { echo "$1 must not import:" >&2; sed 's/^/  /' >&2; bad=1; }

# imports <dir>: what the packages below dir and their tests depend upon, but for the standard library
imports() {
  "$go" list -deps -test -f '{{if not .Standard}}{{.ImportPath}}{{end}}' "./$1/..." | sed 's/ \[.*//' | sort -u
}

domains="pptp pptpprobe snmpppp greflow pptplog radiuscheck health"
for d in $domains; do
  [ -d "$d" ] || continue
  others=$(for o in $domains; do
    [ "$o" = "$d" ] || { [ "$d" = pptpprobe ] && [ "$o" = pptp ]; } || echo "$o"
  done | paste -sd'|')
  all=$(imports "$d")
  found=$(grep <<< "$all" -E "^(go\.opentelemetry\.io/|github\.com/open-telemetry/|$self/($others|receiver|connector|processor)(/|\$))") || continue
  complain "$d" <<< "$found"
done

for c in receiver/* connector/* processor/*; do
  [ -d "$c" ] || continue
  all=$(imports "$c")
  found=$(grep <<< "$all" -E "^$self/(receiver|connector|processor)/" | grep -vE "^$self/$c(/|\.test\$|_test\$|\$)") || continue
  complain "$c" <<< "$found"
done
exit $bad
