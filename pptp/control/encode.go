package control

import "encoding/binary"

var (
	be      = binary.BigEndian
	padding [MaxMessageLen]byte
)

// appendHeader appends a message of n bytes with its header filled in and all else
// zero. It returns the extended dst and the message inside it.
func appendHeader(dst []byte, t MessageType, n int) (extended, msg []byte) {
	start := len(dst)
	dst = append(dst, padding[:n]...)
	msg = dst[start:]
	be.PutUint16(msg, uint16(n))
	be.PutUint16(msg[2:], controlKind)
	be.PutUint32(msg[4:], MagicCookie)
	be.PutUint16(msg[8:], uint16(t))
	return dst, msg
}

// appendKnown is appendHeader for the messages of RFC 2637. accel-ppp closes the
// connection on any length but the exact one.
func appendKnown(dst []byte, t MessageType) (extended, msg []byte) {
	return appendHeader(dst, t, shapes[t].length)
}

// AppendTo implements [Message].
func (m StartRequest) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeStartRequest)
	be.PutUint16(b[12:], m.Version)
	be.PutUint32(b[16:], m.Framing)
	be.PutUint32(b[20:], m.Bearer)
	be.PutUint16(b[24:], m.MaxChannels)
	be.PutUint16(b[26:], m.Firmware)
	copy(b[28:92], m.HostName)
	copy(b[92:156], m.Vendor)
	return dst
}

// AppendTo implements [Message].
func (m StartReply) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeStartReply)
	be.PutUint16(b[12:], m.Version)
	b[14], b[15] = m.Result, m.ErrorCode
	be.PutUint32(b[16:], m.Framing)
	be.PutUint32(b[20:], m.Bearer)
	be.PutUint16(b[24:], m.MaxChannels)
	be.PutUint16(b[26:], m.Firmware)
	copy(b[28:92], m.HostName)
	copy(b[92:156], m.Vendor)
	return dst
}

// AppendTo implements [Message].
func (m StopRequest) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeStopRequest)
	b[12] = m.Reason
	return dst
}

// AppendTo implements [Message].
func (m StopReply) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeStopReply)
	b[12], b[13] = m.Result, m.ErrorCode
	return dst
}

// AppendTo implements [Message].
func (m EchoRequest) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeEchoRequest)
	be.PutUint32(b[12:], m.Identifier)
	return dst
}

// AppendTo implements [Message].
func (m EchoReply) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeEchoReply)
	be.PutUint32(b[12:], m.Identifier)
	b[16], b[17] = m.Result, m.ErrorCode
	return dst
}

// AppendTo implements [Message].
func (m OutgoingCallRequest) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeOutgoingCallRequest)
	be.PutUint16(b[12:], m.CallID)
	be.PutUint16(b[14:], m.CallSerial)
	be.PutUint32(b[16:], m.MinBPS)
	be.PutUint32(b[20:], m.MaxBPS)
	be.PutUint32(b[24:], m.BearerType)
	be.PutUint32(b[28:], m.FramingType)
	be.PutUint16(b[32:], m.Window)
	be.PutUint16(b[34:], m.ProcessingDelay)
	be.PutUint16(b[36:], uint16(copy(b[40:104], m.PhoneNumber)))
	copy(b[104:168], m.Subaddress)
	return dst
}

// AppendTo implements [Message].
func (m OutgoingCallReply) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeOutgoingCallReply)
	be.PutUint16(b[12:], m.CallID)
	be.PutUint16(b[14:], m.PeerCallID)
	b[16], b[17] = m.Result, m.ErrorCode
	be.PutUint16(b[18:], m.Cause)
	be.PutUint32(b[20:], m.ConnectSpeed)
	be.PutUint16(b[24:], m.Window)
	be.PutUint16(b[26:], m.ProcessingDelay)
	be.PutUint32(b[28:], m.PhysicalChannelID)
	return dst
}

// AppendTo implements [Message].
func (m IncomingCallRequest) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeIncomingCallRequest)
	be.PutUint16(b[12:], m.CallID)
	be.PutUint16(b[14:], m.CallSerial)
	be.PutUint32(b[16:], m.BearerType)
	be.PutUint32(b[20:], m.PhysicalChannelID)
	be.PutUint16(b[24:], uint16(copy(b[28:92], m.DialedNumber)))
	be.PutUint16(b[26:], uint16(copy(b[92:156], m.DialingNumber)))
	copy(b[156:220], m.Subaddress)
	return dst
}

// AppendTo implements [Message].
func (m IncomingCallReply) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeIncomingCallReply)
	be.PutUint16(b[12:], m.CallID)
	be.PutUint16(b[14:], m.PeerCallID)
	b[16], b[17] = m.Result, m.ErrorCode
	be.PutUint16(b[18:], m.Window)
	be.PutUint16(b[20:], m.ProcessingDelay)
	return dst
}

// AppendTo implements [Message].
func (m IncomingCallConnected) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeIncomingCallConnected)
	be.PutUint16(b[12:], m.PeerCallID)
	be.PutUint32(b[16:], m.ConnectSpeed)
	be.PutUint16(b[20:], m.Window)
	be.PutUint16(b[22:], m.ProcessingDelay)
	be.PutUint32(b[24:], m.FramingType)
	return dst
}

// AppendTo implements [Message].
func (m CallClearRequest) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeCallClearRequest)
	be.PutUint16(b[12:], m.CallID)
	return dst
}

// AppendTo implements [Message].
func (m CallDisconnectNotify) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeCallDisconnectNotify)
	be.PutUint16(b[12:], m.CallID)
	b[14], b[15] = m.Result, m.ErrorCode
	be.PutUint16(b[16:], m.Cause)
	copy(b[20:148], m.Statistics)
	return dst
}

// AppendTo implements [Message].
func (m WANErrorNotify) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeWANErrorNotify)
	be.PutUint16(b[12:], m.PeerCallID)
	be.PutUint32(b[16:], m.CRCErrors)
	be.PutUint32(b[20:], m.FramingErrors)
	be.PutUint32(b[24:], m.HardwareOverruns)
	be.PutUint32(b[28:], m.BufferOverruns)
	be.PutUint32(b[32:], m.TimeoutErrors)
	be.PutUint32(b[36:], m.AlignErrors)
	return dst
}

// AppendTo implements [Message].
func (m SetLinkInfo) AppendTo(dst []byte) []byte {
	dst, b := appendKnown(dst, TypeSetLinkInfo)
	be.PutUint16(b[12:], m.PeerCallID)
	be.PutUint32(b[16:], m.SendACCM)
	be.PutUint32(b[20:], m.ReceiveACCM)
	return dst
}

// AppendTo implements [Message].
func (m Unknown) AppendTo(dst []byte) []byte {
	data := m.Data[:min(len(m.Data), maxAcceptedLen-headerLen)]
	start := len(dst)
	dst, _ = appendHeader(dst, m.MsgType, headerLen)
	be.PutUint16(dst[start:], uint16(headerLen+len(data)))
	return append(dst, data...)
}
