package control

import (
	"math/bits"
	"time"
)

// noACCM escapes no character: GRE carries bytes, not an asynchronous line.
const noACCM = 0xFFFFFFFF

// Receive takes bytes of the TCP stream, in any pieces. b is not kept.
func (c *Client) Receive(now time.Time, b []byte) {
	for len(b) > 0 && c.state != StateStopped {
		n := min(len(b), feedLen)
		c.decoder.Feed(b[:n])
		b = b[n:]
		c.drain(now)
	}
}

// drain handles the messages the decoder has.
func (c *Client) drain(now time.Time) {
	for c.state != StateStopped {
		m, err := c.decoder.Next()
		switch {
		case m != nil:
			c.stats.Received++
			c.lastHeard = now
			c.handle(now, m)
		case err == nil:
			return
		case fatal(err):
			c.state = StateStopped
			c.emit(Event{Kind: EventMalformed, At: now, Err: err})
		default:
			c.stats.Unexpected++
			c.emitChatter(Event{Kind: EventUnexpected, At: now, Err: err})
		}
	}
}

// handle moves the state machine by one message.
func (c *Client) handle(now time.Time, m Message) {
	if c.state == StateIdle {
		c.unexpected(now, m)
		return
	}
	switch m := m.(type) {
	case *StartReply:
		c.startReply(now, m)
	case *OutgoingCallReply:
		c.callReply(now, m)
	case *CallDisconnectNotify:
		c.disconnect(now, m)
	case *StopRequest:
		c.send(StopReply{Result: ResultOK})
		c.state = StateStopped
		c.emit(Event{Kind: EventStopRequested, At: now, Message: m})
	case *StopReply:
		if c.state != StateStopping {
			c.unexpected(now, m)
			return
		}
		c.state = StateStopped
		c.emit(Event{Kind: EventStopReply, At: now, Message: m, Err: unlessOK(m, m.Result, m.ErrorCode)})
	case *EchoRequest:
		c.answer(EchoReply{Identifier: m.Identifier, Result: ResultOK})
	case *EchoReply:
		c.echoReply(now, m)
	case *SetLinkInfo:
		c.emitChatter(Event{Kind: EventLinkInfo, At: now, Message: m})
	case *WANErrorNotify:
		c.emitChatter(Event{Kind: EventWANError, At: now, Message: m})
	case *IncomingCallRequest:
		// A PNS has to answer (RFC 2637 section 3.2.3.2); we take no calls.
		if c.established() {
			c.answer(IncomingCallReply{PeerCallID: m.CallID, Result: incomingRefused})
		}
		c.unexpected(now, m)
	case *OutgoingCallRequest:
		// The peer takes us for a PAC, which has to answer too (section 3.2.4.1).
		if c.established() {
			c.answer(OutgoingCallReply{PeerCallID: m.CallID, Result: outgoingRefused})
		}
		c.unexpected(now, m)
	default:
		c.unexpected(now, m)
	}
}

// startReply takes SCCRP. Nothing of it is checked but the result: framing and
// bearer are often wrong, and a server that minds our version says so by result 5.
func (c *Client) startReply(now time.Time, m *StartReply) {
	switch {
	case c.state != StateWaitStartReply:
		c.unexpected(now, m)
	case m.Result == ResultOK || m.Result == 0: // 0 is seen from servers that mean success
		c.state = StateStarted
		c.emit(Event{Kind: EventStarted, At: now, Message: m})
	default:
		c.state = StateStopped
		c.emit(Event{Kind: EventStartRefused, At: now, Message: m, Err: newResultError(m.Type(), m.Result, m.ErrorCode)})
	}
}

// callReply takes OCRP (RFC 2637 section 3.2.4.2). There is one call, so it is the
// answer to ours whatever its ids; window and speed are not looked at.
func (c *Client) callReply(now time.Time, m *OutgoingCallReply) {
	crossed := c.state == StateClearing && !c.replied // our CCRQ and the reply met on the way
	if c.state != StateWaitCallReply && !crossed {
		c.unexpected(now, m)
		return
	}
	c.replied, c.peerCallID = true, m.CallID
	if m.Result != ResultOK {
		c.callLive = false
		c.state = StateStarted
		c.emit(Event{Kind: EventCallRefused, At: now, Message: m, Err: newResultError(m.Type(), m.Result, m.ErrorCode)})
		return
	}
	if crossed {
		return // the disconnect is still to come
	}
	c.state = StateConnected
	if c.cfg.SendLinkInfo {
		// The server's id, unlike in Call-Clear-Request (RFC 2637 section 2.15).
		c.send(SetLinkInfo{PeerCallID: m.CallID, SendACCM: noACCM, ReceiveACCM: noACCM})
	}
	if m.PeerCallID != c.cfg.CallID {
		c.emit(Event{Kind: EventCallIDMismatch, At: now, Message: m})
	}
	c.emit(Event{Kind: EventConnected, At: now, Message: m})
}

// disconnect takes CDN. Its call id can not be relied on, so with a call live any
// CDN is for it.
func (c *Client) disconnect(now time.Time, m *CallDisconnectNotify) {
	if !c.callLive {
		c.unexpected(now, m)
		return
	}
	c.callLive = false
	if c.state != StateStopping {
		c.state = StateStarted
	}
	if c.rewritten(m.CallID) {
		c.emit(Event{Kind: EventCallIDRewritten, At: now, Message: m})
	}
	c.emit(Event{Kind: EventDisconnected, At: now, Message: m, Err: newResultError(m.Type(), m.Result, m.ErrorCode)})
}

// rewritten tells whether the id of a CDN can only come from a translation on the
// way. By RFC 2637 section 2.13 it is the server's; accel-ppp sends the client's,
// formerly with its bytes swapped; 0 is seen too. Before the reply we do not know
// the server's, so nothing can be said.
func (c *Client) rewritten(id uint16) bool {
	if !c.replied {
		return false
	}
	switch id {
	case 0, c.peerCallID, c.cfg.CallID, bits.ReverseBytes16(c.cfg.CallID):
		return false
	}
	return true
}

func (c *Client) unexpected(now time.Time, m Message) {
	c.stats.Unexpected++
	c.emitChatter(Event{Kind: EventUnexpected, At: now, Message: m})
}

// unlessOK returns the error a reply stands for, if any. Not a *ResultError, so
// that nil stays nil.
func unlessOK(m Message, result, code uint8) error {
	if result == ResultOK {
		return nil
	}
	return newResultError(m.Type(), result, code)
}
