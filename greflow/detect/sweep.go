package detect

import "time"

// sweep goes round the tables, a part in each Tick.
type sweep struct {
	pairs, gateways cursor
}

// cursor is where a round is, and how much of it is owed.
type cursor struct {
	next int
	at   stamp
	owed float64
}

// due is how many of n are to be looked at now, for each to be once in interval.
func (c *cursor) due(n int, now, interval stamp, limit int) int {
	if c.at == 0 {
		c.at = now
	}
	c.owed += float64(n) * float64(now.sub(c.at)) / float64(interval)
	c.at = now
	due := min(int(c.owed), n, limit)
	c.owed = min(c.owed-float64(due), float64(n))
	return due
}

func (d *Detector) sweepPairs() {
	now := d.clock.now()
	n := int(d.table.used)
	for range d.sweep.pairs.due(n, now, span(d.cfg.EvalInterval), max(1024, d.cfg.MaxPairs/5)) {
		if d.sweep.pairs.next >= n {
			d.sweep.pairs.next = 0
		}
		p := d.table.at(uint32(d.sweep.pairs.next))
		d.sweep.pairs.next++
		if p.birth == 0 {
			continue
		}
		if p.flags&flagAlias == 0 {
			d.evaluate(p, now, true)
		}
		if now.sub(p.seen) > span(d.cfg.Visibility) && (p.state == Idle || p.state == Unknown) {
			d.gone(p)
			d.table.remove(p)
			d.stats.Expired++
			continue
		}
		d.table.touch(p, classOf(p.state))
	}
}

// level is the state of a gateway, with its hysteresis.
type level struct {
	state, candidate State
	passes           int
	since            stamp
}

func (d *Detector) sweepGateways() {
	now := d.clock.now()
	n := len(d.gateways.all)
	for range d.sweep.gateways.due(n, now, span(d.cfg.EvalInterval), max(1024, n/5)) {
		if d.sweep.gateways.next >= n {
			d.sweep.gateways.next = 0
		}
		i := d.sweep.gateways.next
		d.sweep.gateways.next++
		switch g := &d.gateways.all[i]; {
		case g.forgotten():
		case g.unused(now, span(d.cfg.Visibility)):
			d.gateways.forget(int32(i))
			d.stats.GatewaysExpired++
		default:
			d.evaluateGateway(g, now)
		}
	}
}

// evaluateGateway derives a gateway's state from its pairs: that of most of its
// blackholed pairs, by confidence, if enough of the judged ones are.
func (d *Detector) evaluateGateway(g *gateway, now stamp) {
	judged, blackholed, share := g.judged()
	found := g.level.state
	limit := d.cfg.GatewayShare
	if found.Blackholed() {
		limit /= 2
	}
	switch {
	case blackholed > 0 && share >= limit && (blackholed >= d.cfg.GatewayPairs || found.Blackholed()):
		found = g.dominant()
	case judged > 0:
		found = Healthy
	case g.pairs[Unknown] > 0:
		found = Unknown
	case g.pairs[Idle] > 0:
		found = Idle
	default:
		found = Unknown
	}
	if found == g.level.state {
		g.level.passes = 0
		return
	}
	if found != g.level.candidate {
		g.level.candidate, g.level.passes = found, 0
	}
	g.level.passes++
	if found.Blackholed() && g.level.passes < d.cfg.Passes {
		return
	}
	from, since := g.level.state, g.level.since
	g.level = level{state: found, since: now}
	d.stats.GatewayChanges[found]++
	if d.cfg.OnChange == nil {
		return
	}
	e := Evidence{Judged: judged, Blackholed: blackholed, Share: share, ControlSessions: int(g.control), Partial: g.partial > 0}
	for _, n := range g.pairs {
		e.Pairs += int(n)
	}
	if found.Blackholed() {
		e.Confidence = g.confidence[found] / float64(max(g.pairs[found], 1))
	}
	e.LastGRE, e.LastControl = [2]time.Duration{-1, -1}, [2]time.Duration{-1, -1}
	c := Change{At: d.clock.wallAt(now), Gateway: g.id, From: from, To: found, Evidence: e}
	if since != 0 {
		c.Since = d.clock.wallAt(since)
	}
	d.cfg.OnChange(c)
}

func (g *gateway) dominant() State {
	best := PolicyDrop
	for s := State(0); s < numStates; s++ {
		if s.Blackholed() && g.confidence[s] > g.confidence[best] {
			best = s
		}
	}
	return best
}

// age is how long ago t was, negative if it never was.
func age(now, t stamp) time.Duration {
	if t == 0 {
		return -1
	}
	return now.sub(t).duration()
}
