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

// sample is the fixed part of a flow sample, or of a discarded-packet sample.
type sample struct {
	seq, rate, drops uint32
	source           uint64 // type in the upper half, index in the lower
	in, out          uint32 // ifIndex; 0: unknown, several or the agent itself
	discard          bool   // a discarded-packet sample
	dropped          bool
	reason           uint32
	count            uint32
	records          []byte
}

func (s *sample) readFlow(b []byte) bool {
	if len(b) < 32 {
		return false
	}
	id := be.Uint32(b[4:])
	s.seq, s.source = be.Uint32(b), uint64(id>>24)<<32|uint64(id&0xFFFFFF)
	s.rate, s.drops = be.Uint32(b[8:]), be.Uint32(b[16:])
	in, out := be.Uint32(b[20:]), be.Uint32(b[24:])
	s.interfaces(in>>30, in&noInterface, out>>30, out&noInterface)
	s.count, s.records = be.Uint32(b[28:]), b[32:]
	return true
}

func (s *sample) readFlowExpanded(b []byte) bool {
	if len(b) < 44 {
		return false
	}
	s.seq, s.source = be.Uint32(b), be.Uint64(b[4:])
	s.rate, s.drops = be.Uint32(b[12:]), be.Uint32(b[20:])
	s.interfaces(be.Uint32(b[24:]), be.Uint32(b[28:]), be.Uint32(b[32:]), be.Uint32(b[36:]))
	s.count, s.records = be.Uint32(b[40:]), b[44:]
	return true
}

func (s *sample) readDiscard(b []byte) bool {
	if len(b) < 32 {
		return false
	}
	s.seq, s.source, s.drops = be.Uint32(b), be.Uint64(b[4:]), be.Uint32(b[12:])
	s.interfaces(interfaceSingle, be.Uint32(b[16:]), interfaceSingle, be.Uint32(b[20:]))
	s.discard, s.dropped, s.reason = true, true, be.Uint32(b[24:])
	s.count, s.records = be.Uint32(b[28:]), b[32:]
	return true
}

const (
	interfaceSingle    = 0 // the value is an ifIndex
	interfaceDiscarded = 1 // of output only: the value is a reason; 2: it is a number of interfaces

	noInterface         = 0x3FFFFFFF // the packet is from, or for, the agent itself
	noInterfaceExpanded = 0xFFFFFFFF
)

func (s *sample) interfaces(inFormat, in, outFormat, out uint32) {
	s.in, s.out = single(inFormat, in), single(outFormat, out)
	if outFormat == interfaceDiscarded {
		s.dropped, s.reason = true, out
	}
}

func single(format, value uint32) uint32 {
	if format != interfaceSingle || value == noInterface || value == noInterfaceExpanded {
		return 0
	}
	return value
}

// direction tells on which side of its interface the agent sampled the packet.
func (s *sample) direction() flow.Direction {
	// The upper half is the type: 0 is an ifIndex.
	switch {
	case s.in == s.out || s.source == 0:
	case s.source == uint64(s.in):
		return flow.Ingress
	case s.source == uint64(s.out):
		return flow.Egress
	}
	return flow.DirectionUnknown
}
