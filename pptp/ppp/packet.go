package ppp

import (
	"encoding/binary"
	"fmt"
)

// Code is the code field of a control packet (RFC 1661 section 5; 12 and 13: RFC 1570; 14 and 15: RFC 1962).
type Code uint8

// The codes.
const (
	ConfReq Code = iota + 1
	ConfAck
	ConfNak
	ConfRej
	TermReq
	TermAck
	CodeRej
	ProtoRej
	EchoReq
	EchoRep
	DiscardReq
	Identification
	TimeRemaining
	ResetReq
	ResetAck
)

var codeNames = [...]string{
	"", "Configure-Request", "Configure-Ack", "Configure-Nak", "Configure-Reject", "Terminate-Request",
	"Terminate-Ack", "Code-Reject", "Protocol-Reject", "Echo-Request", "Echo-Reply", "Discard-Request",
	"Identification", "Time-Remaining", "Reset-Request", "Reset-Ack",
}

// String returns the RFC's name of the code, or "code 77".
func (c Code) String() string {
	if c >= ConfReq && int(c) < len(codeNames) {
		return codeNames[c]
	}
	return fmt.Sprintf("code %d", uint8(c))
}

const packetHeaderLen = 4

// Packet is a control packet of LCP or an NCP without its length field.
type Packet struct {
	Code Code
	ID   uint8
	Data []byte
}

// ParsePacket reads one control packet. Octets behind the length field's end are padding and are ignored. Data
// aliases b.
func ParsePacket(b []byte) (Packet, error) {
	if len(b) < packetHeaderLen {
		return Packet{}, ErrShortPacket
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < packetHeaderLen || n > len(b) {
		return Packet{}, fmt.Errorf("%w: says %d, have %d", ErrPacketLen, n, len(b))
	}
	return Packet{Code: Code(b[0]), ID: b[1], Data: b[packetHeaderLen:n]}, nil
}

// AppendTo appends the packet to dst. Data longer than the length field can say is cut.
func (p Packet) AppendTo(dst []byte) []byte {
	data := p.Data[:min(len(p.Data), 0xFFFF-packetHeaderLen)]
	dst = append(dst, byte(p.Code), p.ID)
	dst = binary.BigEndian.AppendUint16(dst, uint16(packetHeaderLen+len(data)))
	return append(dst, data...)
}

// Option is one configuration option (RFC 1661 section 6): Data is without type and length, at most 253 octets.
type Option struct {
	Type uint8
	Data []byte
}

// maxOptions bounds the work per Configure-Request; real ones carry fewer than a dozen.
const maxOptions = 64

// ParseOptions reads the options of a Configure packet. The options' data alias b. It fails on a length below two or
// beyond the end, and on more than 64 options.
func ParseOptions(b []byte) ([]Option, error) {
	var opts []Option
	for len(b) > 0 {
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return nil, fmt.Errorf("%w: option %d of type %d", ErrOption, len(opts)+1, b[0])
		}
		if len(opts) == maxOptions {
			return nil, ErrManyOptions
		}
		opts = append(opts, Option{Type: b[0], Data: b[2:b[1]]})
		b = b[b[1]:]
	}
	return opts, nil
}

// AppendOptions appends the encoded options to dst. An option's data beyond 253 octets is cut.
func AppendOptions(dst []byte, opts []Option) []byte {
	for _, o := range opts {
		data := o.Data[:min(len(o.Data), 0xFF-2)]
		dst = append(dst, o.Type, byte(2+len(data)))
		dst = append(dst, data...)
	}
	return dst
}

func option16(t uint8, v uint16) Option { return Option{t, binary.BigEndian.AppendUint16(nil, v)} }
func option32(t uint8, v uint32) Option { return Option{t, binary.BigEndian.AppendUint32(nil, v)} }
