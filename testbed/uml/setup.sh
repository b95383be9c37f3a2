#!/bin/bash
# setup.sh: installs what a fresh Debian 12 lacks, and builds the guests' root file system. Idempotent; needs root.
set -euo pipefail
. "$(dirname "$0")/env.sh"
[ "$(id -u)" = 0 ] || die "must run as root"
packages=(user-mode-linux mmdebstrap iproute2 curl)
amx=$(grep -ow -m1 amx_tile /proc/cpuinfo || true)   # see host/xstate.c
[ -z "$amx" ] || packages+=(gcc libc6-dev)
missing=()
for p in "${packages[@]}"; do
  dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
if [ ! -c /dev/net/tun ]; then
  mkdir -p /dev/net
  mknod /dev/net/tun c 10 200
fi
mkdir -p "$DATA"
[ -z "$amx" ] || gcc -O2 -Wall -shared -fPIC -o "$DATA/xstate.so" "$HERE/host/xstate.c" -ldl
[ -x "$ROOT/bin/busybox" ] || "$HERE/mkroot.sh"
install -m755 "$HERE/guest/init" "$ROOT/uml-init"   # a cached root may carry an older one
echo "ready: $ROOT"
