package main

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

const (
	// early users are there from the start, besides the probe; the others come one after the other.
	early, people = 3, 10
	firstLate     = 18 * time.Second
	nextLate      = 3 * time.Second
	// checkEvery is how often each sends pings through the tunnel, and an echo on the control connection.
	checkEvery = 5 * time.Second
)

func nameOf(i int) string { return fmt.Sprintf("user-%d", i+1) }

// accounts are the passwords of all users.
func accounts() map[string]string {
	list := map[string]string{user: password}
	for i := range people {
		list[nameOf(i)] = password
	}
	return list
}

// arrival is when a user comes.
func arrival(i int) time.Duration {
	if i < early {
		return 0
	}
	return firstLate + time.Duration(i-early)*nextLate
}

// wait tells whether the time has passed before the context has ended.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// comeAndStay lets the users connect, each from an address of its own, and use the
// tunnel a little until the context ends. Who loses the connection comes back.
func comeAndStay(ctx context.Context) {
	probe := pptpprobe.New(pptpprobe.Options{})
	var all sync.WaitGroup
	for i := range people {
		runner := pptpprobe.Runner{
			Run: probe.Run, BackoffMin: 2 * time.Second, BackoffMax: 8 * time.Second,
			Target: pptpprobe.Target{
				Name: nameOf(i), Host: gatewayAddr.Addr().String(), Port: gatewayAddr.Port(),
				LocalAddr: netip.AddrFrom4([4]byte{127, 0, 0, byte(11 + i)}),
				Depth:     pptpprobe.DepthApplication, Username: nameOf(i), Password: password,
				MPPE: pptpprobe.MPPE{Mode: ppp.MPPERequire},
				// Some traffic all the time, or flows could not tell a tunnel that is idle from one that is dead.
				Checks: []pptpprobe.Check{{Kind: pptpprobe.CheckICMP, Count: 50, Interval: 100 * time.Millisecond, Timeout: checkEvery}},
				Hold:   &pptpprobe.Hold{EchoInterval: echoEvery, ControlEcho: checkEvery, CheckInterval: checkEvery},
			},
		}
		all.Go(func() {
			if !wait(ctx, arrival(i)) {
				return
			}
			_ = runner.Loop(ctx) // it ends with ctx: the target is valid
		})
	}
	all.Wait()
	_ = probe.Close()
}
