package accounting

import (
	"fmt"
	"net/netip"
	"time"
)

// startSlack is how much later than it was a session may seem to have begun, since
// Acct-Session-Time is in whole seconds and a record may come late.
const startSlack = 10 * time.Second

// Tracker keeps the sessions of many NAS. It is not safe for concurrent use.
type Tracker struct {
	config   Config
	nas      map[NAS]*nas
	sessions sessions
	recent   recent
	noisy    talkers
	rivals   []*session // whose address another session holds, too
	numbers  uint32     // given to NAS so far
	stats    Stats
	key      []byte  // scratch
	view     Session // what callbacks get
	other    Session
}

// New returns a tracker, or says what cannot be in its configuration.
func New(c Config) (*Tracker, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("accounting: %w", err)
	}
	c = c.withDefaults()
	return &Tracker{
		config: c, nas: make(map[NAS]*nas), sessions: newSessions(),
		recent: newRecent(c.MaxRecent, c.DuplicateWindow), noisy: newTalkers(c.Noisy),
	}, nil
}

// Observe takes a record that has been verified; from is who sent it. It copies what it
// keeps. Time should not go back; when it does, nothing worse happens than that
// things are forgotten later.
func (t *Tracker) Observe(now time.Time, from netip.Addr, r *Record) Outcome {
	o := t.observe(now, from, r)
	t.stats.Outcomes[o]++
	return o
}

func (t *Tracker) observe(now time.Time, from netip.Addr, r *Record) Outcome {
	n := t.nasOf(now, from, r)
	if n == nil {
		return Refused
	}
	n.heard = now.UnixNano()
	switch r.Status {
	case Start, Stop, Interim, On, Off:
	default:
		return Ignored
	}
	if t.recent.exact(n, r, now) {
		n.stats.Duplicate++
		return Duplicate
	}
	n.stats.Records[recordIndex(r.Status)]++
	t.key = sessionKey(t.key[:0], n, r.Session)
	switch r.Status {
	case Start:
		return t.start(now, n, r)
	case Stop:
		return t.stop(now, n, r)
	case Interim:
		return t.interim(now, n, r)
	}
	t.restart(now, n, r.Status)
	return Accepted
}

func (t *Tracker) start(now time.Time, n *nas, r *Record) Outcome {
	s := t.sessions.byKey[string(t.key)]
	switch {
	case s == nil:
	case now.UnixNano()-s.started < int64(t.config.DuplicateWindow):
		t.update(now, s, r) // sent again, with another Identifier
		n.stats.Duplicate++
		return Duplicate
	default: // the NAS gives its numbers again, and the Stop between was lost
		t.anomaly(&Anomaly{Kind: NoStop, Time: now, NAS: n.id, Session: t.show(s), Value: silence(now, s)})
		t.remove(s, Expired)
	}
	if s == nil && t.recent.stopped(n, r, now) {
		return Late
	}
	s = t.open(now, n, r, now.Add(-r.Delay))
	t.tell(Started, s)
	return Accepted
}

func (t *Tracker) interim(now time.Time, n *nas, r *Record) Outcome {
	if s := t.sessions.byKey[string(t.key)]; s != nil {
		t.update(now, s, r)
		t.tell(Updated, s)
		return Accepted
	}
	if t.recent.stopped(n, r, now) {
		return Late
	}
	s := t.open(now, n, r, now.Add(-r.Delay-r.SessionTime))
	s.flags |= flagAdopted
	t.tell(Started, s)
	if t.shouldBeKnown(now, n, s) {
		t.anomaly(&Anomaly{Kind: StartMissing, Time: now, NAS: n.id, Session: t.show(s)})
	}
	return Accepted
}

func (t *Tracker) stop(now time.Time, n *nas, r *Record) Outcome {
	s := t.sessions.byKey[string(t.key)]
	if s == nil && t.recent.stopped(n, r, now) {
		n.stats.Duplicate++
		return Duplicate
	}
	t.recent.markStopped(n, r, now)
	if s == nil {
		// It is opened for what it says of itself: traffic, duration, cause.
		s = t.open(now, n, r, now.Add(-r.Delay-r.SessionTime))
		s.flags |= flagAdopted
		if t.shouldBeKnown(now, n, s) {
			t.anomaly(&Anomaly{Kind: StopWithoutStart, Time: now, NAS: n.id, Session: t.show(s)})
		}
	} else {
		t.update(now, s, r)
	}
	s.cause = uint32(r.Cause)
	n.stopped(now, s, &t.config)
	t.remove(s, Stopped)
	return Accepted
}

// restart drops the sessions of a NAS that has said On or Off (RFC 2866 section 5.1).
func (t *Tracker) restart(now time.Time, n *nas, status Status) {
	gone := n.active
	for n.first != nil {
		t.remove(n.first, Restarted)
	}
	n.since = now.UnixNano()
	if t.config.OnRestart != nil {
		t.config.OnRestart(&Restart{Time: now, NAS: n.id, Status: status, Sessions: gone})
	}
}

// shouldBeKnown tells whether a session that is not known began while its Start would
// have been seen: after the NAS was first heard or last restarted, not longer ago than
// sessions are kept, and after the last one that had to go for want of room.
func (t *Tracker) shouldBeKnown(now time.Time, n *nas, s *session) bool {
	return s.started > max(n.since, t.sessions.evictedAt)+int64(startSlack) &&
		now.UnixNano()-s.started < int64(t.config.SessionTTL)
}

// open adds a session; when there is no room, the one that was silent for longest goes. None goes for
// one that has ended already.
func (t *Tracker) open(now time.Time, n *nas, r *Record, started time.Time) *session {
	if r.Status != Stop && len(t.sessions.byKey) >= t.config.MaxSessions {
		t.sessions.evictedAt = now.UnixNano()
		t.stats.SessionsEvicted++
		t.remove(t.sessions.oldest(), Evicted)
	}
	s := t.sessions.add(string(t.key), n)
	s.started = started.UnixNano()
	if r.Status != Start && now.Sub(started) > startSlack && !t.shouldBeKnown(now, n, s) {
		s.flags |= flagBefore
	}
	t.update(now, s, r)
	if now.Sub(started) < time.Minute { // else it was adopted
		n.ends.began(now)
		t.noisy.began(t, now, s)
	}
	return s
}

// remove takes a session out and tells it.
func (t *Tracker) remove(s *session, c Change) {
	if t.sessions.remove(s) {
		t.tell(c, s)
	}
}

func (t *Tracker) tell(c Change, s *session) {
	if t.config.OnSession != nil {
		t.config.OnSession(c, t.show(s))
	}
}

func (t *Tracker) show(s *session) *Session {
	s.export(&t.view)
	return &t.view
}

func (t *Tracker) anomaly(a *Anomaly) {
	t.stats.Anomalies[a.Kind]++
	if t.config.OnAnomaly != nil {
		t.config.OnAnomaly(a)
	}
}

// Stats returns the counters and how full the tables are.
func (t *Tracker) Stats() Stats {
	s := t.stats
	s.Sessions, s.MaxSessions = len(t.sessions.byKey), t.config.MaxSessions
	s.NAS, s.MaxNAS = len(t.nas), t.config.MaxNAS
	s.Recent, s.MaxRecent, s.RecentEvicted = t.recent.n, t.config.MaxRecent, t.recent.evicted
	s.Talkers, s.MaxTalkers, s.TalkersEvicted = len(t.noisy.byKey), t.config.Noisy.MaxTalkers, t.noisy.evicted
	return s
}

// EachNAS calls yield for every NAS, in no order, until it returns false. What it gets is valid during the
// call.
func (t *Tracker) EachNAS(yield func(*NASStats) bool) {
	for _, n := range t.nas {
		n.stats.Active = n.active
		if !yield(&n.stats) {
			return
		}
	}
}

func recordIndex(s Status) int {
	for i, status := range RecordStatuses {
		if s == status {
			return i
		}
	}
	return 0
}
