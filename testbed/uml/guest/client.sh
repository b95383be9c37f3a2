#!/bin/busybox sh
# shellcheck shell=dash
# The client role: pptp-linux with pppd, by pptp-try and pptp-down.
cat > /usr/local/bin/pptp-try <<'END'
#!/bin/bash
# pptp-try <server> [pppd options...]: calls; on success the session stays up until pptp-down. U= and P= give another
# user name and password, T= the seconds it may take (45). Prints one line of what came out, and ends with pppd's exit
# code, or with 124 when neither success nor failure came in time.
pptp-down
server=$1
shift
log=/tmp/ppp.log
: > $log
read -r began _ </proc/uptime
timeout "${T:-45}" pppd pty "pptp $server --nolaunchpppd --nobuffer" ipparam try linkname try user "${U:-$USERNAME}" \
  password "${P:-$PASSWORD}" remotename pptpd noauth nodefaultroute noipdefault nobsdcomp nodeflate novj noipv6 lock \
  mtu 1400 mru 1400 debug logfile $log updetach child-timeout 1 "$@" >/dev/null 2>&1
rc=$?
read -r ended _ </proc/uptime
auth=$(grep -oE 'auth (chap [^>]*|pap|eap)' $log | tail -1)
said=$(grep -oE 'MPPE.*enabled|(CHAP|PAP) authentication (succeeded|failed)|peer refused.*|MPPE required.*|LCP: timeout.*|No auth.*' $log | tail -3)
echo "pppd $rc in $(gawk "BEGIN { print $ended - $began }") s: $auth | ${said//$'\n'/; }"
exit $rc
END
cat > /usr/local/bin/pptp-down <<'END'
#!/bin/bash
# pptp-down: ends the session of pptp-try, and waits until pppd is through with it and pptp's socket is free again.
# (pppd itself stays on for a second: it waits for a child that is no longer its own since it detached.)
{ read -r pid < /run/ppp-try.pid; } 2>/dev/null || exit 0
kill "$pid" 2>/dev/null
for _ in $(seq 100); do
  sockets=(/run/pptp/*)
  [ -e /run/ppp-try.pid ] || [ -e "${sockets[0]}" ] || exit 0
  sleep 0.1
done
echo "pppd $pid did not end" >&2
exit 1
END
chmod +x /usr/local/bin/pptp-try /usr/local/bin/pptp-down
read -r uptime _ < /proc/uptime
printf 'ready %s\nall %s\n' "$uptime" "$uptime" >> /inst/boot
