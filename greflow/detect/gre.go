package detect

import (
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// observation is where and when a record was seen.
type observation struct {
	x          *exporter
	exporter   uint16
	point      uint32
	sampling   float32
	start, end stamp
	now        stamp
}

// observationPoint numbers an exporter's interface and direction: a packet that
// is seen coming in and going out is seen at two. Two points with the same number, one
// chance in four thousand million, are taken for one.
func observationPoint(exporter uint16, r *flow.Record) uint32 {
	h := uint64(exporter)<<34 | uint64(r.Direction)<<32
	in := r.In
	if r.Direction == flow.Egress {
		in = r.Out
	}
	h = (h | uint64(in)) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	return uint32(h>>16) | 1
}

// gre takes in a record of GRE from one end to the other, and of the way back if
// the exporter puts both in one.
func (d *Detector) gre(p *pair, g *gateway, way Way, r *flow.Record, o *observation) {
	if o.x.alone(r) {
		p.alone = max(p.alone, o.end)
	} else if o.end >= p.alone {
		p.alone = 0
	}
	if r.Packets > 0 || !r.Biflow {
		d.oneWay(p, g, way, float32(min(r.Packets, 1<<40)), r.Bytes, r, o)
	}
	if r.Biflow && r.RevPackets > 0 {
		d.oneWay(p, g, way.other(), float32(min(r.RevPackets, 1<<40)), r.RevBytes, r, o)
	}
	if r.HasCallID {
		p.call(way, r.CallID, r.Packets, o)
	}
	if p.state.Blackholed() {
		d.evaluate(p, o.now, false)
	}
}

func (d *Detector) oneWay(p *pair, g *gateway, way Way, packets float32, octets uint64, r *flow.Record, o *observation) {
	s, back := &p.gre[way], &p.gre[way.other()]
	g.seen[way] = o.now
	d.resumed(p, g, s, back, o)
	if s.point == o.point && r.EndReason == flow.EndActive {
		o.x.active.add(o.end.sub(o.start))
	} else if s.point == o.point && r.EndReason == 0 && o.start.sub(s.last) <= 2*second && s.last.sub(o.start) < second {
		// It goes on where the last one ended: that one ended at the active time-out.
		o.x.active.add(stamp(s.length) * second)
	}
	if share, from := p.counts(s, packets, o); share > 0 {
		n := packets * share
		s.total += n
		p.count(s, back, n, from, o)
		g.packets[way] += uint64(n + 0.5)
		g.scaledPackets[way] += float64(n) * float64(o.sampling)
		g.bytes[way] += uint64(float64(octets)*float64(share) + 0.5)
		g.scaledBytes[way] += float64(octets) * float64(share) * float64(o.sampling)
		s.counted = max(s.counted, o.end)
		s.length = uint16(min(o.end.sub(o.start)/second, 1<<16-1))
	}
	if o.end >= s.last {
		s.last = o.end
		s.exporter = o.exporter
		ended := flagEnded << way
		p.flags &^= ended
		if r.EndReason == flow.EndIdle || r.EndReason == flow.EndDetected {
			p.flags |= ended
		}
		until := o.end
		if back.sampling > 1 {
			// A record is taken for seen at its end, but may have begun before this.
			until += o.x.period
		}
		p.answered(way.other(), until)
	}
}

// mostFactor is how many times as much others must have seen, together, for one of
// them to take over: some points that see all do not take it from each other.
const mostFactor = 4

// manySampled packets in a record mean that there must be a record the other way.
const manySampled = 20

// counts says which part of a record is counted, and from when it is. There is one
// point that counts: the one that sees most, or samples least. When another takes
// over, what the first has counted is left out.
func (p *pair) counts(s *stream, packets float32, o *observation) (share float32, from stamp) {
	if s.point == o.point {
		s.credit = min(s.credit+packets, 1e9)
	} else if s.point != 0 {
		s.credit -= packets / mostFactor
		better := o.sampling < s.sampling/2
		dead := o.start > s.counted+o.x.delay
		most := s.credit < 0 && o.sampling <= s.sampling*2
		if !better && !dead && !most {
			return 0, 0
		}
	}
	share, from = 1, o.start
	if s.point != o.point {
		if o.end < s.counted {
			share = 0
		} else if o.start < s.counted {
			share, from = float32(o.end-s.counted)/float32(o.end-o.start), s.counted
		}
		s.point, s.credit = o.point, packets
	}
	if o.sampling != s.sampling {
		s.sampling, s.total, p.ratio = o.sampling, 0, 0
	}
	return share, from
}

// count adds n packets, seen since start, to those that wait for an answer, and leaves
// out what was before the other way was last seen.
//
// They are spread evenly over their time. Of sampled packets this may be far from true:
// most may have been before the answer, or at the end. So they are left out
// if they began before, and else taken for seen at the end.
func (p *pair) count(s, back *stream, n float32, start stamp, o *observation) {
	from, end := max(start, back.last, p.clear), o.end
	if end < from || p.width == 0 {
		return
	}
	if s.sampling > 1 {
		if from > start {
			return
		}
		from = end
	} else if from > start {
		n *= float32(end-from) / float32(end-start)
	}
	if s.waits == 0 {
		s.waits = from
	}
	// A record that only reaches over the end of the other one was answered by it.
	if (from == start || end-from >= second) && (s.sampling <= 1 || n >= manySampled) {
		s.waiting = min(s.waiting+1, 1<<16-2)
	}
	first, last := p.bucket(from), p.bucket(end)
	if first == last {
		p.put(s, last, n)
		return
	}
	rate := n / float32(end-from)
	for b, at := first, from; b <= last; b++ {
		until := end
		if b < last {
			until = stamp((b + 1) * uint32(p.width))
		}
		p.put(s, b, rate*float32(until-at))
		at = until
	}
}

// bucket is the number of the bucket that holds t. What is older than the rings
// is put into their first bucket, which is the next to be judged: later than it was.
// What is newer has no bucket: that is when the rings wait for the control connection.
func (p *pair) bucket(t stamp) uint32 {
	return min(max(uint32(t)/uint32(p.width), p.base), p.base+buckets)
}

// put adds n packets to a bucket. Those without one are left out: they prove nothing yet,
// and others will follow.
//
// Sampled ones are too few for that: they are put into the last bucket.
func (p *pair) put(s *stream, bucket uint32, n float32) {
	if s.sampling > 1 {
		bucket = min(bucket, p.base+buckets-1)
	}
	if bucket < p.base+buckets {
		in := &s.ring[bucket%buckets]
		*in = uint16(min(float32(*in)+parts*n+0.5, 1<<16-1))
	}
}

// answered forgets what went one way before something was seen the other way.
func (p *pair) answered(way Way, at stamp) {
	s := &p.gre[way]
	s.matured, s.waiting, s.waits = 0, 0, 0
	if p.width == 0 {
		return
	}
	for b := p.base; b < p.base+buckets && b*uint32(p.width) <= uint32(at); b++ {
		s.ring[b%buckets] = 0
	}
}

// mature moves what is older than horizon from the rings to what is judged.
func (p *pair) mature(horizon, delay stamp) {
	width := uint16(min(max(delay/bucketsOfDelay, 1), 1<<16-1))
	if w, old := uint32(width), uint32(p.width); old == 0 || w > old+old/4 || w < old-old/4 {
		p.refit(width, horizon)
	}
	until := uint32(horizon) / uint32(p.width)
	if until <= p.base {
		return
	}
	for i := range p.gre {
		s := &p.gre[i]
		for b := p.base; b < until && b < p.base+buckets; b++ {
			s.matured += float32(s.ring[b%buckets]) / parts
			s.ring[b%buckets] = 0
		}
	}
	p.base = until
}

// refit gives the buckets another width. What was in an old one is put where its end is now: later than it was.
func (p *pair) refit(width uint16, horizon stamp) {
	old, first := p.width, p.base
	p.width, p.base = width, uint32(horizon)/uint32(width)
	for i := range p.gre {
		s := &p.gre[i]
		ring := s.ring
		s.ring = [buckets]uint16{}
		for b := first; b < first+buckets && old > 0; b++ {
			p.put(s, p.bucket(stamp((b+1)*uint32(old))), float32(ring[b%buckets])/parts)
		}
	}
}

// resumed learns from GRE that comes back, both ways having been silent, on the
// same control connection: such a silence is no fault.
func (d *Detector) resumed(p *pair, g *gateway, s, back *stream, o *observation) {
	was := max(s.last, back.last)
	if was == 0 {
		p.spell = o.start
	}
	if s.last == 0 || back.last == 0 || o.start <= was+2*second {
		return
	}
	if o.start > was+60*second {
		p.spell = o.start
	}
	if quiet := o.start - was; was > o.x.clear && p.survived(was, quiet) {
		p.silence = max(p.silence, quiet)
		if !g.level.state.Blackholed() {
			g.quiet.add(quiet, o.now.sub(was), o.now)
		}
	}
}
