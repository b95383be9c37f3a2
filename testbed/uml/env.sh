# shellcheck shell=bash disable=SC2034  # sourced: the variables are for the sourcing script
# Settings the scripts share; the two that can be set from outside are PPTP_UML_DIR and PPTP_UML_RUN.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(cd "$HERE/../.." && pwd)

die() { echo "uml: $*" >&2; exit 1; }

# Working data: the guests' root file system and one folder per run with one folder per guest.
DATA=${PPTP_UML_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/otelcol-pptp/uml}
case $DATA in /*) ;; *) die "PPTP_UML_DIR must be an absolute path: $DATA" ;; esac
case $DATA in *[[:space:]]*) die "PPTP_UML_DIR goes on a kernel command line and must not contain white space: $DATA" ;; esac
case $DATA/ in "$REPO"/*) die "PPTP_UML_DIR must not lie inside the checkout: $DATA" ;; esac
ROOT=$DATA/root

# A run is a set of guests in a network namespace of its own. Runs do not see each other, so they all use the same
# addresses and interface names.
RUN_ID=${PPTP_UML_RUN:-hand}
case $RUN_ID in *[!a-z0-9-]*) die "PPTP_UML_RUN may hold a-z, 0-9 and '-' only: $RUN_ID" ;; esac
RUN=$DATA/run/$RUN_ID
NS=pptp-uml-$RUN_ID
NET=10.98.0
HOST=$NET.1

# The namespace has a bridge for the guests' taps, and no route out.
need_net() {
  [ -e "/run/netns/$NS" ] || ip netns add "$NS" || die "cannot make the network namespace $NS"
  ip -n "$NS" link set lo up
  ip -n "$NS" link show br0 >/dev/null 2>&1 && return
  ip -n "$NS" link add br0 type bridge
  ip -n "$NS" addr add "$HOST/24" dev br0
  ip -n "$NS" addr add "$NET.3/24" dev br0   # for a second caller
  ip -n "$NS" link set br0 up
}

# running <guest>: whether the process of the pid file is that guest, and not another one that got its number.
running() {
  local pid
  pid=$(cat "$RUN/$1/pid" 2>/dev/null) || return 1
  [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' < "/proc/$pid/cmdline" | grep -qF "uml_dir=$RUN/$1/uml "
}
