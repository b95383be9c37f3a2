#!/bin/busybox sh
# shellcheck shell=dash
# The gateway role: one pptpd per address, each with a policy of its own, and the services around them.
cat > /usr/local/bin/pptpd-start <<'END'
#!/bin/busybox sh
# pptpd-start: starts every pptpd of the gateway, and waits until they listen.
here=0
for conf in /inst/pptpd.*.conf; do
  policy=${conf#/inst/pptpd.}
  policy=${policy%.conf}
  in=
  if [ "$policy" = routed ]; then in="/usr/sbin/ip netns exec far"; else here=$((here + 1)); fi
  $in /usr/sbin/pptpd -c "$conf" -p "/run/pptpd.$policy.pid" </dev/null >/dev/null 2>&1
done
for _ in $(seq 200); do   # 06BB is 1723, 0A LISTEN
  [ "$(grep -c ':06BB 00000000:0000 0A' /proc/net/tcp)" -lt "$here" ] || exit 0
  sleep 0.05
done
END
chmod +x /usr/local/bin/pptpd-start
if [ "$ROUTER" = 1 ]; then   # the guest becomes a router, with a gateway in a network namespace behind it
  /usr/sbin/ip -batch - <<END
netns add far
link add far0 type veth peer name eth0 netns far
addr add 10.97.0.1/24 dev far0
link set far0 up
END
  /usr/sbin/ip -n far -batch - <<END
link set lo up
addr add 10.99.0.1/32 dev lo
addr add 10.97.0.2/24 dev eth0
link set eth0 up
route add default via 10.97.0.1
END
  /usr/sbin/ip netns exec far /bin/busybox httpd -p 10.99.0.1:80 -h /inst/www
fi
/usr/local/bin/pptpd-start
httpd -p 10.99.0.1:80 -h /inst/www
read -r uptime _ < /proc/uptime
echo "ready $uptime" >> /inst/boot
/usr/sbin/rsyslogd -f /inst/rsyslog.conf
SNMP_PERSISTENT_DIR=/run/snmp /usr/sbin/snmpd -C -c /inst/snmpd.conf -Lf /inst/snmpd.log -I -smux -p /run/snmpd.pid
if [ -n "$FLOW" ]; then
  case $FLOW_TOOL in
    pmacct) /usr/sbin/pmacctd -f /inst/pmacct.conf >/inst/flow.log 2>&1 & ;;   # NetFlow 5, 9 and IPFIX
    fprobe) /usr/sbin/fprobe -i eth0 -n 5 -e 5 -d 3 -s 2 -g 5 -l 1 "$FLOW" ;;    # NetFlow 5
  esac
fi
iperf3 -s -B 10.99.0.1 -D >/dev/null 2>&1
[ "$RADIUS" = 1 ] && echo "127.0.0.1 $NAME" >> /etc/hosts && /usr/sbin/freeradius -d /inst/raddb -D /usr/share/freeradius -l /inst/radius.log
[ -f /inst/extra.sh ] && sh /inst/extra.sh
read -r uptime _ < /proc/uptime
echo "all $uptime" >> /inst/boot
