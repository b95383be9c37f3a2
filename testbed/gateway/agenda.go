package gateway

import "time"

// agendaMax bounds the appointments of one session: what a client can make the
// gateway put off is dropped beyond it.
const agendaMax = 1024

// agenda is what a session has to do later. Time is passed in.
type agenda struct {
	items []*appointment
}

type appointment struct {
	at time.Time
	do func(now time.Time)
}

// after puts do on the agenda for now+d. It returns nil, and forgets do, when the
// agenda is full.
func (a *agenda) after(now time.Time, d time.Duration, do func(now time.Time)) *appointment {
	if len(a.items) >= agendaMax {
		return nil
	}
	p := &appointment{at: now.Add(d), do: do}
	a.items = append(a.items, p)
	return p
}

// cancel takes p off the agenda; nil, and one that has passed, are no error.
func (a *agenda) cancel(p *appointment) {
	for i, q := range a.items {
		if q == p {
			a.items = append(a.items[:i], a.items[i+1:]...)
			return
		}
	}
}

// tick does what is due at now, in order of time, each at most once. What an
// appointment puts on the agenda waits for the next tick, so that a tick ends.
func (a *agenda) tick(now time.Time) {
	for n := len(a.items); n > 0; n-- {
		p := a.next(n)
		if p == nil || p.at.After(now) {
			return
		}
		a.cancel(p)
		p.do(now)
		n = min(n, len(a.items)+1)
	}
}

// next returns the earliest of the first n appointments; the first made, of
// several at the same time.
func (a *agenda) next(n int) *appointment {
	var first *appointment
	for _, p := range a.items[:min(n, len(a.items))] {
		if first == nil || p.at.Before(first.at) {
			first = p
		}
	}
	return first
}

// deadline returns when tick is wanted; zero: not at all.
func (a *agenda) deadline() time.Time {
	if p := a.next(len(a.items)); p != nil {
		return p.at
	}
	return time.Time{}
}

// earliest returns the earlier of two deadlines, of which zero means none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
