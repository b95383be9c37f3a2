//go:build linux

package uml

import (
	"context"
	"sync"
	"testing"
)

// Fault is a way to break a running gateway, or the path to it.
type Fault struct {
	Name  string
	Apply string // a bash script for the guest
	Undo  string // what makes the gateway good again; empty: it is, for new sessions
	// InSession: it ends the sessions that are up, and there must be one.
	InSession bool
}

// Faults returns every named fault. One of each kind (queueing discipline of an interface, iptables rule, option of
// pppd, daemon) can be in force at a time.
func Faults() []Fault {
	return []Fault{
		DelayLoss, ReorderDuplicate, SlowPath, EveryPacketTwice, EveryFifthOvertakes, NarrowPath,
		GREInDropped, GREOutDropped, GREDropped, GREUnreachable, GREProhibited, GREHostUnreachable, GREOtherSource,
		ControlRefused, ControlDropped, ControlUnreachable, ControlForbidden, ControlOtherService,
		TunnelDropped, TunnelForwardDropped, TunnelWebRefused, TunnelWebDropped, TunnelDNSDropped,
		NAT, NATSilent, NATOneHost, NATHelper,
		RouterDropsFromGateway, RouterDropsToGateway,
		SmallMTUBehind, SmallMTUBehindSilent, SmallMTU, SmallMTUNoICMP, SmallMTULink,
		DaemonHung, DaemonDown, SecretChanged, AddressForbidden,
		PPPDSlow, PPPDFails, PPPDWithoutIP, PPPDWithoutDNS, PPPDIdleTimeout, PPPDSessionTimeout,
		RADIUSSlow, RADIUSHung,
		SessionHangup, SessionKilled, SessionStopped,
	}
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
