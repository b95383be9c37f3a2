package ppp

import "fmt"

// State is a state of the option negotiation automaton (RFC 1661 section 4.2), with the RFC's numbers.
type State uint8

// The states.
const (
	Initial State = iota
	Starting
	Closed
	Stopped
	Closing
	Stopping
	ReqSent
	AckRcvd
	AckSent
	Opened
	numStates
)

var stateNames = [numStates]string{
	"Initial", "Starting", "Closed", "Stopped", "Closing", "Stopping", "Req-Sent", "Ack-Rcvd", "Ack-Sent", "Opened",
}

// String returns the RFC's name of the state.
func (s State) String() string {
	if s < numStates {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// negotiating says whether Configure-Requests are in flight.
func (s State) negotiating() bool { return s == ReqSent || s == AckRcvd || s == AckSent }

// timed says whether the restart timer runs in this state (RFC 1661 section 4.1).
func (s State) timed() bool { return s == Closing || s == Stopping || s.negotiating() }

// event is a row of the table.
type event uint8

const (
	evUp event = iota
	evDown
	evOpen
	evClose
	evTOPos  // TO+: timeout with counter > 0
	evTONeg  // TO-: timeout with counter expired
	evRCRPos // RCR+: Receive-Configure-Request (good)
	evRCRNeg // RCR-: Receive-Configure-Request (bad)
	evRCA    // Receive-Configure-Ack
	evRCN    // Receive-Configure-Nak/Rej
	evRTR    // Receive-Terminate-Request
	evRTA    // Receive-Terminate-Ack
	evRUC    // Receive-Unknown-Code
	evRXJPos // RXJ+: Receive-Code-Reject or Protocol-Reject (permitted)
	evRXJNeg // RXJ-: Receive-Code-Reject or Protocol-Reject (catastrophic)
	evRXR    // Receive-Echo-Request, Echo-Reply or Discard-Request
	numEvents
)

// action is a set of actions. The bits are in the order in which the RFC's cells do them.
type action uint16

const (
	tld action = 1 << iota // This-Layer-Down
	tls                    // This-Layer-Started
	irc                    // Initialize-Restart-Count
	zrc                    // Zero-Restart-Count
	scr                    // Send-Configure-Request
	sca                    // Send-Configure-Ack
	scn                    // Send-Configure-Nak/Rej
	str                    // Send-Terminate-Request
	sta                    // Send-Terminate-Ack
	scj                    // Send-Code-Reject
	ser                    // Send-Echo-Reply
	tlu                    // This-Layer-Up
	tlf                    // This-Layer-Finished
)

// transition is a cell of the table; the zero value is an impossible event ("-"), which is ignored.
type transition struct {
	valid bool
	do    action
	next  State
}

func to(next State, do ...action) transition {
	t := transition{valid: true, next: next}
	for _, a := range do {
		t.do |= a
	}
	return t
}

// table is the state transition table of RFC 1661 section 4.1. The options r (restart an open layer on Open), x
// (crossed connection, logged only) and p (passive, see AutomatonConfig) are not part of it.
var table = [numEvents][numStates]transition{
	evUp:   {Initial: to(Closed), Starting: to(ReqSent, irc, scr)},
	evDown: {Closed: to(Initial), Stopped: to(Starting, tls), Closing: to(Initial), Stopping: to(Starting), ReqSent: to(Starting), AckRcvd: to(Starting), AckSent: to(Starting), Opened: to(Starting, tld)},
	evOpen: {
		Initial: to(Starting, tls), Starting: to(Starting), Closed: to(ReqSent, irc, scr), Stopped: to(Stopped), Closing: to(Stopping),
		Stopping: to(Stopping), ReqSent: to(ReqSent), AckRcvd: to(AckRcvd), AckSent: to(AckSent), Opened: to(Opened),
	},
	evClose: {
		Initial: to(Initial), Starting: to(Initial, tlf), Closed: to(Closed), Stopped: to(Closed), Closing: to(Closing), Stopping: to(Closing),
		ReqSent: to(Closing, irc, str), AckRcvd: to(Closing, irc, str), AckSent: to(Closing, irc, str), Opened: to(Closing, tld, irc, str),
	},
	evTOPos: {Closing: to(Closing, str), Stopping: to(Stopping, str), ReqSent: to(ReqSent, scr), AckRcvd: to(ReqSent, scr), AckSent: to(AckSent, scr)},
	evTONeg: {Closing: to(Closed, tlf), Stopping: to(Stopped, tlf), ReqSent: to(Stopped, tlf), AckRcvd: to(Stopped, tlf), AckSent: to(Stopped, tlf)},
	evRCRPos: {
		Closed: to(Closed, sta), Stopped: to(AckSent, irc, scr, sca), Closing: to(Closing), Stopping: to(Stopping),
		ReqSent: to(AckSent, sca), AckRcvd: to(Opened, sca, tlu), AckSent: to(AckSent, sca), Opened: to(AckSent, tld, scr, sca),
	},
	evRCRNeg: {
		Closed: to(Closed, sta), Stopped: to(ReqSent, irc, scr, scn), Closing: to(Closing), Stopping: to(Stopping),
		ReqSent: to(ReqSent, scn), AckRcvd: to(AckRcvd, scn), AckSent: to(ReqSent, scn), Opened: to(ReqSent, tld, scr, scn),
	},
	evRCA: {
		Closed: to(Closed, sta), Stopped: to(Stopped, sta), Closing: to(Closing), Stopping: to(Stopping),
		ReqSent: to(AckRcvd, irc), AckRcvd: to(ReqSent, scr), AckSent: to(Opened, irc, tlu), Opened: to(ReqSent, tld, scr),
	},
	evRCN: {
		Closed: to(Closed, sta), Stopped: to(Stopped, sta), Closing: to(Closing), Stopping: to(Stopping),
		ReqSent: to(ReqSent, irc, scr), AckRcvd: to(ReqSent, scr), AckSent: to(AckSent, irc, scr), Opened: to(ReqSent, tld, scr),
	},
	evRTR: {
		Closed: to(Closed, sta), Stopped: to(Stopped, sta), Closing: to(Closing, sta), Stopping: to(Stopping, sta),
		ReqSent: to(ReqSent, sta), AckRcvd: to(ReqSent, sta), AckSent: to(ReqSent, sta), Opened: to(Stopping, tld, zrc, sta),
	},
	evRTA: {
		Closed: to(Closed), Stopped: to(Stopped), Closing: to(Closed, tlf), Stopping: to(Stopped, tlf),
		ReqSent: to(ReqSent), AckRcvd: to(ReqSent), AckSent: to(AckSent), Opened: to(ReqSent, tld, scr),
	},
	evRUC: {
		Closed: to(Closed, scj), Stopped: to(Stopped, scj), Closing: to(Closing, scj), Stopping: to(Stopping, scj),
		ReqSent: to(ReqSent, scj), AckRcvd: to(AckRcvd, scj), AckSent: to(AckSent, scj), Opened: to(Opened, scj),
	},
	evRXJPos: {
		Closed: to(Closed), Stopped: to(Stopped), Closing: to(Closing), Stopping: to(Stopping),
		ReqSent: to(ReqSent), AckRcvd: to(ReqSent), AckSent: to(AckSent), Opened: to(Opened),
	},
	evRXJNeg: {
		Closed: to(Closed, tlf), Stopped: to(Stopped, tlf), Closing: to(Closed, tlf), Stopping: to(Stopped, tlf),
		ReqSent: to(Stopped, tlf), AckRcvd: to(Stopped, tlf), AckSent: to(Stopped, tlf), Opened: to(Stopping, tld, irc, str),
	},
	evRXR: {
		Closed: to(Closed), Stopped: to(Stopped), Closing: to(Closing), Stopping: to(Stopping),
		ReqSent: to(ReqSent), AckRcvd: to(AckRcvd), AckSent: to(AckSent), Opened: to(Opened, ser),
	},
}
