#!/bin/bash
# setup.sh: fetches FreeRADIUS and radclient from Debian packages. Idempotent; needs root. The server is a daemon that
# Debian starts as soon as it is installed, so the packages are only unpacked.
#   PPTP_RADIUS_DIR=<folder>  where to; default: ${XDG_CACHE_HOME:-$HOME/.cache}/otelcol-pptp/radius
set -euo pipefail
die() { echo "radius: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "must run as root"
data=${PPTP_RADIUS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/otelcol-pptp/radius}
case $data in /*) ;; *) die "PPTP_RADIUS_DIR must be an absolute path: $data" ;; esac
packages=(freeradius freeradius-common freeradius-config freeradius-utils libfreeradius3)
binaries=(freeradius radclient)

# complete: whether every program is there and finds its libraries, one of which may be the host's.
complete() {
  local b libraries
  for b in "${binaries[@]}"; do
    libraries=$(LD_LIBRARY_PATH=$data/lib:$data/lib/freeradius ldd "$data/bin/$b" 2>/dev/null) || return
    [[ $libraries != *'not found'* ]] || return
  done
  [ -f "$data/share/freeradius/dictionary" ]
}

if ! complete; then
  new=$data.new
  rm -rf "$new"
  mkdir -p "$new/debs/partial" "$new/root" "$new/bin" "$new/lib/freeradius"
  apt-get update -qq
  # With them come the libraries that this host lacks. --reinstall: a package that is installed is fetched as well.
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --reinstall --download-only \
    -o APT::Sandbox::User=root -o Dir::Cache::archives="$new/debs" "${packages[@]}" >/dev/null
  for deb in "$new"/debs/*.deb; do dpkg -x "$deb" "$new/root"; done
  for b in "${binaries[@]}"; do
    find "$new"/root/usr/{bin,sbin} -name "$b" -exec cp {} "$new/bin/" \;
  done
  find "$new/root" \( -name '*.so' -o -name '*.so.*' \) -not -path '*/usr/lib/freeradius/*' -exec cp -P {} "$new/lib/" \;
  cp -P "$new"/root/usr/lib/freeradius/*.so* "$new/lib/freeradius/"
  cp -r "$new/root/usr/share" "$new/share"
  rm -rf "$new/debs" "$new/root" "$new/share/doc" "$new/share/man" "$data"
  mv "$new" "$data"
  complete || die "FreeRADIUS does not run: see ldd of what is in $data/bin"
fi
echo "ready: $data"
