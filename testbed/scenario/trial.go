package main

import (
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// How long a trial goes on.
const (
	before = 6 * time.Minute // all is well
	during = 10 * time.Minute
	after  = 9 * time.Minute
	// told is the share of the time of the fault for which a cause must be told to be the verdict.
	told = 0.15
	// graceAfter is how long after the fault its verdict is still one about it.
	graceAfter = 30 * time.Second
)

// kind is what sort of trial it is.
type kind struct {
	have        sources
	mixed       bool // some of the sources are not there
	noise       noiseLevel
	second      bool // another fault at the same time
	maintenance bool
	flapping    bool // the fault comes and goes
}

// trial is one fault, or none, and what was said of it.
type trial struct {
	kind
	seed  uint64
	truth string // empty: nothing is wrong
	other string // the second fault
	says  string

	told       string   // the cause that was told for longest
	also       []string // causes that were told beside it or in its place
	detect     time.Duration
	ill        time.Duration // until anything was told
	recover    time.Duration
	changes    int // of the cause while the fault lasted
	confidence float64
	opened     int // incidents
	updated    int
	flaps      bool
	silent     bool // maintenance: nothing was told to people
	falsely    int  // incidents before the fault, or of gateways that it does not hit
	hours      float64
	alert      string // what the rivals say
	vote       string
	pieces     int
	log        []string // of verdicts, for those who tune
}

// never is a time that did not come.
const never = -1

func (t *trial) right() bool {
	return t.told == t.truth || t.other != "" && t.told == t.other
}

// run makes the trial.
func (t *trial) run() error {
	p := plan{seed: t.seed, gateways: 3, have: t.have, noise: t.noise}
	s, f, err := t.prepare(p)
	if err != nil {
		return err
	}
	hit := make(map[string]bool)
	for _, g := range f.Gateways {
		hit[g.ID] = true
	}
	w := s.w
	steps := func(d time.Duration) int { return int(d / world.Step) }
	for range steps(before) + w.Rand.IntN(6) {
		if err := s.step(); err != nil {
			return err
		}
	}
	for i := range s.events {
		if s.events[i].Kind == health.IncidentOpened {
			t.falsely++
		}
	}
	s.events = nil
	onset := w.Now
	c := newCourse(s, t.truth, onset)
	if t.truth != "" {
		w.Do(f.Start)
	}
	on := true
	for i := range steps(during) {
		if f.Each != nil && i > 0 {
			w.Do(func() { f.Each(w.Now.Sub(onset)) })
		}
		if t.flapping && t.truth != "" && !f.Once { // on for a minute, off for two
			if want := i%18 < 6; want != on {
				if on = want; on {
					w.Do(f.Start)
				} else {
					w.Do(f.End)
				}
			}
		}
		if err := s.step(); err != nil {
			return err
		}
		c.look()
	}
	if t.truth != "" && on {
		w.Do(f.End)
	}
	c.ended = w.Now
	for range steps(after) {
		if err := s.step(); err != nil {
			return err
		}
		c.look()
	}
	c.conclude(t)
	t.tally(s, hit)
	t.hours, t.pieces = w.Now.Sub(epoch).Hours()*float64(len(w.Gateways)), s.pieces
	return nil
}

// prepare makes the site, and draws the fault.
func (t *trial) prepare(p plan) (*site, *world.Fault, error) {
	draw := world.New(t.seed, 1, 1, epoch).Rand // of what is decided before the world is there
	p.clients, p.vantages = 25+draw.IntN(50), 1+draw.IntN(5)
	if t.truth == "upstream_path_or_vantage" {
		p.vantages = max(2, p.vantages)
	}
	if t.mixed {
		t.drop(draw.IntN(4), &p.have)
	}
	if t.maintenance {
		p.windows = []health.Window{{Name: "work", Start: epoch, End: epoch.Add(24 * time.Hour)}}
	}
	s, err := newSite(p)
	if err != nil {
		return nil, nil, err
	}
	if t.truth == "" {
		return s, &world.Fault{Start: func() {}, End: func() {}}, nil
	}
	f := s.w.Draw(t.truth)
	t.says = f.Says
	if t.other != "" {
		g := s.w.DrawFor(t.other, s.w.Gateways[0])
		f = both(f, g)
		t.says += "; " + g.Says
	}
	return s, &f, nil
}

// both is two faults at the same time.
func both(a, b world.Fault) world.Fault {
	return world.Fault{
		Cause: a.Cause, Gateways: append(slices.Clone(a.Gateways), b.Gateways...), Once: a.Once && b.Once,
		Start: func() { a.Start(); b.Start() }, End: func() { b.End(); a.End() },
		Each: func(since time.Duration) {
			for _, f := range []world.Fault{a, b} {
				if f.Each != nil {
					f.Each(since)
				}
			}
		},
	}
}

// drop takes one of the sources away.
func (t *trial) drop(n int, have *sources) {
	*[]*bool{&have.snmp, &have.flows, &have.logs, &have.radius}[n] = false
	t.have = *have
}

// tally counts what was told to people.
func (t *trial) tally(s *site, hit map[string]bool) {
	first := s.w.Gateways[0].ID
	for i := range s.events {
		ev := &s.events[i]
		about := "" // what gateways share
		if ev.Verdict != nil {
			about = ev.Verdict.Gateway
		}
		switch {
		case ev.Kind == health.IncidentOpened && about != "" && (!hit[about] || t.truth == ""):
			t.falsely++
		case ev.Kind == health.IncidentOpened && about == first:
			t.opened++
		case ev.Kind == health.IncidentUpdated && about == first:
			t.updated++
		}
	}
	t.silent = t.opened+t.updated == 0
}
