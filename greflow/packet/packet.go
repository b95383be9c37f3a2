package packet

import "github.com/otelcol-pptp/otelcol-pptp/greflow/flow"

// Parse writes into r what the headers in b say, which may be cut off anywhere:
// [Find] and [Header.Fill]. Where it finds no IP packet it is false and r is as
// before. It does not allocate and does not retain b.
func Parse(r *flow.Record, link Link, b []byte) bool {
	h, ok := Find(link, b)
	if ok {
		h.Fill(r)
	}
	return ok
}

// Relevant says that the packet is GRE, of PPTP's control connection, or an ICMP
// destination unreachable that quotes one of these or too little to tell.
func (h Header) Relevant() bool {
	if h.ours() {
		return true
	}
	if !h.unreachable() {
		return false
	}
	quoted, ok := h.quoted()
	return !ok || quoted.ours()
}

// ForeignLen is how much of a frame [Foreign] looks at.
const ForeignLen = 42

// Foreign says of most Ethernet frames, by a few of their bytes, that [Find] finds
// a packet in them that is not [Header.Relevant]. It knows TCP and UDP over IPv4
// without options, with at most one VLAN tag, and is false for all else.
func Foreign(b *[ForeignLen]byte) bool {
	ip := (*[26]byte)(b[12:]) // with the type before it
	if be.Uint16(ip[:]) == typeVLAN {
		ip = (*[26]byte)(b[16:])
	}
	return be.Uint32(ip[:])>>8 == typeIPv4<<8|0x45 && be.Uint16(ip[4:])-1 >= ipv4Len-1 && // as for read, 0 is a total length
		(ip[11] == protoUDP ||
			ip[11] == flow.ProtoTCP && be.Uint16(ip[22:]) != flow.PPTPPort && be.Uint16(ip[24:]) != flow.PPTPPort)
}

// Fill sets addresses, protocol, ports, TCP flags, ICMP type and code and the Call
// ID of r, to zero where the packet does not tell: later fragments have no ports.
//
// An ICMP destination unreachable that quotes GRE or PPTP's control connection
// becomes a record about what it quotes: addresses, protocol, ports and Call ID
// are those of the packet that was not delivered, Drop is [flow.DropICMP], Code
// the ICMP code and DropBy the sender of the message. All other fields, Drop of
// other packets among them, are left to the caller; what it knows of the length
// is then the length of the message.
func (h Header) Fill(r *flow.Record) {
	r.SrcPort, r.DstPort, r.TCPFlags = 0, 0, 0
	r.ICMPType, r.ICMPCode, r.HasICMP = 0, 0, false
	r.CallID, r.HasCallID = 0, false
	h.fillAddresses(r)
	if h.unreachable() {
		if quoted, ok := h.quoted(); ok && quoted.ours() {
			r.Drop, r.Code, r.DropBy = flow.DropICMP, uint16(h.payload()[1]), r.Src
			quoted.fillAddresses(r)
			h = quoted
		}
	}
	r.Proto = h.proto
	fillTransport(r, h.payload())
}

// ours says that the packet is GRE or of PPTP's control connection.
func (h Header) ours() bool {
	switch h.proto {
	case flow.ProtoGRE:
		return true
	case flow.ProtoTCP:
		p := h.payload()
		return len(p) >= 4 && (be.Uint16(p) == flow.PPTPPort || be.Uint16(p[2:]) == flow.PPTPPort)
	}
	return false
}
