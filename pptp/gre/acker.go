package gre

import "time"

// acker holds the acknowledgement we owe. It names the highest number received
// (RFC 2637 section 4.1) and so never goes back nor beyond: npppd would discard
// the whole packet.
type acker struct {
	pending bool
	highest uint32
	valid   bool      // highest is
	count   int       // packets it covers that were not acknowledged before
	since   time.Time // arrival of the first of them
}

// received notes the arrival of a data packet of the stream.
func (a *acker) received(now time.Time, seq uint32) {
	if a.valid && !Before(a.highest, seq) {
		return // covered by what was, or will be, acknowledged
	}
	a.valid, a.highest = true, seq
	if !a.pending {
		a.pending, a.since = true, now
	}
	a.count++
}

// take returns the number to acknowledge; nothing is pending afterwards.
func (a *acker) take() uint32 {
	a.pending, a.count = false, 0
	return a.highest
}

// restart forgets everything: the peer counts anew.
func (a *acker) restart() { *a = acker{} }
