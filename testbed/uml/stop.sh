#!/bin/bash
# stop.sh [guest...]: stops the named guests, by pid. Without a name it ends the whole run: every guest, what else runs
# in the namespace, the namespace, and the run's folder.
set -uo pipefail
. "$(dirname "$0")/env.sh"

stop_guest() {
  local dir=$RUN/$1 pid
  if running "$1"; then
    pid=$(cat "$dir/pid")
    kill -TERM "$pid"
    for _ in $(seq 60); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
    # The guest's processes are processes of the host, in the session that start.sh made: pid is their group too.
    kill -KILL -- "-$pid" 2>/dev/null
    echo "$1 stopped"
  fi
  rm -f "$dir/pid"
  ip -n "$NS" link del "tap-$1" 2>/dev/null
}

if [ $# -gt 0 ]; then
  for name in "$@"; do stop_guest "$name"; done
  exit 0
fi

[ "$(ip netns identify $$ 2>/dev/null)" != "$NS" ] || die "cannot remove the namespace $NS from inside"
for dir in "$RUN"/*/; do
  [ -d "$dir/uml" ] && stop_guest "$(basename "$dir")"
done
if [ -e "/run/netns/$NS" ]; then
  for pid in $(ip netns pids "$NS"); do kill -KILL "$pid" 2>/dev/null; done
  ip netns del "$NS" || die "cannot remove the network namespace $NS"
fi
rm -rf "$RUN"
