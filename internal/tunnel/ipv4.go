package tunnel

import (
	"encoding/binary"
	"net/netip"
)

// RFC 791 §3.1.
const (
	ipv4HeaderLen = 20

	protocolICMP = 1

	flagDF = 0x4000
	flagMF = 0x2000

	defaultTTL = 64
)

// ipv4Header is the header of one packet.
type ipv4Header struct {
	src, dst  netip.Addr
	headerLen int
	totalLen  int
	offset    int // of the payload in the datagram, in bytes
	id        uint16
	df, mf    bool
	ttl       uint8
	protocol  uint8
}

func (h *ipv4Header) fragment() bool { return h.mf || h.offset != 0 }

// parseIPv4 reads the header of a whole packet: lengths must fit the packet
// and the header checksum must be right. Bytes after the total length are the
// link's padding.
func parseIPv4(b []byte) (h ipv4Header, ok bool) {
	if h, ok = parseIPv4Header(b); !ok || h.totalLen > len(b) || checksum(b[:h.headerLen]) != 0 {
		return ipv4Header{}, false
	}
	return h, true
}

// parseIPv4Header reads a header alone. ICMP errors quote only the start of
// the packet (RFC 792), and routers on the way may have changed it, so neither
// the total length nor the checksum can be held against what is there.
func parseIPv4Header(b []byte) (ipv4Header, bool) {
	if len(b) < ipv4HeaderLen || b[0]>>4 != 4 {
		return ipv4Header{}, false
	}
	flags := binary.BigEndian.Uint16(b[6:])
	h := ipv4Header{
		src:       netip.AddrFrom4([4]byte(b[12:16])),
		dst:       netip.AddrFrom4([4]byte(b[16:20])),
		headerLen: int(b[0]&0x0f) * 4,
		totalLen:  int(binary.BigEndian.Uint16(b[2:])),
		offset:    int(flags&0x1fff) * 8,
		id:        binary.BigEndian.Uint16(b[4:]),
		df:        flags&flagDF != 0,
		mf:        flags&flagMF != 0,
		ttl:       b[8],
		protocol:  b[9],
	}
	if h.headerLen < ipv4HeaderLen || h.headerLen > len(b) || h.totalLen < h.headerLen {
		return ipv4Header{}, false
	}
	return h, true
}

// appendIPv4 appends a header without options for a payload of payloadLen
// bytes that the caller appends next.
func appendIPv4(dst []byte, h *ipv4Header, payloadLen int) []byte {
	start := len(dst)
	dst = append(dst, 0x45, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(ipv4HeaderLen+payloadLen))
	dst = binary.BigEndian.AppendUint16(dst, h.id)
	var flags uint16
	if h.df {
		flags = flagDF
	}
	dst = binary.BigEndian.AppendUint16(dst, flags)
	dst = append(dst, h.ttl, h.protocol, 0, 0)
	src4, dst4 := h.src.As4(), h.dst.As4()
	dst = append(dst, src4[:]...)
	dst = append(dst, dst4[:]...)
	binary.BigEndian.PutUint16(dst[start+10:], checksum(dst[start:]))
	return dst
}

// checksum is the Internet checksum (RFC 1071); it is 0 over data that holds
// its own right checksum.
func checksum(b []byte) uint16 {
	var sum uint32
	for len(b) >= 2 {
		sum += uint32(b[0])<<8 | uint32(b[1])
		b = b[2:]
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// unicast says whether a packet may come from, or go to, this one host.
func unicast(a netip.Addr) bool {
	return a.Is4() && !a.IsUnspecified() && !a.IsMulticast() && a != broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
