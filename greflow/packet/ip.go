package packet

import "net/netip"

// Header is an IP packet that was found. It aliases the bytes it was found in.
type Header struct {
	ip    []byte // from the IP header on, without what the link layer padded
	body  int    // where in ip the transport begins
	proto uint8
}

const (
	ipv4Len = 20
	ipv6Len = 40

	// Extension headers of IPv6 (RFC 8200 section 4, RFC 4302, RFC 6275, RFC 7401, RFC 5533).
	extHopByHop    = 0
	extRouting     = 43
	extFragment    = 44
	extAuth        = 51
	extDestination = 60
	extMobility    = 135
	extHIP         = 139
	extShim6       = 140

	// More than this many in one packet are not followed: no sane one has half of it.
	maxExtensions = 8
)

// read takes the packet that b begins with.
func (h *Header) read(b []byte) bool {
	if len(b) < ipv4Len {
		return false
	}
	switch b[0] >> 4 {
	case 4:
		return h.readIPv4(b)
	case 6:
		return h.readIPv6(b)
	}
	return false
}

func (h *Header) readIPv4(b []byte) bool {
	length, total := int(b[0]&0x0F)*4, int(be.Uint16(b[2:]))
	// A total length of 0 is that of a packet the interface has yet to cut.
	if total == 0 {
		total = max(length, len(b))
	}
	if length < ipv4Len || total < length {
		return false
	}
	h.ip = b[:min(len(b), total)]
	h.proto = b[9]
	h.body = length
	if later := be.Uint16(b[6:])&0x1FFF != 0; later || length > len(h.ip) {
		h.body = len(h.ip)
	}
	return true
}

func (h *Header) readIPv6(b []byte) bool {
	if len(b) < ipv6Len {
		return false
	}
	// A payload length of 0 is that of a jumbogram, or of one yet to be cut.
	if n := int(be.Uint16(b[4:])); n != 0 {
		b = b[:min(len(b), ipv6Len+n)]
	}
	h.ip = b
	h.proto = b[6]
	h.body = len(b)
	rest := b[ipv6Len:]
	for range maxExtensions {
		length := 0
		switch h.proto {
		case extHopByHop, extRouting, extDestination, extMobility, extHIP, extShim6:
			if len(rest) >= 2 {
				length = (int(rest[1]) + 1) * 8
			}
		case extAuth:
			if len(rest) >= 2 {
				length = (int(rest[1]) + 2) * 4
			}
		case extFragment:
			if len(rest) >= 4 {
				length = 8
				if be.Uint16(rest[2:])&^7 != 0 { // not the first: what follows is not a header
					h.proto = rest[0]
					return true
				}
			}
		default:
			h.body = len(b) - len(rest)
			return true
		}
		if length == 0 {
			return true
		}
		h.proto, rest = rest[0], rest[min(length, len(rest)):]
	}
	return true
}

// payload is that of the transport; empty if cut off or in another fragment.
func (h *Header) payload() []byte { return h.ip[h.body:] }

// addresses gives source and destination, never IPv4-mapped.
func (h *Header) addresses() (src, dst netip.Addr) {
	if h.ip[0]>>4 == 4 {
		return netip.AddrFrom4([4]byte(h.ip[12:16])), netip.AddrFrom4([4]byte(h.ip[16:20]))
	}
	return netip.AddrFrom16([16]byte(h.ip[8:24])).Unmap(), netip.AddrFrom16([16]byte(h.ip[24:40])).Unmap()
}
