package radiuscheck

import "time"

// rest keeps an account from being locked. After a rejection no method logs in for a
// while, and then the method after the rejected one is the first: with one that the
// server never accepts, the others still have their turn.
type rest struct {
	until time.Time
	first int // index into the methods that log in
}

// resting says whether nobody may log in.
func (r *rest) resting(now time.Time) bool { return now.Before(r.until) }

// rejected notes that the method at index i of n was.
func (r *rest) rejected(now time.Time, length time.Duration, i, n int) {
	r.until, r.first = now.Add(length), (i+1)%n
}
