package netflow

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// option takes what a record of option data says of the exporter.
func (r *reader) option(p *plan, b []byte, pos int) {
	r.count.Options++
	if p.rates {
		if rate := p.rate(b, pos); rate > 0 {
			r.sampler(p, b, pos, rate)
		}
	}
	if p.has[slotActive] || p.has[slotIdle] {
		r.timeouts(p.number(slotActive, b, pos), p.number(slotIdle, b, pos))
	}
	if p.has[slotInit] {
		r.init(p.number(slotInit, b, pos))
	}
}

func (r *reader) sampler(p *plan, b []byte, pos int, rate float64) {
	changed := false
	if p.has[slotSampler] {
		changed = r.s.rates.set(sampler{id: p.number(slotSampler, b, pos), rate: rate})
	} else {
		global := true
		for _, s := range [...]slotID{slotIn, slotOut} {
			if id := p.number(s, b, pos); id != 0 {
				global = false
				changed = r.s.rates.set(sampler{iface: true, id: id, rate: rate}) || changed
			}
		}
		if global {
			changed = r.s.rates.setDomain(rate)
		}
	}
	if changed {
		r.note(flow.Note{Kind: flow.NoteSampling, Amount: rate})
	}
}

// timeouts takes what IE 36 and 37 say, in seconds; 0 is not told.
func (r *reader) timeouts(active, idle uint64) {
	before := r.s.timeouts
	if v := int64(min(active, uint64(maxActive/int64(time.Second)))); v > 0 {
		r.s.timeouts.active = time.Duration(v) * time.Second
	}
	if v := int64(min(idle, uint64(maxActive/int64(time.Second)))); v > 0 {
		r.s.timeouts.idle = time.Duration(v) * time.Second
	}
	if r.s.timeouts != before {
		r.note(flow.Note{Kind: flow.NoteTimeouts, Active: r.s.timeouts.active, Idle: r.s.timeouts.idle})
		r.bounds()
	}
}

// init takes what IE 160 says: when the exporter started, in ms since the epoch. It
// is the base of sysUpTime in IPFIX, whose header has none.
func (r *reader) init(ms uint64) {
	if r.s.version != 10 || !r.clock.since(ms) { // the header of v9 tells it
		return
	}
	v := int64(ms)
	if r.s.started != 0 && abs(v-r.s.started) > int64(bootTolerance/time.Millisecond) {
		r.restart()
	}
	r.s.started = v
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
