package ppp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Protocol is the number in the protocol field of a PPP frame (RFC 1661 section 2).
type Protocol uint16

// Protocols that this package knows by name. Everything else is answered with Protocol-Reject.
const (
	IPv4       Protocol = 0x0021
	IPv6       Protocol = 0x0057
	Compressed Protocol = 0x00FD // compressed, or with MPPE: encrypted, datagram (RFC 1962, RFC 3078)
	IPCP       Protocol = 0x8021
	IPV6CP     Protocol = 0x8057
	CCP        Protocol = 0x80FD
	LCP        Protocol = 0xC021
	PAP        Protocol = 0xC023
	CBCP       Protocol = 0xC029 // Microsoft's callback control protocol
	CHAP       Protocol = 0xC223
	EAP        Protocol = 0xC227
)

var protocolNames = map[Protocol]string{
	IPv4: "IPv4", IPv6: "IPv6", Compressed: "Compressed", IPCP: "IPCP", IPV6CP: "IPV6CP", CCP: "CCP",
	LCP: "LCP", PAP: "PAP", CBCP: "CBCP", CHAP: "CHAP", EAP: "EAP",
}

// String returns the protocol's usual name, or its number as "0x8281".
func (p Protocol) String() string {
	if s, ok := protocolNames[p]; ok {
		return s
	}
	return fmt.Sprintf("0x%04x", uint16(p))
}

// Errors of the frame and packet codec, for errors.Is.
var (
	ErrShortFrame  = errors.New("ppp frame too short")
	ErrShortPacket = errors.New("ppp control packet too short")
	ErrPacketLen   = errors.New("ppp control packet length field out of range")
	ErrOption      = errors.New("ppp option malformed")
	ErrManyOptions = errors.New("too many ppp options")
)

// frameHeaderLen is what AppendFrame puts in front of the information field.
const frameHeaderLen = 4

// ParseFrame splits a PPP frame (no flags, no FCS, as PPTP carries it) into protocol and information. The address and
// control octets FF 03 and a two-octet protocol field are accepted with and without compression whatever was
// negotiated: Windows sends LCP Identification without FF 03 although RFC 1661 section 6.6 forbids that for LCP.
// The information aliases b. It does not allocate unless it fails.
func ParseFrame(b []byte) (Protocol, []byte, error) {
	if len(b) >= 2 && b[0] == 0xFF && b[1] == 0x03 {
		b = b[2:]
	}
	return parseProtocol(b)
}

// parseProtocol reads a protocol field; an odd first octet ends it (RFC 1661 section 2).
func parseProtocol(b []byte) (Protocol, []byte, error) {
	switch {
	case len(b) >= 1 && b[0]&1 == 1:
		return Protocol(b[0]), b[1:], nil
	case len(b) >= 2:
		return Protocol(binary.BigEndian.Uint16(b)), b[2:], nil
	}
	return 0, nil, ErrShortFrame
}

// AppendFrame appends a PPP frame to dst: always FF 03 and a two-octet protocol field, which every peer accepts
// whatever was negotiated. It does not allocate when dst has room.
func AppendFrame(dst []byte, p Protocol, info []byte) []byte {
	dst = append(dst, 0xFF, 0x03, byte(p>>8), byte(p))
	return append(dst, info...)
}
