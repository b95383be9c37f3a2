package health

import "math/bits"

// truth is whether something holds, as far as is known.
type truth uint8

const (
	missing truth = iota
	no
	yes
)

// The sides of a reading: who says ok and who says bad.
const (
	sideOK = iota
	sideBad
	numSides
)

// reading is what all vantages together say of a signal.
type reading struct {
	kinds    [maxKinds]uint16 // vantages by what they say
	fresh    uint16           // vantages that say something
	known    uint16           // of them, those that say ok or bad
	bad, few uint16
	need     uint16 // vantages that must see it bad
	sides    [numSides]side
}

// side is those who say the same.
type side struct {
	strength float32
	sources  uint16 // bits
	newest   *item
	witnesses
}

// signalSet is a set of signals.
type signalSet [maxSignals / 64]uint64

func (s *signalSet) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s *signalSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s *signalSet) meets(o *signalSet) bool {
	for i := range s {
		if s[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

// read makes readings of a gateway's evidence in e.readings, and returns how much of
// what is usual is there: the mean over the sources that report regularly, or
// -1 if none does.
func (e *Engine) read(g *gateway, t *moment) (coverage float64) {
	clear(e.readings)
	well := !g.everBad()
	var expected, there [numSources]int
	for i := range g.items {
		it := &g.items[i]
		n := it.key.signal()
		s := &e.book.signals[n]
		kind, times, fresh := e.says(g, it, s, t, well)
		if !fresh {
			e.stats.Stale++
		}
		if s.regular {
			expected[it.key.source()]++
			if fresh {
				there[it.key.source()]++
			}
		}
		if s.quorum && e.vantages.suspect(it.key.vantage()) {
			continue
		}
		if fresh {
			e.readings[n].add(s, it, kind, times, &e.vantages)
		}
	}
	e.wrong = signalSet{}
	for i := range e.readings {
		r := &e.readings[i]
		if r.fresh == 0 {
			continue
		}
		r.decide(&e.book.signals[i], e.config.Quorum)
		if r.bad+r.few > 0 {
			e.wrong.add(i)
		}
	}
	sources, sum := 0, 0.0
	for i := range expected {
		if expected[i] > 0 {
			sources++
			sum += float64(there[i]) / float64(expected[i])
		}
	}
	if sources == 0 {
		return -1
	}
	return sum / float64(sources)
}

// says tells what an item says now, and whether it is fresh: a stage that was not
// reached since an earlier one failed is, and is unknown. Of a gateway that is well no
// stage failed.
func (e *Engine) says(g *gateway, it *item, s *signal, t *moment, well bool) (kind, times uint8, fresh bool) {
	for after := s.afterIndex; after >= 0 && !well; after = e.book.signals[after].afterIndex {
		before := g.find(newKey(after, it.key.source(), it.key.vantage()))
		if before == nil {
			continue
		}
		// Once is not enough: until the earlier stage is bad by as many rounds as it takes, this one counts as
		// before, or a fault that moves to an earlier stage would look healed in between.
		o := &before.seen[0]
		if o.kind >= kindBad && o.at > it.seen[0].at && before.fresh(o.at, t) {
			if earlier, _ := e.now(g, before, &e.book.signals[after], t); earlier >= kindBad {
				return kindUnknown, 0, true
			}
		}
	}
	for i := range it.seen[:it.count] {
		if it.fresh(it.seen[i].at, t) {
			kind, times = e.now(g, it, s, t)
			return kind, times, true
		}
	}
	return kindUnknown, 0, false
}

func (r *reading) add(s *signal, it *item, kind, times uint8, names *vantages) {
	r.kinds[kind]++
	r.fresh++
	if kind == kindUnknown {
		return
	}
	r.known++
	where := &r.sides[sideOK]
	if kind >= kindBad {
		where = &r.sides[sideBad]
	}
	switch {
	case kind == kindFewPeers:
		r.few++
	case kind >= kindBad:
		r.bad++
	}
	where.strength = max(where.strength, it.strength)
	if s.sure {
		times = enough
	}
	where.add(witnesses{items: 1, times: uint16(times), rounds: s.rounds > 1})
	where.sources |= 1 << it.key.source()
	if where.newest == nil || names.later(it, where.newest) {
		where.newest = it
	}
}

// later tells which of two items to quote: the newer, or of equals that of the
// vantage with the lesser name; numbers of vantages depend on the order of arrival.
func (v *vantages) later(a, b *item) bool {
	if order := a.last.compare(&b.last); order != 0 {
		return order > 0
	}
	return v.name(a.key.vantage()) < v.name(b.key.vantage())
}

// decide says how many must see it: of vantages two, if there are two; of others
// more than do not.
func (r *reading) decide(s *signal, quorum float64) {
	if !s.quorum {
		r.need = max(1, (r.known-r.few)/2+1)
		return
	}
	r.need = uint16(float64(r.fresh)*quorum + 0.999)
	if r.fresh > 1 {
		r.need = max(r.need, 2)
	}
	r.need = max(r.need, 1)
}

func (r *reading) isBad() bool { return r.need > 0 && r.bad >= r.need }

// isOK: one vantage can see it, and those that cannot are too few; of others, more say so.
func (r *reading) isOK(s *signal) bool {
	ok := r.kinds[kindOK]
	return ok > 0 && !r.isBad() && (s.quorum || ok > r.bad)
}

// single tells that only one vantage looks, where there ought to be several.
func (r *reading) single(s *signal) bool { return s.quorum && r.fresh == 1 }

func (r *reading) partial() bool { return r.fresh > 1 && r.bad > 0 && !r.isBad() }

// meets tells whether the reading meets a condition, and who says so.
func (r *reading) meets(s *signal, c *condition) (truth, *side) {
	ok, bad := &r.sides[sideOK], &r.sides[sideBad]
	if r.known == 0 {
		return missing, nil
	}
	switch c.test {
	case testPartial:
		return truthOf(r.partial()), bad
	case testAnyOK:
		return truthOf(r.kinds[kindOK] > 0), ok
	default:
	}
	switch {
	case c.partial && r.partial():
		return yes, bad
	case c.kinds&(1<<kindOK) != 0 && r.isOK(s):
		return yes, ok
	case c.kinds&(1<<kindFewPeers) != 0 && r.few > 0 && !r.isBad():
		return yes, bad
	}
	var count uint16
	for rest := c.kinds & badKinds(s); rest != 0; rest &= rest - 1 {
		count += r.kinds[bits.TrailingZeros16(rest)]
	}
	switch {
	case count >= r.need:
		return yes, bad
	case r.isBad():
		return no, bad
	case r.isOK(s):
		return no, ok
	case r.few > 0: // fewer than would say something of the gateway
		return no, bad
	}
	return missing, nil
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}
