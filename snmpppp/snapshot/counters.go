package snapshot

import (
	"strconv"
	"time"
)

// What can pass an interface in a second, at most: 1 Gbit/s, in octets, and in packets
// of 64 octets. A counter of 32 bits that became less has wrapped only if what it says
// then is possible.
const (
	octetRate  = 125_000_000
	packetRate = octetRate / 64
	anyRate    = 0 // no bound
)

// increase is by how much a counter grew. A counter of 64 bits that became less was
// set to 0, never wrapped: what it has counted since is the increase, as far as it can
// be known. One of 32 bits has wrapped if it can have (sameRun, rate).
func increase(a, b Counter, sameRun bool, elapsed time.Duration, rate uint64) uint64 {
	switch {
	case !a.Valid || !b.Valid:
		return 0
	case b.Value >= a.Value:
		return b.Value - a.Value
	case sameRun && a.Wraps && b.Wraps && a.Value < 1<<32:
		// 1/2 of the range is the bound without a rate: less would be a guess.
		d := 1<<32 - a.Value + b.Value
		if rate == anyRate && d <= 1<<31 || rate != anyRate && float64(d) <= float64(rate)*elapsed.Seconds() {
			return d
		}
	}
	return b.Value
}

// flow follows the counters of a session or an interface.
type flow struct {
	traffic       Traffic
	gre           *GRE
	duration      time.Duration // of the session
	discontinuity time.Duration
	start         time.Time
	total         TrafficTotal
	seen          *Snapshot
}

func (t *TrafficTotal) all() [8]*uint64 {
	return [8]*uint64{&t.OctetsIn, &t.OctetsOut, &t.PacketsIn, &t.PacketsOut, &t.ErrorsIn, &t.ErrorsOut, &t.DropsIn, &t.DropsOut}
}

// names of the totals of the sum over all sessions and interfaces, in the order of
// TrafficTotal.
var names = [8]string{"octets_in", "octets_out", "packets_in", "packets_out", "errors_in", "errors_out", "drops_in", "drops_out"}

// follow adds up the counters of sessions and interfaces.
func (t *Tracker) follow(s *Snapshot, d *Delta, restarted bool, elapsed time.Duration) []SessionTotal {
	fresh := map[string]bool{}
	for _, e := range d.Events {
		if e.Kind == EventOpened || e.Kind == EventReconnected {
			fresh[e.Session.Key] = true
		}
	}
	list := make([]SessionTotal, 0, len(s.Sessions))
	for i := range s.Sessions {
		x := &s.Sessions[i]
		f := t.flow("s/"+x.Key, &x.Traffic, fresh[x.Key], x.Started, s, restarted, elapsed)
		if f.duration > x.Duration && x.Duration > 0 && !fresh[x.Key] { // another session, while nothing could be compared
			*f = flow{traffic: x.Traffic, start: x.Started, seen: s, total: absolute(&x.Traffic)}
		}
		f.duration = x.Duration
		t.anomalies(f, x.GRE, fresh[x.Key], s.Time, restarted, elapsed)
		fill(&f.start, s.Time)
		list = append(list, SessionTotal{Key: x.Key, Start: f.start, TrafficTotal: f.total})
	}
	for i := range s.Interfaces {
		x := &s.Interfaces[i]
		key := "i/" + strconv.Itoa(int(x.Index)) + "/" + x.Name
		if f := t.flows[key]; f != nil && f.discontinuity != x.Discontinuity {
			f.traffic, f.discontinuity = x.Traffic, x.Discontinuity // RFC 2863: not comparable
		}
		f := t.interfaceFlow(key, x, s, restarted, elapsed)
		f.discontinuity = x.Discontinuity
	}
	for key, f := range t.flows {
		if f.seen != s && (s.SessionsComplete && key[0] == 's' || s.InterfacesComplete && key[0] == 'i') {
			delete(t.flows, key)
		}
	}
	return list
}

// flow brings the counters of a session up to date, and adds what is new to the sum of
// all.
func (t *Tracker) flow(key string, now *Traffic, fresh bool, start time.Time, s *Snapshot, restarted bool, elapsed time.Duration) *flow {
	f := t.flows[key]
	if f == nil || fresh {
		f = &flow{traffic: *now, start: start, total: absolute(now)}
		if len(t.flows) < 2*t.cfg.MaxSessions || t.flows[key] != nil {
			t.flows[key] = f
		} else {
			t.dropped++
		}
		f.seen = s
		if fresh { // all that it has counted happened since the last snapshot
			t.add("sessions.", "", &f.total, s.Time)
		}
		return f
	}
	grown := grow(&f.traffic, now, restarted, elapsed)
	for i, x := range f.total.all() {
		*x += *grown.all()[i]
	}
	t.add("sessions.", "", &grown, s.Time)
	f.traffic, f.seen = *now, s
	return f
}

// anomalies adds up what is new of the GRE counters of a session.
func (t *Tracker) anomalies(f *flow, now *GRE, fresh bool, at time.Time, restarted bool, elapsed time.Duration) {
	if now == nil {
		return
	}
	before := f.gre
	if fresh {
		before = &GRE{}
		for _, c := range before.all() {
			c.Valid = true
		}
	}
	f.gre = now
	for i, c := range now.all() {
		grown := uint64(0)
		if before != nil {
			grown = increase(*before.all()[i], *c, !restarted, elapsed, packetRate)
		}
		t.total("sessions."+greNames[i], "", at).Value += grown
	}
}

// greNames are the names of the totals, in the order of GRE.
var greNames = [5]string{"ack_timeouts", "out_of_window", "out_of_sequence", "zlb_in", "zlb_out"}

func (g *GRE) all() [5]*Counter {
	return [5]*Counter{&g.AckTimeouts, &g.OutOfWindow, &g.OutOfSequence, &g.ZLBIn, &g.ZLBOut}
}

func (t *Tracker) interfaceFlow(key string, x *Interface, s *Snapshot, restarted bool, elapsed time.Duration) *flow {
	f := t.flows[key]
	var grown TrafficTotal
	switch {
	case f != nil:
		grown = grow(&f.traffic, &x.Traffic, restarted, elapsed)
	case t.last != nil && t.last.InterfacesComplete && !restarted:
		grown = absolute(&x.Traffic) // it is new
	}
	if f == nil {
		f = &flow{}
		if len(t.flows) < 2*t.cfg.MaxSessions {
			t.flows[key] = f
		} else {
			t.dropped++
		}
	}
	t.add("interfaces.", x.Protocol, &grown, s.Time)
	f.traffic, f.seen = x.Traffic, s
	return f
}

func (t *Tracker) add(prefix, label string, grown *TrafficTotal, now time.Time) {
	for i, x := range grown.all() {
		t.total(prefix+names[i], label, now).Value += *x
	}
}

func grow(a, b *Traffic, restarted bool, elapsed time.Duration) TrafficTotal {
	var g TrafficTotal
	for i, x := range g.all() {
		rate := uint64(packetRate)
		if i < 2 {
			rate = octetRate
		}
		*x = increase(*a.all()[i], *b.all()[i], !restarted, elapsed, rate)
	}
	return g
}

// absolute takes counters for what was counted since the session began.
func absolute(t *Traffic) TrafficTotal {
	var g TrafficTotal
	for i, x := range g.all() {
		*x = t.all()[i].Value
	}
	return g
}
