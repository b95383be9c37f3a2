#!/bin/bash
# setup.sh: fetches the real exporters, and tshark and nfdump to compare with, from Debian packages. Idempotent; needs
# root. The exporters are daemons that Debian starts as soon as they are installed, so they are only unpacked.
#   PPTP_FLOW_DIR=<folder>  where to; default: ${XDG_CACHE_HOME:-$HOME/.cache}/otelcol-pptp/flow
set -euo pipefail
die() { echo "flow: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "must run as root"
data=${PPTP_FLOW_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/otelcol-pptp/flow}
case $data in /*) ;; *) die "PPTP_FLOW_DIR must be an absolute path: $data" ;; esac
packages=(softflowd pmacct nfdump openvswitch-switch)
binaries=(softflowd pmacctd nfpcapd nfreplay nfdump ovsdb-server ovsdb-tool ovs-vsctl ovs-vswitchd)

# complete: whether every program is there and finds its libraries, one of which may be the host's.
complete() {
  local b libraries
  for b in "${binaries[@]}"; do
    libraries=$(LD_LIBRARY_PATH=$data/usr/lib ldd "$data/usr/bin/$b" 2>/dev/null) || return
    [[ $libraries != *'not found'* ]] || return
  done
}

updated=
apt() {
  [ -n "$updated" ] || apt-get update -qq
  updated=1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

missing=()
command -v tshark >/dev/null || missing+=(tshark)
command -v ip >/dev/null || missing+=(iproute2)
[ ${#missing[@]} = 0 ] || apt "${missing[@]}"

if ! complete; then
  new=$data.new
  rm -rf "$new"
  mkdir -p "$new/debs/partial" "$new/root" "$new/usr/bin" "$new/usr/lib"
  # With them come the libraries that this host lacks. --reinstall: a package that is installed is fetched as well.
  apt --reinstall --download-only -o APT::Sandbox::User=root -o Dir::Cache::archives="$new/debs" "${packages[@]}"
  for deb in "$new"/debs/*.deb; do dpkg -x "$deb" "$new/root"; done
  for b in "${binaries[@]}"; do
    find "$new"/root/usr/{bin,sbin,lib/openvswitch-switch} -name "$b" -exec cp {} "$new/usr/bin/" \;
  done
  find "$new/root" -name '*.so*' -exec cp -P {} "$new/usr/lib/" \;
  cp "$new/root/usr/share/openvswitch/vswitch.ovsschema" "$new/usr/lib/"
  rm -rf "$new/debs" "$new/root" "$data"
  mv "$new" "$data"
  complete || die "not all of the exporters run: see ldd of what is in $data/usr/bin"
fi
echo "ready: $data"
