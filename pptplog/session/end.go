package session

import "time"

// sure is the confidence from which on a link is good enough to say that a session is
// established; and certain that from which on no other line is waited for.
const (
	sure    = 0.7
	certain = 0.9
)

// owner is the record whose session r is part of; nil: nobody's.
func (r *record) owner() *record {
	if r.kind == process {
		return r.mate
	}
	return r
}

// progress tells of what has become known of a session.
func (t *Tracker) progress(r *record) {
	if !r.told && !r.opened.IsZero() {
		r.told = true
		t.stats.Opened++
		t.tell(Opened, r)
	}
	switch m := r.mate; {
	case r.toldUp || r.kind == named && r.addressed.IsZero():
	case r.kind == named, m != nil && !m.addressed.IsZero() && m.confidence >= sure:
		r.toldUp = true
		t.stats.Established++
		t.tell(Established, r)
	}
}

// closing begins the end of a session: its last lines are waited for, unless they are
// all there.
func (t *Tracker) closing(r *record) {
	if r.closing.IsZero() {
		r.closing = t.now
	}
	if r.kind == control && !r.ended.IsZero() &&
		(r.called.IsZero() && r.mate == nil || r.mate != nil && r.mate.exited && r.mate.confidence >= certain) {
		t.finish(r)
		return
	}
	if !r.queued {
		r.queued = true
		t.timers.add(r, finish, t.now.Add(t.cfg.Linger))
	}
}

// expire does what a timer says.
func (t *Tracker) expire(r *record, what task) {
	switch {
	case r.removed:
	case what == bury:
		t.remove(r)
	case r.done:
	case what == settle:
		r.settle()
		t.progress(r)
	case r.kind != process && r.closing.IsZero():
		r.queued = false // it goes on
	case r.kind != process:
		t.finish(r)
	case r.mate == nil:
		t.stats.Foreign++
		t.remove(r)
	}
}

// finish tells how a session ended. It is kept for a while, to know late lines by.
func (t *Tracker) finish(r *record) {
	if r.done {
		return
	}
	r.settle()
	t.progress(r)
	s := r.session()
	f := r.all()
	switch {
	case !r.told && !r.toldUp && f.addressed.IsZero() && (r.kind != named || f.stage() == StageControl && f.fault.weight < symptom):
		t.partial(r, s, &f)
	default:
		o, v := f.verdict(r.host.hasPPPD || r.kind == named)
		t.end(s, o, v)
	}
	t.retire(r)
}

// partial is the end of a session whose beginning is not in the log. What pppd says
// at its end is what those say that were established.
func (t *Tracker) partial(r *record, s *Session, f *facts) {
	if !f.counted && r.kind != named || f.said == 0 || f.fault.weight >= says || !f.started.IsZero() {
		t.stats.Partial++
		return
	}
	s.Duration = f.duration(t.now.Sub(r.since))
	t.end(s, OutcomeEstablished, f.whyClosed())
}

// end tells of a session that has ended.
func (t *Tracker) end(s *Session, o Outcome, v finding) {
	s.Outcome, s.Stage, s.Cause, s.Reason = o, v.stage, v.cause, v.reason
	t.stats.Ended[o]++
	change := Closed
	if o == OutcomeFailed {
		change = Failed
	}
	t.cfg.OnSession(change, s)
}

// retire keeps a record that is done, and its mate's, for a while.
func (t *Tracker) retire(r *record) {
	for _, x := range []*record{r, r.mate} {
		if x != nil && !x.done {
			x.done = true
			x.host.waiting = without(x.host.waiting, x)
			x.host.unnamed = without(x.host.unnamed, x)
			x.owed = nil
			t.timers.add(x, bury, t.now.Add(t.cfg.Linger))
		}
	}
}

// giveUp ends a session without knowing its end, and forgets it.
func (t *Tracker) giveUp(r *record, why string) {
	o := r.owner()
	if o != nil && !o.done {
		switch {
		case !o.closing.IsZero():
			t.finish(o)
		case o.told || o.toldUp:
			s := o.session()
			f := o.all()
			t.end(s, OutcomeLost, finding{stage: f.stage(), reason: why})
			o.done = true
		}
	}
	if o == nil {
		t.stats.Foreign++
	} else if o.mate != nil {
		t.remove(o.mate)
	}
	if o != nil {
		t.remove(o)
	}
	t.remove(r)
}

// all is what all processes of a session have told.
func (r *record) all() facts {
	f := r.facts
	if r.mate != nil {
		f.join(&r.mate.facts)
	}
	if f.ended.IsZero() {
		f.ended = f.last
	}
	return f
}

// session is what is known now.
func (r *record) session() *Session {
	f := r.all()
	s := &Session{
		Host: r.host.name, Program: r.program, PID: r.pid,
		Peer: f.peer, IP: f.ip, User: f.user, Interface: f.iface,
		Opened: f.opened, Authenticated: f.authed, Encrypted: f.encrypted, Addressed: f.addressed, Closed: f.ended,
		Tx: f.tx, Rx: f.rx, Counted: f.counted,
		Stage: f.stage(), LinkConfidence: r.confidence, Evidence: f.seen,
	}
	if r.mate != nil {
		s.LinkConfidence = r.mate.confidence
	}
	end := r.closing
	if end.IsZero() {
		end = r.touched
	}
	s.Duration = max(0, f.duration(end.Sub(r.since)))
	return s
}

func (t *Tracker) tell(c Change, r *record) {
	s := r.session()
	s.Closed, s.Duration = time.Time{}, 0
	t.cfg.OnSession(c, s)
}
