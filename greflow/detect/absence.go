package detect

import (
	"math"
	"time"
)

const (
	// The ratio of the packets one way and the other, as far as it is relied on. A
	// receiver of data acknowledges, alone or with data of its own (RFC 2637 section 4.2).
	minRatio = 1.0 / 20
	maxRatio = 1
	// A ratio that was learned may be this much smaller at another time.
	ratioMargin = 4
	// Until GRE was seen both ways it is LCP: each request is answered (RFC 1661 section 5).
	setupRatio = 1.0
	// GRE was seen both ways, but too little to know the ratio.
	unknownRatio = 1.0 / 4
	// The most that is expected of sampled packets: they are from so long a time that meanwhile
	// a download may have become an upload.
	sampledRatio = 1.0 / 5
	// How many packets must have been counted each way to learn it.
	ratioPackets = 20

	// What both ends send at least until they give up: ten Configure-Requests each (RFC 1661 section 4.6).
	setupPackets = 20
	// A control connection that lived shorter than this was not there for a call.
	shortest = 20 * second
	// How much later than the GRE the control connection must have been seen; less if one
	// exporter saw both, so that one clock says what was later.
	controlMargin  = 5 * second
	oneClockMargin = 2 * second

	// -ln of how much more often records are lost than the chance of a false alarm counts
	// windows: each record is one, and datagrams take those of many pairs with them.
	lossTrials = 4

	// A flow that was said to be over both ways is a stall when so many on this
	// gateway came back in half the time, or sooner.
	fastKnown  = 50
	fastFactor = 2
	fastLeast  = 45 * second
)

// lossProof is -ln of the chance that so many records are all lost, for one of the many
// times that it can happen.
func (v *view) lossProof(records float64) float64 {
	if v.loss <= 0 {
		return math.Inf(1)
	}
	return -math.Log(v.loss)*records - lossTrials
}

// recordsIn is how many records a flow gives in this time, at least: one, and one more
// for each active time-out.
func (v *view) recordsIn(silent stamp) float64 { return float64(1 + silent/v.period) }

// margin is how much later than the GRE the control connection must have been seen.
func (v *view) margin() stamp {
	if v.exporters == 1 {
		return oneClockMargin
	}
	return controlMargin
}

// controlAfter says that the control connection was seen both ways after t: who was
// switched off is not blackholed.
func (p *pair) controlAfter(t stamp) bool {
	return p.control[ToGateway] >= t && p.control[ToClient] >= t
}

// openAfter is controlAfter of connections that are still open: after one that was closed, one
// that a client left behind when it vanished proves nothing.
func (p *pair) openAfter(t stamp) bool {
	var seen connFlags
	for i := range p.conns {
		if c := &p.conns[i]; c.flags&connClosed == 0 && c.last >= t {
			seen |= c.flags
		}
	}
	const both = connToGateway | connToClient
	return seen&both == both
}

// goesOn stands in for it when the control connection is only told from elsewhere: who
// tells does not see which end is there, and learns late of one that is not. So then
// the silence must last for longer than it takes an end to give up.
func (p *pair) goesOn(from, until stamp, v *view) bool {
	return p.told > v.now && from != 0 && min(until, v.horizon).sub(from) >= 2*deadAfter
}

// oneWayAbsent asks whether nothing comes way although it goes the other way. With
// n packets one way and an expected ratio rho, the chance of none the other way is (1+rho)^-n.
func (d *Detector) oneWayAbsent(p *pair, v *view, way Way) verdict {
	missing, other := &p.gre[way], &p.gre[way.other()]
	from := max(missing.last, v.clear)
	n := float64(other.matured)
	horizon := p.horizon(v)
	until := min(other.last, horizon)
	if missing.last != 0 && !p.goesOn(other.waits, other.last, v) {
		if !p.controlAfter(missing.last + v.margin()) {
			return verdict{}
		}
		if seen := min(p.control[ToGateway], p.control[ToClient]); p.told > v.now && seen < until {
			// Those of after it was seen were counted, too: see evaluate.
			n *= float64(seen.sub(from)) / float64(max(until.sub(from), 1))
		}
	}
	if n < 1 || horizon <= from {
		return verdict{}
	}
	rho := p.expectedRatio(v, way)
	a := verdict{state: InboundOnly, lambda: n * rho * (1 - v.loss), packets: n, from: from, way: way}
	if way == ToGateway {
		a.state = OutboundOnly
	}
	// For each record of these packets one the other way must have been lost, but for those
	// that an exporter cuts more often this way; and it need not have been exported yet.
	long := until.sub(from)
	records := min(float64(other.waiting), math.Ceil(float64(long)/float64(v.period)))
	a.proof = min(n*math.Log1p(rho*(1-v.loss)), v.lossProof(max(records, 1)))
	return a
}

// expectedRatio is how many packets are expected way for one the other way, with
// caution.
func (p *pair) expectedRatio(v *view, way Way) float64 {
	rho := setupRatio
	switch {
	case p.ratio > 0:
		rho = float64(p.ratio)
		if way == ToGateway {
			rho = 1 / rho
		}
		rho = min(max(rho/ratioMargin, minRatio), maxRatio)
	case p.gre[way].last != 0:
		rho = unknownRatio
	}
	if max(v.sampling[0], v.sampling[1]) <= 1 {
		return rho
	}
	if p.gre[way].last == 0 {
		rho = unknownRatio // it need not be LCP
	} else {
		rho = min(rho, sampledRatio)
	}
	if p.ratio == 0 {
		rho *= min(1, v.sampling[way.other()]/v.sampling[way])
	}
	return rho
}

// learnRatio is called for healthy pairs.
func (p *pair) learnRatio() {
	in, out := &p.gre[ToGateway], &p.gre[ToClient]
	if in.total < ratioPackets || out.total < ratioPackets || in.matured > 0 || out.matured > 0 {
		return
	}
	r := min(max(out.total/in.total, minRatio), 1/minRatio)
	if p.ratio == 0 {
		p.ratio = r
	}
	// Slowly: what is counted just now may already be one-way.
	p.ratio += (r - p.ratio) / 20
	if in.total+out.total > 4000 {
		in.total /= 2
		out.total /= 2
	}
}

// neverSeen asks whether GRE is missing since the control connection was set up: an open
// one, or some that were given up.
func (d *Detector) neverSeen(p *pair, v *view) verdict {
	last := max(p.gre[ToGateway].last, p.gre[ToClient].last)
	tries, from := 0, stamp(0)
	for i := range p.conns {
		c := &p.conns[i]
		long := c.last.sub(c.first) >= shortest
		if c.last == 0 || c.flags&connWitnessed == 0 || !long || c.first <= last || c.first < v.clear ||
			c.first+span(d.cfg.Grace) > v.horizon {
			continue
		}
		if tries++; from == 0 || c.first < from {
			from = c.first
		}
	}
	if tries == 0 {
		return verdict{}
	}
	lambda := float64(setupPackets*tries) / max(v.sampling[0], v.sampling[1], v.controlSampling) * (1 - v.loss)
	return verdict{
		state: ControlOnly, lambda: lambda, from: from,
		proof: min(lambda, v.lossProof(v.recordsIn(v.horizon.sub(from)))),
	}
}

// stalled asks whether GRE that went both ways on this control connection has
// stopped. An idle tunnel is silent, too, but for its LCP echo; so the rate that counts
// is that of the longest silence that was none.
func (d *Detector) stalled(p *pair, g *gateway, v *view) verdict {
	in, out := &p.gre[ToGateway], &p.gre[ToClient]
	last, before := max(in.last, out.last), min(in.last, out.last)
	if before == 0 || !p.session(before) || !p.openAfter(last+v.margin()) && !p.goesOn(last, v.horizon, v) {
		return verdict{}
	}
	sampling := max(v.sampling[0], v.sampling[1])
	from := max(last, v.clear)
	silent := v.horizon.sub(from)
	normal := float64(max(p.silence, g.quiet.normal()))
	normal = max(normal, float64(span(d.cfg.EchoInterval))*sampling)
	a := verdict{state: Stalled, lambda: float64(silent) / normal, from: from}
	a.proof = min(a.lambda, v.lossProof(v.recordsIn(silent)))
	if v.clear < before && sampling <= 1 && v.loss == 0 && p.flags&flagEnded != 0 && p.flags&flagEndedBack != 0 && g.quiet.sudden(v, v.now.sub(last)) {
		a.proof, a.confidence = math.Inf(1), 1-1/float64(g.quiet.count+2)
		a.silent = v.now.sub(last)
	}
	return a
}

// sudden says that flows which were said to be over came back sooner than this, as
// often as they did. By the rule of succession that is a chance of 1 in count+2.
// It takes some delays until also the long ones are known.
func (s *silences) sudden(v *view, silent stamp) bool {
	usual := stamp(max(s.hidden.largest(), 0))
	return s.count >= fastKnown && v.now.sub(s.began) > 4*v.delay && silent >= max(fastLeast, 3*v.idle, fastFactor*usual)
}

// oneCallAbsent asks whether one of several calls of a client has no answer.
func (d *Detector) oneCallAbsent(p *pair, v *view, l *liveness) verdict {
	if l.sessions < 2 {
		return verdict{}
	}
	in, few := p.active(ToGateway, v.now, v.window)
	out, fewOut := p.active(ToClient, v.now, v.window)
	if in == out || in == 0 || out == 0 || max(in, out) > l.sessions || max(in, out) == maxCalls {
		return verdict{}
	}
	a := verdict{state: InboundOnly, way: ToClient}
	if out > in {
		a.state, a.way, few = OutboundOnly, ToGateway, fewOut
	}
	// The call with the fewest packets is taken for the one without answer. It must have
	// been there for as long as an answer can take.
	youngest := stamp(0)
	for i := range p.conns {
		if c := &p.conns[i]; c.flags&connClosed == 0 {
			youngest = max(youngest, c.first)
		}
	}
	a.from = max(youngest, v.clear)
	if v.horizon <= a.from+span(30*time.Second) {
		return verdict{}
	}
	a.packets, a.lambda = few, few*unknownRatio
	a.proof = min(few*math.Log1p(unknownRatio), v.lossProof(v.recordsIn(v.horizon.sub(a.from))))
	return a
}

// allCallsSeen says that the Call IDs show as many calls each way as there are
// control connections.
func (p *pair) allCallsSeen(v *view, l *liveness) bool {
	in, _ := p.active(ToGateway, v.now, v.window)
	out, _ := p.active(ToClient, v.now, v.window)
	return in == l.sessions && out == l.sessions
}
