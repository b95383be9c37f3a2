#!/bin/bash
# generate.sh: go generate, from nothing. mdatagen leaves files behind when a signal or a section is dropped from
# metadata.yaml, and they live on or break the build; so all it makes is deleted first.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

mapfile -t components < <(git ls-files -co --exclude-standard -- 'metadata.yaml' '*/metadata.yaml' | xargs -r -n1 dirname | sort -u)
if [ ${#components[@]} -gt 0 ]; then
  find "${components[@]}" \( -name 'generated_*.go' -o -path '*/metadatatest/*.go' \) -delete
fi

"$go" generate ./...
