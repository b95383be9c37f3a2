package health

import "sort"

// shared is something that gateways have in common, such as a RADIUS server.
type shared struct {
	signal   int // the derived one that asks for this kind
	name     string
	affected int // gateways that show what the signal is derived from
}

// sharesOf returns which of e.shared a gateway has, and makes those that are new.
// Kinds that no signal asks for are left out.
func (e *Engine) sharesOf(g *Gateway) []int {
	var out []int
	for _, kind := range sortedKeys(g.Shares) {
		for n := range e.book.signals {
			s := &e.book.signals[n]
			if s.share != kind || len(s.from) == 0 {
				continue
			}
			for _, name := range g.Shares[kind] {
				out = append(out, e.sharedIndex(n, kind+":"+name))
			}
		}
	}
	return out
}

func (e *Engine) sharedIndex(signal int, name string) int {
	for i := range e.shared {
		if e.shared[i].signal == signal && e.shared[i].name == name {
			return i
		}
	}
	e.shared = append(e.shared, shared{signal: signal, name: name})
	return len(e.shared) - 1
}

// survey looks at all gateways first: which vantages see most of theirs fail, and what
// gateways that share something show alike.
func (e *Engine) survey(t *moment) {
	for n := range e.vantages.list {
		v := &e.vantages.list[n]
		v.suspect, v.sees, v.bad, v.shared = false, 0, 0, 0
	}
	for _, g := range e.order {
		e.surveyVantages(g, t)
	}
	for n := range e.vantages.list {
		v := &e.vantages.list[n]
		// When others see the same gateways fail, it is the gateways.
		v.suspect = v.bad >= 2 && float64(v.bad) >= e.config.VantageShare*float64(v.sees) && 2*v.shared < v.bad
	}
	for i := range e.shared {
		e.shared[i].affected = 0
	}
	for _, g := range e.order {
		if len(g.shares) == 0 || !g.everBad() {
			continue
		}
		e.read(g, t)
		for _, i := range g.shares {
			if e.affected(e.shared[i].signal) {
				e.shared[i].affected++
			}
		}
	}
}

// surveyVantages counts, for each vantage, whether it sees the way to the gateway fail.
func (e *Engine) surveyVantages(g *gateway, t *moment) {
	e.views = e.views[:0]
	bad, well := 0, !g.everBad()
	for i := range g.items {
		it := &g.items[i]
		s := &e.book.signals[it.key.signal()]
		if !s.path || !s.quorum {
			continue
		}
		kind, _, _ := e.says(g, it, s, t, well)
		if kind == kindUnknown {
			continue
		}
		v := e.viewOf(it.key.vantage())
		if kind >= kindBad && !v.bad {
			v.bad = true
			bad++
		}
	}
	for _, v := range e.views {
		n := &e.vantages.list[v.vantage]
		n.sees++
		if v.bad {
			n.bad++
			if bad > 1 {
				n.shared++
			}
		}
	}
}

// view is how a vantage sees one gateway.
type view struct {
	vantage uint16
	bad     bool
}

func (e *Engine) viewOf(vantage uint16) *view {
	for i := range e.views {
		if e.views[i].vantage == vantage {
			return &e.views[i]
		}
	}
	e.views = append(e.views, view{vantage: vantage})
	return &e.views[len(e.views)-1]
}

// affected tells whether the gateway that was read shows what a signal is derived from.
func (e *Engine) affected(signal int) bool {
	for i := range e.book.signals[signal].from {
		c := &e.book.signals[signal].from[i]
		if v, _ := e.readings[c.signal].meets(&e.book.signals[c.signal], c); v == yes {
			return true
		}
	}
	return false
}

// derive adds the readings of derived signals to those of the gateway's evidence.
func (e *Engine) derive(g *gateway, coverage float64) {
	for _, i := range g.shares {
		n := e.shared[i].signal
		if e.readings[n].isBad() {
			continue
		}
		e.set(n, Fleet, e.shared[i].affected >= 2 && e.affected(n), kindBad)
	}
	for i := range g.items {
		if e.vantages.suspect(g.items[i].key.vantage()) {
			e.set(e.vantageSignal, Fleet, true, kindBad)
			break
		}
	}
	if low, known := e.book.signals[e.coverageSignal].kind("low"); known {
		blind := coverage >= 0 && coverage < lowCoverage || coverage < 0 && g.configured && len(g.items) == 0 && !e.config.Unexpected
		e.set(e.coverageSignal, Self, blind, low)
	}
}

// set makes the reading of a derived signal.
func (e *Engine) set(n int, source Source, bad bool, kind uint8) {
	r := &e.readings[n]
	*r = reading{fresh: 1, known: 1, need: 1}
	at := sideOK
	if bad {
		e.wrong.add(n)
		at, r.bad = sideBad, 1
		r.kinds[kind] = 1
	} else {
		r.kinds[kindOK] = 1
	}
	r.sides[at] = side{strength: 1, sources: 1 << source, witnesses: witnesses{items: 1, times: enough}}
}

// explanation names what a gateway's cause has in common with that of others.
func (e *Engine) explanation(g *gateway) string {
	if g.cause < 0 {
		return ""
	}
	n := e.book.causes[g.cause].sharedIndex
	switch {
	case n < 0 || !e.readings[n].isBad():
		return ""
	case n == e.vantageSignal:
		first := ""
		for i := range g.items {
			v := g.items[i].key.vantage()
			if name := e.vantages.name(v); e.vantages.suspect(v) && (first == "" || name < first) {
				first = name
			}
		}
		return "vantage:" + first
	}
	for _, i := range g.shares {
		if s := &e.shared[i]; s.signal == n && s.affected >= 2 {
			return s.name
		}
	}
	return ""
}

// tellShared opens and closes the incidents of what gateways have in common: one each,
// whatever the number of gateways.
func (e *Engine) tellShared(now int64) {
	names := make(map[string][]string)
	causes := make(map[string]*gateway)
	for _, g := range e.order {
		if g.explainedBy != "" && g.incident != nil && g.state != Maintenance {
			names[g.explainedBy] = append(names[g.explainedBy], g.id)
			causes[g.explainedBy] = g
		}
	}
	for _, name := range sortedKeys(names) {
		e.openShared(name, names[name], causes[name], now)
	}
	gone := make([]string, 0, len(e.sharedIncidents))
	for name := range e.sharedIncidents {
		if len(names[name]) == 0 {
			gone = append(gone, name)
		}
	}
	sort.Strings(gone)
	for _, name := range gone {
		in := e.sharedIncidents[name]
		delete(e.sharedIncidents, name)
		e.closeIncident(in, nil, now)
	}
}
