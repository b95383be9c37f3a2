package mppe

import "encoding/binary"

// The PPP protocols that a decrypted packet may have. Fewer make the check
// stronger: these are what an access server sends to a client that negotiated IP.
const (
	protoIPv4   = 0x21
	protoVJ     = 0x2D // RFC 1144, compressed TCP
	protoVJFull = 0x2F // RFC 1144, uncompressed TCP: an IPv4 packet
	protoIPv6   = 0x57

	minIPv4Header = 20
	ipv6Header    = 40
)

// certainty is how sure it is that a plaintext is one.
type certainty uint8

const (
	impossible certainty = iota
	possible             // the protocol is known, and nothing else can be checked
	certain              // an IP header agrees with the length
)

// Plausible tells whether plain can be a decrypted packet: a known PPP protocol
// in one octet or two, whatever was negotiated, and for IP a header that agrees
// with the length. Of random bytes about one in 250 passes as compressed VJ, and
// few in a million as IP: a wrong key shows within a packet or two.
func Plausible(plain []byte) bool { return judge(plain) != impossible }

func judge(plain []byte) certainty {
	if len(plain) >= 2 && plain[0] == 0 {
		plain = plain[1:] // two octets: all of these protocols are below 0100
	}
	if len(plain) < 2 {
		return impossible
	}
	packet := plain[1:]
	switch protocol := plain[0]; {
	case protocol == protoVJ:
		return possible
	case (protocol == protoIPv4 || protocol == protoVJFull) && plausibleIPv4(packet):
		return certain
	case protocol == protoIPv6 && plausibleIPv6(packet):
		return certain
	}
	return impossible
}

// plausibleIPv4 allows bytes after the packet, as plausibleIPv6 does: some peers pad.
func plausibleIPv4(p []byte) bool {
	if len(p) < minIPv4Header || p[0]>>4 != 4 {
		return false
	}
	header, total := int(p[0]&0xF)*4, int(binary.BigEndian.Uint16(p[2:]))
	return header >= minIPv4Header && header <= total && total <= len(p)
}

func plausibleIPv6(p []byte) bool {
	return len(p) >= ipv6Header && p[0]>>4 == 6 &&
		ipv6Header+int(binary.BigEndian.Uint16(p[4:])) <= len(p)
}
