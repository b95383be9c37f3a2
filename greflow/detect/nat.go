package detect

import (
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// translated finds the pair of a record that tells two addresses of an end. What
// is seen outside of the translator, before the destination and after the source is
// translated, is the pair; what is seen inside becomes an alias of it, so that
// exporters on either side speak of the same.
func (d *Detector) translated(r *flow.Record, gre bool, now stamp) (*pair, Way) {
	src, dst := r.Src, r.Dst
	if r.PostSrc.IsValid() {
		src = r.PostSrc
	}
	inner := r.Dst
	if r.PostDst.IsValid() {
		inner = r.PostDst
	}
	outside, srcHigh := keyOf(src, dst)
	inside, innerHigh := keyOf(r.Src, inner)
	p := d.table.get(outside)
	var way Way
	if p != nil {
		way = p.way(srcHigh)
	} else if p, way = d.newPair(r, src, dst, gre, now); p == nil {
		// The gateway may be known by its inner address only.
		if p = d.table.get(inside); p != nil {
			way = p.way(innerHigh)
			return d.resolve(p, now), way
		}
		return d.newPair(r, r.Src, inner, gre, now)
	}
	p = d.resolve(p, now)
	if inside != outside {
		d.alias(inside, innerHigh == (way == ToClient), p, now)
	}
	return p, way
}

// alias makes the pair k another name of p. If it was a pair of its own, what it
// knew is given up: the next records tell it again.
func (d *Detector) alias(k pairKey, serverHigh bool, p *pair, now stamp) {
	a := d.table.get(k)
	switch {
	case a == p:
		return
	case a == nil:
		// Not the one to make room for its own alias.
		p.flags |= flagSeen
		d.table.touch(p, classRest)
		a = d.table.add(k, d.gone)
	case a.flags&flagAlias == 0:
		d.gone(a)
	}
	a.flags, a.seen, a.gateway = flagAlias|flagSeen, now, p.gateway
	if serverHigh {
		a.flags |= flagServerHigh
	}
	a.setTarget(p.number, p.birth)
}

// resolve returns the pair that p is another name of, or p. An alias whose pair
// is gone is a pair of its own again.
func (d *Detector) resolve(p *pair, now stamp) *pair {
	if p.flags&flagAlias == 0 {
		return p
	}
	number, birth := p.target()
	target := d.table.at(number)
	if target.birth == birth && target.flags&flagAlias == 0 {
		p.seen = now
		p.flags |= flagSeen
		return target
	}
	d.start(p, p.gateway, now, p.flags&flagServerHigh)
	return p
}
