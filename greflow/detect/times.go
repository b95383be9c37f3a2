package detect

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

const (
	// A record that is later than the fastest one by more than this was not slow:
	// the exporter's clock was set back.
	maxLate = int64(30 * time.Second)
	// The same of so many records in a row; fewer were late for once.
	lateInRow = 3
	// How far before its arrival a record can end: beside the time-outs, this.
	maxOld = time.Hour
)

// times are the first and the last packet of r on our clock. They are the arrival
// when r has none, or impossible ones, and then sane is false.
func (x *exporter) times(r *flow.Record, c *clock) (start, end stamp, sane bool) {
	now := c.inner()
	at := toStamp(now)
	offset := c.skew
	if r.Export != 0 {
		offset = x.correct(now - r.Export)
	}
	if r.End == 0 {
		return at, at, true
	}
	e := r.End + offset
	s := e
	if r.Start != 0 {
		s = r.Start + offset
	}
	old := int64(maxOld) + 2*int64(x.period.duration())
	if e > now+int64(time.Minute) || e < now-old || s > e || s < e-8*int64(24*time.Hour) {
		x.mad++
		return at, at, false
	}
	x.sane++
	e, s = min(e, now), min(s, now)
	x.tail.raise(now - e)
	if old > now-s {
		x.reach.raise(now - s)
	}
	start, end = toStamp(s), toStamp(e)
	if x.fresh {
		// It was metering then already, and we were listening since the origin.
		x.fresh, x.clear = false, max(start, origin)
	}
	return start, end, true
}

// correct returns what to add to the exporter's time to get inner time: the least
// that lay between export and arrival lately.
func (x *exporter) correct(lag int64) int64 {
	if !x.timed {
		x.timed = true
		x.offset.reset(-lag)
		return lag
	}
	x.offset.raise(-lag)
	best := -x.offset.largest()
	late := lag - best
	if late <= maxLate {
		x.inLate = 0
		x.slow.raise(late)
		return best
	}
	if x.inLate++; x.inLate < lateInRow {
		return best
	}
	x.inLate = 0
	x.steps++
	x.offset.reset(-lag)
	x.slow = extreme{}
	x.freeze(x.heard, TimeInsane)
	return lag
}
