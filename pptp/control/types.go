package control

import "fmt"

const (
	// Port is the TCP port of the control connection (RFC 2637 section 1.3.1).
	Port = 1723

	// MagicCookie is in every message; it tells a PPTP stream from any other and
	// a stream in step from one out of step (RFC 2637 section 1.4).
	MagicCookie uint32 = 0x1A2B3C4D

	// ProtocolVersion is version 1.0, the only one there is.
	ProtocolVersion uint16 = 0x0100

	// MaxMessageLen is the length of the longest message of RFC 2637, the
	// Incoming-Call-Request, in bytes.
	MaxMessageLen = 220

	// maxAcceptedLen is the longest message read from a peer, in bytes: room for
	// extensions (section 1.4 lets a message grow), and yet a bound.
	maxAcceptedLen = 1024

	headerLen     = 12
	controlKind   = 1 // "PPTP Message Type" of the header: 1 is control, 2 management, which RFC 2637 leaves undefined
	nameLen       = 64
	statisticsLen = 128
)

// MessageType is the "Control Message Type" of a message's header.
type MessageType uint16

// The control messages of RFC 2637 section 2.
const (
	TypeStartRequest          MessageType = 1
	TypeStartReply            MessageType = 2
	TypeStopRequest           MessageType = 3
	TypeStopReply             MessageType = 4
	TypeEchoRequest           MessageType = 5
	TypeEchoReply             MessageType = 6
	TypeOutgoingCallRequest   MessageType = 7
	TypeOutgoingCallReply     MessageType = 8
	TypeIncomingCallRequest   MessageType = 9
	TypeIncomingCallReply     MessageType = 10
	TypeIncomingCallConnected MessageType = 11
	TypeCallClearRequest      MessageType = 12
	TypeCallDisconnectNotify  MessageType = 13
	TypeWANErrorNotify        MessageType = 14
	TypeSetLinkInfo           MessageType = 15
)

// shapes has the usual abbreviation and the exact length of each message; the
// length is what is sent and the least that is accepted.
var shapes = [...]struct {
	name   string
	length int
}{
	TypeStartRequest:          {"SCCRQ", 156},
	TypeStartReply:            {"SCCRP", 156},
	TypeStopRequest:           {"StopCCRQ", 16},
	TypeStopReply:             {"StopCCRP", 16},
	TypeEchoRequest:           {"Echo-Request", 16},
	TypeEchoReply:             {"Echo-Reply", 20},
	TypeOutgoingCallRequest:   {"OCRQ", 168},
	TypeOutgoingCallReply:     {"OCRP", 32},
	TypeIncomingCallRequest:   {"ICRQ", 220},
	TypeIncomingCallReply:     {"ICRP", 24},
	TypeIncomingCallConnected: {"ICCN", 28},
	TypeCallClearRequest:      {"CCRQ", 16},
	TypeCallDisconnectNotify:  {"CDN", 148},
	TypeWANErrorNotify:        {"WEN", 40},
	TypeSetLinkInfo:           {"SLI", 24},
}

// known tells whether t is a message of RFC 2637.
func (t MessageType) known() bool {
	return t >= TypeStartRequest && t <= TypeSetLinkInfo
}

// String returns the usual abbreviation ("SCCRQ"), or "message type 42".
func (t MessageType) String() string {
	if !t.known() {
		return fmt.Sprintf("message type %d", uint16(t))
	}
	return shapes[t].name
}
