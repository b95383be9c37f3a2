#!/bin/bash
# setup.sh: fetches Prometheus and Alertmanager with their tools from Debian packages. Idempotent. They are only
# unpacked: installed, Debian would start both as services.
#   PPTP_DEPLOY_DIR=<folder>  where to; default: ${XDG_CACHE_HOME:-$HOME/.cache}/otelcol-pptp/deploy
set -euo pipefail
die() { echo "deploy: $*" >&2; exit 1; }
data=${PPTP_DEPLOY_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/otelcol-pptp/deploy}
case $data in /*) ;; *) die "PPTP_DEPLOY_DIR must be an absolute path: $data" ;; esac
binaries=(prometheus promtool prometheus-alertmanager amtool)
templates=/usr/share/prometheus/alertmanager # compiled into Debian's Alertmanager, which does not start without

complete() {
  local b
  for b in "${binaries[@]}"; do "$data/bin/$b" --version >/dev/null 2>&1 || return; done
  [ -f $templates/default.tmpl ]
}

if ! complete; then
  [ "$(id -u)" = 0 ] || die "must run as root to update the list of packages"
  new=$data.new
  rm -rf "$new"
  mkdir -p "$new/bin" "$new/debs"
  apt-get update -qq
  # The programs need nothing but libc; what Debian lists as dependencies is for the web pages.
  (cd "$new/debs" && apt-get download -qq -o APT::Sandbox::User=root prometheus prometheus-alertmanager)
  for deb in "$new"/debs/*.deb; do dpkg -x "$deb" "$new/root"; done
  for b in "${binaries[@]}"; do cp "$new/root/usr/bin/$b" "$new/bin/"; done
  mkdir -p $templates
  cp "$new/root$templates/"*.tmpl $templates/
  rm -rf "$new/debs" "$new/root" "$data"
  mv "$new" "$data"
  complete || die "not all programs run: see ldd of what is in $data/bin"
fi
echo "ready: $data"
