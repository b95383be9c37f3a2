#!/bin/bash
# exec.sh <guest address> '<script>': runs a bash script in a guest; prints its output and ends with its exit code.
set -euo pipefail
. "$(dirname "$0")/env.sh"
guest=$1
shift
out=$(printf '%s\n' "$*" | ip netns exec "$NS" curl -sSf --noproxy '*' --max-time "${UML_TIMEOUT:-60}" \
  --data-binary @- "http://$guest:8022/cgi-bin/sh")
code=${out##*rc=}
printf '%s' "${out%rc=*}" | sed '${/^$/d}'
exit "$code"
