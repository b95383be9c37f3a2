package chap

import (
	"crypto/rand"
	"fmt"
	"io"
	"time"
)

// PeerConfig says how a [Peer] authenticates.
type PeerConfig struct {
	Method      Method // MethodPAP, MethodMD5, MethodMSCHAPv1 or MethodMSCHAPv2
	Credentials Credentials
	Rand        io.Reader     // source of MS-CHAPv2 peer challenges; nil: crypto/rand
	Retransmit  time.Duration // PAP: wait for an answer before sending again; 0: 3 s
	MaxTransmit int           // PAP: requests sent before giving up, up to 255; 0: 10
}

// EventKind is the kind of an [Event].
type EventKind uint8

// What a [Peer] reports.
const (
	EventChallenged   EventKind = iota + 1 // a Challenge was answered
	EventSucceeded                         // the server accepted, and with MS-CHAPv2 proved that it knows the password
	EventFailed                            // the server refused; see Event.Failure
	EventMutualFailed                      // MS-CHAPv2: the server accepted, but its S= is missing or wrong
	EventMalformed                         // a packet was ignored, or none can be sent; see Event.Err
	EventTimeout                           // PAP: no answer to any request
)

// String returns the name of the kind, such as "challenged".
func (k EventKind) String() string {
	switch k {
	case EventChallenged:
		return "challenged"
	case EventSucceeded:
		return "succeeded"
	case EventFailed:
		return "failed"
	case EventMutualFailed:
		return "mutual_failed"
	case EventMalformed:
		return "malformed"
	case EventTimeout:
		return "timeout"
	}
	return fmt.Sprintf("event_%d", uint8(k))
}

// Event is one thing that happened to a [Peer].
type Event struct {
	Kind        EventKind
	At          time.Time // the time passed to the call that caused it
	Rechallenge bool      // EventChallenged: not the first Challenge on this link
	Message     string    // EventSucceeded, EventMutualFailed: the server's text, if any
	Failure     Failure   // EventFailed
	Err         error     // EventMalformed: wraps ErrMalformed, ErrUnexpected, ErrTooLong, ErrMethod or the error of Rand
}

// maxEvents bounds the events kept for a caller that does not take them. The
// oldest go first: the last one is the verdict.
const maxEvents = 32

type peerState uint8

const (
	stateIdle      peerState = iota // not started
	stateWaiting                    // CHAP: no Challenge yet; PAP: request sent
	stateAnswered                   // CHAP: response sent, no verdict yet
	stateSucceeded                  // accepted; CHAP may challenge again (RFC 1994 §2)
	stateFailed                     // refused, given up or not able to: says nothing any more
)

// Peer is the side of a link that proves who it is. It never answers again after
// a refusal, even where the server offers a retry: a probe that repeats a wrong
// password locks the account. It is not safe for concurrent use.
type Peer struct {
	cfg    PeerConfig
	state  peerState
	packet []byte // the packet to send next; nil: none
	events []Event

	// PAP
	sent     int // requests so far, which are also the identifiers used: 1 to sent
	deadline time.Time

	// CHAP
	exchange exchange      // the last Challenge answered
	keys     *MPPEMaterial // of the first exchange that succeeded
}

// NewPeer returns a peer that waits for Start.
func NewPeer(cfg PeerConfig) *Peer {
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Retransmit <= 0 {
		cfg.Retransmit = 3 * time.Second
	}
	if cfg.MaxTransmit <= 0 {
		cfg.MaxTransmit = 10
	}
	cfg.MaxTransmit = min(cfg.MaxTransmit, 255) // identifiers have one octet
	return &Peer{cfg: cfg}
}

// Format writes the method only: a Peer holds the password and what is derived
// from it.
func (p *Peer) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "chap.Peer(%s)", p.cfg.Method)
}

// Start begins: PAP sends its request, CHAP waits for the Challenge. A second
// Start does nothing.
func (p *Peer) Start(now time.Time) {
	if p.state != stateIdle {
		return
	}
	p.state = stateWaiting
	switch p.cfg.Method {
	case MethodPAP:
		p.sendPAPRequest(now)
	case MethodMD5, MethodMSCHAPv1, MethodMSCHAPv2:
		if len(p.cfg.Credentials.User) > maxNameLen {
			p.fail(now, ErrTooLong)
		}
	default:
		p.fail(now, fmt.Errorf("%w: %s", ErrMethod, p.cfg.Method))
	}
}

// fail ends an authentication that cannot be carried out.
func (p *Peer) fail(now time.Time, err error) {
	p.state = stateFailed
	p.emit(Event{Kind: EventMalformed, At: now, Err: err})
}

// Receive takes one whole packet, code to data, of PPP protocol C023 (PAP) or
// C223 (CHAP). It may queue one packet and one event. packet is not kept.
func (p *Peer) Receive(now time.Time, packet []byte) {
	if p.state == stateIdle || p.state == stateFailed {
		return
	}
	code, id, data, err := parsePacket(packet)
	if err == nil {
		if p.cfg.Method == MethodPAP {
			err = p.receivePAP(now, code, id, data)
		} else {
			err = p.receiveCHAP(now, code, id, data)
		}
	}
	if err != nil {
		p.emit(Event{Kind: EventMalformed, At: now, Err: err})
	}
}

// Tick does what is due at now; see Deadline.
func (p *Peer) Tick(now time.Time) {
	if p.deadline.IsZero() || now.Before(p.deadline) {
		return
	}
	if p.sent >= p.cfg.MaxTransmit {
		p.verdict(stateFailed, Event{Kind: EventTimeout, At: now})
		return
	}
	p.sendPAPRequest(now)
}

// Deadline is when Tick wants to be called next; zero: not at all. CHAP has no
// timer on this side: the server repeats its Challenge (RFC 1994 §4.1).
func (p *Peer) Deadline() time.Time { return p.deadline }

// NextPacket returns the packet to send next, or nil. It belongs to the caller.
// A reply that was not taken before the next one is superseded by it.
func (p *Peer) NextPacket() []byte {
	b := p.packet
	p.packet = nil
	return b
}

// NextEvent returns the oldest event not taken yet; false: there is none.
func (p *Peer) NextEvent() (Event, bool) {
	if len(p.events) == 0 {
		return Event{}, false
	}
	e := p.events[0]
	p.events = p.events[1:]
	return e, true
}

func (p *Peer) emit(e Event) {
	if len(p.events) == maxEvents {
		p.events = p.events[1:]
	}
	p.events = append(p.events, e)
}

// verdict ends an exchange.
func (p *Peer) verdict(s peerState, e Event) {
	p.state = s
	p.deadline = time.Time{}
	p.packet = nil // a reply that was not taken yet has lost its purpose
	p.emit(e)
}
