// Package sim imitates flow exporters in virtual time: their flow cache with its
// active and idle time-outs, sampling, datagrams that are lost or late, restarts, and a
// clock of their own. It makes flow.Records and flow.Notes as a decoder would.
package sim

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// Config is what an exporter is like. Times of zero are none.
type Config struct {
	Exporter  flow.Exporter
	In, Out   uint32
	Direction flow.Direction
	Active    time.Duration
	Idle      time.Duration
	Sampling  int           // 0 and 1: every packet
	Loss      float64       // share of datagrams
	Jitter    time.Duration // datagrams are late by up to this, and so overtake each other
	Ahead     time.Duration // of its clock
	Reasons   bool          // tells why a flow ended
	Biflow    bool          // puts both ways of a flow into one record, the lower address first
	Joint     bool          // keeps both ways in one entry too, but tells them in two records with the same times
	Lazy      bool          // looks at the active time-out only when a packet comes
	Silent    bool          // tells neither its time-outs nor its sampling
}

// Exporter is one of them.
type Exporter struct {
	Config
	sink  flow.Sink
	rand  *rand.Rand
	flows []*Flow
	queue []datagram
	batch []flow.Record

	lost, came float64
	down       time.Time // until then
	restarted  bool
	told       bool
}

type datagram struct {
	at      time.Time
	records []flow.Record
	lost    float64 // records that were lost before it
	restart bool
}

// Flow is an entry of the flow cache, and stays one while it is empty.
type Flow struct {
	Record flow.Record // addresses, ports, protocol, Call ID
	start  time.Time
	last   time.Time
	packet [2]uint64
	flags  [2]uint8
}

// perDatagram is how many records fit.
const perDatagram = 20

// New returns an exporter that exports to sink.
func New(cfg Config, sink flow.Sink, seed uint64) *Exporter {
	cfg.Sampling = max(cfg.Sampling, 1)
	return &Exporter{Config: cfg, sink: sink, rand: rand.New(rand.NewPCG(seed, 47))} //nolint:gosec // a simulation is repeatable
}

// Flow makes an entry. With Biflow or Joint it serves both ways.
func (e *Exporter) Flow(src, dst netip.Addr, proto uint8, srcPort, dstPort uint16) *Flow {
	f := &Flow{Record: flow.Record{
		Exporter: e.Exporter, In: e.In, Out: e.Out, Direction: e.Direction,
		Src: src, Dst: dst, Proto: proto, SrcPort: srcPort, DstPort: dstPort, Biflow: e.Biflow,
	}}
	e.flows = append(e.flows, f)
	return f
}

// shared says that an entry is for both ways.
func (e *Exporter) shared() bool { return e.Biflow || e.Joint }

// Add sees n packets of f between from and to; reverse are those the other way of a biflow.
func (e *Exporter) Add(f *Flow, n int, from, to time.Time, flags uint8, reverse bool) {
	if !from.After(e.down) && !e.down.IsZero() {
		return
	}
	if n = e.sample(n); n == 0 {
		return
	}
	if e.Sampling > 1 {
		// Which of them were taken is not known.
		span := to.Sub(from)
		at := from.Add(time.Duration(e.rand.Float64() * float64(span)))
		if n == 1 {
			from, to = at, at
		}
	}
	if e.Lazy && !f.start.IsZero() && from.Sub(f.start) >= e.Active {
		e.export(f, flow.EndActive, from)
	}
	if f.start.IsZero() {
		f.start = from
	}
	if to.After(f.last) {
		f.last = to
	}
	way := 0
	if reverse {
		way = 1
	}
	f.packet[way] += uint64(n)
	f.flags[way] |= flags
}

// sample draws how many of n packets are taken.
func (e *Exporter) sample(n int) int {
	if e.Sampling == 1 || n == 0 {
		return n
	}
	mean := float64(n) / float64(e.Sampling)
	if mean > 50 {
		return max(0, int(mean+math.Sqrt(mean)*e.rand.NormFloat64()+0.5))
	}
	taken, product, limit := -1, 1.0, math.Exp(-mean)
	for product > limit {
		product *= e.rand.Float64()
		taken++
	}
	return min(taken, n)
}

// Restart empties the cache, and is silent for the time given.
func (e *Exporter) Restart(now time.Time, down time.Duration) {
	for _, f := range e.flows {
		f.clear()
	}
	e.batch = e.batch[:0]
	e.down, e.restarted, e.told = now.Add(down), true, false
}

func (f *Flow) clear() {
	f.start, f.last = time.Time{}, time.Time{}
	f.packet, f.flags = [2]uint64{}, [2]uint8{}
}

// Run exports what is due, and delivers what has arrived. To be called in the order of time.
func (e *Exporter) Run(now time.Time) {
	if now.Before(e.down) {
		e.deliver(now)
		return
	}
	for _, f := range e.flows {
		if f.start.IsZero() {
			continue
		}
		switch {
		case now.Sub(f.start) >= e.Active && !e.Lazy:
			e.export(f, flow.EndActive, now)
		case now.Sub(f.last) >= e.Idle:
			e.export(f, flow.EndIdle, now)
		}
	}
	e.send(now)
	e.deliver(now)
}

// Flush exports all there is, as when the exporter is stopped.
func (e *Exporter) Flush(now time.Time) {
	for _, f := range e.flows {
		if !f.start.IsZero() {
			e.export(f, flow.EndForced, now)
		}
	}
	e.send(now)
	e.deliver(now.Add(e.Jitter))
}

func (e *Exporter) export(f *Flow, why flow.EndReason, now time.Time) {
	r := f.Record
	r.Packets, r.Bytes = f.packet[0], 100*f.packet[0]
	r.RevPackets, r.RevBytes = f.packet[1], 100*f.packet[1]
	r.TCPFlags, r.RevTCPFlags = f.flags[0], f.flags[1]
	if e.Reasons {
		r.EndReason = why
	}
	r.Start, r.End = f.start.Add(e.Ahead).UnixNano(), f.last.Add(e.Ahead).UnixNano()
	if !e.Silent {
		r.Sampling = float64(e.Sampling)
	}
	f.clear()
	if !e.Joint {
		e.add(&r, now)
		return
	}
	back := r
	back.Src, back.Dst, back.SrcPort, back.DstPort = r.Dst, r.Src, r.DstPort, r.SrcPort
	back.Packets, back.Bytes, back.TCPFlags = r.RevPackets, r.RevBytes, r.RevTCPFlags
	for _, one := range []*flow.Record{&r, &back} {
		if one.RevPackets, one.RevBytes, one.RevTCPFlags = 0, 0, 0; one.Packets > 0 {
			e.add(one, now)
		}
	}
}

func (e *Exporter) add(r *flow.Record, now time.Time) {
	e.batch = append(e.batch, *r)
	if len(e.batch) == perDatagram {
		e.send(now)
	}
}

func (e *Exporter) send(now time.Time) {
	if len(e.batch) == 0 && !e.restarted {
		return
	}
	if e.rand.Float64() < e.Loss && !e.restarted {
		e.lost += float64(len(e.batch))
		e.batch = e.batch[:0]
		return
	}
	d := datagram{at: now, lost: e.lost, restart: e.restarted, records: append([]flow.Record(nil), e.batch...)}
	if e.Jitter > 0 {
		d.at = now.Add(time.Duration(e.rand.Int64N(int64(e.Jitter))))
	}
	for i := range d.records {
		d.records[i].Export = now.Add(e.Ahead).UnixNano()
	}
	e.batch, e.lost, e.restarted = e.batch[:0], 0, false
	e.queue = append(e.queue, d)
}

func (e *Exporter) deliver(now time.Time) {
	for {
		next := -1
		for i := range e.queue {
			if !e.queue[i].at.After(now) && (next < 0 || e.queue[i].at.Before(e.queue[next].at)) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		d := e.queue[next]
		e.queue[next] = e.queue[len(e.queue)-1]
		e.queue = e.queue[:len(e.queue)-1]
		e.arrive(&d)
	}
}

func (e *Exporter) arrive(d *datagram) {
	note := flow.Note{Exporter: e.Exporter, Arrival: d.at.UnixNano()}
	send := func(k flow.NoteKind, fill func(*flow.Note)) {
		n := note
		n.Kind = k
		if fill != nil {
			fill(&n)
		}
		e.sink.Note(n)
	}
	if d.restart {
		send(flow.NoteRestart, nil)
	}
	if !e.told && !e.Silent {
		e.told = true
		send(flow.NoteTimeouts, func(n *flow.Note) { n.Active, n.Idle = e.Active, e.Idle })
		send(flow.NoteSampling, func(n *flow.Note) { n.Amount = float64(e.Sampling) })
	}
	if d.lost > 0 {
		send(flow.NoteLoss, func(n *flow.Note) { n.Amount, n.Of = d.lost, e.came })
		e.came = 0
	}
	for i := range d.records {
		d.records[i].Arrival = d.at.UnixNano()
		e.came++
		e.sink.Record(&d.records[i])
	}
}
