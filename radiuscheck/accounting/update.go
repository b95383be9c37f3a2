package accounting

import (
	"math"
	"time"
)

// minInterval is the shortest interval of interim records that is believed: RFC 2869
// section 5.16 forbids less, and some NAS send one more when something changes.
const minInterval = time.Minute

// enoughGaps is how many times between records tell the interval: the first may be to an extra record.
const enoughGaps = 2

// update takes what a record says of its session.
func (t *Tracker) update(now time.Time, s *session, r *Record) {
	t.learnInterval(now, s, r)
	s.heard = now.UnixNano()
	t.sessions.touch(s)
	if len(r.User) > 0 && string(r.User) != s.user {
		s.user = string(r.User)
	}
	if r.Client.Is4() {
		s.client = r.Client.As4()
	}
	if r.Address.Is4() {
		if holder := t.sessions.claim(s, r.Address.As4()); holder != nil && s.rival == nil && len(t.rivals) < t.config.MaxSessions {
			s.rival, s.rivalSince = holder, s.heard
			t.rivals = append(t.rivals, s)
		}
	}
	t.count(now, s, r)
}

func (t *Tracker) learnInterval(now time.Time, s *session, r *Record) {
	switch {
	case t.config.InterimInterval > 0:
		s.interval = uint32(t.config.InterimInterval / time.Second)
	case r.Interval > 0:
		s.interval = uint32(max(r.Interval, minInterval) / time.Second)
	case r.Status == Interim && s.heard != 0:
		passed := max(now.UnixNano()-s.heard, int64(minInterval)) / int64(time.Second)
		s.interval = uint32(max(int64(s.interval), min(passed, math.MaxUint32)))
		s.gaps = min(s.gaps+1, enoughGaps)
		return
	default:
		return
	}
	s.gaps = enoughGaps
}

// count takes the counters over, and what was added goes to the NAS and the talkers.
func (t *Tracker) count(now time.Time, s *session, r *Record) {
	if r.Status == Start {
		return
	}
	was := s.traffic
	// No attribute has the upper halves of the packet counters, so that these always wrap in silence.
	octets, packets := counting{gigawords: r.HasGigawords}, counting{}
	s.traffic = Traffic{
		BytesIn: octets.next(was.BytesIn, r.Traffic.BytesIn), BytesOut: octets.next(was.BytesOut, r.Traffic.BytesOut),
		PacketsIn: packets.next(was.PacketsIn, r.Traffic.PacketsIn), PacketsOut: packets.next(was.PacketsOut, r.Traffic.PacketsOut),
	}
	fell := max(octets.fell, packets.fell)
	d := uint32(r.SessionTime / time.Second)
	if d < s.duration {
		fell = max(fell, uint64(s.duration-d))
	}
	s.duration = d
	in, out := grown(was.BytesIn, s.traffic.BytesIn), grown(was.BytesOut, s.traffic.BytesOut)
	if s.flags&flagBefore != 0 { // hours of it are not of now, and may have been counted before a restart or an eviction
		s.flags &^= flagBefore
		in, out = 0, 0
	}
	s.nas.stats.BytesIn += in
	s.nas.stats.BytesOut += out
	t.noisy.carried(t, now, s, in+out)
	if fell > 0 {
		t.once(now, s, flagBackwards, &Anomaly{Kind: CounterBackwards, Value: float64(fell)})
	}
	if octets.wrapped {
		t.once(now, s, flagGigawords, &Anomaly{Kind: GigawordsMissing})
	}
}

func grown(was, is uint64) uint64 {
	if is < was {
		return 0
	}
	return is - was
}

// counting compares the counters of one record with those before.
type counting struct {
	gigawords bool // the record has the upper halves
	wrapped   bool
	fell      uint64
}

// next is the counter in 64 bits. A NAS that sends no Gigawords passes 2^32 in silence:
// a value that falls from the upper half of the 32 bits has done that.
func (c *counting) next(was, is uint64) uint64 {
	const wrap = 1 << 32
	if !c.gigawords {
		low := was % wrap
		switch {
		case is < low && low >= wrap/2 && is < wrap/2:
			c.wrapped = true
			return was - low + wrap + is
		case is >= low:
			return was - low + is
		}
	}
	if is < was {
		c.fell = max(c.fell, was-is)
	}
	return is
}

// once tells an anomaly of a session if that has not been done.
func (t *Tracker) once(now time.Time, s *session, flag uint8, a *Anomaly) {
	if s.flags&flag != 0 {
		return
	}
	s.flags |= flag
	a.Time, a.NAS, a.Session = now, s.nas.id, t.show(s)
	t.anomaly(a)
}
