package sflow

import (
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

const (
	// A sequence number that is older by no more than this is late; older still, the
	// agent counts anew.
	lateWindow = 128
	// Datagrams that overtake each other may turn back the uptime by this, in ms.
	uptimeSlack = 5000
)

// exporterKey has the sender, so that nobody can disturb the count of another agent.
type exporterKey struct {
	from, agent netip.Addr
	subAgent    uint32
}

// exporter is a sequence of datagrams.
type exporter struct {
	seq, uptime uint32
	rate        uint32    // the last sampling rate that was noted
	received    uint32    // flow samples since the last note of a loss
	epoch       uint32    // changes when the agent starts again, which makes all its sources unknown
	recent      [32]int32 // where its sources are, by the last bits of their index
}

type sourceKey struct {
	epoch   uint32 // of the exporter
	discard uint32 // 1: its discarded-packet samples, which have a sequence of their own
	id      uint64 // type and index
}

// source is a sequence of samples.
type source struct {
	seq, drops, rate uint32
}

// follow finds the exporter of a datagram and notes what its numbers say.
func (d *Decoder) follow(key exporterKey, seq, uptime uint32, sink flow.Sink) *exporter {
	e, added, evicted := d.exporters.get(key, d.record.Arrival, &d.last)
	if evicted {
		d.stats.ExportersEvicted++
	}
	ahead := int32(seq - e.seq - 1)
	back := int32(uptime-e.uptime) < -uptimeSlack
	switch {
	case added:
		d.note(sink, flow.NoteSeen, 0)
		d.newEpoch(e)
	case back || ahead < -lateWindow:
		d.stats.Restarts++
		d.note(sink, flow.NoteRestart, 0)
		d.newEpoch(e)
	case ahead < 0:
		d.stats.DatagramsLate++
		return e
	default:
		d.stats.DatagramsLost += uint64(ahead)
	}
	e.seq, e.uptime = seq, uptime
	return e
}

func (d *Decoder) newEpoch(e *exporter) {
	d.epoch++
	e.epoch = d.epoch
}

// count adds to d.lost the samples of the same source that are missing before
// this one, and notes a new sampling rate.
func (d *Decoder) count(e *exporter, s *sample, sink flow.Sink) {
	key := sourceKey{epoch: e.epoch, id: s.source}
	discard := s.format == formatDiscard
	if discard {
		key.discard = 1
	} else {
		e.received++
	}
	src, added, evicted := d.sources.get(key, d.record.Arrival, &e.recent[s.source%uint64(len(e.recent))])
	if evicted {
		d.stats.SourcesEvicted++
	}
	ahead := int32(s.seq - src.seq - 1)
	dropped := max(0, int32(s.drops-src.drops)) // 0 when the agent counts anew
	switch {
	case added || ahead < -lateWindow:
		ahead, dropped = 0, 0
	case ahead < 0:
		return
	}
	if discard {
		d.stats.DiscardsLost += uint64(ahead) + uint64(dropped)
	} else {
		d.stats.SamplesLost += uint64(ahead)
		d.stats.SamplesDropped += uint64(dropped)
		d.lost += float64(ahead) + float64(dropped)
	}
	if !discard && src.rate != s.rate && e.rate != s.rate {
		e.rate = s.rate
		d.note(sink, flow.NoteSampling, float64(s.rate))
	}
	*src = source{seq: s.seq, drops: s.drops, rate: s.rate}
}

// noteLoss notes what count has found in a datagram.
func (d *Decoder) noteLoss(e *exporter, sink flow.Sink) {
	if d.lost == 0 {
		return
	}
	sink.Note(flow.Note{
		Kind: flow.NoteLoss, Exporter: d.record.Exporter, Arrival: d.record.Arrival,
		Amount: d.lost, Of: float64(e.received),
	})
	e.received = 0
}

func (d *Decoder) note(sink flow.Sink, kind flow.NoteKind, amount float64) {
	sink.Note(flow.Note{Kind: kind, Exporter: d.record.Exporter, Arrival: d.record.Arrival, Amount: amount})
}
