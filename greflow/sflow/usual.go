package sflow

import (
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/packet"
)

const (
	compactRecords  = 8 + 32 // where the records of a flow sample begin
	expandedRecords = 8 + 44

	// What is looked at of a record that is the header of an Ethernet frame.
	usualRecord = 8 + headerFixed + packet.ForeignLen
)

// usual decodes the samples that b begins with as long as they are what nearly all
// are: flow samples that their source counts as expected, of which the first
// record is the header of an Ethernet frame and no other is of use. It returns
// how many, and what is left.
//
// It does what count and decodeSample would, in less than half of the time where the
// packet is of no interest. It stops before the first sample that is anything else,
// with nothing of that one done.
func (d *Decoder) usual(e *exporter, samples uint32, b []byte, sink flow.Sink) (done uint32, rest []byte) {
	nodes := d.sources.nodes
	for ; done < samples && len(b) >= expandedRecords+usualRecord; done++ {
		x := be.Uint64(b)
		format, end := x>>32, 8+uint64(uint32(x))
		if end > uint64(len(b)) {
			break
		}
		var id, at uint64 // at is where its records begin
		var s source
		var count uint32
		var record *[usualRecord]byte
		if format == formatFlow {
			id = sourceID(be.Uint32(b[12:]))
			s = source{seq: be.Uint32(b[8:]), rate: be.Uint32(b[16:]), drops: be.Uint32(b[24:])}
			count, at, record = be.Uint32(b[36:]), compactRecords, (*[usualRecord]byte)(b[compactRecords:])
		} else if format == formatFlowExpanded {
			id = be.Uint64(b[12:])
			s = source{seq: be.Uint32(b[8:]), rate: be.Uint32(b[20:]), drops: be.Uint32(b[28:])}
			count, at, record = be.Uint32(b[48:]), expandedRecords, (*[usualRecord]byte)(b[expandedRecords:])
		} else {
			break
		}
		x = be.Uint64(record[:])
		length, frame := uint64(uint32(x)), uint64(be.Uint32(record[20:]))
		if x>>32 != recordHeader || be.Uint32(record[8:]) != 1 || frame < packet.ForeignLen || headerFixed+frame > length ||
			(end|length)%4 != 0 || !useless(b[:end], at+8+length, count) {
			break
		}
		i := uint(e.recent[id%uint64(len(e.recent))])
		if i >= uint(len(nodes)) {
			break
		}
		n := &nodes[i]
		if n.key != (sourceKey{epoch: e.epoch, id: id}) ||
			n.value.seq+1 != s.seq || n.value.drops != s.drops || n.value.rate != s.rate {
			break
		}
		if d.cfg.All || !packet.Foreign((*[packet.ForeignLen]byte)(record[24:])) {
			if !d.packet(b, at, sink) {
				break
			}
		}
		n.used, n.value.seq = d.record.Arrival, s.seq
		b = b[end:]
	}
	d.stats.FlowSamples += uint64(done)
	d.stats.Records += uint64(done)
	e.received += done
	return done, b
}

// useless says that there are so many records from at on with the one before them,
// that they are sound, and that none of them is of use.
func useless(b []byte, at uint64, count uint32) bool {
	lengths := uint64(0)
	for ; count > 1; count-- {
		if at+8 > uint64(len(b)) {
			return false
		}
		x := be.Uint64(b[at:])
		switch x >> 32 {
		case recordHeader, recordIPv4, recordIPv6, recordNAT:
			return false
		}
		lengths |= x
		at += 8 + uint64(uint32(x))
	}
	return count == 1 && at <= uint64(len(b)) && lengths%4 == 0
}

// packet gives the packet of a sample whose records begin at a place to the sink, if
// it is of interest. It is false if there is none.
func (d *Decoder) packet(b []byte, at uint64, sink flow.Sink) bool {
	record := b[at:]
	h, ok := packet.Find(packet.LinkEthernet, record[24:24+be.Uint32(record[20:])])
	if !ok {
		return false
	}
	if !d.cfg.All && !h.Relevant() {
		return true
	}
	var code uint16
	var dropped bool
	if at == compactRecords {
		code, dropped = d.begin(formatFlow, b[8:], sourceID(be.Uint32(b[12:])), be.Uint32(b[16:]))
	} else {
		code, dropped = d.begin(formatFlowExpanded, b[8:], be.Uint64(b[12:]), be.Uint32(b[20:]))
	}
	r := &d.record
	r.Bytes = uint64(be.Uint32(record[12:]))
	h.Fill(r)
	if dropped && r.Drop != flow.DropICMP {
		r.Drop, r.Code = flow.DropSFlow, code
	}
	d.stats.Delivered++
	sink.Record(r)
	return true
}
