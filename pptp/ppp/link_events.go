package ppp

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

// EventKind says what a Link reports.
type EventKind uint8

// What a Link reports. None of it is a verdict: what is a failure is for the owner to say.
const (
	EventLCPOpened EventKind = iota + 1
	EventLCPTimeout
	EventLCPNotConverging // Detail: the options of the last round, as both sides want them
	EventLCPRenegotiated  // the peer reopened LCP: authentication and network phase start over
	EventLoopback         // our own magic number came back
	EventMRURejected      // Detail says what was asked and what the peer wants
	EventProtocolRejected // the peer refused Protocol
	EventTerminated       // Terminate-Request for Protocol, in Phase; see Termination
	EventTerminateAcked   // the answer to our LCP Terminate-Request
	EventEchoReply        // RTT
	EventEchoTimeout      // once, until the next reply
	EventIdentification   // Detail is the peer's text (RFC 1570)
	EventAuthRequired     // Method; Detail: all that the peer offered
	EventAuthRefused      // no common method; Detail says which were offered
	EventAuthNotRequested // LCP opened without; Detail: what the peer had offered before
	EventAuthChallenged   // and answered; Rechallenge: not the first
	EventAuthSucceeded    // Detail is the server's message
	EventAuthFailed       // Failure
	EventAuthMutualFailed // the server could not prove that it knows the password; the link is ending
	EventAuthMalformed    // Err
	EventAuthTimeout
	EventCallbackRequired // CBCP offers callback only
	EventCCPOpened        // Bits: what we receive with
	EventCCPRejected      // Detail: by what
	EventCCPTimeout
	EventCCPNotConverging  // Bits: the peer's last; Detail as for LCP
	EventStrengthMismatch  // Bits: the peer's
	EventStatelessRefused  // Bits: the peer's
	EventMPPCOnly          // Bits: the peer's
	EventCCPTerminated     // the peer's Terminate-Request for CCP
	EventIPCPRace          // IPCP Terminate-Ack while CCP was in flight; IPCP is tried again
	EventKeyMismatch       // encrypted packets never made sense
	EventDesync            // encrypted packets do not make sense any more
	EventPlaintextLeak     // the first IP packet in the clear after CCP opened
	EventMPPEProtocolError // Err; the first one, and the sixteenth
	EventReset             // CCP Reset-Request; Detail: sent or received
	EventIPCPOpened
	EventIPCPTimeout
	EventNoAddress         // Detail: how the peer refused
	EventAddressRejected   // the peer does not grant Config.Address
	EventIPCPNotConverging // Detail as for LCP
	EventIPCPRejected      // Protocol-Reject of IPCP
	EventBadAddress        // Detail: which
	EventDNSMissing        // none of the name servers was given
	EventDead              // nothing more will come
)

var eventNames = [...]string{
	"", "LCPOpened", "LCPTimeout", "LCPNotConverging", "LCPRenegotiated", "Loopback", "MRURejected", "ProtocolRejected",
	"Terminated", "TerminateAcked", "EchoReply", "EchoTimeout", "Identification", "AuthRequired", "AuthRefused",
	"AuthNotRequested", "AuthChallenged", "AuthSucceeded", "AuthFailed", "AuthMutualFailed", "AuthMalformed",
	"AuthTimeout", "CallbackRequired", "CCPOpened", "CCPRejected", "CCPTimeout", "CCPNotConverging",
	"StrengthMismatch", "StatelessRefused", "MPPCOnly", "CCPTerminated", "IPCPRace", "KeyMismatch", "Desync",
	"PlaintextLeak", "MPPEProtocolError", "Reset", "IPCPOpened", "IPCPTimeout", "NoAddress", "AddressRejected",
	"IPCPNotConverging", "IPCPRejected", "BadAddress", "DNSMissing", "Dead",
}

// Event is a report of a Link. At, Phase and Kind are always set, the rest as the kind says.
type Event struct {
	Kind        EventKind
	At          time.Time
	Protocol    Protocol
	Phase       Phase // in which it happened
	Termination Termination
	Method      chap.Method
	Failure     chap.Failure
	RTT         time.Duration
	Rechallenge bool
	Bits        mppe.Bits
	Detail      string // for people; values from the peer are printable
	Err         error
}
