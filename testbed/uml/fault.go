//go:build linux

package uml

import (
	"context"
	"strings"
	"sync"
	"testing"
)

// Fault is a way to break a running gateway.
type Fault struct {
	Name  string
	Apply string // a bash script for the guest
	Undo  string // what makes the gateway good again; empty: it is, for new sessions
	// InSession: it ends the sessions that are up, and there must be one.
	InSession bool
}

// The faults. One of each kind (netem, queueing of GRE, iptables rule, daemon) can be in force at a time.
var (
	// DelayLoss delays what leaves the gateway by 40 ms, and loses a fifth of it.
	DelayLoss = Netem("delay and loss", "delay 40ms 5ms loss 20%")
	// ReorderDuplicate lets a quarter of what leaves the gateway overtake, and sends a tenth of it twice.
	ReorderDuplicate = Netem("reordering and duplicates", "delay 10ms reorder 25% 50% duplicate 10%")

	// GREInDropped drops GRE to the gateway: it hears nothing, the caller hears it.
	GREInDropped = Fault{Name: "GRE to the gateway dropped", Apply: dropIn, Undo: undoDropIn}
	// GREOutDropped drops GRE from the gateway on the wire. In the OUTPUT chain it would not be silent: the send fails
	// with EPERM, and pptpd clears the call.
	GREOutDropped = Fault{Name: "GRE from the gateway dropped", Apply: dropOut, Undo: undoQdisc}
	// GREDropped drops GRE both ways.
	GREDropped = Fault{Name: "GRE dropped both ways", Apply: dropIn + "\n" + dropOut, Undo: undoDropIn + "\n" + undoQdisc}
	// GREUnreachable answers GRE with ICMP protocol unreachable, as a host without GRE does.
	GREUnreachable = iptables("GRE refused: protocol unreachable", "-p 47 -j REJECT --reject-with icmp-proto-unreachable")
	// GREProhibited answers GRE with ICMP communication administratively prohibited, as a filter does.
	GREProhibited = iptables("GRE refused: prohibited", "-p 47 -j REJECT --reject-with icmp-admin-prohibited")
	// ControlRefused answers TCP 1723 with a reset.
	ControlRefused = iptables("port 1723 refused", "-p tcp --dport 1723 -j REJECT --reject-with tcp-reset")

	// DaemonHung stops every pptpd: the kernel still accepts connections, and nobody answers on them. Sessions go on.
	DaemonHung = Fault{Name: "daemon hangs", Apply: signalDaemons("STOP"), Undo: signalDaemons("CONT")}
	// DaemonDown kills every pptpd: connections are refused. Sessions go on. Undo starts them again.
	DaemonDown = Fault{Name: "daemon down", Apply: signalDaemons("KILL"), Undo: "pptpd-start"}

	// SecretChanged gives the account another password.
	SecretChanged = Fault{
		Name:  "secret changed",
		Apply: `sed -i 's/"[^"]*"/"another"/' /etc/ppp/chap-secrets /etc/ppp/pap-secrets`,
		Undo:  "cp /inst/etc-ppp/*-secrets /etc/ppp/\nchmod 600 /etc/ppp/*-secrets",
	}

	// SessionHangup has pppd end its sessions in order: LCP Terminate-Request, then TCP is closed.
	SessionHangup = Fault{Name: "pppd hangs up", Apply: signalSessions("HUP"), InSession: true}
	// SessionKilled kills pppd: no Terminate-Request, TCP is closed.
	SessionKilled = Fault{Name: "pppd dies", Apply: signalSessions("KILL"), InSession: true}
)

// Faults returns every named fault.
func Faults() []Fault {
	return []Fault{
		DelayLoss, ReorderDuplicate,
		GREInDropped, GREOutDropped, GREDropped, GREUnreachable, GREProhibited, ControlRefused,
		DaemonHung, DaemonDown, SecretChanged, SessionHangup, SessionKilled,
	}
}

const (
	dropIn     = "iptables -A INPUT -p 47 -j DROP"
	undoDropIn = "iptables -D INPUT -p 47 -j DROP"

	dropOut = `modprobe -a sch_prio cls_u32 act_gact
tc qdisc add dev eth0 root handle 1: prio
tc filter add dev eth0 parent 1: protocol ip u32 match ip protocol 47 0xff action drop`
	undoQdisc = "tc qdisc del dev eth0 root"
)

// Netem is a fault of the gateway's way out, in the words of tc-netem(8). The control channel (source port 8022) is
// spared: what a test does to the guest is not part of what it tests.
func Netem(name, words string) Fault {
	return Fault{Name: name, Undo: undoQdisc, Apply: `modprobe -a sch_prio sch_netem cls_u32
tc qdisc add dev eth0 root handle 1: prio bands 3 priomap ` + strings.Repeat("2 ", 16) + `
tc qdisc add dev eth0 parent 1:3 handle 30: netem ` + words + `
tc filter add dev eth0 parent 1: protocol ip u32 match ip protocol 6 0xff match ip sport 8022 0xffff flowid 1:1`}
}

func iptables(name, rule string) Fault {
	return Fault{Name: name, Apply: "iptables -A INPUT " + rule, Undo: "iptables -D INPUT " + rule}
}

func signalDaemons(signal string) string {
	return "for f in /run/pptpd.*.pid; do kill -" + signal + ` "$(cat "$f")"; done`
}

func signalSessions(signal string) string {
	return "pids=$(pgrep -x pppd)\nkill -" + signal + " $pids"
}

// Inject applies a fault. It is undone by the function returned, which can be called more than once, or at the end of
// the test.
func (g *Gateway) Inject(t testing.TB, f Fault) (undo func()) {
	t.Helper()
	if err := g.script(f.Apply); err != nil {
		_ = g.script(f.Undo) // of what was applied, perhaps in part
		t.Fatalf("apply the fault %q: %v", f.Name, err)
	}
	undo = sync.OnceFunc(func() {
		if err := g.script(f.Undo); err != nil {
			t.Errorf("undo the fault %q: %v", f.Name, err)
		}
	})
	t.Cleanup(undo)
	return undo
}

// script runs a script that ends at its first error. It does not depend on a test's context, which has ended by the
// time of its cleanups.
func (g *Gateway) script(script string) error {
	if script == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), execTimeout)
	defer cancel()
	_, err := g.Exec(ctx, "set -e\n"+script)
	return err
}
