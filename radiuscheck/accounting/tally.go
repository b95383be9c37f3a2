package accounting

import "time"

// What is counted of a NAS, besides the stops of each cause, whose places are the causes' numbers.
const (
	countBegun = int(otherCause) + 1 + iota // sessions that began
	countShort                              // stops of sessions that began within the minute before
	countLong                               // stops of others
	countEmpty                              // stops without time and octets
	counted
)

// counts has one count for each.
type counts [counted]uint32

func (c *counts) causes() []uint32 { return c[:otherCause+1] }

// stops is how many sessions have ended.
func (c *counts) stops() (n int) {
	for _, v := range c.causes() {
		n += int(v)
	}
	return n
}

// tallySteps is in how many steps a window slides.
const tallySteps = 10

// tally counts over a sliding window.
type tally struct {
	step   time.Duration
	at     int64 // number of the newest step
	steps  [tallySteps]counts
	sum    counts
	onGone func(*counts) // what has left the window
}

// now slides the window to a time, and returns what is counted there.
func (t *tally) now(now time.Time) *counts {
	at := now.UnixNano() / int64(t.step)
	for passed := min(max(at-t.at, 0), tallySteps); passed > 0; passed-- {
		gone := &t.steps[(at-passed+1)%tallySteps]
		for i, v := range gone {
			t.sum[i] -= v
		}
		if t.onGone != nil {
			t.onGone(gone)
		}
		*gone = counts{}
	}
	t.at = max(t.at, at)
	return &t.sum
}

func (t *tally) add(now time.Time, what int) {
	t.now(now)
	t.steps[t.at%tallySteps][what]++
	t.sum[what]++
}

// mix is how often sessions ended for which cause, newer ones with more weight.
type mix struct {
	counts [otherCause + 1]float64
	total  float64
}

// mixWeight is how many stops the mix stands for at most, so that it follows what changes for good.
const mixWeight = 2000

func (m *mix) add(c *counts) {
	for i, v := range c.causes() {
		m.counts[i] += float64(v)
		m.total += float64(v)
	}
	if m.total > mixWeight {
		for i := range m.counts {
			m.counts[i] /= 2
		}
		m.total /= 2
	}
}

// distance is half the sum of the differences of all shares, in [0, 1], and the cause
// whose share rose most.
func (m *mix) distance(c *counts) (d float64, rose Cause) {
	stops, most := float64(c.stops()), 0.0
	for i, v := range c.causes() {
		diff := float64(v)/stops - m.counts[i]/m.total
		if diff > 0 { // what rises is half of it
			d += diff
		}
		if diff > most {
			most, rose = diff, Cause(i)
		}
	}
	return d, rose
}
