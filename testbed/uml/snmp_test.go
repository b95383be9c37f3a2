//go:build real && linux

package uml_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/uml"
)

// agent polls the gateway's snmpd, and counts the events of its sessions.
type agent struct {
	poller  *snmpppp.Poller
	tracker *snapshot.Tracker
	events  map[snapshot.EventKind]int
}

func newAgent(t *testing.T, auth snmpppp.Auth) *agent {
	t.Helper()
	p, err := snmpppp.New(snmpppp.Target{Host: uml.GatewayIP, Auth: auth, AssumePPTP: true})
	require.NoError(t, err)
	return &agent{poller: p, tracker: snapshot.NewTracker(snapshot.Tracking{}), events: make(map[snapshot.EventKind]int)}
}

// poll asks the agent for everything.
func (a *agent) poll(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	s, err := a.poller.Poll(t.Context())
	require.NoError(t, err)
	for _, e := range a.tracker.Observe(s).Events {
		a.events[e.Kind]++
	}
	return s
}

// until polls until the snapshot is as wanted: snmpd refreshes its tables every few seconds.
func (a *agent) until(t *testing.T, what string, want func(*snapshot.Snapshot) bool) *snapshot.Snapshot {
	t.Helper()
	var s *snapshot.Snapshot
	if !assert.Eventually(t, func() bool { s = a.poll(t); return want(s) }, 2*time.Minute, time.Second) {
		t.Fatalf("not seen: %s; source %q, sessions %+v, processes %+v, partial %+v", what, s.Source, s.Sessions, s.Processes, s.Partial)
	}
	return s
}

func sessionsUp(n int) func(*snapshot.Snapshot) bool {
	return func(s *snapshot.Snapshot) bool {
		return s.SessionsComplete && len(s.Sessions) == n && !slices.ContainsFunc(s.Sessions, func(x snapshot.Session) bool { return x.State != snapshot.StateUp })
	}
}

func running(role snapshot.ProcessRole) func(*snapshot.Snapshot) int {
	return func(s *snapshot.Snapshot) (n int) {
		for _, p := range s.Processes {
			if p.Role == role {
				n++
			}
		}
		return n
	}
}

// The probe's own sessions are what the gateway's SNMP agent tells of: they appear, count their traffic, and disappear;
// and the daemon that dies is missed. Most of the time goes by until snmpd looks again, each half a minute.
func TestSNMPSeesTheProbe(t *testing.T) {
	uml.Require(t)
	gw := uml.StartGateway(t, uml.Options{})
	agents := map[string]*agent{
		"v2c": newAgent(t, snmpppp.Auth{Version: snmpppp.V2c, Community: "public"}),
		"v3 authPriv": newAgent(t, snmpppp.Auth{Version: snmpppp.V3, User: "probev3", AuthProtocol: "sha256", AuthPassphrase: "authpass-v3",
			PrivProtocol: "aes", PrivPassphrase: "privpass-v3"}),
	}
	daemons, links := running(snapshot.RoleDaemon), running(snapshot.RoleLink)
	all := 0
	for name, a := range agents {
		s := a.until(t, "the daemons, and no session", func(s *snapshot.Snapshot) bool { return sessionsUp(0)(s) && daemons(s) > 0 })
		all = daemons(s)
		t.Logf("%s: profiles %v, %d daemons, %d requests in %s", name, s.Profiles, all, s.Stats.Requests, s.Duration.Round(time.Millisecond))
	}

	const sessions = 2
	ctx, end := context.WithCancel(t.Context())
	defer end()
	p := newProbe(t)
	var held sync.WaitGroup
	results := make([]*pptpprobe.Result, sessions)
	for i := range results {
		tt := target(gw.IP)
		tt.Hold = &pptpprobe.Hold{CheckInterval: time.Hour}
		held.Go(func() { results[i] = p.Run(ctx, tt) })
	}
	for name, a := range agents {
		s := a.until(t, "two sessions with their traffic", func(s *snapshot.Snapshot) bool {
			return sessionsUp(sessions)(s) && links(s) == sessions && !slices.ContainsFunc(s.Sessions, func(x snapshot.Session) bool {
				return x.Traffic.OctetsOut.Value < bigFile
			})
		})
		for _, x := range s.Sessions {
			t.Logf("%s, %s: %s, %d octets in, %d out", name, s.Source, x.Interface, x.Traffic.OctetsIn.Value, x.Traffic.OctetsOut.Value)
		}
		assert.Equal(t, sessions, a.events[snapshot.EventOpened])
		assert.Zero(t, a.events[snapshot.EventClosed])
	}

	end()
	held.Wait()
	for _, r := range results {
		require.True(t, r.OK(), summary(r))
	}
	for _, a := range agents {
		a.until(t, "their end", func(s *snapshot.Snapshot) bool { return sessionsUp(0)(s) && links(s) == 0 })
		assert.Equal(t, sessions, a.events[snapshot.EventClosed])
	}

	undo := gw.Inject(t, uml.DaemonDown)
	for _, a := range agents {
		a.until(t, "that the daemons are gone", func(s *snapshot.Snapshot) bool { return daemons(s) == 0 })
	}
	undo()
	for _, a := range agents {
		a.until(t, "that they are back", func(s *snapshot.Snapshot) bool { return daemons(s) == all })
		assert.Equal(t, sessions, a.events[snapshot.EventOpened], "and nothing else has happened")
	}
}
