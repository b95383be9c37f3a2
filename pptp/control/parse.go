package control

import (
	"bytes"
	"errors"
	"fmt"
)

// What can be wrong with received bytes; always inside a [*ParseError].
var (
	ErrBadMagic   = errors.New("magic cookie is not 1a2b3c4d")
	ErrBadLength  = errors.New("length field out of range")
	ErrNotControl = errors.New("not a control message")
	ErrShort      = errors.New("message too short for its type")
	ErrOverflow   = errors.New("too much undecoded data")
)

// ParseError tells where received bytes stopped making sense.
type ParseError struct {
	Offset int    // of the message, in bytes from the start of the stream
	Head   []byte // a copy of its first bytes, at most 16
	Err    error  // one of the Err values of this package
}

// Error implements error.
func (e *ParseError) Error() string {
	return fmt.Sprintf("pptp control: %v (offset %d, head % x)", e.Err, e.Offset, e.Head)
}

// Unwrap returns e.Err.
func (e *ParseError) Unwrap() error { return e.Err }

func parseError(offset int, b []byte, err error) *ParseError {
	return &ParseError{Offset: offset, Head: bytes.Clone(b[:min(len(b), 16)]), Err: err}
}

// prefixLen is how much of a message checkPrefix wants to see.
const prefixLen = 8

// checkPrefix returns the length field of a message that starts with b, which has
// at least prefixLen bytes. The magic comes first: what answers here without being
// PPTP (HTTP, TLS) should be called that, and not a bad length.
func checkPrefix(b []byte) (int, error) {
	if be.Uint32(b[4:]) != MagicCookie {
		return 0, ErrBadMagic
	}
	if be.Uint16(b[2:]) != controlKind {
		return 0, ErrNotControl
	}
	n := int(be.Uint16(b))
	if n < headerLen || n > maxAcceptedLen {
		return 0, ErrBadLength
	}
	return n, nil
}

// Parse reads one complete message, header included, and returns a pointer to its
// struct. A message longer than its type needs is fine, as are bytes of b beyond
// the message's length field; a shorter one is not. The message does not alias b.
// Every error is a [*ParseError].
func Parse(b []byte) (Message, error) {
	if len(b) < headerLen {
		return nil, parseError(0, b, ErrShort)
	}
	n, err := checkPrefix(b)
	if err != nil {
		return nil, parseError(0, b, err)
	}
	if n > len(b) {
		return nil, parseError(0, b, ErrBadLength)
	}
	m := parseMessage(b[:n])
	if m == nil {
		return nil, parseError(0, b, ErrShort)
	}
	return m, nil
}

// parseMessage reads a message whose header has been checked; nil means that it is
// too short for its type. Reserved fields are ignored, as section 1.4 wants.
func parseMessage(b []byte) Message {
	t := MessageType(be.Uint16(b[8:]))
	if t.known() && len(b) < shapes[t].length {
		return nil
	}
	switch t {
	case TypeStartRequest:
		return &StartRequest{
			Version: be.Uint16(b[12:]), Framing: be.Uint32(b[16:]), Bearer: be.Uint32(b[20:]),
			MaxChannels: be.Uint16(b[24:]), Firmware: be.Uint16(b[26:]),
			HostName: text(b[28:92]), Vendor: text(b[92:156]),
		}
	case TypeStartReply:
		return &StartReply{
			Version: be.Uint16(b[12:]), Result: b[14], ErrorCode: b[15],
			Framing: be.Uint32(b[16:]), Bearer: be.Uint32(b[20:]),
			MaxChannels: be.Uint16(b[24:]), Firmware: be.Uint16(b[26:]),
			HostName: text(b[28:92]), Vendor: text(b[92:156]),
		}
	case TypeStopRequest:
		return &StopRequest{Reason: b[12]}
	case TypeStopReply:
		return &StopReply{Result: b[12], ErrorCode: b[13]}
	case TypeEchoRequest:
		return &EchoRequest{Identifier: be.Uint32(b[12:])}
	case TypeEchoReply:
		return &EchoReply{Identifier: be.Uint32(b[12:]), Result: b[16], ErrorCode: b[17]}
	case TypeOutgoingCallRequest:
		return &OutgoingCallRequest{
			CallID: be.Uint16(b[12:]), CallSerial: be.Uint16(b[14:]),
			MinBPS: be.Uint32(b[16:]), MaxBPS: be.Uint32(b[20:]),
			BearerType: be.Uint32(b[24:]), FramingType: be.Uint32(b[28:]),
			Window: be.Uint16(b[32:]), ProcessingDelay: be.Uint16(b[34:]),
			PhoneNumber: number(b[40:104], be.Uint16(b[36:])), Subaddress: text(b[104:168]),
		}
	case TypeOutgoingCallReply:
		return &OutgoingCallReply{
			CallID: be.Uint16(b[12:]), PeerCallID: be.Uint16(b[14:]), Result: b[16], ErrorCode: b[17],
			Cause: be.Uint16(b[18:]), ConnectSpeed: be.Uint32(b[20:]),
			Window: be.Uint16(b[24:]), ProcessingDelay: be.Uint16(b[26:]), PhysicalChannelID: be.Uint32(b[28:]),
		}
	case TypeIncomingCallRequest:
		return &IncomingCallRequest{
			CallID: be.Uint16(b[12:]), CallSerial: be.Uint16(b[14:]),
			BearerType: be.Uint32(b[16:]), PhysicalChannelID: be.Uint32(b[20:]),
			DialedNumber:  number(b[28:92], be.Uint16(b[24:])),
			DialingNumber: number(b[92:156], be.Uint16(b[26:])),
			Subaddress:    text(b[156:220]),
		}
	case TypeIncomingCallReply:
		return &IncomingCallReply{
			CallID: be.Uint16(b[12:]), PeerCallID: be.Uint16(b[14:]), Result: b[16], ErrorCode: b[17],
			Window: be.Uint16(b[18:]), ProcessingDelay: be.Uint16(b[20:]),
		}
	case TypeIncomingCallConnected:
		return &IncomingCallConnected{
			PeerCallID: be.Uint16(b[12:]), ConnectSpeed: be.Uint32(b[16:]),
			Window: be.Uint16(b[20:]), ProcessingDelay: be.Uint16(b[22:]), FramingType: be.Uint32(b[24:]),
		}
	case TypeCallClearRequest:
		return &CallClearRequest{CallID: be.Uint16(b[12:])}
	case TypeCallDisconnectNotify:
		return &CallDisconnectNotify{
			CallID: be.Uint16(b[12:]), Result: b[14], ErrorCode: b[15],
			Cause: be.Uint16(b[16:]), Statistics: text(b[20:148]),
		}
	case TypeWANErrorNotify:
		return &WANErrorNotify{
			PeerCallID: be.Uint16(b[12:]), CRCErrors: be.Uint32(b[16:]), FramingErrors: be.Uint32(b[20:]),
			HardwareOverruns: be.Uint32(b[24:]), BufferOverruns: be.Uint32(b[28:]),
			TimeoutErrors: be.Uint32(b[32:]), AlignErrors: be.Uint32(b[36:]),
		}
	case TypeSetLinkInfo:
		return &SetLinkInfo{PeerCallID: be.Uint16(b[12:]), SendACCM: be.Uint32(b[16:]), ReceiveACCM: be.Uint32(b[20:])}
	default:
		return &Unknown{MsgType: t, Data: bytes.Clone(b[headerLen:])}
	}
}

// text reads a NUL-padded field. It may be full, with no NUL at all, and what
// follows the first NUL may be garbage (the vendor field of Windows).
func text(field []byte) string {
	if i := bytes.IndexByte(field, 0); i >= 0 {
		field = field[:i]
	}
	return string(field)
}

// number reads a telephone number, of which the first n bytes are valid.
func number(field []byte, n uint16) string {
	return text(field[:min(len(field), int(n))])
}
