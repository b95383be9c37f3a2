package evidence

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// buckets is in how many steps a window of counts slides.
const buckets = 10

// countWindow adds increases of counters up over a time.
type countWindow struct {
	slot     [buckets]struct{ bad, total float64 }
	newest   int64 // number of the newest slot
	recorded int64 // when something was last added
}

func (w *countWindow) add(at int64, length time.Duration, bad, total float64) (sumBad, sumTotal float64) {
	n := at / max(1, int64(length)/buckets)
	switch {
	case n <= w.newest-buckets: // older than the window
		return w.sum()
	case n > w.newest:
		for i := max(w.newest+1, n-buckets+1); i <= n; i++ {
			w.slot[i%buckets].bad, w.slot[i%buckets].total = 0, 0
		}
		w.newest = n
	}
	s := &w.slot[n%buckets]
	s.bad += bad
	s.total += total
	return w.sum()
}

func (w *countWindow) sum() (bad, total float64) {
	for i := range w.slot {
		bad += w.slot[i].bad
		total += w.slot[i].total
	}
	return bad, total
}

// count tells a share of counters as Bad of Total in a sliding window.
func (r *Reader) count(c *compiled, bad, total float64, none, resource pcommon.Map) {
	k := key(fnvOffset).with(c.item).with(r.targets[0]).with(r.vantage).withAttributes(resource)
	w := r.counts[k]
	if w == nil {
		if len(r.counts) >= r.config.MaxSessions {
			r.stats.Dropped[DroppedSessions]++
			return
		}
		w = &countWindow{}
		r.counts[k] = w
	}
	at := max(c.at, 0)
	w.recorded = r.now.UnixNano()
	b, n := w.add(at, c.Count, max(0, bad), max(0, total))
	if n < 1 {
		return
	}
	ev := r.evidenceOf(c, c.value, at, none, resource)
	ev.Total = uint32(min(n, math.MaxUint32))
	ev.Bad = min(uint32(min(b, math.MaxUint32)), ev.Total)
	r.tell(ev)
}
