package netflow

import (
	"container/list"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// Decoder decodes the datagrams of many exporters and remembers their templates.
// It is not safe for concurrent use.
type Decoder struct {
	cfg    Config
	scopes map[flow.Exporter]*scope
	peers  map[netip.Addr]*peer
	byUse  list.List // of *scope, the last used one in front
	last   *scope    // the one of the last datagram

	bytes              int64
	templates, pending int

	r     reader
	err   *Error
	stats Stats

	// trace sees the sets of data as they are decoded; it is for tests.
	trace func(s *scope, t *template, b []byte, lo, hi int)
}

// NewDecoder returns a Decoder that knows no exporter.
func NewDecoder(cfg Config) *Decoder {
	d := &Decoder{cfg: cfg.withDefaults(), scopes: map[flow.Exporter]*scope{}, peers: map[netip.Addr]*peer{}}
	d.r.d = d
	return d
}

// Decode decodes a datagram that has come from an address at a time, and gives sink
// what it holds. It does not retain the datagram. What is wrong with it is told as
// an [*Error], after as much of it was decoded as can be.
func (d *Decoder) Decode(from netip.Addr, arrival time.Time, datagram []byte, sink flow.Sink) error {
	d.err = nil
	d.stats.Bytes += uint64(len(datagram))
	if len(datagram) < 2 {
		d.fail(ReasonShort)
		return d.failed()
	}
	version := binary.BigEndian.Uint16(datagram)
	h, ok := d.header(version, datagram)
	if ok {
		h.exporter.Addr, h.clock.arrival = from.Unmap().WithZone(""), arrival.UnixNano()
		d.message(&h, datagram, sink)
	}
	return d.failed()
}

func (d *Decoder) fail(r Reason) {
	d.stats.Errors[r]++
	if d.err == nil {
		d.err = &failures[r]
	}
}

// failed is not d.err itself, since a nil *Error is no nil error.
func (d *Decoder) failed() error {
	if d.err == nil {
		return nil
	}
	return d.err
}

// message decodes a datagram with a sound header.
func (d *Decoder) message(h *header, b []byte, sink flow.Sink) {
	now := h.clock.arrival
	s := d.scope(h.exporter, h.version, now)
	if s == nil {
		d.fail(ReasonMemory)
		return
	}
	r := &d.r
	r.s, r.sink, r.count = s, sink, d.stats.of(h.version)
	r.at(h.clock)
	r.count.Datagrams++
	r.greet()

	what := s.sequence.arrive(h.sequence)
	if s.boot.restarted(h) {
		what = reset
	}
	if what == reset {
		r.restart()
	}
	if s.missing.n > 0 && s.missing.expire(now, d.cfg.PendingAge) {
		r.note(flow.Note{Kind: flow.NoteTemplateArrived})
	}
	in := contents{sure: true}
	if h.version == 5 {
		in.records = r.v5(h, b)
	} else {
		in = r.sets(b, h.length, h.end)
	}
	r.follow(h.sequence, what, in)
	r.sink = nil
}

// follow tells what the sequence number of a datagram says, now that it is known what is in it.
func (r *reader) follow(number uint32, what passage, in contents) {
	what, lost, sure := r.s.sequence.done(number, what, in)
	stats := &r.d.stats
	if !sure {
		stats.SequenceUncertain++
	}
	switch {
	case what == late:
		stats.DatagramsLate++
	case lost >= 1:
		stats.RecordsLost += uint64(lost)
		r.note(flow.Note{Kind: flow.NoteLoss, Amount: lost, Of: r.s.received})
		r.s.received = 0
	}
	r.s.received += float64(in.records)
}

func (r *reader) note(n flow.Note) {
	n.Exporter, n.Arrival = r.s.exporter, r.clock.arrival
	r.sink.Note(n)
}

// greet tells the sink what is known of an exporter that it does not know yet.
func (r *reader) greet() {
	s := r.s
	if s.told {
		return
	}
	s.told = true
	r.note(flow.Note{Kind: flow.NoteSeen})
	if s.timeouts != (timeouts{}) {
		r.note(flow.Note{Kind: flow.NoteTimeouts, Active: s.timeouts.active, Idle: s.timeouts.idle})
	}
	if s.rates.domain > 0 {
		r.note(flow.Note{Kind: flow.NoteSampling, Amount: s.rates.domain})
	}
	for i := range s.rates.samplers {
		r.note(flow.Note{Kind: flow.NoteSampling, Amount: s.rates.samplers[i].rate})
	}
}

// at sets the time of the datagram at hand.
func (r *reader) at(c clock) {
	r.clock = c
	if r.s.started != 0 {
		r.clock.since(uint64(r.s.started))
	}
	r.bounds()
}

// bounds finds what the end of a record may be.
func (r *reader) bounds() {
	r.active = r.s.active()
	r.earliest = r.clock.earliest(r.active)
}

// An exporter that restarts more often than flapLimit times, with less than
// flapWindow in between, is two behind one address and domain: that of the other is no restart.
const (
	flapLimit  = 4
	flapWindow = int64(5 * time.Minute)
)

// restart forgets what does not outlast a restart of the exporter. Its templates
// mostly do, but are not trusted as before.
func (r *reader) restart() {
	s, now := r.s, r.clock.arrival
	if now-s.restarted < flapWindow {
		s.flaps++
	} else {
		s.flaps = 0
	}
	s.restarted = now
	if s.flaps >= flapLimit {
		r.d.stats.RestartsIgnored++
		return
	}
	for _, t := range s.templates {
		t.provisional = true
	}
	r.d.giveUp(s, len(s.pending.sets))
	s.started = 0
	r.d.stats.Restarts++
	r.note(flow.Note{Kind: flow.NoteRestart})
}

// Stats returns the counters and gauges.
func (d *Decoder) Stats() Stats {
	s := d.stats
	s.Exporters, s.Templates, s.PendingSets, s.StateBytes = len(d.scopes), d.templates, d.pending, d.bytes
	return s
}

// Forget drops what has aged. It is to be called now and then, about once a minute;
// until then what has aged is still used.
func (d *Decoder) Forget(now time.Time) {
	ns := now.UnixNano()
	ttl := int64(d.cfg.TemplateTTL)
	for e := d.byUse.Back(); e != nil && ns-e.Value.(*scope).seen > ttl; e = d.byUse.Back() {
		d.drop(e.Value.(*scope))
		d.stats.ExportersExpired++
	}
	for e := d.byUse.Front(); e != nil; e = e.Next() {
		s := e.Value.(*scope)
		for old := s.byUse.Back(); old != nil && ns-old.Value.(*template).seen > ttl; old = s.byUse.Back() {
			d.dropTemplate(s, old.Value.(*template))
			d.stats.TemplatesExpired++
		}
		for len(s.pending.sets) > 0 && ns-s.pending.sets[0].clock.arrival > int64(d.cfg.PendingAge) {
			d.giveUp(s, 1)
		}
	}
}
