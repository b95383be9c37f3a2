package health

import "time"

// Observe takes a piece of evidence; now is the time. It does not judge, that is
// [Engine.Evaluate]'s. The order in which evidence comes makes no difference, as
// long as no table overflows. It allocates nothing but for what is new: a
// gateway, a vantage, a signal that this gateway did not have yet.
func (e *Engine) Observe(now time.Time, ev *Evidence) Outcome {
	o := e.observe(now.UnixNano(), ev)
	e.stats.Evidence[o]++
	return o
}

func (e *Engine) observe(now int64, ev *Evidence) Outcome {
	n, ok := e.book.signalByID[ev.Signal]
	if !ok {
		return UnknownSignal
	}
	s := &e.book.signals[n]
	source := ev.Source
	if source == SourceOfSignal {
		source = s.source
	}
	if s.source >= Fleet {
		return UnknownSignal
	}
	if source >= Fleet || ev.Bad > ev.Total || !(ev.Strength >= 0 && ev.Strength <= 1) ||
		len(ev.Vantage) > maxName || ev.Gateway == "" {
		return Invalid
	}
	kind, outcome := s.kindOf(ev)
	if outcome != Accepted {
		return outcome
	}
	ttl := ev.TTL
	if ttl == 0 {
		ttl = s.ttl
	}
	ttl = min(max(ttl, minTTL), maxTTL)
	if ev.At.Before(time.Unix(0, now).Add(-ttl)) { // compared as times: Unix nanoseconds of the year 1 overflow
		return Late
	}
	if ev.At.After(time.Unix(0, now).Add(e.config.MaxAhead)) {
		return Future
	}
	g, outcome := e.lookup(ev.Gateway)
	if outcome != Accepted {
		return outcome
	}
	at := ev.At.UnixNano()
	vantage, ok := e.vantages.number(ev.Vantage, max(at, now), e.config.MaxVantages)
	if !ok {
		return TableFull
	}
	l := last{
		at: at, ttl: uint32(ttl / time.Millisecond), bad: ev.Bad, total: ev.Total,
		strength: float32(ev.Strength), trace: ev.TraceID, span: ev.SpanID, kind: kind,
	}
	if ev.Strength == 0 {
		l.strength = 1
	}
	g.heard = max(g.heard, now)
	return e.keep(g, s, newKey(n, source, vantage), &l, hash(ev.Peer))
}

// keep puts evidence into the gateway's table, in place of the oldest when it is full.
func (e *Engine) keep(g *gateway, s *signal, k itemKey, l *last, peer uint32) Outcome {
	at, ok := g.search(k)
	if ok {
		return g.items[at].take(s, l, peer)
	}
	if len(g.items) >= e.config.MaxItems {
		o := g.oldest()
		if g.items[o].at > l.at {
			return TableFull
		}
		g.items = append(g.items[:o], g.items[o+1:]...)
		e.stats.ItemsEvicted++
		at, _ = g.search(k)
	}
	return g.insertItem(at, k).take(s, l, peer)
}

// hash tells clients apart (FNV-1a); the empty name is 0, no client. A collision, even a
// wanted one, makes two clients one, and so a verdict less likely.
func hash(name string) uint32 {
	if name == "" {
		return 0
	}
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return max(h, 1)
}
