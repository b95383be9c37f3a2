//go:build linux

package uml

// Faults of the gateway's daemons.
var (
	// DaemonHung stops every pptpd: the kernel still accepts connections, and nobody answers on them. Sessions go on.
	DaemonHung = Fault{Name: "daemon hangs", Apply: signalDaemons("STOP"), Undo: signalDaemons("CONT")}
	// DaemonDown kills every pptpd: connections are refused. Sessions go on. Undo starts them again.
	DaemonDown = Fault{Name: "daemon down", Apply: signalDaemons("KILL"), Undo: "pptpd-start"}

	// SecretChanged gives the account another password.
	SecretChanged = Fault{
		Name:  "secret changed",
		Apply: `sed -i 's/"[^"]*"/"another"/' /etc/ppp/chap-secrets /etc/ppp/pap-secrets`,
		Undo:  undoSecrets,
	}
	// AddressForbidden lets the account have no address at all, and then pppd does not even begin.
	AddressForbidden = Fault{
		Name:  "account without an address",
		Apply: `sed -i 's/\*$/-/' /etc/ppp/chap-secrets`,
		Undo:  undoSecrets,
	}

	// PPPDSlow has every pppd begin three seconds late, as on a gateway that is busy.
	PPPDSlow = Fault{
		Name: "pppd starts late",
		Apply: `mv /usr/sbin/pppd /usr/local/bin/
printf '#!/bin/sh\nsleep 3\nexec /usr/local/bin/pppd "$@"\n' > /usr/sbin/pppd
chmod +x /usr/sbin/pppd`,
		Undo: "mv /usr/local/bin/pppd /usr/sbin/",
	}
	// PPPDFails gives pppd an option that it does not know, with which it ends at once.
	PPPDFails = PPPDOption("no-such-option", PolicyMSCHAPv2)
	// PPPDWithoutIP has pppd refuse IPCP.
	PPPDWithoutIP = PPPDOption("noip", PolicyMSCHAPv2)
	// PPPDIdleTimeout has pppd end a session that carried no packet for two seconds.
	PPPDIdleTimeout = PPPDOption("idle 2", PolicyMSCHAPv2, PolicyMSCHAPv2NoMPPE)
	// PPPDSessionTimeout has pppd end a session after three seconds.
	PPPDSessionTimeout = PPPDOption("maxconnect 3", PolicyMSCHAPv2, PolicyMSCHAPv2NoMPPE)
	// PPPDWithoutDNS leaves callers without name servers.
	PPPDWithoutDNS = Fault{
		Name:  "no name servers",
		Apply: "sed -i s/^ms-dns/#ms-dns/ /inst/options." + PolicyMSCHAPv2,
		Undo:  "sed -i s/^#ms-dns/ms-dns/ /inst/options." + PolicyMSCHAPv2,
	}

	// RADIUSSlow delays the RADIUS server's answers to [PolicyRADIUS] by 400 ms.
	RADIUSSlow = Fault{
		Name:  "RADIUS slow",
		Apply: "modprobe sch_netem\ntc qdisc add dev lo root netem delay 200ms",
		Undo:  "tc qdisc del dev lo root",
	}
	// RADIUSHung stops the RADIUS server. pppd asks it three times, 3 s apart.
	RADIUSHung = Fault{Name: "RADIUS hangs", Apply: "pkill -STOP freeradius", Undo: "pkill -CONT freeradius"}

	// SessionHangup has pppd end its sessions in order: LCP Terminate-Request, then TCP is closed.
	SessionHangup = Fault{Name: "pppd hangs up", Apply: signalSessions("HUP"), InSession: true}
	// SessionKilled kills pppd: no Terminate-Request, TCP is closed.
	SessionKilled = Fault{Name: "pppd dies", Apply: signalSessions("KILL"), InSession: true}
	// SessionStopped stops pppd: pptpd goes on acknowledging what comes.
	SessionStopped = Fault{Name: "pppd hangs", Apply: signalSessions("STOP"), Undo: signalSessions("CONT"), InSession: true}
)

// PPPDOption is a fault of the configuration: a line more in the options that pppd is started with for these policies.
func PPPDOption(line string, policies ...string) Fault {
	f := Fault{Name: "pppd option " + line}
	for _, p := range policies {
		f.Apply += "echo " + quote(line) + " >> /inst/options." + p + "\n"
		f.Undo += "sed -i '$d' /inst/options." + p + "\n"
	}
	return f
}

const undoSecrets = "cp /inst/etc-ppp/*-secrets /etc/ppp/\nchmod 600 /etc/ppp/*-secrets"

func signalDaemons(signal string) string {
	return "for f in /run/pptpd.*.pid; do kill -" + signal + ` "$(cat "$f")"; done`
}

func signalSessions(signal string) string {
	return "pids=$(pgrep -x pppd)\nkill -" + signal + " $pids"
}
