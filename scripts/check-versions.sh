#!/bin/bash
# check-versions.sh [go.mod...]: fails if a module of the collector is not of the one release this project builds on.
# Without arguments, checks the whole module graph of the repository, the tools and the distributions' manifests.
#
# `go get` and `go mod tidy` without a version mix releases, and the mix compiles: it shows as odd behaviour much later.
set -euo pipefail
cd "$(dirname "$0")/.."

unstable=v0.159.0
stable=v1.65.0

collector='go\.opentelemetry\.io/collector|github\.com/open-telemetry/opentelemetry-collector-contrib'
found=0
refuse() { # refuse <where>: reads "module version" lines
  local bad
  bad=$(grep -oE "($collector)[^ ]* v[^ ]+" | grep -vE " (${unstable//./\\.}|${stable//./\\.})$" | sort -u) || return 0
  printf '%s: not of release %s / %s:\n%s\n' "$1" "$unstable" "$stable" "${bad//go.opentelemetry/  go.opentelemetry}" >&2
  found=1
}

if [ $# -gt 0 ]; then
  for f; do refuse "$f" < "$f"; done
  exit $found
fi

"${GO:-go}" list -m -f '{{.Path}} {{.Version}}' all | refuse go.mod || found=1
for f in internal/tools/go.mod builder-config*.yaml; do refuse "$f" < "$f"; done

missing=$(comm -23 <(grep -oE 'gomod: .*' builder-config.yaml | sort) <(grep -oE 'gomod: .*' builder-config.full.yaml | sort))
if [ -n "$missing" ]; then
  printf 'builder-config.full.yaml lacks entries of builder-config.yaml:\n%s\n' "$missing" >&2
  found=1
fi
exit $found
