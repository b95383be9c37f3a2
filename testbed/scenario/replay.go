package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// replayed is what was said of gateways with which nothing was wrong.
type replayed struct {
	days      float64 // of gateways
	incidents int
	told      []string // what was told, the first ones
	clients   int      // verdicts that a single client has trouble, while the gateway is healthy
	alerts    int      // times that an alert for one signal began
	votes     int      // and that the vote of all signals said that something is wrong
	pieces    int
}

func (r *replayed) add(o *replayed) {
	r.days += o.days
	r.incidents += o.incidents
	r.told = append(r.told, o.told...)
	r.clients += o.clients
	r.alerts += o.alerts
	r.votes += o.votes
	r.pieces += o.pieces
}

// perSite is how many gateways are correlated together in the replay.
const perSite = 10

// replay runs healthy gateways for some days, in sites that are simulated side by side.
func replay(base uint64, days, gateways int) (*replayed, error) {
	sites := (gateways + perSite - 1) / perSite
	results, errs := make([]replayed, sites), make([]error, sites)
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				results[i], errs[i] = replaySite(base+uint64(i), days, min(perSite, gateways-i*perSite))
			}
		})
	}
	for i := range sites {
		next <- i
	}
	close(next)
	wg.Wait()
	all := &replayed{}
	for i := range results {
		if errs[i] != nil {
			return nil, errs[i]
		}
		all.add(&results[i])
	}
	return all, nil
}

func replaySite(seed uint64, days, gateways int) (replayed, error) {
	r := replayed{days: float64(days * gateways)}
	s, err := newSite(plan{seed: seed, gateways: gateways, clients: 25, vantages: 2, have: everything, slowest: time.Minute})
	if err != nil {
		return r, err
	}
	d := newDisturbances(s)
	alerting, voting := make([]bool, gateways), make([]bool, gateways)
	for i := range days * int(24*time.Hour/world.Step) {
		d.step()
		if err := s.step(); err != nil {
			return r, err
		}
		r.events(s)
		if i%6 != 0 || i < int(before/world.Step) {
			continue
		}
		for n, g := range s.w.Gateways {
			alert, vote := s.rivals.judge(s.w.Now, g.ID)
			r.alerts += began(&alerting[n], alert != "")
			r.votes += began(&voting[n], vote != "")
		}
	}
	r.pieces = s.pieces
	return r, nil
}

func began(on *bool, now bool) (n int) {
	if now && !*on {
		n = 1
	}
	*on = now
	return n
}

// events counts what was told in a step.
func (r *replayed) events(s *site) {
	for i := range s.events {
		ev := &s.events[i]
		switch {
		case ev.Kind == health.IncidentOpened:
			r.incidents++
			if len(r.told) < 20 {
				why := ""
				if ev.Verdict != nil {
					why = because(ev.Verdict.Evidence)
				}
				r.told = append(r.told, fmt.Sprintf("%s %s %s %s", ev.At.Format("02 15:04:05"), ev.Incident.Subject, ev.Incident.Cause, why))
			}
		case ev.Kind == health.VerdictChanged && ev.Verdict.State == health.Healthy && ev.Verdict.Cause == "client_side":
			r.clients++
		}
	}
	s.events = s.events[:0]
}

// disturbances are what happens every day, and is no fault.
type disturbances struct {
	s     *site
	until []func() bool // what lasts: false when it is over
}

func newDisturbances(s *site) *disturbances {
	for _, a := range s.agents {
		a.Timeouts = 0.01
	}
	for _, server := range s.w.Servers {
		server.Loss = 0.003
	}
	return &disturbances{s: s}
}

// lasting has something go on for a time.
func (d *disturbances) lasting(long time.Duration, start, end func()) {
	w := d.s.w
	w.Do(start)
	over := w.Now.Add(long)
	d.until = append(d.until, func() bool {
		if w.Now.Before(over) {
			return true
		}
		w.Do(end)
		return false
	})
}

// perDay says whether something that happens n times a day happens now.
func (d *disturbances) perDay(n float64) bool {
	return d.s.w.Rand.Float64() < n*world.Step.Hours()/24
}

func (d *disturbances) step() {
	w := d.s.w
	left := d.until[:0]
	for _, goes := range d.until {
		if goes() {
			left = append(left, goes)
		}
	}
	d.until = left
	minutes := func(a, b int) time.Duration {
		return time.Duration(a+w.Rand.IntN(b-a+1)) * time.Minute
	}
	for _, v := range w.Vantages {
		if d.perDay(6) { // packets are lost
			before := v.Out.Loss
			d.lasting(minutes(5, 20), func() { v.Out.Loss = 0.02 + 0.03*w.Rand.Float64() }, func() { v.Out.Loss = before })
		}
		if d.perDay(2) { // the line of a vantage blinks
			d.lasting(20*time.Second, func() { v.Out.Control = world.Dropped }, func() { v.Out.Control = world.Passes })
		}
	}
	for _, server := range w.Servers {
		if d.perDay(3) { // the directory is busy
			d.lasting(minutes(5, 15), func() { server.Delay = 400 * time.Millisecond }, func() { server.Delay = 0 })
		}
	}
	if d.s.flows != nil && d.perDay(2) { // exports come late
		d.lasting(minutes(5, 30), func() { d.s.flows.Late = 30 * time.Second }, func() { d.s.flows.Late = 0 })
	}
	for _, g := range w.Gateways {
		d.gateway(g, minutes)
	}
}

// gateway is what happens at one gateway.
func (d *disturbances) gateway(g *world.Gateway, minutes func(a, b int) time.Duration) {
	w := d.s.w
	hour := w.Now.Hour()
	g.DialDown = 1
	if hour < 6 {
		g.DialDown = 0.2
	}
	c := g.Clients[w.Rand.IntN(len(g.Clients))]
	switch {
	case d.perDay(2): // somebody has forgotten a password
		d.lasting(minutes(5, 120), func() { c.Password = false }, func() { c.Password = true })
	case d.perDay(1): // somebody's router does not know GRE
		d.lasting(minutes(10, 180), func() { c.Own.CallerHasNoUse = true }, func() { c.Own = world.Path{} })
	case d.perDay(1):
		d.lasting(minutes(10, 120), func() { c.Own.ToCaller = world.Dropped }, func() { c.Own = world.Path{} })
	case d.perDay(20): // scanners
		w.Do(func() { w.Scan(g) })
	case d.perDay(0.5): // the configuration is read again
		w.Do(func() { w.Reload(g) })
	case d.perDay(3): // the agent is slow for a while
		d.lasting(time.Minute, func() { g.AgentMute = true }, func() { g.AgentMute = false })
	case d.perDay(0.7) && hour < 5: // a backup
		before := g.CPU
		d.lasting(minutes(20, 60), func() { g.CPU, g.Slow = 0.98, 200*time.Millisecond }, func() { g.CPU, g.Slow = before, 0 })
	case d.perDay(0.5): // sessions reach the time that they are allowed
		d.lasting(3*time.Minute, func() { w.Expire(g, 0.2) }, func() { w.Expire(g, 0.2) })
	}
}
