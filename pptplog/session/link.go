package session

import (
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// adopt links a control connection to the child that it has named.
func (t *Tracker) adopt(c *record, pid int32) {
	if pid <= 0 {
		return
	}
	c.child = pid
	p := c.host.pppds[pid]
	if p == nil || p.done || predates(p, c) {
		return // its lines may come yet
	}
	t.linkChild(c, p)
}

// linkChild links what a parent has named, whatever was guessed before.
func (t *Tracker) linkChild(c, p *record) {
	switch {
	case p.mate == c:
		p.confidence = 1
		return
	case p.mate != nil && p.confidence == 1, !agree(c, p):
		t.stats.Conflicts++
		return
	}
	if c.mate != nil {
		t.unlink(c.mate)
	}
	if p.mate != nil {
		t.unlink(p)
	}
	t.link(c, p, 1)
}

// predates: the process began before the connection, and so had the pid before the child.
func predates(p, c *record) bool {
	return !c.opened.IsZero() && p.begun.Before(c.opened.Add(-startWindow))
}

// agree: what both know of the client's address is not different.
func agree(c, p *record) bool {
	return !c.peer.IsValid() || !p.peer.IsValid() || c.peer == p.peer
}

func (t *Tracker) link(c, p *record, confidence float64) {
	c.mate, p.mate, p.confidence = p, c, confidence
	c.host.waiting = without(c.host.waiting, c)
	for i := range p.owed {
		t.gateway(c.host, &p.owed[i], p.owed[i].Time)
	}
	p.owed = nil
	if p.exited {
		t.closing(c)
	}
}

func (t *Tracker) unlink(p *record) {
	c := p.mate
	c.mate, p.mate, p.confidence = nil, nil, 0
	if !c.done {
		c.host.waiting = with(c.host.waiting, c)
	}
	if !p.closing.IsZero() {
		t.timers.add(p, finish, t.now.Add(t.cfg.Linger))
	}
}

// findParent looks for the control connection of a pppd after a line of it.
func (t *Tracker) findParent(p *record, e *event.Event) {
	switch c := p.mate; {
	case p.foreign:
	case c == nil:
		t.guessParent(p)
	case p.confidence < certain && e.Peer.IsValid():
		// The calling number proves a guess right or wrong.
		if !agree(c, p) {
			t.unlink(p)
			t.guessParent(p)
			return
		}
		p.confidence = certain
		if t.rivals(p) > 0 {
			p.confidence = 0.6
		}
	}
}

// rivals counts the other connections that the calling number fits as well.
func (t *Tracker) rivals(p *record) (n int) {
	for _, c := range p.host.waiting {
		if c.peer == p.peer && c.child == 0 && near(c, p) { // p's own parent does not wait
			n++
		}
	}
	return n
}

// near: the process may have been started for the call, by its time and its pid.
func near(c, p *record) bool {
	d := p.begun.Sub(c.called)
	return p.pid > c.pid && p.pid-c.pid < maxPIDDistance && d > -startWindow && d < startWindow
}

// guessParent takes the best of the connections that have no pppd.
func (t *Tracker) guessParent(p *record) {
	var best *record
	n, exact := 0, false
	for _, c := range p.host.waiting {
		switch {
		case c.child == p.pid && !predates(p, c):
			t.linkChild(c, p)
			return
		case c.child != 0 || !agree(c, p):
			continue // it has named another one
		}
		fits := p.peer.IsValid() && c.peer == p.peer && p.begun.Sub(c.called) > -startWindow
		if !fits && (p.peer.IsValid() || !near(c, p)) || exact && !fits {
			continue
		}
		n++
		exact = fits
		if best == nil || distance(c, p) < distance(best, p) {
			best = c
		}
	}
	switch {
	case best == nil:
	case exact && n == 1:
		t.link(best, p, certain)
	case exact:
		t.link(best, p, 0.6)
	case n == 1:
		t.link(best, p, sure)
	default:
		t.link(best, p, 0.5)
	}
}

// distance of the pids. A child's is larger than its parent's, but for when the pids
// begin anew.
func distance(c, p *record) int64 {
	d := int64(p.pid) - int64(c.pid)
	if d <= 0 {
		d += 1 << 22
	}
	return d
}
