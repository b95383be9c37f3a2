package packet

import "github.com/otelcol-pptp/otelcol-pptp/greflow/flow"

const (
	protoUDP = 17

	icmpUnreachable   = 3 // RFC 792
	icmpv6Unreachable = 1 // RFC 4443 section 3.1
	icmpLen           = 8 // what stands before the quoted packet, in both versions

	// Enhanced GRE (RFC 2637 section 4.1) has a key and neither checksum nor routing.
	greChecksumRoutingKey = 0xE0 // in the first byte
	greKey                = 0x20
	greVersion            = 0x07 // in the second
	greEnhanced           = 1
	greProtocolPPP        = 0x880B
)

// FillPayload adds what the payload of an IP packet says, of which r tells the
// protocol already (IPFIX element 314). What is not in b stays as it is in r. It
// does not allocate and does not retain b.
func FillPayload(r *flow.Record, b []byte) { fillTransport(r, b) }

func fillTransport(r *flow.Record, b []byte) {
	switch r.Proto {
	case flow.ProtoTCP:
		fillPorts(r, b)
		if len(b) >= 14 {
			r.TCPFlags = b[13]
		}
	case protoUDP:
		fillPorts(r, b)
	case flow.ProtoGRE:
		// The upper half of the key is the length of the payload, the lower one the Call ID.
		if len(b) >= 8 && b[0]&greChecksumRoutingKey == greKey && b[1]&greVersion == greEnhanced &&
			be.Uint16(b[2:]) == greProtocolPPP {
			r.CallID, r.HasCallID = be.Uint16(b[6:]), true
		}
	case flow.ProtoICMP, flow.ProtoICMPv6:
		if len(b) >= 2 {
			r.ICMPType, r.ICMPCode, r.HasICMP = b[0], b[1], true
		}
	}
}

func fillPorts(r *flow.Record, b []byte) {
	if len(b) >= 4 {
		r.SrcPort, r.DstPort = be.Uint16(b), be.Uint16(b[2:])
	}
}

// unreachable says that the packet is an ICMP destination unreachable.
func (h Header) unreachable() bool {
	var typ byte
	switch h.proto {
	case flow.ProtoICMP:
		typ = icmpUnreachable
	case flow.ProtoICMPv6:
		typ = icmpv6Unreachable
	default:
		return false
	}
	p := h.payload()
	return len(p) >= 2 && p[0] == typ
}

// quoted finds the packet that an ICMP error quotes. It is false as well when
// of a TCP packet the ports are missing.
func (h Header) quoted() (q Header, ok bool) {
	if len(h.payload()) < icmpLen {
		return q, false
	}
	q, ok = read(h.payload()[icmpLen:])
	if ok && q.proto == flow.ProtoTCP && len(q.payload()) < 4 {
		ok = false
	}
	return q, ok
}
