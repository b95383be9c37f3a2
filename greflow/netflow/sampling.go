package netflow

import "math"

// maxSamplers bounds what one exporter can say of its samplers and interfaces.
const maxSamplers = 64

// maxRate is beyond any sampling there is; more is a mistake.
const maxRate = 1 << 32

// sampler is a rate that holds for some of the records of an exporter.
type sampler struct {
	iface bool // by interface; otherwise by sampler or selector ID
	id    uint64
	rate  float64
}

// rates are what an exporter has said of its sampling.
type rates struct {
	domain   float64 // for all its records; 0 is unknown
	common   float64 // of its samplers, if they agree; 0 if not
	samplers []sampler
	next     int // to be replaced when there are too many
}

// set remembers a rate, and says whether it is news.
func (r *rates) set(s sampler) bool {
	defer r.agree()
	for i := range r.samplers {
		if old := &r.samplers[i]; old.iface == s.iface && old.id == s.id {
			changed := news(old.rate, s.rate)
			old.rate = s.rate
			return changed
		}
	}
	if len(r.samplers) < maxSamplers {
		r.samplers = append(r.samplers, s)
		return true
	}
	r.samplers[r.next] = s
	r.next = (r.next + 1) % maxSamplers
	return true
}

func (r *rates) setDomain(rate float64) bool {
	changed := news(r.domain, rate)
	r.domain = rate
	return changed
}

func (r *rates) agree() {
	r.common = 0
	for i := range r.samplers {
		switch s := &r.samplers[i]; {
		case s.iface:
		case r.common == 0:
			r.common = s.rate
		case r.common != s.rate:
			r.common = 0
			return
		}
	}
}

// news leaves out the small changes of a measured rate.
func news(before, after float64) bool { return math.Abs(after-before) > before/20 }

func (r *rates) find(iface bool, id uint64) float64 {
	for i := range r.samplers {
		if s := &r.samplers[i]; s.iface == iface && s.id == id {
			return s.rate
		}
	}
	return 0
}

// of returns the rate for a record: by its sampler, then by its interfaces, then of
// all records. 0 is unknown.
func (r *rates) of(id uint64, hasID bool, in, out uint32) float64 {
	if len(r.samplers) > 0 {
		if hasID {
			if v := r.find(false, id); v > 0 {
				return v
			}
		}
		if in != 0 {
			if v := r.find(true, uint64(in)); v > 0 {
				return v
			}
		}
		if out != 0 {
			if v := r.find(true, uint64(out)); v > 0 {
				return v
			}
		}
	}
	if r.domain > 0 {
		return r.domain
	}
	// A record that does not tell its sampler has been through one of them.
	if !hasID {
		return r.common
	}
	return 0
}

// only returns the rate if it is the same for all records.
func (r *rates) only() (float64, bool) { return r.domain, len(r.samplers) == 0 }

// sampling returns the rate for the record at pos: of itself, of its exporter's
// observation domain, or of that exporter's domain 0, which stands for the whole device.
func (r *reader) sampling(p *plan, b []byte, pos int) float64 {
	if p.rates {
		if v := p.rate(b, pos); v > 0 {
			return v
		}
	}
	id, has := p.number(slotSampler, b, pos), p.has[slotSampler]
	if v := r.s.rates.of(id, has, r.rec.In, r.rec.Out); v > 0 {
		return v
	}
	if zero := r.s.zero(); zero != nil {
		return zero.rates.of(id, has, r.rec.In, r.rec.Out)
	}
	return 0
}

// rate reads what a record of data or of option data says of sampling, the most
// telling first: what was measured, then what is configured. 0 is nothing.
func (p *plan) rate(b []byte, pos int) float64 {
	number := func(s slotID) float64 { return float64(p.number(s, b, pos)) }
	if v := ratio(number(slotObservedPackets), number(slotSelectedPackets)); v > 0 {
		return v
	}
	if v := ratio(number(slotPopulation), number(slotSize)); v > 0 {
		return v
	}
	// An interval alone says nothing: Cisco's is 1 where one in 256 is sampled.
	if p.has[slotPacketSpace] {
		if v := ratio(number(slotPacketInterval)+number(slotPacketSpace), number(slotPacketInterval)); v > 0 {
			return v
		}
	}
	if p.has[slotTimeSpace] {
		if v := ratio(number(slotTimeInterval)+number(slotTimeSpace), number(slotTimeInterval)); v > 0 {
			return v
		}
	}
	if p.has[slotProbability] {
		bits := p.number(slotProbability, b, pos)
		probability := math.Float64frombits(bits)
		if p.float32 {
			probability = float64(math.Float32frombits(uint32(bits)))
		}
		if v := ratio(1, probability); v > 0 {
			return v
		}
	}
	if v := ratio(number(slotRandomInterval), 1); v > 0 {
		return v
	}
	return ratio(number(slotInterval), 1)
}

// ratio returns seen/counted, or 0 if that is no rate.
func ratio(seen, counted float64) float64 {
	v := seen / counted
	if counted <= 0 || math.IsNaN(v) || v < 1 || v > maxRate {
		return 0
	}
	return v
}
