package sflow

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

var be = binary.BigEndian

// Decoder decodes datagrams of many agents. It is not safe for concurrent use.
type Decoder struct {
	cfg       Config
	exporters table[exporterKey, exporter]
	sources   table[sourceKey, source]
	epoch     uint32
	last      int32 // where the exporter of the last datagram is
	stats     Stats

	// Of the datagram at hand.
	lost   float64
	record flow.Record // what the sink gets: what all have in common is set once

	// general does without [Decoder.usual]; it is for tests.
	general bool
}

// NewDecoder makes a decoder.
func NewDecoder(cfg Config) *Decoder {
	cfg = cfg.withDefaults()
	return &Decoder{
		cfg:       cfg,
		exporters: newTable[exporterKey, exporter](cfg.MaxExporters),
		sources:   newTable[sourceKey, source](cfg.MaxSources),
		record:    flow.Record{Packets: 1},
	}
}

// Decode decodes a datagram that came from the address (without port, never
// IPv4-mapped) at the time, and gives its records and notes to the sink. An
// error is an [*Error]; the samples beside the bad one are delivered all the
// same, as far as they can be found. It does not retain datagram, and allocates
// only for an exporter or data source that is new.
//
// The exporter is the agent address in the datagram, but the sender's where that
// is none of use: missing, unspecified, or a loopback address that came from
// elsewhere.
func (d *Decoder) Decode(from netip.Addr, arrival time.Time, datagram []byte, sink flow.Sink) error {
	d.stats.Datagrams++
	d.stats.Bytes += uint64(len(datagram))
	if err := d.decode(from, arrival.UnixNano(), datagram, sink); err != nil {
		return err
	}
	return nil
}

func (d *Decoder) decode(from netip.Addr, now int64, b []byte, sink flow.Sink) *Error {
	if len(b) < 8 {
		return d.fail(nil, ReasonShort)
	}
	if be.Uint32(b) != 5 {
		return d.fail(nil, ReasonVersion)
	}
	agent, b, ok := readAddress(b[4:])
	if !ok {
		return d.fail(nil, ReasonAddress)
	}
	if len(b) < 16 {
		return d.fail(nil, ReasonShort)
	}
	if !agent.IsValid() || agent.IsUnspecified() || agent.IsLoopback() && !from.IsLoopback() {
		agent = from
	}
	subAgent, seq, uptime, samples := be.Uint32(b), be.Uint32(b[4:]), be.Uint32(b[8:]), be.Uint32(b[12:])

	r := &d.record
	r.Exporter = flow.Exporter{Addr: agent, Version: flow.SFlow5, Domain: subAgent}
	r.Start, r.End, r.Export, r.Arrival = now, now, now, now
	d.lost = 0
	e := d.follow(exporterKey{from: from, agent: agent, subAgent: subAgent}, seq, uptime, sink)
	err := d.decodeSamples(e, samples, b[16:], sink)
	d.noteLoss(e, sink)
	return err
}

// decodeSamples takes each sample by its length: what is wrong inside one does
// not cost the next.
func (d *Decoder) decodeSamples(e *exporter, samples uint32, b []byte, sink flow.Sink) (err *Error) {
	for ; samples > 0; samples-- {
		if !d.general {
			var n uint32
			if n, b = d.usual(e, samples, b, sink); n == samples {
				break
			}
			samples -= n
		}
		format, body, rest, ok := readOpaque(b)
		switch {
		case body == nil:
			return d.fail(err, ReasonSampleCount)
		case !ok:
			return d.fail(err, ReasonSampleLength)
		}
		b = rest
		s := sample{format: format}
		switch format {
		case formatFlow:
			d.stats.FlowSamples++
			ok = s.readFlow(body)
		case formatFlowExpanded:
			d.stats.FlowSamples++
			ok = s.readFlowExpanded(body)
		case formatDiscard:
			d.stats.Discards++
			ok = s.readDiscard(body)
		case formatCounters, formatCountersExpanded:
			d.stats.Counters++
			continue
		default:
			d.stats.OtherSamples++
			continue
		}
		if !ok {
			err = d.fail(err, ReasonSample)
			continue
		}
		d.count(e, &s, sink)
		err = d.decodeSample(&s, err, sink)
	}
	return err
}

// readAddress reads an address and its type; of type 0 there is none.
func readAddress(b []byte) (addr netip.Addr, rest []byte, ok bool) {
	if len(b) < 4 {
		return addr, b, false
	}
	typ, b := be.Uint32(b), b[4:]
	switch {
	case typ == 0:
		return addr, b, true
	case typ == 1 && len(b) >= 4:
		return netip.AddrFrom4([4]byte(b)), b[4:], true
	case typ == 2 && len(b) >= 16:
		return netip.AddrFrom16([16]byte(b)).Unmap(), b[16:], true
	}
	return addr, b, false
}

// readOpaque reads a structure with its format and length before it. Body is nil
// if there is none, and ok false if it is longer than what is there. Structures are
// padded to 4 bytes (RFC 4506 section 4.10), which some agents forget after the last.
func readOpaque(b []byte) (format uint32, body, rest []byte, ok bool) {
	if len(b) < 8 {
		return 0, nil, nil, false
	}
	format, length := be.Uint32(b), uint64(be.Uint32(b[4:]))
	b = b[8:]
	if length > uint64(len(b)) {
		return format, b, nil, false
	}
	padded := min((length+3)&^3, uint64(len(b)))
	return format, b[:length:length], b[padded:], true
}

// Stats returns the counters.
func (d *Decoder) Stats() Stats {
	s := d.stats
	s.Exporters, s.Sources = len(d.exporters.nodes), len(d.sources.nodes)
	return s
}

// Forget drops exporters and data sources that have been silent for Config.TTL. To be
// called now and then; it takes a time that grows with their number.
func (d *Decoder) Forget(now time.Time) {
	since := now.Add(-d.cfg.TTL).UnixNano()
	d.stats.ExportersExpired += uint64(d.exporters.expire(since))
	d.stats.SourcesExpired += uint64(d.sources.expire(since))
}
