package detect

import (
	"math"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// evaluate brings a pair's state up to date. It is called in turn, once in
// Config.EvalInterval, and for some records at once.
func (d *Detector) evaluate(p *pair, now stamp, inTurn bool) {
	d.stats.Evaluations++
	v := d.view(p, now)
	if v.clear > p.clear {
		p.clear = v.clear
		p.forget(v.clear)
	}
	v.clear = p.clear
	if v.exporters > 0 {
		// Who should have answered must have been there: its control packets prove it.
		until := min(p.horizon(&v), p.control[ToGateway], p.control[ToClient])
		if p.told > now {
			until = p.horizon(&v)
		}
		delay := v.delay
		if v.period <= second {
			// Of packets that are told at once, too, the rings hold those of a minute, until the control
			// connection is seen again.
			delay = max(delay, 50*second)
		}
		p.mature(until, delay)
	}
	l := p.live(now, max(v.window, span(d.cfg.ControlWindow)))
	found := d.judge(p, &v, &l)
	d.account(p, &v, &l)
	if found.state == Healthy {
		p.learnRatio()
	}
	if d.holds(p, &v, &found) {
		return
	}
	alarm := found.state.Blackholed() || found.state == Orphan
	if !alarm || found.state == p.state || found.state == PolicyDrop || inTurn && d.passed(p, &found) {
		p.candidate, p.passes = Unknown, 0
		d.enter(p, &v, &l, &found)
	}
}

// passed says that an alarm was found in enough turns in a row, each time with its
// share of the evidence more.
func (d *Detector) passed(p *pair, found *verdict) bool {
	if found.state != p.candidate {
		p.candidate, p.passes = found.state, 0
	}
	if found.proof >= d.evidence*float64(p.passes+1) {
		p.passes++
	}
	return int(p.passes) >= d.cfg.Passes
}

// forget leaves out what was counted before.
func (p *pair) forget(before stamp) {
	for i := range p.gre {
		p.answered(Way(i), before)
	}
}

// holds says that a blackhole stays although it could not be told now: nothing has
// been seen that speaks against it.
func (d *Detector) holds(p *pair, v *view, found *verdict) bool {
	if !p.state.Blackholed() || p.state == PolicyDrop {
		return false
	}
	switch found.state {
	case Healthy:
		// Seen within the window, but before the silence began.
	case Unknown:
		if found.reason == ControlUnseen || found.reason == PartialVisibility {
			return false
		}
		if found.reason == v.blind && v.now.sub(p.seen) > 2*v.window {
			return false
		}
	default:
		return false
	}
	in, out := p.gre[ToGateway].last > p.silentFrom, p.gre[ToClient].last > p.silentFrom
	switch p.state {
	case InboundOnly:
		return !out
	case OutboundOnly:
		return !in
	default:
		return !in && !out
	}
}

// account keeps the gateway's sums of what is not a state.
func (d *Detector) account(p *pair, v *view, l *liveness) {
	g := &d.gateways.all[p.gateway]
	sessions := uint8(min(l.sessions, maxConns))
	g.control += int32(sessions) - int32(p.sessions)
	p.sessions = sessions
	if partial := l.sessions > 1 && !p.allCallsSeen(v, l); partial != (p.flags&flagPartial != 0) {
		p.flags ^= flagPartial
		if partial {
			g.partial++
		} else {
			g.partial--
		}
	}
}

// enter makes found the state of p.
func (d *Detector) enter(p *pair, v *view, l *liveness, found *verdict) {
	confidence := found.confidence
	switch {
	case found.state == Unknown:
		confidence = 0
	case confidence == 0 && found.proof > 0:
		confidence = -math.Expm1(-found.proof)
	case confidence == 0:
		confidence = 1
	}
	g := &d.gateways.all[p.gateway]
	g.confidence[p.state] -= float64(p.confidence)
	p.confidence = float32(confidence)
	g.confidence[found.state] += float64(p.confidence)
	p.reason = found.reason
	if found.state == p.state {
		return
	}
	g.pairs[p.state]--
	g.pairs[found.state]++
	from, since := p.state, p.since
	p.state, p.since, p.silentFrom = found.state, v.now, found.from
	if p.state != PolicyDrop {
		p.dropped = 0
	}
	d.stats.Changes[p.state]++
	if d.cfg.OnChange == nil {
		return
	}
	client, server := p.addrs()
	id := g.id
	id.Addr = server
	d.cfg.OnChange(Change{
		At: d.clock.wallAt(v.now), Since: d.clock.wallAt(since), Gateway: id, Client: client,
		From: from, To: p.state, Evidence: p.evidence(v, l, found, confidence),
	})
}

func (p *pair) evidence(v *view, l *liveness, found *verdict, confidence float64) Evidence {
	e := Evidence{
		Reason: found.reason, Records: p.records, Exporters: v.exporters, Sampling: v.sampling[found.way],
		Lambda: found.lambda, Packets: found.packets, Delay: v.delay.duration(), Loss: v.loss,
		Window: v.window.duration(), ControlSessions: l.sessions, Partial: p.flags&flagPartial != 0,
		Confidence: confidence,
	}
	switch {
	case found.silent != 0:
		e.Window = found.silent.duration()
	case found.from != 0:
		e.Window = v.horizon.sub(found.from).duration()
	}
	if found.state == PolicyDrop {
		e.Drop, e.DropCode, e.DropWay = flow.Drop(p.dropKind), p.dropCode, found.way
		e.Window = v.window.duration()
	}
	for w := range p.gre {
		e.LastGRE[w], e.LastControl[w] = age(v.now, p.gre[w].last), age(v.now, p.control[w])
		e.Calls[w], _ = p.active(Way(w), v.now, v.window)
	}
	return e
}
