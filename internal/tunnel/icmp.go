package tunnel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// ICMP types and codes (RFC 792).
const (
	icmpEchoReply        = 0
	icmpUnreachable      = 3
	icmpEchoRequest      = 8
	icmpTimeExceeded     = 11
	icmpParameterProblem = 12

	codeFragmentationNeeded = 4

	icmpHeaderLen = 8
)

// minPathMTU is the least path MTU that an ICMP error can bring a connection
// to, Linux's default for the same. Less would let one forged packet, or a
// router older than RFC 1191 that sends 0, cut every segment to a few bytes.
const minPathMTU = 552

// ICMPError is an ICMP error message that quoted a packet of this tunnel.
type ICMPError struct {
	Type, Code uint8      // RFC 792
	From       netip.Addr // who sent the message, often a router on the way
	MTU        int        // of the next hop, in bytes, when fragmentation is needed (RFC 1191); 0: not told
}

// Error implements error.
func (e *ICMPError) Error() string {
	s := fmt.Sprintf("icmp type %d code %d from %s: %s", e.Type, e.Code, e.From, e.text())
	if e.MTU != 0 {
		s += fmt.Sprintf(", mtu %d", e.MTU)
	}
	return s
}

func (e *ICMPError) text() string {
	switch e.Type {
	case icmpTimeExceeded:
		return "time exceeded"
	case icmpParameterProblem:
		return "parameter problem"
	}
	switch err := e.Unwrap(); {
	case errors.Is(err, syscall.ENETUNREACH):
		return "network unreachable"
	case errors.Is(err, syscall.EMSGSIZE):
		return "fragmentation needed"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "protocol or port unreachable"
	default:
		return "host unreachable"
	}
}

// Unwrap gives the error number a socket would report, so that errors.Is finds
// EHOSTUNREACH, ENETUNREACH, ECONNREFUSED and EMSGSIZE (RFC 1122 §4.2.3.9).
func (e *ICMPError) Unwrap() error {
	switch {
	case e.Type == icmpTimeExceeded:
		return syscall.EHOSTUNREACH
	case e.Type != icmpUnreachable:
		return nil
	}
	switch e.Code {
	case 0, 6, 9, 11:
		return syscall.ENETUNREACH
	case 2, 3:
		return syscall.ECONNREFUSED
	case codeFragmentationNeeded:
		return syscall.EMSGSIZE
	default:
		return syscall.EHOSTUNREACH
	}
}

// echoMessage is an echo request or reply.
type echoMessage struct {
	id, seq uint16
	data    []byte
}

// parseEcho reads an echo message, or the first bytes of one.
func parseEcho(b []byte) (echoMessage, bool) {
	if len(b) < icmpHeaderLen {
		return echoMessage{}, false
	}
	return echoMessage{
		id:   binary.BigEndian.Uint16(b[4:]),
		seq:  binary.BigEndian.Uint16(b[6:]),
		data: b[icmpHeaderLen:],
	}, true
}

// appendEcho appends an echo message of the given type.
func appendEcho(dst []byte, typ uint8, m echoMessage) []byte {
	start := len(dst)
	dst = append(dst, typ, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, m.id)
	dst = binary.BigEndian.AppendUint16(dst, m.seq)
	dst = append(dst, m.data...)
	binary.BigEndian.PutUint16(dst[start+2:], checksum(dst[start:]))
	return dst
}

// parseICMPError reads an error message and the header it quotes. msg is a
// whole ICMP message whose checksum was verified.
func parseICMPError(from netip.Addr, msg []byte) (e *ICMPError, quoted ipv4Header, transport []byte, ok bool) {
	switch msg[0] {
	case icmpUnreachable, icmpTimeExceeded, icmpParameterProblem:
	default:
		return nil, ipv4Header{}, nil, false
	}
	body := msg[icmpHeaderLen:]
	if quoted, ok = parseIPv4Header(body); !ok || quoted.offset != 0 {
		return nil, ipv4Header{}, nil, false
	}
	e = &ICMPError{Type: msg[0], Code: msg[1], From: from}
	if e.Type == icmpUnreachable && e.Code == codeFragmentationNeeded {
		e.MTU = int(binary.BigEndian.Uint16(msg[6:]))
	}
	return e, quoted, body[quoted.headerLen:], true
}

// raisePathMTU brings the MTU that a "fragmentation needed" message tells to
// at least minPathMTU, in place.
func raisePathMTU(msg []byte) {
	if int(binary.BigEndian.Uint16(msg[6:])) >= minPathMTU {
		return
	}
	binary.BigEndian.PutUint16(msg[6:], minPathMTU)
	msg[2], msg[3] = 0, 0
	binary.BigEndian.PutUint16(msg[2:], checksum(msg))
}
