package snapshot

import (
	"slices"
	"time"
)

// Diff returns the events of sessions from a to b: those that were opened, closed, and
// opened again under the same key. Nothing is said if one of the two does not know all
// of its sessions, if they are of different sources, or if the agent was restarted in
// between.
func Diff(a, b *Snapshot) []Event {
	if !a.SessionsComplete || !b.SessionsComplete || a.Source != b.Source || Restarted(&a.Agent, &b.Agent, b.Time.Sub(a.Time)) {
		return nil
	}
	return compare(a, b)
}

func compare(a, b *Snapshot) []Event {
	before, after := sessionsUp(a), sessionsUp(b)
	var events []Event
	for i := range b.Sessions {
		s := &b.Sessions[i]
		if after[s.Key] != s {
			continue
		}
		old := before[s.Key]
		switch {
		case old == nil:
			events = append(events, Event{Kind: EventOpened, Time: began(s, a, b), Session: *s})
		case reconnected(old, s):
			events = append(events, Event{Kind: EventReconnected, Time: began(s, a, b), Session: *s, Duration: old.Duration})
		}
	}
	for i := range a.Sessions {
		s := &a.Sessions[i]
		if before[s.Key] != s || after[s.Key] != nil {
			continue
		}
		e := Event{Kind: EventClosed, Time: b.Time, Session: *s, Duration: s.Duration, Reason: s.EndReason}
		// While it is being closed, or as long as the agent keeps it, it may say why.
		if n := slices.IndexFunc(b.Sessions, func(x Session) bool { return x.Key == s.Key }); n >= 0 && b.Sessions[n].EndReason != "" {
			e.Reason = b.Sessions[n].EndReason
		}
		events = append(events, e)
	}
	return events
}

// sessionsUp are the sessions that users can use, by key.
func sessionsUp(s *Snapshot) map[string]*Session {
	up := make(map[string]*Session, len(s.Sessions))
	for i := range s.Sessions {
		if x := &s.Sessions[i]; x.State == StateUp || x.State == StateUnknown {
			up[x.Key] = x
		}
	}
	return up
}

// reconnected says whether b is another session than a, of the same key.
func reconnected(a, b *Session) bool {
	switch {
	case a.User != "" && b.User != "" && a.User != b.User:
		return true
	case a.Duration > 0 && b.Duration > 0:
		return b.Duration < a.Duration
	}
	return false
}

// began is when a session began, if that is known and can be.
func began(s *Session, a, b *Snapshot) time.Time {
	if s.Started.After(a.Time) && s.Started.Before(b.Time) {
		return s.Started
	}
	return b.Time
}
