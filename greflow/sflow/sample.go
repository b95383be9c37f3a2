package sflow

import "github.com/otelcol-pptp/otelcol-pptp/greflow/flow"

// Sample formats (enterprise 0).
const (
	formatFlow             = 1
	formatCounters         = 2
	formatFlowExpanded     = 3
	formatCountersExpanded = 4
	formatDiscard          = 5
)

// sample is a flow sample, or a discarded-packet sample. Most hold nothing of
// interest: of the fixed part only that is read at once by which samples are counted.
type sample struct {
	format           uint32
	seq, rate, drops uint32
	source           uint64 // type in the upper half, index in the lower
	count            uint32
	fixed, records   []byte
}

func (s *sample) readFlow(b []byte) bool {
	if len(b) < 32 {
		return false
	}
	s.seq, s.source = be.Uint32(b), sourceID(be.Uint32(b[4:]))
	s.rate, s.drops = be.Uint32(b[8:]), be.Uint32(b[16:])
	s.count, s.fixed, s.records = be.Uint32(b[28:]), b, b[32:]
	return true
}

// sourceID makes an expanded data source of a compact one.
func sourceID(v uint32) uint64 { return uint64(v>>24)<<32 | uint64(v&0xFFFFFF) }

func (s *sample) readFlowExpanded(b []byte) bool {
	if len(b) < 44 {
		return false
	}
	s.seq, s.source = be.Uint32(b), be.Uint64(b[4:])
	s.rate, s.drops = be.Uint32(b[12:]), be.Uint32(b[20:])
	s.count, s.fixed, s.records = be.Uint32(b[40:]), b, b[44:]
	return true
}

// readDiscard leaves the rate at 0. Discards are all reported, up to a limit: the
// rate at which the agent samples says nothing of them, nor they of it.
func (s *sample) readDiscard(b []byte) bool {
	if len(b) < 32 {
		return false
	}
	s.seq, s.source, s.drops = be.Uint32(b), be.Uint64(b[4:]), be.Uint32(b[12:])
	s.count, s.fixed, s.records = be.Uint32(b[28:]), b, b[32:]
	return true
}

const (
	interfaceSingle    = 0 // the value is an ifIndex
	interfaceDiscarded = 1 // of output only: the value is a reason; 2: it is a number of interfaces

	noInterface         = 0x3FFFFFFF // the packet is from, or for, the agent itself
	noInterfaceExpanded = 0xFFFFFFFF
)

// port is where a packet came in or went out.
type port struct{ format, value uint32 }

// compact is a port in 32 bits.
func compact(v uint32) port { return port{v >> 30, v & noInterface} }

// ifIndex is 0 if unknown, several or the agent itself.
func (p port) ifIndex() uint32 {
	if p.format != interfaceSingle || p.value == noInterface || p.value == noInterfaceExpanded {
		return 0
	}
	return p.value
}

// ports reads them from the fixed part of a sample, and why the agent dropped the
// packet if it did.
func ports(format uint32, b []byte) (in, out port, reason uint32, dropped bool) {
	switch format {
	case formatFlow:
		in, out = compact(be.Uint32(b[20:])), compact(be.Uint32(b[24:]))
	case formatFlowExpanded:
		in, out = port{be.Uint32(b[24:]), be.Uint32(b[28:])}, port{be.Uint32(b[32:]), be.Uint32(b[36:])}
	case formatDiscard:
		in, out = port{interfaceSingle, be.Uint32(b[16:])}, port{interfaceSingle, be.Uint32(b[20:])}
		return in, out, be.Uint32(b[24:]), true
	}
	return in, out, out.value, out.format == interfaceDiscarded
}

// direction tells on which side of its interface the agent sampled the packet.
func direction(source uint64, in, out uint32) flow.Direction {
	// The upper half is the type: 0 is an ifIndex.
	switch {
	case in == out || source == 0:
	case source == uint64(in):
		return flow.Ingress
	case source == uint64(out):
		return flow.Egress
	}
	return flow.DirectionUnknown
}
