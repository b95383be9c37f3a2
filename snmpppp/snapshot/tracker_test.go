package snapshot

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at is a complete snapshot, so many minutes after t0, of a gateway that has been up
// for a day.
func at(minutes int, sessions ...Session) *Snapshot {
	return &Snapshot{
		Time: t0.Add(time.Duration(minutes) * time.Minute), Source: "x/sessions", SessionsComplete: true, Sessions: sessions,
		Agent: Agent{Uptime: 24*time.Hour + time.Duration(minutes)*time.Minute, HostUptime: 48*time.Hour + time.Duration(minutes)*time.Minute},
	}
}

func session(key, user string, minutes int, octets uint64) Session {
	return Session{
		Key: key, User: user, State: StateUp, Duration: time.Duration(minutes) * time.Minute,
		Traffic: Traffic{OctetsIn: Counter{Value: octets, Valid: true}, OctetsOut: Counter{Value: octets * 2, Valid: true, Wraps: true}},
	}
}

// observe gives all snapshots to a tracker, and returns what the last one changed.
func observe(list ...*Snapshot) Delta {
	tr := NewTracker(Tracking{})
	var d Delta
	for _, s := range list {
		d = tr.Observe(s)
	}
	return d
}

func events(d Delta) []string {
	list := []string{}
	for _, e := range d.Events {
		list = append(list, fmt.Sprintf("%s %s", e.Kind, e.Session.Key))
	}
	return list
}

func TestEvents(t *testing.T) {
	a, b := session("1", "alice", 60, 100), session("2", "bob", 30, 100)
	starting := b
	starting.State = StateStarting
	partial := func(s *Snapshot) *Snapshot { s.SessionsComplete = false; return s }
	restart := func(s *Snapshot) *Snapshot { s.Agent.Uptime = time.Minute; return s }
	for _, tc := range []struct {
		name     string
		list     []*Snapshot
		compared bool
		want     []string
	}{
		{"the first snapshot", []*Snapshot{at(0, a, b)}, false, []string{}},
		{"nothing changed", []*Snapshot{at(0, a, b), at(1, a, b)}, true, []string{}},
		{"opened", []*Snapshot{at(0, a), at(1, a, b)}, true, []string{"session_opened 2"}},
		{"closed", []*Snapshot{at(0, a, b), at(1, b)}, true, []string{"session_closed 1"}},
		{"being set up, and up", []*Snapshot{at(0, starting), at(1, b)}, true, []string{"session_opened 2"}},
		{"up, and being closed", []*Snapshot{at(0, b), at(1, starting)}, true, []string{"session_closed 2"}},
		{"shorter than before", []*Snapshot{at(0, a), at(1, session("1", "alice", 1, 5))}, true, []string{"session_reconnected 1"}},
		{"another user under the key", []*Snapshot{at(0, a), at(1, session("1", "carol", 61, 5))}, true, []string{"session_reconnected 1"}},
		{"a partial snapshot is not the end of sessions", []*Snapshot{at(0, a, b), partial(at(1))}, false, []string{}},
		{"what a partial one missed shows later", []*Snapshot{at(0, a, b), partial(at(1)), at(2, a)}, true, []string{"session_closed 2"}},
		{"another source", []*Snapshot{at(0, a), {Time: t0.Add(time.Minute), Source: "y/z", SessionsComplete: true, Agent: at(1).Agent}}, false, []string{}},
		{"a restart is one event", []*Snapshot{at(0, a, b), restart(at(1))}, false, []string{"agent_restarted "}},
		{"after a restart", []*Snapshot{at(0, a, b), restart(at(1)), func() *Snapshot { s := at(2, a); s.Agent.Uptime = 2 * time.Minute; return s }()}, true, []string{"session_opened 1"}},
		{"flapping", []*Snapshot{at(0, a), at(1), at(2, a), at(3)}, true, []string{"session_closed 1", "session_flapping 1"}},
		{"not flapping within the window", []*Snapshot{at(0, a), at(1), at(20, a), at(40)}, true, []string{"session_closed 1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := observe(tc.list...)
			assert.Equal(t, tc.want, events(d))
			assert.Equal(t, tc.compared, d.Compared)
		})
	}
	assert.Equal(t, []Event(nil), Diff(at(0, a), partial(at(1))))
	assert.Len(t, Diff(at(0, a), at(1)), 1)
}

func TestEventDetails(t *testing.T) {
	b := session("2", "bob", 0, 5)
	b.Started, b.Duration = t0.Add(30*time.Second), 30*time.Second
	d := observe(at(0), at(1, b))
	assert.Equal(t, b.Started, d.Events[0].Time)

	closing := session("2", "bob", 9, 7)
	closing.State, closing.EndReason = StateClosing, "auth_rejected"
	up := session("2", "bob", 8, 7)
	d = observe(at(0, up), at(1, closing))
	require.Len(t, d.Events, 1)
	assert.Equal(t, "auth_rejected", d.Events[0].Reason)
	assert.Equal(t, 8*time.Minute, d.Events[0].Duration)

	lost := at(1)
	lost.Agent.Uptime, lost.Agent.HostUptime = time.Minute, time.Minute
	d = observe(at(0, up, session("3", "", 1, 1)), lost)
	require.Len(t, d.Events, 1)
	assert.Equal(t, 2, d.Events[0].Lost)
	assert.True(t, d.Events[0].Host)
	assert.Equal(t, t0, d.Events[0].Time)
}

func TestFlappingByPeer(t *testing.T) {
	s := func(key string) Session {
		return Session{Key: key, State: StateUp, Peer: netip.MustParseAddr("203.0.113.7")}
	}
	d := observe(at(0), at(1, s("1")), at(2, s("2")))
	assert.Contains(t, events(d), "session_flapping 1")
}

func TestRestarted(t *testing.T) {
	day := 24 * time.Hour
	for _, tc := range []struct {
		name    string
		a, b    Agent
		elapsed time.Duration
		want    bool
	}{
		{"goes on", Agent{Uptime: day}, Agent{Uptime: day + time.Minute}, time.Minute, false},
		{"restart", Agent{Uptime: day}, Agent{Uptime: time.Minute}, time.Minute, true},
		{"after 497 days", Agent{Uptime: wrap - 30*time.Second}, Agent{Uptime: 30 * time.Second}, time.Minute, false},
		{"restart near 497 days", Agent{Uptime: wrap - day}, Agent{Uptime: 30 * time.Second}, time.Minute, true},
		{"boots", Agent{Uptime: day, EngineBoots: 3}, Agent{Uptime: day * 2, EngineBoots: 4}, time.Minute, true},
		{"another engine", Agent{Uptime: day, EngineID: "01"}, Agent{Uptime: day * 2, EngineID: "02"}, time.Minute, true},
		{"nothing known", Agent{}, Agent{Uptime: day}, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) { assert.Equal(t, tc.want, Restarted(&tc.a, &tc.b, tc.elapsed)) })
	}
}

func TestIncrease(t *testing.T) {
	c32 := func(n uint64) Counter { return Counter{Value: n, Valid: true, Wraps: true} }
	c64 := func(n uint64) Counter { return Counter{Value: n, Valid: true} }
	for _, tc := range []struct {
		name    string
		a, b    Counter
		sameRun bool
		rate    uint64
		want    uint64
	}{
		{"grows", c64(5), c64(9), true, octetRate, 4},
		{"64 bits set back", c64(1000), c64(9), true, octetRate, 9},
		{"32 bits wrapped", c32(1<<32 - 10), c32(20), true, octetRate, 30},
		{"32 bits wrapped, but too fast to be true", c32(10), c32(5), true, packetRate, 5},
		{"32 bits set back by a restart", c32(1<<32 - 10), c32(20), false, octetRate, 20},
		{"32 bits wrapped without a bound", c32(1<<32 - 10), c32(20), true, anyRate, 30},
		{"32 bits set back without a bound", c32(1000), c32(20), true, anyRate, 20},
		{"unknown before", Counter{}, c64(5), true, octetRate, 0},
		{"unknown now", c64(5), Counter{}, true, octetRate, 0},
		{"64 bits now", c32(100), c64(5), true, octetRate, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, tc.want, increase(tc.a, tc.b, tc.sameRun, time.Minute, tc.rate))
		})
	}
}

func total(d Delta, name, label string) uint64 {
	for _, x := range d.Totals {
		if x.Name == name && x.Label == label {
			return x.Value
		}
	}
	return 1 << 63
}

func TestTotals(t *testing.T) {
	tr := NewTracker(Tracking{})
	d := tr.Observe(at(0, session("1", "alice", 60, 1000)))
	assert.Zero(t, total(d, "sessions.octets_in", ""), "what was before is not counted")
	assert.Equal(t, uint64(1000), d.Sessions[0].OctetsIn)

	d = tr.Observe(at(1, session("1", "alice", 61, 1500), session("2", "bob", 1, 70)))
	assert.Equal(t, uint64(570), total(d, "sessions.octets_in", ""))
	assert.Equal(t, uint64(1140), total(d, "sessions.octets_out", ""))

	d = tr.Observe(at(2, session("1", "alice", 1, 30), session("2", "bob", 2, 70)))
	assert.Equal(t, []string{"session_reconnected 1", "session_flapping 1"}[:1], events(d)[:1])
	assert.Equal(t, uint64(600), total(d, "sessions.octets_in", ""))
	assert.Equal(t, uint64(30), d.Sessions[0].OctetsIn)
	assert.Equal(t, uint64(1), total(d, "events", "session_reconnected"))
	assert.Equal(t, uint64(1), total(d, "events", "session_opened"))

	d = tr.Observe(at(3))
	assert.Equal(t, uint64(2), total(d, "events", "session_closed"))
	assert.Empty(t, tr.flows)
}

func TestInterfaceTotals(t *testing.T) {
	iface := func(index uint32, octets uint64, discontinuity time.Duration) Interface {
		return Interface{Index: index, Name: "ppp0", Protocol: "ppp", Discontinuity: discontinuity, Traffic: Traffic{OctetsIn: Counter{Value: octets, Valid: true}}}
	}
	snap := func(minutes int, list ...Interface) *Snapshot {
		s := at(minutes)
		s.Interfaces, s.InterfacesComplete = list, true
		return s
	}
	tr := NewTracker(Tracking{})
	tr.Observe(snap(0, iface(5, 100, 0)))
	d := tr.Observe(snap(1, iface(5, 150, 0)))
	assert.Equal(t, uint64(50), total(d, "interfaces.octets_in", "ppp"))
	d = tr.Observe(snap(2, iface(6, 30, 0))) // the same name came up again with another index
	assert.Equal(t, uint64(80), total(d, "interfaces.octets_in", "ppp"))
	d = tr.Observe(snap(3, iface(6, 9000, time.Hour))) // not comparable with what was before
	assert.Equal(t, uint64(80), total(d, "interfaces.octets_in", "ppp"))
	d = tr.Observe(snap(4, iface(6, 9001, time.Hour)))
	assert.Equal(t, uint64(81), total(d, "interfaces.octets_in", "ppp"))
}

func TestMeasuresAndMissed(t *testing.T) {
	snap := func(minutes int, opened uint64, sessions ...Session) *Snapshot {
		s := at(minutes, sessions...)
		s.Measures = []Measure{{Name: "sessions.opened", Counter: true, Count: Counter{Value: opened, Valid: true, Wraps: true}, Value: float64(opened)}}
		return s
	}
	tr := NewTracker(Tracking{})
	tr.Observe(snap(0, 1000))
	d := tr.Observe(snap(1, 1005, session("1", "a", 1, 1), session("2", "b", 1, 1)))
	assert.Equal(t, uint64(3), d.Missed)
	assert.Equal(t, uint64(5), total(d, "sessions.opened", ""))
	assert.Equal(t, uint64(3), total(d, "events", "missed"))
}

func TestFailures(t *testing.T) {
	snap := func(minutes int, list ...Failure) *Snapshot {
		s := at(minutes)
		s.Failures = list
		return s
	}
	tr := NewTracker(Tracking{})
	eve := Failure{Key: "eve", User: "eve", Reason: "bad password", Count: 3}
	assert.Empty(t, tr.Observe(snap(0, eve)).Events)
	assert.Empty(t, tr.Observe(snap(1, eve)).Events)
	partial := snap(1)
	partial.Partial = []Partial{{Profile: "x", Table: "failures"}}
	assert.Empty(t, tr.Observe(partial).Events)
	assert.Empty(t, tr.Observe(snap(1, eve)).Events, "a table that was not read forgets nothing")
	eve.Count = 5
	d := tr.Observe(snap(2, eve, Failure{Key: "mallory", Count: 1, Type: "setup"}))
	require.Len(t, d.Events, 2)
	assert.Equal(t, EventAuthFailed, d.Events[0].Kind)
	assert.Equal(t, uint64(2), d.Events[0].Failure.Count)
	assert.Equal(t, "bad password", d.Events[0].Reason)
	assert.Equal(t, "setup", d.Events[1].Reason)
}

// What an agent can make us keep is bounded.
func TestTrackerBounds(t *testing.T) {
	tr := NewTracker(Tracking{MaxSessions: 50})
	for n := range 20 {
		var list []Session
		for i := range 500 {
			list = append(list, session(fmt.Sprintf("%d/%d", n, i), fmt.Sprintf("u%d-%d", n, i), 1, 1))
		}
		s := at(n, list...)
		for i := range 5000 {
			s.Measures = append(s.Measures, Measure{Name: "auth.rejected", Label: fmt.Sprintf("%d/%d", n, i), Counter: true, Count: Counter{Valid: true, Value: 1}})
		}
		assert.NotZero(t, tr.Observe(s).Dropped)
		assert.LessOrEqual(t, len(tr.flows), 100)
		assert.LessOrEqual(t, len(tr.flaps), 50)
		assert.LessOrEqual(t, len(tr.totals), maxTotals)
	}
}

func TestAnomalies(t *testing.T) {
	with := func(key string, minutes int, timeouts uint64) Session {
		s := session(key, "alice", minutes, 1)
		s.GRE = &GRE{AckTimeouts: Counter{Value: timeouts, Valid: true, Wraps: true}}
		return s
	}
	tr := NewTracker(Tracking{})
	assert.Zero(t, total(tr.Observe(at(0, with("1", 60, 7))), "sessions.ack_timeouts", ""))
	d := tr.Observe(at(1, with("1", 61, 9), with("2", 1, 4)))
	assert.Equal(t, uint64(6), total(d, "sessions.ack_timeouts", ""))
}
