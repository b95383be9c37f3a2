package session

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

const (
	// startWindow is within which time after its call a pppd is started.
	startWindow = 5 * time.Second
	// maxPIDDistance is by how much its pid is larger: other processes start as well.
	maxPIDDistance = 64
)

// poptop follows the control connections.
func (t *Tracker) poptop(h *host, e *event.Event, at time.Time) {
	r := h.controls[e.PID]
	if e.Class == event.ClassDaemon && r == nil || e.PID == 0 {
		t.gateway(h, e, at)
		if e.Class == event.ClassSession {
			t.stats.Unattributed++
		}
		return
	}
	if r != nil && e.Type == event.SessionOpen && (r.done || !r.opened.IsZero()) {
		t.supersede(r)
		r = nil
	}
	switch {
	case r == nil:
		r = t.create(h, control, e)
	case r.done:
		t.stats.Late++
		return
	case e.Peer.IsValid() && r.peer.IsValid() && e.Peer.Unmap() != r.peer:
		t.stats.Conflicts++
		return
	}
	r.add(e, at)
	t.records.touch(r, t.now)
	switch e.Type {
	case event.CallStart:
		if r.mate == nil {
			h.waiting = with(h.waiting, r)
		}
	case event.ChildLink:
		t.adopt(r, e.ChildPID)
	}
	if !r.afterGoodbye(e) {
		t.gateway(h, e, at)
	}
	t.progress(r)
	if e.Type == event.SessionClose {
		t.closing(r)
	}
}

// afterGoodbye: an error of GRE after the client has said that it leaves. It may have
// closed its socket before the gateway's last packet.
func (r *record) afterGoodbye(e *event.Event) bool {
	return (e.Type == event.GREReadError || e.Type == event.GREXmitFail) &&
		r.mate != nil && (r.mate.seen.Has(event.TermByPeer) || !r.mate.ended.IsZero())
}

// pppd follows the processes that speak PPP.
func (t *Tracker) pppd(h *host, e *event.Event, at time.Time) {
	if e.PID == 0 {
		t.stats.Unattributed++
		return
	}
	r := h.pppds[e.PID]
	if e.Role == event.Client {
		t.stats.Client++
		if r != nil && r.confidence < 1 {
			if r.mate != nil {
				t.unlink(r)
			}
			r.foreign = true
		}
		return
	}
	if r != nil && e.Type == event.PPPStart && (r.done || r.exited || !r.started.IsZero()) {
		t.supersede(r)
		r = nil
	}
	switch {
	case r == nil:
		h.hasPPPD = true
		r = t.create(h, process, e)
		r.begun = at
	case r.done:
		t.stats.Late++
		return
	}
	if e.Type == event.PPPConnect && r.lifeOver() {
		t.renew(r)
	}
	r.add(e, at)
	t.records.touch(r, t.now)
	if r.mate != nil {
		t.records.touch(r.mate, t.now)
	}
	t.findParent(r, e)
	if r.mate != nil {
		t.gateway(h, e, at)
	} else if gatewayTypes.Has(e.Type) && len(r.owed) < maxOwed {
		r.owed = append(r.owed, keepEvent(e))
	}
	if r.mate != nil {
		t.progress(r.mate)
	}
	if e.Type == event.PPPEnd {
		r.exited = true
		t.closing(r)
		if r.mate != nil {
			t.closing(r.mate)
		}
	}
}

// supersede ends the session of a process whose pid has been given to another one.
func (t *Tracker) supersede(r *record) {
	if r.kind == process && r.mate != nil && r.mate.closing.IsZero() && !r.mate.done {
		// Its control connection lives on, or its end is lost: the new process cannot be
		// the child of a parent that has one.
		r.mate.closing = t.now
	}
	t.giveUp(r, "superseded")
}

// lifeOver: a pppd that keeps its process for one link after the other (persist) has
// ended one.
func (r *record) lifeOver() bool {
	return !r.connected.IsZero() && (!r.ended.IsZero() ||
		r.seen.HasAny(event.TermByPeer, event.Hangup, event.LCPTimeout, event.EchoTimeout, event.IdleTimeout))
}

// renew tells of the session that ended, and begins another one in the same process.
func (t *Tracker) renew(r *record) {
	begun, peer := r.begun, r.peer
	m := r.mate
	if m != nil {
		s, f := m.session(), m.all()
		o, v := f.verdict(true)
		t.end(s, o, v)
		m.facts = facts{seen: setOf(event.SessionOpen, event.CallStart), peer: m.peer, called: m.called}
		m.told, m.toldUp = false, false
		m.opened = r.last
		m.closing = time.Time{}
	}
	r.facts = facts{peer: peer, started: r.started}
	r.begun = begun
}
