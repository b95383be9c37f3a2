package control

import (
	"fmt"
	"time"
)

// EventKind says what happened.
type EventKind uint8

// The events of a [Client]. "Ends" means that nothing is sent or received after it.
const (
	// EventStarted: the server accepted the control connection. Message: *StartReply.
	EventStarted EventKind = iota + 1
	// EventStartRefused: it did not; ends. Message: *StartReply, Err: *ResultError.
	EventStartRefused
	// EventConnected: the call is up, GRE may flow. Message: *OutgoingCallReply.
	EventConnected
	// EventCallRefused: there will be no call. Message: *OutgoingCallReply, Err: *ResultError.
	EventCallRefused
	// EventCallIDMismatch: the reply, which connects the call, names another call
	// id of ours than we sent: something on the way translated one direction
	// only. Comes before EventConnected. Message: *OutgoingCallReply.
	EventCallIDMismatch
	// EventCallIDRewritten: a disconnect carries an id that neither side offered:
	// a NAT helper is at work. Comes before EventDisconnected. Message:
	// *CallDisconnectNotify.
	EventCallIDRewritten
	// EventDisconnected: the call is over. Message: *CallDisconnectNotify, Err:
	// *ResultError. While clearing it is the expected answer to [Client.Clear].
	EventDisconnected
	// EventStopRequested: the server stops the control connection; the reply has
	// been queued; ends. Message: *StopRequest.
	EventStopRequested
	// EventStopReply: the answer to [Client.Stop]; ends. Message: *StopReply; Err:
	// *ResultError when the result is not 1.
	EventStopReply
	// EventEchoReply: the answer to our echo. RTT; Message: *EchoReply; Err:
	// *ResultError when the result is not 1 (it is an answer all the same).
	EventEchoReply
	// EventEchoTimeout: no answer to our echo within EchoTimeout. RFC 2637 section
	// 3.1.4 wants the connection closed; that is left to the caller.
	EventEchoTimeout
	// EventLinkInfo: the server sent a *SetLinkInfo (in Message).
	EventLinkInfo
	// EventWANError: the server sent a *WANErrorNotify (in Message).
	EventWANError
	// EventUnexpected: a message out of order, or one that can not be read: Err
	// is then a *ParseError that wraps [ErrShort] and Message is nil. Ignored, or
	// refused where the RFC wants an answer.
	EventUnexpected
	// EventMalformed: the stream can not be followed any more; ends. Err: *ParseError.
	EventMalformed
)

var eventNames = [...]string{
	EventStarted: "started", EventStartRefused: "start refused",
	EventConnected: "connected", EventCallRefused: "call refused",
	EventCallIDMismatch: "call id mismatch", EventCallIDRewritten: "call id rewritten",
	EventDisconnected: "disconnected", EventStopRequested: "stop requested", EventStopReply: "stop reply",
	EventEchoReply: "echo reply", EventEchoTimeout: "echo timeout",
	EventLinkInfo: "link info", EventWANError: "wan error",
	EventUnexpected: "unexpected", EventMalformed: "malformed",
}

// String returns a short name in lower case.
func (k EventKind) String() string {
	if k < EventStarted || k > EventMalformed {
		return fmt.Sprintf("event %d", uint8(k))
	}
	return eventNames[k]
}

// Event is something that happened to a [Client]; see the kinds for what is set.
type Event struct {
	Kind    EventKind
	At      time.Time
	Message Message
	RTT     time.Duration
	Err     error
}

// State is the state of a [Client]: the states of RFC 2637 sections 3.1.1 (control
// connection originator) and 3.2.4.2 (outgoing call, PNS) in one, since there is
// one call in a connection.
type State uint8

// The states of a [Client].
const (
	StateIdle           State = iota // nothing sent
	StateWaitStartReply              // SCCRQ sent
	StateStarted                     // the control connection is up, without a call
	StateWaitCallReply               // OCRQ sent
	StateConnected                   // the call is up
	StateClearing                    // CCRQ sent
	StateStopping                    // StopCCRQ sent
	StateStopped                     // over
)

var stateNames = [...]string{"idle", "wait start reply", "started", "wait call reply", "connected", "clearing", "stopping", "stopped"}

// String returns a short name in lower case.
func (s State) String() string {
	if int(s) >= len(stateNames) {
		return fmt.Sprintf("state %d", uint8(s))
	}
	return stateNames[s]
}
