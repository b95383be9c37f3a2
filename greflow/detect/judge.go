package detect

import "math"

// view is what the exporters that saw a pair allow to conclude.
type view struct {
	now, horizon          stamp // everything up to horizon has been exported
	delay, window, period stamp
	ended, idle           stamp
	clear                 stamp
	loss                  float64
	blind                 Reason
	exporters             int
	sampling              [2]float64
	controlSampling       float64
}

// verdict is what one evaluation finds. Proof is -ln of the chance that a
// blackhole only looks so.
type verdict struct {
	state      State
	reason     Reason
	proof      float64
	confidence float64 // of blackholes: if not 0, instead of what proof says
	lambda     float64
	packets    float64
	from       stamp // since when it is silent
	silent     stamp // for how long, if not until the horizon
	way        Way   // which is silent, or dropped
}

func undecided(r Reason) verdict { return verdict{state: Unknown, reason: r} }

func (d *Detector) view(p *pair, now stamp) view {
	v := view{now: now, window: span(d.cfg.MinWindow), controlSampling: 1, sampling: [2]float64{1, 1}}
	ids := [4]uint16{p.gre[0].control, p.gre[1].control, p.gre[0].exporter, p.gre[1].exporter}
	for i, id := range ids {
		if int(id) >= len(d.exporters.all) {
			continue
		}
		x := d.exporters.all[id]
		if i < 2 {
			v.controlSampling = max(v.controlSampling, x.sampled)
		}
		v.sampling[i%2] = max(v.sampling[i%2], x.sampled)
		if repeated(ids[:i], id) {
			continue
		}
		v.exporters++
		v.delay, v.window = max(v.delay, x.delay), max(v.window, x.window)
		v.period, v.idle, v.ended = max(v.period, x.period), max(v.idle, x.idle), max(v.ended, x.ended)
		v.clear = max(v.clear, x.clear)
		v.loss = max(v.loss, x.loss())
		if v.blind == NoReason {
			v.blind = x.blind(now)
		}
	}
	for w := range p.gre {
		if p.gre[w].point != 0 {
			v.sampling[w] = float64(p.gre[w].sampling)
		}
	}
	v.horizon = now.sub(v.delay)
	v.period = max(v.period, second)
	return v
}

func repeated(ids []uint16, id uint16) bool {
	for _, i := range ids {
		if i == id {
			return true
		}
	}
	return false
}

// judge says what is to be thought of a pair now, without regard to what was
// thought before.
func (d *Detector) judge(p *pair, v *view, l *liveness) verdict {
	if way, ok := p.refuses(v.now, v.window); ok {
		return verdict{state: PolicyDrop, proof: math.Inf(1), confidence: 1, way: way, from: p.dropped}
	}
	var goes [2]bool
	for w := range p.gre {
		goes[w] = p.gre[w].last != 0 && v.now.sub(p.gre[w].last) <= v.window
	}
	if !l.alive {
		return d.withoutControl(p, v, l, goes)
	}
	g := &d.gateways.all[p.gateway]
	for w := ToGateway; w <= ToClient; w++ {
		if g.seen[w] == 0 || v.now.sub(g.seen[w]) > span(d.cfg.Visibility) {
			return undecided(NoVisibilityIn + Reason(w))
		}
	}
	if v.blind == NoReason {
		for w := ToGateway; w <= ToClient; w++ {
			if a := d.oneWayAbsent(p, v, w); a.proof >= d.evidence {
				return a
			}
		}
		for _, a := range [...]verdict{d.oneCallAbsent(p, v, l), d.neverSeen(p, v), d.stalled(p, g, v)} {
			if a.proof >= d.evidence {
				return a
			}
		}
	}
	if goes[ToGateway] && goes[ToClient] {
		if l.sessions > 1 && !p.allCallsSeen(v, l) {
			return undecided(PartialVisibility)
		}
		if !p.answersFor(v) {
			return undecided(d.why(p, v))
		}
		return verdict{state: Healthy}
	}
	if v.blind != NoReason {
		return undecided(v.blind)
	}
	return undecided(d.why(p, v))
}

// why nothing is concluded although the control connection lives and the exporters are well.
func (d *Detector) why(p *pair, v *view) Reason {
	switch {
	case v.now.sub(p.since) < v.delay+span(d.cfg.Grace) && p.state == Unknown:
		return Warming
	case max(v.sampling[0], v.sampling[1], v.controlSampling) > 1:
		return Sampling
	case p.gre[ToGateway].last != 0 && p.gre[ToClient].last != 0 && p.gre[ToGateway].matured+p.gre[ToClient].matured < 1:
		return IdleTunnel
	default:
		return TooFew
	}
}

// withoutControl judges a pair whose control connection is not known to be alive.
func (d *Detector) withoutControl(p *pair, v *view, l *liveness, goes [2]bool) verdict {
	last := max(p.control[ToGateway], p.control[ToClient])
	gre := max(p.gre[ToGateway].last, p.gre[ToClient].last)
	over := l.closed && gre <= last+span(d.cfg.Grace)
	if over {
		return verdict{state: Idle}
	}
	sampled := max(v.sampling[0], v.sampling[1], v.controlSampling)
	if !goes[ToGateway] && !goes[ToClient] {
		window := max(v.window, span(d.cfg.ControlWindow))
		switch {
		case v.now.sub(last) <= window && last != 0:
			return undecided(ControlUnseen)
		case v.blind != NoReason:
			return undecided(v.blind)
		case sampled > 1 && v.now.sub(max(last, gre)) < span(maxOld):
			return undecided(Sampling)
		}
		return verdict{state: Idle}
	}
	if v.blind != NoReason {
		return undecided(v.blind)
	}
	silent := v.horizon.sub(max(last, v.clear))
	first := min(p.gre[ToGateway].last, p.gre[ToClient].last)
	if last == 0 || p.spell > last || silent < span(d.cfg.OrphanAfter) || first <= last+span(d.cfg.OrphanAfter) {
		return undecided(ControlUnseen)
	}
	// Two packets each way and minute keep an idle connection alive (RFC 2637 section 3.1.4).
	lambda := 4 * silent.duration().Minutes() / v.controlSampling
	if l.closed && v.controlSampling <= 1 {
		lambda = math.Inf(1)
	}
	proof := min(lambda, v.lossProof(v.recordsIn(silent)))
	if proof < d.evidence {
		return undecided(ControlUnseen)
	}
	return verdict{state: Orphan, proof: proof, lambda: lambda, from: last}
}
