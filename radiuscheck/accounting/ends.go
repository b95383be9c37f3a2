package accounting

import "time"

// minuteStep is a tenth of the minute over which mass stops are counted.
const minuteStep = time.Minute / tallySteps

// usualStops is how many times [Config].MinStops the causes of the time before must be known from.
const usualStops = 5

// ends watches how the sessions of a NAS end.
type ends struct {
	minute, window tally
	usual          *mix // causes of the time before the window
	told           [kinds]bool
}

func newEnds(c *Config) ends {
	usual := new(mix)
	return ends{minute: tally{step: minuteStep}, window: tally{step: c.Window / tallySteps, onGone: usual.add}, usual: usual}
}

func (e *ends) began(now time.Time) { e.minute.add(now, countBegun) }

func (e *ends) stopped(now time.Time, s *session, c *Config) {
	cause := int(Cause(s.cause).known())
	e.minute.add(now, cause)
	e.window.add(now, cause)
	if now.UnixNano()-s.started < int64(time.Minute) {
		e.minute.add(now, countShort)
	} else {
		e.minute.add(now, countLong)
	}
	if s.traffic.bytes() == 0 && seconds(s.duration) <= c.EmptyTime {
		e.window.add(now, countEmpty)
	}
}

// judge tells what is odd about how sessions end, once until it is over.
func (t *Tracker) judge(now time.Time, n *nas) {
	minute, window := n.ends.minute.now(now), n.ends.window.now(now)
	t.judgeMass(now, n, minute)

	stops, empty := window.stops(), int(window[countEmpty])
	enough := stops >= t.config.MinStops
	share := 0.0
	if enough {
		share = float64(empty) / float64(stops)
	}
	t.turn(n, crosses(share, t.config.EmptyShare), Anomaly{
		Kind: EmptySessions, Time: now, Value: share, Limit: t.config.EmptyShare, Count: empty, Total: stops,
	})

	distance, cause := 0.0, Cause(0)
	if enough && n.ends.usual.total >= float64(usualStops*t.config.MinStops) {
		distance, cause = n.ends.usual.distance(window)
	}
	t.turn(n, crosses(distance, t.config.CauseDistance), Anomaly{
		Kind: CauseShift, Time: now, Value: distance, Limit: t.config.CauseDistance,
		Count: int(window[cause]), Total: stops, Cause: cause,
	})
}

// judgeMass compares the sessions that ended within the minute with those that there were at its
// begin. Sessions that both began and ended in it are left out: users who try again and
// again end more sessions than the NAS has.
func (t *Tracker) judgeMass(now time.Time, n *nas, minute *counts) {
	ended := int(minute[countLong])
	before := max(n.active-int(minute[countBegun])+int(minute[countShort]), 0) + ended
	share := 0.0
	if ended >= t.config.MassStopMin {
		share = float64(ended) / float64(before)
	}
	cause := Cause(0)
	for i, v := range minute.causes() {
		if v > minute[cause] {
			cause = Cause(i)
		}
	}
	t.turn(n, crosses(share, t.config.MassStopShare), Anomaly{
		Kind: MassStop, Time: now, Value: share, Limit: t.config.MassStopShare, Count: ended, Total: before, Cause: cause,
	})
}

func crosses(value, limit float64) bool { return limit != Disabled && value >= limit }

// turn tells an anomaly of a NAS when its condition begins.
func (t *Tracker) turn(n *nas, holds bool, a Anomaly) {
	if holds && !n.ends.told[a.Kind] {
		news := a // so that only what is told is allocated
		news.NAS = n.id
		t.anomaly(&news)
	}
	n.ends.told[a.Kind] = holds
}
