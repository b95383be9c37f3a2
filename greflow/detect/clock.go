package detect

import "time"

// stamp is a time on the detector's own clock, in steps of 100 ms: 4 bytes a time
// keep a pair small. 0 is never. The clock starts at origin, so that records can
// tell of what was before it, and ends after thirteen years.
type stamp uint32

const (
	tick         = 100 * time.Millisecond
	origin stamp = 30 * 24 * 3600 * 10
	second stamp = 10
	// A call that comes later than this after the last one means that the wall clock
	// was set or the machine slept, and not that time passed with us watching.
	maxForward = 30 * time.Second
	// Records from several sockets may be out of order, and a clock that is set back a
	// little may be waited for.
	maxBackward = 10 * time.Second
)

func span(d time.Duration) stamp { return stamp(d / tick) }

func (s stamp) duration() time.Duration { return time.Duration(s) * tick }

// sub is s-o, and 0 if o is later.
func (s stamp) sub(o stamp) stamp {
	if o >= s {
		return 0
	}
	return s - o
}

// clock turns the wall clock's time into one that neither jumps nor goes back.
type clock struct {
	wall  int64 // the latest time given, ns
	skew  int64 // wall + skew is inner time, ns since origin
	steps uint64
}

// advance takes the time of a call. Stepped says that what happened since the
// last one was not watched.
func (c *clock) advance(wall int64) (stepped bool) {
	// Such that no difference overflows.
	wall = min(max(wall, 0), 1<<62)
	if c.wall == 0 && c.skew == 0 {
		c.wall, c.skew = wall, -wall
		return false
	}
	delta := time.Duration(wall - c.wall)
	switch {
	case delta > maxForward:
		stepped = true
		fallthrough
	case delta < -maxBackward:
		c.skew -= int64(delta)
		c.steps++
	case delta < 0:
		return false
	}
	c.wall = wall
	return stepped
}

// inner is now, in ns of inner time.
func (c *clock) inner() int64 { return c.wall + c.skew }

func (c *clock) now() stamp { return toStamp(c.inner()) }

// wallAt is the wall clock's time of s, as the wall clock goes now.
func (c *clock) wallAt(s stamp) time.Time {
	return time.Unix(0, (int64(s)-int64(origin))*int64(tick)-c.skew)
}

// toStamp is not for times before origin.
func toStamp(inner int64) stamp {
	return stamp(max(inner/int64(tick)+int64(origin), 1))
}
