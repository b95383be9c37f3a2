# shellcheck shell=bash disable=SC2154  # sourced by start.sh, whose variables these are
# Writes the files of the gateway role: one pptpd per policy and address, and the services around them.

# The first policy listens on the guest's address, the others on the ones from address + 9 on.
nth() { echo "${ip%.*}.$(( ${ip##*.} + 8 + $1 ))"; }
default="mschapv2-128=$ip mschapv2-40=$(nth 1) mschapv2-stateful=$(nth 2) mschapv2-none=$(nth 3) mschapv1-128=$(nth 4)"
default+=" chap=$(nth 5) pap=$(nth 6) eap=$(nth 7) any=$(nth 8) one-call=$(nth 9)"

# What is behind the tunnel can be reached through the tunnel only: 10.99.0.0/16 is a black hole for what comes in on eth0.
cat >> "$dir/ip.batch" <<END
addr add 10.99.0.1/32 dev lo
rule add pref 10 lookup local
rule add pref 5 iif eth0 to 10.99.0.0/16 blackhole
rule del pref 0
END
echo "hello from $name through the tunnel" > "$dir/www/index.html"
head -c 1048576 /dev/zero > "$dir/www/1m.bin"

[ "${UML_RADIUS:-0}" != 1 ] || default+=" radius=$(nth 10)"
[ "${UML_ROUTER:-0}" != 1 ] || default+=" routed=10.97.0.2"

pool=0
for policy in ${UML_POLICIES:-$default}; do
  p=${policy%%=*}
  address=${policy#*=}
  pool=$((pool + 1))
  calls=190
  v2="refuse-eap refuse-pap refuse-chap refuse-mschap require-mschap-v2"
  case $p in
    mschapv2-128) options="$v2 require-mppe-128" ;;
    mschapv2-40) options="$v2 require-mppe-40 nomppe-128" ;;
    mschapv2-stateful) options="$v2 require-mppe-128 mppe-stateful" ;;
    mschapv2-none) options="$v2 nomppe" ;;
    mschapv1-128) options="refuse-eap refuse-pap refuse-chap refuse-mschap-v2 require-mschap require-mppe-128" ;;
    chap) options="refuse-eap refuse-pap refuse-mschap refuse-mschap-v2 require-chap nomppe" ;;
    pap) options="refuse-eap refuse-chap refuse-mschap refuse-mschap-v2 require-pap nomppe" ;;
    eap) options="refuse-pap refuse-chap refuse-mschap refuse-mschap-v2 require-eap nomppe" ;;
    any) options="" ;;   # any authentication, and MPPE if the caller asks for it
    one-call) options="$v2 require-mppe-128"; calls=1 ;;
    routed) options="$v2 require-mppe-128" ;;
    radius) options="$v2 require-mppe-128 plugin radius.so radius-config-file /inst/radius.conf 10.99.0.1:" ;;
    *) die "unknown policy $p" ;;
  esac
  [ "$address" = "$ip" ] || [ "$p" = routed ] || echo "addr add $address/24 dev eth0" >> "$dir/ip.batch"
  # shellcheck disable=SC2086  # options are words
  printf '%s\n' "name pptpd" "ipparam $p" auth nodefaultroute lock nobsdcomp nodeflate novj novjccomp nologfd debug \
    "lcp-echo-interval ${UML_ECHO:-30}" "lcp-echo-failure 4" "mtu 1400" "mru 1400" "ms-dns 10.99.0.1" $options \
    > "$dir/options.$p"
  [ -z "${UML_PPPD_OPTIONS:-}" ] || printf '%s\n' "$UML_PPPD_OPTIONS" >> "$dir/options.$p"
  cat > "$dir/pptpd.$p.conf" <<END
option /inst/options.$p
listen $address
localip 10.99.0.1
remoteip 10.99.$pool.10-$((9 + calls))
connections $calls
END
  [ "$p" != radius ] || echo delegate >> "$dir/pptpd.$p.conf"   # the address is the RADIUS server's to give
done

cat > "$dir/rsyslog.conf" <<END
module(load="imuxsock")
global(workDirectory="/run")
\$FileCreateMode 0644
*.* action(type="omfile" file="/inst/syslog")
*.* action(type="omfwd" target="$HOST" port="${UML_SYSLOG_PORT:-5514}" protocol="udp" template="RSYSLOG_SyslogProtocol23Format")
END

# interface_replace_old: a new ppp0 takes the old one's row in IF-MIB, under a new ifIndex.
cat > "$dir/snmpd.conf" <<END
agentaddress udp:$ip:161
rocommunity public
sysname $name
syslocation testbed
interface_replace_old yes
dontLogTCPWrappersConnects yes
master agentx
agentXSocket tcp:127.0.0.1:705
createUser probev3 SHA-256 "authpass-v3" AES "privpass-v3"
rouser probev3 priv
END

cat > "$dir/pmacct.conf" <<END
daemonize: false
pcap_interface: eth0
aggregate: src_host,dst_host,src_port,dst_port,proto,tos,tcpflags
plugins: nfprobe
nfprobe_receiver: ${UML_FLOW-$HOST:2055}
nfprobe_version: ${UML_FLOW_VERSION:-9}
nfprobe_timeouts: tcp=5:tcp.fin=2:tcp.rst=2:udp=5:general=5:icmp=5:maxlife=10:expint=2
END

# Accounts of the RADIUS server beside the usual one: it gives them no address, no MPPE keys, or wrong ones.
if [ "${UML_RADIUS:-0}" = 1 ]; then
  mkdir -p "$dir/raddb"
  cp "$HERE/guest/radiusd.conf" "$dir/raddb/"
  cp "$HERE/guest/dictionary" "$dir/"
  printf '%s Cleartext-Password := "'"$password"'"\n\tFramed-IP-Address = 10.99.50.5\n' "$user" nokeys wrongkeys > "$dir/raddb/users"
  printf 'noaddress Cleartext-Password := "%s"\n' "$password" >> "$dir/raddb/users"
  echo "localhost testing123" > "$dir/radius.servers"
  : > "$dir/radius.map"
  cat > "$dir/radius.conf" <<END
auth_order radius
login_tries 1
login_timeout 60
nologin /etc/nologin
issue /etc/issue
authserver localhost:1812
acctserver localhost:1813
servers /inst/radius.servers
dictionary /inst/dictionary
login_radius /usr/sbin/login.radius
seqfile /run/radius.seq
mapfile /inst/radius.map
default_realm
radius_timeout 3
radius_retries 3
END
fi
