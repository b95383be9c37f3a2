package gateway

import (
	"encoding/binary"
	"net/netip"
)

// Numbers of IPv4 (RFC 791), ICMP (RFC 792), TCP (RFC 9293).
const (
	ipv4HeaderLen = 20
	icmpHeaderLen = 8
	udpHeaderLen  = 8
	tcpHeaderLen  = 20

	protoICMP = 1
	protoTCP  = 6
	protoUDP  = 17

	icmpEchoReply   = 0
	icmpUnreachable = 3
	icmpEchoRequest = 8

	codePortUnreachable = 3
	codeFragNeeded      = 4

	tcpFIN, tcpSYN, tcpRST, tcpACK = 0x01, 0x02, 0x04, 0x10
)

// ipv4 is a parsed packet; payload aliases it.
type ipv4 struct {
	raw      []byte // cut to its total length
	src, dst netip.Addr
	protocol uint8
	df       bool
	fragment bool
	payload  []byte
}

// parseIPv4 reads an IPv4 packet; false: it is none, or is cut short.
func parseIPv4(b []byte) (ipv4, bool) {
	if len(b) < ipv4HeaderLen || b[0]>>4 != 4 {
		return ipv4{}, false
	}
	header, total := int(b[0]&0x0F)*4, int(binary.BigEndian.Uint16(b[2:]))
	if header < ipv4HeaderLen || total < header || total > len(b) {
		return ipv4{}, false
	}
	flags := binary.BigEndian.Uint16(b[6:])
	return ipv4{
		raw: b[:total], src: netip.AddrFrom4([4]byte(b[12:16])), dst: netip.AddrFrom4([4]byte(b[16:20])),
		protocol: b[9], df: flags&0x4000 != 0, fragment: flags&0x3FFF != 0, payload: b[header:total],
	}, true
}

// appendIPv4 appends a header for a payload of n bytes.
func appendIPv4(dst []byte, protocol uint8, from, to netip.Addr, n int) []byte {
	start := len(dst)
	dst = append(dst, 0x45, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(ipv4HeaderLen+n))
	dst = append(dst, 0, 0, 0, 0, 64, protocol, 0, 0)
	a, b := from.As4(), to.As4()
	dst = append(append(dst, a[:]...), b[:]...)
	binary.BigEndian.PutUint16(dst[start+10:], checksum(0, dst[start:]))
	return dst
}

// checksum is the Internet checksum (RFC 1071) of b, going on from sum.
func checksum(sum uint32, b []byte) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xFFFF {
		sum = sum>>16 + sum&0xFFFF
	}
	return ^uint16(sum)
}

// pseudoSum is the sum of the pseudo header of TCP and UDP.
func pseudoSum(protocol uint8, from, to netip.Addr, n int) uint32 {
	a, b := from.As4(), to.As4()
	sum := uint32(protocol) + uint32(n)
	for _, x := range [][]byte{a[:], b[:]} {
		sum += uint32(binary.BigEndian.Uint16(x)) + uint32(binary.BigEndian.Uint16(x[2:]))
	}
	return sum
}

// echoReply is the answer to an ICMP echo request; false: it is none.
func echoReply(p *ipv4) ([]byte, bool) {
	if p.fragment || p.protocol != protoICMP || len(p.payload) < icmpHeaderLen ||
		p.payload[0] != icmpEchoRequest || checksum(0, p.payload) != 0 {
		return nil, false
	}
	b := appendIPv4(make([]byte, 0, len(p.raw)), protoICMP, p.dst, p.src, len(p.payload))
	b = append(b, p.payload...)
	m := b[ipv4HeaderLen:]
	m[0], m[1], m[2], m[3] = icmpEchoReply, 0, 0, 0
	binary.BigEndian.PutUint16(m[2:], checksum(0, m))
	return b, true
}

// icmpError is an ICMP destination unreachable about p (RFC 792, RFC 1191).
func icmpError(p *ipv4, from netip.Addr, code uint8, mtu int) []byte {
	quoted := p.raw[:min(len(p.raw), 28)]
	b := appendIPv4(nil, protoICMP, from, p.src, icmpHeaderLen+len(quoted))
	b = append(b, icmpUnreachable, code, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(mtu))
	b = append(b, quoted...)
	m := b[ipv4HeaderLen:]
	binary.BigEndian.PutUint16(m[2:], checksum(0, m))
	return b
}

// tcpReset refuses a TCP segment (RFC 9293 section 3.10.7.1); nil for a reset.
func tcpReset(p *ipv4) []byte {
	t := p.payload
	if p.fragment || len(t) < tcpHeaderLen || t[13]&tcpRST != 0 {
		return nil
	}
	b := appendIPv4(nil, protoTCP, p.dst, p.src, tcpHeaderLen)
	b = append(b, t[2], t[3], t[0], t[1])
	if t[13]&tcpACK != 0 {
		b = append(b, t[8:12]...) // SEQ = SEG.ACK
		b = append(b, 0, 0, 0, 0, 5<<4, tcpRST)
	} else {
		length := uint32(max(len(t)-int(t[12]>>4)*4, 0))
		for _, flag := range []byte{tcpSYN, tcpFIN} {
			if t[13]&flag != 0 {
				length++
			}
		}
		b = append(b, 0, 0, 0, 0)
		b = binary.BigEndian.AppendUint32(b, binary.BigEndian.Uint32(t[4:])+length)
		b = append(b, 5<<4, tcpRST|tcpACK)
	}
	b = append(b, 0, 0, 0, 0, 0, 0)
	m := b[ipv4HeaderLen:]
	binary.BigEndian.PutUint16(m[16:], checksum(pseudoSum(protoTCP, p.dst, p.src, len(m)), m))
	return b
}

// udpReply is a datagram that answers p; nil if it would be too long.
func udpReply(p *ipv4, data []byte) []byte {
	n := udpHeaderLen + len(data)
	if n+ipv4HeaderLen > 0xFFFF {
		return nil
	}
	b := appendIPv4(make([]byte, 0, ipv4HeaderLen+n), protoUDP, p.dst, p.src, n)
	b = append(b, p.payload[2], p.payload[3], p.payload[0], p.payload[1])
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = append(append(b, 0, 0), data...)
	m := b[ipv4HeaderLen:]
	sum := checksum(pseudoSum(protoUDP, p.dst, p.src, n), m)
	if sum == 0 {
		sum = 0xFFFF // RFC 768: zero would mean none
	}
	binary.BigEndian.PutUint16(m[6:], sum)
	return b
}
