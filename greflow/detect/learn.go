package detect

import (
	"math"
	"math/bits"
	"time"
)

// extreme is the largest value of this turn and the last.
type extreme struct{ now, before int64 }

func (e *extreme) raise(v int64)  { e.now = max(e.now, v) }
func (e *extreme) largest() int64 { return max(e.now, e.before) }
func (e *extreme) reset(v int64)  { e.now, e.before = v, v }
func (e *extreme) turn()          { e.before, e.now = e.now, math.MinInt64 }

// durations learns how long the records of flows are that go on, that is the
// active time-out: a histogram with eight bins an octave, from 1 s to a day.
type durations struct {
	bins  [136]uint16
	total uint32
}

const (
	binBits = 3
	enough  = 20   // durations, for a quantile
	tooMany = 4096 // then old ones count half
)

func (h *durations) add(d stamp) {
	if d < second {
		return
	}
	octave := bits.Len32(uint32(d)) - 1 - binBits
	i := octave<<binBits + int(d>>octave)&(1<<binBits-1)
	h.bins[min(i, len(h.bins)-1)]++
	if h.total++; h.total < tooMany {
		return
	}
	h.total = 0
	for i := range h.bins {
		h.bins[i] /= 2
		h.total += uint32(h.bins[i])
	}
}

// quantile returns the upper edge of the bin that holds it; false if too few were seen.
func (h *durations) quantile(q float64) (time.Duration, bool) {
	if h.total < enough {
		return 0, false
	}
	rest := uint32(q * float64(h.total))
	for i, n := range h.bins {
		if uint32(n) > rest {
			octave, sub := i>>binBits, stamp(i&(1<<binBits-1))
			return ((1<<binBits + sub + 1) << octave).duration(), true
		}
		rest -= uint32(n)
	}
	return 0, false
}

// silences learns how long tunnels of a gateway are silent although nothing is
// wrong: both ways silent, the same control connection before and after. It keeps
// the longest three of the last one to two days. The third is taken for normal: one
// or two may have been faults that passed.
type silences struct {
	top    [2][3]stamp // of this day and the last, longest first
	count  int         // ever
	began  stamp
	turned stamp
	hidden extreme // how long it looked like silence until the next record came, when the flow was said to have ended
}

const quietTurn = 24 * 3600 * second

func (s *silences) add(d, apparent, now stamp) {
	if s.began == 0 {
		s.began = now
	}
	if now >= s.turned+quietTurn {
		s.turned = now
		s.top[1], s.top[0] = s.top[0], [3]stamp{}
		s.hidden.turn()
	}
	s.count++
	s.hidden.raise(int64(apparent))
	top := &s.top[0]
	for i := range top {
		if d > top[i] {
			top[i], d = d, top[i]
		}
	}
}

func (s *silences) normal() stamp { return max(s.top[0][2], s.top[1][2]) }
