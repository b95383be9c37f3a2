package health

import "time"

// Stats counts what the engine did, and how full its tables are.
type Stats struct {
	Evidence     [numOutcomes]uint64   // by [Outcome]
	Events       [numEventKinds]uint64 // by [EventKind]
	Transitions  uint64
	Evaluations  uint64
	ClockSteps   uint64 // evaluations before which the clock jumped
	ItemsEvicted uint64 // because a gateway's table was full
	// Forgotten because nothing was heard of them for Config.Forget.
	ItemsForgotten, GatewaysForgotten, VantagesForgotten uint64
	// FutureDropped are items from before the clock was set back.
	FutureDropped uint64
	// NotRestored are gateways of a snapshot that are no longer known.
	NotRestored uint64

	Gateways, Items, Vantages, Windows, OpenIncidents int // now
	Stale                                             int // items that did not count any more at the last evaluation
	MaxGateways, MaxItems, MaxVantages                int // the bounds; MaxItems is a gateway's
}

// Stats returns the counters.
func (e *Engine) Stats() Stats {
	s := e.stats
	s.Gateways, s.Vantages = len(e.gateways), len(e.vantages.byName)-1
	s.Windows, s.OpenIncidents = len(e.windows.configured)+len(e.windows.added), len(e.sharedIncidents)
	for _, g := range e.order {
		s.Items += len(g.items)
		if g.incident != nil {
			s.OpenIncidents++
		}
	}
	s.MaxGateways, s.MaxItems, s.MaxVantages = e.config.MaxGateways, e.config.MaxItems, e.config.MaxVantages
	return s
}

// clockStep tells whether the clock jumped, and puts right what can be: evidence that
// is now from the future is dropped, and states are held until new has come.
func (e *Engine) clockStep(now time.Time) {
	if e.at.IsZero() {
		return
	}
	step := now.Sub(e.at)
	if step >= 0 && step < max(10*e.config.Interval, time.Minute) {
		return
	}
	e.stats.ClockSteps++
	e.settle = now.Add(e.config.Settle)
	if step > 0 {
		return
	}
	latest := now.Add(e.config.MaxAhead).UnixNano()
	for _, g := range e.order {
		e.stats.FutureDropped += uint64(g.drop(latest))
		g.heard = min(g.heard, latest)
		g.since = min(g.since, now.UnixNano()) // a hold must not last as long as the step
		g.maintained = min(g.maintained, now.UnixNano())
	}
	for n := range e.vantages.list {
		e.vantages.list[n].heard = min(e.vantages.list[n].heard, latest)
	}
}
