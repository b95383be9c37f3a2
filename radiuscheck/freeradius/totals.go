package freeradius

import "time"

// Totals are the counters of one server over their wraps. It must not be used concurrently.
type Totals struct {
	started time.Time
	last    [256]uint32
	totals  [256]uint64
	present [256]bool
}

// Add takes the next statistics. restarted says that the server has begun anew since
// those before, and with it all counters. A server that does not tell when it began
// cannot be seen to restart; its counters then seem to have wrapped.
func (t *Totals) Add(s *Statistics) (restarted bool) {
	if !t.started.IsZero() && !s.Started.IsZero() {
		restarted = !s.Started.Equal(t.started)
	}
	if restarted {
		*t = Totals{}
	}
	if !s.Started.IsZero() {
		t.started = s.Started
	}
	for i, v := range s.values {
		if s.present[i] {
			t.totals[i] += uint64(v - t.last[i]) // modulo 2^32, so over a wrap
			t.last[i], t.present[i] = v, true
		}
	}
	return restarted
}

// Total returns the value of a counter since the server began; if it had wrapped before
// the first [Totals.Add], less what the wraps took away.
func (t *Totals) Total(c Counter) (n uint64, ok bool) {
	return t.totals[c.attribute], t.present[c.attribute]
}
