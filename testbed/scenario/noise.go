package main

import (
	"math/rand/v2"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// noiseLevel is how bad the evidence is.
type noiseLevel uint8

const (
	clean noiseLevel = iota
	noisy
)

// What noise does, as shares of the pieces of evidence.
const (
	flipped    = 0.10 // says the opposite; of what comes by events only, is not told at all
	spurious   = 0.01 // of the evaluations of a gateway: before it comes something that is not so
	delayed    = 0.05 // comes up to a minute late
	duplicated = 0.05
	reordered  = 0.10 // comes a moment later
	skew       = 8 * time.Second
)

// noise is between the table and the engine.
type noise struct {
	level   noiseLevel
	rand    *rand.Rand
	signals map[string]*health.Signal
	names   []string
	skews   map[health.Source]time.Duration
	held    []held
}

// held is evidence on its way.
type held struct {
	until time.Time
	ev    health.Evidence
}

func newNoise(level noiseLevel, seed uint64) *noise {
	n := &noise{level: level, rand: rand.New(rand.NewPCG(seed, 77)), signals: make(map[string]*health.Signal), skews: make(map[health.Source]time.Duration)}
	signals := health.DefaultCodebook().Signals()
	for i := range signals {
		s := &signals[i]
		if s.Derived {
			continue
		}
		n.signals[s.Name] = s
		n.names = append(n.names, s.Name)
	}
	for s := health.Probe; s < health.Fleet; s++ {
		n.skews[s] = time.Duration(n.rand.Int64N(int64(2*skew))) - skew
	}
	return n
}

func (n *noise) chance(p float64) bool { return n.rand.Float64() < p }

// pass gives evidence on, or something else in its place.
func (n *noise) pass(now time.Time, ev *health.Evidence, to func(*health.Evidence)) {
	if n.level == clean {
		to(ev)
		return
	}
	e := *ev
	s := n.signals[e.Signal]
	e.At = e.At.Add(n.skews[s.Source])
	if e.Total > 0 {
		if n.chance(flipped) {
			e.Bad = e.Total - e.Bad
		}
	} else if n.chance(flipped) {
		switch {
		case !s.Regular:
			return
		case e.Value == "ok":
			e.Value = n.bad(s)
		case e.Value != "unknown":
			e.Value = "ok"
		}
	}
	switch {
	case n.chance(delayed):
		n.held = append(n.held, held{now.Add(time.Duration(n.rand.IntN(60)) * time.Second), e})
		return
	case n.chance(reordered):
		n.held = append(n.held, held{now, e})
		return
	}
	to(&e)
	if n.chance(duplicated) {
		to(&e)
	}
}

// invent brings something about a gateway that is not so, now and then.
func (n *noise) invent(now time.Time, gateway, vantage string, to func(*health.Evidence)) {
	if n.level == clean || !n.chance(spurious) {
		return
	}
	s := n.signals[n.names[n.rand.IntN(len(n.names))]]
	x := health.Evidence{Gateway: gateway, Signal: s.Name, Value: n.bad(s), At: now}
	if s.Vantages {
		x.Vantage = vantage
	}
	to(&x)
}

func (n *noise) bad(s *health.Signal) string {
	if len(s.Values) == 0 {
		return "bad"
	}
	return s.Values[n.rand.IntN(len(s.Values))]
}

// release gives on what has been held for long enough, the last first.
func (n *noise) release(now time.Time, to func(*health.Evidence)) {
	left := n.held[:0]
	for i := len(n.held) - 1; i >= 0; i-- {
		if h := &n.held[i]; !h.until.After(now) {
			to(&h.ev)
		}
	}
	for _, h := range n.held {
		if h.until.After(now) {
			left = append(left, h)
		}
	}
	n.held = left
}
