#!/bin/busybox sh
# shellcheck shell=dash
# The gateway role: one pptpd per address, each with a policy of its own, and the services around them.
cat > /usr/local/bin/pptpd-start <<'END'
#!/bin/busybox sh
# pptpd-start: starts every pptpd of the gateway.
for conf in /inst/pptpd.*.conf; do
  policy=${conf#/inst/pptpd.}
  policy=${policy%.conf}
  /usr/sbin/pptpd -c "$conf" -p "/run/pptpd.$policy.pid" </dev/null >/dev/null 2>&1
done
END
chmod +x /usr/local/bin/pptpd-start
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
[ "$RADIUS" = 1 ] && /usr/sbin/freeradius -d /inst/raddb -D /usr/share/freeradius -l /inst/radius.log
[ -f /inst/extra.sh ] && sh /inst/extra.sh
read -r uptime _ < /proc/uptime
echo "all $uptime" >> /inst/boot
