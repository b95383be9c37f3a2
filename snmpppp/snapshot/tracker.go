package snapshot

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Tracker follows the snapshots of one agent. It is not safe for concurrent use.
type Tracker struct {
	cfg  Tracking
	last *Snapshot // the one before
	base *Snapshot // the last one that knows all of its sessions

	flows    map[string]*flow // counters of sessions and interfaces
	totals   map[totalKey]*follower
	dropped  int // totals and sessions that are not followed, of this snapshot
	failures map[string]uint64
	flaps    map[string][]time.Time
}

type totalKey struct{ name, label string }

// follower is a total, and the counter that it follows.
type follower struct {
	Total
	last Counter
}

// NewTracker returns a tracker.
func NewTracker(cfg Tracking) *Tracker {
	fill(&cfg.FlapWindow, 10*time.Minute)
	fill(&cfg.FlapCount, 3)
	fill(&cfg.MaxSessions, 20_000)
	return &Tracker{
		cfg: cfg, flows: map[string]*flow{}, totals: map[totalKey]*follower{},
		failures: map[string]uint64{}, flaps: map[string][]time.Time{},
	}
}

// Observe compares s with the snapshots before it, which must be of the same agent and
// older. What a partial snapshot does not say, it leaves as it was: only two complete
// lists of sessions of the same source make events of sessions.
func (t *Tracker) Observe(s *Snapshot) Delta {
	var d Delta
	t.dropped = 0
	for _, k := range EventKinds() {
		t.total("events", string(k), s.Time) // 0 is a value, too
	}
	t.add("sessions.", "", &TrafficTotal{}, s.Time)
	var elapsed time.Duration
	restarted := false
	if t.last != nil {
		elapsed = s.Time.Sub(t.last.Time)
		restarted = Restarted(&t.last.Agent, &s.Agent, elapsed)
	}
	if restarted {
		d.Events = append(d.Events, Event{
			Kind: EventRestarted, Time: s.Time.Add(-s.Agent.Uptime), Host: hostRestarted(&t.last.Agent, &s.Agent, elapsed), Lost: t.lost(s),
		})
		t.base = nil // one event of the gateway, not one of each session
	}
	if t.base != nil && s.SessionsComplete && s.Source == t.base.Source {
		d.Compared = true
		d.Events = append(d.Events, compare(t.base, s)...)
		d.Events = append(d.Events, t.flapping(d.Events, s.Time)...)
		d.Missed = t.missed(s, d.Events)
	}
	d.Events = append(d.Events, t.newFailures(s, restarted)...)
	t.measures(s, restarted, elapsed)
	d.Sessions = t.follow(s, &d, restarted, elapsed)
	for _, e := range d.Events {
		t.total("events", string(e.Kind), s.Time).Value++
	}
	t.total("events", "missed", s.Time).Value += d.Missed
	d.Totals, d.Dropped = t.list(), t.dropped
	t.last = s
	if s.SessionsComplete {
		t.base = s
	}
	return d
}

// lost counts the sessions of the last complete snapshot that are not there any more.
func (t *Tracker) lost(s *Snapshot) int {
	if t.base == nil || t.base.Source != s.Source || !s.SessionsComplete {
		return 0
	}
	now := sessionsUp(s)
	n := 0
	for key := range sessionsUp(t.base) {
		if now[key] == nil {
			n++
		}
	}
	return n
}

// missed is how many sessions the agent counts that nobody has seen.
func (t *Tracker) missed(s *Snapshot, events []Event) uint64 {
	opened := uint64(0)
	for _, e := range events {
		if e.Kind == EventOpened || e.Kind == EventReconnected {
			opened++
		}
	}
	for _, name := range []string{"sessions.opened", "connections.succeeded"} {
		var sum uint64
		known := false
		for _, m := range s.Measures {
			if old := t.totals[totalKey{m.Name, m.Label}]; old != nil && old.last.Valid && m.Name == name && m.Count.Value >= old.last.Value {
				sum += m.Count.Value - old.last.Value
				known = true
			}
		}
		if known {
			return sum - min(sum, opened)
		}
	}
	return 0
}

// newFailures are the attempts that the agent has noted as failed since the last
// snapshot.
func (t *Tracker) newFailures(s *Snapshot, restarted bool) []Event {
	var events []Event
	seen := make(map[string]uint64, len(s.Failures))
	for _, f := range s.Failures {
		old, known := t.failures[f.Key]
		seen[f.Key] = f.Count
		if t.last == nil || restarted || known && f.Count == old {
			continue
		}
		e := Event{Kind: EventAuthFailed, Time: f.Time, Reason: f.Reason, Failure: f}
		fill(&e.Time, s.Time)
		fill(&e.Reason, f.Type)
		if known && f.Count > old {
			e.Failure.Count = f.Count - old
		}
		events = append(events, e)
	}
	if !s.Complete() && len(t.failures)+len(seen) <= t.cfg.MaxSessions {
		maps.Copy(t.failures, seen) // some may not have been read
	} else {
		t.failures = seen
	}
	return events
}

// flapping are those who came and went too often.
func (t *Tracker) flapping(events []Event, now time.Time) []Event {
	var out []Event
	for _, e := range events {
		n := 1
		switch e.Kind {
		case EventReconnected:
			n = 2
		case EventOpened, EventClosed:
		default:
			continue
		}
		who := cmp.Or(e.Session.User, e.Session.CallingID, e.Session.Interface)
		if e.Session.User == "" && e.Session.Peer.IsValid() {
			who = e.Session.Peer.String()
		}
		if who == "" {
			continue
		}
		if _, known := t.flaps[who]; !known && len(t.flaps) >= t.cfg.MaxSessions {
			continue
		}
		for range n {
			t.flaps[who] = append(t.flaps[who], now)
		}
		if len(t.flaps[who]) >= t.cfg.FlapCount {
			out = append(out, Event{Kind: EventFlapping, Time: now, Session: e.Session, Transitions: len(t.flaps[who])})
			delete(t.flaps, who)
		}
	}
	for who, times := range t.flaps {
		times = slices.DeleteFunc(times, func(x time.Time) bool { return now.Sub(x) > t.cfg.FlapWindow })
		if len(times) == 0 {
			delete(t.flaps, who)
		} else {
			t.flaps[who] = times
		}
	}
	return out
}

// measures adds up the measures that are counters.
func (t *Tracker) measures(s *Snapshot, restarted bool, elapsed time.Duration) {
	for _, m := range s.Measures {
		if !m.Counter {
			continue
		}
		total := t.total(m.Name, m.Label, s.Time)
		if m.Count.Value > 0 {
			total.Scale = m.Value / float64(m.Count.Value)
		}
		total.Value += increase(total.last, m.Count, !restarted, elapsed, anyRate)
		total.last = m.Count
	}
}

// total returns a total, new ones with 0.
func (t *Tracker) total(name, label string, now time.Time) *follower {
	k := totalKey{name, label}
	x := t.totals[k]
	if x == nil {
		x = &follower{Total: Total{Name: name, Label: label, Start: now, Scale: 1}}
		if len(t.totals) >= maxTotals {
			t.dropped++
			return x // not kept: the first ones stay
		}
		t.totals[k] = x
	}
	return x
}

// maxTotals bounds the counters of one agent: labels come from the agent.
const maxTotals = 4096

func (t *Tracker) list() []Total {
	list := make([]Total, 0, len(t.totals))
	for x := range maps.Values(t.totals) {
		list = append(list, x.Total)
	}
	slices.SortFunc(list, func(a, b Total) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Label, b.Label))
	})
	return list
}
