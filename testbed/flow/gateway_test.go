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

// The time-outs of the gateway's exporters, but for fprobe's active one.
const (
	gatewayActive = 30 * time.Second
	gatewayIdle   = 5 * time.Second
)

// moreExporters runs, in the gateway's guest, pmacctd with NetFlow v9 and IPFIX, and fprobe with NetFlow v5. The idle time-out of TCP is
// shorter than the pauses of the control connection, which so is told of soon: it must be seen after GRE was, or both
// may just have ended.
const moreExporters = `#!/bin/sh
run() { sed "s/:2055/:$1/; s/nfprobe_version: .*/nfprobe_version: $2/; s/tcp=5/tcp=2/; s/maxlife=10/maxlife=30/" /inst/pmacct.conf >"/tmp/$1.conf"; /usr/sbin/pmacctd -f "/tmp/$1.conf" >"/inst/$1.log" 2>&1 & }
run 2056 9
run 2058 10
/usr/sbin/fprobe -i eth0 -n 5 -e 10 -d 5 -s 2 -g 5 -l 1 10.98.0.1:2057
`

// watcher is a collector of one exporter, and what its detector says of the one pair.
type watcher struct {
	name    string
	active  time.Duration
	mu      sync.Mutex
	tap     tap
	state   detect.State
	since   time.Time
	history []string
	errs    []error
}

// watch collects what comes to a port until the test ends.
func watch(t *testing.T, name string, port int, active time.Duration) *watcher {
	t.Helper()
	w := &watcher{name: name, active: active}
	d, err := detect.New(detect.Config{
		Gateways: []detect.Gateway{{ID: "gateway", Addresses: []netip.Prefix{netip.MustParsePrefix(uml.GatewayIP + "/32")}}},
		Active:   active, Idle: gatewayIdle, Lag: 2 * time.Second,
		MinWindow: active, EvalInterval: time.Second,
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
	}, 3*time.Minute, 100*time.Millisecond) {
		t.Fatalf("%s: %s in place of %s", w.name, w.state, want)
	}
	return took
}

// waitRecords waits for so many records.
func (w *watcher) waitRecords(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.tap.records) >= n
	}, 3*time.Minute, 100*time.Millisecond, w.name)
}

// midSlice waits until the exporters are in the midst of a slice of GRE. What is lost from the start of one on is told of at the
// end of the next: two active time-outs later, and as much later as the exporter is, whatever the detector does. What it does
// at any time is seen in TestTwoActiveTimeouts of package detect.
func midSlice(t *testing.T, watchers []*watcher) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, w := range watchers {
			if in := time.Since(w.lastGRE()); in < w.active*4/10 || in > w.active*8/10 {
				return false
			}
		}
		return true
	}, 3*time.Minute, 100*time.Millisecond, "the exporters' slices have nothing in common")
}

// lastGRE is up to when GRE was told of.
func (w *watcher) lastGRE() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	var last int64
	for i := range w.tap.records {
		if r := &w.tap.records[i]; r.IsGRE() {
			last = max(last, r.End)
		}
	}
	return time.Unix(0, last)
}

// A gateway that exports its own flows, from which the detector tells which way GRE is lost between it and its client, and
// that it comes through again. Each loss is on the far side of where the gateway's exporters look.
func TestGatewayExportsItsOwnFlows(t *testing.T) {
	uml.Require(t)
	watchers := []*watcher{
		watch(t, "pmacctd NetFlow v9", 2056, gatewayActive),
		watch(t, "pmacctd IPFIX", 2058, gatewayActive),
	}
	fprobe := watch(t, "fprobe NetFlow v5", 2057, 10*time.Second)
	extra := filepath.Join(t.TempDir(), "extra.sh")
	require.NoError(t, os.WriteFile(extra, []byte(moreExporters), 0o600))
	gw := uml.StartGateway(t, uml.Options{Env: []string{"UML_EXTRA=" + extra}})
	client := uml.StartClient(t, uml.Options{})

	// An Echo-Request every 3 s.
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
				took.Seconds()/w.active.Seconds(), w.name)
			assert.LessOrEqual(t, took, 2*w.active, "%s: %s", w.name, what)
		}
	}
	all("session up", detect.Healthy, called)
	// fprobe is so slow in telling of flows that the detector needs a minute and a half for what comes now.
	t.Logf("session up: healthy after %s for %s", fprobe.wait(t, detect.Healthy, called).Round(100*time.Millisecond), fprobe.name)

	// By now they have been seen to tell both ways of a flow at once, so that one way alone says enough.
	for _, w := range watchers {
		w.waitRecords(t, 16)
	}
	midSlice(t, watchers)
	dropped := time.Now()
	undo := gw.Inject(t, uml.GREOutDropped)
	all("GRE from the gateway dropped", detect.InboundOnly, dropped)
	undo()
	all("and no longer", detect.Healthy, time.Now())

	midSlice(t, watchers)
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
