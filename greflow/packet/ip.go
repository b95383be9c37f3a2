package packet

import (
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// Header is an IP packet that was found. It aliases the bytes it was found in.
// It has no more than 32 bytes, so that it is passed in registers and never copied.
type Header struct {
	ip    []byte // from the IP header on, without what the link layer padded
	body  uint32 // where in ip the transport begins
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
func read(b []byte) (h Header, ok bool) {
	if len(b) < ipv4Len {
		return h, false
	}
	if b[0]>>4 != 4 {
		return readIPv6(b)
	}
	length, total := int(b[0]&0x0F)*4, int(be.Uint16(b[2:]))
	// A total length of 0 is that of a packet the interface has yet to cut.
	if total == 0 {
		total = max(length, len(b))
	}
	if length < ipv4Len || total < length {
		return h, false
	}
	ip := b[:min(len(b), total)]
	body := length
	if later := be.Uint16(b[6:])&0x1FFF != 0; later || length > len(ip) {
		body = len(ip)
	}
	return Header{ip: ip, body: uint32(body), proto: b[9]}, true
}

func readIPv6(b []byte) (h Header, ok bool) {
	if len(b) < ipv6Len || b[0]>>4 != 6 {
		return h, false
	}
	// A payload length of 0 is that of a jumbogram, or of one yet to be cut.
	if n := int(be.Uint16(b[4:])); n != 0 {
		b = b[:min(len(b), ipv6Len+n)]
	}
	h = Header{ip: b, body: uint32(len(b)), proto: b[6]}
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
					return h, true
				}
			}
		default:
			h.body = uint32(len(b) - len(rest))
			return h, true
		}
		if length == 0 {
			return h, true
		}
		h.proto, rest = rest[0], rest[min(length, len(rest)):]
	}
	return h, true
}

// payload is that of the transport; empty if cut off or in another fragment.
func (h Header) payload() []byte { return h.ip[h.body:] }

// fillAddresses sets source and destination, never IPv4-mapped.
func (h Header) fillAddresses(r *flow.Record) {
	if h.ip[0]>>4 == 4 {
		a := (*[8]byte)(h.ip[12:])
		r.Src, r.Dst = netip.AddrFrom4([4]byte(a[:4])), netip.AddrFrom4([4]byte(a[4:]))
		return
	}
	a := (*[32]byte)(h.ip[8:])
	r.Src, r.Dst = netip.AddrFrom16([16]byte(a[:16])).Unmap(), netip.AddrFrom16([16]byte(a[16:])).Unmap()
}
