#!/bin/bash
# in.sh <command...>: runs a command of the host inside the guests' network namespace, which is made when missing.
set -euo pipefail
. "$(dirname "$0")/env.sh"
need_net
exec ip netns exec "$NS" "$@"
