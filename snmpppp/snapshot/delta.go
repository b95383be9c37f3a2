package snapshot

import "time"

// EventKind is what happened.
type EventKind string

// The kinds of events.
const (
	EventOpened      EventKind = "session_opened"
	EventClosed      EventKind = "session_closed"
	EventReconnected EventKind = "session_reconnected" // closed and opened again between two polls, under the same key
	EventFlapping    EventKind = "session_flapping"    // one user, or one client, came and went several times in a short time
	EventAuthFailed  EventKind = "auth_failed"         // an attempt that the agent remembers as failed; Reason tells why
	EventRestarted   EventKind = "agent_restarted"     // of the agent, or of the host under it (Host)
)

// EventKinds lists the kinds of events.
func EventKinds() []EventKind {
	return []EventKind{EventOpened, EventClosed, EventReconnected, EventFlapping, EventAuthFailed, EventRestarted}
}

// Event is a change between two snapshots.
type Event struct {
	Kind EventKind
	// Time is when it happened as far as that is known, else that of the later snapshot.
	Time time.Time
	// Session is that of session events, in the state in which it was seen last: of one
	// that closed the counters are those of the earlier snapshot.
	Session Session
	// Duration of a session that closed, at least: up to the earlier snapshot.
	Duration time.Duration
	// Reason is why, as far as the agent says.
	Reason string
	// Failure is that of EventAuthFailed.
	Failure Failure
	// Transitions is how often an EventFlapping came and went within the window.
	Transitions int
	// Host says that EventRestarted is about the host, not only the agent; Lost is how
	// many sessions were up before and are not now, as far as that is known.
	Host bool
	Lost int
}

// Delta is what [Tracker.Observe] finds out.
type Delta struct {
	// Compared says that sessions could be compared: both snapshots know all of the
	// sessions of one source. If not, there are no events of sessions, and the gauges of
	// the last complete snapshot are the best that is known.
	Compared bool
	Events   []Event
	// Missed is how many sessions were opened and closed between the two snapshots by
	// the agent's own counter, without being seen.
	Missed uint64
	// Totals are counters that only grow, by name and label: what all sessions together
	// sent and received (sessions.*), all interfaces of a protocol, which is the label
	// (interfaces.*), how many of each kind of event there were
	// (events.*), and the measures of the agent that are counters.
	Totals []Total
	// Sessions are the counters of each session, in the order of Snapshot.Sessions.
	Sessions []SessionTotal
	// Dropped is how many totals and sessions are not followed because of the bounds of
	// the tracker.
	Dropped int
}

// Total is a counter of 64 bits that only grows.
type Total struct {
	Name, Label string
	Value       uint64
	Start       time.Time // when it was 0
	Scale       float64   // multiplies it into the unit of the measure
}

// SessionTotal are the counters of a session since Start: wraps of 32 bits are
// handled.
type SessionTotal struct {
	Key   string
	Start time.Time // of the session, or when it was first seen
	TrafficTotal
}

// TrafficTotal are counters of 64 bits.
type TrafficTotal struct {
	OctetsIn, OctetsOut, PacketsIn, PacketsOut, ErrorsIn, ErrorsOut, DropsIn, DropsOut uint64
}

// Tracking are the bounds of a [Tracker]. The zero value means the defaults.
type Tracking struct {
	// FlapWindow and FlapCount: FlapCount transitions of one user or client within
	// FlapWindow are flapping. Default: 3 in 10 min.
	FlapWindow time.Duration
	FlapCount  int
	// MaxSessions bounds the sessions whose counters are followed. Default 20,000.
	MaxSessions int
}
