#!/bin/bash
# start.sh gateway|client [name] [address]: boots one guest and waits until it is ready. A guest of that name that runs
# already is left alone. README.md lists the UML_* variables.
set -euo pipefail
. "$(dirname "$0")/env.sh"
role=${1:?gateway or client}
name=${2:-$role}
case $role in
  gateway) ip=${3:-$NET.2} ;;
  client) ip=${3:-$NET.9} ;;
  *) die "unknown role $role" ;;
esac
[[ $name =~ ^[a-z0-9-]{1,11}$ ]] || die "a guest's name is 1 to 11 of a-z, 0-9 and '-': $name"
[ -x "$ROOT/uml-init" ] || die "no root file system in $ROOT: run setup.sh"
if running "$name"; then
  echo "$name runs already, pid $(cat "$RUN/$name/pid")"
  exit 0
fi

dir=$RUN/$name
began=$(date +%s%N)
rm -rf "$dir"
mkdir -p "$dir"/{uml,etc-ppp,control/cgi-bin,www}
user=${UML_USER:-probe}
password=${UML_PASSWORD:-s3cret-Pass}

cp "$HERE/guest/$role.sh" "$dir/main.sh"
install -m755 "$HERE/guest/control" "$dir/control/cgi-bin/sh"
[ -z "${UML_EXTRA:-}" ] || cp "$UML_EXTRA" "$dir/extra.sh"
cat > "$dir/env" <<END
NAME=$name
IP=$ip
USERNAME='$user'
PASSWORD='$password'
FLOW=${UML_FLOW-$HOST:2055}
FLOW_TOOL=${UML_FLOW_TOOL:-pmacct}
RADIUS=${UML_RADIUS:-0}
ROUTER=${UML_ROUTER:-0}
MODULES='${UML_MODULES:-}'
END
cat > "$dir/ip.batch" <<END
link set lo up
link set vec0 name eth0
link set eth0 mtu ${UML_MTU:-1500} up
addr add $ip/24 dev eth0
END
: > "$dir/etc-ppp/options"
printf '%s * "%s" *\n' "$user" "$password" | tee "$dir/etc-ppp/chap-secrets" > "$dir/etc-ppp/pap-secrets"
[ "$role" != gateway ] || . "$HERE/gateway-config.sh"

need_net
tap=tap-$name
ip -n "$NS" link show "$tap" >/dev/null 2>&1 || ip netns exec "$NS" ip tuntap add dev "$tap" mode tap
ip -n "$NS" link set "$tap" master br0 up
[ "${UML_ROUTER:-0}" != 1 ] || ip -n "$NS" route replace 10.97.0.0/24 via "$ip"

# TMPDIR is where UML puts the guest's memory: it must be a tmpfs, and a TMPDIR of the caller's rarely is one.
# Neither ip nor setsid forks here, so $! is the guest itself, and the leader of its process group.
preload=()
[ ! -e "$DATA/xstate.so" ] || preload=(LD_PRELOAD="$DATA/xstate.so")   # see host/xstate.c
env -u TMP -u TEMP TMPDIR="${UML_TMPDIR:-/dev/shm}" "${preload[@]}" \
  ip netns exec "$NS" setsid linux.uml umid="$name" uml_dir="$dir/uml" mem="${UML_MEM:-192M}" \
  root=/dev/root rootfstype=hostfs rootflags="$ROOT" ro init=/uml-init uml.guest="$dir" uml.modules=/usr/lib/uml/modules \
  vec0:transport=tap,ifname="$tap",depth=128,gro=1 con0=null,fd:1 con=null ssl=null quiet panic=1 \
  </dev/null >"$dir/console" 2>&1 &
pid=$!
echo "$pid" > "$dir/pid"

deadline=$((SECONDS + ${UML_WAIT:-90}))
until grep -qs '^all' "$dir/boot"; do
  kill -0 "$pid" 2>/dev/null || { tail -20 "$dir/console" >&2; die "$name died while booting"; }
  [ "$SECONDS" -lt "$deadline" ] || { tail -20 "$dir/console" "$dir/main.log" >&2; die "$name was not ready in time"; }
  sleep 0.05
done
echo "$name up: pid $pid, $ip, $(( ($(date +%s%N) - began) / 1000000 )) ms; guest uptime: $(tr '\n' ' ' < "$dir/boot")"
