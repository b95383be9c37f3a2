#!/bin/bash
# setup.sh: fetches the SNMP exporter of Prometheus from its Debian package, to compare with. It is a daemon that Debian
# starts as soon as it is installed, so it is only unpacked. Idempotent.
#   PPTP_SNMP_DIR=<folder>  where to; default: ${XDG_CACHE_HOME:-$HOME/.cache}/otelcol-pptp/snmp
set -euo pipefail
data=${PPTP_SNMP_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/otelcol-pptp/snmp}
package=prometheus-snmp-exporter
if ! "$data/usr/bin/$package" --version >/dev/null 2>&1; then
  new=$data.new
  rm -rf "$new"
  mkdir -p "$new/root"
  (cd "$new" && apt-get download -qq -o APT::Sandbox::User=root "$package" && dpkg -x "$package"_*.deb root)
  mkdir -p "$new/usr/bin"
  cp "$new/root/usr/bin/$package" "$new/usr/bin/"
  rm -rf "$new/root" "$new"/*.deb "$data"
  mv "$new" "$data"
  "$data/usr/bin/$package" --version >/dev/null 2>&1 || { echo "snmp: $data/usr/bin/$package does not run" >&2; exit 1; }
fi
echo "ready: $data"
