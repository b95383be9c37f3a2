package packet

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strconv"
)

// The sizes of RFC 2865, section 3.
const (
	headerLen        = 20
	AuthenticatorLen = 16
	MaxLen           = 4096
	maxValue         = 253
)

// Code is what a packet is (RFC 2865, section 4).
type Code uint8

// The codes that a check meets.
const (
	AccessRequest      Code = 1
	AccessAccept       Code = 2
	AccessReject       Code = 3
	AccountingRequest  Code = 4
	AccountingResponse Code = 5
	AccessChallenge    Code = 11
	StatusServer       Code = 12
)

// String returns the name as the RFCs write it; of a code that none of them has, the number.
func (c Code) String() string {
	switch c {
	case AccessRequest:
		return "Access-Request"
	case AccessAccept:
		return "Access-Accept"
	case AccessReject:
		return "Access-Reject"
	case AccountingRequest:
		return "Accounting-Request"
	case AccountingResponse:
		return "Accounting-Response"
	case AccessChallenge:
		return "Access-Challenge"
	case StatusServer:
		return "Status-Server"
	}
	return "code " + strconv.Itoa(int(c))
}

// Type is the type of an attribute (RFC 2865, section 5).
type Type uint8

// The attributes that a check sends or reads.
const (
	UserName             Type = 1
	UserPassword         Type = 2
	CHAPPassword         Type = 3
	NASIPAddress         Type = 4
	NASPort              Type = 5
	ServiceType          Type = 6
	FramedProtocol       Type = 7
	ReplyMessage         Type = 18
	VendorSpecific       Type = 26
	CalledStationID      Type = 30
	CallingStationID     Type = 31
	NASIdentifier        Type = 32
	CHAPChallenge        Type = 60
	NASPortType          Type = 61
	TunnelType           Type = 64
	TunnelMediumType     Type = 65
	TunnelClientEndpoint Type = 66
	TunnelServerEndpoint Type = 67
	MessageAuthenticator Type = 80
	NASIPv6Address       Type = 95
)

// Packet is a whole, well-formed RADIUS packet.
type Packet []byte

// Authenticator is that of a packet.
type Authenticator = [AuthenticatorLen]byte

// FormatError says what is wrong with the bytes of a packet.
type FormatError struct{ text string }

func (e *FormatError) Error() string { return e.text }

func malformed(format string, a ...any) error {
	return &FormatError{"malformed RADIUS packet: " + fmt.Sprintf(format, a...)}
}

// Parse checks that data begins with a RADIUS packet whose attributes are well formed,
// and returns it. What follows its Length is padding (RFC 2865, section 3). The packet
// shares memory with data. Errors are of type [*FormatError].
func Parse(data []byte) (Packet, error) {
	if len(data) < headerLen {
		return nil, malformed("%d bytes, fewer than a header", len(data))
	}
	n := int(binary.BigEndian.Uint16(data[2:]))
	if n < headerLen || n > MaxLen || n > len(data) {
		return nil, malformed("length %d of %d bytes", n, len(data))
	}
	for rest := data[headerLen:n]; len(rest) > 0; {
		if len(rest) < 2 || rest[1] < 2 || int(rest[1]) > len(rest) {
			return nil, malformed("an attribute reaches beyond the end")
		}
		rest = rest[rest[1]:]
	}
	return Packet(data[:n:n]), nil
}

// Code returns what the packet is.
func (p Packet) Code() Code { return Code(p[0]) }

// ID returns the Identifier, which pairs requests and replies.
func (p Packet) ID() uint8 { return p[1] }

// Authenticator returns the Request or Response Authenticator.
func (p Packet) Authenticator() Authenticator { return Authenticator(p[4:headerLen]) }

// All returns the attributes in their order. The values share memory with the packet.
func (p Packet) All() iter.Seq2[Type, []byte] {
	return func(yield func(Type, []byte) bool) {
		for rest := p[headerLen:]; len(rest) > 0; rest = rest[rest[1]:] {
			if !yield(Type(rest[0]), rest[2:rest[1]:rest[1]]) {
				return
			}
		}
	}
}

// Lookup returns the value of the first attribute of type t.
func (p Packet) Lookup(t Type) (value []byte, ok bool) {
	for typ, v := range p.All() {
		if typ == t {
			return v, true
		}
	}
	return nil, false
}

// Vendor returns the attributes of a vendor, by its enterprise number, in their order.
// One Vendor-Specific may hold several (RFC 2865, section 5.26); one that is not in
// the recommended format ends at its fault, and is otherwise left out.
func (p Packet) Vendor(vendor uint32) iter.Seq2[uint8, []byte] {
	return func(yield func(uint8, []byte) bool) {
		for typ, v := range p.All() {
			if typ != VendorSpecific || len(v) < 4 || binary.BigEndian.Uint32(v) != vendor {
				continue
			}
			for v = v[4:]; len(v) >= 2 && v[1] >= 2 && int(v[1]) <= len(v); v = v[v[1]:] {
				if !yield(v[0], v[2:v[1]:v[1]]) {
					return
				}
			}
		}
	}
}

// LookupVendor returns the value of the first attribute of a vendor that has type t.
func (p Packet) LookupVendor(vendor uint32, t uint8) (value []byte, ok bool) {
	for typ, v := range p.Vendor(vendor) {
		if typ == t {
			return v, true
		}
	}
	return nil, false
}
