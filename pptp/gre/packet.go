package gre

import (
	"encoding/binary"
	"errors"
)

const (
	// HeaderLenMin is the length of a header with neither number, in bytes.
	HeaderLenMin = 8
	// HeaderLenMax is the length of a header with both numbers, in bytes.
	HeaderLenMax = 16
	// MaxPayload is the longest payload the length field can tell, in bytes; what
	// IP can carry is less.
	MaxPayload = 0xFFFF

	protocolPPP = 0x880B // RFC 2637 section 4.1

	// The two bytes of flags: K and version 1 always, S and A as needed, all else 0.
	flagKey, flagSeq  = 0x20, 0x10
	flagAck, version1 = 0x80, 0x01
)

// What [Parse] may return.
var (
	ErrShort       = errors.New("pptp gre: packet shorter than its header")
	ErrNotEnhanced = errors.New("pptp gre: flags or version are not those of enhanced gre")
	ErrProtocol    = errors.New("pptp gre: protocol is not ppp")
	ErrTruncated   = errors.New("pptp gre: payload truncated")
)

var be = binary.BigEndian

// Packet is an Enhanced GRE packet (RFC 2637 section 4.1).
type Packet struct {
	CallID         uint16 // the receiver's: the lower half of the key
	HasSeq, HasAck bool
	Seq, Ack       uint32 // of this packet; of the highest one received
	Payload        []byte // a PPP frame; only with HasSeq
}

// Parse reads a packet, without its IP header. Payload aliases b; what b has
// beyond the payload is ignored. Errors are ErrShort, ErrNotEnhanced, ErrProtocol
// and ErrTruncated.
func Parse(b []byte) (Packet, error) {
	if len(b) < HeaderLenMin {
		return Packet{}, ErrShort
	}
	// As peers do, refuse any flag besides S and A: no checksum, no routing, no recursion.
	if b[0]&^flagSeq != flagKey || b[1]&^flagAck != version1 {
		return Packet{}, ErrNotEnhanced
	}
	if be.Uint16(b[2:]) != protocolPPP {
		return Packet{}, ErrProtocol
	}
	p := Packet{CallID: be.Uint16(b[6:]), HasSeq: b[0]&flagSeq != 0, HasAck: b[1]&flagAck != 0}
	length := int(be.Uint16(b[4:]))
	rest := b[HeaderLenMin:]
	if p.HasSeq {
		if len(rest) < 4 {
			return Packet{}, ErrShort
		}
		p.Seq, rest = be.Uint32(rest), rest[4:]
	}
	// Without a sequence number the acknowledgement stands in its place.
	if p.HasAck {
		if len(rest) < 4 {
			return Packet{}, ErrShort
		}
		p.Ack, rest = be.Uint32(rest), rest[4:]
	}
	if len(rest) < length {
		return Packet{}, ErrTruncated
	}
	p.Payload = rest[:length:length]
	return p, nil
}

// AppendTo appends the packet to dst and returns the result. It does not allocate
// when dst has room. Payload must not overlap the free part of dst, nor be longer
// than [MaxPayload], beyond which it is cut.
func (p Packet) AppendTo(dst []byte) []byte {
	payload := p.Payload[:min(len(p.Payload), MaxPayload)]
	flags0, flags1 := byte(flagKey), byte(version1)
	if p.HasSeq {
		flags0 |= flagSeq
	}
	if p.HasAck {
		flags1 |= flagAck
	}
	dst = append(dst, flags0, flags1)
	dst = be.AppendUint16(dst, protocolPPP)
	dst = be.AppendUint16(dst, uint16(len(payload)))
	dst = be.AppendUint16(dst, p.CallID)
	if p.HasSeq {
		dst = be.AppendUint32(dst, p.Seq)
	}
	if p.HasAck {
		dst = be.AppendUint32(dst, p.Ack)
	}
	return append(dst, payload...)
}

// Before tells whether sequence number a comes before b, by serial number
// arithmetic (RFC 1982): numbers wrap, and half of them are before any other.
func Before(a, b uint32) bool { return int32(a-b) < 0 }
