package snmppppreceiver

import (
	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// staleAfter is for how many polls in a row that could not read all sessions the
// count of the last one that could is repeated.
const staleAfter = 5

// vendorPriority is from where on a profile's sessions are those of the gateway's
// own table, and not what other tables let guess.
const vendorPriority = 50

// scalarSource is the source of sessions of which only a count is known.
const scalarSource = "scalars"

// sessionCounts is how many sessions there are, by state.
type sessionCounts struct {
	source string // empty: not known
	n      map[snapshot.SessionState]int64
	stale  int // polls since
}

// count finds out how many sessions a snapshot tells of. The gateway's own table is
// best, its own count is next; then what else there is. A list that is not whole is
// not counted: fewer sessions would look like sessions that ended.
func (c *sessionCounts) count(a *agent, s *snapshot.Snapshot) (ok bool) {
	active, counted := sum(s.Measures, "sessions.active")
	vendor := false
	if p := a.profiles.Get(profileOf(s.Source)); p != nil {
		vendor = p.Priority >= vendorPriority
	}
	switch {
	case s.Source != "" && s.SessionsComplete && (vendor || !counted):
		n := make(map[snapshot.SessionState]int64)
		for i := range s.Sessions {
			n[s.Sessions[i].State]++
		}
		*c = sessionCounts{source: s.Source, n: n}
	case counted:
		starting, _ := sum(s.Measures, "sessions.starting")
		closing, _ := sum(s.Measures, "sessions.closing")
		*c = sessionCounts{source: scalarSource, n: map[snapshot.SessionState]int64{
			snapshot.StateUp: int64(active), snapshot.StateStarting: int64(starting), snapshot.StateClosing: int64(closing),
		}}
	case c.source == "" || c.source != s.Source || c.stale >= staleAfter:
		*c = sessionCounts{}
		return false
	default:
		c.stale++
	}
	return true
}

// sessions records how many there are, and what is known of all of them.
func (r *recorder) sessions() {
	if c := &r.m.sessions; c.count(r.a, r.s) {
		for _, state := range snapshot.SessionStates() {
			r.mb.RecordPptpSessionsDataPoint(r.ts, c.n[state], c.source, metadata.MapAttributePptpSessionState[string(state)])
		}
	}
	for i := range r.s.Sources {
		x := &r.s.Sources[i]
		if !x.Complete {
			continue
		}
		for _, state := range snapshot.SessionStates() {
			r.mb.RecordPptpSourceSessionsDataPoint(r.ts, int64(x.Sessions[state]), x.Profile+"/"+x.Table,
				metadata.MapAttributePptpSessionState[string(state)])
		}
	}
	if low, high := mtus(r.s.Sessions); low > 0 && r.s.SessionsComplete {
		r.mb.RecordPptpSessionsMtuDataPoint(r.ts, int64(low), metadata.AttributePptpMtuBoundMin)
		r.mb.RecordPptpSessionsMtuDataPoint(r.ts, int64(high), metadata.AttributePptpMtuBoundMax)
	}
}

// mtus returns the smallest and the largest MTU of sessions that are up, 0 if none
// is known.
func mtus(list []snapshot.Session) (low, high uint32) {
	for i := range list {
		n := list[i].MTU
		if n == 0 || list[i].State != snapshot.StateUp {
			continue
		}
		if low == 0 || n < low {
			low = n
		}
		high = max(high, n)
	}
	return low, high
}

// events maps the kinds of events that are counted; missed is what the tracker
// counts beside them.
var events = []struct {
	kind string
	as   metadata.AttributePptpSessionEvent
}{
	{string(snapshot.EventOpened), metadata.AttributePptpSessionEventOpened},
	{string(snapshot.EventClosed), metadata.AttributePptpSessionEventClosed},
	{string(snapshot.EventReconnected), metadata.AttributePptpSessionEventReconnected},
	{string(snapshot.EventFlapping), metadata.AttributePptpSessionEventFlapping},
	{string(snapshot.EventAuthFailed), metadata.AttributePptpSessionEventAuthFailed},
	{"missed", metadata.AttributePptpSessionEventMissed},
}
