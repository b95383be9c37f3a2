package evidence

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// occurrences are when an event last came, newest first.
type occurrences struct {
	at []int64
}

// enough notes an event and tells whether it has come so often within its time that it counts.
func (r *Reader) enough(c *compiled, lr plog.LogRecord, resource pcommon.Map) bool {
	k := key(fnvOffset).with(c.item).with(r.targets[0])
	for _, name := range c.Each {
		if v, ok := attribute(name, lr.Attributes(), resource); ok {
			k = k.with(v.AsString())
		}
	}
	o := r.times[k]
	if o == nil {
		if len(r.times) >= r.config.MaxSessions {
			r.stats.Dropped[DroppedSessions]++
			return false
		}
		o = &occurrences{}
		r.times[k] = o
	}
	return o.add(r.recordTime(lr), c.Times, int64(c.Within))
}

// add notes when it came, and tells whether it came so many times within a time.
func (o *occurrences) add(at int64, times int, within int64) bool {
	i, known := slices.BinarySearchFunc(o.at, at, func(have, at int64) int { return cmp.Compare(at, have) })
	if known { // the same once more
		return len(o.at) >= times && o.at[0]-o.at[times-1] <= within
	}
	if o.at = slices.Insert(o.at, i, at); len(o.at) > times {
		o.at = o.at[:times]
	}
	return len(o.at) == times && o.at[0]-o.at[times-1] <= within
}
