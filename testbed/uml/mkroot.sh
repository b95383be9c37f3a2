#!/bin/bash
# mkroot.sh: builds the guests' root file system, a plain folder, from Debian packages. They are only unpacked: the
# guests bring their own configuration, so no maintainer script has to run, and it takes a fraction of a debootstrap.
#   SUITE=bookworm      the Debian release
#   APT_URI=<mirror>    default: Debian's
#   EXTRA=pkg,pkg       more packages
set -euo pipefail
. "$(dirname "$0")/env.sh"
packages=base-files,base-passwd,libc-bin,bash,dash,coreutils,sed,grep,gawk,util-linux,mount,kmod,procps,busybox-static
packages+=,iproute2,iputils-ping,iptables,tcpdump,curl,iperf3
packages+=,ppp,pptpd,pptp-linux,snmpd,snmp,rsyslog,pmacct,fprobe,freeradius,freeradius-utils
[ -z "${EXTRA:-}" ] || packages+=,$EXTRA

mkdir -p "$DATA"
new=$ROOT.new
rm -rf "$new"
mmdebstrap --mode=root --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include="$packages" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' --aptopt='Acquire::PDiffs "false"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  "${SUITE:-bookworm}" "$new" ${APT_URI:+"$APT_URI"}

# What the maintainer scripts would have done, as far as the guests need it.
cp "$new/usr/share/base-passwd/passwd.master" "$new/etc/passwd"
cp "$new/usr/share/base-passwd/group.master" "$new/etc/group"
id=901
for user in freerad Debian-snmp tcpdump; do
  echo "$user:x:$id:$id::/nonexistent:/usr/sbin/nologin" >> "$new/etc/passwd"
  echo "$user:x:$id:" >> "$new/etc/group"
  id=$((id + 1))
done
ln -sf xtables-legacy-multi "$new/usr/sbin/iptables"
ln -sf gawk "$new/usr/bin/awk"
[ -e "$new/bin/sh" ] || ln -s dash "$new/bin/sh"
echo '127.0.0.1 localhost' > "$new/etc/hosts"
mkdir -p "$new"/{mnt,inst,opt,lib/modules,etc/ppp/peers,usr/local/bin,var/lib/snmp}
chroot "$new" /sbin/ldconfig
rm -rf "$new"/var/{run,lock,cache/apt/*,lib/apt/lists/*} "$new"/usr/share/{man,doc,locale,zoneinfo}
ln -s /run "$new/var/run"
ln -s /run/lock "$new/var/lock"
install -m755 "$HERE/guest/init" "$new/uml-init"
rm -rf "$ROOT"
mv "$new" "$ROOT"
du -sh "$ROOT"
