package evidence

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// key identifies a series, a stream or a probe's target by the hash of what names it. There are far
// fewer of them than would make a collision likely, and one would only mix up two numbers.
type key uint64

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// with adds a text to the hash (FNV-1a), closed by a byte that is in none.
func (k key) with(s string) key {
	for i := range len(s) {
		k = (k ^ key(s[i])) * fnvPrime
	}
	return (k ^ 0xff) * fnvPrime
}

func (k key) withNumber(n uint64) key { return (k ^ key(n)) * fnvPrime }

// withAttributes adds attributes, in whatever order they stand.
func (k key) withAttributes(m pcommon.Map) key {
	var sum key
	for name, v := range m.All() {
		h := key(fnvOffset).with(name)
		switch v.Type() {
		case pcommon.ValueTypeStr:
			h = h.with(v.Str())
		case pcommon.ValueTypeInt:
			h = h.withNumber(uint64(v.Int()))
		default:
			h = h.with(v.AsString())
		}
		sum += h
	}
	return k.withNumber(uint64(sum))
}

// series is the last point of one, for what can only be told against the one before.
type series struct {
	value, count float64
	start        pcommon.Timestamp
	at           int64
}

// seriesFor returns the series of a key, nil if the table is full, and whether it was known.
func (r *Reader) seriesFor(k key) (s *series, known bool) {
	if s, known = r.series[k]; known {
		return s, true
	}
	if len(r.series) >= r.config.MaxSeries {
		r.stats.Dropped[DroppedSeries]++
		return nil, false
	}
	s = &series{}
	r.series[k] = s
	return s, false
}

// change returns what a point says against the one before of its series; ok is false if that is not
// known yet, or the point is older.
func (r *Reader) change(c *compiled, k key, p *point) (float64, bool) {
	if c.read == readValue {
		return p.value, true
	}
	if p.delta && c.read != readRestart && c.read != readFall {
		return ratioIfMean(c.read, p.value, p.count)
	}
	s, known := r.seriesFor(k)
	if s == nil || known && p.at <= s.at {
		return 0, false
	}
	before := *s
	*s = series{value: p.value, count: p.count, start: p.start, at: p.at}
	if !known {
		return 0, false
	}
	switch c.read {
	case readFall:
		if before.value < max(c.Least, 1) {
			return 0, before.value >= 0
		}
		return max(0, (before.value-p.value)/before.value), true
	case readRestart:
		if p.value < before.value {
			return 1, true
		}
		return 0, true
	}
	if p.start > before.start && before.start != 0 || p.value < before.value || p.count < before.count {
		before = series{} // it began anew
	}
	return ratioIfMean(c.read, p.value-before.value, p.count-before.count)
}

func ratioIfMean(read int, value, count float64) (float64, bool) {
	if read != readMean {
		return value, true
	}
	return value / count, count > 0
}

// stream is when something last came, and how long it takes from one time to the next.
type stream struct{ at, interval int64 }
