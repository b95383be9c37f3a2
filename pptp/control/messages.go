package control

// Message is one control message. The structs implement it by value; [Parse] and
// [Decoder.Next] return pointers to them (*StartReply and so on).
type Message interface {
	// Type returns the control message type.
	Type() MessageType
	// AppendTo appends the message with its header, in exactly the length RFC
	// 2637 gives it, to dst and returns the result. Text longer than its field is
	// cut. It does not allocate when dst has room for [MaxMessageLen] bytes.
	AppendTo(dst []byte) []byte
}

// Values of the framing and bearer fields: capabilities in SCCRQ and SCCRP, a
// wish in OCRQ (RFC 2637 sections 2.1, 2.7).
const (
	FramingAsync uint32 = 1
	FramingSync  uint32 = 2
	FramingAny          = FramingAsync | FramingSync

	BearerAnalog  uint32 = 1
	BearerDigital uint32 = 2
	BearerAny            = BearerAnalog | BearerDigital
)

// StartRequest is Start-Control-Connection-Request (RFC 2637 section 2.1).
type StartRequest struct {
	Version               uint16
	Framing, Bearer       uint32
	MaxChannels, Firmware uint16
	HostName, Vendor      string // at most 64 bytes
}

// StartReply is Start-Control-Connection-Reply (RFC 2637 section 2.2). Framing and
// Bearer are not to be relied on: poptop writes them in the wrong byte order.
type StartReply struct {
	Version               uint16
	Result, ErrorCode     uint8
	Framing, Bearer       uint32
	MaxChannels, Firmware uint16
	HostName, Vendor      string // at most 64 bytes
}

// StopRequest is Stop-Control-Connection-Request (RFC 2637 section 2.3).
type StopRequest struct {
	Reason uint8 // see StopReasonText
}

// StopReply is Stop-Control-Connection-Reply (RFC 2637 section 2.4).
type StopReply struct {
	Result, ErrorCode uint8
}

// EchoRequest is Echo-Request (RFC 2637 section 2.5).
type EchoRequest struct {
	Identifier uint32
}

// EchoReply is Echo-Reply (RFC 2637 section 2.6).
type EchoReply struct {
	Identifier        uint32
	Result, ErrorCode uint8
}

// OutgoingCallRequest is Outgoing-Call-Request (RFC 2637 section 2.7).
type OutgoingCallRequest struct {
	CallID, CallSerial      uint16
	MinBPS, MaxBPS          uint32 // bits per second
	BearerType, FramingType uint32
	Window                  uint16 // packets
	ProcessingDelay         uint16 // tenths of a second
	PhoneNumber, Subaddress string // at most 64 bytes
}

// OutgoingCallReply is Outgoing-Call-Reply (RFC 2637 section 2.8). Window and
// ConnectSpeed are informational only: servers claim what they like.
type OutgoingCallReply struct {
	CallID            uint16 // the server's: the key of GRE packets to it; 0 is seen and valid
	PeerCallID        uint16 // ours
	Result, ErrorCode uint8
	Cause             uint16
	ConnectSpeed      uint32 // bits per second
	Window            uint16 // packets
	ProcessingDelay   uint16 // tenths of a second
	PhysicalChannelID uint32
}

// IncomingCallRequest is Incoming-Call-Request (RFC 2637 section 2.9).
type IncomingCallRequest struct {
	CallID, CallSerial                      uint16
	BearerType, PhysicalChannelID           uint32
	DialedNumber, DialingNumber, Subaddress string // at most 64 bytes
}

// IncomingCallReply is Incoming-Call-Reply (RFC 2637 section 2.10).
type IncomingCallReply struct {
	CallID, PeerCallID uint16
	Result, ErrorCode  uint8
	Window             uint16 // packets
	ProcessingDelay    uint16 // tenths of a second
}

// IncomingCallConnected is Incoming-Call-Connected (RFC 2637 section 2.11).
type IncomingCallConnected struct {
	PeerCallID      uint16
	ConnectSpeed    uint32 // bits per second
	Window          uint16 // packets
	ProcessingDelay uint16 // tenths of a second
	FramingType     uint32
}

// CallClearRequest is Call-Clear-Request (RFC 2637 section 2.12). CallID is the
// one the sender (the PNS) gave the call.
type CallClearRequest struct {
	CallID uint16
}

// CallDisconnectNotify is Call-Disconnect-Notify (RFC 2637 section 2.13). CallID
// should be the one the sender (the PAC) gave the call; it is often another.
type CallDisconnectNotify struct {
	CallID            uint16
	Result, ErrorCode uint8
	Cause             uint16
	Statistics        string // at most 128 bytes
}

// WANErrorNotify is WAN-Error-Notify (RFC 2637 section 2.14): counts of errors on
// the PAC's line since the call began.
type WANErrorNotify struct {
	PeerCallID                                                                             uint16
	CRCErrors, FramingErrors, HardwareOverruns, BufferOverruns, TimeoutErrors, AlignErrors uint32
}

// SetLinkInfo is Set-Link-Info (RFC 2637 section 2.15). PeerCallID is the one the
// receiver gave the call.
type SetLinkInfo struct {
	PeerCallID            uint16
	SendACCM, ReceiveACCM uint32
}

// Unknown is a message of a type that RFC 2637 does not have.
type Unknown struct {
	MsgType MessageType
	Data    []byte // what follows the 12-byte header; at most 1012 bytes are sent
}

// Type returns [TypeStartRequest].
func (StartRequest) Type() MessageType { return TypeStartRequest }

// Type returns [TypeStartReply].
func (StartReply) Type() MessageType { return TypeStartReply }

// Type returns [TypeStopRequest].
func (StopRequest) Type() MessageType { return TypeStopRequest }

// Type returns [TypeStopReply].
func (StopReply) Type() MessageType { return TypeStopReply }

// Type returns [TypeEchoRequest].
func (EchoRequest) Type() MessageType { return TypeEchoRequest }

// Type returns [TypeEchoReply].
func (EchoReply) Type() MessageType { return TypeEchoReply }

// Type returns [TypeOutgoingCallRequest].
func (OutgoingCallRequest) Type() MessageType { return TypeOutgoingCallRequest }

// Type returns [TypeOutgoingCallReply].
func (OutgoingCallReply) Type() MessageType { return TypeOutgoingCallReply }

// Type returns [TypeIncomingCallRequest].
func (IncomingCallRequest) Type() MessageType { return TypeIncomingCallRequest }

// Type returns [TypeIncomingCallReply].
func (IncomingCallReply) Type() MessageType { return TypeIncomingCallReply }

// Type returns [TypeIncomingCallConnected].
func (IncomingCallConnected) Type() MessageType { return TypeIncomingCallConnected }

// Type returns [TypeCallClearRequest].
func (CallClearRequest) Type() MessageType { return TypeCallClearRequest }

// Type returns [TypeCallDisconnectNotify].
func (CallDisconnectNotify) Type() MessageType { return TypeCallDisconnectNotify }

// Type returns [TypeWANErrorNotify].
func (WANErrorNotify) Type() MessageType { return TypeWANErrorNotify }

// Type returns [TypeSetLinkInfo].
func (SetLinkInfo) Type() MessageType { return TypeSetLinkInfo }

// Type returns m.MsgType.
func (m Unknown) Type() MessageType { return m.MsgType }
