//go:build real && linux

package flow

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/uml"
)

func TestMain(m *testing.M) { os.Exit(uml.Main(m)) }

// The time-outs of the gateway's exporters, whose slices of a running flow are 10 to 12 s.
const (
	gatewayActive = 10 * time.Second
	gatewayIdle   = 5 * time.Second
)

// moreExporters runs, in the gateway's guest beside pmacctd with NetFlow v9, one with IPFIX, and fprobe with NetFlow v5.
const moreExporters = `#!/bin/sh
sed 's/:2055/:2056/; s/nfprobe_version: .*/nfprobe_version: 10/' /inst/pmacct.conf > /tmp/ipfix.conf
/usr/sbin/pmacctd -f /tmp/ipfix.conf >/inst/ipfix.log 2>&1 &
/usr/sbin/fprobe -i eth0 -n 5 -e 10 -d 5 -s 2 -g 5 -l 1 10.98.0.1:2057
`

// watcher is a collector of one exporter, and what its detector says of the one pair.
type watcher struct {
	name    string
	mu      sync.Mutex
	tap     tap
	state   detect.State
	since   time.Time
	history []string
	errs    []error
}

// watch collects what comes to a port until the test ends.
func watch(t *testing.T, name string, port int) *watcher {
	t.Helper()
	w := &watcher{name: name}
	d, err := detect.New(detect.Config{
		Gateways: []detect.Gateway{{ID: "gateway", Addresses: []netip.Prefix{netip.MustParsePrefix(uml.GatewayIP + "/32")}}},
		Active:   gatewayActive, Idle: gatewayIdle, Lag: 2 * time.Second,
		MinWindow: gatewayActive, EvalInterval: time.Second,
		OnChange: func(c detect.Change) {
			if !c.OfGateway() && c.Client == netip.MustParseAddr(uml.ClientIP) {
				w.state, w.since = c.To, c.At
				w.history = append(w.history, c.At.Format(time.TimeOnly)+" "+c.Summary())
			}
		},
	})
	require.NoError(t, err)
	w.tap.to = d
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(uml.HostIP), Port: port})
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		decoder := newDecoder(false)
		for b := make([]byte, largest); ; {
			// The deadline makes it tick when nothing comes.
			if conn.SetReadDeadline(time.Now().Add(time.Second)) != nil {
				return
			}
			n, err := conn.Read(b)
			now := time.Now()
			w.mu.Lock()
			if n > 0 {
				if err := decoder.decode(now, b[:n], &w.tap); err != nil {
					w.errs = append(w.errs, err)
				}
			}
			d.Tick(now)
			w.mu.Unlock()
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
		assert.Empty(t, w.errs, name)
		if t.Failed() {
			t.Logf("%s:\n  %s", name, strings.Join(w.history, "\n  "))
		}
	})
	return w
}

// wait waits for a state, and says how long it took from a time on.
func (w *watcher) wait(t *testing.T, want detect.State, from time.Time) time.Duration {
	t.Helper()
	var took time.Duration
	if !assert.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		took = w.since.Sub(from)
		return w.state == want
	}, 2*time.Minute, 100*time.Millisecond) {
		t.Fatalf("%s: %s in place of %s", w.name, w.state, want)
	}
	return took
}

// A gateway that exports its own flows, from which the detector tells which way GRE is lost between it and its client, and
// that it comes through again. Each loss is on the far side of where the gateway's exporters look.
func TestGatewayExportsItsOwnFlows(t *testing.T) {
	uml.Require(t)
	watchers := []*watcher{watch(t, "pmacctd NetFlow v9", 2055), watch(t, "pmacctd IPFIX", 2056)}
	fprobe := watch(t, "fprobe NetFlow v5", 2057)
	extra := filepath.Join(t.TempDir(), "extra.sh")
	require.NoError(t, os.WriteFile(extra, []byte(moreExporters), 0o600))
	gw := uml.StartGateway(t, uml.Options{Env: []string{"UML_EXTRA=" + extra}})
	client := uml.StartClient(t, uml.Options{})

	// An Echo-Request every 3 s: the control connection must be seen after GRE was, or both may just have ended.
	called := time.Now()
	got := client.Call(t, gw.IP, "pty", "pptp "+gw.IP+" --nolaunchpppd --nobuffer --idle-wait 3", "refuse-eap", "require-mppe-128")
	require.Zero(t, got.Code, "%s\n%s", got.Summary, got.Log)
	inside := strings.TrimSpace(client.Run(t, `ip -4 -o addr show dev ppp0 | sed 's/.*inet \([0-9.]*\).*/\1/'`))
	// Both ends ask, so that both have something to send when the other is not heard.
	ping := "setsid ping -q -i 0.05 %s </dev/null >/dev/null 2>&1 &"
	client.Run(t, fmt.Sprintf(ping, uml.TunnelIP))
	gw.Run(t, fmt.Sprintf(ping, inside))

	all := func(what string, want detect.State, from time.Time) {
		for _, w := range watchers {
			took := w.wait(t, want, from)
			t.Logf("%s: %s after %s, %.1f active time-outs, for %s", what, want, took.Round(100*time.Millisecond),
				took.Seconds()/gatewayActive.Seconds(), w.name)
		}
	}
	all("session up", detect.Healthy, called)
	// fprobe is so slow in telling of flows that the detector needs a minute and a half for what comes now.
	t.Logf("session up: healthy after %s for %s", fprobe.wait(t, detect.Healthy, called).Round(100*time.Millisecond), fprobe.name)

	dropped := time.Now()
	undo := gw.Inject(t, uml.GREOutDropped)
	all("GRE from the gateway dropped", detect.InboundOnly, dropped)
	undo()
	all("and no longer", detect.Healthy, time.Now())

	dropped = time.Now()
	client.Run(t, uml.GREOutDropped.Apply)
	all("GRE to the gateway dropped", detect.OutboundOnly, dropped)
	client.Run(t, uml.GREOutDropped.Undo)
	all("and no longer", detect.Healthy, time.Now())

	fprobe.mu.Lock()
	defer fprobe.mu.Unlock()
	var gre, control [2]int
	for _, r := range fprobe.tap.records {
		way := 0
		if r.Src == netip.MustParseAddr(uml.GatewayIP) {
			way = 1
		}
		switch {
		case r.IsGRE():
			gre[way]++
		case r.IsControl():
			control[way]++
		}
	}
	for way := range gre {
		assert.Positive(t, gre[way])
		assert.Positive(t, control[way])
	}
	for _, line := range fprobe.history {
		for _, never := range []detect.State{detect.ControlOnly, detect.Stalled, detect.Orphan, detect.PolicyDrop} {
			assert.NotContains(t, line, ": "+never.String()+":", line)
		}
	}
}
